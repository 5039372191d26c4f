package evtx

import "yagura/kernel/text"

// Bounds that no honest log comes near. They keep hostile ones linear.
const (
	maxDepth         = 128           // elements within elements
	maxFragments     = 16            // binary XML within values of binary XML
	maxNameChars     = 256           // characters of a name
	maxTemplateBytes = 4 * chunkSize // definitions may overlap only in hostile chunks
)

// Tokens of [MS-EVEN6] 2.2.12. The bit 0x40 says that more follows.
const (
	tokEOF      = 0x00
	tokOpen     = 0x01
	tokClose    = 0x02
	tokEmpty    = 0x03
	tokEnd      = 0x04
	tokValue    = 0x05
	tokAttr     = 0x06
	tokCDATA    = 0x07
	tokCharRef  = 0x08
	tokEntity   = 0x09
	tokPITarget = 0x0a
	tokPIData   = 0x0b
	tokTemplate = 0x0c
	tokSubst    = 0x0d
	tokOptional = 0x0e
	tokFragment = 0x0f
)

type kind uint8

const (
	kindElement kind = iota
	kindText
	kindSubst
)

// node is an element, a piece of text, or a place where a value goes.
type node struct {
	kind  kind
	name  *name
	text  string
	index uint16
	attrs []attr
	kids  []node
}

type attr struct {
	name  *name
	value []node
}

// template is a definition, read once per chunk, or why it cannot be.
type template struct {
	nodes []node
	err   *syntaxError
}

// value is what a record puts into its template.
type value struct {
	typ  byte
	data []byte
	frag *fragment // with typeBinXML
}

// fragment is a run of binary XML: elements with the values that fill them.
type fragment struct {
	nodes  []node
	values []value
}

type parser struct {
	c          *chunk
	pos, end   int
	inTemplate bool
	nested     int // fragments around this one
}

func (p *parser) fail(at int, reason text.Message) *syntaxError {
	return &syntaxError{at: at, reason: reason}
}

func (p *parser) need(n int) *syntaxError {
	if n < 0 || p.end-p.pos < n {
		return p.fail(p.pos, text.M("binary XML ends in the middle of a token"))
	}
	return nil
}

func (p *parser) u16() int {
	v := le.Uint16(p.c.data[p.pos:])
	p.pos += 2
	return int(v)
}

func (p *parser) u32() uint32 {
	v := le.Uint32(p.c.data[p.pos:])
	p.pos += 4
	return v
}

// fragment reads up to the end of a fragment. A template instance, where there
// is one, is the whole of it.
func (p *parser) fragment() (fragment, *syntaxError) {
	for p.pos < p.end && p.c.data[p.pos] == tokFragment {
		if err := p.need(4); err != nil {
			return fragment{}, err
		}
		p.pos += 4
	}
	if p.pos < p.end && p.c.data[p.pos] == tokTemplate {
		if p.inTemplate {
			return fragment{}, p.fail(p.pos, text.M("a template within a template"))
		}
		return p.instance()
	}
	nodes, err := p.content(0, true)
	return fragment{nodes: nodes}, err
}

// content reads nodes until the element ends, or with top until the fragment
// does.
func (p *parser) content(depth int, top bool) ([]node, *syntaxError) {
	var nodes []node
	if depth > maxDepth {
		return nil, p.fail(p.pos, text.M("elements are nested more than %d deep", maxDepth))
	}
	for {
		if p.pos >= p.end {
			if top {
				return nodes, nil
			}
			return nil, p.need(1)
		}
		at := p.pos
		tok := p.c.data[at]
		switch tok &^ 0x40 {
		case tokEOF:
			if !top {
				return nil, p.fail(at, text.M("the fragment ends within an element"))
			}
			p.pos++
			return nodes, nil
		case tokEnd:
			if top {
				return nil, p.fail(at, text.M("an element ends that never began"))
			}
			p.pos++
			return nodes, nil
		case tokOpen:
			p.pos++
			n, err := p.element(tok&0x40 != 0, depth)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, n)
		case tokFragment:
			if err := p.need(4); err != nil {
				return nil, err
			}
			p.pos += 4
		default:
			n, ok, err := p.piece()
			if err != nil {
				return nil, err
			}
			if ok {
				nodes = append(nodes, n)
			}
		}
	}
}

// element reads what follows an open start element token.
func (p *parser) element(hasAttrs bool, depth int) (node, *syntaxError) {
	if p.dependency() {
		p.pos += 2
	}
	if err := p.need(8); err != nil {
		return node{}, err
	}
	p.pos += 4 // the size: the tokens say it as well
	nm, err := p.name()
	if err != nil {
		return node{}, err
	}
	n := node{kind: kindElement, name: nm}
	if hasAttrs {
		if err := p.need(4); err != nil {
			return node{}, err
		}
		p.pos += 4
	}
	for {
		if err := p.need(1); err != nil {
			return node{}, err
		}
		switch tok := p.c.data[p.pos]; tok &^ 0x40 {
		case tokAttr:
			p.pos++
			a, err := p.attribute()
			if err != nil {
				return node{}, err
			}
			n.attrs = append(n.attrs, a)
		case tokEmpty:
			p.pos++
			return n, nil
		case tokClose:
			p.pos++
			n.kids, err = p.content(depth+1, false)
			return n, err
		default:
			return node{}, p.fail(p.pos, text.M("token 0x%02x has no place in the head of an element", tok))
		}
	}
}

// dependency tells whether the element at hand has a dependency identifier:
// those of template definitions have, others mostly have not. Where the
// expected layout gives no name, the other one is tried.
func (p *parser) dependency() bool {
	with, without := p.namedAt(p.pos+6), p.namedAt(p.pos+4)
	if with != without {
		return with
	}
	return p.inTemplate
}

func (p *parser) namedAt(at int) bool {
	if at+4 > p.end {
		return false
	}
	off := le.Uint32(p.c.data[at:])
	if off == uint32(at+4) {
		return true
	}
	if off < headerSize || off > uint32(at) {
		return false
	}
	_, err := p.nameAt(off)
	return err == nil
}

func (p *parser) attribute() (attr, *syntaxError) {
	if err := p.need(4); err != nil {
		return attr{}, err
	}
	nm, err := p.name()
	if err != nil {
		return attr{}, err
	}
	a := attr{name: nm}
	for {
		if err := p.need(1); err != nil {
			return attr{}, err
		}
		switch p.c.data[p.pos] &^ 0x40 {
		case tokValue, tokCharRef, tokEntity, tokCDATA, tokSubst, tokOptional:
			n, ok, err := p.piece()
			if err != nil {
				return attr{}, err
			}
			if ok {
				a.value = append(a.value, n)
			}
		default:
			return a, nil
		}
	}
}

// piece reads one token of text. Processing instructions are read over.
func (p *parser) piece() (node, bool, *syntaxError) {
	at := p.pos
	tok := p.c.data[at]
	p.pos++
	switch tok &^ 0x40 {
	case tokValue:
		if err := p.need(3); err != nil {
			return node{}, false, err
		}
		if typ := p.c.data[p.pos]; typ != typeString {
			return node{}, false, p.fail(at, text.M("text of the value type 0x%02x", typ))
		}
		p.pos++
		s, err := p.counted()
		return node{kind: kindText, text: s}, true, err
	case tokCDATA:
		s, err := p.counted()
		return node{kind: kindText, text: s}, true, err
	case tokCharRef:
		if err := p.need(2); err != nil {
			return node{}, false, err
		}
		return node{kind: kindText, text: string(rune(p.u16()))}, true, nil
	case tokEntity:
		if err := p.need(4); err != nil {
			return node{}, false, err
		}
		nm, err := p.name()
		if err != nil {
			return node{}, false, err
		}
		return node{kind: kindText, text: entity(nm.s)}, true, nil
	case tokPITarget:
		if err := p.need(4); err != nil {
			return node{}, false, err
		}
		_, err := p.name()
		return node{}, false, err
	case tokPIData:
		_, err := p.counted()
		return node{}, false, err
	case tokSubst, tokOptional:
		if err := p.need(3); err != nil {
			return node{}, false, err
		}
		n := node{kind: kindSubst, index: uint16(p.u16())}
		p.pos++ // the type: the value itself says it as well
		return n, true, nil
	}
	return node{}, false, p.fail(at, text.M("token 0x%02x is not known", tok))
}

// counted reads UTF-16 text behind its number of characters.
func (p *parser) counted() (string, *syntaxError) {
	if err := p.need(2); err != nil {
		return "", err
	}
	n := p.u16() * 2
	if err := p.need(n); err != nil {
		return "", err
	}
	s := decodeUTF16(p.c.data[p.pos : p.pos+n])
	p.pos += n
	return s, nil
}
