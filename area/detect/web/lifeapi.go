package web

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"yagura/api"
	"yagura/area/detect"
	"yagura/area/detect/attack"
	"yagura/area/detect/backtest"
	"yagura/area/detect/sigma"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
)

type checkJSON struct {
	Code string `json:"code" enum:"lint,case,backtest,person"`
	OK   bool   `json:"ok"`
	Text string `json:"text" doc:"How it stands, in the asker's language"`
}

type ruleLifeJSON struct {
	ID       string      `json:"id"`
	Title    string      `json:"title" doc:"In the asker's language"`
	Version  string      `json:"version"`
	State    string      `json:"state" enum:"draft,experimental,test,stable,retired"`
	Next     string      `json:"next,omitempty" doc:"State that it can be promoted to"`
	Budget   int64       `json:"budget_per_day"`
	Origin   string      `json:"origin" doc:"product, folder, own, or pack: and a name"`
	Text     string      `json:"text" doc:"Sigma, YAML"`
	Checks   []checkJSON `json:"checks" doc:"What a promotion needs"`
	Waiting  string      `json:"promotion,omitempty" doc:"Number of the promotion that waits for a second person"`
	Findings []lintJSON  `json:"findings" doc:"Of lint"`
}

type lintJSON struct {
	Line     int    `json:"line"`
	Code     string `json:"code"`
	Severity string `json:"severity" enum:"error,warning,note"`
	Text     string `json:"text" doc:"In the asker's language"`
}

type ruleTextJSON struct {
	Text string `json:"text" doc:"One Sigma rule, YAML"`
	Why  string `json:"why,omitempty"`
}

type writtenJSON struct {
	ID       string     `json:"id"`
	Findings []lintJSON `json:"findings"`
}

type lintedJSON struct {
	Findings []lintJSON `json:"findings"`
}

type whyJSON struct {
	Why string `json:"why"`
}

type stateJSON struct {
	State   string `json:"state" enum:"draft,experimental,test,stable,retired"`
	Enabled bool   `json:"enabled"`
	Level   string `json:"level,omitempty" enum:"informational,low,medium,high,critical"`
	Why     string `json:"why"`
}

type decisionJSON struct {
	Decision string `json:"decision" enum:"approve,refuse"`
}

type promotionJSON struct {
	Promotion string `json:"promotion" example:"PRM-2026-0003"`
}

type askTestJSON struct {
	Rule   string    `json:"rule,omitempty" doc:"Id of a rule, or"`
	Text   string    `json:"text,omitempty" doc:"the text of one that is not kept"`
	Filter string    `json:"filter,omitempty" doc:"An exclusion that is tried with it"`
	Unit   string    `json:"unit,omitempty" doc:"Id of a unit; the whole group where absent"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

type testJSON struct {
	Number string          `json:"number" example:"BKT-2026-0007"`
	Rule   string          `json:"rule"`
	State  string          `json:"state" enum:"waiting,running,done,failed,cancelled"`
	Unit   string          `json:"unit,omitempty"`
	Looked int64           `json:"events"`
	Hits   int64           `json:"hits"`
	Error  string          `json:"error,omitempty"`
	Result backtest.Result `json:"result"`
}

type packJSON struct {
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	Digest    string    `json:"digest"`
	Signer    string    `json:"signer"`
	Installed time.Time `json:"installed"`
}

type packsJSON struct {
	Packs []packJSON `json:"packs"`
	Keys  []string   `json:"trusted_keys"`
}

// lifeRoutes are the JSON API of the life of rules.
func (p *pages) lifeRoutes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/detection-rules/{id}", Summary: "A detection rule with what its promotion needs", Act: detect.Read, Out: ruleLifeJSON{}, Handle: p.apiRule},
		{Method: "POST", Path: "/detection-rules", Summary: "Keep a rule of the house as a draft", Act: detect.Rules, In: ruleTextJSON{}, Out: writtenJSON{}, Handle: p.apiWrite},
		{Method: "POST", Path: "/detection-lint", Summary: "What is doubtful in the text of a rule; nothing is kept", Act: detect.Read, In: ruleTextJSON{}, Out: lintedJSON{}, Status: 200, Handle: p.apiLint},
		{Method: "POST", Path: "/detection-rules/{id}/state", Summary: "Set a rule's state, level or switch; promotion is asked for instead", Act: detect.Rules, In: stateJSON{}, Out: ruleLifeJSON{}, Status: 200, Handle: p.apiState},
		{Method: "POST", Path: "/detection-rules/{id}/promote", Summary: "Ask for a rule's promotion to its next state", Act: detect.Rules, In: whyJSON{}, Out: promotionJSON{}, Handle: p.apiPromote},
		{Method: "POST", Path: "/detection-rules/{id}/decide", Summary: "Approve or refuse a promotion that somebody else asked for", Act: detect.Rules, In: decisionJSON{}, Out: ruleLifeJSON{}, Status: 200, Handle: p.apiDecide},
		{Method: "GET", Path: "/detection-rules/{id}/explain", Summary: "Why a rule did or did not fire on a stored event", Act: detect.Read, Query: []api.Param{{Name: "event", Doc: "Id of the event"}}, Produces: "application/json", Handle: p.apiExplain},
		{Method: "POST", Path: "/backtests", Summary: "Run a rule over stored events; the answer comes later", Act: detect.Triage, In: askTestJSON{}, Out: testJSON{}, Handle: p.apiAskTest},
		{Method: "GET", Path: "/backtests", Summary: "Backtests of the units that the asker may see", Act: detect.Read, Out: api.List[testJSON]{}, Query: api.Paging("asked"), Handle: p.apiTests},
		{Method: "GET", Path: "/backtests/{number}", Summary: "A backtest and, once it is done, its result", Act: detect.Read, Out: testJSON{}, Handle: p.apiTest},
		{Method: "GET", Path: "/detection-coverage", Summary: "Techniques of ATT&CK that rules cover", Act: detect.Read, Out: attack.Matrix{},
			Query: []api.Param{{Name: "matrix", Doc: "Which matrix", Enum: []string{"enterprise", "ics"}}, {Name: "days", Doc: "How lately log sources must have arrived"}}, Handle: p.apiCoverage},
		{Method: "GET", Path: "/detection-packs", Summary: "Signed rule packs that are installed", Act: detect.Read, Out: packsJSON{}, Handle: p.apiPacks},
		{Method: "POST", Path: "/detection-packs", Summary: "Install a signed rule pack at once", Act: detect.Rules, Consumes: "application/zip", MaxBody: 66 << 20, Out: packsJSON{}, Handle: p.apiInstall},
	}
}

func lintOf(c *api.Context, list []sigma.Finding) []lintJSON {
	out := make([]lintJSON, len(list))
	for i, f := range list {
		out[i] = lintJSON{f.Line, f.Check, string(f.Severity), f.Message.In(c.Lang)}
	}
	return out
}

func (p *pages) apiRule(c *api.Context) (any, error) {
	d, err := p.s.ShowRule(c.Context(), c.Actor, c.Actor.Scope(detect.Read), c.Path("id"))
	if err != nil {
		return nil, err
	}
	out := ruleLifeJSON{ID: d.ID, Title: d.Rule.Title.In(c.Lang), Version: d.Version, State: string(d.State), Next: string(d.Next), Budget: d.Budget.PerDay, Origin: d.Origin, Text: d.Text, Checks: []checkJSON{}, Waiting: d.Waiting.ID, Findings: lintOf(c, d.Findings)}
	for _, k := range d.Checks {
		out.Checks = append(out.Checks, checkJSON{k.Code, k.OK, k.Say.In(c.Lang)})
	}
	return out, nil
}

func (p *pages) apiWrite(c *api.Context) (any, error) {
	in := api.In[ruleTextJSON](c)
	id, list, err := p.s.WriteRule(c.Context(), c.Actor, in.Text, in.Why)
	return writtenJSON{id, lintOf(c, list)}, err
}

func (p *pages) apiLint(c *api.Context) (any, error) {
	in := api.In[ruleTextJSON](c)
	if !strings.Contains(in.Text, "detection:") {
		return nil, fault.Invalid(fault.F("text", "Paste the text of a Sigma rule"))
	}
	return lintedJSON{lintOf(c, p.s.LintText(in.Text))}, nil
}

func (p *pages) apiState(c *api.Context) (any, error) {
	in := api.In[stateJSON](c)
	if err := p.s.SetRule(c.Context(), c.Actor, c.Path("id"), detect.RuleChange{State: detect.RuleState(in.State), Enabled: in.Enabled, Level: in.Level, Why: in.Why}); err != nil {
		return nil, err
	}
	return p.apiRule(c)
}

func (p *pages) apiPromote(c *api.Context) (any, error) {
	x, err := p.s.Promote(c.Context(), c.Actor, c.Path("id"), api.In[whyJSON](c).Why)
	return promotionJSON{x.ID}, err
}

func (p *pages) apiDecide(c *api.Context) (any, error) {
	if err := p.s.DecidePromotion(c.Context(), c.Actor, c.Path("id"), api.In[decisionJSON](c).Decision); err != nil {
		return nil, err
	}
	return p.apiRule(c)
}

func (p *pages) apiExplain(c *api.Context) (any, error) {
	w, err := p.s.WhyNot(c.Context(), c.Actor, c.Path("id"), c.Query("event"))
	if err != nil {
		return nil, err
	}
	return api.Written, writeJSON(c, struct {
		Outcome     string             `json:"outcome"`
		State       string             `json:"state"`
		Exclusion   string             `json:"exclusion,omitempty"`
		Explanation *sigma.Explanation `json:"explanation"`
	}{w.Outcome, string(w.Setting.State), w.Excluded, w.Explanation})
}

func testOf(b detect.Backtest) testJSON {
	return testJSON{Number: b.ID, Rule: b.Rule, State: string(b.State), Unit: b.Unit, Looked: b.Looked, Hits: b.Hits, Error: b.Error, Result: b.Result}
}

func (p *pages) apiAskTest(c *api.Context) (any, error) {
	in := api.In[askTestJSON](c)
	b, err := p.s.AskBacktest(c.Context(), c.Actor, detect.BacktestRequest{Rule: in.Rule, Text: in.Text, Filter: in.Filter, Unit: in.Unit, From: in.From, To: in.To})
	return testOf(b), err
}

func (p *pages) apiTest(c *api.Context) (any, error) {
	d, err := p.s.ShowBacktest(c.Context(), c.Actor, c.Path("number"))
	return testOf(d.Backtest), err
}

func (p *pages) apiTests(c *api.Context) (any, error) {
	q, err := c.Page("-asked")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.Backtests(c.Context(), c.Actor, c.Actor.Scope(detect.Read), detect.BacktestFilter{Page: q})
	if err != nil {
		return nil, err
	}
	return api.Cut(q, total, rows, func(b detect.Backtest) keyset.Position { return detect.BacktestAt(b, q.Sort) }, testOf), nil
}

func (p *pages) apiCoverage(c *api.Context) (any, error) {
	d := attack.Enterprise
	if c.Query("matrix") == "ics" {
		d = attack.ICS
	}
	days := 0
	for _, r := range c.Query("days") {
		if r < '0' || r > '9' || days > 1000 {
			return nil, fault.Invalid(fault.F("days", "A number of days from 1 to 90 is needed"))
		}
		days = 10*days + int(r-'0')
	}
	v, err := p.s.Coverage(c.Context(), c.Actor, c.Actor.Scope(detect.Read), d, days, c.Lang)
	return v.Matrix, err
}

func (p *pages) apiPacks(c *api.Context) (any, error) {
	o, err := p.s.Packs(c.Context(), c.Actor)
	if err != nil {
		return nil, err
	}
	out := packsJSON{Packs: []packJSON{}, Keys: o.Keys}
	if out.Keys == nil {
		out.Keys = []string{}
	}
	for _, k := range o.Packs {
		out.Packs = append(out.Packs, packJSON{k.Name, k.Version, k.Digest, k.Signer, k.Decided})
	}
	return out, nil
}

func (p *pages) apiInstall(c *api.Context) (any, error) {
	raw, err := io.ReadAll(c.R.Body)
	if err != nil {
		return nil, err
	}
	if _, err := p.s.AddPack(c.Context(), c.Actor, raw); err != nil {
		return nil, err
	}
	return p.apiPacks(c)
}

// writeJSON writes what describes itself.
func writeJSON(c *api.Context, v any) error {
	c.W.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(c.W)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
