package web

import (
	"time"

	"yagura/api"
	"yagura/area/cmmc"
	"yagura/area/cmmc/inherit"
)

type scoreJSON struct {
	Low    *int   `json:"low,omitempty" doc:"Score where all that is unknown is not met; none at Level 1"`
	High   *int   `json:"high,omitempty" doc:"Score where all that is unknown is met"`
	Status string `json:"status" doc:"Of the low end" enum:"final,conditional,none,no_assessment,not_eligible"`
	Best   string `json:"best_status" doc:"Of the high end" enum:"final,conditional,none,no_assessment,not_eligible"`
	Open   int    `json:"open" doc:"Requirements not met or not known"`
}

type standingJSON struct {
	ID       string    `json:"id" doc:"Id of the enclave"`
	Name     string    `json:"name"`
	Unit     string    `json:"unit" doc:"Id of its unit"`
	Entity   string    `json:"entity,omitempty" doc:"Id of the legal entity"`
	Region   string    `json:"region,omitempty"`
	Level    int       `json:"level"`
	Live     scoreJSON `json:"live" doc:"With the signals that the product measures"`
	Assessed scoreJSON `json:"assessed" doc:"By assessors' results and documents alone"`
	Life     string    `json:"life" doc:"Of the status that the enclave holds"`
	CloseOut time.Time `json:"close_out,omitzero" doc:"Last day of a Conditional status"`
}

func showScore(s inherit.Standing) scoreJSON {
	j := scoreJSON{Status: string(s.Status), Best: string(s.Best), Open: s.Open}
	if s.Level > 1 {
		j.Low, j.High = &s.Low, &s.High
	}
	return j
}

func show(c *api.Context, r cmmc.Row) standingJSON {
	return standingJSON{ID: r.ID, Name: r.Label(c.Lang), Unit: r.Unit, Entity: r.Entity, Region: r.Region, Level: r.Level,
		Live: showScore(r.Live), Assessed: showScore(r.Said), Life: string(r.Life), CloseOut: r.CloseOut}
}

type standingsJSON struct {
	Items []standingJSON `json:"items"`
}

func (p *pages) routes() []api.Route {
	return append(p.enclaveRoutes(), api.Route{
		Method: "GET", Path: "/cmmc/enclaves", Summary: "How the enclaves stand that the holder of the token may see, lowest first", Act: cmmc.Read,
		Query: []api.Param{{Name: "unit", Doc: "Only enclaves of this unit and below it"}, {Name: "q", Doc: "Text in id, name or legal entity"}},
		Out:   standingsJSON{}, Handle: p.apiStandings})
}

func (p *pages) apiStandings(c *api.Context) (any, error) {
	rows, err := p.s.Standings(c.Context(), c.Actor, cmmc.Filter{Unit: c.Query("unit"), Query: c.Query("q")})
	out := standingsJSON{Items: []standingJSON{}}
	for _, r := range rows {
		out.Items = append(out.Items, show(c, r))
	}
	return out, err
}
