package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdGate stands a proxy before the application "shop", which speaks no protocol
// of sign-in, as docs/applications.md shows for Caddy: every request is asked
// about first. Its host is $GATE.
func cmdGate(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	s := on(ts)
	host := ""
	ask := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.server.url+"/auth/check/shop", nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		from, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		q.Header = r.Header.Clone()
		for name, value := range map[string]string{"X-Forwarded-Host": host, "X-Forwarded-Uri": r.URL.RequestURI(), "X-Forwarded-Method": r.Method, "X-Forwarded-For": from} {
			q.Header.Set(name, value)
		}
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
	host = strings.Replace(strings.TrimPrefix(gate.URL, "http://"), "127.0.0.1", "localhost", 1)
	ts.Setenv("GATE", host)
}
