package main

import (
	"flag"
	"fmt"

	"yagura/app"
	"yagura/kernel/text"
)

// access is for whoever runs the machine: the way in when no administrator can
// sign in any more. The link is recorded.
func access(c *call) int {
	set := flag.NewFlagSet("yagura access", flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura access [-data DIR] PERSON"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	link, err := app.Access(c.ctx, cfg, c.args[0])
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, link)
	return done
}
