package cmmc

import (
	"context"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Loss is what a family costs an enclave: the points at its low end, and how many
// requirements are open.
type Loss struct {
	Points  int
	Open    int
	Of      int  // requirements of the family at the enclave's level
	Unknown bool // some of it is not known to be open
}

// Losses are those of all families, in their order, by enclave.
func (s *Service) Losses(ctx context.Context, by authz.Actor, unit string) (found map[string][]Loss, err error) {
	found = map[string][]Loss{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		sees := v.within(unit)
		return s.book.with(tx, func() error {
			for _, sys := range s.book.systems {
				if sys.Kind == Enclave && sees(sys) {
					state, _ := s.book.live.Effect(sys.ID)
					found[sys.ID] = losses(sys, state)
				}
			}
			return nil
		})
	})
	return found, err
}

func losses(sys System, state half) []Loss {
	worst := state.Open.Or(state.Unknown)
	list := make([]Loss, len(catalog.Families()))
	for k, f := range catalog.Families() {
		l := &list[k]
		for _, level := range levelsOf(sys.Level) {
			for _, q := range catalog.Requirements(level) {
				if q.Family != f.Abbr {
					continue
				}
				l.Of++
				sure, may := q.In(&state.Open), q.In(&worst)
				if may == catalog.Met {
					continue
				}
				l.Open++
				if sys.Level > 1 { // Level 1 has no points
					l.Points += q.Points(may)
				}
				l.Unknown = l.Unknown || sure != may
			}
		}
	}
	return list
}

// levelsOf are the levels whose requirements an enclave is measured by.
func levelsOf(level int) []int {
	if level == 3 {
		return []int{2, 3}
	}
	return []int{level}
}

// Claimed tells whether a requirement with partial credit is said to be in place
// in part at a system.
func (s *Service) Claimed(ctx context.Context, by authz.Actor, system, requirement string) (claimed bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := open(tx, by, system); err != nil {
			return err
		}
		list, err := store.Texts(tx, "SELECT requirement FROM cmmc_partial WHERE system = $1 AND requirement = $2", system, requirement)
		claimed = len(list) > 0
		return err
	})
	return claimed, err
}
