// Package check asks an OpenID Provider, over HTTP alone, whether it does what
// applications rely on: the checks of a basic provider and what attacks would
// try. It knows nothing of the provider but its issuer, so it checks any.
package check

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Client is an application that is registered at the provider for the checks:
// confidential, with refresh tokens and the scopes profile and email.
type Client struct {
	ID       string
	Secret   string
	Redirect string
	Leave    string // post_logout_redirect_uri
}

// Target is the provider and what the checks need there.
type Target struct {
	Issuer string
	Client Client
	Other  Client            // another one, for what must not be mixed up
	HTTP   http.RoundTripper // nil: the usual one
	// SignIn signs somebody in with the browser, which stands at a page of the
	// provider, and returns where the page would lead on.
	SignIn func(ctx context.Context, b *http.Client, page *url.URL) (next string, err error)
	// Passkey opens the provider's sign-in page; nil: attacks on it are left out.
	Passkey *Passkey
	// Gate and OtherGate are addresses of two applications behind proxies; the
	// person may enter the first. Empty: attacks on them are left out.
	Gate, OtherGate string
	// Now is the time of the provider.
	Now func() time.Time
	// Rounds is how often one code is exchanged by many at once; 0: three times.
	Rounds int
}

// Check is one thing that is asked.
type Check struct {
	Name   string
	Clause string // of the document that demands it
	Do     func(context.Context, *Bench) error
}

// Result is what became of a check or an attack. An error of an attack says that
// it was accepted, or that it could not be made.
type Result struct {
	Check
	Attack bool
	Err    error
}

// Run runs all checks and attacks one after another.
func Run(ctx context.Context, t Target) (list []Result) {
	try := func(checks []Check, attack bool) {
		for _, c := range checks {
			b, err := newBench(ctx, t)
			if err == nil {
				err = c.Do(ctx, b)
			}
			if !errors.Is(err, errLeftOut) {
				list = append(list, Result{c, attack, err})
			}
		}
	}
	try(Checks(), false)
	try(Attacks(), true)
	return list
}

// errLeftOut is of what can't be tried with what there is.
var errLeftOut = errors.New("left out")

// Reach tells whether there is a provider at all.
func Reach(ctx context.Context, t Target) error {
	b, err := newBench(ctx, t)
	if err == nil && b.at("issuer") != t.Issuer {
		err = fmt.Errorf("%s is no OpenID Provider of this name", t.Issuer)
	}
	return err
}

// Bench is what one check works with: a browser that has been nowhere yet.
type Bench struct {
	Target
	browser *http.Client
	found   map[string]any // discovery
}

func newBench(ctx context.Context, t Target) (*Bench, error) {
	b := &Bench{Target: t}
	b.forget()
	a, err := b.get(ctx, t.Issuer+"/.well-known/openid-configuration", "")
	if err != nil {
		return nil, err
	}
	b.found = a.json
	return b, nil
}

// forget gives the bench a new browser.
func (b *Bench) forget() {
	jar, _ := cookiejar.New(nil) // never fails without options
	b.browser = &http.Client{Jar: jar, Transport: b.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (b *Bench) at(name string) string {
	s, _ := b.found[name].(string)
	return s
}

// said is an answer.
type said struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

func (a said) text(name string) string { s, _ := a.json[name].(string); return s }

// is tells whether it is an error of RFC 6749 §5.2.
func (a said) is(status int, code string) error {
	if a.status != status || a.text("error") != code {
		return fmt.Errorf("answered %d %s, wanted %d %s", a.status, brief(a.body), status, code)
	}
	return nil
}

func brief(b []byte) string {
	if len(b) > 200 {
		b = b[:200]
	}
	return string(b)
}

func (b *Bench) do(req *http.Request) (a said, err error) {
	client := &http.Client{Transport: b.HTTP, CheckRedirect: b.browser.CheckRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		return a, err
	}
	json.Unmarshal(a.body, &a.json)
	return a, nil
}

func (b *Bench) get(ctx context.Context, address, bearer string) (said, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return said{}, err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return b.do(req)
}

// post sends a form as a client; without a secret only its name goes along.
func (b *Bench) post(ctx context.Context, address string, c Client, form url.Values) (said, error) {
	if c.Secret == "" && c.ID != "" {
		form.Set("client_id", c.ID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return said{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.Secret != "" {
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	}
	return b.do(req)
}

// flow is one authorization request and what came of it.
type flow struct {
	client          Client
	state, nonce    string
	verifier        string
	query           url.Values
	signIns         int  // how often the person was asked
	stayed          bool // the provider kept the browser: an error page
	status          int
	header          http.Header
	back            url.Values
	access, refresh string
	id              map[string]any
	raw             string // the ID token
	answered        said   // by the token endpoint
	landed          string
	refuse          bool // to sign in
}

func word() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ask is an authorization request as it ought to be.
func (b *Bench) ask() *flow {
	f := &flow{client: b.Client, state: word(), nonce: word(), verifier: word()}
	sum := sha256.Sum256([]byte(f.verifier))
	f.query = url.Values{"client_id": {f.client.ID}, "redirect_uri": {f.client.Redirect}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {f.state}, "nonce": {f.nonce}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	return f
}

func (f *flow) with(pairs ...string) *flow {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			f.query.Del(pairs[i])
		} else {
			f.query.Set(pairs[i], pairs[i+1])
		}
	}
	return f
}

var errLost = errors.New("the provider led the browser elsewhere")

// authorize leads the browser through the request until it comes back to the
// application or stays at a page.
func (b *Bench) authorize(ctx context.Context, f *flow) error {
	return b.lead(ctx, f, b.at("authorization_endpoint")+"?"+f.query.Encode())
}

func (b *Bench) lead(ctx context.Context, f *flow, address string) error {
	home, err := url.Parse(b.Issuer)
	if err != nil {
		return err
	}
	for range 12 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := b.browser.Do(req)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		f.status, f.header = resp.StatusCode, resp.Header
		if resp.StatusCode/100 != 3 {
			if resp.StatusCode == http.StatusOK && b.SignIn != nil && !f.refuse && f.signIns < 3 {
				f.signIns++
				next, err := b.SignIn(ctx, b.browser, req.URL)
				if err != nil {
					return fmt.Errorf("sign-in: %w", err)
				}
				to, err := req.URL.Parse(next)
				if err != nil {
					return err
				}
				address = to.String()
				continue
			}
			f.stayed = true
			return nil
		}
		to, err := resp.Location()
		if err != nil {
			return err
		}
		if to.Host != home.Host || strings.HasPrefix(to.String(), f.client.Redirect) {
			f.landed = to.String()
			f.back = to.Query()
			if !strings.HasPrefix(f.landed, f.client.Redirect) {
				return fmt.Errorf("%w: %s", errLost, to.Host)
			}
			return nil
		}
		address = to.String()
	}
	return errors.New("the provider leads the browser in circles")
}

// code is the code that the browser brought back.
func (f *flow) code() (string, error) {
	if f.back.Get("code") == "" {
		return "", fmt.Errorf("no code came back: %s (status %d, stayed %t)", f.back.Encode(), f.status, f.stayed)
	}
	return f.back.Get("code"), nil
}

// exchange exchanges the code; change may alter the request.
func (b *Bench) exchange(ctx context.Context, f *flow, c Client, change ...string) (said, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {f.back.Get("code")}, "redirect_uri": {f.client.Redirect}, "code_verifier": {f.verifier}}
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == "" {
			form.Del(change[i])
		} else {
			form.Set(change[i], change[i+1])
		}
	}
	return b.post(ctx, b.at("token_endpoint"), c, form)
}

// signIn goes through the whole flow and verifies what came of it.
func (b *Bench) signIn(ctx context.Context, f *flow) error {
	if err := b.authorize(ctx, f); err != nil {
		return err
	}
	if _, err := f.code(); err != nil {
		return err
	}
	a, err := b.exchange(ctx, f, f.client)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("the token endpoint answered %d %s", a.status, brief(a.body))
	}
	return b.take(ctx, f, a)
}

func (b *Bench) take(ctx context.Context, f *flow, a said) (err error) {
	f.answered, f.access, f.refresh, f.raw = a, a.text("access_token"), a.text("refresh_token"), a.text("id_token")
	f.id, err = b.verify(ctx, f.raw)
	return err
}

// verify verifies an ID token by the provider's keys.
func (b *Bench) verify(ctx context.Context, token string) (map[string]any, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	a, err := b.get(ctx, b.at("jwks_uri"), "")
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(a.body, &set); err != nil {
		return nil, err
	}
	keys := set.Key(parsed.Headers[0].KeyID)
	if len(keys) != 1 {
		return nil, fmt.Errorf("the key %q of the ID token is not published once", parsed.Headers[0].KeyID)
	}
	var claims map[string]any
	if err := parsed.Claims(keys[0].Key, &claims); err != nil {
		return nil, err
	}
	return claims, nil
}

func (b *Bench) now() time.Time { return b.Now() }

// dead tells that neither userinfo nor introspection takes an access token.
func (b *Bench) dead(ctx context.Context, access string) error {
	a, err := b.get(ctx, b.at("userinfo_endpoint"), access)
	if err != nil {
		return err
	}
	if a.status != http.StatusUnauthorized {
		return fmt.Errorf("userinfo still answers %d", a.status)
	}
	a, err = b.post(ctx, b.at("introspection_endpoint"), b.Client, url.Values{"token": {access}})
	if err != nil {
		return err
	}
	if active, _ := a.json["active"].(bool); active || a.status != http.StatusOK {
		return fmt.Errorf("introspection still answers %d %s", a.status, brief(a.body))
	}
	return nil
}
