package offline

import (
	"fmt"
	"time"

	"yagura/area/detect/backtest"
	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
)

// backtestJoined runs a correlation over files: its hits are joined in the order
// of time, and the end of the files is the end of time.
func (c *command) backtestJoined(l *sigma.Linked) (r backtest.Result, failed, ok bool) {
	linked, leaves := l.Below()
	e, ok := c.compile(sigma.Set{Rules: leaves})
	if !ok {
		return r, false, false
	}
	m, joins := e.NewMatcher(), of.New(linked, c.mapping)
	reader, run := joins.Reader(), joins.Begin()
	t := backtest.New(c.from.Time, c.to.Time, time.UTC, c.budget)
	t.Forwards = true
	type place struct{ event, host, user string }
	places := map[string]place{}
	var last time.Time
	failed = c.each(func(f string, number int, it item) {
		var hits []sigma.Hit
		if it.err == nil {
			hits, it.err = m.Match(it.raw, c.hint)
		}
		if it.err != nil {
			t.Unread()
			return
		}
		when, host := headOf(it.raw)
		at, known := sigma.TimeOf(when)
		if !known {
			at = last // as of the event before
		}
		last = at
		if c.outside(at) {
			return
		}
		t.Event(at)
		if len(hits) == 0 || reader.Read(it.raw) != nil {
			return
		}
		name := fmt.Sprintf("%04d.%010d", number, it.n)
		for _, h := range hits {
			for _, p := range joins.Parts(h.Rule, reader) {
				run.Feed(p, at.UnixMilli(), name)
				places[name] = place{fmt.Sprintf("%s:%d", f, it.n), host, firstOf(it.raw, userPlaces)}
			}
		}
	})
	for _, f := range run.End() {
		if f.Rule != len(linked)-1 {
			continue
		}
		h := backtest.Hit{Time: time.UnixMilli(f.Time).UTC()}
		for i, s := range f.Samples {
			p := places[s.Event]
			h.Event = p.event
			if i == 0 {
				h.Host, h.User = p.host, p.user
			}
			if h.Host != p.host {
				h.Host = ""
			}
			if h.User != p.user {
				h.User = ""
			}
		}
		t.Hit(h)
	}
	for i := range linked {
		r.GivenUp += run.Figures(i).Evicted
	}
	given := r.GivenUp
	r = t.Result()
	r.GivenUp = given
	return r, failed, true
}
