package site

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/kernel/text"
)

// Server serves a site's folder. It reads whatever generation is the current one, so
// that a publication needs no restart.
type Server struct {
	dir    string
	access *Access

	mu  sync.Mutex
	now *generation
}

// generation is an open generation of a site.
type generation struct {
	name  string
	root  *os.Root
	state *state
	index []indexed
}

// NewServer serves the site in a folder; access says who may read what is protected,
// nil that nobody may.
func NewServer(dir string, access *Access) *Server { return &Server{dir: dir, access: access} }

// policyCSP lets a page load its stylesheet and send its search form, and nothing else.
const policyCSP = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Headers sets what every answer of the public listener carries.
func Headers(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", policyCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	Headers(w.Header(), r.TLS != nil)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	g, err := s.open()
	if err != nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "Nothing has been published yet", http.StatusServiceUnavailable)
		return
	}
	at := path.Clean("/" + r.URL.Path)
	if strings.HasSuffix(r.URL.Path, "/") && at != "/" {
		at += "/"
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	switch {
	case strings.EqualFold(host, "csaf.data.security."+g.state.Config.Domain) && at == "/":
		at = address(metadata) // requirement 10
	case at == "/":
		w.Header().Add("Vary", "Accept-Language")
		at = "/" + string(preferred(r.Header.Get("Accept-Language"))) + "/"
	case at == "/"+restricted || strings.HasPrefix(at, "/"+restricted+"/"):
		s.protected(w, r, g, at)
		return
	}
	for _, lang := range languages {
		if at == "/"+string(lang)+"/search/" && (r.URL.Query().Get("q") != "" || r.URL.Query().Get("product") != "") {
			g.search(w, r, lang)
			return
		}
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	g.file(w, r, public+at)
}

// protected serves what is not for everyone.
func (s *Server) protected(w http.ResponseWriter, r *http.Request, g *generation, at string) {
	w.Header().Set("Cache-Control", "private, no-store")
	level := s.access.level(r)
	if level < 0 {
		w.Header().Set("WWW-Authenticate", `Basic realm="CSAF", charset="UTF-8"`)
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	parts := strings.Split(at, "/") // "", restricted, label
	if len(parts) > 2 && parts[2] != "" {
		if need, known := levels[strings.ToUpper(parts[2])]; !known || level < need {
			http.NotFound(w, r) // what one may not see is not there
			return
		}
	} else if level < levels["RED"] {
		http.NotFound(w, r) // the list of the folders itself
		return
	}
	g.file(w, r, strings.TrimPrefix(at, "/"))
}

// open is the current generation.
func (s *Server) open() (*generation, error) {
	name, err := filepath.EvalSymlinks(filepath.Join(s.dir, "current"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && s.now.name == name {
		return s.now, nil
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	g := &generation{name: name, root: root}
	if g.state, err = readState(name); err == nil {
		var data []byte
		if data, err = fs.ReadFile(root.FS(), public+"/advisories.json"); err == nil {
			err = json.Unmarshal(data, &struct {
				Advisories *[]indexed `json:"advisories"`
			}{&g.index})
		}
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	s.now = g // the old one is closed when nobody reads it any more (os.Root has a finalizer)
	return g, nil
}

// file serves one file of the generation, or the index of a folder.
func (g *generation) file(w http.ResponseWriter, r *http.Request, name string) {
	if strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	f, err := g.root.Open(filepath.FromSlash(name))
	if err != nil {
		w.Header().Del("Cache-Control")
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		w.Header().Set("Location", r.URL.EscapedPath()+"/")
		w.WriteHeader(http.StatusPermanentRedirect) // for people: no document is behind a redirection
		return
	}
	data, err2 := io.ReadAll(f)
	if err = errors.Join(err, err2); err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(data)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	w.Header().Set("Content-Type", contentType(name))
	http.ServeContent(w, r, "", info.ModTime(), bytes.NewReader(data))
}

// contentType does not ask the machine's tables, which differ. Clients want JSON to be
// application/json and nothing behind it.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".json":
		return "application/json"
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".xml":
		return "application/atom+xml; charset=utf-8"
	case ".txt", ".sha256", ".sha512", ".asc":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// preferred is the language that a browser asks for first, of those there are.
func preferred(header string) text.Lang {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(part, ";")
		if lang, ok := text.Parse(tag); ok {
			return lang
		}
	}
	return text.EN
}

// searchView is the page of a search; the static one lists everything.
type searchView struct {
	frame
	Query, Product string
	Rows, Products []row
	Total          int
	Static         bool
}

// productChoices are the products to choose from.
func productChoices(rows []row) (all []row) {
	seen := map[string]bool{}
	for _, r := range rows {
		for i, s := range r.Slugs {
			if !seen[s] {
				seen[s] = true
				all = append(all, row{Title: r.Products[i], URL: s})
			}
		}
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Or(strings.Compare(a.Title, b.Title), strings.Compare(a.URL, b.URL)) })
	return all
}

// search answers the search form: every word must stand in the title, the id, a CVE or
// a product.
func (g *generation) search(w http.ResponseWriter, r *http.Request, lang text.Lang) {
	q, product := strings.TrimSpace(r.URL.Query().Get("q")), r.URL.Query().Get("product")
	if len(q) > 200 {
		q = strings.ToValidUTF8(q[:200], "")
	}
	var rows, every []row
	words := strings.Fields(strings.ToLower(q))
	for _, a := range g.index {
		one := row{ID: a.ID, Title: a.Title, TitleLang: a.Lang, URL: "/" + string(lang) + "/" + a.Page, Updated: a.Updated, Severity: a.Severity, Score: a.Score, CVEs: a.CVEs}
		for _, p := range a.Products {
			one.Products, one.Slugs = append(one.Products, p.Name), append(one.Slugs, p.Slug)
		}
		every = append(every, one)
		if one.matches(words, product) {
			rows = append(rows, one)
		}
	}
	f := newFrame(&g.state.Config, lang, text.T(lang, "Search advisories"), "search/index.html")
	page, err := view(lang, "search", searchView{frame: f, Query: q, Product: product, Rows: rows, Total: len(g.index), Products: productChoices(every)})
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
}

func (r row) matches(words []string, product string) bool {
	hit := product == ""
	for _, s := range r.Slugs {
		hit = hit || s == product
	}
	all := strings.ToLower(r.ID + "\n" + r.Title + "\n" + strings.Join(r.CVEs, "\n") + "\n" + strings.Join(r.Products, "\n"))
	for _, w := range words {
		hit = hit && strings.Contains(all, w)
	}
	return hit
}
