package detect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// BenchmarkTriage asks what the triage page asks, over a million alerts in 200
// units of which 20,000 are open. YAGURA_BENCH_ALERTS changes the number.
func BenchmarkTriage(b *testing.B) {
	total := 1_000_000
	if n := os.Getenv("YAGURA_BENCH_ALERTS"); n != "" {
		fmt.Sscan(n, &total)
	}
	db, clk := storetest.SQLite(b, migrations...)
	w := open(b, db, clk, Options{})
	system := authz.System("test")
	var units []string
	w.change(func(tx *store.Tx) error {
		for i := range 200 {
			u := fmt.Sprintf("u%03d", i)
			parent := []string{"electric", "europe"}[i%2]
			units = append(units, u)
			if err := authz.PutUnits(tx, authz.Unit{ID: u, Name: u, Kind: "site", Parent: parent, Region: "world"}); err != nil {
				return err
			}
		}
		return authz.Found(tx, system, authz.Grant{Person: "hiro", Role: authz.Handler, Tree: authz.Own, Unit: "u007", Until: tx.Now.AddDate(1, 0, 0)})
	})
	r := rand.New(rand.NewPCG(1, 2))
	now := w.db.Now()
	names := w.s.lib.Load().rules
	for start := 0; start < total; start += 20000 {
		w.change(func(tx *store.Tx) error {
			for i := start; i < min(start+20000, total); i++ {
				rule := names[r.IntN(len(names))]
				first := now.Add(-time.Duration(total-i) * 30 * time.Second)
				a := Alert{ID: fmt.Sprintf("ALR-2026-%07d", i), ord: fmt.Sprintf("2026%08d", i), Rule: rule.ID, Version: rule.Version, Title: rule.Title,
					Level: Level(r.IntN(5)), Unit: units[r.IntN(len(units))], Host: host(r.IntN(30000)), User: fmt.Sprintf("user%d", r.IntN(5000)),
					First: first, Last: first.Add(time.Minute), Hits: 3, State: Dismissed, Triaged: first.Add(time.Hour), Raised: first, Decided: first.Add(time.Hour), Reason: Benign}
				if i%50 == 0 {
					a.State, a.Triaged, a.Decided, a.Reason = Untriaged, time.Time{}, time.Time{}, ""
				}
				if err := insert(tx, a); err != nil {
					return err
				}
			}
			return tx.Record(system, happened{})
		})
	}
	// A quarter of them lie in stories of five; hosts have a risk.
	w.change(func(tx *store.Tx) error {
		n := "(CAST(substr(id, 10) AS integer) / 5)"
		for _, q := range []string{
			"UPDATE detect_alert SET story = printf('STO-2026-%07d', " + n + "), tactics = 1 << (" + n + " % 14) WHERE " + n + " % 4 = 0",
			"UPDATE detect_alert SET risk = 400000000 + abs(random() % 30000000) WHERE open = 1",
			"INSERT INTO detect_story (id, ord, begun, part_of) SELECT DISTINCT story, '2026' || substr(story, 10), 0, '' FROM detect_alert WHERE story <> ''",
			`INSERT INTO detect_story_unit (story, unit, alerts, open, fresh, level, first, last, tactics, risk, top)
				SELECT story, unit, COUNT(*), SUM(open), SUM(open), MAX(level), MIN(first), MAX(last), MAX(tactics), MAX(risk), MIN(id) FROM detect_alert WHERE story <> '' GROUP BY story, unit`,
			`UPDATE detect_story SET alerts = u.alerts, open = u.open, fresh = u.open, level = u.level, first = u.first, last = u.last, risk = u.risk
				FROM (SELECT story, SUM(alerts) alerts, SUM(open) open, MAX(level) level, MIN(first) first, MAX(last) last, MAX(risk) risk FROM detect_story_unit GROUP BY story) u WHERE u.story = detect_story.id`,
			`INSERT INTO detect_risk_day (kind, unit, thing, day, weight, alerts) SELECT 'host', unit, lower(host), (first / 86400000 + 1) * 86400000, SUM(level) * 5000000, COUNT(*) FROM detect_alert GROUP BY 2, 3, 4`,
			`INSERT INTO detect_risk (kind, unit, thing, name, rank) SELECT 'host', unit, thing, thing, 400000000 + abs(random() % 30000000) FROM detect_risk_day GROUP BY unit, thing`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return tx.Record(system, happened{})
	})
	ctx := context.Background()
	ana, hiro := w.actor("ana").Scope(Read), w.actor("hiro").Scope(Read)
	mid := keyset.At(int(High), fmt.Sprintf("2026%08d", total/2))
	for _, c := range []struct {
		name  string
		scope authz.Scope
		f     Filter
	}{
		{"queue", ana, Filter{State: "open", Page: keyset.Page{Sort: "level", Desc: true}}},
		{"queue-middle", ana, Filter{State: "open", Page: keyset.Page{Sort: "level", Desc: true, After: &mid}}},
		{"queue-one-unit", hiro, Filter{State: "open", Page: keyset.Page{Sort: "level", Desc: true}}},
		{"queue-by-risk", ana, Filter{State: "open", Page: keyset.Page{Sort: "risk", Desc: true}}},
		{"queue-by-risk-one-unit", hiro, Filter{State: "open", Page: keyset.Page{Sort: "risk", Desc: true}}},
		{"all-one-story", ana, Filter{Story: "STO-2026-0000400", Page: keyset.Page{Sort: "first", Desc: true}}},
		{"queue-text", ana, Filter{State: "open", Text: "pc-00042", Page: keyset.Page{Sort: "level", Desc: true}}},
		{"all-by-first", ana, Filter{Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-by-level", ana, Filter{Page: keyset.Page{Sort: "level", Desc: true}}},
		{"all-one-unit", hiro, Filter{Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-one-rule", ana, Filter{Rule: names[3].ID, Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-one-level", ana, Filter{Level: "critical", Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-dismissed", ana, Filter{State: "dismissed", Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-one-host", ana, Filter{Host: host(77), Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-30-days", ana, Filter{From: now.AddDate(0, 0, -30), Page: keyset.Page{Sort: "first", Desc: true}}},
		{"all-text", ana, Filter{Text: "pc-00042", Page: keyset.Page{Sort: "first", Desc: true}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := w.s.List(ctx, c.scope, c.f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("badge", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.s.Count(ctx, ana, Filter{State: "new"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("badge-one-unit", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.s.Count(ctx, hiro, Filter{State: "new"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, by := range Groupings {
		for name, scope := range map[string]authz.Scope{"": ana, "-one-unit": hiro} {
			b.Run("queue-grouped-by-"+by+name, func(b *testing.B) {
				for b.Loop() {
					if _, err := w.s.Grouped(ctx, scope, Filter{State: "open"}, by, 200); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	for name, scope := range map[string]authz.Scope{"": ana, "-one-unit": hiro} {
		b.Run("stories-open"+name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := w.s.Stories(ctx, scope, StoryFilter{State: "open", Page: keyset.Page{Sort: "level", Desc: true}}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("stories-all"+name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := w.s.Stories(ctx, scope, StoryFilter{Page: keyset.Page{Sort: "number", Desc: true}}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("risks"+name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := w.s.Risks(ctx, scope, RiskFilter{Kind: HostRisk, Page: keyset.Page{Sort: "risk", Desc: true}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("story", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.s.ShowStory(ctx, w.actor("ana"), "STO-2026-0000400"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("act-on-50-and-back", func(b *testing.B) {
		by := w.actor("ana")
		rows, _, err := w.s.List(ctx, ana, Filter{State: "open", Page: keyset.Page{Sort: "level", Desc: true}})
		if err != nil {
			b.Fatal(err)
		}
		var ids []string
		for _, a := range rows[:50] {
			ids = append(ids, a.ID)
		}
		for b.Loop() {
			if _, err := w.s.Act(ctx, by, Bulk{Do: DoDismiss, Alerts: ids, Reason: Benign, Note: "x"}); err != nil {
				b.Fatal(err)
			}
			if _, err := w.s.Undo(ctx, by); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("backlog", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.s.Backlog(ctx, ana); err != nil {
				b.Fatal(err)
			}
		}
	})
	if os.Getenv("YAGURA_BENCH_PLAN") != "" {
		w.db.View(ctx, func(tx *store.Tx) error {
			where, args := Filter{State: "open"}.where(hiro)
			plan, err := store.Rows(tx, func(r store.Scanner) (s string, err error) {
				var a, p, n int
				return s, r.Scan(&a, &p, &n, &s)
			}, "EXPLAIN QUERY PLAN SELECT a.id FROM detect_alert a WHERE "+where+" ORDER BY a.level DESC, a.ord DESC LIMIT 51", args...)
			b.Log(strings.Join(plan, "\n"), err)
			return nil
		})
	}
}

type happened struct{}

func (happened) Heading() store.Heading { return store.Heading{Kind: "test.happened"} }
