package web

import (
	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type unitForm struct {
	Unit    org.Unit
	New     bool
	Kinds   []console.Option
	Units   []console.Option
	Regions []console.Option
	Cals    []console.Option
	Owner   string // what the owner's entry shows
	Region  string
	Back    string
	Locked  bool // kind can't change
}

// elsewhere stands in a form for an owner or region that the reader may not
// know of; posted back, it changes nothing.
const elsewhere = org.Elsewhere

func (w web) unitForm(c *console.Context, u org.Unit, isNew bool) (unitForm, error) {
	d := unitForm{Unit: u, New: isNew, Units: unitChoices(c, org.Manage, false), Back: "/org/units", Owner: u.Parent, Region: u.Region}
	for _, k := range org.Kinds {
		if k != org.Group || u.Kind == org.Group {
			d.Kinds = append(d.Kinds, console.Option{Value: string(k), Label: k.Label()})
		}
	}
	for _, id := range org.KnownRegions(c.Actor) {
		d.Regions = append(d.Regions, console.Option{Value: id, Label: text.Literal(c.UnitLabel(id))})
	}
	if !isNew {
		d.Back = "/org/units/" + u.ID
		if cell := unitCell(c, u.Parent); cell.Kind == "message" {
			d.Owner = elsewhere
		}
		if cell := unitCell(c, u.Region); cell.Kind == "message" {
			d.Region = elsewhere
		}
	}
	d.Cals = []console.Option{{Value: "", Label: text.M("That of the region")}}
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		cals, err := w.s.Calendars(tx)
		for _, k := range cals {
			d.Cals = append(d.Cals, console.Option{Value: k.ID, Label: text.Literal(k.Label(c.Lang))})
		}
		return err
	})
	return d, err
}

func (w web) unitNew(c *console.Context) error {
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.M("Units§org"), "/org/units")
	u := org.Unit{Kind: org.Department, Parent: c.Query("parent")}
	if p, ok := c.Actor.Units().Get(u.Parent); ok && c.Actor.Can(org.Read, u.Parent) {
		if u.Region = p.Region; p.Kind == string(org.Region) {
			u.Parent, u.Region = "", p.ID
		}
	}
	d, err := w.unitForm(c, u, true)
	if err != nil {
		return err
	}
	return c.Render("unitform", d)
}

func unitInput(c *console.Context) org.Unit {
	return org.Unit{ID: c.Value("id"), Kind: org.Kind(c.Value("kind")), Name: c.Value("name"), NameJA: c.Value("name_ja"), Parent: c.Value("parent"),
		Region: c.Value("region"), Country: c.Value("country"), Lang: c.Value("language"), Zone: c.Value("zone"), Calendar: c.Value("calendar")}
}

func (w web) unitAdd(c *console.Context) error {
	u := unitInput(c)
	if u.Kind == org.Region {
		u.Parent = c.Actor.Units().Root() // regions stand beside the tree of owners
	}
	if err := w.s.AddUnit(c.Context(), c.Actor, u); err != nil {
		d, ferr := w.unitForm(c, u, true)
		if ferr != nil {
			return ferr
		}
		return c.Invalid("unitform", d, err)
	}
	c.Flash(text.M("The unit was added."))
	return c.Redirect("/org/units/" + u.ID)
}

func (w web) findUnit(c *console.Context) (u org.Unit, err error) {
	err = w.s.View(c.Context(), func(tx *store.Tx) error {
		u, err = w.s.Unit(tx, c.Actor, c.Path("id"))
		return err
	})
	return u, err
}

func (w web) unitEdit(c *console.Context) error {
	u, err := w.findUnit(c)
	if err != nil {
		return err
	}
	if err := c.Actor.May(org.Manage, u.ID); err != nil {
		return err
	}
	d, err := w.unitForm(c, u, false)
	if err != nil {
		return err
	}
	unitCrumbs(c, u)
	return c.Render("unitform", d)
}

func unitCrumbs(c *console.Context, u org.Unit) {
	c.Crumb(text.M("Organization"), "/org")
	c.Crumb(text.Literal(u.Label(c.Lang)), "/org/units/"+u.ID)
}

func (w web) unitChange(c *console.Context) error {
	old, err := w.findUnit(c)
	if err != nil {
		return err
	}
	u := unitInput(c)
	u.ID = old.ID
	if u.Parent == elsewhere || u.Kind == org.Region || u.Kind == org.Group {
		u.Parent = old.Parent
	}
	if u.Region == elsewhere {
		u.Region = old.Region
	}
	if err := w.s.ChangeUnit(c.Context(), c.Actor, u); err != nil {
		if !fault.Is(err, fault.KindInvalid) {
			return err
		}
		d, ferr := w.unitForm(c, old, false)
		if ferr != nil {
			return ferr
		}
		unitCrumbs(c, old)
		return c.Invalid("unitform", d, err)
	}
	c.Flash(text.M("Saved."))
	return c.Redirect("/org/units/" + u.ID)
}

func (w web) unitRetire(c *console.Context) error {
	return w.moveUnit(c, w.s.RetireUnit(c.Context(), c.Actor, c.Path("id")), text.M("The unit is retired."))
}

func (w web) unitRestore(c *console.Context) error {
	return w.moveUnit(c, w.s.RestoreUnit(c.Context(), c.Actor, c.Path("id")), text.M("The unit is in use again."))
}

// moveUnit leads back to the unit with a sentence on what came of it.
func (w web) moveUnit(c *console.Context, err error, done text.Message) error {
	return back(c, "/org/units/"+c.Path("id"), err, done)
}

// back leads to a page: with a sentence on what was done, or on why it could
// not be where the state or the entries forbid it.
func back(c *console.Context, href string, err error, done text.Message) error {
	switch {
	case err == nil:
		c.Flash(done)
	case fault.Is(err, fault.KindConflict):
		c.Warn(fault.MessageOf(err))
	case fault.Is(err, fault.KindInvalid):
		m := fault.MessageOf(err)
		if fields := fault.FieldsOf(err); len(fields) > 0 {
			m = fields[0].Message
		}
		c.Warn(m)
	default:
		return err
	}
	return c.Redirect(href)
}
