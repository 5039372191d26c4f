package cmmc_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// TestWhatIsBetterNeedsTwo has a result that lowers the score count at once, and one
// that raises it wait for a second person.
func TestWhatIsBetterNeedsTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i := index("3.14.1[a]")
		j := cmmc.Judgement{System: "munich", Objective: i, Result: score.NotMet, Method: "test", Assessor: "own team", Reason: "two servers"}
		waits, err := w.s.Judge(w.ctx, w.people["contact"], j)
		w.must(err)
		if waits {
			t.Error("what is worse waits")
		}
		w.stands("munich", 105, 105, score.None)
		j.Result, j.Reason = score.Met, "patched"
		if waits, err = w.s.Judge(w.ctx, w.people["contact"], j); err != nil || !waits {
			t.Fatalf("%v %v", waits, err)
		}
		w.stands("munich", 105, 105, score.None)
		if ws, _ := w.s.Mine(w.ctx, w.people["contact"], 10); len(ws) != 0 {
			t.Errorf("it waits for who proposed it: %+v", ws)
		}
		ws, err := w.s.Mine(w.ctx, w.people["euro"], 10)
		w.must(err)
		if len(ws) != 1 || ws[0].Kind != "proposal" || ws[0].Href != "/cmmc/enclaves/munich/3.14.1#a" {
			t.Errorf("%+v", ws)
		}
		if err := w.s.Confirm(w.ctx, w.people["contact"], "munich", i, true); err == nil {
			t.Error("who proposed it confirms it")
		}
		if err := w.s.Confirm(w.ctx, w.people["ohioan"], "munich", i, true); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("from beyond the ocean: %v", err)
		}
		w.must(w.s.Confirm(w.ctx, w.people["euro"], "munich", i, true))
		w.stands("munich", 110, 110, score.Final)
		_, o, _, err := w.s.Objective(w.ctx, w.people["contact"], "munich", "3.14.1[a]")
		w.must(err)
		if o.Judgement.Reviewer != "euro" || o.Judgement.By != "contact" || o.Proposal != nil {
			t.Errorf("%+v", o.Judgement)
		}
		// N/A and exceptions count as met: nobody says so alone.
		for _, k := range []cmmc.Judgement{
			{System: "munich", Objective: i, Result: score.NA, Reason: "none here"},
			{System: "munich", Objective: i, Result: score.NotMet, Exception: &score.Exception{Kind: score.Enduring, SSP: "4.2"}},
		} {
			if waits, err := w.s.Judge(w.ctx, w.people["contact"], k); err != nil || !waits {
				t.Errorf("%v %v", waits, err)
			}
		}
		for _, k := range []struct {
			j            cmmc.Judgement
			field, words string
		}{
			{cmmc.Judgement{Objective: i, Result: "perhaps"}, "result", "3.14.1[a]: the result is met"},
			{cmmc.Judgement{Objective: 9999, Result: score.Met}, "objective", "no such objective"},
			{cmmc.Judgement{Objective: i, Result: score.NA}, "reason", "3.14.1[a]: say why"},
			{cmmc.Judgement{Objective: i, Result: score.Met, Method: "guess"}, "method", "examine, interview or test"},
			{cmmc.Judgement{Objective: i, Result: score.NA, Reason: "x", Exception: &score.Exception{Kind: score.Enduring, SSP: "1"}}, "exception", "can't have an exception"},
			{cmmc.Judgement{Objective: i, Result: score.NotMet, Exception: &score.Exception{Kind: score.Enduring}}, "exception", "not described in the SSP"},
			{cmmc.Judgement{Objective: i, Result: score.NotMet, Exception: &score.Exception{Kind: score.Temporary, Plan: "P", Progress: "x", Reviewed: w.db.Now().AddDate(0, 0, 2)}}, "reviewed", "in the future"},
		} {
			k.j.System = "munich"
			_, err := w.s.Judge(w.ctx, w.people["contact"], k.j)
			w.refused(err, k.field, k.words)
		}
		w.refused(w.s.Assign(w.ctx, w.people["head"], cmmc.Task{System: "munich", Objective: i, Assignee: "clerk"}), "assignee", "may not work on it")
		w.refused(w.s.Assign(w.ctx, w.people["head"], cmmc.Task{System: "munich", Objective: i, Assignee: "contact", Due: w.db.Now().AddDate(0, 0, -1)}), "due", "passed")
		w.must(w.s.Assign(w.ctx, w.people["head"], cmmc.Task{System: "munich", Objective: i, Assignee: "contact", Due: w.db.Now().AddDate(0, 0, 5)}))
		if ws, _ := w.s.Mine(w.ctx, w.people["contact"], 10); len(ws) != 1 || ws[0].Kind != "task" {
			t.Errorf("%+v", ws)
		}
	})
}

// TestEvidence goes from a draft to a final document to one that has ended.
func TestEvidence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, today := index("3.1.1[a]"), day(w.db.Now())
		e := cmmc.Evidence{System: "munich", Name: "../policy.pdf", Objectives: []int{i}, Collected: today, ValidUntil: today.AddDate(0, 0, 1)}
		w.stands("munich", 110, 110, score.Final)
		e, err := w.s.Keep(w.ctx, w.people["contact"], e, strings.NewReader("a policy"))
		w.must(err)
		if e.Name != "policy.pdf" || !e.Draft {
			t.Errorf("%+v", e)
		}
		w.stands("munich", 105, 105, score.None) // a draft proves nothing
		_, o, _, err := w.s.Objective(w.ctx, w.people["contact"], "munich", "3.1.1[a]")
		w.must(err)
		if o.Live != score.NotMet || o.Why.String() != "all evidence is draft" {
			t.Errorf("%+v", o)
		}
		if err := w.s.Approve(w.ctx, w.people["contact"], "munich", e.ID); err == nil {
			t.Error("who brought it approves it")
		}
		w.must(w.s.Approve(w.ctx, w.people["euro"], "munich", e.ID))
		w.stands("munich", 110, 110, score.Final)
		if _, _, err := w.s.Fetch(w.ctx, w.people["ohioan"], "munich", e.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("from beyond the ocean: %v", err)
		}
		_, r, err := w.s.Fetch(w.ctx, w.people["euro"], "munich", e.ID)
		w.must(err)
		if raw, _ := io.ReadAll(r); string(raw) != "a policy" {
			t.Errorf("%q", raw)
		}
		w.clk.Advance(48 * time.Hour)
		w.stands("munich", 105, 110, score.None) // by itself
		w.must(w.s.Tide(w.ctx))
		_, _, changes, err := w.s.Objective(w.ctx, w.people["contact"], "munich", "3.1.1[a]")
		w.must(err)
		if changes[0].Kind != "evidence-ended" || changes[0].Now != "unknown" {
			t.Errorf("%+v", changes[0])
		}
		for _, k := range []struct {
			e            cmmc.Evidence
			field, words string
		}{
			{cmmc.Evidence{Name: "x", Collected: today}, "objectives", "which objectives"},
			{cmmc.Evidence{Name: "x", Collected: today.AddDate(0, 1, 0), Objectives: []int{i}}, "collected", "in the future"},
			{cmmc.Evidence{Name: "x", Collected: today, ValidUntil: today.AddDate(0, 0, -1), Objectives: []int{i}}, "valid_until", "before it was collected"},
			{cmmc.Evidence{Name: "x", Collected: today, Objectives: []int{-1}}, "objectives", "no such objective"},
			{cmmc.Evidence{Name: " ", Collected: today, Objectives: []int{i}}, "name", "name is needed"},
		} {
			k.e.System = "munich"
			_, err := w.s.Keep(w.ctx, w.people["contact"], k.e, strings.NewReader("x"))
			w.refused(err, k.field, k.words)
		}
		if _, err := w.s.Keep(w.ctx, w.people["clerk"], e, strings.NewReader("x")); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("somebody without a role: %v", err)
		}
	})
}

// TestBorders shows each only what his units have, in lists, counts, single things
// and exports, and an assessor the one enclave he was admitted to.
func TestBorders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seen := func(person string) string {
			rows, err := w.s.Standings(w.ctx, w.people[person], cmmc.Filter{})
			w.must(err)
			var ids []string
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			return strings.Join(ids, " ")
		}
		for person, want := range map[string]string{"head": "dayton munich", "euro": "munich", "contact": "munich", "ohioan": "dayton", "assessor": "", "clerk": ""} {
			if got := seen(person); got != want {
				t.Errorf("%s sees %q, not %q", person, got, want)
			}
		}
		until := w.db.Now().AddDate(0, 1, 0)
		w.refused(w.s.Admit(w.ctx, w.people["head"], "munich", "clerk", until), "person", "no role as an assessor")
		w.refused(w.s.Admit(w.ctx, w.people["head"], "munich", "assessor", until.AddDate(3, 0, 0)), "until", "coming year")
		w.must(w.s.Admit(w.ctx, w.people["head"], "munich", "assessor", until))
		if got := seen("assessor"); got != "munich" {
			t.Errorf("the assessor sees %q", got)
		}
		a := w.people["assessor"]
		d, err := w.s.Enclave(w.ctx, a, "munich")
		w.must(err)
		if d.Can != (cmmc.Can{}) || len(d.Providers) != 1 || d.Providers[0].Seen {
			t.Errorf("%+v %+v", d.Can, d.Providers)
		}
		if _, err := w.s.Judge(w.ctx, a, cmmc.Judgement{System: "munich", Objective: 0, Result: score.NotMet}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the assessor writes: %v", err)
		}
		for name, do := range map[string]func() error{
			"enclave":     func() error { _, err := w.s.Enclave(w.ctx, a, "dayton"); return err },
			"provider":    func() error { _, err := w.s.Provider(w.ctx, a, "idp"); return err },
			"objective":   func() error { _, _, _, err := w.s.Objective(w.ctx, a, "dayton", "3.1.1[a]"); return err },
			"export":      func() error { _, err := w.s.Export(w.ctx, a, "dayton", true); return err },
			"changes":     func() error { _, err := w.s.Changes(w.ctx, a, "dayton", time.Time{}, 10); return err },
			"course":      func() error { _, err := w.s.Course(w.ctx, a, "dayton", time.Time{}); return err },
			"assessments": func() error { _, err := w.s.Assessments(w.ctx, a, "dayton"); return err },
			"affirmation": func() error { _, _, _, err := w.s.ForAffirmation(w.ctx, a, "dayton"); return err },
			"matrix":      func() error { _, _, err := w.s.Matrix(w.ctx, a, "dayton"); return err },
			"blast":       func() error { _, err := w.s.Breaking(w.ctx, a, cmmc.BreakAsk{System: "dayton"}); return err },
			"what is not": func() error { _, err := w.s.Enclave(w.ctx, a, "nowhere"); return err },
		} {
			if err := do(); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		b, err := w.s.Breaking(w.ctx, a, cmmc.BreakAsk{System: "idp"}) // the service that his enclave takes from
		w.must(err)
		if len(b.Breaks) != 1 || b.Breaks[0].ID != "munich" || b.System.Seen {
			t.Errorf("the assessor is told of %+v", b)
		}
		b, err = w.s.Breaking(w.ctx, w.people["head"], cmmc.BreakAsk{System: "idp", Name: "3.5.3[d]"})
		w.must(err)
		if len(b.Breaks) != 2 || b.Breaks[0].Before.Low != 110 || b.Breaks[0].After.Low != 105 {
			t.Errorf("%+v", b.Breaks)
		}
		ps, err := w.s.Providers(w.ctx, w.people["head"], "")
		w.must(err)
		if len(ps) != 1 || ps[0].Users != 2 || ps[0].Gives != 5 {
			t.Errorf("%+v", ps)
		}
		w.clk.Advance(32 * 24 * time.Hour)
		if got := seen("assessor"); got != "" {
			t.Errorf("the assessor still sees %q", got)
		}
	})
}

// TestShares refuses what can't be, and has both halves count.
func TestShares(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.people["head"]
		both := named("3.5.3[d]")
		w.refused(w.s.SetShares(w.ctx, head, "munich", "idp", both, both), "objectives", "3.5.3[d] can't be the provider's alone and shared")
		w.refused(w.s.SetShares(w.ctx, head, "munich", "dayton", both, catalog.Bits{}), "provider", "no such provider")
		w.must(w.s.PutSystem(w.ctx, head, cmmc.System{ID: "soc", Kind: cmmc.Corporate, Unit: "it", Name: "SOC", Level: 2}, 0))
		w.must(w.s.SetShares(w.ctx, head, "soc", "idp", both, catalog.Bits{}))
		if err := w.s.SetShares(w.ctx, head, "idp", "soc", both, catalog.Bits{}); err == nil || !strings.Contains(err.Error(), "in a circle: ") {
			t.Errorf("a circle: %v", err)
		}
		w.must(w.s.SetShares(w.ctx, head, "munich", "soc", catalog.Bits{}, named("3.3.1"))) // of which nothing is known
		w.stands("munich", 105, 110, score.None)
		w.must(w.s.SetShares(w.ctx, head, "munich", "soc", catalog.Bits{}, catalog.Bits{}))
		w.stands("munich", 110, 110, score.Final)

		x := cmmc.System{ID: "x", Kind: "castle", Unit: "it", Level: 4, Entity: "nobody"}
		err := w.s.PutSystem(w.ctx, head, x, 0)
		for field, words := range map[string]string{"id": "2 to 40", "name": "name is needed", "kind": "no such kind", "level": "1, 2 or 3", "entity": "no such legal entity"} {
			w.refused(err, field, words)
		}
		w.refused(w.s.PutSystem(w.ctx, w.people["euro"], cmmc.System{ID: "dayton", Kind: cmmc.Enclave, Unit: "germany", Name: "D", Level: 2}, 0), "id", "taken")
		m := w.row("head", "munich").System
		m.Boundary = "two buildings"
		if err := w.s.PutSystem(w.ctx, head, m, m.Version+7); !fault.Is(err, fault.KindConflict) {
			t.Errorf("an old version: %v", err)
		}
		w.must(w.s.PutSystem(w.ctx, head, m, m.Version))
		w.refused(w.s.PutEntity(w.ctx, head, cmmc.Entity{ID: "germany", Name: "G", Unit: "germany", Parent: "germany"}), "parent", "owned by itself")
		w.refused(w.s.PutEntity(w.ctx, head, cmmc.Entity{ID: "other", Name: "O", Unit: "germany", CAGE: "12"}), "cage", "five letters and digits")
		id, err := w.s.PutAsset(w.ctx, w.people["contact"], cmmc.Asset{System: "munich", Name: "Line 4", Category: cmmc.SA, Inventory: true})
		w.must(err)
		d, err := w.s.Enclave(w.ctx, head, "munich")
		w.must(err)
		if len(d.Assets) != 1 || len(d.Assets[0].Lacks()) != 2 {
			t.Errorf("%+v", d.Assets)
		}
		w.must(w.s.DropAsset(w.ctx, w.people["contact"], "munich", id))
	})
}

// TestOldBook looks at the group in a transaction that began before a change.
func TestOldBook(t *testing.T) {
	db, clk := storeOf(t)
	w := newWorld(t, db, clk)
	w.view(func(tx *store.Tx) error { return nil })
	for n := range 5 {
		w.change(func(tx *store.Tx) error {
			return w.s.Sense(tx, "dayton", cmmc.Measured{Signal: "mfa.general_network", Pass: n%2 == 1, Value: "v", At: tx.Now})
		})
	}
	w.stands("dayton", 105, 105, score.None)
}
