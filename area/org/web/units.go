package web

import (
	"net/url"
	"time"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/country"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type listPage struct {
	Tabs []console.Tab
	Cut  bool // more was found than is listed
}

func (w web) unitList() console.List[org.UnitRow] {
	return console.List[org.UnitRow]{
		Name: "units", Caption: text.M("Units§org"), Sort: "path",
		Columns: []console.Column[org.UnitRow]{
			{Key: "name", Head: text.M("Name"), Sort: true,
				Cell: func(c *console.Context, r org.UnitRow) console.Cell {
					return console.Strong("/org/units/"+r.ID, r.Label(c.Lang))
				},
				Value: func(r org.UnitRow) any { return r.Name }},
			{Key: "name_ja", Head: text.M("Name in Japanese"), ExportOnly: true, Value: func(r org.UnitRow) any { return r.NameJA }},
			{Key: "id", Head: text.M("ID§org"), Sort: true,
				Cell:  func(_ *console.Context, r org.UnitRow) console.Cell { return console.Code(r.ID) },
				Value: func(r org.UnitRow) any { return r.ID }},
			{Key: "kind", Head: text.M("Kind"), Sort: true, Value: func(r org.UnitRow) any { return r.Kind.Label() }},
			{Key: "parent", Head: text.M("Belongs to§org"),
				Cell: func(c *console.Context, r org.UnitRow) console.Cell {
					if r.Kind == org.Region {
						return console.Text("")
					}
					return unitCell(c, r.Parent)
				}},
			{Key: "region", Head: text.M("Region§org"), Cell: func(c *console.Context, r org.UnitRow) console.Cell { return regionCell(c, r.Region) }},
			{Key: "country", Head: text.M("Country§org"), Sort: true,
				Cell: func(c *console.Context, r org.UnitRow) console.Cell {
					return console.Text(country.Name(r.Country, c.Lang))
				},
				Value: func(r org.UnitRow) any { return r.Country }},
			{Key: "people", Head: text.M("People§org"), Sort: true, Num: true, Value: func(r org.UnitRow) any { return r.People }},
			{Key: "teams", Head: text.M("Teams§org"), Num: true, Value: func(r org.UnitRow) any { return r.Teams }},
		},
		Filters: []console.Filter{
			{Name: "q", Label: text.M("Name or ID")},
			{Name: "kind", Label: text.M("Kind"), Options: options(org.Kinds, org.Kind.Label)},
			{Name: "country", Label: text.M("Country§org"), Choices: w.countries},
			{Name: "state", Label: text.M("In use§filter"), Options: []console.Option{{Value: "retired", Label: text.M("Retired§org")}}},
		},
		At: org.UnitAt,
		Empty: console.Empty{Title: text.M("No units yet"), Body: text.M("Import them from a file, or add the first one by hand."),
			Action: text.M("Import§org"), Href: "/org/import"},
	}
}

func (w web) countries(c *console.Context) []console.Option {
	opts := []console.Option{}
	w.s.View(c.Context(), func(tx *store.Tx) error {
		codes, err := w.s.Countries(tx, c.Actor.Scope(org.Read))
		opts = opts[:0]
		for _, code := range codes {
			opts = append(opts, console.Option{Value: code, Label: text.Literal(country.Name(code, c.Lang))})
		}
		return err
	})
	return opts
}

func (w web) units(c *console.Context) error {
	list := w.unitList()
	return list.Serve(c, "list", func(q console.Query) (rows []org.UnitRow, total int, err error) {
		err = w.s.View(c.Context(), func(tx *store.Tx) error {
			rows, total, err = w.s.Units(tx, c.Scope(org.Read), org.UnitFilter{Text: q.Get("q"), Kind: org.Kind(q.Get("kind")),
				Country: q.Get("country"), Retired: q.Get("state") == "retired", Page: q.Page})
			return err
		})
		return rows, total, err
	}, listPage{Tabs: w.tabs(c, "/org/units")})
}

type unitPage struct {
	Unit     org.Unit
	Facts    []console.Fact
	Work     []console.Fact
	Children *console.Table
	Teams    *console.Table
	Offices  *console.Table
	Cards    []*Card
	History  []console.Event
	Chart    string
	PeopleAt string
}

func (w web) unit(c *console.Context) error {
	var d unitPage
	id := c.Path("id")
	err := w.s.View(c.Context(), func(tx *store.Tx) error { return w.loadUnit(tx, c, id, &d) })
	if err != nil {
		return err
	}
	for _, panel := range w.panels {
		card, err := panel(c, d.Unit)
		if err != nil {
			return err
		}
		if card != nil {
			d.Cards = append(d.Cards, card)
		}
	}
	c.Title(text.Literal(d.Unit.Label(c.Lang)))
	c.Crumb(text.M("Organization"), "/org")
	for _, up := range above(c, d.Unit) {
		c.Crumb(text.Literal(c.UnitLabel(up)), "/org/units/"+up)
	}
	return c.Render("unit", d)
}

// above are the units above one that the reader may open, the topmost first.
func above(c *console.Context, u org.Unit) []string {
	var path []string
	up := u.Parent
	if u.Kind == org.Region {
		up = u.Region
	}
	for n := 0; up != "" && n < 32; n++ {
		if !c.Actor.Can(org.Read, up) {
			break
		}
		path = append([]string{up}, path...)
		v, _ := c.Actor.Units().Get(up)
		if up = v.Parent; v.Kind == string(org.Region) {
			up = v.Region
		}
	}
	return path
}

func (w web) loadUnit(tx *store.Tx, c *console.Context, id string, d *unitPage) error {
	u, err := w.s.Unit(tx, c.Actor, id)
	if err != nil {
		return err
	}
	scope := c.Actor.Scope(org.Read)
	*d = unitPage{Unit: u, PeopleAt: "/org/people?" + url.Values{"unit": {u.ID}}.Encode(), Chart: "/org?" + url.Values{"top": {u.ID}}.Encode()}
	set, err := w.s.Setting(tx, id)
	if err != nil {
		return err
	}
	units, people, err := w.s.Totals(tx, scope, id)
	if err != nil {
		return err
	}
	cal, err := w.s.Calendar(tx, id)
	if err != nil {
		return err
	}
	d.Facts = unitFacts(c, u, set, units, people, d.PeopleAt)
	d.Work = workFacts(c, cal, set)
	children, err := w.s.Children(tx, scope, u, 101)
	if err != nil {
		return err
	}
	d.Children = console.NewTable(text.M("Units below it"), text.M("Name"), text.M("Kind"), text.M("Country§org"), text.M("People§org"))
	for i, k := range children {
		if i == 100 {
			d.Children.Row(console.Link("/org/units?unit="+url.QueryEscape(id), c.T("All units below it")), console.Text(""), console.Text(""), console.Text(""))
			break
		}
		d.Children.Row(console.Strong("/org/units/"+k.ID, k.Label(c.Lang)), console.Say(k.Kind.Label()), console.Text(country.Name(k.Country, c.Lang)), console.Num(k.People))
	}
	teams, err := w.s.Answering(tx, c.Actor, id)
	if err != nil {
		return err
	}
	offices, err := w.s.OfficesOfUnit(tx, scope, id)
	if err != nil {
		return err
	}
	var who []string
	for _, t := range teams {
		who = append(who, org.OnCall(t.Plan, tx.Now).Person)
	}
	for _, o := range offices {
		who = append(who, o.Person)
	}
	names, err := w.s.Names(tx, who...)
	if err != nil {
		return err
	}
	d.Teams = w.onCallTable(c, teams, names, tx.Now)
	d.Offices = console.NewTable(text.M("Offices§org"), text.M("Office§org"), text.M("Person§org"), text.M("Telephone§org"), text.M("Since§org"), text.M("Until§org"))
	for _, o := range offices {
		d.Offices.Row(console.Text(o.Name(c.Lang)), personCell(c, names, o.Person), console.Text(names[o.Person].Phone), dateCell(c, o.From), dateCell(c, o.Until))
	}
	d.History, err = w.history(tx, c, id)
	return err
}

func unitFacts(c *console.Context, u org.Unit, set org.Setting, units, people int, peopleAt string) []console.Fact {
	facts := []console.Fact{
		{Label: text.M("ID§org"), Value: console.Code(u.ID)},
		{Label: text.M("Kind"), Value: console.Say(u.Kind.Label())},
	}
	if u.Parent != "" && u.Kind != org.Region {
		facts = append(facts, console.Fact{Label: text.M("Belongs to§org"), Value: unitCell(c, u.Parent)})
	}
	if u.Region != "" {
		facts = append(facts, console.Fact{Label: text.M("Region§org"), Value: regionCell(c, u.Region)})
	}
	facts = append(facts,
		console.Fact{Label: text.M("Country§org"), Value: from(c, u, set.CountryFrom, country.Name(set.Country, c.Lang))},
		console.Fact{Label: text.M("Language§org"), Value: from(c, u, set.LangFrom, tongue(set.Lang, c.Lang))},
		console.Fact{Label: text.M("People§org"), Value: console.Link(peopleAt, c.T("%s with all below", c.Num(int64(people))))},
		console.Fact{Label: text.M("Units below it"), Value: console.Num(max(0, units-1))},
	)
	if !u.InUse() {
		facts = append(facts, console.Fact{Label: text.M("Retired§org"), Value: console.When(u.Retired)})
	}
	return facts
}

// from shows a setting, and where it comes from when it is not the unit's own.
func from(c *console.Context, u org.Unit, source, value string) console.Cell {
	if value == "" || source == u.ID || source == "" {
		return console.Text(value)
	}
	return console.Stack(console.Text(value), console.Text(c.T("from %s§org", c.UnitLabel(source))))
}

func workFacts(c *console.Context, cal org.Calendar, set org.Setting) []console.Fact {
	name := c.T("Usual week")
	cell := console.Text(name)
	if set.Calendar != "" {
		cell = console.Link("/org/calendars/"+set.Calendar, cal.Label(c.Lang))
	}
	zone := cal.Zone
	if zone == nil {
		zone = time.UTC
	}
	state := console.Chip(console.Plain, text.M("Not at work§org"))
	if cal.Open(c.Now) {
		state = console.Chip(console.Good, text.M("At work§org"))
	}
	facts := []console.Fact{
		{Label: text.M("Local time§org"), Value: console.Stack(console.Text(c.Now.In(zone).Format("2006-01-02 15:04")), console.Text(set.Zone))},
		{Label: text.M("Now§org"), Value: state},
		{Label: text.M("Working calendar"), Value: cell},
		{Label: text.M("Working hours§org"), Value: console.Text(org.Clock(cal.Opens) + "–" + org.Clock(cal.Closes))},
	}
	if !cal.Open(c.Now) {
		facts = append(facts, console.Fact{Label: text.M("Back at work"), Value: console.When(cal.AddWorkingHours(c.Now, 0))})
	}
	return facts
}

func dateCell(c *console.Context, t time.Time) console.Cell {
	if t.IsZero() {
		return console.Text("")
	}
	return console.Text(t.In(c.Zone).Format(time.DateOnly))
}
