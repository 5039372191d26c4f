// Package product is what a maker has built: families, products, their models,
// hardware revisions and firmware versions, how versions of a family are ordered,
// which of them a weakness concerns (Range), and the product tree of an advisory
// that says so. All names in advisories come from here, and ids from what does not
// change when something is renamed. It knows no database and no page.
package product

import (
	"cmp"
	"slices"
	"time"

	"yagura/kernel/text"
)

// Family is a series of products whose versions are ordered alike.
type Family struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	NameJA string `json:"name_ja,omitempty"`
	Scheme Scheme `json:"scheme"`
}

// Product is what is sold under one name, in one model or many.
type Product struct {
	ID       string     `json:"id"`
	Family   string     `json:"family,omitempty"` // id; empty: of none
	Vendor   string     `json:"vendor,omitempty"` // empty: the catalog's
	VendorJA string     `json:"vendor_ja,omitempty"`
	Name     string     `json:"name"`
	NameJA   string     `json:"name_ja,omitempty"`
	Scheme   Scheme     `json:"scheme,omitzero"`    // where it is not the family's
	Software bool       `json:"software,omitempty"` // has no hardware of its own
	CPE      string     `json:"cpe,omitempty"`      // 2.3, of any version
	PURL     string     `json:"purl,omitempty"`     // without a version
	Models   []Model    `json:"models,omitempty"`
	Firmware []Firmware `json:"firmware,omitempty"` // what runs on it
	Unit     string     `json:"unit,omitempty"`     // the works that build it
}

// Model is one of the types a product is sold in, by the number on its label.
type Model struct {
	ID       string     `json:"id"`
	Number   string     `json:"number"` // FX9U-32MT/ES
	CPE      string     `json:"cpe,omitempty"`
	Hardware []Hardware `json:"hardware,omitempty"`
}

// Hardware is a revision of a model's hardware.
type Hardware struct {
	ID   string `json:"id"`
	Name string `json:"name"` // "Rev. B"
	CPE  string `json:"cpe,omitempty"`
	// Serials are the serial numbers that have it, where that is known.
	Serials Serials `json:"serials,omitzero"`
}

// Firmware is a version of what runs on a product, or of a software product.
type Firmware struct {
	ID         string    `json:"id"`
	Version    string    `json:"version"`
	Released   time.Time `json:"released,omitzero"`
	SupportEnd time.Time `json:"support_end,omitzero"` // from this day on there are no more corrections
}

// Label is the family's name in a language.
func (f Family) Label(lang text.Lang) string { return label(lang, f.Name, f.NameJA) }

// Label is the product's name in a language.
func (p Product) Label(lang text.Lang) string { return label(lang, p.Name, p.NameJA) }

func label(lang text.Lang, name, ja string) string {
	if lang == text.JA && ja != "" {
		return ja
	}
	return name
}

// Model is the model with an id.
func (p Product) Model(id string) (Model, bool) {
	i := slices.IndexFunc(p.Models, func(m Model) bool { return m.ID == id })
	if i < 0 {
		return Model{}, false
	}
	return p.Models[i], true
}

// Revision is the hardware revision with an id.
func (m Model) Revision(id string) (Hardware, bool) {
	i := slices.IndexFunc(m.Hardware, func(h Hardware) bool { return h.ID == id })
	if i < 0 {
		return Hardware{}, false
	}
	return m.Hardware[i], true
}

// Catalog is a part of the registry: what is needed to name and order what a
// selection of ranges is about.
type Catalog struct {
	Vendor   string    `json:"vendor"` // the maker, where a product names none
	VendorJA string    `json:"vendor_ja,omitempty"`
	Families []Family  `json:"families,omitempty"`
	Products []Product `json:"products"`
}

// Product is the product with an id.
func (c *Catalog) Product(id string) (Product, bool) {
	i := slices.IndexFunc(c.Products, func(p Product) bool { return p.ID == id })
	if i < 0 {
		return Product{}, false
	}
	return c.Products[i], true
}

// Family is the family with an id.
func (c *Catalog) Family(id string) (Family, bool) {
	i := slices.IndexFunc(c.Families, func(f Family) bool { return f.ID == id })
	if i < 0 {
		return Family{}, false
	}
	return c.Families[i], true
}

// Scheme is how the versions of a product are ordered: dotted numbers, where neither
// it nor its family says.
func (c *Catalog) Scheme(p Product) Scheme {
	if p.Scheme.Kind != "" {
		return p.Scheme
	}
	f, ok := c.Family(p.Family)
	if !ok {
		return Scheme{Kind: Dotted}
	}
	return f.Scheme
}

// Sort puts the versions of a product into their order, the newest first.
func Sort(s Scheme, versions []Firmware) {
	slices.SortStableFunc(versions, func(a, b Firmware) int {
		return cmp.Or(s.Compare(b.Version, a.Version), cmp.Compare(b.Version, a.Version))
	})
}
