package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/area/telemetry/victoria/child/childtest"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store/storetest"
)

var threeClasses = []Class{{Standard, 400 * aDay}, {"short", month}, {"long", 2557 * aDay}}

// classed is a store of several classes, and the children that keep them; the
// last is the front.
func classed(t testing.TB, classes ...Class) (*Victoria, []*child.Child) {
	t.Helper()
	var v *Victoria
	folder := t.TempDir()
	open := func(o child.Options) (*child.Child, *victoria.Node) {
		o.Log, o.Memory, o.Restarted = slog.New(slog.DiscardHandler), 5, func() {
			if v != nil {
				v.WasAway()
			}
		}
		c, err := child.Open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		n, err := victoria.Open(victoria.Options{Access: c.Access})
		if err != nil {
			t.Fatal(err)
		}
		return c, n
	}
	var all []*child.Child
	var shelves []Shelf
	for _, c := range classes {
		x, n := open(child.Options{Folder: filepath.Join(folder, c.Name), Keep: c.Keep})
		all, shelves = append(all, x), append(shelves, Shelf{c, n})
	}
	front, n := open(child.Options{Folder: filepath.Join(folder, ".front"), Keep: month, Over: slices.Clone(all)})
	v = NewVictoria(n, shelves...)
	return v, append(all, front)
}

// TestSeveralClassesAnswerAsOneStore asks a store of three classes, and one that
// has all events of them, the same.
func TestSeveralClassesAnswerAsOneStore(t *testing.T) {
	t.Parallel()
	now := clock.System().Now().UTC().Truncate(time.Hour)
	node := childtest.Node(t)
	var same []Shelf
	for _, c := range threeClasses {
		same = append(same, Shelf{c, node})
	}
	one := NewVictoria(node, same...)
	several, _ := classed(t, threeClasses...)
	ctx := context.Background()
	var batches []Batch
	for k := range 12 {
		var docs [][]byte
		for n := range 50 {
			i := k*50 + n
			docs = append(docs, fmt.Appendf(nil, `{"n":%d,"User":"u%d","Image":"C:\\Windows\\p%d.exe","size":%d,"version":"7.1%s","tags":["a%d","b"]}`, i, i%7, i%11, i*37%1000, []string{"", "0"}[i%2], i%3))
		}
		b := batchOf(now.Add(-time.Duration(k)*7*time.Minute), docs...)
		b.Source = fmt.Sprint("s", k%4)
		b.Class = []string{"", "short", "long", "short"}[k%4]
		for j := range b.Events {
			b.Events[j].Source, b.Events[j].Host = b.Source, fmt.Sprint("h", j%5)
			b.Events[j].Time = b.Received.Add(-time.Duration(j) * time.Second)
		}
		batches = append(batches, b)
	}
	for _, s := range []*Victoria{one, several} {
		if err := s.Append(ctx, batches); err != nil {
			t.Fatal(err)
		}
		if missing, err := s.Missing(ctx, batches); err != nil || len(missing) > 0 {
			t.Fatal(missing, err)
		}
	}
	q := everything()
	q.From, q.To = now.Add(-6*time.Hour), now.Add(time.Minute)
	answer := func(s *Victoria, text string) (rows []string) {
		t.Helper()
		q := q
		q.Text = text
		for row, err := range s.Rows(ctx, q, 5000, nil) {
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			slices.SortFunc(row, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
			rows = append(rows, fmt.Sprint(row))
		}
		return rows
	}
	for _, text := range []string{
		`* | stats count() n, sum(size) s, avg(size) a, min(size) lo, max(size) hi, count_uniq(User) u, median(size) m, quantile(0.9, size) q`,
		`* | stats by (User) count() n, sum(size) s, avg(size) a, count_uniq(host) u, max(Image) hi | sort by (User)`,
		`* | stats by (source, host) count() n | sort by (source, host)`, `* | stats by (_time:10m) count() n | sort by (_time)`, `* | stats by (User) uniq_values(host) h | sort by (User)`,
		`User:=u3 | stats count() n, count() if (host:=h1) m`, `* | stats by (User) count() n | stats sum(n) all, max(n) most`, `* | stats by (User) sum_len(Image) l, row_max(size, n) r | sort by (User)`,
		`* | top 3 by (User)`, `* | top 5 by (Image, host) hits as h rank as r | stats count() n, sum(h) s`, `* | top 4 by (source)`,
		`* | sort by (size desc, n) limit 20 | fields size, n, User`, `* | sort by (n) offset 100 limit 7 | fields n`, `* | sort by (_time, n) limit 30 | fields _time, n, source`, `* | sort by (User, n desc) rank as r limit 10 | fields User, n, r`,
		`* | first 3 by (n) | fields n`, `* | last 2 by (n) | fields n`, `* | sort by (version, n) limit 5 | fields version, n`,
		`* | uniq by (host, User) with hits | sort by (host, User)`, `* | field_names | sort by (name) | filter name:!~"^_"`, `* | field_values User | sort by (User)`, `* | facets 7 | sort by (field_name, field_value) | filter field_name:=User`,
		`size:>900 n:<300 | sort by (n) | fields n, size`, `User:in(size:>990 | fields User) | stats count() n`, `version:="7.10" | stats count() n`, `tags:a1 | stats count() n`, `{source="s1"} | stats count() n`, `Image:~"p1\\.exe" | stats count() n`,
		`n:<5 | union (n:>595) | sort by (n) | fields n`, `n:<40 | join by (User) (n:>590 | fields User, Image | rename Image as other) | stats count() x`, `* | math size * 2 as d | stats sum(d) s`, `n:<3 | format "<User>-<n>" as x | sort by (x) | fields x`,
		`n:<10 | extract "p<p>.exe" from Image | stats by (p) count() c | sort by (p)`, `n:<6 | unroll by (tags) | stats by (tags) count() c | sort by (tags)`, `n:<6 | len(Image) as l | sort by (n) | fields l`, `n:<6 | replace ("u", "v") at User | sort by (n) | fields User`,
	} {
		want, got := answer(one, text), answer(several, text)
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s\n one     %.300v\n several %.300v", text, want, got)
		}
	}
	type seen struct {
		ids    []string
		total  int64
		bars   string
		fields map[string]string
	}
	survey := func(s *Victoria, text string) (x seen) {
		q := q
		q.Text, q.Limit = text, 37
		for {
			v, err := s.Survey(ctx, q, SurveyOptions{Buckets: 20, Sample: 5000, Values: 50})
			if err != nil {
				t.Fatal(err)
			}
			if v.Partial {
				t.Fatalf("%q is partial: %v", text, v.Why)
			}
			x.total, x.bars, x.fields = v.Total, fmt.Sprint(v.Buckets), map[string]string{}
			for _, f := range v.Fields {
				x.fields[f.Name] = fmt.Sprint(f)
			}
			for _, e := range v.Events {
				x.ids = append(x.ids, e.ID())
				last := e.At()
				q.After = &last
			}
			if !v.More {
				return x
			}
		}
	}
	for _, text := range []string{"", "User:=u2", "size:>500"} {
		want, got := survey(one, text), survey(several, text)
		if !slices.Equal(got.ids, want.ids) || got.total != want.total || int(want.total) != len(want.ids) || got.bars != want.bars || !maps.Equal(got.fields, want.fields) {
			t.Errorf("%q: %d and %d found, %d and %d on pages", text, want.total, got.total, len(want.ids), len(got.ids))
		}
	}
	if want, got := linesOf(t, one), linesOf(t, several); !maps.Equal(want, got) || len(want) != 600 {
		t.Errorf("%d and %d lines", len(want), len(got))
	}
	for _, b := range batches {
		e := b.Events[7]
		if got, err := several.Find(ctx, authz.Everything(), e.ID()); err != nil || !bytes.Equal(got.Doc, e.Doc) {
			t.Errorf("%s: %v", e.ID(), err)
		}
	}
	z, err := several.Size(ctx)
	if err != nil || z.Events != 600 || len(z.Classes) != 3 {
		t.Fatalf("%+v %v", z, err)
	}
	for i, n := range []int64{150, 300, 150} {
		if c := z.Classes[i]; c.Class != threeClasses[i] || c.Events != n || c.Bytes == 0 || c.Oldest.IsZero() {
			t.Errorf("%+v", c)
		}
	}
}

// TestClassesOfSources gives sources classes, takes events in, kills a store, and
// looks that each event lies with its class and that nothing is lost.
func TestClassesOfSources(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	clk.Set(clock.System().Now())
	v, children := classed(t, threeClasses...)
	w.store, w.Service.events, w.Service.o.Classes = v, v, threeClasses
	ctx := context.Background()
	ana := w.actor("ana")
	put := func(source, class string) error {
		d, err := w.Source(ctx, ana, source, "day")
		w.do(err)
		d.Source.Class = class
		return w.Change(ctx, ana, d.Source)
	}
	if err := put("fw-9", "forever"); len(fault.FieldsOf(err)) != 1 {
		t.Fatalf("a class that is not there: %v", err)
	}
	w.do(put("fw-9", "short"))
	if n := w.count("SELECT COUNT(*) FROM ledger_pending WHERE kind = $1", fact.TelemetrySourceChanged{}.Heading().Kind); n != 1 {
		t.Fatalf("%d facts", n)
	}
	con := w.actor("con") // may read his sources and not manage them
	d, err := w.Source(ctx, con, "fw-9", "day")
	w.do(err)
	if d.Class != "short" || w.KeptFor(d.Source) != month {
		t.Errorf("%s, %s", d.Class, w.KeptFor(d.Source))
	}
	d.Source.Class = "long"
	if err := w.Change(ctx, con, d.Source); !fault.Is(err, fault.KindDenied) {
		t.Errorf("a contact chose the class: %v", err)
	}
	win, fw := w.token("win-3"), w.token("fw-9")
	send := func(token string, back time.Duration, n int) {
		t.Helper()
		_, err := w.send(token, fmt.Sprintf(`{"@timestamp":"%s","n":%d}`, clk.Now().Add(-back).UTC().Format(time.RFC3339), n))
		w.do(err)
	}
	send(win, 0, 1)
	send(fw, 0, 2)
	send(win, 50*aDay, 3) // in time there
	send(fw, 50*aDay, 4)  // and too old here
	w.do(put("fw-9", "long"))
	send(fw, 500*aDay, 5)
	send(fw, 0, 6)
	w.do(w.Drain(ctx))
	for _, c := range children { // nothing of it need be on disk
		c.Process().Kill()
	}
	again := func() {
		t.Helper()
		for waited := clock.Stopwatch(); ; time.Sleep(20 * time.Millisecond) {
			v, err := v.Survey(ctx, everything(), SurveyOptions{})
			if err == nil {
				t.Logf("answers again after %s: %d events", waited().Round(time.Millisecond), v.Total)
				return
			}
			if waited() > 20*time.Second {
				t.Fatal(err)
			}
		}
	}
	again()
	w.do(w.Recheck(ctx))
	if n := len(linesOf(t, v)); n != 6 {
		t.Fatalf("%d events of 6", n)
	}
	on := func(v *Victoria) (all []string) {
		for _, x := range v.shelves {
			var ns []string
			w.do(x.Node.Query(ctx, victoria.Ask{Query: "* | sort by (n) | fields n"}, func(r *victoria.Row) bool {
				ns = append(ns, string(r.Get("n")))
				return true
			}))
			all = append(all, strings.Join(ns, " "))
		}
		return all
	}
	children[1].Process().Kill() // one alone
	again()
	w.do(w.Recheck(ctx))
	if n := len(linesOf(t, v)); n != 6 {
		t.Errorf("%d events of 6 after one store died", n)
	}
	w.do(v.flush(ctx))
	want := []string{"1 3", "2 4", "5 6"}
	if got := on(v); !slices.Equal(got, want) {
		t.Errorf("on the shelves: %q", got)
	}
	w.letGo()
	var outside int64
	for _, s := range []string{"win-3", "fw-9"} {
		d, err := w.Source(ctx, ana, s, "day")
		w.do(err)
		outside += d.Day.Outside
	}
	if outside != 1 {
		t.Errorf("%d out of time", outside)
	}

	var dump bytes.Buffer
	_, err = v.Dump(ctx, &dump)
	w.do(err)
	second, _ := classed(t, threeClasses...)
	_, err = second.Load(ctx, bytes.NewReader(dump.Bytes()))
	w.do(err)
	w.do(second.flush(ctx))
	if got := on(second); !slices.Equal(got, want) || len(linesOf(t, second)) != 6 {
		t.Errorf("restored: %q", got)
	}
	if _, err := keeping(t, month).Load(ctx, bytes.NewReader(dump.Bytes())); err == nil || !strings.Contains(err.Error(), "class short") {
		t.Errorf("a backup of classes that are not there: %v", err)
	}
	pair := NewPair(slog.New(slog.DiscardHandler), v, second)
	b := batchOf(clk.Now(), []byte(`{"n":7}`))
	b.Class = "short"
	w.do(pair.Append(ctx, []Batch{b}))
	if missing, err := pair.Missing(ctx, []Batch{b, {ID: id.New(), Class: "long", count: 1, Received: clk.Now()}}); err != nil || len(missing) != 1 {
		t.Errorf("%v %v", missing, err)
	}
	w.do(second.flush(ctx))
	want[1] = "2 4 7"
	if a, z := on(v), on(second); !slices.Equal(a, want) || !slices.Equal(z, want) {
		t.Errorf("%q and %q", a, z)
	}

	// A class that is still used can't be taken away.
	send(fw, 0, 8)
	err = NeedsClasses(ctx, db, threeClasses[:2])
	if err == nil || !strings.Contains(err.Error(), "no class long") || !strings.Contains(err.Error(), "fw-9") {
		t.Errorf("%v", err)
	}
	w.do(put("fw-9", ""))
	if err = NeedsClasses(ctx, db, threeClasses[:2]); err == nil || !strings.Contains(err.Error(), "journal") {
		t.Errorf("%v", err)
	}
	w.do(w.Drain(ctx))
	w.letGo()
	w.do(NeedsClasses(ctx, db, threeClasses[:2]))
}
