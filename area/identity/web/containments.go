package web

import (
	"net/url"
	"strconv"
	"time"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// containmentPages are those by which people are locked out, and let in again.
func (w web) containmentPages() []console.Page {
	all, contain := text.M("Containments§identity"), text.M("Contain a person")
	return []console.Page{
		{Method: "GET", Path: "/identity/containments", Act: identity.ReadContainments, Title: all, Handle: w.containments},
		{Method: "GET", Path: "/identity/contain", Act: identity.Contain, Title: contain, Handle: w.containForm},
		{Method: "POST", Path: "/identity/contain", Act: identity.Contain, Title: contain, Handle: w.contain},
		{Method: "GET", Path: "/identity/containments/{id}", Act: identity.ReadContainments, Handle: w.containment},
		{Method: "POST", Path: "/identity/containments/{id}/confirm", Act: identity.Contain, Handle: w.confirmContainment},
		{Method: "POST", Path: "/identity/containments/{id}/refuse", Act: identity.Contain, Handle: w.refuseContainment},
		{Method: "POST", Path: "/identity/containments/{id}/looked", Act: identity.Contain, Handle: w.confirmTarget},
		{Method: "POST", Path: "/identity/containments/{id}/release", Act: identity.Contain, Handle: w.release},
	}
}

// held is a containment as other pages point to it.
type held struct{ identity.Containment }

func (h held) Href() string { return identity.ContainmentHref(h.ID) }

func containmentState(c identity.Containment, now time.Time) (console.Tone, text.Message) {
	switch {
	case c.Waiting(now):
		return console.Warn, text.M("Waits for a second person")
	case c.State == identity.ContainInForce:
		return console.Bad, text.M("In force§containment")
	case c.State == identity.ContainReleased:
		return console.Good, text.M("Released§containment")
	case c.State == identity.ContainRefused:
		return console.Plain, text.M("Refused§containment")
	}
	return console.Plain, text.M("Waited too long")
}

var containmentList = console.List[identity.ContainmentRow]{
	Name: "containments", Caption: text.M("Containments§identity"), Sort: "-asked",
	Columns: []console.Column[identity.ContainmentRow]{
		{Key: "person", Head: text.M("Person"),
			Cell: func(c *console.Context, r identity.ContainmentRow) console.Cell {
				return console.Stack(console.Strong(identity.ContainmentHref(r.ID), r.Person.Label(c.Lang)), console.Text(c.UnitLabel(r.Unit)))
			},
			Value: func(r identity.ContainmentRow) any { return r.Person.ID }},
		{Key: "state", Head: text.M("State"),
			Cell: func(c *console.Context, r identity.ContainmentRow) console.Cell {
				return console.Chip(containmentState(r.Containment, c.Now))
			},
			Value: func(r identity.ContainmentRow) any { return string(r.State) }},
		{Key: "unproven", Head: text.M("Not confirmed"), Num: true, Cell: func(c *console.Context, r identity.ContainmentRow) console.Cell {
			if r.State != identity.ContainInForce {
				return console.Text("")
			}
			return console.Say(text.M("%d of %d", r.Unproven, r.All))
		}, Value: func(r identity.ContainmentRow) any { return r.Unproven }},
		{Key: "reason", Head: text.M("Reason§containment"), Cell: func(c *console.Context, r identity.ContainmentRow) console.Cell { return reasonCell(c, r.Containment) },
			Value: func(r identity.ContainmentRow) any { return r.Reason }},
		{Key: "incident", Head: text.M("Incident§containment"), Cell: func(_ *console.Context, r identity.ContainmentRow) console.Cell { return incidentCell(r.Incident) },
			Value: func(r identity.ContainmentRow) any { return r.Incident }},
		{Key: "asked", Head: text.M("Since§containment"), Sort: true, Cell: func(_ *console.Context, r identity.ContainmentRow) console.Cell { return console.Ago(r.Asked) },
			Value: func(r identity.ContainmentRow) any { return r.Asked }},
	},
	Filters: []console.Filter{{Name: "state", Label: text.M("State"), Options: []console.Option{
		{Value: string(identity.ContainAsked), Label: text.M("Waits for a second person")}, {Value: string(identity.ContainInForce), Label: text.M("In force§containment")},
		{Value: string(identity.ContainReleased), Label: text.M("Released§containment")}, {Value: string(identity.ContainRefused), Label: text.M("Refused§containment")}}}},
	At: func(r identity.ContainmentRow, _ string) keyset.Position {
		return keyset.At(store.Millis(r.Asked), r.ID)
	},
	Empty: console.Empty{Title: text.M("Nobody is contained"), Body: text.M("Who is contained loses every session, token and right at once, and stays out until he is released.")},
}

// reasonCell is the reason that a person gave, or the rule whose alert contains.
func reasonCell(c *console.Context, of identity.Containment) console.Cell {
	if of.Rule == "" {
		return console.Text(of.Reason)
	}
	title := of.Title
	if c.Lang == text.JA && of.TitleJA != "" {
		title = of.TitleJA
	}
	words := c.T("By the rule “%s”", title)
	if !c.Actor.CanAnywhere("detect.read") {
		return console.Text(words)
	}
	return console.Link("/detect/rules/"+url.PathEscape(of.Rule), words)
}

func incidentCell(number string) console.Cell {
	if number == "" {
		return console.Text("")
	}
	return console.Link("/incidents/"+url.PathEscape(number), number)
}

func (w web) containments(c *console.Context) error {
	return containmentList.Serve(c, "containments", func(q console.Query) ([]identity.ContainmentRow, int, error) {
		return w.s.Containments(c.Context(), c.Scope(identity.ReadContainments), identity.ContainmentFilter{State: identity.ContainmentState(q.Get("state")), Page: q.Page})
	}, w.tabs(c, "/identity/containments"))
}

// containForm is the form, filled in by where the reader comes from.
type containForm struct {
	Person   string // as it was asked for
	Found    string // who that is
	Unit     string
	Reason   string
	Incident string
	Alert    string
	Two      bool // a second person is needed
}

func (w web) fillContain(c *console.Context, get func(string) string) (f containForm, id string, err error) {
	f = containForm{Person: get("person"), Reason: get("reason"), Incident: get("incident"), Alert: get("alert")}
	if f.Incident != "" {
		c.Crumb(text.Literal(f.Incident), "/incidents/"+url.PathEscape(f.Incident))
	} else {
		c.Crumb(text.M("Containments§identity"), "/identity/containments")
	}
	p, ok, err := w.s.Suspect(c.Context(), c.Actor, f.Person)
	if err != nil || !ok {
		return f, "", err
	}
	f.Person, f.Found, f.Unit = p.ID, p.Label(c.Lang), p.Unit
	f.Two, err = w.s.Privileged(c.Context(), c.Actor, p.ID)
	return f, p.ID, err
}

func (w web) containForm(c *console.Context) error {
	f, _, err := w.fillContain(c, c.Query)
	if err != nil {
		return err
	}
	return c.Render("contain", f)
}

func (w web) contain(c *console.Context) error {
	f, id, err := w.fillContain(c, c.Value)
	if err != nil {
		return err
	}
	if id == "" {
		return c.Invalid("contain", f, fault.Invalid(fault.F("person", "There is nobody of this name whom you may contain")))
	}
	of, err := w.s.Contain(c.Context(), c.Actor, identity.Order{Person: id, Reason: f.Reason, Incident: f.Incident, Alert: f.Alert})
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("contain", f, err)
	}
	if err != nil {
		return err
	}
	return c.Redirect(identity.ContainmentHref(of.ID))
}

type containmentPage struct {
	identity.ContainmentDetail
	Href    string
	Tone    console.Tone
	State   text.Message
	Waits   bool
	Facts   []console.Fact
	Shown   []shownTarget
	Confirm bool // the reader may be the second person
	Refuse  bool
	Release bool
	Looks   bool // he may confirm by hand
	Left    int
	ByDir   bool // his directory keeps him out as well
	Gone    bool // he has left
}

// shownTarget is a target in words.
type shownTarget struct {
	identity.Target
	What   text.Message
	Tone   console.Tone
	Result text.Message
	Note   text.Message
	By     string
}

// Looked tells whether somebody may say that he looked.
func (t shownTarget) Looked() bool { return !t.Target.Result.Out() }

var doorWords = map[string]text.Message{
	"links": text.M("Sign-in links§target"), "requests for a link": text.M("Requests for a sign-in link§target"), "trips": text.M("Business trips§target"),
	"API tokens": text.M("API tokens§target"), "RADIUS sessions": text.M("Sessions by RADIUS§target"), "sessions": text.M("Sessions§target"),
	"applications": text.M("Rights of applications§target"),
}

var resultWords = map[identity.Result]struct {
	tone console.Tone
	word text.Message
}{
	identity.Ended: {console.Good, text.M("Ended§target")}, identity.Confirmed: {console.Good, text.M("Confirmed§target")},
	identity.Unconfirmed: {console.Warn, text.M("Unconfirmed§target")}, identity.RefusedBy: {console.Bad, text.M("Refused§target")},
	identity.NoAnswer: {console.Bad, text.M("No answer§target")}, identity.Pending: {console.Info, text.M("Under way§target")},
}

var detailWords = map[identity.Detail]text.Message{
	identity.AsksAlways:  text.M("Asks Yagura for every request, and is refused"),
	identity.Answered:    text.M("Answered, not proven"),
	identity.StillIn:     text.M("Answered, but still lets the person in"),
	identity.ProbeSilent: text.M("Answered; whether the person is out, it did not say"),
	identity.ProbedOut:   text.M("Asked again, it says that the session is over"),
	identity.Untold:      text.M("Has no address at which it can be told"),
	identity.Reported:    text.M("It has reported that the session is over"),
	identity.LookedAt:    text.M("Somebody looked"),
}

func shownOf(c *console.Context, d identity.ContainmentDetail, t identity.Target) shownTarget {
	s := shownTarget{Target: t, Note: detailWords[t.Detail]}
	s.Tone, s.Result = resultWords[t.Result].tone, resultWords[t.Result].word
	switch t.Kind {
	case identity.ApplicationTarget:
		s.What = text.M("%s, one session", t.Label)
	case identity.GateTarget:
		s.What = text.M("%s, behind a proxy", t.Label)
	case identity.RADIUSTarget:
		s.What = text.M("%s, by RADIUS", t.Label)
	default:
		s.What = text.Literal(t.Name)
		if words, ok := doorWords[t.Name]; ok {
			s.What = words
		}
		s.Note = text.M("%d at Yagura", t.Count)
	}
	if t.Result == identity.Pending && t.Detail == identity.Answered {
		s.Note = text.M("Answered; it is asked whether the person is out")
	}
	if t.SeenBy != "" {
		s.By = t.SeenBy
		if p, ok := d.Names[t.SeenBy]; ok {
			s.By = p.Label(c.Lang)
		}
	}
	return s
}

func (w web) loadContainment(c *console.Context) (p containmentPage, err error) {
	d, err := w.s.Containment(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return p, err
	}
	name := d.Person.Label(c.Lang)
	c.Title(text.M("Containment of %s", name))
	c.Crumb(text.M("Containments§identity"), "/identity/containments")
	p = containmentPage{ContainmentDetail: d, Href: identity.ContainmentHref(d.ID), Waits: d.Waiting(c.Now), Left: len(d.Unproven()),
		ByDir: d.FromDirectory, Gone: !d.Person.Active}
	p.Tone, p.State = containmentState(d.Containment, c.Now)
	may := c.Actor.Can(identity.Contain, d.Unit) && c.Actor.Person != d.Person.ID
	p.Confirm, p.Refuse = may && p.Waits && d.AskedBy != c.Actor.Who(), may && p.Waits
	p.Release, p.Looks = may && d.State == identity.ContainInForce, may && d.State == identity.ContainInForce
	for _, t := range d.Targets {
		p.Shown = append(p.Shown, shownOf(c, d, t))
	}
	who := func(id string) console.Cell {
		if one, ok := d.Names[id]; ok {
			return console.Text(one.Label(c.Lang))
		}
		if d.Rule != "" && id == d.AskedBy {
			return console.Say(text.M("A rule of detection"))
		}
		return console.Text(id)
	}
	add := func(label text.Message, cell console.Cell) {
		p.Facts = append(p.Facts, console.Fact{Label: label, Value: cell})
	}
	person := console.Text(name)
	if c.Actor.Can(identity.ReadPerson, d.Person.Unit) {
		person = console.Link("/identity/people/"+url.PathEscape(d.Person.ID), name)
	}
	add(text.M("Person"), person)
	add(text.M("Unit"), console.Text(c.UnitLabel(d.Unit)))
	add(text.M("Reason§containment"), reasonCell(c, d.Containment))
	if d.Incident != "" {
		add(text.M("Incident§containment"), incidentCell(d.Incident))
	}
	if d.Alert != "" {
		add(text.M("Alert§containment"), console.Link("/detect/alerts/"+url.PathEscape(d.Alert), d.Alert))
	}
	add(text.M("Asked by"), console.Stack(who(d.AskedBy), console.When(d.Asked)))
	if d.Decider != "" {
		add(text.M("Decided by"), console.Stack(who(d.Decider), console.When(d.Decided)))
	}
	if !d.Began.IsZero() {
		add(text.M("In force since"), console.When(d.Began))
		tries := console.Cell(console.Say(text.M("None§attempts")))
		if d.Tries > 0 {
			tries = console.Stack(console.Text(strconv.FormatInt(d.Tries, 10)), console.Say(text.M("the latest %s", c.Local(d.Tried))))
		}
		add(text.M("Attempts to sign in since"), tries)
	}
	if d.EndedBy != "" {
		add(text.M("Released by"), console.Stack(who(d.EndedBy), console.When(d.Ended)))
		add(text.M("Why released"), console.Text(d.Why))
	}
	return p, nil
}

func (w web) containment(c *console.Context) error {
	p, err := w.loadContainment(c)
	if err != nil {
		return err
	}
	return c.Render("containment", p)
}

func (w web) confirmContainment(c *console.Context) error {
	if err := w.s.ConfirmContainment(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	return c.Redirect(identity.ContainmentHref(c.Path("id")))
}

func (w web) refuseContainment(c *console.Context) error {
	if err := w.s.RefuseContainment(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("Nothing has ended: the person stays in."))
	return c.Redirect(identity.ContainmentHref(c.Path("id")))
}

func (w web) confirmTarget(c *console.Context) error {
	if err := w.s.ConfirmTarget(c.Context(), c.Actor, c.Path("id"), c.Value("target")); err != nil {
		return err
	}
	c.Flash(text.M("It is noted that you looked."))
	return c.Redirect(identity.ContainmentHref(c.Path("id")))
}

func (w web) release(c *console.Context) error {
	err := w.s.Release(c.Context(), c.Actor, c.Path("id"), c.Value("why"))
	if fault.Is(err, fault.KindInvalid) {
		p, loadErr := w.loadContainment(c)
		if loadErr != nil {
			return loadErr
		}
		return c.Invalid("containment", p, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("The person may sign in again, as far as this containment goes. Nothing that was ended comes back."))
	return c.Redirect(identity.ContainmentHref(c.Path("id")))
}

// containmentCount is how many wait for a second person.
func (w web) containmentCount(c *console.Context) (int, error) {
	_, n, err := w.s.Containments(c.Context(), c.Scope(identity.ReadContainments), identity.ContainmentFilter{State: identity.ContainAsked, Page: keyset.Page{Sort: "asked", Limit: 1}})
	return n, err
}

// containmentWork are containments that wait for the reader as the second
// person, and those of which something is not confirmed.
func (w web) containmentWork(c *console.Context, limit int) (items []console.WorkItem, err error) {
	if !c.Actor.CanAnywhere(identity.Contain) {
		return nil, nil
	}
	for _, state := range []identity.ContainmentState{identity.ContainAsked, identity.ContainInForce} {
		list, _, err := w.s.Containments(c.Context(), c.Scope(identity.Contain), identity.ContainmentFilter{State: state, Page: keyset.Page{Sort: "asked", Desc: true, Limit: limit}})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			item := console.WorkItem{Kind: text.M("Containment§work"), Unit: c.UnitLabel(r.Unit), Since: r.Asked, Href: identity.ContainmentHref(r.ID)}
			name := r.Person.Label(c.Lang)
			switch {
			case r.Person.ID == c.Actor.Person:
				continue
			case state == identity.ContainAsked && r.AskedBy != c.Actor.Who():
				item.Title = c.T("%s is to be contained and waits for you as the second person", name)
			case state == identity.ContainInForce && r.Unproven > 0:
				item.Title = c.T("%s is contained: %d targets are not confirmed", name, r.Unproven)
			default:
				continue
			}
			if items = append(items, item); len(items) >= limit {
				return items, nil
			}
		}
	}
	return items, nil
}

// radiusTable are the sessions of a person at servers that ask by RADIUS.
func (w web) radiusTable(c *console.Context, person string) (*console.Table, error) {
	list, err := w.s.RADIUSSessions(c.Context(), c.Actor, person)
	t := console.NewTable(text.M("Sessions by RADIUS"), text.M("Server§radius"), text.M("Address inside"), text.M("From§radius"), text.M("Since§radius"), text.M("Last report§radius"), text.M("Sent§radius"), text.M("Received§radius"), text.M("Until§radius"))
	for _, r := range list {
		t.Row(console.Text(r.Server), inside(r), cameFrom(r), console.When(r.Began), lastHeard(r), amount(r, r.Sent), amount(r, r.Received), console.When(r.Until))
	}
	return t, err
}
