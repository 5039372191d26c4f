package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/kernel/config"
	"yagura/kernel/file"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// eventsFolder is where the event store that runs as our child keeps its data.
const eventsFolder = "events"

// openEvents opens the event store: the one or two that are configured, or a
// VictoriaLogs that runs as a child of this process – or of the server that has
// the folder – for each class. close ends it.
func openEvents(ctx context.Context, cfg config.Config, log *slog.Logger) (events telemetry.Store, close func() error, err error) {
	if log == nil {
		log = slog.Default()
	}
	if len(cfg.Telemetry.Events) == 0 {
		return openChildren(ctx, cfg, log)
	}
	return openRemote(ctx, cfg, log)
}

// openRemote opens the stores that somebody else runs.
func openRemote(ctx context.Context, cfg config.Config, log *slog.Logger) (telemetry.Store, func() error, error) {
	t := cfg.Telemetry
	var nodes []*victoria.Node
	end := func() error {
		for _, n := range nodes {
			n.Close()
		}
		return nil
	}
	open := func(u string) (*victoria.Node, error) {
		access := victoria.Access{URL: u, User: t.EventsUser, Password: t.EventsPassword.Reveal()}
		node, err := victoria.Open(victoria.Options{CA: t.EventsCA, Access: func(context.Context) (victoria.Access, error) { return access, nil }})
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
		probe, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := node.Healthy(probe); err != nil { // intake goes on all the same
			log.Error("event store: it does not answer", "url", u, "error", err)
		}
		return node, nil
	}
	var all []telemetry.Store
	for i, u := range t.Events {
		front, err := open(u)
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		var shelves []telemetry.Shelf
		for _, c := range classes(cfg) {
			node := front
			if len(t.Retention) > 1 {
				if node, err = open(t.EventsClasses[c.Name][i]); err != nil {
					return nil, nil, errors.Join(err, end())
				}
			}
			shelves = append(shelves, telemetry.Shelf{Class: c, Node: node})
		}
		all = append(all, telemetry.NewVictoria(front, shelves...))
	}
	if len(all) == 1 {
		return all[0], end, nil
	}
	return telemetry.NewPair(log, all...), end, nil
}

// classes are those by which events are kept, the standard one first.
func classes(cfg config.Config) (all []telemetry.Class) {
	for _, c := range cfg.Telemetry.Retention {
		all = append(all, telemetry.Class{Name: c.Name, Keep: c.Keep})
	}
	return all
}

// frontFolder is that of the child that asks those of all classes; it holds no
// events. No class can be named so.
const frontFolder = ".front"

// openChildren opens a child for each class. Where there is more than one, one
// more stands in front of them and is asked.
func openChildren(ctx context.Context, cfg config.Config, log *slog.Logger) (telemetry.Store, func() error, error) {
	folder := filepath.Join(cfg.Data, eventsFolder)
	all := classes(cfg)
	if err := noOtherClass(folder, all); err != nil {
		return nil, nil, err
	}
	var v atomic.Pointer[telemetry.Victoria]
	o := child.Options{Log: log, Memory: child.Memory, Restarted: func() {
		if v := v.Load(); v != nil {
			v.WasAway()
		}
	}}
	if len(all) > 1 {
		o.Memory = child.Memory / float64(len(all)+1)
	}
	children, failed := make([]*child.Child, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		o := o
		o.Folder, o.Keep = filepath.Join(folder, c.Name), c.Keep
		wg.Go(func() { children[i], failed[i] = child.Open(ctx, o) })
	}
	wg.Wait()
	end := func() error {
		var err error
		for _, c := range slices.Backward(children) { // the front first
			if c != nil {
				err = errors.Join(err, c.Close())
			}
		}
		return err
	}
	if err := errors.Join(failed...); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	shelves := make([]telemetry.Shelf, len(all))
	for i, c := range all {
		node, err := victoria.Open(victoria.Options{Access: children[i].Access})
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		shelves[i] = telemetry.Shelf{Class: c, Node: node}
	}
	asked := shelves[0].Node
	if len(all) > 1 {
		front, err := child.Open(ctx, child.Options{Folder: filepath.Join(folder, frontFolder), Keep: all[0].Keep, Log: log, Memory: o.Memory, Over: slices.Clone(children)})
		if err != nil {
			return nil, nil, errors.Join(err, end())
		}
		children = append(children, front)
		if asked, err = victoria.Open(victoria.Options{Access: front.Access}); err != nil {
			return nil, nil, errors.Join(err, end())
		}
	}
	store := telemetry.NewVictoria(asked, shelves...)
	v.Store(store)
	return store, func() error {
		store.Close()
		return end()
	}, nil
}

// noOtherClass refuses a folder that holds events of a class that is not in the
// configuration: nobody would find them.
func noOtherClass(folder string, has []telemetry.Class) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if slices.ContainsFunc(has, func(c telemetry.Class) bool { return c.Name == e.Name() }) {
			continue
		}
		if days, err := os.ReadDir(filepath.Join(folder, e.Name(), "partitions")); err == nil && len(days) > 0 {
			return fmt.Errorf("%s holds events of the class %s, which telemetry.retention does not have: they would not be found. Add the class again, or, if nobody needs them any more, move the folder away", filepath.Join(folder, e.Name()), e.Name())
		}
	}
	return nil
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
		if err = file.Add(path, 0o600, file.Bytes(b)); errors.Is(err, fs.ErrExist) {
			b, err = os.ReadFile(path)
		}
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
