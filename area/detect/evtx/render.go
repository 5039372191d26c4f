package evtx

import "yagura/kernel/text"

// item is one thing in an element's content after the values are put in:
// either an element or a piece of text.
type item struct {
	elem   *node
	values []value // those of the fragment the element comes from
	text   string
	val    *value
}

func (it *item) isText() bool { return it.elem == nil }

// writer turns a record into text within its budget.
type writer struct {
	b     []byte
	max   int
	spent int // for nodes looked at: they cost even where they show nothing
	chunk *chunk
	full  bool
}

const nodeCost = 32 // what looking at a node counts, in bytes written

// render runs write and charges what it wrote to the chunk's budget.
func (rec *Record) render(write func(w *writer, root *item)) ([]byte, error) {
	own := renderBase + renderFactor*rec.size
	limit := own + int(min(max(rec.chunk.budget.Load(), 0), renderExtra))
	w := &writer{max: limit, chunk: rec.chunk, b: make([]byte, 0, 2*rec.size)}
	items := w.items(rec.body.nodes, rec.body.values)
	var root *item
	for i := range items {
		if items[i].elem != nil {
			root = &items[i]
			break
		}
	}
	if root != nil {
		write(w, root)
	}
	if over := len(w.b) + w.spent - own; over > 0 {
		rec.chunk.budget.Add(-int64(over))
	}
	if w.full {
		return nil, rec.problem(text.M("the record grows beyond %d bytes when written out", limit))
	}
	if root == nil {
		return nil, rec.problem(text.M("the record holds no element"))
	}
	return w.b, nil
}

func (rec *Record) problem(reason text.Message) error {
	return &Problem{Chunk: rec.Chunk, Record: rec.ID, Offset: rec.Offset, Reason: reason, Lost: true}
}

// enough tells whether the budget is used up; everything then comes to an end.
func (w *writer) enough() bool {
	if len(w.b)+w.spent > w.max {
		w.full = true
	}
	return w.full
}

// items puts the values into a list of nodes. Empty ones vanish.
func (w *writer) items(nodes []node, values []value) []item {
	if w.spent += nodeCost * len(nodes); w.enough() {
		return nil
	}
	out := make([]item, 0, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		switch n.kind {
		case kindElement:
			out = append(out, item{elem: n, values: values})
		case kindText:
			if n.text != "" {
				out = append(out, item{text: n.text})
			}
		case kindSubst:
			if int(n.index) >= len(values) {
				continue
			}
			v := &values[n.index]
			switch {
			case v.frag != nil:
				out = append(out, w.items(v.frag.nodes, v.frag.values)...)
			case !v.empty():
				out = append(out, item{val: v})
			}
		}
	}
	return out
}

// plain appends pieces of text one behind the other, members of arrays with
// commas between them.
func (w *writer) plain(b []byte, items []item) []byte {
	for i := range items {
		it := &items[i]
		if it.val != nil {
			w.spent += len(it.val.data) / 4
		}
		switch {
		case it.elem != nil:
		case it.val == nil:
			b = append(b, it.text...)
		case it.val.typ&typeArray != 0:
			for j, v := range it.val.items() {
				if j > 0 {
					b = append(b, ',')
				}
				b, _ = v.text(b, w.chunk.codepage)
			}
		default:
			b, _ = it.val.text(b, w.chunk.codepage)
		}
		if len(b)+w.spent > w.max {
			w.full = true
			return b
		}
	}
	return b
}
