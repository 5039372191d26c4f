package csaf

import "strings"

// everywhere closes every object that a rule holds, as the schema of 2.1 does, but
// the CVSS objects, whose schemas are FIRST's.
func everywhere(r *rule, seen map[*rule]*rule) *rule {
	if r == nil || r == cvss2 || r == cvss3 || r == cvss4 {
		return r
	}
	if c, ok := seen[r]; ok {
		return c
	}
	c := *r
	seen[r] = &c
	c.items = everywhere(r.items, seen)
	if r.fields != nil {
		c.closed = true
		c.fields = map[string]*field{}
		for name, f := range r.fields {
			c.fields[name] = &field{everywhere(f.rule, seen), f.required}
		}
	}
	return &c
}

// extension is the CSAF Extension Content Schema.
var extension = object("$schema!", checked(isExtensionSchema), "category!", oneOf("essential", "significant", "supplementary"),
	"content!", (&rule{kind: Object, min: 1}), "critical!", &rule{kind: Bool})

// isExtensionSchema is the address of an extension's schema: https, and a file name
// that ends with a semantic version.
func isExtensionSchema(s string) string {
	const wrong = "is not the address of an extension schema: https://…/NAME_1.0.0.json"
	rest, ok := strings.CutPrefix(s, "https://")
	host, path, found := strings.Cut(rest, "/")
	file := path[strings.LastIndexByte(path, '/')+1:]
	name, isJSON := strings.CutSuffix(file, ".json")
	i := strings.LastIndexByte(name, '_')
	if !ok || !found || !isJSON || i < 1 || strings.ContainsAny(path, " \t\n") || !strings.Contains(host, ".") {
		return wrong
	}
	if v, ok := parseVersion(name[i+1:]); !ok || !v.semantic {
		return wrong
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return wrong
		}
	}
	return ""
}

var schema21 = func() *rule {
	extensions := set(extension)
	fileHash := object("algorithm!", checked(isAlgorithm), "value!", checked(isHash21))
	helper := object("cpe", checked(isCPE), "hashes", set(object("file_hashes!", set(fileHash), "filename!", filled)),
		"model_numbers", set(filled), "purls", set(checked(isPURLShape("a", ".-"))), "sbom_urls", set(uri), "serial_numbers", set(filled),
		"skus", set(filled), "x_generic_uris", set(object("namespace!", uri, "uri!", uri)))
	product := object("name!", filled, "product_id!", filled, "product_identification_helper", helper.count(1, 0), "x_extensions", extensions)
	tree := object("branches", branch(product, "architecture", "host_name", "language", "patch_level", "platform", "product_family",
		"product_name", "product_version", "product_version_range", "service_pack", "specification", "vendor"),
		"full_product_names", list(product), "product_groups", groups,
		"product_paths", list(object("beginning_product_reference!", filled, "full_product_name!", product,
			"subpaths!", list(object("category!", relation, "next_product_reference!", filled))))).count(1, 0)
	notes := list(noteT.with("group_ids", products, "product_ids", products))
	remediation := object("category!", oneOf("fix_planned", "mitigation", "no_fix_planned", "none_available", "optional_patch", "vendor_fix", "workaround"),
		"date", dateTime, "details!", filled, "entitlements", texts, "group_ids", products, "product_ids", products,
		"restart_required", restart, "url", uri)
	exploited := object("date!", dateTime, "exploitation_date!", dateTime, "group_ids", products, "product_ids", products).count(3, 0)
	epss := object("percentile!", checked(isProbability), "probability!", checked(isProbability), "timestamp!", dateTime)
	content := object("cvss_v2", cvss2, "cvss_v3", cvss3, "cvss_v4", cvss4, "epss", epss,
		"qualitative_severity_rating", oneOf("critical", "high", "low", "medium", "none"), "ssvc_v2", ssvcRule, "x_extensions", extensions).count(1, 0)
	vulnerability := object("acknowledgments", acknowledgments, "cve", checked(isCVE),
		"cwes", set(object("id!", checked(isCWE), "name!", checked(isTrimmed), "version!", checked(isCWEVersion))),
		"disclosure_date", dateTime, "discovery_date", dateTime, "first_known_exploitation_dates", set(exploited), "flags", set(flagT),
		"ids", set(object("group_ids", products, "product_ids", products, "system_name!", filled, "text!", filled)),
		"involvements", set(involvementT.with("contact", filled, "group_ids", products, "product_ids", products)),
		"metrics", set(object("content!", content, "products!", products, "source", uri)), "notes", notes,
		"product_status", statusT.with("unknown", products), "references", references, "remediations", list(remediation),
		"threats", list(threatT), "title", filled, "x_extensions", extensions).count(1, 0)
	document := object("acknowledgments", acknowledgments, "aggregate_severity", object("namespace", uri, "text!", filled),
		"category!", checked(isTrimmed), "csaf_version!", oneOf("2.1"),
		"distribution!", object("sharing_group", object("id!", checked(isSharingGroup), "name", filled), "text", filled,
			"tlp!", object("label!", oneOf("AMBER", "AMBER+STRICT", "CLEAR", "GREEN", "RED"), "url", uri)),
		"lang", languageT, "license_expression", filled, "notes", notes, "references", references, "source_lang", languageT, "title!", filled,
		"publisher!", object("category!", oneOf("coordinator", "discoverer", "multiplier", "other", "translator", "user", "vendor"),
			"contact_details", filled, "issuing_authority", filled, "name!", filled, "namespace!", uri),
		"tracking!", tracking(dateTime), "x_extensions", extensions)
	all := object("$schema!", oneOf("https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json"), "document!", document,
		"product_tree", tree, "vulnerabilities", list(vulnerability), "x_extensions", extensions)
	return everywhere(all, map[*rule]*rule{})
}()

// ssvcRule is the schema of an SSVC selection list, version 2.0.0.
var ssvcRule = func() *rule {
	resource := list(object("summary!", &rule{kind: String}, "uri!", uri))
	value := object("definition", filled, "key!", checked(isSSVCKey), "name", filled)
	selection := object("definition", filled, "key!", checked(isSSVCKey), "name", filled, "namespace!", checked(isNamespace),
		"values!", list(value), "version!", checked(func(s string) string {
			if v, ok := parseVersion(s); !ok || !v.semantic {
				return "is not a semantic version"
			}
			return ""
		}))
	return object("decision_point_resources", resource, "references", resource, "schemaVersion!", oneOf("2.0.0"),
		"selections!", list(selection), "target_ids", set(&rule{kind: String}), "timestamp!", dateTime)
}()
