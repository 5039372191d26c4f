package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
)

// shownAtOnce is for how many hits packed events are fetched together.
const shownAtOnce = 200

// events turns positions into events, in their order, until each returns false.
func (a *asking) events(ctx context.Context, at []Position, each func(Event) bool) error {
	for _, group := range chunks(at, shownAtOnce) {
		found, err := a.load(ctx, group)
		for again := 0; err == nil && len(found) < len(group) && again < 20; again++ { // the row came first
			if err = pause(ctx, 100*time.Millisecond); err == nil {
				found, err = a.load(ctx, group)
			}
		}
		if err != nil {
			return err
		}
		lost := 0
		for _, p := range group {
			e, ok := found[p]
			if !ok {
				lost++
				continue
			}
			if !each(e) {
				return nil
			}
		}
		if lost > 0 {
			return storeFault(fmt.Errorf("event store: %d events are found whose content is not there", lost))
		}
	}
	return nil
}

func (a *asking) load(ctx context.Context, group []Position) (map[Position]Event, error) {
	var batches []string
	oldest, newest := group[0].Time, group[0].Time
	for _, p := range group {
		if !slices.Contains(batches, p.Batch) {
			batches = append(batches, p.Batch)
		}
		oldest, newest = min(oldest, p.Time), max(newest, p.Time)
	}
	blocks, err := blocks(ctx, a.node, a.q.Scope, batches, time.UnixMilli(oldest), time.UnixMilli(newest).Add(blockSpan), lookTimeout)
	if err != nil {
		return nil, storeFault(err)
	}
	wanted := map[Position]bool{}
	for _, p := range group {
		wanted[p] = true
	}
	found := map[Position]Event{}
	for _, b := range blocks {
		if err := unpack(b.packed, b.head, func(e Event) bool {
			if wanted[e.At()] {
				// The rest of the block is let go.
				e.Doc, e.Original = slices.Clone(e.Doc), slices.Clone(e.Original)
				found[e.At()] = e
			}
			return true
		}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// blocks fetches packed events of batches whose newest event lies in a range.
func blocks(ctx context.Context, node *victoria.Node, scope authz.Scope, batches []string, from, to time.Time, timeout time.Duration) (map[blobKey]*block, error) {
	filters := []string{victoria.In(fieldBatch, batches)}
	if !from.IsZero() {
		filters = append(filters, victoria.Between(from, to.Add(time.Millisecond)))
	}
	p := newPieces()
	var bad error
	err := node.Query(ctx, victoria.Ask{Project: blobsProject, Query: "*", Filters: filters, Timeout: timeout}, func(r *victoria.Row) bool {
		if scope.Contains(victoria.Decode(string(r.Get(fieldUnit)))) {
			bad = p.add(r)
		}
		return bad == nil
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	return p.whole()
}

// Find implements Store.
func (s *Victoria) Find(ctx context.Context, scope authz.Scope, id string) (Event, error) {
	none := fault.NotFound("There is no such event, or you may not see it")
	batch, ordinal, ok := ParseID(id)
	if !ok {
		return Event{}, none
	}
	if err := s.findable(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return Event{}, storeFault(err)
	}
	var from, to time.Time
	if made, ok := madeAt(batch); ok {
		from, to = made.Add(-time.Hour), made.Add(time.Hour)
	}
	for {
		blocks, err := blocks(ctx, s.node, scope, []string{batch}, from, to, lookTimeout)
		if err != nil {
			return Event{}, storeFault(err)
		}
		for _, b := range blocks {
			var found *Event
			if err := unpack(b.packed, b.head, func(e Event) bool {
				if e.Ordinal == ordinal {
					found = &e
				}
				return found == nil
			}); err != nil {
				return Event{}, err
			}
			if found != nil {
				return *found, nil
			}
		}
		if from.IsZero() {
			return Event{}, none
		}
		from, to = time.Time{}, time.Time{} // not near the time it came
	}
}
