package identity

import (
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"yagura/area/identity/fido"
	"yagura/kernel/fault"
)

// PasskeyRule says which authenticators may be enrolled.
type PasskeyRule struct {
	Attestation string       // "" or "none": not asked for; "direct": asked for; "required": others are refused
	Accepted    []string     // AAGUIDs; empty: all
	Models      *fido.Models // metadata; nil: no maker's word can be checked
}

func (r PasskeyRule) conveyance() protocol.ConveyancePreference {
	if r.Attestation == "direct" || r.Attestation == "required" {
		return protocol.PreferDirectAttestation
	}
	return protocol.PreferNoAttestation
}

// accept decides on a new credential, and tells which model its maker vouches
// for. A model that is known to be broken is refused whether or not attestation
// is asked for: who claims to be one is believed.
func (r PasskeyRule) accept(c *webauthn.Credential, parsed *protocol.ParsedCredentialCreationData) (fido.Model, error) {
	aaguid := c.Authenticator.AAGUID
	if r.Models.Broken(aaguid) {
		return fido.Model{}, fault.Denied("Keys of this model can no longer be trusted. Please use another one.")
	}
	x5c, _ := parsed.Response.AttestationObject.AttStatement["x5c"].([]any)
	model, err := r.Models.Vouched(aaguid, c.AttestationType, c.AttestationFormat, x5c)
	if err != nil {
		model = fido.Model{}
	}
	id, _ := uuid.FromBytes(aaguid)
	switch {
	case r.Attestation == "required" && err != nil:
		return model, fault.Denied("Only keys whose maker vouches for them are accepted here")
	case len(r.Accepted) > 0 && !slices.Contains(r.Accepted, id.String()):
		return model, fault.Denied("Keys of this model are not accepted here")
	}
	return model, nil
}
