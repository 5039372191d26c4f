package detect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

const mimi = `C:\Temp\m.exe`

// TestHitsBecomeOneAlert holds windows, counts, samples and records to what is
// promised.
func TestHitsBecomeOneAlert(t *testing.T) {
	t.Parallel()
	each2(t, Options{}, func(t *testing.T, w *world) {
		at := w.db.Now().Add(-time.Hour)
		w.apply(many(5, func(i int) Event { return lsass("b1", i, "himeji", "PC-1", mimi, at.Add(time.Duration(i)*time.Second)) })...)
		as := w.alerts(all, Filter{})
		if len(as) != 1 || as[0].Hits != 5 || !as[0].First.Equal(at) || !as[0].Last.Equal(at.Add(4*time.Second)) || as[0].Level != High || as[0].State != Untriaged {
			t.Fatalf("%+v", as)
		}
		a := as[0]
		if !strings.HasPrefix(a.ID, "ALR-2026-0000") || a.Host != "PC-1" || a.Image != mimi || a.Title.JA == "" || a.Unit != "himeji" {
			t.Errorf("%+v", a)
		}
		if n := w.records("detect.alert-raised"); n != 1 {
			t.Errorf("%d records of one alert", n)
		}
		// the same batch again, and part of it with something new
		w.apply(many(5, func(i int) Event { return lsass("b1", i, "himeji", "PC-1", mimi, at.Add(time.Duration(i)*time.Second)) })...)
		w.apply(many(8, func(i int) Event { return lsass("b1", i, "himeji", "PC-1", mimi, at.Add(time.Duration(i)*time.Second)) })...)
		// another case of letters is the same thing; another unit is not
		w.apply(lsass("b2", 0, "himeji", "pc-1", mimi, at.Add(time.Minute)), lsass("b2", 1, "brno", "PC-1", mimi, at))
		// earlier than the first, and beyond the window
		w.apply(lsass("b3", 0, "himeji", "PC-1", mimi, at.Add(-time.Hour)), lsass("b3", 1, "himeji", "PC-1", mimi, at.Add(-48*time.Hour)))
		as = w.alerts(all, Filter{Unit: "himeji"})
		if len(as) != 2 || as[0].Hits != 10 || !as[0].First.Equal(at.Add(-time.Hour)) || as[1].Hits != 1 {
			t.Fatalf("%+v", as)
		}
		if as := w.alerts(all, Filter{Unit: "brno"}); len(as) != 1 || as[0].Hits != 1 {
			t.Fatalf("%+v", as)
		}
		d, err := w.s.Get(context.Background(), w.actor("ana"), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Samples) != MostSamples || d.Samples[0].Event != "b1.0" || len(d.Samples[0].Matched) == 0 || !strings.Contains(d.Text, "lsass") {
			t.Errorf("%d samples %+v", len(d.Samples), d.Samples)
		}
		x, err := w.s.Explain(context.Background(), w.actor("ana"), a.ID, 0)
		if err != nil || !x.Matched {
			t.Errorf("explain: %v %v", x, err)
		}
		if n := w.records("detect.alert-raised"); n != 3 {
			t.Errorf("%d records of three alerts", n)
		}
		days, err := w.s.Days(context.Background(), all, 3)
		if err != nil || days[2].Alerts[High] != 2 || days[0].Alerts[High] != 1 {
			t.Errorf("days %+v %v", days, err)
		}
	})
}

// TestClosingEndsTheWindow dismisses, and the next hit is a new alert.
func TestClosingEndsTheWindow(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		at := w.db.Now()
		ana := w.actor("ana")
		w.apply(lsass("b1", 0, "himeji", "PC-1", mimi, at))
		a := w.alerts(all, Filter{})[0]
		if err := w.s.Dismiss(ctx, ana, []string{a.ID}, Benign, ""); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a high alert without a word: %v", err)
		}
		if err := w.s.Dismiss(ctx, ana, []string{a.ID}, "because", "x"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("no such reason: %v", err)
		}
		if err := w.s.Assign(ctx, ana, []string{a.ID}, "eva"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("eva may not work in Japan: %v", err)
		}
		if err := w.s.Assign(ctx, ana, []string{a.ID}, "hiro"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Dismiss(ctx, w.actor("hiro"), []string{a.ID}, Benign, "Backup agent"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Dismiss(ctx, ana, []string{a.ID}, Benign, "again"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("twice: %v", err)
		}
		w.apply(lsass("b1", 1, "himeji", "PC-1", mimi, at.Add(time.Second)))
		as := w.alerts(all, Filter{})
		if len(as) != 2 || as[0].State != Dismissed || as[0].Hits != 1 || as[1].State != Untriaged {
			t.Fatalf("%+v", as)
		}
		number, err := w.s.Escalate(ctx, ana, []string{as[1].ID}, "", "")
		if err != nil || number != "INC-2026-0001" {
			t.Fatal(number, err)
		}
		r := w.inc.asked[0]
		if r.Severity != "high" || r.Unit != "himeji" || len(r.Alerts) != 1 || len(r.Alerts[0].Sample) == 0 || len(r.Observables) < 2 || !strings.Contains(r.Title, "PC-1") {
			t.Errorf("%+v", r)
		}
		// hits still count on what is an incident now
		w.apply(lsass("b1", 2, "himeji", "PC-1", mimi, at.Add(2*time.Second)))
		if as := w.alerts(all, Filter{State: string(Raised)}); len(as) != 1 || as[0].Hits != 2 || as[0].Incident != number {
			t.Errorf("%+v", as)
		}
		if err := w.s.Reopen(ctx, ana, a.ID, "Not the backup after all"); err != nil {
			t.Fatal(err)
		}
		d, err := w.s.Get(ctx, ana, a.ID)
		if err != nil || d.State != Assigned || len(d.History) != 3 || len(d.Others) != 1 {
			t.Errorf("%+v %v", d, err)
		}
	})
}

// TestStorm has a rule fire 5,000 times in a minute on as many hosts.
func TestStorm(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		at := w.db.Now().Truncate(time.Minute)
		w.apply(lsass("b0", 0, "himeji", host(1), mimi, at))
		for b := range 5 {
			batch := string(rune('p' + b))
			es := many(1000, func(i int) Event {
				return lsass(batch, i, "himeji", host(b*1000+i), mimi, at.Add(time.Duration(i)*time.Millisecond))
			})
			w.apply(es...)
			w.apply(es...) // replayed
		}
		var hits int64
		storms := 0
		as := w.alerts(all, Filter{})
		for _, a := range as {
			hits += a.Hits
			if a.Storm {
				storms++
			}
		}
		if hits != 5001 || storms != 1 || len(as) != 2 {
			t.Errorf("%d hits on %d alerts, %d of them summaries", hits, len(as), storms)
		}
		if as[0].Hits != 2 || as[1].Hits != 4999 {
			t.Errorf("%d and %d", as[0].Hits, as[1].Hits)
		}
		if n := w.records("detect.alert-raised"); n != 2 {
			t.Errorf("%d records", n)
		}
		// the next minute is ordinary again
		w.apply(lsass("z", 0, "himeji", host(9999), mimi, at.Add(time.Minute)))
		if as := w.alerts(all, Filter{}); len(as) != 3 {
			t.Errorf("%d alerts", len(as))
		}
	})
}

// TestRuleStates sets a rule in each state.
func TestRuleStates(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana := w.actor("ana")
		at := w.db.Now()
		n := 0
		fire := func() { n++; w.apply(lsass("b", n, "himeji", host(n), mimi, at)) }
		set := func(c RuleChange) {
			t.Helper()
			if c.Why == "" {
				c.Why = "for the test"
			}
			if err := w.s.SetRule(ctx, ana, lsassRule, c); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.s.SetRule(ctx, w.actor("eva"), lsassRule, RuleChange{State: Draft, Enabled: true, Why: "x"}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a handler of Europe sets rules for the group: %v", err)
		}
		set(RuleChange{State: Stable, Enabled: true, Level: "critical"})
		fire()
		set(RuleChange{State: Trial, Enabled: true})
		fire()
		set(RuleChange{State: Experimental, Enabled: true})
		fire()
		set(RuleChange{State: Draft, Enabled: true})
		fire()
		set(RuleChange{State: Draft, Enabled: false})
		fire()
		as := w.alerts(all, Filter{})
		if len(as) != 2 || as[0].Level != Critical || as[1].Level != Medium {
			t.Fatalf("%+v", as)
		}
		d, err := w.s.ShowRule(ctx, ana, all, lsassRule)
		if err != nil {
			t.Fatal(err)
		}
		last := d.Days[len(d.Days)-1]
		if last.Hits != 3 || last.Alerts != 2 || last.Silent != 1 || len(d.History) != 5 || len(d.Case.Fires) == 0 {
			t.Errorf("%+v, %d lines of history", last, len(d.History))
		}
		// what was decided between Match and Apply counts
		f, err := w.s.Match(ctx, []Event{lsass("b", 99, "himeji", "X", mimi, at)})
		if err != nil {
			t.Fatal(err)
		}
		w.force(lsassRule, Setting{State: Stable, Enabled: true})
		w.change(func(tx *store.Tx) error { return w.s.Apply(tx, f) })
		if as := w.alerts(all, Filter{Host: "X"}); len(as) != 1 {
			t.Errorf("%+v", as)
		}
	})
}

// TestExclusions hides, counts, ends by itself, and takes two people where it
// must.
func TestExclusions(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana, lea := w.actor("ana"), w.actor("lea")
		at := w.db.Now()
		n := 0
		fire := func(unit string) []Alert {
			n++
			w.apply(lsass("b", n, unit, host(n), `C:\Agent\av.exe`, at))
			return w.alerts(all, Filter{})
		}
		fire("himeji")
		x := Exclusion{Rule: lsassRule, Unit: "electric", Reason: "Protection software of the plant", Filter: `SourceImage|endswith: '\av.exe'`, Expires: at.AddDate(0, 0, 30)}
		pre, err := w.s.PreviewExclusion(ctx, ana, x)
		if err != nil || pre.Whole != 1 || pre.Hits != 1 || pre.Two {
			t.Fatalf("%+v %v", pre, err)
		}
		for _, wrong := range []Exclusion{
			{Rule: "none", Unit: "electric", Reason: x.Reason, Filter: x.Filter, Expires: x.Expires},
			{Unit: "group", Reason: x.Reason, Filter: x.Filter, Expires: x.Expires},
			{Rule: lsassRule, Unit: "electric", Reason: "x", Filter: x.Filter, Expires: x.Expires},
			{Rule: lsassRule, Unit: "electric", Reason: x.Reason, Filter: "a: [", Expires: x.Expires},
			{Rule: lsassRule, Unit: "electric", Reason: x.Reason, Filter: "", Expires: x.Expires},
			{Rule: lsassRule, Unit: "electric", Reason: x.Reason, Filter: "SourceImage|nonsense: x", Expires: x.Expires},
			{Rule: lsassRule, Unit: "electric", Reason: x.Reason, Filter: x.Filter, Expires: at.AddDate(0, 0, MostDays+1)},
			{Rule: lsassRule, Unit: "electric", Reason: x.Reason, Filter: x.Filter, Expires: x.Expires, Owner: "nobody"},
			{Rule: lsassRule, Unit: "nowhere", Reason: x.Reason, Filter: x.Filter, Expires: x.Expires},
		} {
			if _, _, err := w.s.AddExclusion(ctx, ana, wrong); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		made, _, err := w.s.AddExclusion(ctx, ana, x)
		if err != nil || made.State(w.db.Now()) != InForce {
			t.Fatal(made, err)
		}
		if as := fire("himeji"); len(as) != 1 {
			t.Errorf("not hidden: %+v", as)
		}
		if as := fire("brno"); len(as) != 2 {
			t.Errorf("hidden in another unit: %+v", as)
		}
		d, err := w.s.ShowExclusion(ctx, ana, made.ID)
		if err != nil || d.Hidden != 1 || len(d.History) != 1 {
			t.Errorf("%+v %v", d, err)
		}
		f, err := w.s.Match(ctx, []Event{lsass("late", 0, "himeji", "LATE", `C:\Agent\av.exe`, at)})
		if err != nil {
			t.Fatal(err)
		}
		w.clk.Advance(31 * 24 * time.Hour)
		w.change(func(tx *store.Tx) error { return w.s.Apply(tx, f) }) // it ended meanwhile
		if as := fire("himeji"); len(as) != 4 {
			t.Errorf("hidden past its end: %d", len(as))
		}
		if got, _, _ := w.s.Exclusions(ctx, all, ExclusionFilter{State: string(Expired), Page: keyset.Page{Sort: "expires"}}); len(got) != 1 {
			t.Errorf("%+v", got)
		}

		// a critical rule takes two
		if err := w.s.SetRule(ctx, ana, lsassRule, RuleChange{State: Stable, Enabled: true, Level: "critical", Why: "for the test"}); err != nil {
			t.Fatal(err)
		}
		x.Expires = w.db.Now().AddDate(0, 0, 30)
		made, pre, err = w.s.AddExclusion(ctx, ana, x)
		if err != nil || !pre.Two || made.State(w.db.Now()) != Waiting {
			t.Fatal(made, pre, err)
		}
		if as := fire("himeji"); len(as) != 5 {
			t.Errorf("hidden by one person: %d", len(as))
		}
		if err := w.s.ApproveExclusion(ctx, ana, made.ID); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the same person twice: %v", err)
		}
		if xs, err := w.s.AwaitingApproval(ctx, lea, 5); err != nil || len(xs) != 1 {
			t.Errorf("%+v %v", xs, err)
		}
		if err := w.s.ApproveExclusion(ctx, lea, made.ID); err != nil {
			t.Fatal(err)
		}
		if as := fire("himeji"); len(as) != 5 {
			t.Errorf("not hidden: %d", len(as))
		}
		if err := w.s.EndExclusion(ctx, ana, made.ID, "enough"); err != nil {
			t.Fatal(err)
		}
		if as := fire("himeji"); len(as) != 6 {
			t.Errorf("hidden after its end: %d", len(as))
		}
	})
}

// TestBorders looks from Europe: nothing of Japan in lists, counts, texts.
func TestBorders(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		at := w.db.Now()
		w.apply(lsass("b", 0, "himeji", "PC-J", mimi, at), lsass("b", 1, "brno", "PC-J", mimi, at))
		japan, europe := w.alerts(all, Filter{Unit: "himeji"})[0], w.alerts(all, Filter{Unit: "brno"})[0]
		ana, eva, emi := w.actor("ana"), w.actor("eva"), w.actor("emi")
		scope := eva.Scope(Read)
		if as := w.alerts(scope, Filter{}); len(as) != 1 || as[0].ID != europe.ID {
			t.Errorf("list: %+v", as)
		}
		if as := w.alerts(scope, Filter{Unit: "himeji"}); len(as) != 0 {
			t.Errorf("list of another's unit: %+v", as)
		}
		if n, err := w.s.Count(ctx, scope, Filter{State: "open"}); err != nil || n != 1 {
			t.Errorf("count: %d %v", n, err)
		}
		if d, err := w.s.Days(ctx, scope, 1); err != nil || d[0].Total() != 1 {
			t.Errorf("days: %+v %v", d, err)
		}
		if u, err := w.s.Backlog(ctx, scope); err != nil || u.Now != 1 || u.Trend[13] != 1 {
			t.Errorf("backlog: %+v %v", u, err)
		}
		if d, err := w.s.Get(ctx, eva, europe.ID); err != nil || len(d.Others) != 0 {
			t.Errorf("others on the host of the same name: %+v %v", d.Others, err)
		}
		if d, err := w.s.Get(ctx, ana, europe.ID); err != nil || len(d.Others) != 1 {
			t.Errorf("others: %+v %v", d.Others, err)
		}
		if d, err := w.s.ShowRule(ctx, eva, scope, lsassRule); err != nil || d.Hits != 1 || len(d.Alerted) != 1 {
			t.Errorf("rule: %d hits, %+v %v", d.Hits, d.Alerted, err)
		}
		if rows, err := w.s.Rulebook(ctx, eva, scope, RuleFilter{Text: lsassRule}); err != nil || len(rows) != 1 || rows[0].Hits != 1 {
			t.Errorf("rules: %+v %v", rows, err)
		}
		absent := fault.MessageOf(missing()).String()
		for name, err := range map[string]error{
			"get":      func() error { _, err := w.s.Get(ctx, eva, japan.ID); return err }(),
			"explain":  func() error { _, err := w.s.Explain(ctx, eva, japan.ID, 0); return err }(),
			"assign":   w.s.Assign(ctx, eva, []string{europe.ID, japan.ID}, ""),
			"dismiss":  w.s.Dismiss(ctx, eva, []string{japan.ID}, Benign, "x"),
			"escalate": func() error { _, err := w.s.Escalate(ctx, eva, []string{japan.ID}, "", ""); return err }(),
			"reopen":   w.s.Reopen(ctx, eva, japan.ID, ""),
			"none":     func() error { _, err := w.s.Get(ctx, eva, "ALR-2026-99999"); return err }(),
		} {
			if !fault.Is(err, fault.KindNotFound) || fault.MessageOf(err).String() != absent {
				t.Errorf("%s: %v", name, err)
			}
		}
		if a := w.alerts(scope, Filter{})[0]; a.State != Untriaged {
			t.Errorf("half of an act took effect: %+v", a)
		}
		if err := w.s.Dismiss(ctx, emi, []string{europe.ID}, Benign, "x"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a reader dismisses: %v", err)
		}
		x := Exclusion{Rule: lsassRule, Unit: "himeji", Reason: "Protection software of the plant", Filter: "SourceImage: x", Expires: at.AddDate(0, 0, 30)}
		if _, _, err := w.s.AddExclusion(ctx, eva, x); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("an exclusion in another's unit: %v", err)
		}
		made, _, err := w.s.AddExclusion(ctx, ana, x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.ShowExclusion(ctx, eva, made.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("another's exclusion: %v", err)
		}
		if xs, n, err := w.s.Exclusions(ctx, scope, ExclusionFilter{Page: keyset.Page{Sort: "expires"}}); err != nil || n != 0 || len(xs) != 0 {
			t.Errorf("exclusions: %+v %v", xs, err)
		}
		mine, fresh, err := w.s.Mine(ctx, eva, scope, 10)
		if err != nil || len(mine) != 0 || len(fresh) != 0 {
			t.Errorf("%v %v %v", mine, fresh, err)
		}
	})
}

// TestFolders adds, breaks and takes away rules while running.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	write := func(name, body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := "title: Strange door\nid: 11111111-1111-4111-8111-111111111111\nstatus: stable\nlevel: low\nlogsource: {product: door}\ndetection:\n  s: {door: open}\n  condition: s\nyagura:\n  group: [room]\n  window: 1h\n"
	write("good.yml", good)
	write("same.yml", strings.Replace(good, "Strange", "Another", 1))
	write("bad.yml", "title: broken\nid: 22222222-2222-4222-8222-222222222222\nlogsource: {product: door}\ndetection:\n  s: {door|nonsense: open}\n  condition: s\n")
	write("worse.yml", "a: [")
	write("noid.yml", strings.Replace(good, "id: 11111111-1111-4111-8111-111111111111\n", "", 1))
	each2(t, Options{NoPack: true, Folders: []string{dir, filepath.Join(dir, "absent")}}, func(t *testing.T, w *world) {
		l := w.s.Library()
		if l.Rules != 1 || len(l.Problems) != 5 {
			t.Fatalf("%+v", l)
		}
		door := func(n int, room string, at time.Time) Event {
			return Event{Batch: "d", Ordinal: n, Unit: "himeji", Source: "doors", Time: at, Product: "door", Doc: []byte(`{"door":"open","room":"` + room + `"}`)}
		}
		at := w.db.Now()
		w.apply(door(0, "A", at), door(1, "a", at), door(2, "B", at), door(3, "A", at.Add(2*time.Hour)))
		if as := w.alerts(all, Filter{}); len(as) != 3 || as[0].Hits != 2 || as[0].Subject() != "A" {
			t.Fatalf("%+v", as)
		}
		if changed, err := w.s.Poll(); changed || err != nil {
			t.Error(changed, err)
		}
		write("more.yml", strings.NewReplacer("11111111-1111", "33333333-3333", "Strange", "Second").Replace(good))
		defer os.Remove(filepath.Join(dir, "more.yml"))
		if changed, err := w.s.Poll(); !changed || err != nil {
			t.Error(changed, err)
		}
		if f := w.apply(door(4, "C", at)); f.Len() != 2 {
			t.Errorf("%d hits", f.Len())
		}
		if _, err := w.s.Reload(context.Background(), w.actor("ana")); err != nil {
			t.Error(err)
		}
		if _, err := w.s.Reload(context.Background(), w.actor("eva")); !fault.Is(err, fault.KindDenied) {
			t.Error(err)
		}
	})
}

// TestSeed puts in a past and reads it back.
func TestSeed(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		now := w.db.Now()
		var past []PastAlert
		for i := range 40 {
			first := now.Add(-time.Duration(40-i) * 12 * time.Hour)
			past = append(past, PastAlert{Rule: lsassRule, Level: Levels[i%4], Unit: "himeji", Host: host(i), First: first, Last: first.Add(time.Minute), Count: 3,
				State: Dismissed, By: "ana", Decided: first.Add(time.Hour), Note: "Deployment"})
		}
		w.change(func(tx *store.Tx) error {
			if _, err := w.s.Seed(tx, w.actor("ana"), past); !fault.Is(err, fault.KindDenied) {
				t.Errorf("a person seeds: %v", err)
			}
			if _, err := w.s.Seed(tx, authz.System("demo"), past); err != nil {
				return err
			}
			return w.s.SeedExclusions(tx, authz.System("demo"), []PastExclusion{{Rule: lsassRule, Unit: "himeji", Owner: "ana", Approver: "lea", Reason: "Agent",
				Filter: `SourceImage|endswith: '\av.exe'`, Created: now.AddDate(0, 0, -10), Ends: now.AddDate(0, 0, 10), Hidden: 7}})
		})
		as := w.alerts(all, Filter{State: string(Dismissed)})
		if len(as) != 40 || as[0].Reason != Benign || as[0].Hits != 3 {
			t.Fatalf("%d %+v", len(as), as[0])
		}
		days, err := w.s.Days(ctx, all, 30)
		var n int64
		for _, d := range days {
			n += d.Total()
		}
		if err != nil || n != 40 {
			t.Errorf("%d alerts in the days: %v", n, err)
		}
		if u, err := w.s.Backlog(ctx, all); err != nil || u.Now != 0 {
			t.Errorf("%+v %v", u, err)
		}
		w.apply(lsass("b", 0, "himeji", "PC-1", `C:\Agent\av.exe`, now))
		if xs, _, err := w.s.Exclusions(ctx, all, ExclusionFilter{State: string(InForce), Page: keyset.Page{Sort: "-hidden"}}); err == nil {
			t.Error("an order that does not exist", xs)
		}
		xs, _, err := w.s.Exclusions(ctx, all, ExclusionFilter{State: string(InForce), Page: keyset.Page{Sort: "hidden", Desc: true}})
		if err != nil || len(xs) != 1 || xs[0].Hidden != 8 {
			t.Errorf("%+v %v", xs, err)
		}
		// pages of two, walked to the end in each order
		for _, sort := range []string{"level", "first", "last", "hits", "unit", "state", "number"} {
			seen := map[string]bool{}
			p := keyset.Page{Sort: sort, Desc: true, Limit: 7}
			for {
				rows, total, err := w.s.List(ctx, all, Filter{Page: p})
				if err != nil || total != 40 {
					t.Fatal(sort, total, err)
				}
				rows, next := keyset.Cut(p, rows, func(a Alert) keyset.Position { return At(a, sort) })
				for _, a := range rows {
					seen[a.ID] = true
				}
				if next == nil {
					break
				}
				p.After, _ = keyset.Parse(next.String())
			}
			if len(seen) != 40 {
				t.Errorf("by %s: %d of 40", sort, len(seen))
			}
		}
		if as := w.alerts(all, Filter{Text: "pc-0000３"}); len(as) != 1 {
			t.Errorf("%+v", as)
		}
		if err := w.s.Tidy(ctx); err != nil {
			t.Error(err)
		}
	})
}
