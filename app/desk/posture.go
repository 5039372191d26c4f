package desk

import (
	"slices"
	"strconv"

	"yagura/console"
	"yagura/kernel/text"
)

// posture is the table of units against measures.
type posture struct {
	Measures []console.Measure
	Rows     []postureRow
}

type postureRow struct {
	Unit  string
	Label string
	Depth int
	Cells []postureCell
}

type postureCell struct {
	Known bool
	Count string // of a plain number
	Part  float64
	Whole float64
	Tone  console.Tone
}

// postureUnits bounds the table: two levels below the top of what is seen.
const postureUnits = 24

func (d *Desk) posture(c *console.Context) (*posture, error) {
	p := &posture{}
	for _, a := range d.Areas() {
		for _, m := range a.Posture {
			if m.Act == "" || c.Actor.CanAnywhere(m.Act) {
				p.Measures = append(p.Measures, m)
			}
		}
	}
	if len(p.Measures) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(p.Measures, func(a, b console.Measure) int { return a.Order - b.Order })
	p.Rows = d.postureRows(c, p.Measures[0])
	ids := make([]string, len(p.Rows))
	for i, r := range p.Rows {
		ids[i] = r.Unit
	}
	for _, m := range p.Measures {
		shares, err := m.Of(c, ids)
		if err != nil {
			return nil, err
		}
		for i := range p.Rows {
			s, known := shares[p.Rows[i].Unit]
			cell := postureCell{Known: known, Part: s.Part, Whole: s.Whole, Tone: console.Good}
			switch {
			case m.Count:
				cell.Count = strconv.FormatInt(int64(s.Part), 10)
			case !known || s.Whole == 0:
				cell.Known = false
			case s.Part/s.Whole < m.BadBelow:
				cell.Tone = console.Bad
			case s.Part/s.Whole < m.WarnBelow:
				cell.Tone = console.Warn
			}
			p.Rows[i].Cells = append(p.Rows[i].Cells, cell)
		}
	}
	return p, nil
}

// postureRows are the unit chosen (or the top of what the person sees) and two
// levels below it.
func (d *Desk) postureRows(c *console.Context, m console.Measure) []postureRow {
	units := c.Actor.Units()
	scope := c.Actor.Scope(m.Act)
	var rows []postureRow
	var add func(id string, depth int)
	add = func(id string, depth int) {
		if len(rows) >= postureUnits || !scope.Contains(id) {
			return
		}
		rows = append(rows, postureRow{Unit: id, Label: units.Label(id, c.Lang), Depth: depth})
		if depth < 2 {
			for _, child := range units.Children(id) {
				add(child, depth+1)
			}
		}
	}
	switch {
	case c.Unit != "":
		add(c.Unit, 0)
	case scope.All():
		add(units.Root(), 0)
	default:
		for _, u := range c.Actor.Visible(m.Act) {
			if !scope.Contains(u.Parent) || u.Parent == "" {
				add(u.ID, 0)
			}
		}
	}
	return rows
}

// Head is the heading of a measure with its definition.
func (p *posture) Head(i int) text.Message { return p.Measures[i].Label }
