package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// ask is what the sign-in page is asked for: where to go afterwards, how strong
// the proof must be, and whether a fresh one is wanted though somebody is signed
// in (OpenID Connect Core §3.1.2.1, prompt=login and max_age).
type ask struct {
	Next  string
	Level identity.Level
	Again bool
	Weak  bool // a proof was given, and was not enough
}

func asked(c *console.Context) ask {
	a := ask{Next: console.LocalPath(c.Query("next")), Again: c.Query("again") != "", Weak: c.Query("weak") != ""}
	if l := identity.Level(c.Query("level")); l.Known() {
		a.Level = l
	}
	return a
}

// Query is the ask as it travels in addresses, views included: it is whole, and
// not the value of one parameter.
func (a ask) Query() template.URL {
	q := url.Values{"next": {a.Next}}
	if a.Level.Known() {
		q.Set("level", string(a.Level))
	}
	if a.Again {
		q.Set("again", "1")
	}
	return template.URL(q.Encode())
}

// Needs says in words what the level asks for; zero where any sign-in will do.
func (a ask) Needs() text.Message {
	switch a.Level {
	case identity.TwoFactors:
		return text.M("What you are about to open asks for two factors: a passkey is both in one.")
	case identity.PhishingResistant:
		return text.M("What you are about to open asks for a sign-in that can't be phished: use a passkey.")
	case identity.HardwareBound:
		return text.M("What you are about to open asks for a key that can't leave its hardware: use your security key, not one that is synced.")
	}
	return text.Message{}
}

type signIn struct {
	ask
	Name  string // of who is signed in already
	Other bool   // whether there may be another way
	query template.URL
}

// Query is the ask in addresses.
func (d signIn) Query() template.URL { return d.query }

func (w web) signIn(c *console.Context) error {
	other, err := w.s.OtherWays(c.Context())
	if err != nil {
		return err
	}
	d := signIn{ask: asked(c), Other: other}
	d.query = d.ask.Query()
	if !c.SignedIn() { // as nearly everybody who comes here
		next, query := console.Hole("next"), console.Hole("query")
		holes := console.Holes{next: d.Next, query: string(d.query)}
		d.Next, d.query = next, template.URL(query)
		return c.RenderKept("sign-in", fmt.Sprint(d.Level, d.Again, d.Weak, d.Other), d, holes)
	}
	here, err := w.s.Here(c.Context(), w.s.Secret(c.R))
	if err == nil && !d.Again && here.Meets(d.Level, c.Now, 0) {
		return c.Redirect(d.Next)
	}
	if err != nil && !fault.Is(err, fault.KindUnauthenticated) {
		return err
	}
	d.Name = c.Actor.Name
	c.Title(text.M("Confirm that it is you"))
	return c.Render("sign-in", d)
}

func (w web) signInBegin(c *console.Context) error {
	challenge, err := w.s.BeginSignIn(c.Context())
	return answer(c, challenge, err)
}

func (w web) signInFinish(c *console.Context) error {
	f, err := readFinish(c)
	if err != nil {
		return answer(c, nil, err)
	}
	in, err := w.s.FinishSignIn(c.Context(), f.Ceremony, bytes.NewReader(f.Answer), w.s.Arrive(c.W, c.R), w.s.Secret(c.R))
	if err != nil {
		return answer(c, nil, err)
	}
	w.s.SetCookie(c.W, in.Secret)
	return answer(c, map[string]string{"href": onward(asked(c), in.Level)}, nil)
}

// onward is where a sign-in leads: on, or back to the page that says why it was
// not enough.
func onward(a ask, got identity.Level) string {
	if got.Meets(a.Level) {
		return a.Next
	}
	return "/sign-in?" + string(a.Query()) + "&weak=1"
}

// carryOn leads on after a form. Browsers follow a form's redirects within this
// host alone (form-action of the Content-Security-Policy), so the way to an
// application, which leads elsewhere, begins anew from a page.
func carryOn(c *console.Context, href string) error {
	if !strings.HasPrefix(href, "/oauth2/") {
		return c.Redirect(href)
	}
	c.W.Header().Set("Refresh", "0; url="+href)
	c.Title(text.M("You are signed in"))
	return c.Render("onward", href)
}
