package sigma

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// group says what a modifier does; a chain may have one of the kind "test".
var modifiers = map[string]string{
	"contains": "place", "startswith": "place", "endswith": "place",
	"all": "list", "neq": "list", "cased": "case",
	"exists": "test", "re": "test", "cidr": "test", "fieldref": "test",
	"lt": "compare", "lte": "compare", "gt": "compare", "gte": "compare",
	"minute": "time", "hour": "time", "day": "time", "week": "time", "month": "time", "year": "time",
	"i": "flag", "m": "flag", "s": "flag",
	"windash": "text", "base64": "text", "base64offset": "text", "expand": "text",
	"utf16": "text", "utf16le": "text", "utf16be": "text", "wide": "text",
}

// checkModifiers refuses unknown modifiers and those that contradict another.
func checkModifiers(field string, mods []string) error {
	count := map[string]int{}
	has := map[string]bool{}
	for _, m := range mods {
		g, ok := modifiers[m]
		if !ok {
			return fmt.Errorf("unknown modifier %q", m)
		}
		if has[m] {
			return fmt.Errorf("modifier %q is given twice", m)
		}
		if g == "flag" && !has["re"] {
			return fmt.Errorf("modifier %q belongs after re", m)
		}
		has[m] = true
		count[g]++
	}
	switch {
	case count["test"] > 1, count["place"] > 1, count["compare"] > 1, count["time"] > 1:
		return fmt.Errorf("the modifiers exclude each other")
	case count["test"] == 1 && (count["compare"]+count["time"] > 0 || count["text"] > 0 && !has["expand"] || count["text"] > 1),
		count["compare"]+count["time"] > 0 && count["place"]+count["text"] > 0,
		count["place"] == 1 && count["test"] == 1 && !has["fieldref"],
		has["cased"] && (has["i"] || has["cidr"] || has["exists"] || count["compare"]+count["time"] > 0),
		has["all"] && has["exists"]:
		return fmt.Errorf("the modifiers exclude each other")
	case field == "" && (has["exists"] || has["fieldref"] || has["cidr"] || count["compare"]+count["time"] > 0):
		return fmt.Errorf("the modifier needs a field")
	}
	return nil
}

// value turns one value with its modifiers into a test or a small tree.
func (p *parser) value(field string, mods []string, n *yaml.Node) (*node, error) {
	if err := p.spend(1, n); err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for _, m := range mods {
		has[m] = true
	}
	if n.ShortTag() == "!!null" {
		for _, m := range mods {
			if m != "all" && m != "neq" && m != "cased" {
				return nil, fmt.Errorf("null with modifier %q", m)
			}
		}
		if field == "" {
			return nil, fmt.Errorf("null is no keyword")
		}
		return leaf(&test{field: field, op: opNull, line: n.Line}), nil
	}
	text := scalarText(n)
	if has["expand"] && strings.Contains(text, "%") {
		rest := without(mods, "expand")
		if names := placeholders(text); len(names) > 0 {
			return leaf(&test{field: field, op: opExpand, lit: text, line: n.Line,
				expand: func(known map[string][]string) (*node, error) {
					texts, err := substitute(text, names, known)
					if err != nil {
						return nil, err
					}
					var kids []*node
					for _, t := range texts {
						kid, err := p.text(field, rest, t, n)
						if err != nil {
							return nil, err
						}
						kids = append(kids, kid)
					}
					return or(kids...), nil
				}}), nil
		}
	}
	if has["expand"] {
		text = strings.ReplaceAll(text, `\%`, "%")
	}
	return p.text(field, mods, text, n)
}

func without(mods []string, name string) []string {
	var out []string
	for _, m := range mods {
		if m != name {
			out = append(out, m)
		}
	}
	return out
}

// A percent sign behind a backslash is an ordinary one.
var placeholder = regexp.MustCompile(`\\%|%([A-Za-z0-9_.\-]+)%`)

func placeholders(s string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		if m[1] != "" {
			out = append(out, m[1])
		}
	}
	return out
}

// substitute returns s with every combination of the placeholders' values.
// Values are texts, not patterns.
func substitute(s string, names []string, known map[string][]string) ([]string, error) {
	total := 1
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		values := known[name]
		if len(values) == 0 {
			return nil, fmt.Errorf("placeholder %%%s%% has no values", name)
		}
		if total *= len(values); total > 10_000 {
			return nil, fmt.Errorf("placeholder %%%s%% unfolds to more than 10000 values", name)
		}
	}
	out := []string{""}
	end := 0
	chosen := []map[string]string{{}} // one name stands for one value throughout
	for _, at := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		before, name := s[end:at[0]], ""
		if end = at[1]; at[2] >= 0 {
			name = s[at[2]:at[3]]
		} else {
			before += "%"
		}
		var next []string
		var nextChosen []map[string]string
		for i, o := range out {
			if name == "" {
				next, nextChosen = append(next, o+before), append(nextChosen, chosen[i])
				continue
			}
			values := known[name]
			if v, ok := chosen[i][name]; ok {
				values = []string{v}
			}
			for _, v := range values {
				c := maps.Clone(chosen[i])
				c[name] = v
				next = append(next, o+before+strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(v))
				nextChosen = append(nextChosen, c)
			}
		}
		out, chosen = next, nextChosen
	}
	for i := range out {
		out[i] += s[end:]
	}
	return out, nil
}

func (p *parser) text(field string, mods []string, text string, n *yaml.Node) (*node, error) {
	t := &test{field: field, line: n.Line}
	cmp, unit, place, special := cmpEq, "", opEq, ""
	flags := ""
	for _, m := range mods {
		switch m {
		case "lt":
			cmp = cmpLt
		case "lte":
			cmp = cmpLte
		case "gt":
			cmp = cmpGt
		case "gte":
			cmp = cmpGte
		case "contains":
			place = opContains
		case "startswith":
			place = opPrefix
		case "endswith":
			place = opSuffix
		case "cased":
			t.cased = true
		case "i", "m", "s":
			flags += m
		}
		switch modifiers[m] {
		case "time":
			unit = m
		case "test":
			special = m
		case "compare":
			if special == "" {
				special = "number"
			}
		}
	}
	if unit != "" {
		special = "time"
	}
	switch special {
	case "exists":
		t.op = opExists
		switch strings.ToLower(text) {
		case "true", "yes":
			return leaf(t), nil
		case "false", "no":
			return not(leaf(t)), nil
		}
		return nil, fmt.Errorf("exists takes true or false, not %q", text)
	case "re":
		if flags != "" {
			text = "(?" + flags + ":" + text + ")"
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("regular expression: %v", err)
		}
		t.op, t.re, t.need, t.least = opRegex, re, needed(text), minLength(text)
		t.dots, t.run = onlyLength(text), longRun(text)
		return leaf(t), nil
	case "cidr":
		net, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err2 := netip.ParseAddr(text)
			if err2 != nil {
				return nil, fmt.Errorf("not a network: %q", text)
			}
			net = netip.PrefixFrom(addr, addr.BitLen())
		}
		t.op, t.net = opCIDR, net.Masked()
		return leaf(t), nil
	case "fieldref":
		t.op, t.ref, t.refOp = opRef, fieldKey(text), place
		return leaf(t), nil
	case "number", "time":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f != f {
			return nil, fmt.Errorf("not a number: %q", text)
		}
		t.op, t.cmp, t.num, t.unit = opNumber, cmp, f, unit
		if unit != "" {
			t.op = opTime
		}
		return leaf(t), nil
	}
	variants, err := p.encode(mods, text, n)
	if err != nil {
		return nil, err
	}
	kids := make([]*node, 0, len(variants))
	for _, v := range variants {
		c := *t
		kids = append(kids, leaf(c.place(v, place)))
	}
	return or(kids...), nil
}

// place puts a pattern at its place in the value and finds the cheapest
// operator that means the same.
func (t *test) place(v []part, place op) *test {
	if t.field == "" {
		place = opContains // a keyword may stand anywhere in a value
	}
	if !t.cased {
		v = append([]part(nil), v...)
		for i := range v {
			v[i].lit = foldString(v[i].lit)
		}
	}
	if place == opContains || place == opSuffix {
		v = append([]part{{kind: partAny}}, v...)
		if len(v) > 1 && v[1].kind == partAny {
			v = v[1:]
		}
	}
	if place == opContains || place == opPrefix {
		v = appendAny(v)
	}
	n := len(v)
	switch {
	case n == 0:
		t.op, t.lit = opEq, ""
	case n == 1 && v[0].kind == partAny:
		t.op = opAny
	case n == 1 && v[0].kind == partLit:
		t.op, t.lit = opEq, v[0].lit
	case n == 2 && v[0].kind == partLit && v[1].kind == partAny:
		t.op, t.lit = opPrefix, v[0].lit
	case n == 2 && v[0].kind == partAny && v[1].kind == partLit:
		t.op, t.lit = opSuffix, v[1].lit
	case n == 3 && v[0].kind == partAny && v[1].kind == partLit && v[2].kind == partAny:
		t.op, t.lit = opContains, v[1].lit
	default:
		t.op, t.parts = opWild, v
	}
	return t
}
