package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"yagura/kernel/fault"
)

// Kind is what became of a file.
type Kind string

// The kinds.
const (
	Changed Kind = "changed"
	Missing Kind = "missing"
	Renamed Kind = "renamed"
	Added   Kind = "added"
	Listed  Kind = "listed_differently" // the two files of the manifest disagree
)

// Finding is a file that is not as it was listed.
type Finding struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	To   string `json:"to,omitempty"` // where it was renamed to
}

// Verify compares a folder with its manifest. It returns how many files are as
// they were, what is not, and the hash of the seal.
func Verify(dir string) (good int, findings []Finding, seal string, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, Sums))
	if err != nil {
		return 0, nil, "", err
	}
	was, err := parse(raw)
	if err != nil {
		return 0, nil, "", err
	}
	list, err := scan(dir)
	if err != nil {
		return 0, nil, "", err
	}
	findings, m, err := readList(dir, was)
	if err != nil {
		return 0, nil, "", err
	}
	delete(was, List)
	for _, a := range m.Artifacts {
		if h, ok := was[a.Name]; !ok || h != a.Hash || a.Algorithm != Algorithm {
			findings = append(findings, Finding{Kind: Listed, Name: a.Name})
		}
	}
	if len(m.Artifacts) != len(was) && len(findings) == 0 {
		findings = append(findings, Finding{Kind: Listed, Name: List})
	}
	moved := map[string][]string{} // hash: names that were not listed
	for _, a := range list {
		switch h, ok := was[a.Name]; {
		case !ok:
			moved[a.Hash] = append(moved[a.Hash], a.Name)
		case h != a.Hash:
			findings = append(findings, Finding{Kind: Changed, Name: a.Name})
		default:
			good++
		}
		if _, ok := was[a.Name]; ok {
			was[a.Name] = ""
		}
	}
	for name, h := range was {
		switch to := moved[h]; {
		case h == "":
		case len(to) > 0:
			moved[h] = to[1:]
			findings = append(findings, Finding{Renamed, name, to[0]})
		default:
			findings = append(findings, Finding{Kind: Missing, Name: name})
		}
	}
	for _, names := range moved {
		for _, name := range names {
			findings = append(findings, Finding{Kind: Added, Name: name})
		}
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return strings.Compare(a.Name+"\x00"+string(a.Kind), b.Name+"\x00"+string(b.Kind))
	})
	return good, findings, hash(raw), nil
}

// readList reads the list for programs; one that is changed or gone is a finding.
func readList(dir string, was map[string]string) ([]Finding, *Manifest, error) {
	m := &Manifest{}
	for name, h := range was { // stands in where the list is not to be trusted
		if name != List {
			m.Artifacts = append(m.Artifacts, Artifact{Name: name, Hash: h, Algorithm: Algorithm})
		}
	}
	if was[List] == "" {
		return nil, nil, fault.Invalidf("%s does not name %s", Sums, List)
	}
	raw, err := os.ReadFile(filepath.Join(dir, List))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return []Finding{{Kind: Missing, Name: List}}, m, nil
	case err != nil:
		return nil, nil, err
	case hash(raw) != was[List]:
		return []Finding{{Kind: Changed, Name: List}}, m, nil
	}
	m = &Manifest{}
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", List, err)
	}
	return nil, m, nil
}

var sumLine = regexp.MustCompile(`^(\\?)([0-9a-f]{64}) [ *]([^\n]+)$`)

// parse reads the lines of sha256sum.
func parse(raw []byte) (map[string]string, error) {
	was := map[string]string{}
	n := 0
	for l := range strings.Lines(string(raw)) {
		n++
		m := sumLine.FindStringSubmatch(strings.TrimSuffix(l, "\n"))
		if m == nil {
			return nil, fault.Invalidf("%s:%d: this is no line of sha256sum", Sums, n)
		}
		name := m[3]
		if m[1] != "" {
			name = unescape(name)
		}
		if _, twice := was[name]; twice || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fault.Invalidf("%s:%d: %q stands twice or lies outside the folder", Sums, n, name)
		}
		was[name] = m[2]
	}
	return was, nil
}

func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r").Replace(s)
}
