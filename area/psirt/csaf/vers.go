package csaf

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Version ranges of the product tree: either by the VERS specification,
// vers:TYPE/CONSTRAINT|CONSTRAINT…, or its constraints alone, which 2.1 calls
// VERS-like (vls).

// constraint is one comparator with a version.
type constraint struct {
	op      string // =, !=, <, <=, >, >=
	version string
}

// versionRange is a range that was read.
type versionRange struct {
	kind        string // the type of a vers, empty for a vls
	all         bool   // vers:…/*
	constraints []constraint
}

// The types that VERS lists, and those whose versions can be compared here.
var (
	versTypes = strings.Fields(`all alpine alpm apache cargo composer conan cpan datetime deb ebuild gem generic github golang
		hex intdot lexicographic mattermost maven mozilla nginx none npm nuget openssl pypi raku rpm semver swift`)
	comparable = strings.Fields("all cargo datetime golang hex intdot lexicographic none npm semver")
)

// parseRange reads a range; wrong says what breaks the rules for a name under
// product_version_range, as far as it can be told.
func parseRange(name string) (r versionRange, wrong string) {
	body := name
	if rest, ok := strings.CutPrefix(name, "vers:"); ok {
		if r.kind, body, ok = strings.Cut(rest, "/"); !ok || r.kind == "" {
			return r, "a vers has a type and a / before its constraints"
		}
		if strings.Trim(r.kind, "abcdefghijklmnopqrstuvwxyz0123456789.-+") != "" {
			return r, "the type of a vers is written with small letters, digits, dots and dashes"
		}
	}
	switch {
	case strings.ContainsAny(body, " \t\r\n\u00a0"):
		return r, "a range has no blanks: please write constraints with | between them"
	case body == "*" && r.kind != "":
		r.all = true
		if r.kind != "all" {
			return r, "all versions are written vers:all/*"
		}
		return r, ""
	case r.kind == "all" || r.kind == "none" && body != "*":
		return r, "vers:" + r.kind + "/ is followed by * alone"
	}
	for part := range strings.SplitSeq(body, "|") {
		c := constraint{op: "=", version: part}
		for _, op := range [...]string{"!=", "<=", ">=", "<", ">", "="} {
			if v, ok := strings.CutPrefix(part, op); ok {
				c = constraint{op, v}
				if op == "=" {
					wrong = "the comparator = is left out in the canonical form"
				}
				break
			}
		}
		if c.version == "" {
			return r, "a constraint has no version"
		}
		if strings.ContainsAny(c.version, "<>=!*") {
			return r, "the version " + c.version + " has a comparator in it"
		}
		if plain, err := url.PathUnescape(c.version); err == nil && r.kind != "" {
			c.version = plain
		}
		r.constraints = append(r.constraints, c)
	}
	if wrong == "" {
		wrong = r.order()
	}
	return r, wrong
}

// order checks that versions are different and ascending and that comparators take
// turns as the specification's normal form demands.
func (r versionRange) order() string {
	seen := map[string]bool{}
	for _, c := range r.constraints {
		if seen[c.version] && r.kind != "" {
			return "the version " + c.version + " stands twice"
		}
		seen[c.version] = true
	}
	if r.kind != "" && slices.Contains(comparable, r.kind) {
		for i := 1; i < len(r.constraints); i++ {
			a, b := r.constraints[i-1].version, r.constraints[i].version
			if compareVersions(r.kind, a, b) > 0 {
				return "the versions are not in ascending order: " + a + " before " + b
			}
		}
	}
	last, lastAny := "", ""
	for _, c := range r.constraints {
		if c.op == "!=" {
			continue
		}
		if lastAny == "=" && c.op[0] == '<' {
			return "a version is followed by " + c.op + ", which has it already"
		}
		lastAny = c.op
		if c.op == "=" {
			continue
		}
		if last != "" && last[0] == c.op[0] {
			return "two constraints with " + last + " and " + c.op + " follow each other"
		}
		last = c.op
	}
	return ""
}

// single tells a range of just one version.
func (r versionRange) single() bool {
	return !r.all && len(r.constraints) == 1 && r.constraints[0].op == "="
}

// open tells a range without an upper end.
func (r versionRange) open() bool {
	for _, c := range slices.Backward(r.constraints) {
		if c.op != "!=" {
			return c.op[0] == '>'
		}
	}
	return false
}

// interval is a part of a range; nil is no end.
type interval struct {
	low, high         *string
	withLow, withHigh bool
}

// intervals are the parts of a range, without what != takes out.
func (r versionRange) intervals() (all []interval, out []string) {
	if r.all {
		return []interval{{}}, nil
	}
	var from *interval
	for i := range r.constraints {
		c := &r.constraints[i]
		switch c.op {
		case "!=":
			out = append(out, c.version)
		case "=":
			all = append(all, interval{&c.version, &c.version, true, true})
		case ">", ">=":
			from = &interval{low: &c.version, withLow: c.op == ">="}
		default:
			if from == nil {
				from = &interval{}
			}
			from.high, from.withHigh = &c.version, c.op == "<="
			all, from = append(all, *from), nil
		}
	}
	if from != nil {
		all = append(all, *from)
	}
	return all, out
}

// overlaps tells whether two ranges have versions in common, taking it that between
// any two versions there can be more.
func (r versionRange) overlaps(s versionRange) bool {
	kind := r.kind
	compare := func(a, b string) int { return compareVersions(kind, a, b) }
	mine, notMine := r.intervals()
	theirs, notTheirs := s.intervals()
	out := slices.Concat(notMine, notTheirs)
	for _, a := range mine {
		for _, b := range theirs {
			low, withLow := a.low, a.withLow
			if low == nil || b.low != nil && compare(*b.low, *low) >= 0 {
				if low == nil || b.low == nil || compare(*b.low, *low) > 0 {
					low, withLow = b.low, b.withLow
				} else {
					withLow = withLow && b.withLow
				}
			}
			high, withHigh := a.high, a.withHigh
			if high == nil || b.high != nil && compare(*b.high, *high) <= 0 {
				if high == nil || b.high == nil || compare(*b.high, *high) < 0 {
					high, withHigh = b.high, b.withHigh
				} else {
					withHigh = withHigh && b.withHigh
				}
			}
			if low == nil || high == nil {
				return true
			}
			switch c := compare(*low, *high); {
			case c < 0:
				return true
			case c == 0 && withLow && withHigh && !slices.ContainsFunc(out, func(v string) bool { return compare(v, *low) == 0 }):
				return true
			}
		}
	}
	return false
}

// compareVersions orders two versions by the rules of a type; of types that are not
// known here, and for a vls, by numbers and words as they come.
func compareVersions(kind, a, b string) int {
	switch kind {
	case "semver", "npm", "cargo", "golang", "hex":
		v, okV := parseVersion(strings.TrimPrefix(a, "v"))
		w, okW := parseVersion(strings.TrimPrefix(b, "v"))
		if okV && okW {
			return v.compare(w)
		}
	case "datetime":
		t, okT := parseTime(a)
		u, okU := parseTime(b)
		if okT && okU {
			return t.Compare(u)
		}
	case "lexicographic":
		return cmp.Compare(a, b)
	}
	return natural(a, b)
}

// natural compares digits as numbers and everything else as text; 1.2 and 1.2.0
// are the same.
func natural(a, b string) int {
	x, y := pieces(a), pieces(b)
	for i := range max(len(x), len(y)) {
		p, q := "0", "0"
		if i < len(x) {
			p = x[i]
		}
		if i < len(y) {
			q = y[i]
		}
		if p == q {
			continue
		}
		switch np, nq := digitsOnly(p), digitsOnly(q); {
		case np && nq:
			if c := compareNumbers(unpad(p), unpad(q)); c != 0 {
				return c
			}
		case np != nq: // a word stands before a number, as a pre-release does
			if nq {
				return -1
			}
			return 1
		default:
			return strings.Compare(p, q)
		}
	}
	return 0
}

func unpad(n string) string {
	if n = strings.TrimLeft(n, "0"); n == "" {
		return "0"
	}
	return n
}

// pieces splits a version into its numbers and words.
func pieces(s string) (all []string) {
	s = strings.ToLower(strings.TrimLeft(s, "vV"))
	for i := 0; i < len(s); {
		j := i
		switch {
		case isDigit(s[i]):
			for j < len(s) && isDigit(s[j]) {
				j++
			}
		case isAlpha(s[i]) || s[i] >= 0x80:
			for j < len(s) && (isAlpha(s[j]) || s[j] >= 0x80) {
				j++
			}
		default:
			i++
			continue
		}
		all = append(all, s[i:j])
		i = j
	}
	return all
}
