// Package plan finds out which measures lead to which status for the least money.
//
// The promise: points are never split. A requirement counts when its last
// objective is closed, and not before; a plan of action is lawful or it is not.
// The answer is the best there is, or says that this is not proven.
package plan

import (
	"cmp"
	"slices"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
)

// Measure is something that can be bought.
type Measure struct {
	ID, Name string
	Yen      int64
	Months   int
	Closes   catalog.Bits // objectives
	Partly   catalog.Bits // marks of requirements that it brings into force in part
	Enclaves []string     // none: all
}

// Enclave is where measures work. What is unknown is taken for open.
type Enclave struct {
	Name string
	Open catalog.Bits
}

// plan of 3.12.4: its first objective is that there is one.
var ssp, _ = catalog.Index("3.12.4[a]")

// Of is the enclave of an assessment.
func Of(a *score.Assessment) Enclave {
	open, unknown := a.Open()
	open = open.Or(unknown)
	if a.SSP == nil {
		open.Set(ssp)
	}
	return Enclave{a.Enclave, open}
}

// Status is what an enclave may call itself at a level.
func (e *Enclave) Status(level int) (score.Status, int) {
	t := score.Count(level, &e.Open, true)
	s := t.Status()
	if level == 3 {
		if two, _ := e.Status(2); two != score.Final {
			s = score.NotEligible
		}
	}
	return s, t.Score
}

// Goal is what is to be reached.
type Goal string

// The goals, in order.
const (
	Conditional Goal = "conditional"
	Final       Goal = "final"
	Level3      Goal = "level3" // Final Level 3
)

// Goals are all goals in order.
var Goals = []Goal{Conditional, Final, Level3}

// Reached tells whether an enclave is there.
func (g Goal) Reached(e *Enclave) bool {
	switch g {
	case Conditional:
		s, _ := e.Status(2)
		return s.AtLeast(score.Conditional)
	case Final:
		s, _ := e.Status(2)
		return s == score.Final
	}
	s, _ := e.Status(3)
	return s == score.Final
}

// Stage is one step of a plan.
type Stage struct {
	Goal     Goal
	Reached  bool
	Measures []int // of this stage, in order of the list
	Yen      int64
	Months   int // until the last of them is done; they run side by side
	Points   int // gained over all enclaves, Level 2 and 3
	Missing  []Gap
	Proven   bool
}

// Gap is an objective that no measure closes though the goal needs it, or, without
// an objective, an enclave where the points do not suffice.
type Gap struct {
	Enclave   string
	Objective int // -1
}

// Apply is the enclaves after some measures.
func Apply(enclaves []Enclave, measures []Measure, chosen []int) []Enclave {
	after := slices.Clone(enclaves)
	for _, m := range chosen {
		for i := range after {
			if measures[m].in(after[i].Name) {
				after[i].Open = after[i].Open.Without(measures[m].Closes).Without(measures[m].Partly)
			}
		}
	}
	return after
}

func (m *Measure) in(enclave string) bool {
	return len(m.Enclaves) == 0 || slices.Contains(m.Enclaves, enclave)
}

// Points are those of Levels 2 and 3 over all enclaves.
func Points(enclaves []Enclave, levels ...int) (sum int) {
	for i := range enclaves {
		for _, l := range levels {
			sum += score.Count(l, &enclaves[i].Open, true).Score
		}
	}
	return sum
}

// Cheapest is the cheapest way to a goal.
func Cheapest(enclaves []Enclave, measures []Measure, goal Goal) Stage {
	st := Stage{Goal: goal, Proven: true}
	p, gaps := build(enclaves, measures, goal)
	if st.Missing = gaps; len(gaps) > 0 {
		return st
	}
	chosen, _, found, proven := p.cheapest()
	st.Proven = proven
	if !found {
		for i := range enclaves {
			if !goal.Reached(&enclaves[i]) {
				st.Missing = append(st.Missing, Gap{enclaves[i].Name, -1})
			}
		}
		return st
	}
	st.take(enclaves, measures, chosen, func(after []Enclave) bool {
		return !slices.ContainsFunc(after, func(e Enclave) bool { return !goal.Reached(&e) })
	})
	st.Reached = true
	return st
}

// Soonest is the way to a goal that is done first, and of those the cheapest.
func Soonest(enclaves []Enclave, measures []Measure, goal Goal) Stage {
	var months []int
	for _, m := range measures {
		months = append(months, m.Months)
	}
	slices.Sort(months)
	for _, limit := range slices.Compact(append([]int{0}, months...)) {
		quick := slices.Clone(measures)
		for i := range quick {
			if quick[i].Months > limit {
				quick[i].Closes, quick[i].Partly = catalog.Bits{}, catalog.Bits{}
			}
		}
		if st := Cheapest(enclaves, quick, goal); st.Reached {
			return st
		}
	}
	return Cheapest(enclaves, measures, goal) // which tells what is missing
}

// Richest is what brings the most points within a budget.
func Richest(enclaves []Enclave, measures []Measure, goal Goal, yen int64) Stage {
	st := Stage{Goal: goal}
	p := worth(enclaves, measures, goal.levels())
	chosen, _, proven := p.richest(yen)
	st.Proven = proven
	full := Apply(enclaves, measures, indexes(chosen))
	most := Points(full, goal.levels()...)
	st.take(enclaves, measures, chosen, func(after []Enclave) bool {
		return Points(after, goal.levels()...) >= most && planned(after, full)
	})
	return st
}

// planned keeps the plan of 3.12.4, which is worth no point, from being left out
// again where it would be bought.
func planned(after, full []Enclave) bool {
	gate := catalog.Find("3.12.4")
	for i := range after {
		if gate.In(&after[i].Open) != catalog.Met && gate.In(&full[i].Open) == catalog.Met {
			return false
		}
	}
	return true
}

func (g Goal) levels() []int {
	if g == Level3 {
		return []int{2, 3}
	}
	return []int{2}
}

func indexes(s mset) (list []int) {
	for m := range s.all {
		list = append(list, m)
	}
	return list
}

// take fills the stage with the measures chosen, without those that change
// nothing, the dearest of which goes first.
func (st *Stage) take(enclaves []Enclave, measures []Measure, chosen mset, enough func([]Enclave) bool) {
	list := indexes(chosen)
	dearest := slices.Clone(list)
	slices.SortStableFunc(dearest, func(a, b int) int { return cmp.Compare(measures[b].Yen, measures[a].Yen) })
	for _, m := range dearest {
		without := slices.DeleteFunc(slices.Clone(list), func(x int) bool { return x == m })
		if enough(Apply(enclaves, measures, without)) {
			list = without
		}
	}
	st.Measures = list
	for _, m := range list {
		st.Yen += measures[m].Yen
		st.Months = max(st.Months, measures[m].Months)
	}
	levels := st.Goal.levels()
	st.Points = Points(Apply(enclaves, measures, list), levels...) - Points(enclaves, levels...)
}

// Stages are the cheapest ways to each goal in turn, each on top of the one
// before. With a budget (below zero: none) the first goal that is too dear ends it, and
// what is left buys points.
func Stages(enclaves []Enclave, measures []Measure, last Goal, budget int64, way func([]Enclave, []Measure, Goal) Stage) (stages []Stage, rest *Stage) {
	at, left := enclaves, measures
	for _, goal := range Goals {
		st := way(at, left, goal)
		if budget >= 0 && st.Reached && st.Yen > budget {
			st.Reached = false
			most := Richest(at, left, last, budget)
			return append(stages, st), &most
		}
		stages = append(stages, st)
		if !st.Reached || goal == last {
			break
		}
		if budget >= 0 {
			budget -= st.Yen
		}
		at = Apply(at, left, st.Measures)
		left = slices.Clone(left)
		for _, m := range st.Measures { // bought: it costs nothing more
			left[m].Yen = 0
		}
	}
	return stages, nil
}
