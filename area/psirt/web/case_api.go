package web

import (
	"time"

	"yagura/api"
	"yagura/area/psirt"
	"yagura/kernel/keyset"
)

type caseJSON struct {
	ID         string    `json:"id" doc:"Opaque id; the one that stands in addresses"`
	Number     string    `json:"number" doc:"Number of the case" example:"PSIRT-2026-0007"`
	Title      string    `json:"title"`
	State      string    `json:"state"`
	Restricted bool      `json:"restricted" doc:"Only those on its list may know of it"`
	Urgent     bool      `json:"urgent"`
	Embargo    time.Time `json:"embargo,omitzero" doc:"Until when nothing is told, in UTC"`
	Due        time.Time `json:"due,omitzero" doc:"The nearest end of a clock that runs"`
	Opened     time.Time `json:"opened"`
	IDs        string    `json:"cve_ids,omitempty" doc:"CVE IDs, divided by blanks"`
}

type cellJSON struct {
	Vulnerability string    `json:"vulnerability" doc:"Id of the vulnerability"`
	CVE           string    `json:"cve,omitempty"`
	Product       string    `json:"product" doc:"The range of products in words"`
	Status        string    `json:"status" doc:"Of CSAF; empty where nobody has answered" enum:",under_investigation,known_affected,known_not_affected,fixed"`
	Justification string    `json:"justification,omitempty"`
	Asked         string    `json:"asked,omitempty" doc:"Id of the unit that is asked now"`
	Due           time.Time `json:"due,omitzero"`
}

type wholeJSON struct {
	caseJSON
	Matrix []cellJSON `json:"matrix"`
}

func showCase(r psirt.CaseRow) caseJSON {
	return caseJSON{r.ID, r.Number, r.Title, string(r.State), r.Restricted, r.Urgent, r.Embargo, r.Due, r.Opened, r.IDs}
}

func (p *pages) caseRoutes() []api.Route {
	states := []string{"open"}
	for _, s := range psirt.States {
		states = append(states, string(s))
	}
	return []api.Route{
		{Method: "GET", Path: "/psirt/cases", Summary: "Cases of the PSIRT that the holder of the token may know of, the latest first", Act: psirt.Read,
			Query: append(api.Paging("number", "title", "state", "opened", "due"),
				api.Param{Name: "q", Doc: "Text in number, title or summary, or a CVE ID"},
				api.Param{Name: "state", Doc: "Only cases in this state; open is all that somebody has to work on", Enum: states}),
			Out: api.List[caseJSON]{}, Handle: p.apiCases},
		{Method: "GET", Path: "/psirt/cases/{id}", Summary: "One case with its matrix", Act: psirt.Read, Out: wholeJSON{}, Handle: p.apiCase},
	}
}

func (p *pages) apiCases(c *api.Context) (any, error) {
	pg, err := c.Page("-opened")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.Cases(c.Context(), c.Actor, psirt.CaseFilter{Query: c.Query("q"), State: c.Query("state"), Page: pg})
	if err != nil {
		return nil, err
	}
	return api.Cut(pg, total, rows, func(r psirt.CaseRow) keyset.Position { return r.At(pg.Sort) }, showCase), nil
}

func (p *pages) apiCase(c *api.Context) (any, error) {
	r, err := p.s.Room(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return nil, err
	}
	out := wholeJSON{caseJSON: showCase(psirt.CaseRow{Case: r.Case}), Matrix: []cellJSON{}}
	for _, v := range r.Vulnerabilities {
		for _, x := range r.Ranges {
			k := r.Cell(v.ID, x.ID)
			j := cellJSON{Vulnerability: v.ID, CVE: v.CVE, Product: x.Name(c.Lang), Status: string(k.Answer), Justification: k.Justification}
			if k.Answer == psirt.NoAnswer {
				j.Asked, j.Due = k.AskedUnit, k.Due
			}
			out.Matrix = append(out.Matrix, j)
		}
	}
	return out, nil
}
