package app

import (
	"context"

	"yagura/kernel/authz"
	"yagura/kernel/observe"
)

// Metrics shows operators how jobs, ledger and intake do.
func (a *App) Metrics(w *observe.Watch) error {
	if err := w.Database(a.DB); err != nil {
		return err
	}
	return w.Gauge("yagura.telemetry.waiting", "{event}", "Events in the journal that are not yet stored", func(ctx context.Context) ([]observe.Point, error) {
		h, err := a.Telemetry.Health(ctx, authz.System("metrics"))
		return []observe.Point{{Value: float64(h.Waiting)}}, err
	})
}
