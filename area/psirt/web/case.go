package web

import (
	"yagura/area/psirt"
	"yagura/console"
	"yagura/kernel/text"
)

// cases adds the pages on which cases are handled.
func (p *pages) cases(a *console.Area) {
	a.Pages = append(a.Pages, get("/psirt", psirt.Read, text.M("Products' security"), p.overview))
}

func (p *pages) overview(c *console.Context) error { return c.Render("overview", nil) }
