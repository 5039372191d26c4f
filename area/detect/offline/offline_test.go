package offline

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
)

func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "data", "sigma", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("reference data not present: sigma/" + name)
	}
	return path
}

// run calls Main as the command line would, in English.
func run(t testing.TB, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("LC_ALL", "C")
	var o, e bytes.Buffer
	code = Main(args, strings.NewReader(stdin), &o, &e)
	return code, o.String(), e.String()
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// finding is one line of output.
type finding struct {
	File   string         `json:"file,omitempty"`
	Line   int            `json:"line"` // from 0
	RuleID string         `json:"rule_id"`
	Title  string         `json:"title"`
	Level  string         `json:"level"`
	Time   string         `json:"time,omitempty"`
	Host   string         `json:"host,omitempty"`
	Tags   []string       `json:"tags"`
	Fields map[string]any `json:"fields"`
}

const whoami = `title: Who am I
id: 11111111-1111-4111-8111-111111111111
level: low
tags: [attack.t1033]
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\whoami.exe'
  condition: selection
`

const sshFail = `title: Too many attempts
id: 22222222-2222-4222-8222-222222222222
level: medium
logsource: {product: linux, service: sshd}
detection:
  keywords: ['error: maximum authentication attempts exceeded']
  condition: keywords
`

func event(image string) string {
	b, _ := json.Marshal(map[string]any{"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Image": image,
		"Computer": "ws1", "UtcTime": "2026-01-02 03:04:05.000"})
	return string(b)
}

func TestScan(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami, "b.yml": sshFail, "broken.yml": "title: x\nid: 33\nlogsource: {product: windows}\ndetection:\n  s: {A|nonsense: b}\n  condition: s\n"})
	in := event(`C:\Windows\System32\cmd.exe`) + "\n" + event(`C:\Windows\System32\WHOAMI.exe`) + "\n{broken\n"
	code, out, errs := run(t, in, "scan", "--rules", dir, "-")
	if code != ExitFound {
		t.Errorf("exit code %d", code)
	}
	var f finding
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if f.Line != 1 || f.RuleID[:2] != "11" || f.Level != "low" || f.Host != "ws1" || f.Time != "2026-01-02 03:04:05.000" ||
		f.Fields["Image"] != `C:\Windows\System32\WHOAMI.exe` || len(f.Tags) != 1 {
		t.Errorf("finding %+v", f)
	}
	if !strings.Contains(errs, "broken.yml:5: rule 33: A|nonsense: unknown modifier") {
		t.Errorf("the broken rule is not named with its line: %s", errs)
	}
	if !strings.Contains(errs, "-: event 2 is not read") {
		t.Errorf("the broken event is not named: %s", errs)
	}
	if code, out, _ := run(t, event("x"), "scan", "--rules", dir, "-"); code != ExitClean || out != "" {
		t.Errorf("nothing to find: exit code %d, %q", code, out)
	}
	log := filepath.Join(folder(t, map[string]string{"auth.log": "Jan  2 03:04:05 web-01 sshd[12]: error: maximum authentication attempts exceeded for root\n"}), "auth.log")
	if code, out, errs := run(t, "", "scan", "--rules", dir, log); code != ExitFound || !strings.Contains(out, "2222") || !strings.Contains(out, `"host":"web-01"`) {
		t.Errorf("syslog: exit code %d, %q %q", code, out, errs)
	}
}

func TestScanWrongUse(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami})
	for _, args := range [][]string{{}, {"nothing"}, {"scan"}, {"scan", "--rules", dir}, {"scan", "--rules", dir, "missing.ndjson"},
		{"scan", "--rules", "missing", "-"}, {"scan", "--nothing"}, {"test"}, {"explain"}, {"lint"},
		{"scan", "--rules", dir, "--logsources", "missing", "-"}, {"scan", "--rules", dir, "--placeholder", "x", "-"}} {
		if code, _, errs := run(t, "", args...); code != ExitError || errs == "" {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for range 20000 {
		fmt.Fprintln(w, event(`c:\whoami.exe`+fmt.Sprint(z.Len())))
	}
	w.Close()
	short := filepath.Join(folder(t, map[string]string{"cut.ndjson.gz": string(z.Bytes()[:z.Len()/2])}), "cut.ndjson.gz")
	if code, _, errs := run(t, "", "scan", "--rules", dir, short); code != ExitError || !strings.Contains(errs, "not read to its end") {
		t.Errorf("cut input: exit code %d, %q", code, errs)
	}
}

// TestScanOrder: the output is the same bytes for any number of workers.
func TestScanOrder(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami})
	var in strings.Builder
	for i := range 5000 {
		in.WriteString(event(fmt.Sprintf(`C:\%d\%s.exe`, i, []string{"whoami", "cmd"}[i%2])) + "\n")
	}
	_, one, _ := run(t, in.String(), "scan", "--rules", dir, "--workers", "1", "-")
	_, many, _ := run(t, in.String(), "scan", "--rules", dir, "--workers", "7", "-")
	if one != many || strings.Count(one, "\n") != 2500 {
		t.Errorf("%d and %d lines, same: %v", strings.Count(one, "\n"), strings.Count(many, "\n"), one == many)
	}
}

func TestJSONShapes(t *testing.T) {
	hit := event(`c:\whoami.exe`)
	var pretty bytes.Buffer
	json.Indent(&pretty, []byte(hit), "", "  ")
	for name, body := range map[string]string{
		"lines": event("x") + "\n" + hit + "\n", "array": "[" + event("x") + ",\n" + hit + "]",
		"pretty": strings.ReplaceAll(pretty.String(), "whoami", "x") + "\n" + pretty.String(), "prettyarray": "[\n" + event("x") + "\n,\n" + pretty.String() + "\n]\n",
	} {
		dir := folder(t, map[string]string{"a.yml": whoami, "e.json": body})
		code, out, errs := run(t, "", "scan", "--rules", filepath.Join(dir, "a.yml"), filepath.Join(dir, "e.json"))
		if code != ExitFound || !strings.HasPrefix(out, `{"line":1,`) {
			t.Errorf("%s: exit code %d, %q %q", name, code, out, errs)
		}
	}
}

// TestRegression: every public case fires from its event log and from its JSON
// twin, through the command that a specialist would use.
func TestRegression(t *testing.T) {
	data := shared(t, "regression_data")
	args := []string{"test", "--data", data}
	for _, d := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		args = append(args, "--rules", filepath.Join(shared(t, d)))
	}
	code, out, errs := run(t, "", args...)
	if code != ExitClean || !strings.Contains(out, "202 cases, 0 missed.") {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
	t.Log(strings.TrimSpace(out))
}

// TestStarterPack: the rules that come with the product load, pass lint, fire
// on their firing events and stay silent on the others.
func TestStarterPack(t *testing.T) {
	pack, err := rules.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var set sigma.Set
	for _, r := range pack {
		s := sigma.Parse(r.Slug+".yml", r.YAML)
		set.Rules = append(set.Rules, s.Rules...)
		for _, p := range s.Problems {
			t.Error(p)
		}
	}
	e, problems := sigma.Compile(set.Rules, nil, sigma.Options{})
	for _, p := range problems {
		t.Error(p)
	}
	m := e.NewMatcher()
	for _, r := range e.Rules() {
		c, err := rules.CaseOf(r.ID)
		if err != nil {
			t.Error(err)
			continue
		}
		for i, ev := range append(append([]string{}, c.Fires...), c.Silent...) {
			hits, err := m.Match([]byte(ev), sigma.LogSource{})
			if err != nil {
				t.Errorf("%s: %v", r.File, err)
			}
			fired := false
			for _, h := range hits {
				fired = fired || h.Rule.ID == r.ID
			}
			if want := i < len(c.Fires); fired != want {
				x, _ := sigma.Explain(r, []byte(ev), sigma.LogSource{}, nil, sigma.Options{})
				t.Errorf("%s: fires %v, want %v on %s\nrouted %v of %v\n%s", r.File, fired, want, ev, x.Routed, x.Sources, x.Tree)
			}
		}
	}
}

func TestExplainAndLint(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami})
	code, out, _ := run(t, event(`C:\cmd.exe`), "explain", "--rules", dir, "--rule", "11111111-1111-4111-8111-111111111111", "-")
	if code != ExitFound || !strings.Contains(out, "does not match") || !strings.Contains(out, `It fails at: [selection] Image ends with "\\whoami.exe"`) || !strings.Contains(out, `(C:\cmd.exe)`) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, out, _ = run(t, event(`C:\whoami.exe`), "explain", "--rule", filepath.Join(dir, "a.yml"), "-")
	if code != ExitClean || !strings.Contains(out, "matches.") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, out, _ = run(t, `{"Channel":"Security","EventID":4624}`, "explain", "--rule", filepath.Join(dir, "a.yml"), "-")
	if code != ExitFound || !strings.Contains(out, "does not look at such events") || !strings.Contains(out, "windows/*/security") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, out, _ := run(t, "", "lint", dir); code != ExitClean {
		t.Errorf("lint: exit code %d\n%s", code, out)
	}
	doubtful := folder(t, map[string]string{"b.yml": strings.Replace(whoami, "  condition: selection", "  other:\n    CommandLine|re: '.*'\n  condition: not selection", 1)})
	code, out, _ = run(t, "", "lint", doubtful)
	for _, want := range []string{"b.yml:9: warning: the condition does not use other [unused-search]", "[no-trigger]"} {
		if code != ExitFound || !strings.Contains(out, want) {
			t.Errorf("lint: exit code %d, %q is missing in\n%s", code, want, out)
		}
	}
}

// TestLines: events keep their numbers over blocks, blank lines, long lines and
// a last line without an end, with any number of workers.
func TestLines(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami})
	var in strings.Builder
	var want []int
	for n := range 3000 {
		switch {
		case n == 0:
			in.WriteString("\ufeff")
			fallthrough
		case n%700 == 0:
			want = append(want, n)
			in.WriteString(event(`C:\whoami.exe`))
		case n == 1500:
			in.WriteString(event(strings.Repeat("x", 3*batchBytes)))
		case n%3 != 0:
			in.WriteString(event(`C:\x` + strings.Repeat("y", n%400) + `.exe`))
		}
		if n < 2999 {
			in.WriteString([]string{"\n", "\r\n"}[n%2])
		}
	}
	in.WriteString("\n  \n" + event(`D:\WHOAMI.EXE`))
	want = append(want, 3001)
	for _, workers := range []string{"1", "2", "5"} {
		_, out, errs := run(t, in.String(), "scan", "--rules", dir, "--workers", workers, "-")
		var got []int
		for line := range strings.Lines(out) {
			var f finding
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Line)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || errs != "" {
			t.Errorf("%s workers: lines %v, want %v; %s", workers, got, want, errs)
		}
	}
	// A line beyond the bound is named and what follows is read.
	if testing.Short() {
		return
	}
	r := io.MultiReader(strings.NewReader(event("a")+"\n"), &endless{n: maxLine + 5<<20}, strings.NewReader("\n"+event(`C:\whoami.exe`)))
	var o, e bytes.Buffer
	if code := Main([]string{"scan", "--rules", dir, "-"}, r, &o, &e); code != ExitFound || !strings.Contains(o.String(), `"line":2,`) || !strings.Contains(e.String(), "event 1 is not read: the line is longer") {
		t.Errorf("a long line: exit code %d, %s, %s", code, o.String(), e.String())
	}
}

// endless is n bytes of one letter.
type endless struct{ n int }

func (r *endless) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(r.n, len(p))
	for i := range n {
		p[i] = 'x'
	}
	r.n -= n
	return n, nil
}

// TestBench: the command measures and names what costs.
func TestBench(t *testing.T) {
	dir := folder(t, map[string]string{"a.yml": whoami, "b.yml": strings.NewReplacer("1111", "4444", "Image|endswith: '\\whoami.exe'", "CommandLine|re: '[xy]+z'").Replace(whoami)})
	file := filepath.Join(folder(t, map[string]string{"e.ndjson": event(`C:\whoami.exe`) + "\n" + event(`C:\x.exe`) + "\n"}), "e.ndjson")
	code, out, errs := run(t, "", "bench", "--rules", dir, file)
	if code != ExitClean || errs != "" {
		t.Errorf("exit code %d, %s", code, errs)
	}
	for _, want := range []string{"2 rules, read and compiled in ", "2 events, 1 findings.", "First pass: ", "Steady: ", " rules are evaluated for an event.", "11111111-1111-4111-8111-111111111111 Who am I", "MiB"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if code, _, _ := run(t, "", "bench", "--rules", dir); code != ExitError {
		t.Errorf("without a file: exit code %d", code)
	}
}
