package sigma

import "strings"

// Explanation says why a rule matched an event or why not.
type Explanation struct {
	Rule    *Rule
	Matched bool
	// Routed says whether the rule looks at such events at all; when it does
	// not, the tree is evaluated all the same.
	Routed bool
	// Sources are the log sources the event was recognised as.
	Sources []LogSource
	// Tree is the condition with the truth of every part.
	Tree *Clause
	// Failed are the smallest parts that would have to change for the rule to
	// match; empty when it matched.
	Failed []*Clause
}

// Clause is one part of a condition.
type Clause struct {
	Text   string // "and", "or", "not", or a test in words
	Search string // name of the search block that begins here, if one does
	Line   int    // line of the value in the rule file, for tests
	Holds  bool
	Field  string   // for tests: the field asked, "" for any value
	Values []string // for tests: what stands there, cut after 4096 bytes; none: the field is missing
	Kids   []*Clause
}

// Explain evaluates every part of one rule on one event, leaving nothing out
// as matching does.
func Explain(r *Rule, raw []byte, hint LogSource, m *Mapping, o Options) (*Explanation, error) {
	e, problems := Compile([]*Rule{r}, m, o)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	mt := e.NewMatcher()
	if err := mt.read(raw, hint); err != nil {
		return nil, err
	}
	x := &Explanation{Rule: r}
	if !hint.IsZero() {
		x.Sources = append(x.Sources, hint)
	}
	var names map[string]string
	for _, h := range e.router.held(&mt.ev, hint) {
		s := &e.mapping.sources[h]
		x.Sources = append(x.Sources, s.LogSource)
		if v := e.variantFor(0, h); r.LogSource.covers(s.LogSource) && e.variants[v].alias >= 0 && names == nil {
			names = s.fields
		}
	}
	x.Routed = len(mt.p.variants) > 0
	if x.Routed && len(mt.p.variants) == 1 && e.variants[mt.p.variants[0]].alias < 0 {
		names = nil
	}
	root, err := expand(r.root, o.Placeholders)
	if err != nil {
		return nil, err
	}
	x.Tree = explain(mt, root, names)
	x.Matched = x.Routed && x.Tree.Holds
	if !x.Tree.Holds {
		x.Failed = blame(x.Tree, true, nil)
	}
	return x, nil
}

func explain(m *Matcher, n *node, names map[string]string) *Clause {
	c := &Clause{Search: n.name}
	switch n.kind {
	case kindTest:
		t := *n.test
		if f := names[t.field]; f != "" {
			t.field = fieldKey(f)
		}
		c.Text, c.Line, c.Field = t.String(), t.line, t.field
		ct := &ctest{test: &t, num: -1, refNum: -1}
		if t.field != "" {
			ct.num = m.e.fields.byKey[t.field]
		}
		if t.op == opRef {
			if f := names[t.ref]; f != "" {
				t.ref = fieldKey(f)
			}
			ct.refNum = m.e.fields.byKey[t.ref]
		}
		c.Holds = ct.holds(&m.ev)
		if ct.num >= 0 && m.ev.present(ct.num) {
			for i := m.ev.first[ct.num]; i >= 0; i = m.ev.values[i].next {
				b := m.ev.text(&m.ev.values[i])
				c.Values = append(c.Values, string(b[:min(len(b), maxShown)]))
			}
		}
		return c
	case kindNot:
		k := explain(m, n.kids[0], names)
		c.Text, c.Kids, c.Holds = "not", []*Clause{k}, !k.Holds
		return c
	}
	if len(n.kids) == 1 { // a search block by its name
		k := explain(m, n.kids[0], names)
		if k.Search == "" {
			k.Search = n.name
			return k
		}
	}
	c.Text, c.Holds = "and", true
	if n.kind == kindOr {
		c.Text, c.Holds = "or", false
	}
	for _, kid := range n.kids {
		k := explain(m, kid, names)
		c.Kids = append(c.Kids, k)
		if n.kind == kindOr {
			c.Holds = c.Holds || k.Holds
		} else {
			c.Holds = c.Holds && k.Holds
		}
	}
	return c
}

// blame collects the parts that keep c from being want.
func blame(c *Clause, want bool, out []*Clause) []*Clause {
	if c.Holds == want {
		return out
	}
	switch c.Text {
	case "and", "or":
		if (c.Text == "and") == want {
			for _, k := range c.Kids { // each of these has to change
				out = blame(k, want, out)
			}
			return out
		}
		return append(out, c) // one of its parts would be enough
	case "not":
		if k := c.Kids[0]; len(k.Kids) == 0 {
			return append(out, c)
		}
		return blame(c.Kids[0], !want, out)
	}
	return append(out, c)
}

// String writes the tree, one part a line, "+" before what holds.
func (c *Clause) String() string {
	var b strings.Builder
	c.write(&b, 0)
	return b.String()
}

func (c *Clause) write(b *strings.Builder, depth int) {
	b.WriteString(strings.Repeat("  ", depth))
	if c.Holds {
		b.WriteString("+ ")
	} else {
		b.WriteString("- ")
	}
	if c.Search != "" {
		b.WriteString("[" + c.Search + "] ")
	}
	b.WriteString(c.Text)
	if len(c.Kids) == 0 && c.Field != "" {
		if c.Values == nil {
			b.WriteString("   (the event has no such value)")
		}
		for _, v := range c.Values {
			b.WriteString("   (" + v + ")")
		}
	}
	b.WriteByte('\n')
	for _, k := range c.Kids {
		k.write(b, depth+1)
	}
}
