// Package backtest counts what a rule finds among events of the past: how many
// hits a day, on what, and whether that is within the rule's budget.
//
// The promise: every hit is counted, whatever the number of things it is on;
// only the lists of things are bounded, and say so.
package backtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The bounds of what is kept.
const (
	mostThings  = 20_000
	shownThings = 20
	Samples     = 20
)

// Hit is an event on which the rule fired.
type Hit struct {
	Time     time.Time
	Event    string // id, or file and line
	Unit     string
	Host     string
	User     string
	Summary  string
	Incident string // number; "" = of none
	Hidden   bool   // by the filter that is tried
}

// Count is a thing with the hits on it.
type Count struct {
	Name string `json:"name"`
	Hits int64  `json:"hits"`
}

// Day is a day of the range.
type Day struct {
	Day    string `json:"day"`
	Events int64  `json:"events"`
	Hits   int64  `json:"hits"`
	Hidden int64  `json:"hidden,omitempty"`
}

// Sample is one of the first hits.
type Sample struct {
	Time     time.Time `json:"time"`
	Event    string    `json:"event"`
	Unit     string    `json:"unit,omitempty"`
	Host     string    `json:"host,omitempty"`
	User     string    `json:"user,omitempty"`
	Summary  string    `json:"summary,omitempty"`
	Incident string    `json:"incident,omitempty"`
	Hidden   bool      `json:"hidden,omitempty"`
}

// Result is what came of it.
type Result struct {
	Rule      string    `json:"rule"`
	Version   string    `json:"version,omitempty"`
	Title     string    `json:"title"`
	From      time.Time `json:"from,omitzero"`
	To        time.Time `json:"to,omitzero"`
	Events    int64     `json:"events"` // looked at
	Unread    int64     `json:"unreadable,omitempty"`
	Hits      int64     `json:"hits"`
	Days      []Day     `json:"days"`
	WithData  int       `json:"days_with_events"`
	PerDay    float64   `json:"hits_per_day"`
	Most      int64     `json:"hits_on_busiest_day"`
	Budget    float64   `json:"budget_per_day"`
	Within    bool      `json:"within_budget"`
	Hosts     []Count   `json:"hosts"`
	Users     []Count   `json:"users"`
	Units     []Count   `json:"units,omitempty"`
	Many      bool      `json:"more_things_than_are_counted,omitempty"`
	Incidents []Count   `json:"incidents,omitempty"`
	Confirmed int64     `json:"hits_in_incidents"`
	Filter    bool      `json:"filter,omitempty"` // a filter was tried
	Hidden    int64     `json:"hidden,omitempty"`
	HiddenIn  int64     `json:"hidden_in_incidents,omitempty"`
	Samples   []Sample  `json:"samples"`
	Partial   bool      `json:"partial,omitempty"` // not all of the range was looked at
	Until     time.Time `json:"until,omitzero"`    // with Partial: the oldest moment looked at

	// Of a correlation alone.
	Late    int64  `json:"too_late,omitempty"`        // hits that came too late to be joined
	GivenUp int64  `json:"groups_given_up,omitempty"` // for want of room
	Parts   string `json:"parts,omitempty"`           // digest of the rules that it joins
}

// Tally counts.
type Tally struct {
	// Forwards: hits come the oldest first; those shown are the newest all the same.
	Forwards bool

	r         Result
	zone      *time.Location
	days      map[string]*Day
	hosts     map[string]int64
	users     map[string]int64
	units     map[string]int64
	incidents map[string]int64

	// the day of the last event, so that not every one is reckoned anew
	from, to time.Time
	day      *Day
}

// New begins a count for a range; zero times: of whatever comes.
func New(from, to time.Time, zone *time.Location, budget float64) *Tally {
	t := &Tally{zone: zone, days: map[string]*Day{}, hosts: map[string]int64{}, users: map[string]int64{}, units: map[string]int64{}, incidents: map[string]int64{}}
	t.r.From, t.r.To, t.r.Budget = from, to, budget
	return t
}

func (t *Tally) at(when time.Time) *Day {
	if t.day != nil && !when.Before(t.from) && when.Before(t.to) {
		return t.day
	}
	in := when.In(t.zone)
	y, m, d := in.Date()
	t.from = time.Date(y, m, d, 0, 0, 0, 0, t.zone)
	t.to = time.Date(y, m, d+1, 0, 0, 0, 0, t.zone)
	name := in.Format(time.DateOnly)
	if t.days[name] == nil {
		t.days[name] = &Day{Day: name}
	}
	t.day = t.days[name]
	return t.day
}

// Event counts an event that was looked at.
func (t *Tally) Event(when time.Time) {
	t.r.Events++
	if !when.IsZero() {
		t.at(when).Events++
	}
}

// Count counts events of about one moment.
func (t *Tally) Count(when time.Time, n int64) {
	t.r.Events += n
	t.at(when).Events += n
}

// Covers tells whether a moment is in the range.
func (t *Tally) Covers(when time.Time) bool { return !when.Before(t.r.From) && when.Before(t.r.To) }

// Unread counts an event that could not be read.
func (t *Tally) Unread() { t.r.Unread++ }

func (t *Tally) thing(m map[string]int64, name string) {
	if name == "" {
		return
	}
	if _, ok := m[name]; !ok && len(m) >= mostThings {
		t.r.Many = true
		return
	}
	m[name]++
}

// Hit counts a hit.
func (t *Tally) Hit(h Hit) {
	t.r.Hits++
	if !h.Time.IsZero() {
		d := t.at(h.Time)
		d.Hits++
		if h.Hidden {
			d.Hidden++
		}
	}
	t.thing(t.hosts, h.Host)
	t.thing(t.users, h.User)
	t.thing(t.units, h.Unit)
	if h.Hidden {
		t.r.Hidden++
	}
	if h.Incident != "" {
		t.r.Confirmed++
		t.thing(t.incidents, h.Incident)
		if h.Hidden {
			t.r.HiddenIn++
		}
	}
	if t.Forwards && len(t.r.Samples) == Samples {
		t.r.Samples = slices.Delete(t.r.Samples, 0, 1)
	}
	if len(t.r.Samples) < Samples {
		t.r.Samples = append(t.r.Samples, Sample(h))
	}
}

// Hits is how many there are so far.
func (t *Tally) Hits() int64 { return t.r.Hits }

// Events is how many were looked at so far.
func (t *Tally) Events() int64 { return t.r.Events }

func top(m map[string]int64) []Count {
	out := make([]Count, 0, len(m))
	for n, c := range m {
		out = append(out, Count{n, c})
	}
	slices.SortFunc(out, func(a, b Count) int {
		if c := cmp.Compare(b.Hits, a.Hits); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out[:min(len(out), shownThings)]
}

// Result is the count so far.
func (t *Tally) Result() Result {
	r := t.r
	if t.Forwards {
		r.Samples = slices.Clone(r.Samples)
		slices.Reverse(r.Samples)
	}
	r.Hosts, r.Users, r.Units, r.Incidents = top(t.hosts), top(t.users), top(t.units), top(t.incidents)
	if r.Samples == nil {
		r.Samples = []Sample{}
	}
	first, last := r.From, r.To
	for _, d := range t.days {
		if d.Events > 0 {
			r.WithData++
		}
		r.Most = max(r.Most, d.Hits)
		when, _ := time.ParseInLocation(time.DateOnly, d.Day, t.zone)
		if r.From.IsZero() && (first.IsZero() || when.Before(first)) {
			first = when
		}
		if r.To.IsZero() && (last.IsZero() || !when.Before(last)) {
			last = when.AddDate(0, 0, 1)
		}
	}
	r.Days = []Day{}
	if !first.IsZero() && last.After(first) {
		in := first.In(t.zone)
		y, m, d := in.Date()
		for i := 0; i < 400; i++ {
			at := time.Date(y, m, d+i, 0, 0, 0, 0, t.zone)
			if !at.Before(last) {
				break
			}
			name := at.Format(time.DateOnly)
			if x := t.days[name]; x != nil {
				r.Days = append(r.Days, *x)
			} else {
				r.Days = append(r.Days, Day{Day: name})
			}
		}
		r.PerDay = float64(r.Hits-r.Hidden) / max(last.Sub(first).Hours()/24, 1)
	}
	r.Within = r.Budget <= 0 || r.PerDay <= r.Budget
	return r
}
