package scim

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"yagura/kernel/fault"
)

// Directory keeps what is provisioned, as one client may see and change it.
// Resources come and go with id, meta.created and meta.lastModified; the rest
// of meta is made here.
type Directory interface {
	Get(ctx context.Context, k Kind, id string) (Resource, error)
	List(ctx context.Context, k Kind, q Query) (page []Resource, total int, err error)
	Create(ctx context.Context, k Kind, r Resource) (Resource, error)
	// Change saves what change makes of a resource; change may be called again.
	Change(ctx context.Context, k Kind, id string, change func(Resource) (Resource, error)) (Resource, error)
	Delete(ctx context.Context, k Kind, id string, check func(Resource) error) error
}

// Prefix is where the service answers.
const Prefix = "/scim/v2"

// largest bounds the body of a request.
const largest = 4 << 20

// Server answers requests.
type Server struct {
	// Open is the directory of who sent the request; a fault of kind
	// unauthenticated where nobody is known by that token.
	Open func(r *http.Request) (Directory, error)
	URL  string // public address of the server, without Prefix
	Log  *slog.Logger
}

// Handler is the HTTP service under Prefix.
func (s Server) Handler() http.Handler {
	mux := http.NewServeMux()
	with := func(pattern string, do func(w *reply, r *http.Request, d Directory) error) {
		mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
			w := &reply{ResponseWriter: rw, server: s}
			r.Body = http.MaxBytesReader(rw, r.Body, largest)
			d, err := s.Open(r)
			if err == nil {
				err = do(w, r, d)
			}
			if err != nil {
				w.fail(r, err)
			}
		})
	}
	for _, k := range kinds {
		list := Prefix + k.Endpoint
		with("GET "+list, func(w *reply, r *http.Request, d Directory) error { return w.list(r, d, k) })
		with("POST "+list+"/.search", func(w *reply, r *http.Request, d Directory) error { return w.search(r, d, k) })
		with("POST "+list, func(w *reply, r *http.Request, d Directory) error { return w.create(r, d, k) })
		with("GET "+list+"/{id}", func(w *reply, r *http.Request, d Directory) error { return w.get(r, d, k) })
		with("PUT "+list+"/{id}", func(w *reply, r *http.Request, d Directory) error { return w.replace(r, d, k) })
		with("PATCH "+list+"/{id}", func(w *reply, r *http.Request, d Directory) error { return w.patch(r, d, k) })
		with("DELETE "+list+"/{id}", func(w *reply, r *http.Request, d Directory) error { return w.remove(r, d, k) })
		for _, p := range []string{list, list + "/{id}"} {
			with(p, func(*reply, *http.Request, Directory) error {
				return &Error{http.StatusMethodNotAllowed, "", "There is no such method here"}
			})
		}
	}
	s.discovery(with)
	for _, p := range []string{Prefix + "/Bulk", Prefix + "/Me", Prefix + "/.search"} {
		with(p, func(*reply, *http.Request, Directory) error {
			return &Error{http.StatusNotImplemented, "", "This server has no such endpoint; see /ServiceProviderConfig"}
		})
	}
	with(Prefix+"/", func(*reply, *http.Request, Directory) error {
		return &Error{http.StatusNotFound, "", "There is no such endpoint"}
	})
	return mux
}

// reply writes one answer.
type reply struct {
	http.ResponseWriter
	server Server
}

func (w *reply) send(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/scim+json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

var statuses = map[fault.Kind]Error{
	fault.KindInvalid: {http.StatusBadRequest, "invalidValue", ""}, fault.KindUnauthenticated: {http.StatusUnauthorized, "", ""},
	fault.KindDenied: {http.StatusForbidden, "", ""}, fault.KindNotFound: {http.StatusNotFound, "", ""},
	fault.KindConflict: {http.StatusConflict, "", ""}, fault.KindTooBusy: {http.StatusServiceUnavailable, "", ""},
}

func (w *reply) fail(r *http.Request, err error) {
	var e *Error
	var tooLarge *http.MaxBytesError
	switch known, ok := statuses[fault.KindOf(err)]; {
	case errors.As(err, &e):
	case errors.As(err, &tooLarge):
		e = &Error{http.StatusRequestEntityTooLarge, "", fmt.Sprintf("A request has at most %d bytes", largest)}
	case ok:
		known.Detail = fault.As(err).Error()
		e = &known
	default:
		w.server.Log.Error("a SCIM request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		e = &Error{http.StatusInternalServerError, "", "Something went wrong here; the server's log has it"}
	}
	if e.Status == http.StatusUnauthorized {
		scheme := `Bearer realm="scim"`
		if r.Header.Get("Authorization") != "" { // RFC 6750 §3: why is said of a token alone
			scheme += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", scheme)
	}
	if f := fault.As(err); f != nil && f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	body := map[string]any{"schemas": []string{errorSchema}, "status": strconv.Itoa(e.Status), "detail": e.Detail}
	if e.Type != "" {
		body["scimType"] = e.Type
	}
	_ = w.send(e.Status, body) // nobody is left to tell
}

// body reads JSON of a client.
func body(r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/scim+json" && kind != "application/json" {
		return nil, &Error{http.StatusUnsupportedMediaType, "", "Send application/scim+json"}
	}
	return io.ReadAll(r.Body)
}

// resource reads a whole resource of a client.
func (k Kind) resource(r *http.Request) (Resource, error) {
	raw, err := body(r)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, bad("invalidSyntax", "The body is no resource in JSON")
	}
	clean, err := k.Clean(m)
	if err != nil {
		return nil, err
	}
	return clean, k.check(clean)
}

// finish completes a resource for an answer: schemas, addresses, version.
func (s Server) finish(k Kind, r Resource) (Resource, string) {
	id, _ := r["id"].(string)
	meta := map[string]any{"resourceType": k.Name, "location": s.URL + Prefix + k.Endpoint + "/" + url.PathEscape(id)}
	old, _ := r["meta"].(map[string]any)
	for _, name := range []string{"created", "lastModified"} {
		if v, ok := old[name]; ok {
			meta[name] = v
		}
	}
	schemas := []string{k.Core.ID}
	for _, e := range k.Extensions {
		if _, ok := r[e.ID]; ok {
			schemas = append(schemas, e.ID)
		}
	}
	for name, to := range map[string]Kind{"groups": Group, "members": User} {
		for _, e := range each(r[name]) {
			if m, ok := e.(map[string]any); ok {
				value, _ := m["value"].(string)
				m["$ref"] = s.URL + Prefix + to.Endpoint + "/" + url.PathEscape(value)
			}
		}
	}
	delete(r, "meta")
	tag := version(r)
	meta["version"] = tag
	r["meta"], r["schemas"] = meta, schemas
	return r, tag
}

// version is the entity tag of a resource: it changes with what it says.
func version(r Resource) string {
	said := r.clone()
	delete(said, "meta")
	delete(said, "schemas")
	for _, name := range []string{"groups", "members"} {
		for _, e := range each(said[name]) {
			if m, ok := e.(map[string]any); ok {
				delete(m, "$ref")
			}
		}
	}
	text, _ := json.Marshal(said)
	sum := sha256.Sum256(text)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// unchanged refuses to change what is no longer as the client saw it (RFC 7644
// §3.14).
func unchanged(r *http.Request, have Resource) error {
	want := r.Header.Get("If-Match")
	if want == "" || tagged(want, version(have)) {
		return nil
	}
	return &Error{http.StatusPreconditionFailed, "", "The resource was changed meanwhile"}
}

func tagged(list, tag string) bool {
	for _, t := range strings.Split(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

func (w *reply) one(status int, r *http.Request, k Kind, res Resource) error {
	a, err := askedBy(r.URL.Query())
	if err != nil {
		return err
	}
	s, err := a.shape(k)
	if err != nil {
		return err
	}
	res, tag := w.server.finish(k, res)
	w.Header().Set("ETag", tag)
	location := res["meta"].(map[string]any)["location"].(string)
	w.Header().Set("Content-Location", location)
	if status == http.StatusCreated {
		w.Header().Set("Location", location)
	}
	if none := r.Header.Get("If-None-Match"); none != "" && r.Method == http.MethodGet && tagged(none, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return w.send(status, s.of(res))
}

func (w *reply) get(r *http.Request, d Directory, k Kind) error {
	res, err := d.Get(r.Context(), k, r.PathValue("id"))
	if err != nil {
		return err
	}
	return w.one(http.StatusOK, r, k, res)
}

func (w *reply) create(r *http.Request, d Directory, k Kind) error {
	res, err := k.resource(r)
	if err != nil {
		return err
	}
	if res, err = d.Create(r.Context(), k, res); err != nil {
		return err
	}
	return w.one(http.StatusCreated, r, k, res)
}

func (w *reply) replace(r *http.Request, d Directory, k Kind) error {
	res, err := k.resource(r)
	if err != nil {
		return err
	}
	if res, err = d.Change(r.Context(), k, r.PathValue("id"), func(old Resource) (Resource, error) {
		return res.clone(), unchanged(r, old)
	}); err != nil {
		return err
	}
	return w.one(http.StatusOK, r, k, res)
}

func (w *reply) patch(r *http.Request, d Directory, k Kind) error {
	raw, err := body(r)
	if err != nil {
		return err
	}
	res, err := d.Change(r.Context(), k, r.PathValue("id"), func(old Resource) (Resource, error) {
		if err := unchanged(r, old); err != nil {
			return nil, err
		}
		return k.Patch(old, raw)
	})
	if err != nil {
		return err
	}
	return w.one(http.StatusOK, r, k, res)
}

func (w *reply) remove(r *http.Request, d Directory, k Kind) error {
	if err := d.Delete(r.Context(), k, r.PathValue("id"), func(old Resource) error { return unchanged(r, old) }); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (w *reply) list(r *http.Request, d Directory, k Kind) error {
	a, err := askedBy(r.URL.Query())
	if err != nil {
		return err
	}
	return w.answer(r, d, k, a)
}

// search is a query that stands in the body, so that no log keeps it
// (RFC 7644 §3.4.3).
func (w *reply) search(r *http.Request, d Directory, k Kind) error {
	raw, err := body(r)
	if err != nil {
		return err
	}
	var a asked
	if err := json.Unmarshal(raw, &a); err != nil || len(a.Schemas) != 1 || !strings.EqualFold(a.Schemas[0], searchSchema) {
		return bad("invalidSyntax", "The body is no search: it has the schema %s", searchSchema)
	}
	return w.answer(r, d, k, a)
}

func (w *reply) answer(r *http.Request, d Directory, k Kind, a asked) error {
	q, err := a.query(k)
	if err != nil {
		return err
	}
	s, err := a.shape(k)
	if err != nil {
		return err
	}
	page, total, err := d.List(r.Context(), k, q)
	if err != nil {
		return err
	}
	list := make([]Resource, 0, len(page))
	for _, res := range page {
		res, _ = w.server.finish(k, res)
		list = append(list, s.of(res))
	}
	return w.send(http.StatusOK, map[string]any{
		"schemas": []string{listSchema}, "totalResults": total, "startIndex": q.Start, "itemsPerPage": len(list), "Resources": list,
	})
}
