package main

import (
	"flag"

	"yagura/app"
)

func serve(c *call) int {
	set := flag.NewFlagSet("yagura serve", flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	if err := app.Serve(c.ctx, cfg, buildVersion(), c.err); err != nil {
		return c.fail(err)
	}
	return done
}
