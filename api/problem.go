package api

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/text"
)

// Status is the one table from kind of fault to HTTP status, for pages and JSON.
func Status(k fault.Kind) int {
	switch k {
	case fault.KindInvalid:
		return http.StatusUnprocessableEntity
	case fault.KindUnauthenticated:
		return http.StatusUnauthorized
	case fault.KindDenied:
		return http.StatusForbidden
	case fault.KindNotFound:
		return http.StatusNotFound
	case fault.KindConflict:
		return http.StatusConflict
	case fault.KindTooBusy:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// Title says in a few words what sort of fault it is.
func Title(k fault.Kind) text.Message {
	switch k {
	case fault.KindInvalid:
		return text.M("Some entries need to be corrected")
	case fault.KindUnauthenticated:
		return text.M("Please sign in")
	case fault.KindDenied:
		return text.M("You may not do this")
	case fault.KindNotFound:
		return text.M("Not found")
	case fault.KindConflict:
		return text.M("This is not possible in the present state")
	case fault.KindTooBusy:
		return text.M("Too busy at the moment")
	}
	return text.M("Something went wrong inside")
}

func slug(status int) string {
	switch status {
	case http.StatusUnprocessableEntity:
		return "invalid"
	case http.StatusUnauthorized:
		return "unauthenticated"
	case http.StatusForbidden:
		return "denied"
	case http.StatusNotFound:
		return "not-found"
	case http.StatusConflict:
		return "conflict"
	case http.StatusTooManyRequests:
		return "too-busy"
	case http.StatusMethodNotAllowed:
		return "method-not-allowed"
	case http.StatusRequestEntityTooLarge:
		return "too-large"
	case http.StatusUnsupportedMediaType:
		return "unsupported-media-type"
	}
	return "internal"
}

// Problem is an error as a document (RFC 9457 §3), media type
// application/problem+json.
type Problem struct {
	Type     string         `json:"type" doc:"Address that names the sort of problem"`
	Title    string         `json:"title" doc:"The sort of problem in a few words"`
	Status   int            `json:"status" doc:"The HTTP status"`
	Detail   string         `json:"detail,omitempty" doc:"What is wrong this time, in the language of the asker"`
	Instance string         `json:"instance,omitempty" doc:"The request's path, or the reference under which the operator finds an internal error"`
	Errors   []FieldProblem `json:"errors,omitempty" doc:"The fields that are wrong"`
}

// FieldProblem is what is wrong with one field or parameter.
type FieldProblem struct {
	Name   string `json:"name" doc:"Name of the field or parameter"`
	Detail string `json:"detail" doc:"What is wrong with it"`
}

// statusFault is a fault that HTTP has a status of its own for.
type statusFault struct {
	error
	status int
}

func (s statusFault) Unwrap() error { return s.error }

func withStatus(status int, err error) error { return statusFault{err, status} }

// ProblemOf turns an error into a problem. Internal errors show a reference
// only, which the caller logs: it is returned, "" for faults.
func ProblemOf(r *http.Request, lang text.Lang, err error) (p Problem, reference string) {
	f := fault.As(err)
	if f == nil {
		reference = id.New()
		return Problem{
			Type: Prefix + "/problems/internal", Title: Title(fault.KindInternal).In(lang),
			Status:   http.StatusInternalServerError,
			Detail:   text.T(lang, "An internal error happened. The operator finds it under the reference %s", reference),
			Instance: "urn:uuid:" + reference,
		}, reference
	}
	status := Status(f.Kind)
	for e := err; e != nil; {
		if s, ok := e.(statusFault); ok {
			status = s.status
			break
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	p = Problem{
		Type: Prefix + "/problems/" + slug(status), Title: Title(f.Kind).In(lang), Status: status,
		Detail: f.Message.In(lang), Instance: r.URL.Path,
	}
	for _, fld := range f.Fields {
		p.Errors = append(p.Errors, FieldProblem{fld.Name, fld.Message.In(lang)})
	}
	return p, ""
}

// WriteProblem answers with the problem that err is, and logs internal ones.
func WriteProblem(w http.ResponseWriter, r *http.Request, lang text.Lang, log *slog.Logger, err error) {
	p, ref := ProblemOf(r, lang, err)
	if ref != "" {
		log.ErrorContext(r.Context(), "internal error", "reference", ref, "method", r.Method, "path", r.URL.Path, "error", err.Error())
	}
	h := w.Header()
	if f := fault.As(err); f != nil && f.Kind == fault.KindTooBusy {
		h.Set("Retry-After", RetryAfter(f))
	}
	if p.Status == http.StatusUnauthorized {
		scheme := `Bearer realm="yagura"`
		if Bearer(r) != "" { // RFC 6750 §3: why is said of a token alone
			scheme += `, error="invalid_token"`
		}
		h.Set("WWW-Authenticate", scheme)
	}
	b, merr := marshal(p)
	if merr != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", string(lang))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(p.Status)
	w.Write(b)
}

// RetryAfter is the header of that name: whole seconds, at least one.
func RetryAfter(f *fault.Error) string {
	return strconv.Itoa(max(1, int(math.Ceil(f.RetryAfter.Seconds()))))
}
