package web

import (
	"time"

	"yagura/api"
	"yagura/area/detect"
	"yagura/area/detect/correlate"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
)

type alertJSON struct {
	Number   string        `json:"number" example:"ALR-2026-00417"`
	Rule     string        `json:"rule" doc:"Id of the rule"`
	Version  string        `json:"rule_version" doc:"First 12 hex digits of the SHA-256 of the rule's text"`
	Title    string        `json:"title" doc:"In the asker's language"`
	Level    string        `json:"level" enum:"informational,low,medium,high,critical"`
	Unit     string        `json:"unit" doc:"Id of the unit"`
	Host     string        `json:"host,omitempty"`
	User     string        `json:"user,omitempty"`
	Image    string        `json:"image,omitempty"`
	Entity   []detect.Pair `json:"entity" doc:"Fields by which hits are the same alert"`
	Approx   string        `json:"approximate,omitempty" doc:"Of a correlation that counted approximately: how far it may be off"`
	Summary  bool          `json:"summary,omitempty" doc:"Sums up hits of a rule that fired too often; hits is exact"`
	First    time.Time     `json:"first"`
	Last     time.Time     `json:"last"`
	Hits     int64         `json:"hits"`
	State    string        `json:"state" enum:"new,assigned,dismissed,raised"`
	Assignee string        `json:"assignee,omitempty" doc:"Id of a person"`
	Reason   string        `json:"reason,omitempty" enum:"false-positive,benign,duplicate,test"`
	Note     string        `json:"note,omitempty"`
	Decided  time.Time     `json:"decided,omitzero"`
	Incident string        `json:"incident,omitempty"`
	Story    string        `json:"story,omitempty" doc:"Number of the story that it belongs to"`
	Tactics  []string      `json:"tactics,omitempty" doc:"Tactics of ATT&CK that its rule names"`
	Risk     float64       `json:"risk,omitempty" doc:"Of its host or user, while it is open"`
}

type sampleJSON struct {
	Event   string        `json:"event" doc:"Id of the event"`
	At      time.Time     `json:"at"`
	Host    string        `json:"host,omitempty"`
	Matched []detect.Pair `json:"matched" doc:"Fields and values that made the rule match"`
	Raw     string        `json:"raw,omitempty" doc:"The event as it was; absent above 256 KiB"`
}

type alertDetailJSON struct {
	alertJSON
	Samples []sampleJSON `json:"samples" doc:"At most the first 10 events"`
	Others  []string     `json:"others" doc:"Alerts of the same host or user that the asker may see"`
}

type dismissJSON struct {
	Reason string `json:"reason" enum:"false-positive,benign,duplicate,test"`
	Note   string `json:"note,omitempty" doc:"Required for high and critical alerts"`
}

type assignJSON struct {
	Person string `json:"person,omitempty" doc:"Id of a person; the asker where absent"`
}

type raiseJSON struct {
	Alerts      []string `json:"alerts,omitempty" doc:"Further alerts for the same incident"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
}

type raisedJSON struct {
	Incident string `json:"incident" example:"INC-2026-0418"`
}

type ruleJSON struct {
	ID         string   `json:"id"`
	Version    string   `json:"version"`
	Title      string   `json:"title" doc:"In the asker's language"`
	Level      string   `json:"level" enum:"informational,low,medium,high,critical" doc:"Of its alerts"`
	Written    string   `json:"level_written" enum:"informational,low,medium,high,critical"`
	State      string   `json:"state" enum:"draft,experimental,test,stable,retired"`
	Enabled    bool     `json:"enabled"`
	Source     string   `json:"logsource" example:"windows/process_creation/*"`
	Techniques []string `json:"techniques" doc:"ATT&CK techniques"`
	Hits       int64    `json:"hits_7d" doc:"In the units that the asker may see"`
	Alerts     int64    `json:"alerts_7d"`
	Hidden     int64    `json:"hidden_7d" doc:"By exclusions"`
}

func (p *pages) json(c *api.Context, a detect.Alert) alertJSON {
	approx := ""
	if a.Approx != "" {
		approx = correlate.Approximate(a.Approx).In(c.Lang)
	}
	return alertJSON{Approx: approx, Number: a.ID, Rule: a.Rule, Version: a.Version, Title: a.Title.In(c.Lang), Level: a.Level.String(), Unit: a.Unit, Host: a.Host, User: a.User,
		Image: a.Image, Entity: a.Entity, Summary: a.Storm, First: a.First, Last: a.Last, Hits: a.Hits, State: string(a.State), Assignee: a.Assignee,
		Reason: string(a.Reason), Note: a.Note, Decided: a.Decided, Incident: a.Incident,
		Story: a.Story, Tactics: a.Tactics.Names(), Risk: rounded(p.s.ScoreOf(a.Risk))}
}

// routes are the JSON API of detection.
func (p *pages) routes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/alerts", Summary: "Alerts of the units that the asker may see", Act: detect.Read, Out: api.List[alertJSON]{},
			Query: append(api.Paging("first", "last", "level", "number", "hits", "risk"),
				api.Param{Name: "state", Doc: "Only alerts in this state; open = new or assigned", Enum: []string{"open", "new", "assigned", "dismissed", "raised"}},
				api.Param{Name: "level", Doc: "Only alerts of this level", Enum: []string{"informational", "low", "medium", "high", "critical"}},
				api.Param{Name: "rule", Doc: "Only alerts of the rule with this id"}, api.Param{Name: "unit", Doc: "Only alerts of this unit itself"},
				api.Param{Name: "host", Doc: "Only alerts on this host"}, api.Param{Name: "user", Doc: "Only alerts on this user"}, api.Param{Name: "story", Doc: "Only alerts of this story"},
				api.Param{Name: "from", Doc: "First hit at this time or later, RFC 3339"}, api.Param{Name: "to", Doc: "First hit before this time, RFC 3339"},
				api.Param{Name: "q", Doc: "Anywhere in number, title, host, user, program"}),
			Handle: p.apiAlerts},
		{Method: "GET", Path: "/alerts/{number}", Summary: "One alert with the events that it began with", Act: detect.Read, Out: alertDetailJSON{}, Handle: p.apiAlert},
		{Method: "POST", Path: "/alerts/{number}/assign", Summary: "Give an alert to a person", Act: detect.Triage, In: assignJSON{}, Out: alertJSON{}, Status: 200, Handle: p.apiAssign},
		{Method: "POST", Path: "/alerts/{number}/dismiss", Summary: "Decide that an alert needs nothing", Act: detect.Triage, In: dismissJSON{}, Out: alertJSON{}, Status: 200, Handle: p.apiDismiss},
		{Method: "POST", Path: "/alerts/{number}/raise", Summary: "Make an incident of alerts", Act: detect.Triage, In: raiseJSON{}, Out: raisedJSON{}, Handle: p.apiRaise},
		{Method: "GET", Path: "/detection-rules", Summary: "Detection rules with their state and their hits", Act: detect.Read, Out: api.List[ruleJSON]{},
			Query:  append(api.Paging("title", "level", "state", "hits", "alerts", "hidden"), api.Param{Name: "q", Doc: "Anywhere in title, id, tags, file"}),
			Handle: p.apiRules},
	}
}

func moment(c *api.Context, name string) (time.Time, error) {
	s := c.Query(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fault.Invalid(fault.F(name, "A time such as 2026-11-23T18:30:00Z is needed"))
	}
	return t, nil
}

func (p *pages) apiAlerts(c *api.Context) (any, error) {
	page, err := c.Page("-first")
	if err != nil {
		return nil, err
	}
	f := detect.Filter{State: c.Query("state"), Level: c.Query("level"), Rule: c.Query("rule"), Unit: c.Query("unit"), Host: c.Query("host"), User: c.Query("user"), Story: c.Query("story"), Text: c.Query("q"), Page: page}
	if f.From, err = moment(c, "from"); err != nil {
		return nil, err
	}
	if f.To, err = moment(c, "to"); err != nil {
		return nil, err
	}
	rows, total, err := p.s.List(c.Context(), c.Actor.Scope(detect.Read), f)
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, rows, func(a detect.Alert) keyset.Position { return detect.At(a, page.Sort) }, func(a detect.Alert) alertJSON { return p.json(c, a) }), nil
}

func (p *pages) apiAlert(c *api.Context) (any, error) {
	d, err := p.s.Get(c.Context(), c.Actor, c.Path("number"))
	if err != nil {
		return nil, err
	}
	out := alertDetailJSON{alertJSON: p.json(c, d.Alert), Samples: []sampleJSON{}, Others: []string{}}
	for _, x := range d.Samples {
		out.Samples = append(out.Samples, sampleJSON{Event: x.Event, At: x.At, Host: x.Host, Matched: x.Matched, Raw: string(x.Raw)})
	}
	for _, o := range d.Others {
		out.Others = append(out.Others, o.ID)
	}
	return out, nil
}

func (p *pages) one(c *api.Context) (any, error) {
	d, err := p.s.Get(c.Context(), c.Actor, c.Path("number"))
	return p.json(c, d.Alert), err
}

func (p *pages) apiAssign(c *api.Context) (any, error) {
	if err := p.s.Assign(c.Context(), c.Actor, []string{c.Path("number")}, api.In[assignJSON](c).Person); err != nil {
		return nil, err
	}
	return p.one(c)
}

func (p *pages) apiDismiss(c *api.Context) (any, error) {
	in := api.In[dismissJSON](c)
	if err := p.s.Dismiss(c.Context(), c.Actor, []string{c.Path("number")}, detect.Reason(in.Reason), in.Note); err != nil {
		return nil, err
	}
	return p.one(c)
}

func (p *pages) apiRaise(c *api.Context) (any, error) {
	in := api.In[raiseJSON](c)
	number, err := p.s.Escalate(c.Context(), c.Actor, append([]string{c.Path("number")}, in.Alerts...), in.Title, in.Description)
	return raisedJSON{number}, err
}

func (p *pages) apiRules(c *api.Context) (any, error) {
	q, err := c.Page("title")
	if err != nil {
		return nil, err
	}
	rows, err := p.s.Rulebook(c.Context(), c.Actor, c.Actor.Scope(detect.Read), detect.RuleFilter{Text: c.Query("q")})
	if err != nil {
		return nil, err
	}
	named := make([]ruleRow, len(rows))
	for i, r := range rows {
		named[i] = ruleRow{r, r.Title.In(c.Lang)}
	}
	total := len(named)
	return api.Cut(q, total, page(named, ruleAt, q), func(r ruleRow) keyset.Position { return ruleAt(r, q.Sort) }, func(r ruleRow) ruleJSON {
		ts := r.Techniques()
		if ts == nil {
			ts = []string{}
		}
		return ruleJSON{ID: r.ID, Version: r.Version, Title: r.title, Level: r.Effective.String(), Written: r.Rule.Level.String(), State: string(r.State), Enabled: r.Enabled,
			Source: r.Sources.String(), Techniques: ts, Hits: r.Hits, Alerts: r.Alerts, Hidden: r.Hidden}
	}), nil
}
