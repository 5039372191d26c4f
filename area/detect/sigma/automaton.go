package sigma

// automaton finds many folded literals in one pass (Aho and Corasick), as a
// table over classes of bytes: bytes that no literal contains share one class.
type automaton struct {
	class [256]uint8
	width uint32
	next  []uint32 // state*width+class → state*width, with hitBit when some literal ends there
	hits  [][]int32
}

const hitBit = 1 << 31

// newAutomaton makes the table for literals. With coarse, all bytes beyond
// ASCII are one class: the table is smaller, and who uses it has to compare.
func newAutomaton(lits []string, coarse bool) *automaton {
	a := &automaton{width: 1}
	for _, l := range lits {
		for i := 0; i < len(l); i++ {
			if a.class[l[i]] != 0 || a.width > 255 {
				continue
			}
			if coarse && l[i] >= 0x80 {
				for c := 0x80; c <= 0xff; c++ {
					a.class[c] = uint8(a.width)
				}
			}
			a.class[l[i]] = uint8(a.width)
			a.width++
		}
	}
	w := a.width
	trie := make([]uint32, w)
	ends := [][]int32{nil}
	for n, l := range lits {
		s := uint32(0)
		for i := 0; i < len(l); i++ {
			c := uint32(a.class[l[i]])
			t := trie[s*w+c]
			if t == 0 {
				t = uint32(len(ends))
				ends = append(ends, nil)
				trie = append(trie, make([]uint32, w)...)
				trie[s*w+c] = t
			}
			s = t
		}
		ends[s] = append(ends[s], int32(n))
	}
	// Breadth first: what a state lacks it takes from its longest suffix.
	fail := make([]uint32, len(ends))
	queue := make([]uint32, 0, len(ends))
	for c := uint32(0); c < w; c++ {
		if t := trie[c]; t != 0 {
			queue = append(queue, t)
		}
	}
	for q := 0; q < len(queue); q++ {
		s := queue[q]
		if more := ends[fail[s]]; len(more) > 0 {
			ends[s] = append(ends[s][:len(ends[s]):len(ends[s])], more...)
		}
		for c := uint32(0); c < w; c++ {
			t := trie[s*w+c]
			f := trie[fail[s]*w+c]
			if t == 0 {
				trie[s*w+c] = f
			} else {
				fail[t] = f
				queue = append(queue, t)
			}
		}
	}
	for i, t := range trie {
		v := t * w
		if len(ends[t]) > 0 {
			v |= hitBit
		}
		trie[i] = v
	}
	a.next, a.hits = trie, ends
	return a
}

// contains reports whether any literal stands in v.
func (a *automaton) contains(v []byte) bool {
	s := uint32(0)
	for _, c := range v {
		if s = a.next[s+uint32(a.class[c])]; s&hitBit != 0 {
			return true
		}
	}
	return false
}
