package web

import (
	"net/url"
	"strings"
	"time"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

type sourceJSON struct {
	ID          string     `json:"id" doc:"Code of the source" example:"win-himeji"`
	Name        string     `json:"name" doc:"Name in English"`
	NameJA      string     `json:"name_ja,omitempty" doc:"Name in Japanese"`
	Kind        string     `json:"kind" doc:"What it is" example:"windows"`
	Unit        string     `json:"unit" doc:"Unit that owns it"`
	Product     string     `json:"product,omitempty" doc:"Log source for rules"`
	Category    string     `json:"category,omitempty" doc:"Log source for rules"`
	Service     string     `json:"service,omitempty" doc:"Log source for rules"`
	Networks    []string   `json:"networks,omitempty" doc:"Networks of its syslog senders"`
	Hosts       []string   `json:"hosts,omitempty" doc:"Names of its syslog senders"`
	Zone        string     `json:"zone,omitempty" doc:"IANA time zone of times without one"`
	SilentAfter int64      `json:"silent_after_seconds,omitempty" doc:"Alarm after so many seconds without an event; 0: none"`
	Class       string     `json:"class" doc:"Class by which its events are kept"`
	KeptFor     int64      `json:"kept_seconds,omitempty" doc:"How long events are kept that come from now on"`
	Masks       []string   `json:"masks,omitempty" doc:"Personal fields and patterns of values that are masked"`
	MaskMode    string     `json:"mask_mode,omitempty" enum:"pseudonym,removal" doc:"What becomes of personal values"`
	State       string     `json:"state" enum:"alive,silent,waiting,stopped" doc:"What it is doing"`
	LastSeen    *time.Time `json:"last_seen,omitempty" doc:"When something last came"`
	Day         countsJSON `json:"last_24h" doc:"Counters of the last 24 hours"`
}

type countsJSON struct {
	At         *time.Time `json:"at,omitempty" doc:"Beginning of the span"`
	Received   int64      `json:"received" doc:"All that came"`
	Journaled  int64      `json:"journaled" doc:"Acknowledged"`
	Stored     int64      `json:"stored" doc:"In the event store"`
	Unreadable int64      `json:"unreadable" doc:"Of them kept as they came"`
	Outside    int64      `json:"out_of_time" doc:"Of them filed under the time at which they came, since theirs was too long ago or could not be"`
	Dropped    int64      `json:"dropped" doc:"Lost on the way"`
	Refused    int64      `json:"refused" doc:"Told to come back"`
	Bytes      int64      `json:"bytes" doc:"As they came"`
}

type newSourceJSON struct {
	ID          string   `json:"id" doc:"Code of the source, a-z, 0-9 and hyphens" example:"win-himeji"`
	Name        string   `json:"name" doc:"Name in English"`
	NameJA      string   `json:"name_ja,omitempty" doc:"Name in Japanese"`
	Kind        string   `json:"kind" doc:"What it is" example:"windows"`
	Unit        string   `json:"unit" doc:"Unit that owns it"`
	Product     string   `json:"product,omitempty" doc:"Log source for rules"`
	Category    string   `json:"category,omitempty" doc:"Log source for rules"`
	Service     string   `json:"service,omitempty" doc:"Log source for rules"`
	Networks    []string `json:"networks,omitempty" doc:"Networks of its syslog senders"`
	Hosts       []string `json:"hosts,omitempty" doc:"Names of its syslog senders"`
	Zone        string   `json:"zone,omitempty" doc:"IANA time zone of times without one"`
	Class       string   `json:"class,omitempty" doc:"Class by which its events are kept; the standard one when not given"`
	Masks       []string `json:"masks,omitempty" doc:"Personal fields and patterns of values to be masked"`
	MaskMode    string   `json:"mask_mode,omitempty" enum:"pseudonym,removal" doc:"What becomes of personal values"`
	SilentAfter int64    `json:"silent_after_seconds,omitempty" doc:"Alarm after so many seconds without an event"`
}

type seriesJSON struct {
	Source sourceJSON   `json:"source" doc:"The source"`
	Step   int64        `json:"step_seconds" doc:"Length of a span"`
	Spans  []countsJSON `json:"spans" doc:"Counters over time, oldest first"`
}

type foundJSON struct {
	Items   []shown    `json:"items" doc:"Events, newest first"`
	Next    string     `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
	Total   int64      `json:"total" doc:"Hits among the events looked at"`
	Scanned int64      `json:"scanned" doc:"Events looked at"`
	Partial bool       `json:"partial" doc:"Older events of the range were not looked at"`
	Until   *time.Time `json:"until,omitempty" doc:"With partial: how far back was looked"`
	Why     string     `json:"why,omitempty" doc:"With partial: what kept the answer from being whole, where it was not the bounds of the question"`
}

type answerJSON struct {
	Columns []string   `json:"columns" doc:"Names of the columns, in the order in which they first occur"`
	Rows    [][]string `json:"rows" doc:"Values, one for each column; empty where there is none"`
	Partial bool       `json:"partial" doc:"There is more than the answer holds"`
	Why     string     `json:"why,omitempty" doc:"With partial: why, where it is not the number of rows"`
}

type healthJSON struct {
	Waiting   int64 `json:"waiting" doc:"Events in the journal that are not worked on yet"`
	Cap       int64 `json:"cap" doc:"How many may wait"`
	Bytes     int64 `json:"bytes" doc:"Their size, compressed"`
	CapBytes  int64 `json:"cap_bytes" doc:"How large they may be"`
	Full      bool  `json:"full" doc:"Senders are told to come back"`
	Away      bool  `json:"away" doc:"The event store does not answer; events wait in the journal"`
	Failing   int64 `json:"failing" doc:"Batches that could not be worked on so far"`
	Dropped   int64 `json:"kernel_dropped_24h" doc:"Datagrams the kernel dropped"`
	Unknown   int64 `json:"unknown_senders_24h" doc:"Senders of syslog that belong to no source"`
	Events    int64 `json:"events" doc:"Events kept"`
	EventSize int64 `json:"event_bytes" doc:"Size of the event store"`

	Classes []classJSON `json:"classes" doc:"The same by class of retention"`
}

type classJSON struct {
	Name   string     `json:"name" doc:"Name of the class"`
	Keep   int64      `json:"kept_seconds" doc:"How long its events are kept"`
	Events int64      `json:"events" doc:"Events kept"`
	Bytes  int64      `json:"bytes" doc:"Their size in the event store"`
	Oldest *time.Time `json:"oldest,omitempty" doc:"Time of the oldest of them"`
}

func (p *pages) routes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/telemetry/sources", Summary: "Sources of events with their counters of the last day", Act: telemetry.Read,
			Query: append(api.Paging("name", "id", "kind", "unit", "seen"), api.Param{Name: "state", Doc: "Only sources in this state", Enum: []string{"alive", "silent", "waiting", "stopped"}},
				api.Param{Name: "kind", Doc: "Only sources of this kind"}, api.Param{Name: "q", Doc: "In code or name"}),
			Out: api.List[sourceJSON]{}, Handle: p.apiSources},
		{Method: "POST", Path: "/telemetry/sources", Summary: "Connect a source", Act: telemetry.Manage, In: newSourceJSON{}, Out: sourceJSON{}, Handle: p.apiAdd},
		{Method: "GET", Path: "/telemetry/sources/{id}", Summary: "One source with its counters over time", Act: telemetry.Read,
			Query: []api.Param{{Name: "over", Doc: "Span of time; day when not given", Enum: []string{"hour", "day", "week", "quarter"}}}, Out: seriesJSON{}, Handle: p.apiSource},
		{Method: "GET", Path: "/telemetry/events", Summary: "Events of a range, newest first", Act: telemetry.Read,
			Doc: "The query is LogsQL as of VictoriaLogs, without pipes: User:=alice, CommandLine:whoami, Hashes:*, in any combination. Of every event are known host, source, unit, kind and problem. Time range and units are those of the call; no query looks beyond them.",
			Query: append(api.Paging(), api.Param{Name: "from", Doc: "RFC 3339, inclusive; a day before to when not given"}, api.Param{Name: "to", Doc: "RFC 3339, exclusive; now when not given"},
				api.Param{Name: "q", Doc: "LogsQL filter; every event when not given"},
				api.Param{Name: "source", Doc: "Code of a source"}, api.Param{Name: "unit", Doc: "Only of this unit and those below"}),
			Out: foundJSON{}, Handle: p.apiEvents},
		{Method: "GET", Path: "/telemetry/query", Summary: "Answer to a LogsQL query, row by row", Act: telemetry.Read,
			Doc: "As GET /telemetry/events, with pipes: error | stats by (host) count() n. Without any it is the fields of events, newest first. The answer has at most 10,000 rows and says when there are more.",
			Query: []api.Param{{Name: "q", Doc: "LogsQL query"}, {Name: "from", Doc: "RFC 3339, inclusive; a day before to when not given"}, {Name: "to", Doc: "RFC 3339, exclusive; now when not given"},
				{Name: "source", Doc: "Code of a source"}, {Name: "unit", Doc: "Only of this unit and those below"}},
			Out: answerJSON{}, Handle: p.apiQuery},
		{Method: "GET", Path: "/telemetry/events/{id}", Summary: "One event", Act: telemetry.Read, Out: shown{}, Handle: p.apiEvent},
		{Method: "GET", Path: "/telemetry/relays", Summary: "Relays with their last report and what they delivered in a day", Act: telemetry.Read,
			Query: append(api.Paging("name", "id", "unit", "seen"), api.Param{Name: "state", Doc: "Only relays in this state", Enum: []string{"silent", "waiting", "alive", "revoked"}},
				api.Param{Name: "q", Doc: "In code or name"}),
			Out: api.List[relayJSON]{}, Handle: p.apiRelays},
		{Method: "GET", Path: "/telemetry/relays/{id}", Summary: "One relay", Act: telemetry.Read, Out: relayJSON{}, Handle: p.apiRelay},
		{Method: "GET", Path: "/telemetry/health", Summary: "How full the journal is and what was lost", Act: telemetry.Read, Out: healthJSON{}, Handle: p.apiHealth},
	}
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func countsOf(n telemetry.Counts) countsJSON {
	return countsJSON{At: when(n.At), Received: n.Received(), Journaled: n.Journaled, Stored: n.Stored, Unreadable: n.Unreadable, Outside: n.Outside, Dropped: n.Dropped, Refused: n.Refused, Bytes: n.Bytes}
}

func (p *pages) sourceOf(r telemetry.SourceRow, now time.Time) sourceJSON {
	s := sourceJSON{ID: r.ID, Name: r.Name, NameJA: r.NameJA, Kind: string(r.Kind), Unit: r.Unit, Class: r.ClassName(), KeptFor: int64(p.s.KeptFor(r.Source) / time.Second), Masks: r.Masks, MaskMode: string(r.MaskMode), Product: r.Product, Category: r.Category, Service: r.Service,
		Hosts: r.Hosts, Zone: r.Zone, SilentAfter: int64(r.SilentAfter / time.Second), State: string(r.StateAt(now)), LastSeen: when(r.LastSeen), Day: countsOf(r.Day)}
	s.Day.At = nil
	for _, n := range r.Networks {
		s.Networks = append(s.Networks, n.String())
	}
	return s
}

func (p *pages) apiSources(c *api.Context) (any, error) {
	page, err := c.Page("name")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.Sources(c.Context(), c.Actor.Scope(telemetry.Read), telemetry.SourceFilter{Kind: telemetry.Kind(c.Query("kind")),
		State: telemetry.State(c.Query("state")), Text: c.Query("q"), Page: page})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, rows, func(r telemetry.SourceRow) keyset.Position {
		switch page.Sort {
		case "seen":
			return keyset.At(store.Millis(r.LastSeen), r.ID)
		case "unit":
			return keyset.At(r.Unit, r.ID)
		case "kind":
			return keyset.At(string(r.Kind), r.ID)
		case "id":
			return keyset.At(r.ID, r.ID)
		}
		return keyset.At(r.Name, r.ID)
	}, func(r telemetry.SourceRow) sourceJSON { return p.sourceOf(r, c.Now) }), nil
}

func (p *pages) apiAdd(c *api.Context) (any, error) {
	in := api.In[newSourceJSON](c)
	s := telemetry.Source{ID: in.ID, Name: in.Name, NameJA: in.NameJA, Kind: telemetry.Kind(in.Kind), Unit: in.Unit, Product: in.Product, Category: in.Category,
		Service: in.Service, Hosts: telemetry.ParseHosts(strings.Join(in.Hosts, "\n")), Zone: in.Zone, SilentAfter: time.Duration(in.SilentAfter) * time.Second,
		Class: in.Class, Masks: telemetry.ParseMasks(strings.Join(in.Masks, "\n")), MaskMode: telemetry.MaskMode(in.MaskMode)}
	var err error
	if s.Networks, err = telemetry.ParseNetworks(strings.Join(in.Networks, "\n")); err != nil {
		return nil, err
	}
	if err := p.s.Add(c.Context(), c.Actor, s); err != nil {
		return nil, err
	}
	d, err := p.s.Source(c.Context(), c.Actor, s.ID, "day")
	return p.sourceOf(d.SourceRow, c.Now), err
}

func (p *pages) apiSource(c *api.Context) (any, error) {
	over := c.Query("over")
	if over == "" {
		over = "day"
	}
	d, err := p.s.Source(c.Context(), c.Actor, c.Path("id"), over)
	if err != nil {
		return nil, err
	}
	out := seriesJSON{Source: p.sourceOf(d.SourceRow, c.Now), Step: int64(d.Step / time.Second), Spans: []countsJSON{}}
	for _, n := range d.Series {
		out.Spans = append(out.Spans, countsOf(n))
	}
	return out, nil
}

// apiAsk reads range, query and source.
func apiAsk(c *api.Context) (a ask, bad []fault.Field) {
	v := c.R.URL.Query()
	a = ask{Text: v.Get("q"), Source: v.Get("source")}
	if len(a.Text) > telemetry.MaxText {
		bad = append(bad, fault.F("q", "The query is longer than %d characters", telemetry.MaxText))
	}
	var err error
	if a.From, err = moment(v.Get("from"), time.UTC); err != nil {
		bad = append(bad, fault.F("from", "A date and time such as 2026-11-23 18:30 is needed here"))
	}
	if a.To, err = moment(v.Get("to"), time.UTC); err != nil {
		bad = append(bad, fault.F("to", "A date and time such as 2026-11-23 18:30 is needed here"))
	}
	if a.To.IsZero() {
		a.To = c.Now.Add(time.Minute)
	}
	if a.From.IsZero() {
		a.From = a.To.Add(-24 * time.Hour)
	}
	return a, bad
}

// maxAnswer is how many rows an answer to a program has.
const maxAnswer = 10_000

func (p *pages) apiQuery(c *api.Context) (any, error) {
	a, bad := apiAsk(c)
	if len(bad) > 0 {
		return nil, fault.Invalid(bad...)
	}
	q := a.query()
	q.Text = a.Text
	t, err := p.s.Rows(c.Context(), c.Actor, c.Query("unit"), q, maxAnswer)
	if err != nil {
		return nil, err
	}
	t = ordered(a.Text, t)
	return answerJSON{Columns: filled(t.Columns), Rows: filled(t.Rows), Partial: t.Partial, Why: t.Why.String()}, nil
}

// filled is never null in JSON.
func filled[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

func (p *pages) apiEvents(c *api.Context) (any, error) {
	a, bad := apiAsk(c)
	page, err := c.Page("")
	if err != nil {
		return nil, err
	}
	if page.After != nil {
		batch, n, ok := telemetry.ParseID(page.After.ID)
		at, isInt := page.After.Value.(int64)
		if !ok || !isInt {
			bad = append(bad, fault.F("cursor", "This page mark cannot be read; start again from the first page"))
		}
		a.after = &telemetry.Position{Time: at, Batch: batch, Ordinal: n}
	}
	if len(bad) > 0 {
		return nil, fault.Invalid(bad...)
	}
	q := a.query()
	q.Limit = page.Limit
	res, err := p.s.Search(c.Context(), c.Actor, c.Query("unit"), q, telemetry.SurveyOptions{})
	if err != nil {
		return nil, err
	}
	out := foundJSON{Items: make([]shown, 0, len(res.Events)), Total: res.Total, Scanned: res.Scanned, Partial: res.Partial, Until: when(res.Until), Why: res.Why.String()}
	for _, e := range res.Events {
		out.Items = append(out.Items, show(e))
	}
	if res.More && len(res.Events) > 0 {
		last := res.Events[len(res.Events)-1]
		out.Next = keyset.At(last.At().Time, last.ID()).String()
	}
	return out, nil
}

func (p *pages) apiEvent(c *api.Context) (any, error) {
	id, err := url.PathUnescape(c.Path("id"))
	if err != nil {
		id = c.Path("id")
	}
	e, err := p.s.Event(c.Context(), c.Actor, id)
	if err != nil {
		return nil, err
	}
	return show(e), nil
}

func (p *pages) apiHealth(c *api.Context) (any, error) {
	h, err := p.s.Health(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	out := healthJSON{Waiting: h.Waiting, Cap: h.CapEvents, Bytes: h.Size, CapBytes: h.CapBytes, Full: h.Full, Away: h.Away, Failing: h.Failing, Dropped: h.Dropped,
		Unknown: h.Unknown, Events: h.Events.Events, EventSize: h.Events.Bytes, Classes: []classJSON{}}
	for _, k := range h.Events.Classes {
		out.Classes = append(out.Classes, classJSON{Name: k.Name, Keep: int64(k.Keep / time.Second), Events: k.Events, Bytes: k.Bytes, Oldest: when(k.Oldest)})
	}
	return out, nil
}
