package incident

import (
	"fmt"
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

// Past is an incident of the past, put in with the times it had: when a group
// begins with this product, or a year is played.
type Past struct {
	Draft               // Unit, Title, Severity are required; Detected is when it was noticed
	Source   Source     // empty: ByPerson
	Reporter string     // person
	Reported time.Time  // required; its year is that of the number
	Team     string     // empty: the one nearest to the unit
	Lead     string     // person
	People   []string   // further participants
	Steps    []PastStep // in their order; each must be allowed after the one before
	Notes    []PastNote
	Tasks    []Task // Title, Assignee, Due, Done, DoneBy, At
	Observed []Observation
	Alerts   []AlertRef
}

// PastStep is a step with when and by whom it was done.
type PastStep struct {
	Move // Happened is when; required
	By   string
}

// PastNote is a note with when and by whom it was written.
type PastNote struct {
	At   time.Time
	By   string
	Kind EntryKind // empty: Note
	Body string
}

// Seed puts in an incident of the past. The rules of states hold for it as for
// any other; nobody is told. Rows carry the times given, the ledger carries the
// time at which they were put in.
func (s *Service) Seed(tx *store.Tx, system authz.Actor, p Past) (inc Incident, err error) {
	if !system.IsSystem() {
		return inc, fault.Denied("Only the system can do this")
	}
	if p.Reported.IsZero() || p.Reported.After(tx.Now) {
		return inc, fmt.Errorf("seed incident %q: reported %v lies not in the past", p.Title, p.Reported)
	}
	now := tx.Now
	defer func() { tx.Now = now }()
	at := func(t time.Time) { tx.Now = t.UTC().Truncate(time.Millisecond) }
	at(p.Reported)

	inc = s.draft(tx, p.Draft)
	if inc.Source = p.Source; inc.Source == "" {
		inc.Source = ByPerson
	}
	inc.Reporter, inc.Team = p.Reporter, p.Team
	if inc.Team == "" {
		if inc.Team, err = s.nearest(tx, inc.Unit); err != nil {
			return inc, err
		}
	}
	if wrong := inc.check(tx.Now); len(wrong) > 0 {
		return inc, fmt.Errorf("seed incident %q: %w", p.Title, fault.Invalid(wrong...))
	}
	if inc.ID, err = tx.Number("INC"); err != nil {
		return inc, err
	}
	if err := insert(tx, inc); err != nil {
		return inc, err
	}
	if err := setUnits(tx, inc.ID, p.Units); err != nil {
		return inc, err
	}
	if err := tx.Record(system, fact.IncidentReported{ID: inc.ID, Unit: inc.Unit, Units: p.Units, Source: string(inc.Source), Severity: string(inc.Severity),
		TLP: string(inc.TLP), Class: inc.Class, Team: inc.Team, Occurred: inc.Occurred}); err != nil {
		return inc, err
	}
	said := text.M("Reported by a person")
	if inc.Source == ByAlert {
		if said = text.M("Raised from an alert"); len(p.Alerts) > 1 {
			said = text.M("Raised from %d alerts", len(p.Alerts))
		}
	}
	if _, err := write(tx, system, inc, Entry{Kind: Change, Said: said, Author: p.Reporter}); err != nil {
		return inc, err
	}
	if err := s.attach(tx, system, inc, Request{Alerts: p.Alerts, Observables: p.Observed}); err != nil {
		return inc, err
	}
	for _, who := range p.People {
		if err := join(tx, system, inc, who, false); err != nil {
			return inc, err
		}
	}
	inc.Lead = p.Lead
	if err := join(tx, system, inc, p.Lead, true); err != nil {
		return inc, err
	}
	for _, t := range p.Tasks {
		if err := seedTask(tx, system, inc, t); err != nil {
			return inc, err
		}
	}
	led := []string{p.Lead}
	for _, step := range p.Steps {
		at(step.Happened)
		step.Happened = tx.Now
		if step.By == "" {
			step.By = inc.Lead
		}
		if step.Lead != "" {
			led = append(led, step.Lead)
			if err := join(tx, system, inc, step.Lead, true); err != nil {
				return inc, err
			}
		}
		was := inc
		if inc, err = apply(inc, step.Move, around{now: tx.Now, by: step.By, led: led}); err != nil {
			return inc, fmt.Errorf("seed incident %s, step %s: %w", was.ID, step.Step, err)
		}
		if err := tx.Record(system, fact.IncidentMoved{ID: inc.ID, Unit: inc.Unit, Units: p.Units, From: string(was.State), State: string(inc.State),
			Reopened: step.Step == Reopen, Severity: string(inc.Severity), Class: inc.Class, Type: inc.Type, Team: inc.Team, Lead: inc.Lead,
			Other: inc.Other, Reason: inc.Reason, Happened: step.Happened}); err != nil {
			return inc, err
		}
		if _, err := write(tx, system, inc, Entry{Kind: Change, Said: saidOf(was, inc, step.Move), Body: moveBody(step.Move), Author: step.By}); err != nil {
			return inc, err
		}
	}
	if err := save(tx, &inc); err != nil {
		return inc, err
	}
	for _, n := range slices.SortedFunc(slices.Values(p.Notes), func(a, b PastNote) int { return a.At.Compare(b.At) }) {
		at(n.At)
		if n.Kind == "" {
			n.Kind = Note
		}
		if _, err := write(tx, system, inc, Entry{Kind: n.Kind, Body: strings.TrimSpace(n.Body), Author: n.By}); err != nil {
			return inc, err
		}
	}
	return inc, s.index(tx, inc)
}

func seedTask(tx *store.Tx, system authz.Actor, inc Incident, t Task) error {
	t.ID = id.New()
	if t.At.IsZero() {
		t.At = tx.Now
	}
	if _, err := tx.Exec(`INSERT INTO incident_task (id, incident, title, assignee, due, done, done_by, result, at, added_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
		t.ID, inc.ID, t.Title, t.Assignee, store.Millis(t.Due), store.Millis(t.Done), t.DoneBy, t.Result, store.Millis(t.At), inc.Lead); err != nil {
		return err
	}
	if err := join(tx, system, inc, t.Assignee, false); err != nil {
		return err
	}
	return tx.Record(system, fact.IncidentTask{ID: inc.ID, Unit: inc.Unit, Task: t.ID, Act: "set", Assignee: t.Assignee, Due: t.Due})
}
