package telemetry

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/store/storetest"
)

// TestNoQueryCrossesTheBorder asks, in Europe's name, for what is America's, in
// every way that LogsQL has.
func TestNoQueryCrossesTheBorder(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	ours, theirs := w.token("win-3"), w.token("fw-9")
	now := clk.Now()
	stamp := func(back time.Duration) string { return now.Add(-back).Format(time.RFC3339) }
	for n := range 3 {
		_, err := w.send(ours, fmt.Sprintf(`{"@timestamp":"%s","User":"eva","shared":"s%d"}`, stamp(time.Minute*time.Duration(n+1)), n))
		w.do(err)
		_, err = w.send(theirs, fmt.Sprintf(`{"@timestamp":"%s","User":"eva","secret_field":"sesame%d","shared":"s%d"}`, stamp(time.Minute*time.Duration(n+1)), n, n))
		w.do(err)
	}
	_, err := w.send(ours, fmt.Sprintf(`{"@timestamp":"%s","User":"eva","old":"long ago"}`, stamp(50*time.Hour)))
	w.do(err)
	w.do(w.Drain(context.Background()))
	q := Query{From: now.Add(-time.Hour), To: now.Add(time.Hour)}
	eva, ana := w.actor("eva"), w.actor("ana")
	stream := ""
	q.Text = `secret_field:* | fields _stream_id`
	all, err := w.Rows(context.Background(), ana, "", q, 10)
	w.do(err)
	for _, r := range all.Rows {
		stream = r[0]
	}
	if stream == "" {
		t.Fatal("no stream to forge")
	}
	for _, text := range []string{
		`*`, `unit:plant9`, `!unit:works3`, `* or *`, `(*) or (unit:plant9)`, `not (User:zzz)`, `{unit="plant9"}`, `{unit=~".*"}`, `_stream:{source="fw-9"}`, `_stream_id:` + stream, `_stream_id:in(unit:plant9 | fields _stream_id)`,
		`secret_field:*`, `sesame0`, `i(SESAME0)`, `"sesame0" # `, "* # unit\n", `_time:1000d`, `_time:>1970-01-01`, `options(ignore_global_time_filter=true) *`, `options(concurrency=1,ignore_global_time_filter=true) old:*`,
		`* | union (*)`, `* | union (unit:plant9)`, `* | union (options(ignore_global_time_filter=true) *)`, `* | join by (shared) (unit:plant9)`, `* | join by (shared) (* | fields shared, secret_field)`,
		`User:in(unit:plant9 | fields User)`, `shared:in(secret_field:* | fields shared)`, `shared:contains_any(secret_field:* | fields shared)`, `shared:contains_all(secret_field:* | fields shared)`, `!shared:in(secret_field:* | fields shared)`,
		`* | filter unit:plant9`, `* | filter shared:in(secret_field:* | fields shared)`, `* | where !unit:works3`,
		`* | field_names`, `* | field_values secret_field`, `* | facets`, `* | block_stats`, `* | blocks_count`, `* | top 10 by (unit)`, `* | uniq by (secret_field)`, `* | uniq by (unit) with hits`,
		`* | stats by (unit) count() n`, `* | stats count() if (unit:plant9) n`, `* | stats count() if (shared:in(secret_field:* | fields shared)) n, count() m`, `* | stats uniq_values(secret_field)`, `* | stats row_any()`,
		`* | format if (shared:in(secret_field:* | fields shared)) "sesame" as x`, `* | extract if (unit:plant9) "<a>" from _msg`, `* | sort by (_time) | fields *`, `* | delete unit`, `* | rename unit as u`, `* | copy unit as u`,
		`* | stream_context before 100 after 100`, `* | format "` + stream + `" as _stream_id | stream_context before 100 after 100`, "* | STREAM_CONTEXT before 10", "*|stream_context after 9",
		`*) or (*`, `*" or "`, `* | pack_json as x`, `* | unroll by (shared)`, `* | sample 1`, `* | first 10 by (_time)`, `* | last 10 by (_time)`, `* | math 1+1 as x`, `* | hash(secret_field)`, `* | stats_remote count() n`,
	} {
		q.Text = text
		rows, err := w.Rows(context.Background(), eva, "", q, 1000)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", text, err)
			}
			if strings.Contains(strings.ReplaceAll(err.Error(), text, ""), "sesame") {
				t.Errorf("%s: the error tells: %v", text, err)
			}
		}
		for _, r := range rows.Rows {
			line := fmt.Sprint(rows.Columns, r)
			if strings.Contains(text, "as x") && strings.Contains(text, "format") {
				line = strings.ReplaceAll(line, "sesame", "") // said by the query itself; judged by the count below
				if strings.Contains(fmt.Sprint(r), "sesame") {
					t.Errorf("%s: a condition looked across the border: %v", text, r)
				}
			}
			for _, secret := range []string{"sesame", "plant9", "fw-9", "long ago"} {
				if strings.Contains(line, secret) {
					t.Errorf("%s: %s in %s", text, secret, line)
				}
			}
			for i, c := range rows.Columns {
				if c == "n" && r[i] != "3" && r[i] != "0" && r[i] != "" {
					t.Errorf("%s: counts %s", text, r[i])
				}
				if c == "secret_field" && r[i] != "" && r[i] != "0" && r[i] != "[]" {
					t.Errorf("%s: %s", text, r[i])
				}
			}
		}
		if len(rows.Rows) > 60 {
			t.Errorf("%s: %d rows", text, len(rows.Rows))
		}
		v, err := w.Search(context.Background(), eva, "", q, SurveyOptions{Buckets: 10, Sample: 10})
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if v.Total > 3 {
			t.Errorf("%s: finds %d", text, v.Total)
		}
		for _, e := range v.Events {
			if e.Unit != "works3" || strings.Contains(string(e.Doc), "long ago") {
				t.Errorf("%s: shows %s", text, e.Doc)
			}
		}
	}
	// The way out stays as narrow for who may see nothing.
	q.Text = "*"
	if rows, err := w.Rows(context.Background(), w.actor("nobody"), "", q, 10); err != nil || len(rows.Rows) > 0 {
		t.Errorf("nobody sees %v %v", rows, err)
	}
}

// TestQueriesAreAnswered looks that a query means what it means in LogsQL, and
// that mistakes are named with their place.
func TestQueriesAreAnswered(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	token := w.token("win-3")
	for n := range 10 {
		_, err := w.send(token, fmt.Sprintf(`{"@timestamp":"%s","User":"u%d","version":"7.1%s","CommandLine":"C:\\Windows\\cmd.exe /c whoami","host":"doc%d"}`, clk.Now().Add(-time.Minute).Format(time.RFC3339), n%3, []string{"", "0"}[n%2], n))
		w.do(err)
	}
	w.do(w.Drain(context.Background()))
	q := Query{From: clk.Now().Add(-time.Hour), To: clk.Now().Add(time.Hour)}
	for text, want := range map[string]int{`CommandLine:whoami`: 10, `User:u1`: 3, `User:="u1" version:*`: 3, `version:="7.10"`: 5, `version:="7.1"`: 5, `whoami User:u0`: 4, `source:win-3`: 10, `doc.host:doc3`: 1, `kind:json`: 10, `# nothing`: 10, ``: 10} {
		q.Text = text
		v, err := w.Search(context.Background(), w.actor("ana"), "", q, SurveyOptions{})
		if err != nil || int(v.Total) != want || len(v.Events) != want {
			t.Errorf("%s finds %d, %d shown, want %d: %v", text, v.Total, len(v.Events), want, err)
		}
	}
	q.Text = `* | stats by (version) count() n | sort by (version)`
	rows, err := w.Rows(context.Background(), w.actor("ana"), "", q, 10)
	w.do(err)
	if fmt.Sprint(rows.Rows) != "[[7.1 5] [7.10 5]]" && fmt.Sprint(rows.Rows) != "[[7.10 5] [7.1 5]]" || rows.Partial {
		t.Errorf("%v", rows)
	}
	q.Text = `*`
	rows, err = w.Rows(context.Background(), w.actor("ana"), "", q, 4)
	w.do(err)
	if len(rows.Rows) != 4 || !rows.Partial {
		t.Errorf("%d rows, partial %v", len(rows.Rows), rows.Partial)
	}
	for _, bad := range []string{`User:(`, `"open`, `* | stats nothing(`, `* | sort by`, `User:in(`, strings.Repeat("(", 50000), strings.Repeat("a ", 20000), "\xff", `* | limit 3`} {
		q.Text = bad
		_, err := w.Search(context.Background(), w.actor("ana"), "", q, SurveyOptions{})
		if fields := fault.FieldsOf(err); len(fields) != 1 || fields[0].Name != "query" {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}
