package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

var tables = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations}

var quiet = slog.New(slog.DiscardHandler)

type asked struct{}

func (asked) Heading() store.Heading { return store.Heading{Kind: "test.asked"} }

func enqueue(t *testing.T, db *store.DB, jobs ...job.Job) (ids []string) {
	t.Helper()
	if err := db.Change(context.Background(), func(tx *store.Tx) error {
		ids = nil
		for _, j := range jobs {
			id, err := job.Enqueue(tx, j)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return tx.Record(authz.System("test"), asked{})
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func find(t *testing.T, db *store.DB, id string) (j job.Job) {
	t.Helper()
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		j, err = job.Find(tx, authz.System("test"), id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return j
}

func drain(t *testing.T, q *job.Queue, want int) {
	t.Helper()
	if n, err := q.Drain(context.Background()); err != nil || n != want {
		t.Fatalf("drained %d, %v; want %d", n, err, want)
	}
}

func TestOnceByKeyAndOnlyWithTheTransaction(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx := context.Background()
		q := job.New(db, quiet)
		var seen []string
		q.Register("mail", job.Options{}, func(_ context.Context, j job.Job) error {
			var to string
			if err := j.Into(&to); err != nil {
				return err
			}
			seen = append(seen, to)
			return nil
		})
		first := enqueue(t, db, job.Job{Kind: "mail", Key: "k", Body: job.Body("a")}, job.Job{Kind: "mail", Key: "k", Body: job.Body("b")})
		if first[0] != first[1] {
			t.Errorf("one key became two jobs: %v", first)
		}
		failed := errors.New("no")
		if err := db.Change(ctx, func(tx *store.Tx) error {
			if _, err := job.Enqueue(tx, job.Job{Kind: "mail", Body: job.Body("never")}); err != nil {
				return err
			}
			return failed
		}); !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if err := db.Change(ctx, func(tx *store.Tx) error {
			_, err := job.Enqueue(tx, job.Job{Kind: "mail"})
			return err
		}); !errors.Is(err, store.ErrUnrecorded) {
			t.Errorf("a change with nothing but a job: %v", err)
		}
		drain(t, q, 1)
		enqueue(t, db, job.Job{Kind: "mail", Key: "k", Body: job.Body("c")}) // done already
		drain(t, q, 0)
		if len(seen) != 1 || seen[0] != "a" {
			t.Errorf("handled %v", seen)
		}
		if j := find(t, db, first[0]); j.State != job.Done || j.Attempt != 1 || j.Ended.IsZero() {
			t.Errorf("%+v", j)
		}
		// Done jobs are forgotten after two weeks, and the key is free again.
		clk.Advance(15 * 24 * time.Hour)
		if n, err := q.RunDue(ctx); n != 1 || err != nil {
			t.Fatalf("purge: %d, %v", n, err)
		}
		enqueue(t, db, job.Job{Kind: "mail", Key: "k", Body: job.Body("d")})
		drain(t, q, 1)
	})
}

func TestDueAndDeadline(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		q := job.New(db, quiet)
		ran := 0
		q.Register("x", job.Options{}, func(context.Context, job.Job) error { ran++; return nil })
		now := db.Now()
		ids := enqueue(t, db,
			job.Job{Kind: "x", Due: now.Add(time.Hour)},
			job.Job{Kind: "x", Due: now.Add(time.Hour), Deadline: now.Add(2 * time.Hour)},
			job.Job{Kind: "not ours", Due: now})
		drain(t, q, 0)
		clk.Advance(3 * time.Hour)
		drain(t, q, 1)
		if j := find(t, db, ids[1]); j.State != job.Dead || j.Error != "the deadline passed" {
			t.Errorf("%+v", j)
		}
		if ran != 1 || find(t, db, ids[2]).State != job.Waiting {
			t.Errorf("ran %d", ran)
		}
	})
}

func TestBackoffThenDeadThenByHand(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx := context.Background()
		admin := authz.System("admin")
		q := job.New(db, quiet)
		var fail error = errors.New("the server is away")
		q.Register("x", job.Options{Attempts: 4, Backoff: time.Minute}, func(context.Context, job.Job) error { return fail })
		id := enqueue(t, db, job.Job{Kind: "x"})[0]
		wait := time.Minute
		for attempt := 1; attempt <= 3; attempt++ {
			drain(t, q, 1)
			j := find(t, db, id)
			pause := j.Due.Sub(db.Now())
			if j.State != job.Waiting || j.Attempt != attempt || pause < wait*3/4-2*time.Second || pause > wait*5/4 {
				t.Fatalf("after attempt %d: %s %d, next in %s (want about %s)", attempt, j.State, j.Attempt, pause, wait)
			}
			clk.Advance(pause + time.Millisecond)
			wait *= 2
		}
		drain(t, q, 1)
		if j := find(t, db, id); j.State != job.Dead || j.Error != "the server is away" {
			t.Fatalf("%+v", j)
		}
		if err := db.Change(ctx, func(tx *store.Tx) error { return job.Retry(tx, authz.Actor{Person: "p"}, id) }); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("retry by anybody: %v", err)
		}
		if err := db.Change(ctx, func(tx *store.Tx) error { return job.Retry(tx, admin, id) }); err != nil {
			t.Fatal(err)
		}
		fail = job.Permanent(errors.New("no such address"))
		drain(t, q, 1)
		if j := find(t, db, id); j.State != job.Dead || j.Attempt != 1 {
			t.Fatalf("%+v", j)
		}
		discard := func(reason string) error {
			return db.Change(ctx, func(tx *store.Tx) error { return job.Discard(tx, admin, id, reason) })
		}
		if err := discard(" "); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("no reason: %v", err)
		}
		if err := discard("the person left"); err != nil {
			t.Fatal(err)
		}
		if err := discard("again"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("twice: %v", err)
		}
		if err := db.View(ctx, func(tx *store.Tx) error {
			history, err := ledger.History(tx, authz.Everything(), id)
			if err == nil && (len(history) != 2 || history[0].Kind != "job.retried" || history[1].Kind != "job.discarded") {
				t.Errorf("history: %+v", history)
			}
			var f job.DiscardedByHand
			if err := history[1].Into(&f); err != nil {
				return err
			}
			if reason, err := tx.Unveil(admin.Who(), f.Reason); err != nil || reason != "the person left" {
				t.Errorf("reason %q, %v", reason, err)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPanicAndLater(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		q := job.New(db, quiet)
		q.Register("panics", job.Options{Attempts: 1}, func(context.Context, job.Job) error { panic("oops") })
		q.Register("slow", job.Options{Attempts: 1, Timeout: 20 * time.Millisecond}, func(ctx context.Context, _ job.Job) error {
			<-ctx.Done()
			return ctx.Err()
		})
		q.Register("later", job.Options{}, func(context.Context, job.Job) error { return job.After(7*time.Hour, errors.New("429")) })
		ids := enqueue(t, db, job.Job{Kind: "panics"}, job.Job{Kind: "slow"}, job.Job{Kind: "later"})
		drain(t, q, 3)
		if j := find(t, db, ids[0]); j.State != job.Dead || j.Error[:11] != "panic: oops" {
			t.Errorf("%+v", j)
		}
		if j := find(t, db, ids[1]); j.State != job.Dead || j.Error != "not finished within 20ms: context deadline exceeded" {
			t.Errorf("%+v", j)
		}
		if j := find(t, db, ids[2]); j.State != job.Waiting || j.Due.Sub(db.Now()) < 6*time.Hour {
			t.Errorf("%+v", j)
		}
	})
}

func TestCancel(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx := context.Background()
		q := job.New(db, quiet)
		ran := 0
		q.Register("remind", job.Options{}, func(context.Context, job.Job) error { ran++; return nil })
		due := db.Now().Add(time.Hour)
		enqueue(t, db, job.Job{Kind: "remind", Key: "INC-1/first", Due: due}, job.Job{Kind: "remind", Key: "INC-1/second", Due: due}, job.Job{Kind: "remind", Key: "INC-10/first", Due: due})
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			ok, err := job.Cancel(tx, "remind", "INC-1/first")
			if err != nil || !ok {
				t.Errorf("cancel: %v, %v", ok, err)
			}
			if ok, _ := job.Cancel(tx, "remind", "INC-1/first"); ok {
				t.Error("cancelled twice")
			}
			n, err := job.CancelPrefix(tx, "remind", "INC-1/")
			if n != 1 {
				t.Errorf("by prefix: %d", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		enqueue(t, db, job.Job{Kind: "remind", Key: "INC-1/first", Due: due})
		clk.Advance(time.Hour)
		drain(t, q, 2)
		if ran != 2 {
			t.Errorf("ran %d", ran)
		}
	})
}

// Two queues on one database are two servers: each job is done once, by
// either; one whose server was killed is taken over.
func TestServersShareAndReplaceEachOther(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		const jobs = 200
		var mu sync.Mutex
		done := map[string]int{}
		finished := make(chan struct{})
		do := func(_ context.Context, j job.Job) error {
			mu.Lock()
			defer mu.Unlock()
			if done[j.ID]++; len(done) == jobs+1 {
				close(finished)
			}
			return nil
		}
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		orphan := enqueue(t, db, job.Job{Kind: "x", Key: "orphan"})[0]
		if err := claimAndVanish(ctx, db, orphan); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 2 {
			q := job.New(db, quiet)
			q.Lease = 5 * time.Second
			q.Register("x", job.Options{}, do)
			wg.Go(func() { q.Run(ctx) })
		}
		for part := range 10 {
			var batch []job.Job
			for i := range jobs / 10 {
				batch = append(batch, job.Job{Kind: "x", Key: fmt.Sprint(part, "/", i)})
			}
			enqueue(t, db, batch...)
		}
		select {
		case <-finished:
		case <-time.After(30 * time.Second):
			mu.Lock()
			t.Errorf("only %d of %d done", len(done), jobs+1)
			mu.Unlock()
		}
		stop()
		wg.Wait()
		for id, n := range done {
			if n != 1 {
				t.Errorf("job %s was done %d times", id, n)
			}
		}
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			counts, err := job.Counts(tx)
			if err == nil && (len(counts) != 1 || counts[0].State != job.Done || counts[0].Jobs != jobs+1) {
				t.Errorf("counts: %+v", counts)
			}
			list, next, err := job.List(tx, authz.System("x"), job.Filter{State: job.Done}, keyset.Page{Sort: "created", Desc: true})
			if err == nil && (len(list) != 50 || next == nil) {
				t.Errorf("list: %d, %v", len(list), next)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// claimAndVanish leaves a job as a killed server does: running, with
// a lease that nobody renews.
func claimAndVanish(ctx context.Context, db *store.DB, id string) error {
	return db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE job SET state = 'running', claim = 'gone', lease = $1, attempt = 1 WHERE id = $2",
			time.Now().Add(300*time.Millisecond).UnixMilli(), id)
		return err
	})
}

func TestEndGivesBack(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx, stop := context.WithCancel(context.Background())
		q := job.New(db, quiet)
		q.Register("x", job.Options{}, func(ctx context.Context, _ job.Job) error {
			stop()
			<-ctx.Done()
			return ctx.Err()
		})
		id := enqueue(t, db, job.Job{Kind: "x"})[0]
		q.Run(ctx)
		if j := find(t, db, id); j.State != job.Waiting || j.Attempt != 0 {
			t.Errorf("%+v", j)
		}
	})
}

func TestEvery(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		var ran, at atomic.Int64
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		var wg sync.WaitGroup
		for range 3 {
			q := job.New(db, quiet)
			q.Every("census", time.Hour, func(context.Context) error {
				if at.Add(1) > 1 {
					t.Error("two servers at once")
				}
				time.Sleep(50 * time.Millisecond)
				at.Add(-1)
				if ran.Add(1) == 2 {
					return errors.New("once in a while")
				}
				return nil
			})
			wg.Go(func() { q.Run(ctx) })
		}
		for want := int64(1); want <= 3; want++ {
			for deadline := time.Now().Add(10 * time.Second); ran.Load() < want && time.Now().Before(deadline); {
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(600 * time.Millisecond)
			if got := ran.Load(); got != want {
				t.Fatalf("ran %d times, want %d", got, want)
			}
			clk.Advance(time.Hour + time.Second)
		}
		stop()
		wg.Wait()
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			turns, err := job.Turns(tx)
			if err == nil && (len(turns) != 2 || turns[0].Name != "census" || turns[0].Took < 40*time.Millisecond) {
				t.Errorf("turns: %+v", turns)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// What is held runs in one server, and in the next one when that ends.
func TestHeldByOneServerAtATime(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		began := make(chan int, 10)
		server := func(n int) (stop func()) {
			q := job.New(db, quiet)
			q.Hold("watch", func(ctx context.Context) error { began <- n; <-ctx.Done(); return ctx.Err() })
			if ran, err := q.RunDue(context.Background()); ran > 1 || err != nil { // job.purge
				t.Fatalf("given a turn that never ends: %d %v", ran, err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { defer close(done); q.Run(ctx) }()
			return func() { cancel(); <-done }
		}
		next := func() int {
			select {
			case n := <-began:
				return n
			case <-time.After(10 * time.Second):
				t.Fatal("nobody holds it")
				return 0
			}
		}
		first := server(1)
		next()
		second := server(2)
		defer second()
		select {
		case n := <-began:
			t.Fatalf("held twice: %d", n)
		case <-time.After(600 * time.Millisecond):
		}
		first()
		if n := next(); n != 2 {
			t.Errorf("held by %d", n)
		}
	})
}
