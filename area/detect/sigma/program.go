package sigma

import (
	"math"
	"slices"
	"unicode/utf8"
)

// program is the rules that look at one class of events, with the indexes that
// find those of them which the event could match.
type program struct {
	variants []int32
	always   []int32 // without a positive test that must hold
	hooks    []hook
	byField  []*fieldIndex
	known    []uint64 // tests that hold only if their hook was fired
	texts    []int32  // hooks on any value that no search can find
	search   *rawSearch
	onSearch [][]int32 // hooks by literal of search
}

// hook is a test that, when it holds, makes rules candidates.
type hook struct {
	test  int32
	rules []int32 // variants
}

// fieldIndex finds by a value of a field which tests hold for it.
type fieldIndex struct {
	equal  table // value → hooks
	tails  table // last part of a path → hooks
	lits   []indexLit
	grams  []*grams // by which lits are found
	wide   []*grams // those of lits beyond ASCII
	letter []int32  // lits of one byte
	direct []int32  // hooks whose test is evaluated whenever the field is there
	beyond []int32  // hooks whose test is evaluated for values beyond ASCII
	any    []int32  // hooks that hold for every value

	pending map[string]int // literal → number in lits, while building
}

type indexLit struct {
	text string
	uses []litUse
}

// litUse is what finding a literal means to a hook.
type litUse struct {
	hook int32
	op   op   // where it has to stand
	sure bool // the test holds; otherwise it is evaluated
}

// arrange puts the literals under grams, by length.
func (f *fieldIndex) arrange() {
	f.pending = nil
	f.grams, f.wide, f.letter = arrange(len(f.lits), func(i int) string { return f.lits[i].text })
}

func arrange(n int, text func(int) string) (ascii, wide []*grams, letter []int32) {
	var groups [2][4][]stretch // by beyond ASCII, by length
	for i := range n {
		s := stretch{int32(i), text(i)}
		w := 0
		for k := 0; k < len(s.text); k++ {
			if s.text[k] >= utf8.RuneSelf {
				w = 1
				break
			}
		}
		switch l := len(s.text); {
		case l == 1:
			letter = append(letter, int32(i))
		case l < 3:
			groups[w][0] = append(groups[w][0], s)
		case l < 5:
			groups[w][1] = append(groups[w][1], s)
		case l < 7:
			groups[w][2] = append(groups[w][2], s)
		default:
			groups[w][3] = append(groups[w][3], s)
		}
	}
	for w, out := range []*[]*grams{&ascii, &wide} {
		for i, size := range []int{2, 4} {
			few, many := groups[w][2*i], groups[w][2*i+1]
			// One pass with the narrower grid costs less than two passes.
			switch {
			case len(few) > 0:
				*out = append(*out, newGrams(append(few, many...), size, 1+i, 0))
			case len(many) > 0:
				*out = append(*out, newGrams(many, size, 2+2*i, 0))
			}
		}
	}
	return ascii, wide, letter
}

// clause chooses the positive tests of which at least one must hold for the
// tree to hold, with the chance that one does. None: there is no such set.
func (e *Engine) clause(n *enode) (tests []int32, chance float64, ok bool) {
	switch n.kind {
	case kindTest:
		t := e.tests[n.test]
		if t.op == opNull {
			return nil, 1, false
		}
		return []int32{n.test}, t.chance, true
	case kindAnd:
		best := math.Inf(1)
		for _, k := range n.kids {
			if t, c, has := e.clause(k); has && c+0.0001*float64(len(t)) < best {
				tests, chance, ok, best = t, c, true, c+0.0001*float64(len(t))
			}
		}
		return tests, chance, ok
	case kindOr:
		for _, k := range n.kids {
			t, c, has := e.clause(k)
			if !has {
				return nil, 1, false
			}
			tests = append(tests, t...)
			chance += c
		}
		return tests, min(chance, 1), true // an empty Or never holds: nothing triggers it
	}
	return nil, 1, false
}

func (e *Engine) build(variants []int32) *program {
	p := &program{variants: variants, byField: make([]*fieldIndex, len(e.fields.names))}
	at := map[int32]int32{}
	for _, v := range variants {
		tests, _, ok := e.clause(e.variants[v].root)
		if !ok {
			p.always = append(p.always, v)
			continue
		}
		seen := map[int32]bool{}
		for _, t := range tests {
			if seen[t] {
				continue
			}
			seen[t] = true
			h, ok := at[t]
			if !ok {
				h = int32(len(p.hooks))
				at[t] = h
				p.hooks = append(p.hooks, hook{test: t})
			}
			p.hooks[h].rules = append(p.hooks[h].rules, v)
		}
	}
	// What a table answers on the way is not asked again: tests of whole values
	// and of names at the end of paths are looked up even where no rule waits
	// for them.
	var add func(n *enode)
	add = func(n *enode) {
		if n.kind == kindTest {
			if t := e.tests[n.test]; t.num >= 0 && t.inTables() {
				if _, ok := at[n.test]; !ok {
					at[n.test] = int32(len(p.hooks))
					p.hooks = append(p.hooks, hook{test: n.test})
				}
			}
		}
		for _, k := range n.kids {
			add(k)
		}
	}
	for _, v := range variants {
		add(e.variants[v].root)
	}
	var lits []string
	for h := range p.hooks {
		t := e.tests[p.hooks[h].test]
		if t.num >= 0 {
			p.index(t, int32(h))
			continue
		}
		if len(t.safe) == 0 {
			p.texts = append(p.texts, int32(h))
			continue
		}
		for _, s := range t.safe {
			lits = append(lits, s)
			p.onSearch = append(p.onSearch, []int32{int32(h)})
		}
	}
	p.search = e.rawSearchFor(lits)
	p.known = make([]uint64, (len(e.tests)+63)/64)
	for _, k := range p.hooks {
		if t := e.tests[k.test]; t.num >= 0 && t.sure() {
			p.known[k.test>>6] |= 1 << (k.test & 63)
		}
	}
	for _, f := range p.byField {
		if f != nil {
			f.arrange()
		}
	}
	return p
}

func (p *program) index(t *ctest, h int32) {
	f := p.byField[t.num]
	if f == nil {
		f = &fieldIndex{pending: map[string]int{}}
		p.byField[t.num] = f
	}
	switch {
	case t.op == opAny:
		f.any = append(f.any, h)
	case t.op == opSet:
		for _, s := range t.set {
			f.literal(s, h, true)
		}
	case t.sure():
		f.literal(setItem{t.op, t.lit}, h, true)
	case t.op <= opSuffix && t.lit != "":
		f.literal(setItem{opContains, foldString(t.lit)}, h, false)
	case t.op == opWild && longest(t.test.parts) != "":
		f.literal(setItem{opContains, foldString(longest(t.test.parts))}, h, false)
	case t.op == opRegex && len(t.need) > 0 && shortest(t.need) > 1:
		// Values beyond ASCII are evaluated by themselves, see regexHolds.
		for _, n := range t.need {
			f.literal(setItem{opContains, n}, h, false)
		}
		f.beyond = append(f.beyond, h)
	default:
		f.direct = append(f.direct, h)
	}
}

// sure reports whether an index alone answers the test.
func (t *test) sure() bool {
	return t.op == opAny || t.op == opSet || t.op <= opSuffix && !t.cased
}

// inTables reports whether tables of whole values and of names answer the test.
func (t *test) inTables() bool {
	if t.cased {
		return false
	}
	one := func(s setItem) bool { return s.op == opEq || isTail(s) }
	switch t.op {
	case opEq, opSuffix:
		return one(setItem{t.op, t.lit})
	case opSet:
		return !slices.ContainsFunc(t.set, func(s setItem) bool { return !one(s) })
	}
	return false
}

func (f *fieldIndex) literal(s setItem, h int32, sure bool) {
	switch {
	case s.op == opEq:
		f.equal.put(s.lit, h)
		return
	case isTail(s):
		f.tails.put(s.lit[1:], h)
		return
	case s.lit == "":
		f.any = append(f.any, h)
		return
	}
	n, ok := f.pending[s.lit]
	if !ok {
		n = len(f.lits)
		f.pending[s.lit] = n
		f.lits = append(f.lits, indexLit{text: s.lit})
	}
	f.lits[n].uses = append(f.lits[n].uses, litUse{hook: h, op: s.op, sure: sure})
}
