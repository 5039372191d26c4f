package logsql

import (
	"strings"
	"unicode/utf8"

	"yagura/kernel/text"
)

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
		return "", nil, &Mistake{At: -1, What: text.M("a query has at most %d bytes", longest)}
	}
	if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
		return "", nil, &Mistake{At: -1, What: text.M("a query is text in UTF-8")}
	}
	// Whatever the quotes say: the store knows the name in this form alone, and
	// nobody is hurt who can't search for the word.
	for _, pipe := range []string{"stream_context", "stats_remote"} {
		if at := strings.Index(strings.ToLower(q), pipe); at >= 0 {
			return "", nil, &Mistake{at, pipe, text.M("this is not possible here")}
		}
	}
	tokens := Lex(q)
	if m := unbroken(q, tokens); m != nil {
		return "", nil, m
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
