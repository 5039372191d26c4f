package offline

import (
	"fmt"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/manifest"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// made is `yagura cmmc manifest --json`.
type made struct {
	Files       int    `json:"files"`
	Seal        string `json:"seal"`
	StatusDate  string `json:"status_date"`
	RetainUntil string `json:"retain_until"`
}

func (c *command) manifest() int {
	var from day
	c.set.Var(&from, "status-date", "")
	of := c.set.String("assessment", "", "")
	replace := c.set.Bool("replace", false, "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	if from.IsZero() {
		return c.fail(fault.Invalidf("give the date of the status: --status-date 2026-11-23"))
	}
	objectives := map[string][]string{}
	if *of != "" {
		a, err := c.assessment(*of)
		if err != nil {
			return c.fail(err)
		}
		for i := range a.Objectives {
			for _, e := range a.Objectives[i].Evidence {
				if e.SHA256 != "" {
					objectives[e.SHA256] = append(objectives[e.SHA256], catalog.Name(i))
				}
			}
		}
	}
	// The longest of the terms, as docs/cmmc.md says: a leap day gives a day more.
	until := from.AddDate(catalog.Of(2).RetainYears, 0, 0)
	m, err := manifest.Make(names[0], from.Time, until, objectives)
	if err != nil {
		return c.fail(err)
	}
	seal, err := m.Write(names[0], *replace)
	if err != nil {
		return c.fail(err)
	}
	if *c.json {
		return c.print(made{len(m.Artifacts), seal, m.StatusDate, m.RetainUntil})
	}
	c.say(text.M("%d files are listed; kept until %s (%s).", len(m.Artifacts), until.Format(time.DateOnly), catalog.Clause("artifacts")))
	c.say(text.M("Write this down elsewhere, it seals the list: %s", seal))
	return 0
}

// verified is `yagura cmmc verify --json`.
type verified struct {
	Good     int                `json:"unchanged"`
	Seal     string             `json:"seal"`
	Sealed   *bool              `json:"sealed,omitempty"`
	Findings []manifest.Finding `json:"findings"`
}

func (c *command) verify() int {
	want := c.set.String("seal", "", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	good, findings, seal, err := manifest.Verify(names[0])
	if err != nil {
		return c.fail(err)
	}
	out := verified{Good: good, Seal: seal, Findings: append([]manifest.Finding{}, findings...)}
	broken := len(findings) > 0
	if *want != "" {
		same := *want == seal
		out.Sealed, broken = &same, broken || !same
	}
	if *c.json {
		if code := c.print(out); code != 0 {
			return code
		}
	} else {
		for _, f := range findings {
			fmt.Fprintln(c.Out, c.finding(f))
		}
		if out.Sealed != nil && !*out.Sealed {
			c.say(text.M("The list is not the one that was sealed: its hash is %s.", seal))
		}
		c.say(text.M("%d files unchanged, %d findings", good, len(findings)))
	}
	if broken {
		return ExitFound
	}
	return 0
}

func (c *command) finding(f manifest.Finding) string {
	what := text.M("listed differently in the two lists: %q", f.Name)
	switch f.Kind {
	case manifest.Changed:
		what = text.M("changed: %q", f.Name)
	case manifest.Missing:
		what = text.M("missing: %q", f.Name)
	case manifest.Renamed:
		what = text.M("renamed: %q is now %q", f.Name, f.To)
	case manifest.Added:
		what = text.M("added: %q", f.Name)
	}
	return what.In(c.Lang)
}
