// Package incident is where the CSIRTs handle what happened, together. It
// promises: whoever notices something can report it within a minute; every
// incident has at each moment exactly one team that answers for it; its
// timeline only grows; nobody sees more of it than his units and its TLP mark
// allow; and it cannot be closed before what it taught was written down.
package incident

import (
	"time"

	"yagura/kernel/text"
)

// State is how far an incident is.
type State string

// The states. The first eight follow each other; the last three are side ways
// out of the work.
const (
	Reported   State = "reported"
	Triaged    State = "triaged"
	Confirmed  State = "confirmed"
	Contained  State = "contained"
	Eradicated State = "eradicated"
	Recovered  State = "recovered"
	Reviewed   State = "reviewed"
	Closed     State = "closed"

	Dismissed State = "dismissed" // was no incident
	Duplicate State = "duplicate" // is another incident reported twice
	Merged    State = "merged"    // goes on as a part of another
)

// States are all states in their order.
var States = []State{Reported, Triaged, Confirmed, Contained, Eradicated, Recovered, Reviewed, Closed, Dismissed, Duplicate, Merged}

// Label is the word for the state.
func (s State) Label() text.Message {
	switch s {
	case Reported:
		return text.M("Reported")
	case Triaged:
		return text.M("Triaged")
	case Confirmed:
		return text.M("Confirmed")
	case Contained:
		return text.M("Contained")
	case Eradicated:
		return text.M("Eradicated")
	case Recovered:
		return text.M("Recovered")
	case Reviewed:
		return text.M("Reviewed")
	case Closed:
		return text.M("Closed§incident")
	case Dismissed:
		return text.M("No incident")
	case Duplicate:
		return text.M("Duplicate")
	case Merged:
		return text.M("Merged")
	}
	return text.Literal(string(s))
}

// Stage is the state's place in the order, from 1.
func (s State) Stage() int {
	for i, x := range States {
		if x == s {
			return i + 1
		}
	}
	return 0
}

// Open tells whether somebody still has to work on it.
func (s State) Open() bool { return s.Stage() >= 1 && s.Stage() <= Reviewed.Stage() }

// Severity is how grave an incident is.
type Severity string

// The severities, gravest first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Severities are all severities, gravest first.
var Severities = []Severity{Critical, High, Medium, Low}

// Rank orders severities: 4 is critical, 1 low, 0 unknown.
func (s Severity) Rank() int {
	for i, x := range Severities {
		if x == s {
			return len(Severities) - i
		}
	}
	return 0
}

// Label is the word for the severity.
func (s Severity) Label() text.Message {
	switch s {
	case Critical:
		return text.M("Critical")
	case High:
		return text.M("High")
	case Medium:
		return text.M("Medium")
	case Low:
		return text.M("Low")
	}
	return text.Literal(string(s))
}

// TLP is how far what is known of an incident may be told (FIRST Traffic Light
// Protocol 2.0).
type TLP string

// The marks of TLP 2.0.
const (
	Red         TLP = "RED"
	AmberStrict TLP = "AMBER+STRICT"
	Amber       TLP = "AMBER"
	Green       TLP = "GREEN"
	Clear       TLP = "CLEAR"
)

// TLPs are all marks, narrowest first.
var TLPs = []TLP{Red, AmberStrict, Amber, Green, Clear}

// Valid tells whether it is a mark of TLP 2.0.
func (t TLP) Valid() bool {
	for _, x := range TLPs {
		if x == t {
			return true
		}
	}
	return false
}

// Meaning says who may be told.
func (t TLP) Meaning() text.Message {
	switch t {
	case Red:
		return text.M("Only the participants of this incident")
	case AmberStrict:
		return text.M("Only within the group, to those who need it")
	case Amber:
		return text.M("Within the group and its clients, to those who need it")
	case Green:
		return text.M("Within the community of security teams")
	case Clear:
		return text.M("Anybody")
	}
	return text.Message{}
}

// Source is the way an incident came in.
type Source string

// The sources.
const (
	ByPerson   Source = "person"   // reported by somebody with an account
	ByOutsider Source = "outsider" // reported through a signed link
	ByAlert    Source = "alert"    // raised from alerts
)

// Label is the word for the source.
func (s Source) Label() text.Message {
	switch s {
	case ByPerson:
		return text.M("Reported by a person")
	case ByOutsider:
		return text.M("Reported by a signed link")
	case ByAlert:
		return text.M("Raised from alerts")
	}
	return text.Literal(string(s))
}

// Incident is one incident as a row.
type Incident struct {
	ID          string // number, "INC-2026-0418"
	Key         string // of who raised it; one key makes one incident
	Version     int64  // grows with every change of the fields below; forms carry it
	Title       string
	Description string
	Source      Source
	Noticed     string // in the reporter's words
	Unit        string
	Severity    Severity
	Peak        Severity // the gravest it ever had since it was triaged
	TLP         TLP
	Class, Type string // Reference Security Incident Taxonomy
	Team        string // lead team: answers for it
	Lead        string // lead person
	State       State

	Occurred, Detected, Reported                                           time.Time
	Triaged, Confirmed, Contained, Eradicated, Recovered, Reviewed, Closed time.Time

	Reporter string // person's id, or "outsider:" and the link's id
	Contact  string // of a reporter without account, veiled
	Link     string // id of the signed link it came through
	Other    string // the incident it is a duplicate of or was merged into
	Reason   string // why it was dismissed, a code
	Lessons  string
	Cause    string
	Reviewer string
	Reopened int
}

// Open tells whether somebody still has to work on it.
func (i Incident) Open() bool { return i.State.Open() }

// Ended is when the work on it ended; zero while it is open.
func (i Incident) Ended() time.Time { return i.Closed }

// Person's part in an incident.
type Participant struct {
	Person string
	Led    bool // is or was its lead
	Since  time.Time
	By     string
}
