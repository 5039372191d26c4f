package app

import (
	"context"

	"yagura/app/demo"
	"yagura/area/psirt"
	"yagura/area/psirt/product"
	"yagura/kernel/store"
)

// products registers what the group builds.
func (f *founding) products(ctx context.Context, _ demo.History) error {
	return f.at(ctx, f.now.AddDate(0, -6, 0), func(tx *store.Tx) error {
		for _, d := range demo.ProductFamilies() {
			if err := f.a.PSIRT.SeedFamily(tx, player, psirt.FamilyDraft{Name: d.Name.En, NameJA: d.Name.Ja, Scheme: d.Scheme, Unit: d.Unit}); err != nil {
				return err
			}
		}
		for _, d := range demo.Products(f.now) {
			past := psirt.PastProduct{Bills: map[string][]byte{}, ProductDraft: psirt.ProductDraft{Family: d.Family, Vendor: demo.ProductVendor.En, VendorJA: demo.ProductVendor.Ja,
				Name: d.Name.En, NameJA: d.Name.Ja, Software: d.Software, Unit: d.Unit, CPE: d.CPE, PURL: d.PURL, Offered: true}}
			for n, number := range d.Models {
				m := product.Model{Number: number}
				if n == 0 && d.Rev != "" {
					m.Hardware = []product.Hardware{{Name: "Rev. A", Serials: product.Serials{Through: "2305"}}, {Name: d.Rev, Serials: product.Serials{From: "2306"}}}
				}
				past.Models = append(past.Models, m)
			}
			for _, v := range d.Versions {
				past.Firmware = append(past.Firmware, product.Firmware{Version: v.Version, Released: v.Released, SupportEnd: v.SupportEnd})
				if v.Bill != nil {
					past.Bills[v.Version] = v.Bill
				}
			}
			if _, err := f.a.PSIRT.SeedProduct(tx, player, past); err != nil {
				return err
			}
		}
		return nil
	})
}
