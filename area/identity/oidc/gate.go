package oidc

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/peer"
	"yagura/kernel/text"
)

// A gate stands before an application that speaks no OpenID Connect: its proxy
// (NGINX auth_request, Caddy forward_auth, Traefik ForwardAuth) asks here for
// every request, so that a person is out with the next one. The session at the
// application's host is a cookie of its own, made by a code flow of ours.
//
// Which application is asked about stands in the address that the proxy is set up
// with, where nothing that a browser sends gets to. What the proxy says besides
// chooses nothing: it must agree with what is registered, so that a
// configuration copied from another application closes instead of opening that one.

// passage is the content of that cookie.
type passage struct {
	Grant  string `json:"g"`
	Client string `json:"c"`
	Host   string `json:"h"`
	Until  int64  `json:"u"`
}

const aboutPassage = "passage at a gate"

// asked is the application that a proxy asks about, or what is wrong with the
// question.
func (p *Provider) asked(r *http.Request) (c identity.Client, wrong text.Message, err error) {
	c, err = p.FindClient(r.Context(), r.PathValue("app"))
	if fault.Is(err, fault.KindNotFound) || err == nil && c.Kind != identity.GateClient {
		return identity.Client{}, text.M("A proxy asks about an application that is not registered as one behind a proxy"), nil
	}
	if err != nil {
		return c, wrong, err
	}
	hosts := r.Header.Values("X-Forwarded-Host")
	if len(hosts) != 1 {
		return c, text.M("The proxy must say once, by X-Forwarded-Host, for which host it asks"), nil
	}
	for _, whole := range append(r.Header.Values("X-Original-URL"), absolute(r.Header.Values("X-Forwarded-Uri"))...) {
		u, err := url.Parse(whole)
		if err != nil {
			u = &url.URL{}
		}
		hosts = append(hosts, u.Host)
	}
	for _, host := range hosts {
		if p.canonical(host) != p.canonical(c.Host) {
			return c, text.M("The proxy asks for the host “%s”, which is not that of the application", brief(host)), nil
		}
	}
	if !peer.Vouched(r) {
		return c, text.M("The question came from %s. Where people come from is taken only from proxies that the setting trusted_proxies names, by X-Forwarded-For.", identity.DeviceOf(r).Network), nil
	}
	return c, wrong, nil
}

// absolute are those that are more than a path.
func absolute(uris []string) (list []string) {
	for _, uri := range uris {
		if uri != "" && !strings.HasPrefix(uri, "/") && uri != "*" {
			list = append(list, uri)
		}
	}
	return list
}

// brief is a text of strangers for a log and a page.
func brief(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return printable(s)
}

// canonical writes a host as it is registered: small letters, no dot at its end,
// no port where it is the usual one.
func (p *Provider) canonical(host string) string {
	host = strings.ToLower(host)
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	name = strings.TrimSuffix(name, ".")
	if port == "" || port == "443" && p.secure || port == "80" && !p.secure {
		return name
	}
	return net.JoinHostPort(name, port)
}

// check answers a proxy: with 200 and who it is, or the way to sign-in. status
// tells that the proxy takes nothing but 200, 401 and 403 for an answer. Only a
// living grant leads to 200.
func (p *Provider) check(status bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		c, wrong, err := p.asked(r)
		if err != nil {
			p.gateFails(w, r, err)
			return
		}
		if !wrong.IsZero() {
			p.misasked(r, c, wrong)
			p.stop(w, r, c, stopSetup, status)
			return
		}
		uri := r.Header.Get("X-Forwarded-Uri")
		if !status && strings.HasPrefix(uri, gatePath) { // the way back comes through the proxy too
			u, err := url.Parse(uri)
			if err != nil {
				http.Error(w, "the address can't be read", http.StatusBadRequest)
				return
			}
			p.step(w, r, c, strings.TrimPrefix(u.Path, gatePath), u.Query())
			return
		}
		pass, err := p.passes(r, c)
		switch {
		case err != nil:
			p.gateFails(w, r, err)
			return
		case pass.In:
			p.pass(w, r, pass.Grant)
			return
		case pass.Refused != "":
			p.stop(w, r, c, string(pass.Refused), status)
			return
		}
		q := url.Values{"to": {localTo(uri)}}
		if pass.Needs != identity.NoLevel {
			q.Set("level", string(pass.Needs))
		}
		start := p.origin(c) + gatePath + "start?" + q.Encode()
		if status || !navigates(r) {
			w.Header().Set("Location", start)
			http.Error(w, "please sign in", http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, start, http.StatusFound)
	}
}

// unnamed answers proxies that are set up as it was done once: the host that they
// named chose the application, and what they named was often the browser's word.
func (p *Provider) unnamed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	host := r.Header.Get("X-Forwarded-Host")
	if u, err := url.Parse(r.Header.Get("X-Original-URL")); err == nil && u.Host != "" {
		host = u.Host
	}
	c, err := p.GateOf(r.Context(), p.canonical(host))
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		p.gateFails(w, r, err)
		return
	}
	p.misasked(r, c, text.M("A proxy asks at %s, which names no application", r.URL.Path))
	p.stop(w, r, c, stopSetup, r.Header.Get("X-Original-URL") != "") // that is NGINX
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
	p.log.ErrorContext(r.Context(), "a gate could not be asked", "error", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}

// origin is how browsers reach the application: as registered, never as asked.
func (p *Provider) origin(c identity.Client) string {
	return strings.TrimSuffix(c.Redirects[0], gatePath+"callback")
}

// passes tells what becomes of a request by its cookie.
func (p *Provider) passes(r *http.Request, c identity.Client) (out identity.Passing, err error) {
	cookies := r.CookiesNamed(p.cookie("gate"))
	if len(cookies) != 1 { // with two, one is not from here
		return out, nil
	}
	var way passage
	if p.Unseal(cookies[0].Value, aboutPassage, &way) != nil || way.Client != c.ID || way.Host != c.Host || way.Until <= p.now().UnixMilli() {
		return out, nil
	}
	return p.Pass(r.Context(), c, way.Grant, identity.DeviceOf(r).Network)
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
	h.Set("Remote-Email", printable(profile.Mail()))
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
