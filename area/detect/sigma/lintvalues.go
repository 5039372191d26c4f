package sigma

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"yagura/kernel/text"
)

// blocks looks at the search blocks and how the condition uses them.
func (l *linter) blocks() {
	r := l.rule
	same := map[string]string{}
	filters := 0
	for _, s := range r.searches {
		if !s.used && !strings.HasPrefix(s.name, "_") {
			l.add(s.line, "unused-search", Warning, text.M("the condition does not use %s", s.name))
		}
		key := treeKey(s.node)
		if first, ok := same[key]; ok {
			l.add(s.line, "search-duplicate", Warning, text.M("%s looks for the same as %s", s.name, first))
		} else {
			same[key] = s.name
		}
		if strings.HasPrefix(s.name, "filter") {
			filters++
		}
	}
	words := strings.Fields(strings.ToLower(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(r.Condition)))
	for i, w := range words {
		if w != "of" || i == 0 || i+1 >= len(words) {
			continue
		}
		n := 0
		for _, s := range r.searches {
			name := strings.ToLower(s.name)
			if words[i+1] == "them" && !strings.HasPrefix(name, "_") || words[i+1] != "them" && matchPattern([]byte(name), readPattern(words[i+1])) {
				n++
			}
		}
		if words[i+1] == "them" && filters > 0 && filters < len(r.searches) {
			l.add(r.Line, "them-with-filter", Warning, text.M("\"%s of them\" takes the filters for what is looked for", words[i-1]))
		}
		if n == 1 && words[i-1] == "all" && words[i+1] == "them" {
			l.add(r.Line, "of-single", Note, text.M("\"%s of %s\" names a single search block", words[i-1], words[i+1]))
		}
	}
}

// values looks at single values.
func (l *linter) values() {
	walkTests(l.rule.root, func(t *test) {
		switch t.op {
		case opRegex:
			l.regex(t)
		case opEq:
			if t.lit == "" && t.field == "" {
				l.add(t.line, "empty-value", Grave, text.M("an empty keyword"))
			}
		case opContains, opPrefix, opSuffix:
			if t.lit == "" {
				l.add(t.line, "empty-value", Warning, text.M("%s holds for every value", t.String()))
			}
		case opAny:
			if t.field == "" {
				l.add(t.line, "empty-value", Grave, text.M("a keyword of wildcards alone holds for every event"))
			}
		case opWild:
			for i := 1; i < len(t.parts); i++ {
				if t.parts[i].kind == partAny && t.parts[i-1].kind == partAny {
					l.add(t.line, "wildcard-double", Note, text.M("two wildcards * in a row mean the same as one"))
				}
			}
		}
	})
}

var flagged = regexp.MustCompile(`(?s)^\(\?[ims]+:(.*)\)$`)

func (l *linter) regex(t *test) {
	src := t.re.String()
	if len(t.need) == 0 && t.dots == 0 && t.run.n == 0 {
		l.add(t.line, "regex-cost", Warning, text.M("/%s/ contains no text that must occur, so it runs on every value of %s", src, t.field))
	}
	if m := flagged.FindStringSubmatch(src); m != nil { // flags that the modifiers put around it
		src = m[1]
	}
	if strings.HasPrefix(src, ".*") || strings.HasSuffix(src, ".*") && !strings.HasSuffix(src, `\.*`) {
		l.add(t.line, "regex-padded", Note, text.M(".* at an end of a regular expression changes nothing: it is looked for anywhere in the value"))
	}
	re, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return
	}
	if re.Op == syntax.OpLiteral {
		l.add(t.line, "regex-plain", Note, text.M("/%s/ is a plain text; the modifier contains says the same and is quicker", src))
	}
	if re.Op == syntax.OpStar || re.Op == syntax.OpEmptyMatch || re.Op == syntax.OpQuest {
		l.add(t.line, "regex-empty", Grave, text.M("/%s/ also matches nothing at all, so it holds for every value", src))
	}
	if globbed(re) {
		l.add(t.line, "regex-wildcard", Warning, text.M("* and ? in /%s/ repeat the character before them; they are no wildcards in a regular expression", src))
	}
}

// globbed tells whether a regular expression is made of plain letters and of
// repeated plain letters alone, as who means wildcards writes it.
func globbed(re *syntax.Regexp) bool {
	if re.Op != syntax.OpConcat {
		return false
	}
	stars := 0
	for _, k := range re.Sub {
		switch {
		case k.Op == syntax.OpLiteral:
		case (k.Op == syntax.OpStar || k.Op == syntax.OpQuest) && k.Sub[0].Op == syntax.OpLiteral:
			stars++
		default:
			return false
		}
	}
	return stars > 0
}

// tree finds alternatives that another makes superfluous.
func (l *linter) tree(n *node, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	for _, k := range n.kids {
		l.tree(k, seen)
	}
	if n.kind != kindOr && n.kind != kindAnd {
		return
	}
	keys := map[string]*test{}
	var tests []*test
	for _, k := range n.kids {
		if k.kind != kindTest || k.test.op == opExpand {
			continue
		}
		key := k.test.key()
		if keys[key] != nil {
			l.add(k.test.line, "repeated-value", Warning, text.M("%s is given twice; capital and small letters are the same", k.test.String()))
			continue
		}
		keys[key] = k.test
		tests = append(tests, k.test)
	}
	if len(tests) > 400 {
		return // pairs would take too long
	}
	for i, a := range tests {
		for j, b := range tests {
			if i == j || !implies(a, b) {
				continue
			}
			if n.kind == kindOr {
				l.add(a.line, "dead-clause", Note, text.M("%s changes nothing: %s holds whenever it does", a.String(), b.String()))
			} else {
				l.add(b.line, "dead-clause", Note, text.M("%s changes nothing: %s demands more", b.String(), a.String()))
			}
			break
		}
	}
}

// implies reports whether b holds whenever a does, for literals on one field
// compared alike.
func implies(a, b *test) bool {
	if a.field != b.field || a.cased != b.cased || a.op > opSuffix || b.op > opSuffix {
		return false
	}
	switch b.op {
	case opContains:
		return strings.Contains(a.lit, b.lit)
	case opPrefix:
		return (a.op == opEq || a.op == opPrefix) && strings.HasPrefix(a.lit, b.lit)
	case opSuffix:
		return (a.op == opEq || a.op == opSuffix) && strings.HasSuffix(a.lit, b.lit)
	}
	return a.op == opEq && a.lit == b.lit
}

// logic finds parts of the condition that can't hold or can't matter.
func (l *linter) logic() {
	sums := disjuncts(l.rule.root, 200)
	if sums == nil {
		return
	}
	for i, c := range sums {
		if a, b := contradiction(c); a != nil {
			if len(sums) == 1 {
				l.add(b.test.line, "contradiction", Grave, text.M("%s and %s can't both hold for one value: the rule never matches", a.say(), b.say()))
			} else {
				l.add(b.test.line, "dead-branch", Warning, text.M("%s and %s can't both hold for one value: this way to match is never taken", a.say(), b.say()))
			}
			continue
		}
		for j, d := range sums {
			if i != j && len(d) < len(c) && covers(d, c) {
				l.add(c[0].test.line, "unreachable", Warning, text.M("a part of the condition adds nothing: whenever it holds, a simpler one holds as well"))
				break
			}
		}
	}
	l.filters()
}

// literal is a test or its opposite.
type literal struct {
	*test
	not bool
}

func (x literal) say() string {
	if x.not {
		return "not " + x.test.String()
	}
	return x.test.String()
}

// opaque is what stands for a part of a condition that is not taken apart.
func opaque(n *node) *test {
	line := 0
	walkTests(n, func(t *test) {
		if line == 0 {
			line = t.line
		}
	})
	return &test{op: opExpand, lit: treeKey(n), line: line}
}

// disjuncts are the ways in which a condition can hold, each a list of tests; a
// list of values of one field stays whole. nil where there are more than most.
func disjuncts(n *node, most int) [][]literal {
	switch n.kind {
	case kindTest:
		return [][]literal{{{test: n.test}}}
	case kindNot:
		if k := n.kids[0]; k.kind == kindTest {
			return [][]literal{{{k.test, true}}}
		}
		return [][]literal{{{opaque(n.kids[0]), true}}}
	case kindOr:
		if len(n.kids) > 1 && !slices.ContainsFunc(n.kids, func(k *node) bool { return k.kind != kindTest }) {
			return [][]literal{{{test: opaque(n)}}}
		}
		var out [][]literal
		for _, k := range n.kids {
			d := disjuncts(k, most)
			if d == nil || len(out)+len(d) > most {
				return nil
			}
			out = append(out, d...)
		}
		return out
	}
	out := [][]literal{nil}
	for _, k := range n.kids {
		d := disjuncts(k, most)
		if d == nil || len(out)*len(d) > most {
			return nil
		}
		var next [][]literal
		for _, a := range out {
			for _, b := range d {
				next = append(next, append(slices.Clone(a), b...))
			}
		}
		out = next
	}
	return out
}

// covers tells whether d holds whenever c does: all it asks is asked there.
func covers(d, c []literal) bool {
	for _, x := range d {
		if !slices.ContainsFunc(c, func(y literal) bool { return x.not == y.not && x.key() == y.key() }) {
			return false
		}
	}
	return true
}

// contradiction is a pair that can't hold at once for a field with one value.
func contradiction(c []literal) (a, b *literal) {
	if len(c) > 300 {
		return nil, nil
	}
	for i := range c {
		for j := i + 1; j < len(c); j++ {
			if clash(c[i], c[j]) {
				return &c[i], &c[j]
			}
		}
	}
	return nil, nil
}

func clash(a, b literal) bool {
	if a.not != b.not {
		if a.not {
			a, b = b, a
		}
		return a.key() == b.key() || a.op != opExpand && b.op != opExpand && a.field != "" && implies(a.test, b.test)
	}
	if a.not || a.field != b.field || a.field == "" || a.op == opExpand || b.op == opExpand {
		return false
	}
	if a.op > b.op {
		a, b = b, a
	}
	if b.op == opNull && a.op != opNull && a.op != opExists {
		return true
	}
	if a.op > opSuffix || b.op > opSuffix || a.cased != b.cased {
		return a.op == opNumber && b.op == opNumber && apart(a.test, b.test)
	}
	switch {
	case a.op == opEq && b.op == opEq:
		return a.lit != b.lit
	case a.op == opEq && b.op == opContains:
		return !strings.Contains(a.lit, b.lit)
	case a.op == opEq && b.op == opPrefix:
		return !strings.HasPrefix(a.lit, b.lit)
	case a.op == opEq && b.op == opSuffix:
		return !strings.HasSuffix(a.lit, b.lit)
	case a.op == opPrefix && b.op == opPrefix:
		return !strings.HasPrefix(a.lit, b.lit) && !strings.HasPrefix(b.lit, a.lit)
	case a.op == opSuffix && b.op == opSuffix:
		return !strings.HasSuffix(a.lit, b.lit) && !strings.HasSuffix(b.lit, a.lit)
	}
	return false
}

// apart tells whether no number satisfies both.
func apart(a, b *test) bool {
	for _, n := range []float64{a.num, b.num, a.num - 0.5, a.num + 0.5, b.num - 0.5, b.num + 0.5} {
		if a.cmp.holds(n, a.num) && b.cmp.holds(n, b.num) {
			return false
		}
	}
	return true
}

// filters finds filters that can never take anything away: in every way in
// which the rest holds they can't.
func (l *linter) filters() {
	if l.rule.root.kind != kindAnd {
		return
	}
	var rest []*node
	var nots []*node
	for _, k := range l.rule.root.kids {
		if k.kind == kindNot {
			nots = append(nots, unname(k.kids[0]))
		} else {
			rest = append(rest, k)
		}
	}
	base := disjuncts(and(rest...), 100)
	if base == nil || len(rest) == 0 {
		return
	}
	for _, n := range nots {
		alternatives := []*node{n}
		if n.kind == kindOr {
			alternatives = n.kids
		}
		for _, f := range alternatives {
			d := disjuncts(f, 50)
			if len(d) == 0 {
				continue
			}
			possible := false
			for _, x := range base {
				for _, y := range d {
					if a, _ := contradiction(append(slices.Clone(x), y...)); a == nil {
						possible = true
					}
				}
			}
			if !possible {
				name := blockName(f)
				if name == "" {
					name = d[0][0].test.String()
				}
				l.add(d[0][0].test.line, "dead-filter", Warning, text.M("the filter %s never takes anything away: it can't hold together with what is looked for", name))
			}
		}
	}
}

func unname(n *node) *node {
	for n.kind == kindAnd && len(n.kids) == 1 && n.name == "" {
		n = n.kids[0]
	}
	return n
}

func blockName(n *node) string {
	for n != nil {
		if n.name != "" {
			return n.name
		}
		if n.kind == kindTest || len(n.kids) != 1 {
			return ""
		}
		n = n.kids[0]
	}
	return ""
}

func (l *linter) trigger() {
	hasExpand := false
	walkTests(l.rule.root, func(t *test) { hasExpand = hasExpand || t.op == opExpand })
	if hasExpand {
		return // known only with the site's values
	}
	e, problems := Compile([]*Rule{l.rule}, l.m, Options{})
	if len(problems) > 0 {
		return
	}
	if _, _, ok := e.clause(e.variants[0].root); !ok {
		l.add(l.rule.Line, "no-trigger", Warning, text.M("no value has to be there for the rule to match, so it is evaluated for every event of its log source"))
	}
}
