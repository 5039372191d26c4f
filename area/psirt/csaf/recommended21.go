package csaf

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// The recommended tests that 2.1 added to section 6.2.

// 6.2.21 Same Timestamps in Revision History
func sameTimestamps(r *run) (found []Problem) {
	for i := 1; i < len(r.revisions); i++ {
		a, b := r.revisions[i-1], r.revisions[i]
		if a.dated && b.dated && a.at.Equal(b.at) {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(b.index)+"/date", "the revisions %s and %s have the same date", a.number, b.number))
		}
	}
	return found
}

// 6.2.22 Document Tracking ID in Title
func idInTitle(r *run) []Problem {
	id := r.tracking.Get("id").Text()
	if id != "" && strings.Contains(r.document.Get("title").Text(), id) {
		return []Problem{problem("/document/title", "the title has the tracking id %s in it", id)}
	}
	return nil
}

// eachCWE visits the weaknesses with what the list of their version says.
func (r *run) eachCWE(visit func(path string, item *Value, version int, w weakness)) {
	list := cwe()
	for _, v := range r.vulns {
		for i, c := range v.value.Get("cwes").Items() {
			version, ok := list.index[c.Get("version").Text()]
			if !ok {
				continue
			}
			w, _ := list.at(c.Get("id").Text(), version)
			visit(v.path+"/cwes/"+itoa(i), c, version, w)
		}
	}
}

// 6.2.23 Usage of Deprecated CWE
func deprecatedCWE(r *run) (found []Problem) {
	r.eachCWE(func(path string, c *Value, _ int, w weakness) {
		if w.deprecated {
			found = append(found, problem(path, "%s is deprecated in CWE %s", c.Get("id").Text(), c.Get("version").Text()))
		}
	})
	return found
}

// 6.2.24 Usage of Non-Latest CWE Version
func oldCWE(r *run) (found []Problem) {
	at, ok := r.newest()
	if !ok {
		return nil
	}
	list := cwe()
	latest := list.latest(at)
	r.eachCWE(func(path string, c *Value, version int, _ weakness) {
		if latest >= 0 && version != latest {
			found = append(found, problem(path+"/version", "the newest CWE at the last revision was %s, not %s", list.versions[latest], c.Get("version").Text()))
		}
	})
	return found
}

// 6.2.25 Usage of CWE Not Allowed for Vulnerability Mapping
func prohibitedCWE(r *run) (found []Problem) {
	r.eachCWE(func(path string, c *Value, _ int, w weakness) {
		switch w.usage {
		case 'D':
			found = append(found, problem(path, "to map a vulnerability to %s is discouraged", c.Get("id").Text()))
		case 'P':
			found = append(found, problem(path, "to map a vulnerability to %s is prohibited", c.Get("id").Text()))
		}
	})
	return found
}

// 6.2.26 Usage of CWE Allowed with Review for Vulnerability Mapping
func reviewedCWE(r *run) (found []Problem) {
	r.eachCWE(func(path string, c *Value, _ int, w weakness) {
		if w.usage == 'R' {
			found = append(found, problem(path, "a mapping to %s should be reviewed: a more precise weakness may fit", c.Get("id").Text()))
		}
	})
	return found
}

// 6.2.28 Usage of Max UUID
func usesMaxUUID(r *run) []Problem {
	if id, _, _ := r.sharingGroup(); id == maxUUID {
		return []Problem{problem(groupPath+"/id", "the max UUID is no sharing group")}
	}
	return nil
}

// 6.2.29 Usage of Nil UUID
func usesNilUUID(r *run) []Problem {
	if id, _, _ := r.sharingGroup(); id == nilUUID {
		return []Problem{problem(groupPath+"/id", "the nil UUID is no sharing group")}
	}
	return nil
}

// 6.2.30 Usage of Sharing Group on TLP:CLEAR
func clearGroup(r *run) []Problem {
	if _, _, given := r.sharingGroup(); given && r.tlp() == "CLEAR" {
		return []Problem{problem(groupPath, "a public document needs no sharing group")}
	}
	return nil
}

// 6.2.31 Hardware and Software
func hardwareAndSoftware(r *run) (found []Problem) {
	joined := map[string]bool{}
	for _, d := range r.products {
		if d.relation != nil {
			for _, id := range d.refersTo() {
				joined[id] = true
			}
		}
	}
	for _, d := range r.products {
		h := d.helper()
		if (h.Get("serial_numbers") != nil || h.Get("model_numbers") != nil) && !joined[d.id] {
			found = append(found, problem(d.path, "the product %s has serial or model numbers, and no product path joins it with software", d.id))
		}
	}
	return found
}

// canon writes a value so that equal ones are written alike: keys in order, and
// arrays as the unordered sets that 6.2.32 takes them for.
func canon(v *Value) string {
	switch v.Kind() {
	case Object:
		var all []string
		for _, m := range v.Members() {
			all = append(all, m.Key+"\x01"+canon(m.Value))
		}
		slices.Sort(all)
		return "{" + strings.Join(all, "\x02") + "}"
	case Array:
		var all []string
		for _, item := range v.Items() {
			all = append(all, canon(item))
		}
		slices.Sort(all)
		return "[" + strings.Join(all, "\x02") + "]"
	case String:
		return "\"" + v.Text()
	}
	return v.Literal()
}

// 6.2.32 Use of Same Product Identification Helper for Different Products
func sharedHelper(r *run) (found []Problem) {
	first := map[string]string{}
	for _, d := range r.products {
		for _, m := range d.helper().Members() {
			items := m.Value.Items()
			if m.Value.Kind() != Array {
				items = []*Value{m.Value}
			}
			for i, item := range items {
				key := m.Key + "\x00" + canon(item)
				other, ok := first[key]
				if ok && other != d.id {
					path := d.path + "/product_identification_helper/" + m.Key
					if m.Value.Kind() == Array {
						path += "/" + itoa(i)
					}
					found = append(found, problem(path, "the product %s is identified by the same", other))
				} else if !ok {
					first[key] = d.id
				}
			}
		}
	}
	return found
}

// 6.2.33 Disclosure Date Newer than Revision History
func disclosedAfterHistory(r *run) (found []Problem) {
	newest, ok := r.newest()
	for _, v := range r.vulns {
		at, okAt := parseTime(v.value.Get("disclosure_date").Text())
		if ok && okAt && at.Before(r.now) && at.After(newest) {
			found = append(found, problem(v.path+"/disclosure_date", "the vulnerability was disclosed after the newest revision"))
		}
	}
	return found
}

// 6.2.38 Usage of Deprecated Profile
func deprecatedProfile(r *run) []Problem {
	if strings.HasPrefix(r.category, "csaf_deprecated_") {
		return []Problem{problem("/document/category", "the profile %s is deprecated", r.category)}
	}
	return nil
}

// translations are the terms of the standard that other languages than English have
// a recorded translation for.
var translations = map[string]map[string]string{
	"de": {
		"Reasoning for Withdrawal": "Begründung für die Zurückziehung", "Reasoning for Supersession": "Begründung für die Ersetzung",
		"Superseding Document": "Ersetzendes Dokument", "License": "Lizenz", "Product Description": "Produktbeschreibung",
	},
}

// translated is a term in the document's language; where none is recorded, the test
// is skipped and says so.
func (r *run) translated(term string) (string, bool) {
	lang, _, _ := strings.Cut(strings.ToLower(r.document.Get("lang").Text()), "-")
	t, ok := translations[lang][term]
	if !ok {
		r.notes = append(r.notes, problem("/document/lang", "no translation of %q into %s is recorded", term, r.document.Get("lang").Text()))
	}
	return t, ok
}

// inLanguage runs a check with a term, for documents of a profile that are not in
// English.
func inLanguage(category, term string, check func(*run, string) []Problem) func(*run) []Problem {
	return func(r *run) []Problem {
		if category != "" && !r.is(category) || r.english() {
			return nil
		}
		if t, ok := r.translated(term); ok {
			return check(r, t)
		}
		return nil
	}
}

func described(r *run, title string) []Problem { return r.oneNote(title, "description") }

var (
	// 6.2.39.2 Language Specific Reasoning for Withdrawal
	withdrawalReasonIn = inLanguage("csaf_withdrawn", "Reasoning for Withdrawal", described)
	// 6.2.39.3 Language Specific Reasoning for Supersession
	supersessionReasonIn = inLanguage("csaf_superseded", "Reasoning for Supersession", described)
	// 6.2.39.4 Language Specific Superseding Document
	supersedingIn = inLanguage("csaf_superseded", "Superseding Document", (*run).superseding)
)

// 6.2.46 Language Specific License Text
func licenseNoteIn(r *run) []Problem {
	terms, wrong, given := r.license()
	if !given || wrong != "" || !slices.ContainsFunc(terms, licenseTerm.foreign) {
		return nil
	}
	return inLanguage("", "License", (*run).licenseText)(r)
}

// 6.2.40 Product Description without Product Reference
func descriptionOfNone(r *run) (found []Problem) {
	term := "Product Description"
	if !r.english() {
		var ok bool
		if term, ok = r.translated(term); !ok {
			return nil
		}
	}
	for i, n := range r.document.Get("notes").Items() {
		if n.Get("category").Text() == "description" && strings.HasPrefix(n.Get("title").Text(), term) && n.Get("product_ids") == nil && n.Get("group_ids") == nil {
			found = append(found, problem("/document/notes/"+itoa(i), "the description names no product"))
		}
	}
	return found
}

// 6.2.41 Old EPSS Timestamp
func oldEPSS(r *run) (found []Problem) {
	newest, ok := r.newest()
	if !ok || !r.released() {
		return nil
	}
	for _, v := range r.vulns {
		var youngest time.Time
		path := ""
		for i, m := range v.value.Get("metrics").Items() {
			if at, ok := parseTime(m.Get("content", "epss", "timestamp").Text()); ok && at.After(youngest) {
				youngest, path = at, v.path+"/metrics/"+itoa(i)+"/content/epss/timestamp"
			}
		}
		if path != "" && newest.Sub(youngest) > 15*24*time.Hour {
			found = append(found, problem(path, "the newest EPSS value is more than 15 days older than the newest revision"))
		}
	}
	return found
}

// 6.2.47 Use of Qualitative Severity Rating by Issuing Party
func ratedByIssuer(r *run) (found []Problem) {
	own, has := r.canonical()
	for _, v := range r.vulns {
		for i, m := range v.value.Get("metrics").Items() {
			source := m.Get("source")
			if m.Get("content", "qualitative_severity_rating") != nil && (source == nil || has && source.Text() == own) {
				found = append(found, problem(v.path+"/metrics/"+itoa(i)+"/content/qualitative_severity_rating", "a rating by the issuer tells less than a score"))
			}
		}
	}
	return found
}

// 6.2.48 Misuse at Vendor Name
func openSourceVendor(r *run) (found []Problem) {
	for _, b := range r.branches {
		if b.category() == "vendor" && strings.EqualFold(strings.Join(strings.Fields(b.name()), ""), "opensource") {
			found = append(found, problem(b.path+"/name", "%q is the name of no vendor", b.name()))
		}
	}
	return found
}

// 6.2.49 Upper Open Ended Product Version Range
func openRange(r *run) (found []Problem) {
	for _, b := range r.branches {
		if rng, _ := parseRange(b.name()); b.category() == "product_version_range" && rng.open() {
			found = append(found, problem(b.path+"/name", "%q has no upper end", b.name()))
		}
	}
	return found
}

// 6.2.51 Unknown VERS Type
func unknownVers(r *run) (found []Problem) {
	for _, b := range r.branches {
		rng, _ := parseRange(b.name())
		switch {
		case b.category() != "product_version_range" || rng.kind == "" || slices.Contains(comparable, rng.kind):
		case slices.Contains(versTypes, rng.kind):
			found = append(found, problem(b.path+"/name", "the vers type %s is registered, and its versions can't be compared here", rng.kind))
		default:
			found = append(found, problem(b.path+"/name", "the vers type %s is not registered", rng.kind))
		}
	}
	return found
}

// hashAlgorithms are the names that the standard lists, after OpenSSL.
var hashAlgorithms = strings.Fields(`blake2b512 blake2s256 md4 md5 md5-sha1 mdc2 ripemd ripemd160 rmd160 sha1 sha224 sha256
	sha3-224 sha3-256 sha3-384 sha3-512 sha384 sha512 sha512-224 sha512-256 shake128 shake256 sm3 ssl3-md5 ssl3-sha1 whirlpool`)

// 6.2.52 Unknown Hash Algorithm
func unknownHash(r *run) (found []Problem) {
	r.hashes(func(path string, hashes []*Value) {
		for i, h := range hashes {
			if a := h.Get("algorithm").Text(); !slices.Contains(hashAlgorithms, a) {
				found = append(found, problem(path+"/"+itoa(i)+"/algorithm", "the algorithm %s is not among those of the standard and not known here", a))
			}
		}
	})
	return found
}

// idSystems are the systems for ids of vulnerabilities that the registry RVISC lists,
// as far as the standard itself names them, with the pattern of their ids.
var idSystems = map[string]*regexp.Regexp{
	"https://github.com/oasis-tcs/csaf": regexp.MustCompile(`^#[1-9][0-9]*$`),
}

// 6.2.53 Matching Text for Registered ID System
func registeredIDText(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for i, item := range v.value.Get("ids").Items() {
			pattern := idSystems[item.Get("system_name").Text()]
			if pattern != nil && !pattern.MatchString(item.Get("text").Text()) {
				found = append(found, problem(v.path+"/ids/"+itoa(i)+"/text", "%q is no id of %s", item.Get("text").Text(), item.Get("system_name").Text()))
			}
		}
	}
	return found
}
