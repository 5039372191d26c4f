package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"

	"yagura/app/desk"
	"yagura/area/detect"
	telemetryweb "yagura/area/telemetry/web"
	"yagura/kernel/authz"
	"yagura/kernel/config"
)

// startTelemetry starts the workers and opens the syslog ports that are
// configured. A port that can't be opened ends the start: a sensor's owner
// would believe it is heard.
func (a *App) startTelemetry(ctx context.Context) error {
	if err := a.Telemetry.Start(ctx); err != nil {
		return err
	}
	if !a.Config.Has(config.RoleIntake) {
		return nil
	}
	if err := a.openDoor(ctx); err != nil {
		return err
	}
	return ways{a.Telemetry, a.Config, a.log}.open(ctx)
}

// syslog opens the syslog ports that are configured.
func (w ways) syslog(ctx context.Context) error {
	t := w.cfg.Telemetry
	if t.SyslogUDP != "" {
		addr, err := net.ResolveUDPAddr("udp", t.SyslogUDP)
		if err != nil {
			return fmt.Errorf("syslog over UDP: %w", err)
		}
		conn, err := net.ListenUDP("udp", addr)
		if err != nil {
			return fmt.Errorf("syslog over UDP: %w", err)
		}
		w.background("syslog over UDP", func() error { return w.s.ServeUDP(ctx, conn) })
	}
	if t.SyslogTCP != "" {
		l, err := net.Listen("tcp", t.SyslogTCP)
		if err != nil {
			return fmt.Errorf("syslog over TCP: %w", err)
		}
		w.background("syslog over TCP", func() error { return w.s.ServeTCP(ctx, l) })
	}
	if t.SyslogTLS != "" {
		pair, err := tls.LoadX509KeyPair(w.cfg.TLS.Cert, w.cfg.TLS.Key)
		if err != nil {
			return fmt.Errorf("syslog over TLS: %w", err)
		}
		l, err := tls.Listen("tcp", t.SyslogTLS, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
		if err != nil {
			return fmt.Errorf("syslog over TLS: %w", err)
		}
		w.background("syslog over TLS", func() error { return w.s.ServeTCP(ctx, l) })
	}
	return nil
}

// telemetryPages is what the pages of telemetry need of the rest.
func (a *App) telemetryPages() telemetryweb.Options {
	t := a.Config.Telemetry
	return telemetryweb.Options{PublicURL: a.Config.PublicURL, SyslogUDP: t.SyslogUDP, SyslogTCP: t.SyslogTCP, SyslogTLS: t.SyslogTLS, Elastic: t.Elastic, OTLP: t.OTLP, Relays: relayAddress(a.Config), TLS: a.Config.TLS.Cert != "", Alerts: a.alertsOfEvent, Rules: whereRulesGo, Try: whereRulesAreTried, Log: a.log}
}

// whereRulesAreTried is where rules are tried on a stored event.
func whereRulesAreTried(by authz.Actor, event string) string {
	if !by.CanAnywhere(detect.Read) {
		return ""
	}
	return "/detect/try?" + url.Values{"event": {event}, "source": {"event"}}.Encode()
}

// whereRulesGo is where a rule that was made of a search is written on and run.
func whereRulesGo(by authz.Actor) (write, backtest string) {
	if by.CanAnywhere(detect.Rules) {
		write = "/detect/write"
	}
	if by.CanAnywhere(detect.Triage) {
		backtest = "/detect/backtests"
	}
	return write, backtest
}

// kept is how much the event store keeps, for the page of the system.
func (a *App) kept(ctx context.Context) (all []desk.Kept, err error) {
	z, err := a.Events.Size(ctx)
	for _, c := range z.Classes {
		all = append(all, desk.Kept{Class: c.Name, For: c.Keep, Events: c.Events, Bytes: c.Bytes, Oldest: c.Oldest})
	}
	return all, err
}
