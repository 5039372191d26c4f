package psirt_test

import (
	"testing"

	"yagura/area/psirt/cve"
	"yagura/kernel/fault"
)

// TestThePoolFollowsTheService: what the service gave is there, what it refused is not,
// and an ID given back serves the next.
func TestThePoolFollowsTheService(t *testing.T) {
	each(t, func(w *world) {
		by, year := w.as["kimura"], w.clk.Now().Year()
		_, err := w.s.ReserveIDs(w.ctx, w.as["works-a"], 1, year)
		w.is(err, fault.KindDenied)
		_, err = w.s.ReserveIDs(w.ctx, by, 0, year)
		w.is(err, fault.KindInvalid)
		_, err = w.s.ReserveIDs(w.ctx, by, 1, year-5)
		w.is(err, fault.KindInvalid)
		o, err := w.s.ReserveIDs(w.ctx, by, 3, year)
		w.ok(err)
		if again, err := w.s.ResumeOrder(w.ctx, by, o.ID); err != nil || again.State != "done" {
			w.Error(again, err)
		}
		_, err = w.s.ReserveIDs(w.ctx, by, 60, year) // the quota is 50
		w.is(err, fault.KindConflict)
		x, err := w.s.Stock(w.ctx, by)
		w.ok(err)
		if len(x.Rows) != 3 || x.Free[cve.RehearsalYear] != 3 || len(x.Orders) != 0 || !x.Asked || x.Quota.Available != 47 {
			w.Errorf("%+v", x)
		}
		id, v := w.accepted()
		first, err := w.s.AssignID(w.ctx, by, id, v)
		w.ok(err)
		w.is(w.s.DropVulnerability(w.ctx, by, id, v, "none"), fault.KindConflict) // it has an ID
		w.ok(w.s.ReleaseID(w.ctx, by, id, v))
		if second, err := w.s.AssignID(w.ctx, by, id, v); err != nil || second != first {
			w.Errorf("%s, then %s %v", first, second, err)
		}
		w.ok(w.s.TakeIDs(w.ctx, by, []cve.ID{"CVE-1900-99999", first}))
		w.is(w.s.TakeIDs(w.ctx, by, []cve.ID{"CVE-2026-1234"}), fault.KindConflict) // real ones do not meet those of rehearsals
		if x, err = w.s.Stock(w.ctx, by); err != nil || len(x.Rows) != 4 {
			w.Errorf("%+v %v", x.Rows, err)
		}
	})
}
