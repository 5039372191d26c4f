package detect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// doors opens a world with correlations about doors and an archive.
func doors(t *testing.T, db *store.DB, clk *clock.Movable, shelf *shelf, forwards map[string]bool) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "doors.yml"), []byte(joinedRules), 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, db, clk, Options{NoPack: true, Folders: []string{dir}, Archive: shelf,
		Forwards: func(*store.Tx) (map[string]bool, error) { return forwards, nil }})
}

// TestBacktestOfACorrelationFindsWhatWasFound joins events as they come, some of
// them late, and compares with what backtests say of the same events in the
// archive, for correlations of every kind that the rules about doors have.
func TestBacktestOfACorrelationFindsWhatWasFound(t *testing.T) {
	t.Parallel()
	for name, forwards := range map[string]map[string]bool{"as it is": nil, "a source that stores": {"doors-himeji": true}} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
				shelf := &shelf{}
				w := doors(t, db, clk, shelf, forwards)
				ctx, ana := context.Background(), w.actor("ana")
				begin := clk.Now().Truncate(time.Hour)
				r := rand.New(rand.NewPCG(11, 4))
				for i := range 200 {
					e := door("b", i, "himeji", fmt.Sprint("badge", r.IntN(2)), []string{"refused", "refused", "opened", "opened", "closed"}[r.IntN(5)], fmt.Sprint(r.IntN(5)),
						begin.Add(time.Duration(i)*time.Minute+time.Duration(r.IntN(200))*time.Second))
					e.Received = e.Time.Add(time.Second)
					if r.IntN(10) == 0 {
						e.Received = e.Time.Add(2 * time.Hour)
					}
					shelf.events = append(shelf.events, e)
				}
				order := slices.Clone(shelf.events)
				slices.SortStableFunc(order, func(a, b Event) int { return a.Received.Compare(b.Received) })
				for _, e := range order {
					clk.Set(e.Received)
					w.apply(e)
					w.correlate()
				}
				slices.SortStableFunc(shelf.events, func(a, b Event) int { return a.Time.Compare(b.Time) })
				end := shelf.events[len(shelf.events)-1].Time.Add(2 * time.Hour)
				clk.Set(end.Add(48 * time.Hour))
				for range 5 { // nothing is heard while we are there
					w.correlate()
					clk.Advance(4 * time.Minute)
				}
				for _, n := range []int{3, 4, 5, 6} {
					rule := fmt.Sprintf("10000000-0000-4000-8000-%012d", n)
					var fired, late int64
					if err := db.View(ctx, func(tx *store.Tx) error {
						return tx.QueryRow("SELECT fired, late FROM detect_joined WHERE rule = $1", rule).Scan(&fired, &late)
					}); err != nil {
						t.Fatal(err)
					}
					got, err := w.s.TryNow(ctx, ana, BacktestRequest{Rule: rule, From: begin.Add(-time.Hour), To: end}, nil)
					if err != nil {
						t.Fatal(err)
					}
					if got.Hits != fired || fired == 0 || got.Events != 200 {
						t.Errorf("rule %d: %d hits among %d events, not %d", n, got.Hits, got.Events, fired)
					}
					if (got.Late == 0) != (forwards != nil) || n == 3 && got.Late < late {
						t.Errorf("rule %d: %d were late, not %d", n, got.Late, late)
					}
					if len(got.Samples) == 0 || got.Samples[0].Summary == "" || got.Samples[0].Event == "" || got.Samples[0].Unit != "himeji" {
						t.Errorf("rule %d: %+v", n, got.Samples)
					}
				}
			})
		})
	}
}

func TestBacktestOfACorrelationStandsBehindItsPromotion(t *testing.T) {
	storetest.Each(t, migrations, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		shelf := &shelf{}
		w := doors(t, db, clk, shelf, nil)
		ctx, ana, lea := context.Background(), w.actor("ana"), w.actor("lea")
		now := clk.Now()
		const rule = "10000000-0000-4000-8000-000000000003"
		for d := 9; d > 0; d-- {
			at := now.AddDate(0, 0, -d)
			for i := range 3 {
				e := door(fmt.Sprint("b", d), i, "himeji", "x", "refused", "1", at.Add(time.Duration(i)*time.Minute))
				if d%2 == 0 {
					e.Doc = []byte(`{"door":"opened","badge":"x","number":"7"}`)
				}
				shelf.events = append(shelf.events, e)
			}
		}
		w.force(rule, Setting{State: Experimental, Enabled: true})
		if _, err := w.s.Promote(ctx, ana, rule, "it is quiet"); !fault.Is(err, fault.KindInvalid) {
			t.Fatalf("promoted without a backtest: %v", err)
		}
		b, err := w.s.AskBacktest(ctx, ana, BacktestRequest{Rule: rule, From: now.AddDate(0, 0, -10), To: now})
		if err != nil {
			t.Fatal(err)
		}
		w.run()
		d, err := w.s.ShowBacktest(ctx, ana, b.ID)
		if err != nil || d.State != TestDone || !d.Joins || d.Result.Hits != 5 || d.Result.WithData != 9 || d.Result.Events != 27 {
			t.Fatalf("%s %+v %v", d.State, d.Result, err)
		}
		if got, err := w.s.TryNow(ctx, ana, BacktestRequest{Rule: rule, From: now.AddDate(0, 0, -10), To: now, Filter: "badge: x"}, nil); err != nil || got.Hits != 5 || got.Hidden != 5 || got.PerDay != 0 {
			t.Errorf("with a filter: %+v %v", got, err)
		}
		list, _, err := w.s.Backtests(ctx, ana, ana.Scope(Read), BacktestFilter{Rule: rule, Page: keyset.Page{Sort: "asked", Limit: 10}})
		if err != nil || len(list) != 1 {
			t.Errorf("%v %v", list, err)
		}
		p, err := w.s.Promote(ctx, ana, rule, "it is quiet")
		if err != nil || p.Backtest != b.ID || p.To != Trial {
			t.Fatalf("%+v %v", p, err)
		}
		// A rule that it joins says something else now: what was tried is another correlation.
		l := w.s.lib.Load()
		l.byID["10000000-0000-4000-8000-000000000001"].Version = "another"
		if err := w.s.DecidePromotion(ctx, lea, rule, "approve"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("approved with a backtest of other rules: %v", err)
		}
	})
}
