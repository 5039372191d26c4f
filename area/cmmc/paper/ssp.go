package paper

import (
	"fmt"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/score"
)

// SSP is the system security plan.
func (c *Papers) SSP() *block.Document {
	d := c.document(c.T("System Security Plan§paper"))
	d.Contents = c.T("Contents§paper")
	b := &d.Body
	add := func(list ...block.Block) { *b = append(*b, list...) }

	add(block.Heading{Level: 1, Text: "1  " + c.T("System identification§paper")})
	add(c.identification()...)
	add(block.Heading{Level: 2, Text: "1.1  " + c.T("Revision history§paper")})
	add(c.revisions()...)
	add(block.Break{}, block.Heading{Level: 2, Text: "1.2  " + c.T("Where the system stands§paper")})
	add(c.summary()...)

	add(block.Heading{Level: 1, Text: "2  " + c.T("System and environment§paper")})
	for n, s := range []struct{ title, words string }{
		{c.T("Purpose and description§paper"), strings.TrimSpace(c.a.System.Description + "\n" + c.d.Purpose)},
		{c.T("Boundary of the assessment§paper"), strings.TrimSpace(c.a.System.Boundary + "\n" + c.d.Boundary)},
		{c.T("Environment of operation§paper"), c.d.Environment},
		{c.T("Flow of information§paper"), c.d.DataFlow},
	} {
		add(block.Heading{Level: 2, Text: fmt.Sprintf("2.%d  %s", n+1, s.title)})
		add(c.prose(s.words)...)
	}
	add(block.Heading{Level: 2, Text: "2.5  " + c.T("Diagrams§paper")})
	add(c.diagrams()...)
	add(block.Heading{Level: 2, Text: "2.6  " + c.T("Assets by category§paper")})
	add(c.assets()...)
	add(block.Heading{Level: 2, Text: "2.7  " + c.T("Connections with other systems§paper")})
	add(c.connections()...)

	add(block.Heading{Level: 1, Text: "3  " + c.T("Roles and responsibilities§paper")})
	add(block.Heading{Level: 2, Text: "3.1  " + c.T("People§paper")})
	add(c.roles()...)
	add(block.Heading{Level: 2, Text: "3.2  " + c.T("Providers of services§paper")})
	add(c.providers()...)

	add(block.Heading{Level: 1, Text: "4  " + c.T("Security requirements§paper")})
	add(block.P(c.T("Each requirement stands with its assessment objectives. A result is the one that counts by 32 CFR 170.24(b): a draft proves nothing, and evidence that has expired leaves the result open.")))
	if c.Text != nil {
		add(block.Para{Style: block.Small, Runs: []block.Run{{Tone: block.Muted, Text: c.T("Official text imported from %s (SHA-256 %s).", c.Text.Source, c.Text.SHA256)}}})
	}
	add(c.requirements()...)

	add(block.Heading{Level: 1, Text: "5  " + c.T("Exceptions and what does not apply")})
	add(c.exceptions()...)
	add(block.Heading{Level: 1, Text: "6  " + c.T("Open items§paper")})
	add(c.openItems()...)
	add(block.Heading{Level: 1, Text: c.T("Annex§paper") + "  " + c.T("Evidence with hashes§paper")})
	add(c.evidenceTable()...)
	return d
}

// prose is paragraphs of words that somebody wrote.
func (c *Papers) prose(words string) (list []block.Block) {
	for line := range strings.SplitSeq(words, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, block.P(line))
		}
	}
	if len(list) == 0 {
		list = append(list, c.nothing())
	}
	return list
}

func (c *Papers) identification() []block.Block {
	s := c.a.System
	return []block.Block{block.Fields(
		block.Field{Name: c.T("Name of the system§paper"), Value: first(s.Name, c.name())},
		block.Field{Name: c.T("Enclave§paper"), Value: c.a.Enclave},
		block.Field{Name: c.T("Organization"), Value: s.Organization},
		block.Field{Name: c.T("CAGE codes§paper"), Value: strings.Join(c.cages(), ", ")},
		block.Field{Name: c.T("System owner§paper"), Value: s.Owner},
		block.Field{Name: c.T("Operational status§paper"), Value: c.d.Status},
		block.Field{Name: c.T("Plan§paper"), Value: c.plan()},
		block.Field{Name: c.T("Information§paper"), Value: c.T("Controlled unclassified information (CUI)§paper")},
		block.Field{Name: c.T("Marking of this document§paper"), Value: c.d.Marking},
		block.Field{Name: c.T("Affirming official§paper"), Value: c.official()},
	)}
}

func (c *Papers) official() string {
	o := c.d.SPRS.Official
	var list []string
	for _, s := range []string{o.Name, o.Title, o.Email} {
		if s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, ", ")
}

func (c *Papers) revisions() []block.Block {
	if len(c.d.Revisions) == 0 {
		return []block.Block{c.nothing()}
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("Version§paper"), Width: 12}, {Title: c.T("Date§paper"), Width: 14}, {Title: c.T("Author§paper"), Width: 22}, {Title: c.T("What changed§paper"), Width: 52}}}
	for _, r := range c.d.Revisions {
		t.Rows = append(t.Rows, row(block.Name(r.Version), block.In(date(r.Date)), block.In(r.Author), block.In(r.What)))
	}
	return []block.Block{t}
}

func row(cells ...block.Cell) block.Row { return block.Row{Cells: cells} }

// summary is the score, the dates, and how each family stands.
func (c *Papers) summary() []block.Block {
	r := c.r
	f := []block.Field{
		{Name: c.T("Score§paper"), Value: c.points()}, {Name: c.T("Status§paper"), Value: c.status(r.Status)},
		{Name: c.T("Objectives§paper"), Value: c.T("%d met, %d not met, %d not applicable, %d unknown", r.Met, r.NotMet, r.NA, r.Unknown)},
		{Name: c.T("Conditional since§paper"), Value: date(c.a.Status.Conditional)},
		{Name: c.T("Final since§paper"), Value: date(c.a.Status.Final)},
	}
	if !c.StatusDate.IsZero() && r.Level > 1 && c.a.Status.Final.IsZero() {
		f = append(f, block.Field{Name: c.T("Open items closed by§paper"), Value: date(score.CloseOut(c.StatusDate, r.Level)) + " (" + catalog.Clause("closeout") + ")"})
	}
	for _, day := range c.a.Status.Affirmed {
		f = append(f, block.Field{Name: c.T("Affirmed on§paper"), Value: date(day)})
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("Family§paper"), Width: 46}, {Title: c.T("Requirements§paper"), Width: 14, Right: true}, {Title: c.T("Met§requirements"), Width: 12, Right: true},
		{Title: c.T("Open§paper"), Width: 14, Right: true}, {Title: c.T("Points lost§paper"), Width: 14, Right: true}}}
	for _, fam := range catalog.Families() {
		all, open, lost := 0, 0, 0
		for _, q := range catalog.Requirements(r.Level) {
			if q.Family != fam.Abbr {
				continue
			}
			all++
			if _, _, d := c.standing(q); d != nil {
				open++
				lost += d.Points + d.AtRisk
			}
		}
		if all == 0 {
			continue
		}
		state := block.In(fmt.Sprint(open))
		if open > 0 {
			state = block.Mark(fmt.Sprint(open), block.Bad)
		}
		t.Rows = append(t.Rows, row(block.Name(fam.ID+"  "+fam.Name.In(c.Lang)+" ("+fam.Abbr+")"), block.In(fmt.Sprint(all)), block.In(fmt.Sprint(all-open)), state, block.In(fmt.Sprint(lost))))
	}
	return []block.Block{block.Fields(f...), t, block.Para{Style: block.Small, Runs: []block.Run{{Tone: block.Muted, Text: c.T("What is unknown is counted as open here.")}}}}
}

func (c *Papers) diagrams() []block.Block {
	if len(c.d.Diagrams) == 0 {
		return []block.Block{c.nothing()}
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("Diagram§paper"), Width: 34}, {Title: c.T("Date§paper"), Width: 14}, {Title: "SHA-256", Width: 52}}}
	for _, x := range c.d.Diagrams {
		t.Rows = append(t.Rows, row(block.Name(x.Name), block.In(date(x.Date)), hash(x.SHA256)))
	}
	return []block.Block{t}
}

func hash(sum string) block.Cell {
	if sum == "" {
		return block.Cell{}
	}
	return block.Cell{Paras: []block.Para{{Style: block.Tiny, Runs: []block.Run{{Text: sum}}}}}
}

// category is a category of assets with what the rule asks of it.
func (c *Papers) category(id string) (name, asks string) {
	switch id {
	case "CUI":
		return c.T("CUI assets§paper"), c.T("In the inventory, this plan and the network diagram; assessed against all requirements.")
	case "SPA":
		return c.T("Security protection assets§paper"), c.T("In the inventory, this plan and the network diagram; assessed against the requirements that their capability serves.")
	case "CRMA":
		if c.r.Level == 3 {
			return c.T("Contractor risk managed assets§paper"), c.T("Treated as CUI assets at Level 3.")
		}
		return c.T("Contractor risk managed assets§paper"), c.T("In the inventory, this plan and the network diagram; the plan is reviewed, with a limited check where it raises questions.")
	case "SA":
		if c.r.Level == 3 {
			return c.T("Specialized assets§paper"), c.T("Assessed at Level 3.§paper")
		}
		return c.T("Specialized assets§paper"), c.T("In the inventory, this plan and the network diagram; the plan is reviewed, and nothing else is assessed.")
	}
	return c.T("Assets out of scope§paper"), c.T("No part of the assessment; be ready to say why they can't process, store or transmit CUI.")
}

func (c *Papers) assets() (list []block.Block) {
	if len(c.d.Assets) == 0 {
		return []block.Block{c.nothing()}
	}
	for _, id := range Categories {
		name, asks := c.category(id)
		t := block.Table{Columns: []block.Column{{Title: name, Width: 32}, {Title: c.T("Number§paper"), Width: 10, Right: true}, {Title: c.T("Kind§paper"), Width: 14}, {Title: c.T("Location§paper"), Width: 18}, {Title: c.T("How they are treated§paper"), Width: 26}}}
		for _, x := range c.d.Assets {
			if x.Category == id {
				t.Rows = append(t.Rows, row(block.Name(x.Name), block.In(count(x.Count)), block.In(x.Kind), block.In(x.Location), block.In(x.Note)))
			}
		}
		if len(t.Rows) > 0 {
			list = append(list, t, block.Para{Style: block.Small, Runs: []block.Run{{Tone: block.Muted, Text: id + ": " + asks + " (32 CFR 170.19(c)(1))"}}})
		}
	}
	return list
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (c *Papers) connections() []block.Block {
	if len(c.d.Connections) == 0 {
		return []block.Block{c.nothing()}
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("System"), Width: 20}, {Title: c.T("Organization"), Width: 18}, {Title: c.T("Direction§paper"), Width: 10}, {Title: c.T("Information§paper"), Width: 18}, {Title: c.T("Agreement§paper"), Width: 16}, {Title: c.T("Protection§paper"), Width: 18}}}
	for _, x := range c.d.Connections {
		way := map[string]string{"in": c.T("incoming§paper"), "out": c.T("outgoing§paper"), "both": c.T("both ways§paper")}[x.Direction]
		t.Rows = append(t.Rows, row(block.Name(x.Name), block.In(x.Organization), block.In(way), block.In(x.Data), block.In(x.Agreement), block.In(x.Protection)))
	}
	return []block.Block{t}
}

func (c *Papers) roles() []block.Block {
	if len(c.d.Roles) == 0 {
		return []block.Block{c.nothing()}
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("Role§paper"), Width: 20}, {Title: c.T("Name§paper"), Width: 18}, {Title: c.T("Organization"), Width: 18}, {Title: c.T("Contact§paper"), Width: 20}, {Title: c.T("Duty§paper"), Width: 24}}}
	for _, x := range c.d.Roles {
		t.Rows = append(t.Rows, row(block.Name(x.Role), block.In(x.Name), block.In(x.Organization), block.In(x.Contact), block.In(x.Duty)))
	}
	return []block.Block{t}
}

// openItems is what is open, in the order of the standard.
func (c *Papers) openItems() []block.Block {
	if len(c.r.Deductions) == 0 {
		return []block.Block{block.P(c.T("Nothing is open.§paper"))}
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("Requirement§paper"), Width: 26}, {Title: c.T("Points§paper"), Width: 8, Right: true}, {Title: c.T("Open objectives§paper"), Width: 22}, {Title: c.T("Plan of action§paper"), Width: 22}, {Title: c.T("What is done§paper"), Width: 22}}}
	for i := range c.r.Deductions {
		d := &c.r.Deductions[i]
		x := c.d.Plan[d.Requirement.ID]
		t.Rows = append(t.Rows, row(block.Name(d.Requirement.CMMC+" "+c.label(d.Requirement)), block.In(fmt.Sprint(d.Points+d.AtRisk)),
			block.In(names(d.Open), c.unknowns(d)), c.lawful(d), block.In(x.Action, x.Owner, date(x.Due))))
	}
	return []block.Block{t}
}

func (c *Papers) unknowns(d *score.Deduction) string {
	if len(d.Unknown) == 0 {
		return ""
	}
	return c.T("unknown: %s§paper", names(d.Unknown))
}

// lawful tells whether an open item may stand on a plan of action, and why.
func (c *Papers) lawful(d *score.Deduction) block.Cell {
	verdict, tone := c.T("may not stand on it§paper"), block.Bad
	if d.Deferrable {
		verdict, tone = c.T("may stand on it§paper"), block.Good
	}
	cell := block.Mark(verdict, tone)
	cell.Paras = append(cell.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: d.Why.In(c.Lang) + " (" + d.WhyClause + ")"}}})
	return cell
}
