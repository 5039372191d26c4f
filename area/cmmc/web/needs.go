package web

import (
	"slices"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// mostNeeds is how many things the map says first.
const mostNeeds = 7

// soon is how long before a day it is brought up.
const soon = 60 * 24 * time.Hour

// needs are what somebody has to see to, gravest first, and how many more there are.
func (p *pages) needs(c *console.Context, all []cmmc.Row) ([]console.WorkItem, int, error) {
	var list []console.WorkItem
	for _, r := range all {
		list = append(list, standingNeeds(c, r)...)
	}
	waiting, err := p.measuresToApprove(c, mostNeeds+1)
	if err != nil {
		return nil, 0, err
	}
	list = append(list, waiting...)
	order := []console.Severity{console.Critical, console.High, console.Medium, console.Low, console.None, ""}
	slices.SortStableFunc(list, func(a, b console.WorkItem) int {
		if n := slices.Index(order, a.Severity) - slices.Index(order, b.Severity); n != 0 {
			return n
		}
		switch {
		case a.Due.IsZero() && b.Due.IsZero():
			return 0
		case a.Due.IsZero():
			return 1
		case b.Due.IsZero():
			return -1
		}
		return a.Due.Compare(b.Due)
	})
	return list[:min(len(list), mostNeeds)], max(0, len(list)-mostNeeds), nil
}

// standingNeeds are what an enclave's status asks for.
func standingNeeds(c *console.Context, r cmmc.Row) (list []console.WorkItem) {
	add := func(kind, why text.Message, href string, s console.Severity, due time.Time) {
		list = append(list, console.WorkItem{Kind: kind, Title: r.Label(c.Lang), Href: href, Unit: c.UnitLabel(r.Unit), Why: why, Severity: s, Due: due})
	}
	switch {
	case r.Life == score.LifeClosedOut:
		add(text.M("Close-out missed"), text.M("Day 180 passed with open items: the Conditional status has ended"), r.Href()+"/plan", console.Critical, endOf(r.CloseOut))
	case losing(r):
		add(text.M("About to lose its status"), text.M("It stands at %s today; what it holds is no longer borne", standsAt(r)), r.Href()+"/plan", console.Critical, time.Time{})
	case r.Life == score.LifeConditional && r.CloseOut.Sub(c.Now) < soon:
		add(text.M("Plan of action to be closed"), text.M("%d requirements are open", r.Live.Open), r.Href()+"/plan", console.High, endOf(r.CloseOut))
	case r.Life == score.LifeExpired:
		add(text.M("Expired§status"), text.M("The status has ended"), r.Href(), console.Critical, time.Time{})
	}
	if day, ok := nextAffirmation(r, c.Now); ok && c.Actor.Can(cmmc.Affirm, r.Unit) {
		grave := console.Medium
		if c.Now.After(endOf(day)) {
			grave = console.High
		}
		add(text.M("Affirmation to sign"), text.M("Read what changed since the last one"), r.Href()+"/affirm", grave, endOf(day))
	}
	return list
}

// standsAt is the score of an enclave, or its status where there is no score.
func standsAt(r cmmc.Row) text.Message {
	if s := scored(r.Live); s != "" {
		return text.Literal(s)
	}
	return cmmc.StatusLabel(r.Live.Status)
}

// nextAffirmation is the day of the first affirmation that nobody gave and that is
// due soon or overdue.
func nextAffirmation(r cmmc.Row, now time.Time) (time.Time, bool) {
	for _, e := range score.Calendar(r.Level, r.Status) {
		if e.Kind == "affirmation" && !affirmedFor(r.Status, e.Day) && e.Day.Sub(now) < soon {
			return e.Day, true
		}
	}
	return time.Time{}, false
}

// measuresToApprove wait for somebody who may fund them and did not propose them.
func (p *pages) measuresToApprove(c *console.Context, limit int) ([]console.WorkItem, error) {
	if !c.Actor.CanAnywhere(cmmc.Fund) {
		return nil, nil
	}
	rows, _, err := p.s.Measures(c.Context(), c.Actor, c.Scope(cmmc.Fund), cmmc.MeasureFilter{State: string(cmmc.MeasureProposed), Page: keyset.Page{Sort: "number", Limit: limit}})
	if err != nil {
		return nil, err
	}
	var list []console.WorkItem
	for _, m := range rows[:min(len(rows), limit)] {
		if m.ProposedBy == c.Actor.Who() {
			continue
		}
		list = append(list, console.WorkItem{Kind: text.M("Measure to approve"), Number: m.ID, Title: m.Name, Href: measureHref(m.ID), Unit: c.UnitLabel(m.Unit),
			Why: text.M("%s, %d objectives", yen(c.Lang, m.Yen), m.Closes.Count()), Since: m.Proposed})
	}
	return list, nil
}

// tabs are the parts of CMMC.
func tabs(at string) []console.Tab {
	ts := []console.Tab{{Label: text.M("Group§tab"), Href: "/cmmc"}, {Label: text.M("Work§tab"), Href: "/cmmc/work"}, {Label: text.M("Calendar"), Href: "/cmmc/calendar"}, {Label: text.M("Measures"), Href: "/cmmc/measures"},
		{Label: text.M("Plan§tab"), Href: "/cmmc/planner"}, {Label: text.M("Programme"), Href: "/cmmc/programme"}, {Label: text.M("What breaks if…"), Href: "/cmmc/breaks"}, {Label: text.M("Texts and crosswalks"), Href: "/cmmc/sources"}}
	for i := range ts {
		ts[i].Current = ts[i].Href == at
	}
	return ts
}
