package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"yagura/app/demo"
	"yagura/area/telemetry"
	"yagura/area/telemetry/intake"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/observe"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// DemoOptions say how the demo is played.
type DemoOptions struct {
	Fast    bool   // the whole day in seconds
	History int    // days of past alerts
	Data    string // folder; empty: a temporary one that is deleted at the end
	Listen  string // host:port; with port 0 the system picks one
	Version string
	Lang    text.Lang // of what people of the group wrote
	Day     time.Time // the day to play; zero: today
	Out     io.Writer // the links
	Log     io.Writer
}

// History is how many days of alerts the demo looks back on.
const History = 365

// demoSeed makes the group and its days the same each time.
const demoSeed = 7

// curtain is when the demo begins by the clock of Japan: the attack has reached
// the plant, and its last act is about to begin.
const curtain = 22*time.Hour + 4*time.Minute

// Demo plays the made-up group until the context ends. The day up to the last
// act is taken in at once, through the same intake as real events; from there
// time goes on at its own pace, or, with Fast, the day is played to its end.
func Demo(ctx context.Context, o DemoOptions) error {
	folder, temporary := o.Data, false
	if folder == "" {
		dir, err := os.MkdirTemp("", "yagura-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		folder, temporary = dir, true
	}
	unlock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer unlock()
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost" // passkeys belong to a name
	}
	listen := listener.Addr().String()
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	env := []string{"YAGURA_DATA=" + folder, "YAGURA_LISTEN=" + listen, "YAGURA_PUBLIC_URL=http://" + net.JoinHostPort(host, port), "YAGURA_SESSION_IDLE=24h", "YAGURA_SESSION_LONGEST=7d",
		"YAGURA_IDENTITY_MAIL_DOMAINS=kirishio.example", "YAGURA_TRUSTED_PROXIES=127.0.0.0/8,::1/128", "YAGURA_WEBHOOK_ALLOW_PRIVATE=true", "YAGURA_WEBHOOK_ALLOW_LOCAL=true", // everything is on this machine
		"YAGURA_TELEMETRY_RELAY_LISTEN=127.0.0.1:0", "YAGURA_TELEMETRY_RELAY_ADDRESS=yagura.kirishio.example:8425"}
	clk := clock.NewMovable(clock.System())
	rehearse, err := rehearsal(ctx, folder, clk)
	if err != nil {
		return err
	}
	cfg, mistakes := config.Load("", append(env, rehearse...))
	if len(mistakes) > 0 {
		return mistakes[0]
	}
	log := slog.New(slog.NewTextHandler(o.Log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	hearLibraries(log)
	day := demo.NewDay(demoSeed, orToday(o.Day))
	now := day.Start.Add(curtain)
	clk.Set(now)
	a, err := Open(ctx, cfg, Options{Clock: clk, Log: log, Version: o.Version})
	if err != nil {
		return err
	}
	defer a.Close()
	fmt.Fprintln(o.Out, text.T(o.Lang, "Setting up the Kirishio Group: 43 units, a year of history…"))
	f := &founding{a: a, clock: clk, lang: o.Lang, now: now, seed: demoSeed, days: o.History}
	if fresh, err := a.empty(ctx); err != nil {
		return err
	} else if !fresh {
		return fmt.Errorf("%s holds a database already: the demo wants a new folder", folder)
	}
	if err := f.run(ctx); err != nil {
		return err
	}
	handler := a.Handler()
	if watch, err := observe.Start(ctx, observe.Options{Config: cfg, Version: o.Version, Out: io.Discard}); err == nil {
		defer watch.Shutdown(context.WithoutCancel(ctx))
		if err := a.Metrics(watch); err != nil {
			return err
		}
		handler = watch.Handler(handler)
	}
	playing, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop() // before the wait: the server may have ended by itself
	return a.Run(ctx, listener, handler, func() {
		f.welcome(o, temporary)
		wg.Go(func() {
			if err := f.newcomer(playing, o.Fast); err != nil && playing.Err() == nil {
				log.Error("the newcomer could not be played", "error", err)
			}
		})
		wg.Go(func() {
			p := &play{a: a, clock: clk, day: day, out: o.Out, lang: o.Lang, syslog: intake.NewSyslog(time.UTC), sources: a.Telemetry.Names(authz.Everything())}
			if err := p.run(playing, now, o.Fast); err != nil && playing.Err() == nil {
				log.Error("the day could not be played", "error", err)
			}
		})
	})
}

func orToday(t time.Time) time.Time {
	if t.IsZero() {
		return clock.System().Now()
	}
	return t
}

// empty tells whether nobody has used the database yet. Signing keys are made,
// and recorded, by opening it.
func (a *App) empty(ctx context.Context) (bool, error) {
	var n int
	err := a.DB.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT (SELECT COUNT(*) FROM authz_unit) + (SELECT COUNT(*) FROM authz_person)").Scan(&n)
	})
	return n == 0, err
}

// welcome prints the links: one to begin with, then one per persona.
func (f *founding) welcome(o DemoOptions, temporary bool) {
	w := o.Out
	fmt.Fprintf(w, "\n%s\n\n  %s\n\n", text.T(o.Lang, "Open this link:"), f.links[demo.HandlerJapan])
	fmt.Fprintln(w, text.T(o.Lang, "Or be somebody else:"))
	fmt.Fprintln(w)
	for _, p := range demo.Personas() {
		name, office, why := p.Name.En, p.Office.En, p.Why.En
		if o.Lang == text.JA {
			name, office, why = p.Name.Ja, p.Office.Ja, p.Why.Ja
		}
		fmt.Fprintf(w, "  %s – %s\n    %s\n    %s\n", name, office, why, f.links[p.ID])
	}
	fmt.Fprintln(w)
	if f.a.public != nil {
		fmt.Fprintf(w, "%s\n\n  http://%s/\n\n", text.T(o.Lang, "What the world sees of the PSIRT's advisories:"), f.a.public)
	}
	if temporary {
		fmt.Fprintln(w, text.T(o.Lang, "Everything is deleted when you end this with Ctrl C."))
	}
	fmt.Fprintln(w)
}

// play sends a day of events through the intake.
type play struct {
	a      *App
	clock  *clock.Movable
	day    *demo.Day
	out    io.Writer
	lang   text.Lang
	syslog *intake.Syslog

	sources map[string]telemetry.Source
}

// slice is how much of the day is sent at once while it is played fast.
const slice = time.Hour

func (p *play) run(ctx context.Context, curtain time.Time, fast bool) error {
	end := p.day.Start.Add(24 * time.Hour)
	until := curtain
	if fast {
		until = end
	}
	fmt.Fprintln(p.out, text.T(p.lang, "Playing the day up to %s in Japan…", until.In(p.day.Start.Location()).Format("15:04")))
	batch := map[string][]demo.Event{}
	edge, total := p.day.Start.Add(slice), 0
	flush := func(now time.Time) error {
		if fast && now.After(p.clock.Now()) {
			p.clock.Set(now)
		}
		if err := p.send(ctx, batch); err != nil {
			return err
		}
		batch = map[string][]demo.Event{}
		return nil
	}
	live := false
	for e := range p.day.Events() {
		if ctx.Err() != nil {
			return nil
		}
		if !live && (!e.At.Before(edge) || !e.At.Before(until)) {
			if err := flush(edge); err != nil {
				return err
			}
			for !e.At.Before(edge) {
				edge = edge.Add(slice)
			}
		}
		if !fast && !e.At.Before(until) {
			if !live {
				live = true
				if err := p.settle(ctx); err != nil {
					return err
				}
				fmt.Fprintln(p.out, text.T(p.lang, "%d events are in. From now on time goes its own way; the last act begins within minutes.", total))
			}
			if wait := e.At.Sub(p.clock.Now()); wait > 0 {
				if err := p.send(ctx, batch); err != nil {
					return err
				}
				batch = map[string][]demo.Event{}
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(wait):
				}
			}
		}
		batch[e.Source] = append(batch[e.Source], e)
		total++
	}
	if err := flush(until); err != nil {
		return err
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	// A day played in seconds passes by hours: what was measured in between took
	// sensors for silent.
	if err := p.a.CMMC.Measure(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	fmt.Fprintln(p.out, text.T(p.lang, "The day is over: %d events are in.", total))
	return nil
}

// settle waits until everything sent so far was looked at.
func (p *play) settle(ctx context.Context) error {
	for ctx.Err() == nil {
		h, err := p.a.Telemetry.Health(ctx, authz.System("demo"))
		if err != nil || h.Waiting == 0 {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// send hands each source's events to the intake and returns when all are
// durable.
func (p *play) send(ctx context.Context, batch map[string][]demo.Event) error {
	if len(batch) == 0 {
		return nil
	}
	var mu sync.Mutex
	var first error
	var wg sync.WaitGroup
	for source, events := range batch {
		read := make([]intake.Event, 0, len(events))
		for i, e := range events {
			if e.Format == "syslog" {
				read = append(read, p.syslog.Parse(e.Line, e.At))
				continue
			}
			read = append(read, intake.FromElement(intake.Element{Raw: e.Line, Ordinal: i}, time.UTC))
		}
		wg.Go(func() {
			err := p.submit(ctx, source, read)
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	return first
}

func (p *play) submit(ctx context.Context, source string, events []intake.Event) error {
	src, ok := p.sources[source]
	if !ok {
		return fmt.Errorf("there is no source %s", source)
	}
	for len(events) > 0 {
		part := events[:min(500, len(events))]
		if _, err := p.a.Telemetry.Submit(ctx, &src, part, ""); err != nil {
			return err
		}
		events = events[len(part):]
	}
	return nil
}
