package csaf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// VEX is the document's statement about some of its products, as a document of the
// VEX profile in the same version of the standard: products that are not asked for
// and vulnerabilities that say nothing of the others are left out. It fails where the
// document lacks what the profile demands, such as an action for an affected product.
func (d *Document) VEX(id, title string, products ...string) (*Document, error) {
	version := d.Version()
	if version != V21 {
		version = V20
	}
	r := newRun(d, version, &Options{})
	for _, p := range products {
		if _, ok := r.byID[p]; !ok {
			return nil, fmt.Errorf("csaf: the product %s is not in the document", p)
		}
	}
	if len(products) == 0 {
		return nil, errors.New("csaf: a statement is about at least one product")
	}
	root := d.root.Clone()
	doc := root.Get("document")
	doc.SetText("category", "csaf_vex")
	if title != "" {
		doc.SetText("title", title)
	}
	if id != "" {
		doc.Get("tracking").SetText("id", id)
		references := NewArray() // the document's own address was that of another
		for _, ref := range doc.Get("references").Items() {
			if ref.Get("category").Text() != "self" {
				references.Append(ref)
			}
		}
		if doc.Delete("references"); len(references.items) > 0 {
			doc.Set("references", references)
		}
	}
	vulns := NewArray()
	for _, v := range root.Get("vulnerabilities").Items() {
		if r.narrow(v, products) {
			vulns.Append(v)
		}
	}
	if len(vulns.items) == 0 {
		return nil, errors.New("csaf: no vulnerability says anything of the products")
	}
	root.Set("vulnerabilities", vulns)
	out := New(root)
	prune(out, version)
	for _, result := range out.Validate(Options{Version: version}).Results {
		if strings.HasPrefix(result.Test.ID, "6.1.27.") && !result.OK {
			return nil, fmt.Errorf("csaf: %s: %s", result.Errors[0].Path, result.Errors[0].Message)
		}
	}
	return out, nil
}

// narrow leaves in a vulnerability what is about the products, and tells whether
// anything is.
func (r *run) narrow(v *Value, products []string) bool {
	keep := func(ids []string) *Value {
		list := NewArray()
		for _, id := range ids {
			if slices.Contains(products, id) && !slices.Contains(list.Texts(), id) {
				list.Append(NewText(id))
			}
		}
		return list
	}
	status := NewObject()
	for _, m := range v.Get("product_status").Members() {
		if ids := keep(m.Value.Texts()); len(ids.items) > 0 {
			status.Set(vexField(m.Key), union(status.Get(vexField(m.Key)), ids))
		}
	}
	if len(status.members) == 0 {
		return false
	}
	v.Set("product_status", status)
	for _, field := range [...]string{"flags", "remediations", "threats", "notes", "ids", "involvements", "first_known_exploitation_dates"} {
		list := v.Get(field)
		if list == nil {
			continue
		}
		out := NewArray()
		for _, item := range list.Items() {
			named := item.Get("product_ids") != nil || item.Get("group_ids") != nil
			if ids := keep(r.of(item)); named && len(ids.items) > 0 {
				item.Delete("group_ids")
				out.Append(item.Set("product_ids", ids))
			} else if !named {
				out.Append(item)
			}
		}
		if v.Delete(field); len(out.items) > 0 {
			v.Set(field, out)
		}
	}
	for _, field := range [...]string{"scores", "metrics"} {
		out := NewArray()
		for _, item := range v.Get(field).Items() {
			if ids := keep(item.Get("products").Texts()); len(ids.items) > 0 {
				out.Append(item.Set("products", ids))
			}
		}
		if v.Delete(field); len(out.items) > 0 {
			v.Set(field, out)
		}
	}
	return true
}

// vexField is the status that VEX knows for one of an advisory.
func vexField(field string) string {
	switch field {
	case "first_affected", "last_affected":
		return "known_affected"
	case "first_fixed":
		return "fixed"
	}
	return field
}

func union(a, b *Value) *Value {
	if a == nil {
		return b
	}
	return unique(NewArray(append(slices.Clone(a.Items()), b.Items()...)...))
}

// prune takes products out of the tree that nothing refers to any more.
func prune(d *Document, version Version) {
	tree := d.root.Get("product_tree")
	tree.Delete("product_groups") // every item names its products now
	for range tree.Get("relationships").Items() {
		if !pruneRelations(d, tree, version) {
			break
		}
	}
	for range tree.Get("product_paths").Items() {
		if !pruneRelations(d, tree, version) {
			break
		}
	}
	used := usedIn(d, version)
	names := NewArray()
	for _, p := range tree.Get("full_product_names").Items() {
		if used[p.Get("product_id").Text()] {
			names.Append(p)
		}
	}
	if tree.Delete("full_product_names"); len(names.items) > 0 {
		tree.Set("full_product_names", names)
	}
	if b := pruneBranches(tree.Get("branches"), used); b != nil {
		tree.Set("branches", b)
	} else {
		tree.Delete("branches")
	}
}

func usedIn(d *Document, version Version) map[string]bool {
	used := map[string]bool{}
	for _, ref := range newRun(d, version, &Options{}).refs {
		used[ref.id] = true
	}
	return used
}

// pruneRelations takes out what joins products and is used by nobody; that may leave
// others unused, so it is asked again while something changed.
func pruneRelations(d *Document, tree *Value, version Version) (changed bool) {
	used := usedIn(d, version)
	for _, field := range [...]string{"relationships", "product_paths"} {
		list := tree.Get(field)
		out := NewArray()
		for _, rel := range list.Items() {
			if used[rel.Get("full_product_name", "product_id").Text()] {
				out.Append(rel)
			}
		}
		changed = changed || len(out.items) < len(list.Items())
		if tree.Delete(field); len(out.items) > 0 {
			tree.Set(field, out)
		}
	}
	return changed
}

func pruneBranches(list *Value, used map[string]bool) *Value {
	out := NewArray()
	for _, b := range list.Items() {
		if p := b.Get("product"); p != nil {
			if used[p.Get("product_id").Text()] {
				out.Append(b)
			}
			continue
		}
		if below := pruneBranches(b.Get("branches"), used); below != nil {
			out.Append(b.Set("branches", below))
		}
	}
	if len(out.items) == 0 {
		return nil
	}
	return out
}
