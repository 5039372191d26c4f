package offline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBacktestOfFiles(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami})
	var in strings.Builder
	for i := range 20 {
		program := `C:\\cmd.exe`
		if i%4 == 0 {
			program = `C:\\whoami.exe`
		}
		fmt.Fprintf(&in, `{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"%s","Computer":"pc%d","User":"u","UtcTime":"2026-11-%02d 10:00:00.000"}`+"\n", program, i%2, 1+i/2)
	}
	rule := filepath.Join(dir, "a.yml")
	code, out, errs := run(t, in.String(), "backtest", "--rule", rule, "--from", "2026-11-01", "--to", "2026-11-09", "--budget", "1", "-")
	var r struct {
		Events, Hits int64
		Days         []struct{ Hits int64 }
		PerDay       float64 `json:"hits_per_day"`
		Within       bool    `json:"within_budget"`
		Hosts        []struct{ Name string }
		Samples      []struct{ Event string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err, out, errs)
	}
	if code != ExitClean || r.Events != 16 || r.Hits != 4 || len(r.Days) != 8 || r.PerDay != 0.5 || !r.Within || r.Hosts[0].Name != "pc0" || r.Samples[1].Event != "-:4" {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, _ := run(t, in.String(), "backtest", "--rule", rule, "--from", "2026-11-01", "--to", "2026-11-09", "--budget", "0.1", "-"); code != ExitFound {
		t.Errorf("over the budget: exit code %d\n%s", code, out)
	}
	if code, _, _ := run(t, "", "backtest", "--rule", rule); code != ExitError {
		t.Error("without a file")
	}
	if code, _, errs := run(t, "", "backtest", "--rule", rule, "--from", "yesterday", "-"); code != ExitError || !strings.Contains(errs, "2026-11-23") {
		t.Errorf("%d %s", code, errs)
	}
}

func TestExplainForPrograms(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami})
	_, out, _ := run(t, event(`C:\cmd.exe`)+"\n"+`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1}`+"\n"+`{"Channel":"Security","EventID":4624}`, "explain", "--format", "json", "--rule", filepath.Join(dir, "a.yml"), "-")
	var causes []string
	for line := range strings.Lines(out) {
		var x struct {
			Explanation struct {
				Cause, Wants string
				Sources      []string
				Failed       []struct{ Field string }
			}
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err, line)
		}
		causes = append(causes, x.Explanation.Cause)
		if x.Explanation.Wants == "" || len(x.Explanation.Failed) == 0 || x.Explanation.Failed[0].Field != "Image" {
			t.Error(line)
		}
	}
	if got := strings.Join(causes, " "); got != "value missing source" {
		t.Errorf("causes %q", got)
	}
}

func TestCoverageOfFolders(t *testing.T) {
	rule := strings.Replace(whoami, "logsource:", "tags: [attack.discovery, attack.t1033]\nlogsource:", 1)
	dir := folder(t, map[string]string{"a.yml": rule})
	layer := filepath.Join(dir, "layer.json")
	ask := func(in string) string {
		code, out, errs := run(t, in, "coverage", "--rules", dir, "--navigator", layer, "-")
		if code != ExitClean {
			t.Fatalf("exit code %d %s", code, errs)
		}
		return out
	}
	if out := ask(event("x")); !strings.Contains(out, "0 of 1 techniques") {
		t.Errorf("without a case:\n%s", out)
	}
	if err := os.MkdirAll(filepath.Join(dir, "cases"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cases", "11111111-1111-4111-8111-111111111111.yml"), []byte("fires:\n  - '"+event(`C:\whoami.exe`)+"'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := ask(event("x")); !strings.Contains(out, "1 of 1 techniques") || !strings.Contains(out, "TA0007") {
		t.Errorf("with a case:\n%s", out)
	}
	if out := ask(`{"Channel":"Security","EventID":4624}`); !strings.Contains(out, "0 of 1 techniques") || !strings.Contains(out, "With events of windows/process_creation/*: 1 rules, 1 new techniques T1033") {
		t.Errorf("without its log source:\n%s", out)
	}
	if raw, err := os.ReadFile(layer); err != nil || !strings.Contains(string(raw), `"layer": "4.5"`) {
		t.Errorf("%s %v", raw, err)
	}
}

// TestLintKnowsTheFolderOfAPack looks at the rules that come with the product as
// they lie in their folder, sample events beside them.
func TestLintKnowsTheFolderOfAPack(t *testing.T) {
	if code, out, errs := run(t, "", "lint", "../rules"); code != ExitClean || out != "" || !strings.Contains(errs, "0 errors, 0 warnings, 0 notes") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	dir := folder(t, map[string]string{"a.yml": whoami})
	if err := os.MkdirAll(filepath.Join(dir, "cases"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"11111111-1111-4111-8111-111111111111", "99999999-9999-4999-8999-999999999999"} {
		if err := os.WriteFile(filepath.Join(dir, "cases", id+".yml"), []byte("fires:\n  - '{}'\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, out, _ := run(t, "", "lint", dir)
	if strings.Count(out, "[case-stray]") != 1 || !strings.Contains(out, "there is no rule 99999999-") {
		t.Errorf("sample events of no rule: %s", out)
	}
	if _, _, errs := run(t, "{}\n", "scan", "--rules", dir, "-"); errs != "" {
		t.Errorf("sample events are taken for rules: %s", errs)
	}
}
