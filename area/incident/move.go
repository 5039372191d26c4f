package incident

import (
	"context"
	"fmt"
	"strings"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// stale is the answer to a form that was filled in on an older state.
func stale() error {
	return fault.Conflict("Somebody changed this incident since you opened the page. Look at it again, then repeat what you wanted to do")
}

// Take does a step. version is the one on which the person decided; 0 skips
// the check.
func (s *Service) Take(ctx context.Context, by authz.Actor, number string, version int64, m Move) (inc Incident, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		inc, err = s.take(tx, by, number, version, m)
		return err
	})
	return inc, err
}

func (s *Service) take(tx *store.Tx, by authz.Actor, number string, version int64, m Move) (Incident, error) {
	was, r, err := working(tx, by, m.Step.Act(), number)
	if err != nil {
		return was, err
	}
	if version != 0 && version != was.Version {
		return was, stale()
	}
	if m.Lead != "" {
		if err := s.able(tx, "lead", m.Lead, Respond); err != nil {
			return was, err
		}
	}
	if m.Team != "" {
		if _, ok, err := s.choose(tx, by, was, r, m.Team); err != nil || !ok {
			return was, firstOf(err, fault.Invalid(fault.F("team", "There is no such team")))
		}
	}
	var other Incident
	if (m.Step == Double || m.Step == Merge) && m.Other != "" {
		m.Other = strings.ToUpper(strings.TrimSpace(m.Other))
		act := Read // to point at another one must see it; to pour into it, work on it
		if m.Step == Merge {
			act = Respond
		}
		if other, _, err = working(tx, by, act, m.Other); err != nil {
			return was, firstOf(asField(err, "other"), err)
		}
	}
	a := around{now: tx.Now, by: by.Who()}
	if a.led, err = ledBy(tx, number); err != nil {
		return was, err
	}
	if err := tx.QueryRow("SELECT COUNT(*) FROM incident_task WHERE incident = $1 AND done = 0", number).Scan(&a.openTasks); err != nil {
		return was, err
	}
	inc, err := apply(was, m, a)
	if err != nil {
		return was, err
	}
	if m.Step == Merge {
		if !other.Open() {
			return was, fault.Invalid(fault.F("other", "That incident is not open"))
		}
		if was.TLP == Red && other.TLP != Red {
			return was, fault.Conflict("What is TLP:RED cannot be merged into an incident that more people may read")
		}
		if err := s.pour(tx, by, inc, other); err != nil {
			return was, err
		}
	}
	if err := save(tx, &inc); err != nil {
		return was, err
	}
	if inc.Lead != "" {
		if err := join(tx, by, inc, inc.Lead, true); err != nil {
			return was, err
		}
	}
	happened := m.Happened
	if happened.IsZero() {
		happened = tx.Now
	}
	if err := tx.Record(by, fact.IncidentMoved{ID: inc.ID, Unit: inc.Unit, Units: r.affected(), From: string(was.State), State: string(inc.State),
		Reopened: m.Step == Reopen, Severity: string(inc.Severity), Class: inc.Class, Type: inc.Type, Team: inc.Team, Lead: inc.Lead,
		Other: inc.Other, Reason: inc.Reason, Happened: happened}); err != nil {
		return was, err
	}
	if _, err := write(tx, by, inc, Entry{Kind: Change, Happened: happened, Said: saidOf(was, inc, m), Body: moveBody(m)}); err != nil {
		return was, err
	}
	if err := s.afterMove(tx, by, was, inc); err != nil {
		return was, err
	}
	return inc, s.index(tx, inc)
}

// saidOf is what the timeline says of a step.
func saidOf(was, inc Incident, m Move) text.Message {
	switch m.Step {
	case Dismiss:
		return text.M("%s → %s: %s§state", was.State.Label(), inc.State.Label(), ReasonLabel(inc.Reason))
	case Double, Merge:
		return text.M("%s → %s: %s§state", was.State.Label(), inc.State.Label(), inc.Other)
	case Reopen:
		return text.M("Reopened: %s → %s", was.State.Label(), inc.State.Label())
	}
	if was.Severity != inc.Severity {
		return text.M("%s → %s; severity: %s", was.State.Label(), inc.State.Label(), inc.Severity.Label())
	}
	return text.M("%s → %s§state", was.State.Label(), inc.State.Label())
}

func moveBody(m Move) string {
	var parts []string
	for _, p := range []string{m.Note, m.Cause, m.Lessons} {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "\n\n")
}

// afterMove withdraws what the step made pointless and tells who is now asked.
func (s *Service) afterMove(tx *store.Tx, by authz.Actor, was, inc Incident) error {
	if !inc.Open() {
		if err := s.withdrawAll(tx, by, inc); err != nil {
			return err
		}
	}
	if inc.Team != was.Team || inc.Lead != was.Lead {
		if err := tx.Record(by, fact.IncidentLed{ID: inc.ID, Unit: inc.Unit, Team: inc.Team, Lead: inc.Lead}); err != nil {
			return err
		}
	}
	if inc.Team != was.Team {
		if inc.TLP == Red {
			if err := s.callIn(tx, by, inc); err != nil {
				return err
			}
		}
		if err := s.tellTeam(tx, inc, inc.Team, fmt.Sprintf("team:%s:%d", inc.ID, inc.Version),
			text.M("Incident %s was assigned to your team: %s", inc.ID, inc.Title), text.M("Your team answers for it from now on.")); err != nil {
			return err
		}
	}
	if inc.Lead != was.Lead && inc.Lead != "" && inc.Lead != by.Person {
		return s.tell(tx, inc, []string{inc.Lead}, fmt.Sprintf("lead:%s:%d", inc.ID, inc.Version),
			text.M("You lead incident %s: %s", inc.ID, inc.Title), text.M("You were made the lead of this incident."))
	}
	return nil
}

// pour gives the other incident what this one knew.
func (s *Service) pour(tx *store.Tx, by authz.Actor, inc, other Incident) error {
	for _, q := range []string{
		`INSERT INTO incident_alert (incident, alert, title, rule, severity, hits, first, last, href, sample, at)
			SELECT $2, alert, title, rule, severity, hits, first, last, href, sample, at FROM incident_alert WHERE incident = $1 ON CONFLICT DO NOTHING`,
		`INSERT INTO incident_unit (incident, unit) SELECT $2, unit FROM incident_unit WHERE incident = $1 ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.Exec(q, inc.ID, other.ID); err != nil {
			return err
		}
	}
	if inc.Unit != other.Unit {
		if _, err := tx.Exec("INSERT INTO incident_unit (incident, unit) VALUES ($1,$2) ON CONFLICT DO NOTHING", other.ID, inc.Unit); err != nil {
			return err
		}
	}
	seen, err := observables(tx, inc.ID)
	if err != nil {
		return err
	}
	var os []Observation
	for _, o := range seen {
		os = append(os, Observation{o.Type, o.Value, o.Note})
	}
	if _, err := observe(tx, by, other, os); err != nil {
		return err
	}
	_, err = write(tx, by, other, Entry{Kind: Change, Said: text.M("%s was merged into this incident", inc.ID)})
	return err
}

// able refuses whoever is not there, or has no role with which he could do
// what he is asked to.
func (s *Service) able(tx *store.Tx, field, person string, act authz.Act) error {
	p, err := authz.FindPerson(tx, person)
	if fault.Is(err, fault.KindNotFound) || err == nil && !p.Active {
		return fault.Invalid(fault.F(field, "There is no such person"))
	}
	if err != nil || s.p.Directory == nil {
		return err
	}
	a, err := s.p.Directory.ActorOf(tx, person)
	if err == nil && !a.CanAnywhere(act) {
		return fault.Invalid(fault.F(field, "This person has no role with which to work on incidents; ask for one first"))
	}
	return err
}

// asField turns "there is no such incident" into a complaint about a field.
func asField(err error, field string) error {
	if f := fault.As(err); f != nil && f.Kind == fault.KindNotFound {
		return fault.Invalid(fault.Field{Name: field, Message: f.Message})
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
