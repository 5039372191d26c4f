package psirt

import (
	"time"

	"yagura/kernel/text"
)

// State is how far a case is. Nobody sets it: it follows from the case's log.
type State string

// The states. The first twelve follow each other; the next four are what triage
// can find instead of accepting; the last one ends every way.
const (
	Received     State = "received"
	Acknowledged State = "acknowledged"
	Accepted     State = "accepted"
	Numbered     State = "numbered" // a CVE ID is assigned
	Assessing    State = "assessing"
	Planned      State = "planned" // a remediation is planned
	FixReady     State = "fix-ready"
	InReview     State = "in-review"
	Approved     State = "approved"
	Scheduled    State = "scheduled"
	Published    State = "published"
	Updating     State = "updating"

	NoVulnerability State = "not-a-vulnerability"
	Duplicate       State = "duplicate"
	OtherCNA        State = "other-cna"
	Website         State = "website"

	Closed State = "closed"
)

// States are all states in their order.
var States = []State{Received, Acknowledged, Accepted, Numbered, Assessing, Planned, FixReady, InReview, Approved, Scheduled, Published, Updating,
	NoVulnerability, Duplicate, OtherCNA, Website, Closed}

// Outcomes are what triage can find.
var Outcomes = []State{Accepted, NoVulnerability, Duplicate, OtherCNA, Website}

// Label is the word for the state.
func (s State) Label() text.Message {
	switch s {
	case Received:
		return text.M("Received§case")
	case Acknowledged:
		return text.M("Acknowledged§case")
	case Accepted:
		return text.M("Accepted§case")
	case Numbered:
		return text.M("CVE ID assigned")
	case Assessing:
		return text.M("Assessing")
	case Planned:
		return text.M("Remediation planned")
	case FixReady:
		return text.M("Fix ready")
	case InReview:
		return text.M("Advisory in review")
	case Approved:
		return text.M("Advisory approved")
	case Scheduled:
		return text.M("Publication scheduled")
	case Published:
		return text.M("Published§case")
	case Updating:
		return text.M("Being updated")
	case NoVulnerability:
		return text.M("Not a vulnerability")
	case Duplicate:
		return text.M("Duplicate§case")
	case OtherCNA:
		return text.M("Another CNA's")
	case Website:
		return text.M("Website: handed to the CSIRT")
	case Closed:
		return text.M("Closed§case")
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

// Case is one case as a row. What follows from its log is in Status.
type Case struct {
	ID      string // opaque; the only one that stands in addresses and in the ledger
	Number  string // "PSIRT-2026-0007", for those on its list
	Version int64  // grows with every change of the fields below; forms carry it
	Title   string
	Summary string
	TLP     string // RED, AMBER+STRICT, AMBER, GREEN, CLEAR
	Unit    string // the works that answer for it; empty until they are known
	Lead    string // person
	Opened  time.Time

	Status
	Due time.Time // the nearest end of a clock that runs; zero: none
}

// TLPs are the marks of TLP 2.0, narrowest first.
var TLPs = []string{"RED", "AMBER+STRICT", "AMBER", "GREEN", "CLEAR"}

// Href is the address of a case. It names it by its opaque id, so that histories
// of browsers and logs of servers tell nothing.
func Href(id string) string { return "/psirt/cases/" + id }

// Part is what somebody on a case's list may see of it.
type Part string

// Member takes part in everything. Works are asked what they have to say of their
// own products: they see the vulnerabilities and their own rows, and nothing of the
// finder, the other parties and the rest of the matrix.
const (
	Member Part = "member"
	Works  Part = "works"
)

// Label is the word for the part.
func (p Part) Label() text.Message {
	if p == Works {
		return text.M("Asked for its products")
	}
	return text.M("Takes part")
}

// Access is a place on a case's list.
type Access struct {
	Person string
	Part   Part
	Unit   string // of works: the unit that was asked
	Since  time.Time
	By     string
}
