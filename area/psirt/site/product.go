package site

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"yagura/area/psirt/csaf"
)

// product is what people look for: a name of a vendor. Its versions are in the
// documents.
type product struct {
	vendor, name string
	slug         string
	ids          []string // product ids of one document that are of it
}

func (p *product) String() string { return strings.TrimSpace(p.vendor + " " + p.name) }

// productsOf are the products that a document names: the product_name of each branch
// with its vendor, the name itself where a product stands without one. A product that
// is part of another (a relationship) counts as both.
func productsOf(d *csaf.Document) []*product {
	byKey := map[string]*product{}
	owner := map[string][]*product{}
	add := func(vendor, name, id string) {
		key := vendor + "\x00" + name
		p := byKey[key]
		if p == nil {
			p = &product{vendor: vendor, name: name, slug: slug(vendor, name)}
			byKey[key] = p
		}
		if !slices.Contains(p.ids, id) {
			p.ids = append(p.ids, id)
		}
		owner[id] = append(owner[id], p)
	}
	var walk func(branches *csaf.Value, vendor, name string)
	walk = func(branches *csaf.Value, vendor, name string) {
		for _, b := range branches.Items() {
			v, n := vendor, name
			switch b.Get("category").Text() {
			case "vendor":
				v = b.Get("name").Text()
			case "product_name":
				n = b.Get("name").Text()
			case "product_family":
				n = cmp.Or(n, b.Get("name").Text())
			}
			if p := b.Get("product"); p != nil {
				add(v, cmp.Or(n, p.Get("name").Text()), p.Get("product_id").Text())
			}
			walk(b.Get("branches"), v, n)
		}
	}
	tree := d.Get("product_tree")
	walk(tree.Get("branches"), "", "")
	for _, p := range tree.Get("full_product_names").Items() {
		add("", p.Get("name").Text(), p.Get("product_id").Text())
	}
	for range 3 { // a relationship may join what another one joined
		for _, r := range tree.Get("relationships").Items() {
			id := r.Get("full_product_name", "product_id").Text()
			for _, part := range [...]string{"product_reference", "relates_to_product_reference"} {
				for _, p := range owner[r.Get(part).Text()] {
					if !slices.Contains(owner[id], p) {
						add(p.vendor, p.name, id)
					}
				}
			}
		}
	}
	all := make([]*product, 0, len(byKey))
	for _, p := range byKey {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *product) int {
		return cmp.Or(strings.Compare(a.vendor, b.vendor), strings.Compare(a.name, b.name))
	})
	return all
}

// slug is the name of a product's page. It does not depend on which other products
// there are, so that an address that someone noted stays right.
func slug(vendor, name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(vendor + " " + name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	sum := sha256.Sum256([]byte(vendor + "\x00" + name))
	return strings.Trim(strings.TrimRight(b.String(), "-")+"-"+hex.EncodeToString(sum[:3]), "-")
}
