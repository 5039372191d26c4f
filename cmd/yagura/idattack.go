package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"yagura/area/identity/oidc/check"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// tried is a check or an attack as JSON says it.
type tried struct {
	Kind    string `json:"kind"` // check or attack
	Name    string `json:"name"`
	Clause  string `json:"clause"`
	OK      bool   `json:"ok"` // passed, or not accepted
	Problem string `json:"problem,omitempty"`
}

type attackReport struct {
	Issuer   string  `json:"issuer"`
	Checks   int     `json:"checks"`
	Failed   int     `json:"failed"`
	Attacks  int     `json:"attacks"`
	Accepted int     `json:"accepted"`
	Results  []tried `json:"results"`
}

// idAttack asks a running server by HTTP what applications rely on, and tries
// what must not be accepted: 1 where something was, or a check failed.
func idAttack(c *call) int {
	set := flag.NewFlagSet("yagura id attack", flag.ContinueOnError)
	var t check.Target
	set.StringVar(&t.Issuer, "issuer", "", "`address` of the server")
	link := set.String("link", "", "one-time `link` of yagura access, or @FILE, for a person made for this: a passkey is added")
	flags := func(client *check.Client, prefix, id string) {
		set.StringVar(&client.ID, prefix+"client", id, "`id` of an application made for this")
		set.StringVar(&client.Secret, prefix+"secret", "", "its `secret`, or @FILE")
		set.StringVar(&client.Redirect, prefix+"redirect", "https://"+id+".invalid/callback", "`address` registered for it; nothing is sent there")
	}
	flags(&t.Client, "", "attack")
	flags(&t.Other, "other-", "attack-other")
	set.StringVar(&t.Client.Leave, "after-logout", "https://attack.invalid/bye", "`address` after sign-out, registered for the first")
	set.StringVar(&t.Gate, "gate", "", "`address` of an application behind a proxy that the person may enter; with -other-gate")
	set.StringVar(&t.OtherGate, "other-gate", "", "`address` of another one, behind a proxy of its own or not")
	set.IntVar(&t.Rounds, "rounds", 3, "how many codes are exchanged sixteen times at once")
	asJSON := set.Bool("json", false, "print JSON")
	if code, ok := c.flags(set); !ok {
		return code
	}
	t.Issuer = strings.TrimSuffix(t.Issuer, "/")
	if len(c.args) > 0 || t.Issuer == "" || *link == "" || t.Client.Secret == "" || t.Other.Secret == "" || (t.Gate == "") != (t.OtherGate == "") {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura id attack -issuer URL -link LINK -secret SECRET -other-secret SECRET [flags]"))
		return failed
	}
	for _, secret := range []*string{link, &t.Client.Secret, &t.Other.Secret} {
		if file, ok := strings.CutPrefix(*secret, "@"); ok {
			raw, err := os.ReadFile(file)
			if err != nil {
				return c.fail(err)
			}
			*secret = strings.TrimSpace(string(raw))
		}
	}
	t.Now = clock.System().Now
	if err := check.Reach(c.ctx, t); err != nil {
		return c.fail(err)
	}
	var err error
	if t.Passkey, err = check.Enrol(c.ctx, t.Issuer, *link, nil); err != nil {
		return c.fail(err)
	}
	t.SignIn = t.Passkey.SignIn
	r := attackReport{Issuer: t.Issuer}
	for _, one := range check.Run(c.ctx, t) {
		said := tried{Kind: "check", Name: one.Name, Clause: one.Clause, OK: one.Err == nil}
		total, wrong := &r.Checks, &r.Failed
		if one.Attack {
			said.Kind, total, wrong = "attack", &r.Attacks, &r.Accepted
		}
		*total++
		if one.Err != nil {
			*wrong++
			said.Problem = one.Err.Error()
		}
		r.Results = append(r.Results, said)
	}
	if err := r.print(c, *asJSON); err != nil {
		return c.fail(err)
	}
	if r.Failed+r.Accepted > 0 {
		return findings
	}
	return done
}

func (r attackReport) print(c *call, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	for _, one := range r.Results {
		switch {
		case one.OK:
		case one.Kind == "attack":
			fmt.Fprintln(c.out, text.T(c.lang, "accepted, or not to be decided: %s (%s): %s", one.Name, one.Clause, one.Problem))
		default:
			fmt.Fprintln(c.out, text.T(c.lang, "failed: %s (%s): %s", one.Name, one.Clause, one.Problem))
		}
	}
	_, err := fmt.Fprintln(c.out, text.T(c.lang, "%d checks, %d failed; %d attacks, %d accepted", r.Checks, r.Failed, r.Attacks, r.Accepted))
	return err
}
