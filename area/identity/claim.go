package identity

import (
	"context"
	"errors"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// claim is a run's right to change what a directory keeps. One run has it at a
// time, of all processes: of two that asked one after another, the one with the
// older answer could open an account that the other has closed. It goes by the
// clock of the machine, being about whether a process lives.
type claim string

const claimLasts = time.Minute

var errClaimed = errors.New("identity: another run has taken the directory over")

func claimEnd(wall clock.Clock) int64 { return store.Millis(wall.Now().Add(claimLasts)) }

// claimRun waits until no other run changes the directory, and returns what gives
// it back.
func (s *Service) claimRun(ctx context.Context, d Directory) (ours claim, release func(), err error) {
	wall := clock.System()
	ours = claim(id.New())
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		taken := false
		if err := s.db.Operate(ctx, func(tx *store.Tx) error {
			n, err := tx.Exec("UPDATE identity_directory SET claim = $1, lease = $2 WHERE id = $3 AND (claim = '' OR lease < $4)", string(ours), claimEnd(wall), d.ID, store.Millis(wall.Now()))
			taken = n == 1
			return err
		}); err != nil {
			return "", nil, err
		}
		if taken {
			break
		}
		select {
		case <-ctx.Done():
			return "", nil, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(claimLasts / 4)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				// Where it can't be renewed the next change finds out.
				_ = s.db.Operate(ctx, func(tx *store.Tx) error { return ours.holds(tx, d) })
			}
		}
	}()
	return ours, func() {
		close(quit)
		<-done
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = s.db.Operate(ending, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_directory SET claim = '', lease = 0 WHERE id = $1 AND claim = $2", d.ID, string(ours))
			return err
		})
	}, nil
}

// holds refuses a change where the claim is no longer ours, and renews it.
func (c claim) holds(tx *store.Tx, d Directory) error {
	n, err := tx.Exec("UPDATE identity_directory SET lease = $1 WHERE id = $2 AND claim = $3", claimEnd(clock.System()), d.ID, string(c))
	if err == nil && n == 0 {
		err = errClaimed
	}
	return err
}
