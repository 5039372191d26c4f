package pdf

import "yagura/area/cmmc/paper/block"

// set is a cell broken into lines.
type set struct {
	lines  []line
	leads  []float64 // the height of each line
	ground string
	right  bool
}

func (s *set) height() (h float64) {
	for _, l := range s.leads {
		h += l
	}
	return h
}

// fit is how many lines have place in h.
func (s *set) fit(h float64) int {
	for i, l := range s.leads {
		if h -= l; h < 0 {
			return i
		}
	}
	return len(s.leads)
}

// cut takes the first n lines off.
func (s *set) cut(n int) set {
	first := *s
	first.lines, first.leads = s.lines[:n], s.leads[:n]
	s.lines, s.leads = s.lines[n:], s.leads[n:]
	return first
}

type setRow []set

func (r setRow) height() float64 {
	h := styles[block.Small][1]
	for i := range r {
		h = max(h, r[i].height())
	}
	return h + 2*padY
}

// table draws a table; its head stands again on every page. A row moves to the next
// page whole where it fits there, and else is cut between lines.
func (p *printer) table(t block.Table) {
	if len(t.Rows) == 0 {
		return
	}
	widths := t.Share(int(p.inner() * 100))
	var head setRow
	if t.Titled() {
		for i, c := range t.Columns {
			head = append(head, p.cell(block.Cell{Paras: []block.Para{{Style: block.Small, Runs: []block.Run{{Text: c.Title, Bold: true}}}}}, float64(widths[i])/100, c.Right))
			head[i].ground = navy
			for _, l := range head[i].lines {
				for k := range l {
					l[k].look.colour = white
				}
			}
		}
	}
	drawHead := func() {
		if head != nil {
			p.row(head, widths)
		}
	}
	full := p.height - bottom - top
	if head != nil {
		full -= head.height()
	}
	for n, r := range t.Rows {
		var row setRow
		for i, c := range t.Columns {
			var cell block.Cell
			if i < len(r.Cells) {
				cell = r.Cells[i]
			}
			row = append(row, p.cell(cell, float64(widths[i])/100, c.Right))
		}
		if n == 0 {
			needed := min(row.height(), full/2)
			if head != nil {
				needed += head.height()
			}
			p.need(needed)
			drawHead()
		}
		for row.height() > p.room() {
			if row.height() > full && p.room() > full/3 {
				var part setRow
				for i := range row {
					part = append(part, row[i].cut(row[i].fit(p.room()-2*padY)))
				}
				p.row(part, widths)
			}
			p.turn()
			drawHead()
		}
		p.row(row, widths)
	}
}

func (p *printer) cell(c block.Cell, width float64, right bool) set {
	s := set{ground: toneGround[c.Tone], right: right}
	if c.Label {
		s.ground = label
	}
	for n, q := range c.Paras {
		for i, l := range p.lines(q, width-2*padX) {
			lead := styles[q.Style][1]
			if n > 0 && i == 0 && q.Style != block.Tiny {
				lead += 2 // between paragraphs
			}
			s.lines, s.leads = append(s.lines, l), append(s.leads, lead)
		}
	}
	return s
}

func (p *printer) row(r setRow, widths []int) {
	h := r.height()
	x := edge
	for i := range r {
		w := float64(widths[i]) / 100
		if r[i].ground != "" {
			p.rect(x, p.y, w, h, r[i].ground)
		}
		y := p.y + padY
		for k, l := range r[i].lines {
			y += r[i].leads[k]
			at := x + padX
			if r[i].right {
				at = x + w - padX - l.width()
			}
			size := 8.0
			if len(l) > 0 {
				size = l[0].look.size
			}
			p.text(l, at, y-size*0.36)
		}
		x += w
	}
	// The lines around the cells.
	x = edge
	for i := range r {
		w := float64(widths[i]) / 100
		p.rect(x-0.25, p.y, 0.5, h, ruling)
		x += w
	}
	p.rect(x-0.25, p.y, 0.5, h, ruling)
	p.rect(edge-0.25, p.y-0.25, p.inner()+0.5, 0.5, ruling)
	p.rect(edge-0.25, p.y+h-0.25, p.inner()+0.5, 0.5, ruling)
	p.y += h
}
