package csaf

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseKeeps(t *testing.T) {
	in := "{\"b\": 1.50, \"a\":[true,null,-0e+1], \"\\u00e9\\ud83d\\ude00/~\": \"\\u0001\\\"\\\\\\/\"}"
	d, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if string(d.Bytes()) != in {
		t.Errorf("unedited, it is written %s", d.Bytes())
	}
	d.Edit().SetText("c", "x")
	want := "{\n  \"b\": 1.50,\n  \"a\": [\n    true,\n    null,\n    -0e+1\n  ],\n  \"c\": \"x\",\n  \"é😀/~\": \"\\u0001\\\"\\\\/\"\n}\n"
	if string(d.Bytes()) != want {
		t.Errorf("edited, it is written\n%s", d.Bytes())
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		``: "line 1, column 1 (/): the document ends too early", `[]`: "not an array", `"x"`: "not a string", `null`: "not null",
		`{"a":1,"a":2}`: "line 1, column 11 (/a): the key \"a\" stands twice", "\ufeff{}": "byte order mark",
		"{\"a\":\n {\"b\": [1, 2,]}}": "line 2, column 14 (/a/b/2): a value is expected here", `{"a":01}`: "no number",
		`{"a":1.}`: "no number", `{"a":-}`: "no number", `{"a":1e}`: "no number", `{"a":"x`: "does not end", `{"a":"\x"}`: "escape is unknown",
		`{"a":"\ud800"}`: "surrogate", "{\"a\":\"\x01\"}": "control character", "{\"a\":\"\xff\"}": "not UTF-8", `{} {}`: "follows the end",
		`{"a" 1}`: "colon", `{"a":1 "b":2}`: "comma", `{a:1}`: "quotation", `{"a":tru}`: "a value is expected",
		strings.Repeat(`{"a":`, 600): "more than 500 levels",
	} {
		if _, err := Parse([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", in, err, want)
		}
	}
}

func TestFilename(t *testing.T) {
	for id, want := range map[string]string{
		"cisco-sa-20190513-secureboot": "cisco-sa-20190513-secureboot.json", "Example Company - 2019-YH3234": "example_company_-_2019-yh3234.json",
		"RHBA-2019:0024": "rhba-2019_0024.json", "2022_#01-A": "2022_01-a.json",
	} {
		if got := Filename(id); got != want {
			t.Errorf("%q is called %q, want %q", id, got, want)
		}
	}
}

// FuzzParse: what is taken is JSON to the standard library too, with the same value,
// and is written so that it reads the same; no test panics on it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"document":{"csaf_version":"2.0","tracking":{"revision_history":[{"date":"2026-01-01T00:00:00Z","number":"1"}]}}}`))
	f.Add([]byte(`{"document":{"csaf_version":"2.1"},"product_tree":{"branches":[{"category":"product_version_range","name":"vers:npm/<1|>2","product":{"product_id":"a"}}]},"vulnerabilities":[{"metrics":[{"content":{"cvss_v4":{"vectorString":"x"}},"products":["a"]}]}]}`))
	f.Add([]byte(`{"a":[1e5,"\u00e9"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is taken and is not JSON", data)
		}
		again, err := Parse(d.Encode())
		if err != nil || !again.Root().Equal(d.Root()) {
			t.Fatalf("%q is written %q: %v", data, d.Encode(), err)
		}
		var a, b any
		one, two := json.NewDecoder(bytes.NewReader(data)), json.NewDecoder(bytes.NewReader(d.Encode()))
		one.UseNumber()
		two.UseNumber()
		if one.Decode(&a) == nil && two.Decode(&b) == nil && !reflect.DeepEqual(a, b) {
			t.Fatalf("%q is written %q", data, d.Encode())
		}
		for _, v := range []Version{V20, V21} {
			d.Validate(Options{Level: Full, Version: v})
		}
	})
}
