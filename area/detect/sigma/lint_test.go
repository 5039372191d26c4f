package sigma

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const lintHead = `title: %s
id: 3e0a1a5e-9a3e-4a3c-8c86-0f4e6b4b5d11
status: test
description: A text that is long enough to say something
author: somebody
date: 2026-01-02
tags: [attack.execution, attack.t1059]
level: high
logsource: {product: windows, category: process_creation}
detection:
`

// checked are the codes with their lines that a detection gives.
func checked(t *testing.T, raw string) []string {
	t.Helper()
	list, _ := LintText("rule.yml", []byte(raw), nil, Options{})
	var out []string
	for _, f := range list {
		out = append(out, fmt.Sprintf("%d %s %s", f.Line, f.Severity, f.Check))
	}
	return out
}

func TestLintNamesCodeAndLine(t *testing.T) {
	cases := map[string]struct{ detection, want string }{
		"clean":             {"  selection:\n    Image|endswith: '\\a.exe'\n  condition: selection\n", ""},
		"unknown modifier":  {"  selection:\n    Image|ends: '\\a.exe'\n  condition: selection\n", "12 error unknown-modifier"},
		"unknown field":     {"  selection:\n    Image|endswith: '\\a.exe'\n    QueryName: x\n  condition: selection\n", "13 warning field-unknown"},
		"a field's letters": {"  selection:\n    image|endswith: '\\a.exe'\n  condition: selection\n", "12 error field-unknown"},
		"unused":            {"  selection:\n    Image|endswith: '\\a.exe'\n  other:\n    User: x\n  condition: selection\n", "13 warning unused-search"},
		"dead filter":       {"  selection:\n    Image|endswith: '\\a.exe'\n  filter:\n    Image|endswith: '\\b.exe'\n  condition: selection and not filter\n", "14 warning dead-filter"},
		"a filter":          {"  selection:\n    Image|endswith: '\\a.exe'\n  filter:\n    Image|startswith: 'C:\\'\n  condition: selection and not filter\n", ""},
		"never":             {"  selection:\n    Image|endswith: '\\a.exe'\n    Image: 'C:\\b.exe'\n  condition: selection\n", "13 error contradiction"},
		"no trigger":        {"  selection:\n    Image|endswith: '\\a.exe'\n  condition: not selection\n", "1 warning no-trigger"},
		"all of one":        {"  selection:\n    CommandLine|contains|all:\n      - foo\n  condition: selection\n", "12 warning all-single"},
		"twice":             {"  selection:\n    CommandLine|contains:\n      - Foo\n      - fOO\n  condition: selection\n", "14 warning repeated-value"},
		"superfluous":       {"  selection:\n    CommandLine|contains:\n      - foobar\n      - foo\n  condition: selection\n", "13 note dead-clause"},
		"wildcard in re":    {"  selection:\n    CommandLine|re: 'foo*bar'\n  condition: selection\n", "12 warning regex-wildcard"},
		"a plain re":        {"  selection:\n    CommandLine|re: 'foobar'\n  condition: selection\n", "12 note regex-plain"},
		"padded re":         {"  selection:\n    CommandLine|re: '.*foo(bar|baz)'\n  condition: selection\n", "12 note regex-padded"},
		"costly re":         {"  selection:\n    CommandLine|re: '[a-z]+[0-9]'\n  condition: selection\n", "12 warning regex-cost"},
		"them":              {"  selection:\n    Image|endswith: '\\a.exe'\n  filter_x:\n    User: x\n  condition: all of them\n", "1 warning them-with-filter"},
		"unreachable":       {"  a:\n    Image|endswith: '\\a.exe'\n  b:\n    User: x\n  condition: a or (a and b)\n", "12 warning unreachable"},
		"twins":             {"  a:\n    Image|endswith: '\\a.exe'\n  b:\n    Image|endswith: '\\A.exe'\n  condition: a or b\n", "13 warning search-duplicate"},
		"never that event":  {"  selection:\n    EventID: 11\n    Image|endswith: '\\a.exe'\n  condition: selection\n", "12 warning event-never"},
		"no such block":     {"  selection:\n    Image|endswith: '\\a.exe'\n  condition: selectoin\n", "13 error bad-condition"},
		"wildcards":         {"  selection:\n    CommandLine: '*foo*'\n    Image|endswith: '*\\a.exe'\n  condition: selection\n", "12 note wildcard-modifier|13 note wildcard-superfluous"},
	}
	for name, c := range cases {
		got := strings.Join(checked(t, fmt.Sprintf(lintHead, "A thing happened")+c.detection), "|")
		if got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func TestLintOfTheHead(t *testing.T) {
	body := "logsource: {product: windows, category: process_creation}\ndetection:\n  s:\n    Image: x\n  condition: s\n"
	cases := map[string]string{
		"title: Detects x.\nid: 7\nstatus: new\n": "1 note author|1 note date|1 note description|1 note level|1 note title-form|1 note title-form|2 warning id-form|3 warning status",
		"title: X\nid: 3e0a1a5e-9a3e-4a3c-8c86-0f4e6b4b5d11\nstatus: test\ndescription: long enough to be one\nauthor: a\ndate: 2026/01/02\nmodified: 2025-01-01\nlevel: low\ntags: [attack.t1059, attack.t1059, Attack.x, attack.nothing, foo.bar]\n": "6 note date|9 warning tag-attack|9 note tag-duplicate|9 note tag-form|9 note tag-space",
	}
	for head, want := range cases {
		if got := strings.Join(checked(t, head+body), "|"); got != want {
			t.Errorf("%s: %q, not %q", head, got, want)
		}
	}
}

func TestLintBetweenRules(t *testing.T) {
	one := fmt.Sprintf(lintHead, "A thing happened") + "  selection:\n    Image|endswith: '\\a.exe'\n  condition: selection\n"
	l := Lints{}
	l.File("a.yml", []byte(one))
	l.File("b.yml", []byte(one))
	var codes []string
	for _, f := range l.Findings {
		codes = append(codes, f.File+" "+f.Check)
	}
	if got := strings.Join(codes, ","); got != "b.yml id-duplicate,b.yml title-duplicate,b.yml rule-duplicate" {
		t.Error(got)
	}
	if _, err := json.Marshal(l.Findings); err != nil {
		t.Error(err)
	}
}

// The published rules are mostly right: what lint says of them must be so, and
// little of it grave.
func TestLintOfPublishedRules(t *testing.T) {
	root := "../../../../shared/data/sigma"
	if _, err := os.Stat(root); err != nil {
		t.Skip("the published rules are not beside the repository")
	}
	l := Lints{}
	for _, d := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		if err := l.Dir(filepath.Join(root, d)); err != nil {
			t.Fatal(err)
		}
	}
	if l.Rules < 3700 {
		t.Fatalf("%d rules", l.Rules)
	}
	grave, warned := 0, map[string]bool{}
	for _, f := range l.Findings {
		switch {
		case f.Severity == Grave && f.Check != "no-placeholder":
			grave++
			t.Errorf("%s:%d %s %s", f.File, f.Line, f.Check, f.Text)
		case f.Severity == Warning:
			warned[f.File] = true
		}
		if f.Line <= 0 {
			t.Errorf("%s: %s has no line", f.File, f.Check)
		}
	}
	if len(warned)*100 > l.Rules*2 {
		t.Errorf("%d of %d rules with warnings: more than one in fifty", len(warned), l.Rules)
	}
	t.Logf("%d rules: %d findings, %d rules with warnings, %d errors that are no placeholder", l.Rules, len(l.Findings), len(warned), grave)
}

func TestFieldsOfLogSources(t *testing.T) {
	f := FieldsOf(LogSource{Product: "windows", Category: "process_creation"})
	if !slices.Contains(f, "CommandLine") || !slices.Contains(f, "EventID") || slices.Contains(f, "QueryName") {
		t.Error(f)
	}
	if FieldsOf(LogSource{Product: "aws"}) != nil {
		t.Error("the fields of a log that is not fixed")
	}
}

func FuzzLint(f *testing.F) {
	f.Add(fmt.Sprintf(lintHead, "A") + "  s:\n    a|re: 'x*'\n  condition: s\n")
	f.Add("title: x\n---\nlogsource: {}\ndetection: {s: [a, b], condition: 1 of them}\ntitle: y\n")
	f.Add("tags: [attack.]\ntitle: x\nlogsource: {product: [a]}\ndetection: {s: {a: null}, condition: not s}\n")
	f.Fuzz(func(t *testing.T, s string) {
		list, _ := LintText("x.yml", []byte(s), nil, Options{})
		for _, x := range list {
			if x.Check == "" || x.Severity.Weight() == 0 || x.Text == "" {
				t.Fatalf("%+v", x)
			}
		}
	})
}
