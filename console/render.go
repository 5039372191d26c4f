package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"yagura/kernel/text"
)

//go:embed views
var views embed.FS

// view is one page's templates. Functions such as {{t}} are bound to a reader,
// so each rendering borrows a set of templates of its own; sets are parsed once
// and used again.
type view struct {
	name  string
	proto *template.Template
	pool  sync.Pool
}

// set is a borrowed set of templates with its reader.
type set struct {
	t    *template.Template
	c    *Context
	n    int             // charts and fields drawn, for ids unique on the page
	used map[string]bool // ids of fields
}

func shellArea(o Options) Area {
	sub, err := fs.Sub(views, "views/shell")
	if err != nil {
		panic(err)
	}
	a := Area{Name: "console", Views: sub, Pages: settingsPages(o)}
	if o.Gallery {
		a.Pages = append(a.Pages, galleryPage, galleryForm)
	}
	return a
}

// parseViews parses every view of an area: layout and parts, the area's own
// parts, then the view.
func parseViews(a Area) (map[string]*view, error) {
	base, err := template.New("page").Funcs((&set{}).funcs()).ParseFS(views, "views/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	vs := map[string]*view{"": {name: a.Name + "/list", proto: base}}
	if a.Views == nil {
		return vs, nil
	}
	files, own, parts := viewFiles(a.Views)
	for _, f := range parts {
		if base, err = parseInto(base, a.Views, f); err != nil {
			return nil, fmt.Errorf("console: %s: %w", a.Name, err)
		}
	}
	for _, f := range files {
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if t, err = parseInto(t, a.Views, f); err != nil {
			return nil, fmt.Errorf("console: %s: %w", a.Name, err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(f, own), ".html")
		vs[name] = &view{name: a.Name + "/" + name, proto: t}
	}
	return vs, nil
}

// viewFiles finds views/*.html, or *.html where fsys is that folder already.
func viewFiles(fsys fs.FS) (files []string, prefix string, parts []string) {
	all, _ := fs.Glob(fsys, "views/*.html")
	prefix = "views/"
	if len(all) == 0 {
		all, _ = fs.Glob(fsys, "*.html")
		prefix = ""
	}
	for _, f := range all {
		if strings.HasPrefix(path.Base(f), "_") {
			parts = append(parts, f)
		} else {
			files = append(files, f)
		}
	}
	return files, prefix, parts
}

func parseInto(t *template.Template, fsys fs.FS, file string) (*template.Template, error) {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	// The file's name is not the name of a template, so that two views cannot
	// replace each other; all content is in its definitions.
	if _, err := t.New("file:" + file).Parse(string(b)); err != nil {
		return nil, err
	}
	return t, nil
}

func (v *view) borrow(c *Context) (*set, error) {
	s, _ := v.pool.Get().(*set)
	if s == nil {
		t, err := v.proto.Clone()
		if err != nil {
			return nil, err
		}
		s = &set{t: t}
		t.Funcs(s.funcs())
	}
	s.c, s.n, s.used = c, 0, map[string]bool{}
	return s, nil
}

func (v *view) giveBack(s *set) {
	s.c = nil
	v.pool.Put(s)
}

// Shell is what a view sees: its own data as .D and what the shell knows.
type Shell struct {
	D       any
	C       *Context
	Title   string
	Crumbs  []crumb
	Flashes []flash
	Problem text.Message // of a form shown again
	Theme   string
	Path    string // of this page with its query, for forms that come back here
	Printed string // when it was made, for paper
	Nav     []navSection
	Unit    unitView
	Unread  int
	SignOut string
	Bare    bool
	Actions bool
}

type navSection struct {
	Label text.Message
	Items []navEntry
}

type navEntry struct {
	NavItem
	Active bool
	N      int
}

func (k *Console) render(c *Context, name string, data any) error {
	page, err := k.draw(c, name, k.shellOf(c, data))
	if err != nil {
		return err
	}
	status := c.status
	if status == 0 {
		status = http.StatusOK
	}
	k.send(c, status, page)
	return nil
}

// draw is a page in words.
func (k *Console) draw(c *Context, name string, sh Shell) ([]byte, error) {
	v := c.area.views[name]
	if v == nil {
		return nil, fmt.Errorf("console: area %s has no view %q", c.area.Name, name)
	}
	s, err := v.borrow(c)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := s.t.ExecuteTemplate(&b, "page", sh); err != nil {
		return nil, fmt.Errorf("view %s: %w", v.name, err) // the set may be half way: it is not given back
	}
	v.giveBack(s)
	return b.Bytes(), nil
}

func (k *Console) send(c *Context, status int, page []byte) {
	h := c.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(c.Lang))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Add("Vary", "Cookie, Accept-Language")
	c.W.WriteHeader(status)
	if _, err := c.W.Write(page); err != nil {
		k.log.DebugContext(c.Context(), "the reader went away", "error", err.Error())
	}
}

func (k *Console) shellOf(c *Context, data any) Shell {
	sh := Shell{D: data, C: c, Title: c.Say(c.title), Crumbs: c.crumbs, Flashes: c.flashes, Problem: c.problem,
		Theme: theme(c.R), Path: "/", Printed: printed(c), SignOut: k.o.SignOut, Bare: !c.SignedIn() || c.page.Bare}
	if c.R.Method == http.MethodGet {
		sh.Path = c.R.URL.RequestURI()
	} else if ref := refererPath(c.R); ref != "" {
		sh.Path = ref
	}
	if sh.Bare {
		return sh
	}
	sh.Unit = k.unitView(c)
	var mine []NavItem
	for _, n := range k.nav {
		if n.Act == "" || c.Actor.CanAnywhere(n.Act) {
			mine = append(mine, n)
		}
	}
	counts := k.counts.of(c, mine)
	sh.Unread = counts["unread"]
	active := activeItem(mine, c.R.URL.Path)
	last := Section(-1)
	for i, n := range mine {
		if n.Section != last {
			sh.Nav = append(sh.Nav, navSection{Label: n.Section.Label()})
			last = n.Section
		}
		sec := &sh.Nav[len(sh.Nav)-1]
		sec.Items = append(sec.Items, navEntry{n, i == active, counts[n.Href]})
	}
	return sh
}

// activeItem is the entry whose address is the longest that path lies under.
func activeItem(nav []NavItem, p string) int {
	best, length := -1, -1
	for i, n := range nav {
		href, _, _ := strings.Cut(n.Href, "?")
		if (p == href || href != "/" && strings.HasPrefix(p, href+"/")) && len(href) > length {
			best, length = i, len(href)
		}
	}
	return best
}

// Commands are the palette's entries for the person.
func (sh Shell) Commands() []Command {
	var cs []Command
	for _, a := range sh.C.console.areas {
		for _, cmd := range a.Commands {
			if cmd.Act == "" || sh.C.Actor.CanAnywhere(cmd.Act) {
				cs = append(cs, cmd)
			}
		}
	}
	return cs
}
