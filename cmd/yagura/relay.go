package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"yagura/app"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

func relayCommand(c *call) int {
	what := "run"
	if len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		what, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura relay", flag.ContinueOnError)
	load := settings(c, set)
	to := set.String("to", "", "`address` of the centre's door for relays, host:port (enroll)")
	tokenFile := set.String("token-file", "", "`file` with the token of the relay's page; without it, the token is read from the standard input (enroll)")
	asJSON := set.Bool("json", false, "print JSON (status)")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if what != "run" && what != "enroll" && what != "status" || len(c.args) != 0 || (what == "enroll") != (*to != "") {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura relay [run|status] [-data DIR], or yagura relay enroll -to HOST:PORT [-token-file FILE] [-data DIR]"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	switch what {
	case "enroll":
		var token []byte
		var err error
		if *tokenFile != "" {
			token, err = os.ReadFile(*tokenFile)
		} else {
			token, err = io.ReadAll(io.LimitReader(c.in, 4096))
		}
		if err != nil {
			return c.fail(err)
		}
		id, err := app.Enrol(c.ctx, cfg, *to, string(token))
		if err != nil {
			return c.fail(err)
		}
		fmt.Fprintln(c.out, text.T(c.lang, "This machine is the relay %s of %s. Its certificate is good until %s and renews itself; start it with: yagura relay", id.ID(), id.To, id.Until().UTC().Format(time.DateOnly)))
		return done
	case "status":
		o, err := app.RelayStatus(c.ctx, cfg)
		if err != nil {
			return c.fail(err)
		}
		if *asJSON {
			if err := json.NewEncoder(c.out).Encode(o); err != nil {
				return c.fail(err)
			}
		} else {
			w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "%s\t%s (%s)\n", text.T(c.lang, "relay"), o.ID, o.To)
			fmt.Fprintf(w, "%s\t%s\n", text.T(c.lang, "last contact"), stamp(o.Contact))
			fmt.Fprintf(w, "%s\t%d (%d KiB)\n", text.T(c.lang, "events waiting"), o.Waiting, (o.Bytes+1023)>>10)
			fmt.Fprintf(w, "%s\t%s\n", text.T(c.lang, "oldest of them"), stamp(o.Oldest))
			fmt.Fprintf(w, "%s\t%d\n", text.T(c.lang, "sources served"), o.Sources)
			fmt.Fprintf(w, "%s\t%s\n", text.T(c.lang, "certificate until"), stamp(o.Until))
			if o.Problem != "" {
				fmt.Fprintf(w, "%s\t%s\n", text.T(c.lang, "problem"), o.Problem)
			}
			w.Flush()
		}
		if clock.System().Now().Sub(o.Contact) > 5*time.Minute || o.Problem != "" {
			return findings
		}
		return done
	}
	if err := app.ServeRelay(c.ctx, cfg, buildVersion(), c.err); err != nil {
		return c.fail(err)
	}
	return done
}

// stamp is a moment for people at a terminal.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
