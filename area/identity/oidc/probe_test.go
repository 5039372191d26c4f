package oidc_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// honest is an application that keeps sessions of its own, and says what is so:
// what it does with a sign-out is up to each.
type honest struct {
	mu      sync.Mutex
	logout  func(sid string) int // what it answers, after what it did
	silent  bool                 // its probe is not there
	live    map[string]bool
	probes  []string
	logouts int
}

func (a *honest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	read := func(field string) (sid string) {
		token, err := jwt.ParseSigned(r.PostFormValue(field), []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			return ""
		}
		var c struct {
			Sid string `json:"sid"` // the library minds capitals
		}
		token.UnsafeClaimsWithoutVerification(&c)
		return c.Sid
	}
	switch {
	case r.URL.Path == "/logout":
		a.logouts++
		w.WriteHeader(a.logout(read("logout_token")))
	case a.silent:
		http.NotFound(w, r)
	default:
		a.probes = append(a.probes, r.PostFormValue("probe_token"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"active": %v}`, a.live[read("probe_token")])
	}
}

// TestProven: a 200 to a sign-out proves nothing; the probe does.
func TestProven(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		drops := func(a *honest) func(string) int {
			return func(sid string) int { delete(a.live, sid); return 200 }
		}
		apps := map[string]*honest{}
		for name, set := range map[string]func(*honest){
			"drops":  func(a *honest) { a.logout = drops(a) },
			"keeps":  func(a *honest) { a.logout = func(string) int { return 200 } },
			"silent": func(a *honest) { a.logout, a.silent = drops(a), true },
			"mute":   func(a *honest) { a.logout = drops(a) },
			"no":     func(a *honest) { a.logout = func(string) int { return 400 } },
		} {
			a := &honest{live: map[string]bool{}}
			set(a)
			apps[name] = a
			server := httptest.NewServer(a)
			t.Cleanup(server.Close)
			c := identity.Client{ID: name, Kind: identity.WebClient, Redirects: []string{"https://" + name + ".example/cb"}, LogoutURI: server.URL + "/logout", ProbeURI: server.URL + "/probe"}
			if name == "mute" {
				c.ProbeURI = ""
			}
			known, b := w.add(c), w.browser("keller")
			_, id, err := w.relying(known).signIn(b)
			if err != nil {
				t.Fatal(err)
			}
			var claims struct{ Sid string }
			id.Claims(&claims)
			a.live[claims.Sid] = true
		}
		token, _, err := w.relying(w.app).signIn(w.browser("keller"))
		if err != nil {
			t.Fatal(err)
		}
		by := authz.System("test")
		c, err := w.s.Contain(ctx, by, identity.Order{Person: "keller", Reason: "phished", Incident: "INC-1"})
		if err != nil {
			t.Fatal(err)
		}
		clk.Advance(300 * time.Millisecond)
		for range 8 { // with all that is tried again
			if _, err := w.queue.Drain(ctx); err != nil {
				t.Fatal(err)
			}
			clk.Advance(5 * time.Minute)
		}
		check := func(want map[string]string) {
			t.Helper()
			d, err := w.s.Containment(ctx, by, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range d.Targets {
				if x.Kind != identity.ApplicationTarget {
					continue
				}
				if got := fmt.Sprintf("%s %s %d", x.Result, x.Detail, x.Status); got != want[x.Name] || x.Open {
					t.Errorf("%s: %s (open %v), want %s", x.Name, got, x.Open, want[x.Name])
				}
				if x.Name == "drops" && (x.Millis < 300 || x.Millis > 60_000) {
					t.Errorf("%s after %d ms", x.Name, x.Millis)
				}
				delete(want, x.Name)
			}
			if len(want) > 0 {
				t.Errorf("no target: %v", want)
			}
		}
		check(map[string]string{"drops": "confirmed probed 200", "keeps": "unconfirmed still-in 200", "silent": "unconfirmed probe-silent 404",
			"mute": "unconfirmed answered 200", "no": "refused  400", "app": "unconfirmed untold 0"})

		// The pages of the applications say the same, and what was proved is counted.
		admin := authz.System("test")
		for name, want := range map[string]identity.Detail{"drops": identity.ProbedOut, "keeps": identity.StillIn, "silent": identity.ProbeSilent, "mute": identity.NoDetail, "no": identity.NoDetail} {
			list, err := w.s.Logouts(ctx, admin, name)
			if err != nil || len(list) != 1 || list[0].Proof != want || list[0].IsProved() != (name == "drops") || (list[0].Proved > 0) != (name == "drops") {
				t.Errorf("%s: %+v %v", name, list, err)
			}
		}
		proven, err := w.s.Proofs(ctx, "drops", "keeps", "mute", "app")
		if err != nil || proven["keeps"] != (identity.Proven{Asked: 1}) || proven["mute"] != (identity.Proven{Asked: 1}) || proven["app"].Asked != 0 {
			t.Errorf("%+v %v", proven, err)
		}
		if p := proven["drops"]; p.Asked != 1 || p.Proved != 1 || p.P50 < 300 || p.P95 != p.P50 {
			t.Errorf("%+v", p)
		}

		// The probe's token is signed like a logout token and can't be taken for one.
		set, err := w.s.KeySet(ctx)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jwt.ParseSigned(apps["drops"].probes[0], []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			jwt.Claims
			Sid    string         `json:"sid"`
			Events map[string]any `json:"events"`
		}
		if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &said); err != nil {
			t.Fatal(err)
		}
		if _, ok := said.Events[oidc.ProbeEvent]; !ok || len(said.Events) != 1 || parsed.Headers[0].ExtraHeaders["typ"] != "probe+jwt" || !said.Audience.Contains("drops") || said.Subject != "keller" || said.Sid == "" || said.Issuer != w.issuer {
			t.Errorf("the probe token says %+v, %v", said, parsed.Headers[0])
		}
		if n := len(apps["drops"].probes); n != 1 {
			t.Errorf("asked %d times though it was over", n)
		}
		if n := len(apps["keeps"].probes); n != 6 {
			t.Errorf("asked %d times whether it is over", n)
		}

		// An application that still uses a dead token has not let go.
		if w.active(w.app, token.AccessToken) {
			t.Error("the access token counts")
		}
		d, err := w.s.Containment(ctx, by, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range d.Targets {
			if want := map[string]int64{"app": 1}[x.Name]; x.Attempts != want {
				t.Errorf("%s: %d attempts", x.Name, x.Attempts)
			}
		}
		if err := w.s.Release(ctx, by, c.ID, "done"); err != nil {
			t.Fatal(err)
		}
		if w.active(w.app, token.AccessToken) || w.active(w.app, token.RefreshToken) {
			t.Error("the release brought a token back")
		}
	})
}
