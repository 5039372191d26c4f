// Package mask takes personal values out of events before they are kept: the
// values of named fields, and what a pattern finds, everywhere in the event.
// They become pseudonyms – the same value the same one, so that what belongs
// together can still be seen – or are removed.
package mask

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"yagura/area/telemetry/intake"
	"yagura/kernel/quote"
)

// Mask is what is to be masked of a source.
type Mask struct {
	names  []string // lower case, with * for any letters
	values []*regexp.Regexp
	key    []byte // nil: remove
}

// New makes a mask of rules: names of fields, with * for any letters and dots
// between names that lead inward ("user.name", "*mail*"), and patterns of values
// between slashes ("/[0-9]{4}-[0-9]{4}/"). Without a key what they find is
// removed. An error names the rule.
func New(rules []string, key []byte) (*Mask, error) {
	m := &Mask{key: key}
	for _, r := range rules {
		if r = strings.TrimSpace(r); r == "" {
			continue
		}
		if len(r) > 2 && r[0] == '/' && r[len(r)-1] == '/' {
			x, err := regexp.Compile(r[1 : len(r)-1])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r, err)
			}
			if x.MatchString("") {
				return nil, fmt.Errorf("%s: it finds nothing in particular", r)
			}
			m.values = append(m.values, x)
			continue
		}
		if strings.Trim(r, "*.") == "" {
			return nil, fmt.Errorf("%s: it names every field", r)
		}
		m.names = append(m.names, strings.ToLower(r))
	}
	return m, nil
}

// Removed is what stands where something was removed from a text.
const Removed = "***"

// pseudonym of a value; its letters' case makes no difference.
func (m *Mask) pseudonym(v string) string {
	if m.key == nil {
		return Removed
	}
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(strings.ToLower(v)))
	return "p-" + hex.EncodeToString(h.Sum(nil)[:10])
}

// parts divides a name of a person into what is his and what is around:
// CORP\alice, alice@corp.example.
func parts(v string) (before, own, behind string) {
	if i := strings.LastIndexByte(v, '\\'); i >= 0 && i < len(v)-1 {
		return v[:i+1], v[i+1:], ""
	}
	if i := strings.IndexByte(v, '@'); i > 0 && !strings.ContainsAny(v, " /") {
		return "", v[:i], v[i:]
	}
	return "", v, ""
}

// nobody are values that name no person.
var nobody = map[string]bool{"": true, "-": true, "?": true, "null": true, "n/a": true, "none": true, "unset": true, "(none)": true, "system": true, "root": true,
	"local service": true, "network service": true, "anonymous logon": true, "administrator": true, "guest": true, "nobody": true, "localsystem": true,
	"0": true, "true": true, "false": true, "4294967295": true}

// person tells whether a value is one to mask. Computer accounts end in $.
func person(v string) bool {
	_, own, _ := parts(v)
	own = strings.ToLower(strings.TrimSpace(own))
	return !nobody[own] && !strings.HasSuffix(own, "$") && !strings.HasPrefix(own, "dwm-") && !strings.HasPrefix(own, "umfd-")
}

func (m *Mask) whole(v string) string {
	before, own, behind := parts(v)
	if m.key == nil {
		return Removed
	}
	return before + m.pseudonym(own) + behind
}

// named tells whether a field is to be masked, by its own name or the names
// that lead to it.
func (m *Mask) named(path string) bool {
	path = strings.ToLower(path)
	last := path[strings.LastIndexByte(path, '.')+1:]
	for _, n := range m.names {
		if like(last, n) || like(path, n) || strings.HasSuffix(path, "."+n) {
			return true
		}
	}
	return false
}

// like compares with * for any letters, in time linear in both.
func like(s, pattern string) bool {
	first, rest, any := strings.Cut(pattern, "*")
	if !any {
		return s == pattern
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		part, more, any := strings.Cut(rest, "*")
		if !any {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}

// Event masks an event. What could not be read has no fields that could be
// masked, so its text is withheld.
func (m *Mask) Event(e intake.Event) intake.Event {
	if e.Problem != "" && e.Kind == "text" {
		n := len(e.Original)
		e.Raw = append(quote.JSON(append([]byte(nil), `{"problem":`...), e.Problem), fmt.Sprintf(`,"withheld":true,"bytes":%d}`, n)...)
		e.Original = nil
		return e
	}
	f := &finds{m: m, seen: map[string]bool{}}
	f.collect(e.Raw)
	if isObject(e.Original) {
		f.collect(e.Original)
	}
	changed := false
	e.Raw = f.rewrite(e.Raw, &changed)
	switch {
	case e.Original == nil:
	case isObject(e.Original):
		e.Original = f.rewrite(e.Original, &changed)
	default:
		text := f.text(string(e.Original))
		if changed = changed || text != string(e.Original); changed {
			e.Original = []byte(text)
		}
	}
	e.Host = f.text(e.Host)
	return e
}

func isObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{' && json.Valid(b)
}

// finds are the values to be masked of one event.
type finds struct {
	m     *Mask
	seen  map[string]bool
	clear []found
}

type found struct {
	text, with string
	bounded    bool // only where no letter or digit stands beside
}

// maxFinds bounds how many values of one event are looked for in its texts;
// under their own names all are masked.
const maxFinds = 256

func (f *finds) note(v string) {
	if !person(v) {
		return
	}
	_, own, _ := parts(v)
	for _, t := range []string{v, own} {
		if t = strings.TrimSpace(t); t == "" || f.seen[strings.ToLower(t)] || len(f.clear) >= maxFinds {
			continue
		}
		f.seen[strings.ToLower(t)] = true
		with := f.m.whole(t)
		short := len(t) < 4
		if !short || utf8.RuneCountInString(t) < len(t) {
			short = utf8.RuneCountInString(t) < 2
		}
		f.clear = append(f.clear, found{t, with, short})
		if !short {
			f.clear = append(f.clear, found{strings.ToUpper(hex.EncodeToString([]byte(t))), with, false}) // as auditd writes it
			var b strings.Builder
			if xml.EscapeText(&b, []byte(t)); b.String() != t {
				f.clear = append(f.clear, found{b.String(), with, false})
			}
			if q := quote.JSON(nil, t); string(q[1:len(q)-1]) != t { // JSON within a text
				f.clear = append(f.clear, found{string(q[1 : len(q)-1]), with, false})
			}
		}
	}
}

// text masks what is known, and what patterns find, in a text.
func (f *finds) text(s string) string {
	for _, c := range f.clear {
		s = replaceFold(s, c)
	}
	for _, x := range f.m.values {
		s = x.ReplaceAllStringFunc(s, f.m.pseudonym)
	}
	return s
}

func replaceFold(s string, c found) string {
	var b strings.Builder
	from := 0
	for i := 0; i+len(c.text) <= len(s); {
		if !strings.EqualFold(s[i:i+len(c.text)], c.text) || c.bounded && (beside(s, i-1) || beside(s, i+len(c.text))) {
			i++
			continue
		}
		b.WriteString(s[from:i])
		b.WriteString(c.with)
		i += len(c.text)
		from = i
	}
	if from == 0 {
		return s
	}
	b.WriteString(s[from:])
	return b.String()
}

func beside(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return false
	}
	c := s[i] | 0x20
	return c >= 'a' && c <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] >= 0x80
}
