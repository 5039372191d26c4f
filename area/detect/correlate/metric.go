package correlate

import (
	"math"
	"slices"
	"sort"
)

// bucket sums up what a slot holds past mostExact values: one of a number of
// stretches of time, with some values standing for all.
type bucket struct {
	N    int64    `json:"n"`
	Sum  float64  `json:"s"`
	Last int64    `json:"t"` // time of its last value
	Some []weight `json:"w,omitempty"`
}

// weight is a value that stands for several.
type weight struct {
	V float64 `json:"v"`
	N int64   `json:"n"`
}

const (
	buckets = 64
	weights = 64
)

// measured takes a hit of a sum, average or quantile in.
func (e *Engine) measured(st *state, g *group, s *slot, h Hit) {
	x := entry{h.Time, h.Number}
	if s.Buckets == nil {
		i, _ := slices.BinarySearchFunc(s.Entries, x, compareEntries)
		s.Entries = slices.Insert(s.Entries, i, x)
		if len(s.Entries) > mostExact {
			s.Buckets = make([]bucket, buckets)
			for _, x := range s.Entries {
				st.pour(s, x)
			}
			s.Entries, s.Approx = nil, true
		}
		return
	}
	st.pour(s, x)
}

func (st *state) pour(s *slot, x entry) {
	b := &s.Buckets[min(buckets-1, (x.T-s.K*st.Span)*buckets/st.Span)]
	b.N++
	b.Sum += x.V
	b.Last = max(b.Last, x.T)
	if b.N == 1 {
		b.Last = x.T
	}
	if st.Kind == Percentile || st.Kind == Median {
		b.Some = append(b.Some, weight{x.V, 1})
		if len(b.Some) >= 4*weights {
			b.Some = thin(b.Some)
		}
	}
}

// thin joins neighbours so that few values stand for all: as many as together
// stand for no more than a 64th.
func thin(ws []weight) []weight {
	slices.SortFunc(ws, func(a, b weight) int { return compareEntries(entry{V: a.V}, entry{V: b.V}) })
	var total int64
	for _, w := range ws {
		total += w.N
	}
	out := ws[:0]
	for i, w := range ws {
		if n := len(out) - 1; i > 0 && (out[n].N+w.N)*weights <= total {
			sum := out[n].N + w.N
			// Not V·N of both: that may be more than a number can be.
			out[n] = weight{out[n].V + (w.V-out[n].V)*(float64(w.N)/float64(sum)), sum}
			continue
		}
		out = append(out, w)
	}
	return out
}

// unasked is the first time of a slot whose window was not asked yet.
func (s *slot) unasked() int64 {
	at := int64(forever)
	if i := s.from(); i < len(s.Entries) {
		at = s.Entries[i].T
	}
	for _, b := range s.Buckets {
		if b.N > 0 && b.Last > s.Asked {
			at = min(at, b.Last)
		}
	}
	return at
}

// from is the first value that comes after what was asked.
func (s *slot) from() int {
	return sort.Search(len(s.Entries), func(i int) bool { return s.Entries[i].T > s.Asked })
}

// ask looks at the windows of a slot up to the watermark, in order, until one
// meets the condition.
func (e *Engine) ask(st *state, g *group, s *slot, mark int64) {
	if s.Fired {
		return
	}
	prev := g.find(s.K - 1)
	var before []entry
	if prev != nil {
		before = prev.Entries
	}
	if s.Buckets != nil || prev != nil && prev.Buckets != nil {
		e.askRoughly(st, g, s, prev, mark)
		return
	}
	i := s.from()
	if i == len(s.Entries) || s.Entries[i].T > mark {
		return
	}
	var sorted []float64
	quantile := st.Kind == Percentile || st.Kind == Median
	lo := upperEntry(before, s.Entries[i].T-st.Span)
	put := func(v float64) {
		k, _ := slices.BinarySearch(sorted, v)
		sorted = slices.Insert(sorted, k, v)
	}
	if quantile {
		for _, x := range before[lo:] {
			sorted = append(sorted, x.V)
		}
		for _, x := range s.Entries[:i] {
			sorted = append(sorted, x.V)
		}
		slices.Sort(sorted)
	}
	for i < len(s.Entries) && s.Entries[i].T <= mark {
		t := s.Entries[i].T
		s.Asked = t
		for ; lo < len(before) && before[lo].T <= t-st.Span; lo++ {
			if quantile {
				k, _ := slices.BinarySearch(sorted, before[lo].V)
				sorted = slices.Delete(sorted, k, k+1)
			}
		}
		for ; i < len(s.Entries) && s.Entries[i].T == t; i++ {
			if quantile {
				put(s.Entries[i].V)
			}
		}
		var v float64
		if quantile {
			v = st.quantile(sorted)
		} else {
			// Added up anew each time, in order, so that the answer does not depend on
			// when it is asked.
			for _, x := range before[lo:] {
				v += x.V
			}
			for _, x := range s.Entries[:i] {
				v += x.V
			}
			if st.Kind == Avg {
				v /= float64(len(before) - lo + i)
			}
		}
		if st.holds(v) {
			e.open(st, g, s, t, v, "")
			return
		}
	}
}

func upperEntry(list []entry, t int64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].T > t })
}

// quantile is that of sorted values.
func (st *state) quantile(sorted []float64) float64 {
	n := len(sorted)
	if st.Kind == Median {
		return (sorted[(n-1)/2] + sorted[n/2]) / 2
	}
	return sorted[rank(st.Rule.Percentile, int64(n))-1]
}

// rank is the place, from 1, of a percentile among n values.
func rank(p float64, n int64) int64 {
	return min(n, max(1, int64(math.Ceil(p/100*float64(n)-1e-9))))
}

// askRoughly asks windows that end where a bucket does.
func (e *Engine) askRoughly(st *state, g *group, s, prev *slot, mark int64) {
	var ends []int64
	for _, x := range s.Entries {
		ends = append(ends, x.T)
	}
	for _, b := range s.Buckets {
		if b.N > 0 {
			ends = append(ends, b.Last)
		}
	}
	slices.Sort(ends)
	for _, t := range slices.Compact(ends) {
		if t <= s.Asked || t > mark {
			continue
		}
		s.Asked = t
		var sum float64
		var n int64
		var some []weight
		for _, o := range []*slot{prev, s} {
			if o == nil {
				continue
			}
			for _, x := range o.Entries {
				if x.T > t-st.Span && x.T <= t {
					sum, n, some = sum+x.V, n+1, append(some, weight{x.V, 1})
				}
			}
			for _, b := range o.Buckets {
				if b.N > 0 && b.Last > t-st.Span && b.Last <= t {
					sum, n, some = sum+b.Sum, n+b.N, append(some, b.Some...)
				}
			}
		}
		if v := st.summed(sum, n, some); st.holds(v) {
			s.Approx = true
			e.open(st, g, s, t, v, "")
			return
		}
	}
}

func (st *state) summed(sum float64, n int64, some []weight) float64 {
	switch st.Kind {
	case Sum:
		return sum
	case Avg:
		return sum / float64(n)
	}
	slices.SortFunc(some, func(a, b weight) int { return compareEntries(entry{V: a.V}, entry{V: b.V}) })
	nth := func(k int64) float64 {
		for _, w := range some {
			if k -= w.N; k <= 0 {
				return w.V
			}
		}
		return some[len(some)-1].V
	}
	if st.Kind == Median {
		return (nth((n+1)/2) + nth(n/2+1)) / 2
	}
	return nth(rank(st.Rule.Percentile, n))
}

// whole is what is compared of a slot that is over.
func (st *state) whole(s *slot) (float64, bool) {
	var sum float64
	var n int64
	var some []weight
	for _, x := range s.Entries {
		sum, n, some = sum+x.V, n+1, append(some, weight{x.V, 1})
	}
	for _, b := range s.Buckets {
		sum, n, some = sum+b.Sum, n+b.N, append(some, b.Some...)
	}
	if n == 0 {
		return 0, false
	}
	return st.summed(sum, n, some), true
}
