package fact

import "yagura/kernel/store"

// MFA counts the people who belong directly to a unit by the strongest way in
// which they can sign in. Privileged is who holds a role; he counts by his last
// sign-in, everybody else by what he has enrolled (NIST SP 800-171, 3.5.3).
type MFA struct {
	People        int64 `json:"people"`
	Hardware      int64 `json:"phrh"` // a passkey that can't leave its hardware
	Passkey       int64 `json:"phr"`
	TwoFactors    int64 `json:"aal2"` // a password with codes of an app
	Password      int64 `json:"password"`
	Nothing       int64 `json:"nothing"`
	Privileged    int64 `json:"privileged"`
	PrivilegedMFA int64 `json:"privileged_mfa"`
	General       int64 `json:"general"`
	GeneralMFA    int64 `json:"general_mfa"`
}

// CoverageCounted is recorded, at most once a day, when the numbers of a unit
// changed.
type CoverageCounted struct {
	Unit string `json:"unit"`
	MFA
}

// Heading implements store.Fact.
func (f CoverageCounted) Heading() store.Heading {
	return store.Heading{Kind: "identity.coverage-counted", Unit: f.Unit, Subject: f.Unit}
}

// EventsSealed is recorded once a day over the log of authentication, so that
// nobody changes what it said unnoticed: a hash over the events of whole days
// (UTC), from First, or from the beginning where there is none, up to Last.
type EventsSealed struct {
	First  string `json:"first,omitempty"`
	Last   string `json:"last"`
	Count  int64  `json:"count"`
	SHA256 string `json:"sha256"` // hex
}

// Heading implements store.Fact.
func (f EventsSealed) Heading() store.Heading {
	return store.Heading{Kind: "identity.events-sealed", Subject: f.Last}
}
