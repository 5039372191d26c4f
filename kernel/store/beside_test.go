package store_test

import (
	"sync"
	"testing"

	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestWhatIsReadBesideConflictsWithNothing has two transactions at once read the
// table to which both add: serializable, one of them runs again; beside it, none.
func TestWhatIsReadBesideConflictsWithNothing(t *testing.T) {
	for _, beside := range []bool{false, true} {
		db, _ := storetest.Postgres(t, thing)
		var wg, both sync.WaitGroup
		var mu sync.Mutex
		runs := 0
		both.Add(2)
		for _, name := range []string{"a", "b"} {
			wg.Go(func() {
				met := false
				if err := db.Change(t.Context(), func(tx *store.Tx) error {
					mu.Lock()
					runs++
					mu.Unlock()
					from := tx
					if beside {
						from = tx.Beside()
					}
					var n int
					if err := from.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n); err != nil {
						return err
					}
					if !met {
						met = true
						both.Done()
						both.Wait()
					}
					if _, err := tx.Exec("INSERT INTO thing (id) VALUES ($1)", name); err != nil {
						return err
					}
					return tx.Record(actor("x"), happened{name})
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if (runs == 2) != beside {
			t.Errorf("beside %v: %d runs", beside, runs)
		}
		if n := count(t, db); n != 2 {
			t.Errorf("%d rows", n)
		}
	}
}
