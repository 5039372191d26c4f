// Package clock says until when what must have happened to a case: by the CNA
// rules, the law of the European Union, agreements between coordinators, and our
// own promises. The rules are data (rules.json); this package counts. It knows no
// database and takes the time as a parameter.
package clock

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"yagura/kernel/text"
)

// Words are the same in both languages of the product.
type Words struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// In are the words in a language.
func (w Words) In(lang text.Lang) string {
	if lang == text.JA {
		return w.JA
	}
	return w.EN
}

// Binding is how much a rule binds.
type Binding string

// How a rule binds: by law, by a rule that says MUST or SHOULD, or by our word.
const (
	Law     Binding = "law"
	Must    Binding = "must"
	Should  Binding = "should"
	Promise Binding = "promise"
)

// Rule is when a clock starts, how long it runs and what stops it.
type Rule struct {
	ID      string   `json:"id"`
	Title   Words    `json:"title"`
	Basis   Words    `json:"basis"`
	Binding Binding  `json:"binding"`
	Start   []string `json:"start"` // kinds of events: any of them starts it
	Needs   []string `json:"needs"` // kinds that must have happened too; the latest counts as the start
	// Within is how long it runs: 72h hours, 14d days, 1m months, 5w working days,
	// or until: the moment that the event itself names.
	Within string   `json:"within"`
	Zone   string   `json:"zone"`  // in which days and months are counted; empty: UTC
	Met    []string `json:"met"`   // kinds that stop it
	Void   []string `json:"void"`  // kinds that make it end without an answer
	Again  bool     `json:"again"` // each start begins it anew; else the first counts

	span span
	zone *time.Location
}

// span is how long a rule runs.
type span struct {
	n    int
	unit byte // h, d, m, w; 0: until
}

func parseSpan(s string) (span, error) {
	if s == "until" {
		return span{}, nil
	}
	if s == "" || !strings.ContainsRune("hdmw", rune(s[len(s)-1])) {
		return span{}, fmt.Errorf("%q is neither a number with h, d, m or w nor until", s)
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 1 {
		return span{}, fmt.Errorf("%q does not begin with a number above zero", s)
	}
	return span{n, s[len(s)-1]}, nil
}

// Parse reads rules from JSON. A mistake names the rule.
func Parse(raw []byte) ([]Rule, error) {
	var rules []Rule
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&rules); err != nil {
		return nil, fmt.Errorf("rules of clocks: %w", err)
	}
	seen := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		wrong := func(format string, args ...any) ([]Rule, error) {
			return nil, fmt.Errorf("rule %d (%s): %s", i+1, r.ID, fmt.Sprintf(format, args...))
		}
		var err error
		switch {
		case r.ID == "" || seen[r.ID]:
			return wrong("the id is missing or stands twice")
		case len(r.Start) == 0 || len(r.Met) == 0:
			return wrong("start and met are needed")
		case !slices.Contains([]Binding{Law, Must, Should, Promise}, r.Binding):
			return wrong("%q is no way of binding", r.Binding)
		case r.Title.EN == "" || r.Title.JA == "" || r.Basis.EN == "" || r.Basis.JA == "":
			return wrong("title and basis are needed in English and Japanese")
		}
		if r.span, err = parseSpan(r.Within); err != nil {
			return wrong("within: %v", err)
		}
		if r.zone, err = time.LoadLocation(r.Zone); err != nil {
			return wrong("zone: %v", err)
		}
		seen[r.ID] = true
	}
	return rules, nil
}

//go:embed rules.json
var builtin []byte

// Rules are the rules of the house.
var Rules = sync.OnceValue(func() []Rule {
	rules, err := Parse(builtin)
	if err != nil {
		panic(err) // they are tested
	}
	return rules
})

// Find is the rule of an id.
func Find(id string) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Calendar counts working days: the moment at the same local time n working days
// after the day of t.
type Calendar interface {
	AddWorkingDays(t time.Time, n int) time.Time
}

// week is the calendar where there is none: Monday to Friday by UTC.
type week struct{}

func (week) AddWorkingDays(t time.Time, n int) time.Time {
	for t = t.UTC(); n > 0; {
		if t = t.AddDate(0, 0, 1); t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			n--
		}
	}
	return t
}

// Event is something that happened to a case.
type Event struct {
	Kind  string
	Of    string // what it is about: a report, a vulnerability; empty: the whole case
	At    time.Time
	Until time.Time // the moment it names, for rules that run until
}

// Clock is a rule that runs, or ran, in a case.
type Clock struct {
	Rule  Rule
	Of    string // what it is about
	Start time.Time
	Due   time.Time
	Met   time.Time // zero while nothing stopped it
	MetBy string    // the kind of the event that did
	Void  time.Time // when it became void; zero: it is not
}

// State is how a clock stands.
type State string

// The states of a clock.
const (
	Running State = "running"
	Overdue State = "overdue"
	InTime  State = "in-time" // met, not later than due
	Late    State = "late"    // met, too late
	Voided  State = "void"
)

// State is how the clock stands at a moment.
func (c Clock) State(now time.Time) State {
	switch {
	case !c.Met.IsZero() && c.Met.After(c.Due):
		return Late
	case !c.Met.IsZero():
		return InTime
	case !c.Void.IsZero():
		return Voided
	case now.After(c.Due):
		return Overdue
	}
	return Running
}

// Open tells whether somebody still has to do something.
func (c Clock) Open() bool { return c.Met.IsZero() && c.Void.IsZero() }

// due is when a rule that started at the moment ends.
func (r Rule) due(start Event, at time.Time, cal Calendar) time.Time {
	local := at.In(r.zone)
	switch r.span.unit {
	case 'h':
		return at.Add(time.Duration(r.span.n) * time.Hour)
	case 'd':
		return local.AddDate(0, 0, r.span.n).UTC()
	case 'm':
		return addMonths(local, r.span.n).UTC()
	case 'w':
		return cal.AddWorkingDays(at, r.span.n).UTC()
	}
	return start.Until
}

// addMonths is the same day and time n months later; where that month is too
// short its last day, not one of the month after (Regulation (EEC, Euratom)
// 1182/71, Article 3(2)(c)).
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, t.Location()).Day()
	return time.Date(first.Year(), first.Month(), min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
}

// about tells whether an event concerns what a clock is about: the same thing, or
// one of the two the whole case.
func about(a, b string) bool { return a == b || a == "" || b == "" }

// Run are all clocks of a case, nearest end first. cal counts working days; nil is
// Monday to Friday.
func Run(rules []Rule, events []Event, cal Calendar) []Clock {
	if cal == nil {
		cal = week{}
	}
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	var all []Clock
	for _, r := range rules {
		begun := map[string]bool{}
		for i, e := range events {
			if !slices.Contains(r.Start, e.Kind) || begun[e.Of] && !r.Again {
				continue
			}
			start, ok := e.At, true
			for _, kind := range r.Needs {
				n := slices.IndexFunc(events, func(x Event) bool { return x.Kind == kind && about(x.Of, e.Of) })
				if ok = ok && n >= 0; ok && events[n].At.After(start) {
					start = events[n].At
				}
			}
			if !ok {
				continue
			}
			begun[e.Of] = true
			all = append(all, r.stop(Clock{Rule: r, Of: e.Of, Start: start, Due: r.due(e, start, cal)}, events, i))
		}
	}
	slices.SortStableFunc(all, func(a, b Clock) int { return a.Due.Compare(b.Due) })
	return all
}

// stop finds what ended a clock. What was done before it started counts as well,
// unless the clock starts anew each time: then only what came after.
func (r Rule) stop(c Clock, events []Event, started int) Clock {
	for i, e := range events {
		if !about(e.Of, c.Of) || r.Again && i <= started {
			continue
		}
		ends := slices.Contains(r.Void, e.Kind) || r.Again && slices.Contains(r.Start, e.Kind) // a new promise takes the place of the old one
		if c.Void.IsZero() && c.Met.IsZero() && ends && !e.At.Before(c.Start) {
			c.Void = e.At
		}
		if c.Void.IsZero() && c.Met.IsZero() && slices.Contains(r.Met, e.Kind) {
			c.Met, c.MetBy = e.At, e.Kind
		}
	}
	return c
}
