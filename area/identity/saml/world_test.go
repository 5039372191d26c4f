package saml_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	peer "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"yagura/area/identity"
	"yagura/area/identity/saml"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	reach "yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

var tables = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, identity.Migrations}

// world is a provider at an address of its own, with the least of the console's
// pages: a form to an application is answered as JSON.
type world struct {
	t      testing.TB
	db     *store.DB
	clock  *clock.Movable
	s      *identity.Service
	p      *saml.Provider
	queue  *job.Queue
	issuer string
	admin  authz.Actor
	mux    *http.ServeMux

	strewn atomic.Bool // each request comes from an address of its own
	came   atomic.Int32
}

func found(t testing.TB, db *store.DB, clk *clock.Movable) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clk, mux: http.NewServeMux()}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if n := w.came.Add(1); w.strewn.Load() {
			r.RemoteAddr = fmt.Sprintf("198.51.%d.%d:4711", n/250, n%250+1)
		}
		w.mux.ServeHTTP(rw, r)
	}))
	w.issuer = fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts))
	var err error
	if w.s, err = identity.New(db, dir, identity.Options{PublicURL: w.issuer, Idle: time.Hour, Session: 8 * time.Hour, Key: bytes.Repeat([]byte{7}, 32), MailDomains: []string{"example.com"}, Reach: reach.Reach{Local: true}}); err != nil {
		t.Fatal(err)
	}
	system := authz.System("test")
	w.change(func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "works", Kind: "plant", Parent: "group", Region: "world"}); err != nil {
			return err
		}
		if err := authz.PutPeople(tx, authz.Person{ID: "admin", Name: "Admin", Unit: "group", Lang: text.EN, Active: true},
			authz.Person{ID: "keller", Name: "Anna <Keller> & Co", Unit: "works", Lang: text.EN, Email: "keller@example.com", Active: true},
			authz.Person{ID: "ruiz", Name: "Ruiz", Unit: "works", Lang: text.EN, Email: "ruiz@elsewhere.example", Active: true}); err != nil {
			return err
		}
		return authz.Found(tx, system, authz.Grant{Person: "admin", Role: authz.Admin, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)})
	})
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		w.admin, err = dir.ActorOf(tx, "admin")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		quiet = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	w.queue = job.New(db, quiet)
	w.p = saml.New(saml.Options{Identity: w.s, Issuer: w.issuer, Clock: clk, Log: quiet, Reach: reach.Reach{Local: true}})
	w.p.Jobs(w.queue)
	w.pages()
	server.Start()
	t.Cleanup(server.Close)
	return w
}

func (w *world) change(do func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.db.Change(context.Background(), do); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pages() {
	w.p.Mount(w.mux)
	page := func(path string, do func(http.ResponseWriter, *http.Request) (*saml.Post, error)) {
		w.mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, r *http.Request) {
			post, err := do(rw, r)
			if err != nil {
				status := http.StatusUnprocessableEntity
				switch fault.KindOf(err) {
				case fault.KindInternal:
					status = http.StatusInternalServerError
				case fault.KindTooBusy:
					status = http.StatusTooManyRequests
				}
				http.Error(rw, err.Error(), status)
				return
			}
			if post != nil {
				json.NewEncoder(rw).Encode(post)
			}
		})
	}
	page("/saml/sso", w.p.SSO)
	page("/saml/resume", w.p.Resume)
	page("/saml/slo", w.p.SLO)
	page("/saml/left", w.p.Left)
	page("/saml/start/{id}", func(rw http.ResponseWriter, r *http.Request) (*saml.Post, error) {
		return w.p.Start(rw, r, r.PathValue("id"))
	})
	w.mux.HandleFunc("GET /sign-in", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "please sign in") })
}

// pair is a key with a certificate of itself.
type pair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var pairs = sync.OnceValue(func() (list [3]pair) {
	for i := range list {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		form := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
		raw, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
		if err != nil {
			panic(err)
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			panic(err)
		}
		list[i] = pair{key, cert}
	}
	return list
})

// application is an independent application with a key, at https://NAME.example.
func (w *world) application(name string, with pair) *peer.ServiceProvider {
	w.t.Helper()
	at := func(path string) url.URL { return url.URL{Scheme: "https", Host: name + ".example", Path: path} }
	sp := &peer.ServiceProvider{EntityID: "https://" + name + ".example/saml", Key: with.key, Certificate: with.cert, MetadataURL: at("/saml/metadata"), AcsURL: at("/saml/acs"), SloURL: at("/saml/slo"),
		SignatureMethod: dsig.RSASHA256SignatureMethod, AuthnNameIDFormat: peer.UnspecifiedNameIDFormat, LogoutBindings: []string{peer.HTTPRedirectBinding, peer.HTTPPostBinding}}
	sp.IDPMetadata = w.metadata()
	return sp
}

func (w *world) metadata() *peer.EntityDescriptor {
	w.t.Helper()
	resp, err := http.Get(w.issuer + "/saml/metadata")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	var e peer.EntityDescriptor
	if err := xml.Unmarshal(raw, &e); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/samlmetadata+xml" {
		w.t.Fatalf("metadata: %d %v %s", resp.StatusCode, err, raw)
	}
	return &e
}

// register reads an application's metadata and registers it.
func (w *world) register(name string, sp *peer.ServiceProvider, change func(m *identity.SAML, c *identity.Client)) {
	w.t.Helper()
	raw, err := xml.Marshal(sp.Metadata())
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := saml.ReadMetadata(raw, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	m.Attributes = []identity.Attribute{{Claim: "uid", Name: "urn:oid:0.9.2342.19200300.100.1.1"}, {Claim: "name", Name: "displayName"}, {Claim: "mail", Name: "mail"}, {Claim: "groups", Name: "memberOf"}, {Claim: "unit", Name: "ou"}, {Claim: "roles", Name: "roles"}}
	c := identity.Client{ID: name, Name: "The " + name, Unit: "works", Kind: identity.SAMLClient, MinLevel: identity.PhishingResistant, SAML: &m}
	if change != nil {
		change(&m, &c)
	}
	if _, err := w.s.AddClient(context.Background(), w.admin, c); err != nil {
		w.t.Fatalf("%s: %+v", name, err)
	}
}

// now gives an application the time of the world.
func (w *world) now(sp *peer.ServiceProvider) *peer.ServiceProvider {
	sp.Clock = dsig.NewFakeClockAt(w.clock.Now())
	return sp
}

// browser is a browser of somebody, who signs in when asked.
type browser struct {
	w      *world
	person string
	http   *http.Client
	asked  int
}

func (w *world) browser(person string) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{w: w, person: person, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// outcome is where a browser came to.
type outcome struct {
	at     *url.URL
	status int
	body   string
	post   *saml.Post
}

func (b *browser) open(address string) outcome {
	b.w.t.Helper()
	resp, err := b.http.Get(address)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.follow(resp)
}

// submit sends a form as a page of another site does: without the cookies of the
// provider.
func (b *browser) submit(address string, form url.Values) outcome {
	b.w.t.Helper()
	bare := &http.Client{CheckRedirect: b.http.CheckRedirect}
	resp, err := bare.PostForm(address, form)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.follow(resp)
}

func (b *browser) follow(resp *http.Response) outcome {
	b.w.t.Helper()
	for range 12 {
		raw, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		here := resp.Request.URL
		var next *url.URL
		if resp.StatusCode/100 == 3 {
			to, err := resp.Location()
			if err != nil {
				b.w.t.Fatal(err)
			}
			if to.Host != here.Host {
				return outcome{at: to, status: resp.StatusCode}
			}
			next = to
		} else {
			if here.Path != "/sign-in" || b.person == "" {
				o := outcome{at: here, status: resp.StatusCode, body: string(raw)}
				if resp.StatusCode == http.StatusOK && strings.HasPrefix(string(raw), "{") {
					o.post = &saml.Post{}
					if err := json.Unmarshal(raw, o.post); err != nil {
						b.w.t.Fatal(err)
					}
				}
				return o
			}
			b.asked++
			var link string
			b.w.change(func(tx *store.Tx) (err error) {
				link, err = identity.MakeLink(tx, authz.System("test"), b.person, identity.Persona, tx.Now.Add(time.Hour))
				return err
			})
			secret, err := b.w.s.Follow(context.Background(), link, identity.Device{Agent: "test", Network: "127.0.0.1"})
			if err != nil {
				b.w.t.Fatal(err)
			}
			b.http.Jar.SetCookies(here, []*http.Cookie{{Name: b.w.s.CookieName(), Value: secret, Path: "/"}})
			next, _ = here.Parse(here.Query().Get("next"))
		}
		var err error
		if resp, err = b.http.Get(next.String()); err != nil {
			b.w.t.Fatal(err)
		}
	}
	b.w.t.Fatal("the browser goes in circles")
	return outcome{}
}

func (o outcome) field(name string) string {
	if o.post != nil {
		for _, f := range o.post.Fields {
			if f.Name == name {
				return f.Value
			}
		}
	}
	return ""
}

// begin is a request of an application and its id.
func (w *world) begin(sp *peer.ServiceProvider, relay string) (string, string) {
	w.t.Helper()
	q, err := w.now(sp).MakeAuthenticationRequest(sp.GetSSOBindingLocation(peer.HTTPRedirectBinding), peer.HTTPRedirectBinding, peer.HTTPPostBinding)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := q.Redirect(relay, sp)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.String(), q.ID
}

// accept has the application read what the browser brings.
func (w *world) accept(sp *peer.ServiceProvider, o outcome, ids ...string) (*peer.Assertion, error) {
	w.t.Helper()
	if o.post == nil {
		w.t.Fatalf("no form: %d at %s: %s", o.status, o.at, o.body)
	}
	form := url.Values{}
	for _, f := range o.post.Fields {
		form.Set(f.Name, f.Value)
	}
	r := httptest.NewRequest("POST", o.post.To, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.ParseForm()
	return w.now(sp).ParseResponse(r, ids)
}

// said is a response as it is written.
func said(t testing.TB, o outcome) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(o.field("SAMLResponse"))
	if err != nil || len(raw) == 0 {
		t.Fatalf("no response: %d at %s: %s", o.status, o.at, o.body)
	}
	return string(raw)
}
