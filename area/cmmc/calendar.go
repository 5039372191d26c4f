package cmmc

import (
	"context"
	"slices"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Days are the coming days of all enclaves that the actor may see, and those that
// have passed with something still open.
func (s *Service) Days(ctx context.Context, by authz.Actor, unit string) (list []EnclaveDue, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		rows, err := s.standings(tx, by, Filter{Unit: unit})
		if err != nil {
			return err
		}
		for _, r := range rows {
			ds, err := dues(tx, r.System)
			if err != nil {
				return err
			}
			for _, d := range ds {
				list = append(list, EnclaveDue{d, r.System})
			}
		}
		slices.SortStableFunc(list, func(a, b EnclaveDue) int { return a.Day.Compare(b.Day) })
		return nil
	})
	return list, err
}

// EnclaveDue is a day of an enclave.
type EnclaveDue struct {
	Due
	Enclave System
}

// openDays are the days of a status on which something is still to be done.
func openDays(sys System) (list []score.Event) {
	for _, e := range score.Calendar(sys.Level, sys.Status) {
		if e.Kind == "affirmation" && answered(sys.Status.Affirmed, e.Day) {
			continue
		}
		list = append(list, e)
	}
	return list
}

// answered tells whether a signature of the year before the day, or after it,
// answers an affirmation that fell due on it.
func answered(signed []time.Time, due time.Time) bool {
	return slices.ContainsFunc(signed, func(a time.Time) bool { return a.After(score.Years(due, -1)) })
}

// dues are the days of an enclave: those of its status, tasks, findings and
// evidence that ends.
func dues(tx *store.Tx, sys System) (list []Due, err error) {
	for _, e := range openDays(sys) {
		list = append(list, Due{Day: e.Day, Kind: e.Kind, What: e.What, Clause: e.Clause, Href: sys.Href()})
	}
	ts, err := tasks(tx, only{sys.ID, -1})
	if err != nil {
		return nil, err
	}
	for _, t := range ts {
		if !t.Due.IsZero() {
			list = append(list, Due{Day: t.Due, Kind: "task", What: text.M("%s is to be done", catalog.Name(t.Objective)), Href: ObjectiveHref(sys, t.Objective)})
		}
	}
	fs, err := findings(tx, sys.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range fs {
		if !f.Due.IsZero() && f.Closed.IsZero() {
			list = append(list, Due{Day: f.Due, Kind: "finding", What: text.M("Finding on %s is to be answered", catalog.Name(f.Objective)), Href: ObjectiveHref(sys, f.Objective)})
		}
	}
	docs, err := documents(tx, only{sys.ID, -1})
	if err != nil {
		return nil, err
	}
	for _, e := range docs {
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
