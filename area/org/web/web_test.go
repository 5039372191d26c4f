package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yagura/api"
	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// persona signs in whoever the cookie "as" names.
type persona struct {
	db  *store.DB
	dir *authz.Directory
}

func (p persona) Actor(_ http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	return p.Authenticate(r)
}

func (p persona) Authenticate(r *http.Request) (a authz.Actor, err error) {
	who := r.Header.Get("As")
	if k, err := r.Cookie("as"); err == nil {
		who = k.Value
	}
	if who == "" {
		who = r.URL.Query().Get("as")
	}
	if who == "" {
		return a, fault.Unauthenticated("Please sign in")
	}
	err = p.db.View(r.Context(), func(tx *store.Tx) error {
		a, err = p.dir.ActorOf(tx, who)
		return err
	})
	return a, err
}

func serve(t testing.TB) http.Handler {
	t.Helper()
	db, _ := storetest.SQLite(t, authz.Migrations, ledger.Migrations, org.Migrations)
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, org.Acts))
	s := org.New(db, dir, nil)
	if err := db.Change(context.Background(), func(tx *store.Tx) error {
		if err := s.Seed(tx, authz.System("test"), group()); err != nil {
			return err
		}
		for _, g := range []authz.Grant{
			{Person: "p-head", Role: authz.Head, Tree: authz.Own, Unit: "group"},
			{Person: "p-officer", Role: authz.Officer, Tree: authz.Own, Unit: "group"},
			{Person: "p-eu", Role: authz.Regional, Tree: authz.Geography, Unit: "europe"},
			{Person: "p-us", Role: authz.Contact, Tree: authz.Own, Unit: "sales-us"},
			{Person: "p-works", Role: authz.Contact, Tree: authz.Own, Unit: "works3"},
		} {
			g.Until = tx.Now.Add(300 * 24 * time.Hour)
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	k, err := console.New(console.Options{Areas: []console.Area{Area(s)}, Sessions: persona{db, dir}, Log: log, Clock: db.Clock(), UnitAct: org.Read})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	machine, err := machineOf(k, db, dir)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/api/", machine)
	return k.Wrap(mux)
}

func machineOf(k *console.Console, db *store.DB, dir *authz.Directory) (http.Handler, error) {
	return api.New(k.Routes(), api.Options{Authenticator: persona{db, dir}, Log: slog.New(slog.DiscardHandler), Clock: db.Clock()})
}

func group() org.Founding {
	p := func(id, en, ja, unit string) org.Person {
		return org.Person{ID: id, Name: en, NameJA: ja, Email: id + "@group.example", Phone: "+81 45 000 0000", Unit: unit, Lang: text.EN}
	}
	return org.Founding{
		Calendars: []org.Calendar{
			{ID: "jp", Name: "Japan, offices", NameJA: "日本(事務所)", Week: "1111100", Opens: 9 * 60, Closes: 17*60 + 30, Special: map[string]org.Special{
				"2026-11-03": {Name: "Culture Day", NameJA: "文化の日"}, "2026-11-23": {Name: "Labour Thanksgiving Day", NameJA: "勤労感謝の日"}}},
			{ID: "jp-works", Name: "Japan, works", NameJA: "日本(工場)", Base: "jp", Week: "1111100", Opens: 8 * 60, Closes: 17 * 60, Special: map[string]org.Special{"2026-11-28": {Working: true, Name: "Saturday shift", NameJA: "土曜出勤"}}},
		},
		Units: []org.Unit{
			{ID: "group", Kind: org.Group, Name: "Kirishio Group", NameJA: "霧潮グループ", Region: "japan", Country: "JP"},
			{ID: "world", Kind: org.Region, Name: "World", NameJA: "全世界", Parent: "group"},
			{ID: "japan", Kind: org.Region, Name: "Japan", NameJA: "日本", Parent: "group", Region: "world", Country: "JP", Lang: "ja", Zone: "Asia/Tokyo", Calendar: "jp"},
			{ID: "europe", Kind: org.Region, Name: "Europe", NameJA: "欧州", Parent: "group", Region: "world", Zone: "Europe/Berlin"},
			{ID: "americas", Kind: org.Region, Name: "Americas", NameJA: "米州", Parent: "group", Region: "world", Zone: "America/Chicago"},
			{ID: "infosec", Kind: org.Division, Name: "Corporate Information Security Division", NameJA: "情報セキュリティ本部", Parent: "group", Region: "japan", Country: "JP"},
			{ID: "electric", Kind: org.Business, Name: "Electric Systems", NameJA: "電機システム事業本部", Parent: "group", Region: "japan", Country: "JP"},
			{ID: "works3", Kind: org.Plant, Name: "Works 3, Himeji", NameJA: "第3工場(姫路)", Parent: "electric", Region: "japan", Country: "JP", Calendar: "jp-works"},
			{ID: "sales-de", Kind: org.Company, Name: "Kirishio Germany GmbH", NameJA: "霧潮ドイツ", Parent: "electric", Region: "europe", Country: "DE", Lang: "de"},
			{ID: "sales-us", Kind: org.Company, Name: "Kirishio Electric USA Inc.", NameJA: "霧潮電機USA", Parent: "electric", Region: "americas", Country: "US"},
			{ID: "plant-ohio", Kind: org.Plant, Name: "Ohio Plant", NameJA: "オハイオ工場", Parent: "sales-us", Region: "americas", Country: "US", Zone: "America/New_York"},
		},
		People: []org.Person{p("p-head", "Takashi Endo", "遠藤 隆", "infosec"), p("p-officer", "Keiko Hayashi", "林 恵子", "group"), p("p-sato", "Aoi Sato", "佐藤 葵", "infosec"),
			p("p-eu", "Claire Dubois", "クレール・デュボワ", "sales-de"), p("p-eu2", "Jonas Keller", "ヨナス・ケラー", "sales-de"), p("p-us", "Daniel Ruiz", "ダニエル・ルイス", "sales-us"),
			p("p-us2", "Sofía Márquez", "ソフィア・マルケス", "plant-ohio"), p("p-works", "Daichi Okamoto", "岡本 大地", "works3")},
		Offices: []org.Office{{Person: "p-head", Unit: "infosec", Office: org.HeadOfUnit}, {Person: "p-works", Unit: "works3", Office: org.PlantContact}},
		Teams: []org.Team{
			{ID: "csirt", Kind: org.CorporateCSIRT, Name: "Corporate CSIRT", NameJA: "コーポレートCSIRT", Unit: "group", Lead: "p-sato", Members: []string{"p-sato", "p-head"}, Zone: "Asia/Tokyo", Email: "csirt@group.example",
				Plan: org.Plan{Anchor: "2026-11-16", Order: []string{"p-sato", "p-head"}}},
			{ID: "works3-csirt", Kind: org.SiteCSIRT, Name: "Works 3 CSIRT", NameJA: "第3工場CSIRT", Unit: "works3", Members: []string{"p-works"}, Zone: "Asia/Tokyo", Plan: org.Plan{Anchor: "2026-11-16", Order: []string{"p-works"}}},
			{ID: "eu-csirt", Kind: org.RegionalCSIRT, Name: "Europe CSIRT", NameJA: "欧州CSIRT", Unit: "europe", Members: []string{"p-eu2"}, Zone: "Europe/Berlin", Plan: org.Plan{Anchor: "2026-11-16", Order: []string{"p-eu2"}}},
		},
	}
}

// visitor asks pages as one person.
type visitor struct {
	t  testing.TB
	h  http.Handler
	as string
}

func (v visitor) do(r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("As", v.as)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	return w
}

func (v visitor) get(path string) (int, string) {
	w := v.do(httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func (v visitor) post(path string, form url.Values) (int, string) {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := v.do(r)
	if w.Code == http.StatusSeeOther {
		return w.Code, w.Header().Get("Location")
	}
	return w.Code, w.Body.String()
}

var everyPage = []string{"/org", "/org?view=region", "/org?top=electric", "/org/units", "/org/units?q=works&sort=-people", "/org/units/new", "/org/units/group", "/org/units/works3", "/org/units/europe", "/org/units/works3/edit",
	"/org/people", "/org/people?q=sato", "/org/people/new", "/org/people/p-head", "/org/people/p-sato/edit", "/org/roles", "/org/teams", "/org/teams/new", "/org/teams/csirt", "/org/teams/csirt/edit",
	"/org/calendars", "/org/calendars/jp-works", "/org/import", "/org/export/units.csv", "/org/export/people.csv", "/org/export/teams.csv", "/org/export/offices.csv", "/org/export/days.csv",
	"/org/units?format=csv", "/org/units?format=json", "/org/people?format=csv",
	"/api/v1/units", "/api/v1/units/works3", "/api/v1/units/works3/on-call", "/api/v1/people", "/api/v1/people/p-head", "/api/v1/teams", "/api/v1/teams/csirt", "/api/v1/openapi.json"}

func TestEveryPage(t *testing.T) {
	h := serve(t)
	head := visitor{t, h, "p-head"}
	for _, path := range everyPage {
		if code, body := head.get(path); code != 200 {
			t.Errorf("%s: %d %.300s", path, code, body)
		}
	}
	for _, path := range []string{"/org/units/none", "/org/people/none", "/org/teams/none", "/org/calendars/none", "/org/import/none", "/org/export/x.csv", "/org?top=none"} {
		if code, _ := head.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

// What lies in America is on no page, list, export or answer that Europe gets.
func TestEuropeSeesNothingOfAmerica(t *testing.T) {
	h := serve(t)
	eu := visitor{t, h, "p-eu"}
	secret := []string{"sales-us", "plant-ohio", "Ohio", "オハイオ", "Electric USA", "mericas", "米州", "Ruiz", "Márquez", "p-us", "United States", "America"}
	paths := append([]string{"/org?top=europe&view=region", "/org/units/sales-de", "/org/units/sales-de/edit", "/org/people/p-eu2", "/org/people/p-eu2/edit", "/org/teams/eu-csirt", "/org/teams/eu-csirt/edit",
		"/org/units/plant-ohio", "/org/people/p-us2", "/org/people?q=Ruiz", "/org/units?q=Ohio", "/org?top=sales-us", "/org/units?country=US", "/api/v1/units/plant-ohio", "/api/v1/units?under=americas", "/api/v1/people?under=sales-us", "/api/v1/people?q=ruiz"}, everyPage...)
	for _, lang := range []string{"en", "ja"} {
		for _, path := range paths {
			r := httptest.NewRequest("GET", path, nil)
			r.AddCookie(&http.Cookie{Name: "yagura-lang", Value: lang})
			w := eu.do(r)
			if w.Code >= 500 {
				t.Errorf("%s: %d", path, w.Code)
			}
			body := w.Body.String()
			if u, err := url.Parse(path); err == nil { // what was asked for may be shown back
				for _, values := range u.Query() {
					body = strings.ReplaceAll(body, values[0], "")
				}
				if strings.HasSuffix(u.Path, "plant-ohio") || strings.HasSuffix(u.Path, "p-us2") {
					body = strings.ReplaceAll(body, u.Path[strings.LastIndex(u.Path, "/")+1:], "")
				}
			}
			for _, s := range secret {
				if i := strings.Index(body, s); i >= 0 {
					t.Errorf("%s (%s) shows %q: …%s…", path, lang, s, body[max(0, i-80):min(len(body), i+80)])
				}
			}
		}
	}
	// Nor can it be changed, and nothing but "not found" is said.
	for _, path := range []string{"/org/units/plant-ohio/edit", "/org/units/plant-ohio/retire", "/org/people/p-us2/leave", "/org/people/p-us2/edit", "/org/people/p-us2/roles", "/org/teams/none/rota"} {
		if code, _ := eu.post(path, url.Values{"role_until": {"2027-01-01"}, "role_unit": {"europe"}, "role": {"handler"}}); code != 404 && code != 403 {
			t.Errorf("POST %s: %d", path, code)
		}
	}
}

func TestForms(t *testing.T) {
	h := serve(t)
	head := visitor{t, h, "p-head"}
	if code, body := head.post("/org/units/new", url.Values{"id": {"A b"}, "kind": {"plant"}}); code != 422 || !strings.Contains(body, "An id has letters a-z") || !strings.Contains(body, `value="A b"`) {
		t.Errorf("a wrong form: %d", code)
	}
	unit := url.Values{"id": {"works9"}, "kind": {"plant"}, "name": {"Works 9"}, "parent": {"electric"}, "region": {"japan"}, "country": {"jp"}}
	if code, to := head.post("/org/units/new", unit); code != 303 || to != "/org/units/works9" {
		t.Errorf("add: %d %.200s", code, to)
	}
	if code, to := head.post("/org/units/new", url.Values{"id": {"kansai"}, "kind": {"region"}, "name": {"Kansai"}, "region": {"japan"}}); code != 303 {
		t.Errorf("add a region: %d %.200s", code, to)
	}
	if code, _ := head.post("/org/units/works9/edit", url.Values{"kind": {"plant"}, "name": {"Works Nine"}, "parent": {"electric"}, "region": {"kansai"}}); code != 303 {
		t.Errorf("change: %d", code)
	}
	if code, _ := head.post("/org/people/new", url.Values{"id": {"E1"}, "name": {"Ken Abe"}, "unit": {"works9"}, "language": {"ja"}}); code != 303 {
		t.Errorf("person: %d", code)
	}
	if code, to := head.post("/org/units/works9/retire", nil); code != 303 || to != "/org/units/works9" {
		t.Errorf("retire while in use: %d", code)
	}
	if code, _ := head.post("/org/people/E1/offices", url.Values{"office": {"security-contact"}, "unit": {"works9"}, "from": {"2026-04-01"}}); code != 303 {
		t.Errorf("office: %d", code)
	}
	if code, body := head.post("/org/people/E1/roles", url.Values{"role": {"contact"}, "role_unit": {"works9"}, "role_until": {"2020-04-01"}}); code != 422 || !strings.Contains(body, "within the next two years") {
		t.Errorf("a role in the past: %d", code)
	}
	if code, _ := head.post("/org/people/E1/roles", url.Values{"role": {"contact"}, "role_unit": {"works9"}, "role_until": {"2027-04-01"}}); code != 303 {
		t.Errorf("role: %d", code)
	}
	_, body := visitor{t, h, "p-officer"}.get("/org/roles")
	i := strings.Index(body, "/approve\"")
	if i < 0 {
		t.Fatal("no role to approve")
	}
	path := body[strings.LastIndex(body[:i], "\"")+1:i] + "/approve"
	if code, _ := head.post(path, nil); code != 403 {
		t.Errorf("who asked approved: %d", code)
	}
	if code, to := (visitor{t, h, "p-officer"}).post(path, nil); code != 303 || to != "/org/roles" {
		t.Errorf("approve: %d %s", code, to)
	}
	if code, _ := (visitor{t, h, "E1"}).get("/org/units/works9"); code != 200 {
		t.Errorf("the contact can't see his company: %d", code)
	}
	if code, _ := head.post("/org/teams/csirt/standin", url.Values{"person": {"p-sato"}, "from": {"2026-11-24T10:00"}, "until": {"2026-11-24T12:00"}}); code != 303 {
		t.Errorf("stand-in: %d", code)
	}
	if code, _ := head.post("/org/teams/csirt/rota", url.Values{"order": {"p-head\r\np-sato"}, "anchor": {"2026-11-23"}, "handover": {"9"}, "days": {"7"}, "zone": {"Asia/Tokyo"}}); code != 422 {
		t.Errorf("a wrong rota: %d", code)
	}
	if code, to := head.post("/org/teams/new", url.Values{"id": {"psirt"}, "kind": {"psirt"}, "name": {"PSIRT"}, "unit": {"group"}, "members": {"Aoi Sato\r\np-head"}, "zone": {"Asia/Tokyo"}, "anchor": {"2026-11-23"}, "handover": {"09:00"}, "days": {"7"}}); code != 303 {
		t.Errorf("team: %d %.300s", code, to)
	}
	if code, _ := head.post("/org/calendars", url.Values{"id": {"us"}, "name": {"USA"}, "week": {"0", "1", "2", "3", "4"}, "opens": {"08:00"}, "closes": {"17:00"}}); code != 303 {
		t.Errorf("calendar: %d", code)
	}
	if code, _ := head.post("/org/calendars/us/days", url.Values{"day": {"2026-11-26"}, "day_name": {"Thanksgiving"}}); code != 303 {
		t.Errorf("day: %d", code)
	}
}

func TestImportPages(t *testing.T) {
	h := serve(t)
	head := visitor{t, h, "p-head"}
	send := func(kind, file string) (int, string) {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		m.WriteField("kind", kind)
		f, _ := m.CreateFormFile("file", "units.csv")
		io.WriteString(f, file)
		m.Close()
		r := httptest.NewRequest("POST", "/org/import", &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		w := head.do(r)
		if w.Code == 303 {
			return w.Code, w.Header().Get("Location")
		}
		return w.Code, w.Body.String()
	}
	code, to := send("units", "id,kind,name,parent,region\nworks8,plant,Works 8,electric,japan\nworks3,plant,Works III,electric,japan\n")
	if code != 303 {
		t.Fatalf("upload: %d %.300s", code, to)
	}
	if _, body := head.get(to); !strings.Contains(body, "Works 8") || !strings.Contains(body, "from Works 3, Himeji to Works III") {
		t.Error("the preview does not say what changes")
	}
	if code, _ := head.post(to+"/apply", nil); code != 303 {
		t.Errorf("apply: %d", code)
	}
	if code, _ := head.get("/org/units/works8"); code != 200 {
		t.Errorf("the unit is not there: %d", code)
	}
	if code, to = send("units", "id,kind,name,parent,region\nworks7,plant,Works 7,nowhere,japan\n"); code != 303 {
		t.Fatal(code)
	}
	if _, body := head.get(to); !strings.Contains(body, "There is no unit nowhere") || strings.Contains(body, "Take it over") {
		t.Error("the mistake is not shown")
	}
	if code, body := send("people", "PK\x03\x04"); code != 422 || !strings.Contains(body, "Save the file as CSV") {
		t.Errorf("an Excel file: %d", code)
	}
}
