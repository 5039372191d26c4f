package web

import (
	"strconv"
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// systemForm is the form of an enclave or a provider.
type systemForm struct {
	cmmc.System
	New      bool
	Kinds    []console.Option
	Units    []console.Option
	Entities []console.Option
	Levels   []console.Option
	Hold     []console.Option
	Fed      []console.Option
	Plan     score.SSP
	HasPlan  bool
	PlanDay  string
	Target   string
}

func (p *pages) systemForm(c *console.Context) (f systemForm, err error) {
	f = systemForm{New: c.Path("id") == "", Units: c.UnitOptions(cmmc.Manage)}
	f.Kind, f.Level, f.Unit = cmmc.Enclave, 2, c.Unit
	if !f.New {
		d, err := p.detail(c)
		if err != nil {
			return f, err
		}
		f.System = d.System
		crumbs(c, d.System)
	} else {
		crumbs(c)
	}
	if f.SSP != nil {
		f.Plan, f.HasPlan, f.PlanDay = *f.SSP, true, dayText(f.SSP.Date)
	}
	f.Target = strconv.Itoa(f.Level)
	for _, k := range cmmc.Kinds {
		f.Kinds = append(f.Kinds, console.Option{Value: string(k), Label: k.Label()})
	}
	for n := 1; n <= 3; n++ {
		f.Levels = append(f.Levels, console.Option{Value: strconv.Itoa(n), Label: text.M("Level %d", n)})
	}
	f.Hold = []console.Option{{Label: text.M("Nothing§held")}, {Value: "spd", Label: text.M("Security protection data")}, {Value: "cui", Label: text.M("CUI")}}
	f.Fed = []console.Option{{Label: text.M("None§choice")}, {Value: "moderate", Label: text.M("Moderate§fedramp")}, {Value: "high", Label: text.M("High§fedramp")}, {Value: "equivalent", Label: text.M("Equivalent§fedramp")}}
	entities, err := p.s.Entities(c.Context(), c.Actor)
	if err != nil {
		return f, err
	}
	f.Entities = []console.Option{{Label: text.M("None§choice")}}
	for _, e := range entities {
		f.Entities = append(f.Entities, console.Option{Value: e.ID, Label: text.Literal(e.Label(c.Lang))})
	}
	return f, nil
}

func (p *pages) editSystem(c *console.Context) error {
	f, err := p.systemForm(c)
	if err != nil {
		return err
	}
	return c.Render("systemform", f)
}

func (p *pages) saveSystem(c *console.Context) error {
	f, err := p.systemForm(c)
	if err != nil {
		return err
	}
	x := f.System
	if f.New {
		x.ID, x.Kind = c.Value("id"), cmmc.Kind(c.Value("kind"))
	}
	version := x.Version
	if !f.New {
		version, _ = strconv.ParseInt(c.Value("version"), 10, 64)
	}
	err = func() error {
		x.Unit, x.Name, x.NameJA, x.Entity, x.Description, x.Boundary = c.Value("unit"), c.Value("name"), c.Value("name_ja"), c.Value("entity"), c.Value("description"), c.Value("boundary")
		x.Holds, x.FedRAMP, x.Proof = c.Value("holds"), c.Value("fedramp"), c.Value("proof")
		x.Level, _ = strconv.Atoi(c.Value("level"))
		var err error
		if x.Owner = c.Value("owner"); x.Owner != "" {
			if x.Owner, err = p.s.WhoIs(c.Context(), x.Owner); err != nil {
				return err
			}
		}
		day, err := dayOf(c, "ssp_date")
		if err != nil {
			return err
		}
		x.SSP = nil
		if c.Bool("ssp") {
			x.SSP = &score.SSP{ID: c.Value("ssp_id"), Version: c.Value("ssp_version"), Date: day}
		}
		return p.s.PutSystem(c.Context(), c.Actor, x, version)
	}()
	if fault.Is(err, fault.KindInvalid) {
		return c.Invalid("systemform", f, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("Saved."))
	return c.Redirect(x.Href())
}

// partsPage is what belongs to a system beside its results: assets and what it
// takes from others.
type partsPage struct {
	Name       string
	Href       string
	Tabs       []console.Tab
	Enclave    bool
	Assets     []cmmc.Asset
	Categories []console.Option
	Takes      []takeView
	Providers  []console.Option
	Can        cmmc.Can
}

type takeView struct {
	ID, Label     string
	Given, Shared string
}

func (p *pages) partsOf(c *console.Context) (v partsPage, err error) {
	d, err := p.detail(c)
	if err != nil {
		return v, err
	}
	crumbs(c, d.System)
	c.Title(text.M("Assets and providers"))
	v = partsPage{Name: d.Label(c.Lang), Href: d.Href(), Tabs: systemTabs(d.System, "/parts"), Enclave: d.Kind == cmmc.Enclave, Assets: d.Assets, Can: d.Can}
	for _, k := range cmmc.Categories {
		v.Categories = append(v.Categories, console.Option{Value: string(k), Label: k.Label()})
	}
	for _, u := range d.Providers {
		v.Takes = append(v.Takes, takeView{u.ID, u.Label(c.Lang), spelled(u.Provider), spelled(u.Shared)})
	}
	list, err := p.s.Providers(c.Context(), c.Actor, "")
	if err != nil {
		return v, err
	}
	for _, x := range list {
		if x.ID != d.ID {
			v.Providers = append(v.Providers, console.Option{Value: x.ID, Label: text.Literal(x.Label(c.Lang))})
		}
	}
	return v, nil
}

// spelled writes objectives as the form takes them.
func spelled(list []int) string {
	var b catalog.Bits
	for _, i := range list {
		b.Set(i)
	}
	return strings.Join(cmmc.NamesOf(b), " ")
}

func (p *pages) parts(c *console.Context) error {
	v, err := p.partsOf(c)
	if err != nil {
		return err
	}
	return c.Render("parts", v)
}

// onParts does something and goes back to the page; what was wrong is shown in its
// form.
func (p *pages) onParts(do func(*console.Context) error) func(*console.Context) error {
	return func(c *console.Context) error {
		err := do(c)
		if fault.Is(err, fault.KindInvalid) {
			v, failed := p.partsOf(c)
			if failed != nil {
				return failed
			}
			return c.Invalid("parts", v, err)
		}
		if err != nil {
			return err
		}
		c.Flash(text.M("Saved."))
		return c.Redirect(systemPath(c) + "/parts")
	}
}

func (p *pages) putAsset(c *console.Context) error {
	_, err := p.s.PutAsset(c.Context(), c.Actor, cmmc.Asset{System: c.Path("id"), Name: c.Value("name"), Category: cmmc.Category(c.Value("category")), Ref: c.Value("ref"), Note: c.Value("note"),
		Inventory: c.Bool("inventory"), SSP: c.Bool("in_ssp"), Diagram: c.Bool("diagram")})
	return err
}

func (p *pages) dropAsset(c *console.Context) error {
	return p.s.DropAsset(c.Context(), c.Actor, c.Path("id"), c.Value("asset"))
}

func (p *pages) setShares(c *console.Context) error {
	read := func(name string) (b catalog.Bits, err error) {
		for _, word := range splitNames(c.Value(name)) {
			more, ok := inherit.Named(word)
			if !ok {
				return b, fault.Invalid(fault.F(name, "There is no requirement or objective %q", word))
			}
			b = b.Or(more)
		}
		return b, nil
	}
	given, err := read("given")
	if err != nil {
		return err
	}
	shared, err := read("shared")
	if err != nil {
		return err
	}
	return p.s.SetShares(c.Context(), c.Actor, c.Path("id"), c.Value("provider"), given, shared)
}

// splitNames parts names by blanks, commas and lines.
func splitNames(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r <= ' ' || r == '、' || r == '　' })
}

// entitiesPage are legal entities and a form for one.
type entitiesPage struct {
	Tabs  []console.Tab
	Table *console.Table
	May   bool
	Units []console.Option
	All   []console.Option
	One   cmmc.Entity
}

func (p *pages) entitiesOf(c *console.Context) (v entitiesPage, err error) {
	crumbs(c)
	v = entitiesPage{Tabs: tabs(""), May: c.Actor.CanAnywhere(cmmc.Manage), Units: c.UnitOptions(cmmc.Manage), All: []console.Option{{Label: text.M("None§choice")}}}
	list, err := p.s.Entities(c.Context(), c.Actor)
	if err != nil {
		return v, err
	}
	v.Table = console.NewTable(text.M("Legal entities"), text.M("Entity"), text.M("Unit"), text.M("Region"), text.M("CAGE code"), text.M("Owned by"))
	for _, e := range list {
		name := console.Text(e.Label(c.Lang))
		if c.Actor.Can(cmmc.Manage, e.Unit) {
			name = console.Strong("/cmmc/entities?id="+e.ID, e.Label(c.Lang))
		}
		v.Table.Row(name, console.Text(c.UnitLabel(e.Unit)), console.Text(e.Region), console.Text(e.CAGE), console.Text(e.Parent))
		v.All = append(v.All, console.Option{Value: e.ID, Label: text.Literal(e.Label(c.Lang))})
		if e.ID == c.Query("id") {
			v.One = e
		}
	}
	return v, nil
}

func (p *pages) entities(c *console.Context) error {
	v, err := p.entitiesOf(c)
	if err != nil {
		return err
	}
	return c.Render("entities", v)
}

func (p *pages) putEntity(c *console.Context) error {
	err := p.s.PutEntity(c.Context(), c.Actor, cmmc.Entity{ID: c.Value("id"), Name: c.Value("name"), NameJA: c.Value("name_ja"), Unit: c.Value("unit"), Region: c.Value("region"), CAGE: c.Value("cage"), Parent: c.Value("parent")})
	if fault.Is(err, fault.KindInvalid) {
		v, failed := p.entitiesOf(c)
		if failed != nil {
			return failed
		}
		return c.Invalid("entities", v, err)
	}
	if err != nil {
		return err
	}
	c.Flash(text.M("Saved."))
	return c.Redirect("/cmmc/entities")
}
