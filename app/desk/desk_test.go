package desk

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"yagura/console"
	"yagura/kernel/alive"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// TestEveryKindHasWords reads the kinds out of the sources of all facts. Where a
// kind ends with the act of the fact, the comment beside the field lists them.
func TestEveryKindHasWords(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../fact/*.go", "../../kernel/*/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	seen := map[string]bool{}
	want := func(at token.Position, kind string) {
		seen[kind] = true
		words, ok := kinds[kind]
		if !ok {
			t.Errorf("%s: the kind %s has no words in app/desk/kinds.go", at, kind)
		} else if words.In(text.JA) == words.In(text.EN) {
			t.Errorf("%s: the words of %s are not in Japanese", at, kind)
		}
	}
	beginnings := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		kindOf := func(before string, e ast.Expr) {
			at := set.Position(e.Pos())
			switch e := e.(type) {
			case *ast.BasicLit:
				s, _ := strconv.Unquote(e.Value)
				want(at, before+s)
			case *ast.BinaryExpr:
				if lit, ok := e.X.(*ast.BasicLit); ok {
					s, _ := strconv.Unquote(lit.Value)
					beginnings[before+s] = true
				}
			}
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr: // store.Heading{Kind: "…"}
				if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Kind" && strings.Contains(path, "fact/") || ok && id.Name == "Kind" && inHeading(tree, n) {
					kindOf("", n.Value)
				}
			case *ast.CallExpr: // incident("…", unit, subject)
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "incident" && len(n.Args) == 3 {
					kindOf("incident.", n.Args[0])
				}
			}
			return true
		})
	}
	acts := map[string]string{
		"psirt.advisory-": "made saved submitted reviewed returned approved reopened scheduled unscheduled invited", "psirt.ids-": "begun done uncertain refused", "detect.exclusion-": "asked approved ended", "detect.suppression-": "asked approved ended", "detect.promotion-": "asked approved refused withdrawn", "detect.case-": "kept dropped", "detect.containing-": "asked approved refused withdrawn ended", "detect.pack-": "brought installed rolled-back",
		"incident.evidence-": "added opened downloaded handed-over", "incident.task-": "set changed done undone",
		"incident.handover-": "offered accepted declined withdrawn climbed", "incident.link-": "made ended",
		"incident.": "triaged confirmed contained eradicated recovered reviewed closed dismissed duplicate merged",
	}
	for before := range beginnings {
		if acts[before] == "" {
			t.Errorf("kinds that begin with %s are not known to this test", before)
		}
	}
	for before, list := range acts {
		for act := range strings.FieldsSeq(list) {
			want(token.Position{}, before+act)
		}
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("there is no fact of kind %s", kind)
		}
	}
	if words := Kind("area.unheard-of"); words.In(text.JA) != "area.unheard-of" {
		t.Error(words)
	}
}

// inHeading tells whether a field is one of a store.Heading.
func inHeading(tree *ast.File, field *ast.KeyValueExpr) (found bool) {
	ast.Inspect(tree, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if sel, ok := lit.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Heading" {
			for _, e := range lit.Elts {
				found = found || e == field
			}
		}
		return true
	})
	return found
}

// TestWorkIsInTheOrderOfItsUrgency mixes what several areas hand in.
func TestWorkIsInTheOrderOfItsUrgency(t *testing.T) {
	now := storetest.Start
	item := func(name string, s console.Severity, due time.Time, since time.Duration) console.WorkItem {
		return console.WorkItem{Title: name, Severity: s, Due: due, Since: now.Add(-since)}
	}
	d := &Desk{Areas: func() []console.Area {
		return []console.Area{
			{Work: func(*console.Context, int) ([]console.WorkItem, error) {
				return []console.WorkItem{item("low, late", console.Low, now.Add(-time.Hour), 0), item("high", console.High, time.Time{}, time.Hour)}, nil
			}},
			{},
			{Work: func(*console.Context, int) ([]console.WorkItem, error) {
				return []console.WorkItem{item("high, due", console.High, now.Add(time.Hour), 0), item("high, older", console.High, time.Time{}, 2*time.Hour), item("none", "", time.Time{}, 0)}, nil
			}},
		}
	}}
	list, err := d.gather(&console.Context{Now: now}, 4)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range list {
		names = append(names, w.Title)
	}
	if got := strings.Join(names, "; "); got != "low, late; high, due; high, older; high" {
		t.Error(got)
	}
}

// sessions make everybody who is set the one who asks.
type sessions struct{ who *authz.Actor }

func (s sessions) Actor(http.ResponseWriter, *http.Request) (authz.Actor, error) { return *s.who, nil }

// office is the desk behind real pages.
type office struct {
	desk   *Desk
	who    authz.Actor
	people map[string]authz.Actor
	mux    *http.ServeMux
}

func open(t *testing.T, db *store.DB) *office {
	t.Helper()
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	keys := t.TempDir()
	key, err := ledger.OpenKey(keys)
	if err != nil {
		t.Fatal(err)
	}
	queue := job.New(db, log)
	messages, err := notify.New(db, log, notify.Options{PublicURL: "http://localhost"})
	if err != nil {
		t.Fatal(err)
	}
	messages.Register(queue)
	o := &office{desk: &Desk{DB: db, Key: key, Keys: keys, Queue: queue, Notify: messages, Kept: func(context.Context) ([]Kept, error) {
		return []Kept{{Class: "standard", For: 400 * 24 * time.Hour, Events: 1234, Bytes: 5 << 20, Oldest: db.Now()}, {Class: "short", For: 30 * 24 * time.Hour}}, nil
	}}, people: map[string]authz.Actor{}, mux: http.NewServeMux()}
	dir := authz.NewDirectory(authz.NewPolicy(authz.Acts, ledger.Acts, job.Acts, notify.Acts, Acts))
	if err := db.Change(ctx, func(tx *store.Tx) error {
		if err := authz.PutUnits(tx, authz.Unit{ID: "group"}, authz.Unit{ID: "works", Parent: "group"}); err != nil {
			return err
		}
		for person, g := range map[string]authz.Grant{
			"admin": {Role: authz.Admin, Unit: "group"}, "head": {Role: authz.Head, Unit: "group"}, "plant": {Role: authz.Admin, Unit: "works"},
		} {
			if err := authz.PutPeople(tx, authz.Person{ID: person, Name: person, Unit: g.Unit, Lang: text.EN, Active: true}); err != nil {
				return err
			}
			g.Person, g.Tree, g.Until = person, authz.Own, tx.Now.AddDate(1, 0, 0)
			if err := authz.Found(tx, authz.System("test"), g); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.View(ctx, func(tx *store.Tx) (err error) {
		for _, person := range []string{"admin", "head", "plant"} {
			if o.people[person], err = dir.ActorOf(tx, person); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.NewSealer(db, key, keys, log).Seal(ctx); err != nil {
		t.Fatal(err)
	}
	shell, err := console.New(console.Options{Areas: []console.Area{o.desk.Area()}, Sessions: sessions{&o.who}, Log: log, Clock: db.Clock()})
	if err != nil {
		t.Fatal(err)
	}
	o.desk.Areas = shell.Areas
	if err := shell.Mount(o.mux); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) send(person, method, path string, form url.Values) *httptest.ResponseRecorder {
	o.who = o.people[person]
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	o.mux.ServeHTTP(w, r)
	return w
}

var tables = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations, alive.Migrations}

func TestSystemIsOneForTheWholeGroup(t *testing.T) {
	db, _ := storetest.SQLite(t, tables...)
	o := open(t, db)
	for person, want := range map[string]int{"admin": 200, "head": 200, "plant": 403} {
		if w := o.send(person, "GET", "/system", nil); w.Code != want {
			t.Errorf("%s: %d, want %d", person, w.Code, want)
		}
	}
	if body := o.send("head", "GET", "/system", nil).Body.String(); !strings.Contains(body, "<code>short</code>") || !strings.Contains(body, "1,234") || !strings.Contains(body, ">400<") {
		t.Error("the page does not show what is kept of each class")
	}
	o.desk.Kept = func(context.Context) ([]Kept, error) { return nil, errors.New("away") }
	if w := o.send("head", "GET", "/system", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "The event store does not answer") {
		t.Errorf("with the event store away: %d", w.Code)
	}
	if w := o.send("plant", "POST", "/ledger/verify", url.Values{}); w.Code != 403 {
		t.Errorf("the administrator of a plant has every row read: %d", w.Code)
	}
	if w := o.send("head", "POST", "/ledger/verify", url.Values{}); w.Code != 303 {
		t.Errorf("checking the audit trail: %d", w.Code)
	}
	o.desk.verifying.Lock()
	if w := o.send("head", "POST", "/ledger/verify", url.Values{}); w.Code != 429 && w.Code != 503 {
		t.Errorf("checked twice at once: %d", w.Code)
	}
	if w := o.send("head", "GET", "/ledger", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "Role approved") || !strings.Contains(w.Body.String(), "authz.grant-approved") {
		t.Errorf("the audit trail does not say what happened in words: %d", w.Code)
	}
	if w := o.send("head", "GET", "/ledger/1", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "Role approved") {
		t.Errorf("nor does its row: %d", w.Code)
	}
}

func TestWebhooks(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		o := open(t, db)
		if w := o.send("head", "GET", "/system/webhooks", nil); w.Code != 403 {
			t.Errorf("the head sees webhooks: %d", w.Code)
		}
		form := url.Values{"name": {"Chat"}, "url": {"http://chat.example/hook"}, "topics": {"incident"}}
		if w := o.send("admin", "POST", "/system/webhooks", form); w.Code != 422 || !strings.Contains(w.Body.String(), `value="Chat"`) {
			t.Errorf("an address without https: %d", w.Code)
		}
		form.Set("url", "https://chat.example/hook")
		w := o.send("admin", "POST", "/system/webhooks", form)
		secret := regexp.MustCompile(`<code>([\w-]{43})</code>`).FindStringSubmatch(w.Body.String())
		if w.Code != 200 || secret == nil || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("added: %d, secret %v", w.Code, secret)
		}
		w = o.send("admin", "GET", "/system/webhooks", nil)
		if w.Code != 200 || strings.Contains(w.Body.String(), secret[1]) || !strings.Contains(w.Body.String(), "chat.example") || !strings.Contains(w.Body.String(), "Incidents") {
			t.Errorf("the list: %d", w.Code)
		}
		id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
		if id == nil {
			t.Fatal("no way to remove it")
		}
		if w := o.send("admin", "POST", "/system/webhooks/test", url.Values{"id": {id[1]}}); w.Code != 303 {
			t.Errorf("test: %d", w.Code)
		}
		if w := o.send("plant", "POST", "/system/webhooks/remove", url.Values{"id": {id[1]}}); w.Code != 403 {
			t.Errorf("removed by the administrator of a plant: %d", w.Code)
		}
		if w := o.send("admin", "POST", "/system/webhooks/remove", url.Values{"id": {id[1]}}); w.Code != 303 {
			t.Errorf("remove: %d", w.Code)
		}
		if w := o.send("admin", "GET", "/system/webhooks", nil); strings.Contains(w.Body.String(), "chat.example") {
			t.Error("it is still there")
		}
	})
}
