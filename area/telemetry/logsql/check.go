package logsql

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"yagura/kernel/text"
)

// Mistake is what is wrong with a query, and where.
type Mistake struct {
	At   int          // the first byte of what is wrong; the length of the query at its end, below zero: the whole
	Word string       // what stands there; empty at the end
	What text.Message // the end of a sentence
}

// Error is the mistake in English.
func (m *Mistake) Error() string { return m.Message("").String() }

// Column is which character of the query a byte is of, counted from 1.
func Column(query string, at int) int {
	return 1 + utf8.RuneCountInString(query[:min(max(at, 0), len(query))])
}

// Message says what is wrong and where in the query.
func (m *Mistake) Message(query string) text.Message {
	switch {
	case m.At < 0:
		return text.M("The query cannot be read: %s", m.What)
	case m.Word == "":
		return text.M("The query cannot be read: at its end %s", m.What)
	}
	return text.M("The query cannot be read: character %d, “%s”: %s", Column(query, m.At), m.Word, m.What)
}

// mistake is one at a token.
func mistake(t Token, what text.Message) error { return &Mistake{t.At, t.Text, what} }

// Check finds a mistake in a query that a store refused; nil: it has none that
// this package knows. It judges no query that the store took: what it does not
// know may be right all the same.
func Check(q string) *Mistake {
	tokens := Lex(q)
	if m := unbroken(q, tokens); m != nil {
		return m
	}
	filter, pipes, from := tokens, [][]Token(nil), 0
	depth := 0
	for i, t := range append(tokens, Token{Text: "|", At: len(q), End: len(q)}) {
		switch {
		case t.is("(", "[", "{"):
			depth++
		case t.is(")", "]", "}"):
			depth--
		case t.is("|") && depth == 0:
			if from == 0 {
				filter = tokens[:i]
			} else {
				pipes = append(pipes, tokens[from:i])
			}
			from = i + 1
			if i == 0 { // nothing in front of the first bar: all is meant
				filter = nil
			}
		}
	}
	if m := condition(q, filter); m != nil {
		return m
	}
	for _, p := range pipes {
		if m := pipe(q, p); m != nil {
			return m
		}
	}
	return nil
}

// unbroken finds a quote or a bracket without its other.
func unbroken(q string, tokens []Token) *Mistake {
	for _, t := range tokens {
		if t.is(`"`, "'", "`") {
			return quoted(q, t)
		}
	}
	return brackets(tokens)
}

// quoted tells why a quote is none: it does not end, or holds what it may not.
func quoted(q string, t Token) *Mistake {
	rest := q[t.End:]
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && t.Text != "`":
			if _, _, _, err := strconv.UnquoteChar(rest[i:], t.Text[0]); err != nil && i+1 < len(rest) && strings.IndexByte(rest[i+2:], t.Text[0]) >= 0 {
				return &Mistake{t.End + i, rest[i : i+2], text.M(`a backslash within quotes is written \\, or the whole in backquotes`)}
			}
			i++
		case rest[i] == t.Text[0]:
			return &Mistake{t.At, t.Text, text.M("what stands in these quotes cannot be read")}
		}
	}
	return &Mistake{t.At, t.Text, text.M("this quotation mark is not closed")}
}

// brackets finds one without its other. Of a range one end may be [ and the
// other ).
func brackets(tokens []Token) *Mistake {
	var open []Token
	for _, t := range tokens {
		switch {
		case t.is("(", "[", "{"):
			if open = append(open, t); len(open) > deepest {
				return &Mistake{t.At, t.Text, text.M("too many brackets stand within each other")}
			}
		case t.is(")", "]", "}"):
			if len(open) == 0 || (t.Text == "}") != (open[len(open)-1].Text == "{") {
				return &Mistake{t.At, t.Text, text.M("there is no opening bracket for it")}
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t := open[len(open)-1]
		return &Mistake{t.At, t.Text, text.M("this bracket is not closed")}
	}
	return nil
}

// condition looks at tokens that are to be a filter.
func condition(q string, tokens []Token) *Mistake {
	if len(tokens) == 0 {
		return nil
	}
	end := len(q)
	if last := tokens[len(tokens)-1].End; strings.TrimSpace(q[last:]) != "" {
		end = last // a pipe follows
	}
	p := parser{tokens: tokens, end: end}
	n, err := p.any("", 0)
	if err == nil && !p.over() {
		err = p.unexpected()
	}
	if m, ok := err.(*Mistake); ok {
		if m.Word == "" && m.At < len(q) { // the conditions end too early: the bar is what is not expected
			if next := Lex(q[m.At:]); len(next) > 0 {
				m.At, m.Word = m.At+next[0].At, next[0].Text
			}
		}
		return m
	}
	if m := expressions(q, n); m != nil {
		return m
	}
	return arguments(tokens)
}

// expressions finds one that is none.
func expressions(q string, n Node) *Mistake {
	if n.Kind == Test && n.Op == Regexp {
		for _, v := range n.Values {
			if _, err := regexp.Compile(v); err != nil {
				return &Mistake{n.At, q[n.At:n.End], text.M("this is no regular expression (RE2)")}
			}
		}
	}
	for _, k := range n.Kids {
		if m := expressions(q, k); m != nil {
			return m
		}
	}
	return nil
}

// how many arguments functions of conditions have; -1: any.
var argumentsOf = map[string]int{"i": 1, "re": 1, "exact": 1, "eq_field": 1, "lt_field": 1, "le_field": 1, "value_type": 1, "range": 2, "len_range": 2, "string_range": 2,
	"ipv4_range": -1, "in": -1, "contains_all": -1, "contains_any": -1, "seq": -1}

// arguments looks at the functions of conditions: name(…).
func arguments(tokens []Token) *Mistake {
	for i, t := range tokens {
		if t.Quoted || i+1 >= len(tokens) || !tokens[i+1].is("(", "[") || tokens[i+1].Spaced {
			continue
		}
		name := strings.ToLower(t.Text)
		want, known := argumentsOf[name]
		if !known {
			if wordRune(firstRune(t.Text)) && i > 0 && tokens[i-1].is(":") {
				return unknown(t, text.M("there is no such function"), slices.Collect(maps.Keys(argumentsOf)))
			}
			continue
		}
		args := inside(tokens[i+1:])
		if args == nil {
			continue
		}
		if want > 0 && len(args) != want {
			return &Mistake{t.At, t.Text, text.M("this takes %d values, not %d", want, len(args))}
		}
		if name == "range" || name == "len_range" {
			for _, a := range args {
				if len(a) == 0 {
					return &Mistake{t.At, t.Text, text.M("a number is missing")}
				}
				if w := joined(a); !number(w) {
					return &Mistake{a[0].At, w, text.M("this is no number")}
				}
			}
		}
	}
	return nil
}

// inside are the tokens of each argument in the brackets that the tokens begin
// with; nil where it is a query.
func inside(tokens []Token) (args [][]Token) {
	depth := 0
	args = [][]Token{nil}
	for _, t := range tokens {
		switch {
		case t.is("(", "[", "{"):
			if depth++; depth > 1 {
				return nil
			}
			continue
		case t.is(")", "]", "}"):
			if depth--; depth == 0 {
				return args
			}
		case t.is("|"):
			return nil
		case t.is(","):
			args = append(args, nil)
			continue
		}
		args[len(args)-1] = append(args[len(args)-1], t)
	}
	return nil
}

func joined(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}

// number tells whether a text is a number to the store: also 1.5KiB, 10m, inf,
// and an address.
func number(s string) bool {
	s = strings.TrimLeft(s, "+-")
	if s == "" {
		return false
	}
	return s[0] >= '0' && s[0] <= '9' || s[0] == '.' || strings.EqualFold(s, "inf") || strings.EqualFold(s, "nan")
}

// whole tells whether a text is a whole number, as a count is.
func whole(s string) bool {
	s = strings.ReplaceAll(s, "_", "")
	if _, err := strconv.ParseUint(s, 0, 64); err == nil {
		return true
	}
	digits := strings.TrimRightFunc(s, func(r rune) bool { return r > '9' }) // 10K, 2MiB
	_, err := strconv.ParseFloat(digits, 64)
	return err == nil && digits != ""
}

// unknown is a name that is not known, with the one that was likely meant.
func unknown(t Token, what text.Message, names []string) *Mistake {
	m := &Mistake{t.At, t.Text, what}
	if like := nearest(strings.ToLower(t.Text), names); like != "" {
		m.What = text.M("%s; %s is likely meant", what, like)
	}
	return m
}

// nearest is the name that differs from a word by the fewest letters; empty
// where none is like it.
func nearest(word string, names []string) string {
	best, least := "", 1+len(word)/3
	for _, n := range slices.Sorted(slices.Values(names)) {
		if d := distance(word, n); d <= least && (best == "" || d < least) {
			best, least = n, d
		}
	}
	return best
}

// distance counts the letters to change, add, take away, or exchange with the
// next.
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			other := 1
			if a[i-1] == b[j-1] {
				other = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+other)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
