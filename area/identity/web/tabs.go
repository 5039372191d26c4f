package web

import (
	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// part is a page of identity that has a tab.
type part struct {
	act   authz.Act
	label text.Message
	href  string
	whole bool // the act must be the reader's in the whole group
}

// parts are the pages in their groups: ten in one row fit no screen.
var parts = []struct {
	label text.Message
	parts []part
}{
	{text.M("People§identity"), []part{
		{act: identity.ReadFactors, label: text.M("How people sign in"), href: "/identity"},
		{act: identity.ReadFactors, label: text.M("Coverage§identity"), href: "/identity/coverage"},
		{act: identity.Recover, label: text.M("Lost factors"), href: "/identity/lost"},
		{act: identity.ReadFactors, label: text.M("Break-glass accounts"), href: "/identity/break-glass", whole: true},
		{act: identity.ReadFactors, label: text.M("Directories"), href: "/identity/directories"},
	}},
	{text.M("Containment§tab"), []part{{act: identity.ReadContainments, label: text.M("Containments§identity"), href: "/identity/containments"}}},
	{text.M("Applications"), []part{
		{act: identity.ReadFactors, label: text.M("Applications"), href: "/identity/clients"},
		{act: identity.ReadFactors, label: text.M("RADIUS"), href: "/identity/radius"},
		{act: identity.RotateKeys, label: text.M("Signing keys"), href: "/identity/keys", whole: true},
	}},
	{text.M("From where§tab"), []part{
		{act: identity.ReadFactors, label: text.M("Policies§identity"), href: "/identity/policies"},
		{act: identity.ReadFactors, label: text.M("Networks§identity"), href: "/identity/networks"},
		{act: identity.ReadFactors, label: text.M("Devices§identity"), href: "/identity/devices"},
	}},
}

// tabs are the parts of identity that the actor may open. Where there is but one
// it is no tab.
func (w web) tabs(c *console.Context, current string) []console.Tab {
	var tabs []console.Tab
	for _, group := range parts {
		tab := console.Tab{Label: group.label}
		for _, p := range group.parts {
			here := p.href == current // which some may open who hold another act
			if !here && (p.whole && !c.Actor.Can(p.act, "") || !c.Actor.CanAnywhere(p.act)) {
				continue
			}
			tab.Parts = append(tab.Parts, console.Tab{Label: p.label, Href: p.href, Current: here})
			tab.Current = tab.Current || here
		}
		if len(tab.Parts) == 0 {
			continue
		}
		if tab.Href = tab.Parts[0].Href; len(tab.Parts) == 1 {
			tab.Parts = nil
		}
		tabs = append(tabs, tab)
	}
	if len(tabs) == 1 && tabs[0].Parts == nil {
		return nil
	}
	return tabs
}
