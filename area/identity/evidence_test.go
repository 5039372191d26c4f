package identity_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestEvidenceIsWhatWasPublished enrols and takes away, publishes in between,
// and computes each of those moments anew from the ledger.
func TestEvidenceIsWhatWasPublished(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keys := t.TempDir()
		key, err := ledger.OpenKey(keys)
		if err != nil {
			t.Fatal(err)
		}
		sealer := ledger.NewSealer(db, key, keys, slog.New(slog.DiscardHandler))
		system, admin := authz.System("test"), w.actor(t, "admin")
		w.change(t, func(tx *store.Tx) error { // the organisation tells of its people
			for person, unit := range map[string]string{"admin": "group", "keller": "works-eu", "ruiz": "works-us"} {
				if err := tx.Record(system, fact.PersonAdded{Person: person, Unit: unit}); err != nil {
					return err
				}
			}
			return nil
		})
		type moment struct {
			at    time.Time
			units map[string]identity.Tally
		}
		var moments []moment
		publish := func() {
			t.Helper()
			clk.Advance(time.Minute)
			if err := w.s.PublishCoverage(ctx); err != nil {
				t.Fatal(err)
			}
			units, err := w.s.Tallies(ctx, authz.Everything())
			if err != nil {
				t.Fatal(err)
			}
			for { // what was recorded is evidence once it is sealed
				if n, err := sealer.Seal(ctx); err != nil {
					t.Fatal(err)
				} else if n == 0 {
					break
				}
			}
			var at int64
			if err := db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT MAX(at) FROM identity_coverage").Scan(&at) }); err != nil {
				t.Fatal(err)
			}
			moments = append(moments, moment{store.Time(at), units})
			clk.Advance(time.Hour)
		}
		publish()
		keller, ruiz := w.actor(t, "keller"), w.actor(t, "ruiz")
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		publish()
		app := w.addApp(t, keller)
		if err := w.enrol(t, ruiz, newAuthenticator(t)); err != nil {
			t.Fatal(err)
		}
		publish()
		clk.Advance(time.Minute)
		ticket, err := w.s.BeginPassword(ctx, "keller", secretOfKeller, home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.FinishPassword(ctx, ticket, app.code(clk.Now()), home, ""); err != nil {
			t.Fatal(err)
		}
		publish()
		if err := w.s.RemovePassword(ctx, keller); err != nil {
			t.Fatal(err)
		}
		w.change(t, func(tx *store.Tx) error { // ruiz leaves
			if err := authz.PutPeople(tx, authz.Person{ID: "ruiz", Name: "Ruiz", Unit: "works-us"}); err != nil {
				return err
			}
			return tx.Record(system, fact.PersonLeft{Person: "ruiz", Unit: "works-us"})
		})
		publish()

		want := []identity.Tally{ // of keller's unit: he holds a role
			{People: 1, Nothing: 1, Privileged: 1}, {People: 1, Password: 1, Privileged: 1}, {People: 1, TwoFactors: 1, Privileged: 1},
			{People: 1, TwoFactors: 1, Privileged: 1, PrivilegedMFA: 1}, {People: 1, Nothing: 1, Privileged: 1, PrivilegedMFA: 1},
		}
		for i, m := range moments {
			if m.units["works-eu"] != want[i] {
				t.Errorf("moment %d: %+v", i, m.units["works-eu"])
			}
			e, err := w.s.Evidence(ctx, admin, identity.MFAControl, m.at.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if len(e.PrivilegedWithout) != int(e.Group.Privileged-e.Group.PrivilegedMFA) || len(e.GeneralWithout) != int(e.Group.General-e.Group.GeneralMFA) {
				t.Errorf("moment %d: %v and %v are missing of %+v", i, e.PrivilegedWithout, e.GeneralWithout, e.Group)
			}
			if !e.Agrees || !e.Published.Equal(m.at) {
				t.Errorf("moment %d: published %s, agrees %v", i, e.Published, e.Agrees)
			}
			for _, u := range e.Units {
				if u.Counted != m.units[u.Unit] || u.Published == nil || *u.Published != u.Counted {
					t.Errorf("moment %d: %s was %+v, counted %+v, published %+v", i, u.Unit, m.units[u.Unit], u.Counted, u.Published)
				}
			}
		}
		if us := moments[2].units["works-us"]; us != (identity.Tally{People: 1, Passkey: 1, General: 1, GeneralMFA: 1}) {
			t.Errorf("ruiz with a passkey: %+v", us)
		}
		e, err := w.s.Evidence(ctx, admin, identity.MFAControl, time.Time{})
		if err != nil || !slices.Equal(e.Without, []string{"admin", "keller"}) || e.Group.People != 2 {
			t.Errorf("now: %+v %v", e, err)
		}
		var facts int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM ledger WHERE kind = 'identity.coverage-counted'").Scan(&facts)
		}); err != nil || facts != 3+1+2+1+2 {
			t.Errorf("%d facts, 9 changes: %v", facts, err)
		}
		// Somebody changes what was published: the ledger does not agree.
		if err := db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_coverage SET unenrolled = unenrolled + 1 WHERE unit = 'works-eu' AND at = $1", store.Millis(moments[1].at))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if e, err := w.s.Evidence(ctx, admin, identity.MFAControl, moments[1].at); err != nil || e.Agrees {
			t.Errorf("agrees with what was changed: %v %v", e.Agrees, err)
		}
		if _, err := w.s.Evidence(ctx, keller, identity.MFAControl, time.Time{}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("anybody is told: %v", err)
		}
		if _, err := w.s.Evidence(ctx, admin, "3.1.1", time.Time{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("evidence of something else: %v", err)
		}
	})
}
