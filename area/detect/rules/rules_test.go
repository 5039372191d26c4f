package rules

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Japanese text must contain at least one kana, or it was left in English.
var kana = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}]`)

func TestEveryRuleIsComplete(t *testing.T) {
	pack, err := Pack()
	if err != nil {
		t.Fatal(err)
	}
	if len(pack) < 150 {
		t.Fatalf("the pack has %d rules, at least 150 are promised", len(pack))
	}
	ids, titles := map[string]string{}, map[string]string{}
	for _, r := range pack {
		if !uuid4.MatchString(r.ID) {
			t.Errorf("%s: id %q is not a UUIDv4", r.Slug, r.ID)
		}
		if other, twice := ids[r.ID]; twice {
			t.Errorf("%s and %s share an id", r.Slug, other)
		}
		if other, twice := titles[r.Title]; twice {
			t.Errorf("%s and %s share a title", r.Slug, other)
		}
		ids[r.ID], titles[r.Title] = r.Slug, r.Slug
		if r.TitleJa == "" || !kana.MatchString(r.DescriptionJa) {
			t.Errorf("%s: Japanese title or description is missing", r.Slug)
		}
		if len(r.Group) == 0 {
			t.Errorf("%s: no fields that make hits one alert", r.Slug)
		}
		technique := false
		for _, tag := range r.Tags {
			technique = technique || strings.HasPrefix(tag, "attack.t")
		}
		if !technique {
			t.Errorf("%s: no ATT&CK technique", r.Slug)
		}
		switch r.Level {
		case "low", "medium", "high", "critical":
		default:
			t.Errorf("%s: level %q", r.Slug, r.Level)
		}
	}
}

func TestEveryRuleHasSamples(t *testing.T) {
	pack, _ := Pack()
	for _, r := range pack {
		c, err := CaseOf(r.ID)
		if err != nil {
			t.Errorf("%s: %v", r.Slug, err)
			continue
		}
		if len(c.Fires) == 0 || len(c.Silent) == 0 {
			t.Errorf("%s: %d firing and %d silent events, one of each is the least", r.Slug, len(c.Fires), len(c.Silent))
		}
		for _, e := range append(c.Fires, c.Silent...) {
			if !json.Valid([]byte(e)) {
				t.Errorf("%s: sample is not JSON: %s", r.Slug, e)
			}
		}
	}
	files, err := Samples.ReadDir("cases")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(pack) {
		t.Errorf("%d sample files for %d rules", len(files), len(pack))
	}
}

// TestGroupFieldsExist: a field that makes hits one alert stands in the events
// that the rule fires on, else all hits of the rule would be one alert.
func TestGroupFieldsExist(t *testing.T) {
	pack, _ := Pack()
	for _, r := range pack {
		c, err := CaseOf(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range r.Group {
			found := false
			for _, raw := range c.Fires {
				var at any
				if err := json.Unmarshal([]byte(raw), &at); err != nil {
					t.Fatal(err)
				}
				found = found || holds(at, strings.Split(field, "."))
			}
			if !found {
				t.Errorf("%s: no firing sample has %s, by which its alerts are grouped", r.Slug, field)
			}
		}
	}
}

// holds reports whether the path leads to a value, through lists as well.
func holds(at any, path []string) bool {
	switch at := at.(type) {
	case map[string]any:
		return len(path) > 0 && holds(at[path[0]], path[1:])
	case []any:
		for _, one := range at {
			if holds(one, path) {
				return true
			}
		}
		return false
	}
	return at != nil && len(path) == 0
}

func TestBySlug(t *testing.T) {
	r, ok := BySlug("windows/ransom-note")
	if !ok || r.Level != "critical" {
		t.Fatalf("windows/ransom-note: found %v, level %q", ok, r.Level)
	}
	if _, ok := BySlug("windows/no-such-rule"); ok {
		t.Fatal("a rule that does not exist was found")
	}
}
