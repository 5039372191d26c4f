package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/identity/geo"
	"yagura/area/identity/geo/geotest"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// signer signs people in to a whole installation that runs.
type signer struct {
	*testing.T
	a     *App
	clock *clock.Movable
}

func (s signer) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s signer) change(do func(tx *store.Tx) error) {
	s.Helper()
	s.must(s.a.DB.Change(s.Context(), do))
}

// enter signs a person in by a link: as in the demo, which counts as a hardware
// key, or a real one.
func (s signer) enter(person string, purpose string, from identity.Device) (string, error) {
	s.Helper()
	var link string
	s.change(func(tx *store.Tx) (err error) {
		link, err = identity.MakeLink(tx, authz.System("test"), person, purpose, tx.Now.Add(time.Hour))
		return err
	})
	return s.a.Identity.Follow(s.Context(), link, from)
}

func (s signer) actor(person string) (by authz.Actor) {
	s.Helper()
	s.must(s.a.DB.View(s.Context(), func(tx *store.Tx) (err error) { by, err = s.a.Dir.ActorOf(tx, person); return err }))
	return by
}

// TestSignInsRaiseAlerts is the whole way: what people do at the door, the log,
// telemetry, rules and correlations, an alert in the unit of the person.
func TestSignInsRaiseAlerts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "geo.mmdb")
	geotest.Write(t, file, geotest.Network{Prefix: "198.51.100.0/24", Point: geo.Point{Country: "DE", Located: true, Latitude: 52.5, Longitude: 13.4}},
		geotest.Network{Prefix: "203.0.113.0/24", Point: geo.Point{Country: "VN", Located: true, Latitude: 21, Longitude: 105.8}})
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + t.TempDir(), "YAGURA_LISTEN=127.0.0.1:8420", "YAGURA_PUBLIC_URL=http://yagura.localhost:8420", "YAGURA_IDENTITY_GEO=" + file})
	for _, m := range mistakes {
		t.Fatal(m)
	}
	s := signer{T: t, clock: clock.NewMovable(clock.System())}
	now := s.clock.Now()
	s.clock.Set(now.AddDate(0, 0, -120))
	var err error
	s.a, err = Open(t.Context(), cfg, Options{Clock: s.clock, Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))})
	s.must(err)
	defer s.a.Close()
	_, err = s.a.FirstLink(t.Context())
	s.must(err)
	s.change(func(tx *store.Tx) error {
		g := org.Founding{Units: []org.Unit{{ID: "works", Kind: org.Plant, Name: "Works", Parent: firstUnit, Region: firstWorld, Country: "DE"}}}
		for _, id := range []string{"rested", "traveller", "careless", "robbed", "head"} {
			g.People = append(g.People, org.Person{ID: id, Name: id, Email: id + "@example.com", Unit: "works", Lang: "en", Zone: "Europe/Berlin"})
		}
		if err := s.a.Org.Seed(tx, authz.System("test"), g); err != nil {
			return err
		}
		for person, role := range map[string]authz.Role{"head": authz.Head, "robbed": authz.Admin} {
			if err := authz.Found(tx, authz.System("test"), authz.Grant{Person: person, Role: role, Tree: authz.Own, Unit: "works", Until: now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
	home := identity.Device{Network: "198.51.100.7", Agent: "Firefox"}
	for _, person := range []string{"rested", "traveller", "careless", "robbed"} {
		_, err := s.enter(person, identity.Persona, home)
		s.must(err)
	}
	s.clock.Set(now)
	running, stop := context.WithCancel(t.Context())
	wait, err := s.a.Start(running)
	s.must(err)
	defer func() { stop(); wait() }()

	_, err = s.enter("rested", identity.Persona, home)
	s.must(err)
	s.travels()
	s.forgetsKey(home)
	s.isGuessedAt()
	s.isReplayed(home)

	want := map[string]string{ // rule → unit
		"Account used after months of rest": "works", "Signed in from a country not seen before": "works", "Signed in faster than anybody can travel": "works",
		"Signed in on a device not used before": "works", "Less was shown than the person has": "works", "Codes refused in a row": "works",
		"One network guesses at many accounts": firstUnit, "Authorization code presented twice": "works",
	}
	until := time.Now().Add(time.Minute)
	for {
		rows, _, err := s.a.Detect.List(t.Context(), authz.Everything(), detect.Filter{Page: keyset.Page{Sort: "last", Desc: true}})
		s.must(err)
		missing := map[string]string{}
		for title, unit := range want {
			missing[title] = unit
		}
		for _, a := range rows {
			if missing[a.Title.EN] == a.Unit {
				delete(missing, a.Title.EN)
			}
		}
		if len(missing) == 0 {
			return
		}
		if time.Now().After(until) {
			for _, a := range rows {
				t.Logf("%s in %s of %s", a.Title.EN, a.Unit, a.User)
			}
			t.Fatalf("no alert of %v", missing)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// travels has somebody at home, and an hour later in Vietnam.
func (s signer) travels() {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "198.51.100.7:4711"
	_, err := s.enter("traveller", identity.Persona, s.a.Identity.Arrive(httptest.NewRecorder(), r))
	s.must(err)
	s.clock.Advance(time.Hour)
	if _, err := s.enter("traveller", identity.Persona, identity.Device{Network: "203.0.113.7"}); err == nil {
		s.Error("was let in abroad without a trip")
	}
}

// forgetsKey signs in by a link though there is a passkey.
func (s signer) forgetsKey(home identity.Device) {
	key := make([]byte, 32)
	rand.Read(key)
	s.change(func(tx *store.Tx) error {
		return s.a.Identity.SeedPasskey(tx, authz.System("test"), "careless", base64.RawURLEncoding.EncodeToString(key))
	})
	_, err := s.enter("careless", identity.Enrol, home)
	s.must(err)
}

// isGuessedAt has somebody who knows a password guess codes, and a network that
// guesses at whoever there may be.
func (s signer) isGuessedAt() {
	draft, err := s.a.Identity.DraftPolicy(s.Context(), s.actor("robbed"), "works", "passwords: yes\ntotp: yes\n", "old servers")
	s.must(err)
	s.must(s.a.Identity.ApprovePolicy(s.Context(), s.actor("head"), draft))
	const password = "vastly copper meadow"
	s.must(s.a.Identity.SetPassword(s.Context(), s.actor("rested"), password))
	for range 5 {
		from := identity.Device{Network: "203.0.113.99"}
		ticket, err := s.a.Identity.BeginPassword(s.Context(), "rested", password, from)
		s.must(err)
		if _, err := s.a.Identity.FinishPassword(s.Context(), ticket, "000000", from, ""); err == nil {
			s.Error("a code that nobody has was right")
		}
		s.clock.Advance(20 * time.Second)
	}
	for n := range 20 {
		if _, err := s.a.Identity.BeginPassword(s.Context(), fmt.Sprintf("person%d", n), "Spring2026", identity.Device{Network: fmt.Sprintf("203.0.113.%d", n)}); err == nil {
			s.Error("a guess was right")
		}
	}
}

// isReplayed exchanges a code a second time.
func (s signer) isReplayed(home identity.Device) {
	ctx := s.Context()
	_, err := s.enter("robbed", identity.Persona, home)
	s.must(err)
	_, err = s.a.Identity.AddClient(ctx, s.actor(firstAdmin), identity.Client{ID: "wiki", Name: "Wiki", Unit: "works", Kind: identity.NativeClient, Algorithm: "ES256", Auth: identity.AuthNone, Redirects: []string{"https://wiki.example/back"}, Scopes: []string{identity.ScopeProfile}})
	s.must(err)
	c, err := s.a.Identity.FindClient(ctx, "wiki")
	s.must(err)
	list, err := s.a.Identity.Sessions(ctx, s.actor("robbed"), "robbed", "")
	s.must(err)
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	code, err := s.a.Identity.Code(c, list[0], identity.Wish{Redirect: c.Redirects[0], Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Scopes: []string{"openid"}}, home)
	s.must(err)
	_, err = s.a.Identity.Redeem(ctx, c, code, c.Redirects[0], verifier)
	s.must(err)
	if _, err := s.a.Identity.Redeem(ctx, c, code, c.Redirects[0], verifier); err == nil {
		s.Error("a code counted twice")
	}
}
