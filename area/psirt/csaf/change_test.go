package csaf

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/kernel/text"
)

const advisory20 = `{
 "document": {"category": "csaf_security_advisory", "csaf_version": "2.0", "lang": "en", "title": "AE-2026-7: Stack <overflow> in AE-5",
  "distribution": {"tlp": {"label": "WHITE"}},
  "notes": [{"category": "legal_disclaimer", "text": "CC-BY-4.0", "title": "License"}, {"category": "summary", "text": "One *two*\n\nthree"}],
  "publisher": {"category": "vendor", "name": "Aoba Electric", "namespace": "https://example.com"},
  "references": [{"category": "self", "summary": "Here", "url": "https://example.com/ae-2026-7.json"}, {"summary": "Odd", "url": "javascript:alert(1)"}],
  "tracking": {"current_release_date": "2026-06-30T23:59:60Z", "id": "AE-2026-7", "initial_release_date": "2026-05-01T00:00:00Z",
   "revision_history": [{"date": "2026-05-01T00:00:00Z", "number": "1", "summary": "First"}, {"date": "2026-06-30T23:59:59Z", "number": "2", "summary": "Second"}],
   "status": "final", "version": "2"}},
 "product_tree": {
  "branches": [{"category": "vendor", "name": "Aoba", "branches": [{"category": "product_name", "name": "AE-5", "branches": [
    {"category": "product_version_range", "name": "<2.0", "product": {"name": "AE-5 before 2.0", "product_id": "old", "product_identification_helper": {"model_numbers": ["AE5\\x", "A*B"], "purl": "pkg:generic/ae5"}}},
    {"category": "product_version", "name": "2.0", "product": {"name": "AE-5 2.0", "product_id": "new", "product_identification_helper": {"hashes": [{"filename": "f", "file_hashes": [{"algorithm": "SHA-256", "value": "AA6A37919B182EF7C63791E82C9645E2F897A3F0B73C7A6028C7FEBF62E93838"}]}]}}}]},
   {"category": "legacy", "name": "AE-4", "product": {"name": "AE-4", "product_id": "four"}}]}],
  "relationships": [{"category": "installed_on", "full_product_name": {"name": "AE-5 2.0 on AE-4", "product_id": "both"}, "product_reference": "new", "relates_to_product_reference": "four"}],
  "product_groups": [{"group_id": "g", "product_ids": ["old", "new"]}]},
 "vulnerabilities": [{"cve": "CVE-2026-1000", "cwe": {"id": "CWE-787", "name": "Out-of-bounds Write"}, "release_date": "2026-05-01T00:00:00Z",
  "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["four"]}],
  "notes": [{"category": "description", "text": "An attacker writes."}],
  "product_status": {"known_affected": ["old"], "fixed": ["new"], "known_not_affected": ["four"], "recommended": ["both"]},
  "references": [{"summary": "CVSS 4.0", "url": "https://www.first.org/cvss/calculator/4.0#CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}],
  "remediations": [{"category": "vendor_fix", "details": "Update to 2.0.", "group_ids": ["g"], "url": "https://example.com/fix"}],
  "scores": [{"cvss_v3": {"version": "3.1", "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "baseScore": 9.8, "baseSeverity": "CRITICAL"}, "products": ["old"]}],
  "x_own": 1}]}`

func read(t *testing.T, s string) *Document {
	t.Helper()
	d, err := Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDiff(t *testing.T) {
	older := read(t, advisory20)
	if changes := Diff(older, older); len(changes) > 0 {
		t.Errorf("it differs from itself: %v", changes)
	}
	newer := older.Edit().Clone()
	revisions := newer.Get("document", "tracking", "revision_history")
	revisions.items = append([]*Value{NewObject().SetText("number", "3").SetText("summary", "Third")}, revisions.items...) // on top: shifts the others
	tree := newer.Get("product_tree", "branches").items[0].Get("branches").items[0].Get("branches")
	slices.Reverse(tree.items) // another order is no change
	tree.items[0].Get("product").SetText("name", "AE-5 version 2.0")
	newer.Get("vulnerabilities").items[0].Delete("scores")
	newer.Get("document").Delete("lang")
	var got []string
	for _, c := range Diff(older, New(newer)) {
		got = append(got, c.Kind+" "+c.Path+" "+c.Before+">"+c.After)
	}
	want := []string{
		`added /document/tracking/revision_history/0 >{ "number": "3", "summary": "Third" }`,
		`removed /document/lang en>`,
		`changed /product_tree/branches/0/branches/0/branches/0/product/name AE-5 2.0>AE-5 version 2.0`,
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("not told: %s", w)
		}
	}
	if len(got) != 4 || !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "removed /vulnerabilities/0/scores ") }) {
		t.Errorf("told: %q", got)
	}
}

func TestConvert(t *testing.T) {
	d := read(t, advisory20)
	before := string(d.Encode())
	out, warnings, err := d.Convert(Conversion{Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if string(d.Encode()) != before {
		t.Error("the original was changed")
	}
	report := out.Validate(Options{Level: Extended, Now: suiteNow})
	if !report.Valid() {
		t.Errorf("the result is not valid: %v", report.Schema)
		for _, r := range report.Results {
			if !r.OK && r.Test.Group == Mandatory {
				t.Errorf("%s %v", r.Test.ID, r.Errors)
			}
		}
	}
	for path, want := range map[string]string{
		"document/title": "Stack <overflow> in AE-5", "document/license_expression": "CC-BY-4.0", "document/distribution/tlp/label": "CLEAR",
		"document/tracking/current_release_date": "2026-06-30T23:59:59.999999Z", "vulnerabilities/*/disclosure_date": "2026-05-01T00:00:00Z",
		"vulnerabilities/*/cwes/*/version": "4.17", "product_tree/product_paths/*/subpaths/*/next_product_reference": "four",
	} {
		found := ""
		follow(out.root, strings.Split(path, "/"), "", func(_, s string) { found = s })
		if found != want {
			t.Errorf("%s = %q, want %q", path, found, want)
		}
	}
	vuln := out.Get("vulnerabilities").Items()[0]
	var remedies []string
	for _, r := range vuln.Get("remediations").Items() {
		remedies = append(remedies, r.Get("category").Text()+" "+strings.Join(r.Get("product_ids").Texts(), " "))
	}
	if !slices.Equal(remedies, []string{"vendor_fix old", "optional_patch new"}) {
		t.Errorf("remediations are %q", remedies)
	}
	metrics := vuln.Get("metrics").Items()
	if len(metrics) != 2 || metrics[1].Get("content", "cvss_v4", "baseScore").Literal() != "9.3" {
		t.Errorf("metrics are %s", brief(vuln.Get("metrics")))
	}
	leaves := out.Get("product_tree", "branches").Items()[0].Get("branches").Items()[0].Get("branches").Items()
	helper := leaves[0].Get("product", "product_identification_helper")
	if got := helper.Get("model_numbers").Texts(); !slices.Equal(got, []string{`AE5\\x*`}) {
		t.Errorf("model numbers are %q", got)
	}
	if got := helper.Get("purls").Texts(); !slices.Equal(got, []string{"pkg:generic/ae5"}) {
		t.Errorf("purls are %q", got)
	}
	if got := leaves[1].Get("product", "product_identification_helper", "hashes").Items()[0].Get("file_hashes").Items()[0]; got.Get("algorithm").Text() != "sha256" || !strings.HasPrefix(got.Get("value").Text(), "aa6a") {
		t.Errorf("the hash is %s", brief(got))
	}
	for _, want := range []string{"/vulnerabilities/0/x_own", "/product_tree/branches/0/branches/1", "/document/title", "/document/tracking/current_release_date"} {
		if !slices.ContainsFunc(warnings, func(p Problem) bool { return p.Path == want }) {
			t.Errorf("no warning for %s: %v", want, warnings)
		}
	}
	if _, _, err := out.Convert(Conversion{}); err == nil {
		t.Error("a document of 2.1 was converted")
	}
}

// TestConvertAdvisories: what real advisories become follows the schema of 2.1, and
// the only mandatory tests they fail are about what 2.1 demands of their content.
func TestConvertAdvisories(t *testing.T) {
	need(t, "advisories")
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	failed := map[string]int{}
	valid := 0
	for name, data := range advisories() {
		d, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := d.Convert(Conversion{Now: now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		report := out.Validate(Options{})
		if !report.SchemaOK {
			t.Errorf("%s: %v", name, report.Schema)
		}
		if report.Valid() {
			valid++
		}
		for _, r := range report.Results {
			if !r.OK {
				failed[r.Test.ID]++
			}
		}
	}
	t.Logf("%d of %d are valid; tests failed: %v", valid, len(advisories()), failed)
	for id := range failed {
		switch id {
		case "6.1.50", "6.1.35", "6.1.36", "6.1.57", "6.1.58", "6.1.59":
		default:
			t.Errorf("%d fail %s", failed[id], id)
		}
	}
}

func TestVEX(t *testing.T) {
	d := read(t, advisory20)
	out, err := d.VEX("AE-2026-7-VEX", "AE-5", "old", "four")
	if err != nil {
		t.Fatal(err)
	}
	if report := out.Validate(Options{}); !report.Valid() {
		t.Errorf("the statement is not valid: %v %v", report.Schema, report.Results)
	}
	text := string(out.Bytes())
	if strings.Contains(text, `"both"`) || strings.Contains(text, `"new"`) || !strings.Contains(text, `"csaf_vex"`) {
		t.Errorf("it is\n%s", text)
	}
	if _, err := d.VEX("", "", "nobody"); err == nil {
		t.Error("a product that is not there")
	}
	d.Edit().Get("vulnerabilities").items[0].Delete("flags")
	if _, err := d.VEX("", "", "four"); err == nil || !strings.Contains(err.Error(), "why the product four is not affected") {
		t.Errorf("without a reason: %v", err)
	}
}

func TestRender(t *testing.T) {
	d := read(t, advisory20)
	tokyo := time.FixedZone("JST", 9*3600)
	for lang, words := range map[text.Lang][]string{text.EN: {"What to do", "Affected", "<html lang=\"en\">"}, text.JA: {"対策", "影響あり", "<html lang=\"ja\">"}} {
		var page bytes.Buffer
		if err := d.HTML(&page, lang, tokyo, ""); err != nil {
			t.Fatal(err)
		}
		html := page.String()
		for _, want := range append(words, "Stack &lt;overflow&gt;", "2026-05-01 09:00 JST", `href="https://example.com/fix"`, "CVE-2026-1000", "@media print") {
			if !strings.Contains(html, want) {
				t.Errorf("%s: the page lacks %q", lang, want)
			}
		}
		if strings.Contains(html, `href="javascript`) || strings.Contains(html, "<overflow>") || strings.Contains(html, "<script") {
			t.Errorf("%s: the page has what it must not", lang)
		}
	}
	var linked bytes.Buffer
	if err := d.HTML(&linked, text.EN, tokyo, "/advisory.css"); err != nil || strings.Contains(linked.String(), "<style") || !strings.Contains(linked.String(), `<link rel="stylesheet" href="/advisory.css">`) {
		t.Errorf("with a stylesheet: %v", err)
	}
	var b bytes.Buffer
	if err := d.Markdown(&b, text.JA, tokyo); err != nil {
		t.Fatal(err)
	}
	md := b.String()
	for _, want := range []string{"# AE\\-2026\\-7: Stack \\<overflow\\> in AE\\-5\n", "\n## 製品\n", "One \\*two\\*\n\nthree\n", "| 9.8 CRITICAL (CVSS 3.1) | CVSS:3.1/AV:N/", "- **修正**\n", "\n  <https://example.com/fix>\n"} {
		if !strings.Contains(md, want) {
			t.Errorf("the Markdown lacks %q:\n%s", want, md)
		}
	}
	if strings.Contains(md, "\n\n\n") {
		t.Error("empty lines follow each other")
	}
}
