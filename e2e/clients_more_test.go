package e2e

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"yagura/area/identity"
	"yagura/e2e/visit"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// login is what somebody signs in with where no passkey can be used.
type login struct {
	name, password string
	seed           []byte // of the authenticator app
	step           int64  // the latest that was used
}

// code is the next code that counts: RFC 6238 with SHA-1, 6 digits, 30 s. Each
// counts once, so that the third within 30 s waits.
func (l *login) code() string {
	for l.step = max(l.step+1, time.Now().Unix()/30-1); l.step > time.Now().Unix()/30+1; {
		time.Sleep(200 * time.Millisecond)
	}
	mac := hmac.New(sha1.New, l.seed)
	binary.Write(mac, binary.BigEndian, l.step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff%1_000_000)
}

// byPassword lets the group sign in by password and code, gives "hana" both, and
// sets up a gate that asks by RADIUS and an application for which that is enough.
func (st *street) byPassword(t testing.TB, f furnished, back string) {
	t.Helper()
	a, ctx, system := f.open(t), t.Context(), authz.System("setup")
	defer a.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var hana authz.Actor
	must(a.DB.View(ctx, func(tx *store.Tx) (err error) {
		hana, err = a.Dir.ActorOf(tx, "hana")
		return err
	}))
	draft, err := a.Identity.DraftPolicy(ctx, system, "group", "passwords: yes\ntotp: yes\n", "Old networks")
	must(err)
	must(a.Identity.ApprovePolicy(ctx, hana, draft))
	st.login = &login{name: "hana", password: "seven quiet herons at dusk"}
	must(a.Identity.SetPassword(ctx, hana, st.login.password))
	app, err := a.Identity.BeginApp(ctx, hana)
	must(err)
	st.login.seed, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(app.Secret)
	must(err)
	must(a.Identity.FinishApp(ctx, hana, app.Sealed, st.login.code()))
	st.shared, err = a.Identity.SaveNAS(ctx, system, identity.NAS{Name: "VPN", Unit: "works", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, false)
	must(err)
	st.portal, err = a.Identity.AddClient(ctx, system, identity.Client{ID: "portal", Name: "Portal", Unit: "works", Kind: identity.WebClient, Redirects: []string{back}, MinLevel: identity.TwoFactors})
	must(err)
}

// radius asks as the manual's gate does: the password, then the code.
func (st *street) radius(t *testing.T) {
	client(t, "freeradius-utils", "/usr/bin/radclient")
	names := []string{"SECRET", st.shared, "LOGIN", st.login.name, "PASSWORD", st.login.password}
	out, _ := st.try(t, "radius-password.sh", names...) // radclient fails unless it is let in at once
	state := regexp.MustCompile(`(?s)Access-Challenge.*State = (0x[0-9a-f]+)`).FindStringSubmatch(out)
	if state == nil {
		t.Fatalf("no challenge: %s", out)
	}
	if out := st.shell(t, "radius-code.sh", append(names, "CODE", st.login.code(), "STATE", state[1])...); !strings.Contains(out, "Received Access-Accept") {
		t.Errorf("not accepted: %s", out)
	}
	// The gate reports that the session begins, and that it is over.
	db := st.open(t)
	defer db.Close()
	for i, script := range []string{"radius-start.sh", "radius-stop.sh"} {
		if out := st.shell(t, script, names...); !strings.Contains(out, "Received Accounting-Response") {
			t.Errorf("not acknowledged: %s", out)
		}
		var live int
		if err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_stay WHERE ended = 0 AND person = $1 AND address = '10.1.2.3'", st.login.name).Scan(&live)
		}); err != nil || live != 1-i {
			t.Errorf("%d sessions after %s: %v", live, script, err)
		}
	}
}

// device signs a command-line tool in from a browser.
func (st *street) device(t *testing.T) {
	person, _ := st.send(t, "POST", "/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "tool@works.example", "displayName": "Tom Tool", "active": true})["id"].(string)
	h := st.enrol(t, person)
	h.visit(st.apps[0].url)
	kit := exec.CommandContext(t.Context(), st.compiled(t, "kit.go"))
	kit.Env, kit.SysProcAttr = environment(), dieWithUs()
	said, err := kit.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	kit.Stdout = &out
	if err := kit.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	ask := regexp.MustCompile(`Open (\S+) and compare the code (\S+)`).FindStringSubmatch(line)
	if ask == nil {
		t.Fatalf("kit says %q: %v", line, err)
	}
	h.open(ask[1])
	if !strings.Contains(h.text(), ask[2]) {
		t.Errorf("the page does not show the code %s: %s", ask[2], h.text())
	}
	h.leaving(func() { h.click("button[value=allow]") })
	if err := kit.Wait(); err != nil || strings.TrimSpace(out.String()) != person+" Tom Tool" {
		t.Errorf("kit says %q: %v", out.String(), err)
	}
}

// click presses something by the mouse's ways.
func (w *window) click(selector string) {
	w.t.Helper()
	ask[bool](w, fmt.Sprintf("document.querySelector(%q).click(), true", selector))
}

// password signs in by password and code, and ends at the application: no
// browser follows a form there on its own (Content-Security-Policy, form-action).
func (st *street) password(t *testing.T) {
	w := browse(t)
	portal := oauth2.Config{ClientID: "portal", ClientSecret: st.portal, RedirectURL: st.back, Scopes: []string{"openid"}, Endpoint: oauth2.Endpoint{AuthURL: st.s.url + "/oauth2/authorize", TokenURL: st.s.url + "/oauth2/token"}}
	verifier := oauth2.GenerateVerifier()
	w.open(portal.AuthCodeURL("begun", oauth2.S256ChallengeOption(verifier)))
	w.leaving(func() { w.click("a[href^='/sign-in/other']") })
	fill := func(values ...string) {
		for i := 0; i < len(values); i += 2 {
			ask[bool](w, fmt.Sprintf("document.querySelector('input[name=%s]').value = %q, true", values[i], values[i+1]))
		}
	}
	fill("account", st.login.name, "password", st.login.password)
	w.leaving(func() { w.click("form[action^='/sign-in/password'] button") })
	fill("code", st.login.code())
	w.click("form[action^='/sign-in/code'] button")
	w.until("the application", fmt.Sprintf("location.href.startsWith(%q)", st.back))
	w.quiet("signing in by password and code")
	q, err := url.Parse(w.address())
	if err != nil || q.Query().Get("state") != "begun" {
		t.Fatalf("the browser is at %s", w.address())
	}
	token, err := portal.Exchange(t.Context(), q.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil || token.Extra("id_token") == nil {
		t.Errorf("no tokens: %v", err)
	}
}

// old adds and removes passkeys in a session that is an hour old: the person
// signs in again first, and is back where he was.
func (st *street) old(t *testing.T) {
	person, _ := st.send(t, "POST", "/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "old@works.example", "displayName": "Olga Old", "active": true})["id"].(string)
	h := st.enrol(t, person)
	h.visit(st.apps[0].url)
	db := st.open(t)
	defer db.Close()
	stale := func() {
		if err := db.Operate(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_session SET proved = proved - 3600000 WHERE person = $1", person)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.open(st.s.url + "/settings")
		if !strings.Contains(h.text(), "You signed in some time ago") {
			t.Error("the page does not say that the sign-in is old")
		}
	}
	// The sign-in page offers the passkey by itself, and it is touched at once.
	again := func(press string) {
		t.Helper()
		h.touch(true)
		ask[bool](h.window, "window.stillHere = true")
		h.click(press)
		h.until("the settings after another sign-in", "!window.stillHere && location.pathname === '/settings' && location.hash === '#passkeys' && document.readyState === 'complete'")
		h.touch(false)
		if strings.Contains(h.text(), "some time ago") {
			t.Error("the page does not know of the fresh sign-in")
		}
	}
	stale()
	again("[data-passkey=create] button")
	stale()
	h.click("form[action='/settings/passkeys/remove'] button")
	h.until("the question", "document.querySelector('dialog[open]')")
	again("dialog[open] button[data-yes]")
	h.quiet("changing passkeys in an old session")
}

// rotate changes keys again and again while people sign in.
func (st *street) rotate(t *testing.T) {
	person, _ := st.send(t, "POST", "/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "busy@works.example", "displayName": "Bea Busy", "active": true})["id"].(string)
	h := st.enrol(t, person)
	h.visit(st.apps[0].url)
	here, err := url.Parse(st.s.url)
	if err != nil {
		t.Fatal(err)
	}
	var session []*http.Cookie
	for _, c := range command(h.window, network.GetCookies, network.GetCookiesParams{URLs: []string{st.s.url}}).Cookies {
		if strings.HasPrefix(c.Name, "yagura") {
			session = append(session, &http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	// browser is another one in which the person is signed in at Yagura alone.
	browser := func(follow bool) *http.Client {
		jar, _ := cookiejar.New(nil)
		jar.SetCookies(here, session)
		b := &http.Client{Jar: jar, Timeout: 20 * time.Second}
		if !follow {
			b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		}
		return b
	}
	provider, err := oidc.NewProvider(t.Context(), st.s.url)
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: "portal"})
	portal := oauth2.Config{ClientID: "portal", ClientSecret: st.portal, RedirectURL: st.back, Scopes: []string{"openid"}, Endpoint: provider.Endpoint()}
	library := func() (kid string, err error) {
		secret := oauth2.GenerateVerifier()
		res, err := browser(false).Get(portal.AuthCodeURL("s", oauth2.S256ChallengeOption(secret)))
		if err != nil {
			return "", err
		}
		res.Body.Close()
		to, err := res.Location()
		if err != nil {
			return "", err
		}
		token, err := portal.Exchange(t.Context(), to.Query().Get("code"), oauth2.VerifierOption(secret))
		if err != nil {
			return "", err
		}
		raw, _ := token.Extra("id_token").(string)
		_, err = verifier.Verify(t.Context(), raw)
		head, _, _ := strings.Cut(raw, ".")
		return head, err
	}
	module := func() (string, error) {
		req, err := http.NewRequest("GET", st.apps[0].url, nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("Accept", "text/html") // the module sends nobody else to sign-in
		res, err := browser(true).Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusOK || !strings.Contains(string(body), person) {
			return "", fmt.Errorf("orders answers %d at %s: %.200s", res.StatusCode, res.Request.URL, body)
		}
		return "", nil
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	var counts [2]atomic.Int64
	kids := sync.Map{}
	for i, once := range []func() (string, error){library, module} {
		wg.Go(func() {
			for ctx.Err() == nil {
				kid, err := once()
				if err != nil {
					t.Errorf("%s: %v", []string{"go-oidc", "mod_auth_openidc"}[i], err)
					return
				}
				if kid != "" {
					kids.Store(kid, true)
				}
				counts[i].Add(1)
			}
		})
	}
	// progress waits until both have signed in so often more.
	progress := func(more int64) {
		from := [2]int64{counts[0].Load(), counts[1].Load()}
		for deadline := time.Now().Add(30 * time.Second); counts[0].Load() < from[0]+more || counts[1].Load() < from[1]+more; time.Sleep(5 * time.Millisecond) {
			if t.Failed() || time.Now().After(deadline) {
				t.Errorf("no progress: %d and %d sign-ins", counts[0].Load(), counts[1].Load())
				return
			}
		}
	}
	link, said, code := run(t, time.Minute, st.s.env, "access", "-data", st.data, "hana")
	if code != 0 {
		t.Fatal(said)
	}
	hana := visit.To(st.s.url)
	if err := hana.Enter(strings.TrimSpace(link)); err != nil {
		t.Fatal(err)
	}
	db := st.open(t)
	defer db.Close()
	const turns = 3
	for range turns {
		progress(4)
		// The next key has been published for long enough.
		if err := db.Operate(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_key SET made = made - 7200000 WHERE state = 'next'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if p, err := hana.Post("/identity/keys/rotate", url.Values{"algorithm": {"ES256"}}); err != nil || p.Status != http.StatusOK {
			t.Fatalf("not rotated: %v %v", err, p)
		}
	}
	progress(4)
	stop()
	wg.Wait()
	keys := 0
	kids.Range(func(any, any) bool { keys++; return true })
	if keys != turns+1 {
		t.Errorf("tokens were signed by %d keys, not by %d", keys, turns+1)
	}
	t.Logf("%d sign-ins by go-oidc and %d by mod_auth_openidc over %d rotations, all verified", counts[0].Load(), counts[1].Load(), turns)
}
