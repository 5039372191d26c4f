package identity_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// mail is an application that may act beyond a session.
func (w world) mail(t *testing.T) identity.Client {
	t.Helper()
	if _, err := w.s.AddClient(context.Background(), w.actor(t, "admin"), identity.Client{ID: "mail", Name: "Mail", Unit: "group", Kind: identity.NativeClient, Refresh: identity.RefreshOffline,
		LogoutURI: "http://127.0.0.1:1/out", Scopes: []string{"profile", "roles"}, Redirects: []string{"https://mail.example/back"}}); err != nil {
		t.Fatal(err)
	}
	return w.known(t, "mail")
}

func (w world) known(t *testing.T, client string) identity.Client {
	t.Helper()
	c, err := w.s.FindClient(context.Background(), client)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// given is what an application gets for the person's newest session.
func (w world) given(t *testing.T, c identity.Client, scopes ...string) identity.Issued {
	t.Helper()
	s := w.newest(t, "keller")
	code, err := w.s.Code(c, s, identity.Wish{Redirect: c.Redirects[0], Challenge: challenge, Scopes: append([]string{"openid"}, scopes...)}, s.Device)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.s.Redeem(context.Background(), c, code, c.Redirects[0], verifier)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRenewalAsksTheApplicationAnew changes what an application may and asks for
// before its tokens are renewed.
func TestRenewalAsksTheApplicationAnew(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	w, ctx := found(t, db, clk), context.Background()
	c := w.mail(t)
	begin := func() identity.Issued {
		t.Helper()
		w.enter(t, "keller")
		return w.given(t, c, "roles", "offline_access")
	}
	change := func(do func(*identity.Client)) {
		t.Helper()
		clk.Advance(time.Second)
		c = w.known(t, "mail")
		do(&c)
		if err := w.s.ChangeClient(ctx, w.actor(t, "admin"), c); err != nil {
			t.Fatal(err)
		}
		c = w.known(t, "mail")
	}
	stale := c // as an application that has just shown who it is was looked up
	out := begin()
	change(func(c *identity.Client) { c.Scopes = []string{"profile"} })
	out, err := w.s.Refresh(ctx, stale, out.Refresh, nil)
	if err != nil || !slices.Equal(out.Grant.Scopes, []string{"openid", "offline_access"}) {
		t.Fatalf("roles were taken away: %v, %v", out.Grant.Scopes, err)
	}
	if out, err = w.s.Refresh(ctx, c, out.Refresh, []string{"openid", "roles"}); err != nil || !slices.Equal(out.Grant.Scopes, []string{"openid"}) {
		t.Errorf("roles asked for by name: %v, %v", out.Grant.Scopes, err)
	}
	if _, err := w.s.Refresh(ctx, c, out.Refresh, []string{"email"}); err != identity.ErrScope {
		t.Errorf("a scope that was never given: %v", err)
	}

	change(func(c *identity.Client) { c.Refresh = identity.RefreshSession })
	if out, err = w.s.Refresh(ctx, c, out.Refresh, nil); err != nil || out.Grant.Offline || out.Grant.Until.Sub(clk.Now()) > 8*time.Hour {
		t.Errorf("it may no longer act beyond the session: %+v, %v", out.Grant, err)
	}
	clk.Advance(9 * time.Hour)
	if _, err := w.s.Refresh(ctx, c, out.Refresh, nil); err != identity.ErrGrant {
		t.Errorf("beyond the session: %v", err)
	}

	change(func(c *identity.Client) { c.Refresh = identity.RefreshOffline })
	gone := begin()
	change(func(c *identity.Client) { c.Refresh = identity.RefreshSession })
	clk.Advance(9 * time.Hour)
	if _, err := w.s.Refresh(ctx, c, gone.Refresh, nil); err != identity.ErrGrant {
		t.Errorf("taken away while there was no session: %v", err)
	}

	for name, stricter := range map[string]func(*identity.Client){
		"level":     func(c *identity.Client) { c.MinLevel = identity.HardwareBound },
		"class":     func(c *identity.Client) { c.Class = policy.Critical },
		"no tokens": func(c *identity.Client) { c.Refresh = identity.RefreshNone },
	} {
		change(func(c *identity.Client) { c.MinLevel, c.Class, c.Refresh = "", "", identity.RefreshOffline })
		out := begin()
		change(stricter)
		if _, err := w.s.Refresh(ctx, c, out.Refresh, nil); err != identity.ErrGrant {
			t.Errorf("%s: %v", name, err)
		}
		if _, alive, err := w.s.GrantAlive(ctx, out.Grant.ID); alive || err != nil {
			t.Errorf("%s: the grant lives, %v", name, err)
		}
	}
}

// TestWhatAKeyBeganEndsWithIt takes a key away in each way, and looks at what was
// begun by it and by another one.
func TestWhatAKeyBeganEndsWithIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		c, keller := w.mail(t), w.actor(t, "keller")
		type sight struct {
			secret string
			grant  string
		}
		enter := func(key *authenticator, current string) (s sight) {
			t.Helper()
			clk.Advance(time.Second)
			in, err := w.signIn(t, key, current)
			if err != nil {
				t.Fatal(err)
			}
			return sight{in.Secret, w.given(t, c, "offline_access").Grant.ID}
		}
		lives := func(s sight, session, grant bool, why string) {
			t.Helper()
			_, err := w.s.Who(ctx, s.secret)
			if err != nil && !fault.Is(err, fault.KindUnauthenticated) || (err == nil) != session {
				t.Errorf("%s: the session: %v", why, err)
			}
			if _, ok, err := w.s.GrantAlive(ctx, s.grant); ok != grant || err != nil {
				t.Errorf("%s: the grant counts: %v, %v", why, ok, err)
			}
		}
		first, second, third := newAuthenticator(t), newAuthenticator(t), newAuthenticator(t)
		for _, key := range []*authenticator{first, second, third} {
			if err := w.enrol(t, keller, key); err != nil {
				t.Fatal(err)
			}
		}

		// There are two of the first: whoever came in by one of them is out.
		thief, mine := enter(first, ""), enter(second, "")
		over := enter(first, "") // offline, and its session has ended since
		if err := w.s.SignOut(ctx, over.secret); err != nil {
			t.Fatal(err)
		}
		lives(over, false, true, "before")
		first.counter = 0
		ceremony, err := w.s.BeginSignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.FinishSignIn(ctx, ceremony.Ceremony, bytes.NewReader(first.get(ceremony)), home, ""); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a copy: %v", err)
		}
		lives(thief, false, false, "by the copy")
		lives(over, false, false, "by the copy, before")
		lives(mine, true, true, "by another key")
		if w.told(t, "keller", "there is a copy of it") != 1 {
			t.Error("the person is not told of the copy")
		}
		var asked, urgent int
		if err := db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT (SELECT COUNT(*) FROM identity_logout), (SELECT COUNT(*) FROM notify_inbox WHERE subject LIKE '%copy of it%' AND urgent = 1)").Scan(&asked, &urgent)
		}); err != nil || asked != 2 || urgent != 1 {
			t.Errorf("%d applications are told, %d messages are urgent, %v", asked, urgent, err)
		}

		// A session raised by another key since is that one's; what was given before it was raised is not.
		begun := enter(third, "")
		raised := enter(second, begun.secret)
		list, err := w.s.Passkeys(ctx, keller, "keller")
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		if err := w.s.RemovePasskey(ctx, keller, b64(third.id)); err != nil {
			t.Fatal(err)
		}
		lives(raised, true, true, "raised by another key")
		lives(sight{raised.secret, begun.grant}, true, false, "given before that")

		// By the removed key itself nobody stays, not even who removes it.
		if err := w.enrol(t, keller, newAuthenticator(t)); err != nil {
			t.Fatal(err)
		}
		if err := w.s.RemovePasskey(ctx, keller, b64(second.id)); err != nil {
			t.Fatal(err)
		}
		lives(mine, false, false, "removed")
		lives(raised, false, false, "removed, raised by it")
	})
}

// TestTheLogKnowsTheSession raises a session and looks for it in the log.
func TestTheLogKnowsTheSession(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		key := newAuthenticator(t)
		if err := w.enrol(t, w.actor(t, "keller"), key); err != nil {
			t.Fatal(err)
		}
		last, began := "", time.Time{}
		for range 3 {
			clk.Advance(time.Minute)
			in, err := w.signIn(t, key, last)
			if err != nil {
				t.Fatal(err)
			}
			here, err := w.s.Here(ctx, in.Secret)
			if began.IsZero() {
				began = here.Began
			}
			if err != nil || here.Began != began {
				t.Errorf("began %v, before %v, %v", here.Began, began, err)
			}
			var said string
			if err := db.View(ctx, func(tx *store.Tx) error {
				return tx.QueryRow("SELECT session FROM identity_event WHERE kind = 'sign-in' AND outcome = 'allowed' ORDER BY at DESC LIMIT 1").Scan(&said)
			}); err != nil || said != here.ID {
				t.Errorf("the log says %s, the session is %s, %v", said, here.ID, err)
			}
			if last != "" {
				if _, err := w.s.Here(ctx, last); !fault.Is(err, fault.KindUnauthenticated) {
					t.Errorf("the secret from before counts: %v", err)
				}
			}
			last = in.Secret
		}
	})
}

// TestDormantFromTheBeginning has people sign in for the first time long after
// they came, or after they got something to sign in by; who follows a link to
// enrol does so because somebody wants him to.
func TestDormantFromTheBeginning(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		w.change(t, func(tx *store.Tx) error {
			if err := authz.PutPeople(tx, authz.Person{ID: "weber", Name: "Weber", Unit: "works-us", Active: true}); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		clk.Advance(50 * 24 * time.Hour)
		if err := w.enrol(t, w.actor(t, "keller"), newAuthenticator(t)); err != nil {
			t.Fatal(err)
		}
		clk.Advance(45 * 24 * time.Hour)
		w.change(t, func(tx *store.Tx) error { // a change is no new beginning, and somebody new is no old account
			if err := authz.PutPeople(tx, authz.Person{ID: "ruiz", Name: "Ruiz-Vega", Unit: "works-us", Active: true}, authz.Person{ID: "new", Name: "New", Unit: "works-us", Active: true}); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		link, _, err := w.s.LinkFor(t.Context(), w.actor(t, "admin"), "weber")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Follow(t.Context(), link, identity.Device{Network: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
		for person, want := range map[string]string{"ruiz": "95 days", "keller": "", "new": "", "weber": ""} {
			if person != "weber" {
				w.enter(t, person)
			}
			var got string
			if err := db.View(context.Background(), func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COALESCE(MAX(reason), '') FROM identity_event WHERE person = $1 AND kind = 'dormant-account'", person).Scan(&got)
			}); err != nil || got != want {
				t.Errorf("%s: %q, want %q; %v", person, got, want, err)
			}
		}
	})
}
