package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/country"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// policyPages are the pages of what units ask of those who sign in.
func (w web) policyPages() []console.Page {
	policies := text.M("Sign-in policies")
	edit := text.M("Draft a sign-in policy")
	return []console.Page{
		{Method: "GET", Path: "/identity/policies", Act: identity.ReadFactors, Title: policies, Handle: w.policies},
		{Method: "GET", Path: "/identity/policies/unit/{unit}", Act: identity.ReadFactors, Title: policies, Handle: w.unitPolicy},
		{Method: "GET", Path: "/identity/policies/unit/{unit}/edit", Act: identity.DraftPolicies, Title: edit, Handle: w.editPolicy},
		{Method: "POST", Path: "/identity/policies/unit/{unit}/edit", Act: identity.DraftPolicies, Title: edit, MaxBody: 2 * policy.MaxText, Handle: w.draftPolicy},
		{Method: "GET", Path: "/identity/policies/{id}", Act: identity.ReadFactors, Title: policies, Handle: w.policyVersion},
		{Method: "POST", Path: "/identity/policies/{id}/approve", Act: identity.ApprovePolicy, Title: policies, Handle: w.approvePolicy},
		{Method: "POST", Path: "/identity/policies/{id}/withdraw", Act: identity.DraftPolicies, Title: policies, Handle: w.withdrawPolicy},
	}
}

func policyHref(id string) string { return "/identity/policies/" + url.PathEscape(id) }

func policyTone(s identity.PolicyState) console.Tone {
	switch s {
	case identity.InForce:
		return console.Good
	case identity.Draft:
		return console.Warn
	}
	return console.Plain
}

type policiesPage struct {
	Tabs    []console.Tab
	Geo     text.Message
	GeoTone console.Tone
	Units   []console.Option
	Unit    string
	List    *console.Table
	Default []console.Fact
	Rules   *console.Table
	Classes *console.Table
}

func (w web) policies(c *console.Context) error {
	if unit := c.Query("of"); unit != "" {
		return c.Redirect(unitHref(unit))
	}
	list, err := w.s.Policies(c.Context(), c.Scope(identity.ReadFactors))
	if err != nil {
		return err
	}
	d := policiesPage{Tabs: w.tabs(c, "/identity/policies"), Units: c.UnitOptions(identity.ReadFactors), Unit: c.Unit}
	d.Geo, d.GeoTone = w.geography(c)
	d.List = policyTable(c, text.M("What units ask for"), list, true)
	d.List.Empty = console.Empty{Title: text.M("No unit asks for anything of its own"), Body: text.M("The built-in default below holds for everybody.")}
	rules := policy.Default()
	d.Default, d.Rules, d.Classes = ruleFacts(rules), rulesTable(rules), classTable(c, rules)
	return c.Render("policies", d)
}

func policyTable(c *console.Context, caption text.Message, list []identity.UnitPolicy, units bool) *console.Table {
	first := text.M("Version§policy")
	if units {
		first = text.M("Unit")
	}
	t := console.NewTable(caption, first, text.M("State"), text.M("Reason§policy"), text.M("Drafted§policy"), text.M("Approved on§policy"))
	for _, p := range list {
		name := c.Local(p.Made)
		if units {
			name = c.UnitLabel(p.Unit)
		}
		t.Row(console.Strong(policyHref(p.ID), name), console.Chip(policyTone(p.State), p.State.Label()), console.Text(p.Why), console.When(p.Made), console.When(p.Approved))
	}
	return t
}

// ruleFacts are the rules that hold for every place.
func ruleFacts(r policy.Rules) []console.Fact {
	yes := func(b bool) console.Cell {
		if b {
			return console.Say(text.M("Yes§policy"))
		}
		return console.Say(text.M("No§policy"))
	}
	home := console.Say(text.M("the country of employment"))
	if len(r.Countries) > 0 {
		home = console.Say(text.M("the country of employment, and %s", country.List(r.Countries)))
	}
	return []console.Fact{
		{Label: text.M("Passwords count"), Value: yes(r.Passwords)},
		{Label: text.M("One-time codes count"), Value: yes(r.TOTP)},
		{Label: text.M("Longest session"), Value: console.Say(sessionLength(r.Session))},
		{Label: text.M("Counts as home"), Value: home},
	}
}

func sessionLength(d time.Duration) text.Message {
	switch {
	case d == 0:
		return text.M("as configured")
	case d%(24*time.Hour) == 0:
		return text.M("%d days§session", int(d/(24*time.Hour)))
	case d%time.Hour == 0:
		return text.M("%d hours§session", int(d/time.Hour))
	}
	return text.M("%d minutes§session", int(d/time.Minute))
}

// rulesTable shows what each place asks of each kind of device.
func rulesTable(r policy.Rules) *console.Table {
	t := console.NewTable(text.M("What is needed from where"), text.M("Place§policy"), text.M("On a managed device"), text.M("On any other device"))
	cell := func(c policy.Cell) console.Cell {
		if c.Refused {
			return console.Chip(console.Bad, text.M("Refused§policy"))
		}
		tone := console.Good
		if c.Level == policy.SingleFactor {
			tone = console.Warn
		}
		if c.Session == 0 {
			return console.Chip(tone, levelName(c.Level))
		}
		return console.Stack(console.Chip(tone, levelName(c.Level)), console.Say(text.M("at most %s", sessionLength(c.Session))))
	}
	for _, p := range policy.Places {
		t.Row(console.Say(placeName(p)), cell(r.Cells[p][policy.Managed]), cell(r.Cells[p][policy.Unmanaged]))
	}
	never := console.Chip(console.Bad, text.M("Refused§policy"))
	t.Row(console.Say(placeName(policy.Abroad)), never, never)
	return t
}

func className(k policy.Class) text.Message {
	switch k {
	case policy.Sensitive:
		return text.M("Sensitive§class")
	case policy.Critical:
		return text.M("Critical§class")
	}
	return text.M("Normal§class")
}

func classTable(c *console.Context, r policy.Rules) *console.Table {
	t := console.NewTable(text.M("What applications ask for besides"), text.M("Application§class"), text.M("Level§class"), text.M("From where§class"), text.M("Device§class"))
	for _, k := range policy.Classes {
		a := r.Applications[k]
		from, device := text.M("Every place"), text.M("Any§device")
		if len(a.Places) > 0 {
			var names []string
			for _, p := range a.Places {
				names = append(names, c.Say(placeName(p)))
			}
			from = text.Literal(strings.Join(names, ", "))
		}
		if a.Managed {
			device = text.M("Managed device")
		}
		t.Row(console.Say(className(k)), console.Say(levelName(a.Level)), console.Say(from), console.Say(device))
	}
	return t
}

type unitPolicyPage struct {
	Unit    string
	Name    string
	From    string
	Facts   []console.Fact
	Rules   *console.Table
	Classes *console.Table
	History *console.Table
}

func (w web) unitPolicy(c *console.Context) error {
	unit := c.Path("unit")
	r, err := w.s.RulesOf(c.Context(), c.Actor, unit)
	if err != nil {
		return err
	}
	c.Title(text.M("Signing in: %s", c.UnitLabel(unit)))
	c.Crumb(text.M("Sign-in policies"), "/identity/policies")
	d := unitPolicyPage{Unit: unit, Name: c.UnitLabel(unit), Facts: ruleFacts(r.Holds), Rules: rulesTable(r.Holds), Classes: classTable(c, r.Holds)}
	from := []string{c.T("the built-in default")}
	for _, u := range r.From {
		from = append(from, c.UnitLabel(u))
	}
	d.From = strings.Join(from, " → ")
	d.History = policyTable(c, text.M("Versions§policy"), r.History, false)
	d.History.Empty = console.Empty{Title: text.M("This unit says nothing of its own"), Body: text.M("What holds comes from the units above it.")}
	return c.Render("policy_unit", d)
}

// simulated is what a draft would have done, for reading.
type simulated struct {
	Figures []console.Figure
	Units   *console.Table
	Apps    *console.Table
	Rows    *console.Table
	More    int
	Days    int
}

func (w web) simulate(c *console.Context, unit, said string, days int) (*simulated, error) {
	sim, err := w.s.Simulate(c.Context(), c.Actor, unit, said, days)
	if err != nil {
		return nil, err
	}
	d := &simulated{Days: days, More: sim.More}
	figure := func(e policy.Effect, label, definition text.Message, tone console.Tone) {
		n := sim.Effects[e]
		f := console.Figure{Label: label, Value: c.Num(int64(n.SignIns)), Unit: text.M("of %s", c.Num(int64(sim.SignIns))), Note: text.M("%s people", c.Num(int64(n.People))), Definition: definition}
		if n.SignIns > 0 {
			f.Tone = tone
		}
		d.Figures = append(d.Figures, f)
	}
	figure(policy.Shuts, text.M("Would be refused"), text.M("Sign-ins that got in, and would not have."), console.Bad)
	figure(policy.Stronger, text.M("Would need a stronger factor"), text.M("Sign-ins that got in, and would have needed a higher level."), console.Warn)
	figure(policy.Opens, text.M("Would be let in"), text.M("Sign-ins that were refused, and would have got in."), console.Warn)
	d.Units = console.NewTable(text.M("By unit"), text.M("Unit"), text.M("Would be refused"), text.M("Would need a stronger factor"), text.M("Would be let in"), text.M("Sign-ins"))
	d.Units.Empty = console.Empty{Title: text.M("Nothing would have been otherwise"), Body: text.M("No sign-in of this time would have been judged differently.")}
	for _, u := range sim.Units {
		d.Units.Row(console.Text(c.UnitLabel(u.Unit)), console.Num(u.Effects[policy.Shuts].SignIns), console.Num(u.Effects[policy.Stronger].SignIns), console.Num(u.Effects[policy.Opens].SignIns), console.Num(u.SignIns))
	}
	d.Apps = console.NewTable(text.M("By application"), text.M("Application"), text.M("Application§class"), text.M("Would be refused"), text.M("Would need a stronger factor"), text.M("Would be let in"), text.M("Times entered"))
	d.Apps.Empty = console.Empty{Title: text.M("No application would have been entered otherwise"), Body: text.M("%s times applications were entered in this time.", c.Num(int64(sim.Entries)))}
	for _, a := range sim.Applications {
		d.Apps.Row(console.Strong(clientHref(a.Client), sim.Names[a.Client]), console.Say(className(a.Class)), console.Num(a.Effects[policy.Shuts].SignIns), console.Num(a.Effects[policy.Stronger].SignIns), console.Num(a.Effects[policy.Opens].SignIns), console.Num(a.Entries))
	}
	d.Rows = console.NewTable(text.M("What would have been judged otherwise"), text.M("When§sign-in"), text.M("Person"), text.M("Into§simulation"), text.M("From where§class"), text.M("Device§class"), text.M("Shown§level"), text.M("Outcome§simulation"))
	for _, r := range sim.Rows {
		q := r.Past.Question
		place := placeName(r.Decision.Place)
		if r.Decision.Country != "" {
			place = text.M("%s (%s)", place, country.Of(r.Decision.Country))
		}
		device := text.M("Not managed§device")
		if q.Managed {
			device = text.M("Managed§device")
		}
		p := sim.People[r.Past.Person]
		into := console.Text("Yagura")
		if r.Past.Client != "" {
			into = console.Stack(console.Text(sim.Names[r.Past.Client]), console.Say(className(q.Class)))
		}
		d.Rows.Row(console.When(q.At), console.Stack(console.Link("/identity/people/"+url.PathEscape(r.Past.Person), p.Label(c.Lang)), console.Text(c.UnitLabel(r.Past.Unit))),
			into, console.Say(place), console.Say(device), console.Say(levelName(q.Level)), effectCell(r))
	}
	return d, nil
}

func effectCell(r policy.Changed) console.Cell {
	switch r.Effect {
	case policy.Shuts:
		return console.Stack(console.Chip(console.Bad, text.M("Refused§policy")), console.Say(reasonName(r.Decision.Reason)))
	case policy.Stronger:
		return console.Stack(console.Chip(console.Warn, text.M("Stronger factor")), console.Say(text.M("needs: %s", levelName(r.Decision.Needs))))
	}
	return console.Stack(console.Chip(console.Good, text.M("Let in§policy")), console.Say(text.M("was refused: %s", reasonName(r.Past.Reason))))
}

type editPage struct {
	Unit     string
	Name     string
	Said     string
	Why      string
	Days     string
	Spans    []console.Option
	Mistakes *console.Table
	Outcome  *simulated
	Weaker   string
}

var simulatedDays = []int{7, 30, 90, 365}

func (w web) editForm(c *console.Context, unit, said, why, days string) editPage {
	c.Crumb(text.M("Sign-in policies"), "/identity/policies")
	c.Crumb(text.Literal(c.UnitLabel(unit)), unitHref(unit))
	d := editPage{Unit: unit, Name: c.UnitLabel(unit), Said: said, Why: why, Days: days}
	for _, n := range simulatedDays {
		d.Spans = append(d.Spans, console.Option{Value: strconv.Itoa(n), Label: text.M("the last %d days", n)})
	}
	return d
}

// example is what an empty editor shows.
const example = `# What is not said here holds as in the units above.
session: 12h
places:
  home:
    managed: aal2
    unmanaged: {level: phr, session: 4h}
  trip:
    managed: phr
    unmanaged: refuse
`

func (w web) editPolicy(c *console.Context) error {
	unit := c.Path("unit")
	r, err := w.s.RulesOf(c.Context(), c.Actor, unit)
	if err != nil {
		return err
	}
	if err := c.Actor.May(identity.DraftPolicies, unit); err != nil {
		return err
	}
	said := r.Said
	for _, p := range r.History {
		if p.State == identity.Draft && p.Author == c.Actor.Person {
			said = p.Text
			break
		}
	}
	if said == "" {
		said = example
	}
	return c.Render("policy_edit", w.editForm(c, unit, said, "", "30"))
}

func (w web) draftPolicy(c *console.Context) error {
	unit, said, why := c.Path("unit"), c.Value("said"), c.Value("why")
	if err := c.Actor.May(identity.DraftPolicies, unit); err != nil {
		return err
	}
	d := w.editForm(c, unit, said, why, c.Value("days"))
	if _, mistakes := policy.Parse([]byte(said)); len(mistakes) > 0 {
		d.Mistakes = console.NewTable(text.M("What is wrong with the text"), text.M("Line§file"), text.M("Column"), text.M("Setting§policy"), text.M("What is wrong"))
		for _, m := range mistakes[:min(len(mistakes), 100)] {
			d.Mistakes.Row(console.Num(m.Line), console.Num(m.Column), console.Code(m.Setting), console.Say(m.Message))
		}
		return c.Invalid("policy_edit", d, fault.Invalid(fault.F("said", "The text has %d mistakes", len(mistakes))))
	}
	if c.Value("do") == "save" {
		version, err := w.s.DraftPolicy(c.Context(), c.Actor, unit, said, why)
		if err != nil {
			return c.Invalid("policy_edit", d, err)
		}
		c.Flash(text.M("The draft is saved. A second person can approve it."))
		return c.Redirect(policyHref(version))
	}
	days, err := strconv.Atoi(d.Days)
	if err != nil || !slices.Contains(simulatedDays, days) {
		days = 30
	}
	if d.Outcome, err = w.simulate(c, unit, said, days); err != nil {
		return c.Invalid("policy_edit", d, err)
	}
	return c.Render("policy_edit", d)
}

type policyPage struct {
	Policy   identity.PolicyDetail
	Facts    []console.Fact
	Holds    []console.Fact
	Rules    *console.Table
	Classes  *console.Table
	Weaker   string
	Spans    []console.Tab
	Outcome  *simulated
	Approve  bool
	Withdraw bool
	Own      bool // the reader wrote it
}

func (w web) policyVersion(c *console.Context) error {
	p, err := w.s.PolicyOf(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	c.Title(text.M("Signing in: %s", c.UnitLabel(p.Unit)))
	c.Crumb(text.M("Sign-in policies"), "/identity/policies")
	c.Crumb(text.Literal(c.UnitLabel(p.Unit)), unitHref(p.Unit))
	names, err := w.s.Names(c.Context(), p.Author, p.Approver)
	if err != nil {
		return err
	}
	d := policyPage{Policy: p, Holds: ruleFacts(p.Holds), Rules: rulesTable(p.Holds), Classes: classTable(c, p.Holds)}
	d.Facts = []console.Fact{
		{Label: text.M("State"), Value: console.Chip(policyTone(p.State), p.State.Label())},
		{Label: text.M("Reason§policy"), Value: console.Text(p.Why)},
		{Label: text.M("Drafted§policy"), Value: console.When(p.Made)},
		{Label: text.M("Drafted by"), Value: console.Text(label(c, names, p.Author))},
	}
	if !p.Approved.IsZero() {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Approved on§policy"), Value: console.When(p.Approved)}, console.Fact{Label: text.M("Approved by§policy"), Value: console.Text(label(c, names, p.Approver))})
	}
	if !p.Ended.IsZero() {
		d.Facts = append(d.Facts, console.Fact{Label: text.M("Until§policy"), Value: console.When(p.Ended)})
	}
	if p.State != identity.Draft {
		return c.Render("policy", d)
	}
	d.Weaker = strings.Join(p.Weaker, ", ")
	approver := c.Actor.Can(identity.ApprovePolicy, p.Unit)
	d.Own = p.Author == c.Actor.Who()
	d.Approve, d.Withdraw = approver && !d.Own, (d.Own || approver) && c.Actor.CanAnywhere(identity.DraftPolicies)
	if approver || c.Actor.Can(identity.DraftPolicies, p.Unit) {
		days, err := strconv.Atoi(c.Query("days"))
		if err != nil || !slices.Contains(simulatedDays, days) {
			days = 30
		}
		for _, n := range simulatedDays {
			d.Spans = append(d.Spans, console.Tab{Label: text.M("the last %d days", n), Href: policyHref(p.ID) + "?days=" + strconv.Itoa(n), Current: n == days})
		}
		if d.Outcome, err = w.simulate(c, p.Unit, p.Text, days); err != nil {
			return err
		}
	}
	return c.Render("policy", d)
}

func label(c *console.Context, names map[string]authz.Person, id string) string {
	if p, ok := names[id]; ok {
		return p.Label(c.Lang)
	}
	return id
}

func (w web) approvePolicy(c *console.Context) error {
	if err := w.s.ApprovePolicy(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The policy is in force."))
	return c.Redirect(policyHref(c.Path("id")))
}

func (w web) withdrawPolicy(c *console.Context) error {
	if err := w.s.WithdrawPolicy(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The draft is withdrawn."))
	return c.Redirect("/identity/policies")
}
