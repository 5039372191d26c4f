package identity_test

import (
	"context"
	"errors"
	"reflect"
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

// application is one of a class.
func (w world) application(t *testing.T, id string, class policy.Class) identity.Client {
	t.Helper()
	ctx := context.Background()
	if _, err := w.s.AddClient(ctx, w.actor(t, "admin"), identity.Client{ID: id, Name: id, Unit: "group", Kind: identity.NativeClient, Class: class, Redirects: []string{"https://" + id + ".example/back"}}); err != nil {
		t.Fatal(err)
	}
	c, err := w.s.FindClient(ctx, id)
	if err != nil || c.Class != class {
		t.Fatal(c, err)
	}
	return c
}

// into exchanges a code of a session for an application.
func (w world) into(t *testing.T, c identity.Client, session identity.Session, from identity.Device) error {
	t.Helper()
	code, err := w.s.Code(c, session, identity.Wish{Redirect: c.Redirects[0], Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Scopes: []string{"openid"}}, from)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.s.Redeem(context.Background(), c, code, c.Redirects[0], "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	return err
}

// newest is the latest session of a person.
func (w world) newest(t *testing.T, person string) identity.Session {
	t.Helper()
	list, err := w.s.Sessions(context.Background(), w.actor(t, person), person, "")
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return list[0]
}

// TestPoliciesKnowTheApplication enters applications of each class from each
// place with a weak and a strong session.
func TestPoliciesKnowTheApplication(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		admin := w.actor(t, "admin")
		if err := w.s.AddNetwork(ctx, admin, "10.0.0.0/8", identity.Network{Network: policy.Network{Kind: policy.OfficeNetwork, Unit: "group"}, Name: "Works"}); err != nil {
			t.Fatal(err)
		}
		draft, err := w.s.DraftPolicy(ctx, admin, "works-eu", "applications:\n  critical: {level: phr, places: [office]}\n", "payroll stays in the house")
		if err == nil {
			err = w.s.ApprovePolicy(ctx, w.actor(t, "head"), draft)
		}
		if err != nil {
			t.Fatal(err)
		}
		apps := map[policy.Class]identity.Client{}
		for _, class := range policy.Classes {
			apps[class] = w.application(t, string(class), class)
		}
		var link string // one factor
		w.change(t, func(tx *store.Tx) (err error) {
			link, err = identity.MakeLink(tx, authz.System("test"), "keller", identity.Enrol, tx.Now.Add(time.Minute))
			return err
		})
		if _, err := w.s.Follow(ctx, link, identity.Device{Network: inside}); err != nil {
			t.Fatal(err)
		}
		weak := w.newest(t, "keller")
		clk.Advance(time.Second) // two sessions of one millisecond have no order
		if _, err := w.arrive(t, "keller", identity.Device{Network: inside}); err != nil {
			t.Fatal(err)
		}
		strong := w.newest(t, "keller")
		for _, c := range []struct {
			session identity.Session
			address string
			class   policy.Class
			needs   identity.Level // a stronger sign-in helps
			in, out bool
		}{
			{weak, inside, policy.Normal, "", true, false}, {weak, inside, policy.Sensitive, identity.TwoFactors, false, false}, {weak, inside, policy.Critical, identity.PhishingResistant, false, false},
			{strong, inside, policy.Normal, "", true, false}, {strong, inside, policy.Sensitive, "", true, false}, {strong, inside, policy.Critical, "", true, false},
			{strong, atHome, policy.Sensitive, "", true, false}, {strong, atHome, policy.Critical, "", false, true},
		} {
			from := identity.Device{Network: c.address}
			needs, err := w.s.Entering(ctx, apps[c.class], c.session, from)
			if needs != c.needs || c.out != fault.Is(err, fault.KindDenied) || !c.out && err != nil {
				t.Errorf("%s from %s with %s: needs %q, %v", c.class, c.address, c.session.Proof.Level, needs, err)
			}
			if err := w.into(t, apps[c.class], c.session, from); c.in != (err == nil) || !c.in && !errors.Is(err, identity.ErrGrant) {
				t.Errorf("%s from %s with %s: %v", c.class, c.address, c.session.Proof.Level, err)
			}
		}
		// A draft on applications shows whom it would keep out of which. What it asks
		// of normal ones holds for the console.
		sim, err := w.s.Simulate(ctx, admin, "works-eu", "applications:\n  normal: aal2\n  sensitive: {places: [vpn]}\n  critical: {level: phr, places: [office, home, unknown]}\n", 7)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]map[policy.Effect]policy.Count{}
		for _, a := range sim.Applications {
			if got[a.Client] = a.Effects; string(a.Class) != a.Client {
				t.Errorf("%s is replayed as %s", a.Client, a.Class)
			}
		}
		want := map[string]map[policy.Effect]policy.Count{
			"normal": {policy.Stronger: {SignIns: 1, People: 1}}, "sensitive": {policy.Shuts: {SignIns: 2, People: 1}}, "critical": {policy.Opens: {SignIns: 2, People: 1}},
		}
		if !reflect.DeepEqual(got, want) || !sim.Refuses() || sim.Effects[policy.Stronger].SignIns != 1 || len(sim.Effects) != 1 || sim.Entries != 9 || sim.Names["critical"] != "critical" {
			t.Errorf("%v of %d entries, sign-ins %v", got, sim.Entries, sim.Effects)
		}
		if same, err := w.s.Simulate(ctx, admin, "works-eu", "applications:\n  critical: {level: phr, places: [office]}\n", 7); err != nil || same.Refuses() || len(same.Rows) != 0 || same.Entries != sim.Entries {
			t.Errorf("what is in force changes: %+v %v", same.Outcome, err)
		}
		list, err := w.s.Timeline(ctx, admin, "keller", 50)
		if err != nil || !slices.ContainsFunc(list, func(e identity.Entry) bool {
			return e.Kind == identity.EnterClient && e.Outcome == identity.Refused && e.Reason == string(policy.BadPlace)
		}) {
			t.Errorf("the log does not tell why: %v %v", list, err)
		}
	})
}
