package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// together holds the writer until everybody waits for it, in the order of the
// list, and lets them go.
func together(t *testing.T, db *store.DB, list ...func()) {
	t.Helper()
	db.Patient()
	began, free := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		db.Operate(context.Background(), func(tx *store.Tx) error { close(began); <-free; return errors.New("nothing") })
	})
	<-began
	for i, f := range list {
		wg.Go(f)
		for db.Waiting() != i+1 {
			time.Sleep(time.Millisecond)
		}
	}
	close(free)
	wg.Wait()
}

func put(tx *store.Tx, id string) error {
	if _, err := tx.Exec("INSERT INTO thing (id) VALUES ($1)", id); err != nil {
		return err
	}
	return tx.Record(actor("x"), happened{id})
}

// TestOneCommitForMany has transactions of every fate share a commit. Each gets
// its own answer, once all is on the disk, and what failed leaves nothing.
func TestOneCommitForMany(t *testing.T) {
	db, _ := storetest.SQLite(t, thing)
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	said := map[string]error{}
	answered := func() int { mu.Lock(); defer mu.Unlock(); return len(said) }
	answer := func(name string, err error) { mu.Lock(); defer mu.Unlock(); said[name] = err }
	try := func(name string, ctx context.Context, fn func(tx *store.Tx) error) func() {
		return func() { answer(name, db.Change(ctx, fn)) }
	}
	well := func(name string) func() {
		return try(name, context.Background(), func(tx *store.Tx) error { return put(tx, name) })
	}
	mine := errors.New("mine")
	var seen, committed, early int
	together(t, db,
		well("a"),
		try("error", context.Background(), func(tx *store.Tx) error { put(tx, "error"); return mine }),
		well("b"),
		try("unrecorded", context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id) VALUES ('unrecorded')")
			return err
		}),
		func() {
			defer func() { answer("panic", fmt.Errorf("panic: %v", recover())) }()
			db.Change(context.Background(), func(tx *store.Tx) error { put(tx, "panic"); panic("oh") })
		},
		well("c"),
		try("twice", context.Background(), func(tx *store.Tx) error { put(tx, "d"); put(tx, "d"); return nil }),
		func() { // as a test that fails inside
			defer answer("goexit", nil)
			db.Change(context.Background(), func(tx *store.Tx) error { put(tx, "goexit"); runtime.Goexit(); return nil })
		},
		try("cancelled", ctx, func(tx *store.Tx) error { cancel(); return put(tx, "cancelled") }),
		try("gone", ctx, func(tx *store.Tx) error { return put(tx, "gone") }), // while it waits, or at its begin
		well("e"),
		try("last", context.Background(), func(tx *store.Tx) error {
			if err := tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&seen); err != nil {
				return err
			}
			early = answered()
			if err := db.View(context.Background(), func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&committed)
			}); err != nil {
				return err
			}
			return put(tx, "last")
		}),
	)
	if seen != 4 || committed != 0 {
		t.Errorf("the last of them saw %d rows of its group, and %d were committed", seen, committed)
	}
	if early > 3 { // the panic, the goroutine that ended and who went away wait for nothing
		t.Errorf("%d were answered before the commit: %v", early, said)
	}
	for name, want := range map[string]error{"a": nil, "b": nil, "c": nil, "e": nil, "last": nil, "goexit": nil,
		"error": mine, "unrecorded": store.ErrUnrecorded, "cancelled": context.Canceled, "gone": context.Canceled} {
		if err, ok := said[name]; !ok || !errors.Is(err, want) {
			t.Errorf("%s: %v (%v)", name, err, ok)
		}
	}
	if err := said["panic"]; err == nil || err.Error() != "panic: oh" {
		t.Errorf("the panic: %v", err)
	}
	if err := said["twice"]; err == nil || !strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("a key twice: %v", err)
	}
	var ids, facts []string
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		if ids, err = store.Texts(tx, "SELECT id FROM thing ORDER BY id"); err != nil {
			return err
		}
		facts, err = store.Texts(tx, "SELECT subject FROM ledger_pending ORDER BY subject")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ids, " "); got != "a b c e last" || strings.Join(facts, " ") != got {
		t.Errorf("kept: %s; recorded: %v", got, facts)
	}
}

// TestWhoFillsTheDiskIsAlone has one of many need more space than there is.
// SQLite may end the whole transaction at that: the others run again.
func TestWhoFillsTheDiskIsAlone(t *testing.T) {
	db, _ := storetest.SQLite(t, thing)
	ctx := context.Background()
	if err := db.Operate(ctx, func(tx *store.Tx) error {
		var n int
		return tx.QueryRow("PRAGMA max_page_count = 100").Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	said := map[string]error{}
	one := func(name string, size int) func() {
		return func() {
			err := db.Change(ctx, func(tx *store.Tx) error {
				if _, err := tx.Exec("INSERT INTO thing (id, body) VALUES ($1, $2)", name, make([]byte, size)); err != nil {
					return err
				}
				return tx.Record(actor("x"), happened{name})
			})
			mu.Lock()
			defer mu.Unlock()
			said[name] = err
		}
	}
	together(t, db, one("a", 10), one("b", 10), one("huge", 1<<20), one("c", 10), one("d", 10))
	for name, err := range said {
		if name == "huge" != fault.Is(err, fault.KindTooBusy) || name != "huge" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := count(t, db); n != 4 || len(said) != 5 {
		t.Errorf("%d of 4 rows, %d answers", n, len(said))
	}
}

// TestManyAtOnce counts with many goroutines, of which some fail in each way.
func TestManyAtOnce(t *testing.T) {
	storetest.Each(t, []store.Migrations{thing}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		ctx := context.Background()
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id) VALUES ('counter')")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		each := 40
		if db.Engine() == store.Postgres {
			each = 4 // all of them collide
		}
		var mu sync.Mutex
		well, wg := 0, sync.WaitGroup{}
		for g := range 8 {
			wg.Go(func() {
				for i := range each {
					func() {
						defer func() { recover() }()
						ctx, cancel := context.WithCancel(ctx)
						defer cancel()
						if err := db.Change(ctx, func(tx *store.Tx) error {
							if _, err := tx.Exec("UPDATE thing SET n = n + 1 WHERE id = 'counter'"); err != nil {
								return err
							}
							switch (g + i) % 9 {
							case 3:
								return errors.New("no")
							case 5:
								panic("no")
							case 7:
								cancel()
							}
							return tx.Record(actor("x"), happened{"counter"})
						}); err == nil {
							mu.Lock()
							well++
							mu.Unlock()
						}
					}()
				}
			})
		}
		wg.Wait()
		var n, facts int
		if err := db.View(ctx, func(tx *store.Tx) error {
			if err := tx.QueryRow("SELECT COUNT(*) FROM ledger_pending").Scan(&facts); err != nil {
				return err
			}
			return tx.QueryRow("SELECT n FROM thing").Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		if n != well || facts != well || well == 0 {
			t.Errorf("%d were told that they counted, %d did, %d recorded it", well, n, facts)
		}
	})
}
