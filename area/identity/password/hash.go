// Package password keeps passwords the slow way: Argon2id, or PBKDF2 where
// only approved algorithms run. It bounds how many are checked at once, and
// says which passwords are too weak to take (NIST SP 800-63B-4 §3.1.1).
package password

import (
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// hash is what is kept of a password, with what made it.
type hash struct {
	argon      bool
	memory     uint32 // KiB
	rounds     uint32 // passes of Argon2id, or iterations of PBKDF2
	lanes      uint8
	salt, body []byte
}

// present are the parameters of new hashes.
func present() hash {
	if fips140.Enabled() {
		return hash{rounds: 600_000}
	}
	return hash{argon: true, memory: 19 * 1024, rounds: 2, lanes: 1}
}

const (
	saltSize = 16
	bodySize = 32
)

func (h hash) compute(password string) ([]byte, error) {
	password = norm.NFKC.String(password) // SP 800-63B-4 §3.1.1.2: the same whichever keyboard wrote it
	if h.argon {
		return argon2.IDKey([]byte(password), h.salt, h.rounds, h.memory, h.lanes, uint32(len(h.body))), nil
	}
	return pbkdf2.Key(sha256.New, password, h.salt, int(h.rounds), len(h.body))
}

// Hash is what to keep of a password, in the form of PHC strings.
func Hash(password string) (string, error) {
	h := present()
	h.salt, h.body = make([]byte, saltSize), make([]byte, bodySize)
	rand.Read(h.salt)
	var err error
	if h.body, err = h.compute(password); err != nil {
		return "", err
	}
	return h.String(), nil
}

// Check tells whether the password is the one that was kept, and whether it
// should be kept anew because parameters have changed.
func Check(kept, password string) (fits, stale bool, err error) {
	h, err := parse(kept)
	if err != nil {
		return false, false, err
	}
	body, err := h.compute(password)
	if err != nil {
		return false, false, err
	}
	p := present()
	stale = h.argon != p.argon || h.memory != p.memory || h.rounds != p.rounds || h.lanes != p.lanes
	return subtle.ConstantTimeCompare(body, h.body) == 1, stale, nil
}

// Spend does the work of a check for nobody, so that it takes as long to refuse
// who is not known.
func Spend(password string) error {
	h := present()
	h.salt, h.body = make([]byte, saltSize), make([]byte, bodySize)
	_, err := h.compute(password)
	return err
}

var base = base64.RawStdEncoding.Strict()

func (h hash) String() string {
	if h.argon {
		return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.rounds, h.lanes, base.EncodeToString(h.salt), base.EncodeToString(h.body))
	}
	return fmt.Sprintf("$pbkdf2-sha256$i=%d$%s$%s", h.rounds, base.EncodeToString(h.salt), base.EncodeToString(h.body))
}

var errForm = errors.New("password: this is no hash of a password")

// parse reads a kept hash. Parameters beyond what this program ever wrote by
// far are refused: they would cost the memory of the machine.
func parse(kept string) (h hash, err error) {
	parts := strings.Split(kept, "$")
	switch {
	case strings.ContainsAny(kept, "\r\n"): // which the decoder would pass over
		return h, errForm
	case len(parts) == 6 && parts[0] == "" && parts[1] == "argon2id" && parts[2] == fmt.Sprintf("v=%d", argon2.Version):
		h.argon = true
		p := strings.Split(parts[3], ",")
		if len(p) != 3 {
			return h, errForm
		}
		memory, lanes := uint32(0), uint32(0)
		if memory, err = numberOf(p[0], "m=", 1<<20); err == nil {
			if h.rounds, err = numberOf(p[1], "t=", 64); err == nil {
				lanes, err = numberOf(p[2], "p=", 16)
			}
		}
		h.memory, h.lanes = memory, uint8(lanes)
	case len(parts) == 5 && parts[0] == "" && parts[1] == "pbkdf2-sha256":
		h.rounds, err = numberOf(parts[2], "i=", 10_000_000)
	default:
		return h, errForm
	}
	if err != nil {
		return h, err
	}
	salt, errSalt := base.DecodeString(parts[len(parts)-2])
	body, errBody := base.DecodeString(parts[len(parts)-1])
	if errSalt != nil || errBody != nil || len(salt) < 8 || len(salt) > 64 || len(body) < 16 || len(body) > 64 {
		return h, errForm
	}
	h.salt, h.body = salt, body
	return h, nil
}

func numberOf(s, prefix string, most uint64) (uint32, error) {
	digits, ok := strings.CutPrefix(s, prefix)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n == 0 || n > most || strconv.FormatUint(n, 10) != digits {
		return 0, errForm
	}
	return uint32(n), nil
}
