package paper

import (
	"fmt"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/block"
	"yagura/area/cmmc/score"
)

// requirements are the sections of chapter 4: a family each, a requirement each
// within.
func (c *Papers) requirements() (list []block.Block) {
	for _, fam := range catalog.Families() {
		first := true
		for _, q := range catalog.Requirements(c.r.Level) {
			if q.Family != fam.Abbr {
				continue
			}
			if first {
				list = append(list, block.Heading{Level: 2, Text: fam.Name.In(c.Lang) + " (" + fam.Abbr + ")"})
				first = false
			}
			list = append(list, c.requirement(q)...)
		}
	}
	return list
}

func (c *Papers) requirement(q *catalog.Requirement) (list []block.Block) {
	list = append(list, block.Heading{Level: 3, Text: q.CMMC + "  " + c.label(q)})
	if w := c.words[q.ID]; w != "" {
		p := block.Para{Style: block.Quote, Runs: []block.Run{{Text: w}}}
		if t := c.titles[q.ID]; t != "" && t != c.label(q) { // the label is in another language
			p.Runs = []block.Run{{Text: t + ": ", Bold: true}, {Text: w}}
		}
		list = append(list, p)
	}
	list = append(list, c.head(q))
	t := block.Table{Columns: []block.Column{{Title: c.T("Objective§paper"), Width: 29}, {Title: c.T("Result§paper"), Width: 12}, {Title: c.T("How it is implemented, and by whom"), Width: 33}, {Title: c.T("Evidence§paper"), Width: 26}}}
	for _, i := range q.Objective {
		t.Rows = append(t.Rows, c.objective(i))
	}
	for _, i := range q.ODP {
		if o := &c.a.Objectives[i]; o.Result != "" {
			t.Rows = append(t.Rows, c.objective(i))
		}
	}
	return append(list, t)
}

// head is how a requirement stands and what it is worth, in one line of a table.
func (c *Papers) head(q *catalog.Requirement) block.Block {
	words, tone, d := c.standing(q)
	worth := c.T("%d points§paper", q.Weight)
	switch {
	case q.Gate:
		worth = c.T("no points; without it there is no assessment")
	case c.r.Level == 1:
		worth = "FAR 52.204-21 " + q.FAR
	case q.Partial > 0:
		worth = c.T("%d points, %d where partly met", q.Weight, q.Partial)
	case q.Weight == 1 || c.r.Level == 3:
		worth = c.T("1 point§paper")
	}
	t := block.Table{Columns: []block.Column{{Width: 12}, {Width: 22}, {Width: 66}}}
	note := c.T("SP 800-171 %s§paper", q.ID)
	if q.Level == 3 {
		note = c.T("SP 800-172 %s§paper", q.ID)
	}
	if d != nil {
		may := c.T("may not stand on a plan of action")
		if d.Deferrable {
			may = c.T("may stand on a plan of action")
		}
		note += c.T("; costs %d (%s); %s: %s (%s)", d.Points+d.AtRisk, d.Clause, may, d.Why, d.WhyClause)
	}
	cell := block.In(note)
	if w := c.d.Overview[q.ID]; w != "" {
		cell.Paras = append(cell.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: w}}})
	}
	if d != nil {
		for _, n := range d.Notes {
			cell.Paras = append(cell.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: n.In(c.Lang), Tone: block.Doubt}}})
		}
	}
	t.Rows = []block.Row{row(block.Mark(words, tone), block.Name(worth), cell)}
	return t
}

func (c *Papers) objective(i int) block.Row {
	o := &c.a.Objectives[i]
	res, why := c.a.Effective(i)
	words, tone := c.result(res)
	ask := block.Name(catalog.Name(i))
	if s := c.ask(i); s != "" {
		ask.Paras = append(ask.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: s}}})
	}
	verdict := block.Mark(words, tone)
	small := func(cell *block.Cell, tone block.Tone, words string) {
		if words != "" {
			cell.Paras = append(cell.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: words, Tone: tone}}})
		}
	}
	if !why.IsZero() {
		small(&verdict, block.Doubt, why.In(c.Lang))
	}
	small(&verdict, block.Muted, c.method(o.Method))
	small(&verdict, block.Muted, o.Assessor)

	var how block.Cell
	small(&how, block.Plain, c.d.Implementation[i])
	if o.Reason != "" {
		label := c.T("Reason§paper")
		if res == score.NA {
			label = c.T("Why it does not apply§paper")
		}
		how.Paras = append(how.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: label + ": ", Bold: true}, {Text: o.Reason}}})
	}
	if x := o.Exception; x != nil {
		how.Paras = append(how.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: c.exceptionName(x.Kind) + ": ", Bold: true}, {Text: c.exceptionWords(x)}}})
	}
	how.Paras = append(how.Paras, c.responsible(i)...)
	return row(ask, verdict, how, c.evidence(o))
}

func (c *Papers) method(m string) string {
	switch m {
	case "examine":
		return c.T("examined§paper")
	case "interview":
		return c.T("interviewed§paper")
	case "test":
		return c.T("tested§paper")
	}
	return ""
}

// responsible says whose an objective is.
func (c *Papers) responsible(i int) (list []block.Para) {
	say := func(label, words string) {
		p := block.Para{Style: block.Small, Runs: []block.Run{{Text: label, Bold: true}}}
		if words != "" {
			p.Runs = append(p.Runs, block.Run{Text: ": " + words})
		}
		list = append(list, p)
	}
	parts := c.d.parts(i)
	for _, p := range parts {
		kind := c.T("Provided by %s§paper", p.Name)
		if p.Shared {
			kind = c.T("Shared with %s§paper", p.Name)
		}
		say(kind, p.Share.Provider)
		if p.Customer != "" {
			say(c.T("Our part§paper"), p.Customer)
		}
	}
	if len(parts) == 0 && len(c.d.Providers) > 0 {
		list = append(list, block.Para{Style: block.Small, Runs: []block.Run{{Text: c.T("Our own responsibility§paper"), Tone: block.Muted}}})
	}
	return list
}

// evidence is the cell of what proves an objective. The whole hash stands in the
// annex.
func (c *Papers) evidence(o *score.Objective) (cell block.Cell) {
	for _, e := range o.Evidence {
		runs := []block.Run{{Text: c.called(e)}}
		if e.Draft {
			runs = append(runs, block.Run{Text: " " + c.T("(draft)§paper"), Bold: true, Tone: block.Bad})
		}
		cell.Paras = append(cell.Paras, block.Para{Style: block.Small, Runs: runs})
		var facts []string
		if !e.Collected.IsZero() {
			facts = append(facts, date(e.Collected))
		}
		if !e.ValidUntil.IsZero() {
			facts = append(facts, c.T("holds until %s§paper", date(e.ValidUntil)))
		}
		if e.SHA256 != "" {
			facts = append(facts, "SHA-256 "+e.SHA256[:12]+"...")
		}
		if len(facts) > 0 {
			cell.Paras = append(cell.Paras, block.Para{Style: block.Tiny, Runs: []block.Run{{Text: strings.Join(facts, " · ")}}})
		}
	}
	return cell
}

func (c *Papers) called(e score.Evidence) string {
	switch {
	case e.Name != "":
		return e.Name
	case e.Signal != "":
		return c.T("signal %s§paper", e.Signal)
	case e.SHA256 != "":
		return e.SHA256[:16] + "..."
	}
	return "–"
}

func (c *Papers) exceptionName(k score.Kind) string {
	switch k {
	case score.Enduring:
		return c.T("Enduring exception§paper")
	case score.Temporary:
		return c.T("Temporary deficiency§paper")
	}
	return c.T("Adjudicated by the DoD CIO§paper")
}

func (c *Papers) exceptionWords(x *score.Exception) string {
	var list []string
	for _, s := range []struct{ label, words string }{
		{c.T("in the plan at§paper"), x.SSP}, {c.T("operational plan§paper"), x.Plan}, {c.T("reviewed§paper"), date(x.Reviewed)}, {c.T("progress§paper"), x.Progress},
	} {
		if s.words != "" {
			list = append(list, s.label+" "+s.words)
		}
	}
	if x.Unchanged {
		list = append(list, c.T("the environment is unchanged§paper"))
	}
	return strings.Join(list, "; ")
}

// exceptions are what counts as met though it is not satisfied, and what does not
// apply.
func (c *Papers) exceptions() (list []block.Block) {
	except := block.Table{Columns: []block.Column{{Title: c.T("Objective§paper"), Width: 16}, {Title: c.T("Kind§paper"), Width: 20}, {Title: c.T("What makes it lawful§paper"), Width: 46}, {Title: c.T("Counts as§paper"), Width: 18}}}
	na := block.Table{Columns: []block.Column{{Title: c.T("Objective§paper"), Width: 16}, {Title: c.T("Why it does not apply§paper"), Width: 84}}}
	for _, q := range catalog.Requirements(c.r.Level) {
		for _, i := range q.Objective {
			o := &c.a.Objectives[i]
			if o.Exception != nil {
				res, why := c.a.Effective(i)
				words, tone := c.result(res)
				cell := block.Mark(words, tone)
				if !why.IsZero() {
					cell.Paras = append(cell.Paras, block.Para{Style: block.Small, Runs: []block.Run{{Text: why.In(c.Lang)}}})
				}
				except.Rows = append(except.Rows, row(block.Name(catalog.Name(i)), block.In(c.exceptionName(o.Exception.Kind)), block.In(c.exceptionWords(o.Exception)), cell))
			}
			if o.Result == score.NA {
				na.Rows = append(na.Rows, row(block.Name(catalog.Name(i)), block.In(first(o.Reason, c.T("Nobody recorded why.§paper")))))
			}
		}
	}
	list = append(list, block.Heading{Level: 2, Text: "5.1  " + c.T("Exceptions§paper")})
	if len(except.Rows) == 0 {
		list = append(list, block.P(c.T("There are no exceptions.§paper")))
	} else {
		list = append(list, except)
	}
	list = append(list, block.Heading{Level: 2, Text: "5.2  " + c.T("What does not apply§paper")})
	if len(na.Rows) == 0 {
		return append(list, block.P(c.T("Every objective applies.§paper")))
	}
	return append(list, na)
}

// providers are those of the description, with what each has of the objectives.
func (c *Papers) providers() []block.Block {
	if len(c.d.Providers) == 0 {
		return []block.Block{c.nothing()}
	}
	t := block.Table{Columns: []block.Column{{Title: c.T("Provider§paper"), Width: 22}, {Title: c.T("Kind§paper"), Width: 18}, {Title: c.T("Services§paper"), Width: 24}, {Title: c.T("Proof§paper"), Width: 20}, {Title: c.T("Objectives§paper"), Width: 16}}}
	for i := range c.d.Providers {
		p := &c.d.Providers[i]
		given, shared := p.count()
		t.Rows = append(t.Rows, row(block.Name(p.Name), block.In(c.providerKind(p), c.providerData(p)), block.In(p.Services), c.proof(p),
			block.In(c.T("provides %d§paper", given), c.T("shares %d§paper", shared))))
	}
	return []block.Block{t}
}

func (p *Provider) count() (given, shared int) {
	for _, s := range p.Shares {
		n := 0
		for range s.Objectives.All {
			n++
		}
		if s.Shared {
			shared += n
		} else {
			given += n
		}
	}
	return given, shared
}

func (c *Papers) providerKind(p *Provider) string {
	switch p.Kind {
	case "esp":
		return c.T("External service provider§paper")
	case "csp":
		return c.T("Cloud service provider§paper")
	}
	return c.T("Service of the group§paper")
}

func (c *Papers) providerData(p *Provider) string {
	switch p.Data {
	case "cui":
		return c.T("has CUI§paper")
	case "spd":
		return c.T("has security protection data§paper")
	}
	return ""
}

// proof is what a provider shows: a cloud with CUI needs FedRAMP.
func (c *Papers) proof(p *Provider) block.Cell {
	level := map[string]string{"moderate": "FedRAMP Moderate", "high": "FedRAMP High", "equivalent": c.T("equivalent to FedRAMP Moderate§paper")}[p.FedRAMP]
	cell := block.In(level, p.Matrix)
	if p.Kind == "csp" && p.Data == "cui" && level == "" {
		cell = block.Mark(c.T("FedRAMP Moderate or its equivalent is missing (%s)", catalog.Clause("esp")), block.Bad)
	}
	return cell
}

// evidenceTable is each piece of evidence once, with the objectives that it proves.
func (c *Papers) evidenceTable() []block.Block {
	list := c.Evidence()
	if len(list) == 0 {
		return []block.Block{c.nothing()}
	}
	t := block.Table{Columns: []block.Column{{Title: "#", Width: 5, Right: true}, {Title: c.T("Evidence, SHA-256§paper"), Width: 47}, {Title: c.T("Collected§paper"), Width: 12}, {Title: c.T("Holds until§paper"), Width: 12}, {Title: c.T("Objectives§paper"), Width: 24}}}
	for n, e := range list {
		name := block.Name(c.called(e.Evidence))
		if e.Draft {
			name = block.Mark(c.called(e.Evidence)+" "+c.T("(draft)§paper"), block.Bad)
		}
		name.Label = false
		if e.SHA256 != "" {
			name.Paras = append(name.Paras, hash(e.SHA256).Paras...)
		}
		t.Rows = append(t.Rows, row(block.In(fmt.Sprint(n+1)), name, block.In(date(e.Collected)), c.until(e.Evidence), block.In(names(e.Objectives))))
	}
	return []block.Block{t}
}

// until is the last day of evidence, marked where it has passed.
func (c *Papers) until(e score.Evidence) block.Cell {
	if !e.ValidUntil.IsZero() && c.when().After(e.ValidUntil) {
		return block.Mark(date(e.ValidUntil)+" "+c.T("expired§paper"), block.Doubt)
	}
	return block.In(date(e.ValidUntil))
}

// Piece is a piece of evidence with what it proves.
type Piece struct {
	score.Evidence
	Objectives []int
}

// Evidence is each piece of the level's objectives once, in the order in which it
// is first named.
func (c *Papers) Evidence() (list []Piece) {
	at := map[string]int{}
	for _, q := range catalog.Requirements(c.r.Level) {
		for _, i := range q.Objective {
			for _, e := range c.a.Objectives[i].Evidence {
				key := fmt.Sprintf("%q %q %q %v %v %v", e.Name, e.Signal, e.SHA256, e.Draft, e.Collected, e.ValidUntil)
				n, known := at[key]
				if !known {
					n = len(list)
					at[key] = n
					list = append(list, Piece{Evidence: e})
				}
				if o := list[n].Objectives; len(o) == 0 || o[len(o)-1] != i {
					list[n].Objectives = append(o, i)
				}
			}
		}
	}
	return list
}
