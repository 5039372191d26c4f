package web

import (
	"net/url"
	"strings"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// lostQueue is the page of those who can't sign in.
type lostQueue struct {
	Tabs        []console.Tab
	Open, Ended []identity.Lost
	Link        string // to hand over, shown once

	Search bool // the reader is of the help desk, and may open a request for somebody
	Q      string
	Found  []identity.Account
	More   int // who fit besides
}

// mostFound is how many people a search of the help desk shows: more are no name yet.
const mostFound = 10

func (w web) queue(c *console.Context) (d lostQueue, err error) {
	d.Tabs = w.tabs(c, "/identity/lost")
	list, _, err := w.s.LostList(c.Context(), c.Actor, keyset.Page{Limit: 100})
	for _, l := range list {
		if l.Open(c.Now) {
			d.Open = append(d.Open, l)
		} else {
			d.Ended = append(d.Ended, l)
		}
	}
	if err != nil || !c.Actor.CanAnywhere(identity.Recover) {
		return d, err
	}
	d.Search, d.Q = true, strings.TrimSpace(c.Query("q"))
	if d.Q == "" {
		return d, nil
	}
	found, all, err := w.s.Accounts(c.Context(), c.Scope(identity.Recover), identity.AccountFilter{Text: d.Q, Page: keyset.Page{Sort: "person", Limit: mostFound}})
	d.Found = found[:min(len(found), mostFound)]
	d.More = all - len(d.Found)
	return d, err
}

func (w web) lostList(c *console.Context) error {
	d, err := w.queue(c)
	if err != nil {
		return err
	}
	return c.Render("lost-queue", d)
}

func (w web) vouch(c *console.Context) error {
	if err := w.s.Vouch(c.Context(), c.Actor, w.s.Secret(c.R), c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("You have vouched for the person. The help desk does the rest."))
	return c.Redirect("/identity/lost")
}

func (w web) serve(c *console.Context) error {
	how := identity.ByMail
	if c.Value("how") == string(identity.ByHand) {
		how = identity.ByHand
	}
	secret, err := w.s.Serve(c.Context(), c.Actor, c.Path("id"), how)
	if err != nil {
		return err
	}
	if secret == "" {
		c.Flash(text.M("The link is on its way to the person by mail."))
		return c.Redirect("/identity/lost")
	}
	d, err := w.queue(c)
	if err != nil {
		return err
	}
	d.Link = w.s.LinkURL(secret)
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("lost-queue", d)
}

func (w web) refuseLost(c *console.Context) error {
	if err := w.s.RefuseLost(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The request is refused."))
	return c.Redirect("/identity/lost")
}

func (w web) askFor(c *console.Context) error {
	nobody, err := w.s.AskRecoveryFor(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if nobody {
		c.Warn(text.M("The request is open, but nobody can vouch for this person: it takes somebody who vouches and another who makes the link, both with a passkey. The CSIRT is told."))
	} else {
		c.Flash(text.M("The request is open: who must vouch for the person is told, then the help desk makes the link."))
	}
	return c.Redirect("/identity/lost")
}

type breakGlass struct {
	Tabs     []console.Tab
	Accounts []identity.BreakGlass
	Asks     []identity.BreakGlassAsk
	Names    map[string]authz.Person // of who asked
	Few      bool
}

// Asker is who asked, as the reader calls him.
func (d breakGlass) Asker(a identity.BreakGlassAsk, lang text.Lang) string {
	if p, ok := d.Names[a.AskedBy]; ok {
		return p.Label(lang)
	}
	return a.AskedBy
}

func (w web) breakGlass(c *console.Context) error {
	d := breakGlass{Tabs: w.tabs(c, "/identity/break-glass")}
	var err error
	if d.Accounts, err = w.s.BreakGlassAccounts(c.Context(), c.Actor); err != nil {
		return err
	}
	if d.Asks, err = w.s.BreakGlassAsks(c.Context(), c.Actor); err != nil {
		return err
	}
	var who []string
	for _, a := range d.Asks {
		who = append(who, a.AskedBy)
	}
	if d.Names, err = w.s.Names(c.Context(), who...); err != nil {
		return err
	}
	d.Few = len(d.Accounts) < identity.FewestBreakGlass
	return c.Render("break-glass", d)
}

func (w web) makeBreakGlass(c *console.Context) error { return w.askBreakGlass(c, false) }
func (w web) endBreakGlass(c *console.Context) error  { return w.askBreakGlass(c, true) }

func (w web) askBreakGlass(c *console.Context, ends bool) error {
	if err := w.s.AskBreakGlass(c.Context(), c.Actor, c.Value("person"), ends); err != nil {
		return err
	}
	c.Flash(text.M("It waits for a second person, who is told. Nothing has changed yet."))
	return c.Redirect("/identity/break-glass")
}

func (w web) agreeBreakGlass(c *console.Context) error {
	if err := w.s.DecideBreakGlass(c.Context(), c.Actor, c.Value("ask"), true); err != nil {
		return err
	}
	c.Flash(text.M("It is done, and the CSIRT is told."))
	return c.Redirect("/identity/break-glass")
}

func (w web) refuseBreakGlass(c *console.Context) error {
	if err := w.s.DecideBreakGlass(c.Context(), c.Actor, c.Value("ask"), false); err != nil {
		return err
	}
	c.Flash(text.M("The request is refused."))
	return c.Redirect("/identity/break-glass")
}

func (w web) drill(c *console.Context) error {
	if err := w.s.Drill(c.Context(), c.Actor, c.Value("person")); err != nil {
		return err
	}
	c.Flash(text.M("The drill is recorded."))
	return c.Redirect("/identity/break-glass")
}

// work are the requests that wait for the reader.
func (w web) work(c *console.Context, limit int) (items []console.WorkItem, err error) {
	list, _, err := w.s.LostList(c.Context(), c.Actor, keyset.Page{Limit: limit})
	for _, l := range list {
		if l.MayVouch || l.MayServe && l.Manager != "" {
			items = append(items, console.WorkItem{Kind: text.M("Lost factor"), Title: c.T("%s can't sign in and waits for you", l.Person.Label(c.Lang)), Unit: c.UnitLabel(l.Person.Unit), Since: l.Asked, Href: "/identity/lost#" + url.PathEscape(l.ID)})
		}
	}
	if err != nil || len(items) >= limit {
		return items, err
	}
	contained, err := w.containmentWork(c, limit-len(items))
	if items = append(items, contained...); err != nil || len(items) >= limit {
		return items, err
	}
	trips, err := w.tripWork(c, limit-len(items))
	return append(items, trips...), err
}
