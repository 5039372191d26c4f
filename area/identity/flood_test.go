package identity_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"yagura/area/identity"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestPasskeysDoNotWait fills the gate of passwords until nobody gets through,
// and signs in by passkey all the same.
func TestPasskeysDoNotWait(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := foundWith(t, db, clk, identity.Options{Allow: everything})
		key := newAuthenticator(t)
		if err := w.enrol(t, w.actor(t, "keller"), key); err != nil {
			t.Fatal(err)
		}
		started, release := w.s.Stuck()
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				w.s.BeginPassword(ctx, "nobody", "guess", identity.Device{Network: fmt.Sprintf("10.%d.0.1", i)})
			})
		}
		<-started
		if _, err := w.signIn(t, key, ""); err != nil {
			t.Errorf("a passkey waits behind passwords: %v", err)
		}
		stop()
		release()
		wg.Wait()
	})
}
