package cve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// data is a folder of reference data, without which the test is skipped.
func data(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the reference data is not here: %s", filepath.Join(parts...))
	}
	return path
}

func parsed(t *testing.T, raw string) *Document {
	t.Helper()
	d, err := Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const good = `{"providerMetadata":{"orgId":"1bb62c36-49e3-4200-9d77-64a1400537cc","shortName":"example"},
 "title":"Stack exhaustion in Example PLC","datePublic":"2026-04-01T00:00:00Z",
 "descriptions":[{"lang":"en","value":"A stack-based buffer overflow in Example PLC before 1.5 lets a remote attacker stop it by a crafted packet."},{"lang":"ja","value":"Example PLC の 1.5 より前のバージョンには、スタックベースのバッファオーバーフローがあります。"}],
 "affected":[{"vendor":"Example","product":"PLC","defaultStatus":"unaffected","versions":[{"version":"1.0","lessThan":"1.5","status":"affected","versionType":"custom"}]}],
 "problemTypes":[{"descriptions":[{"lang":"en","type":"CWE","cweId":"CWE-121","description":"CWE-121 Stack-based Buffer Overflow"}]}],
 "metrics":[{"format":"CVSS","scenarios":[{"lang":"en","value":"GENERAL"}],"cvssV3_1":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","baseScore":7.50,"baseSeverity":"HIGH"}}],
 "references":[{"url":"https://www.example.com/psirt/2026-001","tags":["vendor-advisory"]}],
 "x_note":{"kept":[1.0,1e2]}}`

func TestGoTeamsContainers(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(data(t, "cve", "go-cna"), "*.json"))
	if len(files) < 80 {
		t.Fatalf("%d files", len(files))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d := parsed(t, string(raw))
		if d.Sort != Draft {
			t.Errorf("%s: sort %d", f, d.Sort)
		}
		for _, p := range d.Check() {
			t.Errorf("%s: %v", f, p)
		}
		if again := parsed(t, string(d.Root.AppendJSON(nil))); !again.Root.Equal(d.Root) {
			t.Errorf("%s: written, it says something else", f)
		}
	}
}

func TestExamples(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(data(t, "cve", "examples"), "*.json"))
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d := parsed(t, string(raw))
		if len(d.Check()) > 0 {
			t.Errorf("%s: %v", f, d.Check())
		}
	}
}

// TestKept: what the program does not know, the order, and numbers stay.
func TestKept(t *testing.T) {
	d := parsed(t, good)
	if p := d.Check(); len(p) > 0 {
		t.Fatal(p)
	}
	out := string(d.Root.AppendJSON(nil))
	for _, want := range []string{`"x_note":{"kept":[1.0,1e2]}`, `"baseScore":7.50,`, `{"providerMetadata":`} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
}

const whole = `{"dataType":"CVE_RECORD","dataVersion":"5.2.0","cveMetadata":{"cveId":"CVE-2026-1234","assignerOrgId":"1bb62c36-49e3-4200-9d77-64a1400537cc","state":"PUBLISHED","serial":1},"containers":{"cna":` + good + `}}`
const rejection = `{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2026-1234","assignerOrgId":"1bb62c36-49e3-4200-9d77-64a1400537cc","state":"REJECTED","dateRejected":"2026-05-01T00:00:00"},"containers":{"cna":{"providerMetadata":{"orgId":"1bb62c36-49e3-4200-9d77-64a1400537cc"},"rejectedReasons":[{"lang":"en","value":"Not a vulnerability."}],"replacedBy":["CVE-2026-1235"]}}}`

func TestValid(t *testing.T) {
	for _, raw := range []string{whole, rejection, `{"cnaContainer":` + good + `}`,
		strings.TrimSuffix(whole, `}}`) + `,"adp":[{"providerMetadata":{"orgId":"1bb62c36-49e3-4200-9d77-64a1400537cc"},"title":"x"}]}}`} {
		if p := parsed(t, raw).Check(); len(p) > 0 {
			t.Errorf("%s: %v", raw, p)
		}
	}
}

// TestRefused breaks a good document in one place; the error names this place.
func TestRefused(t *testing.T) {
	long := strings.Repeat("x", 257)
	for _, c := range []struct{ in, old, new, path, says string }{
		{good, `"title":"Stack exhaustion in Example PLC"`, `"title":""`, "$.title", "at least 1"},
		{good, `"title":"Stack exhaustion in Example PLC"`, `"title":"` + long + `"`, "$.title", "257 characters"},
		{good, `"title":`, `"titel":`, "$.titel", "no such field"},
		{good, `"x_note":`, `"x_n.o":`, `$["x_n.o"]`, "full stop"},
		{good, `"orgId":"1bb62c36-49e3-4200-9d77`, `"orgId":"1bb62c36-49e3-1200-9d77`, "$.providerMetadata.orgId", "UUID, version 4"},
		{good, `2026-04-01T00:00:00Z`, `2026-02-30T00:00:00Z`, "$.datePublic", "look like"},
		{good, `2026-04-01T00:00:00Z`, `2026-04-01`, "$.datePublic", "look like"},
		{good, `{"lang":"en","value":"A stack`, `{"lang":"de","value":"A stack`, "$.descriptions", "English"},
		{good, `"defaultStatus":"unaffected"`, `"defaultStatus":"fixed"`, "$.affected[0].defaultStatus", "none of"},
		{good, `"vendor":"Example",`, ``, "$.affected[0]", "vendor and product"},
		{good, `,"versionType":"custom"`, ``, "$.affected[0].versions[0]", "versionType"},
		{good, `"lessThan":"1.5"`, `"lessThan":"1.5","lessThanOrEqual":"1.4"`, "$.affected[0].versions[0]", "both"},
		{good, `"lessThan":"1.5"`, `"changes":[{"at":"1.2","status":"unaffected"}]`, "$.affected[0].versions[0]", "changes"},
		{good, `"vendor":"Example"`, `"vendor":"Example","packageURL":"pkg:npm/x@1.0"`, "$.affected[0].packageURL", "version"},
		{good, `"vendor":"Example"`, `"vendor":"Example","cpes":["cpe:2.3:x:a:b"]`, "$.affected[0].cpes[0]", "look like"},
		{good, `"CWE-121","desc`, `"CWE-0121","desc`, "$.problemTypes[0].descriptions[0].cweId", "CWE-79"},
		{good, `"tags":["vendor-advisory"]`, `"tags":["advisory"]`, "$.references[0].tags[0]", "none of"},
		{good, `"tags":["vendor-advisory"]`, `"tags":["x_a","x_a"]`, "$.references[0].tags[1]", "the same as"},
		{good, `https://www.example.com/psirt/2026-001`, `www.example.com`, "$.references[0].url", "no URL"},
		{good, `"references":[{"url":"https://www.example.com/psirt/2026-001","tags":["vendor-advisory"]}]`, `"references":[]`, "$.references", "at least 1"},
		{good, `7.50`, `7.55`, "$.metrics[0].cvssV3_1.baseScore", "7.55"},
		{good, `7.50`, `"7.5"`, "$.metrics[0].cvssV3_1.baseScore", "type number"},
		{good, `"baseSeverity":"HIGH"`, `"baseSeverity":"LOW"`, "$.metrics[0].cvssV3_1.baseSeverity", "is HIGH"},
		{good, `/A:H"`, `/A:Q"`, "$.metrics[0].cvssV3_1.vectorString", "no vector"},
		{good, `CVSS:3.1/`, `CVSS:3.0/`, "$.metrics[0].cvssV3_1.vectorString", "version 3.0"},
		{good, `"cvssV3_1":{`, `"cvssV9":{`, "$.metrics[0]", "none of"},
		{whole, `CVE-2026-1234`, `CVE-2026-123`, "$.cveMetadata.cveId", "look like"},
		{whole, `"PUBLISHED"`, `"RESERVED"`, "$.cveMetadata.state", "PUBLISHED"},
		{whole, `"cveMetadata":`, `"cveMetadata":1,"x":`, "$.cveMetadata.state", "PUBLISHED"},
		{whole, `"serial":1`, `"serial":0`, "$.cveMetadata.serial", "whole number"},
		{whole, `"5.2.0"`, `"4.0"`, "$.dataVersion", "5.2.0"},
		{whole, `"dataType":"CVE_RECORD",`, ``, "$", "dataType is missing"},
		{rejection, `"rejectedReasons"`, `"reasons"`, "$.containers.cna", "rejectedReasons is missing"},
		{rejection, `["CVE-2026-1235"]`, `[]`, "$.containers.cna.replacedBy", "at least 1"},
	} {
		raw := strings.Replace(c.in, c.old, c.new, 1)
		if raw == c.in {
			t.Fatalf("%s is not there", c.old)
		}
		found := false
		all := parsed(t, raw).Check()
		for _, p := range all {
			found = found || p.Path == c.path && strings.Contains(p.Message.String(), c.says)
		}
		if !found {
			t.Errorf("%s → %s: %v", c.old, c.new, all)
		}
	}
}

func TestNotJSON(t *testing.T) {
	for raw, says := range map[string]string{
		"{\n \"a\": }":     "line 2, column 7",
		`{"a":1,"a":2}`:    "$.a stands twice",
		`{"a":`:            "ends in the middle",
		`{} {}`:            "something follows",
		`[1]`:              "object",
		"{\"a\":\"\xff\"}": "UTF-8",
		strings.Repeat("[", 100) + strings.Repeat("]", 100): "nested",
		strings.Repeat(" ", mostBytes+1):                    "larger",
	} {
		if _, err := Parse([]byte(raw)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v", raw, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{good, whole, rejection, `{"cnaContainer":{}}`, `{"metrics":[{"cvssV4_0":{"baseScore":1e999}}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw)
		if err != nil {
			return
		}
		problems := len(d.Check())
		again, err := Parse(d.Root.AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !again.Root.Equal(d.Root) || len(again.Check()) != problems {
			t.Fatal("written and read again, it says something else")
		}
	})
}
