// Package correlate joins hits of rules over time: the correlations of Sigma
// 2.1 and absence, over streams of events that arrive out of order.
//
// # What is found
//
// A rule looks at the hits of its parts, each group of equal group-by values by
// itself. Time is cut into slots of the length of the rule's timespan T, counted
// from 1970. A group fires at most once in a slot: that is the whole answer of
// this package, a set of (rule, group, slot), each with a time.
//
// Hits are within the timespan of each other when their times differ by less
// than T. The window of a time t is the hits in (t−T, t].
//
//   - Conditions which more hits can only make truer – gt, gte, rules that must
//     all be there – are asked of windows, not of slots: a group fires in a slot
//     if there is a hit at a time t in the slot so that the window of t meets the
//     condition. The time of the firing is the first such t.
//   - temporal_ordered also wants the hits of its parts in order. Hits are ordered
//     by time, then by the id of their event; one event stands only for one part.
//   - lt, lte, eq, neq and conditions with two bounds are asked of the whole
//     slot, once it is over, of groups that have a hit in it. The time of the firing
//     is the end of the slot.
//   - Absence, "a and not b": a hit t completes what must be there, and no hit of
//     what must not be there is within the timespan of it. For temporal_ordered the
//     place in the list of rules tells on which side: b after a means none after t,
//     b before a none before it. The group fires in the slot of t; the time of the
//     firing is t+T, when it is certain (t where nothing after it matters).
//
// A value_percentile is the smallest value of which at least that share of the
// values is not larger; a value_median of an even number of values is the mean
// of the two in the middle. Values that are no numbers do not count for sums.
//
// A firing is a hit of the rules that refer to the correlation, at its time.
//
// # When it is found
//
// The answer depends on the hits alone and not on their order, as long as none
// comes later than the watermark of its rule: a time of which the caller says
// that nothing at or before it is still to come. Later hits are counted and
// left out. What more hits can only confirm is told at once; the rest when the
// watermark has passed what it depends on. Firings are passed on to other
// correlations when their time is final, so when the watermark has passed it.
//
// # What is kept
//
// For each group a few slots, for as long as the watermark lets hits fall in
// them. In a slot: of event_count ≥ N at most 2N times, of value_count ≥ N at
// most 2N values, of temporal two times for each part, of lt and the like a
// counter: nothing grows with the rate of events. Sums, averages and quantiles
// are exact to 4,096 values in a slot, temporal_ordered to 4,096 hits of a part;
// beyond, they are summed up and their firings are marked as approximate. Every
// rule has a quota of groups and bytes of its own; past it the group that was
// not touched for the longest time is given up, and counted.
package correlate

// Kind is a type of correlation.
type Kind string

// The kinds; absence is a Temporal or Ordered with Absent parts.
const (
	EventCount Kind = "event_count"
	ValueCount Kind = "value_count"
	Temporal   Kind = "temporal"
	Ordered    Kind = "temporal_ordered"
	Sum        Kind = "value_sum"
	Avg        Kind = "value_avg"
	Percentile Kind = "value_percentile"
	Median     Kind = "value_median"
)

// Bound is one comparison: gt, gte, lt, lte, eq or neq.
type Bound struct {
	Op    string
	Value float64
}

// Rule is a correlation.
type Rule struct {
	ID         string
	Kind       Kind
	Parts      int   // how many rules it joins
	Span       int64 // T, in milliseconds
	Bounds     []Bound
	Percentile float64
	// Present is asked of the parts that are there instead of Bounds; it may not
	// become false by more parts. nil: Bounds count the parts.
	Present func(there []bool) bool
	// Absent marks parts that must not be there. The others all must.
	Absent []bool
	// Feeds are the rules to which its firings are hits.
	Feeds []Feed

	MaxGroups int   // 0: 50,000
	MaxBytes  int64 // 0: 64 MiB, as estimated
}

// Feed is a place in another rule, which comes later in the list of rules.
type Feed struct{ Rule, Part int }

// Hit is a hit of a part of a rule.
type Hit struct {
	Rule, Part int
	Time       int64  // milliseconds
	Event      string // its id; hits of the same time are ordered by it
	Group      string // the values of group-by, as one text
	Value      string // what value_count counts
	Number     float64
	Source     string
	Scope      string // whose it is; scopes of a firing are joined by Options.Join
	// Carry is what Options.Pass may want to know; that of the first hit of a slot
	// stays with its firing.
	Carry string
	// Samples are what the hit came of, where it is a firing itself.
	Samples []Ref
}

// Firing is what was found.
type Firing struct {
	Rule    int
	Group   string
	Slot    int64
	Time    int64
	Hits    int64   // of the group in the slot so far
	Value   float64 // what was compared, where it is known
	Samples []Ref   // some of its hits, oldest first
	Source  string  // of the hit that completed it, or of one of them
	Scope   string
	Carry   string
	Approx  bool // not exact: more was to be kept than is
	Final   bool // its time can't change any more
}

// Ref names a hit.
type Ref struct {
	Event string `json:"e"`
	Part  int    `json:"p,omitempty"`
	Time  int64  `json:"t"`
}

// Figures are how a rule is doing.
type Figures struct {
	Groups  int
	Bytes   int64
	Hits    int64
	Late    int64
	Evicted int64
	Fired   int64
	Approx  int64
}

const (
	// mostExact is how many values of a slot, or hits of a part, are kept one by one.
	mostExact = 4096
	// mostSamples is how many hits of a group and slot are remembered by name unless
	// Options say otherwise.
	mostSamples = 10
)

// atLeast tells whether more hits can only make the condition truer, and for
// counts the number from which on it holds.
func (r *Rule) atLeast() (least int64, ok bool) {
	if r.Present != nil {
		return 0, true
	}
	if len(r.Bounds) != 1 {
		return 0, false
	}
	switch b := r.Bounds[0]; b.Op {
	case "gte":
		return int64(b.Value), true
	case "gt":
		return int64(b.Value) + 1, true
	}
	return 0, false
}

// holds asks the bounds.
func (r *Rule) holds(v float64) bool {
	for _, b := range r.Bounds {
		ok := false
		switch b.Op {
		case "gt":
			ok = v > b.Value
		case "gte":
			ok = v >= b.Value
		case "lt":
			ok = v < b.Value
		case "lte":
			ok = v <= b.Value
		case "neq":
			ok = v != b.Value
		default:
			ok = v == b.Value
		}
		if !ok {
			return false
		}
	}
	return true
}

// limit is how many different values have to be told apart to answer the bounds.
func (r *Rule) limit() int {
	most := 0.0
	for _, b := range r.Bounds {
		most = max(most, b.Value)
	}
	return int(most) + 1
}

func (r *Rule) metric() bool {
	return r.Kind == Sum || r.Kind == Avg || r.Kind == Percentile || r.Kind == Median
}

func (r *Rule) absence() bool {
	for _, a := range r.Absent {
		if a {
			return true
		}
	}
	return false
}

// sides tells on which side of a completion an absent part must not be.
func (r *Rule) sides(part int) (before, after bool) {
	if r.Kind != Ordered {
		return true, true
	}
	for p := range part {
		if !r.Absent[p] {
			return false, true
		}
	}
	return true, false
}

// lives is how many slots after its own a slot is still asked for.
func (r *Rule) lives() int64 {
	if r.absence() {
		return 3
	}
	return 2
}
