package ldap

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// Wrong is an entry that can't be read, and why. Its id is empty where it has
// none.
type Wrong struct{ ID, Reason string }

// Found is what a directory has answered.
type Found struct {
	Entries []Entry
	Wrong   []Wrong
	All     bool   // all were asked for, not only what has changed
	Mark    string // from where to ask next time
	Server  string // which server counts so
}

// Ask asks for all people, or for what has changed since a mark of the same
// server; where another server answers, for all.
func (c Connection) Ask(ctx context.Context, server, mark string, now time.Time) (found Found, err error) {
	conn, err := c.Dial()
	if err != nil {
		return found, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if found.Server, err = c.identify(conn); err != nil {
		return found, err
	}
	filter := c.Filter
	found.All = mark == "" || found.Server != server
	if p := presets[c.Preset]; !found.All {
		if p.mark == "uSNChanged" {
			// The mark itself was seen; this counter is an integer without gaps in time.
			n, err := strconv.ParseInt(mark, 10, 64)
			if err != nil {
				return found, fmt.Errorf("ldap %s: the mark %q is no number", c.Name, mark)
			}
			mark = strconv.FormatInt(n+1, 10)
		}
		filter = "(&" + filter + "(" + p.mark + ">=" + goldap.EscapeFilter(mark) + "))"
	}
	found.Mark = mark
	if found.All {
		found.Mark = ""
	}
	request := goldap.NewSearchRequest(c.Base, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, int(c.Timeout.Seconds()), false, filter, c.wanted(), nil)
	answer, err := conn.SearchWithPaging(request, c.Page)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return found, fmt.Errorf("ldap %s: search: %w", c.Name, err)
	}
	for _, e := range answer.Entries {
		entry, err := c.entry(e, now)
		if later(entry.Mark, found.Mark) {
			found.Mark = entry.Mark
		}
		if err != nil {
			found.Wrong = append(found.Wrong, Wrong{entry.ID, err.Error()})
			continue
		}
		found.Entries = append(found.Entries, entry)
	}
	return found, nil
}

// later compares two marks: numbers by value, times as they are written.
func later(a, b string) bool {
	x, err1 := strconv.ParseInt(a, 10, 64)
	y, err2 := strconv.ParseInt(b, 10, 64)
	if err1 == nil && err2 == nil {
		return x > y
	}
	return a > b
}

// Dial connects and signs in. The line is encrypted before the password goes
// over it.
func (c Connection) Dial() (*goldap.Conn, error) {
	trust, err := c.trust()
	if err != nil {
		return nil, fmt.Errorf("ldap %s: ca: %w", c.Name, err)
	}
	password, err := c.password()
	if err != nil {
		return nil, fmt.Errorf("ldap %s: password: %w", c.Name, err)
	}
	conn, err := goldap.DialURL(c.URL, goldap.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}), goldap.DialWithTLSConfig(trust))
	if err != nil {
		return nil, fmt.Errorf("ldap %s: %w", c.Name, err)
	}
	conn.SetTimeout(c.Timeout)
	if c.StartTLS {
		if err := conn.StartTLS(trust); err != nil {
			conn.Close()
			return nil, fmt.Errorf("ldap %s: StartTLS: %w", c.Name, err)
		}
	}
	if err := conn.Bind(c.BindDN, password); err != nil {
		conn.Close()
		return nil, fmt.Errorf("ldap %s: bind as %s: %w", c.Name, c.BindDN, err)
	}
	return conn, nil
}

// identify names the server whose counter a mark is of: domain controllers
// count each by itself.
func (c Connection) identify(conn *goldap.Conn) (string, error) {
	if presets[c.Preset].mark != "uSNChanged" {
		return c.URL, nil
	}
	answer, err := conn.Search(goldap.NewSearchRequest("", goldap.ScopeBaseObject, goldap.NeverDerefAliases, 1, int(c.Timeout.Seconds()), false, "(objectClass=*)", []string{"dsServiceName"}, nil))
	if err != nil || len(answer.Entries) != 1 {
		return "", fmt.Errorf("ldap %s: the server does not say which one it is: %w", c.Name, err)
	}
	return answer.Entries[0].GetAttributeValue("dsServiceName"), nil
}
