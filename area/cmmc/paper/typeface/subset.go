package typeface

import (
	"slices"

	"yagura/kernel/fault"
)

// Subset cuts a font down to glyphs: the nth of the list becomes glyph n, and the
// first must be 0, the sign for what is missing. With outlines of PostScript the
// result is a bare CFF table keyed by CID, where a CID is the glyph's number; with
// those of TrueType it is a font.
func (f *Face) Subset(glyphs []int) ([]byte, error) {
	if len(glyphs) == 0 || glyphs[0] != 0 || len(glyphs) > 0xfffe {
		return nil, fault.Invalidf("%s: the font is damaged", f.File)
	}
	for _, g := range glyphs {
		if g < 0 || g >= f.glyphs {
			return nil, fault.Invalidf("%s: the font is damaged", f.File)
		}
	}
	if f.post != nil {
		return f.subsetCFF(glyphs)
	}
	return f.subsetGlyf(glyphs)
}

func (f *Face) subsetCFF(glyphs []int) ([]byte, error) {
	c := f.post
	u := &uses{c: c, global: map[int]bool{}}
	for range c.fonts {
		u.local = append(u.local, map[int]bool{})
	}
	var kept []int // subfonts, in their new order
	var choice []byte
	var chars []view
	for _, g := range glyphs {
		if !u.glyph(g) {
			return nil, fault.Invalidf("%s: the outline of glyph %d can't be followed", f.File, g)
		}
		fd := c.choose(g)
		n := slices.Index(kept, fd)
		if n < 0 {
			n = len(kept)
			kept = append(kept, fd)
		}
		choice, chars = append(choice, byte(n)), append(chars, c.chars[g])
	}
	head := []byte{1, 0, 4, 4}
	names := writeIndex([]view{{b: []byte(f.Name)}})
	texts := writeIndex([]view{{b: []byte("Adobe")}, {b: []byte("Identity")}})
	global := writeIndex(only(c.global, u.global))
	charset := put16(put16([]byte{2}, 1), max(len(glyphs)-2, 0))
	if len(glyphs) == 1 {
		charset = []byte{0}
	}
	choice = append([]byte{0}, choice...)
	strings := writeIndex(chars)

	top := func(charsetAt, choiceAt, charsAt, arrayAt int) []byte {
		b := operator(put5(put5(put5(nil, 391), 392), 0), opROS) // the first two strings that are not standard ones
		for _, e := range c.top {
			if e.op == opFontMatrix || e.op == opFontBBox {
				b = operator(append(b, e.raw...), e.op)
			}
		}
		b = operator(put5(b, len(glyphs)), opCIDCount)
		b = operator(put5(b, charsetAt), opCharset)
		b = operator(put5(b, choiceAt), opFDSelect)
		b = operator(put5(b, charsAt), opCharStrings)
		return writeIndex([]view{{b: operator(put5(b, arrayAt), opFDArray)}})
	}
	// Offsets take five bytes whatever they are, so that the length is known first.
	charsetAt := len(head) + len(names) + len(top(0, 0, 0, 0)) + len(texts) + len(global)
	choiceAt := charsetAt + len(charset)
	charsAt := choiceAt + len(choice)
	at := charsAt + len(strings)
	var privates []byte
	var fonts []view
	for _, fd := range kept {
		s := c.fonts[fd]
		var p []byte
		for _, e := range s.private {
			if e.op != opSubrs {
				p = operator(append(p, e.raw...), e.op)
			}
		}
		size := len(p)
		if len(s.local) > 0 {
			size += 6
			p = operator(put5(p, size), opSubrs)
		}
		var d []byte
		for _, e := range s.dict {
			if e.op == opFontMatrix && c.top.args(opROS, 3) != nil { // else the top has it already
				d = operator(append(d, e.raw...), e.op)
			}
		}
		d = operator(put5(put5(d, size), at+len(privates)), opPrivate)
		fonts = append(fonts, view{b: d})
		privates = append(privates, p...)
		if len(s.local) > 0 {
			privates = append(privates, writeIndex(only(s.local, u.local[fd]))...)
		}
	}
	return slices.Concat(head, names, top(charsetAt, choiceAt, charsAt, at+len(privates)), texts, global, charset, choice, strings, privates, writeIndex(fonts)), nil
}

// only keeps the places of subroutines, by which they are called, and empties those
// that nobody calls.
func only(list []view, used map[int]bool) []view {
	out := make([]view, len(list))
	for i := range list {
		if used[i] {
			out[i] = list[i]
		}
	}
	return out
}

func put5(b []byte, v int) []byte { return put32(append(b, 29), v) }

func operator(b []byte, op int) []byte {
	if op >= 1200 {
		return append(b, 12, byte(op-1200))
	}
	return append(b, byte(op))
}

func writeIndex(list []view) []byte {
	b := put16(nil, len(list))
	if len(list) == 0 {
		return b
	}
	total := 1
	for _, v := range list {
		total += len(v.b)
	}
	size := 1
	for total >= 1<<(8*size) {
		size++
	}
	b = append(b, byte(size))
	offset := func(v int) {
		for k := size - 1; k >= 0; k-- {
			b = append(b, byte(v>>(8*k)))
		}
	}
	at := 1
	offset(at)
	for _, v := range list {
		at += len(v.b)
		offset(at)
	}
	for _, v := range list {
		b = append(b, v.b...)
	}
	return b
}

// subsetGlyf writes a TrueType font of some glyphs and of those that they are made
// of.
func (f *Face) subsetGlyf(glyphs []int) ([]byte, error) {
	list := slices.Clone(glyphs)
	var glyf, loca, hmtx []byte
	for n := 0; n < len(list); n++ { // grows while it is walked
		raw, ok := f.outline(list[n])
		if !ok || len(list) > 0xfffe {
			return nil, fault.Invalidf("%s: the outline of glyph %d can't be followed", f.File, list[n])
		}
		raw = slices.Clone(raw)
		if !renumber(raw, &list) {
			return nil, fault.Invalidf("%s: the outline of glyph %d can't be followed", f.File, list[n])
		}
		loca = put32(loca, len(glyf))
		glyf = append(glyf, raw...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = put16(put16(hmtx, f.raw(list[n])), f.bearing(list[n]))
	}
	loca = put32(loca, len(glyf))
	head, hhea, maxp := slices.Clone(f.tables["head"].b), slices.Clone(f.tables["hhea"].b), slices.Clone(f.tables["maxp"].b)
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 {
		return nil, fault.Invalidf("%s: the font is damaged", f.File)
	}
	copy(head[8:], []byte{0, 0, 0, 0}) // the checksum, which readers of PDF don't ask for
	copy(head[50:], []byte{0, 1})      // long offsets
	copy(hhea[34:], put16(nil, len(list)))
	copy(maxp[4:], put16(nil, len(list)))
	tables := []struct {
		tag string
		b   []byte
	}{{"cvt ", f.tables["cvt "].b}, {"fpgm", f.tables["fpgm"].b}, {"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"prep", f.tables["prep"].b}}
	tables = slices.DeleteFunc(tables, func(t struct {
		tag string
		b   []byte
	}) bool {
		return len(t.b) == 0
	})
	n, power := len(tables), 0
	for 2<<power <= n {
		power++
	}
	out := put16(put16(put16(put16([]byte{0, 1, 0, 0}, n), 16<<power), power), n*16-16<<power)
	at := 12 + 16*n
	for _, t := range tables {
		out = put32(put32(put32(append(out, t.tag...), sum(t.b)), at), len(t.b))
		at += (len(t.b) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.b...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out, nil
}

func sum(b []byte) int {
	var s uint32
	for i, x := range b {
		s += uint32(x) << (24 - 8*(i%4))
	}
	return int(s)
}

// outline is the data of a glyph; a blank has none.
func (f *Face) outline(g int) ([]byte, bool) {
	loca, bad := f.tables["loca"], false
	loca.bad = &bad
	from, to := 2*loca.u16(2*g), 2*loca.u16(2*g+2)
	if f.tables["head"].u16(50) != 0 {
		bad = false
		from, to = loca.u32(4*g), loca.u32(4*g+4)
	}
	raw := view{f.tables["glyf"].b, &bad}.sub(from, to-from)
	return raw.b, !bad
}

func (f *Face) raw(g int) int {
	return f.tables["hmtx"].u16(4 * min(g, f.tables["hhea"].u16(34)-1))
}

func (f *Face) bearing(g int) int {
	n := f.tables["hhea"].u16(34)
	if g < n {
		return f.tables["hmtx"].u16(4*g + 2)
	}
	return f.tables["hmtx"].u16(4*n + 2*(g-n))
}

// renumber gives the parts of a composite glyph their new numbers, and adds those
// that have none yet.
func renumber(raw []byte, list *[]int) bool {
	v := view{raw, new(bool)}
	if len(raw) == 0 || v.i16(0) >= 0 {
		return true
	}
	for at := 10; ; {
		flags, g := v.u16(at), v.u16(at+2)
		if *v.bad {
			return false
		}
		n := slices.Index(*list, g)
		if n < 0 {
			n = len(*list)
			*list = append(*list, g)
		}
		copy(raw[at+2:], put16(nil, n))
		at += 6
		if flags&1 != 0 { // words, not bytes
			at += 2
		}
		switch {
		case flags&0x08 != 0:
			at += 2
		case flags&0x40 != 0:
			at += 4
		case flags&0x80 != 0:
			at += 8
		}
		if flags&0x20 == 0 {
			return true
		}
	}
}
