package web

import (
	"net/url"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// gates is what stands on the page of servers beside their list.
type gates struct {
	Tabs    []console.Tab
	Form    identity.NAS
	Written string // networks
	Units   []console.Option
	Secret  string // of the one just saved, shown once
}

// gatePage is the page where no list is: with a form that is wrong, or a secret.
type gatePage struct {
	Table *console.Table
	Extra gates
}

var gateList = console.List[identity.NAS]{
	Name: "radius", Caption: text.M("Servers that ask by RADIUS"), Sort: "name",
	Columns: []console.Column[identity.NAS]{
		{Key: "name", Head: text.M("Name"), Sort: true, Cell: func(c *console.Context, n identity.NAS) console.Cell {
			if !c.Actor.Can(identity.ManageNAS, n.Unit) {
				return console.Text(n.Name)
			}
			return console.Strong("/identity/radius?edit="+url.QueryEscape(n.ID)+"#form", n.Name)
		}, Value: func(n identity.NAS) any { return n.Name }},
		{Key: "unit", Head: text.M("Unit"), Cell: func(c *console.Context, n identity.NAS) console.Cell { return console.Text(c.UnitLabel(n.Unit)) },
			Value: func(n identity.NAS) any { return n.Unit }},
		{Key: "networks", Head: text.M("Asks from"), Cell: func(_ *console.Context, n identity.NAS) console.Cell { return console.Code(n.Reach()) },
			Value: func(n identity.NAS) any { return n.Reach() }},
		{Key: "filter", Head: text.Literal("Filter-Id"), Value: func(n identity.NAS) any { return n.Filter }},
		{Key: "ends", Head: text.M("Ends sessions at"), Cell: func(_ *console.Context, n identity.NAS) console.Cell {
			if n.Ends == "" {
				return console.Chip(console.Warn, text.M("It can't§radius"))
			}
			return console.Code(n.Ends)
		}, Value: func(n identity.NAS) any { return n.Ends }},
		{Key: "sessions", Head: text.M("Sessions"), Num: true, Value: func(n identity.NAS) any { return n.Live }},
	},
	At:    func(n identity.NAS, _ string) keyset.Position { return keyset.At(n.Name, n.ID) },
	Empty: console.Empty{Title: text.M("There is none yet.")},
}

func (w web) loadGates(c *console.Context) gates {
	return gates{Tabs: w.tabs(c, "/identity/radius"), Units: c.UnitOptions(identity.ManageNAS)}
}

func (w web) gates(c *console.Context) error {
	d := w.loadGates(c)
	if id := c.Query("edit"); id != "" {
		n, err := w.s.NASOf(c.Context(), c.Actor, id)
		if err != nil {
			return err
		}
		d.Form, d.Written = n, n.Reach()
	}
	return gateList.Serve(c, "gates", func(q console.Query) ([]identity.NAS, int, error) {
		return w.s.NASes(c.Context(), c.Scope(identity.ReadFactors), q.Page)
	}, d)
}

func (w web) saveGate(c *console.Context) error {
	n := identity.NAS{ID: c.Value("id"), Name: c.Value("name"), Unit: c.Value("unit"), Filter: c.Value("filter"), Ends: c.Value("ends")}
	var err error
	var secret string
	if n.Networks, err = identity.ParseNetworks(c.Value("networks")); err == nil {
		secret, err = w.s.SaveNAS(c.Context(), c.Actor, n, c.Value("renew") != "")
	}
	if err == nil && secret == "" {
		c.Flash(text.M("The server is saved."))
		return c.Redirect("/identity/radius")
	}
	d := w.loadGates(c)
	switch {
	case err != nil && fault.KindOf(err) != fault.KindInvalid:
		return err
	case err != nil:
		d.Form, d.Written = n, c.Value("networks")
		return c.Invalid("gates", gatePage{Extra: d}, err)
	}
	d.Secret = secret
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("gates", gatePage{Extra: d})
}

func (w web) removeGate(c *console.Context) error {
	if err := w.s.RemoveNAS(c.Context(), c.Actor, c.Value("id")); err != nil {
		return err
	}
	c.Flash(text.M("The server is removed: it is answered no more."))
	return c.Redirect("/identity/radius")
}
