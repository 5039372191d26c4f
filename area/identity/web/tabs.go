package web

import (
	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// tabs are the parts of identity that the actor may open.
func (w web) tabs(c *console.Context, current string) []console.Tab {
	var tabs []console.Tab
	for _, t := range []struct {
		act   authz.Act
		label text.Message
		href  string
	}{
		{identity.ReadFactors, text.M("How people sign in"), "/identity"},
		{identity.ReadFactors, text.M("Directories"), "/identity/directories"},
	} {
		if c.Actor.CanAnywhere(t.act) {
			tabs = append(tabs, console.Tab{Label: t.label, Href: t.href, Current: t.href == current})
		}
	}
	return tabs
}
