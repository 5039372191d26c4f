package oidc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/area/identity/oidc/check"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

var tables = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, identity.Migrations}

// world is a provider at an address of its own, with people who have passkeys
// in software, and the least of the console's pages.
type world struct {
	t      testing.TB
	db     *store.DB
	clock  *clock.Movable
	s      *identity.Service
	p      *oidc.Provider
	queue  *job.Queue
	issuer string
	keys   map[string]passkey
	admin  authz.Actor
	mux    *http.ServeMux
	app    check.Client
	other  check.Client
}

type passkey struct {
	authenticator virtualwebauthn.Authenticator
	credential    virtualwebauthn.Credential
}

func found(t testing.TB, db *store.DB, clk *clock.Movable) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clk, keys: map[string]passkey{}, mux: http.NewServeMux()}
	server := httptest.NewUnstartedServer(peer.Behind([]string{"127.0.0.0/8", "::1/128"}, w.mux))
	w.issuer = fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, identity.Acts))
	var err error
	if w.s, err = identity.New(db, dir, identity.Options{PublicURL: w.issuer, Idle: time.Hour, Session: 8 * time.Hour, Key: bytes.Repeat([]byte{7}, 32), MailDomains: []string{"example.com"}, Reach: peer.Reach{Local: true}}); err != nil {
		t.Fatal(err)
	}
	system := authz.System("test")
	w.change(func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "works", Kind: "plant", Parent: "group", Region: "world"}); err != nil {
			return err
		}
		if err := authz.PutPeople(tx, authz.Person{ID: "admin", Name: "Admin", Unit: "group", Lang: text.EN, Active: true},
			authz.Person{ID: "keller", Name: "Anna Keller", Unit: "works", Lang: text.EN, Zone: "Europe/Berlin", Email: "keller@example.com", Active: true},
			authz.Person{ID: "ruiz", Name: "Ruiz", Unit: "works", Lang: text.EN, Email: "ruiz@example.com", Active: true}); err != nil {
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
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	w.queue = job.New(db, quiet)
	w.p = oidc.New(oidc.Options{Identity: w.s, Issuer: w.issuer, Clock: clk, Log: quiet, Reach: peer.Reach{Local: true}})
	w.p.Jobs(w.queue)
	if err := w.s.KeepKeys(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.pages()
	server.Start()
	t.Cleanup(server.Close)
	for _, person := range []string{"keller", "ruiz"} {
		w.enrol(dir, person)
	}
	w.app = w.add(identity.Client{ID: "app", Kind: identity.WebClient, Redirects: []string{"https://app.example/callback"}, AfterLogout: []string{"https://app.example/bye"},
		Scopes: []string{"profile", "email", "groups"}, Refresh: identity.RefreshSession})
	w.other = w.add(identity.Client{ID: "other", Kind: identity.WebClient, Redirects: []string{"https://other.example/callback"}, Scopes: []string{"profile", "email"}, Refresh: identity.RefreshOffline,
		JWT: true, Algorithm: "RS256", Pairwise: true})
	return w
}

func (w *world) change(do func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.db.Change(context.Background(), do); err != nil {
		w.t.Fatal(err)
	}
}

// add registers an application and returns it as the checks know it.
func (w *world) add(c identity.Client) check.Client {
	w.t.Helper()
	c.Unit = "works"
	if c.Name == "" {
		c.Name = "The " + c.ID
	}
	secret, err := w.s.AddClient(context.Background(), w.admin, c)
	if err != nil {
		w.t.Fatalf("%s: %v", c.ID, err)
	}
	known := check.Client{ID: c.ID, Secret: secret}
	if len(c.Redirects) > 0 {
		known.Redirect = c.Redirects[0]
	}
	if len(c.AfterLogout) > 0 {
		known.Leave = c.AfterLogout[0]
	}
	return known
}

func (w *world) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{Name: "Yagura", ID: "localhost", Origin: w.issuer}
}

func (w *world) enrol(dir *authz.Directory, person string) {
	w.t.Helper()
	ctx := context.Background()
	var who authz.Actor
	if err := w.db.View(ctx, func(tx *store.Tx) (err error) {
		who, err = dir.ActorOf(tx, person)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	var key passkey
	for try := range 8 { // the authenticator cuts zeros off its numbers, which are refused then
		c, err := w.s.BeginEnrol(ctx, who)
		if err != nil {
			w.t.Fatal(err)
		}
		raw, _ := json.Marshal(c.Options)
		o, err := virtualwebauthn.ParseAttestationOptions(string(raw))
		if err != nil {
			w.t.Fatal(err)
		}
		key = passkey{virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(o.UserID)}), virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)}
		answer := virtualwebauthn.CreateAttestationResponse(w.party(), key.authenticator, key.credential, *o)
		if err = w.s.FinishEnrol(ctx, who, c.Ceremony, "key", []byte(answer)); err == nil {
			break
		}
		if try == 7 {
			w.t.Fatal(err)
		}
	}
	key.authenticator.AddCredential(key.credential)
	w.keys[person] = key
}

// software gives a person one more passkey, which the checks hold.
func (w *world) software(person string) *check.Passkey {
	w.t.Helper()
	who := authz.Actor{Person: person}
	c, err := w.s.BeginEnrol(context.Background(), who)
	if err != nil {
		w.t.Fatal(err)
	}
	options, _ := json.Marshal(c.Options)
	p, answer, err := check.NewPasskey(w.issuer, options)
	if err == nil {
		err = w.s.FinishEnrol(context.Background(), who, c.Ceremony, "software", answer)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// pages are those of the console, without its looks.
func (w *world) pages() {
	w.p.Mount(w.mux)
	page := func(path string, do func(http.ResponseWriter, *http.Request) error) {
		w.mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, r *http.Request) {
			if err := do(rw, r); err != nil {
				http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
			}
		})
	}
	page("/oauth2/authorize", w.p.Authorize)
	page("/oauth2/resume", w.p.Resume)
	page("/oauth2/logout", func(rw http.ResponseWriter, r *http.Request) error {
		_, _, err := w.p.Logout(rw, r)
		return err
	})
	page("/sign-in", func(rw http.ResponseWriter, _ *http.Request) error {
		rw.Header().Set("X-Frame-Options", "DENY")
		fmt.Fprint(rw, "please sign in")
		return nil
	})
	w.mux.HandleFunc("POST /sign-in/begin", func(rw http.ResponseWriter, r *http.Request) {
		c, err := w.s.BeginSignIn(r.Context())
		if err != nil {
			http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		json.NewEncoder(rw).Encode(c)
	})
	w.mux.HandleFunc("POST /sign-in/finish", func(rw http.ResponseWriter, r *http.Request) {
		var f struct {
			Ceremony string
			Answer   json.RawMessage
		}
		json.NewDecoder(r.Body).Decode(&f)
		in, err := w.s.FinishSignIn(r.Context(), f.Ceremony, bytes.NewReader(f.Answer), identity.DeviceOf(r), w.s.Secret(r))
		if err != nil {
			http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.s.SetCookie(rw, in.Secret)
	})
}

// signIn signs a person in with his passkey, as the page's script does.
func (w *world) signIn(person string) func(context.Context, *http.Client, *url.URL) (string, error) {
	return func(ctx context.Context, b *http.Client, page *url.URL) (string, error) {
		if page.Path != "/sign-in" {
			return "", fmt.Errorf("the browser is at %s", page.Path)
		}
		resp, err := b.Post(w.issuer+"/sign-in/begin", "application/json", nil)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		var c struct {
			Ceremony string
			Options  json.RawMessage
		}
		if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
			return "", err
		}
		o, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
		if err != nil {
			return "", err
		}
		key := w.keys[person]
		answer := virtualwebauthn.CreateAssertionResponse(w.party(), key.authenticator, key.credential, *o)
		raw, _ := json.Marshal(map[string]any{"ceremony": c.Ceremony, "answer": json.RawMessage(answer)})
		done, err := b.Post(w.issuer+"/sign-in/finish", "application/json", bytes.NewReader(raw))
		if err != nil {
			return "", err
		}
		defer done.Body.Close()
		if done.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(done.Body)
			return "", fmt.Errorf("%d %s", done.StatusCode, strings.TrimSpace(string(body)))
		}
		return page.Query().Get("next"), nil
	}
}

func (w *world) target() check.Target {
	return check.Target{Issuer: w.issuer, Client: w.app, Other: w.other, SignIn: w.signIn("keller"), Now: w.clock.Now}
}

// weak is the secret of a session that is worth one factor.
func (w *world) weak(person string) string {
	w.t.Helper()
	b := w.browser(person)
	if _, _, err := w.relying(w.app).signIn(b); err != nil {
		w.t.Fatal(err)
	}
	secret := w.secretOf(b)
	if err := w.db.Operate(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_session SET level = 'aal1' WHERE digest = $1", id.Digest(secret))
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// secretOf is the session's secret in a browser.
func (w *world) secretOf(b *browser) string {
	home, _ := url.Parse(w.issuer)
	for _, c := range b.http.Jar.Cookies(home) {
		if c.Name == w.s.CookieName() {
			return c.Value
		}
	}
	return ""
}
