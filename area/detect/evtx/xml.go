package evtx

import "strings"

// XML is the event as an XML element, without a declaration. Characters that
// XML cannot hold become U+FFFD.
func (rec *Record) XML() ([]byte, error) {
	return rec.render(func(w *writer, root *item) { w.tag(root) })
}

func (w *writer) tag(it *item) {
	if w.enough() {
		return
	}
	w.b = append(append(w.b, '<'), it.elem.name.xml...)
	for i := range it.elem.attrs {
		a := &it.elem.attrs[i]
		items := w.items(a.value, it.values)
		if len(items) == 0 {
			continue
		}
		w.b = append(append(append(w.b, ' '), a.name.xml...), `="`...)
		w.b = append(appendXML(w.b, w.plain(nil, items)), '"')
	}
	items := w.items(it.elem.kids, it.values)
	if len(items) == 0 {
		w.b = append(w.b, "/>"...)
		return
	}
	w.b = append(w.b, '>')
	for i := range items {
		if items[i].elem != nil {
			w.tag(&items[i])
		} else {
			w.b = appendXML(w.b, w.plain(nil, items[i:i+1]))
		}
	}
	w.b = append(append(append(w.b, "</"...), it.elem.name.xml...), '>')
}

// xmlName is a name with everything that would end it taken out.
func xmlName(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune("<>&\"'=/\uFFFD", r) {
			return '_'
		}
		return r
	}, s)
}

func appendXML(b, s []byte) []byte {
	for _, r := range string(s) {
		switch {
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\n' || r == '\r' || r == '\t':
			b = append(b, "&#x"...)
			b = append(b, hexDigits[r], ';')
		case r < 0x20 || r == 0xfffe || r == 0xffff:
			b = append(b, "\uFFFD"...)
		default:
			b = append(b, string(r)...)
		}
	}
	return b
}
