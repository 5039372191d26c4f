package offline

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const doors = `title: Refused
name: refused
id: aaaaaaaa-0000-4000-8000-000000000001
logsource: {product: door}
detection: {s: {door: refused}, condition: s}
---
title: Opened
name: opened
id: aaaaaaaa-0000-4000-8000-000000000002
level: low
logsource: {product: door}
detection: {s: {door: opened}, condition: s}
---
title: Refused, then opened
id: aaaaaaaa-0000-4000-8000-000000000003
level: high
tags: [attack.t1110]
correlation:
  type: temporal_ordered
  rules: [refused, opened]
  group-by: [badge]
  timespan: 5m
---
title: Not opened
id: aaaaaaaa-0000-4000-8000-000000000004
level: low
correlation: {type: temporal_ordered, rules: [refused, opened], group-by: [badge], timespan: 5m, condition: refused and not opened}
---
title: Nowhere
id: aaaaaaaa-0000-4000-8000-000000000005
correlation: {type: event_count, rules: [nobody], group-by: [badge], timespan: 5m, condition: {gte: 2}}
`

func TestScanJoins(t *testing.T) {
	at := func(minute int, what, badge string) string {
		return fmt.Sprintf(`{"@timestamp":"2026-01-02T03:%02d:00Z","door":%q,"badge":%q,"host":"gate"}`, minute, what, badge)
	}
	dir := folder(t, map[string]string{"doors.yml": doors})
	// In the file the later event stands first: time counts, not the order of lines.
	in := strings.Join([]string{at(4, "opened", "B7"), at(1, "refused", "b7"), `{"x":1}`, at(20, "refused", "C"), at(30, "opened", "C")}, "\n") + "\n"
	code, out, errs := run(t, in, "scan", "--source", "door", "--rules", dir, "-")
	var found []joinedFinding
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		var f joinedFinding
		if err := json.Unmarshal([]byte(l), &f); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		found = append(found, f)
	}
	if code != ExitFound || len(found) != 2 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if f := found[0]; f.RuleID[35:] != "3" || f.Line != 0 || f.Level != "high" || f.Time != "2026-01-02T03:04:00Z" || f.Host != "gate" || f.Fields["badge"] != "b7" ||
		len(f.Events) != 2 || f.Events[0].Line != 1 || f.Events[0].Rule[35:] != "1" || f.Events[1].Line != 0 || f.Correlation.Type != "temporal_ordered" || f.Tags[0] != "attack.t1110" {
		t.Errorf("%+v", f)
	}
	if f := found[1]; f.RuleID[35:] != "4" || f.Line != 3 || f.Fields["badge"] != "c" || len(f.Events) != 1 {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(errs, "doors.yml:29: rule aaaaaaaa-0000-4000-8000-000000000005: there is no rule nobody") {
		t.Errorf("the broken correlation is not named: %s", errs)
	}
	// Over two files, and the same whatever the number of workers.
	a := filepath.Join(folder(t, map[string]string{"a.ndjson": at(1, "refused", "b7") + "\n"}), "a.ndjson")
	b := filepath.Join(folder(t, map[string]string{"b.ndjson": at(2, "opened", "b7") + "\n"}), "b.ndjson")
	_, one, _ := run(t, "", "scan", "--source", "door", "--rules", dir, "--workers", "1", a, b)
	_, many, _ := run(t, "", "scan", "--source", "door", "--rules", dir, "--workers", "5", a, b)
	if one != many || !strings.Contains(one, `"file":"`+b+`","line":0`) {
		t.Errorf("%s\n%s", one, many)
	}
	filter := folder(t, map[string]string{"f.yml": "title: Guard\nlogsource: {product: door}\nfilter: {rules: [opened], selection: {badge: b7}, condition: not selection}\n"})
	if _, out, errs := run(t, "", "scan", "--source", "door", "--rules", dir, "--rules", filter, a, b); strings.Contains(out, "Refused, then") {
		t.Errorf("the filter does not work: %s%s", out, errs)
	}
}

func TestBacktestOfACorrelation(t *testing.T) {
	file := filepath.Join(folder(t, map[string]string{"doors.yml": doors}), "doors.yml")
	var in strings.Builder
	for day := 1; day <= 10; day++ {
		for i, what := range []string{"refused", "opened", "opened"} {
			if what == "opened" && day%2 == 0 {
				what = "closed"
			}
			fmt.Fprintf(&in, `{"@timestamp":"2026-11-%02dT03:0%d:00Z","door":%q,"badge":"b7","host":"gate%d"}`+"\n", day, i, what, i%2)
		}
	}
	try := func(rule string, args ...string) (code int, r struct {
		Rule         string
		Events, Hits int64
		WithData     int `json:"days_with_events"`
		Samples      []struct{ Event, Host string }
	}) {
		t.Helper()
		code, out, errs := run(t, in.String(), append([]string{"backtest", "--source", "door", "--rules", file, "--rule", rule}, args...)...)
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err, out, errs)
		}
		return code, r
	}
	code, r := try("aaaaaaaa-0000-4000-8000-000000000003", "--budget", "1", "-")
	if code != ExitClean || r.Events != 30 || r.Hits != 5 || r.WithData != 10 || r.Samples[0].Event != "-:25" || r.Samples[0].Host != "" {
		t.Errorf("exit code %d, %+v", code, r)
	}
	if code, r := try("aaaaaaaa-0000-4000-8000-000000000003", "--from", "2026-11-02", "--to", "2026-11-06", "--budget", "0.1", "-"); code != ExitFound || r.Hits != 2 || r.Events != 12 {
		t.Errorf("within bounds: exit code %d, %+v", code, r)
	}
	// Of a file: the correlation that stands at the end.
	if code, r := try(file, "-"); code != ExitClean || r.Rule[35:] != "4" || r.Hits != 5 {
		t.Errorf("absence: exit code %d, %+v", code, r)
	}
}
