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
		if n := len(check.All()); n < 35 {
			t.Errorf("only %d checks", n)
		}
		for _, r := range check.Run(context.Background(), w.target()) {
			if r.Err != nil {
				t.Errorf("%s (%s): %v", r.Name, r.Clause, r.Err)
			}
		}
		t.Logf("%d checks", len(check.All()))
	})
}
