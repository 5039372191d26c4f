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
	data := set.String("data", "", "keep everything in this `folder`; without it, in a temporary one that is deleted at the end")
	listen := set.String("listen", "localhost:8420", "`address` to serve at")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura demo [-fast] [-data DIR] [-listen ADDR]"))
		return failed
	}
	err := app.Demo(c.ctx, app.DemoOptions{Fast: *fast, Data: *data, Listen: *listen, Version: buildVersion(), Lang: c.lang, Out: c.out, Log: c.err})
	if err != nil {
		return c.fail(err)
	}
	return done
}
