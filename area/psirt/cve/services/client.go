// Package services speaks to CVE Services, by which a CVE Numbering Authority
// reserves IDs and publishes records. The service has no idempotency keys and may
// leave a request unanswered, so every write here says how it finds out what
// became of it: see Reserve and Publish.
package services

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/config"
)

// Client is a user of the service.
type Client struct {
	base  *url.URL
	org   string
	user  string
	key   config.Secret
	http  *http.Client
	pause func(context.Context, time.Duration) error
	clock clock.Clock
}

// Options are how the service is reached, and as whom.
type Options struct {
	URL       string // such as https://cveawg.mitre.org/api
	Org, User string
	Key       config.Secret
	Timeout   time.Duration // of one attempt; 0: 30 seconds
	Transport http.RoundTripper
	// Pause waits between attempts; nil: it really does.
	Pause func(context.Context, time.Duration) error
}

// Bounds of patience and of what is taken in.
const (
	attempts    = 6
	firstPause  = 500 * time.Millisecond
	longestWait = 2 * time.Minute // that the service may ask for
	mostAnswer  = 64 << 20
)

// New makes a client. Its key travels in a header: only over TLS, or to this machine.
func New(o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(o.URL, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("cve services: the URL of the service is missing or wrong")
	case u.User != nil:
		return nil, errors.New("cve services: the URL of the service must not hold a password")
	case u.Scheme == "http" && !loopback(u):
		return nil, errors.New("cve services: the URL must begin with https:// unless it is of this machine: the key would travel readable to all")
	case o.Org == "" || o.User == "" || !o.Key.Set():
		return nil, errors.New("cve services: organisation, user and key are needed")
	}
	for _, s := range []string{o.Org, o.User, o.Key.Reveal()} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, errors.New("cve services: organisation, user and key are of printable ASCII letters")
		}
	}
	if strings.ContainsAny(o.Org, "/?#") {
		return nil, errors.New("cve services: the organisation is given by its short name")
	}
	c := &Client{base: u, org: o.Org, user: o.User, key: o.Key, pause: o.Pause, clock: clock.System()}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	c.http = &http.Client{Timeout: o.Timeout, Transport: o.Transport,
		// A redirection would carry the key to another place.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.pause == nil {
		c.pause = func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		}
	}
	return c, nil
}

func loopback(u *url.URL) bool {
	h := strings.ToLower(u.Hostname())
	a, err := netip.ParseAddr(h)
	return h == "localhost" || err == nil && a.IsLoopback()
}

// Local tells whether the service is one on this machine: a simulator.
func (c *Client) Local() bool { return loopback(c.base) }

// Refusal is a clear no of the service.
type Refusal struct {
	Method, Path string
	Status       int
	Code         string // such as EXCEEDED_ID_QUOTA
	Message      string
	Details      json.RawMessage
}

func (r *Refusal) Error() string {
	s := fmt.Sprintf("cve services: %s %s: %d", r.Method, r.Path, r.Status)
	if r.Code != "" {
		s += " " + r.Code
	}
	if r.Message != "" {
		s += ": " + r.Message
	}
	if len(r.Details) > 0 {
		d := string(r.Details)
		if len(d) > 2000 {
			d = d[:2000] + "…"
		}
		s += " " + d
	}
	return s
}

// Refused tells whether an error is a refusal with a code.
func Refused(err error, code string) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}

// Unanswered says that a request may have been done or not: it got no answer, or
// one that says nothing.
type Unanswered struct {
	Method, Path string
	Err          error
}

func (u *Unanswered) Error() string {
	return fmt.Sprintf("cve services: %s %s: no clear answer: %v", u.Method, u.Path, u.Err)
}

func (u *Unanswered) Unwrap() error { return u.Err }

// refusedEarly says that a request was certainly not done and may come again.
type refusedEarly struct {
	err   error
	after time.Duration
}

func (r *refusedEarly) Error() string { return r.err.Error() }
func (r *refusedEarly) Unwrap() error { return r.err }

// once makes one attempt. Its error is a Refusal, an Unanswered, or refusedEarly.
func (c *Client) once(ctx context.Context, method, path string, query url.Values, body []byte, into any) error {
	u := *c.base
	u.Path = strings.TrimRight(u.Path, "/") + path
	u.RawPath = ""
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("cve services: %w", err)
	}
	req.Header.Set("CVE-API-ORG", c.org)
	req.Header.Set("CVE-API-USER", c.user)
	req.Header.Set("CVE-API-KEY", c.key.Reveal())
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		err = c.scrub(err)
		if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
			return &refusedEarly{err: fmt.Errorf("cve services: %s %s: %w", method, path, err)}
		}
		return &Unanswered{method, path, err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err == nil && len(raw) > mostAnswer {
		err = errors.New("the answer is longer than 64 MiB")
	}
	if err != nil {
		return &Unanswered{method, path, c.scrub(err)}
	}
	if resp.StatusCode/100 == 2 {
		if into == nil {
			return nil
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return &Unanswered{method, path, fmt.Errorf("the answer (status %d) is not the JSON expected: %w", resp.StatusCode, err)}
		}
		return nil
	}
	said := struct {
		Error, Message string
		Details        json.RawMessage
	}{}
	_ = json.Unmarshal(raw, &said) // an answer of something in between need not be JSON
	r := &Refusal{method, path, resp.StatusCode, c.clean(said.Error), c.clean(said.Message), json.RawMessage(c.clean(string(said.Details)))}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return &refusedEarly{r, c.retryAfter(resp.Header.Get("Retry-After"))}
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout:
		return &Unanswered{method, path, r}
	}
	return r
}

// clean takes the key out of a text, should the service or something in between
// have repeated it.
func (c *Client) clean(s string) string {
	return strings.ReplaceAll(s, c.key.Reveal(), c.key.String())
}

// scrub does so for an error, and keeps the kinds that are asked for.
func (c *Client) scrub(err error) error {
	if !strings.Contains(err.Error(), c.key.Reveal()) {
		return err
	}
	return errors.New(c.clean(err.Error()))
}

func (c *Client) retryAfter(h string) time.Duration {
	var d time.Duration
	if s, err := strconv.Atoi(h); err == nil && s >= 0 {
		d = time.Duration(min(s, 3600)) * time.Second
	} else if t, err := http.ParseTime(h); err == nil {
		d = t.Sub(c.clock.Now())
	}
	return min(max(d, 0), longestWait)
}

// wait pauses before the next attempt: longer each time, by chance so that many
// clients do not come together, and not less than the service asked for.
func (c *Client) wait(ctx context.Context, attempt int, err error) error {
	d := firstPause << attempt
	d = d/2 + rand.N(d/2+1)
	if early := (*refusedEarly)(nil); errors.As(err, &early) {
		d = max(d, early.after)
	}
	return c.pause(ctx, d)
}

// repeat makes a request that may come twice: it reads, or sets what is then so.
func (c *Client) repeat(ctx context.Context, method, path string, query url.Values, body []byte, into any) (err error) {
	for i := range attempts {
		if i > 0 {
			if e := c.wait(ctx, i-1, err); e != nil {
				return errors.Join(err, e)
			}
		}
		err = c.once(ctx, method, path, query, body, into)
		if !again(err) {
			return err
		}
	}
	return err
}

// again tells whether another attempt could do better.
func again(err error) bool {
	var u *Unanswered
	return errors.As(err, &u) || early(err)
}

// early tells whether the request was certainly not done.
func early(err error) bool {
	var e *refusedEarly
	return errors.As(err, &e)
}

// Format keeps the key out of every print of the client.
func (c *Client) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "cve services client of %s at %s", c.org, c.base.Redacted())
}

// Unreached tells whether the service was not to be had: nobody answered, or it
// asked to come later.
func Unreached(err error) bool { return again(err) }
