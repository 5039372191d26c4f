package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/kernel/clock"
)

const key = "a-key"

func setup(t *testing.T, file string) *Service {
	t.Helper()
	s, err := New(Options{File: file, Clock: clock.Fixed(time.Date(2026, 4, 2, 9, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []string{"example", "other"} {
		if err := s.Admit(o, "psirt@"+o, key, 20); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func ask(s *Service, org, method, path, body string) (int, string) {
	r := httptest.NewRequest(method, "/api"+path, strings.NewReader(body))
	if org != "" {
		r.Header.Set("CVE-API-ORG", org)
		r.Header.Set("CVE-API-USER", "psirt@"+org)
		r.Header.Set("CVE-API-KEY", key)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

const good = `{"cnaContainer":{"descriptions":[{"lang":"en","value":"x"}],"affected":[{"vendor":"a","product":"b","defaultStatus":"affected"}],"references":[{"url":"https://www.example.com/"}]}}`
const reason = `{"cnaContainer":{"rejectedReasons":[{"lang":"en","value":"not used"}]}}`

// TestErrors: each refusal has the service's status, code and shape, and changes
// nothing.
func TestErrors(t *testing.T) {
	s := setup(t, "")
	for range 2 {
		if code, body := ask(s, "example", "POST", "/cve-id?amount=1&cve_year=2026&short_name=example", ""); code != 200 {
			t.Fatal(body)
		}
	}
	if code, body := ask(s, "example", "POST", "/cve/CVE-1900-1001/cna", good); code != 200 || !strings.Contains(body, `"created":{"dataType":"CVE_RECORD"`) {
		t.Fatal(body)
	}
	before, _ := json.Marshal(s.s)
	for _, c := range []struct {
		org, method, path, body string
		status                  int
		code                    string
	}{
		{"", "GET", "/cve-id", "", 400, "BAD_REQUEST"},
		{"nobody", "GET", "/cve-id", "", 401, "UNAUTHORIZED"},
		{"example", "POST", "/cve-id?amount=1&cve_year=2026", "", 400, "NO_ORG_SHORTNAME"},
		{"example", "POST", "/cve-id?amount=1&cve_year=2026&short_name=other", "", 403, "ORG_CANNOT_RESERVE_FOR_OTHER"},
		{"example", "POST", "/cve-id?amount=1&short_name=example", "", 400, "NO_YEAR"},
		{"example", "POST", "/cve-id?amount=1&cve_year=26&short_name=example", "", 400, "BAD_INPUT"},
		{"example", "POST", "/cve-id?amount=1&cve_year=1998&short_name=example", "", 403, "CANNOT_RESERVE_FOR_YEAR"},
		{"example", "POST", "/cve-id?cve_year=2026&short_name=example", "", 400, "NO_AMOUNT"},
		{"example", "POST", "/cve-id?amount=0&cve_year=2026&short_name=example", "", 400, "INVALID_AMOUNT"},
		{"example", "POST", "/cve-id?amount=2&cve_year=2026&short_name=example", "", 400, "NO_BATCH_TYPE"},
		{"example", "POST", "/cve-id?amount=2&batch_type=x&cve_year=2026&short_name=example", "", 400, "INVALID_BATCH_TYPE"},
		{"example", "POST", "/cve-id?amount=11&batch_type=nonsequential&cve_year=2026&short_name=example", "", 403, "OVER_NONSEQUENTIAL_MAX_AMOUNT"},
		{"example", "POST", "/cve-id?amount=20&batch_type=sequential&cve_year=2026&short_name=example", "", 403, "EXCEEDED_ID_QUOTA"},
		{"example", "GET", "/cve-id?state=PUBLIC", "", 400, "BAD_INPUT"},
		{"example", "GET", "/cve-id?status=RESERVED", "", 400, "BAD_PARAMETER_NAME"},
		{"example", "GET", "/cve-id?page=0", "", 400, "BAD_INPUT"},
		{"example", "GET", "/cve-id/CVE-1", "", 400, "BAD_INPUT"},
		{"example", "GET", "/cve-id/CVE-1900-7777", "", 404, "CVE_ID_NOT_FOUND"},
		{"other", "GET", "/cve-id/CVE-1900-1000", "", 404, "CVE_ID_NOT_FOUND"}, // reserved: nobody else's business
		{"example", "GET", "/cve/CVE-1900-1000", "", 404, "CVE_RECORD_DNE"},
		{"example", "POST", "/cve/CVE-1900-7777/cna", good, 403, "CVEID_DNE"},
		{"other", "POST", "/cve/CVE-1900-1000/cna", good, 403, "CVEID_ORG_DOES_NOT_MATCH"},
		{"example", "POST", "/cve/CVE-1900-1001/cna", good, 403, "CVE_RECORD_EXISTS"},
		{"example", "PUT", "/cve/CVE-1900-1000/cna", good, 403, "CVE_RECORD_DNE"},
		{"example", "PUT", "/cve/CVE-1900-1000/reject", reason, 403, "CVE_RECORD_DNE"},
		{"example", "POST", "/cve/CVE-1900-1000/reject", good, 400, "INVALID_JSON_SCHEMA"},
		{"example", "POST", "/cve/CVE-1900-1000/cna", `{`, 400, "INVALID_JSON_SYNTAX"},
		{"example", "POST", "/cve/CVE-1900-1000/cna", `{}`, 400, "INVALID_JSON_SCHEMA"},
		{"example", "POST", "/cve/CVE-1900-1000/cna", strings.Replace(good, `"vendor":"a",`, ``, 1), 400, "INVALID_JSON_SCHEMA"},
		{"example", "POST", "/cve/CVE-1900-1000/cna", strings.Replace(good, `{"descriptions"`, `{"datePublic":"2026-04-04T00:00:00Z","descriptions"`, 1), 400, "BAD_INPUT"},
		{"example", "POST", "/cve/CVE-1900-1000/cna", strings.Replace(good, `[{"lang":"en"`, `[{"lang":"en","value":"y"},{"lang":"en"`, 1), 400, "BAD_INPUT"},
		{"example", "POST", "/cve/CVE-1900-1000/cna", strings.Replace(good, `"x"`, `"`+strings.Repeat("x", mostBody)+`"`, 1), 400, "RECORD_TOO_LARGE"},
		{"example", "GET", "/org/other", "", 403, "NOT_SAME_ORG_OR_SECRETARIAT"},
		{"example", "GET", "/org/example/user/x", "", 404, "USER_DNE"},
		{"example", "POST", "/org/example/user", `{"username":"psirt@example"}`, 400, "USER_EXISTS"},
		{"example", "POST", "/org/example/user", `{"username":"a b"}`, 400, "BAD_INPUT"},
		{"example", "PUT", "/cve-id/CVE-1900-1001?state=REJECTED", "", 403, "CANNOT_CHANGE_CVE_ID_WITH_RECORD"},
		{"example", "PUT", "/cve-id/CVE-1900-1000?org=nobody", "", 404, "ORG_DNE"},
		{"example", "GET", "/nothing", "", 404, "NOT_FOUND"},
	} {
		status, body := ask(s, c.org, c.method, c.path, c.body)
		var e struct{ Error, Message string }
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != c.status || e.Error != c.code || e.Message == "" {
			t.Errorf("%s %s: %d %.200s", c.method, c.path, status, body)
		}
	}
	if after, _ := json.Marshal(s.s); string(after) != string(before) {
		t.Error("a refused request changed something")
	}
}

// TestKept: what was done is there after the simulator was ended, and its file
// holds no key.
func TestKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	s := setup(t, file)
	ask(s, "example", "POST", "/cve-id?amount=1&cve_year=2026&short_name=example", "")
	ask(s, "example", "POST", "/cve/CVE-1900-1000/cna", good)
	raw, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(raw), `"`+key+`"`) {
		t.Fatal("the file holds the key", err)
	}
	s = setup(t, file)
	if code, body := ask(s, "", "GET", "/cve/CVE-1900-1000", ""); code != http.StatusOK || !strings.Contains(body, `"state":"PUBLISHED"`) {
		t.Error(body)
	}
	if _, body := ask(s, "example", "POST", "/cve-id?amount=1&cve_year=2026&short_name=example", ""); !strings.Contains(body, "CVE-1900-1001") {
		t.Error("numbers begin anew:", body)
	}
	if _, body := ask(s, "", "GET", "/cve_count?state=PUBLISHED", ""); !strings.Contains(body, `"totalCount":1`) {
		t.Error(body)
	}
	os.WriteFile(file, []byte(`[]`), 0o600)
	if _, err := New(Options{File: file}); err == nil {
		t.Error("a file of something else was taken")
	}
}
