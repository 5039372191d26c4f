package incident_test

import (
	"testing"
	"time"

	"yagura/area/incident"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// TestManyIncidents: a page of the list and the overview stay quick with the
// incidents of many years.
func TestManyIncidents(t *testing.T) {
	if testing.Short() {
		t.Skip("puts in 20,000 incidents")
	}
	each(t, func(t *testing.T, w *world) {
		first := w.report("handler", "works")
		if err := w.db.Operate(w.ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)
				INSERT INTO incident (id, seq, title, description, source, unit, severity, peak, rank, tlp, team, state, stage, open, occurred, reported, contained, closed, haystack)
				SELECT 'INC-2025-' || i, 20250000000 + i, title, description, source, CASE i % 3 WHEN 0 THEN 'works' WHEN 1 THEN 'germany' ELSE 'ohio' END, severity, peak, rank,
				CASE i % 50 WHEN 0 THEN 'RED' ELSE 'AMBER' END, team, CASE i % 40 WHEN 0 THEN 'triaged' ELSE 'closed' END, CASE i % 40 WHEN 0 THEN 2 ELSE 8 END,
				CASE i % 40 WHEN 0 THEN 1 ELSE 0 END, occurred - CAST(i AS bigint) * 600000, reported - CAST(i AS bigint) * 600000, reported - CAST(i AS bigint) * 600000 + 3600000,
				CASE i % 40 WHEN 0 THEN 0 ELSE reported - CAST(i AS bigint) * 600000 + 7200000 END, haystack FROM n, incident WHERE id = '` + first.ID + `'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"handler", "euro"} {
			for name, f := range map[string]func() error{
				"list": func() error {
					_, _, err := w.s.List(w.ctx, w.as(who), w.as(who).Scope(incident.Read), incident.Filter{Page: keyset.Page{Sort: "occurred", Desc: true}})
					return err
				},
				"search": func() error {
					_, _, err := w.s.List(w.ctx, w.as(who), w.as(who).Scope(incident.Read), incident.Filter{Query: "ransom", Page: keyset.Page{Sort: "number"}})
					return err
				},
				"count": func() error {
					_, err := w.s.Count(w.ctx, w.as(who), w.as(who).Scope(incident.Read), incident.Filter{State: "open"})
					return err
				},
				"figures": func() error { _, err := w.s.Figures(w.ctx, w.as(who), w.as(who).Scope(incident.Read), ""); return err },
				"posture": func() error {
					_, err := w.s.OpenIn(w.ctx, w.as(who), w.as(who).Scope(incident.Read), []string{"group", "works", "germany", "ohio", "europe"})
					return err
				},
				"work": func() error { _, err := w.s.Mine(w.ctx, w.as(who), 50); return err },
			} {
				start := time.Now()
				if err := f(); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if took > time.Second {
					t.Errorf("%s for %s took %v", name, who, took)
				}
			}
		}
	})
}
