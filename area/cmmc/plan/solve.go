package plan

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// mset is a set of measures.
type mset [4]uint64

const maxMeasures = 256

func (s *mset) add(i int)     { s[i>>6] |= 1 << (i & 63) }
func (s mset) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }
func (s mset) empty() bool    { return s == mset{} }

func (s mset) and(o mset) mset {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func (s mset) without(o mset) mset {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

func (s mset) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s mset) all(yield func(int) bool) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(w<<6 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// item is a requirement of an enclave that is open: it is closed when of each of
// its sets at least one measure is chosen, and only then does it count.
type item struct {
	sets   []mset
	points int
	group  int // whose points it counts for
}

// problem is what the solver sees: sets that must be hit, items that may be
// closed, and how many points of them each group needs.
type problem struct {
	cost  []int64
	must  []mset
	items []item
	need  []int
}

// minimal keeps the sets that imply the others: who hits a part of a set has hit
// the set.
func minimal(sets []mset) []mset {
	slices.SortStableFunc(sets, func(a, b mset) int { return a.count() - b.count() })
	var keep []mset
	for _, s := range sets {
		if !slices.ContainsFunc(keep, func(k mset) bool { return k.without(s).empty() }) {
			keep = append(keep, s)
		}
	}
	return keep
}

// search is a branch and bound. The bound gives each set that must be hit a price
// such that no measure is charged more than it costs; any choice then costs at
// least the sum of the prices.
type search struct {
	*problem
	nodes   int
	best    int64
	chosen  mset
	found   bool
	reduced []int64
	budget  int64 // when points are sought
	points  int
	ratio   []priced
	value   []float64 // of each measure: what it hits for its cost
}

func (p *problem) search() *search {
	s := &search{problem: p, best: never, points: -1, reduced: make([]int64, len(p.cost)), value: make([]float64, len(p.cost))}
	for _, set := range p.must {
		for m := range set.all {
			s.value[m] += 4
		}
	}
	for i := range p.items {
		for _, set := range p.items[i].sets {
			for m := range set.all {
				s.value[m]++
			}
		}
	}
	for m := range s.value {
		s.value[m] = (s.value[m] + 1) / (float64(p.cost[m]) + 1)
	}
	return s
}

// arrange moves sets and items to the front of their lists as long as that makes
// the bound better. The numbers behind the choice are always the same.
func (s *search) arrange(better func() bool) {
	rng := rand.New(rand.NewPCG(1, 1))
	better()
	for range trials {
		if n := len(s.must); n > 1 {
			old := slices.Clone(s.must)
			front(s.must, rng.IntN(n))
			if !better() {
				copy(s.must, old)
			}
		}
		if n := len(s.items); n > 1 {
			old := slices.Clone(s.items)
			front(s.items, rng.IntN(n))
			if !better() {
				copy(s.items, old)
			}
		}
	}
}

func front[T any](list []T, i int) {
	x := list[i]
	copy(list[1:i+1], list[:i])
	list[0] = x
}

type priced struct {
	item  int
	price int64
}

// limit is how many branches are looked at before the best so far is taken for
// an answer that is not proven.
const limit = 40_000

// trials is how many orders of pricing are tried before the search: which set is
// priced first decides how tight the bound is.
const trials = 300

const never = math.MaxInt64

// cheapest is the cheapest choice that hits every set and gives every group its
// points.
func (p *problem) cheapest() (chosen mset, cost int64, found, proven bool) {
	s := p.search()
	high := int64(-1)
	s.arrange(func() bool {
		b, _ := s.bound(mset{}, mset{})
		ok := b >= high
		high = max(high, b)
		return ok
	})
	s.least(mset{}, mset{}, 0)
	return s.chosen, s.best, s.found, s.nodes < limit
}

// open tells whether an item is closed by the choice, and whether it can be.
func (it *item) state(chosen, banned mset) (closed, alive bool) {
	closed = true
	for _, set := range it.sets {
		if !set.and(chosen).empty() {
			continue
		}
		closed = false
		if set.without(banned).empty() {
			return false, false
		}
	}
	return closed, true
}

// charge prices a set that is not hit yet.
func (s *search) charge(set, banned mset) int64 {
	low := int64(never)
	for m := range set.without(banned).all {
		low = min(low, s.reduced[m])
	}
	if low > 0 {
		for m := range set.without(banned).all {
			s.reduced[m] -= low
		}
	}
	return low
}

func (s *search) price(it *item, chosen, banned mset) (sum int64) {
	for _, set := range it.sets {
		if set.and(chosen).empty() {
			sum += s.charge(set, banned)
		}
	}
	return sum
}

// bound is the least that is still to be paid, or never; and the set or item at
// which to branch.
func (s *search) bound(chosen, banned mset) (least int64, at mset) {
	copy(s.reduced, s.cost)
	narrow := maxMeasures + 1
	for _, set := range s.must {
		if !set.and(chosen).empty() {
			continue
		}
		left := set.without(banned)
		if left.empty() {
			return never, mset{}
		}
		if n := left.count(); n < narrow {
			narrow, at = n, left
		}
		least += s.charge(set, banned)
	}
	for g, need := range s.need {
		s.ratio = s.ratio[:0]
		for i := range s.items {
			it := &s.items[i]
			if it.group != g {
				continue
			}
			switch closed, alive := it.state(chosen, banned); {
			case closed:
				need -= it.points
			case alive:
				s.ratio = append(s.ratio, priced{item: i})
			}
		}
		if need <= 0 {
			continue
		}
		for k := range s.ratio {
			s.ratio[k].price = s.price(&s.items[s.ratio[k].item], chosen, banned)
		}
		slices.SortFunc(s.ratio, func(a, b priced) int { return s.compare(a, b) })
		for _, r := range s.ratio {
			it := &s.items[r.item]
			if at.empty() {
				at = s.toward(it, chosen, banned)
			}
			if it.points >= need {
				least += r.price * int64(need) / int64(it.points)
				need = 0
				break
			}
			least, need = least+r.price, need-it.points
		}
		if need > 0 {
			return never, mset{}
		}
	}
	return least, at
}

// compare orders items by price per point.
func (s *search) compare(a, b priced) int {
	x, y := float64(a.price)*float64(s.items[b.item].points), float64(b.price)*float64(s.items[a.item].points)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return a.item - b.item
}

// toward is the narrowest set of an item that is not hit.
func (s *search) toward(it *item, chosen, banned mset) (at mset) {
	narrow := maxMeasures + 1
	for _, set := range it.sets {
		if left := set.without(banned); set.and(chosen).empty() && left.count() < narrow {
			narrow, at = left.count(), left
		}
	}
	return at
}

func (s *search) least(chosen, banned mset, paid int64) {
	for s.nodes < limit {
		s.nodes++
		rest, at := s.bound(chosen, banned)
		switch {
		case rest == never || paid+rest >= s.best:
			return
		case at.empty():
			s.best, s.chosen, s.found = paid, chosen, true
			return
		}
		m := s.pick(at)
		if at.count() > 1 {
			with := chosen
			with.add(m)
			s.least(with, banned, paid+s.cost[m])
			banned.add(m)
			continue
		}
		chosen.add(m) // there is no other
		paid += s.cost[m]
	}
}

// pick is the measure of a set that hits the most for its cost.
func (s *search) pick(at mset) int {
	best := -1
	for m := range at.all {
		if best < 0 || s.value[m] > s.value[best] {
			best = m
		}
	}
	return best
}

// richest is the choice within a budget that closes items for the most points;
// of those with as many points the cheapest.
func (p *problem) richest(budget int64) (chosen mset, points int, proven bool) {
	s := p.search()
	s.budget = budget
	var dear mset
	for m, c := range p.cost {
		if c > budget {
			dear.add(m)
		}
	}
	low := math.MaxInt
	s.arrange(func() bool {
		got, more := s.hope(mset{}, dear, 0)
		ok := got+more <= low
		low = min(low, got+more)
		return ok
	})
	s.most(mset{}, dear, 0)
	return s.chosen, s.points, s.nodes < limit
}

func (s *search) most(chosen, banned mset, paid int64) {
	for s.nodes < limit {
		s.nodes++
		for m, c := range s.cost {
			if !chosen.has(m) && c > s.budget-paid {
				banned.add(m)
			}
		}
		got, more := s.hope(chosen, banned, paid)
		if got > s.points || got == s.points && paid < s.best {
			s.points, s.best, s.chosen = got, paid, chosen
		}
		if len(s.ratio) == 0 || got+more < s.points || got+more == s.points && paid >= s.best {
			return
		}
		m := s.pick(s.toward(&s.items[s.ratio[0].item], chosen, banned))
		with := chosen
		with.add(m)
		s.most(with, banned, paid+s.cost[m])
		banned.add(m)
	}
}

// hope is what a choice is worth, and the most that the rest of the budget can add
// to it. It leaves what may still be closed in ratio, the best first.
func (s *search) hope(chosen, banned mset, paid int64) (got, more int) {
	copy(s.reduced, s.cost)
	s.ratio = s.ratio[:0]
	for i := range s.items {
		switch closed, alive := s.items[i].state(chosen, banned); {
		case closed:
			got += s.items[i].points
		case alive:
			s.ratio = append(s.ratio, priced{item: i})
		}
	}
	for k := range s.ratio {
		s.ratio[k].price = s.price(&s.items[s.ratio[k].item], chosen, banned)
	}
	slices.SortFunc(s.ratio, s.compare)
	left := s.budget - paid
	for _, r := range s.ratio {
		n := s.items[r.item].points
		if r.price > left {
			return got, more + int(float64(n)*float64(left)/float64(r.price)) + 1
		}
		more, left = more+n, left-r.price
	}
	return got, more
}
