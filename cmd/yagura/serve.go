package main

import (
	"flag"

	"yagura/app"
)

func serve(c *call) int {
	set := flag.NewFlagSet("yagura serve", flag.ContinueOnError)
	load := settings(c, set)
	role := set.String("role", "", "what this process does: `intake,worker,console`; wins over the configuration")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if *role != "" {
		c.env = append(c.env, "YAGURA_ROLE="+*role)
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
