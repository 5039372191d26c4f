package evtx

import "yagura/kernel/text"

// instance reads a template instance: which definition, and the values that
// go into it. The definition stands in line where it is used first.
func (p *parser) instance() (fragment, *syntaxError) {
	if err := p.need(10); err != nil {
		return fragment{}, err
	}
	p.pos += 6 // token, one byte of unknown use, identifier
	off := p.u32()
	t := p.template(off)
	if int(off) == p.pos {
		if err := p.need(24); err != nil {
			return fragment{}, err
		}
		n := le.Uint32(p.c.data[off+20:])
		p.pos += 24
		if int64(n) > int64(p.end-p.pos) {
			return fragment{}, p.fail(int(off), text.M("a template of %d bytes reaches beyond its record", n))
		}
		p.pos += int(n)
	}
	if t.err != nil {
		return fragment{}, t.err
	}
	values, err := p.values()
	return fragment{nodes: t.nodes, values: values}, err
}

// template reads the definition at an offset of the chunk, once.
func (p *parser) template(off uint32) *template {
	if t := p.c.templates[off]; t != nil {
		return t
	}
	t := &template{}
	p.c.templates[off] = t
	if off < chunkHeader || int64(off)+24 > int64(len(p.c.data)) {
		t.err = p.fail(p.pos, text.M("a template lies outside of the chunk (offset %d)", off))
		return t
	}
	n := int64(le.Uint32(p.c.data[off+20:]))
	from := int64(off) + 24
	if n > int64(len(p.c.data))-from {
		t.err = p.fail(int(off), text.M("a template of %d bytes reaches beyond its chunk", n))
		return t
	}
	if p.c.parsed += int(n); p.c.parsed > maxTemplateBytes {
		t.err = p.fail(int(off), text.M("the templates of the chunk overlap"))
		return t
	}
	in := parser{c: p.c, pos: int(from), end: int(from + n), inTemplate: true}
	f, err := in.fragment()
	t.nodes, t.err = f.nodes, err
	return t
}

// values reads the array of values: first all sizes and types, then the data.
func (p *parser) values() ([]value, *syntaxError) {
	if err := p.need(4); err != nil {
		return nil, err
	}
	n := p.u32()
	if int64(n)*4 > int64(p.end-p.pos) {
		return nil, p.fail(p.pos-4, text.M("%d values do not fit into the record", n))
	}
	values := make([]value, n)
	desc := p.pos
	p.pos += int(n) * 4
	for i := range values {
		size := int(le.Uint16(p.c.data[desc+4*i:]))
		typ := p.c.data[desc+4*i+2]
		if size > p.end-p.pos {
			return nil, p.fail(p.pos, text.M("value %d has %d bytes, more than the record", i, size))
		}
		v := value{typ: typ, data: p.c.data[p.pos : p.pos+size]}
		if typ == typeString || typ == typeXML {
			v.data = trimUTF16(v.data) // once here: a template may show it many times
		}
		if typ == typeBinXML && size > 0 {
			if p.nested >= maxFragments {
				return nil, p.fail(p.pos, text.M("fragments are nested more than %d deep", maxFragments))
			}
			in := parser{c: p.c, pos: p.pos, end: p.pos + size, nested: p.nested + 1}
			f, err := in.fragment()
			if err != nil {
				return nil, err
			}
			v.frag = &f
		}
		values[i] = v
		p.pos += size
	}
	return values, nil
}
