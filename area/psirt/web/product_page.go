package web

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/area/psirt/sbom"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// productPage is one product.
type productPage struct {
	psirt.Product
	Keep       bool // the reader may change it
	Facts      []console.Fact
	ModelTable *console.Table
	Timeline   []versionLine
	Order      text.Message
	Example    string
	Advisories *console.Table // those that name it
}

// versionLine is a version in the timeline: released on a day, which is the same day in
// every zone.
type versionLine struct {
	Name, Href, Released string
	Tone                 console.Tone
	Cells                []console.Cell
}

func (p *pages) product(c *console.Context) error {
	one, err := p.loadProduct(c)
	if err != nil {
		return err
	}
	d := p.pageOf(c, one)
	list, _, err := p.s.Advisories(c.Context(), c.Actor, psirt.AdvisoryFilter{Query: one.Name, Page: keyset.Page{Sort: "date", Desc: true, Limit: mostNamed}})
	if err != nil {
		return err
	}
	d.Advisories = console.NewTable(text.M("Advisories"), text.M("Advisory"), text.M("Date"))
	for _, a := range list[:min(len(list), mostNamed)] { // one more is asked for, to know whether there are more
		d.Advisories.Row(console.Stack(console.Strong(psirt.AdvisoryHref(a.ID), a.Number), console.Text(a.Title)), console.When(a.Date()))
	}
	return c.Render("product", d)
}

// mostNamed bounds the advisories that a product's page shows.
const mostNamed = 20

func (p *pages) pageOf(c *console.Context, one psirt.Product) productPage {
	c.Title(text.Literal(one.Label(c.Lang)))
	d := productPage{Product: one, Keep: c.Actor.Can(psirt.Register, one.Unit), Order: kindName(one.Scheme)}
	for _, k := range product.Kinds {
		if k.Kind == one.Scheme.Kind {
			d.Example = k.Example
		}
	}
	vendor := one.Vendor
	if c.Lang == text.JA && one.VendorJA != "" {
		vendor = one.VendorJA
	}
	kind := text.M("Device with firmware")
	if one.Software {
		kind = text.M("Software§product")
	}
	d.Facts = []console.Fact{
		{Label: text.M("Vendor§product"), Value: console.Text(vendor)},
		{Label: text.M("Family of products"), Value: console.Text(one.InFamily(c.Lang))},
		{Label: text.M("Kind§product"), Value: console.Say(kind)},
		{Label: text.M("Works that build it"), Value: console.Text(c.UnitLabel(one.Unit))},
		{Label: text.M("Newest version"), Value: console.Text(newest(one))},
		{Label: text.M("Support§product"), Value: support(one, c.Now)},
		{Label: text.M("Order of versions"), Value: console.Stack(console.Say(d.Order), console.Code(one.Scheme.String()))},
		{Label: text.M("CPE§product"), Value: console.Code(one.CPE)},
		{Label: text.M("Package URL"), Value: console.Code(one.PURL)},
		{Label: text.M("ID§product"), Value: console.Code(one.ID)},
		{Label: text.M("Registered§product"), Value: console.When(one.Registered)},
		{Label: text.M("Changed§product"), Value: console.When(one.Changed)},
	}
	d.ModelTable = console.NewTable(text.M("Models§product"), text.M("Model§product"), text.M("Hardware revisions"), text.M("CPE§product"))
	for _, m := range one.Models {
		name := console.Text(m.Number)
		if d.Keep {
			name = console.Strong(psirt.ProductHref(one.ID)+"/models/"+m.ID, m.Number)
		}
		if !one.Gone[m.ID].IsZero() {
			name = console.Stack(name, console.Chip(console.Plain, text.M("Retired§product")))
		}
		var revisions []console.Cell
		for _, h := range m.Hardware {
			words := h.Name
			if s := h.Serials.String(); s != "" {
				words += " (" + s + ")"
			}
			revisions = append(revisions, console.Text(words))
		}
		cell := console.Text("")
		if len(revisions) > 0 {
			cell = console.Stack(revisions...)
		}
		d.ModelTable.Row(name, cell, console.Code(m.CPE))
	}
	d.ModelTable.Empty = console.Empty{Title: text.M("No models"), Body: text.M("Without models, advisories name the product as a whole.")}
	for _, f := range one.Firmware {
		l := versionLine{Name: one.Scheme.Text(f.Version), Href: psirt.ProductHref(one.ID) + "/firmware/" + f.ID, Released: day(f.Released)}
		switch {
		case f.SupportEnd.IsZero():
		case !f.SupportEnd.After(c.Now):
			l.Tone = console.Bad
			l.Cells = append(l.Cells, console.Chip(console.Bad, text.M("Support ended %s", day(f.SupportEnd))))
		case f.SupportEnd.Before(c.Now.AddDate(1, 0, 0)):
			l.Tone = console.Warn
			l.Cells = append(l.Cells, console.Chip(console.Warn, text.M("Support ends %s", day(f.SupportEnd))))
		default:
			l.Tone = console.Good
			l.Cells = append(l.Cells, console.Chip(console.Good, text.M("Support until %s", day(f.SupportEnd))))
		}
		if b, ok := one.Bills[f.ID]; ok {
			l.Cells = append(l.Cells, console.Chip(console.Info, text.M("%s components§bill", c.Num(int64(b.Components)))))
		}
		d.Timeline = append(d.Timeline, l)
	}
	return d
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// dayIn reads a day of a form, without a time zone: it is the same day everywhere.
func dayIn(c *console.Context, name string) (time.Time, error) {
	s := strings.TrimSpace(c.Value(name))
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fault.Invalid(fault.F(name, "A date such as 2026-11-23 is needed here"))
	}
	return t, nil
}

// after ends a form of the product's page: back to it, or the page with what is wrong.
func (p *pages) after(c *console.Context, one psirt.Product, err error) error {
	if err != nil {
		return c.Invalid("product", p.pageOf(c, one), err)
	}
	c.Flash(text.M("Saved."))
	return c.Redirect(psirt.ProductHref(one.ID))
}

func (p *pages) addModels(c *console.Context) error {
	one, err := p.loadProduct(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err == nil {
		err = p.s.AddModels(c.Context(), c.Actor, one.ID, version, c.Value("models"))
	}
	return p.after(c, one, err)
}

func firmwareIn(c *console.Context, id string) (product.Firmware, error) {
	released, err := dayIn(c, "released")
	if err != nil {
		return product.Firmware{}, err
	}
	end, err := dayIn(c, "support_end")
	return product.Firmware{ID: id, Version: c.Value("version_name"), Released: released, SupportEnd: end}, err
}

func (p *pages) addFirmware(c *console.Context) error {
	one, err := p.loadProduct(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err != nil {
		return err
	}
	f, err := firmwareIn(c, "")
	if err == nil {
		err = p.s.KeepFirmware(c.Context(), c.Actor, one.ID, version, f)
	}
	return p.after(c, one, err)
}

// modelPage is a model with its revisions.
type modelPage struct {
	psirt.Product
	Model   product.Model
	Retired bool
}

// Blank is a revision to be filled in.
func (d modelPage) Blank() product.Hardware { return product.Hardware{} }

func (p *pages) modelOf(c *console.Context) (modelPage, error) {
	one, err := p.loadProduct(c)
	if err != nil {
		return modelPage{}, err
	}
	m, ok := one.Model(c.Path("model"))
	if !ok {
		return modelPage{}, fault.NotFound("There is no such entry, or you may not see it")
	}
	c.Title(text.Literal(m.Number))
	return modelPage{one, m, !one.Gone[m.ID].IsZero()}, nil
}

func (p *pages) modelForm(c *console.Context) error {
	d, err := p.modelOf(c)
	if err != nil {
		return err
	}
	return c.Render("product_model", d)
}

func (p *pages) changeModel(c *console.Context) error {
	d, err := p.modelOf(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err == nil {
		err = p.s.EditModel(c.Context(), c.Actor, d.ID, version, d.Model.ID, c.Value("number"), c.Value("cpe"), c.Bool("retired"))
	}
	if err != nil {
		return c.Invalid("product_model", d, err)
	}
	c.Flash(text.M("Saved. In advisories the product keeps its ids."))
	return c.Redirect(psirt.ProductHref(d.ID))
}

func (p *pages) keepHardware(c *console.Context) error {
	d, err := p.modelOf(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err != nil {
		return err
	}
	serials, err := product.ParseSerials(c.Value("serials"))
	if err != nil {
		err = fault.Invalid(fault.Field{Name: "serials", Message: fault.MessageOf(err)})
	} else {
		err = p.s.KeepHardware(c.Context(), c.Actor, d.ID, version, d.Model.ID, product.Hardware{ID: c.Value("revision"), Name: c.Value("name"), CPE: c.Value("cpe"), Serials: serials})
	}
	if err != nil {
		return c.Invalid("product_model", d, err)
	}
	c.Flash(text.M("Saved."))
	return c.Redirect(psirt.ProductHref(d.ID) + "/models/" + d.Model.ID)
}

// firmwarePage is a version with its components.
type firmwarePage struct {
	psirt.Product
	Firmware   product.Firmware
	Name       string
	Bill       psirt.Bill
	Keep       bool
	Components *console.Table
	Facts      []console.Fact
	Findings   *console.Table // of a bill that was just taken over
	Taken      text.Message
}

// Released and End are days as the form has them.
func (d firmwarePage) Released() string { return day(d.Firmware.Released) }

// End is the day on which support ends.
func (d firmwarePage) End() string { return day(d.Firmware.SupportEnd) }

func (p *pages) firmwareOf(c *console.Context) (firmwarePage, error) {
	one, err := p.loadProduct(c)
	if err != nil {
		return firmwarePage{}, err
	}
	d := firmwarePage{Product: one, Keep: c.Actor.Can(psirt.Register, one.Unit)}
	for _, f := range one.Firmware {
		if f.ID == c.Path("firmware") {
			d.Firmware = f
		}
	}
	if d.Firmware.ID == "" {
		return d, fault.NotFound("There is no such entry, or you may not see it")
	}
	d.Name, d.Bill = one.Scheme.Text(d.Firmware.Version), one.Bills[d.Firmware.ID]
	c.Title(text.M("%s, version %s", one.Label(c.Lang), d.Name))
	d.Facts = []console.Fact{
		{Label: text.M("Released§product"), Value: console.Text(day(d.Firmware.Released))},
		{Label: text.M("End of support"), Value: console.Text(day(d.Firmware.SupportEnd))},
	}
	parts, err := p.s.Components(c.Context(), c.Actor, one.ID, d.Firmware.ID)
	if err != nil {
		return d, err
	}
	d.Components = console.NewTable(text.M("Components§bill"), text.M("Component§bill"), text.M("Version§product"), text.M("Supplier§bill"), text.M("License§bill"), text.M("Package URL or CPE"))
	for _, part := range parts {
		d.Components.Row(console.Link(componentHref(part), fullName(part)), console.Text(part.Version), console.Text(part.Supplier), console.Text(part.License), console.Code(identifier(part)))
	}
	if !d.Bill.At.IsZero() {
		d.Facts = append(d.Facts,
			console.Fact{Label: text.M("The bill is about"), Value: console.Text(d.Bill.Name)},
			console.Fact{Label: text.M("The bill was made"), Value: console.When(d.Bill.Made)},
			console.Fact{Label: text.M("Taken over"), Value: console.When(d.Bill.At)},
			console.Fact{Label: text.M("SHA-256"), Value: console.Code(d.Bill.SHA256)})
	}
	return d, nil
}

func fullName(c sbom.Component) string {
	if c.Group != "" {
		return c.Group + "/" + c.Name
	}
	return c.Name
}

func identifier(c sbom.Component) string {
	if c.PURL != "" {
		return c.PURL
	}
	return c.CPE
}

func componentHref(c sbom.Component) string {
	return "/psirt/products/components?" + url.Values{"component": {c.Name}}.Encode()
}

func (p *pages) firmware(c *console.Context) error {
	d, err := p.firmwareOf(c)
	if err != nil {
		return err
	}
	return c.Render("product_firmware", d)
}

func (p *pages) changeFirmware(c *console.Context) error {
	d, err := p.firmwareOf(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err != nil {
		return err
	}
	f, err := firmwareIn(c, d.Firmware.ID)
	if err == nil {
		err = p.s.KeepFirmware(c.Context(), c.Actor, d.ID, version, f)
	}
	if err != nil {
		return c.Invalid("product_firmware", d, err)
	}
	c.Flash(text.M("Saved."))
	return c.Redirect(psirt.ProductHref(d.ID) + "/firmware/" + d.Firmware.ID)
}

// mostFindings bounds how many findings a page shows.
const mostFindings = 200

func (p *pages) takeBill(c *console.Context) error {
	d, err := p.firmwareOf(c)
	if err != nil {
		return err
	}
	raw, err := uploaded(c)
	if err == nil {
		var bill *sbom.SBOM
		if bill, err = p.s.TakeBill(c.Context(), c.Actor, d.ID, d.Firmware.ID, raw); err == nil {
			return p.billTaken(c, bill)
		}
	}
	if fault.Is(err, fault.KindInvalid) && len(fault.FieldsOf(err)) == 0 {
		err = fault.Invalid(fault.Field{Name: "file", Message: fault.MessageOf(err)})
	}
	return c.Invalid("product_firmware", d, err)
}

// billTaken shows what was wrong in a bill that was taken over, if anything.
func (p *pages) billTaken(c *console.Context, bill *sbom.SBOM) error {
	complete, _ := bill.Minimum()
	taken := text.M("Taken over: %s components, of which %s say all that a bill should.", c.Num(int64(len(bill.Components))), c.Num(int64(complete)))
	if len(bill.Findings) == 0 {
		c.Flash(taken)
		return c.Redirect(c.R.URL.Path[:strings.LastIndexByte(c.R.URL.Path, '/')])
	}
	d, err := p.firmwareOf(c)
	if err != nil {
		return err
	}
	d.Taken = taken
	d.Findings = console.NewTable(text.M("What is wrong in the bill"), text.M("Place§file"), text.M("Finding§bill"))
	for i, f := range bill.Findings {
		if i == mostFindings {
			d.Findings.Row(console.Text("…"), console.Say(text.M("%s more§bill", c.Num(int64(len(bill.Findings)-mostFindings)))))
			break
		}
		mark := console.Chip(console.Warn, text.M("Warning§bill"))
		if f.Level == sbom.Error {
			mark = console.Chip(console.Bad, text.M("Error§bill"))
		}
		d.Findings.Row(console.Code(f.Place), console.Stack(mark, console.Say(f.Message)))
	}
	return c.Render("product_firmware", d)
}

func uploaded(c *console.Context) ([]byte, error) {
	f, _, err := c.File("file")
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, errNoFile
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err == nil && len(raw) == 0 {
		err = errNoFile
	}
	return raw, err
}

// componentPage is the answer of the search for a component.
type componentPage struct {
	Component, Range string
	Asked            bool
	Found            *console.Table
	Products         int
	More             bool
}

func (p *pages) componentSearch(c *console.Context) error {
	c.Crumb(text.M("Product registry"), "/psirt/products")
	d := componentPage{Component: strings.TrimSpace(c.Query("component")), Range: strings.TrimSpace(c.Query("range"))}
	if d.Component == "" {
		return c.Render("product_components", d)
	}
	q, err := sbom.ParseQuery(d.Component, d.Range)
	if err != nil {
		return c.Invalid("product_components", d, err)
	}
	all, more, err := p.s.WhoContains(c.Context(), c.Actor, scopeOf(c), q)
	if err != nil {
		return err
	}
	d.Asked, d.More = true, more
	d.Found = console.NewTable(text.M("Versions that contain it"), text.M("Product§registry"), text.M("Version§product"), text.M("Component§bill"), text.M("Its version"), text.M("Works that build it"), text.M("Support§product"))
	seen := map[string]bool{}
	for _, one := range all {
		seen[one.Product.ID] = true
		version := console.Text(one.Component.Version)
		if !one.Sure {
			version = console.Stack(version, console.Chip(console.Warn, text.M("Not sure: its version can't be compared")))
		}
		d.Found.Row(console.Strong(psirt.ProductHref(one.Product.ID), one.Product.Label(c.Lang)),
			console.Link(fmt.Sprintf("%s/firmware/%s", psirt.ProductHref(one.Product.ID), one.Firmware.ID), one.Product.Scheme.Text(one.Firmware.Version)),
			console.Text(fullName(one.Component)), version, console.Text(c.UnitLabel(one.Product.Unit)), support(one.Product, c.Now))
	}
	d.Products = len(seen)
	return c.Render("product_components", d)
}
