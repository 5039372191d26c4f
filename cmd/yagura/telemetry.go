package main

import (
	"flag"
	"fmt"

	"yagura/app"
	"yagura/kernel/text"
)

func telemetryCommand(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura telemetry", flag.ContinueOnError)
	load := settings(c, set)
	source := set.String("source", "", "`id` of the source the events belong to")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if what != "import" || len(c.args) == 0 || *source == "" {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura telemetry import -source ID [-data DIR] FILE…"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	if err := app.Import(c.ctx, cfg, *source, c.args, c.out, c.lang); err != nil {
		return c.fail(err)
	}
	return done
}
