package csaf

import (
	"cmp"
	"strings"
)

// version is a value of version_t, taken apart.
type version struct {
	semantic bool
	parts    [3]string // decimal numbers without leading zeros, of any length
	pre      string
	build    string
}

func parseVersion(s string) (v version, ok bool) {
	if number(s) {
		return version{parts: [3]string{s, "0", "0"}}, true
	}
	v.semantic = true
	s, v.build, ok = cut(s, "+")
	if ok && !identifiers(v.build, false) {
		return v, false
	}
	s, v.pre, ok = cut(s, "-")
	if ok && !identifiers(v.pre, true) {
		return v, false
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return v, false
	}
	for i, p := range parts {
		if !number(p) {
			return v, false
		}
		v.parts[i] = p
	}
	return v, true
}

func cut(s, sep string) (before, after string, found bool) { return strings.Cut(s, sep) }

func number(s string) bool { return digitsOnly(s) && (s[0] != '0' || len(s) == 1) }

func identifiers(s string, numeric bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || numeric && digitsOnly(id) && !number(id) {
			return false
		}
		for i := range len(id) {
			if c := id[i]; !isAlpha(c) && !isDigit(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func compareNumbers(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// compare is semver.org's precedence; an integer version counts as n.0.0.
func (v version) compare(w version) int {
	for i := range v.parts {
		if c := compareNumbers(v.parts[i], w.parts[i]); c != 0 {
			return c
		}
	}
	switch {
	case v.pre == w.pre:
		return 0
	case v.pre == "":
		return 1
	case w.pre == "":
		return -1
	}
	return comparePre(v.pre, w.pre)
}

func comparePre(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, y := as[i], bs[i]
		switch nx, ny := digitsOnly(x), digitsOnly(y); {
		case nx && ny:
			if c := compareNumbers(x, y); c != 0 {
				return c
			}
		case nx != ny:
			if nx {
				return -1
			}
			return 1
		default:
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// draft tells 0 and 0.y.z.
func (v version) draft() bool { return v.parts[0] == "0" }
