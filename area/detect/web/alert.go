package web

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yagura/area/detect"
	"yagura/area/detect/correlate"
	"yagura/area/detect/sigma"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// shown is the page of an alert.
type shown struct {
	detect.Detail
	Description string
	Matched     []detect.Pair // of the sample shown
	Clauses     []clause
	Sample      *detect.Sample // the one shown
	Pretty      []line
	Others      console.Table
	Timeline    []console.Event
	Facts       []console.Fact
	Reasons     []console.Option
	Persons     []console.Option
	Risks       []console.Fact
	Given       string
	Explain     bool // the parts of the condition are shown at once
	FromRisk    bool // no rule raised it but the risk of its host or user
	HasOthers   bool
	Join        []console.Fact
	Parts       console.Table
	Mine        bool
	Title       string
	Approximate string // what is not exact about it
	Reaction    *reaction
}

// Tone is that of the state.
func (d shown) Tone() console.Tone { return stateTone(d.State) }

// LevelCell shows the level.
func (d shown) LevelCell() console.Cell { return level(d.Level) }

// Href is an address of the alert's.
func (d shown) Href(rest string) string { return alertHref(d.ID) + rest }

// Excluding is the address of the form for an exclusion.
func (d shown) Excluding() string { return "/detect/exclude?alert=" + url.QueryEscape(d.ID) }

// Containing is the address of the form by which its user is locked out.
func (d shown) Containing() string { return containing(d.ID, d.User, d.Incident) }

func containing(alert, user, incident string) string {
	return "/identity/contain?" + url.Values{"alert": {alert}, "person": {user}, "incident": {incident}}.Encode()
}

// Silencing is the address of the form for silence after it.
func (d shown) Silencing() string {
	return "/detect/suppress?kind=quiet&alert=" + url.QueryEscape(d.ID)
}

// StoryHref is the address of its story.
func (d shown) StoryHref() string { return storyHref(d.Story) }

// Samples as a row of links.
func (d shown) SampleTabs() []console.Tab {
	var ts []console.Tab
	for _, x := range d.Samples {
		ts = append(ts, console.Tab{Label: text.M("Event %d", x.N+1), Href: alertHref(d.ID) + "?sample=" + strconv.Itoa(x.N) + "#events", Current: d.Sample != nil && d.Sample.N == x.N})
	}
	return ts
}

// clause is a part of the rule's condition as it is shown.
type clause struct {
	Depth, Line  int
	Search, Text string
	Holds        bool
	Values       []string
	Missing      bool
}

// flat lists the parts of a condition that hold, or all of them.
func flat(k *sigma.Clause, depth int, out []clause) []clause {
	if k == nil {
		return out
	}
	words := k.Text
	switch words {
	case "and", "or", "not":
		words = strings.ToUpper(words)
	}
	c := clause{Depth: depth, Line: k.Line, Search: k.Search, Text: words, Holds: k.Holds}
	if len(k.Kids) == 0 && k.Field != "" {
		c.Values, c.Missing = k.Values, len(k.Values) == 0
	}
	out = append(out, c)
	if k.Holds && k.Text == "or" && len(k.Kids) > 6 { // of a long list only what was met
		for _, kid := range k.Kids {
			if kid.Holds {
				out = flat(kid, depth+1, out)
			}
		}
		return out
	}
	for i, kid := range k.Kids {
		if i == 40 {
			break
		}
		out = flat(kid, depth+1, out)
	}
	return out
}

// Pad is the class that moves a part in by its depth.
func (c clause) Pad() string { return "depth-" + strconv.Itoa(min(c.Depth, 6)) }

// line is a line of an event, cut where something in it is to be marked.
type line []piece

type piece struct {
	Text string
	Mark bool
}

// pretty sets an event out over lines and marks the values that made the rule
// match: whole values of their fields, and keywords wherever they stand.
func pretty(raw []byte, matched []detect.Pair) []line {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return []line{{{Text: string(raw)}}}
	}
	var lines []line
	for _, s := range strings.Split(b.String(), "\n") {
		lines = append(lines, marked(s, matched))
	}
	return lines
}

func marked(s string, matched []detect.Pair) line {
	name := ""
	if parts := strings.SplitN(strings.TrimSpace(s), `"`, 3); len(parts) == 3 && strings.HasPrefix(parts[2], ":") {
		name = strings.ToLower(strings.ReplaceAll(parts[1], " ", ""))
	}
	for _, m := range matched {
		if m.Value == "" {
			continue
		}
		field := strings.ToLower(m.Field[strings.LastIndexByte(m.Field, '.')+1:])
		if field != "" && name != "" && field != name {
			continue
		}
		quoted, _ := json.Marshal(m.Value)
		for _, v := range []string{string(quoted), m.Value, strings.Trim(string(quoted), `"`)} {
			from := 0
			if name != "" {
				from = strings.Index(s, `":`) + 2
			}
			if i := strings.Index(s[from:], v); i >= 0 {
				i += from
				return line{{s[:i], false}, {s[i : i+len(v)], true}, {s[i+len(v):], false}}
			}
		}
	}
	return line{{Text: s}}
}

func (p *pages) load(c *console.Context) (shown, error) {
	d, err := p.s.Get(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return shown{}, err
	}
	v := shown{Detail: d, Reasons: reasonOptions(), Mine: d.Assignee != "" && d.Assignee == c.Actor.Person, Title: d.Alert.Title.In(c.Lang)}
	c.Crumb(text.M("Detection"), "/detect")
	c.Title(text.Literal(d.ID + " " + v.Title))
	if d.Rule != nil {
		v.Description = d.Rule.Description.In(c.Lang)
	}
	if d.Approx != "" {
		v.Approximate = correlate.Approximate(d.Approx).In(c.Lang)
	}
	if d.Reacted {
		v.Reaction = reactionOf(c, d.Contained)
	}
	n, _ := strconv.Atoi(c.Query("sample"))
	for i := range d.Samples {
		if v.Sample == nil || d.Samples[i].N == n {
			v.Sample = &d.Samples[i]
		}
	}
	if v.Sample != nil {
		v.Matched = v.Sample.Matched
		if len(v.Sample.Raw) > 0 {
			v.Pretty = pretty(v.Sample.Raw, v.Sample.Matched)
		}
		x, err := p.s.Explain(c.Context(), c.Actor, d.ID, v.Sample.N)
		if err == nil {
			v.Clauses = flat(x.Tree, 0, nil)
		} else if !fault.Is(err, fault.KindNotFound) {
			return v, err
		}
	}
	others := console.NewTable(text.M("Other alerts of the same host or user"), text.M("Number"), text.M("Level"), text.M("What fired"), text.M("State"), text.M("First hit"))
	for _, o := range d.Others {
		others.Row(console.Strong(alertHref(o.ID), o.ID), level(o.Level), console.Stack(console.Text(o.Title.In(c.Lang)), console.Text(o.Subject())),
			console.Chip(stateTone(o.State), o.State.Label()), console.When(o.First))
	}
	v.Others, v.HasOthers = *others, len(d.Others) > 0
	for _, e := range d.History {
		v.Timeline = append(v.Timeline, console.Event{At: e.At, Who: who(c, d.People, e.Who), Title: e.Said, Body: e.Body})
	}
	v.Timeline = append(v.Timeline, console.Event{At: d.Raised, Who: c.T("The system"), Title: text.M("The rule fired and the alert was raised"), Tone: console.Warn, Icon: "eye"})
	for _, h := range d.Holders {
		if h.ID != d.Assignee {
			v.Persons = append(v.Persons, console.Option{Value: h.ID, Label: text.Literal(h.Label(c.Lang))})
		}
	}
	v.Facts = p.facts(c, v)
	v.Explain, v.FromRisk = c.Query("explain") != "", d.Alert.Rule == detect.RiskRule
	if v.FromRisk {
		v.Description = c.T("No single rule raised this: alerts of at least three tactics came together on one thing, and their points passed the limit. The risk shows which they were.")
	}
	risks, given, err := p.s.RisksOf(c.Context(), c.Actor, d.ID)
	if err != nil {
		return v, err
	}
	v.Given = score(given)
	for _, r := range risks {
		name := r.Name
		v.Risks = append(v.Risks, console.Fact{Label: text.Literal(name), Value: console.Stack(console.Trend(score(r.Score), r.Series, p.riskTone(r.Score)),
			console.Link(riskHref(r), c.T("%s: where it comes from", c.Say(change(r.Change)))))})
	}
	return v, nil
}

func (p *pages) facts(c *console.Context, v shown) []console.Fact {
	a := v.Alert
	fs := []console.Fact{{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(a.Unit))}}
	add := func(label text.Message, s string) {
		if s != "" {
			fs = append(fs, console.Fact{Label: label, Value: console.Text(s)})
		}
	}
	add(text.M("Host"), a.Host)
	add(text.M("User"), a.User)
	add(text.M("Program"), a.Image)
	for _, e := range a.Entity {
		if e.Value != "" && !slices.Contains([]string{a.Host, a.User, a.Image}, e.Value) {
			add(text.Literal(e.Field), e.Value)
		}
	}
	fs = append(fs, console.Fact{Label: text.M("First hit"), Value: console.When(a.First)}, console.Fact{Label: text.M("Last hit"), Value: console.When(a.Last)},
		console.Fact{Label: text.M("Hits"), Value: console.Num(a.Hits)})
	add(text.M("Assigned to"), who(c, v.People, a.Assignee))
	if a.Incident != "" {
		fs = append(fs, console.Fact{Label: text.M("Incident"), Value: console.Link("/incidents/"+url.PathEscape(a.Incident), a.Incident)})
	}
	if a.Reason != "" {
		fs = append(fs, console.Fact{Label: text.M("Reason"), Value: console.Say(a.Reason.Label())})
	}
	add(text.M("Decided by"), who(c, v.People, a.By))
	if a.Story != "" {
		fs = append(fs, console.Fact{Label: text.M("Story"), Value: console.Link(storyHref(a.Story), a.Story)})
	}
	add(text.M("Tactics"), strings.Join(tactics(c, a.Tactics), ", "))
	if a.Rule == detect.RiskRule {
		return append(fs, console.Fact{Label: text.M("Rule"), Value: console.Say(detect.RiskTitle())})
	}
	name := console.Text(a.Rule)
	if v.Rule != nil {
		name = console.Link(ruleHref(a.Rule), v.Rule.Title.In(c.Lang))
		add(text.M("Techniques"), strings.Join(v.Rule.Techniques(), ", "))
	}
	fs = append(fs, console.Fact{Label: text.M("Rule"), Value: name}, console.Fact{Label: text.M("Rule version"), Value: console.Code(a.Version)})
	if a.Source != "" {
		fs = append(fs, console.Fact{Label: text.M("Source§alert"), Value: console.Link("/telemetry/sources/"+url.PathEscape(a.Source), c.T("The source of its events"))})
	}
	return fs
}

func (p *pages) alert(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	return c.Render("alert", v)
}

// again shows the alert with what was posted.
func (p *pages) again(c *console.Context, err error) error {
	if !fault.Is(err, fault.KindInvalid) {
		return err
	}
	v, bad := p.load(c)
	if bad != nil {
		return bad
	}
	return c.Invalid("alert", v, err)
}

func (p *pages) assign(c *console.Context) error {
	if err := p.s.Assign(c.Context(), c.Actor, []string{c.Path("id")}, c.Value("person")); err != nil {
		return p.again(c, err)
	}
	c.Flash(text.M("Assigned."))
	return c.Redirect(alertHref(c.Path("id")))
}

func (p *pages) dismiss(c *console.Context) error {
	if err := p.s.Dismiss(c.Context(), c.Actor, []string{c.Path("id")}, detect.Reason(c.Value("reason")), c.Value("note")); err != nil {
		return p.again(c, err)
	}
	c.Flash(text.M("%s is dismissed.", c.Path("id")))
	return c.Redirect("/detect")
}

func (p *pages) raise(c *console.Context) error {
	number, err := p.s.Escalate(c.Context(), c.Actor, []string{c.Path("id")}, c.Value("title"), c.Value("description"))
	if err != nil {
		return p.again(c, err)
	}
	c.Flash(text.M("Incident %s was made of %s.", number, c.Path("id")))
	return c.Redirect("/incidents/" + url.PathEscape(number))
}

func (p *pages) reopen(c *console.Context) error {
	if err := p.s.Reopen(c.Context(), c.Actor, c.Path("id"), c.Value("why")); err != nil {
		return p.again(c, err)
	}
	c.Flash(text.M("The alert is open again and yours."))
	return c.Redirect(alertHref(c.Path("id")))
}
