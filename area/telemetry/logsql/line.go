package logsql

import (
	"regexp"
	"strconv"
	"strings"
)

// OfLine writes a filter anew: in place of each condition on the words of the
// line, whatever field they belong to, what write makes of it. Where write makes
// nothing of it, it stays.
func OfLine(filter string, write func(Words) string) string {
	n, err := Parse(filter)
	if err != nil {
		return filter
	}
	var b strings.Builder
	from := 0
	var walk func(n Node)
	walk = func(n Node) {
		if w, ok := wordsOf(n, filter); ok {
			if text := write(w); text != "" {
				b.WriteString(filter[from:n.At] + text)
				from = n.End
			}
		}
		for _, k := range n.Kids {
			walk(k)
		}
	}
	walk(n)
	return b.String() + filter[from:]
}

// Words are looked for in the line.
type Words struct {
	Text string
	op   Op
}

func wordsOf(n Node, filter string) (Words, bool) {
	if n.Kind != Test || len(n.Values) != 1 {
		return Words{}, false
	}
	w := Words{n.Values[0], n.Op}
	own := n.Field == "_msg" && strings.HasPrefix(filter[n.At:], n.Field)
	switch n.Op {
	case Phrase, Prefix, AnyCase, AnyCaseStart:
		return w, n.Field == "" || own
	case Regexp: // as Encode writes words of scripts without spaces
		return w, own && unspaced(w.Text) && regexp.QuoteMeta(w.Text) == w.Text
	}
	return w, false
}

// In is the same condition on one field.
func (w Words) In(field string) string {
	field, text := strconv.Quote(field)+":", strconv.Quote(w.Text)
	switch w.op {
	case Prefix:
		return field + text + "*"
	case AnyCase:
		return field + "i(" + text + ")"
	case AnyCaseStart:
		return field + "i(" + text + "*)"
	case Regexp:
		return field + "~" + text
	}
	return field + text
}

// Whole tells whether the last word must end with the text.
func (w Words) Whole() bool { return w.op == Phrase || w.op == AnyCase }

// Stand tells whether the words stand in a text, whatever the case of letters.
func (w Words) Stand(in string) bool {
	in, text := strings.ToLower(in), strings.ToLower(w.Text)
	for at := 0; ; at++ {
		i := strings.Index(in[at:], text)
		if i < 0 || text == "" {
			return false
		}
		at += i
		if w.op == Regexp || !goesOn(in[:at], text) && (!w.Whole() || !goesOn(text, in[at+len(text):])) {
			return true
		}
	}
}

// goesOn tells whether a word goes on from one text to the next.
func goesOn(a, b string) bool {
	return a != "" && b != "" && letter(lastRune(a)) && letter(firstRune(b))
}

func letter(r rune) bool { return r != '.' && wordRune(r) }

func lastRune(s string) (last rune) {
	for _, r := range s {
		last = r
	}
	return last
}
