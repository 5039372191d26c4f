package e2e

import (
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

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/store/storetest"
)

// TestKillDuringLogins kills the server while people sign in to an application:
// afterwards no code counts twice, no token that was revoked lives, and those
// that were given and not revoked do. Once on SQLite, ten times on each database
// with YAGURA_SOAK=1.
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

// signedIn is what the application remembers of one.
type signedIn struct {
	code, access            string
	sent, revoking, revoked bool // the code, the revocation; that this was answered
}

// callers are people who sign in to the application at a server.
type callers struct {
	url, link string
	client    *http.Client

	mu     sync.Mutex
	logins []*signedIn
}

func (c *callers) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.logins)
}

func (c *callers) post(ctx context.Context, path string, form url.Values) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, "POST", c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// get is a request of the browser.
func (c *callers) get(ctx context.Context, path string, cookies []*http.Cookie) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", c.url+path, nil)
	if err != nil {
		return nil, err
	}
	for _, one := range cookies {
		r.AddCookie(one)
	}
	res, err := c.client.Do(r)
	if err == nil {
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	return res, err
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

// once signs in, and takes half of what was given back.
func (c *callers) once(ctx context.Context) error {
	res, err := c.get(ctx, "/enter?t="+c.link, nil)
	if err != nil {
		return err
	}
	q := url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {appBack}, "scope": {"openid"}, "code_challenge": {appChallenge}, "code_challenge_method": {"S256"}}
	if res, err = c.get(ctx, "/oauth2/authorize?"+q.Encode(), res.Cookies()); err != nil {
		return err
	}
	to, err := res.Location()
	if err != nil || to.Query().Get("code") == "" {
		return fmt.Errorf("authorize: %d %v", res.StatusCode, to)
	}
	one := &signedIn{code: to.Query().Get("code"), sent: true}
	c.mu.Lock()
	c.logins = append(c.logins, one)
	c.mu.Unlock()
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

func killingLogins(t *testing.T, env ...string) {
	data := folder(t)
	f := furnish(t, data, env...)
	a := f.open(t)
	ctx := context.Background()
	if _, err := a.Identity.AddClient(ctx, authz.System("setup"), identity.Client{ID: "app", Name: "App", Unit: "group", Kind: identity.NativeClient, Redirects: []string{appBack}}); err != nil {
		t.Fatal(err)
	}
	c := &callers{link: f.link(t, a), client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	a.Close()
	s, err := installation(data, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	c.url = s.url
	rounds, given, revoked, unsure := 1, 0, 0, 0
	if os.Getenv("YAGURA_SOAK") == "1" {
		rounds = 10
	}
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
		var wg sync.WaitGroup
		running, end := context.WithCancel(ctx)
		var failed sync.Map
		var dying atomic.Bool
		for range 8 {
			wg.Go(func() {
				for running.Err() == nil {
					if err := c.once(running); err != nil {
						if !dying.Load() {
							failed.Store(err.Error(), true)
						}
						return
					}
				}
			})
		}
		for until := time.Now().Add(20 * time.Second); time.Now().Before(until) && c.count() < 40; {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
		dying.Store(true)
		s.kill()
		end()
		wg.Wait()
		failed.Range(func(why, _ any) bool { t.Errorf("before the end: %v", why); return true })
		began := time.Now()
		begin()
		// The newest first: what was in hand when the server ended, while codes count.
		for i := len(c.logins) - 1; i >= max(0, len(c.logins)-300); i-- {
			one := c.logins[i]
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
	t.Logf("%d rounds: %d tokens given, %d revoked, %d codes without an answer", rounds, given, revoked, unsure)
	if given == 0 || revoked == 0 {
		t.Fatal("nothing was given or revoked, so nothing is proved")
	}
}
