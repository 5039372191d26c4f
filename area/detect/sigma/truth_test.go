package sigma

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestPublicRulesLoad: every rule of the public folders is read; of those for
// Windows all compile but two, which name the placeholder they miss.
func TestPublicRulesLoad(t *testing.T) {
	set := publicRules(t)
	for _, p := range set.Problems {
		t.Error(p)
	}
	windows := windowsRules(t)
	e, problems := Compile(windows, thorMapping(t), Options{})
	t.Logf("%d rules read, %d for Windows, %d compiled", len(set.Rules), len(windows), len(e.Rules()))
	if len(windows) != 2858 || len(e.Rules()) != 2856 {
		t.Errorf("%d of %d Windows rules compile, want 2856 of 2858", len(e.Rules()), len(windows))
	}
	for _, p := range problems {
		if !strings.Contains(p.Text, "placeholder %") {
			t.Error(p)
		}
	}
	all, problems := Compile(set.Rules, nil, Options{Placeholders: map[string][]string{"known_cdcs": {"dc1"}}})
	for _, p := range problems {
		if !strings.Contains(p.Text, "placeholder %") {
			t.Error(p)
		}
	}
	missing := map[string]int{}
	for _, r := range all.Unrouted() {
		missing[r.LogSource.String()]++
	}
	t.Logf("%d of %d compiled; only reached with a hint: %v", len(all.Rules()), len(set.Rules), missing)
}

// TestTruth: exactly the matches that an independent evaluation found, by one
// matcher and by several, forwards and with the rules in another order.
func TestTruth(t *testing.T) {
	rules := windowsRules(t)
	backwards := slices.Clone(rules)
	slices.Reverse(backwards)
	for _, name := range []string{"mix", "process-creation"} {
		events := lines(t, name+".ndjson.gz")
		raw, err := os.ReadFile(filepath.Join(shared(t, "events"), name+".truth.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, l := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
			want[strings.ReplaceAll(strings.TrimSpace(l), "\t", " ")] = true
		}
		for workers, rules := range map[int][]*Rule{1: rules, 4: backwards} {
			t.Run(fmt.Sprintf("%s/%d", name, workers), func(t *testing.T) {
				e, _ := Compile(rules, thorMapping(t), Options{})
				got := matchAll(t, e, events, workers)
				missing, extra := 0, 0
				for k := range want {
					if !got[k] {
						if missing++; missing < 20 {
							t.Error("missing: ", k)
						}
					}
				}
				for k := range got {
					if !want[k] {
						if extra++; extra < 20 {
							t.Error("extra: ", k)
						}
					}
				}
				t.Logf("%d events, %d matches: %d missing, %d extra", len(events), len(want), missing, extra)
			})
		}
	}
}

func matchAll(t *testing.T, e *Engine, events [][]byte, workers int) map[string]bool {
	got := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m := e.NewMatcher()
			for i := w; i < len(events); i += workers {
				hits, err := m.Match(events[i], LogSource{})
				if err != nil {
					t.Errorf("line %d: %v", i, err)
				}
				for _, h := range hits {
					mu.Lock()
					got[fmt.Sprintf("%d %s", i, h.Rule.ID)] = true
					mu.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	return got
}

// publicCases is how many cases there are: one that is lost is no case that passes.
const publicCases = 101

// TestRegressionJSON: every public regression case fires, by both mappings.
func TestRegressionJSON(t *testing.T) {
	rules := windowsRules(t)
	raw, err := os.ReadFile(shared(t, "regression-index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(shared(t, "regression-index.tsv"))
	for name, mapping := range map[string]*Mapping{"thor": thorMapping(t), "own": DefaultMapping()} {
		e, _ := Compile(rules, mapping, Options{})
		m := e.NewMatcher()
		cases, fired := 0, 0
		for _, l := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
			f := strings.Split(strings.TrimRight(l, "\r"), "\t")
			data, err := os.ReadFile(filepath.Join(root, f[4]))
			if err != nil {
				t.Fatal(err)
			}
			cases++
			n := 0
			events := splitJSON(data)
			for _, ev := range events {
				hits, err := m.Match(ev, LogSource{})
				if err != nil {
					t.Errorf("%s: %v", f[4], err)
				}
				for _, h := range hits {
					if h.Rule.ID == f[0] {
						n++
					}
				}
			}
			if n > 0 {
				fired++
			} else {
				t.Errorf("%s mapping: rule %s does not fire on its case", name, f[0])
			}
		}
		if cases != publicCases {
			t.Errorf("%d cases are there, %d are known", cases, publicCases)
		}
		t.Logf("%s mapping: %d of %d cases fire", name, fired, cases)
	}
}

// splitJSON cuts a stream of objects, or an array of them, into its objects.
func splitJSON(b []byte) [][]byte {
	var out [][]byte
	for i := 0; i < len(b); {
		if b[i] != '{' {
			i++
			continue
		}
		end := skipBracketed(b, i)
		if end < 0 {
			return append(out, b[i:])
		}
		out = append(out, b[i:end])
		i = end
	}
	return out
}
