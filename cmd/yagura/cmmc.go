package main

import (
	"bytes"
	"flag"
	"fmt"
	"slices"

	"yagura/app"
	"yagura/area/cmmc/offline"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// cmmcCommand is what works on files of assessments, and what makes such files of
// the running store.
func cmmcCommand(c *call) int {
	if len(c.args) > 0 {
		switch c.args[0] {
		case "export":
			return cmmcExport(c)
		case "rollup":
			if code, here := cmmcRollup(c); here {
				return code
			}
		}
	}
	return onFiles(c, c.args)
}

func onFiles(c *call, args []string) int {
	return offline.Main(&offline.Call{Args: args, In: c.in, Out: c.out, Err: c.err, Lang: c.lang, Today: clock.System().Now()})
}

// cmmcExport writes an enclave as the other commands read it.
func cmmcExport(c *call) int {
	enclave := ""
	if c.args = c.args[1:]; len(c.args) > 0 && c.args[0] != "" && c.args[0][0] != '-' {
		enclave, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura cmmc export", flag.ContinueOnError)
	load := settings(c, set)
	live := set.Bool("live", false, "with what signals say, not by assessors' results alone")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if enclave == "" && len(c.args) == 1 {
		enclave, c.args = c.args[0], nil
	}
	if enclave == "" || len(c.args) > 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cmmc export [-live] [-data DIR] ENCLAVE"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	file, err := app.CMMCFile(c.ctx, cfg, enclave, *live)
	if err != nil {
		return c.fail(err)
	}
	c.out.Write(file)
	return done
}

// cmmcRollup rolls the running store up where no file is named.
func cmmcRollup(c *call) (code int, here bool) {
	args := slices.Clone(c.args[1:])
	set := flag.NewFlagSet("yagura cmmc rollup", flag.ContinueOnError)
	set.SetOutput(new(bytes.Buffer))
	load := settings(c, set)
	kept := []string{"rollup"}
	for _, name := range []string{"by", "fail", "objective"} {
		set.Func(name, "", func(v string) error { kept = append(kept, "--"+name, v); return nil })
	}
	asJSON := set.Bool("json", false, "")
	if err := set.Parse(args); err != nil || set.NArg() > 0 {
		return 0, false // of files, or for them to refuse
	}
	if *asJSON {
		kept = append(kept, "--json")
	}
	cfg, ok := load()
	if !ok {
		return failed, true
	}
	file, err := app.CMMCFile(c.ctx, cfg, "", true)
	if err != nil {
		return c.fail(err), true
	}
	in := c.in
	defer func() { c.in = in }()
	c.in = bytes.NewReader(file)
	return onFiles(c, append(kept, "-")), true
}
