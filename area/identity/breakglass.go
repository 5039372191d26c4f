package identity

import (
	"context"
	"fmt"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// A break-glass account opens the door when nothing else does: it is exempt from
// where people may sign in, and in return asks for a key bound to its hardware,
// kept in a sealed envelope. Its use alarms the CSIRT at once. Which accounts are
// such, two people decide.
const (
	// FewestBreakGlass is how many there should be: one key may be lost or broken.
	FewestBreakGlass = 2
	drillEvery       = 91 * 24 * time.Hour
	drillCounts      = 7 * 24 * time.Hour // a drill is a sign-in, not older than this
)

// BreakGlass is such an account.
type BreakGlass struct {
	Person authz.Person
	Since  time.Time
	Keys   int       // bound to their hardware
	Used   time.Time // last sign-in
	Drill  time.Time // last one recorded
	Due    time.Time // of the next drill
}

// Overdue tells whether the account should have been tried.
func (b BreakGlass) Overdue(now time.Time) bool { return !now.Before(b.Due) }

// isBreakGlass tells whether an account is one.
func isBreakGlass(tx *store.Tx, person string) (is bool, err error) {
	err = tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_breakglass WHERE person = $1 AND ended = 0)", person).Scan(&is)
	return is, err
}

// admitBreakGlass asks of a break-glass account what it must show, and alarms
// the CSIRT. A session that only adds a key is let in: the first key comes so.
func (s *Service) admitBreakGlass(tx *store.Tx, p authz.Person, session *Session, now situation) error {
	if !now.question.BreakGlass {
		return nil
	}
	adds := session.Narrow() || session.Proof.Method == "link"
	event := Event{Kind: BreakGlassUsed, Person: p.ID, Unit: p.Unit, Session: session.ID, Client: session.into.ID, Device: session.Device, Proof: session.Proof, Outcome: Allowed}
	if !adds && session.Proof.Level != HardwareBound {
		return refuse(errShut(), event, "no-hardware")
	}
	if err := s.note(tx, event); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE identity_breakglass SET used = $1 WHERE person = $2 AND ended = 0", tx.Millis(), p.ID); err != nil {
		return err
	}
	subject, key := text.M("The break-glass account %s is in use", p.ID), "break-glass/"+session.ID
	if into := session.into; into.ID != "" { // each application is an alarm of its own
		subject, key = text.M("The break-glass account %s entered the application %s", p.ID, into.Name), key+"/"+into.ID
	}
	if err := s.alarm(tx, p, subject, text.M("From %s. If nobody of you knows why, contain it now.", session.Device.Network), key); err != nil {
		return err
	}
	return tx.Record(authz.System("identity"), fact.BreakGlassUsed{Person: p.ID, Unit: p.Unit, Session: session.ID, Client: session.into.ID})
}

// alarm tells the CSIRT of a person's unit, at whatever hour.
func (s *Service) alarm(tx *store.Tx, p authz.Person, subject, body text.Message, key string) error {
	who, err := s.dir.Holders(tx, Alarmed, p.Unit)
	if err != nil {
		return err
	}
	for _, to := range who {
		if err := notify.Send(tx, notify.Message{To: to, Subject: subject, Body: body, Href: "/identity/people/" + p.ID, Key: key, Topic: "identity", Urgent: true}); err != nil {
			return err
		}
	}
	return nil
}

// BreakGlassAccounts lists them for who may read factors in the whole group.
func (s *Service) BreakGlassAccounts(ctx context.Context, by authz.Actor) (list []BreakGlass, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := by.May(ReadFactors, ""); err != nil {
			return err
		}
		list, err = s.breakGlass(tx)
		return err
	})
	return list, err
}

func (s *Service) breakGlass(tx *store.Tx) ([]BreakGlass, error) {
	list, err := store.Rows(tx, func(r store.Scanner) (b BreakGlass, err error) {
		var since, used, drill int64
		err = r.Scan(&b.Person.ID, &since, &used, &drill)
		b.Since, b.Used, b.Drill = store.Time(since), store.Time(used), store.Time(drill)
		b.Due = b.Since.Add(drillEvery)
		if !b.Drill.IsZero() {
			b.Due = b.Drill.Add(drillEvery)
		}
		return b, err
	}, "SELECT person, made, used, drill FROM identity_breakglass WHERE ended = 0 ORDER BY person")
	for i := range list {
		if list[i].Person, err = authz.FindPerson(tx, list[i].Person.ID); err != nil {
			return nil, err
		}
		if list[i].Keys, err = s.boundKeys(tx, list[i].Person.ID); err != nil {
			return nil, err
		}
	}
	return list, err
}

// boundKeys is how many keys of a person can't leave their hardware.
func (s *Service) boundKeys(tx *store.Tx, person string) (n int, err error) {
	keys, err := s.passkeysOf(tx, person)
	for _, k := range keys {
		if k.Bound() {
			n++
		}
	}
	return n, err
}

// Drill records that an account was tried: somebody has signed in with it these
// days. Without that there was no drill.
func (s *Service) Drill(ctx context.Context, by authz.Actor, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(ManageBreakGlass, ""); err != nil {
			return err
		}
		list, err := s.breakGlass(tx)
		if err != nil {
			return err
		}
		for _, b := range list {
			if b.Person.ID != person {
				continue
			}
			if b.Used.IsZero() || tx.Now.Sub(b.Used) > drillCounts || b.Used.Equal(b.Drill) || b.Used.Before(b.Drill) {
				return fault.Conflict("Nobody has signed in with this account since the last drill, within the last seven days: sign in with it first")
			}
			if _, err := tx.Exec("UPDATE identity_breakglass SET drill = $1 WHERE person = $2", tx.Millis(), person); err != nil {
				return err
			}
			return tx.Record(by, fact.BreakGlassDrilled{Person: person, Unit: b.Person.Unit, Used: b.Used})
		}
		return errNoLost()
	})
}

// Remind tells who manages break-glass accounts, once a week, what is wrong with
// them: too few, too few keys, or a drill that is overdue.
func (s *Service) Remind(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		list, err := s.breakGlass(tx)
		if err != nil {
			return err
		}
		wrong := len(list) < FewestBreakGlass
		for _, b := range list {
			wrong = wrong || b.Keys == 0 || b.Overdue(tx.Now)
		}
		if !wrong {
			return nil
		}
		who, err := s.dir.Holders(tx, ManageBreakGlass, "")
		if err != nil {
			return err
		}
		year, week := tx.Now.ISOWeek()
		for _, to := range who {
			if err := notify.Send(tx, notify.Message{To: to, Subject: text.M("Break-glass accounts need your attention"),
				Body: text.M("A drill is overdue, an account has no usable key, or there are fewer than two."),
				Href: "/identity/break-glass", Key: fmt.Sprintf("break-glass/%d-W%02d", year, week), Topic: "identity"}); err != nil {
				return err
			}
		}
		return nil
	})
}
