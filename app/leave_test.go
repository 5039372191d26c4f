package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yagura/area/identity"
	"yagura/area/identity/ldap/ldaptest"
	"yagura/area/org"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// TestLeavingByAnyPathEndsEverything takes a person out of the group, or
// disables the account, by every path there is: session, token and link are
// dead as soon as the call returns, and stay so when the person comes back.
func TestLeavingByAnyPathEndsEverything(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { leaveByAllPaths(t, "") })
	t.Run("postgres", func(t *testing.T) { leaveByAllPaths(t, storetest.DSN(t)) })
}

func leaveByAllPaths(t *testing.T, dsn string) {
	env := []string{"YAGURA_DATA=" + t.TempDir(), "YAGURA_LISTEN=127.0.0.1:8420", "YAGURA_PUBLIC_URL=http://yagura.localhost:8420"}
	if dsn != "" {
		env = append(env, "YAGURA_DATABASE="+dsn, "YAGURA_KEYS="+t.TempDir(), "YAGURA_DOCUMENTS=file://"+t.TempDir())
	}
	var slapd *ldaptest.Server
	if ldaptest.Installed(t) {
		slapd = ldaptest.Start(t)
		env = append(env, "YAGURA_DIRECTORIES_LDAP="+slapd.File("unit: works\nguard_percent: 100\n"))
	}
	cfg, mistakes := config.Load("", env)
	for _, m := range mistakes {
		t.Fatal(m)
	}
	a, err := Open(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError})), Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.FirstLink(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := &leaver{T: t, a: a, ctx: t.Context(), slapd: slapd}
	l.change(func(tx *store.Tx) error {
		return a.Org.Seed(tx, authz.System("test"), org.Founding{Units: []org.Unit{{ID: "works", Kind: org.Plant, Name: "Works", Parent: firstUnit, Region: firstWorld}}})
	})
	if err := a.DB.View(l.ctx, func(tx *store.Tx) (err error) { l.admin, err = a.Dir.ActorOf(tx, firstAdmin); return err }); err != nil {
		t.Fatal(err)
	}
	people := 0
	for path, leave := range leaving {
		t.Run(path, func(t *testing.T) {
			if slapd == nil && strings.HasPrefix(path, "LDAP") {
				t.Skip("slapd is not installed: no test with a real directory")
			}
			one := *l
			people++
			one.T, one.person = t, fmt.Sprintf("person-%d", people)
			one.hire()
			one.holds(true)
			leave.out(&one)
			one.holds(false)
			leave.back(&one)
			one.holds(false)
			if _, err := one.enter(); err != nil {
				t.Errorf("is back, but can't sign in anew: %v", err)
			}
		})
	}
}

// leaver is one person with everything that lets him in.
type leaver struct {
	*testing.T
	a     *App
	ctx   context.Context
	admin authz.Actor

	person, session, token, link string
	access, renew                string // of an application that may act beyond the session
	directory                    string // secret of one that keeps the person
	slapd                        *ldaptest.Server
}

func (l *leaver) change(do func(tx *store.Tx) error) {
	l.Helper()
	if err := l.a.DB.Change(l.ctx, do); err != nil {
		l.Fatalf("%v %v", err, fault.FieldsOf(err))
	}
}

func (l *leaver) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *leaver) makeLink() string {
	l.Helper()
	secret, _, err := l.a.Identity.LinkFor(l.ctx, l.admin, l.person)
	l.must(err)
	return secret
}

func (l *leaver) enter() (string, error) {
	return l.a.Identity.Follow(l.ctx, l.makeLink(), identity.Device{})
}

// hire brings the person with a session, a token and a link not yet used.
func (l *leaver) hire() {
	l.must(l.a.Org.AddPerson(l.ctx, l.admin, org.Person{ID: l.person, Name: "Person " + l.person, Email: l.person + "@example.com", Unit: "works", Lang: text.EN}))
	l.change(func(tx *store.Tx) error {
		return authz.Found(tx, authz.System("test"), authz.Grant{Person: l.person, Role: authz.Handler, Tree: authz.Own, Unit: "works", Until: tx.Now.AddDate(0, 1, 0)})
	})
	var err error
	l.session, err = l.enter()
	l.must(err)
	var me authz.Actor
	l.must(l.a.DB.View(l.ctx, func(tx *store.Tx) (err error) { me, err = l.a.Dir.ActorOf(tx, l.person); return err }))
	l.token, err = l.a.Identity.MakeToken(l.ctx, me, "script", []authz.Act{org.Read}, l.a.DB.Now().AddDate(0, 1, 0))
	l.must(err)
	l.link = l.makeLink()
	l.access, l.renew = l.application()
}

// application gives one the person's leave to act for him for a month.
func (l *leaver) application() (access, renew string) {
	l.Helper()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	c, err := l.a.Identity.FindClient(l.ctx, "calendar")
	if fault.Is(err, fault.KindNotFound) {
		_, err = l.a.Identity.AddClient(l.ctx, l.admin, identity.Client{ID: "calendar", Name: "Calendar", Unit: "works", Kind: identity.NativeClient, Redirects: []string{"https://calendar.example/back"}, Refresh: identity.RefreshOffline})
		l.must(err)
		c, err = l.a.Identity.FindClient(l.ctx, "calendar")
	}
	l.must(err)
	here, err := l.a.Identity.Here(l.ctx, l.session)
	l.must(err)
	code, err := l.a.Identity.Code(c, here, identity.Wish{Redirect: c.Redirects[0], Challenge: challenge, Scopes: []string{"openid", identity.ScopeOffline}}, identity.Device{})
	l.must(err)
	out, err := l.a.Identity.Redeem(l.ctx, c, code, c.Redirects[0], verifier)
	l.must(err)
	return out.Access, out.Refresh
}

// holds tells whether all that let the person in still does, or nothing.
func (l *leaver) holds(all bool) {
	l.Helper()
	if _, err := l.a.Identity.Who(l.ctx, l.session); all != (err == nil) || !all && !fault.Is(err, fault.KindUnauthenticated) {
		l.Errorf("session: %v", err)
	}
	r := httptest.NewRequest("GET", "/api/v1/units", nil)
	r.Header.Set("Authorization", "Bearer "+l.token)
	if _, err := l.a.Identity.Authenticate(r); all != (err == nil) || !all && !fault.Is(err, fault.KindUnauthenticated) {
		l.Errorf("token: %v", err)
	}
	if _, _, live, err := l.a.Identity.Access(l.ctx, l.access); err != nil || live != all {
		l.Errorf("access of an application: %v %v", live, err)
	}
	if !all {
		c, err := l.a.Identity.FindClient(l.ctx, "calendar")
		l.must(err)
		if _, err := l.a.Identity.Refresh(l.ctx, c, l.renew, nil); !errors.Is(err, identity.ErrGrant) {
			l.Errorf("an application renewed: %v", err)
		}
	}
	if _, err := l.a.Identity.Look(l.ctx, l.link); all != (err == nil) || !all && !fault.Is(err, fault.KindNotFound) {
		l.Errorf("link: %v", err)
	}
}

// scim sends a request of a directory, which is connected for it.
func (l *leaver) scim(leaving identity.Leaving, method, path, body string) {
	l.Helper()
	if l.directory == "" {
		_, secret, err := l.a.Identity.Connect(l.ctx, l.admin, identity.Directory{Name: "HR", Unit: "works", Leaving: leaving, Until: l.a.DB.Now().AddDate(0, 6, 0)})
		l.must(err)
		l.directory = secret
	}
	r := httptest.NewRequest(method, "/scim/v2/Users"+path, bytes.NewReader([]byte(body)))
	r.Header.Set("Authorization", "Bearer "+l.directory)
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	l.a.Handler().ServeHTTP(w, r)
	if w.Code/100 != 2 {
		l.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

func (l *leaver) put(active bool) string {
	return fmt.Sprintf(`{"userName":"%s@example.com","displayName":"Person","active":%v}`, l.person, active)
}

func (l *leaver) csv(left string) {
	l.Helper()
	key, err := l.a.Org.Check(l.ctx, l.admin, org.PeopleFile, []byte("id,left\n"+l.person+","+left+"\n"))
	l.must(err)
	l.must(l.a.Org.Apply(l.ctx, l.admin, key))
}

// ldap changes the entry of the person and asks the directory.
func (l *leaver) ldap(change func(uid string)) {
	l.Helper()
	change(l.person)
	if _, err := l.a.Identity.Sync(l.ctx, "works", false); err != nil {
		l.Fatal(err)
	}
}

// press sends the form of a person's page.
func (l *leaver) press(form string) {
	l.Helper()
	v := visit.In("http://yagura.localhost:8420", l.a.Handler())
	var link string
	l.change(func(tx *store.Tx) error {
		secret, err := identity.MakeLink(tx, authz.System("test"), firstAdmin, identity.Persona, tx.Now.AddDate(0, 0, 1))
		link = l.a.Identity.LinkURL(secret)
		return err
	})
	l.must(v.Enter(link))
	p, err := v.Get("/org/people/" + l.person)
	l.must(err)
	f, ok := p.Form(form)
	if !ok {
		l.Fatalf("the page has no form %s: %s", form, p.Text())
	}
	if p, err = v.Submit(f, nil); err != nil || p.Status != http.StatusOK {
		l.Fatal(err, p.Status, p.Text())
	}
}

const patchActive = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":%s}]}`

var leaving = map[string]struct{ out, back func(l *leaver) }{
	"SCIM PUT": {
		func(l *leaver) { l.scim(identity.Leave, "PUT", "/"+l.person, l.put(false)) },
		func(l *leaver) { l.scim(identity.Leave, "PUT", "/"+l.person, l.put(true)) }},
	"SCIM PATCH": {
		func(l *leaver) { l.scim(identity.Leave, "PATCH", "/"+l.person, fmt.Sprintf(patchActive, `"False"`)) },
		func(l *leaver) { l.scim(identity.Leave, "PATCH", "/"+l.person, fmt.Sprintf(patchActive, "true")) }},
	"SCIM DELETE, leaves": {
		func(l *leaver) { l.scim(identity.Leave, "DELETE", "/"+l.person, "") },
		func(l *leaver) { l.scim(identity.Leave, "POST", "", l.put(true)) }},
	"SCIM DELETE, is disabled": {
		func(l *leaver) { l.scim(identity.Disable, "DELETE", "/"+l.person, "") },
		func(l *leaver) { l.scim(identity.Disable, "POST", "", l.put(true)) }},
	"LDAP, is disabled": {
		func(l *leaver) {
			l.ldap(func(uid string) { l.slapd.Person(uid, "Person") })
			l.holds(true)
			l.ldap(func(uid string) { l.slapd.Set(uid, "shadowExpire", "1") })
		},
		func(l *leaver) { l.ldap(func(uid string) { l.slapd.Set(uid, "shadowExpire") }) }},
	"LDAP, is deleted": {
		func(l *leaver) {
			l.ldap(func(uid string) { l.slapd.Person(uid, "Person") })
			l.holds(true)
			l.must(l.a.DB.Operate(l.ctx, func(tx *store.Tx) error { // it is time to compare all
				_, err := tx.Exec("UPDATE identity_directory SET compared = 0")
				return err
			}))
			l.ldap(l.slapd.Delete)
		},
		func(l *leaver) { l.ldap(func(uid string) { l.slapd.Person(uid, "Person") }) }},
	"CSV": {
		func(l *leaver) { l.csv("yes") },
		func(l *leaver) { l.csv("no") }},
	"page": {
		func(l *leaver) { l.press("/org/people/" + l.person + "/leave") },
		func(l *leaver) { l.press("/org/people/" + l.person + "/return") }},
}
