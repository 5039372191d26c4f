package telemetry

import (
	"context"
	"time"

	"yagura/kernel/store"
)

// Some ways keep events while there is no link and bring them later: a relay,
// the upload of a journal, a file that is taken in, the files of a cloud. Which
// sources they serve is noted as it happens, for those who have to wait for
// what is still to come.

// Ways that keep events.
const (
	byRelay   = "relay"
	byJournal = "journal"
)

const (
	lateAgain  = 12 * time.Hour      // a source is noted anew
	lateForget = 30 * 24 * time.Hour // and forgotten when nothing came that way
)

// noteLate notes that events of a source came by a way that keeps them.
func (s *Service) noteLate(tx *store.Tx, source, way string) error {
	key := way + " " + source
	if at, ok := s.late.Load(key); ok && tx.Now.Sub(at.(time.Time)) < lateAgain && !tx.Now.Before(at.(time.Time)) {
		return nil
	}
	if _, err := tx.Exec(`INSERT INTO telemetry_late (source, way, last) VALUES ($1,$2,$3)
		ON CONFLICT (source, way) DO UPDATE SET last = excluded.last`, source, way, tx.Millis()); err != nil {
		return err
	}
	now := tx.Now
	tx.After(func() { s.late.Store(key, now) })
	return nil
}

// uploaded notes that a source uploads a journal.
func (s *Service) uploaded(ctx context.Context, source string) error {
	if at, ok := s.late.Load(byJournal + " " + source); ok && s.db.Now().Sub(at.(time.Time)) < lateAgain {
		return nil
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error { return s.noteLate(tx, source, byJournal) })
}

// LateSources are the sources whose events are kept on the way, so that they
// may come long after newer ones of others: those of relays, of uploaded
// journals, of files that were taken in within 30 days, and of clouds, which
// hand their logs out as files.
func LateSources(tx *store.Tx) (map[string]bool, error) {
	list, err := store.Texts(tx, `SELECT source FROM telemetry_late WHERE last >= $1
		UNION SELECT source FROM telemetry_file WHERE begun >= $1
		UNION SELECT id FROM telemetry_source WHERE kind = 'cloud'`, tx.Now.Add(-lateForget).UnixMilli())
	out := make(map[string]bool, len(list))
	for _, id := range list {
		out[id] = true
	}
	return out, err
}
