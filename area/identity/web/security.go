package web

import (
	"errors"
	"html/template"
	"net/url"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/text"
)

// again is the settings page once more, with what was wrong.
func (w web) again(c *console.Context, err error) error {
	d, loadErr := w.load(c)
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	return c.Invalid("settings", d, err)
}

type appPage struct {
	identity.AppSetup
	Picture template.HTML
}

func (w web) showApp(c *console.Context, setup identity.AppSetup, wrong error) error {
	picture, err := qrCode(setup.URI, c.T("QR code for the authenticator app"))
	if err != nil {
		return err
	}
	c.W.Header().Set("Cache-Control", "no-store")
	c.Crumb(text.M("My security"), "/settings")
	d := appPage{setup, picture}
	if wrong != nil {
		return c.Invalid("app", d, wrong)
	}
	return c.Render("app", d)
}

func (w web) beginApp(c *console.Context) error {
	setup, err := w.s.BeginApp(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return w.showApp(c, setup, nil)
}

func (w web) finishApp(c *console.Context) error {
	err := w.s.FinishApp(c.Context(), c.Actor, c.Value("sealed"), c.Value("code"))
	if err != nil {
		setup, late := w.s.AppAgain(c.Context(), c.Actor, c.Value("sealed"))
		if late != nil {
			return late
		}
		return w.showApp(c, setup, err)
	}
	c.Flash(text.M("The authenticator app is added."))
	return c.Redirect("/settings#others")
}

func (w web) removeApp(c *console.Context) error {
	if err := w.s.RemoveApp(c.Context(), c.Actor); err != nil {
		return err
	}
	c.Flash(text.M("The authenticator app is removed."))
	return c.Redirect("/settings#others")
}

func (w web) recoveryCodes(c *console.Context) error {
	codes, err := w.s.MakeRecoveryCodes(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	d, err := w.load(c)
	if err != nil {
		return err
	}
	d.NewCodes = codes
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("settings", d)
}

func (w web) setPassword(c *console.Context) error {
	if err := w.s.SetPassword(c.Context(), c.Actor, c.R.PostForm.Get("password")); err != nil {
		return w.again(c, err)
	}
	c.Flash(text.M("The password is set."))
	return c.Redirect("/settings#others")
}

func (w web) removePassword(c *console.Context) error {
	if err := w.s.RemovePassword(c.Context(), c.Actor); err != nil {
		return err
	}
	c.Flash(text.M("The password is removed."))
	return c.Redirect("/settings#others")
}

func (w web) disown(c *console.Context) error {
	if err := w.s.Disown(c.Context(), c.Actor, w.s.Secret(c.R)); err != nil {
		return err
	}
	c.Flash(text.M("Everything else is ended, and the CSIRT is told. Remove passkeys you do not know, and add a new one now."))
	return c.Redirect("/settings#passkeys")
}

// signInAgain is where somebody goes to show once more that it is he, by what
// reaches a level where one is needed, and then on.
func signInAgain(next string, level identity.Level) string {
	q := url.Values{"next": {next}, "again": {"1"}}
	if level != identity.NoLevel {
		q.Set("level", string(level))
	}
	return "/sign-in?" + q.Encode()
}

// fresh lets a page change by what somebody signs in, or what acts as him without
// one, only soon after a sign-in, and as strong a one as he has.
// Else it leads there, and back to the part of his settings. What has begun so
// (a ceremony, the set-up of an app) may be finished: it lives for minutes.
func (w web) fresh(part string, do func(*console.Context) error) func(*console.Context) error {
	return func(c *console.Context) error {
		may, err := w.s.Changing(c.Context(), w.s.Secret(c.R))
		switch {
		case err != nil:
			return err
		case may.Now():
			return do(c)
		}
		return c.Redirect(signInAgain("/settings#"+part, may.Level()))
	}
}

// before says what it takes before a change; zero where nothing more.
func before(may identity.Changing) text.Message {
	switch {
	case may.Now():
		return text.Message{}
	case !may.Strong:
		return text.M("You have a passkey, and signed in without it: before a change here you are asked for it. So nobody who got hold of your password and a code gives himself a key to your account.")
	}
	return text.M("You signed in some time ago: before a change here you are asked to do so again.")
}

// decisive lets a page decide for others only in a session that can't be phished;
// else it leads to one, and on to where the decision is made.
func (w web) decisive(next string, do func(*console.Context) error) func(*console.Context) error {
	return func(c *console.Context) error {
		strong, err := w.s.Decisive(c.Context(), w.s.Secret(c.R))
		switch {
		case err != nil:
			return err
		case strong:
			return do(c)
		}
		return c.Redirect(signInAgain(next, identity.PhishingResistant))
	}
}
