package sigma

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const twoRules = `title: Failed
id: 11111111-1111-4111-8111-111111111111
name: failed
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Succeeded
id: 22222222-2222-4222-8222-222222222222
name: succeeded
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624}, condition: s}
---
`

// TestCorrelation reads the examples of the specification.
func TestCorrelation(t *testing.T) {
	set := Parse("c.yml", []byte(twoRules+`title: Many failed logins
id: 0e95725d-7320-415d-80f7-004da920fc11
name: many_failed_logins
correlation:
    type: event_count
    rules:
        - 11111111-1111-4111-8111-111111111111
    group-by:
        - ComputerName
    timespan: 1h
    condition:
        gte: 100
---
title: Failed login
level: high
tags: [attack.t1110]
falsepositives: [a scanner]
correlation:
    type: value_count
    rules: failed
    group-by: [ComputerName, WorkstationName]
    timespan: 1d
    condition:
        field: User
        gt: 100
        lte: 200
generate: true
---
title: Failed, then in
id: 33333333-3333-4333-8333-333333333333
correlation:
    type: temporal_ordered
    rules:
        - many_failed_logins
        - succeeded
    aliases:
        who:
            many_failed_logins: TargetUserName
            succeeded: AccountName
    group-by: [who]
    timespan: 90m
---
title: No answer
id: 44444444-4444-4444-8444-444444444444
correlation:
    type: temporal_ordered
    rules: [failed, succeeded]
    group-by: [User]
    timespan: 5m
    condition: failed AND NOT succeeded
---
title: Slow
id: 55555555-5555-4555-8555-555555555555
correlation:
    type: value_percentile
    rules: [failed]
    group-by: [User]
    timespan: 2w
    condition: {field: took, percentile: 95, gte: 1.5}
`))
	for _, p := range set.Problems {
		t.Error(p)
	}
	linked, problems := Link(set.Rules, set.Correlations)
	if len(problems) > 0 || len(linked) != 5 {
		t.Fatalf("%d linked, %v", len(linked), problems)
	}
	many, spray, then, absent, slow := linked[0], linked[1], linked[2], linked[3], linked[4]
	if many.Timespan != time.Hour || many.Bounds[0] != (Bound{"gte", 100}) || many.Parts[0].Rule.Name != "failed" || !many.AtLeast() {
		t.Errorf("%+v", many.Correlation)
	}
	if spray.Level != "high" || len(spray.Bounds) != 2 || spray.Fields[0] != "User" || !spray.Generate || spray.AtLeast() || spray.Tags[0] != "attack.t1110" || spray.FalsePositives[0] != "a scanner" {
		t.Errorf("%+v", spray.Correlation)
	}
	if then.Parts[0].Correlation != many || then.Field(0, "who") != "TargetUserName" || then.Field(1, "who") != "AccountName" || then.Field(1, "other") != "other" || then.Timespan != 90*time.Minute {
		t.Errorf("%+v", then.Correlation)
	}
	present, missing := absent.Presence.Literals()
	if !slices.Equal(present, []string{"failed"}) || !slices.Equal(missing, []string{"succeeded"}) || absent.AtLeast() {
		t.Errorf("%v %v", present, missing)
	}
	if slow.Percentile != 95 || slow.Bounds[0].Value != 1.5 || slow.Timespan != 14*24*time.Hour {
		t.Errorf("%+v", slow.Correlation)
	}
	silent := Silent(linked)
	if !silent["22222222-2222-4222-8222-222222222222"] || !silent["0e95725d-7320-415d-80f7-004da920fc11"] || silent["11111111-1111-4111-8111-111111111111"] {
		t.Errorf("silent: %v", silent)
	}
}

// TestCorrelationProblems: what is wrong is named with its line and id, and keeps
// nothing else from loading.
func TestCorrelationProblems(t *testing.T) {
	good := "title: T\nid: aaaa\ncorrelation:\n  type: event_count\n  rules: [failed]\n  group-by: [User]\n  timespan: 5m\n  condition: {gte: 3}\n"
	for _, x := range []struct{ from, to, want string }{
		{"type: event_count", "type: sum", `:16: rule aaaa: type "sum" is none of event_count`},
		{"  type: event_count\n", "", "the type of the correlation is missing"},
		{"timespan: 5m", "timespan: 5 minutes", `:19: rule aaaa: timespan "5 minutes"`},
		{"timespan: 5m", "timespan: 0m", "no time at all"},
		{"timespan: 5m", "timespan: 99y", "longer than two years"},
		{"  timespan: 5m\n", "", "timespan is missing"},
		{"  rules: [failed]\n", "", "rules are missing"},
		{"rules: [failed]", "rules: [failed, failed]", "named twice"},
		{"rules: [failed]", "rules: [nobody]", "there is no rule nobody"},
		{"condition: {gte: 3}", "condition: {gte: x}", `gte: "x" is no number`},
		{"condition: {gte: 3}", "condition: {gte: 1.5}", "no whole number"},
		{"condition: {gte: 3}", "condition: {most: 3}", `not "most"`},
		{"condition: {gte: 3}", "condition: {field: User}", "compares with nothing"},
		{"condition: {gte: 3}", "condition: {gte: 0}", "holds for every event"},
		{"condition: {gte: 3}", "condition: failed", "belongs to temporal"},
		{"  condition: {gte: 3}\n", "", "condition is missing"},
		{"type: event_count", "type: value_count", "needs field"},
		{"type: event_count", "type: temporal", "there are only 1 rules"},
		{"group-by", "groupby", `no key "groupby"`},
		{"condition: {gte: 3}", "condition: {gte: 3}\n  aliases: {who: {other: User}}", "not among the rules"},
		{"condition: {gte: 3}", "condition: {gte: 3}\n  generate: maybe", "generate is true or false"},
		{"type: event_count\n  rules: [failed]", "type: temporal\n  rules: [failed, succeeded]", "there are only 2 rules"},
		{"type: event_count\n  rules: [failed]\n  group-by: [User]\n  timespan: 5m\n  condition: {gte: 3}", "type: temporal\n  rules: [failed, succeeded]\n  group-by: [User]\n  timespan: 5m\n  condition: not failed and not succeeded", "absence alone"},
		{"type: event_count\n  rules: [failed]\n  group-by: [User]\n  timespan: 5m\n  condition: {gte: 3}", "type: temporal\n  rules: [failed, succeeded]\n  group-by: [User]\n  timespan: 5m\n  condition: failed or not succeeded", "joins rules by and"},
		{"type: event_count\n  rules: [failed]\n  group-by: [User]\n  timespan: 5m\n  condition: {gte: 3}", "type: temporal\n  rules: [failed, succeeded]\n  group-by: [User]\n  timespan: 5m\n  condition: failed and (", "ends too early"},
		{"type: event_count\n  rules: [failed]\n  group-by: [User]\n  timespan: 5m\n  condition: {gte: 3}", "type: value_percentile\n  rules: [failed]\n  group-by: [User]\n  timespan: 5m\n  condition: {gte: 3, field: x}", "needs percentile"},
	} {
		doc := strings.Replace(good, x.from, x.to, 1)
		if doc == good {
			t.Fatalf("%q is not in the document", x.from)
		}
		set := Parse("c.yml", []byte(twoRules+doc))
		_, problems := Link(set.Rules, set.Correlations)
		problems = append(set.Problems, problems...)
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), x.want) || !strings.HasPrefix(problems[0].Error(), "c.yml:") {
			t.Errorf("%s\nwant %q, got %v", doc, x.want, problems)
		}
		if len(set.Rules) != 2 {
			t.Error("other rules do not load")
		}
	}
	ring := func(name, of string) string {
		return "title: " + name + "\nid: " + name + "\ncorrelation: {type: event_count, rules: [" + of + "], group-by: [User], timespan: 5m, condition: {gte: 3}}\n---\n"
	}
	set := Parse("c.yml", []byte(twoRules+ring("ra", "rb")+ring("rb", "rc")+ring("rc", "ra")+ring("rd", "rc")+ring("re", "failed")))
	linked, problems := Link(set.Rules, set.Correlations)
	if len(linked) != 1 || linked[0].ID != "re" || len(problems) != 4 || !strings.Contains(problems[0].Text+problems[1].Text, "circle: ra → rb → rc → ra") {
		t.Errorf("circle: %d linked, %v", len(linked), problems)
	}
}

func TestFiltersOfFolders(t *testing.T) {
	match := func(filter string) (failed, succeeded bool, problems []Problem) {
		set := Parse("f.yml", []byte(twoRules+filter))
		problems = append(set.Problems, ApplyFilters(set.Rules, set.Correlations, set.Filters)...)
		e, more := Compile(set.Rules, nil, Options{})
		problems = append(problems, more...)
		m := e.NewMatcher()
		for _, id := range []string{"4625", "4624"} {
			hits, err := m.Match([]byte(`{"Channel":"Security","EventID":`+id+`,"TargetUserName":"adm_x"}`), LogSource{})
			if err != nil {
				t.Fatal(err)
			}
			failed, succeeded = failed || id == "4625" && len(hits) > 0, succeeded || id == "4624" && len(hits) > 0
		}
		return failed, succeeded, problems
	}
	doc := func(source, rules, condition string) string {
		return "title: F\nid: ffff\nlogsource: " + source + "\nfilter:\n  rules: " + rules + "\n  selection: {TargetUserName|startswith: adm_}\n  condition: " + condition + "\n"
	}
	for _, x := range []struct {
		filter            string
		failed, succeeded bool
		problem           string
	}{
		{"", true, true, ""},
		{doc("{product: windows}", "[failed]", "selection"), false, true, ""},
		{doc("{product: windows}", "[failed]", "not selection"), false, true, ""},
		{doc("{product: windows}", "[11111111-1111-4111-8111-111111111111]", "not 1 of sel*"), false, true, ""},
		{doc("{product: windows}", "any", "selection"), false, false, ""},
		{doc("{product: windows}", "[ANY]", "selection"), false, false, ""},
		{doc("{product: linux}", "any", "selection"), true, true, ""},
		{doc("{product: windows, service: security}", "[succeeded, failed]", "selection"), false, false, ""},
		{doc("{product: windows}", "[nobody]", "selection"), true, true, "f.yml:13: rule ffff: the filter names the rule nobody, which is not there"},
		{strings.Replace(doc("{product: windows}", "any", "selection"), "  rules: any\n", "", 1), true, true, "rules are missing"},
		{strings.Replace(doc("{product: windows}", "any", "selection"), "title: F\n", "", 1), true, true, "title is missing"},
	} {
		failed, succeeded, problems := match(x.filter)
		if failed != x.failed || succeeded != x.succeeded || (x.problem == "") != (len(problems) == 0) || x.problem != "" && !strings.Contains(problems[0].Error(), x.problem) {
			t.Errorf("%s\n%v %v %v", x.filter, failed, succeeded, problems)
		}
	}
}

func TestReader(t *testing.T) {
	r := NewReader([]string{"Image", "Computer", "user.name", "Missing", "Long Name"}, nil)
	for raw, want := range map[string]string{
		`{"Image":"C:\\a.exe","Computer":"ws1","user":{"name":"鈴木"},"LongName":7}`:     `C:\a.exe|ws1|鈴木|-|7`,
		`{"NewProcessName":"x","Event":{"System":{"Computer":"ws2"}},"user.name":"a"}`: "x|ws2|a|-|-",
		`{"Image":null,"Computer":""}`: "-||-|-|-",
	} {
		if err := r.Read([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range []string{"Image", "Computer", "user.name", "Missing", "Long Name"} {
			v, ok := r.Value(n)
			if !ok {
				v = "-"
			}
			got = append(got, v)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s: %s, want %s", raw, s, want)
		}
	}
	if r.Read([]byte("[]")) == nil {
		t.Error("an array is read as an event")
	}
}
