package oidc

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/op"

	"yagura/area/identity"
	"yagura/kernel/id"
)

// sign signs claims with the key that is active for an algorithm.
func (p *Provider) sign(ctx context.Context, algorithm, kind string, claims map[string]any) (string, error) {
	kid, key, err := p.Signer(ctx, jose.SignatureAlgorithm(algorithm))
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// answer is what the token endpoint says (RFC 6749 §5.1).
type answer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

// tokens makes the tokens of a grant.
func (p *Provider) tokens(ctx context.Context, c identity.Client, out identity.Issued, err error) (*op.Response, error) {
	if err != nil {
		return nil, p.failed(ctx, "token", err)
	}
	g := out.Grant
	a := answer{AccessToken: out.Access, TokenType: "Bearer", ExpiresIn: int(identity.AccessFor / time.Second), RefreshToken: out.Refresh, Scope: strings.Join(g.Scopes, " ")}
	if c.JWT {
		if a.AccessToken, err = p.sign(ctx, c.Algorithm, "at+jwt", p.accessClaims(c, g)); err != nil {
			return nil, p.failed(ctx, "token", err)
		}
	}
	if g.Person != "" && slices.Contains(g.Scopes, "openid") {
		claims, err := p.idClaims(ctx, c, out, a.AccessToken)
		if err == nil {
			a.IDToken, err = p.sign(ctx, c.Algorithm, "JWT", claims)
		}
		if err != nil {
			return nil, p.failed(ctx, "token", err)
		}
	}
	return op.NewResponse(a), nil
}

// accessClaims are those of a readable access token (RFC 9068).
func (p *Provider) accessClaims(c identity.Client, g identity.Grant) map[string]any {
	now := p.now()
	claims := map[string]any{
		"iss": p.issuer, "aud": c.ID, "client_id": c.ID, "sub": c.ID, "iat": now.Unix(), "exp": now.Add(identity.AccessFor).Unix(),
		"jti": id.New(), "grant": g.ID, "scope": strings.Join(g.Scopes, " "),
	}
	if g.Person != "" {
		claims["sub"], claims["acr"], claims["amr"], claims["auth_time"], claims["sid"] = p.Subject(c, g.Person), g.Proof.Level, g.Proof.Methods, g.Proof.At.Unix(), g.Session
	}
	return claims
}

// idClaims are those of an ID token (OpenID Connect Core §2).
func (p *Provider) idClaims(ctx context.Context, c identity.Client, out identity.Issued, access string) (map[string]any, error) {
	now, g := p.now(), out.Grant
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{}
	if wanted := askedClaims(out.Claims).IDToken; len(wanted) > 0 {
		profile, err := p.Profile(ctx, g.Person)
		if err != nil {
			return nil, err
		}
		for name, value := range profile.Claims(c.Scopes) {
			if _, ok := wanted[name]; ok {
				claims[name] = value
			}
		}
	}
	for name, value := range map[string]any{
		"iss": p.issuer, "sub": p.Subject(c, g.Person), "aud": c.ID, "azp": c.ID, "iat": now.Unix(), "exp": now.Add(identity.AccessFor).Unix(),
		"auth_time": g.Proof.At.Unix(), "acr": cmp.Or(g.ACR, g.Proof.Level), "amr": g.Proof.Methods, "sid": g.Session,
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]),
	} {
		claims[name] = value
	}
	if out.Nonce != "" {
		claims["nonce"] = out.Nonce
	}
	return claims, nil
}

// access is an access token that was looked at.
type access struct {
	Grant   identity.Grant
	until   time.Time
	refresh bool
}

// lookUp is what an access token of either form is worth now.
func (p *Provider) lookUp(ctx context.Context, token string) (a access, ok bool, err error) {
	if strings.Count(token, ".") != 2 {
		g, until, ok, err := p.Access(ctx, token)
		return access{Grant: g, until: until}, ok, err
	}
	said, ok := p.readAccess(ctx, token)
	if !ok || said.Expiry == nil || !p.now().Before(said.Expiry.Time()) {
		return a, false, nil
	}
	g, ok, err := p.GrantAlive(ctx, said.Grant)
	if !ok || err != nil || g.Client != said.Client {
		return a, false, err
	}
	g.Scopes = strings.Fields(said.Scope)
	return access{Grant: g, until: said.Expiry.Time()}, true, nil
}

// accessToken is what a readable access token says.
type accessToken struct {
	jwt.Claims
	Client string `json:"client_id"`
	Grant  string `json:"grant"`
	Scope  string `json:"scope"`
}

// readAccess reads a readable access token that was signed here, expired or not.
func (p *Provider) readAccess(ctx context.Context, token string) (said accessToken, ok bool) {
	return said, p.readOwn(ctx, token, "at+jwt", &said) && said.Issuer == p.issuer
}

// readOwn verifies what was signed here.
func (p *Provider) readOwn(ctx context.Context, token, kind string, into any) bool {
	if len(token) > 8<<10 {
		return false
	}
	parsed, err := jwt.ParseSigned(token, identity.Algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return false
	}
	if typ, _ := parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string); typ != kind {
		return false
	}
	set, err := p.KeySet(ctx)
	if err != nil {
		return false
	}
	keys := set.Key(parsed.Headers[0].KeyID)
	if len(keys) != 1 || keys[0].Algorithm != parsed.Headers[0].Algorithm {
		return false
	}
	return parsed.Claims(keys[0].Key, into) == nil
}

// issuerOf is whom an assertion claims to be of, before it is verified.
func issuerOf(assertion string) (string, error) {
	parsed, err := jwt.ParseSigned(assertion, assertionAlgorithms)
	if err != nil {
		return "", err
	}
	var c jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return "", err
	}
	return c.Issuer, nil
}

const (
	assertionFor  = 10 * time.Minute // how far ahead the end of an assertion may lie
	assertionSkew = 30 * time.Second
)

// assertion verifies by what an application shows who it is (RFC 7523 §3), once.
func (p *Provider) assertion(ctx context.Context, c identity.Client, token string) error {
	parsed, err := jwt.ParseSigned(token, assertionAlgorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return errClient()
	}
	var claims jwt.Claims
	verified := false
	for _, k := range c.KeySet().Keys {
		if parsed.Headers[0].KeyID != "" && k.KeyID != "" && parsed.Headers[0].KeyID != k.KeyID {
			continue
		}
		if parsed.Claims(k.Key, &claims) == nil {
			verified = true
			break
		}
	}
	now := p.now()
	if !verified || claims.Issuer != c.ID || claims.Subject != c.ID || claims.ID == "" || claims.Expiry == nil ||
		!now.Before(claims.Expiry.Time().Add(assertionSkew)) || claims.Expiry.Time().After(now.Add(assertionFor)) ||
		claims.NotBefore != nil && now.Add(assertionSkew).Before(claims.NotBefore.Time()) ||
		len(claims.Audience) != 1 || claims.Audience[0] != p.issuer && claims.Audience[0] != p.issuer+tokenPath {
		return errClient()
	}
	first, err := p.Once(ctx, "assertion "+c.ID+" "+claims.ID, claims.Expiry.Time().Add(assertionSkew).UnixMilli())
	if err != nil {
		return p.failed(ctx, "client", err)
	}
	if !first {
		return errClient()
	}
	return nil
}
