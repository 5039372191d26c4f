package sigma

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// ctest is a test with what evaluating it needs.
type ctest struct {
	*test
	num    int32 // field, -1 for every value
	refNum int32
	cost   float64
	chance float64

	// set
	equal  table
	tails  table // suffixes \name, by what follows the last backslash
	rest   []setItem
	parts  []string // contained
	once   sync.Once
	grams  []*grams // of parts, where they are many; made when first asked
	wide   []*grams // of parts beyond ASCII
	letter []int32  // parts of one byte
	dfa    int32    // number of the automaton + 1

	safe []string // for keywords: see safeRuns
}

// fewContained is how many searches one after the other still beat a table.
const fewContained = 10

func (c *ctest) prepareSet() {
	for _, s := range c.set {
		switch {
		case s.op == opEq:
			c.equal.put(s.lit, 0)
		case isTail(s):
			c.tails.put(s.lit[1:], 0)
		case s.op == opContains:
			c.parts = append(c.parts, s.lit)
		default:
			c.rest = append(c.rest, s)
		}
	}
}

// lastPart is what follows the last backslash; nil without one.
func lastPart(v []byte) []byte {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i] == '\\' {
			return v[i+1:]
		}
	}
	return nil
}

// isTail reports whether a suffix is \name with no other backslash: such
// suffixes are found by the last part of a path alone.
func isTail(s setItem) bool {
	return s.op == opSuffix && len(s.lit) > 1 && s.lit[0] == '\\' && strings.LastIndexByte(s.lit, '\\') == 0
}

func (c *ctest) setHolds(v []byte, ascii bool) bool {
	if c.equal.find(v) != nil || c.tails.lengths != 0 && c.tails.find(lastPart(v)) != nil {
		return true
	}
	for _, s := range c.rest {
		if literalHolds(s.op, s.lit, v) {
			return true
		}
	}
	if len(c.parts) > fewContained {
		return c.contained(v, ascii)
	}
	for _, p := range c.parts {
		if len(p) <= len(v) && bytes.Contains(v, []byte(p)) {
			return true
		}
	}
	return false
}

// arrange makes the searches for many parts.
func (c *ctest) arrange() {
	c.once.Do(func() {
		c.grams, c.wide, c.letter = arrange(len(c.parts), func(i int) string { return c.parts[i] })
	})
}

// contained reports whether one of many parts stands in v.
func (c *ctest) contained(v []byte, ascii bool) bool {
	c.arrange()
	for _, n := range c.letter {
		if bytes.IndexByte(v, c.parts[n][0]) >= 0 {
			return true
		}
	}
	lists := [2][]*grams{c.grams, c.wide}
	if ascii {
		lists[1] = nil
	}
	for _, list := range lists {
		for _, g := range list {
			for i := 0; ; i += g.stride {
				k, x := g.next(v, i)
				if k < 0 {
					break
				}
				i = k
				for _, at := range g.near(x) {
					p := c.parts[at.lit]
					start := i - int(at.off)
					if end := start + len(p); start >= 0 && end <= len(v) && string(v[start:end]) == p {
						return true
					}
				}
			}
		}
	}
	return false
}

func literalHolds(o op, lit string, v []byte) bool {
	switch o {
	case opEq:
		return string(v) == lit
	case opPrefix:
		return len(v) >= len(lit) && string(v[:len(lit)]) == lit
	case opSuffix:
		return len(v) >= len(lit) && string(v[len(v)-len(lit):]) == lit
	}
	return len(v) >= len(lit) && bytes.Contains(v, []byte(lit))
}

func bytesHold(o op, part, v []byte) bool {
	switch o {
	case opEq:
		return bytes.Equal(v, part)
	case opPrefix:
		return bytes.HasPrefix(v, part)
	case opSuffix:
		return bytes.HasSuffix(v, part)
	}
	return bytes.Contains(v, part)
}

// holds answers the test for the event, whatever is remembered.
func (c *ctest) holds(e *event) bool {
	if c.num < 0 {
		return c.keywordHolds(e)
	}
	present := e.present(c.num)
	switch c.op {
	case opExists:
		return present
	case opNull:
		if !present {
			return true
		}
		for i := e.first[c.num]; i >= 0; i = e.values[i].next {
			if e.values[i].null {
				return true
			}
		}
		return false
	}
	if !present {
		return false
	}
	for i := e.first[c.num]; i >= 0; i = e.values[i].next {
		v := &e.values[i]
		if !v.null && c.valueHolds(e, v) {
			return true
		}
	}
	return false
}

func (c *ctest) valueHolds(e *event, v *value) bool {
	switch c.op {
	case opAny:
		return true
	case opRef:
		if !e.present(c.refNum) {
			return false
		}
		for i := e.first[c.refNum]; i >= 0; i = e.values[i].next {
			o := &e.values[i]
			if o.null {
				continue
			}
			a, b := e.text, e.text
			if !c.cased {
				a, b = e.folded, e.folded
			}
			if bytesHold(c.refOp, b(o), a(v)) {
				return true
			}
		}
		return false
	case opCIDR:
		addr, err := netip.ParseAddr(string(bytes.TrimSpace(e.text(v))))
		return err == nil && c.net.Contains(addr.WithZone("").Unmap())
	case opNumber:
		f, ok := number(e.text(v))
		return ok && c.cmp.holds(f, c.test.num)
	case opTime:
		f, ok := timePart(e.text(v), c.unit)
		return ok && c.cmp.holds(float64(f), c.test.num)
	case opRegex:
		if len(v.text) < c.least {
			return false // unescaped it is not longer
		}
		if c.dots == 0 && (len(c.need) > 0 || c.run.n > 0) {
			low := e.folded(v)
			if v.ascii && (len(c.need) > 0 && !c.needs(low) || c.run.n > 0 && !c.run.in(e.text(v))) {
				return false
			}
		}
		return c.regexHolds(e, e.text(v))
	}
	if c.cased {
		return c.textHolds(e.text(v), false)
	}
	low := e.folded(v)
	return c.textHolds(low, v.ascii)
}

// textHolds answers the tests on text; v is folded unless the test is cased.
// ascii: v is known to be ASCII.
func (c *ctest) textHolds(v []byte, ascii bool) bool {
	switch c.op {
	case opEq, opContains, opPrefix, opSuffix:
		return literalHolds(c.op, c.lit, v)
	case opWild:
		return matchPattern(v, c.test.parts)
	case opSet:
		return c.setHolds(v, ascii)
	case opAny:
		return true
	}
	return false
}

// needs reports whether a folded text holds what every match holds; beyond
// ASCII an expression may fold otherwise.
func (c *ctest) needs(low []byte) bool {
	for _, n := range c.need {
		if len(n) == 1 && bytes.IndexByte(low, n[0]) >= 0 || len(n) > 1 && bytes.Contains(low, []byte(n)) {
			return true
		}
	}
	return false
}

func (c *ctest) regexHolds(e *event, v []byte) bool {
	if len(v) < c.least {
		return false
	}
	if c.dots > 0 {
		return hasLine(v, c.dots)
	}
	return c.matches(e, v)
}

// matches asks the lazy automaton of this matcher, or the general one.
func (c *ctest) matches(e *event, v []byte) bool {
	if c.dfa > 0 {
		d := e.dfas[c.dfa-1]
		if d == nil {
			d = &dfa{}
			if p := e.patterns[c.dfa-1](); p != nil {
				d = newDFA(p)
			}
			e.dfas[c.dfa-1] = d
		}
		if d.p != nil {
			if found, sure := d.match(v); sure {
				return found
			}
		}
	}
	return c.re.Match(v)
}

// keywordHolds looks at every value of the event.
func (c *ctest) keywordHolds(e *event) bool {
	for i, v := range e.everyText() {
		switch {
		case c.op == opRegex:
			if len(c.need) > 0 {
				if low := e.foldedText(i, v); isASCII(low) && !c.needs(low) {
					continue
				}
			}
			if c.regexHolds(e, v) {
				return true
			}
		case c.cased:
			if c.textHolds(v, false) {
				return true
			}
		case c.textHolds(e.foldedText(i, v), false):
			return true
		}
	}
	return false
}

func (e *event) foldedText(i int, v []byte) []byte {
	for len(e.lowTexts) <= i {
		e.lowTexts = append(e.lowTexts, nil)
	}
	if e.lowTexts[i] == nil {
		n := len(e.buf)
		e.buf = appendFold(e.buf, v)
		e.lowTexts[i] = e.buf[n:len(e.buf):len(e.buf)]
	}
	return e.lowTexts[i]
}

// number reads a decimal number, or a whole one in hexadecimal after 0x.
func number(v []byte) (float64, bool) {
	s := strings.TrimSpace(string(v))
	if len(s) > 40 {
		return 0, false
	}
	if h, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		n, err := strconv.ParseUint(h, 16, 64)
		return float64(n), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f == f
}
