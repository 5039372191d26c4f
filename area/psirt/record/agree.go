package record

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
)

// Difference is a point on which an advisory and a record do not say the same.
type Difference struct {
	ID       cve.ID `json:"id"`
	Field    string `json:"field"`    // description, weakness, score, product, version, reference, date, state
	Advisory string `json:"advisory"` // what it says there; empty: nothing
	Record   string `json:"record"`
}

// Disagree compares an advisory with the record of one of its vulnerabilities, field by
// field. Texts may be worded in other ways, so only what can be compared is: weaknesses,
// scores, products, versions, the reference to the advisory, the date, the state.
func Disagree(d *csaf.Document, id cve.ID, record *cve.Document, page string) (all []Difference) {
	say := func(field, advisory, record string) { all = append(all, Difference{id, field, advisory, record}) }
	v := vulnerability(d, id)
	if v == nil {
		say("state", "", string(id))
		return all
	}
	if record.Rejects() || record.State() == "REJECTED" {
		say("state", "published", "REJECTED")
		return all
	}
	c := record.CNA()
	sets := func(field string, advisory, record []string) {
		for _, a := range advisory {
			if !slices.Contains(record, a) {
				say(field, a, "")
			}
		}
		for _, r := range record {
			if !slices.Contains(advisory, r) {
				say(field, "", r)
			}
		}
	}
	var weakHere, weakThere, scoresThere []string
	for _, w := range append(v.Get("cwes").Items(), v.Get("cwe")) {
		if w.Exists() {
			weakHere = append(weakHere, w.Get("id").Text())
		}
	}
	for _, p := range c.List("problemTypes") {
		for _, x := range p.List("descriptions") {
			if s := x.Str("cweId"); s != "" && !slices.Contains(weakThere, s) {
				weakThere = append(weakThere, s)
			}
		}
	}
	sets("weakness", weakHere, weakThere)
	for _, m := range c.List("metrics") {
		for _, k := range [...]string{"cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"} {
			if s := m.Str(k, "vectorString"); s != "" && !slices.Contains(scoresThere, s) {
				scoresThere = append(scoresThere, s)
			}
		}
	}
	sets("score", vectors(v), scoresThere)
	productsDisagree(products(d, v), c, say)
	if page != "" && !slices.ContainsFunc(c.List("references"), func(r *cve.Node) bool { return r.Str("url") == page }) {
		say("reference", page, "")
	}
	here := d.Get("document", "tracking", "initial_release_date").Text()
	there := c.Str("datePublic")
	a, ok := csaf.Instant(here)
	if b, err := time.Parse(time.RFC3339Nano, there); there != "" && ok && err == nil && !a.Truncate(time.Second).Equal(b.Truncate(time.Second)) {
		say("date", here, there)
	}
	return all
}

// productsDisagree compares which products and versions are affected.
func productsDisagree(here []cve.Product, c *cve.Node, say func(field, advisory, record string)) {
	name := func(vendor, product string) string { return vendor + " " + product }
	there := map[string][]string{}
	for _, p := range c.List("affected") {
		key := name(p.Str("vendor"), p.Str("product"))
		versions := there[key]
		for _, v := range p.List("versions") {
			if v.Str("status") == string(cve.Affected) {
				versions = append(versions, span(cmp.Or(v.Str("version"), "0"), v.Str("lessThan"), v.Str("lessThanOrEqual")))
			}
		}
		there[key] = versions
	}
	seen := map[string]bool{}
	for _, p := range here {
		key := name(p.Vendor, p.Name)
		versions, ok := there[key]
		if seen[key] = true; !ok {
			say("product", key, "")
			continue
		}
		var own []string
		for _, r := range p.Versions {
			if r.Status == cve.Affected {
				own = append(own, span(cmp.Or(r.From, "0"), cmp.Or(r.Before, until(r)), r.Through))
			}
		}
		for _, v := range own {
			if !slices.Contains(versions, v) {
				say("version", key+" "+v, "")
			}
		}
		for _, v := range versions {
			if !slices.Contains(own, v) {
				say("version", "", key+" "+v)
			}
		}
	}
	for key := range there {
		if !seen[key] {
			say("product", "", key)
		}
	}
}

// until is the end of a range that has none by itself: all versions, as a record
// writes it.
func until(r cve.Range) string {
	if r.From == "" && r.Through == "" {
		return "*"
	}
	return ""
}

func span(from, before, through string) string {
	switch {
	case before != "":
		return from + " ≤ x < " + before
	case through != "":
		return from + " ≤ x ≤ " + through
	}
	return strings.TrimSpace(from)
}
