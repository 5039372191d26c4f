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
	behind  int // waiting from all seats of a place
	each    int // waiting from one seat
	waiting int
	turn    []string // places that wait, in their order
	lines   map[string]*line

	watch func() func() (took time.Duration, waiting float64)
	after func(rest time.Duration, f func())
}

// From is where somebody comes from: a place, such as a network, and where many
// share it, as behind one server that asks by RADIUS, the seat there. Places are
// served in turn, and at each turn one of its seats, in turn as well: who makes
// seats up takes turns from his neighbours and from nobody else.
type From struct{ Place, Seat string }

// line is who waits from one place.
type line struct {
	waiting int
	turn    []string // seats that wait, in their order
	queues  map[string][]chan struct{}
}

// crowded is how many wait for a core on average where it is scarce.
const crowded = 0.5

// NewGate leaves half of the cores to everything else.
func NewGate() *Gate {
	return &Gate{free: max(1, runtime.GOMAXPROCS(0)/2), most: 512, behind: 64, each: 16, lines: map[string]*line{},
		watch: func() func() (time.Duration, float64) { return watchCrowd().is },
		after: func(rest time.Duration, f func()) { time.AfterFunc(rest, f) }}
}

// Do runs the check when it is its turn.
func (g *Gate) Do(ctx context.Context, from From, check func() error) error {
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

func (g *Gate) enter(ctx context.Context, from From) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	l := g.lines[from.Place]
	if g.waiting >= g.most || l != nil && (l.waiting >= g.behind || len(l.queues[from.Seat]) >= g.each) {
		g.mu.Unlock()
		return ErrFull
	}
	if l == nil {
		l = &line{queues: map[string][]chan struct{}{}}
		g.lines[from.Place] = l
		g.turn = append(g.turn, from.Place)
	}
	mine := make(chan struct{})
	if len(l.queues[from.Seat]) == 0 {
		l.turn = append(l.turn, from.Seat)
	}
	l.queues[from.Seat] = append(l.queues[from.Seat], mine)
	l.waiting++
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
func (g *Gate) forget(from From, mine chan struct{}) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[from.Place]
	if l == nil {
		return false
	}
	i := slices.Index(l.queues[from.Seat], mine)
	if i < 0 {
		return false
	}
	g.waiting--
	l.waiting--
	if l.queues[from.Seat] = slices.Delete(l.queues[from.Seat], i, i+1); len(l.queues[from.Seat]) == 0 {
		delete(l.queues, from.Seat)
		l.turn = without(l.turn, from.Seat)
	}
	if l.waiting == 0 {
		delete(g.lines, from.Place)
		g.turn = without(g.turn, from.Place)
	}
	return true
}

func without(turn []string, name string) []string {
	return slices.DeleteFunc(turn, func(one string) bool { return one == name })
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.turn) == 0 {
		g.free++
		return
	}
	place := g.turn[0]
	g.turn = g.turn[1:]
	l := g.lines[place]
	next := l.next()
	if l.waiting == 0 {
		delete(g.lines, place)
	} else {
		g.turn = append(g.turn, place)
	}
	g.waiting--
	close(next)
}

// next takes out who has waited longest at the seat whose turn it is.
func (l *line) next() chan struct{} {
	seat := l.turn[0]
	l.turn = l.turn[1:]
	queue := l.queues[seat]
	if len(queue) == 1 {
		delete(l.queues, seat)
	} else {
		l.queues[seat] = queue[1:]
		l.turn = append(l.turn, seat)
	}
	l.waiting--
	return queue[0]
}
