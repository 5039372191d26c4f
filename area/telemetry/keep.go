package telemetry

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/clock"
)

// Victoria keeps events in VictoriaLogs: a child of this process, a server, or
// a cluster. Of each event there is a row, by which it is found, and of each
// batch the packed events, from which it is shown byte for byte.
//
// One VictoriaLogs keeps all that it has equally long. Where events are kept by
// several classes there is one for each, a shelf; each is written by itself, and
// one that stands in front of them all is asked.
//
// What is written is findable at once for this process, within a second or two
// for others, and on disk some seconds later: Missing tells what was lost.
type Victoria struct {
	node    *victoria.Node // is asked
	shelves []*shelf       // are written
	wall    clock.Clock    // the machine's: ids of batches and the store's delays go by it

	opened time.Time
	failed atomic.Bool // the last write did
	dirty  atomic.Bool // something was written that may not be findable yet
	tried  struct {
		sync.Mutex
		at map[string]time.Time // batches that were written by this process lately
	}
	recent struct {
		sync.Mutex
		batches []Batch // without their events: written since it was last looked
	}
	back chan struct{}

	overdueAfter time.Duration // what can't be found by then was not taken
}

// Shelf is the part of a store that keeps the events of a class.
type Shelf struct {
	Class
	Node *victoria.Node
}

// NewVictoria keeps events on shelves and asks a node that sees all of them.
// Without shelves the node keeps what it is given, for ever.
func NewVictoria(node *victoria.Node, shelves ...Shelf) *Victoria {
	if len(shelves) == 0 {
		shelves = []Shelf{{Class{Name: Standard}, node}}
	}
	s := &Victoria{node: node, wall: clock.System(), back: make(chan struct{}, 1), overdueAfter: 2 * delay}
	for _, x := range shelves {
		s.shelves = append(s.shelves, &shelf{x})
	}
	s.opened = s.wall.Now()
	s.tried.at = map[string]time.Time{}
	s.dirty.Store(true)
	return s
}

// Returned gets a value after each time the store was away: what it held in
// memory may be lost, so batches that are held are to be compared with it.
func (s *Victoria) Returned() <-chan struct{} { return s.back }

// WasAway says that the store was restarted.
func (s *Victoria) WasAway() {
	s.dirty.Store(true)
	select {
	case s.back <- struct{}{}:
	default:
	}
}

// Close ends connections.
func (s *Victoria) Close() {
	s.node.Close()
	for _, x := range s.shelves {
		x.Node.Close()
	}
}

// insertBytes is how much is sent at once.
const insertBytes = 4 << 20

// Append implements Store.
func (s *Victoria) Append(ctx context.Context, batches []Batch) error {
	err := s.write(ctx, batches)
	if err == nil {
		s.wrote(batches)
	}
	switch {
	case err == nil && s.failed.Swap(false):
		s.WasAway() // it answers again, and may have been killed
	case err != nil && ctx.Err() == nil:
		s.failed.Store(true)
	}
	return err
}

func (s *Victoria) write(ctx context.Context, batches []Batch) error {
	var unsure []Batch
	now := s.wall.Now()
	s.tried.Lock()
	for id, at := range s.tried.at {
		if now.Sub(at) > time.Minute {
			delete(s.tried.at, id)
		}
	}
	var last time.Time
	for _, b := range batches {
		at, again := s.tried.at[b.ID]
		if made, ok := madeAt(b.ID); again || !ok || made.Before(s.opened) || now.Sub(made) > 20*time.Second {
			unsure = append(unsure, b)
			if last = later(last, at); !again {
				last = later(last, s.opened)
			}
		}
		s.tried.at[b.ID] = now
	}
	s.tried.Unlock()
	there := map[string]*presence{}
	if len(unsure) > 0 {
		var err error
		if there, err = s.settled(ctx, unsure, last); err != nil {
			return err
		}
	}
	defer s.dirty.Store(true)
	return s.onShelves(batches, func(x *shelf, batches []Batch) error { return x.write(ctx, batches, there, x.over(now)) })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// madeAt is when an id was made, which is a UUID of version 7.
func madeAt(id string) (time.Time, bool) {
	if len(id) != 36 || id[14] != '7' {
		return time.Time{}, false
	}
	b, err := hex.DecodeString(id[:8] + id[9:13])
	if err != nil {
		return time.Time{}, false
	}
	ms := int64(0)
	for _, c := range b {
		ms = ms<<8 | int64(c)
	}
	return time.UnixMilli(ms), true
}

// delay is how long rows may need to become findable where that can't be asked
// for, as in a cluster.
const delay = 5 * time.Second

// flush makes what was written findable, on all shelves. ErrCannot: one has no
// such command.
func (s *Victoria) flush(ctx context.Context) error {
	var cannot error
	for _, x := range s.shelves {
		if err := x.Node.Flush(ctx); errors.Is(err, victoria.ErrCannot) {
			cannot = err
		} else if err != nil {
			return err
		}
	}
	return cannot
}

// findable makes what this process wrote findable: it asks for it, and looks
// whether it is, for the store tells of a flush as done while another that it
// began by itself is still at work.
func (s *Victoria) findable(ctx context.Context) error {
	s.recent.Lock()
	written := s.recent.batches
	s.recent.batches = nil
	s.recent.Unlock()
	if !s.dirty.Swap(false) && len(written) == 0 {
		return nil
	}
	if err := s.flush(ctx); err != nil {
		if !errors.Is(err, victoria.ErrCannot) {
			s.dirty.Store(true)
		}
		return err
	}
	defer func() { s.overdue(written) }()
	for waited := clock.Stopwatch(); len(written) > 0 && waited() < 2*time.Second; {
		there, err := s.look(ctx, written)
		if err != nil {
			return err
		}
		written = slices.DeleteFunc(written, func(b Batch) bool { return there[b.ID].holds(b.count) })
		if len(written) > 0 {
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// overdue looks after batches that were written and can't be found: for some
// seconds they are looked for again. A store may have answered and taken
// nothing, as VictoriaLogs does with what it had no turn for; then all that is
// held is compared with it now, and not only when the hold is over.
func (s *Victoria) overdue(written []Batch) {
	now := s.wall.Now()
	var young []Batch
	s.tried.Lock()
	for _, b := range written {
		if at, ok := s.tried.at[b.ID]; ok && now.Sub(at) < s.overdueAfter {
			young = append(young, b)
		}
	}
	s.tried.Unlock()
	s.recent.Lock()
	s.recent.batches = append(young, s.recent.batches...)
	s.recent.Unlock()
	if len(young) < len(written) {
		s.WasAway()
	}
}

// mostRecent is how many batches are looked for before an answer.
const mostRecent = 32

// wrote remembers batches for findable, with what of them is not over.
func (s *Victoria) wrote(batches []Batch) {
	s.recent.Lock()
	defer s.recent.Unlock()
	now := s.wall.Now()
	for i := range batches {
		b := &batches[i]
		x, err := s.shelf(b.Class)
		if err != nil {
			continue
		}
		over, n := x.over(now.Add(time.Minute)), len(b.Events)
		for j := range b.Events {
			if b.Events[j].Stands().Before(over) {
				n--
			}
		}
		from, _ := b.span()
		s.recent.batches = append(s.recent.batches, Batch{ID: b.ID, Received: b.Received, Class: b.Class, Arrived: b.Arrived, count: n, from: from})
	}
	if n := len(s.recent.batches); n > mostRecent {
		s.recent.batches = slices.Clone(s.recent.batches[n-mostRecent:])
	}
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// look tells what is there of batches.
func (s *Victoria) look(ctx context.Context, batches []Batch) (map[string]*presence, error) {
	all := map[string]*presence{}
	return all, s.onShelves(batches, func(x *shelf, batches []Batch) error { return x.look(ctx, batches, all) })
}

// settled tells what is there of batches, once all that was written of them
// until a moment is findable. What seems to be missing so soon after it was
// written is looked for again: written twice it would be there twice.
func (s *Victoria) settled(ctx context.Context, batches []Batch, until time.Time) (map[string]*presence, error) {
	wait := until.Add(delay).Sub(s.wall.Now())
	err := s.flush(ctx)
	if errors.Is(err, victoria.ErrCannot) {
		err = pause(ctx, wait)
	}
	if err != nil {
		return nil, err
	}
	there, err := s.look(ctx, batches)
	if err != nil || wait <= 0 {
		return there, err
	}
	again, err := s.incomplete(batches, there)
	if err != nil || len(again) == 0 {
		return there, err
	}
	if err := pause(ctx, time.Second); err != nil {
		return nil, err
	}
	if err := s.flush(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return nil, err
	}
	more, err := s.look(ctx, again)
	maps.Copy(there, more)
	return there, err
}

// incomplete are the batches of which something is missing.
func (s *Victoria) incomplete(batches []Batch, there map[string]*presence) (left []Batch, err error) {
	now := s.wall.Now()
	err = s.onShelves(batches, func(x *shelf, batches []Batch) error {
		for i := range batches {
			if !there[batches[i].ID].complete(&batches[i], x.over(now)) {
				left = append(left, batches[i])
			}
		}
		return nil
	})
	return left, err
}

// Missing implements Store.
func (s *Victoria) Missing(ctx context.Context, batches []Batch) ([]string, error) {
	s.tried.Lock()
	last := s.opened
	for _, b := range batches {
		last = later(last, s.tried.at[b.ID])
	}
	s.tried.Unlock()
	var missing []string
	for _, group := range chunks(batches, 50) {
		there, err := s.settled(ctx, group, last)
		if err != nil {
			return nil, err
		}
		left, err := s.incomplete(group, there)
		if err != nil {
			return nil, err
		}
		for _, b := range left {
			missing = append(missing, b.ID)
		}
	}
	return missing, nil
}

// Size implements Store.
func (s *Victoria) Size(ctx context.Context) (Size, error) {
	var z Size
	if err := s.findable(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return z, err
	}
	for _, x := range s.shelves {
		c, err := x.figures(ctx)
		if err != nil {
			return z, err
		}
		z.Classes = append(z.Classes, c)
		z.Events += c.Events
		z.Bytes += c.Bytes
		if z.Oldest.IsZero() || !c.Oldest.IsZero() && c.Oldest.Before(z.Oldest) {
			z.Oldest = c.Oldest
		}
	}
	return z, nil
}
