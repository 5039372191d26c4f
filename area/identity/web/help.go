package web

import (
	"net/url"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// lostQueue is the page of those who can't sign in.
type lostQueue struct {
	Open, Ended []identity.Lost
	Link        string // to hand over, shown once
	For         string
}

func (w web) queue(c *console.Context) (d lostQueue, err error) {
	list, _, err := w.s.LostList(c.Context(), c.Actor, keyset.Page{Limit: 100})
	for _, l := range list {
		if l.Open(c.Now) {
			d.Open = append(d.Open, l)
		} else {
			d.Ended = append(d.Ended, l)
		}
	}
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
	if err := w.s.AskRecoveryFor(c.Context(), c.Actor, c.Path("id")); err != nil {
		return err
	}
	c.Flash(text.M("The request is open: the manager vouches for the person, then the help desk makes the link."))
	return c.Redirect("/identity/lost")
}

type breakGlass struct {
	Accounts []identity.BreakGlass
	Few      bool
}

func (w web) breakGlass(c *console.Context) error {
	list, err := w.s.BreakGlassAccounts(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	return c.Render("break-glass", breakGlass{list, len(list) < identity.FewestBreakGlass})
}

func (w web) makeBreakGlass(c *console.Context) error {
	if err := w.s.MakeBreakGlass(c.Context(), c.Actor, c.Value("person")); err != nil {
		return err
	}
	c.Flash(text.M("It is a break-glass account from now on. Put its key into a sealed envelope."))
	return c.Redirect("/identity/break-glass")
}

func (w web) endBreakGlass(c *console.Context) error {
	if err := w.s.EndBreakGlass(c.Context(), c.Actor, c.Value("person")); err != nil {
		return err
	}
	c.Flash(text.M("It is an account like any other again."))
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
