package chart

import (
	"math"

	"yagura/kernel/text"
)

// Stacked is bars of several series on top of each other, one bar per label
// (a day, a week). The last series lies at the bottom, so that the gravest, which
// comes first, is at the top and first in the legend.
type Stacked struct {
	Title  text.Message
	Desc   text.Message // what it shows in a sentence; "" = the title
	Head   text.Message // of the labels' column in the table: "Day"
	Labels []string
	Series []Series
	Hrefs  []string // per label: opens its rows; may be nil
	Width  int      // of the drawing; 0 = 720, which suits two thirds of a page
	Height int      // 0 = 240
}

// Draw implements Chart.
func (s Stacked) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Legend: legend(lang, s.Series)}
	d.Heads, d.Rows = tableOf(lang, orDefault(s.Head, text.M("Period§chart")), s.Labels, s.Series)
	n := len(s.Labels)
	top := 0.0
	sums := make([]float64, n)
	for _, sr := range s.Series {
		for i, v := range sr.Values {
			if i < n && v > 0 {
				sums[i] += v
				top = math.Max(top, sums[i])
			}
		}
	}
	if n == 0 || top == 0 {
		d.Empty = true
		return d
	}
	c := &canvas{w: size(s.Width, 720), h: size(s.Height, 240)}
	c.open(id, "stacked", s.Title.In(lang), orDefault(s.Desc, s.Title).In(lang), s.Hrefs != nil)
	p := c.axes(top, "")
	slot := (p.right - p.left) / float64(n)
	bar := math.Max(slot-math.Min(3, slot*0.2), 1)
	skip := every(n, int(c.w/80))
	for i, label := range s.Labels {
		x := p.left + float64(i)*slot + (slot-bar)/2
		link := i < len(s.Hrefs) && s.Hrefs[i] != "" && sums[i] > 0
		if link {
			c.WriteString(`<a href="` + esc(s.Hrefs[i]) + `" aria-label="` + esc(label+": "+exact(sums[i])) + `">`)
		}
		base := 0.0
		for k := len(s.Series) - 1; k >= 0; k-- {
			if i >= len(s.Series[k].Values) || s.Series[k].Values[i] <= 0 {
				continue
			}
			v := s.Series[k].Values[i]
			y1, y2 := p.y(base+v), p.y(base)
			h := math.Max(y2-y1-1, 0.8) // a line of the ground between two colours
			c.rect(x, y2-h-0.5, bar, h, math.Min(1.5, bar/4), "f-"+s.Series[k].class(k), label+" · "+s.Series[k].Label.In(lang)+": "+exact(v))
			base += v
		}
		if link {
			c.WriteString("</a>")
		}
		if i%skip == 0 {
			c.text(x+bar/2, c.h-8, "axis", "middle", label)
		}
	}
	d.SVG = c.close()
	return d
}

// Histogram is the number of events over time in equal steps, each leading to
// the events in it.
type Histogram struct {
	Title  text.Message
	Desc   text.Message
	Head   text.Message
	Labels []string // of the steps' beginnings
	Values []float64
	Hrefs  []string
	Class  string // colour; "" = "info"
	Width  int    // 0 = 720
	Height int    // 0 = 120
}

// Draw implements Chart.
func (h Histogram) Draw(lang text.Lang, id string) Drawing {
	class := h.Class
	if class == "" {
		class = "info"
	}
	d := Stacked{Title: h.Title, Desc: h.Desc, Head: h.Head, Labels: h.Labels, Hrefs: h.Hrefs, Width: h.Width, Height: int(size(h.Height, 120)),
		Series: []Series{{Label: text.M("Count§chart"), Class: class, Values: h.Values}}}.Draw(lang, id)
	d.Legend = nil
	return d
}

// Bars are horizontal bars with their names before and numbers behind them.
type Bars struct {
	Title text.Message
	Desc  text.Message
	Head  text.Message // of the names' column in the table
	Unit  string       // behind the numbers: "%"
	Max   float64      // of the scale; 0 = the greatest value
	Bars  []Bar
	Width int // 0 = 640
}

// Bar is one of them.
type Bar struct {
	Label string
	Value float64
	Class string // "" = "info"
	Href  string
}

// Draw implements Chart.
func (b Bars) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Heads: []string{orDefault(b.Head, text.M("Name§chart")).In(lang), text.M("Count§chart").In(lang)}}
	top, links, wide := b.Max, false, 0.0
	for _, x := range b.Bars {
		d.Rows = append(d.Rows, []string{x.Label, exact(x.Value) + b.Unit})
		if b.Max == 0 {
			top = math.Max(top, x.Value)
		}
		links = links || x.Href != ""
		wide = math.Max(wide, textWidth(x.Label, 13))
	}
	if len(b.Bars) == 0 || top == 0 {
		d.Empty = true
		return d
	}
	const row = 28.0
	c := &canvas{w: size(b.Width, 640), h: float64(len(b.Bars))*row + 4}
	left := math.Min(wide+12, 260)
	c.open(id, "bars", b.Title.In(lang), orDefault(b.Desc, b.Title).In(lang), links)
	for i, x := range b.Bars {
		y := float64(i)*row + 2
		label := fit(x.Label, left-12, 13)
		if x.Href != "" {
			c.WriteString(`<a href="` + esc(x.Href) + `">`)
		}
		c.text(0, y+18, "name", "start", label)
		if x.Href != "" {
			c.WriteString("</a>")
		}
		full := c.w - left - 70
		c.rect(left, y+8, full, 10, 3, "track", "")
		class := x.Class
		if class == "" {
			class = "info"
		}
		if w := full * math.Min(x.Value/top, 1); w > 0 {
			c.rect(left, y+8, math.Max(w, 2), 10, math.Min(3, w/2), "f-"+class, x.Label+": "+exact(x.Value)+b.Unit)
		}
		c.text(c.w, y+18, "name", "end", exact(x.Value)+b.Unit)
	}
	d.SVG = c.close()
	return d
}

func size(n int, standard float64) float64 {
	if n > 0 {
		return float64(n)
	}
	return standard
}

func orDefault(m, d text.Message) text.Message {
	if m.IsZero() {
		return d
	}
	return m
}

// textWidth guesses how wide a text is drawn: letters of East Asian scripts are
// square, others about half of that.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		if r >= 0x2e80 {
			w += size
		} else {
			w += size * 0.56
		}
	}
	return w
}

// fit cuts a text that would be wider than w.
func fit(s string, w, size float64) string {
	if textWidth(s, size) <= w {
		return s
	}
	rs := []rune(s)
	for len(rs) > 1 && textWidth(string(rs)+"…", size) > w {
		rs = rs[:len(rs)-1]
	}
	return string(rs) + "…"
}
