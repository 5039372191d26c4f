package logsql

import (
	"strings"
	"testing"

	"yagura/kernel/text"
)

// What is wrong, by query: the words at the place, which a § stands in front of.
var mistakes = map[string]string{
	`User:=§"alice`:                       `this quotation mark is not closed`,
	"§`alice":                             `this quotation mark is not closed`,
	`User:='ali§\ce'`:                     "a backslash within quotes",
	`Image:="C:§\Windows"`:                "a backslash within quotes",
	`§(a or b`:                            "this bracket is not closed",
	`x:in§(a, b`:                          "this bracket is not closed",
	`a§)`:                                 "there is no opening bracket for it",
	`(a or b§})`:                          "there is no opening bracket for it",
	`a or§`:                               "at its end a condition is missing",
	`a or §| limit 3`:                     "a condition is missing",
	`§and b`:                              "this is not expected here",
	`a, b`:                                "",
	`User:§`:                              "at its end a condition is missing",
	`x:=§`:                                "at its end a value is missing",
	`x:~§"("`:                             "",
	`§x:~"a(b"`:                           "this is no regular expression (RE2)",
	`bytes:range(1, §many)`:               "this is no number",
	`bytes:§range(1)`:                     "this takes 2 values, not 1",
	`x:§len_range(1, 2, 3)`:               "this takes 2 values, not 3",
	`x:§contians_any(a)`:                  "there is no such function; contains_any is likely meant",
	`error | §tpo 5 by (x)`:               "there is no such pipe; top is likely meant",
	`error | §limmit 5`:                   "there is no such pipe; limit is likely meant",
	`error | limit §five`:                 "this is no whole number",
	`error | limit 5 §10`:                 "this is not expected here; a pipe begins with a bar: |",
	`error | offset§`:                     "at its end a number is missing",
	`error | §| limit 5`:                  "",
	`error |§`:                            "at its end a pipe is missing behind the bar",
	`* | stats by (host) §cuont()`:        "there is no such function; count is likely meant",
	`* | stats by §host count()`:          "names of fields in parentheses are needed here",
	`* | stats by (host§ ) §`:             "",
	`* | stats by (host)§`:                "at its end a function such as count() is missing",
	`* | stats §count n`:                  "parentheses are missing behind this",
	`* | stats by (a §b) count()`:         "a comma is missing in front of this",
	`* | sort §host`:                      "by (…) is needed here",
	`* | sort by (host desc) limit §x`:    "this is no whole number",
	`* | sort by (host desc) §descending`: "this is not expected here",
	`* | fields a §b`:                     "a comma is missing in front of this",
	`* | fields a,§`:                      "at its end the name of a field is missing",
	`* | top 5 by (a,§)`:                  "the name of a field is missing",
	`* | filter§`:                         "at its end a condition is missing",
	`* | filter x:>§ | limit 3`:           "a value is missing",
	`漏洩 ユーザ:=§"山田`:                        `this quotation mark is not closed`,
	`* | §stream_context before 3`:        "this is not possible here",
	`* | fields host §limit 5`:            "a comma is missing in front of this",
	`* | stats by (host) count() n | order by (n §;)`: "a comma is missing in front of this",
}

func TestCheck(t *testing.T) {
	for marked, want := range mistakes {
		if want == "" {
			continue
		}
		at := strings.Index(marked, "§")
		q := strings.Replace(marked, "§", "", 1)
		m := Check(q)
		if m == nil {
			t.Errorf("%s: nothing is found", marked)
			continue
		}
		for m.At == len(q) && at < len(q) && strings.TrimSpace(q[at:]) == "" {
			at = len(q)
		}
		if said := m.Message(q).String(); !strings.Contains(said, want) {
			t.Errorf("%s: %s, want %s", marked, said, want)
		}
		if next := Lex(q[at:]); len(next) > 0 {
			at += next[0].At
		}
		if m.At != at {
			t.Errorf("%s: at %d, not %d: %v", marked, m.At, at, m)
		}
		if ja := m.Message(q).In(text.JA); ja == m.Message(q).String() || strings.Contains(ja, "missing") {
			t.Errorf("%s: not in Japanese: %s", marked, ja)
		}
	}
}

// What is right has no mistake.
func TestCheckFindsNothing(t *testing.T) {
	for _, q := range []string{
		``, `*`, `error`, `"two words" -x`, `User:=alice !Image:="C:\\x"`, "c:=`C:\\a`", `x:range(1, 5]`, `x:range[1.5KiB, inf)`, `x:in(* | fields y)`, `x:ipv4_range("10.0.0.0/8")`, `_time:5m offset 1h error`,
		`a | b`, `* | count()`, `* | by (x) count()`, `* | stats by (_time:5m offset 1h, host) count() n, sum(bytes) if (x:=1) as total`, `* | stats quantile(0.95, d) p, uniq_values(x) limit 10`,
		`* | top 10 by (host) hits as n`, `* | top by (host)`, `* | uniq by (a, b) with hits limit 5`, `* | sort by (n desc, m) limit 5 offset 10`, `* | sort by (n) desc`, `* | fields a, b.c, "d e"`, `* | fields *`,
		`* | limit`, `* | limit 1_000`, `* | head 10K`, `* | rename a as b, c d`, `* | extract "user=<u> " from _msg | filter u:*`, `{a="b",c=~"d"} e`, `* | math a / b as c`, `* | unpack_json from x fields (a, b)`,
		`x:(a or "b" !c) | where y:>3`, `x:i(AbC*) | first 3 by (x)`, `漏洩 ユーザ:="山田"`,
	} {
		if m := Check(q); m != nil {
			t.Errorf("%s: %v", q, m.Message(q))
		}
	}
}

func FuzzCheck(f *testing.F) {
	for q := range mistakes {
		f.Add(strings.Replace(q, "§", "", 1))
	}
	f.Fuzz(func(t *testing.T, q string) {
		if m := Check(q); m != nil && (m.At < 0 || m.At > len(q) || Column(q, m.At) < 1) {
			t.Errorf("%q: %+v", q, m)
		}
	})
}
