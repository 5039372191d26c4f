// Package ldap reads people from a directory that speaks LDAP (RFC 4511), such
// as Active Directory or OpenLDAP: what a connection is, what an entry says of
// a person, and asking the server. It knows no database.
package ldap

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"go.yaml.in/yaml/v3"
)

// Connection is one directory as its file describes it.
type Connection struct {
	Name         string            `yaml:"name"` // lower case letters, digits and hyphens; never changes
	Title        string            `yaml:"title"`
	URL          string            `yaml:"url"`      // ldaps://host, or ldap://host with starttls
	StartTLS     bool              `yaml:"starttls"` // RFC 4511 §4.14
	CA           string            `yaml:"ca"`       // file of PEM certificates to trust besides the system's
	BindDN       string            `yaml:"bind_dn"`
	PasswordFile string            `yaml:"password_file"`
	PasswordEnv  string            `yaml:"password_env"` // name of an environment variable
	Base         string            `yaml:"base"`
	Filter       string            `yaml:"filter"`     // of the people; empty: that of the preset
	Preset       string            `yaml:"preset"`     // "active-directory" or "openldap"
	Attributes   map[string]string `yaml:"attributes"` // other names than those of the preset
	Unit         string            `yaml:"unit"`
	Leaving      string            `yaml:"leaving"` // "leave" or "disable"
	Guard        int               `yaml:"guard_percent"`
	Every        time.Duration     `yaml:"every"`     // how often what has changed is asked for
	Compare      time.Duration     `yaml:"compare"`   // how often all is compared
	Watch        bool              `yaml:"watch"`     // have changes told at once, where the server can
	Timeout      time.Duration     `yaml:"timeout"`   // of one answer
	Page         uint32            `yaml:"page_size"` // entries of an answer (RFC 2696)

	folder string
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`).MatchString

// Read reads the file of a connection. Every mistake is named with the file.
func Read(path string) (Connection, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Connection{}, err
	}
	c, err := parse(text)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	c.folder = filepath.Dir(path)
	if _, err := c.trust(); err != nil {
		return c, fmt.Errorf("%s: ca: %w", path, err)
	}
	return c, nil
}

func parse(text []byte) (Connection, error) {
	c := Connection{Leaving: "leave", Guard: 10, Every: 15 * time.Minute, Compare: 24 * time.Hour, Watch: true, Timeout: time.Minute, Page: 500}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	return c, c.check()
}

func (c *Connection) check() error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if !validName(c.Name) {
		say("name: lower case letters, digits and hyphens, at most 40")
	}
	if c.Title == "" {
		c.Title = c.Name
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps":
		say("url: ldaps://host or ldap://host")
	case u.Scheme == "ldap" && !c.StartTLS:
		say("starttls: a password does not go over a line that is not encrypted: set it, or use ldaps")
	case u.Scheme == "ldaps" && c.StartTLS:
		say("starttls: ldaps is encrypted already")
	}
	if c.BindDN == "" || (c.PasswordFile == "") == (c.PasswordEnv == "") {
		say("bind_dn, and one of password_file and password_env, are needed")
	}
	if _, err := goldap.ParseDN(c.Base); err != nil || c.Base == "" {
		say("base: a distinguished name")
	}
	p, ok := presets[c.Preset]
	if !ok {
		say("preset: active-directory or openldap")
	}
	if c.Filter == "" {
		c.Filter = p.filter
	}
	if _, err := goldap.CompileFilter(c.Filter); err != nil {
		say("filter: %w", err)
	}
	for name := range c.Attributes {
		if !known(name) {
			say("attributes: there is no %s; there are %s", name, strings.Join(fields, ", "))
		}
	}
	if c.Unit == "" {
		say("unit: the unit to which people come")
	}
	if c.Leaving != "leave" && c.Leaving != "disable" {
		say("leaving: leave or disable")
	}
	if c.Guard < 0 || c.Guard > 100 {
		say("guard_percent: from 0 to 100")
	}
	if c.Every < time.Minute || c.Compare < c.Every || c.Timeout < time.Second || c.Page == 0 || c.Page > 10000 {
		say("every is at least 1m, compare at least as long, timeout at least 1s, page_size between 1 and 10000")
	}
	return errors.Join(wrong...)
}

func (c Connection) at(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.folder, path)
}

func (c Connection) trust() (*tls.Config, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	if c.CA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(c.at(c.CA))
	if err != nil {
		return nil, err
	}
	if config.RootCAs, err = x509.SystemCertPool(); err != nil {
		config.RootCAs = x509.NewCertPool()
	}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", c.CA)
	}
	return config, nil
}

// password is read anew each time, so that a new one counts at once.
func (c Connection) password() (string, error) {
	if c.PasswordEnv != "" {
		if p := os.Getenv(c.PasswordEnv); p != "" {
			return p, nil
		}
		return "", fmt.Errorf("the variable %s is empty", c.PasswordEnv)
	}
	text, err := os.ReadFile(c.at(c.PasswordFile))
	if err != nil {
		return "", err
	}
	// An empty password is an anonymous bind, which answers success (RFC 4513 §5.1.2).
	if p := strings.TrimRight(string(text), "\r\n"); p != "" {
		return p, nil
	}
	return "", fmt.Errorf("%s is empty", c.PasswordFile)
}
