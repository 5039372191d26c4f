package psirt

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/product"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// ProductDraft is what a person says of a product.
type ProductDraft struct {
	Family           string // id; empty: of none
	Vendor, VendorJA string
	Name, NameJA     string
	Scheme           string // empty: the family's
	Software         bool
	Unit             string
	CPE, PURL        string
	Offered          bool // everyone may know its name
}

// DraftOf is what is said of a product now.
func (p Product) Draft() ProductDraft {
	d := ProductDraft{p.Family, p.Vendor, p.VendorJA, p.Name, p.NameJA, "", p.Software, p.Unit, p.CPE, p.PURL, p.Offered}
	if p.Product.Scheme.Kind != "" {
		d.Scheme = p.Product.Scheme.String()
	}
	return d
}

func badField(name string, err error) fault.Field {
	return fault.Field{Name: name, Message: fault.MessageOf(err)}
}

// take puts a draft into a product and tells what is wrong with it.
func (p *Product) take(tx *store.Tx, d ProductDraft) error {
	for _, s := range []*string{&d.Vendor, &d.VendorJA, &d.Name, &d.NameJA, &d.CPE, &d.PURL} {
		*s = strings.TrimSpace(*s)
	}
	var bad []fault.Field
	for _, n := range []struct{ field, name string }{{"vendor", d.Vendor}, {"name", d.Name}} {
		if err := product.CheckName(n.name); err != nil {
			bad = append(bad, badField(n.field, err))
		}
	}
	for _, n := range []struct{ field, name string }{{"vendor_ja", d.VendorJA}, {"name_ja", d.NameJA}} {
		if err := product.CheckName(n.name); n.name != "" && err != nil {
			bad = append(bad, badField(n.field, err))
		}
	}
	if err := product.CheckNames(d.CPE, ""); err != nil {
		bad = append(bad, badField("cpe", err))
	}
	if err := product.CheckNames("", d.PURL); err != nil {
		bad = append(bad, badField("purl", err))
	}
	p.Scheme, p.Product.Scheme, p.FamilyName, p.FamilyJA = product.Scheme{Kind: product.Dotted}, product.Scheme{}, "", ""
	if d.Family != "" {
		f, err := findFamily(tx, d.Family)
		if fault.Is(err, fault.KindNotFound) {
			bad = append(bad, fault.F("family", "There is no such family"))
		} else if err != nil {
			return err
		}
		p.Scheme, p.FamilyName, p.FamilyJA = f.Scheme, f.Name, f.NameJA
	}
	if d.Scheme != "" {
		s, err := product.ParseScheme(d.Scheme)
		if err != nil {
			bad = append(bad, badField("scheme", err))
		}
		p.Scheme, p.Product.Scheme = s, s
	}
	if len(bad) == 0 {
		if err := fits(p.Scheme, p.Firmware); err != nil {
			bad = append(bad, badField("scheme", err))
		}
		same, err := store.Texts(tx, "SELECT id FROM psirt_product WHERE vendor = $1 AND name = $2 AND id <> $3", d.Vendor, d.Name, p.ID)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			bad = append(bad, fault.F("name", "There is a product of this vendor and name already"))
		}
	}
	p.Family, p.Vendor, p.VendorJA, p.Name, p.NameJA = d.Family, d.Vendor, d.VendorJA, d.Name, d.NameJA
	p.Software, p.Unit, p.CPE, p.PURL, p.Offered = d.Software, d.Unit, d.CPE, d.PURL, d.Offered
	if len(bad) > 0 {
		return fault.Invalid(bad...)
	}
	return nil
}

// fits tells whether an order can hold some versions, each once.
func fits(s product.Scheme, versions []product.Firmware) error {
	for i, f := range versions {
		if err := s.Check(f.Version); err != nil {
			return err
		}
		for _, g := range versions[:i] {
			if s.Compare(f.Version, g.Version) == 0 {
				return fault.Invalidf("%s and %s are the same version in this order", f.Version, g.Version)
			}
		}
	}
	return nil
}

// mayRegister says whether the actor may register products of a unit.
func mayRegister(by authz.Actor, unit string) error {
	if by.IsSystem() {
		return nil
	}
	if !by.Can(Read, unit) && !by.Can(Register, unit) {
		return fault.Invalid(fault.F("unit", "Choose a unit"))
	}
	return by.May(Register, unit)
}

// AddProduct registers a product and returns its id.
func (s *Service) AddProduct(ctx context.Context, by authz.Actor, d ProductDraft) (string, error) {
	p := Product{}
	p.ID = id.New()
	return p.ID, s.db.Change(ctx, func(tx *store.Tx) error {
		if err := mayRegister(by, d.Unit); err != nil {
			return err
		}
		return s.register(tx, by, &p, d)
	})
}

func (s *Service) register(tx *store.Tx, by authz.Actor, p *Product, d ProductDraft) error {
	p.Version = 0
	if err := p.take(tx, d); err != nil {
		return err
	}
	if err := saveProduct(tx, p); err != nil {
		return err
	}
	if err := s.showProduct(tx, *p); err != nil {
		return err
	}
	return tx.Record(by, fact.PsirtProductRegistered{ID: p.ID, Unit: p.Unit, Vendor: p.Vendor, Name: p.Name, Family: p.Family})
}

// changes are the fields in which two drafts differ.
func (d ProductDraft) changes(now ProductDraft) (all []fact.PsirtProductChange) {
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return ""
	}
	for _, f := range []struct{ field, from, to string }{
		{"family", d.Family, now.Family}, {"vendor", d.Vendor, now.Vendor}, {"vendor_ja", d.VendorJA, now.VendorJA}, {"name", d.Name, now.Name},
		{"name_ja", d.NameJA, now.NameJA}, {"scheme", d.Scheme, now.Scheme}, {"software", yes(d.Software), yes(now.Software)},
		{"unit", d.Unit, now.Unit}, {"cpe", d.CPE, now.CPE}, {"purl", d.PURL, now.PURL}, {"offered", yes(d.Offered), yes(now.Offered)},
	} {
		if f.from != f.to {
			all = append(all, fact.PsirtProductChange{Field: f.field, From: f.from, To: f.to})
		}
	}
	return all
}

// EditProduct corrects a product. Its id stays, and so do those in advisories.
func (s *Service) EditProduct(ctx context.Context, by authz.Actor, product string, version int64, d ProductDraft) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := keeping(tx, by, product, version)
		if err != nil {
			return err
		}
		if d.Unit != p.Unit {
			if err := mayRegister(by, d.Unit); err != nil {
				return err
			}
		}
		was := p.Draft()
		if err := p.take(tx, d); err != nil {
			return err
		}
		return s.changed(tx, by, &p, was.changes(p.Draft())...)
	})
}

// changed saves a product and records what is different; nothing, if nothing is.
func (s *Service) changed(tx *store.Tx, by authz.Actor, p *Product, fields ...fact.PsirtProductChange) error {
	if len(fields) == 0 {
		return nil
	}
	if err := saveProduct(tx, p); err != nil {
		return err
	}
	if err := s.showProduct(tx, *p); err != nil {
		return err
	}
	return tx.Record(by, fact.PsirtProductChanged{ID: p.ID, Unit: p.Unit, Fields: fields})
}

// RetireProduct takes a product out of use, or back into it. It stays in the registry:
// advisories name it.
func (s *Service) RetireProduct(ctx context.Context, by authz.Actor, product string, version int64, back bool) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := keeping(tx, by, product, version)
		if err != nil {
			return err
		}
		if back == p.Retired.IsZero() {
			return staleProduct()
		}
		if p.Retired = tx.Now; back {
			p.Retired = time.Time{}
		}
		if err := saveProduct(tx, &p); err != nil {
			return err
		}
		if err := s.showProduct(tx, p); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtProductRetired{ID: p.ID, Unit: p.Unit, Back: back})
	})
}

// FamilyDraft is what a person says of a family.
type FamilyDraft struct{ Name, NameJA, Scheme, Unit string }

// KeepFamily registers a family, or corrects the one with the id; it returns the id.
// Another order of versions must hold those of all its products.
func (s *Service) KeepFamily(ctx context.Context, by authz.Actor, family string, version int64, d FamilyDraft) (string, error) {
	key := family
	if key == "" {
		key = id.New()
	}
	return key, s.db.Change(ctx, func(tx *store.Tx) error {
		f := Family{Family: product.Family{ID: key}}
		if family != "" {
			var err error
			if f, err = findFamily(tx, family); err != nil {
				return err
			}
			if !by.IsSystem() {
				if err := by.See(Read, f.Unit); err != nil {
					return err
				}
				if err := by.May(Register, f.Unit); err != nil {
					return err
				}
			}
			if version != f.Version {
				return staleProduct()
			}
		}
		if d.Unit != f.Unit {
			if err := mayRegister(by, d.Unit); err != nil {
				return err
			}
		}
		return s.keepFamily(tx, by, f, d)
	})
}

func (s *Service) keepFamily(tx *store.Tx, by authz.Actor, f Family, d FamilyDraft) error {
	d.Name, d.NameJA = strings.TrimSpace(d.Name), strings.TrimSpace(d.NameJA)
	var bad []fault.Field
	if err := product.CheckName(d.Name); err != nil {
		bad = append(bad, badField("name", err))
	}
	if err := product.CheckName(d.NameJA); d.NameJA != "" && err != nil {
		bad = append(bad, badField("name_ja", err))
	}
	scheme, err := product.ParseScheme(d.Scheme)
	if err != nil {
		bad = append(bad, badField("scheme", err))
	}
	same, err := store.Texts(tx, "SELECT id FROM psirt_product_family WHERE name = $1 AND id <> $2", d.Name, f.ID)
	if err != nil {
		return err
	}
	if len(same) > 0 {
		bad = append(bad, fault.F("name", "There is a family of this name already"))
	}
	if len(bad) == 0 && scheme != f.Scheme {
		of, err := store.Texts(tx, "SELECT id FROM psirt_product WHERE family = $1 AND scheme = ''", f.ID)
		if err != nil {
			return err
		}
		if len(of) > 0 {
			entries, err := entriesOf(tx, of...)
			if err != nil {
				return err
			}
			for _, p := range entries {
				if err := fits(scheme, p.Firmware); err != nil {
					bad = append(bad, fault.F("scheme", "The versions of %s do not fit: %s", p.Name, fault.MessageOf(err)))
					break
				}
			}
		}
	}
	if len(bad) > 0 {
		return fault.Invalid(bad...)
	}
	var fields []fact.PsirtProductChange
	for _, c := range []struct{ field, from, to string }{{"name", f.Name, d.Name}, {"name_ja", f.NameJA, d.NameJA}, {"scheme", f.Scheme.String(), scheme.String()}, {"unit", f.Unit, d.Unit}} {
		if c.from != c.to {
			fields = append(fields, fact.PsirtProductChange{Field: c.field, From: c.from, To: c.to})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	if f.Version == 0 {
		_, err = tx.Exec("INSERT INTO psirt_product_family (id, name, name_ja, scheme, unit) VALUES ($1,$2,$3,$4,$5)", f.ID, d.Name, d.NameJA, scheme.String(), d.Unit)
	} else {
		_, err = tx.Exec("UPDATE psirt_product_family SET name=$2, name_ja=$3, scheme=$4, unit=$5, version = version + 1 WHERE id = $1", f.ID, d.Name, d.NameJA, scheme.String(), d.Unit)
	}
	if err != nil {
		return err
	}
	if err := tx.Record(by, fact.PsirtFamilyKept{ID: f.ID, Unit: d.Unit, New: f.Version == 0, Fields: fields}); err != nil {
		return err
	}
	return s.renamedFamily(tx, f.ID)
}

// renamedFamily brings the name of a family to where its products are searched.
func (s *Service) renamedFamily(tx *store.Tx, family string) error {
	of, err := store.Texts(tx, "SELECT id FROM psirt_product WHERE family = $1", family)
	if err != nil || len(of) == 0 {
		return err
	}
	entries, err := entriesOf(tx, of...)
	if err != nil {
		return err
	}
	for _, p := range entries {
		if _, err := tx.Exec("UPDATE psirt_product SET haystack = $1 WHERE id = $2", productHaystack(p), p.ID); err != nil {
			return err
		}
		if err := s.showProduct(tx, p); err != nil {
			return err
		}
	}
	return nil
}

// Families are the families that the actor may know of: those of units where he may
// read, and those of products that he may see.
func (s *Service) Families(ctx context.Context, by authz.Actor) (all []Family, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := by.Scope(Read).Where("p.unit", 1)
		of, err := store.Texts(tx, "SELECT DISTINCT p.family FROM psirt_product p WHERE "+in, args...)
		if err != nil {
			return err
		}
		all, err = readFamilies(tx)
		all = slices.DeleteFunc(all, func(f Family) bool { return !by.IsSystem() && !by.Can(Read, f.Unit) && !slices.Contains(of, f.ID) })
		return err
	})
	return all, err
}

// Family is one of them.
func (s *Service) Family(ctx context.Context, by authz.Actor, key string) (f Family, err error) {
	all, err := s.Families(ctx, by)
	i := slices.IndexFunc(all, func(f Family) bool { return f.ID == key })
	if err == nil && i < 0 {
		return f, missing()
	}
	if err != nil {
		return f, err
	}
	return all[i], nil
}

// Product is one product, if the actor may see it.
func (s *Service) Product(ctx context.Context, by authz.Actor, product string) (p Product, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = openProduct(tx, by, product)
		return err
	})
	return p, err
}

// ProductTree is Tree by itself, of products that the actor may see.
func (s *Service) ProductTree(ctx context.Context, by authz.Actor, ranges []product.Range, lang text.Lang) (t *product.Tree, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		for _, r := range ranges {
			if _, err := openProduct(tx, by, r.Product); err != nil {
				return err
			}
		}
		t, err = Tree(tx, ranges, lang)
		return err
	})
	return t, err
}
