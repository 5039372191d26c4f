package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/relay"
	telemetryweb "yagura/area/telemetry/web"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/observe"
	"yagura/kernel/store"
)

// relayAuthority opens the authority of relays, and makes it the first time.
func relayAuthority(cfg config.Config, now time.Time) (*relay.Authority, error) {
	var failed error
	secret, err := store.KeyFile(cfg.Keys, "relays.key", func() []byte {
		secret, err := relay.NewAuthority(now)
		failed = err
		return secret
	})
	if err := errors.Join(failed, err); err != nil {
		return nil, err
	}
	return relay.OpenAuthority(secret)
}

// relayAddress is where relays reach this installation.
func relayAddress(cfg config.Config) string {
	t := cfg.Telemetry
	if t.RelayListen == "" || t.RelayAddress != "" {
		return t.RelayAddress
	}
	u, err := url.Parse(cfg.PublicURL)
	_, port, bad := net.SplitHostPort(t.RelayListen)
	if err != nil || bad != nil {
		return t.RelayListen
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// openDoor opens the door for relays, where it is configured.
func (a *App) openDoor(ctx context.Context) error {
	address := a.Config.Telemetry.RelayListen
	if address == "" {
		return nil
	}
	authority, err := relayAuthority(a.Config, a.DB.Now())
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the door for relays: %w", err)
	}
	server := &http.Server{Handler: usualPace.steady(telemetryweb.Door(a.Telemetry, a.log)), TLSConfig: authority.Server(a.DB.Clock().Now),
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	context.AfterFunc(ctx, func() { server.Close() }) // what was not answered is sent again
	ways{log: a.log}.background("the door for relays", func() error {
		if err := server.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// Enrol takes this machine in as a relay of the centre.
func Enrol(ctx context.Context, cfg config.Config, to, token string) (relay.Identity, error) {
	address, err := relay.Address(to)
	if err != nil {
		return relay.Identity{}, err
	}
	t, err := relay.ParseToken(token)
	if err != nil {
		return relay.Identity{}, err
	}
	if err := noCentre(cfg); err != nil {
		return relay.Identity{}, err
	}
	id, err := relay.Enrol(ctx, address, t, clock.System().Now)
	if err != nil {
		return id, err
	}
	return id, id.Save(cfg.Data)
}

// noCentre keeps a relay out of the folder of a whole installation.
func noCentre(cfg config.Config) error {
	if cfg.Postgres() {
		return fault.Invalidf("A relay keeps its journal in its data folder: it has no database of its own to configure")
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "keys", "ledger.key")); err == nil {
		return fault.Invalidf("The folder %s holds a whole installation; a relay needs a folder of its own", cfg.Data)
	}
	return nil
}

// relayDB opens the database of a relay.
func relayDB(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.DB, error) {
	db, err := store.Open(ctx, store.Options{DSN: cfg.Data, Keys: cfg.Keys, Log: log})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, telemetry.Migrations); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// RelayStatus looks at a relay, beside the running one too.
func RelayStatus(ctx context.Context, cfg config.Config) (telemetry.Outbox, error) {
	id, err := relay.Load(cfg.Data)
	if err != nil {
		return telemetry.Outbox{}, err
	}
	if err := exists(cfg); err != nil {
		return telemetry.Outbox{To: id.To, ID: id.ID(), Until: id.Until()}, nil
	}
	db, err := relayDB(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return telemetry.Outbox{}, err
	}
	defer db.Close()
	return telemetry.ReadOutbox(ctx, db, id)
}

// ServeRelay takes events in as a server does and delivers them to the centre,
// until the context ends.
func ServeRelay(ctx context.Context, cfg config.Config, version string, out io.Writer) error {
	if err := noCentre(cfg); err != nil {
		return err
	}
	id, err := relay.Load(cfg.Data)
	if err != nil {
		return err
	}
	if cfg.Relay.To != "" && cfg.Relay.To != id.To {
		id.To = cfg.Relay.To
		if err := id.Save(cfg.Data); err != nil {
			return err
		}
	}
	stage, err := openStage(ctx, cfg, version, out)
	if err != nil {
		return err
	}
	defer stage.close(ctx)
	log := stage.watch.Log
	db, err := relayDB(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := telemetry.New(telemetry.Options{DB: db, Relay: true, Log: log, CapEvents: 1 << 60, CapBytes: cfg.Telemetry.JournalLimit})
	if err != nil {
		return err
	}
	if err := stage.watch.Gauge("yagura.relay.waiting", "{event}", "Events in the journal that are not yet delivered to the centre", func(ctx context.Context) ([]observe.Point, error) {
		return []observe.Point{{Value: float64(s.Waiting())}}, nil
	}); err != nil {
		return err
	}
	mux := http.NewServeMux()
	in := ways{s, cfg, log}
	in.mount(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := db.Ping(ctx); err != nil {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := s.Start(background); err != nil {
		return err
	}
	f := &telemetry.Forwarder{Service: s, Folder: cfg.Data, Version: version, Started: db.Now(), Listens: listens(cfg), Bandwidth: cfg.Relay.Bandwidth}
	var wg sync.WaitGroup
	ended := make(chan error, 1)
	wg.Go(func() { ended <- f.Run(background) })
	if err := in.open(background); err != nil {
		return errors.Join(err, s.Close())
	}
	log.Info("relaying", "relay", id.ID(), "to", id.To, "address", stage.listener.Addr().String())
	err = answer(ctx, cfg, log, stage.listener, stage.watch.Handler(mux), ended)
	stop()
	wg.Wait()
	return errors.Join(err, s.Close())
}

// listens are the ways into a relay, for the centre's page.
func listens(cfg config.Config) []string {
	scheme := "http"
	if cfg.TLS.Cert != "" {
		scheme = "https"
	}
	all := []string{scheme + " " + cfg.Listen}
	for _, way := range [][2]string{{"syslog/udp", cfg.Telemetry.SyslogUDP}, {"syslog/tcp", cfg.Telemetry.SyslogTCP}, {"syslog/tls", cfg.Telemetry.SyslogTLS},
		{"_bulk", cfg.Telemetry.Elastic}, {"otlp/grpc", cfg.Telemetry.OTLP}} {
		if way[1] != "" {
			all = append(all, way[0]+" "+way[1])
		}
	}
	return all
}
