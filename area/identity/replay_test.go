package identity

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/area/identity/geo"
	"yagura/area/identity/geo/geotest"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// homes are the countries of units.
func homes(of map[string]string) func(*store.Tx, string) (string, error) {
	return func(_ *store.Tx, unit string) (string, error) { return of[unit], nil }
}

// TestSimulatorEqualsRealDecisions signs people in from all kinds of places, on
// all kinds of devices, under changing policies, networks and trips, and then
// replays the log under the policies of each stretch: the simulator must find
// that nothing would have been different.
func TestSimulatorEqualsRealDecisions(t *testing.T) {
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, Migrations)
	ctx, system := context.Background(), authz.System("test")
	file := filepath.Join(t.TempDir(), "geo.mmdb")
	geotest.Write(t, file, geotest.Network{Prefix: "198.51.100.0/24", Point: geo.Point{Country: "JP"}}, geotest.Network{Prefix: "203.0.113.0/24", Point: geo.Point{Country: "VN"}},
		geotest.Network{Prefix: "192.0.2.0/24", Point: geo.Point{Country: "US"}}, geotest.Network{Prefix: "2001:db8::/32", Point: geo.Point{Country: "TH"}})
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, Acts))
	s, err := New(db, dir, Options{PublicURL: "https://id.example", Key: make([]byte, 32), Geo: file, Country: homes(map[string]string{"jp": "JP", "us": "US"})})
	if err != nil {
		t.Fatal(err)
	}
	change := func(do func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Change(ctx, do); err != nil {
			t.Fatal(err)
		}
	}
	people := []string{"a", "b", "c", "d", "e", "f"}
	change(func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "jp", Parent: "group", Region: "world"}, authz.Unit{ID: "us", Parent: "jp", Region: "world"}, authz.Unit{ID: "none", Parent: "group", Region: "world"}); err != nil {
			return err
		}
		for i, p := range people {
			if err := authz.PutPeople(tx, authz.Person{ID: p, Unit: []string{"jp", "us", "none"}[i%3], Active: true}); err != nil {
				return err
			}
		}
		return authz.Found(tx, system, authz.Grant{Person: "a", Role: authz.Admin, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)})
	})
	for _, n := range []Network{{Network: policy.Network{Kind: policy.OfficeNetwork, Unit: "jp", Country: "JP"}, Name: "office"}, {Network: policy.Network{Kind: policy.VPNNetwork, Unit: "jp"}, Name: "vpn"},
		{Network: policy.Network{Kind: policy.GuestNetwork, Unit: "us", Country: "VN"}, Name: "guest"}} {
		if err := s.AddNetwork(ctx, system, map[string]string{"office": "10.1.0.0/16", "vpn": "10.1.9.0/24", "guest": "10.2.0.0/16"}[n.Name], n); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(4, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	cell := func() string {
		return pick("aal1", "aal2", "phr", "phrh", "refuse", "{session: 1h}", "{level: phr, session: 30m}")
	}
	write := func() string {
		var b strings.Builder
		fmt.Fprintf(&b, "passwords: %s\ntotp: %s\ncountries: %s\nplaces:\n", pick("yes", "no"), pick("yes", "no"), pick("[]", "[TH]", "[VN, US]"))
		for _, p := range policy.Places {
			fmt.Fprintf(&b, "  %s: {managed: %s, unmanaged: %s}\n", p, cell(), cell())
		}
		fmt.Fprintf(&b, "applications: {normal: {level: %s, managed: %s}}\n", pick("aal1", "aal2"), pick("yes", "no", "no"))
		return b.String()
	}
	tokens := map[string]string{}
	for _, p := range people {
		tokens[p] = id.Token()
	}
	addresses := []string{"10.1.2.3", "10.1.9.9", "10.2.0.1", "198.51.100.7", "203.0.113.7", "::ffff:203.0.113.8", "192.0.2.9", "2001:db8::5", "10.200.0.1", "", "fe80::1%eth0"}
	methods := [][]string{{"user"}, {"pwd"}, {"pwd", "otp"}, {"otp"}}
	outcomes := map[string]int{}
	stretch := func(n int) {
		for range n {
			clk.Advance(time.Duration(1+r.IntN(40)) * time.Minute)
			person := people[r.IntN(len(people))]
			if r.IntN(12) == 0 { // a trip, approved or not, or cancelled
				change(func(tx *store.Tx) error {
					p, err := authz.FindPerson(tx, person)
					if err != nil {
						return err
					}
					trip := Trip{ID: id.New(), Person: person, Unit: p.Unit, Countries: []string{pick("VN", "US", "TH")}, From: tx.Now.Add(time.Duration(r.IntN(180)-60) * time.Minute), State: TripAsked, Asked: tx.Now}
					trip.To = trip.From.Add(time.Duration(60+r.IntN(3000)) * time.Minute)
					if err := s.ask(tx, system, p, trip); err != nil || r.IntN(3) == 0 {
						return err
					}
					trip.State, trip.Decided = TripApproved, tx.Now
					if r.IntN(4) == 0 {
						trip.Device = "another"
					}
					if _, err := tx.Exec("UPDATE identity_trip SET device = $1 WHERE id = $2", trip.Device, trip.ID); err != nil {
						return err
					}
					return trip.save(tx)
				})
			}
			if r.IntN(25) == 0 {
				if trips, _, err := s.Trips(ctx, system, authz.Everything(), TripFilter{State: "running", Page: keyset.Page{Sort: "from", Limit: 5}}); err == nil && len(trips) > 0 {
					if err := s.CancelTrip(ctx, system, trips[0].ID); err != nil {
						t.Fatal(err)
					}
				}
			}
			from := Device{Agent: "test", Network: addresses[r.IntN(len(addresses))]}
			if r.IntN(3) > 0 {
				from.token, from.pinned = tokens[person], true
			}
			if r.IntN(20) == 0 {
				if list, err := s.DevicesOf(ctx, system, person); err == nil && len(list) > 0 {
					if err := s.ManageDevice(ctx, system, list[0].ID, r.IntN(2) == 0); err != nil {
						t.Fatal(err)
					}
				}
			}
			proof := Proof{Method: pick("passkey", "password", "link"), Level: policy.Levels[r.IntN(4)], Methods: methods[r.IntN(len(methods))]}
			err := s.enter(ctx, func(tx *store.Tx) error {
				p, err := authz.FindPerson(tx, person)
				if err == nil {
					_, _, err = s.begin(tx, p, proof, from)
				}
				return err
			})
			if err != nil && !fault.Is(err, fault.KindDenied) {
				t.Fatal(err)
			}
			outcomes[fmt.Sprint(err)]++
		}
	}
	for round := range 6 {
		group, jp := write(), write()
		for unit, said := range map[string]string{"group": group, "jp": jp} {
			version, err := s.DraftPolicy(ctx, system, unit, said, "because")
			if err == nil {
				err = s.ApprovePolicy(ctx, authz.System("second"), version)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		began := db.Now()
		stretch(120)
		// The policy in force as a draft: nothing is otherwise.
		days := int(db.Now().Sub(began).Hours()/24) + 1
		if err := db.View(ctx, func(tx *store.Tx) error {
			around, err := s.surroundings(tx)
			if err != nil {
				return err
			}
			past, err := s.past(tx, around, system, "group", began)
			if err != nil {
				return err
			}
			if len(past) != 120 {
				t.Errorf("round %d: %d sign-ins in the log", round, len(past))
			}
			o := policy.Replay(past, func(unit string) policy.Rules {
				rules, err := s.rules(tx, around, unit)
				if err != nil {
					t.Error(err)
				}
				return rules
			}, 10)
			for _, row := range o.Rows {
				t.Errorf("round %d: %s is %s now: %+v, was %v %q", round, row.Past.ID, row.Effect, row.Decision, row.Past.Allowed, row.Past.Reason)
			}
			for _, p := range past {
				rules, err := s.rules(tx, around, p.Unit)
				if err != nil {
					return err
				}
				if d := rules.Decide(p.Question); d.Reason != p.Reason {
					t.Errorf("round %d: %s was %q and is %q", round, p.ID, p.Reason, d.Reason)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		sim, err := s.Simulate(ctx, system, "jp", "places: {office: {managed: refuse, unmanaged: refuse}, home: {managed: refuse, unmanaged: refuse}, vpn: {managed: refuse, unmanaged: refuse}, trip: {managed: refuse, unmanaged: refuse}, unknown: {managed: refuse, unmanaged: refuse}}", days)
		if err != nil || round == 0 && (sim.SignIns == 0 || sim.Effects[policy.Opens].SignIns > 0 || sim.Effects[policy.Stronger].SignIns > 0) {
			t.Fatalf("%+v, %v", sim.Outcome, err)
		}
		for _, u := range sim.Units {
			if u.Unit != "jp" && u.Unit != "us" {
				t.Errorf("the draft of jp reaches %s", u.Unit)
			}
		}
	}
	if len(outcomes) < 7 {
		t.Errorf("only these outcomes were met: %v", outcomes)
	}
	t.Logf("%v", outcomes)
}

// TestEventsOfTravel reads the log after sign-ins from here and there.
func TestEventsOfTravel(t *testing.T) {
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, Migrations)
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "geo.mmdb")
	tokyo := geo.Point{Country: "JP", Latitude: 35.7, Longitude: 139.8, Located: true}
	osaka := geo.Point{Country: "JP", Latitude: 34.7, Longitude: 135.5, Located: true}
	hanoi := geo.Point{Country: "VN", Latitude: 21, Longitude: 105.8, Located: true}
	geotest.Write(t, file, geotest.Network{Prefix: "198.51.100.0/25", Point: tokyo}, geotest.Network{Prefix: "198.51.100.128/25", Point: osaka}, geotest.Network{Prefix: "203.0.113.0/24", Point: hanoi},
		geotest.Network{Prefix: "192.0.2.0/24", Point: geo.Point{Country: "RO", Latitude: 44.4, Longitude: 26.1, Located: true}})
	s, err := New(db, authz.NewDirectory(authz.NewPolicy(authz.Acts, Acts)), Options{PublicURL: "https://id.example", Key: make([]byte, 32), Geo: file, Country: homes(map[string]string{"jp": "JP"})})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Change(ctx, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "jp", Kind: "group"}); err != nil {
			return err
		}
		if err := authz.PutPeople(tx, authz.Person{ID: "sato", Unit: "jp", Active: true}); err != nil {
			return err
		}
		trip := Trip{ID: "trip", Person: "sato", Unit: "jp", Countries: []string{"VN"}, From: tx.Now.Add(48 * time.Hour), To: tx.Now.Add(240 * time.Hour), State: TripApproved, Asked: tx.Now, Decided: tx.Now}
		if err := trip.save(tx); err != nil {
			return err
		}
		return tx.Record(authz.System("test"), authz.GrantAsked{})
	}); err != nil {
		t.Fatal(err)
	}
	laptop, phone := id.Token(), id.Token()
	signIn := func(after time.Duration, address, token string, want string) {
		t.Helper()
		clk.Advance(after)
		err := s.enter(ctx, func(tx *store.Tx) error {
			p, err := authz.FindPerson(tx, "sato")
			if err == nil {
				_, _, err = s.begin(tx, p, Proof{Method: "passkey", Level: HardwareBound}, Device{Network: address, token: token, pinned: true})
			}
			return err
		})
		if err != nil && !fault.Is(err, fault.KindDenied) {
			t.Fatal(err)
		}
		list, err := s.Timeline(ctx, authz.System("test"), "sato", 20)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list {
			if !e.At.Equal(list[0].At) {
				break
			}
			got = append(got, string(e.Kind)+":"+string(e.Outcome)+":"+e.Reason)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("from %s after %v:\n%s, want\n%s", address, after, s, want)
		}
	}
	const in = "sign-in:allowed:"
	signIn(0, "198.51.100.1", laptop, in)
	signIn(time.Hour, "198.51.100.200", laptop, in) // Osaka within an hour: no airliner, but near enough to the speed of one
	signIn(time.Hour, "198.51.100.1", phone, in+" new-device:allowed:")
	signIn(time.Hour, "192.0.2.1", phone, "abroad-refused:refused:abroad impossible-travel:refused:8886 km new-country:refused:RO sign-in:refused:abroad")
	signIn(time.Hour, "203.0.113.1", laptop, "abroad-refused:refused:trip-early impossible-travel:refused:3681 km new-country:refused:VN sign-in:refused:trip-early")
	signIn(50*time.Hour, "203.0.113.1", laptop, in+" new-country:allowed:VN")
	signIn(time.Hour, "203.0.113.1", laptop, in)
	signIn(40*time.Hour, "198.51.100.1", laptop, in+" trip-without-travel:allowed:trip")
	signIn(time.Hour, "198.51.100.1", laptop, in)
	var told int64
	if err := db.View(ctx, func(tx *store.Tx) (err error) { told, err = notify.Unread(tx, "sato"); return err }); err != nil || told != 2 {
		t.Errorf("told of %d refusals abroad: %v", told, err)
	}
	if a, ok := netip.ParseAddr("198.51.100.1"); ok != nil || !s.geo.Of(a, clk.Now()).Located {
		t.Error("the file is not in use")
	}
}
