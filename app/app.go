// Package app knows everybody: it opens the databases, wires the areas to each
// other, serves pages and API, and runs what goes on in the background.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"yagura/api"
	"yagura/app/desk"
	"yagura/area/cmmc"
	cmmcweb "yagura/area/cmmc/web"
	"yagura/area/detect"
	detectweb "yagura/area/detect/web"
	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/area/identity/saml"
	"yagura/area/identity/scim"
	identityweb "yagura/area/identity/web"
	"yagura/area/incident"
	incidentweb "yagura/area/incident/web"
	"yagura/area/org"
	orgweb "yagura/area/org/web"
	"yagura/area/psirt"
	psirtweb "yagura/area/psirt/web"
	"yagura/area/telemetry"
	telemetryweb "yagura/area/telemetry/web"
	"yagura/console"
	"yagura/kernel/alive"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/document"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/observe"
	"yagura/kernel/search"
	"yagura/kernel/store"
)

// migrations are the tables of everything, in the order in which they are made.
var migrations = []store.Migrations{
	authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, search.Migrations, alive.Migrations,
	org.Migrations, identity.Migrations, telemetry.Migrations, detect.Migrations, incident.Migrations,
	psirt.Migrations, cmmc.Migrations,
}

// Policy is who may do what, of all areas together.
var Policy = authz.NewPolicy(authz.Acts, ledger.Acts, job.Acts, notify.Acts, desk.Acts,
	org.Acts, identity.Acts, telemetry.Acts, detect.Acts, incident.Acts, psirt.Acts, cmmc.Acts)

// Options are what a caller may add to the configuration.
type Options struct {
	Clock   clock.Clock  // nil: the machine's
	Log     *slog.Logger // nil: the default one
	Version string
	Workers int // of telemetry; below zero: none, for commands that only write
}

// App is the product, opened.
type App struct {
	public   net.Addr // of the public site, where it is served here
	Config   config.Config
	DB       *store.DB
	Dir      *authz.Directory
	Key      *ledger.Key
	Sealer   *ledger.Sealer
	Delivery *ledger.Delivery
	Queue    *job.Queue
	Notify   *notify.Service
	Docs     *document.Store
	Console  *console.Console

	Org       *org.Service
	Identity  *identity.Service
	Provider  *oidc.Provider
	SAML      *saml.Provider
	Telemetry *telemetry.Service
	Detect    *detect.Service
	Incident  *incident.Service
	PSIRT     *psirt.Service
	CMMC      *cmmc.Service
	Events    telemetry.Store

	log      *slog.Logger
	process  alive.Process
	verified verification
	mux      *http.ServeMux
	handler  http.Handler
	closers  []func() error
}

// Open opens and wires everything; nothing runs yet.
func Open(ctx context.Context, cfg config.Config, o Options) (a *App, err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	a = &App{Config: cfg, log: o.Log, process: alive.New(cfg.Role, o.Version), Dir: authz.NewDirectory(Policy)}
	defer func() {
		if err != nil {
			a.Close()
			a = nil
		}
	}()
	if a.DB, err = store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys, Clock: o.Clock, Log: o.Log}); err != nil {
		return a, err
	}
	a.closers = append(a.closers, a.DB.Close)
	if err = a.DB.Migrate(ctx, migrations...); err != nil {
		return a, err
	}
	if a.Key, err = ledger.OpenKey(cfg.Keys); err != nil {
		return a, err
	}
	if err = a.DB.View(ctx, a.Key.Fits); err != nil {
		return a, err
	}
	if a.Docs, err = document.Open(ctx, cfg.Documents); err != nil {
		return a, err
	}
	a.closers = append(a.closers, a.Docs.Close)
	a.Sealer = ledger.NewSealer(a.DB, a.Key, cfg.Keys, o.Log)
	a.Queue = job.New(a.DB, o.Log)
	if err = a.openAreas(ctx, o); err != nil {
		return a, err
	}
	a.Delivery = ledger.NewDelivery(a.DB, a.Sealer, o.Log, append(a.CMMC.Reacts(), a.Identity.Reacts(), a.Incident.Reacts(), a.Incident.TakesWebsites())...)
	return a, a.openPages(o)
}

func (a *App) openPages(o Options) error {
	d := &desk.Desk{DB: a.DB, Key: a.Key, Keys: a.Config.Keys, Queue: a.Queue, Notify: a.Notify, Version: o.Version, Kept: a.kept}
	var err error
	a.Console, err = console.New(console.Options{
		Areas: []console.Area{
			d.Area(), orgweb.Area(a.Org, a.unitPanels()...), identityweb.Area(a.Identity, a.Provider, a.SAML, Policy),
			telemetryweb.Area(a.Telemetry, a.telemetryPages()), detectweb.Area(a.Detect), incidentweb.Area(a.Incident),
			psirtweb.Area(a.PSIRT),
			cmmcweb.Area(a.CMMC),
		},
		Sessions: a.Identity, Log: o.Log, Clock: o.Clock, UnitAct: org.Read,
		SaveLang: a.Org.Speak, Unread: d.Unread, PublicURL: a.Config.PublicURL,
	})
	if err != nil {
		return err
	}
	d.Areas = a.Console.Areas
	a.mux = http.NewServeMux()
	if err := a.Console.Mount(a.mux); err != nil {
		return err
	}
	if err := api.Mount(a.mux, a.Console.Routes(), api.Options{Authenticator: a.Identity, Log: o.Log, Clock: o.Clock, Version: o.Version}); err != nil {
		return err
	}
	// Senders of events and probes are no browsers: they go past the shell.
	outer := http.NewServeMux()
	if a.Config.Has(config.RoleIntake) {
		ways{a.Telemetry, a.Config, o.Log}.mount(outer)
	}
	outer.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	outer.HandleFunc("GET /readyz", a.ready)
	if a.Config.Has(config.RoleConsole) {
		a.Provider.Mount(outer)
		a.SAML.Mount(outer)
		outer.Handle(scim.Prefix+"/", a.Identity.Provisioning(a.log))
		outer.Handle("/", a.Console.Wrap(observe.Routes(a.mux)))
	}
	a.handler = outer
	return nil
}

// ready answers whether requests can be served: the database and the documents
// answer.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	err := errors.Join(a.DB.Ping(ctx), a.Docs.Ready(ctx))
	if err != nil {
		a.log.Error("not ready", "error", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// Handler serves the pages, the API and the intake.
func (a *App) Handler() http.Handler { return a.handler }

// Close closes what Open opened, in the other order.
func (a *App) Close() error {
	var err error
	for i := len(a.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, a.closers[i]())
	}
	a.closers = nil
	return err
}
