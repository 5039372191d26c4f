package web

import (
	"yagura/area/cmmc"
	"yagura/console"
	"yagura/kernel/text"
)

const mostWork = 200

// workPage is what waits for the reader in this area.
type workPage struct {
	Tabs []console.Tab
	Mine []console.WorkItem // tasks
	Look []console.WorkItem // of a second person
	Days []console.WorkItem
}

func waitingKind(kind string) text.Message {
	switch kind {
	case "task":
		return text.M("Objective assigned to you")
	case "proposal":
		return text.M("Results to confirm")
	case "draft":
		return text.M("Draft to look at")
	case "close_out":
		return text.M("Plan of action to be closed")
	case "affirmation":
		return text.M("Affirmation to sign")
	case "finding":
		return text.M("Finding to answer")
	}
	return text.M("Status ends")
}

func (p *pages) waiting(c *console.Context, limit int) ([]cmmc.Waiting, error) {
	return p.s.Mine(c.Context(), c.Actor, limit)
}

func workItem(c *console.Context, w cmmc.Waiting) console.WorkItem {
	x := console.WorkItem{Kind: waitingKind(w.Kind), Title: w.System.Label(c.Lang), Href: w.Href, Unit: c.UnitLabel(w.System.Unit), Why: w.What, Since: w.Since}
	switch w.Kind {
	case "affirmation":
		x.Href += "/affirm"
	case "close_out":
		x.Href += "/plan"
	}
	if !w.Due.IsZero() {
		x.Due = endOf(w.Due)
		if c.Now.After(x.Due) {
			x.Severity = console.High
		}
	}
	return x
}

// work is what the shell shows under "My work".
func (p *pages) work(c *console.Context, limit int) ([]console.WorkItem, error) {
	list, err := p.waiting(c, limit)
	if err != nil {
		return nil, err
	}
	var out []console.WorkItem
	for _, w := range list {
		out = append(out, workItem(c, w))
	}
	more, err := p.measuresToApprove(c, limit)
	out = append(out, more...)
	return out[:min(limit, len(out))], err
}

func (p *pages) workPage(c *console.Context) error {
	crumbs(c)
	list, err := p.waiting(c, mostWork)
	if err != nil {
		return err
	}
	v := workPage{Tabs: tabs("/cmmc/work")}
	for _, w := range list {
		x := workItem(c, w)
		switch w.Kind {
		case "task", "finding":
			v.Mine = append(v.Mine, x)
		case "proposal", "draft":
			v.Look = append(v.Look, x)
		default:
			v.Days = append(v.Days, x)
		}
	}
	more, err := p.measuresToApprove(c, mostWork)
	if err != nil {
		return err
	}
	v.Look = append(v.Look, more...)
	return c.Render("work", v)
}
