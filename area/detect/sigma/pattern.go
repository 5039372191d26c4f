package sigma

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

type partKind uint8

const (
	partLit partKind = iota
	partOne          // "?": exactly one character
	partAny          // "*": any characters, also none
)

type part struct {
	kind partKind
	lit  string
}

// readPattern splits a Sigma value at its wildcards. A backslash before "*",
// "?" or another backslash takes the special meaning away from it; before
// anything else it is an ordinary character.
func readPattern(s string) []part {
	var out []part
	var lit []byte
	flush := func() {
		if len(lit) > 0 {
			out = append(out, part{kind: partLit, lit: string(lit)})
			lit = lit[:0]
		}
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			lit = append(lit, s[i])
		case c == '*':
			flush()
			out = appendAny(out)
		case c == '?':
			flush()
			out = append(out, part{kind: partOne})
		default:
			lit = append(lit, c)
		}
	}
	flush()
	return out
}

func appendAny(p []part) []part {
	if n := len(p); n > 0 && p[n-1].kind == partAny {
		return p
	}
	return append(p, part{kind: partAny})
}

// patternText writes parts back as a Sigma value.
func patternText(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.kind {
		case partAny:
			b.WriteByte('*')
		case partOne:
			b.WriteByte('?')
		default:
			b.WriteString(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(p.lit))
		}
	}
	return b.String()
}

// plain returns the text of a pattern without wildcards.
func plain(parts []part) (string, bool) {
	switch {
	case len(parts) == 0:
		return "", true
	case len(parts) == 1 && parts[0].kind == partLit:
		return parts[0].lit, true
	}
	return "", false
}

// matchPattern reports whether the whole of v fits the parts. Time is at most
// len(v) times the length of the pattern, without backtracking over stars.
func matchPattern(v []byte, parts []part) bool {
	// Between two stars the leftmost fit is as good as any other.
	i := 0
	for i < len(parts) && parts[i].kind != partAny {
		n, ok := matchHere(v, parts[i:i+1])
		if !ok {
			return false
		}
		v = v[n:]
		i++
	}
	if i == len(parts) {
		return len(v) == 0
	}
	for {
		for i < len(parts) && parts[i].kind == partAny {
			i++
		}
		if i == len(parts) {
			return true
		}
		j := i
		for j < len(parts) && parts[j].kind != partAny {
			j++
		}
		if j == len(parts) {
			return matchEnd(v, parts[i:])
		}
		n, ok := findRun(v, parts[i:j])
		if !ok {
			return false
		}
		v = v[n:]
		i = j
	}
}

// findRun finds the leftmost place where the run without stars fits and
// returns where it ends.
func findRun(v []byte, run []part) (end int, ok bool) {
	if run[0].kind == partLit {
		for at := 0; ; {
			k := bytes.Index(v[at:], []byte(run[0].lit))
			if k < 0 {
				return 0, false
			}
			if n, ok := matchHere(v[at+k:], run); ok {
				return at + k + n, true
			}
			at += k + 1
		}
	}
	for at := 0; at <= len(v); {
		if n, ok := matchHere(v[at:], run); ok {
			return at + n, true
		}
		if at == len(v) {
			break
		}
		_, w := utf8.DecodeRune(v[at:])
		at += w
	}
	return 0, false
}

// matchHere fits a run without stars at the beginning of v.
func matchHere(v []byte, run []part) (n int, ok bool) {
	for _, p := range run {
		if p.kind == partLit {
			if !bytes.HasPrefix(v[n:], []byte(p.lit)) {
				return 0, false
			}
			n += len(p.lit)
			continue
		}
		if n == len(v) {
			return 0, false
		}
		_, w := utf8.DecodeRune(v[n:])
		n += w
	}
	return n, true
}

// matchEnd fits a run without stars at the end of v.
func matchEnd(v []byte, run []part) bool {
	for i := len(run) - 1; i >= 0; i-- {
		if run[i].kind == partLit {
			if !bytes.HasSuffix(v, []byte(run[i].lit)) {
				return false
			}
			v = v[:len(v)-len(run[i].lit)]
			continue
		}
		if len(v) == 0 {
			return false
		}
		_, w := utf8.DecodeLastRune(v)
		v = v[:len(v)-w]
	}
	return true
}

// longest returns the longest literal of a pattern.
func longest(parts []part) string {
	best := ""
	for _, p := range parts {
		if p.kind == partLit && len(p.lit) > len(best) {
			best = p.lit
		}
	}
	return best
}
