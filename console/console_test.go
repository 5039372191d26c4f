package console

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

var testNow = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func newTest(t testing.TB, o Options) (*Console, http.Handler) {
	t.Helper()
	o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.Clock = clock.Fixed(testNow)
	if o.Sessions == nil {
		o.Sessions = people{"p1": {Person: "p1", Name: "Sato Aiko"}}
	}
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	return k, k.Wrap(mux)
}

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	return send(h, httptest.NewRequest("GET", path, nil), headers...)
}

func post(h http.Handler, path, form string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(h, r, headers...)
}

func send(h http.Handler, r *http.Request, headers ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// area with one page per kind of outcome.
func outcomes() Area {
	page := func(path string, h func(*Context) error) Page {
		return Page{Method: "GET", Path: path, Title: text.Literal("T"), Handle: h}
	}
	return Area{Name: "outcomes", Pages: []Page{
		page("/denied", func(*Context) error { return fault.Denied("You may not do this") }),
		page("/conflict", func(*Context) error { return fault.Conflict("This is not possible in the present state") }),
		page("/busy", func(*Context) error { return fault.TooBusy(1500*time.Millisecond, "Too busy at the moment") }),
		page("/broken", func(*Context) error { return errors.New("secret detail") }),
		page("/panic", func(*Context) error { panic("secret detail") }),
		{Method: "GET", Path: "/only", Act: "x.read", Handle: func(*Context) error { return nil }},
		{Method: "GET", Path: "/open", Public: true, Title: text.Literal("Open"), Handle: func(c *Context) error { return c.Render("", ListView{}) }},
		{Method: "POST", Path: "/change", Handle: func(c *Context) error {
			c.Flash(text.M("%s ago", text.Literal(c.Value("v"))))
			return c.Redirect("/open")
		}},
	}}
}

func TestFaultsBecomePages(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}})
	for path, want := range map[string]int{"/denied": 403, "/conflict": 409, "/busy": 429, "/broken": 500, "/panic": 500, "/only": 403, "/nowhere": 404} {
		w := get(h, path, "X-Person", "p1")
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s shows what is inside", path)
		}
		if want == 500 && !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
			t.Errorf("%s does not show its reference", path)
		}
		for _, f := range wellFormed(w.Body.Bytes()) {
			t.Errorf("%s: %s", path, f)
		}
		w = get(h, path, "X-Person", "p1", "Accept", "application/json", "Accept-Language", "ja")
		var p struct{ Status int }
		if err := json.Unmarshal(w.Body.Bytes(), &p); w.Code != want || (err != nil || p.Status != want) && want != 500 {
			t.Errorf("%s as JSON: %d %s", path, w.Code, w.Body)
		}
	}
	if w := get(h, "/busy", "X-Person", "p1"); w.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
}

func TestWhoIsNotSignedInIsLedThere(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}})
	w := get(h, "/denied?a=b&c=d")
	if w.Code != 303 || w.Header().Get("Location") != "/sign-in?next=%2Fdenied%3Fa%3Db%26c%3Dd" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	if w := post(h, "/change", "v=1"); w.Code != 401 {
		t.Errorf("a form of nobody: %d", w.Code)
	}
	if w := get(h, "/open"); w.Code != 200 || strings.Contains(w.Body.String(), `class="side"`) {
		t.Errorf("a public page: %d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}, PublicURL: "https://yagura.example"})
	for _, path := range []string{"/open", "/nowhere", "/panic"} {
		hd := get(h, path, "X-Person", "p1").Header()
		if !strings.HasPrefix(hd.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'") {
			t.Errorf("%s: policy %q", path, hd.Get("Content-Security-Policy"))
		}
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Strict-Transport-Security", "X-Request-Id"} {
			if hd.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
}

func TestForgedFormsAreRefused(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}})
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		if w := post(h, "/change", "v=1", append(headers, "X-Person", "p1")...); w.Code != 403 {
			t.Errorf("%v: %d", headers, w.Code)
		}
	}
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://example.com"}, nil} {
		if w := post(h, "/change", "v=1", append(headers, "X-Person", "p1")...); w.Code != 303 {
			t.Errorf("%v: %d", headers, w.Code)
		}
	}
}

func TestLargeFormIsRefused(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}})
	if w := post(h, "/change", "v="+strings.Repeat("x", 2<<20), "X-Person", "p1"); w.Code != 422 {
		t.Errorf("2 MiB: %d", w.Code)
	}
}

func TestFlashIsShownOnceAndInTheReadersLanguage(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}})
	w := post(h, "/change", "v=<b>3日</b>", "X-Person", "p1")
	cookie := strings.Split(w.Header().Get("Set-Cookie"), ";")[0]
	w = get(h, "/open", "X-Person", "p1", "Cookie", cookie, "Accept-Language", "ja")
	if !strings.Contains(w.Body.String(), "&lt;b&gt;3日&lt;/b&gt;前") {
		t.Errorf("no flash in %s", w.Body)
	}
	if !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the flash stays: %s", w.Header().Get("Set-Cookie"))
	}
}

func TestLanguageThemeAndWayBack(t *testing.T) {
	_, h := newTest(t, Options{Areas: []Area{outcomes()}})
	for next, want := range map[string]string{"/open?x=1": "/open?x=1", "//evil.example/": "/", "https://evil.example": "/", `/\evil.example`: "/", "": "/", "javascript:x": "/"} {
		w := post(h, "/settings/language", "lang=ja&next="+urlEscape(next))
		if w.Code != 303 || w.Header().Get("Location") != want {
			t.Errorf("next=%s leads to %s, want %s", next, w.Header().Get("Location"), want)
		}
	}
	w := get(h, "/open", "Cookie", "yagura-lang=ja; yagura-theme=dark", "Accept-Language", "en")
	if !strings.Contains(w.Body.String(), `<html lang="ja" data-theme="dark">`) {
		t.Errorf("cookies are not heeded: %.200s", w.Body)
	}
	w = get(h, "/open", "Cookie", `yagura-theme="><script>`)
	if !strings.Contains(w.Body.String(), `data-theme="system"`) {
		t.Errorf("a made-up theme gets through")
	}
}

func TestBadgesAreCountedSeldomAndAnewAfterAChange(t *testing.T) {
	n := 0
	a := outcomes()
	a.Nav = []NavItem{{Label: text.Literal("Counted"), Href: "/counted", Icon: "bolt", Count: func(*Context) (int, error) { n++; return 7, nil }},
		{Label: text.Literal("Failing"), Href: "/failing", Icon: "bolt", Count: func(*Context) (int, error) { return 0, errors.New("x") }},
		{Label: text.Literal("Hidden"), Href: "/hidden", Icon: "bolt", Act: "x.read"}}
	_, h := newTest(t, Options{Areas: []Area{a}})
	for range 3 {
		if w := get(h, "/open", "X-Person", "p1"); !strings.Contains(w.Body.String(), ">7</span>") || strings.Contains(w.Body.String(), "Hidden") {
			t.Fatal("badge missing, or an entry shown to who may not see it")
		}
	}
	if n != 1 {
		t.Errorf("counted %d times", n)
	}
	post(h, "/change", "v=1", "X-Person", "p1")
	get(h, "/open", "X-Person", "p1")
	if n != 2 {
		t.Errorf("counted %d times after a change", n)
	}
}

func TestUnitsAreThoseOneMaySee(t *testing.T) {
	h := galleryServer(t)
	if b := get(h, "/_gallery", "X-Person", "p1").Body.String(); !strings.Contains(b, "Electric Systems</button>") {
		t.Error("p1 does not find the units below the group")
	}
	b := get(h, "/_gallery?unit=himeji", "X-Person", "p2").Body.String()
	if strings.Contains(b, `Himeji</button>`) || strings.Contains(b, `</span>Works 3`) || !strings.Contains(b, "Europe</button>") {
		t.Error("p2 sees what is not his")
	}
	w := post(h, "/settings/unit", "unit=himeji&next="+urlEscape("/_gallery?unit=europe&cursor=x&sort=number"), "X-Person", "p1")
	if w.Header().Get("Location") != "/_gallery?sort=number" || !strings.Contains(w.Header().Get("Set-Cookie"), "yagura-unit=himeji") {
		t.Errorf("%v", w.Header())
	}
	if b := get(h, "/_gallery", "X-Person", "p1", "Cookie", "yagura-unit=himeji", "Accept-Language", "ja").Body.String(); !strings.Contains(b, "第3工場(姫路)") {
		t.Error("the cookie does not choose the unit")
	}
	w = post(h, "/settings/unit", "unit=himeji", "X-Person", "p2")
	if !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Error("p2 chooses a unit of others")
	}
}

func TestCompression(t *testing.T) {
	h := galleryServer(t)
	w := get(h, "/_gallery", "X-Person", "p1", "Accept-Encoding", "gzip")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Content-Length") != "" {
		t.Errorf("%v", w.Header())
	}
	if w := get(h, "/_gallery", "X-Person", "p1", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Errorf("compressed against the reader's wish")
	}
}

func BenchmarkPage(b *testing.B) {
	h := galleryServer(b)
	for b.Loop() {
		get(h, "/_gallery", "X-Person", "p1")
	}
}
