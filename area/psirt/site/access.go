package site

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// levels are what someone may read at most, in the order of the Traffic Light Protocol.
var levels = map[string]int{"GREEN": 1, "AMBER": 2, "RED": 3}

// Access says who may read what is protected: holders of a token, and holders of a
// certificate that the TLS listener has checked.
type Access struct {
	users []user
	// Certificates is what a verified client certificate lets read: GREEN, AMBER or
	// RED, "" nothing.
	Certificates string
}

type user struct {
	name  string
	level int
	sum   [sha256.Size]byte
}

// NewToken makes a token for a user, and the line of the access file for it. A token
// has 256 bits of chance, so that its plain SHA-256 can't be turned around.
func NewToken(name, label string) (token, line string, err error) {
	if name == "" || strings.ContainsAny(name, " \t\r\n:#") {
		return "", "", fmt.Errorf("a user's name has no spaces, colons or #, unlike %q", name)
	}
	label = strings.ToUpper(label)
	if levels[label] == 0 {
		return "", "", fmt.Errorf("label: GREEN, AMBER or RED is expected, not %q", label)
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(b[:])
	sum := sha256.Sum256([]byte(token))
	return token, name + " " + label + " " + hex.EncodeToString(sum[:]), nil
}

// ReadAccess reads an access file: a line for each user, with name, highest label and
// the SHA-256 of the token. Lines that begin with # are comments.
func ReadAccess(r io.Reader) (*Access, error) {
	a := &Access{}
	scan := bufio.NewScanner(r)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimSpace(scan.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("line %d: name, label and SHA-256 are expected", n)
		}
		u := user{name: f[0], level: levels[strings.ToUpper(f[1])]}
		if u.level == 0 {
			return nil, fmt.Errorf("line %d: GREEN, AMBER or RED is expected, not %q", n, f[1])
		}
		if sum, err := hex.DecodeString(f[2]); err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("line %d: a SHA-256 of 64 hexadecimal digits is expected", n)
		} else {
			copy(u.sum[:], sum)
		}
		for _, other := range a.users {
			if other.name == u.name {
				return nil, fmt.Errorf("line %d: %s stands twice", n, u.name)
			}
		}
		a.users = append(a.users, u)
	}
	return a, scan.Err()
}

// level is what a request may read; -1 where it has to say who it is.
func (a *Access) level(r *http.Request) int {
	if a == nil {
		return -1
	}
	if l := levels[a.Certificates]; l > 0 && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return l
	}
	name, token, basic := r.BasicAuth()
	if !basic {
		var ok bool
		if token, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok {
			return -1
		}
	}
	sum := sha256.Sum256([]byte(token))
	level := -1
	for _, u := range a.users { // all of them: the time tells nothing
		same := subtle.ConstantTimeCompare(sum[:], u.sum[:]) == 1
		if same && (!basic || name == u.name) {
			level = u.level
		}
	}
	return level
}
