package web

import (
	"time"

	"yagura/api"
	"yagura/area/detect"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
)

type storyJSON struct {
	Number  string    `json:"number" example:"STO-2026-0012"`
	Title   string    `json:"title" doc:"Of its gravest alert, in the asker's language"`
	Level   string    `json:"level" enum:"informational,low,medium,high,critical"`
	Alerts  int64     `json:"alerts" doc:"In the units that the asker may see, as all that is counted here"`
	Open    int64     `json:"open"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Tactics []string  `json:"tactics" doc:"Tactics of ATT&CK reached, in their order"`
	Units   []string  `json:"units"`
	Risk    float64   `json:"risk" doc:"The greatest among its open alerts"`
}

type storyDetailJSON struct {
	storyJSON
	Members []alertJSON  `json:"members" doc:"At most the first 500"`
	Shared  []sharedJSON `json:"shared" doc:"What at least two of its alerts have to do with"`
}

type sharedJSON struct {
	Kind   string `json:"kind" enum:"host,user,address,hash,process"`
	Value  string `json:"value"`
	Alerts int    `json:"alerts"`
}

type outcomeJSON struct {
	Done     []string `json:"done"`
	Changed  []string `json:"changed" doc:"Left alone, because somebody decided or took them up meanwhile"`
	Incident string   `json:"incident,omitempty"`
}

type actJSON struct {
	Do          string    `json:"do" enum:"assign,dismiss,raise"`
	Alerts      []string  `json:"alerts,omitempty"`
	Stories     []string  `json:"stories,omitempty" doc:"All their open alerts that the asker may see"`
	Seen        time.Time `json:"seen,omitzero" doc:"When the asker saw them; what others did since is not overwritten"`
	Person      string    `json:"person,omitempty" doc:"To assign: id of a person; the asker where absent"`
	Reason      string    `json:"reason,omitempty" enum:"false-positive,benign,duplicate,test"`
	Note        string    `json:"note,omitempty"`
	Title       string    `json:"title,omitempty" doc:"Of the incident"`
	Description string    `json:"description,omitempty"`
}

type riskJSON struct {
	Kind   string    `json:"kind" enum:"host,person,unit"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Risk   float64   `json:"risk"`
	Change float64   `json:"change_7d"`
	Days   []float64 `json:"days" doc:"At the ends of the last 14 days, the last is now"`
}

type suppressionJSON struct {
	Number   string    `json:"number" example:"SUP-2026-0012"`
	Kind     string    `json:"kind" enum:"quiet,window"`
	State    string    `json:"state" enum:"waiting,planned,active,over"`
	Rule     string    `json:"rule,omitempty"`
	Unit     string    `json:"unit"`
	Hosts    string    `json:"hosts,omitempty"`
	Silence  int64     `json:"silence_minutes,omitempty"`
	Critical bool      `json:"critical,omitempty" doc:"Critical alerts, too"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Owner    string    `json:"owner"`
	Reason   string    `json:"reason"`
	Held     int64     `json:"alerts_held" doc:"In the units that the asker may see"`
	Hits     int64     `json:"hits"`
}

type suppressJSON struct {
	Kind     string    `json:"kind" enum:"quiet,window"`
	Rule     string    `json:"rule,omitempty"`
	Unit     string    `json:"unit"`
	Hosts    string    `json:"hosts,omitempty" doc:"A pattern of host names such as dc-*"`
	Silence  int64     `json:"silence_minutes,omitempty"`
	Critical bool      `json:"critical,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
}

type heldJSON struct {
	Cause string    `json:"held_by"`
	Rule  string    `json:"rule"`
	Title string    `json:"title"`
	Level string    `json:"level" enum:"informational,low,medium,high,critical"`
	Unit  string    `json:"unit"`
	Host  string    `json:"host,omitempty"`
	User  string    `json:"user,omitempty"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Hits  int64     `json:"hits"`
	Event string    `json:"event" doc:"Id of the first event"`
}

// storyRoutes are the JSON API of stories, risks, suppressions and acts on many
// alerts.
func (p *pages) storyRoutes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/alert-stories", Summary: "Stories of which the asker may see something", Act: detect.Read, Out: api.List[storyJSON]{},
			Query: append(api.Paging("level", "number", "first", "last", "alerts", "risk"), api.Param{Name: "state", Doc: "open = with alerts on which somebody has to decide", Enum: []string{"open", "closed"}},
				api.Param{Name: "unit", Doc: "Only stories that reach this unit"}), Handle: p.apiStories},
		{Method: "GET", Path: "/alert-stories/{number}", Summary: "One story with its alerts", Act: detect.Read, Out: storyDetailJSON{}, Handle: p.apiStory},
		{Method: "POST", Path: "/alert-acts", Summary: "Assign, dismiss or raise many alerts or whole stories", Act: detect.Triage, In: actJSON{}, Out: outcomeJSON{}, Status: 200, Handle: p.apiAct},
		{Method: "POST", Path: "/alert-acts/undo", Summary: "Take the asker's last act back", Act: detect.Triage, Out: outcomeJSON{}, Status: 200, Handle: p.apiUndo},
		{Method: "GET", Path: "/risks", Summary: "Hosts, persons or units at risk, most first", Act: detect.Read, Out: api.List[riskJSON]{},
			Query: append(api.Paging("risk"), api.Param{Name: "kind", Doc: "host where absent", Enum: detect.RiskKinds}, api.Param{Name: "q", Doc: "Anywhere in the name"}), Handle: p.apiRisks},
		{Method: "GET", Path: "/suppressions", Summary: "Silences after alerts and windows of maintenance", Act: detect.Read, Out: api.List[suppressionJSON]{},
			Query: append(api.Paging("number", "until", "unit"), api.Param{Name: "state", Doc: "Only those in this state", Enum: []string{"waiting", "planned", "active", "over"}}), Handle: p.apiSuppressions},
		{Method: "POST", Path: "/suppressions", Summary: "Put a suppression in force, or ask for it where a second person is needed", Act: detect.Exclude, In: suppressJSON{}, Out: suppressionJSON{}, Handle: p.apiSuppress},
		{Method: "GET", Path: "/held-alerts", Summary: "Alerts that a suppression kept from being raised", Act: detect.Read, Out: api.List[heldJSON]{},
			Query: append(api.Paging("last", "first", "hits", "level", "unit"), api.Param{Name: "held_by", Doc: "Only those of this suppression"}), Handle: p.apiHeld},
	}
}

func (p *pages) storyOf(c *api.Context, x detect.Story) storyJSON {
	names := x.Tactics.Names()
	if names == nil {
		names = []string{}
	}
	return storyJSON{Number: x.ID, Title: x.Title.In(c.Lang), Level: x.Level.String(), Alerts: x.Alerts, Open: x.Open, First: x.First, Last: x.Last, Tactics: names, Units: x.Units, Risk: rounded(p.s.ScoreOf(x.Risk))}
}

func rounded(v float64) float64 { return float64(int64(v*10+0.5)) / 10 }

func (p *pages) apiStories(c *api.Context) (any, error) {
	page, err := c.Page("-level")
	if err != nil {
		return nil, err
	}
	xs, total, err := p.s.Stories(c.Context(), c.Actor.Scope(detect.Read), detect.StoryFilter{State: c.Query("state"), Unit: c.Query("unit"), Page: page})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, xs, func(x detect.Story) keyset.Position { return detect.StoryAt(x, page.Sort) }, func(x detect.Story) storyJSON { return p.storyOf(c, x) }), nil
}

func (p *pages) apiStory(c *api.Context) (any, error) {
	d, err := p.s.ShowStory(c.Context(), c.Actor, c.Path("number"))
	if err != nil {
		return nil, err
	}
	out := storyDetailJSON{storyJSON: p.storyOf(c, d.Story), Members: []alertJSON{}, Shared: []sharedJSON{}}
	for _, a := range d.Members {
		out.Members = append(out.Members, p.json(c, a))
	}
	for _, x := range d.Shared {
		out.Shared = append(out.Shared, sharedJSON{x.Kind, x.Value, x.Alerts})
	}
	return out, nil
}

func outcomeOf(o detect.Outcome) outcomeJSON {
	out := outcomeJSON{Done: o.Done, Changed: o.Changed, Incident: o.Incident}
	if out.Done == nil {
		out.Done = []string{}
	}
	if out.Changed == nil {
		out.Changed = []string{}
	}
	return out
}

func (p *pages) apiAct(c *api.Context) (any, error) {
	in := api.In[actJSON](c)
	out, err := p.s.Act(c.Context(), c.Actor, detect.Bulk{Do: in.Do, Alerts: in.Alerts, Stories: in.Stories, Seen: in.Seen, Person: in.Person, Reason: detect.Reason(in.Reason), Note: in.Note,
		Title: in.Title, Words: in.Description})
	return outcomeOf(out), err
}

func (p *pages) apiUndo(c *api.Context) (any, error) {
	out, err := p.s.Undo(c.Context(), c.Actor)
	return outcomeOf(out), err
}

func (p *pages) apiRisks(c *api.Context) (any, error) {
	page, err := c.Page("-risk")
	if err != nil {
		return nil, err
	}
	kind := c.Query("kind")
	if kind == "" {
		kind = detect.HostRisk
	}
	xs, total, err := p.s.Risks(c.Context(), c.Actor.Scope(detect.Read), detect.RiskFilter{Kind: kind, Text: c.Query("q"), Page: page})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, xs, func(r detect.Risk) keyset.Position { return detect.RiskAt(r, page.Sort) }, func(r detect.Risk) riskJSON {
		days := make([]float64, len(r.Series))
		for i, v := range r.Series {
			days[i] = rounded(v)
		}
		name := r.Name
		if name == "" {
			name = r.Thing
		}
		return riskJSON{Kind: r.Kind, Name: name, Unit: r.Unit, Risk: rounded(r.Score), Change: float64(int64(r.Change*10)) / 10, Days: days}
	}), nil
}

func suppressionOf(c *api.Context, x detect.Suppression) suppressionJSON {
	return suppressionJSON{Number: x.ID, Kind: x.Kind, State: string(x.State(c.Now)), Rule: x.Rule, Unit: x.Unit, Hosts: x.Hosts, Silence: int64(x.Silence / time.Minute), Critical: x.Grave,
		Since: x.Since, Until: x.Until, Owner: x.Owner, Reason: x.Reason, Held: x.Things, Hits: x.Hits}
}

func (p *pages) apiSuppressions(c *api.Context) (any, error) {
	page, err := c.Page("-number")
	if err != nil {
		return nil, err
	}
	xs, total, err := p.s.Suppressions(c.Context(), c.Actor.Scope(detect.Read), detect.SuppressionFilter{State: c.Query("state"), Page: page})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, xs, func(x detect.Suppression) keyset.Position { return detect.SuppressionAt(x, page.Sort) }, func(x detect.Suppression) suppressionJSON { return suppressionOf(c, x) }), nil
}

func (p *pages) apiSuppress(c *api.Context) (any, error) {
	in := api.In[suppressJSON](c)
	if in.Silence < 0 || in.Silence > 1<<20 {
		return nil, fault.Invalid(fault.F("silence_minutes", "A whole number is needed here"))
	}
	x, err := p.s.Suppress(c.Context(), c.Actor, detect.Suppression{Kind: in.Kind, Rule: in.Rule, Unit: in.Unit, Hosts: in.Hosts, Silence: time.Duration(in.Silence) * time.Minute, Grave: in.Critical,
		Since: in.Since, Until: in.Until, Reason: in.Reason})
	return suppressionOf(c, x), err
}

func (p *pages) apiHeld(c *api.Context) (any, error) {
	page, err := c.Page("-last")
	if err != nil {
		return nil, err
	}
	hs, total, err := p.s.HeldBack(c.Context(), c.Actor.Scope(detect.Read), detect.HeldFilter{Cause: c.Query("held_by"), Page: page})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, hs, func(h detect.Held) keyset.Position { return detect.HeldAt(h, page.Sort) }, func(h detect.Held) heldJSON {
		return heldJSON{Cause: h.Cause, Rule: h.Rule, Title: h.Title.In(c.Lang), Level: h.Level.String(), Unit: h.Unit, Host: h.Host, User: h.User, First: h.First, Last: h.Last, Hits: h.Hits, Event: h.Event}
	}), nil
}
