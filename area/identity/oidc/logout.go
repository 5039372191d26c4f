package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
)

// Leaving is what the page of sign-out shows.
type Leaving struct {
	Client string // name of the application; empty where none is known
	Next   string // where the application wants the person back; empty: nowhere
	Ask    bool   // nobody vouches for the request: the person is asked
	Token  string // for the form: the request, sealed
}

// leaving is a request to sign out that waits for the person's word.
type leaving struct {
	Client  string `json:"c"`
	Next    string `json:"n"`
	Session string `json:"s"`
	Until   int64  `json:"u"`
}

const aboutLeaving = "sign-out"

// Logout handles a request to sign out (OpenID Connect RP-Initiated Logout). With
// an ID token of the session at hand as a hint it is done at once; otherwise
// the person is asked, so that no link of somebody else signs him out. done
// tells that the browser was led on.
func (p *Provider) Logout(w http.ResponseWriter, r *http.Request) (l Leaving, done bool, err error) {
	w.Header().Set("Cache-Control", "no-store")
	q, err := p.query(r, logoutPath)
	if err != nil {
		return l, false, fault.Invalidf("This took too long. Please try again.")
	}
	if repeated(q) != "" {
		return l, false, fault.Invalidf("The application's request to sign you out is not valid.")
	}
	var said struct {
		jwt.Claims
		Session string `json:"sid"`
	}
	hinted := false
	if hint := q.Get("id_token_hint"); hint != "" {
		if !p.readOwn(r.Context(), hint, "JWT", &said) || said.Issuer != p.issuer || len(said.Audience) != 1 || q.Get("client_id") != "" && q.Get("client_id") != said.Audience[0] {
			return l, false, fault.Invalidf("The application's request to sign you out is not valid.")
		}
		hinted = true
	}
	name := q.Get("client_id")
	if hinted {
		name = said.Audience[0]
	}
	var c identity.Client
	if name != "" {
		if c, err = p.FindClient(r.Context(), name); err != nil && !fault.Is(err, fault.KindNotFound) {
			return l, false, err
		}
		l.Client = c.Name
	}
	if next := q.Get("post_logout_redirect_uri"); next != "" {
		if c.ID == "" || !slices.Contains(c.AfterLogout, next) {
			return l, false, fault.Invalidf("The application wants to send you to an address that is not registered for it. You are still signed in.")
		}
		l.Next = withState(next, q.Get("state"))
	}
	session, err := p.SessionOf(r.Context(), p.Secret(r))
	switch {
	case fault.Is(err, fault.KindUnauthenticated):
		if hinted && l.Next != "" {
			http.Redirect(w, r, l.Next, http.StatusFound)
			return l, true, nil
		}
		return l, false, nil
	case err != nil:
		return l, false, err
	case hinted && said.Session == session.ID:
		if err := p.leave(w, r, session); err != nil {
			return l, false, err
		}
		if l.Next != "" {
			http.Redirect(w, r, l.Next, http.StatusFound)
			return l, true, nil
		}
		return l, false, nil
	}
	l.Ask = true
	l.Token, err = p.Seal(leaving{Client: c.ID, Next: l.Next, Session: session.ID, Until: p.now().Add(begunFor).UnixMilli()}, aboutLeaving)
	return l, false, err
}

// LogoutNow signs out after the person was asked, and returns where to go on.
func (p *Provider) LogoutNow(w http.ResponseWriter, r *http.Request, token string) (l Leaving, err error) {
	w.Header().Set("Cache-Control", "no-store")
	var waits leaving
	if err := p.Unseal(token, aboutLeaving, &waits); err != nil || waits.Until < p.now().UnixMilli() {
		return l, fault.Invalidf("This took too long. Please try again.")
	}
	if c, err := p.FindClient(r.Context(), waits.Client); err == nil {
		l.Client = c.Name
	}
	l.Next = waits.Next
	session, err := p.SessionOf(r.Context(), p.Secret(r))
	if fault.Is(err, fault.KindUnauthenticated) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	if session.ID != waits.Session {
		return l, fault.Invalidf("This took too long. Please try again.")
	}
	return l, p.leave(w, r, session)
}

func (p *Provider) leave(w http.ResponseWriter, r *http.Request, session identity.Session) error {
	if err := p.SignOutOf(r.Context(), session); err != nil {
		return err
	}
	p.SetCookie(w, "")
	return nil
}

func withState(next, state string) string {
	if state == "" {
		return next
	}
	join := "?"
	if bytes.ContainsRune([]byte(next), '?') {
		join = "&"
	}
	return next + join + url.Values{"state": {state}}.Encode()
}

const farewellAttempts = 8

// Jobs has applications told when a session ends.
func (p *Provider) Jobs(q *job.Queue) {
	q.Register(identity.SignOutJob, job.Options{Attempts: farewellAttempts, Backoff: 2 * time.Second, Timeout: 10 * time.Second}, p.farewell)
	q.Register(identity.ProbeJob, job.Options{Attempts: probeAttempts, Backoff: time.Second, Timeout: 10 * time.Second}, p.probe)
}

// farewell tells one application that one session is over (OpenID Connect
// Back-Channel Logout §2.5).
func (p *Provider) farewell(ctx context.Context, j job.Job) error {
	return p.BidFarewell(ctx, j, farewellAttempts, func(c identity.Client) bool { return c.LogoutURI != "" }, p.sendFarewell)
}

func (p *Provider) sendFarewell(ctx context.Context, c identity.Client, f identity.Farewell) (int, error) {
	resp, err := p.word(ctx, c, f, c.LogoutURI, "logout_token", "logout+jwt", "http://schemas.openid.net/event/backchannel-logout")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return resp.StatusCode, fmt.Errorf("the application answered %d", resp.StatusCode)
	}
	return resp.StatusCode, nil
}

// word posts a signed word about a session to an application.
func (p *Provider) word(ctx context.Context, c identity.Client, f identity.Farewell, address, field, kind, event string) (*http.Response, error) {
	now := p.now()
	token, err := p.sign(ctx, c.Algorithm, kind, map[string]any{
		"iss": p.issuer, "sub": p.Subject(c, f.Person), "aud": c.ID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": id.New(), "sid": f.Session,
		"events": map[string]any{event: map[string]any{}},
	})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(url.Values{field: {token}}.Encode()))
	if err != nil {
		return nil, job.Permanent(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.posts.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // without the address, which is known
		err = wrapped.Err
	}
	return resp, err
}
