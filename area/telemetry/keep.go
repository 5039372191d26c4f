package telemetry

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/clock"
)

// Victoria keeps events in one VictoriaLogs: a child of this process, a server,
// or a cluster. Of each event there is a row, by which it is found, and of each
// batch the packed events, from which it is shown byte for byte.
//
// What is written is findable at once for this process, within a second or two
// for others, and on disk some seconds later: Missing tells what was lost.
type Victoria struct {
	node *victoria.Node
	wall clock.Clock // the machine's: ids of batches and the store's delays go by it

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
}

// NewVictoria keeps events at a node.
func NewVictoria(node *victoria.Node) *Victoria {
	s := &Victoria{node: node, wall: clock.System(), back: make(chan struct{}, 1)}
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
func (s *Victoria) Close() { s.node.Close() }

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
	var events rows
	var blobs victoria.Line
	flush := func(most int) error {
		// The packed events first: a row without them could not be shown.
		if len(blobs.B) > most {
			if err := s.node.Insert(ctx, blobsProject, streams, blobs.B); err != nil {
				return err
			}
			blobs.B = blobs.B[:0]
		}
		if len(events.B) > most {
			if err := s.node.Insert(ctx, rowsProject, streams, events.B); err != nil {
				return err
			}
			events.B = events.B[:0]
		}
		return nil
	}
	defer s.dirty.Store(true)
	for i := range batches {
		b := &batches[i]
		has := there[b.ID]
		for _, bl := range cut(b) {
			if has == nil || !has.blob(bl.part) {
				addBlob(&blobs, &bl)
			}
		}
		if err := flush(insertBytes); err != nil {
			return err
		}
		for j := range b.Events {
			if has != nil && has.ordinals[b.Events[j].Ordinal] {
				continue
			}
			events.add(&b.Events[j])
			if len(events.B) > insertBytes {
				if err := flush(0); err != nil {
					return err
				}
			}
		}
	}
	return flush(0)
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
	if err := s.node.Flush(ctx); err != nil {
		if !errors.Is(err, victoria.ErrCannot) {
			s.dirty.Store(true)
		}
		return err
	}
	for waited := clock.Stopwatch(); len(written) > 0 && waited() < 2*time.Second; {
		there, err := s.look(ctx, written)
		if err != nil {
			return err
		}
		written = slices.DeleteFunc(written, func(b Batch) bool { return there[b.ID].complete(b.count) })
		if len(written) > 0 {
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostRecent is how many batches are looked for before an answer.
const mostRecent = 32

func (s *Victoria) wrote(batches []Batch) {
	s.recent.Lock()
	defer s.recent.Unlock()
	for _, b := range batches {
		from, _ := b.span()
		s.recent.batches = append(s.recent.batches, Batch{ID: b.ID, Received: b.Received, count: len(b.Events), from: from})
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

// settled tells what is there of batches, once all that was written of them
// until a moment is findable. What seems to be missing so soon after it was
// written is looked for again: written twice it would be there twice.
func (s *Victoria) settled(ctx context.Context, batches []Batch, until time.Time) (map[string]*presence, error) {
	wait := until.Add(delay).Sub(s.wall.Now())
	err := s.node.Flush(ctx)
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
	var again []Batch
	for _, b := range batches {
		if !there[b.ID].complete(b.size()) {
			again = append(again, b)
		}
	}
	if len(again) == 0 {
		return there, nil
	}
	if err := pause(ctx, time.Second); err != nil {
		return nil, err
	}
	if err := s.node.Flush(ctx); err != nil && !errors.Is(err, victoria.ErrCannot) {
		return nil, err
	}
	more, err := s.look(ctx, again)
	maps.Copy(there, more)
	return there, err
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

// look tells what is there of batches. Events are near the time at which they
// came, as a rule, and looked for there first.
func (s *Victoria) look(ctx context.Context, batches []Batch) (map[string]*presence, error) {
	all := map[string]*presence{}
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
		err := s.node.Query(ctx, victoria.Ask{Project: rowsProject, Query: "* | fields batch, ordinal", Filters: filters, Timeout: lookTimeout}, func(r *victoria.Row) bool {
			var n int
			if n, bad = strconv.Atoi(string(r.Get(fieldOrdinal))); bad == nil {
				if p := all[victoria.Decode(string(r.Get(fieldBatch)))]; p != nil {
					p.ordinals[n] = true
				}
			}
			return bad == nil
		})
		if err = errors.Join(err, bad); err != nil {
			return nil, err
		}
		err = s.node.Query(ctx, victoria.Ask{Project: blobsProject, Query: "* | fields batch, part, chunk, chunks, events", Filters: filters, Timeout: lookTimeout}, func(r *victoria.Row) bool {
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
			return nil, err
		}
		if wide {
			break
		}
		var left []Batch
		for _, b := range todo {
			if !all[b.ID].complete(b.size()) {
				left = append(left, b)
			}
		}
		if todo = left; len(todo) == 0 {
			break
		}
	}
	return all, nil
}

const lookTimeout = 25 * time.Second

func (p *presence) complete(n int) bool {
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

// size is how many events the batch has.
func (b *Batch) size() int {
	if b.Events != nil {
		return len(b.Events)
	}
	return b.count
}

// span is where in time its events are to be looked for first.
func (b *Batch) span() (from, to time.Time) {
	from, to = b.Received.Add(-time.Hour), b.Received.Add(time.Hour)
	if !b.from.IsZero() && b.from.Before(from) {
		from = b.from
	}
	for i := range b.Events {
		if t := b.Events[i].Time; t.Before(from) {
			from = t
		}
	}
	return from, to.Add(time.Second)
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
		for _, b := range group {
			if !there[b.ID].complete(b.size()) {
				missing = append(missing, b.ID)
			}
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
	var bad error
	err := s.node.Query(ctx, victoria.Ask{Project: blobsProject, Query: "chunk:=0 | stats sum(events) events, min(oldest) oldest", Timeout: lookTimeout}, func(r *victoria.Row) bool {
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
	figures, err := s.node.Figures(ctx, "vl_data_size_bytes{")
	z.Bytes = int64(figures["vl_data_size_bytes{"])
	return z, err
}
