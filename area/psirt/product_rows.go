package psirt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/product"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

func staleProduct() error {
	return fault.Conflict("Somebody changed this product since you opened the page. Look at it again, then repeat what you wanted to do")
}

const productColumns = `p.id, p.version, p.family, p.vendor, p.vendor_ja, p.name, p.name_ja, p.scheme, p.software, p.unit, p.cpe, p.purl,
	p.registered, p.changed, p.retired, p.support_end, p.offered, COALESCE(f.name, ''), COALESCE(f.name_ja, ''), COALESCE(f.scheme, '')`

const productTables = "psirt_product p LEFT JOIN psirt_product_family f ON f.id = p.family"

func readProduct(r store.Scanner) (p Product, err error) {
	var own, family string
	var at [4]int64
	if err = r.Scan(&p.ID, &p.Version, &p.Family, &p.Vendor, &p.VendorJA, &p.Name, &p.NameJA, &own, &p.Software, &p.Unit, &p.CPE, &p.PURL,
		&at[0], &at[1], &at[2], &at[3], &p.Offered, &p.FamilyName, &p.FamilyJA, &family); err != nil {
		return p, err
	}
	p.Registered, p.Changed, p.Retired, p.SupportEnd = store.Time(at[0]), store.Time(at[1]), store.Time(at[2]), store.Time(at[3])
	p.Gone, p.Bills = map[string]time.Time{}, map[string]Bill{}
	if own != "" {
		if p.Product.Scheme, err = product.ParseScheme(own); err != nil {
			return p, err
		}
	}
	p.Scheme = p.Product.Scheme
	if own == "" {
		p.Scheme = product.Scheme{Kind: product.Dotted}
		if family != "" {
			p.Scheme, err = product.ParseScheme(family)
		}
	}
	return p, err
}

// entriesOf reads products whole: those with the ids, or all.
func entriesOf(tx *store.Tx, ids ...string) ([]Product, error) {
	where, args := "1=1", []any{}
	if len(ids) > 0 {
		where = "p.id IN (" + productMarks(1, len(ids)) + ")"
		for _, id := range ids {
			args = append(args, id)
		}
	}
	list, err := store.Rows(tx, readProduct, "SELECT "+productColumns+" FROM "+productTables+" WHERE "+where+" ORDER BY p.name, p.id", args...)
	if err != nil {
		return nil, err
	}
	return list, fillProducts(tx, list, strings.ReplaceAll(where, "p.id", "x.product"), args)
}

// fillProducts adds models, revisions and versions.
func fillProducts(tx *store.Tx, list []Product, where string, args []any) error {
	at := map[string]int{}
	for i, p := range list {
		at[p.ID] = i
	}
	of := map[string][2]int{} // of a model: its product and place
	if err := each(tx, func(r store.Scanner) error {
		var m product.Model
		var of2 string
		var gone int64
		if err := r.Scan(&m.ID, &of2, &m.Number, &m.CPE, &gone); err != nil {
			return err
		}
		i, ok := at[of2]
		if !ok {
			return nil
		}
		p := &list[i]
		p.Models = append(p.Models, m)
		if of[m.ID] = [2]int{i, len(p.Models) - 1}; gone != 0 {
			p.Gone[m.ID] = store.Time(gone)
		}
		return nil
	}, "SELECT x.id, x.product, x.number, x.cpe, x.retired FROM psirt_product_model x WHERE "+where+" ORDER BY x.number, x.id", args...); err != nil {
		return err
	}
	if err := each(tx, func(r store.Scanner) error {
		var h product.Hardware
		var model string
		if err := r.Scan(&h.ID, &model, &h.Name, &h.CPE, &h.Serials.From, &h.Serials.Through); err != nil {
			return err
		}
		if place, ok := of[model]; ok {
			m := &list[place[0]].Models[place[1]]
			m.Hardware = append(m.Hardware, h)
		}
		return nil
	}, "SELECT x.id, x.model, x.name, x.cpe, x.serial_from, x.serial_through FROM psirt_product_hardware x WHERE "+where+" ORDER BY x.name, x.id", args...); err != nil {
		return err
	}
	if err := each(tx, func(r store.Scanner) error {
		var f product.Firmware
		var b Bill
		var of string
		var ms [4]int64
		if err := r.Scan(&f.ID, &of, &f.Version, &ms[0], &ms[1], &b.Name, &ms[2], &ms[3], &b.SHA256, &b.Components); err != nil {
			return err
		}
		i, ok := at[of]
		if !ok {
			return nil
		}
		f.Released, f.SupportEnd, b.At, b.Made = store.Time(ms[0]), store.Time(ms[1]), store.Time(ms[2]), store.Time(ms[3])
		p := &list[i]
		if p.Firmware = append(p.Firmware, f); !b.At.IsZero() {
			p.Bills[f.ID] = b
		}
		return nil
	}, "SELECT x.id, x.product, x.version, x.released, x.support_end, x.bill, x.bill_at, x.bill_made, x.bill_sha256, x.components FROM psirt_product_firmware x WHERE "+where, args...); err != nil {
		return err
	}
	for i := range list {
		product.Sort(list[i].Scheme, list[i].Firmware)
	}
	return nil
}

// each visits the rows of a query.
func each(tx *store.Tx, visit func(store.Scanner) error, query string, args ...any) error {
	_, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) { return struct{}{}, visit(r) }, query, args...)
	return err
}

// saveProduct writes a product's own fields and counts its version up; it is new where
// the version is 0.
func saveProduct(tx *store.Tx, p *Product) error {
	own := ""
	if p.Product.Scheme.Kind != "" {
		own = p.Product.Scheme.String()
	}
	p.Changed, p.SupportEnd = tx.Now, supportEnd(p.Firmware)
	if p.Version == 0 {
		p.Registered = tx.Now
	}
	args := []any{p.ID, p.Version + 1, p.Family, p.Vendor, p.VendorJA, p.Name, p.NameJA, own, flag(p.Software), p.Unit, p.CPE, p.PURL,
		store.Millis(p.Registered), store.Millis(p.Changed), store.Millis(p.Retired), store.Millis(p.SupportEnd), productHaystack(*p), flag(p.Offered)}
	query := `INSERT INTO psirt_product (id, version, family, vendor, vendor_ja, name, name_ja, scheme, software, unit, cpe, purl,
		registered, changed, retired, support_end, haystack, offered) VALUES (` + productMarks(1, len(args)) + ")"
	if p.Version > 0 {
		query = `UPDATE psirt_product SET version=$2, family=$3, vendor=$4, vendor_ja=$5, name=$6, name_ja=$7, scheme=$8, software=$9, unit=$10,
			cpe=$11, purl=$12, registered=$13, changed=$14, retired=$15, support_end=$16, haystack=$17, offered=$18 WHERE id = $1`
	}
	_, err := tx.Exec(query, args...)
	p.Version++
	return err
}

// supportEnd is when the last of some versions has no support any more; zero where one
// has no end, or there is none.
func supportEnd(versions []product.Firmware) (last time.Time) {
	for _, f := range versions {
		if f.SupportEnd.IsZero() {
			return time.Time{}
		}
		if f.SupportEnd.After(last) {
			last = f.SupportEnd
		}
	}
	return last
}

// productHaystack is what the list's search looks into.
func productHaystack(p Product) string {
	parts := []string{p.Name, p.NameJA, p.Vendor, p.VendorJA, p.FamilyName, p.FamilyJA}
	for _, m := range p.Models {
		parts = append(parts, m.Number)
	}
	return foldName(strings.Join(parts, "\n"))
}

// foldName makes names comparable: small letters, and the wide Latin letters of
// Japanese input as ordinary ones.
func foldName(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		case r == 0x3000:
			return ' '
		}
		return r
	}, s))
}

// likeName is a pattern that finds the text anywhere; \ is its escape.
func likeName(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(foldName(strings.TrimSpace(s))) + "%"
}

func productMarks(from, n int) string {
	var marks []string
	for i := range n {
		marks = append(marks, fmt.Sprintf("$%d", from+i))
	}
	return strings.Join(marks, ",")
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func readFamilies(tx *store.Tx) ([]Family, error) {
	return store.Rows(tx, func(r store.Scanner) (f Family, err error) {
		var scheme string
		if err = r.Scan(&f.ID, &f.Name, &f.NameJA, &scheme, &f.Unit, &f.Version, &f.Products); err == nil {
			f.Scheme, err = product.ParseScheme(scheme)
		}
		return f, err
	}, `SELECT f.id, f.name, f.name_ja, f.scheme, f.unit, f.version, (SELECT COUNT(*) FROM psirt_product p WHERE p.family = f.id)
		FROM psirt_product_family f ORDER BY f.name, f.id`)
}

func findFamily(tx *store.Tx, id string) (Family, error) {
	all, err := readFamilies(tx)
	if err != nil {
		return Family{}, err
	}
	i := slices.IndexFunc(all, func(f Family) bool { return f.ID == id })
	if i < 0 {
		return Family{}, missing()
	}
	return all[i], nil
}

// showProduct renews a product in the search over everything.
func (s *Service) showProduct(tx *store.Tx, p Product) error {
	if s.p.Index == nil {
		return nil
	}
	if !p.Retired.IsZero() {
		return s.p.Index.Drop(tx, "product", p.ID)
	}
	title := p.Name
	if p.NameJA != "" && p.NameJA != p.Name {
		title += " / " + p.NameJA
	}
	return s.p.Index.Put(tx, Found{Kind: "product", Ref: p.ID, Unit: p.Unit, Title: title, Text: productHaystack(p), Href: ProductHref(p.ID)})
}
