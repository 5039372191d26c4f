package mask

import (
	"bytes"
	"encoding/json"
	"strings"

	"yagura/kernel/quote"
)

// walk goes over a document of valid JSON, without recursion. For every scalar
// and every name it calls visit with the names that lead to it; what visit
// returns takes its place.
type walk struct {
	b     []byte
	i     int
	out   []byte
	path  []byte
	stack []frame
	visit func(path string, raw []byte, key bool) []byte
	copy  bool
}

type frame struct {
	array bool
	path  int // length of the path around
}

func (w *walk) run() []byte {
	key := false // the next string is a name
	for w.i < len(w.b) {
		switch c := w.b[w.i]; c {
		case '{', '[':
			w.stack = append(w.stack, frame{c == '[', len(w.path)})
			key = c == '{'
			w.put(w.b[w.i : w.i+1])
			w.i++
		case '}', ']':
			if n := len(w.stack); n > 0 {
				w.stack = w.stack[:n-1]
			}
			key = false
			w.put(w.b[w.i : w.i+1])
			w.i++
		case ',':
			if n := len(w.stack); n > 0 {
				key = !w.stack[n-1].array
				if key {
					w.path = w.path[:w.stack[n-1].path]
				}
			}
			w.put(w.b[w.i : w.i+1])
			w.i++
		case ':', ' ', '\t', '\n', '\r':
			w.put(w.b[w.i : w.i+1])
			w.i++
		default:
			from := w.i
			w.i = end(w.b, w.i)
			raw := w.b[from:w.i]
			if key {
				name := unquote(raw)
				w.put(w.visit(string(w.path), raw, true))
				base := 0
				if n := len(w.stack); n > 0 {
					base = w.stack[n-1].path
				}
				w.path = w.path[:base]
				if base > 0 {
					w.path = append(w.path, '.')
				}
				if len(w.path) < 4096 { // hostile depth makes no names
					w.path = append(w.path, name...)
				}
				key = false
				continue
			}
			w.put(w.visit(string(w.path), raw, false))
		}
	}
	return w.out
}

func (w *walk) put(b []byte) {
	if w.copy {
		w.out = append(w.out, b...)
	}
}

// end is the place behind a string or another scalar.
func end(b []byte, i int) int {
	if b[i] != '"' {
		for i < len(b) && strings.IndexByte(",]} \t\r\n", b[i]) < 0 {
			i++
		}
		return i
	}
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func unquote(raw []byte) string {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw)
	}
	if bytes.IndexByte(raw, '\\') < 0 && len(raw) > 1 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return strings.Trim(string(raw), `"`)
	}
	return s
}

// collect notes the values of masked fields.
func (f *finds) collect(doc []byte) {
	if len(f.m.names) == 0 {
		return
	}
	w := walk{b: doc, visit: func(path string, raw []byte, key bool) []byte {
		if !key && f.m.named(path) {
			f.note(unquote(raw))
		}
		return nil
	}}
	w.run()
}

// rewrite masks a document.
func (f *finds) rewrite(doc []byte, changed *bool) []byte {
	hit := false
	w := walk{b: doc, copy: true, out: make([]byte, 0, len(doc)+64)}
	w.visit = func(path string, raw []byte, key bool) []byte {
		text := unquote(raw)
		if !key && len(f.m.names) > 0 && f.m.named(path) {
			if string(raw) == "null" || !person(text) {
				return raw
			}
			hit = true
			if f.m.key == nil {
				return []byte("null")
			}
			return quote.JSON(nil, f.m.whole(text))
		}
		if len(raw) == 0 || raw[0] != '"' && !f.seen[strings.ToLower(text)] && len(f.m.values) == 0 {
			return raw
		}
		out := f.text(text)
		if out == text {
			return raw
		}
		hit = true
		if strings.HasSuffix(path, "original_base64") {
			return []byte("null")
		}
		return quote.JSON(nil, out)
	}
	out := w.run()
	if !hit {
		return doc
	}
	*changed = true
	return dropBase64(out)
}

// dropBase64 takes out what holds the event a second time, in letters in which
// nothing can be found.
func dropBase64(doc []byte) []byte {
	if !bytes.Contains(doc, []byte(`_base64":`)) {
		return doc
	}
	w := walk{b: doc, copy: true}
	w.visit = func(path string, raw []byte, key bool) []byte {
		if !key && strings.HasSuffix(path, "_base64") {
			return []byte("null")
		}
		return raw
	}
	return w.run()
}
