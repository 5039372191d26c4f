package product

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"yagura/area/psirt/csaf"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Imported is what a file says of products, not yet in the registry. Ids are those of
// the file alone.
type Imported struct {
	Catalog Catalog
	Entries []Entry // of an advisory: its products in their order
	// Problems are what could not be taken; everything else could.
	Problems []Problem
}

// Problem is something in a file that could not be taken, and where.
type Problem struct {
	Place   string // a JSON pointer, or "line 7"
	Message text.Message
}

// Entry is a product of an advisory and what became of it.
type Entry struct {
	Place   string // JSON pointer
	ID      string // product_id
	Full    string // the full product name
	Vendor  string
	Family  string
	Name    string // of the product_name branch
	Version string // of the branch with versions, as it was written
	Range   Range
	Read    bool // whether the versions were understood
}

// ReadTree reads the product tree of an advisory: vendors, families and products with
// the versions that their ranges begin and end with. Model numbers are taken from the
// identification helpers, and from names that are patterns which can be written out.
func ReadTree(d *csaf.Document) *Imported {
	r := &treeReader{in: &Imported{}, versions: map[string][]string{}}
	tree := d.Get("product_tree")
	r.walk(tree.Get("branches"), "/product_tree/branches", Entry{}, nil)
	for i, full := range tree.Get("full_product_names").Items() {
		r.leaf(full, "/product_tree/full_product_names/"+strconv.Itoa(i), Entry{Name: full.Get("name").Text()})
	}
	for i := range tree.Get("relationships").Items() {
		r.problem("/product_tree/relationships/"+strconv.Itoa(i), text.M("A relationship of products is not taken; its products are"))
	}
	r.finish()
	return r.in
}

type treeReader struct {
	in       *Imported
	versions map[string][]string // by product: as they came
}

func (r *treeReader) problem(place string, m text.Message) {
	r.in.Problems = append(r.in.Problems, Problem{place, m})
}

func (r *treeReader) walk(branches *csaf.Value, path string, above Entry, other []string) {
	for i, b := range branches.Items() {
		at, here, place := above, path+"/"+strconv.Itoa(i), b.Get("name").Text()
		rest := other
		switch category := b.Get("category").Text(); category {
		case "vendor":
			at.Vendor = strings.TrimSpace(place)
		case "product_family":
			at.Family = strings.TrimSpace(at.Family + " " + place)
		case "product_name":
			at.Name = strings.TrimSpace(place)
		case "product_version", "product_version_range":
			at.Version = place
		default:
			rest = append(slices.Clone(other), category+" "+place)
		}
		if p := b.Get("product"); p.Exists() {
			if len(rest) > 0 {
				r.problem(here, text.M("A branch of this kind is not taken: %s", strings.Join(rest, ", ")))
			}
			r.leaf(p, here, at)
		}
		r.walk(b.Get("branches"), here+"/branches", at, rest)
	}
}

func (r *treeReader) leaf(p *csaf.Value, place string, e Entry) {
	e.Place, e.ID, e.Full = place, p.Get("product_id").Text(), p.Get("name").Text()
	if e.Name == "" {
		e.Name = e.Full
	}
	product := r.product(e)
	rng, err := ParseVersions(e.Version)
	rng.Product = product.ID
	e.Range, e.Read = rng, err == nil
	if err != nil {
		r.problem(place, fault.MessageOf(err))
	}
	r.versions[product.ID] = append(r.versions[product.ID], rng.ends()...)
	helper := p.Get("product_identification_helper")
	if c := helper.Get("cpe").Text(); product.CPE == "" {
		product.CPE = c
	}
	if c := helper.Get("purl").Text(); product.PURL == "" {
		product.PURL = c
	}
	for _, n := range helper.Get("model_numbers").Texts() {
		product.addModel(n)
	}
	r.in.Entries = append(r.in.Entries, e)
}

// ends are the versions that a range names.
func (r Range) ends() (all []string) {
	for _, v := range append([]string{r.From, r.After, r.Before, r.Through}, r.Versions...) {
		if v != "" {
			all = append(all, v)
		}
	}
	return all
}

// product is the product of an entry, made when it comes for the first time.
func (r *treeReader) product(e Entry) *Product {
	c := &r.in.Catalog
	family := ""
	if e.Family != "" {
		family = c.addFamily(e.Family).ID
	}
	for i := range c.Products {
		if p := &c.Products[i]; p.Vendor == e.Vendor && p.Family == family && p.Name == e.Name {
			return p
		}
	}
	p := c.addProduct(Product{Vendor: e.Vendor, Family: family, Name: e.Name})
	if pattern, err := ParsePattern(e.Name); err == nil && !pattern.Literal() {
		if numbers, ok := pattern.All(); ok && len(numbers) <= 200 {
			for _, n := range numbers {
				p.addModel(n)
			}
		}
	}
	return p
}

func (c *Catalog) addFamily(name string) *Family {
	for i := range c.Families {
		if c.Families[i].Name == name {
			return &c.Families[i]
		}
	}
	c.Families = append(c.Families, Family{ID: "f" + strconv.Itoa(len(c.Families)+1), Name: name})
	return &c.Families[len(c.Families)-1]
}

func (c *Catalog) addProduct(p Product) *Product {
	p.ID = "p" + strconv.Itoa(len(c.Products)+1)
	c.Products = append(c.Products, p)
	return &c.Products[len(c.Products)-1]
}

func (p *Product) addModel(number string) *Model {
	for i := range p.Models {
		if p.Models[i].Number == number {
			return &p.Models[i]
		}
	}
	p.Models = append(p.Models, Model{ID: p.ID + "-m" + strconv.Itoa(len(p.Models)+1), Number: number})
	return &p.Models[len(p.Models)-1]
}

func (p *Product) addFirmware(s Scheme, f Firmware) *Firmware {
	for i := range p.Firmware {
		if s.Compare(p.Firmware[i].Version, f.Version) == 0 {
			return &p.Firmware[i]
		}
	}
	f.ID = p.ID + "-v" + strconv.Itoa(len(p.Firmware)+1)
	p.Firmware = append(p.Firmware, f)
	return &p.Firmware[len(p.Firmware)-1]
}

// GuessScheme is the order that the versions of some products fit: dotted numbers, where
// there are none.
func GuessScheme(products ...Product) Scheme {
	var versions []string
	for _, p := range products {
		for _, f := range p.Firmware {
			versions = append(versions, f.Version)
		}
	}
	s, ok := Guess(versions)
	if !ok || len(versions) == 0 || s.Kind == Number {
		return Scheme{Kind: Dotted} // a number today may get a dot tomorrow
	}
	return s
}

// finish finds how the versions of each product are ordered, and takes ranges back
// that no order can hold.
func (r *treeReader) finish() {
	c := &r.in.Catalog
	for i := range c.Products {
		p := &c.Products[i]
		p.Scheme, _ = Guess(r.versions[p.ID])
		if len(r.versions[p.ID]) == 0 {
			p.Scheme = Scheme{}
		}
		for _, v := range r.versions[p.ID] {
			if p.Scheme.Check(v) == nil {
				p.addFirmware(p.Scheme, Firmware{Version: p.Scheme.Bare(v)})
			}
		}
	}
	for i := range r.in.Entries {
		e := &r.in.Entries[i]
		p, _ := c.Product(e.Range.Product)
		if err := e.Range.Check(c.Scheme(p)); err != nil && e.Read {
			e.Read = false
			r.problem(e.Place, fault.MessageOf(err))
		}
	}
}

// How makers put conditions on serial numbers into the name of a range.
var (
	serialDigits = regexp.MustCompile(`(?i)^(<=|>=|<|>|)\s*(?:with\s+)?(?:the\s+)?(?:first\s+)?(\d+)\s+digits\s+of\s+(?:the\s+)?serial\s+(?:number|no\.?)\s*(?:are|is)?\s*(<=|>=|<|>|)\s*([0-9a-z]+)$`)
	serialBegins = regexp.MustCompile(`(?i)^(<=|>=|)\s*serial\s+numbers?\s+([0-9a-z]+)(\*+)$`)
	fromTo       = regexp.MustCompile(`^(\S+)(?:\s+[-–—]\s*|\s*[–—]\s*)(\S+)$`)
	tidy         = strings.NewReplacer("_", " ", "\u00a0", " ", `"`, "", "“", "", "”", "")
)

// ParseVersions reads the name of a branch with versions: a version, comparators with
// | between, vers:…, a condition on serial numbers, or two versions with a dash
// between. It fails where the name says something else.
func ParseVersions(name string) (r Range, err error) {
	s := strings.TrimSpace(name)
	plain := strings.Join(strings.Fields(tidy.Replace(s)), " ")
	unread := func() (Range, error) {
		return Range{}, fault.Invalidf("“%s” is no range of versions; the product is taken without it", name)
	}
	if m := serialDigits.FindStringSubmatch(plain); m != nil {
		if n, _ := strconv.Atoi(m[2]); n != len(m[4]) {
			return unread()
		}
		return serialRange(m[1]+m[3], m[4], unread)
	}
	if m := serialBegins.FindStringSubmatch(plain); m != nil {
		return serialRange(m[1], m[2], unread)
	}
	if rest, ok := strings.CutPrefix(s, "vers:"); ok {
		_, s, _ = strings.Cut(rest, "/")
	}
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "*", "all", "all versions":
		return Range{}, nil
	}
	if m := fromTo.FindStringSubmatch(s); m != nil && !strings.ContainsAny(s, "<>=|") {
		return Range{From: m[1], Through: m[2]}, nil
	}
	for constraint := range strings.SplitSeq(s, "|") {
		constraint = strings.TrimSpace(constraint)
		op := constraint[:len(constraint)-len(strings.TrimLeft(constraint, "<>=!"))]
		v := strings.Trim(constraint[len(op):], " \u00a0\"")
		slot := map[string]*string{">=": &r.From, ">": &r.After, "<": &r.Before, "<=": &r.Through}[op]
		switch {
		case v == "" || strings.ContainsAny(v, "<>=!*"):
			return unread()
		case op == "" || op == "=":
			r.Versions = append(r.Versions, v)
		case slot == nil || *slot != "":
			return unread()
		default:
			*slot = v
		}
	}
	if len(r.Versions) > 0 && r.From+r.After+r.Before+r.Through != "" {
		return unread()
	}
	return r, nil
}

func serialRange(op, serial string, unread func() (Range, error)) (Range, error) {
	switch op {
	case "<=":
		return Range{Serials: Serials{Through: serial}}, nil
	case ">=":
		return Range{Serials: Serials{From: serial}}, nil
	case "":
		return Range{Serials: Serials{serial, serial}}, nil
	}
	return unread() // before or after a beginning: not what a maker can mean by it
}
