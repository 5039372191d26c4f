package web

import (
	"net/url"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// assessmentsPage is what was assessed of an enclave and never changes again, what
// was found wanting, and who may read it from outside.
type assessmentsPage struct {
	Name     string
	Href     string
	Tabs     []console.Tab
	Table    *console.Table
	Findings []findingView
	Seats    []seatView
	Can      cmmc.Can
	Forms    []console.Option
	Sealed   []console.Option // to declare a status by
	Statuses []console.Option
	Today    string
	Year     string
}

type findingView struct {
	cmmc.Finding
	Objective, Href, Who string
	Open                 bool
}

type seatView struct {
	cmmc.Seat
	Name string
}

func assessmentHref(id string) string { return "/cmmc/assessments/" + url.PathEscape(id) }

func (p *pages) assessmentsOf(c *console.Context) (v assessmentsPage, err error) {
	d, err := p.s.Enclave(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return v, err
	}
	crumbs(c, d.System)
	c.Title(text.M("Assessments"))
	v = assessmentsPage{Name: d.Label(c.Lang), Href: d.Href(), Tabs: systemTabs(d.System, "/assessments"), Can: d.Can, Today: c.Now.In(c.Zone).Format("2006-01-02"), Year: c.Now.AddDate(0, 3, 0).Format("2006-01-02"),
		Statuses: []console.Option{{Value: string(score.Conditional), Label: cmmc.StatusLabel(score.Conditional)}, {Value: string(score.Final), Label: cmmc.StatusLabel(score.Final)}, {Value: string(score.None), Label: text.M("Given up")}}}
	for _, f := range cmmc.Forms {
		if f == cmmc.C3PAO && d.Level != 2 || f == cmmc.DIBCAC && d.Level != 3 {
			continue
		}
		v.Forms = append(v.Forms, console.Option{Value: string(f), Label: f.Label()})
	}
	list, err := p.s.Assessments(c.Context(), c.Actor, d.ID)
	if err != nil {
		return v, err
	}
	found, err := p.s.Findings(c.Context(), c.Actor, d.ID)
	if err != nil {
		return v, err
	}
	var seats []cmmc.Seat
	if d.Can.Manage {
		if seats, err = p.s.Seats(c.Context(), c.Actor, d.ID); err != nil {
			return v, err
		}
	}
	var ids []string
	for _, a := range list {
		ids = append(ids, a.By)
	}
	for _, f := range found {
		ids = append(ids, f.By, f.Closer)
	}
	for _, x := range seats {
		ids = append(ids, x.Person)
	}
	people, err := p.s.People(c.Context(), ids...)
	if err != nil {
		return v, err
	}
	v.Table = console.NewTable(text.M("Assessments"), text.M("Number"), text.M("Day"), text.M("Form§assessment"), text.M("Score§cmmc"), text.M("Status"), text.M("Assessor§name"), text.M("Sealed"))
	for _, a := range list {
		seal := console.Chip(console.Good, text.M("unchanged since it was sealed"))
		if !a.Fits {
			seal = console.Chip(console.Bad, text.M("not what was sealed"))
		}
		value := ""
		if a.Level > 1 {
			value = points(a.Low, a.High)
		}
		by := a.Assessor
		if by == "" {
			by = who(c, people, a.By)
		}
		v.Table.Row(console.Strong(assessmentHref(a.ID), a.ID), console.Day(a.Day), console.Say(a.Form.Label()), console.Text(value), statusCell(a.Status), console.Text(by), console.Stack(seal, console.Code(a.SHA256[:min(16, len(a.SHA256))]+"…")))
		v.Sealed = append(v.Sealed, console.Option{Value: a.ID, Label: text.M("%s of %s", a.ID, dayText(a.Day))})
	}
	for _, f := range found {
		v.Findings = append(v.Findings, findingView{f, catalog.Name(f.Objective), cmmc.ObjectiveHref(d.System, f.Objective), who(c, people, f.By), f.Closed.IsZero()})
	}
	for _, x := range seats {
		v.Seats = append(v.Seats, seatView{x, who(c, people, x.Person)})
	}
	return v, nil
}

func (p *pages) assessments(c *console.Context) error {
	v, err := p.assessmentsOf(c)
	if err != nil {
		return err
	}
	return c.Render("assessments", v)
}

// onAssessments does something and goes back to the page; what was wrong is shown
// in its form.
func (p *pages) onAssessments(said text.Message, do func(*console.Context) error) func(*console.Context) error {
	return func(c *console.Context) error {
		err := do(c)
		if fault.Is(err, fault.KindInvalid) {
			v, failed := p.assessmentsOf(c)
			if failed != nil {
				return failed
			}
			return c.Invalid("assessments", v, err)
		}
		if err != nil {
			return err
		}
		c.Flash(said)
		return c.Redirect(systemPath(c) + "/assessments")
	}
}

func (p *pages) seal(c *console.Context) error {
	_, err := p.s.Seal(c.Context(), c.Actor, c.Path("id"), cmmc.Form(c.Value("form")), c.Value("assessor"))
	return err
}

func (p *pages) declare(c *console.Context) error {
	day, err := dayOf(c, "day")
	if err != nil {
		return err
	}
	return p.s.Declare(c.Context(), c.Actor, c.Path("id"), score.Status(c.Value("status")), day, c.Value("assessment"))
}

func (p *pages) find(c *console.Context) error {
	i, ok := catalog.Index(c.Value("objective"))
	if !ok {
		return fault.Invalid(fault.F("objective", "There is no requirement or objective %q", c.Value("objective")))
	}
	due, err := dayOf(c, "due")
	if err != nil {
		return err
	}
	_, err = p.s.Find(c.Context(), c.Actor, cmmc.Finding{Assessment: c.Value("assessment"), Objective: i, Text: c.Value("text"), Due: due})
	return err
}

func (p *pages) answer(c *console.Context) error {
	return p.s.Answer(c.Context(), c.Actor, c.Path("id"), c.Value("finding"), c.Value("answer"))
}

func (p *pages) admit(c *console.Context) error {
	until, err := dayOf(c, "until")
	if err != nil {
		return err
	}
	person, err := p.s.WhoIs(c.Context(), c.Value("person"))
	if err != nil {
		return err
	}
	return p.s.Admit(c.Context(), c.Actor, c.Path("id"), person, until)
}

func (p *pages) dismiss(c *console.Context) error {
	return p.s.Dismiss(c.Context(), c.Actor, c.Path("id"), c.Value("person"))
}

// assessment hands out what was sealed: a file of `yagura cmmc score`.
func (p *pages) assessment(c *console.Context) error {
	a, err := p.s.Assessment(c.Context(), c.Actor, c.Path("assessment"))
	if err != nil {
		return err
	}
	c.Download(a.ID+".json", "application/json")
	_, err = c.W.Write(a.Content)
	return err
}
