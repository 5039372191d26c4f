package check

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Checks are what applications rely on, in the order in which it is asked.
func Checks() []Check { return slices.Concat(metadata, flows, mistakes, tokens, sessions) }

// Attacks are what must not be accepted. Those on passkeys need one, those on
// gates two.
func Attacks() []Check { return slices.Concat(refusals, thefts, confusions, ends, passkeys, gates) }

func list(v any) (out []string) {
	values, _ := v.([]any)
	for _, one := range values {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func want(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

var metadata = []Check{
	{"discovery names the issuer and the endpoints", "OpenID Connect Discovery 1.0 §3", func(_ context.Context, b *Bench) error {
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint", "revocation_endpoint", "introspection_endpoint"} {
			if !strings.HasPrefix(b.at(name), b.Issuer+"/") {
				return fmt.Errorf("%s is %q", name, b.at(name))
			}
		}
		return want(b.at("issuer") == b.Issuer, "the issuer is %q", b.at("issuer"))
	}},
	{"only the code flow with PKCE S256 is offered", "RFC 9700 §2.1", func(_ context.Context, b *Bench) error {
		return errors.Join(
			want(slices.Equal(list(b.found["response_types_supported"]), []string{"code"}), "response types %v", b.found["response_types_supported"]),
			want(slices.Equal(list(b.found["code_challenge_methods_supported"]), []string{"S256"}), "challenge methods %v", b.found["code_challenge_methods_supported"]),
			want(!slices.Contains(list(b.found["grant_types_supported"]), "implicit") && !slices.Contains(list(b.found["grant_types_supported"]), "password"), "grant types %v", b.found["grant_types_supported"]))
	}},
	{"keys are public, have ids of their own and an algorithm", "RFC 7517 §4", func(ctx context.Context, b *Bench) error {
		a, err := b.get(ctx, b.at("jwks_uri"), "")
		if err != nil {
			return err
		}
		keys, _ := a.json["keys"].([]any)
		seen := map[string]bool{}
		for _, k := range keys {
			key, _ := k.(map[string]any)
			kid, _ := key["kid"].(string)
			if kid == "" || seen[kid] || key["alg"] == nil || key["use"] != "sig" || key["d"] != nil || key["p"] != nil {
				return fmt.Errorf("a key is not as it should be: %v", key)
			}
			seen[kid] = true
		}
		return want(len(keys) > 0, "there is no key")
	}},
	{"discovery and keys may be read by every origin, the token endpoint by none", "Fetch §3.2", func(ctx context.Context, b *Bench) error {
		for address, open := range map[string]bool{b.Issuer + "/.well-known/openid-configuration": true, b.at("jwks_uri"): true, b.at("token_endpoint"): false, b.at("introspection_endpoint"): false} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Origin", "https://elsewhere.example")
			a, err := b.do(req)
			if err != nil {
				return err
			}
			if got := a.header.Get("Access-Control-Allow-Origin") != ""; got != open {
				return fmt.Errorf("%s: open to other origins: %t", address, got)
			}
		}
		return nil
	}},
}

var flows = []Check{
	{"the code flow gives tokens", "OpenID Connect Core 1.0 §3.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return errors.Join(want(f.back.Get("state") == f.state, "the state came back as %q", f.back.Get("state")),
			want(strings.EqualFold(f.answered.text("token_type"), "Bearer"), "the token type is %q", f.answered.text("token_type")),
			want(f.access != "" && f.raw != "", "a token is missing"))
	}},
	{"the authorization response names the issuer", "RFC 9207 §2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.back.Get("iss") == b.Issuer, "iss is %q", f.back.Get("iss"))
	}},
	{"iss, aud, exp and iat of the ID token", "OpenID Connect Core 1.0 §2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		exp, _ := f.id["exp"].(float64)
		iat, _ := f.id["iat"].(float64)
		now := float64(b.now().Unix())
		return errors.Join(want(f.id["iss"] == b.Issuer, "iss is %v", f.id["iss"]), want(f.id["aud"] == b.Client.ID, "aud is %v", f.id["aud"]),
			want(exp > now && exp <= now+3600, "exp lies %v s ahead", exp-now), want(iat >= now-60 && iat <= now+5, "iat lies %v s off", iat-now))
	}},
	{"the nonce comes back in the ID token", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.id["nonce"] == f.nonce, "nonce is %v", f.id["nonce"])
	}},
	{"no nonce, none in the ID token", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("nonce", "")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.id["nonce"] == nil, "nonce is %v", f.id["nonce"])
	}},
	{"at_hash fits the access token", "OpenID Connect Core 1.0 §3.1.3.6", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(f.access))
		return want(f.id["at_hash"] == base64.RawURLEncoding.EncodeToString(sum[:16]), "at_hash is %v", f.id["at_hash"])
	}},
	{"acr, amr, auth_time and sid say how and when", "OpenID Connect Core 1.0 §2", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		at, _ := f.id["auth_time"].(float64)
		return errors.Join(want(f.id["acr"] == "phr" || f.id["acr"] == "phrh", "acr is %v", f.id["acr"]), want(slices.Contains(list(f.id["amr"]), "user"), "amr is %v", f.id["amr"]),
			want(at > 0 && at <= float64(b.now().Unix())+1, "auth_time is %v", at), want(f.id["sid"] != nil, "there is no sid"))
	}},
	{"who is signed in is not asked again", "OpenID Connect Core 1.0 §3.1.2.3", func(ctx context.Context, b *Bench) error {
		first, second := b.ask(), b.ask()
		if err := errors.Join(b.signIn(ctx, first), b.signIn(ctx, second)); err != nil {
			return err
		}
		return errors.Join(want(second.signIns == 0, "the person was asked again"), want(first.id["sub"] == second.id["sub"], "the sub changed"),
			want(first.id["sid"] == second.id["sid"], "the sid changed"), want(first.id["auth_time"] == second.id["auth_time"], "the auth_time changed"))
	}},
	{"prompt=none without a session is refused to the application", "OpenID Connect Core 1.0 §3.1.2.6", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("prompt", "none")
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.back.Get("error") == "login_required" && f.back.Get("state") == f.state && f.back.Get("iss") == b.Issuer && f.signIns == 0, "answered %s", f.back.Encode())
	}},
	{"prompt=none with a session shows no page", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		if err := b.signIn(ctx, b.ask()); err != nil {
			return err
		}
		f := b.ask().with("prompt", "none")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.signIns == 0, "a page was shown")
	}},
	{"prompt=login asks again", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error { return again(ctx, b, "prompt", "login") }},
	{"prompt=select_account asks again", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error { return again(ctx, b, "prompt", "select_account") }},
	{"prompt=consent asks again", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error { return again(ctx, b, "prompt", "consent") }},
	{"max_age=0 asks again", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error { return again(ctx, b, "max_age", "0") }},
	{"max_age that is not over does not ask", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		if err := b.signIn(ctx, b.ask()); err != nil {
			return err
		}
		f := b.ask().with("max_age", "10000")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.signIns == 0 && f.id["auth_time"] != nil, "the person was asked again")
	}},
	{"signing in again keeps sub and sid", "OpenID Connect Back-Channel Logout 1.0 §2.1", func(ctx context.Context, b *Bench) error {
		first, second := b.ask(), b.ask().with("prompt", "login")
		if err := errors.Join(b.signIn(ctx, first), b.signIn(ctx, second)); err != nil {
			return err
		}
		return errors.Join(want(first.id["sub"] == second.id["sub"], "the sub changed"), want(first.id["sid"] == second.id["sid"], "the sid changed"))
	}},
	{"of several acr_values the strongest holds", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("acr_values", "aal1 phr aal2")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.id["acr"] == "phr" || f.id["acr"] == "phrh", "acr is %v", f.id["acr"])
	}},
	{"an unknown acr value that is not essential hinders nobody", "OpenID Connect Core 1.0 §5.5.1.1", func(ctx context.Context, b *Bench) error {
		return b.signIn(ctx, b.ask().with("acr_values", "urn:unknown"))
	}},
	{"an unknown acr value that is essential is refused", "OpenID Connect Core 1.0 §5.5.1.1", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("claims", `{"id_token":{"acr":{"essential":true,"values":["urn:unknown"]}}}`)
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.back.Get("error") == "unmet_authentication_requirements", "answered %s", f.back.Encode())
	}},
	{"claims asked for by name come in the ID token", "OpenID Connect Core 1.0 §5.5", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("claims", `{"id_token":{"email":null}}`)
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.id["email"] != nil && f.id["iss"] == b.Issuer, "the ID token holds %v", f.id)
	}},
	{"an authorization request by POST works", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		a, err := b.post(ctx, b.at("authorization_endpoint"), Client{}, f.query)
		if err != nil {
			return err
		}
		if a.status/100 != 3 {
			return fmt.Errorf("answered %d", a.status)
		}
		to, err := url.Parse(b.at("authorization_endpoint"))
		if err != nil {
			return err
		}
		if to, err = to.Parse(a.header.Get("Location")); err != nil {
			return err
		}
		if err := b.lead(ctx, f, to.String()); err != nil {
			return err
		}
		_, err = f.code()
		return err
	}},
	{"unknown parameters are ignored", "RFC 6749 §3.1", func(ctx context.Context, b *Bench) error { return b.signIn(ctx, b.ask().with("foo", "bar")) }},
	{"unknown scopes are ignored and not given", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("scope", "openid email made-up")
		if err := b.signIn(ctx, f); err != nil {
			return err
		}
		return want(f.answered.text("scope") == "openid email", "scope is %q", f.answered.text("scope"))
	}},
}

func again(ctx context.Context, b *Bench, name, value string) error {
	first := b.ask()
	if err := b.signIn(ctx, first); err != nil {
		return err
	}
	f := b.ask().with(name, value)
	if err := b.signIn(ctx, f); err != nil {
		return err
	}
	before, _ := first.id["auth_time"].(float64)
	after, _ := f.id["auth_time"].(float64)
	return errors.Join(want(f.signIns == 1, "the person was asked %d times", f.signIns), want(after >= before, "the auth_time went back"))
}

// wrong is an authorization request that the application is told to be wrong.
func wrong(name, clause, code string, change ...string) Check {
	return Check{name, clause, func(ctx context.Context, b *Bench) error {
		f := b.ask().with(change...)
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.back.Get("error") == code && f.back.Get("state") == f.state && f.back.Get("iss") == b.Issuer && f.back.Get("code") == "" && f.back.Get("id_token") == "" && f.back.Get("access_token") == "",
			"answered %s (status %d), wanted %s", f.back.Encode(), f.status, code)
	}}
}

// kept is an authorization request of which nobody but the person is told.
func kept(name, clause string, change func(*flow)) Check {
	return Check{name, clause, func(ctx context.Context, b *Bench) error {
		f := b.ask()
		change(f)
		f.refuse = true
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.stayed && f.status/100 == 4, "answered %d, at %s", f.status, f.landed)
	}}
}

// mistakes are requests that are wrong without harm in them.
var mistakes = []Check{
	wrong("no response_type", "RFC 6749 §4.1.2.1", "invalid_request", "response_type", ""),
	wrong("no openid in the scope", "OpenID Connect Core 1.0 §3.1.2.1", "invalid_scope", "scope", "profile"),
	wrong("prompt=none with another", "OpenID Connect Core 1.0 §3.1.2.1", "invalid_request", "prompt", "none login"),
	wrong("a max_age that is no number", "OpenID Connect Core 1.0 §3.1.2.1", "invalid_request", "max_age", "soon"),
}

var refusals = []Check{
	wrong("the implicit flow", "RFC 9700 §2.1.2", "unsupported_response_type", "response_type", "id_token token"),
	wrong("the hybrid flow", "RFC 9700 §2.1.2", "unsupported_response_type", "response_type", "code id_token"),
	wrong("a token in the response", "RFC 9700 §2.1.2", "unsupported_response_type", "response_type", "token"),
	wrong("an unsigned request object", "OpenID Connect Core 1.0 §6.1", "request_not_supported", "request", "eyJhbGciOiJub25lIn0.e30."),
	wrong("a request by reference", "OpenID Connect Core 1.0 §6.2", "request_uri_not_supported", "request_uri", "https://elsewhere.example/r"),
	wrong("no PKCE, though the client has a secret", "RFC 9700 §2.1.1", "invalid_request", "code_challenge", "", "code_challenge_method", ""),
	wrong("PKCE plain", "RFC 9700 §2.1.1", "invalid_request", "code_challenge_method", "plain"),
	wrong("PKCE without a method, which means plain", "RFC 7636 §4.3", "invalid_request", "code_challenge_method", ""),
	wrong("a challenge that is no digest", "RFC 7636 §4.2", "invalid_request", "code_challenge", "short"),
	wrong("tokens in the fragment", "OAuth 2.0 Multiple Response Types §2.1", "invalid_request", "response_mode", "fragment"),
	kept("an unknown client", "RFC 6749 §4.1.2.1", func(f *flow) { f.with("client_id", "nobody") }),
	kept("no redirect_uri", "OpenID Connect Core 1.0 §3.1.2.1", func(f *flow) { f.with("redirect_uri", "") }),
	kept("a redirect_uri with more path", "RFC 9700 §4.1.3", func(f *flow) { f.with("redirect_uri", f.client.Redirect+"/more") }),
	kept("a redirect_uri with a query", "RFC 9700 §4.1.3", func(f *flow) { f.with("redirect_uri", f.client.Redirect+"?more=1") }),
	kept("a redirect_uri that climbs", "RFC 9700 §4.1.3", func(f *flow) { f.with("redirect_uri", f.client.Redirect+"/../other") }),
	kept("a redirect_uri of another host", "RFC 9700 §4.1.3", func(f *flow) { f.with("redirect_uri", "https://elsewhere.example/callback") }),
	kept("a redirect_uri with user information", "RFC 9700 §4.1.3", func(f *flow) { f.with("redirect_uri", strings.Replace(f.client.Redirect, "://", "://a@", 1)) }),
	kept("a redirect_uri in other letters", "RFC 9700 §4.1.3", func(f *flow) { f.with("redirect_uri", strings.ToUpper(f.client.Redirect)) }),
	kept("a redirect_uri with a fragment", "RFC 6749 §3.1.2", func(f *flow) { f.with("redirect_uri", f.client.Redirect+"#x") }),
	kept("a repeated parameter", "RFC 6749 §3.1", func(f *flow) { f.query.Add("redirect_uri", "https://elsewhere.example/callback") }),
	{"the redirect_uri of another client", "RFC 9700 §4.1.3", func(ctx context.Context, b *Bench) error {
		f := b.ask().with("redirect_uri", b.Other.Redirect)
		f.refuse = true
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.stayed && f.status/100 == 4, "answered %d", f.status)
	}},
	{"a request that another browser began", "RFC 9700 §4.7", func(ctx context.Context, b *Bench) error {
		f := b.ask()
		f.refuse = true
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		// The attacker stands at the sign-in page. The victim opens what follows it,
		// signed in, in another browser; the attacker then asks again.
		attacker := b.browser
		b.forget()
		if err := b.signIn(ctx, b.ask()); err != nil {
			return err
		}
		if b.SignIn == nil {
			return errors.New("this check needs a way to sign in")
		}
		next, err := b.waiting(ctx, attacker, f)
		if err != nil {
			return err
		}
		stolen := *f
		if err := b.lead(ctx, &stolen, next); err != nil {
			return err
		}
		if stolen.back.Get("code") != "" {
			return errors.New("the victim's browser got a code for the attacker's request")
		}
		b.browser = attacker
		if err := b.lead(ctx, &stolen, next); err != nil {
			return err
		}
		return want(stolen.back.Get("code") == "", "the attacker's browser got the victim's code")
	}},
	{"an id_token_hint of somebody else does not sign in silently", "OpenID Connect Core 1.0 §3.1.2.1", func(ctx context.Context, b *Bench) error {
		if err := b.signIn(ctx, b.ask()); err != nil {
			return err
		}
		f := b.ask().with("prompt", "none", "id_token_hint", "e30.e30.e30")
		if err := b.authorize(ctx, f); err != nil {
			return err
		}
		return want(f.back.Get("error") != "" && f.back.Get("code") == "", "answered %s", f.back.Encode())
	}},
}

// waiting is where the sign-in page of a request leads on.
func (b *Bench) waiting(ctx context.Context, browser *http.Client, f *flow) (string, error) {
	address := b.at("authorization_endpoint") + "?" + f.query.Encode()
	for range 5 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return "", err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return "", err
		}
		resp.Body.Close()
		to, err := resp.Location()
		if err != nil {
			break
		}
		if next := to.Query().Get("next"); next != "" {
			u, err := to.Parse(next)
			if err != nil {
				return "", err
			}
			return u.String(), nil
		}
		address = to.String()
	}
	return "", errors.New("no sign-in page was reached")
}
