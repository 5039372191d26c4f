package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"yagura/app"
	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// TestKillDuringLogins kills the server while people sign in to an application
// by passkey: afterwards no answer of an authenticator and no code counts twice,
// no token that was revoked lives, and those that were given and not revoked do.
// Once on SQLite; with YAGURA_SOAK=1 ten times on each database, with 600 people
// a second at the door.
func TestKillDuringLogins(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killingLogins(t) })
	t.Run("postgres", func(t *testing.T) {
		if os.Getenv("YAGURA_SOAK") != "1" {
			t.Skip("with YAGURA_SOAK=1 only")
		}
		killingLogins(t, "YAGURA_DATABASE="+storetest.DSN(t), "YAGURA_KEYS="+t.TempDir())
	})
}

const (
	appBack      = "https://app.example/back"
	appVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	appChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// signedIn is what is remembered of one.
type signedIn struct {
	answer            []byte // of the authenticator
	answered          bool   // the server took it
	cookies           []*http.Cookie
	code, access      string
	revoking, revoked bool // the revocation was sent; it was answered
}

// owner is somebody with a passkey.
type owner struct {
	mu            sync.Mutex
	browser       *http.Cookie // by which it is recognised
	authenticator virtualwebauthn.Authenticator
	credential    virtualwebauthn.Credential
}

// callers are people who sign in to the application at a server.
type callers struct {
	url    string
	client *http.Client
	people []*owner

	next   atomic.Int64
	mu     sync.Mutex
	logins []*signedIn
}

func (c *callers) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{Name: "Yagura", ID: "localhost", Origin: c.url}
}

// hire gives people passkeys.
func (c *callers) hire(t *testing.T, a *app.App, n int) {
	t.Helper()
	ctx := context.Background()
	for i := range n {
		person := fmt.Sprintf("caller-%d", i)
		if err := a.DB.Operate(ctx, func(tx *store.Tx) error {
			return authz.PutPeople(tx, authz.Person{ID: person, Name: "Caller", Unit: "works", Lang: text.EN, Active: true})
		}); err != nil {
			t.Fatal(err)
		}
		var by authz.Actor
		if err := a.DB.View(ctx, func(tx *store.Tx) (err error) { by, err = a.Dir.ActorOf(tx, person); return err }); err != nil {
			t.Fatal(err)
		}
		o := &owner{}
		for try := 0; ; try++ { // the authenticator cuts zeros off its numbers, which are refused then
			challenge, err := a.Identity.BeginEnrol(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := json.Marshal(challenge.Options)
			options, err := virtualwebauthn.ParseAttestationOptions(string(raw))
			if err != nil {
				t.Fatal(err)
			}
			o.authenticator = virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(options.UserID)})
			o.credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
			answer := virtualwebauthn.CreateAttestationResponse(c.party(), o.authenticator, o.credential, *options)
			if err = a.Identity.FinishEnrol(ctx, by, challenge.Ceremony, "key", []byte(answer)); err == nil {
				break
			}
			if try == 8 {
				t.Fatal(err)
			}
		}
		o.authenticator.AddCredential(o.credential)
		c.people = append(c.people, o)
	}
}

func (c *callers) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.logins)
}

// send is a request of a browser or of the application.
func (c *callers) send(ctx context.Context, method, path, media string, body []byte, cookies []*http.Cookie) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for _, one := range cookies {
		r.AddCookie(one)
	}
	res, err := c.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	return res, said, err
}

func (c *callers) post(ctx context.Context, path string, form url.Values) (status int, body []byte, err error) {
	res, body, err := c.send(ctx, "POST", path, "application/x-www-form-urlencoded", []byte(form.Encode()), nil)
	if err != nil {
		return 0, nil, err
	}
	return res.StatusCode, body, nil
}

// exchange gives an access token for a code; refused is an answer that it does not count.
func (c *callers) exchange(ctx context.Context, code string) (access string, refused bool, err error) {
	status, body, err := c.post(ctx, "/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appBack}, "code_verifier": {appVerifier}, "client_id": {"app"}})
	if err != nil {
		return "", false, err
	}
	var answer struct {
		Access string `json:"access_token"`
		Error  string `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", false, err
	}
	if status != 200 && answer.Error != "invalid_grant" {
		return "", false, fmt.Errorf("token: %d %s", status, body)
	}
	return answer.Access, status != 200, nil
}

// prove is the sign-in page: a challenge, and the authenticator's answer to it.
func (c *callers) prove(ctx context.Context, o *owner, one *signedIn) error {
	res, raw, err := c.send(ctx, "POST", "/sign-in/begin", "application/json", []byte("{}"), one.cookies)
	if err != nil || res.StatusCode != 200 {
		return fmt.Errorf("begin: %s %w", raw, err)
	}
	var challenge struct {
		Ceremony string
		Options  json.RawMessage
	}
	if err := json.Unmarshal(raw, &challenge); err != nil {
		return err
	}
	options, err := virtualwebauthn.ParseAssertionOptions(string(challenge.Options))
	if err != nil {
		return err
	}
	answer := virtualwebauthn.CreateAssertionResponse(c.party(), o.authenticator, o.credential, *options)
	one.answer, err = json.Marshal(map[string]any{"ceremony": challenge.Ceremony, "answer": json.RawMessage(answer)})
	return err
}

// finish hands the answer of an authenticator in; refused is one that does not count.
func (c *callers) finish(ctx context.Context, one *signedIn, next string) (href string, cookies []*http.Cookie, refused bool, err error) {
	res, raw, err := c.send(ctx, "POST", "/sign-in/finish?next="+url.QueryEscape(next), "application/json", one.answer, one.cookies)
	if err != nil {
		return "", nil, false, err
	}
	var to struct{ Href string }
	if err := json.Unmarshal(raw, &to); err != nil || res.StatusCode != 200 && res.StatusCode != 422 {
		return "", nil, false, fmt.Errorf("finish: %d %s", res.StatusCode, raw)
	}
	return to.Href, res.Cookies(), res.StatusCode == 422, nil
}

// once signs somebody in, and takes half of what was given back.
func (c *callers) once(ctx context.Context) error {
	o := c.people[c.next.Add(1)%int64(len(c.people))]
	o.mu.Lock()
	defer o.mu.Unlock()
	q := url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {appBack}, "scope": {"openid"}, "code_challenge": {appChallenge}, "code_challenge_method": {"S256"}}
	res, _, err := c.send(ctx, "GET", "/oauth2/authorize?"+q.Encode(), "", nil, nil)
	if err != nil {
		return err
	}
	page, err := res.Location()
	if err != nil {
		return fmt.Errorf("authorize: %d %w", res.StatusCode, err)
	}
	one := &signedIn{cookies: res.Cookies()}
	if o.browser != nil && rand.IntN(10) > 0 { // every tenth time it is another
		one.cookies = append(one.cookies, o.browser)
	}
	if res, _, err = c.send(ctx, "GET", page.RequestURI(), "", nil, one.cookies); err != nil || res.StatusCode != 200 {
		return fmt.Errorf("sign-in: %w", err)
	}
	for _, given := range res.Cookies() {
		if strings.HasSuffix(given.Name, "device") {
			o.browser = given
			one.cookies = append(one.cookies, given)
		}
	}
	if err := c.prove(ctx, o, one); err != nil {
		return err
	}
	c.mu.Lock()
	c.logins = append(c.logins, one)
	c.mu.Unlock()
	href, cookies, refused, err := c.finish(ctx, one, page.Query().Get("next"))
	if err != nil || refused {
		return fmt.Errorf("finish: refused %v, %w", refused, err)
	}
	one.answered = true
	if res, _, err = c.send(ctx, "GET", href, "", nil, append(one.cookies, cookies...)); err != nil {
		return err
	}
	to, err := res.Location()
	if err != nil || to.Query().Get("code") == "" {
		return fmt.Errorf("resume: %d %v", res.StatusCode, to)
	}
	one.code = to.Query().Get("code")
	access, refused, err := c.exchange(ctx, one.code)
	if err != nil || refused {
		return fmt.Errorf("exchange: refused %v, %w", refused, err)
	}
	one.access = access
	if rand.IntN(2) == 0 {
		return nil
	}
	one.revoking = true
	status, _, err := c.post(ctx, "/oauth2/revoke", url.Values{"token": {access}, "client_id": {"app"}})
	if err == nil && status == 200 {
		one.revoked = true
	}
	return err
}

// lives tells whether an access token counts.
func (c *callers) lives(t *testing.T, access string) bool {
	t.Helper()
	r, _ := http.NewRequest("GET", c.url+"/oauth2/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	res, err := c.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != 200 && res.StatusCode != 401 {
		t.Errorf("userinfo: %d", res.StatusCode)
	}
	return res.StatusCode == 200
}

// atTheDoor has people sign in until the context ends: eight at a time, or so
// many that come every second, however long the others take.
func (c *callers) atTheDoor(ctx context.Context, perSecond int, failed func(error)) (wait func(), offered func() int64) {
	var wg sync.WaitGroup
	var came atomic.Int64
	if perSecond == 0 {
		for range 8 {
			wg.Go(func() {
				for ctx.Err() == nil {
					came.Add(1)
					if err := c.once(ctx); err != nil {
						failed(err)
						return
					}
				}
			})
		}
		return wg.Wait, came.Load
	}
	wg.Go(func() {
		began := time.Now()
		for ctx.Err() == nil {
			for due := int64(time.Since(began).Seconds() * float64(perSecond)); came.Load() < due; came.Add(1) {
				wg.Go(func() {
					if err := c.once(ctx); err != nil {
						failed(err)
					}
				})
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	return wg.Wait, came.Load
}

func killingLogins(t *testing.T, env ...string) {
	data := folder(t)
	s, err := installation(data, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	rounds, people, perSecond, enough := 1, 8, 0, 40
	if os.Getenv("YAGURA_SOAK") == "1" {
		rounds, people, perSecond, enough = 10, 400, 600, 1500
	}
	a := furnish(t, data, s.env...).open(t)
	ctx := context.Background()
	if _, err := a.Identity.AddClient(ctx, authz.System("setup"), identity.Client{ID: "app", Name: "App", Unit: "group", Kind: identity.NativeClient, Redirects: []string{appBack}}); err != nil {
		t.Fatal(err)
	}
	c := &callers{url: s.url, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	c.hire(t, a, people)
	a.Close()
	given, revoked, unsure, unanswered, offered, done := 0, 0, 0, 0, int64(0), 0
	var open time.Duration
	for round := range rounds {
		c.logins = nil
		begin := func() {
			t.Helper()
			if err := s.start(); err != nil {
				t.Fatal(err)
			}
			if err := s.ready(time.Minute); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		begin()
		running, end := context.WithCancel(ctx)
		var failed sync.Map
		var dying atomic.Bool
		opened := time.Now()
		wait, came := c.atTheDoor(running, perSecond, func(err error) {
			if !dying.Load() {
				failed.Store(err.Error(), true)
			}
		})
		for until := time.Now().Add(20 * time.Second); time.Now().Before(until) && c.count() < enough; {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
		dying.Store(true)
		s.kill()
		open, offered = open+time.Since(opened), offered+came()
		end()
		wait()
		failed.Range(func(why, _ any) bool { t.Errorf("before the end: %v", why); return true })
		for _, one := range c.logins {
			if one.access != "" {
				done++
			}
		}
		began := time.Now()
		begin()
		// The newest first: what was in hand when the server ended, while codes count.
		for i := len(c.logins) - 1; i >= max(0, len(c.logins)-300); i-- {
			one := c.logins[i]
			if !one.answered {
				unanswered++
			}
			for once := one.answered; ; once = true { // an answer that was not taken may be now, and not again
				_, _, refused, err := c.finish(ctx, one, "/")
				if err != nil {
					t.Fatal(err)
				}
				if once && !refused {
					t.Error("the answer of an authenticator counted twice")
				}
				if once || refused {
					break
				}
			}
			if one.code == "" {
				continue
			}
			switch {
			case one.revoked:
				revoked++
				if c.lives(t, one.access) {
					t.Error("a token that was revoked lives")
				}
			case one.access != "" && !one.revoking:
				given++
				if !c.lives(t, one.access) {
					t.Error("a token that was given is lost")
				}
			case one.access == "":
				unsure++
			}
			if time.Since(began) > 50*time.Second { // then all codes have run out, and it proves nothing
				continue
			}
			access, refused, err := c.exchange(ctx, one.code)
			if err != nil {
				t.Fatal(err)
			}
			if one.access != "" && !refused {
				t.Error("a code counted before and after")
			}
			if access != "" { // it had not counted before: it did now, and does not again
				if _, again, err := c.exchange(ctx, one.code); err != nil || !again {
					t.Errorf("a code counted twice: %v", err)
				}
			} else {
				access = one.access
			}
			if access != "" && c.lives(t, access) {
				t.Error("the token of a code that came again lives")
			}
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rounds: %.0f sign-ins a second offered, %.0f done; of the last ones %d tokens given, %d revoked, %d codes and %d answers of authenticators without an answer",
		rounds, float64(offered)/open.Seconds(), float64(done)/open.Seconds(), given, revoked, unsure, unanswered)
	if given == 0 || revoked == 0 {
		t.Fatal("nothing was given or revoked, so nothing is proved")
	}
	if perSecond > 0 && float64(offered)/open.Seconds() < 0.99*float64(perSecond) {
		t.Errorf("only %.0f a second were offered", float64(offered)/open.Seconds())
	}
}
