package web

import (
	"net/http"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// products adds the pages of the registry of products.
func (p *pages) products(a *console.Area) {
	registry, one, family, importing := text.M("Product registry"), text.M("Product§registry"), text.M("Family of products"), text.M("Import products")
	a.Nav = append(a.Nav, console.NavItem{Section: console.Products, Label: registry, Href: "/psirt/products", Icon: "box", Act: psirt.Read, Order: 20})
	a.Commands = append(a.Commands,
		console.Command{Label: text.M("Register a product"), Href: "/psirt/products/new", Icon: "plus", Act: psirt.Register},
		console.Command{Label: text.M("Which products contain a component?"), Href: "/psirt/products/components", Icon: "search", Act: psirt.Read})
	a.API = append(a.API, p.productRoutes()...)
	large := func(path string, max int64, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: http.MethodPost, Path: path, Act: psirt.Register, Title: title, MaxBody: max + 1<<20, Handle: handle}
	}
	a.Pages = append(a.Pages,
		get("/psirt/products", psirt.Read, registry, p.productList),
		get("/psirt/products/new", psirt.Register, text.M("Register a product"), p.newProduct),
		post("/psirt/products/new", psirt.Register, text.M("Register a product"), p.addProduct),
		get("/psirt/product-families", psirt.Read, text.M("Families of products"), p.familyList),
		get("/psirt/product-families/new", psirt.Register, family, p.familyForm),
		post("/psirt/product-families/new", psirt.Register, family, p.keepFamily),
		get("/psirt/product-families/{family}", psirt.Register, family, p.familyForm),
		post("/psirt/product-families/{family}", psirt.Register, family, p.keepFamily),
		get("/psirt/product-import", psirt.Register, importing, p.importForm),
		large("/psirt/product-import", psirt.LargestImport, importing, p.checkImport),
		get("/psirt/product-import/{import}", psirt.Register, importing, p.importPlan),
		post("/psirt/product-import/{import}/apply", psirt.Register, importing, p.applyImport),
		get("/psirt/products/components", psirt.Read, text.M("Which products contain a component?"), p.componentSearch),
		get("/psirt/products/{product}", psirt.Read, one, p.product),
		get("/psirt/products/{product}/edit", psirt.Register, text.M("Correct the product"), p.editProduct),
		post("/psirt/products/{product}/edit", psirt.Register, text.M("Correct the product"), p.changeProduct),
		post("/psirt/products/{product}/retire", psirt.Register, one, p.retireProduct),
		post("/psirt/products/{product}/models", psirt.Register, one, p.addModels),
		get("/psirt/products/{product}/models/{model}", psirt.Register, text.M("Model§product"), p.modelForm),
		post("/psirt/products/{product}/models/{model}", psirt.Register, text.M("Model§product"), p.changeModel),
		post("/psirt/products/{product}/models/{model}/hardware", psirt.Register, text.M("Model§product"), p.keepHardware),
		post("/psirt/products/{product}/firmware", psirt.Register, one, p.addFirmware),
		get("/psirt/products/{product}/firmware/{firmware}", psirt.Read, text.M("Version§product"), p.firmware),
		post("/psirt/products/{product}/firmware/{firmware}", psirt.Register, text.M("Version§product"), p.changeFirmware),
		large("/psirt/products/{product}/firmware/{firmware}/bill", 16<<20, text.M("Version§product"), p.takeBill),
	)
}

// support says how it stands with a product's support.
func support(p psirt.Product, now time.Time) console.Cell {
	switch {
	case !p.Retired.IsZero():
		return console.Chip(console.Plain, text.M("Retired§product"))
	case p.SupportEnd.IsZero():
		return console.Text("")
	case !p.SupportEnd.After(now):
		return console.Chip(console.Bad, text.M("Support ended %s", p.SupportEnd.Format(time.DateOnly)))
	case p.SupportEnd.Before(now.AddDate(1, 0, 0)):
		return console.Chip(console.Warn, text.M("Support ends %s", p.SupportEnd.Format(time.DateOnly)))
	}
	return console.Text(p.SupportEnd.Format(time.DateOnly))
}

// newest is the newest version of a product, as it stands on labels.
func newest(p psirt.Product) string {
	if len(p.Firmware) == 0 {
		return ""
	}
	return p.Scheme.Text(p.Firmware[0].Version)
}

type productRow struct {
	psirt.ProductRow
	name, family, unit string
}

func (p *pages) productColumns() console.List[productRow] {
	return console.List[productRow]{
		Name: "products", Caption: text.M("Products§registry"), Sort: "name",
		Columns: []console.Column[productRow]{
			{Key: "name", Head: text.M("Product§registry"), Sort: true,
				Cell: func(_ *console.Context, r productRow) console.Cell {
					return console.Strong(psirt.ProductHref(r.ID), r.name)
				},
				Value: func(r productRow) any { return r.Name }},
			{Key: "family", Head: text.M("Family of products"), Sort: true,
				Cell:  func(_ *console.Context, r productRow) console.Cell { return console.Text(r.family) },
				Value: func(r productRow) any { return r.FamilyName }},
			{Key: "unit", Head: text.M("Works that build it"), Sort: true,
				Cell:  func(_ *console.Context, r productRow) console.Cell { return console.Text(r.unit) },
				Value: func(r productRow) any { return r.unit }},
			{Key: "models", Head: text.M("Models§product"), Num: true, Value: func(r productRow) any { return int64(r.Models) }},
			{Key: "versions", Head: text.M("Versions§product"), Num: true, Value: func(r productRow) any { return int64(r.Versions) }},
			{Key: "bills", Head: text.M("With a bill of materials"), ExportOnly: true, Value: func(r productRow) any { return int64(r.WithBill) }},
			{Key: "support", Head: text.M("Support§product"), Sort: true,
				Cell:  func(c *console.Context, r productRow) console.Cell { return support(r.Product, c.Now) },
				Value: func(r productRow) any { return r.SupportEnd }},
			{Key: "vendor", Head: text.M("Vendor§product"), ExportOnly: true, Value: func(r productRow) any { return r.Vendor }},
			{Key: "id", Head: text.M("ID§product"), ExportOnly: true, Value: func(r productRow) any { return r.ID }},
			{Key: "unit_id", Head: text.M("Unit ID"), ExportOnly: true, Value: func(r productRow) any { return r.Unit }},
			{Key: "cpe", Head: text.M("CPE§product"), ExportOnly: true, Value: func(r productRow) any { return r.CPE }},
			{Key: "purl", Head: text.M("Package URL"), ExportOnly: true, Value: func(r productRow) any { return r.PURL }},
			{Key: "retired", Head: text.M("Retired§product"), ExportOnly: true, Value: func(r productRow) any { return r.Retired }},
		},
		Filters: []console.Filter{
			{Name: "q", Label: text.M("Search")},
			{Name: "family", Label: text.M("Family of products"), Choices: p.familyChoices},
			{Name: "works", Label: text.M("Works that build it"), Choices: p.worksChoices},
			{Name: "state", Label: text.M("Support§product"), Options: []console.Option{{Value: "used", Label: text.M("With support")}, {Value: "soon", Label: text.M("Support ends within a year")},
				{Value: "ended", Label: text.M("Support ended")}, {Value: "retired", Label: text.M("Retired§product")}}},
			{Name: "bills", Label: text.M("Bill of materials"), Options: []console.Option{{Value: "none", Label: text.M("No version has one")}}},
		},
		At: func(r productRow, sort string) keyset.Position { return psirt.ProductAt(r.Product, sort) },
		Empty: console.Empty{Title: text.M("No products"), Body: text.M("No product is registered in the units that you may see."),
			Action: text.M("Register a product"), Href: "/psirt/products/new"},
	}
}

func (p *pages) familyChoices(c *console.Context) []console.Option {
	opts := []console.Option{{Value: "none", Label: text.M("Of no family")}}
	families, err := p.s.Families(c.Context(), c.Actor)
	if err != nil {
		return opts
	}
	for _, f := range families {
		opts = append(opts, console.Option{Value: f.ID, Label: text.Literal(f.Label(c.Lang))})
	}
	return opts
}

func (p *pages) worksChoices(c *console.Context) []console.Option {
	opts := []console.Option{}
	units, err := p.s.Works(c.Context(), c.Actor)
	if err != nil {
		return opts
	}
	for _, u := range units {
		opts = append(opts, console.Option{Value: u, Label: text.Literal(c.UnitLabel(u))})
	}
	return opts
}

func (p *pages) productList(c *console.Context) error {
	return p.productColumns().Serve(c, "products", func(q console.Query) ([]productRow, int, error) {
		found, total, err := p.s.Products(c.Context(), c.Actor, c.Actor.Scope(psirt.Read), psirt.ProductFilter{Query: q.Get("q"), Family: q.Get("family"),
			Works: q.Get("works"), State: q.Get("state"), NoBills: q.Get("bills") == "none", Unit: c.Unit, Page: q.Page})
		if err != nil {
			return nil, 0, err
		}
		rows := make([]productRow, len(found))
		for i, r := range found {
			rows[i] = productRow{r, r.Label(c.Lang), r.InFamily(c.Lang), c.UnitLabel(r.Unit)}
		}
		return rows, total, nil
	}, nil)
}

// productForm is the form of a product's own fields.
type productForm struct {
	psirt.ProductDraft
	ID       string
	Version  int64
	Back     string
	Families []console.Option
	Units    []console.Option
	Schemes  []console.Option
}

func (p *pages) formOf(c *console.Context, d psirt.ProductDraft) productForm {
	f := productForm{ProductDraft: d, Back: "/psirt/products", Families: []console.Option{{Label: text.M("Of no family")}}, Units: c.UnitOptions(psirt.Register),
		Schemes: append([]console.Option{{Label: text.M("That of the family")}}, schemeOptions(d.Scheme)...)}
	f.Families = append(f.Families, p.familyChoices(c)[1:]...)
	return f
}

// schemeOptions are the orders of versions; one with a prefix, if it is in use.
func schemeOptions(now string) (opts []console.Option) {
	known := now == ""
	for _, k := range product.Kinds {
		opts = append(opts, console.Option{Value: string(k.Kind), Label: text.M("%s: %s", k.Name, k.Example)})
		known = known || now == string(k.Kind)
	}
	if !known {
		opts = append(opts, console.Option{Value: now, Label: text.Literal(now)})
	}
	return opts
}

func draftIn(c *console.Context) psirt.ProductDraft {
	return psirt.ProductDraft{Family: c.Value("family"), Vendor: c.Value("vendor"), VendorJA: c.Value("vendor_ja"), Name: c.Value("name"), NameJA: c.Value("name_ja"),
		Scheme: c.Value("scheme"), Software: c.Bool("software"), Unit: c.Value("unit"), CPE: c.Value("cpe"), PURL: c.Value("purl"), Offered: c.Bool("offered")}
}

func (p *pages) newProduct(c *console.Context) error {
	c.Crumb(text.M("Product registry"), "/psirt/products")
	d := psirt.ProductDraft{Family: c.Query("family")}
	if rows, _, err := p.s.Products(c.Context(), c.Actor, c.Actor.Scope(psirt.Read), psirt.ProductFilter{Page: keyset.Page{Sort: "changed", Desc: true, Limit: 1}}); err == nil && len(rows) > 0 {
		d.Vendor, d.VendorJA = rows[0].Vendor, rows[0].VendorJA // most makers have one name
	}
	return c.Render("product_form", p.formOf(c, d))
}

func (p *pages) addProduct(c *console.Context) error {
	id, err := p.s.AddProduct(c.Context(), c.Actor, draftIn(c))
	if err != nil {
		c.Crumb(text.M("Product registry"), "/psirt/products")
		return c.Invalid("product_form", p.formOf(c, draftIn(c)), err)
	}
	c.Flash(text.M("The product is registered. Its models and versions come next."))
	return c.Redirect(psirt.ProductHref(id))
}

func (p *pages) editProduct(c *console.Context) error {
	one, err := p.loadProduct(c)
	if err != nil {
		return err
	}
	f := p.formOf(c, one.Draft())
	f.ID, f.Version, f.Back = one.ID, one.Version, psirt.ProductHref(one.ID)
	return c.Render("product_form", f)
}

func (p *pages) changeProduct(c *console.Context) error {
	one, err := p.loadProduct(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err == nil {
		err = p.s.EditProduct(c.Context(), c.Actor, one.ID, version, draftIn(c))
	}
	if err != nil {
		f := p.formOf(c, draftIn(c))
		f.ID, f.Version, f.Back = one.ID, one.Version, psirt.ProductHref(one.ID)
		return c.Invalid("product_form", f, err)
	}
	c.Flash(text.M("Saved. In advisories the product keeps its ids."))
	return c.Redirect(psirt.ProductHref(one.ID))
}

// loadProduct reads the product of the address and says on the page where it stands. Who may
// only read is told so before a form is shown to him.
func (p *pages) loadProduct(c *console.Context) (psirt.Product, error) {
	one, err := p.s.Product(c.Context(), c.Actor, c.Path("product"))
	if err != nil {
		return one, err
	}
	if c.R.Method == http.MethodPost || c.R.URL.Path != psirt.ProductHref(one.ID) && c.Path("firmware") == "" {
		if err := c.Actor.May(psirt.Register, one.Unit); err != nil {
			return one, err
		}
	}
	c.Crumb(text.M("Product registry"), "/psirt/products")
	if c.R.URL.Path != psirt.ProductHref(one.ID) {
		c.Crumb(text.Literal(one.Label(c.Lang)), psirt.ProductHref(one.ID))
	}
	return one, nil
}

func (p *pages) retireProduct(c *console.Context) error {
	version, err := c.Int("version")
	if err != nil {
		return err
	}
	back := c.Value("do") == "back"
	if err := p.s.RetireProduct(c.Context(), c.Actor, c.Path("product"), version, back); err != nil {
		return err
	}
	c.Flash(text.M("Saved. In advisories the product keeps its ids."))
	return c.Redirect(psirt.ProductHref(c.Path("product")))
}

// familyPage is the form of a family.
type familyPage struct {
	psirt.FamilyDraft
	ID      string
	Version int64
	Units   []console.Option
	Schemes []console.Option
	Kind    string
	Prefix  string
}

func (p *pages) familyPage(c *console.Context) (familyPage, error) {
	c.Crumb(text.M("Product registry"), "/psirt/products")
	c.Crumb(text.M("Families of products"), "/psirt/product-families")
	d := familyPage{Units: c.UnitOptions(psirt.Register), Schemes: schemeOptions("")}
	id := c.Path("family")
	if id == "" {
		return d, nil
	}
	f, err := p.s.Family(c.Context(), c.Actor, id)
	if err != nil {
		return d, err
	}
	if err := c.Actor.See(psirt.Read, f.Unit); err != nil {
		return d, err
	}
	if err := c.Actor.May(psirt.Register, f.Unit); err != nil {
		return d, err
	}
	c.Title(text.Literal(f.Label(c.Lang)))
	d.ID, d.Version, d.Kind, d.Prefix = f.ID, f.Version, string(f.Scheme.Kind), f.Scheme.Prefix
	d.FamilyDraft = psirt.FamilyDraft{Name: f.Name, NameJA: f.NameJA, Unit: f.Unit}
	return d, nil
}

func (p *pages) familyForm(c *console.Context) error {
	d, err := p.familyPage(c)
	if err != nil {
		return err
	}
	return c.Render("product_family", d)
}

func (p *pages) keepFamily(c *console.Context) error {
	page, err := p.familyPage(c)
	if err != nil {
		return err
	}
	version, err := c.Int("version")
	if err != nil {
		return err
	}
	scheme := product.Scheme{Kind: product.Kind(c.Value("scheme")), Prefix: c.R.PostForm.Get("prefix")}
	d := psirt.FamilyDraft{Name: c.Value("name"), NameJA: c.Value("name_ja"), Scheme: scheme.String(), Unit: c.Value("unit")}
	if _, err := p.s.KeepFamily(c.Context(), c.Actor, page.ID, version, d); err != nil {
		return c.Invalid("product_family", page, err)
	}
	c.Flash(text.M("The family is saved."))
	return c.Redirect("/psirt/product-families")
}

func (p *pages) familyList(c *console.Context) error {
	c.Crumb(text.M("Product registry"), "/psirt/products")
	families, err := p.s.Families(c.Context(), c.Actor)
	if err != nil {
		return err
	}
	t := console.NewTable(text.M("Families of products"), text.M("Family of products"), text.M("Order of versions"), text.M("Unit"), text.M("Products§registry"))
	for _, f := range families {
		name := console.Text(f.Label(c.Lang))
		if c.Actor.Can(psirt.Register, f.Unit) {
			name = console.Strong("/psirt/product-families/"+f.ID, f.Label(c.Lang))
		}
		unit := ""
		if c.Actor.Can(psirt.Read, f.Unit) {
			unit = c.UnitLabel(f.Unit)
		}
		t.Row(name, console.Stack(console.Say(kindName(f.Scheme)), console.Code(f.Scheme.String())), console.Text(unit), console.Link("/psirt/products?family="+f.ID, c.Num(int64(f.Products))))
	}
	t.Empty = console.Empty{Title: text.M("No families"), Body: text.M("A family says how the versions of its products are ordered.")}
	return c.Render("product_families", t)
}

func kindName(s product.Scheme) text.Message {
	for _, k := range product.Kinds {
		if k.Kind == s.Kind {
			return k.Name
		}
	}
	return text.Literal(string(s.Kind))
}

// scopeOf is where the reader may see products, narrowed by the unit switcher.
func scopeOf(c *console.Context) authz.Scope {
	scope := c.Actor.Scope(psirt.Read)
	if c.Unit != "" {
		scope = scope.Within(c.Actor.Units(), c.Unit)
	}
	return scope
}

var errNoFile = fault.Invalid(fault.F("file", "Choose a file"))
