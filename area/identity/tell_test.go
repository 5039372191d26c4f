package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/fido"
	"yagura/area/identity/fido/fidotest"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// stream is a telemetry that keeps what became durable.
type stream struct {
	db   *store.DB
	fail error // instead of the commit

	mu   sync.Mutex
	took []identity.Told
}

func (s *stream) Take(ctx context.Context, events []identity.Told, done func(tx *store.Tx) error) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		if err := done(tx); err != nil {
			return err
		}
		if s.fail != nil {
			return s.fail
		}
		tx.After(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.took = append(s.took, events...)
		})
		return nil
	})
}

// TestTheLogIsToldOnce has events told while telemetry fails, by two processes
// at once, and looks at what is told.
func TestTheLogIsToldOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		session := w.enter(t, "keller")
		const typed = "my actual password"
		if _, err := w.s.BeginPassword(ctx, typed, "another secret", identity.Device{Network: "203.0.113.7"}); err == nil {
			t.Fatal("nobody came in")
		}
		broken := &stream{db: db, fail: errors.New("the disk is full")}
		if _, err := w.s.TellSome(ctx, broken); !errors.Is(err, broken.fail) {
			t.Fatal(err)
		}
		for range 40 {
			w.enter(t, "ruiz")
		}
		to := &stream{db: db}
		var wg sync.WaitGroup
		for range 2 { // as two processes do; one of them may find that the other was first
			wg.Go(func() {
				run, stop := context.WithTimeout(ctx, 1500*time.Millisecond)
				defer stop()
				w.s.Tell(run, to, slog.New(slog.DiscardHandler))
			})
		}
		wg.Wait()
		if n, err := w.s.TellSome(ctx, to); n != 0 || err != nil {
			t.Errorf("%d were left: %v", n, err)
		}
		ids := map[string]bool{}
		var guessed map[string]any
		for _, e := range to.took {
			var doc map[string]any
			if err := json.Unmarshal(e.Doc, &doc); err != nil {
				t.Fatal(err)
			}
			ids[doc["event_id"].(string)] = true
			for _, secret := range []string{typed, "another secret", session} {
				if strings.Contains(string(e.Doc), secret) {
					t.Errorf("a secret was told: %s", e.Doc)
				}
			}
			switch doc["user"] {
			case "keller":
				if e.Unit != "works-eu" || doc["event"] != "sign-in" || doc["outcome"] != "allowed" || doc["src_ip"] != "192.0.2.1" || doc["src_network"] != "192.0.2.0/24" || doc["product"] != "yagura" || doc["service"] != "identity" {
					t.Errorf("keller: %s in %s", e.Doc, e.Unit)
				}
			case nil:
				guessed = doc
				if e.Unit != "group" {
					t.Errorf("nobody's event belongs to %s", e.Unit)
				}
			}
		}
		if len(ids) != 42 || len(to.took) != 42 {
			t.Errorf("%d events were told, %d of them different; there were 42", len(to.took), len(ids))
		}
		if guessed["reason"] != "password" || len(guessed["account"].(string)) != 24 {
			t.Errorf("guess at an account that nobody has: %v", guessed)
		}
	})
}

// kinds of events of a person, newest first.
func (w world) kinds(t *testing.T, person string) (kinds []string) {
	t.Helper()
	list, err := w.s.Timeline(context.Background(), w.actor(t, "admin"), person, 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		kinds = append(kinds, string(e.Kind)+" "+e.Reason)
	}
	return kinds
}

// TestDormantAndWeaker lets an account rest, and shows less than its key.
func TestDormantAndWeaker(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		w.enter(t, "keller")
		clk.Advance(89 * 24 * time.Hour)
		w.enter(t, "keller")
		if kinds := w.kinds(t, "keller"); len(kinds) != 2 {
			t.Fatalf("after 89 days: %q", kinds)
		}
		clk.Advance(91 * 24 * time.Hour)
		w.enter(t, "keller")
		if kinds := w.kinds(t, "keller"); !slices.Contains(kinds, "dormant-account 91 days") || len(kinds) != 4 {
			t.Errorf("after 91 days: %q", kinds)
		}
		w.change(t, func(tx *store.Tx) error { return w.s.SeedPasskey(tx, authz.System("test"), "ruiz", "a key") })
		w.enter(t, "ruiz")
		if kinds := w.kinds(t, "ruiz"); !slices.Contains(kinds, "key-downgrade link") {
			t.Errorf("by a link, with a passkey: %q", kinds)
		}
		if _, err := w.arrive(t, "ruiz", identity.Device{Network: "192.0.2.1"}); err != nil { // counts as a hardware key
			t.Fatal(err)
		}
		if kinds := w.kinds(t, "ruiz"); len(kinds) != 3 {
			t.Errorf("by a key: %q", kinds)
		}
	})
}

// TestASyncedKeyBesideHardware adds a key that can leave its hardware.
func TestASyncedKeyBesideHardware(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		root, maker := fidotest.Root(t, clk.Now(), "root"), fidotest.Root(t, clk.Now(), "maker")
		models, err := fido.Read(fidotest.Metadata(t, root.Issue(t, fido.Signer), maker, "FIDO_CERTIFIED"), root.PEM(), clk.Now())
		if err != nil {
			t.Fatal(err)
		}
		w := foundWith(t, db, clk, identity.Options{Passkeys: identity.PasskeyRule{Attestation: "direct", Models: models}})
		keller := w.actor(t, "keller")
		enrol := func(a *authenticator) {
			t.Helper()
			if err := w.enrol(t, keller, a); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			hard, cert := newAuthenticator(t), maker.Attest(t, fidotest.Model)
			hard.aaguid, hard.maker, hard.cert = fidotest.Model, cert.Key, cert.Cert.Raw
			enrol(hard)
		}
		if kinds := w.kinds(t, "keller"); len(kinds) != 0 {
			t.Errorf("hardware beside hardware: %q", kinds)
		}
		enrol(newAuthenticator(t))
		if kinds := w.kinds(t, "keller"); !slices.Equal(kinds, []string{"key-downgrade passkey"}) {
			t.Errorf("a synced key beside hardware: %q", kinds)
		}
	})
}
