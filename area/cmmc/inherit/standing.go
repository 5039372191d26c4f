package inherit

import (
	"slices"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
)

// Standing is how an enclave stands.
type Standing struct {
	System       string
	Level        int
	Low, High    int // Level 1 has no score
	Status, Best score.Status
	Open         int // requirements not met or not known
}

func stand(n *node, s *State) Standing {
	worst := s.Open.Or(s.Unknown)
	low, high := score.Count(n.Level, &worst, n.SSP), score.Count(n.Level, &s.Open, n.SSP)
	st := Standing{n.ID, n.Level, low.Score, high.Score, low.Status(), high.Status(), low.Open}
	if n.Level == 3 { // for which Level 2 stands at its maximum
		if score.Count(2, &worst, n.SSP).Status() != score.Final {
			st.Status = score.NotEligible
		}
		if score.Count(2, &s.Open, n.SSP).Status() != score.Final {
			st.Best = score.NotEligible
		}
	}
	return st
}

// Standings are those of all enclaves, in the order given.
func (g *Group) Standings() []Standing {
	var list []Standing
	for i := range g.nodes {
		if g.nodes[i].Enclave {
			list = append(list, g.stands[i])
		}
	}
	return list
}

// Effect is what counts for a system.
func (g *Group) Effect(id string) (State, bool) {
	i, ok := g.index[id]
	if !ok {
		return State{}, false
	}
	return g.effect[i], true
}

// Change is an enclave whose standing changed.
type Change struct{ Before, After Standing }

// Set changes a system's own half of one objective and returns the enclaves that
// stand otherwise for it.
func (g *Group) Set(id string, objective int, r score.Result) ([]Change, error) {
	i, ok := g.index[id]
	switch {
	case !ok:
		return nil, fault.NotFound("there is no system %q", id)
	case objective < 0 || objective >= catalog.Objectives:
		return nil, fault.Invalidf("there is no objective %d", objective)
	}
	own := g.nodes[i].Own
	own.Open.Clear(objective)
	own.Unknown.Clear(objective)
	switch r {
	case score.NotMet:
		own.Open.Set(objective)
	case score.Unknown:
		own.Unknown.Set(objective)
	}
	return g.put(i, own), nil
}

// Put replaces a system's own half and returns the enclaves that stand otherwise
// for it.
func (g *Group) Put(id string, own State) ([]Change, error) {
	i, ok := g.index[id]
	if !ok {
		return nil, fault.NotFound("there is no system %q", id)
	}
	return g.put(i, own), nil
}

func (g *Group) put(i int, own State) []Change {
	if own == g.nodes[i].Own {
		return nil
	}
	g.nodes[i].Own = own
	var changes []Change
	for _, j := range g.spread(i, g.effect, nil) {
		if n := &g.nodes[j]; n.Enclave {
			if st := stand(n, &g.effect[j]); st != g.stands[j] {
				changes = append(changes, Change{g.stands[j], st})
				g.stands[j] = st
			}
		}
	}
	return changes
}

// Of is how an enclave stands.
func (g *Group) Of(id string) (Standing, bool) {
	i, ok := g.index[id]
	if !ok || !g.nodes[i].Enclave {
		return Standing{}, false
	}
	return g.stands[i], true
}

// Gives are all objectives that others take from a system.
func (g *Group) Gives(id string) (b catalog.Bits) {
	i, ok := g.index[id]
	if !ok {
		return b
	}
	for _, u := range g.nodes[i].users {
		for _, l := range g.nodes[u].links {
			if l.from == i {
				b = b.Or(l.mask)
			}
		}
	}
	return b
}

// Blast tells what breaks where a system fails in some objectives: every enclave
// that would stand otherwise, the worst loss first. Nothing is changed.
func (g *Group) Blast(id string, failing catalog.Bits) ([]Change, error) {
	i, ok := g.index[id]
	if !ok {
		return nil, fault.NotFound("there is no system %q", id)
	}
	own := g.nodes[i].Own
	own.Open = own.Open.Or(failing)
	own.Unknown = own.Unknown.Without(failing)
	for _, m := range marks { // what fails is not partly met
		if failing.Has(m[0]) && failing.Has(m[1]) {
			own.Open.Set(m[1])
		}
	}
	effect := slices.Clone(g.effect)
	var changes []Change
	for _, j := range g.spread(i, effect, map[int]State{i: own}) {
		if n := &g.nodes[j]; n.Enclave {
			if st := stand(n, &effect[j]); st != g.stands[j] {
				changes = append(changes, Change{g.stands[j], st})
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return (b.Before.Low - b.After.Low) - (a.Before.Low - a.After.Low)
	})
	return changes, nil
}

// Services are the ids of the systems that others inherit from.
func (g *Group) Services() []string {
	var list []string
	for i := range g.nodes {
		if len(g.nodes[i].users) > 0 {
			list = append(list, g.nodes[i].ID)
		}
	}
	return list
}

// Unit is the sum over some enclaves.
type Unit struct {
	Name     string               `json:"name"`
	Enclaves int                  `json:"enclaves"`
	Status   map[score.Status]int `json:"status"`
	Lowest   int                  `json:"lowest"` // of Level 2 and 3 enclaves, low ends
	Worst    string               `json:"worst"`  // the enclave with it
	Points   int                  `json:"missing_points"`
}

// RollUp sums enclaves up by the unit that each belongs to.
func RollUp(list []Standing, unit func(system string) string) []Unit {
	at := map[string]int{}
	var units []Unit
	for _, s := range list {
		name := unit(s.System)
		i, ok := at[name]
		if !ok {
			i = len(units)
			at[name] = i
			units = append(units, Unit{Name: name, Status: map[score.Status]int{}, Worst: s.System, Lowest: s.Low})
		}
		u := &units[i]
		u.Enclaves++
		u.Status[s.Status]++
		if s.Level > 1 {
			u.Points += catalog.Of(s.Level).Max - s.Low
			if s.Low < u.Lowest {
				u.Lowest, u.Worst = s.Low, s.System
			}
		}
	}
	return units
}
