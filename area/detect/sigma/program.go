package sigma

import (
	"math"
	"strings"
)

// program is the rules that look at one class of events, with the indexes that
// find those of them which the event could match.
type program struct {
	variants []int32
	always   []int32 // without a positive test that must hold
	hooks    []hook
	byField  []*fieldIndex
	texts    []int32 // hooks on any value that no search can find
	search   *rawSearch
	onSearch [][]int32 // hooks by literal of search
}

// hook is a test that, when it holds, makes rules candidates.
type hook struct {
	test  int32
	rules []int32 // variants
}

type fieldIndex struct {
	equal  map[string][]int32 // value → hooks
	tails  map[string][]int32 // last part of a path → hooks
	auto   *automaton
	lits   []autoLit // by literal of auto
	direct []int32   // hooks whose test is evaluated whenever the field is there

	pending map[string]int // literal → index in lits, while building
}

type autoLit struct {
	text string
	off  int // where in text the piece begins that the automaton knows
	n    int // length of the piece
	uses []autoUse
}

// window is how much of a literal the automaton knows. The whole is compared
// where a piece is found: a table of whole literals would not fit any cache.
const window = 7

// windows chooses for each literal the piece that few others and few values
// have.
func windows(lits []autoLit) []string {
	crowd := map[string]int{}
	for i := range lits {
		for t := lits[i].text; len(t) >= window; t = t[1:] {
			crowd[t[:window]]++
		}
	}
	out := make([]string, len(lits))
	for i := range lits {
		l := &lits[i]
		l.n = min(len(l.text), window)
		best := math.MaxInt
		for o := 0; o+l.n <= len(l.text); o++ {
			piece := l.text[o : o+l.n]
			score := crowd[piece]
			for _, c := range commonest {
				if strings.Contains(c, piece) {
					score += 1000
				}
			}
			if score < best {
				best, l.off = score, o
			}
		}
		out[i] = l.text[l.off : l.off+l.n]
	}
	return out
}

// commonest are texts that stand in very many values.
var commonest = []string{`c:\windows\system32\`, `\windows\syswow64\`, `c:\program files (x86)\`, `c:\program files\`, `c:\programdata\`,
	`c:\users\`, `\appdata\local\temp\`, `\appdata\roaming\`, `\microsoft\windows\currentversion\`, `hklm\system\currentcontrolset\services\`,
	`hklm\software\microsoft\windows nt\currentversion\`, `\microsoft.net\framework64\v4.0.30319`, `windowspowershell\v1.0\powershell.exe`,
	`microsoft corporation`, `nt authority\system`, `c:\windows\winsxs\`, `https://`, `system.management.automation`}

// autoUse is what finding a literal means to a hook.
type autoUse struct {
	hook int32
	op   op   // where it has to stand
	sure bool // the test holds; otherwise it is evaluated
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
	for _, f := range p.byField {
		if f != nil && len(f.lits) > 0 {
			f.auto, f.pending = newAutomaton(windows(f.lits), true), nil
		}
	}
	return p
}

func (p *program) index(t *ctest, h int32) {
	f := p.byField[t.num]
	if f == nil {
		f = &fieldIndex{equal: map[string][]int32{}, tails: map[string][]int32{}, pending: map[string]int{}}
		p.byField[t.num] = f
	}
	switch {
	case t.op == opSet:
		for _, s := range t.set {
			f.literal(s, h, true)
		}
	case t.op <= opSuffix && !t.cased:
		f.literal(setItem{t.op, t.lit}, h, true)
	case t.op <= opSuffix && len(t.lit) >= 3:
		f.literal(setItem{opContains, foldString(t.lit)}, h, false)
	case t.op == opWild && len(longest(t.test.parts)) >= 3:
		f.literal(setItem{opContains, foldString(longest(t.test.parts))}, h, false)
	case t.op == opRegex && len(t.need) > 0 && shortest(t.need) >= 3:
		// Values beyond ASCII are evaluated by themselves, see regexHolds.
		for _, n := range t.need {
			f.literal(setItem{opContains, n}, h, false)
		}
		f.wide(h)
	default:
		f.direct = append(f.direct, h)
	}
}

// wide marks a hook to be evaluated for values beyond ASCII.
func (f *fieldIndex) wide(h int32) { f.direct = append(f.direct, ^h) }

func (f *fieldIndex) literal(s setItem, h int32, sure bool) {
	switch {
	case s.op == opEq:
		f.equal[s.lit] = append(f.equal[s.lit], h)
		return
	case isTail(s):
		f.tails[s.lit[1:]] = append(f.tails[s.lit[1:]], h)
		return
	case s.lit == "":
		f.direct = append(f.direct, h)
		return
	}
	n, ok := f.pending[s.lit]
	if !ok {
		n = len(f.lits)
		f.pending[s.lit] = n
		f.lits = append(f.lits, autoLit{text: s.lit})
	}
	f.lits[n].uses = append(f.lits[n].uses, autoUse{hook: h, op: s.op, sure: sure})
}
