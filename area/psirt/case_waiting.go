package psirt

import (
	"context"
	"slices"
	"time"

	"yagura/area/psirt/clock"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// WaitingCase is something that waits for a person.
type WaitingCase struct {
	Why   string // task, answer, triage, lead
	Case  Case
	Title string // of the task, or of the row of the matrix; else empty
	Due   time.Time
	Since time.Time
}

func readWaiting(why string) func(store.Scanner) (WaitingCase, error) {
	return func(r store.Scanner) (w WaitingCase, err error) {
		var due, since int64
		w.Why = why
		w.Case, err = readCase(tail{r, []any{&w.Title, &due, &since}})
		w.Due, w.Since = store.Time(due), store.Time(since)
		return w, err
	}
}

// Mine are the things that wait for the actor: his tasks, questions about products of
// his, reports to triage, cases that he leads.
func (s *Service) Mine(ctx context.Context, by authz.Actor, limit int) (ws []WaitingCase, err error) {
	if by.Person == "" {
		return nil, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		ws = nil
		where, args := visible(by, 2)
		args = append([]any{by.Person}, args...)
		ask := func(why, columns, from, cond string) error {
			rows, err := store.Rows(tx, readWaiting(why), "SELECT "+caseColumns+", "+columns+" FROM psirt_case c "+from+" WHERE c.open = 1 AND "+cond+" AND "+where, args...)
			ws = append(ws, rows...)
			return err
		}
		if err := ask("task", "k.title, k.due, k.at", "JOIN psirt_case_task k ON k.case_id = c.id", "k.assignee = $1 AND k.done = 0"); err != nil {
			return err
		}
		if err := ask("answer", "r.label, k.due, k.asked", `JOIN psirt_case_cell k ON k.case_id = c.id JOIN psirt_case_range r ON r.id = k.range_id`,
			`k.status = '' AND k.asked > 0 AND EXISTS (SELECT 1 FROM psirt_case_access a WHERE a.case_id = c.id AND a.person = $1 AND a.part = 'works' AND a.unit = k.asked_unit)`); err != nil {
			return err
		}
		if by.CanAnywhere(Handle) {
			if err := ask("triage", "'', c.due, c.opened", "", "c.state IN ('received', 'acknowledged') AND $1 <> ''"); err != nil {
				return err
			}
			if err := ask("lead", "'', c.due, c.opened", "", "c.lead = $1 AND c.state NOT IN ('received', 'acknowledged')"); err != nil {
				return err
			}
		}
		ws = once(ws)
		slices.SortStableFunc(ws, func(a, b WaitingCase) int {
			switch {
			case a.Due.IsZero() != b.Due.IsZero():
				if a.Due.IsZero() {
					return 1
				}
				return -1
			}
			return a.Due.Compare(b.Due)
		})
		ws = ws[:min(len(ws), limit)]
		return nil
	})
	return ws, err
}

// once leaves of several cells of one row in one case the first.
func once(ws []WaitingCase) []WaitingCase {
	type key struct{ why, id, title string }
	seen := map[key]bool{}
	return slices.DeleteFunc(ws, func(w WaitingCase) bool {
		k := key{w.Why, w.Case.ID, w.Title}
		twice := seen[k]
		seen[k] = true
		return twice && w.Why == "answer"
	})
}

// CaseClock is a clock with its case.
type CaseClock struct {
	clock.Clock
	Case Case
}

// Clocks are the clocks of the cases on whose list the actor is as a member, nearest end
// first: those that run, or all of open cases.
func (s *Service) Clocks(ctx context.Context, by authz.Actor, running bool, limit int) (all []CaseClock, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all = nil
		where, args := visible(by, 2)
		// Works see no clocks: what they are asked is due by itself.
		cases, err := store.Rows(tx, readCase, "SELECT "+caseColumns+` FROM psirt_case c WHERE (c.open = 1 OR c.due > 0) AND (c.restricted = 0
			OR EXISTS (SELECT 1 FROM psirt_case_access a WHERE a.case_id = c.id AND a.person = $1 AND a.part = 'member')) AND `+where+" ORDER BY c.due, c.id LIMIT 500",
			append([]any{by.Person}, args...)...)
		if err != nil {
			return err
		}
		for _, c := range cases {
			log, err := logOf(tx, c.ID)
			if err != nil {
				return err
			}
			clocks, err := s.clocksOf(tx, c, log)
			if err != nil {
				return err
			}
			for _, k := range clocks {
				if k.Open() || !running {
					all = append(all, CaseClock{k, c})
				}
			}
		}
		slices.SortStableFunc(all, func(a, b CaseClock) int { return a.Due.Compare(b.Due) })
		all = all[:min(len(all), limit)]
		return nil
	})
	return all, err
}
