package product

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Kind is a way to write and order versions.
type Kind string

// The kinds.
const (
	Dotted   Kind = "dotted"   // numbers with dots: 1.9 is before 1.10, and 01.2 is 1.2.0
	Decimal  Kind = "decimal"  // a decimal number: 1.32 is before 1.5
	Lettered Kind = "lettered" // numbers with dots and letters behind: 1.05F is before 1.05G and 1.06A
	Letters  Kind = "letters"  // letters alone: Z is before AA
	Coded    Kind = "coded"    // letters and digits in turn: A8 is before A12 and B1; . - and _ only divide
	Semver   Kind = "semver"   // semantic versions 2.0.0
	Date     Kind = "date"     // a day: 2026-04-01, 20260401, 2026.04.01 or 2026/04/01
	Number   Kind = "number"   // one number, as of builds; 05 is 5
)

// Kinds are all kinds with what to call them.
var Kinds = []struct {
	Kind    Kind
	Name    text.Message
	Example string
}{
	{Dotted, text.M("Numbers with dots"), "1.9.0 < 1.10.0"},
	{Decimal, text.M("A decimal number"), "1.32 < 1.5"},
	{Lettered, text.M("Numbers with letters behind"), "1.05F < 1.06A"},
	{Letters, text.M("Letters"), "B < Z < AA"},
	{Coded, text.M("Letters and digits in turn"), "A8 < A12 < B1"},
	{Semver, text.M("Semantic versions"), "1.0.0-rc.1 < 1.0.0"},
	{Date, text.M("Days"), "2026-04-01 < 2026-10-15"},
	{Number, text.M("One number"), "05 < 26 < 100"},
}

// Scheme is how the versions of a family are written and ordered. As text it is
// the kind, and after a colon what stands before each version on labels and in
// letters: "letters:Ver. ".
type Scheme struct {
	Kind   Kind
	Prefix string
}

// ParseScheme reads a scheme's text.
func ParseScheme(s string) (Scheme, error) {
	kind, prefix, _ := strings.Cut(s, ":")
	scheme := Scheme{Kind(strings.ToLower(strings.TrimSpace(kind))), prefix}
	if !slices.ContainsFunc(Kinds, func(k struct {
		Kind    Kind
		Name    text.Message
		Example string
	}) bool {
		return k.Kind == scheme.Kind
	}) {
		return Scheme{}, fault.Invalidf("There is no order of versions called %s; there are: %s", kind, kindNames())
	}
	if len(prefix) > 20 || strings.ContainsAny(prefix, "<>=!|*\n\t") {
		return Scheme{}, fault.Invalidf("What stands before a version has at most 20 letters and none of < > = ! | *")
	}
	return scheme, nil
}

func kindNames() string {
	var names []string
	for _, k := range Kinds {
		names = append(names, string(k.Kind))
	}
	return strings.Join(names, ", ")
}

// String is the scheme's text.
func (s Scheme) String() string {
	if s.Prefix == "" {
		return string(s.Kind)
	}
	return string(s.Kind) + ":" + s.Prefix
}

// MarshalText and UnmarshalText write and read the text.
func (s Scheme) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Scheme) UnmarshalText(b []byte) (err error) {
	*s, err = ParseScheme(string(b))
	return err
}

// noise are words before a version that say nothing.
var noise = []string{"version", "versions", "ver.", "ver", "firmware", "fw", "build", "rev.", "v."}

// Bare is a version without what stands before it: the family's prefix, a word such
// as "Version", a v before a digit, blanks.
func (s Scheme) Bare(version string) string {
	v := strings.TrimSpace(version)
	if p := strings.TrimSpace(s.Prefix); p != "" && len(v) > len(p) && strings.EqualFold(v[:len(p)], p) {
		v = strings.TrimLeft(v[len(p):], " \u00a0_")
	}
	for again := true; again; {
		again = false
		for _, word := range noise {
			if len(v) <= len(word) || !strings.EqualFold(v[:len(word)], word) {
				continue
			}
			// A word counts as such only apart from what follows: "version_1", not "VERA".
			if rest := strings.TrimLeft(v[len(word):], " \u00a0_"); rest != "" && (len(rest) < len(v)-len(word) || digit(rest[0])) {
				v, again = rest, true
			}
		}
	}
	if len(v) > 1 && (v[0] == 'v' || v[0] == 'V') && digit(v[1]) && s.Kind != Coded {
		v = v[1:]
	}
	return v
}

// Text is a version as it stands on labels.
func (s Scheme) Text(version string) string { return s.Prefix + s.Bare(version) }

// piece is a part of a version: a number or letters.
type piece struct {
	number bool
	text   string // a number without leading zeros, letters in upper case
}

// key is a version taken apart, in the order that comparing looks at it.
type key struct {
	ok     bool
	pieces []piece
	pre    []piece // semver: what makes it a pre-release
	isPre  bool
	day    time.Time
	text   string
}

// Check says why a version does not fit the scheme, or nil.
func (s Scheme) Check(version string) error {
	v := s.Bare(version)
	switch {
	case v == "":
		return fault.Invalidf("A version is missing")
	case len(v) > 64:
		return fault.Invalidf("The version has more than 64 letters")
	case !s.parse(version).ok:
		return fault.Invalidf("%s is no version of the order %s", version, string(s.Kind))
	}
	return nil
}

// parse takes a version apart; ok is false where it does not fit.
func (s Scheme) parse(version string) key {
	v := s.Bare(version)
	k := key{text: v}
	if v == "" || len(v) > 64 {
		return k
	}
	switch s.Kind {
	case Dotted, Decimal, Number:
		parts := strings.Split(v, ".")
		if s.Kind == Number && len(parts) > 1 || s.Kind == Decimal && len(parts) > 2 {
			return k
		}
		for i, p := range parts {
			if !digits(p) {
				return k
			}
			if s.Kind == Decimal && i == 1 {
				k.pieces = append(k.pieces, piece{false, strings.TrimRight(p, "0")})
				continue
			}
			k.pieces = append(k.pieces, piece{true, unpad(p)})
		}
	case Lettered:
		end := strings.TrimRight(v, letters)
		for p := range strings.SplitSeq(end, ".") {
			if !digits(p) {
				return k
			}
			k.pieces = append(k.pieces, piece{true, unpad(p)})
		}
		k.pieces = trimZeros(k.pieces)
		// Letters after the last number are looked at after all numbers.
		k.pre = []piece{{false, strings.ToUpper(v[len(end):])}}
	case Letters:
		if strings.Trim(v, letters) != "" {
			return k
		}
		k.pieces = []piece{{false, strings.ToUpper(v)}}
	case Coded:
		if strings.Trim(v, letters+"0123456789._-") != "" || strings.Trim(v, "._-") == "" {
			return k
		}
		k.pieces = runs(v)
	case Semver:
		return semver(v)
	case Date:
		for _, layout := range []string{"2006-01-02", "20060102", "2006.01.02", "2006/01/02"} {
			if t, err := time.Parse(layout, v); err == nil {
				k.day, k.ok = t, true
			}
		}
		return k
	default:
		return k
	}
	if s.Kind == Dotted {
		k.pieces = trimZeros(k.pieces)
	}
	k.ok = true
	return k
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func digit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// unpad takes zeros off the front; zero itself is "0".
func unpad(s string) string {
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return s
}

// trimZeros makes 1.2.0 the same as 1.2.
func trimZeros(p []piece) []piece {
	for len(p) > 1 && p[len(p)-1] == (piece{true, "0"}) {
		p = p[:len(p)-1]
	}
	return p
}

// runs cuts a version into numbers and everything else. Signs between them only divide.
func runs(v string) (all []piece) {
	for v != "" {
		if strings.IndexByte("._-", v[0]) >= 0 {
			v = v[1:]
			continue
		}
		n := 1
		for n < len(v) && digit(v[n]) == digit(v[0]) && strings.IndexByte("._-", v[n]) < 0 {
			n++
		}
		if digit(v[0]) {
			all = append(all, piece{true, unpad(v[:n])})
		} else {
			all = append(all, piece{false, strings.ToUpper(v[:n])})
		}
		v = v[n:]
	}
	return all
}

func semver(v string) key {
	k := key{text: v}
	v, build, hasBuild := strings.Cut(v, "+")
	core, pre, isPre := strings.Cut(v, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 || hasBuild && !identifiers(build) || isPre && !identifiers(pre) {
		return k
	}
	for _, p := range parts {
		if !digits(p) || p != unpad(p) {
			return k
		}
		k.pieces = append(k.pieces, piece{true, p})
	}
	if isPre {
		k.isPre = true
		for p := range strings.SplitSeq(pre, ".") {
			if digits(p) && p != unpad(p) {
				return k
			}
			k.pre = append(k.pre, piece{digits(p), p})
		}
	}
	k.ok = true
	return k
}

func identifiers(s string) bool {
	for p := range strings.SplitSeq(s, ".") {
		if p == "" || strings.Trim(p, letters+"0123456789-") != "" {
			return false
		}
	}
	return true
}

// Compare orders any two texts: by the scheme where both fit it; what does not fit
// stands after all that does, ordered by its numbers and letters. 0 means that they
// are the same version, though they may be written differently.
func (s Scheme) Compare(a, b string) int {
	x, y := s.parse(a), s.parse(b)
	switch {
	case x.ok != y.ok:
		if x.ok {
			return -1
		}
		return 1
	case !x.ok:
		return cmp.Or(comparePieces(Coded, runs(x.text), runs(y.text)), strings.Compare(x.text, y.text))
	case s.Kind == Date:
		return x.day.Compare(y.day)
	}
	if c := comparePieces(s.Kind, x.pieces, y.pieces); c != 0 {
		return c
	}
	if s.Kind == Semver && x.isPre != y.isPre {
		if x.isPre {
			return -1
		}
		return 1
	}
	return comparePieces(s.Kind, x.pre, y.pre)
}

func comparePieces(kind Kind, a, b []piece) int {
	for i := range min(len(a), len(b)) {
		p, q := a[i], b[i]
		if p.number != q.number {
			if p.number {
				return -1
			}
			return 1
		}
		byLength := p.number || kind == Letters || kind == Lettered
		if byLength {
			if c := cmp.Compare(len(p.text), len(q.text)); c != 0 {
				return c
			}
		}
		if c := strings.Compare(p.text, q.text); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// Guess is the first scheme that all versions fit, and whether there is one.
func Guess(versions []string) (Scheme, bool) {
	for _, kind := range []Kind{Number, Dotted, Lettered, Letters, Semver, Date, Coded} {
		s := Scheme{Kind: kind}
		if !slices.ContainsFunc(versions, func(v string) bool { return s.Check(v) != nil }) {
			return s, true
		}
	}
	return Scheme{Kind: Coded}, len(versions) == 0
}
