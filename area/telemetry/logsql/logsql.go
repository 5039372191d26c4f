// Package logsql reads and writes LogsQL, the query language of VictoriaLogs,
// as far as a page needs it: which conditions a query consists of, where a
// further one is to be put, what is being typed at a place, and which Sigma rule
// says the same. It knows no store. The meaning of a query is the store's; what
// this package cannot read it leaves as it stands.
//
// https://docs.victoriametrics.com/victorialogs/logsql/
package logsql

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is a piece of a query.
type Token struct {
	Text   string // of a quoted one what the quotes hold
	At     int    // where it begins
	End    int    // behind its last byte
	Quoted bool
	Spaced bool // there is space before it
}

// is tells whether the token is one of the marks or words, which are compared
// whatever their case; what stands in quotes is never one.
func (t Token) is(words ...string) bool {
	if t.Quoted {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(t.Text, w) {
			return true
		}
	}
	return false
}

// Lex divides a query. A quote that does not end is a token of its own, as the
// store sees it.
func Lex(s string) []Token {
	var out []Token
	spaced := false
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsSpace(r):
			spaced = true
			i += n
			continue
		case r == '#':
			if k := strings.IndexByte(s[i:], '\n'); k >= 0 {
				i += k
			} else {
				i = len(s)
			}
			spaced = true
			continue
		}
		t := Token{At: i, Spaced: spaced}
		spaced = false
		switch {
		case wordRune(r):
			for t.End = i; t.End < len(s); t.End += n {
				if r, n = utf8.DecodeRuneInString(s[t.End:]); !wordRune(r) {
					break
				}
			}
			t.Text = s[i:t.End]
		case r == '"' || r == '`' || r == '\'':
			if text, end, ok := unquote(s[i:]); ok {
				t.Text, t.End, t.Quoted = text, i+end, true
				break
			}
			t.Text, t.End = s[i:i+1], i+1
		default:
			t.End = i + n
			for _, two := range []string{"=~", "!~", "!="} {
				if strings.HasPrefix(s[i:], two) {
					t.End = i + 2
				}
			}
			t.Text = s[i:t.End]
		}
		out = append(out, t)
		i = t.End
	}
	return out
}

// wordRune tells whether a word goes on with the rune.
func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.')
}

// unquote reads a quoted text at the beginning of s.
func unquote(s string) (text string, end int, ok bool) {
	if s[0] != '\'' {
		prefix, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", 0, false
		}
		text, err = strconv.Unquote(prefix)
		return text, len(prefix), err == nil
	}
	var b []byte
	for i := 1; i < len(s); {
		if s[i] == '\'' {
			return string(b), i + 1, true
		}
		r, _, rest, err := strconv.UnquoteChar(s[i:], '\'')
		if err != nil {
			return "", 0, false
		}
		b = utf8.AppendRune(b, r)
		i = len(s) - len(rest)
	}
	return "", 0, false
}

// words that mean something where a condition begins; as a text to look for
// they are put in quotes.
var reserved = map[string]bool{"and": true, "or": true, "not": true, "options": true, "i": true, "in": true, "re": true, "seq": true, "exact": true, "range": true,
	"contains_all": true, "contains_any": true, "eq_field": true, "ipv4_range": true, "le_field": true, "len_range": true, "lt_field": true, "string_range": true,
	"value_type": true, "offset": true, "equals_common_case": true, "contains_common_case": true, "pattern_match": true, "pattern_match_full": true, "json_array_contains_any": true}

// Quote writes a text so that it is taken for itself.
func Quote(s string) string {
	plain := s != "" && !reserved[strings.ToLower(s)] && !isPipe(s)
	for _, r := range s {
		plain = plain && wordRune(r)
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}

// Is is the condition that a field is exactly the value; of an empty value,
// that the field is not there.
func Is(field, value string) string { return Quote(field) + ":=" + strconv.Quote(value) }

// IsNot is the condition that a field is not the value, or not there.
func IsNot(field, value string) string { return "!" + Is(field, value) }

// Has is the condition that the field is there.
func Has(field string) string { return Quote(field) + ":*" }

// Split divides a query into its conditions and the pipes behind them, each
// without its bar.
func Split(q string) (filter string, pipes []string) {
	depth, from, first := 0, 0, true
	cut := func(to int) {
		part := strings.TrimSpace(q[from:to])
		if first {
			filter, first = part, false
		} else {
			pipes = append(pipes, part)
		}
	}
	for _, t := range Lex(q) {
		switch {
		case t.is("(", "[", "{"):
			depth++
		case t.is(")", "]", "}"):
			depth = max(depth-1, 0)
		case t.is("|") && depth == 0:
			cut(t.At)
			from = t.End
		}
	}
	cut(len(q))
	return filter, pipes
}

// And adds a condition to a query: it must hold, too. Pipes stay behind it;
// remarks go, since one at the end of a line would hide what is added.
func And(q, cond string) string {
	filter, pipes := Split(plainly(q, Lex(q)))
	switch conds, whole := Conditions(filter); {
	case filter == "" || filter == "*":
		filter = cond
	case !whole:
		filter = "(" + filter + ") " + cond
	default:
		for _, c := range conds {
			if c == cond {
				return q
			}
		}
		filter += " " + cond
	}
	return join(filter, pipes)
}

func join(filter string, pipes []string) string {
	return strings.Join(append([]string{filter}, pipes...), " | ")
}

// Conditions are those that a filter consists of and that must all hold. whole
// is false where it is not of that form; then it is the only one.
func Conditions(filter string) (conds []string, whole bool) {
	n, err := Parse(filter)
	if err != nil || n.Kind == Any && !n.Grouped {
		return []string{filter}, false
	}
	if n.Kind != All || n.Grouped {
		return []string{filter}, true
	}
	for _, k := range n.Kids {
		conds = append(conds, filter[k.At:k.End])
	}
	return conds, true
}

// Without is the query without its n-th condition.
func Without(q string, n int) string {
	filter, pipes := Split(plainly(q, Lex(q)))
	conds, _ := Conditions(filter)
	if n < 0 || n >= len(conds) {
		return q
	}
	rest := append(append([]string{}, conds[:n]...), conds[n+1:]...)
	if len(rest) == 0 && len(pipes) > 0 {
		rest = []string{"*"}
	}
	return join(strings.Join(rest, " "), pipes)
}

// Encode writes a query for a store that keeps some values otherwise: those of
// exact comparisons. And words of scripts that put no space between words are
// looked for anywhere, since the store takes a whole run of such letters for one
// word. What this package cannot take apart stays as it is.
func Encode(q string, encode func(value string) string) string {
	filter, pipes := Split(q)
	for i, p := range pipes {
		name, rest, _ := strings.Cut(p, " ")
		if strings.EqualFold(name, "filter") || strings.EqualFold(name, "where") {
			pipes[i] = name + " " + encoded(rest, encode)
		}
	}
	return join(encoded(filter, encode), pipes)
}

func encoded(filter string, encode func(string) string) string {
	n, err := Parse(filter)
	if err != nil {
		return filter
	}
	var b strings.Builder
	from := 0
	put := func(span [2]int, text string) {
		b.WriteString(filter[from:span[0]] + text)
		from = span[1]
	}
	var walk func(n Node)
	walk = func(n Node) {
		for i, span := range n.Spans {
			switch v := n.Values[i]; {
			case n.Op == Phrase || n.Op == Prefix:
				if !unspaced(v) {
					break
				}
				field := ""
				if n.Field == "" {
					field = "_msg:"
				}
				put(span, field+"~"+strconv.Quote(regexp.QuoteMeta(v)))
			case encode(v) != v:
				put(span, strconv.Quote(encode(v)))
			}
		}
		for _, k := range n.Kids {
			walk(k)
		}
	}
	walk(n)
	return b.String() + filter[from:]
}

// unspaced tells whether a text has letters of a script that puts no space
// between words.
func unspaced(s string) bool {
	for _, r := range s {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			return true
		}
	}
	return false
}
