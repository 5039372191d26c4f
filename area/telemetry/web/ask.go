package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/logsql"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// lasts are the ranges that end now.
var lasts = []struct {
	key   string
	back  time.Duration
	label text.Message
}{
	{"15m", 15 * time.Minute, text.M("Last 15 minutes§range")},
	{"1h", time.Hour, text.M("Last hour§range")},
	{"4h", 4 * time.Hour, text.M("Last 4 hours§range")},
	{"24h", 24 * time.Hour, text.M("Last 24 hours§range")},
	{"7d", 7 * 24 * time.Hour, text.M("Last 7 days§range")},
	{"30d", 30 * 24 * time.Hour, text.M("Last 30 days§range")},
	{"365d", 365 * 24 * time.Hour, text.M("Last year§range")},
}

// ask is what the address asks for.
type ask struct {
	Last     string // "" with From and To
	From, To time.Time
	Text     string // LogsQL
	Source   string
	All      bool // all fields, not the most frequent
	after    *telemetry.Position
	path     string
}

const defaultLast = "24h"

// readAsk reads the address. Everything wrong is named.
func readAsk(c *console.Context) (ask, error) {
	v := c.R.URL.Query()
	a := ask{Last: v.Get("last"), Text: strings.TrimSpace(v.Get("q")), Source: v.Get("source"), All: v.Get("fields") == "all", path: "/telemetry"}
	var bad []fault.Field
	if len(a.Text) > telemetry.MaxText {
		bad = append(bad, fault.F("q", "The query is longer than %d characters", telemetry.MaxText))
	}
	from, errFrom := moment(v.Get("from"), c.Zone)
	to, errTo := moment(v.Get("to"), c.Zone)
	if errFrom != nil {
		bad = append(bad, fault.F("from", "A date and time such as 2026-11-23 18:30 is needed here"))
	}
	if errTo != nil {
		bad = append(bad, fault.F("to", "A date and time such as 2026-11-23 18:30 is needed here"))
	}
	if a.Last == "" && from.IsZero() && to.IsZero() {
		a.Last = defaultLast
	}
	if a.Last != "" {
		i := slices.IndexFunc(lasts, func(l struct {
			key   string
			back  time.Duration
			label text.Message
		}) bool {
			return l.key == a.Last
		})
		if i < 0 {
			bad = append(bad, fault.F("last", "There is no such choice"))
		} else {
			// A little beyond now: clocks of sensors run ahead of ours.
			a.To = c.Now.Add(time.Minute)
			a.From = c.Now.Add(-lasts[i].back)
		}
	} else {
		a.From, a.To = from, to
		if a.To.IsZero() {
			a.To = c.Now.Add(time.Minute)
		}
		if a.From.IsZero() {
			a.From = a.To.Add(-24 * time.Hour)
		}
	}
	if p, err := keyset.Parse(v.Get("cursor")); err != nil {
		bad = append(bad, fault.FieldsOf(err)...)
	} else if p != nil {
		batch, n, ok := telemetry.ParseID(p.ID)
		at, isInt := p.Value.(int64)
		if !ok || !isInt {
			bad = append(bad, fault.F("cursor", "This page mark cannot be read; start again from the first page"))
		}
		a.after = &telemetry.Position{Time: at, Batch: batch, Ordinal: n}
	}
	if len(bad) > 0 {
		return a, fault.Invalid(bad...)
	}
	return a, nil
}

// moment reads RFC 3339 or a local time in the reader's zone.
func moment(s string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("no time: %q", s)
}

// query asks for the events, whatever is to be done with them afterwards.
func (a ask) query() telemetry.Query {
	filter, _ := logsql.Split(a.Text)
	return telemetry.Query{From: a.From, To: a.To, Source: a.Source, Text: filter, After: a.after}
}

// piped tells whether something is to be done with the events that are found.
func (a ask) piped() bool {
	_, pipes := logsql.Split(a.Text)
	return len(pipes) > 0
}

// values are the address's parameters without the page mark.
func (a ask) values() url.Values {
	v := url.Values{}
	set := func(name, s string) {
		if s != "" {
			v.Set(name, s)
		}
	}
	if a.Last != "" {
		set("last", a.Last)
	} else {
		v.Set("from", a.From.UTC().Format(time.RFC3339))
		v.Set("to", a.To.UTC().Format(time.RFC3339))
	}
	set("q", a.Text)
	set("source", a.Source)
	if a.All {
		v.Set("fields", "all")
	}
	return v
}

func (a ask) href() string { return a.path + "?" + a.values().Encode() }

// with is the same question with one more condition, and without what is to be
// done with the answer: one looks at the events behind a number.
func (a ask) with(cond string) string {
	filter, _ := logsql.Split(a.Text)
	a.Text = logsql.And(filter, cond)
	return a.href()
}

func (a ask) without(n int) string {
	a.Text = logsql.Without(a.Text, n)
	return a.href()
}

// asking is the question with another text.
func (a ask) asking(text string) string {
	a.Text = text
	return a.href()
}

func (a ask) between(from, to time.Time) string {
	a.Last, a.From, a.To = "", from, to
	return a.href()
}

// fixed is the question of the same range at any later time: what is exported
// is what was found, not what comes afterwards.
func (a ask) fixed() ask {
	a.Last = ""
	return a
}
