package policy

import "slices"

// Level is how strongly a person has shown who he is, as an authentication
// context class (OpenID Connect Core §2, acr). They are in order.
type Level string

// The levels. "phr" and "phrh" are those of the OpenID Extended Authentication
// Profile: resistant to phishing, and with a key that can't leave its hardware.
const (
	NoLevel           Level = ""
	SingleFactor      Level = "aal1" // NIST SP 800-63B-4 AAL1
	TwoFactors        Level = "aal2"
	PhishingResistant Level = "phr"
	HardwareBound     Level = "phrh"
)

// Levels are all levels, from the weakest to the strongest.
var Levels = []Level{SingleFactor, TwoFactors, PhishingResistant, HardwareBound}

func (l Level) rank() int { return slices.Index(Levels, l) }

// Known tells whether it is one of Levels.
func (l Level) Known() bool { return l.rank() >= 0 }

// Meets tells whether the level is at least as strong as the one wanted.
func (l Level) Meets(wanted Level) bool { return l.rank() >= wanted.rank() }

// Strongest is the strongest known level among values, as of acr_values: who
// names several is not served the weakest of them.
func Strongest(values ...Level) Level {
	best := NoLevel
	for _, v := range values {
		if v.rank() > best.rank() {
			best = v
		}
	}
	return best
}
