package identity_test

import (
	"context"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestTrend counts people over three years and reads the way that their units took.
func TestTrend(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		began := clk.Now()
		count := func() {
			t.Helper()
			if err := w.s.PublishCoverage(ctx); err != nil {
				t.Fatal(err)
			}
		}
		give := func(person, key string) {
			t.Helper()
			w.change(t, func(tx *store.Tx) error { return w.s.SeedPasskey(tx, authz.System("test"), person, key) })
		}
		trend := func(scope authz.Scope) identity.Trend {
			t.Helper()
			x, err := w.s.Trend(ctx, scope)
			if err != nil {
				t.Fatal(err)
			}
			if len(x.Weeks) != 14 {
				t.Fatalf("%d points", len(x.Weeks))
			}
			return x
		}
		empty := trend(authz.Everything())
		for i, p := range append(empty.Weeks[:13:13], empty.Month) {
			if p.Units != nil {
				t.Errorf("nothing was counted, but point %d has %v", i, p.Units)
			}
		}
		keys := func(p identity.Point) [2]int64 { // of the two works
			eu, us := p.Units["works-eu"], p.Units["works-us"]
			return [2]int64{eu.Passkeys(), us.Passkeys()}
		}
		count()
		clk.Advance(45 * 24 * time.Hour)
		give("keller", "a")
		count()
		clk.Advance(20 * 24 * time.Hour)
		give("ruiz", "b")
		count()
		give("ruiz", "c") // a second one changes nothing
		clk.Advance(24 * time.Hour)
		x := trend(authz.Everything())
		today := clk.Now().UTC().Truncate(24 * time.Hour)
		for i, p := range x.Weeks[:13] {
			if at := today.AddDate(0, 0, -7*(13-i)); !p.At.Equal(at) {
				t.Errorf("point %d is at %s, not %s", i, p.At, at)
			}
			switch age := p.At.Sub(began); {
			case age < 0 && p.Units != nil:
				t.Errorf("before the first count: %v", p.Units)
			case age >= 0 && p.Units["works-eu"].People != 1:
				t.Errorf("point %d has nobody: %v", i, p.Units)
			}
			want := [2]int64{}
			if p.At.After(began.AddDate(0, 0, 45)) {
				want[0] = 1
			}
			if p.At.After(began.AddDate(0, 0, 65)) {
				want[1] = 1
			}
			if keys(p) != want {
				t.Errorf("point %d: %v, want %v", i, keys(p), want)
			}
		}
		if keys(x.Weeks[13]) != [2]int64{1, 1} || keys(x.Month) != [2]int64{0, 0} || !x.Month.At.Equal(today.AddDate(0, 0, -30)) {
			t.Errorf("now %v, a month ago %v at %s", keys(x.Weeks[13]), keys(x.Month), x.Month.At)
		}
		// Who may see one region is told of it alone, at every point.
		own := trend(w.actor(t, "keller").Scope(readThings))
		for i, p := range append(own.Weeks, own.Month) {
			if _, ok := p.Units["works-us"]; ok {
				t.Errorf("point %d tells of another region", i)
			}
		}
		if keys(own.Weeks[13]) != [2]int64{1, 0} {
			t.Errorf("his own: %v", keys(own.Weeks[13]))
		}
		// Years after the last count it still says how things were, and the ones before it
		// are gone.
		clk.Advance(3 * 365 * 24 * time.Hour)
		if err := w.s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		var rows, units int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*), COUNT(DISTINCT unit) FROM identity_coverage").Scan(&rows, &units)
		}); err != nil || rows != units || units < 2 {
			t.Errorf("%d rows of %d units are left: %v", rows, units, err)
		}
		if x := trend(authz.Everything()); keys(x.Weeks[0]) != [2]int64{1, 1} || keys(x.Month) != [2]int64{1, 1} {
			t.Errorf("three years later: %v, %v", keys(x.Weeks[0]), keys(x.Month))
		}
		admin, err := w.s.Evidence(ctx, authz.System("test"), identity.MFAControl, began.AddDate(0, 0, 50))
		if err != nil || !admin.Published.IsZero() {
			t.Errorf("of a time whose counts are gone: %+v %v", admin, err)
		}
	})
}

// TestTrendBeforeTheFirstCount has people come and enrol weeks before anybody counted.
func TestTrendBeforeTheFirstCount(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx, system := found(t, db, clk), context.Background(), authz.System("test")
		w.change(t, func(tx *store.Tx) error {
			for person, unit := range map[string]string{"admin": "group", "keller": "works-eu", "ruiz": "works-us"} {
				if err := tx.Record(system, fact.PersonAdded{Person: person, Unit: unit}); err != nil {
					return err
				}
			}
			return nil
		})
		clk.Advance(5 * 7 * 24 * time.Hour)
		w.change(t, func(tx *store.Tx) error { return w.s.SeedPasskey(tx, system, "ruiz", "a") })
		clk.Advance(5 * 7 * 24 * time.Hour)
		for range 2 { // the second time fills in nothing
			if err := w.s.PublishCoverage(ctx); err != nil {
				t.Fatal(err)
			}
			clk.Advance(time.Minute)
		}
		x, err := w.s.Trend(ctx, authz.Everything())
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range x.Weeks { // they came ten weeks ago: between points 3 and 4 of 13
			us := p.Units["works-us"]
			people, keys := int64(0), int64(0)
			if i >= 4 {
				people = 1
			}
			if i >= 9 {
				keys = 1
			}
			if us.People != people || us.Passkeys() != keys {
				t.Errorf("point %d: %+v", i, us)
			}
		}
		var filled, facts int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT (SELECT COUNT(*) FROM identity_coverage WHERE filled = 1), (SELECT COUNT(*) FROM ledger_pending WHERE kind = 'identity.coverage-counted')").Scan(&filled, &facts)
		}); err != nil || filled != 4 || facts != 3 {
			t.Errorf("%d rows filled in (three units came, one enrolled), %d facts: %v", filled, facts, err)
		}
		e, err := w.s.Evidence(ctx, system, identity.MFAControl, clk.Now().AddDate(0, 0, -20))
		if err != nil || !e.Published.IsZero() {
			t.Errorf("what was filled in is told as published: %+v %v", e, err)
		}
	})
}
