package chart

import (
	"fmt"
	"math"
	"strings"

	"yagura/kernel/text"
)

// Band is a value over time of which at times only a range is known, on a fixed
// scale that may go below zero.
type Band struct {
	Title     text.Message
	Desc      text.Message
	Head      text.Message
	Labels    []string
	Low, High []float64 // NaN leaves a gap
	Min, Max  float64
	Limits    []Limit
	Class     string // "" = "info"
	Width     int    // 0 = 720
	Height    int    // 0 = 220
}

// Draw implements Chart.
func (b Band) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{}
	d.Heads, d.Rows = tableOf(lang, orDefault(b.Head, text.M("Period§chart")), b.Labels,
		[]Series{{Label: text.M("At least§chart"), Values: b.Low}, {Label: text.M("At most§chart"), Values: b.High}})
	n, any := min(len(b.Labels), len(b.Low), len(b.High)), false
	for _, v := range b.Low[:n] {
		any = any || !math.IsNaN(v)
	}
	if !any || b.Max <= b.Min {
		d.Empty = true
		return d
	}
	c := &canvas{w: size(b.Width, 720), h: size(b.Height, 220)}
	c.open(id, "lines", b.Title.In(lang), orDefault(b.Desc, b.Title).In(lang), false)
	const left, top = 42.0, 12.0
	right, bottom := c.w-14, c.h-26
	y := func(v float64) float64 {
		return bottom - (math.Min(math.Max(v, b.Min), b.Max)-b.Min)/(b.Max-b.Min)*(bottom-top)
	}
	x := func(i int) float64 {
		if n == 1 {
			return (left + right) / 2
		}
		return left + float64(i)/float64(n-1)*(right-left)
	}
	for _, v := range []float64{b.Min, 0, b.Max} {
		if v < b.Min || v > b.Max {
			continue
		}
		c.line(left, y(v), right, y(v), "grid")
		c.text(left-8, y(v)+4, "axis", "end", exact(v))
	}
	for _, l := range b.Limits {
		c.line(left, y(l.Value), right, y(l.Value), "goal")
		c.text(left+4, y(l.Value)+13, "axis", "start", l.Label.In(lang)+" "+exact(l.Value))
	}
	skip := every(n, int(c.w/80))
	for i, label := range b.Labels[:n] {
		if i%skip == 0 {
			c.text(anchored(x(i), label, c.w, 11), c.h-8, "axis", "middle", label)
		}
	}
	class := b.Class
	if class == "" {
		class = "info"
	}
	for from := 0; from < n; {
		if math.IsNaN(b.Low[from]) || math.IsNaN(b.High[from]) {
			from++
			continue
		}
		to := from
		for to+1 < n && !math.IsNaN(b.Low[to+1]) && !math.IsNaN(b.High[to+1]) {
			to++
		}
		var over, under strings.Builder
		for i := from; i <= to; i++ {
			fmt.Fprintf(&over, "%s%s %s", step(i == from), px(x(i)), px(y(b.High[i])))
		}
		for i := to; i >= from; i-- {
			fmt.Fprintf(&under, "L%s %s", px(x(i)), px(y(b.Low[i])))
		}
		fmt.Fprintf(c, `<path class="f-%s maybe" d="%s%sZ"/>`, class, over.String(), under.String())
		var line strings.Builder
		for i := from; i <= to; i++ {
			fmt.Fprintf(&line, "%s%s %s", step(i == from), px(x(i)), px(y(b.Low[i])))
		}
		fmt.Fprintf(c, `<path class="l-%s" d="%s"/>`, class, line.String())
		for i := from; i <= to; i++ {
			if n > 40 && i != n-1 {
				continue
			}
			said := exact(b.Low[i])
			if b.High[i] != b.Low[i] {
				said += " – " + exact(b.High[i])
			}
			fmt.Fprintf(c, `<circle class="f-%s" cx="%s" cy="%s" r="2.8"><title>%s</title></circle>`, class, px(x(i)), px(y(b.Low[i])), esc(b.Labels[i]+": "+said))
		}
		from = to + 1
	}
	d.SVG = c.close()
	return d
}

func step(first bool) string {
	if first {
		return "M"
	}
	return "L"
}
