package csaf

import (
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"
)

// The mandatory tests that 2.1 added to section 6.1.

// 6.1.34 Branches Recursion Depth
func deepBranches(r *run) (found []Problem) {
	for _, d := range r.products {
		if d.level > 30 {
			found = append(found, problem(d.path, "the product %s is under %d branches; at most 30 are allowed", d.id, d.level))
		}
	}
	return found
}

// The combinations of remediations that a product may not have (table in "Category of
// the remediation"): each with all others but those named.
var besides = map[string][]string{
	"workaround":     {"mitigation", "vendor_fix", "fix_planned", "no_fix_planned"},
	"mitigation":     {"workaround", "vendor_fix", "fix_planned", "no_fix_planned"},
	"vendor_fix":     {"workaround", "mitigation"},
	"fix_planned":    {"workaround", "mitigation"},
	"no_fix_planned": {"workaround", "mitigation"},
}

// 6.1.35 Contradicting Remediations
func contradictingRemediations(r *run) (found []Problem) {
	for _, v := range r.vulns {
		first := map[string][]string{}
		for i, rem := range v.value.Get("remediations").Items() {
			category := rem.Get("category").Text()
			for _, id := range r.of(rem) {
				for _, other := range first[id] {
					if other != category && !slices.Contains(besides[category], other) {
						found = append(found, problem(v.path+"/remediations/"+itoa(i), "the product %s has remediations %s and %s, which contradict each other", id, other, category))
					}
				}
				first[id] = append(first[id], category)
			}
		}
	}
	return found
}

// For which status groups a remediation is prohibited or discouraged.
var (
	prohibitedFor = map[string][]string{
		"workaround": {"not affected", "fixed"}, "mitigation": {"not affected", "fixed"}, "vendor_fix": {"not affected", "fixed"},
		"optional_patch": {"affected"}, "none_available": {"not affected", "fixed"},
		"fix_planned": {"fixed"}, "no_fix_planned": {"fixed"},
	}
	discouragedFor = map[string][]string{
		"workaround": {"under investigation", "unknown"}, "mitigation": {"under investigation", "unknown"},
		"vendor_fix": {"under investigation", "unknown"}, "optional_patch": {"fixed"},
		"fix_planned": {"not affected", "under investigation", "unknown"}, "no_fix_planned": {"not affected"},
	}
)

func (r *run) combined(table map[string][]string, how string) (found []Problem) {
	for _, v := range r.vulns {
		in := v.groupsOf()
		for i, rem := range v.value.Get("remediations").Items() {
			category := rem.Get("category").Text()
			for _, id := range r.of(rem) {
				for _, g := range in[id] {
					if slices.Contains(table[category], g) {
						found = append(found, problem(v.path+"/remediations/"+itoa(i), "the product %s is %s, for which %s is %s", id, g, category, how))
					}
				}
			}
		}
	}
	return found
}

// 6.1.36 Contradicting Product Status Remediation Combination
func prohibitedRemediation(r *run) []Problem { return r.combined(prohibitedFor, "prohibited") }

// 6.2.27 Discouraged Product Status Remediation Combination
func discouragedRemediation(r *run) []Problem { return r.combined(discouragedFor, "discouraged") }

var dated = paths(`document/tracking/current_release_date document/tracking/generator/date
	document/tracking/initial_release_date document/tracking/revision_history/*/date vulnerabilities/*/disclosure_date
	vulnerabilities/*/discovery_date vulnerabilities/*/first_known_exploitation_dates/*/date
	vulnerabilities/*/first_known_exploitation_dates/*/exploitation_date vulnerabilities/*/flags/*/date
	vulnerabilities/*/involvements/*/date vulnerabilities/*/metrics/*/content/epss/timestamp
	vulnerabilities/*/metrics/*/content/ssvc_v2/timestamp vulnerabilities/*/remediations/*/date vulnerabilities/*/threats/*/date`)

// 6.1.37 Date and Time
func strictDates(r *run) (found []Problem) {
	for _, steps := range dated {
		follow(r.root, steps, "", func(path, text string) {
			if wrong := isDateTime21(text); wrong != "" {
				found = append(found, problem(path, "%q %s", text, wrong))
			}
		})
	}
	return found
}

const (
	groupPath = "/document/distribution/sharing_group"
	publicly  = "Public"
	nobody    = "No sharing allowed"
)

func (r *run) sharingGroup() (id, name string, given bool) {
	g := r.document.Get("distribution", "sharing_group")
	return g.Get("id").Text(), g.Get("name").Text(), g != nil
}

// 6.1.38 Non-Public Sharing Group with Max UUID
func maxUUIDIsPublic(r *run) []Problem {
	if id, _, _ := r.sharingGroup(); id == maxUUID && r.tlp() != "CLEAR" {
		return []Problem{problem("/document/distribution/tlp/label", "the sharing group is everybody, and the label is %s", r.tlp())}
	}
	return nil
}

// 6.1.39 Public Sharing Group with No Max UUID
func publicIsMaxUUID(r *run) []Problem {
	id, _, given := r.sharingGroup()
	if !given || r.tlp() != "CLEAR" || id == maxUUID || id == nilUUID && r.status() == "draft" {
		return nil
	}
	return []Problem{problem(groupPath+"/id", "a public document has no closed sharing group")}
}

// 6.1.40 Invalid Sharing Group Name
func reservedGroupName(r *run) []Problem {
	id, name, _ := r.sharingGroup()
	if name == publicly && id != maxUUID || name == nobody && id != nilUUID {
		return []Problem{problem(groupPath+"/name", "the name %q is reserved", name)}
	}
	return nil
}

// 6.1.41 Missing Sharing Group Name
func missingGroupName(r *run) []Problem {
	id, name, _ := r.sharingGroup()
	for _, c := range [...][2]string{{maxUUID, publicly}, {nilUUID, nobody}} {
		if id == c[0] && name != c[1] {
			return []Problem{problem(groupPath+"/name", "the group %s must be named %q", id, c[1])}
		}
	}
	return nil
}

// 6.1.42 PURL Qualifiers
func purlQualifiers(r *run) (found []Problem) {
	for _, d := range r.products {
		var first packageurl.PackageURL
		for i, text := range d.helper().Get("purls").Texts() {
			p, err := packageurl.FromString(text)
			if err != nil {
				continue // 6.1.13 tells
			}
			p.Qualifiers = nil
			if i == 0 {
				first = p
			} else if p.String() != first.String() {
				found = append(found, problem(d.path+"/product_identification_helper/purls/"+itoa(i), "%q differs from the first purl in more than its qualifiers", text))
			}
		}
	}
	return found
}

// stars finds patterns with more than one unescaped star.
func (r *run) stars(field string) (found []Problem) {
	for _, d := range r.products {
		for i, s := range d.helper().Get(field).Texts() {
			if unescaped(s) > 1 {
				found = append(found, problem(d.path+"/product_identification_helper/"+field+"/"+itoa(i), "%q has more than one star", s))
			}
		}
	}
	return found
}

func unescaped(s string) (stars int) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '*':
			stars++
		}
	}
	return stars
}

// 6.1.43 Use of Multiple Stars in Model Number
func starsInModel(r *run) []Problem { return r.stars("model_numbers") }

// 6.1.44 Use of Multiple Stars in Serial Number
func starsInSerial(r *run) []Problem { return r.stars("serial_numbers") }

// 6.1.61 Use of Multiple Stars in SKU
func starsInSKU(r *run) []Problem { return r.stars("skus") }

// after finds times of vulnerabilities that are after the newest revision.
func (r *run) after(list string, what string) (found []Problem) {
	newest, ok := r.newest()
	if !ok {
		return nil
	}
	for _, steps := range paths(list) {
		follow(r.root, steps, "", func(path, text string) {
			if t, ok := parseTime(text); ok && t.After(newest) {
				found = append(found, problem(path, "%s is after the newest revision of %s", what, newest.Format(time.RFC3339)))
			}
		})
	}
	return found
}

// 6.1.45 Inconsistent Disclosure Date
func disclosedLater(r *run) []Problem {
	if r.tlp() != "CLEAR" || !r.released() {
		return nil
	}
	return r.after("vulnerabilities/*/disclosure_date", "the disclosure")
}

// 6.1.49 Inconsistent SSVC Timestamp
func ssvcLater(r *run) []Problem {
	if !r.released() {
		return nil
	}
	return r.after("vulnerabilities/*/metrics/*/content/ssvc_v2/timestamp", "the SSVC assessment")
}

// 6.1.51 Inconsistent EPSS Timestamp
func epssLater(r *run) []Problem {
	if !r.released() {
		return nil
	}
	return r.after("vulnerabilities/*/metrics/*/content/epss/timestamp", "the EPSS value")
}

// 6.1.52 Inconsistent First Known Exploitation Dates
func exploitedLater(r *run) []Problem {
	if !r.released() {
		return nil
	}
	return r.after(`vulnerabilities/*/first_known_exploitation_dates/*/date
		vulnerabilities/*/first_known_exploitation_dates/*/exploitation_date`, "the known exploitation")
}

// 6.1.53 Inconsistent Exploitation Date
func exploitationDate(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for i, item := range v.value.Get("first_known_exploitation_dates").Items() {
			known, ok := parseTime(item.Get("date").Text())
			at, okAt := parseTime(item.Get("exploitation_date").Text())
			if ok && okAt && at.After(known) {
				found = append(found, problem(v.path+"/first_known_exploitation_dates/"+itoa(i)+"/exploitation_date", "the exploitation is after it became known"))
			}
		}
	}
	return found
}

// 6.1.50 Product Version Range Rules
func rangeRules(r *run) (found []Problem) {
	for _, b := range r.branches {
		if b.category() != "product_version_range" {
			continue
		}
		rng, wrong := parseRange(b.name())
		if wrong != "" {
			found = append(found, problem(b.path+"/name", "%q is no version range: %s", b.name(), wrong))
		}
		if rng.kind != "" && !slices.Contains(comparable, rng.kind) {
			r.notes = append(r.notes, problem(b.path+"/name", "versions of the vers type %s can't be compared here", rng.kind))
		}
	}
	return found
}

// 6.1.59 Single Version as Product Version Range
func singleAsRange(r *run) (found []Problem) {
	for _, b := range r.branches {
		if rng, _ := parseRange(b.name()); b.category() == "product_version_range" && rng.single() {
			found = append(found, problem(b.path+"/name", "%q is a single version", b.name()))
		}
	}
	return found
}

// 6.1.56 Use of CVSS and Qualitative Severity Rating
func ratedTwice(r *run) (found []Problem) {
	type key struct{ product, source string }
	for _, v := range r.vulns {
		scored := map[key]bool{}
		for _, c := range v.scores {
			for _, id := range c.products {
				scored[key{id, c.source}] = true
			}
		}
		for i, m := range v.value.Get("metrics").Items() {
			if m.Get("content", "qualitative_severity_rating") == nil {
				continue
			}
			for _, id := range m.Get("products").Texts() {
				if scored[key{id, m.Get("source").Text()}] {
					found = append(found, problem(v.path+"/metrics/"+itoa(i), "the product %s has a CVSS score and a qualitative rating of the same source", id))
				}
			}
		}
	}
	return found
}

// 6.1.57 Stacked Branch Categories
func stackedCategories(r *run) (found []Problem) {
	for _, d := range r.products {
		seen := map[string]bool{}
		for _, a := range d.ancestors {
			c := a.Get("category").Text()
			if seen[c] && c != "product_family" {
				found = append(found, problem(d.path, "the category %s stands twice on the way to the product %s", c, d.id))
			}
			seen[c] = true
		}
	}
	return found
}

// 6.1.58 Use of product_version in one Path with product_version_range
func versionAndRange(r *run) (found []Problem) {
	for _, d := range r.products {
		if d.under("product_version") != nil && d.under("product_version_range") != nil {
			found = append(found, problem(d.path, "a version and a version range stand on the way to the product %s", d.id))
		}
	}
	return found
}

// under is the branch of a category on the way to a product.
func (d definition) under(category string) *Value {
	for _, a := range d.ancestors {
		if a.Get("category").Text() == category {
			return a
		}
	}
	return nil
}

// 6.1.27.12 Affected Products
func profileAffected(r *run) (found []Problem) {
	for _, v := range r.vulns {
		if r.is("csaf_security_advisory") && v.value.Get("product_status", "known_affected") == nil {
			found = append(found, problem(v.path+"/product_status/known_affected", "no product is listed as known_affected"))
		}
	}
	return found
}

// 6.1.27.14 Document Notes
func withdrawnNotes(r *run) []Problem {
	if r.is(withoutProducts...) && !has(r.document.Get("notes"), "description") {
		return []Problem{problem("/document/notes", "no note has the category description")}
	}
	return nil
}

// 6.1.27.15 Product Tree
func withdrawnTree(r *run) []Problem {
	if r.is(withoutProducts...) && r.root.Get("product_tree") != nil {
		return []Problem{problem("/product_tree", "a document of the profile %s has no product tree", r.category)}
	}
	return nil
}

// 6.1.27.16 Revision History
func withdrawnHistory(r *run) []Problem {
	if r.is(withoutProducts...) && len(r.revisions) < 2 {
		return []Problem{problem("/document/tracking/revision_history", "what was never released can't be withdrawn: the history has fewer than two entries")}
	}
	return nil
}

// 6.1.27.17 Reasoning for Withdrawal
func withdrawalReason(r *run) []Problem {
	if !r.is("csaf_withdrawn") || !r.english() {
		return nil
	}
	return r.oneNote("Reasoning for Withdrawal", "description")
}

// 6.1.27.18 Reasoning for Supersession
func supersessionReason(r *run) []Problem {
	if !r.is("csaf_superseded") || !r.english() {
		return nil
	}
	return r.oneNote("Reasoning for Supersession", "description")
}

// 6.1.27.19 Reference to Superseding Document
func supersedingReference(r *run) []Problem {
	if !r.is("csaf_superseded") || !r.english() {
		return nil
	}
	return r.superseding("Superseding Document")
}

// superseding wants an external reference whose summary begins with a term.
func (r *run) superseding(term string) []Problem {
	for _, ref := range r.document.Get("references").Items() {
		if strings.HasPrefix(ref.Get("summary").Text(), term) && ref.Get("category").Text() == "external" {
			return nil
		}
	}
	return []Problem{problem("/document/references", "no external reference has a summary that begins with %q", term)}
}
