package web

import (
	"time"

	"yagura/console"
	"yagura/kernel/text"
)

// changes shows what changed at a system, signals of its providers included.
func (p *pages) changes(c *console.Context) error {
	d, err := p.detail(c)
	if err != nil {
		return err
	}
	crumbs(c, d.System)
	c.Title(text.M("Changes"))
	list, err := p.s.Changes(c.Context(), c.Actor, d.ID, time.Time{}, 200)
	if err != nil {
		return err
	}
	var ids []string
	for _, x := range list {
		ids = append(ids, x.By)
	}
	people, err := p.s.People(c.Context(), ids...)
	if err != nil {
		return err
	}
	return c.Render("changes", struct {
		Name   string
		Tabs   []console.Tab
		Events []console.Event
	}{d.Label(c.Lang), systemTabs(d.System, "/changes"), events(c, list, people, len(list))})
}
