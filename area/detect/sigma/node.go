package sigma

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

type kind uint8

const (
	kindAnd kind = iota
	kindOr
	kindNot
	kindTest
)

// node is one part of a rule's condition as a tree. An empty And holds, an
// empty Or does not.
type node struct {
	kind kind
	kids []*node
	test *test
	// name is the search block the node came from, for explanations.
	name string
}

type op uint8

const (
	opEq op = iota // whole value
	opContains
	opPrefix
	opSuffix
	opWild  // pattern with wildcards in other places
	opAny   // any value that is not null
	opRegex // anywhere in the value
	opCIDR
	opNumber // compared as a number
	opTime   // one part of a time compared as a number
	opExists // the key is there, whatever its value
	opNull   // the key is missing or null
	opRef    // compared with another field
	opExpand // holds a placeholder that Compile replaces
	opSet    // any of several literals, made by the compiler
)

type compare uint8

const (
	cmpEq compare = iota
	cmpLt
	cmpLte
	cmpGt
	cmpGte
)

func (c compare) String() string { return [...]string{"=", "<", "<=", ">", ">="}[c] }

func (c compare) holds(a, b float64) bool {
	switch c {
	case cmpLt:
		return a < b
	case cmpLte:
		return a <= b
	case cmpGt:
		return a > b
	case cmpGte:
		return a >= b
	}
	return a == b
}

// test is one question to one field. The text of literals is already folded
// unless cased.
type test struct {
	field string // "" asks every value of the event
	op    op
	cased bool
	lit   string
	parts []part
	re    *regexp.Regexp
	need  []string // folded literals of which a match of re has at least one
	least int      // bytes that a match of re has at least
	run   classRun // a match of re in an ASCII text has it
	dots  int      // re asks for a line of so many characters, nothing else
	net   netip.Prefix
	cmp   compare
	num   float64
	unit  string // part of time: minute, hour, day, week, month, year
	ref   string // the other field
	refOp op     // opEq, opContains, opPrefix, opSuffix
	set   []setItem

	// expand keeps what is needed to build the test once placeholders are known.
	expand func(placeholders map[string][]string) (*node, error)
	line   int
}

type setItem struct {
	op  op
	lit string
}

// key identifies a test: two tests with one key always give one answer.
func (t *test) key() string {
	var b strings.Builder
	b.WriteString(t.field)
	b.WriteByte(0)
	b.WriteByte(byte(t.op))
	if t.cased {
		b.WriteByte('c')
	}
	b.WriteByte(0)
	switch t.op {
	case opWild:
		for _, p := range t.parts {
			b.WriteByte(byte(p.kind))
			b.WriteString(strconv.Itoa(len(p.lit)))
			b.WriteByte(':')
			b.WriteString(p.lit)
		}
	case opRegex:
		b.WriteString(t.re.String())
	case opCIDR:
		b.WriteString(t.net.String())
	case opNumber, opTime:
		b.WriteString(t.unit)
		b.WriteByte(byte('0' + t.cmp))
		b.WriteString(strconv.FormatFloat(t.num, 'g', -1, 64))
	case opRef:
		b.WriteByte(byte('0' + t.refOp))
		b.WriteString(t.ref)
	case opSet:
		for _, s := range t.set {
			b.WriteByte(byte('0' + s.op))
			b.WriteString(strconv.Itoa(len(s.lit)))
			b.WriteByte(':')
			b.WriteString(s.lit)
		}
	default:
		b.WriteString(t.lit)
	}
	return b.String()
}

// String shows the test to a person, close to how a rule would write it.
func (t *test) String() string {
	f := t.field
	if f == "" {
		f = "(any value)"
	}
	if t.cased {
		f += "|cased"
	}
	q := strconv.Quote
	switch t.op {
	case opEq:
		return f + " = " + q(t.lit)
	case opContains:
		return f + " contains " + q(t.lit)
	case opPrefix:
		return f + " starts with " + q(t.lit)
	case opSuffix:
		return f + " ends with " + q(t.lit)
	case opWild:
		return f + " like " + q(patternText(t.parts))
	case opAny:
		return f + " has a value"
	case opRegex:
		return f + " matches /" + t.re.String() + "/"
	case opCIDR:
		return f + " in " + t.net.String()
	case opNumber:
		return f + " " + t.cmp.String() + " " + strconv.FormatFloat(t.num, 'g', -1, 64)
	case opTime:
		return t.unit + " of " + f + " " + t.cmp.String() + " " + strconv.FormatFloat(t.num, 'g', -1, 64)
	case opExists:
		return f + " exists"
	case opNull:
		return f + " is missing or null"
	case opRef:
		return f + " " + map[op]string{opEq: "=", opContains: "contains", opPrefix: "starts with", opSuffix: "ends with"}[t.refOp] + " field " + t.ref
	case opSet:
		return f + " is one of " + strconv.Itoa(len(t.set)) + " texts"
	}
	return f + " holds a placeholder"
}

func and(kids ...*node) *node { return join(kindAnd, kids) }
func or(kids ...*node) *node  { return join(kindOr, kids) }
func not(n *node) *node       { return &node{kind: kindNot, kids: []*node{n}} }
func leaf(t *test) *node      { return &node{kind: kindTest, test: t} }

func join(k kind, kids []*node) *node {
	if len(kids) == 1 {
		return kids[0]
	}
	return &node{kind: k, kids: kids}
}
