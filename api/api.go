// Package api is the JSON shell: it serves the routes that the areas hand in
// under /api/v1 and describes every one of them in an OpenAPI 3.1 document made
// from the same Go types (/api/v1/openapi.json). A request is decoded strictly
// – an unknown, doubled or missing field is refused by its name – and every
// error leaves as a problem document (RFC 9457) in the asker's language. Lists
// are cut by keyset: limit and cursor in, next out.
//
// A route of an area:
//
//	api.Route{
//		Method: "GET", Path: "/incidents", Summary: "Incidents that the holder of the token may see, newest first",
//		Act:   incident.Read,
//		Query: append(api.Paging("opened", "number"), api.Param{Name: "state", Doc: "Only incidents in this state"}),
//		Out:   api.List[Incident]{},
//		Handle: func(c *api.Context) (any, error) {
//			page, err := c.Page("-opened")
//			if err != nil {
//				return nil, err
//			}
//			rows, total, err := svc.List(c.Context(), c.Actor, incident.Filter{State: c.Query("state"), Page: page})
//			if err != nil {
//				return nil, err
//			}
//			return api.Cut(page, total, rows, func(r incident.Row) keyset.Position { … }, toJSON), nil
//		},
//	}
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// Prefix is where all routes live.
const Prefix = "/api/v1"

// Route is one operation of the API.
type Route struct {
	Method  string // GET, POST, PUT, PATCH, DELETE
	Path    string // below Prefix, "/incidents/{id}"
	Summary string // one English sentence for the reader of the document
	Doc     string // more of it, optional

	Act    authz.Act // the asker must hold it somewhere; "" = anyone with a token. The use case checks the unit.
	Public bool      // no token needed

	// In is a zero value of the struct that the JSON body is decoded into; get it
	// by api.In[T](c). nil: the body is not read. Tags: `json` (fields without
	// omitempty are required), `doc:"sentence"`, `enum:"a,b"`, `example:"x"`.
	In any
	// Out is a zero value of what Handle returns; nil: 204, or what Produces says.
	Out    any
	Status int     // of success; 0 = 200, 201 for POST with Out, 204 without Out
	Query  []Param // what the query string may hold; anything else is refused by name

	Consumes string // media type of a body that Handle reads itself from c.R.Body, with In nil
	Produces string // media type that Handle writes itself to c.W, returning api.Written
	MaxBody  int64  // bytes; 0 = 1 MiB

	Handle func(*Context) (any, error)
}

// Param is one parameter of the query string.
type Param struct {
	Name     string
	Doc      string
	Type     string   // "string" (default), "integer", "boolean"
	Enum     []string // the values there are, if they can be counted
	Required bool
}

// Paging are the parameters of a list: limit, cursor and – where sorts are
// given – sort, one of them with "-" before it for descending.
func Paging(sorts ...string) []Param {
	ps := []Param{
		{Name: "limit", Type: "integer", Doc: "Rows on a page, 1 to 500; 50 when not given"},
		{Name: "cursor", Doc: "The value of next in the page before"},
	}
	if len(sorts) > 0 {
		p := Param{Name: "sort", Doc: "Order of the rows; a minus sign turns it round"}
		for _, s := range sorts {
			p.Enum = append(p.Enum, s, "-"+s)
		}
		ps = append(ps, p)
	}
	return ps
}

// List is one page of rows.
type List[T any] struct {
	Items []T    `json:"items"`
	Total *int   `json:"total,omitempty" doc:"Rows in all, where they can be counted quickly"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
}

// Cut makes a page of rows that a use case returned (one more than the page
// holds when there is a next one). total below zero is not shown.
func Cut[T, J any](page keyset.Page, total int, rows []T, at func(T) keyset.Position, show func(T) J) List[J] {
	rows, next := keyset.Cut(page, rows, at)
	l := List[J]{Items: make([]J, 0, len(rows))}
	for _, r := range rows {
		l.Items = append(l.Items, show(r))
	}
	if total >= 0 {
		l.Total = &total
	}
	if next != nil {
		l.Next = next.String()
	}
	return l
}

// Written is what Handle returns when it has written the answer itself.
var Written any = written{}

type written struct{}

// Authenticator says who holds the token of a request.
type Authenticator interface {
	// Authenticate returns the actor of the request, or a fault of kind
	// Unauthenticated when it carries no valid token.
	Authenticate(r *http.Request) (authz.Actor, error)
}

// Options are what the shell needs.
type Options struct {
	Authenticator Authenticator
	Log           *slog.Logger
	Clock         clock.Clock
	Version       string // of the product, shown in the document
}

// Context is one request.
type Context struct {
	W     http.ResponseWriter
	R     *http.Request
	Actor authz.Actor // zero on a public route
	Lang  text.Lang
	Now   time.Time

	in any
}

// Context is the request's context.
func (c *Context) Context() context.Context { return c.R.Context() }

// In is the decoded body of a route whose In is a T.
func In[T any](c *Context) *T {
	v, _ := c.in.(*T)
	return v
}

// Path is the value of {name} in the route's path.
func (c *Context) Path(name string) string { return c.R.PathValue(name) }

// Query is the value of a parameter of the query string.
func (c *Context) Query(name string) string { return c.R.URL.Query().Get(name) }

// T is a sentence in the asker's language. The key is a literal.
func (c *Context) T(key string, args ...any) string { return text.T(c.Lang, key, args...) }

// Say is a message in the asker's language.
func (c *Context) Say(m text.Message) string { return m.In(c.Lang) }

// Page reads limit, cursor and sort; sort is the order when none is asked for,
// "-opened" for descending.
func (c *Context) Page(sort string) (keyset.Page, error) {
	q := c.R.URL.Query()
	if s := q.Get("sort"); s != "" {
		sort = s
	}
	p := keyset.Page{Limit: keyset.DefaultLimit}
	p.Sort, p.Desc = strings.CutPrefix(sort, "-")
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 500 {
			return p, fault.Invalid(fault.F("limit", "A whole number from %d to %d is needed", 1, 500))
		}
		p.Limit = n
	}
	var err error
	p.After, err = keyset.Parse(q.Get("cursor"))
	return p, err
}

// Write sends v as JSON.
func Write(w http.ResponseWriter, status int, v any) error {
	b, err := marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
	return nil
}

func marshal(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}
