package telemetry

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"sync"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Pair keeps events twice, in stores that know nothing of each other. An event
// counts as stored when one has it; what the other missed while it was away is
// written to it from the journal, which holds batches until both have them.
// Questions go to one that is whole; where none of those answers, to one that is
// not, and the answer says so.
type Pair struct {
	stores []Store
	log    *slog.Logger
	wall   clock.Clock
	back   chan struct{}

	mu    sync.Mutex
	lacks []map[string]bool // batches that a store is known not to have
	until []time.Time       // a store that failed is left alone until then
}

// NewPair keeps events in all of the stores.
func NewPair(log *slog.Logger, stores ...Store) *Pair {
	p := &Pair{stores: stores, log: log, wall: clock.System(), back: make(chan struct{}, 1)}
	for _, s := range stores {
		p.lacks = append(p.lacks, map[string]bool{})
		p.until = append(p.until, time.Time{})
		go func() {
			for range s.Returned() {
				p.returned()
			}
		}()
	}
	return p
}

func (p *Pair) returned() {
	select {
	case p.back <- struct{}{}:
	default:
	}
}

// Returned implements Store.
func (p *Pair) Returned() <-chan struct{} { return p.back }

// leftAlone is how long a store that failed is not asked.
const leftAlone = 3 * time.Second

var errLeftAlone = errors.New("event store: it did not answer a moment ago")

// call calls a store unless it failed just now, and notes how it went.
func (p *Pair) call(ctx context.Context, i int, do func(Store) error) error {
	p.mu.Lock()
	alone, was := p.wall.Now().Before(p.until[i]), !p.until[i].IsZero()
	p.mu.Unlock()
	if alone {
		return errLeftAlone
	}
	err := do(p.stores[i])
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil && was:
		p.until[i] = time.Time{}
		p.log.Info("event store: it answers again", "store", i+1, "lacking", len(p.lacks[i]))
		p.returned()
	case err != nil && ctx.Err() == nil && down(err):
		p.until[i] = p.wall.Now().Add(leftAlone)
		if !was {
			p.log.Error("event store: one of two does not answer; what it misses is written to it later", "store", i+1, "error", err)
		}
	}
	return err
}

// down tells whether it is the store that failed, and not the question.
func down(err error) bool {
	return fault.As(err) == nil || fault.Is(err, fault.KindTooBusy)
}

// Append implements Store.
func (p *Pair) Append(ctx context.Context, batches []Batch) error {
	failed := make([]error, len(p.stores))
	var wg sync.WaitGroup
	for i := range p.stores {
		wg.Go(func() { failed[i] = p.call(ctx, i, func(s Store) error { return s.Append(ctx, batches) }) })
	}
	wg.Wait()
	stored := false
	p.mu.Lock()
	for i, err := range failed {
		for _, b := range batches {
			if err == nil {
				delete(p.lacks[i], b.ID)
			} else {
				p.lacks[i][b.ID] = true
			}
		}
		stored = stored || err == nil
	}
	p.mu.Unlock()
	if !stored {
		return errors.Join(failed...)
	}
	return nil
}

// Missing implements Store: a batch is missing that is not in both. While one
// does not answer nobody knows, and that is an error.
func (p *Pair) Missing(ctx context.Context, batches []Batch) ([]string, error) {
	missing := map[string]bool{}
	for i := range p.stores {
		var ids []string
		if err := p.call(ctx, i, func(s Store) (err error) {
			ids, err = s.Missing(ctx, batches)
			return err
		}); err != nil {
			return nil, err
		}
		p.mu.Lock()
		for _, b := range batches {
			delete(p.lacks[i], b.ID)
		}
		for _, id := range ids {
			missing[id], p.lacks[i][id] = true, true
		}
		p.mu.Unlock()
	}
	var all []string
	for _, b := range batches {
		if missing[b.ID] {
			all = append(all, b.ID)
		}
	}
	return all, nil
}

// order is in which order stores are asked: first those that are whole.
func (p *Pair) order() (order []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.wall.Now()
	for _, want := range []func(i int) bool{
		func(i int) bool { return !now.Before(p.until[i]) && len(p.lacks[i]) == 0 },
		func(i int) bool { return !now.Before(p.until[i]) && len(p.lacks[i]) > 0 },
		func(i int) bool { return now.Before(p.until[i]) },
	} {
		for i := range p.stores {
			if want(i) {
				order = append(order, i)
			}
		}
	}
	return order
}

func (p *Pair) whole(i int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lacks[i]) == 0
}

// partly says in c where the store that answered lacks something.
func (p *Pair) partly(i int, c *Coverage) {
	if !p.whole(i) {
		c.Partial = true
		c.Why = text.M("One of the two event stores does not answer. The other lacks events that came while it was away itself; they are added as soon as both answer.")
	}
}

// ask asks one store after the other until one answers; do says whether it had
// begun to hand something out.
func (p *Pair) ask(ctx context.Context, do func(s Store) (begun bool, err error), c *Coverage) error {
	var failed error
	for _, i := range p.order() {
		begun := false
		err := p.call(ctx, i, func(s Store) (err error) {
			begun, err = do(s)
			return err
		})
		if err == nil {
			if c != nil {
				p.partly(i, c)
			}
			return nil
		}
		if begun || ctx.Err() != nil || !down(err) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	return storeFault(failed)
}

// Query implements Store.
func (p *Pair) Query(ctx context.Context, q Query, c *Coverage) iter.Seq2[Event, error] {
	return through(p, ctx, c, func(s Store, c *Coverage) iter.Seq2[Event, error] { return s.Query(ctx, q, c) })
}

// Rows implements Store.
func (p *Pair) Rows(ctx context.Context, q Query, most int, c *Coverage) iter.Seq2[Row, error] {
	return through(p, ctx, c, func(s Store, c *Coverage) iter.Seq2[Row, error] { return s.Rows(ctx, q, most, c) })
}

func through[T any](p *Pair, ctx context.Context, c *Coverage, from func(Store, *Coverage) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if c == nil {
			c = new(Coverage)
		}
		stopped := false
		if err := p.ask(ctx, func(s Store) (begun bool, err error) {
			*c = Coverage{}
			for v, err := range from(s, c) {
				if err != nil {
					return begun, err
				}
				begun = true
				if stopped = !yield(v, nil); stopped {
					break
				}
			}
			return begun, nil
		}, c); err != nil && !stopped {
			var none T
			yield(none, err)
		}
	}
}

// Survey implements Store.
func (p *Pair) Survey(ctx context.Context, q Query, o SurveyOptions) (v Survey, err error) {
	err = p.ask(ctx, func(s Store) (bool, error) {
		v, err = s.Survey(ctx, q, o)
		return false, err
	}, &v.Coverage)
	return v, err
}

// Find implements Store. What one does not know the other may.
func (p *Pair) Find(ctx context.Context, scope authz.Scope, id string) (e Event, err error) {
	var unknown, failed error
	for _, i := range p.order() {
		err := p.call(ctx, i, func(s Store) (err error) {
			e, err = s.Find(ctx, scope, id)
			return err
		})
		switch {
		case err == nil:
			return e, nil
		case fault.Is(err, fault.KindNotFound):
			unknown = err
			if p.whole(i) {
				return Event{}, err
			}
		case !down(err) || ctx.Err() != nil:
			return Event{}, err
		default:
			failed = errors.Join(failed, err)
		}
	}
	if unknown != nil && failed == nil {
		return Event{}, unknown
	}
	return Event{}, storeFault(failed)
}

// Size implements Store: of one of them.
func (p *Pair) Size(ctx context.Context) (z Size, err error) {
	err = p.ask(ctx, func(s Store) (bool, error) {
		z, err = s.Size(ctx)
		return false, err
	}, nil)
	return z, err
}

// Dump implements Store: a backup is whole or none.
func (p *Pair) Dump(ctx context.Context, w io.Writer) (int64, error) {
	order := p.order()
	if !p.whole(order[0]) {
		return 0, errors.New("event store: none of the two has all events at present; try again when both answer")
	}
	return p.stores[order[0]].Dump(ctx, w)
}

// Load implements Store: both must take it. The backup is read once and written
// to both.
func (p *Pair) Load(ctx context.Context, r io.Reader) (int64, error) {
	pipes := make([]*io.PipeWriter, len(p.stores)-1)
	errs := make([]error, len(p.stores))
	var wg sync.WaitGroup
	writers := make([]io.Writer, len(pipes))
	for i := range pipes {
		out, in := io.Pipe()
		pipes[i], writers[i] = in, in
		wg.Go(func() {
			_, errs[i+1] = p.stores[i+1].Load(ctx, out)
			out.CloseWithError(errors.Join(errs[i+1], io.ErrClosedPipe))
		})
	}
	n, err := p.stores[0].Load(ctx, io.TeeReader(r, io.MultiWriter(writers...)))
	errs[0] = err
	for _, in := range pipes {
		in.CloseWithError(err)
	}
	wg.Wait()
	return n, errors.Join(errs...)
}
