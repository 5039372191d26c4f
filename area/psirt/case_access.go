package psirt

import (
	"context"
	"fmt"
	"slices"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func readAccess(r store.Scanner) (a Access, err error) {
	var since int64
	err = r.Scan(&a.Person, &a.Part, &a.Unit, &since, &a.By)
	a.Since = store.Time(since)
	return a, err
}

func accessOf(tx *store.Tx, caseID string) ([]Access, error) {
	return store.Rows(tx, readAccess, "SELECT person, part, unit, since, added_by FROM psirt_case_access WHERE case_id = $1 ORDER BY part, since, person", caseID)
}

// view is a case as somebody may see it.
type view struct {
	Case
	part  Part
	units []string // of works: those that were asked
}

// open loads a case which the actor may see, and says as what. Under embargo only
// its list counts: no role, however high, opens it.
func open(tx *store.Tx, by authz.Actor, caseID string) (view, error) {
	c, err := find(tx, caseID)
	if err != nil {
		return view{}, err
	}
	if by.IsSystem() {
		return view{c, Member, nil}, nil
	}
	if !by.CanAnywhere(Read) {
		return view{}, missing()
	}
	places, err := store.Rows(tx, readAccess, "SELECT person, part, unit, since, added_by FROM psirt_case_access WHERE case_id = $1 AND person = $2", caseID, by.Person)
	if err != nil {
		return view{}, err
	}
	v := view{c, Works, nil}
	for _, a := range places {
		if a.Part == Member {
			return view{c, Member, nil}, nil
		}
		v.units = append(v.units, a.Unit)
	}
	switch {
	case len(places) > 0:
		return v, nil
	case c.Restricted || !by.Can(Read, c.Unit):
		return view{}, missing()
	case by.Can(Handle, c.Unit):
		return view{c, Member, nil}, nil
	}
	return v, nil
}

// opening is open for looking: under embargo the look is recorded. It runs in
// Change.
func opening(tx *store.Tx, by authz.Actor, caseID string) (view, error) {
	v, err := open(tx, by, caseID)
	if err != nil || !v.Restricted || by.IsSystem() {
		return v, err
	}
	return v, tx.Record(by, fact.PsirtCaseRead{Case: v.ID})
}

// handle is a use case on a case that the actor may work on: it loads, asks, does,
// and derives the status anew.
func (s *Service) handle(ctx context.Context, by authz.Actor, caseID string, do func(tx *store.Tx, c *Case) error) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := working(tx, by, caseID)
		if err != nil {
			return err
		}
		if err := do(tx, &c); err != nil {
			return err
		}
		return s.settle(tx, &c)
	})
}

// working loads a case on which the actor may work: as a member of its list with
// the right to handle cases at all, or by that right where it is restricted no more.
func working(tx *store.Tx, by authz.Actor, caseID string) (Case, error) {
	v, err := open(tx, by, caseID)
	if err != nil {
		return Case{}, err
	}
	if by.IsSystem() || v.part == Member && by.CanAnywhere(Handle) {
		return v.Case, nil
	}
	return Case{}, fault.Denied("You may read this case, not work on it")
}

// visible is open as a predicate over rows "c" of psirt_case, with placeholders
// from $n on.
func visible(by authz.Actor, n int) (string, []any) {
	if by.IsSystem() {
		return "1=1", nil
	}
	if !by.CanAnywhere(Read) {
		return "1=0", nil
	}
	in, args := by.Scope(Read).Where("c.unit", n+1)
	return fmt.Sprintf("((c.restricted = 0 AND %s) OR EXISTS (SELECT 1 FROM psirt_case_access x WHERE x.case_id = c.id AND x.person = $%d))", in, n),
		append([]any{by.Person}, args...)
}

// Give puts a person on a case's list.
func (s *Service) Give(ctx context.Context, by authz.Actor, caseID, person string, part Part, unit string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if part != Member && part != Works {
			return fault.Invalid(fault.F("part", "Choose what the person may see"))
		}
		if part == Works && unit == "" {
			return fault.Invalid(fault.F("unit", "Choose the unit whose products it is about"))
		}
		if err := s.canRead(tx, person); err != nil {
			return err
		}
		return s.give(tx, by, c, person, part, unit)
	})
}

// canRead refuses who has no role with which he could open any case.
func (s *Service) canRead(tx *store.Tx, person string) error {
	bad := fault.Invalid(fault.F("person", "This person is not known, or has no role with which a case can be read"))
	if s.p.Directory == nil {
		return nil
	}
	a, err := s.p.Directory.ActorOf(tx, person)
	if fault.Is(err, fault.KindNotFound) || fault.Is(err, fault.KindDenied) || fault.Is(err, fault.KindUnauthenticated) {
		return bad
	}
	if err == nil && !a.CanAnywhere(Read) {
		return bad
	}
	return err
}

// give writes a place on the list; whoever has one keeps the wider part.
func (s *Service) give(tx *store.Tx, by authz.Actor, c *Case, person string, part Part, unit string) error {
	if part == Member {
		unit = ""
	}
	have, err := store.Rows(tx, readAccess, "SELECT person, part, unit, since, added_by FROM psirt_case_access WHERE case_id = $1 AND person = $2", c.ID, person)
	if err != nil || slices.ContainsFunc(have, func(a Access) bool { return a.Part == Member || a.Part == part && a.Unit == unit }) {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO psirt_case_access (case_id, person, part, unit, since, added_by) VALUES ($1,$2,$3,$4,$5,$6)`, c.ID, person, string(part), unit, tx.Millis(), by.Who()); err != nil {
		return err
	}
	if _, err := write(tx, by, c, Entry{Kind: Given, About: person, Data: string(part)}); err != nil {
		return err
	}
	if person == by.Person {
		return nil
	}
	return s.tell(tx, c, []string{person}, "given:"+person, text.M("You were added to a case of the PSIRT"), false)
}

// Take takes a person off a case's list. The last member stays: a case that nobody
// may open would be lost.
func (s *Service) Take(ctx context.Context, by authz.Actor, caseID, person string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		all, err := accessOf(tx, c.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(a Access) bool { return a.Person == person })
		if i < 0 {
			return nil
		}
		members := 0
		for _, a := range all {
			if a.Part == Member {
				members++
			}
		}
		if all[i].Part == Member && members == 1 {
			return fault.Conflict("The last one who takes part can't be taken off the list")
		}
		if _, err := tx.Exec("DELETE FROM psirt_case_access WHERE case_id = $1 AND person = $2", c.ID, person); err != nil {
			return err
		}
		_, err = write(tx, by, c, Entry{Kind: Taken, About: person})
		return err
	})
}

// tell brings word of a case to people on its list. Under embargo the message says
// that there is something, and nothing of what it is: it is mailed and handed to
// webhooks.
func (s *Service) tell(tx *store.Tx, c *Case, who []string, key string, subject text.Message, urgent bool) error {
	if s.p.Notifier == nil {
		return nil
	}
	for _, p := range who {
		n := Notice{To: p, Subject: subject, Body: text.M("Sign in to read it. Nothing of its content is sent by mail."), Href: Href(c.ID),
			Key: "psirt:" + c.ID + ":" + key + ":" + p, Urgent: urgent}
		if err := s.p.Notifier.Notify(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// members are who takes part in a case.
func members(tx *store.Tx, caseID string) ([]string, error) {
	return store.Texts(tx, "SELECT person FROM psirt_case_access WHERE case_id = $1 AND part = 'member' ORDER BY person", caseID)
}
