package cmmc

import "yagura/kernel/store"

func assets(tx *store.Tx, system string) ([]Asset, error) {
	return store.Rows(tx, func(r store.Scanner) (a Asset, err error) {
		var inventory, ssp, diagram int
		err = r.Scan(&a.ID, &a.System, &a.Name, &a.Category, &a.Ref, &inventory, &ssp, &diagram, &a.Note)
		a.Inventory, a.SSP, a.Diagram = inventory != 0, ssp != 0, diagram != 0
		return a, err
	}, "SELECT id, system, name, category, ref, inventory, ssp, diagram, note FROM cmmc_asset WHERE system = $1 ORDER BY category, name, id", system)
}
