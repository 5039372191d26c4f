package web

import (
	"cmp"
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
			return console.Strong("/identity/radius/"+url.PathEscape(n.ID), n.Name)
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

// gateSessions are who is in at one server.
var gateSessions = console.List[identity.RADIUSSession]{
	Name: "radius-sessions", Caption: text.M("Sessions at this server"), Sort: "-began",
	Columns: []console.Column[identity.RADIUSSession]{
		{Key: "person", Head: text.M("Person"), Cell: func(c *console.Context, r identity.RADIUSSession) console.Cell {
			switch {
			case r.Hidden:
				return console.Say(text.M("Somebody of another unit"))
			case r.Person.ID == "":
				return console.Stack(console.Text(r.Name), console.Chip(console.Warn, text.M("Not known here§radius")))
			}
			return console.Strong("/identity/people/"+url.PathEscape(r.Person.ID), r.Person.Label(c.Lang))
		}, Value: func(r identity.RADIUSSession) any { return cmp.Or(r.Person.ID, r.Name) }},
		{Key: "address", Head: text.M("Address inside"), Cell: func(_ *console.Context, r identity.RADIUSSession) console.Cell { return inside(r) },
			Value: func(r identity.RADIUSSession) any { return r.Address }},
		{Key: "from", Head: text.M("From§radius"), Cell: func(_ *console.Context, r identity.RADIUSSession) console.Cell { return cameFrom(r) },
			Value: func(r identity.RADIUSSession) any { return r.Network }},
		{Key: "device", Head: text.M("Device§radius"), ExportOnly: true, Value: func(r identity.RADIUSSession) any { return r.Station }},
		{Key: "port", Head: text.M("Port§radius"), ExportOnly: true, Value: func(r identity.RADIUSSession) any { return r.Port }},
		{Key: "began", Head: text.M("Since§radius"), Sort: true, Value: func(r identity.RADIUSSession) any { return r.Began }},
		{Key: "heard", Head: text.M("Last report§radius"), Cell: func(_ *console.Context, r identity.RADIUSSession) console.Cell { return lastHeard(r) },
			Value: func(r identity.RADIUSSession) any { return r.Heard }},
		{Key: "sent", Head: text.M("Sent§radius"), Num: true, Cell: func(_ *console.Context, r identity.RADIUSSession) console.Cell { return amount(r, r.Sent) },
			Value: func(r identity.RADIUSSession) any { return r.Sent }},
		{Key: "received", Head: text.M("Received§radius"), Num: true, Cell: func(_ *console.Context, r identity.RADIUSSession) console.Cell { return amount(r, r.Received) },
			Value: func(r identity.RADIUSSession) any { return r.Received }},
		{Key: "session", Head: text.M("Session number"), Cell: func(_ *console.Context, r identity.RADIUSSession) console.Cell { return number(r) },
			Value: func(r identity.RADIUSSession) any { return r.Session }},
	},
	At:    func(r identity.RADIUSSession, _ string) keyset.Position { return keyset.At(r.Began, r.ID) },
	Empty: console.Empty{Title: text.M("Nobody is in at this server, as far as is known.")},
}

func inside(r identity.RADIUSSession) console.Cell {
	if r.Address == "" {
		return console.Text("")
	}
	return console.Code(r.Address)
}

// cameFrom is where somebody sits and on what.
func cameFrom(r identity.RADIUSSession) console.Cell {
	switch {
	case r.Station == "" || r.Station == r.Network:
		return console.Text(r.Network)
	case r.Network == "":
		return console.Code(r.Station)
	}
	return console.Stack(console.Text(r.Network), console.Code(r.Station))
}

func lastHeard(r identity.RADIUSSession) console.Cell {
	said := console.Ago(r.Heard)
	if r.Heard.IsZero() {
		said = console.Chip(console.Plain, text.M("Not reported§radius"))
	}
	if r.Asked.IsZero() {
		return said
	}
	return console.Stack(said, console.Chip(console.Warn, text.M("Was to end§radius")))
}

// amount is octets, where the server counts them.
func amount(r identity.RADIUSSession, n int64) console.Cell {
	if r.Heard.IsZero() {
		return console.Text("")
	}
	return console.Bytes(n)
}

func number(r identity.RADIUSSession) console.Cell {
	if r.Session == "" {
		return console.Text("")
	}
	return console.Code(r.Session)
}

// gate is the page of one server.
type gate struct {
	NAS   identity.NAS
	Facts []console.Fact
}

func (w web) gate(c *console.Context) error {
	n, err := w.s.NASOf(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Title(text.Literal(n.Name))
	c.Crumb(text.M("Identity and MFA"), "/identity")
	c.Crumb(text.M("Servers that ask by RADIUS"), "/identity/radius")
	ends := console.Chip(console.Warn, text.M("It can't§radius"))
	if n.Ends != "" {
		ends = console.Code(n.Ends)
	}
	facts := []console.Fact{{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(n.Unit))}, {Label: text.M("Asks from"), Value: console.Code(n.Reach())}, {Label: text.M("Ends sessions at"), Value: ends}}
	if n.Filter != "" {
		facts = append(facts, console.Fact{Label: text.Literal("Filter-Id"), Value: console.Code(n.Filter)})
	}
	return gateSessions.Serve(c, "gate", func(q console.Query) ([]identity.RADIUSSession, int, error) {
		return w.s.SessionsAt(c.Context(), c.Actor, n.ID, q.Page)
	}, gate{n, facts})
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
