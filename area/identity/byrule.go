package identity

import (
	"database/sql"
	"errors"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// A rule of detection may contain the person whom its alert is about: two people
// decided so. What they can't decide is that a bad rule locks a plant out, or the
// last account that is left: so there is a brake over all rules, break-glass
// accounts are never contained by one, and for a privileged account a rule does
// no more than ask, as one person would.

const (
	// mostByRules is how many people all rules together may contain, or ask for,
	// within an hour.
	mostByRules = 20
	braked      = time.Hour
	// fresh is how old the event may be. What comes later – after an outage, or
	// because a batch is worked on again – is for people to judge.
	fresh = time.Hour
)

// RuleOutcome is what became of a person whom a rule was to contain.
type RuleOutcome string

// The outcomes.
const (
	RuleContained RuleOutcome = "contained"
	RuleAsked     RuleOutcome = "asked"       // privileged: a second person must confirm
	RuleBraked    RuleOutcome = "brake"       // too many within an hour
	RuleEmergency RuleOutcome = "break-glass" // never by a rule
	RuleAlready   RuleOutcome = "already"     // contained, or asked for, before
	RuleUnknown   RuleOutcome = "unknown"     // nobody by that name, or he has left
	RuleLate      RuleOutcome = "late"        // the event is too old
)

// ByRule is what the rule behind an alert did about the person.
type ByRule struct {
	At       time.Time
	Outcome  RuleOutcome
	Person   authz.Person
	State    ContainmentState // of the containment now; empty: there is none
	Unproven int
	Href     string // of the containment, for who may see it
}

// Reacts is what the area does upon facts of its neighbours.
func (s *Service) Reacts() ledger.Subscriber {
	return ledger.Subscriber{Name: "identity.containments-by-rule", Kinds: []string{"detect.containment-due", "detect.alert-escalated"}, Handle: s.reactToAlert}
}

func (s *Service) reactToAlert(tx *store.Tx, e ledger.Entry) error {
	switch e.Kind {
	case "detect.containment-due":
		var f fact.ContainmentDue
		if err := e.Into(&f); err != nil {
			return err
		}
		return s.containByRule(tx, f)
	case "detect.alert-escalated":
		var f fact.AlertEscalated
		if err := e.Into(&f); err != nil {
			return err
		}
		return joinIncident(tx, f)
	}
	return nil
}

// containByRule does what an alert asks for, or writes down why not.
func (s *Service) containByRule(tx *store.Tx, f fact.ContainmentDue) error {
	by := authz.System("rule")
	c := Containment{ID: id.New(), Unit: f.Unit, Alert: f.Alert, Rule: f.Rule, Title: f.Title, TitleJA: f.TitleJA, AskedBy: by.Who(), Asked: tx.Now}
	outcome, err := s.mayByRule(tx, f, &c)
	if err != nil {
		return err
	}
	if outcome == RuleContained {
		two, err := s.needsTwo(tx, by, c.Person.ID)
		if err != nil {
			return err
		}
		if two {
			outcome = RuleAsked
		}
	}
	containment := ""
	if outcome == RuleContained || outcome == RuleAsked {
		containment = c.ID
	}
	if _, err := tx.Exec("INSERT INTO identity_byrule (alert, rule, person, unit, at, outcome, containment) VALUES ($1,$2,$3,$4,$5,$6,$7)",
		f.Alert, f.Rule, f.Person, c.Unit, tx.Millis(), string(outcome), containment); err != nil {
		return err
	}
	switch outcome {
	case RuleAsked:
		return s.askToContain(tx, by, &c)
	case RuleContained:
		if err := s.lockOut(tx, by, &c); err != nil {
			return err
		}
		return s.tellOfRule(tx, c.Unit, ContainmentHref(c.ID), "byrule/"+c.ID, text.M("%s was contained by the rule “%s”", c.Person.Label(text.EN), f.Title),
			text.M("Nobody looked before. Look at the alert now, and release the person if it was wrong."))
	case RuleBraked:
		if err := s.tellOfRule(tx, c.Unit, "/detect/alerts/"+f.Alert, "brake/"+f.Rule+"/"+tx.Now.Format("2006-01-02T15"), text.M("The rule “%s” contains nobody for now: it would have been too many", f.Title),
			text.M("Whom its alerts are about is still in. Look at them at once: either many accounts are taken, or the rule is wrong.")); err != nil {
			return err
		}
	}
	return tx.Record(by, fact.ContainmentDeclined{Alert: f.Alert, Unit: c.Unit, Rule: f.Rule, Person: f.Person, Why: string(outcome)})
}

// mayByRule finds the person and tells whether a rule may contain him.
func (s *Service) mayByRule(tx *store.Tx, f fact.ContainmentDue, c *Containment) (RuleOutcome, error) {
	p, err := authz.FindPerson(tx, f.Person)
	if fault.Is(err, fault.KindNotFound) || err == nil && !p.Active {
		return RuleUnknown, nil
	}
	if err != nil {
		return "", err
	}
	c.Person, c.Unit = p, p.Unit
	if emergency, err := isBreakGlass(tx, p.ID); err != nil || emergency {
		return RuleEmergency, err
	}
	if tx.Now.Sub(f.At) > fresh {
		return RuleLate, nil
	}
	was, open, err := openContainment(tx, p.ID)
	switch {
	case err != nil:
		return "", err
	case open && (was.State == ContainInForce || was.Waiting(tx.Now)):
		return RuleAlready, nil
	case open:
		if _, err := tx.Exec("UPDATE identity_containment SET state = $1, ended = $2 WHERE id = $3", string(ContainExpired), tx.Millis(), was.ID); err != nil {
			return "", err
		}
	}
	var ofRule, ofAll int
	if err := tx.QueryRow("SELECT COALESCE(SUM(CASE WHEN rule = $1 THEN 1 ELSE 0 END), 0), COUNT(*) FROM identity_byrule WHERE at > $2 AND outcome IN ('contained', 'asked')",
		f.Rule, store.Millis(tx.Now.Add(-braked))).Scan(&ofRule, &ofAll); err != nil {
		return "", err
	}
	if ofRule >= f.Most || ofAll >= mostByRules {
		return RuleBraked, nil
	}
	return RuleContained, nil
}

// tellOfRule tells those who may contain, at whatever hour: nobody of them did
// this.
func (s *Service) tellOfRule(tx *store.Tx, unit, href, key string, subject, body text.Message) error {
	who, err := s.dir.Holders(tx, Contain, unit)
	if err != nil {
		return err
	}
	for _, to := range who {
		if err := notify.Send(tx, notify.Message{To: to, Topic: "identity", Urgent: true, Href: href, Key: key, Subject: subject, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// joinIncident makes what was done upon an alert part of the incident that the
// alert became part of, whether a rule or a person did it.
func joinIncident(tx *store.Tx, f fact.AlertEscalated) error {
	list, err := store.Rows(tx, readContainment, "SELECT "+containmentColumns+" FROM identity_containment c WHERE c.alert = $1 AND c.incident = '' AND c.state IN ('asked', 'in-force', 'released') ORDER BY c.asked, c.id", f.Alert)
	for _, c := range list {
		if _, err := tx.Exec("UPDATE identity_containment SET incident = $1 WHERE id = $2", f.Incident, c.ID); err != nil {
			return err
		}
		joined := fact.ContainmentJoined{Containment: c.ID, Person: c.Person.ID, Unit: c.Unit, Alert: f.Alert, Incident: f.Incident, Rule: c.Rule, State: string(c.State), Began: c.Began}
		if err := tx.QueryRow("SELECT COUNT(*), COALESCE(SUM(CASE WHEN result IN ($1, $2) THEN 0 ELSE 1 END), 0) FROM identity_target WHERE containment = $3", string(Ended), string(Confirmed), c.ID).Scan(&joined.Targets, &joined.Unproven); err != nil {
			return err
		}
		if err := tx.Record(authz.System("identity"), joined); err != nil {
			return err
		}
	}
	return err
}

// DoneByRule is what the rule behind an alert did about the person. Who sees the
// alert sees this; the containment itself, who may see it.
func (s *Service) DoneByRule(tx *store.Tx, by authz.Actor, alert string) (r ByRule, ok bool, err error) {
	var containment string
	var at int64
	err = tx.QueryRow("SELECT person, at, outcome, containment FROM identity_byrule WHERE alert = $1", alert).Scan(&r.Person.ID, &at, &r.Outcome, &containment)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	r.At = store.Time(at)
	if p, err := authz.FindPerson(tx, r.Person.ID); err == nil {
		r.Person = p
	} else if !fault.Is(err, fault.KindNotFound) {
		return r, false, err
	}
	if containment == "" {
		return r, true, nil
	}
	var unit string
	var asked int64
	if err := tx.QueryRow("SELECT state, unit, asked, (SELECT COUNT(*) FROM identity_target t WHERE t.containment = c.id AND t.result NOT IN ($2, $3)) FROM identity_containment c WHERE c.id = $1",
		containment, string(Ended), string(Confirmed)).Scan(&r.State, &unit, &asked, &r.Unproven); err != nil {
		return r, false, err
	}
	if r.State == ContainAsked && !(Containment{State: r.State, Asked: store.Time(asked)}).Waiting(tx.Now) {
		r.State = ContainExpired
	}
	if by.Can(ReadContainments, unit) {
		r.Href = ContainmentHref(containment)
	}
	return r, true, nil
}
