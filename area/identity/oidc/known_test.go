package oidc_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestNobodyEntersByAPictureOfAnApplication changes applications, here and in
// another process, while somebody is on the way into them: what was looked at
// before counts no more, in either.
func TestNobodyEntersByAPictureOfAnApplication(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		elsewhere, err := identity.New(db, authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts)), identity.Options{PublicURL: w.issuer, Key: bytes.Repeat([]byte{7}, 32)})
		if err != nil {
			t.Fatal(err)
		}
		r, b := w.relying(w.app), w.browser("keller")
		code := func() string {
			t.Helper()
			to, status := b.open(r.config.AuthCodeURL("s", oauth2.S256ChallengeOption("a-verifier-that-is-long-enough-for-the-rfc-7636")))
			if c := to.Query().Get("code"); c != "" {
				return c
			}
			t.Fatalf("no code: %d %s", status, to)
			return ""
		}
		exchange := func(code string) error {
			_, err := r.config.Exchange(ctx, code, oauth2.VerifierOption("a-verifier-that-is-long-enough-for-the-rfc-7636"))
			return err
		}
		if err := exchange(code()); err != nil {
			t.Fatal(err)
		}
		app, err := w.s.FindClient(ctx, "app")
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]*identity.Service{"here": w.s, "elsewhere": elsewhere} {
			given := code() // and with it the picture
			clk.Advance(5 * time.Millisecond)
			if err := s.ChangeClient(ctx, w.admin, app); err != nil {
				t.Fatal(err)
			}
			if exchange(given) == nil {
				t.Errorf("%s: a code from before the change counted", name)
			}
			if s == elsewhere { // which is noticed within a second
				if exchange(code()) == nil {
					t.Error("a code by a picture that no longer holds counted")
				}
				clk.Advance(time.Second)
			}
			if err := exchange(code()); err != nil {
				t.Errorf("%s: afterwards: %v", name, err)
			}
		}
		given := code()
		if _, err := elsewhere.RotateSecret(ctx, w.admin, "app"); err != nil {
			t.Fatal(err)
		}
		if exchange(given) == nil {
			t.Error("the former secret counted")
		}
		app.Redirects = []string{"https://new.example/callback"}
		if err := w.s.ChangeClient(ctx, w.admin, app); err != nil {
			t.Fatal(err)
		}
		if to, status := b.open(r.config.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))); status != 422 {
			t.Errorf("an address that was just taken away is led to: %d %s", status, to)
		}
		if err := w.s.RemoveClient(ctx, w.admin, "app"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.KnownClient(ctx, "app"); err == nil {
			t.Error("an application that was removed is known")
		}
	})
}
