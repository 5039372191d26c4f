// Package saml is the identity provider for applications that speak SAML 2.0:
// the protocol and its HTTP, without a database. Messages pass the front of this
// package first, which knows form alone; then github.com/crewjam/saml parses
// them, verifies signatures and builds answers. Who gets in, what counts once and
// where browsers are led is decided here and in the area.
package saml

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"yagura/area/identity"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/peer"
)

// Identity is what the provider needs of the area; *identity.Service is one.
type Identity interface {
	FindClient(ctx context.Context, client string) (identity.Client, error)
	EntityOf(ctx context.Context, entity string) (identity.Client, error)
	SAMLSigner(ctx context.Context) (*x509.Certificate, crypto.Signer, error)
	SAMLPapers(ctx context.Context) ([]identity.Paper, error)

	Secret(r *http.Request) string
	SessionOf(ctx context.Context, secret string) (identity.Session, error)
	EnterSAML(ctx context.Context, c identity.Client, session identity.Session, e identity.SAMLEntry, from identity.Device) (identity.Grant, error)
	LetGo(ctx context.Context, c identity.Client, knownAs string, sessions []string) (bool, error)
	Once(ctx context.Context, what string, until int64) (bool, error)

	Subject(c identity.Client, person string) string
	Profile(ctx context.Context, person string) (identity.Profile, error)
	Seal(v any, about string) (string, error)
	Unseal(sealed, about string, into any) error
	BidFarewell(ctx context.Context, j job.Job, attempts int, reaches func(identity.Client) bool, send func(context.Context, identity.Client, identity.Farewell) (int, error)) error
}

// Options of a provider.
type Options struct {
	Identity Identity
	Issuer   string // the public URL, without a slash at its end
	Clock    clock.Clock
	Log      *slog.Logger
	Reach    peer.Reach // where messages to applications may go
}

// Provider is the identity provider.
type Provider struct {
	Identity
	base   url.URL
	secure bool
	now    func() time.Time
	log    *slog.Logger
	posts  *http.Client
	pace   identity.Pace
}

// New returns a provider.
func New(o Options) *Provider {
	u, err := url.Parse(strings.TrimSuffix(o.Issuer, "/"))
	if err != nil { // checked by the area
		u = &url.URL{}
	}
	return &Provider{Identity: o.Identity, base: *u, secure: u.Scheme == "https", now: func() time.Time { return o.Clock.Now().UTC() }, log: o.Log, posts: o.Reach.Client(5 * time.Second)}
}

// The addresses. That of the metadata is the entityID as well.
const (
	metadataPath = "/saml/metadata"
	ssoPath      = "/saml/sso"
	sloPath      = "/saml/slo"
	resumePath   = "/saml/resume"
	leftPath     = "/saml/left"
)

func (p *Provider) at(path string) url.URL {
	u := p.base
	u.Path += path
	return u
}

// Entity is the entityID of this provider.
func (p *Provider) Entity() string {
	u := p.at(metadataPath)
	return u.String()
}

// Mount adds what is no page of the console: forms of other sites, which the
// console refuses, and what programs read.
func (p *Provider) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+metadataPath, p.metadata)
	mux.HandleFunc("POST "+ssoPath, p.ssoForm)
	mux.HandleFunc("POST "+sloPath, p.sloForm)
}

// library is the library's provider as of now.
func (p *Provider) library(ctx context.Context) (*saml.IdentityProvider, error) {
	paper, signer, err := p.SAMLSigner(ctx)
	if err != nil {
		return nil, err
	}
	return &saml.IdentityProvider{
		Signer: signer, Certificate: paper, SignatureMethod: dsig.RSASHA256SignatureMethod,
		MetadataURL: p.at(metadataPath), SSOURL: p.at(ssoPath), LogoutURL: p.at(sloPath), LogoutBindings: []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding},
		ServiceProviderProvider: p, RejectSHA1Signatures: true, Clock: dsig.NewFakeClockAt(p.now()), Logger: discard{},
	}, nil
}

// GetServiceProvider gives the library what is registered of an application.
func (p *Provider) GetServiceProvider(r *http.Request, entity string) (*saml.EntityDescriptor, error) {
	c, err := p.EntityOf(r.Context(), entity)
	if fault.Is(err, fault.KindNotFound) || err == nil && c.SAML == nil {
		return nil, os.ErrNotExist
	}
	if err != nil {
		return nil, errors.Join(errInside, err)
	}
	return descriptor(*c.SAML), nil
}

// errInside marks what failed here and is no fault of who asked.
var errInside = errors.New("saml: inside")

// discard is the library's log; what it refuses is told by its errors.
type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Print(...any)          {}
func (discard) Println(...any)        {}
func (discard) Fatal(...any)          {}
func (discard) Fatalf(string, ...any) {}
func (discard) Fatalln(...any)        {}
func (discard) Panic(...any)          {}
func (discard) Panicf(string, ...any) {}
func (discard) Panicln(...any)        {}

func (p *Provider) internal(w http.ResponseWriter, r *http.Request, what string, err error) {
	p.log.ErrorContext(r.Context(), "saml", "at", what, "error", err.Error())
	http.Error(w, "internal error", http.StatusInternalServerError)
}
