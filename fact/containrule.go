package fact

import (
	"time"

	"yagura/kernel/store"
)

// RuleContains is recorded when people decide whether alerts of a rule contain
// the person they are about.
type RuleContains struct {
	Request string `json:"request"`
	Act     string `json:"act"` // asked, approved, refused, withdrawn, ended
	Rule    string `json:"rule"`
	Version string `json:"version"`
	Most    int    `json:"most"` // people an hour
}

// Heading implements store.Fact.
func (f RuleContains) Heading() store.Heading {
	return store.Heading{Kind: "detect.containing-" + f.Act, Subject: f.Rule}
}

// ContainmentDue is recorded when an alert was raised by a rule whose alerts
// contain the person. Whether he is contained is for identity to decide.
type ContainmentDue struct {
	Alert   string    `json:"alert"`
	Unit    string    `json:"unit"`
	Rule    string    `json:"rule"`
	Version string    `json:"version"`
	Title   string    `json:"title"`
	TitleJA string    `json:"title_ja"`
	Person  string    `json:"person"`
	Most    int       `json:"most"`
	At      time.Time `json:"at"` // of the event
}

// Heading implements store.Fact.
func (f ContainmentDue) Heading() store.Heading {
	return store.Heading{Kind: "detect.containment-due", Unit: f.Unit, Subject: f.Alert}
}

// ContainmentDeclined is recorded when a rule would have contained a person and
// did not.
type ContainmentDeclined struct {
	Alert  string `json:"alert"`
	Unit   string `json:"unit"`
	Rule   string `json:"rule"`
	Person string `json:"person"`
	Why    string `json:"why"` // brake, break-glass, contained, unknown or late
}

// Heading implements store.Fact.
func (f ContainmentDeclined) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-declined", Unit: f.Unit, Subject: f.Alert}
}

// ContainmentJoined is recorded when the alert behind a containment became part of
// an incident: from then on its steps are steps of the incident.
type ContainmentJoined struct {
	Containment string    `json:"containment"`
	Person      string    `json:"person"`
	Unit        string    `json:"unit"`
	Alert       string    `json:"alert"`
	Incident    string    `json:"incident"`
	Rule        string    `json:"rule,omitempty"` // that contained; empty: a person did
	State       string    `json:"state"`
	Began       time.Time `json:"began,omitzero"`
	Targets     int       `json:"targets"`
	Unproven    int       `json:"unproven"`
}

// Heading implements store.Fact.
func (f ContainmentJoined) Heading() store.Heading {
	return store.Heading{Kind: "identity.containment-joined", Unit: f.Unit, Subject: f.Person}
}
