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
		{identity.ReadFactors, text.M("Coverage§identity"), "/identity/coverage"},
		{identity.ReadContainments, text.M("Containments§identity"), "/identity/containments"},
		{identity.ReadFactors, text.M("Directories"), "/identity/directories"},
		{identity.ReadFactors, text.M("Applications"), "/identity/clients"},
		{identity.ReadFactors, text.M("Networks§identity"), "/identity/networks"},
		{identity.ReadFactors, text.M("Devices§identity"), "/identity/devices"},
		{identity.ReadFactors, text.M("Policies§identity"), "/identity/policies"},
		{identity.ReadFactors, text.M("RADIUS"), "/identity/radius"},
	} {
		if c.Actor.CanAnywhere(t.act) {
			tabs = append(tabs, console.Tab{Label: t.label, Href: t.href, Current: t.href == current})
		}
	}
	if c.Actor.Can(identity.RotateKeys, "") {
		tabs = append(tabs, console.Tab{Label: text.M("Signing keys"), Href: "/identity/keys", Current: current == "/identity/keys"})
	}
	return tabs
}
