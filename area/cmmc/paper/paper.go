// Package paper makes the papers that an assessor and an executive officer hold in
// hand: the system security plan, the plan of action, the responsibility matrix,
// the summary for SPRS, the affirmation file and the list of evidence.
//
// The promise: a paper says what the assessment says, as it counts; what nobody
// recorded it names as missing; the same input gives the same bytes.
package paper

import (
	"fmt"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/library"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/score"
	"yagura/kernel/text"
)

// Options are what is the same for all papers of one hand.
type Options struct {
	Text       *library.Library // the official text, where there is some
	Lang       text.Lang
	Now        time.Time // for an assessment without a date
	StatusDate time.Time // of the Conditional status; else the assessment's own
	Letter     bool      // US letter instead of A4
}

// Papers makes the papers of one assessment.
type Papers struct {
	Options
	a      *score.Assessment
	r      *score.Report
	d      *Description
	titles map[string]string // official text by requirement and by objective
	words  map[string]string
}

// From prepares the papers. The description may be nil.
func From(a *score.Assessment, d *Description, o Options) *Papers {
	if d == nil {
		d = &Description{}
	}
	if o.StatusDate.IsZero() {
		o.StatusDate = a.Status.Conditional
	}
	p := &Papers{Options: o, a: a, r: a.Score(0), d: d, titles: map[string]string{}, words: map[string]string{}}
	if o.Text != nil {
		for _, r := range o.Text.Requirements {
			p.titles[r.ID], p.words[r.ID] = r.Title, r.Text
		}
		for _, x := range o.Text.Objectives {
			p.words[x.ID] = x.Text
		}
	}
	return p
}

// T is a sentence in the language of the papers.
func (c *Papers) T(key string, args ...any) string {
	return text.Message{Key: key, Args: args}.In(c.Lang)
}

// name is what the enclave is called.
func (c *Papers) name() string { return first(c.a.Enclave, c.a.System.Name, "–") }

func first(list ...string) string {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

func (c *Papers) when() time.Time {
	if !c.a.Date.IsZero() {
		return c.a.Date
	}
	return c.Now.UTC().Truncate(24 * time.Hour)
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// label is what a requirement is called: in English its official title where it is
// known, else our words.
func (c *Papers) label(q *catalog.Requirement) string {
	if c.Lang != text.EN {
		return q.Topic.In(c.Lang)
	}
	return first(c.titles[q.ID], q.Topic.EN)
}

// ask is what an objective asks: the official text, else its name alone.
func (c *Papers) ask(i int) string { return c.words[catalog.Name(i)] }

// result is a result in words, with its tone.
func (c *Papers) result(r score.Result) (string, block.Tone) {
	switch r {
	case score.Met:
		return c.T("met§result"), block.Good
	case score.NotMet:
		return c.T("not met§result"), block.Bad
	case score.NA:
		return c.T("not applicable§paper"), block.Muted
	}
	return c.T("unknown§result"), block.Doubt
}

// standing is how a requirement stands, with its tone.
func (c *Papers) standing(q *catalog.Requirement) (string, block.Tone, *score.Deduction) {
	for i := range c.r.Deductions {
		d := &c.r.Deductions[i]
		if d.Requirement != q {
			continue
		}
		switch d.State {
		case score.StatePartial:
			return c.T("partly met§result"), block.Doubt, d
		case score.StateUnknown:
			return c.T("unknown§result"), block.Doubt, d
		}
		return c.T("not met§result"), block.Bad, d
	}
	for _, i := range q.Objective {
		if r, _ := c.a.Effective(i); r != score.NA {
			return c.T("met§result"), block.Good, nil
		}
	}
	return c.T("not applicable§paper"), block.Muted, nil
}

// status is a status in words.
func (c *Papers) status(s score.Status) string {
	switch s {
	case score.Final:
		return c.T("Final§status")
	case score.Conditional:
		return c.T("Conditional§status")
	case score.NoAssessment:
		return c.T("no assessment without a system security plan (%s)", catalog.Clause("ssp"))
	case score.NotEligible:
		return c.T("not eligible before Level 2 at its maximum (%s)", catalog.Clause("level3_eligible"))
	}
	return c.T("neither Final nor Conditional")
}

// points is the score in words: a number, or the range of it.
func (c *Papers) points() string {
	r := c.r
	switch {
	case r.Level == 1:
		return c.T("%d of %d items met§paper", r.ItemsMet, r.Items)
	case r.Low == nil || r.Status == score.NoAssessment && r.Best == score.NoAssessment:
		return c.T("no score§paper")
	case r.Score != nil:
		return c.T("%d of %d§score", *r.Score, r.Max)
	}
	return c.T("%d to %d of %d§paper", *r.Low, *r.High, r.Max)
}

// document is the shell of a paper.
func (c *Papers) document(title string) *block.Document {
	s := c.a.System
	d := &block.Document{Title: title, Subtitle: c.name(), Organization: s.Organization, Subject: fmt.Sprintf("CMMC Level %d", c.r.Level),
		Marking: c.d.Marking, Lang: c.Lang, Date: c.when(), Letter: c.Letter}
	if c.a.SSP != nil {
		d.ID = strings.TrimSpace(c.a.SSP.ID + " " + c.edition())
	}
	d.Cover = []block.Field{
		{Name: c.T("System"), Value: c.name()},
		{Name: c.T("Organization"), Value: s.Organization},
		{Name: c.T("CAGE code§paper"), Value: strings.Join(c.cages(), ", ")},
		{Name: c.T("System owner§paper"), Value: s.Owner},
		{Name: c.T("CMMC level§paper"), Value: fmt.Sprint(c.r.Level)},
		{Name: c.T("System security plan§paper"), Value: c.plan()},
		{Name: c.T("Assessed on§paper"), Value: date(c.a.Date)},
		{Name: c.T("Score§paper"), Value: c.points()},
		{Name: c.T("Status§paper"), Value: c.status(c.r.Status)},
	}
	return d
}

func (c *Papers) cages() []string {
	if len(c.d.SPRS.CAGEs) > 0 {
		return c.d.SPRS.CAGEs
	}
	if s := strings.TrimSpace(c.a.System.CAGE); s != "" {
		return []string{s}
	}
	return nil
}

func (c *Papers) edition() string {
	if c.a.SSP == nil || c.a.SSP.Version == "" {
		return ""
	}
	return c.T("version %s§paper", c.a.SSP.Version)
}

// plan names the system security plan.
func (c *Papers) plan() string {
	if c.a.SSP == nil {
		return c.T("There is none.§paper")
	}
	var list []string
	for _, s := range []string{c.a.SSP.ID, c.edition(), date(c.a.SSP.Date)} {
		if s != "" {
			list = append(list, s)
		}
	}
	return first(strings.Join(list, ", "), c.T("There is one, of which nothing more is said."))
}

// nothing says that a section is empty.
func (c *Papers) nothing() block.Para {
	return block.Para{Runs: []block.Run{{Text: c.T("Nothing is recorded here yet.§paper"), Tone: block.Doubt}}}
}

// names are objectives in one line.
func names(list []int) string {
	var s []string
	for _, i := range list {
		s = append(s, catalog.Name(i))
	}
	return strings.Join(s, ", ")
}
