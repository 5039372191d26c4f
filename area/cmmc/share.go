package cmmc

import (
	"context"
	"slices"
	"strconv"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// SetShares says what a system takes from a provider: objectives that are the
// provider's alone, and those of which each has a half. What stood between the two
// before is replaced; nothing of both ends it.
func (s *Service) SetShares(ctx context.Context, by authz.Actor, system, provider string, given, shared catalog.Bits) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.setShares(tx, by, system, provider, given, shared) })
}

func (s *Service) setShares(tx *store.Tx, by authz.Actor, system, provider string, given, shared catalog.Bits) error {
	sys, err := working(tx, by, Manage, system)
	if err != nil {
		return err
	}
	// Whose services there are is told to all who may declare what they take from
	// them: only the provider's own state is behind the border.
	p, err := findSystem(tx, provider)
	if err != nil || p.Kind == Enclave {
		return fault.Invalid(fault.F("provider", "There is no such provider"))
	}
	for i := range given.And(shared).All {
		return fault.Invalid(fault.F("objectives", "%s can't be the provider's alone and shared", catalog.Name(i)))
	}
	for i := range given.Or(shared).All {
		if i >= catalog.Objectives {
			return fault.Invalid(fault.F("objectives", "There is no objective %s", strconv.Itoa(i)))
		}
	}
	if _, err := tx.Exec("DELETE FROM cmmc_share WHERE system = $1 AND provider = $2", system, provider); err != nil {
		return err
	}
	for kind, bits := range map[inherit.Kind]catalog.Bits{inherit.Provider: given, inherit.Shared: shared} {
		for i := range bits.All {
			if _, err := tx.Exec("INSERT INTO cmmc_share (system, provider, objective, kind) VALUES ($1,$2,$3,$4)", system, provider, i, string(kind)); err != nil {
				return err
			}
		}
	}
	if err := s.fits(tx); err != nil {
		return err
	}
	if err := note(tx, by, Change{System: system, Objective: -1, Kind: "share", Now: strconv.Itoa(given.Count()) + "+" + strconv.Itoa(shared.Count()), Ref: provider}); err != nil {
		return err
	}
	if err := tx.Record(by, fact.CMMCSharesSet{System: sys.ID, Unit: sys.Unit, Provider: provider, Given: given.Count(), Shared: shared.Count()}); err != nil {
		return err
	}
	return stir(tx, system, pulseAll)
}

// fits refuses shares by which an objective would come back to where it came from.
func (s *Service) fits(tx *store.Tx) error {
	list, err := systems(tx, "1=1")
	if err != nil {
		return err
	}
	taken, err := shares(tx, all)
	if err != nil {
		return err
	}
	by := map[string][]Share{}
	for _, sh := range taken {
		by[sh.System] = append(by[sh.System], sh)
	}
	group := make([]inherit.System, len(list))
	for i, x := range list {
		group[i] = asInherit(x, by[x.ID], half{})
	}
	_, err = inherit.New(group)
	return err
}

// ProviderRow is a provider in a list.
type ProviderRow struct {
	System
	Users int // enclaves and services the actor sees that take from it
	Gives int // objectives
	Open  int // of these, not met or not known today
}

// Providers are the services that the actor may see.
func (s *Service) Providers(ctx context.Context, by authz.Actor, unit string) (list []ProviderRow, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		sees := v.within(unit)
		list = nil
		return s.book.with(tx, func() error {
			b := &s.book
			for _, x := range b.systems {
				if x.Kind == Enclave || !sees(x) {
					continue
				}
				r := ProviderRow{System: x}
				for _, u := range b.systems {
					if v.sees(u.ID, u.Unit) && slices.ContainsFunc(b.shares[u.ID], func(sh Share) bool { return sh.Provider == x.ID }) {
						r.Users++
					}
				}
				gives := b.live.Gives(x.ID).And(objectivesOf(3))
				effect, _ := b.live.Effect(x.ID)
				r.Gives, r.Open = gives.Count(), gives.And(effect.Open.Or(effect.Unknown)).Count()
				list = append(list, r)
			}
			return nil
		})
	})
	return list, err
}
