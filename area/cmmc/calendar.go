package cmmc

import (
	"slices"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// dues are the days of an enclave: those of its status, tasks, findings and
// evidence that ends.
func dues(tx *store.Tx, sys System, p *picture) (list []Due, err error) {
	for _, e := range score.Calendar(sys.Level, sys.Status) {
		list = append(list, Due{Day: e.Day, Kind: e.Kind, What: e.What, Clause: e.Clause, Href: sys.Href()})
	}
	for _, t := range p.tasks {
		if !t.Due.IsZero() {
			list = append(list, Due{Day: t.Due, Kind: "task", What: text.M("%s is to be done", catalog.Name(t.Objective)), Href: ObjectiveHref(sys, t.Objective)})
		}
	}
	for _, e := range p.docs {
		if !e.ValidUntil.IsZero() {
			list = append(list, Due{Day: e.ValidUntil, Kind: "evidence", What: text.M("Last day of the evidence “%s”", e.Name), Href: sys.Href()})
		}
	}
	slices.SortStableFunc(list, func(a, b Due) int { return a.Day.Compare(b.Day) })
	return list, nil
}

// ObjectiveHref is the page of an objective at a system.
func ObjectiveHref(sys System, i int) string {
	return sys.Href() + "/" + catalog.Owner(i).ID + "#" + catalog.Letter(i)
}
