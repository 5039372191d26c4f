package logsql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

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

// The bounds of a query that a person wrote.
const (
	longest = 16 << 10
	deepest = 100
)

// Divide is Split for a query on its way to the store: one that is the store's
// affair alone. It refuses what breaks off, and what a person may not ask:
// stream_context, which looks at rows beside those found without regard to any
// filter, and stats_remote, by which stores speak to each other. All else is for
// the store to judge. Remarks are left out; a filter of nothing is that of all.
func Divide(q string) (filter string, pipes []string, err error) {
	if len(q) > longest {
		return "", nil, &Bad{Words: fmt.Sprintf("a query has at most %d bytes", longest)}
	}
	if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
		return "", nil, &Bad{Words: "a query is text in UTF-8"}
	}
	// Whatever the quotes say: the store knows the name in this form alone, and
	// nobody is hurt who can't search for the word.
	for _, pipe := range []string{"stream_context", "stats_remote"} {
		if strings.Contains(strings.ToLower(q), pipe) {
			return "", nil, &Bad{Near: pipe, Words: "this is not possible here"}
		}
	}
	tokens := Lex(q)
	depth := 0
	for _, t := range tokens {
		switch {
		case t.is(`"`, "'", "`"):
			return "", nil, &Bad{Near: near(q, t.At), Words: "a quotation mark has no other"}
		case t.is("(", "[", "{"):
			if depth++; depth > deepest {
				return "", nil, &Bad{Near: near(q, t.At), Words: "too many brackets within each other"}
			}
		case t.is(")", "]", "}"):
			if depth--; depth < 0 {
				return "", nil, &Bad{Near: near(q, t.At), Words: "a bracket has no other"}
			}
		}
	}
	if depth != 0 {
		return "", nil, &Bad{Near: near(q, len(q)), Words: "a bracket has no other"}
	}
	if filter, pipes = Split(plainly(q, tokens)); filter == "" {
		filter = "*"
	}
	return filter, pipes, nil
}

// plainly is the query without remarks.
func plainly(q string, tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		if t.Spaced {
			b.WriteByte(' ')
		}
		b.WriteString(q[t.At:t.End])
	}
	return b.String()
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
