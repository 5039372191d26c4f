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
	equal map[string]bool
	tails map[string]bool // suffixes \name, by what follows the last backslash
	rest  []setItem
	parts []string // contained
	once  sync.Once
	auto  *automaton

	safe []string // for keywords: see safeRuns
}

// fewContained is how many searches one after the other still beat a table.
const fewContained = 10

func (c *ctest) prepareSet() {
	for _, s := range c.set {
		switch {
		case s.op == opEq:
			if c.equal == nil {
				c.equal = map[string]bool{}
			}
			c.equal[s.lit] = true
		case isTail(s):
			if c.tails == nil {
				c.tails = map[string]bool{}
			}
			c.tails[s.lit[1:]] = true
		case s.op == opContains:
			c.parts = append(c.parts, s.lit)
		default:
			c.rest = append(c.rest, s)
		}
	}
}

// isTail reports whether a suffix is \name with no other backslash: such
// suffixes are found by the last part of a path alone.
func isTail(s setItem) bool {
	return s.op == opSuffix && len(s.lit) > 1 && s.lit[0] == '\\' && strings.LastIndexByte(s.lit, '\\') == 0
}

func (c *ctest) setHolds(v []byte) bool {
	if c.equal != nil && c.equal[string(v)] {
		return true
	}
	if c.tails != nil {
		if i := bytes.LastIndexByte(v, '\\'); i >= 0 && c.tails[string(v[i+1:])] {
			return true
		}
	}
	for _, s := range c.rest {
		if literalHolds(s.op, s.lit, v) {
			return true
		}
	}
	if len(c.parts) > fewContained {
		c.once.Do(func() { c.auto = newAutomaton(c.parts, false) })
		return c.auto.contains(v)
	}
	for _, p := range c.parts {
		if len(p) <= len(v) && bytes.Contains(v, []byte(p)) {
			return true
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
			a, b := v, o
			if c.cased && literalHolds(c.refOp, string(e.text(b)), e.text(a)) ||
				!c.cased && literalHolds(c.refOp, string(e.folded(b)), e.folded(a)) {
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
		return c.regexHolds(e.text(v), func() []byte { return e.folded(v) })
	}
	if c.cased {
		return c.textHolds(e.text(v))
	}
	return c.textHolds(e.folded(v))
}

// textHolds answers the tests on text; v is folded unless the test is cased.
func (c *ctest) textHolds(v []byte) bool {
	switch c.op {
	case opEq, opContains, opPrefix, opSuffix:
		return literalHolds(c.op, c.lit, v)
	case opWild:
		return matchPattern(v, c.test.parts)
	case opSet:
		return c.setHolds(v)
	case opAny:
		return true
	}
	return false
}

func (c *ctest) regexHolds(v []byte, folded func() []byte) bool {
	if len(v) < c.least {
		return false
	}
	if c.dots > 0 {
		return hasLine(v, c.dots)
	}
	if len(c.need) > 0 {
		low := folded()
		if !isASCII(low) {
			return c.re.Match(v) // beyond ASCII an expression may fold otherwise
		}
		found := false
		for _, n := range c.need {
			if bytes.Contains(low, []byte(n)) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return c.re.Match(v)
}

// keywordHolds looks at every value of the event.
func (c *ctest) keywordHolds(e *event) bool {
	for i, v := range e.everyText() {
		switch {
		case c.op == opRegex:
			if c.regexHolds(v, func() []byte { return e.foldedText(i, v) }) {
				return true
			}
		case c.cased:
			if c.textHolds(v) {
				return true
			}
		case c.textHolds(e.foldedText(i, v)):
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
