package identity

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// SAML is what a SAML application says of itself in its metadata, and what was
// decided about it here.
type SAML struct {
	Entity         string         `json:"entity"` // entityID
	Consumers      []Consumer     `json:"consumers"`
	SignOuts       []SignOutPoint `json:"sign_outs,omitempty"`
	Signing        []string       `json:"signing,omitempty"`    // certificates: base64 of DER
	Encryption     string         `json:"encryption,omitempty"` // assertions are encrypted to it
	Ciphers        []string       `json:"ciphers,omitempty"`    // what it can decrypt
	SignedRequests bool           `json:"signed_requests,omitempty"`

	NameID      string      `json:"name_id"` // one of NameIDs
	Attributes  []Attribute `json:"attributes,omitempty"`
	Unsolicited bool        `json:"unsolicited,omitempty"` // people may begin here instead of at the application
}

// Consumer is an AssertionConsumerService that takes HTTP-POST.
type Consumer struct {
	Location string `json:"location"`
	Index    int    `json:"index"`
	Default  bool   `json:"default,omitempty"`
}

// SignOutPoint is a SingleLogoutService.
type SignOutPoint struct {
	Binding  string `json:"binding"` // one of ByRedirect, ByPost, BySOAP
	Location string `json:"location"`
	Response string `json:"response,omitempty"` // where answers go, if elsewhere
}

// The bindings of sign-out.
const (
	ByRedirect = "redirect"
	ByPost     = "post"
	BySOAP     = "soap"
)

// Attribute is something told about a person, and the name under which.
type Attribute struct {
	Claim string `json:"claim"` // one of SAMLClaims
	Name  string `json:"name"`
}

// The names by which a SAML application knows people.
const (
	NamePersistent = "persistent" // another one for each application
	NameTransient  = "transient"  // another one for each session
	NameEmail      = "email"
)

var (
	// NameIDs are the kinds of names.
	NameIDs = []string{NamePersistent, NameTransient, NameEmail}
	// SAMLClaims are what a SAML application can be told.
	SAMLClaims = []string{"uid", "name", "mail", "groups", "unit", "roles"}
)

// SignOut is the address of a binding, if the application has one.
func (m SAML) SignOut(binding string) (SignOutPoint, bool) {
	i := slices.IndexFunc(m.SignOuts, func(l SignOutPoint) bool { return l.Binding == binding })
	if i < 0 {
		return SignOutPoint{}, false
	}
	return m.SignOuts[i], true
}

// entity is the entityID, empty for what speaks no SAML.
func (c Client) entity() string {
	if c.SAML == nil {
		return ""
	}
	return c.SAML.Entity
}

// settleSAML fills in what follows from the kind: a SAML application is no
// client of OpenID Connect, has no address there and gets no token.
func (c *Client) settleSAML() {
	if c.Kind != SAMLClient {
		c.SAML = nil
		return
	}
	c.Auth, c.Refresh, c.Devices, c.JWT, c.Pairwise = AuthNone, RefreshNone, false, false, true
	c.Redirects, c.AfterLogout, c.Scopes, c.LogoutURI = nil, nil, nil, ""
	if c.SAML == nil {
		c.SAML = &SAML{}
	}
	if l, ok := c.SAML.SignOut(BySOAP); ok {
		c.LogoutURI = l.Location
	}
	if c.SAML.NameID == "" {
		c.SAML.NameID = NamePersistent
	}
}

// mistakes names what is wrong with the registration.
func (m *SAML) mistakes(secure bool) (wrong []fault.Field) {
	u, err := url.Parse(m.Entity)
	if err != nil || m.Entity == "" || len(m.Entity) > 1024 || u.Scheme == "" || strings.ContainsAny(m.Entity, " \t\r\n") {
		wrong = append(wrong, fault.F("metadata", "The entityID must be a URI of at most 1024 characters"))
	}
	if len(m.Consumers) == 0 || len(m.Consumers) > 20 {
		wrong = append(wrong, fault.F("metadata", "1 to 20 AssertionConsumerServices with the binding HTTP-POST are needed"))
	}
	for i, one := range m.Consumers {
		switch {
		case !redirectable(one.Location, SAMLClient):
			wrong = append(wrong, fault.F("metadata", "%s is no address to return to: https, without fragment and wildcard; http for this computer alone", one.Location))
		case slices.ContainsFunc(m.Consumers[:i], func(o Consumer) bool { return o.Index == one.Index }):
			wrong = append(wrong, fault.F("metadata", "The index %d stands at two AssertionConsumerServices", one.Index))
		}
	}
	for _, l := range m.SignOuts {
		for _, address := range []string{l.Location, l.Response} {
			if address != "" && !reachable(address, secure) {
				wrong = append(wrong, fault.F("metadata", "%s is no address for sign-outs: https, without fragment", address))
			}
		}
	}
	for _, c := range append(slices.Clone(m.Signing), m.Encryption) {
		if c == "" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(c)
		if err == nil {
			_, err = x509.ParseCertificate(raw)
		}
		if err != nil {
			wrong = append(wrong, fault.F("metadata", "A certificate can't be read"))
		}
	}
	if m.SignedRequests && len(m.Signing) == 0 {
		wrong = append(wrong, fault.F("signed_requests", "The metadata has no certificate by which signatures could be verified"))
	}
	if !slices.Contains(NameIDs, m.NameID) {
		wrong = append(wrong, fault.F("name_id", "Please choose one"))
	}
	if len(m.Attributes) > 30 {
		wrong = append(wrong, fault.F("attributes", "At most 30 attributes"))
	}
	for _, a := range m.Attributes {
		if !slices.Contains(SAMLClaims, a.Claim) || a.Name == "" || len(a.Name) > 256 || strings.ContainsAny(a.Name, " \t\r\n<>&\"") {
			wrong = append(wrong, fault.F("attributes", "%s is not understood: one a line, uid, name, mail, groups, unit or roles, then an equals sign and the name of the attribute", a.Claim+" = "+a.Name))
			break
		}
	}
	return wrong
}

// freeEntity keeps two applications from having one entityID.
func freeEntity(tx *store.Tx, c Client) error {
	if c.entity() == "" {
		return nil
	}
	var taken int
	if err := tx.QueryRow("SELECT COUNT(*) FROM identity_client WHERE entity = $1 AND id <> $2 AND removed = 0", c.entity(), c.ID).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return fault.Invalid(fault.F("metadata", "Another application has this entityID"))
	}
	return nil
}

// EntityOf is the SAML application of an entityID.
func (s *Service) EntityOf(ctx context.Context, entity string) (c Client, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := store.Rows(tx, readClient, "SELECT "+clientColumns+" FROM identity_client WHERE entity = $1 AND entity <> '' AND removed = 0", entity)
		if err == nil && len(list) == 0 {
			err = fault.NotFound("There is no such application")
		}
		if err == nil {
			c = list[0]
		}
		return err
	})
	return c, err
}

// SAMLEntry is how somebody enters a SAML application.
type SAMLEntry struct {
	Request string    // id of the application's request, which counts once; empty: nobody asked
	Until   time.Time // how long that id must be remembered
	Level   Level     // what was asked for
	KnownAs string    // NameID
}

// ErrAnswered tells that a request was answered before.
var ErrAnswered = errors.New("the request was answered before")

// EnterSAML lets the person of a session into a SAML application, or says why
// not. The request is used up with the first statement, whatever is found wrong
// afterwards.
func (s *Service) EnterSAML(ctx context.Context, c Client, session Session, e SAMLEntry, from Device) (g Grant, err error) {
	var verdict error
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		verdict = nil
		event := Event{Kind: EnterClient, Person: session.Person, Session: session.ID, Client: c.ID, Device: from, Proof: session.Proof}
		if e.Request != "" {
			n, err := tx.Exec("INSERT INTO identity_spent (digest, until) VALUES ($1,$2) ON CONFLICT (digest) DO NOTHING", id.Digest("saml "+c.ID+" "+e.Request), store.Millis(e.Until))
			if err != nil {
				return err
			}
			if n == 0 {
				verdict = ErrAnswered
				return s.noteRefusal(tx, event, "replayed")
			}
		}
		if c, err = findClient(tx, c.ID); err != nil { // as it is by now
			return err
		}
		live, ok, err := s.hold(tx, session.ID)
		if err != nil {
			return err
		}
		if !ok || live.Person != session.Person {
			verdict = fault.Unauthenticated("Please sign in")
			return s.noteRefusal(tx, event, "session")
		}
		event.Proof = live.Proof
		if !live.Proof.Level.Meets(c.MinLevel) || !live.Proof.Level.Meets(e.Level) {
			verdict = fault.Unauthenticated("Please sign in")
			return s.noteRefusal(tx, event, "level")
		}
		p, err := authz.FindPerson(tx, live.Person)
		if err != nil {
			return err
		}
		event.Unit = p.Unit
		here := live
		here.Device, here.into = from, c
		if err := s.admit(tx, p, &here); err != nil {
			var r refusal
			if !errors.As(err, &r) {
				return err
			}
			verdict = r.error
			return s.note(tx, r.event.at(c))
		}
		event = event.where(here)
		g = Grant{ID: id.New(), Client: c.ID, Person: live.Person, Session: live.ID, Proof: live.Proof, Device: from,
			Began: tx.Now, Used: tx.Now, Until: live.Until, Generation: 1, KnownAs: e.KnownAs}
		if _, err := g.add(tx); err != nil {
			return err
		}
		event.Outcome = Allowed
		return s.note(tx, event)
	})
	if err == nil {
		err = verdict
	}
	return g, err
}

// LetGo ends the sessions in which an application knows somebody by a name, as
// the application asks (SAML Core §3.7.3.2): those named, or all where none is.
// known tells that there was one. The application itself is not told of it.
func (s *Service) LetGo(ctx context.Context, c Client, knownAs string, named []string) (known bool, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		known = false
		list, err := store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM identity_grant WHERE client = $1 AND known_as = $2 AND known_as <> ''", c.ID, knownAs)
		if err != nil {
			return err
		}
		done := map[string]bool{}
		for _, g := range list {
			if len(named) > 0 && !slices.Contains(named, g.Session) {
				continue
			}
			known = true
			if done[g.Session] {
				continue
			}
			done[g.Session] = true
			session, live, err := s.sessionOf(tx, g.Session)
			if err != nil {
				return err
			}
			if !live {
				continue
			}
			// With no generation it counts as never given: who let go need not be told.
			if _, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'sign-out', generation = 0 WHERE client = $2 AND session = $3", tx.Millis(), c.ID, session.ID); err != nil {
				return err
			}
			if err := s.end(tx, authz.Actor{Person: session.Person}, session.Person, "id = $2", session.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return known, err
}
