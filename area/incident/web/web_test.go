package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yagura/api"
	"yagura/area/incident"
	"yagura/area/incident/web"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// site is a served console whose visitor is named by a header.
type site struct {
	t    *testing.T
	db   *store.DB
	clk  *clock.Movable
	dir  *authz.Directory
	s    *incident.Service
	host string
}

func (s *site) Actor(_ http.ResponseWriter, r *http.Request) (a authz.Actor, err error) {
	return s.Authenticate(r)
}

func (s *site) Authenticate(r *http.Request) (a authz.Actor, err error) {
	who := r.Header.Get("X-Test-Person")
	if who == "" {
		return a, fault.Unauthenticated("Please sign in")
	}
	err = s.db.View(r.Context(), func(tx *store.Tx) error {
		a, err = s.dir.ActorOf(tx, who)
		return err
	})
	if l := r.Header.Get("X-Test-Lang"); l != "" {
		a.Lang = text.Lang(l)
	}
	return a, err
}

type teams struct{}

var csirt = []incident.Team{{ID: "csirt", Name: "CSIRT", NameJA: "シーサート", Unit: "group", Lead: "hana", Members: []string{"hana", "ivo"}}}

func (teams) AllTeams(*store.Tx) ([]incident.Team, error)           { return csirt, nil }
func (teams) TeamsFor(*store.Tx, string) ([]incident.Team, error)   { return csirt, nil }
func (teams) OnCall(*store.Tx, string, time.Time) ([]string, error) { return []string{"hana"}, nil }
func (teams) Above(*store.Tx, string) (string, error)               { return "", nil }

func serve(t *testing.T) *site {
	t.Helper()
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, incident.Migrations)
	docs, err := document.Open(context.Background(), "file://"+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, db: db, clk: clk, dir: authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, incident.Acts))}
	s.s = incident.New(db, incident.Ports{Teams: teams{}, Documents: docs, Directory: s.dir, Secret: []byte("0123456789abcdef0123456789abcdef")})
	err = db.Change(context.Background(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "group", Region: "world"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "works", Name: "Works", Kind: "plant", Parent: "group", Region: "world"},
			authz.Unit{ID: "ohio", Name: "Ohio", Kind: "company", Parent: "group", Region: "world"}); err != nil {
			return err
		}
		for who, g := range map[string]authz.Grant{"hana": {Role: authz.Lead, Unit: "group"}, "ivo": {Role: authz.Handler, Unit: "group"},
			"ohio": {Role: authz.Contact, Unit: "ohio"}, "clerk": {Role: authz.Employee, Unit: "group"}, "reader": {Role: authz.Assessor, Unit: "group"}} {
			if err := authz.PutPeople(tx, authz.Person{ID: who, Name: strings.ToUpper(who), Email: who + "@x.example", Unit: "works", Lang: text.EN, Active: true}); err != nil {
				return err
			}
			g.Person, g.Tree, g.Until = who, authz.Own, tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	k, err := console.New(console.Options{Areas: []console.Area{web.Area(s.s)}, Sessions: s, Clock: clk, UnitAct: incident.Read})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	if err := api.Mount(mux, k.Routes(), api.Options{Authenticator: s, Clock: clk}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(k.Wrap(mux))
	t.Cleanup(srv.Close)
	s.host = srv.URL
	return s
}

// ask sends a request and returns status, body and where it leads.
func (s *site) ask(method, path, person, lang, media, body string) (int, string, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.host+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Test-Person", person)
	req.Header.Set("X-Test-Lang", lang)
	req.Header.Set("Accept-Language", lang)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b), res.Header.Get("Location")
}

func (s *site) get(path, person, lang string) (int, string) {
	s.t.Helper()
	code, body, _ := s.ask("GET", path, person, lang, "", "")
	return code, body
}

func (s *site) post(path, person string, pairs ...string) (int, string, string) {
	s.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return s.ask("POST", path, person, "en", "application/x-www-form-urlencoded", v.Encode())
}

func TestStoryByForms(t *testing.T) {
	s := serve(t)
	if code, body, _ := s.post("/incidents/report", "hana", "title", "", "unit", "works"); code != 422 || !strings.Contains(body, "Say in one line what happened") {
		t.Fatalf("an empty report: %d", code)
	}
	code, _, to := s.post("/incidents/report", "hana", "title", "Ransom <b>note</b>", "unit", "works", "severity", "high", "tlp", "AMBER")
	if code != 303 || to != "/incidents/INC-2026-0001" {
		t.Fatalf("%d %s", code, to)
	}
	one := to
	version := func() string {
		d, err := s.s.Get(context.Background(), authz.System("test"), "INC-2026-0001")
		if err != nil {
			t.Fatal(err)
		}
		return string(rune('0' + d.Version))
	}
	for _, lang := range []string{"en", "ja"} {
		code, body := s.get(one, "hana", lang)
		if code != 200 || strings.Contains(body, "<b>note") || !strings.Contains(body, "Ransom &lt;b&gt;") {
			t.Fatalf("%s: %d", lang, code)
		}
	}
	if code, body, _ := s.post(one+"/step/triage", "hana", "version", "9", "severity", "high", "team", "csirt"); code != 409 || !strings.Contains(body, "since you opened the page") {
		t.Errorf("a stale form: %d", code)
	}
	if code, body, _ := s.post(one+"/step/confirm", "hana", "version", version(), "class", "fraud/phishing"); code != 409 {
		t.Errorf("confirming before triage: %d %s", code, body)
	}
	steps := [][]string{
		{"triage", "severity", "critical", "team", "csirt"}, {"confirm", "class", "malicious-code/infected-system", "severity", "critical", "lead", "hana"},
		{"contain", "note", "Cut off"}, {"eradicate", "note", "Cleaned"}, {"recover", "note", "Back"},
	}
	for _, step := range steps {
		s.clk.Advance(time.Minute)
		if code, body, _ := s.post(one+"/step/"+step[0], "hana", append([]string{"version", version()}, step[1:]...)...); code != 303 {
			t.Fatalf("%s: %d %s", step[0], code, body)
		}
	}
	if code, _, _ := s.post(one+"/step/review", "hana", "version", version(), "cause", "c", "lessons", "l"); code != 403 {
		t.Errorf("the lead reviews a critical incident: %d", code)
	}
	if code, body, _ := s.post(one+"/step/review", "ivo", "version", version(), "cause", "c"); code != 422 || !strings.Contains(body, "what the group learns") {
		t.Errorf("a review without lessons: %d", code)
	}
	for _, form := range [][]string{
		{"/step/review", "version", version(), "cause", "c", "lessons", "l"},
		{"/note", "kind", "decision", "body", "We go on"}, {"/task", "task", "Rebuild", "assignee", "ivo"},
		{"/observable", "value", "198.51.100[.]7\nevil.example"}, {"/people", "person", "reader@x.example"},
	} {
		if code, body, _ := s.post(one+form[0], "ivo", form[1:]...); code != 303 {
			t.Fatalf("%s: %d %s", form[0], code, body)
		}
	}
	for _, form := range [][]string{
		{"/note", "body", ""}, {"/task", "task", ""}, {"/observable", "value", "300.1.1.1", "type", "ip"}, {"/people", "person", "nobody"},
		{"/handover", "version", version(), "team", "csirt"}, {"/lead", "version", version(), "lead", "clerk"}, {"/edit", "version", version(), "title", ""},
	} {
		if code, body, _ := s.post(one+form[0], "ivo", form[1:]...); code != 422 || !strings.Contains(body, "Some entries need to be corrected") {
			t.Errorf("%s: %d", form[0], code)
		}
	}
	media, body := multipart("note.txt", "pay us")
	if code, text, _ := s.ask("POST", one+"/evidence", "ivo", "en", media, body); code != 303 {
		t.Fatalf("evidence: %d %s", code, text)
	}
	for _, path := range []string{one, one + "/print", one + "/edit", one + "/step/close", "/incidents", "/incidents?state=open&severity=critical&q=ransom", "/incidents?sort=lead&limit=1",
		"/incidents/report", "/incidents/reported", "/incident-links"} {
		for _, lang := range []string{"en", "ja"} {
			if code, body := s.get(path, "ivo", lang); code != 200 || strings.Contains(body, "%!") {
				t.Errorf("%s %s: %d", path, lang, code)
			}
		}
	}
	if _, body := s.get(one+"/print", "ivo", "en"); strings.Count(body, "incident.noted") < 9 || !strings.Contains(body, "198.51.100[.]7") {
		t.Error("the printed report is not complete")
	}
	for _, format := range []string{"csv", "json"} {
		if code, body := s.get("/incidents?format="+format, "ivo", "en"); code != 200 || !strings.Contains(body, "INC-2026-0001") {
			t.Errorf("%s: %d %s", format, code, body)
		}
		if code, body := s.get("/incidents?format="+format, "ohio", "en"); code != 200 || strings.Contains(body, "INC-2026-0001") {
			t.Errorf("%s for another unit: %d", format, code)
		}
	}
	for _, path := range []string{one, one + "/print", one + "/edit", one + "/step/close"} {
		if code, body := s.get(path, "ohio", "en"); code != 404 || strings.Contains(body, "Ransom") {
			t.Errorf("%s for another unit: %d", path, code)
		}
	}
	if code, _, _ := s.post(one+"/note", "reader", "body", "x"); code != 403 {
		t.Errorf("who only reads writes: %d", code)
	}
}

func multipart(name, content string) (media, body string) {
	return "multipart/form-data; boundary=xx", "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: text/plain\r\n\r\n" + content + "\r\n--xx--\r\n"
}

func TestWithoutAccount(t *testing.T) {
	s := serve(t)
	if code, _, to := s.post("/incident-links", "ivo", "unit", "works", "label", "Gate", "until", "2026-12-31"); code != 303 || to != "/incident-links" {
		t.Fatalf("%d %s", code, to)
	}
	links, err := s.s.Links(context.Background(), authz.Everything())
	if err != nil || len(links) != 1 {
		t.Fatal(links, err)
	}
	path := s.s.ReportURL(links[0])
	if code, body := s.get(path, "", "ja"); code != 200 || !strings.Contains(body, "アカウントは不要です") {
		t.Fatalf("%d", code)
	}
	if code, body, _ := s.post(path, "", "title", ""); code != 422 || !strings.Contains(body, "Say in one line what happened") {
		t.Errorf("empty: %d", code)
	}
	code, _, receipt := s.post(path, "", "title", "Strange mail", "contact", "090-0000-0000")
	if code != 303 || !strings.HasPrefix(receipt, "/report/status/") {
		t.Fatalf("%d %s", code, receipt)
	}
	if code, body := s.get(receipt, "", "en"); code != 200 || !strings.Contains(body, "INC-2026-0001") || strings.Contains(body, "Strange mail") {
		t.Errorf("receipt: %d", code)
	}
	if code, _, _ := s.post(receipt, "", "body", "One more thing"); code != 303 {
		t.Errorf("adding: %d", code)
	}
	if code, _ := s.get("/report/nonsense", "", "en"); code != 404 {
		t.Errorf("a made-up link: %d", code)
	}
	for n := range 30 {
		if code, _, _ = s.post(path, "", "title", "Flood"); code == 429 {
			break
		} else if n == 29 {
			t.Error("a flood from one address is not stopped")
		}
	}
	// An employee without a role on incidents gets the receipt, not the page.
	if code, _, to := s.post("/incidents/report", "clerk", "title", "USB stick lost", "unit", "works"); code != 303 || !strings.HasPrefix(to, "/report/status/") {
		t.Errorf("%d %s", code, to)
	}
	if code, body := s.get("/incidents/reported", "clerk", "en"); code != 200 || !strings.Contains(body, "/report/status/") {
		t.Errorf("%d", code)
	}
	if code, _ := s.get("/incidents", "clerk", "en"); code != 403 {
		t.Errorf("the list for an employee: %d", code)
	}
}

func TestAPI(t *testing.T) {
	s := serve(t)
	send := func(method, path, person, body string) (int, string) {
		t.Helper()
		code, got, _ := s.ask(method, "/api/v1"+path, person, "en", "application/json", body)
		return code, got
	}
	if code, got := send("POST", "/incidents", "hana", `{"title":"From a script","unit":"works","severity":"high"}`); code != 201 || !strings.Contains(got, `"number":"INC-2026-0001"`) {
		t.Fatalf("%d %s", code, got)
	}
	if code, got := send("POST", "/incidents", "hana", `{"title":"","unit":"works"}`); code != 422 || !strings.Contains(got, `"title"`) {
		t.Errorf("%d %s", code, got)
	}
	if code, got := send("POST", "/incidents/INC-2026-0001/steps", "hana", `{"step":"triage","version":1,"team":"csirt"}`); code != 200 || !strings.Contains(got, `"state":"triaged"`) {
		t.Errorf("%d %s", code, got)
	}
	if code, _ := send("POST", "/incidents/INC-2026-0001/steps", "hana", `{"step":"dismiss","version":1,"reason":"permitted","note":"x"}`); code != 409 {
		t.Errorf("stale: %d", code)
	}
	if code, got := send("POST", "/incidents/INC-2026-0001/notes", "hana", `{"body":"hello"}`); code != 201 || !strings.Contains(got, `"digest"`) {
		t.Errorf("%d %s", code, got)
	}
	if code, got := send("GET", "/incidents/INC-2026-0001", "hana", ""); code != 200 || !strings.Contains(got, "hello") || !strings.Contains(got, `"confirm"`) {
		t.Errorf("%d %s", code, got)
	}
	if code, got := send("GET", "/incidents?state=open&sort=-severity", "hana", ""); code != 200 || !strings.Contains(got, `"total":1`) {
		t.Errorf("%d %s", code, got)
	}
	if code, got := send("GET", "/incidents", "ohio", ""); code != 200 || !strings.Contains(got, `"total":0`) {
		t.Errorf("another unit: %d %s", code, got)
	}
	if code, got := send("GET", "/incidents/INC-2026-0001", "ohio", ""); code != 404 || strings.Contains(got, "script") {
		t.Errorf("another unit: %d %s", code, got)
	}
}

func TestHandoverByForms(t *testing.T) {
	s := serve(t)
	one := "/incidents/INC-2026-0001"
	s.post("/incidents/report", "ivo", "title", "Port scan", "unit", "works")
	if code, body, _ := s.post(one+"/handover", "ivo", "version", "1", "team", "csirt", "person", "hana", "note", "Your shift"); code != 303 {
		t.Fatalf("%d %s", code, body)
	}
	d, err := s.s.Get(context.Background(), authz.System("test"), "INC-2026-0001")
	if err != nil || len(d.Offers) != 1 {
		t.Fatal(d.Offers, err)
	}
	answer := one + "/handover/" + d.Offers[0].ID
	if code, body := s.get(one, "hana", "en"); code != 200 || !strings.Contains(body, "This incident is offered to you") {
		t.Errorf("%d", code)
	}
	if code, body, _ := s.post(answer, "hana", "do", "decline", "answer", ""); code != 422 || !strings.Contains(body, "Write down why") {
		t.Errorf("declined without a reason: %d", code)
	}
	if code, _, _ := s.post(answer, "ohio", "do", "accept"); code != 404 {
		t.Errorf("accepted by somebody else: %d", code)
	}
	if code, body, _ := s.post(answer, "hana", "do", "accept"); code != 303 {
		t.Errorf("%d %s", code, body)
	}
	if code, _, _ := s.post(answer, "hana", "do", "accept"); code != 409 {
		t.Errorf("accepted twice: %d", code)
	}
}
