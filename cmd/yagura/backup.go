package main

import (
	"flag"
	"fmt"

	"yagura/app"
	"yagura/kernel/text"
)

func backup(c *call) int {
	set := flag.NewFlagSet("yagura backup", flag.ContinueOnError)
	load := settings(c, set)
	keys := set.Bool("keys", true, "include the keys: whoever has the backup can then read all of it")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura backup [-data DIR] FILE"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	rows, files, err := app.Backup(c.ctx, cfg, c.args[0], *keys)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "%d rows and %d files were backed up to %s.", rows, files, c.args[0]))
	return done
}

func restore(c *call) int {
	set := flag.NewFlagSet("yagura restore", flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura restore [-data DIR] FILE"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	rows, files, err := app.Restore(c.ctx, cfg, c.args[0])
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "%d rows and %d files were restored.", rows, files))
	return done
}
