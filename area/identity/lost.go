package identity

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// LostState is what became of the request of somebody who can't sign in.
type LostState string

// The states of a request.
const (
	LostAsked    LostState = "asked"
	LostApproved LostState = "approved" // the link is made
	LostRefused  LostState = "refused"
	LostDone     LostState = "done" // the link was used
)

// Label is the state's name.
func (s LostState) Label() text.Message {
	switch s {
	case LostApproved:
		return text.M("Link made")
	case LostRefused:
		return text.M("Refused§recovery")
	case LostDone:
		return text.M("Link used")
	}
	return text.M("Waits for approval")
}

// Lost is a request of somebody who has lost what he signs in by. His manager
// vouches for him (where he has none who can, see vouching), and the help desk has
// seen that it is he: two people, neither of them himself.
type Lost struct {
	ID      string
	Person  authz.Person
	Asked   time.Time
	AskedBy string // the person himself where it is he
	Manager string // who vouched, whatever he is to the person
	Desk    string // of the help desk
	State   LostState
	Ended   time.Time

	// While it waits: who vouches, and as what; or that nobody can.
	Vouchers []authz.Person
	As       As
	Nobody   bool

	// What the reader may do.
	MayVouch, MayServe bool
}

// Open tells whether it still waits.
func (l Lost) Open(now time.Time) bool { return l.State == LostAsked && now.Sub(l.Asked) < lostFor }

// lostFor is how long a request waits.
const lostFor = 3 * 24 * time.Hour

const lostColumns = "l.id, l.person, l.asked, l.asked_by, l.manager, l.desk, l.state, l.ended"

func readLost(r store.Scanner) (l Lost, err error) {
	var asked, ended int64
	err = r.Scan(&l.ID, &l.Person.ID, &asked, &l.AskedBy, &l.Manager, &l.Desk, &l.State, &ended)
	l.Asked, l.Ended = store.Time(asked), store.Time(ended)
	return l, err
}

const askKind = "identity.lost"

// How often a day is asked: for one account, from one network for it, and from one
// network in all, which may be a house of ten thousand people.
const (
	asksFor  = 20
	asksNear = 4
	asksFrom = 300
)

// AskRecovery notes that somebody says he can't sign in. What becomes of it is
// the same to whoever asks, and takes as long, whether there is such an account.
func (s *Service) AskRecovery(ctx context.Context, account string, from Device) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		network := place(from.Network)
		for _, count := range []struct {
			key  string
			most int64
		}{
			{id.Digest("lost " + network), asksFrom},
			{id.Digest("lost account " + typed(account)), asksFor},
			{id.Digest("lost account " + typed(account) + " " + network), asksNear},
		} {
			c, err := countOf(tx, count.key)
			if err != nil {
				return err
			}
			if c.failures >= count.most {
				return fault.TooBusy(time.Hour, "Too many attempts. Please wait a little, or use a passkey.")
			}
			if _, err := tx.Exec(`INSERT INTO identity_throttle (id, person, account, network, failures, at, until) VALUES ($1,'','','',1,$2,0)
				ON CONFLICT (id) DO UPDATE SET failures = identity_throttle.failures + 1`, count.key, tx.Millis()); err != nil {
				return err
			}
		}
		sealed, err := s.seal([]byte(typed(account)), askKind)
		if err != nil {
			return err
		}
		_, err = job.Enqueue(tx, job.Job{Kind: askKind, Key: id.New(), Body: job.Body(sealed)})
		return err
	})
}

// lostAsked opens a request for who asked, where there is such a person.
func (s *Service) lostAsked(ctx context.Context, j job.Job) error {
	var sealed string
	if err := j.Into(&sealed); err != nil {
		return err
	}
	account, err := s.open(sealed, askKind)
	if err != nil {
		return job.Permanent(err)
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		_, p, err := s.lookUp(tx, string(account), Device{})
		if err != nil || p.ID == "" {
			return err
		}
		return s.openLost(tx, authz.Actor{Person: p.ID}, p)
	})
}

// AskRecoveryFor opens a request for somebody who has called the help desk; nobody
// tells that there is nobody who can vouch for him.
func (s *Service) AskRecoveryFor(ctx context.Context, by authz.Actor, person string) (nobody bool, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := seen(tx, by, Recover, person)
		if err != nil {
			return err
		}
		if !p.Active {
			return fault.Denied("This person is no longer with the group")
		}
		if err := s.openLost(tx, by, p); err != nil {
			return err
		}
		v, err := s.vouching(tx, p)
		nobody = v.as == ""
		return err
	})
	return nobody, err
}

func (s *Service) openLost(tx *store.Tx, by authz.Actor, p authz.Person) error {
	open, err := store.Rows(tx, readLost, "SELECT "+lostColumns+" FROM identity_lost l WHERE l.person = $1 AND l.state = $2 AND l.asked > $3", p.ID, string(LostAsked), store.Millis(tx.Now.Add(-lostFor)))
	if err != nil {
		return err
	}
	if len(open) > 0 { // whoever can vouch by now is told
		l := open[0]
		l.Person = p
		if err := s.callForVouch(tx, l); err != nil {
			return err
		}
		return tx.Record(by, fact.RecoveryAsked{Person: p.ID, Unit: p.Unit, Request: l.ID})
	}
	l := Lost{ID: id.New(), Person: p, AskedBy: by.Who()}
	if _, err := tx.Exec("INSERT INTO identity_lost (id, person, unit, asked, asked_by, state) VALUES ($1,$2,$3,$4,$5,$6)", l.ID, p.ID, p.Unit, tx.Millis(), by.Who(), string(LostAsked)); err != nil {
		return err
	}
	if err := notify.Send(tx, notify.Message{
		To: p.ID, Subject: text.M("Somebody asks for a new way to sign in as you"),
		Body: text.M("Your manager and the help desk decide about it. If it was not you, tell the CSIRT at once."),
		Href: "/settings", Key: "lost/" + l.ID, Topic: "identity", Urgent: true,
	}); err != nil {
		return err
	}
	if err := s.callForVouch(tx, l); err != nil {
		return err
	}
	return tx.Record(by, fact.RecoveryAsked{Person: p.ID, Unit: p.Unit, Request: l.ID})
}

// LostList lists requests that wait for the actor, and those of the units whose
// requests he serves; newest first.
func (s *Service) LostList(ctx context.Context, by authz.Actor, page keyset.Page) (list []Lost, next *keyset.Position, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := by.Scope(Recover).Where("l.unit", 2)
		page.Sort, page.Desc = "asked", true
		after, more, order, err := page.SQL(keyset.Columns{"asked": keyset.Int("l.asked")}, "l.id", 2+len(args))
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, readLost, `SELECT `+lostColumns+` FROM identity_lost l WHERE (`+in+`
			OR EXISTS (SELECT 1 FROM identity_lost_manager m WHERE m.request = l.id AND m.person = $1)) AND `+after+order,
			append(append([]any{by.Person}, args...), more...)...)
		if err != nil {
			return err
		}
		list, next = keyset.Cut(page, list, func(l Lost) keyset.Position { return keyset.At(store.Millis(l.Asked), l.ID) })
		for i := range list {
			if err := s.dress(tx, by, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, next, err
}

// dress adds the person, and what the reader may do.
func (s *Service) dress(tx *store.Tx, by authz.Actor, l *Lost) (err error) {
	if l.Person, err = authz.FindPerson(tx, l.Person.ID); err != nil {
		return err
	}
	if !l.Open(tx.Now) {
		return nil
	}
	v, err := s.vouching(tx, l.Person)
	if err != nil {
		return err
	}
	l.As, l.Nobody = v.as, v.as == ""
	found, err := authz.People(tx, v.who...)
	for _, m := range v.who {
		if l.Desk != m {
			l.Vouchers = append(l.Vouchers, found[m])
		}
	}
	if err != nil || by.Who() == l.Person.ID {
		return err
	}
	l.MayVouch = l.Manager == "" && l.Desk != by.Who() && slices.Contains(v.who, by.Person)
	l.MayServe = l.Desk == "" && l.Manager != by.Who() && by.Can(Recover, l.Person.Unit)
	return err
}

func errNoLost() error { return fault.NotFound("There is no such entry, or you may not see it") }

func (s *Service) findLost(tx *store.Tx, by authz.Actor, request string) (l Lost, err error) {
	l, err = readLost(tx.QueryRow("SELECT "+lostColumns+" FROM identity_lost l WHERE l.id = $1", request))
	if errors.Is(err, sql.ErrNoRows) {
		return l, errNoLost()
	}
	if err != nil {
		return l, err
	}
	return l, s.dress(tx, by, &l)
}

// Handover is how the link reaches the person.
type Handover string

// The ways of a link. It is mailed where there is mail; else the help desk hands
// it over, which is recorded.
const (
	ByMail Handover = "mail"
	ByHand Handover = "hand"
)

// Vouch is the manager's word that it is his person who asks, or of who stands in for him.
//
// It needs no role, so the session in which it is said must be a strong one.
func (s *Service) Vouch(ctx context.Context, by authz.Actor, current, request string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		here, err := s.current(tx, current)
		if err != nil {
			return err
		}
		if here.Person != by.Person || !here.decisive() {
			return errWeak()
		}
		l, err := s.findLost(tx, by, request)
		if err != nil {
			return err
		}
		if !l.MayVouch {
			return fault.Denied("This is for who vouches for the person to say, and for two people in all")
		}
		if err := takeLost(tx, request, "manager", by.Who()); err != nil {
			return err
		}
		return tx.Record(by, fact.RecoveryVouched{Person: l.Person.ID, Unit: l.Person.Unit, Request: l.ID, As: string(l.As)})
	})
}

func takeLost(tx *store.Tx, request, as, who string) error {
	n, err := tx.Exec("UPDATE identity_lost SET "+as+" = $1 WHERE id = $2 AND state = $3 AND "+as+" = ''", who, request, string(LostAsked))
	if err == nil && n == 0 {
		err = fault.Conflict("This request is decided already")
	}
	return err
}

// Serve is the help desk's word, after the manager's: the link is made. The
// secret comes back only where it is handed over.
func (s *Service) Serve(ctx context.Context, by authz.Actor, request string, how Handover) (secret string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		secret = ""
		l, err := s.findLost(tx, by, request)
		if err != nil {
			return err
		}
		switch {
		case !l.MayServe:
			return fault.Denied("This is for the help desk of the person's unit to say, and for two people in all")
		case l.Manager == "":
			return fault.Conflict("Nobody has vouched for the person yet")
		}
		if err := s.covers(tx, by, l.Person.ID); err != nil {
			return err
		}
		if err := takeLost(tx, request, "desk", by.Who()); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_lost SET state = $1, ended = $2 WHERE id = $3", string(LostApproved), tx.Millis(), request); err != nil {
			return err
		}
		if secret, err = s.hand(tx, by, l.Person, Recovery, how); err != nil {
			return err
		}
		return tx.Record(by, fact.RecoveryVouched{Person: l.Person.ID, Unit: l.Person.Unit, Request: l.ID, As: "help-desk"})
	})
	return secret, err
}

// RefuseLost ends a request: it was not the person, or can't be known to be.
func (s *Service) RefuseLost(ctx context.Context, by authz.Actor, request string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		l, err := s.findLost(tx, by, request)
		if err != nil {
			return err
		}
		if !l.MayVouch && !l.MayServe {
			return errNoLost()
		}
		n, err := tx.Exec("UPDATE identity_lost SET state = $1, ended = $2 WHERE id = $3 AND state = $4", string(LostRefused), tx.Millis(), request, string(LostAsked))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict("This request is decided already")
		}
		return tx.Record(by, fact.RecoveryRefused{Person: l.Person.ID, Unit: l.Person.Unit, Request: l.ID})
	})
}
