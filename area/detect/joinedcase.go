package detect

import (
	"fmt"

	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/area/detect/sigma/head"
)

// looksAt are the log sources of which events must arrive for the rule to fire:
// its own, or those of all rules that a correlation joins.
func (r *Rule) looksAt() []sigma.LogSource {
	if r.Correlation == nil {
		return []sigma.LogSource{r.Sources}
	}
	var out []sigma.LogSource
	var walk func(c *sigma.Linked)
	walk = func(c *sigma.Linked) {
		for _, p := range c.Parts {
			if p.Rule != nil {
				out = append(out, p.Rule.LogSource)
			} else {
				walk(p.Correlation)
			}
		}
	}
	walk(r.Correlation)
	return out
}

// playsRight tells whether a correlation fires on its firing sequences of events
// and on none of its silent ones.
func (l *library) playsRight(r *Rule) bool {
	if !r.Pack {
		return false
	}
	s, err := rules.SequencesOf(r.ID)
	if err != nil || len(s.Fires) == 0 {
		return false
	}
	for i, events := range append(s.Fires[:len(s.Fires):len(s.Fires)], s.Silent...) {
		if l.plays(r, events) != (i < len(s.Fires)) {
			return false
		}
	}
	return true
}

// plays tells whether a correlation fires on events.
func (l *library) plays(r *Rule, events []string) bool {
	m, reader, run := l.matcher(), l.joins.Reader(), l.joins.Begin()
	defer l.give(m)
	defer l.joins.PutBack(reader)
	for i, e := range events {
		hits, err := m.Match([]byte(e), sigma.LogSource{})
		at, ok := head.Time([]byte(e))
		if err != nil || !ok || reader.Read([]byte(e)) != nil {
			return false
		}
		for _, h := range hits {
			for _, p := range l.joins.Parts(h.Rule, reader) {
				run.Feed(p, at.UnixMilli(), fmt.Sprintf("%06d", i))
			}
		}
	}
	for _, f := range run.End() {
		if l.joined[f.Rule] == r {
			return true
		}
	}
	return false
}
