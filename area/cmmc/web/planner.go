package web

import (
	"strconv"
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/plan"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// plannerPage is the cheapest way to each goal.
type plannerPage struct {
	Tabs     []console.Tab
	Goals    []console.Option
	Ways     []console.Option
	Goal     string
	Way      string
	Budget   string
	Figures  []console.Figure
	Stages   []stageView
	Decided  []cmmc.Measure
	Enclaves *console.Table
	Buy      []cmmc.Measure
	Approve  bool
	Unproven bool
	None     bool
	Unit     string
}

type stageView struct {
	Title   text.Message
	State   text.Message
	Tone    console.Tone
	Said    text.Message
	Table   *console.Table
	Missing []string
	More    int
}

var goalLabels = map[plan.Goal]text.Message{plan.Conditional: text.M("Every enclave Conditional"), plan.Final: text.M("Every enclave Final"), plan.Level3: text.M("Every enclave Final at Level 3")}

const mostMissing = 12

func (p *pages) planner(c *console.Context) error {
	v, err := p.planOf(c)
	if err != nil {
		return err
	}
	return c.Render("planner", v)
}

func (p *pages) planOf(c *console.Context) (v plannerPage, err error) {
	v = plannerPage{Tabs: tabs("/cmmc/planner"), Goal: c.Query("goal"), Way: c.Query("by"), Budget: strings.ReplaceAll(strings.TrimSpace(c.Query("budget")), ",", ""), Unit: c.Unit,
		Ways: []console.Option{{Value: "cost", Label: text.M("cheapest")}, {Value: "months", Label: text.M("soonest, and of these the cheapest")}}}
	for _, g := range plan.Goals {
		v.Goals = append(v.Goals, console.Option{Value: string(g), Label: goalLabels[g]})
	}
	if v.Goal == "" {
		v.Goal = string(plan.Final)
	}
	if v.Way == "" {
		v.Way = "cost"
	}
	ask := cmmc.PlanAsk{Unit: c.Unit, Goal: plan.Goal(v.Goal), Budget: -1, Soon: v.Way == "months"}
	if v.Budget != "" {
		n, err := strconv.ParseInt(v.Budget, 10, 64)
		if err != nil || n < 0 {
			return v, fault.Invalid(fault.F("budget", "A budget is a whole number of yen"))
		}
		ask.Budget = n
	}
	a, err := p.s.Plan(c.Context(), c.Actor, ask)
	if err != nil {
		return v, err
	}
	v.None = len(a.Enclaves) == 0
	v.Decided, v.Buy = a.Decided, a.Buy
	for _, m := range a.Buy {
		v.Approve = v.Approve || c.Actor.Can(cmmc.Fund, m.Unit)
	}
	labels := map[string]string{}
	for _, e := range a.Enclaves {
		labels[e.ID] = e.Label(c.Lang)
	}
	for _, st := range a.Stages {
		v.Stages = append(v.Stages, stageOf(c, st, goalLabels[st.Goal], labels, ask.Budget))
	}
	if a.Rest != nil {
		v.Stages = append(v.Stages, stageOf(c, *a.Rest, text.M("What the rest of the budget buys"), labels, -1))
	}
	gained := a.Then - a.Now
	v.Figures = []console.Figure{
		price(c.Lang, a.Yen, console.Figure{Label: text.M("Cost of the plan"), Note: text.M("%d measures", len(a.Buy))}),
		{Label: text.M("Points gained"), Value: "+" + minus(gained), Note: text.M("from %d to %d over all enclaves", a.Now, a.Then), Tone: toneOf(gained > 0, console.Good, console.Plain)},
	}
	if gained > 0 {
		v.Figures = append(v.Figures, price(c.Lang, a.Yen/int64(gained), console.Figure{Label: text.M("Yen per point"), Note: text.M("points are never split: a requirement counts when its last objective is closed")}))
	}
	v.Figures = append(v.Figures, console.Figure{Label: text.M("Decided already"), Value: minus(len(a.Decided)), Note: text.M("approved or running, taken as bought"), Href: "/cmmc/measures?state=approved"})
	v.Enclaves = planEnclaves(c, a)
	return v, nil
}

func stageOf(c *console.Context, st cmmc.PlanStage, title text.Message, labels map[string]string, budget int64) stageView {
	v := stageView{Title: title, Table: console.NewTable(title, text.M("Measure"), text.M("Name"), text.M("Cost"), text.M("Months"), text.M("Objectives"))}
	for _, m := range st.Chosen {
		v.Table.Row(console.Strong(measureHref(m.ID), m.ID), console.Text(m.Name), console.Text(yen(c.Lang, m.Yen)), console.Num(m.Months), console.Num(m.Closes.Count()))
	}
	v.Said = text.M("%s, %d months, %d points", yen(c.Lang, st.Yen), st.Months, st.Points)
	switch {
	case st.Reached && len(st.Chosen) == 0:
		v.State, v.Tone, v.Said = text.M("reached already"), console.Good, text.Message{}
	case st.Reached && st.Proven:
		v.State, v.Tone = text.M("reached; nothing cheaper does"), console.Good
	case st.Reached:
		v.State, v.Tone = text.M("reached; that nothing cheaper does is not proven"), console.Warn
	case len(st.Missing) > 0:
		v.State, v.Tone, v.Said = text.M("out of reach"), console.Bad, text.Message{}
	case budget >= 0 && st.Yen > budget:
		v.State, v.Tone = text.M("beyond the budget"), console.Warn
	default:
		v.State, v.Tone = text.M("the most points for the money"), console.Info
	}
	for i, g := range st.Missing {
		if i == mostMissing {
			v.More = len(st.Missing) - i
			break
		}
		if g.Objective >= 0 {
			q := catalog.Owner(g.Objective)
			v.Missing = append(v.Missing, c.T("%s: no measure closes %s (%s)", labels[g.Enclave], catalog.Name(g.Objective), q.Topic.In(c.Lang)))
		} else {
			v.Missing = append(v.Missing, c.T("%s: the points do not suffice", labels[g.Enclave]))
		}
	}
	return v
}

func planEnclaves(c *console.Context, a cmmc.PlanAnswer) *console.Table {
	t := console.NewTable(text.M("Enclaves before and after"), text.M("Enclave"), text.M("Today"), text.M("With what is decided"), text.M("With the plan"))
	cell := func(s cmmc.PlanStanding) console.Cell {
		cells := []console.Cell{console.Chip(statusTone(s.Status), cmmc.StatusLabel(s.Status)), console.Text(minus(s.Score))}
		if s.Third != "" {
			cells = append(cells, console.Say(text.M("Level 3: %s", cmmc.StatusLabel(s.Third))))
		}
		return console.Stack(cells...)
	}
	for _, e := range a.Enclaves {
		t.Row(console.Strong(e.Href(), e.Label(c.Lang)), cell(e.Today), cell(e.Decided), cell(e.After))
	}
	return t
}

func (p *pages) approvePlan(c *console.Context) error {
	if err := p.s.ApproveMeasures(c.Context(), c.Actor, c.Values("measure")); err != nil {
		return err
	}
	c.Flash(text.M("The measures are approved."))
	return c.Redirect("/cmmc/measures?state=approved")
}
