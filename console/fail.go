package console

import (
	"net/http"
	"strings"

	"yagura/api"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// failure is what the error page shows.
type failure struct {
	Status    int
	Title     text.Message
	Message   text.Message
	Fields    []fault.Field
	Reference string
	SignIn    string
}

// fail answers with the page (or, to machines, the document) that the error is.
func (k *Console) fail(c *Context, err error) {
	if wantsJSON(c.R) {
		api.WriteProblem(c.W, c.R, c.Lang, k.log, err)
		return
	}
	kind := fault.KindOf(err)
	f := failure{Status: api.Status(kind), Title: api.Title(kind), Message: fault.MessageOf(err), Fields: fault.FieldsOf(err)}
	switch kind {
	case fault.KindInternal:
		f.Reference = c.ID
		k.log.ErrorContext(c.Context(), "internal error", "reference", c.ID, "method", c.R.Method, "path", c.R.URL.Path,
			"person", c.Actor.Who(), "error", err.Error())
	case fault.KindTooBusy:
		c.W.Header().Set("Retry-After", api.RetryAfter(fault.As(err)))
	case fault.KindUnauthenticated:
		f.SignIn = k.o.SignIn
		if c.R.Method == http.MethodGet {
			f.SignIn += "?next=" + urlEscape(c.R.URL.RequestURI())
		}
	}
	c.status, c.title, c.crumbs, c.fields = f.Status, f.Title, nil, nil
	was := c.area
	c.area = k.shell
	if rerr := k.render(c, "error", f); rerr != nil {
		k.log.ErrorContext(c.Context(), "the error page could not be shown", "area", was.Name, "error", rerr.Error())
		http.Error(c.W, f.Title.In(c.Lang), f.Status)
	}
}

func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}
