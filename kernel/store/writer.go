package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"yagura/kernel/clock"
)

// writer is the one connection that writes to SQLite. Whoever holds it runs his
// transaction; who waits meanwhile goes on in the same one, behind a savepoint of
// his own, and the last commits for all: under load a commit, and the wait for
// the disk, is shared. Nobody is answered before that, so that what one of them
// saw of another has happened when it is told.
type writer struct {
	lites    *lites        // of one
	patience time.Duration // groupFor

	mu      sync.Mutex
	busy    bool
	waiting []*waiting
	habits  sync.Map // code of a function → *habit
}

// waiting is somebody who wants to write.
type waiting struct {
	brief bool
	turn  chan *group // receives when it is his, with the transaction that goes on
}

// group is a transaction of SQLite with those whose transactions it holds.
type group struct {
	lite    *lite
	age     func() time.Duration
	members int
	done    chan struct{} // closed when it is over
	err     error         // why nothing of it was committed
}

const (
	groupMost = 32
	// groupFor is how long a group lets others in, and how long a transaction takes
	// on average that may go on in one: nobody waits for a long one but those behind.
	groupFor = 5 * time.Millisecond
)

// errLost is that a transaction was well, but one that shared a commit with it
// cost it that. It is run again.
var errLost = errors.New("store: the transaction was lost with another one")

// habit is how long transactions of one function take.
type habit struct{ average atomic.Int64 }

func (h *habit) brief(most time.Duration) bool { return h.average.Load() < int64(most) }

func (h *habit) took(d time.Duration) { h.average.Store((7*h.average.Load() + int64(d)) / 8) }

func (w *writer) habit(fn func(*Tx) error) *habit {
	code := reflect.ValueOf(fn).Pointer()
	if h, ok := w.habits.Load(code); ok {
		return h.(*habit)
	}
	h, _ := w.habits.LoadOrStore(code, &habit{})
	return h.(*habit)
}

// take waits for the writer. Who is brief may be given a transaction that goes
// on; everybody else, and who comes first, gets none.
func (w *writer) take(ctx context.Context, brief bool) (*group, error) {
	w.mu.Lock()
	if !w.busy {
		w.busy = true
		w.mu.Unlock()
		return nil, nil
	}
	me := &waiting{brief, make(chan *group, 1)}
	w.waiting = append(w.waiting, me)
	w.mu.Unlock()
	select {
	case g := <-me.turn:
		return g, nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	if i := slices.Index(w.waiting, me); i >= 0 {
		w.waiting = slices.Delete(w.waiting, i, i+1)
		w.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	w.mu.Unlock()
	w.pass(<-me.turn) // it became his turn meanwhile
	return nil, context.Cause(ctx)
}

// pass lets the next one have the writer: with the transaction, where that may
// go on, otherwise once it is committed.
func (w *writer) pass(g *group) {
	w.mu.Lock()
	if g != nil && (len(w.waiting) == 0 || !w.waiting[0].brief || g.members >= groupMost || g.age() >= w.patience) {
		w.mu.Unlock()
		g.end(g.lite.do(g.lite.commit))
		w.lites.give(g.lite)
		g = nil
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		w.busy = false
		return
	}
	next := w.waiting[0]
	w.waiting = slices.Delete(w.waiting, 0, 1)
	next.turn <- g
}

// end says how it ended, after the commit.
func (g *group) end(err error) {
	if err != nil {
		g.lite.undo()
		g.err = fmt.Errorf("commit: %w", err)
	}
	close(g.done)
}

// drop ends a transaction of which nothing is left.
func (w *writer) drop(g *group) {
	g.lite.undo()
	g.err = errLost
	close(g.done)
	w.lites.give(g.lite)
	w.pass(nil)
}

// begin joins the transaction that goes on, or begins one.
func (w *writer) begin(g *group) (*group, error) {
	if g != nil {
		if err := g.lite.do(g.lite.save); err != nil {
			w.drop(g)
			return nil, errLost
		}
		g.members++
		return g, nil
	}
	l, err := w.lites.take(context.Background()) // there is nobody else
	if err == nil {
		if err = l.do(l.begin); err == nil {
			return &group{lite: l, age: clock.Stopwatch(), members: 1, done: make(chan struct{})}, nil
		}
		w.lites.give(l)
	}
	w.pass(nil)
	return nil, fmt.Errorf("begin: %w", err)
}

// write runs a transaction that writes.
func (w *writer) write(tx *Tx, fn func(*Tx) error) error {
	habit := w.habit(fn)
	g, err := w.take(tx.ctx, habit.brief(w.patience))
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if g, err = w.begin(g); err != nil {
		return err
	}
	alone, over := g.members == 1, false
	undo := func() {
		over = true
		if alone || g.lite.do(g.lite.unsave) != nil || g.lite.do(g.lite.release) != nil {
			w.drop(g) // the others run again
			return
		}
		w.pass(g)
	}
	defer func() {
		if !over { // a panic, or the end of the goroutine
			undo()
		}
	}()
	took := clock.Stopwatch()
	err = tx.on(g.lite, fn)
	habit.took(took())
	if err == nil && !alone {
		err = g.lite.do(g.lite.release)
	}
	if err != nil {
		undo()
		<-g.done
		if g.err != nil && !alone && tx.failed == nil {
			return errLost // what it found has not happened
		}
		return err
	}
	over = true
	w.pass(g)
	<-g.done
	return g.err
}
