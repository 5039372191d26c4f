package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"yagura/area/telemetry"
	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/kernel/config"
)

// eventFolder is where the event store that runs as our child keeps its data.
const eventFolder = "events"

// openEvents opens the event store: a VictoriaLogs that runs as a child of this
// process, or of the server that has the folder. close ends it.
func openEvents(ctx context.Context, cfg config.Config, log *slog.Logger) (events telemetry.Store, close func() error, err error) {
	var v *telemetry.Victoria
	c, err := child.Open(ctx, child.Options{Folder: filepath.Join(cfg.Data, eventFolder, "standard"), Keep: cfg.Telemetry.Retention, Log: log, Restarted: func() { v.WasAway() }})
	if err != nil {
		return nil, nil, err
	}
	node, err := victoria.Open(victoria.Options{Access: c.Access})
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	v = telemetry.NewVictoria(node)
	return v, func() error {
		v.Close()
		return c.Close()
	}, nil
}

// EventStore runs VictoriaLogs itself: what the server starts as its child.
func EventStore() { child.IfCalled() }
