package identity_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// interrupted is a world in which something else happens while an act is under
// way: within its transaction, when it asks what the policy allows.
type interrupted struct {
	world
	t     *testing.T
	armed atomic.Pointer[func()]
}

func interrupt(t *testing.T, db *store.DB, clk *clock.Movable) *interrupted {
	i := &interrupted{t: t}
	i.world = foundWith(t, db, clk, identity.Options{Allow: func(tx *store.Tx, unit string) (identity.Allowance, error) {
		if f := i.armed.Swap(nil); f != nil {
			(*f)()
		}
		return everything(tx, unit)
	}})
	return i
}

// by has the other thing begin within the act, which goes on once the other has
// happened, or waits for the act. It returns when both are over.
func (i *interrupted) by(other func(tx *store.Tx) error, act func() error) (err error) {
	i.t.Helper()
	done := make(chan error, 1)
	begin := func() {
		go func() { done <- i.db.Change(context.Background(), other) }()
		for end := time.Now().Add(20 * time.Second); i.db.Engine() != store.SQLite && len(done) == 0 && !i.waits() && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	i.armed.Store(&begin)
	err = act()
	if i.armed.Load() != nil {
		i.t.Fatal("nothing asked what the policy allows")
	}
	if err := <-done; err != nil {
		i.t.Fatal(err)
	}
	return err
}

// waits tells whether a transaction of PostgreSQL waits for another one.
func (i *interrupted) waits() (yes bool) {
	if err := i.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").Scan(&yes)
	}); err != nil {
		i.t.Error(err)
	}
	return yes
}

// left is what a person still gets in by.
func (i *interrupted) left(person string) string {
	i.t.Helper()
	var sessions, grants, gates, tokens int
	if err := i.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM identity_session WHERE person = $1), (SELECT COUNT(*) FROM identity_grant WHERE person = $1 AND ended = 0),
			(SELECT COUNT(*) FROM identity_radius WHERE person = $1 AND ended = 0), (SELECT COUNT(*) FROM identity_token WHERE person = $1 AND revoked = 0)`, person).
			Scan(&sessions, &grants, &gates, &tokens)
	}); err != nil {
		i.t.Fatal(err)
	}
	if sessions+grants+gates+tokens == 0 {
		return ""
	}
	return fmt.Sprintf("%d sessions, %d grants, %d at gates, %d tokens", sessions, grants, gates, tokens)
}

// TestNobodyGetsInWhileHeIsLockedOut has a person locked out, signed out or gone
// in the middle of everything that gives something: whichever was first, he has
// nothing afterwards.
func TestNobodyGetsInWhileHeIsLockedOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		i, ctx := interrupt(t, db, clk), context.Background()
		w, admin, keller := i.world, i.actor(t, "admin"), i.actor(t, "keller")
		register := func(c identity.Client) identity.Client {
			c.Name, c.Unit = c.ID, "group"
			if _, err := w.s.AddClient(ctx, admin, c); err != nil {
				t.Fatal(err)
			}
			c, err := w.s.FindClient(ctx, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		mail := register(identity.Client{ID: "mail", Kind: identity.NativeClient, Refresh: identity.RefreshOffline, Devices: true, LogoutURI: "http://127.0.0.1:1/out", Redirects: []string{"https://mail.example/back"}})
		old := register(identity.Client{ID: "old", Kind: identity.SAMLClient, SAML: &identity.SAML{Entity: "https://old.example/", Consumers: []identity.Consumer{{Location: "https://old.example/acs"}}}})
		key := newAuthenticator(t)
		if err := w.enrol(t, keller, key); err != nil {
			t.Fatal(err)
		}
		if err := w.s.SetPassword(ctx, keller, secretOfKeller); err != nil {
			t.Fatal(err)
		}
		app := w.addApp(t, keller)
		w.s.Cheap(secretOfKeller)
		w.gate(t)
		var nas string
		if err := db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT id FROM identity_nas").Scan(&nas) }); err != nil {
			t.Fatal(err)
		}
		scopes := []string{"openid", "offline_access"}
		code := func() string {
			w.enter(t, "keller")
			s := w.newest(t, "keller")
			code, err := w.s.Code(mail, s, identity.Wish{Redirect: mail.Redirects[0], Challenge: challenge, Scopes: scopes}, s.Device)
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		redeem := func(code string) (identity.Issued, error) {
			return w.s.Redeem(ctx, mail, code, mail.Redirects[0], verifier)
		}
		acts := map[string]func() func() error{
			"a code": func() func() error {
				code := code()
				return func() error { _, err := redeem(code); return err }
			},
			"a renewal": func() func() error {
				out, err := redeem(code())
				if err != nil {
					t.Fatal(err)
				}
				return func() error { _, err := w.s.Refresh(ctx, mail, out.Refresh, nil); return err }
			},
			"a device": func() func() error {
				d, err := w.s.BeginDevice(ctx, mail, scopes, "")
				if err == nil {
					err = w.s.DecideDevice(ctx, w.enter(t, "keller"), d.UserCode, true)
				}
				if err != nil {
					t.Fatal(err)
				}
				return func() error { _, err := w.s.PollDevice(ctx, mail, d.Secret); return err }
			},
			"SAML": func() func() error {
				w.enter(t, "keller")
				s := w.newest(t, "keller")
				return func() error {
					_, err := w.s.EnterSAML(ctx, old, s, identity.SAMLEntry{KnownAs: "x"}, s.Device)
					return err
				}
			},
			"a link": func() func() error {
				var secret string
				w.change(t, func(tx *store.Tx) (err error) {
					secret, err = identity.MakeLink(tx, authz.System("test"), "keller", identity.Enrol, tx.Now.Add(time.Minute))
					return err
				})
				return func() error { _, err := w.s.Follow(ctx, secret, home); return err }
			},
			"a passkey": func() func() error {
				c, err := w.s.BeginSignIn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return func() error {
					_, err := w.s.FinishSignIn(ctx, c.Ceremony, bytes.NewReader(key.get(c)), home, "")
					return err
				}
			},
			"a gate": func() func() error {
				clk.Advance(time.Minute)
				return func() error {
					a, err := w.s.Enter(ctx, radius.Request{Client: nas, User: "keller", Secret: secretOfKeller + "," + app.code(clk.Now()), Station: "198.51.100.7"})
					if err == nil && a.Kind != radius.Accept {
						err = fmt.Errorf("%v", a.Kind)
					}
					return err
				}
			},
		}
		closes := func(tx *store.Tx) error {
			_, err := w.s.Close(tx, authz.System("test"), "keller", identity.Standing{State: identity.Contained})
			return err
		}
		for name, prepare := range acts {
			if err := prepare()(); err != nil { // so that it is no other reason
				t.Errorf("%s: %v", name, err)
			}
			w.change(t, closes)
			w.change(t, func(tx *store.Tx) error { return w.s.Open(tx, authz.System("test"), "keller", identity.Contained) })
			if err := db.Operate(ctx, func(tx *store.Tx) error { _, err := tx.Exec("DELETE FROM identity_logout"); return err }); err != nil {
				t.Fatal(err)
			}
			err := i.by(closes, prepare())
			if left := i.left("keller"); left != "" {
				t.Errorf("%s: there is left %s", name, left)
			}
			var told int
			if db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT COUNT(*) FROM identity_logout").Scan(&told) }); err == nil && strings.Contains("a code, a device", name) && told == 0 {
				t.Errorf("%s: the application that was entered is not told", name)
			}
			w.change(t, func(tx *store.Tx) error { return w.s.Open(tx, authz.System("test"), "keller", identity.Contained) })

			// The same by whoever ends his sessions.
			prepared := prepare()
			i.by(func(tx *store.Tx) error { return w.s.Shut(tx, admin, []string{"keller"}) }, prepared)
			var grants int
			if err := db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COUNT(*) FROM identity_grant g WHERE ended = 0 AND (offline = 1 OR NOT EXISTS (SELECT 1 FROM identity_session s WHERE s.id = g.session))").Scan(&grants)
			}); err != nil || grants != 0 {
				t.Errorf("%s: %d grants outlived the end of their sessions, %v", name, grants, err)
			}
		}
	})
}

// TestWhoIsOutGetsNothingMore has a request on its way when its person is locked out.
func TestWhoIsOutGetsNothingMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}), context.Background()
		keller := w.actor(t, "keller")
		key := newAuthenticator(t)
		c, err := w.s.BeginEnrol(ctx, keller)
		if err != nil {
			t.Fatal(err)
		}
		answer := key.create(c)
		w.change(t, func(tx *store.Tx) error {
			_, err := w.s.Close(tx, authz.System("test"), "keller", identity.Standing{State: identity.Contained})
			return err
		})
		for name, act := range map[string]func() error{
			"a token": func() error {
				_, err := w.s.MakeToken(ctx, keller, "script", []authz.Act{readThings}, clk.Now().AddDate(0, 1, 0))
				return err
			},
			"a passkey":      func() error { return w.s.FinishEnrol(ctx, keller, c.Ceremony, "key", answer) },
			"a password":     func() error { return w.s.SetPassword(ctx, keller, secretOfKeller) },
			"an app":         func() error { _, err := w.s.BeginApp(ctx, keller); return err },
			"recovery codes": func() error { _, err := w.s.MakeRecoveryCodes(ctx, keller); return err },
		} {
			if err := act(); !fault.Is(err, fault.KindUnauthenticated) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestRemovedApplicationGetsNothing asks for a token as an application that was
// removed since it showed who it is, and looks at one given at that moment.
func TestRemovedApplicationGetsNothing(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	w, ctx := found(t, db, clk), context.Background()
	admin := w.actor(t, "admin")
	for _, id := range []string{"batch", "other"} {
		if _, err := w.s.AddClient(ctx, admin, identity.Client{ID: id, Name: "Batch", Unit: "group", Kind: identity.ServiceClient}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := w.s.FindClient(ctx, "batch")
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.s.GrantForClient(ctx, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := w.s.GrantAlive(ctx, out.Grant.ID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := w.s.RemoveClient(ctx, admin, "batch"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.GrantForClient(ctx, c, nil); err != identity.ErrClient {
		t.Errorf("an application that was removed got a token: %v", err)
	}
	if err := db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_grant SET ended = 0 WHERE id = $1", out.Grant.ID) // as one that was not yet there to be ended
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := w.s.GrantAlive(ctx, out.Grant.ID); ok || err != nil {
		t.Errorf("a token counts of an application that was removed: %v", err)
	}
	other, err := w.s.FindClient(ctx, "other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.RotateSecret(ctx, admin, "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.GrantForClient(ctx, other, nil); err != identity.ErrClient {
		t.Errorf("a token for a secret that was replaced: %v", err)
	}
}
