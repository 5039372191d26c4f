package correlate

import (
	"slices"
	"sort"
)

// counted takes a hit of an event_count in.
func (e *Engine) counted(st *state, g *group, s *slot, h Hit) {
	if !st.sliding {
		return // the number of hits is all that is asked
	}
	i := upper(s.Times, h.Time)
	s.Times = slices.Insert(s.Times, i, h.Time)
	if !s.Fired || h.Time < s.Time {
		e.firstWindow(st, g, s, h.Time, h.Source)
	}
	if next := g.find(s.K + 1); next != nil {
		e.firstWindow(st, g, next, never, "")
	}
	// Of a slot that has fired, what is before the firing may yet move it, and the
	// newest count for windows that end in the next slot.
	if n := int(st.least); s.Fired && len(s.Times) > 2*n {
		before := min(upper(s.Times, s.Time), n)
		s.Times = append(s.Times[:before], s.Times[len(s.Times)-n:]...)
	}
}

// firstWindow looks for the first hit, from a time on, whose window has enough
// hits.
func (e *Engine) firstWindow(st *state, g *group, s *slot, from int64, source string) {
	var prev []int64
	if p := g.find(s.K - 1); p != nil {
		prev = p.Times
	}
	for i := sort.Search(len(s.Times), func(i int) bool { return s.Times[i] >= from }); i < len(s.Times); i++ {
		t := s.Times[i]
		if s.Fired && t >= s.Time {
			return
		}
		n := int64(upper(s.Times, t) + len(prev) - upper(prev, t-st.Span))
		if n >= st.least {
			e.open(st, g, s, t, float64(n), source)
			return
		}
	}
}

// upper is how many times are not after t.
func upper(times []int64, t int64) int {
	return sort.Search(len(times), func(i int) bool { return times[i] > t })
}

// valued takes a hit of a value_count in.
func (e *Engine) valued(st *state, g *group, s *slot, h Hit) {
	if s.Values == nil {
		s.Values = map[string]ends{}
	}
	x, known := s.Values[h.Value]
	if !st.sliding {
		if !known && len(s.Values) < st.limit() {
			s.Values[h.Value] = ends{h.Time, h.Time, true}
		}
		return
	}
	was := x
	if !x.see(h.Time) {
		return
	}
	s.Values[h.Value] = x
	if (!known || x.Min < was.Min) && (!s.Fired || h.Time < s.Time) {
		e.firstValues(st, g, s, h.Time, h.Source)
	}
	if next := g.find(s.K + 1); next != nil && x.Max > was.Max || !known && next != nil {
		e.firstValues(st, g, next, never, "")
	}
	// As with times: values met before the firing, and those seen last.
	if n := int(st.least); s.Fired && len(s.Values) > 2*n+16 {
		keep := make([]string, 0, len(s.Values))
		for v, x := range s.Values {
			if x.Min > s.Time {
				keep = append(keep, v)
			}
		}
		early := len(s.Values) - len(keep)
		last := make([]int64, 0, len(s.Values))
		for _, x := range s.Values {
			last = append(last, x.Max)
		}
		slices.Sort(last)
		least := last[len(last)-n]
		slices.Sort(keep)
		for _, v := range keep {
			if s.Values[v].Max < least && len(s.Values) > early {
				delete(s.Values, v)
			}
		}
	}
}

// firstValues looks for the first window, from a time on, with enough different
// values. A window's number of values can only have grown where a value is met
// for the first time in the slot.
func (e *Engine) firstValues(st *state, g *group, s *slot, from int64, source string) {
	var mins, ends, both []int64 // first times in the slot; when values of the slot before run out; of these, those that come again
	for _, x := range s.Values {
		mins = append(mins, x.Min)
	}
	slices.Sort(mins)
	if p := g.find(s.K - 1); p != nil {
		for v, x := range p.Values {
			end := x.Max + st.Span
			ends = append(ends, end)
			if y, ok := s.Values[v]; ok && y.Min < end {
				both = append(both, y.Min) // from then on it would count twice, until end
			}
		}
		slices.Sort(ends)
		slices.Sort(both)
	}
	if int64(len(mins)+len(ends)) < st.least {
		return
	}
	var over []int64 // ends of those that come again
	if p := g.find(s.K - 1); p != nil && len(both) > 0 {
		for v, x := range p.Values {
			if y, ok := s.Values[v]; ok && y.Min < x.Max+st.Span {
				over = append(over, x.Max+st.Span)
			}
		}
		slices.Sort(over)
	}
	for _, t := range mins {
		if t < from {
			continue
		}
		if s.Fired && t >= s.Time {
			return
		}
		twice := upper(both, t) - upper(over, t)
		n := int64(upper(mins, t) + len(ends) - upper(ends, t) - twice)
		if n >= st.least {
			e.open(st, g, s, t, float64(n), source)
			return
		}
	}
}

// parted takes a hit of a temporal correlation in.
func (e *Engine) parted(st *state, g *group, s *slot, h Hit) {
	if s.Parts == nil {
		s.Parts = make([]ends, st.Rule.Parts)
	}
	if !s.Parts[h.Part].see(h.Time) || !st.sliding {
		return
	}
	e.firstParts(st, g, s, h.Source)
	if next := g.find(s.K + 1); next != nil {
		e.firstParts(st, g, next, "")
	}
}

func (e *Engine) firstParts(st *state, g *group, s *slot, source string) {
	var prev []ends
	if p := g.find(s.K - 1); p != nil {
		prev = p.Parts
	}
	best, value := int64(forever), 0
	there := make([]bool, st.Rule.Parts)
	for _, x := range s.Parts {
		if !x.Seen || x.Min >= best || s.Fired && x.Min >= s.Time {
			continue
		}
		n := 0
		for i, y := range s.Parts {
			there[i] = y.Seen && y.Min <= x.Min || prev != nil && prev[i].Seen && prev[i].Max > x.Min-st.Span
			if there[i] {
				n++
			}
		}
		if st.Present != nil && st.Present(there) || st.Present == nil && int64(n) >= st.least {
			best, value = x.Min, n
		}
	}
	if best < forever {
		e.open(st, g, s, best, float64(value), source)
	}
}

// closed decides about a slot that is over.
func (e *Engine) closed(st *state, g *group, s *slot, end int64) {
	var v float64
	switch {
	case st.Kind == EventCount:
		v = float64(s.Hits)
	case st.Kind == ValueCount:
		v = float64(len(s.Values))
	case st.metric():
		var ok bool
		if v, ok = st.whole(s); !ok {
			s.Passed = true
			return
		}
	default:
		for _, x := range s.Parts {
			if x.Seen {
				v++
			}
		}
	}
	s.Passed = true
	if st.holds(v) {
		e.open(st, g, s, end, v, "")
		e.pass(st, g, s)
	}
}
