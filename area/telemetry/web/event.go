package web

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/kernel/text"
)

// eventPage is one event whole.
type eventPage struct {
	Event    telemetry.Event
	Facts    []console.Fact
	Fields   []eventField
	Cut      bool // not all fields are shown
	Line     string
	Binary   bool // the original is not text
	Long     bool // the original is shown in part
	Size     int64
	Alerts   []SeenAlert
	Asked    bool // alerts are known here
	Around   string
	SameHost string
	Raw      string
	Problem  text.Message
	Filed    text.Message // why it is not found under its own time
	Try      string       // address at which rules are tried on it
	Masked   bool         // its source masks what is personal
}

type eventField struct {
	Name    string
	Value   string
	Find    string
	Exclude string
}

const (
	maxShownFields = 500
	maxShownLine   = 64 << 10
	maxShownValue  = 4096
)

func (p *pages) event(c *console.Context) error {
	e, err := p.s.Event(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if c.Query("format") == "raw" {
		c.Download("event-"+e.ID()+".txt", "application/octet-stream")
		_, err := c.W.Write(e.Line())
		return err
	}
	names := p.s.Names(c.Actor.Scope(telemetry.Read))
	source, masked := e.Source, false
	if s, ok := names[e.Source]; ok {
		source = s.Label(c.Lang)
		masked = s.MaskMode != telemetry.NoMask
	}
	c.Title(text.M("Event of %s", seconds(e.Time, c.Zone)))
	c.Crumb(text.M("Events"), "/telemetry")
	find := func(from, to time.Time, query string) string {
		return ask{From: from, To: to, Text: query, path: "/telemetry"}.href()
	}
	day := func(query string) string {
		return find(e.Stands().Add(-12*time.Hour), e.Stands().Add(12*time.Hour), query)
	}
	d := eventPage{Event: e, Around: find(e.Stands().Add(-5*time.Minute), e.Stands().Add(5*time.Minute), ""), Raw: eventHref(e.ID()) + "?format=raw", Size: int64(len(e.Line())), Masked: masked}
	host := console.Text("")
	if e.Host != "" {
		same := logsql.Is("host", e.Host)
		host = console.Link(day(same), e.Host)
		d.SameHost = find(e.Stands().Add(-5*time.Minute), e.Stands().Add(5*time.Minute), same)
	}
	d.Facts = []console.Fact{
		{Label: text.M("Time"), Value: console.Text(seconds(e.Time, c.Zone))},
		{Label: text.M("Received§event"), Value: console.Text(seconds(e.Received, c.Zone))},
		{Label: text.M("Source§telemetry"), Value: console.Link(sourceHref(e.Source), source)},
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(e.Unit))},
		{Label: text.M("Host"), Value: host},
		{Label: text.M("Looks like"), Value: console.Link(day(logsql.Is("kind", e.Kind)), e.Kind)},
		{Label: text.M("Name of the event"), Value: console.Code(e.ID())},
	}
	if !e.Filed.IsZero() {
		d.Filed = text.M("When this event came, it was older than events of its source are kept. It is found under the time at which it came, %s.", seconds(e.Filed, c.Zone))
		if !e.Happened().Equal(e.Time) {
			d.Filed = text.M("The clock of its sender is wrong: this event can't have happened at the time that it says. It is found under the time at which it came, %s.", seconds(e.Filed, c.Zone))
		}
	}
	if e.Problem != "" {
		d.Problem = text.Message{Key: e.Problem}
	} else {
		times := map[string]int{}
		telemetry.Flatten(e.Doc, func(name, _ string) bool {
			times[name]++
			return len(times) < maxShownFields
		})
		telemetry.Flatten(e.Doc, func(name, value string) bool {
			if name == "original" && e.Original != nil || name == "original_base64" {
				return true
			}
			if len(d.Fields) >= maxShownFields {
				d.Cut = true
				return false
			}
			f := eventField{Name: name, Value: value}
			if len(value) > maxShownValue {
				f.Value = strings.ToValidUTF8(value[:maxShownValue], "") + "…"
			} else if value != "" {
				is := logsql.Is(telemetry.FieldName(name), value)
				if times[name] > 1 { // one of a list, which is stored as one value
					is = logsql.Quote(telemetry.FieldName(name)) + ":" + strconv.Quote(value)
				}
				f.Find, f.Exclude = day(is), day("!"+is)
			}
			d.Fields = append(d.Fields, f)
			return true
		})
		slices.SortStableFunc(d.Fields, func(a, b eventField) int { return strings.Compare(a.Name, b.Name) })
	}
	line := e.Line()
	d.Binary = !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0
	if len(line) > maxShownLine {
		line, d.Long = line[:maxShownLine], true
	}
	d.Line = strings.ToValidUTF8(string(line), "\uFFFD")
	if p.o.Alerts != nil {
		d.Asked = true
		if d.Alerts, err = p.o.Alerts(c.Context(), c.Actor, e.ID()); err != nil {
			return err
		}
	}
	if p.o.Try != nil && e.Problem == "" {
		d.Try = p.o.Try(c.Actor, e.ID())
	}
	return c.Render("event", d)
}

// brief is the beginning of a line, as text.
func brief(b []byte, n int) string {
	s := strings.ToValidUTF8(string(b[:min(len(b), n)]), "\uFFFD")
	if len(b) > n {
		s += "…"
	}
	return s
}

// shown is an event as JSON for exports and the API: what we know of it beside
// the document as it is.
type shown struct {
	ID       string          `json:"id"`
	Time     time.Time       `json:"time"`
	Received time.Time       `json:"received"`
	Filed    *time.Time      `json:"filed,omitempty" doc:"Under which time it is found, where that is not its time, being longer ago than events are kept or not possible"`
	Source   string          `json:"source"`
	Unit     string          `json:"unit"`
	Host     string          `json:"host,omitempty"`
	Kind     string          `json:"kind"`
	Problem  string          `json:"problem,omitempty" doc:"Why it could not be read; event then holds it as text"`
	Event    json.RawMessage `json:"event" doc:"The event as one JSON object"`
	Original string          `json:"original,omitempty" doc:"The line as it came, where that is not the object"`
}

func show(e telemetry.Event) shown {
	s := shown{ID: e.ID(), Time: e.Time, Received: e.Received, Filed: when(e.Filed), Source: e.Source, Unit: e.Unit, Host: e.Host, Kind: e.Kind, Problem: e.Problem, Event: e.Doc}
	if !json.Valid(e.Doc) { // nested deeper than encoding/json goes
		s.Event, _ = json.Marshal(string(e.Doc))
	}
	if e.Original != nil {
		s.Original = strings.ToValidUTF8(string(e.Original), "\uFFFD")
	}
	return s
}
