package identity_test

import (
	"context"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestForgetDevice: a person has his own browser forgotten, with his sessions on
// it; not one that the group manages, nor somebody else's.
func TestForgetDevice(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		keller := w.actor(t, "keller")
		b := &browser{w: w}
		first, err := w.arrive(t, "keller", b.from(atHome))
		if err != nil {
			t.Fatal(err)
		}
		seen, err := w.s.DevicesOf(ctx, keller, "keller")
		if err != nil || len(seen) != 1 {
			t.Fatal(seen, err)
		}
		mine := seen[0].ID
		if err := w.s.ForgetDevice(ctx, w.actor(t, "ruiz"), mine); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("somebody else's: %v", err)
		}
		if err := w.s.ManageDevice(ctx, w.actor(t, "admin"), mine, true); err != nil {
			t.Fatal(err)
		}
		if err := w.s.ForgetDevice(ctx, keller, mine); !fault.Is(err, fault.KindDenied) {
			t.Errorf("one that the group manages: %v", err)
		}
		if _, err := w.s.Who(ctx, first); err != nil {
			t.Errorf("the session ended though nothing was forgotten: %v", err)
		}
		if err := w.s.ManageDevice(ctx, w.actor(t, "admin"), mine, false); err != nil { // ends the session
			t.Fatal(err)
		}
		again, err := w.arrive(t, "keller", b.from(atHome))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.s.ForgetDevice(ctx, keller, mine); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Who(ctx, again); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the session on it lives on: %v", err)
		}
		if seen, err := w.s.DevicesOf(ctx, keller, "keller"); err != nil || len(seen) != 0 {
			t.Errorf("%+v %v", seen, err)
		}
		if err := w.s.ForgetDevice(ctx, keller, mine); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("twice: %v", err)
		}
	})
}

// TestTripFor: a trip in a person's name waits for his manager like his own, and
// nobody but who runs the machine may ask so.
func TestTripFor(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	w, ctx := located(t, db, clk), context.Background()
	want := identity.Trip{Countries: []string{"VN"}, From: clk.Now(), To: clk.Now().Add(24 * time.Hour), Purpose: "Line 4"}
	if _, err := w.s.AskTripFor(ctx, w.actor(t, "admin"), "keller", want); !fault.Is(err, fault.KindDenied) {
		t.Errorf("an administrator asks in a person's name: %v", err)
	}
	trip, err := w.s.AskTripFor(ctx, authz.System("command-line"), "keller", want)
	if err != nil || trip.State != identity.TripAsked || trip.Person != "keller" || trip.Unit != "works-eu" {
		t.Fatalf("%+v %v", trip, err)
	}
	clk.Advance(time.Minute)
	if _, err := w.arrive(t, "keller", identity.Device{Network: inHanoi}); !fault.Is(err, fault.KindDenied) {
		t.Errorf("it counts before it is approved: %v", err)
	}
	if err := w.s.DecideTrip(ctx, w.actor(t, "keller"), trip.ID, true, ""); !fault.Is(err, fault.KindDenied) {
		t.Errorf("approved by himself: %v", err)
	}
	if _, err := w.s.AskTripFor(ctx, authz.System("command-line"), "keller", identity.Trip{Countries: []string{"XX"}, From: want.From, To: want.To, Purpose: "x"}); len(fault.FieldsOf(err)) != 1 {
		t.Errorf("a country that does not exist: %v", err)
	}
	w.change(t, func(tx *store.Tx) error {
		_, err := w.s.Close(tx, authz.System("test"), "keller", identity.Standing{State: identity.Contained})
		return err
	})
	if _, err := w.s.AskTripFor(ctx, authz.System("command-line"), "keller", want); !fault.Is(err, fault.KindDenied) {
		t.Errorf("for somebody who is locked out: %v", err)
	}
}
