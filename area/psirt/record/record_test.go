package record

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/psirt/csaf"
)

const page = "https://www.example.com/en/advisories/ae-2026-7.html"

const advisory = `{"document":{"lang":"en","title":"Weak door in AE-5","acknowledgments":[{"names":["Sato Hanako"],"organization":"Finder Lab"}],
"publisher":{"category":"vendor","name":"Aoba Electric"},"references":[{"summary":"More","url":"https://www.aoba.example/more"}],
"tracking":{"id":"AE-2026-7","initial_release_date":"2026-05-01T09:00:00+09:00"}},
"product_tree":{"branches":[{"category":"vendor","name":"Aoba","branches":[{"category":"product_name","name":"AE-5","branches":[
{"category":"product_version_range","name":"vers:intdot/>=1.0|<2.0","product":{"name":"AE-5","product_id":"old","product_identification_helper":{"cpe":"cpe:2.3:o:aoba:ae-5:*:*:*:*:*:*:*:*"}}},
{"category":"product_version","name":"2.0","product":{"name":"AE-5 2.0","product_id":"new"}}]},
{"category":"product_name","name":"AE-6","product":{"name":"AE-6","product_id":"six"}}]}]},
"vulnerabilities":[{"cve":"CVE-2026-1000","cwe":{"id":"CWE-787","name":"Out-of-bounds Write"},"notes":[{"category":"description","text":"A door in AE-5 stands open."}],
"product_status":{"known_affected":["old"],"fixed":["new"],"known_not_affected":["six"]},"remediations":[{"category":"vendor_fix","details":"Update to 2.0."}],
"scores":[{"cvss_v3":{"vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]}]}`

func read(t *testing.T, s string) *csaf.Document {
	t.Helper()
	d, err := csaf.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMakeAndDisagree(t *testing.T) {
	d := read(t, advisory)
	r, err := Make(d, "CVE-2026-1000", page)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Check() {
		if p.Message.String() != "providerMetadata is missing" { // the service fills it in
			t.Error(p)
		}
	}
	for _, f := range r.Lint(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)) {
		if f.Level.Binding() {
			t.Error(f)
		}
	}
	out := string(r.Root.AppendJSON(nil))
	for _, want := range []string{`"vendor":"Aoba","product":"AE-5","cpes":["cpe:2.3:o:aoba:ae-5:*:*:*:*:*:*:*:*"],"defaultStatus":"unaffected","versions":[{"version":"1.0","lessThan":"2.0","status":"affected","versionType":"custom"}`,
		`"vendor":"Aoba","product":"AE-6","defaultStatus":"unaffected"}`, `"cweId":"CWE-787"`, `"datePublic":"2026-05-01T00:00:00.000Z"`, `"value":"Sato Hanako (Finder Lab)"`, page} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nis not in\n%s", want, out)
		}
	}
	if diff := Disagree(d, "CVE-2026-1000", r, page); len(diff) > 0 {
		t.Error(diff)
	}
	for field, edit := range map[string][2]string{
		"weakness": {"CWE-787", "CWE-121"}, "score": {"/PR:N", "/PR:L"}, "product": {`"name":"AE-5","branches"`, `"name":"AE-55","branches"`},
		"version": {"<2.0", "<2.1"}, "date": {"2026-05-01", "2026-05-02"},
	} {
		diff := Disagree(read(t, strings.Replace(advisory, edit[0], edit[1], 1)), "CVE-2026-1000", r, page)
		if len(diff) == 0 || slices.ContainsFunc(diff, func(x Difference) bool { return x.Field != field }) {
			t.Errorf("%s: %v", field, diff)
		}
	}
	if diff := Disagree(d, "CVE-2026-1000", r, page+"x"); len(diff) != 1 || diff[0].Field != "reference" {
		t.Error(diff)
	}
	if _, err := Make(d, "CVE-2026-9999", page); err == nil {
		t.Error("a record of what is not in the advisory")
	}
}

// TestAdvisories: the records of real advisories are valid, or lack what the advisory
// lacks, and agree with it.
func TestAdvisories(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..", "shared", "data", "csaf", "advisories")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the real advisories are not beside the repository")
	}
	records, gaps := 0, map[string]int{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		d := read(t, string(raw))
		for _, id := range IDs(d) {
			r, err := Make(d, id, page)
			if err != nil {
				gaps[err.Error()]++
				continue
			}
			records++
			for _, p := range r.Check() {
				gaps[p.Path+p.Message.String()]++
			}
			for _, x := range Disagree(d, id, r, page) {
				t.Errorf("%s: %+v", path, x)
			}
		}
		return nil
	})
	if err != nil || records < 500 {
		t.Fatal(records, err)
	}
	if delete(gaps, "$providerMetadata is missing"); len(gaps) > 0 { // which the service fills in
		t.Errorf("%d records: %v", records, gaps)
	}
}
