package saml

import (
	"slices"

	"github.com/crewjam/saml"

	"yagura/area/identity"
)

// classes are the authentication contexts that applications ask for, and what
// each of them is worth here. Contexts that say by what somebody signed in (X509,
// Kerberos, …) are not known: nothing here could vouch for them.
var classes = map[string]identity.Level{
	"aal1": identity.SingleFactor, "aal2": identity.TwoFactors, "phr": identity.PhishingResistant, "phrh": identity.HardwareBound,

	"urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified":                identity.SingleFactor,
	"urn:oasis:names:tc:SAML:2.0:ac:classes:Password":                   identity.SingleFactor,
	"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport": identity.SingleFactor,
	"urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken":              identity.TwoFactors,
	"urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract":    identity.TwoFactors,
	"https://refeds.org/profile/sfa":                                    identity.SingleFactor,
	"https://refeds.org/profile/mfa":                                    identity.TwoFactors,
	"http://schemas.microsoft.com/claims/multipleauthn":                 identity.TwoFactors,
}

// wanted is the level that a RequestedAuthnContext asks for (Core §3.3.2.2.1)
// and the contexts with which it can be answered. ok is false where nothing here
// could satisfy it.
func wanted(asked *saml.RequestedAuthnContext) (level identity.Level, answers []string, ok bool) {
	if asked == nil {
		return identity.NoLevel, nil, true
	}
	var known []identity.Level
	for _, ref := range asked.ClassRefs() {
		if l, is := classes[ref]; is {
			known, answers = append(known, l), append(answers, ref)
		}
	}
	if len(known) == 0 {
		return level, nil, false
	}
	switch asked.Comparison {
	case "", "exact", "minimum": // a stronger proof is a proof of the weaker kind as well
		level = known[0]
		for _, l := range known[1:] {
			if level.Meets(l) {
				level = l
			}
		}
		return level, answers, true
	case "better":
		i := slices.Index(identity.Levels, identity.Strongest(known...))
		if i+1 >= len(identity.Levels) {
			return level, nil, false
		}
		return identity.Levels[i+1], nil, true
	}
	return level, nil, false // maximum: nobody is asked to show less
}

// told is the context of an answer: of those that were asked for the one that
// is worth most and was met, otherwise the level itself.
func told(level identity.Level, answers []string) string {
	best := ""
	for _, ref := range answers {
		if level.Meets(classes[ref]) && (best == "" || !classes[best].Meets(classes[ref])) {
			best = ref
		}
	}
	if best == "" {
		best = string(level)
	}
	return best
}
