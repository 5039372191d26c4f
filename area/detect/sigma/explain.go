package sigma

import (
	"encoding/json"
	"strconv"
	"strings"

	"yagura/kernel/text"
)

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
	Say    text.Message
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
		c.Text, c.Say, c.Line, c.Field = t.String(), t.message(), t.line, t.field
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
		c.Text, c.Say, c.Kids, c.Holds = "not", text.M("must not hold"), []*Clause{k}, !k.Holds
		return c
	}
	if len(n.kids) == 1 { // a search block by its name
		k := explain(m, n.kids[0], names)
		if k.Search == "" {
			k.Search = n.name
			return k
		}
	}
	c.Text, c.Say, c.Holds = "and", text.M("all of these"), true
	if n.kind == kindOr {
		c.Text, c.Say, c.Holds = "or", text.M("one of these"), false
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

// Missing tells whether the test asks a field that the event does not have.
func (c *Clause) Missing() bool { return len(c.Kids) == 0 && c.Field != "" && c.Values == nil }

// MarshalJSON shows the tree to programs.
func (c *Clause) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Text    string    `json:"text"`
		Search  string    `json:"search,omitempty"`
		Line    int       `json:"line,omitempty"`
		Holds   bool      `json:"holds"`
		Field   string    `json:"field,omitempty"`
		Missing bool      `json:"missing,omitempty"`
		Values  []string  `json:"values,omitempty"`
		Parts   []*Clause `json:"parts,omitempty"`
	}{c.Text, c.Search, c.Line, c.Holds, c.Field, c.Missing(), c.Values, c.Kids})
}

// Cause is what kept a rule from matching, in one word: "" where it matched,
// "source" where the event is of another log source, "missing" where fields that
// it asks for are not there, "filter" where it was taken out by what must not
// hold, "value" where other values stand there.
func (x *Explanation) Cause() string {
	switch {
	case x.Matched:
		return ""
	case !x.Routed:
		return "source"
	}
	missing, filter := true, true
	for _, f := range x.Failed {
		filter = filter && f.Holds
		missing = missing && !f.Holds && f.absent()
	}
	switch {
	case filter:
		return "filter"
	case missing:
		return "missing"
	}
	return "value"
}

// absent tells whether no field that a part asks for is there.
func (c *Clause) absent() bool {
	if len(c.Kids) == 0 {
		return c.Missing()
	}
	for _, k := range c.Kids {
		if !k.absent() {
			return false
		}
	}
	return true
}

// MarshalJSON shows the explanation to programs.
func (x *Explanation) MarshalJSON() ([]byte, error) {
	sources := make([]string, len(x.Sources))
	for i, s := range x.Sources {
		sources[i] = s.String()
	}
	failed := x.Failed
	if failed == nil {
		failed = []*Clause{}
	}
	return json.Marshal(struct {
		Rule    string    `json:"rule"`
		Title   string    `json:"title"`
		Matched bool      `json:"matched"`
		Cause   string    `json:"cause,omitempty"`
		Wants   string    `json:"wants"`
		Sources []string  `json:"sources"`
		Routed  bool      `json:"routed"`
		Failed  []*Clause `json:"failed"`
		Tree    *Clause   `json:"tree"`
	}{x.Rule.ID, x.Rule.Title, x.Matched, x.Cause(), x.Rule.LogSource.String(), sources, x.Routed, failed, x.Tree})
}

// message is the test in words, in both languages.
func (t *test) message() text.Message {
	f := any(t.field)
	if t.field == "" {
		f = text.M("any value")
	}
	q := strconv.Quote
	switch t.op {
	case opEq:
		return text.M("%s is %s", f, q(t.lit))
	case opContains:
		return text.M("%s contains %s", f, q(t.lit))
	case opPrefix:
		return text.M("%s begins with %s", f, q(t.lit))
	case opSuffix:
		return text.M("%s ends with %s", f, q(t.lit))
	case opWild:
		return text.M("%s is like %s", f, q(patternText(t.parts)))
	case opAny:
		return text.M("%s has a value", f)
	case opRegex:
		return text.M("%s matches /%s/", f, t.re.String())
	case opCIDR:
		return text.M("%s lies in %s", f, t.net.String())
	case opNumber:
		return text.M("%s %s %s", f, t.cmp.String(), strconv.FormatFloat(t.num, 'g', -1, 64))
	case opTime:
		return text.M("%s of %s %s %s", t.unit, f, t.cmp.String(), strconv.FormatFloat(t.num, 'g', -1, 64))
	case opExists:
		return text.M("%s is there", f)
	case opNull:
		return text.M("%s is missing or empty", f)
	}
	return text.Literal(t.String())
}
