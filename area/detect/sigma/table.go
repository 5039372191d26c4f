package sigma

// table finds what belongs to a text. Most texts that are asked for are in no
// table, and their length alone often says so.
type table struct {
	lengths uint64 // bit n&63: some key is n bytes long
	mask    uint64
	slots   []int32 // number of a key + 1
	keys    []string
	uses    [][]int32
}

func (t *table) put(key string, use int32) {
	if i := t.at(key); i >= 0 {
		t.uses[i] = append(t.uses[i], use)
		return
	}
	t.keys = append(t.keys, key)
	t.uses = append(t.uses, []int32{use})
	t.lengths |= 1 << (len(key) & 63)
	if 2*len(t.keys) > len(t.slots) {
		size := max(8, 4*len(t.keys))
		for size&(size-1) != 0 {
			size &= size - 1
		}
		t.slots, t.mask = make([]int32, size), uint64(size-1)
		for n := range t.keys {
			t.place(n)
		}
		return
	}
	t.place(len(t.keys) - 1)
}

func (t *table) place(n int) {
	i := hashName([]byte(t.keys[n])) & t.mask
	for t.slots[i] != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = int32(n + 1)
}

func (t *table) at(key string) int {
	if len(t.slots) == 0 {
		return -1
	}
	for i := hashName([]byte(key)) & t.mask; ; i = (i + 1) & t.mask {
		n := t.slots[i]
		if n == 0 {
			return -1
		}
		if t.keys[n-1] == key {
			return int(n - 1)
		}
	}
}

// find returns what belongs to the text.
func (t *table) find(b []byte) []int32 {
	if t.lengths>>(len(b)&63)&1 == 0 {
		return nil
	}
	for i := hashName(b) & t.mask; ; i = (i + 1) & t.mask {
		n := t.slots[i]
		if n == 0 {
			return nil
		}
		if t.keys[n-1] == string(b) {
			return t.uses[n-1]
		}
	}
}
