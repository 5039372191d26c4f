package saml

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crewjam/saml"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/id"
)

// Post is a form that the browser sends to an application, with its name for
// who reads without scripts.
type Post struct {
	Name   string
	To     string
	Fields []Field
}

// Field is a field of the form.
type Field struct{ Name, Value string }

const (
	assertionFor  = 5 * time.Minute  // how long an assertion can be used
	assertionSkew = 30 * time.Second // by which clocks may differ
)

// proceed answers for the session that there is, or leads to sign-in.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request, c identity.Client, b begun) (*Post, error) {
	if b.Status != "" {
		return p.status(r, c, b, b.Status)
	}
	session, err := p.SessionOf(r.Context(), p.Secret(r))
	if err != nil && !fault.Is(err, fault.KindUnauthenticated) {
		return nil, err
	}
	signedIn := err == nil
	if signedIn && session.Proof.Level.Meets(b.Level) && (!b.Fresh || session.Proof.At.UnixMilli() >= b.At) {
		return p.answer(r, c, b, session)
	}
	if b.Passive {
		return p.status(r, c, b, saml.StatusNoPassive)
	}
	b.Browser, b.Until = p.browser(w, r), time.UnixMilli(b.At).Add(begunFor).UnixMilli()
	sealed, err := p.Seal(b, aboutBegun)
	if err != nil {
		return nil, err
	}
	q := url.Values{"next": {resumePath + "?r=" + sealed}}
	if b.Level != identity.NoLevel {
		q.Set("level", string(b.Level))
	}
	if signedIn {
		q.Set("again", "yes") // the page is shown though somebody is signed in
	}
	http.Redirect(w, r, "/sign-in?"+q.Encode(), http.StatusSeeOther)
	return nil, nil
}

// answer lets the person in and says so to the application.
func (p *Provider) answer(r *http.Request, c identity.Client, b begun, session identity.Session) (*Post, error) {
	profile, err := p.Profile(r.Context(), session.Person)
	if err != nil {
		return nil, err
	}
	name := p.name(c, b.Name, session, profile)
	if name == "" { // known by an address that the person does not have
		return p.status(r, c, b, saml.StatusInvalidNameIDPolicy)
	}
	g, err := p.EnterSAML(r.Context(), c, session, identity.SAMLEntry{Request: b.ID, Until: time.UnixMilli(b.Until).Add(time.Hour), Level: b.Level, KnownAs: name}, identity.DeviceOf(r))
	if errors.Is(err, identity.ErrAnswered) {
		return nil, fault.Invalidf("The application's request to sign you in was answered before. Please open the application again.")
	}
	if err != nil {
		return nil, err
	}
	req, err := p.replying(r.Context(), c, b)
	if err != nil {
		return nil, err
	}
	req.Assertion = p.assertion(c, b, g, profile)
	if err := req.MakeResponse(); err != nil {
		return nil, err
	}
	return form(c, req)
}

// replying is an answer in the making.
func (p *Provider) replying(ctx context.Context, c identity.Client, b begun) (*saml.IdpAuthnRequest, error) {
	idp, err := p.library(ctx)
	if err != nil {
		return nil, err
	}
	e := descriptor(*c.SAML)
	acs := endpoint(identity.Consumer{Location: b.To})
	return &saml.IdpAuthnRequest{IDP: idp, RelayState: b.Relay, Request: saml.AuthnRequest{ID: b.ID}, ServiceProviderMetadata: e,
		SPSSODescriptor: &e.SPSSODescriptors[0], ACSEndpoint: &acs, Now: p.now()}, nil
}

func form(c identity.Client, req *saml.IdpAuthnRequest) (*Post, error) {
	f, err := req.PostBinding()
	if err != nil {
		return nil, err
	}
	post := &Post{Name: c.Name, To: f.URL, Fields: []Field{{"SAMLResponse", f.SAMLResponse}}}
	if f.RelayState != "" {
		post.Fields = append(post.Fields, Field{"RelayState", f.RelayState})
	}
	return post, nil
}

// status tells the application why it gets no assertion (Core §3.2.2.2): that
// the request asks for what there isn't, or that this side can't.
func (p *Provider) status(r *http.Request, c identity.Client, b begun, second string) (*Post, error) {
	req, err := p.replying(r.Context(), c, b)
	if err != nil {
		return nil, err
	}
	top := saml.StatusResponder
	if second == saml.StatusInvalidNameIDPolicy || second == saml.StatusUnsupportedBinding {
		top = saml.StatusRequester
	}
	if err := req.MakeErrorResponse(top, second, ""); err != nil {
		return nil, err
	}
	return form(c, req)
}

// name is the NameID by which an application knows a person.
func (p *Provider) name(c identity.Client, kind string, session identity.Session, profile identity.Profile) string {
	switch kind {
	case identity.NameEmail:
		return profile.Mail() // the application takes it for who somebody is
	case identity.NameTransient:
		// Nobody can connect it with that of another session or application, and
		// sign-out finds it again.
		return "t-" + p.Subject(c, "transient "+session.ID)
	}
	return p.Subject(c, session.Person)
}

// assertion says who entered, how he showed it and what the application may know
// (Profiles §4.1.4.2).
func (p *Provider) assertion(c identity.Client, b begun, g identity.Grant, profile identity.Profile) *saml.Assertion {
	now := p.now()
	until := now.Add(assertionFor)
	session := g.Until
	a := &saml.Assertion{
		ID: "a-" + id.New(), IssueInstant: now, Version: "2.0",
		Issuer: saml.Issuer{Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:entity", Value: p.Entity()},
		Subject: &saml.Subject{
			NameID: &saml.NameID{Format: nameIDs[b.Name], Value: g.KnownAs},
			SubjectConfirmations: []saml.SubjectConfirmation{{
				Method:                  "urn:oasis:names:tc:SAML:2.0:cm:bearer",
				SubjectConfirmationData: &saml.SubjectConfirmationData{InResponseTo: b.ID, NotOnOrAfter: until, Recipient: b.To},
			}},
		},
		Conditions: &saml.Conditions{NotBefore: now.Add(-assertionSkew), NotOnOrAfter: until,
			AudienceRestrictions: []saml.AudienceRestriction{{Audience: saml.Audience{Value: c.SAML.Entity}}}},
		AuthnStatements: []saml.AuthnStatement{{AuthnInstant: g.Proof.At, SessionIndex: g.Session, SessionNotOnOrAfter: &session,
			AuthnContext: saml.AuthnContext{AuthnContextClassRef: &saml.AuthnContextClassRef{Value: told(g.Proof.Level, b.Answers)}}}},
	}
	if b.Name == identity.NamePersistent {
		a.Subject.NameID.NameQualifier, a.Subject.NameID.SPNameQualifier = p.Entity(), c.SAML.Entity
	}
	if list := attributes(c, profile); len(list) > 0 {
		a.AttributeStatements = []saml.AttributeStatement{{Attributes: list}}
	}
	return a
}

// attributes are what the application is set to be told, where there is a value.
func attributes(c identity.Client, profile identity.Profile) (list []saml.Attribute) {
	known := profile.Claims(identity.ClaimScopes)
	known["email"] = profile.Mail() // nothing here could say that it is not verified
	for _, one := range c.SAML.Attributes {
		claim := one.Claim
		switch claim {
		case "uid":
			claim = "preferred_username"
		case "mail":
			claim = "email"
		}
		var values []string
		switch v := known[claim].(type) {
		case string:
			values = []string{v}
		case []string:
			values = v
		}
		a := saml.Attribute{FriendlyName: one.Claim, Name: one.Name, NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}
		if strings.Contains(one.Name, ":") {
			a.NameFormat = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
		}
		for _, v := range values {
			if v != "" {
				a.Values = append(a.Values, saml.AttributeValue{Type: "xs:string", Value: printable(v)})
			}
		}
		if len(a.Values) > 0 {
			list = append(list, a)
		}
	}
	return list
}

// printable leaves out what XML can't hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r >= 0x20 && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}

// browser is the mark of the browser, by the digest of its cookie; one is set
// where there is none yet.
func (p *Provider) browser(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(p.cookie()); err == nil && len(c.Value) == 43 {
		return id.Digest(c.Value)
	}
	secret := id.Token()
	http.SetCookie(w, &http.Cookie{Name: p.cookie(), Value: secret, Path: "/", HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode})
	return id.Digest(secret)
}

func (p *Provider) sameBrowser(r *http.Request, mark string) bool {
	c, err := r.Cookie(p.cookie())
	return err == nil && subtle.ConstantTimeCompare([]byte(id.Digest(c.Value)), []byte(mark)) == 1
}

// cookie is the name of a cookie of this host alone.
func (p *Provider) cookie() string {
	if p.secure {
		return "__Host-yagura-saml"
	}
	return "yagura-saml"
}
