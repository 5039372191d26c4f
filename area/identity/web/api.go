package web

import (
	"time"

	"yagura/api"
	"yagura/area/identity"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

type containmentJSON struct {
	ID       string    `json:"id" doc:"Id of the containment"`
	Person   string    `json:"person" doc:"Id of the person"`
	Unit     string    `json:"unit"`
	State    string    `json:"state" doc:"asked: it waits for a second person, and nothing has ended" enum:"asked,in-force,released,refused,expired"`
	Reason   string    `json:"reason"`
	Incident string    `json:"incident,omitempty"`
	Alert    string    `json:"alert,omitempty"`
	Rule     string    `json:"rule,omitempty"` // of detection, that asked
	AskedBy  string    `json:"asked_by"`
	Asked    time.Time `json:"asked"`
	Decider  string    `json:"decided_by,omitempty" doc:"The second person"`
	Began    time.Time `json:"began,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	EndedBy  string    `json:"ended_by,omitempty"`
	Why      string    `json:"why,omitempty" doc:"Why it was released"`
}

type targetJSON struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"door,application,gate,radius"`
	Name     string    `json:"name" doc:"Code of the door or application; name of the server"`
	Count    int64     `json:"count,omitempty" doc:"How many a door had open"`
	Result   string    `json:"result" enum:"ended,confirmed,unconfirmed,refused,no answer,pending"`
	Detail   string    `json:"detail,omitempty" doc:"How the result is known, or why it is not"`
	Status   int64     `json:"status,omitempty" doc:"HTTP status of the latest answer"`
	Millis   int64     `json:"ms" doc:"Milliseconds from the act to the result"`
	At       time.Time `json:"at,omitzero"`
	Open     bool      `json:"open" doc:"Yagura still tries"`
	Attempts int64     `json:"attempts" doc:"To get in afterwards, refused; counted once a minute at most"`
	Tried    time.Time `json:"tried,omitzero" doc:"The latest attempt"`
}

type containmentDetailJSON struct {
	containmentJSON
	Tries   int64        `json:"tries" doc:"Sign-ins refused since"`
	Targets []targetJSON `json:"targets"`
}

type containJSON struct {
	Person   string `json:"person" doc:"Id of the person"`
	Reason   string `json:"reason"`
	Incident string `json:"incident,omitempty" doc:"Number of an incident that the asker may work on"`
	Alert    string `json:"alert,omitempty" doc:"Number of an alert"`
}

type releaseJSON struct {
	Why string `json:"why" doc:"In a sentence"`
}

func showContainment(c identity.Containment) containmentJSON {
	return containmentJSON{ID: c.ID, Person: c.Person.ID, Unit: c.Unit, State: string(c.State), Reason: c.Reason, Incident: c.Incident, Alert: c.Alert, Rule: c.Rule,
		AskedBy: c.AskedBy, Asked: c.Asked, Decider: c.Decider, Began: c.Began, Ended: c.Ended, EndedBy: c.EndedBy, Why: c.Why}
}

// routes are for programs that watch or begin containments. The second person
// confirms in the console: a token is nobody who looks.
func (w web) routes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/containments", Summary: "Containments of people in the units of the token's holder, the latest first", Act: identity.ReadContainments,
			Query: append(api.Paging("asked"), api.Param{Name: "state", Doc: "Only containments in this state", Enum: []string{"asked", "in-force", "released", "refused", "expired"}}),
			Out:   api.List[containmentJSON]{}, Handle: w.apiContainments},
		{Method: "POST", Path: "/containments", Summary: "Contain a person; a privileged one only after a second person has confirmed", Act: identity.Contain, In: containJSON{}, Out: containmentJSON{}, Handle: w.apiContain},
		{Method: "GET", Path: "/containments/{id}", Summary: "One containment with what is known of each target", Act: identity.ReadContainments, Out: containmentDetailJSON{}, Handle: w.apiContainment},
		{Method: "POST", Path: "/containments/{id}/release", Summary: "Let the person sign in again", Act: identity.Contain, In: releaseJSON{}, Out: containmentDetailJSON{}, Status: 200, Handle: w.apiRelease},
	}
}

func (w web) apiContainments(c *api.Context) (any, error) {
	pg, err := c.Page("-asked")
	if err != nil {
		return nil, err
	}
	rows, total, err := w.s.Containments(c.Context(), c.Actor.Scope(identity.ReadContainments), identity.ContainmentFilter{State: identity.ContainmentState(c.Query("state")), Page: pg})
	if err != nil {
		return nil, err
	}
	return api.Cut(pg, total, rows, func(r identity.ContainmentRow) keyset.Position { return keyset.At(store.Millis(r.Asked), r.ID) },
		func(r identity.ContainmentRow) containmentJSON { return showContainment(r.Containment) }), nil
}

func (w web) apiContain(c *api.Context) (any, error) {
	in := api.In[containJSON](c)
	of, err := w.s.Contain(c.Context(), c.Actor, identity.Order{Person: in.Person, Reason: in.Reason, Incident: in.Incident, Alert: in.Alert})
	if err != nil {
		return nil, err
	}
	c.W.Header().Set("Location", api.Prefix+"/containments/"+of.ID)
	return showContainment(of), nil
}

func (w web) apiContainment(c *api.Context) (any, error) { return w.containmentOf(c, c.Path("id")) }

func (w web) containmentOf(c *api.Context, id string) (any, error) {
	d, err := w.s.Containment(c.Context(), c.Actor, id)
	if err != nil {
		return nil, err
	}
	out := containmentDetailJSON{containmentJSON: showContainment(d.Containment), Tries: d.Tries, Targets: []targetJSON{}}
	for _, t := range d.Targets {
		name := t.Name
		if t.Kind == identity.RADIUSTarget {
			name = t.Label
		}
		out.Targets = append(out.Targets, targetJSON{ID: t.ID, Kind: string(t.Kind), Name: name, Count: t.Count, Result: string(t.Result), Detail: string(t.Detail), Status: t.Status,
			Millis: t.Millis, At: t.At, Open: t.Open, Attempts: t.Attempts, Tried: t.Tried})
	}
	return out, nil
}

func (w web) apiRelease(c *api.Context) (any, error) {
	in := api.In[releaseJSON](c)
	if err := w.s.Release(c.Context(), c.Actor, c.Path("id"), in.Why); err != nil {
		return nil, err
	}
	return w.containmentOf(c, c.Path("id"))
}
