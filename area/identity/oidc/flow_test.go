package oidc_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"yagura/area/identity"
	"yagura/area/identity/oidc/check"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// browser is a browser of somebody, which is signed in when asked.
type browser struct {
	w      *world
	person string
	http   *http.Client
	asked  int
}

func (w *world) browser(person string) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{w: w, person: person, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// open follows redirects, signing in where asked, until it leaves the provider.
func (b *browser) open(address string) (*url.URL, int) {
	b.w.t.Helper()
	for range 12 {
		resp, err := b.http.Get(address)
		if err != nil {
			b.w.t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		here := resp.Request.URL
		if resp.StatusCode/100 != 3 {
			if here.Path != "/sign-in" || b.person == "" || b.asked > 50 {
				return here, resp.StatusCode
			}
			b.asked++
			next, err := b.w.signIn(b.person)(context.Background(), b.http, here)
			if err != nil {
				b.w.t.Fatal(err)
			}
			to, _ := here.Parse(next)
			address = to.String()
			continue
		}
		to, err := resp.Location()
		if err != nil {
			b.w.t.Fatal(err)
		}
		if !strings.HasPrefix(to.String(), b.w.issuer) {
			return to, resp.StatusCode
		}
		address = to.String()
	}
	b.w.t.Fatal("in circles")
	return nil, 0
}

// relying is an application by coreos/go-oidc and golang.org/x/oauth2.
type relying struct {
	w        *world
	provider *goidc.Provider
	config   oauth2.Config
	verifier *goidc.IDTokenVerifier
}

func (w *world) relying(c check.Client, scopes ...string) relying {
	w.t.Helper()
	p, err := goidc.NewProvider(context.Background(), w.issuer)
	if err != nil {
		w.t.Fatal(err)
	}
	return relying{w, p, oauth2.Config{ClientID: c.ID, ClientSecret: c.Secret, RedirectURL: c.Redirect, Endpoint: p.Endpoint(), Scopes: append([]string{"openid"}, scopes...)},
		p.Verifier(&goidc.Config{ClientID: c.ID, SupportedSigningAlgs: []string{"ES256", "RS256"}, Now: w.clock.Now})}
}

// signIn is the whole flow; options are added to the authorization request.
func (r relying) signIn(b *browser, options ...oauth2.AuthCodeOption) (*oauth2.Token, *goidc.IDToken, error) {
	verifier := oauth2.GenerateVerifier()
	to, _ := b.open(r.config.AuthCodeURL("state", append(options, oauth2.S256ChallengeOption(verifier), goidc.Nonce("n"))...))
	if to.Query().Get("code") == "" {
		return nil, nil, fmt.Errorf("no code: %s", to)
	}
	token, err := r.config.Exchange(context.Background(), to.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := r.verifier.Verify(context.Background(), raw)
	if err == nil {
		err = id.VerifyAccessToken(token.AccessToken)
	}
	return token, id, err
}

func (w *world) post(path string, basic [2]string, form url.Values) (int, map[string]any) {
	w.t.Helper()
	req, _ := http.NewRequest("POST", w.issuer+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic[0] != "" {
		req.SetBasicAuth(basic[0], basic[1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var said map[string]any
	json.NewDecoder(resp.Body).Decode(&said)
	return resp.StatusCode, said
}

func (w *world) active(c check.Client, token string) bool {
	w.t.Helper()
	_, said := w.post("/oauth2/introspect", [2]string{c.ID, c.Secret}, url.Values{"token": {token}})
	return said["active"] == true
}

// TestClientOfOthers has coreos/go-oidc sign people in: both algorithms, both
// forms of access tokens, both kinds of sub.
func TestClientOfOthers(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		subs := map[string]bool{}
		for _, c := range []check.Client{w.app, w.other} {
			r := w.relying(c, "profile", "email", "groups")
			b := w.browser("keller")
			token, id, err := r.signIn(b)
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			subs[id.Subject] = true
			if id.Nonce != "n" || c.ID == "app" && id.Subject != "keller" || c.ID == "other" && strings.Contains(id.Subject, "keller") {
				t.Errorf("%s: sub %q, nonce %q", c.ID, id.Subject, id.Nonce)
			}
			info, err := r.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
			if err != nil {
				t.Fatal(err)
			}
			var claims struct {
				Name   string
				Groups []string
			}
			info.Claims(&claims)
			if info.Subject != id.Subject || info.Email != "keller@example.com" || claims.Name != "Anna Keller" || (len(claims.Groups) > 0) != (c.ID == "app") {
				t.Errorf("%s: userinfo %+v %+v", c.ID, info, claims)
			}
			if (strings.Count(token.AccessToken, ".") == 2) != (c.ID == "other") {
				t.Errorf("%s: the access token is %q", c.ID, token.AccessToken)
			}
			if !w.active(c, token.AccessToken) || !w.active(c, token.RefreshToken) {
				t.Errorf("%s: a fresh token is not active", c.ID)
			}
			clk.Set(clk.Now().Add(identity.AccessFor + time.Second))
			if w.active(c, token.AccessToken) {
				t.Errorf("%s: an access token outlived its time", c.ID)
			}
			renewed, err := r.config.TokenSource(context.Background(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			if err != nil || !w.active(c, renewed.AccessToken) {
				t.Errorf("%s: refresh: %v", c.ID, err)
			}
		}
		if len(subs) != 2 {
			t.Errorf("both applications know the person by %v", subs)
		}
	})
}

// TestLockedOut ends what a person has, and asks each token at once.
func TestLockedOut(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		r := w.relying(w.app)
		far := w.relying(w.other, "offline_access")
		sign := func() []*oauth2.Token {
			b := w.browser("keller")
			one, _, err := r.signIn(b)
			if err != nil {
				t.Fatal(err)
			}
			two, _, err := far.signIn(b)
			if err != nil {
				t.Fatal(err)
			}
			return []*oauth2.Token{one, two}
		}
		dead := func(t *testing.T, c check.Client, token *oauth2.Token) {
			t.Helper()
			if w.active(c, token.AccessToken) || w.active(c, token.RefreshToken) {
				t.Errorf("%s: a token still counts", c.ID)
			}
			if code, _ := w.post("/oauth2/token", [2]string{c.ID, c.Secret}, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}); code != 400 {
				t.Errorf("%s: refresh answers %d", c.ID, code)
			}
		}
		tokens := sign()
		sessions, err := w.s.Sessions(ctx, w.admin, "keller", "")
		if err != nil || len(sessions) != 1 {
			t.Fatal(sessions, err)
		}
		if err := w.s.EndSession(ctx, w.admin, "keller", sessions[0].ID); err != nil {
			t.Fatal(err)
		}
		dead(t, w.app, tokens[0])
		if !w.active(w.other, tokens[1].AccessToken) {
			t.Error("offline access ended with the session")
		}
		if err := w.s.EndAll(ctx, w.admin, "keller"); err != nil {
			t.Fatal(err)
		}
		dead(t, w.other, tokens[1])

		tokens = sign()
		w.change(func(tx *store.Tx) error {
			_, err := w.s.Close(tx, w.admin, "keller", identity.Standing{State: identity.Contained, Reason: "test"})
			return err
		})
		dead(t, w.app, tokens[0])
		dead(t, w.other, tokens[1])
		w.change(func(tx *store.Tx) error { return w.s.Open(tx, w.admin, "keller", identity.Contained) })
		dead(t, w.app, tokens[0])
		dead(t, w.other, tokens[1])

		tokens = sign()
		if err := w.s.RemoveClient(ctx, w.admin, "other"); err != nil {
			t.Fatal(err)
		}
		if list, err := w.s.Grants(ctx, w.admin, "keller"); err != nil || len(list) != 1 || list[0].Client != "app" {
			t.Errorf("grants: %v, %v", list, err)
		}
		if err := w.s.EndGrants(ctx, w.admin, "keller", "app"); err != nil {
			t.Fatal(err)
		}
		dead(t, w.app, tokens[0])
	})
}

// TestStepUp signs in weakly, then opens an application that wants more.
func TestStepUp(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		strict := w.add(identity.Client{ID: "strict", Kind: identity.WebClient, Redirects: []string{"https://strict.example/cb"}, MinLevel: identity.PhishingResistant})
		b := w.browser("keller")
		home, _ := url.Parse(w.issuer)
		b.http.Jar.SetCookies(home, []*http.Cookie{{Name: "yagura", Value: w.weak("keller"), Path: "/"}})
		_, weak, err := w.relying(w.app).signIn(b)
		if err != nil {
			t.Fatal(err)
		}
		var before, after struct{ Acr, Sid string }
		weak.Claims(&before)
		if before.Acr != "aal1" || b.asked != 0 {
			t.Errorf("acr %q, asked %d times", before.Acr, b.asked)
		}
		_, strong, err := w.relying(strict).signIn(b)
		if err != nil {
			t.Fatal(err)
		}
		strong.Claims(&after)
		if after.Acr != "phr" || b.asked != 1 || after.Sid != before.Sid {
			t.Errorf("after the step: %+v, before %+v, asked %d times", after, before, b.asked)
		}
		// Silently the application gets no less.
		quiet := w.browser("")
		quiet.http.Jar.SetCookies(home, []*http.Cookie{{Name: "yagura", Value: w.weak("keller"), Path: "/"}})
		silent := w.relying(strict)
		to, _ := quiet.open(silent.config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "none")))
		if to.Query().Get("error") != "login_required" {
			t.Errorf("a weak session got %s", to)
		}
		// max_age: an older sign-in is asked for again.
		clk.Set(clk.Now().Add(10 * time.Minute))
		_, id, err := w.relying(strict).signIn(b, oauth2.SetAuthURLParam("max_age", "300"))
		if err != nil || b.asked != 2 {
			t.Fatalf("asked %d times, %v", b.asked, err)
		}
		var at struct {
			AuthTime int64 `json:"auth_time"`
		}
		id.Claims(&at)
		if clk.Now().Unix()-at.AuthTime > 5 {
			t.Errorf("auth_time lies %d s back", clk.Now().Unix()-at.AuthTime)
		}
	})
}

// TestStorm exchanges each code by sixteen requests at once.
func TestStorm(t *testing.T) {
	rounds := 20
	if os.Getenv("YAGURA_SOAK") == "1" {
		rounds = 200
	}
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		target := w.target()
		if err := check.Storm(context.Background(), target, rounds, 16); err != nil {
			t.Error(err)
		}
		var replays int
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM identity_event WHERE kind = 'code-replayed' AND person = 'keller'").Scan(&replays)
		}); err != nil {
			t.Fatal(err)
		}
		if replays != rounds*15 {
			t.Errorf("%d replays were noted, %d happened", replays, rounds*15)
		}
	})
}

// TestRotation turns the keys while people sign in: nothing fails to verify.
func TestRotation(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		if err := w.s.RotateKey(ctx, w.admin, "ES256"); err == nil {
			t.Error("a key took over that was published a moment ago")
		}
		r := w.relying(w.app)
		_, old, err := r.signIn(w.browser("keller"))
		if err != nil || old == nil {
			t.Fatal(err)
		}
		var signed, turned atomic.Int64
		var wg sync.WaitGroup
		var hour sync.RWMutex // time passes between sign-ins: a code lives for a minute
		stop := make(chan struct{})
		for range 4 {
			wg.Go(func() {
				b := w.browser("keller")
				for {
					select {
					case <-stop:
						return
					default:
					}
					hour.RLock()
					_, _, err := r.signIn(b)
					hour.RUnlock()
					if err != nil {
						t.Error(err)
						return
					}
					signed.Add(1)
				}
			})
		}
		for range 3 {
			before := signed.Load()
			for signed.Load() < before+8 && !t.Failed() {
				time.Sleep(time.Millisecond)
			}
			hour.Lock()
			clk.Set(clk.Now().Add(61 * time.Minute))
			hour.Unlock()
			for _, a := range identity.Algorithms {
				if err := w.s.RotateKey(ctx, w.admin, string(a)); err != nil {
					t.Error(err)
				}
				turned.Add(1)
			}
		}
		close(stop)
		wg.Wait()
		keys, err := w.s.SigningKeys(ctx, w.admin)
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]int{}
		for _, k := range keys {
			states[k.State]++
		}
		if states[identity.KeyActive] != 2 || states[identity.KeyNext] != 2 || states[identity.KeyRetiring] != 6 {
			t.Errorf("the keys are %v", states)
		}
		clk.Set(clk.Now().Add(8 * 24 * time.Hour))
		if err := w.s.KeepKeys(ctx); err != nil {
			t.Fatal(err)
		}
		if keys, _ = w.s.SigningKeys(ctx, w.admin); len(keys) != 4 {
			t.Errorf("%d keys are left", len(keys))
		}
		t.Logf("%d sign-ins while keys turned %d times", signed.Load(), turned.Load())
	})
}

// application receives logout tokens.
type application struct {
	*httptest.Server
	mu     sync.Mutex
	tokens []string
	answer int
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens = append(a.tokens, r.PostFormValue("logout_token"))
	w.WriteHeader(a.answer)
}

// TestFarewell has applications told of the end of sessions: one message for
// each session, at once, again where it failed, and with what became of it.
func TestFarewell(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		app := &application{answer: http.StatusServiceUnavailable}
		app.Server = httptest.NewServer(app)
		defer app.Close()
		told := w.add(identity.Client{ID: "told", Kind: identity.WebClient, Redirects: []string{"https://told.example/cb"}, LogoutURI: app.URL + "/logout"})
		r := w.relying(told)
		sids := map[string]bool{}
		for range 2 {
			b := w.browser("keller")
			for range 2 { // twice in one session is one session
				_, id, err := r.signIn(b)
				if err != nil {
					t.Fatal(err)
				}
				var c struct{ Sid string }
				id.Claims(&c)
				sids[c.Sid] = true
			}
		}
		if len(sids) != 2 {
			t.Fatalf("sids %v", sids)
		}
		if err := w.s.EndAll(ctx, w.admin, "keller"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		list, err := w.s.Logouts(ctx, w.admin, "told")
		if err != nil || len(list) != 2 || !list[0].Done.IsZero() || list[0].Status != 503 || list[0].Problem == "" {
			t.Fatalf("after a refusal: %+v, %v", list, err)
		}
		app.mu.Lock()
		app.answer = http.StatusOK
		app.tokens = nil
		app.mu.Unlock()
		clk.Set(clk.Now().Add(10 * time.Second))
		if _, err := w.queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		set, err := w.s.KeySet(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range app.tokens {
			parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				jwt.Claims
				Sid    string         `json:"sid"`
				Nonce  string         `json:"nonce"`
				Events map[string]any `json:"events"`
			}
			if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &c); err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Events["http://schemas.openid.net/event/backchannel-logout"]; !ok || c.Nonce != "" || c.Issuer != w.issuer || !sids[c.Sid] || c.Subject != "keller" || c.ID == "" || !c.Audience.Contains("told") {
				t.Errorf("the logout token says %+v", c)
			}
			delete(sids, c.Sid)
		}
		if len(sids) != 0 {
			t.Errorf("not told of %v", sids)
		}
		if list, err = w.s.Logouts(ctx, w.admin, "told"); err != nil || list[0].Done.IsZero() || list[0].Status != 200 || list[0].Millis < 10000 || list[0].Attempts != 2 {
			t.Errorf("in the end: %+v, %v", list, err)
		}
	})
}

// TestDevice lets a device in that has no browser.
func TestDevice(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		w.add(identity.Client{ID: "panel", Kind: identity.NativeClient, Devices: true, Scopes: []string{"profile"}, MinLevel: identity.PhishingResistant})
		begin := func() (device, user string) {
			code, said := w.post("/oauth2/device", [2]string{}, url.Values{"client_id": {"panel"}, "scope": {"openid profile"}})
			if code != 200 || said["verification_uri"] != w.issuer+"/device" {
				t.Fatalf("%d %v", code, said)
			}
			return said["device_code"].(string), said["user_code"].(string)
		}
		poll := func(device string) (int, map[string]any) {
			return w.post("/oauth2/token", [2]string{}, url.Values{"client_id": {"panel"}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device}})
		}
		says := func(device, want string) {
			t.Helper()
			if code, said := poll(device); code != 400 || said["error"] != want {
				t.Errorf("answered %d %v, wanted %s", code, said["error"], want)
			}
		}
		device, user := begin()
		says(device, "authorization_pending")
		says(device, "slow_down")
		weak := w.weak("keller")
		if r, err := w.s.LookAtDevice(ctx, weak, strings.ToLower(user)); err != nil || r.Client.ID != "panel" || !r.Weak {
			t.Errorf("%+v, %v", r, err)
		}
		if err := w.s.DecideDevice(ctx, weak, user, true); err == nil {
			t.Error("a weak session let a device in")
		}
		b := w.browser("keller")
		if _, _, err := w.relying(w.app).signIn(b); err != nil {
			t.Fatal(err)
		}
		secret := w.secretOf(b)
		if err := w.s.DecideDevice(ctx, secret, user, true); err != nil {
			t.Fatal(err)
		}
		clk.Set(clk.Now().Add(time.Minute))
		code, said := poll(device)
		if code != 200 || said["access_token"] == nil || said["id_token"] == nil {
			t.Fatalf("%d %v", code, said)
		}
		says(device, "invalid_grant")
		device, user = begin()
		if err := w.s.DecideDevice(ctx, secret, user, false); err != nil {
			t.Fatal(err)
		}
		says(device, "access_denied")
		device, _ = begin()
		clk.Set(clk.Now().Add(11 * time.Minute))
		says(device, "expired_token")
		clk.Set(clk.Now().Add(11 * time.Minute))
		_, user = begin()
		other, err := identity.New(db, authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts)), identity.Options{PublicURL: w.issuer, Idle: time.Hour, Session: 8 * time.Hour, Key: bytes.Repeat([]byte{7}, 32)})
		if err != nil {
			t.Fatal(err)
		}
		consoles := []*identity.Service{w.s, other}
		for i := range 4 {
			if _, err := consoles[i%2].LookAtDevice(ctx, secret, "BBBB-BBBB"); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("wrong code %d: %v", i, err)
			}
		}
		if _, err := other.LookAtDevice(ctx, secret, user); err != nil {
			t.Errorf("four wrong codes shut out: %v", err)
		}
		if err := w.s.DecideDevice(ctx, secret, "CCCC-CCCC", true); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("the fifth: %v", err)
		}
		for i, console := range consoles {
			if _, err := console.LookAtDevice(ctx, secret, user); !fault.Is(err, fault.KindTooBusy) {
				t.Errorf("codes can be guessed without end at console %d: %v", i, err)
			}
			if err := console.DecideDevice(ctx, secret, user, true); !fault.Is(err, fault.KindTooBusy) {
				t.Errorf("a code counts at console %d after five wrong ones: %v", i, err)
			}
		}
		if _, err := w.s.LookAtDevice(ctx, weak, user); !fault.Is(err, fault.KindTooBusy) {
			t.Errorf("another session of the same person guesses on: %v", err)
		}
		clk.Set(clk.Now().Add(9*time.Minute + 59*time.Second))
		if _, err := other.LookAtDevice(ctx, secret, user); !fault.Is(err, fault.KindTooBusy) {
			t.Errorf("before ten minutes are over: %v", err)
		}
		clk.Set(clk.Now().Add(time.Second))
		_, user = begin()
		if _, err := other.LookAtDevice(ctx, secret, user); err != nil {
			t.Errorf("after ten minutes: %v", err)
		}
		// Of many at once no more than five are looked at.
		clk.Set(clk.Now().Add(10 * time.Minute))
		var looked atomic.Int32
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if _, err := consoles[i%2].LookAtDevice(ctx, secret, "DDDD-DDDD"); fault.Is(err, fault.KindNotFound) {
					looked.Add(1)
				}
			})
		}
		all.Wait()
		if looked.Load() != 5 {
			t.Errorf("%d of 16 wrong codes at once were looked at", looked.Load())
		}
	})
}

// TestServices has programs act for themselves and show who they are by a key.
func TestServices(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		key, set := keyPair(t)
		w.add(identity.Client{ID: "robot", Kind: identity.ServiceClient, Auth: identity.AuthKey, Keys: set})
		service := w.add(identity.Client{ID: "api", Kind: identity.ServiceClient})
		assert := func(change map[string]any) (int, map[string]any) {
			claims := map[string]any{"iss": "robot", "sub": "robot", "aud": w.issuer, "exp": clk.Now().Add(time.Minute).Unix(), "jti": "j1"}
			for k, v := range change {
				claims[k] = v
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := json.Marshal(claims)
			signed, _ := signer.Sign(raw)
			token, _ := signed.CompactSerialize()
			return w.post("/oauth2/token", [2]string{}, url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {token}})
		}
		code, said := assert(nil)
		if code != 200 {
			t.Fatalf("%d %v", code, said)
		}
		if !w.active(service, said["access_token"].(string)) || said["refresh_token"] != nil || said["id_token"] != nil {
			t.Errorf("a service got %v", said)
		}
		for name, change := range map[string]map[string]any{
			"the same again": nil, "for somebody else": {"aud": "https://elsewhere.example", "jti": "j2"}, "expired": {"exp": clk.Now().Add(-time.Hour).Unix(), "jti": "j3"},
			"without an id": {"jti": ""}, "of another": {"iss": "api", "sub": "api", "jti": "j4"}, "far ahead": {"exp": clk.Now().Add(time.Hour).Unix(), "jti": "j5"}, "for several": {"aud": []string{w.issuer, "x"}, "jti": "j6"},
		} {
			if code, said := assert(change); code != 401 || said["error"] != "invalid_client" {
				t.Errorf("%s: %d %v", name, code, said)
			}
		}
		if code, said := w.post("/oauth2/token", [2]string{"app", w.app.Secret}, url.Values{"grant_type": {"client_credentials"}}); code != 400 || said["error"] != "unauthorized_client" {
			t.Errorf("a web application got %d %v", code, said)
		}
		// An application that speaks SAML, which shows nothing of who it is, gets nothing here.
		w.add(identity.Client{ID: "old", Kind: identity.SAMLClient, SAML: &identity.SAML{Entity: "https://old.example", Consumers: []identity.Consumer{{Location: "https://old.example/acs"}}}})
		for _, grant := range []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"} {
			if code, said := w.post("/oauth2/token", [2]string{}, url.Values{"grant_type": {grant}, "client_id": {"old"}, "code": {"x"}, "refresh_token": {"x"}, "device_code": {"x"}, "redirect_uri": {"https://old.example/acs"}, "code_verifier": {strings.Repeat("v", 43)}}); code/100 != 4 || said["access_token"] != nil {
				t.Errorf("a SAML application got %d %v for %s", code, said, grant)
			}
		}
		if code, said := w.post("/oauth2/device", [2]string{}, url.Values{"client_id": {"old"}, "scope": {"openid"}}); code/100 != 4 {
			t.Errorf("a SAML application got a code for a device: %d %v", code, said)
		}
		if at, code := w.browser("keller").open(w.issuer + "/oauth2/authorize?" + url.Values{"client_id": {"old"}, "redirect_uri": {"https://old.example/acs"}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"}}.Encode()); code != http.StatusUnprocessableEntity || at.Host == "old.example" {
			t.Errorf("a SAML application was led to %s: %d", at, code)
		}
		for range 70 {
			code, _ = w.post("/oauth2/token", [2]string{"app", "wrong"}, url.Values{"grant_type": {"client_credentials"}})
		}
		if code != http.StatusTooManyRequests {
			t.Errorf("guesses of a secret are answered %d", code)
		}
	})
}

func keyPair(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return key, string(raw)
}
