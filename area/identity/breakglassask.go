package identity

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// BreakGlassAsk is what one person wants of an account for emergencies: to make
// it one, or to end that. Such an account is let in from anywhere, contains alone
// and is out of reach of every directory, so a second person decides, and the
// CSIRT is told.
type BreakGlassAsk struct {
	ID      string
	Person  authz.Person
	Ends    bool // it shall be an account like any other
	AskedBy string
	Asked   time.Time

	MayDecide bool // the reader, being the second person
	MayRefuse bool // or who asked
}

// breakGlassAskFor is how long it waits for the second person.
const breakGlassAskFor = 7 * 24 * time.Hour

// Until is when it stops to wait.
func (a BreakGlassAsk) Until() time.Time { return a.Asked.Add(breakGlassAskFor) }

func readBreakGlassAsk(r store.Scanner) (a BreakGlassAsk, err error) {
	var asked int64
	var ends int
	err = r.Scan(&a.ID, &a.Person.ID, &ends, &a.AskedBy, &asked)
	a.Ends, a.Asked = ends != 0, store.Time(asked)
	return a, err
}

const breakGlassAsks = "SELECT id, person, ends, asked_by, asked FROM identity_breakglass_ask WHERE state = 'asked' AND asked > $1"

// BreakGlassAsks are those that wait, for who may read factors in the whole group.
func (s *Service) BreakGlassAsks(ctx context.Context, by authz.Actor) (list []BreakGlassAsk, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := by.May(ReadFactors, ""); err != nil {
			return err
		}
		if list, err = store.Rows(tx, readBreakGlassAsk, breakGlassAsks+" ORDER BY asked, id", store.Millis(tx.Now.Add(-breakGlassAskFor))); err != nil {
			return err
		}
		for i := range list {
			a := &list[i]
			if a.Person, err = authz.FindPerson(tx, a.Person.ID); err != nil {
				return err
			}
			if by.Can(ManageBreakGlass, "") && by.Person != a.Person.ID {
				a.MayRefuse, a.MayDecide = true, !by.IsSystem() && by.Who() != a.AskedBy
			}
		}
		return nil
	})
	return list, err
}

// AskBreakGlass asks that an account be made one for emergencies, or be one no
// longer.
func (s *Service) AskBreakGlass(ctx context.Context, by authz.Actor, person string, ends bool) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(ManageBreakGlass, ""); err != nil {
			return err
		}
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		if err := s.fitsBreakGlass(tx, by, p, ends); err != nil {
			return err
		}
		since := store.Millis(tx.Now.Add(-breakGlassAskFor))
		waiting, err := store.Rows(tx, readBreakGlassAsk, breakGlassAsks+" AND person = $2", since, person)
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			return fault.Conflict("A request about this account waits for a second person already")
		}
		who, err := s.dir.Holders(tx, ManageBreakGlass, "")
		if err != nil {
			return err
		}
		a := BreakGlassAsk{ID: id.New(), AskedBy: by.Who()}
		subject := text.M("%s is to be a break-glass account: a second person is needed", p.ID)
		if ends {
			subject = text.M("%s is to be a break-glass account no longer: a second person is needed", p.ID)
		}
		told := 0
		for _, to := range who {
			if to == person || to == by.Person {
				continue
			}
			told++
			if err := notify.Send(tx, notify.Message{To: to, Subject: subject, Body: text.M("Ask who wants it, and why, before you agree. The CSIRT is told once you do."),
				Href: "/identity/break-glass", Key: "break-glass-ask/" + a.ID, Topic: "identity"}); err != nil {
				return err
			}
		}
		if told == 0 {
			return fault.Conflict("This takes two people, and nobody else may agree to it: give a second person the role first")
		}
		if _, err := tx.Exec("INSERT INTO identity_breakglass_ask (id, person, ends, asked_by, asked, state) VALUES ($1,$2,$3,$4,$5,'asked')",
			a.ID, person, flag(ends), a.AskedBy, tx.Millis()); err != nil {
			return err
		}
		return tx.Record(by, fact.BreakGlassAsked{Person: p.ID, Unit: p.Unit, Ends: ends})
	})
}

// fitsBreakGlass refuses what can't be done about an account, or not by the
// actor. One that is to be for emergencies must have a key bound to its hardware
// already: else it would be locked out from then on.
func (s *Service) fitsBreakGlass(tx *store.Tx, by authz.Actor, p authz.Person, ends bool) error {
	if by.Person == p.ID {
		return fault.Denied("Nobody decides about himself")
	}
	is, err := isBreakGlass(tx, p.ID)
	switch {
	case err != nil:
		return err
	case ends && !is:
		return errNoLost()
	case ends:
		return nil
	case is:
		return fault.Conflict("This is a break-glass account already")
	}
	keys, err := s.boundKeys(tx, p.ID)
	if err == nil && keys == 0 {
		err = fault.Conflict("This account has no key that is bound to its hardware and vouched for by its maker: add one first")
	}
	return err
}

// DecideBreakGlass is the second person's word, or that of who asked and takes it
// back. With a yes it is done, and the CSIRT is told.
func (s *Service) DecideBreakGlass(ctx context.Context, by authz.Actor, ask string, yes bool) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(ManageBreakGlass, ""); err != nil {
			return err
		}
		a, err := readBreakGlassAsk(tx.QueryRow(breakGlassAsks+" AND id = $2", store.Millis(tx.Now.Add(-breakGlassAskFor)), ask))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Conflict("This was decided already, or waited too long")
		}
		if err != nil {
			return err
		}
		p, err := authz.FindPerson(tx, a.Person.ID)
		if err != nil {
			return err
		}
		if by.Person == p.ID {
			return fault.Denied("Nobody decides about himself")
		}
		state := "refused"
		if yes {
			state = "approved"
			if err := authz.TwoPersons(a.AskedBy, by.Who()); err != nil {
				return err
			}
			if by.IsSystem() { // who runs the machine can't be told apart from who asked
				return fault.Denied("A second person must confirm this in the console")
			}
			if err := s.fitsBreakGlass(tx, by, p, a.Ends); err != nil {
				return err
			}
		}
		n, err := tx.Exec("UPDATE identity_breakglass_ask SET state = $1, decided_by = $2, decided = $3 WHERE id = $4 AND state = 'asked'", state, by.Who(), tx.Millis(), a.ID)
		switch {
		case err != nil:
			return err
		case n == 0:
			return fault.Conflict("This was decided already, or waited too long")
		case !yes:
			return tx.Record(by, fact.BreakGlassRefused{Person: p.ID, Unit: p.Unit, Ends: a.Ends})
		case a.Ends:
			return s.endBreakGlass(tx, by, p, a)
		}
		return s.makeBreakGlass(tx, by, p, a)
	})
}

func (s *Service) makeBreakGlass(tx *store.Tx, by authz.Actor, p authz.Person, a BreakGlassAsk) error {
	if _, err := tx.Exec("INSERT INTO identity_breakglass (person, made, made_by) VALUES ($1,$2,$3) ON CONFLICT (person) DO UPDATE SET ended = 0, made = excluded.made, made_by = excluded.made_by, drill = 0",
		p.ID, tx.Millis(), a.AskedBy); err != nil {
		return err
	}
	if err := s.alarm(tx, p, text.M("%s is a break-glass account from now on", p.ID),
		text.M("%s asked for it and %s agreed. It is let in from anywhere and contains alone. If nobody of you knows of it, ask both.", a.AskedBy, by.Who()), "break-glass-ask/"+a.ID); err != nil {
		return err
	}
	return tx.Record(by, fact.BreakGlassMade{Person: p.ID, Unit: p.Unit, Asked: a.AskedBy})
}

// endBreakGlass makes it an account like any other.
func (s *Service) endBreakGlass(tx *store.Tx, by authz.Actor, p authz.Person, a BreakGlassAsk) error {
	if _, err := tx.Exec("UPDATE identity_breakglass SET ended = $1 WHERE person = $2 AND ended = 0", tx.Millis(), p.ID); err != nil {
		return err
	}
	if err := s.alarm(tx, p, text.M("%s is a break-glass account no longer", p.ID),
		text.M("%s asked for it and %s agreed. If nobody of you knows of it, ask both.", a.AskedBy, by.Who()), "break-glass-ask/"+a.ID); err != nil {
		return err
	}
	return tx.Record(by, fact.BreakGlassEnded{Person: p.ID, Unit: p.Unit, Asked: a.AskedBy})
}
