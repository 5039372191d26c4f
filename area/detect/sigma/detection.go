package sigma

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// detection reads the search blocks and the condition of a rule.
func (p *parser) detection(r *Rule, n *yaml.Node) error {
	n = deref(n)
	if n.Kind != yaml.MappingNode {
		return at(n, "detection is a mapping of search blocks and a condition")
	}
	var conditions []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, deref(n.Content[i+1])
		switch name {
		case "condition":
			if value.Kind == yaml.SequenceNode {
				conditions = append(conditions, value.Content...)
			} else {
				conditions = append(conditions, value)
			}
			continue
		case "timeframe":
			return at(value, "timeframe belongs to Sigma 1; write a correlation document")
		}
		block, err := p.block(value)
		if err != nil {
			return err
		}
		block = &node{kind: kindAnd, kids: []*node{block}, name: name}
		r.searches = append(r.searches, search{name: name, line: n.Content[i].Line, node: block})
	}
	if len(conditions) == 0 {
		return at(n, "detection has no condition")
	}
	if len(r.searches) == 0 {
		return at(n, "detection has no search block")
	}
	var any []*node
	for _, c := range conditions {
		c = deref(c)
		if c.Kind != yaml.ScalarNode || strings.TrimSpace(c.Value) == "" {
			return at(c, "a condition is a line of text")
		}
		tree, err := parseCondition(c.Value, r.searches)
		if err != nil {
			return at(c, "condition %q: %v", c.Value, err)
		}
		any = append(any, tree)
		if r.Condition != "" {
			r.Condition += " | "
		}
		r.Condition += c.Value
	}
	r.root = or(any...)
	return nil
}

// block is one search: a mapping (all of it), a list of mappings (one of them)
// or a list of keywords (one of them).
func (p *parser) block(n *yaml.Node) (*node, error) {
	n = deref(n)
	if err := p.spend(1, n); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.MappingNode:
		kids := make([]*node, 0, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			kid, err := p.item(n.Content[i], deref(n.Content[i+1]))
			if err != nil {
				return nil, err
			}
			kids = append(kids, kid)
		}
		if len(kids) == 0 {
			return nil, at(n, "the search block is empty")
		}
		return and(kids...), nil
	case yaml.SequenceNode:
		kids := make([]*node, 0, len(n.Content))
		for _, c := range n.Content {
			var kid *node
			var err error
			if c = deref(c); c.Kind == yaml.ScalarNode {
				kid, err = p.values("", nil, c, c)
			} else {
				kid, err = p.block(c)
			}
			if err != nil {
				return nil, err
			}
			kids = append(kids, kid)
		}
		if len(kids) == 0 {
			return nil, at(n, "the search block is empty")
		}
		return or(kids...), nil
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return nil, at(n, "the search block is empty")
		}
		return p.values("", nil, n, n)
	}
	return nil, at(n, "a search block is a mapping or a list")
}

// item is one "field|modifier|…: value" of a mapping.
func (p *parser) item(key, value *yaml.Node) (*node, error) {
	field, rest, has := strings.Cut(key.Value, "|")
	var mods []string
	if has {
		mods = strings.Split(rest, "|")
	}
	if err := checkModifiers(field, mods); err != nil {
		return nil, at(key, "%s: %v", key.Value, err)
	}
	return p.values(fieldKey(field), mods, key, value)
}

// fieldKey drops the blanks of a field name: logs write "Threat Name" where
// rules write ThreatName.
func fieldKey(name string) string {
	if strings.IndexByte(name, ' ') < 0 {
		return name
	}
	return strings.ReplaceAll(name, " ", "")
}

func (p *parser) values(field string, mods []string, key, value *yaml.Node) (*node, error) {
	list := []*yaml.Node{value}
	switch value.Kind {
	case yaml.SequenceNode:
		list = value.Content
		if len(list) == 0 {
			return nil, at(value, "%s has an empty list of values", key.Value)
		}
	case yaml.MappingNode:
		return nil, at(value, "%s has a mapping where a value or a list of values belongs", key.Value)
	}
	all, neq := false, false
	for _, m := range mods {
		all = all || m == "all"
		neq = neq || m == "neq"
	}
	kids := make([]*node, 0, len(list))
	for _, v := range list {
		if v = deref(v); v.Kind != yaml.ScalarNode {
			return nil, at(v, "%s: a value is a text, a number, true, false or null", key.Value)
		}
		kid, err := p.value(field, mods, v)
		if err != nil {
			return nil, at(v, "%s: %v", key.Value, err)
		}
		kids = append(kids, kid)
	}
	var out *node
	if all {
		out = and(kids...)
	} else {
		out = or(kids...)
	}
	if neq {
		out = not(out)
	}
	return out, nil
}

// scalarText is a YAML scalar as the text that stands in an event: whole
// numbers in decimal, however the rule wrote them.
func scalarText(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return strconv.FormatInt(i, 10)
		}
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return strconv.FormatBool(b)
		}
	}
	return n.Value
}
