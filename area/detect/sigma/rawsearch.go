package sigma

import (
	"sort"
	"strings"
)

// rawSearch finds folded ASCII literals in a raw line without reading most of
// it: it looks at two bytes and skips as far as no literal could end before
// (Wu and Manber). Large and small letters are one.
type rawSearch struct {
	lits  []string
	min   int // shortest literal, at least 2
	shift [1 << 16]uint8
	heads map[uint16][]int32 // literals by the two bytes at min-2
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

// safeRun is the longest stretch of characters that JSON has no other way to
// write than themselves or \u….
func safeRun(s string) string {
	best, start := "", 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' && s[i] != '/' {
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
	s := &rawSearch{lits: lits, min: 200, heads: map[uint16][]int32{}}
	for _, l := range lits {
		s.min = min(s.min, len(l))
	}
	for i := range s.shift {
		s.shift[i] = uint8(s.min - 1)
	}
	for n, l := range lits {
		for i := 0; i+2 <= s.min; i++ {
			far := uint8(s.min - 2 - i)
			for _, a := range cases(l[i]) {
				for _, b := range cases(l[i+1]) {
					at := uint16(a)<<8 | uint16(b)
					s.shift[at] = min(s.shift[at], far)
				}
			}
		}
		at := uint16(l[s.min-2])<<8 | uint16(l[s.min-1])
		s.heads[at] = append(s.heads[at], int32(n))
	}
	for _, h := range s.heads {
		sort.Slice(h, func(i, j int) bool { return h[i] < h[j] })
	}
	return s
}

func cases(c byte) []byte {
	if 'a' <= c && c <= 'z' {
		return []byte{c, c - 'a' + 'A'}
	}
	return []byte{c}
}

// run calls found for every literal at every place where it stands.
func (s *rawSearch) run(b []byte, found func(int32)) {
	for i := s.min - 2; i+1 < len(b); {
		if far := s.shift[uint16(b[i])<<8|uint16(b[i+1])]; far > 0 {
			i += int(far)
			continue
		}
		start := i - (s.min - 2)
		for _, n := range s.heads[uint16(lower[b[i]])<<8|uint16(lower[b[i+1]])] {
			if sameFolded(b[start:], s.lits[n]) {
				found(n)
			}
		}
		i++
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
