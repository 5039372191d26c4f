package org

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

var validID = authz.ValidID

// validPerson is looser than that of units: employee numbers and account names
// of many companies come in.
var validPerson = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`).MatchString

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254
}

// validZone accepts names of the IANA zone database only: "Local" would be the
// server's.
func validZone(s string) bool {
	if s == "" || s == "Local" {
		return false
	}
	_, err := time.LoadLocation(s)
	return err == nil
}

// validCountry accepts ISO 3166-1 alpha-2 codes in use.
func validCountry(s string) bool {
	if len(s) != 2 || strings.ToUpper(s) != s {
		return false
	}
	r, err := language.ParseRegion(s)
	return err == nil && r.IsCountry() && r.String() == s && r.Canonicalize() == r
}

func validLang(s string) bool {
	t, err := language.Parse(s)
	return err == nil && t != language.Und
}

const longestName = 200

// plain is a text of one line as it is kept: NFC, blanks around it cut off.
func plain(s string) string { return strings.TrimSpace(norm.NFC.String(s)) }

func badText(s string) bool {
	return !utf8.ValidString(s) || utf8.RuneCountInString(s) > longestName || strings.ContainsFunc(s, unicode.IsControl)
}

func (u Unit) tidy() Unit {
	u.Name, u.NameJA = plain(u.Name), plain(u.NameJA)
	u.Country = strings.ToUpper(plain(u.Country))
	u.ID, u.Parent, u.Region, u.Calendar = plain(u.ID), plain(u.Parent), plain(u.Region), plain(u.Calendar)
	u.Lang, u.Zone = plain(u.Lang), plain(u.Zone)
	return u
}

// check is all that can be said of a unit by itself.
func (u Unit) check() []fault.Field {
	var wrong []fault.Field
	if !validID(u.ID) {
		wrong = append(wrong, fault.F("id", "An id has letters a-z, digits and hyphens, at most 40"))
	}
	if !slices.Contains(Kinds, u.Kind) {
		wrong = append(wrong, fault.F("kind", "There is no kind of unit %s", string(u.Kind)))
	}
	if u.Name == "" {
		wrong = append(wrong, fault.F("name", "Enter a name§org"))
	}
	for _, f := range [][2]string{{"name", u.Name}, {"name_ja", u.NameJA}} {
		if badText(f[1]) {
			wrong = append(wrong, fault.F(f[0], "At most %d characters on one line", longestName))
		}
	}
	if u.Country != "" && !validCountry(u.Country) {
		wrong = append(wrong, fault.F("country", "A country has two letters as in ISO 3166, such as JP or DE"))
	}
	if u.Lang != "" && !validLang(u.Lang) {
		wrong = append(wrong, fault.F("language", "A language is named as ja, en or pt-BR"))
	}
	if u.Zone != "" && !validZone(u.Zone) {
		wrong = append(wrong, fault.F("zone", "There is no such time zone; they are named as Asia/Tokyo"))
	}
	if (u.Kind == Group) != (u.Parent == "") {
		if u.Parent == "" {
			wrong = append(wrong, fault.F("parent", "Say which unit it belongs to"))
		} else {
			wrong = append(wrong, fault.F("parent", "The group itself belongs to no unit"))
		}
	}
	if u.Region == "" && u.Kind != Region {
		wrong = append(wrong, fault.F("region", "Say which region it lies in"))
	}
	if u.ID != "" && (u.Parent == u.ID || u.Region == u.ID) {
		wrong = append(wrong, fault.F("parent", "A unit can't be above itself"))
	}
	return wrong
}

func (p Person) tidy() Person {
	p.ID, p.Name, p.NameJA = plain(p.ID), plain(p.Name), plain(p.NameJA)
	p.Email, p.Phone = plain(p.Email), plain(p.Phone)
	p.Unit, p.Zone = plain(p.Unit), plain(p.Zone)
	if p.Lang == "" {
		p.Lang = text.EN
	}
	return p
}

var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 ().-]{1,30}([x#][0-9]{1,8})?$`)

func (p Person) check() []fault.Field {
	var wrong []fault.Field
	if !validPerson(p.ID) {
		wrong = append(wrong, fault.F("id", "An id has letters, digits and . _ @ -, at most 64"))
	}
	if p.Name == "" {
		wrong = append(wrong, fault.F("name", "Enter a name§org"))
	}
	for _, f := range [][2]string{{"name", p.Name}, {"name_ja", p.NameJA}} {
		if badText(f[1]) {
			wrong = append(wrong, fault.F(f[0], "At most %d characters on one line", longestName))
		}
	}
	if p.Email != "" && !validEmail(p.Email) {
		wrong = append(wrong, fault.F("email", "This is not a mail address§org"))
	}
	if p.Phone != "" && !phoneForm.MatchString(p.Phone) {
		wrong = append(wrong, fault.F("phone", "A telephone number is written as +81 45 123 4567"))
	}
	if p.Unit == "" {
		wrong = append(wrong, fault.F("unit", "Say which unit the person belongs to"))
	}
	if p.Lang != text.EN && p.Lang != text.JA {
		wrong = append(wrong, fault.F("language", "The product speaks ja and en"))
	}
	if p.Zone != "" && !validZone(p.Zone) {
		wrong = append(wrong, fault.F("zone", "There is no such time zone; they are named as Asia/Tokyo"))
	}
	return wrong
}

// fold makes texts comparable however they are written: full and half width,
// upper and lower case are one.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// words are what a person is found by: each begins with what is looked for.
func (p Person) words() []string {
	var all []string
	add := func(w string) {
		if w != "" && !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	split := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, s := range []string{p.Name, p.NameJA} {
		parts := strings.FieldsFunc(fold(s), split)
		for _, w := range parts {
			add(w)
		}
		if len(parts) > 1 {
			// The whole name, in both orders; Japanese ones are written together as well.
			add(strings.Join(parts, " "))
			add(strings.Join(append([]string{parts[len(parts)-1]}, parts[:len(parts)-1]...), " "))
			if s == p.NameJA {
				add(strings.Join(parts, ""))
			}
		}
	}
	add(fold(p.ID))
	add(fold(p.Email))
	return all
}

// asked are the words that somebody typed to find a person.
func asked(q string) []string {
	var all []string
	for _, w := range strings.Fields(fold(q)) {
		if w = strings.Trim(w, ",;・、"); w != "" && len(all) < 6 {
			all = append(all, w)
		}
	}
	return all
}
