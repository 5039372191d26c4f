// Package typeface reads OpenType fonts, alone or from a collection, with outlines
// of TrueType (glyf) or PostScript (CFF), and cuts from one what a PDF needs of it.
// Formats: ISO/IEC 14496-22; Adobe Technical Notes 5176 (CFF) and 5177 (Type 2
// charstrings).
//
// A font comes from the machine of who runs the program, but a damaged one must end
// in an error: every offset is checked, and what lies outside is no font.
package typeface

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf16"

	"yagura/kernel/fault"
)

// Face is one font.
type Face struct {
	Name   string // of PostScript
	File   string
	glyphs int
	em     int
	tables map[string]view
	ranges []span
	// Of the descriptor of a PDF, in thousandths of an em.
	Ascent, Descent, CapHeight int
	Box                        [4]int
	Bold                       bool
	post                       *cff // with outlines of PostScript
}

// span maps runes from..to to glyphs; where delta is used, glyph = rune + delta.
type span struct {
	from, to rune
	glyph    int
	list     []uint16 // else one for each rune
}

// Parse reads a font out of a file's bytes. Of a collection it takes the face with
// that index; below zero it takes the one for Japanese, else the first.
func Parse(file string, data []byte, index int) (*Face, error) {
	d := view{data, new(bool)}
	offsets := []int{0}
	switch {
	case len(data) < 12:
		return nil, fault.Invalidf("%s: this is no OpenType font", file)
	case string(data[:4]) == "ttcf":
		offsets = nil
		n := d.u32(8)
		if n < 1 || n > 256 {
			return nil, fault.Invalidf("%s: the font is damaged", file)
		}
		for i := range n {
			offsets = append(offsets, d.u32(12+4*i))
		}
	}
	if index >= len(offsets) {
		return nil, fault.Invalidf("%s holds %d fonts: there is no number %d, counted from 0", file, len(offsets), index)
	}
	if index >= 0 {
		return parse(file, data, offsets[index])
	}
	var first *Face
	for _, at := range offsets {
		f, err := parse(file, data, at)
		if err != nil {
			return nil, err
		}
		if n := strings.ToLower(f.Name); strings.Contains(n, "cjkjp") || strings.Contains(n, "jp-") {
			return f, nil
		}
		if first == nil {
			first = f
		}
	}
	return first, nil
}

func parse(file string, data []byte, at int) (*Face, error) {
	d := view{data, new(bool)}
	f := &Face{File: file, tables: map[string]view{}}
	switch tag := string(d.sub(at, 4).b); tag {
	case "\x00\x01\x00\x00", "true", "OTTO":
	case "wOFF", "wOF2":
		return nil, fault.Invalidf("%s is packed for the web (WOFF): give the font as .ttf, .otf or .ttc", file)
	default:
		return nil, fault.Invalidf("%s: this is no OpenType font", file)
	}
	for i := range d.u16(at + 4) {
		rec := at + 12 + 16*i
		f.tables[string(d.sub(rec, 4).b)] = d.sub(d.u32(rec+8), d.u32(rec+12))
	}
	for _, need := range []string{"head", "hhea", "hmtx", "maxp", "cmap"} {
		if len(f.tables[need].b) == 0 {
			return nil, fault.Invalidf("%s: the font has no table %q", file, need)
		}
	}
	t := f.tables
	f.glyphs, f.em = t["maxp"].u16(4), t["head"].u16(18)
	if f.glyphs == 0 || f.em == 0 {
		return nil, fault.Invalidf("%s: the font is damaged", file)
	}
	for i := range f.Box {
		f.Box[i] = f.scale(t["head"].i16(36 + 2*i))
	}
	f.Ascent, f.Descent = f.scale(t["hhea"].i16(4)), f.scale(t["hhea"].i16(6))
	f.CapHeight = f.Ascent * 7 / 10
	f.Bold = t["head"].u16(44)&1 != 0
	if os2, ok := t["OS/2"]; ok {
		// fsType: embedding is refused, or parts of the font may not be taken.
		if kind := os2.u16(8); kind&0x000f == 0x0002 || kind&0x0300 != 0 {
			return nil, fault.Invalidf("%s: its maker does not allow that parts of the font are embedded in documents", file)
		}
		if os2.u16(0) >= 2 {
			f.CapHeight = f.scale(os2.i16(88))
		}
	}
	f.name()
	f.cmap()
	if c, ok := t["CFF "]; ok {
		f.post = readCFF(c)
		if len(f.post.chars) < f.glyphs {
			*d.bad = true
		}
	} else if len(t["glyf"].b) == 0 || len(t["loca"].b) == 0 {
		return nil, fault.Invalidf("%s: the font has outlines neither of TrueType nor of PostScript (CFF)", file)
	}
	if *d.bad || len(f.ranges) == 0 {
		return nil, fault.Invalidf("%s: the font is damaged", file)
	}
	return f, nil
}

// CFF tells whether the outlines are those of PostScript.
func (f *Face) CFF() bool { return f.post != nil }

func (f *Face) scale(v int) int { return v * 1000 / f.em }

// Width is the advance of a glyph in thousandths of an em.
func (f *Face) Width(glyph int) int {
	n := f.tables["hhea"].u16(34)
	if n == 0 {
		return 0
	}
	return f.scale(f.tables["hmtx"].u16(4 * min(glyph, n-1)))
}

// Glyph is that of a rune; ok is false where the font has none.
func (f *Face) Glyph(r rune) (glyph int, ok bool) {
	i, ok := slices.BinarySearchFunc(f.ranges, r, func(s span, r rune) int {
		switch {
		case s.to < r:
			return -1
		case s.from > r:
			return 1
		}
		return 0
	})
	if !ok {
		return 0, false
	}
	s := f.ranges[i]
	glyph = s.glyph + int(r-s.from)
	if s.list != nil {
		glyph = int(s.list[r-s.from])
	}
	return glyph, glyph > 0 && glyph < f.glyphs
}

// name is the name of PostScript, made of what a PDF may hold.
func (f *Face) name() {
	t := f.tables["name"]
	strings_ := t.u16(4)
	for i := range t.u16(2) {
		rec := 6 + 12*i
		if t.u16(rec+6) != 6 {
			continue
		}
		raw := t.sub(strings_+t.u16(rec+10), t.u16(rec+8))
		name := string(raw.b)
		if p := t.u16(rec); p == 3 || p == 0 {
			var units []uint16
			for k := 0; k+1 < len(raw.b); k += 2 {
				units = append(units, uint16(raw.u16(k)))
			}
			name = string(utf16.Decode(units))
		}
		name = strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' {
				return r
			}
			return -1
		}, name)
		if name != "" {
			f.Name = name
			return
		}
	}
	f.Name = "Font"
}

// cmap reads the best table of characters: all of Unicode, else its first plane.
func (f *Face) cmap() {
	t := f.tables["cmap"]
	best, at := 0, 0
	for i := range t.u16(2) {
		rec := 4 + 8*i
		rank := 0
		switch platform, encoding := t.u16(rec), t.u16(rec+2); {
		case platform == 3 && encoding == 10, platform == 0 && (encoding == 4 || encoding == 6):
			rank = 2
		case platform == 3 && encoding == 1, platform == 0 && encoding < 4:
			rank = 1
		}
		offset := t.u32(rec + 4)
		if format := t.u16(offset); rank > best && (format == 4 || format == 12) {
			best, at = rank, offset
		}
	}
	if best == 0 {
		return
	}
	switch t.u16(at) {
	case 12:
		n := t.u32(at + 12)
		if n > len(t.b)/12 {
			*t.bad = true
			return
		}
		for i := range n {
			g := at + 16 + 12*i
			f.ranges = append(f.ranges, span{from: rune(t.u32(g)), to: rune(t.u32(g + 4)), glyph: t.u32(g + 8)})
		}
	case 4:
		n, last := t.u16(at+6)/2, -1
		for i := range n {
			end, start := t.u16(at+14+2*i), t.u16(at+16+2*n+2*i)
			if start <= last || end < start { // segments are in order and lie apart
				*t.bad = true
				return
			}
			last = end
			delta, back := t.u16(at+16+4*n+2*i), at+16+6*n+2*i
			s := span{from: rune(start), to: rune(end)}
			offset := t.u16(back)
			for c := start; c <= end && c < 0xffff; c++ {
				g := c + delta
				if offset != 0 {
					if g = t.u16(back + offset + 2*(c-start)); g != 0 {
						g += delta
					}
				}
				s.list = append(s.list, uint16(g))
			}
			s.to = s.from + rune(len(s.list)) - 1
			if len(s.list) > 0 {
				f.ranges = append(f.ranges, s)
			}
		}
	}
	for _, s := range f.ranges {
		if s.to < s.from || s.from < 0 || s.to > 0x10ffff {
			*t.bad = true
		}
	}
	slices.SortFunc(f.ranges, func(a, b span) int { return cmp.Compare(a.from, b.from) })
}
