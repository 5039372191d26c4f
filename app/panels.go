package app

import (
	"context"
	"strconv"

	"yagura/area/detect"
	"yagura/area/incident"
	"yagura/area/org"
	orgweb "yagura/area/org/web"
	telemetryweb "yagura/area/telemetry/web"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// panelRows is how many rows an area shows of itself on the page of a unit.
const panelRows = 5

// unitPanels are what incidents and detection show on the page of a unit.
func (a *App) unitPanels() []orgweb.Panel {
	return []orgweb.Panel{a.incidentsOfUnit, a.alertsOfUnit}
}

func (a *App) incidentsOfUnit(c *console.Context, u org.Unit) (*orgweb.Card, error) {
	if !c.Actor.CanAnywhere(incident.Read) {
		return nil, nil
	}
	rows, total, err := a.Incident.List(c.Context(), c.Actor, c.Actor.Scope(incident.Read),
		incident.Filter{State: "open", Unit: u.ID, Page: keyset.Page{Sort: "occurred", Desc: true, Limit: panelRows}})
	if err != nil {
		return nil, err
	}
	t := console.NewTable(text.M("Open incidents of this unit"), text.M("Number"), text.M("Title"), text.M("Severity"))
	for _, i := range rows[:min(len(rows), panelRows)] {
		t.Row(console.Strong(incident.Href(i.ID), i.ID), console.Text(i.Title), console.Mark(console.Severity(i.Severity)))
	}
	return &orgweb.Card{Title: text.M("Open incidents (%s)", strconv.Itoa(total)), Href: "/incidents?state=open&unit=" + u.ID, Table: t}, nil
}

func (a *App) alertsOfUnit(c *console.Context, u org.Unit) (*orgweb.Card, error) {
	if !c.Actor.CanAnywhere(detect.Read) {
		return nil, nil
	}
	scope := c.Actor.Scope(detect.Read).Within(c.Actor.Units(), u.ID)
	rows, total, err := a.Detect.List(c.Context(), scope, detect.Filter{State: string(detect.Untriaged), Page: keyset.Page{Sort: "last", Desc: true, Limit: panelRows}})
	if err != nil {
		return nil, err
	}
	t := console.NewTable(text.M("Untriaged alerts of this unit"), text.M("Number"), text.M("What fired"), text.M("Level"))
	for _, x := range rows[:min(len(rows), panelRows)] {
		t.Row(console.Strong("/detect/alerts/"+x.ID, x.ID), console.Text(x.Title.In(c.Lang)), console.Mark(console.Severity(x.Level.String())))
	}
	return &orgweb.Card{Title: text.M("Untriaged alerts (%s)", strconv.Itoa(total)), Href: "/detect?unit=" + u.ID, Table: t}, nil
}

// alertsOfEvent are the alerts that an event is a sample of, for its page.
func (a *App) alertsOfEvent(ctx context.Context, by authz.Actor, event string) ([]telemetryweb.SeenAlert, error) {
	alerts, err := a.Detect.OfEvent(ctx, by, event)
	var seen []telemetryweb.SeenAlert
	for _, x := range alerts {
		seen = append(seen, telemetryweb.SeenAlert{Number: x.ID, Title: x.Title.In(by.Lang), Href: "/detect/alerts/" + x.ID,
			Severity: console.Severity(x.Level.String()), At: x.Last})
	}
	return seen, err
}
