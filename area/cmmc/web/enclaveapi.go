package web

import (
	"encoding/json"
	"time"

	"yagura/api"
	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
)

type deductionJSON struct {
	Requirement string   `json:"requirement"`
	State       string   `json:"state" enum:"not_met,partial,unknown"`
	Points      int      `json:"points" doc:"What it costs for certain"`
	AtRisk      int      `json:"at_risk" doc:"What it costs beside, if what is unknown is not met"`
	Open        []string `json:"open" doc:"Objectives that are not met"`
	Unknown     []string `json:"unknown" doc:"Objectives that nobody knows"`
	Clause      string   `json:"clause"`
	Deferrable  bool     `json:"deferrable" doc:"May stand on a plan of action"`
	Why         string   `json:"why"`
	WhyClause   string   `json:"why_clause"`
}

type enclaveJSON struct {
	standingJSON
	Boundary   string          `json:"boundary,omitempty"`
	SSP        string          `json:"ssp,omitempty" doc:"Id and version of the system security plan; none where there is none"`
	Deductions []deductionJSON `json:"deductions" doc:"With signals, each with its paragraph"`
	Changes    []changeJSON    `json:"changes" doc:"The latest, with both states"`
}

type changeJSON struct {
	At        time.Time `json:"at"`
	System    string    `json:"system" doc:"The enclave, or the provider where it happened"`
	Objective string    `json:"objective,omitempty"`
	Kind      string    `json:"kind"`
	Was       string    `json:"was,omitempty"`
	Now       string    `json:"now,omitempty"`
	Signal    string    `json:"signal,omitempty"`
	WasValue  string    `json:"was_value,omitempty"`
	Value     string    `json:"value,omitempty"`
	By        string    `json:"by"`
}

type signalJSON struct {
	Signal   string    `json:"signal"`
	Health   string    `json:"health" enum:"pass,fail,stale,none" doc:"none: there is no source yet"`
	Value    string    `json:"value,omitempty"`
	Source   string    `json:"source,omitempty" doc:"The area that measured it"`
	Measured time.Time `json:"measured,omitzero"`
	Since    time.Time `json:"since,omitzero"`
}

type halfJSON struct {
	Provider string `json:"provider"`
	Kind     string `json:"kind" enum:"provider,shared"`
	Live     string `json:"live"`
	Assessed string `json:"assessed"`
}

type objectiveJSON struct {
	Objective string       `json:"objective" example:"3.5.3[d]"`
	Live      string       `json:"live" enum:"met,not_met,na,unknown"`
	Assessed  string       `json:"assessed" enum:"met,not_met,na,unknown"`
	Ours      bool         `json:"ours" doc:"The enclave's own half counts"`
	Why       string       `json:"why,omitempty" doc:"Why what was said does not count"`
	Method    string       `json:"method,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	Evidence  []string     `json:"evidence" doc:"SHA-256 of the documents"`
	Signals   []signalJSON `json:"signals"`
	Providers []halfJSON   `json:"providers"`
	Changes   []changeJSON `json:"changes"`
}

func showChanges(list []cmmc.Change) []changeJSON {
	out := []changeJSON{}
	for _, c := range list {
		j := changeJSON{At: c.At, System: c.System, Kind: c.Kind, Was: c.Was, Now: c.Now, Signal: c.Signal, WasValue: c.WasValue, Value: c.Value, By: c.By}
		if c.Objective >= 0 {
			j.Objective = catalog.Name(c.Objective)
		}
		out = append(out, j)
	}
	return out
}

func listed(list []int) []string {
	out := []string{}
	for _, i := range list {
		out = append(out, catalog.Name(i))
	}
	return out
}

func showDeduction(c *api.Context, d score.Deduction) deductionJSON {
	return deductionJSON{d.Requirement.ID, string(d.State), d.Points, d.AtRisk, listed(d.Open), listed(d.Unknown), d.Clause, d.Deferrable, c.Say(d.Why), d.WhyClause}
}

func (p *pages) enclaveRoutes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/cmmc/enclaves/{id}", Summary: "How an enclave stands, what that rests on and what changed", Act: cmmc.Read, Out: enclaveJSON{}, Handle: p.apiEnclave},
		{Method: "GET", Path: "/cmmc/enclaves/{id}/objectives/{objective}", Summary: "One objective of an enclave with signals, providers and both states of each change", Act: cmmc.Read,
			Out: objectiveJSON{}, Handle: p.apiObjective},
		{Method: "GET", Path: "/cmmc/enclaves/{id}/assessment", Summary: "An enclave as a file of yagura cmmc score", Act: cmmc.Read,
			Query: []api.Param{{Name: "state", Doc: "What it says: by assessors' results alone, or with signals", Enum: []string{"assessed", "live"}}}, Out: json.RawMessage{}, Handle: p.apiFile},
	}
}

func (p *pages) apiEnclave(c *api.Context) (any, error) {
	d, err := p.s.Enclave(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return nil, err
	}
	changes, err := p.s.Changes(c.Context(), c.Actor, d.ID, time.Time{}, 100)
	out := enclaveJSON{standingJSON: show(c, d.Row), Boundary: d.Boundary, Deductions: []deductionJSON{}, Changes: showChanges(changes)}
	if d.SSP != nil {
		out.SSP = d.SSP.ID + " " + d.SSP.Version
	}
	for _, x := range d.Report.Deductions {
		out.Deductions = append(out.Deductions, showDeduction(c, x))
	}
	return out, err
}

func (p *pages) apiObjective(c *api.Context) (any, error) {
	_, o, changes, err := p.s.Objective(c.Context(), c.Actor, c.Path("id"), c.Path("objective"))
	if err != nil {
		return nil, err
	}
	out := objectiveJSON{Objective: o.Name(), Live: string(o.Live), Assessed: string(o.Said), Ours: o.Ours, Why: c.Say(o.Why), Evidence: []string{}, Signals: []signalJSON{}, Providers: []halfJSON{}, Changes: showChanges(changes)}
	if o.Judgement != nil {
		out.Method, out.Reason = o.Judgement.Method, o.Judgement.Reason
	}
	for _, e := range o.Evidence {
		out.Evidence = append(out.Evidence, e.SHA256)
	}
	for _, s := range o.Signals {
		out.Signals = append(out.Signals, signalJSON{s.Name, string(s.Health), s.Reading.Value, s.Reading.Source, s.Reading.At, s.Reading.Since})
	}
	for _, h := range o.Halves {
		out.Providers = append(out.Providers, halfJSON{h.Provider.ID, string(h.Kind), string(h.Live), string(h.Said)})
	}
	return out, nil
}

func (p *pages) apiFile(c *api.Context) (any, error) {
	raw, err := p.s.Export(c.Context(), c.Actor, c.Path("id"), c.Query("state") == "live")
	return json.RawMessage(raw), err
}
