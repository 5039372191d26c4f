package telemetry

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
)

// Query asks for events, newest first. The scope is part of it and can't be
// left out: the zero scope holds nothing.
type Query struct {
	Scope    authz.Scope
	From, To time.Time // of the event, From inclusive, To exclusive
	Source   string    // id; empty: all
	Kind     string    // what events look like; empty: all
	Words    []string  // each must occur in the event, whatever the case of its letters
	Filters  []Filter  // each must hold
	Problems bool      // only what could not be read
	After    *Position // only what comes after this one, that is: older
	Limit    int       // events on the page; 0 = 100

	// Text is a LogsQL filter as a person typed it; for Rows it may have pipes. It
	// is one more condition: whatever it says, the answer stays within Scope, From
	// and To. What is wrong with it is a fault of kind invalid, field "query".
	Text string

	// MaxScan is how many events may be looked at, newest first; 0 = 2 million.
	// What lies beyond is not looked at and the answer says so.
	MaxScan int64
	// Budget is how long it may take; 0 = 10 s. It ends as MaxScan does.
	Budget time.Duration
}

// Position is where an event stands in the order of an answer.
type Position struct {
	Time    int64 // milliseconds
	Batch   string
	Ordinal int
}

// At is the event's position.
func (e Event) At() Position { return Position{e.Time.UnixMilli(), e.Batch, e.Ordinal} }

// before tells whether p comes before o: it is newer.
func (p Position) before(o Position) bool {
	switch {
	case p.Time != o.Time:
		return p.Time > o.Time
	case p.Batch != o.Batch:
		return p.Batch > o.Batch
	}
	return p.Ordinal > o.Ordinal
}

// Op is how a filter compares.
type Op string

// The comparisons. Letters compare whatever their case.
const (
	Is       Op = "="
	IsNot    Op = "!="
	Holds    Op = "~"
	HoldsNot Op = "!~"
	Exists   Op = "?"
	Missing  Op = "!?"
)

// Filter is a condition on a field. The field is the names that lead to it
// joined by dots, or the last of them alone, which then fits at any depth.
// Names that begin with @ are of the event itself: @host, @source, @unit,
// @kind, @problem.
type Filter struct {
	Field string
	Op    Op
	Value string
}

// String is the filter as a person writes it and as it stands in the URL:
// "User=alice", "CommandLine~whoami", "Hashes?".
func (f Filter) String() string { return f.Field + string(f.Op) + f.Value }

// ParseFilter reads what String wrote.
func ParseFilter(s string) (Filter, error) {
	i := strings.IndexAny(s, "=~?!")
	bad := fault.Invalid(fault.F("f", "A condition such as User=alice, CommandLine~whoami or Hashes? is needed, not %s", oneLine(s, 60)))
	if i <= 0 {
		return Filter{}, bad
	}
	f := Filter{Field: strings.TrimSpace(s[:i])}
	rest := s[i:]
	for _, op := range []Op{IsNot, HoldsNot, Missing, Is, Holds, Exists} {
		if v, ok := strings.CutPrefix(rest, string(op)); ok {
			f.Op, f.Value = op, v
			break
		}
	}
	switch {
	case f.Op == "" || f.Field == "" || len(f.Field) > 300:
		return f, bad
	case f.Op == Exists || f.Op == Missing:
		if strings.TrimSpace(f.Value) != "" {
			return f, bad
		}
		f.Value = ""
	case (f.Op == Holds || f.Op == HoldsNot) && f.Value == "":
		return f, bad
	}
	return f, nil
}

// ParseWords divides free text into words; what stands in quotation marks is
// one of them.
func ParseWords(s string) []string {
	var words []string
	for s = strings.TrimSpace(strings.ReplaceAll(s, " ", " ")); s != ""; s = strings.TrimSpace(s) {
		var w string
		if s[0] == '"' {
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				w, s = s[1:], ""
			} else {
				w, s = s[1:end+1], s[end+2:]
			}
		} else if i := strings.IndexByte(s, ' '); i >= 0 {
			w, s = s[:i], s[i+1:]
		} else {
			w, s = s, ""
		}
		if w != "" {
			words = append(words, w)
		}
	}
	return words
}

// Check names what is wrong with a query.
func (q Query) Check() error {
	if !q.From.Before(q.To) {
		return fault.Invalid(fault.F("from", "The beginning of the range must be before its end"))
	}
	if len(q.Words) > 20 || len(q.Filters) > 20 {
		return fault.Invalid(fault.F("q", "At most %d words and %d conditions can be combined", 20, 20))
	}
	return nil
}

// plain tells whether every event of a block that lies in the range is meant.
func (q *Query) plain() bool {
	return len(q.Words) == 0 && len(q.Filters) == 0 && !q.Problems && q.Kind == "" && q.After == nil
}

// matcher tests events against a query with what was prepared once.
type matcher struct {
	q       *Query
	words   []needle
	filters []needle
	low     []byte
}

// needle is a text to look for in lower case.
type needle struct {
	text  string
	ascii bool
	// simple: JSON writes it in one way only, unless it uses \u.
	simple bool
}

func newNeedle(s string) needle {
	n := needle{text: strings.ToLower(s), ascii: true, simple: true}
	for i := 0; i < len(n.text); i++ {
		c := n.text[i]
		if c >= utf8.RuneSelf {
			n.ascii = false
		}
		if c < ' ' || c == '"' || c == '\\' || c == '/' || c == '<' || c == '>' || c == '&' || c == 0x7f {
			n.simple = false
		}
	}
	return n
}

func newMatcher(q *Query) *matcher {
	m := &matcher{q: q}
	for _, w := range q.Words {
		m.words = append(m.words, newNeedle(w))
	}
	for _, f := range q.Filters {
		m.filters = append(m.filters, newNeedle(f.Value))
	}
	return m
}

// lower is b in lower case: the letters of ASCII, or all where wanted.
func (m *matcher) lower(b []byte, all bool) []byte {
	if all {
		return bytes.ToLower(b)
	}
	m.low = append(m.low[:0], b...)
	for i, c := range m.low {
		if 'A' <= c && c <= 'Z' {
			m.low[i] = c + 'a' - 'A'
		}
	}
	return m.low
}

func (m *matcher) holds(s string, n needle) bool {
	return strings.Contains(strings.ToLower(s), n.text)
}

var unicodeEscape = []byte(`\u`)

// match tells whether the event is meant.
func (m *matcher) match(e *Event) bool {
	q := m.q
	if e.Time.Before(q.From) || !e.Time.Before(q.To) {
		return false
	}
	if q.Kind != "" && e.Kind != q.Kind || q.Problems && e.Problem == "" {
		return false
	}
	if q.After != nil && !q.After.before(e.At()) {
		return false
	}
	if len(m.words) == 0 && len(m.filters) == 0 {
		return true
	}
	escaped := bytes.Contains(e.Doc, unicodeEscape)
	low, lowAll := m.lower(e.Doc, false), []byte(nil)
	in := func(n needle) bool {
		if n.ascii {
			return bytes.Contains(low, []byte(n.text))
		}
		if lowAll == nil {
			lowAll = m.lower(e.Doc, true)
		}
		return bytes.Contains(lowAll, []byte(n.text))
	}
	for _, w := range m.words {
		if in(w) || m.holds(e.Host, w) {
			continue
		}
		if e.Original != nil && bytes.Contains(bytes.ToLower(e.Original), []byte(w.text)) {
			continue
		}
		if w.simple && !escaped {
			return false
		}
		found := false
		Flatten(e.Doc, func(name, value string) bool {
			found = m.holds(value, w) || m.holds(name, w)
			return !found
		})
		if !found {
			return false
		}
	}
	// A value that must be there and that JSON writes in one way only is looked
	// for in the document before the document is taken apart.
	for i, f := range q.Filters {
		if n := m.filters[i]; (f.Op == Is || f.Op == Holds) && !ownField(f.Field) && n.simple && !escaped && n.text != "" && !in(n) {
			return false
		}
	}
	return m.fields(e)
}

func (m *matcher) fields(e *Event) bool {
	if len(m.filters) == 0 {
		return true
	}
	var hit, there [20]bool
	test := func(i int, value string) {
		there[i] = true
		switch f := m.q.Filters[i]; f.Op {
		case Is, IsNot:
			hit[i] = hit[i] || strings.EqualFold(value, f.Value)
		case Holds, HoldsNot:
			hit[i] = hit[i] || m.holds(value, m.filters[i])
		}
	}
	open := false
	for i, f := range m.q.Filters {
		if !ownField(f.Field) {
			open = true
			continue
		}
		if v := e.own(f.Field); v != "" {
			test(i, v)
		}
	}
	if open {
		Flatten(e.Doc, func(name, value string) bool {
			for i, f := range m.q.Filters {
				if !ownField(f.Field) && names(f.Field, name) {
					test(i, value)
				}
			}
			return true
		})
	}
	for i, f := range m.q.Filters {
		var ok bool
		switch f.Op {
		case Is, Holds:
			ok = hit[i]
		case IsNot, HoldsNot:
			ok = !hit[i]
		case Exists:
			ok = there[i]
		case Missing:
			ok = !there[i]
		}
		if !ok {
			return false
		}
	}
	return true
}

// names tells whether a filter's field means the name.
func names(field, name string) bool {
	if len(field) == len(name) {
		return field == name
	}
	return len(field) < len(name) && name[len(name)-len(field)-1] == '.' && strings.HasSuffix(name, field) && strings.IndexByte(field, '.') < 0
}

// OwnFields are the fields of the event itself.
var OwnFields = []string{"@host", "@source", "@unit", "@kind", "@problem"}

// ownField tells whether a name is one of them; a document may have names that
// begin with @ too, such as @timestamp.
func ownField(name string) bool { return name[0] == '@' && slices.Contains(OwnFields, name) }

func (e *Event) own(field string) string {
	switch field {
	case "@host":
		return e.Host
	case "@source":
		return e.Source
	case "@unit":
		return e.Unit
	case "@kind":
		return e.Kind
	case "@problem":
		return e.Problem
	}
	return ""
}
