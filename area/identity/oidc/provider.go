// Package oidc is the OpenID Provider: the protocol and its HTTP, without a
// database. What is asked for again and again and by everybody (token, revoke,
// introspect, userinfo, keys, discovery) is parsed and routed by
// github.com/zitadel/oidc; what it leaves open is closed by the strict front of
// this package. What browsers are led through (authorize, sign-out, gates) is all
// here. Everything that counts once is decided in one transaction of the area.
package oidc

import (
	"context"
	"crypto"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"yagura/area/identity"
	"yagura/kernel/clock"
	"yagura/kernel/job"
	"yagura/kernel/peer"
)

// Identity is what the provider needs of the area; *identity.Service is one.
type Identity interface {
	FindClient(ctx context.Context, client string) (identity.Client, error)
	KnownClient(ctx context.Context, client string) (identity.Client, error)
	GateOf(ctx context.Context, host string) (identity.Client, error)
	KeySet(ctx context.Context) (jose.JSONWebKeySet, error)
	Signer(ctx context.Context, algorithm jose.SignatureAlgorithm) (kid string, key crypto.Signer, err error)

	Secret(r *http.Request) string
	SetCookie(w http.ResponseWriter, secret string)
	SessionOf(ctx context.Context, secret string) (identity.Session, error)
	SignOutOf(ctx context.Context, session identity.Session) error

	Entering(ctx context.Context, c identity.Client, session identity.Session, from identity.Device) (needs identity.Level, err error)
	Code(c identity.Client, session identity.Session, w identity.Wish, from identity.Device) (string, error)
	Redeem(ctx context.Context, c identity.Client, code, redirect, verifier string) (identity.Issued, error)
	Refresh(ctx context.Context, c identity.Client, token string, scopes []string) (identity.Issued, error)
	GrantForClient(ctx context.Context, c identity.Client, scopes []string) (identity.Issued, error)
	BeginDevice(ctx context.Context, c identity.Client, scopes []string, network string) (identity.DeviceCode, error)
	PollDevice(ctx context.Context, c identity.Client, secret string) (identity.Issued, error)
	Access(ctx context.Context, token string) (identity.Grant, time.Time, bool, error)
	GrantAlive(ctx context.Context, grant string) (identity.Grant, bool, error)
	RefreshGrant(ctx context.Context, token string) (identity.Grant, bool, error)
	GrantOf(token string) string
	Revoke(ctx context.Context, c identity.Client, grant string) error
	Pass(ctx context.Context, c identity.Client, grant, from string) (identity.Passing, error)
	Once(ctx context.Context, what string, until int64) (bool, error)

	Subject(c identity.Client, person string) string
	Profile(ctx context.Context, person string) (identity.Profile, error)
	Seal(v any, about string) (string, error)
	Unseal(sealed, about string, into any) error
	BidFarewell(ctx context.Context, j job.Job, attempts int, reaches func(identity.Client) bool, send func(context.Context, identity.Client, identity.Farewell) (int, error)) error
	Probed(ctx context.Context, f identity.Farewell, alive bool, a identity.Answer) error
}

// Options of a provider.
type Options struct {
	Identity Identity
	Issuer   string // the public URL, without a slash at its end
	Clock    clock.Clock
	Log      *slog.Logger
	Reach    peer.Reach // where messages to applications may go
}

// Provider is the OpenID Provider.
type Provider struct {
	Identity
	issuer string
	secure bool
	now    func() time.Time
	log    *slog.Logger
	posts  *http.Client
	pace   identity.Pace

	trouble  sync.Mutex
	troubles map[string]Trouble // by application

	once    sync.Once
	machine http.Handler
}

// New returns a provider.
func New(o Options) *Provider {
	u, _ := url.Parse(o.Issuer) // checked by the area
	return &Provider{
		Identity: o.Identity, issuer: strings.TrimSuffix(o.Issuer, "/"), secure: u != nil && u.Scheme == "https",
		now: func() time.Time { return o.Clock.Now().UTC() }, log: o.Log, posts: o.Reach.Client(5 * time.Second),
	}
}

// The addresses.
const (
	discoveryPath  = "/.well-known/openid-configuration"
	authorizePath  = "/oauth2/authorize"
	resumePath     = "/oauth2/resume"
	tokenPath      = "/oauth2/token"
	revokePath     = "/oauth2/revoke"
	introspectPath = "/oauth2/introspect"
	userinfoPath   = "/oauth2/userinfo"
	keysPath       = "/oauth2/jwks"
	devicePath     = "/oauth2/device"
	logoutPath     = "/oauth2/logout"
	codePath       = "/device"      // where a person types the code of a device
	checkPath      = "/auth/check"  // for proxies that hand an answer on
	statusPath     = "/auth/status" // for those that take 200, 401 and 403 alone
	stepPath       = "/auth/gate"   // the way to sign-in and back, of one application
	gatePath       = identity.GatePath
	// StoppedPath is the page for whoever a gate lets in by no way.
	StoppedPath = "/sign-in/stopped"
)

// Mount adds everything that is no page of the console.
func (p *Provider) Mount(mux *http.ServeMux) {
	for _, path := range []string{tokenPath, revokePath, introspectPath, devicePath} {
		mux.Handle(path, p.strict(path, http.MethodPost))
	}
	mux.Handle(userinfoPath, p.strict(userinfoPath, http.MethodGet, http.MethodPost))
	mux.Handle(keysPath, public(http.HandlerFunc(p.serve)))
	mux.Handle(discoveryPath, public(http.HandlerFunc(p.serve)))
	// Forms of other sites are no pages of the console, which refuses them: they
	// go on as an address that is opened.
	mux.HandleFunc("POST "+authorizePath, p.again(authorizePath))
	mux.HandleFunc("POST "+logoutPath, p.again(logoutPath))
	mux.HandleFunc("GET "+checkPath+"/{app}", p.check(false))
	mux.HandleFunc("GET "+statusPath+"/{app}", p.check(true))
	mux.HandleFunc("GET "+stepPath+"/{app}/{step}", p.gateStep)
	mux.HandleFunc(checkPath, p.unnamed)
	mux.HandleFunc(gatePath, p.unnamed)
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.once.Do(func() { p.machine = p.library() })
	p.machine.ServeHTTP(w, r)
}

// again leads a form to the same address by GET, so that cookies of this host
// come along and a page may be shown. It travels sealed: what it holds, such as an
// ID token, stays out of histories and of logs of addresses.
func (p *Provider) again(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "the form can't be read", http.StatusBadRequest)
			return
		}
		sealed, err := p.Seal(form{Values: r.PostForm, Until: p.now().Add(begunFor).UnixMilli()}, aboutForm+path)
		if err != nil {
			p.log.ErrorContext(r.Context(), "a request of the identity provider failed", "where", path, "error", err)
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, path+"?"+url.Values{formField: {sealed}}.Encode(), http.StatusSeeOther)
	}
}

// form is one that travels.
type form struct {
	Values url.Values `json:"f"`
	Until  int64      `json:"u"`
}

const (
	aboutForm = "form of "
	formField = "sealed_form"
)

var errForm = errors.New("the form has expired or was not sealed here")

// query is what a request asks for: its address, or the form that travels in it.
func (p *Provider) query(r *http.Request, path string) (url.Values, error) {
	q := r.URL.Query()
	if len(q) != 1 || len(q[formField]) != 1 {
		return q, nil
	}
	var f form
	if err := p.Unseal(q.Get(formField), aboutForm+path, &f); err != nil || f.Until < p.now().UnixMilli() {
		return nil, errForm
	}
	return f.Values, nil
}
