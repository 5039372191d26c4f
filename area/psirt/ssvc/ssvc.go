// Package ssvc knows the Stakeholder-Specific Vulnerability Categorization of the
// Software Engineering Institute: its namespaces and decision points, and the
// tree by which a supplier decides how soon to fix.
package ssvc

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed points.txt
var pointText string

// Value is a value of a decision point.
type Value struct{ Key, Name string }

// Point is a decision point in one version, its values in their order.
type Point struct {
	Namespace, Key, Version, Name string
	Values                        []Value
}

// points are the decision points of the namespace ssvc.
var points = sync.OnceValue(func() []Point {
	var all []Point
	for line := range strings.Lines(pointText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, " | ")
		head := strings.SplitN(parts[0], " ", 4)
		p := Point{Namespace: head[0], Key: head[1], Version: head[2], Name: head[3]}
		for _, v := range parts[1:] {
			key, name, _ := strings.Cut(v, " ")
			p.Values = append(p.Values, Value{key, name})
		}
		all = append(all, p)
	}
	return all
})

// Points are the decision points of the namespace ssvc that are known here.
func Points() []Point { return slices.Clone(points()) }

// Registered are the base namespaces that SSVC lists.
var registered = []string{"ssvc", "cvss", "cisa", "basic", "nist", "aivss", "cisa-nciss"}

// invalid is the namespace that is never right.
const invalid = "invalid"

// reserved are the namespaces kept for a purpose: those for tests and examples may
// stand for anything.
var reserved = []string{"test", "example", "documentation", invalid}

// Namespace is a namespace, taken apart: ssvc//.example.test#tree has the base ssvc
// and an extension, x_example.test#points is private.
type Namespace struct {
	Full, Base string // the base without a fragment
	Extended   bool
}

// ParseNamespace takes a namespace apart and checks its grammar.
func ParseNamespace(s string) (Namespace, error) {
	n := Namespace{Full: s}
	base, extensions, extended := strings.Cut(s, "/")
	n.Extended = extended
	if len(s) < 3 || len(s) > 1000 {
		return n, fmt.Errorf("a namespace has 3 to 1000 characters")
	}
	name, fragment, hasFragment := strings.Cut(base, "#")
	n.Base = name
	private, isPrivate := strings.CutPrefix(name, "x_")
	switch {
	case isPrivate && (!hasFragment || !domain(private) || !token(fragment)):
		return n, fmt.Errorf("a private namespace is x_, a domain in reverse, # and a name")
	case !isPrivate && (len(name) < 3 || name[0] < 'a' || name[0] > 'z' || !token(name) || hasFragment && !token(fragment)):
		return n, fmt.Errorf("the base of a namespace has small letters and digits, with single dots and dashes between")
	}
	if !extended {
		return n, nil
	}
	for i, part := range strings.Split(extensions, "/") {
		switch {
		case i == 0 && (part == "" && extensions != "" || language(part)):
		case i > 0 && language(part):
		case i > 0 && strings.HasPrefix(part, ".") && extension(part[1:]):
		default:
			return n, fmt.Errorf("%q is neither a language nor an extension", part)
		}
	}
	return n, nil
}

// extension is a domain in reverse with # and a name, or with $ and a language.
func extension(s string) bool {
	s, tag, translated := strings.Cut(s, "$")
	if translated && !language(tag) {
		return false
	}
	host, fragment, named := strings.Cut(s, "#")
	return domain(host) && (named && token(fragment) || !named && translated)
}

// domain is two labels or more of small letters, digits and dashes.
func domain(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(labels) > 1
}

// token is small letters and digits, with single dots and dashes between.
func token(s string) bool {
	for _, part := range strings.FieldsFunc(s+" ", func(r rune) bool { return r == '.' || r == '-' }) {
		if strings.Trim(strings.TrimSuffix(part, " "), "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return s != "" && !strings.ContainsAny(s[:1]+s[len(s)-1:], ".-") && !strings.Contains(s, "..") && !strings.Contains(s, "--") && !strings.Contains(s, ".-") && !strings.Contains(s, "-.")
}

// language is the beginning of the grammar of BCP 47: enough to tell a language
// from the name of an extension.
func language(s string) bool {
	parts := strings.Split(strings.ToLower(s), "-")
	for i, part := range parts {
		if part == "" || len(part) > 8 || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
		if i == 0 && (len(part) < 2 && (part != "x" && part != "i" || len(parts) < 2) || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz") != "") {
			return false
		}
	}
	return true
}

// Registered tells a base namespace that SSVC lists or reserves.
func (n Namespace) Registered() bool { return slices.Contains(registered, n.Base) || n.Reserved() }

// Reserved tells a namespace that is kept for tests, examples or as never valid.
func (n Namespace) Reserved() bool { return slices.Contains(reserved, n.Base) }

// IsKey tells whether a text can be the key of a point or a value.
func IsKey(s string) bool {
	if s == "T*" {
		return true
	}
	for i := range len(s) {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' && i > 0 && i < len(s)-1) {
			return false
		}
	}
	return s != ""
}

// Find is a decision point of the namespace ssvc.
func Find(key, version string) (Point, bool) {
	for _, p := range points() {
		if p.Key == key && p.Version == version {
			return p, true
		}
	}
	return Point{}, false
}

// Latest is the newest version of a decision point that is known here.
func Latest(key string) (string, bool) {
	newest := ""
	for _, p := range points() {
		if p.Key == key && p.Version > newest { // all have one digit a place
			newest = p.Version
		}
	}
	return newest, newest != ""
}

// Selection is what an assessment chose of a decision point.
type Selection struct {
	Namespace          Namespace
	Key, Version, Name string
	Values             []Value
}

// Check says what is wrong with a selection, or whether it can't be told since the
// namespace is registered and its points are not known here.
func (s Selection) Check() (wrong string, unknown bool) {
	switch base := s.Namespace.Base; {
	case base == invalid:
		return "the namespace invalid is never valid", false
	case base == "ssvc":
		return s.checkPoint(), false
	case base == "cvss":
		return s.checkCVSS(), false
	default:
		return "", s.Namespace.Registered() && !s.Namespace.Reserved()
	}
}

func (s Selection) checkPoint() string {
	p, ok := Find(s.Key, s.Version)
	if !ok {
		if latest, known := Latest(s.Key); known {
			return fmt.Sprintf("%s has no version %s; the newest is %s", s.Key, s.Version, latest)
		}
		return fmt.Sprintf("there is no decision point %s", s.Key)
	}
	if s.Name != "" && s.Name != p.Name && !s.Namespace.Extended { // an extension may translate or refine the name
		return fmt.Sprintf("%s %s is called %q", p.Key, p.Version, p.Name)
	}
	last := -1
	for _, v := range s.Values {
		at := slices.IndexFunc(p.Values, func(w Value) bool { return w.Key == v.Key })
		switch {
		case at < 0:
			return fmt.Sprintf("%s %s has no value %s", p.Name, p.Version, v.Key)
		case v.Name != "" && v.Name != p.Values[at].Name && !s.Namespace.Extended:
			return fmt.Sprintf("the value %s of %s %s is called %q", v.Key, p.Name, p.Version, p.Values[at].Name)
		case at <= last:
			return fmt.Sprintf("the values of %s %s are not in their order", p.Name, p.Version)
		}
		last = at
	}
	return ""
}
