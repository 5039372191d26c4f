package csaf

import (
	"net/url"
	"slices"
	"strings"
)

// The informative tests that both versions have, section 6.3.

// 6.3.1 Use of CVSS v2 as the only Scoring System
func onlyCVSS2(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for _, c := range v.scores {
			if c.field != "cvss_v2" {
				continue
			}
			for _, id := range c.products {
				if !slices.ContainsFunc(v.scores, func(o *cvssObject) bool { return o.field != "cvss_v2" && slices.Contains(o.products, id) }) {
					found = append(found, problem(c.path, "the product %s has a score of CVSS 2 alone", id))
				}
			}
		}
	}
	return found
}

// 6.3.2 Use of CVSS v3.0
func usesCVSS30(r *run) (found []Problem) {
	for _, v := range r.vulns {
		for _, c := range v.scores {
			switch {
			case c.field != "cvss_v3":
			case c.value.Get("version").Text() == "3.0":
				found = append(found, problem(c.path+"/version", "CVSS 3.1 is better than 3.0"))
			case strings.HasPrefix(c.value.Get("vectorString").Text(), "CVSS:3.0"):
				found = append(found, problem(c.path+"/vectorString", "CVSS 3.1 is better than 3.0"))
			}
		}
	}
	return found
}

// 6.3.3 Missing CVE
func missingCVE(r *run) (found []Problem) {
	for _, v := range r.vulns {
		if v.value.Get("cve") == nil {
			found = append(found, problem(v.path+"/cve", "the vulnerability has no CVE ID"))
		}
	}
	return found
}

// 6.3.4 Missing CWE
func missingCWE(r *run) (found []Problem) {
	field := "cwe"
	if r.version == V21 {
		field = "cwes"
	}
	for _, v := range r.vulns {
		if v.value.Get(field) == nil {
			found = append(found, problem(v.path+"/"+field, "the vulnerability has no CWE"))
		}
	}
	return found
}

// 6.3.5 Use of Short Hash
func shortHash(r *run) (found []Problem) {
	r.hashes(func(path string, hashes []*Value) {
		for i, h := range hashes {
			if n := len(h.Get("value").Text()); n < 64 {
				found = append(found, problem(path+"/"+itoa(i)+"/value", "the hash has %d characters and should have 64 or more", n))
			}
		}
	})
	return found
}

// The fields that hold addresses, without those of products.
var addressed = paths(`document/acknowledgments/*/urls/* document/aggregate_severity/namespace
	document/distribution/tlp/url document/publisher/namespace vulnerabilities/*/acknowledgments/*/urls/*
	vulnerabilities/*/remediations/*/url`)

var productAddresses = paths(`sbom_urls/* x_generic_uris/*/namespace x_generic_uris/*/uri`)

// addresses visits the references of a document, those to itself or the others,
// and with the others all further addresses.
func (r *run) addresses(self bool, visit func(path, url string)) {
	refs := func(items *Value, path string) {
		for i, ref := range items.Items() {
			if (ref.Get("category").Text() == "self") == self {
				visit(path+"/"+itoa(i)+"/url", ref.Get("url").Text())
			}
		}
	}
	refs(r.document.Get("references"), "/document/references")
	for _, v := range r.vulns {
		refs(v.value.Get("references"), v.path+"/references")
	}
	if self {
		return
	}
	for _, steps := range addressed {
		follow(r.root, steps, "", visit)
	}
	for _, d := range r.products {
		for _, steps := range productAddresses {
			follow(d.helper(), steps, d.path+"/product_identification_helper", visit)
		}
	}
}

// reserved are the domains that never lead anywhere (RFC 2606, RFC 6761).
var reserved = []string{"invalid", "test", "localhost", "local", "internal"}

// resolves asks for the addresses. Without a way to ask, only those count as
// failing that are under domains which can't exist.
func (r *run) resolves(self bool) (found []Problem) {
	asked := map[string]string{}
	r.addresses(self, func(path, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			return
		}
		wrong, done := asked[address]
		if !done {
			host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
			top := host[strings.LastIndexByte(host, '.')+1:]
			switch {
			case slices.Contains(reserved, top):
				wrong = "the domain ." + top + " leads nowhere"
			case r.options.Fetch != nil:
				if status, err := r.options.Fetch(address); err != nil {
					wrong = err.Error()
				} else if status < 200 || status >= 400 {
					wrong = "the answer has the status " + itoa(status)
				}
			}
			asked[address] = wrong
		}
		if wrong != "" {
			found = append(found, problem(path, "%s does not resolve: %s", address, wrong))
		}
	})
	return found
}

// 6.3.6 Use of non-self referencing URLs Failing to Resolve
func brokenLinks(r *run) []Problem { return r.resolves(false) }

// 6.3.7 Use of self referencing URLs Failing to Resolve
func brokenSelf(r *run) []Problem { return r.resolves(true) }

// 6.3.9 Branch Categories
func branchCategories(r *run) (found []Problem) {
	for _, d := range r.products {
		if d.ancestors == nil {
			continue
		}
		want := []string{"vendor", "product_name", "product_version"}
		for _, a := range d.ancestors {
			if len(want) > 0 && a.Get("category").Text() == want[0] {
				want = want[1:]
			}
		}
		if len(want) > 0 {
			found = append(found, problem(d.path, "no branch of the category %s leads to the product %s in the order vendor, product_name, product_version", want[0], d.id))
		}
	}
	return found
}

// 6.3.10 Usage of Product Version Range
func usesRange(r *run) (found []Problem) {
	for _, b := range r.branches {
		if b.category() == "product_version_range" {
			found = append(found, problem(b.path+"/category", "a list of versions can be matched by machines better than the range %q", b.name()))
		}
	}
	return found
}

// 6.3.11 Usage of V as Version Indicator
func vAsVersion(r *run) (found []Problem) {
	for _, b := range r.branches {
		if n := b.name(); b.category() == "product_version" && len(n) > 1 && n[0]|0x20 == 'v' && isDigit(n[1]) {
			found = append(found, problem(b.path+"/name", "the version %q begins with v", n))
		}
	}
	return found
}
