package sigma

import (
	"fmt"
	"strings"
)

// Finding is one doubtful thing in a rule that does load.
type Finding struct {
	Line int // in the rule's file, 0: the rule as a whole
	// Check names what found it: no-trigger, no-source, unused-search,
	// regex-cost, dead-clause, repeated-value, empty-value,
	// level, id.
	Check string
	Text  string
}

var levels = map[string]bool{"": true, "informational": true, "low": true, "medium": true, "high": true, "critical": true}

// Lint looks for what is probably not meant or costs more than it needs. It
// only reports what is certain from the rule itself; a nil mapping is
// [DefaultMapping].
func Lint(r *Rule, m *Mapping) []Finding {
	if m == nil {
		m = DefaultMapping()
	}
	var out []Finding
	add := func(line int, check, format string, args ...any) {
		out = append(out, Finding{Line: line, Check: check, Text: fmt.Sprintf(format, args...)})
	}
	if r.ID == "" {
		add(r.Line, "id", "the rule has no id: alerts and exclusions cannot name it")
	}
	if !levels[r.Level] {
		add(r.Line, "level", "level %q is none of informational, low, medium, high, critical", r.Level)
	}
	if !m.Knows(r.LogSource) {
		add(r.Line, "no-source", "no log source is mapped to %s: only events that are sent as such meet the rule", r.LogSource)
	}
	for _, s := range r.searches {
		if !s.used && !strings.HasPrefix(s.name, "_") {
			add(s.line, "unused-search", "the condition does not use %s", s.name)
		}
	}
	walkTests(r.root, func(t *test) {
		switch {
		case t.op == opRegex && len(t.need) == 0 && t.dots == 0:
			add(t.line, "regex-cost", "/%s/ contains no text that must occur, so it runs on every value of %s", t.re, t.field)
		case t.op == opEq && t.lit == "" && t.field == "":
			add(t.line, "empty-value", "an empty keyword")
		case t.op == opAny && t.field == "":
			add(t.line, "empty-value", "a keyword of wildcards alone holds for every event")
		}
	})
	lintTree(r.root, map[*node]bool{}, add)
	if findings := lintTrigger(r, m); findings != "" {
		add(r.Line, "no-trigger", "%s", findings)
	}
	return out
}

func lintTrigger(r *Rule, m *Mapping) string {
	n := r.root
	hasExpand := false
	walkTests(n, func(t *test) { hasExpand = hasExpand || t.op == opExpand })
	if hasExpand {
		return "" // known only with the site's values
	}
	e, problems := Compile([]*Rule{r}, m, Options{})
	if len(problems) > 0 {
		return ""
	}
	if _, _, ok := e.clause(e.variants[0].root); !ok {
		return "no value has to be there for the rule to match, so it is evaluated for every event of its log source"
	}
	return ""
}

// lintTree finds alternatives that another makes superfluous and pairs that
// contradict each other.
func lintTree(n *node, seen map[*node]bool, add func(int, string, string, ...any)) {
	if seen[n] {
		return
	}
	seen[n] = true
	for _, k := range n.kids {
		lintTree(k, seen, add)
	}
	if n.kind != kindOr && n.kind != kindAnd {
		return
	}
	keys := map[string]bool{}
	var tests []*test
	for _, k := range n.kids {
		if k.kind != kindTest || k.test.op == opExpand {
			continue
		}
		key := k.test.key()
		if keys[key] {
			add(k.test.line, "repeated-value", "%s is given twice", k.test)
			continue
		}
		keys[key] = true
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
				add(a.line, "dead-clause", "%s changes nothing: %s holds whenever it does", a, b)
			} else {
				add(b.line, "dead-clause", "%s changes nothing: %s demands more", b, a)
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
	return false
}
