package cmmc_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func storeOf(t *testing.T) (*store.DB, *clock.Movable) { return storetest.SQLite(t, sets...) }

// TestAssessmentsDoNotChange seals one, lets signals break the enclave, and has the
// database changed from outside.
func TestAssessmentsDoNotChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.people["head"]
		a, err := w.s.Seal(w.ctx, head, "munich", cmmc.C3PAO, "Examiners Inc.")
		w.must(err)
		if a.Status != score.Final || a.Low != 110 {
			t.Errorf("%+v", a)
		}
		w.change(func(tx *store.Tx) error {
			return w.s.Sense(tx, "munich", cmmc.Measured{Signal: "mfa.general_network", Pass: false, Value: "v", At: tx.Now})
		})
		w.deliver()
		b, err := w.s.Assessment(w.ctx, w.people["contact"], a.ID)
		w.must(err)
		if string(b.Content) != string(a.Content) || !b.Fits || b.Sealed == 0 {
			t.Errorf("%v %d", b.Fits, b.Sealed)
		}
		if _, err := w.s.Assessment(w.ctx, w.people["ohioan"], a.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("from beyond the ocean: %v", err)
		}
		file, err := score.Read("a.json", b.Content, time.Time{})
		w.must(err)
		if r := file.Score(0); r.Status != score.Final || *r.Score != 110 {
			t.Errorf("the sealed file is worth %v", r)
		}
		w.refused(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now(), "CMA-2026-0099"), "assessment", "Name an assessment")
		w.refused(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now().AddDate(0, 0, 1), a.ID), "day", "in the future")
		w.refused(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now().AddDate(0, 0, -3), a.ID), "day", "can't begin before")
		w.must(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now(), a.ID))
		if r := w.row("contact", "munich"); r.Life != score.LifeFinal || r.Live.Status != score.None {
			t.Errorf("%+v", r)
		}
		w.change(func(tx *store.Tx) error {
			if _, err := tx.Exec("UPDATE cmmc_assessment SET content = REPLACE(content, 'Munich', 'Berlin')"); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), counted{"germany"})
		})
		if b, err = w.s.Assessment(w.ctx, head, a.ID); err != nil || b.Fits {
			t.Errorf("it fits though it was changed: %v", err)
		}
		w.refused(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now(), a.ID), "assessment", "not what was sealed")
		if _, err := w.s.Seal(w.ctx, w.people["contact"], "munich", cmmc.Self, ""); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a contact seals: %v", err)
		}
		w.refused(func() error { _, err := w.s.Seal(w.ctx, head, "munich", cmmc.DIBCAC, "x"); return err }(), "form", "assesses Level 3")

		f, err := w.s.Find(w.ctx, head, cmmc.Finding{Assessment: a.ID, Objective: index("3.1.1[a]"), Text: "one shared account", Due: w.db.Now().AddDate(0, 0, 10)})
		w.must(err)
		if ds, _ := w.s.Days(w.ctx, w.people["contact"], ""); len(ds) < 4 {
			t.Errorf("%+v", ds)
		}
		w.must(w.s.Answer(w.ctx, w.people["contact"], "munich", f, "closed it"))
		if err := w.s.Answer(w.ctx, w.people["contact"], "munich", f, "again"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("answered twice: %v", err)
		}
	})
}

// TestConditionalToFinal walks the 180 days.
func TestConditionalToFinal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, i := w.people["head"], index("3.1.9[a]") // worth one point
		_, err := w.s.Judge(w.ctx, w.people["contact"], cmmc.Judgement{System: "munich", Objective: i, Result: score.NotMet})
		w.must(err)
		w.stands("munich", 109, 109, score.Conditional)
		a, err := w.s.Seal(w.ctx, head, "munich", cmmc.Self, "")
		w.must(err)
		w.refused(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now(), a.ID), "assessment", "carries “Conditional”")
		w.must(w.s.Declare(w.ctx, head, "munich", score.Conditional, w.db.Now(), a.ID))
		began := day(w.db.Now())
		if r := w.row("contact", "munich"); r.Life != score.LifeConditional || !r.CloseOut.Equal(began.AddDate(0, 0, 180)) {
			t.Errorf("%+v", r)
		}
		w.clk.Advance(174 * 24 * time.Hour)
		w.must(w.s.Warn(w.ctx))
		w.must(w.s.Warn(w.ctx))
		warned := 0
		for _, n := range w.told.sent {
			if n.To == "head" && strings.Contains(n.Subject.String(), "Munich: 6 days left") {
				warned++
			}
		}
		if warned != 2 { // the same key each time: the person gets it once
			t.Errorf("warned %d times: %+v", warned, w.told.sent)
		}
		if ws, _ := w.s.Mine(w.ctx, head, 10); len(ws) == 0 || ws[0].Kind != "close_out" {
			t.Errorf("%+v", ws)
		}
		w.clk.Advance(6 * 24 * time.Hour)
		_, err = w.s.Judge(w.ctx, w.people["contact"], cmmc.Judgement{System: "munich", Objective: i, Result: score.Met})
		w.must(err)
		w.must(w.s.Confirm(w.ctx, head, "munich", i, true))
		b, err := w.s.Seal(w.ctx, head, "munich", cmmc.Self, "")
		w.must(err)
		w.must(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now(), b.ID))
		r := w.row("contact", "munich")
		if !r.Status.Conditional.Equal(began) || r.Life != score.LifeFinal || !r.CloseOut.IsZero() {
			t.Errorf("%+v", r)
		}
	})
}

// TestAffirmation signs for what was read and nothing else.
func TestAffirmation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, officer := w.people["head"], w.people["officer"]
		_, _, sum, err := w.s.ForAffirmation(w.ctx, officer, "munich")
		w.must(err)
		if err := w.s.Affirm(w.ctx, officer, "munich", sum); err == nil {
			t.Error("what has no status is affirmed")
		}
		a, err := w.s.Seal(w.ctx, head, "munich", cmmc.Self, "")
		w.must(err)
		w.must(w.s.Declare(w.ctx, head, "munich", score.Final, w.db.Now(), a.ID))
		if ws, _ := w.s.Mine(w.ctx, officer, 10); len(ws) != 1 || ws[0].Kind != "affirmation" {
			t.Errorf("%+v", ws)
		}
		_, _, sum, err = w.s.ForAffirmation(w.ctx, officer, "munich")
		w.must(err)
		if err := w.s.Affirm(w.ctx, head, "munich", sum); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the head signs: %v", err)
		}
		sense := func(pass bool) {
			w.change(func(tx *store.Tx) error {
				return w.s.Sense(tx, "munich", cmmc.Measured{Signal: "mfa.general_network", Pass: pass, Value: "v", At: tx.Now})
			})
		}
		sense(false)
		if err := w.s.Affirm(w.ctx, officer, "munich", sum); err == nil || !strings.Contains(err.Error(), "read it again") {
			t.Errorf("another file is signed: %v", err)
		}
		_, _, sum, err = w.s.ForAffirmation(w.ctx, officer, "munich")
		w.must(err)
		if err := w.s.Affirm(w.ctx, officer, "munich", sum); err == nil || !strings.Contains(err.Error(), "can't be affirmed") {
			t.Errorf("what does not stand is signed: %v", err)
		}
		sense(true)
		_, raw, sum, err := w.s.ForAffirmation(w.ctx, officer, "munich")
		w.must(err)
		if !strings.Contains(string(raw), `"signal": "mfa.general_network"`) || !strings.Contains(string(raw), `"was": "met"`) {
			t.Errorf("%s", raw)
		}
		w.must(w.s.Affirm(w.ctx, officer, "munich", sum))
		f, _, _, err := w.s.ForAffirmation(w.ctx, officer, "munich")
		w.must(err)
		if f.Last == "" || len(f.Changes) != 0 {
			t.Errorf("since the signature: %+v", f.Changes)
		}
		signed, err := w.s.Affirmations(w.ctx, officer, "munich")
		w.must(err)
		if len(signed) != 1 || string(signed[0].Content) != string(raw) {
			t.Errorf("%+v", signed)
		}
		if ws, _ := w.s.Mine(w.ctx, officer, 10); len(ws) != 0 {
			t.Errorf("%+v", ws)
		}
	})
}

// TestExportCountsAsHere writes enclaves in many states as files and reads them with
// the engine: score, range and status are the same.
func TestExportCountsAsHere(t *testing.T) {
	db, clk := storeOf(t)
	w := newWorld(t, db, clk)
	head := w.people["head"]
	check := func(what string) {
		t.Helper()
		for _, live := range []bool{true, false} {
			raw, err := w.s.Export(w.ctx, head, "munich", live)
			w.must(err)
			a, err := score.Read("munich.json", raw, w.db.Now())
			if err != nil {
				t.Fatalf("%s: %v\n%s", what, err, raw[:min(len(raw), 2000)])
			}
			r, here := a.Score(0), w.row("head", "munich").Live
			if !live {
				here = w.row("head", "munich").Said
			}
			if r.Low == nil || *r.Low != here.Low || *r.High != here.High || r.Status != here.Status || r.Best != here.Best {
				t.Errorf("%s, live %v: the file is worth %v…%v %s, here %d…%d %s", what, live, ptr(r.Low), ptr(r.High), r.Status, here.Low, here.High, here.Status)
			}
		}
	}
	check("complete")
	judge := func(name string, j cmmc.Judgement) {
		w.change(func(tx *store.Tx) error {
			j.System, j.Objective = "munich", index(name)
			return w.s.JudgeIn(tx, authz.System("test"), j)
		})
		check(name)
	}
	judge("3.1.16[a]", cmmc.Judgement{Result: score.NA, Reason: "no wireless"})
	judge("3.4.8[a]", cmmc.Judgement{Result: score.NotMet, Exception: &score.Exception{Kind: score.Enduring, SSP: "4.2"}})
	judge("3.5.3[a]", cmmc.Judgement{Result: score.NotMet, Exception: &score.Exception{Kind: score.Temporary, Plan: "P-7", Reviewed: day(w.db.Now()), Progress: "half"}}) // shared
	judge("3.1.1[a]", cmmc.Judgement{Result: score.Unknown})
	sense := func(system, signal string, pass bool) {
		w.change(func(tx *store.Tx) error {
			return w.s.Sense(tx, system, cmmc.Measured{Signal: signal, Pass: pass, Value: "v", At: tx.Now})
		})
		check(system + " " + signal)
	}
	sense("munich", "mfa.remote_network", true)
	sense("munich", "mfa.general_network", false)
	sense("idp", "mfa.general_network", false)
	sense("munich", "log.integrity", false)
	e, err := w.s.Keep(w.ctx, w.people["contact"], cmmc.Evidence{System: "munich", Name: "log.txt", Objectives: []int{index("3.3.8[b]"), index("3.3.2[a]"), index("3.5.3[b]")}, Collected: w.db.Now()}, strings.NewReader("x"))
	w.must(err)
	check("a draft")
	w.must(w.s.Approve(w.ctx, head, "munich", e.ID))
	check("final")
	w.must(w.s.Withdraw(w.ctx, head, "munich", e.ID))
	w.must(w.s.Claim(w.ctx, head, "munich", "3.13.11", true))
	check("partial credit")

	raw, err := w.s.ExportGroup(w.ctx, w.people["euro"], "")
	w.must(err)
	if strings.Contains(string(raw), "dayton") || !json.Valid(raw) {
		t.Error("the group's file of Europe names America")
	}
	g, err := inherit.Read("group.json", raw, w.db.Now(), nil)
	w.must(err)
	if len(g.Systems) != 1 {
		t.Errorf("%+v", g.Systems)
	}
	same := func(person string, raw []byte) {
		t.Helper()
		f, err := inherit.Read("group.json", raw, w.db.Now(), nil)
		w.must(err)
		g, err := inherit.New(f.Systems)
		w.must(err)
		for _, st := range g.Standings() {
			if here := w.row(person, st.System).Live; st.Low != here.Low || st.High != here.High || st.Status != here.Status {
				t.Errorf("%s: %s is worth %d…%d %s, here %d…%d %s", person, st.System, st.Low, st.High, st.Status, here.Low, here.High, here.Status)
			}
		}
	}
	same("euro", raw)
	raw, err = w.s.ExportGroup(w.ctx, head, "")
	w.must(err)
	if !strings.Contains(string(raw), `"provider": "idp"`) {
		t.Error("the whole group's file has no shares")
	}
	same("head", raw)
}

func ptr(n *int) int {
	if n == nil {
		return -999
	}
	return *n
}

// TestImport takes a file as what somebody says of the enclave, all of it or nothing.
func TestImport(t *testing.T) {
	db, clk := storeOf(t)
	w := newWorld(t, db, clk)
	contact := w.people["contact"]
	in := func(file string) (cmmc.Imported, error) {
		return w.s.Import(w.ctx, contact, "munich", "m.json", []byte(file))
	}
	for file, want := range map[string]string{
		"{\"level\":2,\n\"objectives\":{\"3.99.1[a]\":\"met\"}}":                   `m.json:2: objectives["3.99.1[a]"]: there is no objective`,
		"{\"objectives\":{\"3.1.1[a]\":\"met\",\n\"AC.L2-3.1.1[a]\":\"not_met\"}}": "3.1.1[a] stands twice: first in line 1",
		"{\"date\":\"2026-02-30\"}":                                                "is no day of the calendar",
		"{\"objectives\":{\"3.1.1[a]\":{\"result\":\"met\",\n\"evidence\":[{\"name\":\"x\",\"collected\":\"2026-10-02\",\"valid_until\":\"2026-10-01\"}]}}}": "m.json:2: objectives[\"3.1.1[a]\"].evidence[0].valid_until: the evidence ends before",
		"{\"level\":3}": "of Level 3, this enclave's target is Level 2",
		"{\"objectives\":{\"3.1.2e[a]\":\"met\"}}": "At Level 2 there is no 3.1.2e[a]",
	} {
		_, err := in(file)
		w.refused(err, "file", want)
	}
	w.stands("munich", 110, 110, score.Final)
	out, err := in(`{"level":2,"objectives":{"3.1.1[a]":"not_met","3.1.9[a]":{"result":"not_met","method":"test","reason":"none"},"3.1.2[a]":{"result":"met","method":"examine"}}}`)
	w.must(err)
	if out.Judged != 2 || out.Proposed != 0 || out.Same != 1 {
		t.Errorf("%+v", out)
	}
	w.stands("munich", 104, 104, score.None)
	out, err = in(`{"level":2,"objectives":{"3.1.1[a]":"met","3.1.9[a]":"met"}}`)
	w.must(err)
	if out.Proposed != 2 {
		t.Errorf("%+v", out)
	}
	if _, err := w.s.ConfirmAll(w.ctx, contact, "munich", true); err == nil {
		t.Error("who imported confirms")
	}
	if n, err := w.s.ConfirmAll(w.ctx, w.people["euro"], "munich", true); err != nil || n != 2 {
		t.Errorf("%d %v", n, err)
	}
	w.stands("munich", 110, 110, score.Final)
}

// TestSignals has the map whole, and every word in both languages.
func TestSignals(t *testing.T) {
	touched := catalog.Bits{}
	n := 0
	for _, s := range cmmc.Signals() {
		for _, i := range s.Objectives {
			touched.Set(i)
		}
		if len(s.Objectives) > 0 {
			n++
		}
		if s.Measures.JA == "" || s.When.JA == "" || s.Measures.EN == "" {
			t.Errorf("%s has no words in one language", s.Name)
		}
	}
	if n != 40 || touched.Count() != 76 {
		t.Errorf("%d signals touch %d objectives", n, touched.Count())
	}
}
