package sigma

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// A dfa answers whether an expression matches anywhere in a text, in one pass
// over its bytes. Its states are sets of places in the expression and are made
// when they are first met (a lazy automaton). What is kept is bounded: a full
// cache is emptied, and a text that empties it again and again is given to the
// general matcher, so that time stays proportional to the text.
//
// A dfa belongs to one Matcher; what it is made from, the [pattern], is shared.
type dfa struct {
	p      *pattern
	ids    map[string]int32
	states []dfaState
	next   []int32 // state*width+class → state*width, or one of the marks below
	width  int32
	start  int32
	most   int // states kept

	queue, stack []uint32
	seen         []uint32 // per place: round in which it was met
	round        uint32
	key          []byte
}

type dfaState struct {
	set    []uint32 // places: characters to read and conditions to meet
	before uint8    // what is before the text that remains; 0 where nothing asks
}

const (
	dfaUnknown = -1 // not yet computed
	dfaDead    = -2 // no match can begin any more
	dfaMatch   = -3
)

// What stands before the place where a state is.
const (
	beforeBegin = 1 << iota
	beforeLine
	beforeWord
)

const (
	dfaBytes   = 64 << 10 // of a transition table
	dfaFlushes = 4        // in one text, before the general matcher takes over
)

func newDFA(p *pattern) *dfa {
	d := &dfa{p: p, width: int32(p.classes + 1), seen: make([]uint32, len(p.inst))}
	d.most = max(16, dfaBytes/int(4*d.width))
	d.reset()
	return d
}

func (d *dfa) reset() {
	d.ids = map[string]int32{}
	d.states, d.next = d.states[:0], d.next[:0]
	d.queue = d.queue[:0]
	d.begin()
	if d.add(d.p.start) {
		d.start = dfaMatch
	} else {
		d.start = d.intern(beforeBegin | beforeLine)
	}
}

// match reports whether the expression matches in v. sure is false when the
// text asks for more states than are kept.
func (d *dfa) match(v []byte) (found, sure bool) {
	s := d.start
	if s == dfaMatch {
		return true, true
	}
	flushes := 0
	p := d.p
	for i := 0; i < len(v); {
		var k uint8
		if c := v[i]; c < utf8.RuneSelf {
			k = p.ascii[c]
			i++
		} else {
			r, w := utf8.DecodeRune(v[i:])
			k = p.classOf(r)
			i += w
		}
		t := d.next[s+int32(k)]
		if t < 0 {
			if t == dfaUnknown {
				if len(d.states) >= d.most {
					if flushes++; flushes > dfaFlushes {
						return false, false
					}
					s = d.flush(s)
				}
				t = d.step(s, int(k))
			}
			if t == dfaMatch {
				return true, true
			}
			if t == dfaDead {
				return false, true
			}
		}
		s = t
	}
	t := d.next[s+int32(p.classes)]
	if t == dfaUnknown {
		t = d.step(s, p.classes)
	}
	return t == dfaMatch, true
}

// flush forgets all states but the start and s.
func (d *dfa) flush(s int32) int32 {
	now := d.states[s/d.width]
	set := slices.Clone(now.set)
	d.reset()
	d.queue = append(d.queue[:0], set...)
	return d.intern(now.before)
}

func (d *dfa) begin() {
	d.queue = d.queue[:0]
	if d.round++; d.round == 0 {
		clear(d.seen)
		d.round = 1
	}
}

// add follows what needs no character and no condition from a place; true: the
// expression has matched.
func (d *dfa) add(pc uint32) bool {
	d.stack = append(d.stack[:0], pc)
	for len(d.stack) > 0 {
		pc := d.stack[len(d.stack)-1]
		d.stack = d.stack[:len(d.stack)-1]
		if d.seen[pc] == d.round {
			continue
		}
		d.seen[pc] = d.round
		in := &d.p.inst[pc]
		switch in.kind {
		case instMatch:
			return true
		case instSplit:
			d.stack = append(d.stack, in.out, in.arg)
		case instGo:
			d.stack = append(d.stack, in.out)
		case instChar, instIf:
			d.queue = append(d.queue, pc)
		}
	}
	return false
}

// step computes where a state goes with a class; the class after the last is
// the end of the text.
func (d *dfa) step(s int32, k int) int32 {
	p := d.p
	from := d.states[s/d.width]
	end := k == p.classes
	word, line := false, end
	if !end {
		word, line = p.word[k], p.line[k]
	}
	var flags uint8
	if from.before&beforeBegin != 0 {
		flags |= condBeginText
	}
	if from.before&beforeLine != 0 {
		flags |= condBeginLine
	}
	if end {
		flags |= condEndText
	}
	if line {
		flags |= condEndLine
	}
	if (from.before&beforeWord != 0) != word {
		flags |= condBoundary
	} else {
		flags |= condNoBoundary
	}
	// Conditions first: they may lead on to further places.
	set := from.set
	t := int32(dfaDead)
	for _, pc := range set {
		if p.inst[pc].kind == instIf {
			d.begin()
			matched := false
			for _, pc := range set {
				matched = matched || d.follow(pc, flags)
			}
			if matched {
				t = dfaMatch
			}
			set = slices.Clone(d.queue)
			break
		}
	}
	if t != dfaMatch && !end {
		d.begin()
		for _, pc := range set {
			if in := &p.inst[pc]; in.kind == instChar && in.set[k>>6]>>(k&63)&1 == 1 && d.add(in.out) {
				t = dfaMatch
				break
			}
		}
		if t != dfaMatch && !p.anchored && d.add(p.start) {
			t = dfaMatch
		}
		if t != dfaMatch && len(d.queue) > 0 {
			before := uint8(0)
			if word {
				before |= beforeWord
			}
			if line {
				before |= beforeLine
			}
			t = d.intern(before)
		}
	}
	d.next[s+int32(k)] = t
	return t
}

// follow is add with conditions that hold.
func (d *dfa) follow(pc uint32, flags uint8) bool {
	if d.p.inst[pc].kind != instIf {
		return d.add(pc)
	}
	list := []uint32{pc}
	for len(list) > 0 {
		pc := list[len(list)-1]
		list = list[:len(list)-1]
		in := &d.p.inst[pc]
		if uint8(in.arg)&^flags != 0 {
			continue
		}
		n := len(d.queue)
		if d.add(in.out) {
			return true
		}
		// What add left in the queue may be conditions again.
		keep := n
		for _, q := range d.queue[n:] {
			if d.p.inst[q].kind == instIf {
				list = append(list, q)
			} else {
				d.queue[keep] = q
				keep++
			}
		}
		d.queue = d.queue[:keep]
	}
	return false
}

// intern returns the state of the places in the queue.
func (d *dfa) intern(before uint8) int32 {
	slices.Sort(d.queue)
	asks := uint8(0)
	for _, pc := range d.queue {
		if d.p.inst[pc].kind == instIf {
			asks = d.p.asks // behind one condition others may stand
		}
	}
	if asks&condBeginText == 0 {
		before &^= beforeBegin
	}
	if asks&condBeginLine == 0 {
		before &^= beforeLine
	}
	if asks&(condBoundary|condNoBoundary) == 0 {
		before &^= beforeWord
	}
	d.key = append(d.key[:0], before)
	for _, pc := range d.queue {
		d.key = binary.LittleEndian.AppendUint16(d.key, uint16(pc))
	}
	if s, ok := d.ids[string(d.key)]; ok {
		return s
	}
	s := int32(len(d.next))
	d.ids[string(d.key)] = s
	d.states = append(d.states, dfaState{slices.Clone(d.queue), before})
	for range d.width {
		d.next = append(d.next, dfaUnknown)
	}
	return s
}
