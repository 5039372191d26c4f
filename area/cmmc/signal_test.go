package cmmc_test

import (
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// TestOneOfAHundred is the live break: one general user of a hundred signs in without
// several factors, and is mended again.
func TestOneOfAHundred(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := func(pass bool, value string) {
			w.clk.Advance(time.Minute)
			w.meter.at["germany"] = []cmmc.Measured{{Signal: "mfa.general_network", Pass: pass, Value: value}, {Signal: "mfa.remote_network", Pass: true, Value: "40 of 40 (100.0 %)"}}
			w.change(func(tx *store.Tx) error { return tx.Record(authz.System("test"), counted{"germany"}) })
			w.deliver()
		}
		w.stands("munich", 110, 110, score.Final)
		set(true, "100 of 100 (100.0 %)")
		w.stands("munich", 110, 110, score.Final)
		set(false, "99 of 100 (99.0 %)")
		w.stands("munich", 107, 107, score.None)
		w.stands("dayton", 110, 110, score.Final) // whose people were not counted

		d, err := w.s.Enclave(w.ctx, w.people["contact"], "munich")
		w.must(err)
		if len(d.Report.Deductions) != 1 {
			t.Fatalf("%+v", d.Report.Deductions)
		}
		x := d.Report.Deductions[0]
		if x.Requirement.ID != "3.5.3" || x.State != score.StatePartial || x.Points != 3 || x.Deferrable || !strings.Contains(x.Why.String(), "worth more than one point") {
			t.Errorf("%+v %s", x, x.Why)
		}
		if d.SaidScore.Status != score.Final || d.Said.Low != 110 {
			t.Errorf("what the assessor said is another thing now: %+v", d.Said)
		}
		set(true, "100 of 100 (100.0 %)")
		w.stands("munich", 110, 110, score.Final)
		_, o, changes, err := w.s.Objective(w.ctx, w.people["contact"], "munich", "3.5.3[d]")
		w.must(err)
		if o.Live != score.Met || o.Signals[0].Health != cmmc.Passing || len(changes) != 2 {
			t.Fatalf("%+v %+v", o, changes)
		}
		broke, mended := changes[1], changes[0]
		if broke.Was != "met" || broke.Now != "not_met" || broke.Signal != "mfa.general_network" || broke.WasValue != "100 of 100 (100.0 %)" || broke.Value != "99 of 100 (99.0 %)" ||
			mended.Now != "met" || mended.Value != "100 of 100 (100.0 %)" || mended.At.Sub(broke.At) < time.Minute {
			t.Errorf("%+v\n%+v", broke, mended)
		}
		course, err := w.s.Course(w.ctx, w.people["contact"], "munich", time.Time{})
		w.must(err)
		var lows []int
		for _, p := range course {
			lows = append(lows, p.Low)
		}
		if len(lows) != 3 || lows[0] != 110 || lows[1] != 107 || lows[2] != 110 {
			t.Errorf("the course is %v", lows)
		}
		fell := 0
		for _, n := range w.told.sent {
			if n.Urgent && strings.Contains(n.Subject.String(), "Munich fell from 110 to 107 points") {
				fell++
			}
		}
		if fell == 0 {
			t.Errorf("nobody was told: %+v", w.told.sent)
		}
	})
}

// TestSignalsBreakAndDoNotMend has the rules: a failing signal breaks what was said,
// a passing one replaces no document, a stale one leaves it open, one that never
// came says nothing.
func TestSignalsBreakAndDoNotMend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const o = "3.14.7[b]"
		sense := func(pass bool) {
			w.change(func(tx *store.Tx) error {
				return w.s.Sense(tx, "munich", cmmc.Measured{Signal: "detect.unauthorised_use", Pass: pass, Value: "v", Source: "test", At: tx.Now})
			})
		}
		live := func(want score.Result) {
			t.Helper()
			_, x, _, err := w.s.Objective(w.ctx, w.people["head"], "munich", o)
			w.must(err)
			if x.Live != want {
				t.Errorf("%s is %s, not %s", o, x.Live, want)
			}
		}
		judge := func(r score.Result) {
			w.change(func(tx *store.Tx) error {
				p := cmmc.Judgement{System: "munich", Objective: index(o), Result: r, Reason: "so it is"}
				return w.s.JudgeIn(tx, authz.System("test"), p)
			})
		}
		live(score.Met)
		sense(true)
		live(score.Met)
		judge(score.NotMet)
		live(score.NotMet) // though the signal passes
		judge(score.Unknown)
		live(score.Unknown)
		judge(score.NA)
		live(score.NA)
		sense(false)
		live(score.NotMet)
		judge(score.Met)
		live(score.NotMet)
		w.stands("munich", 107, 107, score.None)
		sense(true)
		w.clk.Advance(24*time.Hour - time.Second)
		w.stands("munich", 110, 110, score.Final)
		w.clk.Advance(time.Second)
		live(score.Unknown)
		w.stands("munich", 107, 110, score.None) // without anybody having noted it
		w.must(w.s.Tide(w.ctx))
		_, _, changes, err := w.s.Objective(w.ctx, w.people["head"], "munich", o)
		w.must(err)
		if c := changes[0]; c.Kind != "stale" || c.Was != "met" || c.Now != "unknown" || c.Signal != "detect.unauthorised_use" {
			t.Errorf("%+v", c)
		}
		sense(true)
		w.stands("munich", 110, 110, score.Final)

		for _, m := range []cmmc.Measured{{Signal: "mfa.nobody", At: w.db.Now()}, {Signal: "drill.last", At: w.db.Now().Add(time.Hour)}, {Signal: "drill.last"}} {
			if err := w.db.Change(w.ctx, func(tx *store.Tx) error { return w.s.Sense(tx, "munich", m) }); err == nil {
				t.Errorf("%+v is taken", m)
			}
		}
	})
}

// TestPartialCreditIsMeasured gives it only where everybody from outside is measured
// to use several factors.
func TestPartialCreditIsMeasured(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sense := func(signal string, pass bool) {
			w.change(func(tx *store.Tx) error {
				return w.s.Sense(tx, "munich", cmmc.Measured{Signal: signal, Pass: pass, Value: "v", At: tx.Now})
			})
		}
		sense("mfa.general_network", false)
		w.stands("munich", 105, 105, score.None) // nothing is measured of those outside
		sense("mfa.remote_network", true)
		w.stands("munich", 107, 107, score.None)
		sense("mfa.privileged_network", false)
		w.stands("munich", 100, 100, score.None) // 3.5.3[c], so 5 in full, and 3.7.5[a]
		sense("mfa.privileged_network", true)
		sense("mfa.remote_network", false)
		w.stands("munich", 105, 105, score.None)
	})
}

// TestAnotherProcess has a second process whose book follows the first one's.
func TestAnotherProcess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := cmmc.New(w.db, cmmc.Ports{Directory: w.dir})
		low := func() int {
			rows, err := other.Standings(w.ctx, w.people["contact"], cmmc.Filter{})
			w.must(err)
			return rows[0].Live.Low
		}
		if low() != 110 {
			t.Fatal(low())
		}
		w.change(func(tx *store.Tx) error {
			return w.s.Sense(tx, "idp", cmmc.Measured{Signal: "mfa.general_network", Pass: false, Value: "v", At: tx.Now})
		})
		if low() != 105 { // what the provider lacks, too
			t.Error(low())
		}
		w.must(w.s.PutSystem(w.ctx, w.people["head"], cmmc.System{ID: "lyon", Kind: cmmc.Enclave, Unit: "germany", Name: "Lyon", Level: 1}, 0))
		rows, err := other.Standings(w.ctx, w.people["contact"], cmmc.Filter{})
		w.must(err)
		if len(rows) != 2 {
			t.Errorf("%d enclaves", len(rows))
		}
	})
}
