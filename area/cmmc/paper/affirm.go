package paper

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
)

// Affirmation is what the affirming official has in hand before signing: all that
// changed since the assessment that was signed last, and what should stop a hand.
func (c *Papers) Affirmation(last *score.Assessment) (*block.Document, error) {
	switch {
	case last.Enclave != c.a.Enclave:
		return nil, fault.Invalidf("the two assessments are of different enclaves: %q and %q", last.Enclave, c.a.Enclave)
	case !last.Date.IsZero() && !c.a.Date.IsZero() && last.Date.After(c.a.Date):
		return nil, fault.Invalidf("the earlier assessment is of %s, after the later one of %s", date(last.Date), date(c.a.Date))
	}
	before := From(atLevel(last, c.r.Level), c.d, c.Options)
	d := c.document(c.T("Affirmation file§paper"))
	d.Flow = true
	add := func(list ...block.Block) { d.Body = append(d.Body, list...) }
	add(block.Heading{Level: 1, Text: "1  " + c.T("What is affirmed§paper")}, c.then(before))
	add(block.Heading{Level: 2, Text: c.T("What should be clear before signing")})
	add(c.doubts()...)
	add(block.Heading{Level: 1, Text: "2  " + c.T("What changed since %s§paper", first(date(last.Date), "–"))})
	add(c.changes(before)...)
	add(block.Heading{Level: 1, Text: "3  " + c.T("What is open§paper")})
	add(c.openItems()...)
	add(block.Heading{Level: 1, Text: "4  " + c.T("Exceptions and what does not apply")})
	for _, b := range c.exceptions() {
		if h, ok := b.(block.Heading); ok {
			h.Text = strings.Replace(h.Text, "5.", "4.", 1)
			b = h
		}
		add(b)
	}
	add(block.Heading{Level: 1, Text: "5  " + c.T("Signature§paper")})
	add(c.signature()...)
	return d, nil
}

// atLevel is an assessment read at a level.
func atLevel(a *score.Assessment, level int) *score.Assessment {
	b := *a
	b.Level = level
	return &b
}

// then sets what was signed beside what is to be signed.
func (c *Papers) then(before *Papers) block.Block {
	t := block.Table{Columns: []block.Column{{Width: 24}, {Title: c.T("Signed last§paper"), Width: 38}, {Title: c.T("To be signed§paper"), Width: 38}}}
	line := func(name, a, b string) {
		cell := block.In(b)
		if a != b {
			cell.Paras[0].Runs[0].Bold = true
		}
		t.Rows = append(t.Rows, row(block.Name(name), block.In(a), cell))
	}
	line(c.T("Assessed on§paper"), first(date(before.a.Date), "–"), first(date(c.a.Date), "–"))
	line(c.T("Score§paper"), before.points(), c.points())
	line(c.T("Status§paper"), before.status(before.r.Status), c.status(c.r.Status))
	line(c.T("System security plan§paper"), before.plan(), c.plan())
	line(c.T("Objectives§paper"), before.tally(), c.tally())
	line(c.T("Affirming official§paper"), "–", first(c.official(), "–"))
	return t
}

func (c *Papers) tally() string {
	r := c.r
	return c.T("%d met, %d not met, %d not applicable, %d unknown", r.Met, r.NotMet, r.NA, r.Unknown)
}

// doubts are what makes an affirmation untrue or doubtful.
func (c *Papers) doubts() (list []block.Block) {
	t := block.Table{Columns: []block.Column{{Width: 14}, {Width: 86}}}
	say := func(tone block.Tone, words string) {
		label := c.T("look§paper")
		if tone == block.Bad {
			label = c.T("stop§paper")
		}
		t.Rows = append(t.Rows, row(block.Mark(label, tone), block.In(words)))
	}
	r, today := c.r, c.when()
	if !r.Status.AtLeast(score.Conditional) {
		say(block.Bad, c.T("There is no status that could be affirmed: %s.", c.status(r.Status)))
	}
	if c.a.SSP == nil {
		say(block.Bad, c.T("There is no system security plan."))
	}
	switch c.a.Status.On(r.Level, today) {
	case score.LifeClosedOut:
		say(block.Bad, c.T("the Conditional status has ended, its plan of action was not closed in time"))
	case score.LifeExpired:
		say(block.Bad, c.T("the status has expired"))
	case score.LifeUnaffirmed:
		say(block.Bad, c.T("an affirmation is overdue"))
	}
	barred := 0
	for _, d := range r.Deductions {
		if !d.Deferrable {
			barred++
		}
	}
	if barred > 0 {
		say(block.Bad, c.T("Open items that may not stand on a plan of action: %d", barred))
	}
	if r.Unknown > 0 {
		say(block.Doubt, c.T("Objectives that are unknown: %d", r.Unknown))
	}
	drafts, expired, soon, bare := 0, 0, 0, 0
	for _, e := range c.Evidence() {
		switch {
		case e.Draft:
			drafts++
		case e.ValidUntil.IsZero():
		case today.After(e.ValidUntil):
			expired++
		case score.Years(today, 1).After(e.ValidUntil):
			soon++
		}
	}
	for _, q := range catalog.Requirements(r.Level) {
		for _, i := range q.Objective {
			if res, _ := c.a.Effective(i); res == score.Met && len(c.a.Objectives[i].Evidence) == 0 && c.a.Objectives[i].Exception == nil {
				bare++
			}
		}
	}
	if drafts > 0 {
		say(block.Doubt, c.T("Evidence that is a draft: %d", drafts))
	}
	if expired > 0 {
		say(block.Doubt, c.T("Evidence that has expired: %d", expired))
	}
	if soon > 0 {
		say(block.Doubt, c.T("Evidence that expires within the year for which is affirmed: %d", soon))
	}
	if bare > 0 {
		say(block.Doubt, c.T("Objectives said to be met without any evidence listed: %d", bare))
	}
	if len(t.Rows) == 0 {
		return []block.Block{block.P(c.T("Nothing stands against signing.§paper"))}
	}
	return []block.Block{t}
}

// changes are those of results, evidence and exceptions, objective by objective.
func (c *Papers) changes(before *Papers) []block.Block {
	t := block.Table{Columns: []block.Column{{Title: c.T("Objective§paper"), Width: 13}, {Title: c.T("Signed last§paper"), Width: 15}, {Title: c.T("To be signed§paper"), Width: 15}, {Title: c.T("What changed§paper"), Width: 57}}}
	for _, q := range catalog.Requirements(c.r.Level) {
		for _, i := range q.Objective {
			was, _ := before.a.Effective(i)
			is, why := c.a.Effective(i)
			var what []string
			if was != is && !why.IsZero() {
				what = append(what, why.In(c.Lang))
			}
			what = append(what, c.differences(&before.a.Objectives[i], &c.a.Objectives[i])...)
			if was == is && len(what) == 0 {
				continue
			}
			a, toneA := c.result(was)
			b, toneB := c.result(is)
			t.Rows = append(t.Rows, row(block.Name(catalog.Name(i)), block.Mark(a, toneA), block.Mark(b, toneB), block.In(what...)))
		}
	}
	for _, q := range catalog.Requirements(2) {
		if _, ok := q.Mark(); ok && before.a.Partial[q.ID] != c.a.Partial[q.ID] && c.r.Level == 2 {
			word := map[bool]string{true: c.T("partial credit is claimed§paper"), false: c.T("partial credit is claimed no more")}[c.a.Partial[q.ID]]
			t.Rows = append(t.Rows, row(block.Name(q.ID), block.Cell{}, block.Cell{}, block.In(word)))
		}
	}
	if len(t.Rows) == 0 {
		return []block.Block{block.P(c.T("No result, no evidence and no exception has changed."))}
	}
	return []block.Block{block.P(c.T("Objectives that differ in result, evidence, reason or exception: %d", len(t.Rows))), t}
}

// differences are what differs between two sights of an objective beside the result.
func (c *Papers) differences(a, b *score.Objective) (list []string) {
	if a.Reason != b.Reason {
		list = append(list, c.T("reason: %s§paper", first(b.Reason, "–")))
	}
	switch x, y := a.Exception, b.Exception; {
	case x == nil && y != nil:
		list = append(list, c.T("new exception: %s§paper", c.exceptionName(y.Kind)+", "+c.exceptionWords(y)))
	case x != nil && y == nil:
		list = append(list, c.T("the exception is gone: %s§paper", c.exceptionName(x.Kind)))
	case x != nil && *x != *y:
		list = append(list, c.T("the exception changed: %s§paper", c.exceptionName(y.Kind)+", "+c.exceptionWords(y)))
	}
	old, now := c.pieces(a), c.pieces(b)
	for _, e := range now {
		if !slices.Contains(old, e) {
			list = append(list, c.T("new evidence: %s§paper", e))
		}
	}
	for _, e := range old {
		if !slices.Contains(now, e) {
			list = append(list, c.T("evidence gone: %s§paper", e))
		}
	}
	return list
}

// pieces are the evidence of an objective, each with what makes it another one.
func (c *Papers) pieces(o *score.Objective) (list []string) {
	for _, e := range o.Evidence {
		s := c.called(e)
		if e.SHA256 != "" {
			s += " (" + e.SHA256[:12] + "...)"
		}
		if e.Draft {
			s += " " + c.T("(draft)§paper")
		}
		if !e.ValidUntil.IsZero() {
			s += ", " + c.T("holds until %s§paper", date(e.ValidUntil))
		}
		list = append(list, s)
	}
	return list
}

// signature is where is signed. The words of the affirmation are those of SPRS.
func (c *Papers) signature() []block.Block {
	o := c.d.SPRS.Official
	next := ""
	for _, e := range score.Calendar(c.r.Level, c.a.Status) {
		if e.Kind == "affirmation" && e.Day.After(c.when()) {
			next = date(e.Day) + " (" + e.Clause + ")"
			break
		}
	}
	line := strings.Repeat("_", 36)
	return []block.Block{
		block.P(c.T("The affirmation itself is given in SPRS, in the words that it shows. This file is what the signature rests on.")),
		block.Fields(block.Field{Name: c.T("Affirming official§paper"), Value: first(o.Name, line)}, block.Field{Name: c.T("Title§office"), Value: first(o.Title, line)},
			block.Field{Name: c.T("Score and status§paper"), Value: fmt.Sprintf("%s, %s", c.points(), c.status(c.r.Status))},
			block.Field{Name: c.T("Next affirmation§paper"), Value: next},
			block.Field{Name: c.T("Date§paper"), Value: line}, block.Field{Name: c.T("Signature§paper"), Value: "\n" + line}),
		block.Para{Style: block.Small, Runs: []block.Run{{Tone: block.Muted, Text: c.T("Printed from the assessment of %s.", c.when().Format(time.DateOnly))}}},
	}
}
