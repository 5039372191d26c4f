package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/descope/virtualwebauthn"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/area/identity/saml"
	"yagura/area/identity/web"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/observe"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// door is the console with the provider behind it, as a browser and an
// application reach it, and people with passkeys.
type door struct {
	b      testing.TB
	db     *store.DB
	s      *identity.Service
	issuer string
	people []*person
	check  *goidc.IDTokenVerifier
}

// person is somebody at his computer, which the door knows.
type person struct {
	id            string
	authenticator virtualwebauthn.Authenticator
	credential    virtualwebauthn.Credential
	device        *http.Cookie
	mu            sync.Mutex
}

const redirect = "https://app.example/back"

func everything(*store.Tx, string) (identity.Allowance, error) {
	return identity.Allowance{Codes: true, Passwords: true}, nil
}

// openDoor opens one on a fresh database: SQLite that waits for the disk ("FULL")
// or lets its own log do so ("NORMAL"), or PostgreSQL ("POSTGRES").
func openDoor(b testing.TB, on string, people int) *door {
	ctx, quiet := context.Background(), slog.New(slog.DiscardHandler)
	keys := b.TempDir()
	o := store.Options{Keys: keys, Normal: on == "NORMAL", Log: quiet}
	if o.DSN = b.TempDir(); on == "POSTGRES" {
		o.DSN = storetest.DSN(b)
	}
	db, err := store.Open(ctx, o)
	must(b, err)
	b.Cleanup(func() { db.Close() })
	must(b, db.Migrate(ctx, authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, identity.Migrations))
	rights := authz.NewPolicy(authz.Acts, identity.Acts)
	dir := authz.NewDirectory(rights)
	outer, inner := http.NewServeMux(), http.NewServeMux()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("Test-Address"); from != "" { // all of them are at the loopback address
			r.RemoteAddr = from + ":40000"
		}
		outer.ServeHTTP(w, r)
	}))
	d := &door{b: b, db: db, issuer: fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)}
	d.s, err = identity.New(db, dir, identity.Options{PublicURL: d.issuer, Key: bytes.Repeat([]byte{7}, 32), Allow: everything})
	must(b, err)
	p := oidc.New(oidc.Options{Identity: d.s, Issuer: d.issuer, Clock: clock.System(), Log: quiet})
	must(b, d.s.KeepKeys(ctx))
	pages, err := console.New(console.Options{Areas: []console.Area{web.Area(d.s, p, saml.New(saml.Options{Identity: d.s, Issuer: d.issuer, Clock: clock.System(), Log: quiet}), rights)}, Sessions: d.s, Log: quiet, Clock: clock.System(), PublicURL: d.issuer})
	must(b, err)
	must(b, pages.Mount(inner))
	p.Mount(outer)
	outer.Handle("/", pages.Wrap(inner))
	server.Start()
	b.Cleanup(server.Close)
	key, err := ledger.OpenKey(keys)
	must(b, err)
	background, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { ledger.NewSealer(db, key, keys, quiet).Run(background) })
	wg.Go(func() { d.s.Tell(background, away{db}, quiet) })
	b.Cleanup(func() { stop(); wg.Wait() })
	d.hire(dir, people)
	provider, err := goidc.NewProvider(ctx, d.issuer)
	must(b, err)
	d.check = provider.Verifier(&goidc.Config{ClientID: "app", SupportedSigningAlgs: []string{"ES256"}})
	return d
}

// away takes the log of authentication and throws it away.
type away struct{ db *store.DB }

func (a away) Take(ctx context.Context, _ []identity.Told, done func(tx *store.Tx) error) error {
	return a.db.Operate(ctx, done)
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// hire brings people with passkeys, and an application without a secret.
func (d *door) hire(dir *authz.Directory, n int) {
	ctx := context.Background()
	must(d.b, d.db.Change(ctx, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Kind: "group", Region: "world"}, authz.Unit{ID: "world", Kind: authz.RegionKind, Parent: "group"}); err != nil {
			return err
		}
		staff := []authz.Person{{ID: "admin", Name: "Admin", Unit: "group", Lang: text.EN, Active: true}}
		for i := range n {
			staff = append(staff, authz.Person{ID: fmt.Sprintf("p%d", i), Name: "Person", Unit: "group", Lang: text.EN, Active: true})
		}
		if err := authz.PutPeople(tx, staff...); err != nil {
			return err
		}
		return authz.Found(tx, authz.System("test"), authz.Grant{Person: "admin", Role: authz.Admin, Tree: authz.Own, Unit: "group", Until: tx.Now.AddDate(1, 0, 0)})
	}))
	who := func(person string) (by authz.Actor) {
		must(d.b, d.db.View(ctx, func(tx *store.Tx) (err error) { by, err = dir.ActorOf(tx, person); return err }))
		return by
	}
	_, err := d.s.AddClient(ctx, who("admin"), identity.Client{ID: "app", Name: "App", Unit: "group", Kind: identity.NativeClient, Auth: identity.AuthNone, Algorithm: "ES256",
		Redirects: []string{redirect}, Scopes: []string{identity.ScopeProfile}, Refresh: identity.RefreshSession})
	must(d.b, err)
	for i := range n {
		p := &person{id: fmt.Sprintf("p%d", i)}
		by := who(p.id)
		for try := range 8 { // the authenticator cuts zeros off its numbers, which are refused then
			c, err := d.s.BeginEnrol(ctx, by)
			must(d.b, err)
			raw, _ := json.Marshal(c.Options)
			o, err := virtualwebauthn.ParseAttestationOptions(string(raw))
			must(d.b, err)
			p.authenticator = virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(o.UserID)})
			p.credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
			answer := virtualwebauthn.CreateAttestationResponse(d.party(), p.authenticator, p.credential, *o)
			if err = d.s.FinishEnrol(ctx, by, c.Ceremony, "key", []byte(answer)); err == nil {
				break
			} else if try == 7 {
				d.b.Fatal(err)
			}
		}
		p.authenticator.AddCredential(p.credential)
		d.people = append(d.people, p)
	}
}

func (d *door) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{Name: "Yagura", ID: "localhost", Origin: d.issuer}
}

// request sends one with cookies and returns the answer with its body.
func (d *door) request(c *http.Client, method, path, media string, body []byte, cookies []*http.Cookie) (*http.Response, []byte, error) {
	r, err := http.NewRequest(method, path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0")
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for _, one := range cookies {
		r.AddCookie(one)
	}
	res, err := c.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res, raw, err
}

// login is the whole way: the application's request, the page, the passkey, the
// code, the tokens, the ID token verified.
func (d *door) login(c *http.Client, p *person) error {
	var jar []*http.Cookie
	if p.device != nil {
		jar = append(jar, p.device)
	}
	keep := func(res *http.Response) {
		for _, one := range res.Cookies() {
			if jar = append(jar, one); strings.HasSuffix(one.Name, "device") {
				p.device = one
			}
		}
	}
	verifier := id.Token() + id.Token()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {redirect}, "scope": {"openid profile"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	res, _, err := d.request(c, "GET", d.issuer+"/oauth2/authorize?"+q.Encode(), "", nil, jar)
	if err != nil || res.StatusCode != 303 {
		return fmt.Errorf("authorize: %v %v", res, err)
	}
	keep(res)
	page, _ := res.Location()
	if res, _, err = d.request(c, "GET", page.String(), "", nil, jar); err != nil || res.StatusCode != 200 {
		return fmt.Errorf("sign-in: %v %v", res, err)
	}
	keep(res)
	res, raw, err := d.request(c, "POST", d.issuer+"/sign-in/begin", "application/json", []byte("{}"), jar)
	if err != nil || res.StatusCode != 200 {
		return fmt.Errorf("begin: %v %s %v", res, raw, err)
	}
	var challenge struct {
		Ceremony string
		Options  json.RawMessage
	}
	if err := json.Unmarshal(raw, &challenge); err != nil {
		return err
	}
	o, err := virtualwebauthn.ParseAssertionOptions(string(challenge.Options))
	if err != nil {
		return err
	}
	answer, _ := json.Marshal(map[string]any{"ceremony": challenge.Ceremony, "answer": json.RawMessage(virtualwebauthn.CreateAssertionResponse(d.party(), p.authenticator, p.credential, *o))})
	res, raw, err = d.request(c, "POST", d.issuer+"/sign-in/finish?"+page.RawQuery, "application/json", answer, jar)
	if err != nil || res.StatusCode != 200 {
		return fmt.Errorf("finish: %v %s %v", res, raw, err)
	}
	keep(res)
	var to struct{ Href string }
	if err := json.Unmarshal(raw, &to); err != nil {
		return err
	}
	if res, raw, err = d.request(c, "GET", d.issuer+to.Href, "", nil, jar); err != nil || res.StatusCode != 302 {
		return fmt.Errorf("resume: %v %s %v", res, raw, err)
	}
	back, _ := res.Location()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier}, "client_id": {"app"}}
	res, raw, err = d.request(c, "POST", d.issuer+"/oauth2/token", "application/x-www-form-urlencoded", []byte(form.Encode()), nil)
	if err != nil || res.StatusCode != 200 {
		return fmt.Errorf("token: %v %s %v", res, raw, err)
	}
	var tokens struct {
		ID string `json:"id_token"`
	}
	if err := json.Unmarshal(raw, &tokens); err != nil {
		return err
	}
	token, err := d.check.Verify(context.Background(), tokens.ID)
	if err == nil && (token.Subject != p.id || token.Nonce != "n") {
		err = fmt.Errorf("the token is of %s", token.Subject)
	}
	return err
}

func client() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// workers log in, each as somebody else, until n logins are done.
func (d *door) workers(n int) (took []time.Duration, err error) {
	const workers = 8
	c := client()
	var next atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			// What connections are read and written by is begun here and has it too.
			pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("side", "client")))
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				p := d.people[int(i)%len(d.people)]
				p.mu.Lock()
				elapsed := clock.Stopwatch()
				failed := d.login(c, p)
				t := elapsed()
				p.mu.Unlock()
				mu.Lock()
				took, err = append(took, t), first(err, failed)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took, err
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// flood guesses passwords from many networks until it is stopped.
func (d *door) flood() (stop func() int64) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var sent atomic.Int64
	c := client()
	for n := range 16 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				form := url.Values{"account": {fmt.Sprintf("p%d", (n*1000+i)%(2*len(d.people)))}, "password": {"Spring2026-Spring2026"}}
				r, _ := http.NewRequestWithContext(ctx, "POST", d.issuer+"/sign-in/password", strings.NewReader(form.Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Test-Address", fmt.Sprintf("198.18.%d.%d", n, i%250))
				if res, err := c.Do(r); err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
					sent.Add(1)
				}
			}
		})
	}
	return func() int64 { cancel(); wg.Wait(); return sent.Load() }
}

// spentCPU is what this process has used of the cores, of the people's computers
// and of the server: where others use them too, it says more than the clock.
func spentCPU(b testing.TB) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLogin is the figure of docs/identity.md: whole logins by passkey with
// eight workers, over HTTP, with the client on the same machine.
func BenchmarkLogin(b *testing.B) {
	observe.Headroom() // as the product does at start
	for _, mode := range []string{"FULL", "NORMAL", "POSTGRES"} {
		for _, flood := range []bool{false, true} {
			name := mode
			if flood {
				name += "-flood"
			}
			b.Run(name, func(b *testing.B) {
				d := openDoor(b, mode, 400)
				if _, err := d.workers(len(d.people)); err != nil { // each is known on his computer then
					b.Fatal(err)
				}
				stop := func() int64 { return 0 }
				if flood {
					stop = d.flood()
					time.Sleep(300 * time.Millisecond)
				}
				b.ResetTimer()
				elapsed, before := clock.Stopwatch(), spentCPU(b)
				took, err := d.workers(b.N)
				all, cpu := elapsed(), spentCPU(b)-before
				b.StopTimer()
				if guesses := stop(); flood {
					b.ReportMetric(float64(guesses)/all.Seconds(), "guesses/s")
				}
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(b.N)/all.Seconds(), "logins/s")
				b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/login")
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			})
		}
	}
}
