package sigma

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const hostileRules = `title: a
id: a
logsource: {product: test}
detection:
  s1: {A|contains: [abc, bcd, cde, aaa, aab]}
  s2: {A|endswith: '\x.exe'}
  s3: {A|re: '(a|aa)+b.*c$'}
  s4: {A: '*a?b*c?d*'}
  s5: ['needle in any value', 'a*b*c']
  condition: 1 of s*
---
title: b
id: b
logsource: {product: test}
detection:
  s: {A.B.C: x}
  f: {A|fieldref: B}
  condition: s or not f
`

func hostileEngine(t testing.TB) *Engine {
	set := Parse("h.yml", []byte(hostileRules))
	if len(set.Problems) > 0 {
		t.Fatal(set.Problems)
	}
	e, problems := Compile(set.Rules, nil, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return e
}

// TestHostileEvents: whatever stands in an event, the time stays proportional
// to its length and nothing breaks. The bounds are a hundred times what it
// takes, so that a busy machine does not fail them; quadratic time would.
func TestHostileEvents(t *testing.T) {
	e := hostileEngine(t)
	big := 1 << 20
	for name, raw := range map[string]string{
		"1 MB field":          `{"A":"` + strings.Repeat("ab", big/2) + `"}`,
		"1 MB of one letter":  `{"A":"` + strings.Repeat("a", big) + `"}`,
		"1 MB of escapes":     `{"A":"` + strings.Repeat(`\u0061`, big/6) + `"}`,
		"1 MB of backslashes": `{"A":"` + strings.Repeat(`\\`, big/2) + `","B":"` + strings.Repeat(`\"`, big/2) + `"}`,
		"open backslashes":    `{"A":"` + strings.Repeat(`\`, big),
		"deep arrays":         `{"A":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + "}",
		"deep objects":        strings.Repeat(`{"A":`, 10000) + "1" + strings.Repeat("}", 10000),
		"deep wanted":         strings.Repeat(`{"A":{"B":{"C":[`, 3000) + "1" + strings.Repeat("]}}}", 3000),
		"deep and open":       strings.Repeat(`{"A":[`, 100000),
		"broken UTF-8":        "{\"A\":\"\xff\xfe\xc3\x28\xed\xa0\x80" + strings.Repeat("\x80", big) + `\x.exe"}`,
		"many values":         `{"A":[` + strings.Repeat(`"aaab",`, big/7) + `"x"]}`,
		"many names":          `{` + strings.Repeat(`"A":1,`, big/6) + `"B":2}`,
		"lone surrogates":     `{"A":"` + strings.Repeat(`\ud800`, big/6) + `"}`,
		"wide letters":        `{"A":"` + strings.Repeat("ÄİK", big/8) + `"}`,
	} {
		m := e.NewMatcher()
		start := time.Now()
		_, err := m.Match([]byte(raw), LogSource{Product: "test"})
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: %v", name, d)
		}
		if strings.Contains(name, "open") != (err != nil) {
			t.Errorf("%s: error %v", name, err)
		}
		m.Match([]byte(`{"A":"x"}`), LogSource{Product: "test"})
		if cap(m.ev.buf) > 4*maxKept {
			t.Errorf("%s: the matcher keeps %d bytes", name, cap(m.ev.buf))
		}
	}
	for _, raw := range []string{"", " ", "{", "}", "[]", "1", `"x"`, `{"a"}`, `{"a":}`, `{"a":1,}x`, `{"a":1 "b":2}`, `{"a":1}}`, `{"a":[1}`, `{a:1}`, `{"a":"x`, `{"A":]}`, "\x00", "null"} {
		if _, err := e.NewMatcher().Match([]byte(raw), LogSource{}); err == nil {
			t.Errorf("%q is taken as an object", raw)
		}
	}
}

// TestHostileRules: YAML that unfolds without end is refused, not followed.
func TestHostileRules(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "x]\n"
	}
	start := time.Now()
	set := Parse("bomb.yml", []byte(bomb+"title: t\nlogsource: {product: x}\ndetection:\n  s:\n    - A: x\n    - *i\n  condition: s\n"))
	if len(set.Problems) == 0 || time.Since(start) > 10*time.Second {
		t.Errorf("%d rules, %v after %v", len(set.Rules), set.Problems, time.Since(start))
	}
	deep := "title: t\nlogsource: {product: x}\ndetection:\n  s: {a: b}\n  condition: " + strings.Repeat("(", 100000) + "s\n"
	if set := Parse("deep.yml", []byte(deep)); len(set.Problems) == 0 {
		t.Error("100,000 parentheses are taken")
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte(hostileRules))
	f.Add([]byte("title: t\nlogsource: {product: x}\ndetection:\n  s: {A|base64offset|contains: x, B|windash|endswith: '-a*?'}\n  condition: not 1 of them\n"))
	f.Add([]byte("title: f\nfilter:\n  rules: any\n  s: {A|expand: '%x%'}\n  condition: s"))
	f.Add([]byte("title: f\ncorrelation: {type: temporal}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 4096 {
			return
		}
		set := Parse("f.yml", raw)
		for _, p := range set.Problems {
			if p.Error() == "" || !utf8.ValidString(p.File) {
				t.Error("a problem without a text")
			}
		}
		e, _ := Compile(set.Rules, nil, Options{Placeholders: map[string][]string{"x": {"y"}}})
		for _, r := range e.Rules() {
			Lint(r, nil)
			m := e.NewMatcher()
			hits, err := m.Match([]byte(`{"A":"x-a","B":null,"C":[1,{"D":"é"}]}`), r.LogSource)
			if err != nil {
				t.Fatal(err)
			}
			x, err := Explain(r, []byte(`{"A":"x-a","B":null,"C":[1,{"D":"é"}]}`), r.LogSource, nil, Options{Placeholders: map[string][]string{"x": {"y"}}})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, h := range hits {
				found = found || h.Rule == r
			}
			if found != x.Matched {
				t.Errorf("matching says %v, explaining %v\n%s", found, x.Matched, x.Tree)
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	e := hostileEngine(f)
	f.Add([]byte(`{"A":"xabcx","B":["\u00e9",null,1.5],"A.B.C":"x"}`))
	f.Add([]byte(`{"A":{"B":{"C":[["x"]]}},"Event":{"System":{"EventID":1}}}`))
	f.Add([]byte("{\"A\":\"a\xffb\\\\x.exe\\ud83d\\ude00\"}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		m := e.NewMatcher()
		first, err := m.Match(raw, LogSource{Product: "test"})
		again, err2 := m.Match(raw, LogSource{Product: "test"})
		if (err == nil) != (err2 == nil) || len(first) != len(again) {
			t.Errorf("two answers to one event: %d, %d hits, %v, %v", len(first), len(again), err, err2)
		}
		if !bytes.Equal(raw, before) {
			t.Error("the event was changed")
		}
		if err != nil {
			return
		}
		for _, r := range e.Rules() {
			x, err := Explain(r, raw, LogSource{Product: "test"}, nil, Options{})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, h := range first {
				found = found || h.Rule == r
			}
			if found != x.Matched {
				t.Errorf("rule %s: matching says %v, explaining %v\n%s", r.ID, found, x.Matched, x.Tree)
			}
		}
	})
}
