package oidc_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"yagura/area/identity"
	"yagura/area/identity/oidc/check"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestChecks asks the provider everything that package check knows to ask.
func TestChecks(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		w := found(t, db, clk)
		target, attacks := w.target(), 0
		target.Passkey = w.software("keller")
		target.Gate, target.OtherGate = w.fronted("open", identity.SingleFactor), w.fronted("vault", identity.HardwareBound)
		results := check.Run(context.Background(), target)
		for _, r := range results {
			if r.Err != nil {
				t.Errorf("%s (%s): %v", r.Name, r.Clause, r.Err)
			}
			if r.Attack {
				attacks++
			}
		}
		if checks := len(results) - attacks; checks < 35 || attacks < 45 {
			t.Errorf("only %d checks and %d attacks", checks, attacks)
		}
		t.Logf("%d checks, %d attacks", len(results)-attacks, attacks)
	})
}

// fronted is an application behind a proxy that asks as Caddy does: with all that
// the browser sent, and its own word on top.
func (w *world) fronted(app string, level identity.Level) string {
	w.t.Helper()
	yagura, err := url.Parse(w.issuer)
	if err != nil {
		w.t.Fatal(err)
	}
	var host string
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		own := &httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(yagura.JoinPath("/auth/check/" + app))
				p.Out.Method, p.Out.URL.Path, p.Out.Body, p.Out.ContentLength = http.MethodGet, "/auth/check/"+app, nil, 0
				p.Out.Header = p.In.Header.Clone()
				p.Out.Header.Del("Connection")
				for name, value := range map[string]string{"X-Forwarded-Host": host, "X-Forwarded-Uri": p.In.URL.RequestURI(), "X-Forwarded-Method": p.In.Method, "X-Forwarded-For": "198.51.100.7"} {
					p.Out.Header.Set(name, value)
				}
			},
		}
		answer := httptest.NewRecorder()
		own.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			for name, values := range answer.Header() {
				rw.Header()[name] = values
			}
			rw.WriteHeader(answer.Code)
			rw.Write(answer.Body.Bytes())
			return
		}
		io.WriteString(rw, "inside as "+answer.Header().Get("Remote-User"))
	}))
	w.t.Cleanup(front.Close)
	host = strings.Replace(strings.TrimPrefix(front.URL, "http://"), "127.0.0.1", "localhost", 1)
	w.add(identity.Client{ID: app, Kind: identity.GateClient, Host: host, MinLevel: level})
	return "http://" + host + "/"
}
