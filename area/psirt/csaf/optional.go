package csaf

import (
	"slices"
	"strings"
)

// The tests of section 6.2 that both versions have, which 2.0 calls optional and
// 2.1 recommended.

// 6.2.1 Unused Definition of Product ID
func unusedProduct(r *run) (found []Problem) {
	if r.is("csaf_informational_advisory") {
		return nil
	}
	used := make(map[string]bool, len(r.products))
	for _, ref := range r.refs {
		if !ref.group {
			used[ref.id] = true
		}
	}
	for _, d := range r.products {
		if !used[d.id] {
			found = append(found, problem(d.path+"/product_id", "the product %s is used nowhere", d.id))
		}
	}
	return found
}

// 6.2.2 Missing Remediation
func missingRemediation(r *run) (found []Problem) {
	for _, v := range r.vulns {
		covered := r.covered(v.value.Get("remediations").Items())
		for _, f := range [...]string{"first_affected", "known_affected", "last_affected", "under_investigation"} {
			for i, id := range v.status[f] {
				if !covered[id] {
					found = append(found, problem(v.path+"/product_status/"+f+"/"+itoa(i), "there is no remediation for the product %s", id))
				}
			}
		}
	}
	return found
}

// 6.2.3 Missing Score, in 2.1 Missing Metric
func missingScore(r *run) (found []Problem) {
	for _, v := range r.vulns {
		covered := map[string]bool{}
		for _, field := range [...]string{"scores", "metrics"} {
			for _, s := range v.value.Get(field).Items() {
				for _, id := range s.Get("products").Texts() {
					covered[id] = true
				}
			}
		}
		for _, f := range statusGroups[0].fields {
			for i, id := range v.status[f] {
				if !covered[id] {
					found = append(found, problem(v.path+"/product_status/"+f+"/"+itoa(i), "there is no score for the product %s", id))
				}
			}
		}
	}
	return found
}

// 6.2.4 Build Metadata in Revision History
func buildMetadata(r *run) (found []Problem) {
	for _, rev := range r.revisions {
		if strings.Contains(rev.number, "+") {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(rev.index)+"/number", "%s has build metadata", rev.number))
		}
	}
	return found
}

// 6.2.5 Older Initial Release Date than Revision History
func oldInitialRelease(r *run) []Problem {
	at, ok := parseTime(r.tracking.Get("initial_release_date").Text())
	if ok && len(r.revisions) > 0 && r.revisions[0].dated && at.Before(r.revisions[0].at) {
		return []Problem{problem("/document/tracking/initial_release_date", "is before the first revision")}
	}
	return nil
}

// 6.2.6 Older Current Release Date than Revision History
func oldCurrentRelease(r *run) []Problem {
	at, ok := parseTime(r.tracking.Get("current_release_date").Text())
	if newest, dated := r.newest(); ok && dated && at.Before(newest) {
		return []Problem{problem("/document/tracking/current_release_date", "is before the newest revision")}
	}
	return nil
}

// 6.2.7 Missing Date in Involvements
func undatedInvolvement(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for i, item := range v.value.Get("involvements").Items() {
			if item.Get("date") == nil {
				found = append(found, problem(v.path+"/involvements/"+itoa(i), "the involvement has no date"))
			}
		}
	}
	return found
}

// onlyHash finds files whose hashes are all of one algorithm.
func (r *run) onlyHash(algorithm string) (found []Problem) {
	r.hashes(func(path string, hashes []*Value) {
		if len(hashes) > 0 && !slices.ContainsFunc(hashes, func(h *Value) bool { return h.Get("algorithm").Text() != algorithm }) {
			found = append(found, problem(path, "the only hash is of %s, which is broken", algorithm))
		}
	})
	return found
}

// 6.2.8 Use of MD5 as the only Hash Algorithm
func onlyMD5(r *run) []Problem { return r.onlyHash("md5") }

// 6.2.9 Use of SHA-1 as the only Hash Algorithm
func onlySHA1(r *run) []Problem { return r.onlyHash("sha1") }

// 6.2.10 Missing TLP label (2.0)
func missingTLP(r *run) []Problem {
	if !slices.Contains([]string{"AMBER", "GREEN", "RED", "WHITE"}, r.tlp()) {
		return []Problem{problem("/document/distribution/tlp/label", "the document has no TLP label")}
	}
	return nil
}

// canonical is the document's own address, and whether it has one.
func (r *run) canonical() (url string, ok bool) {
	name := Filename(r.tracking.Get("id").Text())
	for _, ref := range r.document.Get("references").Items() {
		url := ref.Get("url").Text()
		if ref.Get("category").Text() == "self" && strings.HasPrefix(url, "https://") && strings.HasSuffix(url, "/"+name) {
			return url, true
		}
	}
	return "", false
}

// 6.2.11 Missing Canonical URL
func missingCanonical(r *run) []Problem {
	if _, ok := r.canonical(); !ok {
		return []Problem{problem("/document/references", "no reference of the category self has an address with https:// that ends in %s", Filename(r.tracking.Get("id").Text()))}
	}
	return nil
}

// missingText tells a field that is not there from one that is empty, as 2.1 asks.
func (r *run) missingText(field, what string) []Problem {
	switch v := r.document.Get(field); {
	case v == nil:
		return []Problem{problem("/document/"+field, "the %s is not given", what)}
	case v.Text() == "":
		return []Problem{problem("/document/"+field, "the %s has no value", what)}
	}
	return nil
}

// 6.2.12 Missing Document Language
func missingLanguage(r *run) []Problem { return r.missingText("lang", "language of the document") }

// 6.2.13 Sorting
func sortedKeys(r *run) (found []Problem) {
	var visit func(v *Value, path string)
	visit = func(v *Value, path string) {
		members := v.Members()
		for i, m := range members {
			if i > 0 && m.Key < members[i-1].Key {
				found = append(found, problem(path+"/"+escapePointer(m.Key), "the key %s stands after %s", m.Key, members[i-1].Key))
			}
			if m.Value.kind == Object || m.Value.kind == Array {
				visit(m.Value, path+"/"+escapePointer(m.Key))
			}
		}
		for i, item := range v.Items() {
			if item.kind == Object || item.kind == Array {
				visit(item, path+"/"+itoa(i))
			}
		}
	}
	visit(r.root, "")
	return found
}

// 6.2.14 Use of Private Language
func privateLanguage(r *run) (found []Problem) {
	r.languages(func(path, tag string) {
		if private(tag) {
			found = append(found, problem(path, "%q has a subtag that is reserved for private use", tag))
		}
	})
	return found
}

// 6.2.15 Use of Default Language
func defaultLanguage(r *run) (found []Problem) {
	r.languages(func(path, tag string) {
		if strings.EqualFold(tag, "i-default") {
			found = append(found, problem(path, "i-default says nothing about the language"))
		}
	})
	return found
}

// 6.2.16 Missing Product Identification Helper
func missingHelper(r *run) (found []Problem) {
	for _, d := range r.products {
		if d.helper() == nil {
			found = append(found, problem(d.path, "the product %s has no identification helper", d.id))
		}
	}
	return found
}

// 6.2.17 CVE in field IDs
func cveAmongIDs(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for i, item := range v.value.Get("ids").Items() {
			if id := item.Get("text").Text(); looksLikeCVE(id) {
				found = append(found, problem(v.path+"/ids/"+itoa(i), "%s is a CVE ID and belongs into cve", id))
			}
		}
	}
	return found
}

// hasVers tells whether a version range says to follow the vers specification.
func hasVers(name string) bool {
	rest, ok := strings.CutPrefix(name, "vers:")
	kind, constraints, found := strings.Cut(rest, "/")
	if !ok || !found || kind == "" || constraints == "" || isDigit(kind[0]) {
		return false
	}
	return strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789.-+") == ""
}

// 6.2.18 Product Version Range without vers
func rangeWithoutVers(r *run) (found []Problem) {
	for _, b := range r.branches {
		if b.category() == "product_version_range" && !hasVers(b.name()) {
			found = append(found, problem(b.path+"/name", "%q is no range by the vers specification; please see whether it can be one, or whether the versions can be listed", b.name()))
		}
	}
	return found
}

// 6.2.19 CVSS for Fixed Products: the environmental score of 2.0 and the overall
// score of 2.1 must be 0 for them.
func scoredFixed(r *run) (found []Problem) {
	for _, v := range r.vulns {
		_, ids := v.group("fixed")
		for _, c := range v.scores {
			if f, ok := c.overall(); ok && f == 0 {
				continue
			}
			for _, id := range c.products {
				if slices.Contains(ids, id) {
					found = append(found, problem(c.path, "the product %s is fixed, and its score is not 0", id))
				}
			}
		}
	}
	return found
}

// 6.2.20 Additional Properties
func additionalProperties(r *run) []Problem {
	s := &schema{strict: true, close: true}
	if r.version == V21 {
		s.value(schema21, r.root, "")
	} else {
		s.value(schema20, r.root, "")
	}
	return s.found
}
