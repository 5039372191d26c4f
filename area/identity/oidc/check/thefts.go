package check

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// thefts are tokens, codes and clients that are not what they say.
var thefts = []Check{
	barter("a wrong secret", "RFC 6749 §5.2", "invalid_client", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, Client{ID: b.Client.ID, Secret: "wrong"})
	}),
	barter("no secret", "RFC 6749 §5.2", "invalid_client", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, Client{ID: b.Client.ID})
	}),
	barter("two ways of authentication at once", "RFC 6749 §2.3", "invalid_request", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "client_id", b.Client.ID, "client_secret", b.Client.Secret)
	}),
	barter("a code of another client", "RFC 6749 §5.2", "invalid_grant", func(ctx context.Context, b *Bench, f *flow) (said, error) { return b.exchange(ctx, f, b.Other) }),
	barter("another redirect_uri", "RFC 6749 §4.1.3", "invalid_grant", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "redirect_uri", f.client.Redirect+"/x")
	}),
	barter("a wrong verifier", "RFC 7636 §4.6", "invalid_grant", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "code_verifier", word())
	}),
	barter("no verifier", "RFC 7636 §4.6", "invalid_grant", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "code_verifier", "")
	}),
	barter("a made-up code", "RFC 6749 §5.2", "invalid_grant", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		return b.exchange(ctx, f, b.Client, "code", word())
	}),
	barter("a code after a wrong verifier", "RFC 9700 §4.5", "invalid_grant", func(ctx context.Context, b *Bench, f *flow) (said, error) {
		if a, err := b.exchange(ctx, f, b.Client, "code_verifier", word()); err != nil || a.status == http.StatusOK {
			return a, err
		}
		return b.exchange(ctx, f, b.Client)
	}),
	{"parameters in the address of the token endpoint", "RFC 6749 §3.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("token_endpoint")+"?grant_type=authorization_code", b.Client, url.Values{"code": {f.back.Get("code")}, "redirect_uri": {f.client.Redirect}, "code_verifier": {f.verifier}})
		if err != nil {
			return err
		}
		return a.is(http.StatusBadRequest, "invalid_request")
	}},
	{"a replayed code is refused and kills its tokens", "RFC 6749 §4.1.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.exchange(ctx, f, b.Client)
		if err != nil {
			return err
		}
		if err := a.is(http.StatusBadRequest, "invalid_grant"); err != nil {
			return err
		}
		if f.refresh != "" {
			a, err := b.post(ctx, b.at("token_endpoint"), b.Client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}})
			if err != nil {
				return err
			}
			if err := a.is(http.StatusBadRequest, "invalid_grant"); err != nil {
				return fmt.Errorf("the refresh token: %w", err)
			}
		}
		return b.dead(ctx, f.access)
	}},
	{"of sixteen exchanges at once one succeeds at most", "RFC 6749 §4.1.2", func(ctx context.Context, b *Bench) error { return b.Storm(ctx, max(b.Rounds, 1), 16) }},
	{"userinfo not by the address", "RFC 9700 §4.3.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.get(ctx, b.at("userinfo_endpoint")+"?access_token="+url.QueryEscape(f.access), "")
		if err != nil {
			return err
		}
		return want(a.status/100 == 4, "answered %d", a.status)
	}},
	{"userinfo without a token, or with a wrong one", "RFC 6750 §3", func(ctx context.Context, b *Bench) error {
		for _, token := range []string{"", "wrong"} {
			a, err := b.get(ctx, b.at("userinfo_endpoint"), token)
			if err != nil {
				return err
			}
			scheme := a.header.Get("WWW-Authenticate")
			if a.status != http.StatusUnauthorized || !strings.HasPrefix(scheme, "Bearer") || strings.Contains(scheme, `error="invalid_token"`) != (token != "") {
				return fmt.Errorf("answered %d, WWW-Authenticate %q", a.status, scheme)
			}
		}
		return nil
	}},
	{"introspection by another client, or by nobody", "RFC 7662 §2.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("introspection_endpoint"), b.Other, url.Values{"token": {f.access}})
		if err != nil {
			return err
		}
		if a.json["active"] != false {
			return fmt.Errorf("another client is told %s", brief(a.body))
		}
		if a, err = b.post(ctx, b.at("introspection_endpoint"), Client{ID: b.Client.ID}, url.Values{"token": {f.access}}); err != nil {
			return err
		}
		return a.is(http.StatusUnauthorized, "invalid_client")
	}},
	{"a reused refresh token ends the whole family", "RFC 9700 §4.14.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		old := f.refresh
		if err := b.renew(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("token_endpoint"), b.Client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old}})
		if err != nil {
			return err
		}
		if err := a.is(http.StatusBadRequest, "invalid_grant"); err != nil {
			return err
		}
		if a, err = b.post(ctx, b.at("token_endpoint"), b.Client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}}); err != nil {
			return err
		}
		if err := a.is(http.StatusBadRequest, "invalid_grant"); err != nil {
			return fmt.Errorf("the newest one still counts: %w", err)
		}
		return b.dead(ctx, f.access)
	}},
	{"a refresh token of another client", "RFC 6749 §6", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("token_endpoint"), b.Other, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}})
		if err != nil {
			return err
		}
		return a.is(http.StatusBadRequest, "invalid_grant")
	}},
	{"refresh for more scopes than were given", "RFC 6749 §6", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("scope", "openid")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("token_endpoint"), b.Client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}, "scope": {"openid email"}})
		if err != nil {
			return err
		}
		return a.is(http.StatusBadRequest, "invalid_scope")
	}},
}

// ends are sign-outs that somebody else begins, and what must not outlive one.
var ends = []Check{
	{"sign-out does not lead to an address that is not registered", "OpenID Connect RP-Initiated Logout 1.0 §3", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		out := &flow{refuse: true, client: Client{Redirect: "https://elsewhere.example"}}
		if err := b.lead(ctx, out, b.at("end_session_endpoint")+"?"+url.Values{"id_token_hint": {f.raw}, "post_logout_redirect_uri": {"https://elsewhere.example/"}}.Encode()); err != nil {
			return err
		}
		return want(out.stayed, "the browser is at %s", out.landed)
	}},
	{"a link without a hint signs nobody out", "OpenID Connect RP-Initiated Logout 1.0 §2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		out := &flow{refuse: true, client: b.Client}
		if err := b.lead(ctx, out, b.at("end_session_endpoint")); err != nil {
			return err
		}
		silent := b.ask().with("prompt", "none")
		if err := b.authorize(ctx, silent); err != nil {
			return err
		}
		return want(silent.back.Get("code") != "", "signed out: %s", silent.back.Encode())
	}},
	{"a code of a session that ended", "RFC 6749 §4.1.2", func(ctx context.Context, b *Bench) error {
		first, f := b.ask(), b.ask()
		if err := b.signIn(ctx, first); err != nil {
			return err
		}
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		out := &flow{client: Client{Redirect: b.Client.Leave}, refuse: true}
		if err := b.lead(ctx, out, b.at("end_session_endpoint")+"?"+url.Values{"id_token_hint": {first.raw}}.Encode()); err != nil {
			return err
		}
		a, err := b.exchange(ctx, f, b.Client)
		if err != nil {
			return err
		}
		return a.is(http.StatusBadRequest, "invalid_grant")
	}},
}
