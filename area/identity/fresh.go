package identity

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// FreshFor is how long ago a person may have shown who he is when he changes by
// what he signs in, or makes a token that acts as him (ASVS 5.0 7.5.1): whoever finds a browser open, or takes its
// cookie, gives himself no lasting way in.
const FreshFor = 15 * time.Minute

// Fresh tells whether a session may change its person's factors now. One that is
// for adding a passkey alone may for as long as it lives, and so may one of a
// person with nothing to sign in by, who could not do so again. A link of the
// demo opens as often as one likes, so how old a session by it is says nothing.
func (s *Service) Fresh(ctx context.Context, secret string) (fresh bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		session, err := s.current(tx, secret)
		if err != nil {
			return err
		}
		if fresh = session.Narrow() || session.Proof.Method == Persona || session.Meets(NoLevel, tx.Now, FreshFor); fresh {
			return nil
		}
		p, err := authz.FindPerson(tx, session.Person)
		if err != nil {
			return err
		}
		keys, err := s.passkeysOf(tx, p.ID)
		if err != nil || len(keys) > 0 {
			return err
		}
		others, err := s.factorsOf(tx, p)
		fresh = others.Password.IsZero() || others.App.IsZero() && others.Codes == 0
		return err
	})
	return fresh && err == nil, err
}
