package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry"
	"yagura/area/telemetry/victoria/child/childtest"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

type setup struct {
	t       testing.TB
	s       *telemetry.Service
	events  telemetry.Store
	db      *store.DB
	clk     *clock.Movable
	dir     *authz.Directory
	handler http.Handler
	intake  http.Handler
	person  string
}

// Actor implements console.Sessions: the person of the test, or of ?as=.
func (w *setup) Actor(_ http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	person := w.person
	if c, err := r.Cookie("as"); err == nil {
		person = c.Value
	}
	if person == "" {
		return authz.Actor{}, fault.Unauthenticated("Please sign in")
	}
	return w.actor(person), nil
}

func (w *setup) actor(person string) (a authz.Actor) {
	err := w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		a, err = w.dir.Actor(tx, person, person, "", time.FixedZone("JST", 9*3600))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestMain(m *testing.M) { childtest.Main(m) }

func prepare(t testing.TB) *setup {
	db, clk := storetest.SQLite(t, authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, telemetry.Migrations)
	events := telemetry.NewVictoria(childtest.Node(t))
	w := &setup{t: t, db: db, clk: clk, dir: authz.NewDirectory(authz.NewPolicy(telemetry.Acts)), events: events, person: "ana"}
	var err error
	if w.s, err = telemetry.New(telemetry.Options{DB: db, Events: events, Notifier: telemetry.Notices(w.dir), Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	system := authz.System("test")
	w.must(db.Change(context.Background(), func(tx *store.Tx) error {
		if err := authz.PutUnits(tx,
			authz.Unit{ID: "group", Name: "Mikage Electric Group", NameJA: "御影電機グループ", Kind: "division", Region: "world"},
			authz.Unit{ID: "world", Name: "World", NameJA: "世界", Kind: authz.RegionKind, Parent: "group"},
			authz.Unit{ID: "himeji", Name: "Works 3, Himeji", NameJA: "第3工場(姫路)", Kind: "plant", Parent: "group", Region: "world"},
			authz.Unit{ID: "ohio", Name: "Ohio Plant", NameJA: "オハイオ工場", Kind: "plant", Parent: "group", Region: "world"},
		); err != nil {
			return err
		}
		for person, g := range map[string]authz.Grant{"ana": {Role: authz.Analyst, Unit: "group"}, "con": {Role: authz.Contact, Unit: "ohio"}} {
			g.Person, g.Tree, g.Until = person, authz.Own, tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, system, g); err != nil {
				return err
			}
		}
		for _, src := range []telemetry.Source{
			{ID: "win-himeji", Name: "Windows computers, Himeji", NameJA: "姫路のWindows端末", Kind: "windows", Unit: "himeji", Product: "windows", SilentAfter: time.Hour},
			{ID: "fw-ohio", Name: "Firewall, Ohio", NameJA: "オハイオのファイアウォール", Kind: "firewall", Unit: "ohio", Category: "firewall", SilentAfter: 30 * time.Minute},
		} {
			if err := w.s.AddIn(tx, system, src); err != nil {
				return err
			}
		}
		return nil
	}))
	w.must(w.s.Start(context.Background()))
	t.Cleanup(func() { w.s.Close() })
	k, err := console.New(console.Options{Areas: []console.Area{Area(w.s, Options{PublicURL: "https://yagura.example", SyslogTLS: ":6514", SyslogTCP: ":1514", SyslogUDP: ":1514",
		Alerts: func(context.Context, authz.Actor, string) ([]SeenAlert, error) {
			return []SeenAlert{{Number: "ALR-2026-0007", Title: "Encoded PowerShell", Href: "/detect/ALR-2026-0007", Severity: console.High, At: clk.Now()}}, nil
		}})}, Sessions: w, Clock: clk, Log: slog.New(slog.DiscardHandler), UnitAct: telemetry.Read})
	w.must(err)
	mux := http.NewServeMux()
	w.must(k.Mount(mux))
	w.handler, w.intake = k.Wrap(mux), Intake(w.s, nil)
	return w
}

func (w *setup) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *setup) get(path, person string) (int, string) {
	w.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.AddCookie(&http.Cookie{Name: "as", Value: person})
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

func (w *setup) send(source, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	secret, err := w.s.IssueSecret(context.Background(), w.actor("ana"), source, time.Hour)
	w.must(err)
	r := httptest.NewRequest("POST", IntakePath, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.intake.ServeHTTP(rec, r)
	return rec
}

func (w *setup) day() {
	now := w.clk.Now()
	var b strings.Builder
	for n := range 900 {
		at := now.Add(-time.Duration(n*n/7) * 200 * time.Millisecond)
		fmt.Fprintf(&b, `{"@timestamp":%q,"EventID":%d,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"PC-%04d.corp.example","User":"CORP\\user%02d","Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c dir C:\\Users\\user%02d\\Documents","説明":"端末の操作"}`+"\n",
			at.Format(time.RFC3339Nano), 1+n%3, 4000+n%37, n%23, n%23)
	}
	b.WriteString("not JSON at all, cut off in the mid\n{\"half\":\n")
	if rec := w.send("win-himeji", b.String()); rec.Code != 200 {
		w.t.Fatal(rec.Code, rec.Body.String())
	}
	if rec := w.send("fw-ohio", fmt.Sprintf(`{"timestamp":%q,"devname":"FW-OH1","action":"deny","srcip":"192.0.2.44","dstip":"10.9.0.5"}`, now.Add(-3*time.Minute).Format(time.RFC3339))); rec.Code != 200 {
		w.t.Fatal(rec.Code, rec.Body.String())
	}
	w.must(w.s.Drain(context.Background()))
}

func TestPagesShowWhatIsThere(t *testing.T) {
	w := prepare(t)
	w.day()
	for path, want := range map[string][]string{
		"/telemetry":                           {"PC-4000.corp.example", "FW-OH1", "cmd.exe /c dir", "903 events"},
		"/telemetry?q=user07&last=24h":         {"user07"},
		"/telemetry?q=EventID%3A%3D2&last=24h": {"300 events", "EventID:=2"},
		"/telemetry?q=problem%3A*":             {"not JSON at all", "2 events"},
		"/telemetry?q=EventID%3A%3D2+%7C+stats+by+(Computer)+count()+n": {"Answer to the query", "PC-4001.corp.example", "300 events"},
		"/telemetry?q=%E6%93%8D%E4%BD%9C":                               {"900 events"},
		"/telemetry?q=%E8%AA%AC%E6%98%8E%3A%E6%93%8D%E4%BD%9C":          {"900 events"},
		"/telemetry/field?name=User":                                    {"Different values", "23", "900"},
		"/telemetry/field?name=EventID":                                 {"As numbers", "Median"},
		"/telemetry/rule?q=CommandLine%3Awhoami+host%3A%3Dx&last=24h":   {"CommandLine|contains: whoami", "host:=x is left out"},
		"/telemetry/rule?q=a%3Aipv4_range(10.0.0.0%2F8)&last=24h":       {"A rule cannot say this"},
		"/telemetry/complete?before=Comp":                               {`"text":"Computer:"`},
		"/telemetry/complete?before=x+Computer%3APC-4":                  {`"text":"x Computer:=\"PC-4000.corp.example\" "`},
		"/telemetry/complete?before=x+%7C+sta":                          {`"text":"x | stats "`},
		"/telemetry/sources":                                            {"Windows computers, Himeji", "Firewall, Ohio", "Waiting in the journal"},
		"/telemetry/sources/win-himeji":                                 {"not JSON at all", "Fluent Bit", "Make a new token", "himeji"},
		"/telemetry/sources/unknown-senders":                            {"Unknown senders"},
		"/telemetry/sources/new":                                        {"Networks of its senders"},
		"/telemetry/sources/win-himeji/edit":                            {"姫路のWindows端末"},
	} {
		code, body := w.get(path, "ana")
		if code != 200 {
			t.Errorf("%s: %d %s", path, code, body)
		}
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s lacks %q", path, s)
			}
		}
	}
}

func TestBordersHoldOnEveryPage(t *testing.T) {
	w := prepare(t)
	w.day()
	_, all := w.get("/telemetry?q=user07", "ana")
	at := strings.Index(all, "/telemetry/events/")
	event := all[at : at+strings.IndexByte(all[at:], '"')]
	if code, _ := w.get(event, "ana"); code != 200 {
		t.Fatalf("%s: %d", event, code)
	}
	for _, path := range []string{event, "/telemetry/sources/win-himeji", "/telemetry/sources/unknown-senders"} {
		if code, _ := w.get(path, "con"); code != 404 {
			t.Errorf("%s for another unit's contact: %d", path, code)
		}
	}
	for _, path := range []string{"/telemetry", "/telemetry/sources", "/telemetry?source=win-himeji", "/telemetry/export?last=24h&format=csv", "/telemetry/export?last=24h&format=ndjson"} {
		code, body := w.get(path, "con")
		if code != 200 || strings.Contains(body, "PC-4") || strings.Contains(body, "Windows computers, Himeji") {
			t.Errorf("%s shows Himeji to Ohio (%d)", path, code)
		}
	}
	// No query looks over the border, whatever it holds.
	for _, q := range []string{"PC-4*", "source:=win-himeji", "* or *", "!unit:=ohio", "unit:=himeji", "unit:in(* | fields unit)", "* | stats by (Computer) count() n", "* | field_values Computer",
		"* | union (* )", "* | join by (unit) (* | fields unit, Computer)", "options(ignore_global_time_filter=true) *", "* | field_names", "* | facets", "x) or (*", "* | stream_context before 100 after 100"} {
		for _, path := range []string{"/telemetry?last=24h&q=", "/telemetry/export?last=24h&format=csv&q=", "/telemetry/export?last=24h&format=ndjson&q=", "/telemetry/field?name=Computer&q="} {
			if code, body := w.get(path+url.QueryEscape(q), "con"); code >= 500 || strings.Contains(body, "PC-4000") || strings.Contains(body, "<code>CommandLine</code>") {
				t.Errorf("%s%s shows Himeji to Ohio (%d)", path, q, code)
			}
		}
	}
	for _, before := range []string{"Comp", "Computer:", "Computer:PC", "x | fields Com"} {
		if _, body := w.get("/telemetry/complete?before="+url.QueryEscape(before), "con"); strings.Contains(body, "PC-4") || strings.Contains(body, "Computer:") {
			t.Errorf("completion of %s shows Himeji to Ohio: %s", before, body)
		}
	}
	if code, _ := w.get("/telemetry/sources/new", "con"); code != 403 {
		t.Errorf("a contact opens the form: %d", code)
	}
}

func TestExportHoldsExactlyWhatWasFound(t *testing.T) {
	w := prepare(t)
	w.day()
	_, csv := w.get("/telemetry/export?last=24h&format=csv&q=EventID%3A%3D2", "ana")
	if n := strings.Count(csv, "\r\n"); n != 301 {
		t.Errorf("%d lines of CSV", n)
	}
	_, nd := w.get("/telemetry/export?last=24h&format=ndjson&q=EventID%3A%3D2", "ana")
	if n := strings.Count(nd, "\n"); n != 300 {
		t.Errorf("%d lines of NDJSON", n)
	}
	_, answer := w.get("/telemetry/export?last=24h&format=csv&q="+url.QueryEscape("* | stats by (EventID) count() n | sort by (EventID)"), "ana")
	if !strings.HasSuffix(answer, "EventID,n\r\n,3\r\n1,300\r\n2,300\r\n3,300\r\n") {
		t.Errorf("answer as CSV: %q", answer)
	}
}

func TestIntakeAnswers(t *testing.T) {
	w := prepare(t)
	if rec := w.send("win-himeji", "{\"a\":1}\nx\n"); rec.Code != 200 || !strings.Contains(rec.Body.String(), `"accepted":2,"unreadable":1`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := w.send("win-himeji", "{}", "Authorization", "Bearer wrong"); rec.Code != 401 || rec.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := w.send("win-himeji", "{}", "Content-Encoding", "br"); rec.Code != 422 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := w.send("win-himeji", "{}", "Content-Encoding", "gzip"); rec.Code != 422 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := w.send("win-himeji", strings.Repeat("{}\n", 100_001)); rec.Code != 413 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestASourceIsConnectedByItsForm(t *testing.T) {
	w := prepare(t)
	srv := httptest.NewServer(w.handler)
	defer srv.Close()
	post := func(path string, v url.Values) (int, string) {
		r, _ := http.NewRequest("POST", srv.URL+path, strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", srv.URL)
		res, err := http.DefaultClient.Do(r)
		w.must(err)
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	good := url.Values{"id": {"sw-himeji"}, "name": {"Switches"}, "kind": {"syslog"}, "unit": {"himeji"}, "networks": {"10.9.0.0/16"}, "silent_after": {"1h0m0s"}}
	bad := url.Values{"id": {"SW !"}, "kind": {"syslog"}, "unit": {"himeji"}, "silent_after": {"1h0m0s"}}
	if code, body := post("/telemetry/sources/new", bad); code != 422 || !strings.Contains(body, "A name is needed") {
		t.Errorf("%d", code)
	}
	if code, body := post("/telemetry/sources/new", good); code != 200 || !strings.Contains(body, "10.9.0.0/16") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := post("/telemetry/sources/sw-himeji/secret", url.Values{"overlap": {"24h0m0s"}}); code != 200 || !strings.Contains(body, "ygs_") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := post("/telemetry/sources/sw-himeji/stop", url.Values{}); code != 200 || !strings.Contains(body, "Take it in again") {
		t.Errorf("%d %s", code, body)
	}
}

func TestASearchIsKeptByItsForm(t *testing.T) {
	w := prepare(t)
	w.day()
	post := func(path, person string, v url.Values) (int, string) {
		r := httptest.NewRequest("POST", path, strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(&http.Cookie{Name: "as", Value: person})
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		return rec.Code, rec.Header().Get("Location")
	}
	code, to := post("/telemetry/searches", "ana", url.Values{"name": {"Twos"}, "q": {"EventID:=2"}, "last": {"7d"}, "unit": {"himeji"}})
	if code != 303 || to != "/telemetry?last=7d&q=EventID%3A%3D2" {
		t.Fatalf("%d %s", code, to)
	}
	if _, body := w.get("/telemetry", "ana"); !strings.Contains(body, ">Twos</a>") || !strings.Contains(body, "shared with") {
		t.Error("the search is not listed")
	}
	if _, body := w.get("/telemetry", "con"); strings.Contains(body, "Twos") {
		t.Error("a search shared with Himeji is listed for Ohio")
	}
	if code, _ := post("/telemetry/searches", "con", url.Values{"name": {"x"}, "unit": {"himeji"}}); code != 403 {
		t.Errorf("shared with a foreign unit: %d", code)
	}
	_, body := w.get("/telemetry", "ana")
	at := strings.Index(body, "/telemetry/searches/0")
	del := body[at : at+strings.IndexByte(body[at:], '"')]
	if code, _ := post(del, "con", nil); code != 404 {
		t.Errorf("deleted by who does not see it: %d", code)
	}
	if code, _ := post(del, "ana", nil); code != 303 {
		t.Errorf("not deleted: %d", code)
	}
}

// A query that is wrong is shown again, with what is wrong about it.
func TestAWrongQueryIsNamed(t *testing.T) {
	w := prepare(t)
	for _, q := range []string{"(a", `"open`, "a | limit x", "x:in(", "* | stats by (", strings.Repeat("(", 3000)} {
		code, body := w.get("/telemetry?q="+url.QueryEscape(q), "ana")
		if code != 422 || !strings.Contains(body, `id="f-query"`) || !strings.Contains(body, `id="problem"`) {
			t.Errorf("%.40s: %d", q, code)
		}
	}
}

// TestPreview serves the pages to look at, where YAGURA_PREVIEW names an address.
func TestPreview(t *testing.T) {
	addr := os.Getenv("YAGURA_PREVIEW")
	if addr == "" {
		t.Skip("YAGURA_PREVIEW names no address to serve at")
	}
	w := prepare(t)
	w.day()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go w.s.ServeUDP(ctx, conn)
	out, err := net.Dial("udp", conn.LocalAddr().String())
	w.must(err)
	fmt.Fprint(out, "<134>Nov 23 09:00:00 strange-box app: hello")
	l, err := net.Listen("tcp", addr)
	w.must(err)
	mux := http.NewServeMux()
	mux.Handle(IntakePath, w.intake)
	mux.Handle("/", w.handler)
	go http.Serve(l, mux)
	time.Sleep(2 * time.Minute)
}
