package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// Session is a line to one server of a directory. It is asked and watched over
// the same line, so that what is told and what is asked are of one server, also
// where a name stands for several.
type Session struct {
	c      Connection
	conn   *goldap.Conn
	line   net.Conn // beneath the encryption; closing it frees whoever waits
	server string   // whose counter a mark is of
	root   *goldap.Entry
}

// Open connects, signs in and reads what the server is.
func (c Connection) Open(ctx context.Context) (*Session, error) {
	conn, line, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(0) // a watch waits for ever; each search has its own end
	s := &Session{c: c, conn: conn, line: line, server: c.URL, root: &goldap.Entry{}}
	root, err := s.search(ctx, goldap.NewSearchRequest("", goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, int(c.Timeout.Seconds()), false, "(objectClass=*)",
		[]string{"dsServiceName", "supportedControl", "namingContexts"}, nil))
	if len(root) == 1 {
		s.root = root[0]
	}
	if presets[c.Preset].mark == "uSNChanged" { // domain controllers count each by itself
		if s.server = s.root.GetAttributeValue("dsServiceName"); s.server == "" {
			s.Close()
			return nil, errors.Join(fmt.Errorf("ldap %s: the server does not say which one it is", c.Name), err)
		}
	}
	return s, nil
}

// Close ends the line; searches that wait end with an error.
func (s *Session) Close() {
	s.line.Close()
	s.conn.Close()
}

// Ping tells whether the server still answers.
func (s *Session) Ping(ctx context.Context) error {
	_, err := s.search(ctx, goldap.NewSearchRequest("", goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, int(s.c.Timeout.Seconds()), false, "(objectClass=*)", []string{"1.1"}, nil))
	return err
}

// search returns all entries, in answers of the size of a page (RFC 2696).
func (s *Session) search(ctx context.Context, r *goldap.SearchRequest) (all []*goldap.Entry, err error) {
	var paging *goldap.ControlPaging
	if r.Scope != goldap.ScopeBaseObject {
		paging = goldap.NewControlPaging(s.c.Page)
		r.Controls = append(r.Controls, paging)
	}
	for {
		entries, controls, err := s.page(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("ldap %s: search: %w", s.c.Name, err)
		}
		all = append(all, entries...)
		next, _ := goldap.FindControl(controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if next == nil || len(next.Cookie) == 0 || paging == nil {
			return all, nil
		}
		paging.SetCookie(next.Cookie)
	}
}

func (s *Session) page(ctx context.Context, r *goldap.SearchRequest) (entries []*goldap.Entry, controls []goldap.Control, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.c.Timeout, fmt.Errorf("no answer within %s", s.c.Timeout))
	defer cancel()
	answer := s.conn.SearchAsync(ctx, r, 64)
	for answer.Next() {
		if e := answer.Entry(); e != nil {
			entries = append(entries, e)
		}
		controls = append(controls, answer.Controls()...)
	}
	switch {
	case ctx.Err() != nil: // the library ends without an error then
		return nil, nil, context.Cause(ctx)
	case answer.Err() != nil:
		return nil, nil, answer.Err()
	case s.conn.IsClosing():
		return nil, nil, errClosed
	}
	return entries, controls, nil
}

var errClosed = errors.New("the line was closed")

// supports tells whether the server names a control (RFC 4512 §5.1).
func (s *Session) supports(control string) bool {
	return slices.Contains(s.root.GetAttributeValues("supportedControl"), control)
}

// Dial connects and signs in, for a program that asks other things.
func (c Connection) Dial() (*goldap.Conn, error) {
	conn, _, err := c.dial(context.Background())
	return conn, err
}

// dial connects and signs in. The line is encrypted before the password goes
// over it.
func (c Connection) dial(ctx context.Context) (*goldap.Conn, net.Conn, error) {
	trust, err := c.trust()
	if err != nil {
		return nil, nil, fmt.Errorf("ldap %s: ca: %w", c.Name, err)
	}
	password, err := c.password()
	if err != nil {
		return nil, nil, fmt.Errorf("ldap %s: password: %w", c.Name, err)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, nil, fmt.Errorf("ldap %s: %w", c.Name, err)
	}
	port := u.Port()
	if port == "" {
		if port = goldap.DefaultLdapPort; u.Scheme == "ldaps" {
			port = goldap.DefaultLdapsPort
		}
	}
	line, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, nil, fmt.Errorf("ldap %s: %w", c.Name, err)
	}
	greet, done := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("no answer within %s", c.Timeout))
	defer done()
	stop := context.AfterFunc(greet, func() { line.Close() })
	conn, err := c.greet(line, u.Scheme == "ldaps", trust, password)
	if !stop() { // closed meanwhile
		err = context.Cause(greet)
	}
	if err != nil {
		line.Close()
		if conn != nil {
			conn.Close()
		}
		return nil, nil, fmt.Errorf("ldap %s: %w", c.Name, err)
	}
	return conn, line, nil
}

func (c Connection) greet(line net.Conn, encrypted bool, trust *tls.Config, password string) (*goldap.Conn, error) {
	if encrypted {
		secure := tls.Client(line, trust)
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
		line = secure
	}
	conn := goldap.NewConn(line, encrypted)
	conn.SetTimeout(c.Timeout)
	conn.Start()
	if c.StartTLS {
		if err := conn.StartTLS(trust); err != nil {
			return conn, fmt.Errorf("StartTLS: %w", err)
		}
	}
	if err := conn.Bind(c.BindDN, password); err != nil {
		return conn, fmt.Errorf("bind as %s: %w", c.BindDN, err)
	}
	return conn, nil
}
