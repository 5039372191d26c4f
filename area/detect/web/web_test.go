package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yagura/api"
	"yagura/area/detect"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

type setup struct {
	shelf *shelf
	queue *job.Queue

	t       testing.TB
	s       *detect.Service
	db      *store.DB
	dir     *authz.Directory
	handler http.Handler
}

// Actor implements console.Sessions: the person of the header.
func (w *setup) Actor(_ http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	return w.Authenticate(r)
}

// Authenticate implements api.Authenticator.
func (w *setup) Authenticate(r *http.Request) (a authz.Actor, err error) {
	person := r.Header.Get("X-Person")
	if person == "" {
		return a, fault.Unauthenticated("Please sign in")
	}
	err = w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		a, err = w.dir.ActorOf(tx, person)
		return err
	})
	return a, err
}

type incidents struct{}

func (incidents) Raise(tx *store.Tx, _ authz.Actor, _ detect.RaiseRequest) (string, error) {
	return tx.Number("INC")
}

const lsassRule = "dd893e3e-6acf-47ba-8913-71b6ac9c56a3"

func lsass(n int, unit, host string, at time.Time) detect.Event {
	doc, _ := json.Marshal(map[string]any{"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 10, "Computer": host, "SourceImage": `C:\Temp\<b>m.exe`,
		"TargetImage": `C:\Windows\System32\lsass.exe`, "GrantedAccess": "0x1410"})
	return detect.Event{Batch: "b", Ordinal: n, Source: "s", Unit: unit, Time: at, Host: host, Doc: doc}
}

func prepare(t testing.TB) *setup { return prepareWith(t, nil) }

func prepareWith(t testing.TB, past *shelf) *setup {
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, detect.Migrations)
	w := &setup{t: t, db: db, dir: authz.NewDirectory(authz.NewPolicy(detect.Acts))}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	must(db.Change(ctx, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group", Name: "Group", Kind: "division", Region: "world"},
			authz.Unit{ID: "world", Name: "World", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "himeji", Name: "Works 3, Himeji", Kind: "plant", Parent: "group", Region: "world"},
			authz.Unit{ID: "brno", Name: "Brno", Kind: "plant", Parent: "group", Region: "world"}); err != nil {
			return err
		}
		for person, g := range map[string]authz.Grant{"ana": {Role: authz.Analyst, Unit: "group"}, "lea": {Role: authz.Lead, Unit: "group"}, "eva": {Role: authz.Regional, Unit: "brno"}} {
			g.Person, g.Tree, g.Until = person, authz.Own, tx.Now.AddDate(1, 0, 0)
			if err := authz.PutPeople(tx, authz.Person{ID: person, Name: person, Unit: g.Unit, Lang: text.EN, Zone: "Asia/Tokyo", Active: true}); err != nil {
				return err
			}
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	}))
	var err error
	o := detect.Options{DB: db, Directory: w.dir, Incidents: incidents{}, Log: slog.New(slog.DiscardHandler)}
	if past != nil {
		o.Archive, w.shelf = past, past
	}
	w.s, err = detect.New(o)
	must(err)
	var events []detect.Event
	for i, h := range []string{"PC-1", "PC-2", "PC-3", "PC-4"} {
		events = append(events, lsass(i, "himeji", h, db.Now().Add(-time.Duration(i)*time.Hour)))
	}
	found, err := w.s.Match(ctx, append(events, lsass(9, "brno", "PC-1", db.Now())))
	must(err)
	must(db.Change(ctx, func(tx *store.Tx) error { return w.s.Apply(tx, found) }))
	w.queue = job.New(db, slog.New(slog.DiscardHandler))
	w.s.Jobs(w.queue)
	area := Area(w.s)
	k, err := console.New(console.Options{Areas: []console.Area{area}, Sessions: w, Clock: clk, Log: slog.New(slog.DiscardHandler), UnitAct: detect.Read})
	must(err)
	mux := http.NewServeMux()
	must(k.Mount(mux))
	a, err := api.New(area.API, api.Options{Authenticator: w, Clock: clk, Log: slog.New(slog.DiscardHandler)})
	must(err)
	mux.Handle(api.Prefix+"/", a)
	w.handler = k.Wrap(mux)
	return w
}

func (w *setup) ask(method, path, person string, form url.Values) (int, string, http.Header) {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("X-Person", person)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String(), rec.Header()
}

func TestPagesShow(t *testing.T) {
	w := prepare(t)
	for path, want := range map[string][]string{
		"/detect":                                 {"ALR-2026-0000", "PC-1", "Works 3, Himeji", `data-key="a"`, `name="alert"`},
		"/detect?level=high&q=pc-2&sort=-last":    {"PC-2"},
		"/detect?format=csv":                      {"ALR-2026-00001", "PC-3"},
		"/detect/alerts?from=2026-11-23&who=none": {"ALR-2026-0000"},
		"/detect/alerts/ALR-2026-00001":           {"<mark>", "&lt;b&gt;m.exe", "GrantedAccess", "data-key=\"i\"", "Every part"},
		"/detect/rules?q=logon+service":           {"Memory of the logon service"},
		"/detect/rules?level=critical&sort=-hits": {"Critical"},
		"/detect/rules/" + lsassRule:              {"detection:", "It must fire on this", "T1003.001"},
		"/detect/exclusions":                      {"No exclusions"},
		"/detect/exclude?alert=ALR-2026-00001":    {"SourceImage", `value="himeji" selected`},
		"/api/v1/alerts?state=open&sort=-first":   {`"number":"ALR-2026-0000`, `"total":5`},
		"/api/v1/alerts/ALR-2026-00001":           {`"samples":[{`, `"matched"`},
		"/api/v1/detection-rules?q=" + lsassRule:  {`"state":"stable"`, `"hits_7d":5`},
	} {
		code, body, _ := w.ask("GET", path, "ana", nil)
		if code != 200 {
			t.Errorf("%s: %d %.300s", path, code, body)
		}
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %q", path, s)
			}
		}
	}
}

// TestStoriesRiskAndSuppression opens what belongs to alerts that belong
// together, and acts on all of it.
func TestStoriesRiskAndSuppression(t *testing.T) {
	w := prepare(t)
	ctx := context.Background()
	doc := func(target string, n int) detect.Event {
		e := lsass(20+n, "himeji", "PC-1", w.db.Now().Add(-time.Duration(n)*time.Minute))
		if n > 0 {
			e.Doc = []byte(`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":11,"Computer":"PC-1","Image":"C:\\a.exe","TargetFilename":"` + target + `"}`)
		}
		return e
	}
	found, err := w.s.Match(ctx, []detect.Event{doc("", 0), doc(`D:\\Recover-All-Files.hta`, 1), doc(`D:\\Recover-All-Files.hta`, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.db.Change(ctx, func(tx *store.Tx) error { return w.s.Apply(tx, found) }); err != nil {
		t.Fatal(err)
	}
	get := func(path, person string, want ...string) string {
		t.Helper()
		code, body, _ := w.ask("GET", path, person, nil)
		if code != 200 {
			t.Fatalf("%s: %d %.300s", path, code, body)
		}
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %q", path, s)
			}
		}
		return body
	}
	post := func(path, person string, form url.Values, want int) string {
		t.Helper()
		code, body, h := w.ask("POST", path, person, form)
		if code != want {
			t.Fatalf("%s: %d, not %d: %.600s", path, code, want, body)
		}
		return body + h.Get("Location")
	}
	get("/detect/stories", "ana", "STO-2026-0001", "PC-1")
	get("/detect/stories/STO-2026-0001", "ana", "<svg", "Show as table", "Tactics reached", `data-key="i"`, "Works 3, Himeji")
	get("/detect?sort=-risk", "ana", `data-key="s"`, `data-key="e"`, "STO-2026-0001")
	for _, by := range detect.Groupings {
		get("/detect?group="+by, "ana", `name="group-of"`)
	}
	if code, _, _ := w.ask("GET", "/detect?group=nothing", "ana", nil); code != 422 {
		t.Errorf("an unknown grouping: %d", code)
	}
	get("/detect/risk", "ana", "PC-1", `class="spark`)
	get("/detect/risk?kind=unit", "ana", "Works 3, Himeji")
	get("/detect/risk?format=csv", "ana", "PC-1")
	get("/detect/risk/of?kind=host&of=himeji&name=pc-1", "ana", "Risk of PC-1", "Where it comes from", "<svg")
	get("/detect/risk/weights", "ana", "Set a weight")
	get("/detect/alerts/ALR-2026-00004?explain=1", "ana", "<details open>", `data-key="s"`, "where it comes from")
	get("/detect/suppress?alert=ALR-2026-00001", "ana", `value="himeji" selected`)
	get("/detect/suppress?kind=window", "ana", "Hold critical alerts back")
	get("/api/v1/alert-stories", "ana", `"number":"STO-2026-0001"`)
	get("/api/v1/alert-stories/STO-2026-0001", "ana", `"members":[{`, `"kind":"host","value":"pc-1"`)
	get("/api/v1/risks", "ana", `"name":"PC-1"`, `"days":[`)
	// Brno has another PC-1, and sees nothing of this one.
	for _, path := range []string{"/detect/stories", "/detect/stories?state=all", "/detect/risk", "/detect/risk?kind=person", "/detect/risk?format=json", "/detect?group=host", "/detect/suppressions", "/detect/held",
		"/api/v1/alert-stories", "/api/v1/risks", "/api/v1/suppressions", "/api/v1/held-alerts"} {
		code, body, _ := w.ask("GET", path, "eva", nil)
		if code != 200 || strings.Contains(body, "Himeji") || strings.Contains(body, "himeji") || strings.Contains(body, "STO-2026") {
			t.Errorf("%s: %d %.300s", path, code, body)
		}
	}
	for _, path := range []string{"/detect/stories/STO-2026-0001", "/detect/risk/of?kind=host&of=himeji&name=pc-1", "/api/v1/alert-stories/STO-2026-0001"} {
		if code, body, _ := w.ask("GET", path, "eva", nil); code != 404 || strings.Contains(body, "Himeji") {
			t.Errorf("%s: %d", path, code)
		}
	}
	// The whole story at once, and back.
	post("/detect/stories/STO-2026-0001/dismiss", "ana", url.Values{"reason": {"test"}}, 422)
	post("/detect/stories/STO-2026-0001/dismiss", "ana", url.Values{"reason": {"test"}, "note": {"An exercise"}}, 303)
	get("/detect", "ana", "You dismissed", `data-key="u"`)
	post("/detect/undo", "ana", nil2(), 303)
	post("/detect/undo", "ana", nil2(), 409)
	post("/detect/bulk?group=story", "ana", url.Values{"do": {"assign"}, "group-of": {"story:STO-2026-0001"}}, 303)
	post("/detect/bulk?group=rule", "ana", url.Values{"do": {"dismiss"}, "group-of": {"rule:" + lsassRule}}, 422)
	seen := url.Values{"do": {"assign"}, "group-of": {"rule:" + lsassRule}, "seen": {"1"}}
	post("/detect/bulk?group=rule", "lea", seen, 303)
	post("/detect/bulk?group=host", "ana", url.Values{"do": {"dismiss"}, "group-of": {"host:himeji|PC-2"}, "reason": {"benign"}, "note": {"Known"}}, 303)
	post("/detect/stories/STO-2026-0001/raise", "ana", nil2(), 303)
	// Silence and maintenance.
	if to := post("/detect/suppress", "ana", url.Values{"kind": {"quiet"}, "rule": {lsassRule}, "unit": {"himeji"}, "silence": {"1440"}, "until": {"2026-12-20"}, "reason": {"Nothing new within a day"}}, 303); !strings.HasSuffix(to, "/detect/suppressions/SUP-2026-0001") {
		t.Error(to)
	}
	post("/detect/suppress", "ana", url.Values{"kind": {"window"}, "unit": {"himeji"}, "reason": {"x"}}, 422)
	since := w.db.Now().Add(time.Hour)
	post("/detect/suppress", "ana", url.Values{"kind": {"window"}, "unit": {"himeji"}, "hosts": {"PC-*"}, "grave": {"1"}, "since": {since.In(time.FixedZone("", 9*3600)).Format("2006-01-02T15:04")},
		"until": {since.Add(5 * time.Hour).In(time.FixedZone("", 9*3600)).Format("2006-01-02T15:04")}, "reason": {"Computers are patched"}}, 303)
	get("/detect/suppressions", "ana", "SUP-2026-0001", "Waits for approval")
	post("/detect/suppressions/SUP-2026-0002/approve", "ana", nil2(), 403)
	post("/detect/suppressions/SUP-2026-0002/approve", "lea", nil2(), 303)
	get("/detect/suppressions/SUP-2026-0002", "lea", "Planned")
	post("/detect/suppressions/SUP-2026-0002/end", "lea", url.Values{"why": {"put off"}}, 303)
	if code, _, _ := w.ask("GET", "/detect/suppressions/SUP-2026-0001", "eva", nil); code != 404 {
		t.Errorf("%d", code)
	}
	post("/detect/risk/weights", "ana", url.Values{"unit": {"himeji"}, "hosts": {"PC-*"}, "weight": {"2000"}, "reason": {"Leading"}}, 422)
	post("/detect/risk/weights", "ana", url.Values{"unit": {"himeji"}, "hosts": {"PC-*"}, "weight": {"200"}, "reason": {"Leading"}}, 303)
	get("/detect/risk/weights", "ana", "PC-*", "200 %")
}

func TestActsOfTheQueue(t *testing.T) {
	w := prepare(t)
	post := func(path, person string, form url.Values, want int) string {
		t.Helper()
		code, body, h := w.ask("POST", path, person, form)
		if code != want {
			t.Fatalf("%s: %d, not %d: %.400s", path, code, want, body)
		}
		return body + h.Get("Location")
	}
	post("/detect/bulk?level=high", "ana", url.Values{"take": {"ALR-2026-00001"}}, 303)
	if body := post("/detect/bulk", "ana", url.Values{"do": {"dismiss"}, "alert": {"ALR-2026-00002"}}, 422); !strings.Contains(body, "checked") {
		t.Error("what was ticked is lost")
	}
	post("/detect/bulk", "ana", url.Values{"do": {"dismiss"}, "reason": {"benign"}, "note": {"x"}}, 422)
	if to := post("/detect/bulk?level=high", "ana", url.Values{"do": {"dismiss"}, "alert": {"ALR-2026-00002", "ALR-2026-00003"}, "reason": {"benign"}, "note": {"Deployment"}}, 303); !strings.HasSuffix(to, "/detect?level=high") {
		t.Error(to)
	}
	if to := post("/detect/bulk", "ana", url.Values{"do": {"raise"}, "alert": {"ALR-2026-00004"}}, 303); !strings.HasSuffix(to, "/incidents/INC-2026-0001") {
		t.Error(to)
	}
	if n, err := w.s.Count(context.Background(), authz.Everything(), detect.Filter{State: "open"}); err != nil || n != 2 {
		t.Errorf("%d open, %v", n, err)
	}
	post("/detect/alerts/ALR-2026-00002/reopen", "ana", url.Values{"why": {"No deployment"}}, 303)
	post("/detect/alerts/ALR-2026-00002/assign", "ana", url.Values{"person": {"lea"}}, 303)
	post("/detect/rules/"+lsassRule, "ana", url.Values{"state": {"stable"}, "enabled": {"1"}, "level": {"critical"}}, 422)
	post("/detect/rules/"+lsassRule, "ana", url.Values{"state": {"stable"}, "enabled": {"1"}, "level": {"critical"}, "why": {"Seen in an incident"}}, 303)
	form := url.Values{"rule": {lsassRule}, "unit": {"himeji"}, "filter": {"SourceImage|endswith: 'm.exe'"}, "reason": {"Protection software"}, "expires": {"2026-12-23"}}
	if body := post("/detect/exclude", "ana", form, 200); !strings.Contains(body, "Ask for approval") || !strings.Contains(body, "ALR-2026-00001") {
		t.Error("no preview")
	}
	form.Set("do", "add")
	post("/detect/exclude", "ana", form, 303)
	post("/detect/exclusions/EXC-2026-0001/approve", "ana", nil2(), 403)
	post("/detect/exclusions/EXC-2026-0001/approve", "lea", nil2(), 303)
	if code, body, _ := w.ask("GET", "/detect/exclusions/EXC-2026-0001", "lea", nil); code != 200 || !strings.Contains(body, "In force") {
		t.Errorf("%d", code)
	}
	post("/detect/exclusions/EXC-2026-0001/end", "lea", url.Values{"why": {"gone"}}, 303)
	post("/detect/rules", "ana", nil2(), 303)
}

func nil2() url.Values { return url.Values{} }

// TestBordersOfPages looks with the eyes of Brno.
func TestBordersOfPages(t *testing.T) {
	w := prepare(t)
	for _, path := range []string{"/detect", "/detect/alerts", "/detect?format=json", "/api/v1/alerts", "/detect/rules/" + lsassRule} {
		code, body, _ := w.ask("GET", path, "eva", nil)
		if code != 200 || strings.Contains(body, "Himeji") || strings.Contains(body, "PC-2") || strings.Contains(body, `form="bulk"`) {
			t.Errorf("%s: %d", path, code)
		}
	}
	all, _, err := w.s.List(context.Background(), authz.Everything(), detect.Filter{Unit: "himeji", Page: pageBy("number")})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		for _, path := range []string{"/detect/alerts/" + a.ID, "/api/v1/alerts/" + a.ID} {
			if code, body, _ := w.ask("GET", path, "eva", nil); code != 404 || strings.Contains(body, "Himeji") {
				t.Errorf("%s: %d", path, code)
			}
		}
	}
	if code, _, _ := w.ask("POST", "/detect/bulk", "eva", url.Values{"take": {all[0].ID}}); code != 403 {
		t.Errorf("a reader takes: %d", code)
	}
}

func pageBy(sort string) keyset.Page { return keyset.Page{Sort: sort} }
