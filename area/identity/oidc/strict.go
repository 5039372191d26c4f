package oidc

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/identity"
)

// strict stands before the library, which takes parameters from the address as
// well, takes the last of several, answers every method, and names no scheme
// with a refusal.
func (p *Provider) strict(path string, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		if !slices.Contains(methods, r.Method) {
			h.Set("Allow", strings.Join(methods, ", "))
			refuse(w, http.StatusMethodNotAllowed, "invalid_request", "this address takes "+strings.Join(methods, " and "))
			return
		}
		from := identity.DeviceOf(r).Network
		if wait := p.pace.Wait(from, p.now()); wait > 0 {
			h.Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			refuse(w, http.StatusTooManyRequests, "temporarily_unavailable", "too many refused requests from this address")
			return
		}
		if problem := readBody(w, r); problem != "" {
			refuse(w, http.StatusBadRequest, "invalid_request", problem)
			return
		}
		scheme := `Basic realm="yagura"`
		if path == userinfoPath {
			scheme = bearerScheme(r)
		}
		if name, secret, ok := r.BasicAuth(); ok {
			_, err1 := url.QueryUnescape(name)
			_, err2 := url.QueryUnescape(secret)
			if err1 != nil || err2 != nil {
				h.Set("WWW-Authenticate", scheme)
				refuse(w, http.StatusUnauthorized, "invalid_client", "the Authorization header can't be read")
				return
			}
		}
		if path == introspectPath && !authenticates(r) {
			h.Set("WWW-Authenticate", scheme)
			refuse(w, http.StatusUnauthorized, "invalid_client", "the client must show who it is")
			return
		}
		seen := &scheming{ResponseWriter: w, scheme: scheme}
		if path == devicePath { // what is written before anybody has signed in is counted whatever the answer
			p.pace.Count(from, p.now())
		}
		p.serve(seen, r.WithContext(context.WithValue(r.Context(), networkKey{}, from)))
		if seen.status == http.StatusUnauthorized && path != userinfoPath { // a token can't be guessed
			p.pace.Count(from, p.now())
		}
	})
}

// bearerScheme says why a token was refused, where there was one (RFC 6750 §3).
func bearerScheme(r *http.Request) string {
	kind, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(kind, "Bearer") || r.PostForm.Get("access_token") != "" {
		return `Bearer realm="yagura", error="invalid_token", error_description="the access token is not valid, or no longer"`
	}
	return `Bearer realm="yagura"`
}

// authenticates tells whether a request tries to show who sends it.
func authenticates(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.PostForm.Get("client_secret") != "" || r.PostForm.Get("client_assertion") != ""
}

// networkKey is where a request keeps its network, which the library leaves out.
type networkKey struct{}

// readBody reads the form of a request and says what is wrong with it.
func readBody(w http.ResponseWriter, r *http.Request) string {
	if r.URL.RawQuery != "" {
		return "parameters belong into the body"
	}
	if r.Method != http.MethodPost {
		return ""
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		if r.ContentLength == 0 {
			return ""
		}
		return "the body must be application/x-www-form-urlencoded"
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return "the body can't be read"
	}
	if name := repeated(r.PostForm); name != "" {
		return "a parameter is repeated"
	}
	return ""
}

// repeated is a parameter that stands more than once (RFC 6749 §3.1).
func repeated(q url.Values) string {
	for name, values := range q {
		if len(values) > 1 {
			return name
		}
	}
	return ""
}

// scheming says with a refusal how to authenticate (RFC 9110 §11.6.1).
type scheming struct {
	http.ResponseWriter
	scheme string
	status int
}

func (w *scheming) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		if status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
			w.Header().Set("WWW-Authenticate", w.scheme)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}

// public is what every origin may read and keep for a while: it holds no secret
// and depends on nobody.
func public(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Content-Type-Options", "nosniff")
		switch r.Method {
		case http.MethodOptions:
			h.Set("Access-Control-Allow-Methods", "GET")
			w.WriteHeader(http.StatusNoContent)
		case http.MethodGet, http.MethodHead:
			h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(identity.KeysFor/time.Second)))
			r.URL.RawQuery = ""
			next.ServeHTTP(w, r)
		default:
			h.Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "invalid_request", "this address takes GET")
		}
	})
}
