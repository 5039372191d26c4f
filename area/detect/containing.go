package detect

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Containing is the decision that alerts of a rule contain the person they are
// about, at once. Two people take it who may contain, and for one text of the
// rule: another text contains nobody until they agree anew. Detection says that
// it is due; whether it is done, and what never is, identity decides.
type Containing struct {
	ID      string
	Rule    string
	Version string
	Most    int // people an hour
	Why     string
	By      string
	Asked   time.Time
	State   string // waiting, on, refused, withdrawn, ended
	Decider string
	Decided time.Time
}

// MostContained is how many people a rule may contain within an hour at most.
const MostContained = 10

const containingColumns = "n.id, n.rule, n.version, n.most, n.why, n.asked_by, n.asked, n.state, n.decided_by, n.decided"

func readContaining(r store.Scanner) (c Containing, err error) {
	var asked, decided int64
	err = r.Scan(&c.ID, &c.Rule, &c.Version, &c.Most, &c.Why, &c.By, &asked, &c.State, &c.Decider, &decided)
	c.Asked, c.Decided = store.Time(asked), store.Time(decided)
	return c, err
}

// containingOf is the decision about a rule that waits or holds; without an ID
// where there is none.
func containingOf(tx *store.Tx, rule string) (Containing, error) {
	c, err := readContaining(tx.QueryRow("SELECT "+containingColumns+" FROM detect_containing n WHERE n.rule = $1 AND n.state IN ('waiting', 'on')", rule))
	if errors.Is(err, sql.ErrNoRows) {
		return Containing{}, nil
	}
	return c, err
}

func (c Containing) fact(act string) fact.RuleContains {
	return fact.RuleContains{Request: c.ID, Act: act, Rule: c.Rule, Version: c.Version, Most: c.Most}
}

// mayContain tells why alerts of a rule can't contain, or nothing. Any log may
// name any account, and whoever writes one could lock others out by it: what
// contains looks at sign-ins to Yagura itself alone, which nobody else writes.
func (r *Rule) mayContain(set Setting) error {
	for _, source := range r.looksAt() {
		if source.Product != "yagura" || source.Service != "identity" {
			return fault.Conflict("Only a rule that looks at sign-ins to Yagura itself can contain: other logs may name any account")
		}
	}
	group := r.Group
	if r.Correlation != nil {
		if group = r.Correlation.GroupBy; !r.Pack {
			return fault.Conflict("Of correlations only those that come with Yagura can contain: the rules that others join may change one by one")
		}
	}
	if !slices.Contains(group, "user") {
		return fault.Conflict("An alert of this rule is not about one person")
	}
	if set.State != Stable || !set.Enabled {
		return fault.Conflict("Only a rule that is stable and switched on can contain")
	}
	return nil
}

// AskContaining asks that alerts of a rule contain their person, of most people
// within an hour. Another person has to agree.
func (s *Service) AskContaining(ctx context.Context, by authz.Actor, ruleID string, most int, why string) error {
	r := s.lib.Load().byID[ruleID]
	if r == nil {
		return missing()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Contain, ""); err != nil {
			return err
		}
		var wrong []fault.Field
		if most < 1 || most > MostContained {
			wrong = append(wrong, fault.F("most", "A number from 1 to %d is needed", MostContained))
		}
		if why = strings.TrimSpace(why); why == "" || len([]rune(why)) > 1000 {
			wrong = append(wrong, fault.F("containing", "Say why, in at most %d letters", 1000))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		if err := r.mayContain(p.of(r)); err != nil {
			return err
		}
		old, err := containingOf(tx, ruleID)
		switch {
		case err != nil:
			return err
		case old.State == "on" && old.Version == r.Version:
			return fault.Conflict("Alerts of this rule contain already")
		case old.State == "waiting" && old.Version == r.Version:
			return fault.Conflict("This waits for a second person already")
		case old.ID != "": // it was about another text
			if err := s.closeContaining(tx, by, old, "ended", text.M("Its alerts contain nobody any more: the text changed"), ""); err != nil {
				return err
			}
		}
		c := Containing{ID: id.New(), Rule: ruleID, Version: r.Version, Most: most, Why: why, By: by.Who(), Asked: tx.Now, State: "waiting"}
		if _, err := tx.Exec("INSERT INTO detect_containing (id, rule, version, most, why, asked_by, asked, state, decided_by, decided) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'',0)",
			c.ID, c.Rule, c.Version, c.Most, c.Why, c.By, tx.Millis(), c.State); err != nil {
			return err
		}
		if err := r.version(tx); err != nil {
			return err
		}
		if err := s.tellContaining(tx, by, r, c); err != nil {
			return err
		}
		if err := entry(tx, ruleID, by.Who(), text.M("Asked that its alerts contain the person, at most %d an hour", most), why); err != nil {
			return err
		}
		return tx.Record(by, c.fact("asked"))
	})
}

// tellContaining calls for the second person.
func (s *Service) tellContaining(tx *store.Tx, by authz.Actor, r *Rule, c Containing) error {
	if s.o.Notifier == nil {
		return nil
	}
	who, err := s.o.Directory.Holders(tx, Contain, "")
	if err != nil {
		return err
	}
	slices.Sort(who)
	for _, to := range slices.Compact(who) {
		if to == by.Person {
			continue
		}
		if err := s.o.Notifier.Notify(tx, Notice{To: to, Subject: text.M("Shall alerts of the rule “%s” contain the person? A second person is needed", r.Title.EN),
			Body: text.M("Whoever an alert of it is about would lose every session at once, without anybody looking before."),
			Href: "/detect/rules/" + r.ID + "#containing", Key: "containing/" + c.ID}); err != nil {
			return err
		}
	}
	return nil
}

// DecideContaining is the second person's word on it, or that who asked takes it
// back.
func (s *Service) DecideContaining(ctx context.Context, by authz.Actor, ruleID, do string) error {
	r := s.lib.Load().byID[ruleID]
	if r == nil {
		return missing()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Contain, ""); err != nil {
			return err
		}
		c, err := containingOf(tx, ruleID)
		switch {
		case err != nil:
			return err
		case c.State != "waiting":
			return fault.Conflict("Nothing waits for a second person here")
		case do == "refuse" && c.By == by.Who():
			return s.closeContaining(tx, by, c, "withdrawn", text.M("Taken back: its alerts contain nobody"), "")
		case do == "refuse":
			return s.closeContaining(tx, by, c, "refused", text.M("Refused: its alerts contain nobody"), "")
		case do != "approve":
			return fault.Invalid(fault.F("do", "Approve or refuse"))
		}
		if err := authz.TwoPersons(c.By, by.Who()); err != nil {
			return err
		}
		if by.IsSystem() { // two people are people: who runs the machine can't be told apart from who asked
			return fault.Denied("A second person must confirm this in the console")
		}
		if c.Version != r.Version {
			return fault.Conflict("The text of the rule changed since: ask for it anew")
		}
		p, err := s.planIn(tx)
		if err != nil {
			return err
		}
		if err := r.mayContain(p.of(r)); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE detect_containing SET state = 'on', decided_by = $2, decided = $3 WHERE id = $1", c.ID, by.Who(), tx.Millis()); err != nil {
			return err
		}
		return s.saidContaining(tx, by, c, "approved", text.M("Its alerts contain the person from now on, at most %d an hour", c.Most), "")
	})
}

// StopContaining ends it, at once and by one person. Who looks after rules and may
// not contain switches the rule off: then it contains nobody either.
func (s *Service) StopContaining(ctx context.Context, by authz.Actor, ruleID, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Contain, ""); err != nil {
			return err
		}
		c, err := containingOf(tx, ruleID)
		if err != nil {
			return err
		}
		if c.State != "on" {
			return fault.Conflict("Alerts of this rule contain nobody")
		}
		if why = strings.TrimSpace(why); why == "" || len([]rune(why)) > 1000 {
			return fault.Invalid(fault.F("stop", "Say why, in at most %d letters", 1000))
		}
		return s.closeContaining(tx, by, c, "ended", text.M("Its alerts contain nobody any more"), why)
	})
}

func (s *Service) closeContaining(tx *store.Tx, by authz.Actor, c Containing, act string, said text.Message, why string) error {
	// Who agreed stays in the history; here stands who decided last.
	if _, err := tx.Exec("UPDATE detect_containing SET state = $2, decided_by = $3, decided = $4 WHERE id = $1", c.ID, act, by.Who(), tx.Millis()); err != nil {
		return err
	}
	return s.saidContaining(tx, by, c, act, said, why)
}

func (s *Service) saidContaining(tx *store.Tx, by authz.Actor, c Containing, act string, said text.Message, why string) error {
	if err := s.next(tx); err != nil {
		return err
	}
	if err := entry(tx, c.Rule, by.Who(), said, why); err != nil {
		return err
	}
	return tx.Record(by, c.fact(act))
}

// WaitingContainings are those that wait for a second person.
func (s *Service) WaitingContainings(ctx context.Context, by authz.Actor) (list []Containing, err error) {
	if !by.CanAnywhere(Read) {
		return nil, by.May(Read, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.Rows(tx, readContaining, "SELECT "+containingColumns+" FROM detect_containing n WHERE n.state = 'waiting' ORDER BY n.asked")
		return err
	})
	return list, err
}

// containings are those that hold, by rule.
func containings(tx *store.Tx) (map[string]Containing, error) {
	list, err := store.Rows(tx, readContaining, "SELECT "+containingColumns+" FROM detect_containing n WHERE n.state = 'on'")
	m := map[string]Containing{}
	for _, c := range list {
		m[c.Rule] = c
	}
	return m, err
}

// contains is what two people decided about alerts of a rule, where it holds now.
func (p *plan) contains(r *Rule) (Containing, bool) {
	c, ok := p.containing[r.ID]
	set := p.of(r)
	return c, ok && c.Version == r.Version && set.State == Stable && set.Enabled
}

// due says that a new alert contains its person. The events must be of the log
// that Yagura writes itself, and must have happened since the decision: what is
// brought from before locks nobody out.
func (a *applying) due(al Alert, r *Rule) error {
	c, ok := a.plan.contains(r)
	if !ok || al.Storm || al.User == "" || a.s.o.Own == "" || al.Source != a.s.o.Own || al.First.Before(c.Decided) {
		return nil
	}
	return a.tx.Record(system, fact.ContainmentDue{Alert: al.ID, Unit: al.Unit, Rule: r.ID, Version: r.Version, Title: r.Title.EN, TitleJA: r.Title.JA,
		Person: al.User, Most: c.Most, At: al.Last})
}

// Contained is what became of the person of an alert whose rule contains.
type Contained struct {
	At       time.Time
	Person   authz.Person
	Outcome  string // contained, asked, brake, break-glass, unknown, late
	State    string // of the containment now
	Unproven int    // of its targets
	Href     string // of the containment, for who may see it
}

// Containments tell what became of persons whom alerts were to contain.
type Containments interface {
	ByRule(tx *store.Tx, by authz.Actor, alert string) (Contained, bool, error)
}

// Watch names who tells that; without one pages do not. It comes before the
// service is used.
func (s *Service) Watch(c Containments) { s.containments = c }

// containing fills in what the page of a rule shows of it.
func (s *Service) containing(tx *store.Tx, by authz.Actor, d *RuleDetail) (err error) {
	if d.Containing, err = containingOf(tx, d.ID); err != nil {
		return err
	}
	d.Stale = d.Containing.ID != "" && d.Containing.Version != d.Version
	d.Unfit = d.mayContain(d.Setting)
	d.MayContain = by.Can(Contain, "")
	return nil
}
