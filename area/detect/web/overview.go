package web

import (
	"yagura/area/detect"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/text"
)

const panelDays = 30

// overview adds what the first page and "my work" show of detection.
func (p *pages) overview(a *console.Area) {
	a.Tiles = []console.Tile{{Act: detect.Read, Order: 20, Figure: p.backlogTile}}
	a.Panels = []console.Panel{{Act: detect.Read, Order: 10, Title: text.M("Detections per day"), Note: text.M("%d days", panelDays), Href: "/detect/alerts", Draw: p.perDay}}
	a.Work = p.work
}

func (p *pages) backlogTile(c *console.Context) (console.Figure, error) {
	b, err := p.s.Backlog(c.Context(), c.Scope(detect.Read))
	f := console.Figure{Label: text.M("Untriaged high alerts"), Value: c.Num(b.Now), Trend: b.Trend, Href: "/detect?state=new&sort=-level",
		Definition: text.M("High and critical alerts that nobody has taken up: neither assigned nor decided. The line shows how many there were at the end of each of the last 14 days.")}
	switch {
	case b.Critical == 1:
		f.Tone, f.Note = console.Bad, text.M("1 of them critical, the oldest since %s", c.Local(b.Oldest))
	case b.Critical > 1:
		f.Tone, f.Note = console.Bad, text.M("%d of them critical, the oldest since %s", b.Critical, c.Local(b.Oldest))
	case b.Now > 0:
		f.Tone, f.Note = console.Warn, text.M("the oldest since %s", c.Local(b.Oldest))
	default:
		f.Tone, f.Note = console.Good, text.M("everything grave is taken up")
	}
	if n := len(b.Trend); n > 1 {
		switch first, last := b.Trend[0], b.Trend[n-1]; {
		case last > first:
			f.TrendTone = console.Bad
		case last < first:
			f.TrendTone = console.Good
		}
	}
	return f, err
}

// perDay draws the alerts of each day by level.
func (p *pages) perDay(c *console.Context) (chart.Chart, error) {
	days, err := p.s.Days(c.Context(), c.Scope(detect.Read), panelDays)
	if err != nil {
		return nil, err
	}
	s := chart.Stacked{Title: text.M("Detections per day"), Desc: text.M("Alerts of each of the last %d days by level", panelDays), Head: text.M("Day")}
	series := map[detect.Level][]float64{}
	for _, d := range days {
		s.Labels = append(s.Labels, d.Day.Format("01/02"))
		day := d.Day.Format("2006-01-02")
		s.Hrefs = append(s.Hrefs, "/detect/alerts?from="+day+"&to="+day)
		for _, l := range detect.Levels {
			series[l] = append(series[l], float64(d.Alerts[l]))
		}
	}
	for _, l := range detect.Levels {
		class := l.String()
		if l == detect.Informational {
			if class = "none"; sum(series[l]) == 0 {
				continue
			}
		}
		s.Series = append(s.Series, chart.Series{Label: l.Label(), Class: class, Values: series[l]})
	}
	return s, nil
}

func sum(vs []float64) (n float64) {
	for _, v := range vs {
		n += v
	}
	return n
}

// work is what waits for the person: alerts given to him, critical new ones of
// his units, exclusions that wait for a second person.
func (p *pages) work(c *console.Context, limit int) ([]console.WorkItem, error) {
	mine, fresh, err := p.s.Mine(c.Context(), c.Actor, c.Scope(detect.Triage), limit)
	if err != nil {
		return nil, err
	}
	item := func(a detect.Alert) console.WorkItem {
		w := console.WorkItem{Kind: text.M("Alert"), Number: a.ID, Title: a.Title.In(c.Lang), Href: alertHref(a.ID), Unit: c.UnitLabel(a.Unit), Since: a.First}
		if a.Level > detect.Informational {
			w.Severity = console.Severity(a.Level.String())
		}
		return w
	}
	var items []console.WorkItem
	for _, a := range fresh {
		w := item(a)
		w.Why = text.M("Critical, and nobody has taken it up")
		items = append(items, w)
	}
	for _, a := range mine {
		w := item(a)
		w.Why = text.M("Assigned to you")
		items = append(items, w)
	}
	if c.Actor.CanAnywhere(detect.Exclude) {
		xs, err := p.s.AwaitingApproval(c.Context(), c.Actor, limit)
		if err != nil {
			return nil, err
		}
		for _, x := range xs {
			title := x.Title.In(c.Lang)
			if x.Rule == "" {
				title = c.T("Every rule")
			}
			items = append(items, console.WorkItem{Kind: text.M("Exclusion to approve"), Number: x.ID, Title: title, Href: exclusionHref(x.ID), Unit: c.UnitLabel(x.Unit),
				Why: text.M("Needs a second person"), Since: x.Created, Due: x.Expires})
		}
	}
	if c.Actor.CanAnywhere(detect.Exclude) {
		xs, err := p.s.SuppressionsToApprove(c.Context(), c.Actor, limit)
		if err != nil {
			return nil, err
		}
		for _, x := range xs {
			items = append(items, console.WorkItem{Kind: text.M("Suppression to approve"), Number: x.ID, Title: suppressed(c, x), Href: suppressionHref(x.ID), Unit: c.UnitLabel(x.Unit),
				Why: text.M("Needs a second person"), Since: x.Created, Due: x.Since})
		}
	}
	return items[:min(limit, len(items))], nil
}
