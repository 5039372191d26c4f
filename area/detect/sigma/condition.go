package sigma

import (
	"fmt"
	"strings"
)

// parseCondition reads the condition grammar: or, and, not, parentheses, names
// of search blocks, and "1 of", "any of", "all of" before them or a pattern.
// Names beginning with "_" are left out of "them" and of patterns.
func parseCondition(s string, searches []search) (*node, error) {
	c := &conditionParser{searches: searches}
	if err := c.split(s); err != nil {
		return nil, err
	}
	n, err := c.or(0)
	if err != nil {
		return nil, err
	}
	if c.pos < len(c.tokens) {
		return nil, fmt.Errorf("%q is not expected here", c.tokens[c.pos])
	}
	return n, nil
}

type conditionParser struct {
	tokens   []string
	pos      int
	searches []search
}

const maxConditionDepth = 200

func (c *conditionParser) split(s string) error {
	for s != "" {
		switch ch := s[0]; {
		case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r':
			s = s[1:]
		case ch == '(' || ch == ')':
			c.tokens = append(c.tokens, s[:1])
			s = s[1:]
		case ch == '|':
			return fmt.Errorf("counting after | belongs to Sigma 1; write a correlation document")
		default:
			n := strings.IndexAny(s, " \t\r\n()|")
			if n < 0 {
				n = len(s)
			}
			c.tokens = append(c.tokens, s[:n])
			s = s[n:]
		}
	}
	return nil
}

func (c *conditionParser) peek() string {
	if c.pos < len(c.tokens) {
		return c.tokens[c.pos]
	}
	return ""
}

func (c *conditionParser) word(w string) bool {
	if strings.EqualFold(c.peek(), w) {
		c.pos++
		return true
	}
	return false
}

func (c *conditionParser) or(depth int) (*node, error)  { return c.list(depth, "or", c.and, or) }
func (c *conditionParser) and(depth int) (*node, error) { return c.list(depth, "and", c.not, and) }

func (c *conditionParser) list(depth int, word string, next func(int) (*node, error), make func(...*node) *node) (*node, error) {
	var kids []*node
	for {
		n, err := next(depth)
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
		if !c.word(word) {
			return make(kids...), nil
		}
	}
}

func (c *conditionParser) not(depth int) (*node, error) {
	negate := false
	for c.word("not") {
		negate = !negate
	}
	n, err := c.term(depth)
	if err != nil || !negate {
		return n, err
	}
	return not(n), nil
}

func (c *conditionParser) term(depth int) (*node, error) {
	if depth > maxConditionDepth {
		return nil, fmt.Errorf("more than %d parentheses inside each other", maxConditionDepth)
	}
	t := c.peek()
	if t == "" {
		return nil, fmt.Errorf("it ends too early")
	}
	c.pos++
	if t == "(" {
		n, err := c.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !c.word(")") {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		return n, nil
	}
	if strings.EqualFold(c.peek(), "of") {
		c.pos++
		return c.of(t)
	}
	for i := range c.searches {
		if c.searches[i].name == t {
			c.searches[i].used = true
			return c.searches[i].node, nil
		}
	}
	return nil, fmt.Errorf("there is no search block %q", t)
}

func (c *conditionParser) of(quantity string) (*node, error) {
	var combine func(...*node) *node
	switch strings.ToLower(quantity) {
	case "1", "any":
		combine = or
	case "all":
		combine = and
	default:
		return nil, fmt.Errorf("%q of: only 1, any and all are known", quantity)
	}
	pattern := c.peek()
	if pattern == "" || pattern == "(" || pattern == ")" {
		return nil, fmt.Errorf("%s of what?", quantity)
	}
	c.pos++
	parts := readPattern(pattern)
	if strings.EqualFold(pattern, "them") {
		parts = []part{{kind: partAny}}
	}
	var kids []*node
	for i := range c.searches {
		name := c.searches[i].name
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
			continue
		}
		if matchPattern([]byte(name), parts) {
			c.searches[i].used = true
			kids = append(kids, c.searches[i].node)
		}
	}
	if len(kids) == 0 {
		return nil, fmt.Errorf("no search block is named like %q", pattern)
	}
	return combine(kids...), nil
}
