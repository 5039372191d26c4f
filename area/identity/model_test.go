package identity_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"yagura/area/identity"
	"yagura/area/identity/fido"
	"yagura/area/identity/fido/fidotest"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func (w world) enrol(t *testing.T, by authz.Actor, a *authenticator) error {
	t.Helper()
	c, err := w.s.BeginEnrol(context.Background(), by)
	if err != nil {
		t.Fatal(err)
	}
	return w.s.FinishEnrol(context.Background(), by, c.Ceremony, "key", a.create(c))
}

func (w world) signIn(t *testing.T, a *authenticator, current string) (identity.SignedIn, error) {
	t.Helper()
	c, err := w.s.BeginSignIn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w.s.FinishSignIn(context.Background(), c.Ceremony, bytes.NewReader(a.get(c)), identity.Device{Network: "192.0.2.7"}, current)
}

// TestHardwareIsVouchedFor has keys of one model: what its maker attests is
// bound to its hardware, and nothing else is, whatever it says of itself.
func TestHardwareIsVouchedFor(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		root, maker := fidotest.Root(t, clk.Now(), "root"), fidotest.Root(t, clk.Now(), "maker")
		read := func(status string) *fido.Models {
			m, err := fido.Read(fidotest.Metadata(t, root.Issue(t, fido.Signer), maker, status), root.PEM(), clk.Now())
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		rule := identity.PasskeyRule{Attestation: "direct", Models: read("FIDO_CERTIFIED")}
		w := foundWith(t, db, clk, identity.Options{Passkeys: rule})
		keller := w.actor(t, "keller")
		made := func(by fidotest.Authority, flags byte) *authenticator {
			a, cert := newAuthenticator(t), by.Attest(t, fidotest.Model)
			a.aaguid, a.maker, a.cert, a.flags = fidotest.Model, cert.Key, cert.Cert.Raw, flags
			return a
		}
		hardware := made(maker, 0x05)
		keys := map[identity.Level][]*authenticator{
			identity.HardwareBound:     {hardware},
			identity.PhishingResistant: {made(maker, 0x0d), made(fidotest.Root(t, clk.Now(), "maker"), 0x05), newAuthenticator(t)},
		}
		for want, list := range keys {
			for i, a := range list {
				if err := w.enrol(t, keller, a); err != nil {
					t.Fatal(want, i, err)
				}
				if in, err := w.signIn(t, a, ""); err != nil || in.Level != want {
					t.Errorf("key %d: %s, want %s: %v", i, in.Level, want, err)
				}
			}
		}
		// The model is found to be broken: its keys are hardware no longer.
		rule.Models = read("USER_VERIFICATION_BYPASS")
		later := w.again(t, identity.Options{Passkeys: rule})
		if in, err := later.signIn(t, hardware, ""); err != nil || in.Level != identity.PhishingResistant {
			t.Errorf("a key of a broken model is worth %s, %v", in.Level, err)
		}
		if err := later.enrol(t, keller, made(maker, 0x05)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a key of a broken model was enrolled: %v", err)
		}
		rule = identity.PasskeyRule{Attestation: "required", Models: read("FIDO_CERTIFIED")}
		strict := w.again(t, identity.Options{Passkeys: rule})
		if err := strict.enrol(t, keller, newAuthenticator(t)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a key without a maker was enrolled: %v", err)
		}
		rule.Accepted = []string{"00000000-0000-0000-0000-000000000001"}
		if err := w.again(t, identity.Options{Passkeys: rule}).enrol(t, keller, made(maker, 0x05)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a key of a model not on the list was enrolled: %v", err)
		}
	})
}

// TestRaise has the same person prove himself again, and another sit down at
// the same browser.
func TestRaise(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		key, other := newAuthenticator(t), newAuthenticator(t)
		for person, a := range map[string]*authenticator{"keller": key, "ruiz": other} {
			if err := w.enrol(t, w.actor(t, person), a); err != nil {
				t.Fatal(err)
			}
		}
		first, err := w.signIn(t, key, "")
		if err != nil {
			t.Fatal(err)
		}
		before, _ := w.s.Here(ctx, first.Secret)
		clk.Advance(30 * 60e9)
		again, err := w.signIn(t, key, first.Secret)
		if err != nil || again.Secret == first.Secret {
			t.Fatal("the secret was not changed", err)
		}
		after, err := w.s.Here(ctx, again.Secret)
		if err != nil || after.ID != before.ID || after.Proof.At.Sub(before.Proof.At) < 29*60e9 || !after.Meets(identity.PhishingResistant, clk.Now(), 60e9) || before.Meets(identity.PhishingResistant, clk.Now(), 60e9) {
			t.Errorf("%+v after %+v, %v", after, before, err)
		}
		if _, err := w.s.Who(ctx, first.Secret); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the old secret still opens: %v", err)
		}
		if in, err := w.signIn(t, other, again.Secret); err != nil || in.Person != "ruiz" {
			t.Fatal(in, err)
		}
		if _, err := w.s.Who(ctx, again.Secret); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("two people are signed in at one browser: %v", err)
		}
	})
}

// TestOneAnswer sends the same answer sixteen times at once, and an answer that
// is wrong before one that is right.
func TestOneAnswer(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		key, stranger := newAuthenticator(t), newAuthenticator(t)
		if err := w.enrol(t, w.actor(t, "keller"), key); err != nil {
			t.Fatal(err)
		}
		for round := range 3 {
			c, err := w.s.BeginSignIn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			answer := key.get(c)
			var mu sync.Mutex
			var wg sync.WaitGroup
			in := 0
			for range 16 {
				wg.Go(func() {
					if _, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(answer), identity.Device{}, ""); err == nil {
						mu.Lock()
						in++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if in != 1 {
				t.Errorf("round %d: one answer opened %d sessions", round, in)
			}
		}
		c, err := w.s.BeginSignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		stranger.id, stranger.handle = key.id, key.handle
		if _, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(stranger.get(c)), identity.Device{}, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a stranger: %v", err)
		}
		if _, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(key.get(c)), identity.Device{}, ""); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a challenge that was answered wrong is answered again: %v", err)
		}
		late, err := w.s.BeginSignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		clk.Advance(5 * 60e9)
		if _, err := w.s.FinishSignIn(ctx, late.Ceremony, bytes.NewReader(key.get(late)), identity.Device{}, ""); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a challenge of five minutes ago is answered: %v", err)
		}
		if c, err = w.s.BeginEnrol(ctx, w.actor(t, "keller")); err != nil {
			t.Fatal(err)
		}
		if err := w.s.FinishEnrol(ctx, w.actor(t, "ruiz"), c.Ceremony, "x", newAuthenticator(t).create(c)); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a ceremony of another person: %v", err)
		}
	})
}
