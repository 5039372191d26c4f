package cmmc_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/plan"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

func draft(unit string, yen int64, objectives string, enclaves ...string) cmmc.MeasureDraft {
	return cmmc.MeasureDraft{Unit: unit, Name: "Measure for " + objectives, Yen: yen, Months: 3, Year: 2026, Objectives: objectives, Enclaves: enclaves}
}

// TestMoney: what a measure goes through, who may do it, and what the plan makes of it.
func TestMoney(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, second, officer, contact, ohioan := w.people["head"], w.people["second"], w.people["officer"], w.people["contact"], w.people["ohioan"]
		for _, name := range []string{"3.1.9[a]", "3.14.1[a]", "3.14.1[f]"} {
			_, err := w.s.Judge(w.ctx, head, cmmc.Judgement{System: "munich", Objective: index(name), Result: score.NotMet})
			w.must(err)
		}
		w.stands("munich", 104, 104, score.None)

		_, err := w.s.ProposeMeasure(w.ctx, contact, draft("germany", -1, "3.1.9 9.9.9\n3.14.77[a]"))
		w.refused(err, "yen", "whole number")
		w.refused(err, "objectives", `Line 1: there is no requirement or objective "9.9.9"`)
		w.refused(err, "objectives", `Line 2: there is no requirement or objective "3.14.77[a]"`)
		if _, err := w.s.ProposeMeasure(w.ctx, contact, draft("ohio", 1, "3.1.9")); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a contact proposes in Ohio: %v", err)
		}
		_, err = w.s.ProposeMeasure(w.ctx, contact, draft("germany", 1, "3.1.9", "dayton"))
		w.refused(err, "enclaves", "dayton")

		half, err := w.s.ProposeMeasure(w.ctx, contact, draft("germany", 300_000, "3.14.1[a]"))
		w.must(err)
		rest, err := w.s.ProposeMeasure(w.ctx, contact, draft("germany", 200_000, "3.14.1[f]", "munich"))
		w.must(err)
		whole, err := w.s.ProposeMeasure(w.ctx, contact, draft("germany", 600_000, "3.14.1"))
		w.must(err)
		small, err := w.s.ProposeMeasure(w.ctx, contact, draft("germany", 50_000, "3.1.9"))
		w.must(err)
		if whole.ID != "MEA-2026-0003" {
			t.Errorf("numbered %s", whole.ID)
		}

		// Two halves are cheaper than the whole; 3.1.9 may wait for Conditional.
		a, err := w.s.Plan(w.ctx, officer, cmmc.PlanAsk{Goal: plan.Final, Budget: -1})
		w.must(err)
		if len(a.Stages) != 2 || a.Stages[0].Yen != 500_000 || !a.Stages[0].Reached || !a.Stages[0].Proven || a.Stages[1].Yen != 50_000 || a.Yen != 550_000 || a.Then-a.Now != 6 {
			t.Errorf("%+v", a)
		}
		for _, e := range a.Enclaves {
			if e.ID == "munich" && (e.Today.Score != 104 || e.Today.Status != score.None || e.After.Status != score.Final) {
				t.Errorf("%+v", e)
			}
		}
		// What is proposed for one unit is not seen from the other.
		if a, err = w.s.Plan(w.ctx, ohioan, cmmc.PlanAsk{Goal: plan.Final, Budget: -1}); err != nil || len(a.Open) != 0 || len(a.Enclaves) != 1 {
			t.Errorf("from Ohio: %v %+v", err, a)
		}
		// With less money than Conditional costs, the most points are bought.
		a, err = w.s.Plan(w.ctx, officer, cmmc.PlanAsk{Goal: plan.Final, Budget: 250_000})
		w.must(err)
		if a.Stages[0].Reached || a.Rest == nil || a.Rest.Points != 1 || a.Yen != 50_000 {
			t.Errorf("for 250,000: %+v", a)
		}

		if err := w.s.MoveMeasure(w.ctx, contact, half.ID, 0, cmmc.MeasureApprove, ""); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a contact approves: %v", err)
		}
		if err := w.s.MoveMeasure(w.ctx, head, half.ID, 0, cmmc.MeasureStart, ""); !fault.Is(err, fault.KindConflict) {
			t.Errorf("begun before it was approved: %v", err)
		}
		if err := w.s.EditMeasure(w.ctx, head, half.ID, 7, draft("germany", 1, "3.1.9")); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a stale form: %v", err)
		}
		if err := w.s.ApproveMeasures(w.ctx, officer, []string{half.ID, "MEA-2026-0099"}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a set with one that there is not: %v", err)
		}
		if d, err := w.s.FindMeasure(w.ctx, head, half.ID); err != nil || d.State != cmmc.MeasureProposed {
			t.Errorf("half of a refused set was approved: %v %s", err, d.State)
		}
		w.must(w.s.ApproveMeasures(w.ctx, officer, []string{half.ID, rest.ID}))
		if err := w.s.EditMeasure(w.ctx, head, half.ID, 0, draft("germany", 1, "3.1.9")); !fault.Is(err, fault.KindConflict) {
			t.Errorf("changed after approval: %v", err)
		}
		a, err = w.s.Plan(w.ctx, officer, cmmc.PlanAsk{Goal: plan.Final, Budget: -1})
		w.must(err)
		if len(a.Decided) != 2 || a.Yen != 50_000 || a.Then-a.Now != 1 {
			t.Errorf("with what is decided: %+v", a)
		}
		// Nobody approves his own, though he may fund: the officer's own proposal.
		own, err := w.s.ProposeMeasure(w.ctx, second, draft("group", 9, "3.1.1"))
		w.must(err)
		w.must(w.s.EditMeasure(w.ctx, head, own.ID, own.Version, draft("group", 10, "3.1.1")))
		if d, _ := w.s.FindMeasure(w.ctx, head, own.ID); d.ProposedBy != "head" || d.Yen != 10 {
			t.Errorf("who wrote it last did not propose it: %+v", d.Measure)
		}
		if _, err := w.s.FindMeasure(w.ctx, contact, own.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a contact sees a measure of the group: %v", err)
		}

		day := w.clk.Now().Truncate(24 * time.Hour)
		pay := func(kind string, yen int64, d time.Time) error {
			return w.s.EnterMoney(w.ctx, contact, half.ID, cmmc.Payment{Kind: kind, Yen: yen, Day: d})
		}
		w.refused(pay("committed", 0, day), "amount", "other than 0")
		w.refused(pay("spent", -1, day), "amount", "More is taken back")
		w.refused(pay("given", 1, day), "kind", "committed or spent")
		w.refused(pay("spent", 1, day.AddDate(0, 0, 3)), "day", "still to come")
		w.refused(pay("spent", 1, time.Time{}), "day", "which day")
		if err := w.s.EnterMoney(w.ctx, contact, small.ID, cmmc.Payment{Kind: "spent", Yen: 1, Day: day}); !fault.Is(err, fault.KindConflict) {
			t.Errorf("money for a proposal: %v", err)
		}
		w.must(pay("committed", 280_000, day.AddDate(0, -9, 0)))
		w.must(pay("spent", 100_000, day))
		w.must(pay("spent", -20_000, day))
		w.must(w.s.SetBudget(w.ctx, officer, cmmc.Budget{Unit: "germany", Year: 2026, Yen: 1_000_000}))
		if err := w.s.SetBudget(w.ctx, head, cmmc.Budget{Unit: "germany", Year: 2026, Yen: 1}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the head sets a budget: %v", err)
		}
		g, err := w.s.Programme(w.ctx, officer, officer.Scope(cmmc.Survey))
		w.must(err)
		if g.Budget != 1_000_000 || g.Committed != 280_000 || g.Spent != 80_000 || g.Approved != 500_000 || g.Proposed != 650_010 || len(g.Years) != 2 || g.Years[0].Year != 2025 || g.Years[0].Committed != 280_000 {
			t.Errorf("%+v", g)
		}
		last := g.Months[len(g.Months)-1]
		if len(g.Months) != 10 || g.Months[0].Committed != 280_000 || !math.IsNaN(g.Months[0].Points) || last.Spent != 80_000 {
			t.Errorf("months: %+v", g.Months)
		}
		if g, err = w.s.Programme(w.ctx, ohioan, ohioan.Scope(cmmc.Survey)); err != nil || g.Budget != 0 || g.Committed != 0 {
			t.Errorf("from Ohio: %v %+v", err, g)
		}
		w.refused(w.s.MoveMeasure(w.ctx, contact, half.ID, 0, cmmc.MeasureDrop, " "), "why", "why")
		w.must(w.s.MoveMeasure(w.ctx, contact, half.ID, 0, cmmc.MeasureDrop, "The maker is gone"))
		rows, total, err := w.s.Measures(w.ctx, contact, contact.Scope(cmmc.Survey), cmmc.MeasureFilter{State: "live", Text: "3.14.1", Page: keyset.Page{Sort: "yen", Desc: true, Limit: 1}})
		if err != nil || total != 2 || len(rows) != 2 || rows[0].ID != whole.ID {
			t.Errorf("%v %d %+v", err, total, rows)
		}
	})
}

// TestProgrammeGains: points over the months, and an enclave that is taken in is no
// gain.
func TestProgrammeGains(t *testing.T) {
	db, clk := storeOf(t)
	w := newWorld(t, db, clk)
	w.change(func(tx *store.Tx) error {
		if _, err := tx.Exec("DELETE FROM cmmc_standing"); err != nil {
			return err
		}
		for _, x := range []struct {
			enclave string
			days    int
			low     int
		}{{"munich", -200, 60}, {"munich", -100, 80}, {"dayton", -40, 100}, {"dayton", -1, 90}} {
			if _, err := tx.Exec(`INSERT INTO cmmc_standing (enclave, at, level, low, high, status, best, said_low, said_high, said_status, said_best)
				VALUES ($1,$2,2,$3,$3,'none','none',$3,$3,'none','none')`, x.enclave, store.Millis(tx.Now.AddDate(0, 0, x.days)), x.low); err != nil {
				return err
			}
		}
		return tx.Record(authz.System("test"), counted{"group"})
	})
	officer := w.people["officer"]
	g, err := w.s.Programme(w.ctx, officer, officer.Scope(cmmc.Survey))
	w.must(err)
	if g.From != 160 || g.To != 170 || g.Gained() != 10 || g.Enclaves != 2 {
		t.Errorf("from %d to %d over %d", g.From, g.To, g.Enclaves)
	}
}

func TestFiscalYear(t *testing.T) {
	for day, want := range map[string]int{"2026-03-31": 2025, "2026-04-01": 2026, "2026-12-31": 2026, "2027-01-01": 2026} {
		d, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := cmmc.FiscalYear(d); got != want {
			t.Errorf("%s belongs to %d, not %d", day, got, want)
		}
	}
}

// TestBreaking: what a failing service takes with it, and what nobody is told.
func TestBreaking(t *testing.T) {
	db, clk := storeOf(t)
	w := newWorld(t, db, clk)
	ask := func(person string, ask cmmc.BreakAsk) cmmc.Breaks {
		t.Helper()
		b, err := w.s.Breaking(w.ctx, w.people[person], ask)
		w.must(err)
		return b
	}
	if b := ask("head", cmmc.BreakAsk{System: "idp"}); len(b.Breaks) != 2 || b.Points != 20 || b.Falling != 2 || b.Reached != 2 || len(b.Lost) != 2 {
		t.Errorf("all of the sign-in: %+v", b)
	}
	if b := ask("head", cmmc.BreakAsk{System: "idp", Signal: "mfa.general_network"}); len(b.Breaks) != 2 || b.Points != 10 {
		t.Errorf("one signal: %+v", b)
	}
	if b := ask("head", cmmc.BreakAsk{System: "munich", Name: "3.1.9[a]"}); len(b.Breaks) != 1 || b.Points != 1 || b.Falling != 0 {
		t.Errorf("one objective of an enclave: %+v", b)
	}
	// Who sees Munich alone knows of the service that it takes from, and of no other enclave.
	if b := ask("contact", cmmc.BreakAsk{System: "idp"}); len(b.Breaks) != 1 || b.Breaks[0].ID != "munich" || b.Reached != 1 || b.System.Seen {
		t.Errorf("for a contact: %+v", b)
	}
	if _, err := w.s.Breaking(w.ctx, w.people["contact"], cmmc.BreakAsk{System: "dayton"}); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("another's enclave: %v", err)
	}
	_, err := w.s.Breaking(w.ctx, w.people["head"], cmmc.BreakAsk{System: "idp", Name: "3.99.1"})
	w.refused(err, "name", "3.99.1")
	w.stands("munich", 110, 110, score.Final) // nothing was changed
	list, err := w.s.Breakable(w.ctx, w.people["contact"])
	w.must(err)
	if len(list) != 2 || list[0].ID != "idp" || list[1].ID != "munich" {
		t.Errorf("what a contact may choose: %+v", list)
	}
}

func TestReadCrosswalk(t *testing.T) {
	lines, err := cmmc.ReadCrosswalk("x.csv", []byte("\ufeffTitle,Requirement,Reference,Relation\r\n\"a, b\",AC.L2-3.1.1,A.5.15,Subset of\r\n\r\n,3.1.1[a],A.5.15,\r\n"))
	if err != nil || len(lines) != 2 || lines[0] != (cmmc.CrosswalkLine{N: 2, Ref: "3.1.1", Target: "A.5.15", Relation: cmmc.SubsetOf, Title: "a, b"}) || lines[1].Relation != cmmc.Related || lines[1].N != 4 {
		t.Errorf("%v %+v", err, lines)
	}
	for content, want := range map[string]string{
		"": "no table", "requirement,reference\n": "no line", "requirement,requirement,reference\n": "twice", "id,title\n3.1.1,x\n": `column "reference" is missing`,
		"id,reference\n3.1.1,\n": "x.csv:2: the reference is missing", "id,reference\n3.1.1,\"A\n": "quotes", "id,reference\n3.1.999,A\n3.1.998,B\n": `x.csv:3: there is no requirement or objective "3.1.998"`,
		"id,reference\n3.1.1," + strings.Repeat("x", 3000) + "\n": "longer than",
	} {
		if lines, err := cmmc.ReadCrosswalk("x.csv", []byte(content)); err == nil || !strings.Contains(err.Error(), want) || lines != nil {
			t.Errorf("%.30q: %v", content, err)
		}
	}
}

func FuzzReadCrosswalk(f *testing.F) {
	f.Add([]byte("requirement,reference,relation\n3.1.1,A.5.15,equal\n"))
	f.Add([]byte("\ufeffid,control\r\n\"3.1.1[a]\",\"x\"\"y\"\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := cmmc.ReadCrosswalk("x.csv", data)
		if (err == nil) == (len(lines) == 0) {
			t.Errorf("%d lines and %v", len(lines), err)
		}
		for _, l := range lines {
			if l.Ref == "" || l.Target == "" || l.N < 2 {
				t.Errorf("%+v", l)
			}
		}
	})
}
