package sigma

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// encode applies the modifiers that change the text, in the order written.
func (p *parser) encode(mods []string, text string, n *yaml.Node) ([][]part, error) {
	out := [][]part{readPattern(text)}
	for _, m := range mods {
		if modifiers[m] != "text" || m == "expand" {
			continue
		}
		var next [][]part
		for _, v := range out {
			if m == "windash" {
				more, err := p.dashes(v, n)
				if err != nil {
					return nil, err
				}
				next = append(next, more...)
				continue
			}
			s, ok := plain(v)
			if !ok {
				return nil, fmt.Errorf("%s of a text with wildcards", m)
			}
			for _, e := range encodeText(m, s) {
				if e == "" { // nothing of so short a text is the same at every place
					next = append(next, nil)
					continue
				}
				next = append(next, []part{{kind: partLit, lit: e}})
			}
		}
		out = next
	}
	return out, nil
}

func encodeText(mod, s string) []string {
	switch mod {
	case "base64":
		return []string{base64.StdEncoding.EncodeToString([]byte(s))}
	case "base64offset":
		// The characters that depend on the neighbours of s are cut off.
		start := [3]int{0, 2, 3}
		end := [3]int{0, -3, -2}
		out := make([]string, 0, 3)
		for i := range 3 {
			e := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", i) + s))
			out = append(out, e[min(start[i], len(e)):max(min(start[i], len(e)), len(e)+end[(len(s)+i)%3])])
		}
		return out
	}
	var b []byte
	if mod == "utf16" {
		b = append(b, 0xff, 0xfe)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if mod == "utf16be" {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return []string{string(b)}
}

const dashes = "-/–—―"

// dashes puts every one of the five dash characters at each place where one
// begins an option: after something that is no word and before a word.
func (p *parser) dashes(v []part, n *yaml.Node) ([][]part, error) {
	out := [][]part{nil}
	for _, pt := range v {
		if pt.kind != partLit {
			for i := range out {
				out[i] = append(out[i][:len(out[i]):len(out[i])], pt)
			}
			continue
		}
		texts := []string{""}
		prev := rune(0)
		for i, r := range pt.lit {
			next, _ := utf8.DecodeRuneInString(pt.lit[i+utf8.RuneLen(r):])
			if r == utf8.RuneError {
				next = 0
			}
			if strings.ContainsRune(dashes, r) && !isWord(prev) && isWord(next) {
				more := make([]string, 0, 5*len(texts))
				for _, t := range texts {
					for _, d := range dashes {
						more = append(more, t+string(d))
					}
				}
				texts = more
			} else {
				for j := range texts {
					texts[j] += string(r)
				}
			}
			prev = r
			if len(texts)*len(out) > 3125 {
				return nil, fmt.Errorf("windash with more than five dashes")
			}
		}
		more := make([][]part, 0, len(texts)*len(out))
		for _, o := range out {
			for _, t := range texts {
				more = append(more, append(o[:len(o):len(o)], part{kind: partLit, lit: t}))
			}
		}
		out = more
	}
	return out, p.spend(len(out), n)
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
