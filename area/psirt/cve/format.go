package cve

import (
	"slices"
	"strings"

	"yagura/kernel/text"
)

// The record format 5.2 as rules. What 5.1 had is valid still; 5.2 added the
// package URL of a product.

var (
	cveID     = pattern(idPattern.String(), "CVE-2026-12345")
	uuid4     = pattern(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$`, "1b671a64-40d5-491e-99b0-da01ff1f3341 (UUID, version 4)")
	shortName = length(2, 32)
	lang      = pattern(`^[A-Za-z]{2,4}([_-][A-Za-z]{4})?([_-]([A-Za-z]{2}|[0-9]{3}))?$`, "en, ja, zh-Hans-CN")
	version   = length(1, 1024)
	status    = oneOf("affected", "unaffected", "unknown")
	extraTag  = "x_"

	provider = object{needs: "orgId", fields: fields{"orgId": uuid4, "shortName": shortName, "dateUpdated": moment}}.rule

	media = object{needs: "type value", fields: fields{"type": length(1, 256), "base64": boolean, "value": length(1, 16384)}}.rule
	prose = object{needs: "lang value", fields: fields{"lang": lang, "value": length(1, 4096), "supportingMedia": array(1, 0, true, media)}}.rule
	// proses say the same in several languages, or several things; descriptions
	// must hold English.
	proses       = array(1, 0, true, prose)
	descriptions = all(proses, english)

	reference = object{needs: "url", fields: fields{"url": address, "name": length(1, 512), "tags": array(1, 0, true, tag(
		"broken-link", "customer-entitlement", "exploit", "government-resource", "issue-tracking", "mailing-list", "mitigation",
		"not-applicable", "patch", "permissions-required", "media-coverage", "product", "related", "release-notes", "signature",
		"technical-description", "third-party-advisory", "vendor-advisory", "vdb-entry"))}}.rule
	references = array(1, 512, true, reference)

	change       = object{needs: "at status", fields: fields{"at": version, "status": status}}.rule
	versionRange = object{needs: "version status", fields: fields{
		"version": version, "status": status, "versionType": length(1, 128), "lessThan": version, "lessThanOrEqual": version,
		"changes": array(1, 0, true, change),
	}, also: wholeRange}.rule
	routine = object{needs: "name", fields: fields{"name": length(1, 4096)}}.rule
	product = object{open: true, fields: fields{
		"vendor": length(1, 512), "product": length(1, 2048), "collectionURL": address, "packageName": length(1, 2048),
		"packageURL": all(address, packageURL), "cpes": array(0, 0, true, cpeName(true)), "modules": array(0, 0, true, length(1, 4096)),
		"programFiles": array(0, 0, true, length(1, 1024)), "programRoutines": array(0, 0, true, routine),
		"platforms": array(1, 0, true, length(0, 1024)), "repo": address, "defaultStatus": status,
		"versions": array(1, 0, true, versionRange),
	}, also: named}.rule
	affected = array(1, 0, false, product)

	cpeMatch = object{needs: "vulnerable criteria", fields: fields{"vulnerable": boolean, "criteria": cpeName(false), "matchCriteriaId": uuid4,
		"versionStartExcluding": version, "versionStartIncluding": version, "versionEndExcluding": version, "versionEndIncluding": version}}.rule
	operator  = oneOf("AND", "OR")
	cpeNode   = ifObject(object{open: true, needs: "operator cpeMatch", fields: fields{"operator": operator, "negate": boolean, "cpeMatch": array(0, 0, false, cpeMatch)}}.rule)
	cpeChoice = ifObject(object{open: true, needs: "nodes", fields: fields{"operator": operator, "negate": boolean, "nodes": array(0, 0, false, cpeNode)}}.rule)

	problemTypes = array(1, 0, true, object{needs: "descriptions", fields: fields{"descriptions": array(1, 0, true, object{needs: "lang description", fields: fields{
		"lang": lang, "description": length(1, 4096), "cweId": all(length(5, 9), pattern(`^CWE-[1-9][0-9]*$`, "CWE-79")), "type": length(1, 128), "references": references,
	}}.rule)}}.rule)
	impacts = array(1, 0, true, object{needs: "descriptions", fields: fields{
		"capecId": all(length(7, 11), pattern(`^CAPEC-[1-9][0-9]{0,4}$`, "CAPEC-63")), "descriptions": descriptions}}.rule)
	timeline = array(1, 0, true, object{needs: "time lang value", fields: fields{"time": moment, "lang": lang, "value": length(1, 4096)}}.rule)
	credits  = array(1, 0, true, object{needs: "lang value", fields: fields{"lang": lang, "value": length(1, 4096), "user": uuid4,
		"type": oneOf(CreditTypes...)}}.rule)
	taxonomies = array(1, 0, true, object{needs: "taxonomyName taxonomyRelations", fields: fields{
		"taxonomyName": length(1, 128), "taxonomyVersion": length(1, 128),
		"taxonomyRelations": array(1, 0, true, object{needs: "taxonomyId relationshipName relationshipValue", fields: fields{
			"taxonomyId": length(1, 2048), "relationshipName": length(1, 128), "relationshipValue": length(1, 2048)}}.rule)}}.rule)
)

// CreditTypes are the parts that a credited party may have had; the first is
// meant where none is given.
var CreditTypes = []string{"finder", "reporter", "analyst", "coordinator", "remediation developer", "remediation reviewer", "remediation verifier", "tool", "sponsor", "other"}

// CNATags are the tags of a whole record (CNA Rules 5.1.11).
var CNATags = []string{"unsupported-when-assigned", "exclusively-hosted-service", "disputed"}

// common are the fields that both sorts of public containers have.
func common(more fields) fields {
	f := fields{
		"providerMetadata": provider, "datePublic": moment, "title": length(1, 256), "descriptions": descriptions,
		"affected": affected, "cpeApplicability": array(0, 0, false, cpeChoice), "problemTypes": problemTypes, "references": references,
		"impacts": impacts, "metrics": metrics, "configurations": proses, "workarounds": proses, "solutions": proses, "exploits": proses,
		"timeline": timeline, "credits": credits, "source": source, "taxonomyMappings": taxonomies,
	}
	for name, r := range more {
		f[name] = r
	}
	return f
}

var (
	published = object{extended: true, needs: "providerMetadata descriptions affected references",
		fields: common(fields{"dateAssigned": moment, "tags": array(1, 0, true, tag(CNATags...))})}.rule
	rejected = object{extended: true, needs: "providerMetadata rejectedReasons",
		fields: fields{"providerMetadata": provider, "rejectedReasons": descriptions, "replacedBy": array(1, 0, true, cveID)}}.rule
	additional = object{extended: true, needs: "providerMetadata", fields: common(fields{"tags": array(1, 0, true, tag("disputed"))}),
		also: func(f *form, n *Node, path string) {
			if len(n.Members) < 2 {
				f.wrong(path, text.M("says nothing besides who provides it"))
			}
		}}.rule

	dates           = fields{"dateReserved": moment, "datePublished": moment, "dateUpdated": moment}
	publishedRecord = record("PUBLISHED", fields{"requesterUserId": uuid4}, object{needs: "cna", fields: fields{"cna": published, "adp": array(1, 0, true, additional)}})
	rejectedRecord  = record("REJECTED", fields{"dateRejected": moment}, object{needs: "cna", fields: fields{"cna": rejected, "adp": array(1, 0, true, additional)}})
)

func record(state string, more fields, containers object) rule {
	meta := fields{"cveId": cveID, "assignerOrgId": uuid4, "assignerShortName": shortName, "serial": serial, "state": oneOf(state)}
	for _, set := range []fields{dates, more} {
		for name, r := range set {
			meta[name] = r
		}
	}
	return object{needs: "dataType dataVersion cveMetadata containers", fields: fields{
		"dataType": oneOf("CVE_RECORD"), "dataVersion": pattern(`^5\.(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))?$`, "5.2.0"),
		"cveMetadata": object{needs: "cveId assignerOrgId state", fields: meta}.rule, "containers": containers.rule,
	}}.rule
}

func source(f *form, n *Node, path string) {
	if is(f, n, path, Object) && len(n.Members) == 0 {
		f.wrong(path, text.M("is empty"))
	}
}

func tag(known ...string) rule {
	extension := all(length(2, 128))
	return func(f *form, n *Node, path string) {
		if n.Kind == String && strings.HasPrefix(n.Text, extraTag) {
			extension(f, n, path)
			return
		}
		oneOf(known...)(f, n, path)
	}
}

// ifObject applies a rule to objects alone: the format says nothing of what else
// may stand there.
func ifObject(r rule) rule {
	return func(f *form, n *Node, path string) {
		if n.Kind == Object {
			r(f, n, path)
		}
	}
}

// isEnglish tells whether a language is English, of whatever script and country.
func isEnglish(l string) bool {
	return l == "en" || strings.HasPrefix(l, "en-") || strings.HasPrefix(l, "en_")
}

func english(f *form, n *Node, path string) {
	if n.Kind == Array && !slices.ContainsFunc(n.Items, func(d *Node) bool { return isEnglish(d.Str("lang")) }) {
		f.wrong(path, text.M("must hold one in English (lang: en)"))
	}
}

// wholeRange: a version alone needs its status; a range needs its end, and the
// scheme by which versions are ordered; changes happen within a range.
func wholeRange(f *form, n *Node, path string) {
	has := func(name string) bool { return n.Get(name) != nil }
	ended := has("lessThan") || has("lessThanOrEqual")
	switch {
	case has("lessThan") && has("lessThanOrEqual"):
		f.wrong(path, text.M("has both lessThan and lessThanOrEqual, of which one ends a range"))
	case ended && !has("versionType"):
		f.wrong(path, text.M("is a range and has no versionType, by which its versions are ordered"))
	case has("changes") && !ended:
		f.wrong(path, text.M("has changes, yet no lessThan or lessThanOrEqual, within which they are"))
	}
}

// named: a product has a name in one of two ways, and says what is affected.
func named(f *form, n *Node, path string) {
	has := func(name string) bool { return n.Get(name) != nil }
	if !(has("vendor") && has("product") || has("collectionURL") && has("packageName")) {
		f.wrong(path, text.M("needs vendor and product, or collectionURL and packageName"))
	}
	if !has("versions") && !has("defaultStatus") {
		f.wrong(path, text.M("needs versions or a defaultStatus"))
	}
}

// packageURL: the versions of a package stand in versions, not in its URL.
func packageURL(f *form, n *Node, path string) {
	if n.Kind != String {
		return
	}
	name, _, _ := strings.Cut(n.Text, "#")
	name, _, _ = strings.Cut(name, "?")
	rest, ok := strings.CutPrefix(name, "pkg:")
	if kind, pkg, cut := strings.Cut(strings.TrimLeft(rest, "/"), "/"); !ok || !cut || kind == "" || pkg == "" {
		f.wrong(path, text.M("%q does not look like %s", short(n.Text), "pkg:maven/org.example/library"))
	} else if strings.Contains(pkg[strings.LastIndexByte(pkg, '/')+1:], "@") {
		f.wrong(path, text.M("must not hold a version: those stand in versions"))
	}
}
