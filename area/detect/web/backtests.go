package web

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"yagura/area/detect"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func backtestHref(id string) string { return "/detect/backtests/" + url.PathEscape(id) }

func round(f float64) float64 { return math.Round(f*10) / 10 }

func testTone(b detect.Backtest) console.Tone {
	switch {
	case b.State == detect.TestFailed:
		return console.Bad
	case b.State == detect.TestDone && !b.Result.Within:
		return console.Warn
	case b.State == detect.TestDone:
		return console.Good
	case b.State == detect.TestCancelled:
		return console.Plain
	}
	return console.Info
}

var backtestList = console.List[detect.Backtest]{
	Name: "backtests", Caption: text.M("Backtests"), Sort: "-asked", Limit: 50,
	Columns: []console.Column[detect.Backtest]{
		{Key: "number", Head: text.M("Number"), Cell: func(_ *console.Context, b detect.Backtest) console.Cell {
			return console.Strong(backtestHref(b.ID), b.ID)
		}, Value: func(b detect.Backtest) any { return b.ID }},
		{Key: "title", Head: text.M("Rule"), Value: func(b detect.Backtest) any { return b.Title }},
		{Key: "state", Head: text.M("State"), Cell: func(_ *console.Context, b detect.Backtest) console.Cell {
			return console.Chip(testTone(b), b.State.Label())
		}, Value: func(b detect.Backtest) any { return string(b.State) }},
		{Key: "unit", Head: text.M("Unit"), Cell: func(c *console.Context, b detect.Backtest) console.Cell {
			return console.Text(unitWords(c, b.Unit))
		}, Value: func(b detect.Backtest) any { return b.Unit }},
		{Key: "range", Head: text.M("Range§time"), Cell: func(c *console.Context, b detect.Backtest) console.Cell { return console.Text(days(c, b.From, b.To)) }},
		{Key: "from", Head: text.M("From"), ExportOnly: true, Value: func(b detect.Backtest) any { return b.From }},
		{Key: "to", Head: text.M("To§time"), ExportOnly: true, Value: func(b detect.Backtest) any { return b.To }},
		{Key: "events", Head: text.M("Events"), Num: true, Value: func(b detect.Backtest) any { return b.Looked }},
		{Key: "hits", Head: text.M("Hits"), Num: true, Value: func(b detect.Backtest) any { return b.Hits }},
		{Key: "perday", Head: text.M("Hits a day"), Num: true, Value: func(b detect.Backtest) any { return round(b.Result.PerDay) }},
		{Key: "asked", Head: text.M("Asked for"), Sort: true, Cell: func(_ *console.Context, b detect.Backtest) console.Cell { return console.Ago(b.Asked) }, Value: func(b detect.Backtest) any { return b.Asked }},
	},
	Filters: []console.Filter{
		{Name: "state", Label: text.M("State"), Options: []console.Option{{Value: "waiting", Label: detect.TestWaiting.Label()}, {Value: "running", Label: detect.TestRunning.Label()},
			{Value: "done", Label: detect.TestDone.Label()}, {Value: "failed", Label: detect.TestFailed.Label()}, {Value: "cancelled", Label: detect.TestCancelled.Label()}}},
	},
	At:    detect.BacktestAt,
	Empty: console.Empty{Title: text.M("No backtests"), Body: text.M("Open a rule and run it over the events of the last days.")},
}

func unitWords(c *console.Context, unit string) string {
	if unit == "" {
		return c.T("The whole group")
	}
	return c.UnitLabel(unit)
}

func (p *pages) backtests(c *console.Context) error {
	crumbs(c)
	return backtestList.Serve(c, "backtests", func(q console.Query) ([]detect.Backtest, int, error) {
		return p.s.Backtests(c.Context(), c.Actor, c.Scope(detect.Read), detect.BacktestFilter{State: q.Get("state"), Page: q.Page})
	}, ruleTabs("/detect/backtests"))
}

func (p *pages) askBacktest(c *console.Context) error {
	q := detect.BacktestRequest{Rule: c.Value("rule"), Text: c.R.PostForm.Get("text"), Filter: c.R.PostForm.Get("filter"), Unit: c.Value("unit")}
	var err error
	if q.From, err = c.Time("from"); err == nil {
		q.To, err = c.Time("to")
	}
	if err == nil && q.From.IsZero() && q.To.IsZero() { // from the form of exclusions: the last 30 days
		q.From, q.To = c.Now.AddDate(0, 0, -30), c.Now
	}
	var b detect.Backtest
	if err == nil {
		b, err = p.s.AskBacktest(c.Context(), c.Actor, q)
	}
	if err != nil {
		if q.Rule != "" && fault.Is(err, fault.KindInvalid) && q.Filter == "" {
			c.R.SetPathValue("id", q.Rule)
			return p.ruleAgain(c, err)
		}
		return err
	}
	return c.Redirect(backtestHref(b.ID))
}

func (p *pages) cancelBacktest(c *console.Context) error {
	if err := p.s.CancelBacktest(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The backtest is cancelled."))
	return c.Redirect(backtestHref(c.Path("id")))
}

// backtestPage is the page of a backtest.
type backtestPage struct {
	detect.BacktestDetail
	Facts   []console.Fact
	Chip    console.Cell
	Percent int
	Going   bool
	Chart   chart.Chart
	Hosts   console.Table
	Users   console.Table
	Units   console.Table
	Inc     console.Table
	Samples console.Table
	Figures []console.Figure
	RuleRef string
	TooFew  bool // days with events
}

// Href is an address of the backtest's.
func (v backtestPage) Href(rest string) string { return backtestHref(v.ID) + rest }

func (p *pages) backtest(c *console.Context) error {
	d, err := p.s.ShowBacktest(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	crumbs(c)
	c.Crumb(text.M("Backtests"), "/detect/backtests")
	c.Title(text.Literal(d.ID + " " + d.Title))
	v := backtestPage{BacktestDetail: d, Chip: console.Chip(testTone(d.Backtest), d.State.Label()), Percent: int(d.Done() * 100), Going: !d.State.Over(), RuleRef: ruleHref(d.Rule)}
	r := d.Result
	rule := console.Text(d.Title)
	if d.Known {
		rule = console.Link(ruleHref(d.Rule), d.Title)
	}
	v.Facts = []console.Fact{{Label: text.M("State"), Value: v.Chip}, {Label: text.M("Rule"), Value: rule}, {Label: text.M("Rule version"), Value: console.Code(d.Version)},
		{Label: text.M("Unit"), Value: console.Text(unitWords(c, d.Unit))}, {Label: text.M("From"), Value: console.When(d.From)}, {Label: text.M("To§time"), Value: console.When(d.To)},
		{Label: text.M("Asked for by"), Value: console.Text(who(c, d.People, d.By))}, {Label: text.M("Asked for"), Value: console.When(d.Asked)},
		{Label: text.M("Began"), Value: console.When(d.Started)}, {Label: text.M("Ended"), Value: console.When(d.Ended)}}
	if d.State == detect.TestDone {
		tone := console.Good
		if !r.Within {
			tone = console.Bad
		}
		v.TooFew = r.WithData < detect.TrialDays
		v.Figures = []console.Figure{
			{Label: text.M("Hits"), Value: c.Num(r.Hits), Note: text.M("among %s events", c.Num(r.Events))},
			{Label: text.M("Hits a day"), Value: strconv.FormatFloat(round(r.PerDay), 'f', -1, 64), Note: text.M("%d allowed", d.Budget), Tone: tone},
			{Label: text.M("Busiest day"), Value: c.Num(r.Most), Note: text.M("%d days with events", r.WithData)},
			{Label: text.M("In confirmed incidents"), Value: c.Num(r.Confirmed), Note: text.M("%d incidents", len(r.Incidents))},
		}
		s := chart.Stacked{Title: text.M("Hits per day"), Head: text.M("Day"), Height: 180}
		hits, hidden := chart.Series{Label: text.M("Hits"), Class: "info"}, chart.Series{Label: text.M("Hidden by the filter"), Class: "k5"}
		for _, day := range r.Days {
			s.Labels = append(s.Labels, strings.ReplaceAll(day.Day[5:], "-", "/"))
			hits.Values = append(hits.Values, float64(day.Hits-day.Hidden))
			hidden.Values = append(hidden.Values, float64(day.Hidden))
		}
		s.Series = []chart.Series{hits}
		if r.Filter {
			s.Series = []chart.Series{hidden, hits}
		}
		v.Chart = s
		count := func(caption, head text.Message, list []detect.Count, cell func(string) console.Cell) console.Table {
			t := console.NewTable(caption, head, text.M("Hits"))
			for _, x := range list {
				t.Row(cell(x.Name), console.Num(x.Hits))
			}
			return *t
		}
		v.Hosts = count(text.M("Hits by host"), text.M("Host"), r.Hosts, console.Text)
		v.Users = count(text.M("Hits by user"), text.M("User"), r.Users, console.Text)
		v.Units = count(text.M("Hits by unit"), text.M("Unit"), r.Units, func(u string) console.Cell { return console.Text(c.UnitLabel(u)) })
		v.Inc = count(text.M("Confirmed incidents that hits belong to"), text.M("Incident"), r.Incidents, func(n string) console.Cell { return console.Strong("/incidents/"+url.PathEscape(n), n) })
		t := console.NewTable(text.M("The newest hits"), text.M("Time"), text.M("About"), text.M("What matched"), text.M("Event"))
		for _, x := range r.Samples {
			mark := console.Link("/telemetry/events/"+url.PathEscape(x.Event), c.T("Open§verb"))
			what := []console.Cell{console.Code(x.Summary)}
			if x.Incident != "" {
				what = append(what, console.Link("/incidents/"+url.PathEscape(x.Incident), x.Incident))
			}
			if x.Hidden {
				what = append(what, console.Chip(console.Plain, text.M("Hidden by the filter")))
			}
			t.Row(console.When(x.Time), console.Stack(console.Text(x.Host), console.Text(x.User)), console.Stack(what...), mark)
		}
		v.Samples = *t
	}
	return c.Render("backtest", v)
}
