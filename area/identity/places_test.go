package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/geo"
	"yagura/area/identity/geo/geotest"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

func employedIn(_ *store.Tx, unit string) (string, error) {
	return map[string]string{"works-eu": "DE", "works-us": "US"}[unit], nil
}

// ledByAdmin has the admin answer for everybody.
func ledByAdmin(*store.Tx, authz.Person) ([]string, error) { return []string{"admin"}, nil }

const (
	atHome  = "198.51.100.7" // in Germany
	inHanoi = "203.0.113.7"
	inRome  = "192.0.2.7"
	inside  = "10.1.2.3"
)

// located is the world with a file of addresses, managers, and a second head.
func located(t *testing.T, db *store.DB, clk *clock.Movable) world {
	w := found(t, db, clk)
	file := filepath.Join(t.TempDir(), "geo.mmdb")
	geotest.Write(t, file, geotest.Network{Prefix: "198.51.100.0/24", Point: geo.Point{Country: "DE"}}, geotest.Network{Prefix: "203.0.113.0/24", Point: geo.Point{Country: "VN"}},
		geotest.Network{Prefix: "192.0.2.0/24", Point: geo.Point{Country: "IT"}})
	var err error
	if w.s, err = identity.New(db, w.dir, identity.Options{PublicURL: "http://localhost:8420", Idle: 200 * time.Hour, Session: 200 * time.Hour, Key: make([]byte, 32), Geo: file, Country: employedIn, Managers: ledByAdmin}); err != nil {
		t.Fatal(err)
	}
	w.change(t, func(tx *store.Tx) error {
		if err := authz.PutPeople(tx, authz.Person{ID: "head", Name: "Head", Unit: "group", Active: true}); err != nil {
			return err
		}
		for _, g := range []authz.Grant{{Person: "head", Role: authz.Head, Tree: authz.Own, Unit: "group"}, {Person: "ruiz", Role: authz.Admin, Tree: authz.Own, Unit: "works-us"}} {
			g.Until = tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

// browser is one with its cookies.
type browser struct {
	w       world
	cookies []*http.Cookie
}

func (b *browser) from(address string) identity.Device {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = address + ":1234"
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	d := b.w.s.Arrive(rec, r)
	b.cookies = rec.Result().Cookies()
	return d
}

// signIn uses a link of the demo, which counts as a hardware key.
func (w world) arrive(t *testing.T, person string, from identity.Device) (string, error) {
	t.Helper()
	var secret string
	w.change(t, func(tx *store.Tx) (err error) {
		secret, err = identity.MakeLink(tx, authz.System("test"), person, identity.Persona, tx.Now.AddDate(0, 1, 0))
		return err
	})
	return w.s.Follow(context.Background(), secret, from)
}

func ask(w world, countries string, from, to time.Duration, device string) identity.Trip {
	now := w.db.Now().Truncate(time.Minute)
	return identity.Trip{Countries: strings.Fields(countries), From: now.Add(from), To: now.Add(to), Device: device, Purpose: "Line 4 starts up"}
}

// TestTripFromAskingToItsEnd asks for a trip, has it approved, travels, and is
// out at its minute.
func TestTripFromAskingToItsEnd(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		keller := w.actor(t, "keller")
		for name, wrong := range map[string]identity.Trip{
			"countries": ask(w, "Vietnam", 0, time.Hour, ""), "to": ask(w, "VN", 0, 100*24*time.Hour, ""), "device": ask(w, "VN", 0, time.Hour, "of-others"),
		} {
			if _, err := w.s.AskTrip(ctx, keller, wrong); !fault.Is(err, fault.KindInvalid) || fault.FieldsOf(err)[0].Name != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		trip, err := w.s.AskTrip(ctx, keller, ask(w, "VN TH VN", 2*time.Hour, 26*time.Hour, ""))
		if err != nil || len(trip.Countries) != 2 {
			t.Fatal(trip, err)
		}
		abroad := identity.Device{Network: inHanoi}
		refused := func(why string, d identity.Device) {
			t.Helper()
			if _, err := w.arrive(t, "keller", d); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s: %v", why, err)
			}
		}
		refused("not approved", abroad)
		// Two people, and the right ones.
		if err := w.s.DecideTrip(ctx, keller, trip.ID, true, ""); !fault.Is(err, fault.KindDenied) {
			t.Errorf("he approved it himself: %v", err)
		}
		if err := w.s.DecideTrip(ctx, w.actor(t, "ruiz"), trip.ID, true, ""); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger approved it: %v", err)
		}
		admin := w.actor(t, "admin")
		mine, err := w.s.TripsToDecide(ctx, admin, 10)
		if err != nil || len(mine) != 1 || mine[0].ID != trip.ID {
			t.Fatal(mine, err)
		}
		if err := w.s.DecideTrip(ctx, admin, trip.ID, true, "Safe journey"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.DecideTrip(ctx, w.actor(t, "head"), trip.ID, false, ""); !fault.Is(err, fault.KindConflict) {
			t.Errorf("decided twice: %v", err)
		}
		refused("before it begins", abroad)
		clk.Advance(2 * time.Hour)
		session, err := w.arrive(t, "keller", abroad)
		if err != nil {
			t.Fatal(err)
		}
		refused("another country", identity.Device{Network: inRome})
		if _, err := w.s.WhoAt(ctx, session, abroad); err != nil {
			t.Error(err)
		}
		live, err := w.s.Sessions(ctx, keller, "keller", session)
		if err != nil || len(live) != 1 || live[0].Place != "trip" || live[0].Country != "VN" || !live[0].Until.Equal(trip.To) {
			t.Fatalf("%+v %v", live, err)
		}
		clk.Set(trip.To.Add(-time.Second))
		if _, err := w.s.WhoAt(ctx, session, abroad); err != nil {
			t.Errorf("out before the end: %v", err)
		}
		clk.Set(trip.To)
		if _, err := w.s.WhoAt(ctx, session, abroad); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("in after the end: %v", err)
		}
		refused("after the end", abroad)
		var told int64
		if err := db.View(ctx, func(tx *store.Tx) (err error) { told, err = notify.Unread(tx, "keller"); return err }); err != nil || told < 2 {
			t.Errorf("keller was told %d times: %v", told, err)
		}
	})
}

// TestCancellingEndsSessions cancels a running trip, and contains a traveller.
func TestCancellingEndsSessions(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		keller, admin := w.actor(t, "keller"), w.actor(t, "admin")
		travel := func() (identity.Trip, string) {
			trip, err := w.s.AskTrip(ctx, keller, ask(w, "VN", 0, 48*time.Hour, ""))
			if err == nil {
				err = w.s.DecideTrip(ctx, admin, trip.ID, true, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			clk.Advance(time.Minute)
			session, err := w.arrive(t, "keller", identity.Device{Network: inHanoi})
			if err != nil {
				t.Fatal(err)
			}
			return trip, session
		}
		trip, session := travel()
		if err := w.s.CancelTrip(ctx, w.actor(t, "ruiz"), trip.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("cancelled by a stranger: %v", err)
		}
		if err := w.s.CancelTrip(ctx, keller, trip.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Who(ctx, session); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the session outlives the trip: %v", err)
		}
		if err := w.s.CancelTrip(ctx, keller, trip.ID); !fault.Is(err, fault.KindConflict) {
			t.Errorf("cancelled twice: %v", err)
		}
		trip, _ = travel()
		var shut []identity.Shut
		w.change(t, func(tx *store.Tx) (err error) {
			shut, err = w.s.Close(tx, authz.System("test"), "keller", identity.Standing{State: identity.Contained, Reason: "drill"})
			return err
		})
		if !slices.ContainsFunc(shut, func(s identity.Shut) bool { return s.Door == "trips" && s.Count == 1 }) {
			t.Errorf("doors: %v", shut)
		}
		w.change(t, func(tx *store.Tx) error { return w.s.Open(tx, authz.System("test"), "keller", identity.Contained) })
		if _, err := w.arrive(t, "keller", identity.Device{Network: inHanoi}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the trip of a contained person counts again: %v", err)
		}
	})
}

// TestASessionMoves carries a session from home into the office and abroad.
func TestASessionMoves(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		session, err := w.arrive(t, "keller", identity.Device{Network: atHome})
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{atHome, "198.51.100.8", inside, atHome} {
			if _, err := w.s.WhoAt(ctx, session, identity.Device{Network: address}); err != nil {
				t.Fatalf("%s: %v", address, err)
			}
		}
		if _, err := w.s.WhoAt(ctx, session, identity.Device{Network: inRome}); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("it went abroad: %v", err)
		}
		if _, err := w.s.WhoAt(ctx, session, identity.Device{Network: atHome}); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("it lives on: %v", err)
		}
		list, err := w.s.Timeline(ctx, w.actor(t, "admin"), "keller", 10)
		if err != nil || !slices.ContainsFunc(list, func(e identity.Entry) bool {
			return e.Kind == identity.Moved && e.Outcome == identity.Refused && e.Country == "IT" && e.Place == "abroad"
		}) {
			t.Errorf("%+v %v", list, err)
		}
		if _, err := w.s.Timeline(ctx, w.actor(t, "ruiz"), "keller", 10); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger reads where he was: %v", err)
		}
	})
}

// TestDevices recognises a browser, binds it to the inventory, and forgets it.
func TestDevices(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		admin, keller := w.actor(t, "admin"), w.actor(t, "keller")
		b := &browser{w: w}
		first, err := w.arrive(t, "keller", b.from(atHome))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.arrive(t, "keller", b.from(atHome)); err != nil {
			t.Fatal(err)
		}
		seen, err := w.s.DevicesOf(ctx, keller, "keller")
		if err != nil || len(seen) != 1 || seen[0].Managed || !seen[0].Bound() {
			t.Fatalf("%+v %v", seen, err)
		}
		for text, want := range map[string]int{
			"name\nx": 1, "asset,person\n,keller": 2, "asset\nPC-1\n": 2, "asset,person\nPC-1,nobody": 2, "asset,unit\nPC-1,works-us\nPC-1,works-us": 3, "": 1, "asset\n\"": 2, "asset,unit\nPC-1,nowhere": 2,
		} {
			if n, wrong, err := w.s.ImportDevices(ctx, admin, []byte(text)); err != nil || n != 0 || len(wrong) != 1 || wrong[0].Line != want {
				t.Errorf("%q: %d %+v %v", text, n, wrong, err)
			}
		}
		if n, wrong, err := w.s.ImportDevices(ctx, w.actor(t, "ruiz"), []byte("asset,person\nPC-1,keller")); err != nil || n != 0 || len(wrong) != 1 {
			t.Errorf("an administrator of America took it in: %d %v %v", n, wrong, err)
		}
		if n, wrong, err := w.s.ImportDevices(ctx, admin, []byte("\ufeffasset,name,person,unit\nPC-1,Laptop,keller,\nPC-2,Terminal,,works-eu\nPC-3,Laptop,ruiz,")); err != nil || n != 3 {
			t.Fatal(n, wrong, err)
		}
		d, err := w.s.Device(ctx, admin, seen[0].ID)
		if err != nil || len(d.Waiting) != 2 || d.Waiting[0].Asset != "PC-1" || len(d.Users) != 1 {
			t.Fatalf("%+v %v", d, err)
		}
		rows, total, err := w.s.Devices(ctx, admin.Scope(identity.ReadFactors), identity.DeviceFilter{Kind: "waiting", Page: keyset.Page{Sort: "seen", Limit: 10}})
		if err != nil || total != 3 || len(rows) != 3 {
			t.Errorf("%d %v %v", total, rows, err)
		}
		other := slices.IndexFunc(rows, func(r identity.DeviceRow) bool { return r.Asset == "PC-3" })
		if err := w.s.BindDevice(ctx, admin, seen[0].ID, rows[other].ID); !fault.Is(err, fault.KindConflict) {
			t.Errorf("bound to the device of somebody else: %v", err)
		}
		if err := w.s.BindDevice(ctx, admin, seen[0].ID, d.Waiting[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.arrive(t, "keller", b.from(atHome)); err != nil {
			t.Fatal(err)
		}
		// The same laptop is managed for its owner alone.
		if _, err := w.arrive(t, "ruiz", b.from(inside)); err != nil {
			t.Fatal(err)
		}
		managed := func(person string) bool {
			list, err := w.s.Timeline(ctx, admin, person, 1)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0].Device.Managed
		}
		if !managed("keller") || managed("ruiz") {
			t.Errorf("keller %v, ruiz %v", managed("keller"), managed("ruiz"))
		}
		// A trip on that device, and only on it.
		trip, err := w.s.AskTrip(ctx, keller, ask(w, "VN", 0, 24*time.Hour, d.Waiting[0].ID))
		if err == nil {
			err = w.s.DecideTrip(ctx, admin, trip.ID, true, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		clk.Advance(time.Minute)
		if _, err := w.arrive(t, "keller", b.from(inHanoi)); err != nil {
			t.Error(err)
		}
		if _, err := w.arrive(t, "keller", (&browser{w: w}).from(inHanoi)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("another device on the trip: %v", err)
		}
		// No longer managed: sessions on it end. Removed: it is unknown again.
		if err := w.s.ManageDevice(ctx, admin, d.Waiting[0].ID, false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Who(ctx, first); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("the session on it lives on: %v", err)
		}
		if err := w.s.RemoveDevice(ctx, w.actor(t, "ruiz"), d.Waiting[0].ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("removed by a stranger: %v", err)
		}
		if err := w.s.RemoveDevice(ctx, admin, d.Waiting[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.arrive(t, "keller", b.from(inHanoi)); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a removed device travels: %v", err)
		}
	})
}

// TestOverHTTPSOnlyAPinnedCookieCounts brings the token in a cookie that another
// host of the domain could have set.
func TestOverHTTPSOnlyAPinnedCookieCounts(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	w := located(t, db, clk)
	s, err := identity.New(db, w.dir, identity.Options{PublicURL: "https://id.example", Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	s.Arrive(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	c := rec.Result().Cookies()[0]
	if c.Name != "__Host-yagura-device" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.MaxAge < 300*24*3600 {
		t.Fatalf("%+v", c)
	}
	again := func(name string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: name, Value: c.Value})
		rec := httptest.NewRecorder()
		s.Arrive(rec, r)
		return rec.Result().Cookies()[0].Value
	}
	if again("__Host-yagura-device") != c.Value || again("yagura-device") == c.Value {
		t.Error("the cookie of another host counts")
	}
}

// TestNetworksAndPolicies declares networks within what one answers for, and has
// policies drafted by one and approved by another.
func TestNetworksAndPolicies(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := located(t, db, clk), context.Background()
		admin, head, ruiz := w.actor(t, "admin"), w.actor(t, "head"), w.actor(t, "ruiz")
		add := func(by authz.Actor, prefix, unit string) error {
			return w.s.AddNetwork(ctx, by, prefix, identity.Network{Network: policy.Network{Kind: policy.OfficeNetwork, Unit: unit}, Name: "Office"})
		}
		if err := add(admin, "10.0.0.0/8 ", "nowhere"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("no such unit: %v", err)
		}
		if err := w.s.AddNetwork(ctx, admin, "10", identity.Network{Network: policy.Network{Kind: "x", Country: "Japan"}}); len(fault.FieldsOf(err)) != 4 {
			t.Errorf("%v", err)
		}
		if err := add(ruiz, "10.2.0.0/16", "works-us"); !fault.Is(err, fault.KindDenied) {
			t.Errorf("an administrator of a plant vouches for addresses of nobody: %v", err)
		}
		for prefix, unit := range map[string]string{"10.1.0.0/16": "works-eu", "10.2.0.0/16": "works-us"} {
			if err := add(admin, prefix, unit); err != nil {
				t.Fatal(err)
			}
		}
		if err := add(ruiz, "10.2.5.0/24", "works-us"); err != nil {
			t.Error(err)
		}
		if err := add(ruiz, "10.1.5.0/24", "works-us"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("within that of Europe: %v", err)
		}
		if err := add(admin, "10.2.5.0/24", "works-us"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("twice: %v", err)
		}
		page := keyset.Page{Sort: "prefix", Limit: 10}
		list, total, err := w.s.Networks(ctx, ruiz.Scope(identity.ReadFactors), identity.NetworkFilter{Page: page})
		if err != nil || total != 2 || len(list) != 2 {
			t.Errorf("%v %d %v", list, total, err)
		}

		// From abroad, but in the office: the network decides.
		if _, err := w.arrive(t, "keller", identity.Device{Network: "10.2.5.9"}); err != nil {
			t.Error(err)
		}
		const draft = "places: {home: {managed: aal1, unmanaged: refuse}}"
		if _, err := w.s.DraftPolicy(ctx, admin, "works-eu", "places: {home: {managed: aal7}}", "x"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a broken draft: %v", err)
		}
		if _, err := w.s.DraftPolicy(ctx, admin, "works-eu", "unit: works-us", "x"); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("for another unit: %v", err)
		}
		version, err := w.s.DraftPolicy(ctx, admin, "works-eu", draft, "Private computers bring malware")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.arrive(t, "keller", identity.Device{Network: atHome}); err != nil {
			t.Errorf("a draft is in force: %v", err)
		}
		sim, err := w.s.Simulate(ctx, admin, "works-eu", draft, 7)
		if err != nil || sim.SignIns != 2 || sim.Effects[policy.Shuts] != (policy.Count{SignIns: 1, People: 1}) || sim.People["keller"].Name != "Keller" {
			t.Errorf("%+v %v", sim, err)
		}
		if _, err := w.s.Simulate(ctx, ruiz, "works-eu", draft, 7); !fault.Is(err, fault.KindDenied) {
			t.Errorf("a stranger replays: %v", err)
		}
		if err := w.s.ApprovePolicy(ctx, admin, version); !fault.Is(err, fault.KindDenied) {
			t.Errorf("approved by its author: %v", err)
		}
		if err := w.s.ApprovePolicy(ctx, head, version); err != nil {
			t.Fatal(err)
		}
		if _, err := w.arrive(t, "keller", identity.Device{Network: atHome}); !fault.Is(err, fault.KindDenied) {
			t.Errorf("in force: %v", err)
		}
		if _, err := w.arrive(t, "ruiz", identity.Device{Network: inside}); err != nil {
			t.Errorf("it reaches another unit: %v", err)
		}
		again, err := w.s.DraftPolicy(ctx, head, "works-eu", "", "As the group")
		if err != nil {
			t.Fatal(err)
		}
		if d, err := w.s.PolicyOf(ctx, admin, again); err != nil || !slices.Equal(d.Weaker, []string{"home/unmanaged"}) {
			t.Errorf("%+v %v", d, err)
		}
		if err := w.s.WithdrawPolicy(ctx, w.actor(t, "keller"), again); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("withdrawn by a stranger: %v", err)
		}
		if err := w.s.ApprovePolicy(ctx, admin, again); err != nil {
			t.Fatal(err)
		}
		if _, err := w.arrive(t, "keller", identity.Device{Network: atHome}); err != nil {
			t.Errorf("as the group again: %v", err)
		}
		rules, err := w.s.RulesOf(ctx, admin, "works-eu")
		if err != nil || len(rules.History) != 2 || rules.History[1].State != identity.Former || rules.Holds.Cells[policy.Home][policy.Unmanaged].Refused {
			t.Errorf("%+v %v", rules, err)
		}
	})
}
