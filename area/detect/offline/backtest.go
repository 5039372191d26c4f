package offline

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"yagura/area/detect/backtest"
	"yagura/area/detect/sigma"
	"yagura/kernel/text"
)

// moment is a flag with a time: a day or an RFC 3339 time.
type moment struct{ time.Time }

// ParseMoment reads a day, from its beginning in UTC, or a time.
func ParseMoment(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is no day such as 2026-11-23 and no time such as 2026-11-23T18:30:00Z", s)
	}
	return t, nil
}

func (m *moment) String() string { return m.Time.Format(time.RFC3339) }
func (m *moment) Set(s string) (err error) {
	m.Time, err = ParseMoment(s)
	return err
}

var userPlaces = []string{"Event.EventData.User", "Event.EventData.TargetUserName", "Event.EventData.SubjectUserName", "User", "TargetUserName", "SubjectUserName", "winlog.event_data.User", "user.name", "userIdentity.arn", "userIdentity.userName", "user"}

// eventTimes are forms in which events write when they happened.
var eventTimes = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999 UTC"}

// backtest runs one rule over files and says how often it fires.
func (c *command) backtest() int {
	if c.rule == "" || len(c.files) == 0 {
		c.say(text.M("A rule and files of events are needed: --rule FILE FILE…"))
		return ExitError
	}
	if !c.prepare() {
		return ExitError
	}
	rule, joined, ok := c.one()
	if !ok {
		return ExitError
	}
	var r backtest.Result
	var failed bool
	if joined != nil {
		r, failed, ok = c.backtestJoined(joined)
		r.Rule, r.Title = joined.ID, joined.Title
	} else {
		r, failed, ok = c.backtestRule(rule)
		r.Rule, r.Title = rule.ID, rule.Title
	}
	if !ok {
		return ExitError
	}
	r.Partial = failed
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(r); err != nil {
		c.say(text.M("The findings cannot be written: %s", err.Error()))
		return ExitError
	}
	switch {
	case failed:
		return ExitError
	case !r.Within:
		return ExitFound
	}
	return ExitClean
}

// bounded tells whether events are looked at only within bounds, and outside
// whether a time is not within them.
func (c *command) bounded() bool { return !c.from.IsZero() || !c.to.IsZero() }

func (c *command) outside(at time.Time) bool {
	return !c.from.IsZero() && at.Before(c.from.Time) || !c.to.IsZero() && !at.Before(c.to.Time)
}

// each reads all files and names those that are not read to their end.
func (c *command) each(do func(file string, number int, it item)) (failed bool) {
	for i, f := range c.files {
		err := c.input(f, func(it item) bool {
			do(f, i, it)
			return true
		})
		if err != nil {
			failed = true
			c.say(text.M("%s is not read to its end: %s", f, c.reason(err)))
		}
	}
	return failed
}

func (c *command) backtestRule(rule *sigma.Rule) (r backtest.Result, failed, ok bool) {
	e, ok := c.compile(sigma.Set{Rules: []*sigma.Rule{rule}})
	if !ok {
		return r, false, false
	}
	m := e.NewMatcher()
	t := backtest.New(c.from.Time, c.to.Time, time.UTC, c.budget)
	failed = c.each(func(f string, _ int, it item) {
		var hits []sigma.Hit
		if it.err == nil {
			hits, it.err = m.Match(it.raw, c.hint)
		}
		if it.err != nil {
			t.Unread()
			return
		}
		if len(hits) == 0 && !c.bounded() {
			t.Event(time.Time{})
			return
		}
		when, host := headOf(it.raw)
		at := timeOf(when)
		if c.outside(at) {
			return
		}
		t.Event(at)
		if len(hits) > 0 {
			t.Hit(backtest.Hit{Time: at, Event: fmt.Sprintf("%s:%d", f, it.n), Host: host, User: firstOf(it.raw, userPlaces)})
		}
	})
	return t.Result(), failed, true
}

// one is what --rule names: a file, or an id among --rules. Of a file with
// correlations it is the one that no other refers to.
func (c *command) one() (*sigma.Rule, *sigma.Linked, bool) {
	if _, err := os.Stat(c.rule); err == nil && len(c.rules) == 0 {
		c.rules = many{c.rule}
	}
	set, ok := c.load()
	if !ok {
		return nil, nil, false
	}
	linked, problems := sigma.Link(set.Rules, set.Correlations)
	for _, p := range problems {
		c.say(text.M("Rule not loaded: %s", p.Error()))
	}
	for i := len(linked) - 1; i >= 0; i-- { // each stands after those it refers to
		if l := linked[i]; l.ID == c.rule || l.File == c.rule {
			return nil, l, true
		}
	}
	for _, r := range set.Rules {
		if r.ID == c.rule || r.File == c.rule {
			return r, nil, true
		}
	}
	c.say(text.M("There is no rule %s.", c.rule))
	return nil, nil, false
}

func timeOf(s string) time.Time {
	for _, form := range eventTimes {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func firstOf(raw []byte, places []string) string {
	var ev map[string]any
	if json.Unmarshal(raw, &ev) != nil {
		return ""
	}
	for _, p := range places {
		if s := lookup(ev, p); s != "" && s != "-" {
			return s
		}
	}
	return ""
}
