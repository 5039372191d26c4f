package offline

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"yagura/area/detect/correlate"
	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
	"yagura/kernel/text"
)

// Correlations over files: the workers of a scan find the hits, they are joined
// in the order of the files, and the end of the input is the end of time. What
// fired comes after the findings of single events, in the order of time.

// joined is what correlations of a scan are doing.
type joined struct {
	joins  *of.Joins
	silent map[*sigma.Rule]bool
	run    *of.Run
	file   int
	last   int64 // time of the event before
	blind  int   // events without a time
	heads  map[string][2]string
}

// joinHit is an event with what correlations join of one of its hits.
type joinHit struct {
	n          int
	when, host string
	parts      []of.Hit
}

// link finds out what correlations join. It is no error if one can't be used.
func (c *command) link(set sigma.Set, e *sigma.Engine) bool {
	linked, problems := sigma.Link(e.Rules(), set.Correlations)
	for _, p := range problems {
		c.say(text.M("Rule not loaded: %s", p.Error()))
	}
	if len(linked) == 0 {
		return true
	}
	c.joins = of.New(linked, c.mapping)
	c.silent, c.run, c.heads = c.joins.Silent(), c.joins.Begin(), map[string][2]string{}
	return true
}

func (p *printer) joining(j *of.Joins, silent map[*sigma.Rule]bool) {
	if p.joins, p.silent = j, silent; j != nil {
		p.reader = j.Reader()
	}
}

// feed takes in the hits of a batch. An event is called by the number of its
// file and line, so that those of one time stay in order.
func (c *command) feed(hits []joinHit) {
	for _, h := range hits {
		at, ok := sigma.TimeOf(h.when)
		if ok {
			c.last = at.UnixMilli()
		} else {
			c.blind++
		}
		name := fmt.Sprintf("%04d.%010d", c.file, h.n)
		if h.when != "" || h.host != "" {
			c.heads[name] = [2]string{h.when, h.host}
		}
		for _, p := range h.parts {
			c.run.Feed(p, c.last, name)
		}
	}
}

// joinedFinding is a line of output for a correlation.
type joinedFinding struct {
	File        string            `json:"file,omitempty"`
	Line        int               `json:"line"` // of the last event it came of
	RuleID      string            `json:"rule_id"`
	Title       string            `json:"title"`
	Level       string            `json:"level"`
	Time        string            `json:"time,omitempty"`
	Host        string            `json:"host,omitempty"`
	Tags        []string          `json:"tags"`
	Fields      map[string]string `json:"fields"` // group-by
	Correlation joinedWhat        `json:"correlation"`
	Events      []joinedEvent     `json:"events"`
}

type joinedWhat struct {
	Type      string   `json:"type"`
	Rules     []string `json:"rules"`
	Timespan  string   `json:"timespan"`
	Condition string   `json:"condition"`
	Value     *float64 `json:"value,omitempty"` // what was compared
	Approx    bool     `json:"approx,omitempty"`
	Bound     string   `json:"approx_means,omitempty"` // how far it may be off
}

type joinedEvent struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line"`
	Rule string `json:"rule"` // of which it is a hit
}

// printJoined ends time and prints what fired.
func (c *command) printJoined(w *bufio.Writer) (found bool) {
	if c.run == nil {
		return false
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	silent := sigma.Silent(c.joins.Linked)
	for _, f := range c.run.End() {
		r := c.joins.Linked[f.Rule]
		if silent[either(r.ID, r.Name)] {
			continue
		}
		found = true
		enc.Encode(c.joinedFinding(r, f))
	}
	if c.blind > 0 {
		c.say(text.M("%d events that correlations join say no time; they are taken as of the time of the event before them.", c.blind))
	}
	for i, r := range c.joins.Linked {
		if n := c.run.Figures(i).Evicted; n > 0 {
			c.say(text.M("%s: more groups than can be kept; %d were given up.", r.Title, n))
		}
	}
	return found
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (c *command) joinedFinding(r *sigma.Linked, f correlate.Firing) joinedFinding {
	out := joinedFinding{RuleID: r.ID, Title: r.Title, Level: r.Level, Tags: r.Tags, Fields: map[string]string{}, Events: []joinedEvent{},
		Correlation: joinedWhat{Type: r.Type, Timespan: r.Span, Condition: r.Condition, Approx: f.Approx}}
	if out.Tags == nil {
		out.Tags = []string{}
	}
	if f.Approx {
		out.Correlation.Bound = c.t(correlate.Approximate(correlate.Kind(r.Type)))
	}
	for _, p := range r.Parts {
		out.Correlation.Rules = append(out.Correlation.Rules, p.ID())
	}
	if r.Presence == nil {
		out.Correlation.Value = &f.Value
	}
	var values []string
	json.Unmarshal([]byte(f.Group), &values)
	for i, name := range r.GroupBy {
		if i < len(values) {
			out.Fields[name] = values[i]
		}
	}
	for _, s := range f.Samples {
		file, line, _ := strings.Cut(s.Event, ".")
		n, _ := strconv.Atoi(line)
		e := joinedEvent{Line: n, Rule: r.Parts[s.Part].ID()}
		if i, err := strconv.Atoi(file); err == nil && len(c.files) > 1 && i < len(c.files) {
			e.File = c.files[i]
		}
		out.Events = append(out.Events, e)
		out.File, out.Line = e.File, e.Line
		head := c.heads[s.Event]
		out.Time, out.Host = head[0], head[1]
	}
	return out
}
