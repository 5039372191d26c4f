package csaf

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed licenses.txt
var licenseText string

// licenses are the identifiers by section of the list.
var licenses = sync.OnceValue(func() map[string]map[string]bool {
	all, section := map[string]map[string]bool{}, ""
	for line := range strings.Lines(licenseText) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			all[section] = map[string]bool{}
			continue
		}
		if !strings.HasPrefix(line, "#") {
			for _, id := range strings.Fields(line) {
				all[section][id] = true
			}
		}
	}
	return all
})

const scancode = "scancode-"

// licenseTerm is an identifier in an expression.
type licenseTerm struct {
	id        string // without a prefix such as LicenseRef-
	ref       bool   // a LicenseRef or an AdditionRef
	exception bool   // behind WITH
}

// listed tells whether the SPDX list or ScanCode LicenseDB has the identifier.
func (t licenseTerm) listed() bool {
	l := licenses()
	if t.ref {
		key, ok := strings.CutPrefix(t.id, scancode)
		return ok && (l["scancode"][key] || l["scancode deprecated"][key])
	}
	if t.exception {
		return l["exceptions"][t.id]
	}
	return l["spdx"][t.id] || l["spdx deprecated"][t.id]
}

func (t licenseTerm) deprecated() bool {
	l := licenses()
	if key, ok := strings.CutPrefix(t.id, scancode); t.ref && ok {
		return l["scancode deprecated"][key]
	}
	return !t.ref && l["spdx deprecated"][t.id]
}

// foreign tells an identifier of somebody else's list.
func (t licenseTerm) foreign() bool { return t.ref && !strings.HasPrefix(t.id, scancode) }

var (
	idString     = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	licenseToken = regexp.MustCompile(`\(|\)|[^\s()]+`)
)

// parseLicense reads an expression by annex B of SPDX 3.0.1. DocumentRef, which the
// annex knows, is not allowed in advisories.
func parseLicense(s string) (terms []licenseTerm, wrong string) {
	p := &licenseParser{tokens: licenseToken.FindAllString(s, -1)}
	if wrong = p.compound(0); wrong == "" && p.at < len(p.tokens) {
		wrong = p.tokens[p.at] + " stands where AND or OR is expected"
	}
	return p.terms, wrong
}

type licenseParser struct {
	tokens []string
	at     int
	terms  []licenseTerm
}

func (p *licenseParser) next() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

func (p *licenseParser) compound(depth int) string {
	if depth > 50 {
		return "it is nested too deeply"
	}
	for {
		if p.next() == "(" {
			p.at++
			if wrong := p.compound(depth + 1); wrong != "" {
				return wrong
			}
			if p.next() != ")" {
				return "a parenthesis is not closed"
			}
			p.at++
		} else if wrong := p.simple(); wrong != "" {
			return wrong
		}
		switch p.next() {
		case "AND", "and", "OR", "or":
			p.at++
		default:
			return ""
		}
	}
}

// term reads an identifier with or without a prefix such as LicenseRef-.
func (p *licenseParser) term(prefix string, exception bool) string {
	word := p.next()
	p.at++
	if strings.HasPrefix(word, "DocumentRef-") {
		return "DocumentRef may not be used in an advisory"
	}
	if id, ok := strings.CutPrefix(word, prefix); ok {
		if !idString.MatchString(id) {
			return "\"" + word + "\" has a character that no identifier has"
		}
		p.terms = append(p.terms, licenseTerm{id, true, exception})
		return ""
	}
	id := strings.TrimSuffix(word, "+")
	switch low := strings.ToLower(id); {
	case !idString.MatchString(id) || exception && id != word:
		return "\"" + word + "\" is no license identifier"
	case strings.HasPrefix(low, strings.ToLower(prefix)):
		return "\"" + word + "\" must begin with " + prefix + ", written so"
	case low == "and" || low == "or" || low == "with":
		return word + " stands where a license is expected"
	}
	if id != word && licenses()["spdx deprecated"][word] { // such as GPL-2.0+
		id = word
	}
	p.terms = append(p.terms, licenseTerm{id, false, exception})
	return ""
}

func (p *licenseParser) simple() string {
	if p.next() == "" {
		return "a license is missing"
	}
	if wrong := p.term("LicenseRef-", false); wrong != "" {
		return wrong
	}
	if w := p.next(); w == "WITH" || w == "with" {
		p.at++
		if p.next() == "" {
			return "an exception is missing"
		}
		return p.term("AdditionRef-", true)
	}
	return ""
}

func (r *run) license() (terms []licenseTerm, wrong string, given bool) {
	v := r.document.Get("license_expression")
	if v == nil {
		return nil, "", false
	}
	terms, wrong = parseLicense(v.Text())
	return terms, wrong, true
}

const licensePath = "/document/license_expression"

// 6.1.54 License Expression (2.1)
func licenseExpression(r *run) []Problem {
	if _, wrong, given := r.license(); given && wrong != "" {
		return []Problem{problem(licensePath, "is no SPDX license expression: %s", wrong)}
	}
	return nil
}

// 6.1.55 License Text (2.1)
func licenseNote(r *run) []Problem {
	if !r.english() {
		return nil
	}
	return r.licenseText("License")
}

// licenseText wants the text of a license of the issuer's own as a note with a title.
// What claims to be of a list and is not there is told by 6.2.45.
func (r *run) licenseText(title string) []Problem {
	terms, wrong, given := r.license()
	if !given || wrong != "" {
		return nil
	}
	if slices.ContainsFunc(terms, licenseTerm.foreign) {
		return r.oneNote(title, "legal_disclaimer")
	}
	return nil
}

// oneNote wants exactly one note with a title, and that of a category.
func (r *run) oneNote(title, category string) []Problem {
	var found []int
	for i, n := range r.document.Get("notes").Items() {
		if n.Get("title").Text() == title {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0:
		return []Problem{problem("/document/notes", "no note has the title %q", title)}
	case len(found) > 1:
		return []Problem{problem("/document/notes/"+itoa(found[1]), "more than one note has the title %q", title)}
	}
	if c := r.document.Get("notes").Items()[found[0]].Get("category").Text(); c != category {
		return []Problem{problem("/document/notes/"+itoa(found[0])+"/category", "the note %q must have the category %s, not %s", title, category, c)}
	}
	return nil
}

// eachLicense visits the identifiers of the license expression.
func (r *run) eachLicense(bad func(licenseTerm) bool, format string) (found []Problem) {
	terms, wrong, _ := r.license()
	if wrong != "" {
		return nil
	}
	for _, t := range terms {
		if bad(t) {
			found = append(found, problem(licensePath, format, t.id))
		}
	}
	return found
}

// 6.2.43 Missing License Expression (2.1)
func missingLicense(r *run) []Problem {
	return r.missingText("license_expression", "license of the document")
}

// 6.2.44 Deprecated License Identifier (2.1)
func deprecatedLicense(r *run) []Problem {
	return r.eachLicense(licenseTerm.deprecated, "the license identifier %s is deprecated")
}

// 6.2.45 Non-Existing License Identifier (2.1)
func unknownLicense(r *run) []Problem {
	return r.eachLicense(func(t licenseTerm) bool { return !t.foreign() && !t.listed() }, "no list has the license identifier %s")
}

// 6.3.17 Use of Unregistered License (2.1)
func unregisteredLicense(r *run) []Problem {
	return r.eachLicense(func(t licenseTerm) bool { return !t.listed() }, "neither the SPDX list nor ScanCode LicenseDB has the license identifier %s")
}
