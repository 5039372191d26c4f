package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc/credentials"

	"yagura/area/telemetry"
	telemetryweb "yagura/area/telemetry/web"
	"yagura/kernel/config"
)

// ways are the ways in of a server or a relay.
type ways struct {
	s   *telemetry.Service
	cfg config.Config
	log *slog.Logger
}

// mount puts the ways in over HTTP beside what else is served.
func (w ways) mount(outer *http.ServeMux) {
	outer.Handle(telemetryweb.IntakePath, telemetryweb.Intake(w.s, w.log))
	outer.Handle(telemetryweb.ElasticPath, telemetryweb.Elastic(w.s, w.log))
	outer.Handle(telemetryweb.JournalPath, telemetryweb.Journal(w.s, w.log))
	for _, path := range telemetryweb.OTLPPaths {
		outer.Handle(path, telemetryweb.OTLP(w.s, w.log))
	}
}

// open opens the ports of their own that are configured. One that can't be
// opened ends the start: a sensor's owner would believe it is heard.
func (w ways) open(ctx context.Context) error {
	if err := w.shippers(ctx); err != nil {
		return err
	}
	return w.syslog(ctx)
}

func (w ways) background(name string, run func() error) {
	go func() {
		if err := run(); err != nil {
			w.log.Error(name+" ended", "error", err)
		}
	}()
}

// shippers opens the ports for shippers that know no path.
func (w ways) shippers(ctx context.Context) error {
	t := w.cfg.Telemetry
	var security *tls.Config
	if w.cfg.TLS.Cert != "" && (t.Elastic != "" || t.OTLP != "") {
		pair, err := tls.LoadX509KeyPair(w.cfg.TLS.Cert, w.cfg.TLS.Key)
		if err != nil {
			return fmt.Errorf("intake over TLS: %w", err)
		}
		security = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if t.Elastic != "" {
		l, err := net.Listen("tcp", t.Elastic)
		if err != nil {
			return fmt.Errorf("_bulk: %w", err)
		}
		if security != nil {
			l = tls.NewListener(l, security)
		}
		w.background("_bulk", func() error { return w.serveElastic(ctx, l) })
	}
	if t.OTLP != "" {
		l, err := net.Listen("tcp", t.OTLP)
		if err != nil {
			return fmt.Errorf("OTLP over gRPC: %w", err)
		}
		var creds credentials.TransportCredentials
		if security != nil {
			creds = credentials.NewTLS(security)
		}
		w.background("OTLP over gRPC", func() error { return telemetryweb.OTLPServer(ctx, w.s, l, creds, w.log) })
	}
	return nil
}

// serveElastic answers at the root of an address of its own.
func (w ways) serveElastic(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: usualPace.steady(telemetryweb.Elastic(w.s, w.log)), ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
