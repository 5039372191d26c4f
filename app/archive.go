package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"yagura/area/detect"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// archive shows detection the events that telemetry keeps.
type archive struct{ app *App }

// stored is an event as detection sees it.
func stored(e telemetry.Event) detect.Event {
	product, category, service := e.LogSource()
	return detect.Event{Batch: e.Batch, Ordinal: e.Ordinal, Source: e.Source, Unit: e.Unit, Time: e.Happened(), Received: e.Received, Host: e.Host,
		Product: product, Category: category, Service: service, Doc: e.Doc}
}

func (p archive) Each(ctx context.Context, by authz.Actor, unit string, from, to time.Time, do func(detect.Event) error) (partial bool, until time.Time, err error) {
	const all = 1 << 50
	q := telemetry.Query{From: from, To: to, MaxScan: all, Budget: 24 * time.Hour}
	inside := authz.Everything()
	if by.IsSystem() && unit != "" { // it has no units of its own
		if err := p.app.DB.View(ctx, func(tx *store.Tx) error {
			units, err := p.app.Dir.Units(tx)
			if err == nil {
				inside = inside.Within(units, unit)
			}
			return err
		}); err != nil {
			return false, until, err
		}
		unit = ""
	}
	c, err := p.app.Telemetry.Export(ctx, by, unit, q, all, func(e telemetry.Event) error {
		if !inside.Contains(e.Unit) {
			return nil
		}
		return do(stored(e))
	})
	return c.Partial, c.Until, err
}

func (p archive) Find(ctx context.Context, by authz.Actor, id string) (detect.Event, error) {
	e, err := p.app.Telemetry.Event(ctx, by, id)
	return stored(e), err
}

// packKeys are the public keys in files.
func packKeys(files []string) (keys []string, err error) {
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("detection.pack_keys: %w", err)
		}
		keys = append(keys, string(raw))
	}
	return keys, nil
}
