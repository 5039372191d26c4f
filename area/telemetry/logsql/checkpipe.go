package logsql

import (
	"slices"

	"yagura/kernel/text"
)

// pipe looks at the tokens of one pipe, without its bar.
func pipe(q string, tokens []Token) *Mistake {
	if len(tokens) == 0 {
		return &Mistake{len(q), "", text.M("a pipe is missing behind the bar")}
	}
	p := &parser{tokens: tokens, end: tokens[len(tokens)-1].End}
	name := tokens[0]
	p.i = 1
	var err error
	switch {
	case name.is("stream_context", "stats_remote"):
		return &Mistake{name.At, name.Text, text.M("this is not possible here")}
	case name.is("filter", "where"):
		if len(tokens) == 1 {
			return ending(q, &Mistake{p.end, "", text.M("a condition is missing")})
		}
		return condition(q, tokens[1:])
	case name.is("limit", "head"):
		err = p.counts(false)
	case name.is("offset", "skip"):
		err = p.counts(true)
	case name.is("stats"):
		err = p.stats()
	case name.is(Functions...), name.is("by", "("):
		p.i = 0
		err = p.stats()
	case name.is("top", "uniq"):
		err = p.most(name)
	case name.is("sort", "order"):
		err = p.sort()
	case name.is("fields", "keep", "delete", "del", "rm", "drop"):
		err = p.names()
	case name.is(Pipes...), name.is(pipeNames...):
	default:
		if m := condition(q, tokens); m == nil && nearest(name.Text, Pipes) == "" {
			return nil // a filter without its name
		}
		return unknown(name, text.M("there is no such pipe"), append(slices.Clone(Pipes), pipeNames...))
	}
	if m, ok := err.(*Mistake); ok {
		return ending(q, m)
	}
	return nil
}

// ending gives a mistake at the end of a pipe the word behind it.
func ending(q string, m *Mistake) *Mistake {
	if m.Word == "" && m.At < len(q) {
		if next := Lex(q[m.At:]); len(next) > 0 {
			m.At, m.Word = m.At+next[0].At, next[0].Text
		} else {
			m.At = len(q)
		}
	}
	return m
}

// count reads a whole number.
func (p *parser) count() error {
	if p.over() {
		return p.fail(text.M("a number is missing"))
	}
	if !whole(p.at().Text) {
		return p.fail(text.M("this is no whole number"))
	}
	p.i++
	return nil
}

// rest is a mistake where something is left.
func (p *parser) rest() error {
	if p.over() {
		return nil
	}
	return p.fail(text.M("this is not expected here; a pipe begins with a bar: |"))
}

// counts reads "limit N"; of some the number may be missing.
func (p *parser) counts(needed bool) error {
	if p.over() && !needed {
		return nil
	}
	if err := p.count(); err != nil {
		return err
	}
	return p.rest()
}

// fields reads "(a, b)", and hands each name's place to more, which may read what
// stands behind it.
func (p *parser) fields(more func() error) error {
	if !p.at().is("(") || p.over() {
		return p.fail(text.M("names of fields in parentheses are needed here"))
	}
	for p.i++; ; {
		if p.at().is(")") {
			p.i++
			return nil
		}
		if p.at().is(",") {
			return p.fail(text.M("the name of a field is missing"))
		}
		p.field()
		if more != nil {
			if err := more(); err != nil {
				return err
			}
		}
		switch {
		case p.at().is(","):
			p.i++
			if p.at().is(")") {
				return p.fail(text.M("the name of a field is missing"))
			}
		case p.at().is(")"):
		default:
			return p.fail(text.M("a comma is missing in front of this"))
		}
	}
}

// field reads a name of several words without space between them.
func (p *parser) field() {
	for p.i++; !p.over() && !p.at().Spaced && !p.at().is(",", "(", ")", "[", "]", "|"); p.i++ {
	}
}

// names reads "a, b".
func (p *parser) names() error {
	for {
		if p.over() || p.at().is(",") {
			return p.fail(text.M("the name of a field is missing"))
		}
		p.field()
		if p.over() {
			return nil
		}
		if !p.at().is(",") {
			return p.fail(text.M("a comma is missing in front of this"))
		}
		p.i++
	}
}

// most reads what follows "top" and "uniq".
func (p *parser) most(name Token) error {
	if name.is("top") && !p.over() && !p.at().is("by", "(", "hits", "rank") && number(p.at().Text) {
		if err := p.count(); err != nil {
			return err
		}
	}
	switch {
	case p.at().is("by") && !p.over():
		p.i++
		if p.at().is("(") {
			return p.fields(nil)
		}
		if p.over() {
			return p.fail(text.M("the name of a field is missing"))
		}
	case p.at().is("("):
		return p.fields(nil)
	}
	return nil
}

// sort reads what follows "sort".
func (p *parser) sort() error {
	if p.at().is("by") {
		p.i++
	} else if !p.at().is("(") && !p.over() && !p.at().is("desc", "asc", "limit", "offset", "rank", "partition") {
		return p.fail(text.M("by (…) is needed here"))
	}
	if p.at().is("(") || p.i > 1 {
		if err := p.fields(func() error {
			if p.at().is("asc", "desc") {
				p.i++
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for !p.over() {
		switch {
		case p.at().is("asc", "desc"):
			p.i++
		case p.at().is("limit", "offset"):
			p.i++
			if err := p.count(); err != nil {
				return err
			}
		case p.at().is("rank", "partition"):
			return nil
		default:
			return p.rest()
		}
	}
	return nil
}

// stats reads what follows "stats".
func (p *parser) stats() error {
	if p.at().is("by") || p.at().is("(") {
		if p.at().is("by") {
			p.i++
		}
		if err := p.fields(func() error {
			for step := p.at().is("offset"); step && !p.over() && !p.at().is(",", ")"); { // _time:5m offset 1h
				p.i++
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for {
		if p.over() {
			return p.fail(text.M("a function such as count() is missing"))
		}
		f := p.at()
		if !f.is(Functions...) {
			return unknown(f, text.M("there is no such function"), Functions)
		}
		p.i++
		if !p.at().is("(") {
			return mistake(f, text.M("parentheses are missing behind this: such as count()"))
		}
		if err := p.skip(); err != nil {
			return err
		}
		for !p.over() && !p.at().is(",") { // limit 10, if (…), as name
			if p.at().is("(") {
				if err := p.skip(); err != nil {
					return err
				}
				continue
			}
			p.i++
		}
		if p.over() {
			return nil
		}
		p.i++
	}
}
