package psirt

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/product"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Product is an entry of the registry. Its id stays whatever it is called.
type Product struct {
	product.Product
	Scheme     product.Scheme // its own or its family's
	FamilyName string
	FamilyJA   string
	Registered time.Time
	Changed    time.Time
	Retired    time.Time // zero: in use
	// SupportEnd is when the last version's support ends; zero: not said, or some
	// version has no end.
	SupportEnd time.Time
	Offered    bool  // customers may subscribe to it on the public site: everyone may know its name
	Version    int64 // of the entry, counted up with every change
	Gone       map[string]time.Time
	Bills      map[string]Bill // by version's id
}

// Bill is what is known of the bill of materials of a version.
type Bill struct {
	Name       string // what it says it is about
	At         time.Time
	Made       time.Time
	SHA256     string
	Components int
}

// InFamily is the family's name in a language.
func (p Product) InFamily(lang text.Lang) string {
	if lang == text.JA && p.FamilyJA != "" {
		return p.FamilyJA
	}
	return p.FamilyName
}

// ProductHref is the page of a product.
func ProductHref(id string) string { return "/psirt/products/" + id }

// Family is a series of products in the registry.
type Family struct {
	product.Family
	Unit     string
	Version  int64
	Products int
}

// catalog reads what the registry has of some products, or of all.
func catalog(tx *store.Tx, ids ...string) (*product.Catalog, error) {
	entries, err := entriesOf(tx, ids...)
	if err != nil {
		return nil, err
	}
	c := &product.Catalog{}
	for _, p := range entries {
		c.Products = append(c.Products, p.Product)
	}
	families, err := readFamilies(tx)
	for _, f := range families {
		c.Families = append(c.Families, f.Family)
	}
	return c, err
}

// Tree makes the product tree of an advisory about some ranges, with the names that
// the registry has now. What the product ids are stays, whatever is renamed.
func Tree(tx *store.Tx, ranges []product.Range, lang text.Lang) (*product.Tree, error) {
	c, err := catalog(tx, productsOf(ranges)...)
	if err != nil {
		return nil, err
	}
	return c.Tree(ranges, lang)
}

func productsOf(ranges []product.Range) (ids []string) {
	for _, r := range ranges {
		if !slices.Contains(ids, r.Product) {
			ids = append(ids, r.Product)
		}
	}
	return ids
}

// Affected is a product that some ranges are about, with who owns it and what of it.
type Affected struct {
	Product  Product
	Ranges   []product.Range
	Models   []product.Model    // all models, where no range is about some of them only
	Firmware []product.Firmware // those versions that a range holds, the newest first
}

// AffectedBy tells which products, models and versions some ranges are about, and by
// Product.Unit whom to ask.
func AffectedBy(tx *store.Tx, ranges []product.Range) ([]Affected, error) {
	entries, err := entriesOf(tx, productsOf(ranges)...)
	if err != nil {
		return nil, err
	}
	var all []Affected
	for _, p := range entries {
		a := Affected{Product: p}
		models, versions := map[string]bool{}, map[string]bool{}
		for _, r := range ranges {
			if r.Product != p.ID {
				continue
			}
			if err := r.Check(p.Scheme); err != nil {
				return nil, err
			}
			a.Ranges = append(a.Ranges, r)
			fit := p.Models
			if r.Model != "" {
				m, _ := p.Model(r.Model)
				fit = []product.Model{m}
			} else if r.Pattern != "" {
				if fit, err = p.Fitting(r.Pattern); err != nil {
					return nil, err
				}
			}
			for _, m := range fit {
				models[m.ID] = true
			}
			for _, f := range p.Firmware {
				versions[f.ID] = versions[f.ID] || r.Holds(p.Scheme, f.Version)
			}
		}
		for _, m := range p.Models {
			if models[m.ID] {
				a.Models = append(a.Models, m)
			}
		}
		for _, f := range p.Firmware {
			if versions[f.ID] {
				a.Firmware = append(a.Firmware, f)
			}
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Affected) int {
		return cmp.Or(strings.Compare(a.Product.Unit, b.Product.Unit), strings.Compare(a.Product.Name, b.Product.Name))
	})
	return all, nil
}

// Owners are the units whose products the ranges are about.
func Owners(tx *store.Tx, ranges []product.Range) ([]string, error) {
	all, err := AffectedBy(tx, ranges)
	var units []string
	for _, a := range all {
		if !slices.Contains(units, a.Product.Unit) {
			units = append(units, a.Product.Unit)
		}
	}
	return units, err
}

// seesProduct is the rule of reading: who may read in the unit that owns it.
func seesProduct(by authz.Actor, p Product) bool { return by.IsSystem() || by.Can(Read, p.Unit) }

// openProduct loads a product that the actor may see.
func openProduct(tx *store.Tx, by authz.Actor, id string) (Product, error) {
	all, err := entriesOf(tx, id)
	if err != nil {
		return Product{}, err
	}
	if len(all) == 0 || !seesProduct(by, all[0]) {
		return Product{}, missing()
	}
	return all[0], nil
}

// keeping loads a product that the actor may change, in the version he saw; 0 is any.
func keeping(tx *store.Tx, by authz.Actor, id string, version int64) (Product, error) {
	p, err := openProduct(tx, by, id)
	if err != nil {
		return p, err
	}
	if !by.IsSystem() {
		if err := by.May(Register, p.Unit); err != nil {
			return p, err
		}
	}
	if version != 0 && version != p.Version {
		return p, staleProduct()
	}
	return p, nil
}
