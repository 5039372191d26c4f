package sigma

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
)

// one compiles a rule with the given search block for a made-up source.
func one(t testing.TB, search string) (*Engine, []Problem) {
	t.Helper()
	doc := "title: t\nid: x\nlogsource: {product: test}\ndetection:\n  s:\n" + search + "\n  condition: s\n"
	set := Parse("rule.yml", []byte(doc))
	if len(set.Problems) > 0 {
		return nil, set.Problems
	}
	return Compile(set.Rules, nil, Options{Placeholders: map[string][]string{"admins": {"root", `a*b`}, "hosts": {"h1"}}})
}

func fires(t testing.TB, e *Engine, raw string) bool {
	t.Helper()
	hits, err := e.NewMatcher().Match([]byte(raw), LogSource{Product: "test"})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return len(hits) > 0
}

func object(kv ...any) string {
	m := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// TestModifiers goes through the modifiers of the specification 2.1 one by one:
// a search item, values of A that it holds for, and values that it does not.
func TestModifiers(t *testing.T) {
	wide := func(s string, order int) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u>>(8*order)), byte(u>>(8*(1-order))))
		}
		return string(b)
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		item    string
		yes, no []any
	}{
		{`A: abc`, []any{"abc", "ABC", []string{"x", "aBc"}}, []any{"abcd", "xabc", "", nil, []string{}}},
		{`A: a*c`, []any{"ac", "abbc", "A\nC"}, []any{"acd", "bac"}},
		{`A: a?c`, []any{"abc", "aéc", "a日c"}, []any{"ac", "abbc"}},
		{`A: 'a\*c'`, []any{"a*c"}, []any{"abc", `a\*c`}},
		{`A: 'a\\*c'`, []any{`a\c`, `a\xc`}, []any{"a*c", "axc"}},
		{`A: 'a\\\*c'`, []any{`a\*c`}, []any{`a\xc`, "a*c"}},
		{`A: 'a\b'`, []any{`a\b`}, []any{`a\\b`}},
		{`A: 'a\\b'`, []any{`a\b`}, []any{`a\\b`}},
		{`A: '\\\\srv\share'`, []any{`\\srv\share`}, []any{`\srv\share`}},
		{`A: 'a\?c'`, []any{"a?c"}, []any{"abc"}},
		{`A: '*'`, []any{"", "x", 0, false}, []any{nil}},
		{`A: ''`, []any{""}, []any{"x", nil}},
		{`A: null`, []any{nil}, []any{"", "x", 0}},
		{`A: [null, '']`, []any{nil, ""}, []any{"x"}},
		{`A: 7`, []any{7, "7"}, []any{"07", 70}},
		{`A: 0x10`, []any{16, "16"}, []any{"0x10"}},
		{`A: true`, []any{true, "True"}, []any{false, "1"}},
		{`A|contains: 'b?d'`, []any{"abcde"}, []any{"abde"}},
		{`A|contains: [x, y]`, []any{"ax", "ya"}, []any{"a"}},
		{`A|contains|all: [x, y]`, []any{"ayx"}, []any{"ax", "y"}},
		{`A|startswith: 'C:\'`, []any{`c:\x`}, []any{`d:\c:\`}},
		{`A|endswith: '\cmd.exe'`, []any{`C:\CMD.exe`, `\cmd.exe`}, []any{`cmd.exe`, `\cmd.exe `}},
		{`A|endswith: ['\a.exe', '\b.exe', '\c.exe', 'd\e.exe', 'x']`, []any{`q\b.exe`, `d\e.exe`, "x"}, []any{`b.exe`, `\e.exe`}},
		{`A|cased: aBc`, []any{"aBc"}, []any{"abc", "ABC"}},
		{`A|contains|cased: aBc`, []any{"xaBcx"}, []any{"xabcx"}},
		{`A|exists: true`, []any{"", "x", nil}, nil},
		{`A|exists: false`, nil, []any{"", "x", nil}},
		{`A|neq: abc`, []any{"x", "", nil}, []any{"abc", "ABC"}},
		{`A|neq: [5, 6]`, []any{7, "x"}, []any{5, "6"}},
		{`A|contains|windash: ' -enc '`, []any{"p -enc x", "p /enc x", "p –enc x", "p —enc x", "p ―enc x"}, []any{"p enc x", "p +enc x"}},
		{`A|windash: ' /a -b'`, []any{" -a /b", " –a ―b"}, []any{" a b"}},
		{`A|contains|windash: 'x-y'`, []any{"x-y"}, []any{"x/y"}},
		{`A|re: '^a.c$'`, []any{"abc"}, []any{"ABC", "a\nc", "xabc"}},
		{`A|re|i: '^a.c$'`, []any{"ABC"}, []any{"xabc"}},
		{`A|re|s: '^a.c$'`, []any{"a\nc"}, []any{"ac"}},
		{`A|re|m: '^b$'`, []any{"a\nb\nc"}, []any{"ab"}},
		{`A|re|i|m|s: '^A.B$'`, []any{"x\na\nb"}, []any{"ab"}},
		{`A|re: '.{10,}'`, []any{"0123456789"}, []any{"01234\n56789", "012345678"}},
		{`A|re|i: 'straße'`, []any{"STRAßE"}, []any{"strasse"}},
		{`A|re|i: 'kilo'`, []any{"\u212Ailo"}, []any{"x"}},
		{`A|base64: foobar`, []any{b64("foobar")}, []any{"foobar"}},
		{`A|base64offset|contains: foobar`, []any{b64("foobar"), b64("xfoobar"), b64("xxfoobarxx"), b64("xxxfoobar")}, []any{b64("fooba"), "foobar"}},
		{`A|utf16le: cmd`, []any{wide("cmd", 0)}, []any{"cmd"}},
		{`A|wide|contains: cmd`, []any{"x" + wide("cmd", 0)}, []any{wide("cmd", 1)[:5]}},
		{`A|utf16be: cmd`, []any{wide("cmd", 1)}, []any{wide("cmd", 0)}},
		{`A|wide|base64offset|contains: http`, []any{b64("a" + wide("http", 0)), b64(wide("http", 0)), b64("ab" + wide("http", 0) + "z")}, []any{b64("http")}},
		{`A|utf16|base64: cmd`, []any{b64("\xff\xfe" + wide("cmd", 0))}, []any{b64(wide("cmd", 0))}},
		{`A|lt: 5`, []any{4, "4.9", -1}, []any{5, "x", "", nil}},
		{`A|lte: 5`, []any{5, "5"}, []any{5.1}},
		{`A|gt: 5`, []any{6, "0x10"}, []any{5}},
		{`A|gte: 5`, []any{5}, []any{4.99}},
		{`A|minute: 4`, []any{"2026-01-02T03:04:05Z"}, []any{"2026-01-02T04:03:05Z", "x"}},
		{`A|hour|gte: 22`, []any{"2026-01-02 23:04:05.123"}, []any{"2026-01-02 03:04:05"}},
		{`A|hour: 3`, []any{"2026-01-02T03:04:05+09:00"}, []any{"2026-01-02T18:04:05Z"}},
		{`A|day: 2`, []any{"2026-01-02", 1767312000}, []any{"2026-02-01"}},
		{`A|week: 1`, []any{"2026-01-02T00:00:00Z"}, []any{"2026-06-02T00:00:00Z"}},
		{`A|month: [1, 2]`, []any{"2026-02-02T00:00:00Z", 1767312000000}, []any{"2026-03-02T00:00:00Z"}},
		{`A|year|lt: 2026`, []any{"2025-12-31T23:59:59Z"}, []any{"2026-01-01T00:00:00Z"}},
		{`A|cidr: 10.0.0.0/8`, []any{"10.255.0.1", "::ffff:10.1.2.3"}, []any{"11.0.0.1", "x", "10.0.0"}},
		{`A|cidr: ['2001:db8::/32', 192.0.2.1]`, []any{"2001:db8::1", "192.0.2.1"}, []any{"2001:db9::1", "fe80::1%eth0"}},
		{`A|expand: '%admins%'`, []any{"root", "a*b"}, []any{"axb", "%admins%"}},
		{`A|contains|expand: 'on %hosts% by %admins%'`, []any{"x on h1 by root"}, []any{"on h1"}},
		{`A|expand: '100%'`, []any{"100%"}, []any{"100"}},
		{`A|expand: '\%plain%hosts%'`, []any{"%plainh1"}, []any{"h1", `\%plainh1`}},
		{`A|expand: '%admins%-%admins%'`, []any{"root-root", "a*b-a*b"}, []any{"root-a*b"}},
		{`A|re|cased: 'aB'`, []any{"xaBx"}, []any{"ab"}},
		{`A|fieldref: B`, []any{"bee", "BEE"}, []any{"x", nil}},
		{`A|fieldref|startswith: B`, []any{"beeline"}, []any{"be"}},
		{`A|fieldref|endswith: B`, []any{"xbee"}, []any{"beex"}},
		{`A|fieldref|contains: B`, []any{"xbeex"}, []any{"ee"}},
		{`A|fieldref|neq: B`, []any{"x", nil}, []any{"bee"}},
		{`A|fieldref|cased: B`, []any{"bee"}, []any{"BEE"}},
	} {
		e, problems := one(t, "    "+c.item)
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.item, problems[0])
			continue
		}
		for i, v := range append(append([]any{}, c.yes...), c.no...) {
			if want := i < len(c.yes); fires(t, e, object("A", v, "B", "bee")) != want {
				t.Errorf("%s on %q: fires %v", c.item, v, !want)
			}
		}
	}
	e, _ := one(t, "    A|exists: false")
	if !fires(t, e, "{}") {
		t.Error("exists: false on a missing field")
	}
	for _, item := range []string{"A: x", "A: ''", "A: '*'", "A|contains: ''", "A|re: '.*'", "A|exists: true", "A|lt: 5", "A|fieldref: B"} {
		if e, _ := one(t, "    "+item); fires(t, e, object("B", "")) {
			t.Errorf("%s holds for a missing field", item)
		}
	}
}

func TestKeywords(t *testing.T) {
	for _, c := range []struct {
		search  string
		yes, no []string
	}{
		{"    - evil", []string{`{"x":"an EVIL one"}`, `{"x":{"y":["a","evil"]}}`, `{"x":"\u0065vil"}`}, []string{`{"evil":"x"}`, `{"x":"ev il"}`, `{}`}},
		{"    - 'a\\b'", []string{`{"x":"a\\b"}`, `{"x":"\u0061\\b"}`}, []string{`{"x":"a\\\\b"}`, `{"x":"a\b"}`}},
		{"    - 'say \"hi\"'", []string{`{"x":"they say \"hi\" now"}`}, []string{`{"x":"say hi"}`}},
		{"    - 'a*z'", []string{`{"x":"1 a-z 2"}`}, []string{`{"x":"a","y":"z"}`}},
		{"    - 4711", []string{`{"x":4711}`, `{"x":"n 47110"}`}, []string{`{"x":471}`}},
		{"    '|all': [foo, bar]", []string{`{"x":"foo","y":"bar"}`}, []string{`{"x":"foo"}`}},
		{"    '|re': 'ab+c'", []string{`{"x":"xabbbc"}`}, []string{`{"x":"ac"}`}},
		{"    - Größe", []string{`{"x":"die GRÖSSE GRÖßE"}`, `{"x":"Gr\u00f6\u00dfe"}`}, []string{`{"x":"Grosse"}`}},
		{"    - fish&chips", []string{`{"x":"fish\u0026chips"}`, `{"x":"FISH&chips"}`}, []string{`{"x":"fish\\u0026chips"}`}},
		{"    - sekurlsa", []string{`{"x":"` + strings.Repeat(`\\u0073`, 50) + ` \u0073ekurlsa"}`, `{"r":"\u00ae","x":"sekurlsa"}`}, []string{`{"x":"\\u0073ekurlsa"}`, `{"sekurlsa":"\u00ae"}`}},
		{"    - x", []string{`{"a":"x"}`}, []string{`{"a":"y"}`}},
	} {
		e, problems := one(t, c.search)
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.search, problems[0])
			continue
		}
		for i, v := range append(append([]string{}, c.yes...), c.no...) {
			if want := i < len(c.yes); fires(t, e, v) != want {
				t.Errorf("%s on %s: fires %v", c.search, v, !want)
			}
		}
	}
}

// TestWrongRules: each mistake is named with its line, and only the document
// that has it is left out.
func TestWrongRules(t *testing.T) {
	head := "title: t\nid: x\nlogsource: {product: test}\n"
	for _, c := range []struct{ doc, want string }{
		{"title: [", "not readable as YAML"},
		{"- a\n- b\n", "rule.yml:1: rule no id: a Sigma document is a mapping"},
		{head, "has neither detection nor correlation nor filter"},
		{"id: y\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n", "title is missing"},
		{"title: t\ndetection: {s: {a: b}, condition: s}\n", "rule t: logsource is missing"},
		{head + "detection:\n  s:\n    A|fancy: x\n  condition: s\n", `rule.yml:6: rule x: A|fancy: unknown modifier "fancy"`},
		{head + "detection:\n  s:\n    A|re|contains: x\n  condition: s\n", "exclude each other"},
		{head + "detection:\n  s:\n    A|i: x\n  condition: s\n", `"i" belongs after re`},
		{head + "detection:\n  s:\n    A|re: '('\n  condition: s\n", "rule.yml:6: rule x: A|re: regular expression"},
		{head + "detection:\n  s:\n    A|cidr: 1.2.3/x\n  condition: s\n", "not a network"},
		{head + "detection:\n  s:\n    A|lt: many\n  condition: s\n", "not a number"},
		{head + "detection:\n  s:\n    A: {b: c}\n  condition: s\n", "has a mapping where a value"},
		{head + "detection:\n  s:\n    A: []\n  condition: s\n", "empty list"},
		{head + "detection:\n  s:\n    A|base64: 'a*'\n  condition: s\n", "base64 of a text with wildcards"},
		{head + "detection:\n  s: {A: b}\n", "detection has no condition"},
		{head + "detection:\n  s: {A: b}\n  condition: s and\n", "it ends too early"},
		{head + "detection:\n  s: {A: b}\n  condition: (s\n", "a parenthesis is not closed"},
		{head + "detection:\n  s: {A: b}\n  condition: s )\n", `")" is not expected here`},
		{head + "detection:\n  s: {A: b}\n  condition: q\n", `there is no search block "q"`},
		{head + "detection:\n  s: {A: b}\n  condition: 2 of s*\n", "only 1, any and all"},
		{head + "detection:\n  s: {A: b}\n  condition: 1 of q*\n", "no search block is named like"},
		{head + "detection:\n  s: {A: b}\n  condition: s | count() > 5\n", "write a correlation document"},
		{head + "detection:\n  s: {A: b}\n  timeframe: 5m\n  condition: s\n", "write a correlation document"},
		{"action: global\n" + head + "---\ndetection: {s: {A: b}, condition: s}\n", "action: global belongs to Sigma 1"},
		{head + "detection:\n  s:\n    A|windash: '" + strings.Repeat(" -a", 6) + "'\n  condition: s\n", "more than five dashes"},
	} {
		good := "\n---\ntitle: good\nlogsource: {product: test}\ndetection: {s: {A: b}, condition: s}\n"
		set := Parse("rule.yml", []byte(c.doc+good))
		if len(set.Problems) == 0 || !strings.Contains(set.Problems[0].Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.doc, set.Problems, c.want)
		}
		if len(set.Rules) != 1 && c.doc[:7] != "title: " {
			t.Errorf("%q: %d other rules load", c.doc, len(set.Rules))
		}
	}
	set := Parse("c.yml", []byte("title: c\ncorrelation:\n  type: event_count\n  rules: [a, b]\n  timespan: 1h\n  condition: {gte: 2}\n"))
	if len(set.Correlations) != 1 || set.Correlations[0].Type != "event_count" || len(set.Correlations[0].Rules) != 2 {
		t.Errorf("correlation: %+v", set)
	}
	doc := head + "detection:\n  s: {A|expand: '%unknown%'}\n  condition: s\n"
	if _, problems := Compile(Parse("p.yml", []byte(doc)).Rules, nil, Options{}); len(problems) != 1 || !strings.Contains(problems[0].Error(), "placeholder %unknown% has no values") {
		t.Errorf("placeholder: %v", problems)
	}
}

// TestShapes: one rule finds its event in every form in which events come.
func TestShapes(t *testing.T) {
	doc := "title: t\nid: x\nlogsource: {product: windows, category: process_creation}\ndetection:\n  s: {Image|endswith: '\\a.exe', Provider_Name: Microsoft-Windows-Sysmon}\n  condition: s\n"
	e, _ := Compile(Parse("r.yml", []byte(doc)).Rules, nil, Options{})
	alias := strings.Replace(doc, ", Provider_Name: Microsoft-Windows-Sysmon", "", 1)
	e2, _ := Compile(Parse("r.yml", []byte(alias)).Rules, nil, Options{})
	defender, _ := Compile(Parse("r.yml", []byte("title: t\nid: x\nlogsource: {product: windows, service: windefend}\ndetection:\n  s: {ThreatName|contains: eicar}\n  condition: s\n")).Rules, nil, Options{})
	cloud, _ := Compile(Parse("r.yml", []byte("title: t\nid: x\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {userIdentity.type: Root, resources.ARN|contains: bucket}\n  condition: s\n")).Rules, nil, Options{})
	ch := `Microsoft-Windows-Sysmon/Operational`
	for _, c := range []struct {
		e    *Engine
		raw  string
		want bool
	}{
		{e, `{"Channel":"` + ch + `","EventID":1,"Provider_Name":"Microsoft-Windows-Sysmon","Image":"C:\\A.exe"}`, true},
		{e, `{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":1,"Channel":"` + ch + `"},"EventData":{"Image":"C:\\A.exe"}}}`, true},
		{e, `{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":{"#attributes":{"Qualifiers":"0"},"#text":1},"Channel":"` + ch + `"},"EventData":{"Image":"C:\\A.exe"}}}`, true},
		{e, `{"winlog":{"channel":"` + ch + `","event_id":"1","provider_name":"Microsoft-Windows-Sysmon","event_data":{"Image":"C:\\A.exe"}}}`, true},
		{e, `{"Channel":"` + ch + `","EventID":3,"Provider_Name":"Microsoft-Windows-Sysmon","Image":"C:\\A.exe"}`, false},
		{e2, `{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\A.exe"}`, true},
		{e2, `{"Channel":"Security","EventID":4688,"Image":"C:\\A.exe"}`, false},
		{e2, `{"Channel":"Application","EventID":1,"Image":"C:\\A.exe"}`, false},
		{defender, `{"Event":{"System":{"EventID":1119,"Channel":"Microsoft-Windows-Windows Defender/Operational"},"EventData":{"Threat Name":"EICAR_Test"}}}`, true},
		{cloud, `{"eventSource":"s3.amazonaws.com","eventName":"X","userIdentity":{"type":"Root"},"resources":[{"ARN":"a"},{"ARN":"my-bucket"}]}`, true},
		{cloud, `{"eventSource":"s3.amazonaws.com","eventName":"X","userIdentity.type":"Root","resources.ARN":"bucket"}`, true},
		{cloud, `{"eventSource":"s3.amazonaws.com","eventName":"X","userIdentity":{"type":"IAM"},"resources":[{"ARN":"bucket"}]}`, false},
	} {
		hits, err := c.e.NewMatcher().Match([]byte(c.raw), LogSource{})
		if err != nil || (len(hits) == 1) != c.want {
			t.Errorf("%s: %d hits, want %v, %v", c.raw, len(hits), c.want, err)
		}
	}
	hits, _ := e2.NewMatcher().Match([]byte(`{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\A.exe"}`), LogSource{})
	if len(hits) != 1 || len(hits[0].Fields) != 1 || hits[0].Fields[0] != (Matched{"NewProcessName", `C:\A.exe`}) {
		t.Errorf("matched fields: %+v", hits)
	}
	if hits, _ := e2.NewMatcher().Match([]byte(`{"Image":"x\\a.exe"}`), LogSource{Product: "windows", Category: "process_creation"}); len(hits) != 1 {
		t.Errorf("with a hint: %d hits", len(hits))
	}
}

func TestFilter(t *testing.T) {
	f, err := ParseFilter([]byte("title: known tool\nlogsource: {product: windows, category: process_creation}\nfilter:\n  rules: [r1, r2]\n  selection:\n    Image|endswith: '\\tool.exe'\n  condition: selection\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !f.Applies("r1") || f.Applies("r3") {
		t.Error("the filter is for r1 and r2")
	}
	e, err := f.Engine(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := e.NewMatcher()
	for raw, want := range map[string]int{
		`{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\tool.exe"}`:                    1,
		`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\tool.exe"}`:    1,
		`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\another.exe"}`: 0,
	} {
		if hits, err := m.Match([]byte(raw), LogSource{}); err != nil || len(hits) != want {
			t.Errorf("%s: %d hits, want %d, %v", raw, len(hits), want, err)
		}
	}
	short, err := ParseFilter([]byte("selection:\n  user: svc-backup\ncondition: selection\n"))
	if err != nil {
		t.Fatal(err)
	}
	e, _ = short.Engine(nil, Options{})
	if hits, _ := e.NewMatcher().Match([]byte(`{"user":"SVC-backup"}`), LogSource{}); len(hits) != 1 || !short.Applies("any rule") {
		t.Error("a filter without log source and rules is for every event and rule")
	}
	for _, bad := range []string{"", "- a", "selection: {a: b}", "filter: {selection: {a: b}}", "filter: x", "selection: {a|q: b}\ncondition: selection", "a: ["} {
		if _, err := ParseFilter([]byte(bad)); err == nil {
			t.Errorf("%q is taken as a filter", bad)
		}
	}
}
