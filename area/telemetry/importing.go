package telemetry

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"yagura/area/telemetry/intake"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// File is a file that was taken in as events of a source.
type File struct {
	SHA256     string    `json:"sha256"`
	Source     string    `json:"source"`
	Name       string    `json:"name"`
	Size       int64     `json:"size"`
	Events     int64     `json:"events"`
	Unreadable int64     `json:"unreadable"`
	Begun      time.Time `json:"begun"`
	Finished   time.Time `json:"finished"`          // zero while it is not
	Resumed    bool      `json:"resumed,omitempty"` // an import that had broken off was ended
}

// importStep is how many events become durable together with the progress.
const importStep = 4000

// Import takes the events of a file in: .ndjson, .json, .evtx, .log, each plain
// or packed with gzip or zstd. A file is known by its SHA-256: one that was
// taken in for the source is refused, one that broke off goes on where it
// stopped, so that each of its events is taken once.
func (s *Service) Import(ctx context.Context, by authz.Actor, path, source string) (File, error) {
	if s.routes.Load() == nil { // not started: a command
		if err := s.begin(ctx); err != nil {
			return File{}, err
		}
	}
	f := File{Source: source, Name: filepath.Base(path)}
	if err := f.digest(path); err != nil {
		return f, err
	}
	var src Source
	err := s.db.Operate(ctx, func(tx *store.Tx) (err error) {
		if src, err = findSource(tx, source); err != nil {
			return err
		}
		if err := mayManage(by, src); err != nil {
			return err
		}
		return f.begin(tx)
	})
	if err != nil {
		return f, err
	}
	if err := s.reload(ctx); err != nil {
		return f, err
	}
	if err := s.importEvents(ctx, &src, &f, path); err != nil {
		return f, err
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		f.Finished = tx.Now
		if _, err := tx.Exec("UPDATE telemetry_file SET finished = $3 WHERE digest = $1 AND source = $2", f.SHA256, f.Source, tx.Millis()); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetryFileImported{Source: src.ID, Unit: src.Unit, SHA256: f.SHA256, Events: f.Events})
	})
	return f, err
}

func (f *File) digest(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return fault.Invalidf("The file %s cannot be opened: %s", path, err.Error())
	}
	defer in.Close()
	h := sha256.New()
	if f.Size, err = io.Copy(h, in); err != nil {
		return fault.Invalidf("The file %s cannot be read: %s", path, err.Error())
	}
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

// begin notes the import, or finds where it broke off.
func (f *File) begin(tx *store.Tx) error {
	var begun, finished int64
	err := tx.QueryRow("SELECT events, unreadable, begun, finished FROM telemetry_file WHERE digest = $1 AND source = $2", f.SHA256, f.Source).
		Scan(&f.Events, &f.Unreadable, &begun, &finished)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		f.Events, f.Unreadable, f.Begun, f.Resumed = 0, 0, tx.Now, false
		_, err = tx.Exec("INSERT INTO telemetry_file (digest, source, name, size, begun) VALUES ($1,$2,$3,$4,$5)",
			f.SHA256, f.Source, f.Name, f.Size, tx.Millis())
		return err
	case err != nil:
		return err
	case finished > 0:
		return fault.Conflict("This file was taken in already for this source, on %s, with %d events; nothing was done",
			store.Time(finished).Format("2006-01-02 15:04 UTC"), f.Events)
	}
	f.Begun, f.Resumed = store.Time(begun), true
	return nil
}

func (s *Service) importEvents(ctx context.Context, src *Source, f *File, path string) error {
	files := intake.Source{Zone: src.Location(), Now: f.Begun, EventLog: s.o.EventLog}
	skip := f.Events
	var events []intake.Event
	size := 0
	flush := func() error {
		if len(events) == 0 {
			return nil
		}
		var unreadable int64
		for _, e := range events {
			if e.Problem != "" {
				unreadable++
			}
		}
		before, n := f.Events, int64(len(events))
		p := &parcel{with: func(tx *store.Tx) error {
			moved, err := tx.Exec("UPDATE telemetry_file SET events = events + $3, unreadable = unreadable + $4 WHERE digest = $1 AND source = $2 AND events = $5 AND finished = 0",
				f.SHA256, f.Source, n, unreadable, before)
			if err == nil && moved != 1 {
				err = fault.Conflict("This file is being taken in by somebody else at the moment")
			}
			return err
		}}
		for {
			_, err := s.submit(ctx, src, events, p)
			if err == nil {
				break
			}
			if !fault.Is(err, fault.KindTooBusy) {
				return err
			}
			if err := s.waitForRoom(ctx); err != nil {
				return err
			}
		}
		f.Events, f.Unreadable = f.Events+n, f.Unreadable+unreadable
		events, size = nil, 0
		return nil
	}
	for e, err := range files.File(path) {
		if err != nil {
			if ferr := flush(); ferr != nil {
				return ferr
			}
			return fault.Invalidf("The file could be read up to event %d only, which is taken in: %s", f.Events, oneLine(err.Error(), 300))
		}
		if skip > 0 {
			skip--
			continue
		}
		events = append(events, e)
		if size += len(e.Raw) + len(e.Original); len(events) >= importStep || size >= 4*batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// waitForRoom lets the journal be worked off: by the workers, or here where
// none run.
func (s *Service) waitForRoom(ctx context.Context) error {
	if !s.running() {
		return s.Drain(ctx)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(500 * time.Millisecond):
		return nil
	}
}

// Drain works until nothing waits in the journal, as a command does after an
// import, and the demo.
func (s *Service) Drain(ctx context.Context) error { return s.until(ctx, s.Step) }

// Await waits until nothing waits in the journal, as a command does beside a
// server that works on it. On SQLite two must not work on it at once: the event
// store would be written twice.
func (s *Service) Await(ctx context.Context) error {
	return s.until(ctx, func(context.Context) (int, error) { return 0, nil })
}

// until takes steps until nothing waits in the journal.
func (s *Service) until(ctx context.Context, step func(context.Context) (int, error)) error {
	for ctx.Err() == nil {
		n, err := step(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := s.measure(ctx); err != nil {
			return err
		}
		if s.level.events.Load() <= 0 {
			return s.flush(ctx)
		}
		var failing string
		err = s.db.View(ctx, func(tx *store.Tx) error {
			err := tx.QueryRow("SELECT error FROM telemetry_batch WHERE state = 0 AND error <> '' ORDER BY id LIMIT 1").Scan(&failing)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		if failing != "" {
			return fmt.Errorf("telemetry: a batch could not be worked on: %s", failing)
		}
		select { // somebody else has it in hand
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return ctx.Err()
}
