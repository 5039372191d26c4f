package web

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// explorePage is the page of the explorer.
type explorePage struct {
	Tabs    []console.Tab
	Ask     ask
	Hidden  []console.Hidden // an exact range, for the form
	Custom  []console.Hidden // the question without range
	Lasts   []console.Option
	Sources []console.Option
	Active  []active
	Chart   chart.Chart
	Result  telemetry.Survey
	Notes   []string
	Table   *console.Table
	Piped   bool // the table is an answer with pipes, not a list of events
	Fields  []field
	More    string // address with all fields
	Next    string
	First   string
	CSV     string
	NDJSON  string
	Rule    string // address of the rule that says the same
	Saved   savedPart
	Bounded bool // a range is chosen by hand
	Wrong   *wrongPlace
}

// wrongPlace is a query that cannot be read, divided at what is wrong.
type wrongPlace struct{ Before, Word, After string }

// refused shows the page with what is wrong with the query.
func (d explorePage) refused(c *console.Context, err error) error {
	var w *telemetry.Wrong
	if q := d.Ask.Text; errors.As(err, &w) && w.At >= 0 && w.At+len(w.Word) <= len(q) && q[w.At:w.At+len(w.Word)] == w.Word {
		d.Wrong = &wrongPlace{q[:w.At], w.Word, q[w.At+len(w.Word):]}
	}
	return c.Invalid("explore", d, err)
}

// active is a condition in force.
type active struct {
	Text   string
	Remove string
}

type field struct {
	Name   string
	Exists string
	Whole  string // its statistics
	Hits   int64
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
	maxRows      = 200
	sampleHits   = 5000
	fieldsOnPage = 30
)

func (p *pages) explore(c *console.Context) error {
	a, err := readAsk(c)
	if err != nil {
		return err
	}
	d := explorePage{Tabs: p.tabs(c, "events"), Ask: a, Bounded: a.Last == "", Piped: a.piped()}
	names := p.s.Names(c.Scope(telemetry.Read))
	label := func(id string) string {
		if s, ok := names[id]; ok {
			return s.Label(c.Lang)
		}
		return id
	}
	d.form(c, a, names)
	if d.Saved, err = p.savedPart(c, a); err != nil {
		return err
	}
	q := a.query()
	q.Limit = pageRows
	o := telemetry.SurveyOptions{Buckets: 60, Sample: sampleHits, Values: 6}
	if d.Result, err = p.s.Search(c.Context(), c.Actor, c.Unit, q, o); err != nil {
		return d.refused(c, err)
	}
	d.Notes = notes(c, d.Result.Coverage)
	if d.Piped {
		q.Text = a.Text
		answer, err := p.s.Rows(c.Context(), c.Actor, c.Unit, q, maxRows)
		if err != nil {
			return d.refused(c, err)
		}
		d.Table = answerTable(a, ordered(a.Text, answer))
		if answer.Partial {
			d.Notes = append(d.Notes, partly(c, answer.Coverage, c.T("The answer is longer than %s rows; the rest is not shown. Export it, or let the query count.", c.Num(maxRows))))
		}
	} else {
		d.Table = p.eventTable(c, a, d.Result.Events, label)
	}
	d.Chart = histogram(c, a, d.Result)
	d.fields(a, d.Result)
	fixed := a.fixed()
	v := fixed.values()
	if a.Text != "" {
		d.Rule = "/telemetry/rule?" + v.Encode()
	}
	v.Set("format", "csv")
	d.CSV = "/telemetry/export?" + v.Encode()
	v.Set("format", "ndjson")
	d.NDJSON = "/telemetry/export?" + v.Encode()
	if d.Result.More && len(d.Result.Events) > 0 && !d.Piped {
		last := d.Result.Events[len(d.Result.Events)-1]
		next := fixed.values()
		next.Set("cursor", keyset.At(last.At().Time, last.ID()).String())
		d.Next = "/telemetry?" + next.Encode()
	}
	if a.after != nil {
		d.First = a.href()
	}
	return c.Render("explore", d)
}

// form fills in what the two forms show and carry on.
func (d *explorePage) form(c *console.Context, a ask, names map[string]telemetry.Source) {
	for _, l := range lasts {
		d.Lasts = append(d.Lasts, console.Option{Value: l.key, Label: l.label})
	}
	if d.Bounded {
		d.Lasts = append(d.Lasts, console.Option{Value: "", Label: text.M("Exact range§range")})
		d.Hidden = append(d.Hidden, console.Hidden{Name: "from", Value: a.From.UTC().Format(time.RFC3339)}, console.Hidden{Name: "to", Value: a.To.UTC().Format(time.RFC3339)})
	}
	d.Sources = append(d.Sources, console.Option{Label: text.M("All sources")})
	for id, s := range names {
		d.Sources = append(d.Sources, console.Option{Value: id, Label: text.Literal(s.Label(c.Lang))})
	}
	slices.SortFunc(d.Sources[1:], func(x, y console.Option) int { return strings.Compare(c.Say(x.Label), c.Say(y.Label)) })
	for _, h := range []console.Hidden{{Name: "q", Value: a.Text}, {Name: "source", Value: a.Source}} {
		if h.Value != "" {
			d.Custom = append(d.Custom, h)
		}
	}
	filter, _ := logsql.Split(a.Text)
	if conds, whole := logsql.Conditions(filter); whole && filter != "" && filter != "*" {
		for i, cond := range conds {
			d.Active = append(d.Active, active{cond, a.without(i)})
		}
	}
}

// notes say what the answer does not hold.
func notes(c *console.Context, cov telemetry.Coverage) []string {
	if !cov.Partial {
		return nil
	}
	if cov.Until.IsZero() {
		return []string{partly(c, cov, c.T("The answer is not whole. Narrow the range or the query to see all."))}
	}
	return []string{partly(c, cov, c.T("Only the newest %s events of the range were looked at, back to %s. Narrow the range or the source to see further.", c.Num(cov.Scanned), c.Local(cov.Until)))}
}

// partly is why an answer is not whole: the reason that the store gave, or else
// the words.
func partly(c *console.Context, cov telemetry.Coverage, words string) string {
	if cov.Why.Key != "" {
		return c.Say(cov.Why)
	}
	return words
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
			host = console.Link(a.with(logsql.Is("host", e.Host)), e.Host)
		}
		src := a
		src.Source = e.Source
		summary := console.Code(e.Summary())
		if e.Problem != "" {
			summary = console.Stack(console.Code(brief(e.Line(), 200)), console.Say(text.Message{Key: e.Problem}))
		}
		at := e.Time.In(c.Zone)
		when := []console.Cell{console.Strong(eventHref(e.ID()), at.Format("15:04:05.000")), console.Text(at.Format(time.DateOnly))}
		if !e.Filed.IsZero() {
			when = append(when, console.Say(text.M("out of time, came %s", c.Local(e.Filed))))
		}
		t.Row(console.Stack(when...),
			console.Stack(console.Link(src.href(), label(e.Source)), console.Text(c.UnitLabel(e.Unit))), host, summary)
	}
	return t
}

func (d *explorePage) fields(a ask, res telemetry.Survey) {
	for i, f := range res.Fields {
		if !a.All && i >= fieldsOnPage {
			all := a
			all.All = true
			d.More = all.href()
			break
		}
		v := field{Name: f.Name, Exists: a.with(logsql.Has(f.Name)), Whole: a.statistics(f.Name), Hits: int64(f.N), Open: i < 2, Many: f.Many}
		for _, x := range f.Values {
			v.Values = append(v.Values, fieldValue{Text: x.Text, N: int64(x.N), With: a.with(logsql.Is(f.Name, x.Text)), Without: a.with(logsql.IsNot(f.Name, x.Text))})
		}
		d.Fields = append(d.Fields, v)
	}
}
