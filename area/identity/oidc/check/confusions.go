package check

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// asAccess is something else in the place of an access token.
func asAccess(name, clause string, what func(f *flow) string) Check {
	return Check{name, clause, func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.get(ctx, b.at("userinfo_endpoint"), what(f))
		if err != nil {
			return err
		}
		return want(a.status == http.StatusUnauthorized && a.json["sub"] == nil, "userinfo answers %d %s", a.status, brief(a.body))
	}}
}

// unsigned is what a JWT says, under a header that says it is not signed.
func unsigned(claims any) string {
	raw, _ := json.Marshal(claims) // of strings and numbers
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc(raw) + "."
}

// confusions take one thing for another.
var confusions = []Check{
	asAccess("an ID token as an access token", "RFC 9068 §5", func(f *flow) string { return f.raw }),
	asAccess("a refresh token as an access token", "RFC 6749 §1.5", func(f *flow) string { return f.refresh }),
	asAccess("a code as an access token", "RFC 6749 §1.3.1", func(f *flow) string { return f.back.Get("code") }),
	asAccess("an altered access token", "RFC 6750 §5.1", func(f *flow) string {
		last := f.access[len(f.access)-3]
		other := byte('A')
		if last == other {
			other = 'B'
		}
		return f.access[:len(f.access)-3] + string(other) + f.access[len(f.access)-2:]
	}),
	asAccess("an access token that is not signed", "RFC 8725 §3.2", func(f *flow) string {
		return unsigned(map[string]any{"iss": f.id["iss"], "sub": f.id["sub"], "aud": f.id["iss"], "client_id": f.client.ID, "exp": f.id["exp"], "iat": f.id["iat"], "jti": word(), "scope": "openid"})
	}),
	{"an access token as a refresh token", "RFC 6749 §6", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		a, err := b.post(ctx, b.at("token_endpoint"), b.Client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.access}})
		if err != nil {
			return err
		}
		return a.is(http.StatusBadRequest, "invalid_grant")
	}},
	{"more scopes at the exchange than were granted", "RFC 6749 §3.3", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("scope", "openid")
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		a, err := b.exchange(ctx, f, b.Client, "scope", "openid email profile")
		if err != nil {
			return err
		}
		if a.status != http.StatusOK { // refused altogether
			return nil
		}
		me, err := b.get(ctx, b.at("userinfo_endpoint"), a.text("access_token"))
		if err != nil {
			return err
		}
		return want(me.json["email"] == nil && me.json["name"] == nil, "userinfo says %s", brief(me.body))
	}},
	{"a client that vouches for itself without a signature", "RFC 7523 §3", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		said := unsigned(map[string]any{"iss": b.Client.ID, "sub": b.Client.ID, "aud": b.Issuer, "exp": b.now().Unix() + 60, "jti": word()})
		a, err := b.exchange(ctx, f, Client{}, "client_id", b.Client.ID, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", said)
		if err != nil {
			return err
		}
		return want(a.status/100 == 4 && a.text("access_token") == "", "answered %d %s", a.status, brief(a.body))
	}},
	{"a hint at sign-out that is not signed", "RFC 8725 §3.2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		out := &flow{client: Client{Redirect: b.Client.Leave}, refuse: true}
		if err := b.lead(ctx, out, b.at("end_session_endpoint")+"?"+url.Values{"id_token_hint": {unsigned(f.id)}, "post_logout_redirect_uri": {b.Client.Leave}}.Encode()); err != nil {
			return err
		}
		silent := b.ask().with("prompt", "none")
		if err := b.authorize(ctx, silent); err != nil {
			return err
		}
		return errors.Join(want(out.landed == "", "the browser is at %s", out.landed), want(silent.back.Get("code") != "", "signed out: %s", silent.back.Encode()))
	}},
	{"a hint at sign-in that is not signed", "RFC 8725 §3.2", func(ctx context.Context, b *Bench) error {
		first := b.ask()
		if err := b.signIn(ctx, first); err != nil {
			return err
		}
		f := b.ask().with("prompt", "none", "id_token_hint", unsigned(first.id))
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.back.Get("error") != "" && f.back.Get("code") == "", "answered %s", f.back.Encode())
	}},
	{"another host's name in the request for discovery", "OpenID Connect Discovery 1.0 §4.3", func(ctx context.Context, b *Bench) error {
		for _, header := range []string{"Host", "X-Forwarded-Host", "Forwarded"} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Issuer+"/.well-known/openid-configuration", nil)
			if err != nil {
				return err
			}
			switch header {
			case "Host":
				req.Host = "elsewhere.example"
			case "Forwarded":
				req.Header.Set(header, "host=elsewhere.example")
			default:
				req.Header.Set(header, "elsewhere.example")
			}
			a, err := b.do(req)
			if err != nil {
				return err
			}
			if strings.Contains(string(a.body), "elsewhere.example") || strings.Contains(fmt.Sprint(a.header), "elsewhere.example") {
				return fmt.Errorf("%s changes what is said: %s", header, brief(a.body))
			}
		}
		return nil
	}},
	{"the sign-in page within a frame of another site", "RFC 9700 §4.16", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		f.refuse = true
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		policy := f.header.Get("Content-Security-Policy")
		return want(f.stayed && (strings.Contains(policy, "frame-ancestors 'none'") || strings.EqualFold(f.header.Get("X-Frame-Options"), "DENY")), "the page allows frames: %q", policy)
	}},
	wrong("an answer by a form to the application", "OAuth 2.0 Form Post Response Mode §2", "invalid_request", "response_mode", "form_post"),
}
