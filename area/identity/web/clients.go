package web

import (
	"net/url"
	"slices"
	"strings"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/area/identity/policy"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// clientPages are the applications and the keys of their tokens.
func (w web) clientPages() []console.Page {
	add := text.M("Add an application")
	return []console.Page{
		{Method: "GET", Path: "/identity/clients", Act: identity.ReadFactors, Title: text.M("Applications"), Handle: w.clients},
		{Method: "GET", Path: "/identity/clients/new", Act: identity.ManageClients, Title: add, Handle: w.newClient},
		{Method: "POST", Path: "/identity/clients/new", Act: identity.ManageClients, Title: add, Handle: w.addClient},
		{Method: "GET", Path: "/identity/clients/{id}", Act: identity.ReadFactors, Handle: w.client},
		{Method: "GET", Path: "/identity/clients/{id}/edit", Act: identity.ManageClients, Handle: w.editClient},
		{Method: "POST", Path: "/identity/clients/{id}/edit", Act: identity.ManageClients, Handle: w.changeClient},
		{Method: "POST", Path: "/identity/clients/{id}/secret", Act: identity.ManageClients, Handle: w.rotateSecret},
		{Method: "POST", Path: "/identity/clients/{id}/remove", Act: identity.ManageClients, Handle: w.removeClient},
		{Method: "GET", Path: "/identity/keys", Act: identity.RotateKeys, Title: text.M("Signing keys"), Handle: w.keys},
		{Method: "POST", Path: "/identity/keys/rotate", Act: identity.RotateKeys, Handle: w.rotateKey},
		{Method: "POST", Path: "/settings/applications/end", Handle: w.endOwnGrants},
		{Method: "POST", Path: "/identity/people/{id}/applications/end", Act: identity.EndSessions, Handle: w.endGrants},
	}
}

func clientHref(id string) string { return "/identity/clients/" + url.PathEscape(id) }

var kindWords = map[identity.ClientKind]text.Message{
	identity.WebClient:     text.M("Web application with a server"),
	identity.NativeClient:  text.M("Program on a device, without a secret"),
	identity.ServiceClient: text.M("Service that acts for itself"),
	identity.GateClient:    text.M("Application behind a proxy that asks here"),
	identity.SAMLClient:    text.M("Application that speaks SAML"),
}

var levelWords = map[identity.Level]text.Message{
	identity.NoLevel:           text.M("Any sign-in"),
	identity.SingleFactor:      text.M("One factor (aal1)"),
	identity.TwoFactors:        text.M("Two factors (aal2)"),
	identity.PhishingResistant: text.M("Passkey (phr)"),
	identity.HardwareBound:     text.M("Passkey bound to its hardware (phrh)"),
}

// clientRow is an application with what became of the latest message to it, and
// what it proved of late.
type clientRow struct {
	identity.Client
	Logout identity.Logout
	Told   bool
	Proven identity.Proven
}

var clientList = console.List[clientRow]{
	Name: "applications", Caption: text.M("Applications"), Sort: "name",
	Columns: []console.Column[clientRow]{
		{Key: "name", Head: text.M("Name"), Sort: true,
			Cell: func(c *console.Context, r clientRow) console.Cell {
				return console.Stack(console.Strong(clientHref(r.ID), r.Name), console.Text(r.ID))
			},
			Value: func(r clientRow) any { return r.Name }},
		{Key: "id", Head: text.M("Code§client"), ExportOnly: true, Value: func(r clientRow) any { return r.ID }},
		{Key: "kind", Head: text.M("Kind"), Cell: func(c *console.Context, r clientRow) console.Cell { return console.Say(kindWords[r.Kind]) },
			Value: func(r clientRow) any { return string(r.Kind) }},
		{Key: "unit", Head: text.M("Unit"), Cell: func(c *console.Context, r clientRow) console.Cell { return console.Text(c.UnitLabel(r.Unit)) },
			Value: func(r clientRow) any { return r.Unit }},
		{Key: "level", Head: text.M("Asks for at least"), Cell: func(c *console.Context, r clientRow) console.Cell { return console.Say(levelWords[r.MinLevel]) },
			Value: func(r clientRow) any { return string(r.MinLevel) }},
		{Key: "logout", Head: text.M("Last sign-out"), Cell: logoutCell,
			Value: func(r clientRow) any {
				if !r.Told || !r.Logout.IsProved() {
					return ""
				}
				return r.Logout.Proved
			}},
		{Key: "proved", Head: text.M("Proved in 90 days"), Cell: provenCell, Value: func(r clientRow) any { return r.Proven.Proved }},
		{Key: "sign_outs", Head: text.M("Sign-outs"), ExportOnly: true, Value: func(r clientRow) any { return r.Proven.Asked }},
		{Key: "p50_ms", Head: text.M("p50, ms"), ExportOnly: true, Value: func(r clientRow) any { return r.Proven.P50 }},
		{Key: "p95_ms", Head: text.M("p95, ms"), ExportOnly: true, Value: func(r clientRow) any { return r.Proven.P95 }},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}},
	At:      func(r clientRow, _ string) keyset.Position { return keyset.At(r.Name, r.ID) },
	Empty:   console.Empty{Title: text.M("No application signs people in here yet"), Body: text.M("Add one to give it single sign-on with passkeys, and to be able to lock a person out of it at once."), Action: text.M("Add an application"), Href: "/identity/clients/new"},
}

func (w web) clients(c *console.Context) error {
	return clientList.Serve(c, "clients", func(q console.Query) ([]clientRow, int, error) {
		all, total, err := w.s.Clients(c.Context(), c.Scope(identity.ReadFactors), identity.ClientFilter{Text: q.Get("q"), Page: q.Page})
		if err != nil {
			return nil, 0, err
		}
		latest, err := w.s.Latest(c.Context())
		if err != nil {
			return nil, 0, err
		}
		ids := make([]string, len(all))
		for i, one := range all {
			ids[i] = one.ID
		}
		proven, err := w.s.Proofs(c.Context(), ids...)
		if err != nil {
			return nil, 0, err
		}
		var rows []clientRow
		for _, one := range all {
			l, told := latest[one.ID]
			rows = append(rows, clientRow{one, l, told, proven[one.ID]})
		}
		return rows, total, nil
	}, w.tabs(c, "/identity/clients"))
}

type clientPage struct {
	Client  identity.Client
	Kind    text.Message
	Level   text.Message
	Facts   []console.Fact
	Logouts *console.Table
	Proven  string
	Told    bool
	Secret  string // just made, shown once
	Issuer  string
	Proxies []oidc.ProxySetup // of an application behind one
	Trouble *oidc.Trouble     // the latest with its proxy
}

func lines(list []string) console.Cell {
	var cells []console.Cell
	for _, one := range list {
		cells = append(cells, console.Text(one))
	}
	if len(cells) == 0 {
		return console.Text("–")
	}
	return console.Stack(cells...)
}

func (w web) loadClient(c *console.Context, id string) (d clientPage, err error) {
	if d.Client, err = w.s.Client(c.Context(), c.Actor, id); err != nil {
		return d, err
	}
	one := d.Client
	c.Title(text.Literal(one.Name))
	c.Crumb(text.M("Applications"), "/identity/clients")
	d.Kind, d.Level, d.Issuer = kindWords[one.Kind], levelWords[one.MinLevel], w.s.Issuer()
	d.Told = one.LogoutURI != "" || one.ProbeURI != ""
	if err := w.loadLogouts(c, &d); err != nil {
		return d, err
	}
	d.Facts = []console.Fact{
		{Label: text.M("Code§client"), Value: console.Text(one.ID)},
		{Label: text.M("Issuer"), Value: console.Text(d.Issuer)},
		{Label: text.M("Kind"), Value: console.Say(d.Kind)},
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(one.Unit))},
		{Label: text.M("Asks for at least"), Value: console.Say(d.Level)},
	}
	fact := func(m text.Message, v console.Cell) { d.Facts = append(d.Facts, console.Fact{Label: m, Value: v}) }
	switch one.Kind {
	case identity.GateClient:
		fact(text.M("Host"), console.Text(one.Host))
		d.Proxies = oidc.ProxySetups(d.Issuer, one)
		if t, ok := w.p.TroubleOf(one.ID); ok {
			d.Trouble = &t
		}
	case identity.SAMLClient:
		d.Facts = append(d.Facts, w.samlClientFacts(one)...)
	case identity.ServiceClient:
		fact(text.M("Shows who it is by"), console.Text(one.Auth))
	default:
		fact(text.M("Shows who it is by"), console.Text(one.Auth))
		fact(text.M("Addresses to return to"), lines(one.Redirects))
		fact(text.M("Addresses after sign-out"), lines(one.AfterLogout))
		fact(text.M("Is told of sign-outs at"), lines(slices.DeleteFunc([]string{one.LogoutURI}, func(s string) bool { return s == "" })))
		fact(text.M("May know"), lines(one.Scopes))
		fact(text.M("Renews tokens"), console.Say(refreshWords[one.Refresh]))
		fact(text.M("Signed with"), console.Text(one.Algorithm))
		if one.Pairwise {
			fact(text.M("Knows people by"), console.Say(text.M("a name of its own (pairwise)")))
		}
		if one.Devices {
			fact(text.M("Devices without a browser"), console.Say(text.M("allowed")))
		}
	}
	return d, nil
}

var refreshWords = map[string]text.Message{
	identity.RefreshNone:    text.M("not at all"),
	identity.RefreshSession: text.M("as long as the person is signed in"),
	identity.RefreshOffline: text.M("for 30 days, also after that"),
}

func (w web) client(c *console.Context) error {
	d, err := w.loadClient(c, c.Path("id"))
	if err != nil {
		return err
	}
	return c.Render("client", d)
}

// shownOnce shows an application with a secret that is not shown again.
func (w web) shownOnce(c *console.Context, id, secret string) error {
	d, err := w.loadClient(c, id)
	if err != nil {
		return err
	}
	d.Secret = secret
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("client", d)
}

type clientForm struct {
	New     bool
	Client  identity.Client
	Action  string
	Back    string
	Units   []console.Option
	Kinds   []console.Option
	Levels  []console.Option
	Classes []console.Option
	Auths   []console.Option
	Fresh   []console.Option
	Scopes  []console.Option
	Algs    []console.Option
	Lines   map[string]string
}

func literal(values ...string) (list []console.Option) {
	for _, v := range values {
		list = append(list, console.Option{Value: v, Label: text.Literal(v)})
	}
	return list
}

func (w web) clientForm(c *console.Context, one identity.Client, fresh bool) clientForm {
	d := clientForm{New: fresh, Client: one, Action: "/identity/clients/new", Back: "/identity/clients",
		Auths: literal(identity.AuthBasic, identity.AuthPost, identity.AuthKey), Algs: literal("ES256", "RS256"), Scopes: literal(identity.ClaimScopes...),
		Lines: map[string]string{"redirects": strings.Join(one.Redirects, "\n"), "after_logout": strings.Join(one.AfterLogout, "\n")}}
	if !fresh {
		d.Action, d.Back = clientHref(one.ID)+"/edit", clientHref(one.ID)
		c.Crumb(text.M("Applications"), "/identity/clients")
		c.Crumb(text.Literal(one.Name), d.Back)
		c.Title(text.M("Change this application"))
	} else {
		c.Crumb(text.M("Applications"), "/identity/clients")
	}
	for _, u := range c.Actor.Visible(identity.ManageClients) {
		d.Units = append(d.Units, console.Option{Value: u.ID, Label: text.Literal(u.Label(c.Lang))})
	}
	for _, k := range []identity.ClientKind{identity.WebClient, identity.GateClient, identity.NativeClient, identity.ServiceClient} {
		d.Kinds = append(d.Kinds, console.Option{Value: string(k), Label: kindWords[k]})
	}
	for _, l := range append([]identity.Level{identity.NoLevel}, identity.Levels...) {
		d.Levels = append(d.Levels, console.Option{Value: string(l), Label: levelWords[l]})
	}
	for _, class := range policy.Classes {
		d.Classes = append(d.Classes, console.Option{Value: string(class), Label: className(class)})
	}
	for _, r := range []string{identity.RefreshNone, identity.RefreshSession, identity.RefreshOffline} {
		d.Fresh = append(d.Fresh, console.Option{Value: r, Label: refreshWords[r]})
	}
	return d
}

func (w web) readClient(c *console.Context) identity.Client {
	return identity.Client{
		ID: c.Value("id"), Name: c.Value("name"), Unit: c.Value("unit"), Kind: identity.ClientKind(c.Value("kind")), Host: c.Value("host"), LogoutURI: c.Value("logout_uri"), ProbeURI: c.Value("probe_uri"),
		Auth: c.Value("auth"), Keys: c.Value("keys"), Redirects: strings.Split(c.Value("redirects"), "\n"), AfterLogout: strings.Split(c.Value("after_logout"), "\n"),
		MinLevel: identity.Level(c.Value("min_level")), Class: policy.Class(c.Value("class")), Scopes: c.Values("scopes"), Refresh: c.Value("refresh"), Devices: c.Bool("devices"), JWT: c.Bool("jwt"),
		Algorithm: c.Value("algorithm"), Pairwise: c.Bool("pairwise"),
	}
}

func (w web) newClient(c *console.Context) error {
	return c.Render("clientform", w.clientForm(c, identity.Client{Kind: identity.WebClient, Auth: identity.AuthBasic, Algorithm: "ES256", MinLevel: identity.PhishingResistant,
		Refresh: identity.RefreshSession, Scopes: []string{identity.ScopeProfile, identity.ScopeEmail}}, true))
}

func (w web) addClient(c *console.Context) error {
	one := w.readClient(c)
	secret, err := w.s.AddClient(c.Context(), c.Actor, one)
	if err != nil {
		return c.Invalid("clientform", w.clientForm(c, one, true), err)
	}
	if secret == "" {
		c.Flash(text.M("The application is added."))
		return c.Redirect(clientHref(strings.TrimSpace(one.ID)))
	}
	return w.shownOnce(c, strings.TrimSpace(one.ID), secret)
}

func (w web) editClient(c *console.Context) error {
	one, err := w.s.Client(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if err := c.Actor.May(identity.ManageClients, one.Unit); err != nil {
		return err
	}
	if one.SAML != nil {
		return c.Render("samlform", w.samlForm(c, one, false))
	}
	return c.Render("clientform", w.clientForm(c, one, false))
}

func (w web) changeClient(c *console.Context) error {
	old, err := w.s.Client(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if old.SAML != nil {
		return w.changeSAML(c)
	}
	one := w.readClient(c)
	one.ID, one.Kind = old.ID, old.Kind
	if err := w.s.ChangeClient(c.Context(), c.Actor, one); err != nil {
		return c.Invalid("clientform", w.clientForm(c, one, false), err)
	}
	c.Flash(text.M("The application is changed."))
	return c.Redirect(clientHref(one.ID))
}

func (w web) rotateSecret(c *console.Context) error {
	secret, err := w.s.RotateSecret(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	return w.shownOnce(c, c.Path("id"), secret)
}

func (w web) removeClient(c *console.Context) error {
	if err := w.s.RemoveClient(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The application is removed. Nobody gets into it through this sign-in any more."))
	return c.Redirect("/identity/clients")
}

type keysPage struct {
	Tabs []console.Tab
	Keys []identity.SigningKey
	Algs []string
}

func (w web) keys(c *console.Context) error {
	keys, err := w.s.SigningKeys(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	d := keysPage{Tabs: w.tabs(c, "/identity/keys"), Keys: keys}
	for _, k := range keys {
		if a := string(k.Algorithm); !slices.Contains(d.Algs, a) {
			d.Algs = append(d.Algs, a)
		}
	}
	return c.Render("keys", d)
}

func (w web) rotateKey(c *console.Context) error {
	if err := w.s.RotateKey(c.Context(), c.Actor, c.Value("algorithm")); err != nil {
		return err
	}
	c.Flash(text.M("The next key signs from now on. What the former one signed is still verified."))
	return c.Redirect("/identity/keys")
}

func (w web) endOwnGrants(c *console.Context) error {
	if err := w.s.EndGrants(c.Context(), c.Actor, c.Actor.Person, c.Value("client")); err != nil {
		return err
	}
	c.Flash(text.M("The application has lost its access."))
	return c.Redirect("/settings#applications")
}

func (w web) endGrants(c *console.Context) error {
	if err := w.s.EndGrants(c.Context(), c.Actor, c.Path("id"), c.Value("client")); err != nil {
		return err
	}
	c.Flash(text.M("The application has lost its access."))
	return c.Redirect("/identity/people/" + url.PathEscape(c.Path("id")))
}

// granted is an application that a person uses.
type granted struct {
	identity.Grant
	Name string
	End  string // where the form to end it goes
}

func (w web) granted(c *console.Context, person, end string) (list []granted, err error) {
	grants, err := w.s.Grants(c.Context(), c.Actor, person)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if slices.ContainsFunc(list, func(one granted) bool { return one.Client == g.Client }) {
			continue // the latest use stands for all
		}
		name := g.Client
		if one, err := w.s.FindClient(c.Context(), g.Client); err == nil {
			name = one.Name
		}
		list = append(list, granted{g, name, end})
	}
	return list, nil
}
