package search

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Span is a piece of text, marked where it is what was looked for.
type Span struct {
	Text string
	Mark bool
}

type place struct{ from, to int } // bytes of the original text

// places are where the terms stand in a text, in order and without overlap.
func places(s string, terms []term) []place {
	p, offsets := plainWithOffsets(s, true)
	var all []place
	for _, t := range terms {
		for start := 0; ; {
			i := strings.Index(p[start:], t.norm)
			if i < 0 {
				break
			}
			i += start
			end := i + len(t.norm)
			if begins(p, i) {
				// An original letter that became several is marked whole.
				to := offsets[end]
				for end < len(p) && to == offsets[end-1] {
					end++
					to = offsets[end]
				}
				all = append(all, place{offsets[i], to})
			}
			start = i + max(1, len(t.norm))
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].from < all[j].from })
	var joined []place
	for _, q := range all {
		if n := len(joined); n > 0 && q.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, q.to)
			continue
		}
		joined = append(joined, q)
	}
	return joined
}

// begins tells whether a term at i would be found by the index: inside a Latin
// word it is not.
func begins(p string, i int) bool {
	here, _ := utf8.DecodeRuneInString(p[i:])
	before, n := utf8.DecodeLastRuneInString(p[:i])
	return n == 0 || !wordly(here) || unspaced(here) || !wordly(before) || unspaced(before)
}

// mark cuts a text into spans.
func mark(s string, terms []term) []Span {
	return spans(s, places(s, terms))
}

func spans(s string, marks []place) []Span {
	var all []Span
	at := 0
	for _, m := range marks {
		if m.from > at {
			all = append(all, Span{Text: s[at:m.from]})
		}
		all = append(all, Span{Text: s[m.from:m.to], Mark: true})
		at = m.to
	}
	if at < len(s) || len(all) == 0 {
		all = append(all, Span{Text: s[at:]})
	}
	return all
}

const (
	lettersBefore = 30
	lettersInAll  = 160
)

// snippet is the surroundings of the first place where a term stands.
func snippet(s string, terms []term) []Span {
	marks := places(s, terms)
	if len(marks) == 0 {
		return nil
	}
	from := marks[0].from
	for n := 0; n < lettersBefore && from > 0; n++ {
		_, size := utf8.DecodeLastRuneInString(s[:from])
		from -= size
	}
	to := from
	for n := 0; n < lettersInAll && to < len(s); n++ {
		_, size := utf8.DecodeRuneInString(s[to:])
		to += size
	}
	to = max(to, marks[0].to)
	var within []place
	for _, m := range marks {
		if m.from >= from && m.to <= to {
			within = append(within, place{m.from - from, m.to - from})
		}
	}
	all := spans(s[from:to], within)
	for i := range all {
		all[i].Text = strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' || r == '\t' {
				return ' '
			}
			return r
		}, all[i].Text)
	}
	if from > 0 {
		all = append([]Span{{Text: "…"}}, all...)
	}
	if to < len(s) {
		all = append(all, Span{Text: "…"})
	}
	return all
}
