package detect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// The bounds of what people paste.
const (
	mostRuleText = 256 << 10
	mostCase     = 256 << 10
	mostCases    = 50
)

// LintText looks at a rule's text as it is pasted or stored.
func (s *Service) LintText(body string) []sigma.Finding {
	list, _ := sigma.LintText("rule.yml", []byte(body), s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	return list
}

// parseOwn reads a pasted rule: exactly one.
func (s *Service) parseOwn(body string) (*sigma.Rule, *Rule, []sigma.Finding, error) {
	if strings.TrimSpace(body) == "" {
		return nil, nil, nil, fault.Invalid(fault.F("text", "Paste the text of a Sigma rule"))
	}
	if len(body) > mostRuleText {
		return nil, nil, nil, fault.Invalid(fault.F("text", "The text is longer than %d KiB", mostRuleText>>10))
	}
	body = strings.ReplaceAll(body, "\r\n", "\n")
	list, set := sigma.LintText("rule.yml", []byte(body), s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	for _, p := range list {
		if p.Severity == sigma.Grave && strings.HasPrefix(p.Message.Key, "cannot be loaded") {
			return nil, nil, list, fault.Invalid(fault.F("text", "Line %d: %s", p.Line, p.Message))
		}
	}
	if len(set.Rules) != 1 || len(set.Filters)+len(set.Correlations) > 0 {
		return nil, nil, list, fault.Invalid(fault.F("text", "The text must hold one rule and nothing else"))
	}
	if set.Rules[0].ID == "" {
		return nil, nil, list, fault.Invalid(fault.F("text", "The rule needs an id, such as %s", id.New()))
	}
	if len(set.Rules[0].ID) > 100 {
		return nil, nil, list, fault.Invalid(fault.F("text", "The id is too long"))
	}
	mine, err := describe(set.Rules[0], body)
	if err != nil {
		return nil, nil, list, fault.Invalid(fault.F("text", "%s", err.Error()))
	}
	return set.Rules[0], mine, list, nil
}

// WriteRule keeps a rule of the house as a draft: a new one, or a new version of
// one that is there. What is pasted is looked at by lint; the findings come back
// also where it is refused.
func (s *Service) WriteRule(ctx context.Context, by authz.Actor, body, why string) (ruleID string, list []sigma.Finding, err error) {
	if err := by.May(Rules, ""); err != nil {
		return "", nil, err
	}
	_, mine, list, err := s.parseOwn(body)
	if err != nil {
		return "", list, err
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		if there := s.lib.Load().byID[mine.ID]; there != nil && there.Origin != OwnRule {
			return fault.Invalid(fault.F("text", "A rule that comes from elsewhere has this id; give yours another"))
		}
		var version string
		err := tx.QueryRow("SELECT version FROM detect_own WHERE id = $1", mine.ID).Scan(&version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case version == mine.Version:
			return fault.Conflict("The rule has this text already")
		}
		if _, err := tx.Exec(`INSERT INTO detect_own (id, version, body, written_by, written) VALUES ($1,$2,$3,$4,$5)
			ON CONFLICT (id) DO UPDATE SET version=excluded.version, body=excluded.body, written_by=excluded.written_by, written=excluded.written`,
			mine.ID, mine.Version, mine.Text, by.Who(), tx.Millis()); err != nil {
			return err
		}
		if err := mine.version(tx); err != nil {
			return err
		}
		// A text that nobody approved is a draft, whatever the one before was.
		plan, err := s.planIn(tx)
		if err != nil {
			return err
		}
		set := plan.of(mine)
		set.State = Draft
		if version == "" {
			set = Setting{State: Draft, Enabled: true}
		}
		if err := putSetting(tx, mine.ID, set, by.Who()); err != nil {
			return err
		}
		if err := s.next(tx); err != nil {
			return err
		}
		if err := withdrawPromotion(tx, by, mine.ID); err != nil {
			return err
		}
		said := text.M("Written as a draft, version %s", mine.Version)
		if version != "" {
			said = text.M("Text changed to version %s; it is a draft again", mine.Version)
		}
		if err := entry(tx, mine.ID, by.Who(), said, strings.TrimSpace(why)); err != nil {
			return err
		}
		if err := s.changed(tx); err != nil {
			return err
		}
		return tx.Record(by, fact.RuleWritten{Rule: mine.ID, Version: mine.Version, Was: version})
	})
	if err == nil {
		err = s.reload()
	}
	return mine.ID, list, err
}

// RemoveRule takes a rule of the house away. It must be a draft or retired.
func (s *Service) RemoveRule(ctx context.Context, by authz.Actor, ruleID, why string) error {
	r := s.lib.Load().byID[ruleID]
	if r == nil {
		return missing()
	}
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		if r.Origin != OwnRule {
			return fault.Conflict("Only a rule of the house can be removed here; retire this one")
		}
		plan, err := s.planIn(tx)
		if err != nil {
			return err
		}
		if st := plan.of(r).State; st != Draft && st != Retired {
			return fault.Conflict("Retire the rule first")
		}
		if strings.TrimSpace(why) == "" {
			return fault.Invalid(fault.F("why", "Say why, in a sentence"))
		}
		if _, err := tx.Exec("DELETE FROM detect_own WHERE id = $1", ruleID); err != nil {
			return err
		}
		if err := withdrawPromotion(tx, by, ruleID); err != nil {
			return err
		}
		if err := entry(tx, ruleID, by.Who(), text.M("Removed"), strings.TrimSpace(why)); err != nil {
			return err
		}
		if err := s.changed(tx); err != nil {
			return err
		}
		return tx.Record(by, fact.RuleRemoved{Rule: ruleID, Version: r.Version})
	})
	if err == nil {
		err = s.reload()
	}
	return err
}

// changed says that rules of the house or packs are others; every process reads
// them anew.
func (s *Service) changed(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE detect_generation SET n = n + 1 WHERE id = 2")
	return err
}

type ownRow struct{ id, body string }

func ownRules(tx *store.Tx) ([]ownRow, error) {
	return store.Rows(tx, func(r store.Scanner) (x ownRow, err error) { return x, r.Scan(&x.id, &x.body) }, "SELECT id, body FROM detect_own ORDER BY id")
}

// Kept is an event that is kept with a rule as its case.
type Kept struct {
	ID    string
	Fires bool
	Event string
	By    string
	At    time.Time
	Pass  bool
}

// RuleCase is what a rule must fire on and must not.
type RuleCase struct {
	rules.Case
	Kept   []Kept // of these, those that people attached
	Failed int
}

// Passes tells whether there is an event to fire on and all is as it must be.
func (c RuleCase) Passes() bool { return len(c.Fires) > 0 && c.Failed == 0 }

// caseOf gathers a rule's cases, from beside it and from people, and tries them.
func (s *Service) caseOf(tx *store.Tx, r *Rule) (c RuleCase, err error) {
	written, err := r.writtenCase()
	if err != nil {
		return c, err
	}
	c.Fires, c.Silent = append(c.Fires, written.Fires...), append(c.Silent, written.Silent...)
	c.Kept, err = store.Rows(tx, func(row store.Scanner) (k Kept, err error) {
		var fires int
		var at int64
		err = row.Scan(&k.ID, &fires, &k.Event, &k.By, &at)
		k.Fires, k.At = fires == 1, store.Time(at)
		return k, err
	}, "SELECT id, fires, event, kept_by, kept FROM detect_case WHERE rule = $1 ORDER BY kept, id", r.ID)
	for i, k := range c.Kept {
		c.Kept[i].Pass = s.fires(r, k.Event) == k.Fires
		if k.Fires {
			c.Fires = append(c.Fires, k.Event)
		} else {
			c.Silent = append(c.Silent, k.Event)
		}
	}
	for i, e := range append(c.Fires[:len(c.Fires):len(c.Fires)], c.Silent...) {
		if s.fires(r, e) != (i < len(c.Fires)) {
			c.Failed++
		}
	}
	return c, err
}

// fires tells whether a rule fires on an event.
func (s *Service) fires(r *Rule, event string) bool {
	return s.firesIn(s.lib.Load(), r, event)
}

func (s *Service) firesIn(lib *library, r *Rule, event string) bool {
	m := lib.matcher()
	defer lib.give(m)
	hits, _ := m.Match([]byte(event), sigma.LogSource{})
	for _, h := range hits {
		if h.Rule.ID == r.ID {
			return true
		}
	}
	return false
}

// writtenCase is the case that stands beside the rule.
func (r *Rule) writtenCase() (rules.Case, error) {
	if r.Correlation != nil || r.Pack && strings.HasPrefix(r.File, "joined/") {
		return rules.Case{}, nil // sequences of events are its cases
	}
	if r.Pack {
		return rules.CaseOf(r.ID)
	}
	return r.beside, nil
}

// WrittenCase is the case that stands beside a rule.
func (s *Service) WrittenCase(ruleID string) (rules.Case, error) {
	r := s.lib.Load().byID[ruleID]
	if r == nil {
		return rules.Case{}, missing()
	}
	return r.writtenCase()
}

// KeepCase keeps an event with a rule as its case. It must be as is said.
func (s *Service) KeepCase(ctx context.Context, by authz.Actor, ruleID, event string, fires bool) error {
	r := s.lib.Load().byID[ruleID]
	if r == nil {
		return missing()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		event = strings.TrimSpace(event)
		var any map[string]json.RawMessage
		switch {
		case len(event) > mostCase:
			return fault.Invalid(fault.F("event", "The event is longer than %d KiB", mostCase>>10))
		case json.Unmarshal([]byte(event), &any) != nil:
			return fault.Invalid(fault.F("event", "The event is one JSON object"))
		case s.fires(r, event) != fires && fires:
			return fault.Invalid(fault.F("event", "The rule does not fire on this event"))
		case s.fires(r, event) != fires:
			return fault.Invalid(fault.F("event", "The rule fires on this event"))
		}
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM detect_case WHERE rule = $1", ruleID).Scan(&n); err != nil {
			return err
		}
		if n >= mostCases {
			return fault.Conflict("A rule keeps at most %d cases", mostCases)
		}
		key := id.New()
		if _, err := tx.Exec("INSERT INTO detect_case (id, rule, fires, event, kept_by, kept) VALUES ($1,$2,$3,$4,$5,$6)", key, ruleID, flag(fires), event, by.Who(), tx.Millis()); err != nil {
			return err
		}
		if err := entry(tx, ruleID, by.Who(), text.M("Case attached"), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.RuleCase{Rule: ruleID, Case: key, Act: "kept", Fires: fires})
	})
}

// DropCase takes an event that was kept with a rule away.
func (s *Service) DropCase(ctx context.Context, by authz.Actor, ruleID, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		n, err := tx.Exec("DELETE FROM detect_case WHERE rule = $1 AND id = $2", ruleID, key)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing()
		}
		if err := entry(tx, ruleID, by.Who(), text.M("Case removed"), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.RuleCase{Rule: ruleID, Case: key, Act: "dropped"})
	})
}

// Template is a rule to begin with.
func Template(author string, now time.Time) string {
	return fmt.Sprintf(`title: 
id: %s
status: experimental
description: 
author: %s
date: %s
tags: []
level: medium
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\'
    condition: selection
falsepositives:
    - 
`, id.New(), author, now.Format(time.DateOnly))
}
