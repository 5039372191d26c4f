package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
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

// passage enters an application behind a proxy by a session.
func (w world) passage(t *testing.T, c identity.Client, session identity.Session, from string) string {
	t.Helper()
	code, err := w.s.Code(c, session, identity.Wish{Redirect: c.Redirects[0], Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Scopes: []string{"openid"}}, identity.Device{Network: from})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.s.Redeem(context.Background(), c, code, c.Redirects[0], "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	if err != nil {
		t.Fatal(err)
	}
	return out.Grant.ID
}

// standsBefore registers an application behind a proxy.
func (w world) standsBefore(t *testing.T, id string, class policy.Class) identity.Client {
	t.Helper()
	if _, err := w.s.AddClient(context.Background(), w.actor(t, "admin"), identity.Client{ID: id, Name: id, Unit: "group", Kind: identity.GateClient, Class: class, Host: id + ".example"}); err != nil {
		t.Fatal(err)
	}
	c, err := w.s.FindClient(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// settled puts the office and a policy in force.
func (w world) settled(t *testing.T, text string) {
	t.Helper()
	ctx, admin := context.Background(), w.actor(t, "admin")
	if err := w.s.AddNetwork(ctx, admin, "10.0.0.0/8", identity.Network{Network: policy.Network{Kind: policy.OfficeNetwork, Unit: "group"}, Name: "Works"}); err != nil {
		t.Fatal(err)
	}
	draft, err := w.s.DraftPolicy(ctx, admin, "works-eu", text, "for the test")
	if err == nil {
		err = w.s.ApprovePolicy(ctx, w.actor(t, "head"), draft)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestGatesJudgeWhereRequestsComeFrom takes passages of gates to other places.
func TestGatesJudgeWhereRequestsComeFrom(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		w.settled(t, "places:\n  home: {managed: aal2, unmanaged: aal2}\n  trip: {managed: phr, unmanaged: phr}\napplications:\n  critical: {level: phr, places: [office]}\n")
		wiki, vault := w.standsBefore(t, "wiki", policy.Normal), w.standsBefore(t, "vault", policy.Critical)
		if _, err := w.arrive(t, "keller", identity.Device{Network: atHome}); err != nil {
			t.Fatal(err)
		}
		session := w.newest(t, "keller")
		pass := func(c identity.Client, grant, from string) identity.Passing {
			t.Helper()
			out, err := w.s.Pass(ctx, c, grant, from)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		in := func(why string, c identity.Client, grant, from string, want bool) {
			t.Helper()
			if out := pass(c, grant, from); out.In != want {
				t.Errorf("%s: %+v", why, out)
			}
		}
		// A cookie that is taken abroad opens nothing there, and nothing any more.
		grant := w.passage(t, wiki, session, atHome)
		in("at home", wiki, grant, atHome, true)
		in("in the office", wiki, grant, inside, true)
		in("another application by this passage", vault, grant, inside, false)
		if out := pass(wiki, grant, inHanoi); out.In || out.Refused != policy.Elsewhere {
			t.Errorf("abroad: %+v", out)
		}
		in("at home after that", wiki, grant, atHome, false)
		if w.newest(t, "keller").ID != session.ID {
			t.Error("the session ended, though others use it from where they are")
		}
		list, err := w.s.Timeline(ctx, w.actor(t, "admin"), "keller", 50)
		for _, kind := range []identity.EventKind{identity.Moved, identity.AbroadRefused} {
			if err != nil || !slices.ContainsFunc(list, func(e identity.Entry) bool {
				return e.Kind == kind && e.Outcome == identity.Refused && e.Reason == string(policy.Elsewhere) && e.Country == "VN" && e.Place == "abroad"
			}) {
				t.Errorf("the log has no %s: %v %v", kind, list, err)
			}
		}
		if w.told(t, "keller", "Vietnam") != 1 {
			t.Error("nobody told the person")
		}
		// The class of the application counts.
		grant = w.passage(t, vault, session, inside)
		in("the vault from the office", vault, grant, inside, true)
		if out := pass(vault, grant, atHome); out.In || out.Refused != policy.BadPlace {
			t.Errorf("the vault from home: %+v", out)
		}
		// A trip lets in, until it is cancelled, and to its minute.
		for _, ends := range []string{"cancelled", "over"} {
			trip, err := w.s.AskTrip(ctx, w.actor(t, "keller"), ask(w, "VN", 0, 4*time.Hour, ""))
			if err == nil {
				err = w.s.DecideTrip(ctx, w.actor(t, "admin"), trip.ID, true, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			grant := w.passage(t, wiki, session, atHome)
			in("on a trip", wiki, grant, inHanoi, true)
			if ends == "cancelled" {
				err = w.s.CancelTrip(ctx, w.actor(t, "keller"), trip.ID)
			} else {
				clk.Set(trip.To.Add(-time.Second))
				in("a second before its end", wiki, grant, inHanoi, true)
				clk.Set(trip.To)
			}
			if err != nil {
				t.Fatal(err)
			}
			in("on a trip that is "+ends, wiki, grant, inHanoi, false)
		}
		// Where a stronger sign-in would do, it is asked for; the passage goes on where it suffices.
		var link string
		w.change(t, func(tx *store.Tx) (err error) {
			link, err = identity.MakeLink(tx, authz.System("test"), "keller", identity.Enrol, tx.Now.Add(time.Minute))
			return err
		})
		if _, err := w.s.Follow(ctx, link, identity.Device{Network: inside}); err != nil {
			t.Fatal(err)
		}
		grant = w.passage(t, wiki, w.newest(t, "keller"), inside)
		in("weak in the office", wiki, grant, inside, true)
		if out := pass(wiki, grant, atHome); out.In || out.Needs != identity.TwoFactors {
			t.Errorf("weak at home: %+v", out)
		}
		in("weak in the office again", wiki, grant, inside, true)
	})
}

// TestTokensAreJudgedByPlace uses a token of the API from several places.
func TestTokensAreJudgedByPlace(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		w.settled(t, "places:\n  home: {managed: phr, unmanaged: refuse}\n  unknown: {managed: refuse, unmanaged: refuse}\n")
		keller := w.actor(t, "keller")
		secret, err := w.s.MakeToken(ctx, keller, "sensors", []authz.Act{readThings}, w.db.Now().AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		use := func(from string) error {
			r := httptest.NewRequest(http.MethodGet, "/api/v1/x", nil)
			r.RemoteAddr = from + ":999"
			r.Header.Set("Authorization", "Bearer "+secret)
			_, err := w.s.Authenticate(r)
			return err
		}
		for from, in := range map[string]bool{inside: true, atHome: true, inHanoi: false, "100.64.1.1": false} {
			if err := use(from); in != (err == nil) || !in && !fault.Is(err, fault.KindDenied) {
				t.Errorf("from %s: %v", from, err)
			}
		}
		count := func() (n int) {
			list, err := w.s.Timeline(ctx, w.actor(t, "admin"), "keller", 50)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if e.Kind == identity.AbroadRefused && e.Proof.Method == "token" {
					n++
				}
			}
			return n
		}
		for range 3 {
			use(inHanoi)
		}
		if n := count(); n != 1 {
			t.Errorf("the same refusal is noted %d times within an hour", n)
		}
		clk.Advance(time.Hour + time.Second)
		if use(inHanoi); count() != 2 {
			t.Error("and is not noted again after it")
		}
	})
}
