package logsql

import (
	"fmt"
	"strconv"
	"strings"
)

// Draft is the detection of a Sigma rule that says what a filter says.
type Draft struct {
	Searches  []Search
	Condition string
	// Left are conditions that a rule cannot have, such as ranges of time; they
	// are left out.
	Left []string
}

// Search is one block of a detection: any of the alternatives, each of which
// holds where all its lines do. A line without a field is a keyword.
type Search struct {
	Name         string
	Alternatives [][]Line
}

// Line is a field with its modifiers and values. Without values it has a
// literal: null or true.
type Line struct {
	Field   string
	Values  []string
	Numbers bool
	Literal string
}

// Sigma writes a filter as the detection of a Sigma rule. Words are compared in
// rules whatever the case of their letters, and within words too. own tells
// fields that belong to the store and not to the event: rules do not see them.
// The error names a condition that has no counterpart.
func Sigma(filter string, own func(field string) bool) (Draft, error) {
	n, err := Parse(filter)
	if err != nil {
		return Draft{}, err
	}
	d := drafter{own: own, text: filter}
	if d.Condition, err = d.build(n, true); err != nil {
		return Draft{}, err
	}
	if d.Condition == "" {
		return Draft{}, fmt.Errorf("nothing is left that a rule could look for")
	}
	return d.Draft, nil
}

type drafter struct {
	Draft
	own  func(string) bool
	text string
}

func (d *drafter) source(n Node) string { return d.text[n.At:n.End] }

// build returns the condition of a node; empty where nothing is left of it.
func (d *drafter) build(n Node, top bool) (string, error) {
	switch n.Kind {
	case Test:
		l, ok, err := d.line(n)
		if err != nil || !ok {
			return "", err
		}
		return d.search([]Line{l}), nil
	case Not:
		inner, err := d.build(n.Kids[0], false)
		if err != nil || inner == "" {
			return "", err
		}
		return "not " + inner, nil
	case All:
		return d.allOf(n, top)
	}
	return d.anyOf(n, top)
}

// allOf puts the tests of a list into one search, and what else there is
// beside it.
func (d *drafter) allOf(n Node, top bool) (string, error) {
	var block []Line
	var parts []string
	at := -1 // where the block stands among the parts
	for _, k := range n.Kids {
		if k.Kind != Test {
			c, err := d.build(k, false)
			if err != nil {
				return "", err
			}
			if c != "" {
				parts = append(parts, c)
			}
			continue
		}
		l, ok, err := d.line(k)
		if err != nil {
			return "", err
		}
		if !ok {
			continue
		}
		if l.Field == "" || hasField(block, l.Field) {
			parts = append(parts, d.search([]Line{l}))
			continue
		}
		if block = append(block, l); at < 0 {
			at = len(parts)
			parts = append(parts, "")
		}
	}
	if at >= 0 {
		parts[at] = d.search(block)
	}
	return group(parts, " and ", top), nil
}

func hasField(block []Line, field string) bool {
	for _, l := range block {
		if l.Field == field {
			return true
		}
	}
	return false
}

// anyOf makes one search with alternatives of tests that stand beside each
// other.
func (d *drafter) anyOf(n Node, top bool) (string, error) {
	var alternatives [][]Line
	var parts []string
	for _, k := range n.Kids {
		if k.Kind == Test {
			l, ok, err := d.line(k)
			if err != nil {
				return "", err
			}
			if !ok {
				return "", fmt.Errorf("%s cannot be one of several choices in a rule", d.source(k))
			}
			if l.Field != "" {
				alternatives = append(alternatives, []Line{l})
				continue
			}
			parts = append(parts, d.search([]Line{l}))
			continue
		}
		c, err := d.build(k, false)
		if err != nil {
			return "", err
		}
		if c == "" {
			return "", fmt.Errorf("%s cannot be one of several choices in a rule", d.source(k))
		}
		parts = append(parts, c)
	}
	if len(alternatives) > 0 {
		parts = append([]string{d.search(alternatives...)}, parts...)
	}
	return group(parts, " or ", top), nil
}

func group(parts []string, word string, top bool) string {
	if len(parts) < 2 || top {
		return strings.Join(parts, word)
	}
	return "(" + strings.Join(parts, word) + ")"
}

func (d *drafter) search(alternatives ...[]Line) string {
	name := "selection"
	if n := len(d.Searches); n > 0 {
		name += strconv.Itoa(n + 1)
	}
	d.Searches = append(d.Searches, Search{name, alternatives})
	return name
}

// line writes a test; ok is false where it is left out.
func (d *drafter) line(n Node) (l Line, ok bool, err error) {
	if n.Field == "_time" || n.Field != "" && d.own(n.Field) {
		d.Left = append(d.Left, d.source(n))
		return l, false, nil
	}
	field := n.Field
	if field == "_msg" {
		field = ""
	}
	l = Line{Field: field, Values: escape(n.Values)}
	modifier := ""
	switch n.Op {
	case Phrase, Prefix, AnyCase, AnyCaseStart:
		modifier = "|contains"
	case Exact, In:
		if field == "" {
			return l, false, fmt.Errorf("%s: the whole line cannot be compared in a rule", d.source(n))
		}
	case ExactStart:
		modifier = "|startswith"
	case ContainsAll:
		modifier = "|contains|all"
	case ContainsAny:
		modifier = "|contains"
	case Regexp:
		modifier, l.Values = "|re", n.Values
	case Present:
		if field == "" { // every event has a line
			return l, false, nil
		}
		modifier, l.Literal = "|exists", "true"
	case Absent:
		l.Literal = "null"
	case Greater, AtLeast, Less, AtMost:
		if _, err := strconv.ParseFloat(n.Values[0], 64); err != nil {
			return l, false, fmt.Errorf("%s: a rule compares numbers only", d.source(n))
		}
		modifier = map[Op]string{Greater: "|gt", AtLeast: "|gte", Less: "|lt", AtMost: "|lte"}[n.Op]
		l.Numbers = true
	default:
		return l, false, fmt.Errorf("%s has no counterpart in a rule", d.source(n))
	}
	if field == "" {
		switch n.Op {
		case Regexp:
			l.Field = "|re"
		case ContainsAll:
			l.Field = "|all"
		case ExactStart, Absent, Greater, AtLeast, Less, AtMost:
			return l, false, fmt.Errorf("%s: the whole line cannot be compared in a rule", d.source(n))
		}
		return l, true, nil
	}
	l.Field += modifier
	return l, true, nil
}

// escape writes texts so that Sigma takes them for themselves: * and ? are
// wildcards, and a backslash before one of them or itself needs another.
func escape(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		var b strings.Builder
		for k := 0; k < len(v); k++ {
			switch c := v[k]; {
			case c == '*' || c == '?':
				b.WriteByte('\\')
			case c == '\\' && (k+1 == len(v) || strings.IndexByte(`\*?`, v[k+1]) >= 0):
				b.WriteByte('\\')
			}
			b.WriteByte(v[k])
		}
		out[i] = b.String()
	}
	return out
}
