package product

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"yagura/area/psirt/cpe"
	"yagura/area/psirt/csaf"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Tree is the product tree of an advisory.
type Tree struct {
	Value *csaf.Value         // the object product_tree of CSAF 2.0
	IDs   map[string][]string // by the key of a range: the product ids that stand for it
	Names map[string]string   // by product id: the full product name
}

// Of are the product ids that stand for a range.
func (t *Tree) Of(r Range) []string { return t.IDs[r.Key()] }

// leaf is a product of the tree before it has its place.
type leaf struct {
	id, name string
	path     []step // from the vendor down
	helper   *csaf.Value
}

type step struct{ category, name string }

// relation is a firmware that is installed on hardware.
type relation struct {
	id, name           string
	firmware, hardware leaf
}

// grower gathers what a tree is made of.
type grower struct {
	c         *Catalog
	lang      text.Lang
	leaves    map[string]leaf
	relations map[string]relation
}

// Tree makes the product tree of some ranges, with names in a language. The same
// range has the same product id in every advisory, whatever things are called. Where
// a range has a condition on hardware or serial numbers, firmware and hardware are
// products of their own, and a relationship says that one is installed on the other.
func (c *Catalog) Tree(ranges []Range, lang text.Lang) (*Tree, error) {
	g := &grower{c, lang, map[string]leaf{}, map[string]relation{}}
	t := &Tree{IDs: map[string][]string{}, Names: map[string]string{}}
	for _, r := range ranges {
		atoms, err := c.atoms(r)
		if err != nil {
			return nil, err
		}
		for _, a := range atoms {
			id, name := g.add(a)
			if !slices.Contains(t.IDs[r.Key()], id) {
				t.IDs[r.Key()] = append(t.IDs[r.Key()], id)
			}
			t.Names[id] = name
		}
	}
	branches, err := g.branches()
	if err != nil {
		return nil, err
	}
	t.Value = csaf.NewObject()
	if len(branches) > 0 {
		t.Value.Set("branches", csaf.NewArray(branches...))
	}
	if list := g.relationships(); len(list) > 0 {
		t.Value.Set("relationships", csaf.NewArray(list...))
	}
	return t, nil
}

// atom is a range of one product or model and of one version or an interval.
type atom struct {
	Range
	product  Product
	model    Model // zero: the product as a whole
	hardware Hardware
	scheme   Scheme
}

// atoms takes a range apart and checks that the registry has what it names.
func (c *Catalog) atoms(r Range) ([]atom, error) {
	p, ok := c.Product(r.Product)
	if !ok {
		return nil, fault.NotFound("There is no product %s in the registry", r.Product)
	}
	s := c.Scheme(p)
	if err := r.Check(s); err != nil {
		return nil, err
	}
	base := atom{Range: r, product: p, scheme: s}
	for _, v := range []*string{&base.From, &base.After, &base.Before, &base.Through} {
		*v = s.Bare(*v)
	}
	base.Serials = Serials{beginning(r.Serials.From), beginning(r.Serials.Through)}
	base.Pattern, base.Versions = "", nil
	all := []atom{base}
	switch {
	case r.Model != "":
		m, ok := p.Model(r.Model)
		if !ok {
			return nil, fault.NotFound("The product %s has no model %s in the registry", p.Name, r.Model)
		}
		all[0].model = m
		if r.Hardware != "" {
			if all[0].hardware, ok = m.Revision(r.Hardware); !ok {
				return nil, fault.NotFound("The model %s has no hardware revision %s in the registry", m.Number, r.Hardware)
			}
		}
	case r.Pattern != "":
		models, err := p.Fitting(r.Pattern)
		if err != nil {
			return nil, err
		}
		if all = nil; len(models) == 0 {
			return nil, fault.Invalidf("No model of %s fits the pattern %s", p.Name, r.Pattern)
		}
		for _, m := range models {
			one := base
			one.model, one.Model = m, m.ID
			all = append(all, one)
		}
	}
	if len(r.Versions) == 0 {
		return all, nil
	}
	var each []atom
	for _, a := range all {
		for _, v := range r.Versions {
			a.Versions = []string{s.Bare(v)}
			each = append(each, a)
		}
	}
	return each, nil
}

// Fitting are the models whose numbers fit a pattern.
func (p Product) Fitting(pattern string) ([]Model, error) {
	pat, err := ParsePattern(pattern)
	if err != nil {
		return nil, err
	}
	var fit []Model
	for _, m := range p.Models {
		if pat.Match(m.Number) {
			fit = append(fit, m)
		}
	}
	return fit, nil
}

// add puts an atom's products into the tree and returns the one that stands for it.
func (g *grower) add(a atom) (id, name string) {
	if a.Hardware == "" && a.Serials.Any() {
		l := g.software(a, g.nameOf(a), a.Key())
		return l.id, l.name
	}
	board := g.board(a)
	if a.All() {
		return board.id, board.name
	}
	bare := a
	bare.Hardware, bare.Serials = "", Serials{}
	running := g.software(bare, text.T(g.lang, "%s firmware", g.nameOf(a)), "firmware|"+bare.Key())
	r := relation{productID(a.Key()), text.T(g.lang, "%s installed on %s", running.name, board.name), running, board}
	g.relations[r.id] = r
	return r.id, r.name
}

// nameOf is what a product, or a model of it, is called in the tree.
func (g *grower) nameOf(a atom) string {
	name := a.product.Label(g.lang)
	switch {
	case a.model.Number == "":
		return name
	case strings.Contains(a.model.Number, name):
		return a.model.Number
	}
	return name + " " + a.model.Number
}

// above are the branches over a product: its vendor and its family.
func (g *grower) above(a atom) []step {
	vendor := cmp.Or(label(g.lang, a.product.Vendor, a.product.VendorJA), label(g.lang, g.c.Vendor, g.c.VendorJA))
	path := []step{{"vendor", vendor}}
	if f, ok := g.c.Family(a.product.Family); ok && f.Name != "" {
		path = append(path, step{"product_family", f.Label(g.lang)})
	}
	return path
}

// full is a full product name: the branches down to it in words.
func full(path []step, last string) string {
	words := path[0].name
	for _, s := range path[1:] {
		if s.category != "product_family" || !strings.Contains(path[len(path)-1].name, s.name) {
			words += " " + s.name
		}
	}
	if last != "" {
		words += ": " + last
	}
	return words
}

// software is the leaf of some versions of a product or model.
func (g *grower) software(a atom, called, key string) leaf {
	path := append(g.above(a), step{"product_name", called})
	l := leaf{id: productID(key), name: full(path, a.Text(a.scheme))}
	category := "product_version_range"
	if len(a.Versions) == 1 {
		category = "product_version"
	}
	l.path = append(path, step{category, a.Text(a.scheme)})
	l.helper = helper(a)
	g.leaves[l.id] = l
	return l
}

// board is the leaf of a model's hardware, of a revision or with some serial numbers.
func (g *grower) board(a atom) leaf {
	name := g.nameOf(a)
	if words := a.Serials.Words(); words != "" {
		name += " (" + words + ")"
	}
	path := append(g.above(a), step{"product_name", name})
	l := leaf{id: productID("hardware|" + strings.Join([]string{a.Product, a.Model, a.Hardware, a.Serials.String()}, "|"))}
	l.name = full(path, a.hardware.Name)
	if a.hardware.Name != "" {
		path = append(path, step{"product_version", a.hardware.Name})
	}
	l.path = path
	h := csaf.NewObject()
	if c := a.hardware.CPE; c != "" {
		h.SetText("cpe", c)
	}
	models(h, a)
	if !a.Serials.Any() && a.Serials.From == a.Serials.Through {
		h.Set("serial_numbers", csaf.NewArray(csaf.NewText(wild(a.Serials.From)+"*")))
	}
	l.helper = h
	g.leaves[l.id] = l
	return l
}

// helper is what identifies some versions to machines: CPE, purl, model numbers.
func helper(a atom) *csaf.Value {
	h := csaf.NewObject()
	version := ""
	if len(a.Versions) == 1 {
		version = a.Versions[0]
	}
	if n, err := cpe.Parse(cmp.Or(a.model.CPE, a.product.CPE)); err == nil {
		if n[cpe.Version] = cpe.Any; version != "" {
			n[cpe.Version] = cpe.Literal(version)
		}
		h.SetText("cpe", n.String())
	}
	if p, err := packageurl.FromString(a.product.PURL); err == nil && a.product.PURL != "" {
		p.Version = version
		h.SetText("purl", p.ToString())
	}
	models(h, a)
	return h
}

// models says the model numbers; of a product as a whole, those of all its models.
func models(h *csaf.Value, a atom) {
	list := csaf.NewArray()
	if a.model.Number != "" {
		list.Append(csaf.NewText(wild(a.model.Number)))
	} else {
		for _, m := range a.product.Models {
			list.Append(csaf.NewText(wild(m.Number)))
		}
	}
	if len(list.Items()) > 0 {
		h.Set("model_numbers", list)
	}
}

// wild takes the meaning of wildcards away (CSAF 2.0, 3.1.3.3.4).
func wild(s string) string { return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`).Replace(s) }

// branch is a branch while the tree grows.
type branch struct {
	step
	under   []*branch
	product *leaf
}

// branches puts the leaves into their places, in the order of their names.
func (g *grower) branches() ([]*csaf.Value, error) {
	root := &branch{}
	for _, id := range slices.Sorted(maps.Keys(g.leaves)) {
		l := g.leaves[id]
		at := root
		for _, s := range l.path {
			i := slices.IndexFunc(at.under, func(b *branch) bool { return b.step == s })
			if i < 0 {
				at.under = append(at.under, &branch{step: s})
				i = len(at.under) - 1
			}
			at = at.under[i]
		}
		if at.product != nil {
			return nil, fault.Conflict("Two things in the registry are both called %s", l.name)
		}
		at.product = &l
	}
	return grow(root), nil
}

func grow(b *branch) (list []*csaf.Value) {
	slices.SortFunc(b.under, func(x, y *branch) int {
		return cmp.Or(comparePieces(Coded, runs(x.name), runs(y.name)), strings.Compare(x.name, y.name), strings.Compare(x.category, y.category))
	})
	for _, under := range b.under {
		v := csaf.NewObject().SetText("category", under.category).SetText("name", under.name)
		if l := under.product; l != nil {
			v.Set("product", fullName(l.id, l.name, l.helper))
		}
		if inner := grow(under); len(inner) > 0 {
			v.Set("branches", csaf.NewArray(inner...))
		}
		list = append(list, v)
	}
	return list
}

func fullName(id, name string, helper *csaf.Value) *csaf.Value {
	v := csaf.NewObject().SetText("name", name).SetText("product_id", id)
	if len(helper.Members()) > 0 {
		v.Set("product_identification_helper", helper)
	}
	return v
}

func (g *grower) relationships() (list []*csaf.Value) {
	all := slices.SortedFunc(maps.Values(g.relations), func(a, b relation) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id))
	})
	for _, r := range all {
		list = append(list, csaf.NewObject().SetText("category", "installed_on").
			Set("full_product_name", fullName(r.id, r.name, r.hardware.helper.Clone())).
			SetText("product_reference", r.firmware.id).SetText("relates_to_product_reference", r.hardware.id))
	}
	return list
}
