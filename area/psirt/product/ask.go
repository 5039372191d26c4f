package product

import (
	"regexp"
	"strings"

	"yagura/area/psirt/csaf"
)

// Question is about a thing that somebody has: its model number or product name, and
// where he knows them its version and serial number.
type Question struct{ Name, Version, Serial string }

// Verdict is whether something applies: it may not be known.
type Verdict string

// The verdicts.
const (
	Yes   Verdict = "yes"
	No    Verdict = "no"
	Maybe Verdict = "maybe" // the version or serial number is missing, or the advisory's words are no range
)

// Answer is what an advisory says of the thing under one of its product ids.
type Answer struct {
	ID       string
	Product  string // the full product name
	Applies  Verdict
	Statuses []Status
}

// Status is that of a vulnerability for a product id, such as known_affected.
type Status struct{ CVE, Status string }

// Ask tells what an advisory says of a thing. Products of other names are left out;
// those of the name whose versions or serial numbers are others come with No.
func Ask(d *csaf.Document, q Question) (answers []Answer) {
	in := ReadTree(d)
	helpers := map[string]*csaf.Value{}
	leaves(d.Get("product_tree", "branches"), helpers)
	byID := map[string]Entry{}
	for _, e := range in.Entries {
		byID[e.ID] = e
		if v, ok := q.about(in, e, e, helpers); ok {
			answers = append(answers, answerOf(d, e.ID, e.Full, v))
		}
	}
	for _, r := range d.Get("product_tree", "relationships").Items() {
		runs, ok := byID[r.Get("product_reference").Text()]
		on, okOn := byID[r.Get("relates_to_product_reference").Text()]
		if !ok || !okOn || r.Get("category").Text() != "installed_on" {
			continue
		}
		if v, ok := q.about(in, runs, on, helpers); ok {
			full := r.Get("full_product_name")
			answers = append(answers, answerOf(d, full.Get("product_id").Text(), full.Get("name").Text(), v))
		}
	}
	return answers
}

func leaves(branches *csaf.Value, helpers map[string]*csaf.Value) {
	for _, b := range branches.Items() {
		if p := b.Get("product"); p.Exists() {
			helpers[p.Get("product_id").Text()] = p.Get("product_identification_helper")
		}
		leaves(b.Get("branches"), helpers)
	}
}

func answerOf(d *csaf.Document, id, full string, v Verdict) Answer {
	a := Answer{ID: id, Product: full, Applies: v}
	for _, vuln := range d.Get("vulnerabilities").Items() {
		cve := vuln.Get("cve").Text()
		if ids := vuln.Get("ids").Items(); cve == "" && len(ids) > 0 {
			cve = ids[0].Get("text").Text()
		}
		for _, m := range vuln.Get("product_status").Members() {
			for _, of := range m.Value.Texts() {
				if of == id {
					a.Statuses = append(a.Statuses, Status{cve, m.Key})
				}
			}
		}
	}
	return a
}

// about tells whether what runs, with its versions, on a thing is what is asked for; ok is
// false where the thing has another name.
func (q Question) about(in *Imported, runs, on Entry, helpers map[string]*csaf.Value) (v Verdict, ok bool) {
	name, serials := serialsIn(on.Name)
	if serials.Any() {
		serials = on.Range.Serials
	}
	if !fitsName(name, q.Name) && !listed(helpers[on.ID], q.Name) {
		return No, false
	}
	v = Yes
	if !runs.Read {
		v = Maybe
	}
	if !runs.Range.All() {
		p, _ := in.Catalog.Product(runs.Range.Product)
		versions := runs.Range.ends()
		for _, f := range p.Firmware {
			versions = append(versions, f.Version)
		}
		s, fit := Guess(append(versions, q.Version))
		switch {
		case q.Version == "" || !fit:
			v = Maybe
		case !runs.Range.Holds(s, q.Version):
			return No, true
		}
	}
	if !serials.Any() {
		switch holds, known := serials.Holds(q.Serial); {
		case q.Serial == "" || !known:
			v = Maybe
		case !holds:
			return No, true
		}
	}
	return v, true
}

// fitsName tells whether a number is one that a product's name stands for: the whole
// name, or what stands behind one of its blanks, may be a pattern.
func fitsName(name, number string) bool {
	for rest := name; rest != ""; {
		if strings.EqualFold(rest, number) {
			return true
		}
		if p, err := ParsePattern(rest); err == nil && p.Match(number) {
			return true
		}
		i := strings.IndexByte(rest, ' ')
		if i < 0 {
			return false
		}
		rest = strings.TrimLeft(rest[i:], " ")
	}
	return false
}

// listed tells whether an identification helper has the number; * there is any text and
// ? any sign (CSAF 2.0, 3.1.3.3.4).
func listed(helper *csaf.Value, number string) bool {
	for _, n := range helper.Get("model_numbers").Texts() {
		var b strings.Builder
		for i := 0; i < len(n); i++ {
			switch {
			case n[i] == '\\' && i+1 < len(n):
				i++
				b.WriteString(regexp.QuoteMeta(n[i : i+1]))
			case n[i] == '*':
				b.WriteString(".*")
			case n[i] == '?':
				b.WriteString(".")
			default:
				b.WriteString(regexp.QuoteMeta(n[i : i+1]))
			}
		}
		if re, err := regexp.Compile("(?is)^" + b.String() + "$"); err == nil && re.MatchString(number) {
			return true
		}
	}
	return false
}

// serialWords is a condition on serial numbers in the name of a product.
var serialWords = regexp.MustCompile(`(?i)[\s,(]*(?:with\s+)?serial\s+numbers?\s+([0-9a-z]+)\*+(?:\s+(?:(and|or)\s+(prior|later|earlier|above|below)|to\s+([0-9a-z]+)\*+))?\)?\s*$`)

// serialsIn takes such a condition off a name.
func serialsIn(name string) (string, Serials) {
	at := serialWords.FindStringSubmatchIndex(name)
	if at == nil {
		return name, Serials{}
	}
	m := serialWords.FindStringSubmatch(name)
	c := Serials{From: m[1], Through: m[1]}
	switch word := strings.ToLower(m[3]); {
	case m[4] != "":
		c.Through = m[4]
	case word == "prior" || word == "earlier" || word == "below":
		c.From = ""
	case word == "later" || word == "above":
		c.Through = ""
	}
	return strings.TrimSpace(name[:at[0]]), c
}
