// Package clock is the only place that asks the machine for the time. All else
// takes a Clock, or the time itself as a parameter, so that a year can be
// played in a second and a deadline tested without waiting.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC.
type Clock interface {
	Now() time.Time
}

type system struct{}

func (system) Now() time.Time { return time.Now().UTC() }

// System is the machine's clock.
func System() Clock { return system{} }

// Since is the time passed on the machine's monotonic clock since start, for
// measuring how long something took; never for deadlines.
func Since(start time.Time) time.Duration { return time.Since(start) }

// Stopwatch starts measuring and returns what reads the time passed.
func Stopwatch() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// Movable is a clock that can be set and moved, and goes on from there at the
// pace of its base. The demo's clock and the tests' are of this kind.
type Movable struct {
	base Clock

	mu     sync.Mutex
	offset time.Duration
}

// NewMovable returns a clock that shows the time of base until it is moved.
func NewMovable(base Clock) *Movable { return &Movable{base: base} }

// Now is the base's time plus all moves so far.
func (m *Movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.base.Now().Add(m.offset)
}

// Set makes the clock show t from now on.
func (m *Movable) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset = t.Sub(m.base.Now())
}

// Advance moves the clock on by d.
func (m *Movable) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset += d
}

// Fixed is a clock that stands still.
type Fixed time.Time

// Now is always the same.
func (f Fixed) Now() time.Time { return time.Time(f).UTC() }
