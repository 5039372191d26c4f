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

	telemetryweb "yagura/area/telemetry/web"
)

// mountIntake puts the ways in over HTTP beside the console.
func (a *App) mountIntake(outer *http.ServeMux, log *slog.Logger) {
	outer.Handle(telemetryweb.IntakePath, telemetryweb.Intake(a.Telemetry, log))
	outer.Handle(telemetryweb.ElasticPath, telemetryweb.Elastic(a.Telemetry, log))
	for _, path := range telemetryweb.OTLPPaths {
		outer.Handle(path, telemetryweb.OTLP(a.Telemetry, log))
	}
}

// startIntake opens the ports of their own that are configured for shippers. A
// port that can't be opened ends the start.
func (a *App) startIntake(ctx context.Context) error {
	t := a.Config.Telemetry
	var security *tls.Config
	if a.Config.TLS.Cert != "" && (t.Elastic != "" || t.OTLP != "") {
		pair, err := tls.LoadX509KeyPair(a.Config.TLS.Cert, a.Config.TLS.Key)
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
		a.background("_bulk", func() error { return a.serveElastic(ctx, l) })
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
		a.background("OTLP over gRPC", func() error { return telemetryweb.OTLPServer(ctx, a.Telemetry, l, creds, a.log) })
	}
	return nil
}

// serveElastic answers at the root of an address of its own.
func (a *App) serveElastic(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: usualPace.steady(telemetryweb.Elastic(a.Telemetry, a.log)), ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
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
