package chart

import (
	"fmt"
	"math"
	"strings"

	"yagura/kernel/text"
)

// Line is one or several lines over labels (days, months).
type Line struct {
	Title  text.Message
	Desc   text.Message
	Head   text.Message
	Labels []string
	Series []Series // NaN leaves a gap
	Unit   string   // behind the numbers of the axis: "%"
	Max    float64  // top of the scale; 0 = by the values
	Goal   float64  // a dashed line to reach; 0 = none
	Width  int      // 0 = 720
	Height int      // 0 = 240
}

// Draw implements Chart.
func (l Line) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Legend: legend(lang, l.Series)}
	d.Heads, d.Rows = tableOf(lang, orDefault(l.Head, text.M("Period§chart")), l.Labels, l.Series)
	if len(l.Series) == 1 {
		d.Legend = nil
	}
	top, any := math.Max(l.Max, l.Goal), false
	for _, s := range l.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				any = true
				if l.Max == 0 {
					top = math.Max(top, v)
				}
			}
		}
	}
	n := len(l.Labels)
	if n == 0 || !any {
		d.Empty = true
		return d
	}
	c := &canvas{w: size(l.Width, 720), h: size(l.Height, 240)}
	c.open(id, "lines", l.Title.In(lang), orDefault(l.Desc, l.Title).In(lang), false)
	p := c.axes(math.Max(top, 1e-9), l.Unit)
	x := func(i int) float64 {
		if n == 1 {
			return (p.left + p.right) / 2
		}
		return p.left + 6 + float64(i)/float64(n-1)*(p.right-p.left-18)
	}
	if l.Goal > 0 {
		c.line(p.left, p.y(l.Goal), p.right, p.y(l.Goal), "goal")
		c.text(p.right, p.y(l.Goal)-4, "axis", "end", text.M("Goal %s", exact(l.Goal)+l.Unit).In(lang))
	}
	skip := every(n, int(c.w/80))
	for i, label := range l.Labels {
		if i%skip == 0 {
			c.text(x(i), c.h-8, "axis", "middle", label)
		}
	}
	for k, s := range l.Series {
		class := s.class(k)
		var path strings.Builder
		pen := false
		for i, v := range s.Values {
			if i >= n || math.IsNaN(v) {
				pen = false
				continue
			}
			cmd := "L"
			if !pen {
				cmd = "M"
			}
			fmt.Fprintf(&path, "%s%s %s", cmd, px(x(i)), px(p.y(math.Min(math.Max(v, 0), p.max))))
			pen = true
		}
		fmt.Fprintf(c, `<path class="l-%s" d="%s"/>`, class, path.String())
		for i, v := range s.Values {
			if i >= n || math.IsNaN(v) {
				continue
			}
			r := 0.0
			if n <= 31 {
				r = 2.5
			}
			if i == n-1 {
				r = 3.5
			}
			if r > 0 {
				fmt.Fprintf(c, `<circle class="f-%s" cx="%s" cy="%s" r="%s"><title>%s</title></circle>`, class, px(x(i)), px(p.y(math.Min(math.Max(v, 0), p.max))), px(r),
					esc(l.Labels[i]+" · "+s.Label.In(lang)+": "+exact(v)+l.Unit))
			}
		}
	}
	d.SVG = c.close()
	return d
}
