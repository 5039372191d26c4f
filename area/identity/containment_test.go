package identity_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/ldap"
	"yagura/area/identity/ldap/ldaptest"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// csirt adds two handlers in Europe, one in America, and somebody without a role.
func (w world) csirt(t testing.TB) {
	t.Helper()
	w.change(t, func(tx *store.Tx) error {
		var people []authz.Person
		for person, unit := range map[string]string{"hana": "works-eu", "hugo": "works-eu", "hank": "works-us", "weber": "works-eu"} {
			people = append(people, authz.Person{ID: person, Name: strings.ToUpper(person[:1]) + person[1:], Unit: unit, Lang: "en", Email: person + "@example", Active: true})
		}
		if err := authz.PutPeople(tx, people...); err != nil {
			return err
		}
		for person, region := range map[string]string{"hana": "eu", "hugo": "eu", "hank": "us"} {
			if err := authz.Found(tx, authz.System("test"), authz.Grant{Person: person, Role: authz.Handler, Tree: authz.Geography, Unit: region, Until: tx.Now.AddDate(1, 0, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// rights is all by which a person is in.
type rights struct {
	session string // secret
	token   string
	grants  []string // of applications: a usual one, one beyond the session, and a gate
	access  []string
}

// furnish gives a person all of it: a session, an API token, grants, an approved
// trip and a session at a VPN gateway.
func (w world) furnish(t *testing.T, person string) (r rights) {
	t.Helper()
	ctx, admin := context.Background(), w.actor(t, "admin")
	r.session = w.enter(t, person)
	r.token = "ygr_of-" + person
	session, err := w.s.SessionOf(ctx, r.session)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []identity.Client{
		{ID: "app", Kind: identity.WebClient, Redirects: []string{"https://app.example/cb"}, LogoutURI: "https://app.example/out", Refresh: identity.RefreshSession},
		{ID: "mail", Kind: identity.WebClient, Redirects: []string{"https://mail.example/cb"}, Refresh: identity.RefreshOffline},
		{ID: "wiki", Kind: identity.GateClient, Host: "wiki.example"},
	} {
		if known, err := w.s.FindClient(ctx, c.ID); err == nil {
			c = known
		} else {
			c.Name, c.Unit = "The "+c.ID, "group"
			if _, err := w.s.AddClient(ctx, admin, c); err != nil {
				t.Fatal(err)
			}
			if c, err = w.s.FindClient(ctx, c.ID); err != nil {
				t.Fatal(err)
			}
		}
		scopes := []string{"openid"}
		if c.Refresh == identity.RefreshOffline {
			scopes = append(scopes, identity.ScopeOffline)
		}
		verifier := strings.Repeat("v", 43)
		sum := sha256.Sum256([]byte(verifier))
		code, err := w.s.Code(c, session, identity.Wish{Redirect: c.Redirects[0], Challenge: base64.RawURLEncoding.EncodeToString(sum[:]), Scopes: scopes}, session.Device)
		if err != nil {
			t.Fatal(err)
		}
		out, err := w.s.Redeem(ctx, c, code, c.Redirects[0], verifier)
		if err != nil {
			t.Fatal(c.ID, err)
		}
		r.grants, r.access = append(r.grants, out.Grant.ID), append(r.access, out.Access)
	}
	w.change(t, func(tx *store.Tx) error { // what the services for it would write; they ask for a phone and a manager
		if _, err := tx.Exec("INSERT INTO identity_token (id, digest, person, name, acts, made, until) VALUES ($1, $2, $3, 'script', 'authz.read', $4, $5)",
			"k-"+person, id.Digest(r.token), person, tx.Millis(), store.Millis(tx.Now.Add(24*time.Hour))); err != nil {
			return err
		}
		for _, q := range []string{
			"INSERT INTO identity_radius (id, person, name, nas, network, began, until) VALUES ('r-%[1]s', '%[1]s', '%[1]s', 'vpn', '', $1, $2)",
			"INSERT INTO identity_trip (id, person, unit, countries, starts, ends, device, purpose, state, asked) VALUES ('t-%[1]s', '%[1]s', 'works-eu', 'VN', $1, $2, '', 'x', 'approved', $1)",
		} {
			if _, err := tx.Exec(fmt.Sprintf(q, person), tx.Millis(), store.Millis(tx.Now.Add(time.Hour))); err != nil {
				return err
			}
		}
		return tx.Record(authz.System("test"), left{})
	})
	return r
}

// vpn is a gateway that takes Disconnect-Request at an address.
func (w world) vpn(t *testing.T, ends string) {
	t.Helper()
	w.change(t, func(tx *store.Tx) error {
		if _, err := tx.Exec("INSERT INTO identity_nas (id, name, unit, networks, filter, ends, secret, made) VALUES ('vpn', 'VPN gateway', 'works-eu', '127.0.0.1/32', '', $1, '', 1)", ends); err != nil {
			return err
		}
		return tx.Record(authz.System("test"), left{})
	})
}

// live is all of it that still lets the person in.
func (w world) live(t *testing.T, person string, r rights) (list []string) {
	t.Helper()
	ctx := context.Background()
	add := func(name string, open bool) {
		if open {
			list = append(list, name)
		}
	}
	_, err := w.s.Who(ctx, r.session)
	add("session", err == nil)
	asks := httptest.NewRequest("GET", "/api/v1/units", nil)
	asks.Header.Set("Authorization", "Bearer "+r.token)
	_, err = w.s.Authenticate(asks)
	add("token", err == nil)
	for i, grant := range r.grants {
		_, ok, err := w.s.GrantAlive(ctx, grant) // what a gate is asked
		if err != nil {
			t.Fatal(err)
		}
		add(fmt.Sprintf("grant %d", i), ok)
		_, _, ok, err = w.s.Access(ctx, r.access[i])
		if err != nil {
			t.Fatal(err)
		}
		add(fmt.Sprintf("access token %d", i), ok)
	}
	for _, q := range [][2]string{
		{"RADIUS", "SELECT COUNT(*) FROM identity_radius WHERE person = $1 AND ended = 0"},
		{"trip", "SELECT COUNT(*) FROM identity_trip WHERE person = $1 AND state = 'approved' AND cut = 0"},
	} {
		var n int
		if err := w.db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow(q[1], person).Scan(&n) }); err != nil {
			t.Fatal(err)
		}
		add(q[0], n > 0)
	}
	return list
}

// TestOutByWhateverPath: whoever is deactivated is out of everything at once, by
// whichever way it came.
func TestOutByWhateverPath(t *testing.T) {
	t.Parallel()
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		ctx, o := context.Background(), identity.Options{}
		var server *ldaptest.Server
		if ldaptest.Installed(t) {
			server = ldaptest.Start(t)
			server.Person("of-ldap", "Weber")
			server.Set("of-ldap", "mail", "of-ldap@example")
			o.LDAP = []ldap.Connection{server.Connection("unit: works-eu\nguard_percent: 100\n")}
		}
		w := foundWith(t, db, clk, o)
		w.csirt(t)
		w.vpn(t, "")
		disables, leaves := w.client(t, "works-eu", identity.Disable), w.client(t, "works-eu", identity.Leave)
		for person, deactivate := range map[string]func(t *testing.T, person string){
			"of-put": func(_ *testing.T, person string) {
				disables.do("PUT", "/Users/"+person, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+person+`","displayName":"Weber","active":false}`, 200)
			},
			"of-patch": func(_ *testing.T, person string) {
				disables.do("PATCH", "/Users/"+person, op(`{"op":"replace","path":"active","value":false}`), 200)
			},
			"of-delete": func(_ *testing.T, person string) { disables.do("DELETE", "/Users/"+person, "", 204) },
			"of-leave":  func(_ *testing.T, person string) { leaves.do("DELETE", "/Users/"+person, "", 204) },
			"of-ldap": func(t *testing.T, person string) {
				time.Sleep(1100 * time.Millisecond) // modifyTimestamp counts seconds
				server.Set(person, "shadowExpire", "1")
				if run, err := w.s.Sync(ctx, "works", false); err != nil || run.Report.Disabled != 1 {
					t.Fatal(run.Report, err)
				}
			},
			"of-page": func(t *testing.T, person string) {
				if _, err := w.s.Contain(ctx, w.actor(t, "hana"), identity.Order{Person: person, Reason: "phished"}); err != nil {
					t.Fatal(err)
				}
			},
		} {
			t.Run(person, func(t *testing.T) {
				if person == "of-ldap" && server == nil {
					t.Skip("slapd is not installed: no test with a real directory")
				}
				w.change(t, func(tx *store.Tx) error {
					if err := authz.PutPeople(tx, authz.Person{ID: person, Name: "Weber", Unit: "works-eu", Lang: "en", Email: person + "@example", Active: true}); err != nil {
						return err
					}
					return tx.Record(authz.System("test"), left{})
				})
				if person == "of-ldap" {
					if _, err := w.s.Sync(ctx, "works", false); err != nil {
						t.Fatal(err)
					}
				}
				r := w.furnish(t, person)
				if got := w.live(t, person, r); len(got) != 10 {
					t.Fatalf("before: %v", got)
				}
				deactivate(t, person)
				if got := w.live(t, person, r); len(got) > 0 {
					t.Errorf("still open: %v", got)
				}
			})
		}
	})
}

func TestContain(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Guarded: []authz.Act{authz.AskGrant}}), context.Background()
		w.csirt(t)
		w.vpn(t, "")
		hana, hugo, hank, admin := w.actor(t, "hana"), w.actor(t, "hugo"), w.actor(t, "hank"), w.actor(t, "admin")
		r := w.furnish(t, "weber")
		order := identity.Order{Person: "weber", Reason: "phished"}
		for name, try := range map[string]struct {
			by   authz.Actor
			o    identity.Order
			kind fault.Kind
		}{
			"in another region":   {hank, order, fault.KindNotFound},
			"without the right":   {admin, order, fault.KindNotFound},
			"somebody unknown":    {hana, identity.Order{Person: "nobody", Reason: "x"}, fault.KindNotFound},
			"without a reason":    {hana, identity.Order{Person: "weber"}, fault.KindInvalid},
			"himself":             {hana, identity.Order{Person: "hana", Reason: "x"}, fault.KindDenied},
			"a reason of a novel": {hana, identity.Order{Person: "weber", Reason: strings.Repeat("x", 1001)}, fault.KindInvalid},
		} {
			if _, err := w.s.Contain(ctx, try.by, try.o); !fault.Is(err, try.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		c, err := w.s.Contain(ctx, hana, order)
		if err != nil || c.State != identity.ContainInForce {
			t.Fatal(c, err)
		}
		if got := w.live(t, "weber", r); len(got) > 0 {
			t.Errorf("still open: %v", got)
		}
		if _, err := w.s.Contain(ctx, hugo, order); !fault.Is(err, fault.KindConflict) {
			t.Errorf("contained twice: %v", err)
		}
		if _, err := w.s.Containment(ctx, hank, c.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("seen from another region: %v", err)
		}
		results := func() map[string]string {
			t.Helper()
			d, err := w.s.Containment(ctx, hana, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, x := range d.Targets {
				name := x.Name
				if x.Kind != identity.DoorTarget {
					name = string(x.Kind) + " " + name
				}
				got[name] = strings.TrimSpace(fmt.Sprintf("%s %s", x.Result, x.Detail))
				if x.Kind == identity.DoorTarget {
					got[name] += fmt.Sprint(" ", x.Count)
				}
			}
			return got
		}
		want := map[string]string{
			"links": "ended 1", "requests for a link": "ended 0", "trips": "ended 1", "API tokens": "ended 1", "RADIUS sessions": "ended 1", "sessions": "ended 1", "applications": "ended 1",
			"application app": "pending", "application mail": "unconfirmed untold", "gate wiki": "confirmed asks-always", "radius vpn": "unconfirmed untold",
		}
		got := results()
		for name, result := range want {
			if got[name] != result {
				t.Errorf("%s: %q, want %q", name, got[name], result)
			}
		}
		if len(got) != len(want) {
			t.Errorf("targets %v", got)
		}

		// What is presented afterwards is refused and counted, once a minute.
		for range 3 {
			w.live(t, "weber", r)
		}
		clk.Advance(2 * time.Minute)
		w.live(t, "weber", r)
		d, err := w.s.Containment(ctx, hugo, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range d.Targets {
			if x.Kind == identity.ApplicationTarget && (x.Attempts != 2 || x.Tried.IsZero()) {
				t.Errorf("%s: %d attempts", x.Name, x.Attempts)
			}
		}
		if n := w.facts(t, "identity.containment-attempt"); n != 3 {
			t.Errorf("%d first attempts are recorded", n)
		}

		// What nothing can ask by itself, a person looks at.
		if err := w.s.ConfirmTarget(ctx, hank, c.ID, "r-weber"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("confirmed from another region: %v", err)
		}
		clk.Advance(3 * time.Second)
		if err := w.s.ConfirmTarget(ctx, hugo, c.ID, "r-weber"); err != nil {
			t.Fatal(err)
		}
		if got := results()["radius vpn"]; got != "confirmed by-hand" {
			t.Error(got)
		}
		if err := w.s.ConfirmTarget(ctx, hugo, c.ID, "r-weber"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("confirmed twice: %v", err)
		}

		if err := w.s.Release(ctx, hank, c.ID, "fine"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("released from another region: %v", err)
		}
		if err := w.s.Release(ctx, hugo, c.ID, " "); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("released without a reason: %v", err)
		}
		if err := w.s.Release(ctx, hugo, c.ID, "it was a drill"); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Release(ctx, hugo, c.ID, "again"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("released twice: %v", err)
		}
		if got := w.live(t, "weber", r); len(got) > 0 {
			t.Errorf("the release brought back %v", got)
		}
		w.enter(t, "weber")
		if c, err = w.s.Contain(ctx, hugo, order); err != nil || c.State != identity.ContainInForce {
			t.Errorf("contained again: %v, %v", c.State, err)
		}
	})
}

// facts counts what is recorded of a kind and not sealed yet.
func (w world) facts(t *testing.T, kind string) (n int) {
	t.Helper()
	if err := w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COUNT(*) FROM ledger_pending WHERE kind = $1", kind).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwoContainThePrivileged(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := foundWith(t, db, clk, identity.Options{Guarded: []authz.Act{authz.AskGrant}}), context.Background()
		w.csirt(t)
		hana, hugo, keller := w.actor(t, "hana"), w.actor(t, "hugo"), w.actor(t, "keller")
		session := w.enter(t, "keller") // a handler too
		in := func() bool { _, err := w.s.Who(ctx, session); return err == nil }
		order := identity.Order{Person: "keller", Reason: "phished"}
		for _, by := range []authz.Actor{hana, authz.System("command-line")} {
			c, err := w.s.Contain(ctx, by, order)
			if err != nil || c.State != identity.ContainAsked || !in() {
				t.Fatalf("asked by %s: %v, %v, in: %v", by.Who(), c.State, err, in())
			}
			for _, who := range []authz.Actor{by, keller} {
				if err := w.s.ConfirmContainment(ctx, who, c.ID); !fault.Is(err, fault.KindDenied) {
					t.Errorf("confirmed by %s: %v", who.Who(), err)
				}
			}
			if err := w.s.ConfirmContainment(ctx, authz.System("another"), c.ID); !fault.Is(err, fault.KindDenied) {
				t.Errorf("the machine is the second person: %v", err)
			}
			if _, err := w.s.Contain(ctx, hugo, order); !fault.Is(err, fault.KindConflict) {
				t.Errorf("asked twice: %v", err)
			}
			if err := w.s.Release(ctx, hugo, c.ID, "x"); !fault.Is(err, fault.KindConflict) {
				t.Errorf("released while it waits: %v", err)
			}
			if err := w.s.RefuseContainment(ctx, hugo, c.ID); err != nil || !in() {
				t.Errorf("refused: %v", err)
			}
			if err := w.s.ConfirmContainment(ctx, hugo, c.ID); !fault.Is(err, fault.KindConflict) {
				t.Errorf("confirmed after it was refused: %v", err)
			}
		}
		late, err := w.s.Contain(ctx, hana, order)
		if err != nil {
			t.Fatal(err)
		}
		clk.Advance(4 * time.Hour)
		if err := w.s.ConfirmContainment(ctx, hugo, late.ID); !fault.Is(err, fault.KindConflict) {
			t.Errorf("confirmed too late: %v", err)
		}
		session = w.enter(t, "keller")
		c, err := w.s.Contain(ctx, hana, order)
		if err != nil {
			t.Fatal(err)
		}
		if n := w.told(t, "hugo", "second person"); n != 4 {
			t.Errorf("the second person was told %d times", n)
		}
		if err := w.s.ConfirmContainment(ctx, hugo, c.ID); err != nil || in() {
			t.Errorf("confirmed: %v, in: %v", err, in())
		}
		d, err := w.s.Containment(ctx, hana, c.ID)
		if err != nil || d.AskedBy != "hana" || d.Decider != "hugo" || d.State != identity.ContainInForce || d.Began.IsZero() {
			t.Errorf("%+v, %v", d.Containment, err)
		}

		// Who defends in an emergency needs nobody else; and one person alone
		// does not take the last key away.
		w.change(t, func(tx *store.Tx) error {
			if _, err := tx.Exec("INSERT INTO identity_breakglass (person, made, made_by) VALUES ('hana', 1, 'admin'), ('weber', 1, 'admin')"); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		if c, err := w.s.Contain(ctx, hugo, identity.Order{Person: "weber", Reason: "x"}); err != nil || c.State != identity.ContainAsked {
			t.Errorf("one person contained a break-glass account: %v, %v", c.State, err)
		}
		if c, err := w.s.Contain(ctx, hana, identity.Order{Person: "hugo", Reason: "x"}); err != nil || c.State != identity.ContainInForce {
			t.Errorf("a break-glass account needs a second person: %v, %v", c.State, err)
		}
		rows, total, err := w.s.Containments(ctx, hana.Scope(identity.ReadContainments), identity.ContainmentFilter{Page: keyset.Page{Sort: "asked", Limit: 10}})
		if err != nil || total != 6 || len(rows) != 6 {
			t.Errorf("%d rows of %d, %v", len(rows), total, err)
		}
		if rows, _, err := w.s.Containments(ctx, w.actor(t, "hank").Scope(identity.ReadContainments), identity.ContainmentFilter{Page: keyset.Page{Sort: "asked", Limit: 10}}); err != nil || len(rows) > 0 {
			t.Errorf("another region sees %v, %v", rows, err)
		}
	})
}

// TestSuspect finds whom the names in events mean.
func TestSuspect(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		w.csirt(t)
		hana, hank := w.actor(t, "hana"), w.actor(t, "hank")
		for _, name := range []string{"weber", "Weber", `CORP\weber`, "WEBER@example", "weber@corp.example"} {
			if p, ok, err := w.s.Suspect(ctx, hana, name); err != nil || !ok || p.ID != "weber" {
				t.Errorf("%s: %v %v %v", name, p.ID, ok, err)
			}
			if _, ok, err := w.s.Suspect(ctx, hank, name); err != nil || ok {
				t.Errorf("%s is found from another region: %v", name, err)
			}
		}
		for _, name := range []string{"", "nobody", `weber\`, "@"} {
			if p, ok, err := w.s.Suspect(ctx, hana, name); err != nil || ok {
				t.Errorf("%q is %s, %v", name, p.ID, err)
			}
		}
	})
}

// TestEndingIsProven: the gateway's own word is what counts.
func TestEndingIsProven(t *testing.T) {
	for code, want := range map[byte]identity.Result{41: identity.Ended, 42: identity.RefusedBy, 0: identity.NoAnswer} { // RFC 5176 §3.5: ACK, NAK
		db, clk := storetest.SQLite(t, tables...)
		w, ctx := found(t, db, clk), context.Background()
		w.csirt(t)
		gateway, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer gateway.Close()
		secret, err := w.s.SaveNAS(ctx, w.actor(t, "admin"), identity.NAS{Name: "VPN", Unit: "works-eu", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ends: gateway.LocalAddr().String()}, false)
		if err != nil {
			t.Fatal(err)
		}
		if code == 0 {
			gateway.Close()
		}
		go func() {
			var buffer [4096]byte
			n, from, err := gateway.ReadFrom(buffer[:])
			if err != nil || n < 20 {
				return
			}
			answer := []byte{code, buffer[1], 0, 20}
			// #nosec G401: RFC 2865 §3
			sum := md5.Sum(slices.Concat(answer, buffer[4:20], []byte(secret)))
			_, _ = gateway.WriteTo(append(answer, sum[:]...), from)
		}()
		w.change(t, func(tx *store.Tx) error {
			if _, err := tx.Exec("INSERT INTO identity_radius (id, person, name, nas, network, began, until) SELECT 'r-weber', 'weber', 'weber', id, '', $1, $2 FROM identity_nas", tx.Millis(), store.Millis(tx.Now.Add(time.Hour))); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		c, err := w.s.Contain(ctx, w.actor(t, "hana"), identity.Order{Person: "weber", Reason: "x"})
		if err != nil {
			t.Fatal(err)
		}
		queue := job.New(db, slog.New(slog.DiscardHandler))
		w.s.Jobs(queue)
		if _, err := queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		d, err := w.s.Containment(ctx, w.actor(t, "hana"), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(d.Targets, func(x identity.Target) bool { return x.Kind == identity.RADIUSTarget })
		if i < 0 || d.Targets[i].Result != want || d.Targets[i].Open != (want == identity.NoAnswer) || d.Targets[i].Label != "VPN" {
			t.Errorf("code %d: %+v", code, d.Targets)
		}
	}
}
