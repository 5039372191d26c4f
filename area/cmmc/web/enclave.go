package web

import (
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// enclavePage is one enclave, or one provider.
type enclavePage struct {
	cmmc.Detail
	Tabs     []console.Tab
	Facts    []console.Fact
	Gauge    chart.Chart
	Course   chart.Chart
	Days     chart.Chart
	Shares   chart.Chart
	Worst    *console.Table // what costs most
	Open     int
	Waiting  int // results that wait for a second person who may be the reader
	Lists    []familyList
	Assets   []assetGroup
	Takes    *console.Table
	Gives    *console.Table
	Notices  []notice
	Provider bool
}

type notice struct {
	Tone  console.Tone
	Words text.Message
}

// Scored and Tone are the score of today.
func (v enclavePage) Scored() string     { return scored(v.Live) }
func (v enclavePage) Tone() console.Tone { return scoreTone(v.Live) }

// familyList is a family with its requirements.
type familyList struct {
	Abbr, Name string
	Met, N     int
	Points     int
	Tone       console.Tone
	Table      *console.Table
	Open       bool
}

type assetGroup struct {
	Category cmmc.Category
	N        int
	Table    *console.Table
	Lacking  int
}

func requirementHref(s cmmc.System, q *catalog.Requirement) string { return s.Href() + "/" + q.ID }

func systemTabs(s cmmc.System, at string) []console.Tab {
	base := s.Href()
	list := []console.Tab{{Label: text.M("Standing§tab"), Href: base}}
	if s.Kind == cmmc.Enclave {
		list = append(list, console.Tab{Label: text.M("Plan of action"), Href: base + "/plan"})
	}
	list = append(list, console.Tab{Label: text.M("Evidence"), Href: base + "/evidence"}, console.Tab{Label: text.M("Assets and providers"), Href: base + "/parts"}, console.Tab{Label: text.M("Changes"), Href: base + "/changes"})
	if s.Kind == cmmc.Enclave {
		list = append(list, console.Tab{Label: text.M("Assessments"), Href: base + "/assessments"}, console.Tab{Label: text.M("Affirmation"), Href: base + "/affirm"})
		list = append(list, console.Tab{Label: text.M("Papers§cmmc"), Href: base + "/papers"})
	}
	for i := range list {
		list[i].Current = list[i].Href == base+at
	}
	return list
}

func crumbs(c *console.Context, systems ...cmmc.System) {
	c.Crumb(text.M("CMMC"), "/cmmc")
	for _, s := range systems {
		c.Crumb(text.Literal(s.Label(c.Lang)), s.Href())
	}
}

// detail is the system of the address: an enclave or a provider.
func (p *pages) detail(c *console.Context) (cmmc.Detail, error) {
	if strings.HasPrefix(c.R.URL.Path, "/cmmc/providers/") {
		return p.s.Provider(c.Context(), c.Actor, c.Path("id"))
	}
	return p.s.Enclave(c.Context(), c.Actor, c.Path("id"))
}

func (p *pages) enclave(c *console.Context) error {
	d, err := p.detail(c)
	if err != nil {
		return err
	}
	crumbs(c)
	c.Title(text.Literal(d.Label(c.Lang)))
	v := enclavePage{Detail: d, Tabs: systemTabs(d.System, ""), Provider: d.Kind != cmmc.Enclave}
	people, err := p.s.People(c.Context(), d.Owner)
	if err != nil {
		return err
	}
	v.Facts = systemFacts(c, d, people)
	if !v.Provider {
		v.Gauge = gauge(d)
		if v.Course, err = p.course(c, d); err != nil {
			return err
		}
		v.Days = days(c, d)
		v.Worst, v.Open = worst(c, d, 8)
		v.Notices = notices(c, d)
	}
	v.Shares = shares(c, d)
	if d.Can.Review {
		v.Waiting = proposed(c, d)
	}
	for _, f := range d.Families {
		v.Lists = append(v.Lists, listOf(c, d, f))
	}
	v.Assets = assetsOf(d)
	v.Takes, v.Gives = takes(c, d), gives(c, d)
	return c.Render("enclave", v)
}

// proposed counts the results of others that wait for a second person.
func proposed(c *console.Context, d cmmc.Detail) (n int) {
	for _, f := range d.Families {
		for _, q := range f.Requirements {
			for _, o := range q.Objectives {
				if o.Proposal != nil && o.Proposal.By != c.Actor.Who() {
					n++
				}
			}
		}
	}
	return n
}

func systemFacts(c *console.Context, d cmmc.Detail, people map[string]authz.Person) []console.Fact {
	fs := []console.Fact{{Label: text.M("Kind§system"), Value: console.Say(d.Kind.Label())}}
	if d.Kind == cmmc.Enclave {
		fs = append(fs, console.Fact{Label: text.M("Target§level"), Value: console.Say(text.M("Level %d", d.Level))},
			console.Fact{Label: text.M("Worth today"), Value: statusCell(d.Live.Status)},
			console.Fact{Label: text.M("As assessed"), Value: statusCell(d.Said.Status)},
			console.Fact{Label: text.M("Holds§status"), Value: console.Chip(lifeTone(d.Life), lifeLabel(d.Life))})
	}
	fs = append(fs, console.Fact{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))})
	if name := entityName(c, d.Row); name != "" {
		entity := name
		if d.CAGE != "" {
			entity = c.T("%s, CAGE %s", name, d.CAGE)
		}
		fs = append(fs, console.Fact{Label: text.M("Entity"), Value: console.Text(entity)})
	}
	if d.SSP != nil {
		said := strings.TrimSpace(d.SSP.ID + " " + d.SSP.Version)
		if said == "" {
			said = c.T("there is one")
		}
		fs = append(fs, console.Fact{Label: text.M("System security plan"), Value: console.Stack(console.Text(said), console.Day(d.SSP.Date))})
	} else if d.Kind == cmmc.Enclave {
		fs = append(fs, console.Fact{Label: text.M("System security plan"), Value: console.Chip(console.Bad, text.M("There is none"))})
	}
	if d.Owner != "" {
		fs = append(fs, console.Fact{Label: text.M("Answers for it"), Value: console.Text(who(c, people, d.Owner))})
	}
	if d.Holds != "" {
		fs = append(fs, console.Fact{Label: text.M("Holds of ours"), Value: console.Text(strings.ToUpper(d.Holds))})
	}
	if d.FedRAMP != "" {
		fs = append(fs, console.Fact{Label: text.M("FedRAMP"), Value: console.Stack(console.Text(d.FedRAMP), console.Text(d.Proof))})
	}
	if d.Boundary != "" {
		fs = append(fs, console.Fact{Label: text.M("Boundary"), Value: console.Text(d.Boundary)})
	}
	return fs
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// endOf is the end of a day, until which a limit is kept.
func endOf(day time.Time) time.Time { return day.Add(24*time.Hour - time.Second) }

// who is a person's name; what did it by itself is named as such.
func who(c *console.Context, people map[string]authz.Person, id string) string {
	if p, ok := people[id]; ok {
		return p.Label(c.Lang)
	}
	if strings.HasPrefix(id, "system:") {
		return c.T("The system")
	}
	return id
}

// gauge is the score on its scale; Level 1 has none.
func gauge(d cmmc.Detail) chart.Chart {
	if d.Level < 2 {
		return nil
	}
	l := catalog.Of(d.Level)
	g := chart.Gauge{Title: text.M("Score§cmmc"), Min: 0, Max: float64(l.Max), Low: float64(d.Live.Low), High: float64(d.Live.High), Class: string(scoreTone(d.Live)),
		Limits: []chart.Limit{{Value: float64(l.ConditionalMin), Label: text.M("Conditional§line")}},
		Desc:   text.M("From %d to %d points of %d; the least for a Conditional status is %d", d.Live.Low, d.Live.High, l.Max, l.ConditionalMin)}
	if d.Level == 2 {
		g.Min = float64(l.Max - catalog.Level2Floor)
	}
	return g
}

const courseWeeks = 26

// course is the score over half a year, a point a week and one of now.
func (p *pages) course(c *console.Context, d cmmc.Detail) (chart.Chart, error) {
	if d.Level < 2 {
		return nil, nil
	}
	list, err := p.s.Course(c.Context(), c.Actor, d.ID, c.Now.AddDate(0, 0, -7*courseWeeks))
	if err != nil {
		return nil, err
	}
	l := catalog.Of(d.Level)
	b := chart.Band{Title: text.M("Score over half a year"), Desc: text.M("Low and high end of the score, week by week"), Head: text.M("Week of"), Min: math.Floor(float64(l.ConditionalMin)/20)*20 - 20, Max: float64(l.Max),
		Limits: []chart.Limit{{Value: float64(l.ConditionalMin), Label: text.M("Conditional§line")}}, Class: string(scoreTone(d.Live)), Height: 200}
	at := 0
	for w := courseWeeks; w >= 0; w-- {
		end := c.Now.AddDate(0, 0, -7*w)
		for at < len(list) && !list[at].At.After(end) {
			at++
		}
		low, high := math.NaN(), math.NaN()
		switch {
		case w == 0:
			low, high = float64(d.Live.Low), float64(d.Live.High)
		case at > 0:
			low, high = float64(list[at-1].Low), float64(list[at-1].High)
		}
		b.Min = scaleFrom(b.Min, low)
		b.Labels, b.Low, b.High = append(b.Labels, end.In(c.Zone).Format("01/02")), append(b.Low, low), append(b.High, high)
	}
	return b, nil
}

// scaleFrom is where a scale begins on which a score is to be seen: a round number
// below it, and not above the least for a Conditional status.
func scaleFrom(before, score float64) float64 {
	if math.IsNaN(score) {
		return before
	}
	return math.Min(before, math.Floor((score-5)/20)*20)
}

// days are those of the status on a line: affirmations, day 180, the end.
func days(c *console.Context, d cmmc.Detail) chart.Chart {
	from := d.Status.From()
	if from.IsZero() {
		return nil
	}
	l := catalog.Of(d.Level)
	t := chart.Track{Title: text.M("Days of the status"), Desc: text.M("From the status to its end: affirmations, day 180 and reassessment"), From: from.AddDate(0, -1, 0),
		To: score.Years(from, l.ValidYears).AddDate(0, 2, 0), Now: c.Now}
	for _, e := range score.Calendar(d.Level, d.Status) {
		if e.Kind == "retention" { // years later
			continue
		}
		s := chart.Stop{Day: e.Day, Label: c.Say(shortDue(e)), Class: "info"}
		switch {
		case e.Kind == "affirmation" && affirmedFor(d.Status, e.Day):
			s.Class, s.Label = "good", c.T("Affirmed§day")
		case c.Now.After(endOf(e.Day)):
			s.Class = "bad"
		case e.Day.Sub(c.Now) < 60*24*time.Hour:
			s.Class = "warn"
		}
		if e.Kind == "affirmation" {
			s.Href = d.Href() + "/affirm"
		}
		t.Stops = append(t.Stops, s)
	}
	if !d.Status.Conditional.IsZero() {
		to := d.Status.Final
		if to.IsZero() {
			to = score.CloseOut(d.Status.Conditional, d.Level)
		}
		t.Spans = append(t.Spans, chart.Span{From: d.Status.Conditional, To: to, Class: "warn", Label: c.T("Conditional§status")})
	}
	if !d.Status.Final.IsZero() {
		t.Spans = append(t.Spans, chart.Span{From: d.Status.Final, To: score.Years(from, l.ValidYears), Class: "good", Label: c.T("Final§status")})
	}
	return t
}

// affirmedFor tells whether an affirmation answers a due day.
func affirmedFor(s score.Dates, due time.Time) bool {
	return slices.ContainsFunc(s.Affirmed, func(a time.Time) bool { return a.After(score.Years(due, -1)) })
}

func shortDue(e score.Event) text.Message {
	switch e.Kind {
	case "close_out":
		return text.M("Day 180")
	case "affirmation":
		return text.M("Affirm§day")
	case "reassessment":
		return text.M("Status ends")
	}
	return e.What
}

// notices say what a reader must not miss.
func notices(c *console.Context, d cmmc.Detail) (list []notice) {
	add := func(tone console.Tone, m text.Message) { list = append(list, notice{tone, m}) }
	if losing(d.Row) {
		add(console.Bad, text.M("This enclave holds a status that its state of today would not get: what is open is listed in the plan of action."))
	}
	switch d.Life {
	case score.LifeClosedOut:
		add(console.Bad, text.M("Day 180 passed on %s with open items: the Conditional status has ended (%s).", dayText(d.CloseOut), catalog.Clause("closeout")))
	case score.LifeConditional:
		left := int(endOf(d.CloseOut).Sub(c.Now).Hours() / 24)
		tone := console.Info
		if left < 60 {
			tone = console.Warn
		}
		add(tone, text.M("%d days are left to close the plan of action; the last day is %s.", left, dayText(d.CloseOut)))
	case score.LifeExpired:
		add(console.Bad, text.M("The status has expired."))
	case score.LifeUnaffirmed:
		add(console.Bad, text.M("The yearly affirmation is overdue."))
	}
	if d.Live.Status == score.NoAssessment {
		add(console.Bad, text.M("Without a current system security plan there is no score (%s).", catalog.Clause("ssp")))
	}
	if d.Report != nil && !d.Report.Complete {
		add(console.Warn, text.M("%d objectives are unknown: the score is a range, and its low end counts.", d.Report.Unknown))
	}
	return list
}

// worst are the requirements that cost most.
func worst(c *console.Context, d cmmc.Detail, most int) (*console.Table, int) {
	t := console.NewTable(text.M("What stands in the way"), text.M("Requirement"), text.M("State"), text.M("Points"), text.M("On a plan"))
	list := deductions(d.Report)
	for _, x := range list[:min(len(list), most)] {
		t.Row(console.Stack(console.Strong(requirementHref(d.System, x.Requirement), x.Requirement.ID), console.Text(x.Requirement.Topic.In(c.Lang))),
			console.Chip(deductionTone(x), deductionLabel(x)), console.Text(cost(x)), verdict(x).More[0])
	}
	return t, len(list)
}

func deductionLabel(x score.Deduction) text.Message {
	switch x.State {
	case score.StatePartial:
		return text.M("Partly met")
	case score.StateUnknown:
		return text.M("Unknown§objective")
	}
	return text.M("Not met§objective")
}

func deductionTone(x score.Deduction) console.Tone {
	if x.State == score.StateNotMet {
		return console.Bad
	}
	return console.Warn
}

// cost is what a requirement costs for certain, and what it may cost.
func cost(x score.Deduction) string {
	switch {
	case x.AtRisk > 0 && x.Points == 0:
		return "0 – " + minus(x.AtRisk)
	case x.AtRisk > 0:
		return minus(x.Points) + " – " + minus(x.Points+x.AtRisk)
	}
	return minus(x.Points)
}

func verdict(x score.Deduction) console.Cell {
	chip := console.Chip(console.Good, text.M("lawful§plan"))
	if !x.Deferrable {
		chip = console.Chip(console.Bad, text.M("not lawful§plan"))
	}
	return console.Stack(chip, console.Say(text.M("%s (%s)", x.Why, x.WhyClause)))
}

// shares are the requirements of each family by state.
func shares(c *console.Context, d cmmc.Detail) chart.Chart {
	s := chart.Shares{Title: text.M("Requirements by family"), Desc: text.M("Requirements of each family that are met, partly met, unknown and not met"), Head: text.M("Family"), Width: 540,
		Series: []chart.Series{{Label: text.M("Met§objective"), Class: "good"}, {Label: text.M("Partly met"), Class: "medium"}, {Label: text.M("Unknown§objective"), Class: "none"}, {Label: text.M("Not met§objective"), Class: "bad"}}}
	for _, f := range d.Families {
		s.Labels = append(s.Labels, f.Family.Abbr+" "+f.Family.Name.In(c.Lang))
		s.Hrefs = append(s.Hrefs, "#"+f.Family.Abbr)
		var n [4]float64
		for _, q := range f.Requirements {
			switch {
			case q.Live == catalog.Met:
				n[0]++
			case q.Unknown:
				n[2]++
			case q.Live == catalog.Partly:
				n[1]++
			default:
				n[3]++
			}
		}
		for k := range n {
			s.Series[k].Values = append(s.Series[k].Values, n[k])
		}
	}
	return s
}

func listOf(c *console.Context, d cmmc.Detail, f cmmc.FamilyState) familyList {
	l := familyList{Abbr: f.Family.Abbr, Name: f.Family.Name.In(c.Lang), Met: f.Met, N: len(f.Requirements), Tone: console.Good,
		Table: console.NewTable(text.M("Requirements of the family"), text.M("Requirement"), text.M("State"), text.M("Objectives met"), text.M("Weight§requirement"), text.M("As assessed"))}
	for _, q := range f.Requirements {
		met := 0
		for _, o := range q.Objectives {
			if o.Live == score.Met || o.Live == score.NA {
				met++
			}
		}
		if q.Live != catalog.Met {
			l.Points += q.Points(q.Live)
			if l.Tone = console.Warn; q.Points(q.Live) >= 3 {
				l.Tone = console.Bad
			}
		}
		said := console.Chip(stateTone(q.Said, false), stateLabel(q.Said, false))
		if q.Said == q.Live {
			said = console.Say(text.M("the same"))
		}
		t := l.Table
		t.Row(console.Stack(console.Strong(requirementHref(d.System, q.Requirement), q.ID), console.Text(q.Topic.In(c.Lang))),
			console.Chip(stateTone(q.Live, q.Unknown), stateLabel(q.Live, q.Unknown)), console.Text(minus(met)+" / "+minus(len(q.Objectives))), weight(q.Requirement), said)
	}
	return l
}

func weight(q *catalog.Requirement) console.Cell {
	switch {
	case q.Gate:
		return console.Say(text.M("the gate"))
	case q.Partial > 0:
		return console.Text(minus(q.Weight) + " / " + minus(q.Partial))
	}
	return console.Text(minus(q.Weight))
}

func assetsOf(d cmmc.Detail) (groups []assetGroup) {
	for _, k := range cmmc.Categories {
		g := assetGroup{Category: k, Table: console.NewTable(k.Label(), text.M("Asset"), text.M("In the inventory"), text.M("In the SSP"), text.M("In the diagram"), text.M("Note"))}
		for _, a := range d.Assets {
			if a.Category != k {
				continue
			}
			g.N++
			if len(a.Lacks()) > 0 {
				g.Lacking++
			}
			g.Table.Row(console.Stack(console.Text(a.Name), console.Text(a.Ref)), console.Yes(a.Inventory), console.Yes(a.SSP), console.Yes(a.Diagram), console.Text(a.Note))
		}
		if g.N > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

func takes(c *console.Context, d cmmc.Detail) *console.Table {
	t := console.NewTable(text.M("Takes from"), text.M("Provider"), text.M("Provides whole"), text.M("Provides half"), text.M("What if it fails"))
	for _, u := range d.Providers {
		name := console.Text(u.Label(c.Lang))
		if u.Seen {
			name = console.Strong(cmmc.Href(u.Kind, u.ID), u.Label(c.Lang))
		}
		under := console.Say(u.Kind.Label())
		if !u.Lacks.IsZero() {
			under = console.Chip(console.Bad, u.Lacks)
		}
		t.Row(console.Stack(name, under), console.Text(names(u.Provider)), console.Text(names(u.Shared)), console.Link("/cmmc/breaks?"+url.Values{"system": {u.ID}}.Encode(), c.T("See")))
	}
	return t
}

func gives(c *console.Context, d cmmc.Detail) *console.Table {
	t := console.NewTable(text.M("Gives to"), text.M("Enclave or service"), text.M("Kind§system"))
	for _, u := range d.Users {
		t.Row(console.Strong(cmmc.Href(u.Kind, u.ID), u.Label(c.Lang)), console.Say(u.Kind.Label()))
	}
	return t
}

// deductions are those of a report, what costs most first.
func deductions(r *score.Report) []score.Deduction {
	if r == nil {
		return nil
	}
	return dearest(r.Deductions)
}
