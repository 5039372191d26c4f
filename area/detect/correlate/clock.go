package correlate

// Source is what is known of the time of a stream of events, in milliseconds.
type Source struct {
	ID       string
	Newest   int64 // time of its newest event
	Heard    int64 // when it was heard last, by our own clock
	Lateness int64 // by how much its events may come after newer ones
}

const (
	minute = 60_000
	// Lateness is what a source has where nothing is said; Forwarded what one has
	// that stores events and sends them on later.
	Lateness, Forwarded = 5 * minute, 24 * 60 * minute
	// idle is after what silence a source holds up time no longer.
	idle = 10 * minute
	// behind is how far a source may be behind our clock and still hold up time.
	behind = 60 * minute
)

// Stores tells whether a source sends its events on late by nature. Such a
// source holds up only the rules it has fed.
func (s Source) Stores() bool { return s.Lateness > behind }

// Mark is the watermark of a rule: what no source it waits for will come before
// any more. It is the earliest, over the sources, of the newest event less the
// lateness. A source that was silent for ten minutes – or for its lateness where
// that is longer – is not waited for, nor one whose events are older than an
// hour more than its lateness: their events may then come late. When no source
// is heard, time goes on by our own clock. No source is believed to be ahead of
// it.
func Mark(sources []Source, now int64, feeds func(id string) bool) int64 {
	mark := now - idle - Lateness
	some := false
	for _, s := range sources {
		if now-s.Heard > max(idle, s.Lateness) || s.Stores() && !feeds(s.ID) {
			continue
		}
		m := min(s.Newest, now) - s.Lateness
		if m < now-s.Lateness-behind {
			continue
		}
		if !some || m < mark {
			mark, some = m, true
		}
	}
	return mark
}
