package typeface

// view is a piece of a file. What is read outside of it is zero and marks the file
// as bad.
type view struct {
	b   []byte
	bad *bool
}

func (v view) sub(at, n int) view {
	if at < 0 || n < 0 || at > len(v.b) || n > len(v.b)-at {
		v.fail()
		return view{nil, v.bad}
	}
	return view{v.b[at : at+n : at+n], v.bad}
}

func (v view) fail() {
	if v.bad != nil {
		*v.bad = true
	}
}

// number reads n bytes as a number.
func (v view) number(at, n int) int {
	if at < 0 || at > len(v.b)-n {
		v.fail()
		return 0
	}
	x := 0
	for _, b := range v.b[at : at+n] {
		x = x<<8 | int(b)
	}
	return x
}

func (v view) u8(at int) int  { return v.number(at, 1) }
func (v view) u16(at int) int { return v.number(at, 2) }
func (v view) i16(at int) int { return int(int16(v.number(at, 2))) }
func (v view) u32(at int) int { return v.number(at, 4) }

func put16(b []byte, v int) []byte { return append(b, byte(v>>8), byte(v)) }
func put32(b []byte, v int) []byte { return append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v)) }
