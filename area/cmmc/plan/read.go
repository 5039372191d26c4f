package plan

import (
	"strconv"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// Read reads measures. enclaves are the names that they may use.
func Read(file string, data []byte, enclaves []Enclave) ([]Measure, error) {
	root, err := place.Parse(file, data)
	if err != nil {
		return nil, err
	}
	r := &reader{Reader: place.Reader{File: file}, enclaves: map[string]bool{}, ids: map[string]bool{}}
	for _, e := range enclaves {
		r.enclaves[e.Name] = true
	}
	r.Fields(root, map[string]func(*place.Node){"measures": func(n *place.Node) { r.List(n, r.measure) }})
	if len(r.list) > maxMeasures {
		r.Wrong(root, text.M("there are %d measures, more than %d", len(r.list), maxMeasures))
	}
	return r.list, r.Err()
}

type reader struct {
	place.Reader
	enclaves map[string]bool
	ids      map[string]bool
	list     []Measure
}

func (r *reader) measure(n *place.Node) {
	m := Measure{}
	if !r.Fields(n, map[string]func(*place.Node){
		"id": r.Text(&m.ID), "name": r.Text(&m.Name), "months": r.months(&m.Months),
		"yen": func(n *place.Node) {
			v, err := strconv.ParseInt(n.Text, 10, 64)
			if n.Kind != place.Number || err != nil || v < 0 || v > 1e15 {
				r.Wrong(n, text.M("a cost is a whole number of yen"))
			}
			m.Yen = v
		},
		"objectives": func(n *place.Node) { r.List(n, func(item *place.Node) { r.closes(&m, item) }) },
		"partial":    func(n *place.Node) { r.List(n, func(item *place.Node) { r.partly(&m, item) }) },
		"enclaves": func(n *place.Node) {
			r.List(n, func(item *place.Node) {
				var name string
				if r.Text(&name)(item); name != "" && !r.enclaves[name] {
					r.Wrong(item, text.M("there is no enclave %q", name))
				}
				m.Enclaves = append(m.Enclaves, name)
			})
		},
	}) {
		return
	}
	switch {
	case m.ID == "":
		r.Wrong(n, text.M("%s is missing", "id"))
	case r.ids[m.ID]:
		r.Wrong(n, text.M("%q stands twice", m.ID))
	case !m.Closes.Any() && !m.Partly.Any():
		r.Wrong(n, text.M("%q closes nothing", m.ID))
	}
	r.ids[m.ID] = true
	r.list = append(r.list, m)
}

func (r *reader) months(into *int) func(*place.Node) {
	return func(n *place.Node) {
		if r.Int(into)(n); *into < 0 || *into > 600 {
			r.Wrong(n, text.M("%d months are not possible", *into))
		}
	}
}

func (r *reader) closes(m *Measure, n *place.Node) {
	if q := catalog.Find(n.Text); q != nil && n.Kind == place.String {
		for _, i := range all(q) {
			m.Closes.Set(i)
		}
		return
	}
	i, ok := catalog.Index(n.Text)
	if !ok || n.Kind != place.String {
		r.Wrong(n, text.M("there is no requirement or objective %q", n.Text))
		return
	}
	m.Closes.Set(i)
}

func (r *reader) partly(m *Measure, n *place.Node) {
	q := catalog.Find(n.Text)
	if q == nil {
		r.Wrong(n, text.M("there is no requirement %q", n.Text))
		return
	}
	mark, ok := q.Mark()
	if !ok {
		r.Wrong(n, text.M("%s has no partial credit; %s and %s have", q.ID, "3.5.3", "3.13.11"))
		return
	}
	m.Partly.Set(mark)
}
