// Package cpe reads and writes names of the Common Platform Enumeration: the URI
// binding of version 2.2 and the formatted string of 2.3 (NIST IR 7695), and
// compares names as NIST IR 7696 does.
package cpe

import (
	"fmt"
	"strings"
)

// The two logical values an attribute may have instead of a text.
const (
	Any = "*" // every value
	NA  = "-" // the attribute has no meaning for the product
)

// Attribute is one of the eleven attributes of a name.
type Attribute int

// The attributes in the order of a formatted string.
const (
	Part Attribute = iota
	Vendor
	Product
	Version
	Update
	Edition
	Language
	SWEdition
	TargetSW
	TargetHW
	Other
)

var names = [...]string{"part", "vendor", "product", "version", "update", "edition", "language", "sw_edition", "target_sw", "target_hw", "other"}

func (a Attribute) String() string { return names[a] }

// Name is a well-formed name. A value is Any, NA or a text in which everything but
// letters, digits and _ is escaped with \; unescaped ? and * are wildcards.
type Name [11]string

// Error is what is wrong with a name, and where.
type Error struct {
	Attribute string // empty where it is the name as a whole
	Reason    string
}

func (e *Error) Error() string {
	if e.Attribute == "" {
		return e.Reason
	}
	return e.Attribute + " " + e.Reason
}

// Parse reads a name in either binding.
func Parse(s string) (Name, error) {
	if strings.HasPrefix(s, "cpe:2.3:") {
		return parse23(s)
	}
	if len(s) >= 5 && strings.EqualFold(s[:5], "cpe:/") {
		return parse22(s)
	}
	return Name{}, &Error{"", "begins neither with cpe:2.3: nor with cpe:/"}
}

// fields splits at colons that no \ escapes.
func fields(s string) []string {
	var all []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ':':
			all = append(all, s[start:i])
			start = i + 1
		}
	}
	return append(all, s[start:])
}

func parse23(s string) (n Name, err error) {
	parts := fields(s[len("cpe:2.3:"):])
	if len(parts) != len(n) {
		return n, &Error{"", fmt.Sprintf("has %d attributes and must have %d", len(parts), len(n))}
	}
	for i, p := range parts {
		a := Attribute(i)
		if err := check(a, p); err != nil {
			return Name{}, err
		}
		n[i] = quote(p)
	}
	return n, nil
}

// quote escapes the three characters that a formatted string may leave bare and a
// well-formed name may not.
func quote(p string) string {
	if p == Any || p == NA || !strings.ContainsAny(p, "-.") {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch c := p[i]; c {
		case '\\':
			b.WriteString(p[i : i+2])
			i++
		case '-', '.':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Literal is a text as the value of an attribute: in small letters, everything but
// letters, digits and _ escaped; what no value may have, as a blank, becomes _.
func Literal(text string) string {
	if text == "" {
		return Any
	}
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r < 0x80 && letter(byte(r)):
			b.WriteRune(r)
		case r == '-' || r == '.' || r < 0x80 && strings.ContainsRune(special, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	return b.String()
}

const special = "\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~"

// check says whether a text may stand for an attribute in a formatted string.
func check(a Attribute, p string) error {
	wrong := func(reason string) error { return &Error{a.String(), reason} }
	switch {
	case p == Any || p == NA:
		return nil
	case p == "":
		return wrong("is empty")
	case a == Part:
		if p != "a" && p != "o" && p != "h" {
			return wrong("must be a, o, h, * or -")
		}
		return nil
	case a == Language:
		if !language(p) {
			return wrong("is not a language with an optional region")
		}
		return nil
	}
	body := p
	if strings.HasPrefix(body, "*") {
		body = body[1:]
	} else {
		body = strings.TrimLeft(body, "?")
	}
	read := 0
	for read < len(body) {
		c := body[read]
		if c == '\\' {
			if read+1 >= len(body) || !strings.ContainsRune(special, rune(body[read+1])) && body[read+1] != '-' && body[read+1] != '.' {
				return wrong("has a \\ before what needs none")
			}
			read += 2
			continue
		}
		if !letter(c) && c != '-' && c != '.' {
			break
		}
		read++
	}
	rest := body[read:]
	if read == 0 {
		return wrong("consists of wildcards alone")
	}
	if rest != "" && rest != "*" && strings.Trim(rest, "?") != "" {
		return wrong(fmt.Sprintf("has %q where it is not allowed", rest[:1]))
	}
	return nil
}

func letter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

func language(p string) bool {
	lang, region, has := strings.Cut(p, "-")
	alpha := func(s string) bool {
		return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") == ""
	}
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if len(lang) < 2 || len(lang) > 3 || !alpha(lang) {
		return false
	}
	return !has || len(region) == 2 && alpha(region) || len(region) == 3 && digits(region)
}

// parse22 unbinds a URI. The seventh part of 2.2 is the language; an edition that
// begins with ~ packs the four attributes that 2.3 added.
func parse22(s string) (n Name, err error) {
	for i := range n {
		n[i] = Any
	}
	if strings.Trim(strings.ToLower(s[5:]), "abcdefghijklmnopqrstuvwxyz0123456789._-~%:") != "" {
		return n, &Error{"", "has a character that a CPE URI may not have"}
	}
	parts := strings.Split(s[5:], ":")
	if len(parts) > 7 {
		return n, &Error{"", fmt.Sprintf("has %d parts and may have 7", len(parts))}
	}
	put := func(a Attribute, p string) error {
		v, err := decode(p)
		if err != nil {
			return &Error{a.String(), err.Error()}
		}
		n[a] = v
		return nil
	}
	for i, p := range parts {
		a := Attribute(i)
		switch {
		case a == Part:
			if p = strings.ToLower(p); p != "" && p != "a" && p != "o" && p != "h" {
				return n, &Error{"part", "must be a, o or h"}
			}
			err = put(a, p)
		case a == Edition && strings.HasPrefix(p, "~"):
			packed := strings.Split(p[1:], "~")
			if len(packed) != 5 {
				return n, &Error{"edition", "packs other than five attributes"}
			}
			for j, b := range []Attribute{Edition, SWEdition, TargetSW, TargetHW, Other} {
				if err == nil {
					err = put(b, packed[j])
				}
			}
		default:
			err = put(a, p)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// decode turns one part of a URI into an attribute: %01 is ?, %02 is *.
func decode(p string) (string, error) {
	switch p {
	case "":
		return Any, nil
	case "-":
		return NA, nil
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			var x int
			if i+2 >= len(p) {
				return "", fmt.Errorf("has an incomplete %% sequence")
			}
			if _, err := fmt.Sscanf(p[i+1:i+3], "%02x", &x); err != nil {
				return "", fmt.Errorf("has %q, which is no %% sequence", p[i:i+3])
			}
			i += 2
			switch {
			case x == 1:
				b.WriteByte('?')
			case x == 2:
				b.WriteByte('*')
			case x < 0x21 || x > 0x7e:
				return "", fmt.Errorf("has %%%02x, which stands for no character of a name", x)
			case letter(byte(x)):
				b.WriteByte(byte(x))
			default:
				b.WriteByte('\\')
				b.WriteByte(byte(x))
			}
			continue
		}
		if !letter(c) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return strings.ToLower(b.String()), nil
}

// String binds the name to a formatted string of 2.3.
func (n Name) String() string {
	var b strings.Builder
	b.WriteString("cpe:2.3")
	for _, v := range n {
		b.WriteByte(':')
		if v == Any || v == NA {
			b.WriteString(v)
			continue
		}
		for i := 0; i < len(v); i++ {
			if v[i] == '\\' && i+1 < len(v) {
				if c := v[i+1]; c != '-' && c != '.' && c != '_' {
					b.WriteByte('\\')
				}
				i++
			}
			b.WriteByte(v[i])
		}
	}
	return b.String()
}

// URI binds the name to the URI of 2.2.
func (n Name) URI() string {
	edition := encode(n[Edition])
	packed := n[SWEdition] != Any || n[TargetSW] != Any || n[TargetHW] != Any || n[Other] != Any
	if packed {
		edition = "~" + strings.Join([]string{edition, encode(n[SWEdition]), encode(n[TargetSW]), encode(n[TargetHW]), encode(n[Other])}, "~")
	}
	parts := []string{encode(n[Part]), encode(n[Vendor]), encode(n[Product]), encode(n[Version]), encode(n[Update]), edition, encode(n[Language])}
	return "cpe:/" + strings.TrimRight(strings.Join(parts, ":"), ":")
}

func encode(v string) string {
	switch v {
	case Any:
		return ""
	case NA:
		return "-"
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '?':
			b.WriteString("%01")
		case c == '*':
			b.WriteString("%02")
		case c == '\\' && i+1 < len(v):
			i++
			if c = v[i]; c == '-' || c == '.' || letter(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02x", c)
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Text is an attribute as a person writes it: without escapes.
func (n Name) Text(a Attribute) string {
	v := n[a]
	if v == Any || v == NA {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			i++
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// Wild tells whether an attribute is Any or has a wildcard.
func (n Name) Wild(a Attribute) bool {
	v := n[a]
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '*', '?':
			return true
		}
	}
	return false
}

// Covers tells whether every product that other names is one that n names: the
// relation "superset or equal" of IR 7696 in each attribute.
func (n Name) Covers(other Name) bool {
	for i := range n {
		source, target := strings.ToLower(n[i]), strings.ToLower(other[i])
		if source == Any || source == target {
			continue
		}
		if source == NA || target == Any || target == NA || !match(source, target) {
			return false
		}
	}
	return true
}

// match compares with ? for at most one character at the ends and * for any.
func match(pattern, s string) bool {
	next := func(p string) int {
		if p[0] == '\\' && len(p) > 1 {
			return 2
		}
		return 1
	}
	var walk func(p, s string) bool
	walk = func(p, s string) bool {
		if p == "" {
			return s == ""
		}
		switch p[0] {
		case '*':
			for {
				if walk(p[1:], s) {
					return true
				}
				if s == "" {
					return false
				}
				s = s[next(s):]
			}
		case '?':
			return walk(p[1:], s) || s != "" && walk(p[1:], s[next(s):])
		}
		k := next(p)
		return strings.HasPrefix(s, p[:k]) && walk(p[k:], s[k:])
	}
	return walk(pattern, s)
}
