package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// sourcePage is one source.
type sourcePage struct {
	Tabs    []console.Tab
	Source  telemetry.SourceDetail
	State   telemetry.State
	Tone    console.Tone
	Facts   []console.Fact
	Figures []console.Figure
	Over    []console.Tab
	Chart   chart.Chart
	Tokens  *console.Table
	Valid   []telemetry.Token // can be withdrawn
	Files   *console.Table
	Senders *console.Table
	Bad     *console.Table
	Events  string // where its events are
	Recipes []recipe
	Overlap []console.Option
}

func (p *pages) source(c *console.Context) error {
	over := c.Query("over")
	if over == "" {
		over = "day"
	}
	d, err := p.s.Source(c.Context(), c.Actor, c.Path("id"), over)
	if err != nil {
		return err
	}
	c.Title(text.Literal(d.Label(c.Lang)))
	c.Crumb(text.M("Sources"), "/telemetry/sources")
	state := d.StateAt(c.Now)
	v := sourcePage{Tabs: p.tabs(c, "sources"), Source: d, State: state, Tone: tone(state), Events: "/telemetry?source=" + url.QueryEscape(d.ID) + "&last=24h",
		Chart: series(c, d, over), Overlap: overlapOptions(), Recipes: p.recipes(c, d.Source, "")}
	for _, r := range []struct {
		key   string
		label text.Message
	}{{"hour", text.M("Hour§range")}, {"day", text.M("Day§range")}, {"week", text.M("Week§range")}, {"quarter", text.M("90 days§range")}} {
		v.Over = append(v.Over, console.Tab{Label: r.label, Href: sourceHref(d.ID) + "?over=" + r.key, Current: r.key == over})
	}
	v.Facts = p.facts(c, d)
	v.Figures = sourceFigures(c, d)
	v.Tokens = tokensTable(c, d.Tokens)
	for _, t := range d.Tokens {
		if t.Valid(c.Now) {
			v.Valid = append(v.Valid, t)
		}
	}
	v.Files = filesTable(d.Files)
	if d.IsQuarantine() {
		v.Senders = sendersTable(c, d.Senders)
	}
	bad, err := p.s.Unreadable(c.Context(), c.Actor, d.ID, 20)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		v.Bad = console.NewTable(text.M("Lines that could not be read, the last first"), text.M("Received§event"), text.M("Reason"), text.M("As it came"))
		for _, e := range bad {
			v.Bad.Row(console.Link(eventHref(e.ID()), seconds(e.Received, c.Zone)), console.Say(text.Message{Key: e.Problem}), console.Code(brief(e.Line(), 160)))
		}
	}
	return c.Render("source", v)
}

func (p *pages) facts(c *console.Context, d telemetry.SourceDetail) []console.Fact {
	fs := []console.Fact{
		{Label: text.M("Kind§source"), Value: console.Say(d.Kind.Label())},
		{Label: text.M("Owner§source"), Value: console.Text(c.UnitLabel(d.Unit))},
		{Label: text.M("Code§source"), Value: console.Code(d.ID)},
		{Label: text.M("Last heard"), Value: console.Ago(d.LastSeen)},
	}
	if d.SilentAfter > 0 {
		fs = append(fs, console.Fact{Label: text.M("Alarm after silence of"), Value: console.Say(length(d.SilentAfter))})
	} else {
		fs = append(fs, console.Fact{Label: text.M("Alarm after silence of"), Value: console.Say(text.M("No alarm"))})
	}
	if kept := p.s.KeptFor(d.Source); kept > 0 {
		v := console.Say(length(kept))
		if len(p.s.Classes()) > 1 {
			v = console.Say(text.M("%s, %s§class", d.ClassName(), length(kept)))
		}
		fs = append(fs, console.Fact{Label: text.M("Events are kept for"), Value: v})
	}
	if d.Day.Outside > 0 {
		fs = append(fs, console.Fact{Label: text.M("Out of time, 24 h"), Value: console.Link("/telemetry?last=24h&source="+url.QueryEscape(d.ID)+"&q="+url.QueryEscape(logsql.Has("own_time")),
			c.T("%s events whose time was too long ago or could not be; they are found under the time at which they came", c.Num(d.Day.Outside)))})
	}
	var log []string
	for _, s := range []string{d.Product, d.Category, d.Service} {
		if s != "" {
			log = append(log, s)
		}
	}
	if len(log) > 0 {
		fs = append(fs, console.Fact{Label: text.M("Log source for rules"), Value: console.Code(strings.Join(log, " / "))})
	}
	if len(d.Networks) > 0 {
		var ns []string
		for _, n := range d.Networks {
			ns = append(ns, n.String())
		}
		fs = append(fs, console.Fact{Label: text.M("Networks of its senders"), Value: console.Code(strings.Join(ns, ", "))})
	}
	if len(d.Hosts) > 0 {
		fs = append(fs, console.Fact{Label: text.M("Names of its senders"), Value: console.Code(strings.Join(d.Hosts, ", "))})
	}
	switch d.MaskMode {
	case telemetry.Pseudonym:
		fs = append(fs, console.Fact{Label: text.M("Masked by pseudonyms"), Value: console.Code(strings.Join(d.Masks, ", "))})
	case telemetry.Removal:
		fs = append(fs, console.Fact{Label: text.M("Masked by removal"), Value: console.Code(strings.Join(d.Masks, ", "))})
	}
	if d.Zone != "" {
		fs = append(fs, console.Fact{Label: text.M("Zone of times without one"), Value: console.Text(d.Zone)})
	}
	return fs
}

func sourceFigures(c *console.Context, d telemetry.SourceDetail) []console.Figure {
	q := "/telemetry?last=24h&source=" + url.QueryEscape(d.ID)
	got := console.Figure{Label: text.M("Received, 24 h"), Value: c.Num(d.Day.Received()), Note: text.M("now %s", rate(d.Rate())), Trend: spark(d.Hour), TrendTone: console.Info, Href: q,
		Definition: text.M("All that came: acknowledged, dropped and told to wait.")}
	stored := console.Figure{Label: text.M("Stored, 24 h"), Value: c.Num(d.Day.Stored), Note: text.M("%s acknowledged§events", c.Num(d.Day.Journaled)), Tone: console.Good,
		Definition: text.M("Acknowledged events that are in the event store. The difference is still waiting in the journal; nothing else can become of an acknowledged event.")}
	if d.Day.Stored < d.Day.Journaled {
		stored.Tone = console.Plain
	}
	bad := console.Figure{Label: text.M("Unreadable, 24 h"), Value: c.Num(d.Day.Unreadable), Note: text.M("kept as they came"), Href: q + "&q=" + url.QueryEscape(logsql.Has("problem")),
		Definition: text.M("Lines that are not what they should be. They are stored with the reason, and can be searched.")}
	if d.Day.Unreadable > 0 {
		bad.Tone = console.Warn
	}
	lost := console.Figure{Label: text.M("Dropped, 24 h"), Value: c.Num(d.Day.Dropped), Note: text.M("%s told to wait", c.Num(d.Day.Refused)),
		Definition: text.M("Dropped: sent over UDP and lost, as far as it can be known. Told to wait: refused with the answer to come back, and not lost.")}
	if d.Day.Dropped > 0 {
		lost.Tone = console.Bad
	}
	return []console.Figure{got, stored, bad, lost}
}

func series(c *console.Context, d telemetry.SourceDetail, over string) chart.Chart {
	layout := "15:04"
	switch over {
	case "week":
		layout = "01/02 15:04"
	case "quarter":
		layout = "01/02"
	}
	s := chart.Stacked{Title: text.M("Events over time"), Desc: text.M("Events of this source: stored as read, unreadable, dropped, told to wait"), Height: 200, Width: 1120}
	good, bad, dropped, refused := make([]float64, len(d.Series)), make([]float64, len(d.Series)), make([]float64, len(d.Series)), make([]float64, len(d.Series))
	for i, n := range d.Series {
		s.Labels = append(s.Labels, n.At.In(c.Zone).Format(layout))
		good[i], bad[i], dropped[i], refused[i] = float64(n.Journaled-n.Unreadable), float64(n.Unreadable), float64(n.Dropped), float64(n.Refused)
		q := url.Values{"source": {d.ID}, "from": {n.At.UTC().Format(time.RFC3339)}, "to": {n.At.Add(d.Step).UTC().Format(time.RFC3339)}}
		s.Hrefs = append(s.Hrefs, "/telemetry?"+q.Encode())
	}
	s.Series = []chart.Series{
		{Label: text.M("Dropped"), Class: "critical", Values: dropped},
		{Label: text.M("Told to wait"), Class: "high", Values: refused},
		{Label: text.M("Unreadable"), Class: "medium", Values: bad},
		{Label: text.M("Taken§events"), Class: "info", Values: good},
	}
	return s
}

func tokensTable(c *console.Context, tokens []telemetry.Token) *console.Table {
	t := console.NewTable(text.M("Tokens"), text.M("Issued§token"), text.M("By§token"), text.M("State"), text.M("Last used§token"))
	t.Empty = console.Empty{Title: text.M("No token"), Body: text.M("Without a token nothing is taken over HTTP; syslog needs none.")}
	for _, k := range tokens {
		state := console.Chip(console.Good, text.M("Valid§token"))
		switch {
		case !k.Valid(c.Now):
			state = console.Chip(console.Plain, text.M("Ended§token"))
		case !k.Until.IsZero():
			state = console.Chip(console.Warn, text.M("Valid until %s§token", c.Local(k.Until)))
		}
		t.Row(console.When(k.Issued), console.Text(k.By), state, console.Ago(k.LastUsed))
	}
	return t
}

func filesTable(files []telemetry.File) *console.Table {
	if len(files) == 0 {
		return nil
	}
	t := console.NewTable(text.M("Files taken in"), text.M("Name"), text.M("Size"), text.M("Events"), text.M("Unreadable"), text.M("Finished§file"), text.M("SHA-256"))
	for _, f := range files {
		done := console.When(f.Finished)
		if f.Finished.IsZero() {
			done = console.Chip(console.Warn, text.M("Broke off"))
		}
		t.Row(console.Text(f.Name), console.Bytes(f.Size), console.Num(f.Events), console.Num(f.Unreadable), done, console.Code(f.SHA256[:min(12, len(f.SHA256))]+"…"))
	}
	return t
}

func overlapOptions() (opts []console.Option) {
	for _, o := range telemetry.Overlaps {
		label := text.M("ends at once")
		if o > 0 {
			label = text.M("stays valid for %s", length(o))
		}
		opts = append(opts, console.Option{Value: o.String(), Label: label})
	}
	slices.Reverse(opts)
	return opts
}

// length is a span of time in words.
func length(d time.Duration) text.Message {
	switch {
	case d == 24*time.Hour:
		return text.M("1 day§silence")
	case d == time.Hour:
		return text.M("1 hour§silence")
	case d%(24*time.Hour) == 0 && d > 0:
		return text.M("%d days§silence", int(d/(24*time.Hour)))
	case d%time.Hour == 0 && d > 0:
		return text.M("%d hours§silence", int(d/time.Hour))
	case d%time.Minute == 0 && d > 0:
		return text.M("%d minutes§silence", int(d/time.Minute))
	}
	return text.M("%d seconds§silence", int(d/time.Second))
}

func (p *pages) issue(c *console.Context) error {
	overlap, err := time.ParseDuration(c.Value("overlap"))
	if err != nil {
		return fault.Invalid(fault.F("overlap", "Choose how long the old token stays valid"))
	}
	secret, err := p.s.IssueSecret(c.Context(), c.Actor, c.Path("id"), overlap)
	if err != nil {
		return err
	}
	d, err := p.s.Source(c.Context(), c.Actor, c.Path("id"), "day")
	if err != nil {
		return err
	}
	c.Title(text.M("Token of %s", d.Label(c.Lang)))
	c.Crumb(text.M("Sources"), "/telemetry/sources")
	c.Crumb(text.Literal(d.Label(c.Lang)), sourceHref(d.ID))
	return c.Render("secret", struct {
		Secret, Href string
		Recipes      []recipe
	}{secret, sourceHref(d.ID), p.recipes(c, d.Source, secret)})
}

func (p *pages) withdraw(c *console.Context) error {
	if err := p.s.WithdrawSecret(c.Context(), c.Actor, c.Path("id"), c.Value("token")); err != nil {
		return err
	}
	c.Flash(text.M("The token is withdrawn; nothing is taken with it any more."))
	return c.Redirect(sourceHref(c.Path("id")))
}

func (p *pages) stop(c *console.Context) error {
	if err := p.s.Stop(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The source is stopped. Its events stay."))
	return c.Redirect(sourceHref(c.Path("id")))
}

func (p *pages) resume(c *console.Context) error {
	if err := p.s.Resume(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The source is taken in again."))
	return c.Redirect(sourceHref(c.Path("id")))
}
