package cmmc

import (
	"context"
	"slices"
	"strings"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

func assets(tx *store.Tx, system string) ([]Asset, error) {
	return store.Rows(tx, func(r store.Scanner) (a Asset, err error) {
		var inventory, ssp, diagram int
		err = r.Scan(&a.ID, &a.System, &a.Name, &a.Category, &a.Ref, &inventory, &ssp, &diagram, &a.Note)
		a.Inventory, a.SSP, a.Diagram = inventory != 0, ssp != 0, diagram != 0
		return a, err
	}, "SELECT id, system, name, category, ref, inventory, ssp, diagram, note FROM cmmc_asset WHERE system = $1 ORDER BY category, name, id", system)
}

// PutAsset enters an asset of an enclave; one without an id is new.
func (s *Service) PutAsset(ctx context.Context, by authz.Actor, a Asset) (string, error) {
	err := s.db.Change(ctx, func(tx *store.Tx) (err error) { a.ID, err = s.putAsset(tx, by, a); return err })
	return a.ID, err
}

func (s *Service) putAsset(tx *store.Tx, by authz.Actor, a Asset) (string, error) {
	sys, err := working(tx, by, Work, a.System)
	if err != nil {
		return "", err
	}
	a.Name, a.Ref, a.Note = strings.TrimSpace(a.Name), strings.TrimSpace(a.Ref), strings.TrimSpace(a.Note)
	var wrong fields
	wrong.add(a.Name == "", fault.F("name", "A name is needed here"))
	wrong.add(!slices.Contains(Categories, a.Category), fault.F("category", "There is no such category"))
	if err := wrong.err(); err != nil {
		return "", err
	}
	if a.ID == "" {
		a.ID = id.New()
	} else if err := ownAsset(tx, a.System, a.ID); err != nil {
		return "", err
	}
	if _, err := tx.Exec(`INSERT INTO cmmc_asset (id, system, name, category, ref, inventory, ssp, diagram, note) VALUES (`+marks(1, 9)+`)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, category = excluded.category, ref = excluded.ref, inventory = excluded.inventory,
		ssp = excluded.ssp, diagram = excluded.diagram, note = excluded.note`,
		a.ID, a.System, a.Name, string(a.Category), a.Ref, flag(a.Inventory), flag(a.SSP), flag(a.Diagram), a.Note); err != nil {
		return "", err
	}
	if err := note(tx, by, Change{System: a.System, Objective: -1, Kind: "asset", Now: string(a.Category) + " " + a.Name, Ref: a.ID}); err != nil {
		return "", err
	}
	return a.ID, tx.Record(by, fact.CMMCAssetPut{System: sys.ID, Unit: sys.Unit, Asset: a.ID, Category: string(a.Category)})
}

func ownAsset(tx *store.Tx, system, asset string) error {
	var n int
	err := tx.QueryRow("SELECT COUNT(*) FROM cmmc_asset WHERE id = $1 AND system = $2", asset, system).Scan(&n)
	if err == nil && n == 0 {
		err = fault.NotFound("There is no such asset here")
	}
	return err
}

// DropAsset takes an asset out of an enclave.
func (s *Service) DropAsset(ctx context.Context, by authz.Actor, system, asset string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := working(tx, by, Work, system)
		if err != nil {
			return err
		}
		if err := ownAsset(tx, system, asset); err != nil {
			return err
		}
		var name string
		var category Category
		if err := tx.QueryRow("DELETE FROM cmmc_asset WHERE id = $1 RETURNING name, category", asset).Scan(&name, &category); err != nil {
			return err
		}
		if err := note(tx, by, Change{System: system, Objective: -1, Kind: "asset", Was: string(category) + " " + name, Ref: asset}); err != nil {
			return err
		}
		return tx.Record(by, fact.CMMCAssetDropped{System: sys.ID, Unit: sys.Unit, Asset: asset, Category: string(category)})
	})
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
