package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yagura/area/detect"
	"yagura/area/detect/story"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

func storyHref(id string) string { return "/detect/stories/" + url.PathEscape(id) }

// tactic is the word for a tactic of ATT&CK.
func tactic(slug string) text.Message {
	switch slug {
	case "reconnaissance":
		return text.M("Reconnaissance")
	case "resource-development":
		return text.M("Resource development")
	case "initial-access":
		return text.M("Initial access")
	case "execution":
		return text.M("Execution")
	case "persistence":
		return text.M("Persistence")
	case "privilege-escalation":
		return text.M("Privilege escalation")
	case "stealth":
		return text.M("Stealth")
	case "defense-impairment":
		return text.M("Defense impairment")
	case "credential-access":
		return text.M("Credential access")
	case "discovery":
		return text.M("Discovery")
	case "lateral-movement":
		return text.M("Lateral movement")
	case "collection":
		return text.M("Collection")
	case "command-and-control":
		return text.M("Command and control")
	case "exfiltration":
		return text.M("Exfiltration")
	case "inhibit-response-function":
		return text.M("Inhibit response function")
	case "impair-process-control":
		return text.M("Impair process control")
	case "impact":
		return text.M("Impact")
	}
	return text.Literal(slug)
}

func tactics(c *console.Context, s story.Set) []string {
	var words []string
	for _, slug := range s.Names() {
		words = append(words, c.Say(tactic(slug)))
	}
	return words
}

func kindLabel(kind string) text.Message {
	switch kind {
	case story.Host:
		return text.M("Host")
	case story.User:
		return text.M("User")
	case story.Address:
		return text.M("Address§network")
	case story.Hash:
		return text.M("File by its hash")
	case story.Process:
		return text.M("Process")
	}
	return text.Literal(kind)
}

type storyRow struct {
	detect.Story
	units    string
	risk     float64
	reached  []string
	furthest string
}

func (p *pages) storyList() console.List[storyRow] {
	return console.List[storyRow]{Name: "stories", Caption: text.M("Stories"), Sort: "-level",
		Columns: []console.Column[storyRow]{
			{Key: "number", Head: text.M("Number"), Sort: true,
				Cell:  func(_ *console.Context, r storyRow) console.Cell { return console.Strong(storyHref(r.ID), r.ID) },
				Value: func(r storyRow) any { return r.ID }},
			{Key: "level", Head: text.M("Level"), Sort: true, Cell: func(_ *console.Context, r storyRow) console.Cell { return level(r.Level) }, Value: func(r storyRow) any { return r.Level.String() }},
			{Key: "title", Head: text.M("Gravest alert"),
				Cell: func(c *console.Context, r storyRow) console.Cell {
					return console.Stack(console.Text(r.Title.In(c.Lang)), console.Text(r.Subject))
				},
				Value: func(r storyRow) any { return text.Literal(r.Title.EN) }},
			{Key: "alerts", Head: text.M("Alerts"), Sort: true, Num: true,
				Cell: func(c *console.Context, r storyRow) console.Cell {
					if r.Open == 0 {
						return console.Num(r.Alerts)
					}
					return console.Stack(console.Num(r.Alerts), console.Say(text.M("%d open§alerts", r.Open)))
				}, Value: func(r storyRow) any { return r.Alerts }},
			{Key: "tactics", Head: text.M("Tactics reached"),
				Cell: func(_ *console.Context, r storyRow) console.Cell {
					if len(r.reached) == 0 {
						return console.Text("")
					}
					return console.Stack(console.Text(r.furthest), console.Say(text.M("%d tactics", len(r.reached))))
				},
				Value: func(r storyRow) any { return strings.Join(r.Tactics.Names(), " ") }},
			{Key: "unit", Head: text.M("Unit"), Cell: func(_ *console.Context, r storyRow) console.Cell { return console.Text(r.units) }, Value: func(r storyRow) any { return strings.Join(r.Units, " ") }},
			{Key: "risk", Head: text.M("Risk"), Sort: true, Num: true, Cell: func(_ *console.Context, r storyRow) console.Cell { return console.Text(score(r.risk)) }, Value: func(r storyRow) any { return r.risk }},
			{Key: "last", Head: text.M("Last hit"), Sort: true, Cell: func(_ *console.Context, r storyRow) console.Cell { return console.Ago(r.Last) }, Value: func(r storyRow) any { return r.Last }},
			{Key: "first", Head: text.M("First hit"), ExportOnly: true, Value: func(r storyRow) any { return r.First }},
			{Key: "open", Head: text.M("Open alerts"), ExportOnly: true, Value: func(r storyRow) any { return r.Open }},
		},
		Filters: []console.Filter{
			{Name: "least", Label: text.M("Level"), Options: leastOptions()},
		},
		At:    func(r storyRow, sort string) keyset.Position { return detect.StoryAt(r.Story, sort) },
		Empty: console.Empty{Title: text.M("No stories"), Body: text.M("No alerts in the units that you may see belong together."), Action: text.M("All alerts"), Href: "/detect/alerts"}}
}

func leastOptions() []console.Option {
	var os []console.Option
	for _, l := range detect.Levels[:3] {
		os = append(os, console.Option{Value: l.String(), Label: text.M("%s or above", l.Label())})
	}
	return os
}

func (p *pages) storyRow(c *console.Context, x detect.Story) storyRow {
	r := storyRow{Story: x, risk: p.s.ScoreOf(x.Risk), reached: tactics(c, x.Tactics)}
	if n := len(r.reached); n > 0 {
		r.furthest = r.reached[n-1]
	}
	r.units = c.UnitLabel(x.Units[0])
	if n := len(x.Units); n > 1 {
		r.units = c.T("%s and %d more", r.units, n-1)
	}
	return r
}

func (p *pages) stories(c *console.Context) error {
	x, err := p.extra(c, "/detect/stories")
	if err != nil {
		return err
	}
	state := c.Query("state")
	parts := suppressionsExtra{Tabs: x.Tabs}
	for _, s := range []struct {
		value string
		label text.Message
	}{{"", text.M("With open alerts")}, {"closed", text.M("Decided§story")}, {"all", text.M("All§stories")}} {
		href := "/detect/stories"
		if s.value != "" {
			href += "?state=" + s.value
		}
		parts.Parts = append(parts.Parts, console.Tab{Label: s.label, Href: href, Current: s.value == state})
	}
	return p.storyList().Serve(c, "stories", func(q console.Query) ([]storyRow, int, error) {
		f := detect.StoryFilter{State: state, Least: q.Get("least"), Page: q.Page}
		if state == "" {
			f.State = "open"
		}
		xs, total, err := p.s.Stories(c.Context(), c.Scope(detect.Read), f)
		rows := make([]storyRow, 0, len(xs))
		for _, x := range xs {
			rows = append(rows, p.storyRow(c, x))
		}
		return rows, total, err
	}, parts)
}

// storyPage is the page of a story.
type storyPage struct {
	detect.StoryDetail
	Chart   chart.Chart
	Members console.Table
	Shared  console.Table
	Facts   []console.Fact
	Reasons []console.Option
	Persons []console.Option
	Tactics []string
	Seen    int64
	Decide  bool
	Cut     bool
	Subject string
}

// Href is an address of the story's.
func (v storyPage) Href(rest string) string { return storyHref(v.ID) + rest }

// Containing is the address of the form by which the user of its gravest alert
// that has one is locked out; empty where none has.
func (v storyPage) Containing() string {
	var of *detect.Alert
	for i, a := range v.StoryDetail.Members {
		if a.User != "" && (of == nil || a.Level > of.Level) {
			of = &v.StoryDetail.Members[i]
		}
	}
	if of == nil {
		return ""
	}
	return containing(of.ID, of.User, of.Incident)
}

// LevelCell shows the level.
func (v storyPage) LevelCell() console.Cell { return level(v.Level) }

// lane is what an alert of a story stands beside: its host, else its user, else
// what else it is about.
func lane(c *console.Context, a detect.Alert) string {
	switch {
	case a.Host != "":
		short, _, _ := strings.Cut(a.Host, ".")
		return short
	case a.User != "":
		if _, name := story.Cut(story.UserKey(a.User)); name != "" {
			return name
		}
		return a.User
	}
	if s := a.Subject(); s != "" {
		return s
	}
	return c.UnitLabel(a.Unit)
}

func severityClass(l detect.Level) string {
	if l == detect.Informational {
		return "none"
	}
	return l.String()
}

func (p *pages) loadStory(c *console.Context) (v storyPage, err error) {
	d, err := p.s.ShowStory(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return v, err
	}
	c.Crumb(text.M("Detection"), "/detect")
	c.Crumb(text.M("Stories"), "/detect/stories")
	title := d.Title.In(c.Lang)
	c.Title(text.Literal(d.ID + " " + title))
	v = storyPage{StoryDetail: d, Reasons: reasonOptions(), Tactics: tactics(c, d.Story.Tactics), Seen: c.Now.UnixMilli(), Decide: d.Triage && d.Open > 0,
		Cut: int64(len(d.Members)) < d.Alerts, Subject: d.Story.Subject}
	line := chart.Storyline{Title: text.M("What happened when, by host and user"),
		Desc: text.M("%d alerts from %s to %s; the lines lead to each further host or user", len(d.Members), c.Local(d.First), c.Local(d.Last)), Zone: c.Zone, LaneHead: text.M("Host or user"), MarkHead: text.M("What fired")}
	members := console.NewTable(text.M("Alerts of the story"), text.M("Number"), text.M("First hit"), text.M("Level"), text.M("What fired"), text.M("Unit"))
	for _, a := range d.Members {
		reached := tactics(c, a.Tactics)
		line.Marks = append(line.Marks, chart.Mark{Lane: lane(c, a), At: a.First, Label: a.Title.In(c.Lang), Level: severityClass(a.Level), Word: c.Say(a.Level.Label()), Reached: reached, Href: alertHref(a.ID)})
		members.Row(console.Stack(console.Strong(alertHref(a.ID), a.ID), console.Chip(stateTone(a.State), a.State.Label())), console.When(a.First), level(a.Level), console.Stack(console.Text(a.Title.In(c.Lang)), console.Text(a.Subject()), console.Text(strings.Join(reached, ", "))),
			console.Text(c.UnitLabel(a.Unit)))
	}
	v.Chart, v.Members = line, *members
	v.Members.Paged, v.Members.Total, v.Members.From, v.Members.To = true, int(d.Alerts), min(1, len(d.Members)), len(d.Members)
	shared := console.NewTable(text.M("What joins them"), text.M("Value"), text.M("Kind"), text.M("Alerts"))
	for _, s := range d.Shared {
		shared.Row(console.Text(s.Value), console.Say(kindLabel(s.Kind)), console.Num(int64(s.Alerts)))
	}
	v.Shared = *shared
	for _, h := range d.Holders {
		if h.ID != c.Actor.Person {
			v.Persons = append(v.Persons, console.Option{Value: h.ID, Label: text.Literal(h.Label(c.Lang))})
		}
	}
	v.Facts = p.storyFacts(c, d)
	return v, nil
}

func (p *pages) storyFacts(c *console.Context, d detect.StoryDetail) []console.Fact {
	var units, incidents []console.Cell
	for _, u := range d.Units {
		units = append(units, console.Text(c.UnitLabel(u)))
	}
	var seen []string
	for _, a := range d.Members {
		if a.Incident != "" && !slices.Contains(seen, a.Incident) {
			seen = append(seen, a.Incident)
			incidents = append(incidents, console.Link("/incidents/"+url.PathEscape(a.Incident), a.Incident))
		}
	}
	fs := []console.Fact{{Label: text.M("First hit"), Value: console.When(d.First)}, {Label: text.M("Last hit"), Value: console.When(d.Last)},
		{Label: text.M("Alerts"), Value: console.Num(d.Alerts)}, {Label: text.M("Open alerts"), Value: console.Num(d.Open)}, {Label: text.M("Units"), Value: console.Stack(units...)}}
	if len(incidents) > 0 {
		fs = append(fs, console.Fact{Label: text.M("Incident"), Value: console.Stack(incidents...)})
	}
	if d.Risk > 0 {
		fs = append(fs, console.Fact{Label: text.M("Greatest risk"), Value: console.Text(score(p.s.ScoreOf(d.Risk)))})
	}
	return fs
}

func (p *pages) story(c *console.Context) error {
	v, err := p.loadStory(c)
	if err != nil {
		return err
	}
	if v.ID != c.Path("id") { // it became part of another
		return c.Redirect(storyHref(v.ID))
	}
	return c.Render("story", v)
}

// onStory does one thing with all open alerts of a story that the reader sees.
func (p *pages) onStory(do string) func(*console.Context) error {
	return func(c *console.Context) error {
		seen, err := seenAt(c)
		if err != nil {
			return err
		}
		b := detect.Bulk{Do: do, Stories: []string{c.Path("id")}, Seen: seen, Person: c.Value("person"), Reason: detect.Reason(c.Value("reason")), Note: c.Value("note"),
			Title: c.Value("title"), Words: c.Value("description")}
		out, err := p.s.Act(c.Context(), c.Actor, b)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				return err
			}
			v, bad := p.loadStory(c)
			if bad != nil {
				return bad
			}
			return c.Invalid("story", v, err)
		}
		p.report(c, do, out)
		if out.Incident != "" {
			return c.Redirect("/incidents/" + url.PathEscape(out.Incident))
		}
		return c.Redirect(storyHref(c.Path("id")))
	}
}

// report says what came of an act, honestly.
func (p *pages) report(c *console.Context, do string, out detect.Outcome) {
	done, changed := len(out.Done), len(out.Changed)
	if changed > 0 {
		c.Warn(text.M("%d done, %d had changed meanwhile and were left alone: %s", done, changed, some(out.Changed)))
		if out.Incident != "" {
			c.Flash(text.M("Incident %s was made of %d alerts.", out.Incident, done))
		}
		return
	}
	switch do {
	case detect.DoAssign:
		switch {
		case c.Value("person") != "" && c.Value("person") != c.Actor.Person:
			c.Flash(text.M("%d alerts are assigned.", done))
		case done == 1:
			c.Flash(text.M("%s is yours.", out.Done[0]))
		default:
			c.Flash(text.M("%d alerts are yours.", done))
		}
	case detect.DoDismiss:
		c.Flash(text.M("%d alerts are dismissed.", done))
	case detect.DoRaise:
		c.Flash(text.M("Incident %s was made of %d alerts.", out.Incident, done))
	}
}

// some are the first few of many numbers.
func some(ids []string) string {
	if len(ids) > 5 {
		return strings.Join(ids[:5], ", ") + " …"
	}
	return strings.Join(ids, ", ")
}

func score(v float64) string {
	if v < 0.5 {
		return ""
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}
