package catalog

import "math/bits"

// Bits is a set of objectives by index. It has room for those of Levels 2 and 3,
// for what the organisation defines at Level 3, and for the marks behind the two
// requirements with partial credit.
type Bits [7]uint64

// Has tells whether i is in the set.
func (b *Bits) Has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

// Set puts i into the set.
func (b *Bits) Set(i int) { b[i>>6] |= 1 << (i & 63) }

// Clear takes i out of the set.
func (b *Bits) Clear(i int) { b[i>>6] &^= 1 << (i & 63) }

// Or is what is in one of the two.
func (b Bits) Or(o Bits) Bits {
	for i := range b {
		b[i] |= o[i]
	}
	return b
}

// And is what is in both.
func (b Bits) And(o Bits) Bits {
	for i := range b {
		b[i] &= o[i]
	}
	return b
}

// Without is what is in b and not in o.
func (b Bits) Without(o Bits) Bits {
	for i := range b {
		b[i] &^= o[i]
	}
	return b
}

// Any tells whether there is something in the set.
func (b Bits) Any() bool { return b != Bits{} }

// Count is how many there are in the set.
func (b Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// All goes through the set in order.
func (b Bits) All(yield func(int) bool) {
	for w, word := range b {
		for ; word != 0; word &= word - 1 {
			if !yield(w<<6 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}
