package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

// A gate stands before an application that speaks no OpenID Connect: its proxy
// (NGINX auth_request, Caddy forward_auth, Traefik ForwardAuth) asks here for
// every request, so that a person is out with the next one. The session at the
// application's host is a cookie of its own, made by a code flow of ours.

// passage is the content of that cookie.
type passage struct {
	Grant string `json:"g"`
	Host  string `json:"h"`
	Until int64  `json:"u"`
}

// approach is the state of a code flow at a gate; the cookie "approach" has its key.
type approach struct {
	Host     string `json:"h"`
	To       string `json:"t"` // path and query, as first asked for
	Verifier string `json:"v"`
	Browser  string `json:"b"`
	Until    int64  `json:"u"`
}

const (
	aboutPassage  = "passage at a gate"
	aboutApproach = "approach to a gate"
)

// original is the request that the proxy asks about. status tells that the proxy
// takes only 200, 401 and 403 for an answer.
func original(r *http.Request) (host, uri string, status bool) {
	if full := r.Header.Get("X-Original-URL"); full != "" { // NGINX
		u, err := url.Parse(full)
		if err != nil {
			return "", "", true
		}
		return strings.ToLower(u.Host), u.RequestURI(), true
	}
	host = strings.ToLower(r.Header.Get("X-Forwarded-Host"))
	return host, r.Header.Get("X-Forwarded-Uri"), false
}

// check answers a proxy: 200 with who it is, or the way to sign-in. Nothing of
// the headers is believed beyond the host, and that only to choose the
// application: a passage is for one host and is looked up each time.
func (p *Provider) check(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	host, uri, status := original(r)
	c, err := p.GateOf(r.Context(), host)
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	if !status && strings.HasPrefix(uri, gatePath) { // the way back comes through the proxy too
		u, err := url.Parse(uri)
		if err != nil {
			http.Error(w, "the address can't be read", http.StatusBadRequest)
			return
		}
		p.step(w, r, c, strings.TrimPrefix(u.Path, gatePath), u.Query())
		return
	}
	g, ok, err := p.passes(r, c)
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	if ok {
		p.pass(w, r, g)
		return
	}
	start := p.origin(c) + gatePath + "start?" + url.Values{"to": {localTo(uri)}}.Encode()
	if status || !navigates(r) {
		w.Header().Set("Location", start)
		http.Error(w, "please sign in", http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, start, http.StatusFound)
}

// navigates tells whether a person looks at the answer. A script gets 401: it
// could not follow to another host.
func navigates(r *http.Request) bool {
	method := r.Header.Get("X-Forwarded-Method")
	if method != "" && method != http.MethodGet && method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return r.Header.Get("X-Requested-With") == ""
}

// localTo is a path at the same host, whatever was asked for.
func localTo(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, "//") ||
		strings.ContainsAny(uri, "\\\r\n\t") || len(uri) > 2000 || strings.HasPrefix(uri, gatePath) {
		return "/"
	}
	return uri
}

func (p *Provider) gateFails(w http.ResponseWriter, r *http.Request, err error) {
	if fault.KindOf(err) == fault.KindInternal {
		p.log.ErrorContext(r.Context(), "a gate could not be asked", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	http.Error(w, "no application is registered for this host", http.StatusForbidden)
}

// origin is how browsers reach the application: as registered, never as asked.
func (p *Provider) origin(c identity.Client) string {
	return strings.TrimSuffix(c.Redirects[0], gatePath+"callback")
}

// passes tells whether the cookie of a request lets it through now.
func (p *Provider) passes(r *http.Request, c identity.Client) (g identity.Grant, ok bool, err error) {
	cookie, err := r.Cookie(p.cookie("gate"))
	if err != nil {
		return g, false, nil
	}
	var way passage
	if p.Unseal(cookie.Value, aboutPassage, &way) != nil || way.Host != c.Host || way.Until <= p.now().UnixMilli() {
		return g, false, nil
	}
	g, ok, err = p.GrantAlive(r.Context(), way.Grant)
	if err != nil || !ok || g.Client != c.ID || !g.Proof.Level.Meets(c.MinLevel) {
		return g, false, err
	}
	return g, true, p.InUse(r.Context(), g)
}

func (p *Provider) pass(w http.ResponseWriter, r *http.Request, g identity.Grant) {
	profile, err := p.Profile(r.Context(), g.Person)
	if fault.Is(err, fault.KindDenied) || fault.Is(err, fault.KindNotFound) {
		http.Error(w, "please sign in", http.StatusUnauthorized)
		return
	}
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Remote-User", profile.Person.ID)
	h.Set("Remote-Name", printable(profile.Person.Name))
	h.Set("Remote-Email", printable(profile.Person.Email))
	h.Set("Remote-Groups", strings.Join(profile.Groups, ","))
	h.Set("Remote-Roles", strings.Join(profile.Roles, ","))
	h.Set("Remote-Level", string(g.Proof.Level))
	w.WriteHeader(http.StatusOK)
}

// printable is what a header can carry.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// gateStep serves the way to sign-in and back where the proxy hands it on as it is.
func (p *Provider) gateStep(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	host := r.Header.Get("X-Forwarded-Host")
	if host == "" {
		host = r.Host
	}
	c, err := p.GateOf(r.Context(), strings.ToLower(host))
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	p.step(w, r, c, r.PathValue("step"), r.URL.Query())
}

func (p *Provider) step(w http.ResponseWriter, r *http.Request, c identity.Client, step string, q url.Values) {
	switch step {
	case "start":
		p.gateStart(w, r, c, q.Get("to"))
	case "callback":
		p.gateBack(w, r, c, q)
	case "sign-out":
		p.setGate(w, "gate", "", -1)
		http.Redirect(w, r, p.issuer+logoutPath+"?"+url.Values{"client_id": {c.ID}}.Encode(), http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

// gateStart begins a code flow.
func (p *Provider) gateStart(w http.ResponseWriter, r *http.Request, c identity.Client, to string) {
	secret, verifier := id.Token(), id.Token()
	until := p.now().Add(begunFor)
	state, err := p.Seal(approach{Host: c.Host, To: localTo(to), Verifier: verifier, Browser: id.Digest(secret), Until: until.UnixMilli()}, aboutApproach)
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	sum := sha256.Sum256([]byte(verifier))
	p.setGate(w, "approach", secret, int(begunFor/time.Second))
	q := url.Values{"client_id": {c.ID}, "redirect_uri": {c.Redirects[0]}, "response_type": {"code"}, "scope": {"openid"}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	http.Redirect(w, r, p.issuer+authorizePath+"?"+q.Encode(), http.StatusFound)
}

// gateBack ends it: the browser that began it gets its cookie and what it asked for.
func (p *Provider) gateBack(w http.ResponseWriter, r *http.Request, c identity.Client, q url.Values) {
	var a approach
	cookie, err := r.Cookie(p.cookie("approach"))
	if err != nil || p.Unseal(q.Get("state"), aboutApproach, &a) != nil || a.Host != c.Host || a.Until <= p.now().UnixMilli() ||
		a.Browser != id.Digest(cookie.Value) || q.Get("iss") != p.issuer || len(q["code"]) != 1 {
		http.Error(w, "this sign-in was begun in another browser or took too long: please open the application again", http.StatusForbidden)
		return
	}
	out, err := p.Redeem(r.Context(), c, q.Get("code"), c.Redirects[0], a.Verifier)
	if err != nil {
		if fault.KindOf(err) == fault.KindInternal && !slices.Contains([]error{identity.ErrGrant}, err) {
			p.gateFails(w, r, err)
			return
		}
		http.Error(w, "this sign-in is used up: please open the application again", http.StatusForbidden)
		return
	}
	sealed, err := p.Seal(passage{Grant: out.Grant.ID, Host: c.Host, Until: out.Grant.Until.UnixMilli()}, aboutPassage)
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	p.setGate(w, "approach", "", -1)
	p.setGate(w, "gate", sealed, int(out.Grant.Until.Sub(p.now())/time.Second))
	http.Redirect(w, r, p.origin(c)+localTo(a.To), http.StatusFound)
}

func (p *Provider) setGate(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: p.cookie(name), Value: value, Path: "/", HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode, MaxAge: age})
}
