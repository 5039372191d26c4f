package telemetry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/store"
)

// Counting. What was journaled, stored and unreadable stands in the rows of the
// batches themselves, and is added to the counters in the transaction that
// deletes the batch: no crash loses or doubles a number. What was dropped or
// refused never became a batch; it is counted in memory and written every two
// seconds. The row of source "" counts what belongs to no source, such as
// datagrams that the kernel dropped.

// The spans of counters: minutes are kept for two days, hours for good.
const (
	minute    = int64(60_000)
	hour      = int64(3_600_000)
	keepFine  = 48 * time.Hour
	foldLimit = 400
)

// Counts are what happened to the events of a source.
type Counts struct {
	At         time.Time // beginning of the span
	Journaled  int64     // acknowledged
	Stored     int64     // in the event store
	Unreadable int64     // of them: kept as they came
	Outside    int64     // of them: filed under the time at which they came, for theirs could not be
	Dropped    int64     // lost on the way, as far as it can be known
	Refused    int64     // told to come back later; events where known, else requests
	Bytes      int64     // as they came
}

// Received is what came: taken, lost and refused.
func (c Counts) Received() int64 { return c.Journaled + c.Dropped + c.Refused }

func (c *Counts) add(o Counts) {
	c.Journaled += o.Journaled
	c.Stored += o.Stored
	c.Unreadable += o.Unreadable
	c.Outside += o.Outside
	c.Dropped += o.Dropped
	c.Refused += o.Refused
	c.Bytes += o.Bytes
}

type slot struct {
	source string
	span   int64
	at     int64
}

// fold moves the counts of batches that are done and held long enough into the
// counters, and deletes them – once it is sure that the event store has all of
// each. One that it has not is written again and held anew. While the store, or
// one of two, does not answer, nothing is deleted.
func (s *Service) fold(ctx context.Context) (int, error) {
	due, err := s.due(ctx)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	missing, err := s.lost(ctx, due)
	if err != nil {
		return 0, err
	}
	if len(missing) > 0 {
		if err := s.restore(ctx, due, missing); err != nil {
			return 0, err
		}
	}
	var sure []any
	for _, b := range due {
		if !slices.Contains(missing, b.ID) {
			sure = append(sure, b.ID)
		}
	}
	if len(sure) == 0 {
		return len(due), nil
	}
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		sums := map[slot]*Counts{}
		type row struct {
			id string
			slot
			Counts
		}
		gone, err := store.Rows(tx, func(r store.Scanner) (g row, err error) {
			err = r.Scan(&g.id, &g.source, &g.at, &g.Journaled, &g.Stored, &g.Unreadable, &g.Outside, &g.Bytes)
			return g, err
		}, "DELETE FROM telemetry_batch WHERE id IN (SELECT id FROM telemetry_batch WHERE state = 1 AND retry_at <> -1 AND id IN "+marks(0, len(sure))+` ORDER BY id FOR UPDATE SKIP LOCKED)
			RETURNING id, source, received, events, stored, unreadable, outside, bytes`, sure...)
		if err != nil {
			return err
		}
		for _, g := range gone {
			k := slot{g.source, minute, g.at - g.at%minute}
			if sums[k] == nil {
				sums[k] = &Counts{}
			}
			sums[k].add(g.Counts)
		}
		for _, group := range chunks(gone, 500) {
			args := make([]any, len(group))
			for i, g := range group {
				args[i] = g.id
			}
			if _, err := tx.Exec("DELETE FROM telemetry_body WHERE batch IN "+marks(0, len(args)), args...); err != nil {
				return err
			}
		}
		return addCounts(tx, sums)
	})
	return len(due), err
}

// due are batches whose hold is over.
func (s *Service) due(ctx context.Context) ([]Batch, error) {
	var due []Batch
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		due, err = store.Rows(tx, readBatch, fmt.Sprintf("SELECT "+batchColumns+" FROM telemetry_batch WHERE state = 1 AND applied < $1 ORDER BY id LIMIT %d", foldLimit),
			tx.Now.Add(-s.o.Hold).UnixMilli())
		return err
	})
	return due, err
}

// addCounts adds to counters, in one order so that two processes never wait
// for each other in a circle.
func addCounts(tx *store.Tx, sums map[slot]*Counts) error {
	keys := make([]slot, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b slot) int {
		if c := strings.Compare(a.source, b.source); c != 0 {
			return c
		}
		return int(a.at - b.at)
	})
	for _, k := range keys {
		c := sums[k]
		if _, err := tx.Exec(`INSERT INTO telemetry_count (source, span, at, journaled, stored, unreadable, outside, dropped, refused, bytes) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
			ON CONFLICT (source, span, at) DO UPDATE SET journaled = telemetry_count.journaled + excluded.journaled, stored = telemetry_count.stored + excluded.stored,
			unreadable = telemetry_count.unreadable + excluded.unreadable, outside = telemetry_count.outside + excluded.outside, dropped = telemetry_count.dropped + excluded.dropped,
			refused = telemetry_count.refused + excluded.refused, bytes = telemetry_count.bytes + excluded.bytes`,
			k.source, k.span, k.at, c.Journaled, c.Stored, c.Unreadable, c.Outside, c.Dropped, c.Refused, c.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// thin turns old minutes into hours.
func (s *Service) thin(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		sums := map[slot]*Counts{}
		rows, err := store.Rows(tx, func(r store.Scanner) (g struct {
			slot
			Counts
		}, err error) {
			err = r.Scan(&g.source, &g.at, &g.Journaled, &g.Stored, &g.Unreadable, &g.Outside, &g.Dropped, &g.Refused, &g.Bytes)
			return g, err
		}, `DELETE FROM telemetry_count WHERE span = $1 AND at < $2 RETURNING source, at, journaled, stored, unreadable, outside, dropped, refused, bytes`,
			minute, tx.Now.Add(-keepFine).UnixMilli())
		if err != nil {
			return err
		}
		for _, g := range rows {
			k := slot{g.source, hour, g.at - g.at%hour}
			if sums[k] == nil {
				sums[k] = &Counts{}
			}
			sums[k].add(g.Counts)
		}
		return addCounts(tx, sums)
	})
}

// counts reads the counters of sources from a time on, in spans of step, with
// what batches in the journal add. Spans in which nothing happened are absent.
func counts(tx *store.Tx, sources []string, from time.Time, step time.Duration) (map[string][]Counts, error) {
	if len(sources) == 0 {
		return nil, nil
	}
	sums := map[slot]*Counts{}
	read := func(r store.Scanner) (struct{}, error) {
		var k slot
		var c Counts
		err := r.Scan(&k.source, &k.at, &c.Journaled, &c.Stored, &c.Unreadable, &c.Outside, &c.Dropped, &c.Refused, &c.Bytes)
		if sums[k] == nil {
			sums[k] = &Counts{At: store.Time(k.at)}
		}
		sums[k].add(c)
		return struct{}{}, err
	}
	for _, group := range chunks(sources, 500) {
		args := []any{step.Milliseconds(), from.UnixMilli()}
		for _, id := range group {
			args = append(args, id)
		}
		in := marks(2, len(group))
		if _, err := store.Rows(tx, read, `SELECT source, at - at % $1, SUM(journaled), SUM(stored), SUM(unreadable), SUM(outside), SUM(dropped), SUM(refused), SUM(bytes)
			FROM telemetry_count WHERE at >= $2 AND source IN `+in+` GROUP BY 1, 2`, args...); err != nil {
			return nil, err
		}
		if _, err := store.Rows(tx, read, `SELECT source, received - received % $1, SUM(events), SUM(stored), SUM(unreadable), SUM(outside), 0, 0, SUM(bytes)
			FROM telemetry_batch WHERE received >= $2 AND source IN `+in+` GROUP BY 1, 2`, args...); err != nil {
			return nil, err
		}
	}
	out := map[string][]Counts{}
	for k, c := range sums {
		out[k.source] = append(out[k.source], *c)
	}
	for _, cs := range out {
		slices.SortFunc(cs, func(a, b Counts) int { return a.At.Compare(b.At) })
	}
	return out, nil
}
