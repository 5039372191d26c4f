package chart

import (
	"math"
	"time"

	"yagura/kernel/text"
)

// Lanes is a timeline: lanes beside each other, spans and moments on one axis of
// time.
type Lanes struct {
	Title    text.Message
	Desc     text.Message
	From, To time.Time
	Now      time.Time      // a vertical line; zero = none
	Zone     *time.Location // of the labels; nil = UTC
	Lanes    []Lane
	Width    int // 0 = 760
}

// Lane is a line with its name.
type Lane struct {
	Label string
	Items []Item
}

// Item is a span, or a moment where To is zero.
type Item struct {
	From, To time.Time
	Label    string
	Class    string // "" = "info"
	Href     string
}

// Draw implements Chart.
func (l Lanes) Draw(lang text.Lang, id string) Drawing {
	zone := l.Zone
	if zone == nil {
		zone = time.UTC
	}
	d := Drawing{Heads: []string{text.M("Lane§chart").In(lang), text.M("What§chart").In(lang), text.M("From§chart").In(lang), text.M("To§chart").In(lang)}}
	left, links, any := 60.0, false, false
	for _, lane := range l.Lanes {
		left = math.Max(left, math.Min(textWidth(lane.Label, 13)+14, 200))
		for _, it := range lane.Items {
			any = true
			links = links || it.Href != ""
			to := ""
			if !it.To.IsZero() {
				to = it.To.In(zone).Format("2006-01-02 15:04")
			}
			d.Rows = append(d.Rows, []string{lane.Label, it.Label, it.From.In(zone).Format("2006-01-02 15:04"), to})
		}
	}
	total := l.To.Sub(l.From)
	if !any || total <= 0 {
		d.Empty = true
		return d
	}
	const row = 34.0
	c := &canvas{w: size(l.Width, 760), h: float64(len(l.Lanes))*row + 30}
	c.open(id, "lanes", l.Title.In(lang), orDefault(l.Desc, l.Title).In(lang), links)
	x := func(t time.Time) float64 {
		f := float64(t.Sub(l.From)) / float64(total)
		return left + math.Min(math.Max(f, 0), 1)*(c.w-left-10)
	}
	layout := "15:04"
	switch {
	case total > 400*24*time.Hour:
		layout = "2006-01"
	case total > 36*time.Hour:
		layout = "01-02"
	}
	bottom := float64(len(l.Lanes)) * row
	for i := range 6 {
		t := l.From.Add(total / 5 * time.Duration(i))
		anchor := "middle"
		if i == 5 {
			anchor = "end"
		}
		c.line(x(t), 0, x(t), bottom, "grid")
		c.text(x(t), c.h-10, "axis", anchor, t.In(zone).Format(layout))
	}
	for i, lane := range l.Lanes {
		y := float64(i) * row
		c.line(0, y+row, c.w, y+row, "grid")
		c.text(0, y+row/2+4.5, "name", "start", fit(lane.Label, left-12, 13))
		for _, it := range lane.Items {
			class := it.Class
			if class == "" {
				class = "info"
			}
			if it.Href != "" {
				c.WriteString(`<a href="` + esc(it.Href) + `" aria-label="` + esc(it.Label) + `">`)
			}
			tip := it.Label + " · " + it.From.In(zone).Format("2006-01-02 15:04")
			if it.To.IsZero() {
				c.rect(x(it.From)-5, y+row/2-5, 10, 10, 5, "f-"+class, tip)
			} else {
				c.rect(x(it.From), y+8, math.Max(x(it.To)-x(it.From), 4), row-16, 4, "f-"+class, tip+" – "+it.To.In(zone).Format("2006-01-02 15:04"))
			}
			if it.Href != "" {
				c.WriteString("</a>")
			}
		}
	}
	if !l.Now.IsZero() && l.Now.After(l.From) && l.Now.Before(l.To) {
		c.line(x(l.Now), 0, x(l.Now), bottom, "now")
	}
	d.SVG = c.close()
	return d
}
