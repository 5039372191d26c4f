package offline

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPapersAreWrittenWholeOrNotAtAll(t *testing.T) {
	a, dir := write(t, 2, nil), t.TempDir()
	to := filepath.Join(dir, "ssp.docx")
	if code, _, said := run(t, "ssp", a, "-o", to); code != 0 {
		t.Fatal(said)
	}
	first, err := os.ReadFile(to)
	if err != nil || !bytes.HasPrefix(first, []byte("PK")) {
		t.Fatalf("%v %.4q", err, first)
	}
	if code, _, said := run(t, "ssp", a, "-o", to); code != ExitError || !strings.Contains(said, "ssp.docx is there already") {
		t.Errorf("%d: %s", code, said)
	}
	if code, _, said := run(t, "ssp", a, "--lang", "ja", "-o", to, "--replace"); code != 0 {
		t.Errorf("%d: %s", code, said)
	}
	if second, _ := os.ReadFile(to); bytes.Equal(first, second) {
		t.Error("it was not replaced")
	}
	link := filepath.Join(dir, "link.docx")
	if err := os.Symlink("ssp.docx", link); err != nil {
		t.Fatal(err)
	}
	if code, _, said := run(t, "ssp", a, "--out", link, "--replace"); code != 0 {
		t.Errorf("%d: %s", code, said)
	}
	if back, _ := os.ReadFile(to); !bytes.Equal(first, back) {
		t.Error("what the link leads to was not replaced")
	}
	if code, _, said := run(t, "ssp", a, "-o", dir); code != ExitError || !strings.Contains(said, "is a folder") {
		t.Errorf("%d: %s", code, said)
	}
	if code, _, said := run(t, "ssp", a, "-o", filepath.Join(dir, "none", "x.docx")); code != ExitError || !strings.Contains(said, "can't be written: no such file or directory") {
		t.Errorf("%d: %s", code, said)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestEveryPaperHasItsFormats(t *testing.T) {
	open := write(t, 2, func(o, _ map[string]any) { o["3.1.3[a]"] = "not_met" })
	last := write(t, 2, nil)
	starts := map[string]string{"docx": "PK", "xlsx": "PK", "html": "<!doctype html>"}
	for paper, formats := range map[string][]string{"ssp": {"docx", "html"}, "poam": {"xlsx"}, "responsibility": {"xlsx", "docx", "html"},
		"evidence-list": {"xlsx", "docx", "html"}, "affirmation": {"docx", "html"}} {
		for _, format := range formats {
			args := []string{paper, open, "--format", format, "-o", "-"}
			if paper == "affirmation" {
				args = append(args, "--since", last)
			}
			if code, out, said := run(t, args...); code != 0 || !strings.HasPrefix(out, starts[format]) {
				t.Errorf("%v: %d %.40q %s", args, code, out, said)
			}
		}
	}
	if code, _, said := run(t, "affirmation", open, "-o", "-"); code != ExitError || !strings.Contains(said, "--since FILE") {
		t.Errorf("%d %s", code, said)
	}
}

func TestSPRSEndsWithFindingsWhereSomethingIsMissing(t *testing.T) {
	a := write(t, 2, nil)
	code, out, said := run(t, "sprs", a)
	if code != ExitFound || !strings.Contains(out, "\nScore: 110\n") || !strings.Contains(out, "\nNumber of employees *: (missing)\n") {
		t.Errorf("%d %s%s", code, out, said)
	}
	if code, out, _ := run(t, "sprs", a, "--json"); code != ExitFound || !strings.Contains(out, `"ready": false`) {
		t.Errorf("%d %s", code, out)
	}
	about := filepath.Join(t.TempDir(), "d.json")
	if err := os.WriteFile(about, []byte(`{"sprs": {"scope": "enclave", "scope_description": "Works 3", "employees": 9, "cages": ["SJ123"], "official": {"name": "Mori"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, said := run(t, "sprs", a, "--description", about); code != 0 || !strings.Contains(out, "Nothing is missing.") {
		t.Errorf("%d %s%s", code, out, said)
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	code, _, said := run(t, "ssp", write(t, 2, nil), "-o", "/dev/full")
	if code != ExitError || !strings.Contains(said, "/dev/full can't be written: no space left on device") {
		t.Errorf("%d: %s", code, said)
	}
	if info, err := os.Lstat("/dev/full"); err != nil || info.Mode().IsRegular() {
		t.Errorf("the device was replaced: %v %v", info, err)
	}
}

func TestWhatPapersAreAskedWrongly(t *testing.T) {
	a := write(t, 2, nil)
	broken := filepath.Join(t.TempDir(), "d.json")
	if err := os.WriteFile(broken, []byte("{\n\"assets\": 3}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"say where to write it":                       {"ssp", a},
		`"odt" is no format of this paper: docx, pdf`: {"ssp", a, "--format", "odt", "-o", "x"},
		`"fr" is no language of the papers`:           {"ssp", a, "--lang", "fr", "-o", "x"},
		`"a3" is no size of a page`:                   {"ssp", a, "--page", "a3", "-o", "x"},
		"d.json:2: assets: a list is expected":        {"ssp", a, "--description", broken, "-o", "x"},
		"none.ttf":                                    {"ssp", a, "--format", "pdf", "--font", "none.ttf", "-o", "x"},
	} {
		if code, out, said := run(t, args...); code != ExitError || !strings.Contains(said, want) || out != "" {
			t.Errorf("%v: %d %s", args, code, said)
		}
	}
}
