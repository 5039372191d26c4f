package sigma

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Matcher matches events one after the other. It is not for use by several
// goroutines at once; an [Engine] gives out any number.
type Matcher struct {
	e        *Engine
	ev       event
	memo     []uint32 // per test: epoch*2 + answer
	stamp    uint32
	fired    []uint32 // per hook of the program
	marked   []uint32 // per variant
	hitRule  []uint32 // per rule
	cand     []int32
	routes   map[string]*program
	routeKey []byte
	p        *program

	costs *costs // nil: not measured

	// Candidates counts rules that were evaluated, for measuring.
	Candidates uint64
}

// Hit is a rule that matched.
type Hit struct {
	Rule *Rule
	// Fields are the fields and values that made it match, in the order of the
	// condition. A keyword has the field "". Values are cut after 4096 bytes.
	Fields []Matched
}

// Matched is one field with the value that satisfied a test.
type Matched struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

const maxShown = 4096

// NewMatcher returns a matcher for one goroutine.
func (e *Engine) NewMatcher() *Matcher {
	return &Matcher{e: e, ev: event{patterns: e.patterns, dfas: make([]*dfa, len(e.patterns))}, memo: make([]uint32, len(e.tests)), marked: make([]uint32, len(e.variants)),
		hitRule: make([]uint32, len(e.rules)), routes: map[string]*program{}}
}

// Match returns the rules that match one event, in the order in which they were
// compiled. The hint names the log source when the caller knows it; without
// one the event is told by what stands in it. The error is a [*NotJSON]; then
// nothing matched. raw is not kept.
func (m *Matcher) Match(raw []byte, hint LogSource) ([]Hit, error) {
	rules, err := m.match(raw, hint)
	if err != nil || len(rules) == 0 {
		return nil, err
	}
	hits := make([]Hit, len(rules))
	for i, v := range rules {
		hits[i] = Hit{Rule: m.e.rules[m.e.variants[v].rule], Fields: m.matched(m.e.variants[v].root, nil)}
	}
	return hits, nil
}

// match returns the variants that hold, one for each rule.
func (m *Matcher) match(raw []byte, hint LogSource) ([]int32, error) {
	if err := m.read(raw, hint); err != nil {
		return nil, err
	}
	p := m.p
	m.cand = m.cand[:0]
	for _, v := range p.always {
		m.mark(v)
	}
	for _, f := range m.ev.met {
		if ix := p.byField[f]; ix != nil {
			m.lookUp(ix, f)
		}
	}
	if p.search != nil {
		if m.ev.hasEscapes() {
			for _, hooks := range p.onSearch {
				for _, h := range hooks {
					m.fire(h, false)
				}
			}
		} else {
			p.search.run(raw, func(n int32) {
				for _, h := range p.onSearch[n] {
					m.fire(h, false)
				}
			})
		}
	}
	for _, h := range p.texts {
		m.fire(h, false)
	}
	m.Candidates += uint64(len(m.cand))
	var out []int32
	for _, v := range m.cand {
		x := m.e.variants[v]
		r := x.rule
		if m.hitRule[r] == m.stamp {
			continue
		}
		holds := false
		if m.costs == nil {
			holds = m.eval(x.root)
		} else {
			holds = m.costs.rule(m, x)
		}
		if holds {
			m.hitRule[r] = m.stamp
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b int32) int { return int(m.e.variants[a].rule - m.e.variants[b].rule) })
	return out, nil
}

// read scans the event and chooses its program.
func (m *Matcher) read(raw []byte, hint LogSource) error {
	m.ev.reset(raw, len(m.e.fields.names))
	if err := m.ev.scan(m.e.fields.root); err != nil {
		return err
	}
	if m.stamp++; m.stamp >= 1<<31 {
		clear(m.memo)
		clear(m.fired)
		clear(m.marked)
		clear(m.hitRule)
		m.stamp = 1
	}
	m.routeKey = m.e.router.key(m.routeKey[:0], &m.ev, hint)
	p, ok := m.routes[string(m.routeKey)]
	if !ok {
		p = m.e.program(m.e.router.held(&m.ev, hint), hint)
		if len(m.routes) >= 4096 {
			clear(m.routes)
		}
		m.routes[string(m.routeKey)] = p
	}
	m.p = p
	if len(m.fired) < len(p.hooks) {
		m.fired = make([]uint32, len(p.hooks)+64)
	}
	return nil
}

// program returns the compiled rules for a class. Classes are built when first
// met; what they hold depends on the rules and the mapping alone.
func (e *Engine) program(held []int32, hint LogSource) *program {
	var key []byte
	for _, h := range held {
		key = binary.LittleEndian.AppendUint32(key, uint32(h))
	}
	key = append(key, hint.Product+"\x00"+hint.Category+"\x00"+hint.Service...)
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.programs[string(key)]; p != nil {
		return p
	}
	var variants []int32
	for r, rule := range e.rules {
		own := rule.LogSource.IsZero() || !hint.IsZero() && rule.LogSource.covers(hint)
		var aliased []int32
		for _, h := range held {
			if !rule.LogSource.covers(e.mapping.sources[h].LogSource) {
				continue
			}
			v := e.variantFor(r, h)
			if e.variants[v].alias < 0 {
				own = true
			} else {
				aliased = append(aliased, v)
			}
		}
		if own {
			variants = append(variants, e.byRule[r][0])
		}
		variants = append(variants, aliased...)
	}
	p := e.build(variants)
	if len(e.programs) < maxPrograms {
		e.programs[string(key)] = p
	}
	return p
}

// maxPrograms bounds what callers with ever new hints could make an engine
// keep; every mapping has far fewer classes.
const maxPrograms = 4096

func (e *Engine) variantFor(rule int, source int32) int32 {
	for _, v := range e.byRule[rule] {
		if e.variants[v].alias == source {
			return v
		}
	}
	return e.byRule[rule][0]
}

func (m *Matcher) mark(v int32) {
	if m.marked[v] != m.stamp {
		m.marked[v] = m.stamp
		m.cand = append(m.cand, v)
	}
}

// fire makes the rules of a hook candidates if its test holds.
func (m *Matcher) fire(h int32, sure bool) {
	if m.fired[h] == m.stamp {
		return
	}
	k := &m.p.hooks[h]
	if sure {
		m.memo[k.test] = m.stamp<<1 | 1
	} else if !m.holds(k.test) {
		return
	}
	m.fired[h] = m.stamp
	for _, v := range k.rules {
		m.mark(v)
	}
}

func (m *Matcher) lookUp(ix *fieldIndex, f int32) {
	e := &m.ev
	for _, h := range ix.direct {
		m.fire(h, false)
	}
	for i := e.first[f]; i >= 0; i = e.values[i].next {
		v := &e.values[i]
		if v.null {
			continue
		}
		low := e.folded(v)
		for _, h := range ix.any {
			m.fire(h, true)
		}
		for _, h := range ix.equal.find(low) {
			m.fire(h, true)
		}
		if ix.tails.lengths != 0 {
			for _, h := range ix.tails.find(lastPart(low)) {
				m.fire(h, true)
			}
		}
		for _, g := range ix.grams {
			m.search(ix, g, low)
		}
		for _, n := range ix.letter {
			m.letter(ix, n, low)
		}
		if !v.ascii {
			for _, g := range ix.wide {
				m.search(ix, g, low)
			}
			for _, h := range ix.beyond {
				m.fire(h, false)
			}
		}
	}
}

// search fires the hooks of the literals that stand in a folded value.
func (m *Matcher) search(ix *fieldIndex, g *grams, low []byte) {
	for i := 0; ; i += g.stride {
		k, x := g.next(low, i)
		if k < 0 {
			return
		}
		i = k
		for _, at := range g.near(x) {
			l := &ix.lits[at.lit]
			start := i - int(at.off)
			end := start + len(l.text)
			if start >= 0 && end <= len(low) && string(low[start:end]) == l.text {
				m.found(l, start > 0, end < len(low))
			}
		}
	}
}

// letter is search for a literal of one byte.
func (m *Matcher) letter(ix *fieldIndex, n int32, low []byte) {
	l := &ix.lits[n]
	if bytes.IndexByte(low, l.text[0]) < 0 {
		return
	}
	m.found(l, low[0] != l.text[0], low[len(low)-1] != l.text[0])
}

func (m *Matcher) found(l *indexLit, before, after bool) {
	for _, u := range l.uses {
		if u.op == opPrefix && before || u.op == opSuffix && after {
			continue
		}
		m.fire(u.hook, u.sure)
	}
}

// holds answers a test, at most once for an event.
func (m *Matcher) holds(t int32) bool {
	if k := m.memo[t]; k>>1 == m.stamp {
		return k&1 == 1
	}
	ok := false
	if m.p.known[t>>6]>>(t&63)&1 == 0 {
		if m.costs == nil {
			ok = m.e.tests[t].holds(&m.ev)
		} else {
			ok = m.costs.test(t, m.e.tests[t], &m.ev)
		}
	}
	k := m.stamp << 1
	if ok {
		k |= 1
	}
	m.memo[t] = k
	return ok
}

func (m *Matcher) eval(n *enode) bool {
	switch n.kind {
	case kindTest:
		return m.holds(n.test)
	case kindNot:
		return !m.eval(n.kids[0])
	case kindAnd:
		for _, k := range n.kids {
			if !m.eval(k) {
				return false
			}
		}
		return true
	}
	for _, k := range n.kids {
		if m.eval(k) {
			return true
		}
	}
	return false
}

// matched collects what made a tree hold.
func (m *Matcher) matched(n *enode, out []Matched) []Matched {
	switch n.kind {
	case kindTest:
		t := m.e.tests[n.test]
		if !m.holds(n.test) || t.op == opNull {
			return out
		}
		f, v := m.satisfied(t)
		for _, o := range out {
			if o.Field == f && o.Value == v {
				return out
			}
		}
		return append(out, Matched{Field: f, Value: v})
	case kindNot:
		return out
	}
	for _, k := range n.kids {
		if m.eval(k) {
			out = m.matched(k, out)
		}
	}
	return out
}

// satisfied returns the value for which a test that holds does so.
func (m *Matcher) satisfied(t *ctest) (field, shown string) {
	e := &m.ev
	cut := func(b []byte) string { return string(b[:min(len(b), maxShown)]) }
	if t.num < 0 {
		for i, v := range e.everyText() {
			if t.op == opRegex && t.re.Match(v) || t.cased && t.textHolds(v, false) || !t.cased && t.op != opRegex && t.textHolds(e.foldedText(i, v), false) {
				return "", cut(v)
			}
		}
		return "", ""
	}
	if e.present(t.num) {
		for i := e.first[t.num]; i >= 0; i = e.values[i].next {
			v := &e.values[i]
			if t.op == opExists || !v.null && t.valueHolds(e, v) {
				return t.field, cut(e.text(v))
			}
		}
	}
	return t.field, ""
}
