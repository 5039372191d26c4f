// Package typefacetest builds small fonts for tests: no font lies in the
// repository. They are made of the formats' rules, byte by byte.
package typefacetest

import "slices"

func u16(v int) []byte { return []byte{byte(v >> 8), byte(v)} }
func u32(v int) []byte { return append(u16(v>>16), u16(v)...) }
func cat(parts ...[]byte) []byte {
	return slices.Concat(parts...)
}

// Options are what differs between fonts.
type Options struct {
	Name  string
	Runes []rune // in order; the glyph of the nth is n+1
	CFF   bool   // outlines of PostScript, keyed by CID with two subfonts; else TrueType
	Keyed bool   // with CFF: keyed by name, with one private dict
	Kind  int    // fsType: what embedding the maker allows
	Width int    // of every glyph; else each has its own
}

// Font builds a font. Glyph n is n*10 units wider than 400, of 1000. With TrueType
// the last glyph is made of the first two.
func Font(o Options) []byte {
	n := len(o.Runes) + 1
	head := cat(u32(0x10000), u32(0x10000), u32(0), u32(0x5f0f3cf5), u16(0), u16(1000), make([]byte, 16), u16(-50), u16(-200), u16(1100), u16(900), u16(0), u16(8), u16(2), u16(1), u16(0))
	hhea := cat(u32(0x10000), u16(880), u16(-120), u16(0), u16(1000), make([]byte, 22), u16(n))
	var hmtx []byte
	for g := range n {
		wide := o.Width
		if wide == 0 {
			wide = 400 + 10*g
		}
		hmtx = cat(hmtx, u16(wide), u16(g))
	}
	maxp := cat(u32(0x5000), u16(n))
	tables := []table{{"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"cmap", cmap(o.Runes)}, {"name", name(o.Name)}, {"OS/2", os2(o.Kind)}}
	tag := "\x00\x01\x00\x00"
	if o.CFF {
		tag = "OTTO"
		tables = append(tables, table{"CFF ", cff(o, n)})
	} else {
		maxp = cat(u32(0x10000), u16(n), make([]byte, 26))
		glyf, loca := glyphs(n)
		tables = append(tables, table{"glyf", glyf}, table{"loca", loca})
	}
	tables = append(tables, table{"maxp", maxp})
	return file(tag, tables, 0)
}

// Collection puts fonts into one file.
func Collection(fonts ...[]byte) []byte {
	out := cat([]byte("ttcf"), u32(0x10000), u32(len(fonts)))
	at := len(out) + 4*len(fonts)
	var data []byte
	for _, f := range fonts {
		out = append(out, u32(at+len(data))...)
		data = append(data, shift(f, at+len(data))...)
	}
	return append(out, data...)
}

// shift moves the offsets of a font that begins elsewhere in its file.
func shift(font []byte, by int) []byte {
	f := slices.Clone(font)
	for i := range int(f[4])<<8 | int(f[5]) {
		at := 12 + 16*i + 8
		old := int(f[at])<<24 | int(f[at+1])<<16 | int(f[at+2])<<8 | int(f[at+3])
		copy(f[at:], u32(old+by))
	}
	return f
}

type table struct {
	tag  string
	data []byte
}

func file(tag string, tables []table, base int) []byte {
	out := cat([]byte(tag), u16(len(tables)), make([]byte, 6))
	at := base + 12 + 16*len(tables)
	var data []byte
	for _, t := range tables {
		out = cat(out, []byte(t.tag), u32(0), u32(at+len(data)), u32(len(t.data)))
		data = append(data, t.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	return append(out, data...)
}

// cmap has both formats: one of the first plane with an array, one of all planes.
func cmap(runes []rune) []byte {
	groups, segments := []byte{}, [][2]int{}
	for i, r := range runes {
		groups = cat(groups, u32(int(r)), u32(int(r)), u32(i+1))
		if r < 0xffff {
			segments = append(segments, [2]int{int(r), i + 1})
		}
	}
	all := cat(u16(12), u16(0), u32(16+len(groups)), u32(0), u32(len(runes)), groups)
	slices.SortFunc(segments, func(a, b [2]int) int { return a[0] - b[0] })
	segments = append(segments, [2]int{0xffff, 0})
	var ends, starts, deltas, offsets []byte
	for _, s := range segments {
		ends, starts, deltas, offsets = append(ends, u16(s[0])...), append(starts, u16(s[0])...), append(deltas, u16(s[1]-s[0])...), append(offsets, 0, 0)
	}
	n := len(segments)
	bmp := cat(u16(4), u16(16+8*n), u16(0), u16(2*n), make([]byte, 6), ends, u16(0), starts, deltas, offsets)
	return cat(u16(0), u16(2), u16(3), u16(1), u32(20), u16(3), u16(10), u32(20+len(bmp)), bmp, all)
}

func name(s string) []byte {
	var wide []byte
	for _, b := range []byte(s) {
		wide = append(wide, 0, b)
	}
	return cat(u16(0), u16(1), u16(18), u16(3), u16(1), u16(0x409), u16(6), u16(len(wide)), u16(0), wide)
}

func os2(kind int) []byte {
	b := make([]byte, 96)
	copy(b, u16(2))
	copy(b[8:], u16(kind))
	copy(b[88:], u16(733))
	return b
}

// glyphs are squares; the last one is made of the first two after the sign for what
// is missing.
func glyphs(n int) (glyf, loca []byte) {
	for g := range n {
		loca = append(loca, u32(len(glyf))...)
		square := cat(u16(1), u16(0), u16(0), u16(100+g), u16(100), u16(3), u16(0), []byte{1, 1, 1, 1}, u16(0), u16(100+g), u16(0), u16(-100-g), u16(0), u16(0), u16(100), u16(0))
		if g == n-1 && n > 3 {
			square = cat(u16(-1), make([]byte, 8), u16(0x0021), u16(1), u16(5), u16(6), u16(0x0008), u16(2), []byte{7, 8}, u16(0x4000))
		}
		glyf = append(glyf, square...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	return glyf, append(loca, u32(len(glyf))...)
}

func index(list ...[]byte) []byte {
	if len(list) == 0 {
		return u16(0)
	}
	out, at := cat(u16(len(list)), []byte{2}, u16(1)), 1
	for _, b := range list {
		at += len(b)
		out = append(out, u16(at)...)
	}
	return cat(out, cat(list...))
}

func number(v int) []byte { return append([]byte{29}, u32(v)...) }

// Charstring is the outline of glyph n: stems, a mask of two bytes' worth of them,
// and calls of a local and a global subroutine.
func Charstring(n int) []byte {
	b := []byte{139, 140, 139, 140, 139, 140, 139, 140, 18}                         // four stems, hstemhm
	b = append(b, 139, 140, 139, 140, 139, 140, 139, 140, 139, 140, 19, 0xff, 0x80) // five more before hintmask: nine make two bytes
	b = append(b, 139, 139, 21)                                                     // rmoveto
	b = append(b, 28, byte(n>>8), byte(n), 6)                                       // hlineto
	b = append(b, byte(139-107+n%3), 10)                                            // callsubr n%3
	return append(b, 139-106, 29, 14)                                               // callgsubr 1, endchar
}

// Local are the local subroutines, the third of which calls the first.
func Local(font int) [][]byte {
	return [][]byte{{139 + byte(font), 7, 11}, {141, 7, 11}, {139 - 107, 10, 11}, {150, 7, 11}}
}

// Global are the global subroutines.
func Global() [][]byte { return [][]byte{{142, 6, 11}, {143, 6, 11}} }

func cff(o Options, n int) []byte {
	var chars [][]byte
	for g := range n {
		chars = append(chars, Charstring(g))
	}
	start := cat([]byte{1, 0, 4, 2}, index([]byte(o.Name)))
	strings := index([]byte("Adobe"), []byte("Identity"))
	global := index(Global()...)
	private := cat([]byte{149, 20}, number(8), []byte{19}) // a width, and that subroutines follow these eight bytes
	outlines := index(chars...)
	select3 := cat([]byte{3}, u16(2), u16(0), []byte{0}, u16(n/2), []byte{1}, u16(n))
	privates := cat(private, index(Local(0)...), private, index(Local(1)...))
	half := len(privates) / 2
	top := func(at int) []byte {
		if o.Keyed {
			return index(cat(number(at), []byte{17}, number(8), number(at+len(outlines)+len(select3)), []byte{18}))
		}
		return index(cat(number(391), number(392), number(0), []byte{12, 30}, []byte{30, 0x0a, 0x00, 0x1f, 12, 7}, number(at), []byte{17}, number(at+len(outlines)), []byte{12, 37}, number(at+len(outlines)+len(select3)+len(privates)), []byte{12, 36}))
	}
	at := len(start) + len(top(0)) + len(strings) + len(global)
	p := at + len(outlines) + len(select3)
	fonts := index(cat(number(8), number(p), []byte{18}), cat(number(8), number(p+half), []byte{18}))
	return cat(start, top(at), strings, global, outlines, select3, privates, fonts)
}
