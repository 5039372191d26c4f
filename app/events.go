package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/kernel/config"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// eventsFolder is where the event store that runs as our child keeps its data.
const eventsFolder = "events"

// openEvents opens the event store: the one or two that are configured, or a
// VictoriaLogs that runs as a child of this process – or of the server that has
// the folder. close ends it.
func openEvents(ctx context.Context, cfg config.Config, log *slog.Logger) (events telemetry.Store, close func() error, err error) {
	if log == nil {
		log = slog.Default()
	}
	t := cfg.Telemetry
	if len(t.Events) == 0 {
		return openChild(ctx, cfg, log)
	}
	var all []telemetry.Store
	var nodes []*telemetry.Victoria
	end := func() error {
		for _, n := range nodes {
			n.Close()
		}
		return nil
	}
	for _, u := range t.Events {
		access := victoria.Access{URL: u, User: t.EventsUser, Password: t.EventsPassword.Reveal()}
		node, err := victoria.Open(victoria.Options{CA: t.EventsCA, Access: func(context.Context) (victoria.Access, error) { return access, nil }})
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		v := telemetry.NewVictoria(node)
		all, nodes = append(all, v), append(nodes, v)
		probe, cancel := context.WithTimeout(ctx, 5*time.Second)
		if err := node.Healthy(probe); err != nil { // intake goes on all the same
			log.Error("event store: it does not answer", "url", u, "error", err)
		}
		cancel()
	}
	if len(all) == 1 {
		return all[0], end, nil
	}
	return telemetry.NewPair(log, all...), end, nil
}

func openChild(ctx context.Context, cfg config.Config, log *slog.Logger) (telemetry.Store, func() error, error) {
	var v *telemetry.Victoria
	c, err := child.Open(ctx, child.Options{Folder: filepath.Join(cfg.Data, eventsFolder, "standard"), Keep: cfg.Telemetry.Retention, Log: log, Restarted: func() {
		if v != nil {
			v.WasAway()
		}
	}})
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

// claimEvents makes sure that servers that share a database do not each keep
// events of their own.
func claimEvents(ctx context.Context, cfg config.Config, db *store.DB, claim func(context.Context, *store.DB, telemetry.Keeper) error) error {
	if !cfg.Postgres() || len(cfg.Telemetry.Events) > 0 {
		return nil
	}
	folder := filepath.Join(cfg.Data, eventsFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(folder, "id")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b = []byte(id.New() + "\n")
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	return claim(ctx, db, telemetry.Keeper{ID: strings.TrimSpace(string(b)), Host: host, Folder: folder})
}

// EventStore runs VictoriaLogs itself, where the server started this program as
// its child for that, and returns otherwise.
func EventStore() { child.IfCalled() }
