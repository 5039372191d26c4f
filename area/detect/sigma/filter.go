package sigma

import (
	"errors"

	"go.yaml.in/yaml/v3"
)

// Filter is a Sigma filter: events it selects are to be left out of the
// findings of the rules it names.
type Filter struct {
	ID          string
	Title       string
	Description string
	LogSource   LogSource
	Rules       []string // ids; empty or "any": every rule
	File        string
	Line        int

	rule *Rule
}

// Applies reports whether the filter is meant for the rule with that id.
func (f *Filter) Applies(ruleID string) bool {
	if len(f.Rules) == 0 {
		return true
	}
	for _, r := range f.Rules {
		if r == ruleID || r == "any" || r == "*" {
			return true
		}
	}
	return false
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
	return f, p.detection(r, &body)
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
// the filter selects. With a log source the mapping routes events to it as to
// any rule; without one it looks at all.
func (f *Filter) Engine(m *Mapping, o Options) (*Engine, error) {
	e, problems := Compile([]*Rule{f.rule}, m, o)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return e, nil
}
