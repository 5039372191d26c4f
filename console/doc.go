// Package console is the page shell: it gives every area's pages one frame –
// navigation, units, search, language, theme, errors, printing – and the parts
// they are made of, so that an area hands in data and words only. Pages work
// without JavaScript, carry no inline script or style, and read the same in
// English and Japanese.
//
// # An area's page
//
// In area/incident/web:
//
//	//go:embed views/*.html
//	var views embed.FS
//
//	func Area(s *incident.Service) console.Area {
//		w := web{s}
//		return console.Area{
//			Name: "incident", Views: views,
//			Nav: []console.NavItem{{Section: console.DetectRespond, Label: text.M("Incidents"), Href: "/incidents",
//				Icon: "bolt", Act: incident.Read, Order: 30, Jump: "i", Count: w.open}},
//			Pages: []console.Page{
//				{Method: "GET", Path: "/incidents", Act: incident.Read, Title: text.M("Incidents"), Handle: w.list},
//				{Method: "GET", Path: "/incidents/{id}", Act: incident.Read, Handle: w.show},
//				{Method: "POST", Path: "/incidents/{id}/contain", Act: incident.Respond, Handle: w.contain},
//			},
//		}
//	}
//
//	func (w web) show(c *console.Context) error {
//		inc, err := w.s.Show(c.Context(), c.Actor, c.Path("id"))
//		if err != nil {
//			return err // a fault becomes the right page; anything else "internal, reference X"
//		}
//		c.Title(text.Literal(inc.Number + " " + inc.Title))
//		c.Crumb(text.M("Incidents"), "/incidents")
//		return c.Render("show", inc)
//	}
//
//	func (w web) contain(c *console.Context) error {
//		id := c.Path("id")
//		if err := w.s.Contain(c.Context(), c.Actor, id, c.Value("note")); err != nil {
//			inc, _ := w.s.Show(c.Context(), c.Actor, id)
//			return c.Invalid("show", inc, err) // the form again, field by field; other errors pass through
//		}
//		c.Flash(text.M("The incident is contained."))
//		return c.Redirect("/incidents/" + id)
//	}
//
// views/show.html defines "main", and "actions" where the page has buttons
// beside its title. The data is .D; functions speak the reader's language and
// zone:
//
//	{{define "actions"}}<a class="button" href="/incidents/{{.D.Number}}/report">{{t "Printed report"}}</a>{{end}}
//	{{define "main"}}
//	<section class="card"><h2>{{t "State"}}</h2>
//	<dl class="facts"><div><dt>{{t "Severity"}}</dt><dd>{{severity .D.Severity}}</dd></div>
//	<div><dt>{{t "Opened"}}</dt><dd>{{when .D.Opened}}</dd></div></dl></section>
//	<form class="card form" method="post" action="/incidents/{{.D.Number}}/contain" data-confirm="{{t "Mark as contained?"}}">
//	{{textarea "note" (t "What stopped it") "" "required" true "hint" (t "One or two sentences for the timeline")}}
//	<div class="buttons"><button class="button primary">{{t "Contain"}}</button></div></form>
//	{{end}}
//
// # A list
//
// A List is declared once; filter, sort, paging by keyset and export to CSV and
// JSON follow from it, all in the URL:
//
//	var incidents = console.List[incident.Row]{
//		Name: "incidents", Caption: text.M("Incidents"), Sort: "-opened",
//		Columns: []console.Column[incident.Row]{
//			{Key: "number", Head: text.M("Number"), Sort: true,
//				Cell:  func(c *console.Context, r incident.Row) console.Cell { return console.Strong("/incidents/"+r.Number, r.Number) },
//				Value: func(r incident.Row) any { return r.Number }},
//			{Key: "opened", Head: text.M("Opened"), Sort: true, Value: func(r incident.Row) any { return r.Opened }},
//		},
//		Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "state", Label: text.M("State"), Options: states}},
//		At: func(r incident.Row, sort string) keyset.Position {
//			if sort == "number" {
//				return keyset.At(r.Number, r.ID)
//			}
//			return keyset.At(store.Millis(r.Opened), r.ID)
//		},
//	}
//
//	func (w web) list(c *console.Context) error {
//		return incidents.Serve(c, "list", func(q console.Query) ([]incident.Row, int, error) {
//			return w.s.List(c.Context(), c.Scope(incident.Read), incident.Filter{State: q.Get("state"), Text: q.Get("q"), Page: q.Page})
//		}, nil)
//	}
//
// In views/list.html, <section class="card">{{table .D.Table}}</section>; with
// the view "" the shell's own page does that. In the use case,
// keyset.Page.SQL turns q.Page into the predicate and ORDER BY … LIMIT.
//
// # Functions of the views
//
// Words: t "sentence" args…, say .Message. Numbers and times: num, percent part
// whole, bytes, when, date, ago, due, span, local. Marks: icon "bolt", severity,
// chip "warn" (t "Waiting"), meter part whole "good", copy, unit .ID (its name).
// Parts: table, figure, clock, work, chart, timeline, tabs, facts, empty, notice
// "info" (t "…"), cell. Fields: input, email, number, password, textarea, select,
// radios, checks, checkbox, datetime, dateof, file, hidden (see field). What the
// reader may do: can "incident.respond" .D.Unit, anywhere "incident.report".
// Addresses: url "/events" "q" .Q. An element that renews itself:
// <section id="queue" {{live "queue" 15}}>.
//
// Attributes: data-confirm="sentence" on a form or button asks first; class
// "danger" marks what cannot be undone. data-key="a" gives a link or button a
// key of its own, for the chosen row where it stands in one. A table or list of
// one's own takes part in j, k, Enter and x by data-rows. A form with a file has
// enctype="multipart/form-data" and its page a MaxBody.
//
// # Classes
//
// card (add wide, half, third inside <div class="grid">), form, buttons, button
// (primary, danger, small), facts, notice (good, warn, bad, info), dim, prose
// (text as written), cols (columns beside each other), sr-only (heard, not
// seen), scripted and unscripted (only with, only without JavaScript),
// print-only, no-print. /_gallery (Options.Gallery) shows all of them.
//
// # The palette
//
// Ctrl K asks GET /search?format=palette&q=…, which answers
// {"results":[{"title":"…","href":"/…","kind":"…"}]}.
package console
