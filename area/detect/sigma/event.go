package sigma

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// event is what one Matcher knows of the event before it. Its memory is used
// again for the next one.
type event struct {
	raw    []byte
	epoch  uint32
	seen   []uint32 // per field: epoch in which it was met
	first  []int32  // per field: its first value, -1: present without a value
	last   []int32
	met    []int32 // fields met, in order
	values []value
	buf    []byte // unescaped and folded texts
	stack  []frame
	key    []byte

	names   []name // met so far; number 0 is the beginning
	nameNum map[nameKey]int32

	patterns []func() *pattern
	dfas     []*dfa // by pattern, made when first asked

	escapes  int8 // 0: not looked, 1: raw has \u escapes, -1: it has none
	keywords [][]byte
	lowTexts [][]byte
	allRead  bool
}

// value is one value of a field. A text may still be as it stands in raw.
type value struct {
	text  []byte
	low   []byte // folded; nil until asked for
	next  int32
	str   bool
	read  bool // text is unescaped
	null  bool
	ascii bool // known once low is
}

type frame struct {
	at    *place
	field int32 // in an array: the field its elements belong to
	array bool
}

// maxKept bounds the memory a Matcher keeps between events.
const maxKept = 1 << 20

func (e *event) reset(raw []byte, fields int) {
	e.raw = raw
	if len(e.names) == 0 {
		e.names = append(e.names, name{})
	}
	e.epoch++
	if len(e.seen) < fields || e.epoch == 0 {
		e.seen, e.first, e.last = make([]uint32, fields), make([]int32, fields), make([]int32, fields)
		e.epoch = 1
	}
	e.met = e.met[:0]
	if cap(e.values) > maxKept/64 {
		e.values = nil
	}
	if cap(e.buf) > maxKept {
		e.buf = nil
	}
	e.values, e.buf, e.stack = e.values[:0], e.buf[:0], e.stack[:0]
	e.escapes, e.allRead = 0, false
	e.lowTexts = e.lowTexts[:0]
	if e.keywords != nil {
		e.keywords = e.keywords[:0]
	}
}

func (e *event) present(f int32) bool { return e.seen[f] == e.epoch }

func (e *event) meet(f int32) {
	if e.seen[f] != e.epoch {
		e.seen[f] = e.epoch
		e.first[f], e.last[f] = -1, -1
		e.met = append(e.met, f)
	}
}

func (e *event) add(f int32, text []byte, str bool) {
	e.meet(f)
	n := int32(len(e.values))
	e.values = append(e.values, value{text: text, str: str, read: !str, next: -1,
		null: !str && len(text) == 4 && string(text) == "null"})
	if l := e.last[f]; l >= 0 {
		e.values[l].next = n
	} else {
		e.first[f] = n
	}
	e.last[f] = n
}

// text returns the value unescaped, in its own case.
func (e *event) text(v *value) []byte {
	if !v.read {
		v.read = true
		if bytes.IndexByte(v.text, '\\') >= 0 {
			n := len(e.buf)
			e.buf = appendUnescaped(e.buf, v.text)
			v.text = e.buf[n:len(e.buf):len(e.buf)]
		}
	}
	return v.text
}

// folded returns the value as texts are compared.
func (e *event) folded(v *value) []byte {
	if v.low == nil {
		n := len(e.buf)
		if v.read {
			e.buf = appendFold(e.buf, v.text)
			v.low = e.buf[n:len(e.buf):len(e.buf)]
			v.ascii = isASCII(v.low)
			return v.low
		}
		e.buf, v.ascii = appendFoldEscaped(e.buf, v.text)
		v.low = e.buf[n:len(e.buf):len(e.buf)]
	}
	return v.low
}

// scan walks the event once and notes where wanted fields stand.
func (e *event) scan(root *place) error {
	b := e.raw
	fail := func(i int, reason string) error { return &NotJSON{Offset: i, Reason: reason} }
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return fail(i, "an object begins with {")
	}
	i++
	top := frame{at: root, field: -1}
	wantComma := false
	last := int32(0)
	for {
		i = skipSpace(b, i)
		if i >= len(b) {
			return fail(i, "it ends inside an object")
		}
		c := b[i]
		if closing := byte('}'); c == closing || c == ']' {
			if top.array != (c == ']') {
				return fail(i, "a bracket closes what it did not open")
			}
			i++
			if len(e.stack) == 0 {
				if j := skipSpace(b, i); j != len(b) {
					return fail(j, "there is more after the object")
				}
				return nil
			}
			top = e.stack[len(e.stack)-1]
			e.stack = e.stack[:len(e.stack)-1]
			wantComma = true
			continue
		}
		if wantComma {
			if c != ',' {
				return fail(i, "a comma is missing")
			}
			wantComma = false
			i++
			continue
		}
		field, sub := top.field, top.at
		if !top.array {
			if c != '"' {
				return fail(i, "a name begins with a quote")
			}
			if n := e.guess(last, top.at, i); n > 0 {
				last = n
				k := &e.names[n]
				field, sub = k.field, k.sub
				i += len(k.text)
				if i < len(b) && isSpace(b[i]) {
					i = skipSpace(b, i)
				}
				if i >= len(b) {
					return fail(i, "a value is missing")
				}
			} else {
				end := endOfString(b, i+1)
				if end < 0 {
					return fail(i, "a name does not end")
				}
				start := i
				if i = skipSpace(b, end+1); i >= len(b) || b[i] != ':' {
					return fail(i, "a colon is missing")
				}
				field, sub = e.lookup(top.at, b[start+1:end])
				last = e.learn(last, top.at, b[start:i+1], field, sub)
				if i = skipSpace(b, i+1); i >= len(b) {
					return fail(i, "a value is missing")
				}
			}
			c = b[i]
		}
		wantComma = true
		switch c {
		case '"':
			end := endOfString(b, i+1)
			if end < 0 {
				return fail(i, "a text does not end")
			}
			if field >= 0 {
				e.add(field, b[i+1:end], true)
			}
			i = end + 1
			if !top.array {
				i, last = e.run(i, last, top.at)
			}
		case '{', '[':
			if field >= 0 {
				e.meet(field)
			}
			if sub == nil && (field < 0 || c == '{') {
				end := skipBracketed(b, i)
				if end < 0 {
					return fail(i, "a bracket is not closed")
				}
				i = end
				continue
			}
			e.stack = append(e.stack, top)
			top = frame{at: sub, field: -1}
			if c == '[' {
				top.array, top.field = true, field
			}
			wantComma = false
			i++
		default:
			end := endOfScalar(b, i)
			if end == i {
				return fail(i, "a value is missing")
			}
			if field >= 0 {
				e.add(field, b[i:end], false)
			}
			i = end
			if !top.array {
				i, last = e.run(i, last, top.at)
			}
		}
	}
}

// run reads on inside an object as long as names come as they came before, each
// with a text or a number.
func (e *event) run(i int, last int32, at *place) (int, int32) {
	b := e.raw
	for i+1 < len(b) && b[i] == ',' && b[i+1] == '"' {
		n := e.guess(last, at, i+1)
		if n == 0 {
			break
		}
		k := &e.names[n]
		from := i + 1 + len(k.text)
		if from >= len(b) {
			break
		}
		str := b[from] == '"'
		var end int
		if str {
			from++
			if end = endOfString(b, from); end < 0 {
				break
			}
		} else if end = endOfScalar(b, from); end == from {
			break
		}
		if k.field >= 0 {
			e.add(k.field, b[from:end], str)
		}
		if i, last = end, n; str {
			i++
		}
	}
	return i, last
}

// lookup finds what is wanted under a name.
func (e *event) lookup(at *place, name []byte) (int32, *place) {
	if at == nil {
		return -1, nil
	}
	if bytes.IndexByte(name, '\\') >= 0 {
		e.key = appendUnescaped(e.key[:0], name)
		name = e.key
	}
	if bytes.IndexByte(name, ' ') >= 0 {
		key := e.key[:0]
		for _, c := range name {
			if c != ' ' {
				key = append(key, c)
			}
		}
		e.key, name = key, key
	}
	if t := at.find(name); t != nil {
		sub := t.sub
		if sub == nil {
			sub = at.any
		}
		return t.field, sub
	}
	return -1, at.any
}

// everyText returns every value of the event, unescaped, in its own case.
func (e *event) everyText() [][]byte {
	if e.allRead {
		return e.keywords
	}
	e.allRead = true
	b := e.raw
	isName := false
	var inObject []bool
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '{', '[':
			inObject = append(inObject, c == '{')
			isName = c == '{'
			i++
		case '}', ']':
			if len(inObject) > 0 {
				inObject = inObject[:len(inObject)-1]
			}
			i++
		case ',':
			isName = len(inObject) > 0 && inObject[len(inObject)-1]
			i++
		case ':':
			isName = false
			i++
		case '"':
			end := endOfString(b, i+1)
			if end < 0 {
				return e.keywords
			}
			if !isName {
				t := b[i+1 : end]
				if bytes.IndexByte(t, '\\') >= 0 {
					n := len(e.buf)
					e.buf = appendUnescaped(e.buf, t)
					t = e.buf[n:len(e.buf):len(e.buf)]
				}
				e.keywords = append(e.keywords, t)
			}
			i = end + 1
		default:
			end := endOfScalar(b, i)
			if end == i {
				i++
				continue
			}
			if string(b[i:end]) != "null" {
				e.keywords = append(e.keywords, b[i:end])
			}
			i = end
		}
	}
	return e.keywords
}

// hasEscapes reports whether some character that rawSearch looks for is written
// as \u…, so that a search over raw could miss it.
func (e *event) hasEscapes() bool {
	if e.escapes == 0 {
		e.escapes = -1
		if escapesIn(e.raw) {
			e.escapes = 1
		}
	}
	return e.escapes > 0
}

// escapesIn looks for such \u… behind an even number of backslashes, many places
// at a time.
func escapesIn(b []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+33 <= len(b); i += 32 {
		w := b[i : i+33]
		y := (binary.LittleEndian.Uint64(w) ^ '\\'*ones) | (binary.LittleEndian.Uint64(w[1:]) ^ 'u'*ones)
		z := (y - ones) &^ y
		y = (binary.LittleEndian.Uint64(w[8:]) ^ '\\'*ones) | (binary.LittleEndian.Uint64(w[9:]) ^ 'u'*ones)
		z |= (y - ones) &^ y
		y = (binary.LittleEndian.Uint64(w[16:]) ^ '\\'*ones) | (binary.LittleEndian.Uint64(w[17:]) ^ 'u'*ones)
		z |= (y - ones) &^ y
		y = (binary.LittleEndian.Uint64(w[24:]) ^ '\\'*ones) | (binary.LittleEndian.Uint64(w[25:]) ^ 'u'*ones)
		z |= (y - ones) &^ y
		if z&high != 0 && escapeAt(b, i, i+32) {
			return true
		}
	}
	for ; i+9 <= len(b); i += 8 {
		z := (binary.LittleEndian.Uint64(b[i:]) ^ '\\'*ones) | (binary.LittleEndian.Uint64(b[i+1:]) ^ 'u'*ones)
		if (z-ones)&^z&high != 0 && escapeAt(b, i, i+8) {
			return true
		}
	}
	return escapeAt(b, i, len(b)-1)
}

func escapeAt(b []byte, from, to int) bool {
	for i := from; i < to; i++ {
		if b[i] != '\\' || b[i+1] != 'u' {
			continue
		}
		n := i
		for n > 0 && b[n-1] == '\\' {
			n--
		}
		if r, ok := hex4(b[i+2:]); (i-n)&1 == 0 && ok && r < utf8.RuneSelf && plainInJSON(byte(r)) {
			return true
		}
	}
	return false
}
