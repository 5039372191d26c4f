package web

import (
	"net/url"
	"strconv"
	"time"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

func suppressionHref(id string) string { return "/detect/suppressions/" + url.PathEscape(id) }

func suppressionKind(kind string) text.Message {
	if kind == detect.Quiet {
		return text.M("Silence after an alert")
	}
	return text.M("Maintenance window")
}

func suppressionChip(x detect.Suppression, now time.Time) console.Cell {
	s := x.State(now)
	tone := console.Plain
	switch s {
	case detect.SuppressionActive:
		tone = console.Good
	case detect.SuppressionWaits:
		tone = console.Warn
	case detect.SuppressionPlanned:
		tone = console.Info
	}
	return console.Chip(tone, s.Label())
}

type suppressionRow struct {
	detect.Suppression
	unit, owner, what string
}

// suppressed says what a suppression is about, in a line.
func suppressed(c *console.Context, x detect.Suppression) string {
	rule := c.T("Every rule")
	if x.Rule != "" {
		if rule = x.Title.In(c.Lang); rule == "" {
			rule = x.Rule
		}
	}
	if x.Hosts != "" {
		return rule + " · " + x.Hosts
	}
	return rule
}

func suppressionList() console.List[suppressionRow] {
	var states, kinds []console.Option
	for _, s := range detect.SuppressionStates {
		states = append(states, console.Option{Value: string(s), Label: s.Label()})
	}
	for _, k := range detect.SuppressionKinds {
		kinds = append(kinds, console.Option{Value: k, Label: suppressionKind(k)})
	}
	return console.List[suppressionRow]{Name: "suppressions", Caption: text.M("Suppressions"), Sort: "-number",
		Columns: []console.Column[suppressionRow]{
			{Key: "number", Head: text.M("Number"), Sort: true,
				Cell: func(_ *console.Context, r suppressionRow) console.Cell {
					return console.Strong(suppressionHref(r.ID), r.ID)
				},
				Value: func(r suppressionRow) any { return r.ID }},
			{Key: "kind", Head: text.M("Kind"), Cell: func(_ *console.Context, r suppressionRow) console.Cell { return console.Say(suppressionKind(r.Kind)) }, Value: func(r suppressionRow) any { return r.Kind }},
			{Key: "what", Head: text.M("What for"), Cell: func(_ *console.Context, r suppressionRow) console.Cell {
				return console.Stack(console.Text(r.what), console.Text(r.Reason))
			}, Value: func(r suppressionRow) any { return r.what }},
			{Key: "unit", Head: text.M("Unit"), Sort: true, Cell: func(_ *console.Context, r suppressionRow) console.Cell { return console.Text(r.unit) }, Value: func(r suppressionRow) any { return r.unit }},
			{Key: "state", Head: text.M("State"), Cell: func(c *console.Context, r suppressionRow) console.Cell { return suppressionChip(r.Suppression, c.Now) }},
			{Key: "since", Head: text.M("Begins"), Cell: func(_ *console.Context, r suppressionRow) console.Cell { return console.When(r.Since) }, Value: func(r suppressionRow) any { return r.Since }},
			{Key: "until", Head: text.M("Ends"), Sort: true, Cell: func(_ *console.Context, r suppressionRow) console.Cell { return console.When(r.Until) }, Value: func(r suppressionRow) any { return r.Until }},
			{Key: "things", Head: text.M("Alerts held"), Num: true, Value: func(r suppressionRow) any { return r.Things }},
			{Key: "hits", Head: text.M("Hits"), Num: true, Value: func(r suppressionRow) any { return r.Hits }},
			{Key: "owner", Head: text.M("Owner"), ExportOnly: true, Value: func(r suppressionRow) any { return r.owner }},
			{Key: "approver", Head: text.M("Approved by"), ExportOnly: true, Value: func(r suppressionRow) any { return r.Approver }},
			{Key: "reason", Head: text.M("Reason"), ExportOnly: true, Value: func(r suppressionRow) any { return r.Reason }},
		},
		Filters: []console.Filter{{Name: "state", Label: text.M("State"), Options: states}, {Name: "kind", Label: text.M("Kind"), Options: kinds}},
		At:      func(r suppressionRow, sort string) keyset.Position { return detect.SuppressionAt(r.Suppression, sort) },
		Empty:   console.Empty{Title: text.M("No suppressions"), Body: text.M("Every alert in the units that you may see is raised.")}}
}

func (p *pages) suppressionTabs(at string) []console.Tab {
	ts := []console.Tab{{Label: text.M("Suppressions"), Href: "/detect/suppressions"}, {Label: text.M("Alerts held back"), Href: "/detect/held"}}
	for i := range ts {
		ts[i].Current = ts[i].Href == at
	}
	return ts
}

type suppressionsExtra struct {
	Tabs, Parts []console.Tab
}

func (p *pages) suppressions(c *console.Context) error {
	x, err := p.extra(c, "/detect/suppressions")
	if err != nil {
		return err
	}
	return suppressionList().Serve(c, "suppressions", func(q console.Query) ([]suppressionRow, int, error) {
		xs, total, err := p.s.Suppressions(c.Context(), c.Scope(detect.Read), detect.SuppressionFilter{State: q.Get("state"), Kind: q.Get("kind"), Page: q.Page})
		if err != nil {
			return nil, 0, err
		}
		var ids []string
		for _, x := range xs {
			ids = append(ids, x.Owner)
		}
		people, err := p.s.People(c.Context(), ids...)
		rows := make([]suppressionRow, 0, len(xs))
		for _, x := range xs {
			rows = append(rows, suppressionRow{x, c.UnitLabel(x.Unit), who(c, people, x.Owner), suppressed(c, x)})
		}
		return rows, total, err
	}, suppressionsExtra{x.Tabs, p.suppressionTabs("/detect/suppressions")})
}

type heldRow struct {
	detect.Held
	unit string
}

func heldList() console.List[heldRow] {
	return console.List[heldRow]{Name: "held-alerts", Caption: text.M("Alerts held back"), Sort: "-last",
		Columns: []console.Column[heldRow]{
			{Key: "title", Head: text.M("What fired"), Cell: func(c *console.Context, r heldRow) console.Cell {
				return console.Stack(console.Link("/telemetry/events/"+url.PathEscape(r.Event), r.Title.In(c.Lang)), console.Text(r.Subject()))
			}, Value: func(r heldRow) any { return text.Literal(r.Title.EN) }},
			{Key: "level", Head: text.M("Level"), Sort: true, Cell: func(_ *console.Context, r heldRow) console.Cell { return level(r.Level) }, Value: func(r heldRow) any { return r.Level.String() }},
			{Key: "unit", Head: text.M("Unit"), Sort: true, Cell: func(_ *console.Context, r heldRow) console.Cell { return console.Text(r.unit) }, Value: func(r heldRow) any { return r.unit }},
			{Key: "hits", Head: text.M("Hits"), Sort: true, Num: true, Value: func(r heldRow) any { return r.Hits }},
			{Key: "first", Head: text.M("First hit"), Sort: true, Cell: func(_ *console.Context, r heldRow) console.Cell { return console.When(r.First) }, Value: func(r heldRow) any { return r.First }},
			{Key: "last", Head: text.M("Last hit"), Sort: true, Cell: func(_ *console.Context, r heldRow) console.Cell { return console.When(r.Last) }, Value: func(r heldRow) any { return r.Last }},
			{Key: "cause", Head: text.M("Held by"), Cell: func(c *console.Context, r heldRow) console.Cell {
				cause := console.Text(r.Cause)
				if c.Actor.Can(detect.Read, r.CauseUnit) {
					cause = console.Link(suppressionHref(r.Cause), r.Cause)
				}
				if r.Alert == "" {
					return cause
				}
				return console.Stack(cause, console.Link(alertHref(r.Alert), r.Alert))
			}, Value: func(r heldRow) any { return r.Cause }},
			{Key: "host", Head: text.M("Host"), ExportOnly: true, Value: func(r heldRow) any { return r.Host }},
			{Key: "user", Head: text.M("User"), ExportOnly: true, Value: func(r heldRow) any { return r.User }},
			{Key: "rule", Head: text.M("Rule ID"), ExportOnly: true, Value: func(r heldRow) any { return r.Rule }},
		},
		Filters: []console.Filter{{Name: "level", Label: text.M("Level"), Options: levelOptions()}},
		At:      func(r heldRow, sort string) keyset.Position { return detect.HeldAt(r.Held, sort) },
		Empty:   console.Empty{Title: text.M("Nothing was held back"), Body: text.M("No suppression has kept an alert from being raised in the units that you may see."), Action: text.M("Suppressions"), Href: "/detect/suppressions"}}
}

func (p *pages) held(c *console.Context) error {
	x, err := p.extra(c, "/detect/suppressions")
	if err != nil {
		return err
	}
	return heldList().Serve(c, "suppressions", func(q console.Query) ([]heldRow, int, error) {
		hs, total, err := p.s.HeldBack(c.Context(), c.Scope(detect.Read), detect.HeldFilter{Level: q.Get("level"), Page: q.Page})
		rows := make([]heldRow, 0, len(hs))
		for _, h := range hs {
			rows = append(rows, heldRow{h, c.UnitLabel(h.Unit)})
		}
		return rows, total, err
	}, suppressionsExtra{x.Tabs, p.suppressionTabs("/detect/held")})
}

// suppressionPage is the page of a suppression.
type suppressionPage struct {
	detect.SuppressionDetail
	Facts    []console.Fact
	Table    console.Table
	Timeline []console.Event
	Waits    bool
	Approve  bool
	End      bool
}

// Href is an address of the suppression's.
func (v suppressionPage) Href(rest string) string { return suppressionHref(v.ID) + rest }

func (p *pages) suppression(c *console.Context) error {
	d, err := p.s.ShowSuppression(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Suppressions"), "/detect/suppressions")
	c.Title(text.Literal(d.ID + " " + suppressed(c, d.Suppression)))
	state := d.State(c.Now)
	me := c.Actor.Who()
	v := suppressionPage{SuppressionDetail: d, Waits: state == detect.SuppressionWaits}
	v.Approve = d.Change && v.Waits && d.By != me && d.Owner != me
	v.End = d.Change && state != detect.SuppressionOver
	rule := console.Text(c.T("Every rule"))
	if d.Rule != "" {
		rule = console.Link(ruleHref(d.Rule), d.Title.In(c.Lang))
	}
	v.Facts = []console.Fact{{Label: text.M("State"), Value: suppressionChip(d.Suppression, c.Now)}, {Label: text.M("Kind"), Value: console.Say(suppressionKind(d.Kind))},
		{Label: text.M("Rule"), Value: rule}, {Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))}}
	if d.Kind == detect.Quiet {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Stays silent for"), Value: console.Say(lasting(d.Silence))})
	} else {
		hosts := console.Say(text.M("all§hosts"))
		if d.Hosts != "" {
			hosts = console.Code(d.Hosts)
		}
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Hosts"), Value: hosts}, console.Fact{Label: text.M("Critical alerts, too"), Value: console.Yes(d.Grave)})
	}
	v.Facts = append(v.Facts, console.Fact{Label: text.M("Begins"), Value: console.When(d.Since)}, console.Fact{Label: text.M("Ends"), Value: console.When(d.Until)},
		console.Fact{Label: text.M("Owner"), Value: console.Text(who(c, d.People, d.Owner))}, console.Fact{Label: text.M("Asked for by"), Value: console.Text(who(c, d.People, d.By))},
		console.Fact{Label: text.M("Approved by"), Value: console.Text(who(c, d.People, d.Approver))},
		console.Fact{Label: text.M("Alerts held"), Value: console.Num(d.Things)}, console.Fact{Label: text.M("Hits"), Value: console.Num(d.Hits)})
	t := console.NewTable(text.M("Alerts held back"), text.M("What fired"), text.M("Level"), text.M("Unit"), text.M("Hits"), text.M("First hit"), text.M("Last hit"))
	for _, h := range d.Held {
		t.Row(console.Stack(console.Link("/telemetry/events/"+url.PathEscape(h.Event), h.Title.In(c.Lang)), console.Text(h.Subject())), level(h.Level), console.Text(c.UnitLabel(h.Unit)),
			console.Num(h.Hits), console.When(h.First), console.When(h.Last))
	}
	v.Table = *t
	for _, e := range d.History {
		v.Timeline = append(v.Timeline, console.Event{At: e.At, Who: who(c, d.People, e.Who), Title: e.Said, Body: e.Body})
	}
	return c.Render("suppression", v)
}

func lasting(d time.Duration) text.Message {
	switch {
	case d%(24*time.Hour) == 0:
		return text.M("%d days§span", int(d/(24*time.Hour)))
	case d%time.Hour == 0:
		return text.M("%d hours§span", int(d/time.Hour))
	}
	return text.M("%d minutes§span", int(d/time.Minute))
}

// suppressPage is the form for a suppression.
type suppressPage struct {
	aim
	Kind, Hosts  string
	Since, Until time.Time
	Silences     []console.Option
	Quiet        bool
	Max          string
}

func (p *pages) suppressPage(c *console.Context) (v suppressPage, err error) {
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Suppressions"), "/detect/suppressions")
	v = suppressPage{Kind: c.Query("kind"), Since: c.Now.Add(time.Hour).Truncate(time.Hour), Until: c.Now.Add(5 * time.Hour).Truncate(time.Hour)}
	if k := c.Value("kind"); k != "" {
		v.Kind = k
	}
	if v.Kind != detect.Window {
		v.Kind, v.Quiet, v.Until = detect.Quiet, true, c.Now.AddDate(0, 0, 90)
		c.Title(text.M("Silence after an alert"))
	} else {
		c.Title(text.M("Maintenance window"))
	}
	if v.aim, _, err = p.aimed(c, !v.Quiet); err != nil {
		return v, err
	}
	v.Max = c.Now.AddDate(0, 0, detect.MostDays).In(c.Zone).Format(time.DateOnly)
	if v.Unit == "" && c.Unit != "" {
		v.Unit = c.Unit
	}
	for _, d := range []time.Duration{time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
		v.Silences = append(v.Silences, console.Option{Value: strconv.Itoa(int(d / time.Minute)), Label: lasting(d)})
	}
	return v, nil
}

func (p *pages) suppressForm(c *console.Context) error {
	v, err := p.suppressPage(c)
	if err != nil {
		return err
	}
	return c.Render("suppress", v)
}

func (p *pages) suppress(c *console.Context) error {
	v, err := p.suppressPage(c)
	if err != nil {
		return err
	}
	x := detect.Suppression{Kind: v.Kind, Rule: c.Value("rule"), Unit: c.Value("unit"), Hosts: c.Value("hosts"), Grave: c.Bool("grave"), Owner: c.Actor.Person, Reason: c.Value("reason")}
	minutes, err := c.Int("silence")
	if err != nil {
		return c.Invalid("suppress", v, err)
	}
	x.Silence = time.Duration(min(max(minutes, 0), 1<<20)) * time.Minute
	if x.Since, err = c.Time("since"); err != nil {
		return c.Invalid("suppress", v, err)
	}
	if x.Until, err = c.Time("until"); err != nil {
		return c.Invalid("suppress", v, err)
	}
	made, err := p.s.Suppress(c.Context(), c.Actor, x)
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("suppress", v, err)
	}
	if err != nil {
		return err
	}
	return settled(c, made.ID, made.Two, suppressionHref(made.ID))
}
