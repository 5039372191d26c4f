package identity_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestTheLogIsSealed changes events of a sealed day: the evidence that rests on
// them says so, and says nothing of days that are as they were.
func TestTheLogIsSealed(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		system, admin := authz.System("test"), w.actor(t, "admin")
		clk.Set(time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC))
		w.change(t, func(tx *store.Tx) error {
			for person, unit := range map[string]string{"admin": "group", "keller": "works-eu"} {
				if err := tx.Record(system, fact.PersonAdded{Person: person, Unit: unit}); err != nil {
					return err
				}
				if err := authz.Found(tx, system, authz.Grant{Person: person, Role: authz.Handler, Tree: authz.Own, Unit: unit, Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
					return err
				}
			}
			return nil
		})
		w.enter(t, "keller")
		seal := func() {
			t.Helper()
			if err := w.s.SealEvents(ctx); err != nil {
				t.Fatal(err)
			}
		}
		seal() // the day is not over
		clk.Set(time.Date(2031, 3, 2, 0, 59, 0, 0, time.UTC))
		seal() // nor is it sure that nobody still writes
		w.enter(t, "admin")
		var seals []string
		list := func() []string {
			if err := db.View(ctx, func(tx *store.Tx) (err error) {
				seals, err = store.Texts(tx, "SELECT subject FROM ledger_pending WHERE kind = 'identity.events-sealed' ORDER BY subject")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return seals
		}
		if got := list(); !slices.Equal(got, []string{"2031-02-28"}) {
			t.Errorf("sealed %v", got)
		}
		clk.Set(time.Date(2031, 3, 2, 1, 1, 0, 0, time.UTC))
		seal()
		seal()
		clk.Set(time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC))
		if got := list(); !slices.Equal(got, []string{"2031-02-28", "2031-03-01"}) {
			t.Errorf("sealed %v", got)
		}
		// What is computed is of sealed facts: those of the test are put there.
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO ledger (pos, id, at, actor, unit, kind, subject, body, hash) SELECT ROW_NUMBER() OVER (ORDER BY id), id, at, actor, unit, kind, subject, body, '' FROM ledger_pending")
			if err == nil {
				_, err = tx.Exec("DELETE FROM ledger_pending")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		check := func(days int, unsealed, broken []string) {
			t.Helper()
			e, err := w.s.Evidence(ctx, admin, identity.MFAControl, time.Time{})
			if err != nil || e.Log.Days != days || !slices.Equal(e.Log.Unsealed, unsealed) || !slices.Equal(e.Log.Broken, broken) {
				t.Errorf("%+v %v", e.Log, err)
			}
		}
		check(2, []string{"2031-03-02"}, nil)
		seal() // the days up to the fourth, in one
		check(2, nil, nil)
		do := func(query string, args ...any) {
			t.Helper()
			if err := db.Operate(ctx, func(tx *store.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		do("UPDATE identity_event SET level = level || '!' WHERE person = 'keller'")
		check(2, nil, []string{"2031-03-01"})
		do("UPDATE identity_event SET level = REPLACE(level, '!', ''), told = 1 WHERE person = 'keller'") // that it is telemetry by now changes nothing
		check(2, nil, nil)
		do("INSERT INTO identity_event (id, at, kind, outcome, reason, person, unit, session, client, method, level, agent, network, place, country) VALUES ('x', $1, 'sign-in', 'allowed', '', 'ruiz', '', '', '', '', '', '', '', '', '')",
			store.Millis(time.Date(2031, 3, 1, 13, 0, 0, 0, time.UTC)))
		check(2, nil, []string{"2031-03-01"})
		do("DELETE FROM identity_event WHERE id = 'x'")
		check(2, nil, nil)
	})
}
