package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"yagura/kernel/store"
)

// ensureOutbox makes the one row of what a relay has to remember; the epoch
// names its journal.
func ensureOutbox(tx *store.Tx, epoch string) error {
	_, err := tx.Exec("INSERT INTO telemetry_outbox (one, epoch) VALUES (1, $1) ON CONFLICT (one) DO NOTHING", epoch)
	return err
}

// mirror makes the sources and tokens of a relay those that the centre says it
// serves. Its own quarantine stays.
func (s *Service) mirror(ctx context.Context, raw json.RawMessage, digest string) error {
	var m mapping
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("what the centre says of sources can't be read: %w", err)
	}
	if _, got, err := m.encode(); err != nil {
		return err
	} else if got != digest {
		// A centre of a later version says more than this one understands.
		s.log.Warn("relay: the centre describes sources in a way that this version does not know wholly; consider an upgrade")
	}
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		keep := map[string]bool{Quarantine: true}
		for _, src := range m.Sources {
			if !validSource(src.ID) || src.ID == Quarantine {
				return errors.New("what the centre says of sources can't be read")
			}
			keep[src.ID] = true
			fresh, err := insertSource(tx, src)
			if err != nil {
				return err
			}
			if !fresh || !src.Stopped.IsZero() {
				if err := updateSource(tx, src); err != nil {
					return err
				}
			}
		}
		there, err := allSources(tx)
		if err != nil {
			return err
		}
		for _, src := range there {
			if !keep[src.ID] {
				if _, err := tx.Exec("DELETE FROM telemetry_source WHERE id = $1", src.ID); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec("DELETE FROM telemetry_secret"); err != nil {
			return err
		}
		for _, t := range m.Tokens {
			if _, err := tx.Exec("INSERT INTO telemetry_secret (id, digest, source, issued, issued_by, until) VALUES ($1,$2,$3,$4,'',$5)", t.ID, t.Digest, t.Source, tx.Millis(), t.Until); err != nil {
				return err
			}
		}
		if err := bumpEpoch(tx); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE telemetry_outbox SET mapping = $1", digest)
		return err
	})
	if err != nil {
		return err
	}
	s.log.Info("relay: the centre says which sources this relay serves", "sources", len(m.Sources))
	return s.reload(ctx)
}
