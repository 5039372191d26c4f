package telemetry

import (
	"errors"
	"strings"

	"yagura/area/telemetry/logsql"
	"yagura/area/telemetry/victoria"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Wrong is a query that cannot be read, with the place that is wrong. It is a
// fault of kind invalid, field "query".
type Wrong struct {
	At    int    // the byte of the query at which Word begins; below zero: not known
	Word  string // empty at the end of the query
	fault error
}

func (w *Wrong) Error() string { return w.fault.Error() }
func (w *Wrong) Unwrap() error { return w.fault }

func wrong(at int, word string, m text.Message) error {
	return &Wrong{at, word, fault.Invalid(fault.Field{Name: "query", Message: m})}
}

// unread says what a query breaks off with. What was divided may have been
// written anew for the store; the place is of what the person wrote.
func unread(query string, err error) error {
	var m *logsql.Mistake
	if !errors.As(err, &m) {
		return err
	}
	if c := logsql.Check(query); c != nil && m.At >= 0 {
		m = c
	}
	m.Word = oneLine(m.Word, 60)
	return wrong(m.At, m.Word, m.Message(query))
}

// refusal says why a store does not take a query: what is known of the language
// here, or else what the store says.
func refusal(query string, by *victoria.Said) error {
	if m := logsql.Check(query); m != nil {
		return unread(query, m)
	}
	said := text.Foreign(oneLine(by.Words, 300))
	at, word := reached(query, by.Read)
	switch {
	case at == len(query):
		return wrong(at, "", text.M("The query cannot be read. The event store says of its end: %s", said))
	case at < 0:
		return wrong(-1, "", text.M("The query cannot be read. The event store says: %s", said))
	}
	return wrong(at, word, text.M("The query cannot be read. The event store says of character %d, “%s”: %s", logsql.Column(query, at), oneLine(word, 60), said))
}

// reached is the last word of what a store had read of a query, which may not be
// letter by letter what the person wrote, and may go on behind its end.
func reached(query, read string) (at int, word string) {
	read = strings.TrimSpace(read)
	tokens := logsql.Lex(read)
	if len(tokens) == 0 {
		return -1, ""
	}
	last := tokens[len(tokens)-1]
	if whole := strings.TrimSpace(query); last.Text == "|" && !strings.HasSuffix(whole, "|") {
		before := read[:last.At]
		if before = strings.TrimSpace(before[strings.LastIndexByte(before, '|')+1:]); before != "" && strings.HasSuffix(whole, before) {
			return len(query), "" // the bar is of what is added to each query
		}
	}
	for from := 0; from <= last.At; from++ {
		if i := strings.LastIndex(query, read[from:]); i >= 0 {
			return i + last.At - from, read[last.At:]
		}
	}
	return -1, ""
}
