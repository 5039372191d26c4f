package telemetry

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
)

// Query asks for events, newest first. The scope is part of it and can't be
// left out: the zero scope holds nothing.
type Query struct {
	Scope    authz.Scope
	From, To time.Time // in which the event stands, From inclusive, To exclusive
	Source   string    // id; empty: all
	Kind     string    // what events look like; empty: all
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
func (e Event) At() Position { return Position{e.Stands().UnixMilli(), e.Batch, e.Ordinal} }

// Stands is where in time the event is found and put in order: its own time, or
// where it was filed instead.
func (e Event) Stands() time.Time {
	if e.Filed.IsZero() {
		return e.Time
	}
	return e.Filed
}

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

// Check names what is wrong with a query.
func (q Query) Check() error {
	if !q.From.Before(q.To) {
		return fault.Invalid(fault.F("from", "The beginning of the range must be before its end"))
	}
	return nil
}

var unicodeEscape = []byte(`\u`)
