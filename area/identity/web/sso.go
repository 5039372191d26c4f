package web

import (
	"net/http"

	"yagura/area/identity"
	"yagura/area/identity/oidc"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// provider is what the pages of single sign-on need of the OpenID Provider.
type provider interface {
	Authorize(w http.ResponseWriter, r *http.Request) error
	Resume(w http.ResponseWriter, r *http.Request) error
	Logout(w http.ResponseWriter, r *http.Request) (oidc.Leaving, bool, error)
	LogoutNow(w http.ResponseWriter, r *http.Request, token string) (oidc.Leaving, error)
	Stopped(r *http.Request) oidc.Stop
	TroubleOf(client string) (oidc.Trouble, bool)
}

// ssoPages are those to which applications send people.
func (w web) ssoPages() []console.Page {
	device := text.M("Let a device in")
	leave := text.M("Sign out")
	return []console.Page{
		{Method: "GET", Path: "/oauth2/authorize", Public: true, Bare: true, Title: text.M("Sign in"), Handle: func(c *console.Context) error { return w.p.Authorize(c.W, c.R) }},
		{Method: "GET", Path: "/oauth2/resume", Public: true, Bare: true, Title: text.M("Sign in"), Handle: func(c *console.Context) error { return w.p.Resume(c.W, c.R) }},
		{Method: "GET", Path: "/oauth2/logout", Public: true, Bare: true, Title: leave, Handle: w.leave},
		{Method: "POST", Path: "/oauth2/logout/now", Public: true, Bare: true, Title: leave, Handle: w.leaveNow},
		{Method: "GET", Path: oidc.StoppedPath, Public: true, Bare: true, Title: text.M("You did not get in"), Handle: func(c *console.Context) error { return c.Render("stopped", w.p.Stopped(c.R)) }},
		{Method: "GET", Path: "/device", Bare: true, Title: device, Handle: w.device},
		{Method: "POST", Path: "/device", Bare: true, Title: device, Handle: w.decideDevice},
	}
}

func (w web) leave(c *console.Context) error {
	l, done, err := w.p.Logout(c.W, c.R)
	if err != nil || done {
		return err
	}
	return c.Render("leave", l)
}

func (w web) leaveNow(c *console.Context) error {
	l, err := w.p.LogoutNow(c.W, c.R, c.Value("token"))
	if err != nil {
		return err
	}
	return c.Render("leave", l)
}

type device struct {
	Code    string
	Request *identity.DeviceRequest
	Done    bool
	Allowed bool
}

func (w web) device(c *console.Context) error {
	d := device{Code: c.Query("code")}
	if d.Code != "" {
		request, err := w.s.LookAtDevice(c.Context(), w.s.Secret(c.R), d.Code)
		if fault.Is(err, fault.KindNotFound) {
			return c.Invalid("device", d, fault.Invalid(fault.Field{Name: "code", Message: fault.MessageOf(err)}))
		}
		if err != nil {
			return err
		}
		d.Request = &request
	}
	return c.Render("device", d)
}

func (w web) decideDevice(c *console.Context) error {
	d := device{Code: c.Value("code"), Done: true, Allowed: c.Value("decision") == "allow"}
	if err := w.s.DecideDevice(c.Context(), w.s.Secret(c.R), d.Code, d.Allowed); err != nil {
		return err
	}
	return c.Render("device", d)
}
