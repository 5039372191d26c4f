// Package id makes identifiers: time-ordered ones for rows and random ones for
// secrets. Numbers that people read aloud are made by the store, which alone
// can count without a gap.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/google/uuid"
)

// New is a UUIDv7 (RFC 9562 §5.7) in its 36 letter form: rows written later
// sort later.
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Token is a secret of 256 random bits in base64url without padding (43 letters).
func Token() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: the runtime ends the program if the system has no randomness
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Digest is what a database keeps of a token: its SHA-256 in hexadecimal. A
// token carries 256 bits, so no slow hash is needed.
func Digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
