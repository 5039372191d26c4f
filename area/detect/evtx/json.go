package evtx

import (
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// JSON is the event as a nested object, {"Event":{"System":{…},"EventData":{…}}}:
// attributes under "#attributes", text beside them under "#text", elements
// named Data by their attribute Name, unnamed ones as "Data":{"#text":[…]}.
// Numbers and truth values stay such, arrays become arrays, elements without
// content null. A name that comes again gets _1, _2, …. White space at the end
// of string values is left out, as in the published logs that rules are tested
// with; XML keeps it.
func (rec *Record) JSON() ([]byte, error) {
	return rec.render(func(w *writer, root *item) {
		w.b = append(w.b, '{')
		w.b = append(w.b, root.elem.name.key...)
		w.element(root, false)
		w.b = append(w.b, '}')
	})
}

// element appends the value of an element.
func (w *writer) element(it *item, data bool) {
	if w.enough() {
		return
	}
	items := w.items(it.elem.kids, it.values)
	elements := 0
	for i := range items {
		if items[i].elem != nil {
			elements++
		}
	}
	mark := len(w.b)
	w.b = append(w.b, '{')
	attrs := !data && w.attributes(it)
	switch {
	case elements == 0 && !attrs && len(items) == 0:
		w.b = w.b[:mark]
		if data {
			w.b = append(w.b, `""`...)
		} else {
			w.b = append(w.b, "null"...)
		}
		return
	case elements == 0 && !attrs:
		w.b = w.b[:mark]
		w.scalar(items)
		return
	}
	keys := keys{}
	if attrs {
		w.b = append(w.b, ',')
	}
	if elements < len(items) {
		w.b = append(w.b, `"#text":`...)
		w.scalar(items)
		w.b = append(w.b, ',')
	}
	w.children(it, items, &keys)
	if w.b[len(w.b)-1] == ',' {
		w.b = w.b[:len(w.b)-1]
	}
	w.b = append(w.b, '}')
}

// attributes appends those that have a value and tells whether there are any.
func (w *writer) attributes(it *item) bool {
	open := false
	for i := range it.elem.attrs {
		a := &it.elem.attrs[i]
		items := w.items(a.value, it.values)
		if len(items) == 0 {
			continue
		}
		if !open {
			open = true
			w.b = append(w.b, `"#attributes":{`...)
		}
		w.b = append(w.b, a.name.key...)
		w.scalar(items)
		w.b = append(w.b, ',')
		if w.enough() {
			break
		}
	}
	if open {
		w.b[len(w.b)-1] = '}'
	}
	return open
}

// children appends the elements among items, each with a comma behind it.
func (w *writer) children(it *item, items []item, seen *keys) {
	container := it.elem.name.s == "EventData" || it.elem.name.s == "UserData"
	var unnamed []*item
	for i := range items {
		child := &items[i]
		if child.elem == nil || w.enough() {
			continue
		}
		if container && child.elem.name.s == "Data" {
			named := w.dataName(child)
			if named == "" {
				unnamed = append(unnamed, child)
				continue
			}
			w.b = append(appendString(w.b, seen.free(named)), ':')
			w.element(child, true)
		} else {
			w.key(child.elem.name, seen)
			w.element(child, false)
		}
		w.b = append(w.b, ',')
	}
	if len(unnamed) == 0 {
		return
	}
	w.b = append(appendString(w.b, seen.free("Data")), `:{"#text":`...)
	if len(unnamed) > 1 {
		w.b = append(w.b, '[')
	}
	for i, child := range unnamed {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.element(child, true)
	}
	if len(unnamed) > 1 {
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, "},"...)
}

func (w *writer) key(n *name, seen *keys) {
	if s := seen.free(n.s); s != n.s {
		w.b = append(appendString(w.b, s), ':')
		return
	}
	w.b = append(w.b, n.key...)
}

// dataName is the attribute Name of a Data element.
func (w *writer) dataName(it *item) string {
	for i := range it.elem.attrs {
		if a := &it.elem.attrs[i]; a.name.s == "Name" {
			if len(a.value) == 1 && a.value[0].kind == kindText {
				return a.value[0].text
			}
			return string(w.plain(nil, w.items(a.value, it.values)))
		}
	}
	return ""
}

// scalar appends text: a single value keeps its type, several run together.
func (w *writer) scalar(items []item) {
	var only *item
	pieces := 0
	for i := range items {
		if items[i].isText() {
			only = &items[i]
			pieces++
		}
	}
	switch {
	case pieces == 1 && only.val == nil:
		w.b = appendString(w.b, only.text)
	case pieces == 1 && only.val.typ&typeArray != 0:
		w.spent += len(only.val.data) / 4
		w.b = append(w.b, '[')
		for i, v := range only.val.items() {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.value(v)
		}
		w.b = append(w.b, ']')
	case pieces == 1:
		w.spent += len(only.val.data) / 4
		w.value(*only.val)
	default:
		w.b = appendString(w.b, string(w.plain(nil, items)))
	}
}

func (w *writer) value(v value) {
	if v.typ == typeString || v.typ == typeXML {
		w.b = append(appendUTF16(append(w.b, '"'), trimSpace(v.data)), '"')
		return
	}
	mark := len(w.b)
	b, quoted := v.text(w.b, w.chunk.codepage)
	if !quoted {
		w.b = b
		return
	}
	s := string(b[mark:])
	w.b = appendString(b[:mark], s)
}

// trimSpace takes white space from the end of UTF-16LE.
func trimSpace(d []byte) []byte {
	for len(d) > 1 && unicode.IsSpace(rune(le.Uint16(d[len(d)-2:]))) {
		d = d[:len(d)-2]
	}
	return d
}

// keys are the names taken in one object.
type keys struct {
	few  []string
	many map[string]int // how often a base name came
}

// free returns the name, or the next name_N that is not taken.
func (k *keys) free(s string) string {
	if k.many == nil {
		if !slices.Contains(k.few, s) {
			if len(k.few) < 24 {
				k.few = append(k.few, s)
				return s
			}
		}
		k.many = make(map[string]int, 2*len(k.few))
		for _, f := range k.few {
			k.many[f] = 1
		}
	}
	n := k.many[s]
	if n == 0 {
		k.many[s] = 1
		return s
	}
	for ; ; n++ {
		t := s + "_" + strconv.Itoa(n)
		if k.many[t] == 0 {
			k.many[t], k.many[s] = 1, n+1
			return t
		}
	}
}

// appendString appends a JSON string (RFC 8259 clause 7). What is not UTF-8
// becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		b = appendEscape(append(b, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendUTF16 appends UTF-16LE as the inside of a JSON string.
func appendUTF16(b, d []byte) []byte {
	for i := 0; i+1 < len(d); i += 2 {
		u := rune(le.Uint16(d[i:]))
		switch {
		case u < 0x20 || u == '"' || u == '\\':
			b = appendEscape(b, byte(u))
		case u < utf8.RuneSelf:
			b = append(b, byte(u))
		case u >= 0xd800 && u < 0xdc00 && i+3 < len(d):
			if low := rune(le.Uint16(d[i+2:])); low >= 0xdc00 && low < 0xe000 {
				b = utf8.AppendRune(b, (u-0xd800)<<10|(low-0xdc00)+0x10000)
				i += 2
				continue
			}
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, u)
		}
	}
	return b
}
