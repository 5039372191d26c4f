package detect

import (
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// standing is what an exclusion and a suppression have in common: somebody asks
// for it and owns it, where it hides what is grave a second person approves it,
// and anybody who may have made it ends it.
type standing struct {
	table       string
	id, unit    string
	by, owner   string
	waits, over bool
	notWaiting  error // said where it does not wait
	overAlready error // said where it is over
	fact        func(act string) store.Fact
}

// approve puts a standing that somebody else asked for in force.
func (s *Service) approve(tx *store.Tx, by authz.Actor, x standing) error {
	if err := by.May(Exclude, x.unit); err != nil {
		return err
	}
	if !x.waits {
		return x.notWaiting
	}
	for _, first := range []string{x.by, x.owner} {
		if err := authz.TwoPersons(first, by.Who()); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("UPDATE "+x.table+" SET approved = $2, approved_by = $3 WHERE id = $1", x.id, tx.Millis(), by.Who()); err != nil {
		return err
	}
	return s.decided(tx, by, x, "approved", text.M("Approved"), "")
}

// end ends a standing now, or refuses one that waits.
func (s *Service) end(tx *store.Tx, by authz.Actor, x standing, why string) error {
	if err := by.May(Exclude, x.unit); err != nil {
		return err
	}
	if x.over {
		return x.overAlready
	}
	if _, err := tx.Exec("UPDATE "+x.table+" SET ended = $2, ended_by = $3 WHERE id = $1", x.id, tx.Millis(), by.Who()); err != nil {
		return err
	}
	return s.decided(tx, by, x, "ended", text.M("Ended by hand"), strings.TrimSpace(why))
}

// begun notes that a standing is there: in force, or waiting for the second
// person.
func (s *Service) begun(tx *store.Tx, by authz.Actor, x standing, reason string) error {
	if x.waits {
		return s.decided(tx, by, x, "asked", text.M("Asked for; waits for a second person"), reason)
	}
	return s.decided(tx, by, x, "approved", text.M("Put in force"), reason)
}

// decided lets all processes take a decision into account, and writes it down.
func (s *Service) decided(tx *store.Tx, by authz.Actor, x standing, act string, said text.Message, why string) error {
	if err := s.next(tx); err != nil {
		return err
	}
	if err := entry(tx, x.id, by.Who(), said, why); err != nil {
		return err
	}
	return tx.Record(by, x.fact(act))
}

// owned takes whoever asks for the owner where nobody is named, and tells what is
// wrong with the one who is.
func owned(tx *store.Tx, by authz.Actor, owner *string) (wrong []fault.Field, err error) {
	if *owner == "" {
		*owner = by.Person
	}
	p, err := authz.FindPerson(tx, *owner)
	if fault.Is(err, fault.KindNotFound) || err == nil && !p.Active {
		return []fault.Field{fault.F("owner", "There is no such person")}, nil
	}
	return nil, err
}

// peopleOf is the history of a standing, with the people in it and those named.
func peopleOf(tx *store.Tx, id string, named ...string) ([]Entry, map[string]authz.Person, error) {
	list, err := history(tx, id)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range list {
		named = append(named, e.Who)
	}
	people, err := authz.People(tx, named...)
	return list, people, err
}
