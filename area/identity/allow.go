package identity

import (
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
func (s *Service) OtherWays() bool { return s.o.Allow != nil }

// knownDevice is the device from which a person tries to sign in, where he has
// signed in from it before; empty for any other.
func (s *Service) knownDevice(*store.Tx, string, Device) (string, error) { return "", nil }

// allowance is what the policy of a person's unit says.
func (s *Service) allowance(tx *store.Tx, p authz.Person) (Allowance, error) {
	if s.o.Allow == nil {
		return Allowance{}, nil
	}
	return s.o.Allow(tx, p.Unit)
}
