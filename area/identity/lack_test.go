package identity_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestSharesNameWhoIsMissing: whoever lowers a share is on the list that it leads
// to, and nobody else. A passkey does not help who signs in without it.
func TestSharesNameWhoIsMissing(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		system := authz.System("test")
		w.csirt(t)
		for _, person := range []string{"keller", "hank"} {
			w.change(t, func(tx *store.Tx) error { return w.s.SeedPasskey(tx, system, person, "key of "+person) })
		}
		clk.Advance(time.Minute)
		w.enter(t, "keller") // by a link: one factor, though there is a passkey
		w.change(t, func(tx *store.Tx) error {
			if err := w.s.SeedSignIn(tx, system, "hank", identity.Proof{Method: "passkey", Level: "phr"}, identity.Device{}); err != nil {
				return err
			}
			return tx.Record(system, left{})
		})
		units, err := w.s.Tallies(ctx, authz.Everything())
		if err != nil {
			t.Fatal(err)
		}
		var all identity.Tally
		for _, n := range units {
			all = all.Plus(n)
		}
		missing := func(f identity.AccountFilter) (ids []string) {
			f.Page = keyset.Page{Sort: "person", Limit: 50}
			list, total, err := w.s.Accounts(ctx, authz.Everything(), f)
			if err != nil || total != len(list) {
				t.Fatal(total, list, err)
			}
			for _, a := range list {
				ids = append(ids, a.Person.ID)
			}
			return ids
		}
		if ids := missing(identity.AccountFilter{Lacks: identity.LacksPrivileged}); !slices.Equal(ids, []string{"admin", "hana", "hugo", "keller"}) || len(ids) != int(all.Privileged-all.PrivilegedMFA) {
			t.Errorf("%v of %+v", ids, all)
		}
		if ids := missing(identity.AccountFilter{Lacks: identity.LacksGeneral}); !slices.Equal(ids, []string{"ruiz", "weber"}) || len(ids) != int(all.General-all.GeneralMFA) {
			t.Errorf("%v of %+v", ids, all)
		}
		if ids := missing(identity.AccountFilter{Lacks: identity.LacksPrivileged, Own: "works-eu"}); !slices.Equal(ids, []string{"hana", "hugo", "keller"}) {
			t.Errorf("%v", ids)
		}
	})
}
