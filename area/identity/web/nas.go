package web

import (
	"errors"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

type gates struct {
	Tabs    []console.Tab
	List    []identity.NAS
	Form    identity.NAS
	Written string // networks
	Units   []console.Option
	Secret  string // of the one just saved, shown once
}

func (w web) loadGates(c *console.Context) (d gates, err error) {
	d.Tabs = w.tabs(c, "/identity/radius")
	d.Units = c.UnitOptions(identity.ManageNAS)
	d.List, err = w.s.NASes(c.Context(), c.Scope(identity.ReadFactors))
	return d, err
}

func (w web) gates(c *console.Context) error {
	d, err := w.loadGates(c)
	if err != nil {
		return err
	}
	for _, n := range d.List {
		if n.ID == c.Query("edit") {
			d.Form, d.Written = n, n.Reach()
		}
	}
	return c.Render("gates", d)
}

func (w web) saveGate(c *console.Context) error {
	n := identity.NAS{ID: c.Value("id"), Name: c.Value("name"), Unit: c.Value("unit"), Filter: c.Value("filter"), Ends: c.Value("ends")}
	var err error
	var secret string
	if n.Networks, err = identity.ParseNetworks(c.Value("networks")); err == nil {
		secret, err = w.s.SaveNAS(c.Context(), c.Actor, n, c.Value("renew") != "")
	}
	if err != nil && fault.KindOf(err) != fault.KindInvalid {
		return err
	}
	if err == nil && secret == "" {
		c.Flash(text.M("The server is saved."))
		return c.Redirect("/identity/radius")
	}
	d, loadErr := w.loadGates(c)
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	if err != nil {
		d.Form, d.Written = n, c.Value("networks")
		return c.Invalid("gates", d, err)
	}
	d.Secret = secret
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("gates", d)
}

func (w web) removeGate(c *console.Context) error {
	if err := w.s.RemoveNAS(c.Context(), c.Actor, c.Value("id")); err != nil {
		return err
	}
	c.Flash(text.M("The server is removed: it is answered no more."))
	return c.Redirect("/identity/radius")
}
