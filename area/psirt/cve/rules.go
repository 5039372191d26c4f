package cve

import (
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/kernel/text"
)

// Problem is a place where a document breaks the record format.
type Problem struct {
	Path    string // such as $.affected[0].versions[1].lessThan
	Message text.Message
}

func (p Problem) Error() string { return p.Path + ": " + p.Message.String() }

// In is the problem in a language.
func (p Problem) In(lang text.Lang) string { return p.Path + ": " + p.Message.In(lang) }

// form collects what breaks the format.
type form struct{ problems []Problem }

func (f *form) wrong(path string, m text.Message) { f.problems = append(f.problems, Problem{path, m}) }

// A rule checks one node. The format is written as rules made of rules, in the
// terms of its reference documentation.
type rule func(f *form, n *Node, path string)

func is(f *form, n *Node, path string, k Kind) bool {
	if n.Kind != k {
		f.wrong(path, text.M("must be of type %s, not %s", k.String(), n.Kind.String()))
		return false
	}
	return true
}

// fields are the members that an object may have.
type fields map[string]rule

// object is an object with needed members. Other members than the fields are
// refused if it is closed; those that begin with x_ are allowed where extended.
type object struct {
	needs    string // names, separated by blanks
	fields   fields
	open     bool
	extended bool
	also     rule
}

func (o object) rule(f *form, n *Node, path string) {
	if !is(f, n, path, Object) {
		return
	}
	for name := range strings.FieldsSeq(o.needs) {
		if n.Get(name) == nil {
			f.wrong(path, text.M("%s is missing", name))
		}
	}
	for _, m := range n.Members {
		at := member(path, m.Name)
		if r, ok := o.fields[m.Name]; ok {
			r(f, m.Value, at)
		} else if extension := o.extended && strings.HasPrefix(m.Name, "x_"); extension && strings.Contains(m.Name, ".") {
			f.wrong(at, text.M("the name of an extension must not hold a full stop"))
		} else if !o.open && !extension {
			f.wrong(at, text.M("the format has no such field here"))
		}
	}
	if o.also != nil {
		o.also(f, n, path)
	}
}

// array is a list of at least and at most so many (0: any number) different items.
func array(least, most int, unique bool, item rule) rule {
	return func(f *form, n *Node, path string) {
		if !is(f, n, path, Array) {
			return
		}
		if len(n.Items) < least {
			f.wrong(path, text.M("must have at least %d items", least))
		}
		if most > 0 && len(n.Items) > most {
			f.wrong(path, text.M("must have at most %d items", most))
		}
		seen := map[string]int{}
		for i, x := range n.Items {
			item(f, x, index(path, i))
			if unique {
				key := x.canonical()
				if first, twice := seen[key]; twice {
					f.wrong(index(path, i), text.M("is the same as %s", index(path, first)))
				} else {
					seen[key] = i
				}
			}
		}
	}
}

// length is a string of so many characters.
func length(least, most int) rule {
	return func(f *form, n *Node, path string) {
		if !is(f, n, path, String) {
			return
		}
		switch c := utf8.RuneCountInString(n.Text); {
		case c < least:
			f.wrong(path, text.M("must have at least %d characters", least))
		case c > most:
			f.wrong(path, text.M("has %d characters, of which %d are allowed", c, most))
		}
	}
}

// pattern is a string of a form that is told by an example.
func pattern(expression, example string) rule {
	re := regexp.MustCompile(expression)
	return func(f *form, n *Node, path string) {
		if is(f, n, path, String) && !re.MatchString(n.Text) {
			f.wrong(path, text.M("%q does not look like %s", short(n.Text), example))
		}
	}
}

// oneOf is a string out of a list.
func oneOf(values ...string) rule {
	return func(f *form, n *Node, path string) {
		if is(f, n, path, String) && !slices.Contains(values, n.Text) {
			f.wrong(path, text.M("%q is none of: %s", short(n.Text), strings.Join(values, ", ")))
		}
	}
}

func all(rules ...rule) rule {
	return func(f *form, n *Node, path string) {
		for _, r := range rules {
			r(f, n, path)
		}
	}
}

func boolean(f *form, n *Node, path string) { is(f, n, path, Bool) }

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// number reads a number of a small range exactly.
func number(n *Node) (*big.Rat, bool) {
	if n == nil || n.Kind != Number || len(n.Text) > 40 || strings.HasPrefix(numberKey(n.Text), "-") {
		return nil, false
	}
	return new(big.Rat).SetString(numberKey(n.Text))
}

func serial(f *form, n *Node, path string) {
	if is(f, n, path, Number) {
		if r, ok := number(n); !ok || !r.IsInt() || r.Sign() < 1 {
			f.wrong(path, text.M("must be a whole number from 1"))
		}
	}
}

var momentPattern = regexp.MustCompile(`^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?$`)

// moment is a point in time; without a zone it is of UTC.
func moment(f *form, n *Node, path string) {
	if !is(f, n, path, String) {
		return
	}
	if _, ok := parseMoment(n.Text); !ok {
		f.wrong(path, text.M("%q does not look like %s", short(n.Text), "2026-04-01T09:00:00Z"))
	}
}

func parseMoment(s string) (time.Time, bool) {
	m := momentPattern.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false
	}
	// Z stands for itself; an offset is checked by its digits only, as the format
	// does, and is bounded by Go's parser for what is computed with it.
	if m[3] == "" {
		s += "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err == nil
}

// address is an absolute URI.
func address(f *form, n *Node, path string) {
	before := len(f.problems)
	if length(1, 2048)(f, n, path); len(f.problems) > before {
		return
	}
	u, err := url.Parse(n.Text)
	if err != nil || u.Scheme == "" || strings.ContainsFunc(n.Text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"{}|\\^`", r) }) {
		f.wrong(path, text.M("%q is no URL", short(n.Text)))
	}
}
