package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

var tables = []store.Migrations{authz.Migrations, ledger.Migrations, {Area: "effect", SQL: `-- migration 1: effects
CREATE TABLE effect (
	entry text NOT NULL,
	n bigint NOT NULL
);
`}}

type happened struct {
	Thing string `json:"thing"`
	Step  int    `json:"step"`
}

func (h happened) Heading() store.Heading {
	return store.Heading{Kind: "thing.happened", Unit: "works", Subject: h.Thing}
}

var somebody = authz.System("test")

func sealer(t testing.TB, db *store.DB) (*ledger.Sealer, *ledger.Key, string) {
	t.Helper()
	keys := t.TempDir()
	key, err := ledger.OpenKey(keys)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.NewSealer(db, key, keys, slog.New(slog.DiscardHandler)), key, keys
}

func record(t testing.TB, db *store.DB, f happened) {
	t.Helper()
	if err := db.Change(context.Background(), func(tx *store.Tx) error { return tx.Record(somebody, f) }); err != nil {
		t.Fatal(err)
	}
}

func sealAll(t testing.TB, s *ledger.Sealer) {
	t.Helper()
	for {
		n, err := s.Seal(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// TestWritersLeaveAGaplessChain has 20 writers record while two sealers, as of
// two servers, seal.
func TestWritersLeaveAGaplessChain(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		const writers, each = 20, 25
		first, key, keys := sealer(t, db)
		second := ledger.NewSealer(db, key, keys, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(context.Background())
		var sealing, writing sync.WaitGroup
		sealing.Go(func() { first.Run(ctx) })
		sealing.Go(func() { second.Run(ctx) })
		for w := range writers {
			writing.Go(func() {
				for i := range each {
					err := db.Change(context.Background(), func(tx *store.Tx) error {
						return tx.Record(somebody, happened{fmt.Sprintf("w%d", w), i})
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		writing.Wait()
		stop()
		sealing.Wait()
		sealAll(t, first)
		head, ok, err := ledger.Head(key, keys)
		if err != nil || !ok {
			t.Fatal("no checkpoint beside the database", err)
		}
		report, err := ledger.Verify(context.Background(), db, key, head)
		if err != nil {
			t.Fatal(err)
		}
		if report.Broken != nil || report.Rows != writers*each || report.Pending != 0 {
			t.Errorf("report: %+v, %v", report, report.Broken)
		}
		var entries []ledger.Entry
		db.View(context.Background(), func(tx *store.Tx) error {
			entries, err = ledger.List(tx, authz.Everything(), ledger.Filter{Subject: "w3"}, 100)
			return err
		})
		if len(entries) != each {
			t.Fatalf("%d entries of one writer", len(entries))
		}
		for i, e := range entries { // newest first
			var f happened
			if err := e.Into(&f); err != nil || f.Step != each-1-i {
				t.Fatalf("entry %d of one writer is step %d, %v", i, f.Step, err)
			}
		}
	})
}

// TestEveryMutationIsNamed changes, deletes, inserts or swaps one row at
// random, 1,000 times, and wants the row's place named each time.
func TestEveryMutationIsNamed(t *testing.T) {
	db, _ := storetest.SQLite(t, tables...)
	seal, key, keys := sealer(t, db)
	const rows = 60
	for i := range rows {
		record(t, db, happened{"thing", i})
		if i%7 == 0 || i == rows-1 {
			sealAll(t, seal)
		}
	}
	head, _, err := ledger.Head(key, keys)
	if err != nil {
		t.Fatal(err)
	}
	// An attacker with the file in hand is not bound by the triggers.
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(db.Folder(), "yagura.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := raw.Exec(query, args...); err != nil {
			t.Fatal(query, err)
		}
	}
	exec("DROP TRIGGER ledger_no_update")
	exec("DROP TRIGGER ledger_no_delete")
	exec("CREATE TABLE saved AS SELECT * FROM ledger")
	exec("CREATE TABLE saved_checkpoint AS SELECT * FROM ledger_checkpoint")
	var checkpoints int
	if err := raw.QueryRow("SELECT COUNT(*) FROM ledger_checkpoint").Scan(&checkpoints); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	columns := []string{"id", "actor", "unit", "kind", "subject", "body", "hash"}
	for round := range 1000 {
		pos, what := int64(1+rnd.IntN(rows)), ""
		wantRow, wantCheckpoint := pos, int64(0)
		switch rnd.IntN(7) {
		case 0:
			col := columns[rnd.IntN(len(columns))]
			what = "change " + col
			exec("UPDATE ledger SET "+col+" = "+col+" || 'x' WHERE pos = ?", pos)
		case 1:
			what = "change at"
			exec("UPDATE ledger SET at = at + 1 WHERE pos = ?", pos)
		case 2:
			what = "delete"
			exec("DELETE FROM ledger WHERE pos = ?", pos)
		case 3:
			what = "swap"
			other := 1 + (pos+int64(rnd.IntN(rows-1)))%rows
			if other == pos {
				other = pos%rows + 1
			}
			exec("UPDATE ledger SET pos = -1 WHERE pos = ?", pos)
			exec("UPDATE ledger SET pos = ? WHERE pos = ?", pos, other)
			exec("UPDATE ledger SET pos = ? WHERE pos = -1", other)
			wantRow = min(pos, other)
		case 4:
			what = "insert at the end"
			exec("INSERT INTO ledger SELECT ?, id || 'x', at, actor, unit, kind, subject, body, hash FROM ledger WHERE pos = ?", rows+1, pos)
			wantRow = rows + 1
		case 5:
			what = "insert between"
			exec("UPDATE ledger SET pos = -pos - 1 WHERE pos >= ?", pos)
			exec("UPDATE ledger SET pos = -pos WHERE pos < 0")
			exec("INSERT INTO ledger SELECT ?, id || 'x', at, actor, unit, kind, subject, body, hash FROM ledger WHERE pos = ?", pos, pos+1)
		case 6:
			seq := int64(1 + rnd.IntN(checkpoints))
			wantRow, wantCheckpoint = 0, seq
			switch rnd.IntN(3) {
			case 0:
				what = "change a checkpoint"
				exec("UPDATE ledger_checkpoint SET size = size + 1 WHERE seq = ?", seq)
			case 1:
				what = "change a signed note"
				exec("UPDATE ledger_checkpoint SET note = replace(note, 'seq ', 'seq 1') WHERE seq = ?", seq)
			case 2:
				what = "delete a checkpoint"
				exec("DELETE FROM ledger_checkpoint WHERE seq = ?", seq)
			}
		}
		report, err := ledger.Verify(context.Background(), db, key, head)
		if err != nil {
			t.Fatal(err)
		}
		switch b := report.Broken; {
		case b == nil:
			t.Fatalf("round %d: %s at %d was not found", round, what, pos)
		case wantCheckpoint == 0 && b.Pos != wantRow:
			t.Fatalf("round %d: %s: named %v, want row %d", round, what, b, wantRow)
		case wantCheckpoint != 0 && b.Checkpoint != wantCheckpoint && !(what == "delete a checkpoint" && b.Pos > 0):
			t.Fatalf("round %d: %s: named %v, want checkpoint %d", round, what, b, wantCheckpoint)
		}
		exec("DELETE FROM ledger")
		exec("INSERT INTO ledger SELECT * FROM saved")
		exec("DELETE FROM ledger_checkpoint")
		exec("INSERT INTO ledger_checkpoint SELECT * FROM saved_checkpoint")
	}
	// Cutting the end off, checkpoints and all, leaves a chain that holds in
	// itself: only the checkpoint kept beside the database tells.
	exec("DELETE FROM ledger WHERE pos > 50")
	exec("DELETE FROM ledger_checkpoint WHERE size > 50")
	report, err := ledger.Verify(context.Background(), db, key, head)
	if err != nil || report.Broken == nil || report.Broken.Pos != 51 && report.Broken.Pos != 50 {
		t.Errorf("a cut end: %+v, %v", report.Broken, err)
	}
}

func TestSealedRowsRefuseChanges(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		s, _, _ := sealer(t, db)
		record(t, db, happened{"thing", 1})
		sealAll(t, s)
		for _, query := range []string{"UPDATE ledger SET actor = 'x'", "DELETE FROM ledger"} {
			err := db.Operate(context.Background(), func(tx *store.Tx) error { _, err := tx.Exec(query); return err })
			if err == nil || !strings.Contains(err.Error(), "do not change") {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}

// TestSubscribersTakeEffectOnce runs two servers' deliveries at once, with a
// handler that fails now and then, and counts effects.
func TestSubscribersTakeEffectOnce(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		s, key, _ := sealer(t, db)
		const rows = 120
		for i := range rows {
			record(t, db, happened{fmt.Sprint(i), i})
		}
		var calls atomic.Int64
		sub := ledger.Subscriber{Name: "counter", Kinds: []string{"thing.happened"}, Handle: func(tx *store.Tx, e ledger.Entry) error {
			if calls.Add(1)%17 == 0 {
				return errors.New("a passing failure")
			}
			_, err := tx.Exec("INSERT INTO effect (entry, n) VALUES ($1, 1)", e.ID)
			if err != nil {
				return err
			}
			if strings.HasSuffix(e.Subject, "0") {
				return tx.Record(somebody, reacted{e.Subject})
			}
			return tx.Record(somebody, reacted{""})
		}}
		ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
		defer stop()
		var wg sync.WaitGroup
		wg.Go(func() { s.Run(ctx) })
		for range 2 {
			d := ledger.NewDelivery(db, s, slog.New(slog.DiscardHandler), sub)
			wg.Go(func() { d.Run(ctx) })
		}
		for {
			var n, distinct int
			if err := db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COUNT(*), COUNT(DISTINCT entry) FROM effect").Scan(&n, &distinct)
			}); err != nil {
				t.Fatal(err)
			}
			if n != distinct {
				t.Fatalf("%d effects of %d entries", n, distinct)
			}
			if n == rows {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		stop()
		wg.Wait()
		sealAll(t, s)
		report, err := ledger.Verify(context.Background(), db, key)
		if err != nil || report.Broken != nil || report.Rows != 2*rows {
			t.Errorf("afterwards: %+v %v %v", report, report.Broken, err)
		}
	})
}

type reacted struct{ Subject string }

func (r reacted) Heading() store.Heading {
	return store.Heading{Kind: "effect.made", Subject: r.Subject}
}

// BenchmarkSealing measures changes that record one fact each, from 20
// writers, until all are sealed and checkpointed; "changes/s" is the figure.
// With PostgreSQL set YAGURA_POSTGRES_DURABLE=1 to measure with fsync.
func BenchmarkSealing(b *testing.B) {
	run := func(b *testing.B, db *store.DB) {
		s, _, _ := sealer(b, db)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		var next atomic.Int64
		b.ResetTimer()
		elapsed := clock.Stopwatch()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for next.Add(1) <= int64(b.N) {
					record(b, db, happened{"thing", 1})
				}
			})
		}
		wg.Wait()
		for {
			var pending int
			if err := db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COUNT(*) FROM ledger_pending").Scan(&pending)
			}); err != nil {
				b.Fatal(err)
			}
			if pending == 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(float64(b.N)/elapsed().Seconds(), "changes/s")
		b.StopTimer()
		stop()
		<-done
	}
	b.Run("sqlite", func(b *testing.B) { db, _ := storetest.SQLite(b, tables...); run(b, db) })
	b.Run("postgres", func(b *testing.B) { db, _ := storetest.Postgres(b, tables...); run(b, db) })
}
