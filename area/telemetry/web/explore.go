package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// lasts are the ranges that end now.
var lasts = []struct {
	key   string
	back  time.Duration
	label text.Message
}{
	{"15m", 15 * time.Minute, text.M("Last 15 minutes§range")},
	{"1h", time.Hour, text.M("Last hour§range")},
	{"4h", 4 * time.Hour, text.M("Last 4 hours§range")},
	{"24h", 24 * time.Hour, text.M("Last 24 hours§range")},
	{"7d", 7 * 24 * time.Hour, text.M("Last 7 days§range")},
	{"30d", 30 * 24 * time.Hour, text.M("Last 30 days§range")},
	{"365d", 365 * 24 * time.Hour, text.M("Last year§range")},
}

// EventKinds are what events can look like.
var eventKinds = []string{"windows", "sshd", "auditd", "firewall", "cloudtrail", "syslog", "json", "text"}

// ask is what the address asks for.
type ask struct {
	Last     string // "" with From and To
	From, To time.Time
	Words    string
	Filters  []telemetry.Filter
	Source   string
	Kind     string
	Problems bool
	All      bool // all fields, not the most frequent
	after    *telemetry.Position
	path     string
}

const defaultLast = "24h"

// readAsk reads the address. Everything wrong is named.
func readAsk(c *console.Context) (ask, error) {
	v := c.R.URL.Query()
	a := ask{Last: v.Get("last"), Words: strings.TrimSpace(v.Get("q")), Source: v.Get("source"), Kind: v.Get("kind"), Problems: v.Get("problems") == "1", All: v.Get("fields") == "all", path: "/telemetry"}
	var bad []fault.Field
	from, errFrom := moment(v.Get("from"), c.Zone)
	to, errTo := moment(v.Get("to"), c.Zone)
	if errFrom != nil {
		bad = append(bad, fault.F("from", "A date and time such as 2026-11-23 18:30 is needed here"))
	}
	if errTo != nil {
		bad = append(bad, fault.F("to", "A date and time such as 2026-11-23 18:30 is needed here"))
	}
	if a.Last == "" && from.IsZero() && to.IsZero() {
		a.Last = defaultLast
	}
	if a.Last != "" {
		i := slices.IndexFunc(lasts, func(l struct {
			key   string
			back  time.Duration
			label text.Message
		}) bool {
			return l.key == a.Last
		})
		if i < 0 {
			bad = append(bad, fault.F("last", "There is no such choice"))
		} else {
			// A little beyond now: clocks of sensors run ahead of ours.
			a.To = c.Now.Add(time.Minute)
			a.From = c.Now.Add(-lasts[i].back)
		}
	} else {
		a.From, a.To = from, to
		if a.To.IsZero() {
			a.To = c.Now.Add(time.Minute)
		}
		if a.From.IsZero() {
			a.From = a.To.Add(-24 * time.Hour)
		}
	}
	for _, s := range v["f"] {
		if strings.TrimSpace(s) == "" {
			continue
		}
		f, err := telemetry.ParseFilter(s)
		if err != nil {
			bad = append(bad, fault.FieldsOf(err)...)
			continue
		}
		if !slices.Contains(a.Filters, f) {
			a.Filters = append(a.Filters, f)
		}
	}
	if p, err := keyset.Parse(v.Get("cursor")); err != nil {
		bad = append(bad, fault.FieldsOf(err)...)
	} else if p != nil {
		batch, n, ok := telemetry.ParseID(p.ID)
		at, isInt := p.Value.(int64)
		if !ok || !isInt {
			bad = append(bad, fault.F("cursor", "This page mark cannot be read; start again from the first page"))
		}
		a.after = &telemetry.Position{Time: at, Batch: batch, Ordinal: n}
	}
	if len(bad) > 0 {
		return a, fault.Invalid(bad...)
	}
	return a, nil
}

// moment reads RFC 3339 or a local time in the reader's zone.
func moment(s string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("no time: %q", s)
}

func (a ask) query() telemetry.Query {
	return telemetry.Query{From: a.From, To: a.To, Source: a.Source, Kind: a.Kind, Words: telemetry.ParseWords(a.Words), Filters: a.Filters, Problems: a.Problems, After: a.after}
}

// values are the address's parameters without the page mark.
func (a ask) values() url.Values {
	v := url.Values{}
	set := func(name, s string) {
		if s != "" {
			v.Set(name, s)
		}
	}
	if a.Last != "" {
		set("last", a.Last)
	} else {
		v.Set("from", a.From.UTC().Format(time.RFC3339))
		v.Set("to", a.To.UTC().Format(time.RFC3339))
	}
	set("q", a.Words)
	set("source", a.Source)
	set("kind", a.Kind)
	if a.Problems {
		v.Set("problems", "1")
	}
	if a.All {
		v.Set("fields", "all")
	}
	for _, f := range a.Filters {
		v.Add("f", f.String())
	}
	return v
}

func (a ask) href() string { return a.path + "?" + a.values().Encode() }

// with is the same question with one more condition.
func (a ask) with(f telemetry.Filter) string {
	if !slices.Contains(a.Filters, f) {
		a.Filters = append(slices.Clone(a.Filters), f)
	}
	return a.href()
}

func (a ask) without(f telemetry.Filter) string {
	a.Filters = slices.DeleteFunc(slices.Clone(a.Filters), func(o telemetry.Filter) bool { return o == f })
	return a.href()
}

func (a ask) between(from, to time.Time) string {
	a.Last, a.From, a.To = "", from, to
	return a.href()
}

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
	if res.Partial {
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
