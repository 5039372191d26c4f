// Package cvss reads, checks and scores vectors of the Common Vulnerability
// Scoring System of FIRST: versions 2.0, 3.0, 3.1 and 4.0.
//
// Scores follow the specifications' own equations. Where a specification leaves
// the rounding to floating point, decimal half-up or ceiling is meant, and what
// is lost below one part in 10⁹ is given back first: 8.6 is never 8.7 because a
// product came out as 8.600000000000001.
package cvss

import (
	"fmt"
	"slices"
	"strings"
)

// Version is a version of the standard, as it stands in a vector.
type Version string

// The versions.
const (
	V2  Version = "2.0"
	V30 Version = "3.0"
	V31 Version = "3.1"
	V4  Version = "4.0"
)

// Group is the part of the standard a metric belongs to.
type Group string

// The groups. Temporal metrics are called threat metrics since 4.0.
const (
	Base          Group = "base"
	Temporal      Group = "temporal"
	Threat        Group = "threat"
	Environmental Group = "environmental"
	Supplemental  Group = "supplemental"
)

// Value is one value of a metric.
type Value struct{ Key, Name string }

// Metric is one metric of a version, with its values from the most severe on
// where the standard orders them so.
type Metric struct {
	Key, Name string
	Group     Group
	Values    []Value
	unset     string // the value that is the same as leaving it out, empty for base metrics
}

// Required tells whether a vector must have the metric.
func (m Metric) Required() bool { return m.Group == Base }

func (m Metric) value(key string) (Value, bool) {
	for _, v := range m.Values {
		if v.Key == key {
			return v, true
		}
	}
	return Value{}, false
}

// Metrics are all metrics of a version in the order of a vector.
func Metrics(v Version) []Metric {
	switch v {
	case V2:
		return metrics2
	case V30, V31:
		return metrics3
	case V4:
		return metrics4
	}
	return nil
}

// Vector is a valid vector. The zero value is none.
type Vector struct {
	version Version
	given   map[string]string
}

// Version is the version of the vector.
func (v Vector) Version() Version { return v.version }

// Get is the value of a metric: the one given, or that which stands for "not
// defined". It is empty where the version has no such metric.
func (v Vector) Get(metric string) string {
	if value, ok := v.given[metric]; ok {
		return value
	}
	for _, m := range Metrics(v.version) {
		if m.Key == metric {
			return m.unset
		}
	}
	return ""
}

// Given tells whether a metric stands in the vector.
func (v Vector) Given(metric string) bool {
	_, ok := v.given[metric]
	return ok
}

// has tells whether one of the group's metrics says anything.
func (v Vector) has(g Group) bool {
	for _, m := range Metrics(v.version) {
		if value, given := v.given[m.Key]; m.Group == g && given && value != m.unset {
			return true
		}
	}
	return false
}

// String is the vector in the order of its standard, with the metrics that were
// given, those "not defined" included.
func (v Vector) String() string {
	var b strings.Builder
	if v.version != V2 && v.version != "" {
		b.WriteString("CVSS:" + string(v.version))
	}
	for _, m := range Metrics(v.version) {
		if value, ok := v.given[m.Key]; ok {
			if b.Len() > 0 {
				b.WriteByte('/')
			}
			b.WriteString(m.Key + ":" + value)
		}
	}
	return b.String()
}

// Error says what is wrong with a vector, and where.
type Error struct {
	Vector string
	At     int // byte within the vector, from 0
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("cvss: %q, at %d: %s", e.Vector, e.At+1, e.Reason)
}

// longest bounds a vector; the longest valid one has some 220 bytes.
const longest = 1000

// Parse reads a vector. Versions 3 and 4 begin with "CVSS:" and the version;
// what does not is read as version 2, in parentheses or without. Each metric
// stands at most once, those of the base all; 4.0 fixes their order as well
// (specification, section 7).
func Parse(text string) (Vector, error) {
	wrong := func(at int, format string, args ...any) (Vector, error) {
		return Vector{}, &Error{text[:min(len(text), longest)], at, fmt.Sprintf(format, args...)}
	}
	if len(text) > longest {
		return wrong(longest, "longer than %d bytes", longest)
	}
	v := Vector{version: V2, given: map[string]string{}}
	at, end := 0, len(text)
	if rest, ok := strings.CutPrefix(text, "CVSS:"); ok {
		name, _, _ := strings.Cut(rest, "/")
		v.version = Version(name)
		if v.version == V2 || Metrics(v.version) == nil {
			return wrong(len("CVSS:"), "there is no version %q: 3.0, 3.1 and 4.0 are named so", name)
		}
		at = len("CVSS:") + len(name) + 1
	} else if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		at, end = 1, len(text)-1
	}
	if at >= end {
		return wrong(min(at, len(text)), "no metrics")
	}
	order, last := map[string]int{}, -1
	for i, m := range Metrics(v.version) {
		order[m.Key] = i
	}
	for _, part := range strings.Split(text[at:end], "/") {
		key, value, ok := strings.Cut(part, ":")
		if !ok {
			return wrong(at, "%q is no metric with a value", part)
		}
		i, known := order[key]
		if !known {
			return wrong(at, "CVSS %s has no metric %q", v.version, key)
		}
		m := Metrics(v.version)[i]
		if _, ok := m.value(value); !ok {
			return wrong(at+len(key)+1, "%s (%s) has no value %q", key, m.Name, value)
		}
		if _, twice := v.given[key]; twice {
			return wrong(at, "%s stands there twice", key)
		}
		if i < last && v.version == V4 {
			return wrong(at, "%s stands after %s: CVSS 4.0 fixes the order", key, Metrics(v.version)[last].Key)
		}
		v.given[key], last = value, i
		at += len(part) + 1
	}
	for _, m := range Metrics(v.version) {
		if _, ok := v.given[m.Key]; m.Required() && !ok {
			return wrong(end, "%s (%s) is missing", m.Key, m.Name)
		}
	}
	return v, nil
}

// Score is the score of all metrics given: environmental where there are such,
// else temporal, else of the base.
func (v Vector) Score() float64 {
	switch v.version {
	case V2:
		return v.score2()
	case V30, V31:
		return v.score3()
	case V4:
		return v.score4()
	}
	return 0
}

// BaseScore is the score of the base metrics alone.
func (v Vector) BaseScore() float64 { return v.only(Base).Score() }

// TemporalScore is the score of the base and temporal metrics, in 4.0 of the base
// and threat metrics.
func (v Vector) TemporalScore() float64 { return v.only(Base, Temporal, Threat).Score() }

// only is the vector without the metrics of other groups.
func (v Vector) only(groups ...Group) Vector {
	part := Vector{v.version, map[string]string{}}
	for _, m := range Metrics(v.version) {
		if value, ok := v.given[m.Key]; ok && slices.Contains(groups, m.Group) {
			part.given[m.Key] = value
		}
	}
	return part
}

// Severity is the qualitative rating of a score in capitals, as JSON documents
// of the standard have it. Version 2 has no rating of its own: the ranges are
// those of the National Vulnerability Database.
func (v Vector) Severity() string { return Severity(v.version, v.Score()) }

// Severity is the qualitative rating of a score.
func Severity(version Version, score float64) string {
	switch {
	case version == V2 && score >= 7, version != V2 && score >= 7 && score < 9:
		return "HIGH"
	case version != V2 && score >= 9:
		return "CRITICAL"
	case score >= 4:
		return "MEDIUM"
	case version == V2 || score > 0:
		return "LOW"
	}
	return "NONE"
}

// Nomenclature says which groups a 4.0 score regards: CVSS-B, CVSS-BT, CVSS-BE
// or CVSS-BTE (4.0, section 1.3). It is empty for other versions.
func (v Vector) Nomenclature() string {
	if v.version != V4 {
		return ""
	}
	name := "CVSS-B"
	if v.has(Threat) {
		name += "T"
	}
	if v.has(Environmental) {
		name += "E"
	}
	return name
}
