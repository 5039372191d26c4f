package web

import (
	"slices"
	"time"

	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/text"
)

// rulePage shows a question as the Sigma rule that says the same.
type rulePage struct {
	Back    string
	Text    string
	Rule    string
	Left    []string // conditions that a rule cannot have
	Pipes   bool     // what is done with the answer is left out
	Problem string
	Write   string // where it is made a draft; empty: nowhere
	Run     string // where it is run over stored events; empty: nowhere
	From    time.Time
	To      time.Time
}

// ruleOf turns the explorer's question into a rule, to be tried on stored
// events and to be kept as a draft.
func (p *pages) ruleOf(c *console.Context) error {
	a, err := readAsk(c)
	if err != nil {
		return err
	}
	c.Title(text.M("A rule of this search"))
	c.Crumb(text.M("Events"), a.href())
	filter, pipes := logsql.Split(a.Text)
	d := rulePage{Back: a.href(), Text: filter, Pipes: len(pipes) > 0}
	draft, err := logsql.Sigma(filter, ofTheStore)
	if err != nil {
		d.Problem = err.Error()
		return c.Render("rule", d)
	}
	d.Left = draft.Left
	h := logsql.Head{ID: id.New(), Title: c.T("Of a search: %s", brief([]byte(filter), 60)), Date: c.Now.Format(time.DateOnly), Level: "medium"}
	h.Description = c.T("Made of the search %s", brief([]byte(filter), 500))
	if src, ok := p.s.Names(c.Actor.Scope("telemetry.read"))[a.Source]; ok {
		h.Product, h.Category, h.Service = src.Product, src.Category, src.Service
	}
	rule, err := logsql.Rule(h, draft)
	if err != nil {
		return fault.Invalid(fault.F("q", "The search cannot be written as a rule: %s", err.Error()))
	}
	d.Rule = string(rule)
	if p.o.Rules != nil {
		d.Write, d.Run = p.o.Rules(c.Actor)
	}
	d.From, d.To = c.Now.AddDate(0, 0, -7), c.Now
	return c.Render("rule", d)
}

// ofTheStore tells fields that the store adds to an event.
func ofTheStore(field string) bool { return slices.Contains(storeFields, field) }

// storeFields are known of every event, whatever it holds.
var storeFields = []string{"_time", "_stream", "_stream_id", "_rest", "host", "source", "unit", "kind", "problem", "eid", "batch", "received"}
