package password

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// ErrFull is that too many wait already.
var ErrFull = errors.New("password: too many checks are waiting")

// Gate bounds how many passwords are checked at once, since each costs a core
// for a while. Who waits is served in turn by where he comes from: a flood from
// one network waits for itself. Where others wait for the cores as well, a check
// is followed by a rest of twice its own length, so that they have five sixths of
// the cores and not half.
type Gate struct {
	mu      sync.Mutex
	free    int
	most    int // waiting in all
	each    int // waiting from one place
	waiting int
	turn    []string // places that wait, in their order
	queues  map[string][]chan struct{}

	watch func() func() (took time.Duration, waiting float64)
	after func(rest time.Duration, f func())
}

// crowded is how many wait for a core on average where it is scarce.
const crowded = 0.5

// NewGate leaves half of the cores to everything else.
func NewGate() *Gate {
	return &Gate{free: max(1, runtime.GOMAXPROCS(0)/2), most: 512, each: 16, queues: map[string][]chan struct{}{},
		watch: func() func() (time.Duration, float64) { return watchCrowd().is },
		after: func(rest time.Duration, f func()) { time.AfterFunc(rest, f) }}
}

// Do runs the check when it is its turn.
func (g *Gate) Do(ctx context.Context, from string, check func() error) error {
	if err := g.enter(ctx, from); err != nil {
		return err
	}
	seen := g.watch()
	defer func() {
		if took, waiting := seen(); waiting >= crowded {
			g.after(2*took, g.leave)
		} else {
			g.leave()
		}
	}()
	return check()
}

func (g *Gate) enter(ctx context.Context, from string) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	queue := g.queues[from]
	if g.waiting >= g.most || len(queue) >= g.each {
		g.mu.Unlock()
		return ErrFull
	}
	mine := make(chan struct{})
	if len(queue) == 0 {
		g.turn = append(g.turn, from)
	}
	g.queues[from] = append(queue, mine)
	g.waiting++
	g.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	if !g.forget(from, mine) { // it became its turn meanwhile
		g.leave()
	}
	return ctx.Err()
}

// forget takes somebody who went away out of the queue.
func (g *Gate) forget(from string, mine chan struct{}) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queues[from], mine)
	if i < 0 {
		return false
	}
	g.waiting--
	if g.queues[from] = slices.Delete(g.queues[from], i, i+1); len(g.queues[from]) == 0 {
		delete(g.queues, from)
		g.turn = slices.DeleteFunc(g.turn, func(place string) bool { return place == from })
	}
	return true
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.turn) == 0 {
		g.free++
		return
	}
	from := g.turn[0]
	g.turn = g.turn[1:]
	queue := g.queues[from]
	if len(queue) == 1 {
		delete(g.queues, from)
	} else {
		g.queues[from] = queue[1:]
		g.turn = append(g.turn, from)
	}
	g.waiting--
	close(queue[0])
}
