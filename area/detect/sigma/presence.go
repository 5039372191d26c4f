package sigma

import (
	"fmt"
	"strings"
)

// parsePresence reads a condition over rules: or, and, not, parentheses and
// ids or names.
func parsePresence(s string) (*Presence, error) {
	c := &conditionParser{}
	if err := c.split(s); err != nil {
		return nil, err
	}
	p, err := c.eitherRule(0)
	if err != nil {
		return nil, err
	}
	if c.pos < len(c.tokens) {
		return nil, fmt.Errorf("%q is not expected here", c.tokens[c.pos])
	}
	return p, nil
}

func (c *conditionParser) eitherRule(depth int) (*Presence, error) {
	return c.rules(depth, "or", c.allRules, func(k []*Presence) *Presence { return &Presence{Or: k} })
}

func (c *conditionParser) allRules(depth int) (*Presence, error) {
	return c.rules(depth, "and", c.rule, func(k []*Presence) *Presence { return &Presence{And: k} })
}

func (c *conditionParser) rules(depth int, word string, next func(int) (*Presence, error), join func([]*Presence) *Presence) (*Presence, error) {
	var kids []*Presence
	for {
		p, err := next(depth)
		if err != nil {
			return nil, err
		}
		kids = append(kids, p)
		if !c.word(word) {
			break
		}
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	return join(kids), nil
}

func (c *conditionParser) rule(depth int) (*Presence, error) {
	if depth > maxConditionDepth {
		return nil, fmt.Errorf("more than %d parentheses inside each other", maxConditionDepth)
	}
	if c.word("not") {
		p, err := c.rule(depth + 1)
		return &Presence{Not: p}, err
	}
	t := c.peek()
	switch {
	case t == "":
		return nil, fmt.Errorf("it ends too early")
	case t == ")" || strings.EqualFold(t, "and") || strings.EqualFold(t, "or"):
		return nil, fmt.Errorf("%q is not expected here", t)
	}
	c.pos++
	if t != "(" {
		return &Presence{Rule: t}, nil
	}
	p, err := c.eitherRule(depth + 1)
	if err != nil {
		return nil, err
	}
	if !c.word(")") {
		return nil, fmt.Errorf("a parenthesis is not closed")
	}
	return p, nil
}
