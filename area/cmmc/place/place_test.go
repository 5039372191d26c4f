package place

import (
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	n, err := Parse("f.json", []byte("{\n \"a\": [1,\n  {\"3.1.1[a]\": \"x\", \"b\": null}],\n \"a\": true}"))
	if err != nil {
		t.Fatal(err)
	}
	x := n.Get("a").Items[1].Get("3.1.1[a]")
	if x.Line != 3 || x.Path != `a[1]["3.1.1[a]"]` || x.Text != "x" {
		t.Errorf("%+v", x)
	}
	if len(n.Members) != 2 || n.Members[1].Value.Line != 4 {
		t.Errorf("a key that stands twice is lost: %+v", n.Members)
	}
}

func TestWrongDocumentsAreToldByLine(t *testing.T) {
	for doc, want := range map[string]string{
		"{\n\"a\": }":                       "f:2: this is not JSON",
		"{\"a\":\n1":                        "f:2: the document ends too early",
		"":                                  "f:1: the document ends too early",
		"{}\n\n{}":                          "f:3: something stands after the end",
		"\n{\"a\": \"\xff\"}":               "f:2: this is not UTF-8",
		strings.Repeat("[", 300):            "nested too deep",
		"{\"a\":1,\n\"b\":2,}":              "f:2: this is not JSON",
		"{\"a\": 1\n \"b\": 2}":             "this is not JSON",
		"[" + strings.Repeat("1,", 3) + "]": "this is not JSON",
	} {
		_, err := Parse("f", []byte(doc))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, not %q", doc, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x",null,{"b":true}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := Parse("f", data); err == nil && n.Line < 1 {
			t.Error("a value without a line")
		}
	})
}
