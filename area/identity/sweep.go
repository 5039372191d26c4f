package identity

import (
	"context"

	"yagura/kernel/store"
)

// loggedFor is how long answers to sign-outs are kept, in milliseconds.
const loggedFor = 90 * 24 * 3600 * 1000

// Sweep deletes what has expired. Applications are told of sessions that end so
// too.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		if err := askToSignOut(tx, "g.session IN (SELECT id FROM identity_session WHERE until <= $1)", tx.Millis()); err != nil {
			return err
		}
		for _, query := range []string{
			"DELETE FROM identity_session WHERE until <= $1",
			"DELETE FROM identity_link WHERE until <= $1",
			"DELETE FROM identity_grant WHERE until <= $1",
			"DELETE FROM identity_device_code WHERE until <= $1",
			"DELETE FROM identity_spent WHERE until <= $1",
		} {
			if _, err := tx.Exec(query, tx.Millis()); err != nil {
				return err
			}
		}
		if err := forgetGuesses(tx); err != nil {
			return err
		}
		if err := forgetCounts(tx); err != nil {
			return err
		}
		if err := forgetDevices(tx); err != nil {
			return err
		}
		if err := forgetLockouts(tx); err != nil {
			return err
		}
		if err := forgetStations(tx); err != nil {
			return err
		}
		if err := s.lapse(tx); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM identity_logout WHERE asked <= $1", tx.Millis()-loggedFor)
		return err
	})
}
