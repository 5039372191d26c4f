package api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// API is the shell with its routes, a handler of everything below Prefix.
type API struct {
	o        Options
	routes   []Route
	mux      *http.ServeMux
	document []byte
}

// Mount serves the routes on mux below Prefix, together with the document that
// describes them, /api/v1/openapi.json.
func Mount(mux *http.ServeMux, routes []Route, o Options) error {
	a, err := New(routes, o)
	if err != nil {
		return err
	}
	mux.Handle(Prefix+"/", a)
	return nil
}

// New refuses routes that contradict each other or cannot be described, so that
// a mistake shows at start.
func New(routes []Route, o Options) (*API, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	a := &API{o: o, mux: http.NewServeMux()}
	seen := map[string]bool{}
	for _, r := range routes {
		if err := check(&r); err != nil {
			return nil, err
		}
		pattern := r.Method + " " + Prefix + r.Path
		if seen[pattern] {
			return nil, fmt.Errorf("api: %s is there twice", pattern)
		}
		seen[pattern] = true
		a.routes = append(a.routes, r)
		if err := register(a.mux, pattern, a.handler(r)); err != nil {
			return nil, err
		}
	}
	doc, err := a.describe()
	if err != nil {
		return nil, err
	}
	if a.document, err = marshal(doc); err != nil {
		return nil, err
	}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Write(a.document)
	})
	a.mux.HandleFunc("GET "+Prefix+"/problems/{kind}", a.explain)
	return a, nil
}

// register turns the mux's panic about a contradiction into an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("api: %v", p)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

func check(r *Route) error {
	name := "api: " + r.Method + " " + r.Path
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, r.Method) {
		return fmt.Errorf("%s: the method is none of GET, POST, PUT, PATCH, DELETE", name)
	}
	r.Path = strings.TrimPrefix(r.Path, Prefix)
	if !strings.HasPrefix(r.Path, "/") {
		return fmt.Errorf("%s: the path begins with /", name)
	}
	if r.Summary == "" || r.Handle == nil {
		return fmt.Errorf("%s: a summary and a handler are needed", name)
	}
	if r.In != nil && (r.Consumes != "" || r.Method == "GET" || reflect.TypeOf(r.In).Kind() != reflect.Struct) {
		return fmt.Errorf("%s: In is a struct value, on a route with a JSON body", name)
	}
	if r.Public && r.Act != "" {
		return fmt.Errorf("%s: a public route asks for no act", name)
	}
	if r.Status == 0 {
		switch {
		case r.Out == nil && r.Produces == "":
			r.Status = http.StatusNoContent
		case r.Method == "POST" && r.Out != nil:
			r.Status = http.StatusCreated
		default:
			r.Status = http.StatusOK
		}
	}
	return nil
}

// ServeHTTP answers what no route matches as a problem too.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	lang := RequestLang(r)
	var allowed []string
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host, Header: http.Header{}}
		if _, pattern := a.mux.Handler(probe); pattern != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		WriteProblem(w, r, lang, a.o.Log, withStatus(http.StatusMethodNotAllowed,
			fault.Invalidf("%s is not possible here, only %s", r.Method, strings.Join(allowed, ", "))))
		return
	}
	WriteProblem(w, r, lang, a.o.Log, fault.NotFound("There is no such address in the interface; %s lists them all", Prefix+"/openapi.json"))
}

func (a *API) handler(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &Context{W: w, R: r, Lang: RequestLang(r), Now: a.o.Clock.Now()}
		out, err := a.run(c, route)
		switch {
		case err != nil:
			WriteProblem(w, r, c.Lang, a.o.Log, err)
		case out == Written:
		case out == nil || route.Out == nil:
			w.WriteHeader(route.Status)
		default:
			if err := Write(w, route.Status, out); err != nil {
				WriteProblem(w, r, c.Lang, a.o.Log, fmt.Errorf("%s %s: %w", route.Method, route.Path, err))
			}
		}
	})
}

func (a *API) run(c *Context, route Route) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			out, err = nil, fmt.Errorf("panic in %s %s: %v\n%s", route.Method, route.Path, p, stack())
		}
	}()
	if !route.Public {
		if a.o.Authenticator == nil {
			return nil, fault.Unauthenticated("A valid token is needed")
		}
		if c.Actor, err = a.o.Authenticator.Authenticate(c.R); err != nil {
			return nil, err
		}
		if c.R.Header.Get("Accept-Language") == "" && c.Actor.Lang != "" {
			c.Lang = c.Actor.Lang
		}
		if route.Act != "" && !c.Actor.CanAnywhere(route.Act) {
			return nil, fault.Denied("This token may not do this")
		}
	}
	if err := route.checkQuery(c.R); err != nil {
		return nil, err
	}
	limit := route.MaxBody
	if limit == 0 {
		limit = defaultBody
	}
	if route.In != nil {
		in := reflect.New(reflect.TypeOf(route.In)).Interface()
		if err := Decode(c.R, limit, in); err != nil {
			return nil, err
		}
		c.in = in
	} else if route.Consumes == "" {
		io.Copy(io.Discard, io.LimitReader(c.R.Body, 64<<10))
	}
	return route.Handle(c)
}

func (r Route) checkQuery(req *http.Request) error {
	var fields []fault.Field
	q := req.URL.Query()
	for name, values := range q {
		i := slices.IndexFunc(r.Query, func(p Param) bool { return p.Name == name })
		switch {
		case i < 0:
			fields = append(fields, fault.F(name, "There is no such parameter"))
		case len(r.Query[i].Enum) > 0 && values[0] != "" && !slices.Contains(r.Query[i].Enum, values[0]):
			fields = append(fields, fault.F(name, "One of these is needed: %s", strings.Join(r.Query[i].Enum, ", ")))
		}
	}
	for _, p := range r.Query {
		if p.Required && q.Get(p.Name) == "" {
			fields = append(fields, fault.F(p.Name, "This entry is required"))
		}
	}
	if len(fields) > 0 {
		slices.SortFunc(fields, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
		return fault.Invalid(fields...)
	}
	return nil
}

// explain tells what a problem's type address means.
func (a *API) explain(w http.ResponseWriter, r *http.Request) {
	kinds := []fault.Kind{fault.KindInvalid, fault.KindUnauthenticated, fault.KindDenied, fault.KindNotFound,
		fault.KindConflict, fault.KindTooBusy, fault.KindInternal}
	lang := RequestLang(r)
	for _, k := range kinds {
		if slug(Status(k)) == r.PathValue("kind") {
			Write(w, http.StatusOK, map[string]any{"type": r.URL.Path, "title": Title(k).In(lang), "status": Status(k)})
			return
		}
	}
	WriteProblem(w, r, lang, a.o.Log, fault.NotFound("There is no such kind of problem"))
}

// RequestLang is the language that Accept-Language prefers among ours.
func RequestLang(r *http.Request) text.Lang {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(part, ";")
		if lang, ok := text.Parse(tag); ok {
			return lang
		}
	}
	return text.EN
}

// Bearer is the token of an Authorization header (RFC 6750 §2.1), or "".
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Routes are the mounted routes, for the test that walks route × role × unit.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

// Document is the OpenAPI document as served.
func (a *API) Document() []byte { return slices.Clone(a.document) }
