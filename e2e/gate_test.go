package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdGate stands a proxy before an application that speaks no protocol of
// sign-in, as the example for Caddy in docs/identity.md does: every request is
// asked about first. Its host is $GATE.
func cmdGate(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	s := on(ts)
	yagura, err := url.Parse(s.server.url)
	ts.Check(err)
	own := httputil.NewSingleHostReverseProxy(yagura)
	ask := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.yagura/") {
			r.Header.Set("X-Forwarded-Host", r.Host)
			own.ServeHTTP(w, r)
			return
		}
		q, err := http.NewRequestWithContext(r.Context(), http.MethodGet, yagura.String()+"/auth/check", nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		q.Header = r.Header.Clone()
		q.Header.Set("X-Forwarded-Host", r.Host)
		q.Header.Set("X-Forwarded-Uri", r.URL.RequestURI())
		q.Header.Set("X-Forwarded-Method", r.Method)
		answer, err := ask.Do(q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			for name, values := range answer.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Application</title><p>The application knows you as %s</p>", answer.Header.Get("Remote-User"))
	}))
	ts.Defer(gate.Close)
	ts.Setenv("GATE", strings.Replace(strings.TrimPrefix(gate.URL, "http://"), "127.0.0.1", "localhost", 1))
}
