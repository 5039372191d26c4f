package telemetry

import (
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

// cut divides a batch into blocks. The n-th part of a batch is always the same.
func cut(b *Batch) []block {
	if len(b.Events) == 0 {
		return nil
	}
	oldest, newest := b.Events[0].Time, b.Events[0].Time
	for i := range b.Events {
		if t := b.Events[i].Time; t.Before(oldest) {
			oldest = t
		} else if t.After(newest) {
			newest = t
		}
	}
	if newest.Sub(oldest) < blockSpan {
		packed := b.packed
		if packed == nil {
			packed = pack(b.Events)
		}
		return []block{blockOf(b, 0, b.Events, packed)}
	}
	byWindow := map[int64][]Event{}
	for _, e := range b.Events {
		w := e.Time.UnixMilli() / blockSpan.Milliseconds()
		byWindow[w] = append(byWindow[w], e)
	}
	var blocks []block
	for w, events := range byWindow {
		blocks = append(blocks, blockOf(b, w, events, pack(events)))
	}
	slices.SortFunc(blocks, func(a, b block) int { return int(a.part - b.part) })
	return blocks
}

func blockOf(b *Batch, part int64, events []Event, packed []byte) block {
	bl := block{batch: b.ID, part: part, head: events[0], oldest: events[0].Time.UnixMilli(), events: int64(len(events)), packed: packed}
	bl.newest = bl.oldest
	for i := range events {
		ms := events[i].Time.UnixMilli()
		bl.oldest, bl.newest = min(bl.oldest, ms), max(bl.newest, ms)
		if events[i].Problem != "" {
			bl.problems++
		}
	}
	return bl
}
