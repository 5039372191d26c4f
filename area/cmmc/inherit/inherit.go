// Package inherit tells how enclaves stand that take part of their objectives from
// corporate services: which half of a failed objective is whose, what a change
// reaches, and what breaks if a service fails.
//
// The promise: an objective that is shared is met only when both halves are; what
// a service does not know, nobody who inherits it knows; a service that inherits
// from itself by any way is refused by name.
package inherit

import (
	"slices"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/fault"
)

// Kind says whose part an objective is.
type Kind string

// The kinds. What is not shared at all is the customer's.
const (
	Provider Kind = "provider"
	Shared   Kind = "shared"
)

// Share is what a system takes from another.
type Share struct {
	Provider   string
	Kind       Kind
	Objectives catalog.Bits
}

// State is what is open and what is unknown, with the marks of partial credit as
// score.Assessment.Open gives them.
type State struct{ Open, Unknown catalog.Bits }

// System is an enclave, or a service that others inherit from.
type System struct {
	ID      string
	Enclave bool
	Level   int
	SSP     bool
	Own     State
	Shares  []Share
}

type link struct {
	from int // the provider
	mask catalog.Bits
}

type node struct {
	System
	links []link
	ours  catalog.Bits // objectives of which our own half counts
	users []int
}

// Group are systems that inherit from each other.
type Group struct {
	nodes  []node
	index  map[string]int
	order  []int // providers first
	place  []int // of each node in order
	knot   int   // from here on, order is of no use: see settle
	effect []State
	stands []Standing
}

// New makes a group and computes it.
func New(systems []System) (*Group, error) {
	g := &Group{index: map[string]int{}, nodes: make([]node, len(systems)), effect: make([]State, len(systems)), stands: make([]Standing, len(systems))}
	for i, s := range systems {
		if _, twice := g.index[s.ID]; twice {
			return nil, fault.Invalidf("the system %q stands twice", s.ID)
		}
		g.index[s.ID] = i
		g.nodes[i] = node{System: s}
	}
	for i := range g.nodes {
		if err := g.connect(i); err != nil {
			return nil, err
		}
	}
	if err := g.sort(); err != nil {
		return nil, err
	}
	g.Recompute()
	return g, nil
}

// marks are the objectives that carry a mark of partial credit.
var marks = func() (list [][2]int) {
	for _, q := range catalog.Requirements(2) {
		if m, ok := q.Mark(); ok {
			list = append(list, [2]int{q.Objective[len(q.Objective)-1], m})
		}
	}
	return list
}()

func (g *Group) connect(i int) error {
	n := &g.nodes[i]
	var given, shared catalog.Bits
	for _, s := range n.Shares {
		from, ok := g.index[s.Provider]
		switch {
		case !ok:
			return fault.Invalidf("%q inherits from %q, which there is not", n.ID, s.Provider)
		case s.Kind != Provider && s.Kind != Shared:
			return fault.Invalidf("%q is no responsibility: provider or shared", string(s.Kind))
		}
		mask := s.Objectives
		for _, m := range marks { // a mark goes with its objective
			if mask.Has(m[0]) {
				mask.Set(m[1])
			}
		}
		given = given.Or(mask)
		if s.Kind == Shared {
			shared = shared.Or(mask)
		}
		n.links = append(n.links, link{from, mask})
		if users := &g.nodes[from].users; !slices.Contains(*users, i) {
			*users = append(*users, i)
		}
	}
	n.ours = everything.Without(given).Or(shared)
	return nil
}

var everything = func() (b catalog.Bits) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	return b
}()

// sort puts providers before those who inherit from them. Systems that inherit
// from each other, in different objectives, come last.
func (g *Group) sort() error {
	waits := make([]int, len(g.nodes))
	for i := range g.nodes {
		for _, u := range g.nodes[i].users {
			waits[u]++
		}
	}
	for i, w := range waits {
		if w == 0 {
			g.order = append(g.order, i)
		}
	}
	for k := 0; k < len(g.order); k++ {
		for _, u := range g.nodes[g.order[k]].users {
			if waits[u]--; waits[u] == 0 {
				g.order = append(g.order, u)
			}
		}
	}
	g.knot = len(g.order)
	for i, w := range waits {
		if w > 0 {
			g.order = append(g.order, i)
		}
	}
	g.place = make([]int, len(g.nodes))
	for at, i := range g.order {
		g.place[i] = at
	}
	return g.circles()
}

// circles refuses an objective that comes back to where it came from.
func (g *Group) circles() error {
	knot := g.order[g.knot:]
	if len(knot) == 0 {
		return nil
	}
	for o := range catalog.Objectives {
		const unseen, onPath, done = 0, 1, 2
		seen := make(map[int]int, len(knot))
		var path []string
		var walk func(i int) []string
		walk = func(i int) []string {
			seen[i] = onPath
			path = append(path, g.nodes[i].ID)
			for _, l := range g.nodes[i].links {
				if !l.mask.Has(o) {
					continue
				}
				switch seen[l.from] {
				case onPath:
					at := slices.Index(path, g.nodes[l.from].ID)
					return append(slices.Clone(path[at:]), g.nodes[l.from].ID)
				case unseen:
					if circle := walk(l.from); circle != nil {
						return circle
					}
				}
			}
			path = path[:len(path)-1]
			seen[i] = done
			return nil
		}
		for _, i := range knot {
			if seen[i] == unseen {
				if circle := walk(i); circle != nil {
					return fault.Invalidf("%s is inherited in a circle: %s", catalog.Name(o), strings.Join(circle, " → "))
				}
			}
		}
	}
	return nil
}

// compute is what counts for a system, given what counts for its providers.
func (g *Group) compute(i int, effect []State, own State) State {
	n := &g.nodes[i]
	for _, m := range marks { // a mark says something only of what is not met
		if !own.Open.Has(m[0]) && !own.Unknown.Has(m[0]) {
			own.Open.Clear(m[1])
		}
	}
	s := State{own.Open.And(n.ours), own.Unknown.And(n.ours)}
	for k := range n.links {
		l := &n.links[k]
		p := &effect[l.from]
		for w := range s.Open {
			s.Open[w] |= p.Open[w] & l.mask[w]
			s.Unknown[w] |= p.Unknown[w] & l.mask[w]
		}
	}
	s.Unknown = s.Unknown.Without(s.Open)
	return s
}

// Recompute computes everything anew.
func (g *Group) Recompute() {
	for _, i := range g.order[:g.knot] {
		g.effect[i] = g.compute(i, g.effect, g.nodes[i].Own)
	}
	g.settle(g.effect, nil)
	for i := range g.nodes {
		if g.nodes[i].Enclave {
			g.stands[i] = stand(&g.nodes[i], &g.effect[i])
		}
	}
}

// settle computes the knot. There is no circle in any objective, so it comes to
// rest after as many rounds as the longest way has steps. own is what a system
// has other than its own, where it has.
func (g *Group) settle(effect []State, own map[int]State) (touched []int) {
	for changed := true; changed; {
		changed = false
		for _, i := range g.order[g.knot:] {
			o, ok := own[i]
			if !ok {
				o = g.nodes[i].Own
			}
			if s := g.compute(i, effect, o); s != effect[i] {
				effect[i], changed = s, true
				touched = append(touched, i)
			}
		}
	}
	return touched
}

// spread recomputes i and all that inherit from it as far as something changes,
// and returns those that changed.
func (g *Group) spread(i int, effect []State, own map[int]State) []int {
	var touched []int
	dirty := make([]bool, g.knot)
	if at := g.place[i]; at < g.knot {
		dirty[at] = true
	}
	for at := min(g.place[i], g.knot); at < g.knot; at++ {
		if !dirty[at] {
			continue
		}
		j := g.order[at]
		o, ok := own[j]
		if !ok {
			o = g.nodes[j].Own
		}
		s := g.compute(j, effect, o)
		if s == effect[j] {
			continue
		}
		effect[j] = s
		touched = append(touched, j)
		for _, u := range g.nodes[j].users {
			if g.place[u] < g.knot {
				dirty[g.place[u]] = true
			}
		}
	}
	if g.knot < len(g.order) {
		touched = append(touched, g.settle(effect, own)...)
		slices.Sort(touched)
		touched = slices.Compact(touched)
	}
	return touched
}
