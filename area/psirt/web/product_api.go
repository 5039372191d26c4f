package web

import (
	"time"

	"yagura/api"
	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
)

type productJSON struct {
	ID         string    `json:"id" doc:"Stays whatever the product is called"`
	Version    int64     `json:"version" doc:"Grows with every change; hand it back to replace the product"`
	Vendor     string    `json:"vendor"`
	VendorJA   string    `json:"vendor_ja,omitempty"`
	Name       string    `json:"name"`
	NameJA     string    `json:"name_ja,omitempty"`
	Family     string    `json:"family,omitempty" doc:"Id of its family"`
	FamilyName string    `json:"family_name,omitempty"`
	Scheme     string    `json:"scheme" doc:"Order of its versions: its own or its family's" example:"lettered"`
	Software   bool      `json:"software"`
	Unit       string    `json:"unit" doc:"Id of the unit that builds it"`
	CPE        string    `json:"cpe,omitempty"`
	PURL       string    `json:"purl,omitempty"`
	Offered    bool      `json:"offered" doc:"Customers may subscribe to it on the public site"`
	Registered time.Time `json:"registered"`
	Changed    time.Time `json:"changed"`
	Retired    time.Time `json:"retired,omitzero"`
	SupportEnd string    `json:"support_end,omitempty" doc:"Day on which the support of its last version ends" example:"2031-03-31"`
}

type hardwareJSON struct {
	Name    string `json:"name" example:"Rev. B"`
	CPE     string `json:"cpe,omitempty"`
	Serials string `json:"serials,omitempty" doc:"Serial numbers that have it" example:"2306*.."`
}

type modelJSON struct {
	Number   string         `json:"number" example:"FX9U-32MT/ES"`
	CPE      string         `json:"cpe,omitempty"`
	Retired  bool           `json:"retired,omitempty" doc:"Shown, not handed in: a model that is not named is retired"`
	Hardware []hardwareJSON `json:"hardware,omitempty"`
}

type versionJSON struct {
	Version    string `json:"version" example:"1.05F"`
	Released   string `json:"released,omitempty" doc:"Day of its release" example:"2026-11-23"`
	SupportEnd string `json:"support_end,omitempty" doc:"From this day on there are no more corrections"`
}

type productDetailJSON struct {
	productJSON
	Models   []modelJSON   `json:"models"`
	Versions []versionJSON `json:"versions" doc:"The newest first"`
}

type productInJSON struct {
	Version  int64          `json:"version,omitempty" doc:"To replace one: the version that was read; a changed product is a conflict"`
	Vendor   string         `json:"vendor"`
	VendorJA string         `json:"vendor_ja,omitempty"`
	Name     string         `json:"name"`
	NameJA   string         `json:"name_ja,omitempty"`
	Family   string         `json:"family,omitempty" doc:"Id of its family"`
	Scheme   string         `json:"scheme,omitempty" doc:"Its own order of versions; that of the family where empty"`
	Software bool           `json:"software,omitempty"`
	Unit     string         `json:"unit" doc:"Id of the unit that builds it"`
	CPE      string         `json:"cpe,omitempty"`
	PURL     string         `json:"purl,omitempty"`
	Offered  bool           `json:"offered,omitempty" doc:"Everyone may know its name: customers may subscribe to it"`
	Models   *[]modelJSON   `json:"models,omitempty" doc:"All models in use: others are retired. Absent: they stay as they are"`
	Versions *[]versionJSON `json:"versions,omitempty" doc:"Versions that come new, or whose days change. Others stay"`
}

func (p *pages) productRoutes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/psirt/products", Summary: "Products of the registry that the holder of the token may see", Act: psirt.Read,
			Query: append(api.Paging("name", "family", "unit", "support", "changed"),
				api.Param{Name: "q", Doc: "Text in names and model numbers"},
				api.Param{Name: "family", Doc: "Only products of this family (id); none is those of no family"},
				api.Param{Name: "unit", Doc: "Only products of this unit and below it"},
				api.Param{Name: "state", Doc: "With support, whose support ends within a year, whose support ended, retired", Enum: []string{"used", "soon", "ended", "retired"}}),
			Out: api.List[productJSON]{}, Handle: p.apiProducts},
		{Method: "POST", Path: "/psirt/products", Summary: "Register a product with its models and versions", Act: psirt.Register, In: productInJSON{}, Out: productDetailJSON{}, Handle: p.apiAddProduct},
		{Method: "GET", Path: "/psirt/products/{product}", Summary: "One product with its models and versions", Act: psirt.Read, Out: productDetailJSON{}, Handle: p.apiProduct},
		{Method: "PUT", Path: "/psirt/products/{product}", Summary: "Replace what the registry says of a product", Doc: "All of it or, where something is wrong, nothing. Models that are not named are retired; versions and revisions of hardware stay, since advisories name them.",
			Act: psirt.Register, In: productInJSON{}, Out: productDetailJSON{}, MaxBody: 4 << 20, Handle: p.apiPutProduct},
	}
}

func showProduct(r psirt.Product) productJSON {
	return productJSON{ID: r.ID, Version: r.Version, Vendor: r.Vendor, VendorJA: r.VendorJA, Name: r.Name, NameJA: r.NameJA, Family: r.Family, FamilyName: r.FamilyName, Scheme: r.Scheme.String(),
		Software: r.Software, Unit: r.Unit, CPE: r.CPE, PURL: r.PURL, Offered: r.Offered, Registered: r.Registered, Changed: r.Changed, Retired: r.Retired, SupportEnd: day(r.SupportEnd)}
}

func showWholeProduct(r psirt.Product) productDetailJSON {
	out := productDetailJSON{productJSON: showProduct(r), Models: []modelJSON{}, Versions: []versionJSON{}}
	for _, m := range r.Models {
		j := modelJSON{Number: m.Number, CPE: m.CPE, Retired: !r.Gone[m.ID].IsZero()}
		for _, h := range m.Hardware {
			j.Hardware = append(j.Hardware, hardwareJSON{h.Name, h.CPE, h.Serials.String()})
		}
		out.Models = append(out.Models, j)
	}
	for _, f := range r.Firmware {
		out.Versions = append(out.Versions, versionJSON{f.Version, day(f.Released), day(f.SupportEnd)})
	}
	return out
}

func (p *pages) apiProducts(c *api.Context) (any, error) {
	pg, err := c.Page("name")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.Products(c.Context(), c.Actor, c.Actor.Scope(psirt.Read), psirt.ProductFilter{Query: c.Query("q"), Family: c.Query("family"), Unit: c.Query("unit"), State: c.Query("state"), Page: pg})
	if err != nil {
		return nil, err
	}
	return api.Cut(pg, total, rows, func(r psirt.ProductRow) keyset.Position { return psirt.ProductAt(r.Product, pg.Sort) }, func(r psirt.ProductRow) productJSON { return showProduct(r.Product) }), nil
}

func (p *pages) productOf(c *api.Context, id string) (any, error) {
	one, err := p.s.Product(c.Context(), c.Actor, id)
	if err != nil {
		return nil, err
	}
	return showWholeProduct(one), nil
}

func (p *pages) apiProduct(c *api.Context) (any, error) { return p.productOf(c, c.Path("product")) }

func (p *pages) apiAddProduct(c *api.Context) (any, error) {
	d, err := api.In[productInJSON](c).state()
	if err != nil {
		return nil, err
	}
	id, err := p.s.PutProduct(c.Context(), c.Actor, "", 0, d)
	if err != nil {
		return nil, err
	}
	return p.productOf(c, id)
}

func (p *pages) apiPutProduct(c *api.Context) (any, error) {
	in := api.In[productInJSON](c)
	one, err := p.s.Product(c.Context(), c.Actor, c.Path("product")) // what one may not see is not there, whatever the body
	if err != nil {
		return nil, err
	}
	d, err := in.state()
	if err == nil && in.Version == 0 {
		err = fault.Invalid(fault.F("version", "Say which version you read"))
	}
	if err != nil {
		return nil, err
	}
	if _, err := p.s.PutProduct(c.Context(), c.Actor, one.ID, in.Version, d); err != nil {
		return nil, err
	}
	return p.productOf(c, one.ID)
}

// state reads what is handed in.
func (in *productInJSON) state() (d psirt.ProductState, err error) {
	d.ProductDraft = psirt.ProductDraft{Family: in.Family, Vendor: in.Vendor, VendorJA: in.VendorJA, Name: in.Name, NameJA: in.NameJA, Scheme: in.Scheme, Software: in.Software,
		Unit: in.Unit, CPE: in.CPE, PURL: in.PURL, Offered: in.Offered}
	var wrong []fault.Field
	if in.Models != nil {
		d.Models = []product.Model{}
		for i, m := range *in.Models {
			one := product.Model{Number: m.Number, CPE: m.CPE}
			for n, h := range m.Hardware {
				serials, err := product.ParseSerials(h.Serials)
				if err != nil {
					wrong = append(wrong, fault.Field{Name: place("models", i, "hardware", n, "serials"), Message: fault.MessageOf(err)})
				}
				one.Hardware = append(one.Hardware, product.Hardware{Name: h.Name, CPE: h.CPE, Serials: serials})
			}
			d.Models = append(d.Models, one)
		}
	}
	if in.Versions != nil {
		for i, v := range *in.Versions {
			f := product.Firmware{Version: v.Version}
			for _, x := range []struct {
				name, said string
				into       *time.Time
			}{{"released", v.Released, &f.Released}, {"support_end", v.SupportEnd, &f.SupportEnd}} {
				if *x.into, err = time.Parse(time.DateOnly, x.said); x.said != "" && err != nil {
					wrong = append(wrong, fault.F(place("versions", i, x.name), "A date such as 2026-11-23 is needed here"))
				}
			}
			d.Firmware = append(d.Firmware, f)
		}
	}
	if len(wrong) > 0 {
		return d, fault.Invalid(wrong...)
	}
	return d, nil
}
