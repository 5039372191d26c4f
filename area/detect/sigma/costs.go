package sigma

import (
	"cmp"
	"slices"
	"time"
)

// RuleCost is what one rule took while a Matcher was measured.
type RuleCost struct {
	Rule      *Rule
	Evaluated int // events for which something of the rule had to be looked at
	Matched   int
	Time      time.Duration
}

// TestCost is what one question to a field took, which several rules may ask.
type TestCost struct {
	Test      string
	Rules     int // that ask it
	Evaluated int // events for which it was not answered by an index
	Held      int
	Time      time.Duration
}

// costs is what a Matcher notes when it is measured.
type costs struct {
	now   func() time.Duration
	empty time.Duration // what asking the time takes
	rules []RuleCost
	tests []TestCost
}

// Measure makes the Matcher note from now on what rules and tests take, by a
// stopwatch. It is slower for it, and no faster way is taken that would hide
// something.
func (m *Matcher) Measure(stopwatch func() time.Duration) {
	c := &costs{now: stopwatch, rules: make([]RuleCost, len(m.e.rules)), tests: make([]TestCost, len(m.e.tests))}
	const rounds = 1000
	began := c.now()
	for range rounds {
		c.now()
	}
	c.empty = (c.now() - began) / rounds
	m.costs = c
}

// Costs returns what was noted since Measure, the dearest first, without what
// was never evaluated.
func (m *Matcher) Costs() ([]RuleCost, []TestCost) {
	if m.costs == nil {
		return nil, nil
	}
	asked := make([]map[int32]bool, len(m.e.tests))
	var walk func(n *enode, rule int32)
	walk = func(n *enode, rule int32) {
		if n.kind == kindTest {
			if asked[n.test] == nil {
				asked[n.test] = map[int32]bool{}
			}
			asked[n.test][rule] = true
		}
		for _, k := range n.kids {
			walk(k, rule)
		}
	}
	for _, v := range m.e.variants {
		walk(v.root, v.rule)
	}
	var rules []RuleCost
	for i, r := range m.costs.rules {
		if r.Evaluated > 0 {
			r.Rule = m.e.rules[i]
			rules = append(rules, r)
		}
	}
	var tests []TestCost
	for i, t := range m.costs.tests {
		if t.Evaluated > 0 {
			t.Test, t.Rules = m.e.tests[i].String(), len(asked[i])
			tests = append(tests, t)
		}
	}
	slices.SortStableFunc(rules, func(a, b RuleCost) int { return cmp.Compare(b.Time, a.Time) })
	slices.SortStableFunc(tests, func(a, b TestCost) int { return cmp.Compare(b.Time, a.Time) })
	return rules, tests
}

// test answers a test and notes what it took.
func (c *costs) test(n int32, t *ctest, e *event) bool {
	began := c.now()
	ok := t.holds(e)
	x := &c.tests[n]
	x.Time += max(0, c.now()-began-c.empty)
	x.Evaluated++
	if ok {
		x.Held++
	}
	return ok
}

// rule evaluates a rule and notes what it took, its tests included.
func (c *costs) rule(m *Matcher, v variant) bool {
	began := c.now()
	ok := m.eval(v.root)
	x := &c.rules[v.rule]
	x.Time += max(0, c.now()-began-c.empty)
	x.Evaluated++
	if ok {
		x.Matched++
	}
	return ok
}

// Looking says how many rules look at the event that was matched last.
func (m *Matcher) Looking() int { return len(m.p.variants) }
