package csaf

import (
	"slices"
	"strings"
	"unicode"
)

// The mandatory tests that both versions have, section 6.1. Where 2.1 demands more
// or less, the function asks for the version.

// 6.1.1 Missing Definition of Product ID
func missingProduct(r *run) (found []Problem) {
	for _, ref := range r.refs {
		if _, ok := r.byID[ref.id]; !ref.group && !ok {
			found = append(found, problem(ref.path, "the product %s is not defined", ref.id))
		}
	}
	return found
}

// 6.1.2 Multiple Definition of Product ID
func twiceProduct(r *run) (found []Problem) {
	for i, d := range r.products {
		if first := r.byID[d.id]; first != i {
			found = append(found, problem(d.path+"/product_id", "the product %s is defined at %s already", d.id, r.products[first].path))
		}
	}
	return found
}

// 6.1.3 Circular Definition of Product ID
func circularProduct(r *run) (found []Problem) {
	uses := map[string][]string{}
	for _, d := range r.products {
		if d.relation != nil {
			uses[d.id] = append(uses[d.id], d.refersTo()...)
		}
	}
	state := map[string]int{} // 1 on the way, 2 done
	var circles func(id string) bool
	circles = func(id string) bool {
		switch state[id] {
		case 1:
			return true
		case 2:
			return false
		}
		state[id] = 1
		bad := slices.ContainsFunc(uses[id], circles)
		state[id] = 2
		return bad
	}
	for _, d := range r.products {
		if d.relation == nil {
			continue
		}
		clear(state)
		if circles(d.id) {
			found = append(found, problem(d.path+"/product_id", "the definition of %s refers to itself", d.id))
		}
	}
	return found
}

// refersTo are the products that a relationship or a product path joins.
func (d definition) refersTo() []string {
	var ids []string
	for _, field := range [...]string{"product_reference", "relates_to_product_reference", "beginning_product_reference"} {
		if v := d.relation.Get(field); v != nil {
			ids = append(ids, v.Text())
		}
	}
	for _, s := range d.relation.Get("subpaths").Items() {
		ids = append(ids, s.Get("next_product_reference").Text())
	}
	return ids
}

// 6.1.4 Missing Definition of Product Group ID
func missingGroup(r *run) (found []Problem) {
	for _, ref := range r.refs {
		if _, ok := r.groups[ref.id]; ref.group && !ok {
			found = append(found, problem(ref.path, "the product group %s is not defined", ref.id))
		}
	}
	return found
}

// 6.1.5 Multiple Definition of Product Group ID
func twiceGroup(r *run) (found []Problem) {
	seen := map[string]bool{}
	for i, g := range r.root.Get("product_tree", "product_groups").Items() {
		id := g.Get("group_id").Text()
		if seen[id] {
			found = append(found, problem("/product_tree/product_groups/"+itoa(i)+"/group_id", "the product group %s is defined twice", id))
		}
		seen[id] = true
	}
	return found
}

// 6.1.6 Contradicting Product Status
func contradictingStatus(r *run) (found []Problem) {
	for _, v := range r.vulns {
		first := map[string]string{}
		for _, g := range statusGroups {
			for _, f := range g.fields {
				for i, id := range v.status[f] {
					if other, ok := first[id]; ok && other != g.name {
						found = append(found, problem(v.path+"/product_status/"+f+"/"+itoa(i), "the product %s is %s and %s", id, other, g.name))
					} else {
						first[id] = g.name
					}
				}
			}
		}
	}
	return found
}

// 6.1.7 Multiple Scores with same Version per Product
func twiceScored(r *run) (found []Problem) {
	type key struct{ product, version, source string }
	for _, v := range r.vulns {
		seen := map[key]string{}
		for _, c := range v.scores {
			for _, id := range c.products {
				k := key{id, c.version(), c.source}
				if other, ok := seen[k]; ok && other != c.path {
					found = append(found, problem(c.path, "the product %s has another score of CVSS %s at %s", id, k.version, other))
				} else {
					seen[k] = c.path
				}
			}
		}
	}
	return found
}

// 6.1.8 Invalid CVSS
func invalidCVSS(r *run) (found []Problem) {
	rules := map[string]*rule{"cvss_v2": cvss2, "cvss_v3": cvss3, "cvss_v4": cvss4}
	for _, v := range r.vulns {
		for _, c := range v.scores {
			s := &schema{}
			s.value(rules[c.field], c.value, c.path)
			found = append(found, s.found...)
		}
	}
	return found
}

// 6.1.9 Invalid CVSS computation
func computedCVSS(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for _, c := range v.scores {
			found = append(found, c.computation()...)
		}
	}
	return found
}

// 6.1.10 Inconsistent CVSS
func inconsistentCVSS(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for _, c := range v.scores {
			found = append(found, c.contradictions()...)
		}
	}
	return found
}

// 6.1.11 CWE
func weaknesses(r *run) (found []Problem) {
	list := cwe()
	last := len(list.versions) - 1
	judge := func(item *Value, path string, at int, version string) {
		id, name := item.Get("id").Text(), item.Get("name").Text()
		w, ok := list.at(id, at)
		switch {
		case !ok && len(list.history[id]) == 0:
			found = append(found, problem(path+"/id", "%s is not a weakness of CWE; categories and views may not be used", id))
		case !ok:
			found = append(found, problem(path+"/id", "%s is not in CWE %s", id, version))
		case w.name != name:
			more := ""
			for i, v := range list.versions {
				if o, ok := list.at(id, i); ok && o.name == name {
					more = "; it was called so last in CWE " + v
				}
			}
			if i := strings.LastIndex(more, "; it"); i > 0 {
				more = more[i:]
			}
			found = append(found, problem(path+"/name", "%s is called %q in CWE %s%s", id, w.name, version, more))
		}
	}
	for _, v := range r.vulns {
		if c := v.value.Get("cwe"); c != nil && r.version == V20 {
			judge(c, v.path+"/cwe", last, list.versions[last])
		}
		for i, c := range v.value.Get("cwes").Items() {
			path := v.path + "/cwes/" + itoa(i)
			version := c.Get("version").Text()
			if at, ok := list.index[version]; ok {
				judge(c, path, at, version)
			} else if newer(version, list.versions[last]) {
				r.notes = append(r.notes, problem(path+"/version", "CWE %s is not known here; the newest is %s", version, list.versions[last]))
			} else {
				found = append(found, problem(path+"/version", "there is no CWE %s", version))
			}
		}
	}
	return found
}

// languages visits the two fields that hold a language.
func (r *run) languages(visit func(path, tag string)) {
	for _, field := range [...]string{"lang", "source_lang"} {
		if v := r.document.Get(field); v != nil {
			visit("/document/"+field, v.Text())
		}
	}
}

// 6.1.12 Language
func languageExists(r *run) (found []Problem) {
	r.languages(func(path, tag string) {
		if !existing(tag) {
			found = append(found, problem(path, "%q is not a language that is registered", tag))
		}
	})
	return found
}

// 6.1.15 Translator
func translator(r *run) []Problem {
	if r.document.Get("publisher", "category").Text() != "translator" {
		return nil
	}
	switch lang := r.document.Get("source_lang"); {
	case lang == nil:
		return []Problem{problem("/document/source_lang", "a translation must name the language it was made from")}
	case lang.Text() == "":
		return []Problem{problem("/document/source_lang", "the language that the translation was made from has no value")}
	}
	return nil
}

// 6.1.23 Multiple Use of Same CVE
func twiceCVE(r *run) (found []Problem) {
	seen := map[string]bool{}
	for _, v := range r.vulns {
		id := v.value.Get("cve").Text()
		if id != "" && seen[id] {
			found = append(found, problem(v.path+"/cve", "%s is used twice", id))
		}
		seen[id] = true
	}
	return found
}

// 6.1.24 Multiple Definition in Involvements
func twiceInvolved(r *run) (found []Problem) {
	for _, v := range r.vulns {
		seen := map[string]bool{}
		for i, item := range v.value.Get("involvements").Items() {
			date := item.Get("date").Text()
			if t, ok := parseTime(date); ok {
				date = t.UTC().String()
			}
			key := item.Get("party").Text() + " " + date
			if seen[key] {
				found = append(found, problem(v.path+"/involvements/"+itoa(i), "the party %s is involved twice at the same date", item.Get("party").Text()))
			}
			seen[key] = true
		}
	}
	return found
}

// hashes visits the lists of file hashes of all products.
func (r *run) hashes(visit func(path string, hashes []*Value)) {
	for _, d := range r.products {
		for i, h := range d.helper().Get("hashes").Items() {
			visit(d.path+"/product_identification_helper/hashes/"+itoa(i)+"/file_hashes", h.Get("file_hashes").Items())
		}
	}
}

// 6.1.25 Multiple Use of Same Hash Algorithm
func twiceHashed(r *run) (found []Problem) {
	r.hashes(func(path string, hashes []*Value) {
		seen := map[string]bool{}
		for i, h := range hashes {
			a := h.Get("algorithm").Text()
			if seen[a] {
				found = append(found, problem(path+"/"+itoa(i)+"/algorithm", "the algorithm %s is used twice for one file", a))
			}
			seen[a] = true
		}
	})
	return found
}

// The profiles but the base, by the value of the category.
var profiles = map[Version][]string{
	V20: {"csaf_security_incident_response", "csaf_informational_advisory", "csaf_security_advisory", "csaf_vex"},
	V21: {"csaf_security_incident_response", "csaf_informational_advisory", "csaf_security_advisory", "csaf_vex",
		"csaf_deprecated_security_advisory", "csaf_withdrawn", "csaf_superseded"},
}

// squeeze takes out what is no difference between names of profiles: dashes,
// underscores, white space, and whether letters are capital.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Pc, r), r == '\u2212', r == '\u0332', r == '\u00ad', r == '\u200b', r == '\u2060', r == '\ufeff':
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// 6.1.26 Prohibited Document Category Name
func prohibitedCategory(r *run) []Problem {
	if r.category == "csaf_base" || r.is(profiles[r.version]...) {
		return nil
	}
	const path = "/document/category"
	if strings.HasPrefix(strings.ToLower(r.category), "csaf_") {
		return []Problem{problem(path, "%q begins with csaf_, which is reserved", r.category)}
	}
	name := squeeze(r.category)
	for _, p := range profiles[r.version] {
		if value := squeeze(p); name == value || name == strings.TrimPrefix(value, "csaf") {
			return []Problem{problem(path, "%q is the name of the profile %s", r.category, p)}
		}
	}
	return nil
}

// 6.1.28 Translation
func sameLanguage(r *run) []Problem {
	lang, from := r.document.Get("lang").Text(), r.document.Get("source_lang").Text()
	if lang != "" && strings.EqualFold(lang, from) {
		return []Problem{problem("/document/source_lang", "the document was translated from its own language %s", lang)}
	}
	return nil
}

// withoutProducts finds the items of a list that name neither products nor groups.
func (r *run) withoutProducts(field, what string) (found []Problem) {
	for _, v := range r.vulns {
		for i, item := range v.value.Get(field).Items() {
			if item.Get("product_ids") == nil && item.Get("group_ids") == nil {
				found = append(found, problem(v.path+"/"+field+"/"+itoa(i), "the %s names no product", what))
			}
		}
	}
	return found
}

// 6.1.29 Remediation without Product Reference
func remediationForNone(r *run) []Problem { return r.withoutProducts("remediations", "remediation") }

// 6.1.30 Mixed Integer and Semantic Versioning
func mixedVersioning(r *run) (found []Problem) {
	doc, ok := parseVersion(r.tracking.Get("version").Text())
	if !ok {
		return nil
	}
	for _, rev := range r.revisions {
		if rev.ok && rev.version.semantic != doc.semantic {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(rev.index)+"/number",
				"%s and the document's version %s are of different kinds: integer and semantic", rev.number, r.tracking.Get("version").Text()))
		}
	}
	return found
}

// 6.1.31 Version Range in Product Version. 2.1 makes clear that words are meant:
// "Installer 2" has no range, although "all" stands in it.
func rangeAsVersion(r *run) (found []Problem) {
	words := []string{"after", "all", "before", "earlier", "later", "prior", "versions"}
	for _, b := range r.branches {
		if b.category() != "product_version" {
			continue
		}
		name := strings.ToLower(b.name())
		bad := ""
		if i := strings.IndexAny(name, "<>"); i >= 0 {
			bad = name[i : i+1]
		}
		for _, w := range strings.Fields(name) {
			w = strings.Trim(w, ",;:()[]")
			if bad == "" && slices.Contains(words, w) {
				bad = w
			}
		}
		if bad != "" {
			found = append(found, problem(b.path+"/name", "%q is no single version: it has %q", b.name(), bad))
		}
	}
	return found
}

// 6.1.32 Flag without Product Reference
func flagForNone(r *run) []Problem { return r.withoutProducts("flags", "flag") }

// 6.1.33 Multiple Flags with VEX Justification Codes per Product
func twiceJustified(r *run) (found []Problem) {
	for _, v := range r.vulns {
		seen := map[string]int{}
		for i, f := range v.value.Get("flags").Items() {
			if !slices.Contains(justifications, f.Get("label").Text()) {
				continue
			}
			for _, id := range r.of(f) {
				if other, ok := seen[id]; ok && other != i+1 {
					found = append(found, problem(v.path+"/flags/"+itoa(i), "the product %s has another justification at %s", id, v.path+"/flags/"+itoa(other-1)))
				}
				seen[id] = i + 1
			}
		}
	}
	return found
}
