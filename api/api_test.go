package api

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

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

type note struct {
	ID    string     `json:"id" doc:"Number of the note"`
	Title string     `json:"title"`
	State string     `json:"state,omitempty" enum:"open,closed"`
	Made  time.Time  `json:"made"`
	Due   *time.Time `json:"due"`
	Below []note     `json:"below,omitempty"`
}

type newNote struct {
	Title string            `json:"title" doc:"In one line" example:"Hello"`
	Count int               `json:"count,omitempty"`
	Tags  map[string]string `json:"tags,omitempty"`
}

type tokens struct{}

func (tokens) Authenticate(r *http.Request) (authz.Actor, error) {
	if Bearer(r) != "good" {
		return authz.Actor{}, fault.Unauthenticated("A valid token is needed")
	}
	return authz.Actor{Person: "p1", Lang: text.JA}, nil
}

func routes() []Route {
	return []Route{
		{Method: "GET", Path: "/notes", Summary: "Notes", Query: append(Paging("made"), Param{Name: "state", Enum: []string{"open", "closed"}}), Out: List[note]{},
			Handle: func(c *Context) (any, error) {
				p, err := c.Page("-made")
				if err != nil {
					return nil, err
				}
				all := []note{{ID: "1"}, {ID: "2"}, {ID: "3"}}
				if p.After != nil {
					all = all[p.After.Row:]
				}
				return Cut(p, 3, all[:min(len(all), p.Limit+1)], func(n note) keyset.Position { return keyset.At(n.ID, n.ID) }, func(n note) note { return n }), nil
			}},
		{Method: "POST", Path: "/notes", Summary: "Write a note", In: newNote{}, Out: note{}, Handle: func(c *Context) (any, error) {
			return note{ID: "4", Title: In[newNote](c).Title}, nil
		}},
		{Method: "GET", Path: "/notes/{id}", Summary: "A note", Out: note{}, Handle: func(c *Context) (any, error) {
			switch c.Path("id") {
			case "broken":
				return nil, errors.New("secret detail")
			case "panic":
				panic("secret detail")
			case "busy":
				return nil, fault.TooBusy(2500*time.Millisecond, "Too busy at the moment")
			}
			return nil, fault.NotFound("Not found")
		}},
		{Method: "DELETE", Path: "/notes/{id}", Summary: "Delete a note", Act: "note.delete", Handle: func(c *Context) (any, error) { return nil, nil }},
		{Method: "POST", Path: "/intake/{source}", Summary: "Events", Public: true, Consumes: "application/x-ndjson", Produces: "text/plain", Handle: func(c *Context) (any, error) {
			b, err := io.ReadAll(c.R.Body)
			if err != nil {
				return nil, err
			}
			c.W.Write(b)
			return Written, nil
		}},
	}
}

func serve(t *testing.T) (*API, http.Handler) {
	t.Helper()
	mux := http.NewServeMux()
	a, err := New(routes(), Options{Authenticator: tokens{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle(Prefix+"/", a)
	return a, mux
}

func ask(h http.Handler, method, path, body string, headers ...string) (*httptest.ResponseRecorder, Problem) {
	r := httptest.NewRequest(method, Prefix+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var p Problem
	if w.Header().Get("Content-Type") == "application/problem+json" {
		json.Unmarshal(w.Body.Bytes(), &p)
	}
	return w, p
}

func TestProblems(t *testing.T) {
	_, h := serve(t)
	deep := `{"title":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`
	for _, c := range []struct {
		method, path, body string
		status             int
		field              string
	}{
		{"GET", "/notes/7", "", 404, ""},
		{"GET", "/notes/broken", "", 500, ""},
		{"GET", "/notes/panic", "", 500, ""},
		{"GET", "/notes/busy", "", 429, ""},
		{"GET", "/nothing", "", 404, ""},
		{"PUT", "/notes", "", 405, ""},
		{"DELETE", "/notes/1", "", 403, ""},
		{"GET", "/notes?sate=open", "", 422, "sate"},
		{"GET", "/notes?state=x", "", 422, "state"},
		{"GET", "/notes?limit=0", "", 422, "limit"},
		{"GET", "/notes?cursor=%21", "", 422, "cursor"},
		{"GET", "/notes?sort=id", "", 422, "sort"},
		{"POST", "/notes", `{"title":"x","nope":1}`, 422, "nope"},
		{"POST", "/notes", `{"title":"x","title":"y"}`, 422, "title"},
		{"POST", "/notes", `{"title":"x","Title":"y"}`, 422, "Title"},
		{"POST", "/notes", `{"title":"x","tags":{"a":"1","b":"a","a":"2"}}`, 422, "a"},
		{"POST", "/notes", `{"count":1}`, 422, "title"},
		{"POST", "/notes", `{"title":null}`, 422, "title"},
		{"POST", "/notes", `{"title":5}`, 422, "title"},
		{"POST", "/notes", `{"title":"x","count":"y"}`, 422, "count"},
		{"POST", "/notes", `{"title":"x"} {}`, 422, ""},
		{"POST", "/notes", `{"title":`, 422, ""},
		{"POST", "/notes", `[]`, 422, "body"},
		{"POST", "/notes", ``, 422, ""},
		{"POST", "/notes", deep, 422, ""},
		{"POST", "/notes", `{"title":"` + strings.Repeat("x", 2<<20) + `"}`, 413, ""},
	} {
		w, p := ask(h, c.method, c.path, c.body)
		if w.Code != c.status || p.Status != c.status || p.Title == "" || !strings.HasPrefix(p.Type, Prefix+"/problems/") {
			t.Errorf("%s %s %.40s: %d %+v", c.method, c.path, c.body, w.Code, p)
		}
		if c.field != "" && (len(p.Errors) != 1 || p.Errors[0].Name != c.field) {
			t.Errorf("%s %s %.40s: fields %+v, want %s", c.method, c.path, c.body, p.Errors, c.field)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s %s shows what is inside", c.method, c.path)
		}
	}
	if w, _ := ask(h, "GET", "/notes/busy", ""); w.Header().Get("Retry-After") != "3" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	if w, _ := ask(h, "PUT", "/notes", ""); w.Header().Get("Allow") != "GET, POST" {
		t.Errorf("Allow %q", w.Header().Get("Allow"))
	}
	if w, p := ask(h, "GET", "/notes", "", "Authorization", "Bearer bad"); w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Bearer realm="yagura", error="invalid_token"` || p.Status != 401 {
		t.Errorf("a bad token: %d", w.Code)
	}
	if w, _ := ask(h, "POST", "/notes", `{"title":"x"}`, "Content-Type", "text/plain"); w.Code != 415 {
		t.Errorf("text for JSON: %d", w.Code)
	}
	if _, p := ask(h, "GET", "/notes/7", "", "Accept-Language", "en"); p.Title != "Not found" {
		t.Errorf("English asked: %q", p.Title)
	}
	if _, p := ask(h, "GET", "/notes/7", ""); p.Title != "見つかりません" {
		t.Errorf("the actor's language: %q", p.Title)
	}
}

func TestPaging(t *testing.T) {
	_, h := serve(t)
	cursor, got := "", ""
	for range 5 {
		w, _ := ask(h, "GET", "/notes?limit=2&cursor="+cursor, "")
		var l List[note]
		if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil || *l.Total != 3 {
			t.Fatalf("%v: %s", err, w.Body)
		}
		for _, n := range l.Items {
			got += n.ID
		}
		if cursor = l.Next; cursor == "" {
			break
		}
	}
	if got != "123" {
		t.Errorf("pages hold %q", got)
	}
}

func TestWrittenAndCreated(t *testing.T) {
	_, h := serve(t)
	if w, _ := ask(h, "POST", "/intake/s1", "{\"a\":1}\n"); w.Code != 200 || w.Body.String() != "{\"a\":1}\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w, _ := ask(h, "POST", "/notes", `{"title":"日本 <b>"}`); w.Code != 201 || !strings.Contains(w.Body.String(), "日本 <b>") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestDocument(t *testing.T) {
	a, h := serve(t)
	w, _ := ask(h, "GET", "/openapi.json", "")
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if err := Validate(doc); err != nil {
		t.Fatal(err)
	}
	text := string(a.Document())
	for _, want := range []string{`"/notes/{id}"`, `"#/components/schemas/note"`, `"#/components/schemas/List_note"`, `"enum":["open","closed"]`, `"additionalProperties":false`,
		`"operationId":"getNotesById"`, `"x-act":"note.delete"`, `"security":[]`, `"format":"date-time"`, `"application/x-ndjson"`} {
		if !strings.Contains(strings.ReplaceAll(text, "api.", ""), want) {
			t.Errorf("the document lacks %s", want)
		}
	}
	for _, breakIt := range []func(d map[string]any){
		func(d map[string]any) { delete(d["components"].(map[string]any)["schemas"].(map[string]any), "note") },
		func(d map[string]any) { d["openapi"] = "3.0.1" },
		func(d map[string]any) {
			d["paths"].(map[string]any)["/notes"].(map[string]any)["get"].(map[string]any)["operationId"] = "postNotes"
		},
		func(d map[string]any) {
			delete(d["paths"].(map[string]any)["/notes/{id}"].(map[string]any)["get"].(map[string]any), "parameters")
		},
	} {
		var d map[string]any
		json.Unmarshal(a.Document(), &d)
		breakIt(d)
		if Validate(d) == nil {
			t.Error("a broken document is found good")
		}
	}
}

func TestMountRefusesContradictions(t *testing.T) {
	ok := func(c *Context) (any, error) { return nil, nil }
	for name, rs := range map[string][]Route{
		"twice":           {{Method: "GET", Path: "/a", Summary: "A", Handle: ok}, {Method: "GET", Path: "/a", Summary: "A", Handle: ok}},
		"overlap":         {{Method: "GET", Path: "/{a}/b", Summary: "A", Handle: ok}, {Method: "GET", Path: "/a/{b}", Summary: "A", Handle: ok}},
		"no summary":      {{Method: "GET", Path: "/a", Handle: ok}},
		"body of a GET":   {{Method: "GET", Path: "/a", Summary: "A", In: newNote{}, Handle: ok}},
		"public with act": {{Method: "GET", Path: "/a", Summary: "A", Public: true, Act: "x", Handle: ok}},
		"method":          {{Method: "FETCH", Path: "/a", Summary: "A", Handle: ok}},
	} {
		if err := Mount(http.NewServeMux(), rs, Options{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"title":"x","count":1,"tags":{"a":"b"}}`))
	f.Add([]byte(`{"title":`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var n newNote
		if err := decode(b, &n); err != nil && fault.As(err) == nil {
			t.Errorf("%q: %v is no fault", b, err)
		}
	})
}
