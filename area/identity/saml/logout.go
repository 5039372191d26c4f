package saml

import (
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

// left is a sign-out that was done and is to be answered by a form.
type left struct {
	Client string `json:"c"`
	ID     string `json:"i"`
	Relay  string `json:"r,omitempty"`
	Status string `json:"s"`
	Until  int64  `json:"u"`
}

const aboutLeft = "SAML sign-out"

// errBefore is a request that comes a second time, as an old page does.
var errBefore = errors.New("the request came before")

func errLogout() error {
	return fault.Invalidf("The application's request to sign you out is not valid.")
}

// logout ends the session that a signed request names (Profiles §4.4). No cookie
// is needed for it: the application proves that it is the one to which the
// session was told, and names the person as it was told.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) (c identity.Client, l left, err error) {
	refused := func(err error) (identity.Client, left, error) {
		p.log.InfoContext(r.Context(), "a SAML request to sign out is refused", "error", err.Error(), "from", identity.DeviceOf(r).Network)
		if !errors.Is(err, saml.ErrExpired) && !errors.Is(err, saml.ErrNotYetValid) && !errors.Is(err, errBefore) {
			p.pace.Count(identity.DeviceOf(r).Network, p.now())
		}
		return c, l, errLogout()
	}
	if err := p.slow(w, r); err != nil {
		return c, l, err
	}
	m, err := readMessage(w, r)
	if err == nil {
		_, err = shape(m.raw, "LogoutRequest", "Issuer", "Signature", "Extensions", "NameID", "SessionIndex")
	}
	if err != nil {
		return refused(err)
	}
	idp, err := p.library(r.Context())
	if err != nil {
		return c, l, err
	}
	req, err := saml.NewIdpLogoutRequest(idp, r)
	if err == nil {
		err = req.Validate()
	}
	if errors.Is(err, errInside) {
		return c, l, err
	}
	if err == nil && (req.Request.NameID == nil || req.Request.NameID.Value == "" || !requestID.MatchString(req.Request.ID)) {
		err = errors.New("nobody is named, or the ID is not valid")
	}
	if err != nil {
		return refused(err)
	}
	if c, err = p.EntityOf(r.Context(), req.Request.Issuer.Value); err != nil {
		return c, l, err
	}
	first, err := p.Once(r.Context(), "saml sign-out "+c.ID+" "+req.Request.ID, p.now().Add(time.Hour).UnixMilli())
	if err != nil {
		return c, l, err
	}
	if !first {
		return refused(errBefore)
	}
	var sessions []string
	for _, index := range req.Request.AllSessionIndexes() {
		sessions = append(sessions, index.Value)
	}
	known, err := p.LetGo(r.Context(), c, req.Request.NameID.Value, sessions)
	if err != nil {
		return c, l, err
	}
	l = left{Client: c.ID, ID: req.Request.ID, Relay: m.relay, Status: saml.StatusSuccess, Until: p.now().Add(begunFor).UnixMilli()}
	if !known {
		l.Status = saml.StatusUnknownPrincipal
	}
	return c, l, nil
}

// SLO handles a request to sign out that came by HTTP-Redirect.
func (p *Provider) SLO(w http.ResponseWriter, r *http.Request) (*Post, error) {
	w.Header().Set("Cache-Control", "no-store")
	c, l, err := p.logout(w, r)
	if err != nil {
		return nil, err
	}
	return p.gone(w, r, c, l)
}

// sloForm handles one that came by HTTP-POST.
func (p *Provider) sloForm(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, l, err := p.logout(w, r)
	if paced(w, err) {
		return
	}
	if err != nil && fault.KindOf(err) == fault.KindInternal {
		p.internal(w, r, "slo", err)
		return
	}
	p.travel(w, r, leftPath, l, aboutLeft) // without an application it says that the request was not valid
}

// Left answers a sign-out that came by a form.
func (p *Provider) Left(w http.ResponseWriter, r *http.Request) (*Post, error) {
	w.Header().Set("Cache-Control", "no-store")
	var l left
	if err := p.Unseal(r.URL.Query().Get("r"), aboutLeft, &l); err != nil || l.Client == "" || l.Until < p.now().UnixMilli() {
		return nil, errLogout()
	}
	c, err := p.FindClient(r.Context(), l.Client)
	if fault.Is(err, fault.KindNotFound) || err == nil && c.SAML == nil {
		return nil, errLogout()
	}
	if err != nil {
		return nil, err
	}
	return p.gone(w, r, c, l)
}

// gone answers the application (Bindings §3.4, §3.5).
func (p *Provider) gone(w http.ResponseWriter, r *http.Request, c identity.Client, l left) (*Post, error) {
	idp, err := p.library(r.Context())
	if err != nil {
		return nil, err
	}
	point, redirect := c.SAML.SignOut(identity.ByRedirect)
	if !redirect {
		var ok bool
		if point, ok = c.SAML.SignOut(identity.ByPost); !ok {
			return nil, errLogout()
		}
	}
	req := &saml.IdpLogoutRequest{IDP: idp, HTTPRequest: r, RelayState: l.Relay, Request: saml.LogoutRequest{ID: l.ID}, Now: p.now(),
		SLOEndpoint: &saml.Endpoint{Binding: leaves[point.Binding], Location: point.Location, ResponseLocation: point.Response}}
	resp := req.MakeLogoutResponse(l.Status)
	if l.Status != saml.StatusSuccess {
		resp.Status.StatusCode = saml.StatusCode{Value: saml.StatusResponder, StatusCode: &saml.StatusCode{Value: l.Status}}
	}
	if redirect {
		w.Header().Set("Referrer-Policy", "no-referrer")
		return nil, req.WriteLogoutResponse(w, resp)
	}
	if resp.Signature, err = signature(idp, resp.Element()); err != nil {
		return nil, err
	}
	raw, err := written(resp.Element())
	if err != nil {
		return nil, err
	}
	post := &Post{Name: c.Name, To: resp.Destination, Fields: []Field{{"SAMLResponse", base64.StdEncoding.EncodeToString(raw)}}}
	if l.Relay != "" {
		post.Fields = append(post.Fields, Field{"RelayState", l.Relay})
	}
	return post, nil
}

// signature is the one that a message of this provider carries.
func signature(idp *saml.IdentityProvider, e *etree.Element) (*etree.Element, error) {
	ctx, err := dsig.NewSigningContext(idp.Signer, [][]byte{idp.Certificate.Raw})
	if err != nil {
		return nil, err
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(idp.SignatureMethod); err != nil {
		return nil, err
	}
	signed, err := ctx.SignEnveloped(e)
	if err != nil {
		return nil, err
	}
	children := signed.ChildElements()
	return children[len(children)-1], nil
}

// written is an element as text.
func written(e *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(e)
	return doc.WriteToBytes()
}

// farewellRequest is the message that tells an application of the end of a session.
func farewellRequest(idp *saml.IdentityProvider, entity string, c identity.Client, f identity.Farewell, now time.Time) (*saml.LogoutRequest, error) {
	until := now.Add(assertionFor)
	l, _ := c.SAML.SignOut(identity.BySOAP)
	req := &saml.LogoutRequest{
		ID: "l-" + id.New(), Version: "2.0", IssueInstant: now, NotOnOrAfter: &until, Destination: l.Location,
		Issuer:       &saml.Issuer{Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:entity", Value: entity},
		NameID:       &saml.NameID{Value: f.KnownAs},
		SessionIndex: &saml.SessionIndex{Value: f.Session},
	}
	for kind, format := range nameIDs {
		if kind == c.SAML.NameID {
			req.NameID.Format = format
		}
	}
	if req.NameID.Format == nameIDs[identity.NamePersistent] {
		req.NameID.NameQualifier, req.NameID.SPNameQualifier = entity, c.SAML.Entity
	}
	var err error
	req.Signature, err = signature(idp, req.Element())
	return req, err
}
