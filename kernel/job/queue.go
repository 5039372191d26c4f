package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Options say how a kind of job is tried. Zero fields have the defaults.
type Options struct {
	Attempts int           // how often at most; default 15
	Backoff  time.Duration // pause after the first failure, doubled each time up to an hour, a quarter more or less; default 5 s
	Timeout  time.Duration // how long one attempt may take; default 1 min
}

// Handler does a job. It may be called again for the same job, after a
// failure or a crash, so what it does must bear repeating: the job's ID is the
// same each time.
type Handler func(ctx context.Context, j Job) error

type worker struct {
	Options
	do Handler
}

const (
	defaultAttempts = 15
	defaultBackoff  = 5 * time.Second
	defaultTimeout  = time.Minute
	longestBackoff  = time.Hour
	poll            = 400 * time.Millisecond
)

// Queue runs jobs. Due times and deadlines go by the store's clock, which can
// be moved; leases go by the machine's, for they are about whether a process
// lives.
type Queue struct {
	// Workers is how many jobs run at once here; default 8. Lease is how long a
	// job is held without a sign of life before another server takes it; default
	// 1 min. Both are set before Run.
	Workers int
	Lease   time.Duration

	db        *store.DB
	log       *slog.Logger
	wall      clock.Clock
	kinds     map[string]worker
	recurring []*recurring
}

// New returns a queue on the database.
func New(db *store.DB, log *slog.Logger) *Queue {
	q := &Queue{Workers: 8, Lease: time.Minute, db: db, log: log, wall: clock.System(), kinds: map[string]worker{}}
	q.Every("job.purge", time.Hour, q.purge)
	return q
}

// Register says how jobs of a kind are done. It comes before Run; a kind that
// is registered twice is a mistake of the programmers and panics.
func (q *Queue) Register(kind string, o Options, do Handler) {
	if _, ok := q.kinds[kind]; ok {
		panic(fmt.Sprintf("job: kind %s is registered twice", kind))
	}
	if o.Attempts <= 0 {
		o.Attempts = defaultAttempts
	}
	if o.Backoff <= 0 {
		o.Backoff = defaultBackoff
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	q.kinds[kind] = worker{o, do}
}

// Kinds are the kinds that are done here, sorted.
func (q *Queue) Kinds() []string {
	kinds := make([]string, 0, len(q.kinds))
	for k := range q.kinds {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// Run does jobs until the context ends, and returns when the last handler has.
// Jobs interrupted by the end are given back and count no attempt.
func (q *Queue) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { q.repeat(ctx) })
	defer wg.Wait()
	wake, leave := wakes.listen()
	defer leave()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	free := make(chan struct{}, q.Workers)
	for range q.Workers {
		free <- struct{}{}
	}
	for {
		slots := 0
		select {
		case <-ctx.Done():
			return
		case <-free:
			slots = 1
		}
		for more := true; more; { // all that are free
			select {
			case <-free:
				slots++
			default:
				more = false
			}
		}
		jobs, err := q.claim(ctx, slots)
		if err != nil && ctx.Err() == nil {
			q.log.Error("jobs could not be claimed", "error", err)
		}
		for _, j := range jobs {
			wg.Go(func() {
				defer func() { free <- struct{}{} }()
				q.run(ctx, j)
			})
		}
		for range slots - len(jobs) {
			free <- struct{}{}
		}
		if len(jobs) == slots && slots > 0 {
			continue // perhaps there are more: go on as soon as a slot is free
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// Drain does what is due, one after another, until nothing is: tests and the
// demo use it. It returns how many attempts it made.
func (q *Queue) Drain(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		jobs, err := q.claim(ctx, 1)
		if err != nil || len(jobs) == 0 {
			return n, err
		}
		q.run(ctx, jobs[0])
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
	}
}

var errTaken = errors.New("the job was cancelled, or taken by another server")

// run makes one attempt and writes down how it went.
func (q *Queue) run(ctx context.Context, j Job) {
	w := q.kinds[j.Kind]
	work, stop := context.WithTimeoutCause(ctx, w.Timeout, fmt.Errorf("not finished within %s", w.Timeout))
	work, cancel := context.WithCancelCause(work)
	quit := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() { q.hold(work, quit, j, cancel) })
	err := attempt(work, w.do, j)
	if err != nil && work.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", context.Cause(work), err)
	}
	close(quit)
	beat.Wait()
	cancel(nil)
	stop()
	// How it went is written down even while the process is ending.
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if ctx.Err() != nil && err != nil {
		if err := q.giveBack(ending, j); err != nil {
			q.log.Error("a job could not be given back", "job", j.ID, "kind", j.Kind, "error", err)
		}
		return
	}
	if err := q.settle(ending, j, w, err); err != nil {
		q.log.Error("a job's outcome could not be written", "job", j.ID, "kind", j.Kind, "error", err)
	}
}

func attempt(ctx context.Context, do Handler, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do(ctx, j)
}

// hold renews the lease while the job runs, and stops the job where it is no
// longer ours.
func (q *Queue) hold(ctx context.Context, quit <-chan struct{}, j Job, cancel context.CancelCauseFunc) {
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
			ours, err = tx.Exec("UPDATE job SET lease = $1 WHERE id = $2 AND claim = $3", q.until(), j.ID, j.claim)
			return err
		})
		if err != nil && ctx.Err() == nil {
			q.log.Warn("a job's lease could not be renewed", "job", j.ID, "kind", j.Kind, "error", err)
		}
		if err == nil && ours == 0 {
			cancel(errTaken)
			return
		}
	}
}

// until is the end of a lease that begins now.
func (q *Queue) until() int64 { return store.Millis(q.wall.Now().Add(q.Lease)) }

// backoff is the pause after the nth attempt failed.
func (w worker) backoff(attempt int) time.Duration {
	d := w.Backoff
	for range attempt - 1 {
		if d *= 2; d >= longestBackoff {
			d = longestBackoff
			break
		}
	}
	return d*3/4 + rand.N(d/2+1)
}

const (
	keepDone      = 14 * 24 * time.Hour
	keepDiscarded = 400 * 24 * time.Hour
)

// purge forgets jobs that ended long ago.
func (q *Queue) purge(ctx context.Context) error {
	return q.db.Operate(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("DELETE FROM job WHERE state = $1 AND ended < $2", string(Done), store.Millis(tx.Now.Add(-keepDone))); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM job WHERE state = $1 AND ended < $2", string(Discarded), store.Millis(tx.Now.Add(-keepDiscarded)))
		return err
	})
}

func newClaim() string { return id.New() }
