package correlate

import (
	"container/heap"
	"math"
	"slices"
)

// never is a time before all others, forever one after them.
const (
	never   = math.MinInt64 / 4
	forever = math.MaxInt64 / 4
)

// Options are what an engine needs of its surroundings.
type Options struct {
	// Join is the scope that holds two scopes; nil: the first.
	Join func(a, b string) string
	// Samples is how many hits of a group and slot are remembered by name; 0: 10,
	// less than 0: none.
	Samples int
	// Pass fills in the group and the value of a hit that a firing is for another
	// rule; false: it belongs to no group there. nil: the group stays.
	Pass func(f Firing, to Feed, h *Hit) bool
}

// Engine holds the state of rules. It is for one goroutine.
type Engine struct {
	rules []*state
	o     Options
	fired []Firing
}

// state is a rule with its groups.
type state struct {
	Rule
	n         int
	least     int64
	sliding   bool
	mark      int64 // watermark
	groups    map[string]*group
	dirty     map[string]bool
	due       dueHeap
	bytes     int64
	newest    *group
	oldest    *group
	figures   Figures
	positives int
	chained   bool // some of its hits are firings of others
}

// New makes an engine. Rules to which others feed come after them.
func New(rules []Rule, o Options) *Engine {
	if o.Join == nil {
		o.Join = func(a, _ string) string { return a }
	}
	if o.Samples == 0 {
		o.Samples = mostSamples
	}
	e := &Engine{o: o}
	for i, r := range rules {
		if r.MaxGroups == 0 {
			r.MaxGroups = 50_000
		}
		if r.MaxBytes == 0 {
			r.MaxBytes = 64 << 20
		}
		if r.Absent == nil {
			r.Absent = make([]bool, r.Parts)
		}
		st := &state{Rule: r, n: i, mark: never, groups: map[string]*group{}, dirty: map[string]bool{}}
		st.least, st.sliding = r.atLeast()
		for _, a := range r.Absent {
			if !a {
				st.positives++
			}
		}
		e.rules = append(e.rules, st)
	}
	for _, r := range rules {
		for _, f := range r.Feeds {
			e.rules[f.Rule].chained = true
		}
	}
	return e
}

// Figures tell how a rule is doing.
func (e *Engine) Figures(rule int) Figures {
	f := e.rules[rule].figures
	f.Groups, f.Bytes = len(e.rules[rule].groups), e.rules[rule].bytes
	return f
}

// Watermark is that of a rule.
func (e *Engine) Watermark(rule int) int64 { return e.rules[rule].mark }

// Fired hands over what was found since it was asked last.
func (e *Engine) Fired() []Firing {
	out := e.fired
	e.fired = nil
	return out
}

// Feed takes a hit in. It tells whether the hit became a sample, by which a
// firing may be shown, and whether it came too late.
func (e *Engine) Feed(h Hit) (sample, late bool) {
	st := e.rules[h.Rule]
	st.figures.Hits++
	if h.Time <= st.mark {
		st.figures.Late++
		return false, true
	}
	if st.metric() && (math.IsNaN(h.Number) || math.IsInf(h.Number, 0)) {
		return false, false
	}
	g := st.group(h.Group)
	st.touch(g)
	s := g.at(floor(h.Time, st.Span))
	s.Hits++
	if s.Hits == 1 {
		s.Source, s.Scope = h.Source, h.Scope
	} else if s.Scope != h.Scope {
		s.Scope = e.o.Join(s.Scope, h.Scope)
	}
	if at := (place{h.Time, h.Event}); h.Carry != "" && (s.Carry == "" || at.compare(s.From) < 0) {
		s.Carry, s.From = h.Carry, at
	}
	if e.o.Samples > 0 && !st.Absent[h.Part] {
		sample = st.sample(s, h, e.o.Samples)
	}
	switch {
	case st.absence(), st.Kind == Ordered:
		e.placed(st, g, s, h)
	case st.metric():
		e.measured(st, g, s, h)
	case st.Kind == EventCount:
		e.counted(st, g, s, h)
	case st.Kind == ValueCount:
		e.valued(st, g, s, h)
	default:
		e.parted(st, g, s, h)
	}
	g.change()
	st.resize(g)
	e.schedule(st, g)
	e.evict(st, g)
	return sample, false
}

// sample remembers the first hits of each part.
func (st *state) sample(s *slot, h Hit, most int) bool {
	quota := max(1, most/max(1, st.positives))
	if len(h.Samples) > 0 { // of a correlation: its hits stand for it
		for _, r := range h.Samples {
			if len(s.Samples) < most && !slices.ContainsFunc(s.Samples, func(o Ref) bool { return o.Event == r.Event }) {
				s.Samples = append(s.Samples, Ref{r.Event, h.Part, r.Time})
			}
		}
		return false
	}
	n := 0
	if len(s.Samples) >= most {
		return false
	}
	for _, r := range s.Samples {
		if r.Event == h.Event {
			return false
		}
		if r.Part == h.Part {
			n++
		}
	}
	if n >= quota || len(s.Samples) >= most {
		return false
	}
	s.Samples = append(s.Samples, Ref{h.Event, h.Part, h.Time})
	return true
}

// open tells that a group fires in a slot, or that it does at an earlier time
// than was known.
func (e *Engine) open(st *state, g *group, s *slot, t int64, value float64, source string) {
	first := !s.Fired
	s.Fired, s.Time, s.Value = true, t, value
	if source != "" {
		s.Source = source
	}
	if first {
		st.figures.Fired++
		if s.Approx {
			st.figures.Approx++
		}
		e.fired = append(e.fired, e.firing(st, g, s, false))
	}
}

func (e *Engine) firing(st *state, g *group, s *slot, final bool) Firing {
	f := Firing{Rule: st.n, Group: g.key, Slot: s.K, Time: s.Time, Hits: s.Hits, Value: s.Value, Source: s.Source, Scope: s.Scope, Carry: s.Carry, Approx: s.Approx, Final: final}
	from := s.Time - st.Span
	if st.absence() {
		from -= st.Span
	}
	for _, k := range []int64{s.K - 1, s.K, s.K + 1} {
		if o := g.find(k); o != nil && (k <= s.K || st.absence()) {
			if o.Scope != "" && k != s.K && o.Scope != f.Scope {
				f.Scope = e.o.Join(f.Scope, o.Scope)
			}
			for _, r := range o.Samples {
				if r.Time > from && r.Time <= s.Time || st.chained && k == s.K {
					f.Samples = append(f.Samples, r)
				}
			}
			f.Approx = f.Approx || o.Approx
		}
	}
	if !st.sliding && !st.absence() {
		f.Samples = slices.Clone(s.Samples)
	}
	slices.SortFunc(f.Samples, func(a, b Ref) int { return place{a.Time, a.Event}.compare(place{b.Time, b.Event}) })
	return f
}

// pass hands a firing whose time is final to those who wait for it.
func (e *Engine) pass(st *state, g *group, s *slot) {
	s.Passed = true
	f := e.firing(st, g, s, true)
	e.fired = append(e.fired, f)
	for _, to := range st.Feeds {
		h := Hit{Rule: to.Rule, Part: to.Part, Time: s.Time, Event: "~" + st.ID + "~" + g.key, Source: s.Source, Scope: f.Scope, Samples: f.Samples}
		if h.Group, h.Carry = g.key, f.Carry; e.o.Pass == nil || e.o.Pass(f, to, &h) {
			e.Feed(h)
		}
	}
}

// Advance moves the watermark of a rule: nothing at or before it is still to
// come. Rules are moved in their order, and a rule no further than those that
// feed it.
func (e *Engine) Advance(rule int, mark int64) {
	st := e.rules[rule]
	if mark <= st.mark {
		return
	}
	st.mark = mark
	for len(st.due) > 0 && st.due[0].at <= mark {
		d := heap.Pop(&st.due).(due)
		g := d.g
		if st.groups[g.key] != g || g.due != d.at {
			continue // it is looked at another time, or is gone
		}
		g.due = forever
		e.settle(st, g, mark)
		g.change()
		if len(g.slots) == 0 {
			st.remove(g)
			continue
		}
		st.resize(g)
		e.schedule(st, g)
	}
}

// Finish ends time: whatever was waited for has not come.
func (e *Engine) Finish() {
	for i := range e.rules {
		e.Advance(i, forever)
	}
}

// settle decides what the watermark has passed, and forgets slots that nothing
// can fall in or ask for.
func (e *Engine) settle(st *state, g *group, mark int64) {
	for i := 0; i < len(g.slots); i++ {
		s := g.slots[i]
		if s.Passed {
			continue
		}
		switch {
		case st.absence():
			e.absent(st, g, s, mark)
		case !st.sliding:
			if end := (s.K + 1) * st.Span; end <= mark {
				e.closed(st, g, s, end)
			}
			continue
		case st.metric():
			e.ask(st, g, s, mark)
		}
		if s.Fired && s.Time <= mark {
			e.pass(st, g, s)
		}
	}
	if st.Kind == Ordered && !st.absence() {
		st.shorten(g, mark)
	}
	g.slots = slices.DeleteFunc(g.slots, func(s *slot) bool { return (s.K+st.lives())*st.Span <= mark })
}

// schedule says when the watermark has to look at a group again.
func (e *Engine) schedule(st *state, g *group) {
	at := int64(forever)
	for _, s := range g.slots {
		at = min(at, (s.K+st.lives())*st.Span)
		if s.Passed {
			continue
		}
		switch {
		case st.absence():
			at = min(at, st.undecided(g, s))
		case !st.sliding:
			at = min(at, (s.K+1)*st.Span)
		case s.Fired:
			at = min(at, s.Time)
		case st.metric():
			at = min(at, s.unasked())
		}
	}
	if at != g.due {
		g.due = at
		heap.Push(&st.due, due{at, g})
	}
	if len(st.due) > 4*len(st.groups)+1024 { // most of it is out of date
		st.due = st.due[:0]
		for _, g := range st.groups {
			st.due = append(st.due, due{g.due, g})
		}
		heap.Init(&st.due)
	}
}

type due struct {
	at int64
	g  *group
}

type dueHeap []due

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].g.key < h[j].g.key
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = due{}
	*h = old[:len(old)-1]
	return x
}

// group finds or makes a group.
func (st *state) group(key string) *group {
	g := st.groups[key]
	if g == nil {
		g = &group{key: key, due: forever, rule: st}
		st.groups[key] = g
		st.push(g)
	}
	return g
}

func (g *group) change() {
	if !g.dirty {
		g.dirty = true
		g.rule.dirty[g.key] = true
	}
}

func (st *state) resize(g *group) {
	n := g.weigh()
	st.bytes += n - g.size
	g.size = n
}

// evict keeps a rule within its quota. The group just touched stays.
func (e *Engine) evict(st *state, keep *group) {
	for (len(st.groups) > st.MaxGroups || st.bytes > st.MaxBytes) && st.oldest != keep {
		st.figures.Evicted++
		st.oldest.change()
		st.remove(st.oldest)
	}
}

func (st *state) remove(g *group) {
	st.bytes -= g.size
	delete(st.groups, g.key)
	st.unlink(g)
	g.due = never
}

func (st *state) push(g *group) {
	g.older = st.newest
	if st.newest != nil {
		st.newest.newer = g
	}
	st.newest = g
	if st.oldest == nil {
		st.oldest = g
	}
}

func (st *state) unlink(g *group) {
	if g.newer != nil {
		g.newer.older = g.older
	} else {
		st.newest = g.older
	}
	if g.older != nil {
		g.older.newer = g.newer
	} else {
		st.oldest = g.newer
	}
	g.newer, g.older = nil, nil
}

func (st *state) touch(g *group) {
	if st.newest != g {
		st.unlink(g)
		st.push(g)
	}
}

// floor is the slot of a time.
func floor(t, span int64) int64 {
	k := t / span
	if t%span < 0 {
		k--
	}
	return k
}
