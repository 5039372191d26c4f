package web

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yagura/api"
	"yagura/area/psirt"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// bearer knows people by their id as the token.
type bearer struct {
	db  *store.DB
	dir *authz.Directory
}

func (b bearer) Authenticate(r *http.Request) (a authz.Actor, err error) {
	who := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	err = b.db.View(r.Context(), func(tx *store.Tx) error {
		a, err = b.dir.ActorOf(tx, who)
		return err
	})
	if err != nil {
		return a, fault.Unauthenticated("A valid token is needed")
	}
	return a, nil
}

// remote asks the interface as somebody.
type remote struct {
	t *testing.T
	h http.Handler
	s *psirt.Service
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	db, _ := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, psirt.Migrations)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, psirt.Acts))
	s := psirt.New(db, psirt.Ports{Directory: dir})
	system := authz.System("test")
	if err := db.Change(context.Background(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"}, authz.Unit{ID: "works", Name: "Works", Kind: "site", Parent: "group", Region: "world"},
			authz.Unit{ID: "other", Name: "Other", Kind: "site", Parent: "group", Region: "world"}, authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"}); err != nil {
			return err
		}
		for person, g := range map[string]authz.Grant{"psirt": {Role: authz.Psirt, Unit: "group"}, "second": {Role: authz.Psirt, Unit: "group"}, "head": {Role: authz.Head, Unit: "group"},
			"engineer": {Role: authz.Engineer, Unit: "works"}, "stranger": {Role: authz.Engineer, Unit: "other"}, "assessor": {Role: authz.Assessor, Unit: "group"}} {
			if err := authz.PutPeople(tx, authz.Person{ID: person, Name: person, Unit: "group", Lang: text.EN, Active: true}); err != nil {
				return err
			}
			g.Person, g.Tree, g.Until = person, authz.Own, tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, system, g); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	k, err := console.New(console.Options{Areas: []console.Area{Area(s)}, Sessions: nobody{}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Clock: db.Clock()})
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.New(k.Routes(), api.Options{Authenticator: bearer{db, dir}, Clock: db.Clock(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return &remote{t, h, s}
}

type reply map[string]any

// ask sends a request and fails unless it is answered with the status.
func (r *remote) ask(who, method, path, body string, status int, headers ...string) (reply, http.Header) {
	r.t.Helper()
	req := httptest.NewRequest(method, api.Prefix+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+who)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.h.ServeHTTP(w, req)
	if w.Code != status {
		r.t.Fatalf("%s: %s %s answers %d, not %d: %s", who, method, path, w.Code, status, w.Body)
	}
	out := reply{"raw": w.Body.String()}
	json.Unmarshal(w.Body.Bytes(), &out)
	return out, w.Header()
}

// wrong are the names of the fields that a problem complains of.
func (p reply) wrong() string {
	var names []string
	list, _ := p["errors"].([]any)
	for _, x := range list {
		names = append(names, x.(map[string]any)["name"].(string))
	}
	return strings.Join(names, " ")
}

func (p reply) str(keys ...any) string {
	var v any = map[string]any(p)
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return ""
			}
			v = l[k]
		}
	}
	b, _ := json.Marshal(v)
	return strings.Trim(string(b), `"`)
}

func TestProductsByProgram(t *testing.T) {
	r := newRemote(t)
	const first = `{"vendor":"Kitaura","name":"FX9U","unit":"works","scheme":"lettered","models":[{"number":"FX9U-32MT","hardware":[{"name":"Rev. A","serials":"..2305*"}]},{"number":"FX9U-64MT"}],
		"versions":[{"version":"1.05F","released":"2026-01-10"},{"version":"1.06A","released":"2026-06-10","support_end":"2031-01-01"}]}`
	for body, names := range map[string]string{
		`{"name":"FX9U","unit":"works"}`:                              "vendor",
		`{"vendor":"K","name":"F","unit":"works","more":1}`:           "more",
		`{"vendor":"K","name":"F","unit":"works","cpe":"x"}`:          "cpe",
		`{"vendor":"K","name":"F","unit":"works","family":"nowhere"}`: "family",
		`{"vendor":"K","name":"F","unit":"nowhere"}`:                  "unit",
		strings.Replace(first, "2026-06-10", "yesterday", 1):          "/versions/1/released",
		strings.Replace(first, `"1.06A"`, `"\n"`, 1):                  "/versions/1/version",
		strings.Replace(first, "FX9U-64MT", "FX9U-32MT", 1):           "/models/1/number",
		strings.Replace(first, "..2305*", "9..1", 1):                  "/models/0/hardware/0/serials",
		strings.Replace(first, "2031-01-01", "2026-01-01", 1):         "/versions/1/support_end",
	} {
		if p, _ := r.ask("engineer", "POST", "/psirt/products", body, 422); p.wrong() != names {
			t.Errorf("%s: %q, not %q: %s", body, p.wrong(), names, p["raw"])
		}
	}
	if list, _ := r.ask("engineer", "GET", "/psirt/products", "", 200); list.str("total") != "0" {
		t.Errorf("what is wrong was half applied: %s", list["raw"])
	}
	r.ask("assessor", "POST", "/psirt/products", first, 403)
	r.ask("stranger", "POST", "/psirt/products", first, 422) // a unit that he may not see
	made, _ := r.ask("engineer", "POST", "/psirt/products", first, 201)
	id := made.str("id")
	at := "/psirt/products/" + id
	if made.str("models", 0, "hardware", 0, "serials") != "..2305*" || made.str("versions", 0, "version") != "1.06A" || made.str("versions", 0, "support_end") != "2031-01-01" {
		t.Errorf("%s", made["raw"])
	}
	r.ask("stranger", "GET", at, "", 404)
	r.ask("stranger", "PUT", at, "{}", 422) // the body's own form comes first; it tells nothing of the product
	r.ask("stranger", "PUT", at, first, 404)
	r.ask("assessor", "PUT", at, first, 403)
	if list, _ := r.ask("stranger", "GET", "/psirt/products?q=FX9U", "", 200); list.str("total") != "0" {
		t.Errorf("a stranger finds %s", list["raw"])
	}
	if list, _ := r.ask("assessor", "GET", "/psirt/products?q=fx9u-64&unit=works&limit=1&sort=-changed", "", 200); list.str("items", 0, "id") != id || list.str("total") != "1" {
		t.Errorf("%s", list["raw"])
	}
	if p, _ := r.ask("engineer", "GET", "/psirt/products?colour=red", "", 422); p.wrong() != "colour" {
		t.Errorf("%s", p["raw"])
	}
	// Replaced: a model goes out of use, another comes, a version gets another day; nothing
	// that advisories name is lost.
	const second = `{"vendor":"Kitaura","name":"FX9U","name_ja":"エフエックス","unit":"works","scheme":"lettered","offered":true,"models":[{"number":"FX9U-64MT","cpe":"cpe:2.3:h:kitaura:fx9u:*:*:*:*:*:*:*:*"},{"number":"FX9U-80MT"}],
		"versions":[{"version":"1.05F","released":"2026-01-11"}],"version":%}`
	version := func(v string) string { return strings.Replace(second, "%", v, 1) }
	if p, _ := r.ask("engineer", "PUT", at, version("0"), 422); p.wrong() != "version" {
		t.Errorf("%s", p["raw"])
	}
	r.ask("engineer", "PUT", at, version("99"), 409)
	now, _ := r.ask("engineer", "PUT", at, version(made.str("version")), 200)
	got := map[string]string{}
	for i := range 3 {
		got[now.str("models", i, "number")] = now.str("models", i, "retired")
	}
	if got["FX9U-32MT"] != "true" || got["FX9U-64MT"] != "null" || got["FX9U-80MT"] != "null" || now.str("versions", 1, "released") != "2026-01-11" || now.str("versions", 0, "version") != "1.06A" || now.str("offered") != "true" {
		t.Errorf("%s", now["raw"])
	}
	r.ask("engineer", "PUT", at, version(made.str("version")), 409) // the version that was read is an old one
	if again, _ := r.ask("engineer", "PUT", at, version(now.str("version")), 200); again.str("version") != now.str("version") {
		t.Errorf("the same state is a change: %s", again["raw"])
	}
	// On the pages too, what is saved as it was is no change, and no error.
	one, err := r.s.Product(context.Background(), authz.System("test"), id)
	if err != nil {
		t.Fatal(err)
	}
	m := one.Models[1]
	if err := r.s.EditModel(context.Background(), authz.System("test"), id, 0, m.ID, m.Number, m.CPE, !one.Gone[m.ID].IsZero()); err != nil {
		t.Error(err)
	}
	if err := r.s.KeepFirmware(context.Background(), authz.System("test"), id, 0, one.Firmware[0]); err != nil {
		t.Error(err)
	}
	back := strings.Replace(version(now.str("version")), `"models":[`, `"models":[{"number":"FX9U-32MT"},`, 1)
	if now, _ := r.ask("engineer", "PUT", at, back, 200); strings.Contains(now["raw"].(string), `"retired":true`) || !strings.Contains(now["raw"].(string), "Rev. A") {
		t.Errorf("%s", now["raw"])
	}
}

// whole is an advisory that the mandatory tests take.
const whole = `{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","distribution":{"tlp":{"label":"WHITE"}},"lang":"en","notes":[{"category":"summary","text":"A zebra.","title":"Summary"}],
"publisher":{"category":"vendor","name":"Aoba","namespace":"https://www.aoba.example"},"references":[{"category":"self","summary":"This advisory","url":"https://psirt.example.com/x.json"}],"title":"Zebra",
"tracking":{"current_release_date":"2026-01-01T00:00:00Z","id":"X-1","initial_release_date":"2026-01-01T00:00:00Z","revision_history":[{"date":"2026-01-01T00:00:00Z","number":"1","summary":"First"}],"status":"draft","version":"1"}},
"product_tree":{"branches":[{"category":"vendor","name":"Aoba","branches":[{"category":"product_name","name":"AE-5","branches":[{"category":"product_version","name":"1.0","product":{"name":"AE-5 1.0","product_id":"old"}}]}]}]},
"vulnerabilities":[{"cve":"CVE-1900-20001","notes":[{"category":"description","text":"A zebra gets out."}],"product_status":{"known_affected":["old"]},"remediations":[{"category":"none_available","details":"Keep the door shut.","product_ids":["old"]}]}]}`

func TestAdvisoriesByProgram(t *testing.T) {
	r := newRemote(t)
	for body, names := range map[string]string{
		`{"document":`: "/document",
		`{"document":{"csaf_version":"2.0","csaf_version":"2.0"}}`: "/document/csaf_version",
		`[]`: "/",
		`{}`: "/document/csaf_version",
		strings.Replace(whole, `"csaf_version":"2.0"`, `"csaf_version":"2.1"`, 1):     "/document/csaf_version",
		`{"document":{"csaf_version":"2.0","tracking":[]}}`:                           "/document/tracking",
		strings.Replace(whole, `"revision_history":[`, `"revision_history":["x",`, 1): "/document/tracking/revision_history/0",
	} {
		query := ""
		if strings.Contains(body, `["x",`) {
			query = "?strict=true"
		}
		if p, _ := r.ask("psirt", "POST", "/psirt/advisories"+query, body, 422); !strings.HasPrefix(p.wrong(), names) {
			t.Errorf("%s: %q, not %q: %s", body, p.wrong(), names, p["raw"])
		}
	}
	unknown := strings.Replace(whole, `"known_affected":["old"]`, `"known_affected":["new"]`, 1)
	if p, _ := r.ask("psirt", "POST", "/psirt/advisories?strict=true", unknown, 422); !strings.Contains(p.wrong(), "/vulnerabilities/0/product_status/known_affected/0") || !strings.Contains(p["raw"].(string), "6.1.1:") {
		t.Errorf("%s", p["raw"])
	}
	if list, _ := r.ask("psirt", "GET", "/psirt/advisories", "", 200); list.str("total") != "0" {
		t.Errorf("what is refused was kept: %s", list["raw"])
	}
	for _, who := range []string{"assessor", "engineer"} {
		r.ask(who, "POST", "/psirt/advisories", whole, 403)
	}
	r.ask("psirt", "POST", "/psirt/advisories?case=nowhere", whole, 404)
	made, _ := r.ask("psirt", "POST", "/psirt/advisories", unknown, 201)
	id, number := made.str("id"), made.str("number")
	if made.str("stage") != "draft" || number == "X-1" || made.str("draft", "document", "tracking", "id") != number || !strings.Contains(made.str("tests"), `"test":"6.1.1"`) || made.str("tests", 0, "group") != "mandatory" {
		t.Errorf("%s", made["raw"])
	}
	// Nobody else knows of it, whatever the role.
	at := "/psirt/advisories/" + id
	for _, who := range []string{"second", "head", "assessor", "engineer"} {
		r.ask(who, "GET", at, "", 404)
		r.ask(who, "GET", at+"/document", "", 404)
		if list, _ := r.ask(who, "GET", "/psirt/advisories?q=zebra", "", 200); list.str("total") != "0" {
			t.Errorf("%s finds a draft: %s", who, list["raw"])
		}
	}
	good := strings.Replace(whole, "X-1", number, 1)
	for _, who := range []string{"second", "head"} {
		r.ask(who, "PUT", at+"?version=1", good, 404)
		r.ask(who, "PUT", at+"?version=1", "{", 404) // nor by what can't be read
		r.ask(who, "PUT", "/psirt/advisories/nowhere?version=1", good, 404)
	}
	r.ask("psirt", "GET", at+"/document", "", 404)
	if p, _ := r.ask("psirt", "PUT", at, good, 422); p.wrong() != "version" {
		t.Errorf("%s", p["raw"])
	}
	r.ask("psirt", "PUT", at+"?version=9", good, 409)
	if p, _ := r.ask("psirt", "PUT", at+"?version=1", whole, 422); p.wrong() != "/document/tracking/id" {
		t.Errorf("%s", p["raw"])
	}
	now, _ := r.ask("psirt", "PUT", at+"?strict=true&version="+made.str("version"), good, 200)
	if strings.Contains(now.str("tests"), "mandatory") || now.str("draft", "vulnerabilities", 0, "product_status", "known_affected", 0) != "old" {
		t.Errorf("%s", now["raw"])
	}
	if list, _ := r.ask("psirt", "GET", "/psirt/advisories?state=open&tlp=WHITE&limit=1", "", 200); list.str("items", 0, "number") != number || list.str("total") != "1" {
		t.Errorf("%s", list["raw"])
	}
	if _, err := r.s.SubmitAdvisory(context.Background(), authz.System("test"), id, 0); err != nil {
		t.Fatal(err)
	}
	now, _ = r.ask("psirt", "GET", at, "", 200)
	r.ask("psirt", "PUT", at+"?version="+now.str("version"), good, 409) // in review it stands still
	var tidy bytes.Buffer
	json.Compact(&tidy, []byte(good))
	if now.str("draft", "document", "title") != "Zebra" || !strings.Contains(now["raw"].(string), tidy.String()) {
		t.Error("the text changed on its way")
	}
}

// TestPublicTextByProgram asks for the bytes of what is public, and again.
func TestPublicTextByProgram(t *testing.T) {
	r := newRemote(t)
	text := strings.Replace(strings.Replace(whole, `"status":"draft"`, `"status":"final"`, 1), "X-1", "AE-2026-1", 1)
	got, err := r.s.ImportAdvisories(context.Background(), authz.System("test"), map[string][]byte{"ae-2026-1.json": []byte(text)})
	if err != nil || got.Added != 1 {
		t.Fatal(got, err)
	}
	list, _ := r.ask("assessor", "GET", "/psirt/advisories?q=zebra&state=published", "", 200)
	at := "/psirt/advisories/" + list.str("items", 0, "id")
	if one, _ := r.ask("assessor", "GET", at, "", 200); one.str("document", "document", "title") != "Zebra" || one.str("draft") != "null" || one.str("revisions", 0, "version") != "1" {
		t.Errorf("%s", one["raw"])
	}
	body, h := r.ask("engineer", "GET", at+"/document", "", 200)
	if body["raw"] != text || h.Get("Content-Type") != "application/json" {
		t.Errorf("%v %s", h, body["raw"])
	}
	for _, known := range []string{h.Get("ETag"), `"x", W/` + h.Get("ETag"), "*"} {
		if body, _ := r.ask("engineer", "GET", at+"/document", "", http.StatusNotModified, "If-None-Match", known); body["raw"] != "" {
			t.Errorf("%s", body["raw"])
		}
	}
	r.ask("engineer", "GET", at+"/document", "", 200, "If-None-Match", `"another"`)
}
