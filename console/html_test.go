package console

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var voids = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// wellFormed reports everything in a page that a strict reader would not
// accept: tags that do not match, ids given twice, labels and references that
// point nowhere, inline style and script, fields without a label, tables
// without a caption.
func wellFormed(page []byte) (faults []string) {
	z := html.NewTokenizer(bytes.NewReader(page))
	var open []string
	ids, refs, labels, named := map[string]int{}, map[string]string{}, map[string]bool{}, map[string]bool{}
	bad := func(f string, args ...any) { faults = append(faults, fmt.Sprintf(f, args...)) }
	var fields []string
	tables, captions := 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				bad("%v", z.Err())
			}
			for _, id := range fields {
				if !labels[id] && !named[id] {
					bad("field %q has no label", id)
				}
			}
			for ref, from := range refs {
				if ids[ref] == 0 {
					bad("%s points to #%s, which is not there", from, ref)
				}
			}
			for id, n := range ids {
				if n > 1 {
					bad("id %q is there %d times", id, n)
				}
			}
			if tables != captions {
				bad("%d tables, %d captions", tables, captions)
			}
			if len(open) > 0 {
				bad("not closed: %v", open)
			}
			return faults
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			attrs := map[string]string{}
			for _, a := range tok.Attr {
				if _, twice := attrs[a.Key]; twice {
					bad("<%s> has %s twice", tok.Data, a.Key)
				}
				attrs[a.Key] = a.Val
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					bad("<%s %s=…> is inline", tok.Data, a.Key)
				}
				if strings.Contains(a.Val, "ZgotmplZ") || strings.Contains(a.Val, "%!") {
					bad("<%s %s=%q>", tok.Data, a.Key, a.Val)
				}
				switch a.Key {
				case "id":
					ids[a.Val]++
				case "for", "aria-labelledby", "aria-describedby", "aria-controls":
					for _, ref := range strings.Fields(a.Val) {
						refs[ref] = "<" + tok.Data + " " + a.Key + ">"
						if a.Key == "for" {
							labels[ref] = true
						}
					}
				}
			}
			switch tok.Data {
			case "style":
				bad("<style> is inline")
			case "script":
				if attrs["src"] == "" {
					bad("<script> is inline")
				}
			case "input", "select", "textarea":
				if attrs["type"] != "hidden" {
					fields = append(fields, attrs["id"])
					named[attrs["id"]] = attrs["aria-label"] != "" || slices.Contains(open, "label")
				}
			case "table":
				tables++
			case "caption":
				captions++
			}
			if tok.Type == html.StartTagToken && !slices.Contains(voids, tok.Data) {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			tok := z.Token()
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				bad("</%s> closes %v", tok.Data, open)
				return faults
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if s := string(z.Text()); strings.Contains(s, "%!") || strings.Contains(s, "§") || strings.Contains(s, "<no value>") {
				bad("text %q", s)
			}
		}
	}
}

func TestWellFormedFindsFaults(t *testing.T) {
	for _, s := range []string{`<p><b></p>`, `<p style="x">y</p>`, `<input id="a">`, `<i id="a"></i><i id="a"></i>`, `<table></table>`,
		`<label for="x"></label>`, `<p onclick="x"></p>`, `<script>1</script>`, `<p>%!s(int=1)</p>`} {
		if len(wellFormed([]byte(s))) == 0 {
			t.Errorf("%s passes", s)
		}
	}
}

func TestEveryPartIsWellFormed(t *testing.T) {
	h := galleryServer(t)
	for _, lang := range []string{"en", "ja"} {
		for _, person := range []string{"p1", "p2", ""} {
			for _, path := range []string{"/_gallery", "/_gallery?q=x&state=open&sort=number", "/nowhere", "/_gallery?unit=himeji"} {
				w := get(h, path, "X-Person", person, "Accept-Language", lang)
				if w.Code != 200 && (path != "/nowhere" || w.Code != 404) {
					t.Errorf("%s %s as %q: %d", lang, path, person, w.Code)
				}
				for _, f := range wellFormed(w.Body.Bytes()) {
					t.Errorf("%s %s as %q: %s", lang, path, person, f)
				}
				if !strings.Contains(w.Body.String(), `<html lang="`+lang+`"`) {
					t.Errorf("%s: the page is in another language", lang)
				}
			}
		}
		w := post(h, "/_gallery", "title=&body=%3Cb%3Ekept%3C%2Fb%3E&state=zz", "X-Person", "p1", "Accept-Language", lang)
		if w.Code != 422 || !strings.Contains(w.Body.String(), "&lt;b&gt;kept&lt;/b&gt;") || strings.Count(w.Body.String(), `aria-invalid="true"`) != 2 {
			t.Errorf("%s: form shown again: %d\n%s", lang, w.Code, w.Body)
		}
		for _, f := range wellFormed(w.Body.Bytes()) {
			t.Errorf("%s form: %s", lang, f)
		}
	}
}

// Templates are borrowed by one reader at a time: readers of two languages at
// once must not get each other's words.
func TestReadersDoNotMix(t *testing.T) {
	h := galleryServer(t)
	words := map[string]string{"en": "Export CSV", "ja": "CSV出力"}
	done := make(chan error)
	for i := range 8 {
		lang, other := "en", "ja"
		if i%2 == 1 {
			lang, other = other, lang
		}
		go func() {
			for range 10 {
				b := get(h, "/_gallery", "X-Person", "p1", "Accept-Language", lang).Body.String()
				if !strings.Contains(b, words[lang]) || strings.Contains(b, words[other]) {
					done <- fmt.Errorf("a reader of %s gets %s", lang, other)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
