package psirt_test

import (
	"testing"

	"yagura/area/psirt"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// TestTheAdvisoryOfACase is drafted from it, and is seen by its members alone.
func TestTheAdvisoryOfACase(t *testing.T) {
	each(t, func(w *world) {
		id, v := w.accepted()
		room := w.room("kimura", id)
		w.ok(w.s.Ask(w.ctx, w.as["kimura"], id, []string{room.Ranges[1].ID}, w.clk.Now().AddDate(0, 0, 3)))
		w.ok(w.s.Assess(w.ctx, w.as["kimura"], id, psirt.Assessment{Vulnerability: v, Range: room.Ranges[1].ID, Answer: psirt.IsAffected}))
		a, err := w.s.AdviseOf(w.ctx, w.as["kimura"], id, text.EN)
		w.ok(err)
		if a.Case != id || a.Title != "Zebra overflow in NX5" {
			w.Errorf("%+v", a)
		}
		if _, err := w.s.Advisory(w.ctx, w.as["mori"], a.ID); err != nil {
			w.Error(err)
		}
		for _, who := range []string{"works-a", "outsider", "head"} {
			_, err := w.s.Advisory(w.ctx, w.as[who], a.ID)
			w.is(err, fault.KindNotFound)
		}
	})
}
