package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"yagura/app"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// policyTest says what a draft would have done to the sign-ins of the last days.
// Where somebody who got in would have been refused it ends with findings.
func policyTest(c *call) int {
	file := ""
	if len(c.args) > 0 && c.args[0] != "" && (c.args[0] == "-" || c.args[0][0] != '-') {
		file, c.args = c.args[0], c.args[1:]
	}
	set := flag.NewFlagSet("yagura id policy test", flag.ContinueOnError)
	load := settings(c, set)
	unit := set.String("unit", "", "`id` of the unit that would say it; without it, the one that the file names, or the whole group")
	days := set.Int("days", 30, "how many `days` to look back")
	asJSON := set.Bool("json", false, "print the outcome as JSON")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if file == "" && len(c.args) == 1 {
		file, c.args = c.args[0], nil
	}
	if file == "" || len(c.args) > 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura id policy test FILE [-unit ID] [-days N] [-json] [-data DIR]"))
		return failed
	}
	said, err := readPolicyFile(c.in, file)
	if err != nil {
		return c.fail(err)
	}
	if _, mistakes := policy.Parse(said); len(mistakes) > 0 {
		for _, m := range mistakes {
			fmt.Fprintf(c.err, "%s:%s\n", file, m.In(c.lang))
		}
		return findings
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	sim, units, err := app.TestPolicy(c.ctx, cfg, said, *unit, *days)
	if err != nil {
		return c.fail(err)
	}
	if *asJSON {
		err = printJSON(c.out, sim.Unit, sim.Since, sim.Outcome)
	} else {
		err = printOutcome(c, sim.Outcome, units)
	}
	if err != nil {
		return c.fail(err)
	}
	if sim.Refuses() {
		return findings
	}
	return done
}

func readPolicyFile(in io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(in, policy.MaxText+1))
	}
	return os.ReadFile(file)
}

type outcomeCount struct {
	Effect  policy.Effect `json:"effect"`
	SignIns int           `json:"sign_ins"`
	People  int           `json:"people"`
}

type outcomeUnit struct {
	Unit    string         `json:"unit"`
	SignIns int            `json:"sign_ins"`
	Effects []outcomeCount `json:"effects"`
}

type outcomeApplication struct {
	Application string         `json:"application"`
	Class       policy.Class   `json:"class"`
	Entries     int            `json:"entries"`
	Effects     []outcomeCount `json:"effects"`
}

type outcomeRow struct {
	At      time.Time     `json:"at"`
	Person  string        `json:"person"`
	Unit    string        `json:"unit"`
	App     string        `json:"application,omitempty"`
	Effect  policy.Effect `json:"effect"`
	Place   policy.Place  `json:"place"`
	Country string        `json:"country,omitempty"`
	Managed bool          `json:"managed"`
	Level   policy.Level  `json:"level"`
	Needs   policy.Level  `json:"needs,omitempty"`
	Reason  policy.Reason `json:"reason,omitempty"`
}

func counted(m map[policy.Effect]policy.Count) []outcomeCount {
	list := []outcomeCount{}
	for _, e := range policy.Effects {
		list = append(list, outcomeCount{e, m[e].SignIns, m[e].People})
	}
	return list
}

func printJSON(out io.Writer, unit string, since time.Time, o policy.Outcome) error {
	v := struct {
		Unit         string               `json:"unit"`
		Since        time.Time            `json:"since"`
		SignIns      int                  `json:"sign_ins"`
		Effects      []outcomeCount       `json:"effects"`
		Units        []outcomeUnit        `json:"units"`
		Entries      int                  `json:"entries"`
		Entered      []outcomeCount       `json:"entered"`
		Applications []outcomeApplication `json:"applications"`
		Rows         []outcomeRow         `json:"rows"`
		More         int                  `json:"more"`
	}{unit, since, o.SignIns, counted(o.Effects), []outcomeUnit{}, o.Entries, counted(o.Entered), []outcomeApplication{}, []outcomeRow{}, o.More}
	for _, a := range o.Applications {
		v.Applications = append(v.Applications, outcomeApplication{a.Client, a.Class, a.Entries, counted(a.Effects)})
	}
	for _, u := range o.Units {
		v.Units = append(v.Units, outcomeUnit{u.Unit, u.SignIns, counted(u.Effects)})
	}
	for _, r := range o.Rows {
		q := r.Past.Question
		v.Rows = append(v.Rows, outcomeRow{q.At, r.Past.Person, r.Past.Unit, r.Past.Client, r.Effect, r.Decision.Place, r.Decision.Country, q.Managed, q.Level, r.Decision.Needs, r.Decision.Reason})
	}
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	return e.Encode(v)
}

func printOutcome(c *call, o policy.Outcome, units *authz.Units) error {
	fmt.Fprintln(c.out, text.T(c.lang, "%d sign-ins judged: %d would be refused, %d would need a stronger factor, %d would be let in that were refused",
		o.SignIns, o.Effects[policy.Shuts].SignIns, o.Effects[policy.Stronger].SignIns, o.Effects[policy.Opens].SignIns))
	w := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	for _, u := range o.Units {
		fmt.Fprintln(w, text.T(c.lang, "%s\t%d refused\t%d stronger\t%d let in\tof %d", units.Label(u.Unit, c.lang),
			u.Effects[policy.Shuts].SignIns, u.Effects[policy.Stronger].SignIns, u.Effects[policy.Opens].SignIns, u.SignIns))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(c.out, text.T(c.lang, "%d times that applications were entered: %d would be refused, %d would need a stronger factor, %d would be let in that were refused",
		o.Entries, o.Entered[policy.Shuts].SignIns, o.Entered[policy.Stronger].SignIns, o.Entered[policy.Opens].SignIns))
	for _, a := range o.Applications {
		fmt.Fprintln(w, text.T(c.lang, "%s (%s)\t%d refused\t%d stronger\t%d let in\tof %d", a.Client, string(a.Class),
			a.Effects[policy.Shuts].SignIns, a.Effects[policy.Stronger].SignIns, a.Effects[policy.Opens].SignIns, a.Entries))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range o.Rows {
		q := r.Past.Question
		into := r.Past.Client
		if into == "" {
			into = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s %s\t%s\t%s\n", q.At.Format(time.RFC3339), r.Past.Person, r.Past.Unit, into, r.Effect, r.Decision.Place, r.Decision.Country, q.Level, r.Decision.Reason)
	}
	if o.More > 0 {
		fmt.Fprintln(w, text.T(c.lang, "and %d more", o.More))
	}
	return w.Flush()
}
