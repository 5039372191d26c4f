package product

import (
	"cmp"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"yagura/area/psirt/csaf"
	"yagura/kernel/text"
)

const shared = "../../../../shared/data/csaf/advisories"

// advisories are the real advisories that lie beside the repository, by file.
var advisories = sync.OnceValue(func() map[string]*csaf.Document {
	all := map[string]*csaf.Document{}
	_ = filepath.WalkDir(shared, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".json") {
			if data, err := os.ReadFile(path); err == nil {
				if doc, err := csaf.Parse(data); err == nil {
					all[filepath.Base(path)] = doc
				}
			}
		}
		return nil
	})
	return all
})

func need(t *testing.T) map[string]*csaf.Document {
	t.Helper()
	all := advisories()
	if len(all) == 0 {
		t.Skip("the advisories are not here: " + shared)
	}
	return all
}

// of tells the advisories of one maker.
func of(d *csaf.Document, maker string) bool {
	for _, b := range d.Get("product_tree", "branches").Items() {
		if strings.Contains(b.Get("name").Text(), maker) {
			return true
		}
	}
	return false
}

// named is a product of a tree: the names of its branches, and its full name.
type named struct{ branches, full string }

func namesIn(branches *csaf.Value, above string) (all []named) {
	for _, b := range branches.Items() {
		path := above + "/" + b.Get("name").Text()
		if p := b.Get("product"); p.Exists() {
			all = append(all, named{path, p.Get("name").Text()})
		}
		all = append(all, namesIn(b.Get("branches"), path)...)
	}
	return all
}

// bare is a name without blanks.
func bare(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), "") }

// TestNamesSurvive: reading the trees of real advisories into a registry and making
// trees again from it gives the same names; which do not, and why, is counted.
func TestNamesSurvive(t *testing.T) {
	for _, maker := range []string{"Mitsubishi Electric", ""} {
		documents, products, same, full := 0, 0, 0, 0
		why, examples := map[string]int{}, map[string]string{}
		for name, d := range need(t) {
			if !of(d, maker) {
				continue
			}
			documents++
			in := ReadTree(d)
			var ranges []Range
			for _, e := range in.Entries {
				if e.Read {
					ranges = append(ranges, e.Range)
				}
			}
			tree, err := in.Catalog.Tree(ranges, text.EN)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			made := map[string]bool{}
			fulls := map[string]bool{}
			for _, n := range namesIn(tree.Value.Get("branches"), "") {
				made[n.branches], made[bare(n.branches)], fulls[n.full] = true, true, true
			}
			entries := in.Entries
			for i, n := range namesIn(d.Get("product_tree", "branches"), "") {
				products++
				if fulls[n.full] {
					full++
				}
				reason := ""
				switch e := entries[i]; {
				case made[n.branches]:
					same++
					continue
				case !e.Read:
					reason = "the versions are words"
				case !e.Range.Serials.Any():
					reason = "a condition on serial numbers stands as versions"
				case len(tree.Of(e.Range)) == 0:
					t.Errorf("%s: %s has no product", name, n.branches)
				case made[bare(n.branches)]:
					reason = "the maker's has blanks between, which 2.1 forbids (6.1.50)"
				default:
					reason = "the maker's has a word or a sign that says nothing"
				}
				why[reason]++
				examples[reason] = n.branches
			}
		}
		blanks := why["the maker's has blanks between, which 2.1 forbids (6.1.50)"]
		if maker != "" && (100*same < 66*products || 100*(same+blanks) < 86*products) {
			t.Error("fewer names come back than did")
		}
		t.Logf("maker %q: %d advisories, %d products: names of branches equal %d (%.1f %%), full names equal %d (%.1f %%)",
			maker, documents, products, same, 100*float64(same)/float64(products), full, 100*float64(full)/float64(products))
		for _, r := range slices.SortedFunc(maps.Keys(why), func(a, b string) int { return cmp.Compare(why[b], why[a]) }) {
			t.Logf("  %4d %s: %s", why[r], r, examples[r])
		}
	}
}

// TestAdvisoriesOverRegistry: real advisories whose trees are replaced by those from
// the registry stay valid, as 2.0 and, as far as products go, as 2.1.
func TestAdvisoriesOverRegistry(t *testing.T) {
	documents, left := 0, 0
	for name, d := range need(t) {
		in := ReadTree(d)
		ids, taken := map[string]string{}, map[string]bool{}
		var ranges []Range
		whole := true
		for _, e := range in.Entries {
			ranges = append(ranges, e.Range)
			whole = whole && e.Read
		}
		if !whole {
			left++
			continue
		}
		tree, err := in.Catalog.Tree(ranges, text.EN)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, e := range in.Entries {
			// A list of versions, 1.0|1.1, stands for several products, and twice the
			// same range for one: then statements would have to be put together.
			one := tree.Of(ranges[i])
			whole = whole && len(one) == 1 && !taken[one[0]]
			ids[e.ID] = one[0]
			taken[one[0]] = true
		}
		if !whole {
			left++
			continue
		}
		documents++
		doc := csaf.New(d.Root().Clone())
		rename(doc.Edit().Get("vulnerabilities"), ids)
		doc.Edit().Set("product_tree", tree.Value)
		valid(t, name, doc)
	}
	t.Logf("%d advisories valid with a tree from the registry; %d left out", documents, left)
	if documents < 120 {
		t.Error("too few")
	}
}

// valid fails where a mandatory test does that products can break.
func valid(t *testing.T, name string, doc *csaf.Document) {
	t.Helper()
	for _, v := range []csaf.Version{csaf.V20, csaf.V21} {
		report := doc.Validate(csaf.Options{Level: csaf.Basic, Version: v})
		if v == csaf.V20 && !report.SchemaOK {
			t.Errorf("%s: %v", name, report.Schema)
		}
		for _, r := range report.Results {
			for _, p := range r.Errors {
				if r.Test.ID != "6.1.11" && (v == csaf.V20 || strings.HasPrefix(p.Path, "/product_tree")) {
					t.Errorf("%s: %s %s %s: %s", name, v, r.Test.ID, p.Path, p.Message)
				}
			}
		}
	}
}

// rename replaces product ids wherever they stand.
func rename(v *csaf.Value, ids map[string]string) {
	for _, m := range v.Members() {
		if id, ok := ids[m.Value.Text()]; ok {
			v.SetText(m.Key, id)
		}
		rename(m.Value, ids)
	}
	for _, item := range v.Items() {
		rename(item, ids)
		if id, ok := ids[item.Text()]; ok {
			*item = *csaf.NewText(id)
		}
	}
}
