package fact

import (
	"time"

	"yagura/kernel/store"
)

// IncidentReported is recorded when an incident comes to be. Source is person,
// outsider or alert.
type IncidentReported struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit"`
	Units    []string  `json:"units,omitempty"` // affected ones
	Source   string    `json:"source"`
	Severity string    `json:"severity"`
	TLP      string    `json:"tlp"`
	Class    string    `json:"class,omitempty"`
	Team     string    `json:"team,omitempty"`
	Key      string    `json:"key,omitempty"`
	Link     string    `json:"link,omitempty"`
	Alerts   []string  `json:"alerts,omitempty"`
	Occurred time.Time `json:"occurred"`
}

// IncidentMoved is recorded at every step; the kind tells the state that was
// reached: incident.triaged, .confirmed, .contained, .eradicated, .recovered,
// .reviewed, .closed, .dismissed, .duplicate, .merged, and .reopened.
type IncidentMoved struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit"`
	Units    []string  `json:"units,omitempty"`
	From     string    `json:"from"`
	State    string    `json:"state"`
	Reopened bool      `json:"reopened,omitempty"`
	Severity string    `json:"severity"`
	Class    string    `json:"class,omitempty"`
	Type     string    `json:"type,omitempty"`
	Team     string    `json:"team,omitempty"`
	Lead     string    `json:"lead,omitempty"`
	Other    string    `json:"other,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Happened time.Time `json:"happened"`
}

// IncidentEdited is recorded when fields change. Only codes are told: which
// fields, and severity, TLP and units as they are now.
type IncidentEdited struct {
	ID       string   `json:"id"`
	Unit     string   `json:"unit"`
	Fields   []string `json:"fields"`
	Severity string   `json:"severity"`
	TLP      string   `json:"tlp"`
	Units    []string `json:"units,omitempty"`
}

// IncidentNoted is recorded for every entry of a timeline. Digest is the
// salted SHA-256 of the entry, so that the timeline can be checked against the
// ledger while the ledger tells nothing of what it says.
type IncidentNoted struct {
	ID     string `json:"id"`
	Unit   string `json:"unit"`
	Entry  string `json:"entry"`
	Kind   string `json:"entry_kind"`
	Digest string `json:"digest"`
}

// IncidentJoined is recorded when a person becomes a participant.
type IncidentJoined struct {
	ID     string `json:"id"`
	Unit   string `json:"unit"`
	Person string `json:"person"`
}

// IncidentLeft is recorded when a person is a participant no longer.
type IncidentLeft IncidentJoined

// IncidentLed is recorded when another team or person answers for it.
type IncidentLed struct {
	ID   string `json:"id"`
	Unit string `json:"unit"`
	Team string `json:"team"`
	Lead string `json:"lead,omitempty"`
}

// IncidentObserved is recorded when observables are added. Values are not
// told: they can be names of people.
type IncidentObserved struct {
	ID    string   `json:"id"`
	Unit  string   `json:"unit"`
	Rows  []string `json:"rows"`
	Types []string `json:"types"`
}

// IncidentEvidence is recorded for every act on a piece of evidence: added,
// opened, downloaded, handed-over.
type IncidentEvidence struct {
	ID       string `json:"id"`
	Unit     string `json:"unit"`
	Evidence string `json:"evidence"`
	Act      string `json:"act"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
	Receiver string `json:"receiver,omitempty"`
}

// IncidentTask is recorded when a task is set, changed, done or taken back.
type IncidentTask struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit"`
	Task     string    `json:"task"`
	Act      string    `json:"act"` // set, changed, done, undone
	Assignee string    `json:"assignee,omitempty"`
	Due      time.Time `json:"due,omitzero"`
}

// IncidentOffered is recorded when a team offers an incident to another, and
// at each answer: offered, accepted, declined, withdrawn, climbed.
type IncidentOffered struct {
	ID     string    `json:"id"`
	Unit   string    `json:"unit"`
	Offer  string    `json:"offer"`
	Act    string    `json:"act"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to"`
	Person string    `json:"person,omitempty"`
	Due    time.Time `json:"due,omitzero"`
}

// IncidentAlerted is recorded when alerts are added to an incident that is there.
type IncidentAlerted struct {
	ID     string   `json:"id"`
	Unit   string   `json:"unit"`
	Alerts []string `json:"alerts"`
}

// IncidentLink is recorded when a signed link for reporting is made or ended.
type IncidentLink struct {
	Link  string    `json:"link"`
	Unit  string    `json:"unit"`
	Act   string    `json:"act"` // made, ended
	Until time.Time `json:"until"`
}

// Heading implements store.Fact.
func (f IncidentReported) Heading() store.Heading { return incident("reported", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentMoved) Heading() store.Heading {
	if f.Reopened {
		return incident("reopened", f.Unit, f.ID)
	}
	return incident(f.State, f.Unit, f.ID)
}

// Heading implements store.Fact.
func (f IncidentEdited) Heading() store.Heading { return incident("edited", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentNoted) Heading() store.Heading { return incident("noted", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentJoined) Heading() store.Heading { return incident("joined", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentLeft) Heading() store.Heading { return incident("left", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentLed) Heading() store.Heading { return incident("led", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentObserved) Heading() store.Heading { return incident("observed", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentEvidence) Heading() store.Heading { return incident("evidence-"+f.Act, f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentTask) Heading() store.Heading { return incident("task-"+f.Act, f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentOffered) Heading() store.Heading { return incident("handover-"+f.Act, f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentAlerted) Heading() store.Heading { return incident("alerted", f.Unit, f.ID) }

// Heading implements store.Fact.
func (f IncidentLink) Heading() store.Heading {
	return incident("link-"+f.Act, f.Unit, f.Link)
}

func incident(kind, unit, subject string) store.Heading {
	return store.Heading{Kind: "incident." + kind, Unit: unit, Subject: subject}
}
