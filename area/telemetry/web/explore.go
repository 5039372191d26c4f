package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// explorePage is the page of the explorer.
type explorePage struct {
	Tabs    []console.Tab
	Ask     ask
	Hidden  []console.Hidden // the question without words and range, for the form
	Custom  []console.Hidden // the question without range
	Lasts   []console.Option
	Sources []console.Option
	Kinds   []console.Option
	Active  []active
	Chart   chart.Chart
	Result  telemetry.Survey
	Notes   []string
	Table   *console.Table
	Fields  []field
	More    string // address with all fields
	Next    string
	First   string
	CSV     string
	NDJSON  string
	Bounded bool // a range is chosen by hand
}

// active is a condition in force.
type active struct {
	Text   string
	Remove string
}

type field struct {
	Name   string
	Exists string
	Share  string
	Open   bool
	Values []fieldValue
	Many   bool
}

type fieldValue struct {
	Text    string
	N       int64
	With    string
	Without string
}

const (
	pageRows     = 100
	sampleHits   = 5000
	fieldsOnPage = 30
)

func (p *pages) explore(c *console.Context) error {
	a, err := readAsk(c)
	if err != nil {
		return err
	}
	q := a.query()
	q.Limit = pageRows
	res, err := p.s.Search(c.Context(), c.Actor, c.Unit, q, telemetry.SurveyOptions{Buckets: 60, Sample: sampleHits, Values: 6})
	if err != nil {
		return err
	}
	d := explorePage{Tabs: p.tabs(c, "events"), Ask: a, Result: res, Bounded: a.Last == ""}
	names := p.s.Names(c.Scope(telemetry.Read))
	label := func(id string) string {
		if s, ok := names[id]; ok {
			return s.Label(c.Lang)
		}
		return id
	}
	for _, l := range lasts {
		d.Lasts = append(d.Lasts, console.Option{Value: l.key, Label: l.label})
	}
	if d.Bounded {
		d.Lasts = append(d.Lasts, console.Option{Value: "", Label: text.M("Exact range§range")})
	}
	d.Sources = append(d.Sources, console.Option{Label: text.M("All sources")})
	for id, s := range names {
		d.Sources = append(d.Sources, console.Option{Value: id, Label: text.Literal(s.Label(c.Lang))})
	}
	slices.SortFunc(d.Sources[1:], func(x, y console.Option) int { return strings.Compare(c.Say(x.Label), c.Say(y.Label)) })
	d.Kinds = append(d.Kinds, console.Option{Label: text.M("All kinds of events")})
	for _, k := range eventKinds {
		d.Kinds = append(d.Kinds, console.Option{Value: k, Label: text.Literal(k)})
	}
	d.forms(a)
	for _, f := range a.Filters {
		d.Active = append(d.Active, active{f.String(), a.without(f)})
	}
	if a.Problems {
		off := a
		off.Problems = false
		d.Active = append(d.Active, active{c.T("only unreadable"), off.href()})
	}
	d.Chart = histogram(c, a, res)
	d.Notes = notes(c, res)
	d.Table = p.eventTable(c, a, res.Events, label)
	d.fields(c, a, res)
	fixed := a
	fixed.Last = "" // what is exported is what was found, not what comes later
	v := fixed.values()
	v.Set("format", "csv")
	d.CSV = "/telemetry/export?" + v.Encode()
	v.Set("format", "ndjson")
	d.NDJSON = "/telemetry/export?" + v.Encode()
	if res.More && len(res.Events) > 0 {
		last := res.Events[len(res.Events)-1]
		next := fixed.values()
		next.Set("cursor", keyset.At(last.Time.UnixMilli(), last.ID()).String())
		d.Next = "/telemetry?" + next.Encode()
	}
	if a.after != nil {
		d.First = a.href()
	}
	return c.Render("explore", d)
}

// forms are the parameters that the two forms carry on.
func (d *explorePage) forms(a ask) {
	add := func(list *[]console.Hidden, name, v string) {
		if v != "" {
			*list = append(*list, console.Hidden{Name: name, Value: v})
		}
	}
	for _, f := range a.Filters {
		add(&d.Hidden, "f", f.String())
		add(&d.Custom, "f", f.String())
	}
	if a.Problems {
		add(&d.Hidden, "problems", "1")
		add(&d.Custom, "problems", "1")
	}
	if d.Bounded {
		add(&d.Hidden, "from", a.From.UTC().Format(time.RFC3339))
		add(&d.Hidden, "to", a.To.UTC().Format(time.RFC3339))
	}
	add(&d.Custom, "q", a.Words)
	add(&d.Custom, "source", a.Source)
	add(&d.Custom, "kind", a.Kind)
}

// notes say what the answer does not hold.
func notes(c *console.Context, res telemetry.Survey) []string {
	var out []string
	switch {
	case res.Partial && !res.Why.IsZero():
		out = append(out, c.Say(res.Why))
	case res.Partial:
		out = append(out, c.T("Only the newest %s events of the range were looked at, back to %s. Narrow the range or the source to see further.", c.Num(res.Scanned), c.Local(res.Until)))
	}
	return out
}

func histogram(c *console.Context, a ask, res telemetry.Survey) chart.Chart {
	h := chart.Histogram{Title: text.M("Events over time"), Desc: text.M("Number of events found; each bar leads to its part of the range"), Head: text.M("From§range"), Width: 1120, Height: 130}
	layout := "15:04"
	switch {
	case res.Step < time.Minute:
		layout = "15:04:05"
	case a.To.Sub(a.From) > 48*time.Hour && res.Step < 24*time.Hour:
		layout = "01/02 15:04"
	case res.Step >= 24*time.Hour:
		layout = "2006/01/02"
	case a.To.Sub(a.From) > 12*time.Hour:
		layout = "01/02 15:04"
	}
	for _, b := range res.Buckets {
		h.Labels = append(h.Labels, b.From.In(c.Zone).Format(layout))
		h.Values = append(h.Values, float64(b.N))
		h.Hrefs = append(h.Hrefs, a.between(b.From, b.From.Add(res.Step)))
	}
	return h
}

func seconds(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05.000")
}

func eventHref(id string) string { return "/telemetry/events/" + url.PathEscape(id) }

func (p *pages) eventTable(c *console.Context, a ask, events []telemetry.Event, label func(string) string) *console.Table {
	t := console.NewTable(text.M("Events found, newest first"), text.M("Time"), text.M("Source§telemetry"), text.M("Host"), text.M("Summary"))
	t.Empty = console.Empty{Title: text.M("No event found"), Body: text.M("Nothing in this range fits. Widen the range, or take conditions away.")}
	for _, e := range events {
		host := console.Text("")
		if e.Host != "" {
			host = console.Link(a.with(telemetry.Filter{Field: "@host", Op: telemetry.Is, Value: e.Host}), e.Host)
		}
		src := a
		src.Source = e.Source
		summary := console.Code(e.Summary())
		if e.Problem != "" {
			summary = console.Stack(console.Code(brief(e.Line(), 200)), console.Say(text.Message{Key: e.Problem}))
		}
		at := e.Time.In(c.Zone)
		t.Row(console.Stack(console.Strong(eventHref(e.ID()), at.Format("15:04:05.000")), console.Text(at.Format(time.DateOnly))),
			console.Stack(console.Link(src.href(), label(e.Source)), console.Text(c.UnitLabel(e.Unit))), host, summary)
	}
	return t
}

func (d *explorePage) fields(c *console.Context, a ask, res telemetry.Survey) {
	for i, f := range res.Fields {
		if !a.All && i >= fieldsOnPage {
			all := a
			all.All = true
			d.More = all.href()
			break
		}
		v := field{Name: f.Name, Exists: a.with(telemetry.Filter{Field: f.Name, Op: telemetry.Exists}), Share: c.Num(int64(f.N)), Open: i < 2, Many: f.Many}
		for _, x := range f.Values {
			v.Values = append(v.Values, fieldValue{Text: x.Text, N: int64(x.N),
				With:    a.with(telemetry.Filter{Field: f.Name, Op: telemetry.Is, Value: x.Text}),
				Without: a.with(telemetry.Filter{Field: f.Name, Op: telemetry.IsNot, Value: x.Text})})
		}
		d.Fields = append(d.Fields, v)
	}
}
