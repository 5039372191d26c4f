package web

import (
	"cmp"
	"slices"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/text"
)

// planPage is the plan of action: what is open, what of it may lawfully be on a
// plan, and until when.
type planPage struct {
	Name           string
	Href           string
	Tabs           []console.Tab
	Notices        []notice
	Figures        []console.Figure
	Lawful, Barred *console.Table
	Level          int
}

// dearest orders deductions: what bars the status first, then what costs most.
func dearest(list []score.Deduction) []score.Deduction {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b score.Deduction) int {
		if a.Deferrable != b.Deferrable {
			if a.Deferrable {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.Points+b.AtRisk, a.Points+a.AtRisk)
	})
	return list
}

func (p *pages) poam(c *console.Context) error {
	d, err := p.s.Enclave(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	crumbs(c, d.System)
	c.Title(text.M("Plan of action"))
	v := planPage{Name: d.Label(c.Lang), Href: d.Href(), Tabs: systemTabs(d.System, "/plan"), Notices: notices(c, d), Level: d.Level}
	heads := []text.Message{text.M("Requirement"), text.M("State"), text.M("Points"), text.M("Open objectives"), text.M("Why§verdict")}
	v.Lawful = console.NewTable(text.M("May be on the plan of action"), heads...)
	v.Barred = console.NewTable(text.M("Must be closed before any status"), heads...)
	certain, risk := 0, 0
	for _, x := range deductions(d.Report) {
		t := v.Barred
		if x.Deferrable {
			t = v.Lawful
		}
		certain += x.Points
		risk += x.AtRisk
		open := append(slices.Clone(x.Open), x.Unknown...)
		why := []console.Cell{console.Say(text.M("%s (%s)", x.Why, x.WhyClause)), console.Say(text.M("costs by %s", x.Clause))}
		for _, n := range x.Notes {
			why = append(why, console.Say(n))
		}
		t.Row(console.Stack(console.Strong(requirementHref(d.System, x.Requirement), x.Requirement.ID), console.Text(x.Requirement.Topic.In(c.Lang))),
			console.Chip(deductionTone(x), deductionLabel(x)), console.Text(cost(x)), console.Text(names(open)), console.Stack(why...))
	}
	least := catalog.Of(d.Level).ConditionalMin
	v.Figures = []console.Figure{
		{Label: text.M("Worth today"), Value: c.Say(shortStatus(d.Live.Status)), Tone: statusTone(d.Live.Status), Note: text.M("by the low end of the score")},
		{Label: text.M("Must be closed first"), Value: minus(len(v.Barred.Rows)), Tone: toneOf(len(v.Barred.Rows) > 0, console.Bad, console.Good), Note: text.M("may on no account wait")},
		{Label: text.M("May wait 180 days"), Value: minus(len(v.Lawful.Rows)), Note: text.M("if the score is %d or more", least)},
	}
	if d.Level >= 2 {
		left := d.Live.Low - least
		f := console.Figure{Label: text.M("Points over the least"), Value: minus(left), Tone: toneOf(left < 0, console.Bad, console.Good), Note: text.M("%d points lost for certain, %d more if unknown is open", certain, risk)}
		v.Figures = append(v.Figures, f)
	}
	return c.Render("plan", v)
}

func toneOf(is bool, yes, no console.Tone) console.Tone {
	if is {
		return yes
	}
	return no
}

// shortStatus is a status in a word, for a figure.
func shortStatus(s score.Status) text.Message {
	switch s {
	case score.Final:
		return text.M("Final§short")
	case score.Conditional:
		return text.M("Conditional§short")
	}
	return text.M("None§status")
}
