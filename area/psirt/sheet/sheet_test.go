package sheet

import (
	"strings"
	"testing"
	"time"

	"yagura/kernel/text"
)

func TestFill(t *testing.T) {
	facts := Facts{Number: "PSIRT-2026-0007", Title: "Overflow", TitleJA: "オーバーフロー", Description: "A long packet", Products: []string{"NX5 <1.25", "GW2"},
		Known: time.Date(2026, 11, 23, 18, 30, 0, 0, time.FixedZone("", 9*3600)), Embargo: time.Date(2026, 12, 24, 15, 0, 0, 0, time.UTC), TLP: "RED"}
	value := func(form, label string) Line {
		t.Helper()
		f, ok := Find(form)
		if !ok {
			t.Fatal(form)
		}
		lines, err := f.Fill(facts, text.EN)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if l.Label == label {
				return l
			}
		}
		t.Fatalf("%s has no %s", form, label)
		return Line{}
	}
	for _, c := range []struct{ form, label, want string }{
		{"cra-vulnerability", "Aware since (UTC)", "2026-11-23 09:30 UTC"},
		{"cra-vulnerability", "Products with digital elements", "NX5 <1.25\nGW2"},
		{"cra-vulnerability", "How sensitive the information is", "TLP:RED, until 2026-12-24 15:00 UTC"},
		{"jvn", "Title", "オーバーフロー"},
		{"jvn", "Overview", "A long packet"},
		{"jvn", "Wished time of publication (Japan)", "2026-12-25 00:00 JST"},
	} {
		if l := value(c.form, c.label); l.Value != c.want || l.Missing {
			t.Errorf("%s, %s: %+v", c.form, c.label, l)
		}
	}
	if l := value("cra-incident", "Aware since (UTC)"); !l.Missing || l.Value != "" {
		t.Errorf("%+v", l)
	}
	if l := value("cra-vulnerability", "CVE ID"); l.Missing {
		t.Errorf("%+v", l)
	}
}

func TestWrongFormsAreNamed(t *testing.T) {
	good := `{"id":"a","title":{"en":"x","ja":"x"},"note":{"en":"x","ja":"x"},"fields":[{"label":{"en":"L","ja":"l"},"value":"{{.Title}}"}]}`
	if _, err := Parse([]byte("[" + good + "]")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"{{.Title}}", "{{.Titel}}", "form a, field 1 (L)"}, {"{{.Title}}", "{{.Title", "form a, field 1"}, {`"ja":"l"`, `"ja":""`, "form a, field 1"}, {`"id":"a"`, `"id":""`, "form 1"}, {`"value"`, `"worth"`, "unknown field"},
	} {
		if _, err := Parse([]byte("[" + strings.Replace(good, c.from, c.to, 1) + "]")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.to, err)
		}
	}
}
