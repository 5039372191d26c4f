package record

import (
	"cmp"
	"slices"
	"strings"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
)

// leaf is a product of the tree with what stands above it.
type leaf struct {
	vendor, name, version string
	cpe, purl             string
}

// leaves are the products of an advisory by their ids.
func leaves(d *csaf.Document) map[string]leaf {
	all := map[string]leaf{}
	var walk func(list *csaf.Value, at leaf)
	walk = func(list *csaf.Value, at leaf) {
		for _, b := range list.Items() {
			l := at
			name := b.Get("name").Text()
			switch b.Get("category").Text() {
			case "vendor":
				l.vendor = name
			case "product_name":
				l.name = name
			case "product_family":
				l.name = cmp.Or(l.name, name)
			case "product_version", "product_version_range":
				l.version = name
			}
			if p := b.Get("product"); p.Exists() {
				l.name = cmp.Or(l.name, p.Get("name").Text())
				l.cpe, l.purl = p.Get("product_identification_helper", "cpe").Text(), p.Get("product_identification_helper", "purl").Text()
				all[p.Get("product_id").Text()] = l
			}
			walk(b.Get("branches"), l)
		}
	}
	walk(d.Get("product_tree", "branches"), leaf{})
	for _, p := range d.Get("product_tree", "full_product_names").Items() {
		all[p.Get("product_id").Text()] = leaf{name: p.Get("name").Text()}
	}
	return all
}

// statusOf is what a record says for a status of an advisory.
var statusOf = map[string]cve.Status{"known_affected": cve.Affected, "first_affected": cve.Affected, "last_affected": cve.Affected,
	"fixed": cve.Unaffected, "first_fixed": cve.Unaffected, "known_not_affected": cve.Unaffected, "under_investigation": cve.Unknown}

// products are the products of a vulnerability with their versions. What an advisory
// names without a vendor is of its publisher, if that is one.
func products(d *csaf.Document, v *csaf.Value) (all []cve.Product) {
	tree := leaves(d)
	vendor := ""
	if p := d.Get("document", "publisher"); p.Get("category").Text() == "vendor" {
		vendor = p.Get("name").Text()
	}
	at := map[string]int{}
	for _, m := range v.Get("product_status").Members() {
		status := statusOf[m.Key]
		if status == "" {
			continue
		}
		for _, id := range m.Value.Texts() {
			l, ok := tree[id]
			if l.vendor = cmp.Or(l.vendor, vendor); !ok || l.vendor == "" || l.name == "" {
				continue
			}
			key := l.vendor + "\x00" + l.name
			i, ok := at[key]
			if !ok {
				i = len(all)
				at[key] = i
				all = append(all, cve.Product{Vendor: cut(l.vendor, 512), Name: cut(l.name, 2048), Default: cve.Unknown})
			}
			p := &all[i]
			if strings.HasPrefix(l.cpe, "cpe:2.3:") && !slices.Contains(p.CPEs, l.cpe) {
				p.CPEs = append(p.CPEs, l.cpe)
			}
			r, whole := version(l.version)
			if r.Status = status; whole && status == cve.Unaffected {
				p.Default = cve.Unaffected // no version of it is affected
				continue
			}
			if !slices.ContainsFunc(p.Versions, func(o cve.Range) bool { return o.From == r.From && o.Before == r.Before && o.Through == r.Through }) {
				p.Versions = append(p.Versions, r)
			}
		}
	}
	for i := range all {
		if all[i].Default == cve.Unknown && slices.ContainsFunc(all[i].Versions, func(r cve.Range) bool { return r.Status == cve.Affected }) {
			all[i].Default = cve.Unaffected // what an advisory does not name among the versions is not affected
		}
	}
	return all
}

// version reads the words of a version branch as far as they have a form; other words
// are a version of that name. whole tells that all versions are meant.
func version(s string) (r cve.Range, whole bool) {
	if rest, ok := strings.CutPrefix(s, "vers:"); ok {
		if _, after, ok := strings.Cut(rest, "/"); ok {
			s = after
		}
	}
	s = strings.TrimSpace(s)
	switch {
	case s == "" || s == "*" || strings.EqualFold(s, "all") || strings.EqualFold(s, "all versions"):
		return cve.Range{}, true
	}
	from, to, both := strings.Cut(s, "|")
	if !both {
		from, to = "", s
	}
	if both && !strings.HasPrefix(from, ">=") || both && !strings.HasPrefix(to, "<") {
		return cve.Range{From: cut(s, 1024)}, false
	}
	r.From = strings.TrimSpace(strings.TrimPrefix(from, ">="))
	switch {
	case strings.HasPrefix(to, "<="):
		r.Through = strings.TrimSpace(to[2:])
	case strings.HasPrefix(to, "<"):
		r.Before = strings.TrimSpace(to[1:])
	case strings.HasPrefix(to, ">="):
		r.From, r.Before = strings.TrimSpace(to[2:]), "*"
	default:
		r.From = cut(to, 1024)
	}
	return r, false
}
