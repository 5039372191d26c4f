package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func relayHref(id string) string { return "/telemetry/relays/" + url.PathEscape(id) }

func relayTone(s telemetry.RelayState) console.Tone {
	switch s {
	case telemetry.RelayAlive:
		return console.Good
	case telemetry.RelaySilent:
		return console.Bad
	case telemetry.RelayWaiting:
		return console.Warn
	}
	return console.Plain
}

func relayStateOptions() (opts []console.Option) {
	for _, s := range telemetry.RelayStates {
		opts = append(opts, console.Option{Value: string(s), Label: s.Label()})
	}
	return opts
}

// worrying is how far a relay's clock may go wrong before it is shown in red:
// rules that join events of several places stumble over more.
const worrying = 2 * time.Second

// skew is how far a clock is ahead or behind.
func skew(d time.Duration) string {
	if d.Abs() < time.Second {
		return fmt.Sprintf("%+d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%+.1f s", d.Seconds())
}

var relayList = console.List[telemetry.RelayRow]{
	Name: "relays", Caption: text.M("Relays"), Sort: "name",
	Columns: []console.Column[telemetry.RelayRow]{
		{Key: "name", Head: text.M("Relay"), Sort: true,
			Cell: func(c *console.Context, r telemetry.RelayRow) console.Cell {
				return console.Stack(console.Strong(relayHref(r.ID), r.Label(c.Lang)), console.Code(r.ID))
			},
			Value: func(r telemetry.RelayRow) any { return r.Name }},
		{Key: "id", Head: text.M("Code§source"), ExportOnly: true, Value: func(r telemetry.RelayRow) any { return r.ID }},
		{Key: "unit", Head: text.M("Unit"), Sort: true,
			Cell:  func(c *console.Context, r telemetry.RelayRow) console.Cell { return console.Text(c.UnitLabel(r.Unit)) },
			Value: func(r telemetry.RelayRow) any { return r.Unit }},
		{Key: "state", Head: text.M("State"),
			Cell: func(c *console.Context, r telemetry.RelayRow) console.Cell {
				s := r.StateAt(c.Now)
				return console.Chip(relayTone(s), s.Label())
			}},
		{Key: "seen", Head: text.M("Last contact"), Sort: true,
			Cell:  func(_ *console.Context, r telemetry.RelayRow) console.Cell { return console.Ago(r.LastSeen) },
			Value: func(r telemetry.RelayRow) any { return r.LastSeen }},
		{Key: "waiting", Head: text.M("Waiting there"), Num: true,
			Cell:  func(_ *console.Context, r telemetry.RelayRow) console.Cell { return console.Num(r.Report.Waiting) },
			Value: func(r telemetry.RelayRow) any { return r.Report.Waiting }},
		{Key: "rate", Head: text.M("Delivered, last hour"),
			Cell: func(_ *console.Context, r telemetry.RelayRow) console.Cell {
				var sum int64
				vs := make([]float64, len(r.Hour))
				for i, n := range r.Hour {
					vs[i] = float64(n.Events)
					sum += n.Events
				}
				return console.Trend(rate(float64(sum)/3600), vs, console.Info)
			}},
		{Key: "delivered", Head: text.M("Delivered, 24 h"), Num: true,
			Cell:  func(_ *console.Context, r telemetry.RelayRow) console.Cell { return console.Num(r.Day.Events) },
			Value: func(r telemetry.RelayRow) any { return r.Day.Events }},
		{Key: "dropped", Head: text.M("Dropped"), Num: true,
			Cell: func(c *console.Context, r telemetry.RelayRow) console.Cell {
				return warned(c, r.Day.Dropped, relayHref(r.ID))
			},
			Value: func(r telemetry.RelayRow) any { return r.Day.Dropped }},
		{Key: "skew", Head: text.M("Clock"),
			Cell: func(_ *console.Context, r telemetry.RelayRow) console.Cell {
				if r.LastSeen.IsZero() {
					return console.Text("")
				}
				if r.Skew.Abs() > worrying {
					return console.Chip(console.Warn, text.Literal(skew(r.Skew)))
				}
				return console.Text(skew(r.Skew))
			},
			Value: func(r telemetry.RelayRow) any { return r.Skew.Milliseconds() }},
		{Key: "version", Head: text.M("Version"), ExportOnly: true, Value: func(r telemetry.RelayRow) any { return r.Report.Version }},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "state", Label: text.M("State"), Options: relayStateOptions()}},
	At: func(r telemetry.RelayRow, sort string) keyset.Position {
		switch sort {
		case "seen":
			return keyset.At(store.Millis(r.LastSeen), r.ID)
		case "unit":
			return keyset.At(r.Unit, r.ID)
		}
		return keyset.At(r.Name, r.ID)
	},
	Empty: console.Empty{Title: text.M("No relay"), Body: text.M("A relay takes events in at a plant or abroad, keeps them while the link is down, and delivers them here. None is there for the units that you may see."),
		Action: text.M("Add a relay"), Href: "/telemetry/relays/new"},
}

type relaysExtra struct {
	Tabs   []console.Tab
	Closed bool // this server takes none in
}

func (p *pages) relays(c *console.Context) error {
	return relayList.Serve(c, "relays", func(q console.Query) ([]telemetry.RelayRow, int, error) {
		return p.s.Relays(c.Context(), c.Scope(telemetry.Read), telemetry.RelayFilter{State: telemetry.RelayState(q.Get("state")), Text: q.Get("q"), Page: q.Page})
	}, relaysExtra{p.tabs(c, "relays"), p.o.Relays == ""})
}

// relayPage is one relay.
type relayPage struct {
	Tabs    []console.Tab
	Relay   telemetry.RelayDetail
	State   telemetry.RelayState
	Tone    console.Tone
	Figures []console.Figure
	Facts   []console.Fact
	Over    []console.Tab
	Chart   chart.Chart
	Waiting chart.Chart
	Serves  *console.Table
	Senders *console.Table
	Unknown string // where what nobody knows is
}

func (p *pages) relay(c *console.Context) error {
	over := c.Query("over")
	if over == "" {
		over = "day"
	}
	d, err := p.s.RelayOf(c.Context(), c.Actor, c.Path("id"), over)
	if err != nil {
		return err
	}
	c.Title(text.Literal(d.Label(c.Lang)))
	c.Crumb(text.M("Relays"), "/telemetry/relays")
	state := d.StateAt(c.Now)
	v := relayPage{Tabs: p.tabs(c, "relays"), Relay: d, State: state, Tone: relayTone(state), Figures: relayFigures(c, d), Facts: relayFacts(c, d),
		Unknown: "/telemetry?last=7d&source=" + url.QueryEscape(d.Quarantine())}
	v.Chart, v.Waiting = relayCharts(c, d, over)
	for _, r := range []struct {
		key   string
		label text.Message
	}{{"day", text.M("Day§range")}, {"week", text.M("Week§range")}, {"month", text.M("30 days§range")}} {
		v.Over = append(v.Over, console.Tab{Label: r.label, Href: relayHref(d.ID) + "?over=" + r.key, Current: r.key == over})
	}
	v.Serves = console.NewTable(text.M("Sources that it serves"), text.M("Source§telemetry"), text.M("Unit"), text.M("State"), text.M("Last heard"))
	v.Serves.Empty = console.Empty{Title: text.M("No source"), Body: text.M("The unit of the relay has no source yet: everything that comes is kept as of unknown senders.")}
	for _, s := range d.Serves {
		st := s.StateAt(c.Now)
		v.Serves.Row(console.Strong(sourceHref(s.ID), s.Label(c.Lang)), console.Text(c.UnitLabel(s.Unit)), console.Chip(tone(st), st.Label()), console.Ago(s.LastSeen))
	}
	var unknown []telemetry.Sender
	for _, s := range d.Report.Senders {
		unknown = append(unknown, telemetry.Sender(s))
	}
	v.Senders = sendersTable(c, unknown)
	return c.Render("relay", v)
}

func relayFigures(c *console.Context, d telemetry.RelayDetail) []console.Figure {
	r := d.Report
	waiting := console.Figure{Label: text.M("Waiting there"), Value: c.Num(r.Waiting), Note: text.M("nothing waits§relay"), Tone: console.Good,
		Definition: text.M("Events that the relay has acknowledged to their senders and not yet delivered, as it last reported. They are on its disk.")}
	if r.Waiting > 0 {
		waiting.Note, waiting.Tone = text.M("the oldest since %s§relay", c.Local(r.Oldest)), console.Plain
	}
	if r.Cap > 0 && r.Bytes*10 > r.Cap*8 {
		waiting.Tone = console.Bad
	}
	delivered := console.Figure{Label: text.M("Delivered, 24 h"), Value: c.Num(d.Day.Events), Note: text.M("longest on the way: %s", roughly(d.Day.Delay)),
		Definition: text.M("Events that are on disk here. Each was acknowledged to the relay once it was.")}
	lost := console.Figure{Label: text.M("Dropped, 24 h"), Value: c.Num(d.Day.Dropped), Note: text.M("%s told to wait", c.Num(d.Day.Refused)),
		Definition: text.M("Dropped: sent over UDP to the relay and lost there, as far as it can be known. Told to wait: refused with the answer to come back, and not lost.")}
	if d.Day.Dropped > 0 {
		lost.Tone = console.Bad
	}
	strayed := console.Figure{Label: text.M("Of other sources, 24 h"), Value: c.Num(d.Day.Strayed), Note: text.M("kept as unknown"), Href: "/telemetry?last=24h&source=" + url.QueryEscape(d.Quarantine()),
		Definition: text.M("Events that the relay delivered for a source that is not its to serve, or is stopped. They are kept with the relay's unknown senders.")}
	if d.Day.Strayed > 0 {
		strayed.Tone = console.Warn
	}
	return []console.Figure{waiting, delivered, lost, strayed}
}

// roughly is a span of time to the unit that matters.
func roughly(d time.Duration) text.Message {
	switch {
	case d >= 48*time.Hour:
		return text.M("%d days§silence", int(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return text.M("%d hours§silence", int(d/time.Hour))
	case d >= 2*time.Minute:
		return text.M("%d minutes§silence", int(d/time.Minute))
	}
	return text.M("%d seconds§silence", int((d+time.Second-1)/time.Second))
}

func relayFacts(c *console.Context, d telemetry.RelayDetail) []console.Fact {
	fs := []console.Fact{
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))},
		{Label: text.M("Code§source"), Value: console.Code(d.ID)},
		{Label: text.M("Last contact"), Value: console.Ago(d.LastSeen)},
		{Label: text.M("Alarm after silence of"), Value: console.Say(length(d.SilentAfter))},
	}
	if !d.Enrolled.IsZero() {
		fs = append(fs, console.Fact{Label: text.M("Enrolled"), Value: console.When(d.Enrolled)})
		if d.Revoked.IsZero() {
			fs = append(fs, console.Fact{Label: text.M("Certificate until"), Value: console.When(d.Until)})
		}
	}
	if !d.Revoked.IsZero() {
		fs = append(fs, console.Fact{Label: text.M("Revoked§relay"), Value: console.When(d.Revoked)})
	}
	if d.LastSeen.IsZero() {
		return fs
	}
	r := d.Report
	fs = append(fs,
		console.Fact{Label: text.M("Machine§relay"), Value: console.Code(r.Host)},
		console.Fact{Label: text.M("Heard from"), Value: console.Code(d.Address)},
		console.Fact{Label: text.M("Version"), Value: console.Text(r.Version)},
		console.Fact{Label: text.M("Running since§relay"), Value: console.When(r.Started)},
		console.Fact{Label: text.M("Clock, ahead of ours"), Value: console.Text(skew(d.Skew))},
		console.Fact{Label: text.M("Kept there"), Value: console.Bytes(r.Bytes)},
		console.Fact{Label: text.M("Room there"), Value: console.Bytes(r.Cap)},
	)
	if len(r.Listens) > 0 {
		fs = append(fs, console.Fact{Label: text.M("Ways in"), Value: console.Code(strings.Join(r.Listens, ", "))})
	}
	return fs
}

func relayCharts(c *console.Context, d telemetry.RelayDetail, over string) (delivered, waiting chart.Chart) {
	layout := "15:04"
	if over != "day" {
		layout = "01/02 15:04"
	}
	sent := chart.Stacked{Title: text.M("Delivered over time"), Desc: text.M("Events that the relay delivered, and what was lost or told to wait there"), Height: 180, Width: 1120}
	wait := chart.Stacked{Title: text.M("Waiting over time"), Desc: text.M("The most events that waited at the relay in each span of time"), Height: 140, Width: 1120}
	n := len(d.Series)
	events, dropped, refused, backlog := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, s := range d.Series {
		label := s.At.In(c.Zone).Format(layout)
		sent.Labels, wait.Labels = append(sent.Labels, label), append(wait.Labels, label)
		events[i], dropped[i], refused[i], backlog[i] = float64(s.Events), float64(s.Dropped), float64(s.Refused), float64(s.Waiting)
	}
	sent.Series = []chart.Series{
		{Label: text.M("Dropped"), Class: "critical", Values: dropped}, {Label: text.M("Told to wait"), Class: "high", Values: refused},
		{Label: text.M("Delivered§events"), Class: "info", Values: events},
	}
	wait.Series = []chart.Series{{Label: text.M("Waiting there"), Class: "medium", Values: backlog}}
	return sent, wait
}

// relayForm is the form of a new relay.
type relayForm struct {
	Relay   telemetry.Relay
	Units   []console.Option
	Silence []console.Option
	After   string
	Sources string
}

func (p *pages) relayForm(c *console.Context, r telemetry.Relay) relayForm {
	f := relayForm{Relay: r, After: r.SilentAfter.String(), Sources: strings.Join(r.Sources, "\n")}
	for _, o := range c.UnitOptions(telemetry.Secret) {
		if !c.Actor.Units().IsRegion(o.Value) {
			f.Units = append(f.Units, o)
		}
	}
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour} {
		f.Silence = append(f.Silence, console.Option{Value: d.String(), Label: length(d)})
	}
	return f
}

func (p *pages) newRelay(c *console.Context) error {
	c.Crumb(text.M("Relays"), "/telemetry/relays")
	return c.Render("relayform", p.relayForm(c, telemetry.Relay{Unit: c.Unit, SilentAfter: 15 * time.Minute}))
}

func (p *pages) addRelay(c *console.Context) error {
	c.Crumb(text.M("Relays"), "/telemetry/relays")
	r := telemetry.Relay{ID: strings.ToLower(c.Value("id")), Name: c.Value("name"), NameJA: c.Value("name_ja"), Unit: c.Value("unit"), Sources: telemetry.ParseHosts(c.Value("sources"))}
	var err error
	if r.SilentAfter, err = time.ParseDuration(c.Value("silent_after")); err != nil {
		err = fault.Invalid(fault.F("silent_after", "Choose a time from 30 seconds to 30 days"))
	} else {
		err = p.s.AddRelay(c.Context(), c.Actor, r)
	}
	if err != nil {
		return c.Invalid("relayform", p.relayForm(c, r), err)
	}
	c.Flash(text.M("The relay has its place. Make a token, and enrol it with it."))
	return c.Redirect(relayHref(r.ID))
}

func (p *pages) relayToken(c *console.Context) error {
	token, err := p.s.RelayToken(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	d, err := p.s.RelayOf(c.Context(), c.Actor, c.Path("id"), "day")
	if err != nil {
		return err
	}
	c.Title(text.M("Token of %s", d.Label(c.Lang)))
	c.Crumb(text.M("Relays"), "/telemetry/relays")
	c.Crumb(text.Literal(d.Label(c.Lang)), relayHref(d.ID))
	to := p.o.Relays
	return c.Render("relaytoken", struct {
		Secret, Href, Enrol, Run string
		Until                    time.Time
	}{token.String(), relayHref(d.ID), "yagura relay enroll -data /var/lib/yagura-relay -to " + to, "yagura relay -data /var/lib/yagura-relay", d.Token})
}

func (p *pages) revokeRelay(c *console.Context) error {
	if err := p.s.RevokeRelay(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The relay is revoked: nothing is taken from it any more. What it delivered stays."))
	return c.Redirect(relayHref(c.Path("id")))
}
