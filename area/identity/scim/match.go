package scim

import (
	"cmp"
	"strings"
	"time"
)

// Matches tells whether a resource fits; the empty filter fits all.
func (f *Filter) Matches(r Resource) bool {
	return f == nil || f.root.matches(func(p path) ([]any, *Attribute) { return p.values(r) }, r)
}

// look finds the values of a path in what a filter is asked of.
type look func(path) ([]any, *Attribute)

func (n *node) matches(at look, r Resource) bool {
	switch n.op {
	case "and":
		return n.left.matches(at, r) && n.right.matches(at, r)
	case "or":
		return n.left.matches(at, r) || n.right.matches(at, r)
	case "not":
		return !n.left.matches(at, r)
	case "[]":
		if n.path.attr == nil {
			return false
		}
		for _, e := range each(r.home(n.path.extension, false)[n.path.attr.Name]) {
			if n.left.fits(e) {
				return true
			}
		}
		return false
	}
	values, leaf := at(n.path)
	return n.compare(values, leaf)
}

// fits tells whether one value of a multi-valued attribute fits the filter in
// its brackets.
func (n *node) fits(value any) bool {
	m, ok := value.(map[string]any)
	return ok && n.matches(func(p path) ([]any, *Attribute) {
		if p.attr == nil {
			return nil, nil
		}
		return each(m[p.attr.Name]), p.attr
	}, nil)
}

// compare is true where any of the values fits; "ne" where none is equal, also
// where there is none.
func (n *node) compare(values []any, leaf *Attribute) bool {
	if n.op == "ne" {
		equal := *n
		equal.op = "eq"
		return !equal.compare(values, leaf)
	}
	if n.op == "eq" && n.value == nil {
		return len(values) == 0
	}
	for _, v := range values {
		if v == nil || v == "" && n.op == "pr" {
			continue
		}
		if n.op == "pr" || holds(n.op, v, n.value, leaf) {
			return true
		}
	}
	return false
}

func holds(op string, have, want any, leaf *Attribute) bool {
	if leaf != nil && leaf.Type == Boolean {
		a, ok1 := truth(have)
		b, ok2 := truth(want)
		return op == "eq" && ok1 && ok2 && a == b
	}
	if leaf != nil && leaf.Type == DateTime && op != "co" && op != "sw" && op != "ew" {
		a, ok1 := moment(have)
		b, ok2 := moment(want)
		return ok1 && ok2 && ordered(op, a.Compare(b))
	}
	if a, ok := have.(float64); ok {
		b, ok := want.(float64)
		return ok && ordered(op, cmp.Compare(a, b))
	}
	a, ok1 := have.(string)
	b, ok2 := want.(string)
	if !ok1 || !ok2 {
		return false
	}
	if leaf == nil || !leaf.CaseExact {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	switch op {
	case "co":
		return strings.Contains(a, b)
	case "sw":
		return strings.HasPrefix(a, b)
	case "ew":
		return strings.HasSuffix(a, b)
	}
	return ordered(op, cmp.Compare(a, b))
}

func ordered(op string, c int) bool {
	switch op {
	case "eq":
		return c == 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return false
}

// truth reads a boolean, also one that is written as a text ("False").
func truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch {
		case strings.EqualFold(v, "true"):
			return true, true
		case strings.EqualFold(v, "false"):
			return false, true
		}
	}
	return false, false
}

func moment(v any) (time.Time, bool) {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}
