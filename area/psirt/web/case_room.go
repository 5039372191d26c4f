package web

import (
	"slices"
	"strings"

	"yagura/area/psirt"
	"yagura/area/psirt/clock"
	"yagura/area/psirt/cvss"
	"yagura/area/psirt/ssvc"
	"yagura/console"
	"yagura/kernel/text"
)

// room is a case as its page shows it.
type room struct {
	psirt.Room
	c     *console.Context
	p     *pages
	Deed  string // the form that is shown by itself
	About string
	Like  []psirt.Likeness
}

func (p *pages) load(c *console.Context) (*room, error) {
	r, err := p.s.Room(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return nil, err
	}
	c.Title(text.M("%s: %s§class", r.Number, text.Literal(r.Title)))
	c.Crumb(text.M("Products' security"), "/psirt")
	c.Crumb(text.M("Cases"), "/psirt/cases")
	return &room{Room: r, c: c, p: p}, nil
}

func (p *pages) room(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	if v.Handles && (v.State == psirt.Received || v.State == psirt.Acknowledged) {
		if v.Like, err = p.s.Similar(c.Context(), c.Actor, v.ID); err != nil {
			return err
		}
	}
	return c.Render("room", v)
}

func (p *pages) matrix(c *console.Context) error {
	v, err := p.load(c)
	if err != nil {
		return err
	}
	c.Crumb(text.Literal(v.Number), psirt.Href(v.ID))
	c.Title(text.M("Matrix of %s", v.Number))
	return c.Render("matrix", v)
}

// Href is an address below the case.
func (v *room) Href(rest string) string { return psirt.Href(v.ID) + rest }

// Do is the address of a form.
func (v *room) Do(deed, about string) string {
	if about == "" {
		return v.Href("/do/" + deed)
	}
	return v.Href("/do/" + deed + "?about=" + about)
}

// Tone is the colour of the state.
func (v *room) Tone() console.Tone { return tone(v.State) }

// Say is a person's name.
func (v *room) Who(person string) string { return v.Name(person, v.c.Lang) }

// Member tells whether the reader takes part in everything.
func (v *room) Member() bool { return v.Part == psirt.Member }

// Fresh tells whether the report still has to be triaged.
func (v *room) Fresh() bool { return v.State == psirt.Received || v.State == psirt.Acknowledged }

// Facts are the case in short.
func (v *room) Facts() []console.Fact {
	fs := []console.Fact{
		{Label: text.M("Number"), Value: console.Text(v.Number)},
		{Label: text.M("Opened"), Value: console.When(v.Opened)},
		{Label: text.M("TLP"), Value: console.Text(v.TLP)},
	}
	if v.Unit != "" {
		fs = append(fs, console.Fact{Label: text.M("Works"), Value: console.Text(v.c.UnitLabel(v.Unit))})
	}
	if v.Member() {
		fs = append(fs, console.Fact{Label: text.M("Lead"), Value: console.Text(v.Who(v.Lead))})
	}
	if !v.ScheduledFor.IsZero() {
		fs = append(fs, console.Fact{Label: text.M("To be published"), Value: console.When(v.ScheduledFor)})
	}
	if !v.DisclosedAt.IsZero() {
		fs = append(fs, console.Fact{Label: text.M("First published"), Value: console.When(v.DisclosedAt)})
	}
	return fs
}

// Embargoes are the one instant in everyone's zone.
func (v *room) Embargoes() *console.Table {
	t := console.NewTable(text.M("The instant in everyone's zone"), text.M("Party"), text.M("Zone"), text.M("Time there"))
	for _, i := range v.Instants() {
		t.Row(console.Text(i.Who), console.Text(i.Zone), console.Code(i.At.Format("2006-01-02 15:04 -07:00")))
	}
	return t
}

// aboutName is what an id is called: a report, a vulnerability, a party, a row.
func (v *room) aboutName(id string) string {
	for _, x := range v.Vulnerabilities {
		if x.ID == id {
			return x.Label(v.c.Lang)
		}
	}
	for _, x := range v.Parties {
		if x.ID == id {
			return x.Name
		}
	}
	for _, x := range v.Ranges {
		if x.ID == id {
			return x.Name(v.c.Lang)
		}
	}
	for i, x := range v.Reports {
		if x.ID == id && len(v.Reports) > 1 {
			return v.c.T("Report %d", i+1)
		}
	}
	for _, x := range v.Tasks {
		if x.ID == id {
			return v.c.Say(x.Label())
		}
	}
	return ""
}

// ClockTable shows the clocks of the case.
func (v *room) ClockTable() *console.Table {
	t := console.NewTable(text.M("Clocks"), text.M("What is due"), text.M("Basis"), text.M("Start"), text.M("Due"), text.M("State"))
	for _, k := range v.Clocks {
		what := []console.Cell{console.Text(k.Rule.Title.In(v.c.Lang))}
		if about := v.aboutName(k.Of); about != "" {
			what = append(what, console.Text(about))
		}
		due := console.When(k.Due)
		if k.Open() {
			due = console.Stack(due, console.Due(k.Due))
		}
		s := clockState(k.State(v.c.Now))
		if !k.Met.IsZero() {
			s = console.Stack(s, console.When(k.Met), console.Say(psirt.KindLabel(psirt.Kind(k.MetBy))))
		}
		t.Row(console.Stack(what...), console.Stack(console.Text(k.Rule.Basis.In(v.c.Lang)), console.Say(binding(k.Rule.Binding))), console.When(k.Start), due, s)
	}
	t.Empty = console.Empty{Title: text.M("No clock runs")}
	return t
}

// Nearest are the clocks that run, for the side of the page.
func (v *room) Nearest() (list []console.Clock) {
	for _, k := range v.Clocks {
		if k.Open() && len(list) < 4 {
			list = append(list, console.Clock{Title: k.Rule.Title.In(v.c.Lang), Label: text.Literal(k.Rule.Basis.In(v.c.Lang)), Href: v.Href("#clocks"), Start: k.Start, Due: k.Due})
		}
	}
	return list
}

// Timeline is the log, the latest first.
func (v *room) Timeline() []console.Event {
	var es []console.Event
	for _, e := range slices.Backward(v.Log) {
		x := console.Event{At: e.Happened, Who: v.Who(e.Author), Title: psirt.KindLabel(e.Kind), Body: e.Body, Icon: "dot"}
		switch e.Kind {
		case psirt.Message, psirt.Told, psirt.ToldFinder:
			x.Icon = "mail"
		case psirt.Note:
			x.Icon = "chat"
			switch e.Data {
			case "file":
				x.Title, x.Icon = text.M("File kept"), "file"
			case "instruction-offered":
				x.Title, x.Icon = text.M("Draft of an instruction to units offered"), "megaphone"
			}
		case psirt.Leaked, psirt.Exploited, psirt.Elsewhere, psirt.SevereCase:
			x.Icon, x.Tone = "warning", console.Bad
		case psirt.Given, psirt.Taken:
			x.Icon, x.Body = "users", v.Who(e.About)
		case psirt.Triaged:
			x.Title, x.Icon, x.Tone = text.M("Triage: %s", psirt.State(e.Data).Label()), "right", console.Info
		case psirt.Answered:
			x.Title = text.M("Answer: %s", psirt.Answer(e.Data).Label())
		case psirt.PlantsAsked:
			if e.Data == "not-known" {
				x.Body = v.c.T("Nobody here knows which plants run it.")
			}
		case psirt.Chased, psirt.Asked:
			if e.Data != "" {
				x.Body = v.c.UnitLabel(e.Data)
			}
		case psirt.EmbargoSet, psirt.Timed, psirt.Promised:
			x.Cells = append(x.Cells, console.When(e.Until))
		case psirt.Disclosed, psirt.RecordOut, psirt.WasApproved:
			x.Icon, x.Tone = "check", console.Good
		}
		if about := v.aboutName(e.About); about != "" && e.Kind != psirt.Triaged {
			x.Cells = append(x.Cells, console.Text(about))
		}
		if !e.Happened.Equal(e.At) {
			x.Cells = append(x.Cells, console.Say(text.M("written %s", v.c.Local(e.At))))
		}
		if e.Digest == "" {
			x.Cells = append(x.Cells, console.Chip(console.Bad, text.M("does not fit its digest: changed outside of Yagura")))
		}
		es = append(es, x)
	}
	return es
}

// Letters are what was written to and by the finder of a report.
func (v *room) Letters(report string) (es []console.Event) {
	for _, e := range v.Log {
		if e.Kind == psirt.Message && e.About == report {
			es = append(es, console.Event{At: e.Happened, Who: v.Who(e.Author), Body: e.Body, Icon: "mail"})
		}
	}
	return es
}

// FilesOf are the files of a report; of "" those that came with none.
func (v *room) FilesOf(about string) *console.Table {
	t := console.NewTable(text.M("Files§case"), text.M("File§case"), text.M("Size"), text.M("SHA-256"))
	for _, f := range v.Files {
		if f.About != about {
			continue
		}
		name := console.Link(v.Href("/file/"+f.ID), f.Name)
		if f.Sealed {
			name = console.Stack(name, console.Chip(console.Info, text.M("OpenPGP: encrypted")))
		}
		t.Row(name, console.Bytes(f.Size), console.Code(f.SHA256[:16]+"…"))
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// FinderURL is what the finder of a report was given.
func (v *room) FinderURL(r psirt.Report) string { return v.p.s.FinderURL(r) }

// Scores are the vectors of a vulnerability with what they give.
func (v *room) Scores(x psirt.Vulnerability) *console.Table {
	if len(x.Vectors) == 0 {
		return nil
	}
	t := console.NewTable(text.M("CVSS"), text.M("Score"), text.M("Rating"), text.M("Vector"))
	for _, s := range x.Vectors {
		if vec, err := cvss.Parse(s); err == nil {
			t.Row(console.Text(score(vec.Score())), console.Text(vec.Severity()), console.Link("/psirt/cvss?vector="+s, s))
		}
	}
	return t
}

// Said is the description in the reader's language.
func (v *room) Said(x psirt.Vulnerability) string {
	if v.c.Lang == text.JA && x.DescriptionJA != "" {
		return x.DescriptionJA
	}
	return x.Description
}

// Priority is the supplier's decision; "" while a point is open.
func (v *room) Priority(x psirt.Vulnerability) string { return string(x.SSVC.Priority()) }

// RemediesOf are what users can do about a vulnerability.
func (v *room) RemediesOf(id string) (rs []psirt.Remedy) {
	for _, r := range v.Remedies {
		if r.Vulnerability == id {
			rs = append(rs, r)
		}
	}
	return rs
}

// cellTone is the colour of an answer.
func cellTone(a psirt.Answer) console.Tone {
	switch a {
	case psirt.IsAffected:
		return console.Bad
	case psirt.NotAffected, psirt.Fixed:
		return console.Good
	case psirt.Investigating:
		return console.Warn
	}
	return console.Plain
}

// Matrix is vulnerability by range, each cell leading to its form.
func (v *room) Matrix() *console.Table {
	heads := []text.Message{text.M("Products§matrix"), text.M("Works")}
	for _, x := range v.Vulnerabilities {
		name := x.CVE
		if name == "" {
			name = x.Label(v.c.Lang)
		}
		heads = append(heads, text.Literal(name))
	}
	t := console.NewTable(text.M("Vulnerabilities by products"), heads...)
	for _, r := range v.Ranges {
		row := []console.Cell{console.Text(r.Name(v.c.Lang)), console.Text("")}
		if r.Unit != "" {
			row[1] = console.Text(v.c.UnitLabel(r.Unit))
		}
		for _, x := range v.Vulnerabilities {
			row = append(row, v.cell(v.Cell(x.ID, r.ID)))
		}
		t.Row(row...)
	}
	t.Empty = console.Empty{Title: text.M("No products yet"), Body: text.M("Add the ranges of products that may be concerned.")}
	return t
}

func (v *room) cell(k psirt.Cell) console.Cell {
	parts := []console.Cell{console.Chip(cellTone(k.Answer), k.Answer.Label())}
	switch {
	case k.Answer != psirt.NoAnswer:
		parts = append(parts, console.Text(v.Who(k.By)))
		if k.Justification != "" {
			parts = append(parts, console.Say(psirt.JustificationLabel(k.Justification)))
		}
	case k.Asked.IsZero():
		parts = append(parts, console.Say(text.M("nobody was asked")))
	default:
		parts = append(parts, console.Say(text.M("asked: %s", v.c.UnitLabel(k.AskedUnit))), console.Due(k.Due))
		for _, p := range v.AskedOf[k.AskedUnit] {
			parts = append(parts, console.Text(v.Who(p)))
		}
	}
	if v.Open && (v.Handles || len(v.Units) > 0) {
		parts = append(parts, console.Link(v.Href("/do/assess?about="+k.Vulnerability+"&row="+k.Range), v.c.T("Answer§verb")))
	}
	return console.Stack(parts...)
}

// PartyTable shows with whom the case is coordinated, and what each was told.
func (v *room) PartyTable() *console.Table {
	t := console.NewTable(text.M("Parties"), text.M("Party"), text.M("Told"), text.M("When§told"))
	for _, x := range v.Parties {
		name := []console.Cell{console.Text(x.Name), console.Say(x.Kind.Label())}
		if x.Reference != "" {
			name = append(name, console.Text(x.Reference))
		}
		name = append(name, console.Link(v.Do("tell", x.ID), v.c.T("Note what it was told")))
		if x.Kind == psirt.UpstreamCNA {
			name = append(name, console.Link(v.Do("refusal", x.ID), v.c.T("First refusal")))
		}
		said, at := console.Say(text.M("nothing yet")), console.Text("")
		if len(x.Told) > 0 {
			said, at = console.Text(x.Told[0].Body), console.When(x.Told[0].Happened)
			if x.Told[0].Kind != psirt.Told {
				said = console.Stack(console.Say(psirt.KindLabel(x.Told[0].Kind)), said)
			}
		}
		t.Row(console.Stack(name...), said, at)
	}
	t.Empty = console.Empty{Title: text.M("No parties yet")}
	return t
}

// ReadTable shows who opened the case.
func (v *room) ReadTable() *console.Table {
	t := console.NewTable(text.M("Who opened the case"), text.M("Who"), text.M("When§told"))
	for _, r := range v.Readings {
		t.Row(console.Text(v.Who(r.Person)), console.When(r.At))
	}
	return t
}

// Options of the forms.

func (v *room) Outcomes() (o []console.Option) {
	for _, s := range psirt.Outcomes {
		o = append(o, console.Option{Value: string(s), Label: s.Label()})
	}
	return o
}

func (v *room) UnitOptions() []console.Option { return unitOptions(v.c) }

func unitOptions(c *console.Context) []console.Option {
	o := []console.Option{{Label: text.M("Not decided yet")}}
	for _, u := range c.Actor.Visible(psirt.Read) {
		o = append(o, console.Option{Value: u.ID, Label: text.Literal(u.Label(c.Lang))})
	}
	return o
}

func (v *room) PartOptions() []console.Option {
	return []console.Option{{Value: string(psirt.Member), Label: text.M("Takes part: sees everything")}, {Value: string(psirt.Works), Label: text.M("Is asked: sees the vulnerabilities and the rows of a unit")}}
}

func (v *room) KindOptions() (o []console.Option) {
	for _, k := range psirt.PartyKinds {
		o = append(o, console.Option{Value: string(k), Label: k.Label()})
	}
	return o
}

func (v *room) MemberOptions() (o []console.Option) {
	o = append(o, console.Option{Label: text.M("Nobody in particular")})
	for _, a := range v.Access {
		if a.Part == psirt.Member {
			o = append(o, console.Option{Value: a.Person, Label: text.Literal(v.Who(a.Person))})
		}
	}
	return o
}

func (v *room) AccessOptions() []console.Option {
	o := v.MemberOptions()
	for _, a := range v.Access {
		if a.Part == psirt.Works {
			o = append(o, console.Option{Value: a.Person, Label: text.Literal(v.Who(a.Person))})
		}
	}
	return o
}

func (v *room) RowOptions() (o []console.Option) {
	for _, r := range v.Ranges {
		if slices.ContainsFunc(v.Cells, func(k psirt.Cell) bool { return k.Range == r.ID && k.Answer == psirt.NoAnswer }) {
			o = append(o, console.Option{Value: r.ID, Label: text.Literal(r.Name(v.c.Lang))})
		}
	}
	return o
}

func (v *room) RowIDs() (ids []string) {
	for _, o := range v.RowOptions() {
		ids = append(ids, o.Value)
	}
	return ids
}

func (v *room) AnswerOptions() (o []console.Option) {
	for _, a := range psirt.Answers {
		o = append(o, console.Option{Value: string(a), Label: a.Label()})
	}
	return o
}

func (v *room) JustificationOptions() []console.Option {
	o := []console.Option{{Label: text.M("Another reason, in words below")}}
	for _, j := range psirt.Justifications {
		o = append(o, console.Option{Value: j, Label: psirt.JustificationLabel(j)})
	}
	return o
}

func (v *room) VulnerabilityOptions() (o []console.Option) {
	for _, x := range v.Vulnerabilities {
		o = append(o, console.Option{Value: x.ID, Label: text.Literal(strings.TrimSpace(x.CVE + " " + x.Label(v.c.Lang)))})
	}
	return o
}

func (v *room) RemedyOptions() (o []console.Option) {
	for _, k := range psirt.RemedyKinds {
		o = append(o, console.Option{Value: string(k), Label: k.Label()})
	}
	return o
}

func (v *room) TLPOptions() (o []console.Option) {
	for _, t := range psirt.TLPs {
		o = append(o, console.Option{Value: t, Label: text.Literal("TLP:" + t)})
	}
	return o
}

func (v *room) SubmissionOptions() (o []console.Option) {
	for _, k := range psirt.SubmissionKinds {
		o = append(o, console.Option{Value: string(k), Label: psirt.KindLabel(k)})
	}
	return o
}

// Points are the answers of the supplier's tree.
func (v *room) Points() map[string][]console.Option {
	m := map[string][]console.Option{}
	for name, values := range map[string][]string{"exploitation": ssvc.Exploitation, "utility": ssvc.Utility, "impact": ssvc.Technical, "safety": ssvc.Safety} {
		m[name] = []console.Option{{Label: text.M("Not decided yet")}}
		for _, x := range values {
			m[name] = append(m[name], console.Option{Value: x, Label: text.Literal(x)})
		}
	}
	return m
}

// Vulnerability is the one that a form is about; an empty one where it makes one.
func (v *room) Vulnerability() psirt.Vulnerability {
	for _, x := range v.Vulnerabilities {
		if x.ID == v.About {
			return x
		}
	}
	return psirt.Vulnerability{}
}

// AboutWords is what a form is about.
func (v *room) AboutWords() string { return v.aboutName(v.About) }

// Running is whether a clock of a rule runs.
func (v *room) Running(rule string) bool {
	return slices.ContainsFunc(v.Clocks, func(k clock.Clock) bool { return k.Rule.ID == rule && k.Open() })
}
