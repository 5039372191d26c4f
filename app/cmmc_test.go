package app

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/area/identity"
	"yagura/area/org"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// TestOneUserOfAHundredWithoutFactors goes the whole way of the live break: somebody
// comes without a second factor, identity publishes its coverage, the ledger carries
// it to CMMC, and the page says 107 and not deferrable; then he gets a passkey.
func TestOneUserOfAHundredWithoutFactors(t *testing.T) {
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + t.TempDir(), "YAGURA_LISTEN=127.0.0.1:8420", "YAGURA_PUBLIC_URL=http://yagura.localhost:8420", "YAGURA_SESSION_IDLE=24h", "YAGURA_SESSION_LONGEST=7d"})
	for _, m := range mistakes {
		t.Fatal(m)
	}
	clk := clock.NewMovable(clock.System())
	a, err := Open(t.Context(), cfg, Options{Clock: clk, Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = a.FirstLink(t.Context())
	must(err)
	system := authz.System("test")
	change := func(do func(tx *store.Tx) error) { t.Helper(); must(a.DB.Change(t.Context(), do)) }
	deliver := func() {
		t.Helper()
		for range 8 {
			n, err := a.Sealer.Seal(t.Context())
			must(err)
			must(a.Delivery.Drain(t.Context()))
			if n == 0 {
				return
			}
		}
	}
	passkey := func(tx *store.Tx, person string) error {
		return a.Identity.SeedPasskey(tx, system, person, base64.RawURLEncoding.EncodeToString([]byte("key of "+person)))
	}
	var link string
	change(func(tx *store.Tx) error {
		g := org.Founding{
			Units:  []org.Unit{{ID: "works", Kind: org.Company, Name: "Works", Parent: firstUnit, Region: firstWorld}},
			People: []org.Person{{ID: "head", Name: "Hedda Head", Unit: firstUnit, Lang: text.EN, Zone: "UTC"}},
		}
		for n := range 99 {
			g.People = append(g.People, org.Person{ID: fmt.Sprintf("e-%02d", n), Name: fmt.Sprint("Employee ", n), Unit: "works", Lang: text.EN, Zone: "UTC"})
		}
		if err := a.Org.Seed(tx, system, g); err != nil {
			return err
		}
		for n := range 99 {
			if err := passkey(tx, fmt.Sprintf("e-%02d", n)); err != nil {
				return err
			}
		}
		if err := authz.Found(tx, system, authz.Grant{Person: "head", Role: authz.Head, Tree: authz.Own, Unit: firstUnit, Until: tx.Now.AddDate(0, 6, 0)}); err != nil {
			return err
		}
		secret, err := identity.MakeLink(tx, system, "head", identity.Persona, tx.Now.AddDate(0, 0, 1))
		if err != nil {
			return err
		}
		link = a.Identity.LinkURL(secret)
		p := cmmc.Past{System: cmmc.System{ID: "works", Kind: cmmc.Enclave, Unit: "works", Name: "Works enclave", Level: 2, SSP: &score.SSP{ID: "SSP-1", Version: "1", Date: tx.Now.Add(-time.Hour)}}}
		for i := range catalog.Level2Objectives {
			p.Judged = append(p.Judged, cmmc.Judgement{Objective: i, Result: score.Met, Method: "examine", By: "head"})
		}
		return a.CMMC.Seed(tx, system, p)
	})
	must(a.DB.Operate(t.Context(), func(tx *store.Tx) error { // somebody works from outside
		return a.Identity.SeedSignIn(tx, system, "e-00", identity.Proof{Method: "passkey", Level: "phr", Methods: []string{"pop", "user", "mfa", "swk"}}, identity.Device{Network: "203.0.113.7"})
	}))
	v := visit.In("http://yagura.localhost:8420", a.Handler())
	must(v.Enter(link))
	expect := func(what string, words ...string) {
		t.Helper()
		page, err := v.Get("/cmmc")
		must(err)
		for _, w := range words {
			if !strings.Contains(page.Text(), w) {
				t.Errorf("%s: the page does not say %q: %s", what, w, page.Text())
			}
		}
	}
	publish := func() {
		t.Helper()
		clk.Advance(time.Minute)
		must(a.Identity.PublishCoverage(t.Context()))
		deliver()
	}
	publish()
	expect("all have several factors", "110 / 110", "Final")
	change(func(tx *store.Tx) error {
		return a.Org.Seed(tx, system, org.Founding{People: []org.Person{{ID: "e-99", Name: "The hundredth", Unit: "works", Lang: text.EN, Zone: "UTC"}}})
	})
	publish()
	expect("one has not", "107 / 110", "No status")
	by, err := (&founding{a: a}).actor(t.Context(), "head")
	must(err)
	d, err := a.CMMC.Enclave(t.Context(), by, "works")
	must(err)
	if x := d.Report.Deductions; len(x) != 1 || x[0].Requirement.ID != "3.5.3" || x[0].Points != 3 || x[0].Deferrable || d.Said.Low != 110 {
		t.Errorf("%+v", x)
	}
	change(func(tx *store.Tx) error { return passkey(tx, "e-99") })
	publish()
	expect("he has now", "110 / 110", "Final")
	_, _, changes, err := a.CMMC.Objective(t.Context(), by, "works", "3.5.3[d]")
	must(err)
	if len(changes) != 2 || changes[1].Was != "met" || changes[1].Now != "not_met" || changes[1].Value != "99 of 100 (99.0 %)" || changes[0].Now != "met" || changes[0].Value != "100 of 100 (100.0 %)" {
		t.Errorf("%+v", changes)
	}
}
