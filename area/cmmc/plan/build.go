package plan

import "yagura/area/cmmc/catalog"

// build says what a goal asks of the measures.
func build(enclaves []Enclave, measures []Measure, goal Goal) (*problem, []Gap) {
	p := &problem{}
	for _, m := range measures {
		p.cost = append(p.cost, m.Yen)
	}
	var gaps []Gap
	for g := range enclaves {
		e := &enclaves[g]
		p.need = append(p.need, 0)
		must := func(objectives []int) {
			for _, o := range objectives {
				if !e.Open.Has(o) {
					continue
				}
				set := closers(e, measures, o)
				if set.empty() {
					gaps = append(gaps, Gap{e.Name, o})
				}
				p.must = append(p.must, set)
			}
		}
		for _, level := range goal.levels() {
			for _, q := range catalog.Requirements(level) {
				state := q.In(&e.Open)
				switch deferrable, _ := q.Deferrable(catalog.NotMet); {
				case state == catalog.Met:
				case goal != Conditional:
					must(all(q))
				case deferrable:
					p.may(e, measures, g, q.Weight, all(q))
				case q.Deferred:
					if state == catalog.NotMet { // at least in part
						mark, _ := q.Mark()
						set := closers(e, measures, mark)
						if set.empty() {
							gaps = append(gaps, Gap{e.Name, q.Objective[0]})
						}
						p.must = append(p.must, set)
					}
					p.may(e, measures, g, q.Partial, all(q))
				default:
					must(all(q))
				}
			}
		}
		if goal == Conditional {
			open := 0
			for _, q := range catalog.Requirements(2) {
				switch deferrable, _ := q.Deferrable(catalog.NotMet); {
				case q.In(&e.Open) == catalog.Met:
				case deferrable:
					open += q.Weight
				case q.Deferred:
					open += q.Partial
				}
			}
			l := catalog.Of(2)
			p.need[g] = max(0, open-(l.Max-l.ConditionalMin))
		}
	}
	p.must = minimal(p.must)
	return p, gaps
}

// worth says what measures are worth in points, each requirement whole.
func worth(enclaves []Enclave, measures []Measure, levels []int) *problem {
	p := &problem{need: make([]int, len(enclaves))}
	for _, m := range measures {
		p.cost = append(p.cost, m.Yen)
	}
	for g := range enclaves {
		e := &enclaves[g]
		for _, level := range levels {
			for _, q := range catalog.Requirements(level) {
				state := q.In(&e.Open)
				mark, partial := q.Mark()
				switch {
				case state == catalog.Met:
				case q.Gate:
					p.may(e, measures, g, noScore, all(q))
				case partial && state == catalog.NotMet && e.Open.Has(q.Objective[len(q.Objective)-1]): // in part first, then the rest
					last := len(q.Objective) - 1
					p.may(e, measures, g, q.Weight-q.Partial, append(append([]int(nil), q.Objective[:last]...), mark))
					p.may(e, measures, g, q.Partial, all(q))
				default:
					p.may(e, measures, g, q.Points(state), all(q))
				}
			}
		}
	}
	return p
}

// noScore is more than all points together: without a plan there is no score.
const noScore = 1000

func all(q *catalog.Requirement) []int {
	return append(append([]int(nil), q.Objective...), q.ODP...)
}

// may adds what can be closed; what no measure can close is left out.
func (p *problem) may(e *Enclave, measures []Measure, group, points int, objectives []int) {
	it := item{points: points, group: group}
	for _, o := range objectives {
		if !e.Open.Has(o) {
			continue
		}
		set := closers(e, measures, o)
		if set.empty() {
			return
		}
		it.sets = append(it.sets, set)
	}
	if it.sets = minimal(it.sets); len(it.sets) == 0 {
		return
	}
	for i := range p.items { // the same measures close both: one item
		if old := &p.items[i]; old.group == group && len(old.sets) == len(it.sets) && same(old.sets, it.sets) {
			old.points += points
			return
		}
	}
	p.items = append(p.items, it)
}

func same(a, b []mset) bool {
	for _, x := range a {
		found := false
		for _, y := range b {
			found = found || x == y
		}
		if !found {
			return false
		}
	}
	return true
}

// closers are the measures that close an objective, or bring a requirement into
// force at least in part.
func closers(e *Enclave, measures []Measure, o int) (set mset) {
	for i := range measures {
		m := &measures[i]
		if !m.in(e.Name) {
			continue
		}
		if m.Closes.Has(o) || m.Partly.Has(o) {
			set.add(i)
			continue
		}
		for _, q := range partials {
			if mark, _ := q.Mark(); mark == o && m.Closes.Has(q.Objective[len(q.Objective)-1]) {
				set.add(i) // who closes the last objective leaves nothing to be partial
			}
		}
	}
	return set
}

var partials = func() (list []*catalog.Requirement) {
	for _, q := range catalog.Requirements(2) {
		if _, ok := q.Mark(); ok {
			list = append(list, q)
		}
	}
	return list
}()
