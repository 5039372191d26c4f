package incident

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Task is something to be done for an incident.
type Task struct {
	ID       string
	Incident string
	Title    string
	Assignee string // person; empty: whoever of the team takes it
	Due      time.Time
	Done     time.Time
	DoneBy   string
	Result   string
	At       time.Time
	By       string
}

// Overdue tells whether it should be done by now.
func (t Task) Overdue(now time.Time) bool {
	return t.Done.IsZero() && !t.Due.IsZero() && t.Due.Before(now)
}

const taskColumns = "t.id, t.incident, t.title, t.assignee, t.due, t.done, t.done_by, t.result, t.at, t.added_by"

func readTask(r store.Scanner) (t Task, err error) {
	var due, done, at int64
	err = r.Scan(&t.ID, &t.Incident, &t.Title, &t.Assignee, &due, &done, &t.DoneBy, &t.Result, &at, &t.By)
	t.Due, t.Done, t.At = store.Time(due), store.Time(done), store.Time(at)
	return t, err
}

func tasks(tx *store.Tx, number string) ([]Task, error) {
	return store.Rows(tx, readTask, "SELECT "+taskColumns+` FROM incident_task t WHERE t.incident = $1
		ORDER BY CASE WHEN t.done = 0 THEN 0 ELSE 1 END, CASE WHEN t.due = 0 THEN 1 ELSE 0 END, t.due, t.at, t.id`, number)
}

func findTask(tx *store.Tx, number, task string) (Task, error) {
	t, err := readTask(tx.QueryRow("SELECT "+taskColumns+" FROM incident_task t WHERE t.id = $1 AND t.incident = $2", task, number))
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.NotFound("There is no such task")
	}
	return t, err
}

// SetTask adds a task and tells the one who is to do it.
func (s *Service) SetTask(ctx context.Context, by authz.Actor, number string, t Task) (Task, error) {
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		inc, _, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if !inc.Open() {
			return fault.Conflict("This cannot be done to an incident in the state “%s”", inc.State.Label())
		}
		t.Title = strings.Join(strings.Fields(t.Title), " ")
		if n := len([]rune(t.Title)); n == 0 {
			return fault.Invalid(fault.F("task", "Say what is to be done"))
		} else if n > 300 {
			return fault.Invalid(fault.F("task", "At most %d characters", 300))
		}
		if t.Assignee != "" {
			if err := s.able(tx, "assignee", t.Assignee, Read); err != nil {
				return err
			}
		}
		t.ID, t.Incident, t.At, t.By = id.New(), number, tx.Now, by.Who()
		if _, err := tx.Exec("INSERT INTO incident_task (id, incident, title, assignee, due, at, added_by) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			t.ID, t.Incident, t.Title, t.Assignee, store.Millis(t.Due), tx.Millis(), t.By); err != nil {
			return err
		}
		if err := tx.Record(by, fact.IncidentTask{ID: number, Unit: inc.Unit, Task: t.ID, Act: "set", Assignee: t.Assignee, Due: t.Due}); err != nil {
			return err
		}
		if t.Assignee == "" || t.Assignee == by.Person {
			return nil
		}
		// Who is to do something must be able to see for what.
		if err := join(tx, by, inc, t.Assignee, false); err != nil {
			return err
		}
		return s.tell(tx, inc, []string{t.Assignee}, "task:"+t.ID, text.M("A task for you in %s: %s", inc.ID, t.Title), text.M("You were given a task in an incident."))
	})
	return t, err
}

// FinishTask marks a task as done, or as not done after all. Its assignee may
// do it, and whoever works on the incident.
func (s *Service) FinishTask(ctx context.Context, by authz.Actor, number, task string, done bool, result string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		inc, r, err := open(tx, by, number)
		if err != nil {
			return err
		}
		t, err := findTask(tx, number, task)
		if err != nil {
			return err
		}
		if t.Assignee == "" || t.Assignee != by.Person {
			if err := may(by, Respond, inc, r); err != nil {
				return err
			}
		}
		if done == !t.Done.IsZero() {
			return nil
		}
		act, at, who := "done", tx.Millis(), by.Who()
		said := text.M("Task done: %s", t.Title)
		if !done {
			act, at, who = "undone", 0, ""
			said = text.M("Task is not done after all: %s", t.Title)
		}
		if _, err := tx.Exec("UPDATE incident_task SET done = $1, done_by = $2, result = $3 WHERE id = $4", at, who, strings.TrimSpace(result), task); err != nil {
			return err
		}
		if err := tx.Record(by, fact.IncidentTask{ID: number, Unit: inc.Unit, Task: task, Act: act, Assignee: t.Assignee, Due: t.Due}); err != nil {
			return err
		}
		_, err = write(tx, by, inc, Entry{Kind: Change, Said: said, Body: strings.TrimSpace(result)})
		return err
	})
}
