package detect

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"yagura/area/detect/attack"
	rulepack "yagura/area/detect/pack"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// shelf is an archive in memory.
type shelf struct {
	events  []Event
	partial bool
}

func (a *shelf) Each(_ context.Context, by authz.Actor, unit string, from, to time.Time, do func(Event) error) (bool, time.Time, error) {
	scope := by.Scope(Read).Within(by.Units(), unit)
	for i := len(a.events) - 1; i >= 0; i-- {
		e := a.events[i]
		if e.Time.Before(from) || !e.Time.Before(to) || !scope.Contains(e.Unit) {
			continue
		}
		if err := do(e); err != nil {
			return false, time.Time{}, err
		}
	}
	return a.partial, time.Time{}, nil
}

func (a *shelf) Find(_ context.Context, by authz.Actor, id string) (Event, error) {
	for _, e := range a.events {
		if e.ID() == id && by.Scope(Read).Contains(e.Unit) {
			return e, nil
		}
	}
	return Event{}, fault.NotFound("There is no such entry, or you may not see it")
}

// fill puts events of n days before now on the shelf: of each day an ordinary
// one and, on the host, hits of the rule on the logon service's memory.
func (a *shelf) fill(now time.Time, n int, unit string, hits int) {
	for d := n; d > 0; d-- {
		at := now.AddDate(0, 0, -d).Add(time.Hour)
		batch := fmt.Sprintf("b-%s-%d", unit, d)
		a.events = append(a.events, Event{Batch: batch, Ordinal: 900, Unit: unit, Time: at, Host: "PC", Doc: []byte(`{"Channel":"Security","EventID":4624}`)})
		for i := range hits {
			a.events = append(a.events, lsass(batch, i, unit, host(i), `C:\Temp\x.exe`, at.Add(time.Duration(i)*time.Minute)))
		}
	}
}

// force sets a rule's state past its check list.
func (w *world) force(rule string, x Setting) {
	w.t.Helper()
	err := w.db.Operate(context.Background(), func(tx *store.Tx) error {
		if err := putSetting(tx, rule, x, "test"); err != nil {
			return err
		}
		return w.s.next(tx)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// run does the backtests that wait.
func (w *world) run() {
	w.t.Helper()
	ctx := context.Background()
	rows, _, err := w.s.Backtests(ctx, w.actor("ana"), all, BacktestFilter{State: "waiting", Page: keyset.Page{Sort: "asked", Limit: 100}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range rows {
		if err := w.s.runBacktest(ctx, b.ID); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) rule(id string) RuleDetail {
	w.t.Helper()
	d, err := w.s.ShowRule(context.Background(), w.actor("ana"), all, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func open2(list []Check) string {
	var missing []string
	for _, c := range list {
		if !c.OK {
			missing = append(missing, c.Code)
		}
	}
	return strings.Join(missing, " ")
}

const ownText = `title: Strange program in a strange place
id: 9f0d2c37-51ab-4b43-9d1f-2b6a0a8d1a01
status: experimental
description: A program that nobody knows was started from a folder of music
author: division
date: 2026-11-01
tags: [attack.execution, attack.t1204]
level: high
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|startswith: 'C:\Music\'
  condition: selection
`

const ownID = "9f0d2c37-51ab-4b43-9d1f-2b6a0a8d1a01"

func music(batch string, n int, unit string, at time.Time) Event {
	return Event{Batch: batch, Ordinal: n, Unit: unit, Time: at, Host: "PC-1", Doc: []byte(`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\Music\\a.exe","User":"kei"}`)}
}

func TestARuleIsPromotedByItsCheckListAndASecondPerson(t *testing.T) {
	shelf := &shelf{}
	each2(t, Options{Archive: shelf}, func(t *testing.T, w *world) {
		ctx := context.Background()
		shelf.events = nil
		ana, lea := w.actor("ana"), w.actor("lea")
		id, found, err := w.s.WriteRule(ctx, ana, ownText, "an idea")
		if err != nil || id != ownID {
			t.Fatal(id, found, err)
		}
		d := w.rule(id)
		if d.State != Draft || d.Origin != OwnRule || d.Next != Experimental || open2(d.Checks) != "case backtest person" {
			t.Fatalf("%s %s %s %q", d.State, d.Origin, d.Next, open2(d.Checks))
		}
		if _, err := w.s.Promote(ctx, ana, id, "it is good"); !fault.Is(err, fault.KindInvalid) {
			t.Fatalf("promoted without anything: %v", err)
		}
		if err := w.s.SetRule(ctx, ana, id, RuleChange{State: Stable, Enabled: true, Why: "past the list"}); !fault.Is(err, fault.KindInvalid) {
			t.Fatalf("promoted past the list: %v", err)
		}
		// a case
		if err := w.s.KeepCase(ctx, ana, id, `{"EventID":1}`, true); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a case on which it does not fire: %v", err)
		}
		now := w.clk.Now()
		if err := w.s.KeepCase(ctx, ana, id, string(music("x", 0, "group", now).Doc), true); err != nil {
			t.Fatal(err)
		}
		// a backtest: too short, then over the budget, then as it must be
		ask := func(days int) {
			t.Helper()
			if _, err := w.s.AskBacktest(ctx, ana, BacktestRequest{Rule: id, From: now.AddDate(0, 0, -days), To: now}); err != nil {
				t.Fatal(err)
			}
			w.run()
		}
		shelf.fill(now, 9, "himeji", 0)
		for i := range 40 {
			shelf.events = append(shelf.events, music("m", i, "himeji", now.AddDate(0, 0, -1-i%8)))
		}
		ask(3)
		if got := open2(w.rule(id).Checks); got != "backtest person" {
			t.Errorf("after three days: %q", got)
		}
		if err := w.s.SetBudget(ctx, ana, id, 1); err != nil {
			t.Fatal(err)
		}
		ask(9)
		if d := w.rule(id); open2(d.Checks) != "backtest person" || d.Backtests[0].Result.Hits != 40 || d.Backtests[0].Result.Within {
			t.Errorf("over the budget: %q %+v", open2(d.Checks), d.Backtests[0].Result)
		}
		if err := w.s.SetBudget(ctx, ana, id, 10); err != nil {
			t.Fatal(err)
		}
		if got := open2(w.rule(id).Checks); got != "person" {
			t.Fatalf("all but the second person: %q", got)
		}
		// two persons
		p, err := w.s.Promote(ctx, ana, id, "it is good")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Promote(ctx, lea, id, "again"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("twice: %v", err)
		}
		if err := w.s.DecidePromotion(ctx, ana, id, "approve"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("approved by who asked: %v", err)
		}
		if err := w.s.DecidePromotion(ctx, w.actor("eva"), id, "approve"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("approved by who may not: %v", err)
		}
		if d, err := w.s.ShowRule(ctx, lea, all, id); err != nil || !d.Approve || d.Waiting.ID != p.ID {
			t.Errorf("%+v %v", d.Waiting, err)
		}
		if err := w.s.DecidePromotion(ctx, lea, id, "approve"); err != nil {
			t.Fatal(err)
		}
		if d := w.rule(id); d.State != Experimental || d.Next != Trial || d.Waiting.ID != "" {
			t.Errorf("%s", d.State)
		}
		for kind, n := range map[string]int{"detect.promotion-asked": 1, "detect.promotion-approved": 1, "detect.rule-set": 1, "detect.rule-written": 1, "detect.case-kept": 1, "detect.backtest-asked": 2} {
			if got := w.records(kind); got != n {
				t.Errorf("%d records of %s, not %d", got, kind, n)
			}
		}
		// what is asked for is void once the text is another
		if _, err := w.s.Promote(ctx, ana, id, "on"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.s.WriteRule(ctx, ana, strings.Replace(ownText, "Music", "Songs", 1), "another folder"); err != nil {
			t.Fatal(err)
		}
		if d := w.rule(id); d.State != Draft || d.Waiting.ID != "" || open2(d.Checks) != "case backtest person" {
			t.Errorf("after a change: %s %q", d.State, open2(d.Checks))
		}
		if err := w.s.DecidePromotion(ctx, lea, id, "approve"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("approved what is void: %v", err)
		}
		// down and out takes a reason alone
		if err := w.s.SetRule(ctx, ana, id, RuleChange{State: Retired, Enabled: true, Why: "not needed"}); err != nil {
			t.Fatal(err)
		}
		if err := w.s.SetRule(ctx, ana, id, RuleChange{State: Experimental, Enabled: true, Why: "back"}); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("out of retirement: %v", err)
		}
		if err := w.s.RemoveRule(ctx, ana, id, "gone"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.ShowRule(ctx, ana, all, id); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("removed and shown: %v", err)
		}
	})
}

func TestPastedRulesAreLookedAt(t *testing.T) {
	t.Parallel()
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx, ana := context.Background(), w.actor("ana")
		for name, body := range map[string]string{
			"nothing":         "",
			"no YAML":         "title: [",
			"no rule":         "title: x\n",
			"bad modifier":    strings.Replace(ownText, "startswith", "begins", 1),
			"two":             ownText + "---\n" + strings.Replace(ownText, "1a01", "1a02", 1),
			"one of ours":     strings.Replace(ownText, ownID, lsassRule, 1),
			"without an id":   strings.Replace(ownText, "id: "+ownID+"\n", "", 1),
			"a level unheard": strings.Replace(ownText, "level: high", "level: huge", 1),
		} {
			if _, _, err := w.s.WriteRule(ctx, ana, body, ""); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := w.s.WriteRule(ctx, w.actor("eva"), ownText, ""); !fault.Is(err, fault.KindDenied) {
			t.Errorf("by who may not: %v", err)
		}
		_, list, err := w.s.WriteRule(ctx, ana, strings.Replace(ownText, "condition: selection", "other:\n    User: x\n  condition: selection", 1), "")
		if err != nil || len(list) != 1 || list[0].Check != "unused-search" || list[0].Line != 13 {
			t.Errorf("%v %v", list, err)
		}
		// another process hears of it
		other, err := New(Options{DB: w.db, Directory: w.dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.s.WriteRule(ctx, ana, ownText, ""); err != nil {
			t.Fatal(err)
		}
		if changed, err := other.Poll(); err != nil || !changed || other.lib.Load().byID[ownID].Text != ownText {
			t.Errorf("%v %v", changed, err)
		}
		if changed, _ := other.Poll(); changed {
			t.Error("read again without need")
		}
	})
}

func TestBacktestsKeepTheBordersOfUnits(t *testing.T) {
	shelf := &shelf{}
	each2(t, Options{Archive: shelf}, func(t *testing.T, w *world) {
		ctx := context.Background()
		shelf.events = nil
		now := w.clk.Now()
		shelf.fill(now, 3, "brno", 2)
		shelf.fill(now, 3, "himeji", 5)
		eva := w.actor("eva")
		q := BacktestRequest{Rule: lsassRule, Unit: "europe", From: now.AddDate(0, 0, -3), To: now}
		b, err := w.s.AskBacktest(ctx, eva, q)
		if err != nil {
			t.Fatal(err)
		}
		w.run()
		d, err := w.s.ShowBacktest(ctx, eva, b.ID)
		if err != nil || d.State != TestDone || d.Result.Hits != 6 || d.Result.Events != 9 {
			t.Fatalf("%s %+v %v", d.State, d.Result, err)
		}
		if _, err := w.s.ShowBacktest(ctx, w.actor("hiro"), b.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("another unit's is seen: %v", err)
		}
		q.Unit = ""
		if _, err := w.s.AskBacktest(ctx, eva, q); err == nil {
			t.Error("the whole group for who sees a part")
		}
		q.Unit = "himeji"
		if _, err := w.s.AskBacktest(ctx, eva, q); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("another's unit: %v", err)
		}
		whole, err := w.s.AskBacktest(ctx, w.actor("ana"), BacktestRequest{Rule: lsassRule, From: now.AddDate(0, 0, -3), To: now})
		if err != nil {
			t.Fatal(err)
		}
		for person, want := range map[string]int{"ana": 2, "eva": 1, "hiro": 0} {
			a := w.actor(person)
			list, n, err := w.s.Backtests(ctx, a, a.Scope(Read), BacktestFilter{Page: keyset.Page{Sort: "asked", Limit: 10}})
			if err != nil || n != want || len(list) != want {
				t.Errorf("%s sees %d: %v", person, n, err)
			}
		}
		if err := w.s.CancelBacktest(ctx, eva, whole.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("cancelled by who does not see it: %v", err)
		}
		if err := w.s.CancelBacktest(ctx, w.actor("lea"), whole.ID); err != nil {
			t.Fatal(err)
		}
		w.run()
		if d, _ := w.s.ShowBacktest(ctx, w.actor("ana"), whole.ID); d.State != TestCancelled || d.Result.Events != 0 {
			t.Errorf("%s", d.State)
		}
		for i := 0; ; i++ {
			if _, err = w.s.AskBacktest(ctx, eva, BacktestRequest{Rule: lsassRule, Unit: "brno", From: now.AddDate(0, 0, -1), To: now}); err != nil {
				if i != 5 || !fault.Is(err, fault.KindTooBusy) {
					t.Errorf("%d at once: %v", i, err)
				}
				break
			}
		}
	})
}

func TestBacktestTellsConfirmedIncidentsAndWhatAFilterHides(t *testing.T) {
	shelf := &shelf{}
	each2(t, Options{Archive: shelf}, func(t *testing.T, w *world) {
		ctx, ana := context.Background(), w.actor("ana")
		shelf.events = nil
		now := w.clk.Now()
		shelf.fill(now, 4, "himeji", 3)
		bad := shelf.events[1]
		w.apply(bad)
		alert := w.alerts(all, Filter{})[0]
		number, err := w.s.Escalate(ctx, ana, []string{alert.ID}, "", "")
		if err != nil {
			t.Fatal(err)
		}
		r, err := w.s.TryNow(ctx, ana, BacktestRequest{Rule: lsassRule, From: now.AddDate(0, 0, -5), To: now, Filter: "SourceImage|endswith: '\\x.exe'\nComputer: " + host(0)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Hits != 12 || r.Confirmed != 1 || r.Incidents[0].Name != number || r.Hidden != 4 || r.HiddenIn != 1 || r.WithData != 4 || len(r.Samples) != 12 {
			t.Errorf("%+v", r)
		}
		if r, err := w.s.TryNow(ctx, ana, BacktestRequest{Text: ownText, From: now.AddDate(0, 0, -5), To: now}, nil); err != nil || r.Hits != 0 || r.Events != 16 {
			t.Errorf("a draft's text: %+v %v", r, err)
		}
		for name, q := range map[string]BacktestRequest{
			"no rule": {Rule: "x", From: now.AddDate(0, 0, -1), To: now}, "backwards": {Rule: lsassRule, From: now, To: now.AddDate(0, 0, -1)},
			"for ever": {Rule: lsassRule, From: now.AddDate(-3, 0, 0), To: now}, "no range": {Rule: lsassRule},
			"a bad filter": {Rule: lsassRule, From: now.AddDate(0, 0, -1), To: now, Filter: "["}, "a bad text": {Text: "[", From: now.AddDate(0, 0, -1), To: now},
		} {
			if _, err := w.s.TryNow(ctx, ana, q, nil); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestWhyARuleDidNotFire(t *testing.T) {
	shelf := &shelf{}
	each2(t, Options{Archive: shelf}, func(t *testing.T, w *world) {
		ctx, ana := context.Background(), w.actor("ana")
		shelf.events = nil
		now := w.clk.Now()
		hit := lsass("b", 0, "himeji", "PC", `C:\Temp\x.exe`, now)
		other := Event{Batch: "b", Ordinal: 1, Unit: "himeji", Time: now, Doc: []byte(`{"Channel":"Security","EventID":4624}`)}
		missing := Event{Batch: "b", Ordinal: 2, Unit: "himeji", Time: now, Doc: []byte(`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":10}`)}
		value := Event{Batch: "b", Ordinal: 3, Unit: "himeji", Time: now, Doc: []byte(`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":10,"TargetImage":"C:\\a.exe","SourceImage":"C:\\b.exe","GrantedAccess":"0x1410"}`)}
		shelf.events = []Event{hit, other, missing, value}
		outcome := func(e Event) string {
			t.Helper()
			why, err := w.s.WhyNot(ctx, ana, lsassRule, e.ID())
			if err != nil {
				t.Fatal(err)
			}
			return why.Outcome
		}
		for e, want := range map[int]string{0: "alert", 1: "source", 2: "missing", 3: "value"} {
			if got := outcome(shelf.events[e]); got != want {
				t.Errorf("event %d: %s, not %s", e, got, want)
			}
		}
		for set, want := range map[Setting]string{{State: Experimental, Enabled: true}: "silent", {State: Draft, Enabled: true}: "draft", {State: Stable}: "off"} {
			w.force(lsassRule, set)
			if got := outcome(hit); got != want {
				t.Errorf("%v: %s", set, got)
			}
		}
		w.force(lsassRule, Setting{State: Stable, Enabled: true})
		if _, _, err := w.s.AddExclusion(ctx, ana, Exclusion{Rule: lsassRule, Unit: "himeji", Reason: "an agent that we know", Filter: "SourceImage|endswith: '\\x.exe'", Expires: now.AddDate(0, 0, 9)}); err != nil {
			t.Fatal(err)
		}
		if why, err := w.s.WhyNot(ctx, ana, lsassRule, hit.ID()); err != nil || why.Outcome != "excluded" || why.Excluded == "" {
			t.Errorf("%s %s %v", why.Outcome, why.Excluded, err)
		}
		if _, err := w.s.WhyNot(ctx, w.actor("eva"), lsassRule, hit.ID()); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("another unit's event: %v", err)
		}
		if _, err := w.s.WhyNotText(ctx, ana, lsassRule, "no json"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("no event: %v", err)
		}
	})
}

func testPack(t *testing.T, version, body string, secret string) []byte {
	t.Helper()
	p, err := rulepack.Build(rulepack.Manifest{Name: "house", Version: version, About: "for plants"}, fstest.MapFS{
		"windows/music.yml":        {Data: []byte(body)},
		"cases/" + ownID + ".yml":  {Data: []byte("fires:\n  - '" + string(music("x", 0, "", time.Time{}).Doc) + "'\n")},
		"windows/broken-extra.yml": {Data: []byte("title: x\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		if err := p.Sign(secret); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestPacksAreInstalledWhollyAndGoneBackFrom(t *testing.T) {
	t.Parallel()
	secret, public, err := rulepack.NewKey("division")
	if err != nil {
		t.Fatal(err)
	}
	foreign, _, _ := rulepack.NewKey("somebody")
	folder := t.TempDir()
	each2(t, Options{PackKeys: []string{public}, PackFolder: folder}, func(t *testing.T, w *world) {
		ctx, ana := context.Background(), w.actor("ana")
		one, two := testPack(t, "1.0", ownText, secret), testPack(t, "1.1", strings.Replace(ownText, "Music", "Songs", 1), secret)
		for name, raw := range map[string][]byte{"unsigned": testPack(t, "1.0", ownText, ""), "another's": testPack(t, "1.0", ownText, foreign), "broken": one[:len(one)/2], "tampered": bytes.Replace(one, []byte("cases/"), []byte("casen/"), -1)} {
			if _, err := w.s.StagePack(ctx, ana, raw); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.s.StagePack(ctx, w.actor("eva"), one); !fault.Is(err, fault.KindDenied) {
			t.Errorf("by who may not: %v", err)
		}
		key, err := w.s.StagePack(ctx, ana, one)
		if err != nil {
			t.Fatal(err)
		}
		v, err := w.s.PreviewPack(ctx, ana, key)
		if err != nil || len(v.Rules) != 2 || v.NoCase != 0 || !strings.HasPrefix(v.Signer, "division+") {
			t.Fatalf("%+v %v", v, err)
		}
		if w.s.lib.Load().byID[ownID] != nil {
			t.Error("in force before anybody said so")
		}
		if name, err := w.s.InstallPack(ctx, ana, key); err != nil || name != "house" {
			t.Fatal(name, err)
		}
		r := w.s.lib.Load().byID[ownID]
		if r == nil || r.Origin != "pack:house" || !w.rule(ownID).Case.Passes() {
			t.Fatalf("%+v", r)
		}
		if _, err := w.s.StagePack(ctx, ana, testPack(t, "0.9", ownText, secret)); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("an older one: %v", err)
		}
		key, err = w.s.StagePack(ctx, ana, two)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := w.s.PreviewPack(ctx, ana, key); err != nil || v.Installed != "1.0" || !slices.ContainsFunc(v.Rules, func(r PackRule) bool { return r.Kind == "changed" }) || v.NoCase != 1 {
			t.Errorf("%+v %v", v, err)
		}
		if _, err := w.s.InstallPack(ctx, ana, key); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.s.lib.Load().byID[ownID].Text, "Songs") {
			t.Error("the new version is not in force")
		}
		if version, err := w.s.RollbackPack(ctx, ana, "house", "it was worse"); err != nil || version != "1.0" || !strings.Contains(w.s.lib.Load().byID[ownID].Text, "Music") {
			t.Errorf("%s %v", version, err)
		}
		if _, err := w.s.RollbackPack(ctx, ana, "house", "further"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("back behind the first: %v", err)
		}
		// laid into the folder
		for name, raw := range map[string][]byte{"b.pack": testPack(t, "2.0", ownText, secret), "bad.pack": testPack(t, "3.0", ownText, foreign)} {
			if err := os.WriteFile(filepath.Join(folder, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.s.Pull(ctx); err != nil {
			t.Fatal(err)
		}
		o, err := w.s.Packs(ctx, ana)
		if err != nil || len(o.Packs) != 1 || o.Packs[0].Version != "2.0" || !o.Packs[0].Previous || len(o.Problems) != 1 || !strings.Contains(o.Problems[0].File, "bad.pack") || len(o.Keys) != 1 {
			t.Errorf("%+v %v", o, err)
		}
		if w.records("detect.pack-installed") != 3 || w.records("detect.pack-rolled-back") != 1 {
			t.Error("the ledger does not tell of packs")
		}
		// A key that is trusted no longer takes its packs out of force.
		distrust, err := New(Options{DB: w.db, Directory: w.dir})
		if err != nil {
			t.Fatal(err)
		}
		if distrust.lib.Load().byID[ownID] != nil || len(distrust.lib.Load().packProblems) != 1 {
			t.Error("a pack of a key that nobody trusts is in force")
		}
	})
}

func TestCoverageCountsWhatArrives(t *testing.T) {
	each2(t, Options{}, func(t *testing.T, w *world) {
		ctx, ana := context.Background(), w.actor("ana")
		covered := func(who string, unit string) Coverage {
			t.Helper()
			a := w.actor(who)
			c, err := w.s.Coverage(ctx, a, a.Scope(Read).Within(a.Units(), unit), attack.Enterprise, 7, text.EN)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if c := covered("ana", ""); c.Covered != 0 || len(c.Gains) == 0 || c.Named < 20 {
			t.Errorf("before anything came: %d of %d, %d gains", c.Covered, c.Named, len(c.Gains))
		}
		w.apply(lsass("b", 0, "himeji", "PC", `C:\Temp\x.exe`, w.clk.Now()))
		if err := w.s.FlushSeen(ctx); err != nil {
			t.Fatal(err)
		}
		c := covered("ana", "")
		if c.Covered == 0 || len(c.Seen) == 0 {
			t.Fatalf("%d covered, seen %v", c.Covered, c.Seen)
		}
		if c := covered("eva", ""); c.Covered != 0 {
			t.Errorf("another unit's events cover: %d", c.Covered)
		}
		w.force(lsassRule, Setting{State: Experimental, Enabled: true})
		if n := covered("ana", "himeji").Covered; n >= c.Covered {
			t.Errorf("a rule that raises nothing covers: %d, not less than %d", n, c.Covered)
		}
		w.clk.Advance(9 * 24 * time.Hour)
		if c := covered("ana", ""); c.Covered != 0 {
			t.Errorf("what came nine days ago covers: %d", c.Covered)
		}
		bundle := `{"type":"bundle","objects":[{"type":"attack-pattern","name":"Dumping","external_references":[{"source_name":"mitre-attack","external_id":"T1003"}],"kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"credential-access"}]}]}`
		if n, err := w.s.ImportAttack(ctx, ana, strings.NewReader(bundle)); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if _, err := w.s.ImportAttack(ctx, ana, strings.NewReader("{}")); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("no bundle: %v", err)
		}
		if c := covered("ana", ""); !c.Imported || !slices.ContainsFunc(c.Columns, func(col attack.Column) bool {
			return slices.ContainsFunc(col.Cells, func(x attack.Cell) bool { return x.Name == "Dumping" })
		}) {
			t.Error("the names are not there")
		}
	})
}
