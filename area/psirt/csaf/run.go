package csaf

import (
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/cvss"
)

// run is a document prepared for the tests: what they ask for again and again is
// gathered once.
type run struct {
	root     *Value
	document *Value
	tracking *Value
	version  Version
	category string
	now      time.Time
	options  *Options

	products  []definition
	byID      map[string]int // first definition of a product
	groups    map[string][]string
	vulns     []*vulnerability
	revisions []revision // sorted by date, then number
	branches  []branchItem
	refs      []reference
	notes     []Problem // of the test that runs: what it could not decide
}

// definition is a full product name.
type definition struct {
	value *Value
	id    string
	path  string
	// the branches from the root down to it; empty outside of branches
	ancestors []*Value
	level     int
	relation  *Value // the relationship or product path that defines it
}

func (d definition) helper() *Value { return d.value.Get("product_identification_helper") }

// branchItem is a branch of the product tree.
type branchItem struct {
	value    *Value
	path     string
	siblings []*Value
}

func (b branchItem) category() string { return b.value.Get("category").Text() }
func (b branchItem) name() string     { return b.value.Get("name").Text() }

type revision struct {
	index   int
	number  string
	version version
	ok      bool // the number can be read
	at      time.Time
	dated   bool
}

// vulnerability is one item of the vulnerabilities.
type vulnerability struct {
	value  *Value
	path   string
	status map[string][]string // by field of product_status
	scores []*cvssObject
}

// reference is a product id or a group id that stands outside of definitions.
type reference struct {
	id, path string
	group    bool
}

func newRun(d *Document, v Version, o *Options) *run {
	r := &run{root: d.root, document: d.Get("document"), version: v, options: o, now: o.Now,
		byID: map[string]int{}, groups: map[string][]string{}}
	r.tracking = r.document.Get("tracking")
	r.category = r.document.Get("category").Text()
	tree := r.root.Get("product_tree")
	r.walk(tree.Get("branches"), "/product_tree/branches", nil)
	for i, p := range tree.Get("full_product_names").Items() {
		r.define(definition{value: p, path: "/product_tree/full_product_names/" + itoa(i)})
	}
	field := "relationships"
	if v == V21 {
		field = "product_paths"
	}
	for i, rel := range tree.Get(field).Items() {
		r.define(definition{value: rel.Get("full_product_name"), relation: rel,
			path: "/product_tree/" + field + "/" + itoa(i) + "/full_product_name"})
	}
	for _, g := range tree.Get("product_groups").Items() {
		id := g.Get("group_id").Text()
		r.groups[id] = append(r.groups[id], g.Get("product_ids").Texts()...)
	}
	for i, item := range r.root.Get("vulnerabilities").Items() {
		r.vulns = append(r.vulns, r.vulnerability(item, "/vulnerabilities/"+itoa(i)))
	}
	for i, item := range r.tracking.Get("revision_history").Items() {
		rev := revision{index: i, number: item.Get("number").Text()}
		rev.version, rev.ok = parseVersion(rev.number)
		rev.at, rev.dated = parseTime(item.Get("date").Text())
		r.revisions = append(r.revisions, rev)
	}
	slices.SortStableFunc(r.revisions, func(a, b revision) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.version.compare(b.version)
	})
	r.references()
	return r
}

func (r *run) define(d definition) {
	if d.value == nil {
		return
	}
	d.id = d.value.Get("product_id").Text()
	if _, known := r.byID[d.id]; !known {
		r.byID[d.id] = len(r.products)
	}
	r.products = append(r.products, d)
}

func (r *run) walk(branches *Value, path string, ancestors []*Value) {
	for i, b := range branches.Items() {
		here := path + "/" + itoa(i)
		r.branches = append(r.branches, branchItem{b, here, branches.Items()})
		down := append(slices.Clip(ancestors), b)
		if p := b.Get("product"); p != nil {
			r.define(definition{value: p, path: here + "/product", ancestors: down, level: len(down)})
		}
		r.walk(b.Get("branches"), here+"/branches", down)
	}
}

func (r *run) vulnerability(item *Value, path string) *vulnerability {
	v := &vulnerability{value: item, path: path, status: map[string][]string{}}
	for _, m := range item.Get("product_status").Members() {
		v.status[m.Key] = m.Value.Texts()
	}
	add := func(content *Value, products []string, path, source string) {
		for _, name := range [...]string{"cvss_v2", "cvss_v3", "cvss_v4"} {
			if o := content.Get(name); o != nil {
				c := &cvssObject{value: o, path: path + "/" + name, field: name, products: products, source: source}
				var err error
				c.vector, err = cvss.Parse(o.Get("vectorString").Text())
				c.ok = err == nil
				v.scores = append(v.scores, c)
			}
		}
	}
	for i, s := range item.Get("scores").Items() {
		add(s, s.Get("products").Texts(), path+"/scores/"+itoa(i), "")
	}
	for i, m := range item.Get("metrics").Items() {
		add(m.Get("content"), m.Get("products").Texts(), path+"/metrics/"+itoa(i)+"/content", m.Get("source").Text())
	}
	return v
}

// references gathers where product and group ids are used (6.1.1, 6.1.4).
func (r *run) references() {
	add := func(list *Value, path string, group bool) {
		for i, id := range list.Items() {
			r.refs = append(r.refs, reference{id.Text(), path + "/" + itoa(i), group})
		}
	}
	one := func(v *Value, path string) {
		if v != nil {
			r.refs = append(r.refs, reference{v.Text(), path, false})
		}
	}
	both := func(items *Value, path string) {
		for i, item := range items.Items() {
			if p := item.Get("product_ids"); p != nil {
				add(p, path+"/"+itoa(i)+"/product_ids", false)
			}
			if g := item.Get("group_ids"); g != nil {
				add(g, path+"/"+itoa(i)+"/group_ids", true)
			}
		}
	}
	tree := r.root.Get("product_tree")
	for i, g := range tree.Get("product_groups").Items() {
		add(g.Get("product_ids"), "/product_tree/product_groups/"+itoa(i)+"/product_ids", false)
	}
	if r.version == V20 {
		for i, rel := range tree.Get("relationships").Items() {
			path := "/product_tree/relationships/" + itoa(i)
			one(rel.Get("product_reference"), path+"/product_reference")
			one(rel.Get("relates_to_product_reference"), path+"/relates_to_product_reference")
		}
	} else {
		both(r.document.Get("notes"), "/document/notes")
		for i, p := range tree.Get("product_paths").Items() {
			path := "/product_tree/product_paths/" + itoa(i)
			one(p.Get("beginning_product_reference"), path+"/beginning_product_reference")
			for j, s := range p.Get("subpaths").Items() {
				one(s.Get("next_product_reference"), path+"/subpaths/"+itoa(j)+"/next_product_reference")
			}
		}
	}
	for _, v := range r.vulns {
		for _, m := range v.value.Get("product_status").Members() {
			add(m.Value, v.path+"/product_status/"+m.Key, false)
		}
		for _, field := range [...]string{"remediations", "threats", "flags", "ids", "involvements", "notes", "first_known_exploitation_dates"} {
			if items := v.value.Get(field); items != nil {
				both(items, v.path+"/"+field)
			}
		}
		for _, field := range [...]string{"scores", "metrics"} {
			for i, s := range v.value.Get(field).Items() {
				add(s.Get("products"), v.path+"/"+field+"/"+itoa(i)+"/products", false)
			}
		}
	}
}

// of are the products an item speaks of, by themselves or through groups.
func (r *run) of(item *Value) []string {
	ids := item.Get("product_ids").Texts()
	for _, g := range item.Get("group_ids").Texts() {
		ids = append(ids, r.groups[g]...)
	}
	return ids
}

// covered are all products that the items of a list speak of.
func (r *run) covered(items []*Value) map[string]bool {
	all := map[string]bool{}
	for _, item := range items {
		for _, id := range r.of(item) {
			all[id] = true
		}
	}
	return all
}

// The product status groups (3.2.3.9 in 2.0, "Product Status" in 2.1).
var statusGroups = []struct {
	name   string
	fields []string
}{
	{"affected", []string{"first_affected", "known_affected", "last_affected"}},
	{"not affected", []string{"known_not_affected"}},
	{"fixed", []string{"first_fixed", "fixed"}},
	{"under investigation", []string{"under_investigation"}},
	{"unknown", []string{"unknown"}},
}

// group are the products of a status group with the fields they stand in.
func (v *vulnerability) group(name string) (fields, ids []string) {
	for _, g := range statusGroups {
		if g.name != name {
			continue
		}
		for _, f := range g.fields {
			for _, id := range v.status[f] {
				fields, ids = append(fields, f), append(ids, id)
			}
		}
	}
	return fields, ids
}

// groupsOf are the status groups each product is in.
func (v *vulnerability) groupsOf() map[string][]string {
	in := map[string][]string{}
	for _, g := range statusGroups {
		for _, f := range g.fields {
			for _, id := range v.status[f] {
				if !slices.Contains(in[id], g.name) {
					in[id] = append(in[id], g.name)
				}
			}
		}
	}
	return in
}

func (r *run) is(categories ...string) bool { return slices.Contains(categories, r.category) }

func (r *run) tlp() string { return r.document.Get("distribution", "tlp", "label").Text() }

func (r *run) status() string { return r.tracking.Get("status").Text() }

func (r *run) released() bool { return r.status() == "final" || r.status() == "interim" }

// newest is the date of the newest revision.
func (r *run) newest() (time.Time, bool) {
	if n := len(r.revisions); n > 0 {
		return r.revisions[n-1].at, r.revisions[n-1].dated
	}
	return time.Time{}, false
}

// english tells a document whose language is English or not said.
func (r *run) english() bool {
	lang, _, _ := strings.Cut(strings.ToLower(r.document.Get("lang").Text()), "-")
	return lang == "" || lang == "en"
}
