package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry"
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

// EventKinds are what events can look like.
var eventKinds = []string{"windows", "sshd", "auditd", "firewall", "cloudtrail", "syslog", "json", "text"}

// ask is what the address asks for.
type ask struct {
	Last     string // "" with From and To
	From, To time.Time
	Words    string
	Filters  []telemetry.Filter
	Source   string
	Kind     string
	Problems bool
	All      bool // all fields, not the most frequent
	after    *telemetry.Position
	path     string
}

const defaultLast = "24h"

// readAsk reads the address. Everything wrong is named.
func readAsk(c *console.Context) (ask, error) {
	v := c.R.URL.Query()
	a := ask{Last: v.Get("last"), Words: strings.TrimSpace(v.Get("q")), Source: v.Get("source"), Kind: v.Get("kind"), Problems: v.Get("problems") == "1", All: v.Get("fields") == "all", path: "/telemetry"}
	var bad []fault.Field
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
	for _, s := range v["f"] {
		if strings.TrimSpace(s) == "" {
			continue
		}
		f, err := telemetry.ParseFilter(s)
		if err != nil {
			bad = append(bad, fault.FieldsOf(err)...)
			continue
		}
		if !slices.Contains(a.Filters, f) {
			a.Filters = append(a.Filters, f)
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

func (a ask) query() telemetry.Query {
	return telemetry.Query{From: a.From, To: a.To, Source: a.Source, Kind: a.Kind, Words: telemetry.ParseWords(a.Words), Filters: a.Filters, Problems: a.Problems, After: a.after}
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
	set("q", a.Words)
	set("source", a.Source)
	set("kind", a.Kind)
	if a.Problems {
		v.Set("problems", "1")
	}
	if a.All {
		v.Set("fields", "all")
	}
	for _, f := range a.Filters {
		v.Add("f", f.String())
	}
	return v
}

func (a ask) href() string { return a.path + "?" + a.values().Encode() }

// with is the same question with one more condition.
func (a ask) with(f telemetry.Filter) string {
	if !slices.Contains(a.Filters, f) {
		a.Filters = append(slices.Clone(a.Filters), f)
	}
	return a.href()
}

func (a ask) without(f telemetry.Filter) string {
	a.Filters = slices.DeleteFunc(slices.Clone(a.Filters), func(o telemetry.Filter) bool { return o == f })
	return a.href()
}

func (a ask) between(from, to time.Time) string {
	a.Last, a.From, a.To = "", from, to
	return a.href()
}
