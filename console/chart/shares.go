package chart

import (
	"math"

	"yagura/kernel/text"
)

// Shares are bars of equal length, each divided among the same parts: how much
// of each family is met, open, unknown.
type Shares struct {
	Title  text.Message
	Desc   text.Message
	Head   text.Message // of the names' column in the table
	Labels []string
	Hrefs  []string // per label; may be nil
	Series []Series // the first lies left; a value of each label
	Width  int      // 0 = 640
}

// Draw implements Chart.
func (s Shares) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Legend: legend(lang, s.Series)}
	d.Heads, d.Rows = tableOf(lang, orDefault(s.Head, text.M("Name§chart")), s.Labels, s.Series)
	wide, any := 0.0, false
	for i, l := range s.Labels {
		wide = math.Max(wide, textWidth(l, 13))
		for _, sr := range s.Series {
			any = any || i < len(sr.Values) && sr.Values[i] > 0
		}
	}
	if !any {
		d.Empty = true
		return d
	}
	const row = 26.0
	c := &canvas{w: size(s.Width, 640), h: float64(len(s.Labels))*row + 2}
	left := math.Min(wide+12, 260)
	full := c.w - left - 64
	c.open(id, "bars", s.Title.In(lang), orDefault(s.Desc, s.Title).In(lang), s.Hrefs != nil)
	for i, l := range s.Labels {
		y := float64(i)*row + 2
		link := i < len(s.Hrefs) && s.Hrefs[i] != ""
		if link {
			c.WriteString(`<a href="` + esc(s.Hrefs[i]) + `">`)
		}
		c.text(0, y+16, "name", "start", fit(l, left-12, 13))
		if link {
			c.WriteString("</a>")
		}
		sum := 0.0
		for _, sr := range s.Series {
			if i < len(sr.Values) && sr.Values[i] > 0 {
				sum += sr.Values[i]
			}
		}
		at := left
		for k, sr := range s.Series {
			if i >= len(sr.Values) || sr.Values[i] <= 0 {
				continue
			}
			w := full * sr.Values[i] / sum
			c.rect(at, y+5, math.Max(w-1, 1), 14, 2, "f-"+sr.class(k), l+" · "+sr.Label.In(lang)+": "+exact(sr.Values[i]))
			at += w
		}
		if first := s.Series[0]; i < len(first.Values) {
			c.text(c.w, y+16, "name", "end", exact(first.Values[i])+" / "+exact(sum))
		}
	}
	d.SVG = c.close()
	return d
}
