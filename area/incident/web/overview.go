package web

import (
	"time"

	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/text"
)

// overview adds what the first page and "my work" show of incidents.
func (p *pages) overview(a *console.Area) {
	a.Tiles = []console.Tile{
		{Act: incident.Read, Order: 10, Figure: p.openTile},
		{Act: incident.Read, Order: 50, Figure: p.containTile},
	}
	a.Posture = []console.Measure{{
		Act: incident.Read, Order: 90, Label: text.M("Open§count"), Count: true,
		Definition: text.M("Incidents of the unit and all below it on which somebody still has to work"),
		Of: func(c *console.Context, units []string) (map[string]console.Share, error) {
			n, err := p.s.OpenIn(c.Context(), c.Actor, c.Actor.Scope(incident.Read), units)
			shares := make(map[string]console.Share, len(n))
			for unit, n := range n {
				shares[unit] = console.Share{Part: float64(n)}
			}
			return shares, err
		},
	}}
	a.Work, a.Clocks = p.work, p.clocks
}

func (p *pages) figures(c *console.Context) (incident.Figures, error) {
	return p.s.Figures(c.Context(), c.Actor, c.Actor.Scope(incident.Read), c.Unit)
}

func (p *pages) openTile(c *console.Context) (console.Figure, error) {
	f, err := p.figures(c)
	fig := console.Figure{
		Label: text.M("Open incidents"), Value: c.Num(int64(f.Open)), Trend: f.OpenTrend, Href: "/incidents?state=open",
		Definition: text.M("Incidents that are neither closed nor dismissed, duplicate or merged. The line shows how many were open at the end of each of the last 12 weeks."),
	}
	switch {
	case f.Grave == 1:
		fig.Tone, fig.Note = console.Bad, text.M("1 critical, since %s", c.Local(f.Since))
	case f.Grave > 1:
		fig.Tone, fig.Note = console.Bad, text.M("%d critical, the latest since %s", f.Grave, c.Local(f.Since))
	case f.Open > 0:
		fig.Tone, fig.Note = console.Warn, text.M("none of them critical")
	default:
		fig.Tone, fig.Note = console.Good, text.M("nothing is open")
	}
	fig.TrendTone = direction(f.OpenTrend)
	return fig, err
}

func (p *pages) containTile(c *console.Context) (console.Figure, error) {
	f, err := p.figures(c)
	fig := console.Figure{
		Label: text.M("Time to contain"), Trend: f.ContainTrend, TrendTone: direction(f.ContainTrend), Href: "/incidents?sort=-reported",
		Definition: text.M("Median of the time from the report of an incident to its containment, over incidents contained in the last 90 days. The line shows the median of each of the last 6 months."),
	}
	if f.Contained == 0 {
		fig.Note = text.M("none contained in 90 days")
		return fig, err
	}
	switch h := f.Contain.Hours(); {
	case h >= 48:
		fig.Value, fig.Unit = c.Num(int64(h/24+0.5)), text.M("days")
	case h >= 2:
		fig.Value, fig.Unit = c.Num(int64(h+0.5)), text.M("hours")
	default:
		fig.Value, fig.Unit = c.Num(int64(f.Contain/time.Minute)), text.M("minutes")
	}
	fig.Note = text.M("median of %d incidents in 90 days", f.Contained)
	return fig, err
}

// direction judges a trend where less is better.
func direction(trend []float64) console.Tone {
	if len(trend) < 2 {
		return console.Plain
	}
	switch first, last := trend[0], trend[len(trend)-1]; {
	case last > first:
		return console.Bad
	case last < first:
		return console.Good
	}
	return console.Plain
}

func (p *pages) work(c *console.Context, limit int) ([]console.WorkItem, error) {
	waiting, err := p.s.Mine(c.Context(), c.Actor, limit)
	items := make([]console.WorkItem, 0, len(waiting))
	for _, w := range waiting {
		i := w.Incident
		item := console.WorkItem{Number: i.ID, Title: w.Title, Href: incident.Href(i.ID), Unit: c.UnitLabel(i.Unit),
			Severity: console.Severity(i.Severity), Due: w.Due, Since: w.Since}
		switch w.Kind {
		case "offer":
			item.Kind, item.Why, item.Href = text.M("Offer to accept"), text.M("Offered to your team; it climbs if nobody answers"), item.Href+"#handover"
		case "task":
			item.Kind, item.Why, item.Href = text.M("Incident task"), text.M("Given to you"), item.Href+"#tasks"
		case "lead":
			item.Kind, item.Why = text.M("Incident"), text.M("You lead it")
		case "untriaged":
			item.Kind, item.Why = text.M("Report to triage"), text.M("Reported to your team")
		}
		items = append(items, item)
	}
	return items, err
}

func (p *pages) clocks(c *console.Context, limit int) ([]console.Clock, error) {
	ds, err := p.s.Deadlines(c.Context(), c.Actor, c.Actor.Scope(incident.Read), c.Unit, limit)
	clocks := make([]console.Clock, 0, len(ds))
	for _, d := range ds {
		k := console.Clock{Title: d.Incident.ID + " " + d.Title, Label: text.M("Task is due"), Href: incident.Href(d.Incident.ID) + "#tasks", Start: d.Start, Due: d.Due}
		if d.Kind == "offer" {
			k.Label, k.Href = text.M("Offer climbs"), incident.Href(d.Incident.ID)+"#handover"
		}
		clocks = append(clocks, k)
	}
	return clocks, err
}
