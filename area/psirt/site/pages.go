package site

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/text"
)

//go:embed views
var viewFiles embed.FS

var languages = []text.Lang{text.EN, text.JA}

// zones are where the dates of a language's pages are shown.
var zones = map[text.Lang]*time.Location{text.EN: time.UTC, text.JA: time.FixedZone("JST", 9*60*60)}

// stylesheet is the style of all pages: that of an advisory, and what a site adds.
func stylesheet() string {
	own, _ := viewFiles.ReadFile("views/site.css")
	return csaf.Stylesheet() + string(own)
}

var views = func() map[text.Lang]*template.Template {
	sets := map[text.Lang]*template.Template{}
	for _, lang := range languages {
		sets[lang] = template.Must(template.New("").Funcs(template.FuncMap{
			"t":    func(key string, args ...any) string { return text.Message{Key: key, Args: args}.In(lang) },
			"date": func(t time.Time) string { return t.In(zones[lang]).Format("2006-01-02") },
			"iso":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		}).ParseFS(viewFiles, "views/*.html"))
	}
	return sets
}()

// frame is what every page has around its own content.
type frame struct {
	Lang, OtherLang text.Lang
	OtherName       string
	Title, Site     string
	Here, Other     string // the page's address in both languages
	Report, Feed    string
	Subscribe       string
	Files           *files // of an advisory's page
}

// files are the downloads of an advisory.
type files struct {
	CSAF, OSV string
	Products  []row
}

// row is an advisory or a product in a list.
type row struct {
	ID, Title, URL string
	TitleLang      string
	Updated        time.Time
	Severity       string
	Score          float64
	CVEs           []string
	Products       []string
	Slugs          []string
	Count          int
	VEX            string
}

func newFrame(c *Config, lang text.Lang, title, path string) frame {
	other, name := text.JA, "日本語"
	if lang == text.JA {
		other, name = text.EN, "English"
	}
	return frame{Lang: lang, OtherLang: other, OtherName: name, Title: title, Site: c.name(lang), Report: c.Report, Subscribe: c.Subscribe,
		Here: c.URL + "/" + string(lang) + "/" + path, Other: "/" + string(other) + "/" + path, Feed: "/" + string(lang) + "/feed.xml"}
}

func view(lang text.Lang, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := views[lang].ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// advisory is the page of one document.
func (b *build) advisory(e *entry, lang text.Lang) ([]byte, error) {
	f := newFrame(&b.site.config, lang, e.title, "advisories/"+e.stem()+".html")
	f.Files = &files{CSAF: address(e.path), OSV: address(e.osvPath())}
	for _, p := range e.products {
		f.Files.Products = append(f.Files.Products, row{Title: p.String(), URL: "/" + string(lang) + "/products/" + p.slug + ".html"})
	}
	var parts [3][]byte
	for i, name := range [...]string{"head", "top", "bottom"} {
		var err error
		if parts[i], err = view(lang, name, f); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	err := e.doc.Framed(&out, lang, zones[lang], csaf.Frame{Stylesheet: "/style.css", Head: template.HTML(parts[0]), Top: template.HTML(parts[1]), Bottom: template.HTML(parts[2])})
	return out.Bytes(), err
}

func (b *build) row(e *entry, lang text.Lang) row {
	r := row{ID: e.id, Title: e.title, TitleLang: e.lang, URL: "/" + string(lang) + "/advisories/" + e.stem() + ".html", Updated: e.current, Severity: e.severity, Score: e.score, CVEs: e.cves}
	for _, p := range e.products {
		r.Products, r.Slugs = append(r.Products, p.String()), append(r.Slugs, p.slug)
	}
	return r
}

// newest is how many advisories the first page lists.
const newest = 50

// pages makes what people read, of documents that are for everyone.
func (b *build) pages() error {
	b.files[public+"/style.css"] = []byte(stylesheet())
	var open []*entry
	for _, e := range b.entries {
		if e.open() {
			open = append(open, e)
		}
	}
	if err := b.index(open); err != nil {
		return err
	}
	for _, lang := range languages {
		if err := b.pagesIn(lang, open); err != nil {
			return err
		}
	}
	b.files[public+"/index.html"] = b.files[public+"/en/index.html"]
	return b.products(open)
}

func (b *build) pagesIn(lang text.Lang, open []*entry) error {
	c := &b.site.config
	put := func(path, name, title string, add func(f frame) any) error {
		f := newFrame(c, lang, title, path)
		page, err := view(lang, name, add(f))
		b.files[public+"/"+string(lang)+"/"+path] = page
		return err
	}
	rows := make([]row, len(open))
	for i, e := range open {
		rows[i] = b.row(e, lang)
	}
	type list struct {
		frame
		Rows  []row
		Total int
	}
	if err := put("index.html", "list", c.name(lang), func(f frame) any { return list{f, rows[:min(newest, len(rows))], len(rows)} }); err != nil {
		return err
	}
	if err := put("search/index.html", "search", text.T(lang, "Search advisories"), func(f frame) any {
		return searchView{frame: f, Rows: rows, Total: len(rows), Products: productChoices(rows), Static: true}
	}); err != nil {
		return err
	}
	type thanks struct {
		frame
		Groups []thanksGroup
	}
	if err := put("thanks.html", "thanks", text.T(lang, "Acknowledgements"), func(f frame) any { return thanks{f, b.thanks(open, lang)} }); err != nil {
		return err
	}
	type policy struct {
		frame
		Own         []string
		Publisher   Publisher
		Contacts    []contact
		Key         string
		Fingerprint string
	}
	if err := put("policy.html", "policy", text.T(lang, "How we handle vulnerabilities"), func(f frame) any {
		return policy{f, paragraphs(c.Policy[lang]), c.Publisher, contacts(c.Contacts), address(b.keyPath()), b.site.signer.Fingerprint()}
	}); err != nil {
		return err
	}
	feed, err := b.atom(open, lang)
	b.files[public+"/"+string(lang)+"/feed.xml"] = feed
	return err
}

type contact struct {
	Text string
	URL  template.URL
}

// contacts are those of security.txt, whose schemes Check has seen.
func contacts(all []string) (out []contact) {
	for _, s := range all {
		out = append(out, contact{strings.TrimPrefix(strings.TrimPrefix(s, "mailto:"), "tel:"), template.URL(s)})
	}
	return out
}

type thanksGroup struct {
	Advisory row
	Lines    []string
}

// thanks are the acknowledgments of all documents.
func (b *build) thanks(open []*entry, lang text.Lang) (groups []thanksGroup) {
	for _, e := range open {
		g := thanksGroup{Advisory: b.row(e, lang)}
		add := func(list *csaf.Value) {
			for _, a := range list.Items() {
				var parts []string
				for _, s := range []string{strings.Join(a.Get("names").Texts(), ", "), a.Get("organization").Text(), a.Get("summary").Text()} {
					if s != "" {
						parts = append(parts, s)
					}
				}
				if line := strings.Join(parts, " – "); line != "" && !slices.Contains(g.Lines, line) {
					g.Lines = append(g.Lines, line)
				}
			}
		}
		add(e.doc.Get("document", "acknowledgments"))
		for _, v := range e.doc.Get("vulnerabilities").Items() {
			add(v.Get("acknowledgments"))
		}
		if len(g.Lines) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// products makes the list of products, a page for each, and its VEX.
func (b *build) products(open []*entry) error {
	type listed struct {
		p    *product
		docs []*entry
	}
	bySlug := map[string]*listed{}
	for _, e := range open {
		for _, p := range e.products {
			if bySlug[p.slug] == nil {
				bySlug[p.slug] = &listed{p: p}
			}
			bySlug[p.slug].docs = append(bySlug[p.slug].docs, e)
		}
	}
	all := make([]*listed, 0, len(bySlug))
	for _, l := range bySlug {
		all = append(all, l)
	}
	slices.SortFunc(all, func(x, y *listed) int {
		return cmp.Or(strings.Compare(strings.ToLower(x.p.vendor), strings.ToLower(y.p.vendor)), strings.Compare(strings.ToLower(x.p.name), strings.ToLower(y.p.name)), strings.Compare(x.p.slug, y.p.slug))
	})
	for _, l := range all {
		vex, err := b.openVEX(l.p, l.docs)
		if err != nil {
			return err
		}
		if vex != nil {
			b.files[vexPath(l.p)] = vex
		}
	}
	type group struct {
		Vendor string
		Rows   []row
	}
	type view1 struct {
		frame
		Groups []group
	}
	type view2 struct {
		frame
		Rows []row
		VEX  string
	}
	for _, lang := range languages {
		var groups []group
		for _, l := range all {
			if len(groups) == 0 || groups[len(groups)-1].Vendor != l.p.vendor {
				groups = append(groups, group{Vendor: l.p.vendor})
			}
			g := &groups[len(groups)-1]
			g.Rows = append(g.Rows, row{Title: l.p.name, URL: "/" + string(lang) + "/products/" + l.p.slug + ".html", Count: len(l.docs)})
			v := view2{frame: newFrame(&b.site.config, lang, l.p.String(), "products/"+l.p.slug+".html")}
			for _, e := range l.docs {
				v.Rows = append(v.Rows, b.row(e, lang))
			}
			if _, ok := b.files[vexPath(l.p)]; ok {
				v.VEX = address(vexPath(l.p))
			}
			page, err := view(lang, "product", v)
			if err != nil {
				return err
			}
			b.files[public+"/"+string(lang)+"/products/"+l.p.slug+".html"] = page
		}
		page, err := view(lang, "products", view1{newFrame(&b.site.config, lang, text.T(lang, "Products"), "products/index.html"), groups})
		if err != nil {
			return err
		}
		b.files[public+"/"+string(lang)+"/products/index.html"] = page
	}
	return nil
}

// listing is the page of a folder. Its links are relative, as clients expect.
func listing(title string, names []string, folder func(string) bool) []byte {
	type item struct{ Name, HRef string }
	var items []item
	for _, n := range names {
		shown := n
		if folder(n) {
			shown += "/"
		}
		items = append(items, item{shown, (&url.URL{Path: shown}).String()})
	}
	page, err := view(text.EN, "listing", map[string]any{"Title": title, "Items": items})
	if err != nil {
		panic(err) // strings alone
	}
	return page
}

func paragraphs(s string) (all []string) {
	for p := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}
