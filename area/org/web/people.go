package web

import (
	"net/url"
	"time"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func (w web) personList() console.List[org.PersonRow] {
	return console.List[org.PersonRow]{
		Name: "people", Caption: text.M("People§org"), Sort: "name",
		Columns: []console.Column[org.PersonRow]{
			{Key: "name", Head: text.M("Name"), Sort: true,
				Cell: func(c *console.Context, r org.PersonRow) console.Cell {
					return console.Strong("/org/people/"+url.PathEscape(r.ID), r.Label(c.Lang))
				},
				Value: func(r org.PersonRow) any { return r.Name }},
			{Key: "name_ja", Head: text.M("Name in Japanese"), ExportOnly: true, Value: func(r org.PersonRow) any { return r.NameJA }},
			{Key: "id", Head: text.M("ID§org"), Sort: true,
				Cell:  func(_ *console.Context, r org.PersonRow) console.Cell { return console.Code(r.ID) },
				Value: func(r org.PersonRow) any { return r.ID }},
			{Key: "unit", Head: text.M("Unit"),
				Cell:  func(c *console.Context, r org.PersonRow) console.Cell { return unitCell(c, r.Unit) },
				Value: func(r org.PersonRow) any { return r.Unit }},
			{Key: "email", Head: text.M("Mail address"), Value: func(r org.PersonRow) any { return r.Email }},
			{Key: "phone", Head: text.M("Telephone§org"), Value: func(r org.PersonRow) any { return r.Phone }},
		},
		Filters: []console.Filter{
			{Name: "q", Label: text.M("Name, ID or mail address")},
			{Name: "state", Label: text.M("With the group§filter"), Options: []console.Option{{Value: "left", Label: text.M("Has left§org")}}},
		},
		At: org.PersonAt,
		Empty: console.Empty{Title: text.M("No people yet"), Body: text.M("Import them from a file, or add the first one by hand."),
			Action: text.M("Import§org"), Href: "/org/import"},
	}
}

func (w web) people(c *console.Context) error {
	list := w.personList()
	extra := &listPage{Tabs: w.tabs(c, "/org/people")}
	return list.Serve(c, "list", func(q console.Query) (rows []org.PersonRow, total int, err error) {
		err = w.s.View(c.Context(), func(tx *store.Tx) error {
			rows, total, err = w.s.People(tx, c.Actor.Scope(org.Read), org.PersonFilter{Text: q.Get("q"), Under: c.Unit, Left: q.Get("state") == "left", Page: q.Page})
			extra.Cut = total < 0
			return err
		})
		return rows, total, err
	}, extra)
}

type personPage struct {
	Person      org.Person
	Facts       []console.Fact
	Offices     []officeRow
	Teams       *console.Table
	Roles       []roleRow
	History     []console.Event
	Manage      bool
	Ask         bool
	OfficeKinds []console.Option
	RoleKinds   []console.Option
	Units       []console.Option
	Until       time.Time
	From        time.Time
	Own         bool // may read roles
}

type officeRow struct {
	org.Office
	Name string
	Unit console.Cell
	Held bool
	May  bool
	Over bool
}

type roleRow struct {
	authz.Grant
	Unit    console.Cell
	Person  console.Cell
	AskedBy console.Cell
	By      console.Cell
	State   console.Cell
	Approve bool
	End     bool
}

func (w web) loadPerson(tx *store.Tx, c *console.Context, id string) (d personPage, err error) {
	p, err := w.s.Person(tx, c.Actor, id)
	if err != nil {
		return d, err
	}
	d = personPage{Person: p, Manage: c.Actor.Can(org.Manage, p.Unit), From: tx.Now, Until: tx.Now.AddDate(1, 0, 0),
		OfficeKinds: options(org.OfficeKinds, org.OfficeKind.Label), RoleKinds: options(authz.Roles, authz.Role.Label)}
	d.Ask = p.Present() && c.Actor.CanAnywhere(authz.AskGrant)
	if d.Manage || d.Ask {
		d.Units = append(unitChoices(c, org.Read, false), unitChoices(c, org.Read, true)...)
	}
	zone := p.Zone
	if zone == "" {
		set, err := w.s.Setting(tx, p.Unit)
		if err != nil {
			return d, err
		}
		zone = set.Zone
	}
	local := ""
	if l, err := time.LoadLocation(zone); err == nil {
		local = tx.Now.In(l).Format("2006-01-02 15:04")
	}
	d.Facts = []console.Fact{
		{Label: text.M("ID§org"), Value: console.Code(p.ID)},
		{Label: text.M("Unit"), Value: unitCell(c, p.Unit)},
		{Label: text.M("Mail address"), Value: mailCell(p.Email)},
		{Label: text.M("Telephone§org"), Value: phoneCell(p.Phone)},
		{Label: text.M("Language§org"), Value: console.Text(tongue(string(p.Lang), c.Lang))},
		{Label: text.M("Local time§org"), Value: console.Stack(console.Text(local), console.Text(zone))},
	}
	if !p.Present() {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Has left§org"), Value: console.When(p.Gone)})
	}
	scope := c.Actor.Scope(org.Read)
	offices, err := w.s.OfficesOfPerson(tx, scope, id)
	if err != nil {
		return d, err
	}
	for _, o := range offices {
		d.Offices = append(d.Offices, officeRow{Office: o, Name: o.Name(c.Lang), Unit: unitCell(c, o.Unit), Held: o.Held(tx.Now),
			Over: !o.Until.IsZero() && !o.Until.After(tx.Now), May: c.Actor.Can(org.Manage, o.Unit)})
	}
	teams, err := w.s.TeamsOfPerson(tx, scope, id)
	if err != nil {
		return d, err
	}
	d.Teams = console.NewTable(text.M("Teams§org"), text.M("Team"), text.M("Kind"), text.M("On call§org"))
	for _, t := range teams {
		state := console.Text("")
		if now := org.OnCall(t.Plan, tx.Now); now.Person == id {
			state = console.Chip(console.Info, text.M("On call until %s", c.Local(now.Until)))
		}
		d.Teams.Row(console.Strong("/org/teams/"+t.ID, t.Label(c.Lang)), console.Say(t.Kind.Label()), state)
	}
	if grants := c.Actor.Scope(authz.ReadGrants); !grants.Empty() {
		d.Own = true
		list, err := w.s.Roles(tx, grants, id)
		if err != nil {
			return d, err
		}
		if d.Roles, err = w.roleRows(tx, c, list); err != nil {
			return d, err
		}
	}
	d.History, err = w.history(tx, c, id)
	return d, err
}

func mailCell(address string) console.Cell {
	if address == "" {
		return console.Text("")
	}
	return console.Link("mailto:"+address, address)
}

func phoneCell(number string) console.Cell {
	if number == "" {
		return console.Text("")
	}
	return console.Link("tel:"+url.PathEscape(number), number)
}

func (w web) showPerson(c *console.Context, show func(d personPage) error) error {
	var d personPage
	id := c.Path("id")
	err := w.s.View(c.Context(), func(tx *store.Tx) (err error) {
		d, err = w.loadPerson(tx, c, id)
		return err
	})
	if err != nil {
		return err
	}
	c.Title(text.Literal(d.Person.Label(c.Lang)))
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.M("People§org"), "/org/people")
	return show(d)
}

func (w web) person(c *console.Context) error {
	return w.showPerson(c, func(d personPage) error { return c.Render("person", d) })
}

// again shows the person's page with what is wrong with the form that was posted.
func (w web) again(c *console.Context, err error) error {
	if !fault.Is(err, fault.KindInvalid) {
		return err
	}
	return w.showPerson(c, func(d personPage) error { return c.Invalid("person", d, err) })
}

type personForm struct {
	Person org.Person
	New    bool
	Units  []console.Option
	Langs  []console.Option
	Back   string
}

func (w web) personForm(c *console.Context, p org.Person, isNew bool) personForm {
	d := personForm{Person: p, New: isNew, Units: unitChoices(c, org.Manage, false), Back: "/org/people",
		Langs: []console.Option{{Value: "ja", Label: text.Literal(tongue("ja", c.Lang))}, {Value: "en", Label: text.Literal(tongue("en", c.Lang))}}}
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.M("People§org"), "/org/people")
	if !isNew {
		d.Back = "/org/people/" + url.PathEscape(p.ID)
		c.Crumb(text.Literal(p.Label(c.Lang)), d.Back)
	}
	return d
}

func (w web) personNew(c *console.Context) error {
	return c.Render("personform", w.personForm(c, org.Person{Unit: c.Query("in"), Lang: c.Lang}, true))
}

func personInput(c *console.Context) org.Person {
	return org.Person{ID: c.Value("id"), Name: c.Value("name"), NameJA: c.Value("name_ja"), Email: c.Value("email"), Phone: c.Value("phone"),
		Unit: c.Value("unit"), Lang: text.Lang(c.Value("language")), Zone: c.Value("zone")}
}

func (w web) personAdd(c *console.Context) error {
	p := personInput(c)
	if err := w.s.AddPerson(c.Context(), c.Actor, p); err != nil {
		return c.Invalid("personform", w.personForm(c, p, true), err)
	}
	c.Flash(text.M("The person was added."))
	return c.Redirect("/org/people/" + url.PathEscape(p.ID))
}

func (w web) findPerson(c *console.Context) (p org.Person, err error) {
	err = w.s.View(c.Context(), func(tx *store.Tx) error {
		p, err = w.s.Person(tx, c.Actor, c.Path("id"))
		return err
	})
	return p, err
}

func (w web) personEdit(c *console.Context) error {
	p, err := w.findPerson(c)
	if err != nil {
		return err
	}
	if err := c.Actor.May(org.Manage, p.Unit); err != nil {
		return err
	}
	return c.Render("personform", w.personForm(c, p, false))
}

func (w web) personChange(c *console.Context) error {
	old, err := w.findPerson(c)
	if err != nil {
		return err
	}
	p := personInput(c)
	p.ID = old.ID
	if err := w.s.ChangePerson(c.Context(), c.Actor, p); err != nil {
		return c.Invalid("personform", w.personForm(c, old, false), err)
	}
	c.Flash(text.M("Saved."))
	return c.Redirect("/org/people/" + url.PathEscape(p.ID))
}

func (w web) personLeave(c *console.Context) error {
	return back(c, "/org/people/"+url.PathEscape(c.Path("id")), w.s.Leave(c.Context(), c.Actor, c.Path("id")), text.M("The person has left; offices and duties have ended."))
}

func (w web) personReturn(c *console.Context) error {
	return back(c, "/org/people/"+url.PathEscape(c.Path("id")), w.s.Return(c.Context(), c.Actor, c.Path("id")), text.M("The person is with the group again."))
}

func (w web) officeTake(c *console.Context) error {
	id := c.Path("id")
	o := org.Office{Person: id, Unit: c.Value("unit"), Office: org.OfficeKind(c.Value("office")), Title: c.Value("title"), TitleJA: c.Value("title_ja")}
	var err error
	if o.From, err = c.Time("from"); err != nil {
		return w.again(c, err)
	}
	if o.Until, err = c.Time("until"); err != nil {
		return w.again(c, err)
	}
	if err := w.s.TakeOffice(c.Context(), c.Actor, o); err != nil {
		return w.again(c, err)
	}
	c.Flash(text.M("The office was taken."))
	return c.Redirect("/org/people/" + url.PathEscape(id))
}

func (w web) officeEnd(c *console.Context) error {
	return back(c, "/org/people/"+url.PathEscape(c.Value("person")), w.s.LeaveOffice(c.Context(), c.Actor, c.Path("id")), text.M("The office has ended."))
}

func (w web) roleAsk(c *console.Context) error {
	until, err := c.Time("role_until")
	if err != nil {
		return w.again(c, err)
	}
	tree := authz.Own
	if c.Actor.Units().IsRegion(c.Value("role_unit")) {
		tree = authz.Geography // a role over a region counts for what lies in it
	}
	err = w.s.AskRole(c.Context(), c.Actor, c.Path("id"), authz.Role(c.Value("role")), tree, c.Value("role_unit"), until)
	if err != nil {
		if f := fault.As(err); f != nil && f.Kind == fault.KindInvalid {
			for i := range f.Fields { // the kernel's names for entries of this form
				if f.Fields[i].Name == "until" {
					f.Fields[i].Name = "role_until"
				}
			}
		}
		return w.again(c, err)
	}
	c.Flash(text.M("Asked for. It counts once a second person has approved it."))
	return c.Redirect("/org/people/" + url.PathEscape(c.Path("id")))
}
