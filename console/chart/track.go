package chart

import (
	"math"
	"slices"
	"time"

	"yagura/kernel/text"
)

// Track is days on a line: what has been and what is still to come.
type Track struct {
	Title    text.Message
	Desc     text.Message
	From, To time.Time
	Now      time.Time // 0: not drawn
	Zone     *time.Location
	Stops    []Stop
	Spans    []Span
	Width    int // 0 = 960
}

// Stop is a day that matters.
type Stop struct {
	Day   time.Time
	Label string
	Class string // "good", "warn", "bad", "info", "none"
	Href  string
}

// Span is a time in which something holds.
type Span struct {
	From, To time.Time
	Class    string
	Label    string
}

// Draw implements Chart.
func (t Track) Draw(lang text.Lang, id string) Drawing {
	zone := t.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := func(d time.Time) string { return d.In(zone).Format(time.DateOnly) }
	d := Drawing{Heads: []string{text.M("Day§chart").In(lang), text.M("What§chart").In(lang)}}
	stops := slices.Clone(t.Stops)
	slices.SortStableFunc(stops, func(a, b Stop) int { return a.Day.Compare(b.Day) })
	links := false
	for _, s := range stops {
		d.Rows = append(d.Rows, []string{day(s.Day), s.Label})
		links = links || s.Href != ""
	}
	if !t.To.After(t.From) || len(stops) == 0 {
		d.Empty = true
		return d
	}
	c := &canvas{w: size(t.Width, 960)}
	const left = 8.0
	full := c.w - 2*left
	x := func(at time.Time) float64 {
		f := float64(at.Sub(t.From)) / float64(t.To.Sub(t.From))
		return left + math.Min(math.Max(f, 0), 1)*full
	}
	// Labels stand below each other where they would overlap.
	var ends []float64
	rows := make([]int, len(stops))
	for i, s := range stops {
		w := math.Max(textWidth(s.Label, 12), textWidth(day(s.Day), 11))
		at := math.Min(x(s.Day), c.w-w-2)
		for rows[i] = 0; rows[i] < len(ends) && ends[rows[i]] > at; rows[i]++ {
		}
		if rows[i] == len(ends) {
			ends = append(ends, 0)
		}
		ends[rows[i]] = at + w + 14
	}
	const line, tall = 20.0, 38.0
	c.h = line + 20 + float64(len(ends))*tall
	c.open(id, "days", t.Title.In(lang), orDefault(t.Desc, t.Title).In(lang), links)
	c.rect(left, line-4, full, 8, 4, "track", "")
	for _, s := range t.Spans {
		if w := x(s.To) - x(s.From); w > 0 {
			c.rect(x(s.From), line-4, w, 8, 4, "f-"+s.Class, s.Label+" · "+day(s.From)+" – "+day(s.To))
		}
	}
	for i, s := range stops {
		y := line + 24 + float64(rows[i])*tall
		c.line(x(s.Day), line, x(s.Day), y-9, "lead")
		w := math.Max(textWidth(s.Label, 12), textWidth(day(s.Day), 11))
		at := math.Min(x(s.Day), c.w-w-2)
		class := s.Class
		if class == "" {
			class = "info"
		}
		c.rect(x(s.Day)-5, line-5, 10, 10, 5, "f-"+class, day(s.Day)+" · "+s.Label)
		c.rect(at-2, y-10, w+4, tall-8, 2, "ground", "")
		if s.Href != "" {
			c.WriteString(`<a href="` + esc(s.Href) + `">`)
		}
		c.text(at, y+2, "name", "start", fit(s.Label, c.w, 12))
		c.text(at, y+16, "axis", "start", day(s.Day))
		if s.Href != "" {
			c.WriteString("</a>")
		}
	}
	if !t.Now.IsZero() && t.Now.After(t.From) && t.Now.Before(t.To) {
		c.line(x(t.Now), 4, x(t.Now), line+12, "now")
	}
	d.SVG = c.close()
	return d
}
