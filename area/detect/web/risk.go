package web

import (
	"net/url"
	"strconv"

	"yagura/area/detect"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

func riskKind(kind string) text.Message {
	switch kind {
	case detect.HostRisk:
		return text.M("Hosts")
	case detect.PersonRisk:
		return text.M("Persons")
	case detect.UnitRisk:
		return text.M("Units")
	}
	return text.Literal(kind)
}

func riskHref(r detect.Risk) string {
	return "/detect/risk/of?" + url.Values{"kind": {r.Kind}, "of": {r.Unit}, "name": {r.Thing}}.Encode()
}

// riskTone judges a score against that from which an alert is raised.
func (p *pages) riskTone(score float64) console.Tone {
	switch t := p.s.Threshold(); {
	case score >= t:
		return console.Bad
	case score >= t/2:
		return console.Warn
	}
	return console.Plain
}

type riskRow struct {
	detect.Risk
	name, unit string
	tone       console.Tone
}

func change(v float64) text.Message {
	n := strconv.FormatFloat(max(v, -v), 'f', 0, 64)
	switch {
	case n == "0":
		return text.M("unchanged§risk")
	case v > 0:
		return text.M("+%s in 7 days", n)
	}
	return text.M("−%s in 7 days", n)
}

func (p *pages) riskList(kind string) console.List[riskRow] {
	l := console.List[riskRow]{Name: "risk-" + kind, Caption: riskKind(kind), Sort: "-risk",
		Columns: []console.Column[riskRow]{
			{Key: "name", Head: text.M("Name"), Cell: func(_ *console.Context, r riskRow) console.Cell { return console.Strong(riskHref(r.Risk), r.name) }, Value: func(r riskRow) any { return r.name }},
			{Key: "unit", Head: text.M("Unit"), Cell: func(_ *console.Context, r riskRow) console.Cell { return console.Text(r.unit) }, Value: func(r riskRow) any { return r.unit }},
			{Key: "risk", Head: text.M("Risk"), Sort: true, Num: true, Cell: func(_ *console.Context, r riskRow) console.Cell {
				return console.Trend(score(r.Score), r.Series, r.tone)
			}, Value: func(r riskRow) any { return r.Score }},
			{Key: "change", Head: text.M("Change"), Cell: func(_ *console.Context, r riskRow) console.Cell {
				if r.Change >= p.s.Threshold()/2 {
					return console.Chip(console.Bad, change(r.Change))
				}
				return console.Say(change(r.Change))
			}, Value: func(r riskRow) any { return r.Change }},
			{Key: "unit_id", Head: text.M("Unit ID"), ExportOnly: true, Value: func(r riskRow) any { return r.Unit }},
		},
		Filters: []console.Filter{{Name: "q", Label: text.M("Search")}},
		At:      func(r riskRow, sort string) keyset.Position { return detect.RiskAt(r.Risk, sort) },
		Empty:   console.Empty{Title: text.M("No risk"), Body: text.M("No alert of the last weeks gives points to anything in the units that you may see.")}}
	if kind == detect.UnitRisk {
		l.Columns = append(l.Columns[:1], l.Columns[2:]...)
		l.Filters = nil
	}
	return l
}

// riskExtra is what the page shows beside its table.
type riskExtra struct {
	queueExtra
	Kinds     []console.Tab
	Threshold string
	HalfLife  int
}

func (p *pages) risk(c *console.Context) error {
	x, err := p.extra(c, "/detect/risk")
	if err != nil {
		return err
	}
	kind := detect.HostRisk
	e := riskExtra{queueExtra: x, Threshold: score(p.s.Threshold()), HalfLife: p.s.HalfLifeDays()}
	for _, k := range detect.RiskKinds {
		if c.Query("kind") == k {
			kind = k
		}
	}
	for _, k := range detect.RiskKinds {
		href := "/detect/risk"
		if k != detect.HostRisk {
			href += "?kind=" + k
		}
		e.Kinds = append(e.Kinds, console.Tab{Label: riskKind(k), Href: href, Current: k == kind})
	}
	return p.riskList(kind).Serve(c, "risk", func(q console.Query) ([]riskRow, int, error) {
		xs, total, err := p.s.Risks(c.Context(), c.Scope(detect.Read), detect.RiskFilter{Kind: kind, Text: q.Get("q"), Page: q.Page})
		rows := make([]riskRow, 0, len(xs))
		for _, r := range xs {
			rows = append(rows, riskRow{r, riskName(c, r), c.UnitLabel(r.Unit), p.riskTone(r.Score)})
		}
		return rows, total, err
	}, e)
}

func riskName(c *console.Context, r detect.Risk) string {
	if r.Kind == detect.UnitRisk {
		return c.UnitLabel(r.Unit)
	}
	return r.Name
}

// riskPage is the page of one thing at risk.
type riskPage struct {
	detect.RiskDetail
	Chart  chart.Chart
	Alerts console.Table
	Facts  []console.Fact
}

func (p *pages) riskOf(c *console.Context) error {
	d, err := p.s.ShowRisk(c.Context(), c.Actor, c.Query("kind"), c.Query("of"), c.Query("name"))
	if err != nil {
		return err
	}
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Risk"), "/detect/risk?kind="+d.Kind)
	name := riskName(c, d.Risk)
	c.Title(text.M("Risk of %s", name))
	v := riskPage{RiskDetail: d}
	line := chart.Line{Title: text.M("Risk at the end of each day"), Desc: text.M("The last %d days; points of an alert halve every %d days", len(d.Days), p.s.HalfLifeDays()), Head: text.M("Day")}
	values := make([]float64, len(d.Series))
	for i, day := range d.Days {
		line.Labels = append(line.Labels, day.Format("01/02"))
		values[i] = float64(int(d.Series[i]*10+0.5)) / 10
	}
	class := "info"
	if tone := p.riskTone(d.Score); tone != console.Plain {
		class = string(tone)
	}
	line.Series = []chart.Series{{Label: text.M("Risk"), Class: class, Values: values}}
	v.Chart = line
	t := console.NewTable(text.M("Where it comes from"), text.M("Number"), text.M("First hit"), text.M("Level"), text.M("What fired"), text.M("Points"))
	for _, g := range d.Alerts {
		left := console.Say(text.M("%s left§points", strconv.FormatFloat(g.Left, 'f', 0, 64)))
		if g.Void {
			left = console.Say(text.M("taken back"))
		}
		t.Row(console.Stack(console.Strong(alertHref(g.ID), g.ID), console.Chip(stateTone(g.State), g.State.Label())), console.When(g.First), level(g.Level),
			console.Stack(console.Text(g.Title.In(c.Lang)), console.Text(g.Subject())), console.Stack(console.Num(float64(int(g.Points*10+0.5))/10), left))
	}
	v.Alerts = *t
	v.Facts = []console.Fact{{Label: text.M("Risk now"), Value: console.Text(score(d.Score))}, {Label: text.M("Change"), Value: console.Say(change(d.Change))},
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))}, {Label: text.M("Raises an alert from"), Value: console.Text(score(p.s.Threshold()))}}
	var cells []console.Cell
	for _, w := range tactics(c, d.Tactics) {
		cells = append(cells, console.Text(w))
	}
	if len(cells) > 0 {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Tactics"), Value: console.Stack(cells...)})
	}
	return c.Render("risk_of", v)
}

// weightsPage is how much what happens where weighs.
type weightsPage struct {
	Tabs    []console.Tab
	Weights []weightRow
	Units   []console.Option
	Least   int
	Most    int
}

type weightRow struct {
	detect.Weight
	UnitName, Who string
	Change        bool
}

func (p *pages) weightsPage(c *console.Context) (v weightsPage, err error) {
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Risk"), "/detect/risk")
	ws, err := p.s.Weights(c.Context(), c.Scope(detect.Read))
	if err != nil {
		return v, err
	}
	var ids []string
	for _, w := range ws {
		ids = append(ids, w.By)
	}
	people, err := p.s.People(c.Context(), ids...)
	v = weightsPage{Units: c.UnitOptions(detect.Exclude), Least: detect.LeastWeight, Most: detect.MostWeight}
	for _, w := range ws {
		v.Weights = append(v.Weights, weightRow{w, c.UnitLabel(w.Unit), who(c, people, w.By), c.Actor.Can(detect.Exclude, w.Unit)})
	}
	return v, err
}

func (p *pages) weights(c *console.Context) error {
	v, err := p.weightsPage(c)
	if err != nil {
		return err
	}
	return c.Render("weights", v)
}

func (p *pages) setWeight(c *console.Context) error {
	if id := c.Value("drop"); id != "" {
		if err := p.s.DropWeight(c.Context(), c.Actor, id); err != nil {
			return err
		}
		c.Flash(text.M("The weight is gone; alerts count as elsewhere from now on."))
		return c.Redirect("/detect/risk/weights")
	}
	n, err := c.Int("weight")
	if err == nil {
		err = p.s.SetWeight(c.Context(), c.Actor, detect.Weight{Unit: c.Value("unit"), Hosts: c.Value("hosts"), Weight: n, Reason: c.Value("reason")})
	}
	if fault.Is(err, fault.KindInvalid) {
		v, bad := p.weightsPage(c)
		if bad != nil {
			return bad
		}
		return c.Invalid("weights", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("Alerts weigh so from now on; what was counted stays."))
	return c.Redirect("/detect/risk/weights")
}
