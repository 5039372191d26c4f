package web

import (
	"strings"

	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

type importPage struct {
	Units   []console.Option
	Columns string
}

func importPageOf(c *console.Context) importPage {
	c.Crumb(text.M("Product registry"), "/psirt/products")
	return importPage{c.UnitOptions(psirt.Register), strings.Join(product.Columns, ", ")}
}

func (p *pages) importForm(c *console.Context) error {
	return c.Render("product_import", importPageOf(c))
}

func (p *pages) checkImport(c *console.Context) error {
	raw, err := uploaded(c)
	if err == nil {
		var id string
		if id, err = p.s.CheckImport(c.Context(), c.Actor, psirt.ImportDraft{Unit: c.Value("unit"), Vendor: strings.TrimSpace(c.Value("vendor")), File: raw}); err == nil {
			return c.Redirect("/psirt/product-import/" + id)
		}
	}
	return c.Invalid("product_import", importPageOf(c), err)
}

type planPage struct {
	*psirt.ImportPlan
	Steps    *console.Table
	Wrong    *console.Table
	New      int
	Changed  int
	Shown    int
	Advisory bool
}

// mostSteps bounds how many steps a page shows.
const mostSteps = 500

func (p *pages) importPlan(c *console.Context) error {
	plan, err := p.s.ImportPlan(c.Context(), c.Actor, c.Path("import"))
	if err != nil {
		return err
	}
	c.Crumb(text.M("Product registry"), "/psirt/products")
	c.Crumb(text.M("Import products"), "/psirt/product-import")
	c.Title(text.M("Preview of the import"))
	d := planPage{ImportPlan: plan, Advisory: plan.Kind == psirt.FromAdvisory}
	d.Steps = console.NewTable(text.M("What the import does"), text.M("Product§registry"), text.M("What happens"), text.M("Models§product"), text.M("Hardware revisions"), text.M("Versions§product"))
	for i, s := range plan.Steps {
		mark := console.Chip(console.Info, text.M("Gets more"))
		if s.New {
			d.New++
			mark = console.Chip(console.Good, text.M("Comes new"))
		} else {
			d.Changed++
		}
		if i < mostSteps {
			d.Shown++
			d.Steps.Row(console.Stack(console.Text(s.Product), console.Text(s.Family)), mark, short(s.Models), short(s.Hardware), short(s.Versions))
		}
	}
	d.Wrong = console.NewTable(text.M("What is not taken"), text.M("Place§file"), text.M("Why§import"))
	for i, w := range plan.Problems {
		if i == mostSteps {
			break
		}
		d.Wrong.Row(console.Code(w.Place), console.Say(w.Message))
	}
	return c.Render("product_plan", d)
}

// short shows the first of some names and how many more there are.
func short(names []string) console.Cell {
	if len(names) <= 4 {
		return console.Text(strings.Join(names, ", "))
	}
	return console.Say(text.M("%s and %d more", strings.Join(names[:3], ", "), len(names)-3))
}

func (p *pages) applyImport(c *console.Context) error {
	err := p.s.ApplyImport(c.Context(), c.Actor, c.Path("import"), c.Value("digest"))
	switch {
	case fault.Is(err, fault.KindConflict):
		c.Warn(fault.MessageOf(err))
	case err != nil:
		return err
	default:
		c.Flash(text.M("The file was taken over."))
	}
	return c.Redirect("/psirt/product-import/" + c.Path("import"))
}
