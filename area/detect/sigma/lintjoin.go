package sigma

import (
	"yagura/kernel/text"
)

// Together looks at what documents say of each other, after all files were
// looked at: the rules that correlations and filters refer to, and correlations
// that nobody can name.
func (l *Lints) Together() {
	l.stray()
	bad := func(check string, problems []Problem) {
		for _, p := range problems {
			msg := text.M("cannot be loaded: %s", p.Text)
			l.Findings = append(l.Findings, Finding{File: p.File, Line: p.Line, Rule: p.Rule, Check: check, Severity: Grave, Text: msg.In(text.EN), Message: msg})
		}
	}
	_, problems := Link(l.rules, l.Correlations)
	bad("correlation-rules", problems)
	bad("filter-rules", ApplyFilters(l.rules, l.Correlations, l.filters))
	for _, c := range l.Correlations {
		at := &linter{rule: &Rule{ID: c.ID, File: c.File, Line: c.Line}}
		if c.ID == "" {
			at.add(c.Line, "id-missing", Grave, text.M("the correlation has no id: alerts and exclusions cannot name it"))
		}
		if !levels[c.Level] {
			at.add(c.Line, "level-unknown", Grave, text.M("the level %q of the correlation is none of informational, low, medium, high, critical", c.Level))
		}
		if len(c.GroupBy) == 0 {
			at.add(c.Line, "group-missing", Note, text.M("the correlation has no group-by: hits of all hosts and users count together"))
		}
		l.Findings = append(l.Findings, at.out...)
	}
}
