package web

import (
	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// row is an incident with names.
type row struct {
	incident.Incident
	unit, lead string
}

var list = console.List[row]{
	Name:    "incidents",
	Caption: text.M("Incidents"),
	Sort:    "-occurred",
	Columns: []console.Column[row]{
		{Key: "number", Head: text.M("Number"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.Strong(incident.Href(r.ID), r.ID) },
			Value: func(r row) any { return r.ID }},
		{Key: "title", Head: text.M("Title"), Sort: true,
			Cell: func(_ *console.Context, r row) console.Cell {
				if r.TLP == incident.Red {
					return console.Icon("lock", console.Text(r.Title))
				}
				return console.Text(r.Title)
			},
			Value: func(r row) any { return r.Title }},
		{Key: "unit", Head: text.M("Unit"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.Text(r.unit) },
			Value: func(r row) any { return r.unit }},
		{Key: "severity", Head: text.M("Severity"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.Mark(console.Severity(r.Severity)) },
			Value: func(r row) any { return r.Severity.Label() }},
		{Key: "state", Head: text.M("State"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.Say(r.State.Label()) },
			Value: func(r row) any { return r.State.Label() }},
		{Key: "lead", Head: text.M("Lead"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.Text(r.lead) },
			Value: func(r row) any { return r.lead }},
		{Key: "occurred", Head: text.M("Occurred"), Sort: true,
			Cell:  func(_ *console.Context, r row) console.Cell { return console.When(r.Occurred) },
			Value: func(r row) any { return r.Occurred }},
		{Key: "reported", Head: text.M("Reported"), ExportOnly: true, Value: func(r row) any { return r.Reported }},
		{Key: "contained", Head: text.M("Contained"), ExportOnly: true, Value: func(r row) any { return r.Contained }},
		{Key: "closed", Head: text.M("Closed§incident"), ExportOnly: true, Value: func(r row) any { return r.Closed }},
		{Key: "class", Head: text.M("Kind§incident"), ExportOnly: true, Value: func(r row) any { return classOf(r.Class, r.Type) }},
		{Key: "tlp", Head: text.M("TLP"), ExportOnly: true, Value: func(r row) any { return string(r.TLP) }},
		{Key: "unit_id", Head: text.M("Unit ID"), ExportOnly: true, Value: func(r row) any { return r.Unit }},
		{Key: "team", Head: text.M("Team"), ExportOnly: true, Value: func(r row) any { return r.Team }},
	},
	Filters: []console.Filter{
		{Name: "q", Label: text.M("Search")},
		{Name: "state", Label: text.M("State"), Options: stateOptions()},
		{Name: "severity", Label: text.M("Severity"), Options: severityOptions()},
	},
	At: func(r row, sort string) keyset.Position { return incident.At(r.Incident, sort) },
	Empty: console.Empty{Title: text.M("No incidents"), Body: text.M("Nothing was reported in the units that you may see."),
		Action: text.M("Report an incident"), Href: "/incidents/report"},
}

func (p *pages) list(c *console.Context) error {
	return list.Serve(c, "list", func(q console.Query) ([]row, int, error) {
		incs, total, err := p.s.List(c.Context(), c.Actor, c.Actor.Scope(incident.Read), incident.Filter{
			Query: q.Get("q"), State: q.Get("state"), Severity: q.Get("severity"), Unit: c.Unit, Page: q.Page})
		if err != nil {
			return nil, 0, err
		}
		rows, err := p.named(c, incs)
		return rows, total, err
	}, nil)
}

func (p *pages) named(c *console.Context, incs []incident.Incident) ([]row, error) {
	var ids []string
	for _, i := range incs {
		if i.Lead != "" {
			ids = append(ids, i.Lead)
		}
	}
	people := map[string]authz.Person{}
	if len(ids) > 0 {
		var err error
		if people, err = p.s.People(c.Context(), ids...); err != nil {
			return nil, err
		}
	}
	rows := make([]row, 0, len(incs))
	for _, i := range incs {
		r := row{Incident: i, unit: c.UnitLabel(i.Unit)}
		if who, ok := people[i.Lead]; ok {
			r.lead = who.Label(c.Lang)
		}
		rows = append(rows, r)
	}
	return rows, nil
}
