package cmmc

import (
	"fmt"
	"slices"
	"time"

	"yagura/kernel/store"
)

// Frequencies that an organisation sets for itself.
const (
	assessEvery = 365 * 24 * time.Hour
	planEvery   = 365 * 24 * time.Hour
)

// ownSignals are what this area itself knows of a system: whether it is assessed,
// its plan reviewed, its tasks in time, and its signals fresh.
func ownSignals(tx *store.Tx, sys System, list []Reading) (found []Measured, err error) {
	add := func(signal string, pass bool, value string) {
		found = append(found, Measured{signal, pass, value, "cmmc", tx.Now})
	}
	fresh, fed := 0, 0
	for _, r := range list {
		if r.Signal == "controls.monitoring" {
			continue
		}
		fed++
		if h := r.Health(tx.Now); h == Passing || h == Failing {
			fresh++
		}
	}
	if fed > 0 {
		add("controls.monitoring", fresh == fed, fmt.Sprintf("%d of %d fresh", fresh, fed))
	}
	ts, err := tasks(tx, only{sys.ID, -1})
	if err != nil {
		return nil, err
	}
	if len(ts) > 0 {
		late := 0
		for _, t := range ts {
			if !t.Due.IsZero() && dayOf(tx.Now).After(t.Due) {
				late++
			}
		}
		add("poam.progress", late == 0, fmt.Sprintf("%d of %d late", late, len(ts)))
	}
	if sys.Kind != Enclave {
		return found, nil
	}
	var last int64
	if err := tx.QueryRow("SELECT COALESCE(MAX(day), 0) FROM cmmc_assessment WHERE enclave = $1", sys.ID).Scan(&last); err != nil {
		return nil, err
	}
	if last > 0 {
		day := store.Time(last)
		add("controls.assessment", tx.Now.Sub(day) <= assessEvery, dayText(day))
	}
	if sys.SSP != nil && !sys.SSP.Date.IsZero() {
		changes, err := changesOf(tx, sys.ID, sys.SSP.Date.Add(24*time.Hour), mostChanges)
		if err != nil {
			return nil, err
		}
		changes = slices.DeleteFunc(changes, func(c Change) bool { return !slices.Contains([]string{"asset", "share", "boundary"}, c.Kind) })
		add("ssp.age", tx.Now.Sub(sys.SSP.Date) <= planEvery && len(changes) == 0, fmt.Sprintf("%s, %d changes of scope since", dayText(sys.SSP.Date), len(changes)))
	}
	return found, nil
}
