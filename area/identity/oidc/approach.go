package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

// approach is the state of a code flow at a gate; the cookie "approach" has its key.
type approach struct {
	Host     string `json:"h"`
	To       string `json:"t"` // path and query, as first asked for
	Verifier string `json:"v"`
	Browser  string `json:"b"`
	Until    int64  `json:"u"`
}

const aboutApproach = "approach to a gate"

// gateStep serves the way to sign-in and back where the proxy hands it on as it is.
func (p *Provider) gateStep(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	c, wrong, err := p.asked(r)
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	if !wrong.IsZero() {
		p.misasked(r, c, wrong)
		p.stop(w, r, c, stopSetup, false)
		return
	}
	p.step(w, r, c, r.PathValue("step"), r.URL.Query())
}

func (p *Provider) step(w http.ResponseWriter, r *http.Request, c identity.Client, step string, q url.Values) {
	switch step {
	case "start":
		p.gateStart(w, r, c, q.Get("to"), identity.Level(q.Get("level")))
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
func (p *Provider) gateStart(w http.ResponseWriter, r *http.Request, c identity.Client, to string, level identity.Level) {
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
	if level.Known() {
		q.Set("acr_values", string(level))
	}
	http.Redirect(w, r, p.issuer+authorizePath+"?"+q.Encode(), http.StatusFound)
}

// gateBack ends it: the browser that began it gets its cookie and what it asked for.
func (p *Provider) gateBack(w http.ResponseWriter, r *http.Request, c identity.Client, q url.Values) {
	var a approach
	cookie, err := r.Cookie(p.cookie("approach"))
	if err != nil || p.Unseal(q.Get("state"), aboutApproach, &a) != nil || a.Host != c.Host || a.Until <= p.now().UnixMilli() ||
		a.Browser != id.Digest(cookie.Value) || q.Get("iss") != p.issuer || len(q["code"]) != 1 {
		p.stop(w, r, c, stopLate, false)
		return
	}
	out, err := p.Redeem(r.Context(), c, q.Get("code"), c.Redirects[0], a.Verifier)
	if err != nil {
		if fault.KindOf(err) == fault.KindInternal && !slices.Contains([]error{identity.ErrGrant}, err) {
			p.gateFails(w, r, err)
			return
		}
		p.stop(w, r, c, stopLate, false)
		return
	}
	sealed, err := p.Seal(passage{Grant: out.Grant.ID, Client: c.ID, Host: c.Host, Until: out.Grant.Until.UnixMilli()}, aboutPassage)
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
