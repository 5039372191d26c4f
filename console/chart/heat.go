package chart

import (
	"cmp"
	"math"

	"yagura/kernel/text"
)

// Heat is a table of cells in colours: one thing a row, one part of it a column.
// Every cell has its number in it, so that nothing is said by colour alone.
type Heat struct {
	Title text.Message
	Desc  text.Message
	Head  text.Message // of the names' column
	Heads []string     // of the columns, short
	Names []string     // the same in full, for the table; nil = Heads
	Rows  []HeatRow
	Keys  []Key
}

// HeatRow is a thing.
type HeatRow struct {
	Label string
	Href  string
	Cells []HeatCell
}

// HeatCell is how one part of it stands.
type HeatCell struct {
	Text  string
	Class string // "good", "warn", "bad", "none"
	Tip   string
	Href  string
}

// Draw implements Chart.
func (h Heat) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Legend: h.Keys, Heads: append([]string{orDefault(h.Head, text.M("Name§chart")).In(lang)}, h.Heads...)}
	if h.Names != nil {
		d.Heads = append(d.Heads[:1:1], h.Names...)
	}
	wide, links := 0.0, false
	for _, r := range h.Rows {
		row := make([]string, 1+len(h.Heads))
		row[0] = r.Label
		for k, cell := range r.Cells[:min(len(r.Cells), len(h.Heads))] {
			row[k+1] = cell.Text
			links = links || cell.Href != ""
		}
		d.Rows = append(d.Rows, row)
		wide = math.Max(wide, textWidth(r.Label, 13))
		links = links || r.Href != ""
	}
	if len(h.Rows) == 0 || len(h.Heads) == 0 {
		d.Empty = true
		return d
	}
	const tall, top = 30.0, 24.0
	left := math.Min(wide+14, 250)
	width := math.Max(40, math.Min(58, (980-left)/float64(len(h.Heads))))
	c := &canvas{w: left + width*float64(len(h.Heads)), h: top + tall*float64(len(h.Rows)) + 2}
	c.open(id, "heat", h.Title.In(lang), orDefault(h.Desc, h.Title).In(lang), links)
	for k, name := range h.Heads {
		c.text(left+width*(float64(k)+0.5), 15, "axis", "middle", name)
	}
	open := func(href, label string) {
		if href != "" {
			c.WriteString(`<a href="` + esc(href) + `" aria-label="` + esc(label) + `">`)
		}
	}
	shut := func(href string) {
		if href != "" {
			c.WriteString("</a>")
		}
	}
	for i, r := range h.Rows {
		y := top + tall*float64(i)
		open(r.Href, r.Label)
		c.text(0, y+tall/2+4.5, "name", "start", fit(r.Label, left-14, 13))
		shut(r.Href)
		for k, cell := range r.Cells[:min(len(r.Cells), len(h.Heads))] {
			x := left + width*float64(k)
			tip := r.Label + " · " + h.Heads[k] + ": " + cell.Text
			if cell.Tip != "" {
				tip = r.Label + " · " + cell.Tip
			}
			open(cell.Href, tip)
			c.rect(x+1, y+1, width-2, tall-2, 3, "heat-"+cmp.Or(cell.Class, "none"), tip)
			c.text(x+width/2, y+tall/2+4.5, "heat-text", "middle", cell.Text)
			shut(cell.Href)
		}
	}
	d.SVG = c.close()
	return d
}
