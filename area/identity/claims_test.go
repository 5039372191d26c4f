package identity_test

import (
	"context"
	"testing"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestMailIsVerifiedInTheGroupsDomains looks at what applications are told of
// mail addresses: whoever brings people can write any.
func TestMailIsVerifiedInTheGroupsDomains(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{MailDomains: []string{"example.com", "example.co.jp"}}), context.Background()
		silent := w.again(t, identity.Options{})
		for address, verified := range map[string]bool{
			"a@example.com": true, "A@Example.COM": true, "a@example.co.jp": true, "a@sub.example.com": false, "a@example.com.evil.org": false, "a@notexample.com": false,
			"a@evil.org@example.com": false, `"a@example.com"@evil.org`: false, "example.com": false, "a@example.com@evil.org": false,
		} {
			if err := db.Operate(ctx, func(tx *store.Tx) error {
				return authz.PutPeople(tx, authz.Person{ID: "keller", Name: "Keller", Unit: "works-eu", Email: address, Active: true})
			}); err != nil {
				t.Fatal(err)
			}
			p, err := w.s.Profile(ctx, "keller")
			if err != nil {
				t.Fatal(err)
			}
			claims := p.Claims([]string{identity.ScopeEmail})
			if claims["email"] != address || claims["email_verified"] != verified || (p.Mail() != "") != verified {
				t.Errorf("%s: %v, told to others as %q", address, claims, p.Mail())
			}
			if p, err = silent.s.Profile(ctx, "keller"); err != nil || p.Claims([]string{identity.ScopeEmail})["email_verified"] != false || p.Mail() != "" {
				t.Errorf("%s without a setting: %+v %v", address, p, err)
			}
		}
	})
}
