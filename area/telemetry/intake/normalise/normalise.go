// Package normalise adds to an event the names under which Sigma rules look for
// what it says, and the log source it belongs to. Which names of which product
// mean what is data: mapping.yml. Nothing that is there is changed or left out;
// numbers are copied letter by letter.
package normalise

import (
	"bytes"

	"yagura/kernel/quote"
)

// LogSource is what Sigma calls so.
type LogSource struct{ Product, Category, Service string }

// The beginning of a document to which something was added.
const mark = `{"logsource":{`

// Apply returns the document with what belongs to it by the mapping, and the
// kind of event where the mapping knows it. The document is one JSON object;
// the very one is returned where nothing is to be added.
func (m *Mapping) Apply(doc []byte) (out []byte, kind string) {
	if bytes.HasPrefix(doc, []byte(mark)) {
		return doc, "" // sent on by another of us
	}
	s := m.pool.Get().(*scan)
	defer m.pool.Put(s)
	s.reset(doc)
	if !s.walk() {
		return doc, ""
	}
	var shape *shape
	for i := range m.shapes {
		if m.shapes[i].when.hold(s) {
			shape = &m.shapes[i]
			break
		}
	}
	if shape == nil {
		return doc, ""
	}
	w := &additions{s: s, m: m}
	source, told := LogSource{}, false
	add := func(g *group) {
		for i := range g.fields {
			w.field(&g.fields[i])
		}
		for _, sp := range g.spreads {
			w.spread(sp)
		}
		for _, l := range g.lines {
			w.lines(l)
		}
		for _, p := range g.positions {
			w.positions(p)
		}
		if g.product.set() || g.category.set() || g.service.set() {
			source = LogSource{g.product.text(s), g.category.text(s), g.service.text(s)}
			told = told || g.category.set()
		}
	}
	add(&shape.group)
	for i := range shape.classes {
		if shape.classes[i].when.hold(s) {
			add(&shape.classes[i].group)
			break
		}
	}
	if len(w.top) == 0 && len(w.inner) == 0 && !told {
		return doc, shape.kind
	}
	return w.join(doc, source), shape.kind
}

// LogSourceOf is the log source that Apply wrote into a document; empty where
// it wrote none.
func LogSourceOf(doc []byte) (l LogSource) {
	if !bytes.HasPrefix(doc, []byte(mark)) {
		return l
	}
	rest := doc[len(mark):]
	end := bytes.IndexByte(rest, '}')
	if end < 0 || end > 400 {
		return l
	}
	for _, member := range bytes.Split(rest[:end], []byte(",")) {
		name, value, ok := bytes.Cut(member, []byte(":"))
		if !ok || len(value) < 2 {
			continue
		}
		v := string(bytes.Trim(value, `"`))
		switch string(name) {
		case `"product"`:
			l.Product = v
		case `"category"`:
			l.Category = v
		case `"service"`:
			l.Service = v
		}
	}
	return l
}

// additions are the fields to be written before those that came.
type additions struct {
	s     *scan
	m     *Mapping
	top   []byte // members, each with a comma behind it
	inner []byte // members of EventData, where their names are taken at the top
	names map[string]bool
}

// free tells whether a name is not said yet, neither by the event nor by us.
func (w *additions) free(name string, over bool) bool {
	if w.names[name] {
		return false
	}
	if out, ok := w.m.outputs[name]; ok && !over {
		for _, slot := range out {
			if w.s.has(slot) {
				return false
			}
		}
	}
	if w.names == nil {
		w.names = map[string]bool{}
	}
	w.names[name] = true
	return true
}

func (w *additions) put(name string, value []byte, over bool) {
	dst := &w.top
	if over && w.s.has(w.m.tops[name]) {
		dst = &w.inner
	}
	*dst = append(append(append(quote.JSON(*dst, name), ':'), value...), ',')
}

func (w *additions) field(f *field) {
	if w.names[f.name] {
		return
	}
	for i := range f.forms {
		if v := f.forms[i].value(w.s); len(v) > 0 {
			if w.free(f.name, f.over) {
				w.put(f.name, v, f.over)
			}
			return
		}
	}
}

// maxSpread bounds how many members one event may bring this way.
const maxSpread = 400

// spread puts the members of an object – or of the objects of an array – to the
// top, where their names are free.
func (w *additions) spread(slot int) {
	for _, v := range w.s.values(slot) {
		n := 0
		members(v, func(name string, value []byte) bool {
			if n++; n > maxSpread {
				return false
			}
			if name != "" && !w.s.topName(name) && w.free(name, false) {
				w.put(name, value, false)
			}
			return true
		})
	}
}

// lines takes "Name: value" out of a text, as Sysmon writes its messages. A
// value that is there under its name goes before; one of a meaning of its own
// does not.
func (w *additions) lines(l lines) {
	text := w.s.text(l.slot)
	n := 0
	for len(text) > 0 && n < 100 {
		line := text
		if nl := indexByte(text, '\n'); nl >= 0 {
			line, text = text[:nl], text[nl+1:]
		} else {
			text = ""
		}
		name, value, ok := cutColon(trim(line))
		if !ok || l.only != nil && !l.only[name] {
			continue
		}
		n++
		over := l.over[name]
		if (over || !w.s.topName(name)) && w.free(name, over) {
			w.put(name, quote.JSON(nil, value), over)
		}
	}
}

// positions names the values of an array, as event logs have them without
// their names.
func (w *additions) positions(p positions) {
	for i, v := range w.s.values(p.slot) {
		if i < len(p.names) && !w.s.topName(p.names[i]) && w.free(p.names[i], false) {
			w.put(p.names[i], v, false)
		}
	}
}

func (w *additions) join(doc []byte, source LogSource) []byte {
	out := make([]byte, 0, len(doc)+len(w.top)+len(w.inner)+160)
	out = append(out, mark...)
	for _, part := range [][2]string{{"product", source.Product}, {"category", source.Category}, {"service", source.Service}} {
		if part[1] != "" {
			if out[len(out)-1] != '{' {
				out = append(out, ',')
			}
			out = append(append(append(append(out, '"'), part[0]...), '"', ':'), quote.JSON(nil, part[1])...)
		}
	}
	out = append(out, '}', ',')
	if len(w.inner) > 0 {
		out = append(append(out, `"EventData":{`...), w.inner[:len(w.inner)-1]...)
		out = append(out, '}', ',')
	}
	out = append(out, w.top...)
	rest := bytes.TrimLeft(doc, " \t\r\n")[1:]
	if t := bytes.TrimLeft(rest, " \t\r\n"); len(t) > 0 && t[0] == '}' {
		out = out[:len(out)-1]
	}
	return append(out, rest...)
}
