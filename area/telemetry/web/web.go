// Package web shows telemetry: the explorer of events, one event whole, the
// sources with what they send, lose and hide, and how to connect one. It also
// serves the intake over HTTP and the JSON API. Handlers parse, call the
// service and render; every state of a page is in its address.
package web

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

//go:embed views/*.html
var views embed.FS

// SeenAlert is an alert that counts an event among its own.
type SeenAlert struct {
	Number   string
	Title    string
	Href     string
	Severity console.Severity
	At       time.Time
}

// Options are what the pages need beside the service; all may be empty.
type Options struct {
	// PublicURL is where senders reach this server, "https://yagura.example"; empty:
	// the address in the reader's browser.
	PublicURL string
	// Addresses of the syslog listeners as senders reach them, "yagura.example:514".
	SyslogUDP, SyslogTCP, SyslogTLS string
	// Addresses of the listeners for _bulk at the root and for OTLP over gRPC, and
	// whether they speak TLS.
	Elastic, OTLP string
	TLS           bool
	// Relays is where relays reach this server, "yagura.example:8425"; empty: they
	// do not.
	Relays string
	// Alerts are those that an event is part of and that the person may see.
	Alerts func(ctx context.Context, by authz.Actor, event string) ([]SeenAlert, error)
	// Rules says where a rule that is made of a search goes on: where it is written
	// as a draft and where it is run over stored events. Both take it as the form's
	// field "text"; empty: the person may not.
	Rules func(by authz.Actor) (write, backtest string)
	// Try is the address at which rules are tried on an event; "": not for this
	// reader.
	Try func(by authz.Actor, event string) string
	Log *slog.Logger
}

type pages struct {
	s *telemetry.Service
	o Options
}

// Area is what the shell is handed.
func Area(s *telemetry.Service, o Options) console.Area {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	p := &pages{s, o}
	get := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "GET", Path: path, Act: act, Title: title, Handle: handle}
	}
	post := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "POST", Path: path, Act: act, Title: title, Handle: handle}
	}
	one := text.M("Source§telemetry")
	area := console.Area{
		Name: "telemetry", Views: views,
		Nav: []console.NavItem{{Section: console.DetectRespond, Label: text.M("Telemetry"), Href: "/telemetry", Icon: "pulse", Act: telemetry.Read, Order: 10, Jump: "t", Count: p.silentCount}},
		Pages: []console.Page{
			get("/telemetry", telemetry.Read, text.M("Events"), p.explore),
			get("/telemetry/export", telemetry.Read, text.M("Events"), p.export),
			get("/telemetry/field", telemetry.Read, text.M("Field"), p.statistics),
			get("/telemetry/complete", telemetry.Read, text.M("Events"), p.complete),
			get("/telemetry/rule", telemetry.Read, text.M("A rule of this search"), p.ruleOf),
			post("/telemetry/searches", telemetry.Read, text.M("Saved searches"), p.saveSearch),
			post("/telemetry/searches/{id}/delete", telemetry.Read, text.M("Saved searches"), p.deleteSearch),
			get("/telemetry/events/{id}", telemetry.Read, text.M("Event"), p.event),
			get("/telemetry/sources", telemetry.Read, text.M("Sources"), p.list),
			get("/telemetry/sources/new", telemetry.Manage, text.M("Connect a source"), p.newForm),
			post("/telemetry/sources/new", telemetry.Manage, text.M("Connect a source"), p.add),
			get("/telemetry/sources/{id}", telemetry.Read, one, p.source),
			get("/telemetry/sources/{id}/edit", telemetry.Manage, text.M("Change the source"), p.editForm),
			post("/telemetry/sources/{id}/edit", telemetry.Manage, text.M("Change the source"), p.edit),
			post("/telemetry/sources/{id}/secret", telemetry.Secret, text.M("New token"), p.issue),
			post("/telemetry/sources/{id}/withdraw", telemetry.Secret, one, p.withdraw),
			post("/telemetry/sources/{id}/stop", telemetry.Manage, one, p.stop),
			post("/telemetry/sources/{id}/resume", telemetry.Manage, one, p.resume),
			get("/telemetry/relays", telemetry.Read, text.M("Relays"), p.relays),
			get("/telemetry/relays/new", telemetry.Secret, text.M("Add a relay"), p.newRelay),
			post("/telemetry/relays/new", telemetry.Secret, text.M("Add a relay"), p.addRelay),
			get("/telemetry/relays/{id}", telemetry.Read, text.M("Relay"), p.relay),
			post("/telemetry/relays/{id}/token", telemetry.Secret, text.M("Enrolment token"), p.relayToken),
			post("/telemetry/relays/{id}/revoke", telemetry.Secret, text.M("Relay"), p.revokeRelay),
		},
		Commands: []console.Command{
			{Label: text.M("Search events"), Href: "/telemetry", Icon: "search", Act: telemetry.Read},
			{Label: text.M("Silent sources"), Href: "/telemetry/sources?state=silent", Icon: "pulse", Act: telemetry.Read},
			{Label: text.M("Connect a source"), Href: "/telemetry/sources/new", Icon: "plus", Act: telemetry.Manage},
			{Label: text.M("Relays"), Href: "/telemetry/relays", Icon: "pulse", Act: telemetry.Read},
		},
		API: p.routes(),
	}
	p.overview(&area)
	return area
}

func (p *pages) silentCount(c *console.Context) (int, error) {
	return p.s.SilentCount(c.Context(), c.Scope(telemetry.Read))
}

// tabs lead between events, sources and relays.
func (p *pages) tabs(c *console.Context, here string) []console.Tab {
	silent, err := p.silentCount(c)
	if err != nil {
		silent = 0
	}
	relays, err := p.s.SilentRelays(c.Context(), c.Scope(telemetry.Read))
	if err != nil {
		relays = 0
	}
	return []console.Tab{
		{Label: text.M("Events"), Href: "/telemetry", Current: here == "events"},
		{Label: text.M("Sources"), Href: "/telemetry/sources", Current: here == "sources", Count: silent},
		{Label: text.M("Relays"), Href: "/telemetry/relays", Current: here == "relays", Count: relays},
	}
}

// overview hands in the number and the column of the first page.
func (p *pages) overview(a *console.Area) {
	definition := text.M("Sources of events that were heard within the time their owner set, of all that have such a time and are not stopped.")
	a.Tiles = []console.Tile{{Act: telemetry.Read, Order: 50, Figure: func(c *console.Context) (console.Figure, error) {
		sh, err := p.s.AliveShare(c.Context(), c.Scope(telemetry.Read))
		if err != nil {
			return console.Figure{}, err
		}
		f := console.Figure{Label: text.M("Sensors alive"), Value: c.Percent(float64(sh.Alive), float64(sh.All)), Unit: text.Literal("%"),
			Definition: definition, Href: "/telemetry/sources?state=silent", Tone: console.ToneOf(float64(sh.Alive), float64(sh.All), 0.98, 0.9)}
		if silent := sh.All - sh.Alive; silent > 0 {
			f.Note = text.M("%d of %d sources are silent", silent, sh.All)
		} else {
			f.Note = text.M("All %d sources are heard", sh.All)
		}
		return f, nil
	}}}
	a.Posture = []console.Measure{{Act: telemetry.Read, Order: 50, Label: text.M("Sensors alive"), Definition: definition, WarnBelow: 0.98, BadBelow: 0.9,
		Of: func(c *console.Context, units []string) (map[string]console.Share, error) {
			scopes := map[string]authz.Scope{}
			for _, u := range units {
				scopes[u] = c.Actor.Scope(telemetry.Read).Within(c.Actor.Units(), u)
			}
			shares, err := p.s.AliveShares(c.Context(), scopes)
			if err != nil {
				return nil, err
			}
			out := map[string]console.Share{}
			for u, sh := range shares {
				out[u] = console.Share{Part: float64(sh.Alive), Whole: float64(sh.All)}
			}
			return out, nil
		}}}
}

func tone(s telemetry.State) console.Tone {
	switch s {
	case telemetry.Alive:
		return console.Good
	case telemetry.Silent:
		return console.Bad
	case telemetry.Waiting:
		return console.Warn
	}
	return console.Plain
}
