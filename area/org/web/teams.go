package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type teamsPage struct {
	Tabs  []console.Tab
	Table *console.Table
}

// onCallTable lists teams with who is on call now.
func (w web) onCallTable(c *console.Context, teams []org.Team, names map[string]org.Person, now time.Time) *console.Table {
	t := console.NewTable(text.M("Teams and who is on call now"), text.M("Team"), text.M("Kind"), text.M("Answers for§org"), text.M("On call now§org"), text.M("Telephone§org"), text.M("Until§org"))
	for _, team := range teams {
		turn := org.OnCall(team.Plan, now)
		name := console.Text(team.Label(c.Lang))
		if c.Actor.Can("org.read", team.Unit) {
			name = console.Strong("/org/teams/"+team.ID, team.Label(c.Lang))
		}
		answers := unitCell(c, team.Unit)
		if answers.Kind == "message" {
			answers = console.Text(c.UnitLabel(team.Unit))
		}
		who := personCell(c, names, turn.Person)
		if turn.Person == "" {
			who = console.Chip(console.Warn, text.M("Nobody§org"))
		}
		phone := names[turn.Person].Phone
		if phone == "" {
			phone = team.Phone
		}
		t.Row(name, console.Say(team.Kind.Label()), answers, who, phoneCell(phone), console.When(turn.Until))
	}
	t.Empty = console.Empty{Title: text.M("No team answers here")}
	return t
}

func (w web) teams(c *console.Context) error {
	d := teamsPage{Tabs: w.tabs(c, "/org/teams")}
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		teams, err := w.s.Teams(tx, c.Scope(org.Read), org.TeamFilter{})
		if err != nil {
			return err
		}
		var who []string
		for _, t := range teams {
			who = append(who, org.OnCall(t.Plan, tx.Now).Person)
		}
		names, err := w.s.Names(tx, who...)
		d.Table = w.onCallTable(c, teams, names, tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render("teams", d)
}

type teamPage struct {
	Team     org.Team
	Facts    []console.Fact
	Members  *console.Table
	Turns    []turnRow
	Swaps    []console.Option
	Standins []standinRow
	People   []console.Option
	Manage   bool
	Rota     bool
	Order    string
	History  []console.Event
	Until    time.Time
	From     time.Time
}

type turnRow struct {
	org.Turn
	Who console.Cell
	Now bool
}

type standinRow struct {
	org.Standin
	Who  console.Cell
	Over bool
}

func (w web) loadTeam(tx *store.Tx, c *console.Context) (d teamPage, err error) {
	t, err := w.s.Team(tx, c.Actor, c.Path("id"))
	if err != nil {
		return d, err
	}
	d = teamPage{Team: t, Manage: t.Works() && c.Actor.Can(org.Manage, t.Unit), Rota: t.Works() && c.Actor.Can(org.Rota, t.Unit),
		Order: strings.Join(t.Plan.Order, "\n"), From: tx.Now.Truncate(time.Hour).Add(time.Hour), Until: tx.Now.Truncate(time.Hour).Add(25 * time.Hour)}
	names, err := w.s.Names(tx, append([]string{t.Lead}, t.Members...)...)
	if err != nil {
		return d, err
	}
	up, found, err := w.s.Above(tx, t)
	if err != nil {
		return d, err
	}
	escalates := console.Text("")
	if found && c.Actor.Can(org.Read, up.Unit) {
		escalates = console.Link("/org/teams/"+up.ID, up.Label(c.Lang))
	} else if found && up.Unit == c.Actor.Units().Root() {
		escalates = console.Text(up.Label(c.Lang))
	} else if found {
		escalates = console.Say(text.M("outside your part of the group"))
	}
	now := org.OnCall(t.Plan, tx.Now)
	onCall := personCell(c, names, now.Person)
	if now.Person == "" {
		onCall = console.Chip(console.Warn, text.M("Nobody§org"))
	}
	d.Facts = []console.Fact{
		{Label: text.M("On call now§org"), Value: console.Stack(onCall, phoneCell(names[now.Person].Phone))},
		{Label: text.M("Until§org"), Value: console.When(now.Until)},
		{Label: text.M("Kind"), Value: console.Say(t.Kind.Label())},
		{Label: text.M("Answers for§org"), Value: unitCell(c, t.Unit)},
		{Label: text.M("Lead§org"), Value: personCell(c, names, t.Lead)},
		{Label: text.M("Hands on to"), Value: escalates},
		{Label: text.M("Mail address"), Value: mailCell(t.Email)},
		{Label: text.M("Telephone§org"), Value: phoneCell(t.Phone)},
	}
	if !t.Works() {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Disbanded§org"), Value: console.When(t.Disbanded)})
	}
	d.Members = console.NewTable(text.M("Members§org"), text.M("Name"), text.M("Unit"), text.M("Mail address"), text.M("Telephone§org"), text.M("Turn§org"))
	turn := map[string]int{}
	for i, id := range t.Plan.Order {
		turn[id] = i + 1
	}
	for _, id := range t.Members {
		n := console.Text("")
		if turn[id] > 0 {
			n = console.Num(turn[id])
		}
		p := names[id]
		d.Members.Row(personCell(c, names, id), unitCell(c, p.Unit), mailCell(p.Email), phoneCell(p.Phone), n)
		d.People = append(d.People, console.Option{Value: id, Label: text.Literal(p.Label(c.Lang))})
	}
	for i, x := range org.Turns(t.Plan, tx.Now, 8) {
		row := turnRow{Turn: x, Who: personCell(c, names, x.Person), Now: i == 0}
		d.Turns = append(d.Turns, row)
		at := x.From
		if at.Before(tx.Now) {
			at = tx.Now
		}
		d.Swaps = append(d.Swaps, console.Option{Value: strconv.FormatInt(store.Millis(at), 10),
			Label: text.Literal(names[x.Person].Label(c.Lang) + " · " + c.Local(x.From))})
	}
	for _, x := range t.Plan.Standins {
		if x.Until.After(tx.Now) {
			d.Standins = append(d.Standins, standinRow{Standin: x, Who: personCell(c, names, x.Person)})
		}
	}
	d.History, err = w.history(tx, c, t.ID)
	return d, err
}

func (w web) showTeam(c *console.Context, show func(d teamPage) error) error {
	var d teamPage
	err := w.s.View(c.Context(), func(tx *store.Tx) (err error) {
		d, err = w.loadTeam(tx, c)
		return err
	})
	if err != nil {
		return err
	}
	c.Title(text.Literal(d.Team.Label(c.Lang)))
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.M("Teams§org"), "/org/teams")
	return show(d)
}

func (w web) team(c *console.Context) error {
	return w.showTeam(c, func(d teamPage) error { return c.Render("team", d) })
}

// after leads back to the team, or shows its page again with what is wrong.
func (w web) after(c *console.Context, err error, done text.Message) error {
	if fault.Is(err, fault.KindInvalid) {
		return w.showTeam(c, func(d teamPage) error { return c.Invalid("team", d, err) })
	}
	return back(c, "/org/teams/"+c.Path("id"), err, done)
}

func lines(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ';' || r == '、' })
}

func (w web) rotaChange(c *console.Context) error {
	days, err := c.Int("days")
	if err != nil {
		return w.after(c, err, text.Message{})
	}
	var order []string
	for _, l := range lines(c.Value("order")) {
		if l = strings.TrimSpace(l); l != "" {
			order = append(order, l)
		}
	}
	p := org.Plan{Anchor: c.Value("anchor"), Handover: c.Value("handover"), Days: int(days), Order: order}
	return w.after(c, w.s.ChangeRota(c.Context(), c.Actor, c.Path("id"), c.Value("zone"), p), text.M("The rota was changed."))
}

func (w web) standIn(c *console.Context) error {
	from, err := c.Time("from")
	if err != nil {
		return w.after(c, err, text.Message{})
	}
	until, err := c.Time("until")
	if err != nil {
		return w.after(c, err, text.Message{})
	}
	return w.after(c, w.s.StandIn(c.Context(), c.Actor, c.Path("id"), c.Value("person"), from, until), text.M("The stand-in was entered."))
}

func (w web) swap(c *console.Context) error {
	moment := func(name string) time.Time {
		n, _ := strconv.ParseInt(c.Value(name), 10, 64)
		return store.Time(n)
	}
	return w.after(c, w.s.Swap(c.Context(), c.Actor, c.Path("id"), moment("turn"), moment("with")), text.M("The two turns were swapped."))
}

func (w web) standInDrop(c *console.Context) error {
	return w.after(c, w.s.DropStandIn(c.Context(), c.Actor, c.Path("id"), c.Path("standin")), text.M("The stand-in was taken back."))
}

func (w web) teamDisband(c *console.Context) error {
	return w.after(c, w.s.Disband(c.Context(), c.Actor, c.Path("id")), text.M("The team was disbanded."))
}

type teamForm struct {
	Team    org.Team
	New     bool
	Kinds   []console.Option
	Units   []console.Option
	Members string
	Anchor  string
	Back    string
}

func (w web) teamFormOf(c *console.Context, t org.Team, isNew bool) teamForm {
	d := teamForm{Team: t, New: isNew, Kinds: options(org.TeamKinds, org.TeamKind.Label), Back: "/org/teams",
		Units: append(unitChoices(c, org.Manage, false), unitChoices(c, org.Manage, true)...), Members: strings.Join(t.Members, "\n"),
		Anchor: c.Now.In(c.Zone).Format(time.DateOnly)}
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.M("Teams§org"), "/org/teams")
	if !isNew {
		d.Back = "/org/teams/" + t.ID
		c.Crumb(text.Literal(t.Label(c.Lang)), d.Back)
	}
	return d
}

func (w web) teamNew(c *console.Context) error {
	zone := "Asia/Tokyo"
	if c.Zone.String() != "Local" && c.Zone.String() != "JST" {
		zone = c.Zone.String()
	}
	return c.Render("teamform", w.teamFormOf(c, org.Team{Unit: c.Query("in"), Zone: zone, Plan: org.Plan{Handover: "09:00", Days: 7}}, true))
}

func teamInput(c *console.Context) org.Team {
	t := org.Team{ID: c.Value("id"), Kind: org.TeamKind(c.Value("kind")), Name: c.Value("name"), NameJA: c.Value("name_ja"), Unit: c.Value("unit"),
		Email: c.Value("email"), Phone: c.Value("phone"), Lead: c.Value("lead")}
	for _, l := range lines(c.Value("members")) {
		if l = strings.TrimSpace(l); l != "" {
			t.Members = append(t.Members, l)
		}
	}
	return t
}

func (w web) teamForm(c *console.Context) error {
	t := teamInput(c)
	t.Zone = c.Value("zone")
	t.Plan = org.Plan{Anchor: c.Value("anchor"), Handover: c.Value("handover"), Order: t.Members}
	days, err := c.Int("days")
	if t.Plan.Days = int(days); err == nil {
		err = w.s.FormTeam(c.Context(), c.Actor, t)
	}
	if err != nil {
		return c.Invalid("teamform", w.teamFormOf(c, t, true), err)
	}
	c.Flash(text.M("The team was formed."))
	return c.Redirect("/org/teams/" + url.PathEscape(t.ID))
}

func (w web) findTeam(c *console.Context) (t org.Team, err error) {
	err = w.s.View(c.Context(), func(tx *store.Tx) error {
		t, err = w.s.Team(tx, c.Actor, c.Path("id"))
		return err
	})
	return t, err
}

func (w web) teamEdit(c *console.Context) error {
	t, err := w.findTeam(c)
	if err != nil {
		return err
	}
	if err := c.Actor.May(org.Manage, t.Unit); err != nil {
		return err
	}
	return c.Render("teamform", w.teamFormOf(c, t, false))
}

func (w web) teamChange(c *console.Context) error {
	old, err := w.findTeam(c)
	if err != nil {
		return err
	}
	t := teamInput(c)
	t.ID = old.ID
	if err := w.s.ChangeTeam(c.Context(), c.Actor, t); err != nil {
		return c.Invalid("teamform", w.teamFormOf(c, old, false), err)
	}
	c.Flash(text.M("Saved."))
	return c.Redirect("/org/teams/" + t.ID)
}
