package offline

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yagura/area/detect/sigma"
	"yagura/kernel/text"
)

// lint names what is wrong or doubtful in the rules of the folders.
func (c *command) lint() int {
	c.rules = append(c.rules, c.files...)
	if !c.prepare() {
		return ExitError
	}
	if len(c.rules) == 0 {
		c.say(text.M("No rules are given: --rules DIR."))
		return ExitError
	}
	least := sigma.Severity(c.failOn)
	if least.Weight() == 0 && c.failOn != "never" {
		c.say(text.M("--fail-on is error, warning, note or never, not %q.", c.failOn))
		return ExitError
	}
	if c.format != "text" && c.format != "json" {
		c.say(text.M("The format is text or json, not %q.", c.format))
		return ExitError
	}
	l := sigma.Lints{Mapping: c.mapping, Options: c.options}
	for _, dir := range c.rules {
		if err := l.Dir(dir); err != nil {
			c.say(text.M("The rules in %s cannot be read: %s", dir, err.Error()))
			return ExitError
		}
	}
	l.Together()
	failed := false
	counts, codes := map[sigma.Severity]int{}, map[string]int{}
	for _, f := range l.Findings {
		counts[f.Severity]++
		codes[f.Check]++
		failed = failed || c.failOn != "never" && f.Severity.Weight() >= least.Weight()
	}
	if c.format == "json" {
		type summary struct {
			Rules    int                    `json:"rules"`
			Counts   map[sigma.Severity]int `json:"counts"`
			Codes    map[string]int         `json:"codes"`
			Findings []sigma.Finding        `json:"findings"`
		}
		if l.Findings == nil {
			l.Findings = []sigma.Finding{}
		}
		e := json.NewEncoder(c.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(summary{l.Rules, counts, codes, l.Findings}); err != nil {
			c.say(text.M("The findings cannot be written: %s", err.Error()))
			return ExitError
		}
	} else {
		for _, f := range l.Findings {
			fmt.Fprintf(c.out, "%s:%d: %s: %s [%s]\n", f.File, f.Line, c.t(severityWord(f.Severity)), c.t(f.Message), f.Check)
		}
		var parts []string
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			parts = append(parts, fmt.Sprintf("%s %d", code, codes[code]))
		}
		c.say(text.M("%d rules: %d errors, %d warnings, %d notes.", l.Rules, counts[sigma.Grave], counts[sigma.Warning], counts[sigma.Note]))
		if len(parts) > 0 {
			c.say(text.Literal(strings.Join(parts, ", ")))
		}
	}
	if failed {
		return ExitFound
	}
	return ExitClean
}

func severityWord(s sigma.Severity) text.Message {
	switch s {
	case sigma.Grave:
		return text.M("error")
	case sigma.Warning:
		return text.M("warning")
	}
	return text.M("note")
}
