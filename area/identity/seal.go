package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// sealer keeps what must be read again but not by who holds the database: seeds,
// private keys, and state that travels through browsers. Each message has a
// key of its own (HKDF, RFC 5869), so that no number of messages wears out one
// key of AES-GCM.
type sealer struct{ key []byte }

// saltSize is of the key of a message.
const saltSize = 16

var errSeal = errors.New("identity: this was not sealed here, or for something else")

func newSealer(key []byte) (sealer, error) {
	if len(key) < 32 {
		return sealer{}, fmt.Errorf("identity: the key of the installation has %d bytes, at least 32 are needed", len(key))
	}
	return sealer{key}, nil
}

// pseudonym stands for what somebody typed as an account: the same for the same,
// and nothing else, for it may have been a password.
func (s sealer) pseudonym(account string) string { return s.alias("account", account) }

// alias stands for a thing of a kind whose name is nobody's business.
func (s sealer) alias(kind, name string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(kind + "\x00" + name))
	return hex.EncodeToString(m.Sum(nil)[:12])
}

func (s sealer) aead(salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.key, salt, "yagura identity seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts and authenticates plain (AES-256-GCM). It opens only with the
// same about, which says what it is and whose.
func (s sealer) seal(plain []byte, about string) (string, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	aead, err := s.aead(salt)
	if err != nil {
		return "", fmt.Errorf("identity: seal: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(salt, nil, plain, []byte(about))), nil
}

// open returns what was sealed about the same.
func (s sealer) open(sealed, about string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(raw) < saltSize {
		return nil, errSeal
	}
	aead, err := s.aead(raw[:saltSize])
	if err != nil {
		return nil, fmt.Errorf("identity: open: %w", err)
	}
	plain, err := aead.Open(nil, nil, raw[saltSize:], []byte(about))
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}
