package sigma

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The types of correlations that Sigma 2.1 knows.
const (
	EventCount      = "event_count"
	ValueCount      = "value_count"
	Temporal        = "temporal"
	TemporalOrdered = "temporal_ordered"
	ValueSum        = "value_sum"
	ValueAvg        = "value_avg"
	ValuePercentile = "value_percentile"
	ValueMedian     = "value_median"
)

var correlationTypes = []string{EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAvg, ValuePercentile, ValueMedian}

// Correlation is a document that joins several events. Which of its rules are
// meant is known after [Set.Link].
type Correlation struct {
	ID, Name, Title, Status, Level, Description, Author, Date, Modified string
	Tags, References, FalsePositives                                    []string

	Type     string   // event_count, value_count, temporal, …
	Rules    []string // ids or names it refers to, in order
	GroupBy  []string
	Aliases  map[string]map[string]string // alias → id or name of a rule → field of its events
	Timespan time.Duration
	Span     string // the timespan as written
	Bounds   []Bound
	// Condition is the condition in one line: "gte 10", "a and not b".
	Condition string
	Fields    []string // whose values count; for value_*
	// Percentile is which one value_percentile compares.
	Percentile float64
	// Presence is a condition over the rules themselves; nil: Bounds.
	Presence *Presence
	// Generate says that the rules referred to raise alerts of their own, too.
	Generate bool

	File string
	Line int
}

// Bound is one comparison of a condition: all of them must hold.
type Bound struct {
	Op    string // gt, gte, lt, lte, eq, neq
	Value float64
}

// Holds compares.
func (b Bound) Holds(v float64) bool {
	switch b.Op {
	case "gt":
		return v > b.Value
	case "gte":
		return v >= b.Value
	case "lt":
		return v < b.Value
	case "lte":
		return v <= b.Value
	case "neq":
		return v != b.Value
	}
	return v == b.Value
}

// Presence is a condition over rules, as enhancement 198 of the specification
// writes it: "a and (b or c) and not d". Exactly one of the parts is set.
type Presence struct {
	Rule string // there is a hit of it
	Not  *Presence
	And  []*Presence
	Or   []*Presence
}

// AtLeast tells whether more events can only make the condition truer, so that
// it may be answered as soon as it holds.
func (c *Correlation) AtLeast() bool {
	if c.Presence != nil {
		return !c.Presence.negates()
	}
	return len(c.Bounds) == 1 && (c.Bounds[0].Op == "gt" || c.Bounds[0].Op == "gte")
}

func (p *Presence) negates() bool {
	return p.Not != nil || slices.ContainsFunc(p.And, (*Presence).negates) || slices.ContainsFunc(p.Or, (*Presence).negates)
}

// Named are the rules of a condition in the order in which they stand.
func (p *Presence) Named() []string {
	var out []string
	var walk func(*Presence)
	walk = func(p *Presence) {
		if p.Rule != "" && !slices.Contains(out, p.Rule) {
			out = append(out, p.Rule)
		}
		if p.Not != nil {
			walk(p.Not)
		}
		for _, k := range p.And {
			walk(k)
		}
		for _, k := range p.Or {
			walk(k)
		}
	}
	walk(p)
	return out
}

var knownCorrelation = []string{"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"}

// correlation reads one correlation document.
func (p *parser) correlation(top *yaml.Node, m map[string]*yaml.Node) (*Correlation, error) {
	body := m["correlation"]
	if body.Kind != yaml.MappingNode {
		return nil, at(body, "correlation is a mapping of type, rules, group-by, timespan and condition")
	}
	f := fieldsOf(body)
	for i := 0; i+1 < len(body.Content); i += 2 {
		if k := body.Content[i]; !slices.Contains(knownCorrelation, k.Value) {
			return nil, at(k, "correlation has no key %q", k.Value)
		}
	}
	c := &Correlation{ID: scalar(m["id"]), Name: scalar(m["name"]), Title: scalar(m["title"]), Status: scalar(m["status"]), Level: scalar(m["level"]),
		Description: scalar(m["description"]), Author: scalar(m["author"]), Date: scalar(m["date"]), Modified: scalar(m["modified"]),
		Tags: scalars(m["tags"]), References: scalars(m["references"]), FalsePositives: scalars(m["falsepositives"]),
		Type: scalar(f["type"]), Rules: scalars(f["rules"]), GroupBy: scalars(f["group-by"]), File: p.file, Line: top.Line}
	if c.Title == "" {
		return nil, at(top, "title is missing")
	}
	if c.Type == "" {
		return nil, at(body, "the type of the correlation is missing")
	}
	if !slices.Contains(correlationTypes, c.Type) {
		return nil, at(f["type"], "type %q is none of %s", c.Type, strings.Join(correlationTypes, ", "))
	}
	if f["timespan"] == nil {
		return nil, at(body, "timespan is missing")
	}
	c.Span = scalar(f["timespan"])
	var err error
	if c.Timespan, err = timespan(c.Span); err != nil {
		return nil, at(f["timespan"], "%v", err)
	}
	if err := c.condition(body, f["condition"]); err != nil {
		return nil, err
	}
	if len(c.Rules) == 0 && c.Presence != nil {
		c.Rules = c.Presence.Named()
	}
	if len(c.Rules) == 0 {
		return nil, at(body, "rules are missing: which hits are joined?")
	}
	for i, r := range c.Rules {
		if slices.Index(c.Rules, r) != i {
			return nil, at(f["rules"], "the rule %s is named twice", r)
		}
	}
	if c.Presence == nil && len(c.Bounds) == 0 { // temporal without a condition: all of them
		c.Bounds = []Bound{{"gte", float64(len(c.Rules))}}
		c.Condition = "gte " + strconv.Itoa(len(c.Rules))
	}
	if err := c.sensible(f); err != nil {
		return nil, err
	}
	if g := f["generate"]; g != nil {
		if g.ShortTag() != "!!bool" {
			return nil, at(g, "generate is true or false")
		}
		c.Generate = strings.EqualFold(g.Value, "true")
	} else if g := m["generate"]; g != nil { // the schema has it at the top
		if g.ShortTag() != "!!bool" {
			return nil, at(g, "generate is true or false")
		}
		c.Generate = strings.EqualFold(g.Value, "true")
	}
	return c, c.aliases(f["aliases"])
}

var spanForm = regexp.MustCompile(`^([0-9]{1,9})([smhdwMy])$`)

// spans are the units of a timespan; M and y are the mean month and year.
var spans = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	"M": 2629746 * time.Second, "y": 31556952 * time.Second}

// longestSpan bounds how long state is kept.
const longestSpan = 2 * 31556952 * time.Second

func timespan(s string) (time.Duration, error) {
	m := spanForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("timespan %q is no number with one of s, m, h, d, w, M, y after it", s)
	}
	n, _ := strconv.Atoi(m[1])
	if n == 0 {
		return 0, fmt.Errorf("timespan %q is no time at all", s)
	}
	if unit := spans[m[2]]; time.Duration(n) <= longestSpan/unit {
		return time.Duration(n) * unit, nil
	}
	return 0, fmt.Errorf("timespan %q is longer than two years", s)
}

// condition reads a condition: comparisons, or a line over the rules.
func (c *Correlation) condition(body, n *yaml.Node) error {
	temporal := c.Type == Temporal || c.Type == TemporalOrdered
	if n == nil {
		if temporal {
			return nil
		}
		return at(body, "condition is missing")
	}
	if n.Kind == yaml.ScalarNode {
		if !temporal {
			return at(n, "a condition over rules belongs to temporal and temporal_ordered; %s compares a number", c.Type)
		}
		p, err := parsePresence(n.Value)
		if err != nil {
			return at(n, "condition %q: %v", n.Value, err)
		}
		c.Presence, c.Condition = p, strings.Join(strings.Fields(n.Value), " ")
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return at(n, "condition is a mapping of gt, gte, lt, lte, eq, neq to a number")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], deref(n.Content[i+1])
		switch k.Value {
		case "gt", "gte", "lt", "lte", "eq", "neq":
			x, err := strconv.ParseFloat(scalar(v), 64)
			if err != nil || x != x || x-x != 0 {
				return at(v, "%s: %q is no number", k.Value, v.Value)
			}
			if counts := c.Type == EventCount || c.Type == ValueCount || temporal; counts && (x != float64(int64(x)) || x < 0) {
				return at(v, "%s: %s counts, so that %q is no whole number from 0", k.Value, c.Type, v.Value)
			}
			c.Bounds = append(c.Bounds, Bound{k.Value, x})
		case "field":
			if c.Fields = scalars(v); len(c.Fields) == 0 {
				return at(v, "field names no field")
			}
		case "percentile":
			x, err := strconv.ParseFloat(scalar(v), 64)
			if err != nil || x < 0 || x > 100 || c.Type != ValuePercentile {
				return at(v, "percentile is a number from 0 to 100, for value_percentile")
			}
			c.Percentile = x
		default:
			return at(k, "condition knows gt, gte, lt, lte, eq, neq, field and percentile, not %q", k.Value)
		}
	}
	if len(c.Bounds) == 0 {
		return at(n, "condition compares with nothing: gt, gte, lt, lte, eq or neq is missing")
	}
	if c.Type == ValuePercentile && fieldsOf(n)["percentile"] == nil {
		return at(n, "value_percentile needs percentile in its condition: which one is compared?")
	}
	values := strings.HasPrefix(c.Type, "value_")
	if values && len(c.Fields) == 0 {
		return at(n, "%s needs field in its condition: whose values count?", c.Type)
	}
	if !values && len(c.Fields) > 0 {
		return at(n, "%s counts hits; field belongs to value_count and the like", c.Type)
	}
	if c.Type != ValueCount && len(c.Fields) > 1 {
		return at(n, "%s takes one field", c.Type)
	}
	var said []string
	for _, b := range c.Bounds {
		said = append(said, b.Op+" "+strconv.FormatFloat(b.Value, 'f', -1, 64))
	}
	c.Condition = strings.Join(said, " and ")
	return nil
}

// sensible refuses what could never be answered, or always is.
func (c *Correlation) sensible(f map[string]*yaml.Node) error {
	n := f["condition"]
	if c.Presence != nil {
		named := c.Presence.Named()
		for _, r := range c.Rules {
			if !slices.Contains(named, r) {
				return at(n, "the condition does not use the rule %s", r)
			}
		}
		for _, r := range named {
			if !slices.Contains(c.Rules, r) {
				return at(n, "the condition names %s, which is not among the rules", r)
			}
		}
		present, absent, ok := c.Presence.literals()
		switch {
		case c.Presence.negates() && !ok:
			return at(n, "a condition with not joins rules by and: \"a and not b\"")
		case c.Presence.negates() && len(present) == 0:
			return at(n, "a condition of absence alone has no moment at which it could hold: name a rule that is there")
		case !c.Presence.negates() && c.Type == TemporalOrdered && (!ok || len(absent) > 0):
			return at(n, "temporal_ordered joins its rules by and")
		}
		return nil
	}
	switch c.Type {
	case EventCount, ValueCount:
		if b := c.Bounds[0]; c.AtLeast() && (b.Op == "gte" && b.Value < 1) {
			return at(n, "%s holds for every event", c.Condition)
		}
	case TemporalOrdered:
		if !c.AtLeast() {
			return at(n, "temporal_ordered asks for at least some of its rules (gt, gte)")
		}
		fallthrough
	case Temporal:
		if b := c.Bounds[0]; c.AtLeast() && (b.Op == "gte" && b.Value > float64(len(c.Rules)) || b.Op == "gt" && b.Value >= float64(len(c.Rules))) {
			return at(n, "%s: there are only %d rules", c.Condition, len(c.Rules))
		} else if c.AtLeast() && b.Op == "gte" && b.Value < 1 {
			return at(n, "%s holds for every event", c.Condition)
		}
	}
	return nil
}

// literals takes a condition as rules that are there and rules that are not,
// if it can be said so.
func (p *Presence) literals() (present, absent []string, ok bool) {
	ok = true
	var walk func(p *Presence, not bool)
	walk = func(p *Presence, not bool) {
		switch {
		case p.Rule != "" && not:
			absent = append(absent, p.Rule)
		case p.Rule != "":
			present = append(present, p.Rule)
		case p.Not != nil:
			walk(p.Not, !not)
		case len(p.And) > 0 && !not:
			for _, k := range p.And {
				walk(k, false)
			}
		case len(p.Or) > 0 && not:
			for _, k := range p.Or {
				walk(k, true)
			}
		default:
			ok = false
		}
	}
	walk(p, false)
	for _, r := range present {
		ok = ok && !slices.Contains(absent, r)
	}
	return present, absent, ok
}

// Literals are the rules that must be there and those that must not, of a
// condition that joins them by "and".
func (p *Presence) Literals() (present, absent []string) {
	present, absent, _ = p.literals()
	return present, absent
}

func (c *Correlation) aliases(n *yaml.Node) error {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return at(n, "aliases is a mapping of names to rules and their fields")
	}
	c.Aliases = map[string]map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], deref(n.Content[i+1])
		if v.Kind != yaml.MappingNode {
			return at(v, "the alias %s is a mapping of rules to fields", k.Value)
		}
		fields := map[string]string{}
		for r, f := range fieldsOf(v) {
			if !slices.Contains(c.Rules, r) {
				return at(v, "the alias %s names %s, which is not among the rules", k.Value, r)
			}
			if fields[r] = scalar(f); fields[r] == "" {
				return at(v, "the alias %s names no field for %s", k.Value, r)
			}
		}
		for _, r := range c.Rules {
			if slices.Contains(c.GroupBy, k.Value) && fields[r] == "" {
				return at(v, "the alias %s says no field for %s, so that its hits belong to no group", k.Value, r)
			}
		}
		c.Aliases[k.Value] = fields
	}
	return nil
}
