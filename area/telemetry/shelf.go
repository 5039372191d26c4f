package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"yagura/area/telemetry/victoria"
)

// shelf is one VictoriaLogs that is written: all events of a class.
type shelf struct{ Shelf }

// over is the moment before which events are over: the store does not take them
// any more, or is about to delete them. Nobody misses them. Zero: none is ever.
func (x *shelf) over(now time.Time) time.Time {
	if x.Keep <= 0 {
		return time.Time{}
	}
	return now.Add(-x.Keep)
}

// shelf is where the events of a class are.
func (s *Victoria) shelf(class string) (*shelf, error) {
	for _, x := range s.shelves {
		if x.Name == className(class) {
			return x, nil
		}
	}
	return nil, fmt.Errorf("event store: there is no class %s", className(class))
}

// onShelves does something with the batches of each shelf.
func (s *Victoria) onShelves(batches []Batch, do func(*shelf, []Batch) error) error {
	all := map[*shelf][]Batch{}
	for _, b := range batches {
		x, err := s.shelf(b.Class)
		if err != nil {
			return err
		}
		all[x] = append(all[x], b)
	}
	for _, x := range s.shelves {
		if len(all[x]) > 0 {
			if err := do(x, all[x]); err != nil {
				return err
			}
		}
	}
	return nil
}

// writing gathers rows on their way to a shelf.
type writing struct {
	x      *shelf
	blocks victoria.Line
	events rows
}

// flush sends what is more than so many bytes.
func (w *writing) flush(ctx context.Context, most int) error {
	// The packed events first: a row without them could not be shown.
	if len(w.blocks.B) > most {
		if err := w.x.Node.Insert(ctx, blobsProject, streams, w.blocks.B); err != nil {
			return err
		}
		w.blocks.B = w.blocks.B[:0]
	}
	if len(w.events.B) > most {
		if err := w.x.Node.Insert(ctx, rowsProject, streams, w.events.B); err != nil {
			return err
		}
		w.events.B = w.events.B[:0]
	}
	return nil
}

// write writes what is not there of batches and not over.
func (x *shelf) write(ctx context.Context, batches []Batch, there map[string]*presence, over time.Time) error {
	w := writing{x: x}
	for i := range batches {
		b := &batches[i]
		has := there[b.ID]
		for _, bl := range cut(b) {
			if (has == nil || !has.blob(bl.part)) && !time.UnixMilli(bl.newest).Before(over) {
				addBlob(&w.blocks, &bl)
			}
		}
		if err := w.flush(ctx, insertBytes); err != nil {
			return err
		}
		for j := range b.Events {
			if e := &b.Events[j]; has != nil && has.ordinals[e.Ordinal] || e.Stands().Before(over) {
				continue
			}
			w.events.add(&b.Events[j])
			if len(w.events.B) > insertBytes {
				if err := w.flush(ctx, 0); err != nil {
					return err
				}
			}
		}
	}
	return w.flush(ctx, 0)
}

// presence is what is there of a batch.
type presence struct {
	ordinals map[int]bool
	chunks   map[int64]map[int]bool // by part
	whole    map[int64]int          // how many chunks a part has
	packed   map[int64]int          // how many events
}

func (p *presence) blob(part int64) bool {
	return p.whole[part] > 0 && len(p.chunks[part]) >= p.whole[part]
}

// complete tells whether all of a batch is there that is not over. Where its
// events are not at hand, all of them are expected.
func (p *presence) complete(b *Batch, over time.Time) bool {
	if p.holds(b.size()) {
		return true
	}
	if b.Events == nil || over.IsZero() {
		return false
	}
	for i := range b.Events {
		if e := &b.Events[i]; !e.Stands().Before(over) && !p.ordinals[e.Ordinal] {
			return false
		}
	}
	blocks, _ := divide(b)
	return !slices.ContainsFunc(blocks, func(bl block) bool { return !time.UnixMilli(bl.newest).Before(over) && !p.blob(bl.part) })
}

func (p *presence) holds(n int) bool {
	if len(p.ordinals) < n {
		return false
	}
	for part := range p.chunks {
		if !p.blob(part) {
			return false
		}
		n -= p.packed[part]
	}
	return n <= 0
}

// look tells what is there of batches. Events are near the time at which they
// came, as a rule, and looked for there first.
func (x *shelf) look(ctx context.Context, batches []Batch, all map[string]*presence) error {
	todo := batches
	for _, wide := range []bool{false, true} {
		ids := make([]string, len(todo))
		var from, to time.Time
		for i := range todo {
			ids[i] = todo[i].ID
			a, z := todo[i].span()
			if i == 0 || a.Before(from) {
				from = a
			}
			to = later(to, z)
		}
		filters := []string{victoria.In(fieldBatch, ids)}
		if !wide {
			filters = append(filters, victoria.Between(from, to))
		}
		for _, id := range ids {
			all[id] = &presence{map[int]bool{}, map[int64]map[int]bool{}, map[int64]int{}, map[int64]int{}}
		}
		var bad error
		err := x.Node.Query(ctx, victoria.Ask{Project: rowsProject, Query: "* | fields batch, ordinal", Filters: filters, Timeout: lookTimeout}, func(r *victoria.Row) bool {
			var n int
			if n, bad = strconv.Atoi(string(r.Get(fieldOrdinal))); bad == nil {
				if p := all[victoria.Decode(string(r.Get(fieldBatch)))]; p != nil {
					p.ordinals[n] = true
				}
			}
			return bad == nil
		})
		if err = errors.Join(err, bad); err != nil {
			return err
		}
		err = x.Node.Query(ctx, victoria.Ask{Project: blobsProject, Query: "* | fields batch, part, chunk, chunks, events", Filters: filters, Timeout: lookTimeout}, func(r *victoria.Row) bool {
			p := all[victoria.Decode(string(r.Get(fieldBatch)))]
			if p == nil {
				return true
			}
			part, err1 := strconv.ParseInt(string(r.Get("part")), 10, 64)
			chunk, err2 := strconv.Atoi(string(r.Get("chunk")))
			if bad = errors.Join(err1, err2); bad != nil {
				return false
			}
			if p.chunks[part] == nil {
				p.chunks[part] = map[int]bool{}
			}
			p.chunks[part][chunk] = true
			if n, err := strconv.Atoi(string(r.Get("chunks"))); err == nil {
				p.whole[part] = n
				p.packed[part], bad = strconv.Atoi(string(r.Get("events")))
			}
			return bad == nil
		})
		if err = errors.Join(err, bad); err != nil {
			return err
		}
		if wide {
			break
		}
		var left []Batch
		for _, b := range todo {
			if !all[b.ID].holds(b.size()) {
				left = append(left, b)
			}
		}
		if todo = left; len(todo) == 0 {
			break
		}
	}
	return nil
}

const lookTimeout = 25 * time.Second

// size is how many events the batch has.
func (b *Batch) size() int {
	if b.Events != nil {
		return len(b.Events)
	}
	return b.count
}

// span is where in time its events are to be looked for first.
func (b *Batch) span() (from, to time.Time) {
	from, to = b.Received.Add(-time.Hour), later(b.Received, b.Arrived).Add(time.Hour)
	if !b.from.IsZero() && b.from.Before(from) {
		from = b.from
	}
	for i := range b.Events {
		if t := b.Events[i].Stands(); t.Before(from) {
			from = t
		}
	}
	return from, to.Add(time.Second)
}

// figures are how much is on the shelf.
func (x *shelf) figures(ctx context.Context) (z ClassSize, err error) {
	z.Class = x.Class
	var bad error
	err = x.Node.Query(ctx, victoria.Ask{Project: blobsProject, Query: "chunk:=0 | stats sum(events) events, min(oldest) oldest", Timeout: lookTimeout}, func(r *victoria.Row) bool {
		num := func(name string) int64 {
			v := string(r.Get(name))
			if v == "" || v == "NaN" {
				return 0
			}
			f, err := strconv.ParseFloat(v, 64)
			bad = errors.Join(bad, err)
			return int64(f)
		}
		z.Events = num("events")
		if ms := num("oldest"); ms > 0 {
			z.Oldest = time.UnixMilli(ms).UTC()
		}
		return true
	})
	if err = errors.Join(err, bad); err != nil {
		return z, err
	}
	figures, err := x.Node.Figures(ctx, "vl_data_size_bytes{")
	z.Bytes = int64(figures["vl_data_size_bytes{"])
	return z, err
}
