package scim

import (
	"encoding/json"
	"slices"
	"strings"
)

// The bounds of a filter.
const (
	longestFilter = 4096
	deepestFilter = 24
)

// Filter is a condition on resources (RFC 7644 §3.4.2.2).
type Filter struct{ root *node }

// node is a part of a filter: "and", "or", "not", "[]" (a value path), "pr" or
// a comparison.
type node struct {
	op          string
	left, right *node
	path        path
	value       any
}

var comparisons = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// ReadFilter reads a filter on resources of a kind.
func ReadFilter(k Kind, text string) (*Filter, error) {
	if len(text) > longestFilter {
		return nil, bad("invalidFilter", "A filter has at most %d letters", longestFilter)
	}
	p := parser{text: text, resolve: k.readPath}
	root, err := p.whole()
	if err != nil {
		return nil, err
	}
	return &Filter{root}, nil
}

// parser reads a filter from the left to the right.
type parser struct {
	text    string
	at      int
	depth   int
	resolve func(string) (path, bool)
}

func (p *parser) whole() (*node, error) {
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.at < len(p.text) {
		return nil, p.fail("unexpected %q", p.rest())
	}
	return n, nil
}

func (p *parser) fail(format string, args ...any) error {
	return bad("invalidFilter", "At letter %d: "+format, append([]any{p.at + 1}, args...)...)
}

func (p *parser) rest() string { return p.text[p.at:min(len(p.text), p.at+20)] }

func (p *parser) skip() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// word is the next run of letters that may be in a path or an operator.
func (p *parser) word() string {
	p.skip()
	from := p.at
	for p.at < len(p.text) && !strings.ContainsRune(" ()[]\"", rune(p.text[p.at])) {
		p.at++
	}
	return p.text[from:p.at]
}

// peek tells whether the next word is the one asked for, and takes it then.
func (p *parser) peek(word string) bool {
	at := p.at
	if strings.EqualFold(p.word(), word) {
		return true
	}
	p.at = at
	return false
}

func (p *parser) take(c byte) bool {
	if p.skip(); p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) or() (*node, error) {
	left, err := p.and()
	for err == nil && p.peek("or") {
		n := &node{op: "or", left: left}
		if n.right, err = p.and(); err == nil {
			left = n
		}
	}
	return left, err
}

func (p *parser) and() (*node, error) {
	left, err := p.one()
	for err == nil && p.peek("and") {
		n := &node{op: "and", left: left}
		if n.right, err = p.one(); err == nil {
			left = n
		}
	}
	return left, err
}

func (p *parser) one() (*node, error) {
	if p.depth++; p.depth > deepestFilter {
		return nil, p.fail("more than %d levels deep", deepestFilter)
	}
	defer func() { p.depth-- }()
	if p.take('(') {
		return p.grouped()
	}
	at := p.at
	if p.peek("not") {
		if p.take('(') {
			n, err := p.grouped()
			return &node{op: "not", left: n}, err
		}
		p.at = at
	}
	return p.expression()
}

func (p *parser) grouped() (*node, error) {
	n, err := p.or()
	if err == nil && !p.take(')') {
		err = p.fail("a bracket is not closed")
	}
	return n, err
}

func (p *parser) expression() (*node, error) {
	at, name := p.at, p.word()
	where, ok := p.resolve(name)
	if !ok || where.attr == nil && !where.unknown {
		p.at = at
		return nil, p.fail("%q is no attribute", name)
	}
	if p.at < len(p.text) && p.text[p.at] == '[' {
		return p.valuePath(where)
	}
	at = p.at
	op := strings.ToLower(p.word())
	if op == "pr" {
		return &node{op: op, path: where}, nil
	}
	if !slices.Contains(comparisons, op) {
		p.at = at
		return nil, p.fail("%q is no operator", op)
	}
	value, err := p.literal()
	if err != nil {
		return nil, err
	}
	n := &node{op: op, path: where, value: value}
	return n, p.check(n)
}

// valuePath reads what stands in brackets: a filter on each value.
func (p *parser) valuePath(of path) (*node, error) {
	p.at++
	outer := p.resolve
	p.resolve = of.inner
	n, err := p.or()
	p.resolve = outer
	if err == nil && !p.take(']') {
		err = p.fail("a bracket is not closed")
	}
	return &node{op: "[]", path: of, left: n}, err
}

// inner resolves the names of sub-attributes within brackets.
func (p path) inner(name string) (path, bool) {
	if !isName(name) {
		return path{}, false
	}
	if p.attr == nil {
		return path{unknown: true}, true
	}
	sub := p.attr.sub(name)
	return path{attr: sub, unknown: sub == nil}, true
}

// literal reads a JSON value that is neither an object nor a list.
func (p *parser) literal() (any, error) {
	p.skip()
	if p.at < len(p.text) && p.text[p.at] == '"' {
		end := p.at + 1
		for end < len(p.text) && p.text[end] != '"' {
			if p.text[end] == '\\' {
				end++
			}
			end++
		}
		if end < len(p.text) {
			var s string
			if json.Unmarshal([]byte(p.text[p.at:end+1]), &s) == nil {
				p.at = end + 1
				return s, nil
			}
		}
		return nil, p.fail("the text %q is not closed or not JSON", p.rest())
	}
	at := p.at
	word := p.word()
	switch strings.ToLower(word) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	var n float64
	if word == "" || json.Unmarshal([]byte(word), &n) != nil {
		p.at = at
		return nil, p.fail("%q is no value", p.rest())
	}
	return n, nil
}

// check refuses comparisons that have no meaning.
func (p *parser) check(n *node) error {
	_, leaf := n.path.leaf()
	switch n.op {
	case "eq", "ne":
		return nil
	case "co", "sw", "ew":
		if _, ok := n.value.(string); !ok {
			return p.fail("%s compares texts", n.op)
		}
	default:
		if _, truth := n.value.(bool); truth || n.value == nil || leaf != nil && leaf.Type == Boolean {
			return p.fail("%s compares what has an order", n.op)
		}
		if leaf != nil && leaf.Type == DateTime {
			if _, ok := moment(n.value); !ok {
				return p.fail("%q is no date and time", n.value)
			}
		}
	}
	return nil
}

// leaf is the attribute whose values a comparison looks at.
func (p path) leaf() (known bool, leaf *Attribute) {
	if p.unknown || p.attr == nil {
		return false, nil
	}
	_, leaf = p.within(nil)
	return true, leaf
}

// Pinned is what every match has at an attribute of one text, so that a store
// can look there first.
func (f *Filter) Pinned(name string) (string, bool) {
	if f == nil {
		return "", false
	}
	return f.root.pinned(name)
}

func (n *node) pinned(name string) (string, bool) {
	switch n.op {
	case "and":
		if v, ok := n.left.pinned(name); ok {
			return v, true
		}
		return n.right.pinned(name)
	case "eq":
		if n.path.attr != nil && n.path.sub == nil && n.path.extension == "" && n.path.attr.Name == name {
			v, ok := n.value.(string)
			return v, ok
		}
	}
	return "", false
}
