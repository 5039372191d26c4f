package sigma

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// needed finds folded literals of which every match of the expression in an
// ASCII text contains at least one, so that most values never meet the
// expression itself. None means that nothing is known.
func needed(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	exact, need := literals(re, 0)
	return usable(exact, need)
}

// classRun is a stretch of at least n bytes of one set: what an expression like
// [a-f0-9]{64} asks for.
type classRun struct {
	n   int
	set [2]uint64 // of ASCII
}

// longRun finds the longest stretch of one set of characters that every match
// in an ASCII text has; n 0 where none is long.
func longRun(expr string) (best classRun) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return best
	}
	var walk func(re *syntax.Regexp, depth int)
	walk = func(re *syntax.Regexp, depth int) {
		switch {
		case depth > 50:
		case re.Op == syntax.OpConcat || re.Op == syntax.OpCapture || re.Op == syntax.OpPlus:
			for _, s := range re.Sub {
				walk(s, depth+1)
			}
		case re.Op == syntax.OpRepeat && re.Min >= max(8, best.n+1) && re.Sub[0].Op == syntax.OpCharClass:
			best = classRun{n: re.Min}
			for i := 0; i+1 < len(re.Sub[0].Rune); i += 2 {
				for c := re.Sub[0].Rune[i]; c <= re.Sub[0].Rune[i+1] && c < utf8.RuneSelf; c++ {
					best.set[c>>6] |= 1 << (c & 63)
				}
			}
		}
	}
	walk(re, 0)
	return best
}

// in reports whether an ASCII text has such a stretch. It looks at every n-th
// byte and goes on from there only.
func (r *classRun) in(v []byte) bool {
	has := func(c byte) bool { return c < utf8.RuneSelf && r.set[c>>6]>>(c&63)&1 == 1 }
	for i := r.n - 1; i < len(v); i += r.n {
		if !has(v[i]) {
			continue
		}
		from := i
		for from > 0 && i-from < r.n && has(v[from-1]) {
			from--
		}
		to := i + 1
		for to < len(v) && to-from < r.n && has(v[to]) {
			to++
		}
		if to-from >= r.n {
			return true
		}
	}
	return false
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

const (
	maxNeeded = 24
	maxClass  = 8
)

// literals returns all texts that a part of an expression matches, where these
// are few, or else texts of which each match contains one.
func literals(re *syntax.Regexp, depth int) (exact, need []string) {
	if depth > 50 {
		return nil, nil
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, nil
	case syntax.OpLiteral:
		if s := string(re.Rune); isASCII([]byte(s)) {
			return []string{strings.ToLower(s)}, nil
		}
	case syntax.OpCharClass:
		// Characters beyond ASCII do not stand in ASCII texts.
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= re.Rune[i+1] && c < utf8.RuneSelf; c++ {
				if s := string(lower[c]); !slices.Contains(exact, s) {
					exact = append(exact, s)
				}
				if len(exact) > maxClass {
					return nil, nil
				}
			}
		}
		return exact, nil
	case syntax.OpCapture:
		return literals(re.Sub[0], depth+1)
	case syntax.OpQuest:
		if exact, _ := literals(re.Sub[0], depth+1); exact != nil && len(exact) < maxNeeded {
			return append([]string{""}, exact...), nil
		}
	case syntax.OpPlus:
		exact, need := literals(re.Sub[0], depth+1)
		return nil, usable(exact, need)
	case syntax.OpRepeat:
		if re.Min == 0 {
			return nil, nil
		}
		exact, need := literals(re.Sub[0], depth+1)
		if re.Min == re.Max && exact != nil {
			all := []string{""}
			for range re.Min {
				if all = crossed(all, exact); all == nil {
					break
				}
			}
			if all != nil {
				return all, nil
			}
		}
		return nil, usable(exact, need)
	case syntax.OpConcat:
		var best []string
		take := func(n []string) {
			if better(n, best) {
				best = n
			}
		}
		whole, now := true, []string{""}
		for _, s := range re.Sub {
			exact, need := literals(s, depth+1)
			next := crossed(now, exact)
			if next == nil {
				whole = false
				take(usable(now, nil))
				take(usable(exact, need))
				if next = exact; next == nil {
					next = []string{""}
				}
			}
			now = next
		}
		if whole {
			return now, nil
		}
		take(usable(now, nil))
		return nil, best
	case syntax.OpAlternate:
		whole, each := true, true
		for _, s := range re.Sub {
			e, n := literals(s, depth+1)
			n = usable(e, n)
			whole, each = whole && e != nil, each && n != nil
			exact, need = append(exact, e...), append(need, n...)
			if !whole && !each || len(exact) > maxNeeded || len(need) > maxNeeded {
				return nil, nil
			}
		}
		if whole {
			return exact, nil
		}
		return nil, need
	}
	return nil, nil
}

// usable are literals of which none is empty: exact ones or else needed ones.
func usable(exact, need []string) []string {
	if exact != nil && shortest(exact) > 0 {
		return exact
	}
	return need
}

// crossed puts every text of b behind every text of a; nil: too many.
func crossed(a, b []string) []string {
	if b == nil || len(a)*len(b) > maxNeeded {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
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
