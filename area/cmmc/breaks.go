package cmmc

import (
	"context"
	"slices"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Break is an enclave that would stand otherwise.
type Break struct {
	Named
	Before, After inherit.Standing
}

// Points are what it would lose at its low end.
func (b Break) Points() int { return b.Before.Low - b.After.Low }

// Falls tells whether it would lose a status that may be lawful today.
func (b Break) Falls() bool {
	return b.Before.Status.AtLeast(score.Conditional) && !b.After.Status.AtLeast(score.Conditional)
}

// Breaks is what would break.
type Breaks struct {
	System  Named
	Failing catalog.Bits // what was said to fail, as far as it counts at the system
	Lost    []Lost
	Breaks  []Break
	Points  int
	Falling int
	Reached int // enclaves that take something of it and that the actor may see
}

// Lost is a requirement that would be open.
type Lost struct {
	*catalog.Requirement
	Objectives []int
	Deferrable bool
	Clause     string
}

// BreakAsk is what is said to fail at a system: a signal, a requirement or an
// objective, or, where none is named, all that others take from it.
type BreakAsk struct {
	System string
	Signal string
	Name   string
}

// Breaking tells what would break, worst first. Nothing is changed, and of
// enclaves that the actor may not see nothing is told.
func (s *Service) Breaking(ctx context.Context, by authz.Actor, ask BreakAsk) (b Breaks, err error) {
	var failing catalog.Bits
	switch {
	case ask.Signal != "":
		sig, ok := FindSignal(ask.Signal)
		if !ok {
			return b, fault.Invalid(fault.F("signal", "There is no such choice"))
		}
		for _, i := range sig.Objectives {
			failing.Set(i)
		}
	case ask.Name != "":
		bits, ok := inherit.Named(ask.Name)
		if !ok {
			return b, fault.Invalid(fault.F("name", "There is no requirement or objective %q", ask.Name))
		}
		failing = bits
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		return s.book.with(tx, func() error { return s.breaking(v, ask.System, failing, &b) })
	})
	return b, err
}

// breaking computes on the book, which is held.
func (s *Service) breaking(v view, id string, failing catalog.Bits, b *Breaks) error {
	i, ok := s.book.index[id]
	if !ok || !s.book.known(v, s.book.systems[i]) {
		return missing()
	}
	sys := s.book.systems[i]
	b.System = Named{sys.ID, sys.Name, sys.NameJA, sys.Kind, v.sees(sys.ID, sys.Unit)}
	if !failing.Any() {
		failing = s.book.live.Gives(id)
		if sys.Kind == Enclave {
			failing = failing.Or(objectivesOf(sys.Level))
		}
		for _, q := range catalog.Requirements(2) { // what fails whole is not in force in part
			if mark, ok := q.Mark(); ok && failing.Has(q.Objective[len(q.Objective)-1]) {
				failing.Set(mark)
			}
		}
	}
	b.Failing = failing
	changes, err := s.book.live.Blast(id, failing)
	if err != nil {
		return err
	}
	for _, c := range changes {
		at := s.book.systems[s.book.index[c.Before.System]]
		if !v.sees(at.ID, at.Unit) {
			continue
		}
		x := Break{Named{at.ID, at.Name, at.NameJA, at.Kind, true}, c.Before, c.After}
		b.Breaks = append(b.Breaks, x)
		b.Points += max(x.Points(), 0)
		if x.Falls() {
			b.Falling++
		}
	}
	for _, x := range s.book.systems {
		if x.Kind == Enclave && v.sees(x.ID, x.Unit) && (x.ID == id || slices.ContainsFunc(s.book.shares[x.ID], func(sh Share) bool { return sh.Provider == id })) {
			b.Reached++
		}
	}
	for _, level := range []int{2, 3} {
		for _, q := range catalog.Requirements(level) {
			l := Lost{Requirement: q}
			for _, o := range q.Objective {
				if failing.Has(o) {
					l.Objectives = append(l.Objectives, o)
				}
			}
			if len(l.Objectives) == 0 {
				continue
			}
			ok, clause := q.Deferrable(catalog.NotMet)
			l.Deferrable, l.Clause = ok, catalog.Clause(clause)
			b.Lost = append(b.Lost, l)
		}
	}
	return nil
}

// known tells whether the actor may know of a system: he sees it, or an enclave
// that he sees takes from it.
func (b *book) known(v view, sys System) bool {
	if v.sees(sys.ID, sys.Unit) {
		return true
	}
	for _, x := range b.systems {
		if v.sees(x.ID, x.Unit) && slices.ContainsFunc(b.shares[x.ID], func(sh Share) bool { return sh.Provider == sys.ID }) {
			return true
		}
	}
	return false
}

// Breakable are the systems that can be said to fail: providers first, those with
// the most users before others.
func (s *Service) Breakable(ctx context.Context, by authz.Actor) (list []Named, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		return s.book.with(tx, func() error {
			users := map[string]int{}
			for _, taken := range s.book.shares {
				seen := map[string]bool{}
				for _, sh := range taken {
					if !seen[sh.Provider] {
						seen[sh.Provider] = true
						users[sh.Provider]++
					}
				}
			}
			for _, sys := range s.book.systems {
				if s.book.known(v, sys) {
					list = append(list, Named{sys.ID, sys.Name, sys.NameJA, sys.Kind, v.sees(sys.ID, sys.Unit)})
				}
			}
			slices.SortStableFunc(list, func(a, b Named) int {
				if (a.Kind == Enclave) != (b.Kind == Enclave) {
					if a.Kind == Enclave {
						return 1
					}
					return -1
				}
				return users[b.ID] - users[a.ID]
			})
			return nil
		})
	})
	return list, err
}
