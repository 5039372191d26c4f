package cve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var today = time.Date(2026, 4, 2, 9, 0, 0, 0, time.UTC)

func clauses(found []Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, f.Clause+" "+string(f.Level)+" "+f.Path+" "+f.Message.String())
	}
	return strings.Join(all, "\n")
}

func TestLint(t *testing.T) {
	if found := parsed(t, good).Lint(today); len(found) > 0 {
		t.Fatal(clauses(found))
	}
	full := strings.Replace(whole, `"serial":1`, `"serial":1,"dateReserved":"2024-03-01T00:00:00Z"`, 1)
	for _, c := range []struct{ in, old, new, want string }{
		{good, `2026-04-01T00`, `2026-04-03T00`, "5.3.1 MUST NOT $.datePublic"},
		{full, `CVE-2026-1234`, `CVE-2023-1234`, "4.2.19 SHOULD $.cveMetadata.cveId"},
		{good, `"vendor":"Example"`, `"vendor":"n/a"`, "5.1.3 MUST $.affected[0].vendor"},
		{good, `"status":"affected"`, `"status":"unaffected"`, "5.1.4 MUST $.affected"},
		{good, `"lessThan":"1.5"`, `"lessThan":"*"`, "5.1.5 SHOULD $.affected[0]"},
		{good, `"status":"affected"`, `"status":"unknown"`, "5.1.6 SHOULD $.affected[0]"},
		{good, `"version":"1.0","lessThan":"1.5","status":"affected","versionType":"custom"`, `"version":"1.5 and earlier","status":"affected"`, "5.1.2 SHOULD $.affected[0].versions[0].version"},
		{good, `"version":"1.0"`, `"version":"1.5"`, "5.1.3 MUST $.affected[0].versions[0].version"},
		{good, `"problemTypes"`, `"x_types"`, "5.1.7 MUST $.problemTypes"},
		{good, `"cweId":"CWE-121",`, ``, "5.1.7 SHOULD $.problemTypes[0].descriptions[0]"},
		{good, `"cweId":"CWE-121"`, `"cweId":"CWE-122"`, "5.1.7 MUST $.problemTypes[0].descriptions[0]"},
		{good, `"cweId":"CWE-121","description":"CWE-121 Stack-based Buffer Overflow"`, `"description":"There is not enough information"`, "5.1.7.1 SHOULD $.problemTypes[0].descriptions[0]"},
		{good, `7.50,"baseSeverity":"HIGH"`, `6.5,"baseSeverity":"MEDIUM"`, "5.1.12 MUST $.metrics[0].cvssV3_1.baseScore is 6.5, and the vector gives 7.5"},
		{good, `"baseScore"`, `"attackVector":"LOCAL","baseScore"`, "5.1.12 MUST $.metrics[0].cvssV3_1.attackVector is LOCAL, and the vector says NETWORK"},
		{good, `{"lang":"ja"`, `{"lang":"en","value":"Another stack-based overflow in Example PLC."},{"lang":"ja"`, "5.2.5 MUST $.descriptions[1]"},
		{good, `by a crafted packet.`, `by a crafted packet. Discovered by Alice Ito of Example Labs.`, "5.2.4 MUST NOT $.descriptions[0].value"},
		{good, `by a crafted packet.`, `by a crafted packet, as alice ito says."}],"credits":[{"lang":"en","value":"Alice Ito of Example Labs`, "5.2.4 MUST NOT $.descriptions[0].value"},
		{good, `by a crafted packet.`, `by a crafted packet (JVNVU#12345678).`, "5.2.11 SHOULD NOT $.descriptions[0].value"},
		{good, `by a crafted packet.`, `by a packet, a different vulnerability than CVE-2025-1234.`, "5.2.7 SHOULD NOT $.descriptions[0].value"},
		{good, `A stack-based buffer overflow in`, `[PROBLEMTYPE] in`, "5.2.1 MUST $.descriptions[0].value"},
		{good, `"x_note"`, `"tags":["disputed"],"x_note"`, "4.5.3.10 MUST $.descriptions"},
		{good, `A stack-based`, `** UNSUPPORTED WHEN ASSIGNED ** A stack-based`, "4.2.17.1 MUST $.descriptions"},
		{good, `"x_note"`, `"tags":["exclusively-hosted-service"],"x_note"`, ""},
		{strings.Replace(good, `"x_note"`, `"tags":["exclusively-hosted-service"],"x_note"`, 1), `"vendor"`, `"cpes":["cpe:2.3:h:example:plc:-:*:*:*:*:*:*:*"],"vendor"`, "5.1.11.1 MUST NOT $.affected[0]"},
		{good, `https://www.example.com/psirt/2026-001`, `https://www.cve.org/CVERecord?id=CVE-2026-1234`, "5.1.10 MUST $.references"},
		{good, `https://www.example.com/psirt/2026-001`, `https://wiki.example.internal/x`, "5.3.1 SHOULD $.references[0].url"},
		{good, `"vendor-advisory"`, `"vendor-advisory","permissions-required"`, "5.3.3.1 SHOULD NOT $.references"},
		{rejection, `Not a vulnerability.`, `** REJECT **`, "4.5.3.7 MUST $.containers.cna.rejectedReasons"},
		{rejection, `["CVE-2026-1235"]`, `["CVE-2026-1234"]`, "4.5.3.8 MUST $.containers.cna.replacedBy[0]"},
		{rejection, `Not a vulnerability."}],"replacedBy":["CVE-2026-1235"]`, `This is a duplicate."}]`, "4.5.3.8 SHOULD $.containers.cna"},
	} {
		raw := strings.Replace(c.in, c.old, c.new, 1)
		if raw == c.in {
			t.Fatalf("%s is not there", c.old)
		}
		d := parsed(t, raw)
		if p := d.Check(); len(p) > 0 {
			t.Errorf("%s: not valid: %v", c.new, p)
		}
		got := clauses(d.Lint(today))
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s → %s: %s", c.old, c.new, got)
		}
	}
}

// TestQuiet are texts that break no rule, though they hold the words of one.
func TestQuiet(t *testing.T) {
	for _, said := range []string{
		"A flaw in Example PLC can be discovered by an attacker who scans the network.",
		"It is a follow-up to CVE-2025-1234, found by A/B comparison.",
	} {
		d := parsed(t, strings.Replace(good, "by a crafted packet.", "by a crafted packet. "+said, 1))
		if found := d.Lint(today); len(found) > 0 {
			t.Errorf("%s: %s", said, clauses(found))
		}
	}
}

// TestGoTeamsRules: no record of a careful CNA breaks a binding rule.
func TestGoTeamsRules(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(data(t, "cve", "go-cna"), "*.json"))
	for _, f := range files {
		raw, _ := os.ReadFile(f)
		for _, found := range parsed(t, string(raw)).Lint(today) {
			if found.Level.Binding() {
				t.Errorf("%s: %s %s: %s", filepath.Base(f), found.Clause, found.Path, found.Message.String())
			}
		}
	}
}
