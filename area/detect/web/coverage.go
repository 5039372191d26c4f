package web

import (
	"net/url"
	"strconv"
	"strings"

	"yagura/area/detect"
	"yagura/area/detect/attack"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// coveragePage is the matrix.
type coveragePage struct {
	detect.Coverage
	Tabs    []console.Tab
	Domains []console.Tab
	Columns []stripe
	Gains   console.Table
	Arrived console.Table
	Figures []console.Figure
	Layer   string
	ICS     bool
	Import  bool
	DaysNow string
}

// stripe is a tactic as it is shown.
type stripe struct {
	ID, Name   string
	Covered, N int
	Cells      []tech
}

// tech is a technique as it is shown.
type tech struct {
	ID, Name string
	Tone     string
	Counts   int
	Rules    []techRule
	Extra    string // ids of sub-techniques
}

type techRule struct {
	Href, Title string
	Tone        console.Tone
	Why         text.Message
}

func stripes(m attack.Matrix) []stripe {
	var out []stripe
	for _, col := range m.Columns {
		x := stripe{ID: col.Tactic.ID, Name: col.Name, Covered: col.Covered, N: len(col.Cells)}
		if x.Name == "" {
			x.Name = strings.ReplaceAll(col.Tactic.Slug, "-", " ")
		}
		for _, k := range col.Cells {
			x.Cells = append(x.Cells, technique(k))
		}
		out = append(out, x)
	}
	return out
}

func technique(k attack.Cell) tech {
	x := tech{ID: k.ID, Name: k.Name, Counts: k.Counts, Tone: "none"}
	switch {
	case k.Counts > 0:
		x.Tone = "good"
	case k.Would > 0:
		x.Tone = "warn"
	}
	seen := map[string]bool{}
	put := func(rs []attack.Rule) {
		for _, r := range rs {
			if seen[r.ID] {
				continue
			}
			seen[r.ID] = true
			y := techRule{Href: ruleHref(r.ID), Title: r.Title, Tone: console.Good, Why: text.M("counts")}
			switch {
			case r.State == "off":
				y.Tone, y.Why = console.Plain, text.M("Switched off")
			case !r.InForce:
				y.Tone, y.Why = console.Plain, detect.RuleState(r.State).Label()
			case !r.Arrived:
				y.Tone, y.Why = console.Warn, text.M("no events of its log source")
			case !r.Case:
				y.Tone, y.Why = console.Warn, text.M("no case that passes")
			}
			x.Rules = append(x.Rules, y)
		}
	}
	put(k.Rules)
	var subs []string
	for _, s := range k.Subs {
		subs = append(subs, s.ID[len(k.ID):])
		put(s.Rules)
	}
	x.Extra = strings.Join(subs, " ")
	return x
}

func domainOf(c *console.Context) attack.Domain {
	if c.Query("matrix") == "ics" {
		return attack.ICS
	}
	return attack.Enterprise
}

func (p *pages) coverageOf(c *console.Context) (v coveragePage, err error) {
	days, _ := strconv.Atoi(c.Query("days"))
	d := domainOf(c)
	if v.Coverage, err = p.s.Coverage(c.Context(), c.Actor, c.Scope(detect.Read), d, days, c.Lang); err != nil {
		return v, err
	}
	v.ICS = d == attack.ICS
	v.Tabs = ruleTabs("/detect/coverage")
	q := url.Values{"days": {strconv.Itoa(v.Days)}}
	v.Domains = []console.Tab{{Label: text.M("Enterprise§attack"), Href: "/detect/coverage?" + q.Encode(), Current: !v.ICS}}
	q.Set("matrix", "ics")
	v.Domains = append(v.Domains, console.Tab{Label: text.M("Industrial control systems"), Href: "/detect/coverage?" + q.Encode(), Current: v.ICS})
	if !v.ICS {
		q.Del("matrix")
	}
	v.Layer = "/detect/coverage/layer?" + q.Encode()
	v.DaysNow = strconv.Itoa(v.Days)
	v.Import = c.Actor.Can(detect.Rules, "")
	v.Columns = stripes(v.Matrix)
	counting := 0
	seen := map[string]bool{}
	for _, col := range v.Columns {
		for _, k := range col.Cells {
			for _, r := range k.Rules {
				if r.Tone == console.Good && !seen[r.Href] {
					seen[r.Href] = true
					counting++
				}
			}
		}
	}
	t := console.NewTable(text.M("What further log sources would bring"), text.M("Log source"), text.M("Rules"), text.M("New techniques"), text.M("Which§techniques"))
	for i, g := range v.Matrix.Gains {
		if i < 30 {
			t.Row(console.Code(g.Source), console.Num(g.Rules), console.Num(len(g.Techniques)), console.Text(strings.Join(g.Techniques, " ")))
		}
	}
	v.Gains = *t
	t = console.NewTable(text.M("Log sources that arrive"), text.M("Log source"), text.M("Events"), text.M("Last day"))
	for i, s := range v.Seen {
		if i < 40 {
			t.Row(console.Code(s.Source.String()), console.Num(s.Events), console.Text(strings.ReplaceAll(s.Last, "-", "/")))
		}
	}
	v.Arrived = *t
	v.Figures = []console.Figure{
		{Label: text.M("Techniques covered"), Value: c.Num(int64(v.Covered)), Note: text.M("of %d that rules or the imported names know", v.Named)},
		{Label: text.M("Log sources that arrive"), Value: c.Num(int64(len(v.Seen))), Note: text.M("in the last %d days", v.Days)},
		{Label: text.M("Rules that count"), Value: c.Num(int64(counting)), Note: text.M("in force, seen and tested")},
		{Label: text.M("Log sources that would help"), Value: c.Num(int64(len(v.Matrix.Gains))), Note: text.M("their rules wait for events")},
	}
	return v, nil
}

func (p *pages) coverage(c *console.Context) error {
	crumbs(c)
	v, err := p.coverageOf(c)
	if err != nil {
		return err
	}
	return c.Render("coverage", v)
}

func (p *pages) layer(c *console.Context) error {
	v, err := p.coverageOf(c)
	if err != nil {
		return err
	}
	raw, err := attack.Layer(c.T("Coverage by Yagura"), c.T("Techniques whose rule raises alerts, whose log source arrived in the last %d days and whose case passes", v.Days), v.Domain, v.Marks())
	if err != nil {
		return err
	}
	c.Download("coverage-"+string(v.Domain)+".json", "application/json")
	_, err = c.W.Write(raw)
	return err
}

func (p *pages) importAttack(c *console.Context) error {
	crumbs(c)
	v, err := p.coverageOf(c)
	if err != nil {
		return err
	}
	f, _, err := c.File("bundle")
	if err == nil && f == nil {
		err = fault.Invalid(fault.F("bundle", "Choose a file"))
	}
	if err != nil {
		return c.Invalid("coverage", v, err)
	}
	defer f.Close()
	n, err := p.s.ImportAttack(c.Context(), c.Actor, f)
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("coverage", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("%d names are imported.", n))
	return c.Redirect("/detect/coverage")
}
