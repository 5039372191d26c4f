package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"yagura/e2e/visit"
)

// TestScripts plays testdata/*.txtar: stories of the division, told by the
// program, its pages and its API. Besides the commands of testscript there are:
//
//	serve [NAME=VALUE…]         start `yagura serve` on $WORK/data with further settings; sets $URL
//	demo [FLAG…]                start `yagura demo`; sets $URL. Without flags: the one that
//	                            others visit, too; sets $DATA
//	gate                        stand a proxy before an application, which asks the server; sets $GATE
//	halt | powercut | restart   end the server, in order or not; start it again
//	enter LINK|PERSONA          sign in with a link, with the first one printed ("first"), or as a persona
//	speak LANG                  choose the language of whoever is signed in
//	as NAME                     go on in the browser of NAME, each with cookies of its own
//	get [STATUS] PATH           open a page; what can be read on it is the stdout
//	click EXPRESSION            follow the first link whose text or address fits
//	submit [STATUS] ACTION [NAME=VALUE…]  fill in and send the form whose action fits; NAME= empties
//	api [STATUS] METHOD PATH [JSON]       call the API with $TOKEN; the answer is the stdout
//	json PATH EXPRESSION        what the last answer holds at items.0.number; "len" counts
//	find NAME EXPRESSION        keep the first group of the expression in the last answer, or else in what the
//	                            last command printed, in $NAME
//	eventually SECONDS EXPRESSION PATH    open a page until it says so
//
// None may be called as a command of testscript, which would win: its "stop"
// ends the script, well before what it was to show.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(yagura)+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("TZ", "UTC")
			e.Setenv("LANG", "C.UTF-8")
			e.Setenv("SOON", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
			s := &stage{browsers: map[string]*visit.Visitor{}, t: e.T()}
			e.Values[stageKey{}] = s
			e.Defer(func() {
				if s.server != nil && s.server != shared.server {
					s.server.kill()
				}
			})
			return nil
		},
		Cmds: also(map[string]func(*testscript.TestScript, bool, []string){
			"serve": cmdServe, "demo": cmdDemo, "gate": cmdGate, "halt": cmdHalt, "powercut": cmdPowercut, "restart": cmdRestart,
			"enter": cmdEnter, "as": cmdAs, "speak": cmdSpeak, "get": cmdGet, "click": cmdClick, "submit": cmdSubmit,
			"api": cmdAPI, "json": cmdJSON, "find": cmdFind, "eventually": cmdEventually,
		}),
		RequireUniqueNames: true,
	})
}

type stageKey struct{}

// stage is what one script has.
type stage struct {
	server   *server
	browsers map[string]*visit.Visitor
	who      string
	last     []byte // answer
	head     http.Header
	t        testscript.T
}

func on(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func (s *stage) visitor(ts *testscript.TestScript) *visit.Visitor {
	if s.server == nil {
		ts.Fatalf("no server runs")
	}
	v := s.browsers[s.who]
	if v == nil {
		v = visit.To(s.server.url)
		s.browsers[s.who] = v
	}
	return v
}

// refuse is for commands that can't be negated.
func refuse(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command can't be negated")
	}
}

func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	server, err := installation(ts.MkAbs("data"), args...)
	ts.Check(err)
	s.server = server
	if slices.ContainsFunc(args, func(pair string) bool { return strings.HasPrefix(pair, "YAGURA_TLS_CERT=") }) {
		server.url = strings.Replace(server.url, "http:", "https:", 1)
		server.env = append(server.env, "YAGURA_PUBLIC_URL="+server.url)
	}
	ts.Check(server.start())
	ts.Check(server.ready(time.Minute))
	ts.Setenv("URL", server.url)
	for _, pair := range server.env { // so that commands of the program mean the same installation
		name, value, _ := strings.Cut(pair, "=")
		ts.Setenv(name, value)
	}
}

func cmdDemo(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	server, err := sharedDemo()
	if len(args) > 0 {
		server, err = theatre(2*time.Minute, args...)
	}
	ts.Check(err)
	s.server = server
	ts.Setenv("URL", server.url)
	ts.Setenv("DATA", server.folder)
}

func cmdHalt(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	ts.Check(on(ts).server.stop())
}

func cmdPowercut(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	on(ts).server.kill()
}

func cmdRestart(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	s := on(ts).server
	s.kill()
	ts.Check(s.start())
	ts.Check(s.ready(time.Minute))
}

func cmdEnter(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	link, err := args[0], error(nil)
	switch {
	case link == "first":
		link, err = s.server.link(time.Minute)
	case !strings.Contains(link, "://"):
		link, err = s.server.persona(link)
	}
	ts.Check(err)
	err = s.visitor(ts).Enter(link)
	if neg {
		if err == nil {
			ts.Fatalf("the link signs in")
		}
		return
	}
	ts.Check(err)
	s.shown(ts, s.visitor(ts).Page)
}

func cmdAs(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	on(ts).who = args[0]
}

func cmdSpeak(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	p, err := s.visitor(ts).Post("/settings/language", url.Values{"lang": {args[0]}, "next": {"/"}})
	s.check(ts, p, err, 0)
}

func (s *stage) shown(ts *testscript.TestScript, p *visit.Page) {
	s.last = p.Body
	if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		fmt.Fprintln(ts.Stdout(), p.Text())
		return
	}
	ts.Stdout().Write(p.Body)
}

// expected reads an optional status before the other arguments.
func expected(args []string) (int, []string) {
	if len(args) > 0 {
		if n, err := strconv.Atoi(args[0]); err == nil && n >= 100 && n < 600 {
			return n, args[1:]
		}
	}
	return 0, args
}

func (s *stage) check(ts *testscript.TestScript, p *visit.Page, err error, want int) {
	ts.Check(err)
	if want == 0 && p.Status/100 != 2 || want != 0 && p.Status != want {
		ts.Fatalf("%s answered %d: %s\n%s", p.URL.RequestURI(), p.Status, p.Text(), s.server.out.last(10))
	}
	s.shown(ts, p)
}

func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	want, args := expected(args)
	p, err := s.visitor(ts).Get(args[0])
	s.check(ts, p, err, want)
}

func cmdClick(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	v := s.visitor(ts)
	if v.Page == nil {
		ts.Fatalf("no page is open")
	}
	l, ok := v.Page.Link(args[0])
	if ok == neg {
		ts.Fatalf("link %q there: %v; links: %v", args[0], ok, v.Page.Links())
	}
	if ok {
		u, err := v.Page.URL.Parse(l.Href)
		ts.Check(err)
		p, err := v.Get(u.String())
		s.check(ts, p, err, 0)
	}
}

func cmdSubmit(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	v := s.visitor(ts)
	want, args := expected(args)
	f, ok := v.Page.Form(args[0])
	if !ok {
		var there []string
		for _, f := range v.Page.Forms() {
			there = append(there, f.Action)
		}
		ts.Fatalf("no form fits %q; there are %v", args[0], there)
	}
	fill := url.Values{}
	for _, pair := range args[1:] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			ts.Fatalf("%q is not NAME=VALUE", pair)
		}
		if !slices.ContainsFunc(f.Fields, func(x visit.Field) bool { return x.Name == name }) {
			ts.Fatalf("the form has no field %q: %v", name, f.Fields)
		}
		if value == "" {
			fill[name] = nil
			continue
		}
		fill.Add(name, value)
	}
	p, err := v.Submit(f, fill)
	s.check(ts, p, err, want)
}

func cmdAPI(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	want, args := expected(args)
	v := visit.To(s.server.url)
	v.Header = http.Header{"Accept": {"application/json"}}
	if token := ts.Getenv("TOKEN"); token != "" {
		v.Header.Set("Authorization", "Bearer "+token)
	}
	if lang := ts.Getenv("ACCEPT_LANGUAGE"); lang != "" {
		v.Header.Set("Accept-Language", lang)
	}
	var body []byte
	media := ""
	if len(args) > 2 {
		body, media = []byte(args[2]), "application/json"
		if strings.HasPrefix(args[2], "@") {
			body = []byte(ts.ReadFile(args[2][1:]))
		}
	}
	if len(args) > 3 {
		media = args[3]
	}
	p, err := v.Send(args[0], args[1], media, body)
	s.check(ts, p, err, want)
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal(on(ts).last, &v))
	got, err := at(v, args[0])
	ts.Check(err)
	if regexp.MustCompile(args[1]).MatchString(got) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// at is what a JSON value holds at a path such as items.0.number.
func at(v any, path string) (string, error) {
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			if name == "len" {
				return fmt.Sprint(len(x)), nil
			}
			next, ok := x[name]
			if !ok {
				return "", fmt.Errorf("no %q on the way to %s", name, path)
			}
			v = next
		case []any:
			if name == "len" {
				return fmt.Sprint(len(x)), nil
			}
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return "", fmt.Errorf("no element %q of %d on the way to %s", name, len(x), path)
			}
			v = x[i]
		default:
			return "", fmt.Errorf("%v has nothing inside, on the way to %s", v, path)
		}
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

func cmdFind(ts *testscript.TestScript, neg bool, args []string) {
	m := regexp.MustCompile(args[1]).FindSubmatch(on(ts).last)
	if m == nil && !neg { // a command may have said it
		m = regexp.MustCompile(args[1]).FindSubmatch([]byte(ts.ReadFile("stdout")))
	}
	if m == nil {
		if !neg {
			ts.Fatalf("nothing fits %q in\n%s", args[1], on(ts).last)
		}
		return
	}
	if neg {
		ts.Fatalf("%q is there: %s", args[1], m[0])
	}
	ts.Setenv(args[0], string(m[len(m)-1]))
}

func cmdEventually(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	seconds, err := strconv.Atoi(args[0])
	ts.Check(err)
	fits := regexp.MustCompile(args[1])
	var p *visit.Page
	for deadline := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		p, err = s.visitor(ts).Get(args[2])
		ts.Check(err)
		if fits.MatchString(p.Text()) {
			s.check(ts, p, nil, 0)
			return
		}
	}
	ts.Fatalf("%s did not say %q within %s s: %s", args[2], args[1], args[0], p.Text())
}
