package csaf

import "slices"

// Ranges among siblings of the product tree that overlap (6.2.50 and 6.3.19 of 2.1).

// sibling is a branch with what its name says about versions.
type sibling struct {
	branch   branchItem
	rng      versionRange
	isRange  bool
	valid    bool
	products []string // all below it
	leaf     bool     // it holds a product itself
}

// overlapping visits each range with each of its siblings that it has versions in
// common with.
func (r *run) overlapping(visit func(a, b sibling)) {
	levels := map[*Value][]sibling{}
	var order []*Value
	for _, b := range r.branches {
		key := b.siblings[0]
		if len(levels[key]) == 0 {
			order = append(order, key)
		}
		s := sibling{branch: b, leaf: b.value.Get("product") != nil}
		switch b.category() {
		case "product_version_range":
			var wrong string
			s.isRange = true
			s.rng, wrong = parseRange(b.name())
			s.valid = wrong == ""
		case "product_version":
			s.rng, s.valid = versionRange{constraints: []constraint{{"=", b.name()}}}, true
		}
		levels[key] = append(levels[key], s)
	}
	for _, d := range r.products {
		for _, a := range d.ancestors {
			for _, list := range levels {
				for i := range list {
					if list[i].branch.value == a {
						list[i].products = append(list[i].products, d.id)
					}
				}
			}
		}
	}
	for _, key := range order {
		for i, a := range levels[key] {
			for j, b := range levels[key] {
				if i == j || !a.isRange || !a.valid || !b.valid || b.isRange && a.rng.kind != b.rng.kind {
					continue
				}
				if a.rng.overlaps(b.rng) {
					visit(a, b)
				}
			}
		}
	}
}

// among tells of ranges that overlap with a sibling of a kind, where their products
// are in status groups of which bad is true.
func (r *run) among(kind func(sibling) bool, bad func(a, b string) bool, how string) (found []Problem) {
	if !slices.ContainsFunc(r.branches, func(b branchItem) bool { return b.category() == "product_version_range" }) {
		return nil
	}
	r.overlapping(func(a, b sibling) {
		if !b.leaf || !kind(b) {
			return
		}
		for _, v := range r.vulns {
			in := v.groupsOf()
			for _, p := range a.products {
				for _, q := range b.products {
					for _, g := range in[p] {
						for _, h := range in[q] {
							if bad(g, h) {
								found = append(found, problem(v.path+"/product_status", "%q (%s, %s) and %q (%s, %s) overlap and are in %s groups", a.branch.name(), p, g, b.branch.name(), q, h, how))
							}
						}
					}
				}
			}
		}
	})
	return found
}

func isVers(s sibling) bool     { return s.isRange && s.rng.kind != "" }
func isVls(s sibling) bool      { return s.isRange && s.rng.kind == "" }
func oneVersion(s sibling) bool { return !s.isRange }

func differ(a, b string) bool { return a != b }
func same(a, b string) bool   { return a == b }

// 6.2.50.1 to 6.2.50.3, 6.3.19.1 to 6.3.19.3
func overlapIn(kind func(sibling) bool, bad func(a, b string) bool, how string) func(*run) []Problem {
	return func(r *run) []Problem { return r.among(kind, bad, how) }
}

// 6.3.19.4 and 6.3.19.5: overlaps with siblings that have branches.
func overlapBranch(ranges bool) func(*run) []Problem {
	return func(r *run) (found []Problem) {
		if !slices.ContainsFunc(r.branches, func(b branchItem) bool { return b.category() == "product_version_range" }) {
			return nil
		}
		r.overlapping(func(a, b sibling) {
			if b.isRange == ranges && b.branch.value.Get("branches") != nil {
				found = append(found, problem(a.branch.path+"/name", "%q overlaps with %q", a.branch.name(), b.branch.name()))
			}
		})
		return found
	}
}
