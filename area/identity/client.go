package identity

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"yagura/area/identity/policy"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/peer"
	"yagura/kernel/store"
)

// ClientKind is what kind of application it is.
type ClientKind string

// The kinds of applications.
const (
	WebClient     ClientKind = "web"     // runs on a server and keeps a secret
	NativeClient  ClientKind = "native"  // runs with the person and can keep none
	ServiceClient ClientKind = "service" // acts for itself, without a person
	GateClient    ClientKind = "gate"    // speaks no OpenID Connect: its proxy asks /auth/check
	SAMLClient    ClientKind = "saml"    // speaks SAML 2.0
)

// The ways in which an application shows who it is (RFC 7591 §2).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthKey   = "private_key_jwt"
	AuthNone  = "none"
)

// The scopes of claims besides openid.
const (
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopeGroups  = "groups" // the unit and all above it
	ScopeRoles   = "roles"
	ScopeOffline = "offline_access"
)

// ClaimScopes are those that an application can be allowed.
var ClaimScopes = []string{ScopeProfile, ScopeEmail, ScopeGroups, ScopeRoles}

// How long refresh tokens of an application live.
const (
	RefreshNone    = ""        // it gets none
	RefreshSession = "session" // as long as the session
	RefreshOffline = "offline" // with the scope offline_access beyond the session, for 30 days
)

// Client is an application of the group that signs people in here.
type Client struct {
	ID   string     `json:"-"` // client_id
	Name string     `json:"-"`
	Unit string     `json:"-"` // who owns it
	Kind ClientKind `json:"-"`
	Host string     `json:"-"` // of a gate: where the application is reached, such as "wiki.example"
	// LogoutURI is told at once when a session ends (OpenID Connect Back-Channel
	// Logout, or of a SAML application Single Logout by SOAP).
	LogoutURI string `json:"-"`
	// ProbeURI is asked afterwards whether the session still lives there.
	ProbeURI string `json:"probe_uri,omitempty"`

	Auth        string   `json:"auth"`
	Keys        string   `json:"keys,omitempty"` // JWK Set for private_key_jwt
	Redirects   []string `json:"redirects,omitempty"`
	AfterLogout []string `json:"after_logout,omitempty"`
	MinLevel    Level    `json:"min_level,omitempty"`
	// Class is how much harm can be done with it: policies ask for more, or for
	// certain places, by it. Empty is normal.
	Class policy.Class `json:"class,omitempty"`

	Scopes    []string `json:"scopes,omitempty"`
	Refresh   string   `json:"refresh,omitempty"`
	Devices   bool     `json:"devices,omitempty"` // may use the device flow (RFC 8628)
	JWT       bool     `json:"jwt,omitempty"`     // access tokens are readable (RFC 9068); otherwise opaque
	Algorithm string   `json:"algorithm"`
	Pairwise  bool     `json:"pairwise,omitempty"` // every host knows a person by another sub
	SAML      *SAML    `json:"saml,omitempty"`     // of a SAML application

	Made    time.Time `json:"-"`
	Changed time.Time `json:"-"`

	secret string // digest
}

// Confidential tells whether the application can show who it is.
func (c Client) Confidential() bool { return c.Auth != AuthNone }

// HasSecret tells whether it shows so by a secret.
func (c Client) HasSecret() bool { return c.Auth == AuthBasic || c.Auth == AuthPost }

// SecretIs tells whether a secret is the application's, in constant time.
func (c Client) SecretIs(secret string) bool {
	return c.HasSecret() && c.secret != "" && subtle.ConstantTimeCompare([]byte(id.Digest(secret)), []byte(c.secret)) == 1
}

// KeySet are the public keys by which it shows who it is.
func (c Client) KeySet() (set jose.JSONWebKeySet) {
	json.Unmarshal([]byte(c.Keys), &set) // checked when it was saved
	return set
}

// Allows tells whether the application may ask for a scope.
func (c Client) Allows(scope string) bool {
	switch scope {
	case "openid":
		return c.Kind != ServiceClient
	case ScopeOffline:
		return c.Refresh == RefreshOffline
	}
	return slices.Contains(c.Scopes, scope)
}

// allowed are those of some scopes that the application may have.
func (c Client) allowed(scopes []string) (list []string) {
	for _, scope := range scopes {
		if c.Allows(scope) {
			list = append(list, scope)
		}
	}
	return list
}

// Sector is whom a pairwise sub is for: the host of its addresses (OpenID
// Connect Core §8.1).
func (c Client) Sector() string {
	if c.SAML != nil {
		return "saml " + c.SAML.Entity
	}
	for _, r := range c.Redirects {
		if u, err := url.Parse(r); err == nil && u.Host != "" {
			return u.Hostname()
		}
	}
	return c.ID
}

var (
	clientName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,39}$`)
	hostName   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
)

// settle fills in what follows from the rest and names what is wrong. secure
// tells that this server itself is reached by HTTPS.
func (c *Client) settle(secure bool, reach peer.Reach) error {
	c.ID, c.Name = strings.TrimSpace(c.ID), strings.TrimSpace(c.Name)
	c.Host, c.LogoutURI, c.ProbeURI = strings.ToLower(strings.TrimSpace(c.Host)), strings.TrimSpace(c.LogoutURI), strings.TrimSpace(c.ProbeURI)
	c.Redirects, c.AfterLogout = trimmed(c.Redirects), trimmed(c.AfterLogout)
	if c.Algorithm == "" {
		c.Algorithm = string(jose.ES256)
	}
	switch c.Kind {
	case NativeClient:
		c.Auth = AuthNone
	case GateClient:
		c.Auth, c.Refresh, c.Devices, c.JWT, c.Pairwise, c.ProbeURI = AuthNone, RefreshNone, false, false, false, ""
		scheme := "http"
		if secure {
			scheme = "https"
		}
		c.Redirects, c.Scopes = []string{scheme + "://" + c.Host + GatePath + "callback"}, ClaimScopes
	case ServiceClient:
		c.Redirects, c.AfterLogout, c.LogoutURI, c.ProbeURI, c.Refresh, c.Devices, c.Pairwise, c.Scopes = nil, nil, "", "", RefreshNone, false, false, nil
	}
	if c.Kind != GateClient {
		c.Host = ""
	}
	c.settleSAML()
	if c.Auth == "" {
		c.Auth = AuthBasic
	}
	if c.Auth != AuthKey {
		c.Keys = ""
	}
	var wrong []fault.Field
	if !clientName.MatchString(c.ID) {
		wrong = append(wrong, fault.F("id", "2 to 40 small letters, digits, dots and hyphens, beginning with a letter or digit"))
	}
	if n := len([]rune(c.Name)); n == 0 || n > 80 {
		wrong = append(wrong, fault.F("name", "1 to 80 letters"))
	}
	switch c.Kind {
	case WebClient, NativeClient:
		if len(c.Redirects) == 0 && !c.Devices {
			wrong = append(wrong, fault.F("redirects", "At least one address is needed"))
		}
	case GateClient:
		if !hostName.MatchString(c.Host) {
			wrong = append(wrong, fault.F("host", "The host name under which people open it, without https://"))
		}
	case SAMLClient:
		wrong = append(wrong, c.SAML.mistakes(secure)...)
	case ServiceClient:
	default:
		wrong = append(wrong, fault.F("kind", "Please choose one"))
	}
	if c.Class != "" && !slices.Contains(policy.Classes, c.Class) {
		wrong = append(wrong, fault.F("class", "Please choose one"))
	}
	if !slices.Contains([]string{AuthBasic, AuthPost, AuthKey, AuthNone}, c.Auth) || c.Auth == AuthNone && (c.Kind == WebClient || c.Kind == ServiceClient) {
		wrong = append(wrong, fault.F("auth", "Please choose one"))
	}
	if c.Auth == AuthKey && !usableKeys(c.Keys) {
		wrong = append(wrong, fault.F("keys", "A JWK Set with public keys for signatures is needed"))
	}
	for _, r := range c.Redirects {
		if c.Kind != GateClient && !redirectable(r, c.Kind) {
			wrong = append(wrong, fault.F("redirects", "%s is no address to return to: https, without fragment and wildcard; http for this computer alone", r))
			break
		}
	}
	for _, r := range c.AfterLogout {
		if !redirectable(r, c.Kind) {
			wrong = append(wrong, fault.F("after_logout", "%s is no address to return to: https, without fragment and wildcard; http for this computer alone", r))
			break
		}
	}
	for _, one := range []struct{ field, address string }{{"logout_uri", c.LogoutURI}, {"probe_uri", c.ProbeURI}} {
		u, err := url.Parse(one.address)
		switch {
		case one.address == "":
		case err != nil || !reachable(one.address, secure):
			wrong = append(wrong, fault.F(one.field, "An https address without fragment"))
		case !reach.Plain(u):
			wrong = append(wrong, fault.F(one.field, "The configuration does not allow messages to private or local addresses (webhook.allow_private, webhook.allow_local)"))
		}
	}
	if c.MinLevel != NoLevel && !c.MinLevel.Known() {
		wrong = append(wrong, fault.F("min_level", "Please choose one"))
	}
	if c.Algorithm != string(jose.ES256) && c.Algorithm != string(jose.RS256) {
		wrong = append(wrong, fault.F("algorithm", "Please choose one"))
	}
	if !slices.Contains([]string{RefreshNone, RefreshSession, RefreshOffline}, c.Refresh) {
		wrong = append(wrong, fault.F("refresh", "Please choose one"))
	}
	for _, scope := range c.Scopes {
		if !slices.Contains(ClaimScopes, scope) {
			wrong = append(wrong, fault.F("scopes", "There is no scope %s", scope))
			break
		}
	}
	if c.Pairwise && c.Kind != SAMLClient && !oneHost(c.Redirects) {
		wrong = append(wrong, fault.F("pairwise", "All addresses must be on one host for this"))
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

func trimmed(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func usableKeys(set string) bool {
	var keys jose.JSONWebKeySet
	if json.Unmarshal([]byte(set), &keys) != nil || len(keys.Keys) == 0 {
		return false
	}
	for _, k := range keys.Keys {
		if !k.Valid() || !k.IsPublic() || k.Use == "enc" {
			return false
		}
	}
	return true
}

// redirectable tells whether an address can be registered: what is compared is
// the whole text, so there is nothing in it that could stand for something else.
func redirectable(address string, kind ClientKind) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(address, "#*\\ \t\r\n") || len(address) > 500 {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Host != ""
	case "http":
		return loopback(u.Hostname())
	case "javascript", "data", "file", "vbscript", "about", "blob", "":
		return false
	}
	return kind == NativeClient && strings.Contains(u.Scheme, ".") // RFC 8252 §7.1
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// reachable tells whether a message may be sent there.
func reachable(address string, secure bool) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && u.Fragment == "" && len(address) <= 500 &&
		(u.Scheme == "https" || u.Scheme == "http" && (!secure || loopback(u.Hostname())))
}

func oneHost(addresses []string) bool {
	host := ""
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || host != "" && u.Hostname() != host {
			return false
		}
		host = u.Hostname()
	}
	return host != ""
}

const clientColumns = "id, name, unit, kind, host, logout_uri, secret, settings, made, changed, entity"

func readClient(r store.Scanner) (c Client, err error) {
	var settings, entity string
	var made, changed int64
	if err = r.Scan(&c.ID, &c.Name, &c.Unit, &c.Kind, &c.Host, &c.LogoutURI, &c.secret, &settings, &made, &changed, &entity); err != nil {
		return c, err
	}
	c.Made, c.Changed = store.Time(made), store.Time(changed)
	return c, json.Unmarshal([]byte(settings), &c)
}

func findClient(tx *store.Tx, client string) (Client, error) {
	list, err := store.Rows(tx, readClient, "SELECT "+clientColumns+" FROM identity_client WHERE id = $1 AND removed = 0", client)
	if err == nil && len(list) == 0 {
		err = fault.NotFound("There is no such application")
	}
	if err != nil {
		return Client{}, err
	}
	return list[0], nil
}

// clientNames are those of all applications there ever were, by id.
func clientNames(tx *store.Tx) (map[string]string, error) {
	names := map[string]string{}
	_, err := store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var id, name string
		err = r.Scan(&id, &name)
		names[id] = name
		return none, err
	}, "SELECT id, name FROM identity_client")
	return names, err
}

// classesOf are the classes of all applications, by id.
func classesOf(tx *store.Tx) (map[string]policy.Class, error) {
	list, err := store.Rows(tx, readClient, "SELECT "+clientColumns+" FROM identity_client WHERE removed = 0")
	classes := map[string]policy.Class{}
	for _, c := range list {
		if classes[c.ID] = c.Class; c.Class == "" {
			classes[c.ID] = policy.Normal
		}
	}
	return classes, err
}

func (c Client) save(tx *store.Tx) error {
	settings, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO identity_client (`+clientColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)
		ON CONFLICT (id) DO UPDATE SET name=excluded.name, unit=excluded.unit, host=excluded.host, logout_uri=excluded.logout_uri,
		secret=excluded.secret, settings=excluded.settings, changed=excluded.changed, entity=excluded.entity`,
		c.ID, c.Name, c.Unit, string(c.Kind), c.Host, c.LogoutURI, c.secret, string(settings), store.Millis(c.Made), store.Millis(c.Changed), c.entity())
	return err
}
