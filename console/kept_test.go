package console

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"yagura/kernel/text"
)

// TestKeptPage has two readers of one form: each sees his own values, escaped,
// compressed and not, and the same page as if it were drawn for him.
func TestKeptPage(t *testing.T) {
	type data struct {
		Next string
		URL  template.URL
	}
	own := func(c *Context) data { return data{c.Query("next"), template.URL(c.Query("next"))} }
	area := Area{Name: "door", Views: fstest.MapFS{"views/door.html": &fstest.MapFile{Data: []byte(
		`{{define "main"}}<p data-next="{{.D.Next}}">{{.D.Next}}</p><a href="/to?{{.D.URL}}">{{t "Close§dialog"}}</a>{{end}}`)}},
		Pages: []Page{
			{Method: "GET", Path: "/kept", Public: true, Bare: true, Title: text.Literal("Door"), Handle: func(c *Context) error {
				d := own(c)
				mark, url := Hole("next"), Hole("url")
				return c.RenderKept("door", "", data{mark, template.URL(url)}, Holes{mark: d.Next, url: string(d.URL)})
			}},
			{Method: "GET", Path: "/drawn", Public: true, Bare: true, Title: text.Literal("Door"), Handle: func(c *Context) error { return c.Render("door", own(c)) }},
		}}
	k, err := New(Options{Areas: []Area{area}, Sessions: people{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := k.Mount(mux); err != nil {
		t.Fatal(err)
	}
	get := func(path, lang string, zip bool) string {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Language", lang)
		if zip {
			r.Header.Set("Accept-Encoding", "gzip")
		}
		w := httptest.NewRecorder()
		k.Wrap(mux).ServeHTTP(w, r)
		if w.Code != 200 || zip != (w.Header().Get("Content-Encoding") == "gzip") {
			t.Fatalf("%s: %d %v", path, w.Code, w.Header())
		}
		body := w.Body.Bytes()
		if zip {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		page := strings.ReplaceAll(string(body), w.Header().Get("X-Request-Id"), "ID")
		if from := strings.Index(page, "</span> · "); from >= 0 { // the moment
			page = page[:from] + page[from+strings.Index(page[from:], "</footer>"):]
		}
		return strings.NewReplacer("&#43;", "+", "/drawn", "/kept").Replace(page)
	}
	long := strings.Repeat("abc%5F", 20_000) // more than one block holds
	for _, next := range []string{"%2Fa%3Fb%3D1%26c%3D%2B2", "%3Cscript%3E%22%27%26", "x", "", "yaguraHole0url0", long} {
		for _, lang := range []string{"en", "ja"} {
			want := get("/drawn?next="+next, lang, true)
			for _, zip := range []bool{true, false, true} {
				got := get("/kept?next="+next, lang, zip)
				if strings.Contains(next, "script") { // the URL's own normalization of what is no address
					if strings.Contains(got, "<script>") || strings.Contains(got, `"'`) {
						t.Errorf("not escaped: %s", got)
					}
					continue
				}
				if got != want {
					t.Errorf("%.40s %s %v: kept\n%.3000s\ndrawn\n%.3000s", next, lang, zip, got, want)
				}
			}
		}
	}
	if n := len(k.kept.forms); n != 2 {
		t.Errorf("%d forms of one page in two languages", n)
	}
}
