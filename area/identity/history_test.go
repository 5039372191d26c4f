package identity_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestEventKindsAreAll reads the constants: a kind that is not in the list has no
// words anywhere.
func TestEventKindsAreAll(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(f, func(x ast.Node) bool {
		spec, ok := x.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "EventKind" {
			return true
		}
		value, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if n++; !slices.Contains(identity.EventKinds, identity.EventKind(value)) {
			t.Errorf("%s is not among the kinds", value)
		}
		return true
	})
	if n != len(identity.EventKinds) {
		t.Errorf("%d constants, %d kinds", n, len(identity.EventKinds))
	}
}

// TestHistory merges sign-ins with what was done about a person, by pages, and
// shows of it what the reader may see elsewhere.
func TestHistory(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		system := authz.System("test")
		head := w.actor(t, "head")
		app := w.application(t, "erp", "normal")
		if _, err := w.arrive(t, "keller", identity.Device{Network: atHome}); err != nil {
			t.Fatal(err)
		}
		if err := w.into(t, app, w.newest(t, "keller"), identity.Device{Network: atHome}); err != nil {
			t.Fatal(err)
		}
		clk.Advance(time.Minute)
		for _, f := range []store.Fact{
			fact.FactorEnrolled{Person: "keller", Unit: "works-eu", Factor: fact.App},
			fact.TripAsked{Trip: "t1", Person: "keller", Unit: "works-eu", Countries: []string{"VN"}},
			fact.PersonContained{Containment: "c1", Person: "keller", Unit: "works-eu"},
			fact.RecoveryAsked{Person: "keller", Unit: "works-eu", Request: "r1"},
			fact.AccountProvisioned{Person: "keller", Unit: "works-eu", Directory: "d1", Active: true},
			authz.GrantApproved{Grant: "g1", Person: "keller", Role: authz.Handler, Unit: "works-eu"},
			fact.SignedIn{Person: "keller", Unit: "works-eu", Method: "passkey"}, // the log tells it
			fact.TripAsked{Trip: "t2", Person: "ruiz", Unit: "works-us"},
		} {
			clk.Advance(time.Second)
			w.change(t, func(tx *store.Tx) error { return tx.Record(system, f) })
		}
		told := func(by authz.Actor) (kinds []string) {
			t.Helper()
			page := keyset.Page{Limit: 3}
			last := clk.Now().Add(time.Hour)
			for range 20 {
				list, next, err := w.s.History(ctx, by, "keller", page)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range list {
					if e.At.After(last) {
						t.Errorf("%s %s at %s comes after %s", e.Kind, e.Fact, e.At, last)
					}
					last = e.At
					kinds = append(kinds, e.Fact+string(e.Kind))
					if e.Kind == identity.EnterClient && e.App != "erp" || e.Fact != "" && e.By.ID != system.Who() && e.Fact != "identity.passkey-enrolled" && e.Fact != "authz.grant-approved" {
						t.Errorf("%+v", e)
					}
				}
				if next == nil {
					return kinds
				}
				page.After = next
			}
			t.Fatal("it has no end")
			return nil
		}
		all := told(head)
		newest := []string{"authz.grant-approved", "identity.account-provisioned", "identity.recovery-asked", "identity.person-contained", "identity.trip-asked", "identity.factor-enrolled"}
		if len(all) < 8 || !slices.Equal(all[:6], newest) || !slices.Contains(all, "enter-application") || !slices.Contains(all, "sign-in") || slices.Contains(all, "identity.signed-in") {
			t.Errorf("%q", all)
		}
		admin := told(w.actor(t, "admin")) // reads factors, but neither trips, nor containments, nor roles
		for _, kind := range admin {
			if kind == "identity.trip-asked" || kind == "identity.person-contained" {
				t.Errorf("an administrator is told of %s", kind)
			}
		}
		if !slices.Contains(admin, "identity.factor-enrolled") || !slices.Contains(admin, "sign-in") {
			t.Errorf("%q", admin)
		}
		if _, _, err := w.s.History(ctx, w.actor(t, "ruiz"), "keller", keyset.Page{Limit: 3}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		card, err := w.s.Card(ctx, head, "keller")
		if err != nil || card.Person.ID != "keller" || card.State != identity.Active || card.BreakGlass {
			t.Errorf("%+v %v", card, err)
		}
		w.change(t, func(tx *store.Tx) error {
			_, err := w.s.Close(tx, system, "keller", identity.Standing{State: identity.Contained})
			return err
		})
		for by, want := range map[string]identity.State{"head": identity.Contained, "admin": identity.Disabled} {
			if card, err := w.s.Card(ctx, w.actor(t, by), "keller"); err != nil || card.State != want {
				t.Errorf("%s sees %s: %v", by, card.State, err)
			}
		}
	})
}
