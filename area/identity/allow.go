package identity

import (
	"context"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Allowance is what people of a unit may sign in by besides passkeys.
type Allowance struct {
	Codes     bool // of an authenticator app, and recovery codes
	Passwords bool // for RADIUS and old applications; never alone for the console
}

// Any tells whether there is anything but passkeys.
func (a Allowance) Any() bool { return a.Codes || a.Passwords }

// OtherWays tells whether any unit may have another way than passkeys, so that
// the sign-in page names it.
func (s *Service) OtherWays(ctx context.Context) (other bool, err error) {
	if s.o.Allow != nil {
		return true, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		around, err := s.surroundings(tx)
		if err != nil {
			return err
		}
		for _, p := range around.policies {
			other = other || p.TOTP != nil && *p.TOTP || p.Passwords != nil && *p.Passwords
		}
		return nil
	})
	return other, err
}

// knownDevice is the device from which a person tries to sign in, where he has
// signed in from it before; empty for any other.
func (s *Service) knownDevice(tx *store.Tx, person string, d Device) (string, error) {
	e, known, err := s.recognise(tx, authz.Person{ID: person}, d)
	if err != nil || !known {
		return "", err
	}
	return e.ID, nil
}

// allowance is what the policy of a person's unit says.
func (s *Service) allowance(tx *store.Tx, p authz.Person) (Allowance, error) {
	if s.o.Allow != nil {
		return s.o.Allow(tx, p.Unit)
	}
	around, err := s.surroundings(tx)
	if err != nil {
		return Allowance{}, err
	}
	rules, err := s.rules(tx, around, p.Unit)
	return Allowance{Codes: rules.TOTP, Passwords: rules.Passwords}, err
}
