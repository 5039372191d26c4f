package web

import (
	"strings"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/kernel/text"
)

// savedPart is what the explorer shows of saved searches.
type savedPart struct {
	List  []savedRow
	Units []console.Option
	Name  string
	Ask   []console.Hidden
}

type savedRow struct {
	ID, Name, Href, Text string
	Shared               string // label of the unit
	Mine                 bool
	Deletable            bool
}

func (p *pages) savedPart(c *console.Context, a ask) (d savedPart, err error) {
	list, err := p.s.Searches(c.Context(), c.Actor)
	if err != nil {
		return d, err
	}
	for _, q := range list {
		to := ask{Last: q.Last, Text: q.Text, Source: q.Source, path: "/telemetry"}
		if to.Last == "" {
			to.Last = defaultLast
		}
		r := savedRow{ID: q.ID, Name: q.Name, Href: to.href(), Text: q.Text, Mine: q.Owner == c.Actor.Person}
		r.Deletable = r.Mine || c.Actor.Can(telemetry.Manage, q.Unit)
		if q.Shared {
			r.Shared = c.UnitLabel(q.Unit)
		}
		d.List = append(d.List, r)
	}
	d.Units = append([]console.Option{{Value: "-", Label: text.M("Only me§saved search")}}, c.UnitOptions(telemetry.Read)...)
	d.Name = c.Value("name")
	for _, h := range []console.Hidden{{Name: "q", Value: a.Text}, {Name: "last", Value: a.Last}, {Name: "source", Value: a.Source}} {
		if h.Value != "" {
			d.Ask = append(d.Ask, h)
		}
	}
	return d, nil
}

// saveSearch keeps the question of the explorer's form.
func (p *pages) saveSearch(c *console.Context) error {
	unit := c.Value("unit")
	saved, err := p.s.SaveSearch(c.Context(), c.Actor, telemetry.Saved{Name: c.Value("name"), Text: c.Value("q"), Last: c.Value("last"), Source: c.Value("source"),
		Shared: unit != "-", Unit: strings.TrimPrefix(unit, "-")})
	if err != nil {
		return err
	}
	c.Flash(text.M("Saved as %s", saved.Name))
	to := ask{Last: saved.Last, Text: saved.Text, Source: saved.Source, path: "/telemetry"}
	if to.Last == "" {
		to.Last = defaultLast
	}
	return c.Redirect(to.href())
}

func (p *pages) deleteSearch(c *console.Context) error {
	if err := p.s.DeleteSearch(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The saved search was deleted"))
	return c.Redirect("/telemetry")
}
