package identity

import (
	"context"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Disown is "this was not me": everything by which anybody else could be the
// actor ends at once, except the session in which he says so, and the CSIRT is
// told. A narrow session can't say it: it would throw the person out.
func (s *Service) Disown(ctx context.Context, by authz.Actor, current string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		here, err := s.current(tx, current)
		if err != nil {
			return err
		}
		if here.Person != by.Person || here.Narrow() {
			return fault.Denied("Please sign in")
		}
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		for _, d := range doors {
			if d.name == sessionsDoor {
				continue
			}
			if _, err := d.close(tx, by, p.ID, p.Unit); err != nil {
				return err
			}
		}
		if err := s.dropStrange(tx, by, here); err != nil {
			return err
		}
		n, err := endSessions(tx, p.ID, "id <> $2", here.ID)
		if err != nil {
			return err
		}
		if err := s.note(tx, Event{Kind: Disowned, Outcome: Refused, Person: p.ID, Unit: p.Unit, Session: here.ID, Device: here.Device, Proof: here.Proof}); err != nil {
			return err
		}
		if err := s.alarm(tx, p, text.M("%s says: this was not me", p.Label(text.EN)),
			text.M("Sessions, tokens and links were ended. Look at the sign-ins before, and ask the person."), ""); err != nil {
			return err
		}
		return tx.Record(by, fact.AccountDisowned{Person: p.ID, Unit: p.Unit, Count: n})
	})
}

// dropStrange takes away passkeys that have come in a probation which still runs,
// but the one of this session: who was put on it by somebody else's act may have
// no other key by which to remove them.
func (s *Service) dropStrange(tx *store.Tx, by authz.Actor, here Session) error {
	since, _, err := probationOf(tx, here.Person)
	if err != nil || since.IsZero() {
		return err
	}
	keys, err := s.passkeysOf(tx, here.Person)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Made.Before(since) || k.ID == here.Proof.Passkey {
			continue
		}
		if err := s.dropPasskey(tx, by, k, "disowned"); err != nil {
			return err
		}
	}
	return nil
}
