package web

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"yagura/area/identity"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// course is the way that one unit's numbers took.
type course struct {
	weeks []identity.Tally // of the points that are known, oldest first; the last is now
	month *identity.Tally  // 30 days ago; nil: not known
}

// sumOf is a unit with all below it.
func sumOf(units *authz.Units, unit string, direct map[string]identity.Tally) identity.Tally {
	t := direct[unit]
	for _, child := range units.Children(unit) {
		t = t.Plus(sumOf(units, child, direct))
	}
	return t
}

// courseOf picks a unit's way from the trend: with all below it, or its own people.
func courseOf(units *authz.Units, unit string, own bool, t identity.Trend) (c course) {
	of := func(p identity.Point) identity.Tally {
		if own {
			return p.Units[unit]
		}
		return sumOf(units, unit, p.Units)
	}
	for _, p := range t.Weeks {
		if n := of(p); n.People > 0 {
			c.weeks = append(c.weeks, n)
		}
	}
	if n := of(t.Month); n.People > 0 {
		c.month = &n
	}
	return c
}

// courseHere is the way of all that the reader looks at.
func (w web) courseHere(c *console.Context) (course, error) {
	t, err := w.s.Trend(c.Context(), c.Scope(identity.ReadFactors))
	unit := c.Unit
	if unit == "" {
		unit = c.Actor.Units().Root()
	}
	return courseOf(c.Actor.Units(), unit, false, t), err
}

// strong is who has a passkey, in a hundred.
func strong(t identity.Tally) float64 { return hundredth(t.Passkeys(), t.People) }

func hundredth(part, whole int64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole) * 100
}

// strongly are the points of the line.
func (c course) strongly() (values []float64) {
	for _, t := range c.weeks {
		values = append(values, strong(t))
	}
	return values
}

// change is by how many points the share of passkeys moved in 30 days.
func (c course) change() (points float64, known bool) {
	if c.month == nil || len(c.weeks) == 0 {
		return 0, false
	}
	return strong(c.weeks[len(c.weeks)-1]) - strong(*c.month), true
}

// before is how it was 30 days ago; nobody where that is not known.
func (c course) before() identity.Tally {
	if c.month == nil {
		return identity.Tally{}
	}
	return *c.month
}

// signed is a change as shown.
func signed(points float64) string {
	switch p := math.Round(points*10) / 10; {
	case p > 0:
		return "+" + strconv.FormatFloat(p, 'f', 1, 64)
	case p < 0:
		return "−" + strconv.FormatFloat(-p, 'f', 1, 64)
	}
	return "±0"
}

// direction says whether a line goes up or down.
func direction(values []float64) console.Tone {
	if len(values) > 1 {
		switch d := values[len(values)-1] - values[0]; {
		case d >= 0.05:
			return console.Good
		case d <= -0.05:
			return console.Bad
		}
	}
	return console.Plain
}

// cell is the way of a row of the table.
func (r covered) cell(c *console.Context) console.Cell {
	q := url.Values{"unit": {r.Unit}}
	if r.Own {
		q.Set("own", "yes")
	}
	note, values := "–", r.strongly()
	if points, known := r.change(); known {
		note = signed(points)
	}
	var words text.Message
	if len(values) > 1 {
		words = text.M("Passkeys over the last %d weeks: from %s%% to %s%%", len(values)-1, oneDigit(values[0]), oneDigit(values[len(values)-1]))
	}
	return console.TrendTo("/identity/coverage/trend?"+q.Encode(), note, values, direction(values), words)
}

func oneDigit(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// week is a row of the way that one unit took.
type week struct {
	At  time.Time
	Now bool
	identity.Tally
}

func weekShare(key string, head text.Message, part func(identity.Tally) int64) console.Column[week] {
	return console.Column[week]{Key: key, Head: head, Num: true, Value: func(r week) any { return part(r.Tally) },
		Cell: func(c *console.Context, r week) console.Cell {
			return console.Text(c.Percent(float64(part(r.Tally)), float64(r.People)) + "%")
		}}
}

var weeks = console.List[week]{
	Name: "coverage-trend", Caption: text.M("How people could sign in, by week"), Limit: 100, Sort: "-at",
	Columns: []console.Column[week]{
		{Key: "at", Head: text.M("Time"), Value: func(r week) any { return r.At }, Cell: func(_ *console.Context, r week) console.Cell {
			if r.Now {
				return console.Say(text.M("Now§coverage"))
			}
			return console.Day(r.At)
		}},
		{Key: "people", Head: text.M("People"), Num: true, Value: func(r week) any { return r.People }},
		weekShare("phrh", text.M("Hardware key"), func(t identity.Tally) int64 { return t.Hardware }),
		weekShare("phr", text.M("Passkey"), func(t identity.Tally) int64 { return t.Passkey }),
		weekShare("aal2", text.M("Password and code"), func(t identity.Tally) int64 { return t.TwoFactors }),
		weekShare("password", text.M("Password alone"), func(t identity.Tally) int64 { return t.Password }),
		weekShare("nothing", text.M("Nothing"), func(t identity.Tally) int64 { return t.Nothing }),
		{Key: "privileged", Head: text.M("People with roles"), Num: true, ExportOnly: true, Value: func(r week) any { return r.Privileged }},
		{Key: "privileged_mfa", Head: text.M("Roles: MFA"), Num: true, ExportOnly: true, Value: func(r week) any { return r.PrivilegedMFA }},
		{Key: "general", Head: text.M("Other people"), Num: true, ExportOnly: true, Value: func(r week) any { return r.General }},
		{Key: "general_mfa", Head: text.M("Others: MFA"), Num: true, ExportOnly: true, Value: func(r week) any { return r.GeneralMFA }},
	},
	At: func(r week, _ string) keyset.Position { return keyset.At(r.At, r.At.Format(time.RFC3339)) },
	Empty: console.Empty{Title: text.M("Nothing was counted yet"),
		Body: text.M("People are counted once a day. Come back tomorrow.")},
}

type trendPage struct {
	Tabs  []console.Tab
	Unit  string
	Own   bool
	Chart chart.Chart
}

// coverageTrend shows the way of the unit that is looked at.
func (w web) coverageTrend(c *console.Context) error {
	unit, own := c.Unit, c.R.URL.Query().Get("own") == "yes"
	if unit == "" {
		unit = c.Actor.Units().Root()
	}
	back := "/identity/coverage"
	if c.Unit != "" {
		back += "?unit=" + url.QueryEscape(c.Unit)
	}
	c.Crumb(text.M("Coverage§identity"), back)
	trend, err := w.s.Trend(c.Context(), c.Scope(identity.ReadFactors))
	if err != nil {
		return err
	}
	var rows []week
	for i, p := range trend.Weeks {
		t := p.Units[unit]
		if !own {
			t = sumOf(c.Actor.Units(), unit, p.Units)
		}
		if t.People > 0 {
			rows = append(rows, week{p.At, i == len(trend.Weeks)-1, t})
		}
	}
	label := c.T("Whole group")
	if c.Unit != "" || own {
		label = c.UnitLabel(unit)
	}
	d := trendPage{Tabs: w.tabs(c, "/identity/coverage"), Unit: label, Own: own, Chart: courseChart(rows)}
	slices.Reverse(rows)
	return weeks.Serve(c, "coverage-trend", func(console.Query) ([]week, int, error) { return rows, len(rows), nil }, d)
}

func courseChart(rows []week) chart.Chart {
	parts := []struct {
		label text.Message
		tone  string
		of    func(identity.Tally) int64
	}{
		{text.M("Passkey"), "good", identity.Tally.Passkeys},
		{text.M("Password and code"), "info", func(t identity.Tally) int64 { return t.TwoFactors }},
		{text.M("Password alone"), "warn", func(t identity.Tally) int64 { return t.Password }},
		{text.M("Nothing"), "bad", func(t identity.Tally) int64 { return t.Nothing }},
	}
	l := chart.Line{Title: text.M("How people could sign in, by week"), Desc: text.M("Share of people by their strongest way, over the last 13 weeks"), Head: text.M("Week of"), Unit: "%", Max: 100}
	for _, r := range rows {
		l.Labels = append(l.Labels, r.At.UTC().Format("01/02"))
	}
	for _, p := range parts {
		s := chart.Series{Label: p.label, Class: p.tone}
		for _, r := range rows {
			s.Values = append(s.Values, math.Round(hundredth(p.of(r.Tally), r.People)*10)/10)
		}
		l.Series = append(l.Series, s)
	}
	return l
}
