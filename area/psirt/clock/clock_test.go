package clock

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// holidays are days of three countries on which nobody works, as far as the
// cases touch them.
var holidays = map[string]string{
	"jp": `2024-02-12 2024-02-23 2026-02-11 2026-02-23 2026-03-20 2026-04-29 2026-05-04 2026-05-05 2026-05-06 2026-07-20 2026-08-11
		2026-09-21 2026-09-22 2026-09-23 2026-10-12 2026-11-03 2026-11-23 2026-12-29 2026-12-30 2026-12-31 2027-01-01 2027-01-11 2027-02-11
		2027-02-23 2027-03-22 2028-02-11 2028-02-23 2028-03-20`,
	"de": "2026-10-03 2026-12-25",
	"us": "2026-11-26 2026-11-27 2026-12-25",
}

var zones = map[string]string{"jp": "Asia/Tokyo", "de": "Europe/Berlin", "us": "America/New_York"}

type almanac struct {
	days string
	zone *time.Location
}

func (a almanac) AddWorkingDays(t time.Time, n int) time.Time {
	l := t.In(a.zone)
	for day := 1; ; day++ {
		x := time.Date(l.Year(), l.Month(), l.Day()+day, l.Hour(), l.Minute(), l.Second(), 0, a.zone)
		if wd := x.Weekday(); wd == time.Saturday || wd == time.Sunday || strings.Contains(a.days, x.Format(time.DateOnly)) {
			continue
		}
		if n--; n == 0 {
			return x
		}
	}
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04Z07:00", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// TestCases holds the rules against dated cases, exact to the minute.
func TestCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	used := map[string]bool{}
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		n++
		part := strings.Split(line, "|")
		if len(part) != 5 {
			t.Fatalf("line %d has %d parts", i+1, len(part))
		}
		rule, ok := Find(strings.TrimSpace(part[0]))
		if !ok {
			t.Fatalf("line %d: no rule %s", i+1, part[0])
		}
		used[rule.ID] = true
		var cal Calendar
		if name := strings.TrimSpace(part[1]); name != "none" {
			zone, err := time.LoadLocation(zones[name])
			if err != nil || zones[name] == "" {
				t.Fatal(name, err)
			}
			cal = almanac{holidays[name], zone}
		}
		var events []Event
		for word := range strings.FieldsSeq(part[2]) {
			kind, at, _ := strings.Cut(word, "=")
			kind, of, _ := strings.Cut(kind, ":")
			at, until, _ := strings.Cut(at, ">")
			e := Event{Kind: kind, Of: of, At: moment(t, at)}
			if until != "" {
				e.Until = moment(t, until)
			}
			events = append(events, e)
		}
		now := events[len(events)-1].At
		if s := strings.TrimSpace(part[3]); s != "" {
			now = moment(t, s)
		}
		var got, want []string
		for _, c := range Run([]Rule{rule}, events, cal) {
			got = append(got, fmt.Sprint(c.Start.UTC().Format(time.RFC3339), " ", c.Due.UTC().Format(time.RFC3339), " ", c.State(now)))
		}
		for n, s := range strings.Split(part[4], ",") {
			w := strings.Fields(s)
			if len(w) == 0 {
				continue
			}
			start := ""
			if w[0][0] == '[' {
				start, w = moment(t, strings.Trim(w[0], "[]")).Format(time.RFC3339), w[1:]
			} else if n < len(got) {
				start, _, _ = strings.Cut(got[n], " ")
			}
			want = append(want, start+" "+moment(t, w[0]).Format(time.RFC3339)+" "+w[1])
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("line %d: %s\n got  %s\n want %s", i+1, line, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	if n < 60 {
		t.Errorf("only %d cases", n)
	}
	for _, r := range Rules() {
		if !used[r.ID] {
			t.Errorf("no case of %s", r.ID)
		}
	}
	t.Logf("%d cases", n)
}

func TestWrongRulesAreNamed(t *testing.T) {
	good := `{"id":"a","title":{"en":"x","ja":"x"},"basis":{"en":"x","ja":"x"},"binding":"law","start":["s"],"within":"3h","met":["m"]}`
	if _, err := Parse([]byte("[" + good + "]")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"3h"`, `"3x"`, `rule 1 (a): within: "3x"`}, {`"3h"`, `"0d"`, "above zero"}, {`"3h"`, `""`, "within"},
		{`"law"`, `"perhaps"`, "no way of binding"}, {`["s"]`, `[]`, "start and met"}, {`"ja":"x"},"basis"`, `"ja":""},"basis"`, "English and Japanese"},
		{`"met"`, `"zone":"Nowhere/At","met"`, "zone"}, {`"met"`, `"mett"`, "unknown field"}, {good, good + "," + good, "rule 2 (a): the id"},
	} {
		if _, err := Parse([]byte("[" + strings.Replace(good, c.from, c.to, 1) + "]")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.to, err)
		}
	}
}
