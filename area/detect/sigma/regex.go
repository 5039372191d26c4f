package sigma

import (
	"regexp/syntax"
	"strings"
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
	need := literals(re.Simplify(), 0)
	for _, n := range need {
		if len(n) < 2 {
			return nil
		}
	}
	return need
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
