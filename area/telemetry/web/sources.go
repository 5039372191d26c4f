package web

import (
	"fmt"
	"net/url"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func kindOptions() (opts []console.Option) {
	for _, k := range telemetry.Kinds {
		opts = append(opts, console.Option{Value: string(k), Label: k.Label()})
	}
	return opts
}

func stateOptions() (opts []console.Option) {
	for _, s := range []telemetry.State{telemetry.Silent, telemetry.Waiting, telemetry.Alive, telemetry.Stopped} {
		opts = append(opts, console.Option{Value: string(s), Label: s.Label()})
	}
	return opts
}

func sourceHref(id string) string { return "/telemetry/sources/" + url.PathEscape(id) }

// rate is events per second as people say it.
func rate(perSecond float64) string {
	switch {
	case perSecond == 0:
		return "0/s"
	case perSecond < 0.1:
		return fmt.Sprintf("%.0f/h", perSecond*3600)
	case perSecond < 10:
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return fmt.Sprintf("%.0f/s", perSecond)
}

func spark(hour []telemetry.Counts) []float64 {
	vs := make([]float64, len(hour))
	for i, c := range hour {
		vs[i] = float64(c.Journaled)
	}
	return vs
}

// warned is a number that should be 0.
func warned(c *console.Context, n int64, href string) console.Cell {
	if n == 0 {
		return console.Num(0)
	}
	if href != "" {
		return console.Link(href, c.Num(n))
	}
	return console.Num(n)
}

var list = console.List[telemetry.SourceRow]{
	Name: "sources", Caption: text.M("Sources of events"), Sort: "name",
	Columns: []console.Column[telemetry.SourceRow]{
		{Key: "name", Head: text.M("Source§telemetry"), Sort: true,
			Cell: func(c *console.Context, r telemetry.SourceRow) console.Cell {
				return console.Stack(console.Strong(sourceHref(r.ID), r.Label(c.Lang)), console.Say(r.Kind.Label()))
			},
			Value: func(r telemetry.SourceRow) any { return r.Name }},
		{Key: "id", Head: text.M("Code§source"), ExportOnly: true, Value: func(r telemetry.SourceRow) any { return r.ID }},
		{Key: "kind", Head: text.M("Kind§source"), ExportOnly: true, Value: func(r telemetry.SourceRow) any { return string(r.Kind) }},
		{Key: "unit", Head: text.M("Unit"), Sort: true,
			Cell:  func(c *console.Context, r telemetry.SourceRow) console.Cell { return console.Text(c.UnitLabel(r.Unit)) },
			Value: func(r telemetry.SourceRow) any { return r.Unit }},
		{Key: "state", Head: text.M("State"),
			Cell: func(c *console.Context, r telemetry.SourceRow) console.Cell {
				s := r.StateAt(c.Now)
				return console.Chip(tone(s), s.Label())
			}},
		{Key: "seen", Head: text.M("Last heard"), Sort: true,
			Cell:  func(_ *console.Context, r telemetry.SourceRow) console.Cell { return console.Ago(r.LastSeen) },
			Value: func(r telemetry.SourceRow) any { return r.LastSeen }},
		{Key: "rate", Head: text.M("Rate, last hour"),
			Cell: func(_ *console.Context, r telemetry.SourceRow) console.Cell {
				return console.Trend(rate(r.Rate()), spark(r.Hour), console.Info)
			},
			Value: func(r telemetry.SourceRow) any { return r.Rate() }},
		{Key: "received", Head: text.M("Received, 24 h"), Num: true,
			Cell:  func(_ *console.Context, r telemetry.SourceRow) console.Cell { return console.Num(r.Day.Received()) },
			Value: func(r telemetry.SourceRow) any { return r.Day.Received() }},
		{Key: "stored", Head: text.M("Stored, 24 h"), ExportOnly: true, Value: func(r telemetry.SourceRow) any { return r.Day.Stored }},
		{Key: "unreadable", Head: text.M("Unreadable"), Num: true,
			Cell: func(c *console.Context, r telemetry.SourceRow) console.Cell {
				return warned(c, r.Day.Unreadable, "/telemetry?last=24h&q="+url.QueryEscape(logsql.Has("problem"))+"&source="+url.QueryEscape(r.ID))
			},
			Value: func(r telemetry.SourceRow) any { return r.Day.Unreadable }},
		{Key: "dropped", Head: text.M("Dropped"), Num: true,
			Cell: func(c *console.Context, r telemetry.SourceRow) console.Cell {
				return warned(c, r.Day.Dropped, sourceHref(r.ID))
			},
			Value: func(r telemetry.SourceRow) any { return r.Day.Dropped }},
		{Key: "out_of_time", Head: text.M("Out of time, 24 h"), ExportOnly: true, Value: func(r telemetry.SourceRow) any { return r.Day.Outside }},
		{Key: "class", Head: text.M("Class of retention"), ExportOnly: true, Value: func(r telemetry.SourceRow) any { return r.ClassName() }},
		{Key: "refused", Head: text.M("Told to wait"), ExportOnly: true, Value: func(r telemetry.SourceRow) any { return r.Day.Refused }},
	},
	Filters: []console.Filter{
		{Name: "q", Label: text.M("Search")},
		{Name: "state", Label: text.M("State"), Options: stateOptions()},
		{Name: "kind", Label: text.M("Kind§source"), Options: kindOptions()},
	},
	At: func(r telemetry.SourceRow, sort string) keyset.Position {
		switch sort {
		case "seen":
			return keyset.At(store.Millis(r.LastSeen), r.ID)
		case "unit":
			return keyset.At(r.Unit, r.ID)
		}
		return keyset.At(r.Name, r.ID)
	},
	Empty: console.Empty{Title: text.M("No source"), Body: text.M("Nothing sends events for the units that you may see."),
		Action: text.M("Connect a source"), Href: "/telemetry/sources/new"},
}

// listExtra is what stands around the table of sources.
type listExtra struct {
	Tabs    []console.Tab
	Health  *telemetry.Health
	Figures []console.Figure
	Senders *console.Table
}

func (p *pages) list(c *console.Context) error {
	extra := listExtra{Tabs: p.tabs(c, "sources")}
	if c.Actor.Can(telemetry.Read, "") && c.Unit == "" {
		h, err := p.s.Health(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		extra.Health, extra.Figures = &h, healthFigures(c, h)
		senders, err := p.s.Senders(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		extra.Senders = sendersTable(c, senders)
	}
	return list.Serve(c, "sources", func(q console.Query) ([]telemetry.SourceRow, int, error) {
		return p.s.Sources(c.Context(), c.Scope(telemetry.Read), telemetry.SourceFilter{Kind: telemetry.Kind(q.Get("kind")),
			State: telemetry.State(q.Get("state")), Text: q.Get("q"), Page: q.Page})
	}, extra)
}

func healthFigures(c *console.Context, h telemetry.Health) []console.Figure {
	waiting := console.Figure{Label: text.M("Waiting in the journal"), Value: c.Num(h.Waiting), Tone: console.Good,
		Note: text.M("of %s events at most", c.Num(h.CapEvents)), Definition: text.M("Events that are acknowledged and on disk, and not yet looked at by detection. Past the limit, senders are told to come back.")}
	switch {
	case h.DiskFull:
		waiting.Tone, waiting.Note = console.Bad, text.M("The disk is full: senders are told to come back")
	case h.Full:
		waiting.Tone, waiting.Note = console.Bad, text.M("The journal is full: senders are told to come back")
	case !h.Oldest.IsZero() && c.Now.Sub(h.Oldest) > time.Minute:
		waiting.Tone = console.Warn
	}
	failing := console.Figure{Label: text.M("Batches that fail"), Value: c.Num(h.Failing), Note: text.M("None: everything is processed"),
		Definition: text.M("Batches that could not be worked on and are tried again until they can. None is ever given up.")}
	if h.Failing > 0 {
		failing.Tone, failing.Note = console.Bad, text.Literal(h.Failure)
	}
	dropped := console.Figure{Label: text.M("Lost by UDP, 24 h"), Value: c.Num(h.Dropped), Note: text.M("Datagrams that the kernel had no room for"),
		Definition: text.M("UDP is not acknowledged: what comes faster than it can be read is lost. Use TCP or TLS where every event counts.")}
	if h.Dropped > 0 {
		dropped.Tone = console.Warn
	}
	stored := console.Figure{Label: text.M("Events kept"), Value: c.Num(h.Events.Events), Note: text.M("since %s§events", c.Local(h.Events.Oldest)), Href: "/telemetry?last=30d",
		Definition: text.M("Events in the event store, until their time is over.")}
	if h.Events.Events == 0 {
		stored.Note = text.M("Nothing yet§events")
	}
	return []console.Figure{waiting, failing, dropped, stored}
}

func sendersTable(c *console.Context, senders []telemetry.Sender) *console.Table {
	if len(senders) == 0 {
		return nil
	}
	t := console.NewTable(text.M("Unknown senders of syslog"), text.M("Address"), text.M("Host"), text.M("Events"), text.M("First heard"), text.M("Last heard"), text.M("Action"))
	for _, s := range senders {
		action := console.Text("")
		if c.Actor.CanAnywhere(telemetry.Manage) {
			action = console.Link("/telemetry/sources/new?"+url.Values{"networks": {s.Address}, "name": {s.Host}}.Encode(), c.T("Make it a source"))
		}
		t.Row(console.Code(s.Address), console.Text(s.Host), console.Num(s.Events), console.When(s.First), console.Ago(s.Last), action)
	}
	return t
}
