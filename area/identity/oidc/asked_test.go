package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// claims is the parameter of OpenID Connect Core §5.5.
func claims(said string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam("claims", said) }

// TestAskedLevels asks for certain values of acr as a session of the strongest
// level: what is answered is among them (OpenID Connect Core §5.5.1.1).
func TestAskedLevels(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	w := found(t, db, clk)
	b := w.browser("keller")
	r := w.relying(w.app)
	if _, _, err := r.signIn(b); err != nil {
		t.Fatal(err)
	}
	level := func(l string) {
		t.Helper()
		if err := db.Operate(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_session SET level = $1 WHERE digest = $2", l, id.Digest(w.secretOf(b)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	level("phrh")
	for said, want := range map[string]string{
		`{"id_token":{"acr":{"essential":true,"values":["phr"]}}}`:                         "phr",
		`{"id_token":{"acr":{"essential":true,"value":"aal2"}}}`:                           "aal2",
		`{"id_token":{"acr":{"essential":true,"values":["urn:x","aal2","phr","aal1"]}}}`:   "phr",
		`{"id_token":{"acr":{"values":["aal1"]}}}`:                                         "aal1",
		`{"id_token":{"acr":{"essential":true}}}`:                                          "phrh",
		`{"id_token":{"acr":null}}`:                                                        "phrh",
		`{"id_token":{"acr":{"values":["urn:x"]}}}`:                                        "phrh", // no value of ours, and not essential
		`{"userinfo":{"acr":{"essential":true,"values":["phr"]}}}`:                         "phrh",
		`{"id_token":{"acr":{"essential":true,"values":["phrh","phr"]},"auth_time":null}}`: "phrh",
	} {
		token, got, err := r.signIn(b, claims(said))
		if err != nil {
			t.Errorf("%s: %v", said, err)
			continue
		}
		var is struct{ Acr string }
		if got.Claims(&is); is.Acr != want {
			t.Errorf("%s is answered %q, want %q", said, is.Acr, want)
		}
		_, renewed := w.post("/oauth2/token", [2]string{w.app.ID, w.app.Secret}, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
		raw, _ := renewed["id_token"].(string)
		if got, err = r.verifier.Verify(context.Background(), raw); err != nil {
			t.Fatal(renewed, err)
		}
		if got.Claims(&is); is.Acr != want {
			t.Errorf("%s is answered %q when renewed, want %q", said, is.Acr, want)
		}
	}
	// An essential value that the session does not meet is no matter of luck: nobody
	// is let in by it who may not sign in now.
	level("aal2")
	b.person = ""
	for said, want := range map[string]string{
		`{"id_token":{"acr":{"essential":true,"values":["phr"]}}}`:   "login_required",
		`{"id_token":{"acr":{"essential":true,"values":["urn:x"]}}}`: "unmet_authentication_requirements",
		`{"id_token":{"acr":{"essential":true,"values":[7]}}}`:       "invalid_request",
		`{"id_token":{"acr":"phr"}}`:                                 "invalid_request",
	} {
		to, _ := b.open(r.config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), claims(said), oauth2.SetAuthURLParam("prompt", "none")))
		if to.Query().Get("error") != want {
			t.Errorf("%s: %s, want %s", said, to, want)
		}
	}
}

// TestAskedPerson asks for somebody by his sub: nobody else is answered for
// (OpenID Connect Core §3.1.2.2).
func TestAskedPerson(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	w := found(t, db, clk)
	b := w.browser("keller")
	r, other := w.relying(w.app), w.relying(w.other)
	_, mine, err := r.signIn(b)
	if err != nil {
		t.Fatal(err)
	}
	_, pairwise, err := other.signIn(b)
	if err != nil || pairwise.Subject == "keller" {
		t.Fatal(pairwise, err)
	}
	raw := func(r relying) string {
		token, _, err := r.signIn(b)
		if err != nil {
			t.Fatal(err)
		}
		return token.Extra("id_token").(string)
	}(r)
	b.person = ""
	ask := func(r relying, options ...oauth2.AuthCodeOption) string {
		to, _ := b.open(r.config.AuthCodeURL("s", append(options, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "none"))...))
		if to.Query().Get("code") != "" {
			return "code"
		}
		return to.Query().Get("error")
	}
	hint := oauth2.SetAuthURLParam("id_token_hint", raw)
	for _, one := range []struct {
		r       relying
		options []oauth2.AuthCodeOption
		want    string
	}{
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"value":"` + mine.Subject + `"}}}`)}, "code"},
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"values":["ruiz","keller"]}}}`)}, "code"},
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":null}}`)}, "code"},
		{r, []oauth2.AuthCodeOption{claims(`{"userinfo":{"sub":{"value":"ruiz"}}}`)}, "code"},
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"value":"ruiz"}}}`)}, "login_required"},
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"value":""}}}`)}, "login_required"},
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"values":["ruiz"],"essential":true}}}`)}, "login_required"},
		{r, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"value":7}}}`)}, "invalid_request"},
		{r, []oauth2.AuthCodeOption{hint, claims(`{"id_token":{"sub":{"value":"ruiz"}}}`)}, "invalid_request"},
		{r, []oauth2.AuthCodeOption{hint, claims(`{"id_token":{"sub":{"value":"keller"}}}`)}, "code"},
		{other, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"value":"keller"}}}`)}, "login_required"}, // that is not his name there
		{other, []oauth2.AuthCodeOption{claims(`{"id_token":{"sub":{"value":"` + pairwise.Subject + `"}}}`)}, "code"},
	} {
		if got := ask(one.r, one.options...); got != one.want {
			t.Errorf("%s: %q, want %q", one.r.config.AuthCodeURL("", one.options...), got, one.want)
		}
	}
	// Whoever signs in on the page instead gets no code either, until it is who was asked for.
	b.person = "keller"
	asked := r.config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), claims(`{"id_token":{"sub":{"value":"ruiz"}}}`))
	resp, err := b.http.Get(asked)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := resp.Location()
	next, err := w.signIn("keller")(context.Background(), b.http, page)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err = b.http.Get(w.issuer + next); err != nil {
		t.Fatal(err)
	}
	if to, _ := resp.Location(); to == nil || to.Path != "/sign-in" {
		t.Errorf("somebody else signed in and is led to %v", to)
	}
	b.person = "ruiz"
	if to, _ := b.open(w.issuer + next); to.Query().Get("code") == "" {
		t.Errorf("who was asked for is led to %s", to)
	}
}

// TestFormsTravelSealed signs out and asks for a sign-in by forms of another
// site: what they hold is in no address.
func TestFormsTravelSealed(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, tables...)
	w := found(t, db, clk)
	b := w.browser("keller")
	r := w.relying(w.app)
	token, _, err := r.signIn(b)
	if err != nil {
		t.Fatal(err)
	}
	raw := token.Extra("id_token").(string)
	lead := func(path string, form url.Values) *url.URL {
		t.Helper()
		req, _ := http.NewRequest(http.MethodPost, w.issuer+path, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultTransport.RoundTrip(req) // the cookies of a form from elsewhere stay behind
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to, err := resp.Location()
		if err != nil || resp.StatusCode != http.StatusSeeOther || to.Path != path || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s answers %s, %v", path, resp.Status, to)
		}
		for name, values := range form {
			if strings.Contains(to.RawQuery, url.QueryEscape(values[0])) || to.Query().Has(name) {
				t.Errorf("%s of %s is in the address", name, path)
			}
		}
		return to
	}
	to := lead("/oauth2/authorize", url.Values{"client_id": {w.app.ID}, "redirect_uri": {w.app.Redirect}, "response_type": {"code"}, "scope": {"openid"}, "state": {"the state"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())}, "code_challenge_method": {"S256"}, "id_token_hint": {raw}})
	if back, _ := b.open(to.String()); back.Query().Get("code") == "" || back.Query().Get("state") != "the state" {
		t.Errorf("the form of a sign-in leads to %s", back)
	}
	out := url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {w.app.Leave}, "state": {"bye"}}
	to = lead("/oauth2/logout", out)
	if page, status := b.open(strings.Replace(to.String(), "/oauth2/logout", "/oauth2/authorize", 1)); status == http.StatusFound {
		t.Errorf("a form for signing out asks for a sign-in: %s", page)
	}
	late := lead("/oauth2/logout", out)
	if back, _ := b.open(to.String()); back.Query().Get("state") != "bye" || back.Host != "app.example" {
		t.Errorf("the form of a sign-out leads to %s", back)
	}
	if w.active(w.app, token.AccessToken) {
		t.Error("still signed in")
	}
	clk.Set(clk.Now().Add(time.Hour))
	if page, status := b.open(late.String()); status/100 == 3 {
		t.Errorf("a form of an hour ago leads to %s", page)
	}
}
