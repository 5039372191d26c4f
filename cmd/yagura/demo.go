package main

import (
	"flag"
	"fmt"

	"yagura/app"
	"yagura/kernel/text"
)

func demo(c *call) int {
	set := flag.NewFlagSet("yagura demo", flag.ContinueOnError)
	fast := set.Bool("fast", false, "play the whole day in seconds")
	history := set.Int("history", app.History, "make up alerts of so many `days`; fewer start sooner")
	data := set.String("data", "", "keep everything in this `folder`; without it, in a temporary one that is deleted at the end")
	listen := set.String("listen", "localhost:8420", "`address` to serve at")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura demo [-fast] [-history DAYS] [-data DIR] [-listen ADDR]"))
		return failed
	}
	if *history < 1 || *history > app.History {
		fmt.Fprintln(c.err, text.T(c.lang, "-history goes from 1 to %d days", app.History))
		return failed
	}
	err := app.Demo(c.ctx, app.DemoOptions{Fast: *fast, History: *history, Data: *data, Listen: *listen, Version: buildVersion(), Lang: c.lang, Out: c.out, Log: c.err})
	if err != nil {
		return c.fail(err)
	}
	return done
}
