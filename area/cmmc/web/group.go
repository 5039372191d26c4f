package web

import (
	"strconv"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/text"
)

// group is the map of the group: every enclave with its score, range and status.
func (p *pages) group(c *console.Context) error {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: c.Unit, Query: c.Query("q"), Status: score.Status(c.Query("status")), Trend: true})
	if err != nil {
		return err
	}
	t := console.NewTable(text.M("Enclaves by standing, those that need somebody first"), text.M("Enclave"), text.M("Unit"), text.M("Level§cmmc"), text.M("Score§cmmc"),
		text.M("Status§cmmc"), text.M("By assessors alone"), text.M("13 weeks"), text.M("Close-out"))
	for _, r := range rows {
		t.Row(console.Strong(r.Href(), r.Label(c.Lang)), console.Text(c.UnitLabel(r.Unit)), console.Num(r.Level), console.Text(points(r.Live)),
			console.Chip(tone(r.Live.Status), cmmc.StatusLabel(r.Live.Status)), console.Text(points(r.Said)), console.Trend("", r.Trend, direction(r.Trend)), console.Due(r.CloseOut))
	}
	return c.Render("group", struct{ Table *console.Table }{t})
}

// points are a score, or its range; Level 1 has none, nor has what cannot be assessed.
func points(s inherit.Standing) string {
	switch {
	case s.Level == 1 || s.Best == score.NoAssessment:
		return "–"
	case s.Low == s.High:
		return strconv.Itoa(s.Low) + " / " + strconv.Itoa(catalog.Of(s.Level).Max)
	}
	return strconv.Itoa(s.Low) + "…" + strconv.Itoa(s.High) + " / " + strconv.Itoa(catalog.Of(s.Level).Max)
}

func tone(s score.Status) console.Tone {
	switch s {
	case score.Final:
		return console.Good
	case score.Conditional:
		return console.Warn
	}
	return console.Bad
}

// direction judges a trend where more is better.
func direction(trend []float64) console.Tone {
	if len(trend) < 2 {
		return console.Plain
	}
	switch first, last := trend[0], trend[len(trend)-1]; {
	case last > first:
		return console.Good
	case last < first:
		return console.Bad
	}
	return console.Plain
}
