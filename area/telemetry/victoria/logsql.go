package victoria

import (
	"strconv"
	"strings"
	"time"

	"yagura/kernel/quote"
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

// List is a value that has several: a JSON array, as VictoriaLogs has it.
func List(values []string) string {
	b := []byte{'['}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote.JSON(b, v)
	}
	return string(append(b, ']'))
}

// Any finds rows that have a value in the field.
func Any(field string) string { return Quote(field) + ":*" }

// Or holds where one of the filters does.
func Or(filters ...string) string { return "(" + strings.Join(filters, " or ") + ")" }

// Between is the filter of a range of time: from inclusive, to exclusive.
func Between(from, to time.Time) string {
	return "_time:[" + stamp(from) + ", " + stamp(to) + ")"
}

// At is the filter of one moment.
func At(t time.Time) string { return "_time:[" + stamp(t) + ", " + stamp(t) + "]" }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// Said is what a store says of a query that a person wrote, in its own words.
type Said struct {
	Words string
	Read  string // the end of what it had read until then
}

// Blame makes of a store's refusal what is wrong with the query, if that is
// the reason.
func Blame(err *Refused) *Said {
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
	s := &Said{}
	// cannot parse query [all of it]: what is wrong; context: [what stands before]
	if i := strings.Index(words, "context: ["); i >= 0 {
		if end := strings.IndexByte(words[i:], ']'); end > 0 {
			s.Read = words[i+len("context: [") : i+end]
		}
	}
	if i := strings.Index(words, "]: "); i >= 0 {
		words = words[i+3:]
	}
	words, _, _ = strings.Cut(words, "; context: [")
	s.Words = words
	return s
}
