package csaf

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const minimal = `{"document":{"category":"csaf_base","csaf_version":"2.0","publisher":{"category":"vendor","name":"Aoba","namespace":"https://example.com"},
"title":"T","tracking":{"current_release_date":"2026-06-01T00:00:00Z","id":"A-1","initial_release_date":"2026-06-01T00:00:00Z",
"revision_history":[{"date":"2026-06-01T00:00:00Z","number":"1","summary":"First"}],"status":"STATUS","version":"1"}}}`

func ask(t *testing.T, server *httptest.Server, tests, document string) (int, serviceAnswer) {
	t.Helper()
	answer, err := http.Post(server.URL+"/api/v1/validate", "application/json", strings.NewReader(`{"tests":`+tests+`,"document":`+document+`}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var out serviceAnswer
	d := json.NewDecoder(answer.Body)
	if answer.StatusCode == http.StatusOK {
		d.DisallowUnknownFields()
		if err := d.Decode(&out); err != nil {
			t.Fatal(err)
		}
	}
	return answer.StatusCode, out
}

func TestService(t *testing.T) {
	server := httptest.NewServer(Service(Options{}))
	defer server.Close()
	good, bad := strings.Replace(minimal, "STATUS", "final", 1), strings.Replace(minimal, "STATUS", "over", 1)
	for _, c := range []struct {
		tests, document string
		status          int
		valid           bool
		count           int
	}{
		{`[{"type":"preset","name":"mandatory"}]`, good, 200, true, 43},
		{`[{"type":"preset","name":"basic"}]`, good, 200, true, 44},
		{`[{"type":"preset","name":"basic"}]`, bad, 200, false, 44},
		{`[{"type":"preset","name":"schema"}]`, bad, 200, false, 1},
		{`[{"type":"preset","name":"optional"}]`, good, 200, true, 20}, // warnings do not make it invalid
		{`[{"type":"test","name":"mandatoryTest_6_1_27_9"}]`, good, 200, true, 1},
		{`[{"type":"test","name":"mandatoryTest_7"}]`, good, 400, false, 0},
		{`[]`, `{"a":1,"a":2}`, 400, false, 0},
		{`{`, good, 400, false, 0},
	} {
		status, out := ask(t, server, c.tests, c.document)
		if status != c.status || out.Valid != c.valid || len(out.Tests) != c.count {
			t.Errorf("%s: %d, valid %v, %d tests; want %+v", c.tests, status, out.Valid, len(out.Tests), c)
		}
	}
	_, out := ask(t, server, `[{"type":"test","name":"optionalTest_6_2_12"}]`, good)
	if len(out.Tests) != 1 || !out.Tests[0].Valid || len(out.Tests[0].Warnings) != 1 || out.Tests[0].Warnings[0].InstancePath != "/document/lang" {
		t.Errorf("a missing language is told as %+v", out.Tests)
	}
	list, err := http.Get(server.URL + "/api/v1/tests")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Body.Close()
	var all []map[string]string
	if err := json.NewDecoder(list.Body).Decode(&all); err != nil || len(all) < 190 || all[0]["name"] != "csaf_2_0" {
		t.Errorf("%d tests are listed: %v", len(all), err)
	}
}

// TestServiceSuite: the service judges the mandatory documents of the suite as
// Validate does.
func TestServiceSuite(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(need(t, "2.0/suite/mandatory"), "*.json"))
	server := httptest.NewServer(Service(Options{}))
	defer server.Close()
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(bytes.Clone(data))
		if err != nil {
			t.Fatal(err)
		}
		if _, out := ask(t, server, `[{"type":"preset","name":"basic"}]`, string(data)); out.Valid != d.Validate(Options{}).Valid() {
			t.Errorf("%s: the service says %v", filepath.Base(f), out.Valid)
		}
	}
}
