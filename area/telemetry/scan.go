package telemetry

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/store"
)

// scan walks the blocks of a range from the newest down and hands out what
// matches in order, until each returns false. Blocks of different sources
// overlap in time, so those that do are merged.
type scan struct {
	s    *Blocks
	q    *Query
	m    *matcher
	c    *Coverage
	each func(Event) bool
	// whole is asked before a block is unpacked whose events all match; when it
	// returns true the block is counted and passed over.
	whole func(b *block) bool

	open    open
	elapsed func() time.Duration
	stop    bool
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
	defaultScan   = 2_000_000
	defaultBudget = 10 * time.Second
	blocksAtOnce  = 32
)

func (sc *scan) run(ctx context.Context) error {
	if err := sc.q.Check(); err != nil {
		return err
	}
	if sc.q.Text != "" {
		return errNoLanguage()
	}
	if sc.q.MaxScan <= 0 {
		sc.q.MaxScan = defaultScan
	}
	if sc.q.Budget <= 0 {
		sc.q.Budget = defaultBudget
	}
	sc.m, sc.elapsed = newMatcher(sc.q), clock.Stopwatch()
	if sc.q.Scope.Empty() {
		return nil
	}
	// No event of a block lies more than blockSpan before its newest.
	top := sc.q.To.Add(blockSpan).UnixMilli()
	if a := sc.q.After; a != nil {
		top = min(top, a.Time+blockSpan.Milliseconds())
	}
	at := block{newest: top + 1}
	for !sc.stop && ctx.Err() == nil {
		blocks, last, err := sc.next(ctx, &at)
		if err != nil {
			return err
		}
		for i := range blocks {
			b := &blocks[i]
			sc.drain(b.newest)
			if sc.stop {
				return nil
			}
			if sc.c.Scanned >= sc.q.MaxScan || sc.elapsed() > sc.q.Budget {
				sc.c.Partial = true
				sc.c.Until = store.Time(b.newest)
				return nil
			}
			if err := sc.take(b); err != nil {
				return err
			}
		}
		if last {
			break
		}
	}
	sc.drain(-1 << 62)
	return ctx.Err()
}

// next reads some blocks further down and moves at behind them.
func (sc *scan) next(ctx context.Context, at *block) (blocks []block, last bool, err error) {
	err = sc.s.db.View(ctx, func(tx *store.Tx) error {
		blocks, last = nil, false
		from := *at
		where, args := "newest >= $1 AND (newest, batch, part) < ($2, $3, $4) AND oldest < $5", []any{sc.q.From.UnixMilli(), from.newest, from.batch, from.part, sc.q.To.UnixMilli()}
		if sc.q.Source != "" {
			where += " AND source = $6"
			args = append(args, sc.q.Source)
		}
		metas, err := store.Rows(tx, readBlock, fmt.Sprintf("SELECT %s FROM event_block WHERE %s ORDER BY newest DESC, batch DESC, part DESC LIMIT %d", blockColumns, where, 8*blocksAtOnce), args...)
		if err != nil {
			return err
		}
		last = len(metas) < 8*blocksAtOnce
		bodies := 0
		for _, b := range metas {
			if bodies == blocksAtOnce {
				last = false
				break
			}
			from = b
			if !sc.q.Scope.Contains(b.head.Unit) || sc.q.Problems && b.problems == 0 {
				continue
			}
			inside := sc.q.plain() && b.oldest >= sc.q.From.UnixMilli() && b.newest < sc.q.To.UnixMilli()
			if !inside || sc.whole == nil || !sc.whole(&b) {
				if err := b.load(tx); err != nil {
					return err
				}
				bodies++
			}
			blocks = append(blocks, b)
		}
		*at = from
		return nil
	})
	return blocks, last, err
}

// take opens a block.
func (sc *scan) take(b *block) error {
	sc.c.Scanned += b.events
	if b.packed == nil {
		return nil // counted whole
	}
	var hits []Event
	err := unpack(b.packed, b.head, func(e Event) bool {
		if sc.m.match(&e) {
			hits = append(hits, e)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("block %s.%d: %w", b.batch, b.part, err)
	}
	if len(hits) > 0 {
		slices.SortFunc(hits, func(x, y Event) int {
			if x.At().before(y.At()) {
				return -1
			}
			return 1
		})
		heap.Push(&sc.open, hits)
	}
	return nil
}

// drain hands out what is newer than every block still to come.
func (sc *scan) drain(newest int64) {
	for len(sc.open) > 0 && !sc.stop && sc.open[0][0].Time.UnixMilli() > newest {
		sc.stop = !sc.each(sc.open[0][0])
		if sc.open[0] = sc.open[0][1:]; len(sc.open[0]) == 0 {
			heap.Pop(&sc.open)
		} else {
			heap.Fix(&sc.open, 0)
		}
	}
}
