// Package ticket signs links for people without an account: base64url of
// "purpose|subject|until in milliseconds" and, after a dot, of its HMAC-SHA-256.
package ticket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/store"
)

// Signer signs for one sort of thing. What is signed begins with its name, so that
// one area's links can't pass for another's under the same secret.
type Signer struct {
	Secret []byte // at least 16 bytes; with fewer nothing is valid
	Name   string // "yagura incident link 1"
}

// Longest is how long a token may be that is looked at.
const Longest = 1000

// Sign makes the token that names a subject for a purpose until then. Neither
// holds "|".
func (s Signer) Sign(purpose, subject string, until time.Time) string {
	body := purpose + "|" + subject + "|" + strconv.FormatInt(store.Millis(until), 10)
	return base64.RawURLEncoding.EncodeToString([]byte(body)) + "." + base64.RawURLEncoding.EncodeToString(s.mac(body))
}

func (s Signer) mac(body string) []byte {
	h := hmac.New(sha256.New, s.Secret)
	h.Write([]byte(s.Name + "\n" + body))
	return h.Sum(nil)
}

// Subject is what a token names, if it is valid for the purpose now. Why it is not
// is not told.
func (s Signer) Subject(purpose, token string, now time.Time) (subject string, ok bool) {
	head, tail, cut := strings.Cut(token, ".")
	if !cut || len(token) > Longest || len(s.Secret) < 16 {
		return "", false
	}
	body, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return "", false
	}
	mac, err := base64.RawURLEncoding.DecodeString(tail)
	if err != nil || !hmac.Equal(mac, s.mac(string(body))) {
		return "", false
	}
	parts := strings.Split(string(body), "|")
	if len(parts) != 3 || parts[0] != purpose {
		return "", false
	}
	until, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || !now.Before(store.Time(until)) {
		return "", false
	}
	return parts[1], true
}
