package console

import (
	"context"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Context is one request to a page.
type Context struct {
	W     http.ResponseWriter
	R     *http.Request
	Actor authz.Actor
	Lang  text.Lang
	Zone  *time.Location // of the reader; never nil
	Now   time.Time      // fixed for the request, UTC
	// Unit is the ID of the unit chosen in the top bar (or by ?unit= for this page
	// only); "" is everything the person may see. c.Scope applies it.
	Unit string
	// ID names the request in the log.
	ID string

	console *Console
	area    *area
	page    Page
	title   text.Message
	crumbs  []crumb
	flashes []flash
	fields  map[string]text.Message // complaints per field, after Invalid
	posted  bool                    // the form shows what was posted
	problem text.Message
	status  int
}

type crumb struct {
	Label text.Message
	Href  string
}

type flash struct {
	Tone    Tone         `json:"t,omitempty"`
	Message text.Message `json:"m"`
}

// Context is the request's context.
func (c *Context) Context() context.Context { return c.R.Context() }

// T is a sentence in the reader's language. The key is a literal.
func (c *Context) T(key string, args ...any) string { return text.T(c.Lang, key, args...) }

// Say is a message in the reader's language.
func (c *Context) Say(m text.Message) string { return m.In(c.Lang) }

// SignedIn tells whether somebody is signed in; on public pages nobody may be.
func (c *Context) SignedIn() bool { return c.Actor.Person != "" }

// Title replaces the page's title, also in the browser's tab.
func (c *Context) Title(m text.Message) { c.title = m }

// Crumb adds a step to the path shown above the title; the page itself is not
// one of them.
func (c *Context) Crumb(label text.Message, href string) {
	c.crumbs = append(c.crumbs, crumb{label, href})
}

// Path is the value of {name} in the page's path.
func (c *Context) Path(name string) string { return c.R.PathValue(name) }

// Query is a value of the query string.
func (c *Context) Query(name string) string { return c.R.URL.Query().Get(name) }

// Value is an entry of the posted form with outer blanks cut off.
func (c *Context) Value(name string) string {
	c.parse()
	return strings.TrimSpace(c.R.PostForm.Get(name))
}

// Values are all entries of that name.
func (c *Context) Values(name string) []string {
	c.parse()
	return c.R.PostForm[name]
}

// Bool tells whether a checkbox is ticked.
func (c *Context) Bool(name string) bool { return c.Value(name) != "" }

// Int is a whole number of the form; an empty entry is 0.
func (c *Context) Int(name string) (int64, error) {
	s := strings.ReplaceAll(c.Value(name), ",", "")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fault.Invalid(fault.F(name, "A whole number is needed here"))
	}
	return n, nil
}

// Time is a moment entered in the reader's zone (datetime-local or date), in
// UTC; zero when the entry is empty.
func (c *Context) Time(name string) (time.Time, error) {
	s := c.Value(name)
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, c.Zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.Invalid(fault.F(name, "A date and time such as 2026-11-23 18:30 is needed here"))
}

// File opens an uploaded file; nil, nil when none was chosen. The caller closes it.
func (c *Context) File(name string) (multipart.File, *multipart.FileHeader, error) {
	c.parse()
	f, h, err := c.R.FormFile(name)
	if err == http.ErrMissingFile || err == http.ErrNotMultipart {
		return nil, nil, nil
	}
	return f, h, err
}

// parse reads the form once; its errors are found by the shell before Handle.
func (c *Context) parse() {
	if c.R.PostForm == nil {
		c.readForm()
	}
}

// Flash shows a sentence on the next page the person sees: "Saved."
func (c *Context) Flash(m text.Message) { c.flashes = append(c.flashes, flash{Good, m}) }

// Warn is Flash for something that did not go as wished.
func (c *Context) Warn(m text.Message) { c.flashes = append(c.flashes, flash{Warn, m}) }

// Redirect leads to another page of the console after a form (303 See Other).
func (c *Context) Redirect(href string) error {
	c.keepFlashes()
	http.Redirect(c.W, c.R, href, http.StatusSeeOther)
	return nil
}

// Render shows the area's view of that name with data as .D.
func (c *Context) Render(view string, data any) error { return c.console.render(c, view, data) }

// Invalid shows the view again with what was posted and, when err is an invalid
// fault, what is wrong with each field. Any other error is returned as it is.
func (c *Context) Invalid(view string, data any, err error) error {
	if !fault.Is(err, fault.KindInvalid) {
		return err
	}
	c.posted = true
	c.status = http.StatusUnprocessableEntity
	c.problem = fault.MessageOf(err)
	c.fields = map[string]text.Message{}
	for _, f := range fault.FieldsOf(err) {
		c.fields[f.Name] = f.Message
	}
	return c.Render(view, data)
}

// Download names the file that the handler then writes to c.W.
func (c *Context) Download(name, mediaType string) {
	h := c.W.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", attachment(name))
	h.Set("Cache-Control", "no-store")
}

// Num is a whole number with separators.
func (c *Context) Num(n int64) string { return formatInt(n) }

// Percent is part of whole with one decimal, without the sign; "" when whole is 0.
func (c *Context) Percent(part, whole float64) string { return formatPercent(part, whole) }

// Local is a moment in the reader's zone, "2026-11-23 18:30".
func (c *Context) Local(t time.Time) string { return formatTime(t, c.Zone) }
