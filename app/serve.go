package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"yagura/area/identity"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/observe"
	"yagura/kernel/store"
)

// Serve opens everything, prints the first administrator's link where nobody
// has one yet, and serves until the context ends.
func Serve(ctx context.Context, cfg config.Config, version string, out io.Writer) error {
	observe.Headroom()
	s, err := openStage(ctx, cfg, version, out)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	hearLibraries(s.watch.Log)
	a, err := Open(ctx, cfg, Options{Log: s.watch.Log, Version: version})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Metrics(s.watch); err != nil {
		return err
	}
	link, err := a.FirstLink(ctx)
	if err != nil {
		return err
	}
	if link != "" {
		fmt.Fprintf(out, "\nNobody can sign in yet. Open this link within a day to become the first administrator:\n\n  %s\n\n", link)
	}
	return a.Run(ctx, s.listener, s.watch.Handler(a.Handler()), func() {
		a.log.Info("serving", "address", s.listener.Addr().String(), "url", cfg.PublicURL)
	})
}

// lockFolder keeps a second server from the same data folder. Servers that
// share a PostgreSQL database have a folder each.
func lockFolder(folder string) (unlock func(), err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(folder, "server.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another server runs on the data folder %s", folder)
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}

// The first administrator, and the group he stands in until it is imported.
const (
	firstAdmin = "admin"
	firstUnit  = "group"
	firstWorld = "world"
)

// FirstLink founds an empty group with one administrator where there is none,
// and returns a link for him as long as nobody has a passkey.
func (a *App) FirstLink(ctx context.Context) (string, error) {
	var link string
	err := a.DB.Change(ctx, func(tx *store.Tx) error {
		link = ""
		system := authz.System("setup")
		var people, passkeys int
		if err := tx.QueryRow("SELECT (SELECT COUNT(*) FROM authz_person), (SELECT COUNT(*) FROM identity_passkey)").Scan(&people, &passkeys); err != nil {
			return err
		}
		if passkeys > 0 {
			return nil
		}
		if people == 0 {
			if err := a.Org.Seed(tx, system, org.Founding{
				Calendars: []org.Calendar{org.Usual()},
				Units: []org.Unit{
					{ID: firstWorld, Kind: org.Region, Name: "World", NameJA: "全世界", Parent: firstUnit, Lang: string(a.Config.Language), Zone: a.Config.Zone, Calendar: org.Usual().ID},
					{ID: firstUnit, Kind: org.Group, Name: "Group", NameJA: "グループ", Region: firstWorld},
				},
				People: []org.Person{{ID: firstAdmin, Name: "Administrator", NameJA: "管理者", Unit: firstUnit, Lang: a.Config.Language, Zone: a.Config.Zone}},
			}); err != nil {
				return err
			}
			if err := authz.Found(tx, system, authz.Grant{Person: firstAdmin, Role: authz.Admin, Tree: authz.Own, Unit: firstUnit, Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		var admin int
		if err := tx.QueryRow("SELECT COUNT(*) FROM authz_person WHERE id = $1 AND active = 1", firstAdmin).Scan(&admin); err != nil || admin == 0 {
			return err
		}
		secret, err := identity.MakeLink(tx, system, firstAdmin, identity.Enrol, tx.Now.Add(24*time.Hour))
		if err == nil {
			link = a.Identity.LinkURL(secret)
		}
		return err
	})
	return link, err
}

// Run serves the handler and runs what goes on in the background until the
// context ends: sealing, delivery, jobs, telemetry.
func (a *App) Run(ctx context.Context, listener net.Listener, handler http.Handler, serving func()) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	wait, err := a.Start(background)
	if err != nil {
		return err
	}
	serving()
	err = answer(ctx, a.Config, a.log, listener, handler, nil)
	stop()
	wait()
	return err
}

// Start runs the background of this process's roles until the context ends; wait returns when all of
// it has ended.
func (a *App) Start(ctx context.Context) (wait func(), err error) {
	if err := a.startTelemetry(ctx); err != nil {
		return nil, errors.Join(err, a.Telemetry.Close())
	}
	var wg sync.WaitGroup
	runs := []func(context.Context){func(ctx context.Context) { a.process.Run(ctx, a.DB, a.log) }}
	if a.Config.Has(config.RoleWorker) {
		runs = append(runs, a.Sealer.Run, a.Delivery.Run, a.Queue.Run,
			func(ctx context.Context) { a.Identity.Tell(ctx, signs{a}, a.log) })
	}
	if a.Config.Has(config.RoleConsole) {
		answer, err := a.startRADIUS(ctx)
		if err != nil {
			return nil, errors.Join(err, a.Telemetry.Close())
		}
		public, err := a.startPublic(ctx)
		if err != nil {
			return nil, errors.Join(err, a.Telemetry.Close())
		}
		runs = append(runs, func(context.Context) { answer() }, func(context.Context) { public() })
	}
	if a.Config.Has(config.RoleWorker) || a.Config.Has(config.RoleConsole) { // both use the rules
		runs = append(runs, a.Detect.Run)
	}
	for _, run := range runs {
		wg.Go(func() { run(ctx) })
	}
	return func() {
		if err := a.Telemetry.Close(); err != nil {
			a.log.Error("telemetry did not end well", "error", err)
		}
		wg.Wait()
	}, nil
}
