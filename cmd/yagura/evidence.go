package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"text/tabwriter"
	"time"

	"yagura/app"
	"yagura/kernel/text"
)

// idEvidence shows how people could sign in at a time. It ends with findings
// where what was published does not agree with it.
func idEvidence(c *call) int {
	set := flag.NewFlagSet("yagura id evidence", flag.ContinueOnError)
	load := settings(c, set)
	at := set.String("at", "", "the time, such as 2026-11-23T09:00:00Z; now where nothing is said")
	asJSON := set.Bool("json", false, "print JSON")
	control := ""
	if len(c.args) > 0 {
		control, c.args = c.args[0], c.args[1:]
	}
	if code, ok := c.flags(set); !ok {
		return code
	}
	if control == "" || len(c.args) > 0 {
		return idUsage(c)
	}
	var when time.Time
	if *at != "" {
		var err error
		if when, err = time.Parse(time.RFC3339, *at); err != nil {
			fmt.Fprintln(c.err, text.T(c.lang, "%s is no time; one such as 2026-11-23T09:00:00Z is needed", *at))
			return failed
		}
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	e, err := app.Evidence(c.ctx, cfg, control, when)
	if err != nil {
		return c.fail(err)
	}
	code := done
	if !e.Agrees || len(e.Log.Broken) > 0 {
		code = findings
	}
	if *asJSON {
		out := json.NewEncoder(c.out)
		out.SetIndent("", "  ")
		if err := out.Encode(e); err != nil {
			return c.fail(err)
		}
		return code
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\t\tphrh\tphr\taal2\tpassword\t–\t\n", e.At.Format(time.RFC3339))
	for _, u := range append(e.Units, app.UnitEvidence{Unit: text.T(c.lang, "All together"), Counted: e.Group}) {
		t := u.Counted
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", u.Unit, t.People, t.Hardware, t.Passkey, t.TwoFactors, t.Password, t.Nothing)
	}
	w.Flush()
	fmt.Fprintln(c.out, text.T(c.lang, "Two factors: %d of %d people with roles at their last sign-in, %d of %d others enrolled.", e.Group.PrivilegedMFA, e.Group.Privileged, e.Group.GeneralMFA, e.Group.General))
	for _, day := range e.Log.Broken {
		fmt.Fprintln(c.err, text.T(c.lang, "The log of authentication of %s is not what it was when it was sealed.", day))
	}
	if !e.Agrees {
		fmt.Fprintln(c.err, text.T(c.lang, "What was published on %s does not agree with the ledger.", e.Published.Format(time.RFC3339)))
	}
	return code
}
