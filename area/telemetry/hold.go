package telemetry

import (
	"context"
	"fmt"
	"time"

	"yagura/kernel/store"
)

// What an operator may see and do of the journal beside a running server: the
// journal is rows of the database, and the server finds what was asked of it in
// them.

// JournalPart says which batches are meant.
type JournalPart int

// The parts.
const (
	JournalWaiting JournalPart = iota // not done with
	JournalHeld                       // done, and held in case the event store forgets them
	JournalAll
)

// JournalStatus is how the journal is doing.
type JournalStatus struct {
	Waiting JournalSum  `json:"waiting"`
	Held    JournalSum  `json:"held"`
	Again   int64       `json:"being_written_again"` // of the held: batches
	Failing []FailedTry `json:"failing"`
	More    bool        `json:"more_failing,omitempty"`
}

// JournalSum adds batches up.
type JournalSum struct {
	Batches int64     `json:"batches"`
	Events  int64     `json:"events"`
	Bytes   int64     `json:"bytes"` // as kept
	Oldest  time.Time `json:"oldest,omitzero"`
}

// FailedTry is a batch that could not be worked on so far.
type FailedTry struct {
	Batch    string    `json:"batch"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	Events   int64     `json:"events"`
	Attempts int64     `json:"attempts"`
	Next     time.Time `json:"next"`
	Reason   string    `json:"reason"`
}

const failingShown = 100

// again marks a held batch that is to be written to the event store once more.
const again = -1

// ReadStatus looks at the journal of a database.
func ReadStatus(ctx context.Context, db *store.DB) (JournalStatus, error) {
	var j JournalStatus
	return j, db.View(ctx, func(tx *store.Tx) error {
		j = JournalStatus{Failing: []FailedTry{}}
		for state, sum := range []*JournalSum{&j.Waiting, &j.Held} {
			var oldest int64
			if err := tx.QueryRow("SELECT COUNT(*), COALESCE(SUM(events), 0), COALESCE(SUM(size), 0), COALESCE(MIN(received), 0) FROM telemetry_batch WHERE state = $1", state).
				Scan(&sum.Batches, &sum.Events, &sum.Bytes, &oldest); err != nil {
				return err
			}
			sum.Oldest = store.Time(oldest)
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM telemetry_batch WHERE state = 1 AND retry_at = $1", again).Scan(&j.Again); err != nil {
			return err
		}
		var err error
		j.Failing, err = store.Rows(tx, func(r store.Scanner) (f FailedTry, err error) {
			var received, next int64
			err = r.Scan(&f.Batch, &f.Source, &received, &f.Events, &f.Attempts, &next, &f.Reason)
			f.Received, f.Next = store.Time(received), store.Time(next)
			return f, err
		}, "SELECT id, source, received, events, attempts, retry_at, error FROM telemetry_batch WHERE state = 0 AND attempts > 0 ORDER BY id LIMIT $1", failingShown+1)
		if len(j.Failing) > failingShown {
			j.Failing, j.More = j.Failing[:failingShown], true
		}
		if j.Failing == nil {
			j.Failing = []FailedTry{}
		}
		return err
	})
}

// Replay has batches that failed tried at once; with held, it has the batches
// that are held written to the event store again, without detection. It returns
// how many batches that concerns.
func Replay(ctx context.Context, db *store.DB, held bool) (n int64, err error) {
	return n, db.Operate(ctx, func(tx *store.Tx) (err error) {
		if held {
			n, err = tx.Exec("UPDATE telemetry_batch SET retry_at = $1 WHERE state = 1", again)
			return err
		}
		n, err = tx.Exec("UPDATE telemetry_batch SET retry_at = 0 WHERE state = 0 AND attempts > 0 AND retry_at > $1", tx.Millis())
		return err
	})
}

// writeAgain does what Replay asked for of held batches.
func (s *Service) writeAgain(ctx context.Context) error {
	for ctx.Err() == nil {
		var batches []Batch
		if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			batches, err = store.Rows(tx, readBatch, "SELECT "+batchColumns+" FROM telemetry_batch WHERE state = 1 AND retry_at = $1 ORDER BY id LIMIT $2", again, claimBatches)
			if err != nil {
				return err
			}
			return loadBodies(tx, batches)
		}); err != nil || len(batches) == 0 {
			return err
		}
		for i := range batches {
			if err := s.unpackBatch(&batches[i]); err != nil {
				return err
			}
		}
		if err := s.events.Append(ctx, batches); err != nil {
			return fmt.Errorf("event store: %w", err)
		}
		if err := s.db.Operate(ctx, func(tx *store.Tx) error {
			for _, b := range batches {
				if _, err := tx.Exec("UPDATE telemetry_batch SET retry_at = 0 WHERE id = $1 AND state = 1 AND retry_at = $2", b.ID, again); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// ReadJournal hands out the events of a part of the journal, in the order in
// which they came.
func ReadJournal(ctx context.Context, db *store.DB, part JournalPart, each func(Event) error) error {
	states := map[JournalPart]string{JournalWaiting: "state = 0", JournalHeld: "state = 1", JournalAll: "state >= 0"}[part]
	after := ""
	for {
		var batches []Batch
		if err := db.View(ctx, func(tx *store.Tx) (err error) {
			batches, err = store.Rows(tx, readBatch, "SELECT "+batchColumns+" FROM telemetry_batch WHERE "+states+" AND id > $1 ORDER BY id LIMIT 50", after)
			if err != nil {
				return err
			}
			return loadBodies(tx, batches)
		}); err != nil {
			return err
		}
		if len(batches) == 0 {
			return nil
		}
		for _, b := range batches {
			after = b.ID
			var failed error
			if err := unpack(b.packed, Event{Batch: b.ID, Source: b.Source, Unit: b.Unit, Received: b.Received}, func(e Event) bool {
				failed = each(e)
				return failed == nil
			}); err != nil {
				return fmt.Errorf("batch %s: %w", b.ID, err)
			}
			if failed != nil {
				return failed
			}
		}
	}
}

// SourceSum is a source with what became of its events, for commands.
type SourceSum struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Unit        string    `json:"unit"`
	State       State     `json:"state"`
	LastSeen    time.Time `json:"last_seen,omitzero"`
	SilentSince time.Time `json:"silent_since,omitzero"`
	Received    int64     `json:"received"`
	Journaled   int64     `json:"journaled"`
	Stored      int64     `json:"stored"`
	Unreadable  int64     `json:"unreadable"`
	Outside     int64     `json:"out_of_time"` // filed under the time at which they came
	Lost        int64     `json:"lost"`
	Refused     int64     `json:"told_to_wait"`
}

// ReadSources sums up what became of the events of every source in a span of
// time.
func ReadSources(ctx context.Context, db *store.DB, back time.Duration) ([]SourceSum, error) {
	var all []SourceSum
	return all, db.View(ctx, func(tx *store.Tx) error {
		all = nil
		sources, err := allSources(tx)
		if err != nil {
			return err
		}
		ids := make([]string, len(sources))
		for i, s := range sources {
			ids[i] = s.ID
		}
		sums, err := counts(tx, ids, tx.Now.Add(-back).Truncate(time.Minute), 24*time.Hour)
		if err != nil {
			return err
		}
		for _, s := range sources {
			var c Counts
			for _, x := range sums[s.ID] {
				c.add(x)
			}
			all = append(all, SourceSum{ID: s.ID, Name: s.Name, Unit: s.Unit, State: s.StateAt(tx.Now), LastSeen: s.LastSeen, SilentSince: s.SilentSince,
				Received: c.Received(), Journaled: c.Journaled, Stored: c.Stored, Unreadable: c.Unreadable, Outside: c.Outside, Lost: c.Dropped, Refused: c.Refused})
		}
		return nil
	})
}
