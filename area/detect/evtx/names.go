package evtx

import (
	"unicode/utf16"

	"yagura/kernel/text"
)

// name is a name of the chunk's string table, once as text and once as a key.
type name struct {
	s    string
	xml  string
	key  []byte // `"name":`
	size int    // bytes it takes where it stands in line
}

// name reads the offset of a name and steps over the name where it stands here.
func (p *parser) name() (*name, *syntaxError) {
	off := p.u32()
	nm, err := p.nameAt(off)
	if err != nil {
		return nil, err
	}
	if int(off) == p.pos {
		if err := p.need(nm.size); err != nil {
			return nil, err
		}
		p.pos += nm.size
	}
	return nm, nil
}

func (p *parser) nameAt(off uint32) (*name, *syntaxError) {
	if nm := p.c.names[off]; nm != nil {
		return nm, nil
	}
	d := p.c.data
	if off < headerSize || int64(off)+8 > int64(len(d)) {
		return nil, p.fail(p.pos, text.M("a name lies outside of the chunk (offset %d)", off))
	}
	n := int(le.Uint16(d[off+6:]))
	from := int(off) + 8
	if n == 0 || n > maxNameChars || from+2*n+2 > len(d) {
		return nil, p.fail(int(off), text.M("a name of %d characters", n))
	}
	if le.Uint16(d[from+2*n:]) != 0 {
		return nil, p.fail(int(off), text.M("a name that does not end"))
	}
	nm := &name{s: decodeUTF16(d[from : from+2*n]), size: 8 + 2*n + 2}
	nm.xml = xmlName(nm.s)
	nm.key = append(appendString(nil, nm.s), ':')
	p.c.names[off] = nm
	return nm, nil
}

func entity(s string) string {
	switch s {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	return "&" + s + ";"
}

func decodeUTF16(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = le.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
