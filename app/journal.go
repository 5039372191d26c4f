package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"yagura/area/telemetry"
	"yagura/kernel/config"
	"yagura/kernel/store"
)

// OpenJournal opens the database for commands that look at the journal, beside
// a running server or relay too.
func OpenJournal(ctx context.Context, cfg config.Config) (*store.DB, error) {
	if err := exists(cfg); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, telemetry.Migrations); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// JournalStatus looks at the journal.
func JournalStatus(ctx context.Context, db *store.DB) (telemetry.JournalStatus, error) {
	return telemetry.ReadStatus(ctx, db)
}

// ReplayJournal has batches tried or written again, and waits until held ones
// are, at most so long. left is how many are not yet.
func ReplayJournal(ctx context.Context, db *store.DB, held bool, wait time.Duration) (n, left int64, err error) {
	if n, err = telemetry.Replay(ctx, db, held); err != nil || !held {
		return n, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		j, err := telemetry.ReadStatus(context.WithoutCancel(ctx), db)
		if err != nil || j.Again == 0 {
			return n, 0, err
		}
		select {
		case <-ctx.Done():
			return n, j.Again, nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// ExportJournal writes the events that wait, or also those that are held, as
// NDJSON. Each has the bytes it came in.
func ExportJournal(ctx context.Context, db *store.DB, held bool, out io.Writer) (n int64, err error) {
	part := telemetry.JournalWaiting
	if held {
		part = telemetry.JournalAll
	}
	w := bufio.NewWriterSize(out, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	type line struct {
		ID       string          `json:"id"`
		Source   string          `json:"source"`
		Unit     string          `json:"unit,omitempty"`
		Received time.Time       `json:"received"`
		Time     time.Time       `json:"time"`
		Host     string          `json:"host,omitempty"`
		Kind     string          `json:"kind,omitempty"`
		Problem  string          `json:"problem,omitempty"`
		Event    json.RawMessage `json:"event"`
		Original string          `json:"original,omitempty"`        // as it came, where that is text
		Bytes    []byte          `json:"original_base64,omitempty"` // where it is not
	}
	if err := telemetry.ReadJournal(ctx, db, part, func(e telemetry.Event) error {
		l := line{ID: e.ID(), Source: e.Source, Unit: e.Unit, Received: e.Received, Time: e.Time, Host: e.Host, Kind: e.Kind, Problem: e.Problem, Event: e.Doc}
		if utf8.Valid(e.Original) {
			l.Original = string(e.Original)
		} else {
			l.Bytes = e.Original
		}
		n++
		return enc.Encode(l)
	}); err != nil {
		return n, err
	}
	return n, w.Flush()
}

// SourceSums sums up what became of every source's events.
func SourceSums(ctx context.Context, db *store.DB, back time.Duration) ([]telemetry.SourceSum, error) {
	return telemetry.ReadSources(ctx, db, back)
}
