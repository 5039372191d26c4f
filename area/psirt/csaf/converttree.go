package csaf

import (
	"slices"
	"strings"
)

// The part of the conversion that is about products.

func (c *converter) tree(root *Value) {
	tree := root.Get("product_tree")
	if tree == nil {
		return
	}
	c.branches(tree.Get("branches"), "/product_tree/branches", nil)
	for _, p := range tree.Get("full_product_names").Items() {
		c.product(p, "/product_tree/full_product_names")
	}
	relations := tree.Get("relationships")
	if relations == nil {
		return
	}
	tree.Delete("relationships")
	paths := NewArray()
	for i, rel := range relations.Items() {
		c.product(rel.Get("full_product_name"), "/product_tree/relationships/"+itoa(i)+"/full_product_name")
		next := NewObject().SetText("category", rel.Get("category").Text()).SetText("next_product_reference", rel.Get("relates_to_product_reference").Text())
		paths.Append(NewObject().SetText("beginning_product_reference", rel.Get("product_reference").Text()).
			Set("full_product_name", rel.Get("full_product_name")).Set("subpaths", NewArray(next)))
	}
	tree.Set("product_paths", paths)
}

// branches goes down from the root; way are the branches above.
func (c *converter) branches(list *Value, path string, way []*Value) {
	for i, b := range list.Items() {
		here := path + "/" + itoa(i)
		category := b.Get("category").Text()
		if category == "legacy" {
			b.SetText("category", "product_name")
			c.warn(here, "the category legacy is gone: product_name is set")
		}
		if category == "product_version_range" {
			c.rangeName(b, here)
		}
		down := append(slices.Clip(way), b)
		c.version(down, here)
		if p := b.Get("product"); p != nil {
			c.product(p, here+"/product")
		}
		c.branches(b.Get("branches"), here+"/branches", down)
	}
}

// rangeName makes a range of one version, or without an upper end, what it is.
func (c *converter) rangeName(b *Value, path string) {
	name := b.Get("name").Text()
	rng, wrong := parseRange(name)
	switch {
	case wrong != "":
		c.warn(path+"/name", "%q is no version range: %s", name, wrong)
	case rng.single() || rng.open() && len(rng.constraints) == 1 && rng.constraints[0].op == ">=":
		b.SetText("category", "product_version")
		b.SetText("name", rng.constraints[0].version)
		c.warn(path+"/name", "%q becomes the version %s", name, rng.constraints[0].version)
	case rng.open():
		c.warn(path+"/name", "%q has no upper end", name)
	}
}

// version settles a version above another version or a range: the name above becomes
// a family, and the first version a name.
func (c *converter) version(way []*Value, path string) {
	last := way[len(way)-1].Get("category").Text()
	if last != "product_version" && last != "product_version_range" {
		return
	}
	i := slices.IndexFunc(way[:len(way)-1], func(b *Value) bool { return b.Get("category").Text() == "product_version" })
	if i < 1 {
		return
	}
	above := way[i-1]
	switch above.Get("category").Text() {
	case "product_name":
		above.SetText("category", "product_family")
	case "product_family":
		if last != "product_version_range" {
			return
		}
	default:
		c.warn(path, "a version stands above another, and there is no name above to put it to")
		return
	}
	way[i].SetText("category", "product_name")
	way[i].SetText("name", above.Get("name").Text()+" "+way[i].Get("name").Text())
	c.warn(path, "a version stood above another: it becomes part of the name %q", way[i].Get("name").Text())
}

func (c *converter) product(p *Value, path string) {
	h := p.Get("product_identification_helper")
	if h == nil {
		return
	}
	path += "/product_identification_helper"
	if purl := h.Get("purl"); purl != nil {
		h.Delete("purl")
		h.Set("purls", NewArray(purl))
	}
	for _, item := range h.Get("hashes").Items() {
		for _, f := range item.Get("file_hashes").Items() {
			f.SetText("value", strings.ToLower(f.Get("value").Text()))
			f.SetText("algorithm", c.algorithm(f.Get("algorithm").Text(), path+"/hashes"))
		}
		item.Set("file_hashes", unique(item.Get("file_hashes")))
	}
	for _, field := range [...]string{"hashes", "sbom_urls", "x_generic_uris"} {
		if h.Get(field) != nil {
			h.Set(field, unique(h.Get(field)))
		}
	}
	for _, field := range [...]string{"model_numbers", "serial_numbers", "skus"} {
		c.patterns(h, field, path)
	}
	if len(h.Members()) == 0 {
		p.Delete("product_identification_helper")
	}
}

// algorithm spells a hash algorithm as 2.1 does.
func (c *converter) algorithm(name, path string) string {
	low := strings.ToLower(name)
	if slices.Contains(hashAlgorithms, low) {
		return low
	}
	for _, known := range hashAlgorithms {
		if strings.ReplaceAll(known, "-", "") == strings.NewReplacer("-", "", "_", "", "/", "").Replace(low) {
			return known
		}
	}
	c.warn(path, "the hash algorithm %s is not known", name)
	return low
}

func unique(list *Value) *Value {
	out := NewArray()
	for _, item := range list.Items() {
		if !slices.ContainsFunc(out.items, item.Equal) {
			out.Append(item)
		}
	}
	return out
}

// patterns rewrites numbers that were open at the end in 2.0: 2.1 wants a star there.
func (c *converter) patterns(h *Value, field, path string) {
	list := h.Get(field)
	if list == nil {
		return
	}
	out := NewArray()
	for i, item := range list.Items() {
		at := path + "/" + field + "/" + itoa(i)
		s := strings.ReplaceAll(item.Text(), `\`, `\\`)
		if !c.Complete && !strings.HasSuffix(s, "*") {
			s += "*"
			c.warn(at, "%q may be the beginning of a number: a star is added", item.Text())
		}
		if unescaped(s) > 1 {
			c.warn(at, "%q has more than one star and is left out", item.Text())
			continue
		}
		out.Append(NewText(s))
	}
	if out = unique(out); len(out.items) > 0 {
		h.Set(field, out)
	} else {
		h.Delete(field)
	}
}
