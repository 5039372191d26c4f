package telemetry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// What a worker does with a batch: claim it, look at its events (Match), write
// them to the event store, then in ONE transaction let the findings take effect
// and mark the batch as done. Ended anywhere before that commit, the batch is
// worked on again: the store takes the same events once, and what Match found
// has not taken effect. Ended after it, the batch is done.

const (
	claimBatches = 16
	lease        = 30 * time.Second // PostgreSQL: after it another process takes over
	idle         = 250 * time.Millisecond
)

// work works until the context ends.
func (s *Service) work(ctx context.Context) {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	for ctx.Err() == nil {
		// What is begun is ended, so that no claim is left behind.
		n, err := s.Step(context.WithoutCancel(ctx))
		if err != nil {
			s.log.Error("telemetry: a batch could not be worked on", "error", err)
		}
		if n > 0 && err == nil {
			s.nudge() // there may be work for another, too
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// Step works on some of what waits and returns how many batches are done.
func (s *Service) Step(ctx context.Context) (int, error) {
	claim, batches, err := s.claim(ctx)
	if err != nil || len(batches) == 0 {
		return 0, err
	}
	defer s.unclaim(batches)
	if err := s.step("claimed"); err != nil {
		return 0, err
	}
	err = s.process(ctx, claim, batches)
	if err == nil || ctx.Err() != nil || errors.Is(err, errTaken) {
		if err == nil {
			return len(batches), nil
		}
		return 0, nil
	}
	if len(batches) > 1 { // find the one that fails and let the others pass
		done := 0
		for i := range batches {
			if err := s.process(ctx, claim, batches[i:i+1]); err == nil {
				done++
			} else if ctx.Err() == nil && !errors.Is(err, errTaken) {
				s.putOff(ctx, claim, batches[i], err)
			}
		}
		return done, nil
	}
	s.putOff(ctx, claim, batches[0], err)
	return 0, err
}

// errStoring says that the event store did not take a batch.
var errStoring = errors.New("event store")

// patient is for how long at most a batch is put off: one that fails for what is
// in it waits long, one that the event store does not take since it is away, or
// its disk full, goes on soon after the store does.
func patient(cause error) time.Duration {
	var refused *victoria.Refused
	if errors.Is(cause, errStoring) && !errors.As(cause, &refused) {
		return 10 * time.Second
	}
	return 5 * time.Minute
}

// errTaken says that another process took a batch over.
var errTaken = errors.New("telemetry: the batch was taken over")

// process does all that is to be done with batches, up to the commit.
func (s *Service) process(ctx context.Context, claim string, batches []Batch) error {
	var readable []Event
	for i := range batches {
		b := &batches[i]
		if err := s.unpackBatch(b); err != nil {
			return err
		}
		for _, e := range b.Events {
			if e.Problem == "" {
				readable = append(readable, e)
			}
		}
	}
	found, err := s.match(ctx, readable)
	if err != nil {
		return fmt.Errorf("detection: %w", err)
	}
	if err := s.step("matched"); err != nil {
		return err
	}
	if err := s.events.Append(ctx, batches); err != nil {
		return fmt.Errorf("%w: %w", errStoring, err)
	}
	if err := s.step("appended"); err != nil {
		return err
	}
	if err := s.settle(ctx, claim, batches, found); err != nil {
		return err
	}
	for _, b := range batches {
		s.level.add(-int64(len(b.Events)), -int64(len(b.packed)))
	}
	return s.step("settled")
}

// unpackBatch fills in the events of a batch from the journal.
func (s *Service) unpackBatch(b *Batch) error {
	if b.Events != nil {
		return nil
	}
	head := Event{Batch: b.ID, Source: b.Source, Unit: b.Unit, Received: b.Received}
	if src := s.routes.Load().sources[b.Source]; src != nil {
		head.Product, head.Category, head.Service = src.Product, src.Category, src.Service
	}
	events, unreadable := make([]Event, 0, batchEvents), int64(0)
	if err := unpack(b.packed, head, func(e Event) bool {
		events = append(events, e)
		if e.Problem != "" {
			unreadable++
		}
		return true
	}); err != nil {
		return fmt.Errorf("batch %s: %w", b.ID, err)
	}
	b.Events, b.unreadable = events, unreadable
	if b.Arrived.IsZero() { // journaled before there were classes
		s.place(b, b.Class, b.Received)
	}
	b.file()
	return nil
}

// match is Match with a panic as an error: one event that a rule stumbles over
// must not end the program.
func (s *Service) match(ctx context.Context, events []Event) (found Findings, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return s.detector.Match(ctx, events)
}

// settle marks the batches as done and lets the findings take effect, both or
// neither. Findings that change nothing worth a record, such as one more hit
// of a known alert, leave none.
func (s *Service) settle(ctx context.Context, claim string, batches []Batch, found Findings) error {
	do := func(tx *store.Tx) error {
		if err := mark(tx, claim, batches); err != nil {
			return err
		}
		if found != nil {
			if err := s.detector.Apply(tx, found); err != nil {
				return fmt.Errorf("detection: %w", err)
			}
		}
		return s.step("applied")
	}
	if found == nil {
		return s.db.Operate(ctx, do)
	}
	err := s.db.Change(ctx, do)
	if errors.Is(err, store.ErrUnrecorded) {
		err = s.db.Operate(ctx, do)
	}
	return err
}

func mark(tx *store.Tx, claim string, batches []Batch) error {
	for _, b := range batches {
		n, err := tx.Exec("UPDATE telemetry_batch SET state = 1, applied = $2, stored = $3, unreadable = $4, claimed_until = 0, retry_at = 0, error = '' WHERE id = $1 AND state = 0 AND claim = $5",
			b.ID, tx.Millis(), int64(len(b.Events)), b.unreadable, claim)
		if err != nil {
			return err
		}
		if n != 1 {
			return errTaken
		}
	}
	return nil
}

const batchColumns = "id, source, unit, received, events, class, arrived, horizon"

func readBatch(r store.Scanner) (b Batch, err error) {
	var received, arrived, horizon int64
	err = r.Scan(&b.ID, &b.Source, &b.Unit, &received, &b.count, &b.Class, &arrived, &horizon)
	b.Received, b.Arrived, b.Horizon = store.Time(received), store.Time(arrived), store.Time(horizon)
	return b, err
}

// claim takes some of what waits, oldest first. On SQLite there is one process,
// and it remembers by itself; on PostgreSQL the claim is in the row and ends
// when it is not renewed.
func (s *Service) claim(ctx context.Context) (string, []Batch, error) {
	if s.db.Engine() == store.Postgres {
		return s.claimRows(ctx)
	}
	s.claimed.Lock()
	defer s.claimed.Unlock()
	var batches []Batch
	err := s.db.View(ctx, func(tx *store.Tx) error {
		batches = nil
		waiting, err := store.Rows(tx, readBatch, "SELECT "+batchColumns+" FROM telemetry_batch WHERE state = 0 AND retry_at <= $1 ORDER BY id LIMIT $2",
			tx.Millis(), claimBatches+len(s.claimed.ids))
		if err != nil {
			return err
		}
		for _, b := range waiting {
			if !s.claimed.ids[b.ID] && len(batches) < claimBatches {
				batches = append(batches, b)
			}
		}
		return loadBodies(tx, batches)
	})
	if err != nil {
		return "", nil, fmt.Errorf("journal: %w", err)
	}
	for _, b := range batches {
		s.claimed.ids[b.ID] = true
	}
	return "", batches, nil
}

func (s *Service) claimRows(ctx context.Context) (string, []Batch, error) {
	claim := s.node + "/" + id.New()
	var batches []Batch
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		var err error
		batches, err = store.Rows(tx, readBatch, `UPDATE telemetry_batch SET claim = $1, claimed_until = $2 WHERE id IN (
			SELECT id FROM telemetry_batch WHERE state = 0 AND retry_at <= $3 AND claimed_until < $3 ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED)
			RETURNING `+batchColumns, claim, tx.Now.Add(lease).UnixMilli(), tx.Millis(), claimBatches)
		if err != nil {
			return err
		}
		return loadBodies(tx, batches)
	})
	if err != nil {
		return "", nil, fmt.Errorf("journal: %w", err)
	}
	return claim, batches, nil
}

func loadBodies(tx *store.Tx, batches []Batch) error {
	for i := range batches {
		if err := tx.QueryRow("SELECT body FROM telemetry_body WHERE batch = $1", batches[i].ID).Scan(&batches[i].packed); err != nil {
			return fmt.Errorf("batch %s: %w", batches[i].ID, err)
		}
	}
	return nil
}

func (s *Service) unclaim(batches []Batch) {
	s.claimed.Lock()
	defer s.claimed.Unlock()
	for _, b := range batches {
		delete(s.claimed.ids, b.ID)
	}
}

// release frees what this process's predecessor had claimed; on PostgreSQL
// claims of others end by themselves.
func (s *Service) release(ctx context.Context) error {
	if s.db.Engine() == store.Postgres {
		return nil
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE telemetry_batch SET claim = '', claimed_until = 0 WHERE state = 0 AND claim <> ''")
		return err
	})
}

// putOff notes why a batch failed and when it is tried again: after 1 s, then
// twice as long each time up to five minutes, or ten seconds where it is the
// event store that fails. It is never given up.
func (s *Service) putOff(ctx context.Context, claim string, b Batch, cause error) {
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		var attempts int64
		err := tx.QueryRow("SELECT attempts FROM telemetry_batch WHERE id = $1 AND state = 0 AND claim = $2", b.ID, claim).Scan(&attempts)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		wait := min(time.Second<<min(attempts, 10), patient(cause))
		_, err = tx.Exec("UPDATE telemetry_batch SET attempts = attempts + 1, retry_at = $2, claim = '', claimed_until = 0, error = $3 WHERE id = $1",
			b.ID, tx.Now.Add(wait).UnixMilli(), oneLine(cause.Error(), 500))
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.log.Error("telemetry: a failure could not be noted", "batch", b.ID, "error", err)
	}
}

// Recheck writes again what the event store forgot of the batches that are done
// and still held, as one does that was killed before it wrote. It is run at the
// start, and to be run when the event store was restarted.
func (s *Service) Recheck(ctx context.Context) error {
	after := ""
	for ctx.Err() == nil {
		var held []Batch
		if err := s.db.View(ctx, func(tx *store.Tx) error {
			var err error
			held, err = store.Rows(tx, readBatch, "SELECT "+batchColumns+" FROM telemetry_batch WHERE state = 1 AND id > $1 ORDER BY id LIMIT 200", after)
			return err
		}); err != nil {
			return err
		}
		if len(held) == 0 {
			return nil
		}
		after = held[len(held)-1].ID
		missing, err := s.lost(ctx, held)
		if err != nil {
			return err
		}
		if err := s.restore(ctx, held, missing); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// lost are the batches of which the event store lacks what it should have. One
// that lacks something is looked at event by event: what was in time when it came
// and is over meanwhile, as with a backlog of days, is not missed.
func (s *Service) lost(ctx context.Context, held []Batch) ([]string, error) {
	missing, err := s.events.Missing(ctx, held)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	var lacking []Batch
	for _, b := range held {
		if slices.Contains(missing, b.ID) {
			lacking = append(lacking, b)
		}
	}
	missing = nil
	for _, group := range chunks(lacking, claimBatches) {
		if err := s.db.View(ctx, func(tx *store.Tx) error {
			group = slices.DeleteFunc(group, func(b Batch) bool { // let go by another process meanwhile
				err := loadBodies(tx, []Batch{b})
				return errors.Is(err, sql.ErrNoRows)
			})
			return loadBodies(tx, group)
		}); err != nil {
			return nil, err
		}
		for i := range group {
			if err := s.unpackBatch(&group[i]); err != nil {
				return nil, err
			}
		}
		ids, err := s.events.Missing(ctx, group)
		if err != nil {
			return nil, err
		}
		missing = append(missing, ids...)
		for i := range group { // they are let go; who writes again reads them again
			group[i].Events, group[i].packed = nil, nil
		}
	}
	return missing, nil
}

// restore writes batches again and holds them anew. Of many servers that find
// the same missing one does it, and has it to itself until what it wrote can be
// found.
func (s *Service) restore(ctx context.Context, held []Batch, ids []string) error {
	s.restoring.Lock()
	defer s.restoring.Unlock()
	for _, group := range chunks(ids, claimBatches) {
		var batches []Batch
		if err := s.db.Operate(ctx, func(tx *store.Tx) error {
			batches = nil
			for _, b := range held {
				if !slices.Contains(group, b.ID) {
					continue
				}
				n, err := tx.Exec("UPDATE telemetry_batch SET applied = $2, claim = $3, claimed_until = $4 WHERE id = $1 AND state = 1 AND (claimed_until <= $2 OR claim = $3)",
					b.ID, tx.Millis(), s.node, tx.Now.Add(2*lease).UnixMilli())
				if err != nil {
					return err
				}
				if n == 1 {
					batches = append(batches, b)
				}
			}
			return loadBodies(tx, batches)
		}); err != nil {
			return err
		}
		if len(batches) == 0 {
			continue
		}
		for i := range batches {
			if err := s.unpackBatch(&batches[i]); err != nil {
				return err
			}
		}
		s.log.Info("telemetry: the event store had forgotten batches; they are written again", "batches", len(batches))
		if err := s.events.Append(ctx, batches); err != nil {
			return err
		}
	}
	return nil
}
