package web

import (
	"math"
	"strconv"

	"yagura/area/cmmc"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// programmePage is money against points.
type programmePage struct {
	Tabs    []console.Tab
	Figures []console.Figure
	Money   chart.Chart
	Points  chart.Chart
	Years   *console.Table
	Budgets *console.Table
	May     bool
	Units   []console.Option
	Year    string
	Unit    string
}

func (p *pages) programmeOf(c *console.Context) (v programmePage, err error) {
	g, err := p.s.Programme(c.Context(), c.Actor, c.Scope(cmmc.Survey))
	if err != nil {
		return v, err
	}
	v = programmePage{Tabs: tabs("/cmmc/programme"), May: c.Actor.CanAnywhere(cmmc.Fund), Units: c.UnitOptions(cmmc.Fund), Year: strconv.Itoa(cmmc.FiscalYear(c.Now.In(c.Zone))), Unit: c.Unit}
	gained := g.Gained()
	v.Figures = []console.Figure{
		price(c.Lang, g.Budget, console.Figure{Label: text.M("Budget§money"), Note: text.M("of all fiscal years"), Href: "#budgets"}),
		price(c.Lang, g.Approved, console.Figure{Label: text.M("Approved§money"), Note: text.M("%s more are proposed", yen(c.Lang, g.Proposed)), Href: "/cmmc/measures?state=approved",
			Definition: text.M("Cost of the measures that are approved, run or are done.")}),
		price(c.Lang, g.Committed, console.Figure{Label: text.M("Committed"), Note: text.M("%s of it spent", yen(c.Lang, g.Spent)), Href: "/cmmc/measures?sort=-committed",
			Tone: toneOf(g.Budget > 0 && g.Committed > g.Budget, console.Bad, console.Plain)}),
		{Label: text.M("Points gained"), Value: signed(gained), Tone: toneOf(gained < 0, console.Bad, toneOf(gained > 0, console.Good, console.Plain)), Note: text.M("over %d enclaves and %d months", g.Enclaves, len(g.Months)), Href: "/cmmc",
			Definition: text.M("Low ends of the scores of all enclaves, now against the first month shown. An enclave counts from its first score on, so that taking one in is no gain.")},
	}
	if gained > 0 && g.Spent > 0 {
		v.Figures[3].Note = text.M("%s spent for each", yen(c.Lang, g.Spent/int64(gained)))
	}
	money := chart.Line{Title: text.M("Committed and spent"), Desc: text.M("Committed and spent until the end of each month, in millions of yen"), Head: text.M("Month"), Height: 240,
		Series: []chart.Series{{Label: text.M("Committed"), Class: "k2"}, {Label: text.M("Spent"), Class: "k1"}}, Goal: math.Round(float64(g.Budget) / 1e6), Max: math.Round(float64(max(g.Budget, g.Committed)) / 1e6 * 1.15), Width: 540}
	points := chart.Line{Title: text.M("Points of all enclaves"), Desc: text.M("Low ends of all scores at the end of each month"), Head: text.M("Month"), Height: 240, Width: 540, Series: []chart.Series{{Label: text.M("Points"), Class: "good"}}}
	floor := 0.0
	for _, m := range g.Months {
		if !math.IsNaN(m.Points) {
			floor = math.Min(floor, m.Points)
		}
	}
	for _, m := range g.Months {
		label := m.Month.Format("2006-01")
		money.Labels, points.Labels = append(money.Labels, label), append(points.Labels, label)
		money.Series[0].Values = append(money.Series[0].Values, math.Round(float64(m.Committed)/1e5)/10)
		money.Series[1].Values = append(money.Series[1].Values, math.Round(float64(m.Spent)/1e5)/10)
		points.Series[0].Values = append(points.Series[0].Values, m.Points)
	}
	v.Money = money
	if v.Points = points; floor < 0 { // a scale that goes below zero
		top := 0.0
		for _, n := range points.Series[0].Values {
			if !math.IsNaN(n) {
				top = math.Max(top, n)
			}
		}
		v.Points = chart.Band{Title: points.Title, Desc: points.Desc, Head: points.Head, Labels: points.Labels, Low: points.Series[0].Values, High: points.Series[0].Values, Min: floor, Max: math.Max(top, 1), Class: "good", Height: 240, Width: 540}
	}
	t := console.NewTable(text.M("By fiscal year"), text.M("Fiscal year"), text.M("Budget§money"), text.M("Measures planned"), text.M("Cost"), text.M("Committed"), text.M("Spent"), text.M("Left of the budget"))
	for _, y := range g.Years {
		left := console.Text("")
		if y.Budget > 0 {
			left = console.Meter(float64(max(y.Budget-y.Committed, 0)), float64(y.Budget), console.ToneOf(float64(y.Budget-y.Committed), float64(y.Budget), 0.2, 0))
			if y.Committed > y.Budget {
				left = console.Chip(console.Bad, text.M("%s over", yen(c.Lang, y.Committed-y.Budget)))
			}
		}
		n := console.Text(minus(y.Measures))
		if y.Measures > 0 {
			n = console.Link("/cmmc/measures?year="+strconv.Itoa(y.Year), minus(y.Measures))
		}
		t.Row(console.Say(fiscal(y.Year)), yenCell(c, y.Budget), n, yenCell(c, y.Planned), yenCell(c, y.Committed), yenCell(c, y.Spent), left)
	}
	v.Years = t
	b := console.NewTable(text.M("Budgets"), text.M("Fiscal year"), text.M("Unit"), text.M("Budget§money"), text.M("Set§budget"))
	for _, x := range g.Budgets {
		b.Row(console.Say(fiscal(x.Year)), console.Text(c.UnitLabel(x.Unit)), console.Text(exactYen(c, x.Yen)), console.When(x.At))
	}
	v.Budgets = b
	return v, nil
}

func signed(n int) string {
	if n > 0 {
		return "+" + minus(n)
	}
	return minus(n)
}

func (p *pages) programme(c *console.Context) error {
	crumbs(c)
	v, err := p.programmeOf(c)
	if err != nil {
		return err
	}
	return c.Render("programme", v)
}

func (p *pages) setBudget(c *console.Context) error {
	err := func() error {
		year, err := c.Int("year")
		if err != nil {
			return err
		}
		amount, err := c.Int("amount")
		if err != nil {
			return err
		}
		return p.s.SetBudget(c.Context(), c.Actor, cmmc.Budget{Unit: c.Value("unit"), Year: int(year), Yen: amount})
	}()
	if fault.Is(err, fault.KindInvalid) {
		v, failed := p.programmeOf(c)
		if failed != nil {
			return failed
		}
		return c.Invalid("programme", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("The budget of the year is set."))
	return c.Redirect("/cmmc/programme")
}
