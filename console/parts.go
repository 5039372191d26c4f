package console

import (
	"fmt"
	"html/template"
	"time"

	"yagura/console/chart"
	"yagura/kernel/text"
)

type chipData struct {
	Tone  Tone
	Words string
}

// Event is an entry of a timeline.
type Event struct {
	At    time.Time
	Who   string
	Title text.Message
	Body  string // kept as written, line breaks included
	Icon  string
	Tone  Tone
	Href  string
	Cells []Cell // files, chips and the like below
}

// Tab is a link of a row of tabs.
type Tab struct {
	Label   text.Message
	Href    string
	Current bool
	Count   int
	Parts   []Tab // what the tab is divided into: a second row, where it is current
}

// Fact is a line of a definition list.
type Fact struct {
	Label text.Message
	Value Cell
}

// Spark is the figure's trend as a small line.
func (f Figure) Spark() template.HTML {
	return chart.Sparkline(f.Trend, string(f.TrendTone), "")
}

// ToneOf judges a share: Bad below bad, Warn below warn, else Good.
func ToneOf(part, whole, warn, bad float64) Tone {
	switch {
	case whole == 0:
		return Plain
	case part/whole < bad:
		return Bad
	case part/whole < warn:
		return Warn
	}
	return Good
}

type clockData struct {
	Clock
	Left  string
	Width string
	Tone  Tone
}

// clock judges by how much of the time is used up.
func (s *set) clock(k Clock) clockData {
	now := s.c.Now
	d := clockData{Clock: k, Tone: Good, Left: span(k.Due.Sub(now)).In(s.c.Lang), Width: "0.0"}
	if !k.Met.IsZero() {
		d.Left = s.say(text.M("met"))
		if k.Met.After(k.Due) {
			d.Tone, d.Left = Bad, s.say(text.M("met late"))
		}
		d.Width = "100.0"
		return d
	}
	total := k.Due.Sub(k.Start)
	if total <= 0 || now.After(k.Due) {
		d.Width, d.Tone = "100.0", Bad
		if now.After(k.Due) {
			d.Left = s.say(due(k.Due, now))
		}
		return d
	}
	used := float64(now.Sub(k.Start)) / float64(total)
	d.Width = fmt.Sprintf("%.1f", min(max(used, 0), 1)*100)
	switch {
	case used >= 0.75:
		d.Tone = Bad
	case used >= 0.4:
		d.Tone = Warn
	}
	return d
}

type chartData struct {
	chart.Drawing
	ID string
}

func (s *set) chart(v chart.Chart) (template.HTML, error) {
	if v == nil {
		return "", nil
	}
	s.n++
	id := fmt.Sprintf("chart-%d", s.n)
	return s.part("part-chart", chartData{v.Draw(s.c.Lang, id), id})
}
