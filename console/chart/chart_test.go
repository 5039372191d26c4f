package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"yagura/kernel/text"
)

var hostile = `<b a="x" onload='y'>&`

func all() map[string]Chart {
	h := text.Literal(hostile)
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	long := make([]float64, 3000)
	labels := make([]string, 3000)
	for i := range long {
		long[i], labels[i] = float64(i), hostile
	}
	deep := &Node{Label: "0"}
	for n, i := deep, 1; i < 200; i++ {
		n.Children = []*Node{{Label: fmt.Sprint(i)}}
		n = n.Children[0]
	}
	return map[string]Chart{
		"stacked":   Stacked{Title: h, Desc: h, Head: h, Labels: []string{hostile, "b"}, Series: []Series{{Label: h, Values: []float64{1, 2}}, {Label: h, Values: []float64{3}}}, Hrefs: []string{hostile, ""}},
		"long":      Stacked{Title: h, Labels: labels, Series: []Series{{Label: h, Values: long}}},
		"negative":  Stacked{Title: h, Labels: []string{"a"}, Series: []Series{{Values: []float64{-4}}, {Values: []float64{1}}}},
		"line":      Line{Title: h, Labels: labels, Series: []Series{{Label: h, Values: long}}, Goal: 5, Unit: "%"},
		"gaps":      Line{Title: h, Labels: []string{"a", "b", "c"}, Series: []Series{{Label: h, Values: []float64{1, math.NaN(), 3}}}},
		"one":       Line{Title: h, Labels: []string{"a"}, Series: []Series{{Label: h, Values: []float64{0}}}},
		"histogram": Histogram{Title: h, Labels: []string{"a", "b"}, Values: []float64{5, 0}},
		"bars":      Bars{Title: h, Bars: []Bar{{Label: strings.Repeat(hostile, 9), Value: 3, Href: hostile}, {Label: "b"}}},
		"tree":      Tree{Title: h, Root: &Node{Label: hostile, Note: hostile, Href: hostile, Children: []*Node{{Label: strings.Repeat("長い名前", 20), More: 3}, {Label: "b", Tone: "bad"}}}},
		"deep":      Tree{Title: h, Root: deep},
		"lanes":     Lanes{Title: h, From: day, To: day.AddDate(0, 0, 3), Now: day.Add(time.Hour), Lanes: []Lane{{Label: hostile, Items: []Item{{From: day.AddDate(0, 0, -9), To: day.AddDate(1, 0, 0), Label: hostile, Href: hostile}, {From: day}}}}},
		"storyline": Storyline{Title: h, LaneHead: h, MarkHead: h, Marks: []Mark{{Lane: hostile, At: day, Label: hostile, Level: "critical", Word: hostile, Reached: []string{hostile, "b", "c"}, Href: hostile},
			{Lane: hostile, At: day.Add(time.Second), Level: "low"}, {Lane: strings.Repeat("長い名前", 20), At: day.Add(time.Hour), Level: "high", Reached: []string{strings.Repeat("x", 300)}}, {Lane: "c", At: day.Add(2 * time.Hour), Level: "medium"}}},
		"gauge":        Gauge{Title: h, Min: -203, Max: 110, Low: -300, High: 91, Limits: []Limit{{88, h}}},
		"gauge of one": Gauge{Title: h, Min: -203, Max: 110, Low: 110, High: 110},
		"band":         Band{Title: h, Labels: []string{hostile, "b", "c", "d"}, Low: []float64{-203, math.NaN(), 20, 110}, High: []float64{110, math.NaN(), 20, 400}, Min: -203, Max: 110, Limits: []Limit{{88, h}}},
		"shares":       Shares{Title: h, Labels: []string{hostile, "b"}, Hrefs: []string{hostile}, Series: []Series{{Label: h, Class: "good", Values: []float64{1, 0}}, {Label: h, Values: []float64{3, 4}}}},
		"heat":         Heat{Title: h, Heads: []string{"AC", hostile}, Rows: []HeatRow{{Label: strings.Repeat(hostile, 9), Href: hostile, Cells: []HeatCell{{Text: hostile, Class: "bad", Href: hostile}, {Text: "3", Class: "good"}, {Text: "one too many"}}}}},
		"track": Track{Title: h, From: day, To: day.AddDate(3, 0, 0), Now: day.AddDate(0, 3, 0), Stops: []Stop{{Day: day.AddDate(9, 0, 0), Label: strings.Repeat(hostile, 30)}, {Day: day.AddDate(0, 0, 180), Label: hostile, Href: hostile}, {Day: day.AddDate(0, 0, 181), Label: "b"}},
			Spans: []Span{{From: day.AddDate(1, 0, 0), To: day, Class: "good"}, {From: day, To: day.AddDate(1, 0, 0), Class: "good", Label: hostile}}},
		"storyline at once": Storyline{Title: h, LaneHead: h, MarkHead: h, Marks: []Mark{{Lane: "a", At: day, Level: "none"}, {Lane: "b", At: day}}},
	}
}

func TestDrawingsAreWellFormed(t *testing.T) {
	for name, c := range all() {
		for _, lang := range []text.Lang{text.EN, text.JA} {
			d := c.Draw(lang, "c1")
			if d.Empty || d.SVG == "" {
				t.Errorf("%s is empty", name)
				continue
			}
			dec := xml.NewDecoder(strings.NewReader(string(d.SVG)))
			seen := map[string]bool{}
			for {
				tok, err := dec.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v in %s", name, err, d.SVG)
				}
				if el, ok := tok.(xml.StartElement); ok {
					seen[el.Name.Local] = true
					for _, a := range el.Attr {
						if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
							t.Errorf("%s: <%s %s=%q>", name, el.Name.Local, a.Name.Local, a.Value)
						}
						if (a.Name.Local == "width" || a.Name.Local == "height") && strings.HasPrefix(a.Value, "-") {
							t.Errorf("%s: <%s> with %s %s", name, el.Name.Local, a.Name.Local, a.Value)
						}
					}
				}
			}
			if !seen["title"] || !seen["desc"] || len(d.Heads) == 0 || len(d.Rows) == 0 {
				t.Errorf("%s has no title, description or table", name)
			}
			for _, r := range d.Rows {
				if len(r) != len(d.Heads) {
					t.Errorf("%s: row %v under %v", name, r, d.Heads)
				}
			}
		}
	}
}

func TestEmptyDrawings(t *testing.T) {
	for _, c := range []Chart{Stacked{}, Line{}, Histogram{}, Bars{}, Tree{}, Lanes{}, Storyline{}, Gauge{}, Band{Max: 1}, Shares{Labels: []string{"a"}}, Heat{Heads: []string{"a"}}, Track{}, Stacked{Labels: []string{"a"}, Series: []Series{{Values: []float64{0}}}}} {
		if d := c.Draw(text.EN, "x"); !d.Empty || d.SVG != "" {
			t.Errorf("%T draws %s", c, d.SVG)
		}
	}
	if Sparkline([]float64{1}, "", "") != "" {
		t.Error("one value is no line")
	}
}

func TestScale(t *testing.T) {
	for top := 0.001; top < 1e13; top *= 1.37 {
		s := scale(top)
		last := s[len(s)-1]
		if len(s) < 2 || len(s) > 7 || last < top*0.999 || last > top*2 {
			t.Errorf("%v: %v", top, s)
		}
	}
	for top, want := range map[float64]string{41: "[0 10 20 30 40 50]", 1: "[0 1]", 0.9: "[0 0.2 0.4 0.6 0.8 1]", 3: "[0 1 2 3]", 7: "[0 2 4 6 8]", 100: "[0 20 40 60 80 100]", 0: "[0 1]"} {
		if got := fmt.Sprint(scale(top)); got != want {
			t.Errorf("%v: %s, want %s", top, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1200: "1200", 12000: "12k", 1.5e6: "1.5M", 0.25: "0.25"} {
		if got := short(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if got := exact(-1234567.891); got != "−1,234,567.89" {
		t.Error(got)
	}
}
