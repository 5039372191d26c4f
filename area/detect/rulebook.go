package detect

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/area/detect/sigma"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// RuleRow is a rule with what people decided and what it did lately.
type RuleRow struct {
	*Rule
	Setting
	Effective Level // of its alerts
	Hits      int64 // in the last 7 days, within the reader's scope; hidden ones not counted
	Alerts    int64
	Hidden    int64
	Contains  bool // its alerts contain the person
}

// RuleFilter narrows a list of rules.
type RuleFilter struct {
	Text   string // in title, id, tags
	Level  string // effective
	State  string // or "disabled"
	Origin string // product, folder, own, pack
}

// Library is what is loaded.
type Library struct {
	Rules        int
	Problems     []sigma.Problem
	Correlations int // of these; they join several events
	Loaded       time.Time
	Folders      []string
}

// Library says what is loaded and what is wrong with the rest.
func (s *Service) Library() Library {
	l := s.lib.Load()
	return Library{Rules: len(l.rules), Problems: l.problems, Correlations: len(l.joined), Loaded: l.loaded, Folders: s.o.Folders}
}

// Rulebook lists all rules that fit, in the order of their titles; hits are
// those in the scope.
func (s *Service) Rulebook(ctx context.Context, by authz.Actor, scope authz.Scope, f RuleFilter) (rows []RuleRow, err error) {
	if !by.CanAnywhere(Read) {
		return nil, by.May(Read, "")
	}
	lib := s.lib.Load()
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		counts, err := s.lately(tx, scope, 7)
		if err != nil {
			return err
		}
		rows = nil
		for _, r := range lib.rules {
			x := RuleRow{Rule: r, Setting: p.of(r)}
			x.Effective = x.effective(r)
			_, x.Contains = p.contains(r)
			if c := counts[r.ID]; c != nil {
				x.Hits, x.Alerts, x.Hidden = c.hits, c.alerts, c.hidden
			}
			if f.fits(x) {
				rows = append(rows, x)
			}
		}
		return nil
	})
	slices.SortFunc(rows, func(a, b RuleRow) int {
		if c := strings.Compare(a.Title.EN, b.Title.EN); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rows, err
}

func (f RuleFilter) fits(x RuleRow) bool {
	switch {
	case f.Level != "" && x.Effective.String() != f.Level,
		f.State == "disabled" && x.Enabled,
		f.State != "" && f.State != "disabled" && string(x.State) != f.State,
		f.Origin != "" && x.Origin != f.Origin && !strings.HasPrefix(x.Origin, f.Origin+":"):
		return false
	}
	q := fold(strings.TrimSpace(f.Text))
	return q == "" || strings.Contains(fold(x.Title.EN+"\n"+x.Title.JA+"\n"+x.ID+"\n"+strings.Join(x.Tags, "\n")+"\n"+x.File), q)
}

// lately are the counts of rules in the last days, today included.
func (s *Service) lately(tx *store.Tx, scope authz.Scope, days int) (map[string]*ruleCount, error) {
	where, args := scope.Where("d.unit", 2)
	from := s.day(tx.Now.In(s.o.Zone).AddDate(0, 0, 1-days))
	counts := map[string]*ruleCount{}
	_, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) {
		var id string
		c := &ruleCount{}
		err := r.Scan(&id, &c.hits, &c.alerts, &c.silent, &c.hidden)
		counts[id] = c
		return struct{}{}, err
	}, "SELECT d.rule, CAST(SUM(d.hits) AS bigint), CAST(SUM(d.alerts) AS bigint), CAST(SUM(d.silent) AS bigint), CAST(SUM(d.hidden) AS bigint) FROM detect_rule_day d WHERE d.day >= $1 AND "+where+" GROUP BY d.rule",
		append([]any{from}, args...)...)
	return counts, err
}

// RuleDay is what a rule did on a day.
type RuleDay struct {
	Day                          string // "2026-11-23"
	Hits, Alerts, Silent, Hidden int64
}

// RuleDetail is a rule with all that belongs to it.
type RuleDetail struct {
	RuleRow
	Days       []RuleDay // the last 30, oldest first
	Case       RuleCase
	Budget     Budget
	Checks     []Check // what a promotion needs
	Waiting    Promotion
	Next       RuleState // "" = it can't be promoted
	Approve    bool      // the reader may approve it
	Backtests  []Backtest
	Exclusions []Exclusion
	History    []Entry
	Findings   []sigma.Finding
	People     map[string]authz.Person
	Alerted    []Alert     // the newest in the scope
	Joined     JoinFigures // of a correlation
	Above      []*Rule     // correlations that join its hits
	Silent     bool        // it raises no alerts of its own, because of them
	Change     bool        // the reader may decide about it
	Containing Containing  // that its alerts contain: waiting or on
	Stale      bool        // that was decided about another text
	Unfit      error       // why its alerts can't contain
	MayContain bool        // the reader may decide about that
	Exclude    bool
}

// ShowRule is a rule with all that belongs to it; counts, alerts and
// exclusions are those in the scope.
func (s *Service) ShowRule(ctx context.Context, by authz.Actor, scope authz.Scope, id string) (d RuleDetail, err error) {
	if !by.CanAnywhere(Read) {
		return d, by.See(Read, "")
	}
	r := s.lib.Load().byID[id]
	if r == nil {
		return d, missing()
	}
	lib := s.lib.Load()
	var above []*Rule
	for _, c := range lib.joined {
		for _, p := range c.Correlation.Parts {
			if p.ID() == id {
				above = append(above, c)
			}
		}
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		d = RuleDetail{Above: above, Silent: lib.silent[id], RuleRow: RuleRow{Rule: r, Setting: p.of(r)}, Findings: s.Lint(*r), Change: by.Can(Rules, ""), Exclude: by.CanAnywhere(Exclude)}
		d.Effective = d.effective(r)
		_, d.Contains = p.contains(r)
		if d.Days, err = s.ruleDays(tx, scope, id, 30); err != nil {
			return err
		}
		for _, x := range d.Days[len(d.Days)-7:] {
			d.Hits, d.Alerts, d.Hidden = d.Hits+x.Hits, d.Alerts+x.Alerts, d.Hidden+x.Hidden
		}
		if r.Correlation != nil {
			if d.Joined, err = joinFigures(tx, id); err != nil {
				return err
			}
		}
		if d.Case, err = s.caseOf(tx, r); err != nil {
			return err
		}
		if err := s.life(tx, by, scope, &d); err != nil {
			return err
		}
		if err := s.containing(tx, by, &d); err != nil {
			return err
		}
		where, args := scope.Where("x.unit", 2)
		if d.Exclusions, err = store.Rows(tx, readExclusion, "SELECT "+exclusionColumns+" FROM detect_exclusion x WHERE x.rule = $1 AND "+where+" ORDER BY x.created DESC LIMIT 100",
			append([]any{id}, args...)...); err != nil {
			return err
		}
		where, args = scope.Where("a.unit", 2)
		if d.Alerted, err = store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.rule = $1 AND "+where+" ORDER BY a.first DESC, a.ord DESC LIMIT 10",
			append([]any{id}, args...)...); err != nil {
			return err
		}
		if d.History, err = history(tx, id); err != nil {
			return err
		}
		ids := []string{d.By, d.Waiting.By, d.Budget.By, d.Containing.By, d.Containing.Decider}
		for _, e := range d.History {
			ids = append(ids, e.Who)
		}
		for _, x := range d.Exclusions {
			ids = append(ids, x.Owner)
		}
		d.People, err = authz.People(tx, ids...)
		return err
	})
	return d, err
}

func (s *Service) ruleDays(tx *store.Tx, scope authz.Scope, id string, n int) ([]RuleDay, error) {
	where, args := scope.Where("d.unit", 3)
	days := make([]RuleDay, n)
	at := map[string]int{}
	for i := range days {
		days[i].Day = s.day(tx.Now.In(s.o.Zone).AddDate(0, 0, i+1-n))
		at[days[i].Day] = i
	}
	found, err := store.Rows(tx, func(r store.Scanner) (x RuleDay, err error) {
		return x, r.Scan(&x.Day, &x.Hits, &x.Alerts, &x.Silent, &x.Hidden)
	}, "SELECT d.day, CAST(SUM(d.hits) AS bigint), CAST(SUM(d.alerts) AS bigint), CAST(SUM(d.silent) AS bigint), CAST(SUM(d.hidden) AS bigint) FROM detect_rule_day d WHERE d.rule = $1 AND d.day >= $2 AND "+where+" GROUP BY d.day",
		append([]any{id, days[0].Day}, args...)...)
	for _, x := range found {
		if i, ok := at[x.Day]; ok {
			days[i] = x
		}
	}
	return days, err
}

// RuleChange is what is decided about a rule.
type RuleChange struct {
	State   RuleState
	Enabled bool
	Level   string // instead of the one written; "" = as written
	Why     string
}

// SetRule decides about a rule for the whole group. It does not promote.
func (s *Service) SetRule(ctx context.Context, by authz.Actor, id string, c RuleChange) error {
	r := s.lib.Load().byID[id]
	if r == nil {
		return missing()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		var wrong []fault.Field
		if !slices.Contains(RuleStates, c.State) {
			wrong = append(wrong, fault.F("state", "Choose a state"))
		}
		if _, ok := ParseLevel(c.Level); !ok && c.Level != "" {
			wrong = append(wrong, fault.F("level", "Choose a level"))
		}
		c.Why = strings.TrimSpace(c.Why)
		if c.Why == "" {
			wrong = append(wrong, fault.F("why", "Say why, in a sentence"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if c.Level == r.Level.String() {
			c.Level = ""
		}
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		was := p.of(r)
		if was.State == c.State && was.Enabled == c.Enabled && was.Level == c.Level {
			return fault.Conflict("The rule is set so already")
		}
		if promotes(was.State, c.State) {
			return fault.Invalid(fault.F("state", "A rule is promoted by its check list and a second person: ask for it"))
		}
		if err := putSetting(tx, id, Setting{State: c.State, Enabled: c.Enabled, Level: c.Level}, by.Who()); err != nil {
			return err
		}
		if was.State != c.State {
			if err := withdrawPromotion(tx, by, id); err != nil {
				return err
			}
		}
		if err := s.next(tx); err != nil {
			return err
		}
		now := Setting{State: c.State, Enabled: c.Enabled, Level: c.Level}
		said := text.M("Set to %s, level %s", c.State.Label(), now.effective(r).Label())
		if !c.Enabled {
			said = text.M("Switched off")
		} else if !was.Enabled {
			said = text.M("Switched on as %s, level %s", c.State.Label(), now.effective(r).Label())
		}
		if err := entry(tx, id, by.Who(), said, c.Why); err != nil {
			return err
		}
		return tx.Record(by, fact.RuleSet{Rule: id, State: string(c.State), Enabled: c.Enabled, Level: c.Level})
	})
}

// Reload reads the rules again at once.
func (s *Service) Reload(ctx context.Context, by authz.Actor) (Library, error) {
	if err := by.May(Rules, ""); err != nil {
		return Library{}, err
	}
	if err := s.reload(); err != nil {
		return Library{}, err
	}
	l := s.Library()
	return l, s.db.Change(ctx, func(tx *store.Tx) error {
		if err := entry(tx, "rules", by.Who(), text.M("Rules read again"), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.RulesRead{Rules: l.Rules, Problems: len(l.Problems), Digest: s.lib.Load().digest})
	})
}

// Names are the titles of rules that are loaded, by id.
func (s *Service) Names() map[string]Words {
	names := map[string]Words{}
	for _, r := range s.lib.Load().rules {
		names[r.ID] = r.Title
	}
	return names
}
