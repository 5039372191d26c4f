package psirt

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"yagura/area/psirt/product"
	"yagura/area/psirt/sbom"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// TakeBill takes over a bill of materials (CycloneDX) as that of a version, in the
// place of an earlier one. What is wrong in it comes back as findings; an error in one
// component's names costs those names alone.
func (s *Service) TakeBill(ctx context.Context, by authz.Actor, of, firmware string, file []byte) (*sbom.SBOM, error) {
	bill, err := sbom.Read(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return bill, s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := keeping(tx, by, of, 0)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(p.Firmware, func(f product.Firmware) bool { return f.ID == firmware }) {
			return missing()
		}
		return s.takeBill(tx, by, &p, firmware, file, bill)
	})
}

func (s *Service) takeBill(tx *store.Tx, by authz.Actor, p *Product, firmware string, file []byte, bill *sbom.SBOM) error {
	sum := sha256.Sum256(file)
	digest := hex.EncodeToString(sum[:])
	if p.Bills[firmware].SHA256 == digest {
		return fault.Conflict("This very file was taken over already")
	}
	if _, err := tx.Exec("DELETE FROM psirt_product_component WHERE firmware = $1", firmware); err != nil {
		return err
	}
	for _, c := range bill.Components {
		if c.Name == "" {
			continue
		}
		if _, err := tx.Exec(`INSERT INTO psirt_product_component (firmware, place, product, type, grp, name, known, version, purl, cpe, supplier, license, sha256)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, firmware, c.Place, p.ID, clean(c.Type), clean(c.Group), clean(c.Name), clean(strings.ToLower(c.Name)),
			clean(c.Version), clean(c.PURL), clean(c.CPE), clean(c.Supplier), clean(c.License), c.SHA256); err != nil {
			return err
		}
	}
	about := strings.TrimSpace(clean(bill.Subject.Name) + " " + clean(bill.Subject.Version))
	if _, err := tx.Exec("UPDATE psirt_product_firmware SET bill=$2, bill_at=$3, bill_made=$4, bill_sha256=$5, components=$6 WHERE id = $1",
		firmware, about, tx.Millis(), store.Millis(bill.Made), digest, len(bill.Components)); err != nil {
		return err
	}
	if err := saveProduct(tx, p); err != nil {
		return err
	}
	return tx.Record(by, fact.PsirtBillTaken{Product: p.ID, Unit: p.Unit, Firmware: firmware, SHA256: digest, Components: len(bill.Components)})
}

// clean takes out what PostgreSQL can't keep in a text.
func clean(s string) string { return strings.ReplaceAll(s, "\x00", " ") }

const componentColumns = "c.place, c.type, c.grp, c.name, c.version, c.purl, c.cpe, c.supplier, c.license, c.sha256"

func readComponent(r store.Scanner, more ...any) (c sbom.Component, err error) {
	return c, r.Scan(append([]any{&c.Place, &c.Type, &c.Group, &c.Name, &c.Version, &c.PURL, &c.CPE, &c.Supplier, &c.License, &c.SHA256}, more...)...)
}

// Components are those of a version, by name.
func (s *Service) Components(ctx context.Context, by authz.Actor, of, firmware string) (all []sbom.Component, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := openProduct(tx, by, of); err != nil {
			return err
		}
		all, err = store.Rows(tx, func(r store.Scanner) (sbom.Component, error) { return readComponent(r) },
			"SELECT "+componentColumns+" FROM psirt_product_component c WHERE c.firmware = $1 AND c.product = $2 ORDER BY c.known, c.version, c.place", firmware, of)
		return err
	})
	return all, err
}

// Containing is a version of a product that has a component which somebody asks for.
type Containing struct {
	Product   Product
	Firmware  product.Firmware
	Component sbom.Component
	Sure      bool // false: the component's version is not known or can't be ordered
}

// mostContaining bounds an answer.
const mostContaining = 2000

// WhoContains are the versions of products, as far as the actor may see them, that have
// a component: the newest version of each product first. more tells that there are
// others beyond the limit.
func (s *Service) WhoContains(ctx context.Context, by authz.Actor, scope authz.Scope, q *sbom.Query) (all []Containing, more bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, more, err = whoContains(tx, scope, q)
		return err
	})
	return all, more, err
}

func whoContains(tx *store.Tx, scope authz.Scope, q *sbom.Query) (all []Containing, more bool, err error) {
	in, args := scope.Where("p.unit", 1)
	where := in
	if keys := q.Keys(); keys != nil {
		where += " AND c.known IN (" + productMarks(len(args)+1, len(keys)) + ")"
		for _, k := range keys {
			args = append(args, k)
		}
	} else if q.PURL != nil {
		bare := *q.PURL
		bare.Version, bare.Qualifiers, bare.Subpath = "", nil, ""
		where += fmt.Sprintf(" AND c.purl LIKE $%d ESCAPE '\\'", len(args)+1)
		args = append(args, strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(bare.ToString())+"%")
	} else {
		where += " AND c.cpe <> ''"
	}
	var ids []string
	if err := each(tx, func(r store.Scanner) error {
		var of, firmware string
		c, err := readComponent(r, &of, &firmware)
		if err != nil || more {
			return err
		}
		if is, sure := q.Matches(c); is {
			if len(all) == mostContaining {
				more = true
				return nil
			}
			one := Containing{Component: c, Sure: sure}
			one.Product.ID, one.Firmware.ID = of, firmware
			if all = append(all, one); !slices.Contains(ids, of) {
				ids = append(ids, of)
			}
		}
		return nil
	}, "SELECT "+componentColumns+", c.product, c.firmware FROM psirt_product_component c JOIN psirt_product p ON p.id = c.product WHERE "+where+" ORDER BY c.product, c.firmware, c.place", args...); err != nil || len(ids) == 0 {
		return nil, false, err
	}
	entries, err := entriesOf(tx, ids...)
	if err != nil {
		return nil, false, err
	}
	rank := map[string]int{}
	for i := range all {
		p := entries[slices.IndexFunc(entries, func(p Product) bool { return p.ID == all[i].Product.ID })]
		at := slices.IndexFunc(p.Firmware, func(f product.Firmware) bool { return f.ID == all[i].Firmware.ID })
		all[i].Product, all[i].Firmware, rank[all[i].Firmware.ID] = p, p.Firmware[at], at
	}
	slices.SortStableFunc(all, func(a, b Containing) int {
		return cmp.Or(strings.Compare(a.Product.Name, b.Product.Name), strings.Compare(a.Product.ID, b.Product.ID), rank[a.Firmware.ID]-rank[b.Firmware.ID])
	})
	return all, more, nil
}
