package cmmc

import (
	"context"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/plan"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// mostPlanned is how many measures a plan weighs up at once.
const mostPlanned = 250

// PlanAsk is what a plan is to reach.
type PlanAsk struct {
	Unit   string    // "" = everything that the actor may see
	Goal   plan.Goal // the last one; those before it come first
	Budget int64     // below zero: none
	Soon   bool      // the soonest instead of the cheapest
}

// PlanStage is one step: what is to be bought, and what is missing.
type PlanStage struct {
	plan.Stage
	Chosen []Measure
}

// PlanAnswer is what a plan comes to.
type PlanAnswer struct {
	Ask       PlanAsk
	Enclaves  []PlanEnclave
	Decided   []Measure // approved or running: taken as bought
	Open      []Measure // proposed: what there is to choose from
	Stages    []PlanStage
	Rest      *PlanStage // what the budget buys where the next stage is too dear
	Buy       []Measure  // of all stages reached, in order
	Yen       int64
	Now, Then int // points of all enclaves: today with what is decided, and after
}

// PlanEnclave is an enclave before and after.
type PlanEnclave struct {
	System
	Today, Decided, After PlanStanding
}

// PlanStanding is where an enclave stands at Level 2, and at Level 3 where that is
// its target.
type PlanStanding struct {
	Score  int
	Status score.Status
	Third  score.Status
}

func planStanding(e plan.Enclave, level int) (p PlanStanding) {
	p.Status, p.Score = e.Status(2)
	if level == 3 {
		p.Third, _ = e.Status(3)
	}
	return p
}

// Plan finds the measures that bring all enclaves of a unit to a goal for the
// least money. What is decided is taken as bought, what is unknown as open, and
// points are never split.
func (s *Service) Plan(ctx context.Context, by authz.Actor, ask PlanAsk) (a PlanAnswer, err error) {
	a.Ask = ask
	switch ask.Goal {
	case plan.Conditional, plan.Final, plan.Level3:
	default:
		return a, fault.Invalid(fault.F("goal", "There is no such choice"))
	}
	var names []string
	var before []plan.Enclave
	within := map[string][]string{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		scope := by.Scope(Survey).Within(by.Units(), ask.Unit)
		if err := s.book.with(tx, func() error {
			for _, sys := range s.book.systems {
				if sys.Kind != Enclave || !scope.Contains(sys.Unit) || sys.Level < 2 {
					continue
				}
				state, _ := s.book.live.Effect(sys.ID)
				e := plan.Enclave{Name: sys.ID, Open: state.Open.Or(state.Unknown)}
				if sys.SSP == nil {
					e.Open.Set(planOfSSP)
				}
				before = append(before, e)
				names = append(names, sys.ID)
				a.Enclaves = append(a.Enclaves, PlanEnclave{System: sys, Today: planStanding(e, sys.Level)})
			}
			return nil
		}); err != nil {
			return err
		}
		in, args := by.Scope(Survey).Where("m.unit", 1)
		list, err := store.Rows(tx, readMeasure, "SELECT "+measureColumns+" FROM cmmc_measure m WHERE m.state IN ('proposed','approved','running') AND "+in+" ORDER BY m.ord", args...)
		if err != nil {
			return err
		}
		if err := withEnclaves(tx, list); err != nil {
			return err
		}
		for _, m := range list {
			if within[m.Unit] == nil {
				if within[m.Unit], err = enclavesWithin(tx, by, m.Unit); err != nil {
					return err
				}
			}
			switch p := m.planned(within[m.Unit]); {
			case !touches(p, names):
			case m.Decided():
				a.Decided = append(a.Decided, m)
			default:
				a.Open = append(a.Open, m)
			}
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	if n := len(a.Open); n > mostPlanned {
		return a, fault.Invalid(fault.F("unit", "There are %d measures to choose from, more than %d: choose a smaller unit", n, mostPlanned))
	}
	a.solve(before, within)
	return a, nil
}

// planOfSSP is the objective that there is a system security plan.
var planOfSSP, _ = catalog.Index("3.12.4[a]")

func touches(m plan.Measure, enclaves []string) bool {
	for _, e := range m.Enclaves {
		for _, n := range enclaves {
			if e == n {
				return true
			}
		}
	}
	return false
}

func (a *PlanAnswer) solve(before []plan.Enclave, within map[string][]string) {
	plans := func(list []Measure) (out []plan.Measure) {
		for _, m := range list {
			out = append(out, m.planned(within[m.Unit]))
		}
		return out
	}
	decided, open := plans(a.Decided), plans(a.Open)
	every := make([]int, len(decided))
	for i := range every {
		every[i] = i
	}
	at := plan.Apply(before, decided, every)
	for i := range at {
		a.Enclaves[i].Decided = planStanding(at[i], a.Enclaves[i].Level)
	}
	levels := []int{2}
	if a.Ask.Goal == plan.Level3 {
		levels = []int{2, 3}
	}
	a.Now = plan.Points(at, levels...)
	way := plan.Cheapest
	if a.Ask.Soon {
		way = plan.Soonest
	}
	stages, rest := plan.Stages(at, open, a.Ask.Goal, a.Ask.Budget, way)
	after := at
	take := func(st plan.Stage, bought bool) PlanStage {
		ps := PlanStage{Stage: st}
		for _, m := range st.Measures {
			ps.Chosen = append(ps.Chosen, a.Open[m])
		}
		if bought {
			after = plan.Apply(after, open, st.Measures)
			a.Yen += st.Yen
			for _, m := range ps.Chosen {
				if !holds(a.Buy, m.ID) {
					a.Buy = append(a.Buy, m)
				}
			}
		}
		return ps
	}
	for _, st := range stages {
		a.Stages = append(a.Stages, take(st, st.Reached))
	}
	if rest != nil {
		ps := take(*rest, true)
		a.Rest = &ps
	}
	for i := range after {
		a.Enclaves[i].After = planStanding(after[i], a.Enclaves[i].Level)
	}
	a.Then = plan.Points(after, levels...)
}

func holds(list []Measure, id string) bool {
	for _, m := range list {
		if m.ID == id {
			return true
		}
	}
	return false
}
