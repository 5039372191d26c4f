package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"yagura/api"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Sessions turns a request into the person behind it.
type Sessions interface {
	// Actor returns who is signed in, or a fault of kind Unauthenticated. It may
	// renew the session's cookie on w.
	Actor(w http.ResponseWriter, r *http.Request) (authz.Actor, error)
}

// Options are what the shell needs.
type Options struct {
	Areas    []Area
	Sessions Sessions
	Log      *slog.Logger
	Clock    clock.Clock

	// UnitAct is the act that lets a person see a unit in the switcher of the top
	// bar. "" hides the switcher.
	UnitAct authz.Act
	// SaveLang keeps a signed-in person's choice of language. nil: a cookie keeps
	// it, and wins over Actor.Lang.
	SaveLang func(ctx context.Context, by authz.Actor, lang text.Lang) error
	// Unread counts the person's unread messages, shown at the bell. nil: no number.
	Unread func(c *Context) (int, error)

	SignIn  string // where who is not signed in is led, with ?next=; "" = "/sign-in"
	SignOut string // what the menu's button posts to; "" = "/sign-out"
	// PublicURL is where people reach the console, "https://yagura.example". With
	// https, cookies are Secure and browsers are told to stay with https.
	PublicURL string
	// Gallery serves /_gallery, a page with every part of the shell, for development.
	Gallery bool
}

// Console is the page shell.
type Console struct {
	o      Options
	log    *slog.Logger
	clock  clock.Clock
	areas  []*area
	nav    []NavItem
	shell  *area
	counts *counts
	kept   kept
	secure bool
}

// area is an Area with its views parsed.
type area struct {
	Area
	views map[string]*view
}

// New parses all views and refuses areas that contradict each other, so that a
// mistake shows at start and not to a reader.
func New(o Options) (*Console, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Log = slog.New(LogHandler(o.Log.Handler()))
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.SignIn == "" {
		o.SignIn = "/sign-in"
	}
	if o.SignOut == "" {
		o.SignOut = "/sign-out"
	}
	k := &Console{o: o, log: o.Log, clock: o.Clock, counts: newCounts(), secure: strings.HasPrefix(o.PublicURL, "https://")}
	areas := append([]Area{shellArea(o)}, o.Areas...)
	for _, a := range areas {
		views, err := parseViews(a)
		if err != nil {
			return nil, err
		}
		k.areas = append(k.areas, &area{a, views})
		k.nav = append(k.nav, a.Nav...)
	}
	k.shell = k.areas[0]
	for _, n := range k.nav {
		if _, ok := icons[n.Icon]; !ok {
			return nil, fmt.Errorf("console: there is no icon %q for %s", n.Icon, n.Href)
		}
	}
	slices.SortStableFunc(k.nav, func(a, b NavItem) int {
		if a.Section != b.Section {
			return int(a.Section) - int(b.Section)
		}
		return a.Order - b.Order
	})
	return k, nil
}

// Areas are the areas as handed in, for the pages that collect from all of
// them: the overview, my work.
func (k *Console) Areas() []Area {
	var as []Area
	for _, a := range k.areas[1:] {
		as = append(as, a.Area)
	}
	return as
}

// Routes are the routes of the JSON API of all areas.
func (k *Console) Routes() []api.Route {
	var rs []api.Route
	for _, a := range k.areas {
		rs = append(rs, a.API...)
	}
	return rs
}

// Pages are the pages of all areas, for the test that walks route × role × unit.
func (k *Console) Pages() []Page {
	var ps []Page
	for _, a := range k.areas {
		ps = append(ps, a.Pages...)
	}
	return ps
}

// Mount serves the pages, /static/, the settings of the shell and the page for
// addresses that do not exist. Wrap the finished mux with Wrap.
func (k *Console) Mount(mux *http.ServeMux) (err error) {
	defer func() {
		if p := recover(); p != nil { // net/http reports contradicting patterns so
			err = fmt.Errorf("console: %v", p)
		}
	}()
	for _, a := range k.areas {
		for _, p := range a.Pages {
			if p.Handle == nil || (p.Method != "GET" && p.Method != "POST") || !strings.HasPrefix(p.Path, "/") {
				return fmt.Errorf("console: %s: page %s %s needs GET or POST, a path and a handler", a.Name, p.Method, p.Path)
			}
			path := p.Path
			if path == "/" {
				path = "/{$}"
			}
			mux.Handle(p.Method+" "+path, k.page(a, p))
		}
	}
	mux.Handle("GET /static/", http.HandlerFunc(serveStatic))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, staticURL("favicon.svg"), http.StatusFound)
	})
	mux.HandleFunc("/", k.lost)
	return nil
}

// page is the way of every page: who asks, in which language, may it be, do it.
func (k *Console) page(a *area, p Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := k.context(w, r, a, p)
		if err := k.open(c); err != nil {
			k.fail(c, err)
		}
	})
}

func (k *Console) context(w http.ResponseWriter, r *http.Request, a *area, p Page) *Context {
	c := &Context{W: w, R: r, Now: k.clock.Now().UTC(), ID: requestID(r), console: k, area: a, page: p, title: p.Title}
	c.Lang, c.Zone = k.lang(r, ""), c.Actor.Zone
	k.settle(c)
	return c
}

// settle fills in what follows from the actor.
func (k *Console) settle(c *Context) {
	c.Lang = k.lang(c.R, c.Actor.Lang)
	if c.Zone = c.Actor.Zone; c.Zone == nil {
		c.Zone = defaultZone(c.Lang)
	}
	k.chooseUnit(c)
}

func (k *Console) open(c *Context) error {
	limit := c.page.MaxBody
	if limit == 0 {
		limit = 1 << 20
	}
	if c.R.Body != nil {
		c.R.Body = http.MaxBytesReader(c.W, c.R.Body, limit)
	}
	if k.o.Sessions != nil {
		actor, err := k.o.Sessions.Actor(c.W, c.R)
		switch {
		case err == nil:
			c.Actor = actor
			k.settle(c)
		case !fault.Is(err, fault.KindUnauthenticated):
			return err
		case !c.page.Public:
			return k.askToSignIn(c, err)
		}
	} else if !c.page.Public {
		return fault.Unauthenticated("Please sign in")
	}
	if c.page.Act != "" && !c.Actor.CanAnywhere(c.page.Act) {
		return fault.Denied("Your roles do not include this page")
	}
	if c.R.Method == http.MethodPost {
		if err := c.readForm(); err != nil {
			return err
		}
		defer k.counts.forget(c.Actor.Person)
	} else {
		c.takeFlashes()
	}
	return c.page.Handle(c)
}

// askToSignIn leads a reader to the sign-in page and back afterwards; anything
// else is told so, since a form's content would be lost.
func (k *Console) askToSignIn(c *Context, err error) error {
	if c.R.Method != http.MethodGet || c.R.Header.Get("HX-Request") != "" || wantsJSON(c.R) {
		return err
	}
	http.Redirect(c.W, c.R, k.o.SignIn+"?next="+urlEscape(c.R.URL.RequestURI()), http.StatusSeeOther)
	return nil
}

const formMemory = 8 << 20

func (c *Context) readForm() error {
	var err error
	if strings.HasPrefix(c.R.Header.Get("Content-Type"), "multipart/form-data") {
		err = c.R.ParseMultipartForm(formMemory)
	} else {
		err = c.R.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.Invalidf("What was sent is larger than the %s allowed here", formatBytes(large.Limit))
	case err != nil:
		return fault.Invalidf("The form could not be read; please send it again")
	}
	return nil
}

// lost answers addresses that do not exist.
func (k *Console) lost(w http.ResponseWriter, r *http.Request) {
	c := k.context(w, r, k.shell, Page{Method: r.Method, Path: r.URL.Path, Public: true})
	if k.o.Sessions != nil {
		if a, err := k.o.Sessions.Actor(w, r); err == nil {
			c.Actor = a
			k.settle(c)
		}
	}
	k.fail(c, fault.NotFound("There is no page at this address"))
}

// Scope is where the person may do the act, narrowed to the unit chosen in the
// top bar.
func (c *Context) Scope(act authz.Act) authz.Scope {
	return c.Actor.Scope(act).Within(c.Actor.Units(), c.Unit)
}

var _ fs.FS = views
