package offline

import (
	"fmt"
	"strconv"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// report is `yagura cmmc score --json`.
type report struct {
	Enclave    string       `json:"enclave"`
	Level      int          `json:"level"`
	Date       string       `json:"date,omitempty"`
	Score      *int         `json:"score"`
	Low        *int         `json:"low"`
	High       *int         `json:"high"`
	Max        int          `json:"max,omitempty"`
	Status     score.Status `json:"status"`
	Best       score.Status `json:"best_status"`
	Complete   bool         `json:"complete"`
	Level2     *int         `json:"level2_score,omitempty"`
	Items      int          `json:"requirements"`
	ItemsMet   int          `json:"requirements_met"`
	Objectives counts       `json:"objectives"`
	Deductions []deduction  `json:"deductions"`
	Warnings   []warning    `json:"warnings,omitempty"`
}

type counts struct {
	Met     int `json:"met"`
	NotMet  int `json:"not_met"`
	NA      int `json:"na"`
	Unknown int `json:"unknown"`
}

type deduction struct {
	Requirement string      `json:"requirement"`
	CMMC        string      `json:"cmmc_id"`
	Topic       string      `json:"topic"`
	State       score.State `json:"state"`
	Points      int         `json:"points"`
	AtRisk      int         `json:"at_risk,omitempty"`
	Clause      string      `json:"clause"`
	Open        []string    `json:"objectives,omitempty"`
	Unknown     []string    `json:"unknown,omitempty"`
	Deferrable  bool        `json:"deferrable"`
	Why         string      `json:"why"`
	WhyClause   string      `json:"why_clause"`
	Notes       []string    `json:"notes,omitempty"`
}

type warning struct {
	Place string `json:"place"`
	What  string `json:"what"`
}

func (c *command) deduction(d *score.Deduction) deduction {
	out := deduction{Requirement: d.Requirement.ID, CMMC: d.Requirement.CMMC, Topic: d.Requirement.Topic.In(c.Lang), State: d.State,
		Points: d.Points, AtRisk: d.AtRisk, Clause: d.Clause, Deferrable: d.Deferrable, Why: d.Why.In(c.Lang), WhyClause: d.WhyClause}
	for _, i := range d.Open {
		out.Open = append(out.Open, catalog.Name(i))
	}
	for _, i := range d.Unknown {
		out.Unknown = append(out.Unknown, catalog.Name(i))
	}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, n.In(c.Lang))
	}
	return out
}

func (c *command) report(r *score.Report, warnings place.Problems) report {
	out := report{Enclave: r.Enclave, Level: r.Level, Date: date(r.Date), Score: r.Score, Low: r.Low, High: r.High, Max: r.Max,
		Status: r.Status, Best: r.Best, Complete: r.Complete, Level2: r.Level2, Items: r.Items, ItemsMet: r.ItemsMet,
		Objectives: counts{r.Met, r.NotMet, r.NA, r.Unknown}, Deductions: []deduction{}}
	for i := range r.Deductions {
		out.Deductions = append(out.Deductions, c.deduction(&r.Deductions[i]))
	}
	out.Warnings = c.warnings(warnings)
	return out
}

func (c *command) warnings(problems place.Problems) (list []warning) {
	for _, w := range problems {
		at := w.File
		if w.Line > 0 {
			at += ":" + strconv.Itoa(w.Line)
		}
		if w.Path != "" && w.Path != "$" {
			at += ": " + w.Path
		}
		list = append(list, warning{at, w.What.In(c.Lang)})
	}
	return list
}

func (c *command) level() *int { return c.set.Int("level", 0, "") }

// at is the assessment of FILE at the level of the flag.
func (c *command) at(name string, level int) (*score.Assessment, error) {
	if level < 0 || level > 3 {
		return nil, fault.Invalidf("the level is 1, 2 or 3")
	}
	a, err := c.assessment(name)
	if err == nil && level > 0 {
		a.Level = level
	}
	return a, err
}

func (c *command) score() int {
	level := c.level()
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	a, err := c.at(names[0], *level)
	if err != nil {
		return c.fail(err)
	}
	r := a.Score(0)
	if *c.json {
		if code := c.print(c.report(r, a.Warnings)); code != 0 {
			return code
		}
		return exit(r.Status)
	}
	c.head(r)
	for i := range r.Deductions {
		c.line(&r.Deductions[i], r.Level)
	}
	return exit(r.Status)
}

// head tells what an enclave stands at.
func (c *command) head(r *score.Report) {
	name := r.Enclave
	if name == "" {
		name = "–"
	}
	c.say(text.M("%s, Level %d: %s", name, r.Level, standing(r)))
	c.say(text.M("Objectives: %d met, %d not met, %d not applicable, %d unknown", r.Met, r.NotMet, r.NA, r.Unknown))
}

func standing(r *score.Report) text.Message {
	status := word(r.Status)
	switch {
	case r.Level == 1:
		return text.M("%d of %d items met, %s", r.ItemsMet, r.Items, status)
	case r.Low == nil:
		return text.M("no score, %s", status)
	case r.Score != nil:
		return text.M("score %d of %d, %s", *r.Score, r.Max, status)
	case r.Status == r.Best:
		return text.M("score %d to %d of %d, %s", *r.Low, *r.High, r.Max, status)
	}
	return text.M("score %d to %d of %d, %s; at best %s", *r.Low, *r.High, r.Max, status, word(r.Best))
}

func word(s score.Status) text.Message {
	switch s {
	case score.Final:
		return text.M("Final§status")
	case score.Conditional:
		return text.M("Conditional§status")
	case score.NoAssessment:
		return text.M("no assessment without a system security plan (%s)", catalog.Clause("ssp"))
	case score.NotEligible:
		return text.M("not eligible before Level 2 at its maximum (%s)", catalog.Clause("level3_eligible"))
	}
	return text.M("neither Final nor Conditional")
}

func (c *command) line(d *score.Deduction, level int) {
	points := ""
	switch {
	case level == 1 || d.Requirement.Gate:
	case d.AtRisk > 0 && d.Points > 0:
		points = fmt.Sprintf("-%d…%d", d.Points, d.Points+d.AtRisk)
	case d.AtRisk > 0:
		points = fmt.Sprintf("0…-%d", d.AtRisk)
	default:
		points = fmt.Sprintf("-%d", d.Points)
	}
	state := text.M("not met§result")
	switch d.State {
	case score.StatePartial:
		state = text.M("partly met§result")
	case score.StateUnknown:
		state = text.M("unknown§result")
	}
	fmt.Fprintf(c.Out, "\n%6s  %-8s %s – %s  %s\n", points, d.Requirement.ID, state.In(c.Lang), d.Requirement.Topic.In(c.Lang), letters(d.Open, d.Unknown))
	deferral := text.M("not deferrable: %s", d.Why)
	if d.Deferrable {
		deferral = text.M("deferrable: %s", d.Why)
	}
	fmt.Fprintf(c.Out, "        %s\n        %s (%s)\n", d.Clause, deferral.In(c.Lang), d.WhyClause)
	for _, n := range d.Notes {
		fmt.Fprintf(c.Out, "        %s\n", n.In(c.Lang))
	}
}

func letters(open, unknown []int) string {
	var b strings.Builder
	for _, i := range open {
		b.WriteString("[" + catalog.Letter(i) + "]")
	}
	for _, i := range unknown {
		b.WriteString("[" + catalog.Letter(i) + "]?")
	}
	return b.String()
}

// change is `yagura cmmc simulate --json`.
type change struct {
	Set    []string `json:"set"`
	Before report   `json:"before"`
	After  report   `json:"after"`
}

func (c *command) simulate() int {
	level := c.level()
	var sets many
	c.set.Var(&sets, "set", "")
	names, code, ok := c.parse(1)
	if !ok {
		return code
	}
	a, err := c.at(names[0], *level)
	if err != nil {
		return c.fail(err)
	}
	before := a.Score(0)
	for _, s := range sets {
		if err := a.Set(s); err != nil {
			return c.fail(err)
		}
	}
	after := a.Score(0)
	if *c.json {
		if code := c.print(change{sets, c.report(before, a.Warnings), c.report(after, nil)}); code != 0 {
			return code
		}
		return exit(after.Status)
	}
	c.say(text.M("before: %s", standing(before)))
	c.say(text.M("after:  %s", standing(after)))
	was := map[string]score.State{}
	for _, d := range before.Deductions {
		was[d.Requirement.ID] = d.State
	}
	for i := range after.Deductions {
		if d := &after.Deductions[i]; was[d.Requirement.ID] != d.State {
			c.line(d, after.Level)
		}
	}
	return exit(after.Status)
}
