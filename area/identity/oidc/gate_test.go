package oidc_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// proxy asks about requests to one application, with the cookies of one browser.
type proxy struct {
	w       *world
	app     string
	host    string
	cookies map[string]string
}

func (w *world) proxy(app, host string) *proxy { return &proxy{w, app, host, map[string]string{}} }

// ask asks at an address of Yagura; header changes what a proxy that is set up
// well says, and "-" takes it away.
func (p *proxy) ask(path, uri string, header ...string) *http.Response {
	p.w.t.Helper()
	req, err := http.NewRequest("GET", p.w.issuer+path, nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	for i, all := 0, append([]string{"X-Forwarded-Host", p.host, "X-Forwarded-Uri", uri, "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Method", "GET"}, header...); i < len(all); i += 2 {
		switch name, add := strings.CutPrefix(all[i], "+"); {
		case add:
			req.Header.Add(name, all[i+1])
		case all[i+1] == "-":
			req.Header.Del(name)
		default:
			req.Header.Set(name, all[i+1])
		}
	}
	for name, value := range p.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.w.t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		p.cookies[c.Name] = c.Value
	}
	return resp
}

func (p *proxy) check(uri string, header ...string) *http.Response {
	p.w.t.Helper()
	return p.ask("/auth/check/"+p.app, uri, header...)
}

// enter signs the person of a browser in, until the gate has its cookie.
func (p *proxy) enter(b *browser, uri string) *http.Response {
	p.w.t.Helper()
	resp := p.check(uri)
	start, err := resp.Location()
	if err != nil {
		p.w.t.Fatalf("%s: answered %d: %v", p.app, resp.StatusCode, err)
	}
	authorize, err := p.check(start.RequestURI()).Location()
	if err != nil {
		p.w.t.Fatal(err)
	}
	back, _ := b.open(authorize.String())
	if back.Host != p.host || back.Query().Get("code") == "" {
		p.w.t.Fatalf("%s: came back to %s", p.app, back)
	}
	return p.check(back.RequestURI())
}

// TestGate has a proxy ask for every request of an application that speaks no
// OpenID Connect.
func TestGate(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w, ctx := found(t, db, clk), context.Background()
		w.add(identity.Client{ID: "wiki", Kind: identity.GateClient, Host: "wiki.example", MinLevel: identity.PhishingResistant})
		wiki := w.proxy("wiki", "wiki.example")
		if resp := wiki.ask("/auth/status/wiki", "/page"); resp.StatusCode != 401 || !strings.HasPrefix(resp.Header.Get("Location"), "http://wiki.example/.yagura/start?to=%2Fpage") {
			t.Errorf("NGINX is answered %d, %s", resp.StatusCode, resp.Header.Get("Location"))
		}
		if resp := wiki.check("/data", "Sec-Fetch-Mode", "cors"); resp.StatusCode != 401 {
			t.Errorf("a script is answered %d", resp.StatusCode)
		}
		resp := wiki.check("/page?a=b")
		start, _ := resp.Location()
		if resp.StatusCode != 302 || start.Host != "wiki.example" {
			t.Fatalf("answered %d, %s", resp.StatusCode, start)
		}
		authorize, _ := wiki.ask("/auth/gate/wiki/start?"+start.RawQuery, "", "X-Forwarded-Uri", "-").Location() // as NGINX hands it on
		b := w.browser("keller")
		back, _ := b.open(authorize.String())
		if back.Host != "wiki.example" || back.Query().Get("code") == "" {
			t.Fatalf("came back to %s", back)
		}
		stopped := func(why string, resp *http.Response, words string) {
			t.Helper()
			page, err := resp.Location()
			if err != nil || resp.StatusCode != 302 || !strings.HasPrefix(page.String(), w.issuer+oidc.StoppedPath) {
				t.Errorf("%s: answered %d, %s", why, resp.StatusCode, page)
				return
			}
			req, _ := http.NewRequest("GET", page.String(), nil)
			if said := w.p.Stopped(req); said.Client != "The wiki" || said.Back != "http://wiki.example/" || !strings.Contains(said.Why.In(text.EN), words) {
				t.Errorf("%s: the page says %+v", why, said)
			}
		}
		stolen := wiki.cookies["yagura-approach"]
		wiki.cookies["yagura-approach"] = "x"
		stopped("another browser", wiki.check(back.RequestURI()), "another browser")
		wiki.cookies["yagura-approach"] = stolen
		resp = wiki.check(back.RequestURI())
		if resp.StatusCode != 302 || resp.Header.Get("Location") != "http://wiki.example/page?a=b" {
			t.Fatalf("the way back: %d %s", resp.StatusCode, resp.Header.Get("Location"))
		}
		wiki.cookies["yagura-approach"] = stolen
		stopped("the code again", wiki.check(back.RequestURI()), "used already")
		wiki.enter(b, "/page") // that ended what the code gave
		resp = wiki.check("/page")
		if resp.StatusCode != 200 || resp.Header.Get("Remote-User") != "keller" || resp.Header.Get("Remote-Email") != "keller@example.com" || resp.Header.Get("Remote-Groups") == "" || resp.Header.Get("Remote-Level") != "phr" {
			t.Errorf("inside: %d %v", resp.StatusCode, resp.Header)
		}
		for _, to := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example`, "/.yagura/start"} {
			resp := wiki.check("/.yagura/start?to=" + url.QueryEscape(to))
			authorize, _ := resp.Location()
			back, _ := b.open(authorize.String())
			if resp = wiki.check(back.RequestURI()); resp.Header.Get("Location") != "http://wiki.example/" {
				t.Errorf("%s leads to %s", to, resp.Header.Get("Location"))
			}
		}
		// A sign-in that must be stronger from there begins as such.
		resp = wiki.check("/.yagura/start?to=/&level=phrh")
		if to, _ := resp.Location(); to.Query().Get("acr_values") != "phrh" {
			t.Errorf("a stronger sign-in begins at %s", to)
		}
		if err := w.s.EndAll(ctx, w.admin, "keller"); err != nil {
			t.Fatal(err)
		}
		if resp := wiki.check("/page"); resp.StatusCode != 302 {
			t.Errorf("who is locked out is answered %d", resp.StatusCode)
		}
	})
}

// TestGateIsNamedByItsProxy goes with the passage of one application to the
// gate of another, and says whatever a browser could to be taken for a visitor
// of the first.
func TestGateIsNamedByItsProxy(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		w.add(identity.Client{ID: "open", Kind: identity.GateClient, Host: "open.example", MinLevel: identity.SingleFactor})
		w.add(identity.Client{ID: "vault", Kind: identity.GateClient, Host: "vault.example:8443", MinLevel: identity.HardwareBound})
		open, vault := w.proxy("open", "open.example"), w.proxy("vault", "vault.example:8443")
		open.enter(w.browser("keller"), "/")
		if resp := open.check("/"); resp.StatusCode != 200 {
			t.Fatalf("at its own gate: %d", resp.StatusCode)
		}
		vault.cookies = open.cookies
		if resp := vault.check("/"); resp.StatusCode != 302 || resp.Header.Get("Remote-User") != "" {
			t.Errorf("the passage of another application: %d %v", resp.StatusCode, resp.Header)
		}
		for _, header := range [][]string{
			{"X-Original-URL", "http://open.example/"},
			{"X-Original-URL", "//open.example/"},
			{"X-Original-URL", "/page"},
			{"X-Original-URL", "http://[/"},
			{"X-Forwarded-Host", "open.example"},
			{"X-Forwarded-Host", "-"},
			{"X-Forwarded-Host", ""},
			{"X-Forwarded-Host", "vault.example:8443, open.example"},
			{"X-Forwarded-Host", "vault.example"},
			{"X-Forwarded-Host", "vault.example:443"},
			{"X-Forwarded-Host", "vault.example:8443@open.example"},
			{"+X-Forwarded-Host", "open.example"},
			{"+X-Forwarded-Host", "vault.example:8443"},
			{"X-Forwarded-Uri", "http://open.example/"},
			{"X-Forwarded-Uri", "open.example"},
			{"X-Forwarded-For", "-"},
			{"X-Forwarded-For", "nonsense"},
		} {
			for _, path := range []string{"/auth/check/vault", "/auth/status/vault", "/auth/gate/vault/start"} {
				resp := vault.ask(path, "/", header...)
				at := resp.Header.Get("Location")
				if resp.StatusCode/100 == 2 || !strings.HasPrefix(at, w.issuer+oidc.StoppedPath) || resp.StatusCode != 403 && strings.Contains(path, "status") || resp.Header.Get("Remote-User") != "" {
					t.Errorf("%s with %q: %d %s", path, header, resp.StatusCode, at)
				}
			}
		}
		// What says the same in other words is no disagreement, and chooses nothing.
		for _, header := range [][]string{{"X-Forwarded-Host", "VAULT.example.:8443"}, {"X-Original-URL", "https://Vault.example:8443/x"}, {"Forwarded", "host=open.example"}, {"X-Forwarded-Uri", "*"},
			{"X-Forwarded-Uri", "//open.example/"}, {"X-Forwarded-Uri", "/?app=open"}, {"Upgrade", "websocket"}, {"X-Original-Method", "OPTIONS"}, {"Host", "open.example"}, {"X-Forwarded-Server", "open.example"}, {"X-Rewrite-Url", "/auth/check/open"}} {
			if resp := vault.check("/", header...); resp.StatusCode != 302 || !strings.HasPrefix(resp.Header.Get("Location"), "http://vault.example:8443/.yagura/start?") {
				t.Errorf("with %q: %d %s", header, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
		// A proxy that was set up for another application closes.
		copied := w.proxy("open", "vault.example:8443")
		copied.cookies = open.cookies
		if resp := copied.check("/"); resp.StatusCode == 200 || !strings.HasPrefix(resp.Header.Get("Location"), w.issuer+oidc.StoppedPath) {
			t.Errorf("a configuration of another application: %d", resp.StatusCode)
		}
		if said, ok := w.p.TroubleOf("open"); !ok || said.What.In(text.EN) != "The proxy asks for the host “vault.example:8443”, which is not that of the application" {
			t.Errorf("the application's page says %v", said)
		}
		// As does one that names none, or none that there is, whatever it says.
		for _, path := range []string{"/auth/check", "/auth/check?app=open", "/.yagura/start", "/.yagura/callback"} {
			resp := open.ask(path, "/", "X-Original-URL", "http://open.example/")
			if resp.StatusCode/100 == 2 || !strings.HasPrefix(resp.Header.Get("Location"), w.issuer+oidc.StoppedPath) {
				t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
		for _, path := range []string{"/auth/check/nobody", "/auth/check/app", "/auth/status/app"} {
			if resp := open.ask(path, "/"); resp.StatusCode/100 == 2 || !strings.HasPrefix(resp.Header.Get("Location"), w.issuer+oidc.StoppedPath) {
				t.Errorf("%s: %d", path, resp.StatusCode)
			}
		}
		// Nobody gets by on what the way back answers.
		for _, step := range []string{"/.yagura/", "/.yagura/sign-in", "/.yagura/../", "/.yagura/start", "/.yagura/sign-out", "/.yagura/callback"} {
			if resp := vault.check(step); resp.StatusCode/100 == 2 {
				t.Errorf("%s is answered %d", step, resp.StatusCode)
			}
		}
		// The least level counts where it is raised, and a second cookie is none.
		c, err := w.s.FindClient(context.Background(), "open")
		if err != nil {
			t.Fatal(err)
		}
		open.enter(w.browser("keller"), "/")
		open.cookies["yagura-gate2"] = "" // another cookie is none of ours
		if resp := open.check("/", "+Cookie", "yagura-gate=x"); resp.StatusCode != 302 {
			t.Errorf("two cookies: %d", resp.StatusCode)
		}
		c.MinLevel = identity.HardwareBound
		if err := w.s.ChangeClient(context.Background(), w.admin, c); err != nil {
			t.Fatal(err)
		}
		if resp := open.check("/"); resp.StatusCode != 302 {
			t.Errorf("with a least level that is raised: %d", resp.StatusCode)
		}
		for _, method := range []string{"POST", "OPTIONS", "DELETE"} {
			req, _ := http.NewRequest(method, w.issuer+"/auth/check/open", nil)
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s is answered %d", method, resp.StatusCode)
			}
		}
	})
}

// The manual shows what the page of an application shows.
func TestProxySetupsAreThoseOfTheManual(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/applications.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range []struct{ app, block string }{{"wiki", "wiki.conf"}, {"board", "board.conf"}, {"files", "files.yaml"}} {
		m := regexp.MustCompile("(?ms)^```[a-z]+ " + one.block + "\n(.*?)^```$").FindSubmatch(raw)
		want := oidc.ProxySetups("https://yagura.example", identity.Client{ID: one.app, Host: one.app + ".example"})[i]
		if m == nil || string(m[1]) != want.Text {
			t.Errorf("%s: docs/applications.md differs from what is shown for %s:\n%s", one.block, want.Name, want.Text)
		}
	}
}
