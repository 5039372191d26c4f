package sigma

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Filter is a Sigma filter: it leaves events out of the findings of the rules it
// names.
//
// The condition of a filter may be written in two ways, and both are in use. A
// condition that names what is known, such as "selection", leaves out the events
// for which it holds, as in the example of the specification. A condition that
// names what is to be kept, such as "not selection", is joined to the rule by
// "and", as sigma-cli does. They are told apart by an event on which no search
// block holds: a condition that holds for it keeps.
type Filter struct {
	ID          string
	Title       string
	Description string
	LogSource   LogSource
	Rules       []string // ids or names; empty, "any" or "all": every rule of the log source
	File        string
	Line        int

	rule  *Rule
	keeps bool // the condition names what is kept
}

// Keeps tells whether the condition names the events that are kept.
func (f *Filter) Keeps() bool { return f.keeps }

// left is the tree of what the filter leaves out.
func (f *Filter) left() *node {
	if f.keeps {
		return not(f.rule.root)
	}
	return f.rule.root
}

// holdsOfNothing tells whether a condition holds where no search block does.
func holdsOfNothing(n *node, blocks map[*node]bool) bool {
	if blocks[n] {
		return false
	}
	switch n.kind {
	case kindNot:
		return !holdsOfNothing(n.kids[0], blocks)
	case kindAnd:
		for _, k := range n.kids {
			if !holdsOfNothing(k, blocks) {
				return false
			}
		}
		return true
	case kindOr:
		for _, k := range n.kids {
			if holdsOfNothing(k, blocks) {
				return true
			}
		}
	}
	return false
}

// ApplyFilters narrows rules by the filters that are meant for them: those that
// name the rule by id or name, or every rule, and whose log source covers that
// of the rule. What cannot be applied is named: a filter that names rules of
// which none is there, or a correlation, which is filtered by the rules it
// refers to.
func ApplyFilters(rules []*Rule, correlations []*Correlation, filters []*Filter) []Problem {
	var problems []Problem
	for _, f := range filters {
		bad := func(text string) {
			problems = append(problems, Problem{File: f.File, Line: f.Line, Rule: f.ID, Title: f.Title, Text: text})
		}
		met := map[string]bool{}
		for _, r := range rules {
			if !f.Applies(r.ID) && (r.Name == "" || !f.Applies(r.Name)) {
				continue
			}
			met[r.ID], met[r.Name] = true, true
			if f.LogSource.covers(r.LogSource) {
				r.root = and(r.root, not(f.left()))
			}
		}
		for _, c := range correlations {
			if len(f.Rules) > 0 && (contains(f.Rules, c.ID) || contains(f.Rules, c.Name)) {
				met[c.ID], met[c.Name] = true, true
				bad("the filter names the correlation " + c.who() + "; filters work on the rules a correlation refers to")
			}
		}
		for _, ref := range f.Rules {
			if !every(ref) && !met[ref] {
				bad("the filter names the rule " + ref + ", which is not there")
			}
		}
	}
	return problems
}

func contains(list []string, s string) bool { return s != "" && slices.Contains(list, s) }

func every(ref string) bool {
	return ref == "*" || strings.EqualFold(ref, "any") || strings.EqualFold(ref, "all")
}

// Applies reports whether the filter is meant for the rule with that id or name.
func (f *Filter) Applies(ruleID string) bool {
	if len(f.Rules) == 0 {
		return true
	}
	for _, r := range f.Rules {
		if r == ruleID || every(r) {
			return true
		}
	}
	return false
}

// filterFile reads a filter as it lies in a folder of rules, where the
// specification asks for more than for an exclusion that somebody types.
func (p *parser) filterFile(top *yaml.Node, m map[string]*yaml.Node) (*Filter, error) {
	switch n := m["filter"]; {
	case scalar(m["title"]) == "":
		return nil, at(top, "title is missing")
	case m["logsource"] == nil:
		return nil, at(top, "logsource is missing")
	case n.Kind == yaml.MappingNode && fieldsOf(n)["rules"] == nil:
		return nil, at(n, "rules are missing: ids or names, or any for every rule of the log source")
	}
	return p.filter(top, m)
}

func (p *parser) filter(top *yaml.Node, m map[string]*yaml.Node) (*Filter, error) {
	n := deref(m["filter"])
	if n.Kind != yaml.MappingNode {
		return nil, at(n, "filter is a mapping of rules, search blocks and a condition")
	}
	r := p.header(top, m)
	f := &Filter{ID: r.ID, Title: r.Title, Description: r.Description, LogSource: r.LogSource,
		File: p.file, Line: top.Line, rule: r}
	body := *n
	body.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "rules" {
			f.Rules = scalars(n.Content[i+1])
			continue
		}
		body.Content = append(body.Content, n.Content[i], n.Content[i+1])
	}
	if err := p.detection(r, &body); err != nil {
		return nil, err
	}
	blocks := map[*node]bool{}
	for _, s := range r.searches {
		blocks[s.node] = true
	}
	f.keeps = holdsOfNothing(r.root, blocks)
	return f, nil
}

// ParseFilter reads one filter document. Without a key "filter" at its top the
// whole document is taken as search blocks and a condition, which is the form
// people write for a single exclusion.
func ParseFilter(raw []byte) (*Filter, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("a filter is a mapping with search blocks and a condition")
	}
	top := doc.Content[0]
	m := fieldsOf(top)
	if m["filter"] == nil {
		if m["condition"] == nil {
			return nil, errors.New("a filter needs a condition")
		}
		m = map[string]*yaml.Node{"filter": top}
	}
	return (&parser{file: "filter", budget: nodeBudget}).filter(top, m)
}

// Engine compiles the filter by itself; its one rule matches the events that
// the filter leaves out. With a log source the mapping routes events to it as to
// any rule; without one it looks at all.
func (f *Filter) Engine(m *Mapping, o Options) (*Engine, error) {
	hides := *f.rule
	hides.root = f.left()
	e, problems := Compile([]*Rule{&hides}, m, o)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return e, nil
}
