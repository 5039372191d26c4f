package store

import "strings"

// plain turns the placeholders $1, $2, … of a statement into bare ? where each
// occurs once and in order, as in a long INSERT. SQLite takes $1 for a name and
// looks through all names before it for each: ten thousand of them cost a
// second, bare ones nothing.
func plain(query string) string {
	var b strings.Builder
	next, kept, quoted := 1, 0, false
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\'':
			quoted = !quoted
		case c == '?' && !quoted:
			return query
		case c == '$' && !quoted:
			n, end := 0, i+1
			for end < len(query) && query[end] >= '0' && query[end] <= '9' && n < 1<<20 {
				n = 10*n + int(query[end]-'0')
				end++
			}
			if n != next {
				return query
			}
			b.WriteString(query[kept:i])
			b.WriteByte('?')
			next, kept, i = next+1, end, end-1
		}
	}
	if next == 1 {
		return query
	}
	b.WriteString(query[kept:])
	return b.String()
}
