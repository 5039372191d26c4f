package chart

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"yagura/kernel/text"
)

// Series is one row of values with its colour.
type Series struct {
	Label  text.Message
	Class  string // "critical", "high", "medium", "low", "good", "warn", "bad", "info", "k1" … "k8"; "" = by position
	Values []float64
}

func (s Series) class(i int) string {
	if s.Class != "" {
		return s.Class
	}
	return "k" + strconv.Itoa(i%8+1)
}

// canvas gathers SVG. Text is escaped by esc; numbers have one decimal at most.
type canvas struct {
	strings.Builder
	w, h float64
}

func esc(s string) string { return template.HTMLEscapeString(s) }

func px(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// open begins the drawing. One that holds links is a group, since an image's
// inside cannot be reached by keyboard.
func (c *canvas) open(id, class, title, desc string, links bool) {
	role := "img"
	if links {
		role = "group"
	}
	fmt.Fprintf(c, `<svg class="plot %s" viewBox="0 0 %s %s" width="%s" height="%s" role="%s" aria-labelledby="%s-title %s-desc"><title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`,
		class, px(c.w), px(c.h), px(c.w), px(c.h), role, id, id, id, esc(title), id, esc(desc))
}

func (c *canvas) close() template.HTML {
	c.WriteString("</svg>")
	return template.HTML(c.String())
}

func (c *canvas) rect(x, y, w, h, r float64, class, tip string) {
	fmt.Fprintf(c, `<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="%s"`, class, px(x), px(y), px(w), px(h), px(r))
	if tip == "" {
		c.WriteString("/>")
		return
	}
	c.WriteString("><title>" + esc(tip) + "</title></rect>")
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(c, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

func (c *canvas) text(x, y float64, class, anchor, s string) {
	fmt.Fprintf(c, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, class, px(x), px(y), anchor, esc(s))
}

// plane is the area inside the axes.
type plane struct {
	left, top, right, bottom float64
	max                      float64
}

func (p plane) y(v float64) float64 { return p.bottom - v/p.max*(p.bottom-p.top) }

// axes draws the grid with its numbers and chooses the top of the scale.
func (c *canvas) axes(top float64, unit string) plane {
	ticks := scale(top)
	p := plane{left: 34, top: 10, right: c.w - 4, bottom: c.h - 24, max: ticks[len(ticks)-1]}
	longest := 0
	for _, v := range ticks {
		longest = max(longest, len(short(v)+unit))
	}
	p.left = math.Max(30, float64(longest)*6.5+12)
	for i, v := range ticks {
		class := "grid"
		if i == 0 {
			class = "base"
		}
		c.line(p.left, p.y(v), p.right, p.y(v), class)
		c.text(p.left-8, p.y(v)+3.5, "axis", "end", short(v)+unit)
	}
	return p
}

// scale is 0 and three to six round numbers, the last not below top and as
// near to it as round numbers allow.
func scale(top float64) []float64 {
	if !(top > 0) || math.IsInf(top, 0) {
		return []float64{0, 1}
	}
	if top <= 4 && top == math.Trunc(top) { // a few whole things
		var ticks []float64
		for i := 0.0; i <= top; i++ {
			ticks = append(ticks, i)
		}
		return ticks
	}
	mag := math.Pow(10, math.Floor(math.Log10(top)))
	step, steps, best := top, 1.0, math.Inf(1)
	for _, m := range []float64{0.2, 0.25, 0.5, 1, 2} {
		s := m * mag
		if top >= 4 && s != math.Trunc(s) { // whole things are counted in whole steps
			continue
		}
		n := math.Ceil(top/s - 1e-9)
		if n >= 3 && n <= 6 && n*s < best {
			step, steps, best = s, n, n*s
		}
	}
	ticks := []float64{0}
	for i := 1.0; i <= steps; i++ {
		ticks = append(ticks, math.Round(i*step*1e9)/1e9)
	}
	return ticks
}

// short writes a number of an axis: 1,200 → "1.2k".
func short(v float64) string {
	for _, u := range []struct {
		n float64
		s string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(v) >= u.n {
			n := u.n
			if u.s == "k" {
				n = 1e3
			}
			return strconv.FormatFloat(math.Round(v/n*10)/10, 'f', -1, 64) + u.s
		}
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// exact writes a number of a table.
func exact(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	whole, frac, _ := strings.Cut(s, ".")
	neg := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if frac != "" {
		whole += "." + frac
	}
	if neg {
		return "−" + whole
	}
	return whole
}

// every is how many labels to step on so that at most n are written.
func every(labels, n int) int {
	if labels <= n {
		return 1
	}
	step := (labels + n - 1) / n
	if step > 3 && step <= 7 {
		return 7 // days: the same weekday
	}
	return step
}

// tableOf is labels and series as rows.
func tableOf(lang text.Lang, head text.Message, labels []string, series []Series) (heads []string, rows [][]string) {
	heads = []string{head.In(lang)}
	for _, s := range series {
		heads = append(heads, s.Label.In(lang))
	}
	for i, l := range labels {
		row := []string{l}
		for _, s := range series {
			v := math.NaN()
			if i < len(s.Values) {
				v = s.Values[i]
			}
			row = append(row, exact(v))
		}
		rows = append(rows, row)
	}
	return heads, rows
}

func legend(lang text.Lang, series []Series) []Key {
	var keys []Key
	for i, s := range series {
		keys = append(keys, Key{s.class(i), s.Label.In(lang)})
	}
	return keys
}
