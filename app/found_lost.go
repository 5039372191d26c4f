package app

import (
	"context"
	"fmt"
	"time"

	"yagura/app/demo"
)

// lost are those who called the help desk since nothing lets them in any more.
func (f *founding) lost(ctx context.Context, _ demo.History) error {
	desk, err := f.actor(ctx, demo.SystemAdmin)
	if err != nil {
		return err
	}
	for _, l := range demo.LostOnes(f.seed) {
		f.clock.Set(f.now.Add(-time.Duration(l.Hours) * time.Hour))
		if _, err := f.a.Identity.AskRecoveryFor(ctx, desk, l.Person); err != nil {
			return fmt.Errorf("lost factor of %s: %w", l.Person, err)
		}
	}
	return nil
}
