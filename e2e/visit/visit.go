// Package visit goes through the console as a browser without JavaScript does:
// it keeps cookies, follows links, fills in forms and sends them. It works
// against a running server and against a handler within a test.
package visit

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Visitor is one person in front of one browser.
type Visitor struct {
	Base   string      // "http://localhost:8420"
	Header http.Header // sent with every request
	Page   *Page       // the last one seen
	client *http.Client
}

// To visits a server.
func To(base string) *Visitor { return visitor(base, nil) }

// In visits a handler, without a network.
func In(base string, h http.Handler) *Visitor { return visitor(base, handler{h}) }

func visitor(base string, way http.RoundTripper) *Visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only options can be wrong, and there are none
	}
	return &Visitor{Base: strings.TrimSuffix(base, "/"), Header: http.Header{}, client: &http.Client{Jar: jar, Transport: way, Timeout: time.Minute}}
}

// handler answers requests in the same process.
type handler struct{ http.Handler }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.RequestURI(), r.Body)
	in.Host, in.Header, in.RemoteAddr = r.URL.Host, r.Header.Clone(), "127.0.0.1:40000"
	in.ContentLength = r.ContentLength
	w := httptest.NewRecorder()
	h.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

// Cookies are what the browser keeps of the site.
func (v *Visitor) Cookies() []*http.Cookie {
	u, err := url.Parse(v.Base)
	if err != nil {
		return nil
	}
	return v.client.Jar.Cookies(u)
}

// Steady makes the visitor see redirects instead of following them.
func (v *Visitor) Steady() *Visitor {
	c := *v.client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	steady := *v
	steady.client = &c
	return &steady
}

// Get opens a page, given as a path or a whole address.
func (v *Visitor) Get(path string) (*Page, error) { return v.do("GET", path, "", nil) }

// Post sends a form.
func (v *Visitor) Post(path string, form url.Values) (*Page, error) {
	return v.do("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// Send sends a body of a media type.
func (v *Visitor) Send(method, path, mediaType string, body []byte) (*Page, error) {
	return v.do(method, path, mediaType, bytes.NewReader(body))
}

func (v *Visitor) do(method, path, mediaType string, body io.Reader) (*Page, error) {
	if strings.HasPrefix(path, "/") {
		path = v.Base + path
	} else if strings.HasPrefix(path, "?") && v.Page != nil {
		u := *v.Page.URL
		u.RawQuery, u.Fragment = path[1:], ""
		path = u.String()
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range v.Header {
		r.Header[name] = values
	}
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	res, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	v.Page = &Page{Status: res.StatusCode, URL: res.Request.URL, Header: res.Header, Body: raw}
	return v.Page, nil
}

// Enter opens a sign-in link and, where the page asks, presses its button.
func (v *Visitor) Enter(link string) error {
	p, err := v.Get(link)
	if err != nil {
		return err
	}
	if p.Status == http.StatusOK && p.URL.Path == "/enter" {
		f, ok := p.Form("^/enter$")
		if !ok {
			return fmt.Errorf("the link's page has no button")
		}
		if p, err = v.Submit(f, nil); err != nil {
			return err
		}
	}
	if p.Status != http.StatusOK || len(v.Cookies()) == 0 {
		return fmt.Errorf("the link does not sign in: %d %s", p.Status, p.Title())
	}
	return nil
}

// Submit fills in a form and sends it. A value replaces what the form shows.
func (v *Visitor) Submit(f Form, fill url.Values) (*Page, error) {
	values := f.Values()
	for name, list := range fill {
		values[name] = list
	}
	action := f.Action
	if action == "" {
		action = v.Page.URL.RequestURI()
	}
	if strings.EqualFold(f.Method, "get") {
		path, _, _ := strings.Cut(action, "?")
		return v.Get(path + "?" + values.Encode())
	}
	if !f.Multipart {
		return v.Post(action, values)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, value := range list {
			if f.isFile(name) {
				part, err := w.CreateFormFile(name, "file.txt")
				if err != nil {
					return nil, err
				}
				io.WriteString(part, value)
				continue
			}
			if err := w.WriteField(name, value); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return v.Send("POST", action, w.FormDataContentType(), body.Bytes())
}

// Page is one answer.
type Page struct {
	Status int
	URL    *url.URL // after redirects
	Header http.Header
	Body   []byte

	root *html.Node
}

func (p *Page) tree() *html.Node {
	if p.root == nil {
		root, err := html.Parse(bytes.NewReader(p.Body))
		if err != nil { // html.Parse takes everything; only readers fail
			panic(err)
		}
		p.root = root
	}
	return p.root
}

var blanks = regexp.MustCompile(`[ \t\n\r\f]+`)

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && (d.Parent == nil || d.Parent.Data != "script" && d.Parent.Data != "style") {
			b.WriteString(d.Data)
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(blanks.ReplaceAllString(b.String(), " "))
}

// Text is what can be read on the page.
func (p *Page) Text() string {
	for n := range p.tree().Descendants() {
		if n.Type == html.ElementNode && n.Data == "main" {
			return textOf(n)
		}
	}
	return textOf(p.tree())
}

// Title is the page's heading.
func (p *Page) Title() string {
	for n := range p.tree().Descendants() {
		if n.Type == html.ElementNode && n.Data == "h1" {
			return textOf(n)
		}
	}
	return ""
}

// Link is one link of the page.
type Link struct{ Text, Href string }

// Links are the page's links in their order.
func (p *Page) Links() []Link {
	var list []Link
	for n := range p.tree().Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" {
			if href, ok := attribute(n, "href"); ok {
				list = append(list, Link{textOf(n), href})
			}
		}
	}
	return list
}

// Link is the first link whose text or address fits the expression.
func (p *Page) Link(expression string) (Link, bool) {
	fits := regexp.MustCompile(expression)
	for _, l := range p.Links() {
		if fits.MatchString(l.Text) || fits.MatchString(l.Href) {
			return l, true
		}
	}
	return Link{}, false
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
