package logsql

import (
	"slices"
	"strings"

	"yagura/kernel/text"
)

// Kind is what a node of a filter is.
type Kind int

// The kinds of nodes.
const (
	All  Kind = iota // its kids must hold
	Any              // one of its kids must hold
	Not              // its kid must not hold
	Test             // a test of a field
)

// Op is how a test compares.
type Op int

// The comparisons.
const (
	Opaque     Op = iota // one that this package does not take apart
	Phrase               // the words stand in the value, one behind the other
	Prefix               // the same, and the last may go on
	Exact                // the value is that
	ExactStart           // the value begins so
	Regexp               // the expression fits somewhere in the value
	AnyCase              // Phrase, whatever the case of its letters
	AnyCaseStart
	In          // one of several values
	ContainsAll // each phrase stands in the value
	ContainsAny
	Present // the field is there
	Absent  // it is not
	Greater
	AtLeast
	Less
	AtMost
)

// Node is a filter or a part of one.
type Node struct {
	Kind    Kind
	Kids    []Node
	Field   string // of a test; "" is the message
	Op      Op
	Values  []string
	Spans   [][2]int // of Exact and In where each value stands, of Phrase and Prefix the whole
	Grouped bool     // it stands in parentheses
	At, End int      // where it stands in the filter
}

// maxDepth is how deep conditions may be nested, as a person never does.
const maxDepth = 200

// Parse reads a filter, without pipes.
func Parse(filter string) (Node, error) {
	p := parser{tokens: Lex(filter), end: len(filter)}
	if len(p.tokens) == 0 {
		return Node{Kind: Test, Op: Present, End: len(filter)}, nil
	}
	for _, t := range p.tokens {
		if t.is(`"`, "'", "`") {
			return Node{}, quoted(filter, t)
		}
	}
	n, err := p.any("", 0)
	if err == nil && p.i < len(p.tokens) {
		err = p.unexpected()
	}
	return n, err
}

type parser struct {
	tokens []Token
	i      int
	end    int
}

// fail is a mistake at the next token.
func (p *parser) fail(what text.Message) error { return mistake(p.at(), what) }

func (p *parser) unexpected() error { return p.fail(text.M("this is not expected here")) }

// at is the next token; behind the last an empty one.
func (p *parser) at() Token {
	if p.i < len(p.tokens) {
		return p.tokens[p.i]
	}
	return Token{At: p.end, End: p.end, Spaced: true}
}

func (p *parser) over() bool { return p.i >= len(p.tokens) }

// behind is where the last token that was read ends.
func (p *parser) behind() int { return p.tokens[p.i-1].End }

func (p *parser) any(field string, depth int) (Node, error) {
	return p.list(Any, "or", field, depth, p.all)
}

func (p *parser) all(field string, depth int) (Node, error) {
	return p.list(All, "and", field, depth, p.one)
}

// list reads nodes of a kind, divided by a word; between those that must all
// hold the word may be missing.
func (p *parser) list(kind Kind, word, field string, depth int, next func(string, int) (Node, error)) (Node, error) {
	if depth > maxDepth {
		return Node{}, p.fail(text.M("conditions are nested too deep"))
	}
	list := Node{Kind: kind, At: p.at().At}
	for {
		n, err := next(field, depth+1)
		if err != nil {
			return n, err
		}
		list.Kids, list.End = append(list.Kids, n), p.behind()
		if p.at().is(word) {
			p.i++
			continue
		}
		if kind == Any || p.over() || p.at().is("or", ")", "|") {
			break
		}
	}
	if len(list.Kids) == 1 {
		return list.Kids[0], nil
	}
	return list, nil
}

// one reads a single condition.
func (p *parser) one(field string, depth int) (Node, error) {
	t := p.at()
	if depth > maxDepth {
		return Node{}, p.fail(text.M("conditions are nested too deep"))
	}
	test := func(op Op, values ...string) (Node, error) {
		return Node{Kind: Test, Field: field, Op: op, Values: values, At: t.At, End: p.behind()}, nil
	}
	switch {
	case p.over():
		return Node{}, p.fail(text.M("a condition is missing"))
	case t.is(":"):
		p.i++
		return p.one(field, depth+1)
	case t.is("!", "-", "not"):
		p.i++
		n, err := p.one(field, depth+1)
		if err != nil {
			return n, err
		}
		return Node{Kind: Not, Kids: []Node{n}, At: t.At, End: n.End}, nil
	case t.is("("):
		p.i++
		n, err := p.any(field, depth+1)
		if err != nil {
			return n, err
		}
		if !p.at().is(")") {
			return n, mistake(t, text.M("this bracket is not closed"))
		}
		p.i++
		n.At, n.End, n.Grouped = t.At, p.behind(), true
		return n, nil
	case t.is("*"):
		p.i++
		return test(Present)
	case t.is("{"):
		if err := p.skip(); err != nil {
			return Node{}, err
		}
		return test(Opaque)
	case t.is("=", "!=", "~", "=~", "!~", ">", "<"):
		return p.compare(field)
	case t.is(")", "]", "}", ",", "|", `"`, "'", "`", "[", "and", "or"):
		return Node{}, p.unexpected()
	}
	if p.i+1 < len(p.tokens) && p.tokens[p.i+1].is("(", "[") && !p.tokens[p.i+1].Spaced && !t.Quoted {
		return p.function(field)
	}
	from := p.at().At
	phrase := p.phrase(field != "")
	if field == "" && p.at().is(":") && !p.over() {
		p.i++
		if phrase == "_time" {
			return p.times(t.At)
		}
		n, err := p.one(phrase, depth+1)
		n.At = t.At
		return n, err
	}
	op := Phrase
	if p.star() {
		op = Prefix
	}
	if phrase == "" && op == Phrase {
		return test(Absent)
	}
	n, err := test(op, phrase)
	n.Spans = [][2]int{{from, n.End}}
	return n, err
}

// star reads an asterisk that stands at once behind a phrase.
func (p *parser) star() bool {
	if p.at().is("*") && !p.at().Spaced {
		p.i++
		return true
	}
	return false
}

// phrase reads a word, and what stands at once behind it: foo-bar/baz is one.
func (p *parser) phrase(colon bool) string {
	var b strings.Builder
	b.WriteString(p.at().Text)
	for p.i++; !p.over() && !p.at().Spaced && !p.at().Quoted; p.i++ {
		if p.at().is("|", "(", ")", "[", "]", "{", "}", ",", "*", `"`, "'", "`", "=", "~", "=~", "!~", "!=", "<", ">") || p.at().is(":") && !colon {
			break
		}
		b.WriteString(p.at().Text)
	}
	return b.String()
}

// compare reads a comparison written as a mark.
func (p *parser) compare(field string) (Node, error) {
	t := p.at()
	n := Node{Kind: Test, Field: field, At: t.At}
	negated := t.is("!=", "!~")
	p.i++
	switch {
	case t.is(">", "<"):
		n.Op = Greater
		if t.is("<") {
			n.Op = Less
		}
		if p.at().is("=") && !p.at().Spaced {
			p.i++
			n.Op++
		}
	case t.is("~", "=~", "!~"):
		n.Op = Regexp
	default:
		n.Op = Exact
	}
	if p.at().is("(") { // a list of values or a query
		if err := p.skip(); err != nil {
			return n, err
		}
		n.Op = Opaque
	} else {
		if p.over() || p.at().is(")", "|", ",", "or", "and") {
			return n, p.fail(text.M("a value is missing"))
		}
		sign := ""
		if p.at().is("-", "+") {
			sign = p.at().Text
			p.i++
		}
		if p.over() {
			return n, p.fail(text.M("a value is missing"))
		}
		from := p.at().At - len(sign)
		n.Values = []string{sign + p.phrase(true)}
		switch {
		case n.Op == Exact && p.star():
			n.Op = ExactStart
		case n.Op == Exact:
			n.Spans = [][2]int{{from, p.behind()}}
		}
	}
	n.End = p.behind()
	if negated {
		return Node{Kind: Not, Kids: []Node{n}, At: t.At, End: n.End}, nil
	}
	return n, nil
}

var functions = map[string]Op{"in": In, "contains_all": ContainsAll, "contains_any": ContainsAny, "exact": Exact, "re": Regexp, "i": AnyCase}

// function reads name(…) or range[…).
func (p *parser) function(field string) (Node, error) {
	t := p.at()
	n := Node{Kind: Test, Field: field, At: t.At, Op: functions[strings.ToLower(t.Text)]}
	p.i++
	from := p.i
	if err := p.skip(); err != nil {
		return n, err
	}
	n.End = p.behind()
	inside := p.tokens[from+1 : p.i-1]
	value := true // a value is due, not a comma
	for i := 0; i < len(inside) && n.Op != Opaque; i++ {
		switch k := inside[i]; {
		case k.is(",") && !value:
			value = true
		case k.is("*") && !value && i == len(inside)-1 && len(n.Values) == 1 && (n.Op == Exact || n.Op == AnyCase):
			n.Op++ // begins so
		case value && (k.Quoted || wordRune(firstRune(k.Text))) && (i+1 == len(inside) || inside[i+1].is(",", "*")):
			n.Values, n.Spans = append(n.Values, k.Text), append(n.Spans, [2]int{k.At, k.End})
			value = false
		default: // a query, or values without quotes
			n.Op, n.Values = Opaque, nil
		}
	}
	if n.Op != In && n.Op != Exact {
		n.Spans = nil
	}
	single := []Op{Exact, ExactStart, Regexp, AnyCase, AnyCaseStart}
	if n.Op != Opaque && (len(n.Values) == 0 || slices.Contains(single, n.Op) && len(n.Values) > 1) {
		n.Op, n.Values, n.Spans = Opaque, nil, nil
	}
	return n, nil
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// times reads what follows _time: as far as it goes.
func (p *parser) times(at int) (Node, error) {
	n := Node{Kind: Test, Field: "_time", At: at}
	if p.at().is("[", "(") {
		if err := p.skip(); err != nil {
			return n, err
		}
	} else {
		if p.over() {
			return n, p.fail(text.M("a time is missing"))
		}
		for p.i++; !p.over() && !p.at().Spaced && !p.at().is(")", "|"); p.i++ {
		}
	}
	if p.at().is("offset") {
		for p.i++; !p.over() && (p.at().At == p.tokens[p.i-1].End || p.tokens[p.i-1].is("offset")) && !p.at().is(")", "|"); p.i++ {
		}
	}
	n.End = p.behind()
	return n, nil
}

// skip reads a bracket with all that it holds. Of a range one end may be [ and
// the other ).
func (p *parser) skip() error {
	depth, open := 0, p.at()
	for ; !p.over(); p.i++ {
		switch {
		case p.at().is("(", "[", "{"):
			depth++
		case p.at().is(")", "]", "}"):
			if depth--; depth == 0 {
				p.i++
				return nil
			}
		}
	}
	return mistake(open, text.M("this bracket is not closed"))
}
