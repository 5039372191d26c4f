package victoria

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What is written of LogsQL here: https://docs.victoriametrics.com/victorialogs/logsql/

// Quote writes a text so that it is one in LogsQL, whatever it holds.
func Quote(s string) string { return strconv.Quote(s) }

// Exact finds rows whose field has just this value, letter by letter.
func Exact(field, value string) string { return Quote(field) + ":=" + Quote(Encode(value)) }

// In finds rows whose field has one of the values. Without values it finds
// nothing.
func In(field string, values []string) string {
	var b strings.Builder
	b.WriteString(Quote(field) + ":in(")
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(Quote(Encode(v)))
	}
	b.WriteByte(')')
	return b.String()
}

// Same finds rows whose field has the value, whatever the case of its letters,
// also as one of a list.
func Same(field, value string) string {
	f := Quote(field)
	if value == "" {
		return f + `:""`
	}
	stored := regexpQuote(Encode(value))
	listed := regexpQuote(listItem(value))
	whole := f + ":~" + Quote(`(?i)^(?:`+stored+`|\[(?:.*,)?`+listed+`(?:,.*)?\])$`)
	if !plainWords(value) || listItem(value) != `"`+value+`"` {
		return whole
	}
	// Cheaper than the expression, and holds wherever that does.
	return f + ":i(" + Quote(value) + ") " + whole
}

// listItem is a value as it stands in a list: see List.
func listItem(v string) string { return string(appendText(nil, v)) }

// List is a value that has several: a JSON array, as VictoriaLogs has it.
func List(values []string) string {
	b := []byte{'['}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, v)
	}
	return string(append(b, ']'))
}

// Holds finds rows whose field has the text within, whatever the case.
func Holds(field, text string) string {
	other := listItem(text)
	other = other[1 : len(other)-1]
	e := regexpQuote(text)
	if other != text {
		e += "|" + regexpQuote(other)
	}
	return Quote(field) + ":~" + Quote("(?i)"+e)
}

// Any finds rows that have a value in the field.
func Any(field string) string { return Quote(field) + ":*" }

// Not is the opposite of a filter.
func Not(filter string) string { return "!(" + filter + ")" }

// Or holds where one of the filters does.
func Or(filters ...string) string { return "(" + strings.Join(filters, " or ") + ")" }

// Word finds rows with the word or words in the field, whatever the case of
// letters. In scripts that put no space between words it finds it anywhere.
func Word(field, word string) string {
	start, prefix := strings.CutSuffix(word, "*")
	variants := []string{word}
	if prefix && start != "" {
		variants[0] = start
	}
	// Within a line of JSON some letters are written otherwise.
	if j := listItem(variants[0]); j[1:len(j)-1] != variants[0] {
		variants = append(variants, j[1:len(j)-1])
	}
	var parts []string
	for _, v := range variants {
		switch {
		case !plainWords(v):
			parts = append(parts, Quote(field)+":~"+Quote("(?i)"+regexpQuote(v)))
		case prefix:
			parts = append(parts, Quote(field)+":i("+Quote(v)+"*)")
		default:
			parts = append(parts, Quote(field)+":i("+Quote(v)+")")
		}
	}
	return Or(parts...)
}

// plainWords tells whether a text is of letters between which the store sees
// the borders of words as its readers do.
func plainWords(s string) bool {
	word := false
	for _, r := range s {
		if r >= utf8.RuneSelf {
			return false
		}
		word = word || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return word
}

// regexpQuote is regexp.QuoteMeta without escapes that LogsQL would have to
// undo.
func regexpQuote(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != ' ' && r >= ' ' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Between is the filter of a range of time: from inclusive, to exclusive.
func Between(from, to time.Time) string {
	return "_time:[" + stamp(from) + ", " + stamp(to) + ")"
}

// At is the filter of one moment.
func At(t time.Time) string { return "_time:[" + stamp(t) + ", " + stamp(t) + "]" }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// Bad is what is wrong with a query that a person wrote, and where.
type Bad struct {
	Near  string // what stands there; empty: the whole
	Words string
}

func (b *Bad) Error() string {
	if b.Near == "" {
		return b.Words
	}
	return fmt.Sprintf("near %s: %s", b.Near, b.Words)
}

// LongestText is how long a query may be that a person wrote.
const LongestText = 16 << 10

// Text is a query that a person wrote, divided as the store divides it.
type Text struct {
	Filter string
	Pipes  []string // without the strokes
}

// Divide reads a query. It refuses what a person may not ask: stream_context,
// which looks at rows beside those found without regard to any filter, and
// stats_remote, by which stores speak to each other. All else is for the store
// to judge.
func Divide(s string) (Text, error) {
	if len(s) > LongestText {
		return Text{}, &Bad{Words: fmt.Sprintf("a query has at most %d bytes", LongestText)}
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return Text{}, &Bad{Words: "a query is text in UTF-8"}
	}
	// Whatever the quotes say: the store knows the name in this form alone, and
	// nobody is hurt who can't search for the word.
	for _, pipe := range []string{"stream_context", "stats_remote"} {
		if strings.Contains(strings.ToLower(s), pipe) {
			return Text{}, &Bad{Near: pipe, Words: "this is not possible here"}
		}
	}
	var t Text
	var parts []string
	depth, from := 0, 0
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '"', '`':
			q, err := strconv.QuotedPrefix(s[i:])
			if err != nil {
				return t, &Bad{Near: near(s, i), Words: "a quotation mark has no other"}
			}
			i += len(q)
			continue
		case '\'':
			n, ok := single(s[i:])
			if !ok {
				return t, &Bad{Near: near(s, i), Words: "a quotation mark has no other"}
			}
			i += n
			continue
		case '#':
			end := strings.IndexByte(s[i:], '\n')
			if end < 0 {
				end = len(s) - i
			}
			s = s[:i] + " " + s[min(i+end+1, len(s)):]
		case '(', '[', '{':
			if depth++; depth > 100 {
				return t, &Bad{Near: near(s, i), Words: "too many brackets within each other"}
			}
		case ')', ']', '}':
			if depth--; depth < 0 {
				return t, &Bad{Near: near(s, i), Words: "a bracket has no other"}
			}
		case '|':
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
		i++
	}
	if depth != 0 {
		return t, &Bad{Near: near(s, len(s)), Words: "a bracket has no other"}
	}
	parts = append(parts, s[from:])
	t.Filter = strings.TrimSpace(parts[0])
	for _, p := range parts[1:] {
		t.Pipes = append(t.Pipes, strings.TrimSpace(p))
	}
	if t.Filter == "" {
		t.Filter = "*"
	}
	return t, nil
}

func single(s string) (int, bool) {
	for i := 1; i < len(s); {
		if s[i] == '\'' {
			return i + 1, true
		}
		_, _, tail, err := strconv.UnquoteChar(s[i:], '\'')
		if err != nil {
			return 0, false
		}
		i = len(s) - len(tail)
	}
	return 0, false
}

func near(s string, i int) string {
	from := max(0, i-20)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	to := min(len(s), i+20)
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	return s[from:to]
}

// Blame makes of a store's refusal what is wrong with the query, if that is
// the reason.
func Blame(err *Refused) *Bad {
	if err.Status != 400 && err.Status != 200 {
		return nil
	}
	words := err.Words
	if strings.Contains(words, "http://") || strings.Contains(words, "https://") || strings.Contains(words, "dial tcp") {
		return nil // a part of a cluster does not answer
	}
	if !strings.Contains(words, "cannot parse query") && !strings.Contains(words, "cannot execute query") && !strings.Contains(words, "missing _time") {
		return nil
	}
	b := &Bad{}
	// cannot parse query [all of it]: what is wrong; context: [what stands before]
	if i := strings.Index(words, "context: ["); i >= 0 {
		if end := strings.IndexByte(words[i:], ']'); end > 0 {
			b.Near = words[i+len("context: [") : i+end]
		}
	}
	if i := strings.Index(words, "]: "); i >= 0 {
		words = words[i+3:]
	}
	words, _, _ = strings.Cut(words, "; context: [")
	b.Words = words
	return b
}
