package detect

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/keyset"
)

func (w *world) risk(by, kind, unit, thing string) Risk {
	w.t.Helper()
	d, err := w.s.ShowRisk(context.Background(), w.actor(by), kind, unit, thing)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Risk
}

func around(got, want float64) bool { return math.Abs(got-want) < 0.01 }

// TestRiskOfThings adds points, lets them fade, takes them back and gives them
// again; weights count, and borders hold.
func TestRiskOfThings(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 1e9}, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana, eva := w.actor("ana"), w.actor("eva")
		now := w.db.Now()
		n := 0
		open := func(o opened) { n++; o.at = now; w.apply(o.event(fmt.Sprint("b", n), 0)) }
		open(opened{door: 2, host: "PC-1", user: "mallory", unit: "himeji"}) // high: 40
		open(opened{door: 0, host: "PC-1", user: "SYSTEM", unit: "himeji"})  // low: 5
		open(opened{door: 4, host: "PC-1", user: "mallory", unit: "brno"})   // critical: 100, another PC-1
		for _, c := range []struct {
			kind, unit, thing string
			want              float64
		}{{HostRisk, "himeji", "pc-1", 45}, {PersonRisk, "himeji", "mallory", 40}, {UnitRisk, "himeji", "himeji", 45}, {HostRisk, "brno", "pc-1", 100}} {
			if got := w.risk("ana", c.kind, c.unit, c.thing); !around(got.Score, c.want) || !around(got.Change, c.want) || !around(got.Series[len(got.Series)-1], c.want) {
				t.Errorf("%s %s: %v, not %v", c.kind, c.thing, got.Score, c.want)
			}
		}
		if _, err := w.s.ShowRisk(ctx, ana, PersonRisk, "himeji", "system"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("the system itself has a risk: %v", err)
		}
		// Europe sees what is in Brno.
		for _, kind := range RiskKinds {
			rows, total, err := w.s.Risks(ctx, eva.Scope(Read), RiskFilter{Kind: kind, Page: keyset.Page{Sort: "risk", Desc: true}})
			if err != nil || total != 1 || len(rows) != 1 || rows[0].Unit != "brno" || !around(rows[0].Score, 100) {
				t.Errorf("%s: %+v %v", kind, rows, err)
			}
		}
		if _, err := w.s.ShowRisk(ctx, eva, HostRisk, "himeji", "pc-1"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("another's risk: %v", err)
		}
		// The queue is sorted by risk.
		as := w.alerts(all, Filter{State: "open", Page: keyset.Page{Sort: "risk", Desc: true}})
		if len(as) != 3 || as[0].Unit != "brno" || as[1].Risk != as[2].Risk || !around(w.s.ScoreOf(as[1].Risk), 45) {
			t.Errorf("%+v", as)
		}
		w.clk.Advance(7 * 24 * time.Hour)
		if got := w.risk("ana", HostRisk, "himeji", "pc-1"); !around(got.Score, 22.5) || got.Change > 0 {
			t.Errorf("after a half-life: %+v", got)
		}
		// A false alarm gives its points back, to the last; reopened it counts again.
		high := w.alerts(all, Filter{Host: "PC-1", Unit: "himeji", Level: "high"})[0]
		if err := w.s.Dismiss(ctx, ana, []string{high.ID}, FalsePositive, "The backup"); err != nil {
			t.Fatal(err)
		}
		if got := w.risk("ana", HostRisk, "himeji", "pc-1"); !around(got.Score, 2.5) {
			t.Errorf("taken back: %v", got.Score)
		}
		if got := w.risk("ana", PersonRisk, "himeji", "mallory"); got.Score != 0 || got.rank != 0 {
			t.Errorf("taken back: %+v", got)
		}
		if err := w.s.Reopen(ctx, ana, high.ID, "After all"); err != nil {
			t.Fatal(err)
		}
		if got := w.risk("ana", HostRisk, "himeji", "pc-1"); !around(got.Score, 22.5) {
			t.Errorf("given again: %v", got.Score)
		}
		// What is benign did happen.
		if err := w.s.Dismiss(ctx, ana, []string{high.ID}, Benign, "An administrator"); err != nil {
			t.Fatal(err)
		}
		if got := w.risk("ana", HostRisk, "himeji", "pc-1"); !around(got.Score, 22.5) {
			t.Errorf("benign: %v", got.Score)
		}
		// Weights: the nearest unit, a pattern before none.
		for _, x := range []Weight{{Unit: "group", Weight: 50}, {Unit: "himeji", Weight: 200}, {Unit: "himeji", Hosts: "dc-*, plc*", Weight: 300}} {
			x.Reason = "for the test"
			if err := w.s.SetWeight(ctx, ana, x); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.s.SetWeight(ctx, eva, Weight{Unit: "himeji", Weight: 0, Reason: "for the test"}); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("Europe weighs Himeji: %v", err)
		}
		for _, x := range []Weight{{Unit: "himeji", Weight: 1001, Reason: "for the test"}, {Unit: "himeji", Weight: 5, Reason: ""}, {Unit: "himeji", Hosts: "[", Weight: 5, Reason: "for the test"}} {
			if err := w.s.SetWeight(ctx, ana, x); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%+v: %v", x, err)
			}
		}
		now = w.db.Now()
		for _, c := range []struct {
			host, unit string
			want       float64
		}{{"DC-1.corp.example", "himeji", 300}, {"WS-1", "himeji", 200}, {"DC-1", "brno", 50}} {
			open(opened{door: 4, host: c.host, unit: c.unit})
			if got := w.risk("ana", HostRisk, c.unit, lower(c.host)); !around(got.Score, c.want) {
				t.Errorf("%s: %v, not %v", c.host, got.Score, c.want)
			}
		}
		ws, err := w.s.Weights(ctx, eva.Scope(Read))
		if err != nil || len(ws) != 0 {
			t.Errorf("%+v %v", ws, err)
		}
		if ws, _ = w.s.Weights(ctx, ana.Scope(Read)); len(ws) != 3 || w.s.DropWeight(ctx, ana, ws[0].ID) != nil {
			t.Errorf("%+v", ws)
		}
		if err := w.s.Tidy(ctx); err != nil {
			t.Error(err)
		}
	})
}

func lower(s string) string { return fold(s) }

// TestRiskRaises: many low things of different tactics on one host become an
// alert, once per window, dismissed or not; one thing alone, however grave, does
// not.
func TestRiskRaises(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 60, Window: 4 * time.Hour}, func(t *testing.T, w *world) {
		ctx := context.Background()
		n := 0
		var events []Event
		open := func(o opened) {
			n++
			o.unit, o.at = "himeji", w.db.Now()
			e := o.event(fmt.Sprint("b", n), 0)
			events = append(events, e)
			w.apply(e)
		}
		open(opened{door: 4, host: "PC-9"}) // critical, alone
		open(opened{door: 0, host: "PC-1"})
		open(opened{door: 5, host: "PC-1"})
		open(opened{door: 1, host: "PC-1"})
		if as := w.alerts(all, Filter{Rule: RiskRule}); len(as) != 0 {
			t.Fatalf("%+v", as)
		}
		open(opened{door: 2, host: "PC-1"})
		as := w.alerts(all, Filter{Rule: RiskRule})
		if len(as) != 1 || as[0].Host != "PC-1" || as[0].Level != High || as[0].Hits != 4 || as[0].Tactics.Len() != 4 || as[0].Story == "" {
			t.Fatalf("%+v", as)
		}
		before := w.risk("ana", HostRisk, "himeji", "pc-1").Score
		if !around(before, 65) { // the alert itself adds nothing
			t.Errorf("%v", before)
		}
		w.apply(events...)
		open(opened{door: 3, host: "PC-1"})
		if err := w.s.Dismiss(ctx, w.actor("ana"), []string{as[0].ID}, Benign, "Looked at"); err != nil {
			t.Fatal(err)
		}
		open(opened{door: 4, host: "PC-1"})
		if as := w.alerts(all, Filter{Rule: RiskRule}); len(as) != 1 {
			t.Errorf("again within the window: %+v", as)
		}
		w.clk.Advance(5 * time.Hour)
		open(opened{door: 0, host: "PC-1"})
		if as := w.alerts(all, Filter{Rule: RiskRule}); len(as) != 2 {
			t.Errorf("not again after the window: %+v", as)
		}
		d, err := w.s.Get(ctx, w.actor("ana"), as[0].ID)
		if err != nil || d.Title.JA == "" {
			t.Errorf("%+v %v", d, err)
		}
		risks, given, err := w.s.RisksOf(ctx, w.actor("ana"), as[0].ID)
		if err != nil || len(risks) != 1 || given != 0 {
			t.Errorf("%+v %v %v", risks, given, err)
		}
	})
}

// TestSilence: after an alert on a thing no further one for a while, though it
// was dismissed; what is held back is counted and listed.
func TestSilence(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 1e9, Window: time.Hour}, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana, lea, eva := w.actor("ana"), w.actor("lea"), w.actor("eva")
		rule := fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", 2)
		grave := fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", 4)
		n := 0
		open := func(door int, host, unit string) []Alert {
			n++
			w.apply(opened{door: door, host: host, unit: unit, at: w.db.Now()}.event(fmt.Sprint("b", n), 0))
			return w.alerts(all, Filter{})
		}
		x := Suppression{Kind: Quiet, Rule: rule, Unit: "electric", Silence: 24 * time.Hour, Until: w.db.Now().AddDate(0, 0, 60), Reason: "Nothing new within a day"}
		for _, bad := range []func(*Suppression){
			func(x *Suppression) { x.Rule = "" }, func(x *Suppression) { x.Rule = "none" }, func(x *Suppression) { x.Silence = 0 }, func(x *Suppression) { x.Silence = 31 * 24 * time.Hour },
			func(x *Suppression) { x.Until = w.db.Now() }, func(x *Suppression) { x.Until = w.db.Now().AddDate(1, 0, 0) }, func(x *Suppression) { x.Reason = "x" },
			func(x *Suppression) { x.Unit = "nowhere" }, func(x *Suppression) { x.Kind = "other" }, func(x *Suppression) { x.Owner = "nobody" },
		} {
			wrong := x
			bad(&wrong)
			if _, err := w.s.Suppress(ctx, ana, wrong); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		made, err := w.s.Suppress(ctx, ana, x)
		if err != nil || made.State(w.db.Now()) != SuppressionActive {
			t.Fatal(made, err)
		}
		as := open(2, "PC-1", "himeji")
		open(2, "PC-1", "himeji") // within the window: counts on it
		if err := w.s.Dismiss(ctx, ana, []string{as[0].ID}, Benign, "Known"); err != nil {
			t.Fatal(err)
		}
		w.clk.Advance(2 * time.Hour)
		open(2, "PC-1", "himeji")
		as = open(2, "PC-1", "himeji")
		if len(as) != 1 || as[0].Hits != 2 {
			t.Fatalf("%+v", as)
		}
		if as = open(2, "PC-2", "himeji"); len(as) != 2 {
			t.Errorf("another thing is held: %+v", as)
		}
		open(2, "PC-1", "brno")
		w.clk.Advance(90 * time.Minute)
		if as = open(2, "PC-1", "brno"); len(as) != 4 {
			t.Errorf("held in another unit: %+v", as)
		}
		held, total, err := w.s.HeldBack(ctx, all, HeldFilter{Page: keyset.Page{Sort: "last", Desc: true}})
		if err != nil || total != 1 || held[0].Hits != 2 || held[0].Cause != made.ID || held[0].Alert != as[0].ID || held[0].Host != "PC-1" || held[0].Event != "b3.0" {
			t.Fatalf("%+v %v", held, err)
		}
		d, err := w.s.ShowSuppression(ctx, lea, made.ID)
		if err != nil || d.Hits != 2 || d.Things != 1 || len(d.Held) != 1 || len(d.History) != 1 {
			t.Errorf("%+v %v", d, err)
		}
		if _, err := w.s.ShowSuppression(ctx, eva, made.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("another's suppression: %v", err)
		}
		if xs, n, err := w.s.HeldBack(ctx, eva.Scope(Read), HeldFilter{Page: keyset.Page{Sort: "last"}}); err != nil || n != 0 || len(xs) != 0 {
			t.Errorf("%+v %v", xs, err)
		}
		w.clk.Advance(25 * time.Hour)
		if as = open(2, "PC-1", "himeji"); len(as) != 5 {
			t.Errorf("held past the silence: %+v", as)
		}
		if err := w.s.EndSuppression(ctx, ana, made.ID, "enough"); err != nil {
			t.Fatal(err)
		}
		w.clk.Advance(2 * time.Hour)
		if as = open(2, "PC-1", "himeji"); len(as) != 6 {
			t.Errorf("held after its end: %+v", as)
		}
		// Of a critical rule it takes two.
		x.Rule = grave
		if made, err = w.s.Suppress(ctx, ana, x); err != nil || made.State(w.db.Now()) != SuppressionWaits {
			t.Fatal(made, err)
		}
		if err := w.s.ApproveSuppression(ctx, ana, made.ID); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the same person twice: %v", err)
		}
		if xs, err := w.s.SuppressionsToApprove(ctx, lea, 5); err != nil || len(xs) != 1 {
			t.Errorf("%+v %v", xs, err)
		}
		if err := w.s.ApproveSuppression(ctx, lea, made.ID); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMaintenance: within the window hits on the hosts are counted and nobody is
// told; critical ones only where a second person agreed.
func TestMaintenance(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 1e9}, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana, lea := w.actor("ana"), w.actor("lea")
		n := 0
		open := func(door int, host string, at time.Time) []Alert {
			n++
			w.apply(opened{door: door, host: host, unit: "himeji", at: at}.event(fmt.Sprint("b", n), 0))
			return w.alerts(all, Filter{})
		}
		now := w.db.Now()
		x := Suppression{Kind: Window, Unit: "himeji", Hosts: "srv-*", Since: now.Add(time.Hour), Until: now.Add(5 * time.Hour), Reason: "Servers are patched tonight"}
		for _, bad := range []func(*Suppression){
			func(x *Suppression) { x.Since = now.AddDate(0, 0, -1) }, func(x *Suppression) { x.Until = x.Since }, func(x *Suppression) { x.Until = x.Since.AddDate(0, 0, 15) },
			func(x *Suppression) { x.Hosts = "[" }, func(x *Suppression) { x.Unit, x.Hosts = "group", "" },
		} {
			wrong := x
			bad(&wrong)
			if _, err := w.s.Suppress(ctx, ana, wrong); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		made, err := w.s.Suppress(ctx, ana, x)
		if err != nil || made.State(now) != SuppressionPlanned {
			t.Fatal(made, err)
		}
		inside := now.Add(2 * time.Hour)
		open(2, "SRV-1.corp.example", now.Add(30*time.Minute)) // before
		open(2, "WS-1", inside)                                // another host
		as := open(4, "SRV-2", inside)                         // critical
		if len(as) != 3 {
			t.Fatalf("%+v", as)
		}
		open(2, "SRV-3", inside)
		open(2, "SRV-3", inside.Add(time.Minute))
		as = open(3, "SRV-4", inside)
		if len(as) != 3 {
			t.Errorf("%+v", as)
		}
		w.clk.Advance(6 * time.Hour) // what came late lies within it all the same
		if as = open(2, "SRV-5", inside); len(as) != 3 {
			t.Errorf("%+v", as)
		}
		if as = open(2, "SRV-3", w.db.Now()); len(as) != 4 {
			t.Errorf("held after the window: %+v", as)
		}
		d, err := w.s.ShowSuppression(ctx, ana, made.ID)
		if err != nil || d.Hits != 4 || d.Things != 3 || d.State(w.db.Now()) != SuppressionOver {
			t.Errorf("%+v %v", d, err)
		}
		// Hits are in the count of the rule all the same.
		r, err := w.s.ShowRule(ctx, ana, all, fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", 2))
		if err != nil || r.Hits != 6 {
			t.Errorf("%d hits %v", r.Hits, err)
		}
		now = w.db.Now()
		x.Grave, x.Since, x.Until = true, now, now.Add(4*time.Hour)
		if made, err = w.s.Suppress(ctx, ana, x); err != nil || made.State(now) != SuppressionWaits {
			t.Fatal(made, err)
		}
		if as = open(4, "SRV-7", now.Add(time.Minute)); len(as) != 5 {
			t.Errorf("held by one person: %+v", as)
		}
		if err := w.s.ApproveSuppression(ctx, lea, made.ID); err != nil {
			t.Fatal(err)
		}
		if as = open(4, "SRV-8", now.Add(2*time.Minute)); len(as) != 5 {
			t.Errorf("not held: %+v", as)
		}
		before := w.fingerprint()
		w.apply(opened{door: 4, host: "SRV-8", unit: "himeji", at: now.Add(2 * time.Minute)}.event(fmt.Sprint("b", n), 0))
		if after := w.fingerprint(); after != before {
			t.Errorf("the same batch again counts again:\n%s\n%s", before, after)
		}
	})
}

// TestStormOfOneUnit: a flood in one unit sums up nothing in another; one over
// the whole group is summed up in each.
func TestStormOfOneUnit(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 1e9, Storm: 20}, func(t *testing.T, w *world) {
		at := w.db.Now().Truncate(time.Minute)
		at2 := at.Add(-time.Minute)
		burst := func(batch, unit string, n int, at time.Time) {
			w.apply(many(n, func(i int) Event {
				return opened{door: 0, host: fmt.Sprintf("%s-%s-%d", unit, batch, i), unit: unit, at: at}.event(batch+unit, i)
			})...)
		}
		burst("a", "himeji", 15, at)
		burst("b", "himeji", 30, at)
		burst("c", "brno", 5, at)
		var himeji, hits int64
		for _, a := range w.alerts(all, Filter{Unit: "himeji"}) {
			himeji++
			if hits += a.Hits; a.Storm && (a.Hits != 30 || a.Story != "" || a.Host != "") {
				t.Errorf("%+v", a)
			}
		}
		if himeji != 16 || hits != 45 {
			t.Errorf("%d alerts with %d hits", himeji, hits)
		}
		if as := w.alerts(all, Filter{Unit: "brno"}); len(as) != 5 {
			t.Errorf("%d alerts in the quiet unit", len(as))
		}
		// 100 within a minute over the group, though no unit has more than 20
		for i, unit := range []string{"himeji", "brno", "electric", "europe", "group"} {
			burst(fmt.Sprint("w", i), unit, 20, at2)
		}
		burst("w9", "brno2", 5, at2)
		storms := 0
		for _, a := range w.alerts(all, Filter{Unit: "brno2"}) {
			if a.Storm {
				storms++
			}
		}
		if storms != 1 {
			t.Errorf("%d summaries", storms)
		}
	})
}

// TestActsTogether: what changed meanwhile is left alone and named; the last act
// is taken back, but never over what somebody else did.
func TestActsTogether(t *testing.T) {
	dir := doorRules(t)
	each2(t, Options{NoPack: true, Folders: []string{dir}, Threshold: 1e9}, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana, lea, hiro := w.actor("ana"), w.actor("lea"), w.actor("hiro")
		at := w.db.Now()
		w.apply(many(6, func(i int) Event {
			return opened{door: 0, host: host(i), unit: "himeji", at: at}.event("b", i)
		})...)
		var ids []string
		for _, a := range w.alerts(all, Filter{}) {
			ids = append(ids, a.ID)
		}
		seen := w.db.Now()
		w.clk.Advance(time.Minute)
		if err := w.s.Assign(ctx, lea, ids[:1], ""); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Dismiss(ctx, lea, ids[1:2], Benign, ""); err != nil {
			t.Fatal(err)
		}
		w.clk.Advance(time.Minute)
		score := w.risk("ana", UnitRisk, "himeji", "himeji").Score
		out, err := w.s.Act(ctx, ana, Bulk{Do: DoDismiss, Alerts: ids[:5], Seen: seen, Reason: FalsePositive, Note: "Known"})
		if err != nil || len(out.Done) != 3 || len(out.Changed) != 2 {
			t.Fatalf("%+v %v", out, err)
		}
		if got := w.risk("ana", UnitRisk, "himeji", "himeji").Score; !around(got, score-15) {
			t.Errorf("%v, then %v", score, got)
		}
		if l, err := w.s.LastAct(ctx, ana); err != nil || l.Do != "dismiss" || l.Alerts != 3 {
			t.Errorf("%+v %v", l, err)
		}
		// Somebody reopens one of them; the two others come back as they were.
		if err := w.s.Reopen(ctx, hiro, ids[2], ""); err != nil {
			t.Fatal(err)
		}
		out, err = w.s.Undo(ctx, ana)
		if err != nil || len(out.Done) != 2 || len(out.Changed) != 1 || out.Changed[0] != ids[2] {
			t.Fatalf("%+v %v", out, err)
		}
		for _, a := range w.alerts(all, Filter{}) {
			if (a.ID == ids[3] || a.ID == ids[4]) && (a.State != Untriaged || a.Assignee != "" || !a.Triaged.IsZero() || a.Reason != "" || a.By != "" || !a.Decided.IsZero()) {
				t.Errorf("%+v", a)
			}
		}
		if got := w.risk("ana", UnitRisk, "himeji", "himeji").Score; !around(got, score) {
			t.Errorf("%v, then %v", score, got)
		}
		if _, err := w.s.Undo(ctx, ana); !fault.Is(err, fault.KindConflict) {
			t.Errorf("twice: %v", err)
		}
		// Its window is open again: hits count on it and make no new alert.
		w.apply(opened{door: 0, host: host(3), unit: "himeji", at: at.Add(time.Minute)}.event("c", 0))
		if as := w.alerts(all, Filter{Host: host(3)}); len(as) != 1 || as[0].Hits != 2 {
			t.Errorf("%+v", as)
		}
		if out, err = w.s.Act(ctx, ana, Bulk{Do: DoAssign, Alerts: ids[3:]}); err != nil || len(out.Done) != 3 {
			t.Errorf("%+v %v", out, err)
		}
		if out, err = w.s.Undo(ctx, ana); err != nil || len(out.Done) != 3 {
			t.Errorf("%+v %v", out, err)
		}
		// An incident is not taken back.
		if out, err = w.s.Act(ctx, ana, Bulk{Do: DoRaise, Alerts: ids[3:], Seen: w.db.Now()}); err != nil || out.Incident == "" {
			t.Errorf("%+v %v", out, err)
		}
		if _, err := w.s.Undo(ctx, ana); !fault.Is(err, fault.KindConflict) {
			t.Errorf("an incident: %v", err)
		}
		// An act is too old after an hour; what one may not see refuses the whole.
		if err := w.s.Assign(ctx, ana, ids[:1], ""); err != nil {
			t.Fatal(err)
		}
		w.clk.Advance(2 * time.Hour)
		if _, err := w.s.Undo(ctx, ana); !fault.Is(err, fault.KindConflict) {
			t.Errorf("too old: %v", err)
		}
		if _, err := w.s.Act(ctx, w.actor("eva"), Bulk{Do: DoAssign, Alerts: ids[:1]}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("Europe: %v", err)
		}
		if n := w.records("detect.alert-undone"); n != 5 {
			t.Errorf("%d records", n)
		}
	})
}
