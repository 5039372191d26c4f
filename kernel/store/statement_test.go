package store_test

import (
	"context"
	"testing"

	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestPreparedStatements runs one statement often enough to be prepared, within
// itself, after the table has changed, and beside others.
func TestPreparedStatements(t *testing.T) {
	storetest.Each(t, []store.Migrations{thing}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		ctx := context.Background()
		do := func(fn func(tx *store.Tx) error) {
			t.Helper()
			if err := db.Operate(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		do(func(tx *store.Tx) error {
			_, err := tx.Exec("CREATE TABLE tree (id bigint PRIMARY KEY, above bigint NOT NULL)")
			return err
		})
		for n := range int64(40) {
			do(func(tx *store.Tx) error {
				_, err := tx.Exec("INSERT INTO tree (id, above) VALUES ($1,$2)", n, (n-1)/3)
				return err
			})
		}
		var below func(tx *store.Tx, of int64) (int, error)
		below = func(tx *store.Tx, of int64) (n int, err error) { // the same statement while its rows are read
			_, err = store.Rows(tx, func(r store.Scanner) (id int64, err error) {
				if err = r.Scan(&id); err != nil {
					return 0, err
				}
				var same int64
				if err = tx.QueryRow("SELECT id FROM tree WHERE above = $1 AND id > 0 ORDER BY id", of).Scan(&same); err != nil {
					return 0, err
				}
				more, err := below(tx, id)
				n += 1 + more
				return id, err
			}, "SELECT id FROM tree WHERE above = $1 AND id > 0 ORDER BY id", of)
			return n, err
		}
		count := func(want int) {
			t.Helper()
			for range 20 {
				for _, in := range []func(context.Context, func(*store.Tx) error) error{db.Operate, db.View} {
					if db.Engine() == store.Postgres { // one connection reads one thing at a time
						continue
					}
					if err := in(ctx, func(tx *store.Tx) error {
						n, err := below(tx, 0)
						if err == nil && n != want {
							t.Errorf("%d below the first, not %d", n, want)
						}
						return err
					}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		count(39)
		do(func(tx *store.Tx) error {
			_, err := tx.Exec("ALTER TABLE tree ADD COLUMN name text NOT NULL DEFAULT ''")
			return err
		})
		do(func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO tree (id, above) VALUES ($1,$2)", 40, 13)
			return err
		})
		count(40)
		for range 20 { // a refused statement stays refused, and the next transaction is whole
			if err := db.Operate(ctx, func(tx *store.Tx) error {
				_, err := tx.Exec("INSERT INTO tree (id, above) VALUES ($1,$2)", 40, 13)
				return err
			}); err == nil {
				t.Fatal("a key was there twice")
			}
		}
		count(40)
	})
}
