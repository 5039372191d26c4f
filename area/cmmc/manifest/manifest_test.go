package manifest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func folder(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("d%02d", i%50))
		if i < 50 {
			if err := os.Mkdir(sub, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("f%05d", i)), fmt.Appendf(nil, "artifact %d", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func list(t *testing.T, dir string) {
	t.Helper()
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	m, err := Make(dir, day, day.AddDate(6, 0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Write(dir, false); err != nil {
		t.Fatal(err)
	}
}

func found(t *testing.T, dir string) (int, string) {
	t.Helper()
	good, list, _, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	return good, fmt.Sprint(list)
}

// TestTenThousandFiles: of ten thousand, the five that something happened to are
// named, each for what it was, and nothing else.
func TestTenThousandFiles(t *testing.T) {
	const n = 10_000
	dir := folder(t, n)
	list(t, dir)
	if good, f := found(t, dir); good != n || f != "[]" {
		t.Fatalf("%d of %d are good: %s", good, n, f)
	}
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	put := func(name, data string) {
		if err := os.WriteFile(at(name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("d17/f05017", "artifact 5018")
	put("d20/new", "new")
	put("d20/copy", "artifact 20")
	if err := errors.Join(os.Remove(at("d18/f05018")), os.Rename(at("d19/f05019"), at("d21/moved"))); err != nil {
		t.Fatal(err)
	}
	good, f := found(t, dir)
	want := "[{changed d17/f05017 } {missing d18/f05018 } {renamed d19/f05019 d21/moved} {added d20/copy } {added d20/new }]"
	if f != want || good != n-3 {
		t.Errorf("%d good, %s", good, f)
	}
}

func TestSha256sumAcceptsIt(t *testing.T) {
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("no sha256sum on this machine")
	}
	dir := folder(t, 60)
	if runtime.GOOS == "linux" {
		for _, name := range []string{"a\nb", `back\slash`, "-dash", " space ", "日本語", "\\n", "c\rd"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	list(t, dir)
	check := func() (string, error) {
		cmd := exec.Command(tool, "-c", "--strict", Sums)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := check(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if good, f := found(t, dir); f != "[]" || good < 60 {
		t.Errorf("%d good, %s", good, f)
	}
	if err := os.WriteFile(filepath.Join(dir, "d00", "f00000"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := check(); err == nil {
		t.Errorf("a change is not seen: %s", out)
	}
}

func TestTheManifestItself(t *testing.T) {
	dir := folder(t, 60)
	list(t, dir)
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	m, err := Make(dir, day, day, nil)
	if err != nil || len(m.Artifacts) != 60 {
		t.Fatalf("the manifest lists itself: %v", err)
	}
	if _, err := m.Write(dir, false); err == nil {
		t.Error("an old manifest is overwritten")
	}
	_, _, seal, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, List))
	if err != nil {
		t.Fatal(err)
	}
	later := strings.Replace(string(raw), "2032-11-23", "2027-11-23", 1)
	if later == string(raw) {
		t.Fatal("no date of release")
	}
	if err := os.WriteFile(filepath.Join(dir, List), []byte(later), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, f := found(t, dir); f != "[{changed MANIFEST.json }]" {
		t.Errorf("a changed date: %s", f)
	}
	os.Remove(filepath.Join(dir, List))
	if _, f := found(t, dir); f != "[{missing MANIFEST.json }]" {
		t.Errorf("a list that is gone: %s", f)
	}
	if _, _, other, _ := Verify(dir); other != seal {
		t.Error("the seal is that of the sums")
	}
	for name, wrong := range map[string]string{"nonsense": "x\n", "outside": strings.Repeat("0", 64) + "  ../x\n", "no list": strings.Repeat("0", 64) + "  x\n"} {
		if err := os.WriteFile(filepath.Join(dir, Sums), []byte(wrong), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := Verify(dir); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestLinksAreRefused(t *testing.T) {
	dir := folder(t, 50)
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "link")); err != nil {
		t.Skip("no links here")
	}
	if _, err := Make(dir, time.Time{}, time.Time{}, nil); err == nil || !strings.Contains(err.Error(), "link is no plain file") {
		t.Errorf("%v", err)
	}
}
