package web

import (
	"strings"

	"yagura/area/incident"
	"yagura/console"
	"yagura/kernel/text"
)

type publicPage struct {
	Unit string
	Now  string
}

// publicForm is the form behind a signed link. It tells of the unit no more
// than its name.
func (p *pages) publicForm(c *console.Context) error {
	d, err := p.publicPage(c)
	if err != nil {
		return err
	}
	return c.Render("public", d)
}

func (p *pages) publicPage(c *console.Context) (publicPage, error) {
	l, err := p.s.ByToken(c.Context(), c.Path("token"))
	if err != nil {
		return publicPage{}, err
	}
	name, err := p.s.UnitName(c.Context(), l.Unit, c.Lang)
	return publicPage{Unit: name}, err
}

func (p *pages) publicReport(c *console.Context) error {
	if err := p.limit.Take(c); err != nil {
		return err
	}
	d, err := p.publicPage(c)
	if err != nil {
		return err
	}
	occurred, err := c.Time("occurred")
	if err != nil {
		return c.Invalid("public", d, err)
	}
	inc, err := p.s.ReportByToken(c.Context(), c.Path("token"), incident.Draft{
		Title: c.Value("title"), Description: c.Value("description"), Noticed: c.Value("noticed"), Occurred: occurred,
	}, c.Value("contact"))
	if err != nil {
		return c.Invalid("public", d, err)
	}
	c.Flash(text.M("Thank you. Your report arrived as %s.", inc.ID))
	return c.Redirect(p.s.FollowPath(inc.ID))
}

type receiptPage struct {
	incident.Receipt
	Status  text.Message
	Unit    string
	Address string
	Notes   []console.Event
}

func (p *pages) receiptPage(c *console.Context) (d receiptPage, err error) {
	if d.Receipt, err = p.s.Follow(c.Context(), c.Path("token")); err != nil {
		return d, err
	}
	if d.Unit, err = p.s.UnitName(c.Context(), d.Receipt.Unit, c.Lang); err != nil {
		return d, err
	}
	for _, e := range d.Receipt.Notes {
		d.Notes = append(d.Notes, console.Event{At: e.At, Title: text.M("Your addition"), Body: e.Body, Icon: "chat"})
	}
	d.Status = status(d.State)
	c.Title(text.M("Your report %s", d.Number))
	return d, nil
}

// status is what a reporter is told: how far it is, in plain words.
func status(s incident.State) text.Message {
	switch {
	case s == incident.Reported:
		return text.M("Received. The team on call was told.")
	case s == incident.Triaged, s == incident.Confirmed:
		return text.M("The team is working on it.")
	case s == incident.Dismissed:
		return text.M("Looked into: it was no security incident. Thank you for watching.")
	case s == incident.Duplicate, s == incident.Merged:
		return text.M("Somebody else reported it too; it is handled together with that.")
	case s == incident.Closed:
		return text.M("Closed. Thank you for your help.")
	}
	return text.M("Contained. The team is clearing up.")
}

func (p *pages) receipt(c *console.Context) error {
	d, err := p.receiptPage(c)
	if err != nil {
		return err
	}
	return c.Render("receipt", d)
}

func (p *pages) addToReceipt(c *console.Context) error {
	if err := p.limit.Take(c); err != nil {
		return err
	}
	d, err := p.receiptPage(c)
	if err != nil {
		return err
	}
	if err := p.s.AddByToken(c.Context(), c.Path("token"), c.Value("body")); err != nil {
		return c.Invalid("receipt", d, err)
	}
	c.Flash(text.M("Added. Thank you."))
	return c.Redirect("/report/status/" + strings.TrimPrefix(c.Path("token"), "/"))
}
