package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yagura/area/psirt/csaf"
)

var day = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

var signer = sync.OnceValue(func() *Signer {
	armoured, err := NewKey("Aoba PSIRT", "psirt@aoba.example", day.AddDate(-1, 0, 0))
	if err != nil {
		panic(err)
	}
	s, err := ReadKey(armoured, "", day)
	if err != nil {
		panic(err)
	}
	return s
})

func config() Config {
	return Config{URL: "https://psirt.aoba.example", Publisher: Publisher{Category: "vendor", Name: "Aoba Electric PSIRT", Namespace: "https://www.aoba.example"},
		Contacts: []string{"mailto:psirt@aoba.example"}, Report: "/report"}
}

func open(t *testing.T, dir string) *Site {
	t.Helper()
	s, err := Open(dir, config(), signer())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// made is a small valid advisory.
func made(id, label, version string, at time.Time) []byte {
	history := ""
	for v := 1; fmt.Sprint(v) <= version; v++ {
		if v > 1 {
			history += ","
		}
		when := "2026-01-05T00:00:00Z"
		if v > 1 {
			when = at.UTC().Format(time.RFC3339)
		}
		history += fmt.Sprintf(`{"date":%q,"number":"%d","summary":"Revision %d"}`, when, v, v)
	}
	current := at.UTC().Format(time.RFC3339)
	if version == "1" {
		current = "2026-01-05T00:00:00Z"
	}
	return []byte(fmt.Sprintf(`{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","lang":"en","title":"Weak door in %[1]s",
"acknowledgments":[{"names":["Sato Hanako"],"organization":"Finder Lab"}],
"distribution":{"tlp":{"label":%[2]q}},
"notes":[{"category":"summary","text":"A door stands open."}],
"publisher":{"category":"vendor","name":"Aoba Electric PSIRT","namespace":"https://www.aoba.example"},
"references":[{"category":"self","summary":"Here","url":"https://psirt.aoba.example/x.json"}],
"tracking":{"current_release_date":%[3]q,"id":%[1]q,"initial_release_date":"2026-01-05T00:00:00Z","revision_history":[%[4]s],"status":"final","version":%[5]q}},
"product_tree":{"branches":[{"category":"vendor","name":"Aoba","branches":[{"category":"product_name","name":"AE-5 & co","branches":[
{"category":"product_version_range","name":"<2","product":{"name":"AE-5 before 2","product_id":"old"}},{"category":"product_version","name":"2","product":{"name":"AE-5 2","product_id":"new"}}]}]}]},
"vulnerabilities":[{"cve":"CVE-2026-1000","notes":[{"category":"description","text":"It opens."}],"product_status":{"known_affected":["old"],"fixed":["new"]},
"remediations":[{"category":"vendor_fix","details":"Update to 2.","product_ids":["old"]}],
"scores":[{"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,"baseSeverity":"CRITICAL"},"products":["old"]}]}]}`,
		id, label, current, history, version))
}

func publish(t *testing.T, s *Site, now time.Time, c Change) *Result {
	t.Helper()
	r, err := s.Publish(now, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, h http.Handler, target string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", target, nil)
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// digest is the whole content of what is served.
func digest(t *testing.T, dir string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(filepath.Join(dir, "current"))
	if err != nil {
		return "nothing"
	}
	h := sha256.New()
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(root, p)
		fmt.Fprintf(h, "%s %x\n", rel, sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestPublish(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := publish(t, s, day, Change{Put: [][]byte{made("AE-2026-1", "WHITE", "1", day), made("AE-2026-2", "AMBER", "1", day)}})
	if len(r.Added) != 2 || r.Generation != "00000001" {
		t.Fatalf("%+v", r)
	}
	token, line, err := NewToken("customer", "amber")
	if err != nil {
		t.Fatal(err)
	}
	access, err := ReadAccess(strings.NewReader("# who\n" + line + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(dir, access)
	login := func(r *http.Request) { r.SetBasicAuth("customer", token) }
	for target, want := range map[string]int{
		"/.well-known/csaf/provider-metadata.json": 200, "/.well-known/security.txt": 200, "/csaf/white/2026/ae-2026-1.json": 200,
		"/csaf/white/2026/ae-2026-1.json.asc": 200, "/csaf/white/index.txt": 200, "/csaf/white/2026/": 200, "/csaf/white/2026": 308, "/csaf/": 200,
		"/en/advisories/ae-2026-1.html": 200, "/ja/advisories/ae-2026-1.html": 200, "/en/advisories/ae-2026-2.html": 404, "/": 200,
		"/osv/ae-2026-1.json": 200, "/osv/ae-2026-2.json": 404, "/en/feed.xml": 200, "/site.json": 404, "/public/index.html": 404, "/../site.json": 404,
		"/restricted/amber/2026/ae-2026-2.json": 401, "/restricted/": 401, "/csaf/../restricted/amber/2026/ae-2026-2.json": 401,
	} {
		if w := get(t, server, target); w.Code != want {
			t.Errorf("%s: %d instead of %d", target, w.Code, want)
		} else if w.Code == 200 && (strings.Contains(w.Body.String(), "AE-2026-2") || w.Header().Get("Set-Cookie") != "" || w.Header().Get("ETag") == "") {
			t.Errorf("%s tells of what is protected, or sets a cookie, or has no ETag", target)
		}
	}
	for target, want := range map[string]int{"/restricted/amber/2026/ae-2026-2.json": 200, "/restricted/amber/": 200, "/restricted/red/": 404, "/restricted/": 404} {
		if w := get(t, server, target, login); w.Code != want {
			t.Errorf("%s with a token: %d instead of %d", target, w.Code, want)
		}
	}
	if w := get(t, server, "/restricted/amber/2026/ae-2026-2.json", func(r *http.Request) { r.SetBasicAuth("other", token) }); w.Code != 401 {
		t.Errorf("a token of another name is taken: %d", w.Code)
	}
	body := get(t, server, "/csaf/white/2026/ae-2026-1.json")
	sig := get(t, server, "/csaf/white/2026/ae-2026-1.json.asc").Body.Bytes()
	if err := Verify(signer().Public(), body.Body.Bytes(), sig, day); err != nil || body.Header().Get("Content-Type") != "application/json" {
		t.Error(err, body.Header())
	}
	if err := Verify(signer().Public(), append(body.Body.Bytes(), ' '), sig, day); err == nil {
		t.Error("the signature fits another text")
	}
	if w := get(t, server, "/csaf/white/2026/ae-2026-1.json", func(r *http.Request) { r.Header.Set("If-None-Match", body.Header().Get("ETag")) }); w.Code != 304 {
		t.Errorf("what one has is sent again: %d", w.Code)
	}
	if w := get(t, server, "https://csaf.data.security.psirt.aoba.example/"); !strings.Contains(w.Body.String(), "csaf_trusted_provider") {
		t.Error("the DNS path does not serve the metadata")
	}
	if w := get(t, server, "/", func(r *http.Request) { r.Header.Set("Accept-Language", "ja-JP,en;q=0.5") }); !strings.Contains(w.Body.String(), "アドバイザリ") {
		t.Error("a Japanese browser is greeted in English")
	}
	for q, want := range map[string]bool{"q=cve-2026-1000+ae-5": true, "q=nothing": false, "product=" + slug("Aoba", "AE-5 & co"): true, "product=x": false} {
		if w := get(t, server, "/en/search/?"+q); w.Code != 200 || strings.Contains(w.Body.String(), "ae-2026-1.html") != want {
			t.Errorf("search for %s: %d\n%s", q, w.Code, w.Body)
		}
	}
	if w := get(t, server, "/en/search/?q=%22%3E%3Cscript%3E"); strings.Contains(w.Body.String(), "<script") {
		t.Error("a query becomes markup")
	}
	vex := get(t, server, "/vex/"+slug("Aoba", "AE-5 & co")+".json").Body.String()
	if !strings.Contains(vex, `"status": "affected"`) || !strings.Contains(vex, `"action_statement": "Update to 2."`) || !strings.Contains(vex, `"status": "fixed"`) {
		t.Error(vex)
	}
}

func TestUpdates(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	first := made("AE-2026-1", "WHITE", "1", day)
	publish(t, s, day, Change{Put: [][]byte{first, made("AE-2026-3", "WHITE", "1", day)}})
	before, _ := os.Stat(filepath.Join(dir, "current", "public", "csaf", "white", "2026", "ae-2026-3.json.asc"))
	r := publish(t, s, day.Add(time.Hour), Change{Put: [][]byte{first}})
	if r.Unchanged != 1 || len(r.Added)+len(r.Updated)+len(r.Removed) != 0 {
		t.Errorf("%+v", r)
	}
	r = publish(t, s, day.Add(2*time.Hour), Change{Put: [][]byte{made("AE-2026-1", "WHITE", "2", day.Add(time.Hour))}})
	if len(r.Updated) != 1 {
		t.Errorf("%+v", r)
	}
	after, _ := os.Stat(filepath.Join(dir, "current", "public", "csaf", "white", "2026", "ae-2026-3.json.asc"))
	if !os.SameFile(before, after) {
		t.Error("what did not change was made anew")
	}
	changes, _ := os.ReadFile(filepath.Join(dir, "current", "public", "csaf", "white", "changes.csv"))
	if want := "2026/ae-2026-1.json,2026-11-26T10:00:00Z\n2026/ae-2026-3.json,2026-01-05T00:00:00Z\n"; string(changes) != want {
		t.Errorf("%s", changes)
	}
	refused := map[string]Change{
		"is older than":        {Put: [][]byte{first}},
		"a change needs a new": {Put: [][]byte{bytes.Replace(made("AE-2026-1", "WHITE", "2", day.Add(time.Hour)), []byte("door stands"), []byte("gate stands"), 1)}},
		"is not published":     {Remove: []string{"AE-2026-9"}},
		"file name":            {Put: [][]byte{made("AE 2026-1", "WHITE", "1", day), made("AE_2026-1", "WHITE", "1", day)}},
		"lies in the future":   {Put: [][]byte{made("AE-2026-5", "WHITE", "2", day.AddDate(1, 0, 0))}},
		"is draft":             {Put: [][]byte{bytes.Replace(bytes.Replace(made("AE-2026-6", "WHITE", "1", day), []byte(`"final"`), []byte(`"draft"`), 1), []byte(`"version":"1"`), []byte(`"version":"1"`), 1)}},
		"6.1.1 ":               {Put: [][]byte{bytes.Replace(made("AE-2026-7", "WHITE", "1", day), []byte(`"fixed":["new"]`), []byte(`"fixed":["gone"]`), 1)}},
	}
	was := digest(t, dir)
	for want, c := range refused {
		_, err := s.Publish(day.Add(3*time.Hour), c)
		if invalid := (*Invalid)(nil); !errors.As(err, &invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if digest(t, dir) != was {
		t.Error("a refused change left something")
	}
	if r = publish(t, s, day.Add(4*time.Hour), Change{Put: [][]byte{made("AE-2026-1", "RED", "3", day.Add(3*time.Hour))}, Remove: []string{"AE-2026-3"}}); len(r.Removed) != 1 {
		t.Errorf("%+v", r)
	}
	for _, gone := range []string{"public/csaf/white/2026/ae-2026-1.json", "public/csaf/white/2026/ae-2026-3.json", "public/en/advisories/ae-2026-1.html"} {
		if _, err := os.Stat(filepath.Join(dir, "current", gone)); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "current", "restricted", "red", "2026", "ae-2026-1.json"), made("AE-2026-1", "RED", "3", day), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(day.Add(5*time.Hour), Change{}); err == nil || !strings.Contains(err.Error(), "was changed on the disk") {
		t.Errorf("tampering goes unnoticed: %v", err)
	}
}

// TestKilled stops a publication before each change of the file system, as a kill
// does, and once more as a full disk does: the site is the old one or the new one,
// byte for byte, and the next publication works.
func TestKilled(t *testing.T) {
	base := t.TempDir()
	first, second := Change{Put: [][]byte{made("AE-2026-1", "WHITE", "1", day)}}, Change{Put: [][]byte{made("AE-2026-1", "WHITE", "2", day), made("AE-2026-2", "AMBER", "1", day)}}
	fresh := func(name string) *Site {
		s := open(t, filepath.Join(base, name))
		s.disk.hook = func(string, string) error { return nil }
		publish(t, s, day, first)
		return s
	}
	s := fresh("whole")
	steps := 0
	s.disk.hook = func(string, string) error { steps++; return nil }
	publish(t, s, day.Add(time.Hour), second)
	if steps < 40 {
		t.Fatalf("only %d steps are watched", steps)
	}
	type killed struct{}
	s = fresh("killed")
	old := digest(t, s.dir)
	new := ""
	every := func(stop int) int { // files of the new generation are alike; what comes after them is not
		if os.Getenv("YAGURA_SOAK") != "1" && stop > 8 && stop < steps-12 {
			return 17
		}
		return 1
	}
	for stop := 0; new == ""; stop += every(stop) {
		n := 0
		s.disk.hook = func(string, string) error {
			if n++; n > stop {
				panic(killed{})
			}
			return nil
		}
		func() {
			defer func() {
				if r := recover(); r != nil && r != (killed{}) {
					panic(r)
				}
			}()
			_, err := s.Publish(day.Add(time.Hour), second)
			t.Fatalf("step %d was not reached: %v", stop, err)
		}()
		got := digest(t, s.dir)
		if got != old && new == "" {
			new = got
			if data, err := os.ReadFile(filepath.Join(s.dir, "current", "restricted", "amber", "index.txt")); err != nil || string(data) != "2026/ae-2026-2.json\n" {
				t.Fatalf("step %d: half a site: %v", stop, err)
			}
		}
		if got != old && got != new {
			t.Fatalf("step %d: neither the old nor the new site", stop)
		}
	} // switched: from here on the publication would find nothing to change
	s.disk.hook = nil
	if r := publish(t, s, day.Add(2*time.Hour), second); len(r.Added)+len(r.Updated) != 0 {
		t.Errorf("after the kill: %+v", r)
	}

	s = fresh("full")
	old = digest(t, s.dir)
	for stop := 0; stop < steps-1; stop += every(stop) {
		n := 0
		s.disk.hook = func(op, path string) error {
			if n++; n > stop && op != "remove" {
				return &fs.PathError{Op: op, Path: path, Err: syscall.ENOSPC}
			}
			return nil
		}
		_, err := s.Publish(day.Add(time.Hour), second)
		if err == nil || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk is full") {
			t.Fatalf("step %d: %v", stop, err)
		}
		if _, err := os.Stat(filepath.Join(s.dir, "generations", making)); err == nil {
			t.Fatalf("step %d: what was begun takes up space", stop)
		}
		if digest(t, s.dir) != old {
			t.Fatalf("step %d: the site changed", stop)
		}
	}
}

func advisories(t *testing.T) (all [][]byte) {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "csaf", "advisories")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the real advisories are not beside the repository")
	}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".json") {
			data, err := os.ReadFile(p)
			all = append(all, data)
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRealAdvisories(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	docs := advisories(t)
	if os.Getenv("YAGURA_SOAK") != "1" {
		docs = docs[:40] // TestJudges publishes them all
	}
	start := time.Now()
	publish(t, s, day, Change{Put: docs})
	t.Logf("all %d: %v", len(docs), time.Since(start))
	start = time.Now()
	r := publish(t, s, day.Add(time.Minute), Change{Put: [][]byte{made("AE-2026-1", "WHITE", "1", day)}})
	t.Logf("one more: %v", time.Since(start))
	if len(r.Added) != 1 {
		t.Errorf("%+v", r)
	}
	kept, err := s.Documents()
	if err != nil || len(kept) != len(docs)+1 {
		t.Fatal(len(kept), err)
	}
	for _, raw := range docs {
		d, _ := csaf.Parse(raw)
		if !bytes.Equal(kept[d.ID()], raw) {
			t.Errorf("%s is not published as it came", d.ID())
		}
	}
}

func TestWithdraw(t *testing.T) {
	d, err := csaf.Parse(made("AE-2026-1", "WHITE", "2", day))
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]End{"withdrawn": {Reason: "No door."}, "superseded": {Reason: "Two doors.", Successor: "AE-2026-9", SuccessorURL: "https://psirt.aoba.example/ae-2026-9.json"}} {
		last, err := Withdraw(d, end, day.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		report := last.Validate(csaf.Options{Level: csaf.Basic, Now: day.Add(2 * time.Hour)})
		if !report.Valid() || !Withdrawn(last) || Withdrawn(d) || last.Get("document", "tracking", "version").Text() != "3" || last.Get("vulnerabilities").Exists() {
			t.Errorf("%s: %+v\n%s", name, report, last.Bytes())
		}
		converted, _, err := last.Convert(csaf.Conversion{Now: day.Add(2 * time.Hour)})
		if err != nil || !strings.HasPrefix(converted.Get("document", "title").Text(), strings.ToUpper(name[:1])+name[1:]+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Withdraw(d, End{}, day); err == nil {
		t.Error("withdrawn for no reason")
	}
	for version, want := range map[string]string{"1": "2", "9": "10", "1.4.2": "2.0.0", "x": "", "": ""} {
		if got, _ := NextVersion(version); got != want {
			t.Errorf("after %s comes %s, not %s", version, want, got)
		}
	}
}

const configured = `url: https://psirt.aoba.example
publisher: {category: vendor, name: Aoba Electric PSIRT, namespace: "https://www.aoba.example"}
contacts: ["mailto:psirt@aoba.example"]
key: key.asc
`

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	armoured, err := NewKey("Aoba", "", day)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"key.asc": armoured, "site.yaml": configured + "policy_files: {en: policy.txt}\n", "policy.txt": "Be kind."} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenFile(filepath.Join(dir, "site"), filepath.Join(dir, "site.yaml"), day)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, s, day, Change{})
	if page, _ := os.ReadFile(filepath.Join(dir, "site", "current", "public", "en", "policy.html")); !bytes.Contains(page, []byte("<p>Be kind.</p>")) {
		t.Errorf("%s", page)
	}
	for want, text := range map[string]string{
		"url:": strings.Replace(configured, "https://psirt", "http://psirt", 1), "publisher.category:": strings.Replace(configured, "category: vendor", "category: baker", 1),
		"field keys not found": configured + "keys: x\n", "contacts[0]": strings.Replace(configured, "mailto:", "javascript:", 1), "key: is missing": strings.Replace(configured, "key: key.asc", "", 1), "empty": "",
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, text := range map[string]string{"line 1: name, label": "a b", "line 2: GREEN": "# x\na BLUE 00", "64 hex": "a RED 00", "stands twice": "a RED " + strings.Repeat("0", 64) + "\na RED " + strings.Repeat("1", 64)} {
		if _, err := ReadAccess(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// FuzzConfig: whatever a configuration or an access file says, what is accepted makes a site.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(configured))
	f.Add([]byte("a RED " + strings.Repeat("0", 64)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := ReadAccess(bytes.NewReader(data)); err == nil {
			for _, u := range a.users {
				if u.level < 1 || u.level > 3 || u.name == "" {
					t.Errorf("%+v", u)
				}
			}
		}
		c, err := ParseConfig(data)
		if err == nil && (!strings.HasPrefix(c.URL, "https://") || strings.ContainsAny(c.URL, "\r\n ") || len(c.Contacts) == 0) {
			t.Errorf("%+v", c)
		}
	})
}
