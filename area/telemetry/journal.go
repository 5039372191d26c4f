package telemetry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"yagura/area/telemetry/intake"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// A batch holds at most so many events and bytes, or what came within linger.
const (
	batchEvents = 500
	batchBytes  = 4 << 20
	linger      = 200 * time.Millisecond
)

// Receipt is the answer to what was handed in, given when it is durable.
type Receipt struct {
	Batch      string `json:"batch"` // of the first event
	Accepted   int64  `json:"accepted"`
	Unreadable int64  `json:"unreadable"`         // of them: kept as they came
	Repeated   bool   `json:"repeated,omitempty"` // was handed in before and not taken again

	parts []part
}

// part is a batch of what was handed in at once.
type part struct {
	batch  string
	events int
}

// Event is the id of the n-th event that was handed in; empty where it was
// handed in before.
func (r Receipt) Event(n int) string {
	for _, p := range r.parts {
		if n < p.events {
			return EventID(p.batch, n)
		}
		n -= p.events
	}
	return ""
}

// parcel is what becomes durable together, and is acknowledged together.
type parcel struct {
	batches []Batch
	key     string                   // delivery that is taken once; empty: none
	with    func(tx *store.Tx) error // more to write in the same transaction
	events  int64
	size    int64
	receipt Receipt
	done    chan error
}

// writer puts parcels into the journal, all that wait at once in one
// transaction, so that the price of a commit is shared.
type writer struct {
	s      *Service
	in     chan *parcel
	mu     sync.RWMutex
	closed bool

	noSpace atomic.Bool // the last write found the disk full
}

func newWriter(s *Service) *writer { return &writer{s: s, in: make(chan *parcel, 256)} }

// Submit journals events of a source. When it returns nil they are durable and
// will be stored and looked at once. A key, where given, names the delivery:
// within a day the same key of the same source is taken once. Too much in the
// journal is a fault of kind too busy.
func (s *Service) Submit(ctx context.Context, src *Source, events []intake.Event, key string) (Receipt, error) {
	if key != "" {
		sum := sha256.Sum256([]byte(src.ID + "\x00" + key))
		key = fmt.Sprintf("%x", sum[:])
	}
	return s.submit(ctx, src, events, &parcel{key: key})
}

func (s *Service) submit(ctx context.Context, src *Source, events []intake.Event, p *parcel) (Receipt, error) {
	if len(events) == 0 && p.with == nil {
		return Receipt{}, nil
	}
	if err := s.level.admits(s.o); err != nil {
		return Receipt{}, err
	}
	s.dress(src, events)
	p.batches, p.receipt, p.events, p.size = nil, Receipt{}, 0, 0
	s.fill(p, src, events)
	return s.send(ctx, src, p)
}

// fill divides events into the batches of a parcel.
func (s *Service) fill(p *parcel, src *Source, events []intake.Event) {
	now := s.db.Now()
	for len(events) > 0 {
		n, size := 0, 0
		for n < len(events) && n < batchEvents && (n == 0 || size < batchBytes) {
			size += len(events[n].Raw) + len(events[n].Original)
			n++
		}
		b := Batch{ID: id.New(), Source: src.ID, Unit: src.Unit, Received: now}
		b.Events = make([]Event, n)
		for i := range b.Events {
			b.Events[i] = b.of(i, events[i])
			if events[i].Problem != "" {
				p.receipt.Unreadable++
			}
		}
		s.place(&b, src.Class, now)
		b.packed = pack(b.Events)
		b.bytes = int64(size)
		p.batches = append(p.batches, b)
		p.receipt.parts = append(p.receipt.parts, part{b.ID, n})
		p.events += int64(n)
		p.size += int64(len(b.packed))
		events = events[n:]
	}
	p.receipt.Accepted = p.events
	if len(p.batches) > 0 {
		p.receipt.Batch = p.batches[0].ID
	}
}

// send hands a parcel to the writer and waits until it is durable.
func (s *Service) send(ctx context.Context, src *Source, p *parcel) (Receipt, error) {
	p.done = make(chan error, 1)
	if err := s.step("packed"); err != nil {
		return Receipt{}, err
	}
	if !s.running() { // a command: there is nobody to share a commit with
		go s.writer.write(ctx, []*parcel{p})
	} else if err := s.writer.put(ctx, p); err != nil {
		return Receipt{}, err
	}
	select {
	case err := <-p.done:
		if err != nil {
			return Receipt{}, err
		}
		s.pulse.seen(src.ID, s.db.Now())
		return p.receipt, nil
	case <-ctx.Done():
		// It may become durable all the same; the sender was told nothing.
		return Receipt{}, ctx.Err()
	}
}

func (w *writer) put(ctx context.Context, p *parcel) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return fault.TooBusy(5*time.Second, "The server is being shut down; try again in a moment")
	}
	select {
	case w.in <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		close(w.in)
	}
}

// run writes until the writer is closed. The context ends nothing by itself:
// what was handed in before is written.
func (w *writer) run(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	n := 1
	if w.s.db.Engine() == store.Postgres {
		n = 3
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for p := range w.in {
				w.write(ctx, w.gather(p))
			}
		})
	}
	wg.Wait()
}

const (
	groupEvents = 20_000
	groupSize   = 8 << 20
)

// gather takes what waits beside the first.
func (w *writer) gather(first *parcel) []*parcel {
	group, events, size := []*parcel{first}, first.events, first.size
	for events < groupEvents && size < groupSize {
		select {
		case p, ok := <-w.in:
			if !ok {
				return group
			}
			group = append(group, p)
			events, size = events+p.events, size+p.size
		default:
			return group
		}
	}
	return group
}

func (w *writer) write(ctx context.Context, group []*parcel) {
	err := w.journal(ctx, group)
	if err != nil && len(group) > 1 {
		for _, p := range group { // one that fails must not take the others with it
			w.write(ctx, []*parcel{p})
		}
		return
	}
	if err == nil {
		for _, p := range group {
			if !p.receipt.Repeated {
				w.s.level.add(p.events, p.size)
			}
		}
		w.s.nudge()
	}
	w.noSpace.Store(errors.Is(err, store.ErrFull))
	for _, p := range group {
		p.done <- err
	}
}

func (w *writer) journal(ctx context.Context, group []*parcel) error {
	if err := w.s.db.Operate(ctx, func(tx *store.Tx) error {
		var fresh []Batch
		for _, p := range group {
			p.receipt.Repeated = false
			if p.key != "" {
				known, err := deliver(tx, p)
				if err != nil {
					return err
				}
				if known {
					continue
				}
			}
			if p.with != nil {
				err := p.with(tx)
				if errors.Is(err, errRepeated) {
					p.receipt.Repeated = true
					continue
				}
				if err != nil {
					return err
				}
			}
			fresh = append(fresh, p.batches...)
		}
		if err := insertBatches(tx, fresh); err != nil {
			return err
		}
		return w.s.step("inserted")
	}); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return w.s.step("journaled")
}

// deliver notes a delivery, or finds what was answered to it before.
func deliver(tx *store.Tx, p *parcel) (known bool, err error) {
	n, err := tx.Exec("INSERT INTO telemetry_delivery (id, batch, events, unreadable, at) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (id) DO NOTHING",
		p.key, p.receipt.Batch, p.receipt.Accepted, p.receipt.Unreadable, tx.Millis())
	if err != nil || n == 1 {
		return false, err
	}
	p.receipt.Repeated, p.receipt.parts = true, nil
	return true, tx.QueryRow("SELECT batch, events, unreadable FROM telemetry_delivery WHERE id = $1", p.key).
		Scan(&p.receipt.Batch, &p.receipt.Accepted, &p.receipt.Unreadable)
}

func insertBatches(tx *store.Tx, batches []Batch) error {
	for _, group := range chunks(batches, 80) {
		var meta, body []byte
		var metaArgs, bodyArgs []any
		for i, b := range group {
			if i > 0 {
				meta, body = append(meta, ','), append(body, ',')
			}
			meta = append(meta, marks(len(metaArgs), 11)...)
			body = append(body, marks(len(bodyArgs), 2)...)
			metaArgs = append(metaArgs, b.ID, b.Source, b.Unit, b.Received.UnixMilli(), int64(len(b.Events)), b.bytes, int64(len(b.packed)), b.Class, store.Millis(b.Arrived), store.Millis(b.Horizon), b.outside)
			bodyArgs = append(bodyArgs, b.ID, b.packed)
		}
		if _, err := tx.Exec("INSERT INTO telemetry_batch (id, source, unit, received, events, bytes, size, class, arrived, horizon, outside) VALUES "+string(meta), metaArgs...); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO telemetry_body (batch, body) VALUES "+string(body), bodyArgs...); err != nil {
			return err
		}
	}
	return nil
}

// level is how full the journal is.
type level struct{ events, size atomic.Int64 }

func (l *level) add(events, size int64) {
	l.events.Add(events)
	l.size.Add(size)
}

func (l *level) full(o Options) bool {
	return l.events.Load() >= o.CapEvents || l.size.Load() >= o.CapBytes
}

// retryAfter is when a sender that was refused should come back.
const retryAfter = 5 * time.Second

func (l *level) admits(o Options) error {
	if l.full(o) {
		return fault.TooBusy(retryAfter, "The journal is full; send the same again in %d seconds", int(retryAfter.Seconds()))
	}
	return nil
}

// measure reads how full the journal is: other processes fill and empty it too.
func (s *Service) measure(ctx context.Context) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		var events, size int64
		if err := tx.QueryRow("SELECT COALESCE(SUM(events), 0), COALESCE(SUM(size), 0) FROM telemetry_batch WHERE state = 0").Scan(&events, &size); err != nil {
			return err
		}
		s.level.events.Store(events)
		s.level.size.Store(size)
		return nil
	})
}

// nudge wakes a worker.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// marks is "($1,$2,…)" for n placeholders after the first so many.
func marks(after, n int) string {
	b := []byte{'('}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "$%d", after+i+1)
	}
	return string(append(b, ')'))
}

func chunks[T any](all []T, n int) [][]T {
	var out [][]T
	for len(all) > n {
		out = append(out, all[:n])
		all = all[n:]
	}
	if len(all) > 0 {
		out = append(out, all)
	}
	return out
}
