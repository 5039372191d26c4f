package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"yagura/app"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Exit codes of containment besides those of all commands.
const (
	refusedByPolicy = 3
	partlyDone      = 4
)

// idContain locks a person out everywhere and says of each target what is known.
func idContain(c *call) int {
	set := flag.NewFlagSet("yagura id contain", flag.ContinueOnError)
	load := settings(c, set)
	reason := set.String("reason", "", "why, in a `sentence`")
	incident := set.String("incident", "", "`number` of the incident")
	asJSON := set.Bool("json", false, "print JSON")
	wait := set.Duration("wait", 30*time.Second, "how long to wait for the targets, and for the second person where one is needed")
	person, code, ok := c.onePerson(set)
	if !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	one, err := app.Contain(c.ctx, cfg, person, *reason, *incident, *wait)
	if err != nil {
		return c.refusal(err)
	}
	return c.shown(one, *asJSON)
}

// idRelease lets a contained person sign in again.
func idRelease(c *call) int {
	set := flag.NewFlagSet("yagura id release", flag.ContinueOnError)
	load := settings(c, set)
	reason := set.String("reason", "", "why, in a `sentence`")
	asJSON := set.Bool("json", false, "print JSON")
	person, code, ok := c.onePerson(set)
	if !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	released, err := app.Release(c.ctx, cfg, person, *reason)
	if err != nil {
		return c.refusal(err)
	}
	if *asJSON {
		if err := json.NewEncoder(c.out).Encode(released); err != nil {
			return c.fail(err)
		}
		return done
	}
	fmt.Fprintln(c.out, text.T(c.lang, "%s may sign in again, as far as the containment goes.", released.Person))
	return done
}

// onePerson reads the flags, before or behind the one argument.
func (c *call) onePerson(set *flag.FlagSet) (person string, code int, ok bool) {
	if len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		person, c.args = c.args[0], c.args[1:]
	}
	if code, ok := c.flags(set); !ok {
		return "", code, false
	}
	if person == "" && len(c.args) == 1 {
		person, c.args = c.args[0], nil
	}
	if person == "" || len(c.args) > 0 {
		return "", idUsage(c), false
	}
	return person, done, true
}

// refusal prints an error; what a rule forbids has an exit code of its own.
func (c *call) refusal(err error) int {
	code := c.fail(err)
	if fault.Is(err, fault.KindDenied) || fault.Is(err, fault.KindConflict) {
		return refusedByPolicy
	}
	return code
}

// shown prints a containment and tells by the exit code how far it is.
func (c *call) shown(one app.Containment, asJSON bool) int {
	code := done
	var left []string
	for _, t := range one.Targets {
		if !t.Out() {
			left = append(left, t.Kind+" "+t.Name)
		}
	}
	if len(left) > 0 {
		code = partlyDone
	}
	if one.Began.IsZero() {
		code = refusedByPolicy
	}
	if asJSON {
		if err := json.NewEncoder(c.out).Encode(one); err != nil {
			return c.fail(err)
		}
	} else {
		w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
		for _, t := range one.Targets {
			said := t.Result
			if t.Detail != "" {
				said += " (" + t.Detail + ")"
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d ms\n", t.Kind, t.Name, t.Count, said, t.Millis)
		}
		w.Flush()
	}
	switch code {
	case refusedByPolicy:
		fmt.Fprintln(c.err, text.T(c.lang, "Nothing has ended: the account is privileged, and no second person has confirmed it in the console yet."))
	case partlyDone:
		fmt.Fprintln(c.err, text.T(c.lang, "The person is locked out here. Not confirmed: %s", strings.Join(left, ", ")))
	}
	return code
}
