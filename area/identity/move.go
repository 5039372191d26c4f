package identity

import (
	"context"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// move judges a live session anew that comes from another address than it was
// last let in from. Where it would not have begun it ends, and is told why.
func (s *Service) move(ctx context.Context, secret string, from Device) error {
	var gone *refusal
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		gone = nil
		session, err := s.current(tx, secret)
		if err != nil {
			return err
		}
		p, err := authz.FindPerson(tx, session.Person)
		if err != nil {
			return err
		}
		was := session.Country
		session.Device = from
		now, err := s.enters(tx, p, &session)
		if r, ok := err.(refusal); ok {
			r.event.Kind = Moved
			gone = &r
			return nil
		}
		if err != nil {
			return err
		}
		if session.Country != was {
			event := session.event(p)
			event.Kind, event.Outcome = Moved, Allowed
			signals, err := s.signals(tx, p, now, event)
			if err != nil {
				return err
			}
			for _, e := range append(signals, event) {
				if err := s.note(tx, e); err != nil {
					return err
				}
			}
		}
		n, err := tx.Exec("UPDATE identity_session SET place = $1, country = $2, device = $3, trip = $4, until = $5, network = $6 WHERE digest = $7",
			session.Place, session.Country, session.Device.ID, session.Trip, store.Millis(session.Until), from.Network, id.Digest(secret))
		if err == nil && n == 0 { // it has ended meanwhile
			err = fault.Unauthenticated("Please sign in")
		}
		return err
	})
	if err != nil || gone == nil {
		return err
	}
	if err := s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.keepRefusal(tx, *gone); err != nil {
			return err
		}
		return s.end(tx, authz.System("identity"), gone.event.Person, "id = $2", gone.event.Session)
	}); err != nil {
		return err
	}
	return fault.Unauthenticated("You were signed out, for you are somewhere else than before and can't be signed in from there like that. Please sign in again.")
}
