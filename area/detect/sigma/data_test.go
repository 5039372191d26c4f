package sigma

import (
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// shared finds the reference data beside the repository.
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

var loadPublic = sync.OnceValue(func() *Set { return &Set{} })

// publicRules loads the three folders of public rules.
func publicRules(t testing.TB) *Set {
	t.Helper()
	set := loadPublic()
	if len(set.Rules) == 0 {
		for _, d := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
			s, err := ParseDir(shared(t, d))
			if err != nil {
				t.Fatal(err)
			}
			set.add(s)
		}
	}
	return set
}

func windowsRules(t testing.TB) []*Rule {
	var out []*Rule
	for _, r := range publicRules(t).Rules {
		if r.LogSource.Product == "windows" {
			out = append(out, r)
		}
	}
	return out
}

func thorMapping(t testing.TB) *Mapping {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(shared(t, "tests"), "thor.yml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseMapping(raw)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lines reads a gzipped file of JSON lines.
func lines(t testing.TB, name string) [][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t, "events"), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	sc := bufio.NewScanner(strings.NewReader(string(all)))
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		out = append(out, append([]byte(nil), sc.Bytes()...))
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
