package identity_test

import (
	"context"
	"log/slog"
	"testing"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func TestWhoLeavesIsLockedOutForGood(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx, log := found(t, db, clk), context.Background(), slog.New(slog.DiscardHandler)
		session := w.enter(t, "keller")
		unused, _, err := w.s.LinkFor(ctx, w.actor(t, "admin"), "keller")
		if err != nil {
			t.Fatal(err)
		}
		present := func(active bool) {
			t.Helper()
			w.change(t, func(tx *store.Tx) error {
				if err := authz.PutPeople(tx, authz.Person{ID: "keller", Name: "Keller", Unit: "works-eu", Active: active}); err != nil {
					return err
				}
				if active {
					return tx.Record(authz.System("test"), fact.PersonReturned{Person: "keller", Unit: "works-eu"})
				}
				return tx.Record(authz.System("test"), fact.PersonLeft{Person: "keller", Unit: "works-eu"})
			})
		}
		present(false)
		keys := t.TempDir()
		key, err := ledger.OpenKey(keys)
		if err != nil {
			t.Fatal(err)
		}
		sealer := ledger.NewSealer(db, key, keys, log)
		if _, err := sealer.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		if err := ledger.NewDelivery(db, sealer, log, w.s.Subscribers()...).Drain(ctx); err != nil {
			t.Fatal(err)
		}
		present(true)
		if _, err := w.s.Who(ctx, session); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the old session counts again: %v", err)
		}
		if _, err := w.s.Follow(ctx, unused, identity.Device{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("the old link counts again: %v", err)
		}
	})
}
