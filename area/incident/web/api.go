package web

import (
	"strings"
	"time"

	"yagura/api"
	"yagura/area/incident"
	"yagura/kernel/keyset"
)

type incidentJSON struct {
	Number      string    `json:"number" doc:"Number of the incident" example:"INC-2026-0418"`
	Version     int64     `json:"version" doc:"Grows with every change; hand it back with a step"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Unit        string    `json:"unit" doc:"Id of the unit where it happened"`
	Units       []string  `json:"units,omitempty" doc:"Ids of further units affected; on a single incident only"`
	Severity    string    `json:"severity" enum:"critical,high,medium,low"`
	State       string    `json:"state"`
	TLP         string    `json:"tlp" doc:"Mark of the Traffic Light Protocol 2.0" enum:"RED,AMBER+STRICT,AMBER,GREEN,CLEAR"`
	Class       string    `json:"class,omitempty" doc:"Class of the Reference Security Incident Taxonomy"`
	Type        string    `json:"type,omitempty" doc:"Type within the class"`
	Team        string    `json:"team,omitempty" doc:"Team that answers for it"`
	Lead        string    `json:"lead,omitempty" doc:"Person who leads"`
	Source      string    `json:"source" enum:"person,outsider,alert"`
	Occurred    time.Time `json:"occurred,omitzero"`
	Detected    time.Time `json:"detected,omitzero"`
	Reported    time.Time `json:"reported,omitzero"`
	Contained   time.Time `json:"contained,omitzero"`
	Closed      time.Time `json:"closed,omitzero"`
}

type entryJSON struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at" doc:"When it was written"`
	Happened time.Time `json:"happened" doc:"When what it tells was so"`
	Author   string    `json:"author"`
	Kind     string    `json:"kind" enum:"note,decision,correction,change,handover,evidence,outside"`
	Said     string    `json:"said,omitempty" doc:"What the system says of a change, in the asker's language"`
	Body     string    `json:"body,omitempty"`
	Corrects string    `json:"corrects,omitempty"`
	Digest   string    `json:"digest" doc:"Salted SHA-256 as recorded in the ledger; empty where the entry was changed from outside"`
}

type observableJSON struct {
	Type   string   `json:"type"`
	Value  string   `json:"value"`
	Note   string   `json:"note,omitempty"`
	AlsoIn []string `json:"also_in,omitempty" doc:"Other incidents with the same value that the asker may see"`
}

type taskJSON struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Assignee string    `json:"assignee,omitempty"`
	Due      time.Time `json:"due,omitzero"`
	Done     time.Time `json:"done,omitzero"`
}

type detailJSON struct {
	incidentJSON
	Timeline    []entryJSON      `json:"timeline"`
	Observables []observableJSON `json:"observables"`
	Tasks       []taskJSON       `json:"tasks"`
	Alerts      []string         `json:"alerts" doc:"Ids of the alerts"`
	Steps       []string         `json:"steps" doc:"Steps that the asker may take now"`
}

type newJSON struct {
	Title       string    `json:"title" doc:"What happened, in one line"`
	Description string    `json:"description,omitempty"`
	Noticed     string    `json:"noticed,omitempty" doc:"How it was noticed"`
	Unit        string    `json:"unit" doc:"Id of the unit where it happened"`
	Units       []string  `json:"units,omitempty"`
	Severity    string    `json:"severity,omitempty" enum:"critical,high,medium,low"`
	TLP         string    `json:"tlp,omitempty" enum:"RED,AMBER+STRICT,AMBER,GREEN,CLEAR"`
	Class       string    `json:"class,omitempty"`
	Type        string    `json:"type,omitempty"`
	Occurred    time.Time `json:"occurred,omitzero"`
}

type noteJSON struct {
	Kind     string    `json:"kind,omitempty" enum:"note,decision,correction"`
	Body     string    `json:"body"`
	Happened time.Time `json:"happened,omitzero"`
	Corrects string    `json:"corrects,omitempty" doc:"With correction: id of the entry that was wrong"`
}

type stepJSON struct {
	Step     string    `json:"step" enum:"triage,confirm,contain,eradicate,recover,review,close,dismiss,duplicate,merge,reopen"`
	Version  int64     `json:"version" doc:"The version on which you decided; a changed incident is a conflict"`
	Happened time.Time `json:"happened,omitzero"`
	Note     string    `json:"note,omitempty"`
	Severity string    `json:"severity,omitempty" enum:"critical,high,medium,low"`
	Class    string    `json:"class,omitempty"`
	Type     string    `json:"type,omitempty"`
	Team     string    `json:"team,omitempty"`
	Lead     string    `json:"lead,omitempty"`
	Other    string    `json:"other,omitempty"`
	Reason   string    `json:"reason,omitempty" enum:"false-positive,permitted,exercise,outside"`
	Lessons  string    `json:"lessons,omitempty"`
	Cause    string    `json:"cause,omitempty"`
}

func show(i incident.Incident) incidentJSON {
	return incidentJSON{Number: i.ID, Version: i.Version, Title: i.Title, Description: i.Description, Unit: i.Unit, Severity: string(i.Severity),
		State: string(i.State), TLP: string(i.TLP), Class: i.Class, Type: i.Type, Team: i.Team, Lead: i.Lead, Source: string(i.Source),
		Occurred: i.Occurred, Detected: i.Detected, Reported: i.Reported, Contained: i.Contained, Closed: i.Closed}
}

func showEntry(c *api.Context, d incident.Detail, e incident.Entry) entryJSON {
	j := entryJSON{ID: e.ID, At: e.At, Happened: e.Happened, Author: e.Author, Kind: string(e.Kind), Body: e.Body, Corrects: e.Corrects, Digest: e.Digest}
	if !e.Said.IsZero() {
		j.Said = c.Say(d.Words(e.Said, c.Lang, func(unit string) string { return c.Actor.Units().Label(unit, c.Lang) }))
	}
	return j
}

func (p *pages) routes() []api.Route {
	var states []string
	states = append(states, "open")
	for _, s := range incident.States {
		states = append(states, string(s))
	}
	return []api.Route{
		{Method: "GET", Path: "/incidents", Summary: "Incidents that the holder of the token may see, the latest first", Act: incident.Read,
			Query: append(api.Paging("number", "title", "unit", "severity", "state", "lead", "occurred", "reported"),
				api.Param{Name: "q", Doc: "Text in number, title, description or an observable"},
				api.Param{Name: "state", Doc: "Only incidents in this state; open is all that are not ended", Enum: states},
				api.Param{Name: "severity", Enum: []string{"critical", "high", "medium", "low"}, Doc: "Only incidents of this severity"},
				api.Param{Name: "unit", Doc: "Only incidents of this unit and below it"}),
			Out: api.List[incidentJSON]{}, Handle: p.apiList},
		{Method: "POST", Path: "/incidents", Summary: "Report an incident", Act: incident.Report, In: newJSON{}, Out: incidentJSON{}, Handle: p.apiReport},
		{Method: "GET", Path: "/incidents/{number}", Summary: "One incident with timeline, observables and tasks", Act: incident.Read, Out: detailJSON{}, Handle: p.apiGet},
		{Method: "POST", Path: "/incidents/{number}/notes", Summary: "Write to the timeline", Act: incident.Respond, In: noteJSON{}, Out: entryJSON{}, Handle: p.apiNote},
		{Method: "POST", Path: "/incidents/{number}/steps", Summary: "Take a step to another state", Act: incident.Respond, In: stepJSON{}, Out: incidentJSON{}, Status: 200, Handle: p.apiStep},
	}
}

func (p *pages) apiList(c *api.Context) (any, error) {
	pg, err := c.Page("-occurred")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.List(c.Context(), c.Actor, c.Actor.Scope(incident.Read), incident.Filter{
		Query: c.Query("q"), State: c.Query("state"), Severity: c.Query("severity"), Unit: c.Query("unit"), Page: pg})
	if err != nil {
		return nil, err
	}
	return api.Cut(pg, total, rows, func(i incident.Incident) keyset.Position { return incident.At(i, pg.Sort) }, show), nil
}

func (p *pages) apiReport(c *api.Context) (any, error) {
	in := api.In[newJSON](c)
	inc, err := p.s.Report(c.Context(), c.Actor, incident.Draft{Title: in.Title, Description: in.Description, Noticed: in.Noticed, Unit: in.Unit, Units: in.Units,
		Severity: incident.Severity(in.Severity), TLP: incident.TLP(in.TLP), Class: in.Class, Type: in.Type, Occurred: in.Occurred.UTC()})
	if err != nil {
		return nil, err
	}
	c.W.Header().Set("Location", api.Prefix+"/incidents/"+inc.ID)
	return show(inc), nil
}

func (p *pages) apiGet(c *api.Context) (any, error) {
	d, err := p.s.Get(c.Context(), c.Actor, c.Path("number"))
	if err != nil {
		return nil, err
	}
	out := detailJSON{incidentJSON: show(d.Incident), Timeline: []entryJSON{}, Observables: []observableJSON{}, Tasks: []taskJSON{}, Alerts: []string{}, Steps: []string{}}
	out.Units = d.Units
	for _, e := range d.Entries {
		out.Timeline = append(out.Timeline, showEntry(c, d, e))
	}
	for _, o := range d.Observables {
		out.Observables = append(out.Observables, observableJSON{string(o.Type), o.Value, o.Note, o.Others})
	}
	for _, t := range d.Tasks {
		out.Tasks = append(out.Tasks, taskJSON{t.ID, t.Title, t.Assignee, t.Due, t.Done})
	}
	for _, a := range d.Alerts {
		out.Alerts = append(out.Alerts, a.ID)
	}
	for _, s := range d.Steps {
		out.Steps = append(out.Steps, string(s))
	}
	return out, nil
}

func (p *pages) apiNote(c *api.Context) (any, error) {
	in := api.In[noteJSON](c)
	e, err := p.s.Write(c.Context(), c.Actor, c.Path("number"), incident.Remark{Kind: incident.EntryKind(in.Kind), Body: in.Body, Happened: in.Happened.UTC(), Corrects: in.Corrects})
	if err != nil {
		return nil, err
	}
	return showEntry(c, incident.Detail{}, e), nil
}

func (p *pages) apiStep(c *api.Context) (any, error) {
	in := api.In[stepJSON](c)
	version := in.Version
	if version == 0 {
		version = -1
	}
	inc, err := p.s.Take(c.Context(), c.Actor, c.Path("number"), version, incident.Move{Step: incident.Step(strings.ToLower(in.Step)), Happened: in.Happened.UTC(), Note: in.Note,
		Severity: incident.Severity(in.Severity), Class: in.Class, Type: in.Type, Team: in.Team, Lead: in.Lead, Other: in.Other, Reason: in.Reason,
		Lessons: in.Lessons, Cause: in.Cause})
	if err != nil {
		return nil, err
	}
	return show(inc), nil
}
