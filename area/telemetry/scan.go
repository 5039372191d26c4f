package telemetry

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/store"
)

// scan walks the packed batches of a range from the newest down and hands out
// their events in order, until each returns false: the way for who wants all.
// Batches of different sources overlap in time, so those that do are merged.
type scan struct {
	a    *asking
	c    *Coverage
	each func(Event) bool

	open open
	stop bool
	last Position // handed out last: what was written twice is handed out once
	any  bool
}

// open are the blocks at hand, the one with the newest event on top.
type open [][]Event

func (o open) Len() int           { return len(o) }
func (o open) Less(i, j int) bool { return o[i][0].At().before(o[j][0].At()) }
func (o open) Swap(i, j int)      { o[i], o[j] = o[j], o[i] }
func (o *open) Push(x any)        { *o = append(*o, x.([]Event)) }
func (o *open) Pop() any {
	old := *o
	x := old[len(old)-1]
	*o = old[:len(old)-1]
	return x
}

const (
	defaultScan  = 2_000_000
	blocksAtOnce = 32
)

func (sc *scan) run(ctx context.Context) error {
	q := sc.a.q
	if q.MaxScan <= 0 {
		q.MaxScan = defaultScan
	}
	// No event of a block lies more than blockSpan before its newest.
	top := q.To.Add(blockSpan)
	if p := q.After; p != nil {
		top = earlier(top, time.UnixMilli(p.Time+1).Add(blockSpan))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	place := rung{top.UnixMilli(), nil}
	for heads := 64; !sc.stop && ctx.Err() == nil; heads = min(heads*4, 1024) {
		list, next, err := sc.heads(ctx, place, heads)
		if err != nil {
			return sc.late(err, place.newest)
		}
		groups := chunks(list, blocksAtOnce)
		coming := sc.fetch(ctx, groups)
		for range groups {
			got := <-coming
			if got.err != nil {
				return sc.late(got.err, got.blocks[0].newest)
			}
			for i := range got.blocks {
				b := &got.blocks[i]
				sc.drain(b.newest)
				if sc.stop {
					return nil
				}
				if sc.c.Scanned >= q.MaxScan || sc.a.elapsed() > q.Budget {
					sc.c.Partial = true
					sc.c.Until = store.Time(b.newest)
					return nil
				}
				if err := sc.take(b); err != nil {
					return err
				}
			}
		}
		if len(list) < heads {
			break
		}
		place = next
	}
	sc.drain(-1 << 62)
	return ctx.Err()
}

// late is what an answer that took too long is: partial.
func (sc *scan) late(err error, until int64) error {
	if !errors.Is(err, victoria.ErrLate) {
		return err
	}
	sc.drain(until)
	sc.c.Partial, sc.c.Until = true, store.Time(until)
	return nil
}

// rung is a place in the order of blocks: behind some of those whose newest
// event is of a moment, or at its beginning.
type rung struct {
	newest int64
	behind map[blobKey]bool
}

// heads are the next n blocks below a place, and the place behind them. The
// store orders texts in its own way, so that only the time is in order there.
func (sc *scan) heads(ctx context.Context, at rung, n int) ([]block, rung, error) {
	filters := append(slices.Clone(sc.a.filters), victoria.Between(sc.a.q.From, time.UnixMilli(at.newest+1)))
	var all []block
	var bad error
	err := sc.a.node.Query(ctx, victoria.Ask{Project: blobsProject, Timeout: sc.a.left(), Filters: filters,
		Query: fmt.Sprintf("chunk:=0 | fields %s | sort by (newest desc) limit %d", blobHead, n+len(at.behind))}, func(r *victoria.Row) bool {
		var b block
		if b, _, bad = readHead(r); bad == nil && !at.behind[blobKey{b.batch, b.part}] {
			all = append(all, b)
		}
		return bad == nil
	})
	if err = errors.Join(err, bad); err != nil || len(all) == 0 {
		return nil, at, err
	}
	slices.SortFunc(all, func(x, y block) int {
		if c := cmp.Compare(y.newest, x.newest); c != 0 {
			return c
		}
		if c := cmp.Compare(y.batch, x.batch); c != 0 {
			return c
		}
		return cmp.Compare(y.part, x.part)
	})
	next := rung{all[len(all)-1].newest, map[blobKey]bool{}}
	if next.newest == at.newest {
		next.behind = maps.Clone(at.behind)
		if next.behind == nil {
			next.behind = map[blobKey]bool{}
		}
	}
	for i := range all {
		if all[i].newest == next.newest {
			next.behind[blobKey{all[i].batch, all[i].part}] = true
		}
	}
	return all, next, nil
}

// fetched is a group of blocks with what is packed.
type fetched struct {
	blocks []block
	err    error
}

// fetch gets what is packed ahead of the reader.
func (sc *scan) fetch(ctx context.Context, groups [][]block) <-chan fetched {
	out := make(chan fetched, 1)
	go func() {
		for _, group := range groups {
			f := fetched{blocks: group}
			var batches []string
			oldest, newest := group[0].newest, group[0].newest
			for i := range group {
				if !slices.Contains(batches, group[i].batch) {
					batches = append(batches, group[i].batch)
				}
				oldest, newest = min(oldest, group[i].newest), max(newest, group[i].newest)
			}
			var all map[blobKey]*block
			if all, f.err = blocks(ctx, sc.a.node, sc.a.q.Scope, batches, time.UnixMilli(oldest), time.UnixMilli(newest), sc.a.left()); f.err == nil {
				for i := range group {
					if b := all[blobKey{group[i].batch, group[i].part}]; b != nil {
						group[i].packed = b.packed
					} else {
						f.err = fmt.Errorf("event store: block %s.%d is not whole", group[i].batch, group[i].part)
					}
				}
			}
			select {
			case out <- f:
			case <-ctx.Done():
				return
			}
			if f.err != nil {
				return
			}
		}
	}()
	return out
}

// take opens a block.
func (sc *scan) take(b *block) error {
	sc.c.Scanned += b.events
	q := sc.a.q
	events := make([]Event, 0, b.events)
	sorted := true
	if err := unpack(b.packed, b.head, func(e Event) bool {
		if at := e.Stands(); at.Before(q.From) || !at.Before(q.To) || q.After != nil && !q.After.before(e.At()) {
			return true
		}
		sorted = sorted && (len(events) == 0 || events[len(events)-1].At().before(e.At()))
		events = append(events, e)
		return true
	}); err != nil {
		return fmt.Errorf("block %s.%d: %w", b.batch, b.part, err)
	}
	if len(events) == 0 {
		return nil
	}
	if !sorted {
		slices.SortFunc(events, func(x, y Event) int {
			if x.At().before(y.At()) {
				return -1
			}
			return 1
		})
	}
	heap.Push(&sc.open, events)
	return nil
}

// drain hands out what is newer than every block still to come.
func (sc *scan) drain(newest int64) {
	for len(sc.open) > 0 && !sc.stop && sc.open[0][0].At().Time > newest {
		e := sc.open[0][0]
		if !sc.any || e.At() != sc.last {
			sc.last, sc.any = e.At(), true
			sc.stop = !sc.each(e)
		}
		if sc.open[0] = sc.open[0][1:]; len(sc.open[0]) == 0 {
			heap.Pop(&sc.open)
		} else {
			heap.Fix(&sc.open, 0)
		}
	}
}
