package telemetry

import (
	"maps"
	"slices"
	"time"
)

// blockSpan is how far apart events of one block may lie: a question about a
// range must look into blocks that end this much later.
const blockSpan = 5 * time.Minute

type block struct {
	batch            string
	part             int64
	head             Event // what all its events have in common
	oldest, newest   int64
	events, problems int64
	packed           []byte
}

// filedPart is the block of the events that are filed under the time at which
// they came.
const filedPart = -1

// cut divides a batch into blocks. The n-th part of a batch is always the same.
func cut(b *Batch) []block {
	blocks, events := divide(b)
	for i := range blocks {
		if blocks[i].packed = b.packed; b.packed == nil || len(blocks) > 1 {
			blocks[i].packed = pack(events[i])
		}
	}
	return blocks
}

// divide is cut without packing: the blocks and the events of each.
func divide(b *Batch) (blocks []block, parts [][]Event) {
	add := func(part int64, events []Event) {
		if len(events) > 0 {
			blocks, parts = append(blocks, blockOf(b, part, events)), append(parts, events)
		}
	}
	var filed, own []Event
	if !slices.ContainsFunc(b.Events, func(e Event) bool { return !e.Filed.IsZero() }) {
		own = b.Events
	} else {
		for _, e := range b.Events {
			if e.Filed.IsZero() {
				own = append(own, e)
			} else {
				filed = append(filed, e)
			}
		}
	}
	add(filedPart, filed)
	if len(own) == 0 {
		return blocks, parts
	}
	oldest, newest := own[0].Time, own[0].Time
	for i := range own {
		if t := own[i].Time; t.Before(oldest) {
			oldest = t
		} else if t.After(newest) {
			newest = t
		}
	}
	if newest.Sub(oldest) < blockSpan {
		add(0, own)
		return blocks, parts
	}
	byWindow := map[int64][]Event{}
	for _, e := range own {
		w := e.Time.UnixMilli() / blockSpan.Milliseconds()
		byWindow[w] = append(byWindow[w], e)
	}
	for _, w := range slices.Sorted(maps.Keys(byWindow)) {
		add(w, byWindow[w])
	}
	return blocks, parts
}

func blockOf(b *Batch, part int64, events []Event) block {
	bl := block{batch: b.ID, part: part, head: events[0], oldest: events[0].Stands().UnixMilli(), events: int64(len(events))}
	bl.newest = bl.oldest
	for i := range events {
		ms := events[i].Stands().UnixMilli()
		bl.oldest, bl.newest = min(bl.oldest, ms), max(bl.newest, ms)
		if events[i].Problem != "" {
			bl.problems++
		}
	}
	return bl
}

// outOfTime tells whether an event can't stand at its own time: the store would
// not take it, or it would stand on top of every list for years.
func (b *Batch) outOfTime(e *Event) bool {
	return e.Time.Before(b.Horizon) || wrongClock(e.Time, b.Received)
}

// file puts events that are out of time where they came.
func (b *Batch) file() {
	for i := range b.Events {
		if e := &b.Events[i]; b.outOfTime(e) {
			e.Filed = b.Arrived
		}
	}
}
