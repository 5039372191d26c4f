package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// judges are two validators that others wrote. They are built outside of this
// module, at pinned versions with pinned hashes.
var judges = map[string]struct{ module, version, sum string }{
	"go-oscal": {"github.com/defenseunicorns/go-oscal", "v0.7.1", "h1:L2kUisuGU5q2GbWvhxPQpNTZtOELpqc/tpd2hgE5gck="},
	"jv":       {"github.com/santhosh-tekuri/jsonschema/cmd/jv", "v0.7.0", "h1:ZAp1EedkHzhHQY0wLcSsZu855VxZmvRwow3SPkBFdvY="},
}

// judge builds a validator and returns its path. It is built where it is asked
// for, since that fetches modules.
func judge(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("YAGURA_REQUIRE_OSCAL") != "1" {
		t.Skip("validators that others wrote are built with YAGURA_REQUIRE_OSCAL=1 alone")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	j := judges[name]
	dir := filepath.Join(cache, "yagura-ci", name+"-"+j.version)
	binary := filepath.Join(dir, name)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(file, content string) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", fmt.Sprintf("module judge\ngo 1.26\nrequire %s %s\n", j.module, j.version))
	write("go.sum", fmt.Sprintf("%s %s %s\n", j.module, j.version, j.sum))
	cmd := exec.Command("go", "build", "-mod=mod", "-o", binary, j.module)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return binary
}

// accepts asks a validator.
func accepts(t *testing.T, cmd *exec.Cmd) bool {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return false
	}
	t.Fatalf("%v\n%s", err, out)
	return false
}

func saved(t *testing.T, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "doc.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var schemas = map[Model]string{SSP: "ssp", POAM: "poam", AssessmentResults: "assessment-results", ComponentDefinition: "component"}

func TestOthersAcceptWhatIsWritten(t *testing.T) {
	oscal, jv := judge(t, "go-oscal"), judge(t, "jv")
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "..", "shared", "data", "oscal", "schemas", "1.1.3"))
	if err != nil {
		t.Fatal(err)
	}
	_, absent := os.Stat(dir)
	if absent != nil {
		t.Log("the official schemas are not beside the repository: jv is not asked")
	}
	for level := 1; level <= 3; level++ {
		for m, data := range written(t, level) {
			name := saved(t, data)
			if !accepts(t, exec.Command(oscal, "validate", "-f", name)) {
				t.Errorf("go-oscal refuses the %s of Level %d", m, level)
			}
			if absent == nil && !accepts(t, exec.Command(jv, filepath.Join(dir, "oscal_"+schemas[m]+"_schema.json"), name)) {
				t.Errorf("jv refuses the %s of Level %d", m, level)
			}
		}
	}
	examples, _ := filepath.Glob(filepath.Join(dir, "..", "..", "examples", "*.json"))
	for _, name := range examples {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(`"catalog":`)) {
			continue // no model of ours
		}
		r, err := Check(name, data, Options{})
		if err != nil || len(r.Form) > 0 || !accepts(t, exec.Command(oscal, "validate", "-f", name)) {
			t.Errorf("%s: %v %v", name, err, r)
		}
	}
}

func TestDamagedDocumentsAreRefusedByBoth(t *testing.T) {
	oscal := judge(t, "go-oscal")
	docs := written(t, 2)
	for _, d := range damages {
		data := d.apply(t, docs[d.model])
		if accepts(t, exec.Command(oscal, "validate", "-f", saved(t, data))) {
			t.Errorf("%s: go-oscal accepts it", d.name)
		}
	}
}

// TestChanceDamage changes something at random and asks for the same verdict.
func TestChanceDamage(t *testing.T) {
	oscal := judge(t, "go-oscal")
	rng := rand.New(rand.NewPCG(4, 2))
	docs := written(t, 1)
	refused := 0
	for n := range 80 {
		m := []Model{SSP, POAM, AssessmentResults, ComponentDefinition}[n%4]
		var doc any
		if err := json.Unmarshal(docs[m], &doc); err != nil {
			t.Fatal(err)
		}
		what := chance(rng, doc, "$")
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Check("doc.json", data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		theirs := accepts(t, exec.Command(oscal, "validate", "-f", saved(t, data)))
		if ours := len(r.Form) == 0; ours != theirs {
			t.Errorf("%s: accepted here %v, by go-oscal %v\n%v", what, ours, theirs, r.Form)
		}
		if !theirs {
			refused++
		}
	}
	if refused < 30 {
		t.Errorf("only %d documents were refused, which proves little", refused)
	}
}

// chance changes one value somewhere below v and tells what.
func chance(rng *rand.Rand, v any, path string) string {
	switch v := v.(type) {
	case map[string]any:
		var keys []string
		for k := range v {
			keys = append(keys, k)
		}
		sortStrings(keys)
		k := keys[rng.IntN(len(keys))]
		if deep(v[k]) && rng.IntN(4) > 0 {
			return chance(rng, v[k], path+"."+k)
		}
		switch rng.IntN(4) {
		case 0:
			delete(v, k)
			return "without " + path + "." + k
		case 1:
			v["x"+k] = v[k]
			delete(v, k)
			return "renamed " + path + "." + k
		default:
			v[k] = odd[rng.IntN(len(odd))]
			return fmt.Sprintf("%s.%s is %v", path, k, v[k])
		}
	case []any:
		i := rng.IntN(len(v))
		if deep(v[i]) {
			return chance(rng, v[i], fmt.Sprintf("%s[%d]", path, i))
		}
		v[i] = odd[rng.IntN(len(odd))]
		return fmt.Sprintf("%s[%d] is %v", path, i, v[i])
	}
	return "nothing"
}

func deep(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

var odd = []any{nil, true, 7, "", " padded ", "two words", "3.1.1", "_a.b-c", "日本語", "line\nbreak", []any{}, map[string]any{}, "2026-11-23", "2026-11-23T00:00:00Z",
	"2026-02-30T00:00:00Z", "2026-11-23T00:00:00+09:00", "2026-11-23T00:00:00", "urn:x:y", "#frag", "http://[::1", "a b", `c:\d`, "11111111-2222-4333-8444-555555555555", "11111111-2222-1333-8444-555555555555", []any{"x"}}
