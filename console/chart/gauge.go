package chart

import (
	"math"

	"yagura/kernel/text"
)

// Gauge is one value, or the range in which it lies, on a scale with limits that
// matter.
type Gauge struct {
	Title     text.Message
	Desc      text.Message
	Min, Max  float64
	Low, High float64 // the same where the value is certain
	Class     string  // colour of what is certain; "" = "info"
	Limits    []Limit
	Width     int // 0 = 640
}

// Limit is a value on a scale, with what it is for.
type Limit struct {
	Value float64
	Label text.Message
}

// Draw implements Chart.
func (g Gauge) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Heads: []string{text.M("Value§chart").In(lang), text.M("Points§chart").In(lang)}}
	row := func(name text.Message, v float64) { d.Rows = append(d.Rows, []string{name.In(lang), exact(v)}) }
	if g.Low == g.High {
		row(text.M("Now§chart"), g.Low)
	} else {
		row(text.M("At least§chart"), g.Low)
		row(text.M("At most§chart"), g.High)
	}
	for _, l := range g.Limits {
		row(l.Label, l.Value)
	}
	if g.Max <= g.Min {
		d.Empty = true
		return d
	}
	c := &canvas{w: size(g.Width, 640), h: 74}
	c.open(id, "gauge", g.Title.In(lang), orDefault(g.Desc, g.Title).In(lang), false)
	const left, top, tall = 4.0, 24.0, 18.0
	full := c.w - 2*left
	x := func(v float64) float64 { return left + (math.Min(math.Max(v, g.Min), g.Max)-g.Min)/(g.Max-g.Min)*full }
	class := g.Class
	if class == "" {
		class = "info"
	}
	c.rect(left, top, full, tall, 4, "track", "")
	c.rect(left, top, math.Max(x(g.Low)-left, 2), tall, 4, "f-"+class, exact(g.Low))
	if g.High > g.Low {
		c.rect(x(g.Low), top, x(g.High)-x(g.Low), tall, 0, "f-"+class+" maybe", exact(g.Low)+" – "+exact(g.High))
	}
	for _, l := range g.Limits {
		c.line(x(l.Value), top-5, x(l.Value), top+tall+5, "limit")
		c.text(anchored(x(l.Value), l.Label.In(lang)+" "+exact(l.Value), c.w, 11), 13, "axis", "middle", l.Label.In(lang)+" "+exact(l.Value))
	}
	c.text(left, top+tall+22, "axis", "start", exact(g.Min))
	if g.Min < 0 && g.Max > 0 {
		c.line(x(0), top+tall, x(0), top+tall+6, "base")
		c.text(x(0), top+tall+22, "axis", "middle", "0")
	}
	c.text(c.w-left, top+tall+22, "axis", "end", exact(g.Max))
	d.SVG = c.close()
	return d
}

// anchored moves the middle of a text so that it stays within the drawing.
func anchored(x float64, s string, w, size float64) float64 {
	half := textWidth(s, size) / 2
	return math.Max(half, math.Min(x, w-half))
}
