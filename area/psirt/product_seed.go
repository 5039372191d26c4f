package psirt

import (
	"bytes"
	"fmt"

	"yagura/area/psirt/product"
	"yagura/area/psirt/sbom"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// PastProduct is a product put in with all its parts, when a group begins with this
// program, or a year is played.
type PastProduct struct {
	ProductDraft // Family is the family's name
	Models       []product.Model
	Firmware     []product.Firmware
	Bills        map[string][]byte // by version: a bill of materials in CycloneDX
}

// SeedFamily puts in a family.
func (s *Service) SeedFamily(tx *store.Tx, system authz.Actor, d FamilyDraft) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	return s.keepFamily(tx, system, Family{Family: product.Family{ID: id.New()}}, d)
}

// SeedProduct puts in a product and returns its id. The rules hold for it as for any
// other.
func (s *Service) SeedProduct(tx *store.Tx, system authz.Actor, past PastProduct) (string, error) {
	if !system.IsSystem() {
		return "", fault.Denied("Only the system can do this")
	}
	families, err := readFamilies(tx)
	if err != nil {
		return "", err
	}
	d := past.ProductDraft
	for _, f := range families {
		if f.Name == d.Family {
			d.Family = f.ID
		}
	}
	p := Product{Bills: map[string]Bill{}}
	p.ID = id.New()
	wrap := func(err error) error { return fmt.Errorf("seed product %q: %w", d.Name, err) }
	if err := s.register(tx, system, &p, d); err != nil {
		return "", wrap(err)
	}
	fields, err := (&importer{s: s, tx: tx, by: system, do: true, plan: &ImportPlan{}}).parts(&p, product.Product{Name: d.Name, Models: past.Models, Firmware: past.Firmware}, &ImportStep{})
	if err != nil {
		return "", wrap(err)
	}
	if err := s.changed(tx, system, &p, fields...); err != nil {
		return "", wrap(err)
	}
	for _, f := range p.Firmware {
		raw := past.Bills[f.Version]
		if raw == nil {
			continue
		}
		bill, err := sbom.Read(bytes.NewReader(raw))
		if err == nil {
			err = s.takeBill(tx, system, &p, f.ID, raw, bill)
		}
		if err != nil {
			return "", wrap(err)
		}
	}
	return p.ID, nil
}
