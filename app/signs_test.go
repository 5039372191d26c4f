package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"yagura/area/detect"
	"yagura/area/detect/rules"
	"yagura/area/identity"
	"yagura/area/identity/geo"
	"yagura/area/identity/geo/geotest"
	"yagura/area/identity/radius"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/id"
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

// carried says by what an event of each remarkable kind raises an alert: its rule,
// or the correlation that joins the events it sums up.
var carried = map[identity.EventKind]string{
	identity.Spray:            "One network guesses at many accounts", // and of a station: stationTitle
	identity.PromptStorm:      "Codes refused in a row",
	identity.Disowned:         "A person says: this was not me",
	identity.BreakGlassUsed:   "Break-glass account in use",
	identity.CounterFell:      "Counter of a passkey went back",
	identity.CodeReplayed:     "Authorization code presented twice",
	identity.RefreshReused:    "Refresh token of an application presented twice",
	identity.Moved:            "Session goes on from another country",
	identity.NewDevice:        "Signed in on a device not used before",
	identity.NewCountry:       "Signed in from a country not seen before",
	identity.ImpossibleTravel: "Signed in faster than anybody can travel",
	identity.AbroadRefused:    "Sign-in from abroad refused",
	identity.TripUntravelled:  "On a business trip, but signed in from elsewhere",
	identity.Dormant:          "Account used after months of rest",
	identity.KeyDowngrade:     "Less was shown than the person has",
}

const stationTitle = "Many accounts guessed at behind a RADIUS server"

// ordinary are the kinds that are not remarkable by themselves, and why.
var ordinary = map[identity.EventKind]string{
	identity.SignIn:      "everybody does it; refusals are joined by correlations, and what is odd about one is an event of its own",
	identity.EnterClient: "everybody does it; a refusal says that the application asked for more",
	identity.Enrolment:   "a key of a model that is not taken: its person is told at once",
	"session-began":      "of who was let in at a server that asks by RADIUS",
	"session-ended":      "so is its end",
}

// kindsOfEvents are all constants of the type in the source of identity.
func kindsOfEvents(t *testing.T) (kinds []identity.EventKind) {
	t.Helper()
	files, err := filepath.Glob("../area/identity/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if name, ok := v.Type.(*ast.Ident); ok && name.Name == "EventKind" {
				for _, x := range v.Values {
					kind, err := strconv.Unquote(x.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					kinds = append(kinds, identity.EventKind(kind))
				}
			}
			return true
		})
	}
	return kinds
}

// TestEveryKindOfEventIsCarried: whatever the log of authentication tells is looked
// at by a rule, or known not to be worth one.
func TestEveryKindOfEventIsCarried(t *testing.T) {
	kinds := kindsOfEvents(t)
	if len(kinds) < 18 {
		t.Fatalf("found %q alone", kinds)
	}
	pack, err := rules.Pack()
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]bool{}
	for _, r := range pack {
		titles[r.Title] = true
	}
	for _, kind := range kinds {
		title, is := carried[kind]
		why := ordinary[kind]
		if is == (why != "") {
			t.Errorf("%s must be carried by a rule, or be ordinary for a reason: %q, %q", kind, title, why)
		}
		if is && !titles[title] && kind != identity.Spray && kind != identity.PromptStorm { // those two by correlations
			t.Errorf("%s: the pack has no rule %q", kind, title)
		}
	}
}

// begin opens an installation 120 days ago, with a group whose people signed in at
// home then, and lets it run today.
func begin(t *testing.T, people ...string) signer {
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
	t.Cleanup(func() { s.a.Close() })
	_, err = s.a.FirstLink(t.Context())
	s.must(err)
	s.change(func(tx *store.Tx) error {
		g := org.Founding{Units: []org.Unit{{ID: "works", Kind: org.Plant, Name: "Works", Parent: firstUnit, Region: firstWorld, Country: "DE"}}}
		for _, id := range append(people, "head", "chief", "lead") {
			unit := "works"
			if id == "chief" || id == "lead" {
				unit = firstUnit
			}
			g.People = append(g.People, org.Person{ID: id, Name: id, Email: id + "@example.com", Unit: unit, Lang: "en", Zone: "Europe/Berlin"})
		}
		if err := s.a.Org.Seed(tx, authz.System("test"), g); err != nil {
			return err
		}
		for _, g := range []authz.Grant{{Person: "head", Role: authz.Head, Unit: "works"}, {Person: "robbed", Role: authz.Admin, Unit: "works"},
			{Person: "chief", Role: authz.Head, Unit: firstUnit}, {Person: "lead", Role: authz.Lead, Unit: firstUnit}} {
			if g.Person == "robbed" && !slices.Contains(people, g.Person) {
				continue
			}
			g.Tree, g.Until = authz.Own, now.AddDate(1, 0, 0)
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	})
	for _, person := range people {
		_, err := s.enter(person, identity.Persona, home)
		s.must(err)
	}
	s.clock.Set(now)
	running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	wait, err := s.a.Start(running)
	s.must(err)
	t.Cleanup(func() { stop(); wait() })
	return s
}

var home = identity.Device{Network: "198.51.100.7", Agent: "Firefox"}

// raised waits for alerts of titles in units; what is there of each comes back.
func (s signer) raised(want map[string]string) map[string]detect.Alert {
	s.Helper()
	until := time.Now().Add(time.Minute)
	for {
		rows, _, err := s.a.Detect.List(s.Context(), authz.Everything(), detect.Filter{Page: keyset.Page{Sort: "last", Desc: true}})
		s.must(err)
		found := map[string]detect.Alert{}
		for _, a := range rows {
			if unit, ok := want[a.Title.EN]; ok && unit == a.Unit {
				found[a.Title.EN] = a
			}
		}
		if len(found) == len(want) {
			return found
		}
		if time.Now().After(until) {
			for _, a := range rows {
				s.Logf("%s in %s of %s", a.Title.EN, a.Unit, a.User)
			}
			for title, unit := range want {
				if _, ok := found[title]; !ok {
					s.Errorf("no alert %q in %s", title, unit)
				}
			}
			s.FailNow()
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestSignInsRaiseAlerts is the whole way for every remarkable kind of event: what
// people do at the door, the log, telemetry, rules and correlations, an alert in
// the unit of the person.
func TestSignInsRaiseAlerts(t *testing.T) {
	s := begin(t, "rested", "traveller", "careless", "robbed", "mover", "stayer", "victim", "emergency", "copied")
	_, err := s.enter("rested", identity.Persona, home)
	s.must(err)
	s.travels()
	s.forgetsKey(home)
	s.isGuessedAt()
	s.guessesOnWiFi()
	s.isReplayed("robbed", home, true)
	s.isReplayed("copied", home, false)
	s.moves()
	s.disowns()
	s.usesEmergency()
	s.copiesKey()
	s.staysAtHome() // last: it moves the clock by days

	want := map[string]string{stationTitle: firstUnit} // title → unit
	for _, kind := range kindsOfEvents(t) {
		if title, ok := carried[kind]; ok {
			want[title] = "works"
		}
	}
	want[carried[identity.Spray]] = firstUnit // nobody is known
	s.raised(want)
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

// isReplayed exchanges a code, or renews by a token, a second time.
func (s signer) isReplayed(person string, home identity.Device, code bool) {
	ctx := s.Context()
	_, err := s.enter(person, identity.Persona, home)
	s.must(err)
	app := "app-of-" + person
	_, err = s.a.Identity.AddClient(ctx, s.actor(firstAdmin), identity.Client{ID: app, Name: app, Unit: "works", Kind: identity.NativeClient, Algorithm: "ES256", Auth: identity.AuthNone,
		Redirects: []string{"https://app.example/back"}, Scopes: []string{identity.ScopeProfile}, Refresh: identity.RefreshSession})
	s.must(err)
	c, err := s.a.Identity.FindClient(ctx, app)
	s.must(err)
	list, err := s.a.Identity.Sessions(ctx, s.actor(person), person, "")
	s.must(err)
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	secret, err := s.a.Identity.Code(c, list[0], identity.Wish{Redirect: c.Redirects[0], Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Scopes: []string{"openid"}}, home)
	s.must(err)
	out, err := s.a.Identity.Redeem(ctx, c, secret, c.Redirects[0], verifier)
	s.must(err)
	if code {
		if _, err := s.a.Identity.Redeem(ctx, c, secret, c.Redirects[0], verifier); err == nil {
			s.Error("a code counted twice")
		}
		return
	}
	_, err = s.a.Identity.Refresh(ctx, c, out.Refresh, nil)
	s.must(err)
	if _, err := s.a.Identity.Refresh(ctx, c, out.Refresh, nil); err == nil {
		s.Error("a refresh token counted twice")
	}
}

// guessesOnWiFi has one computer try twenty accounts at a controller.
func (s signer) guessesOnWiFi() {
	_, err := s.a.Identity.SaveNAS(s.Context(), s.actor(firstAdmin), identity.NAS{Name: "Wi-Fi", Unit: "works", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}}, false)
	s.must(err)
	client, ok := s.a.Identity.NASAt(s.Context(), netip.MustParseAddr("192.0.2.1"))
	if !ok {
		s.Fatal("the server is not known")
	}
	for n := range 20 {
		a, err := s.a.Identity.Enter(s.Context(), radius.Request{Client: client.ID, User: fmt.Sprintf("worker%d", n), Secret: "Spring2026", Station: "02:00:00:00:00:aa"})
		if err != nil || a.Kind != radius.Reject {
			s.Error("a guess was right", err)
		}
	}
}

// moves carries a live session abroad.
func (s signer) moves() {
	session, err := s.enter("mover", identity.Persona, home)
	s.must(err)
	if _, err := s.a.Identity.WhoAt(s.Context(), session, identity.Device{Network: "203.0.113.8"}); err == nil {
		s.Error("a session went abroad without a trip")
	}
}

// disowns has somebody say that it was not him.
func (s signer) disowns() {
	session, err := s.enter("victim", identity.Persona, home)
	s.must(err)
	s.must(s.a.Identity.Disown(s.Context(), s.actor("victim"), session))
}

// usesEmergency comes into a break-glass account.
func (s signer) usesEmergency() {
	s.must(s.a.DB.Operate(s.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO identity_breakglass (person, made, made_by) VALUES ('emergency', 1, 'test')")
		return err
	}))
	_, err := s.enter("emergency", identity.Enrol, home)
	s.must(err)
}

// copiesKey writes what the service writes of a copied key: the answers of an
// authenticator are a test of its own (TestPasskeys).
func (s signer) copiesKey() {
	s.must(s.a.DB.Operate(s.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO identity_event (id, at, kind, outcome, reason, person, unit, session, client, method, level, agent, network, place, country, methods, device, managed, account, told)
			VALUES ($1, $2, $3, 'refused', 'key', 'careless', 'works', '', '', '', '', 'Firefox', '198.51.100.7', '', '', '', '', 0, '', 0)`, id.New(), tx.Millis(), string(identity.CounterFell))
		return err
	}))
}

// staysAtHome registers a trip, and signs in at home days after it began.
func (s signer) staysAtHome() {
	trip, err := s.a.Identity.AskTrip(s.Context(), s.actor("stayer"), identity.Trip{Countries: []string{"VN"}, From: s.clock.Now(), To: s.clock.Now().AddDate(0, 0, 9), Purpose: "commissioning"})
	s.must(err)
	s.must(s.a.Identity.DecideTrip(s.Context(), s.actor("head"), trip.ID, true, ""))
	s.clock.Advance(37 * time.Hour)
	_, err = s.enter("stayer", identity.Persona, home)
	s.must(err)
}
