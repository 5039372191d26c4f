package fact

import (
	"time"

	"yagura/kernel/store"
)

// Facts of area/telemetry. The subject is always the id of a source.

// TelemetrySourceAdded says that a stream of events has a place and an owner.
type TelemetrySourceAdded struct {
	Source string `json:"source"`
	Unit   string `json:"unit"`
	Kind   string `json:"kind"`
}

// TelemetrySourceChanged says that a source is described otherwise from now on.
type TelemetrySourceChanged struct {
	Source string   `json:"source"`
	Unit   string   `json:"unit"`
	Fields []string `json:"fields"` // names of what changed
	// Class is by which class its events are kept from now on, where that changed.
	Class string `json:"class,omitempty"`
}

// TelemetrySourceStopped says that nothing is taken from a source any more.
type TelemetrySourceStopped struct {
	Source string `json:"source"`
	Unit   string `json:"unit"`
}

// TelemetrySourceResumed is the opposite of TelemetrySourceStopped.
type TelemetrySourceResumed TelemetrySourceStopped

// TelemetrySecretIssued says that a source got a new token. The one before is
// valid until Overlap.
type TelemetrySecretIssued struct {
	Source  string    `json:"source"`
	Unit    string    `json:"unit"`
	Secret  string    `json:"secret"` // id of the token, not the token
	Overlap time.Time `json:"overlap"`
}

// TelemetrySecretWithdrawn says that a token is valid no more.
type TelemetrySecretWithdrawn struct {
	Source string `json:"source"`
	Unit   string `json:"unit"`
	Secret string `json:"secret"`
}

// TelemetrySourceSilent says that a source has sent nothing for longer than it
// may; a sensor is blind.
type TelemetrySourceSilent struct {
	Source string    `json:"source"`
	Unit   string    `json:"unit"`
	Since  time.Time `json:"since"` // last event that came
}

// TelemetrySourceHeard says that a silent source sends again.
type TelemetrySourceHeard struct {
	Source string    `json:"source"`
	Unit   string    `json:"unit"`
	Since  time.Time `json:"since"` // when it had fallen silent
}

// TelemetryFileImported says that a file was taken in as events of a source.
type TelemetryFileImported struct {
	Source string `json:"source"`
	Unit   string `json:"unit"`
	SHA256 string `json:"sha256"`
	Events int64  `json:"events"`
}

// TelemetrySearchSaved says that somebody keeps a question to the event store.
// The subject is the id of the question.
type TelemetrySearchSaved struct {
	Search string `json:"search"`
	Unit   string `json:"unit"` // with Shared: whose readers find it
	Shared bool   `json:"shared"`
}

// TelemetrySearchDeleted says that a saved question was thrown away.
type TelemetrySearchDeleted struct {
	Search string `json:"search"`
	Unit   string `json:"unit"`
}

// Heading implements store.Fact.
func (f TelemetrySearchSaved) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.search_saved", Unit: f.Unit, Subject: f.Search}
}

// Heading implements store.Fact.
func (f TelemetrySearchDeleted) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.search_deleted", Unit: f.Unit, Subject: f.Search}
}

// Heading implements store.Fact.
func (f TelemetrySourceAdded) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.source_added", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySourceChanged) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.source_changed", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySourceStopped) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.source_stopped", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySourceResumed) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.source_resumed", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySecretIssued) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.secret_issued", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySecretWithdrawn) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.secret_withdrawn", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySourceSilent) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.source_silent", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetrySourceHeard) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.source_heard", Unit: f.Unit, Subject: f.Source}
}

// Heading implements store.Fact.
func (f TelemetryFileImported) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.file_imported", Unit: f.Unit, Subject: f.Source}
}

// TelemetryRelayAdded says that a unit is to have a relay: a small server of
// its own that takes events in and forwards them.
type TelemetryRelayAdded struct {
	Relay   string   `json:"relay"`
	Unit    string   `json:"unit"`
	Sources []string `json:"sources,omitempty"` // none: all of the unit
}

// TelemetryRelayTokenIssued says that somebody may enrol a relay once.
type TelemetryRelayTokenIssued struct {
	Relay string    `json:"relay"`
	Unit  string    `json:"unit"`
	Until time.Time `json:"until"`
}

// TelemetryRelayEnrolled says that a relay got its first certificate.
type TelemetryRelayEnrolled struct {
	Relay  string    `json:"relay"`
	Unit   string    `json:"unit"`
	Serial string    `json:"serial"`
	Until  time.Time `json:"until"`
}

// TelemetryRelayRenewed says that a relay got its next certificate.
type TelemetryRelayRenewed TelemetryRelayEnrolled

// TelemetryRelayRevoked says that nothing is taken from a relay any more.
type TelemetryRelayRevoked struct {
	Relay string `json:"relay"`
	Unit  string `json:"unit"`
}

// TelemetryRelaySilent says that a relay has not reported for longer than it
// may; what is behind it is not seen.
type TelemetryRelaySilent struct {
	Relay string    `json:"relay"`
	Unit  string    `json:"unit"`
	Since time.Time `json:"since"`
}

// TelemetryRelayHeard says that a silent relay reports again.
type TelemetryRelayHeard TelemetryRelaySilent

// Heading implements store.Fact.
func (f TelemetryRelayAdded) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_added", Unit: f.Unit, Subject: f.Relay}
}

// Heading implements store.Fact.
func (f TelemetryRelayTokenIssued) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_token_issued", Unit: f.Unit, Subject: f.Relay}
}

// Heading implements store.Fact.
func (f TelemetryRelayEnrolled) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_enrolled", Unit: f.Unit, Subject: f.Relay}
}

// Heading implements store.Fact.
func (f TelemetryRelayRenewed) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_renewed", Unit: f.Unit, Subject: f.Relay}
}

// Heading implements store.Fact.
func (f TelemetryRelayRevoked) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_revoked", Unit: f.Unit, Subject: f.Relay}
}

// Heading implements store.Fact.
func (f TelemetryRelaySilent) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_silent", Unit: f.Unit, Subject: f.Relay}
}

// Heading implements store.Fact.
func (f TelemetryRelayHeard) Heading() store.Heading {
	return store.Heading{Kind: "telemetry.relay_heard", Unit: f.Unit, Subject: f.Relay}
}
