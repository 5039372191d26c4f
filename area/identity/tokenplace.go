package identity

import (
	"context"
	"time"

	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// A token is judged by the place from which it is used: where no sign-in of its
// person would be let in, it is not either. It shows no factor and comes from a
// program, so what the policy asks of levels and devices there is not asked of it.

// tokenPlace is what the policy of the person's unit says of an address.
func (s *Service) tokenPlace(tx *store.Tx, person string, from Device) (authz.Person, policy.Decision, error) {
	p, err := authz.FindPerson(tx, person)
	if err != nil {
		return p, policy.Decision{}, err
	}
	around, err := s.surroundings(tx)
	if err != nil {
		return p, policy.Decision{}, err
	}
	rules, err := s.rules(tx, around, p.Unit)
	if err != nil {
		return p, policy.Decision{}, err
	}
	q := policy.Question{At: tx.Now, Managed: true, Level: HardwareBound}
	if q.BreakGlass, err = isBreakGlass(tx, p.ID); err != nil {
		return p, policy.Decision{}, err
	}
	var now situation
	err = s.whereabouts(tx, around, p, from.Network, &q, &now.point)
	return p, rules.Decide(q), err
}

// tokenRefusedEvery bounds how often the same refusal is noted: a program asks
// again and again.
const tokenRefusedEvery = time.Hour

// tokenRefused notes that a token was used from where it may not be.
func (s *Service) tokenRefused(ctx context.Context, t Token, p authz.Person, from Device, d policy.Decision) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("INSERT INTO identity_spent (digest, until) VALUES ($1,$2) ON CONFLICT (digest) DO UPDATE SET until = excluded.until WHERE identity_spent.until < $3",
			id.Digest("token place "+t.ID+" "+from.Network), store.Millis(tx.Now.Add(tokenRefusedEvery)), tx.Millis())
		if err != nil || n == 0 {
			return err
		}
		r := refusal{event: Event{Kind: Moved, Outcome: Refused, Reason: string(d.Reason), Person: p.ID, Unit: p.Unit, Device: from,
			Proof: Proof{Method: "token"}, Place: string(d.Place), Country: d.Country}}
		if d.Place == policy.Abroad {
			abroad := r.event
			abroad.Kind = AbroadRefused
			r.signals = []Event{abroad}
		}
		return s.keepRefusal(tx, r)
	})
}
