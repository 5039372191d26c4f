package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestShapesAreDocumented: what the samples of a shape of our own hold is what
// docs/detect.md promises of it, so that whoever emits such events can follow
// the page alone.
func TestShapesAreDocumented(t *testing.T) {
	for source, heading := range map[string]string{"product: ot\n": "## Operations in machine networks", "product: identity\n": "## Sign-in events", "product: yagura\n": "## Events for detection"} {
		file := "../../../docs/detect.md"
		if source == "product: yagura\n" {
			file = "../../../docs/identity.md"
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, page, ok := strings.Cut(string(raw), heading)
		if !ok {
			t.Fatalf("%s has no %q", file, heading)
		}
		page, _, _ = strings.Cut(page, "\n## ")
		told := map[string]bool{}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(page, -1) {
			told[m[1]] = true
		}
		pack, _ := Pack()
		for _, r := range pack {
			if !strings.Contains(string(r.YAML), source) {
				continue
			}
			c, err := CaseOf(r.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range append(c.Fires, c.Silent...) {
				var doc map[string]any
				if err := json.Unmarshal([]byte(e), &doc); err != nil {
					t.Fatal(err)
				}
				for name := range doc {
					if !told[name] {
						t.Errorf("%s: the page does not know the field %s", r.Slug, name)
					}
				}
				for _, name := range []string{"event", "protocol", "operation", "result", "outcome", "src_role", "dst_role", "src_zone", "dst_zone", "security_mode"} {
					if v, ok := doc[name].(string); ok && v != "" && !told[v] {
						t.Errorf("%s: the page does not know %s %q", r.Slug, name, v)
					}
				}
			}
		}
	}
}

// TestThePageCountsTheRules keeps the table of docs/detect.md true.
func TestThePageCountsTheRules(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/detect.md")
	if err != nil {
		t.Fatal(err)
	}
	pack, _ := Pack()
	count := map[string]int{}
	for _, r := range pack {
		folder, _, _ := strings.Cut(r.Slug, "/")
		count[folder]++
	}
	for folder, n := range count {
		if row := fmt.Sprintf("| `%s` | %d |", folder, n); !strings.Contains(string(raw), row) {
			t.Errorf("docs/detect.md has no row %q", row)
		}
	}
	if all := fmt.Sprintf("\n%d rules, each with events", len(pack)); !strings.Contains(string(raw), all) {
		t.Errorf("docs/detect.md does not say that the pack has %d rules", len(pack))
	}
}
