package web

import (
	"math"
	"strconv"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// statisticsPage is what is to be known of one field of the events found.
type statisticsPage struct {
	Ask     ask
	Name    string
	Back    string
	Figures []console.Figure
	Numbers []console.Fact
	Notes   []string
	Chart   chart.Chart
	Values  *console.Table
	Query   string // address of the same as a query
}

const topValues = 50

// statistics is the address of a field's page.
func (a ask) statistics(name string) string {
	filter, _ := logsql.Split(a.Text)
	a.Text, a.path, a.All = filter, "/telemetry/field", false
	v := a.values()
	v.Set("name", name)
	return a.path + "?" + v.Encode()
}

func (p *pages) statistics(c *console.Context) error {
	a, err := readAsk(c)
	if err != nil {
		return err
	}
	name := c.Query("name")
	if name == "" { // all of them are on the explorer's page
		a.All = true
		return c.Redirect(a.href())
	}
	if len(name) > 300 {
		return fault.Invalid(fault.F("name", "There is no such field"))
	}
	c.Title(text.M("Field %s", name))
	c.Crumb(text.M("Events"), a.href())
	q := a.query()
	q.After = nil
	all, err := p.s.Search(c.Context(), c.Actor, c.Unit, q, telemetry.SurveyOptions{})
	if err != nil {
		return err
	}
	having := q
	having.Text = logsql.And(q.Text, logsql.Has(name))
	with, err := p.s.Search(c.Context(), c.Actor, c.Unit, having, telemetry.SurveyOptions{Buckets: 60})
	if err != nil {
		return err
	}
	f := logsql.Quote(name)
	rows := func(pipes string, most int) (telemetry.Table, error) {
		r := having
		r.Text += " | " + pipes
		return p.s.Rows(c.Context(), c.Actor, c.Unit, r, most)
	}
	sums, err := rows("stats count_uniq("+f+") distinct, min("+f+") least, max("+f+") most, avg("+f+") mean, median("+f+") middle, quantile(0.95, "+f+") p95, sum("+f+") total", 1)
	if err != nil {
		return err
	}
	top, err := rows("top "+strconv.Itoa(topValues)+" by ("+f+") hits as n", topValues)
	if err != nil {
		return err
	}
	d := statisticsPage{Ask: a, Name: name, Back: a.href(), Notes: notes(c, with.Coverage)}
	got := func(column string) string { return cellOf(sums, 0, column) }
	distinct, _ := strconv.ParseInt(got("distinct"), 10, 64)
	d.Figures = []console.Figure{
		{Label: text.M("Events with this field"), Value: c.Num(with.Total), Href: a.with(logsql.Has(name)), Note: text.M("of %s", c.Num(all.Total))},
		{Label: text.M("Share of the events"), Value: share(c, with.Total, all.Total), Unit: text.Literal("%")},
		{Label: text.M("Different values"), Value: c.Num(distinct)},
	}
	if mean, err := strconv.ParseFloat(got("mean"), 64); err == nil && !math.IsNaN(mean) {
		for _, x := range []struct {
			label  text.Message
			column string
		}{{text.M("Smallest§number"), "least"}, {text.M("Mean§number"), "mean"}, {text.M("Median§number"), "middle"}, {text.M("95th percentile"), "p95"}, {text.M("Largest§number"), "most"}, {text.M("Sum§number"), "total"}} {
			d.Numbers = append(d.Numbers, console.Fact{Label: x.label, Value: console.Code(trimNumber(got(x.column)))})
		}
	}
	h := histogram(c, a, with).(chart.Histogram)
	h.Title, h.Desc = text.M("Events with this field over time"), text.M("Number of events that have the field; each bar leads to its part of the range")
	d.Chart = h
	d.Values = p.valueTable(c, a, name, top, with.Total)
	d.Query = ask{Last: a.Last, From: a.From, To: a.To, Source: a.Source, Text: having.Text + " | top " + strconv.Itoa(topValues) + " by (" + f + ")", path: "/telemetry"}.href()
	return c.Render("statistics", d)
}

func (p *pages) valueTable(c *console.Context, a ask, name string, top telemetry.Table, total int64) *console.Table {
	t := console.NewTable(text.M("Most frequent values of %s", name), text.M("Value"), text.M("Count§hits"), text.M("Share§hits"), text.M("Over time§value"), text.M("Exclude§value"))
	t.Empty = console.Empty{Title: text.M("No event has this field"), Body: text.M("Nothing in this range has a value here.")}
	for i := range top.Rows {
		v := cellOf(top, i, name)
		n, _ := strconv.ParseInt(cellOf(top, i, "n"), 10, 64)
		only := a
		only.Text = logsql.And(a.query().Text, logsql.Is(name, v))
		t.Row(console.Link(only.href(), shorten(v)), console.Num(float64(n)), console.Meter(float64(n), float64(total), console.Info),
			console.Link(only.asking(only.Text+" | stats by (_time:"+step(a.To.Sub(a.From))+") count() n | sort by (_time)"), c.T("per %s", step(a.To.Sub(a.From)))),
			console.Link(a.with(logsql.IsNot(name, v)), c.T("Without it")))
	}
	return t
}

// step is a round part of a range, as LogsQL writes it.
func step(d time.Duration) string {
	switch {
	case d <= 2*time.Hour:
		return "1m"
	case d <= 12*time.Hour:
		return "10m"
	case d <= 4*24*time.Hour:
		return "1h"
	}
	return "1d"
}

// cellOf is a row's value in a column; empty where there is none.
func cellOf(t telemetry.Table, row int, column string) string {
	for i, name := range t.Columns {
		if name == column && row < len(t.Rows) {
			return t.Rows[row][i]
		}
	}
	return ""
}

func share(c *console.Context, part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return c.Percent(float64(part), float64(whole))
}

// trimNumber writes a number with at most three decimals.
func trimNumber(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !strings.Contains(s, ".") {
		return s
	}
	return strconv.FormatFloat(math.Round(f*1000)/1000, 'f', -1, 64)
}
