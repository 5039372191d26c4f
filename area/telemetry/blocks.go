package telemetry

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

//go:embed blocks.sql
var blocksSchema string

// BlocksMigrations are the tables of Blocks, for the database it lies in.
var BlocksMigrations = store.Migrations{Area: "telemetry_events", SQL: blocksSchema}

// Blocks keeps events in a relational database: a batch is one compressed row,
// or several where its events lie more than blockSpan apart, found by the time
// of its newest event. What is appended is durable when Append returns.
type Blocks struct{ db *store.DB }

// NewBlocks keeps events in db, which has BlocksMigrations.
func NewBlocks(db *store.DB) *Blocks { return &Blocks{db} }

// OpenBlocks opens the event store that belongs to the product's database: with
// SQLite a database of its own in the folder events beside it, so that events
// and office work do not wait for each other; with PostgreSQL the same. close
// closes what was opened.
func OpenBlocks(ctx context.Context, db *store.DB) (b *Blocks, close func() error, err error) {
	if db.Engine() == store.Postgres {
		return NewBlocks(db), func() error { return nil }, db.Migrate(ctx, BlocksMigrations)
	}
	own, err := store.Open(ctx, store.Options{DSN: filepath.Join(db.Folder(), "events"), Keys: filepath.Join(db.Folder(), "keys"), Clock: db.Clock()})
	if err != nil {
		return nil, nil, fmt.Errorf("event store: %w", err)
	}
	if err := own.Migrate(ctx, BlocksMigrations); err != nil {
		own.Close()
		return nil, nil, fmt.Errorf("event store: %w", err)
	}
	return NewBlocks(own), own.Close, nil
}

// OwnTables tells whether a table belongs to Blocks, wherever it lies; backups
// keep events apart from the rest.
func OwnTables(name string) bool { return name == "event_block" || name == "event_body" }

// Database is where the events lie.
func (s *Blocks) Database() *store.DB { return s.db }

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

// Append implements Store.
func (s *Blocks) Append(ctx context.Context, batches []Batch) error {
	var all []block
	for i := range batches {
		all = append(all, cut(&batches[i])...)
	}
	if len(all) == 0 {
		return nil
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		for _, group := range chunks(all, 50) {
			var meta, body strings.Builder
			var metaArgs, bodyArgs []any
			for i, b := range group {
				if i > 0 {
					meta.WriteByte(',')
					body.WriteByte(',')
				}
				meta.WriteString(marks(len(metaArgs), 12))
				body.WriteString(marks(len(bodyArgs), 3))
				metaArgs = append(metaArgs, b.batch, b.part, b.head.Source, b.head.Unit, b.head.Product, b.head.Category, b.head.Service,
					b.head.Received.UnixMilli(), b.oldest, b.newest, b.events, b.problems)
				bodyArgs = append(bodyArgs, b.batch, b.part, b.packed)
			}
			if _, err := tx.Exec("INSERT INTO event_block (batch, part, source, unit, product, category, service, received, oldest, newest, events, problems) VALUES "+
				meta.String()+" ON CONFLICT (batch, part) DO NOTHING", metaArgs...); err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO event_body (batch, part, body) VALUES "+body.String()+" ON CONFLICT (batch, part) DO NOTHING", bodyArgs...); err != nil {
				return err
			}
		}
		return nil
	})
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

// Missing implements Store. A batch is appended in one transaction, so it is
// there or not.
func (s *Blocks) Missing(ctx context.Context, batches []Batch) ([]string, error) {
	var missing []string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		missing = nil
		for _, group := range chunks(batches, 200) {
			args := make([]any, len(group))
			for i, b := range group {
				args[i] = b.ID
			}
			there, err := store.Texts(tx, "SELECT DISTINCT batch FROM event_block WHERE batch IN "+marks(0, len(args)), args...)
			if err != nil {
				return err
			}
			for _, b := range group {
				if !slices.Contains(there, b.ID) {
					missing = append(missing, b.ID)
				}
			}
		}
		return nil
	})
	return missing, err
}

const blockColumns = "batch, part, source, unit, product, category, service, received, oldest, newest, events, problems"

func readBlock(r store.Scanner) (b block, err error) {
	var received int64
	err = r.Scan(&b.batch, &b.part, &b.head.Source, &b.head.Unit, &b.head.Product, &b.head.Category, &b.head.Service,
		&received, &b.oldest, &b.newest, &b.events, &b.problems)
	b.head.Batch, b.head.Received = b.batch, store.Time(received)
	return b, err
}

// Find implements Store.
func (s *Blocks) Find(ctx context.Context, scope authz.Scope, id string) (Event, error) {
	none := fault.NotFound("There is no such event, or you may not see it")
	batch, ordinal, ok := ParseID(id)
	if !ok {
		return Event{}, none
	}
	var found Event
	there := false
	err := s.db.View(ctx, func(tx *store.Tx) error {
		blocks, err := store.Rows(tx, readBlock, "SELECT "+blockColumns+" FROM event_block WHERE batch = $1 ORDER BY part", batch)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if !scope.Contains(b.head.Unit) {
				continue
			}
			if err := b.load(tx); err != nil {
				return err
			}
			if err := unpack(b.packed, b.head, func(e Event) bool {
				if e.Ordinal == ordinal {
					found, there = e, true
				}
				return !there
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !there {
		err = none
	}
	return found, err
}

func (b *block) load(tx *store.Tx) error {
	return tx.QueryRow("SELECT body FROM event_body WHERE batch = $1 AND part = $2", b.batch, b.part).Scan(&b.packed)
}

// Expire implements Store.
func (s *Blocks) Expire(ctx context.Context, before time.Time) (int64, error) {
	var total int64
	for ctx.Err() == nil {
		var n int
		var events int64
		err := s.db.Operate(ctx, func(tx *store.Tx) error {
			events = 0
			old, err := store.Rows(tx, readBlock, "SELECT "+blockColumns+" FROM event_block WHERE newest < $1 ORDER BY newest LIMIT 200", before.UnixMilli())
			if err != nil {
				return err
			}
			n = len(old)
			for _, b := range old {
				events += b.events
				for _, table := range []string{"event_block", "event_body"} {
					if _, err := tx.Exec("DELETE FROM "+table+" WHERE batch = $1 AND part = $2", b.batch, b.part); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += events
		if n < 200 {
			break
		}
	}
	return total, ctx.Err()
}

// Size implements Store.
func (s *Blocks) Size(ctx context.Context) (Size, error) {
	var z Size
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var oldest int64
		if err := tx.QueryRow("SELECT COALESCE(SUM(events), 0), COALESCE(MIN(newest), 0) FROM event_block").Scan(&z.Events, &oldest); err != nil {
			return err
		}
		z.Oldest = store.Time(oldest)
		size := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
		if tx.Engine() == store.Postgres {
			size = "SELECT pg_total_relation_size('event_block') + pg_total_relation_size('event_body')"
		}
		return tx.QueryRow(size).Scan(&z.Bytes)
	})
	return z, err
}
