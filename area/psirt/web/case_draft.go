package web

import (
	"yagura/area/psirt/csaf"
	"yagura/console"
	"yagura/kernel/text"
)

// draft hands out the advisory that follows from a case, as a CSAF document.
func (p *pages) draft(c *console.Context) error {
	lang, ok := text.Parse(c.Path("lang"))
	if !ok {
		return nothing()
	}
	publisher := csaf.NewObject().SetText("category", "vendor").SetText("name", c.UnitLabel("")).SetText("namespace", p.s.PublicURL())
	d, err := p.s.DraftOf(c.Context(), c.Actor, c.Path("id"), lang, publisher)
	if err != nil {
		return err
	}
	c.Download("draft-"+string(lang)+".json", "application/json")
	_, err = c.W.Write(d.Document.Encode())
	return err
}
