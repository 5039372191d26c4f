package web

import (
	"time"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

func exclusionChip(x detect.Exclusion, c *console.Context) console.Cell {
	s := x.State(c.Now)
	tone := console.Plain
	switch s {
	case detect.InForce:
		tone = console.Good
		if x.Expires.Sub(c.Now) < 7*24*time.Hour {
			tone = console.Warn
		}
	case detect.Waiting:
		tone = console.Warn
	}
	return console.Chip(tone, s.Label())
}

type exclusionRow struct {
	detect.Exclusion
	unit, owner, rule string
}

func exclusionList() console.List[exclusionRow] {
	var states []console.Option
	for _, s := range detect.ExclusionStates {
		states = append(states, console.Option{Value: string(s), Label: s.Label()})
	}
	return console.List[exclusionRow]{
		Name: "exclusions", Caption: text.M("Exclusions"), Sort: "-created",
		Columns: []console.Column[exclusionRow]{
			{Key: "number", Head: text.M("Number"), Sort: true,
				Cell: func(_ *console.Context, r exclusionRow) console.Cell {
					return console.Strong(exclusionHref(r.ID), r.ID)
				},
				Value: func(r exclusionRow) any { return r.ID }},
			{Key: "rule", Head: text.M("Rule"),
				Cell: func(_ *console.Context, r exclusionRow) console.Cell {
					return console.Stack(console.Text(r.rule), console.Text(r.Reason))
				},
				Value: func(r exclusionRow) any { return r.rule }},
			{Key: "unit", Head: text.M("Unit"), Sort: true, Cell: func(_ *console.Context, r exclusionRow) console.Cell { return console.Text(r.unit) }, Value: func(r exclusionRow) any { return r.unit }},
			{Key: "owner", Head: text.M("Owner"), Cell: func(_ *console.Context, r exclusionRow) console.Cell { return console.Text(r.owner) }, Value: func(r exclusionRow) any { return r.owner }},
			{Key: "hidden", Head: text.M("Hidden hits"), Sort: true, Num: true, Value: func(r exclusionRow) any { return r.Hidden }},
			{Key: "state", Head: text.M("State"), Cell: func(c *console.Context, r exclusionRow) console.Cell { return exclusionChip(r.Exclusion, c) }},
			{Key: "expires", Head: text.M("Ends"), Sort: true, Cell: func(_ *console.Context, r exclusionRow) console.Cell { return console.Due(r.Expires) }, Value: func(r exclusionRow) any { return r.Expires }},
			{Key: "created", Head: text.M("Asked for on"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Created }},
			{Key: "approved", Head: text.M("Approved on"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Approved }},
			{Key: "approver", Head: text.M("Approved by"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Approver }},
			{Key: "reason", Head: text.M("Reason"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Reason }},
			{Key: "filter", Head: text.M("Filter§sigma"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Filter }},
			{Key: "rule_id", Head: text.M("Rule ID"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Rule }},
			{Key: "unit_id", Head: text.M("Unit ID"), ExportOnly: true, Value: func(r exclusionRow) any { return r.Unit }},
		},
		Filters: []console.Filter{{Name: "state", Label: text.M("State"), Options: states}},
		At:      func(r exclusionRow, sort string) keyset.Position { return detect.ExclusionAt(r.Exclusion, sort) },
		Empty:   console.Empty{Title: text.M("No exclusions"), Body: text.M("Nothing is hidden from detection in the units that you may see.")},
	}
}

func (p *pages) exclusions(c *console.Context) error {
	open, err := p.s.Count(c.Context(), c.Scope(detect.Read), detect.Filter{State: "open"})
	if err != nil {
		return err
	}
	return exclusionList().Serve(c, "exclusions", func(q console.Query) ([]exclusionRow, int, error) {
		if q.Page.Sort == "created" && q.Page.Limit == 0 {
			q.Page.Limit = keyset.DefaultLimit
		}
		xs, total, err := p.s.Exclusions(c.Context(), c.Scope(detect.Read), detect.ExclusionFilter{State: q.Get("state"), Page: q.Page})
		if err != nil {
			return nil, 0, err
		}
		var ids []string
		for _, x := range xs {
			ids = append(ids, x.Owner)
		}
		people, err := p.s.People(c.Context(), ids...)
		rows := make([]exclusionRow, 0, len(xs))
		for _, x := range xs {
			rows = append(rows, exclusionRow{x, c.UnitLabel(x.Unit), who(c, people, x.Owner), ruleName(c, x)})
		}
		return rows, total, err
	}, rulesExtra{Tabs: tabs(c, "/detect/exclusions", open)})
}

func ruleName(c *console.Context, x detect.Exclusion) string {
	if x.Rule == "" {
		return c.T("Every rule")
	}
	if t := x.Title.In(c.Lang); t != "" {
		return t
	}
	return x.Rule
}

// exclusionPage is the page of an exclusion.
type exclusionPage struct {
	detect.ExclusionDetail
	Facts     []console.Fact
	Would     console.Table
	Timeline  []console.Event
	Approve   bool // the reader may approve it
	End       bool
	Waits     bool
	HasAlerts bool
}

// Href is an address of the exclusion's.
func (x exclusionPage) Href(rest string) string { return exclusionHref(x.ID) + rest }

func would(c *console.Context, pre detect.Preview) console.Table {
	t := console.NewTable(text.M("Alerts that it would have touched"), text.M("Number"), text.M("Level"), text.M("About"), text.M("State"), text.M("Hits"), text.M("First hit"))
	for _, a := range pre.Alerts {
		t.Row(console.Strong(alertHref(a.ID), a.ID), level(a.Level), console.Stack(console.Text(a.Title.In(c.Lang)), console.Text(a.Subject())), console.Chip(stateTone(a.State), a.State.Label()), console.Num(a.Hits), console.When(a.First))
	}
	return *t
}

func (p *pages) exclusion(c *console.Context) error {
	d, err := p.s.ShowExclusion(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Exclusions"), "/detect/exclusions")
	c.Title(text.Literal(d.ID + " " + ruleName(c, d.Exclusion)))
	state := d.State(c.Now)
	v := exclusionPage{ExclusionDetail: d, Would: would(c, d.Preview), HasAlerts: len(d.Preview.Alerts) > 0, Waits: state == detect.Waiting}
	me := c.Actor.Who()
	v.Approve = d.Change && v.Waits && d.By != me && d.Owner != me
	v.End = d.Change && (v.Waits || state == detect.InForce)
	rule := console.Text(c.T("Every rule"))
	if d.Rule != "" {
		rule = console.Link(ruleHref(d.Rule), ruleName(c, d.Exclusion))
	}
	v.Facts = []console.Fact{{Label: text.M("State"), Value: exclusionChip(d.Exclusion, c)}, {Label: text.M("Rule"), Value: rule}, {Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))},
		{Label: text.M("Owner"), Value: console.Text(who(c, d.People, d.Owner))}, {Label: text.M("Asked for by"), Value: console.Text(who(c, d.People, d.By))},
		{Label: text.M("Approved by"), Value: console.Text(who(c, d.People, d.Approver))}, {Label: text.M("Ends"), Value: console.Due(d.Expires)},
		{Label: text.M("Hidden hits"), Value: console.Num(d.Hidden)}, {Label: text.M("Last hidden"), Value: console.When(d.Last)}}
	for _, e := range d.History {
		v.Timeline = append(v.Timeline, console.Event{At: e.At, Who: who(c, d.People, e.Who), Title: e.Said, Body: e.Body})
	}
	return c.Render("exclusion", v)
}

// excludePage is the form for an exclusion.
type excludePage struct {
	aim
	Filter, Reason string
	Expires        time.Time
	Preview        *detect.Preview
	Would          console.Table
	MostDays       int
	Min, Max       string
}

func (p *pages) excludePage(c *console.Context) (excludePage, error) {
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Exclusions"), "/detect/exclusions")
	n, from, err := p.aimed(c, true)
	v := excludePage{aim: n, Expires: c.Now.AddDate(0, 0, 90), MostDays: detect.MostDays,
		Min: c.Now.AddDate(0, 0, 1).In(c.Zone).Format(time.DateOnly), Max: c.Now.AddDate(0, 0, detect.MostDays).In(c.Zone).Format(time.DateOnly)}
	if from != nil {
		v.Filter = detect.Suggest(*from)
	}
	return v, err
}

func (p *pages) excludeForm(c *console.Context) error {
	v, err := p.excludePage(c)
	if err != nil {
		return err
	}
	return c.Render("exclude", v)
}

// exclude shows what the exclusion would have hidden first; only the second
// button puts it in force.
func (p *pages) exclude(c *console.Context) error {
	v, err := p.excludePage(c)
	if err != nil {
		return err
	}
	x := detect.Exclusion{Rule: c.Value("rule"), Unit: c.Value("unit"), Owner: c.Actor.Person, Reason: c.Value("reason"), Filter: c.R.PostForm.Get("filter")}
	if x.Expires, err = c.Time("expires"); err != nil {
		return c.Invalid("exclude", v, err)
	}
	if c.Value("do") != "add" {
		pre, err := p.s.PreviewExclusion(c.Context(), c.Actor, x)
		if err != nil {
			return c.Invalid("exclude", v, err)
		}
		v.Rule, v.Unit, v.Reason, v.Filter, v.Expires = x.Rule, x.Unit, x.Reason, x.Filter, x.Expires
		v.Preview, v.Would = &pre, would(c, pre)
		return c.Render("exclude", v)
	}
	made, pre, err := p.s.AddExclusion(c.Context(), c.Actor, x)
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("exclude", v, err)
	}
	if err != nil {
		return err
	}
	return settled(c, made.ID, pre.Two, exclusionHref(made.ID))
}
