package sigma

import (
	"strings"
)

// rawSearch finds folded ASCII literals in a raw line without reading most of
// it: the longer the shortest literal, the fewer places are looked at. Large
// and small letters are one.
type rawSearch struct {
	lits  []string
	grams []*grams
}

// safeRuns returns for a test on any value literals that stand in the raw line
// unchanged whenever the test holds and no character is written as \u…: one of
// them must be found. None means that nothing can be searched for.
func safeRuns(t *test) []string {
	var from []string
	switch t.op {
	case opContains, opEq, opPrefix, opSuffix:
		from = []string{t.lit}
	case opWild:
		from = []string{""}
		for _, p := range t.parts {
			if p.kind == partLit && len(safeRun(p.lit)) > len(safeRun(from[0])) {
				from[0] = p.lit
			}
		}
	case opSet:
		for _, s := range t.set {
			from = append(from, s.lit)
		}
	default:
		return nil
	}
	var out []string
	for _, s := range from {
		r := foldString(safeRun(s))
		if len(r) < 2 {
			return nil
		}
		out = append(out, r)
	}
	return out
}

// plainInJSON reports whether a character stands in JSON as itself, by every
// writer that is known. Some write others as \u…, also where they need not.
func plainInJSON(c byte) bool {
	switch c {
	case '"', '\\', '/', '<', '>', '&', '\'', '+', '`', '=':
		return false
	}
	return c >= 0x20 && c < 0x7f
}

// safeRun is the longest stretch of characters that stand in JSON as themselves.
func safeRun(s string) string {
	best, start := "", 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && plainInJSON(s[i]) {
			continue
		}
		if i-start > len(best) {
			best = s[start:i]
		}
		start = i + 1
	}
	return best
}

// rawSearchFor returns the search for these literals, one for all classes that
// ask for the same.
func (e *Engine) rawSearchFor(lits []string) *rawSearch {
	if len(lits) == 0 {
		return nil
	}
	key := strings.Join(lits, "\x00")
	if s := e.searches[key]; s != nil {
		return s
	}
	s := newRawSearch(lits)
	e.searches[key] = s
	return s
}

func newRawSearch(lits []string) *rawSearch {
	s := &rawSearch{lits: lits}
	var groups [3][]stretch
	least := [3]int{200, 200, 200}
	for i, l := range lits {
		g := 2
		if len(l) < 4 {
			g = 0
		} else if len(l) < 8 {
			g = 1
		}
		groups[g] = append(groups[g], stretch{int32(i), l})
		least[g] = min(least[g], len(l))
	}
	for i, size := range []int{2, 4, 4} {
		if len(groups[i]) > 0 {
			s.grams = append(s.grams, newGrams(groups[i], size, least[i]-size+1, 0x20202020>>(32-8*size)))
		}
	}
	return s
}

// run calls found for every literal at every place where it stands.
func (s *rawSearch) run(b []byte, found func(int32)) {
	for _, g := range s.grams {
		for i := 0; ; i += g.stride {
			k, x := g.next(b, i)
			if k < 0 {
				break
			}
			i = k
			for _, at := range g.near(x) {
				if start := i - int(at.off); start >= 0 && sameFolded(b[start:], s.lits[at.lit]) {
					found(at.lit)
				}
			}
		}
	}
}

func sameFolded(b []byte, lit string) bool {
	if len(b) < len(lit) {
		return false
	}
	for i := 0; i < len(lit); i++ {
		if lower[b[i]] != lit[i] {
			return false
		}
	}
	return true
}
