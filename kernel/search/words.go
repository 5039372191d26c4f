package search

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain is the form in which texts are compared: NFKC, lower case, Latin
// letters without accents, every run of spaces one space.
func plain(s string) string {
	p, _ := plainWithOffsets(s, false)
	return p
}

// plainWithOffsets also returns, for every byte of the plain form and its end,
// where in s it comes from.
func plainWithOffsets(s string, want bool) (string, []int) {
	var b strings.Builder
	var offsets []int
	space := true // leading spaces go
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() {
		from := it.Pos()
		for _, r := range strings.ToLower(string(it.Next())) {
			if unicode.IsSpace(r) {
				if space {
					continue
				}
				space, r = true, ' '
			} else {
				space = false
			}
			if r >= 0xc0 && unicode.Is(unicode.Latin, r) {
				for _, base := range norm.NFD.String(string(r)) {
					r = base
					break
				}
			}
			if unicode.Is(unicode.Mn, r) && r < 0x370 { // accents that no letter took up
				continue
			}
			before := b.Len()
			b.WriteRune(r)
			if want {
				for range b.Len() - before {
					offsets = append(offsets, from)
				}
			}
		}
	}
	p := b.String()
	if want {
		offsets = append(offsets, len(s))
	}
	return p, offsets
}

// unspaced tells whether a letter is of a script that is written without spaces
// between words: it is found by pairs.
func unspaced(r rune) bool {
	if r < 0x0e00 {
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Yi,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー' || r == '〆' || r == '々' || r == '〇'
}

func wordly(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// word is a run of letters of one sort.
type word struct {
	text  string
	pairs bool
}

// split cuts a plain text into words.
func split(s string, each func(word)) {
	start, pairs := -1, false
	flush := func(end int) {
		if start >= 0 {
			each(word{s[start:end], pairs})
			start = -1
		}
	}
	for i, r := range s {
		p := unspaced(r)
		if !p && !wordly(r) {
			flush(i)
			continue
		}
		if start >= 0 && p != pairs {
			flush(i)
		}
		if start < 0 {
			start, pairs = i, p
		}
	}
	flush(len(s))
}

// longest is how many letters of a word the index knows.
const longest = 48

// A pair of letters is "b" and five hexadecimal digits for each, the last
// letter of a run alone "b" and five: so a single letter is the beginning of
// every pair it begins. A word of a-z and 0-9 is "w" and itself, any other "u"
// and five digits for each letter.
func spell(w word) string {
	if !w.pairs && ascii(w.text) {
		return "w" + w.text[:min(len(w.text), longest)]
	}
	var b strings.Builder
	b.WriteByte('u')
	n := 0
	for _, r := range w.text {
		if n++; n > longest {
			break
		}
		fmt.Fprintf(&b, "%05x", r)
	}
	return b.String()
}

func ascii(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// tokens are what the index keeps of a plain text, each once.
func tokens(s string) []string {
	seen := map[string]bool{}
	var all []string
	add := func(t string) {
		if !seen[t] {
			seen[t] = true
			all = append(all, t)
		}
	}
	split(s, func(w word) {
		if !w.pairs {
			add(spell(w))
			return
		}
		letters := []rune(w.text)
		for i, r := range letters {
			if i+1 < len(letters) {
				add(fmt.Sprintf("b%05x%05x", r, letters[i+1]))
			} else {
				add(fmt.Sprintf("b%05x", r))
			}
		}
	})
	return all
}

// term is one word of a query, or several in quotes.
type term struct {
	norm   string
	tokens []token
	check  bool // the tokens alone do not settle it
}

type token struct {
	text   string
	prefix bool
}

const (
	mostQuery = 400
	mostTerms = 12
)

// parse reads a query. It never fails: what holds no letter is left out.
func parse(q string) []term {
	q = strings.Map(func(r rune) rune {
		switch r {
		case '“', '”', '„', '＂', '「', '」', '『', '』':
			return '"'
		case '、', '。', '，', '．', '・', '？', '！', '　':
			return ' '
		}
		return r
	}, q)
	var terms []term
	for i, part := range strings.Split(q, `"`) {
		words := []string{part}
		if i%2 == 0 {
			words = strings.Fields(plain(part))
		}
		for _, w := range words {
			if t := newTerm(plain(w)); len(t.tokens) > 0 && len(terms) < mostTerms {
				terms = append(terms, t)
			}
		}
	}
	return terms
}

func newTerm(s string) term {
	t := term{norm: strings.Trim(s, " ,.;:!?()[]{}<>'")}
	words, letters := 0, 0
	split(t.norm, func(w word) {
		words++
		letters += len(w.text)
		if !w.pairs {
			spelled := spell(w)
			t.tokens = append(t.tokens, token{spelled, true})
			if len([]rune(w.text)) > longest {
				t.check = true
			}
			return
		}
		run := []rune(w.text)
		if len(run) == 1 {
			t.tokens = append(t.tokens, token{fmt.Sprintf("b%05x", run[0]), true})
		}
		for i := 0; i+1 < len(run); i++ {
			t.tokens = append(t.tokens, token{fmt.Sprintf("b%05x%05x", run[i], run[i+1]), false})
		}
		if len(run) > 2 {
			t.check = true
		}
	})
	if words > 1 || letters < len(t.norm) {
		t.check = true
	}
	return t
}
