package identity

import (
	"strings"
	"time"

	"yagura/area/identity/policy"
)

// Level is how strongly a person has shown who he is; the rules know it too.
type Level = policy.Level

// The levels, from none to the strongest.
const (
	NoLevel           = policy.NoLevel
	SingleFactor      = policy.SingleFactor
	TwoFactors        = policy.TwoFactors
	PhishingResistant = policy.PhishingResistant
	HardwareBound     = policy.HardwareBound
)

// Levels are all levels, from the weakest to the strongest.
var Levels = policy.Levels

// Strongest is the strongest known level among values, as of acr_values.
func Strongest(values ...Level) Level { return policy.Strongest(values...) }

// Proof is how and when a person has shown who he is.
type Proof struct {
	Method  string    // what began the session: "passkey", "link", "persona", …
	Level   Level     // what it is worth
	Methods []string  // authentication method references (RFC 8176, amr)
	At      time.Time // auth_time; zero = now
	Passkey string    // id of the credential, where it was one
}

// PasskeyProof is what an assertion by a passkey with user verification is
// worth: a key of which no copy is kept elsewhere, and whose maker is attested,
// is bound to its hardware.
func PasskeyProof(p Passkey) Proof {
	proof := Proof{Method: "passkey", Level: PhishingResistant, Methods: []string{"pop", "user", "mfa"}, Passkey: p.ID}
	if p.Bound() {
		proof.Level = HardwareBound
		proof.Methods = append(proof.Methods, "hwk")
	} else {
		proof.Methods = append(proof.Methods, "swk")
	}
	return proof
}

func joinMethods(list []string) string { return strings.Join(list, " ") }
