package csaf

// The schemas of both versions, and what they share.

var (
	uri       = checked(isURI)
	dateTime  = checked(isDateTime)
	versionT  = checked(isVersion)
	languageT = checked(isLanguageTag)
	products  = set(filled)
	texts     = list(filled)

	acknowledgments = list(object("names", texts, "organization", filled, "summary", filled, "urls", list(uri)).count(1, 0))
	references      = list(object("category", oneOf("external", "self"), "summary!", filled, "url!", uri))
	engine          = object("name!", filled, "version", filled)
	relation        = oneOf("default_component_of", "external_component_of", "installed_on", "installed_with", "optional_component_of")
	noteCategory    = oneOf("description", "details", "faq", "general", "legal_disclaimer", "other", "summary")
	noteT           = object("audience", filled, "category!", noteCategory, "text!", filled, "title", filled)
	involvementT    = object("date", dateTime, "party!", oneOf("coordinator", "discoverer", "other", "user", "vendor"),
		"status!", oneOf("completed", "contact_attempted", "disputed", "in_progress", "not_contacted", "open"), "summary", filled)
	flagT = object("date", dateTime, "group_ids", products, "product_ids", products,
		"label!", oneOf(justifications...))
	threatT = object("category!", oneOf("exploit_status", "impact", "target_set"), "date", dateTime, "details!", filled,
		"group_ids", products, "product_ids", products)
	restart = object("details", filled, "category!", oneOf("connected", "dependencies", "machine", "none", "parent", "service",
		"system", "vulnerable_component", "zone"))
	statusT = object("first_affected", products, "first_fixed", products, "fixed", products, "known_affected", products,
		"known_not_affected", products, "last_affected", products, "recommended", products, "under_investigation", products).count(1, 0)
	groups = list(object("group_id!", filled, "product_ids!", set(filled).count(2, 0), "summary", filled))
)

// justifications are the VEX justification codes, which 2.0 calls labels of flags.
var justifications = []string{"component_not_present", "inline_mitigations_already_exist",
	"vulnerable_code_cannot_be_controlled_by_adversary", "vulnerable_code_not_in_execute_path", "vulnerable_code_not_present"}

// branch makes the rule of the product tree's branches, which holds itself.
func branch(product *rule, categories ...string) *rule {
	r := object("category!", oneOf(categories...), "name!", filled, "product", product).count(3, 3)
	branches := list(r)
	r.fields["branches"] = &field{branches, false}
	return branches
}

func tracking(date *rule) *rule {
	return object("aliases", set(filled), "current_release_date!", date, "generator", object("date", date, "engine!", engine),
		"id!", checked(isID), "initial_release_date!", date, "status!", oneOf("draft", "final", "interim"), "version!", versionT,
		"revision_history!", list(object("date!", date, "legacy_version", filled, "number!", versionT, "summary!", filled)))
}

var schema20 = func() *rule {
	fileHash := object("algorithm!", filled, "value!", checked(isHash))
	helper := object("cpe", checked(isCPE), "hashes", list(object("file_hashes!", list(fileHash), "filename!", filled)),
		"model_numbers", set(filled), "purl", checked(isPURLShape("aA", ".-+")), "sbom_urls", list(uri), "serial_numbers", set(filled),
		"skus", texts, "x_generic_uris", list(object("namespace!", uri, "uri!", uri))).count(1, 0)
	product := object("name!", filled, "product_id!", filled, "product_identification_helper", helper)
	tree := object("branches", branch(product, "architecture", "host_name", "language", "legacy", "patch_level", "product_family",
		"product_name", "product_version", "product_version_range", "service_pack", "specification", "vendor"),
		"full_product_names", list(product), "product_groups", groups,
		"relationships", list(object("category!", relation, "full_product_name!", product, "product_reference!", filled,
			"relates_to_product_reference!", filled))).count(1, 0)
	remediation := object("category!", oneOf("mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"),
		"date", dateTime, "details!", filled, "entitlements", texts, "group_ids", products, "product_ids", products,
		"restart_required", restart, "url", uri)
	vulnerability := object("acknowledgments", acknowledgments, "cve", checked(isCVE),
		"cwe", object("id!", checked(isCWE), "name!", filled), "discovery_date", dateTime, "flags", set(flagT),
		"ids", set(object("system_name!", filled, "text!", filled)), "involvements", set(involvementT), "notes", list(noteT),
		"product_status", statusT, "references", references, "release_date", dateTime, "remediations", list(remediation),
		"scores", list(object("cvss_v2", cvss2, "cvss_v3", cvss3, "products!", products).count(2, 0)),
		"threats", list(threatT), "title", filled).count(1, 0)
	document := object("acknowledgments", acknowledgments, "aggregate_severity", object("namespace", uri, "text!", filled),
		"category!", checked(isTrimmed), "csaf_version!", oneOf("2.0"),
		"distribution", object("text", filled, "tlp", object("label!", oneOf("AMBER", "GREEN", "RED", "WHITE"), "url", uri)).count(1, 0),
		"lang", languageT, "notes", list(noteT), "references", references, "source_lang", languageT, "title!", filled,
		"publisher!", object("category!", oneOf("coordinator", "discoverer", "other", "translator", "user", "vendor"),
			"contact_details", filled, "issuing_authority", filled, "name!", filled, "namespace!", uri),
		"tracking!", tracking(dateTime))
	return object("document!", document, "product_tree", tree, "vulnerabilities", list(vulnerability))
}()
