package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"yagura/area/identity"
	"yagura/kernel/fault"
)

// server answers what programs ask, as the library hands it on.
type server struct {
	op.UnimplementedServer
	p *Provider
}

func (p *Provider) library() http.Handler {
	return op.RegisterServer(server{p: p}, op.Endpoints{
		Token: op.NewEndpoint(tokenPath), Introspection: op.NewEndpoint(introspectPath), Userinfo: op.NewEndpoint(userinfoPath),
		Revocation: op.NewEndpoint(revokePath), JwksURI: op.NewEndpoint(keysPath), DeviceAuthorization: op.NewEndpoint(devicePath),
	}, op.WithServerCORSOptions(nil))
}

// client shows the library an application.
type client struct{ identity.Client }

func (c client) GetID() string                       { return c.ID }
func (c client) RedirectURIs() []string              { return c.Redirects }
func (c client) PostLogoutRedirectURIs() []string    { return c.AfterLogout }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethod(c.Auth) }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) LoginURL(string) string                                              { return "" }
func (c client) IDTokenLifetime() time.Duration                                      { return identity.AccessFor }
func (c client) DevMode() bool                                                       { return false }
func (c client) RestrictAdditionalIdTokenScopes() func(scopes []string) []string     { return drop }
func (c client) RestrictAdditionalAccessTokenScopes() func(scopes []string) []string { return drop }
func (c client) IsScopeAllowed(scope string) bool                                    { return c.Allows(scope) }
func (c client) IDTokenUserinfoClaimsAssertion() bool                                { return false }
func (c client) ClockSkew() time.Duration                                            { return 0 }

func drop([]string) []string { return nil }

func (c client) AccessTokenType() op.AccessTokenType {
	if c.JWT {
		return op.AccessTokenTypeJWT
	}
	return op.AccessTokenTypeBearer
}

func (c client) GrantTypes() (list []oidc.GrantType) {
	switch c.Kind {
	case identity.ServiceClient:
		return []oidc.GrantType{oidc.GrantTypeClientCredentials}
	case identity.GateClient:
		return nil // its codes are exchanged here
	case identity.SAMLClient:
		return nil // it is no client of OpenID Connect
	}
	list = append(list, oidc.GrantTypeCode)
	if c.Refresh != identity.RefreshNone {
		list = append(list, oidc.GrantTypeRefreshToken)
	}
	if c.Devices {
		list = append(list, oidc.GrantTypeDeviceCode)
	}
	return list
}

func errClient() error {
	return op.NewStatusError(oidc.ErrInvalidClient().WithDescription("the client is not known or did not show who it is"), http.StatusUnauthorized)
}

// failed is an error as the other side may read it. What went wrong inside stays
// in the log.
func (p *Provider) failed(ctx context.Context, where string, err error) error {
	switch {
	case errors.Is(err, identity.ErrClient):
		return errClient()
	case errors.Is(err, identity.ErrGrant):
		return oidc.ErrInvalidGrant().WithDescription("what was presented is not valid, or no longer")
	case errors.Is(err, identity.ErrScope):
		return oidc.ErrInvalidScope().WithDescription("more was asked for than was granted")
	case errors.Is(err, identity.ErrPending):
		return oidc.ErrAuthorizationPending()
	case errors.Is(err, identity.ErrSlow):
		return oidc.ErrSlowDown()
	case errors.Is(err, identity.ErrExpired):
		return oidc.ErrExpiredDeviceCode()
	case errors.Is(err, identity.ErrRefused):
		return oidc.ErrAccessDenied()
	case fault.Is(err, fault.KindTooBusy):
		return op.NewStatusError(oidc.ErrServerError().WithDescription("please try again later"), http.StatusServiceUnavailable)
	}
	p.log.ErrorContext(ctx, "a request of the identity provider failed", "where", where, "error", err)
	return oidc.ErrServerError().WithDescription("internal error")
}

// VerifyClient checks who an application is, in the one way it registered.
func (s server) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	find := s.p.FindClient
	if r.Form.Get("grant_type") == string(oidc.GrantTypeCode) {
		find = s.p.KnownClient // Redeem looks again
	}
	c, err := s.verify(ctx, r.Header, r.Data, find)
	if err != nil {
		return nil, err
	}
	return client{c}, nil
}

type finding func(ctx context.Context, client string) (identity.Client, error)

func (s server) verify(ctx context.Context, header http.Header, cc *op.ClientCredentials, find finding) (identity.Client, error) {
	name := cc.ClientID
	if cc.ClientAssertion != "" {
		issuer, err := issuerOf(cc.ClientAssertion)
		if err != nil || name != "" && name != issuer {
			return identity.Client{}, errClient()
		}
		name = issuer
	}
	c, err := find(ctx, name)
	if fault.Is(err, fault.KindNotFound) {
		return c, errClient()
	}
	if err != nil {
		return c, s.p.failed(ctx, "client", err)
	}
	basic := strings.HasPrefix(strings.ToLower(header.Get("Authorization")), "basic ")
	switch c.Auth {
	case identity.AuthBasic, identity.AuthPost: // either place is as good
		if cc.ClientAssertion == "" && c.SecretIs(cc.ClientSecret) {
			return c, nil
		}
	case identity.AuthKey:
		if cc.ClientAssertion != "" && cc.ClientSecret == "" && !basic {
			return c, s.p.assertion(ctx, c, cc.ClientAssertion)
		}
	case identity.AuthNone:
		if cc.ClientAssertion == "" && cc.ClientSecret == "" && !basic && c.Kind == identity.NativeClient {
			return c, nil
		}
	}
	return c, errClient()
}

// CodeExchange exchanges an authorization code.
func (s server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	c := r.Client.(client).Client
	out, err := s.p.Redeem(ctx, c, r.Data.Code, r.Data.RedirectURI, r.Data.CodeVerifier)
	return s.p.tokens(ctx, c, out, err)
}

// RefreshToken renews tokens.
func (s server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	c := r.Client.(client).Client
	out, err := s.p.Refresh(ctx, c, r.Data.RefreshToken, r.Data.Scopes)
	return s.p.tokens(ctx, c, out, err)
}

// ClientCredentialsExchange gives an application a token for itself.
func (s server) ClientCredentialsExchange(ctx context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	c := r.Client.(client).Client
	if len(r.Data.Scope) > 0 {
		return nil, oidc.ErrInvalidScope().WithDescription("there are no scopes for applications themselves")
	}
	out, err := s.p.GrantForClient(ctx, c, nil)
	return s.p.tokens(ctx, c, out, err)
}

// DeviceAuthorization gives a device its codes (RFC 8628).
func (s server) DeviceAuthorization(ctx context.Context, r *op.ClientRequest[oidc.DeviceAuthorizationRequest]) (*op.Response, error) {
	c := r.Client.(client).Client
	if !c.Devices {
		return nil, oidc.ErrUnauthorizedClient().WithDescription("this client has no device flow")
	}
	if !slices.Contains(r.Data.Scopes, "openid") {
		return nil, oidc.ErrInvalidScope().WithDescription("the scope openid is needed")
	}
	from, _ := ctx.Value(networkKey{}).(string)
	d, err := s.p.BeginDevice(ctx, c, allowed(c, r.Data.Scopes), from)
	if err != nil {
		return nil, s.p.failed(ctx, "device", err)
	}
	return op.NewResponse(oidc.DeviceAuthorizationResponse{
		DeviceCode: d.Secret, UserCode: d.UserCode, VerificationURI: s.p.issuer + codePath, VerificationURIComplete: s.p.issuer + codePath + "?code=" + d.UserCode,
		ExpiresIn: int(d.Until.Sub(s.p.now()) / time.Second), Interval: int(d.Pause / time.Second),
	}), nil
}

// DeviceToken is a device that asks whether somebody let it in.
func (s server) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	c := r.Client.(client).Client
	out, err := s.p.PollDevice(ctx, c, r.Data.DeviceCode)
	return s.p.tokens(ctx, c, out, err)
}

// Revocation ends a grant by one of its tokens (RFC 7009). Whatever the token
// is, the answer is the same.
func (s server) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	grant := s.p.GrantOf(r.Data.Token)
	if grant == "" {
		if a, ok := s.p.readAccess(ctx, r.Data.Token); ok {
			grant = a.Grant
		}
	}
	if grant != "" {
		if err := s.p.Revoke(ctx, r.Client.(client).Client, grant); err != nil {
			return nil, s.p.failed(ctx, "revoke", err)
		}
	}
	return op.NewResponse(nil), nil
}

// Introspect says what a token is worth now (RFC 7662): to the application it
// was given to, and to services, which take the tokens of others.
func (s server) Introspect(ctx context.Context, r *op.Request[op.IntrospectionRequest]) (*op.Response, error) {
	asker, err := s.verify(ctx, r.Header, r.Data.ClientCredentials, s.p.FindClient)
	if err != nil {
		return nil, err
	}
	inactive := op.NewResponse(map[string]any{"active": false})
	a, ok, err := s.p.lookUp(ctx, r.Data.Token)
	if err != nil {
		return nil, s.p.failed(ctx, "introspect", err)
	}
	if !ok && strings.HasPrefix(r.Data.Token, "ygf_") {
		g, live, err := s.p.RefreshGrant(ctx, r.Data.Token)
		if err != nil {
			return nil, s.p.failed(ctx, "introspect", err)
		}
		if !live || g.Client != asker.ID {
			return inactive, nil
		}
		a, ok = access{Grant: g, until: g.Until, refresh: true}, true
	}
	if !ok || a.Grant.Client != asker.ID && asker.Kind != identity.ServiceClient {
		return inactive, nil
	}
	of, err := s.p.FindClient(ctx, a.Grant.Client)
	if err != nil {
		return inactive, nil
	}
	g := a.Grant
	said := map[string]any{
		"active": true, "iss": s.p.issuer, "client_id": g.Client, "aud": g.Client, "exp": a.until.Unix(), "iat": g.Used.Unix(), "scope": strings.Join(g.Scopes, " "),
		"sub": g.Client,
	}
	if !a.refresh {
		said["token_type"] = "Bearer"
	}
	if g.Person != "" {
		said["sub"], said["acr"], said["amr"], said["auth_time"], said["sid"] = s.p.Subject(of, g.Person), g.Proof.Level, g.Proof.Methods, g.Proof.At.Unix(), g.Session
		if slices.Contains(g.Scopes, identity.ScopeProfile) {
			said["username"] = g.Person
		}
	}
	return op.NewResponse(said), nil
}

// UserInfo are the claims of an access token's scopes (OpenID Connect Core §5.3).
func (s server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	if h := r.Header.Get("Authorization"); h != "" && r.Form.Get("access_token") != "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("the token belongs into the header or the form, not into both")
	}
	a, ok, err := s.p.lookUp(ctx, r.Data.AccessToken)
	if err != nil {
		return nil, s.p.failed(ctx, "userinfo", err)
	}
	if !ok || a.Grant.Person == "" || !slices.Contains(a.Grant.Scopes, "openid") {
		return nil, op.NewStatusError(&oidc.Error{ErrorType: "invalid_token", Description: "the access token is not valid, or no longer"}, http.StatusUnauthorized)
	}
	c, err := s.p.FindClient(ctx, a.Grant.Client)
	if err != nil {
		return nil, s.p.failed(ctx, "userinfo", err)
	}
	p, err := s.p.Profile(ctx, a.Grant.Person)
	if err != nil {
		return nil, s.p.failed(ctx, "userinfo", err)
	}
	claims := p.Claims(a.Grant.Scopes)
	claims["sub"] = s.p.Subject(c, a.Grant.Person)
	return op.NewResponse(claims), nil
}

// Keys are the public keys of tokens.
func (s server) Keys(ctx context.Context, _ *op.Request[struct{}]) (*op.Response, error) {
	set, err := s.p.KeySet(ctx)
	if err != nil {
		return nil, s.p.failed(ctx, "keys", err)
	}
	return op.NewResponse(set), nil
}

// Discovery says what this provider can do.
func (s server) Discovery(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	auth := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost, oidc.AuthMethodPrivateKeyJWT, oidc.AuthMethodNone}
	var levels, algorithms []string
	for _, l := range identity.Levels {
		levels = append(levels, string(l))
	}
	for _, a := range identity.Algorithms {
		algorithms = append(algorithms, string(a))
	}
	said := oidc.DiscoveryConfiguration{
		Issuer: s.p.issuer, AuthorizationEndpoint: s.p.issuer + authorizePath, TokenEndpoint: s.p.issuer + tokenPath,
		IntrospectionEndpoint: s.p.issuer + introspectPath, UserinfoEndpoint: s.p.issuer + userinfoPath, RevocationEndpoint: s.p.issuer + revokePath,
		EndSessionEndpoint: s.p.issuer + logoutPath, DeviceAuthorizationEndpoint: s.p.issuer + devicePath, JwksURI: s.p.issuer + keysPath,
		ScopesSupported:        append(append([]string{"openid"}, identity.ClaimScopes...), identity.ScopeOffline),
		ResponseTypesSupported: []string{"code"}, ResponseModesSupported: []string{"query"},
		GrantTypesSupported: []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials, oidc.GrantTypeDeviceCode},
		ACRValuesSupported:  levels, SubjectTypesSupported: []string{"public", "pairwise"}, IDTokenSigningAlgValuesSupported: algorithms,
		TokenEndpointAuthMethodsSupported: auth, TokenEndpointAuthSigningAlgValuesSupported: assertionNames(),
		RevocationEndpointAuthMethodsSupported: auth, RevocationEndpointAuthSigningAlgValuesSupported: assertionNames(),
		IntrospectionEndpointAuthMethodsSupported: auth[:3], IntrospectionEndpointAuthSigningAlgValuesSupported: assertionNames(),
		ClaimTypesSupported: []string{"normal"}, ClaimsParameterSupported: true,
		ClaimsSupported: []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "azp",
			"name", "preferred_username", "locale", "zoneinfo", "email", "email_verified", "groups", "unit", "roles"},
		CodeChallengeMethodsSupported: []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		BackChannelLogoutSupported:    true, BackChannelLogoutSessionSupported: true,
	}
	raw, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	all["request_parameter_supported"] = false
	all["authorization_response_iss_parameter_supported"] = true // RFC 9207
	all["prompt_values_supported"] = prompts
	return op.NewResponse(all), nil
}

func assertionNames() (names []string) {
	for _, a := range assertionAlgorithms {
		names = append(names, string(a))
	}
	return names
}

// assertionAlgorithms are those with which applications may sign who they are.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.PS256, jose.RS256, jose.EdDSA}

// allowed are the scopes that an application gets of those it asked for.
func allowed(c identity.Client, scopes []string) (list []string) {
	for _, scope := range scopes {
		if c.Allows(scope) && !slices.Contains(list, scope) {
			list = append(list, scope)
		}
	}
	return list
}
