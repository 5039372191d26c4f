package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func measureHref(id string) string { return "/cmmc/measures/" + url.PathEscape(id) }

func measureTone(s cmmc.MeasureState) console.Tone {
	switch s {
	case cmmc.MeasureProposed:
		return console.Warn
	case cmmc.MeasureApproved, cmmc.MeasureRunning:
		return console.Info
	case cmmc.MeasureDone:
		return console.Good
	}
	return console.Plain
}

func measureStates() []console.Option {
	list := []console.Option{{Value: "live", Label: text.M("Neither done nor dropped")}}
	for _, s := range cmmc.MeasureStates {
		list = append(list, console.Option{Value: string(s), Label: s.Label()})
	}
	return list
}

var measures = console.List[cmmc.Measure]{
	Name: "cmmc-measures", Caption: text.M("Measures"), Sort: "-number",
	Columns: []console.Column[cmmc.Measure]{
		{Key: "name", Head: text.M("Name"), Sort: true, Value: func(m cmmc.Measure) any { return m.Name },
			Cell: func(c *console.Context, m cmmc.Measure) console.Cell {
				return console.Stack(console.Strong(measureHref(m.ID), m.Name), console.Text(c.UnitLabel(m.Unit)))
			}},
		{Key: "number", Head: text.M("Number"), Sort: true, Value: func(m cmmc.Measure) any { return m.ID },
			Cell: func(_ *console.Context, m cmmc.Measure) console.Cell { return console.Strong(measureHref(m.ID), m.ID) }},
		{Key: "unit", Head: text.M("Unit"), ExportOnly: true, Value: func(m cmmc.Measure) any { return m.Unit }},
		{Key: "state", Head: text.M("State"), Sort: true, Value: func(m cmmc.Measure) any { return m.State.Label() },
			Cell: func(_ *console.Context, m cmmc.Measure) console.Cell {
				return console.Chip(measureTone(m.State), m.State.Label())
			}},
		{Key: "yen", Head: text.M("Cost"), Sort: true, Num: true, Value: func(m cmmc.Measure) any { return m.Yen },
			Cell: func(c *console.Context, m cmmc.Measure) console.Cell { return yenCell(c, m.Yen) }},
		{Key: "committed", Head: text.M("Committed"), Sort: true, Num: true, Value: func(m cmmc.Measure) any { return m.Committed },
			Cell: func(c *console.Context, m cmmc.Measure) console.Cell { return yenCell(c, m.Committed) }},
		{Key: "spent", Head: text.M("Spent"), Sort: true, Num: true, Value: func(m cmmc.Measure) any { return m.Spent },
			Cell: func(c *console.Context, m cmmc.Measure) console.Cell { return yenCell(c, m.Spent) }},
		{Key: "year", Head: text.M("Fiscal year"), Sort: true, Num: true, Value: func(m cmmc.Measure) any { return m.Year },
			Cell: func(_ *console.Context, m cmmc.Measure) console.Cell { return console.Say(fiscal(m.Year)) }},
		{Key: "months", Head: text.M("Months"), Sort: true, Num: true, Value: func(m cmmc.Measure) any { return m.Months }},
		{Key: "objectives", Head: text.M("Objectives"), Sort: true, Num: true, Value: func(m cmmc.Measure) any { return m.Closes.Count() }},
		{Key: "closes", Head: text.M("Closes"), ExportOnly: true, Value: func(m cmmc.Measure) any { return strings.Join(m.Objectives(), " ") }},
		{Key: "enclaves", Head: text.M("Enclaves"), ExportOnly: true, Value: func(m cmmc.Measure) any { return strings.Join(m.Enclaves, " ") }},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "state", Label: text.M("State"), Options: measureStates()}},
	At:      cmmc.MeasureAt,
	Empty:   console.Empty{Title: text.M("No measures"), Body: text.M("A measure is something that costs money and closes objectives."), Action: text.M("Propose a measure"), Href: "/cmmc/measures/new"},
}

func (p *pages) measures(c *console.Context) error {
	crumbs(c)
	list := measures
	if !c.Actor.CanAnywhere(cmmc.Plan) {
		list.Empty.Href = ""
	}
	return list.Serve(c, "measures", func(q console.Query) ([]cmmc.Measure, int, error) {
		year, _ := strconv.Atoi(c.Query("year"))
		return p.s.Measures(c.Context(), c.Actor, c.Scope(cmmc.Survey), cmmc.MeasureFilter{State: q.Get("state"), Text: q.Get("q"), Year: year, Page: q.Page})
	}, struct {
		Tabs []console.Tab
		May  bool
	}{tabs("/cmmc/measures"), c.Actor.CanAnywhere(cmmc.Plan)})
}

// measurePage is one measure.
type measurePage struct {
	cmmc.MeasureDetail
	Facts    []console.Fact
	Points   *console.Table
	Where    *console.Table
	Payments *console.Table
	Forms    []stepForm
	Today    string
}

type stepForm struct {
	Step    cmmc.MeasureStep
	Label   text.Message
	Advice  text.Message
	Danger  bool
	NeedWhy bool
}

func stepForms(steps []cmmc.MeasureStep) (list []stepForm) {
	for _, s := range steps {
		switch s {
		case cmmc.MeasureApprove:
			list = append(list, stepForm{s, text.M("Approve§measure"), text.M("The money may be committed. Who proposed it cannot approve it."), false, false})
		case cmmc.MeasureReturn:
			list = append(list, stepForm{s, text.M("Send back"), text.M("It is a proposal again and can be changed."), false, true})
		case cmmc.MeasureStart:
			list = append(list, stepForm{s, text.M("Start§measure"), text.M("Work has begun."), false, false})
		case cmmc.MeasureFinish:
			list = append(list, stepForm{s, text.M("Mark as done"), text.M("What it closes is still to be assessed: a result needs its evidence."), false, false})
		case cmmc.MeasureDrop:
			list = append(list, stepForm{s, text.M("Drop§measure"), text.M("It will not be done."), true, true})
		}
	}
	return list
}

func (p *pages) loadMeasure(c *console.Context) (measurePage, error) {
	d, err := p.s.FindMeasure(c.Context(), c.Actor, c.Path("number"))
	if err != nil {
		return measurePage{}, err
	}
	crumbs(c)
	c.Crumb(text.M("Measures"), "/cmmc/measures")
	c.Title(text.Literal(d.ID + " " + d.Name))
	v := measurePage{MeasureDetail: d, Forms: stepForms(d.Steps), Today: c.Now.In(c.Zone).Format(time.DateOnly)}
	v.Facts = []console.Fact{{Label: text.M("State"), Value: console.Chip(measureTone(d.State), d.State.Label())}, {Label: text.M("Unit"), Value: console.Text(c.UnitLabel(d.Unit))},
		{Label: text.M("Cost"), Value: console.Text(exactYen(c, d.Yen))}, {Label: text.M("Months"), Value: console.Text(minus(d.Months))}, {Label: text.M("Fiscal year"), Value: console.Say(fiscal(d.Year))},
		{Label: text.M("Committed"), Value: money(c, d.Committed, d.Yen)}, {Label: text.M("Spent"), Value: money(c, d.Spent, d.Committed)},
		{Label: text.M("Proposed by"), Value: console.Stack(console.Text(who(c, d.People, d.ProposedBy)), console.When(d.Proposed))}}
	if !d.Approved.IsZero() {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Approved by"), Value: console.Stack(console.Text(who(c, d.People, d.ApprovedBy)), console.When(d.Approved))})
	}
	if d.Owner != "" {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Answers for it"), Value: console.Text(who(c, d.People, d.Owner))})
	}
	if d.Why != "" {
		v.Facts = append(v.Facts, console.Fact{Label: text.M("Why§verdict"), Value: console.Text(d.Why)})
	}
	v.Points = closes(c, d.Measure)
	if v.Where, err = p.where(c, d.Measure); err != nil {
		return v, err
	}
	t := console.NewTable(text.M("Committed and spent"), text.M("Day"), text.M("Kind§money"), text.M("Amount"), text.M("Note"), text.M("By§person"))
	for _, e := range d.Payments {
		kind := text.M("Committed")
		if e.Kind == "spent" {
			kind = text.M("Spent")
		}
		t.Row(console.Day(e.Day), console.Say(kind), console.Text(exactYen(c, e.Yen)), console.Text(e.Note), console.Text(who(c, d.People, e.By)))
	}
	v.Payments = t
	return v, nil
}

// exactYen is an amount to the yen, with how people say it where that is shorter.
func exactYen(c *console.Context, n int64) string {
	sign, abs := "", n
	if n < 0 {
		sign, abs = "−", -n
	}
	exact := sign + "¥" + grouped(abs)
	if c.Lang == text.JA {
		exact = sign + grouped(abs) + "円"
	}
	if said := yen(c.Lang, n); said != exact && abs >= 10_000 {
		return said + " (" + exact + ")"
	}
	return exact
}

// money is an amount, marked where it is more than it should be.
func money(c *console.Context, n, limit int64) console.Cell {
	if n > limit {
		return console.Stack(console.Text(exactYen(c, n)), console.Chip(console.Bad, text.M("%s more than planned", yen(c.Lang, n-limit))))
	}
	return console.Text(exactYen(c, n))
}

// closes are the requirements that a measure works on.
func closes(c *console.Context, m cmmc.Measure) *console.Table {
	t := console.NewTable(text.M("What it closes"), text.M("Requirement"), text.M("Objectives"), text.M("Weight§requirement"))
	for _, level := range []int{2, 3} {
		for _, q := range catalog.Requirements(level) {
			var list []int
			for _, i := range q.Objective {
				if m.Closes.Has(i) {
					list = append(list, i)
				}
			}
			mark, partial := q.Mark()
			partial = partial && m.Partly.Has(mark)
			if len(list) == 0 && !partial {
				continue
			}
			said := console.Text(names(list))
			switch {
			case len(list) == len(q.Objective):
				said = console.Say(text.M("all %d", len(list)))
			case partial:
				said = console.Stack(said, console.Say(text.M("brought into force in part")))
			}
			t.Row(console.Stack(console.Text(q.ID), console.Text(q.Topic.In(c.Lang))), said, weight(q))
		}
	}
	return t
}

// where are the enclaves in which a measure works, as far as the reader sees them.
func (p *pages) where(c *console.Context, m cmmc.Measure) (*console.Table, error) {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: m.Unit})
	if err != nil {
		return nil, err
	}
	t := console.NewTable(text.M("Where it works"), text.M("Enclave"), text.M("Score§cmmc"), text.M("Worth today"))
	for _, r := range rows {
		if len(m.Enclaves) == 0 || slices.Contains(m.Enclaves, r.ID) {
			t.Row(console.Link(r.Href(), r.Label(c.Lang)), console.Text(scored(r.Live)), statusCell(r.Live.Status))
		}
	}
	return t, nil
}

func (p *pages) measure(c *console.Context) error {
	v, err := p.loadMeasure(c)
	if err != nil {
		return err
	}
	return c.Render("measure", v)
}

func (p *pages) moveMeasure(step cmmc.MeasureStep) func(*console.Context) error {
	return func(c *console.Context) error {
		version, _ := strconv.ParseInt(c.Value("version"), 10, 64)
		err := p.s.MoveMeasure(c.Context(), c.Actor, c.Path("number"), version, step, c.Value("why"))
		if fault.Is(err, fault.KindInvalid) {
			v, failed := p.loadMeasure(c)
			if failed != nil {
				return failed
			}
			return c.Invalid("measure", v, err)
		}
		if err != nil {
			return err
		}
		c.Flash(text.M("Done."))
		return c.Redirect(measureHref(c.Path("number")))
	}
}

func (p *pages) pay(c *console.Context) error {
	err := func() error {
		amount, err := c.Int("amount")
		if err != nil {
			return err
		}
		day, err := dayOf(c, "day")
		if err != nil {
			return err
		}
		return p.s.EnterMoney(c.Context(), c.Actor, c.Path("number"), cmmc.Payment{Kind: c.Value("kind"), Yen: amount, Day: day, Note: c.Value("note")})
	}()
	if fault.Is(err, fault.KindInvalid) {
		v, failed := p.loadMeasure(c)
		if failed != nil {
			return failed
		}
		return c.Invalid("measure", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("The amount is written down."))
	return c.Redirect(measureHref(c.Path("number")))
}

// dayOf is a day of the form as days are kept: midnight UTC.
func dayOf(c *console.Context, name string) (time.Time, error) {
	if c.Value(name) == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, c.Value(name))
	if err != nil {
		return t, fault.Invalid(fault.F(name, "A date such as 2026-11-23 is needed here"))
	}
	return t, nil
}

// measureForm is the form of a measure.
type measureForm struct {
	Number     string
	Version    int64
	Draft      cmmc.MeasureDraft
	Units      []console.Option
	Enclaves   []console.Option
	Partial    []console.Option
	People     []console.Option
	Yen, Year  string
	Months     string
	Objectives string
}

func (p *pages) measureForm(c *console.Context, number string) (measureForm, error) {
	f := measureForm{Number: number, Units: c.UnitOptions(cmmc.Plan), Year: strconv.Itoa(cmmc.FiscalYear(c.Now.In(c.Zone))), Months: "3"}
	crumbs(c)
	c.Crumb(text.M("Measures"), "/cmmc/measures")
	f.Draft.Unit, f.Objectives = c.Unit, strings.ReplaceAll(c.Query("objectives"), ",", "\n")
	if e := c.Query("enclave"); e != "" {
		f.Draft.Enclaves = []string{e}
	}
	if number != "" {
		d, err := p.s.FindMeasure(c.Context(), c.Actor, number)
		if err != nil {
			return f, err
		}
		c.Crumb(text.Literal(d.ID), measureHref(d.ID))
		f.Version, f.Objectives = d.Version, strings.Join(d.Objectives(), "\n")
		f.Draft = cmmc.MeasureDraft{Unit: d.Unit, Name: d.Name, Note: d.Note, Enclaves: d.Enclaves, Partial: d.Partial(), Owner: d.Owner}
		f.Yen, f.Year, f.Months = strconv.FormatInt(d.Yen, 10), strconv.Itoa(d.Year), strconv.Itoa(d.Months)
	}
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{})
	if err != nil {
		return f, err
	}
	for _, r := range rows {
		f.Enclaves = append(f.Enclaves, console.Option{Value: r.ID, Label: text.Literal(r.Label(c.Lang) + " · " + c.UnitLabel(r.Unit))})
	}
	for _, q := range catalog.Requirements(2) {
		if _, ok := q.Mark(); ok {
			f.Partial = append(f.Partial, console.Option{Value: q.ID, Label: text.M("%s in part (%d points instead of %d)", q.ID, q.Partial, q.Weight)})
		}
	}
	return f, nil
}

func (p *pages) newMeasure(c *console.Context) error {
	f, err := p.measureForm(c, "")
	if err != nil {
		return err
	}
	return c.Render("measureform", f)
}

func (p *pages) editMeasureForm(c *console.Context) error {
	f, err := p.measureForm(c, c.Path("number"))
	if err != nil {
		return err
	}
	return c.Render("measureform", f)
}

func (p *pages) measureDraft(c *console.Context) (d cmmc.MeasureDraft, err error) {
	d = cmmc.MeasureDraft{Unit: c.Value("unit"), Name: c.Value("name"), Note: c.Value("note"), Objectives: c.Value("objectives"), Partial: c.Values("partial"), Enclaves: c.Values("enclaves")}
	if d.Yen, err = c.Int("yen"); err != nil {
		return d, err
	}
	months, err := c.Int("months")
	if err != nil {
		return d, err
	}
	year, err := c.Int("year")
	if err != nil {
		return d, err
	}
	d.Months, d.Year = int(months), int(year)
	if mail := c.Value("owner"); mail != "" {
		if d.Owner, err = p.s.WhoIs(c.Context(), mail); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (p *pages) saveMeasure(c *console.Context) error {
	number := c.Path("number")
	to := measureHref(number)
	err := func() error {
		d, err := p.measureDraft(c)
		if err != nil {
			return err
		}
		if number != "" {
			version, _ := strconv.ParseInt(c.Value("version"), 10, 64)
			return p.s.EditMeasure(c.Context(), c.Actor, number, version, d)
		}
		m, err := p.s.ProposeMeasure(c.Context(), c.Actor, d)
		to = measureHref(m.ID)
		return err
	}()
	if fault.Is(err, fault.KindInvalid) {
		f, failed := p.measureForm(c, number)
		if failed != nil {
			return failed
		}
		return c.Invalid("measureform", f, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("Saved."))
	return c.Redirect(to)
}

// Kinds are what money can be.
func (measurePage) Kinds() []console.Option {
	return []console.Option{{Value: "committed", Label: text.M("Committed")}, {Value: "spent", Label: text.M("Spent")}}
}
