package telemetry

import (
	"slices"
	"strings"
	"time"

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

var unicodeEscape = []byte(`\u`)

// OwnFields are the fields of the event itself.
var OwnFields = []string{"@host", "@source", "@unit", "@kind", "@problem"}

// ownField tells whether a name is one of them; a document may have names that
// begin with @ too, such as @timestamp.
func ownField(name string) bool { return name[0] == '@' && slices.Contains(OwnFields, name) }
