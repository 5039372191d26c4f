package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// page is one incident as its pages show it.
type page struct {
	incident.Detail
	c *console.Context

	Form   string      // on the page of one form: which
	Onward *stepEntry  // the step that comes next, with its form
	Side   []stepEntry // other steps
	Fix    *incident.Entry
}

type stepEntry struct {
	Step       incident.Step
	Label      text.Message
	Href       string
	Version    int64
	Incident   incident.Incident
	Class      string
	Severities []console.Option
	Classes    []console.Option
	Teams      []console.Option
	Leads      []console.Option
	Reasons    []console.Option
	Danger     bool
	OpenTasks  int
}

// Has tells whether the form of the step has the field.
func (s stepEntry) Has(field string) bool {
	fields := map[incident.Step]string{
		incident.Triage: "severity team note", incident.Confirm: "severity class lead note", incident.Contain: "happened note",
		incident.Eradicate: "happened note", incident.Recover: "happened note", incident.Review: "cause lessons",
		incident.Shut: "note", incident.Dismiss: "reason note", incident.Double: "other note", incident.Merge: "other note", incident.Reopen: "note",
	}
	return slices.Contains(strings.Fields(fields[s.Step]), field)
}

// Needs tells whether a note is required.
func (s stepEntry) Needs() bool {
	switch s.Step {
	case incident.Contain, incident.Eradicate, incident.Recover, incident.Dismiss, incident.Reopen:
		return true
	}
	return false
}

// Prompt is what the note of the step should say.
func (s stepEntry) Prompt() text.Message {
	switch s.Step {
	case incident.Contain:
		return text.M("What stopped it?")
	case incident.Eradicate:
		return text.M("What was removed?")
	case incident.Recover:
		return text.M("What works again?")
	case incident.Dismiss:
		return text.M("How do you know?")
	case incident.Reopen:
		return text.M("Why?")
	}
	return text.M("Note")
}

// Advice says in one line what the step means.
func (s stepEntry) Advice() text.Message {
	switch s.Step {
	case incident.Triage:
		return text.M("Say how grave it is and which team answers for it.")
	case incident.Confirm:
		return text.M("It is an incident: say of what kind, and who leads.")
	case incident.Contain:
		return text.M("The damage does not grow any more.")
	case incident.Eradicate:
		return text.M("Nothing of the attacker or the cause is left.")
	case incident.Recover:
		return text.M("Everything works as before.")
	case incident.Review:
		return text.M("What made it possible, and what the group learns from it. Who led a critical incident cannot write this alone: a second person does.")
	case incident.Shut:
		return text.M("All is done and written down.")
	case incident.Dismiss:
		return text.M("It was no security incident.")
	case incident.Double:
		return text.M("The same was reported before; the work goes on there.")
	case incident.Merge:
		return text.M("The work goes on in the other incident, which receives the alerts, observables and affected units of this one.")
	}
	return text.M("The work begins again.")
}

func (p *pages) load(c *console.Context) (*page, error) {
	d, err := p.s.Get(c.Context(), c.Actor, c.Path("number"))
	if err != nil {
		return nil, err
	}
	v := &page{Detail: d, c: c}
	for n, step := range d.Steps {
		e := v.entry(step)
		if n == 0 && d.Open() {
			v.Onward = &e
		} else {
			v.Side = append(v.Side, e)
		}
	}
	c.Title(text.Literal(d.ID + " " + d.Title))
	c.Crumb(text.M("Incidents"), "/incidents")
	return v, nil
}

func (v *page) entry(step incident.Step) stepEntry {
	e := stepEntry{Step: step, Label: step.Label(), Href: incident.Href(v.ID) + "/step/" + string(step), Version: v.Version, Incident: v.Incident,
		Class: classOf(v.Class, v.Type), Severities: severityOptions(), Classes: classOptions(true), Teams: v.TeamOptions(), Leads: v.LeadOptions(), OpenTasks: v.OpenTasks()}
	for _, r := range incident.Reasons {
		e.Reasons = append(e.Reasons, console.Option{Value: r, Label: incident.ReasonLabel(r)})
	}
	e.Danger = step == incident.Dismiss || step == incident.Double || step == incident.Merge
	return e
}

// TeamOptions are the teams that can take an incident.
func (v *page) TeamOptions() []console.Option {
	opts := []console.Option{{Label: text.M("Choose a team")}}
	for _, t := range v.Choices {
		opts = append(opts, console.Option{Value: t.ID, Label: text.Literal(t.Label(v.c.Lang))})
	}
	return opts
}

// LeadOptions are the persons who can lead: of the team that answers for it
// first, then of all others.
func (v *page) LeadOptions() []console.Option {
	return v.personOptions(text.M("Choose a person"), append(v.Candidates(v.Team), v.Candidates("")...))
}

// AnyOptions are the same, where nobody in particular is a choice too.
func (v *page) AnyOptions() []console.Option {
	return v.personOptions(text.M("Nobody in particular"), append(v.Candidates(v.Team), v.Candidates("")...))
}

func (v *page) personOptions(none text.Message, people []authz.Person) []console.Option {
	opts := []console.Option{{Label: none}}
	seen := map[string]bool{}
	for _, p := range people {
		if !seen[p.ID] {
			seen[p.ID] = true
			opts = append(opts, console.Option{Value: p.ID, Label: text.Literal(p.Label(v.c.Lang))})
		}
	}
	return opts
}

// KindOptions are the types of observables.
func (v *page) KindOptions() []console.Option {
	opts := []console.Option{{Label: text.M("Recognise it")}}
	for _, k := range incident.Kinds {
		opts = append(opts, console.Option{Value: string(k), Label: k.Label()})
	}
	return opts
}

// EntryOptions are what a person writes to the timeline.
func (v *page) EntryOptions() []console.Option {
	return []console.Option{{Value: string(incident.Note), Label: text.M("Note")}, {Value: string(incident.Decision), Label: text.M("Decision")}}
}

// Name is what to call a person.
func (v *page) Name(who string) string { return v.Person(who, v.c.Lang) }

// TeamName is what to call a team.
func (v *page) TeamName(team string) string { return incident.TeamLabel(v.Teams, team, v.c.Lang) }

// StateTone, TLPTone colour the chips; the words say the same.
func (v *page) StateTone() console.Tone { return tone(v.State) }
func (v *page) TLPTone() console.Tone   { return tlpTone(v.TLP) }

// Href is the page's own address with a suffix.
func (v *page) Href(rest string) string { return incident.Href(v.ID) + rest }

// Containing is the address of the form by which somebody is locked out, with
// the user who was seen where it is one.
func (v *page) Containing() string {
	q, users := url.Values{"incident": {v.ID}}, 0
	for _, o := range v.Observables {
		if o.Type == incident.User {
			users++
			q.Set("person", o.Value)
		}
	}
	if users > 1 {
		q.Del("person")
	}
	return "/identity/contain?" + q.Encode()
}

// Facts is what there is to know in short.
func (v *page) Facts() []console.Fact {
	fs := []console.Fact{}
	add := func(label text.Message, cell console.Cell) { fs = append(fs, console.Fact{Label: label, Value: cell}) }
	add(text.M("Unit"), console.Text(v.c.UnitLabel(v.Unit)))
	if len(v.Units) > 0 {
		var cells []console.Cell
		for _, u := range v.Units {
			cells = append(cells, console.Text(v.c.UnitLabel(u)))
		}
		add(text.M("Affected too"), console.Stack(cells...))
	}
	add(text.M("Team"), console.Text(v.TeamName(v.Team)))
	add(text.M("Lead"), console.Text(v.Name(v.Lead)))
	if v.Class != "" {
		add(text.M("Kind§incident"), console.Stack(console.Say(incident.ClassLabel(v.Class, v.Type)), console.Code(classOf(v.Class, v.Type))))
	} else {
		add(text.M("Kind§incident"), console.Say(text.M("Not decided yet")))
	}
	add(text.M("Occurred"), console.When(v.Occurred))
	add(text.M("Detected"), console.When(v.Detected))
	add(text.M("Reported"), console.When(v.Reported))
	for _, x := range []struct {
		label text.Message
		at    time.Time
	}{{text.M("Contained"), v.Contained}, {text.M("Recovered"), v.Recovered}, {text.M("Closed§incident"), v.Closed}} {
		if !x.at.IsZero() {
			add(x.label, console.When(x.at))
		}
	}
	add(text.M("Came in"), console.Stack(console.Say(v.Source.Label()), console.Text(v.Name(v.Reporter))))
	if v.Contact != "" {
		add(text.M("How to reach the reporter"), console.Text(v.Contact))
	}
	if v.Other != "" {
		add(text.M("Goes on in"), console.Link(incident.Href(v.Other), v.Other))
	}
	if v.Reason != "" {
		add(text.M("Why it is no incident"), console.Say(incident.ReasonLabel(v.Reason)))
	}
	if v.Reviewer != "" {
		add(text.M("Reviewed by"), console.Text(v.Name(v.Reviewer)))
	}
	return fs
}

// Timeline is the timeline, newest first.
func (v *page) Timeline() []console.Event {
	events := v.events(true)
	slices.Reverse(events)
	return events
}

// Whole is the timeline from the beginning, for print.
func (v *page) Whole() []console.Event { return v.events(false) }

func (v *page) events(links bool) []console.Event {
	var es []console.Event
	for _, e := range v.Entries {
		x := console.Event{At: e.Happened, Who: v.Name(e.Author), Body: e.Body, Icon: "dot"}
		switch e.Kind {
		case incident.Note:
			x.Title, x.Icon = text.M("Note"), "chat"
		case incident.Decision:
			x.Title, x.Icon, x.Tone = text.M("Decision"), "flag", console.Info
		case incident.Correction:
			x.Title, x.Icon, x.Tone = text.M("Correction of an earlier entry"), "edit", console.Warn
		case incident.Outside:
			x.Title, x.Icon = text.M("From the reporter"), "mail"
		case incident.Handover:
			x.Icon = "users"
		case incident.Evidence:
			x.Icon = "box"
		case incident.Change:
			x.Icon, x.Tone = "right", console.Good
		}
		if !e.Said.IsZero() {
			x.Title = v.Words(e.Said, v.c.Lang, v.c.UnitLabel)
		}
		if !e.Happened.Equal(e.At) {
			x.Cells = append(x.Cells, console.Say(text.M("written %s", v.c.Local(e.At))))
		}
		if e.Corrects != "" {
			for _, was := range v.Entries {
				if was.ID == e.Corrects {
					x.Cells = append(x.Cells, console.Say(text.M("about the entry of %s: “%s”", v.c.Local(was.At), short(was.Body))))
				}
			}
		}
		if v.Corrected(e.ID) != "" {
			x.Cells = append(x.Cells, console.Chip(console.Warn, text.M("corrected later")))
		}
		if e.Digest == "" {
			x.Cells = append(x.Cells, console.Chip(console.Bad, text.M("does not fit its digest: changed outside of Yagura")))
		}
		if links && v.Respond && (e.Kind == incident.Note || e.Kind == incident.Decision) {
			x.Cells = append(x.Cells, console.Link(v.Href("/note?corrects="+e.ID), v.c.T("Correct")))
		}
		es = append(es, x)
	}
	return es
}

func short(s string) string {
	if r := []rune(strings.Join(strings.Fields(s), " ")); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// ObservableTable shows what was seen, so written that nothing becomes a link.
func (v *page) ObservableTable() *console.Table {
	t := console.NewTable(text.M("Observables"), text.M("Type"), text.M("Value"), text.M("Note"), text.M("Also in"))
	t.Empty = console.Empty{Title: text.M("No observables yet")}
	for _, o := range v.Observables {
		var others []console.Cell
		for _, n := range o.Others {
			others = append(others, console.Link(incident.Href(n), n))
		}
		also := console.Text("")
		if len(others) > 0 {
			also = console.Stack(others...)
		}
		t.Row(console.Say(o.Type.Label()), console.Code(incident.Defang(o.Type, o.Value)), console.Text(o.Note), also)
	}
	return t
}

// AlertTable shows the alerts that belong to the incident.
func (v *page) AlertTable() *console.Table {
	t := console.NewTable(text.M("Alerts"), text.M("Alert"), text.M("Severity"), text.M("Events§alert"), text.M("First§alert"), text.M("Last§alert"))
	for _, a := range v.Alerts {
		name := console.Text(a.Title)
		if strings.HasPrefix(a.Href, "/") {
			name = console.Strong(a.Href, a.Title)
		}
		if a.Rule != "" {
			name = console.Stack(name, console.Text(a.Rule))
		}
		t.Row(name, console.Mark(console.Severity(a.Severity)), console.Num(a.Hits), console.When(a.First), console.When(a.Last))
	}
	return t
}

// Sample is an event of the alert as indented JSON.
func (v *page) Sample(a incident.Alert) string {
	var x any
	if json.Unmarshal(a.Sample, &x) != nil {
		return ""
	}
	b, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}

// HistoryTable is what the ledger says of the incident.
func (v *page) HistoryTable() *console.Table {
	t := console.NewTable(text.M("Rows of the ledger"), text.M("Position§ledger"), text.M("Time§ledger"), text.M("Who§ledger"), text.M("What§ledger"), text.M("Hash§ledger"))
	for _, h := range v.History {
		pos := console.Say(text.M("not sealed yet"))
		if h.Pos > 0 {
			pos = console.Num(h.Pos)
		}
		t.Row(pos, console.When(h.At), console.Text(v.Name(h.Actor)), console.Code(h.Kind), console.Code(h.Hash))
	}
	return t
}

// Custody is the chain of one piece of evidence.
func (v *page) Custody(p incident.Piece) *console.Table {
	t := console.NewTable(text.M("Custody of %s", p.Name), text.M("Time§ledger"), text.M("Who§ledger"), text.M("What§ledger"), text.M("To§person"), text.M("Note"))
	for _, k := range p.Chain {
		t.Row(console.When(k.At), console.Text(v.Name(k.Actor)), console.Say(incident.CustodyLabel(k.Act)), console.Text(v.Name(k.Receiver)), console.Text(k.Note))
	}
	return t
}

// TaskTable lists the tasks for print.
func (v *page) TaskTable() *console.Table {
	t := console.NewTable(text.M("Tasks"), text.M("Task"), text.M("Who§task"), text.M("Due"), text.M("Done"))
	for _, k := range v.Tasks {
		what := console.Text(k.Title)
		if k.Result != "" {
			what = console.Stack(what, console.Text(k.Result))
		}
		t.Row(what, console.Text(v.Name(k.Assignee)), console.When(k.Due), console.When(k.Done))
	}
	return t
}

// DigestTable lists the digests of the timeline for print.
func (v *page) DigestTable() *console.Table {
	t := console.NewTable(text.M("Digests of the timeline"), text.M("Entry§timeline"), text.M("Written§timeline"), text.M("Digest (salted SHA-256, as in the ledger)"))
	for _, e := range v.Entries {
		t.Row(console.Code(e.ID), console.When(e.At), console.Code(e.Digest))
	}
	return t
}

// Answerable is the offer that waits for an answer.
func (v *page) Answerable() *incident.Offer {
	if o, ok := v.Pending(); ok {
		return &o
	}
	return nil
}

// Overdue tells whether a task is late.
func (v *page) Overdue(t incident.Task) bool { return t.Overdue(v.c.Now) }

// MayFinish tells whether the reader may tick a task off.
func (v *page) MayFinish(t incident.Task) bool {
	return v.Respond || t.Assignee != "" && t.Assignee == v.c.Actor.Person
}

// Removable tells whether a participant can be released.
func (v *page) Removable(p incident.Participant) bool {
	return v.Respond && !p.Led && p.Person != v.Lead
}

func (p *pages) detail(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	return c.Render("detail", v)
}

// print is the incident as a piece of evidence: the whole timeline, hashes and
// the positions in the ledger.
func (p *pages) print(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	c.Crumb(text.Literal(v.ID), incident.Href(v.ID))
	return c.Render("print", v)
}

// again shows one form by itself with what is wrong in it.
func (p *pages) again(c *console.Context, form string, err error) error {
	if !fault.Is(err, fault.KindInvalid) {
		return err
	}
	v, lerr := p.load(c)
	if lerr != nil {
		return lerr
	}
	v.Form = form
	c.Crumb(text.Literal(v.ID), incident.Href(v.ID))
	if form == "step" {
		e := v.entry(incident.Step(c.Path("step")))
		v.Onward = &e
	}
	if form == "correct" {
		v.fix(c.Value("corrects"))
	}
	return c.Invalid("one", v, err)
}

func (v *page) fix(entry string) {
	for n, e := range v.Entries {
		if e.ID == entry {
			v.Fix = &v.Entries[n]
		}
	}
}

// OnePage is whether just one form is shown.
func (v *page) OnePage() bool { return v.Form != "" }
