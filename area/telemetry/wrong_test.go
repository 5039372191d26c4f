package telemetry

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// TestWrongQueriesNameThePlace asks the event store itself what it does not
// take: of each the place is named, in both languages, and what the store alone
// knows is marked as its words.
func TestWrongQueriesNameThePlace(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	ana := w.actor("ana")
	q := Query{From: clk.Now().Add(-time.Hour), To: clk.Now().Add(time.Hour)}
	// § stands in front of what is wrong.
	for _, c := range []struct {
		query string
		store bool // only the store knows
	}{
		{`User:=§"alice`, false}, {"§`alice", false}, {`User:='ali§\ce'`, false}, {`Image:="C:§\Windows"`, false},
		{`§(a or b`, false}, {`x:in§(a, b`, false}, {`a§)`, false}, {`((a)§}`, false}, {`x:range§[1, 2`, false},
		{`a or§`, false}, {`a and§`, false}, {`!§`, false}, {`User:§`, false}, {`x:>§`, false}, {`§x:~"a(b"`, false}, {`§x:re("[")`, false}, {`(§)`, false}, {`a §, b`, false}, {`x:(§)`, false},
		{`bytes:range(1, §many)`, false}, {`bytes:§range(1)`, false}, {`x:§len_range(1)`, false}, {`x:§contians_any(a)`, false}, {`x:§foo(a)`, false}, {`_time:§`, false},
		{`error | §tpo 5 by (x,)`, false}, {`error | §lmit(5)`, false}, {`error | limit §five`, false}, {`error | limit 5 §10`, false}, {`error | offset§`, false}, {`error | head §-1`, false}, {`error |§`, false},
		{`* | stats by (host) §cuont()`, false}, {`* | stats by (host)§`, false}, {`* | stats by (a §b) count()`, false}, {`* | stats§`, false}, {`* | stats count(), §`, false}, {`* | stats by §(host, count() n`, false},
		{`* | sort §host`, false}, {`* | sort by (host desc) limit §x`, false}, {`* | sort by (host desc) §descending`, false}, {`* | sort by (a §b)`, false},
		{`* | fields a §b`, false}, {`* | fields§`, false}, {`* | delete a, §`, false}, {`* | top 5 by (a §b)`, false}, {`* | uniq by (a §b)`, false}, {`* | filter§`, false}, {`* | filter x:>§ | limit 3`, false},
		{`* | fields host §limit 5`, false}, {`漏洩 ユーザ:=§"山田`, false}, {`* | §stream_context before 3`, false}, {`* | §stats_remote count() n`, false}, {"a\xff", false}, {strings.Repeat("a", 17<<10), false},
		{`* | rename a§`, true}, {`* | extract 5§`, true}, {`* | math +§`, true}, {`* | format§`, true}, {`* | unroll by§`, true}, {`* | join by (x) §y`, true}, {`* | replace ("a" §"b") at x`, true}, {`* | sample §x`, true}, {`* | hash(a §b)`, true},
	} {
		at := strings.Index(c.query, "§")
		q.Text = strings.Replace(c.query, "§", "", 1)
		_, err := w.Rows(context.Background(), ana, "", q, 10)
		var bad *Wrong
		if !errors.As(err, &bad) || !fault.Is(err, fault.KindInvalid) || len(fault.FieldsOf(err)) != 1 {
			t.Errorf("%.80s: %v", c.query, err)
			continue
		}
		m := fault.FieldsOf(err)[0].Message
		en, ja := m.In(text.EN), m.In(text.JA)
		says := strings.Contains(en, "event store says")
		if says != c.store {
			t.Errorf("%.80s: said by the store: %v, want %v: %s", c.query, says, c.store, en)
		}
		if at < 0 {
			continue
		}
		if bad.At < 0 || bad.At+len(bad.Word) > len(q.Text) || q.Text[bad.At:bad.At+len(bad.Word)] != bad.Word {
			t.Errorf("%s: no place: %+v", c.query, bad)
		}
		if rest := strings.TrimLeft(q.Text[at:], " "); len(q.Text)-len(rest) != bad.At {
			t.Errorf("%s: at %d (%q)", c.query, bad.At, bad.Word)
		}
		if _, said, _ := strings.Cut(ja, "イベントストアの応答"); strings.ContainsAny(strings.ReplaceAll(strings.TrimSuffix(ja, said), bad.Word, ""), "cdgj") && !strings.Contains(ja, "count()") && !strings.Contains(ja, "誤りではありませんか") {
			t.Errorf("%s: English in Japanese: %s", c.query, ja)
		}
	}
	// What the store takes is asked, whatever this package thinks of it.
	for _, right := range []string{
		`*`, `a | b`, `User:=alice !Image:="C:\\x"`, "c:=`C:\\a`", `x:range(1, 5]`, `x:range[1.5KiB, inf)`, `x:in(* | fields y)`, `x:ipv4_range("10.0.0.0/8")`, `_time:5m offset 1h error`, `* | count()`, `* | by (x) count()`,
		`* | stats by (_time:5m offset 1h, host) count() n, sum(bytes) if (x:=1) as total`, `* | stats quantile(0.95, d) p, uniq_values(x) limit 10`, `* | top 10 by (host) hits as n`, `* | top by (host)`,
		`* | uniq by (a, b) with hits limit 5`, `* | sort by (n desc, m) limit 5 offset 10`, `* | sort by (n) desc`, `* | fields a, b.c, "d e"`, `* | limit`, `* | limit 1_000`, `* | head 10K`, `* | rename a as b, c d`,
		`* | extract "user=<u> " from _msg | filter u:*`, `{a="b",c=~"d"} e`, `* | math a / b as c`, `x:(a or "b" !c) | where y:>3`, `x:i(AbC*) | first 3 by (x)`, `# all of it`, "a # b | c\n | fields x", `error | sotr by (x)`,
	} {
		q.Text = right
		if _, err := w.Rows(context.Background(), ana, "", q, 10); err != nil {
			t.Errorf("%s: %v", right, err)
		}
	}
}
