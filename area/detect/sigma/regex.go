package sigma

import (
	"bytes"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// needed finds folded literals of which every match of the expression contains
// at least one, so that most values never meet the expression itself. None
// means that nothing is known.
//
// A faster matcher (a lazy automaton over byte classes) would take its place
// behind test.re; this filter stays in front of it.
func needed(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return literals(re, 0)
}

// onlyLength reads .{n,}: an expression that asks for n characters on one line
// and nothing else, for which the general matcher keeps n states alive.
func onlyLength(expr string) int {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil || re.Op != syntax.OpRepeat || re.Max >= 0 || re.Sub[0].Op != syntax.OpAnyCharNotNL {
		return 0
	}
	return re.Min
}

func hasLine(v []byte, n int) bool {
	for line := range bytes.SplitSeq(v, []byte{'\n'}) {
		if len(line) >= n && utf8.RuneCount(line) >= n {
			return true
		}
	}
	return false
}

// minLength is the least number of bytes a match has.
func minLength(expr string) int {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 0
	}
	return least(re, 0)
}

func least(re *syntax.Regexp, depth int) int {
	const far = 1 << 20
	if depth > 50 {
		return 0
	}
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = 1
	case syntax.OpCapture, syntax.OpPlus:
		n = least(re.Sub[0], depth+1)
	case syntax.OpRepeat:
		n = re.Min * least(re.Sub[0], depth+1)
	case syntax.OpConcat:
		for _, s := range re.Sub {
			n += least(s, depth+1)
		}
	case syntax.OpAlternate:
		n = far
		for _, s := range re.Sub {
			n = min(n, least(s, depth+1))
		}
	}
	return min(n, far)
}

const maxNeeded = 24

func literals(re *syntax.Regexp, depth int) []string {
	if depth > 50 {
		return nil
	}
	switch re.Op {
	case syntax.OpLiteral:
		s := string(re.Rune)
		if !isASCII([]byte(s)) {
			return nil
		}
		return []string{strings.ToLower(s)}
	case syntax.OpCapture, syntax.OpPlus:
		return literals(re.Sub[0], depth+1)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literals(re.Sub[0], depth+1)
		}
	case syntax.OpConcat:
		var best []string
		for _, s := range re.Sub {
			if l := literals(s, depth+1); better(l, best) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, s := range re.Sub {
			l := literals(s, depth+1)
			if l == nil {
				return nil
			}
			if all = append(all, l...); len(all) > maxNeeded {
				return nil
			}
		}
		return all
	}
	return nil
}

func better(a, b []string) bool {
	if a == nil || b == nil {
		return a != nil
	}
	la, lb := shortest(a), shortest(b)
	if min(la, 8) != min(lb, 8) {
		return la > lb
	}
	return len(a) < len(b)
}

func shortest(a []string) int {
	n := 1 << 30
	for _, s := range a {
		n = min(n, len(s))
	}
	return n
}
