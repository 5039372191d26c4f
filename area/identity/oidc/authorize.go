package oidc

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

var prompts = []string{"none", "login", "consent", "select_account"}

// begun is an authorization request that waits for its person to sign in. It
// travels through the browser sealed, and counts only there: whoever opens the
// link of somebody else's request gets nothing.
type begun struct {
	Client  string        `json:"c"`
	Wish    identity.Wish `json:"w"`
	State   string        `json:"s,omitempty"`
	Fresh   bool          `json:"f,omitempty"` // who was signed in before signs in again
	MaxAge  *int64        `json:"m,omitempty"` // seconds
	Persons []string      `json:"p,omitempty"` // subs of whom alone the application wants; empty: anybody
	None    bool          `json:"-"`           // no page may be shown
	At      int64         `json:"a"`
	Until   int64         `json:"u"`
	Browser string        `json:"b"`
}

const (
	aboutBegun = "authorization request"
	begunFor   = 15 * time.Minute
)

// stray is an error of an authorization request that the application is told.
type stray struct{ code, description string }

// Authorize handles an authorization request (OpenID Connect Core §3.1.2).
// Where it can't be known who asks, the person is told and nobody else.
func (p *Provider) Authorize(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	q, err := p.query(r, authorizePath)
	if err != nil {
		return fault.Invalidf("This sign-in took too long. Please open the application again.")
	}
	if repeated(q) != "" {
		return fault.Invalidf("The application's request to sign you in is not valid: a part of it is repeated.")
	}
	c, err := p.KnownClient(r.Context(), q.Get("client_id"))
	if fault.Is(err, fault.KindNotFound) || err == nil && (c.Kind == identity.ServiceClient || c.Kind == identity.SAMLClient) {
		return fault.Invalidf("The application that wants to sign you in is not known here.")
	}
	if err != nil {
		return err
	}
	redirect := q.Get("redirect_uri")
	if !registered(c, redirect) {
		return fault.Invalidf("The application wants to send you to an address that is not registered for it. You were not signed in.")
	}
	b, wrong := p.read(c, q)
	b.Wish.Redirect, b.State = redirect, q.Get("state")
	if wrong != nil {
		return p.tell(w, r, b, wrong)
	}
	if hint := q.Get("id_token_hint"); hint != "" {
		var said struct {
			Subject string `json:"sub"`
		}
		if !p.readOwn(r.Context(), hint, "JWT", &said) || said.Subject == "" {
			return p.tell(w, r, b, &stray{"invalid_request", "the id_token_hint was not made here"})
		}
		if len(b.Persons) > 0 && !slices.Contains(b.Persons, said.Subject) {
			return p.tell(w, r, b, &stray{"invalid_request", "the id_token_hint and the parameter claims want different persons"})
		}
		b.Persons = []string{said.Subject}
	}
	return p.proceed(w, r, c, b)
}

// registered tells whether an address is one of the application's, letter by
// letter. The port of a loopback address is the native application's choice
// (RFC 8252 §7.3).
func registered(c identity.Client, redirect string) bool {
	if redirect == "" {
		return false
	}
	if slices.Contains(c.Redirects, redirect) {
		return true
	}
	if c.Kind != identity.NativeClient {
		return false
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.User != nil || strings.ContainsAny(redirect, "#\\@ ") {
		return false
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return false
	}
	for _, one := range c.Redirects {
		if k, err := url.Parse(one); err == nil && k.Scheme == "http" && k.Hostname() == u.Hostname() && k.EscapedPath() == u.EscapedPath() && k.RawQuery == u.RawQuery {
			return true
		}
	}
	return false
}

// read reads what is asked for and says what of it is refused.
func (p *Provider) read(c identity.Client, q url.Values) (b begun, wrong *stray) {
	now := p.now()
	b = begun{Client: c.ID, At: now.UnixMilli(), Until: now.Add(begunFor).UnixMilli()}
	for name, code := range map[string]string{"request": "request_not_supported", "request_uri": "request_uri_not_supported", "registration": "registration_not_supported"} {
		if q.Has(name) {
			return b, &stray{code, "this is not supported"}
		}
	}
	if q.Get("response_type") == "" {
		return b, &stray{"invalid_request", "the response_type is missing"}
	}
	if q.Get("response_type") != "code" {
		return b, &stray{"unsupported_response_type", "only code is supported"}
	}
	if mode := q.Get("response_mode"); mode != "" && mode != "query" {
		return b, &stray{"invalid_request", "only the response_mode query is supported"}
	}
	scopes := strings.Fields(q.Get("scope"))
	if !slices.Contains(scopes, "openid") {
		return b, &stray{"invalid_scope", "the scope openid is needed"}
	}
	b.Wish.Scopes = allowed(c, scopes)
	b.Wish.Challenge, b.Wish.Nonce = q.Get("code_challenge"), q.Get("nonce")
	if b.Wish.Challenge == "" {
		return b, &stray{"invalid_request", "PKCE is needed: the code_challenge is missing"}
	}
	if q.Get("code_challenge_method") != "S256" || !challenge(b.Wish.Challenge) {
		return b, &stray{"invalid_request", "PKCE is needed with the code_challenge_method S256"}
	}
	if len(b.Wish.Nonce) > 500 || len(q.Get("state")) > 2000 || len(q.Get("claims")) > 2000 {
		return b, &stray{"invalid_request", "a parameter is too long"}
	}
	asked := strings.Fields(q.Get("prompt"))
	for _, one := range asked {
		if !slices.Contains(prompts, one) || one == "none" && len(asked) > 1 {
			return b, &stray{"invalid_request", "the prompt is not valid"}
		}
	}
	b.None = slices.Contains(asked, "none")
	// Applications of the group need no consent: who is asked for it, or for the
	// account, shows it by signing in.
	b.Fresh = len(asked) > 0 && !b.None
	if age := q.Get("max_age"); age != "" {
		n, err := strconv.ParseInt(age, 10, 32)
		if err != nil || n < 0 {
			return b, &stray{"invalid_request", "the max_age is not valid"}
		}
		b.MaxAge = &n
	}
	var levels []identity.Level
	for _, value := range strings.Fields(q.Get("acr_values")) {
		levels = append(levels, identity.Level(value))
	}
	if raw := q.Get("claims"); raw != "" {
		if !json.Valid([]byte(raw)) {
			return b, &stray{"invalid_request", "the parameter claims is not valid"}
		}
		b.Wish.Claims = json.RawMessage(raw)
		acr, err1 := askedClaims(b.Wish.Claims).of("acr")
		sub, err2 := askedClaims(b.Wish.Claims).of("sub")
		if err1 != nil || err2 != nil {
			return b, &stray{"invalid_request", "the parameter claims is not valid"}
		}
		b.Persons = sub.values
		var known []identity.Level
		for _, value := range acr.values {
			if l := identity.Level(value); l.Known() {
				known = append(known, l)
			}
		}
		if acr.essential && len(acr.values) > 0 && len(known) == 0 {
			return b, &stray{"unmet_authentication_requirements", "none of the essential acr values is known here"}
		}
		levels = append(levels, known...)
		b.Wish.ACR = identity.Strongest(known...) // met by whoever gets in, though he may be stronger still
	}
	b.Wish.Level = identity.Strongest(append(levels, c.MinLevel)...)
	return b, nil
}

func challenge(s string) bool {
	return len(s) == 43 && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

// asked are the claims that a request names (OpenID Connect Core §5.5).
type asked struct {
	IDToken map[string]json.RawMessage `json:"id_token"`
}

func askedClaims(raw json.RawMessage) (a asked) {
	if len(raw) > 0 {
		json.Unmarshal(raw, &a)
	}
	return a
}

// askedClaim is what is asked of one of them (OpenID Connect Core §5.5.1).
type askedClaim struct {
	essential bool
	values    []string // one of which it is to have; none: any
}

func (a asked) of(claim string) (c askedClaim, err error) {
	raw, ok := a.IDToken[claim]
	if !ok {
		return c, nil
	}
	var one struct {
		Essential bool     `json:"essential"`
		Value     *string  `json:"value"`
		Values    []string `json:"values"`
	}
	if err := json.Unmarshal(raw, &one); err != nil {
		return c, err
	}
	if one.Value != nil {
		one.Values = append(one.Values, *one.Value)
	}
	return askedClaim{one.Essential, one.Values}, nil
}

// proceed gives a code for the session that there is, or leads to sign-in.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request, c identity.Client, b begun) error {
	session, err := p.SessionOf(r.Context(), p.Secret(r))
	if err != nil && !fault.Is(err, fault.KindUnauthenticated) {
		return err
	}
	signedIn := err == nil
	enough := signedIn && p.enough(c, b, session)
	if enough {
		needs, err := p.Entering(r.Context(), c, session, identity.DeviceOf(r))
		if fault.Is(err, fault.KindDenied) {
			return p.tell(w, r, b, &stray{"access_denied", "the policy does not let this person in from there"})
		}
		if err != nil {
			return err
		}
		b.Wish.Level = identity.Strongest(b.Wish.Level, needs)
		enough = session.Proof.Level.Meets(b.Wish.Level)
	}
	if enough {
		code, err := p.Code(c, session, b.Wish, identity.DeviceOf(r))
		if err != nil {
			return err
		}
		return p.back(w, r, b, url.Values{"code": {code}})
	}
	if b.None {
		return p.tell(w, r, b, &stray{"login_required", "the person must sign in"})
	}
	b.Browser = p.browser(w, r)
	sealed, err := p.Seal(b, aboutBegun)
	if err != nil {
		return err
	}
	q := url.Values{"next": {resumePath + "?r=" + sealed}}
	if b.Wish.Level != identity.NoLevel {
		q.Set("level", string(b.Wish.Level))
	}
	if signedIn {
		q.Set("again", "yes") // the page is shown though somebody is signed in
	}
	http.Redirect(w, r, "/sign-in?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// enough tells whether a session is what the request asks for.
func (p *Provider) enough(c identity.Client, b begun, session identity.Session) bool {
	at := session.Proof.At
	switch {
	case !session.Proof.Level.Meets(b.Wish.Level):
		return false
	case len(b.Persons) > 0 && !slices.Contains(b.Persons, p.Subject(c, session.Person)): // §3.1.2.2
		return false
	case b.Fresh && at.UnixMilli() < b.At:
		return false
	case b.MaxAge != nil && at.UnixMilli() < b.At && p.now().Sub(at) > time.Duration(*b.MaxAge)*time.Second:
		return false
	}
	return true
}

// Resume goes on with a request once its person has signed in.
func (p *Provider) Resume(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	var b begun
	if err := p.Unseal(r.URL.Query().Get("r"), aboutBegun, &b); err != nil || b.Until < p.now().UnixMilli() {
		return fault.Invalidf("This sign-in took too long. Please open the application again.")
	}
	cookie, err := r.Cookie(p.cookie("begun"))
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Digest(cookie.Value)), []byte(b.Browser)) != 1 {
		return fault.Invalidf("This sign-in was begun in another browser. Please open the application again.")
	}
	c, err := p.KnownClient(r.Context(), b.Client)
	if fault.Is(err, fault.KindNotFound) || err == nil && !registered(c, b.Wish.Redirect) {
		return fault.Invalidf("The application that wants to sign you in is not known here.")
	}
	if err != nil {
		return err
	}
	b.Wish.Level = identity.Strongest(b.Wish.Level, c.MinLevel)
	return p.proceed(w, r, c, b)
}

// browser is the mark of the browser, by the digest of its cookie; one is set
// where there is none yet.
func (p *Provider) browser(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(p.cookie("begun")); err == nil && len(c.Value) == 43 {
		return id.Digest(c.Value)
	}
	secret := id.Token()
	http.SetCookie(w, &http.Cookie{Name: p.cookie("begun"), Value: secret, Path: "/", HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode})
	return id.Digest(secret)
}

// cookie is the name of a cookie of this host alone.
func (p *Provider) cookie(name string) string {
	if p.secure {
		return "__Host-yagura-" + name
	}
	return "yagura-" + name
}

// tell reports an error to the application, by way of the browser.
func (p *Provider) tell(w http.ResponseWriter, r *http.Request, b begun, wrong *stray) error {
	return p.back(w, r, b, url.Values{"error": {wrong.code}, "error_description": {wrong.description}})
}

// back leads the browser to the application. Every answer names who gives it
// (RFC 9207), so that none can be taken for that of another provider.
func (p *Provider) back(w http.ResponseWriter, r *http.Request, b begun, q url.Values) error {
	q.Set("iss", p.issuer)
	if b.State != "" {
		q.Set("state", b.State)
	}
	join := "?"
	if strings.Contains(b.Wish.Redirect, "?") {
		join = "&"
	}
	h := w.Header()
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", b.Wish.Redirect+join+q.Encode())
	w.WriteHeader(http.StatusFound)
	return nil
}
