// Package sigma reads Sigma 2.1 detection rules and matches any number of them
// at once against single JSON events.
//
// The promise: a rule means here what the specification says it means. Rules
// are compiled together, so that the cost of an event grows with the rules that
// could match it and not with the rules there are; which rules match never
// depends on the order of rules, on the number of matchers or on what was
// matched before. A document that cannot be read is named with its file, line
// and id and never keeps another from loading. No event, however large, deep or
// broken, takes more than time proportional to its length or ends the program.
//
// The way through: [ParseFS] or [ParseDir] reads rules, [Compile] builds an
// [Engine], [Engine.NewMatcher] gives each goroutine its own [Matcher], whose
// Match takes one raw JSON object. [Explain] says why a rule did or did not
// match, [Lint] what is doubtful in a rule.
package sigma

import "fmt"

// LogSource names where events come from; an empty part stands for any.
type LogSource struct {
	Product  string `json:"product,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`
}

// IsZero reports whether no part is named.
func (l LogSource) IsZero() bool { return l == LogSource{} }

// String is product/category/service with "*" for parts left open.
func (l LogSource) String() string {
	part := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	return part(l.Product) + "/" + part(l.Category) + "/" + part(l.Service)
}

// covers reports whether a rule written for l looks at events of source s.
func (l LogSource) covers(s LogSource) bool {
	return (l.Product == "" || l.Product == s.Product) &&
		(l.Category == "" || l.Category == s.Category) &&
		(l.Service == "" || l.Service == s.Service)
}

// Rule is one single-event detection rule.
type Rule struct {
	ID             string // UUID as written; empty when the document has none
	Name           string // by which correlations may refer to it
	Title          string
	Status         string // experimental, test, stable, deprecated, unsupported
	Level          string // informational, low, medium, high, critical
	Description    string
	Author         string
	Date           string // YYYY-MM-DD as written
	Modified       string
	Tags           []string
	References     []string
	FalsePositives []string
	Fields         []string // fields the author wants shown
	LogSource      LogSource
	Condition      string // as written; several conditions are joined with " | "

	File string // path it was read from
	Line int    // first line of the document, from 1

	searches []search
	root     *node
}

// search is one named block of a detection section.
type search struct {
	name string
	line int
	node *node
	used bool
}

// Searches lists the names of the blocks in the detection section, in order.
func (r *Rule) Searches() []string {
	out := make([]string, len(r.searches))
	for i, s := range r.searches {
		out[i] = s.name
	}
	return out
}

// Problem names what was wrong in one document. The others load.
type Problem struct {
	File  string
	Line  int // from 1; 0 when the file could not be read at all
	Rule  string
	Title string
	Text  string
}

// Error is file:line: rule id: text.
func (p Problem) Error() string {
	who := p.Rule
	if who == "" {
		who = p.Title
	}
	if who == "" {
		who = "no id"
	}
	return fmt.Sprintf("%s:%d: rule %s: %s", p.File, p.Line, who, p.Text)
}

// Set is everything found in a folder of Sigma documents.
type Set struct {
	Rules        []*Rule
	Filters      []*Filter
	Correlations []*Correlation
	Problems     []Problem
}

func (s *Set) add(o Set) {
	s.Rules = append(s.Rules, o.Rules...)
	s.Filters = append(s.Filters, o.Filters...)
	s.Correlations = append(s.Correlations, o.Correlations...)
	s.Problems = append(s.Problems, o.Problems...)
}
