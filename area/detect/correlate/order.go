package correlate

import (
	"slices"
)

// placed takes a hit of a temporal_ordered correlation in, or of absence: here
// the order of hits counts, or which side of each other they are on.
func (e *Engine) placed(st *state, g *group, s *slot, h Hit) {
	x := place{h.Time, h.Event}
	if st.Absent[h.Part] {
		if s.Not == nil {
			s.Not = make([]places, st.Parts)
		}
		s.Not[h.Part].see(x)
		if st.positives == 1 {
			st.dead(g)
		}
		return
	}
	if s.Lists == nil {
		s.Lists = make([][]place, st.Parts)
	}
	list := s.Lists[h.Part]
	i, dup := slices.BinarySearchFunc(list, x, place.compare)
	if dup {
		return
	}
	list = slices.Insert(list, i, x)
	if len(list) > mostExact {
		// The first and the last stay, every other one in between does not.
		kept := list[:1:1]
		for j := 2; j < len(list)-1; j += 2 {
			kept = append(kept, list[j])
		}
		list = append(kept, list[len(list)-1])
		s.Approx = true
	}
	s.Lists[h.Part] = list
	if st.absence() {
		if st.positives == 1 && !st.clear(g, s, x) {
			s.Lists[h.Part] = slices.DeleteFunc(list, func(y place) bool { return y == x })
		}
		return
	}
	last := i == len(list)-1
	for p := range s.Lists {
		last = last && (len(s.Lists[p]) == 0 || s.Lists[p][len(s.Lists[p])-1].compare(x) <= 0)
	}
	// The newest hit of a part from which no chain can end completes nothing.
	// Nor does anything after a firing move it.
	if !(last && int64(h.Part+1) < st.least) && !(s.Fired && h.Time >= s.Time) {
		e.firstChain(st, g, s, h.Source)
	}
	if next := g.find(s.K + 1); next != nil {
		e.firstChain(st, g, next, "")
	}
}

// step is a hit on the way along a group's time.
type step struct {
	place
	part int
}

// steps are the hits of a slot and the one before, in order. Of one event the
// later part comes first, so that it does not follow itself.
func steps(st *state, g *group, s *slot) []step {
	var out []step
	for _, k := range []int64{s.K - 1, s.K} {
		o := g.find(k)
		if o == nil {
			continue
		}
		for p, list := range o.Lists {
			for _, x := range list {
				out = append(out, step{x, p})
			}
		}
	}
	slices.SortFunc(out, func(a, b step) int {
		if c := a.compare(b.place); c != 0 {
			return c
		}
		return b.part - a.part
	})
	return out
}

// firstChain looks for the first hit of a slot that ends a chain of enough parts
// in order.
func (e *Engine) firstChain(st *state, g *group, s *slot, source string) {
	need := int(st.least)
	if st.Present != nil {
		need = st.Parts
	}
	if have := st.seen(g, s); have < need {
		return
	}
	if t, _, ok := st.chain(steps(st, g, s), s.K*st.Span, need, nil); ok && (!s.Fired || t.T < s.Time) {
		e.open(st, g, s, t.T, float64(need), source)
	}
}

// seen is how many parts have a hit in a slot or the one before.
func (st *state) seen(g *group, s *slot) int {
	n := 0
	prev := g.find(s.K - 1)
	for p := range st.Parts {
		if s.Lists != nil && len(s.Lists[p]) > 0 || prev != nil && prev.Lists != nil && len(prev.Lists[p]) > 0 {
			n++
		}
	}
	return n
}

// chain walks along and keeps, for every part and length, the latest start of a
// chain of that length that ends with the part. It returns the first end of a
// whole chain from a time on which ok accepts.
func (st *state) chain(walk []step, from int64, need int, ok func(end place) bool) (end, start place, found bool) {
	const none = never
	starts := make([]place, st.Parts*(need+1))
	for i := range starts {
		starts[i].T = none
	}
	at := func(part, n int) *place { return &starts[part*(need+1)+n] }
	for _, x := range walk {
		for n := need; n >= 1; n-- {
			best := place{T: none}
			if n == 1 {
				best = x.place
			} else {
				for p := range x.part {
					if b := *at(p, n-1); b.T != none && (best.T == none || b.compare(best) > 0) {
						best = b
					}
				}
			}
			if best.T == none {
				continue
			}
			if old := at(x.part, n); old.T == none || best.compare(*old) > 0 {
				*old = best
			}
			if n == need && x.T >= from && x.T-best.T < st.Span && (ok == nil || ok(x.place)) {
				return x.place, best, true
			}
		}
	}
	return place{}, place{}, false
}

// shorten leaves out, before the watermark, hits between two others of the same
// part with no other part in between: a chain can as well use one of those.
func (st *state) shorten(g *group, mark int64) {
	for _, s := range g.slots {
		if s.Lists == nil {
			continue
		}
		n := 0
		for _, l := range s.Lists {
			n += len(l)
		}
		if n < 16 {
			continue
		}
		var all []step
		for p, l := range s.Lists {
			for _, x := range l {
				all = append(all, step{x, p})
			}
		}
		slices.SortFunc(all, func(a, b step) int {
			if c := a.compare(b.place); c != 0 {
				return c
			}
			return b.part - a.part
		})
		lists := make([][]place, st.Parts)
		for i, x := range all {
			if i > 0 && i < len(all)-1 && all[i-1].part == x.part && all[i+1].part == x.part && all[i+1].T <= mark {
				continue
			}
			lists[x.part] = append(lists[x.part], x.place)
		}
		s.Lists = lists
	}
}

// clear tells whether no hit of what must be absent is within the timespan of a
// completion, as far as is known.
func (st *state) clear(g *group, s *slot, t place) bool {
	for part, absent := range st.Absent {
		if !absent {
			continue
		}
		before, after := st.sides(part)
		for _, k := range []int64{s.K - 1, s.K, s.K + 1} {
			o := g.find(k)
			if o == nil || o.Not == nil || !o.Not[part].Seen {
				continue
			}
			q := o.Not[part]
			// Before t the latest of its slot counts, after it the first; in the slot of
			// t itself everything is near enough.
			if before && (k < s.K && q.Max.T > t.T-st.Span || k == s.K && q.Min.compare(t) < 0) {
				return false
			}
			if after && (k > s.K && q.Min.T < t.T+st.Span || k == s.K && q.Max.compare(t) > 0) {
				return false
			}
			if before && after && k == s.K {
				return false
			}
		}
	}
	return true
}

// certain is when it is known that nothing near a completion is still to come.
func (st *state) certain(t int64) int64 {
	for part, absent := range st.Absent {
		if _, after := st.sides(part); absent && after {
			return t + st.Span
		}
	}
	return t
}

// dead leaves out completions that cannot hold any more. With one part that must
// be there every hit of it is a completion by itself.
func (st *state) dead(g *group) {
	for _, s := range g.slots {
		for p := range s.Lists {
			s.Lists[p] = slices.DeleteFunc(s.Lists[p], func(t place) bool { return !st.clear(g, s, t) })
		}
	}
}

// absent decides about the completions of a slot of which it is certain.
func (e *Engine) absent(st *state, g *group, s *slot, mark int64) {
	if s.Fired || s.Lists == nil {
		return
	}
	asked := s.Asked
	s.Asked = mark
	end, ok := st.completion(g, s, func(t place) bool {
		c := st.certain(t.T)
		return c > asked && c <= mark && st.clear(g, s, t)
	})
	if ok {
		e.open(st, g, s, st.certain(end.T), 0, "")
	}
}

// completion is the first hit of a slot that completes what must be there and
// that ok accepts.
func (st *state) completion(g *group, s *slot, ok func(place) bool) (place, bool) {
	walk := steps(st, g, s)
	if st.Kind == Ordered {
		end, _, found := st.chain(walk, s.K*st.Span, st.positives, ok)
		return end, found
	}
	last := make([]place, st.Parts)
	for i := range last {
		last[i].T = never
	}
	for i, x := range walk {
		last[x.part] = x.place
		if i+1 < len(walk) && walk[i+1].T == x.T { // a window holds all of its last moment
			continue
		}
		all := x.T >= s.K*st.Span
		for p, absent := range st.Absent {
			all = all && (absent || last[p].T > x.T-st.Span)
		}
		if all && ok(x.place) {
			return x.place, true
		}
	}
	return place{}, false
}

// undecided is when the watermark should look at a slot of absence: as soon as
// something about it may be certain.
func (st *state) undecided(g *group, s *slot) int64 {
	if s.Fired {
		return s.Time
	}
	at := int64(forever)
	for _, l := range s.Lists {
		for _, x := range l {
			if c := st.certain(x.T); c > s.Asked {
				at = min(at, c)
				break
			}
		}
	}
	return at
}
