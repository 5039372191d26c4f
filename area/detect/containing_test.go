package detect

import (
	"context"
	"fmt"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

const (
	replayRule  = "c0a4c1f3-5f0e-4b51-9d0a-6f6d3d0a1e04" // authorization code presented twice: stable, by user and application
	stationRule = "c0a4c1f3-5f0e-4b51-9d0a-6f6d3d0a1e14" // one station guesses: about no person
	deviceRule  = "c0a4c1f3-5f0e-4b51-9d0a-6f6d3d0a1e01" // a new device: on trial
	stormRule   = "0d5c7a52-30d5-4a0e-a3b0-0a5f6a0c1d31" // codes refused in a row: a correlation of the pack
)

// twice is an event of the log that Yagura writes itself.
func twice(batch, person string, at time.Time) Event {
	return Event{Batch: batch, Source: "own", Unit: "brno", Time: at, Product: "yagura", Service: "identity",
		Doc: fmt.Appendf(nil, `{"@timestamp":%q,"product":"yagura","service":"identity","event":"code-replayed","user":%q,"app":"wiki"}`, at.Format(time.RFC3339Nano), person)}
}

// agree has two people decide that alerts of a rule contain.
func (w *world) agree(rule string) {
	w.t.Helper()
	if err := w.s.AskContaining(context.Background(), w.actor("lea"), rule, 3, "stolen codes"); err != nil {
		w.t.Fatal(err)
	}
	if err := w.s.DecideContaining(context.Background(), w.actor("hed"), rule, "approve"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) hed() {
	w.t.Helper()
	w.change(func(tx *store.Tx) error {
		if err := authz.PutPeople(tx, authz.Person{ID: "hed", Name: "hed", Unit: "group", Lang: text.EN, Zone: "UTC", Active: true}); err != nil {
			return err
		}
		return authz.Found(tx, authz.System("test"), authz.Grant{Person: "hed", Role: authz.Head, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)})
	})
}

func TestTwoDecideThatARuleContains(t *testing.T) {
	each2(t, Options{Own: "own"}, func(t *testing.T, w *world) {
		w.hed()
		ctx, lea, hed := context.Background(), w.actor("lea"), w.actor("hed")
		ask := func(by authz.Actor, rule string, most int, why string) error {
			return w.s.AskContaining(ctx, by, rule, most, why)
		}
		due := func(batch string) int {
			t.Helper()
			w.clk.Advance(time.Second)
			before := w.records("detect.containment-due")
			w.apply(twice(batch, batch, w.clk.Now()))
			return w.records("detect.containment-due") - before
		}
		if due("nobody decided") != 0 {
			t.Error("a rule contains before anybody decided so")
		}
		for name, try := range map[string]struct {
			err  error
			kind fault.Kind
		}{
			"an analyst":                    {ask(w.actor("ana"), replayRule, 3, "x"), fault.KindDenied},
			"a handler of a region":         {ask(w.actor("eva"), replayRule, 3, "x"), fault.KindDenied},
			"without a reason":              {ask(lea, replayRule, 3, " "), fault.KindInvalid},
			"of nobody":                     {ask(lea, replayRule, 0, "x"), fault.KindInvalid},
			"of a plant":                    {ask(lea, replayRule, 11, "x"), fault.KindInvalid},
			"a rule over other logs":        {ask(lea, lsassRule, 3, "x"), fault.KindConflict},
			"a rule about no person":        {ask(lea, stationRule, 3, "x"), fault.KindConflict},
			"a rule on trial":               {ask(lea, deviceRule, 3, "x"), fault.KindConflict},
			"approved though nobody asked":  {w.s.DecideContaining(ctx, hed, replayRule, "approve"), fault.KindConflict},
			"switched off though it is off": {w.s.StopContaining(ctx, lea, replayRule, "x"), fault.KindConflict},
		} {
			if !fault.Is(try.err, try.kind) {
				t.Errorf("%s: %v", name, try.err)
			}
		}
		if err := ask(lea, replayRule, 3, "stolen codes"); err != nil {
			t.Fatal(err)
		}
		if due("asked") != 0 {
			t.Error("one person alone switched it on")
		}
		for name, err := range map[string]error{"who asked": w.s.DecideContaining(ctx, lea, replayRule, "approve"), "an analyst": w.s.DecideContaining(ctx, w.actor("ana"), replayRule, "approve"),
			"the machine": w.s.DecideContaining(ctx, authz.System("command-line"), replayRule, "approve")} {
			if !fault.Is(err, fault.KindDenied) {
				t.Errorf("approved by %s: %v", name, err)
			}
		}
		if list, err := w.s.WaitingContainings(ctx, hed); err != nil || len(list) != 1 || list[0].Most != 3 {
			t.Errorf("%+v waits, %v", list, err)
		}
		if err := w.s.DecideContaining(ctx, hed, replayRule, "approve"); err != nil {
			t.Fatal(err)
		}
		if d := w.rule(replayRule); d.Containing.State != "on" || d.Containing.By != "lea" || d.Containing.Decider != "hed" || !d.Contains || d.Stale {
			t.Errorf("%+v", d.Containing)
		}
		if due("switched on") != 1 || due("switched on") != 0 {
			t.Error("an alert contains once")
		}

		// While the rule is off, or lower, it contains nobody.
		w.force(replayRule, Setting{State: Trial, Enabled: true})
		if due("on trial") != 0 {
			t.Error("a rule on trial contains")
		}
		w.force(replayRule, Setting{State: Stable, Enabled: true})
		if due("stable again") != 1 {
			t.Error("a rule that is stable again does not contain")
		}
		if err := w.s.StopContaining(ctx, hed, replayRule, ""); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("switched off without a reason: %v", err)
		}
		if err := w.s.StopContaining(ctx, hed, replayRule, "it was the mail gateway"); err != nil || due("off") != 0 {
			t.Errorf("one person does not switch it off: %v", err)
		}
		if err := ask(hed, replayRule, 1, "again"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.DecideContaining(ctx, hed, replayRule, "refuse"); err != nil {
			t.Errorf("not taken back: %v", err)
		}
		if err := ask(hed, stormRule, 1, "codes are guessed"); err != nil {
			t.Errorf("a correlation of the pack over sign-ins: %v", err)
		}
	})
}

// TestWhatContainsNobody gives a rule that contains events of another source, of
// before the decision, and for a backtest.
func TestWhatContainsNobody(t *testing.T) {
	shelf := &shelf{}
	each2(t, Options{Own: "own", Archive: shelf}, func(t *testing.T, w *world) {
		w.hed()
		w.clk.Advance(time.Hour)
		w.agree(replayRule)
		w.clk.Advance(time.Minute)
		now := w.clk.Now()
		due := func() int { return w.records("detect.containment-due") }
		forged := twice("forged", "boss", now)
		forged.Source = "syslog-of-a-plant"
		w.apply(forged, twice("before", "old", now.Add(-2*time.Minute)))
		if got := len(w.alerts(all, Filter{})); got != 2 || due() != 0 {
			t.Errorf("%d alerts, of which %d contain", got, due())
		}
		shelf.events = nil
		for n := range 8 {
			shelf.events = append(shelf.events, twice(fmt.Sprint("past", n), fmt.Sprint("person", n), now.Add(time.Duration(n)*time.Second)))
		}
		w.clk.Advance(time.Minute)
		res, err := w.s.TryNow(t.Context(), w.actor("ana"), BacktestRequest{Rule: replayRule, From: now.Add(-time.Hour), To: now.Add(time.Minute)}, nil)
		if err != nil || res.Hits != 8 {
			t.Fatalf("%d hits, %v", res.Hits, err)
		}
		if _, err := w.s.AskBacktest(t.Context(), w.actor("ana"), BacktestRequest{Rule: replayRule, From: now.Add(-time.Hour), To: now.Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
		w.run()
		if due() != 0 || len(w.alerts(all, Filter{})) != 2 {
			t.Error("a backtest contains")
		}
		w.apply(shelf.events[0])
		if due() != 1 { // the same event as it comes
			t.Error("the event contains nobody when it comes")
		}
	})
}

// TestACorrelationContains joins refused codes of one person: where all are of the
// log that Yagura writes itself they contain, where one came otherwise they do not.
func TestACorrelationContains(t *testing.T) {
	each2(t, Options{Own: "own"}, func(t *testing.T, w *world) {
		w.hed()
		w.agree(stormRule)
		for i, c := range []struct {
			person, source string
			due            int
		}{{"carla", "own", 1}, {"dora", "syslog-of-a-plant", 1}} {
			for n := range 5 {
				w.clk.Advance(time.Second)
				e := Event{Batch: fmt.Sprint(c.person, n), Source: "own", Unit: "brno", Time: w.clk.Now(), Product: "yagura", Service: "identity",
					Doc: fmt.Appendf(nil, `{"@timestamp":%q,"product":"yagura","service":"identity","event":"sign-in","outcome":"refused","reason":"code","user":%q}`, w.clk.Now().Format(time.RFC3339Nano), c.person)}
				if n == 2 {
					e.Source = c.source
				}
				w.apply(e)
			}
			w.correlate()
			if got := len(w.alerts(all, Filter{})); got != i+1 || w.records("detect.containment-due") != c.due {
				t.Errorf("%s: %d alerts, of which %d contain", c.person, got, w.records("detect.containment-due"))
			}
		}
	})
}

// TestAnotherTextContainsNobody changes the text of a rule of the house that
// contains: two people must agree anew.
func TestAnotherTextContainsNobody(t *testing.T) {
	each2(t, Options{Own: "own", NoPack: true}, func(t *testing.T, w *world) {
		w.hed()
		const id = "5a6f1f70-9f5b-4a51-8a44-2f2a35d2f0aa"
		body := func(more string) string {
			return "title: Code again\nid: " + id + "\nstatus: stable\ndescription: A code came again and nobody knows why it did\nauthor: division\ndate: 2026-11-01\ntags: [attack.credential-access, attack.t1528]\nlogsource: {product: yagura, service: identity}\ndetection:\n  told:\n    event: [code-replayed" + more + "]\n  condition: told\nlevel: high\nyagura:\n  group: [user]\n"
		}
		write := func(more string) {
			t.Helper()
			if _, _, err := w.s.WriteRule(t.Context(), w.actor("ana"), body(more), "x"); err != nil {
				t.Fatal(err)
			}
			w.force(id, Setting{State: Stable, Enabled: true}) // as two people may with the new text
		}
		write("")
		w.agree(id)
		w.clk.Advance(time.Second)
		w.apply(twice("a", "one", w.clk.Now()))
		write(", sign-in")
		w.apply(twice("b", "two", w.clk.Now()))
		if got := w.records("detect.containment-due"); got != 1 || len(w.alerts(all, Filter{})) != 2 {
			t.Errorf("%d contained", got)
		}
		if d := w.rule(id); !d.Stale || d.Contains {
			t.Errorf("the page does not say so: %+v", d.Containing)
		}
		if err := w.s.DecideContaining(t.Context(), w.actor("hed"), id, "approve"); !fault.Is(err, fault.KindConflict) {
			t.Error(err)
		}
		w.agree(id)
		w.clk.Advance(time.Second)
		if w.apply(twice("c", "three", w.clk.Now())); w.records("detect.containment-due") != 2 {
			t.Error("agreed anew, it contains nobody")
		}
	})
}
