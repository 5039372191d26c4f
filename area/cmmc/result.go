package cmmc

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

func proposals(tx *store.Tx, o only) ([]Judgement, error) {
	where, args := o.where("system", "objective")
	return store.Rows(tx, readJudgement, "SELECT system, objective, result, reason, method, assessor, notes, exception, actor, at, '', 0 FROM cmmc_proposal WHERE "+where+" ORDER BY system, objective", args...)
}

func tasks(tx *store.Tx, o only) ([]Task, error) {
	where, args := o.where("system", "objective")
	return store.Rows(tx, func(r store.Scanner) (t Task, err error) {
		var due int64
		err = r.Scan(&t.System, &t.Objective, &t.Assignee, &due)
		t.Due = store.Time(due)
		return t, err
	}, "SELECT system, objective, assignee, due FROM cmmc_task WHERE "+where+" ORDER BY system, objective", args...)
}

// Judge says of an objective what was found. What makes the enclave stand no
// better counts at once; what makes it stand better waits for a second person, and
// until then what stood before counts. waits tells which of the two it was.
func (s *Service) Judge(ctx context.Context, by authz.Actor, j Judgement) (waits bool, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := working(tx, by, Work, j.System)
		if err != nil {
			return err
		}
		waits, err = s.judge(tx, by, sys, j)
		return err
	})
	return waits, err
}

func (s *Service) judge(tx *store.Tx, by authz.Actor, sys System, j Judgement) (waits bool, err error) {
	for _, t := range []*string{&j.Reason, &j.Notes, &j.Assessor} {
		*t = strings.TrimSpace(*t)
	}
	j.System, j.By, j.At = sys.ID, by.Who(), tx.Now
	if err := checkJudgement(tx, sys, j); err != nil {
		return false, err
	}
	found, err := load(tx, only{sys.ID, j.Objective}, []System{sys}, tx.Now)
	if err != nil {
		return false, err
	}
	a := found[sys.ID].said
	was, _ := a.Effective(j.Objective)
	o := &a.Objectives[j.Objective]
	old := *o
	o.Result, o.Exception = j.Result, j.Exception
	now, _ := a.Effective(j.Objective)
	better := worth(now) > worth(was) || j.Result == score.NA && old.Result != score.NA || j.Exception != nil && old.Exception == nil
	if better && !by.IsSystem() {
		if err := putJudgement(tx, "cmmc_proposal", j); err != nil {
			return true, err
		}
		if err := s.tellReviewers(tx, by, sys, j); err != nil {
			return true, err
		}
		return true, tx.Record(by, fact.CMMCProposed(judged(sys, j)))
	}
	if _, err := tx.Exec("DELETE FROM cmmc_proposal WHERE system = $1 AND objective = $2", sys.ID, j.Objective); err != nil {
		return false, err
	}
	return false, s.count(tx, by, sys, j)
}

// count lets a judgement be what counts.
func (s *Service) count(tx *store.Tx, by authz.Actor, sys System, j Judgement) error {
	if err := putJudgement(tx, "cmmc_judgement", j); err != nil {
		return err
	}
	if err := tx.Record(by, judged(sys, j)); err != nil {
		return err
	}
	return settle(tx, by, sys, Change{Kind: "result"}, j.Objective)
}

func judged(sys System, j Judgement) fact.CMMCJudged {
	f := fact.CMMCJudged{System: sys.ID, Unit: sys.Unit, Objective: catalog.Name(j.Objective), Result: string(j.Result), Method: j.Method}
	if j.Exception != nil {
		f.Exception = string(j.Exception.Kind)
	}
	return f
}

func worth(r score.Result) int {
	switch r {
	case score.NotMet:
		return 0
	case score.Unknown, "":
		return 1
	}
	return 2
}

func checkJudgement(tx *store.Tx, sys System, j Judgement) error {
	if j.Objective < 0 || j.Objective >= catalog.Objectives {
		return fault.Invalid(fault.F("objective", "There is no such objective"))
	}
	name := catalog.Name(j.Objective)
	var wrong fields
	wrong.add(!slices.Contains([]score.Result{score.Met, score.NotMet, score.NA, score.Unknown}, j.Result), fault.F("result", "%s: the result is met, not met, not applicable or unknown", name))
	wrong.add(!slices.Contains([]string{"", "examine", "interview", "test"}, j.Method), fault.F("method", "%s: the method is examine, interview or test", name))
	wrong.add(j.Result == score.NA && j.Reason == "", fault.F("reason", "%s: say why it does not apply", name))
	if x := j.Exception; x != nil {
		wrong.add(j.Result == score.NA || j.Result == score.Unknown, fault.F("exception", "%s: what does not apply, or is not known, can't have an exception", name))
		wrong.add(x.Reviewed.After(tx.Now), fault.F("reviewed", "%s: the plan can't have been reviewed in the future", name))
		a := &score.Assessment{Level: sys.Level, SSP: sys.SSP, Date: dayOf(tx.Now)}
		a.Objectives[j.Objective] = score.Objective{Result: score.NotMet, Exception: x}
		if _, lack := a.Effective(j.Objective); !lack.IsZero() {
			wrong.add(true, fault.F("exception", "%s: %s", name, lack))
		}
		wrong.add(!slices.Contains([]score.Kind{score.Enduring, score.Temporary, score.Adjudicated}, x.Kind), fault.F("exception", "%s: there is no such exception", name))
	}
	return wrong.err()
}

func putJudgement(tx *store.Tx, table string, j Judgement) error {
	columns, update := "system, objective, result, reason, method, assessor, notes, exception, actor, at", ""
	args := []any{j.System, j.Objective, string(j.Result), j.Reason, j.Method, j.Assessor, j.Notes, exceptionText(j.Exception), j.By, store.Millis(j.At)}
	if table == "cmmc_judgement" {
		columns += ", reviewer, reviewed"
		args = append(args, j.Reviewer, store.Millis(j.Reviewed))
		update = ", reviewer = excluded.reviewer, reviewed = excluded.reviewed"
	}
	_, err := tx.Exec("INSERT INTO "+table+" ("+columns+") VALUES ("+marks(1, len(args))+`) ON CONFLICT (system, objective) DO UPDATE SET result = excluded.result,
		reason = excluded.reason, method = excluded.method, assessor = excluded.assessor, notes = excluded.notes, exception = excluded.exception,
		actor = excluded.actor, at = excluded.at`+update, args...)
	return err
}

// Confirm answers a proposal as the second person: accepted, it counts from now on.
func (s *Service) Confirm(ctx context.Context, by authz.Actor, system string, objective int, accept bool) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := working(tx, by, Review, system)
		if err != nil {
			return err
		}
		return s.confirm(tx, by, sys, objective, accept)
	})
}

// ConfirmAll answers every proposal of a system that somebody else made, as after
// an import. It returns how many they were.
func (s *Service) ConfirmAll(ctx context.Context, by authz.Actor, system string, accept bool) (n int, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		n = 0
		sys, err := working(tx, by, Review, system)
		if err != nil {
			return err
		}
		list, err := proposals(tx, only{system, -1})
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.By == by.Who() {
				continue
			}
			if err := s.confirm(tx, by, sys, p.Objective, accept); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return fault.Conflict("Nothing here waits for you")
		}
		return nil
	})
	return n, err
}

func (s *Service) confirm(tx *store.Tx, by authz.Actor, sys System, objective int, accept bool) error {
	list, err := proposals(tx, only{sys.ID, objective})
	if err != nil {
		return err
	}
	if objective < 0 || len(list) == 0 {
		return fault.NotFound("Nothing is proposed for this objective")
	}
	j := list[0]
	if err := authz.TwoPersons(j.By, by.Who()); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM cmmc_proposal WHERE system = $1 AND objective = $2", sys.ID, objective); err != nil {
		return err
	}
	if err := tx.Record(by, fact.CMMCReviewed{System: sys.ID, Unit: sys.Unit, Objective: catalog.Name(objective), Result: string(j.Result), Accepted: accept, Proposer: j.By}); err != nil || !accept {
		return err
	}
	j.Reviewer, j.Reviewed = by.Who(), tx.Now
	if err := putJudgement(tx, "cmmc_judgement", j); err != nil {
		return err
	}
	return settle(tx, by, sys, Change{Kind: "result"}, objective)
}

// Assign gives an objective to somebody who may work on it; nobody takes it back.
func (s *Service) Assign(ctx context.Context, by authz.Actor, t Task) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.assign(tx, by, t) })
}

func (s *Service) assign(tx *store.Tx, by authz.Actor, t Task) error {
	sys, err := working(tx, by, Work, t.System)
	if err != nil {
		return err
	}
	t.Due = dayOf(t.Due)
	if t.Due.Year() < 2000 {
		t.Due = time.Time{}
	}
	var wrong fields
	wrong.add(t.Objective < 0 || t.Objective >= catalog.Objectives, fault.F("objective", "There is no such objective"))
	if t.Assignee != "" && s.p.Directory != nil {
		who, err := s.p.Directory.ActorOf(tx, t.Assignee)
		if err != nil {
			return err
		}
		wrong.add(!who.Can(Work, sys.Unit), fault.F("assignee", "This person may not work on it"))
	}
	wrong.add(!t.Due.IsZero() && t.Due.Before(dayOf(tx.Now)) && !by.IsSystem(), fault.F("due", "This day has passed"))
	if err := wrong.err(); err != nil {
		return err
	}
	if t.Assignee == "" {
		_, err = tx.Exec("DELETE FROM cmmc_task WHERE system = $1 AND objective = $2", t.System, t.Objective)
	} else {
		_, err = tx.Exec(`INSERT INTO cmmc_task (system, objective, assignee, due, actor, at) VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (system, objective) DO UPDATE
			SET assignee = excluded.assignee, due = excluded.due, actor = excluded.actor, at = excluded.at`, t.System, t.Objective, t.Assignee, store.Millis(t.Due), by.Who(), tx.Millis())
	}
	if err != nil {
		return err
	}
	if t.Assignee != "" && t.Assignee != by.Person {
		if err := s.tellAssignee(tx, sys, t); err != nil {
			return err
		}
	}
	return tx.Record(by, fact.CMMCTaskGiven{System: sys.ID, Unit: sys.Unit, Objective: catalog.Name(t.Objective), Person: t.Assignee, Due: t.Due})
}

// Claim says that a requirement with partial credit is in place in part, or no
// longer says so.
func (s *Service) Claim(ctx context.Context, by authz.Actor, system, requirement string, claimed bool) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.claim(tx, by, system, requirement, claimed) })
}

func (s *Service) claim(tx *store.Tx, by authz.Actor, system, requirement string, claimed bool) error {
	act := Work
	if claimed { // it makes the enclave stand better
		act = Review
	}
	sys, err := working(tx, by, act, system)
	if err != nil {
		return err
	}
	q := catalog.Find(requirement)
	if q == nil {
		return fault.Invalid(fault.F("requirement", "there is no requirement %q", requirement))
	}
	if _, ok := q.Mark(); !ok {
		return fault.Invalid(fault.F("requirement", "%s has no partial credit; %s and %s have", q.ID, "3.5.3", "3.13.11"))
	}
	var is int
	err = tx.QueryRow("SELECT 1 FROM cmmc_partial WHERE system = $1 AND requirement = $2", system, q.ID).Scan(&is)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case (is == 1) == claimed:
		return fault.Conflict("That is how it stands already")
	case claimed:
		_, err = tx.Exec("INSERT INTO cmmc_partial (system, requirement) VALUES ($1,$2)", system, q.ID)
	default:
		_, err = tx.Exec("DELETE FROM cmmc_partial WHERE system = $1 AND requirement = $2", system, q.ID)
	}
	if err != nil {
		return err
	}
	c := Change{System: system, Objective: q.Objective[len(q.Objective)-1], Kind: "partial", Was: yes(!claimed), Now: yes(claimed)}
	if err := note(tx, by, c); err != nil {
		return err
	}
	if err := tx.Record(by, fact.CMMCPartialClaimed{System: sys.ID, Unit: sys.Unit, Requirement: q.ID, Claimed: claimed}); err != nil {
		return err
	}
	return stir(tx, system, pulseOne)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
