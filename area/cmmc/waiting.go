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

// Waiting is something that waits for a person.
type Waiting struct {
	Kind   string // task, proposal, draft, close_out, affirmation, reassessment, finding
	System System
	What   text.Message
	Href   string
	Since  time.Time
	Due    time.Time
}

// soon is how long before a day of a status it waits for somebody.
const soon = 45 * 24 * time.Hour

// Mine are the things that wait for the actor, most urgent first: his objectives,
// results and drafts that a second person must look at, days of a status that come
// near.
func (s *Service) Mine(ctx context.Context, by authz.Actor, limit int) (ws []Waiting, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		ws = nil
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		var mine []System
		if err := s.book.with(tx, func() error {
			for _, x := range s.book.systems {
				if v.sees(x.ID, x.Unit) {
					mine = append(mine, x)
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for _, sys := range mine {
			more, err := waitingAt(tx, by, sys)
			if err != nil {
				return err
			}
			ws = append(ws, more...)
		}
		slices.SortStableFunc(ws, func(a, b Waiting) int {
			switch {
			case a.Due.Equal(b.Due):
				return a.Since.Compare(b.Since)
			case a.Due.IsZero():
				return 1
			case b.Due.IsZero():
				return -1
			}
			return a.Due.Compare(b.Due)
		})
		ws = ws[:min(len(ws), limit)]
		return nil
	})
	return ws, err
}

func waitingAt(tx *store.Tx, by authz.Actor, sys System) (ws []Waiting, err error) {
	where := only{sys.ID, -1}
	ts, err := tasks(tx, where)
	if err != nil {
		return nil, err
	}
	for _, t := range ts {
		if t.Assignee == by.Person && by.Person != "" {
			ws = append(ws, Waiting{Kind: "task", System: sys, What: text.M("%s is yours to bring forward", catalog.Name(t.Objective)), Href: ObjectiveHref(sys, t.Objective), Due: t.Due})
		}
	}
	if by.Can(Review, sys.Unit) {
		ps, err := proposals(tx, where)
		if err != nil {
			return nil, err
		}
		ps = slices.DeleteFunc(ps, func(j Judgement) bool { return j.By == by.Who() })
		if len(ps) > 0 {
			ws = append(ws, Waiting{Kind: "proposal", System: sys, What: text.M("%d results wait for a second person", len(ps)), Href: ObjectiveHref(sys, ps[0].Objective), Since: ps[0].At})
		}
		docs, err := documents(tx, where)
		if err != nil {
			return nil, err
		}
		for _, e := range docs {
			if e.Draft && e.By != by.Who() {
				ws = append(ws, Waiting{Kind: "draft", System: sys, What: text.M("Draft evidence “%s” waits for a second person", e.Name), Href: ObjectiveHref(sys, e.Objectives[0]), Since: e.At})
			}
		}
	}
	if sys.Kind != Enclave {
		return ws, nil
	}
	for _, e := range openDays(sys) {
		act := Manage
		if e.Kind == "affirmation" {
			act = Affirm
		}
		if e.Kind != "retention" && by.Can(act, sys.Unit) && e.Day.Before(tx.Now.Add(soon)) && sys.Holding(tx.Now) != score.None {
			ws = append(ws, Waiting{Kind: e.Kind, System: sys, What: e.What, Href: sys.Href(), Due: e.Day})
		}
	}
	if by.Can(Work, sys.Unit) {
		fs, err := findings(tx, sys.ID)
		if err != nil {
			return nil, err
		}
		for _, f := range fs {
			if f.Closed.IsZero() {
				ws = append(ws, Waiting{Kind: "finding", System: sys, What: text.M("Finding on %s is to be answered", catalog.Name(f.Objective)), Href: ObjectiveHref(sys, f.Objective), Due: f.Due, Since: f.At})
			}
		}
	}
	return ws, nil
}
