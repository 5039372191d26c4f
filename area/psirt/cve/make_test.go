package cve

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func facts() Facts {
	return Facts{
		Org: "1bb62c36-49e3-4200-9d77-64a1400537cc", OrgName: "example", Title: "Stack overflow in Example PLC", Public: today.Add(-time.Hour),
		Descriptions: []Text{{"en", "A stack-based buffer overflow in Example PLC before 1.5 lets a remote attacker stop it."}, {"ja", "Example PLC にスタックベースのバッファオーバーフローの脆弱性があります。"}},
		Products: []Product{{Vendor: "Example", Name: "PLC", Default: Unaffected, CPEs: []string{"cpe:2.3:o:example:plc_firmware:*:*:*:*:*:*:*:*"},
			Versions: []Range{{Before: "1.5"}, {From: "2.0", Before: "2.*", Changes: []Change{{"2.3", Unaffected}}}, {From: "3A", Scheme: "custom"}, {From: "4.0", Through: "4.2", Scheme: "semver"}}}},
		Weaknesses: []Weakness{{"CWE-121", []Text{{"en", "Stack-based Buffer Overflow"}}}},
		Scores:     []Score{{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}, {Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"}},
		References: []Reference{{URL: "https://www.example.com/psirt/1", Tags: []string{"vendor-advisory"}}, {URL: "https://www.example.com/psirt/1", Tags: []string{"vendor-advisory", "mitigation"}}},
		Solutions:  []Text{{"en", "Update to 1.5 or later."}}, Credits: []Credit{{Text{"en", "Alice Ito"}, "finder"}},
		Timeline: []Event{{today.Add(-48 * time.Hour), Text{"en", "Reported"}}},
		Advisory: "2026-001", Discovery: "EXTERNAL", Extra: map[string]json.RawMessage{"x_case": json.RawMessage(`{"n":1.0}`)},
	}
}

func TestMake(t *testing.T) {
	d, err := Make(facts())
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Check(); len(p) > 0 {
		t.Error(p)
	}
	if f := d.Lint(today); len(f) > 0 {
		t.Error(clauses(f))
	}
	out := string(d.Root.AppendJSON(nil))
	for _, want := range []string{
		`"versions":[{"version":"0","lessThan":"1.5","status":"affected","versionType":"custom"},{"version":"2.0","lessThan":"2.*","status":"affected","versionType":"custom","changes":[{"at":"2.3","status":"unaffected"}]},{"version":"3A","status":"affected","versionType":"custom"},{"version":"4.0","lessThanOrEqual":"4.2","status":"affected","versionType":"semver"}]`,
		`"description":"CWE-121 Stack-based Buffer Overflow"`, `"baseScore":7.5,"baseSeverity":"HIGH","attackVector":"NETWORK"`, `"baseScore":8.7`,
		`"references":[{"url":"https://www.example.com/psirt/1","tags":["vendor-advisory","mitigation"]}]`, `"x_case":{"n":1.0}`, `"datePublic":"2026-04-02T08:00:00.000Z"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nis not in\n%s", want, out)
		}
	}
	if n := len(d.CNA().List("metrics")); n != 1 {
		t.Errorf("the scores of one scenario stand in %d metrics", n)
	}
}

// TestGaps: what the facts lack is named, not invented.
func TestGaps(t *testing.T) {
	f := facts()
	f.Weaknesses, f.References, f.Extra = nil, nil, nil
	d, err := Make(f)
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Check(); len(p) != 1 || p[0].Message.String() != "references is missing" {
		t.Error(p)
	}
	if got := clauses(d.Lint(today)); !strings.Contains(got, "5.1.7 MUST") {
		t.Error(got)
	}
	f.Scores = []Score{{Vector: "CVSS:3.1/AV:N"}}
	if _, err := Make(f); err == nil {
		t.Error("half a vector was taken")
	}
	f.Scores, f.Extra = nil, map[string]json.RawMessage{"note": json.RawMessage(`1`)}
	if _, err := Make(f); err == nil || !strings.Contains(err.Error(), "x_") {
		t.Error("a field of the format was taken for an extension")
	}
}

// advisory is what TestAdvisories takes out of a CSAF document.
type advisory struct {
	Document struct {
		Title    string
		Tracking struct {
			ID      string
			Initial time.Time `json:"initial_release_date"`
		}
		References []struct{ Summary, URL string }
		Publisher  struct{ Namespace string }
	}
	Tree            struct{ Branches []branch } `json:"product_tree"`
	Vulnerabilities []struct {
		CVE    string
		CWE    struct{ ID, Name string }
		Notes  []struct{ Category, Text string }
		Status struct {
			Affected []string `json:"known_affected"`
		} `json:"product_status"`
		Scores []struct {
			V2 *struct{ VectorString string } `json:"cvss_v2"`
			V3 *struct{ VectorString string } `json:"cvss_v3"`
		}
		Remediations []struct{ Category, Details string }
	}
}

type branch struct {
	Category, Name string
	Branches       []branch
	Product        *struct {
		ID string `json:"product_id"`
	}
}

// products are the leaves of a tree with what stands above them.
func products(all []branch, vendor, name string, into map[string]Product) {
	for _, b := range all {
		v, n, r := vendor, name, Range{}
		switch b.Category {
		case "vendor":
			v = b.Name
		case "product_name":
			n = b.Name
		case "product_version", "product_version_range":
			r = rangeOf(b.Name)
		}
		if b.Product != nil {
			into[b.Product.ID] = Product{Vendor: v, Name: n, Default: Unaffected, Versions: []Range{r}}
		}
		products(b.Branches, v, n, into)
	}
}

func rangeOf(s string) Range {
	s = strings.TrimSpace(strings.TrimPrefix(s, "vers:"))
	switch {
	case s == "all/*", s == "*", s == "":
		return Range{}
	case strings.HasPrefix(s, "<="):
		return Range{Through: strings.TrimSpace(s[2:])}
	case strings.HasPrefix(s, "<"):
		return Range{Before: strings.TrimSpace(s[1:])}
	}
	if from, to, ok := strings.Cut(strings.TrimPrefix(s, ">="), "|<="); ok && strings.HasPrefix(s, ">=") {
		return Range{From: from, Through: to}
	}
	return Range{From: s}
}

// TestAdvisories makes the records of published advisories: each is valid, and
// what the rules say against it is something that the advisory lacks.
func TestAdvisories(t *testing.T) {
	root, records, gaps := data(t, "csaf", "advisories"), 0, map[string]int{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var a advisory
		if err := json.Unmarshal(raw, &a); err != nil {
			return nil // not an advisory
		}
		tree := map[string]Product{}
		products(a.Tree.Branches, "", "", tree)
		for _, v := range a.Vulnerabilities {
			if v.CVE == "" {
				continue
			}
			f := Facts{Org: "1bb62c36-49e3-4200-9d77-64a1400537cc", Title: short(a.Document.Title), Public: a.Document.Tracking.Initial, Advisory: a.Document.Tracking.ID}
			for _, n := range v.Notes {
				if n.Category == "summary" || n.Category == "description" {
					f.Descriptions = append(f.Descriptions, Text{"en", n.Text})
					break
				}
			}
			for _, id := range v.Status.Affected {
				if p, ok := tree[id]; ok && p.Vendor != "" && p.Name != "" {
					f.Products = append(f.Products, p)
				}
			}
			for _, r := range a.Document.References {
				f.References = append(f.References, Reference{URL: r.URL, Name: short(r.Summary)})
			}
			if v.CWE.ID != "" {
				f.Weaknesses = []Weakness{{v.CWE.ID, []Text{{"en", v.CWE.Name}}}}
			}
			for _, s := range v.Scores {
				for _, one := range []*struct{ VectorString string }{s.V2, s.V3} {
					if one != nil && len(f.Scores) == 0 {
						f.Scores = []Score{{Vector: one.VectorString}}
					}
				}
			}
			d, err := Make(f)
			if err != nil {
				t.Errorf("%s %s: %v", path, v.CVE, err)
				continue
			}
			records++
			for _, p := range d.Check() {
				gaps["not valid: "+p.Message.String()]++
			}
			for _, p := range d.Lint(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
				gaps[p.Clause+" "+string(p.Level)+" "+p.Message.Key]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if records == 0 {
		t.Fatal("no record was made")
	}
	t.Logf("%d records, gaps: %v", records, gaps)
	known := []string{"descriptions is missing", "affected is missing", "of which %d are allowed", "4096 are allowed", "SHOULD", "5.1.7 MUST the type", "5.2.4 MUST NOT"}
	for gap := range gaps {
		named := false
		for _, k := range known {
			named = named || strings.Contains(gap, k)
		}
		if !named {
			t.Errorf("%d records: %s", gaps[gap], gap)
		}
	}
}
