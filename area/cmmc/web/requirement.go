package web

import (
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// requirementPage is a requirement at an enclave or a provider, objective by
// objective.
type requirementPage struct {
	Sys        cmmc.System
	Q          cmmc.RequirementState
	Tabs       []console.Tab
	Facts      []console.Fact
	Official   cmmc.Words
	Crossed    []beside
	Objectives []objectiveView
	Can        cmmc.Can
	Prev, Next string // requirements before and after
	Results    []console.Option
	Methods    []console.Option
	Exceptions []console.Option
	Claimed    bool   // said to be in place in part
	Own        string // what the posted form was about: an objective's letter
}

type beside struct {
	cmmc.Crosswalk
	Who  string
	Rows *console.Table
}

// objectiveView is one objective.
type objectiveView struct {
	cmmc.ObjectiveState
	Letter   string
	Href     string
	Official cmmc.Words
	Whose    text.Message
	Facts    []console.Fact
	Evidence *console.Table
	Signals  *console.Table
	Halves   *console.Table
	History  []console.Event
	Asked    bool // a result waits for a second person
	Mine     bool // and the reader is who proposed it
	Page     *requirementPage
}

// Tone and Word are the result of today.
func (o objectiveView) Tone() console.Tone { return resultTone(o.Live) }
func (o objectiveView) Word() text.Message { return cmmc.ResultLabel(o.Live) }

// Chosen, Method and the like are what the form of an objective begins with: what
// was said last.
func (o objectiveView) last() cmmc.Judgement {
	switch {
	case o.Proposal != nil:
		return *o.Proposal
	case o.Judgement != nil:
		return *o.Judgement
	}
	return cmmc.Judgement{}
}

func (o objectiveView) Chosen() string   { return string(o.last().Result) }
func (o objectiveView) Method() string   { return o.last().Method }
func (o objectiveView) Assessor() string { return o.last().Assessor }
func (o objectiveView) Notes() string    { return o.last().Notes }
func (o objectiveView) Reason() string   { return o.last().Reason }

// Exception is the one that was said; an empty one where there was none.
func (o objectiveView) Exception() score.Exception {
	if x := o.last().Exception; x != nil {
		return *x
	}
	return score.Exception{}
}

func (o objectiveView) ExceptionKind() string { return string(o.Exception().Kind) }

func (o objectiveView) Assignee() string {
	if o.Task == nil {
		return ""
	}
	return o.Task.Assignee
}

// DueDay is when the task is due, as a form has it.
func (o objectiveView) DueDay() string {
	if o.Task == nil {
		return ""
	}
	return dayText(o.Task.Due)
}

// Partial tells whether there is partial credit for the requirement.
func (v *requirementPage) Partial() bool { return v.Q.Requirement.Partial > 0 }

// requirementOf finds the requirement of the address in a detail.
func requirementOf(d cmmc.Detail, id string) (at cmmc.RequirementState, prev, next string, err error) {
	q := catalog.Find(id)
	found := false
	last := ""
	for _, f := range d.Families {
		for _, r := range f.Requirements {
			switch {
			case found && next == "":
				next = r.ID
			case q != nil && r.ID == q.ID:
				at, found, prev = r, true, last
			}
			last = r.ID
		}
	}
	if !found {
		err = fault.NotFound("There is no requirement %q here", id)
	}
	return at, prev, next, err
}

func (p *pages) requirementPage(c *console.Context) (v *requirementPage, err error) {
	d, err := p.detail(c)
	if err != nil {
		return v, err
	}
	v = &requirementPage{Sys: d.System, Can: d.Can, Tabs: systemTabs(d.System, "-")}
	if v.Q, v.Prev, v.Next, err = requirementOf(d, c.Path("requirement")); err != nil {
		return v, err
	}
	crumbs(c, d.System)
	c.Title(text.Literal(v.Q.CMMC + " " + v.Q.Topic.In(c.Lang)))
	src, err := p.s.Source(c.Context(), c.Actor, v.Q.Requirement)
	if err != nil {
		return v, err
	}
	v.Official = src.Words[v.Q.ID]
	if v.Partial() {
		if v.Claimed, err = p.s.Claimed(c.Context(), c.Actor, d.ID, v.Q.ID); err != nil {
			return v, err
		}
	}
	v.Facts = requirementFacts(c, v.Q)
	people, err := p.s.People(c.Context(), peopleOf(v.Q, src)...)
	if err != nil {
		return v, err
	}
	for _, b := range src.Crossed {
		v.Crossed = append(v.Crossed, beside{b.Crosswalk, who(c, people, b.SignedBy), linesTable(b.Rows)})
	}
	for _, o := range v.Q.Objectives {
		_, _, changes, err := p.s.Objective(c.Context(), c.Actor, d.ID, o.Name())
		if err != nil {
			return v, err
		}
		v.Objectives = append(v.Objectives, p.objective(c, d, o, src, changes, people))
	}
	for _, r := range []score.Result{score.Met, score.NotMet, score.NA, score.Unknown} {
		v.Results = append(v.Results, console.Option{Value: string(r), Label: cmmc.ResultLabel(r)})
	}
	v.Methods = []console.Option{{Label: text.M("Choose§option")}, {Value: "examine", Label: methodLabel("examine")}, {Value: "interview", Label: methodLabel("interview")}, {Value: "test", Label: methodLabel("test")}}
	v.Exceptions = []console.Option{{Label: text.M("None§choice")}, {Value: string(score.Enduring), Label: exceptionLabel(score.Enduring)}, {Value: string(score.Temporary), Label: exceptionLabel(score.Temporary)}, {Value: string(score.Adjudicated), Label: exceptionLabel(score.Adjudicated)}}
	for i := range v.Objectives {
		v.Objectives[i].Page = v
	}
	return v, nil
}

func (p *pages) requirement(c *console.Context) error {
	v, err := p.requirementPage(c)
	if err != nil {
		return err
	}
	return c.Render("requirement", v)
}

func methodLabel(m string) text.Message {
	switch m {
	case "examine":
		return text.M("Examine§method")
	case "interview":
		return text.M("Interview§method")
	case "test":
		return text.M("Test§method")
	}
	return text.Literal(m)
}

func exceptionLabel(k score.Kind) text.Message {
	switch k {
	case score.Enduring:
		return text.M("Enduring exception, described in the SSP")
	case score.Temporary:
		return text.M("Temporary deficiency, in an operational plan of action")
	}
	return text.M("Adjudicated by the DoD CIO")
}

func requirementFacts(c *console.Context, q cmmc.RequirementState) []console.Fact {
	fs := []console.Fact{{Label: text.M("State"), Value: console.Chip(stateTone(q.Live, q.Unknown), stateLabel(q.Live, q.Unknown))},
		{Label: text.M("As assessed"), Value: console.Chip(stateTone(q.Said, false), stateLabel(q.Said, false))}, {Label: text.M("Weight§requirement"), Value: weight(q.Requirement)}}
	if x := q.Deduction; x != nil {
		fs = append(fs, console.Fact{Label: text.M("Costs today"), Value: console.Stack(console.Text(cost(*x)), console.Text(x.Clause))}, console.Fact{Label: text.M("On a plan of action"), Value: verdict(*x)})
		for _, n := range x.Notes {
			fs = append(fs, console.Fact{Label: text.M("Note"), Value: console.Say(n)})
		}
	}
	if q.FAR != "" {
		fs = append(fs, console.Fact{Label: text.M("Level 1"), Value: console.Text(q.FAR)})
	}
	return fs
}

// peopleOf are all persons whose names the page shows.
func peopleOf(q cmmc.RequirementState, src cmmc.Source) (ids []string) {
	for _, b := range src.Crossed {
		ids = append(ids, b.SignedBy)
	}
	for _, o := range q.Objectives {
		for _, j := range []*cmmc.Judgement{o.Judgement, o.Proposal} {
			if j != nil {
				ids = append(ids, j.By, j.Reviewer)
			}
		}
		if o.Task != nil {
			ids = append(ids, o.Task.Assignee)
		}
		for _, e := range o.Evidence {
			ids = append(ids, e.By, e.Reviewer)
		}
	}
	return ids
}

func (p *pages) objective(c *console.Context, d cmmc.Detail, o cmmc.ObjectiveState, src cmmc.Source, changes []cmmc.Change, people map[string]authz.Person) objectiveView {
	v := objectiveView{ObjectiveState: o, Letter: catalog.Letter(o.Index), Official: src.Words[o.Name()], Href: d.Href() + "/" + catalog.Owner(o.Index).ID}
	v.Whose = text.M("Our own part")
	if len(o.Halves) > 0 {
		v.Whose = text.M("The provider's part")
		if o.Ours {
			v.Whose = text.M("Shared: met only when both halves are")
		}
	}
	add := func(label text.Message, cell console.Cell) {
		v.Facts = append(v.Facts, console.Fact{Label: label, Value: cell})
	}
	add(text.M("Today"), resultCell(o.Live))
	add(text.M("As assessed"), resultCell(o.Said))
	add(text.M("Responsibility"), console.Say(v.Whose))
	if j := o.Judgement; j != nil {
		said := []console.Cell{resultCell(j.Result)}
		if j.Method != "" {
			said = append(said, console.Say(methodLabel(j.Method)))
		}
		said = append(said, console.Text(strings.Join(nonempty(who(c, people, j.By), j.Assessor), ", ")), console.When(j.At))
		add(text.M("Result§own"), console.Stack(said...))
		if j.Reviewer != "" {
			add(text.M("Confirmed by"), console.Stack(console.Text(who(c, people, j.Reviewer)), console.When(j.Reviewed)))
		}
		if j.Reason != "" {
			add(text.M("Reason"), console.Text(j.Reason))
		}
		if j.Notes != "" {
			add(text.M("Notes"), console.Text(j.Notes))
		}
		if j.Exception != nil {
			add(text.M("Exception"), console.Say(exceptionLabel(j.Exception.Kind)))
		}
	}
	if !o.Why.IsZero() {
		add(text.M("Does not count as said"), console.Chip(console.Warn, o.Why))
	}
	if o.Task != nil {
		task := []console.Cell{console.Text(who(c, people, o.Task.Assignee))}
		if !o.Task.Due.IsZero() {
			task = append(task, console.Due(endOf(o.Task.Due)))
		}
		add(text.M("Assigned to"), console.Stack(task...))
	}
	if j := o.Proposal; j != nil {
		v.Asked, v.Mine = true, j.By == c.Actor.Person
		add(text.M("Waits for a second person"), console.Stack(resultCell(j.Result), console.Text(who(c, people, j.By)), console.When(j.At), console.Text(j.Notes)))
	}
	v.Evidence = evidenceTable(c, d.System, o.Evidence, people)
	v.Signals = signalTable(c, o.Signals)
	v.Halves = console.NewTable(text.M("Halves of providers"), text.M("Provider"), text.M("Part§share"), text.M("Today"), text.M("As assessed"))
	for _, h := range o.Halves {
		name := console.Text(h.Provider.Label(c.Lang))
		if h.Provider.Seen {
			name = console.Link(cmmc.Href(h.Provider.Kind, h.Provider.ID)+"/"+catalog.Owner(o.Index).ID+"#"+v.Letter, h.Provider.Label(c.Lang))
		}
		part := text.M("all of it")
		if h.Kind == inherit.Shared {
			part = text.M("one half")
		}
		v.Halves.Row(name, console.Say(part), resultCell(h.Live), resultCell(h.Said))
	}
	v.History = events(c, changes, people, 20)
	return v
}

func nonempty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func signalTable(c *console.Context, list []cmmc.SignalState) *console.Table {
	t := console.NewTable(text.M("Live signals"), text.M("What is measured"), text.M("State"), text.M("Value§signal"), text.M("Measured"), text.M("Since"), text.M("Passes when"))
	for _, s := range list {
		t.Row(console.Stack(console.Text(s.Measures.In(c.Lang)), console.Text(s.Name)), console.Chip(healthTone(s.Health), healthLabel(s.Health)), console.Text(s.Reading.Value), console.When(s.Reading.At), console.When(s.Reading.Since), console.Text(s.When.In(c.Lang)))
	}
	return t
}

// events are changes as a timeline, with both states.
func events(c *console.Context, changes []cmmc.Change, people map[string]authz.Person, most int) (list []console.Event) {
	for i, x := range changes {
		if i == most {
			break
		}
		e := console.Event{At: x.At, Who: who(c, people, x.By), Icon: "dot", Title: changeTitle(x)}
		if x.Objective >= 0 {
			e.Tone = resultTone(score.Result(x.Now))
		}
		if x.Signal != "" {
			e.Icon = "pulse"
			if x.WasValue != "" || x.Value != "" {
				e.Body = c.T("%s: %s → %s", x.Signal, dash(x.WasValue), dash(x.Value))
			} else {
				e.Body = x.Signal
			}
		}
		list = append(list, e)
	}
	return list
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func changeTitle(x cmmc.Change) text.Message {
	if x.Objective >= 0 {
		return text.M("%s: %s → %s", catalog.Name(x.Objective), cmmc.ResultLabel(score.Result(x.Was)), cmmc.ResultLabel(score.Result(x.Now)))
	}
	what := changeKind(x.Kind)
	if x.Was == "" && x.Now == "" {
		return what
	}
	return text.M("%s: %s → %s", what, dash(x.Was), dash(x.Now))
}

func changeKind(kind string) text.Message {
	switch kind {
	case "ssp":
		return text.M("System security plan")
	case "level":
		return text.M("Target level")
	case "share":
		return text.M("Responsibility")
	case "asset":
		return text.M("Assets§change")
	case "status":
		return text.M("Status")
	case "assessment":
		return text.M("Assessment")
	case "finding":
		return text.M("Finding")
	case "partial":
		return text.M("Partial credit")
	case "evidence", "evidence-ended":
		return text.M("Evidence")
	}
	return text.Literal(kind)
}
