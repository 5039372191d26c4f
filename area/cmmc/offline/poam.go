package offline

import (
	"fmt"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// planOfAction is `yagura cmmc poam --json`.
type planOfAction struct {
	Enclave    string       `json:"enclave"`
	Level      int          `json:"level"`
	Status     score.Status `json:"status"`
	Lawful     bool         `json:"lawful"`
	Score      *int         `json:"score"`
	Low        *int         `json:"low"`
	Needed     int          `json:"needed,omitempty"`
	RatioBy    string       `json:"ratio_clause,omitempty"`
	StatusDate string       `json:"status_date,omitempty"`
	CloseOut   string       `json:"close_out,omitempty"`
	CloseOutBy string       `json:"close_out_clause,omitempty"`
	Lawfully   []deduction  `json:"allowed"`
	Barred     []deduction  `json:"barred"`
}

// poam tells which open items may stand on a plan of action and until when they
// must be closed. What is unknown is taken for open.
func (c *command) poam() int {
	paper := c.printed("text")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	if *paper.format != "text" {
		papers, err := paper.papers(names[0], "text", "xlsx")
		if err != nil {
			return c.fail(err)
		}
		return paper.done(papers.POAM())
	}
	a, err := c.at(names[0], *paper.level)
	if err != nil {
		return c.fail(err)
	}
	from := paper.status
	r := a.Score(0)
	if from.IsZero() {
		from.Time = a.Status.Conditional
	}
	p := planOfAction{Enclave: r.Enclave, Level: r.Level, Status: r.Status, Lawful: r.Status.AtLeast(score.Conditional), Score: r.Score, Low: r.Low,
		StatusDate: date(from.Time), Lawfully: []deduction{}, Barred: []deduction{}}
	if r.Level > 1 {
		p.Needed, p.RatioBy = catalog.Of(r.Level).ConditionalMin, catalog.Clause("poam_ratio")
		if r.Level == 3 {
			p.RatioBy = catalog.Clause("poam_level3_ratio")
		}
		if !from.IsZero() {
			p.CloseOut, p.CloseOutBy = date(score.CloseOut(from.Time, r.Level)), catalog.Clause("closeout")
		}
	}
	for i := range r.Deductions {
		d := &r.Deductions[i]
		if d.Deferrable {
			p.Lawfully = append(p.Lawfully, c.deduction(d))
		} else {
			p.Barred = append(p.Barred, c.deduction(d))
		}
	}
	if *c.json {
		if code := c.print(p); code != 0 {
			return code
		}
		return exit(r.Status)
	}
	c.head(r)
	if p.Needed > 0 {
		c.say(text.M("A plan of action needs %d of %d points (%s).", p.Needed, r.Max, p.RatioBy))
	}
	if p.CloseOut != "" {
		c.say(text.M("Status of %s: all items closed by %s (%s).", p.StatusDate, p.CloseOut, p.CloseOutBy))
	}
	c.say(text.M("%d open items may stand on it, %d may not.", len(p.Lawfully), len(p.Barred)))
	for i := range r.Deductions {
		c.line(&r.Deductions[i], r.Level)
	}
	return exit(r.Status)
}

// event is a line of `yagura cmmc calendar --json`.
type event struct {
	Day    string `json:"day"`
	Kind   string `json:"kind"`
	What   string `json:"what"`
	Clause string `json:"clause"`
}

type dated struct {
	Level  int        `json:"level"`
	State  score.Life `json:"state"`
	Today  string     `json:"today"`
	Events []event    `json:"events"`
}

func (c *command) calendar() int {
	level := c.level()
	var conditional, final day
	c.set.Var(&conditional, "conditional", "")
	c.set.Var(&final, "final", "")
	ics := c.set.Bool("ics", false, "")
	names, code, ok := c.parse(0, 1)
	if !ok {
		return code
	}
	a := &score.Assessment{Level: 2}
	if len(names) == 1 {
		var err error
		if a, err = c.at(names[0], *level); err != nil {
			return c.fail(err)
		}
	} else if *level > 0 {
		a.Level = *level
	}
	if a.Level < 1 || a.Level > 3 {
		return c.fail(fault.Invalidf("the level is 1, 2 or 3"))
	}
	if !conditional.IsZero() {
		a.Status.Conditional = conditional.Time
	}
	if !final.IsZero() {
		a.Status.Final = final.Time
	}
	if what := a.Status.Check(a.Level); !what.IsZero() {
		return c.fail(fault.Invalidf("%s", what))
	}
	events := score.Calendar(a.Level, a.Status)
	if len(events) == 0 {
		return c.fail(fault.Invalidf("there is no status: give --conditional or --final, or \"status\" in the file"))
	}
	if *ics {
		fmt.Fprint(c.Out, calendar(a.Enclave, c.Lang, c.Today, events))
		return 0
	}
	out := dated{a.Level, a.Status.On(a.Level, c.Today), date(c.Today), nil}
	for _, e := range events {
		out.Events = append(out.Events, event{date(e.Day), e.Kind, e.What.In(c.Lang), e.Clause})
	}
	if *c.json {
		return c.print(out)
	}
	for _, e := range out.Events {
		fmt.Fprintf(c.Out, "%s  %s (%s)\n", e.Day, e.What, e.Clause)
	}
	c.say(text.M("Today, on %s: %s", out.Today, life(out.State)))
	return 0
}

func life(l score.Life) text.Message {
	switch l {
	case score.LifeConditional:
		return text.M("Conditional§status")
	case score.LifeFinal:
		return text.M("Final§status")
	case score.LifeClosedOut:
		return text.M("the Conditional status has ended, its plan of action was not closed in time")
	case score.LifeExpired:
		return text.M("the status has expired")
	case score.LifeUnaffirmed:
		return text.M("an affirmation is overdue")
	}
	return text.M("no status yet")
}

// stamp is when a calendar says that it was made.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }
