package logsql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"yagura/area/detect/sigma"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		q, filter string
		pipes     []string
	}{
		{"", "", nil},
		{"error", "error", nil},
		{` a or "b | c" | stats by (x) count() n | sort by (n desc)`, `a or "b | c"`, []string{"stats by (x) count() n", "sort by (n desc)"}},
		{"user:in(* | fields user) | limit 3", "user:in(* | fields user)", []string{"limit 3"}},
		{"x:range(1, 2] 'it|s' # | comment\n| top 5 by (x)", "x:range(1, 2] 'it|s' # | comment", []string{"top 5 by (x)"}},
		{"{a=\"b|c\"} | filter x:>3 | limit 2", "{a=\"b|c\"}", []string{"filter x:>3", "limit 2"}},
		{`broken "quote | limit 1`, `broken "quote`, []string{"limit 1"}},
	} {
		filter, pipes := Split(c.q)
		if filter != c.filter || !slices.Equal(pipes, c.pipes) {
			t.Errorf("Split(%s) = %q, %q", c.q, filter, pipes)
		}
	}
}

// shape writes a node in one way only.
func shape(n Node) string {
	switch n.Kind {
	case Test:
		return fmt.Sprintf("%s/%d%q", n.Field, n.Op, n.Values)
	case Not:
		return "!" + shape(n.Kids[0])
	}
	var parts []string
	for _, k := range n.Kids {
		parts = append(parts, shape(k))
	}
	return "(" + strings.Join(parts, map[Kind]string{All: " & ", Any: " | "}[n.Kind]) + ")"
}

func TestParse(t *testing.T) {
	leaf := func(field string, op Op, values ...string) string {
		return shape(Node{Kind: Test, Field: field, Op: op, Values: values})
	}
	for q, want := range map[string]string{
		"*":                                    leaf("", Present),
		"error":                                leaf("", Phrase, "error"),
		`"two words"`:                          leaf("", Phrase, "two words"),
		"foo-bar/baz":                          leaf("", Phrase, "foo-bar/baz"),
		"err*":                                 leaf("", Prefix, "err"),
		`User:alice`:                           leaf("User", Phrase, "alice"),
		`User : alice`:                         leaf("User", Phrase, "alice"),
		`winlog.event_data.User:="A B"`:        leaf("winlog.event_data.User", Exact, "A B"),
		`"a b":="c"*`:                          leaf("a b", ExactStart, "c"),
		`x:!=y`:                                "!" + leaf("x", Exact, "y"),
		`-x:=y`:                                "!" + leaf("x", Exact, "y"),
		`x:~"a.*b"`:                            leaf("x", Regexp, "a.*b"),
		`x:!~"a"`:                              "!" + leaf("x", Regexp, "a"),
		`x:""`:                                 leaf("x", Absent),
		`x:*`:                                  leaf("x", Present),
		`x:>5`:                                 leaf("x", Greater, "5"),
		`x:>=-5.5`:                             leaf("x", AtLeast, "-5.5"),
		`x:< 10 y`:                             "(" + leaf("x", Less, "10") + " & " + leaf("", Phrase, "y") + ")",
		`x:in(a, "b c", 'd')`:                  leaf("x", In, "a", "b c", "d"),
		`x:in(* | fields y)`:                   leaf("x", Opaque),
		`x:contains_all(a,b)`:                  leaf("x", ContainsAll, "a", "b"),
		`x:i("AbC")`:                           leaf("x", AnyCase, "AbC"),
		`i(abc*)`:                              leaf("", AnyCaseStart, "abc"),
		`x:re("a|b")`:                          leaf("x", Regexp, "a|b"),
		`x:range[1, 5)`:                        leaf("x", Opaque),
		`x:ipv4_range(10.0.0.0, 10.0.0.255)`:   leaf("x", Opaque),
		`{a="b",c=~"d"} e`:                     "(" + leaf("", Opaque) + " & " + leaf("", Phrase, "e") + ")",
		`_time:5m offset 1h error`:             "(" + leaf("_time", Opaque) + " & " + leaf("", Phrase, "error") + ")",
		`_time:[2026-11-01, 2026-11-02) error`: "(" + leaf("_time", Opaque) + " & " + leaf("", Phrase, "error") + ")",
		`_time:2026-11-01T00:00:00Z or b`:      "(" + leaf("_time", Opaque) + " | " + leaf("", Phrase, "b") + ")",
		`a b or c and not d`:                   "((" + leaf("", Phrase, "a") + " & " + leaf("", Phrase, "b") + ") | (" + leaf("", Phrase, "c") + " & !" + leaf("", Phrase, "d") + "))",
		`x:(a or "b" !c)`:                      "(" + leaf("x", Phrase, "a") + " | (" + leaf("x", Phrase, "b") + " & !" + leaf("x", Phrase, "c") + "))",
		`ユーザ:="山田" 失敗`:                         "(" + leaf("ユーザ", Exact, "山田") + " & " + leaf("", Phrase, "失敗") + ")",
		"c:=`C:\\a`":                           leaf("c", Exact, `C:\a`),
	} {
		n, err := Parse(q)
		if err != nil || shape(n) != want {
			t.Errorf("Parse(%s)\n got %s %v\nwant %s", q, shape(n), err, want)
		}
	}
	for _, q := range []string{"(a", "a)", "a:", "a or", "x:in(a", "and", `"open`, "a | b", "x:="} {
		if n, err := Parse(q); err == nil {
			t.Errorf("Parse(%s) = %s, want an error", q, shape(n))
		}
	}
	if _, err := Parse(strings.Repeat("(", 100_000)); err == nil {
		t.Error("nesting without end is no error")
	}
}

func TestAndWithout(t *testing.T) {
	for _, c := range [][3]string{
		{"", "x:=1", "x:=1"},
		{"*", "x:=1", "x:=1"},
		{"a b", "x:=1", "a b x:=1"},
		{"a or b", "x:=1", "(a or b) x:=1"},
		{"a | stats count()", "x:=1", "a x:=1 | stats count()"},
		{"a x:=1", "x:=1", "a x:=1"},
		{"(a", "x:=1", "((a) x:=1"}, // as broken as it was
	} {
		if got := And(c[0], c[1]); got != c[2] {
			t.Errorf("And(%s, %s) = %s", c[0], c[1], got)
		}
	}
	if got := Without(`a and User:="x y" -b | limit 3`, 1); got != "a -b | limit 3" {
		t.Error(got)
	}
	if got := Without("a | limit 3", 0); got != "* | limit 3" {
		t.Error(got)
	}
	if conds, whole := Conditions(`a User:="x y" !(b or c)`); !whole || !slices.Equal(conds, []string{"a", `User:="x y"`, "!(b or c)"}) {
		t.Error(conds, whole)
	}
	if conds, whole := Conditions("a or b"); whole || len(conds) != 1 {
		t.Error(conds, whole)
	}
}

// What Is writes is read as that again, whatever the field and value.
func TestQuote(t *testing.T) {
	for _, s := range []string{"a", "a b", "stats", "and", "7.10", "-1", `\`, `"`, "`", "'", "a\nb", "山田", "a:b", "*", "", "COUNT", "\x00", "a|b", "#x"} {
		if s != "" {
			n, err := Parse(Is(s, s))
			if err != nil || n.Field != s || n.Op != Exact || n.Values[0] != s {
				t.Errorf("%s: %+v %v", Is(s, s), n, err)
			}
		}
		if n, err := Parse(IsNot("f", s)); err != nil || n.Kind != Not || n.Kids[0].Values[0] != s {
			t.Errorf("%s: %+v %v", IsNot("f", s), n, err)
		}
	}
}

func TestAt(t *testing.T) {
	for _, c := range []struct {
		before, with string
		kind         PlaceKind
		field, typed string
	}{
		{"", "User:", FieldName, "", ""},
		{"Us", "User:", FieldName, "", "Us"},
		{"a (Us", "a (User:", FieldName, "", "Us"},
		{"a not winlog.Us", "a not User:", FieldName, "", "winlog.Us"},
		{"User:", `User:="User" `, FieldValue, "User", ""},
		{"User:al", `User:="User" `, FieldValue, "User", "al"},
		{"User:al-b", `User:="User" `, FieldValue, "User", "al-b"},
		{"User:=", `User:="User" `, FieldValue, "User", ""},
		{`a b c-d:="x`, `a b c-d:="User" `, FieldValue, "c-d", "x"},
		{`User:="C:\\Win`, `User:="User" `, FieldValue, "User", `C:\Win`},
		{`User:!="x`, `User:!="User" `, FieldValue, "User", "x"},
		{`User:in("a", "b`, `User:in("a", "User" `, FieldValue, "User", "b"},
		{"a | ", "a | User ", PipeName, "", ""},
		{"a | st", "a | User ", PipeName, "", "st"},
		{"a | stats ", "a | stats User(", FunctionName, "", ""},
		{"a | stats by (Us", "a | stats by (User", FieldArgument, "", "Us"},
		{"a | stats by (User, Ho", "a | stats by (User, User", FieldArgument, "", "Ho"},
		{"a | stats by (User) co", "a | stats by (User) User(", FunctionName, "", "co"},
		{"a | stats count() n, su", "a | stats count() n, User(", FunctionName, "", "su"},
		{"a | fields Us", "a | fields User", FieldArgument, "", "Us"},
		{"a | filter Us", "a | filter User:", FieldName, "", "Us"},
		{"User:~", "User:~User", Nothing, "", ""},
	} {
		p := At(c.before)
		if p.Kind != c.kind || p.Field != c.field || p.Typed != c.typed || p.With("User") != c.with {
			t.Errorf("At(%s) = %+v, with %q", c.before, p, p.With("User"))
		}
	}
}

func TestSigma(t *testing.T) {
	own := func(f string) bool { return f == "host" || f == "_time" }
	for _, c := range []struct {
		filter     string
		hit, miss  string
		left       int
		impossible bool
	}{
		{filter: `CommandLine:whoami Image:~"\\\\cmd\\.exe$"`, hit: `{"CommandLine":"cmd /c whoami","Image":"C:\\x\\cmd.exe"}`, miss: `{"CommandLine":"whoami","Image":"C:\\x\\cmd.exe.txt"}`},
		{filter: `User:="a*b\\c?" host:=x _time:5m`, hit: `{"User":"A*b\\c?"}`, miss: `{"User":"axb\\c?"}`, left: 2},
		{filter: `a or (b !c)`, hit: `{"x":"xbx"}`, miss: `{"x":"b c"}`},
		{filter: `User:in(a,b) or Port:>1000`, hit: `{"Port":1001}`, miss: `{"Port":1000,"User":"c"}`},
		{filter: `User:* !Group:""`, hit: `{"User":"x","Group":"y"}`, miss: `{"User":"x"}`},
		{filter: `User:contains_all(a,b) User:="a b"*`, hit: `{"User":"a b c"}`, miss: `{"User":"b a"}`},
		{filter: `Path:="C:\\"*`, hit: `{"Path":"c:\\x"}`, miss: `{"Path":"d:\\"}`},
		{filter: `contains_all(a,b)`, hit: `{"x":"a","y":"b"}`, miss: `{"x":"a"}`},
		{filter: `"yes" n:="1" n:!="2" null:="null" q:="'"`, hit: `{"n":1,"null":"null","q":"'","z":"yes"}`, miss: `{"n":2,"null":"null","q":"'","z":"yes"}`},
		{filter: `x:ipv4_range(10.0.0.0/8)`, impossible: true},
		{filter: `host:=x`, impossible: true},
		{filter: `*`, impossible: true},
		{filter: `a or host:=x`, impossible: true},
		{filter: `x:>abc`, impossible: true},
	} {
		d, err := Sigma(c.filter, own)
		if c.impossible {
			if err == nil {
				t.Errorf("%s: %+v, want an error", c.filter, d)
			}
			continue
		}
		if err != nil || len(d.Left) != c.left {
			t.Errorf("%s: %v, left %q", c.filter, err, d.Left)
			continue
		}
		rule, err := Rule(Head{ID: "5b3f3c9e-8d37-4f62-9d0a-0d1e4a6f9a11", Title: "Of a search: yes", Product: "windows", Level: "medium"}, d)
		if err != nil {
			t.Fatal(err)
		}
		set, err := sigma.ParseFS(fstest.MapFS{"draft.yml": {Data: rule}})
		if err != nil || len(set.Problems) > 0 || len(set.Rules) != 1 {
			t.Errorf("%s: %v\n%s", c.filter, set.Problems, rule)
			continue
		}
		engine, problems := sigma.Compile(set.Rules, nil, sigma.Options{})
		if engine == nil || len(problems) > 0 {
			t.Fatal(problems)
		}
		for doc, want := range map[string]int{c.hit: 1, c.miss: 0} {
			hits, err := engine.NewMatcher().Match([]byte(doc), sigma.LogSource{Product: "windows"})
			if err != nil || len(hits) != want {
				t.Errorf("%s on %s: %d hits, want %d (%v)\n%s", c.filter, doc, len(hits), want, err, rule)
			}
		}
	}
}

func TestEncode(t *testing.T) {
	mark := func(v string) string {
		if strings.HasPrefix(v, "7.") || v == "-1.0" {
			return "'" + v
		}
		return v
	}
	for q, want := range map[string]string{
		`v:=7.10 or !v:="7.1" x:=a`:            `v:="'7.10" or !v:="'7.1" x:=a`,
		`v:(=7.10 or ="b") -1.0`:               `v:(="'7.10" or ="b") -1.0`,
		`v:in(a, 7.10, "7.1") | filter v:=7.2`: `v:in(a, "'7.10", "'7.1") | filter v:="'7.2"`,
		`v:=-1.0 | stats count() "7.1"`:        `v:="'-1.0" | stats count() "7.1"`,
		`v:exact("7.1") v:="7."* v:7.1`:        `v:exact("'7.1") v:="7."* v:7.1`,
		`v:in(* | fields v) v:!=7.1`:           `v:in(* | fields v) v:!="'7.1"`,
		`broken ( v:=7.1`:                      `broken ( v:=7.1`,
		`漏洩 !件名:(個人 or b) c`:                   `_msg:~"漏洩" !件名:(~"個人" or b) c`,
		`"a 情報+" 題:工場*`:                        `_msg:~"a 情報\\+" 題:~"工場"`,
	} {
		if got := Encode(q, mark); got != want {
			t.Errorf("Encode(%s)\n got %s\nwant %s", q, got, want)
		}
	}
}

func TestOfLine(t *testing.T) {
	for q, want := range map[string]string{
		`whoami`:                         `["f":"whoami"]`,
		`"a b" or !whoam* x:whoami`:      `["f":"a b"] or !["f":"whoam"*] x:whoami`,
		`-(i(Kei) i("kei m"*)) User:kei`: `-(["f":i("Kei")] ["f":i("kei m"*)]) User:kei`,
		`_msg:~"漏洩" _msg:whoami`:         `["f":~"漏洩"] ["f":"whoami"]`,
		`_msg:(a or b) _msg:~"a.b" x:*`:  `_msg:(a or b) _msg:~"a.b" x:*`,
		`_msg:="a" stays "" _time:5m`:    `_msg:="a" stays "" _time:5m`,
		`broken (`:                       `broken (`,
	} {
		got := OfLine(q, func(w Words) string {
			if w.Text == "stays" {
				return ""
			}
			return "[" + w.In("f") + "]"
		})
		if got != want {
			t.Errorf("OfLine(%s)\n got %s\nwant %s", q, got, want)
		}
	}
	for _, x := range []struct {
		q, in string
		stand bool
	}{
		{`image`, "Event.EventData.Image", true}, {`image`, "OriginalImage", false}, {`image`, "ImageLoaded", false}, {`image*`, "ImageLoaded", true},
		{`data.image`, "Event.EventData.Image", false}, {`"user id"`, "User ID", true}, {`_msg:~"名"`, "氏名", true}, {`名*`, "氏名", false}, {`user`, "super.user", true},
	} {
		OfLine(x.q, func(w Words) string {
			if w.Stand(x.in) != x.stand {
				t.Errorf("%s stands in %s: %v", x.q, x.in, !x.stand)
			}
			return ""
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`a or b:="c" | stats by (x) count()`, `x:in(a,"b")`, `_time:5m offset 1h !(a -b)`, "'`\"", "{a=~\"b\"} #c\n d", `x:range[1,2)`, "#\n|", "a #b", ">\"\n~\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, pipes := Split(s)
		_ = At(s).With("x")
		_, _ = Sigma(filter, func(string) bool { return false })
		conds, whole := Conditions(filter)
		if n, err := Parse(filter); err == nil && whole {
			if again, err := Parse(strings.Join(conds, " ")); err != nil || shape(again) != shape(n) {
				t.Fatalf("%q: conditions %q are read as %s, not %s (%v)", filter, conds, shape(again), shape(n), err)
			}
			if unbroken(s, Lex(s)) != nil {
				return // the store gets to see none of these
			}
			q := And(s, Is("f", "v"))
			with, p := Split(q)
			if len(p) != len(pipes) {
				t.Fatalf("%q: a condition changed the pipes: %q", s, q)
			}
			if !strings.Contains(with, Is("f", "v")) {
				t.Fatalf("%q: the condition is not there: %q", s, q)
			}
		}
	})
}

func TestDivide(t *testing.T) {
	for q, want := range map[string]string{
		"":                        "*",
		"# nothing":               "*",
		"a # | b\n| top":          "a | top",
		"a   b # c\n#d":           "a b",
		`x:"a | # b"|uniq by (x)`: `x:"a | # b" | uniq by (x)`,
		"x:range(1, 2]":           "x:range(1, 2]",
		`* | where '#|'`:          `* | where '#|'`,
	} {
		filter, pipes, err := Divide(q)
		if got := strings.Join(append([]string{filter}, pipes...), " | "); err != nil || got != want {
			t.Errorf("Divide(%q) = %q, %v", q, got, err)
		}
	}
	for q, at := range map[string]int{
		`User:"open`: 5, "a 'b": 2, "a)": 1, "(a": 0, strings.Repeat("(", 101): 100, "* | Stream_Context before 1": 4, "x:stats_remote": 2, "\xff": -1, "\x00": -1, strings.Repeat("a", 20<<10): -1,
	} {
		var bad *Mistake
		if _, _, err := Divide(q); !errors.As(err, &bad) || bad.At != at {
			t.Errorf("Divide(%.30q): %+v", q, bad)
		}
	}
}
