package csaf

import "slices"

// The mandatory tests of the profiles that both versions have, section 6.1.27.
// Each is passed by documents of other categories.

var (
	informational   = []string{"csaf_informational_advisory", "csaf_security_incident_response"}
	notVulnerable   = []string{"csaf_informational_advisory", "csaf_withdrawn", "csaf_superseded"}
	withVulns       = []string{"csaf_security_advisory", "csaf_vex", "csaf_deprecated_security_advisory"}
	withStatus      = []string{"csaf_security_advisory", "csaf_deprecated_security_advisory"}
	tellingNotes    = []string{"description", "details", "general", "summary"}
	vexStatus       = []string{"fixed", "known_affected", "known_not_affected", "under_investigation"}
	withoutProducts = []string{"csaf_withdrawn", "csaf_superseded"}
)

// has tells whether an item of a list has one of the categories.
func has(items *Value, categories ...string) bool {
	return slices.ContainsFunc(items.Items(), func(n *Value) bool {
		return slices.Contains(categories, n.Get("category").Text())
	})
}

// 6.1.27.1 Document Notes
func profileNotes(r *run) []Problem {
	if r.is(informational...) && !has(r.document.Get("notes"), tellingNotes...) {
		return []Problem{problem("/document/notes", "no note tells what the document is about (description, details, general or summary)")}
	}
	return nil
}

// 6.1.27.2 Document References
func profileReferences(r *run) []Problem {
	if !r.is(informational...) {
		return nil
	}
	for _, ref := range r.document.Get("references").Items() {
		if c := ref.Get("category"); c == nil || c.Text() == "external" { // external is the default
			return nil
		}
	}
	return []Problem{problem("/document/references", "there is no reference to an external source")}
}

// 6.1.27.3 Vulnerabilities
func profileNoVulnerabilities(r *run) []Problem {
	if r.is(notVulnerable...) && r.root.Get("vulnerabilities") != nil {
		return []Problem{problem("/vulnerabilities", "a document of the profile %s has no vulnerabilities", r.category)}
	}
	return nil
}

// 6.1.27.4 Product Tree
func profileProductTree(r *run) []Problem {
	if r.is(withVulns...) && r.root.Get("product_tree") == nil {
		return []Problem{problem("/product_tree", "the product tree is missing")}
	}
	return nil
}

// 6.1.27.5 Vulnerability Notes
func profileVulnerabilityNotes(r *run) (found []Problem) {
	for _, v := range r.vulns {
		if r.is(withVulns...) && v.value.Get("notes") == nil {
			found = append(found, problem(v.path+"/notes", "the vulnerability has no notes"))
		}
	}
	return found
}

// 6.1.27.6 Product Status
func profileStatus(r *run) (found []Problem) {
	for _, v := range r.vulns {
		if r.is(withStatus...) && v.value.Get("product_status") == nil {
			found = append(found, problem(v.path+"/product_status", "the vulnerability has no product status"))
		}
	}
	return found
}

// 6.1.27.7 VEX Product Status
func vexProductStatus(r *run) (found []Problem) {
	for _, v := range r.vulns {
		if r.is("csaf_vex") && !slices.ContainsFunc(vexStatus, func(f string) bool { return v.value.Get("product_status", f) != nil }) {
			found = append(found, problem(v.path+"/product_status", "no product is fixed, known_affected, known_not_affected or under_investigation"))
		}
	}
	return found
}

// 6.1.27.8 Vulnerability ID. 2.1 also wants an id for each product, where all ids
// are for certain products.
func vexID(r *run) (found []Problem) {
	if !r.is("csaf_vex") {
		return nil
	}
	for _, v := range r.vulns {
		ids := v.value.Get("ids")
		if v.value.Get("cve") != nil {
			continue
		}
		if ids == nil {
			found = append(found, problem(v.path, "the vulnerability has neither a CVE nor another id"))
			continue
		}
		general := slices.ContainsFunc(ids.Items(), func(i *Value) bool { return i.Get("product_ids") == nil && i.Get("group_ids") == nil })
		if r.version == V20 || general {
			continue
		}
		named := r.covered(ids.Items())
		for _, m := range v.value.Get("product_status").Members() {
			for i, id := range m.Value.Texts() {
				if !named[id] {
					found = append(found, problem(v.path+"/product_status/"+m.Key+"/"+itoa(i), "no id of the vulnerability applies to the product %s", id))
				}
			}
		}
	}
	return found
}

// 6.1.27.9 Impact Statement
func vexImpact(r *run) (found []Problem) {
	if !r.is("csaf_vex") {
		return nil
	}
	for _, v := range r.vulns {
		said := r.covered(v.value.Get("flags").Items())
		for _, t := range v.value.Get("threats").Items() {
			if t.Get("category").Text() == "impact" {
				for _, id := range r.of(t) {
					said[id] = true
				}
			}
		}
		for i, id := range v.status["known_not_affected"] {
			if !said[id] {
				found = append(found, problem(v.path+"/product_status/known_not_affected/"+itoa(i), "nothing says why the product %s is not affected", id))
			}
		}
	}
	return found
}

// 6.1.27.10 Action Statement
func vexAction(r *run) (found []Problem) {
	if !r.is("csaf_vex") {
		return nil
	}
	for _, v := range r.vulns {
		said := r.covered(v.value.Get("remediations").Items())
		for i, id := range v.status["known_affected"] {
			if !said[id] {
				found = append(found, problem(v.path+"/product_status/known_affected/"+itoa(i), "nothing says what to do about the product %s", id))
			}
		}
	}
	return found
}

// 6.1.27.11 Vulnerabilities
func profileVulnerabilities(r *run) []Problem {
	if r.is(withVulns...) && r.root.Get("vulnerabilities") == nil {
		return []Problem{problem("/vulnerabilities", "the vulnerabilities are missing")}
	}
	return nil
}
