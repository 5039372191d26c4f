// Package score turns what an assessment found per objective into the score and
// the status of 32 CFR 170: which requirement costs how much by which paragraph,
// whether what is open may stand on a plan of action, and which dates follow.
//
// The promise: what is not known is never counted as met. It makes the score a
// range, and the status is that of the range's low end.
package score

import (
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// Result is what an assessment says of an objective.
type Result string

// The results. N/A counts as met.
const (
	Unknown Result = "unknown"
	Met     Result = "met"
	NotMet  Result = "not_met"
	NA      Result = "na"
)

// Assessment is what is known of an enclave on a day.
type Assessment struct {
	File       string
	Enclave    string
	Level      int
	Date       time.Time
	SSP        *SSP
	Objectives [catalog.Objectives]Objective
	Partial    map[string]bool // requirement: said to be partly met
	Level2     *int            // with Level 3: the score of Level 2
	Status     Dates
	System     System
	Warnings   place.Problems
}

// System is what the documents say of the enclave beside its results.
type System struct {
	Name, Description, Boundary, Organization, Owner, CAGE string
}

// SSP is the system security plan.
type SSP struct {
	ID, Version string
	Date        time.Time
}

// Objective is what is known of one objective.
type Objective struct {
	Result    Result
	Reason    string
	Method    string
	Assessor  string
	Evidence  []Evidence
	Exception *Exception
	node      *place.Node
}

// Evidence is one document or record behind a result.
type Evidence struct {
	Name       string
	SHA256     string
	Size       int
	Signal     string
	Draft      bool
	Collected  time.Time
	ValidUntil time.Time
	node       *place.Node
}

// Kind is why an objective counts as met though it is not satisfied.
type Kind string

// The kinds of exceptions in 32 CFR 170.24(b).
const (
	Enduring    Kind = "enduring"    // described, with its mitigations, in the SSP
	Temporary   Kind = "temporary"   // in an operational plan of action that is reviewed and moves
	Adjudicated Kind = "adjudicated" // by the DoD CIO, named in the SSP, nothing changed since
)

// Exception is such a reason with what makes it lawful.
type Exception struct {
	Kind      Kind
	SSP       string    // where the SSP describes it
	Plan      string    // the operational plan of action
	Reviewed  time.Time // last review of that plan
	Progress  string    // what the review saw
	Unchanged bool      // the environment is as it was when it was adjudicated
}

// lacks says what keeps an exception from counting as met; zero where nothing
// does.
func (e *Exception) lacks() text.Message {
	switch e.Kind {
	case Enduring:
		if e.SSP == "" {
			return text.M("the enduring exception is not described in the SSP")
		}
	case Temporary:
		switch {
		case e.Plan == "":
			return text.M("the temporary deficiency is in no operational plan of action")
		case e.Reviewed.IsZero() || e.Progress == "":
			return text.M("the plan for the temporary deficiency shows no review and progress")
		}
	case Adjudicated:
		switch {
		case e.SSP == "":
			return text.M("the DoD CIO's decision is not named in the SSP")
		case !e.Unchanged:
			return text.M("nobody says that the environment is as the DoD CIO decided on it")
		}
	}
	return text.Message{}
}

// Effective is what counts for an objective, and why where that is not what was
// said: a lawful exception counts as met, a draft proves nothing, and evidence
// past its date leaves open what is true today.
func (a *Assessment) Effective(i int) (Result, text.Message) {
	o := &a.Objectives[i]
	if e := o.Exception; e != nil && o.Result != NA {
		if lack := e.lacks(); !lack.IsZero() {
			return NotMet, lack
		}
		if e.Kind != Temporary && a.SSP == nil {
			return NotMet, text.M("there is no SSP that could describe the exception")
		}
		return Met, text.Message{}
	}
	switch {
	case o.Result == "":
		return Unknown, text.Message{}
	case o.Result != Met || len(o.Evidence) == 0:
		return o.Result, text.Message{}
	}
	draft, stale := true, false
	for _, e := range o.Evidence {
		switch {
		case e.Draft:
		case !e.ValidUntil.IsZero() && !a.Date.IsZero() && a.Date.After(e.ValidUntil):
			draft, stale = false, true
		default:
			return Met, text.Message{}
		}
	}
	switch {
	case draft:
		return NotMet, text.M("all evidence is draft")
	case stale:
		return Unknown, text.M("all evidence has expired")
	}
	return Met, text.Message{}
}

// Open are the objectives not satisfied and those not known, with the marks of
// partial credit.
func (a *Assessment) Open() (open, unknown catalog.Bits) {
	for i := range a.Objectives {
		switch r, _ := a.Effective(i); {
		case r == NotMet:
			open.Set(i)
		case r == Unknown && i < catalog.Level2Objectives+catalog.Level3Objectives:
			unknown.Set(i) // a value that the organisation defines need not be told
		}
	}
	for _, r := range catalog.Requirements(2) {
		if mark, ok := r.Mark(); ok && !a.Partial[r.ID] {
			open.Set(mark)
		}
	}
	return open, unknown
}
