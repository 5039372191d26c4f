package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/text"
)

// Storyline is what happened on several things in the order of time: a lane for
// each, a mark for each happening in the form and colour of how grave it is, and
// above them what was reached when.
type Storyline struct {
	Title text.Message
	Desc  text.Message
	Zone  *time.Location // of the labels; nil = UTC
	Marks []Mark         // in any order
	Width int            // 0 = 960

	LaneHead, MarkHead text.Message // of the table
}

// Mark is one happening.
type Mark struct {
	Lane    string
	At      time.Time
	Label   string // what it was
	Level   string // "critical", "high", "medium", "low", "none"
	Word    string // for the level
	Reached []string
	Href    string
}

// mostLanes is how many lanes are drawn; the table has all.
const mostLanes = 24

var weights = map[string]int{"critical": 4, "high": 3, "medium": 2, "low": 1}

// Draw implements Chart.
func (s Storyline) Draw(lang text.Lang, id string) Drawing {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	marks := slices.Clone(s.Marks)
	slices.SortStableFunc(marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	d := Drawing{Heads: []string{text.M("When§chart").In(lang), s.LaneHead.In(lang), s.MarkHead.In(lang), text.M("Severity§chart").In(lang), text.M("Reached§chart").In(lang)}}
	if len(marks) == 0 {
		d.Empty = true
		return d
	}
	var lanes []string
	words := map[string]string{}
	for _, m := range marks {
		d.Rows = append(d.Rows, []string{m.At.In(zone).Format("2006-01-02 15:04:05"), m.Lane, m.Label, m.Word, strings.Join(m.Reached, ", ")})
		if !slices.Contains(lanes, m.Lane) {
			lanes = append(lanes, m.Lane)
		}
		words[m.Level] = m.Word
	}
	for _, level := range []string{"critical", "high", "medium", "low", "none"} {
		if w := words[level]; w != "" {
			d.Legend = append(d.Legend, Key{level, w})
		}
	}
	lanes = lanes[:min(len(lanes), mostLanes)]
	from, to := marks[0].At, marks[len(marks)-1].At
	if to.Sub(from) < time.Minute {
		from, to = from.Add(-30*time.Second), to.Add(30*time.Second)
	}
	c := &canvas{w: size(s.Width, 960)}
	left := 70.0
	for _, l := range lanes {
		left = math.Max(left, math.Min(textWidth(l, 13)+18, 230))
	}
	const row, pad = 38.0, 16.0
	x := func(t time.Time) float64 {
		return left + pad + float64(t.Sub(from))/float64(to.Sub(from))*(c.w-left-2*pad)
	}
	heads, rows := s.reached(marks, x, c.w)
	top := float64(rows)*18 + 8
	bottom := top + float64(len(lanes))*row
	c.h = bottom + 30
	c.open(id, "storyline", s.Title.In(lang), orDefault(s.Desc, s.Title).In(lang), true)
	for _, h := range heads {
		c.line(h.x, float64(h.row)*18+8, h.x, bottom, "lead")
	}
	for _, h := range heads {
		c.rect(h.left-2, float64(h.row)*18, textWidth(h.words, 12)+4, 16, 2, "ground", "")
		c.text(h.left, float64(h.row)*18+12, "tactic", "start", h.words)
	}
	s.axis(c, from, to, zone, x, bottom)
	at := map[string]float64{}
	for i, l := range lanes {
		y := top + float64(i)*row
		at[l] = y + row/2
		c.line(0, y, c.w, y, "grid")
		c.text(0, y+row/2+4.5, "name", "start", fit(l, left-12, 13))
	}
	c.line(0, bottom, c.w, bottom, "grid")
	s.threads(c, marks, at, x)
	for _, k := range clusters(marks, at, x) {
		k.draw(c, zone)
	}
	d.SVG = c.close()
	return d
}

type head struct {
	words   string
	x, left float64
	row     int
}

// reached places the names of what was reached where it was reached first, below
// each other where they would overlap.
func (s Storyline) reached(marks []Mark, x func(time.Time) float64, w float64) (heads []head, rows int) {
	seen := map[string]bool{}
	var ends []float64
	for _, m := range marks {
		for _, r := range m.Reached {
			if seen[r] {
				continue
			}
			seen[r] = true
			h := head{words: r, x: x(m.At)}
			width := textWidth(r, 12) + 12
			h.left = math.Max(math.Min(h.x+6, w-width), 2)
			for h.row = 0; h.row < len(ends) && ends[h.row] > h.left; h.row++ {
			}
			if h.row == len(ends) {
				ends = append(ends, 0)
			}
			ends[h.row] = h.left + width
			heads = append(heads, h)
		}
	}
	return heads, len(ends)
}

func (s Storyline) axis(c *canvas, from, to time.Time, zone *time.Location, x func(time.Time) float64, bottom float64) {
	total := to.Sub(from)
	layout := "15:04"
	switch {
	case total > 36*time.Hour:
		layout = "01-02 15:04"
	case total < 10*time.Minute:
		layout = "15:04:05"
	}
	const ticks = 5
	for i := range ticks + 1 {
		t := from.Add(total / ticks * time.Duration(i))
		anchor := "middle"
		if i == ticks {
			anchor = "end"
		}
		c.line(x(t), bottom, x(t), bottom+5, "base")
		c.text(math.Min(x(t), c.w), c.h-10, "axis", anchor, t.In(zone).Format(layout))
	}
}

// threads lead to the first mark of each further lane from the last one before.
func (s Storyline) threads(c *canvas, marks []Mark, at map[string]float64, x func(time.Time) float64) {
	seen := map[string]bool{}
	var last *Mark
	for i, m := range marks {
		y, ok := at[m.Lane]
		if !ok {
			continue
		}
		if !seen[m.Lane] && last != nil {
			fmt.Fprintf(c, `<path class="thread" d="M%s %sL%s %s"/>`, px(x(last.At)), px(at[last.Lane]), px(x(m.At)), px(y))
		}
		seen[m.Lane] = true
		last = &marks[i]
	}
}

// cluster is marks of a lane that would cover each other.
type cluster struct {
	x, y  float64
	marks []Mark
	top   Mark
}

func clusters(marks []Mark, at map[string]float64, x func(time.Time) float64) (all []*cluster) {
	last := map[string]*cluster{}
	for _, m := range marks {
		y, ok := at[m.Lane]
		if !ok {
			continue
		}
		k := last[m.Lane]
		if k == nil || x(m.At)-k.x > 17 {
			k = &cluster{x: x(m.At), y: y, top: m}
			last[m.Lane] = k
			all = append(all, k)
		}
		k.marks = append(k.marks, m)
		if weights[m.Level] > weights[k.top.Level] {
			k.top = m
		}
	}
	return all
}

func (k *cluster) draw(c *canvas, zone *time.Location) {
	var said []string
	for i, m := range k.marks {
		if i == 6 {
			said = append(said, "… +"+strconv.Itoa(len(k.marks)-i))
			break
		}
		said = append(said, m.At.In(zone).Format("15:04:05")+" "+m.Label)
	}
	tip := strings.Join(said, "\n")
	if k.top.Href != "" {
		c.WriteString(`<a href="` + esc(k.top.Href) + `" aria-label="` + esc(k.top.Lane+": "+strings.Join(said, "; ")) + `">`)
	}
	level := cmp.Or(k.top.Level, "none")
	switch level {
	case "critical":
		fmt.Fprintf(c, `<path class="f-critical" d="M%s %sL%s %sL%s %sL%s %sZ"><title>%s</title></path>`,
			px(k.x), px(k.y-9), px(k.x+9), px(k.y), px(k.x), px(k.y+9), px(k.x-9), px(k.y), esc(tip))
	case "high":
		c.rect(k.x-6.5, k.y-6.5, 13, 13, 1.5, "f-high", tip)
	case "medium":
		c.rect(k.x-6, k.y-6, 12, 12, 6, "f-medium", tip)
	default:
		c.rect(k.x-4, k.y-4, 8, 8, 4, "f-"+level, tip)
	}
	if k.top.Href != "" {
		c.WriteString("</a>")
	}
	if n := len(k.marks); n > 1 {
		c.text(k.x+10, k.y-6, "count", "start", strconv.Itoa(n))
	}
}
