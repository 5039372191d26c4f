package ldaptest

import (
	"os"
	"path/filepath"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
)

// entries are what a server keeps, as its administrator changes it, and the
// folder of the server's own files.
type entries struct {
	t      testing.TB
	folder string
	conn   *goldap.Conn
	dn     func(name string) string // of somebody
}

func (e *entries) at(name string) string { return filepath.Join(e.folder, name) }

func (e *entries) write(name, text string) {
	if err := os.WriteFile(e.at(name), []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

func (e *entries) add(dn string, attributes map[string][]string) {
	e.t.Helper()
	r := goldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		r.Attribute(name, values)
	}
	if err := e.conn.Add(r); err != nil {
		e.t.Fatalf("add %s: %v", dn, err)
	}
}

// Set replaces an attribute of somebody; without values it is taken away.
func (e *entries) Set(name, attribute string, values ...string) {
	e.t.Helper()
	r := goldap.NewModifyRequest(e.dn(name), nil)
	r.Replace(attribute, values)
	if err := e.conn.Modify(r); err != nil {
		e.t.Fatalf("set %s of %s: %v", attribute, name, err)
	}
}

// Delete deletes somebody; a domain controller moves the entry to the container
// of deleted objects.
func (e *entries) Delete(name string) {
	e.t.Helper()
	if err := e.conn.Del(goldap.NewDelRequest(e.dn(name), nil)); err != nil {
		e.t.Fatalf("delete %s: %v", name, err)
	}
}
