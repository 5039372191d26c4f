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
	// stores is the lateness past which a source is one that stores events.
	stores = 60 * minute
	// behind is how far a source may be behind our clock and still hold up time: as
	// long as what senders kept while we were gone may come in after all.
	behind = 7 * 24 * 60 * minute
)

// Stores tells whether a source sends its events on late by nature. Such a
// source holds up only the rules it has fed.
func (s Source) Stores() bool { return s.Lateness > stores }

// Mark is the watermark of a rule: what no source it waits for will come before
// any more. It is the earliest, over the sources, of the newest event less the
// lateness. A source that was silent for ten minutes – or for its lateness where
// that is longer – is not waited for, nor one whose events are a week old. When no
// source was heard for ten minutes, of which we were there to hear them since the
// time since, time goes on by our own clock. No source is believed to be ahead of
// it. Without anything to go by the answer is a time before all others.
func Mark(sources []Source, now, since int64, feeds func(id string) bool) int64 {
	mark, some := int64(never), false
	heard := since
	for _, s := range sources {
		heard = max(heard, s.Heard)
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
	if !some && now-heard > idle {
		mark = now - idle - Lateness
	}
	return mark
}
