package paper

import (
	"fmt"
	"strconv"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/score"
)

func number(n int) string { return strconv.Itoa(n) }

// POAM is the plan of action and milestones as a workbook: every open item, lawful
// or barred, with the paragraph. What is unknown is taken for open.
func (c *Papers) POAM() ([]byte, error) {
	r := c.r
	s := sheet{name: c.T("Open items§paper"), lines: c.heading(), columns: []column{
		{c.T("No.§paper"), 5}, {c.T("Requirement§paper"), 15}, {c.T("What it is about§paper"), 26}, {c.T("State§paper"), 10}, {c.T("Points§paper"), 8},
		{c.T("Open objectives§paper"), 16}, {c.T("Unknown objectives§paper"), 13}, {c.T("On a plan of action§paper"), 13}, {c.T("Why§paper"), 18}, {c.T("Paragraph§paper"), 23},
		{c.T("What was found§paper"), 28}, {c.T("What is done§paper"), 28}, {c.T("Owner§paper"), 14}, {c.T("Resources§paper"), 12}, {c.T("Start§paper"), 11}, {c.T("Due§paper"), 11}, {c.T("Day 180§paper"), 11}, {c.T("Milestones§paper"), 26}}}
	for i := range r.Deductions {
		d := &r.Deductions[i]
		q := d.Requirement
		x := c.d.Plan[q.ID]
		state, tone, _ := c.standing(q)
		may := marked{c.T("may not stand on it§paper"), block.Bad}
		var end any
		if d.Deferrable {
			may = marked{c.T("may stand on it§paper"), block.Good}
			if !c.StatusDate.IsZero() {
				end = score.CloseOut(c.StatusDate, r.Level)
			}
		}
		s.rows = append(s.rows, []any{i + 1, q.CMMC, c.label(q), marked{state, tone}, d.Points + d.AtRisk, names(d.Open), names(d.Unknown), may, d.Why.In(c.Lang), d.WhyClause,
			c.found(d), x.Action, x.Owner, x.Resources, x.Start, x.Due, end, c.milestones(x)})
	}
	return c.book(c.T("Plan of Action and Milestones§paper"), s)
}

// heading are the lines above a table.
func (c *Papers) heading() []string {
	list := []string{c.T("CMMC Level %d, assessed on %s: %s, %s", c.r.Level, first(date(c.a.Date), "–"), c.points(), c.status(c.r.Status))}
	if c.r.Level > 1 && !c.StatusDate.IsZero() {
		list = append(list, c.T("Status of %s: all items closed by %s (%s).", date(c.StatusDate), date(score.CloseOut(c.StatusDate, c.r.Level)), catalog.Clause("closeout")))
	}
	return list
}

// found is what the assessment says of the open objectives.
func (c *Papers) found(d *score.Deduction) string {
	var list []string
	for _, i := range append(append([]int(nil), d.Open...), d.Unknown...) {
		_, why := c.a.Effective(i)
		if s := first(c.a.Objectives[i].Reason, why.In(c.Lang)); s != "" {
			list = append(list, catalog.Name(i)+": "+s)
		}
	}
	return strings.Join(list, "\n")
}

func (c *Papers) milestones(x PlanItem) string {
	var list []string
	for _, m := range x.Milestones {
		s := strings.TrimSpace(date(m.Date) + " " + m.What)
		if m.Done {
			s += " " + c.T("(done)§paper")
		}
		list = append(list, s)
	}
	return strings.Join(list, "\n")
}

// duty is whose an objective is.
func (c *Papers) duty(i int) (who, providers, theirs, here string, documents []string) {
	parts := c.d.parts(i)
	var names, does, rest []string
	for _, p := range parts {
		names = append(names, p.Name)
		if p.Share.Provider != "" {
			does = append(does, p.Share.Provider)
		}
		if p.Customer != "" {
			rest = append(rest, p.Customer)
		}
		if p.Matrix != "" {
			documents = append(documents, p.Matrix)
		}
	}
	who = c.T("Provider§responsibility")
	switch {
	case len(parts) == 0:
		who = c.T("Ours§responsibility")
	case ours(parts):
		who = c.T("Shared§responsibility")
	}
	if len(rest) == 0 && len(parts) == 0 {
		rest = append(rest, c.d.Implementation[i])
	}
	return who, strings.Join(names, ", "), strings.Join(does, "\n"), strings.Join(rest, "\n"), documents
}

// Responsibility is the responsibility matrix as a workbook.
func (c *Papers) Responsibility() ([]byte, error) {
	s := sheet{name: c.T("Responsibilities§paper"), lines: c.heading(), columns: []column{
		{c.T("Requirement§paper"), 15}, {c.T("Objective§paper"), 11}, {c.T("What it is about§paper"), 44}, {c.T("Responsible§paper"), 12}, {c.T("Provider§paper"), 24},
		{c.T("The provider's part§paper"), 36}, {c.T("Our part§paper"), 36}, {c.T("Result§paper"), 12}, {c.T("Document of the provider§paper"), 22}}}
	for _, q := range catalog.Requirements(c.r.Level) {
		for _, i := range q.Objective {
			res, _ := c.a.Effective(i)
			words, tone := c.result(res)
			who, provider, theirs, here, documents := c.duty(i)
			s.rows = append(s.rows, []any{q.CMMC, catalog.Name(i), first(c.ask(i), c.label(q)), who, provider, theirs, here, marked{words, tone}, strings.Join(documents, ", ")})
		}
	}
	p := sheet{name: c.T("Providers§paper"), lines: c.heading()[:1], columns: []column{{c.T("Provider§paper"), 28}, {c.T("Kind§paper"), 24}, {c.T("Information§paper"), 24}, {c.T("Services§paper"), 36},
		{c.T("Proof§paper"), 34}, {c.T("Document of the provider§paper"), 22}, {c.T("Provides§objectives"), 12}, {c.T("Shares§objectives"), 12}}}
	for i := range c.d.Providers {
		x := &c.d.Providers[i]
		given, shared := x.count()
		proof := c.proof(x)
		words, tone := "", proof.Tone
		if len(proof.Paras) > 0 && proof.Paras[0].Runs[0].Text != x.Matrix {
			words = proof.Paras[0].Runs[0].Text
		}
		p.rows = append(p.rows, []any{x.Name, c.providerKind(x), c.providerData(x), x.Services, marked{words, tone}, x.Matrix, given, shared})
	}
	return c.book(c.T("Responsibility Matrix§paper"), s, p)
}

// Matrix is the responsibility matrix as a document.
func (c *Papers) Matrix() *block.Document {
	d := c.document(c.T("Responsibility Matrix§paper"))
	d.Body = append(d.Body, block.Heading{Level: 1, Text: c.T("Providers of services§paper")})
	d.Body = append(d.Body, c.providers()...)
	d.Body = append(d.Body, block.Heading{Level: 1, Text: c.T("Responsibility for each objective§paper")})
	for _, fam := range catalog.Families() {
		t := block.Table{Columns: []block.Column{{Title: c.T("Objective§paper"), Width: 13}, {Title: c.T("What it is about§paper"), Width: 25}, {Title: c.T("Responsible§paper"), Width: 12},
			{Title: c.T("The provider's part§paper"), Width: 25}, {Title: c.T("Our part§paper"), Width: 25}}}
		for _, q := range catalog.Requirements(c.r.Level) {
			if q.Family != fam.Abbr {
				continue
			}
			for _, i := range q.Objective {
				who, provider, theirs, here, _ := c.duty(i)
				t.Rows = append(t.Rows, row(block.Name(catalog.Name(i)), block.In(first(c.ask(i), c.label(q))), block.In(who, provider), block.In(strings.Split(theirs, "\n")...), block.In(strings.Split(here, "\n")...)))
			}
		}
		if len(t.Rows) > 0 {
			d.Body = append(d.Body, block.Heading{Level: 2, Text: fam.Name.In(c.Lang) + " (" + fam.Abbr + ")"}, t)
		}
	}
	return d
}

// EvidenceList is the list of evidence as a workbook: what eMASS asks of artifacts,
// and what each proves (32 CFR 170.17(c)(4)).
func (c *Papers) EvidenceList() ([]byte, error) {
	s := sheet{name: c.T("Evidence§paper"), lines: c.heading()[:1], columns: []column{{c.T("No.§paper"), 5}, {c.T("Evidence§paper"), 40}, {c.T("Hash value§paper"), 68}, {c.T("Algorithm§paper"), 10}, {c.T("Bytes§paper"), 12},
		{c.T("Signal§paper"), 20}, {c.T("State§paper"), 10}, {c.T("Collected§paper"), 12}, {c.T("Holds until§paper"), 12}, {c.T("Objectives§paper"), 40}}}
	for n, e := range c.Evidence() {
		state := marked{c.T("final§evidence"), block.Good}
		switch {
		case e.Draft:
			state = marked{c.T("draft§evidence"), block.Bad}
		case !e.ValidUntil.IsZero() && c.when().After(e.ValidUntil):
			state = marked{c.T("expired§paper"), block.Doubt}
		}
		algorithm, size := "", any(nil)
		if e.SHA256 != "" {
			algorithm = "SHA-256"
		}
		if e.Size > 0 {
			size = e.Size
		}
		s.rows = append(s.rows, []any{n + 1, c.called(e.Evidence), e.SHA256, algorithm, size, e.Signal, state, e.Collected, e.ValidUntil, names(e.Objectives)})
	}
	return c.book(c.T("List of evidence§paper"), s)
}

// EvidenceDocument is the list of evidence as a document.
func (c *Papers) EvidenceDocument() *block.Document {
	d := c.document(c.T("List of evidence§paper"))
	d.Body = append(d.Body, block.Heading{Level: 1, Text: fmt.Sprintf("%s (%d)", c.T("Evidence with hashes§paper"), len(c.Evidence()))})
	d.Body = append(d.Body, c.evidenceTable()...)
	return d
}
