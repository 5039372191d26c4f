package psirt

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// SetEmbargo sets the one instant before which nothing is told.
func (s *Service) SetEmbargo(ctx context.Context, by authz.Actor, caseID string, until time.Time, reason string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		var wrong []fault.Field
		if !until.After(tx.Now) || until.After(tx.Now.AddDate(2, 0, 0)) {
			wrong = append(wrong, fault.F("until", "An embargo ends at a moment within the next two years"))
		}
		if reason = strings.TrimSpace(reason); reason == "" {
			wrong = append(wrong, fault.F("reason", "Say why: it is told to all parties"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if _, err := write(tx, by, c, Entry{Kind: EmbargoSet, Until: until, Body: reason}); err != nil {
			return err
		}
		who, err := members(tx, c.ID)
		if err != nil {
			return err
		}
		return s.tell(tx, c, who, "embargo:"+until.Format(time.RFC3339), text.M("The embargo of a case of the PSIRT was set"), false)
	})
}

// LiftEmbargo opens a case to those who may read products' security at all.
// It takes the right to approve, since what was told can't be untold.
func (s *Service) LiftEmbargo(ctx context.Context, by authz.Actor, caseID, reason string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if err := by.May(Approve, c.Unit); err != nil {
			return err
		}
		if reason = strings.TrimSpace(reason); reason == "" {
			return fault.Invalid(fault.F("reason", "Say why"))
		}
		_, err := write(tx, by, c, Entry{Kind: EmbargoLifted, Body: reason})
		return err
	})
}

// Leak is what came out, and how.
type Leak struct {
	What, Where string
	At          time.Time // when we learned of it; zero: now
	Elsewhere   bool      // others have published it: the clock of the CNA rules runs
}

// urgentWithin is how soon everybody has to be heard again after a leak.
const urgentWithin = 24 * time.Hour

// Leak notes that something under embargo came out, and plans anew: the case
// becomes urgent, every question that waits is due within a day, everybody on the
// list hears of it, and somebody has to decide on publishing at once.
func (s *Service) Leak(ctx context.Context, by authz.Actor, caseID string, l Leak) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if l.What = strings.TrimSpace(l.What); l.What == "" {
			return fault.Invalid(fault.F("what", "Say what came out"))
		}
		if err := past("at", l.At, tx.Now); err != nil {
			return err
		}
		at := when(l.At, tx.Now)
		if _, err := write(tx, by, c, Entry{Kind: Leaked, Happened: at, Body: l.What, Data: strings.TrimSpace(l.Where)}); err != nil {
			return err
		}
		if l.Elsewhere {
			if _, err := write(tx, by, c, Entry{Kind: Elsewhere, Happened: at, Body: l.Where}); err != nil {
				return err
			}
		}
		due := tx.Now.Add(urgentWithin)
		if _, err := tx.Exec("UPDATE psirt_case_cell SET due = $1 WHERE case_id = $2 AND status = '' AND asked > 0 AND due > $1", store.Millis(due), c.ID); err != nil {
			return err
		}
		if err := s.chaseLater(tx, c.ID, due); err != nil {
			return err
		}
		for _, title := range []string{decideNow, tellAll} {
			if err := setTask(tx, by, c, Task{Title: title, Assignee: c.Lead, Due: due}); err != nil {
				return err
			}
		}
		all, err := accessOf(tx, c.ID)
		if err != nil {
			return err
		}
		var who []string
		for _, a := range all {
			who = append(who, a.Person)
		}
		return s.tell(tx, c, who, "leak:"+id.New(), text.M("Something under embargo came out: a case of the PSIRT is urgent"), true)
	})
}

// Schedule says when the case is to be published: the end of the embargo or later.
func (s *Service) Schedule(ctx context.Context, by authz.Actor, caseID string, at time.Time) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if !at.After(tx.Now) {
			return fault.Invalid(fault.F("at", "This lies in the past"))
		}
		if at.Before(c.Embargo) {
			return fault.Invalid(fault.F("at", "The embargo ends later than this"))
		}
		_, err := write(tx, by, c, Entry{Kind: Timed, Until: at})
		return err
	})
}

// SubmissionKinds are the notices to authorities that can be noted, in their order.
var SubmissionKinds = []Kind{CRAEarly, CRANotice, CRAFinal, CRAIncidentEarly, CRAIncidentNotice, CRAIncidentFinal}

// Submission notes that a notice went to an authority: the receipt stops its clock.
func (s *Service) Submission(ctx context.Context, by authz.Actor, caseID string, kind Kind, about, receipt string, at time.Time) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if !slices.Contains(SubmissionKinds, kind) {
			return fault.Invalid(fault.F("kind", "Choose which notice it was"))
		}
		if receipt = strings.TrimSpace(receipt); receipt == "" {
			return fault.Invalid(fault.F("receipt", "Give the number of the receipt"))
		}
		if err := past("at", at, tx.Now); err != nil {
			return err
		}
		_, err := write(tx, by, c, Entry{Kind: kind, About: about, Happened: when(at, tx.Now), Body: receipt})
		return err
	})
}

// Severe notes that a severe incident with an impact on the security of the product
// is known (CRA, Article 14(3)).
func (s *Service) Severe(ctx context.Context, by authz.Actor, caseID, what string, at time.Time) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if what = strings.TrimSpace(what); what == "" {
			return fault.Invalid(fault.F("what", "Say what happened"))
		}
		if err := past("at", at, tx.Now); err != nil {
			return err
		}
		_, err := write(tx, by, c, Entry{Kind: SevereCase, Happened: when(at, tx.Now), Body: what})
		return err
	})
}

// Tasks that a leak sets by itself are codes, to be read in the reader's language.
const (
	decideNow = "@decide"
	tellAll   = "@tell-all"
)

// Label is what is to be done.
func (t Task) Label() text.Message {
	switch t.Title {
	case decideNow:
		return text.M("Decide on publishing at once")
	case tellAll:
		return text.M("Tell every party that it came out")
	}
	return text.Literal(t.Title)
}

// Task is something to be done in a case.
type Task struct {
	ID       string
	Title    string
	Assignee string
	Due      time.Time
	Done     time.Time
	DoneBy   string
	At       time.Time
}

func readTask(r store.Scanner) (t Task, err error) {
	var due, done, at int64
	err = r.Scan(&t.ID, &t.Title, &t.Assignee, &due, &done, &t.DoneBy, &at)
	t.Due, t.Done, t.At = store.Time(due), store.Time(done), store.Time(at)
	return t, err
}

const taskColumns = "id, title, assignee, due, done, done_by, at"

func setTask(tx *store.Tx, by authz.Actor, c *Case, t Task) error {
	t.ID = id.New()
	if _, err := tx.Exec("INSERT INTO psirt_case_task (id, case_id, title, assignee, due, at) VALUES ($1,$2,$3,$4,$5,$6)",
		t.ID, c.ID, t.Title, t.Assignee, store.Millis(t.Due), tx.Millis()); err != nil {
		return err
	}
	_, err := write(tx, by, c, Entry{Kind: TaskSet, About: t.ID, Data: t.Assignee, Body: t.Title})
	return err
}

// SetTask adds a task. Who is to do it is on the case's list.
func (s *Service) SetTask(ctx context.Context, by authz.Actor, caseID string, t Task) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if t.Title = strings.Join(strings.Fields(t.Title), " "); t.Title == "" || len([]rune(t.Title)) > longestTitle {
			return fault.Invalid(fault.F("title", "A title has at least one and at most %d characters", longestTitle))
		}
		if t.Assignee != "" {
			all, err := accessOf(tx, c.ID)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(all, func(a Access) bool { return a.Person == t.Assignee }) {
				return fault.Invalid(fault.F("assignee", "Who is to do it is not on the list of the case"))
			}
			if t.Assignee != by.Person {
				if err := s.tell(tx, c, []string{t.Assignee}, "task:"+id.New(), text.M("A case of the PSIRT has a task for you"), false); err != nil {
					return err
				}
			}
		}
		return setTask(tx, by, c, t)
	})
}

// FinishTask ticks a task off.
func (s *Service) FinishTask(ctx context.Context, by authz.Actor, caseID, task string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		v, err := open(tx, by, caseID)
		if err != nil {
			return err
		}
		all, err := store.Rows(tx, readTask, "SELECT "+taskColumns+" FROM psirt_case_task WHERE id = $1 AND case_id = $2", task, caseID)
		if err != nil {
			return err
		}
		if len(all) == 0 || v.part != Member && all[0].Assignee != by.Person {
			return missing()
		}
		if v.part != Member || !by.CanAnywhere(Handle) {
			if all[0].Assignee != by.Person {
				return fault.Denied("You may read this case, not work on it")
			}
		}
		if !all[0].Done.IsZero() {
			return nil
		}
		if _, err := tx.Exec("UPDATE psirt_case_task SET done = $1, done_by = $2 WHERE id = $3", tx.Millis(), by.Who(), task); err != nil {
			return err
		}
		if _, err := write(tx, by, &v.Case, Entry{Kind: TaskDone, About: task}); err != nil {
			return err
		}
		return s.settle(tx, &v.Case)
	})
}

// The job that chases answers. Its body names a case by its opaque id alone.
const chaseKind = "psirt.chase"

type chasing struct {
	Case string `json:"case"`
}

func (s *Service) chaseLater(tx *store.Tx, caseID string, at time.Time) error {
	_, err := job.Enqueue(tx, job.Job{Kind: chaseKind, Key: caseID + "@" + at.UTC().Format(time.RFC3339), Body: job.Body(chasing{caseID}), Due: at})
	return err
}
