package job

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/store"
)

type recurring struct {
	name     string
	interval time.Duration
	do       func(ctx context.Context) error
	held     bool // goes on until it is ended
}

// Every has fn run again and again, the interval after its last end, by one
// server at a time; the first time at once. The name never changes: the row
// that remembers the last time hangs on it. A failure is logged and counted,
// and the next turn comes as ever. It comes before Run.
func (q *Queue) Every(name string, interval time.Duration, fn func(ctx context.Context) error) {
	for _, r := range q.recurring {
		if r.name == name {
			panic(fmt.Sprintf("job: %s recurs twice", name))
		}
	}
	if interval <= 0 {
		panic(fmt.Sprintf("job: %s recurs every %s", name, interval))
	}
	q.recurring = append(q.recurring, &recurring{name: name, interval: interval, do: fn})
}

// Hold has fn run by one server at a time for as long as that server lives: fn
// ends when its context does, and another server begins it within the lease.
// Where fn returns by itself it is begun again a second later. The name never
// changes. It comes before Run; RunDue leaves it out.
func (q *Queue) Hold(name string, fn func(ctx context.Context) error) {
	q.Every(name, time.Second, fn)
	q.recurring[len(q.recurring)-1].held = true
}

// repeat watches over what recurs until the context ends.
func (q *Queue) repeat(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	var mu sync.Mutex
	busy := map[string]bool{}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		due, err := q.dueTurns(ctx)
		if err != nil && ctx.Err() == nil {
			q.log.Error("what recurs could not be looked up", "error", err)
		}
		for _, r := range due {
			mu.Lock()
			taken := busy[r.name]
			busy[r.name] = true
			mu.Unlock()
			if taken {
				continue
			}
			wg.Go(func() {
				defer func() {
					mu.Lock()
					delete(busy, r.name)
					mu.Unlock()
				}()
				if err := q.turn(ctx, r); err != nil && ctx.Err() == nil {
					q.log.Error("what recurs could not be noted", "name", r.name, "error", err)
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// RunDue gives everything that recurs and is due its turn, one after another,
// and returns how many had one: tests and the demo use it.
func (q *Queue) RunDue(ctx context.Context) (int, error) {
	due, err := q.dueTurns(ctx)
	if err != nil {
		return 0, err
	}
	due = slices.DeleteFunc(due, func(r *recurring) bool { return r.held })
	for i, r := range due {
		if err := q.turn(ctx, r); err != nil {
			return i, err
		}
	}
	return len(due), nil
}

func (q *Queue) dueTurns(ctx context.Context) (due []*recurring, err error) {
	type row struct {
		name       string
		due, lease int64
		claim      string
	}
	err = q.db.View(ctx, func(tx *store.Tx) error {
		due = nil
		rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) {
			return x, r.Scan(&x.name, &x.due, &x.lease, &x.claim)
		}, "SELECT name, due, lease, claim FROM job_recurring")
		if err != nil {
			return err
		}
		known := map[string]row{}
		for _, x := range rows {
			known[x.name] = x
		}
		for _, r := range q.recurring {
			x, ok := known[r.name]
			held := x.claim != "" && x.lease >= store.Millis(q.wall.Now())
			if !ok || !held && r.isDue(tx, x.due) {
				due = append(due, r)
			}
		}
		return nil
	})
	return due, err
}

// isDue is true also where the clock was set back: nothing waits longer than
// its interval.
func (r *recurring) isDue(tx *store.Tx, due int64) bool {
	return due <= tx.Millis() || due > tx.Millis()+r.interval.Milliseconds()
}

// turn claims one turn and takes it; where another server has it nothing happens.
func (q *Queue) turn(ctx context.Context, r *recurring) error {
	claim, ours := newClaim(), false
	err := q.db.Operate(ctx, func(tx *store.Tx) error {
		ours = false
		if _, err := tx.Exec("INSERT INTO job_recurring (name, due) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", r.name, tx.Millis()); err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE job_recurring SET claim = $1, lease = $2 WHERE name = $3 AND (claim = '' OR lease < $4) AND (due <= $5 OR due > $6)",
			claim, q.until(), r.name, store.Millis(q.wall.Now()), tx.Millis(), tx.Millis()+r.interval.Milliseconds())
		ours = n == 1
		return err
	})
	if err != nil || !ours {
		return err
	}
	work, cancel := context.WithCancelCause(ctx)
	quit := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() { q.holdTurn(work, quit, r, claim, cancel) })
	took := clock.Stopwatch()
	failure := take(work, r.do)
	spent := took()
	close(quit)
	beat.Wait()
	cancel(nil)
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	return q.db.Operate(ending, func(tx *store.Tx) error {
		next := tx.Millis() + r.interval.Milliseconds()
		if failure != nil && ctx.Err() != nil { // interrupted: the next server goes on at once
			_, err := tx.Exec("UPDATE job_recurring SET claim = '', lease = 0, due = $1 WHERE name = $2 AND claim = $3", tx.Millis(), r.name, claim)
			return err
		}
		if failure != nil {
			q.log.Error("a recurring task failed", "name", r.name, "error", failure)
			_, err := tx.Exec("UPDATE job_recurring SET claim = '', lease = 0, due = $1, ran = $2, took = $3, failures = failures + 1, error = $4 WHERE name = $5 AND claim = $6",
				next, tx.Millis(), spent.Milliseconds(), short(failure), r.name, claim)
			return err
		}
		_, err := tx.Exec("UPDATE job_recurring SET claim = '', lease = 0, due = $1, ran = $2, took = $3, failures = 0, error = '' WHERE name = $4 AND claim = $5",
			next, tx.Millis(), spent.Milliseconds(), r.name, claim)
		return err
	})
}

func take(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do(ctx)
}

func (q *Queue) holdTurn(ctx context.Context, quit <-chan struct{}, r *recurring, claim string, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(q.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var ours int64
		err := q.db.Operate(ctx, func(tx *store.Tx) (err error) {
			ours, err = tx.Exec("UPDATE job_recurring SET lease = $1 WHERE name = $2 AND claim = $3", q.until(), r.name, claim)
			return err
		})
		if err == nil && ours == 0 {
			cancel(errTaken)
			return
		}
	}
}

// Turn is how a recurring task does.
type Turn struct {
	Name     string
	Due      time.Time
	Ran      time.Time     // end of the last turn; zero: none yet
	Took     time.Duration // of the last turn
	Failures int64         // in a row
	Error    string
}

// Turns lists how the recurring tasks do, for the page of jobs.
func Turns(tx *store.Tx) ([]Turn, error) {
	return store.Rows(tx, func(r store.Scanner) (t Turn, err error) {
		var due, ran, took int64
		err = r.Scan(&t.Name, &due, &ran, &took, &t.Failures, &t.Error)
		t.Due, t.Ran, t.Took = store.Time(due), store.Time(ran), time.Duration(took)*time.Millisecond
		return t, err
	}, "SELECT name, due, ran, took, failures, error FROM job_recurring ORDER BY name")
}
