package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client speaks with the centre.
type Client struct {
	to   string
	http *http.Client
}

// Refused is an answer of the centre that is no success.
type Refused struct {
	Status int
	Detail string
	After  time.Duration // when to come back, where it says so
}

func (e *Refused) Error() string {
	return fmt.Sprintf("the centre answers %d: %s", e.Status, e.Detail)
}

// Address reads where the centre is: host:port, or https://host:port.
func Address(s string) (string, error) {
	s = strings.TrimSpace(s)
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		if u.Scheme != "https" || u.Path != "" && u.Path != "/" || u.User != nil {
			return "", fmt.Errorf("%q is no address of a centre; host:port is needed", s)
		}
		s = u.Host
	}
	if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
		return "", fmt.Errorf("%q is no address of a centre; host:port is needed", s)
	}
	return s, nil
}

func client(to string, config *tls.Config) *Client {
	config.MinVersion, config.ServerName = tls.VersionTLS13, ServerName
	return &Client{to: to, http: &http.Client{
		Timeout: 15 * time.Minute,
		Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 20 * time.Second, IdleConnTimeout: 90 * time.Second,
			DialContext: (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 15 * time.Second}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// NewClient speaks as a relay.
func NewClient(id Identity, now func() time.Time) *Client {
	pool := x509.NewCertPool()
	pool.AddCert(id.CA)
	return client(id.To, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{id.Cert}, Time: now})
}

// Enrol is taken in with a token: it makes a key, and has it signed. The key
// never leaves this machine.
func Enrol(ctx context.Context, to string, token Token, now func() time.Time) (Identity, error) {
	key, csr, err := NewRequest()
	if err != nil {
		return Identity{}, err
	}
	c := client(to, &tls.Config{InsecureSkipVerify: true, Time: now, // what verifies instead stands below
		VerifyConnection: func(s tls.ConnectionState) error { return known(s, token.Authority, now()) }})
	defer c.Close()
	var a Admission
	if err := c.post(ctx, EnrolPath, Enrolment{Token: token.Secret, Request: csr}, &a); err != nil {
		return Identity{}, err
	}
	if Fingerprint(a.Authority) != token.Authority {
		return Identity{}, errors.New("the centre's authority is not the one of the token")
	}
	return Identify(to, key, a.Certificate, a.Authority)
}

// known checks a server by the fingerprint of its authority.
func known(s tls.ConnectionState, fingerprint string, now time.Time) error {
	pool := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		if Fingerprint(c.Raw) == fingerprint {
			pool.AddCert(c)
		}
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, DNSName: ServerName, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return fmt.Errorf("this is not the centre that made the token: %w", err)
	}
	return nil
}

// Renew has a new key signed.
func (c *Client) Renew(ctx context.Context, old Identity) (Identity, error) {
	key, csr, err := NewRequest()
	if err != nil {
		return old, err
	}
	var a Admission
	if err := c.post(ctx, RenewPath, Enrolment{Request: csr}, &a); err != nil {
		return old, err
	}
	return Identify(old.To, key, a.Certificate, old.CA.Raw)
}

// Report tells the centre how the relay is doing.
func (c *Client) Report(ctx context.Context, r Report) (a Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return a, c.post(ctx, ReportPath, r, &a)
}

// Ship delivers an encoded shipment; slow bounds how fast, where not nil.
func (c *Client) Ship(ctx context.Context, body []byte, slow func(io.Reader) io.Reader) (a Ack, err error) {
	var r io.Reader = bytes.NewReader(body)
	if slow != nil {
		r = slow(r)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+c.to+ShipmentPath, r)
	if err != nil {
		return a, err
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", "application/vnd.yagura.shipment")
	return a, c.do(req, &a)
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+c.to+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(req, out)
}

func (c *Client) do(req *http.Request, out any) error {
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := Read(res.Body, 64<<20)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		refused := &Refused{Status: res.StatusCode, Detail: strings.TrimSpace(string(b[:min(len(b), 300)]))}
		var problem struct{ Title, Detail string }
		if json.Unmarshal(b, &problem) == nil && problem.Title != "" {
			refused.Detail = strings.TrimSpace(problem.Title + " " + problem.Detail)
		}
		if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n >= 0 {
			refused.After = time.Duration(min(n, 3600)) * time.Second
		}
		return refused
	}
	return json.Unmarshal(b, out)
}

// Close lets the connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }
