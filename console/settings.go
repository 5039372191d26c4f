package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"yagura/api"
	"yagura/kernel/text"
)

// The cookies of the shell. They hold choices of taste only, never who one is.
const (
	langCookie  = "yagura-lang"
	themeCookie = "yagura-theme"
	unitCookie  = "yagura-unit"
	flashCookie = "yagura-flash"
)

// settingsPages are where the shell's own small forms post to. They work
// without a session, since the sign-in page has a language too.
func settingsPages(o Options) []Page {
	return []Page{
		{Method: "POST", Path: "/settings/language", Public: true, Handle: func(c *Context) error {
			lang, ok := text.Parse(c.Value("lang"))
			if !ok {
				return c.Redirect(c.back())
			}
			c.setCookie(langCookie, string(lang), 365*24*time.Hour)
			if o.SaveLang != nil && c.SignedIn() {
				if err := o.SaveLang(c.Context(), c.Actor, lang); err != nil {
					return err
				}
			}
			return c.Redirect(c.back())
		}},
		{Method: "POST", Path: "/settings/theme", Public: true, Handle: func(c *Context) error {
			switch theme := c.Value("theme"); theme {
			case "light", "dark":
				c.setCookie(themeCookie, theme, 365*24*time.Hour)
			default:
				c.setCookie(themeCookie, "", -1)
			}
			return c.Redirect(c.back())
		}},
		{Method: "POST", Path: "/settings/unit", Handle: func(c *Context) error {
			unit := c.Value("unit")
			if unit == "" || !c.seesUnit(unit) {
				c.setCookie(unitCookie, "", -1)
			} else {
				c.setCookie(unitCookie, unit, 30*24*time.Hour)
			}
			return c.Redirect(withoutUnit(c.back()))
		}},
	}
}

func (c *Context) setCookie(name, value string, age time.Duration) {
	seconds := int(age.Seconds())
	if age < 0 {
		seconds = -1 // away with it
	}
	http.SetCookie(c.W, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: c.console.secure || c.R.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// back is where the form came from: its entry "next" if that is a page of ours.
func (c *Context) back() string { return LocalPath(c.Value("next")) }

// LocalPath is s if it is a path on this server, else "/". A link from outside
// can so never send a reader who has just signed in to another site.
func LocalPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(s, "/") ||
		strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
		return "/"
	}
	return s
}

// withoutUnit takes ?unit= off, which would win over the cookie, and the page
// mark, which belongs to other rows.
func withoutUnit(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Del("unit")
	q.Del("cursor")
	u.RawQuery = q.Encode()
	return u.String()
}

// lang is the reader's language: the preference kept with the person, else the
// cookie, else what the browser prefers.
func (k *Console) lang(r *http.Request, preferred text.Lang) text.Lang {
	if preferred != "" && k.o.SaveLang != nil {
		return preferred
	}
	if s := cookie(r, langCookie); s != "" {
		if lang, ok := text.Parse(s); ok {
			return lang
		}
	}
	if preferred != "" {
		return preferred
	}
	return api.RequestLang(r)
}

func theme(r *http.Request) string {
	switch s := cookie(r, themeCookie); s {
	case "light", "dark":
		return s
	}
	return "system"
}

// keepFlashes puts sentences for the next page into a cookie: keys and
// arguments only, put into words (and escaped) when shown.
func (c *Context) keepFlashes() {
	if len(c.flashes) == 0 {
		return
	}
	b, err := json.Marshal(c.flashes)
	if err != nil || len(b) > 2800 {
		return
	}
	c.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString(b), 10*time.Minute)
}

func (c *Context) takeFlashes() {
	s := cookie(c.R, flashCookie)
	if s == "" || c.R.Header.Get("HX-Request") != "" {
		return
	}
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil {
		json.Unmarshal(b, &c.flashes)
	}
	c.setCookie(flashCookie, "", -1)
}

// refererPath is the page of ours that a form was sent from, for a page shown in
// answer to a POST, whose own address cannot be asked for again.
func refererPath(r *http.Request) string {
	u, err := url.Parse(r.Header.Get("Referer"))
	if err != nil || u.Host != r.Host {
		return ""
	}
	return LocalPath(u.RequestURI())
}
