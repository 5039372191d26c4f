package cmmc_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/paper/html"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// TestPapers has the papers of an enclave: what they say is what counts here, live
// or as assessors have it, and who may not see the enclave gets none.
func TestPapers(t *testing.T) {
	db, clk := storeOf(t)
	w := newWorld(t, db, clk)
	w.clk.Advance(time.Minute)
	w.meter.at["germany"] = []cmmc.Measured{{Signal: "mfa.general_network", Pass: false, Value: "99 of 100 (99.0 %)"}, {Signal: "mfa.remote_network", Pass: true, Value: "40 of 40"}}
	w.change(func(tx *store.Tx) error { return tx.Record(authz.System("test"), counted{"germany"}) })
	w.deliver()
	w.must(w.s.Assign(w.ctx, w.people["contact"], cmmc.Task{System: "munich", Objective: index("3.5.3[d]"), Assignee: "contact", Due: day(w.db.Now()).AddDate(0, 0, 20)}))
	for live, want := range map[bool]string{false: "110", true: "107"} {
		_, p, err := w.s.Papers(w.ctx, w.people["contact"], "munich", text.EN, live)
		w.must(err)
		s, err := p.SPRS()
		w.must(err)
		values := map[string]string{}
		for _, f := range s.Fields {
			values[f.ID] = f.Value
		}
		if values["score"] != want || values["cages"] != "D1234" || values["ssp"] == "" {
			t.Errorf("live %v: %v", live, values)
		}
		var b bytes.Buffer
		w.must(html.Write(&b, p.SSP()))
		plan := b.String()
		for _, q := range catalog.Requirements(2) {
			if !strings.Contains(plan, q.CMMC) {
				t.Errorf("%s is not in the plan", q.CMMC)
			}
		}
		for _, words := range []string{"Shared with Sign-in", "Provided by Sign-in", "Germany GmbH"} {
			if !strings.Contains(plan, words) {
				t.Errorf("%q is not in the plan", words)
			}
		}
		if has := strings.Contains(plan, "Name of contact"); has != live { // who closes what is open
			t.Errorf("live %v: the one who is to close it is named: %v", live, has)
		}
		for _, make := range []func() ([]byte, error){p.POAM, p.Responsibility, p.EvidenceList} {
			raw, err := make()
			w.must(err)
			if !bytes.HasPrefix(raw, []byte("PK")) {
				t.Error("this is no workbook")
			}
		}
	}
	for _, stranger := range []string{"ohioan", "assessor", "clerk"} {
		if _, _, err := w.s.Papers(w.ctx, w.people[stranger], "munich", text.EN, false); err == nil {
			t.Errorf("%s has the papers of an enclave that he may not see", stranger)
		}
	}
}
