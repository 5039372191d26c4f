package sigma

import (
	"strings"
	"time"
)

// Reader takes the values of a few fields out of events: those by which a
// correlation groups and counts. It looks where rules look, under the names
// rules use, and is for one goroutine.
type Reader struct {
	e     Engine
	ev    event
	names map[string][]int32 // a name and, after it, those that log sources have for it
}

// NewReader prepares for fields; a nil mapping is [DefaultMapping].
func NewReader(names []string, m *Mapping) *Reader {
	if m == nil {
		m = DefaultMapping()
	}
	r := &Reader{names: map[string][]int32{}}
	r.e.fields = newFieldTable()
	for _, n := range names {
		numbers := []int32{r.e.fields.number(fieldKey(n))}
		for i := range m.sources {
			if other := m.sources[i].fields[n]; other != "" {
				numbers = append(numbers, r.e.fields.number(fieldKey(other)))
			}
		}
		r.names[n] = numbers
	}
	r.e.fields.freeze()
	return r
}

// Read takes an event up; the values are then asked by [Reader.Value]. The error
// is a [*NotJSON].
func (r *Reader) Read(raw []byte) error {
	r.ev.reset(raw, len(r.e.fields.names))
	return r.ev.scan(r.e.fields.root)
}

// Value is the first value of a field in the event, as it is written there, and
// whether there is one. Null is none.
func (r *Reader) Value(name string) (string, bool) {
	for _, n := range r.names[name] {
		if v := r.ev.routed(n); v != nil {
			s := string(r.ev.text(v))
			return strings.ToValidUTF8(s, "\uFFFD"), true
		}
	}
	return "", false
}

// TimeOf reads a time in one of the forms in which logs write it. What says no
// zone is taken as UTC; a bare number is seconds since 1970, from 10^11 on
// milliseconds.
func TimeOf(s string) (time.Time, bool) { return parseTime(strings.TrimSpace(s)) }
