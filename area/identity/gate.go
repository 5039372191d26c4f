package identity

import (
	"context"
	"errors"

	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// GatePath is where, on the host of an application behind a proxy, the proxy
// hands requests to this server: the way back after sign-in, and sign-out.
const GatePath = "/.yagura/"

// Passing is what becomes of a request at a gate. With nothing set, the person
// must sign in.
type Passing struct {
	In      bool
	Grant   Grant
	Needs   Level         // the sign-in must be of this level, from there
	Refused policy.Reason // nobody gets in like that, from there
}

// Pass tells whether what a gate was granted lets a request in that comes from an
// address. From another address than before it is judged anew, as a session is:
// with the policy of the person's unit, for the class of the application. Each
// gate remembers by itself, for a person may reach one application through a
// tunnel and another without.
func (s *Service) Pass(ctx context.Context, c Client, grant, from string) (out Passing, err error) {
	g, ok, err := s.GrantAlive(ctx, grant)
	if err != nil || !ok || g.Client != c.ID || !g.Proof.Level.Meets(c.MinLevel) {
		return out, err
	}
	var judged string
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT judged FROM identity_grant WHERE id = $1", g.ID).Scan(&judged)
	}); err != nil {
		return out, err
	}
	if judged != from {
		if out, err = s.arrive(ctx, c, g, from); err != nil || !out.In {
			return out, err
		}
	}
	out.In, out.Grant = true, g
	return out, s.InUse(ctx, g)
}

// arrive judges a request at a gate from an address that is new to it. Where
// nobody may be, the passage ends there and then; the session, which others may
// use from where they are, does not.
func (s *Service) arrive(ctx context.Context, c Client, g Grant, from string) (out Passing, err error) {
	var gone *refusal
	var over bool
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		out, gone, over = Passing{}, nil, false
		session, ok, err := s.sessionOf(tx, g.Session)
		if err != nil || !ok {
			return err
		}
		p, err := authz.FindPerson(tx, g.Person)
		if err != nil {
			return err
		}
		was := ""
		if err := tx.QueryRow("SELECT country FROM identity_grant WHERE id = $1", g.ID).Scan(&was); err != nil {
			return err
		}
		if was == "" {
			was = session.Country
		}
		session.Proof, session.Device.Network, session.Until, session.into = g.Proof, from, g.Until, c
		now, err := s.enters(tx, p, &session)
		var r refusal
		switch {
		case errors.As(err, &r) && now.decision.Reason == policy.Weak:
			out.Needs = now.decision.Needs
			return nil
		case errors.As(err, &r):
			r.event.Kind, r.event.Client = Moved, c.ID
			out.Refused, gone = now.decision.Reason, &r
			return nil
		case err != nil:
			return err
		case !session.Until.After(tx.Now): // from there it would be over by now
			over = true
			return nil
		}
		if session.Country != was {
			event := session.event(p)
			event.Kind, event.Outcome, event.Client = Moved, Allowed, c.ID
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
		out.In = true
		_, err = tx.Exec("UPDATE identity_grant SET judged = $1, country = $2, trip = $3, until = $4 WHERE id = $5 AND ended = 0",
			from, session.Country, session.Trip, store.Millis(session.Until), g.ID)
		return err
	})
	switch {
	case err != nil:
		return Passing{}, err
	case over:
		return out, s.db.Change(ctx, func(tx *store.Tx) error {
			return s.end(tx, authz.System("identity"), g.Person, "id = $2", g.Session)
		})
	case gone != nil:
		return out, s.db.Operate(ctx, func(tx *store.Tx) error {
			if fresh, err := endGrant(tx, g.ID, "place"); err != nil || !fresh { // another request of the same page was first
				return err
			}
			return s.keepRefusal(tx, *gone)
		})
	}
	return out, nil
}

// leaveTrip ends what gates let in by a trip that is over before its time.
func leaveTrip(tx *store.Tx, person, trip string) error {
	_, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'trip' WHERE person = $2 AND trip = $3 AND ended = 0", tx.Millis(), person, trip)
	return err
}
