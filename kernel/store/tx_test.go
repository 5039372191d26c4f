package store_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.View(context.Background(), func(tx *store.Tx) error { return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWritesBehindLocksAreSeen writes in every way after a row lock, which
// PostgreSQL by itself does not tell from a write.
func TestWritesBehindLocksAreSeen(t *testing.T) {
	storetest.Each(t, []store.Migrations{thing}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		ctx := context.Background()
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id) VALUES ('there')")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		one := func(query string) func(tx *store.Tx) error {
			return func(tx *store.Tx) error {
				var id string
				return tx.QueryRow(query).Scan(&id)
			}
		}
		ways := map[string]func(tx *store.Tx) error{
			"returning": one("INSERT INTO thing (id) VALUES ('a') RETURNING id"),
			"list": func(tx *store.Tx) error {
				_, err := store.Texts(tx, "INSERT INTO thing (id) VALUES ('b') RETURNING id")
				return err
			},
			"alias":   one("UPDATE thing AS t SET n = 1 WHERE id = 'there' RETURNING id"),
			"comment": one("-- why\n DELETE FROM thing WHERE id = 'there' RETURNING id"),
		}
		for name, write := range ways {
			err := db.Change(ctx, func(tx *store.Tx) error {
				if _, err := store.Texts(tx, "SELECT id FROM thing FOR UPDATE"); err != nil {
					return err
				}
				return write(tx)
			})
			if !errors.Is(err, store.ErrUnrecorded) {
				t.Errorf("%s behind a lock, without a record: %v", name, err)
			}
		}
		if err := db.Change(ctx, func(tx *store.Tx) error {
			if _, err := store.Texts(tx, "SELECT id FROM thing FOR UPDATE"); err != nil {
				return err
			}
			_, err := store.Texts(tx, "DELETE FROM thing WHERE id = 'nobody' RETURNING id")
			return err
		}); err != nil {
			t.Errorf("a delete that met nothing: %v", err)
		}
		if n := count(t, db); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestErrorOfTheDatabaseEndsTheTransaction swallows one: nothing is kept.
func TestErrorOfTheDatabaseEndsTheTransaction(t *testing.T) {
	storetest.Each(t, []store.Migrations{thing}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		err := db.Change(context.Background(), func(tx *store.Tx) error {
			tx.Exec("INSERT INTO thing (id) VALUES ('a')")
			tx.Exec("INSERT INTO thing (id) VALUES ('a')")
			tx.Exec("INSERT INTO thing (id) VALUES ('b')")
			return tx.Record(actor("x"), happened{"a"})
		})
		if err == nil || count(t, db) != 0 {
			t.Errorf("half of it was kept: %v, %d rows", err, count(t, db))
		}
	})
}

// TestConflictInDisguiseIsTriedAgain has functions that turn every error into
// one of their own, as "this is not known".
func TestConflictInDisguiseIsTriedAgain(t *testing.T) {
	storetest.Each(t, []store.Migrations{thing}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		ctx := context.Background()
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id) VALUES ('counter')")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					if err := db.Change(ctx, func(tx *store.Tx) error {
						var n int
						if tx.QueryRow("SELECT n FROM thing WHERE id = 'counter'").Scan(&n) != nil {
							return fault.NotFound("There is no such thing")
						}
						if _, err := tx.Exec("UPDATE thing SET n = $1 WHERE id = 'counter'", n+1); err != nil {
							return fault.Conflict("Somebody was faster")
						}
						return tx.Record(actor("x"), happened{"counter"})
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT n FROM thing").Scan(&n) })
		if n != 80 {
			t.Errorf("counted %d of 80", n)
		}
	})
}

// TestFullDisk fills the database to its limit.
func TestFullDisk(t *testing.T) {
	db, _ := storetest.SQLite(t, thing)
	ctx := context.Background()
	limit := func(pages string) {
		t.Helper()
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			var n int
			return tx.QueryRow("PRAGMA max_page_count = " + pages).Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
	}
	put := func(id string) error {
		return db.Change(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec("INSERT INTO thing (id, body) VALUES ($1, $2)", id, make([]byte, 1<<20)); err != nil {
				return err
			}
			return tx.Record(actor("x"), happened{id})
		})
	}
	limit("60")
	err := put("a")
	if !fault.Is(err, fault.KindTooBusy) || !strings.Contains(fault.MessageOf(err).In(text.JA), "空きがない") {
		t.Fatalf("a full disk says: %v", err)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	limit("1000000")
	if err := put("a"); err != nil || count(t, db) != 1 {
		t.Errorf("with space again: %v, %d rows", err, count(t, db))
	}
}

// TestGoexitFreesTheWriter ends the goroutine inside a change, as a failing
// test does: the next one must not wait for it.
func TestGoexitFreesTheWriter(t *testing.T) {
	db, _ := storetest.SQLite(t, thing)
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.Change(context.Background(), func(*store.Tx) error { runtime.Goexit(); return nil })
	}()
	<-done
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if err := db.Change(ctx, func(tx *store.Tx) error { return tx.Record(actor("x"), happened{"a"}) }); err != nil {
		t.Error(err)
	}
}
