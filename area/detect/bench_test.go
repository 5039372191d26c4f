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
