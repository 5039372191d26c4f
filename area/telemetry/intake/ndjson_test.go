package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

func TestElements(t *testing.T) {
	bad := func(s string) string { return "!" + s }
	for _, c := range []struct {
		name, in string
		want     []string // with ! for what is no JSON object
	}{
		{"lines", "{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}", []string{`{"a":1}`, `{"b":2}`, `{"c":3}`}},
		{"byte order mark", "\ufeff{\"a\":1}\n", []string{`{"a":1}`}},
		{"array", ` [ {"a":1},{"b":[2]} , {"c":{}} ] `, []string{`{"a":1}`, `{"b":[2]}`, `{"c":{}}`}},
		{"array over lines", "[\n  {\n\"a\": 1\n},\n{\"b\":2}\n]\n", []string{"{\n\"a\": 1\n}", `{"b":2}`}},
		{"one object over lines", "{\n  \"a\": {\n    \"b\": [1,\n 2]\n  }\n}\n", []string{"{\n  \"a\": {\n    \"b\": [1,\n 2]\n  }\n}"}},
		{"several over lines", "{\n\"a\":1\n}\n{\n\"b\":2\n}", []string{"{\n\"a\":1\n}", "{\n\"b\":2\n}"}},
		{"behind one another", `{"a":1}{"b":2} {"c":3}`, []string{`{"a":1}`, `{"b":2}`, `{"c":3}`}},
		{"a broken line", "{\"a\":1}\nnonsense {\n{\"b\":2}\n", []string{`{"a":1}`, bad("nonsense {"), `{"b":2}`}},
		{"a line cut short", "{\"a\":1,\"x\":\n{\"b\":2}\n{\"c\":3}\n", []string{bad(`{"a":1,"x":`), `{"b":2}`, `{"c":3}`}},
		{"cut within a string", "{\"a\":\"un\n{\"b\":2}\n", []string{bad(`{"a":"un`), `{"b":2}`}},
		{"cut within an array", "{\"a\":[\n{\"b\":2}\n{\"c\":3}\n", []string{bad(`{"a":[`), `{"b":2}`, `{"c":3}`}},
		{"more behind a value", "{\"a\":1} tail\n{\"b\":2}\n", []string{`{"a":1}`, bad("tail"), `{"b":2}`}},
		{"cut at the end", "{\"a\":1}\n{\"b\":", []string{`{"a":1}`, bad(`{"b":`)}},
		{"cut at the end, over lines", "{\"a\":1}\n{\n\"b\":\n", []string{`{"a":1}`, bad(`{`), bad(`"b":`)}},
		{"no objects", "1\n\"s\"\nnull\n[1]\n{}\n", []string{bad("1"), bad(`"s"`), bad("null"), bad("[1]"), "{}"}},
		{"an array with other things", `[1, {"a":1}, "x", [2], {"b":2}]`, []string{bad("1"), `{"a":1}`, bad(`"x"`), bad("[2]"), `{"b":2}`}},
		{"a broken element in an array", "[\n{\"a\":1},\n{\"b\":},\n{\"c\":3}\n]", []string{`{"a":1}`, bad(`{"b":},`), `{"c":3}`}},
		{"escapes", `{"a":"\\\"\u00e9}{"}`, []string{`{"a":"\\\"\u00e9}{"}`}},
		{"wrong escape", "{\"a\":\"\\x\"}\n{}", []string{bad(`{"a":"\x"}`), "{}"}},
		{"numbers", `{"a":[-0.5e+3,0,12.5,1E9]}`, []string{`{"a":[-0.5e+3,0,12.5,1E9]}`}},
		{"wrong numbers", "{\"a\":01}\n{\"a\":1.}\n{\"a\":-}\n{\"a\":+1}\n", []string{bad(`{"a":01}`), bad(`{"a":1.}`), bad(`{"a":-}`), bad(`{"a":+1}`)}},
		{"wrong words", "{\"a\":nul}\n{\"a\":truex}\n", []string{bad(`{"a":nul}`), bad(`{"a":truex}`)}},
		{"nothing", " \n ", nil},
		{"an empty array", "[]", nil},
	} {
		for _, slow := range []bool{false, true} {
			var in io.Reader = strings.NewReader(c.in)
			if slow {
				in = iotest.OneByteReader(in)
			}
			var got []string
			n := 0
			for e, err := range Elements(in, Limits{}) {
				if err != nil {
					t.Fatal(err)
				}
				s := string(e.Raw)
				if e.Ordinal != n || !strings.HasPrefix(c.in[e.Offset:], s) {
					t.Errorf("%s: ordinal %d offset %d", c.name, e.Ordinal, e.Offset)
				}
				n++
				if e.Problem != "" {
					s = bad(s)
				} else if !json.Valid(e.Raw) {
					t.Errorf("%s: not JSON: %s", c.name, s)
				}
				got = append(got, s)
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("%s (slow %v):\n got %q\nwant %q", c.name, slow, got, c.want)
			}
		}
	}
}

func TestElementLimits(t *testing.T) {
	big := `{"a":"` + strings.Repeat("x", 3<<20) + `"}`
	deep := func(n int) string {
		return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
	}
	type result struct {
		size    int
		problem string
		cut     int64
	}
	for _, c := range []struct {
		name, in string
		limits   Limits
		want     []result
	}{
		{"3 MB field", big + "\n{}\n", Limits{}, []result{{len(big), "", 0}, {2, "", 0}}},
		{"beyond the limit", big + "\n{}\n", Limits{Element: 1 << 20}, []result{{1 << 20, ProblemLong, int64(len(big) - 1<<20)}, {2, "", 0}}},
		{"beyond the limit, in an array on one line", "[" + big + ",{}]", Limits{Element: 1 << 20}, []result{{1 << 20, ProblemLong, int64(len(big) - 1<<20)}, {2, "", 0}}},
		{"nonsense beyond the limit", strings.Repeat("x", 3<<20) + "\n{}\n", Limits{Element: 1 << 20}, []result{{1 << 20, ProblemLong, 2 << 20}, {2, "", 0}}},
		{"10,000 deep", deep(10_000) + "\n{}", Limits{}, []result{{20_004, "", 0}, {2, "", 0}}},
		{"deeper", deep(10_001) + "\n{}", Limits{}, []result{{20_006, ProblemDeep, 0}, {2, "", 0}}},
		{"a million deep", deep(1_000_000) + "\n{}", Limits{}, []result{{2_000_004, ProblemDeep, 0}, {2, "", 0}}},
	} {
		var got []result
		for e, err := range Elements(strings.NewReader(c.in), c.limits) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, result{len(e.Raw), e.Problem, e.Cut})
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// endless is a stream without memory of its own.
type endless struct {
	part string
	left int
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		c := copy(p[n:], e.part[e.at:])
		e.at = (e.at + c) % len(e.part)
		n += c
	}
	e.left -= n
	return n, nil
}

// Whatever comes, time is linear and memory stays within the limits.
func TestElementsLinear(t *testing.T) {
	for _, part := range []string{"[\n", "{\"a\":\n", "[", "\"\\\n", "x", "{\"a\":[1,\n", "{\n\"a\":1\n},,,\n", "]", "{\"a\":\"\xff\"}\n", "[{]}\n"} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		n := 0
		peak := uint64(0)
		for _, err := range Elements(&endless{part: part, left: 8 << 20}, Limits{Element: 1 << 20}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%200_000 == 1 {
				runtime.ReadMemStats(&after)
				peak = max(peak, after.HeapAlloc)
			}
		}
		if d := time.Since(start); d > 20*time.Second { // a square of it would take hours
			t.Errorf("%q: %v", part, d)
		}
		if peak > before.HeapAlloc+64<<20 {
			t.Errorf("%q: %d MB", part, (peak-before.HeapAlloc)>>20)
		}
	}
}

func TestElementsReaderFails(t *testing.T) {
	broken := errors.New("cable")
	in := io.MultiReader(strings.NewReader("{\"a\":1}\n{\"b\""), iotest.ErrReader(broken))
	var got []string
	var last error
	for e, err := range Elements(in, Limits{}) {
		if err != nil {
			last = err
			continue
		}
		got = append(got, string(e.Raw)+e.Problem)
	}
	if !errors.Is(last, broken) || fmt.Sprint(got) != `[{"a":1} {"b"`+ProblemEnds+`]` {
		t.Errorf("%q %v", got, last)
	}
}

func TestBrokenUTF8(t *testing.T) {
	in := "{\"a\":\"\xff\xfe\",\"Computer\":\"pc\"}\n\xc3(\n{}\n"
	var got []Event
	for e, err := range Elements(strings.NewReader(in), Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, FromElement(e, nil))
	}
	if len(got) != 3 || !got[0].BrokenUTF8 || got[0].Problem != "" || got[0].Host != "pc" || got[2].BrokenUTF8 {
		t.Fatalf("%+v", got)
	}
	if !utf8.Valid(got[0].Raw) || !json.Valid(got[0].Raw) || !bytes.Contains(got[0].Original, []byte("\xff\xfe")) {
		t.Errorf("%q %q", got[0].Raw, got[0].Original)
	}
	check(t, "broken line", got[1].Raw, map[string]any{"problem": ProblemNotJSON, "original_base64": "wyg="})
}

func TestScannerAgrees(t *testing.T) {
	for _, s := range []string{`{}`, `[]`, `{"a":[{},[],"",0,-1.5e7,true,false,null]}`, `[1,]`, `{"a"}`, `{"a":}`, `{,}`, `[,]`, `{"a":1,}`, `{1:2}`,
		`"\ud800"`, "\"\x7f\"", "\"\x1f\"", `[1 2]`, `[-]`, `[.5]`, `[1e]`, `[1e+]`, `[00]`, `]`, `}`, `[}`, `{]`, `tru`, `[true false]`, ` {} `, `{"a":{"b":{"c":[[[]]]}}}`} {
		agrees(t, []byte(s))
	}
}

func agrees(t *testing.T, b []byte) {
	t.Helper()
	var s scanner
	s.reset(10_000)
	n, v := s.feed(b)
	ok := v == whole && len(bytes.TrimLeft(b[n:], " \t\r\n")) == 0 || v == more && s.finish()
	if want := json.Valid(b); ok != want {
		t.Fatalf("%q: %v, encoding/json says %v", b, ok, want)
	}
}

func FuzzElements(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"b\":\n{\"c\":[1,2]}\n"), 7)
	f.Add([]byte("[{\"a\":\"\\u0041\"},\n{\"b\":-1.5e3},3]"), 64)
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		agrees(t, in)
		limits := Limits{Element: 8 + limit&63}
		covered := int64(0)
		for e, err := range Elements(iotest.HalfReader(bytes.NewReader(in)), limits) {
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Raw) > limits.Element || e.Offset < covered {
				t.Fatalf("%q: %d bytes at %d after %d", in, len(e.Raw), e.Offset, covered)
			}
			// Between elements there is only white space and punctuation of arrays.
			if gap := bytes.Trim(in[covered:e.Offset], " \t\r\n,[]\xef\xbb\xbf"); len(gap) > 0 {
				t.Fatalf("%q: lost %q", in, gap)
			}
			if !bytes.HasPrefix(in[e.Offset:], e.Raw) {
				t.Fatalf("%q: %q is not at %d", in, e.Raw, e.Offset)
			}
			covered = e.Offset + int64(len(e.Raw)) + e.Cut
			if e.Problem == "" && (!json.Valid(e.Raw) || e.Raw[0] != '{') {
				t.Fatalf("%q: %q", in, e.Raw)
			}
			if ev := FromElement(e, nil); !json.Valid(ev.Raw) {
				t.Fatalf("%q: %q", in, ev.Raw)
			}
		}
		if rest := bytes.Trim(in[min(covered, int64(len(in))):], " \t\r\n,[]\xef\xbb\xbf"); len(rest) > 0 {
			t.Fatalf("%q: lost %q", in, rest)
		}
	})
}

func BenchmarkElements(b *testing.B) {
	line := `{"@timestamp":"2020-06-10T02:50:56.539Z","EventID":10,"Channel":"x","Hostname":"h","CallTrace":"` + strings.Repeat(`C:\\windows\\SYSTEM32\\ntdll.dll+9d104|`, 50) + "\"}\n"
	in := strings.Repeat(line, 2000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		for e, err := range Elements(strings.NewReader(in), Limits{}) {
			if err != nil || FromElement(e, nil).Kind != "windows" {
				b.Fatal(err)
			}
		}
	}
}
