package e2e

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/app"
	"yagura/e2e/visit"
	"yagura/kernel/config"
)

// shared is one demo that all browser tests look at, and scripts that add to it
// without being in the way of others; those that live through the story have one
// of their own.
var shared struct {
	once   sync.Once
	server *server
	err    error
}

func demoOf(t testing.TB) *server {
	t.Helper()
	s, err := sharedDemo()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sharedDemo() (*server, error) {
	shared.once.Do(func() {
		data := filepath.Join(scratch, "shared")
		if shared.server, shared.err = theatre(3*time.Minute, "-fast", "-data", data); shared.err == nil {
			shared.server.folder = data
			shared.err = shared.server.says("The day is over", 5*time.Minute)
		}
	})
	return shared.server, shared.err
}

// says waits for words of the process.
func (s *server) says(words string, limit time.Duration) error {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if strings.Contains(s.out.String(), words) {
			return nil
		}
		if !s.running() {
			break
		}
	}
	return fmt.Errorf("the program did not say %q\n%s", words, s.out.last(20))
}

// personas of the demo, those who see most first.
var personas = []string{"Ren Fujii", "Haruto Mori", "Nozomi Ishida", "Aoi Sato", "Takashi Endo", "Claire Dubois", "Keiko Hayashi", "Yui Kobayashi"}

// exempt are patterns that a crawl from the first page cannot come to as pages,
// and why.
var exempt = map[string]string{
	"GET /enter":                                  "a link signs in; without one it is the page of an error",
	"GET /oauth2/authorize":                       "leads on to the application or the sign-in page",
	"GET /oauth2/resume":                          "leads on to the application or the sign-in page",
	"GET /oauth2/logout":                          "applications send people there, with what only they know",
	"GET /saml/sso":                               "leads on to the application or the sign-in page",
	"GET /saml/resume":                            "leads on to the application or the sign-in page",
	"GET /saml/slo":                               "applications send people there, with what only they know",
	"GET /saml/left":                              "applications send people there, with what only they know",
	"GET /saml/start/{id}":                        "leads on to an application that allows it",
	"GET /report/{token}":                         "reached by a signed link alone; the script public-report.txtar does",
	"GET /report/status/{token}":                  "reached by a signed link alone; the script public-report.txtar does",
	"GET /psirt/report/{token}":                   "reached by a signed link alone; the script psirt.txtar does",
	"GET /psirt/subscribe/confirm/{token}":        "reached by the link of a mail alone; the tests of the area's pages look at it",
	"GET /psirt/subscription/{token}":             "reached by the link of a mail alone; the tests of the area's pages look at it",
	"GET /psirt/subscription/{token}/leave":       "reached by the link of a mail alone; the tests of the area's pages look at it",
	"GET /psirt/cases/{id}/draft/{lang}":          "a file",
	"GET /psirt/cases/{id}/file/{file}":           "a file",
	"GET /psirt/advisories/{id}/preview":          "a file",
	"GET /telemetry/export":                       "a file",
	"GET /org/export/{file}":                      "a file",
	"GET /incidents/{number}/evidence/{piece}":    "a file",
	"GET /org/import/{id}":                        "the preview of an upload; the script import.txtar looks at it",
	"GET /psirt/product-import/{import}":          "the preview of an upload; the tests of the area's pages look at it",
	"GET /detect/exclusions/{id}/preview":         "part of a page",
	"GET /detect/coverage/layer":                  "a file",
	"GET /telemetry/complete":                     "answers the script of the explorer's field",
	"GET /detect/packs/{id}":                      "the preview of an upload that somebody trusted must have signed; the tests of the area look at it",
	"GET /incidents/{number}/evidence/{piece}/in": "part of a page",
	"GET /cmmc/calendar.ics":                      "a file",
	"GET /cmmc/enclaves/{id}/evidence/{piece}":    "a file",
	"GET /cmmc/providers/{id}/evidence/{piece}":   "a file",
	"GET /cmmc/enclaves/{id}/affirm/file":         "a file",
	"GET /cmmc/enclaves/{id}/papers/{paper}":      "a file",
	"GET /cmmc/assessments/{assessment}":          "a file",
	"GET /cmmc/texts/{text}":                      "the preview of an upload; the tests of the area look at it",
	"GET /cmmc/crosswalks/{table}":                "the preview of an upload; the tests of the area look at it",
}

// place is a page as one persona comes to it.
type place struct {
	pattern, path, persona string
}

var crawled struct {
	once   sync.Once
	places []place
	err    error
}

// places finds one address of every GET page by following links from the first
// page, as the personas of the demo.
func places(t testing.TB) []place {
	t.Helper()
	s := demoOf(t)
	crawled.once.Do(func() { crawled.places, crawled.err = crawl(t, s) })
	if crawled.err != nil {
		t.Fatal(crawled.err)
	}
	return crawled.places
}

func crawl(t testing.TB, s *server) ([]place, error) {
	patterns, mux, err := patternsOf(t)
	if err != nil {
		return nil, err
	}
	found := map[string]place{}
	who := personas
	if !thorough() { // enough to find some pages
		who = who[1:2]
	}
	for _, name := range who {
		link, err := s.persona(name)
		if err != nil {
			return nil, err
		}
		v := visit.To(s.url)
		if err := v.Enter(link); err != nil {
			return nil, err
		}
		// What a form leads to, a crawl of links does not find.
		queue, seen, visits := []string{"/", "/search?q=phishing"}, map[string]bool{}, map[string]int{}
		if name == "Haruto Mori" { // a note, since the page for correcting one needs one
			incident, err := writeNote(v)
			if err != nil {
				return nil, err
			}
			planned, err := plan(v)
			if err != nil {
				return nil, err
			}
			queue = append(append([]string{incident}, planned...), queue...)
		}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			u, err := url.Parse(path)
			if err != nil || seen[path] {
				continue
			}
			seen[path] = true
			_, pattern := mux.Handler(&http.Request{Method: "GET", URL: u, Host: "x"})
			if pattern == "" || visits[pattern] >= 4 || exempt[pattern] != "" && exempt[pattern] == "a file" {
				continue
			}
			visits[pattern]++
			p, err := v.Get(path)
			if err != nil {
				return nil, err
			}
			if p.Status != http.StatusOK || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
				if p.Status >= 500 {
					t.Errorf("%s answers %d to %s", path, p.Status, name)
				}
				continue
			}
			if have, ok := found[pattern]; !ok || have.persona == name && len(p.Body) > 0 && u.RawQuery == "" && strings.Contains(have.path, "?") {
				found[pattern] = place{pattern, path, name}
			}
			for _, l := range p.Links() {
				if next, err := p.URL.Parse(l.Href); err == nil && next.Host == p.URL.Host {
					next.Fragment = ""
					queue = append(queue, next.RequestURI())
				}
			}
		}
	}
	// Who is not signed in sees the pages for signing in.
	for _, path := range []string{"/sign-in", "/sign-in/other", "/sign-in/lost", "/sign-in/stopped", "/psirt/report"} {
		found["GET "+path] = place{"GET " + path, path, ""}
	}
	var list []place
	var lost []string
	for _, pattern := range patterns {
		if p, ok := found[pattern]; ok {
			list = append(list, p)
		} else if exempt[pattern] == "" {
			lost = append(lost, pattern)
		}
	}
	if len(lost) > 0 && thorough() {
		t.Errorf("no link leads to %s", strings.Join(lost, ", "))
	}
	return list, nil
}

// writeNote writes to the first open incident and returns its address.
func writeNote(v *visit.Visitor) (string, error) {
	p, err := v.Get("/incidents?state=open")
	if err != nil {
		return "", err
	}
	l, ok := p.Link("^/incidents/INC-")
	if !ok {
		return "", fmt.Errorf("there is no open incident: %s", p.Text())
	}
	if p, err = v.Get(l.Href); err != nil {
		return "", err
	}
	f, ok := p.Form("/note$")
	if !ok {
		return "", fmt.Errorf("%s has no form for notes", l.Href)
	}
	_, err = v.Submit(f, url.Values{"body": {"The account's owner was asked."}})
	return l.Href, err
}

// plan plans maintenance and runs a search as a rule, and returns the addresses
// of both and of the rule.
func plan(v *visit.Visitor) ([]string, error) {
	now := time.Now().UTC()
	rule := "/telemetry/rule?last=24h&q=CommandLine%3Awhoami"
	all := []string{rule}
	for _, x := range []struct {
		path, form string
		values     url.Values
	}{
		{"/detect/suppress?kind=window", "^/detect/suppress$", url.Values{"hosts": {"test-*"}, "since": {now.Add(48 * time.Hour).Format("2006-01-02T15:04")},
			"until": {now.Add(50 * time.Hour).Format("2006-01-02T15:04")}, "reason": {"New disks are put into the test machines that night."}}},
		{rule, "^/detect/backtests$", nil},
	} {
		p, err := v.Get(x.path)
		if err != nil {
			return nil, err
		}
		f, ok := p.Form(x.form)
		if !ok {
			return nil, fmt.Errorf("%s has no form %s", x.path, x.form)
		}
		if p, err = v.Submit(f, x.values); err != nil {
			return nil, err
		}
		if p.Status != http.StatusOK {
			return nil, fmt.Errorf("%s answered %d: %s", x.form, p.Status, p.Text())
		}
		all = append(all, p.URL.RequestURI())
	}
	return append(all, "/detect/suppressions"), nil
}

// patternsOf are the addresses of all GET pages, read from the product itself.
func patternsOf(t testing.TB) ([]string, *http.ServeMux, error) {
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + t.TempDir()})
	if len(mistakes) > 0 {
		return nil, nil, mistakes[0]
	}
	a, err := app.Open(t.Context(), cfg, app.Options{Workers: -1, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return nil, nil, err
	}
	defer a.Close()
	var list []string
	mux := http.NewServeMux()
	for _, p := range a.Console.Pages() {
		if p.Method != "GET" {
			continue
		}
		path := p.Path
		if path == "/" {
			path = "/{$}"
		}
		list = append(list, "GET "+path)
		mux.HandleFunc("GET "+path, func(http.ResponseWriter, *http.Request) {})
	}
	slices.Sort(list)
	return list, mux, nil
}

// thorough tells whether every page is looked at in every dress, or some pages
// in two of them.
func thorough() bool {
	return os.Getenv("YAGURA_SOAK") == "1" || os.Getenv("YAGURA_REQUIRE_CHROMIUM") == "1"
}

// Every page, in English and Japanese, light and dark: axe-core finds nothing
// at WCAG 2.2 A and AA, the browser's log is empty (no violation of the
// Content-Security-Policy, no error of a script), and at a width of 390 pixels
// nothing sticks out.
func TestPages(t *testing.T) {
	w := browse(t)
	source := axe(t)
	all := places(t)
	dresses := []struct{ lang, theme string }{{"en", "light"}, {"en", "dark"}, {"ja", "light"}, {"ja", "dark"}}
	if only := os.Getenv("YAGURA_PAGES"); only != "" { // an expression over patterns, to look at some pages again
		fits := regexp.MustCompile(only)
		all = slices.DeleteFunc(slices.Clone(all), func(p place) bool { return !fits.MatchString(p.pattern) })
	} else if !thorough() {
		var some []place
		for i, p := range all {
			if i%10 == 0 {
				some = append(some, p)
			}
		}
		all = some
		dresses = []struct{ lang, theme string }{{"en", "light"}, {"ja", "dark"}}
	}
	s := demoOf(t)
	japanese := regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`)
	looked := 0
	for _, d := range dresses {
		w.size(1280, 900)
		who := "somebody else"
		for _, p := range all {
			if p.persona != who {
				who = p.persona
				w.wear(s.url, dressed(t, s, who, d.lang, d.theme))
			}
			where := fmt.Sprintf("%s (%s, %s, %s)", p.path, p.persona, d.lang, d.theme)
			if status := w.open(s.url + p.path); status != http.StatusOK {
				t.Errorf("%s answers %d", where, status)
				continue
			}
			looked++
			w.quiet(where)
			if lang := ask[string](w, "document.documentElement.lang"); lang != d.lang {
				t.Errorf("%s: the page says it is in %q", where, lang)
			}
			if d.lang == "ja" && !japanese.MatchString(ask[string](w, "document.title + document.querySelector('main').innerText")) {
				t.Errorf("%s: the page is not in Japanese", where)
			}
			for _, v := range w.violations(source) {
				for i, n := range v.Nodes {
					if i == 3 {
						t.Errorf("%s: and %d more of %s", where, len(v.Nodes)-i, v.ID)
						break
					}
					t.Errorf("%s: %s: %s\n  %s\n  %s", where, v.ID, v.Help, n.HTML, strings.ReplaceAll(n.Summary, "\n", " "))
				}
			}
			w.complaints() // what axe-core itself may have caused
			if d.theme == "light" {
				w.size(390, 844)
				if wide := ask[string](w, stickingOut); wide != "" {
					t.Errorf("%s: at 390 pixels %s sticks out", where, wide)
				}
				w.size(1280, 900)
			}
		}
	}
	t.Logf("%d pages in %d dresses: %d looked at", len(all), len(dresses), looked)
}

// stickingOut names what makes the body wider than the window, if anything.
const stickingOut = `(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width + 1) return "";
  const clipped = (el) => { for (let a = el.parentElement; a && a !== document.body; a = a.parentElement) { const o = getComputedStyle(a).overflowX; if (o !== "visible") return true; } return false; };
  const wide = [...document.body.querySelectorAll("*")].filter((el) => el.getBoundingClientRect().right > width + 1 && !clipped(el));
  return document.documentElement.scrollWidth + " px: " + (wide.slice(0, 3).map((el) => el.tagName + "." + el.className).join(", ") || "something");
})()`

// dressed are the cookies of a persona who has chosen a language and a theme.
func dressed(t testing.TB, s *server, name, lang, theme string) []*http.Cookie {
	t.Helper()
	v := visit.To(s.url)
	if name != "" {
		link, err := s.persona(name)
		if err == nil {
			err = v.Enter(link)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, form := range map[string]url.Values{"/settings/language": {"lang": {lang}, "next": {"/sign-in"}}, "/settings/theme": {"theme": {theme}, "next": {"/sign-in"}}} {
		if p, err := v.Post(path, form); err != nil || p.Status >= 400 {
			t.Fatalf("%s: %v %v", path, err, p)
		}
	}
	return v.Cookies()
}
