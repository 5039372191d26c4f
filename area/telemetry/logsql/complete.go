package logsql

import (
	"slices"
	"strings"
)

// Place is what is being typed at the end of a query's beginning.
type Place struct {
	Kind   PlaceKind
	Field  string // whose value it is
	Typed  string // what of it is there already
	Before string // the query in front of it; what is chosen is put behind
	Mark   string // what has to stand between a field and a chosen value
}

// PlaceKind is what is to be typed.
type PlaceKind int

// What can be typed.
const (
	Nothing       PlaceKind = iota
	FieldName               // the name of a field, as a condition begins
	PipeName                // what is to be done with what was found
	FunctionName            // of stats, with its parentheses
	FieldArgument           // the name of a field alone
	FieldValue
)

// At tells what is being typed where a query breaks off. In a text whose
// quotes are still open it is a value.
func At(before string) Place {
	tokens := Lex(before)
	p := Place{Before: before}
	if i := slices.IndexFunc(tokens, func(t Token) bool { return t.is(`"`, "'", "`") }); i >= 0 {
		p.Typed, p.Before = strings.ReplaceAll(before[tokens[i].End:], `\\`, `\`), before[:tokens[i].At]
		tokens = tokens[:i]
	} else if n := len(tokens); n > 0 && !strings.HasSuffix(before, " ") && (tokens[n-1].Quoted || wordRune(firstRune(tokens[n-1].Text))) {
		// A value goes on over marks that stand between its words: foo-bar.
		k := n - 1
		for k > 0 && !tokens[k].Spaced && !tokens[k-1].is(":", "=", "~", "!", "!=", "!~", "=~", "<", ">", "(", ",", "|", "{") {
			k--
		}
		p.Typed, p.Before = before[tokens[k].At:], before[:tokens[k].At]
		if tokens[n-1].Quoted && k == n-1 {
			p.Typed = tokens[n-1].Text
		}
		tokens = tokens[:k]
	}
	if from := pipeOf(tokens); from > 0 {
		return p.inPipe(tokens[from:])
	}
	n := len(tokens)
	if n == 0 {
		p.Kind = FieldName
		return p
	}
	last := tokens[n-1]
	switch {
	case last.is(":") && n > 1:
		p.Kind, p.Field, p.Mark = FieldValue, name(tokens[:n-1]), "="
	case last.is("=", "!=") && n > 2 && tokens[n-2].is(":"):
		p.Kind, p.Field = FieldValue, name(tokens[:n-2])
	case last.is("(", ",") && inList(tokens) > 0:
		p.Kind, p.Field = FieldValue, name(tokens[:inList(tokens)])
	case last.is("~", "!~", "=~", "<", ">", "=", "{", "["):
		p.Kind = Nothing
	default:
		p.Kind = FieldName
	}
	return p
}

// name is the field's name that the tokens end with.
func name(tokens []Token) string {
	k := len(tokens) - 1
	b := tokens[k].Text
	for ; k > 0 && !tokens[k].Spaced && !tokens[k-1].Quoted && (tokens[k-1].is("-", "/", "@", "$") || wordRune(firstRune(tokens[k-1].Text))); k-- {
		b = tokens[k-1].Text + b
	}
	return b
}

// inList finds the field of field:in( that is still open; 0: there is none.
func inList(tokens []Token) int {
	depth := 0
	for i := len(tokens) - 1; i > 2; i-- {
		switch {
		case tokens[i].is(")"):
			depth++
		case tokens[i].is("("):
			if depth--; depth < 0 {
				if tokens[i-1].is("in", "contains_any", "contains_all") && tokens[i-2].is(":") {
					return i - 2
				}
				return 0
			}
		}
	}
	return 0
}

// pipeOf is where the tokens of the last pipe begin; 0: there is none.
func pipeOf(tokens []Token) int {
	at, depth := 0, 0
	for i, t := range tokens {
		switch {
		case t.is("(", "[", "{"):
			depth++
		case t.is(")", "]", "}"):
			depth = max(depth-1, 0)
		case t.is("|") && depth == 0:
			at = i + 1
		}
	}
	return at
}

func (p Place) inPipe(tokens []Token) Place {
	n := len(tokens)
	switch {
	case n == 0:
		p.Kind = PipeName
	case tokens[n-1].is("(") || tokens[n-1].is(",") && depthOf(tokens) > 0:
		p.Kind = FieldArgument
	case tokens[0].is("stats") && depthOf(tokens) == 0 && (n == 1 || tokens[n-1].is(",") || tokens[n-1].is(")") && byClause(tokens)):
		p.Kind = FunctionName
	case tokens[0].is("fields", "keep", "delete", "drop", "rm", "del", "field_values", "facets", "unroll") && depthOf(tokens) == 0:
		p.Kind = FieldArgument
	case tokens[0].is("filter", "where") && depthOf(tokens) == 0 && !tokens[n-1].is(":"):
		p.Kind = FieldName
	case depthOf(tokens) > 0:
		p.Kind = FieldArgument
	}
	return p
}

func depthOf(tokens []Token) int {
	d := 0
	for _, t := range tokens {
		switch {
		case t.is("(", "["):
			d++
		case t.is(")", "]"):
			d--
		}
	}
	return d
}

// byClause tells whether the tokens are "stats by (…)".
func byClause(tokens []Token) bool {
	i := slices.IndexFunc(tokens, func(t Token) bool { return t.is(")") })
	return i == len(tokens)-1 && len(tokens) > 2 && (tokens[1].is("by", "("))
}

// With is the query's beginning with what was chosen.
func (p Place) With(chosen string) string {
	switch p.Kind {
	case FieldName:
		return p.Before + Quote(chosen) + ":"
	case PipeName:
		return p.Before + chosen + " "
	case FunctionName:
		return p.Before + chosen + "("
	case FieldArgument:
		return p.Before + Quote(chosen)
	case FieldValue:
		return p.Before + p.Mark + quoteValue(chosen) + " "
	}
	return p.Before + chosen
}

// quoteValue always has quotes, so that a number stays a text.
func quoteValue(s string) string {
	q := Is("", s)
	return q[strings.Index(q, ":=")+2:]
}
