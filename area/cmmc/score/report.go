package score

import (
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/text"
)

// Report is the score of an assessment with all that it rests on.
type Report struct {
	Enclave string
	Level   int
	Date    time.Time
	// Score is nil where there is none: a range, no assessment, or Level 1.
	Score, Low, High *int
	Max              int
	Status, Best     Status // of the low and of the high end
	Complete         bool   // nothing that matters is unknown
	Met, NotMet, NA  int    // objectives of the level, as they count
	Unknown          int
	Items, ItemsMet  int // requirements of the level, or the 15 items of Level 1
	Deductions       []Deduction
	Level2           *int // with Level 3: what Level 2 stands at
}

// Deduction is a requirement that costs points, or may.
type Deduction struct {
	Requirement *catalog.Requirement
	State       State
	Points      int   // certain
	AtRisk      int   // more, if what is unknown is not met
	Open        []int // objectives not satisfied
	Unknown     []int
	Clause      string
	Deferrable  bool // may stand on a plan of action as it is
	Why         text.Message
	WhyClause   string
	Notes       []text.Message // why what was said does not count
}

// State is how the requirement of a deduction stands.
type State string

// The states.
const (
	StateNotMet  State = "not_met"
	StatePartial State = "partial"
	StateUnknown State = "unknown"
)

// Score makes the report of a level; 0 is the assessment's own.
func (a *Assessment) Score(level int) *Report {
	if level == 0 {
		level = a.Level
	}
	open, unknown := a.Open()
	r := &Report{Enclave: a.Enclave, Level: level, Date: a.Date, Max: catalog.Of(level).Max, Complete: true}
	worst := open.Or(unknown)
	low, high := Count(level, &worst, a.SSP != nil), Count(level, &open, a.SSP != nil)
	r.Status, r.Best = low.Status(), high.Status()
	for _, q := range levels[level] {
		for _, i := range q.Objective {
			switch res, _ := a.Effective(i); res {
			case Met:
				r.Met++
			case NotMet:
				r.NotMet++
			case NA:
				r.NA++
			default:
				r.Unknown++
			}
		}
		if d, ok := a.deduction(q, level, &open, &worst); ok {
			r.Deductions = append(r.Deductions, d)
			r.Complete = r.Complete && d.AtRisk == 0 && d.State != StateUnknown
		}
	}
	r.items()
	if level == 3 {
		a.eligible(r)
	}
	if level == 1 || r.Best == NoAssessment || r.Best == NotEligible {
		return r // there is no number
	}
	r.Low, r.High = &low.Score, &high.Score
	if low.Score == high.Score && r.Status != NoAssessment && r.Status != NotEligible {
		r.Score = r.Low
	}
	return r
}

// items counts requirements met; Level 1 counts the items of the FAR clause, one
// of which is three requirements.
func (r *Report) items() {
	failed := map[string]bool{}
	for _, d := range r.Deductions {
		if r.Level == 1 {
			failed[d.Requirement.FAR] = true
		} else {
			failed[d.Requirement.ID] = true
		}
	}
	r.Items = len(levels[r.Level])
	if r.Level == 1 {
		r.Items = len(catalog.Items())
	}
	r.ItemsMet = r.Items - len(failed)
}

// eligible asks for Level 2 at its maximum: as stated, else as the same file says.
func (a *Assessment) eligible(r *Report) {
	needed := catalog.Of(2).Max
	switch {
	case a.Level2 != nil:
		r.Level2 = a.Level2
		if *a.Level2 != needed {
			r.Status, r.Best = NotEligible, NotEligible
		}
	case a.names(2):
		two := a.Score(2)
		r.Level2 = two.Low
		if two.Status != Final {
			r.Status = NotEligible
		}
		if two.Best != Final {
			r.Best = NotEligible
		}
	}
}

// names tells whether the file says anything of the objectives of a level.
func (a *Assessment) names(level int) bool {
	for i := range catalog.Mask(level).All {
		if o := &a.Objectives[i]; o.Result != "" || o.Exception != nil {
			return true
		}
	}
	return false
}

func (a *Assessment) deduction(q *catalog.Requirement, level int, open, worst *catalog.Bits) (Deduction, bool) {
	sure, may := q.In(open), q.In(worst)
	if may == catalog.Met {
		return Deduction{}, false
	}
	d := Deduction{Requirement: q, Points: q.Points(sure), AtRisk: q.Points(may) - q.Points(sure), Clause: q.Clause(may), State: StateNotMet}
	switch sure {
	case catalog.Met:
		d.State = StateUnknown
	case catalog.Partly:
		d.State = StatePartial
	}
	if level == 1 {
		d.Points, d.AtRisk, d.Clause = 0, 0, catalog.Clause("level1")
	}
	for _, i := range append(append([]int(nil), q.Objective...), q.ODP...) {
		switch {
		case open.Has(i):
			d.Open = append(d.Open, i)
		case worst.Has(i):
			d.Unknown = append(d.Unknown, i)
		}
		if _, why := a.Effective(i); !why.IsZero() {
			d.Notes = append(d.Notes, text.M("%s: %s", catalog.Name(i), why))
		}
	}
	if a.Partial[q.ID] && sure == catalog.NotMet {
		d.Notes = append(d.Notes, text.M("partial credit is for the last objective alone"))
	}
	d.deferral(level, may)
	return d, true
}

func (d *Deduction) deferral(level int, s catalog.State) {
	ok, clause := d.Requirement.Deferrable(s)
	if level == 1 {
		ok, clause = false, "poam_level1"
	}
	d.Deferrable, d.WhyClause = ok, catalog.Clause(clause)
	switch {
	case level == 1:
		d.Why = text.M("Level 1 has no plan of action")
	case d.Requirement.Gate:
		d.Why = text.M("without the plan there is no assessment")
	case d.Requirement.Named && !ok:
		d.Why = text.M("barred by name")
	case !ok:
		d.Why = text.M("worth more than one point")
	case s == catalog.Partly:
		d.Why = text.M("encryption is employed, though not validated")
	case level == 3:
		d.Why = text.M("not among the seven barred by name")
	default:
		d.Why = text.M("worth one point")
	}
}
