package detect

import (
	"time"

	"yagura/kernel/store"
)

// tidyMore throws away what risks, silences and undoing need no longer: days
// whose points have faded to nothing, the last alerts on things past the longest
// silence, acts that can't be taken back any more.
func (s *Service) tidyMore(tx *store.Tx) error {
	for _, q := range []struct {
		sql   string
		until time.Duration
	}{
		{"DELETE FROM detect_risk_day WHERE day < $1", 26 * s.o.HalfLife},
		{"DELETE FROM detect_latest WHERE at < $1", LongestSilence + 24*time.Hour},
		{"DELETE FROM detect_undo WHERE at < $1", Undoable},
		{"DELETE FROM detect_joined_event WHERE until < $1", 0},
		{"DELETE FROM detect_joined_source WHERE heard < $1", 90 * 24 * time.Hour},
	} {
		if _, err := tx.Exec(q.sql, store.Millis(tx.Now.Add(-q.until))); err != nil {
			return err
		}
	}
	return nil
}
