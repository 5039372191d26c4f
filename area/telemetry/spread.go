package telemetry

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"yagura/area/telemetry/logsql"
	"yagura/area/telemetry/victoria"
)

// Words of the whole line are dear to look for: the line is by far the largest
// column, and where the words stand in nearly every block all of it is read. Of
// most events the line is a JSON document whose values stand in columns of their
// own, many of them with few values. Such a row has fieldRest, and of it the
// words are looked for in these columns instead. What is found is the same, but
// for words behind an escape (\n), which only the columns have for themselves.

// mostSpread is over how many fields words are spread.
const mostSpread = 300

// spread writes the question's words of the line as words of its fields.
func (a *asking) spread(ctx context.Context) error {
	var fields []string
	var err error
	asked := false
	a.filter = logsql.OfLine(a.filter, func(w logsql.Words) string {
		if !withinValue(w) {
			return ""
		}
		if !asked {
			asked = true
			fields, err = a.fields(ctx)
		}
		if err != nil || len(fields) == 0 || len(fields) > mostSpread {
			return ""
		}
		var found []string
		for _, name := range fields {
			if named(w, name) { // all rows that have the field, most likely
				return ""
			}
			found = append(found, w.In(name))
			if digits(w.Text) && w.Whole() { // -7 has the word 7, but is no 7 where numbers are compared
				found = append(found, victoria.Exact(name, "-"+w.Text))
			}
		}
		found = append(found, w.In(fieldRest))
		return victoria.Or(victoria.Any(fieldRest)+" "+victoria.Or(found...), "!"+victoria.Any(fieldRest)+" "+w.In(fieldLine))
	})
	return a.failure(err)
}

// fields are the names under which documents of the range have fields.
func (a *asking) fields(ctx context.Context) (names []string, err error) {
	filters := append(slices.Clone(a.filters), victoria.Between(a.q.From, a.q.To))
	err = a.node.Query(ctx, victoria.Ask{Project: rowsProject, Query: "* | field_names", Filters: filters, Timeout: a.left()}, func(r *victoria.Row) bool {
		if name := string(r.Get("name")); !taken[name] && !strings.HasPrefix(name, sourcePrefix) {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return names, err
}

// withinValue tells whether words, where they stand in a line of JSON, stand
// within one value or name of it, and are written there as in the value.
func withinValue(w logsql.Words) bool {
	text := w.Text
	if strings.TrimSpace(text) != text || text == "" || strings.EqualFold(text, "null") {
		return false
	}
	word, number := false, true
	last := rune(' ')
	for _, r := range text {
		switch {
		case r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`"\,{}[]`, r):
			return false
		case r == ':' && unicode.IsSpace(last):
			return false // may be the one behind a name
		}
		number = number && strings.ContainsRune("0123456789.-+eE_", r)
		word = word || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
		last = r
	}
	// Numbers are kept as such, and a part of one is none of its words.
	return word && text[0] != '\'' && (!number || digits(text))
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// named tells whether the words stand in a field's name, as documents write it.
func named(w logsql.Words, name string) bool {
	return w.Stand(name) || slices.ContainsFunc(wrappers, func(before string) bool { return w.Stand(before + name) })
}
