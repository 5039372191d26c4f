package sigma

import (
	"fmt"
	"slices"
	"strings"
)

// Linked is a correlation whose rules are found.
type Linked struct {
	*Correlation
	Parts []Part // as Rules of the correlation, in its order
}

// Part is one of the rules that a correlation joins: a rule, or another
// correlation.
type Part struct {
	Ref         string // id or name as written
	Rule        *Rule
	Correlation *Linked
}

// ID is that of the rule or correlation; where it has none, its name.
func (p Part) ID() string {
	if p.Rule != nil {
		return either(p.Rule.ID, p.Rule.Name)
	}
	return either(p.Correlation.ID, p.Correlation.Name)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Title is that of the rule or correlation.
func (p Part) Title() string {
	if p.Rule != nil {
		return p.Rule.Title
	}
	return p.Correlation.Title
}

// Field is the name under which hits of a part hold what the correlation calls
// name.
func (c *Correlation) Field(part int, name string) string {
	if f := c.Aliases[name][c.Rules[part]]; f != "" {
		return f
	}
	return name
}

// Link finds the rules that correlations refer to, by id or name, among rules
// and other correlations. What it returns is in an order in which each comes
// after those it refers to. A correlation whose rules can't all be found, that
// refers to itself in a circle, or to one that can't be used, is left out and
// named; nothing else is touched by it.
func Link(rules []*Rule, correlations []*Correlation) ([]*Linked, []Problem) {
	type target struct {
		rule *Rule
		corr *Correlation
	}
	byRef := map[string][]target{}
	put := func(t target, refs ...string) {
		for i, r := range refs {
			if r != "" && !(i > 0 && r == refs[0]) {
				byRef[r] = append(byRef[r], t)
			}
		}
	}
	for _, r := range rules {
		put(target{rule: r}, r.ID, r.Name)
	}
	for _, c := range correlations {
		put(target{corr: c}, c.ID, c.Name)
	}
	var problems []Problem
	done := map[*Correlation]*Linked{}
	bad := map[*Correlation]bool{}
	var out []*Linked
	var path []*Correlation
	var visit func(c *Correlation) *Linked
	visit = func(c *Correlation) *Linked {
		if l := done[c]; l != nil || bad[c] {
			return l
		}
		fail := func(format string, args ...any) *Linked {
			if !bad[c] {
				problems = append(problems, Problem{File: c.File, Line: c.Line, Rule: c.ID, Title: c.Title, Text: fmt.Sprintf(format, args...)})
			}
			bad[c] = true
			return nil
		}
		if i := slices.Index(path, c); i >= 0 {
			var names []string
			for _, p := range append(path[i:len(path):len(path)], c) {
				names = append(names, p.who())
			}
			for _, p := range path[i:] {
				if p != c && !bad[p] {
					bad[p] = true
					problems = append(problems, Problem{File: p.File, Line: p.Line, Rule: p.ID, Title: p.Title, Text: "refers to itself in a circle: " + strings.Join(names, " → ")})
				}
			}
			return fail("refers to itself in a circle: %s", strings.Join(names, " → "))
		}
		path = append(path, c)
		defer func() { path = path[:len(path)-1] }()
		l := &Linked{Correlation: c}
		for _, ref := range c.Rules {
			found := byRef[ref]
			switch {
			case len(found) == 0:
				return fail("there is no rule %s, or it could not be loaded", ref)
			case len(found) > 1:
				return fail("%s is the name of %d rules", ref, len(found))
			}
			p := Part{Ref: ref, Rule: found[0].rule}
			if p.Rule == nil {
				if p.Correlation = visit(found[0].corr); p.Correlation == nil {
					return fail("the correlation %s it refers to cannot be used", ref)
				}
			}
			l.Parts = append(l.Parts, p)
		}
		if bad[c] { // part of a circle that was found below
			return nil
		}
		done[c] = l
		out = append(out, l)
		return l
	}
	for _, c := range correlations {
		visit(c)
	}
	return out, problems
}

func (c *Correlation) who() string {
	for _, s := range []string{c.Name, c.ID} {
		if s != "" {
			return s
		}
	}
	return c.Title
}

// Silent are the rules and correlations that raise no alerts of their own:
// those that a correlation refers to, unless one of them says generate: true.
func Silent(linked []*Linked) map[string]bool {
	out := map[string]bool{}
	for _, l := range linked {
		for _, p := range l.Parts {
			out[p.ID()] = true
		}
	}
	for _, l := range linked {
		if l.Generate {
			for _, p := range l.Parts {
				delete(out, p.ID())
			}
		}
	}
	return out
}

// Below are a correlation and those that it is made of, each after its own, and
// the rules of single events at the bottom.
func (c *Linked) Below() (linked []*Linked, leaves []*Rule) {
	var walk func(c *Linked)
	walk = func(c *Linked) {
		if slices.Contains(linked, c) {
			return
		}
		for _, p := range c.Parts {
			switch {
			case p.Correlation != nil:
				walk(p.Correlation)
			case !slices.Contains(leaves, p.Rule):
				leaves = append(leaves, p.Rule)
			}
		}
		linked = append(linked, c)
	}
	walk(c)
	return linked, leaves
}
