package web

import (
	"time"

	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// triedRow is a rule and what it says of the event.
type triedRow struct {
	ruleRow
	event        string
	looks, fires bool
}

// order puts those that fire first, then those that look at such events.
func (r triedRow) order() string {
	switch {
	case r.fires:
		return "0" + r.title
	case r.looks:
		return "1" + r.title
	}
	return "2" + r.title
}

func (r triedRow) verdict() text.Message {
	switch {
	case r.fires:
		return text.M("fires§rule")
	case r.looks:
		return text.M("does not fire")
	}
	return text.M("another log source")
}

var triedList = console.List[triedRow]{
	Name: "rules-on-an-event", Caption: text.M("Rules for such events"), Sort: "verdict", Limit: 100, NoExport: true,
	Columns: []console.Column[triedRow]{
		{Key: "title", Head: text.M("Title"), Sort: true, Cell: func(_ *console.Context, r triedRow) console.Cell {
			return console.Stack(console.Strong(whyHref(r.ID, r.event), r.title), looksAt(r.Rule))
		}},
		{Key: "verdict", Head: text.M("On this event"), Sort: true, Cell: func(_ *console.Context, r triedRow) console.Cell {
			tone := console.Plain
			if r.fires {
				tone = console.Good
			}
			return console.Chip(tone, r.verdict())
		}},
		{Key: "level", Head: text.M("Level"), Sort: true, Cell: func(_ *console.Context, r triedRow) console.Cell { return level(r.Effective) }},
		{Key: "state", Head: text.M("State"), Cell: func(_ *console.Context, r triedRow) console.Cell { return stateCell(r.RuleRow) }},
	},
	Filters: []console.Filter{
		{Name: "event", Label: text.M("Id of the event")},
		{Name: "q", Label: text.M("Title or id of a rule")},
		{Name: "source", Label: text.M("Log source"), Options: []console.Option{{Value: "event", Label: text.M("Of this event only")}}},
	},
	At: func(r triedRow, sort string) keyset.Position {
		if sort == "verdict" {
			return keyset.At(r.order(), r.ID)
		}
		return ruleAt(r.ruleRow, sort)
	},
	Empty: console.Empty{Title: text.M("No rule is for such events"), Body: text.M("Look among those for other log sources too.")},
}

func whyHref(rule, event string) string {
	h := ruleHref(rule) + "/why"
	if event != "" {
		h += "?event=" + event
	}
	return h
}

type triedExtra struct {
	Event   string
	Host    string
	At      time.Time
	Sources []string
	Fires   int
}

// try lists rules beside an event, to ask why one fires on it or does not.
func (p *pages) try(c *console.Context) error {
	crumbs(c)
	x := triedExtra{Event: c.Query("event")}
	var t detect.OnEvent
	if x.Event != "" {
		var err error
		if t, err = p.s.RulesOn(c.Context(), c.Actor, x.Event); err != nil {
			return err
		}
		x.Sources = sourcesOf(t.Sources)
		x.Host, x.At, x.Fires = t.Event.Host, t.Event.Time, len(t.Fires)
	}
	return triedList.Serve(c, "try", func(q console.Query) ([]triedRow, int, error) {
		if x.Event == "" {
			return nil, 0, nil
		}
		all, err := p.s.Rulebook(c.Context(), c.Actor, c.Scope(detect.Read), detect.RuleFilter{Text: q.Get("q")})
		var rows []triedRow
		for _, r := range all {
			row := triedRow{ruleRow{r, r.Title.In(c.Lang)}, x.Event, t.LooksAt(r.Rule), t.Fires[r.ID]}
			if r.Correlation == nil && (row.looks || row.fires || q.Get("source") == "") {
				rows = append(rows, row)
			}
		}
		return page(rows, triedList.At, q.Page), len(rows), err
	}, x)
}
