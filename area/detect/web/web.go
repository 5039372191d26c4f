// Package web is the console's pages and the JSON API of detection.
package web

import (
	"embed"
	"net/url"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

//go:embed views/*.html
var views embed.FS

type pages struct{ s *detect.Service }

// Area is what the shell is handed.
func Area(s *detect.Service) console.Area {
	p := &pages{s}
	get := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "GET", Path: path, Act: act, Title: title, Handle: handle}
	}
	post := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: "POST", Path: path, Act: act, Title: title, Handle: handle}
	}
	a := console.Area{
		Name: "detect", Views: views,
		Nav: []console.NavItem{{Section: console.DetectRespond, Label: text.M("Detection"), Href: "/detect", Icon: "eye", Act: detect.Read, Order: 20, Jump: "d", Count: p.newCount}},
		Pages: []console.Page{
			get("/detect", detect.Read, text.M("Alerts to triage"), p.queue),
			post("/detect/bulk", detect.Triage, text.M("Alerts to triage"), p.bulk),
			get("/detect/alerts", detect.Read, text.M("All alerts"), p.alerts),
			get("/detect/alerts/{id}", detect.Read, text.M("Alert"), p.alert),
			post("/detect/alerts/{id}/assign", detect.Triage, text.M("Alert"), p.assign),
			post("/detect/alerts/{id}/dismiss", detect.Triage, text.M("Alert"), p.dismiss),
			post("/detect/alerts/{id}/raise", detect.Triage, text.M("Alert"), p.raise),
			post("/detect/alerts/{id}/reopen", detect.Triage, text.M("Alert"), p.reopen),
			post("/detect/undo", detect.Triage, text.M("Alerts to triage"), p.undo),
			get("/detect/stories", detect.Read, text.M("Stories"), p.stories),
			get("/detect/stories/{id}", detect.Read, text.M("Story"), p.story),
			post("/detect/stories/{id}/assign", detect.Triage, text.M("Story"), p.onStory(detect.DoAssign)),
			post("/detect/stories/{id}/dismiss", detect.Triage, text.M("Story"), p.onStory(detect.DoDismiss)),
			post("/detect/stories/{id}/raise", detect.Triage, text.M("Story"), p.onStory(detect.DoRaise)),
			get("/detect/risk", detect.Read, text.M("Risk"), p.risk),
			get("/detect/risk/of", detect.Read, text.M("Risk"), p.riskOf),
			get("/detect/risk/weights", detect.Read, text.M("Weights"), p.weights),
			post("/detect/risk/weights", detect.Exclude, text.M("Weights"), p.setWeight),
			get("/detect/suppressions", detect.Read, text.M("Suppressions"), p.suppressions),
			get("/detect/suppressions/{id}", detect.Read, text.M("Suppression"), p.suppression),
			post("/detect/suppressions/{id}/approve", detect.Exclude, text.M("Suppression"), approving(p.s.ApproveSuppression, suppressionHref)),
			post("/detect/suppressions/{id}/end", detect.Exclude, text.M("Suppression"), ending(p.s.EndSuppression, suppressionHref)),
			get("/detect/held", detect.Read, text.M("Alerts held back"), p.held),
			get("/detect/suppress", detect.Exclude, text.M("Suppress alerts"), p.suppressForm),
			post("/detect/suppress", detect.Exclude, text.M("Suppress alerts"), p.suppress),
			get("/detect/rules", detect.Read, text.M("Detection rules"), p.rules),
			post("/detect/rules", detect.Rules, text.M("Detection rules"), p.reload),
			get("/detect/rules/{id}", detect.Read, text.M("Rule"), p.rule),
			post("/detect/rules/{id}", detect.Rules, text.M("Rule"), p.setRule),
			get("/detect/correlations", detect.Read, text.M("Correlations"), p.joined),
			post("/detect/correlations", detect.Rules, text.M("Correlations"), p.setLateness),
			get("/detect/exclusions", detect.Read, text.M("Exclusions"), p.exclusions),
			get("/detect/exclusions/{id}", detect.Read, text.M("Exclusion"), p.exclusion),
			post("/detect/exclusions/{id}/approve", detect.Exclude, text.M("Exclusion"), approving(p.s.ApproveExclusion, exclusionHref)),
			post("/detect/exclusions/{id}/end", detect.Exclude, text.M("Exclusion"), ending(p.s.EndExclusion, exclusionHref)),
			get("/detect/exclude", detect.Exclude, text.M("Exclude from detection"), p.excludeForm),
			post("/detect/exclude", detect.Exclude, text.M("Exclude from detection"), p.exclude),
		},
		Commands: []console.Command{
			{Label: text.M("Alerts to triage"), Href: "/detect", Icon: "eye", Act: detect.Triage},
			{Label: text.M("Alerts assigned to me"), Href: "/detect?who=me", Icon: "user", Act: detect.Triage},
			{Label: text.M("Stories of alerts"), Href: "/detect/stories", Icon: "eye", Act: detect.Read},
			{Label: text.M("Hosts and persons at risk"), Href: "/detect/risk", Icon: "target", Act: detect.Read},
			{Label: text.M("Plan maintenance"), Href: "/detect/suppress?kind=window", Icon: "clock", Act: detect.Exclude},
			{Label: text.M("Detection rules"), Href: "/detect/rules", Icon: "target", Act: detect.Read},
			{Label: text.M("Exclude from detection"), Href: "/detect/exclude", Icon: "filter", Act: detect.Exclude},
		},
		API: append(p.routes(), p.storyRoutes()...),
	}
	a.Pages = append(a.Pages, p.lifePages()...)
	a.Commands = append(a.Commands, console.Command{Label: text.M("Write a rule"), Href: "/detect/write", Icon: "edit", Act: detect.Rules},
		console.Command{Label: text.M("Coverage"), Href: "/detect/coverage", Icon: "target", Act: detect.Read},
		console.Command{Label: text.M("Backtests"), Href: "/detect/backtests", Icon: "play", Act: detect.Read},
		console.Command{Label: text.M("Rule packs"), Href: "/detect/packs", Icon: "box", Act: detect.Read})
	a.API = append(a.API, p.lifeRoutes()...)
	p.overview(&a)
	return a
}

// newCount is the badge: alerts that nobody has taken up.
func (p *pages) newCount(c *console.Context) (int, error) {
	return p.s.Count(c.Context(), c.Actor.Scope(detect.Read), detect.Filter{State: string(detect.Untriaged)})
}

func alertHref(id string) string { return "/detect/alerts/" + url.PathEscape(id) }

func ruleHref(id string) string { return "/detect/rules/" + url.PathEscape(id) }

func exclusionHref(id string) string { return "/detect/exclusions/" + url.PathEscape(id) }

// tabs are the parts of detection.
func tabs(c *console.Context, at string, open int) []console.Tab {
	ts := []console.Tab{{Label: text.M("To triage"), Href: "/detect", Count: open}, {Label: text.M("Stories"), Href: "/detect/stories"}, {Label: text.M("Risk"), Href: "/detect/risk"},
		{Label: text.M("All alerts"), Href: "/detect/alerts"}, {Label: text.M("Suppressions"), Href: "/detect/suppressions"},
		{Label: text.M("Rules"), Href: "/detect/rules"}, {Label: text.M("Exclusions"), Href: "/detect/exclusions"}}
	for i := range ts {
		ts[i].Current = ts[i].Href == at
	}
	return ts
}

func level(l detect.Level) console.Cell {
	if l == detect.Informational {
		return console.Say(l.Label())
	}
	return console.Mark(console.Severity(l.String()))
}

func stateTone(s detect.State) console.Tone {
	switch s {
	case detect.Untriaged:
		return console.Warn
	case detect.Assigned:
		return console.Info
	case detect.Raised:
		return console.Bad
	}
	return console.Plain
}

func levelOptions() []console.Option {
	var os []console.Option
	for _, l := range detect.Levels {
		os = append(os, console.Option{Value: l.String(), Label: l.Label()})
	}
	return os
}

func reasonOptions() []console.Option {
	var os []console.Option
	for _, r := range detect.Reasons {
		os = append(os, console.Option{Value: string(r), Label: r.Label()})
	}
	return os
}

// who is a person's name; what did it by itself is named as such.
func who(c *console.Context, people map[string]authz.Person, id string) string {
	if p, ok := people[id]; ok {
		return p.Label(c.Lang)
	}
	if id == "" {
		return ""
	}
	if len(id) > 7 && id[:7] == "system:" {
		return c.T("The system")
	}
	return id
}
