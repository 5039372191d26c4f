package typeface

// cff is a table of PostScript outlines.
type cff struct {
	top    dict
	global []view
	chars  []view
	fonts  []subfont
	choose func(glyph int) int // which subfont a glyph is of
}

// subfont has the hints and subroutines of some glyphs.
type subfont struct {
	dict, private dict
	local         []view
}

// dict is a DICT as it stands: entries in order, with their operands raw and as
// whole numbers.
type dict []entry

type entry struct {
	op   int // 12 n is 1200 + n
	raw  []byte
	args []int
}

// Operators of DICTs.
const (
	opFontBBox    = 5
	opCharset     = 15
	opCharStrings = 17
	opPrivate     = 18
	opSubrs       = 19
	opFontMatrix  = 1207
	opROS         = 1230
	opCIDCount    = 1234
	opFDArray     = 1236
	opFDSelect    = 1237
)

func (d dict) args(op, n int) []int {
	for _, e := range d {
		if e.op == op && len(e.args) == n {
			return e.args
		}
	}
	return nil
}

func readCFF(t view) *cff {
	c := &cff{}
	_, at := index(t, t.u8(2)) // names
	tops, at := index(t, at)
	_, at = index(t, at) // strings
	c.global, _ = index(t, at)
	if len(tops) != 1 {
		t.fail()
		return c
	}
	c.top = readDict(tops[0])
	chars := c.top.args(opCharStrings, 1)
	if chars == nil {
		t.fail()
		return c
	}
	c.chars, _ = index(t, chars[0])
	c.choose = func(int) int { return 0 }
	array, choice := c.top.args(opFDArray, 1), c.top.args(opFDSelect, 1)
	if array == nil || choice == nil {
		c.fonts = []subfont{private(t, c.top)}
		return c
	}
	fonts, _ := index(t, array[0])
	for _, f := range fonts {
		c.fonts = append(c.fonts, private(t, readDict(f)))
	}
	c.choose = chooser(t, choice[0], len(c.chars))
	return c
}

func private(t view, d dict) subfont {
	f := subfont{dict: d}
	p := d.args(opPrivate, 2)
	if p == nil {
		return f
	}
	f.private = readDict(t.sub(p[1], p[0]))
	if s := f.private.args(opSubrs, 1); s != nil {
		f.local, _ = index(t, p[1]+s[0])
	}
	return f
}

// chooser reads FDSelect, in its two formats.
func chooser(t view, at, glyphs int) func(int) int {
	of := make([]uint8, glyphs)
	switch t.u8(at) {
	case 0:
		for g := range of {
			of[g] = uint8(t.u8(at + 1 + g))
		}
	case 3:
		n, end := t.u16(at+1), 0
		for i := range n {
			first, fd, next := t.u16(at+3+3*i), t.u8(at+5+3*i), t.u16(at+6+3*i)
			if first != end || next <= first { // each begins where the one before ends
				t.fail()
				break
			}
			end = next
			for g := first; g < next && g < glyphs; g++ {
				of[g] = uint8(fd)
			}
		}
	default:
		t.fail()
	}
	return func(g int) int { return int(of[g]) }
}

// index reads an INDEX, and tells where it ends.
func index(t view, at int) (list []view, end int) {
	n := t.u16(at)
	if n == 0 {
		return nil, at + 2
	}
	size := t.u8(at + 2)
	data := at + 3 + (n+1)*size - 1
	if size < 1 || size > 4 || data > len(t.b) {
		t.fail()
		return nil, len(t.b)
	}
	from := t.number(at+3, size)
	for i := range n {
		to := t.number(at+3+(i+1)*size, size)
		list = append(list, t.sub(data+from, to-from))
		from = to
	}
	return list, data + from
}

func readDict(v view) (d dict) {
	var args []int
	begin := 0
	for i := 0; i < len(v.b); {
		switch b := v.u8(i); {
		case b <= 21:
			e := entry{op: b, raw: v.b[begin:i], args: args}
			i++
			if b == 12 {
				e.op = 1200 + v.u8(i)
				i++
			}
			d, args, begin = append(d, e), nil, i
		case b == 28:
			args, i = append(args, v.i16(i+1)), i+3
		case b == 29:
			args, i = append(args, int(int32(v.u32(i+1)))), i+5
		case b == 30: // a real number, to the nibble that ends it
			for i++; i < len(v.b) && v.b[i]&15 != 15 && v.b[i]>>4 != 15; i++ {
			}
			args, i = append(args, 0), i+1
		case b >= 32 && b <= 246:
			args, i = append(args, b-139), i+1
		case b >= 247 && b <= 250:
			args, i = append(args, (b-247)*256+v.u8(i+1)+108), i+2
		case b >= 251 && b <= 254:
			args, i = append(args, -(b-251)*256-v.u8(i+1)-108), i+2
		default:
			v.fail()
			return d
		}
	}
	return d
}

// uses finds the subroutines that charstrings call.
type uses struct {
	c      *cff
	global map[int]bool
	local  []map[int]bool // by subfont
	stack  []int
	hints  int
	steps  int
}

// maxSteps is far more than a glyph needs: a damaged one could call itself for ever.
const maxSteps = 1 << 20

// glyph follows a glyph; false where it can't be followed.
func (u *uses) glyph(g int) bool {
	u.stack, u.hints, u.steps = u.stack[:0], 0, 0
	fd := u.c.choose(g)
	if fd >= len(u.c.fonts) {
		return false
	}
	_, ok := u.run(u.c.chars[g].b, fd, 0)
	return ok
}

func bias(n int) int {
	switch {
	case n < 1240:
		return 107
	case n < 33900:
		return 1131
	}
	return 32768
}

// run executes as much of a charstring as it takes to see its calls: numbers, the
// count of hints, which tells how long a mask is, and the calls. done is that the
// glyph has ended.
func (u *uses) run(b []byte, fd, depth int) (done, ok bool) {
	if depth > 10 {
		return false, false
	}
	v := view{b, new(bool)}
	for i := 0; i < len(b); {
		if u.steps++; u.steps > maxSteps || len(u.stack) > 513 {
			return false, false
		}
		switch op := v.u8(i); {
		case op == 28:
			u.stack, i = append(u.stack, v.i16(i+1)), i+3
		case op == 255:
			u.stack, i = append(u.stack, int(int16(v.u16(i+1)))), i+5
		case op >= 251:
			u.stack, i = append(u.stack, -(op-251)*256-v.u8(i+1)-108), i+2
		case op >= 247:
			u.stack, i = append(u.stack, (op-247)*256+v.u8(i+1)+108), i+2
		case op >= 32:
			u.stack, i = append(u.stack, op-139), i+1
		case op == 1, op == 3, op == 18, op == 23: // stems
			u.hints += len(u.stack) / 2
			u.stack, i = u.stack[:0], i+1
		case op == 19, op == 20: // masks; what stands before them are stems
			u.hints += len(u.stack) / 2
			u.stack, i = u.stack[:0], i+1+(u.hints+7)/8
		case op == 10, op == 29:
			list, used := u.c.fonts[fd].local, u.local[fd]
			if op == 29 {
				list, used = u.c.global, u.global
			}
			if len(u.stack) == 0 {
				return false, false
			}
			n := u.stack[len(u.stack)-1] + bias(len(list))
			u.stack = u.stack[:len(u.stack)-1]
			if n < 0 || n >= len(list) {
				return false, false
			}
			used[n] = true
			if done, ok := u.run(list[n].b, fd, depth+1); done || !ok {
				return done, ok
			}
			i++
		case op == 11:
			return false, !*v.bad
		case op == 14:
			return true, !*v.bad && len(u.stack) < 4 // four make an accent of two glyphs, by their names
		case op == 12:
			if n := v.u8(i + 1); n < 34 || n > 37 { // arithmetic, which no font of today has
				return false, false
			}
			u.stack, i = u.stack[:0], i+2
		default:
			u.stack, i = u.stack[:0], i+1
		}
	}
	return false, !*v.bad
}
