package identity_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

var tables = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, identity.Migrations}

const readThings authz.Act = "thing.read"

type world struct {
	db    *store.DB
	clock *clock.Movable
	dir   *authz.Directory
	s     *identity.Service
}

func found(t *testing.T, db *store.DB, clk *clock.Movable) world {
	return foundWith(t, db, clk, identity.Options{})
}

// foundWith has other rules.
func foundWith(t testing.TB, db *store.DB, clk *clock.Movable, o identity.Options) world {
	t.Helper()
	w := world{db: db, clock: clk, dir: authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts, ledger.Acts, authz.Table{readThings: {authz.Handler, authz.Regional}}))}
	w = w.again(t, o)
	system := authz.System("test")
	w.change(t, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx,
			authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "eu", Kind: authz.RegionKind, Parent: "group", Region: "world"}, authz.Unit{ID: "us", Kind: authz.RegionKind, Parent: "group", Region: "world"},
			authz.Unit{ID: "works-eu", Kind: "plant", Parent: "group", Region: "eu"}, authz.Unit{ID: "works-us", Kind: "plant", Parent: "group", Region: "us"}); err != nil {
			return err
		}
		if err := authz.PutPeople(tx,
			authz.Person{ID: "admin", Name: "Admin", Unit: "group", Lang: text.EN, Active: true}, authz.Person{ID: "keller", Name: "Keller", Unit: "works-eu", Lang: text.EN, Email: "keller@example", Active: true},
			authz.Person{ID: "ruiz", Name: "Ruiz", Unit: "works-us", Lang: text.EN, Active: true}); err != nil {
			return err
		}
		until := tx.Now.AddDate(1, 0, 0)
		for _, g := range []authz.Grant{
			{Person: "admin", Role: authz.Admin, Tree: authz.Own, Unit: "group", Until: until},
			{Person: "keller", Role: authz.Handler, Tree: authz.Geography, Unit: "eu", Until: until},
		} {
			if err := authz.Found(tx, system, g); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

// again is the same group under other rules.
func (w world) again(t testing.TB, o identity.Options) world {
	t.Helper()
	o.PublicURL, o.Idle, o.Session, o.Key = "http://localhost:8420", time.Hour, 8*time.Hour, make([]byte, 32)
	o.Reach = peer.Reach{Local: true} // applications of tests listen here
	keeper := new(*identity.Service)
	o.People = people{keeper}
	var err error
	if w.s, err = identity.New(w.db, w.dir, o); err != nil {
		t.Fatal(err)
	}
	*keeper = w.s
	return w
}

func (w world) change(t testing.TB, do func(tx *store.Tx) error) {
	t.Helper()
	if err := w.db.Change(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

func (w world) actor(t testing.TB, person string) (a authz.Actor) {
	t.Helper()
	if err := w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		a, err = w.dir.ActorOf(tx, person)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return a
}

// enter signs a person in by a link.
func (w world) enter(t *testing.T, person string) string {
	t.Helper()
	var secret string
	w.change(t, func(tx *store.Tx) (err error) {
		secret, err = identity.MakeLink(tx, authz.System("test"), person, identity.Enrol, tx.Now.Add(time.Minute))
		return err
	})
	session, err := w.s.Follow(context.Background(), secret, identity.Device{Agent: "test", Network: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// TestCoverageIsNeverStale counts again after each change, sealed or not yet.
func TestCoverageIsNeverStale(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		keys := t.TempDir()
		key, err := ledger.OpenKey(keys)
		if err != nil {
			t.Fatal(err)
		}
		sealer := ledger.NewSealer(db, key, keys, slog.New(slog.DiscardHandler))
		want := func(scope authz.Scope, with, all int64) {
			t.Helper()
			for range 2 {
				gotWith, gotAll, err := w.s.Coverage(ctx, scope)
				if err != nil || gotWith != with || gotAll != all {
					t.Errorf("%d of %d, want %d of %d: %v", gotWith, gotAll, with, all, err)
				}
				if _, err := sealer.Seal(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		want(authz.Everything(), 0, 3)
		w.change(t, func(tx *store.Tx) error { return w.s.SeedPasskey(tx, authz.System("test"), "keller", "a") })
		want(authz.Everything(), 1, 3)
		want(w.actor(t, "admin").Scope(identity.ReadFactors), 1, 3)
		want(w.actor(t, "keller").Scope(readThings), 1, 1)
		want(w.actor(t, "keller").Scope(identity.ReadFactors), 0, 0)
		w.change(t, func(tx *store.Tx) error { return w.s.SeedPasskey(tx, authz.System("test"), "ruiz", "b") })
		want(authz.Everything(), 2, 3)
		want(w.actor(t, "keller").Scope(readThings), 1, 1)
	})
}

// TestLinkIsNoWayUp has the administrator of one plant ask for a link for
// somebody of the plant who has a role in the whole group.
func TestLinkIsNoWayUp(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		give := func(g authz.Grant) {
			w.change(t, func(tx *store.Tx) error {
				g.Until = tx.Now.AddDate(0, 1, 0)
				return authz.Found(tx, authz.System("test"), g)
			})
		}
		give(authz.Grant{Person: "ruiz", Role: authz.Admin, Tree: authz.Own, Unit: "works-eu"})
		if _, _, err := w.s.LinkFor(ctx, w.actor(t, "ruiz"), "keller"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the administrator of a plant becomes handler for Europe: %v", err)
		}
		if _, _, err := w.s.LinkFor(ctx, w.actor(t, "admin"), "keller"); err != nil {
			t.Error(err)
		}
		give(authz.Grant{Person: "ruiz", Role: authz.Admin, Tree: authz.Geography, Unit: "eu"})
		if _, _, err := w.s.LinkFor(ctx, w.actor(t, "ruiz"), "keller"); err != nil {
			t.Error(err)
		}
	})
}

func TestLinks(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		if _, _, err := w.s.LinkFor(ctx, w.actor(t, "keller"), "ruiz"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a handler made a link: %v", err)
		}
		if _, _, err := w.s.LinkFor(ctx, w.actor(t, "admin"), "admin"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("an administrator made a link for himself: %v", err)
		}
		secret, until, err := w.s.LinkFor(ctx, w.actor(t, "admin"), "keller")
		if err != nil || until.Sub(clk.Now()) > 31*time.Minute {
			t.Fatal(until, err)
		}
		var told int64
		if err := db.View(ctx, func(tx *store.Tx) (err error) { told, err = notify.Unread(tx, "keller"); return err }); err != nil || told == 0 {
			t.Errorf("keller was not told of a link made for him: %d, %v", told, err)
		}
		for range 2 { // looking does not use it up
			if l, err := w.s.Look(ctx, secret); err != nil || l.Person.ID != "keller" {
				t.Fatal(l, err)
			}
		}
		if _, err := w.s.Follow(ctx, secret, identity.Device{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Follow(ctx, secret, identity.Device{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a link worked twice: %v", err)
		}
		late, _, err := w.s.LinkFor(ctx, w.actor(t, "admin"), "keller")
		if err != nil {
			t.Fatal(err)
		}
		clk.Advance(31 * time.Minute)
		if _, err := w.s.Follow(ctx, late, identity.Device{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("an expired link worked: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		session := w.enter(t, "keller")
		if a, err := w.s.Who(ctx, session); err != nil || a.Person != "keller" || !a.Can(readThings, "works-eu") || a.Can(readThings, "works-us") {
			t.Fatalf("%+v, %v", a, err)
		}
		out := func(why string) {
			t.Helper()
			if _, err := w.s.Who(ctx, session); !fault.Is(err, fault.KindUnauthenticated) {
				t.Errorf("%s: %v", why, err)
			}
		}
		for range 9 { // used every 50 minutes it lives on, but not past eight hours
			clk.Advance(50 * time.Minute)
			if _, err := w.s.Who(ctx, session); err != nil {
				t.Fatal(err)
			}
		}
		clk.Advance(50 * time.Minute)
		out("after eight hours")

		session = w.enter(t, "keller")
		clk.Advance(61 * time.Minute)
		out("unused for an hour")

		session = w.enter(t, "keller")
		token, err := w.s.MakeToken(ctx, w.actor(t, "keller"), "script", []authz.Act{readThings}, clk.Now().AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		var unused string
		w.change(t, func(tx *store.Tx) (err error) {
			unused, err = identity.MakeLink(tx, authz.System("test"), "keller", identity.First, tx.Now.Add(time.Minute))
			return err
		})
		if err := w.s.EndAll(ctx, w.actor(t, "ruiz"), "keller"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("somebody without the right ended sessions: %v", err)
		}
		if err := w.s.EndAll(ctx, w.actor(t, "admin"), "keller"); err != nil {
			t.Fatal(err)
		}
		out("after all sessions were ended")
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if _, err := w.s.Authenticate(r); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a token outlived the lock-out: %v", err)
		}
		if _, err := w.s.Follow(ctx, unused, identity.Device{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a link outlived the lock-out: %v", err)
		}

		session = w.enter(t, "keller")
		w.change(t, func(tx *store.Tx) error {
			if err := authz.PutPeople(tx, authz.Person{ID: "keller", Name: "Keller", Unit: "works-eu", Active: false}); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		out("after the person left")
	})
}

type left struct{}

func (left) Heading() store.Heading { return store.Heading{Kind: "test.left"} }

func TestTokens(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		keller := w.actor(t, "keller")
		for name, try := range map[string]struct {
			acts  []authz.Act
			until time.Time
		}{
			"an act he may not do": {[]authz.Act{identity.MakeLinks}, clk.Now().AddDate(0, 1, 0)},
			"no act":               {nil, clk.Now().AddDate(0, 1, 0)},
			"too long":             {[]authz.Act{readThings}, clk.Now().AddDate(2, 0, 0)},
		} {
			if _, err := w.s.MakeToken(ctx, keller, "script", try.acts, try.until); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		secret, err := w.s.MakeToken(ctx, keller, "script", []authz.Act{readThings}, clk.Now().AddDate(0, 1, 0))
		if err != nil || !strings.HasPrefix(secret, "ygr_") {
			t.Fatal(secret, err)
		}
		ask := func(secret string) (authz.Actor, error) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			return w.s.Authenticate(r)
		}
		a, err := ask(secret)
		if err != nil || !a.Can(readThings, "works-eu") || a.Can(readThings, "works-us") || a.Can(identity.EndSessions, "works-eu") {
			t.Fatalf("%+v, %v", a, err)
		}
		tokens, err := w.s.Tokens(ctx, keller)
		if err != nil || len(tokens) != 1 {
			t.Fatal(tokens, err)
		}
		if err := w.s.RevokeToken(ctx, w.actor(t, "ruiz"), tokens[0].ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("somebody else revoked it: %v", err)
		}
		if err := w.s.RevokeToken(ctx, keller, tokens[0].ID); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{secret, secret + "x", "ygr_", ""} {
			if _, err := ask(wrong); !fault.Is(err, fault.KindUnauthenticated) {
				t.Errorf("token %q: %v", wrong, err)
			}
		}
	})
}
