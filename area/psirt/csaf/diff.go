package csaf

import (
	"slices"
	"strings"
)

// Change is one difference between two versions of an advisory.
type Change struct {
	Kind   string `json:"kind"` // added, removed or changed
	Path   string `json:"path"` // JSON pointer: in the older document where removed, else in the newer
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// The kinds of changes.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Diff tells what is different in a newer version. Items of lists are the same where
// their name is: a product by its id, a vulnerability by its CVE, a revision by its
// number, a reference by its address. So a list in another order is no change, and
// what was put in between does not shift the rest.
func Diff(older, newer *Document) []Change {
	var all []Change
	compare(older.root, newer.root, "", "", "", &all)
	return all
}

func compare(a, b *Value, pathA, pathB, field string, all *[]Change) {
	switch {
	case a == nil:
		*all = append(*all, Change{Kind: Added, Path: pathOrRoot(pathB), After: brief(b)})
	case b == nil:
		*all = append(*all, Change{Kind: Removed, Path: pathOrRoot(pathA), Before: brief(a)})
	case a.kind != b.kind || a.kind != Object && a.kind != Array:
		if !a.Equal(b) {
			*all = append(*all, Change{Changed, pathOrRoot(pathB), brief(a), brief(b)})
		}
	case a.kind == Object:
		for _, m := range b.members {
			step := "/" + escapePointer(m.Key)
			compare(a.Get(m.Key), m.Value, pathA+step, pathB+step, m.Key, all)
		}
		for _, m := range a.members {
			if b.Get(m.Key) == nil {
				compare(m.Value, nil, pathA+"/"+escapePointer(m.Key), "", m.Key, all)
			}
		}
	default:
		compareLists(a.items, b.items, pathA, pathB, field, all)
	}
}

func compareLists(a, b []*Value, pathA, pathB, field string, all *[]Change) {
	keysA, okA := keys(a, field)
	keysB, okB := keys(b, field)
	if !okA || !okB { // no names: by place
		keysA, keysB = ordinals(len(a)), ordinals(len(b))
	}
	at := map[string]int{}
	for i, k := range keysA {
		at[k] = i
	}
	for j, k := range keysB {
		if i, ok := at[k]; ok {
			compare(a[i], b[j], pathA+"/"+itoa(i), pathB+"/"+itoa(j), field, all)
		} else {
			compare(nil, b[j], "", pathB+"/"+itoa(j), field, all)
		}
	}
	for i, k := range keysA {
		if !slices.Contains(keysB, k) {
			compare(a[i], nil, pathA+"/"+itoa(i), "", field, all)
		}
	}
}

func ordinals(n int) (all []string) {
	for i := range n {
		all = append(all, itoa(i))
	}
	return all
}

// identities are the fields that name an item, by the list it stands in; the first
// set of which an item has all is taken.
var identities = map[string][][]string{
	"vulnerabilities": {{"cve"}, {"ids/0/system_name", "ids/0/text"}, {"title"}},
	"branches":        {{"category", "name"}}, "full_product_names": {{"product_id"}},
	"relationships": {{"full_product_name/product_id"}}, "product_paths": {{"full_product_name/product_id"}},
	"product_groups": {{"group_id"}}, "revision_history": {{"number"}}, "references": {{"url"}},
	"notes": {{"category", "title"}, {"category", "text"}}, "remediations": {{"category", "details"}},
	"threats": {{"category", "details"}}, "flags": {{"label"}}, "ids": {{"system_name", "text"}},
	"involvements": {{"party", "date"}, {"party"}}, "cwes": {{"id"}}, "hashes": {{"filename"}}, "file_hashes": {{"algorithm", "value"}},
	"acknowledgments": {{"organization"}, {"names"}, {"summary"}}, "scores": {{"products"}}, "metrics": {{"source", "products"}, {"products"}},
}

// keys names the items of a list, where each has a name of its own.
func keys(items []*Value, field string) (all []string, ok bool) {
	seen := map[string]bool{}
	for _, item := range items {
		key := ""
		if item.Kind() == String {
			key = item.text
		}
		for _, set := range identities[field] {
			if key == "" {
				key = identity(item, set)
			}
		}
		if key == "" || seen[key] {
			return nil, false
		}
		seen[key] = true
		all = append(all, key)
	}
	return all, true
}

func identity(item *Value, fields []string) string {
	var parts []string
	for _, f := range fields {
		v := item
		for step := range strings.SplitSeq(f, "/") {
			if step == "0" {
				if items := v.Items(); len(items) > 0 {
					v = items[0]
				} else {
					v = nil
				}
			} else {
				v = v.Get(step)
			}
		}
		if v == nil {
			return ""
		}
		parts = append(parts, canon(v))
	}
	return strings.Join(parts, "\x00")
}

// brief is a value in one line: its text, or its JSON without blanks.
func brief(v *Value) string {
	if v.Kind() == String {
		return v.text
	}
	text := strings.Join(strings.Fields(string(appendJSON(nil, v, 0))), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:197]) + "…"
	}
	return text
}
