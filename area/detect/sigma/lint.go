package sigma

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"yagura/kernel/text"
)

// Severity is how much a finding of lint weighs.
type Severity string

// The severities, gravest first. What is an error can't work, what is a warning
// most likely does not do what was meant or costs more than it needs, a note is
// about the conventions by which people find and maintain rules.
const (
	Grave   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Weight orders severities; more is graver, 0 is none of them.
func (s Severity) Weight() int {
	switch s {
	case Grave:
		return 3
	case Warning:
		return 2
	case Note:
		return 1
	}
	return 0
}

// Finding is one doubtful thing in a rule.
type Finding struct {
	File     string       `json:"file"`
	Line     int          `json:"line"` // in the file, 0: the rule as a whole
	Rule     string       `json:"rule,omitempty"`
	Check    string       `json:"code"` // what found it, such as "no-trigger"
	Severity Severity     `json:"severity"`
	Text     string       `json:"text"` // the message in English
	Message  text.Message `json:"-"`
}

var levels = map[string]bool{"": true, "informational": true, "low": true, "medium": true, "high": true, "critical": true}

// linter gathers the findings of one rule.
type linter struct {
	rule *Rule
	m    *Mapping
	o    Options
	out  []Finding
}

func (l *linter) add(line int, check string, s Severity, m text.Message) {
	f := Finding{File: l.rule.File, Line: line, Rule: l.rule.ID, Check: check, Severity: s, Text: m.In(text.EN), Message: m}
	l.out = append(l.out, f)
}

// Lint looks for what is probably not meant or costs more than it needs in what
// a rule looks for. It only reports what is certain from the rule itself; a nil
// mapping is [DefaultMapping]. [LintText] also looks at what is written around
// it.
func Lint(r *Rule, m *Mapping) []Finding {
	if m == nil {
		m = DefaultMapping()
	}
	l := &linter{rule: r, m: m}
	l.all()
	return l.sorted()
}

func (l *linter) all() {
	r := l.rule
	if r.ID == "" {
		l.add(r.Line, "id", Warning, text.M("the rule has no id: alerts and exclusions cannot name it"))
	}
	if !levels[r.Level] {
		l.add(r.Line, "level", Grave, text.M("level %q is none of informational, low, medium, high, critical", r.Level))
	}
	if !l.m.Knows(r.LogSource) {
		l.add(r.Line, "no-source", Note, text.M("no log source is mapped to %s: only events that are sent as such meet the rule", r.LogSource.String()))
	}
	l.blocks()
	l.values()
	l.fields()
	l.tree(r.root, map[*node]bool{})
	l.logic()
	l.trigger()
}

func (l *linter) sorted() []Finding {
	slices.SortStableFunc(l.out, func(a, b Finding) int {
		if c := cmp.Compare(a.Line, b.Line); c != 0 {
			return c
		}
		return cmp.Compare(a.Check, b.Check)
	})
	return slices.CompactFunc(l.out, func(a, b Finding) bool { return a.Line == b.Line && a.Check == b.Check && a.Text == b.Text })
}

// LintText looks at all documents of a file: whether they load, whether they
// keep to the conventions of the Sigma specification, and what [Lint] sees. The
// set is what the file holds.
func LintText(file string, raw []byte, m *Mapping, o Options) ([]Finding, Set) {
	if m == nil {
		m = DefaultMapping()
	}
	set := Parse(file, raw)
	var out []Finding
	bad := func(p Problem) {
		msg := text.M("cannot be loaded: %s", p.Text)
		out = append(out, Finding{File: file, Line: p.Line, Rule: p.Rule, Check: loadCheck(p.Text), Severity: Grave, Text: msg.In(text.EN), Message: msg})
	}
	for _, p := range set.Problems {
		bad(p)
	}
	_, problems := Compile(set.Rules, m, o)
	for _, p := range problems {
		bad(p)
	}
	heads := headsOf(raw)
	for _, r := range set.Rules {
		l := &linter{rule: r, m: m, o: o}
		l.all()
		if h, ok := heads[r.Line]; ok {
			l.head(h)
		}
		out = append(out, l.sorted()...)
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return out, set
}

// loadCheck sorts what keeps a rule from loading.
func loadCheck(why string) string {
	switch {
	case strings.Contains(why, "unknown modifier"):
		return "unknown-modifier"
	case strings.Contains(why, "modifier"):
		return "bad-modifier"
	case strings.Contains(why, "condition"), strings.Contains(why, "search block"):
		return "bad-condition"
	case strings.Contains(why, "placeholder"):
		return "no-placeholder"
	case strings.Contains(why, "YAML"):
		return "bad-yaml"
	}
	return "load"
}

// Lints looks at files one after the other and at what is doubtful between
// them.
type Lints struct {
	Mapping *Mapping
	Options Options

	Rules        int
	Correlations []*Correlation
	Findings     []Finding

	ids    map[string]*Rule
	titles map[string]*Rule
	same   map[string]*Rule // what the rule looks for → first with it

	rules   []*Rule
	filters []*Filter
	cases   []string // files of sample events
}

// File looks at one file.
func (l *Lints) File(name string, raw []byte) {
	if l.ids == nil {
		l.ids, l.titles, l.same = map[string]*Rule{}, map[string]*Rule{}, map[string]*Rule{}
	}
	list, set := LintText(name, raw, l.Mapping, l.Options)
	l.Findings = append(l.Findings, list...)
	l.Rules += len(set.Rules)
	l.Correlations = append(l.Correlations, set.Correlations...)
	l.rules, l.filters = append(l.rules, set.Rules...), append(l.filters, set.Filters...)
	for _, r := range set.Rules {
		at := &linter{rule: r}
		if first := l.ids[strings.ToLower(r.ID)]; first != nil && r.ID != "" {
			at.add(r.Line, "id-duplicate", Grave, text.M("the id is also that of %s", first.File))
		} else {
			l.ids[strings.ToLower(r.ID)] = r
		}
		if first := l.titles[strings.ToLower(r.Title)]; first != nil {
			at.add(r.Line, "title-duplicate", Warning, text.M("the title is also that of %s", first.File))
		} else {
			l.titles[strings.ToLower(r.Title)] = r
		}
		key := r.LogSource.String() + "\n" + treeKey(r.root)
		if first := l.same[key]; first != nil {
			at.add(r.Line, "rule-duplicate", Warning, text.M("it looks for the same as %s", first.File))
		} else {
			l.same[key] = r
		}
		l.Findings = append(l.Findings, at.out...)
	}
}

// Dir looks at every .yml and .yaml file below a folder, or at one file.
func (l *Lints) Dir(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := strings.ToLower(filepath.Ext(name)); d.IsDir() || name != dir && ext != ".yml" && ext != ".yaml" {
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		switch {
		case !isCase(raw):
			l.File(name, raw)
		case besideRules(name):
			l.cases = append(l.cases, name)
		}
		return nil
	})
}

// besideRules tells whether a file is in a folder for the sample events of rules:
// "cases", and "joinedcases" for those of correlations.
func besideRules(name string) bool {
	dir := filepath.Base(filepath.Dir(filepath.FromSlash(name)))
	return dir == "cases" || dir == "joinedcases"
}

// stray names sample events that are named after no rule, which nobody tries.
func (l *Lints) stray() {
	known := map[string]bool{}
	for _, r := range l.rules {
		known[strings.ToLower(r.ID)] = true
	}
	for _, c := range l.Correlations {
		known[strings.ToLower(c.ID)] = true
	}
	for _, name := range l.cases {
		if id := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)); !known[strings.ToLower(id)] {
			msg := text.M("sample events are named after their rule; there is no rule %s", id)
			l.Findings = append(l.Findings, Finding{File: name, Line: 1, Check: "case-stray", Severity: Warning, Text: msg.In(text.EN), Message: msg})
		}
	}
}

// isCase tells whether a file holds the sample events of a rule, as they stand
// in folders beside rules.
func isCase(raw []byte) bool {
	heads := headsOf(raw)
	for _, h := range heads {
		if m := fieldsOf(h); m["fires"] == nil && m["silent"] == nil && m["regression_tests_info"] == nil || m["detection"] != nil {
			return false
		}
	}
	return len(heads) > 0
}

// treeKey is a text that is the same for trees that are.
func treeKey(n *node) string {
	if n.kind == kindTest {
		return n.test.key()
	}
	kids := make([]string, len(n.kids))
	for i, k := range n.kids {
		kids[i] = treeKey(k)
	}
	if len(kids) == 1 && n.kind != kindNot {
		return kids[0]
	}
	if n.kind != kindNot {
		slices.Sort(kids)
		kids = slices.Compact(kids)
	}
	return string('0'+byte(n.kind)) + "(" + strings.Join(kids, "\x01") + ")"
}
