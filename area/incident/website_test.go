package incident_test

import (
	"testing"

	"yagura/area/incident"
	"yagura/fact"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// TestAReportAboutAWebsiteBecomesAnIncident once, with the words that travelled veiled.
func TestAReportAboutAWebsiteBecomesAnIncident(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sub := w.s.TakesWebsites()
		for range 2 {
			if err := w.db.Operate(w.ctx, func(tx *store.Tx) error {
				f := fact.PsirtHandedOver{Case: "c-1"}
				var err error
				if f.Title, err = tx.Veil(fact.PsirtHandedOverSubject("c-1"), "Script runs in the shop"); err != nil {
					return err
				}
				if f.Description, err = tx.Veil(fact.PsirtHandedOverSubject("c-1"), "by the search field"); err != nil {
					return err
				}
				return sub.Handle(tx, ledger.Entry{Pos: 1, At: tx.Now, Kind: f.Heading().Kind, Body: job.Body(f)})
			}); err != nil {
				t.Fatal(err)
			}
		}
		by := w.as("lead")
		rows, total, err := w.s.List(w.ctx, by, by.Scope(incident.Read), incident.Filter{Query: "search field", Page: keyset.Page{Sort: "reported", Limit: 5}})
		if err != nil || total != 1 || rows[0].Title != "Script runs in the shop" || rows[0].Unit != "group" {
			t.Errorf("%d %+v %v", total, rows, err)
		}
	})
}
