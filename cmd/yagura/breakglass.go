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

// breakGlass is what is done about the accounts for emergencies.
func breakGlass(c *call) int {
	verb := ""
	if len(c.args) > 0 {
		verb, c.args = c.args[0], c.args[1:]
	}
	switch verb {
	case "drill":
		return breakGlassDrill(c)
	case "list":
		return breakGlassList(c)
	case "make", "end":
		return breakGlassAsk(c, verb)
	}
	return idUsage(c)
}

// breakGlassAsk asks that an account be one for emergencies, or be one no longer.
// A second person decides in the console: who runs the machine is one.
func breakGlassAsk(c *call, verb string) int {
	set := flag.NewFlagSet("yagura id breakglass "+verb, flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		return idUsage(c)
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	if err := app.AskEmergency(c.ctx, cfg, c.args[0], verb == "end"); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "It waits for a second person, who agrees in the console under Break-glass accounts. Nothing has changed yet."))
	return done
}

// breakGlassDrill records that somebody has signed in with an account for
// emergencies in order to try it.
func breakGlassDrill(c *call) int {
	set := flag.NewFlagSet("yagura id breakglass drill", flag.ContinueOnError)
	load := settings(c, set)
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 {
		return idUsage(c)
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	if err := app.Drill(c.ctx, cfg, c.args[0]); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "The drill with %s is recorded.", c.args[0]))
	return done
}

// breakGlassList shows the accounts for emergencies, and what waits about them. It ends with findings where
// a drill is overdue, a key is missing or there are fewer than two.
func breakGlassList(c *call) int {
	set := flag.NewFlagSet("yagura id breakglass list", flag.ContinueOnError)
	load := settings(c, set)
	asJSON := set.Bool("json", false, "print JSON")
	if code, ok := c.flags(set); !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	list, err := app.Emergencies(c.ctx, cfg)
	if err != nil {
		return c.fail(err)
	}
	waiting, err := app.EmergencyAsks(c.ctx, cfg)
	if err != nil {
		return c.fail(err)
	}
	code := done
	if len(list) < 2 {
		code = findings
	}
	for _, e := range list {
		if e.Overdue || e.Keys == 0 {
			code = findings
		}
	}
	if *asJSON {
		out := struct {
			Accounts []app.Emergency    `json:"accounts"`
			Waiting  []app.EmergencyAsk `json:"waiting"`
		}{list, waiting}
		if err := json.NewEncoder(c.out).Encode(out); err != nil {
			return c.fail(err)
		}
		return code
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	for _, e := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", e.Person, text.T(c.lang, "%d hardware keys", e.Keys), text.T(c.lang, "next drill %s", e.Due.Format(time.DateOnly)))
	}
	for _, a := range waiting {
		what := text.T(c.lang, "to become one: waits for a second person")
		if a.Ends {
			what = text.T(c.lang, "to be one no longer: waits for a second person")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", a.Person, what, text.T(c.lang, "until %s", a.Until.Format(time.DateOnly)))
	}
	w.Flush()
	if code == findings {
		fmt.Fprintln(c.err, text.T(c.lang, "Break-glass accounts need your attention"))
	}
	return code
}
