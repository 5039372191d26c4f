package main

import (
	"flag"
	"fmt"

	"yagura/app"
	"yagura/kernel/text"
)

// idCommand is what is done with identities from the command line.
func idCommand(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	switch what {
	case "sync":
		return idSync(c)
	case "policy":
		if len(c.args) > 0 && c.args[0] == "test" {
			c.args = c.args[1:]
			return policyTest(c)
		}
	case "person":
		if len(c.args) > 0 && c.args[0] == "import" {
			c.args = c.args[1:]
			return personImport(c)
		}
	case "trip":
		if len(c.args) > 0 && c.args[0] == "add" {
			c.args = c.args[1:]
			return tripAdd(c)
		}
	case "client", "key":
		return idApplications(c, what)
	case "contain":
		return idContain(c)
	case "release":
		return idRelease(c)
	case "breakglass":
		return breakGlass(c)
	case "attack":
		return idAttack(c)
	case "evidence":
		return idEvidence(c)
	}
	return idUsage(c)
}

func idUsage(c *call) int {
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura id sync [-dry-run] [-data DIR] [NAME…] | person import FILE | trip add PERSON | client add|list|remove | key list|rotate | policy test | breakglass list|make|end|drill | contain PERSON | release PERSON | attack | evidence 3.5.3"))
	return failed
}

// idSync asks directories for people; 1 tells that the guard of one stopped it.
func idSync(c *call) int {
	set := flag.NewFlagSet("yagura id sync", flag.ContinueOnError)
	load := settings(c, set)
	dry := set.Bool("dry-run", false, "compare all and change nothing")
	if code, ok := c.flags(set); !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	stopped, err := app.SyncDirectories(c.ctx, cfg, c.args, *dry, c.out, c.lang)
	switch {
	case err != nil:
		return c.fail(err)
	case stopped:
		return findings
	}
	return done
}
