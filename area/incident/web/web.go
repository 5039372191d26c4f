// Package web shows incidents: the list, the page on which one is handled, the
// short form for reporting, the public form behind a signed link, the printed
// report, and the JSON API. Handlers parse, call the service and render.
package web

import (
	"embed"

	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/text"
)

//go:embed all:views
var views embed.FS

// pages is what all handlers share.
type pages struct {
	s     *incident.Service
	limit *console.Limiter
}

// Area is what the shell is handed.
func Area(s *incident.Service) console.Area {
	p := &pages{s: s, limit: console.NewLimiter()}
	get := func(path string, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "GET", Path: path, Act: incident.Read, Title: title, Handle: handle}
	}
	post := func(path string, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "POST", Path: path, Act: incident.Read, Title: title, Handle: handle}
	}
	do := func(path string, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "POST", Path: path, Act: incident.Respond, Title: title, Handle: handle}
	}
	one := text.M("Incident")
	area := console.Area{
		Name: "incident", Views: views,
		Nav: []console.NavItem{{Section: console.DetectRespond, Label: text.M("Incidents"), Href: "/incidents", Icon: "bolt", Act: incident.Read, Order: 30, Jump: "i", Count: p.openCount}},
		Pages: []console.Page{
			get("/incidents", text.M("Incidents"), p.list),
			{Method: "GET", Path: "/incidents/report", Act: incident.Report, Title: text.M("Report an incident"), Handle: p.reportForm},
			{Method: "POST", Path: "/incidents/report", Act: incident.Report, Title: text.M("Report an incident"), Handle: p.report},
			{Method: "GET", Path: "/incidents/reported", Title: text.M("What I reported"), Handle: p.mine},
			{Method: "GET", Path: "/incident-links", Act: incident.Linking, Title: text.M("Links for reporting"), Handle: p.links},
			{Method: "POST", Path: "/incident-links", Act: incident.Linking, Title: text.M("Links for reporting"), Handle: p.makeLink},
			{Method: "POST", Path: "/incident-links/{link}/end", Act: incident.Linking, Title: text.M("Links for reporting"), Handle: p.endLink},
			get("/incidents/{number}", one, p.detail),
			get("/incidents/{number}/print", one, p.print),
			get("/incidents/{number}/edit", text.M("Edit the incident"), p.editForm),
			do("/incidents/{number}/edit", text.M("Edit the incident"), p.edit),
			get("/incidents/{number}/step/{step}", one, p.stepForm),
			do("/incidents/{number}/step/{step}", one, p.step),
			get("/incidents/{number}/note", text.M("Correct an entry"), p.correctForm),
			do("/incidents/{number}/note", text.M("Write to the timeline"), p.note),
			do("/incidents/{number}/task", text.M("Add a task"), p.task),
			post("/incidents/{number}/task/{task}", text.M("Task"), p.taskDone),
			do("/incidents/{number}/observable", text.M("Add observables"), p.observe),
			{Method: "POST", Path: "/incidents/{number}/evidence", Act: incident.Respond, Title: text.M("Add evidence"), MaxBody: incident.LargestEvidence + 1<<20, Handle: p.keep},
			get("/incidents/{number}/evidence/{piece}", text.M("Evidence"), p.fetch),
			do("/incidents/{number}/evidence/{piece}", text.M("Hand evidence over"), p.passOn),
			do("/incidents/{number}/lead", text.M("Choose who leads"), p.lead),
			do("/incidents/{number}/people", text.M("Add a participant"), p.invite),
			do("/incidents/{number}/people/{person}", text.M("Participants"), p.release),
			do("/incidents/{number}/handover", text.M("Offer to another team"), p.handOver),
			do("/incidents/{number}/handover/{offer}", text.M("Offer§noun"), p.answer),
			{Method: "GET", Path: "/report/{token}", Public: true, Bare: true, Title: text.M("Report a security incident"), Handle: p.publicForm},
			{Method: "POST", Path: "/report/{token}", Public: true, Bare: true, Title: text.M("Report a security incident"), Handle: p.publicReport},
			{Method: "GET", Path: "/report/status/{token}", Public: true, Bare: true, Title: text.M("Your report"), Handle: p.receipt},
			{Method: "POST", Path: "/report/status/{token}", Public: true, Bare: true, Title: text.M("Your report"), Handle: p.addToReceipt},
		},
		Commands: []console.Command{
			{Label: text.M("Report an incident"), Href: "/incidents/report", Icon: "plus", Act: incident.Report},
			{Label: text.M("Open incidents"), Href: "/incidents?state=open", Icon: "bolt", Act: incident.Read},
			{Label: text.M("What I reported"), Href: "/incidents/reported", Icon: "list", Act: incident.Report},
			{Label: text.M("Links for reporting"), Href: "/incident-links", Icon: "link", Act: incident.Linking},
		},
		API: p.routes(),
	}
	p.overview(&area)
	return area
}

func (p *pages) openCount(c *console.Context) (int, error) {
	return p.s.Count(c.Context(), c.Actor, c.Actor.Scope(incident.Read), incident.Filter{State: "open", Unit: c.Unit})
}

func tone(s incident.State) console.Tone {
	switch s {
	case incident.Reported:
		return console.Bad
	case incident.Triaged, incident.Confirmed:
		return console.Warn
	case incident.Contained, incident.Eradicated, incident.Recovered, incident.Reviewed:
		return console.Info
	case incident.Closed:
		return console.Good
	}
	return console.Plain
}

func tlpTone(t incident.TLP) console.Tone {
	switch t {
	case incident.Red:
		return console.Bad
	case incident.AmberStrict, incident.Amber:
		return console.Warn
	case incident.Green:
		return console.Good
	}
	return console.Plain
}

func stateOptions() []console.Option {
	opts := []console.Option{{Value: "open", Label: text.M("All open")}}
	for _, s := range incident.States {
		opts = append(opts, console.Option{Value: string(s), Label: s.Label()})
	}
	return opts
}

func severityOptions() (opts []console.Option) {
	for _, s := range incident.Severities {
		opts = append(opts, console.Option{Value: string(s), Label: s.Label()})
	}
	return opts
}

func tlpOptions() (opts []console.Option) {
	for _, t := range incident.TLPs {
		opts = append(opts, console.Option{Value: string(t), Label: text.M("TLP:%s – %s", string(t), t.Meaning())})
	}
	return opts
}

// classOptions are class and type in one choice, "class/type".
func classOptions(empty bool) (opts []console.Option) {
	if empty {
		opts = append(opts, console.Option{Label: text.M("Not decided yet")})
	}
	for _, c := range incident.Taxonomy {
		for _, t := range c.Types {
			opts = append(opts, console.Option{Value: c.Code + "/" + t.Code, Label: incident.ClassLabel(c.Code, t.Code)})
		}
	}
	return opts
}

func classOf(class, typ string) string {
	if class == "" {
		return ""
	}
	return class + "/" + typ
}
