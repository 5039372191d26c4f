package sigma

import "strings"

// Picker finds texts at known places of events without reading the rest. It is
// not for use by several goroutines at once.
type Picker struct {
	ev    event
	root  *place
	lists [][]int32 // numbers of the places, in the order they are tried
	n     int
}

// NewPicker takes lists of places, as dotted paths. Of each list the first
// place that holds a text counts.
func NewPicker(lists ...[]string) *Picker {
	t := newFieldTable()
	p := &Picker{root: t.root}
	for _, places := range lists {
		var list []int32
		for _, path := range places {
			parts := strings.Split(path, ".")
			for i := range parts { // nested down to i, from there one name
				t.put(int32(p.n), append(parts[:i:i], strings.Join(parts[i:], ".")))
			}
			list = append(list, int32(p.n))
			p.n++
		}
		p.lists = append(p.lists, list)
	}
	t.freeze()
	return p
}

// Pick appends one text for each list to dst, "" where there is none.
func (p *Picker) Pick(dst []string, raw []byte) []string {
	e := &p.ev
	e.reset(raw, p.n)
	broken := e.scan(p.root) != nil
	for _, list := range p.lists {
		dst = append(dst, "")
		if !broken {
			dst[len(dst)-1] = e.firstText(list)
		}
	}
	e.raw = nil
	return dst
}

func (e *event) firstText(list []int32) string {
	for _, f := range list {
		if !e.present(f) {
			continue
		}
		for i := e.first[f]; i >= 0; i = e.values[i].next {
			if v := &e.values[i]; v.str && len(v.text) > 0 {
				return string(e.text(v))
			}
		}
	}
	return ""
}
