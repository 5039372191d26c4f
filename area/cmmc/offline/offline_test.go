package offline

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/text"
)

var today = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

// run is one call, in English.
func run(t *testing.T, args ...string) (code int, out, err string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(&Call{Args: args, In: strings.NewReader(""), Out: &o, Err: &e, Lang: text.EN, Today: today})
	return code, o.String(), e.String()
}

// write puts an assessment into a file: all met, changed by edit.
func write(t *testing.T, level int, edit func(o, doc map[string]any)) string {
	t.Helper()
	o := map[string]any{}
	for i := range catalog.Mask(level).All {
		o[catalog.Name(i)] = "met"
	}
	doc := map[string]any{"enclave": "Works 3", "level": level, "date": "2026-11-23", "ssp": map[string]any{"id": "SSP-3", "version": "2", "date": "2026-11-01"}, "objectives": o}
	if edit != nil {
		edit(o, doc)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestExitCodesOfScore(t *testing.T) {
	for want, edit := range map[int]func(o, doc map[string]any){
		ExitFinal:       nil,
		ExitConditional: func(o, _ map[string]any) { o["3.1.3[a]"] = "not_met" },
		ExitNone:        func(o, _ map[string]any) { o["3.1.1[a]"] = "not_met" },
		ExitNoScore:     func(_, doc map[string]any) { delete(doc, "ssp") },
		ExitError:       func(o, _ map[string]any) { o["3.1.1[x]"] = "met" },
	} {
		for _, flags := range [][]string{nil, {"--json"}} {
			if code, out, said := run(t, append([]string{"score", write(t, 2, edit)}, flags...)...); code != want {
				t.Errorf("%d, not %d: %s%s", code, want, out, said)
			}
		}
	}
	if code, _, _ := run(t, "score", filepath.Join(t.TempDir(), "none.json")); code != ExitError {
		t.Error("a file that is not there")
	}
	if code, _, said := run(t, "nothing"); code != ExitError || !strings.Contains(said, `no command "cmmc nothing"`) {
		t.Error(said)
	}
}

func TestScoreSaysWhy(t *testing.T) {
	name := write(t, 2, func(o, doc map[string]any) {
		o["3.5.3[d]"] = map[string]any{"result": "not_met", "reason": "one of a hundred"}
		doc["partial"] = map[string]any{"3.5.3": true}
	})
	code, out, _ := run(t, "score", "--json", name)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != ExitNone {
		t.Fatal(err, code)
	}
	want := deduction{Requirement: "3.5.3", CMMC: "IA.L2-3.5.3", Topic: "multifactor authentication", State: "partial", Points: 3, Clause: "32 CFR 170.24(c)(2)(i)(B)(4)",
		Open: []string{"3.5.3[d]"}, Why: "worth more than one point", WhyClause: "32 CFR 170.21(a)(2)(ii)"}
	got, _ := json.Marshal(r.Deductions)
	should, _ := json.Marshal([]deduction{want})
	if *r.Score != 107 || string(got) != string(should) {
		t.Errorf("%s", got)
	}
	_, out, _ = run(t, "score", name)
	for _, line := range []string{"Works 3, Level 2: score 107 of 110, neither Final nor Conditional", "    -3  3.5.3    partly met", "not deferrable: worth more than one point (32 CFR 170.21(a)(2)(ii))"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
}

func TestSimulate(t *testing.T) {
	code, out, _ := run(t, "simulate", write(t, 2, nil), "--set", "3.5.3=partial", "--set", "3.14.1[f]=not_met")
	if code != ExitNone || !strings.Contains(out, "before: score 110") || !strings.Contains(out, "after:  score 102") || !strings.Contains(out, "3.14.1") {
		t.Errorf("%d: %s", code, out)
	}
}

func TestPlanOfAction(t *testing.T) {
	name := write(t, 2, func(o, _ map[string]any) { o["3.1.3[a]"] = "not_met"; o["3.1.20[a]"] = "not_met" })
	code, out, _ := run(t, "poam", "--json", "--status-date", "2026-11-23", name)
	var p planOfAction
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	if code != ExitNone || p.Lawful || p.CloseOut != "2027-05-22" || len(p.Lawfully) != 1 || len(p.Barred) != 1 || p.Barred[0].WhyClause != "32 CFR 170.21(a)(2)(iii)" {
		t.Errorf("%d %s", code, out)
	}
	if code, _, said := run(t, "poam", "--status-date", "2026-02-30", name); code != ExitError || !strings.Contains(said, "no day of the calendar") {
		t.Errorf("%d %s", code, said)
	}
}

func TestCalendar(t *testing.T) {
	code, out, said := run(t, "calendar", "--conditional", "2026-11-23")
	for _, line := range []string{"2027-05-22  Last day to close", "2027-11-23  Affirm", "2028-11-23  Affirm", "2029-11-23  The status ends", "2032-11-23  Artifacts", "Today, on 2026-11-26: Conditional"} {
		if code != 0 || !strings.Contains(out, line) {
			t.Errorf("%q is not in\n%s%s", line, out, said)
		}
	}
	_, ics, _ := run(t, "calendar", "--ics", write(t, 2, func(_, doc map[string]any) {
		doc["status"] = map[string]any{"final": "2026-11-23"}
		doc["enclave"] = "第三工場、ライン；" + strings.Repeat("長", 40) + ";,\\\nX:Y"
	}))
	events := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(ics, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.Contains(line, "\n") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
		if line == "BEGIN:VEVENT" {
			events++
		}
		if strings.HasPrefix(line, "X:") {
			t.Error("a name breaks out of its property")
		}
	}
	if events != 5 || !strings.Contains(ics, "DTSTART;VALUE=DATE:20291123") {
		t.Errorf("%d events: %s", events, ics)
	}
	if code, _, _ := run(t, "calendar"); code != ExitError {
		t.Error("no status, no calendar")
	}
	if code, _, _ := run(t, "calendar", "--level", "1", "--conditional", "2026-11-23"); code != ExitError {
		t.Error("Level 1 has no Conditional status")
	}
}

func TestManifestAndVerify(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"policy.txt", "log.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	assessed := write(t, 2, func(o, _ map[string]any) {
		o["3.3.1[a]"] = map[string]any{"result": "met", "evidence": []any{map[string]any{"sha256": fmt.Sprintf("%x", sha256.Sum256([]byte("log.txt")))}}}
	})
	code, out, said := run(t, "manifest", dir, "--status-date", "2026-11-23", "--assessment", assessed, "--json")
	var m made
	if err := json.Unmarshal([]byte(out), &m); err != nil || code != 0 || m.Files != 2 || m.RetainUntil != "2032-11-23" {
		t.Fatal(err, out, said)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "MANIFEST.json")); err != nil || !strings.Contains(string(raw), `"3.3.1[a]"`) {
		t.Errorf("no objective at its evidence: %s", raw)
	}
	if code, out, _ := run(t, "verify", "--seal", m.Seal, dir); code != 0 || !strings.Contains(out, "2 files unchanged, 0 findings") {
		t.Errorf("%d: %s", code, out)
	}
	if code, _, _ := run(t, "verify", "--seal", strings.Repeat("0", 64), dir); code != ExitFound {
		t.Error("another seal")
	}
	if err := os.Rename(filepath.Join(dir, "log.txt"), filepath.Join(dir, "new.txt")); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := run(t, "verify", dir); code != ExitFound || !strings.Contains(out, `renamed: "log.txt" is now "new.txt"`) {
		t.Errorf("%d: %s", code, out)
	}
	if code, _, _ := run(t, "manifest", dir, "--status-date", "2026-11-23"); code != ExitError {
		t.Error("a manifest is overwritten")
	}
	if code, _, _ := run(t, "verify", t.TempDir()); code != ExitError {
		t.Error("a folder without a manifest")
	}
}

func TestRollUp(t *testing.T) {
	dir := filepath.Dir(write(t, 2, func(o, _ map[string]any) { delete(o, "3.3.1[a]") }))
	group := `{"systems":[
 {"id":"idp","kind":"service","assessment":"a.json"},
 {"id":"cloud","kind":"csp","data":"cui","assessment":"a.json"},
 {"id":"e1","region":"Europe","assessment":"a.json","shares":[{"provider":"idp","kind":"shared","objectives":["3.5.3","3.5.1[a]"]}]},
 {"id":"e2","region":"Asia","assessment":"a.json","shares":[{"provider":"e1","kind":"provider","objectives":["3.5.3"]}]}]}`
	name := filepath.Join(dir, "group.json")
	if err := os.WriteFile(name, []byte(group), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, said := run(t, "rollup", "--json", "--fail", "idp", "--objective", "3.5.3[d]", name)
	var r rolledUp
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		t.Fatal(err, said)
	}
	if len(r.Units) != 2 || r.Enclaves[0].Low != 105 || r.Enclaves[0].High != 110 || r.Blasts[0].Hit != 2 || r.Blasts[0].Points != 10 {
		t.Errorf("%s", out)
	}
	if _, _, said := run(t, "rollup", name); !strings.Contains(said, "group.json:3: systems[1]: a cloud service with CUI needs FedRAMP Moderate") {
		t.Errorf("%s", said)
	}
	for edit, want := range map[string]string{
		`"provider":"e1"`:                      `"e2" inherits from "e9", which there is not`,
		`"3.5.1[a]"`:                           `group.json:4: systems[2].shares[0].objectives[1]: there is no requirement or objective "e9"`,
		`"a.json","shares":[{"provider":"idp"`: `group.json:4: systems[2].assessment: the file can't be read`,
	} {
		to := map[string]string{`"provider":"e1"`: `"provider":"e9"`, `"3.5.1[a]"`: `"e9"`}[edit]
		if to == "" {
			to = `"b.json","shares":[{"provider":"idp"`
		}
		if err := os.WriteFile(name, []byte(strings.Replace(group, edit, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, said := run(t, "rollup", name); code != ExitError || !strings.Contains(said, want) {
			t.Errorf("%s: %d %s", edit, code, said)
		}
	}
}

func TestPlanInYen(t *testing.T) {
	name := write(t, 2, func(o, _ map[string]any) { o["3.1.1[a]"], o["3.1.3[a]"] = "not_met", "not_met" })
	measures := filepath.Join(filepath.Dir(name), "m.json")
	if err := os.WriteFile(measures, []byte(`{"measures":[
 {"id":"access","yen":10000000,"months":3,"objectives":["3.1.1"]},
 {"id":"flow","yen":4000000,"months":6,"objectives":["3.1.3[a]"],"enclaves":["Works 3"]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, said := run(t, "plan", "--measures", measures, name)
	want := "Conditional: 10000000 yen, 3 months, 5 points: access\nFinal: 4000000 yen, 6 months, 1 points: flow\nWorks 3 then: 110, Final\n"
	if code != ExitFinal || out != want {
		t.Errorf("%d\n%s%s", code, out, said)
	}
	code, out, _ = run(t, "plan", "--measures", measures, "--budget", "11000000", "--json", name)
	var p planned
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != ExitConditional || p.Yen != 10000000 || p.Stages[1].Reached || p.Rest == nil || p.After[0].Score != 109 {
		t.Errorf("%d %v %s", code, err, out)
	}
	if code, _, said := run(t, "plan", "--measures", measures, name, name); code != ExitError || !strings.Contains(said, "two files are of the enclave") {
		t.Errorf("%d %s", code, said)
	}
}

func TestImportText(t *testing.T) {
	dir := t.TempDir()
	name, to := filepath.Join(dir, "a.csv"), filepath.Join(dir, "l.json")
	if err := os.WriteFile(name, []byte("id,text\n3.10.4,keep logs\n3.10.4[a],logs are kept\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, said := run(t, "import-text", "--out", to, name)
	if code != ExitFound || !strings.Contains(out, "Level 2: 1 of 110 requirements, 1 of 320 objectives") {
		t.Errorf("%d %s%s", code, out, said)
	}
	if raw, err := os.ReadFile(to); err != nil || !strings.Contains(string(raw), `"text": "logs are kept"`) {
		t.Errorf("%v %s", err, raw)
	}
	if code, _, _ := run(t, "import-text", "--format", "guide", name); code != ExitError {
		t.Error("a table is no guide")
	}
}

func TestOSCALWrittenAndChecked(t *testing.T) {
	name := write(t, 2, func(o, _ map[string]any) {
		o["3.1.3[a]"] = map[string]any{"result": "not_met", "evidence": []any{map[string]any{"name": "flow.txt", "sha256": fmt.Sprintf("%x", sha256.Sum256([]byte("flow")))}}}
	})
	dir := filepath.Dir(name)
	if err := os.WriteFile(filepath.Join(dir, "flow.txt"), []byte("flow"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"ssp", "poam", "ar", "cd"} {
		doc := filepath.Join(dir, model+".json")
		if code, _, said := run(t, "oscal", "--model", model, "--out", doc, name); code != 0 {
			t.Fatal(said)
		}
		if code, out, said := run(t, "check-oscal", "--evidence", dir, doc); code != 0 || !strings.Contains(out, "nothing is wrong") {
			t.Errorf("%s: %d %s%s", model, code, out, said)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "flow.txt"), []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := run(t, "check-oscal", "--json", filepath.Join(dir, "ssp.json"))
	var r checked
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != ExitFound || r.Valid || len(r.Meaning) != 1 || len(r.Form) != 0 || !strings.Contains(r.Meaning[0].Place, "hashes[0].value") {
		t.Errorf("%d %s", code, out)
	}
	if code, _, _ := run(t, "check-oscal", name); code != ExitFound {
		t.Error("an assessment is no document of OSCAL")
	}
	if code, _, _ := run(t, "oscal", "--model", "profile", name); code != ExitError {
		t.Error("a model that is not written")
	}
	if code, out, _ := run(t, "oscal", name); code != 0 || !strings.HasPrefix(out, "{\n \"system-security-plan\"") {
		t.Errorf("%d %.80s", code, out)
	}
}
