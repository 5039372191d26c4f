package web

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/offline"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/console/chart"
	"yagura/kernel/text"
)

// calendarPage is what falls due, of all enclaves that the reader sees.
type calendarPage struct {
	Tabs  []console.Tab
	Strip chart.Chart
	Late  *console.Table
	Next  *console.Table
	Then  *console.Table
	Ics   string
}

// dueDay is a day of one enclave.
type dueDay struct {
	cmmc.Row
	score.Event
	done bool
}

func (p *pages) dueDays(c *console.Context) ([]dueDay, error) {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: c.Unit})
	if err != nil {
		return nil, err
	}
	var list []dueDay
	for _, r := range rows {
		for _, e := range score.Calendar(r.Level, r.Status) {
			list = append(list, dueDay{r, e, e.Kind == "affirmation" && affirmedFor(r.Status, e.Day)})
		}
	}
	slices.SortStableFunc(list, func(a, b dueDay) int {
		return cmp.Or(a.Day.Compare(b.Day), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (p *pages) calendar(c *console.Context) error {
	crumbs(c)
	list, err := p.dueDays(c)
	if err != nil {
		return err
	}
	v := calendarPage{Tabs: tabs("/cmmc/calendar"), Ics: "/cmmc/calendar.ics"}
	if c.Unit != "" {
		v.Ics += "?unit=" + c.Unit
	}
	heads := []text.Message{text.M("Day"), text.M("Enclave"), text.M("What"), text.M("Left"), text.M("Paragraph")}
	v.Late, v.Next, v.Then = console.NewTable(text.M("Overdue"), heads...), console.NewTable(text.M("In the next twelve months"), heads...), console.NewTable(text.M("Later"), heads...)
	year := c.Now.AddDate(1, 0, 0)
	strip := chart.Track{Title: text.M("In the next twelve months"), Desc: text.M("Days of all enclaves in the next twelve months"), From: c.Now.AddDate(0, 0, -7), To: year, Now: c.Now}
	for _, x := range list {
		if x.done {
			continue
		}
		t := v.Next
		switch {
		case c.Now.After(endOf(x.Day)) && x.Kind != "retention":
			t = v.Late
			if x.Day.Before(x.Status.From().AddDate(0, 0, 1)) && x.Kind == "affirmation" && len(x.Status.Affirmed) == 0 && c.Now.Sub(x.Day) > 400*24*time.Hour {
				continue // before anybody wrote affirmations down here
			}
		case x.Day.After(year):
			t = v.Then
		}
		href := x.Href()
		switch x.Kind {
		case "affirmation":
			href += "/affirm"
		case "close_out":
			href += "/plan"
		}
		t.Row(console.Day(x.Day), console.Strong(href, x.Label(c.Lang)), console.Say(x.What), console.Due(endOf(x.Day)), console.Text(x.Clause))
		if t == v.Next && len(strip.Stops) < 14 {
			s := chart.Stop{Day: x.Day, Label: x.Label(c.Lang) + " · " + c.Say(shortDue(x.Event)), Class: "info", Href: href}
			if x.Kind == "close_out" || x.Kind == "reassessment" {
				s.Class = "bad"
			}
			strip.Stops = append(strip.Stops, s)
		}
	}
	v.Strip = strip
	return c.Render("calendar", v)
}

// calendarFile is the calendar for other programs (RFC 5545).
func (p *pages) calendarFile(c *console.Context) error {
	list, err := p.dueDays(c)
	if err != nil {
		return err
	}
	var days []offline.Day
	for _, x := range list {
		if !x.done {
			days = append(days, offline.Day{Enclave: x.Label(c.Lang), Key: x.ID, Event: x.Event})
		}
	}
	c.Download("cmmc.ics", "text/calendar; charset=utf-8")
	_, err = io.WriteString(c.W, offline.Calendar(c.Lang, c.Now, days))
	return err
}
