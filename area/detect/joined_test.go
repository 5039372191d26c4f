package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

const joinedRules = `title: Door refused
id: 10000000-0000-4000-8000-000000000001
name: refused
logsource: {product: door}
detection: {s: {door: refused}, condition: s}
level: low
---
title: Door opened
id: 10000000-0000-4000-8000-000000000002
name: opened
logsource: {product: door}
detection: {s: {door: opened}, condition: s}
level: low
---
title: Refused again and again
id: 10000000-0000-4000-8000-000000000003
name: many_refused
level: medium
correlation:
  type: event_count
  rules: [refused]
  group-by: [badge]
  timespan: 10m
  condition: {gte: 3}
---
title: Refused, then opened
id: 10000000-0000-4000-8000-000000000004
level: critical
correlation:
  type: temporal_ordered
  rules: [many_refused, opened]
  group-by: [badge]
  timespan: 30m
  generate: true
---
title: Many doors
id: 10000000-0000-4000-8000-000000000005
level: high
correlation:
  type: value_count
  rules: [opened]
  group-by: [badge]
  timespan: 10m
  condition: {field: number, gte: 3}
---
title: Opened and never closed
id: 10000000-0000-4000-8000-000000000006
level: medium
correlation:
  type: temporal_ordered
  rules: [opened, closed]
  group-by: [number]
  timespan: 5m
  condition: opened and not closed
---
title: Door closed
id: 10000000-0000-4000-8000-000000000007
name: closed
logsource: {product: door}
detection: {s: {door: closed}, condition: s}
level: low
---
title: Points nowhere
id: 10000000-0000-4000-8000-000000000008
correlation: {type: event_count, rules: [nobody], group-by: [badge], timespan: 5m, condition: {gte: 2}}
`

func joinedWorld(t *testing.T, db *store.DB, clk *clock.Movable, rules string) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "doors.yml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, db, clk, Options{NoPack: true, Folders: []string{dir}})
}

func door(batch string, n int, unit, badge, what, number string, at time.Time) Event {
	doc, _ := json.Marshal(map[string]any{"door": what, "badge": badge, "number": number})
	return Event{Batch: batch, Ordinal: n, Source: "doors-" + unit, Unit: unit, Time: at, Product: "door", Doc: doc}
}

func (w *world) correlate() {
	w.t.Helper()
	for {
		n, err := w.s.Correlate(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (w *world) titles() string {
	w.t.Helper()
	var out []string
	for _, a := range w.alerts(all, Filter{}) {
		out = append(out, a.Title.EN+"@"+a.Unit)
	}
	return strings.Join(out, ", ")
}

func TestCorrelationsRaiseAlerts(t *testing.T) {
	storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := joinedWorld(t, db, clk, joinedRules)
		if l := w.s.Library(); l.Correlations != 4 || len(l.Problems) != 1 || !strings.Contains(l.Problems[0].Text, "no rule nobody") {
			t.Fatalf("%+v", l)
		}
		now := db.Now()
		w.apply(door("b1", 0, "himeji", "B7", "refused", "1", now), door("b1", 1, "himeji", "b7", "refused", "2", now.Add(time.Second)), door("b1", 2, "himeji", "other", "refused", "1", now))
		w.correlate()
		if got := w.titles(); got != "" {
			t.Fatalf("too early: %s", got)
		}
		w.apply(door("b2", 0, "himeji", "B7", "refused", "3", now.Add(-time.Minute))) // out of order
		w.apply(door("b2", 0, "himeji", "B7", "refused", "3", now.Add(-time.Minute))) // and again
		w.correlate()
		// Others join it and say generate: true, so it alerts itself, as "opened" does.
		alerts := w.alerts(all, Filter{})
		if len(alerts) != 1 || alerts[0].Title.EN != "Refused again and again" || alerts[0].Level != Medium || alerts[0].Unit != "himeji" || alerts[0].Hits != 1 || len(alerts[0].Entity) != 1 || alerts[0].Entity[0] != (Pair{"badge", "b7"}) {
			t.Fatalf("%+v", alerts)
		}
		d, err := w.s.Get(context.Background(), w.actor("ana"), alerts[0].ID)
		if err != nil || len(d.Samples) != 3 || d.Samples[0].Event != "b2.0" || d.Samples[1].Event != "b1.0" || d.Rule.Correlation == nil || !strings.Contains(d.Text, "event_count") {
			t.Fatalf("%v %+v", err, d)
		}
		// The door opens elsewhere in the group: the alert belongs to whoever has both.
		w.apply(door("b3", 0, "brno", "B7", "opened", "9", now.Add(5*time.Minute)))
		clk.Advance(20 * time.Minute)
		w.apply(door("b4", 0, "himeji", "x", "closed", "9", now.Add(20*time.Minute)))
		w.correlate()
		w.correlate()
		if got := w.titles(); !strings.Contains(got, "Refused, then opened@group") || !strings.Contains(got, "Opened and never closed@brno") || !strings.Contains(got, "Door opened@brno") || strings.Count(got, "@") != 4 {
			t.Fatal(got)
		}
		for _, a := range w.alerts(w.actor("hiro").Scope(Read), Filter{}) {
			if a.Unit != "himeji" {
				t.Errorf("%s of %s is shown to himeji", a.ID, a.Unit)
			}
		}
		// Hits that come after the watermark still meet rules, and are counted.
		w.apply(door("b5", 0, "himeji", "B8", "refused", "1", now.Add(-3*time.Hour)))
		w.correlate()
		late, err := w.s.SourceTimes(context.Background(), w.actor("ana"))
		if err != nil || len(late) != 2 || late[1].Late != 1 || late[0].Late != 0 {
			t.Errorf("%v %+v", err, late)
		}
		show, err := w.s.ShowRule(context.Background(), w.actor("ana"), all, "10000000-0000-4000-8000-000000000003")
		if err != nil || show.Joined.Late != 1 || show.Joined.Fired != 1 || show.Joined.Mark.IsZero() {
			t.Errorf("%v %+v", err, show.Joined)
		}
		var rows, kept int
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			if err := tx.QueryRow("SELECT COUNT(*) FROM detect_joined_hit").Scan(&rows); err != nil {
				return err
			}
			return tx.QueryRow("SELECT COUNT(*) FROM detect_joined_event").Scan(&kept)
		}); err != nil || rows != 0 || kept == 0 {
			t.Errorf("%v: %d hits wait, %d events are kept", err, rows, kept)
		}
		clk.Advance(5 * 24 * time.Hour)
		if err := w.s.Tidy(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := db.View(context.Background(), func(tx *store.Tx) error { return tx.QueryRow("SELECT COUNT(*) FROM detect_joined_event").Scan(&kept) }); err != nil || kept != 0 {
			t.Errorf("%v: %d events are kept for ever", err, kept)
		}
	})
}

// TestCorrelationsOverRestarts: whenever the process ends, and however often
// batches come again, the alerts are the same; a second process takes over when
// the first is gone, and not before.
func TestCorrelationsOverRestarts(t *testing.T) {
	storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := joinedWorld(t, db, clk, joinedRules)
		now := db.Now()
		var batches [][]Event
		for i := range 60 {
			at := now.Add(time.Duration(i*7) * time.Second)
			b := fmt.Sprintf("b%03d", i)
			badge := fmt.Sprintf("B%d", i%4)
			batches = append(batches, []Event{door(b, 0, "himeji", badge, "refused", "1", at), door(b, 1, "himeji", badge, "opened", fmt.Sprint(i%5), at.Add(time.Second))})
		}
		again := func() *world {
			s, err := New(w.s.o)
			if err != nil {
				t.Fatal(err)
			}
			x := *w
			x.s = s
			return &x
		}
		for i, b := range batches {
			w.apply(b...)
			if i%3 == 0 {
				w.apply(b...)
			}
			if i%4 == 1 {
				w.correlate()
			}
			if i%10 == 5 { // another process, as this one is gone
				clk.Advance(turn + time.Second)
				w = again()
			}
		}
		w.correlate()
		clk.Advance(time.Hour)
		w = again()
		w.correlate()
		for range 4 { // nothing is heard while we are there: time goes on by the clock
			clk.Advance(4 * time.Minute)
			w.correlate()
		}
		count := map[string]int64{}
		for _, a := range w.alerts(all, Filter{}) {
			count[a.Title.EN] += a.Hits
		}
		// Each badge is refused 15 times within 7 minutes; whether that touches one
		// slot of 10 minutes or two, each slot fires once.
		slots := int64(now.Add(413*time.Second).Unix()/600 - now.Add(56*time.Second).Unix()/600 + 1)
		if n := count["Refused again and again"]; n < 4 || n > 4*slots {
			t.Errorf("%d firings in %d slots: %v", n, slots, count)
		}
		if n := count["Many doors"]; n < 4 || n > 4*slots {
			t.Errorf("many doors: %v", count)
		}
		if count["Refused, then opened"] < 4 {
			t.Errorf("then opened: %v", count)
		}
		// A second process waits for its turn.
		other := again()
		if _, err := other.s.Correlate(context.Background()); err != nil {
			t.Fatal(err)
		}
		if other.s.correlator.engine != nil {
			t.Error("two processes join at the same time")
		}
		clk.Advance(turn + time.Second)
		other.apply(door("c", 0, "himeji", "Z", "refused", "1", db.Now()))
		other.correlate()
		if other.s.correlator.engine == nil {
			t.Error("nobody takes over")
		}
		// The first one finds out that it is no longer its turn, and changes nothing.
		w.s.correlator.until = db.Now().Add(time.Minute)
		other.apply(door("c", 1, "himeji", "Z", "refused", "1", db.Now()))
		if n, err := w.s.Correlate(context.Background()); err != nil || n != 0 || w.s.correlator.engine != nil {
			t.Errorf("%d %v: the old process still joins", n, err)
		}
		if n, err := other.s.Correlate(context.Background()); err != nil || n != 1 {
			t.Errorf("%d %v: the hit is not taken once", n, err)
		}
	})
}

// TestCorrelationsAreTransactional: when the step cannot be committed nothing of
// it stays, neither in the tables nor in memory.
func TestCorrelationsAreTransactional(t *testing.T) {
	storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := joinedWorld(t, db, clk, joinedRules)
		now := db.Now()
		w.apply(door("b1", 0, "himeji", "B7", "refused", "1", now), door("b1", 1, "himeji", "B7", "refused", "2", now))
		w.correlate()
		w.apply(door("b2", 0, "himeji", "B7", "refused", "3", now))
		broken := errors.New("no more numbers")
		w.s.o.Index = failing{broken}
		if _, err := w.s.Correlate(context.Background()); !errors.Is(err, broken) {
			t.Fatalf("%v", err)
		}
		if got := w.titles(); got != "" {
			t.Fatalf("half of a step: %s", got)
		}
		w.s.o.Index = nil
		w.correlate()
		if got := w.titles(); got != "Refused again and again@himeji" {
			t.Fatal(got)
		}
	})
}

type failing struct{ err error }

func (f failing) Put(*store.Tx, string, string, string, string, string, string) error { return f.err }

func TestCorrelationSettingsAndExclusions(t *testing.T) {
	storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := joinedWorld(t, db, clk, joinedRules)
		ctx := context.Background()
		now := db.Now()
		three := func(b, badge string) {
			w.apply(door(b, 0, "himeji", badge, "refused", "1", now), door(b, 1, "himeji", badge, "refused", "2", now), door(b, 2, "himeji", badge, "refused", "3", now))
			w.correlate()
		}
		const many = "10000000-0000-4000-8000-000000000003"
		if err := w.s.SetRule(ctx, w.actor("ana"), many, RuleChange{State: Stable, Enabled: true, Level: "high", Why: "fine"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.s.AddExclusion(ctx, w.actor("hiro"), Exclusion{Unit: "himeji", Rule: many, Owner: "hiro", Reason: "the guard tests doors", Filter: "badge: guard", Expires: now.AddDate(0, 0, 30)}); err != nil {
			t.Fatal(err)
		}
		three("b2", "guard")
		if got := w.titles(); got != "" {
			t.Fatalf("the exclusion hides nothing: %s", got)
		}
		three("b3", "B")
		if got := w.titles(); got != "Refused again and again@himeji" || w.alerts(all, Filter{})[0].Level != High {
			t.Fatal(got)
		}
		if err := w.s.SetLateness(ctx, w.actor("ana"), "doors-himeji", 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := w.s.SetLateness(ctx, w.actor("hiro"), "doors-himeji", time.Hour); err == nil {
			t.Error("a handler of one unit sets the lateness")
		}
		if err := w.s.SetLateness(ctx, w.actor("ana"), "doors-himeji", 30*24*time.Hour); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%v", err)
		}
		if err := w.s.SetLateness(ctx, w.actor("ana"), "nobody", time.Hour); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("%v", err)
		}
		// From now on its events may come a day after newer ones.
		w.apply(door("b4", 0, "himeji", "D", "refused", "1", now))
		w.correlate()
		clk.Advance(6 * time.Hour)
		w.apply(door("b5", 0, "himeji", "D", "refused", "1", now.Add(6*time.Hour)))
		w.correlate()
		at := now.Add(time.Hour)
		w.apply(door("b6", 0, "himeji", "C", "refused", "1", at), door("b6", 1, "himeji", "C", "refused", "2", at), door("b6", 2, "himeji", "C", "refused", "3", at))
		w.correlate()
		if got := w.titles(); strings.Count(got, "@") != 2 {
			t.Errorf("a plant's events of five hours ago are not joined: %s", got)
		}
		if err := w.s.SetRule(ctx, w.actor("ana"), many, RuleChange{State: Experimental, Enabled: true, Why: "too loud"}); err != nil {
			t.Fatal(err)
		}
		now = db.Now()
		three("b7", "A")
		if got := w.titles(); strings.Count(got, "@") != 2 {
			t.Fatalf("an experimental correlation tells people: %s", got)
		}
	})
}
