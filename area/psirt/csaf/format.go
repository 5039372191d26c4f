package csaf

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"yagura/area/psirt/cpe"
)

// The formats and patterns of the schemas. Each says what is wrong, or nothing.

// isURI is RFC 3986 as "format": "uri" means it: a scheme, and only characters
// that may stand in a URI.
func isURI(s string) string {
	const wrong = "is not a URI"
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !isAlpha(scheme[0]) {
		return wrong
	}
	for i := range len(scheme) {
		if c := scheme[i]; !isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return wrong
		}
	}
	fragment := false
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '%':
			if i+2 >= len(rest) || !isHex(rest[i+1]) || !isHex(rest[i+2]) {
				return wrong
			}
		case c == '#':
			if fragment {
				return wrong
			}
			fragment = true
		case isAlpha(c) || isDigit(c) || strings.IndexByte("-._~:/?@!$&'()*+,;=", c) >= 0:
		case (c == '[' || c == ']') && strings.HasPrefix(rest, "//"): // IPv6 in the authority alone
			end := strings.IndexAny(rest[2:], "/?#")
			if end >= 0 && i > end+2 {
				return wrong
			}
		default:
			return wrong
		}
	}
	return ""
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// parseTime reads an RFC 3339 time. 2.1 forbids what the RFC tolerates: small
// letters, a blank for T, leap seconds.
func parseTime(s string) (time.Time, bool) {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	fixed := s
	if s[17] == '6' && s[18] == '0' { // a leap second orders like the last moment before
		fixed = s[:17] + "59" + s[19:]
	}
	fixed = strings.ToUpper(fixed)
	if fixed[10] == ' ' {
		fixed = fixed[:10] + "T" + fixed[11:]
	}
	if strings.Contains(fixed, ",") {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, fixed)
	return t, err == nil
}

// Instant reads a date and time of a document; a leap second orders like the last moment
// before it.
func Instant(s string) (time.Time, bool) { return parseTime(s) }

func isDateTime(s string) string {
	if _, ok := parseTime(s); !ok || s[10]|0x20 != 't' {
		return "is not a date and time of RFC 3339"
	}
	return ""
}

// isDateTime21 is section "Date and Time" of 2.1.
func isDateTime21(s string) string {
	switch _, ok := parseTime(s); {
	case !ok:
		return "is not a date and time of RFC 3339"
	case s[10] != 'T':
		return "must have a capital T between date and time"
	case strings.HasSuffix(s, "z"):
		return "must have a capital Z for UTC"
	case s[17:19] == "60":
		return "is a leap second, which CSAF 2.1 does not allow"
	}
	return ""
}

// isVersion is version_t: an integer, or a version of semver.org.
func isVersion(s string) string {
	if _, ok := parseVersion(s); !ok {
		return "is neither an integer version nor a semantic version"
	}
	return ""
}

func isCVE(s string) string {
	if !looksLikeCVE(s) {
		return "is not a CVE ID"
	}
	return ""
}

func looksLikeCVE(s string) bool {
	rest, ok := strings.CutPrefix(s, "CVE-")
	return ok && len(rest) >= 9 && rest[4] == '-' && digitsOnly(rest[:4]) && digitsOnly(rest[5:])
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isCWE(s string) string {
	rest, ok := strings.CutPrefix(s, "CWE-")
	if !ok || len(rest) > 6 || !digitsOnly(rest) || rest[0] == '0' {
		return "is not a CWE ID"
	}
	return ""
}

func isCWEVersion(s string) string {
	parts := strings.Split(s, ".")
	ok := len(parts) == 2 || len(parts) == 3
	for i, p := range parts {
		ok = ok && digitsOnly(p) && (i == 2 || len(p) == 1 || p[0] != '0') && (i > 0 || p != "0")
	}
	if !ok {
		return "is not a version of CWE"
	}
	return ""
}

// isTrimmed is the pattern of names that neither begin nor end with a separator.
func isTrimmed(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	separator := func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '_' || r == '.' || r == '\ufeff' }
	if s == "" || separator(first) || separator(last) || strings.ContainsAny(s, "\n\r\u2028\u2029") {
		return "is empty, has more than one line, or begins or ends with a separator"
	}
	return ""
}

func isID(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	if s == "" || unicode.IsSpace(first) || unicode.IsSpace(last) || strings.ContainsAny(s, "\n\r\u2028\u2029") {
		return "is empty, has more than one line, or begins or ends with a blank"
	}
	return ""
}

func isHash(s string) string {
	for i := range len(s) {
		if !isHex(s[i]) {
			return "is not hexadecimal"
		}
	}
	if len(s) < 32 {
		return "has fewer than 32 hexadecimal digits"
	}
	return ""
}

func isHash21(s string) string {
	if s != strings.ToLower(s) {
		return "must be in small letters"
	}
	return isHash(s)
}

func isAlgorithm(s string) string {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'z') && (c != '-' || i == 0) {
			return "is not a name of a hash algorithm in small letters"
		}
	}
	return filled.check(s)
}

func isCPE(s string) string {
	if _, err := cpe.Parse(s); err != nil {
		return "is not a CPE: " + err.Error()
	}
	return ""
}

// isPURLShape is the schemas' pattern; the rest of a purl is test 6.1.13.
func isPURLShape(first, more string) func(string) string {
	return func(s string) string {
		if rest, ok := strings.CutPrefix(s, "pkg:"); ok {
			kind, name, ok := strings.Cut(rest, "/")
			good := ok && name != "" && kind != ""
			for i := range len(kind) {
				c := kind[i]
				good = good && (c >= 'a' && c <= 'z' || first == "aA" && isAlpha(c) || strings.IndexByte(more, c) >= 0 && (i > 0 || first == "aA") || i > 0 && isDigit(c))
			}
			if good {
				return isURI(s)
			}
		}
		return "is not a purl"
	}
}

func isSharingGroup(s string) string {
	ok := len(s) == 36
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			ok = ok && c == '-'
		default:
			ok = ok && isHex(c) && (isDigit(c) || c >= 'a')
		}
	}
	if ok && (s[14] == '4' || s == maxUUID || s == nilUUID) {
		return ""
	}
	return "is neither a UUID of version 4 nor the max or nil UUID"
}

const (
	maxUUID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
	nilUUID = "00000000-0000-0000-0000-000000000000"
)

// isProbability is an EPSS value: 0.x or 1.0.
func isProbability(s string) string {
	whole, part, ok := strings.Cut(s, ".")
	if ok && digitsOnly(part) && (whole == "0" || whole == "1" && strings.Trim(part, "0") == "") {
		return ""
	}
	return "is not a probability"
}
