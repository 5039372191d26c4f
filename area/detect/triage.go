package detect

import (
	"context"
	"slices"
	"strings"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// mostAtOnce is how many alerts one act may concern.
const mostAtOnce = 500

// each loads the alerts of an act, all of which the actor may triage.
func each(tx *store.Tx, by authz.Actor, numbers []string) ([]Alert, error) {
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	if len(numbers) == 0 {
		return nil, fault.Invalid(fault.F("alerts", "Choose at least one alert"))
	}
	if len(numbers) > mostAtOnce {
		return nil, fault.Invalid(fault.F("alerts", "At most %d alerts at once", mostAtOnce))
	}
	var all []Alert
	for _, n := range numbers {
		a, err := find(tx, n)
		if err != nil {
			return nil, err
		}
		if err := by.See(Read, a.Unit); err != nil {
			return nil, err
		}
		if err := by.May(Triage, a.Unit); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// open refuses alerts on which somebody decided already.
func mustBeOpen(a Alert) error {
	if a.State.Open() {
		return nil
	}
	return fault.Conflict("%s is decided already: %s", a.ID, a.State.Label())
}

// Assign gives alerts to a person, who must be allowed to triage them; it gives
// them to the actor where the person is empty.
func (s *Service) Assign(ctx context.Context, by authz.Actor, numbers []string, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		alerts, err := each(tx, by, numbers)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if err := mustBeOpen(a); err != nil {
				return err
			}
		}
		return s.assign(tx, by, alerts, person)
	})
}

func (s *Service) assign(tx *store.Tx, by authz.Actor, alerts []Alert, person string) error {
	if person == "" {
		person = by.Person
	}
	who, err := authz.FindPerson(tx, person)
	if fault.Is(err, fault.KindNotFound) {
		return fault.Invalid(fault.F("person", "There is no such person"))
	} else if err != nil {
		return err
	}
	able := map[string]bool{}
	var told []Alert
	var before []past
	for _, a := range alerts {
		if _, ok := able[a.Unit]; !ok {
			holders, err := s.o.Directory.Holders(tx, Triage, a.Unit)
			if err != nil {
				return err
			}
			able[a.Unit] = slices.Contains(holders, person)
		}
		if !able[a.Unit] {
			return fault.Invalid(fault.F("person", "This person may not triage alerts there"))
		}
		if a.Assignee == person {
			continue
		}
		was := pastOf(a)
		a.Assignee, a.State = person, Assigned
		if a.Triaged.IsZero() {
			a.Triaged = tx.Now
		}
		if err := save(tx, a); err != nil {
			return err
		}
		before = append(before, was.until(a))
		if err := entry(tx, a.ID, by.Who(), text.M("Assigned to %s", who.Label(text.EN)), ""); err != nil {
			return err
		}
		if err := tx.Record(by, fact.AlertAssigned{Alert: a.ID, Unit: a.Unit, Assignee: person}); err != nil {
			return err
		}
		told = append(told, a)
	}
	if len(told) == 0 {
		return nil
	}
	if err := recount(tx, told); err != nil {
		return err
	}
	if err := remember(tx, by, "assign", before); err != nil {
		return err
	}
	if s.o.Notifier == nil || person == by.Person {
		return nil
	}
	n := Notice{To: person, Subject: text.M("Alert %s was assigned to you", told[0].ID), Body: text.Literal(told[0].Title.In(who.Lang)),
		Href: "/detect/alerts/" + told[0].ID, Key: "alert-assigned:" + told[0].ID + ":" + person + ":" + tx.Now.Format("20060102150405"), Urgent: told[0].Level == Critical}
	if len(told) > 1 {
		n.Subject, n.Href = text.M("%d alerts were assigned to you", len(told)), "/detect?who=me"
	}
	return s.o.Notifier.Notify(tx, n)
}

// Dismiss decides that alerts need nothing. It ends their windows: the next hit
// makes a new alert.
func (s *Service) Dismiss(ctx context.Context, by authz.Actor, numbers []string, reason Reason, note string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		alerts, err := each(tx, by, numbers)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if err := mustBeOpen(a); err != nil && dismissable(alerts, reason, strings.TrimSpace(note)) == nil {
				return err
			}
		}
		return s.dismiss(tx, by, alerts, reason, note)
	})
}

// dismissable checks what somebody says of alerts that he dismisses.
func dismissable(alerts []Alert, reason Reason, note string) error {
	var wrong []fault.Field
	if !slices.Contains(Reasons, reason) {
		wrong = append(wrong, fault.F("reason", "Choose a reason"))
	}
	if len(note) > 4000 {
		wrong = append(wrong, fault.F("note", "At most %d letters", 4000))
	}
	for _, a := range alerts {
		// What is grave is not waved away without a word.
		if a.Level >= High && note == "" && len(wrong) == 0 {
			wrong = append(wrong, fault.F("note", "High and critical alerts are dismissed with a sentence"))
		}
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

func (s *Service) dismiss(tx *store.Tx, by authz.Actor, alerts []Alert, reason Reason, note string) error {
	note = strings.TrimSpace(note)
	if err := dismissable(alerts, reason, note); err != nil {
		return err
	}
	var before []past
	scales := s.scales(tx)
	for _, a := range alerts {
		was := pastOf(a)
		a.State, a.Reason, a.Note = Dismissed, reason, note
		if err := s.decide(tx, by, &a); err != nil {
			return err
		}
		var err error
		if was.Window, err = windowOf(tx, a.ID); err != nil {
			return err
		}
		before = append(before, was.until(a))
		if _, err := tx.Exec("DELETE FROM detect_window WHERE alert = $1", a.ID); err != nil {
			return err
		}
		if reason.Harmless() {
			if err := scales.void(a.ID, true); err != nil {
				return err
			}
		}
		if err := entry(tx, a.ID, by.Who(), text.M("Dismissed: %s", reason.Label()), note); err != nil {
			return err
		}
		if err := tx.Record(by, fact.AlertDismissed{Alert: a.ID, Unit: a.Unit, Rule: a.Rule, Reason: string(reason), Hits: a.Hits}); err != nil {
			return err
		}
	}
	if _, err := scales.write(); err != nil {
		return err
	}
	if err := recount(tx, alerts); err != nil {
		return err
	}
	return remember(tx, by, "dismiss", before)
}

func (s *Service) decide(tx *store.Tx, by authz.Actor, a *Alert) error {
	a.By, a.Decided = by.Who(), tx.Now
	if a.Triaged.IsZero() {
		a.Triaged = tx.Now
	}
	return save(tx, *a)
}

// Reopen takes a dismissal back. Hits that came since are an alert of their own.
func (s *Service) Reopen(ctx context.Context, by authz.Actor, number, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		alerts, err := each(tx, by, []string{number})
		if err != nil {
			return err
		}
		a := alerts[0]
		if a.State != Dismissed {
			return fault.Conflict("Only a dismissed alert can be reopened")
		}
		a.State, a.Assignee, a.Reason, a.Note = Assigned, by.Person, "", ""
		a.By, a.Decided = "", store.Time(0)
		if err := save(tx, a); err != nil {
			return err
		}
		scales := s.scales(tx)
		if err := scales.void(a.ID, false); err != nil {
			return err
		}
		if _, err := scales.write(); err != nil {
			return err
		}
		if err := recount(tx, alerts); err != nil {
			return err
		}
		if err := entry(tx, a.ID, by.Who(), text.M("Reopened"), strings.TrimSpace(why)); err != nil {
			return err
		}
		return tx.Record(by, fact.AlertReopened{Alert: a.ID, Unit: a.Unit})
	})
}

// Escalate makes an incident of alerts and returns its number. The title is
// that of the gravest where none is given.
func (s *Service) Escalate(ctx context.Context, by authz.Actor, numbers []string, title, description string) (incident string, err error) {
	if s.o.Incidents == nil {
		return "", fault.Conflict("Incidents are not handled in this installation")
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		alerts, err := each(tx, by, numbers)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if err := mustBeOpen(a); err != nil {
				return err
			}
		}
		incident, err = s.escalate(tx, by, alerts, title, description)
		return err
	})
	return incident, err
}

func (s *Service) escalate(tx *store.Tx, by authz.Actor, alerts []Alert, title, description string) (incident string, err error) {
	if s.o.Incidents == nil {
		return "", fault.Conflict("Incidents are not handled in this installation")
	}
	r, err := request(tx, by, alerts, strings.TrimSpace(title), strings.TrimSpace(description))
	if err != nil {
		return "", err
	}
	if incident, err = s.o.Incidents.Raise(tx, by, r); err != nil {
		return "", err
	}
	for _, a := range alerts {
		a.State, a.Incident = Raised, incident
		if err := s.decide(tx, by, &a); err != nil {
			return "", err
		}
		if err := entry(tx, a.ID, by.Who(), text.M("Raised to incident %s", incident), ""); err != nil {
			return "", err
		}
		if err := tx.Record(by, fact.AlertEscalated{Alert: a.ID, Unit: a.Unit, Rule: a.Rule, Incident: incident, Hits: a.Hits}); err != nil {
			return "", err
		}
	}
	if err := recount(tx, alerts); err != nil {
		return "", err
	}
	return incident, forget(tx, by) // an incident is not taken back
}
