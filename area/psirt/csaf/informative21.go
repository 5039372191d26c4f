package csaf

import "slices"

// The informative tests that 2.1 added to section 6.3.

// 6.3.12 Missing CVSS v4.0
func missingCVSS4(r *run) (found []Problem) {
	for _, v := range r.vulns {
		covered := map[string]bool{}
		for i, m := range v.value.Get("metrics").Items() {
			c := m.Get("content")
			any := c.Get("cvss_v2") != nil || c.Get("cvss_v3") != nil || c.Get("cvss_v4") != nil
			if any && c.Get("cvss_v4") == nil {
				found = append(found, problem(v.path+"/metrics/"+itoa(i)+"/content", "there is no score of CVSS 4.0"))
			}
			if any {
				for _, id := range m.Get("products").Texts() {
					covered[id] = true
				}
			}
		}
		fields, ids := v.group("affected")
		for i, id := range ids {
			if !covered[id] {
				found = append(found, problem(v.path+"/product_status/"+fields[i], "the affected product %s has no CVSS score", id))
			}
		}
	}
	return found
}

// 6.3.18 Use of Qualitative Severity Rating
func usesRating(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for i, m := range v.value.Get("metrics").Items() {
			if m.Get("content", "qualitative_severity_rating") != nil {
				found = append(found, problem(v.path+"/metrics/"+itoa(i)+"/content/qualitative_severity_rating", "a rating does not say what it comes from"))
			}
		}
	}
	return found
}

// 6.3.20 Use of Unregistered ID System
func unregisteredIDs(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for i, item := range v.value.Get("ids").Items() {
			if name := item.Get("system_name").Text(); idSystems[name] == nil {
				found = append(found, problem(v.path+"/ids/"+itoa(i)+"/system_name", "%q is not a registered system that is known here", name))
			}
		}
	}
	return found
}

// 6.3.22 Nested Product Path
func nestedPath(r *run) (found []Problem) {
	for _, d := range r.products {
		if d.relation == nil {
			continue
		}
		for _, id := range d.refersTo() {
			if slices.ContainsFunc(r.products, func(o definition) bool { return o.relation != nil && o.id == id }) {
				found = append(found, problem(d.path, "the product %s, which the path joins, is a product path itself", id))
			}
		}
	}
	return found
}
