package paper

import (
	"time"

	"yagura/area/cmmc/catalog"
)

// Description is what the papers say of an enclave beyond its assessment. All of it
// may be missing; a paper then says that nothing is recorded.
type Description struct {
	Status      string // operational, under development …
	Marking     string // such as CUI
	Purpose     string
	Boundary    string
	Environment string
	DataFlow    string
	Diagrams    []Diagram
	Roles       []Role
	Assets      []Asset
	Connections []Connection
	Providers   []Provider
	// Implementation tells how an objective is implemented, by its index.
	Implementation map[int]string
	// Overview does for a whole requirement, by its id.
	Overview  map[string]string
	Plan      map[string]PlanItem // by requirement
	Revisions []Revision
	SPRS      SPRS
}

// Diagram is a drawing that lies beside the plan.
type Diagram struct {
	Name, SHA256 string
	Date         time.Time
}

// Role is somebody with a part in the system.
type Role struct{ Role, Name, Organization, Contact, Duty string }

// Asset is a group of assets of one category of 32 CFR 170.19(c)(1).
type Asset struct {
	Category string
	Name     string
	Count    int
	Kind     string // of a specialised asset: IoT, OT …
	Location string
	Note     string
}

// Connection is one with another system.
type Connection struct{ Name, Organization, Direction, Data, Agreement, Protection string }

// Provider is who gives the enclave objectives.
type Provider struct {
	ID, Name string
	Kind     string // service, esp, csp
	Data     string // cui, spd, none
	FedRAMP  string // moderate, high, equivalent
	Services string
	Matrix   string // the provider's own responsibility matrix
	Shares   []Share
}

// Share is what is theirs and what is ours of some objectives.
type Share struct {
	Shared     bool // else all of it is the provider's
	Objectives catalog.Bits
	Provider   string // what the provider does
	Customer   string // what remains to be done here
}

// PlanItem is what a plan of action says of an open requirement.
type PlanItem struct {
	Owner, Action, Resources string
	Start, Due               time.Time
	Milestones               []Milestone
}

// Milestone is a step of a plan.
type Milestone struct {
	Date time.Time
	What string
	Done bool
}

// Revision is a line of the history of the plan.
type Revision struct {
	Version      string
	Date         time.Time
	Author, What string
}

// SPRS is what the Supplier Performance Risk System asks beside the results.
type SPRS struct {
	Scope     string // enterprise or enclave
	ScopeText string
	Employees int
	CAGEs     []string
	Official  Official
	Expected  time.Time // when 110 is expected
}

// Official is who affirms.
type Official struct{ Name, Title, Email string }

// part is a share with its provider, for one objective.
type part struct {
	*Provider
	*Share
}

// parts are who has a part in an objective; where there is nobody it is ours alone.
func (d *Description) parts(i int) (list []part) {
	for p := range d.Providers {
		for s := range d.Providers[p].Shares {
			if d.Providers[p].Shares[s].Objectives.Has(i) {
				list = append(list, part{&d.Providers[p], &d.Providers[p].Shares[s]})
			}
		}
	}
	return list
}

// ours tells whether we have to do something for an objective ourselves.
func ours(list []part) bool {
	for _, p := range list {
		if p.Shared {
			return true
		}
	}
	return len(list) == 0
}
