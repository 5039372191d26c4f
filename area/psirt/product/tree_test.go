package product

import (
	"strings"
	"testing"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/text"
)

// sample is a made-up catalog with all there is.
func sample() *Catalog {
	return &Catalog{
		Vendor: "Kitaura Electric", VendorJA: "北浦電機",
		Families: []Family{
			{ID: "f1", Name: "MX9 Series", NameJA: "MX9シリーズ", Scheme: Scheme{Kind: Lettered}},
			{ID: "f2", Name: "Studio", Scheme: Scheme{Kind: Semver}},
		},
		Products: []Product{
			{ID: "p1", Family: "f1", Name: "FX9U", CPE: "cpe:2.3:o:kitaura:fx9u_firmware:*:*:*:*:*:*:*:*",
				Models: []Model{
					{ID: "m1", Number: "FX9U-32MT/ES", Hardware: []Hardware{{ID: "h1", Name: "Rev. A"}, {ID: "h2", Name: "Rev. B", CPE: "cpe:2.3:h:kitaura:fx9u:b:*:*:*:*:*:*:*"}}},
					{ID: "m2", Number: "FX9U-64MT/ES"}, {ID: "m3", Number: "FX9UC-32MT/DS"}, {ID: "m4", Number: "FX9UC-32MT/DSS-TS"},
				},
				Firmware: []Firmware{{ID: "v1", Version: "1.00A"}, {ID: "v2", Version: "1.04E"}, {ID: "v3", Version: "1.05F", Released: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}}},
			{ID: "p2", Family: "f2", Name: "MX Studio", Software: true, PURL: "pkg:generic/kitaura/mx-studio", CPE: "cpe:2.3:a:kitaura:mx_studio:*:*:*:*:*:*:*:*"},
			{ID: "p3", Name: "NZ-8*", Scheme: Scheme{Kind: Letters, Prefix: "Ver. "}, Models: []Model{{ID: "m5", Number: "NZ-8*"}}},
		},
	}
}

var selection = []Range{
	{Product: "p1", Pattern: "FX9U-**M*/**", Before: "1.05F"},
	{Product: "p1", Model: "m3", Versions: []string{"1.04E"}},
	{Product: "p1", Model: "m1", Hardware: "h2", Through: "Version 1.04E"},
	{Product: "p1", Model: "m2", Serials: Serials{Through: "179****"}, From: "1.00A", Before: "1.05F"},
	{Product: "p1", Model: "m4", Serials: Serials{From: "17X", Through: "17X"}},
	{Product: "p2", From: "1.0.0", Before: "1.2.0-rc.1"},
	{Product: "p2", Versions: []string{"2.0.0+b1", "2.1.0"}},
	{Product: "p3", Through: "Ver. B"},
	{Product: "p1", Before: "1.05F"},
}

// document is an advisory around a tree, in which every product has a status.
func document(t *testing.T, tree *Tree) *csaf.Document {
	t.Helper()
	d, err := csaf.Parse([]byte(`{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","lang":"en","title":"T",
		"distribution":{"tlp":{"label":"WHITE"}},"publisher":{"category":"vendor","name":"K","namespace":"https://psirt.kitaura.example"},
		"notes":[{"category":"summary","text":"s"}],"references":[{"category":"self","summary":"s","url":"https://psirt.kitaura.example/k-1.json"},{"category":"external","summary":"s","url":"https://psirt.kitaura.example/"}],
		"tracking":{"id":"K-1","status":"final","version":"1","initial_release_date":"2026-04-01T00:00:00Z","current_release_date":"2026-04-01T00:00:00Z",
		"revision_history":[{"date":"2026-04-01T00:00:00Z","number":"1","summary":"first"}]}},
		"vulnerabilities":[{"cve":"CVE-1900-0001","notes":[{"category":"description","text":"d"}],"product_status":{"known_affected":[]},"remediations":[{"category":"none_available","details":"d","product_ids":[]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	vuln := d.Edit().Get("vulnerabilities").Items()[0]
	for _, r := range selection {
		for _, id := range tree.Of(r) {
			vuln.Get("product_status", "known_affected").Append(csaf.NewText(id))
			vuln.Get("remediations").Items()[0].Get("product_ids").Append(csaf.NewText(id))
		}
	}
	return d
}

// TestTree: trees are valid, in both languages; ids stay when names change; the order
// of the selection does not matter.
func TestTree(t *testing.T) {
	for _, lang := range []text.Lang{text.EN, text.JA} {
		tree, err := sample().Tree(selection, lang)
		if err != nil {
			t.Fatal(err)
		}
		doc := document(t, tree)
		doc.Edit().Set("product_tree", tree.Value)
		valid(t, string(lang), doc)
	}
	before, err := sample().Tree(selection, text.EN)
	if err != nil {
		t.Fatal(err)
	}
	renamed := sample()
	renamed.Vendor, renamed.Families[0].Name, renamed.Products[0].Name = "Kitaura Industries", "MX9 Line", "FX9U Compact"
	after, err := renamed.Tree(selection, text.EN)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range selection {
		if a, b := before.Of(r), after.Of(r); strings.Join(a, " ") != strings.Join(b, " ") || len(a) == 0 {
			t.Errorf("%+v: %v became %v", r, a, b)
		}
	}
	turned := make([]Range, len(selection))
	for i, r := range selection {
		turned[len(selection)-1-i] = r
	}
	again, err := sample().Tree(turned, text.EN)
	if err != nil || !again.Value.Equal(before.Value) {
		t.Errorf("another order makes another tree: %v", err)
	}
}

func TestTreeNames(t *testing.T) {
	tree, err := sample().Tree(selection, text.EN)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, name := range tree.Names {
		got[name] = true
	}
	for _, want := range []string{
		"Kitaura Electric MX9 Series FX9U-32MT/ES: <1.05F",
		"Kitaura Electric MX9 Series FX9U-64MT/ES: <1.05F",
		"Kitaura Electric MX9 Series FX9UC-32MT/DS: 1.04E",
		"Kitaura Electric MX9 Series FX9U-32MT/ES firmware: <=1.04E installed on Kitaura Electric MX9 Series FX9U-32MT/ES: Rev. B",
		"Kitaura Electric MX9 Series FX9U-64MT/ES firmware: >=1.00A|<1.05F installed on Kitaura Electric MX9 Series FX9U-64MT/ES (serial number 179* and prior)",
		"Kitaura Electric MX9 Series FX9UC-32MT/DSS-TS (serial number 17X*)",
		"Kitaura Electric MX Studio: >=1.0.0|<1.2.0-rc.1", // the family Studio is in the name
		"Kitaura Electric MX Studio: 2.0.0+b1", "Kitaura Electric MX Studio: 2.1.0",
		"Kitaura Electric NZ-8*: <=B",
		"Kitaura Electric MX9 Series FX9U: <1.05F",
	} {
		if !got[want] {
			t.Errorf("no product is called %q", want)
		}
		delete(got, want)
	}
	for name := range got {
		t.Errorf("there is also %q", name)
	}
	body := string(csaf.New(tree.Value).Encode())
	for _, want := range []string{`"NZ-8\\*"`, `"17X*"`, `"cpe:2.3:o:kitaura:fx9u_firmware:1.04e:*:*:*:*:*:*:*"`, `"pkg:generic/kitaura/mx-studio@2.1.0"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the tree has no %s", want)
		}
	}
}

func TestTreeRefuses(t *testing.T) {
	twice := sample()
	twice.Products[2].Name, twice.Products[2].Family = "FX9U", "f1"
	for name, c := range map[string]struct {
		c *Catalog
		r []Range
	}{
		"unknown product":  {sample(), []Range{{Product: "x"}}},
		"unknown model":    {sample(), []Range{{Product: "p1", Model: "x"}}},
		"unknown revision": {sample(), []Range{{Product: "p1", Model: "m1", Hardware: "x"}}},
		"nothing fits":     {sample(), []Range{{Product: "p1", Pattern: "R08CPU"}}},
		"another order":    {sample(), []Range{{Product: "p2", Before: "1.05F"}}},
		"one name for two": {twice, []Range{{Product: "p1"}, {Product: "p3"}}},
	} {
		if _, err := c.c.Tree(c.r, text.EN); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
}
