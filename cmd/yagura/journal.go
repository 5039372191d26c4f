package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"text/tabwriter"
	"time"

	"yagura/app"
	"yagura/kernel/config"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// unavailable is the exit code where the database or the server can't be
// reached.
const unavailable = 3

// journaled opens the database for a command that looks beside a server.
func (c *call) journaled(load func() (config.Config, bool)) (*store.DB, int) {
	cfg, ok := load()
	if !ok {
		return nil, failed
	}
	db, err := app.OpenJournal(c.ctx, cfg)
	if err != nil {
		c.fail(err)
		return nil, unavailable
	}
	return db, done
}

// json prints a value.
func (c *call) json(v any, code int) int {
	if err := json.NewEncoder(c.out).Encode(v); err != nil {
		return c.fail(err)
	}
	return code
}

func journal(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura journal", flag.ContinueOnError)
	load := settings(c, set)
	asJSON := set.Bool("json", false, "print JSON (status, replay)")
	held := set.Bool("held", false, "what is done and still held: write it to the event store again (replay), include it (export)")
	wait := set.Duration("wait", time.Minute, "how long to wait until held batches are written again (replay)")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if what != "status" && what != "replay" && what != "export" || len(c.args) != 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura journal status|replay|export [-held] [-json] [-data DIR]"))
		return failed
	}
	db, code := c.journaled(load)
	if db == nil {
		return code
	}
	defer db.Close()
	switch what {
	case "export":
		n, err := app.ExportJournal(c.ctx, db, *held, c.out)
		if err != nil {
			return c.fail(err)
		}
		fmt.Fprintln(c.err, text.T(c.lang, "%d events were written.", n))
		return done
	case "replay":
		n, left, err := app.ReplayJournal(c.ctx, db, *held, *wait)
		if err != nil {
			return c.fail(err)
		}
		code := done
		if left > 0 {
			code = unavailable
		}
		if *asJSON {
			return c.json(map[string]int64{"batches": n, "left": left}, code)
		}
		switch {
		case left > 0:
			fmt.Fprintln(c.err, text.T(c.lang, "%d batches are not written again yet: no server works on this journal, or its event store does not answer. They stay marked.", left))
		case *held:
			fmt.Fprintln(c.out, text.T(c.lang, "%d held batches were written to the event store again.", n))
		default:
			fmt.Fprintln(c.out, text.T(c.lang, "%d batches that had failed are tried now.", n))
		}
		return code
	}
	j, err := app.JournalStatus(c.ctx, db)
	if err != nil {
		return c.fail(err)
	}
	if len(j.Failing) > 0 {
		code = findings
	}
	if *asJSON {
		return c.json(j, code)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\t%s\t%s\t%s\t%s\n", text.T(c.lang, "batches"), text.T(c.lang, "events"), "KiB", text.T(c.lang, "oldest of them"))
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", text.T(c.lang, "waiting"), j.Waiting.Batches, j.Waiting.Events, j.Waiting.Bytes>>10, stamp(j.Waiting.Oldest))
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", text.T(c.lang, "held"), j.Held.Batches, j.Held.Events, j.Held.Bytes>>10, stamp(j.Held.Oldest))
	for _, f := range j.Failing {
		fmt.Fprintf(w, "%s\t%s\t%s\n", text.T(c.lang, "fails§batch"), f.Batch, text.T(c.lang, "%s, %d events, tried %d times, next %s: %s", f.Source, f.Events, f.Attempts, stamp(f.Next), f.Reason))
	}
	w.Flush()
	return code
}

func intakeCommand(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura intake", flag.ContinueOnError)
	load := settings(c, set)
	asJSON := set.Bool("json", false, "print JSON")
	since := set.String("since", "24h", "`span` of time of the counters, such as 90m, 24h or 7d")
	if code, ok := c.flags(set); !ok {
		return code
	}
	back, ok := config.ParseDuration(*since)
	if what != "sources" || len(c.args) != 0 || !ok {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura intake sources [-since 24h] [-json] [-data DIR]"))
		return failed
	}
	db, code := c.journaled(load)
	if db == nil {
		return code
	}
	defer db.Close()
	all, err := app.SourceSums(c.ctx, db, back)
	if err != nil {
		return c.fail(err)
	}
	for _, s := range all {
		if s.State == "silent" || s.Lost > 0 {
			code = findings
		}
	}
	if *asJSON {
		return c.json(all, code)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", text.T(c.lang, "source"), text.T(c.lang, "state"), text.T(c.lang, "received"), text.T(c.lang, "journaled"), text.T(c.lang, "stored"), text.T(c.lang, "lost"), text.T(c.lang, "last heard, or silent since"))
	for _, s := range all {
		when := s.LastSeen
		if !s.SilentSince.IsZero() {
			when = s.SilentSince
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", s.ID, s.State.Label().In(c.lang), s.Received, s.Journaled, s.Stored, s.Lost, stamp(when))
	}
	w.Flush()
	return code
}
