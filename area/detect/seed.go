package detect

import (
	"fmt"
	"time"

	"yagura/area/detect/story"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// PastAlert is an alert of the past, with what was decided on it.
type PastAlert struct {
	Rule        string // id of a rule that is loaded
	Level       Level
	Unit        string
	Host, User  string
	First, Last time.Time
	Count       int64
	State       State // empty: new
	By          string
	Decided     time.Time
	Reason      Reason // of a dismissed one; empty: benign
	Note        string
	Incident    string // of a raised one; may be empty
	Assignee    string // of an assigned one
}

// PastExclusion is an exclusion of the past that is still in force.
type PastExclusion struct {
	Rule            string // id
	Unit            string
	Owner, Approver string
	Reason          string
	Filter          string
	Created, Ends   time.Time
	Hidden          int64
}

// Seed puts in alerts of the past, in the order of their first hits. Nobody is
// told and the ledger gets one record for all of them; the counts of days are
// those of the alerts. It returns their numbers.
func (s *Service) Seed(tx *store.Tx, by authz.Actor, past []PastAlert) (numbers []string, err error) {
	if !by.IsSystem() {
		return nil, fault.Denied("Only the system can do this")
	}
	if len(past) == 0 {
		return nil, nil
	}
	now := tx.Now
	defer func() { tx.Now = now }()
	lib := s.lib.Load()
	days, counts := dayCounts{}, ruleCounts{}
	versions := map[string]bool{}
	scales := s.scales(tx)
	plan, err := s.planIn(tx)
	if err != nil {
		return nil, err
	}
	var touched []joined
	for i, p := range past {
		r := lib.byID[p.Rule]
		if r == nil {
			return nil, fmt.Errorf("seed alert %d: there is no rule %s", i, p.Rule)
		}
		if p.First.IsZero() || p.First.After(now) || p.Last.Before(p.First) {
			return nil, fmt.Errorf("seed alert %d: first %v and last %v lie not in the past in this order", i, p.First, p.Last)
		}
		tx.Now = p.First.UTC().Truncate(time.Millisecond)
		a := Alert{Rule: r.ID, Version: r.Version, Title: r.Title, Level: p.Level, Unit: p.Unit, Host: p.Host, User: p.User,
			First: p.First, Last: p.Last, Hits: max(p.Count, 1), State: p.State, Raised: tx.Now, Assignee: p.Assignee, Incident: p.Incident,
			Reason: p.Reason, Note: p.Note, By: p.By, Decided: p.Decided, Triaged: p.Decided, Entity: []Pair{}, Tactics: story.SetOf(r.Tags)}
		switch a.State {
		case "":
			a.State = Untriaged
		case Dismissed:
			if a.Reason == "" {
				a.Reason = Benign
			}
		}
		if a.State == Assigned && a.Triaged.IsZero() {
			a.Triaged = p.Last
		}
		for _, x := range []Pair{{"host", p.Host}, {"user", p.User}} {
			if x.Value != "" {
				a.Entity = append(a.Entity, x)
			}
		}
		if err := number(tx, &a); err != nil {
			return nil, err
		}
		if err := insert(tx, a); err != nil {
			return nil, err
		}
		if err := scales.add(plan, a, plan.of(r).State == Trial); err != nil {
			return nil, err
		}
		if a.State == Dismissed && a.Reason.Harmless() {
			if err := scales.void(a.ID, true); err != nil {
				return nil, err
			}
		}
		touched = append(touched, markedBy(a))
		if !versions[r.ID] {
			if err := r.version(tx); err != nil {
				return nil, err
			}
			versions[r.ID] = true
		}
		day := s.day(a.First)
		days.add(day, a.Unit, a.Level)
		c := counts.at(r.ID, day, a.Unit)
		c.alerts++
		c.hits += a.Hits
		if !a.Decided.IsZero() {
			tx.Now = a.Decided
			said := text.M("Dismissed: %s", a.Reason.Label())
			if a.State == Raised {
				said = text.M("Raised to an incident")
			}
			if err := entry(tx, a.ID, a.By, said, a.Note); err != nil {
				return nil, err
			}
		}
		if err := s.index(tx, a); err != nil {
			return nil, err
		}
		numbers = append(numbers, a.ID)
	}
	tx.Now = now
	if _, err := scales.write(); err != nil {
		return nil, err
	}
	if err := s.join(tx, touched); err != nil {
		return nil, err
	}
	if err := days.write(tx); err != nil {
		return nil, err
	}
	if err := counts.write(tx); err != nil {
		return nil, err
	}
	return numbers, tx.Record(by, fact.AlertsSeeded{Alerts: len(past), From: past[0].First, To: past[len(past)-1].First})
}

// SeedExclusions puts in exclusions that were asked for in the past.
func (s *Service) SeedExclusions(tx *store.Tx, by authz.Actor, past []PastExclusion) error {
	if !by.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	now := tx.Now
	defer func() { tx.Now = now }()
	for _, p := range past {
		if _, err := s.screenOf(p.Filter); err != nil {
			return fmt.Errorf("seed exclusion for %s: %w", p.Rule, err)
		}
		tx.Now = p.Created.UTC().Truncate(time.Millisecond)
		x := Exclusion{Rule: p.Rule, Unit: p.Unit, Owner: p.Owner, Reason: p.Reason, Filter: p.Filter, Created: tx.Now, By: p.Owner,
			Approved: tx.Now, Approver: p.Approver, Expires: p.Ends, Hidden: p.Hidden, Last: now}
		if r := s.lib.Load().byID[p.Rule]; r == nil {
			return fmt.Errorf("seed exclusion: there is no rule %s", p.Rule)
		}
		var err error
		if x.ID, err = tx.Number("EXC"); err != nil {
			return err
		}
		if err := insertExclusion(tx, x); err != nil {
			return err
		}
		if err := entry(tx, x.ID, p.Owner, text.M("Asked for"), p.Reason); err != nil {
			return err
		}
		if err := entry(tx, x.ID, p.Approver, text.M("Approved"), ""); err != nil {
			return err
		}
		if err := tx.Record(by, x.fact("approved")); err != nil {
			return err
		}
	}
	return s.next(tx)
}

func insertExclusion(tx *store.Tx, x Exclusion) error {
	_, err := tx.Exec(`INSERT INTO detect_exclusion (id, rule, unit, owner, reason, filter, two, created, created_by, approved, approved_by, expires,
		ended, ended_by, hidden, last_hidden) VALUES (`+marks(1, 16)+")", x.ID, x.Rule, x.Unit, x.Owner, x.Reason, x.Filter, flag(x.Two),
		store.Millis(x.Created), x.By, store.Millis(x.Approved), x.Approver, store.Millis(x.Expires), store.Millis(x.Ended), x.EndedBy, x.Hidden, store.Millis(x.Last))
	return err
}

func (x Exclusion) fact(act string) fact.ExclusionSet {
	return fact.ExclusionSet{Exclusion: x.ID, Act: act, Rule: x.Rule, Unit: x.Unit, Owner: x.Owner, Two: x.Two, Expires: x.Expires, Hidden: x.Hidden}
}
