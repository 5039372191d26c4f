package cvss

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const shared = "../../../../shared/data"

func need(t *testing.T, path string) string {
	t.Helper()
	path = filepath.Join(shared, path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here", path)
	}
	return path
}

// TestBaseOf4 compares with scores of the corrected public calculator.
func TestBaseOf4(t *testing.T) {
	f, err := os.Open(need(t, "cvss/v4-base-sample.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		text, want, ok := strings.Cut(s.Text(), " ")
		if !ok {
			continue
		}
		lines++
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := strconv.FormatFloat(v.Score(), 'f', 1, 64); got != want || v.String() != text {
			t.Errorf("%s = %s, want %s; written again %s", text, got, want, v)
		}
	}
	if lines < 1000 {
		t.Errorf("only %d vectors", lines)
	}
}

// TestAdvisories compares with the scores that makers and CISA published.
func TestAdvisories(t *testing.T) {
	root := need(t, "csaf/advisories")
	seen := map[Version]int{}
	check := func(path string, raw json.RawMessage) {
		var s struct {
			Vector   string  `json:"vectorString"`
			Score    float64 `json:"baseScore"`
			Severity string  `json:"baseSeverity"`
		}
		if len(raw) == 0 {
			return
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		v, err := Parse(s.Vector)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		seen[v.Version()]++
		if v.BaseScore() != s.Score {
			t.Errorf("%s: %s = %v, published %v", path, s.Vector, v.BaseScore(), s.Score)
		}
		if s.Severity != "" && s.Severity != Severity(v.Version(), s.Score) {
			t.Errorf("%s: %v is %s, published %s", path, s.Score, Severity(v.Version(), s.Score), s.Severity)
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var doc struct {
			Vulnerabilities []struct {
				Scores []struct {
					V2 json.RawMessage `json:"cvss_v2"`
					V3 json.RawMessage `json:"cvss_v3"`
				} `json:"scores"`
			} `json:"vulnerabilities"`
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			return err
		}
		for _, v := range doc.Vulnerabilities {
			for _, s := range v.Scores {
				check(path, s.V2)
				check(path, s.V3)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("scores compared: %v", seen)
	if seen[V31]+seen[V30] < 500 {
		t.Errorf("too few scores: %v", seen)
	}
}

// TestExamples are worked examples of the specifications and their guides.
func TestExamples(t *testing.T) {
	const worst4 = "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"
	for _, x := range []struct {
		vector   string
		score    float64
		base     float64
		severity string
	}{
		{"AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, 7.8, "HIGH"},
		{"AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C", 6.4, 7.8, "MEDIUM"},
		{"AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", 9.2, 7.8, "HIGH"},
		{"(AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C)", 4.9, 6.2, "MEDIUM"},
		{"AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", 7.5, 6.2, "HIGH"},
		{"AV:N/AC:L/Au:N/C:N/I:N/A:N", 0, 0, "LOW"},
		{"CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, 6.4, "MEDIUM"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10, 10, "CRITICAL"},
		{"CVSS:3.1/S:U/AV:N/AC:L/PR:H/UI:N/C:L/I:L/A:N/E:F/RL:X", 3.7, 3.8, "LOW"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MC:N/MI:N/MA:N", 0, 9.8, "NONE"},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:N/E:H/RL:O/RC:C", 8.9, 9.3, "HIGH"},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:N/E:H/RL:O/RC:C/CR:H/IR:H/AR:H/MAV:N/MAC:L/MPR:L/MUI:N/MS:C/MC:H/MI:H/MA:H", 9.5, 9.3, "CRITICAL"},
		{"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H/MAC:L", 10, 9.9, "CRITICAL"},
		{worst4 + "/E:P", 5.9, 7.3, "MEDIUM"},
		{worst4 + "/E:U", 4.1, 7.3, "MEDIUM"},
		{worst4 + "/CR:M/IR:M/AR:M", 5.5, 7.3, "MEDIUM"},
		{worst4 + "/CR:L/IR:L/AR:L", 5.4, 7.3, "MEDIUM"},
		{worst4 + "/CR:H/IR:M/AR:L", 7.1, 7.3, "HIGH"},
		{worst4 + "/CR:H/IR:H/AR:M", 7.2, 7.3, "HIGH"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10, 10, "CRITICAL"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0, 0, "NONE"},
	} {
		v, err := Parse(x.vector)
		if err != nil {
			t.Error(err)
			continue
		}
		if v.Score() != x.score || v.BaseScore() != x.base || v.Severity() != x.severity {
			t.Errorf("%s = %v %s (base %v), want %v %s (base %v)", x.vector, v.Score(), v.Severity(), v.BaseScore(), x.score, x.severity, x.base)
		}
	}
}

func TestWrongVectors(t *testing.T) {
	const base3, base4 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"
	for text, want := range map[string]string{
		"":                              "no metrics",
		"CVSS:3.1":                      "no metrics",
		"CVSS:3.1/":                     "no metrics",
		"CVSS:3.2/AV:N":                 "no version",
		"CVSS:2.0/AV:N":                 "no version",
		"AV:N/AC:L/Au:N/C:N/I:N":        "A (Availability Impact) is missing",
		"CVSS:3.1/AV:N/AC:L":            "PR (Privileges Required) is missing",
		base3 + "/AV:N":                 "twice",
		base3 + "/AV":                   "no metric with a value",
		base3 + "/XX:N":                 "no metric \"XX\"",
		base3 + "/RL:Z":                 "RL (Remediation Level) has no value \"Z\"",
		base3 + "/":                     "no metric with a value",
		strings.ToLower(base3):          "no metric",
		base4 + "/S:P/E:A":              "fixes the order",
		base4 + "/U:RED":                "no value",
		strings.Repeat("AV:N/", 1000):   "longer than",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/": "no metric with a value",
	} {
		_, err := Parse(text)
		var wrong *Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || wrong.At > len(text) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}

// TestWorseIsNeverLess changes one metric at a time over all of 4.0's threat and
// requirement metrics: what the standard calls less severe never scores more.
func TestWorseIsNeverLess(t *testing.T) {
	const base = "CVSS:4.0/AV:A/AC:L/AT:P/PR:L/UI:N/VC:H/VI:L/VA:H/SC:L/SI:N/SA:H"
	for _, order := range [][]string{{"E:A", "E:P", "E:U"}, {"CR:H", "CR:M", "CR:L"}, {"MAV:N", "MAV:A", "MAV:L", "MAV:P"}, {"MSI:S", "MSI:H", "MSI:L", "MSI:N"}} {
		last := 11.0
		for _, m := range order {
			v, err := Parse(base + "/" + m)
			if err != nil {
				t.Fatal(err)
			}
			if v.Score() > last {
				t.Errorf("%s scores %v, more than the value before", v, v.Score())
			}
			last = v.Score()
		}
	}
}

func TestNomenclature(t *testing.T) {
	const base = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"
	for more, want := range map[string]string{"": "CVSS-B", "/E:U": "CVSS-BT", "/MAV:X/S:P": "CVSS-B", "/CR:L": "CVSS-BE", "/E:P/AR:L": "CVSS-BTE"} {
		if v, err := Parse(base + more); err != nil || v.Nomenclature() != want {
			t.Errorf("%s: %s, %v, want %s", more, v.Nomenclature(), err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:U/MSI:S")
	f.Add("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/MS:U")
	f.Add("(AV:N/AC:L/Au:N/C:N/I:N/A:C/TD:L)")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		if s := v.Score(); s < 0 || s > 10 || s*10 != float64(int(s*10+0.5)) {
			t.Errorf("%q scores %v", text, s)
		}
		again, err := Parse(v.String())
		if err != nil || again.String() != v.String() || again.Score() != v.Score() {
			t.Errorf("%q → %q: %v", text, v, err)
		}
	})
}
