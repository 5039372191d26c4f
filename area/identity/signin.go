package identity

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// SignedIn is what a browser gets after somebody has shown who he is.
type SignedIn struct {
	Secret string // of the session
	Person string
	Level  Level
	Narrow bool // for adding a passkey alone
}

// enterAs begins a session. Where the browser has one of the same person, that
// goes on, with another secret and what was just proved: applications keep the
// sid they know. Where it has somebody else's, that one ends.
func (s *Service) enterAs(tx *store.Tx, p authz.Person, proof Proof, from Device, current string) (in SignedIn, err error) {
	here, err := s.current(tx, current)
	if err != nil && !fault.Is(err, fault.KindUnauthenticated) {
		return in, err
	}
	in.Person = p.ID
	sid := id.New()
	if here.Person == p.ID {
		sid = here.ID
		n, err := tx.Exec("DELETE FROM identity_session WHERE digest = $1", id.Digest(current))
		if err != nil {
			return in, err
		}
		if n == 0 { // ended meanwhile, and stays so
			return in, errLate()
		}
	}
	session, secret, err := s.beginAs(tx, sid, p, proof, from)
	if err == nil && !session.Until.After(tx.Now) { // the policy leaves no time
		err = fault.Unauthenticated("Please sign in")
	}
	if err != nil {
		return in, err
	}
	in.Secret, in.Level, in.Narrow = secret, session.Proof.Level, session.Narrow()
	switch here.Person {
	case "":
	case p.ID:
		if _, err := tx.Exec("UPDATE identity_session SET began = $1 WHERE id = $2", store.Millis(here.Began), sid); err != nil {
			return in, err
		}
		if _, err := tx.Exec("UPDATE identity_grant SET until = $1 WHERE session = $2 AND offline = 0 AND ended = 0", store.Millis(tx.Now.Add(s.o.Session)), here.ID); err != nil {
			return in, err
		}
	default:
		if err := s.end(tx, authz.Actor{Person: here.Person}, here.Person, "id = $2", here.ID); err != nil {
			return in, err
		}
	}
	return in, nil
}

// Here is the session of a browser as its pages need it.
func (s *Service) Here(ctx context.Context, secret string) (session Session, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		session, err = s.current(tx, secret)
		return err
	})
	return session, err
}

// Meets tells whether a session was proved strongly enough, and not longer ago
// than age; 0: whenever.
func (s Session) Meets(level Level, now time.Time, age time.Duration) bool {
	return s.Proof.Level.Meets(level) && (age == 0 || now.Sub(s.Proof.At) <= age)
}

// tellOfFactor tells a person on all channels that something by which he signs
// in has changed (SP 800-63B-4 §4.1.2): by mail besides the inbox, at once.
func (s *Service) tellOfFactor(tx *store.Tx, by authz.Actor, what text.Message, key string) error {
	return notify.Send(tx, notify.Message{
		To: by.Person, Subject: what, Body: text.M("If this was not you, say so under My security: it ends everything else and tells the CSIRT."),
		Href: "/settings", Key: key, Topic: "identity", Urgent: true,
	})
}
