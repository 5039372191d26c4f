package web

import (
	"net/url"
	"strings"

	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/console"
	"yagura/kernel/country"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// placePages are the pages of networks and of what units ask for.
func (w web) placePages() []console.Page {
	networks := text.M("Networks of the group")
	return []console.Page{
		{Method: "GET", Path: "/identity/networks", Act: identity.ReadFactors, Title: networks, Handle: w.networks},
		{Method: "GET", Path: "/identity/networks/new", Act: identity.ManageNetworks, Title: text.M("Declare a network"), Handle: w.newNetwork},
		{Method: "POST", Path: "/identity/networks/new", Act: identity.ManageNetworks, Title: text.M("Declare a network"), Handle: w.addNetwork},
		{Method: "POST", Path: "/identity/networks/{id}/remove", Act: identity.ManageNetworks, Title: networks, Handle: w.removeNetwork},
	}
}

func networkKind(k policy.Kind) text.Message {
	switch k {
	case policy.OfficeNetwork:
		return text.M("Office network")
	case policy.VPNNetwork:
		return text.M("VPN")
	case policy.OTNetwork:
		return text.M("Network of machines")
	}
	return text.M("Guest network")
}

func networkKinds() (opts []console.Option) {
	for _, k := range policy.Kinds {
		opts = append(opts, console.Option{Value: string(k), Label: networkKind(k)})
	}
	return opts
}

// placeName is what a place is called.
func placeName(p policy.Place) text.Message {
	switch p {
	case policy.Office:
		return text.M("Office§place")
	case policy.VPN:
		return text.M("VPN")
	case policy.OT:
		return text.M("Network of machines")
	case policy.Home:
		return text.M("Country of employment")
	case policy.OnTrip:
		return text.M("Business trip§place")
	case policy.Unknown:
		return text.M("Country not known")
	case policy.Abroad:
		return text.M("Elsewhere abroad")
	}
	return text.Literal(string(p))
}

var networkList = console.List[identity.Network]{
	Name: "networks", Caption: text.M("Networks of the group"), Sort: "prefix",
	Columns: []console.Column[identity.Network]{
		{Key: "prefix", Head: text.M("Network"), Sort: true,
			Cell:  func(_ *console.Context, n identity.Network) console.Cell { return console.Code(n.Prefix.String()) },
			Value: func(n identity.Network) any { return n.Prefix.String() }},
		{Key: "name", Head: text.M("Name"), Sort: true, Value: func(n identity.Network) any { return n.Name }},
		{Key: "kind", Head: text.M("Use§network"), Cell: func(_ *console.Context, n identity.Network) console.Cell {
			return console.Chip(map[policy.Kind]console.Tone{policy.GuestNetwork: console.Warn}[n.Kind], networkKind(n.Kind))
		}, Value: func(n identity.Network) any { return string(n.Kind) }},
		{Key: "country", Head: text.M("Country§trip"), Cell: func(_ *console.Context, n identity.Network) console.Cell { return console.Say(country.Of(n.Country)) },
			Value: func(n identity.Network) any { return n.Country }},
		{Key: "unit", Head: text.M("Unit"), Sort: true, Cell: func(c *console.Context, n identity.Network) console.Cell { return console.Text(c.UnitLabel(n.Unit)) },
			Value: func(n identity.Network) any { return n.Unit }},
		{Key: "added", Head: text.M("Declared on"), Value: func(n identity.Network) any { return n.Added }},
		{Key: "remove", Head: text.M("Action"), Cell: func(c *console.Context, n identity.Network) console.Cell {
			if !c.Actor.Can(identity.ManageNetworks, n.Unit) {
				return console.Text("")
			}
			return console.Press("remove-"+n.ID, "", "", "", text.M("Remove"))
		}},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "kind", Label: text.M("Use§network"), Options: networkKinds()}},
	At: func(n identity.Network, sort string) keyset.Position {
		switch sort {
		case "name":
			return keyset.At(n.Name, n.ID)
		case "unit":
			return keyset.At(n.Unit, n.ID)
		}
		return keyset.At(n.Prefix.String(), n.ID)
	},
	Empty: console.Empty{Title: text.M("No network is declared"), Body: text.M("Without networks nobody is in the office: everybody counts as where the address of the internet says, or as unknown."),
		Action: text.M("Declare a network"), Href: "/identity/networks/new"},
}

type networksExtra struct {
	Tabs    []console.Tab
	Remove  []string
	Geo     text.Message
	GeoTone console.Tone
}

func (w web) networks(c *console.Context) error {
	x := &networksExtra{Tabs: w.tabs(c, "/identity/networks")}
	x.Geo, x.GeoTone = w.geography(c)
	return networkList.Serve(c, "networks", func(q console.Query) ([]identity.Network, int, error) {
		list, total, err := w.s.Networks(c.Context(), c.Scope(identity.ReadFactors), identity.NetworkFilter{Kind: policy.Kind(q.Get("kind")), Text: q.Get("q"), Page: q.Page})
		for _, n := range list {
			if c.Actor.Can(identity.ManageNetworks, n.Unit) {
				x.Remove = append(x.Remove, n.ID)
			}
		}
		return list, total, err
	}, x)
}

// geography says how countries of addresses are known.
func (w web) geography(c *console.Context) (text.Message, console.Tone) {
	g := w.s.Geography()
	switch {
	case g.Path == "":
		return text.M("There is no file of addresses (identity.geo): the country of an address is not known, so only declared networks tell places apart. Who is in none of them counts as unknown."), console.Warn
	case g.Problem != nil && g.Built.IsZero():
		return text.M("The file of addresses can't be read: no country is known. The server's log says why."), console.Bad
	case g.Problem != nil:
		return text.M("The file of addresses can't be read any more; the one of %s is in use.", c.Local(g.Built)), console.Bad
	}
	return text.M("Countries of addresses are known from %s of %s.", g.Kind, c.Local(g.Built)), console.Info
}

type networkForm struct {
	Network identity.Network
	Prefix  string
	Kinds   []console.Option
	Units   []console.Option
}

func networkFormOf(c *console.Context, n identity.Network, prefix string) networkForm {
	return networkForm{n, prefix, networkKinds(), c.UnitOptions(identity.ManageNetworks)}
}

func (w web) newNetwork(c *console.Context) error {
	c.Crumb(text.M("Networks of the group"), "/identity/networks")
	n := identity.Network{}
	n.Unit, n.Kind = c.Unit, policy.OfficeNetwork
	return c.Render("network_new", networkFormOf(c, n, ""))
}

func (w web) addNetwork(c *console.Context) error {
	c.Crumb(text.M("Networks of the group"), "/identity/networks")
	n := identity.Network{Name: c.Value("name")}
	n.Kind, n.Unit, n.Country = policy.Kind(c.Value("kind")), c.Value("unit"), c.Value("country")
	if err := w.s.AddNetwork(c.Context(), c.Actor, c.Value("prefix"), n); err != nil {
		return c.Invalid("network_new", networkFormOf(c, n, c.Value("prefix")), err)
	}
	c.Flash(text.M("The network is declared, and counts from now on."))
	return c.Redirect("/identity/networks")
}

func (w web) removeNetwork(c *console.Context) error {
	if err := w.s.RemoveNetwork(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The network is removed."))
	return c.Redirect("/identity/networks")
}

// stayEnd says how a session at a server ended.
func stayEnd(reason string) text.Message {
	how, cause, _ := strings.Cut(reason, " ")
	switch identity.StayEnd(how) {
	case identity.Restarted:
		return text.M("the server restarted§stay")
	case identity.Disconnected:
		return text.M("the server was told to§stay")
	case identity.Silent:
		return text.M("nothing was heard of it§stay")
	case identity.Replaced:
		return text.M("another one began in its place§stay")
	}
	if cause == "" {
		return text.M("as the server reported§stay")
	}
	return text.M("as the server reported, %s§stay", cause)
}

func levelName(l identity.Level) text.Message {
	switch l {
	case identity.SingleFactor:
		return text.M("One factor")
	case identity.TwoFactors:
		return text.M("Two factors")
	case identity.PhishingResistant:
		return text.M("Passkey§level")
	case identity.HardwareBound:
		return text.M("Hardware key")
	}
	return text.Literal(string(l))
}

func unitHref(unit string) string { return "/identity/policies/unit/" + url.PathEscape(unit) }
