package web

import (
	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/fault"
)

// other is the page of the other ways, where the policy of some unit allows any:
// a password and then a code, or a recovery code.
type other struct {
	ask
	Account string
	Ticket  string // a password was right, and a code is owed
}

func (w web) other(c *console.Context) error {
	return c.Render("other", other{ask: asked(c)})
}

func (w web) otherPassword(c *console.Context) error {
	d := other{ask: asked(c), Account: c.Value("account")}
	var err error
	d.Ticket, err = w.s.BeginPassword(c.Context(), d.Account, c.R.PostForm.Get("password"), w.from(c))
	c.W.Header().Set("Cache-Control", "no-store")
	if err != nil {
		return wrong(c, "other", d, err)
	}
	return c.Render("other", d)
}

func (w web) otherCode(c *console.Context) error {
	d := other{ask: asked(c), Ticket: c.Value("ticket")}
	in, err := w.s.FinishPassword(c.Context(), d.Ticket, c.Value("code"), w.from(c), w.s.Secret(c.R))
	if fault.Is(err, fault.KindConflict) { // no code is taken any more
		d.Ticket = ""
	}
	return w.entered(c, d, in, err)
}

func (w web) otherRecovery(c *console.Context) error {
	d := other{ask: asked(c)}
	in, err := w.s.EnterByRecoveryCode(c.Context(), c.Value("recovery"), w.from(c), w.s.Secret(c.R))
	return w.entered(c, d, in, err)
}

func (w web) entered(c *console.Context, d other, in identity.SignedIn, err error) error {
	c.W.Header().Set("Cache-Control", "no-store")
	if err != nil {
		return wrong(c, "other", d, err)
	}
	w.s.SetCookie(c.W, in.Secret)
	if in.Narrow {
		return c.Redirect("/settings#passkeys")
	}
	return carryOn(c, onward(d.ask, in.Level))
}

// wrong shows the page again with what was wrong, where a person can mend it.
func wrong(c *console.Context, view string, d any, err error) error {
	switch fault.KindOf(err) {
	case fault.KindUnauthenticated, fault.KindTooBusy, fault.KindConflict:
		return c.Invalid(view, d, err)
	}
	return err
}

// from is the browser that asks.
func (w web) from(c *console.Context) identity.Device { return w.s.Arrive(c.W, c.R) }

func (w web) lost(c *console.Context) error { return c.Render("lost", struct{ Asked bool }{}) }

func (w web) askRecovery(c *console.Context) error {
	if err := w.s.AskRecovery(c.Context(), c.Value("account"), w.from(c)); err != nil {
		return wrong(c, "lost", struct{ Asked bool }{}, err)
	}
	return c.Render("lost", struct{ Asked bool }{true})
}
