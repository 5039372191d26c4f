package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"yagura/area/telemetry/victoria"
)

// windows divides a range from its newest end: short at first, for what is found
// soon, then longer.
func windows(from, to time.Time) iter.Seq2[time.Time, time.Time] {
	return func(yield func(from, to time.Time) bool) {
		w := max(to.Sub(from)/64, time.Minute)
		for to.After(from) {
			lo := to.Add(-w)
			if lo.Sub(from) < w/2 {
				lo = from
			}
			if !yield(lo, to) {
				return
			}
			to, w = lo, w*4
		}
	}
}

// hits are the positions of what is found, newest first, at most n; c says how
// far was looked.
func (a *asking) hits(ctx context.Context, n int, c *Coverage) ([]Position, error) {
	var all []Position
	to := a.q.To
	var after []string
	if p := a.q.After; p != nil {
		to = earlier(to, time.UnixMilli(p.Time+1))
		after = []string{behind(*p)}
	}
	for lo, hi := range windows(a.q.From, to) {
		if len(all) >= n {
			break
		}
		// The store orders texts in its own way, so that only times are in order
		// there: of the last moment everything is needed.
		n := n - len(all)
		var page []Position
		read := func(r *victoria.Row) error {
			p, err := positionOf(r)
			page = append(page, p)
			return err
		}
		err := a.run(ctx, lo, hi, fmt.Sprintf("fields _time, batch, ordinal | sort by (_time desc) limit %d", n), after, read)
		if err == nil && len(page) >= n {
			last := time.UnixMilli(slices.MinFunc(page, func(x, y Position) int { return cmp.Compare(x.Time, y.Time) }).Time)
			page = slices.DeleteFunc(page, func(p Position) bool { return p.Time == last.UnixMilli() })
			err = a.run(ctx, last, last.Add(time.Millisecond), "fields _time, batch, ordinal", after, read)
		}
		all = append(all, page...)
		if errors.Is(err, victoria.ErrLate) {
			c.Partial, c.Until = true, hi.UTC()
			all = all[:len(all)-len(page)]
			break
		}
		if err != nil {
			return nil, a.failure(err)
		}
	}
	slices.SortStableFunc(all, func(x, y Position) int {
		if x == y {
			return 0
		}
		if x.before(y) {
			return -1
		}
		return 1
	})
	all = slices.Compact(all)
	return all[:min(n, len(all))], nil
}

// behind finds what comes after a position.
func behind(p Position) string {
	t := time.UnixMilli(p.Time)
	return fmt.Sprintf(`(_time:<%s or (%s (batch:string_range("", %s) or (%s ordinal:<%d))))`, t.UTC().Format("2006-01-02T15:04:05.000000000Z"), victoria.At(t),
		victoria.Quote(p.Batch), victoria.Exact(fieldBatch, p.Batch), p.Ordinal)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func positionOf(r *victoria.Row) (Position, error) {
	t, err := time.Parse(time.RFC3339Nano, string(r.Get(fieldTime)))
	if err != nil {
		return Position{}, fmt.Errorf("event store: %w", err)
	}
	n, err := strconv.Atoi(string(r.Get(fieldOrdinal)))
	if err != nil {
		return Position{}, fmt.Errorf("event store: %w", err)
	}
	return Position{t.UnixMilli(), victoria.Decode(string(r.Get(fieldBatch))), n}, nil
}
