package web

import (
	"net/url"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

var accounts = console.List[identity.Account]{
	Name: "accounts", Caption: text.M("How people sign in"), Sort: "person",
	Columns: []console.Column[identity.Account]{
		{Key: "person", Head: text.M("Person"), Sort: true,
			Cell: func(c *console.Context, a identity.Account) console.Cell {
				return console.Strong("/identity/people/"+url.PathEscape(a.Person.ID), a.Person.Label(c.Lang))
			},
			Value: func(a identity.Account) any { return a.Person.ID }},
		{Key: "unit", Head: text.M("Unit"),
			Cell: func(c *console.Context, a identity.Account) console.Cell {
				return console.Text(c.UnitLabel(a.Person.Unit))
			},
			Value: func(a identity.Account) any { return a.Person.Unit }},
		{Key: "way", Head: text.M("Strongest way"),
			Cell:  func(_ *console.Context, a identity.Account) console.Cell { return console.Say(wayLabel(a.Way)) },
			Value: func(a identity.Account) any { return string(a.Way) }},
		{Key: "passkeys", Head: text.M("Passkeys"), Num: true, Value: func(a identity.Account) any { return a.Passkeys }},
		{Key: "sessions", Head: text.M("Sessions"), Num: true, Value: func(a identity.Account) any { return a.Sessions }},
		{Key: "used", Head: text.M("Last sign-in"), Value: func(a identity.Account) any { return a.LastUsed }},
	},
	Filters: []console.Filter{
		{Name: "q", Label: text.M("Search")},
		{Name: "without", Label: text.M("Passkey"), Options: []console.Option{{Value: "yes", Label: text.M("Only people without one")}}},
		{Name: "way", Label: text.M("Strongest way"), Choices: func(*console.Context) (opts []console.Option) {
			for _, way := range identity.Ways {
				opts = append(opts, console.Option{Value: string(way), Label: wayLabel(way)})
			}
			return opts
		}},
		{Name: "mfa", Label: text.M("Two factors"), Options: []console.Option{{Value: string(identity.LacksPrivileged), Label: text.M("People with roles without")}, {Value: string(identity.LacksGeneral), Label: text.M("Others without")}}},
		{Name: "own", Label: text.M("Whose people"), Options: []console.Option{{Value: "yes", Label: text.M("Only people of the unit itself")}}},
	},
	At: func(a identity.Account, _ string) keyset.Position { return keyset.At(a.Person.ID, a.Person.ID) },
}

func wayLabel(way identity.Way) text.Message {
	switch way {
	case identity.ByHardware:
		return text.M("Hardware key")
	case identity.ByPasskey:
		return text.M("Passkey")
	case identity.ByCode:
		return text.M("Password and code")
	case identity.ByPassword:
		return text.M("Password alone")
	}
	return text.M("Nothing")
}

func (w web) accounts(c *console.Context) error {
	return accounts.Serve(c, "accounts", func(q console.Query) ([]identity.Account, int, error) {
		f := identity.AccountFilter{Text: q.Get("q"), Way: identity.Way(q.Get("way")), Lacks: identity.Lack(q.Get("mfa")), Without: q.Get("without") != "", Page: q.Page}
		if q.Get("own") != "" {
			if f.Own = c.Unit; f.Own == "" {
				f.Own = c.Actor.Units().Root()
			}
		}
		return w.s.Accounts(c.Context(), c.Scope(identity.ReadFactors), f)
	}, w.tabs(c, "/identity"))
}

type account struct {
	identity.Account
	Keys    []identity.Passkey
	Live    []identity.Session
	Factors identity.Factors
	Whole   bool   // the reader sees by what the person signs in as well
	First   bool   // the person never had anything to sign in by: a link may be made
	Link    string // just made, to hand over, shown once
	Held    held   // by a containment

	MayContain bool
	RADIUS     *console.Table
	From       identity.Source
	Granted    []granted

	Facts    []console.Fact
	Timeline []console.Event
	Older    string // address of the next page of the timeline
	Later    bool   // it is not the first
	Devices  *console.Table
	Trips    *console.Table
}

func (w web) person(c *console.Context) (d account, err error) {
	id := c.Path("id")
	if d.Account, err = w.s.Account(c.Context(), c.Actor, id); err != nil {
		return d, err
	}
	c.Title(text.Literal(d.Person.Label(c.Lang)))
	if d.Whole = c.Actor.Person == id || c.Actor.Can(identity.ReadFactors, d.Person.Unit); d.Whole {
		c.Crumb(text.M("Identity and MFA"), "/identity")
		if err := w.factors(c, &d, id); err != nil {
			return d, err
		}
	}
	if d.Live, err = w.s.Sessions(c.Context(), c.Actor, id, ""); err != nil {
		return d, err
	}
	of, _, err := w.s.ContainmentOf(c.Context(), c.Actor, id)
	if err != nil {
		return d, err
	}
	d.Held = held{of}
	d.MayContain = of.ID == "" && c.Actor.Person != id && c.Actor.Can(identity.Contain, d.Person.Unit)
	if d.RADIUS, err = w.radiusTable(c, id); err != nil {
		return d, err
	}
	if d.Facts, err = w.card(c, id); err != nil {
		return d, err
	}
	d.Later = c.Query("before") != ""
	if d.Timeline, d.Older, err = w.history(c, id); err != nil {
		return d, err
	}
	d.Devices, d.Trips, err = w.belongings(c, id)
	return d, err
}

// factors adds by what the person signs in and where to: who answers an alarm
// needs to know neither.
func (w web) factors(c *console.Context, d *account, id string) (err error) {
	if d.From, err = w.s.Source(c.Context(), c.Actor, id); err != nil {
		return err
	}
	if d.Keys, err = w.s.Passkeys(c.Context(), c.Actor, id); err != nil {
		return err
	}
	if d.Factors, err = w.s.Factors(c.Context(), c.Actor, id); err != nil {
		return err
	}
	end := ""
	if c.Actor.Can(identity.EndSessions, d.Person.Unit) {
		end = "/identity/people/" + url.PathEscape(id) + "/applications/end"
	}
	if d.Granted, err = w.granted(c, id, end); err != nil {
		return err
	}
	d.First, err = w.s.NeverHad(c.Context(), c.Actor, id)
	return err
}

func (w web) account(c *console.Context) error {
	d, err := w.person(c)
	if err != nil {
		return err
	}
	return c.Render("account", d)
}

func (w web) makeLink(c *console.Context) error {
	secret, _, err := w.s.LinkFor(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if secret == "" {
		c.Flash(text.M("The link is on its way to the person by mail."))
		return c.Redirect("/identity/people/" + url.PathEscape(c.Path("id")))
	}
	d, err := w.person(c)
	if err != nil {
		return err
	}
	d.Link = w.s.LinkURL(secret)
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("account", d)
}

func (w web) endSessions(c *console.Context) error {
	if err := w.s.EndAll(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("All sessions of this person are ended."))
	return c.Redirect("/identity/people/" + url.PathEscape(c.Path("id")))
}
