package web

import (
	"net/url"
	"strings"

	"yagura/area/cmmc"
	"yagura/console"
	"yagura/kernel/text"
)

// breaksPage asks what breaks if something fails, and answers.
type breaksPage struct {
	Tabs    []console.Tab
	Systems []console.Option
	Signals []console.Option
	Ask     cmmc.BreakAsk
	Answer  *cmmc.Breaks
	Said    text.Message
	Figures []console.Figure
	Table   *console.Table
	Lost    *console.Table
	More    int
}

func (p *pages) breaks(c *console.Context) error {
	crumbs(c)
	list, err := p.s.Breakable(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	v := breaksPage{Tabs: tabs("/cmmc/breaks"), Ask: cmmc.BreakAsk{System: c.Query("system"), Signal: c.Query("signal"), Name: strings.TrimSpace(c.Query("name"))},
		Signals: []console.Option{{Label: text.M("Everything that it gives")}}}
	for _, n := range list {
		v.Systems = append(v.Systems, console.Option{Value: n.ID, Label: text.M("%s: %s", n.Kind.Label(), n.Label(c.Lang))})
	}
	for _, s := range cmmc.Signals() {
		v.Signals = append(v.Signals, console.Option{Value: s.Name, Label: text.M("Signal: %s", s.Measures.In(c.Lang))})
	}
	if v.Ask.System == "" {
		return c.Render("breaks", v)
	}
	b, err := p.s.Breaking(c.Context(), c.Actor, v.Ask)
	if err != nil {
		return err
	}
	v.Answer = &b
	switch sig, ok := cmmc.FindSignal(v.Ask.Signal); {
	case ok:
		v.Said = text.M("If “%s” fails at %s", sig.Measures.In(c.Lang), b.System.Label(c.Lang))
	case v.Ask.Name != "":
		v.Said = text.M("If %s is not met at %s", v.Ask.Name, b.System.Label(c.Lang))
	default:
		v.Said = text.M("If %s fails as a whole", b.System.Label(c.Lang))
	}
	v.Figures = []console.Figure{
		{Label: text.M("Enclaves that lose points"), Value: minus(len(b.Breaks)), Unit: text.Literal("/ " + minus(b.Reached)), Tone: toneOf(len(b.Breaks) > 0, console.Bad, console.Good), Note: text.M("of those that rest on it")},
		{Label: text.M("Points lost"), Value: minus(b.Points), Tone: toneOf(b.Points > 0, console.Bad, console.Good), Note: text.M("over all enclaves")},
		{Label: text.M("Fall below a lawful Conditional"), Value: minus(b.Falling), Tone: toneOf(b.Falling > 0, console.Bad, console.Good), Note: text.M("enclaves")},
	}
	v.Table = console.NewTable(text.M("Enclaves, the worst loss first"), text.M("Enclave"), text.M("Score today"), text.M("Then"), text.M("Points lost"), text.M("Status today"), text.M("Then§status"))
	for _, x := range b.Breaks {
		v.Table.Row(console.Strong(cmmc.Href(x.Kind, x.ID), x.Label(c.Lang)), console.Text(scored(x.Before)), console.Text(scored(x.After)), console.Num(x.Points()), statusCell(x.Before.Status), statusCell(x.After.Status))
	}
	v.Lost = console.NewTable(text.M("Requirements that would be open"), text.M("Requirement"), text.M("Weight§requirement"), text.M("Objectives"), text.M("On a plan of action"))
	const most = 60
	for i, l := range b.Lost {
		if i == most {
			v.More = len(b.Lost) - most
			break
		}
		chip := console.Chip(console.Good, text.M("lawful§plan"))
		if !l.Deferrable {
			chip = console.Chip(console.Bad, text.M("not lawful§plan"))
		}
		href := "/cmmc/breaks?" + url.Values{"system": {v.Ask.System}, "name": {l.ID}}.Encode()
		v.Lost.Row(console.Stack(console.Link(href, l.ID), console.Text(l.Topic.In(c.Lang))), weight(l.Requirement), console.Text(names(l.Objectives)), console.Stack(chip, console.Text(l.Clause)))
	}
	return c.Render("breaks", v)
}
