package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// joinType is the word for a type of correlation.
func joinType(s string, absence bool) text.Message {
	switch {
	case absence:
		return text.M("Absence of events")
	case s == "event_count":
		return text.M("Number of events")
	case s == "value_count":
		return text.M("Number of different values")
	case s == "temporal":
		return text.M("Events near each other")
	case s == "temporal_ordered":
		return text.M("Events in order")
	case s == "value_sum":
		return text.M("Sum of values")
	case s == "value_avg":
		return text.M("Mean of values")
	case s == "value_percentile":
		return text.M("Percentile of values")
	case s == "value_median":
		return text.M("Median of values")
	}
	return text.Literal(s)
}

func absence(r *detect.Rule) bool {
	c := r.Correlation
	return c != nil && c.Presence != nil && !c.AtLeast()
}

// looksAt is the log source of a rule, or what a correlation joins.
func looksAt(r *detect.Rule) console.Cell {
	if r.Correlation != nil {
		return console.Say(joinType(r.Correlation.Type, absence(r)))
	}
	return console.Text(r.Sources.String())
}

// joinFacts are what a correlation joins, and how.
func joinFacts(c *console.Context, d detect.RuleDetail) []console.Fact {
	r := d.Rule.Correlation
	if r == nil {
		return nil
	}
	by := strings.Join(r.GroupBy, ", ")
	if by == "" {
		by = c.T("All events together")
	}
	fs := []console.Fact{{Label: text.M("What is joined"), Value: console.Say(joinType(r.Type, absence(d.Rule)))}, {Label: text.M("Grouped by"), Value: console.Text(by)},
		{Label: text.M("Timespan"), Value: console.Code(r.Span)}, {Label: text.M("Condition"), Value: console.Code(r.Condition)}}
	if len(r.Fields) > 0 {
		fs = append(fs, console.Fact{Label: text.M("Field"), Value: console.Code(strings.Join(r.Fields, ", "))})
	}
	fs = append(fs, console.Fact{Label: text.M("Groups remembered"), Value: console.Num(d.Joined.Groups)}, console.Fact{Label: text.M("Memory, estimated"), Value: console.Text(kib(d.Joined.Bytes))},
		console.Fact{Label: text.M("Hits too late to be joined"), Value: console.Num(d.Joined.Late)}, console.Fact{Label: text.M("Groups given up"), Value: console.Num(d.Joined.Evicted)})
	if d.Joined.Approx > 0 {
		fs = append(fs, console.Fact{Label: text.M("Firings that are approximate"), Value: console.Num(d.Joined.Approx)})
	}
	if !d.Joined.Mark.IsZero() {
		fs = append(fs, console.Fact{Label: text.M("Waits for nothing before"), Value: console.When(d.Joined.Mark)})
	}
	return fs
}

func kib(n int64) string { return strconv.FormatInt((n+1023)/1024, 10) + " KiB" }

// joinParts are the rules that a correlation joins.
func (p *pages) joinParts(c *console.Context, r *detect.Rule) *console.Table {
	t := console.NewTable(text.M("Rules that it joins"), text.M("Rule"), text.M("Log source"), text.M("Name§rule"))
	if r == nil || r.Correlation == nil {
		return t
	}
	var missing []string
	if x := r.Correlation.Presence; x != nil {
		_, missing = x.Literals()
	}
	for i, part := range r.Correlation.Parts {
		source := c.T("A correlation")
		if part.Rule != nil {
			source = part.Rule.LogSource.String()
		}
		name := console.Link(ruleHref(part.ID()), p.s.PlainTitle(part.ID()).In(c.Lang))
		if absence(r) {
			for _, m := range missing {
				if m == r.Correlation.Rules[i] {
					name = console.Stack(name, console.Say(text.M("must not follow or be near")))
				}
			}
		}
		t.Row(name, console.Text(source), console.Code(part.Ref))
	}
	return t
}

type joinedPage struct {
	Tabs         []console.Tab
	Correlations console.Table
	Sources      console.Table
	Waiting      int64
	Change       bool
	Options      []console.Option
	Source       string
	Minutes      string
}

func (p *pages) loadJoined(c *console.Context) (v joinedPage, err error) {
	open, err := p.s.Count(c.Context(), c.Scope(detect.Read), detect.Filter{State: "open"})
	if err != nil {
		return v, err
	}
	v.Tabs = tabs(c, "/detect/rules", open)
	list, waiting, err := p.s.Correlations(c.Context(), c.Actor)
	if err != nil {
		return v, err
	}
	v.Waiting = waiting
	t := console.NewTable(text.M("Correlations and their state"), text.M("Correlation"), text.M("Groups§joined"), text.M("Memory§joined"),
		text.M("Fired"), text.M("Too late"), text.M("Given up§groups"), text.M("Waits for nothing before"))
	for _, j := range list {
		mark := console.Text("")
		if !j.Mark.IsZero() {
			mark = console.When(j.Mark)
		}
		given := console.Num(j.Evicted)
		if j.Evicted > 0 {
			given = console.Chip(console.Warn, text.M("%d, last %s", j.Evicted, j.LastEvicted.In(c.Zone).Format("2006-01-02 15:04")))
		}
		t.Row(console.Stack(console.Link(ruleHref(j.ID), j.Title.In(c.Lang)), console.Text(joinType(j.Correlation.Type, absence(j.Rule)).In(c.Lang)+" · "+j.Correlation.Span)),
			console.Num(j.Groups), console.Text(kib(j.Bytes)), console.Num(j.Fired), console.Num(j.Late), given, mark)
	}
	v.Correlations = *t
	if v.Change = c.Actor.Can(detect.Rules, ""); !v.Change {
		return v, nil
	}
	sources, err := p.s.SourceTimes(c.Context(), c.Actor)
	if err != nil {
		return v, err
	}
	t = console.NewTable(text.M("Sources and their time"), text.M("Source§alert"), text.M("Newest event"), text.M("Heard"), text.M("Lateness allowed"), text.M("Too late"))
	for _, s := range sources {
		allowed := c.T("%d minutes", int(s.Lateness/time.Minute))
		switch {
		case s.Kept:
			allowed = c.T("%d hours, as its events are kept on the way", int(s.Lateness/time.Hour))
		case s.Set:
			allowed = c.T("%d minutes, set by people", int(s.Lateness/time.Minute))
		}
		t.Row(console.Link("/telemetry/sources/"+url.PathEscape(s.Source), s.Source), console.When(s.Newest), console.When(s.Heard), console.Text(allowed), console.Num(s.Late))
		v.Options = append(v.Options, console.Option{Value: s.Source, Label: text.Literal(s.Source)})
	}
	v.Sources = *t
	return v, nil
}

func (p *pages) joined(c *console.Context) error {
	v, err := p.loadJoined(c)
	if err != nil {
		return err
	}
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Rules"), "/detect/rules")
	return c.Render("joined", v)
}

func (p *pages) setLateness(c *console.Context) error {
	minutes := 0
	var err error
	if s := strings.TrimSpace(c.Value("lateness")); s != "" {
		if minutes, err = strconv.Atoi(s); err != nil || minutes < 0 {
			err = fault.Invalid(fault.F("lateness", "A number of minutes"))
		}
	}
	if err == nil {
		err = p.s.SetLateness(c.Context(), c.Actor, c.Value("source"), time.Duration(minutes)*time.Minute)
	}
	if err != nil {
		if !fault.Is(err, fault.KindInvalid) {
			return err
		}
		v, bad := p.loadJoined(c)
		if bad != nil {
			return bad
		}
		v.Source, v.Minutes = c.Value("source"), c.Value("lateness")
		return c.Invalid("joined", v, err)
	}
	c.Flash(text.M("The lateness is set."))
	return c.Redirect("/detect/correlations")
}
