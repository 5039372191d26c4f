package correlate

import (
	"encoding/json"
	"slices"
	"strings"
)

// group is the state of one group of a rule.
type group struct {
	key   string
	slots []*slot // by K
	due   int64   // when the watermark has to look at it; never: none
	size  int64
	dirty bool
	rule  *state
	// in the list from the group that was touched last to the one that was not for
	// the longest time
	newer, older *group
}

// slot is what is known of a group in a slot. Which parts are used depends on
// the kind of the rule.
type slot struct {
	K       int64           `json:"k"`
	Hits    int64           `json:"n"`
	Fired   bool            `json:"f,omitempty"`
	Time    int64           `json:"t,omitempty"` // of the firing
	Passed  bool            `json:"d,omitempty"` // its firing is final, or decided that there is none
	Asked   int64           `json:"a,omitempty"` // windows up to here were asked
	Approx  bool            `json:"x,omitempty"`
	Value   float64         `json:"v,omitempty"`
	Source  string          `json:"s,omitempty"`
	Scope   string          `json:"o,omitempty"`
	Carry   string          `json:"w,omitempty"`
	From    place           `json:"h,omitzero"` // the hit that Carry is of
	Samples []Ref           `json:"r,omitempty"`
	Times   []int64         `json:"c,omitempty"` // event_count
	Values  map[string]ends `json:"u,omitempty"` // value_count
	Parts   []ends          `json:"p,omitempty"` // temporal
	Lists   [][]place       `json:"l,omitempty"` // temporal_ordered, and what must be there beside absence
	Not     []places        `json:"q,omitempty"` // what must not be there
	Entries []entry         `json:"e,omitempty"` // sums and quantiles
	Buckets []bucket        `json:"b,omitempty"`
}

// ends are the first and last time at which something was seen in a slot. Seen
// tells that it was.
type ends struct {
	Min  int64 `json:"i"`
	Max  int64 `json:"a"`
	Seen bool  `json:"s"`
}

func (e *ends) see(t int64) (widened bool) {
	switch {
	case !e.Seen:
		*e = ends{t, t, true}
	case t < e.Min:
		e.Min = t
	case t > e.Max:
		e.Max = t
	default:
		return false
	}
	return true
}

// place orders hits: by time, then by event.
type place struct {
	T int64  `json:"t"`
	E string `json:"e"`
}

func (p place) compare(o place) int {
	switch {
	case p.T < o.T:
		return -1
	case p.T > o.T:
		return 1
	}
	return strings.Compare(p.E, o.E)
}

type places struct {
	Min  place `json:"i"`
	Max  place `json:"a"`
	Seen bool  `json:"s"`
}

func (p *places) see(x place) {
	if !p.Seen {
		*p = places{x, x, true}
		return
	}
	if x.compare(p.Min) < 0 {
		p.Min = x
	}
	if x.compare(p.Max) > 0 {
		p.Max = x
	}
}

type entry struct {
	T int64   `json:"t"`
	V float64 `json:"v"`
}

func compareEntries(a, b entry) int {
	switch {
	case a.T != b.T:
		if a.T < b.T {
			return -1
		}
		return 1
	case a.V < b.V:
		return -1
	case a.V > b.V:
		return 1
	}
	return 0
}

// find returns a slot; nil: there is none.
func (g *group) find(k int64) *slot {
	for _, s := range g.slots {
		if s.K == k {
			return s
		}
	}
	return nil
}

func (g *group) at(k int64) *slot {
	i, ok := slices.BinarySearchFunc(g.slots, k, func(s *slot, k int64) int { return int(min(max(s.K-k, -1), 1)) })
	if !ok {
		g.slots = slices.Insert(g.slots, i, &slot{K: k, Asked: never})
	}
	return g.slots[i]
}

// weigh estimates the memory of a group.
func (g *group) weigh() int64 {
	n := int64(220 + len(g.key))
	for _, s := range g.slots {
		n += 320 + int64(8*len(s.Times)+24*len(s.Parts)+16*len(s.Entries)+96*len(s.Not)+len(s.Source)+len(s.Scope)+len(s.Carry))
		for v := range s.Values {
			n += int64(72 + len(v))
		}
		for _, l := range s.Lists {
			n += 24 + int64(64*len(l))
		}
		for _, b := range s.Buckets {
			n += 48 + int64(16*len(b.Some))
		}
		n += int64(80 * len(s.Samples))
	}
	return n
}

// Saved is the state of a group as it is kept over a restart.
type Saved struct {
	Rule  string
	Group string
	Body  []byte // nil: the group is gone
}

type savedGroup struct {
	Slots []*slot `json:"s"`
}

// Dirty hands over the groups that changed since it was asked last.
func (e *Engine) Dirty() []Saved {
	var out []Saved
	for _, st := range e.rules {
		for key := range st.dirty {
			s := Saved{Rule: st.ID, Group: key}
			if g := st.groups[key]; g != nil {
				s.Body, _ = json.Marshal(savedGroup{g.slots})
				g.dirty = false
			}
			out = append(out, s)
		}
		clear(st.dirty)
	}
	slices.SortFunc(out, func(a, b Saved) int {
		if c := strings.Compare(a.Rule, b.Rule); c != 0 {
			return c
		}
		return strings.Compare(a.Group, b.Group)
	})
	return out
}

// Load takes up a group as it was saved. Groups of rules that are no longer
// there are left out.
func (e *Engine) Load(s Saved) error {
	for i, st := range e.rules {
		if st.ID != s.Rule {
			continue
		}
		var x savedGroup
		if err := json.Unmarshal(s.Body, &x); err != nil {
			return err
		}
		g := st.group(s.Group)
		g.slots = x.Slots
		st.resize(g)
		e.schedule(e.rules[i], g)
		g.dirty = false
		delete(st.dirty, s.Group)
	}
	return nil
}
