package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// barter is a code exchange that must fail.
func barter(name, clause, code string, do func(ctx context.Context, b *Bench, f *flow) (said, error)) Check {
	return Check{name, clause, func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		if _, err := f.code(); err != nil {
			return err
		}
		a, err := do(ctx, b, f)
		if err != nil {
			return err
		}
		status := http.StatusBadRequest
		if code == "invalid_client" {
			status = http.StatusUnauthorized
		}
		return a.is(status, code)
	}}
}

var tokens = []Check{
	{"answers of the token endpoint are not kept", "RFC 6749 §5.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(strings.Contains(f.answered.header.Get("Cache-Control"), "no-store") && strings.HasPrefix(f.answered.header.Get("Content-Type"), "application/json"), "the headers are %v", f.answered.header)
	}},
	{"client_secret_post works like client_secret_basic", "RFC 6749 §2.3.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		a, err := b.exchange(ctx, f, Client{}, "client_id", b.Client.ID, "client_secret", b.Client.Secret)
		if err != nil {
			return err
		}
		return want(a.status == http.StatusOK, "answered %d %s", a.status, brief(a.body))
	}},
	barter("no grant_type", "RFC 6749 §5.2", "invalid_request", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "grant_type", "")
	}),
	barter("a grant_type that is not offered", "RFC 6749 §5.2", "unsupported_grant_type", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "grant_type", "password")
	}),
	{"the token endpoint by GET", "RFC 6749 §3.2", func(ctx context.Context, b *Bench) error {
		a, err := b.get(ctx, b.at("token_endpoint"), "")
		if err != nil {
			return err
		}
		return want(a.status == http.StatusMethodNotAllowed, "answered %d", a.status)
	}},
	{"userinfo by header", "OpenID Connect Core 1.0 §5.3.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.get(ctx, b.at("userinfo_endpoint"), f.access)
		if err != nil {
			return err
		}
		return errors.Join(want(a.status == http.StatusOK, "answered %d", a.status), want(a.json["sub"] == f.id["sub"], "sub is %v", a.json["sub"]),
			want(a.json["name"] != nil && a.json["email"] != nil, "a claim of the scopes is missing: %s", brief(a.body)))
	}},
	{"userinfo by form", "RFC 6750 §2.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("userinfo_endpoint"), Client{}, url.Values{"access_token": {f.access}})
		if err != nil {
			return err
		}
		return want(a.status == http.StatusOK && a.json["sub"] == f.id["sub"], "answered %d %s", a.status, brief(a.body))
	}},
	{"fewer scopes, fewer claims", "OpenID Connect Core 1.0 §5.4", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("scope", "openid")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.get(ctx, b.at("userinfo_endpoint"), f.access)
		if err != nil {
			return err
		}
		return want(a.json["sub"] != nil && a.json["email"] == nil && a.json["name"] == nil, "userinfo says %s", brief(a.body))
	}},
	{"introspection says what a token is worth", "RFC 7662 §2.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("introspection_endpoint"), b.Client, url.Values{"token": {f.access}})
		if err != nil {
			return err
		}
		return want(a.json["active"] == true && a.json["sub"] == f.id["sub"] && a.json["client_id"] == b.Client.ID, "says %s", brief(a.body))
	}},
	{"refresh gives new tokens for the same sign-in", "OpenID Connect Core 1.0 §12.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		old, before := f.refresh, f.id
		if err := b.renew(ctx, f); err != nil {
			return err
		}
		return errors.Join(want(f.refresh != old, "the refresh token stayed"), want(f.id["sub"] == before["sub"] && f.id["auth_time"] == before["auth_time"] && f.id["iss"] == before["iss"], "the ID token is of another sign-in"))
	}},
	{"a revoked token is dead", "RFC 7009 §2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("revocation_endpoint"), b.Other, url.Values{"token": {f.access}})
		if err != nil {
			return err
		}
		if live, err := b.get(ctx, b.at("userinfo_endpoint"), f.access); err != nil || live.status != http.StatusOK {
			return fmt.Errorf("another client revoked it (%d): %v", a.status, err)
		}
		if a, err = b.post(ctx, b.at("revocation_endpoint"), b.Client, url.Values{"token": {f.access}}); err != nil {
			return err
		}
		return errors.Join(want(a.status == http.StatusOK, "answered %d", a.status), b.dead(ctx, f.access))
	}},
	{"revoking a token that is none", "RFC 7009 §2.2", func(ctx context.Context, b *Bench) error {
		a, err := b.post(ctx, b.at("revocation_endpoint"), b.Client, url.Values{"token": {"none"}})
		if err != nil {
			return err
		}
		return want(a.status == http.StatusOK, "answered %d", a.status)
	}},
}

func (b *Bench) renew(ctx context.Context, f *flow) error {
	a, err := b.post(ctx, b.at("token_endpoint"), b.Client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("refresh answered %d %s", a.status, brief(a.body))
	}
	return b.take(ctx, f, a)
}

// Storm exchanges each of so many codes by so many requests at once: one may
// succeed at most, and its tokens are dead afterwards.
func (b *Bench) Storm(ctx context.Context, rounds, width int) error {
	for round := range rounds {
		f := b.ask()
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		if _, err := f.code(); err != nil {
			return err
		}
		answers, errs := make([]said, width), make([]error, width)
		var wg sync.WaitGroup
		for i := range width {
			wg.Go(func() { answers[i], errs[i] = b.exchange(ctx, f, b.Client) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		won := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusOK:
				won++
				if err := b.dead(ctx, a.text("access_token")); err != nil {
					return fmt.Errorf("round %d: %w", round, err)
				}
			case a.is(http.StatusBadRequest, "invalid_grant") != nil:
				return fmt.Errorf("round %d: %d %s", round, a.status, brief(a.body))
			}
		}
		if won > 1 {
			return fmt.Errorf("round %d: %d exchanges of one code succeeded", round, won)
		}
	}
	return nil
}

// Storm is the same for a target of its own.
func Storm(ctx context.Context, t Target, rounds, width int) error {
	b, err := newBench(ctx, t)
	if err != nil {
		return err
	}
	return b.Storm(ctx, rounds, width)
}

var sessions = []Check{
	{"sign-out by the application ends the session and its tokens", "OpenID Connect RP-Initiated Logout 1.0 §2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		out := &flow{client: Client{Redirect: b.Client.Leave}, refuse: true}
		if err := b.lead(ctx, out, b.at("end_session_endpoint")+"?"+url.Values{"id_token_hint": {f.raw}, "post_logout_redirect_uri": {b.Client.Leave}, "state": {"s1"}}.Encode()); err != nil {
			return err
		}
		if out.back.Get("state") != "s1" {
			return fmt.Errorf("the browser is at %q (status %d)", out.landed, out.status)
		}
		silent := b.ask().with("prompt", "none")
		if err := b.authorize(ctx, silent); err != nil {
			return err
		}
		return errors.Join(want(silent.back.Get("error") == "login_required", "still signed in: %s", silent.back.Encode()), b.dead(ctx, f.access))
	}},
}
