package csaf

import (
	"slices"
	"strings"
)

// Which products are versions of the same: what 6.1.27.13 and 6.2.39.1 of 2.1 call
// corresponding.

// sameProduct is what the versions of a product share: the branches on its way but
// those that tell the version, and for a product path what it is joined with.
func (r *run) sameProduct(id string) string {
	at, ok := r.byID[id]
	if !ok {
		return "\x00" + id
	}
	d := r.products[at]
	if d.relation != nil {
		begin := d.relation.Get("beginning_product_reference").Text()
		if begin == id {
			return "\x00" + id
		}
		key := r.withoutVersion(begin)
		for _, s := range d.relation.Get("subpaths").Items() {
			key += "\x01" + s.Get("category").Text() + "\x02" + s.Get("next_product_reference").Text()
		}
		return key
	}
	return r.withoutVersion(id)
}

func (r *run) withoutVersion(id string) string {
	at, ok := r.byID[id]
	if !ok || r.products[at].ancestors == nil {
		return "\x00" + id
	}
	var key strings.Builder
	for _, a := range r.products[at].ancestors {
		switch c := a.Get("category").Text(); c {
		case "product_version", "product_version_range", "patch_level", "service_pack":
		default:
			key.WriteString(c + "\x02" + a.Get("name").Text() + "\x01")
		}
	}
	return key.String()
}

// before are the products that a path with installed_with leads from: what was there
// before something was installed with it.
func (r *run) before(id string) (ids []string) {
	for _, d := range r.products {
		if d.relation == nil {
			continue
		}
		subpaths := d.relation.Get("subpaths").Items()
		for i, s := range subpaths {
			if s.Get("category").Text() != "installed_with" || d.id != id && s.Get("next_product_reference").Text() != id {
				continue
			}
			begin := d.relation.Get("beginning_product_reference").Text()
			if i == 0 {
				ids = append(ids, begin)
				continue
			}
			for _, o := range r.products {
				other := o.relation.Get("subpaths").Items()
				if o.relation.Get("beginning_product_reference").Text() == begin && slices.EqualFunc(other, subpaths[:i], (*Value).Equal) {
					ids = append(ids, o.id)
				}
			}
		}
	}
	return ids
}

// has tells whether one of the products is another version of a product.
func (r *run) anotherVersion(of string, among []string) bool {
	key := r.sameProduct(of)
	return slices.ContainsFunc(among, func(id string) bool { return id != of && r.sameProduct(id) == key })
}

// 6.1.27.13 Corresponding Affected Products
func correspondingAffected(r *run) (found []Problem) {
	if !r.is("csaf_security_advisory") {
		return nil
	}
	for _, v := range r.vulns {
		_, affected := v.group("affected")
		fields, fixed := v.group("fixed")
		for i, id := range fixed {
			was := slices.ContainsFunc(r.before(id), func(b string) bool { return slices.Contains(affected, b) })
			if !was && !r.anotherVersion(id, affected) {
				found = append(found, problem(v.path+"/product_status/"+fields[i], "no version of the fixed product %s is listed as affected", id))
			}
		}
	}
	return found
}

// 6.2.39.1 Missing Fixed Product
func missingFixed(r *run) (found []Problem) {
	if !r.is("csaf_security_advisory") {
		return nil
	}
	for _, v := range r.vulns {
		fields, affected := v.group("affected")
		_, fixed := v.group("fixed")
		none := map[string]bool{}
		for _, rem := range v.value.Get("remediations").Items() {
			switch rem.Get("category").Text() {
			case "fix_planned", "no_fix_planned", "none_available":
				for _, id := range r.of(rem) {
					none[id] = true
				}
			}
		}
		for i, id := range affected {
			with := slices.ContainsFunc(fixed, func(f string) bool { return slices.Contains(r.before(f), id) })
			if !none[id] && !with && !r.anotherVersion(id, fixed) {
				found = append(found, problem(v.path+"/product_status/"+fields[i], "no version of the affected product %s is listed as fixed", id))
			}
		}
	}
	return found
}
