package oidc_test

import (
	"context"
	"testing"

	"yagura/area/identity/oidc/check"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestChecks asks the provider everything that package check knows to ask.
func TestChecks(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		target, attacks := w.target(), 0
		target.Passkey = w.software("keller")
		results := check.Run(context.Background(), target)
		for _, r := range results {
			if r.Err != nil {
				t.Errorf("%s (%s): %v", r.Name, r.Clause, r.Err)
			}
			if r.Attack {
				attacks++
			}
		}
		if checks := len(results) - attacks; checks < 35 || attacks < 45 {
			t.Errorf("only %d checks and %d attacks", checks, attacks)
		}
		t.Logf("%d checks, %d attacks", len(results)-attacks, attacks)
	})
}
