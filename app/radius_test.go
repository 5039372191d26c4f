package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/area/identity"
	"yagura/area/identity/geo"
	"yagura/area/identity/geo/geotest"
	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// listener is a telemetry that remembers what it took.
type listener struct {
	db   *store.DB
	docs [][]byte
}

func (k *listener) Take(ctx context.Context, events []identity.Told, done func(tx *store.Tx) error) error {
	for _, e := range events {
		k.docs = append(k.docs, e.Doc)
	}
	return k.db.Operate(ctx, done)
}

// TestSignInsByRADIUSFireRules has somebody enter by a gate that speaks RADIUS:
// which signals the log has, and which rules of the pack match them.
func TestSignInsByRADIUSFireRules(t *testing.T) {
	set, err := sigma.ParseFS(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, _ := sigma.Compile(set.Rules, nil, sigma.Options{})
	match := engine.NewMatcher()
	file := filepath.Join(t.TempDir(), "geo.mmdb")
	geotest.Write(t, file, geotest.Network{Prefix: "198.51.100.0/24", Point: geo.Point{Country: "DE", Located: true, Latitude: 52.5, Longitude: 13.4}},
		geotest.Network{Prefix: "192.0.2.0/24", Point: geo.Point{Country: "AT", Located: true, Latitude: 48.2, Longitude: 16.4}},
		geotest.Network{Prefix: "203.0.113.0/24", Point: geo.Point{Country: "VN", Located: true, Latitude: 21, Longitude: 105.8}})
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, identity.Migrations)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts))
	s, err := identity.New(db, dir, identity.Options{PublicURL: "http://localhost:8420", Key: make([]byte, 32), Geo: file,
		Country: func(*store.Tx, string) (string, error) { return "DE", nil }, Allow: func(*store.Tx, string) (identity.Allowance, error) {
			return identity.Allowance{Codes: true, Passwords: true}, nil
		}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	ctx, system := t.Context(), authz.System("test")
	var keller authz.Actor
	must(db.Change(ctx, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"}); err != nil {
			return err
		}
		if err := authz.PutPeople(tx, authz.Person{ID: "keller", Name: "Keller", Unit: "group", Lang: "en", Active: true}); err != nil {
			return err
		}
		return tx.Record(system, authz.GrantAsked{})
	}))
	must(db.View(ctx, func(tx *store.Tx) (err error) { keller, err = dir.ActorOf(tx, "keller"); return err }))
	const password = "vastly copper meadow"
	must(s.SetPassword(ctx, keller, password))
	app, err := s.BeginApp(ctx, keller)
	must(err)
	seed, err := base32.StdEncoding.DecodeString(app.Secret)
	must(err)
	code := func() string {
		mac := hmac.New(sha1.New, seed)
		must(binary.Write(mac, binary.BigEndian, clk.Now().Unix()/30))
		sum := mac.Sum(nil)
		return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
	}
	must(s.FinishApp(ctx, keller, app.Sealed, code()))
	_, err = s.SaveNAS(ctx, system, identity.NAS{Name: "VPN", Unit: "group", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}}, false)
	must(err)
	gate, _ := s.NASAt(ctx, netip.MustParseAddr("192.0.2.1"))
	enter := func(after time.Duration, station, from, want string) {
		t.Helper()
		clk.Advance(after)
		a, err := s.Enter(ctx, radius.Request{Client: gate.ID, User: "keller", Secret: password + "," + code(), Station: station, From: from})
		must(err)
		to := &listener{db: db}
		if _, err := s.TellSome(ctx, to); err != nil {
			t.Fatal(err)
		}
		fired := []string{"in"}
		if a.Kind != radius.Accept {
			fired[0] = "refused"
		}
		for _, doc := range to.docs {
			hits, err := match.Match(doc, sigma.LogSource{})
			must(err)
			for _, h := range hits {
				fired = append(fired, strings.TrimSuffix(strings.TrimPrefix(h.Rule.File, "yagura/"), ".yml"))
			}
			if strings.Contains(string(doc), "4f-00-11") || !strings.Contains(string(doc), `"app":"VPN"`) {
				t.Errorf("detection is told %s", doc)
			}
		}
		slices.Sort(fired[1:])
		if got := strings.Join(fired, " "); got != want {
			t.Errorf("on %q from %q: %s; want %s", station, from, got, want)
		}
	}
	const (
		laptop, written = "3C-52-82-4F-00-11", "3c52.824f.0011"
		device          = " sign-in-from-new-device"
		abroad          = " sign-in-from-abroad-refused"
		country, travel = " sign-in-from-new-country", " sign-in-impossible-travel"
	)
	enter(time.Minute, laptop, "198.51.100.7", "in")                                                // the first of all is no news
	enter(time.Hour, written, "198.51.100.8", "in")                                                 // the same device, as another gate writes it
	enter(time.Hour, "3C-52-82-4F-00-12", "198.51.100.7", "in"+device)                              // another one
	enter(time.Hour, "3C-52-82-4F-00-12", "198.51.100.7", "in")                                     // which is known now
	enter(time.Hour, "198.51.100.9", "", "in")                                                      // an address is where, and on nothing that is known
	enter(time.Hour, laptop, "", "in")                                                              // nowhere: no country, nothing to travel from
	enter(time.Hour, "203.0.113.7:4711", "", "refused"+abroad+country+travel)                       // travelled since an address was told
	enter(time.Minute, laptop, "203.0.113.7", "refused"+abroad+country+travel)                      // the outer address of a tunnel
	enter(91*24*time.Hour, laptop, "198.51.100.7", "in dormant-account-signed-in")                  // as at the console
	enter(time.Hour, laptop, "192.0.2.77", "refused"+abroad+country)                                // 500 km in an hour
	enter(401*24*time.Hour, "another phone", "198.51.100.7", "in dormant-account-signed-in"+device) // a name of any kind
	must(s.Sweep(ctx))
	enter(time.Hour, "a third one", "198.51.100.7", "in"+device)
	enter(time.Hour, laptop, "198.51.100.7", "in"+device) // nobody had seen it for 400 days
}
