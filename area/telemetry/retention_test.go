package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/store/storetest"
)

const (
	aDay  = 24 * time.Hour
	month = 30 * aDay
)

// keeping is a store of its own that keeps events so long.
func keeping(t testing.TB, keep time.Duration) *Victoria {
	t.Helper()
	c, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(t.TempDir(), "events"), Keep: keep, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	node, err := victoria.Open(victoria.Options{Access: c.Access})
	if err != nil {
		t.Fatal(err)
	}
	return NewVictoria(node, Shelf{Class{Standard, keep}, node})
}

// brief is a world of today whose store keeps events for a month.
func brief(t *testing.T) *world {
	t.Helper()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	clk.Set(clock.System().Now())
	w.store = keeping(t, month)
	w.Service.events, w.Service.o.Classes = w.store, []Class{{Standard, month}}
	return w
}

// counting counts how often batches are written.
type counting struct {
	Store
	batches atomic.Int64
}

func (c *counting) Append(ctx context.Context, b []Batch) error {
	c.batches.Add(int64(len(b)))
	return c.Store.Append(ctx, b)
}

// letGo passes the hold again and again until the journal is empty.
func (w *world) letGo() {
	w.t.Helper()
	for range 4 {
		w.clk.Advance(w.o.Hold + time.Second)
		_, err := w.fold(context.Background())
		w.do(err)
		if w.count("SELECT COUNT(*) FROM telemetry_batch") == 0 {
			return
		}
	}
	w.t.Fatal("the journal does not let go")
}

// TestEventsOutOfTimeAreKept sends, in one delivery, events that the store takes
// at their time, and events that it would not take or whose time can't be.
func TestEventsOutOfTimeAreKept(t *testing.T) {
	t.Parallel()
	w := brief(t)
	seen := map[string]time.Time{}
	w.seen.failAt = func(events []Event) error {
		for _, e := range events {
			seen[string(e.Line())] = e.Time
		}
		return nil
	}
	writes := &counting{Store: w.store}
	w.Service.events = writes
	token := w.token("win-3")
	now := w.clk.Now()
	want := map[string]time.Time{}
	old := 0
	var body bytes.Buffer
	for i, back := range []time.Duration{0, time.Minute, 5 * aDay, 29 * aDay, month + time.Hour, 40 * aDay, 400 * aDay, 20 * 365 * aDay, month - time.Minute, 41 * aDay, -2 * time.Hour, -3 * 365 * aDay, -30 * time.Minute, now.Sub(time.Unix(5, 0))} {
		at := now.Add(-back).UTC().Truncate(time.Millisecond)
		line := fmt.Sprintf(`{ "@timestamp":"%s", "n":%d,"v":7.10,"w":"\u30a2","own_time":"mine" }`, at.Format("2006-01-02T15:04:05.000Z"), i)
		want[line] = at
		if back > month || back < -time.Hour {
			old++
		}
		body.WriteString(line + "\n")
	}
	_, err := w.send(token, body.String())
	w.do(err)
	w.do(w.Drain(context.Background()))
	w.do(w.Recheck(context.Background()))
	check := func(s *Victoria) {
		t.Helper()
		got := map[string]time.Time{}
		for e, err := range s.Query(context.Background(), everything(), nil) {
			w.do(err)
			got[string(e.Line())] = e.Time
			if filed := !e.Filed.IsZero(); filed != (now.Add(-month).After(e.Time) || e.Time.After(now.Add(time.Hour))) || filed && e.Filed.Sub(now).Abs() > time.Second {
				t.Errorf("%s: filed under %s", e.Line(), e.Filed)
			}
			if wrong := e.Time.After(now.Add(time.Hour)) || e.Time.Year() == 1970; wrong && e.Happened() != e.Received || !wrong && e.Happened() != e.Time {
				t.Errorf("%s: happened %s for detection", e.Line(), e.Happened())
			}
			if one, err := s.Find(context.Background(), authz.Everything(), e.ID()); err != nil || !one.Time.Equal(e.Time) || !bytes.Equal(one.Line(), e.Line()) || one.Filed != e.Filed {
				t.Errorf("%s by its name: %+v %v", e.ID(), one, err)
			}
		}
		if !maps.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%d lines came back, want %d: %v", len(got), len(want), got)
		}
		q := everything()
		for text, n := range map[string]int{`own_time:*`: old, `!own_time:*`: len(want) - old, `doc.own_time:mine`: len(want), fmt.Sprintf(`own_time:="%s"`, now.Add(-40*aDay).UTC().Format("2006-01-02T15:04:05.000Z")): 1} {
			q.Text = text
			v, err := s.Survey(context.Background(), q, SurveyOptions{Buckets: 10})
			w.do(err)
			if int(v.Total) != n || len(v.Events) != n {
				t.Errorf("%s finds %d, shows %d, want %d", text, v.Total, len(v.Events), n)
			}
		}
		// In the range of the last hour stands what came in it.
		q = everything()
		q.From, q.Limit = now.Add(-time.Hour), 2
		ids := map[string]bool{}
		for {
			v, err := s.Survey(context.Background(), q, SurveyOptions{})
			w.do(err)
			if int(v.Total) != old+3 {
				t.Fatalf("%d in the last hour, want %d", v.Total, old+3)
			}
			for _, e := range v.Events {
				ids[e.ID()] = true
				last := e.At()
				q.After = &last
			}
			if !v.More {
				break
			}
		}
		if len(ids) != old+3 {
			t.Errorf("%d on pages, want %d", len(ids), old+3)
		}
	}
	check(w.store)
	if !maps.EqualFunc(seen, want, time.Time.Equal) {
		t.Errorf("the detector saw other times: %v", seen)
	}
	d, err := w.Source(context.Background(), w.actor("ana"), "win-3", "day")
	w.do(err)
	if d.Day.Outside != int64(old) {
		t.Errorf("%d counted out of time, want %d", d.Day.Outside, old)
	}
	w.letGo()
	if n := writes.batches.Load(); n != 1 {
		t.Errorf("%d writes of one batch", n)
	}
	sums, err := ReadSources(context.Background(), w.db, aDay)
	w.do(err)
	for _, s := range sums {
		if s.ID == "win-3" && s.Outside != int64(old) {
			t.Errorf("%d counted once the journal let go", s.Outside)
		}
	}
	var dump bytes.Buffer
	_, err = w.store.Dump(context.Background(), &dump)
	w.do(err)
	second := keeping(t, month)
	_, err = second.Load(context.Background(), &dump)
	w.do(err)
	check(second)
}

// TestEventsThatGrowTooOldInABacklogAreLetGo journals events in time, and works
// on them when the store takes some of them no more.
func TestEventsThatGrowTooOldInABacklogAreLetGo(t *testing.T) {
	t.Parallel()
	w := brief(t)
	writes := &counting{Store: w.store}
	w.Service.events = writes
	today := w.clk.Now()
	w.clk.Set(today.Add(-5 * aDay)) // it came five days ago
	token := w.token("win-3")
	line := func(back time.Duration, n int) string {
		return fmt.Sprintf(`{"@timestamp":"%s","n":%d}`+"\n", w.clk.Now().Add(-back).UTC().Format(time.RFC3339), n)
	}
	_, err := w.send(token, line(time.Hour, 1)+line(29*aDay, 2)+line(time.Hour, 3)+line(month-time.Minute, 4))
	w.do(err)
	_, err = w.send(token, line(29*aDay, 5)+line(29*aDay, 6)) // all of it
	w.do(err)
	_, err = w.send(token, line(100*aDay, 7)) // too old when it came: filed where it came
	w.do(err)
	w.clk.Set(today)
	elapsed := clock.Stopwatch()
	w.do(w.Drain(context.Background()))
	w.do(w.Recheck(context.Background()))
	w.letGo()
	if n := writes.batches.Load(); n != 3 {
		t.Errorf("%d writes of three batches", n)
	}
	var numbers []string
	q := everything()
	q.Text = "* | fields n | sort by (n)"
	for row, err := range w.store.Rows(context.Background(), q, 100, nil) {
		w.do(err)
		numbers = append(numbers, row[0].Value)
	}
	if fmt.Sprint(numbers) != "[1 3 7]" {
		t.Errorf("kept: %v", numbers)
	}
	if len(linesOf(t, w.store)) < 3 {
		t.Error("rows without their events")
	}
	t.Logf("in %s", elapsed())
}

// TestWhatTheStoreForgotOfOldEventsIsWrittenAgain looks that such events are
// missed like others, and once.
func TestWhatTheStoreForgotOfOldEventsIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := brief(t)
	now := w.clk.Now().UTC().Truncate(time.Millisecond)
	b := Batch{ID: id.New(), Source: "win-3", Unit: "works3", Received: now.Add(-20 * aDay)} // a relay had it for so long
	for i, back := range []time.Duration{20 * aDay, 35 * aDay, 40 * aDay, 100 * aDay} {
		at := now.Add(-back)
		b.Events = append(b.Events, Event{Batch: b.ID, Ordinal: i, Source: b.Source, Unit: b.Unit, Received: b.Received, Time: at, Kind: "json", Doc: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	w.place(&b, "", now)
	b.file()
	if b.outside != 3 {
		t.Fatalf("%d out of time", b.outside)
	}
	ctx := context.Background()
	on := writing{x: w.store.shelves[0]} // what was on disk when it was killed
	for _, bl := range cut(&b) {
		addBlob(&on.blocks, &bl)
	}
	on.events.add(&b.Events[0])
	on.events.add(&b.Events[2])
	w.do(on.flush(ctx, 0))
	for _, want := range []int{1, 0} {
		for _, seen := range []Batch{b, {ID: b.ID, Received: b.Received, Arrived: b.Arrived, count: len(b.Events)}} {
			missing, err := w.store.Missing(ctx, []Batch{seen})
			w.do(err)
			if len(missing) != want {
				t.Fatalf("missing: %v, want %d", missing, want)
			}
		}
		w.do(w.store.Append(ctx, []Batch{b}))
	}
	ids := map[string]int{}
	for e, err := range w.store.Query(ctx, everything(), nil) {
		w.do(err)
		ids[e.ID()]++
	}
	q := everything()
	q.Text = "* | stats count() n"
	for row, err := range w.store.Rows(ctx, q, 10, nil) {
		w.do(err)
		if row[0].Value != "4" {
			t.Errorf("%s rows of four events", row[0].Value)
		}
	}
	if len(ids) != 4 {
		t.Errorf("%v", ids)
	}
}
