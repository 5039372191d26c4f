// Package web is the pages of identity: signing in, one's own passkeys,
// sessions and tokens, and who of the group has a strong factor.
package web

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

//go:embed views/*.html
var views embed.FS

type web struct {
	s      *identity.Service
	p      provider
	idp    idp
	policy authz.Policy
}

// Area is what identity hands to the shell.
func Area(s *identity.Service, p provider, saml idp, policy authz.Policy) console.Area {
	w := web{s, p, saml, policy}
	mine := text.M("My security")
	area := console.Area{
		Name: "identity", Views: views,
		Nav: []console.NavItem{{Section: console.Protect, Label: text.M("Identity and MFA"), Href: "/identity", Icon: "key", Act: identity.ReadFactors, Order: 10},
			{Section: console.DetectRespond, Label: text.M("Containments§identity"), Href: "/identity/containments", Icon: "lock", Act: identity.ReadContainments, Order: 40, Count: w.containmentCount},
			{Section: console.Protect, Label: text.M("Business trips"), Href: "/trips", Icon: "globe", Order: 20, Count: w.tripCount}},
		Pages: append(w.directoryPages(), []console.Page{
			{Method: "GET", Path: "/sign-in", Public: true, Bare: true, Title: text.M("Sign in"), Handle: w.signIn},
			{Method: "POST", Path: "/sign-in/begin", Public: true, Handle: w.signInBegin},
			{Method: "POST", Path: "/sign-in/finish", Public: true, Handle: w.signInFinish},
			{Method: "GET", Path: "/sign-in/other", Public: true, Bare: true, Title: text.M("Other ways to sign in"), Handle: w.other},
			{Method: "POST", Path: "/sign-in/password", Public: true, Bare: true, Title: text.M("Other ways to sign in"), Handle: w.otherPassword},
			{Method: "POST", Path: "/sign-in/code", Public: true, Bare: true, Title: text.M("Other ways to sign in"), Handle: w.otherCode},
			{Method: "POST", Path: "/sign-in/recovery", Public: true, Bare: true, Title: text.M("Other ways to sign in"), Handle: w.otherRecovery},
			{Method: "GET", Path: "/sign-in/lost", Public: true, Bare: true, Title: text.M("I can't sign in"), Handle: w.lost},
			{Method: "POST", Path: "/sign-in/lost", Public: true, Bare: true, Title: text.M("I can't sign in"), Handle: w.askRecovery},
			{Method: "GET", Path: "/enter", Public: true, Title: text.M("Welcome"), Handle: w.enter},
			{Method: "POST", Path: "/enter", Public: true, Handle: w.follow},
			{Method: "POST", Path: "/sign-out", Public: true, Handle: w.signOut},
			{Method: "GET", Path: "/settings", Title: mine, Handle: w.settings},
			{Method: "POST", Path: "/settings/passkeys/begin", Handle: w.enrolBegin},
			{Method: "POST", Path: "/settings/passkeys/finish", Handle: w.enrolFinish},
			{Method: "POST", Path: "/settings/passkeys/rename", Title: mine, Handle: w.renamePasskey},
			{Method: "POST", Path: "/settings/passkeys/remove", Handle: w.fresh("passkeys", w.removePasskey)},
			{Method: "POST", Path: "/settings/sessions/end", Handle: w.endOwnSession},
			{Method: "POST", Path: "/settings/disown", Handle: w.disown},
			{Method: "POST", Path: "/settings/devices/forget", Handle: w.forgetDevice},
			{Method: "POST", Path: "/settings/app", Title: text.M("Authenticator app"), Handle: w.fresh("others", w.beginApp)},
			{Method: "POST", Path: "/settings/app/finish", Title: text.M("Authenticator app"), Handle: w.finishApp},
			{Method: "POST", Path: "/settings/app/remove", Handle: w.fresh("others", w.removeApp)},
			{Method: "POST", Path: "/settings/recovery-codes", Title: mine, Handle: w.fresh("others", w.recoveryCodes)},
			{Method: "POST", Path: "/settings/password", Title: mine, Handle: w.fresh("others", w.setPassword)},
			{Method: "POST", Path: "/settings/password/remove", Handle: w.fresh("others", w.removePassword)},
			{Method: "POST", Path: "/settings/tokens", Title: mine, Handle: w.fresh("tokens", w.makeToken)},
			{Method: "POST", Path: "/settings/tokens/revoke", Handle: w.revokeToken},
			{Method: "GET", Path: "/identity", Act: identity.ReadFactors, Title: text.M("Identity and MFA"), Handle: w.accounts},
			{Method: "GET", Path: "/identity/coverage", Act: identity.ReadFactors, Title: text.M("Coverage§identity"), Handle: w.coverageByUnit},
			{Method: "GET", Path: "/identity/coverage/trend", Act: identity.ReadFactors, Title: text.M("How coverage changed"), Handle: w.coverageTrend},
			{Method: "GET", Path: "/identity/lost", Title: text.M("Lost factors"), Handle: w.lostList},
			{Method: "POST", Path: "/identity/lost/{id}/vouch", Handle: w.decisive("/identity/lost", w.vouch)},
			{Method: "POST", Path: "/identity/lost/{id}/serve", Act: identity.Recover, Title: text.M("Lost factors"), Handle: w.serve},
			{Method: "POST", Path: "/identity/lost/{id}/refuse", Handle: w.refuseLost},
			{Method: "GET", Path: "/identity/break-glass", Act: identity.ReadFactors, Title: text.M("Break-glass accounts"), Handle: w.breakGlass},
			{Method: "POST", Path: "/identity/break-glass", Act: identity.ManageBreakGlass, Handle: w.makeBreakGlass},
			{Method: "POST", Path: "/identity/break-glass/end", Act: identity.ManageBreakGlass, Handle: w.endBreakGlass},
			{Method: "POST", Path: "/identity/break-glass/agree", Act: identity.ManageBreakGlass, Handle: w.agreeBreakGlass},
			{Method: "POST", Path: "/identity/break-glass/refuse", Act: identity.ManageBreakGlass, Handle: w.refuseBreakGlass},
			{Method: "POST", Path: "/identity/break-glass/drill", Act: identity.ManageBreakGlass, Handle: w.drill},
			{Method: "GET", Path: "/identity/radius", Act: identity.ReadFactors, Title: text.M("RADIUS"), Handle: w.gates},
			{Method: "GET", Path: "/identity/radius/{id}", Act: identity.ReadFactors, Handle: w.gate},
			{Method: "POST", Path: "/identity/radius", Act: identity.ManageNAS, Title: text.M("RADIUS"), Handle: w.saveGate},
			{Method: "POST", Path: "/identity/radius/remove", Act: identity.ManageNAS, Handle: w.removeGate},
			{Method: "POST", Path: "/identity/people/{id}/lost", Act: identity.Recover, Handle: w.askFor},
			{Method: "GET", Path: "/identity/people/{id}", Act: identity.ReadPerson, Handle: w.account},
			{Method: "POST", Path: "/identity/people/{id}/link", Act: identity.MakeLinks, Handle: w.makeLink},
			{Method: "POST", Path: "/identity/people/{id}/end-sessions", Act: identity.EndSessions, Handle: w.endSessions},
		}...),
		Tiles:   []console.Tile{{Act: identity.ReadFactors, Order: 30, Figure: w.coverage}},
		Posture: []console.Measure{w.measure()},
		Work:    w.work,
		Commands: []console.Command{
			{Label: text.M("Contain a person"), Href: "/identity/contain", Icon: "lock", Act: identity.Contain},
			{Label: text.M("Lost factors"), Href: "/identity/lost", Icon: "key"},
			{Label: text.M("Break-glass accounts"), Href: "/identity/break-glass", Icon: "key", Act: identity.ReadFactors},
			{Label: text.M("Servers that ask by RADIUS"), Href: "/identity/radius", Icon: "key", Act: identity.ReadFactors},
			{Label: text.M("Make an API token"), Href: "/settings#tokens", Icon: "key"},
			{Label: text.M("Add an application"), Href: "/identity/clients/new", Icon: "plus", Act: identity.ManageClients},
			{Label: text.M("Register a business trip"), Href: "/trips/new", Icon: "globe"},
		},
	}
	area.API = append(area.API, w.routes()...)
	area.Pages = append(append(area.Pages, w.ssoPages()...), w.clientPages()...)
	area.Pages = slices.Concat(area.Pages, w.containmentPages(), w.tripPages(), w.placePages(), w.devicePages(), w.policyPages(), w.samlPages())
	return area
}

// answer writes JSON to the small script that talks to the authenticator; a
// fault becomes its status with a sentence to show.
func answer(c *console.Context, v any, err error) error {
	if err != nil && fault.KindOf(err) == fault.KindInternal {
		return err
	}
	c.W.Header().Set("Content-Type", "application/json")
	c.W.Header().Set("Cache-Control", "no-store")
	if err != nil {
		c.W.WriteHeader(http.StatusUnprocessableEntity)
		v = map[string]string{"problem": c.Say(fault.MessageOf(err))}
	}
	return json.NewEncoder(c.W).Encode(v)
}

type finish struct {
	Ceremony string          `json:"ceremony"`
	Name     string          `json:"name"`
	Answer   json.RawMessage `json:"answer"`
}

func readFinish(c *console.Context) (f finish, err error) {
	if err := json.NewDecoder(io.LimitReader(c.R.Body, 1<<18)).Decode(&f); err != nil {
		return f, fault.Invalidf("The passkey's answer can't be read")
	}
	return f, nil
}

// enter shows whom a link is for. A link that works once is used only by the
// button, so that a program which looks at links in mails does not use it up.
func (w web) enter(c *console.Context) error {
	secret := c.Query("t")
	link, err := w.s.Look(c.Context(), secret)
	if err != nil {
		return err
	}
	if link.Purpose == identity.Persona {
		return w.begin(c, secret, console.LocalPath(c.Query("next")))
	}
	return c.Render("enter", struct {
		Secret string
		Name   string
	}{secret, link.Person.Label(c.Lang)})
}

func (w web) follow(c *console.Context) error { return w.begin(c, c.Value("t"), "/settings#passkeys") }

func (w web) begin(c *console.Context, secret, next string) error {
	session, err := w.s.Follow(c.Context(), secret, w.s.Arrive(c.W, c.R))
	if err != nil {
		return err
	}
	w.s.SetCookie(c.W, session)
	return c.Redirect(next)
}

func (w web) signOut(c *console.Context) error {
	if err := w.s.SignOut(c.Context(), w.s.Secret(c.R)); err != nil {
		return err
	}
	w.s.SetCookie(c.W, "")
	return c.Redirect("/sign-in")
}

type settings struct {
	Passkeys []identity.Passkey
	Sessions []identity.Session
	Tokens   []identity.Token
	Roles    []text.Message
	Acts     []console.Option
	Secret   string // of a token just made
	identity.Factors
	NewCodes []string  // just made, shown once
	Narrow   bool      // the session is for adding a passkey alone
	Next     string    // after a passkey was added
	Until    time.Time // until when decisions are withheld; zero: they aren't
	Granted  []granted
	Before   text.Message // what it takes before factors are changed; zero: nothing more
	RADIUS   *console.Table
	Trips    *console.Table
	Devices  []ownDevice
}

func (w web) load(c *console.Context) (d settings, err error) {
	me := c.Actor.Person
	d.Passkeys, err = w.s.Passkeys(c.Context(), c.Actor, me)
	if err != nil {
		return d, err
	}
	if d.Sessions, err = w.s.Sessions(c.Context(), c.Actor, me, w.s.Secret(c.R)); err != nil {
		return d, err
	}
	if d.Tokens, err = w.s.Tokens(c.Context(), c.Actor); err != nil {
		return d, err
	}
	if d.Factors, err = w.s.Factors(c.Context(), c.Actor, me); err != nil {
		return d, err
	}
	here, err := w.s.Here(c.Context(), w.s.Secret(c.R))
	if err != nil {
		return d, err
	}
	if d.Until, err = w.s.Probation(c.Context(), c.Actor); err != nil {
		return d, err
	}
	if d.Narrow, d.Next = here.Narrow(), "/settings"; d.Narrow {
		d.Next = signInAgain("/settings", identity.NoLevel)
	}
	may, err := w.s.Changing(c.Context(), w.s.Secret(c.R))
	if err != nil {
		return d, err
	}
	d.Before = before(may)
	if d.Granted, err = w.granted(c, me, "/settings/applications/end"); err != nil {
		return d, err
	}
	if d.RADIUS, err = w.radiusTable(c, me); err != nil {
		return d, err
	}
	if d.Trips, d.Devices, err = w.mine(c); err != nil {
		return d, err
	}
	for _, r := range c.Actor.Roles() {
		d.Roles = append(d.Roles, r.Label())
	}
	for _, a := range w.policy.Acts() {
		if c.Actor.CanAnywhere(a) {
			d.Acts = append(d.Acts, console.Option{Value: string(a), Label: text.Literal(string(a))})
		}
	}
	return d, nil
}

func (w web) settings(c *console.Context) error {
	d, err := w.load(c)
	if err != nil {
		return err
	}
	return c.Render("settings", d)
}

func (w web) enrolBegin(c *console.Context) error {
	may, err := w.s.Changing(c.Context(), w.s.Secret(c.R))
	if err != nil || !may.Now() {
		return answer(c, map[string]string{"href": signInAgain("/settings#passkeys", may.Level())}, err)
	}
	challenge, err := w.s.BeginEnrol(c.Context(), c.Actor)
	return answer(c, challenge, err)
}

func (w web) enrolFinish(c *console.Context) error {
	f, err := readFinish(c)
	if err == nil {
		err = w.s.FinishEnrol(c.Context(), c.Actor, f.Ceremony, f.Name, f.Answer)
	}
	return answer(c, map[string]bool{"ok": true}, err)
}

func (w web) renamePasskey(c *console.Context) error {
	if err := w.s.RenamePasskey(c.Context(), c.Actor, c.Value("id"), c.Value("name")); err != nil {
		return w.again(c, err)
	}
	c.Flash(text.M("The passkey has its new name."))
	return c.Redirect("/settings")
}

func (w web) removePasskey(c *console.Context) error {
	if err := w.s.RemovePasskey(c.Context(), c.Actor, c.Value("id")); err != nil {
		return err
	}
	c.Flash(text.M("The passkey is removed."))
	return c.Redirect("/settings")
}

func (w web) endOwnSession(c *console.Context) error {
	if err := w.s.EndSession(c.Context(), c.Actor, c.Actor.Person, c.Value("id")); err != nil {
		return err
	}
	c.Flash(text.M("The session is ended."))
	return c.Redirect("/settings")
}

func (w web) makeToken(c *console.Context) error {
	until, err := c.Time("until")
	var secret string
	if err == nil {
		var acts []authz.Act
		for _, a := range c.Values("acts") {
			acts = append(acts, authz.Act(a))
		}
		secret, err = w.s.MakeToken(c.Context(), c.Actor, c.Value("name"), acts, until)
	}
	d, loadErr := w.load(c)
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	if err != nil {
		return c.Invalid("settings", d, err)
	}
	d.Secret = secret
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("settings", d)
}

func (w web) revokeToken(c *console.Context) error {
	if err := w.s.RevokeToken(c.Context(), c.Actor, c.Value("id")); err != nil {
		return err
	}
	c.Flash(text.M("The token is revoked."))
	return c.Redirect("/settings#tokens")
}

func (w web) coverage(c *console.Context) (console.Figure, error) {
	with, all, err := w.s.Coverage(c.Context(), c.Scope(identity.ReadFactors))
	f := console.Figure{
		Label: text.M("Strong MFA coverage"), Value: c.Percent(float64(with), float64(all)), Unit: text.Literal("%"),
		Note:       text.M("%s accounts left", c.Num(all-with)),
		Definition: text.M("People of the group who have a passkey that asks for a fingerprint, face or PIN, as a share of all people. The line shows 13 weeks."),
		Href:       "/identity?without=yes",
	}
	if err != nil {
		return f, err
	}
	way, err := w.courseHere(c)
	if points, known := way.change(); known && all > 0 {
		f.Note = text.M("%s accounts left; %s points in 30 days", c.Num(all-with), signed(points))
	}
	f.Trend = way.strongly()
	f.TrendTone = direction(f.Trend)
	switch {
	case all > 0 && with*100 < all*90:
		f.Tone = console.Bad
	case with < all:
		f.Tone = console.Warn
	}
	return f, err
}

func (w web) measure() console.Measure {
	return console.Measure{
		Act: identity.ReadFactors, Order: 20, Label: text.M("Strong MFA"), WarnBelow: 0.95, BadBelow: 0.85,
		Definition: text.M("People with a passkey as a share of all people of the unit and all below it."),
		Of: func(c *console.Context, units []string) (map[string]console.Share, error) {
			direct, err := w.s.CoverageByUnit(c.Context(), c.Actor.Scope(identity.ReadFactors))
			if err != nil {
				return nil, err
			}
			counts := make(map[string]console.Share, len(direct))
			for unit, n := range direct {
				counts[unit] = console.Share{Part: float64(n[0]), Whole: float64(n[1])}
			}
			return console.RollUp(c.Actor.Units(), units, counts), nil
		},
	}
}
