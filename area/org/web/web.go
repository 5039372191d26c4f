// Package web shows the organisation: the chart of both trees, lists and pages
// of units, people and teams with who is on call now, roles to approve, working
// calendars, and the import with its preview. Every page works without
// JavaScript; what a reader may not see is not on any of them.
package web

import (
	"embed"
	"slices"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed views/*.html
var views embed.FS

// Card is what another area shows on the page of a unit.
type Card struct {
	Title text.Message
	Href  string // opens all of it; may be empty
	Facts []console.Fact
	Table *console.Table
	Wide  bool // over the whole width
}

// Panel makes a card about a unit; nil where there is nothing to show to this
// reader.
type Panel func(c *console.Context, unit org.Unit) (*Card, error)

type web struct {
	s      *org.Service
	panels []Panel
}

// Area is the organisation's part of the console and the API. The panels are
// shown on the page of every unit in their order.
func Area(s *org.Service, panels ...Panel) console.Area {
	w := web{s, panels}
	page := func(method, path string, act authz.Act, title text.Message, h func(*console.Context) error) console.Page {
		return console.Page{Method: method, Path: path, Act: act, Title: title, Handle: h}
	}
	get := func(path string, act authz.Act, title text.Message, h func(*console.Context) error) console.Page {
		return page("GET", path, act, title, h)
	}
	post := func(path string, act authz.Act, title text.Message, h func(*console.Context) error) console.Page {
		return page("POST", path, act, title, h)
	}
	upload := post("/org/import", org.Manage, text.M("Import§org"), w.upload)
	upload.MaxBody = 66 << 20
	return console.Area{
		Name: "org", Views: views,
		Nav: []console.NavItem{{Section: console.Govern, Label: text.M("Organization"), Href: "/org", Icon: "tree", Act: org.Read, Order: 10, Jump: "o", Count: w.waiting}},
		Commands: []console.Command{
			{Label: text.M("People§org"), Href: "/org/people", Icon: "users", Act: org.Read},
			{Label: text.M("Teams§org"), Href: "/org/teams", Icon: "phone", Act: org.Read},
			{Label: text.M("Import units, people or teams"), Href: "/org/import", Icon: "upload", Act: org.Manage},
		},
		Work: w.work,
		API:  w.routes(),
		Pages: []console.Page{
			get("/org", org.Read, text.M("Organization"), w.chart),
			get("/org/units", org.Read, text.M("Units§org"), w.units),
			get("/org/units/new", org.Manage, text.M("Add a unit"), w.unitNew),
			post("/org/units/new", org.Manage, text.M("Add a unit"), w.unitAdd),
			get("/org/units/{id}", org.Read, text.M("Unit"), w.unit),
			get("/org/units/{id}/edit", org.Manage, text.M("Change the unit"), w.unitEdit),
			post("/org/units/{id}/edit", org.Manage, text.M("Change the unit"), w.unitChange),
			post("/org/units/{id}/retire", org.Manage, text.M("Retire the unit"), w.unitRetire),
			post("/org/units/{id}/restore", org.Manage, text.M("Take into use again"), w.unitRestore),
			get("/org/people", org.Read, text.M("People§org"), w.people),
			get("/org/people/new", org.Manage, text.M("Add a person"), w.personNew),
			post("/org/people/new", org.Manage, text.M("Add a person"), w.personAdd),
			get("/org/people/{id}", "", text.M("Person§org"), w.person),
			get("/org/people/{id}/edit", org.Manage, text.M("Change the person"), w.personEdit),
			post("/org/people/{id}/edit", org.Manage, text.M("Change the person"), w.personChange),
			post("/org/people/{id}/leave", org.Manage, text.M("Has left§org"), w.personLeave),
			post("/org/people/{id}/return", org.Manage, text.M("Is back§org"), w.personReturn),
			post("/org/people/{id}/offices", org.Manage, text.M("Person§org"), w.officeTake),
			post("/org/offices/{id}/end", org.Manage, text.M("Person§org"), w.officeEnd),
			post("/org/people/{id}/roles", authz.AskGrant, text.M("Person§org"), w.roleAsk),
			get("/org/roles", authz.ReadGrants, text.M("Roles to approve"), w.roles),
			post("/org/roles/{id}/approve", authz.ApproveGrant, text.M("Roles to approve"), w.roleApprove),
			post("/org/roles/{id}/end", "", text.M("Roles to approve"), w.roleEnd),
			get("/org/teams", org.Read, text.M("Teams§org"), w.teams),
			get("/org/teams/new", org.Manage, text.M("Form a team"), w.teamNew),
			post("/org/teams/new", org.Manage, text.M("Form a team"), w.teamForm),
			get("/org/teams/{id}", org.Read, text.M("Team"), w.team),
			get("/org/teams/{id}/edit", org.Manage, text.M("Change the team"), w.teamEdit),
			post("/org/teams/{id}/edit", org.Manage, text.M("Change the team"), w.teamChange),
			post("/org/teams/{id}/disband", org.Manage, text.M("Team"), w.teamDisband),
			post("/org/teams/{id}/rota", org.Rota, text.M("Team"), w.rotaChange),
			post("/org/teams/{id}/standin", org.Rota, text.M("Team"), w.standIn),
			post("/org/teams/{id}/swap", org.Rota, text.M("Team"), w.swap),
			post("/org/teams/{id}/standin/{standin}/drop", org.Rota, text.M("Team"), w.standInDrop),
			get("/org/calendars", org.Read, text.M("Working calendars"), w.calendars),
			post("/org/calendars", org.Manage, text.M("Working calendars"), w.calendarAdd),
			get("/org/calendars/{id}", org.Read, text.M("Working calendar"), w.calendar),
			post("/org/calendars/{id}", org.Manage, text.M("Working calendar"), w.calendarChange),
			post("/org/calendars/{id}/days", org.Manage, text.M("Working calendar"), w.dayPut),
			post("/org/calendars/{id}/days/{day}/drop", org.Manage, text.M("Working calendar"), w.dayDrop),
			get("/org/import", org.Manage, text.M("Import§org"), w.importPage),
			upload,
			get("/org/import/{id}", org.Manage, text.M("Preview of the import"), w.preview),
			post("/org/import/{id}/apply", org.Manage, text.M("Preview of the import"), w.apply),
			get("/org/export/{file}", org.Read, text.M("Export§org"), w.export),
		},
	}
}

// tabs are the parts of the organisation that the reader may open.
func (w web) tabs(c *console.Context, current string) []console.Tab {
	var tabs []console.Tab
	add := func(act authz.Act, label text.Message, href string, count int) {
		if c.Actor.CanAnywhere(act) {
			tabs = append(tabs, console.Tab{Label: label, Href: href, Current: href == current, Count: count})
		}
	}
	add(org.Read, text.M("Chart§org"), "/org", 0)
	add(org.Read, text.M("Units§org"), "/org/units", 0)
	add(org.Read, text.M("People§org"), "/org/people", 0)
	add(org.Read, text.M("Teams§org"), "/org/teams", 0)
	waiting := 0
	if c.Actor.CanAnywhere(authz.ReadGrants) {
		waiting, _ = w.waiting(c)
	}
	add(authz.ReadGrants, text.M("Roles to approve"), "/org/roles", waiting)
	add(org.Read, text.M("Working calendars"), "/org/calendars", 0)
	add(org.Manage, text.M("Import§org"), "/org/import", 0)
	return tabs
}

// mayWait is how many roles to approve are counted at most.
const mayWait = 200

// waiting counts the roles that the person could approve.
func (w web) waiting(c *console.Context) (int, error) {
	if !c.Actor.CanAnywhere(authz.ApproveGrant) {
		return 0, nil
	}
	n := 0
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		list, err := w.s.RolesToApprove(tx, c.Actor.Scope(authz.ApproveGrant), mayWait)
		n = 0
		for _, g := range list {
			if authz.TwoPersons(g.AskedBy, c.Actor.Who()) == nil && authz.TwoPersons(g.Person, c.Actor.Who()) == nil {
				n++
			}
		}
		return err
	})
	return n, err
}

// work are the roles that wait for this person's approval.
func (w web) work(c *console.Context, limit int) ([]console.WorkItem, error) {
	if !c.Actor.CanAnywhere(authz.ApproveGrant) {
		return nil, nil
	}
	var items []console.WorkItem
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		list, err := w.s.RolesToApprove(tx, c.Actor.Scope(authz.ApproveGrant), mayWait)
		if err != nil {
			return err
		}
		items = nil
		var ids []string
		for _, g := range list {
			ids = append(ids, g.Person)
		}
		names, err := w.s.Names(tx, ids...)
		for _, g := range list {
			if authz.TwoPersons(g.AskedBy, c.Actor.Who()) != nil || authz.TwoPersons(g.Person, c.Actor.Who()) != nil || len(items) >= limit {
				continue
			}
			items = append(items, console.WorkItem{Kind: text.M("Role to approve"), Title: c.Say(text.M("%s: %s§org", names[g.Person].Label(c.Lang), g.Role.Label())),
				Href: "/org/roles", Unit: c.UnitLabel(g.Unit), Why: text.M("A second person must approve it"), Since: g.Asked})
		}
		return err
	})
	return items, err
}

func tongue(code string, lang text.Lang) string {
	if code == "" {
		return ""
	}
	t, err := language.Parse(code)
	if err != nil {
		return code
	}
	namer := display.English.Languages()
	if lang == text.JA {
		namer = display.Japanese.Languages()
	}
	if name := namer.Name(t); name != "" {
		return name
	}
	return code
}

// unitCell names a unit, with a link where the reader may open it. One that he
// may not know of stays unnamed.
func unitCell(c *console.Context, id string) console.Cell {
	switch {
	case id == "":
		return console.Text("")
	case c.Actor.Can(org.Read, id):
		return console.Link("/org/units/"+id, c.UnitLabel(id))
	case c.Actor.Units().IsRegion(id) && slices.Contains(org.KnownRegions(c.Actor), id):
		return console.Text(c.UnitLabel(id))
	}
	return console.Say(text.M("outside your part of the group"))
}

// regionCell names the region of a unit that the reader sees, which he may so
// know of.
func regionCell(c *console.Context, id string) console.Cell {
	if id == "" || c.Actor.Can(org.Read, id) {
		return unitCell(c, id)
	}
	return console.Text(c.UnitLabel(id))
}

func personCell(c *console.Context, names map[string]org.Person, id string) console.Cell {
	p, ok := names[id]
	switch {
	case id == "":
		return console.Text("")
	case !ok:
		return console.Text(id)
	case c.Actor.Can(org.Read, p.Unit) || c.Actor.Person == id:
		return console.Link("/org/people/"+id, p.Label(c.Lang))
	}
	return console.Text(p.Label(c.Lang))
}

func options[T ~string](list []T, label func(T) text.Message) []console.Option {
	var opts []console.Option
	for _, v := range list {
		opts = append(opts, console.Option{Value: string(v), Label: label(v)})
	}
	return opts
}

// unitChoices are suggestions for an entry that names a unit; any other id may
// be entered as well.
func unitChoices(c *console.Context, act authz.Act, regions bool) []console.Option {
	const most = 300
	var opts []console.Option
	for _, u := range c.Actor.Visible(act) {
		if (u.Kind == authz.RegionKind) != regions {
			continue
		}
		if len(opts) == most {
			break
		}
		opts = append(opts, console.Option{Value: u.ID, Label: text.Literal(u.Label(c.Lang))})
	}
	return opts
}
