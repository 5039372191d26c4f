package web

import (
	"strings"

	"yagura/area/psirt"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func reporting(c *console.Context) psirt.Reporting {
	return psirt.Reporting{Title: c.Value("title"), Product: c.Value("product"), Description: c.Value("description"), Reference: c.Value("reference"),
		Credit: c.Bool("credit"), Lang: c.Lang, Finder: psirt.Finder{Name: c.Value("name"), Contact: c.Value("contact"), Key: c.Value("key")}}
}

// publicForm is open to anybody. It tells nothing of what others reported.
func (p *pages) publicForm(c *console.Context) error { return c.Render("public", nil) }

func (p *pages) publicReport(c *console.Context) error {
	if err := p.limit.Take(c); err != nil {
		return err
	}
	ups, end, err := uploads(c)
	if err != nil {
		return err
	}
	defer end()
	r := reporting(c)
	r.Files = ups
	made, err := p.s.ReportByFinder(c.Context(), r)
	if err != nil {
		return c.Invalid("public", nil, err)
	}
	c.Flash(text.M("Thank you. Your report arrived. Keep the address of this page: it is the only way back to it."))
	return c.Redirect(p.s.FinderPath(made))
}

type receiptPage struct {
	psirt.Receipt
	Status  text.Message
	Thread  []console.Event
	FileTab *console.Table
}

func (p *pages) receiptPage(c *console.Context) (d receiptPage, err error) {
	if d.Receipt, err = p.s.Follow(c.Context(), c.Path("token")); err != nil {
		return d, err
	}
	d.Status = psirt.FinderState(d.State)
	for _, l := range d.Letters {
		e := console.Event{At: l.At, Title: text.M("From the PSIRT"), Body: l.Body, Icon: "mail"}
		if l.FromFinder {
			e.Title, e.Icon = text.M("From you"), "chat"
		}
		d.Thread = append(d.Thread, e)
	}
	if len(d.Files) > 0 {
		d.FileTab = console.NewTable(text.M("Your files"), text.M("File§case"), text.M("Size"))
		for _, f := range d.Files {
			d.FileTab.Row(console.Text(f.Name), console.Bytes(f.Size))
		}
	}
	return d, nil
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
	ups, end, err := uploads(c)
	if err != nil {
		return err
	}
	defer end()
	if err := p.s.WriteByToken(c.Context(), c.Path("token"), c.Value("body"), ups); err != nil {
		return c.Invalid("receipt", d, err)
	}
	c.Flash(text.M("Sent. Thank you."))
	return c.Redirect("/psirt/report/" + strings.TrimPrefix(c.Path("token"), "/"))
}

// newCase is for a report that somebody has in hand: typed in, or a mail.
func (p *pages) newCase(c *console.Context) error {
	c.Crumb(text.M("Products' security"), "/psirt")
	return c.Render("new", nil)
}

func (p *pages) makeCase(c *console.Context) error {
	c.Crumb(text.M("Products' security"), "/psirt")
	arrived, err := c.Time("arrived")
	if err != nil {
		return c.Invalid("new", nil, err)
	}
	mail, _, err := c.File("mail")
	if err != nil {
		return err
	}
	r := reporting(c)
	if mail != nil {
		defer mail.Close()
		if arrived.IsZero() {
			arrived = c.Now
		}
		if r, err = psirt.ReadMail(mail, arrived); err != nil {
			return c.Invalid("new", nil, err)
		}
	} else {
		ups, end, err := uploads(c)
		if err != nil {
			return err
		}
		defer end()
		r.Files, r.Arrived, r.Channel = ups, arrived, psirt.Channel(c.Value("channel"))
	}
	made, err := p.s.Receive(c.Context(), c.Actor, r)
	if err != nil {
		return c.Invalid("new", nil, err)
	}
	c.Flash(text.M("Taken in as %s.", made.Number))
	return c.Redirect(psirt.Href(made.ID))
}

type stockPage struct {
	psirt.Stock
	Table  *console.Table
	Orders *console.Table
	Year   int
	Unused int
	Sim    bool
	May    bool
}

func (p *pages) stockPage(c *console.Context) (stockPage, error) {
	x, err := p.s.Stock(c.Context(), c.Actor)
	d := stockPage{Stock: x, Year: c.Now.Year(), Unused: len(x.Chores), Sim: p.s.Rehearsal(), May: c.Actor.Can(psirt.Approve, "")}
	d.Table = console.NewTable(text.M("CVE IDs"), text.M("CVE ID"), text.M("State"), text.M("Case"), text.M("Told outside"), text.M("Reserved§id"))
	for _, r := range x.Rows {
		owner := console.Text("")
		if r.Number != "" {
			owner = console.Link(psirt.Href(r.Case), r.Number)
		}
		d.Table.Row(console.Chip(console.Plain, text.Literal(string(r.ID))), console.Say(idState(string(r.State))), owner, console.Yes(r.Told), console.When(r.Reserved))
	}
	d.Table.Empty = console.Empty{Title: text.M("No CVE IDs"), Body: text.M("Reserve some, or assign one within a case.")}
	if len(x.Orders) > 0 {
		d.Orders = console.NewTable(text.M("Reservations without an answer"), text.M("Time"), text.M("How many"), text.M("What the service said"), text.M("Do§order"))
		for _, o := range x.Orders {
			d.Orders.Row(console.When(o.At), console.Num(o.Amount), console.Text(o.Outcome), console.Press("resume", "order", o.ID, "", text.M("Find out")))
		}
	}
	return d, err
}

func idState(s string) text.Message {
	switch s {
	case "RESERVED":
		return text.M("Free§id")
	case "ASSIGNED":
		return text.M("Assigned§id")
	case "PUBLISHED":
		return text.M("Published§id")
	case "REJECTED":
		return text.M("Rejected§id")
	}
	return text.Literal(s)
}

func (p *pages) stock(c *console.Context) error {
	c.Crumb(text.M("Products' security"), "/psirt")
	d, err := p.stockPage(c)
	if err != nil {
		return err
	}
	return c.Render("ids", d)
}

// reserve does one of the three things that the page offers.
func (p *pages) reserve(c *console.Context) error {
	c.Crumb(text.M("Products' security"), "/psirt")
	d, err := p.stockPage(c)
	if err != nil {
		return err
	}
	switch {
	case c.Value("order") != "":
		if _, err := p.s.ResumeOrder(c.Context(), c.Actor, c.Value("order")); err != nil {
			return err
		}
		c.Flash(text.M("The reservation is settled."))
	case c.Bool("reject"):
		n, err := p.s.RejectUnused(c.Context(), c.Actor)
		if err != nil {
			return err
		}
		c.Flash(text.M("%d unused IDs rejected.", n))
	default:
		amount, err := c.Int("amount")
		if err != nil {
			return c.Invalid("ids", d, err)
		}
		year, err := c.Int("year")
		if err != nil {
			return c.Invalid("ids", d, err)
		}
		if amount > 1000 || year > 9999 {
			return c.Invalid("ids", d, fault.Invalid(fault.F("amount", "A whole number is needed here")))
		}
		if _, err := p.s.ReserveIDs(c.Context(), c.Actor, int(amount), int(year)); err != nil {
			return c.Invalid("ids", d, err)
		}
		c.Flash(text.M("Reserved."))
	}
	return c.Redirect("/psirt/ids")
}
