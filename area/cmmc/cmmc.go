// Package cmmc is the CMMC state of the group as a living thing: legal entities,
// enclaves and the services they inherit from, what assessors said of every
// objective, the documents behind it, and the signals by which other parts of the
// product bear it out or break it.
//
// The promise: what stands here is what is known today. A failing signal breaks an
// objective at once, a passing one never replaces a document, what is stale is
// unknown; an assessment that was signed never changes; both states of everything
// that changed are kept with their dates.
package cmmc

import (
	"time"

	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/text"
)

// Kind is what a system is.
type Kind string

// The kinds of systems: what is assessed, and what others inherit from.
const (
	Enclave   Kind = "enclave"
	Corporate Kind = "service" // a corporate service of the group
	ESP       Kind = "esp"     // external service provider
	CSP       Kind = "csp"     // cloud service provider
)

// Kinds are all kinds.
var Kinds = []Kind{Enclave, Corporate, ESP, CSP}

// Label is the kind's name.
func (k Kind) Label() text.Message {
	switch k {
	case Enclave:
		return text.M("Enclave")
	case Corporate:
		return text.M("Corporate service")
	case ESP:
		return text.M("External service provider")
	case CSP:
		return text.M("Cloud service provider")
	}
	return text.Literal(string(k))
}

// Entity is a legal entity.
type Entity struct {
	ID, Name, NameJA string
	Unit             string // of the organisation, by which it is seen
	Region           string
	CAGE             string // five characters
	Parent           string // another entity
}

// Label is the entity's name in a language.
func (e Entity) Label(lang text.Lang) string { return label(lang, e.ID, e.Name, e.NameJA) }

func label(lang text.Lang, id, en, ja string) string {
	switch {
	case lang == text.JA && ja != "":
		return ja
	case en != "":
		return en
	}
	return id
}

// System is an enclave, or a service that others inherit from.
type System struct {
	ID           string
	Kind         Kind
	Unit         string
	Name, NameJA string
	Entity       string
	Level        int // an enclave's target: 1, 2 or 3
	Description  string
	Boundary     string
	Owner        string // person
	SSP          *score.SSP
	// Of providers: what it holds of ours ("", spd, cui), its FedRAMP state
	// ("", moderate, high, equivalent) and where that is proven.
	Holds, FedRAMP, Proof string
	Status                score.Dates
	Version               int64
	Created               time.Time
}

// Label is the system's name in a language.
func (s System) Label(lang text.Lang) string { return label(lang, s.ID, s.Name, s.NameJA) }

// Href is the page of a system.
func (s System) Href() string { return Href(s.Kind, s.ID) }

// Href is the page of an enclave or a provider.
func Href(k Kind, id string) string {
	if k == Enclave {
		return "/cmmc/enclaves/" + id
	}
	return "/cmmc/providers/" + id
}

// Share is an objective that a system takes from a provider.
type Share struct {
	System, Provider string
	Objective        int
	Kind             inherit.Kind // provider or shared; what is not shared is the customer's
}

// Judgement is what an assessor said of an objective of a system.
type Judgement struct {
	System    string
	Objective int
	Result    score.Result
	Reason    string
	Method    string // examine, interview, test
	Assessor  string // as written: a name, a team, a body
	Notes     string
	Exception *score.Exception
	By        string // person
	At        time.Time
	Reviewer  string // the second person; empty where none was needed
	Reviewed  time.Time
}

// Task is who is to bring an objective forward.
type Task struct {
	System    string
	Objective int
	Assignee  string
	Due       time.Time // a day; zero: none
}

// Evidence is a document behind objectives of a system.
type Evidence struct {
	ID         string
	System     string
	Name       string
	SHA256     string
	Size       int64 // bytes
	Media      string
	Draft      bool
	Collected  time.Time // day
	ValidUntil time.Time // the last day on which it holds; zero: without end
	Objectives []int
	By         string
	At         time.Time
	Reviewer   string // who made it final
	Reviewed   time.Time
}

// Ended tells whether the evidence no longer holds on a day.
func (e Evidence) Ended(day time.Time) bool {
	return !e.ValidUntil.IsZero() && dayOf(day).After(e.ValidUntil)
}

// Category is a scoping category of 32 CFR 170.19(c).
type Category string

// The categories.
const (
	CUI  Category = "cui"  // processes, stores or transmits CUI
	SPA  Category = "spa"  // security protection asset
	CRMA Category = "crma" // contractor risk managed asset
	SA   Category = "sa"   // specialised asset: IoT, OT, GFE, restricted, test equipment
	OOS  Category = "oos"  // out of scope
)

// Categories are all categories.
var Categories = []Category{CUI, SPA, CRMA, SA, OOS}

// Label is the category's name.
func (c Category) Label() text.Message {
	switch c {
	case CUI:
		return text.M("CUI asset")
	case SPA:
		return text.M("Security protection asset")
	case CRMA:
		return text.M("Contractor risk managed asset")
	case SA:
		return text.M("Specialised asset")
	case OOS:
		return text.M("Out of scope§asset")
	}
	return text.Literal(string(c))
}

// Asset is something inside or beside an enclave.
type Asset struct {
	ID       string
	System   string
	Name     string
	Category Category
	Ref      string // number in the inventory
	// What 170.19(c) asks for: in the inventory, treated in the SSP, in the network diagram.
	Inventory, SSP, Diagram bool
	Note                    string
}

// Lacks tells what the category asks for and the asset does not have.
func (a Asset) Lacks() (what []text.Message) {
	if a.Category == OOS {
		return nil
	}
	for _, f := range []struct {
		has  bool
		what text.Message
	}{{a.Inventory, text.M("not in the inventory")}, {a.SSP, text.M("not treated in the SSP")}, {a.Diagram, text.M("not in the network diagram")}} {
		if !f.has {
			what = append(what, f.what)
		}
	}
	return what
}

// ResultLabel is the word for a result.
func ResultLabel(r score.Result) text.Message {
	switch r {
	case score.Met:
		return text.M("Met§objective")
	case score.NotMet:
		return text.M("Not met§objective")
	case score.NA:
		return text.M("Not applicable")
	}
	return text.M("Unknown§objective")
}

// StatusLabel is the word for what an enclave may call itself.
func StatusLabel(s score.Status) text.Message {
	switch s {
	case score.Final:
		return text.M("Final§status")
	case score.Conditional:
		return text.M("Conditional§status")
	case score.NoAssessment:
		return text.M("No assessment: no SSP")
	case score.NotEligible:
		return text.M("Not eligible: Level 2 is not complete")
	}
	return text.M("No status")
}

// dayOf is the day of a time, in UTC, as assessments count days.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
