package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"time"

	"yagura/app"
	"yagura/area/detect/attack"
	"yagura/area/detect/offline"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// detectCommand is what works on files; some of it, without files, works on the
// installation.
func detectCommand(c *call) int {
	var run func(*call) int
	switch {
	case len(c.args) == 0:
	case c.args[0] == "backtest" && !hasFile(c.args[1:], "rule", "from", "to", "site", "data", "config", "budget"):
		run = backtestStored
	case c.args[0] == "coverage" && !slices.ContainsFunc(c.args, func(a string) bool { return a == "--rules" || a == "-rules" }):
		run = coverageHere
	case c.args[0] == "attack":
		run = importAttack
	case len(c.args) > 1 && c.args[0] == "pack" && (c.args[1] == "install" || c.args[1] == "rollback"):
		run = packHere
	}
	if run == nil {
		return offline.Main(c.args, c.in, c.out, c.err)
	}
	c.args = c.args[1:]
	return run(c)
}

// hasFile tells whether there is an argument besides flags and their values.
func hasFile(args []string, valued ...string) bool {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' {
			return true
		}
		for len(a) > 0 && a[0] == '-' {
			a = a[1:]
		}
		if slices.Contains(valued, a) {
			i++
		}
	}
	return false
}

func backtestStored(c *call) int {
	set := flag.NewFlagSet("yagura detect backtest", flag.ContinueOnError)
	load := settings(c, set)
	rule := set.String("rule", "", "`file` or id of the rule")
	from := set.String("from", "", "`day or time` from which on")
	to := set.String("to", "", "`day or time` until which")
	site := set.String("site", "", "`id` of a unit, with all below it")
	if code, ok := c.flags(set); !ok {
		return code
	}
	var begin, end time.Time
	var err error
	for _, m := range []struct {
		at   *time.Time
		said string
	}{{&begin, *from}, {&end, *to}} {
		if m.said == "" {
			continue
		}
		if *m.at, err = offline.ParseMoment(m.said); err != nil {
			return c.fail(err)
		}
	}
	if *rule == "" || begin.IsZero() || end.IsZero() {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura detect backtest --rule FILE|ID --from T --to T [--site UNIT] [-data DIR]"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	watch, told := clock.Stopwatch(), time.Duration(0)
	r, err := app.Backtest(c.ctx, cfg, *rule, *site, begin, end, func(looked, hits int64, at time.Time) error {
		if watch()-told >= 2*time.Second {
			told = watch()
			fmt.Fprintln(c.err, text.T(c.lang, "%d events looked at, %d hits, at %s", looked, hits, at.UTC().Format("2006-01-02 15:04:05 MST")))
		}
		return nil
	})
	if err != nil {
		return c.fail(err)
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		return c.fail(err)
	}
	if !r.Within {
		return findings
	}
	return done
}

func coverageHere(c *call) int {
	set := flag.NewFlagSet("yagura detect coverage", flag.ContinueOnError)
	load := settings(c, set)
	ics := set.Bool("ics", false, "the matrix of industrial control systems")
	navigator := set.String("navigator", "", "`file` for a layer of the ATT&CK Navigator")
	format := set.String("format", "text", "text or json")
	days := set.Int("days", app.CoverageDays, "how lately log sources must have arrived")
	if code, ok := c.flags(set); !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	d := attack.Enterprise
	if *ics {
		d = attack.ICS
	}
	m, err := app.Coverage(c.ctx, cfg, d, *days, c.lang)
	if err != nil {
		return c.fail(err)
	}
	return offline.PrintCoverage(c.out, c.err, c.lang, m, *format, *navigator)
}

func importAttack(c *call) int {
	if len(c.args) > 0 && c.args[0] == "import" {
		c.args = c.args[1:]
	}
	set := flag.NewFlagSet("yagura detect attack import", flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura detect attack import [-data DIR] FILE"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	n, err := app.ImportAttack(c.ctx, cfg, c.args[0])
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "%d names are imported.", n))
	return done
}

func packHere(c *call) int {
	what := c.args[0]
	c.args = c.args[1:]
	set := flag.NewFlagSet("yagura detect pack "+what, flag.ContinueOnError)
	load := settings(c, set)
	why := set.String("why", "", "`reason` for going back")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura detect pack install [-data DIR] PACK, or rollback -why REASON [-data DIR] NAME"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	if what == "rollback" {
		version, err := app.RollbackPack(c.ctx, cfg, c.args[0], *why)
		if err != nil {
			return c.fail(err)
		}
		fmt.Fprintln(c.out, text.T(c.lang, "Version %s is in force again.", version))
		return done
	}
	raw, err := offline.ReadPack(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	name, err := app.InstallPack(c.ctx, cfg, raw)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "%s is installed.", name))
	return done
}
