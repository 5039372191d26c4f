package app

import (
	"context"

	"yagura/area/identity"
	"yagura/area/telemetry"
	"yagura/area/telemetry/intake"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// ownSigns is the source under which the log of authentication is telemetry.
const ownSigns = "yagura-identity"

// signs brings the log of authentication to telemetry, in batches by unit: borders
// are drawn by it.
type signs struct{ app *App }

func (p signs) Take(ctx context.Context, events []identity.Told, done func(tx *store.Tx) error) error {
	var own []telemetry.Own
	at := map[string]int{}
	for _, e := range events {
		i, known := at[e.Unit]
		if !known {
			i = len(own)
			at[e.Unit] = i
			own = append(own, telemetry.Own{Unit: e.Unit})
		}
		own[i].Events = append(own[i].Events, intake.Event{Raw: e.Doc, Time: e.At, Kind: "json"})
	}
	var root string
	if err := p.app.DB.View(ctx, func(tx *store.Tx) error {
		units, err := p.app.Dir.Units(tx)
		if err == nil {
			root = units.Root()
		}
		return err
	}); err != nil {
		return err
	}
	src := telemetry.Source{ID: ownSigns, Name: "Sign-ins to Yagura", NameJA: "Yaguraへのサインイン", Kind: "identity", Unit: root, Product: "yagura", Service: "identity"}
	return p.app.Telemetry.SubmitOwn(ctx, authz.System("identity"), src, own, done)
}
