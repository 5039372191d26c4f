package saml

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/crewjam/saml"

	"yagura/area/identity"
	"yagura/kernel/fault"
)

// begun is a request that was looked at when it arrived: signed, of now, of a
// known application and for an address of it. It travels on through the browser
// sealed, so a person may take longer to sign in than a request is valid, and a
// request that came by a form goes on as an address that is opened.
type begun struct {
	Client  string         `json:"c"`
	ID      string         `json:"i,omitempty"` // empty: nobody asked
	To      string         `json:"t"`           // AssertionConsumerService
	Relay   string         `json:"r,omitempty"`
	Level   identity.Level `json:"l,omitempty"`
	Answers []string       `json:"n,omitempty"` // contexts that were asked for
	Name    string         `json:"f"`           // kind of NameID
	Fresh   bool           `json:"s,omitempty"` // who was signed in before signs in again
	Passive bool           `json:"p,omitempty"` // no page may be shown
	Status  string         `json:"e,omitempty"` // what the application is told instead
	Wrong   string         `json:"w,omitempty"` // what the person is told instead, and nobody else
	At      int64          `json:"a"`           // receipt
	Until   int64          `json:"u"`
	Browser string         `json:"b,omitempty"`
}

const (
	aboutBegun = "SAML request"
	begunFor   = 15 * time.Minute
	formFor    = time.Minute // from a form of another site to the address it leads to, which knows no browser yet
)

// Why a request is not answered to the application: it can't be known who asks,
// or where that application is.
const (
	wrongForm    = "form"
	wrongEntity  = "entity"
	wrongAddress = "address"
	wrongSign    = "signature"
	wrongTime    = "time"
)

func telling(why string) error {
	switch why {
	case wrongEntity:
		return fault.Invalidf("The application that wants to sign you in is not known here.")
	case wrongAddress:
		return fault.Invalidf("The application wants to send you to an address that is not registered for it. You were not signed in.")
	case wrongSign:
		return fault.Invalidf("The application's request to sign you in is not signed as it must be.")
	case wrongTime:
		return fault.Invalidf("The application's request to sign you in is too old, or a clock is wrong. Please open the application again.")
	}
	return fault.Invalidf("The application's request to sign you in is not valid.")
}

// receive looks at a request. The error is one of this side; what is wrong with
// the request stands in what is returned.
func (p *Provider) receive(w http.ResponseWriter, r *http.Request) (begun, error) {
	if err := p.slow(w, r); err != nil {
		return begun{}, err
	}
	now := p.now()
	b := begun{At: now.UnixMilli(), Until: now.Add(begunFor).UnixMilli()}
	m, err := readMessage(w, r)
	signed := false
	if err == nil {
		signed, err = shape(m.raw, "AuthnRequest", "Issuer", "Signature", "Extensions", "NameIDPolicy", "RequestedAuthnContext", "Scoping", "Subject", "Conditions")
	}
	if err != nil {
		return p.refused(r, b, wrongForm, err), nil
	}
	idp, err := p.library(r.Context())
	if err != nil {
		return b, err
	}
	req, err := saml.NewIdpAuthnRequest(idp, r)
	if err == nil {
		err = req.Validate()
	}
	switch {
	case err == nil:
	case errors.Is(err, errInside):
		return b, err
	case errors.Is(err, saml.ErrUnknownServiceProvider):
		return p.refused(r, b, wrongEntity, err), nil
	case errors.Is(err, saml.ErrInvalidSignature):
		return p.refused(r, b, wrongSign, err), nil
	case errors.Is(err, saml.ErrExpired), errors.Is(err, saml.ErrNotYetValid):
		return p.refused(r, b, wrongTime, err), nil
	case errors.Is(err, saml.ErrUnknownAssertionConsumerService):
		return p.refused(r, b, wrongAddress, err), nil
	default:
		return p.refused(r, b, wrongForm, err), nil
	}
	c, err := p.EntityOf(r.Context(), req.Request.Issuer.Value)
	if err != nil {
		return b, err
	}
	b.Client, b.ID, b.Relay = c.ID, req.Request.ID, m.relay
	if f := req.Request.Issuer.Format; f != "" && f != "urn:oasis:names:tc:SAML:2.0:nameid-format:entity" || !requestID.MatchString(b.ID) {
		return p.refused(r, b, wrongForm, errors.New("the ID or the issuer's format is not valid")), nil
	}
	if c.SAML.SignedRequests && !m.signed && !signed {
		return p.refused(r, b, wrongSign, errors.New("not signed")), nil
	}
	to, ok := consumer(*c.SAML, req.Request)
	if !ok {
		return p.refused(r, b, wrongAddress, errors.New("no such AssertionConsumerService")), nil
	}
	b.To = to
	p.read(&b, c, req.Request)
	return b, nil
}

// refused notes why a request goes no further.
func (p *Provider) refused(r *http.Request, b begun, why string, err error) begun {
	p.log.InfoContext(r.Context(), "a SAML request is refused", "why", why, "error", err.Error(), "from", identity.DeviceOf(r).Network)
	if why != wrongTime { // an old page that is opened once more is no attempt
		p.pace.Count(identity.DeviceOf(r).Network, p.now())
	}
	b.Wrong = why
	return b
}

// slow turns away a network of which too much was wrong lately, before anything
// is parsed or verified.
func (p *Provider) slow(w http.ResponseWriter, r *http.Request) error {
	wait := p.pace.Wait(identity.DeviceOf(r).Network, p.now())
	if wait <= 0 {
		return nil
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return fault.TooBusy(wait, "Too many wrong requests of applications came from your network. Please try again in a minute.")
}

// paced answers a form of another site where the error is that it came too soon.
func paced(w http.ResponseWriter, err error) bool {
	if !fault.Is(err, fault.KindTooBusy) {
		return false
	}
	http.Error(w, "too many wrong requests from this network", http.StatusTooManyRequests)
	return true
}

// consumer is where a request wants its answer: an address of the registered
// ones, letter by letter, or by its index; not both (Core §3.4.1).
func consumer(m identity.SAML, q saml.AuthnRequest) (string, bool) {
	address, index := q.AssertionConsumerServiceURL, q.AssertionConsumerServiceIndex
	switch {
	case address != "" && index != "":
		return "", false
	case address == "" && index == "":
		return usual(m), true
	}
	i := slices.IndexFunc(m.Consumers, func(c identity.Consumer) bool {
		return address != "" && c.Location == address || index != "" && strconv.Itoa(c.Index) == index
	})
	if i < 0 {
		return "", false
	}
	return m.Consumers[i].Location, true
}

// usual is the address of an application that names none.
func usual(m identity.SAML) string {
	for _, c := range m.Consumers {
		if c.Default {
			return c.Location
		}
	}
	return m.Consumers[0].Location
}

// read reads what is asked for, and what of it the application is told can't be
// had.
func (p *Provider) read(b *begun, c identity.Client, q saml.AuthnRequest) {
	b.Fresh, b.Passive = q.ForceAuthn != nil && *q.ForceAuthn, q.IsPassive != nil && *q.IsPassive
	b.Name = c.SAML.NameID
	var ok bool
	if b.Level, b.Answers, ok = wanted(q.RequestedAuthnContext); !ok {
		b.Status = saml.StatusNoAuthnContext
	}
	b.Level = identity.Strongest(b.Level, c.MinLevel)
	switch {
	case q.ProtocolBinding != "" && q.ProtocolBinding != saml.HTTPPostBinding:
		b.Status = saml.StatusUnsupportedBinding
	case q.Subject != nil, q.Conditions != nil:
		b.Status = saml.StatusRequestUnsupported
	case q.NameIDPolicy != nil && !p.named(b, c, *q.NameIDPolicy):
		b.Status = saml.StatusInvalidNameIDPolicy
	}
}

// named settles by which name the application will know the person. It may
// always ask for one that tells less than what it is set to; never for more.
func (p *Provider) named(b *begun, c identity.Client, policy saml.NameIDPolicy) bool {
	if q := policy.SPNameQualifier; q != nil && *q != "" && *q != c.SAML.Entity {
		return false
	}
	format := ""
	if policy.Format != nil {
		format = *policy.Format
	}
	switch format {
	case "", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", nameIDs[c.SAML.NameID]:
		return true
	case nameIDs[identity.NameTransient]:
		b.Name = identity.NameTransient
		return true
	case nameIDs[identity.NamePersistent]:
		b.Name = identity.NamePersistent
		return true
	}
	return false
}

// still looks again at a request that travelled on: the application may have been
// changed or removed since it was received.
func (p *Provider) still(ctx context.Context, b begun) (identity.Client, error) {
	if b.Wrong != "" {
		return identity.Client{}, telling(b.Wrong)
	}
	c, err := p.FindClient(ctx, b.Client)
	if fault.Is(err, fault.KindNotFound) || err == nil && c.SAML == nil {
		return c, telling(wrongEntity)
	}
	if err == nil && !slices.ContainsFunc(c.SAML.Consumers, func(one identity.Consumer) bool { return one.Location == b.To }) {
		return c, telling(wrongAddress)
	}
	return c, err
}

// SSO handles a request that came by HTTP-Redirect.
func (p *Provider) SSO(w http.ResponseWriter, r *http.Request) (*Post, error) {
	w.Header().Set("Cache-Control", "no-store")
	b, err := p.receive(w, r)
	if err != nil {
		return nil, err
	}
	c, err := p.still(r.Context(), b)
	if err != nil {
		return nil, err
	}
	return p.proceed(w, r, c, b)
}

// ssoForm handles a request that came by HTTP-POST. With a form of another site
// the browser sends no cookie of this host: the request goes on as an address.
func (p *Provider) ssoForm(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	b, err := p.receive(w, r)
	if paced(w, err) {
		return
	}
	if err != nil {
		p.internal(w, r, "sso", err)
		return
	}
	b.Until = p.now().Add(formFor).UnixMilli()
	p.travel(w, r, resumePath, b, aboutBegun)
}

// travel leads the browser to an address that has something sealed.
func (p *Provider) travel(w http.ResponseWriter, r *http.Request, path string, v any, about string) {
	sealed, err := p.Seal(v, about)
	if err != nil {
		p.internal(w, r, path, err)
		return
	}
	http.Redirect(w, r, path+"?"+url.Values{"r": {sealed}}.Encode(), http.StatusSeeOther)
}

// Resume goes on with a request that travelled.
func (p *Provider) Resume(w http.ResponseWriter, r *http.Request) (*Post, error) {
	w.Header().Set("Cache-Control", "no-store")
	var b begun
	if err := p.Unseal(r.URL.Query().Get("r"), aboutBegun, &b); err != nil || b.Until < p.now().UnixMilli() {
		return nil, fault.Invalidf("This sign-in took too long. Please open the application again.")
	}
	if b.Browser != "" && !p.sameBrowser(r, b.Browser) {
		return nil, fault.Invalidf("This sign-in was begun in another browser. Please open the application again.")
	}
	c, err := p.still(r.Context(), b)
	if err != nil {
		return nil, err
	}
	b.Level = identity.Strongest(b.Level, c.MinLevel)
	return p.proceed(w, r, c, b)
}

// Start signs somebody in to an application that did not ask (Profiles §4.1.5),
// where that is allowed.
func (p *Provider) Start(w http.ResponseWriter, r *http.Request, client string) (*Post, error) {
	w.Header().Set("Cache-Control", "no-store")
	c, err := p.FindClient(r.Context(), client)
	if fault.Is(err, fault.KindNotFound) || err == nil && (c.SAML == nil || !c.SAML.Unsolicited) {
		return nil, fault.NotFound("There is no such application")
	}
	if err != nil {
		return nil, err
	}
	now := p.now()
	return p.proceed(w, r, c, begun{Client: c.ID, To: usual(*c.SAML), Level: c.MinLevel, Name: c.SAML.NameID, At: now.UnixMilli(), Until: now.Add(begunFor).UnixMilli()})
}
