package identity

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Containment is one act by which a person loses every session, token, trip,
// grant and right at a gate, and stays out until somebody releases him. What
// became of each thing that let him in is one of its targets: with a result
// that says no more than is known, and the time since the act.
type Containment struct {
	ID       string
	Person   authz.Person
	Unit     string // of the person when it was asked for
	Reason   string
	Incident string // number, empty where none
	Alert    string
	Rule     string // of detection, that asked; empty: a person did
	Title    string // of the rule, in English
	TitleJA  string
	State    ContainmentState
	AskedBy  string
	Asked    time.Time
	Decider  string // the second person; empty where none was needed
	Decided  time.Time
	Began    time.Time // zero: not in force, ever
	Ended    time.Time
	EndedBy  string
	Why      string // it was released
}

// ContainmentState is where a containment stands.
type ContainmentState string

// The states.
const (
	ContainAsked    ContainmentState = "asked" // waits for a second person; nothing has ended yet
	ContainInForce  ContainmentState = "in-force"
	ContainReleased ContainmentState = "released"
	ContainRefused  ContainmentState = "refused" // by the second person, or taken back
	ContainExpired  ContainmentState = "expired" // nobody decided in time
)

// askedFor is how long a containment waits for the second person: he is needed
// now. What is not decided by then was no emergency, or is to be asked for anew.
const askedFor = 4 * time.Hour

// Waiting tells whether it waits for a second person.
func (c Containment) Waiting(now time.Time) bool {
	return c.State == ContainAsked && now.Sub(c.Asked) < askedFor
}

// Until is when it stops to wait.
func (c Containment) Until() time.Time { return c.Asked.Add(askedFor) }

// ContainmentHref is its page.
func ContainmentHref(id string) string { return "/identity/containments/" + id }

// Order is what somebody asks for who contains a person.
type Order struct {
	Person   string // id
	Reason   string
	Incident string // number, or empty
	Alert    string
}

// Cases are the neighbours from which a person is contained: they tell whether
// there is such a thing that the actor may see.
type Cases interface {
	Incident(tx *store.Tx, by authz.Actor, number string) error
	Alert(tx *store.Tx, by authz.Actor, number string) error
}

// Ask names the neighbours; without them nothing but the form of a number is
// known. It comes before the service is used.
func (s *Service) Ask(c Cases) { s.cases = c }

const longestReason = 1000

// Contain locks a person out at once, or, where he is privileged, asks a second
// person to. The containment that comes back tells which.
func (s *Service) Contain(ctx context.Context, by authz.Actor, o Order) (c Containment, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if c, err = s.order(tx, by, o); err != nil {
			return err
		}
		two, err := s.needsTwo(tx, by, c.Person.ID)
		if err != nil {
			return err
		}
		if two {
			return s.askToContain(tx, by, &c)
		}
		return s.lockOut(tx, by, &c)
	})
	return c, err
}

// order checks what is asked for.
func (s *Service) order(tx *store.Tx, by authz.Actor, o Order) (c Containment, err error) {
	o.Reason, o.Incident, o.Alert = strings.TrimSpace(o.Reason), strings.TrimSpace(o.Incident), strings.TrimSpace(o.Alert)
	p, err := authz.FindPerson(tx, strings.TrimSpace(o.Person))
	if fault.Is(err, fault.KindNotFound) || err == nil && !by.Can(Contain, p.Unit) {
		err = errNoLost()
	}
	if err != nil {
		return c, err
	}
	if by.Person == p.ID {
		return c, fault.Denied("Nobody contains himself. If somebody else uses your account, say so under My security.")
	}
	var wrong []fault.Field
	switch n := len([]rune(o.Reason)); {
	case n == 0:
		wrong = append(wrong, fault.F("reason", "Say why, in a sentence"))
	case n > longestReason:
		wrong = append(wrong, fault.F("reason", "At most %d letters", longestReason))
	}
	for _, one := range []struct {
		field, number string
		known         func(*store.Tx, authz.Actor, string) error
	}{{"incident", o.Incident, s.cases.Incident}, {"alert", o.Alert, s.cases.Alert}} {
		if one.number == "" {
			continue
		}
		err := one.known(tx, by, one.number)
		if err != nil && !fault.Is(err, fault.KindNotFound) && !fault.Is(err, fault.KindDenied) {
			return c, err
		}
		if err != nil {
			wrong = append(wrong, fault.F(one.field, "There is no %s, or you may not see it", one.number))
		}
	}
	if len(wrong) > 0 {
		return c, fault.Invalid(wrong...)
	}
	was, open, err := openContainment(tx, p.ID)
	switch {
	case err != nil:
		return c, err
	case open && was.State == ContainInForce:
		return c, fault.Conflict("This person is contained already")
	case open && was.Waiting(tx.Now):
		return c, fault.Conflict("This person's containment waits for a second person already")
	case open:
		if _, err := tx.Exec("UPDATE identity_containment SET state = $1, ended = $2 WHERE id = $3", string(ContainExpired), tx.Millis(), was.ID); err != nil {
			return c, err
		}
	}
	return Containment{ID: id.New(), Person: p, Unit: p.Unit, Reason: o.Reason, Incident: o.Incident, Alert: o.Alert, AskedBy: by.Who(), Asked: tx.Now}, nil
}

// needsTwo tells whether a second person must agree: to contain somebody by
// whom the group is defended or run blinds it, so one taken-over account must
// not suffice. A break-glass account is there for when nobody else is.
func (s *Service) needsTwo(tx *store.Tx, by authz.Actor, person string) (bool, error) {
	privileged, err := s.privileged(tx, person)
	if err != nil || !privileged || by.Person == "" {
		return privileged, err
	}
	alone, err := isBreakGlass(tx, by.Person)
	return !alone, err
}

// privileged tells whether a person's account is worth more than his own work:
// he may do an act anywhere by which somebody decides for others or over who
// may, or it is for emergencies.
func (s *Service) privileged(tx *store.Tx, person string) (bool, error) {
	if is, err := isBreakGlass(tx, person); is || err != nil {
		return is, err
	}
	a, err := s.dir.Actor(tx, person, "", text.EN, nil)
	if err != nil {
		return false, err
	}
	for _, act := range append([]authz.Act{Contain}, s.o.Guarded...) {
		if a.CanAnywhere(act) {
			return true, nil
		}
	}
	return false, nil
}

// askToContain leaves everything as it is and calls for a second person.
func (s *Service) askToContain(tx *store.Tx, by authz.Actor, c *Containment) error {
	c.State = ContainAsked
	if err := c.insert(tx); err != nil {
		return err
	}
	who, err := s.dir.Holders(tx, Contain, c.Unit)
	if err != nil {
		return err
	}
	for _, to := range who {
		if to == c.Person.ID || to == by.Person {
			continue
		}
		if err := notify.Send(tx, notify.Message{To: to, Topic: "identity", Urgent: true, Href: ContainmentHref(c.ID), Key: "containment/" + c.ID,
			Subject: text.M("%s is to be contained: a second person is needed", c.Person.ID),
			Body:    text.M("The account is privileged. Until you confirm, nothing ends and the person stays in.")}); err != nil {
			return err
		}
	}
	return tx.Record(by, fact.ContainmentAsked{Containment: c.ID, Person: c.Person.ID, Unit: c.Unit, Incident: c.Incident, Alert: c.Alert, Rule: c.Rule})
}

// ConfirmContainment is the second person's word: the person is locked out now.
func (s *Service) ConfirmContainment(ctx context.Context, by authz.Actor, containment string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := waiting(tx, by, containment)
		if err != nil {
			return err
		}
		if err := authz.TwoPersons(c.AskedBy, by.Who()); err != nil {
			return err
		}
		if by.IsSystem() { // two people are people: who runs the machine can't be told apart from who asked
			return fault.Denied("A second person must confirm this in the console")
		}
		c.Decider, c.Decided = by.Who(), tx.Now
		return s.lockOut(tx, by, &c)
	})
}

// RefuseContainment ends the wait: the second person refuses, or who asked
// takes it back.
func (s *Service) RefuseContainment(ctx context.Context, by authz.Actor, containment string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := waiting(tx, by, containment)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_containment SET state = $1, decided_by = $2, decided = $3, ended = $3 WHERE id = $4", string(ContainRefused), by.Who(), tx.Millis(), c.ID); err != nil {
			return err
		}
		return tx.Record(by, fact.ContainmentRefused{Containment: c.ID, Person: c.Person.ID, Unit: c.Unit, Incident: c.Incident})
	})
}

// waiting is a containment on which the actor may decide now.
func waiting(tx *store.Tx, by authz.Actor, containment string) (Containment, error) {
	c, err := findContainment(tx, by, Contain, containment)
	switch {
	case err != nil:
	case by.Person == c.Person.ID:
		err = fault.Denied("Nobody decides about himself")
	case c.State == ContainAsked && !c.Waiting(tx.Now):
		err = fault.Conflict("It waited too long: ask for it anew")
	case c.State != ContainAsked:
		err = fault.Conflict("This was decided already")
	}
	return c, err
}

// lockOut locks the person out in this transaction, and writes down each thing
// that is to be proven.
func (s *Service) lockOut(tx *store.Tx, by authz.Actor, c *Containment) error {
	targets, err := applicationTargets(tx, c.Person.ID)
	if err != nil {
		return err
	}
	shut, err := s.Close(tx, by, c.Person.ID, Standing{State: Contained, Reason: "containment", Incident: c.Incident})
	if err != nil {
		return err
	}
	for _, one := range shut {
		targets = append(targets, Target{ID: "door/" + one.Door, Kind: DoorTarget, Name: one.Door, Count: one.Count, Result: Ended, Millis: one.Took.Milliseconds(), At: tx.Now.Add(one.Took)})
	}
	gates, err := radiusTargets(tx, c.Person.ID)
	if err != nil {
		return err
	}
	targets = append(targets, gates...)
	fresh := c.State == ""
	c.State, c.Began = ContainInForce, tx.Now
	if fresh {
		err = c.insert(tx)
	} else {
		_, err = tx.Exec("UPDATE identity_containment SET state = $1, began = $2, decided_by = $3, decided = $4 WHERE id = $5",
			string(c.State), tx.Millis(), c.Decider, store.Millis(c.Decided), c.ID)
	}
	if err != nil {
		return err
	}
	if err := tx.Record(by, fact.PersonContained{Containment: c.ID, Person: c.Person.ID, Unit: c.Unit, Incident: c.Incident, Alert: c.Alert, Rule: c.Rule, Asked: c.AskedBy, Targets: len(targets)}); err != nil {
		return err
	}
	return aim(tx, *c, targets)
}

// Release lets the person sign in again. What else keeps him out stays: that
// his directory disabled him, or that he left.
func (s *Service) Release(ctx context.Context, by authz.Actor, containment, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := findContainment(tx, by, Contain, containment)
		if err != nil {
			return err
		}
		why = strings.TrimSpace(why)
		switch n := len([]rune(why)); {
		case by.Person == c.Person.ID:
			return fault.Denied("Nobody decides about himself")
		case c.State != ContainInForce:
			return fault.Conflict("This containment is not in force")
		case n == 0:
			return fault.Invalid(fault.F("why", "Say why, in a sentence"))
		case n > longestReason:
			return fault.Invalid(fault.F("why", "At most %d letters", longestReason))
		}
		if _, err := tx.Exec("UPDATE identity_containment SET state = $1, ended = $2, ended_by = $3, why = $4 WHERE id = $5", string(ContainReleased), tx.Millis(), by.Who(), why, c.ID); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_target SET open = 0 WHERE containment = $1", c.ID); err != nil {
			return err
		}
		if err := s.Open(tx, by, c.Person.ID, Contained); err != nil {
			return err
		}
		return tx.Record(by, fact.ContainmentReleased{Containment: c.ID, Person: c.Person.ID, Unit: c.Unit, Incident: c.Incident})
	})
}

const containmentColumns = "c.id, c.person, c.unit, c.reason, c.incident, c.alert, c.state, c.asked_by, c.asked, c.decided_by, c.decided, c.began, c.ended, c.ended_by, c.why, c.rule, c.rule_title, c.rule_title_ja"

func readContainment(r store.Scanner) (c Containment, err error) {
	var asked, decided, began, ended int64
	err = r.Scan(&c.ID, &c.Person.ID, &c.Unit, &c.Reason, &c.Incident, &c.Alert, &c.State, &c.AskedBy, &asked, &c.Decider, &decided, &began, &ended, &c.EndedBy, &c.Why, &c.Rule, &c.Title, &c.TitleJA)
	c.Asked, c.Decided, c.Began, c.Ended = store.Time(asked), store.Time(decided), store.Time(began), store.Time(ended)
	return c, err
}

func (c Containment) insert(tx *store.Tx) error {
	_, err := tx.Exec("INSERT INTO identity_containment (id, person, unit, reason, incident, alert, state, asked_by, asked, decided_by, decided, began, rule, rule_title, rule_title_ja) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)",
		c.ID, c.Person.ID, c.Unit, c.Reason, c.Incident, c.Alert, string(c.State), c.AskedBy, store.Millis(c.Asked), c.Decider, store.Millis(c.Decided), store.Millis(c.Began), c.Rule, c.Title, c.TitleJA)
	return err
}

// openContainment is the one of a person that waits or is in force.
func openContainment(tx *store.Tx, person string) (Containment, bool, error) {
	c, err := readContainment(tx.QueryRow("SELECT "+containmentColumns+" FROM identity_containment c WHERE c.person = $1 AND c.state IN ('asked', 'in-force')", person))
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}

// findContainment is one on which the actor may do the act; others learn nothing of it.
func findContainment(tx *store.Tx, by authz.Actor, act authz.Act, containment string) (Containment, error) {
	c, err := readContainment(tx.QueryRow("SELECT "+containmentColumns+" FROM identity_containment c WHERE c.id = $1", containment))
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.NotFound("There is no such entry, or you may not see it")
	}
	if err == nil {
		err = by.See(act, c.Unit)
	}
	if err != nil {
		return Containment{}, err
	}
	c.Person, err = authz.FindPerson(tx, c.Person.ID)
	return c, err
}

// anything is where no neighbour was named: every number is taken.
type anything struct{}

func (anything) Incident(*store.Tx, authz.Actor, string) error { return nil }
func (anything) Alert(*store.Tx, authz.Actor, string) error    { return nil }
