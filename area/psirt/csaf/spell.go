package csaf

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The spelling and grammar checks (6.3.8, 6.3.16 of 2.1) know English alone. An
// advisory is full of names that are in no dictionary, so a word counts as a
// mistake not when it is unknown, but when it is unknown and one slip away from a
// word that advisories use: a letter missing, added, changed, or two swapped.

//go:embed words.txt
var wordText string

type lexicon struct {
	known map[string]bool
	near  map[string]string // a known word with one letter taken out, and the word
}

var english = sync.OnceValue(func() *lexicon {
	l := &lexicon{map[string]bool{}, map[string]string{}}
	for _, w := range strings.Fields(wordText) {
		l.known[w] = true
		for i := range len(w) {
			l.near[w[:i]+w[i+1:]] = w
		}
	}
	for _, history := range cwe().history { // the words of weaknesses are known too
		for _, name := range history {
			for _, w := range strings.FieldsFunc(strings.ToLower(name.name), func(r rune) bool { return r < 'a' || r > 'z' }) {
				l.known[w] = true
			}
		}
	}
	return l
})

const shortest = 6 // letters of a word that is looked at

// mistake is the word that was meant, empty where a word is no mistake.
func (l *lexicon) mistake(word string) string {
	low := strings.ToLower(word)
	if len(low) < shortest || l.known[low] || word[1:] != low[1:] { // capitals inside are names
		return ""
	}
	for _, end := range [...]string{"s", "es", "d", "ed", "ing", "ly", "er", "r", "al", "'s"} {
		if stem, ok := strings.CutSuffix(low, end); ok && (l.known[stem] || l.known[stem+"e"]) {
			return ""
		}
	}
	candidates := []string{low}
	for i := range len(low) {
		candidates = append(candidates, low[:i]+low[i+1:])
	}
	for i, c := range candidates {
		if i > 0 && l.known[c] && len(c) >= shortest && !strings.HasPrefix(low, c) { // a letter too many
			return c
		}
		if meant := l.near[c]; meant != "" && len(meant) >= shortest && slip(low, meant) {
			return meant
		}
	}
	return ""
}

// slip tells whether two words differ by one letter missing inside, changed inside,
// or by two neighbours swapped. The last letter makes other forms of a word.
func slip(a, b string) bool {
	if strings.HasPrefix(b, a) || strings.HasPrefix(a, b) {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	if len(a)+1 == len(b) {
		return a[i:] == b[i+1:]
	}
	if len(a) != len(b) || i == len(a)-1 {
		return false
	}
	return a[i+1:] == b[i+1:] || a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// The fields that are read for spelling, and of these the ones read for grammar.
var (
	spelled = paths(`document/acknowledgments/*/names/* document/acknowledgments/*/organization
		document/acknowledgments/*/summary document/aggregate_severity/text document/distribution/text
		document/notes/*/audience document/notes/*/text document/notes/*/title document/publisher/issuing_authority
		document/publisher/name document/references/*/summary document/title document/tracking/aliases/*
		document/tracking/generator/engine/name document/tracking/revision_history/*/summary
		product_tree/product_groups/*/summary vulnerabilities/*/acknowledgments/*/names/*
		vulnerabilities/*/acknowledgments/*/organization vulnerabilities/*/acknowledgments/*/summary
		vulnerabilities/*/involvements/*/summary vulnerabilities/*/notes/*/audience vulnerabilities/*/notes/*/text
		vulnerabilities/*/notes/*/title vulnerabilities/*/references/*/summary vulnerabilities/*/remediations/*/details
		vulnerabilities/*/remediations/*/entitlements/* vulnerabilities/*/remediations/*/restart_required/details
		vulnerabilities/*/threats/*/details vulnerabilities/*/title`)
	grammatical = paths(`document/acknowledgments/*/summary document/aggregate_severity/text document/distribution/text
		document/notes/*/audience document/notes/*/text document/notes/*/title document/publisher/issuing_authority
		document/references/*/summary document/title document/tracking/revision_history/*/summary
		product_tree/product_groups/*/summary vulnerabilities/*/acknowledgments/*/summary
		vulnerabilities/*/involvements/*/summary vulnerabilities/*/notes/*/audience vulnerabilities/*/notes/*/text
		vulnerabilities/*/notes/*/title vulnerabilities/*/references/*/summary vulnerabilities/*/remediations/*/details
		vulnerabilities/*/remediations/*/entitlements/* vulnerabilities/*/remediations/*/restart_required/details
		vulnerabilities/*/threats/*/details vulnerabilities/*/title`)
)

func paths(list string) (all [][]string) {
	for _, p := range strings.Fields(list) {
		all = append(all, strings.Split(p, "/"))
	}
	return all
}

// follow visits the strings that a path with * for every item leads to.
func follow(v *Value, steps []string, path string, visit func(path, text string)) {
	switch {
	case v == nil:
	case len(steps) == 0:
		if v.kind == String {
			visit(path, v.text)
		}
	case steps[0] == "*":
		for i, item := range v.Items() {
			follow(item, steps[1:], path+"/"+itoa(i), visit)
		}
	default:
		follow(v.Get(steps[0]), steps[1:], path+"/"+steps[0], visit)
	}
}

// unsupported tells that the document's language is not one that can be read here,
// with which both checks fail by the standard.
func (r *run) unsupported(what string) []Problem {
	if r.english() {
		return nil
	}
	return []Problem{problem("/document/lang", "%s in the language %s is not supported", what, r.document.Get("lang").Text())}
}

// 6.3.8 Spell check
func spelling(r *run) (found []Problem) {
	if r.document.Get("lang").Text() == "" {
		return nil
	}
	if found = r.unsupported("checking the spelling"); found != nil {
		return found
	}
	l := english()
	visit := func(path, text string) {
		for word := range words(text) {
			if meant := l.mistake(word); meant != "" {
				found = append(found, problem(path, "%q may be meant to be %q", word, meant))
			}
		}
	}
	for _, steps := range spelled {
		follow(r.root, steps, "", visit)
	}
	if !strings.HasPrefix(r.category, "csaf_") {
		visit("/document/category", r.category)
	}
	for _, b := range r.branches {
		visit(b.path+"/name", b.name())
	}
	for _, d := range r.products {
		visit(d.path+"/name", d.value.Get("name").Text())
	}
	return found
}

// words are the words of a text that are written with letters of English alone:
// not what is part of an address, a file name or an identifier.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(text); {
			c := text[i]
			if !wordy(c) {
				i++
				continue
			}
			from, plain := i, true
			for i < len(text) && (wordy(text[i]) || strings.IndexByte("./:@\\#=&?%-", text[i]) >= 0) {
				plain = plain && isAlpha(text[i]) || !wordy(text[i]) && strings.IndexByte(".:-?", text[i]) >= 0 && (i+1 >= len(text) || !wordy(text[i+1]))
				i++
			}
			if w := strings.TrimRight(text[from:i], ".:-?"); plain && !yield(w) {
				return
			}
		}
	}
}

func wordy(c byte) bool { return isAlpha(c) || isDigit(c) || c == '_' || c >= 0x80 }

var (
	modal   = regexp.MustCompile(`(?i)\b(must|should|shall|can|cannot|could|may|might|will|would) (not )?([a-z]{2,}ed)\b`)
	purpose = regexp.MustCompile(`(?i)\bfor (ensure|allow|prevent|execute|obtain|achieve|perform|provide|protect|reduce|avoid|enable|gain|mitigate|minimize)\b`)
	several = regexp.MustCompile(`\b(a|an) ([a-z]+s)\b`)
	double  = regexp.MustCompile(`\b(the the|a a|an an|is is|to to|of of|and and|in in)\b`)
)

// 6.3.16 Grammar Check (2.1)
func grammar(r *run) (found []Problem) {
	if r.document.Get("lang").Text() == "" {
		return nil
	}
	if found = r.unsupported("checking the grammar"); found != nil {
		return found
	}
	l := english()
	infinitive := []string{"need", "feed", "exceed", "proceed", "succeed", "embed", "shed", "speed", "seed", "heed", "bleed", "wed"}
	visit := func(path, text string) {
		for _, m := range modal.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(infinitive, strings.ToLower(m[3])) {
				found = append(found, problem(path, "%q lacks a verb: be or have", m[0]))
			}
		}
		for _, m := range purpose.FindAllString(text, -1) {
			found = append(found, problem(path, "%q should be to", m))
		}
		for _, m := range several.FindAllStringSubmatch(text, -1) {
			one := strings.TrimSuffix(m[2], "s")
			if l.known[one] && !strings.HasSuffix(one, "s") && !strings.HasSuffix(one, "e") && !strings.HasSuffix(one, "u") && !strings.HasSuffix(one, "i") {
				found = append(found, problem(path, "%q: a stands before one thing", m[0]))
			}
		}
		for _, m := range double.FindAllString(text, -1) {
			found = append(found, problem(path, "%q: a word stands twice", m))
		}
	}
	for _, steps := range grammatical {
		follow(r.root, steps, "", visit)
	}
	return found
}
