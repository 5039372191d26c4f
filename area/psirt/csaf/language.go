package csaf

import (
	"strings"

	"golang.org/x/text/language"
)

// isLanguageTag is lang_t: the grammar of RFC 5646 and the two irregular tags that
// the schemas name.
func isLanguageTag(s string) string {
	const wrong = "is not a language tag of RFC 5646"
	low := strings.ToLower(s)
	if low == "i-default" || low == "i-mingo" {
		return ""
	}
	tags := strings.Split(low, "-")
	at := 0
	take := func(ok func(string) bool) bool {
		if at < len(tags) && ok(tags[at]) {
			at++
			return true
		}
		return false
	}
	many := func(ok func(string) bool, max int) int {
		n := 0
		for n < max && take(ok) {
			n++
		}
		return n
	}
	private := func() bool {
		return take(func(t string) bool { return t == "x" }) && many(alnum(1, 8), len(tags)) > 0
	}
	if private() {
		return end(at == len(tags), wrong)
	}
	switch {
	case take(letters(2, 3)):
		many(letters(3, 3), 3)
	case !take(letters(4, 8)):
		return wrong
	}
	take(letters(4, 4))
	take(func(t string) bool { return letters(2, 2)(t) || len(t) == 3 && digitsOnly(t) })
	many(func(t string) bool { return alnum(5, 8)(t) || alnum(4, 4)(t) && isDigit(t[0]) }, len(tags))
	for take(func(t string) bool { return alnum(1, 1)(t) && t != "x" }) {
		if many(alnum(2, 8), len(tags)) == 0 {
			return wrong
		}
	}
	if at < len(tags) {
		private()
	}
	return end(at == len(tags), wrong)
}

func end(ok bool, wrong string) string {
	if ok {
		return ""
	}
	return wrong
}

func letters(min, max int) func(string) bool {
	return func(t string) bool {
		return len(t) >= min && len(t) <= max && strings.Trim(t, "abcdefghijklmnopqrstuvwxyz") == ""
	}
}

func alnum(min, max int) func(string) bool {
	return func(t string) bool {
		return len(t) >= min && len(t) <= max && strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
	}
}

// existing tells whether all subtags of a tag are registered. Subtags for private
// use are valid: section 6.2.14 tells of them.
func existing(tag string) bool {
	if isLanguageTag(tag) != "" {
		return false
	}
	low := strings.ToLower(tag)
	if low == "i-default" || low == "i-mingo" || strings.HasPrefix(low, "x-") {
		return true
	}
	// What is for private use is unknown to the tables: it is put in for something
	// known that has the same form.
	tags := strings.Split(low, "-")
	for i, t := range tags {
		if t == "x" {
			break
		}
		switch privateSubtag(i, t) {
		case "language":
			tags[i] = "en"
		case "script":
			tags[i] = "latn"
		case "region":
			tags[i] = "us"
		}
	}
	_, err := language.Raw.Parse(strings.Join(tags, "-"))
	return err == nil
}

// privateSubtag says as what a subtag is reserved for private use (RFC 5646,
// section 3.5 and the registry).
func privateSubtag(i int, t string) string {
	switch {
	case i == 0 && len(t) == 3 && t >= "qaa" && t <= "qtz":
		return "language"
	case i > 0 && len(t) == 4 && t >= "qaaa" && t <= "qabx":
		return "script"
	case i > 0 && len(t) == 2 && (t == "aa" || t == "zz" || t >= "qm" && t <= "qz" || t[0] == 'x' && isAlpha(t[1])):
		return "region"
	}
	return ""
}

// private tells whether a tag has subtags that are reserved for private use.
func private(tag string) bool {
	for i, t := range strings.Split(strings.ToLower(tag), "-") {
		if t == "x" || privateSubtag(i, t) != "" {
			return true
		}
		if len(t) == 1 { // what follows belongs to an extension
			return strings.Contains(strings.ToLower(tag), "-x-")
		}
	}
	return false
}
