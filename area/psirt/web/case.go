package web

import (
	"io"

	"yagura/area/psirt"
	"yagura/area/psirt/clock"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// cases adds the pages on which cases are handled.
func (p *pages) cases(a *console.Area) {
	one := text.M("Case")
	a.Nav[0].Count = func(c *console.Context) (int, error) {
		ws, err := p.s.Mine(c.Context(), c.Actor, 200)
		return len(ws), err
	}
	a.Pages = append(a.Pages,
		get("/psirt", psirt.Read, text.M("Products' security"), p.overview),
		get("/psirt/cases", psirt.Read, text.M("Cases"), p.list),
		get("/psirt/cases/new", psirt.Handle, text.M("Take in a report"), p.newCase),
		console.Page{Method: "POST", Path: "/psirt/cases/new", Act: psirt.Handle, Title: text.M("Take in a report"), MaxBody: psirt.LargestMail + 1<<20, Handle: p.makeCase},
		get("/psirt/cases/{id}", psirt.Read, one, p.room),
		get("/psirt/cases/{id}/matrix", psirt.Read, text.M("Matrix"), p.matrix),
		get("/psirt/cases/{id}/file/{file}", psirt.Read, text.M("File§case"), p.file),
		get("/psirt/cases/{id}/do/{deed}", psirt.Read, one, p.deedForm),
		console.Page{Method: "POST", Path: "/psirt/cases/{id}/do/{deed}", Act: psirt.Read, Title: one, MaxBody: psirt.LargestFile + 1<<20, Handle: p.deed},
		get("/psirt/cases/{id}/sheet/{form}", psirt.Handle, text.M("Form sheet"), p.sheet),
		get("/psirt/cases/{id}/draft/{lang}", psirt.Handle, text.M("Draft of the advisory"), p.draft),
		get("/psirt/clocks", psirt.Read, text.M("Clocks"), p.clocks),
		get("/psirt/ids", psirt.Handle, text.M("CVE IDs"), p.stock),
		post("/psirt/ids", psirt.Handle, text.M("CVE IDs"), p.reserve),
		get("/psirt/cvss", psirt.Read, text.M("CVSS calculator"), p.calculator),
		console.Page{Method: "GET", Path: "/psirt/report", Public: true, Bare: true, Title: text.M("Report a vulnerability"), Handle: p.publicForm},
		console.Page{Method: "POST", Path: "/psirt/report", Public: true, Bare: true, Title: text.M("Report a vulnerability"), MaxBody: psirt.LargestFile + 1<<20, Handle: p.publicReport},
		console.Page{Method: "GET", Path: "/psirt/report/{token}", Public: true, Bare: true, Title: text.M("Your report"), Handle: p.receipt},
		console.Page{Method: "POST", Path: "/psirt/report/{token}", Public: true, Bare: true, Title: text.M("Your report"), MaxBody: psirt.LargestFile + 1<<20, Handle: p.addToReceipt},
	)
	a.Commands = append(a.Commands,
		console.Command{Label: text.M("Cases"), Href: "/psirt/cases?state=open", Icon: "tag", Act: psirt.Read},
		console.Command{Label: text.M("Take in a report"), Href: "/psirt/cases/new", Icon: "plus", Act: psirt.Handle},
		console.Command{Label: text.M("CVE IDs"), Href: "/psirt/ids", Icon: "list", Act: psirt.Handle},
		console.Command{Label: text.M("CVSS calculator"), Href: "/psirt/cvss", Icon: "scale", Act: psirt.Read},
	)
	a.Work, a.Clocks = p.work, p.deadlines
	a.API = append(a.API, p.caseRoutes()...)
}

// tone is the colour of a state.
func tone(s psirt.State) console.Tone {
	switch s {
	case psirt.Received:
		return console.Bad
	case psirt.Acknowledged, psirt.Accepted:
		return console.Warn
	case psirt.Published, psirt.Closed:
		return console.Good
	case psirt.NoVulnerability, psirt.Duplicate, psirt.OtherCNA, psirt.Website:
		return console.Plain
	}
	return console.Info
}

func stateOptions() []console.Option {
	opts := []console.Option{{Value: "open", Label: text.M("All open")}}
	for _, s := range psirt.States {
		opts = append(opts, console.Option{Value: string(s), Label: s.Label()})
	}
	return opts
}

func number(c psirt.Case) console.Cell {
	n := console.Strong(psirt.Href(c.ID), c.Number)
	if c.Restricted {
		return console.Icon("lock", n)
	}
	return n
}

func state(c psirt.Case) console.Cell {
	cell := console.Chip(tone(c.State), c.State.Label())
	if c.Urgent {
		return console.Stack(cell, console.Chip(console.Bad, text.M("Urgent§case")))
	}
	return cell
}

var list = console.List[psirt.CaseRow]{
	Name: "cases", Caption: text.M("Cases"), Sort: "-opened",
	Columns: []console.Column[psirt.CaseRow]{
		{Key: "number", Head: text.M("Number"), Sort: true,
			Cell:  func(_ *console.Context, r psirt.CaseRow) console.Cell { return number(r.Case) },
			Value: func(r psirt.CaseRow) any { return r.Number }},
		{Key: "title", Head: text.M("Title"), Sort: true, Value: func(r psirt.CaseRow) any { return r.Title }},
		{Key: "ids", Head: text.M("CVE IDs"), Cell: func(_ *console.Context, r psirt.CaseRow) console.Cell { return console.Text(r.IDs) },
			Value: func(r psirt.CaseRow) any { return r.IDs }},
		{Key: "state", Head: text.M("State"), Sort: true,
			Cell:  func(_ *console.Context, r psirt.CaseRow) console.Cell { return state(r.Case) },
			Value: func(r psirt.CaseRow) any { return r.State.Label() }},
		{Key: "answers", Head: text.M("Answered"),
			Cell: func(_ *console.Context, r psirt.CaseRow) console.Cell {
				if r.Cells == 0 {
					return console.Text("")
				}
				return console.Meter(float64(r.Cells-r.Unanswered), float64(r.Cells), console.ToneOf(float64(r.Cells-r.Unanswered), float64(r.Cells), 1, 0.5))
			}},
		{Key: "due", Head: text.M("Next end of a clock"), Sort: true,
			Cell: func(_ *console.Context, r psirt.CaseRow) console.Cell {
				if r.Due.IsZero() {
					return console.Text("")
				}
				return console.Due(r.Due)
			},
			Value: func(r psirt.CaseRow) any { return r.Due }},
		{Key: "embargo", Head: text.M("Embargo until"), ExportOnly: true, Value: func(r psirt.CaseRow) any { return r.Embargo }},
		{Key: "opened", Head: text.M("Opened"), Sort: true, Value: func(r psirt.CaseRow) any { return r.Opened }},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}, {Name: "state", Label: text.M("State"), Options: stateOptions()}},
	At:      func(r psirt.CaseRow, sort string) keyset.Position { return r.At(sort) },
	Empty:   console.Empty{Title: text.M("No cases"), Body: text.M("You take part in none, and none is public.")},
}

func (p *pages) list(c *console.Context) error {
	return list.Serve(c, "cases", func(q console.Query) ([]psirt.CaseRow, int, error) {
		return p.s.Cases(c.Context(), c.Actor, psirt.CaseFilter{Query: q.Get("q"), State: q.Get("state"), Page: q.Page})
	}, nil)
}

// overviewPage is what the area shows first.
type overviewPage struct {
	Work   []console.WorkItem
	Clocks []console.Clock
	Cases  *console.Table
	Total  int
	Sim    bool // CVE IDs come from a simulator
}

func (p *pages) overview(c *console.Context) error {
	var d overviewPage
	var err error
	if d.Work, err = p.work(c, 20); err != nil {
		return err
	}
	if d.Clocks, err = p.deadlines(c, 12); err != nil {
		return err
	}
	rows, total, err := p.s.Cases(c.Context(), c.Actor, psirt.CaseFilter{State: "open", Page: keyset.Page{Sort: "opened", Desc: true, Limit: 8}})
	if err != nil {
		return err
	}
	d.Total, d.Sim = total, p.s.Rehearsal()
	d.Cases = console.NewTable(text.M("Open cases"), text.M("Number"), text.M("Title"), text.M("State"), text.M("Next end of a clock"))
	for _, r := range rows[:min(len(rows), 8)] {
		due := console.Text("")
		if !r.Due.IsZero() {
			due = console.Due(r.Due)
		}
		d.Cases.Row(number(r.Case), console.Text(r.Title), state(r.Case), due)
	}
	d.Cases.Empty = console.Empty{Title: text.M("No open cases"), Body: text.M("You take part in none.")}
	return c.Render("overview", d)
}

// work is what waits for the reader.
func (p *pages) work(c *console.Context, limit int) ([]console.WorkItem, error) {
	ws, err := p.s.Mine(c.Context(), c.Actor, limit)
	items := make([]console.WorkItem, 0, len(ws))
	for _, w := range ws {
		item := console.WorkItem{Number: w.Case.Number, Title: w.Case.Title, Href: psirt.Href(w.Case.ID), Due: w.Due, Since: w.Since}
		if w.Case.Unit != "" {
			item.Unit = c.UnitLabel(w.Case.Unit)
		}
		if w.Case.Urgent {
			item.Severity = console.Critical
		}
		switch w.Why {
		case "task":
			item.Kind, item.Why, item.Title = text.M("Task of a case"), text.M("Given to you"), c.Say(psirt.Task{Title: w.Title}.Label())
		case "answer":
			item.Kind, item.Why, item.Title, item.Href = text.M("Question about a product"), text.M("The PSIRT asks you"), w.Title, item.Href+"/matrix"
		case "triage":
			item.Kind, item.Why = text.M("Report to look at"), text.M("You take part in it")
		default:
			item.Kind, item.Why = text.M("Case"), text.M("You lead it")
		}
		items = append(items, item)
	}
	return items, err
}

// deadlines are the clocks that run.
func (p *pages) deadlines(c *console.Context, limit int) ([]console.Clock, error) {
	ks, err := p.s.Clocks(c.Context(), c.Actor, true, limit)
	list := make([]console.Clock, 0, len(ks))
	for _, k := range ks {
		list = append(list, console.Clock{Title: k.Case.Number + " " + k.Case.Title, Label: text.Literal(k.Rule.Title.In(c.Lang)),
			Href: psirt.Href(k.Case.ID) + "#clocks", Start: k.Start, Due: k.Due})
	}
	return list, err
}

// clockState is the word for how a clock stands.
func clockState(s clock.State) console.Cell {
	switch s {
	case clock.Overdue:
		return console.Chip(console.Bad, text.M("Overdue"))
	case clock.InTime:
		return console.Chip(console.Good, text.M("Met in time"))
	case clock.Late:
		return console.Chip(console.Bad, text.M("Met late"))
	case clock.Voided:
		return console.Chip(console.Plain, text.M("Void§clock"))
	}
	return console.Chip(console.Info, text.M("Running§clock"))
}

func binding(b clock.Binding) text.Message {
	switch b {
	case clock.Law:
		return text.M("Law")
	case clock.Must:
		return text.M("Rule: must")
	case clock.Should:
		return text.M("Rule: should")
	}
	return text.M("Our word")
}

type clocksPage struct {
	Table *console.Table
	Rules *console.Table
}

func (p *pages) clocks(c *console.Context) error {
	ks, err := p.s.Clocks(c.Context(), c.Actor, c.Query("all") == "", 500)
	if err != nil {
		return err
	}
	d := clocksPage{Table: console.NewTable(text.M("Clocks"), text.M("Case"), text.M("What is due"), text.M("Basis"), text.M("Start"), text.M("Due"), text.M("State"))}
	for _, k := range ks {
		d.Table.Row(number(k.Case), console.Stack(console.Text(k.Rule.Title.In(c.Lang)), console.Say(binding(k.Rule.Binding))), console.Text(k.Rule.Basis.In(c.Lang)),
			console.When(k.Start), console.Stack(console.When(k.Due), console.Due(k.Due)), clockState(k.State(c.Now)))
	}
	d.Table.Empty = console.Empty{Title: text.M("No clock runs"), Body: text.M("Clocks start by themselves, with what is noted in a case.")}
	d.Rules = console.NewTable(text.M("The rules"), text.M("What is due"), text.M("Basis"), text.M("Binding"), text.M("Within"))
	for _, r := range clock.Rules() {
		d.Rules.Row(console.Text(r.Title.In(c.Lang)), console.Text(r.Basis.In(c.Lang)), console.Say(binding(r.Binding)), console.Code(r.Within))
	}
	return c.Render("clocks", d)
}

// file hands a file out as it came, never to be shown by a browser.
func (p *pages) file(c *console.Context) error {
	f, content, err := p.s.Fetch(c.Context(), c.Actor, c.Path("id"), c.Path("file"))
	if err != nil {
		return err
	}
	defer content.Close()
	c.Download(f.Name, "application/octet-stream")
	_, err = io.Copy(c.W, content)
	return err
}
