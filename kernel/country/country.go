// Package country is what countries are called, in the languages of the product,
// and which one a name means. The names are those of CLDR, which the module
// golang.org/x/text carries; the codes those of ISO 3166-1 alpha-2 in use.
package country

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	"yagura/kernel/text"
)

// Mark ends the keys of names, so that a country and another word that is
// written alike are two sentences.
const Mark = "§country"

var (
	codes []string
	names = map[string]string{}   // English, by code
	index = map[string][]string{} // codes by plain names, codes of two and of three letters
)

func init() {
	english, japanese := display.English.Regions(), display.Japanese.Regions()
	words := text.Japanese{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, ok := region(code)
			if !ok {
				continue
			}
			en, ja := english.Name(r), japanese.Name(r)
			if en == "" || ja == "" {
				continue
			}
			codes, names[code] = append(codes, code), en
			words[en+Mark] = ja
			for _, s := range []string{code, r.ISO3(), en, ja} {
				if s = plain(s); s != "" && !slices.Contains(index[s], code) {
					index[s] = append(index[s], code)
				}
			}
		}
	}
	for also, code := range map[string]string{"uk": "GB", "turkiye": "TR", "czech republic": "CZ", "holland": "NL"} { // what people write besides
		index[plain(also)] = []string{code}
	}
	text.Add(words)
}

// reserved are codes that name parts of countries, or several: ISO 3166-1 keeps
// them for others. XK is no code of it either, but what addresses in Kosovo have.
var reserved = []string{"AC", "CP", "DG", "EA", "EZ", "IC", "TA", "UN"}

func region(code string) (language.Region, bool) {
	r, err := language.ParseRegion(code)
	return r, err == nil && r.IsCountry() && r.String() == code && r.Canonicalize() == r && !slices.Contains(reserved, code)
}

// Known tells whether a code is of ISO 3166-1 alpha-2 and in use.
func Known(code string) bool { return names[code] != "" }

// Codes are all codes, in order.
func Codes() []string { return slices.Clone(codes) }

// Of is the name of a country in whichever language it is read; of a code that
// is not known, the code.
func Of(code string) text.Message {
	if en := names[code]; en != "" {
		return text.Message{Key: en + Mark}
	}
	return text.Literal(code)
}

// List is the names of several, one after the other.
func List(codes []string) text.Message {
	m := text.Message{Key: strings.TrimSuffix(strings.Repeat("%s, ", len(codes)), ", ")}
	for _, code := range codes {
		m.Args = append(m.Args, Of(code))
	}
	return m
}

// Name is the name of a country in a language.
func Name(code string, lang text.Lang) string { return Of(code).In(lang) }

// Names are the names of several in a language.
func Names(codes []string, lang text.Lang) string { return List(codes).In(lang) }

// plain is a name without what people leave out or write otherwise: case, marks
// above letters, blanks and signs.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != 'ー' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(strip(s)))
}

// strip takes marks off Latin letters; those of Japanese are part of the letter.
func strip(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if r >= 0x300 && r < 0x370 {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// shortest is how much of a name tells something: in Japanese two letters do.
func shortest(s string) int {
	for _, r := range s {
		if r > unicode.MaxLatin1 {
			return 2
		}
	}
	return 4
}

// Find are the codes of what a person wrote: a code, a name in either language,
// or part of one. More than one where it may mean several; none where it means
// nothing.
func Find(written string) []string {
	s := plain(written)
	if found := index[s]; len(found) > 0 {
		return slices.Clone(found)
	}
	if len([]rune(s)) < shortest(s) {
		return nil
	}
	var found []string
	for name, list := range index {
		if strings.Contains(name, s) {
			found = append(found, list...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Read are the codes of what a person wrote down, names or codes with commas
// between them, or codes with blanks; bad is what of it means no country, and may
// what it may mean, if anything.
func Read(written string) (found []string, bad string, may []string) {
	for _, part := range strings.FieldsFunc(written, func(r rune) bool { return strings.ContainsRune(",、，;\n", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		one := Find(part)
		if len(one) == 1 {
			found = append(found, one[0])
			continue
		}
		several := strings.Fields(part)
		if len(several) < 2 || slices.ContainsFunc(several, func(s string) bool { return !Known(strings.ToUpper(s)) }) {
			return nil, part, one
		}
		for _, s := range several {
			found = append(found, strings.ToUpper(s))
		}
	}
	return found, "", nil
}
