// Package onetime makes and checks codes that work once: those of an
// authenticator app (TOTP, RFC 6238) and recovery codes. It remembers nothing;
// that each works once is for its caller to see to.
package onetime

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	period = 30 // seconds of a step
	// SeedSize is that of RFC 4226, requirement R6: 160 bits.
	SeedSize = 20
)

var base = base32.StdEncoding.WithPadding(base32.NoPadding)

// Seed is a new shared secret.
func Seed() []byte {
	seed := make([]byte, SeedSize)
	rand.Read(seed)
	return seed
}

// Text is a seed as a person types it where no picture can be read.
func Text(seed []byte) string { return base.EncodeToString(seed) }

// URI is what authenticator apps read from a QR code.
func URI(issuer, account string, seed []byte) string {
	q := url.Values{"secret": {Text(seed)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

func step(now time.Time) int64 { return now.Unix() / period }

// Code is the code of a step (RFC 4226 §5.3).
func code(seed []byte, step int64) string {
	mac := hmac.New(sha1.New, seed)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// Match tells to which step a code belongs: the present one, the one before or
// the one after, since clocks differ. Only steps after the last one that was
// used count (RFC 6238 §5.2).
func Match(seed []byte, given string, now time.Time, last int64) (at int64, ok bool) {
	given = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９': // as Japanese keyboards write them
			return '0' + r - '０'
		case r == ' ' || r == '-' || r == '　':
			return -1
		}
		return r
	}, given)
	for _, s := range []int64{step(now) - 1, step(now), step(now) + 1} {
		if subtle.ConstantTimeCompare([]byte(code(seed, s)), []byte(given)) == 1 && s > last {
			at, ok = s, true
		}
	}
	return at, ok
}

// crockford has no letters that look like digits.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Recovery is a new recovery code: 120 random bits (NIST SP 800-63B-4 §3.1.2.2
// asks for a plain hash alone from 112 bits on) in four groups of six letters.
func Recovery() string {
	b := make([]byte, 15)
	rand.Read(b)
	s := crockford.EncodeToString(b)
	return s[:6] + "-" + s[6:12] + "-" + s[12:18] + "-" + s[18:]
}

// Plain is a recovery code as it was typed, brought into the one form that is
// digested; empty where it can be none.
func Plain(typed string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		if r >= '！' && r <= '～' { // full width
			r = r - '！' + '!'
		}
		switch r {
		case ' ', '-', '　', '－', 'ー', '\t':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		b.WriteRune(r)
		if b.Len() > 24 {
			return ""
		}
	}
	if raw, err := crockford.DecodeString(b.String()); err != nil || len(raw) != 15 {
		return ""
	}
	return b.String()
}
