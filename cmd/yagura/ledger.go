package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"yagura/app"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func ledgerCommand(c *call) int {
	what := ""
	if len(c.args) > 0 {
		what, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura ledger", flag.ContinueOnError)
	load := settings(c, set)
	asJSON := set.Bool("json", false, "print JSON (verify)")
	since := set.String("since", "", "also check against the checkpoint in this `file`, kept elsewhere (verify)")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if what != "verify" && what != "export" && what != "checkpoint" {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura ledger verify|export|checkpoint [-data DIR]"))
		return failed
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	db, key, err := app.OpenLedger(c.ctx, cfg)
	if err != nil {
		return c.fail(err)
	}
	defer db.Close()
	switch what {
	case "export":
		if _, err := ledger.Export(c.ctx, db, c.out); err != nil {
			return c.fail(err)
		}
		return done
	case "checkpoint":
		err := db.View(c.ctx, func(tx *store.Tx) error {
			latest, ok, err := ledger.Latest(tx, key)
			if err == nil && ok {
				_, err = fmt.Fprint(c.out, latest.Note)
			}
			return err
		})
		if err != nil {
			return c.fail(err)
		}
		fmt.Fprintln(c.err, text.T(c.lang, "Check it elsewhere with the key %s", key.Public()))
		return done
	}
	var kept []ledger.Checkpoint
	head, ok, err := ledger.Head(key, cfg.Keys)
	if err != nil {
		return c.fail(err)
	}
	if ok {
		kept = append(kept, head)
	}
	if *since != "" {
		raw, err := os.ReadFile(*since)
		if err != nil {
			return c.fail(err)
		}
		checkpoint, err := key.Open(string(raw))
		if err != nil {
			return c.fail(fmt.Errorf("%s: %w", *since, err))
		}
		kept = append(kept, checkpoint)
	}
	report, err := ledger.Verify(c.ctx, db, key, kept...)
	if err != nil {
		return c.fail(err)
	}
	if *asJSON {
		if err := json.NewEncoder(c.out).Encode(report); err != nil {
			return c.fail(err)
		}
	} else if report.Broken == nil {
		fmt.Fprintln(c.out, text.T(c.lang, "The audit trail holds: %d rows, %d signed checkpoints, %d rows not yet sealed.", report.Rows, report.Checkpoints, report.Pending))
	} else {
		fmt.Fprintln(c.out, report.Broken.Message().In(c.lang))
	}
	if report.Broken != nil {
		return findings
	}
	return done
}
