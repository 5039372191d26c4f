package identity_test

import (
	"bytes"
	"context"
	"testing"

	"yagura/area/identity"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func TestStrongestLevelWins(t *testing.T) {
	if got := identity.Strongest("aal2", "phr", "silver", "aal1"); got != identity.PhishingResistant {
		t.Errorf("Strongest = %q", got)
	}
	if identity.NoLevel.Meets(identity.SingleFactor) || !identity.HardwareBound.Meets(identity.PhishingResistant) || !identity.SingleFactor.Meets(identity.NoLevel) || identity.Level("gold").Meets(identity.SingleFactor) {
		t.Error("levels are not in order")
	}
}

func TestAClosedAccountStaysOut(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		key := newAuthenticator(t)
		c, err := w.s.BeginEnrol(ctx, w.actor(t, "keller"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.s.FinishEnrol(ctx, w.actor(t, "keller"), c.Ceremony, "key", key.create(c)); err != nil {
			t.Fatal(err)
		}
		signIn := func() (string, error) {
			c, err := w.s.BeginSignIn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			in, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(key.get(c)), identity.Device{}, "")
			return in.Secret, err
		}
		session, err := signIn()
		if err != nil {
			t.Fatal(err)
		}
		by := w.actor(t, "admin")
		w.change(t, func(tx *store.Tx) error {
			_, err := w.s.Close(tx, by, "keller", identity.Standing{State: identity.Contained, Reason: "phished", Incident: "INC-1"})
			return err
		})
		if _, err := w.s.Who(ctx, session); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the session lives on: %v", err)
		}
		if _, err := signIn(); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("signed in while contained: %v", err)
		}
		reopen := func(from identity.State) {
			w.change(t, func(tx *store.Tx) error {
				if err := w.s.Open(tx, by, "keller", from); err != nil {
					return err
				}
				return tx.Record(by, left{})
			})
		}
		if reopen(identity.Disabled); true {
			if _, err := signIn(); err == nil {
				t.Error("the directory released whom the CSIRT contained")
			}
		}
		reopen(identity.Contained)
		if _, err := signIn(); err != nil {
			t.Errorf("released, but: %v", err)
		}
		var refused int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE person = 'keller' AND outcome = 'refused' AND reason = 'contained'").Scan(&refused)
		}); err != nil || refused != 2 {
			t.Errorf("%d refusals are in the log, %v", refused, err)
		}
	})
}
